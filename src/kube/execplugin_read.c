/* SPDX-License-Identifier: Apache-2.0 */
/* The ExecCredential that a plugin printed. */
#include "execplugin-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"

#define EXPIRED_GRACE_NS (10 * INT64_C(1000000000))

static int fail(const struct og_exec_plugin *p, struct og_err *err, const char *what)
{
	return og_err_set(err, OG_E_INVALID, "%s %s", p->label, what);
}

static int oom(struct og_err *err)
{
	return og_err_set(err, OG_E_OOM, "out of memory while reading credentials");
}

static int check_type(const struct og_exec_plugin *p, struct og_jval root, struct og_err *err)
{
	const char *want = p->a->exec.api_version;
	if (!og_jis(root, OG_J_OBJECT) || !og_jstr_is(og_jgetl(root, "kind"), "ExecCredential"))
		return fail(p, err, "printed JSON that is no ExecCredential");
	if (!og_jstr_eq(og_jgetl(root, "apiVersion"), og_svz(want)))
		return og_err_set(err, OG_E_INVALID,
			"%s printed another apiVersion than the kubeconfig's exec.apiVersion, which is "
			"%s: make them the same",
			p->label, want);
	if (!og_jis(og_jgetl(root, "status"), OG_J_OBJECT))
		return fail(p, err, "printed no status: it gave no credentials");
	return 0;
}

static int get_str(const struct og_exec_plugin *p, struct og_jval status, const char *name,
	struct og_arena *a, struct og_sv *ret, struct og_err *err)
{
	struct og_jval v = og_jget(status, og_svz(name));
	*ret = OG_SV("");
	if (og_junset(v))
		return 0;
	if (!og_jis(v, OG_J_STRING))
		return og_err_set(err, OG_E_INVALID, "%s: status.%s is %s, and has to be a string",
			p->label, name, og_jtype_name(og_jtype(v)));
	return og_jstr(v, a, ret) ? 0 : oom(err);
}

struct status {
	struct og_sv token, cert, key;
	int64_t expires;
};

/* Years that nanoseconds since 1970 do not reach (before 1678, from 2262 on) are past or for ever.
 */
static bool read_expiry(struct og_sv s, int64_t *ret)
{
	int rc = og_parse_rfc3339(s, ret, NULL);
	if (rc == -OG_E_LIMIT)
		*ret = s.p[0] >= '2' ? INT64_MAX : 1;
	return rc == 0 || rc == -OG_E_LIMIT;
}

static int read_status(const struct og_exec_plugin *p, struct og_jval v, struct og_arena *a,
	struct status *s, struct og_err *err)
{
	struct og_sv when;
	int rc = get_str(p, v, "token", a, &s->token, err);
	if (!rc)
		rc = get_str(p, v, "clientCertificateData", a, &s->cert, err);
	if (!rc)
		rc = get_str(p, v, "clientKeyData", a, &s->key, err);
	if (!rc)
		rc = get_str(p, v, "expirationTimestamp", a, &when, err);
	if (rc)
		return rc;
	if (!s->token.n && !s->cert.n && !s->key.n)
		return fail(p, err, "printed neither a token nor a certificate with its key");
	if (!s->cert.n != !s->key.n)
		return fail(p, err, "printed a certificate or a key, and not both");
	if (!og_junset(og_jgetl(v, "expirationTimestamp")) && !read_expiry(when, &s->expires))
		return fail(p, err, "printed an expirationTimestamp that is not RFC 3339");
	if (s->token.n) {
		rc = og_kube_token_check(s->token, "the token", err);
		if (rc)
			return og_err_wrap(err, "%s", p->label);
	}
	return s->cert.n ? og_kube_pair_check(s->cert, s->key, p->label, err) : 0;
}

void kx_forget(struct og_exec_creds *c)
{
	if (c->client_cert) {
		char *cert = (char *)(uintptr_t)c->client_cert;
		og_free(cert);
	}
	og_secret_fini(&c->token);
	og_secret_fini(&c->client_key);
	*c = (struct og_exec_creds){.client_cert = NULL};
}

static bool same_cert(const struct og_exec_creds *a, const struct og_exec_creds *b)
{
	if (!a->client_cert || !b->client_cert)
		return a->client_cert == b->client_cert;
	return strcmp(a->client_cert, b->client_cert) == 0 &&
	       og_secret_eq(&a->client_key, og_secret_expose(&b->client_key),
		       og_secret_len(&b->client_key));
}

static int take_over(
	struct og_exec_plugin *p, const struct status *s, int64_t now_wall, struct og_err *err)
{
	struct og_exec_creds c = {.expires = s->expires};
	int rc = 0;
	if (s->expires && s->expires <= now_wall)
		c.expires = now_wall + EXPIRED_GRACE_NS;
	if (s->token.n)
		rc = og_secret_set(&c.token, s->token.p, s->token.n, err);
	if (!rc && s->cert.n) {
		char *cert = og_malloc(s->cert.n + 1);
		if (cert) {
			memcpy(cert, s->cert.p, s->cert.n);
			cert[s->cert.n] = '\0';
		}
		c.client_cert = cert;
		rc = cert ? og_secret_set(&c.client_key, s->key.p, s->key.n, err) : oom(err);
	}
	if (rc) {
		kx_forget(&c);
		return rc;
	}
	if (!p->generation || !same_cert(&c, &p->creds))
		p->cert_generation++;
	c.generation = ++p->generation;
	c.cert_generation = p->cert_generation;
	kx_forget(&p->creds);
	p->creds = c;
	p->have = true;
	return 0;
}

int kx_read(struct og_exec_plugin *p, struct og_sv text, int64_t now_wall, struct og_err *err)
{
	static const struct og_jlimits limits = {
		.max_bytes = OG_EXEC_OUTPUT_BYTES, .max_depth = 32, .max_tokens = 10000};
	og_auto_arena_wipe struct og_arena a;
	struct og_err why = OG_ERR_INIT;
	struct status s = {.expires = 0};
	struct og_jdoc doc;
	og_arena_init(&a, 0, 0);
	int rc = og_jdoc_parse(&doc, &a, text, &limits, &why);
	if (rc == -OG_E_OOM)
		return oom(err);
	if (rc)
		return og_err_set(err, OG_E_INVALID, "%s printed no JSON: %s", p->label, why.msg);
	rc = check_type(p, og_jroot(&doc), err);
	if (!rc)
		rc = read_status(p, og_jgetl(og_jroot(&doc), "status"), &a, &s, err);
	return rc ? rc : take_over(p, &s, now_wall, err);
}

const struct og_exec_creds *og_exec_plugin_creds(const struct og_exec_plugin *p, int64_t now_wall)
{
	if (!p->have || (p->creds.expires && p->creds.expires <= now_wall))
		return NULL;
	return &p->creds;
}

void og_exec_plugin_drop(struct og_exec_plugin *p, unsigned generation)
{
	/* The certificate stays for the comparison with the next one. */
	if (p->creds.generation == generation)
		p->have = false;
}
