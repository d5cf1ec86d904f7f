/* SPDX-License-Identifier: Apache-2.0 */
/* What a Secret and a MutatingWebhookConfiguration say. Both may have been written by anyone. */
#include <stdio.h>
#include "authority-priv.h"
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/url.h"
#include "otelgate/kobj/meta.h"

enum { KEY_BYTES = 64 << 10, TIME_BYTES = 64 };

static void ca_fini(struct ca *c)
{
	og_buf_fini(&c->pem);
	og_secret_fini(&c->key);
}

void secret_seen_free(struct secret_seen *s)
{
	if (!s)
		return;
	ca_fini(&s->current);
	ca_fini(&s->next);
	ca_fini(&s->previous);
	og_free(s);
}

/* Decodes data[key]; false when there is nothing. */
static bool get(struct og_jval data, const char *key, struct og_arena *scratch, struct og_buf *out,
	struct og_err *err)
{
	struct og_sv text = og_jstr_or_empty(og_jget(data, og_svz(key)), scratch);

	if (!text.n)
		return false;
	(void)og_base64_decode(out, text, err);
	return true;
}

static void read_ca(struct og_jval data, const char *cert_key, const char *key_key,
	struct og_arena *scratch, struct ca *ret)
{
	og_auto_buf struct og_buf cert = OG_BUF_INIT(AUTHORITY_BUNDLE_BYTES);
	og_auto_wipe struct og_buf key = OG_BUF_INIT(KEY_BYTES);
	struct og_err err = OG_ERR_INIT;

	ret->pem.max = AUTHORITY_BUNDLE_BYTES;
	ret->given = get(data, cert_key, scratch, &cert, &err);
	bool has_key = key_key && get(data, key_key, scratch, &key, &err);
	if (!ret->given) {
		ret->given = has_key;
		(void)snprintf(ret->error, sizeof(ret->error), "%s is missing", cert_key);
		return;
	}
	int r = err.code ? -(int)err.code
			 : og_certs_inspect_ca(og_buf_view(&cert), &ret->info, &ret->pem, &err);
	ret->cert_ok = r == 0;
	if (r < 0) {
		(void)snprintf(ret->error, sizeof(ret->error), "%s: %.100s", cert_key, err.msg);
		return;
	}
	if (!key_key)
		return;
	r = og_certs_match_key(og_buf_view(&ret->pem), og_buf_view(&key), &err);
	if (r == 0)
		r = og_secret_set(&ret->key, og_buf_view(&key).p, key.len, &err);
	ret->key_ok = r == 0;
	if (r < 0)
		(void)snprintf(ret->error, sizeof(ret->error), "%s: %.100s", key_key, err.msg);
}

static void check_owner(struct og_jval object, struct og_arena *scratch, struct secret_seen *s)
{
	struct og_sv type = og_jstr_or_empty(og_jgetl(object, "type"), scratch);
	struct og_jval labels = og_jpath(object, "metadata", "labels", NULL);

	if (type.n && !og_sv_is(type, "kubernetes.io/tls") && !og_sv_is(type, "Opaque"))
		(void)snprintf(s->refused, sizeof(s->refused),
			"it has another type than kubernetes.io/tls or Opaque");
	else if (!og_jstr_is(og_jgetl(labels, AUTHORITY_LABEL), AUTHORITY_LABEL_VALUE))
		(void)snprintf(s->refused, sizeof(s->refused),
			"it does not carry the label " AUTHORITY_LABEL ": " AUTHORITY_LABEL_VALUE
			"; someone else may have made it: add the label, or name another Secret");
	else if (og_jis(og_jgetl(object, "immutable"), OG_J_TRUE))
		(void)snprintf(s->refused, sizeof(s->refused),
			"it is immutable: delete it, and a new one is made");
}

static void copy_version(struct og_jval object, struct og_arena *scratch, char ret[64])
{
	struct og_sv rv =
		og_jstr_or_empty(og_jpath(object, "metadata", "resourceVersion", NULL), scratch);

	/* longer than any server writes: a write with it would be refused anyway */
	(void)snprintf(ret, 64, "%.*s", OG_SV_ARG(rv));
}

int bundle_id(struct og_sv text, char ret[65], struct og_err *err)
{
	unsigned char md[OG_SHA256_BYTES];
	int r = og_sha256(text.p, text.n, md, err);

	if (r == 0)
		og_hex(ret, md, sizeof(md));
	return r;
}

/* "" for nothing and for what is no base64. */
static void id_of_base64(struct og_sv text, char ret[65])
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(AUTHORITY_BUNDLE_BYTES);

	ret[0] = '\0';
	if (text.n && og_base64_decode(&b, text, NULL) == 0)
		(void)bundle_id(og_buf_view(&b), ret, NULL);
}

