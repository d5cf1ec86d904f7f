/* SPDX-License-Identifier: Apache-2.0 */
/* What is served: a leaf signed here, or the pair of someone else's Secret. */
#include <stdio.h>
#include "authority_run-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/net/tlspair.h"

static int64_t wall_s(const struct og_authority *a)
{
	return og_clock_wall_ns(og_loop_clock(a->loop)) / OG_NS_PER_S;
}

static void failed(struct og_authority *a, const struct og_err *err)
{
	(void)snprintf(a->leaf_error, sizeof(a->leaf_error), "%.190s", err->msg);
}

void authority_sign(struct og_authority *a, const struct ca *ca, bool urgent)
{
	og_auto_buf struct og_buf cert = OG_BUF_INIT(AUTHORITY_BUNDLE_BYTES);
	og_auto_wipe struct og_buf key = OG_BUF_INIT(AUTHORITY_BUNDLE_BYTES);
	struct og_err err = OG_ERR_INIT;
	int64_t now = wall_s(a), mono = og_loop_now_ns(a->loop);
	struct og_leaf_opts o = {.dns_names = a->o.dns_names,
		.ndns = a->o.ndns,
		.ips = a->o.ips,
		.nips = a->o.nips,
		.not_before = now - AUTHORITY_SKEW_S,
		.not_after = now + (a->o.leaf_ms + 999) / 1000};

	/* What fails is tried again, but not in a tight loop. */
	if (a->leaf_error[0] && mono - a->signed_ns < OG_NS_PER_S)
		return;
	a->signed_ns = mono;
	if (o.not_after > ca->info.not_after)
		o.not_after = ca->info.not_after;
	int r = og_certs_make_leaf(og_buf_view(&ca->pem),
		og_sv(og_secret_expose(&ca->key), og_secret_len(&ca->key)), &o, &cert, &key, &err);
	if (r == 0)
		r = a->o.on_pair(a->o.ctx, og_buf_view(&cert), og_buf_view(&key), &err);
	if (r < 0) {
		failed(a, &err);
		return;
	}
	a->leaf_error[0] = '\0';
	a->have_leaf = true;
	/* Its life begins now; only its certificate is dated back. */
	a->leaf_not_before = now;
	a->leaf_not_after = o.not_after;
	(void)snprintf(a->leaf_issuer, sizeof(a->leaf_issuer), "%s", ca->info.id);
	pthread_mutex_lock(&a->lock);
	a->info.leafs++;
	pthread_mutex_unlock(&a->lock);
	authority_say(a, urgent ? "a certificate was made" : "the certificate was renewed");
}

/* ---- someone else's Secret ---- */

static bool get(struct og_jval data, const char *key, struct og_arena *scratch, struct og_buf *out)
{
	struct og_sv text = og_jstr_or_empty(og_jget(data, og_svz(key)), scratch);

	return text.n == 0 || og_base64_decode(out, text, NULL) == 0 || !out->failed;
}

struct user_pair *user_pair_read(struct og_jval object, struct og_arena *scratch)
{
	struct user_pair *u = og_calloc(1, sizeof(*u));
	struct og_jval data = og_jgetl(object, "data");
	struct og_sv rv =
		og_jstr_or_empty(og_jpath(object, "metadata", "resourceVersion", NULL), scratch);

	if (!u)
		return NULL;
	u->cert.max = OG_TLS_PAIR_CERT_BYTES;
	u->key.max = OG_TLS_PAIR_KEY_BYTES;
	u->ca.max = AUTHORITY_BUNDLE_BYTES;
	(void)snprintf(u->resource_version, sizeof(u->resource_version), "%.*s", OG_SV_ARG(rv));
	/* What is too large or no base64 stays empty, and is refused with a reason below. */
	(void)get(data, "tls.crt", scratch, &u->cert);
	(void)get(data, "tls.key", scratch, &u->key);
	(void)get(data, "ca.crt", scratch, &u->ca);
	return u;
}

void user_pair_free(struct user_pair *u)
{
	if (!u)
		return;
	og_buf_fini(&u->cert);
	og_buf_wipe(&u->key);
	og_buf_fini(&u->ca);
	og_free(u);
}

static void warn(struct og_authority *a, const char *text)
{
	struct og_err err = OG_ERR_INIT;

	if (!a->o.on_state)
		return;
	(void)og_err_set(&err, OG_E_TLS, "Secret %s/%s: %s", a->o.ns, a->o.secret, text);
	a->o.on_state(a->o.ctx, "the certificate has a flaw", &err);
}

static bool covers_a_name(struct og_authority *a, const struct og_tls_pair *p)
{
	for (size_t i = 0; i < a->o.ndns; i++)
		if (og_tls_pair_names_host(p, a->o.dns_names[i]))
			return true;
	return a->o.ndns == 0;
}

/* The last good pair stays when the new one cannot be used (T-14). */
void authority_take_user(struct og_authority *a)
{
	og_auto_tls_pair struct og_tls_pair p = {0};
	struct og_err err = OG_ERR_INIT;
	const struct user_pair *u = a->user;

	int r = u->cert.len && u->key.len
			? og_tls_pair_parse(
				  &p, og_buf_view(&u->cert), og_buf_view(&u->key), wall_s(a), &err)
			: og_err_set(&err, OG_E_TLS, "tls.crt and tls.key are not both there");
	if (r == 0 && strcmp(p.hash, a->leaf_hash) != 0)
		r = a->o.on_pair(a->o.ctx, og_buf_view(&p.cert_pem), og_buf_view(&p.key_pem), &err);
	if (r < 0) {
		og_err_wrap(&err, "Secret %s/%s%s", a->o.ns, a->o.secret,
			a->have_leaf ? " (the former pair is kept)" : "");
		failed(a, &err);
		return;
	}
	a->leaf_error[0] = '\0';
	a->have_leaf = true;
	a->leaf_not_before = p.not_before;
	a->leaf_not_after = p.not_after;
	if (strcmp(p.hash, a->leaf_hash) == 0)
		return;
	(void)snprintf(a->leaf_hash, sizeof(a->leaf_hash), "%s", p.hash);
	pthread_mutex_lock(&a->lock);
	a->info.leafs++;
	pthread_mutex_unlock(&a->lock);
	authority_say(a, "the certificate of the Secret is in force");
	for (unsigned i = 0; i < p.nwarnings; i++)
		warn(a, p.warnings[i]);
	if (!covers_a_name(a, &p))
		warn(a, "it is for none of the names the API server calls");
}
