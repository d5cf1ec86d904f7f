/* SPDX-License-Identifier: Apache-2.0 */
/* A GrafanaStack as it is asked, and the token to ask with. */
#include "otelgate/verify/stack.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"

enum {
	TOKEN_BYTES = 4096,
	CA_BYTES = 1 << 20, /* as much as a Secret holds */
	ARENA_BYTES = 4 << 20,
};

/* ---- where ---- */

const struct og_cfg_query *og_verify_query_of(const struct og_stack *s, enum og_gf_backend b)
{
	const struct og_cfg_query *const of[OG_GF_COUNT_] = {
		[OG_GF_PROMETHEUS] = &s->query.prometheus,
		[OG_GF_LOKI] = &s->query.loki,
		[OG_GF_TEMPO] = &s->query.tempo,
		[OG_GF_PYROSCOPE] = &s->query.pyroscope};
	return of[b];
}

bool og_verify_wanted(const struct og_stack *s)
{
	for (int i = 0; i < OG_GF_COUNT_; i++)
		if (og_verify_query_of(s, (enum og_gf_backend)i)->url.n)
			return true;
	return s->slug.n != 0;
}

void og_verify_spec_of(const struct og_stack *s, struct og_verify_spec *ret)
{
	*ret = (struct og_verify_spec){.stack = s->name,
		.cluster = s->cluster_name,
		.slug = s->slug,
		.discovery_url = s->query.discovery_url,
		.interval_ms = s->query.interval_ms,
		.window_ms = s->query.window_ms,
		.freshness_ms = s->query.freshness_ms};
	for (int i = 0; i < OG_GF_COUNT_; i++) {
		const struct og_cfg_query *q = og_verify_query_of(s, (enum og_gf_backend)i);
		ret->url[i] = q->url;
		ret->user[i] = q->user;
	}
}

/* ---- which Secret ---- */

struct og_verify_source og_verify_source_of(const struct og_stack *s)
{
	struct og_verify_source r = {.ns = s->query.secret_namespace,
		.name = s->query.secret_name,
		.key = s->query.token_key};

	if (r.name.n) {
		if (!r.key.n)
			r.key = OG_SV("token");
		return r;
	}
	if (!s->credentials.present)
		return (struct og_verify_source){.name = OG_SV("")};
	r.ns = s->credentials.secret_namespace;
	r.name = s->credentials.secret_name;
	r.header = !r.key.n && s->credentials.header_key.n != 0;
	if (!r.key.n)
		r.key = s->credentials.token_key;
	return r;
}

/* ---- what came of it ---- */

void og_verify_token_fini(struct og_verify_token *t)
{
	og_secret_fini(&t->secret);
	og_free(og_take(t->ca));
	og_free(og_take(t->message));
}

void og_verify_token_none(struct og_verify_token *t, const char *why, const char *finding,
	const struct og_verify_source *src, const char *what)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);

	og_buf_fmt(&b, "Secret %.*s/%.*s %s", OG_SV_ARG(src->ns), OG_SV_ARG(src->name), what);
	t->why = why;
	t->finding = finding;
	og_free(t->message);
	t->message = og_buf_take(&b);
}

/* It is known what to ask with. */
static void settled(struct og_verify_token *t)
{
	t->why = NULL;
	t->finding = NULL;
	og_free(og_take(t->message));
}

void og_verify_token_no_secret(struct og_verify_token *t, const struct og_verify_source *src)
{
	og_secret_fini(&t->secret);
	og_free(og_take(t->ca));
	if (src->header)
		og_verify_token_none(t, "NoToken", "OG402", src,
			"holds a ready-made header and no token: name the Secret of a reading token in spec.query.secretRef");
	else
		settled(t);
}

static bool visible(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return s.n != 0;
}

/* CA certificates are no secret. False when they are wanted and not there. */
static bool take_ca(struct og_verify_token *t, const struct og_stack *spec,
	const struct og_verify_source *src, struct og_jval data, struct og_arena *arena)
{
	struct og_buf pem = OG_BUF_INIT(CA_BYTES);
	struct og_jval v = og_jget(data, spec->query.ca_key);

	og_free(og_take(t->ca));
	if (!spec->query.ca_key.n)
		return true;
	bool ok = !og_junset(v) && og_base64_decode(&pem, og_jstr_or_empty(v, arena), NULL) == 0 &&
		  og_sv_has(og_buf_view(&pem), OG_SV("-----BEGIN CERTIFICATE-----"));
	if (ok)
		t->ca = og_buf_take(&pem);
	og_buf_fini(&pem);
	if (!t->ca)
		og_verify_token_none(t, og_junset(v) ? "KeyMissing" : "CaInvalid", "OG402", src,
			og_junset(v) ? "has no such key as spec.query.caKey names"
				     : "holds no CA certificates in PEM under spec.query.caKey");
	return t->ca != NULL;
}

/* The value is wiped wherever it has been. */
void og_verify_token_take(struct og_verify_token *t, const struct og_stack *s,
	const struct og_verify_source *src, struct og_jval data)
{
	og_auto_arena_wipe struct og_arena arena;
	og_auto_wipe struct og_buf plain = OG_BUF_INIT(TOKEN_BYTES);
	struct og_err err = OG_ERR_INIT;

	og_arena_init(&arena, 0, ARENA_BYTES);
	struct og_jval v = og_jget(data, src->key);
	if (og_junset(v)) {
		og_verify_token_none(t, "KeyMissing", "OG402", src,
			"has no such key as spec.query.tokenKey (or spec.credentials.tokenKey) names");
		return;
	}
	if (og_base64_decode(&plain, og_jstr_or_empty(v, &arena), NULL) < 0 || plain.failed ||
		!visible(og_sv_trim(og_buf_view(&plain)))) {
		og_verify_token_none(t, "TokenInvalid", "OG416", src,
			"holds no token under the key: empty, far too long, or no text of one line");
		return;
	}
	if (!take_ca(t, s, src, data, &arena))
		return;
	struct og_sv token = og_sv_trim(og_buf_view(&plain));
	if (og_secret_set(&t->secret, token.p, token.n, &err) < 0) {
		og_verify_token_none(t, "NoMemory", NULL, src, "could not be kept: out of memory");
		return;
	}
	settled(t);
}