struct secret_seen *secret_seen_read(struct og_jval object, struct og_arena *scratch)
{
	struct secret_seen *s = og_calloc(1, sizeof(*s));
	struct og_jval data = og_jgetl(object, "data");
	og_auto_buf struct og_buf until = OG_BUF_INIT(TIME_BYTES);
	int64_t ns;

	if (!s)
		return NULL;
	copy_version(object, scratch, s->resource_version);
	check_owner(object, scratch, s);
	read_ca(data, "tls.crt", "tls.key", scratch, &s->current);
	read_ca(data, "next.crt", "next.key", scratch, &s->next);
	read_ca(data, "previous.crt", NULL, scratch, &s->previous);
	/* Unreadable: then as long as it could be trusted at all. */
	s->previous_until = s->previous.info.not_after;
	if (get(data, "previous.until", scratch, &until, NULL) &&
		og_parse_rfc3339(og_sv_trim(og_buf_view(&until)), &ns, NULL) == 0)
		s->previous_until = ns / OG_NS_PER_S;
	id_of_base64(og_jstr_or_empty(og_jgetl(data, "ca.crt"), scratch), s->bundle_id);
	return s;
}

int secret_bundle(const struct secret_seen *s, struct og_buf *out, struct og_err *err)
{
	const struct ca *v[] = {&s->current, &s->next, &s->previous};

	for (size_t i = 0; i < OG_COUNT(v); i++) {
		for (size_t k = i + 1; k < OG_COUNT(v); k++) {
			/* those that are none go last; equal ones are written once */
			if (!v[k]->cert_ok)
				continue;
			if (!v[i]->cert_ok || strcmp(v[k]->info.id, v[i]->info.id) < 0) {
				const struct ca *t = v[i];
				v[i] = v[k];
				v[k] = t;
			}
		}
		if (v[i]->cert_ok && (i == 0 || strcmp(v[i]->info.id, v[i - 1]->info.id) != 0))
			og_buf_sv(out, og_buf_view(&v[i]->pem));
	}
	return out->failed ? og_err_set(err, OG_E_OOM, "no memory for a bundle") : 0;
}

/* ---- configurations ---- */

static bool among(struct og_sv name, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (og_sv_caseeq(name, og_svz(v[i])))
			return true;
	return false;
}

static bool url_is_ours(struct og_sv text, const struct our_names *names)
{
	struct og_url u;

	if (og_url_parse(text, &u, NULL) < 0)
		return false;
	return among(u.host, names->dns, names->ndns) || among(u.host, names->ips, names->nips);
}

static bool service_is_ours(
	struct og_jval service, const struct our_names *names, struct og_arena *scratch)
{
	struct og_sv name = og_jstr_or_empty(og_jgetl(service, "name"), scratch);
	struct og_sv ns = og_jstr_or_empty(og_jgetl(service, "namespace"), scratch);
	char host[256];

	if (!name.n || !ns.n || name.n + ns.n + sizeof("..svc") > sizeof(host))
		return false;
	int n = snprintf(host, sizeof(host), "%.*s.%.*s.svc", OG_SV_ARG(name), OG_SV_ARG(ns));
	return n > 0 && among(og_sv(host, (size_t)n), names->dns, names->ndns);
}

static bool is_ours(struct og_jval client, const struct our_names *names, struct og_arena *scratch)
{
	struct og_jval service = og_jgetl(client, "service");

	if (og_jis(service, OG_J_OBJECT))
		return service_is_ours(service, names, scratch);
	return url_is_ours(og_jstr_or_empty(og_jgetl(client, "url"), scratch), names);
}

static bool kept_by_cainjector(struct og_jval object)
{
	static const char *const keys[] = {"cert-manager.io/inject-ca-from",
		"cert-manager.io/inject-ca-from-secret", "cert-manager.io/inject-apiserver-ca"};
	struct og_jval annotations = og_jpath(object, "metadata", "annotations", NULL);

	for (size_t i = 0; i < OG_COUNT(keys); i++)
		if (!og_junset(og_jget(annotations, og_svz(keys[i]))))
			return true;
	return false;
}

struct config_seen *config_seen_read(
	struct og_jval object, const struct our_names *names, struct og_arena *scratch)
{
	struct config_seen *c = og_calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	copy_version(object, scratch, c->resource_version);
	c->injected_by_other = kept_by_cainjector(object);
	og_jfor (it, og_jgetl(object, "webhooks")) {
		struct og_jval client = og_jgetl(it.val, "clientConfig");
		if (c->n == AUTHORITY_WEBHOOKS)
			break;
		if (!is_ours(client, names, scratch))
			continue;
		c->v[c->n].index = it.index;
		id_of_base64(og_jstr_or_empty(og_jgetl(client, "caBundle"), scratch),
			c->v[c->n].bundle_id);
		c->n++;
	}
	return c;
}

bool config_is_current(const struct config_seen *c, const char *id)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].bundle_id, id) != 0)
			return false;
	return true;
}
