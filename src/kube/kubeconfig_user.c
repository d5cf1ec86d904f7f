/* SPDX-License-Identifier: Apache-2.0 */
/* Who an access is: token, client certificate, impersonation. */
#include <sys/stat.h>
#include "kubeconfig-priv.h"
#include "otelgate/base/mem.h"

/* A file that is named beside its data. */
static bool warn_both(struct kcf_load *l, const struct kcf_user *u, const char *field)
{
	return kcf_warn(l, "user %s has %s and %s-data: the data is used (kubectl refuses this)",
		kcf_quote(l, u->e.name), field, field);
}

/* One of the two: from a flag (a path), data, or a path of the entry. *ret_path NULL = data. */
static int pick_pem(struct kcf_load *l, const struct kcf_user *u, const char *field,
	const char *flag, struct og_sv data, struct og_sv path, struct og_sv *ret_pem,
	const char **ret_path)
{
	const char *file = flag;
	*ret_path = NULL;
	if (!flag && data.n) {
		*ret_pem = data;
		return path.n && !warn_both(l, u, field) ? kcf_oom(l) : 0;
	}
	if (!flag && !(file = kcf_path(l, &u->e, path)))
		return kcf_oom(l);
	int rc = kcf_read_pem(l, field, file, ret_pem);
	if (rc)
		return flag ? rc : kcf_fail_field(l, &u->e, field, l->err->code, "%s", l->err->msg);
	if (!kcf_is_regular(file))
		return 0;
	*ret_path = kcf_keep(l, og_svz(file));
	return *ret_path ? 0 : kcf_oom(l);
}

static int set_cert(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_kube_access *a = l->a;
	struct og_sv cert, key;
	bool have_cert = l->fl->client_certificate || u->cert.n || u->cert_data.n;
	bool have_key = l->fl->client_key || u->key.n || u->key_data.n;
	if (!have_cert)
		return have_key && !kcf_warn(l,
					   "a client key without a client certificate is not used")
			       ? kcf_oom(l)
			       : 0;
	if (!have_key)
		return kcf_fail_entry(l, &u->e, OG_E_CONFIG,
			"the client certificate has no key: add client-key or client-key-data (flag "
			"--client-key)");
	int rc = pick_pem(l, u, "client-certificate", l->fl->client_certificate, u->cert_data,
		u->cert, &cert, &a->client_cert_file);
	if (!rc)
		rc = pick_pem(l, u, "client-key", l->fl->client_key, u->key_data, u->key, &key,
			&a->client_key_file);
	if (rc)
		return rc;
	rc = og_kube_pair_check(cert, key, "the client certificate", l->err);
	if (rc)
		return rc == -OG_E_OOM ? rc
				       : kcf_fail_entry(l, &u->e, l->err->code, "%s", l->err->msg);
	a->client_cert = og_arena_sv(&a->arena_, cert);
	if (!a->client_cert.p)
		return kcf_oom(l);
	a->cert = a->client_cert_file && a->client_key_file ? OG_KUBE_CERT_FILES
							    : OG_KUBE_CERT_DATA;
	return og_secret_set(&a->client_key, key.p, key.n, l->err);
}

static int keep_token(struct kcf_load *l, const struct kcf_user *u, struct og_sv token)
{
	const char *what = l->fl->token ? "--token" : "the token";
	int rc = og_kube_token_check(token, what, l->err);
	if (rc)
		return l->fl->token
			       ? rc
			       : kcf_fail_field(l, &u->e, "token", l->err->code, "%s", l->err->msg);
	return og_secret_set(&l->a->token, token.p, token.n, l->err);
}

/* The file has to be good now, unless there is a token beside it. */
static int check_token_file(struct kcf_load *l, const char *path)
{
	struct stat st;
	struct og_buf text og_auto_wipe = OG_BUF_INIT(0);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return og_err_set(l->err, OG_E_CONFIG,
			"%s is no regular file, and so can't be read again and again", path);
	int rc = og_kube_read_file(path, OG_KUBE_TOKEN_BYTES, &text, l->err);
	if (!rc)
		rc = og_kube_token_check(og_sv_trim(og_buf_view(&text)), path, l->err);
	return rc;
}

static int set_token_file(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_kube_access *a = l->a;
	const char *path = kcf_path(l, &u->e, u->token_file);
	if (!path)
		return kcf_oom(l);
	int rc = check_token_file(l, path);
	if (rc && rc != -OG_E_OOM && u->token.n) {
		bool ok = kcf_warn(l, "the token is used instead of tokenFile: %s", l->err->msg);
		og_err_clear(l->err);
		rc = ok ? 0 : kcf_oom(l);
	}
	if (rc)
		return u->e.file ? kcf_fail_field(l, &u->e, "tokenFile", l->err->code,
					   "tokenFile: %s", l->err->msg)
				 : og_err_wrap(l->err, "service account token");
	a->token_file = kcf_keep(l, og_svz(path));
	a->bearer = OG_KUBE_BEARER_FILE;
	if (a->token_file && u->token.n)
		return keep_token(l, u, u->token);
	return a->token_file ? 0 : kcf_oom(l);
}

static int set_bearer(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_kube_access *a = l->a;
	struct og_sv token = l->fl->token ? og_svz(l->fl->token) : u->token;
	if (!l->fl->token && u->token_file.n)
		return set_token_file(l, u);
	if (!l->fl->token && !token.n)
		return 0;
	a->bearer = OG_KUBE_BEARER_TOKEN;
	return keep_token(l, u, token);
}

/* kubectl has no more than these two of its own, and neither can be had without a plugin here. */
static int refuse(struct kcf_load *l, const struct kcf_user *u)
{
	const char *name = kcf_quote(l, u->e.name);
	if (u->username.n || u->password.n)
		return kcf_fail_entry(l, &u->e, OG_E_UNSUPPORTED,
			"user %s has a username or password, which API servers no longer accept "
			"(since Kubernetes 1.19): use a token, a client certificate or an exec "
			"plugin",
			name);
	if (og_junset(u->auth_provider) || l->fl->token)
		return 0;
	if (!og_junset(u->exec_at))
		return kcf_fail_entry(l, &u->e, OG_E_CONFIG,
			"user %s has auth-provider and exec: remove auth-provider", name);
	struct og_sv kind = og_jstr_or_empty(og_jgetl(u->auth_provider, "name"), &l->tmp);
	return kcf_fail_field(l, &u->e, "auth-provider", OG_E_UNSUPPORTED,
		"user %s has auth-provider %s, which otelgate does not run: use an exec plugin of "
		"the provider (kubelogin for oidc), or --token",
		name, kcf_quote(l, kind));
}

/* --- impersonation --- */

static int keep_list(struct kcf_load *l, struct og_jval v, const char *const **ret, size_t *ret_n)
{
	size_t n = og_jcount(v);
	const char **list = og_arena_new_n(&l->a->arena_, n + 1, const char *);
	if (!list)
		return kcf_oom(l);
	og_jfor (it, v) {
		list[it.index] = kcf_keep(l, og_jstr_or_empty(it.val, &l->tmp));
		if (!list[it.index] || l->tmp.failed)
			return kcf_oom(l);
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

static int set_groups(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_kube_access *a = l->a;
	size_t n = l->fl->nas_groups;
	if (!n)
		return keep_list(l, u->as_groups, &a->as_groups, &a->nas_groups);
	const char **list = og_arena_new_n(&a->arena_, n, const char *);
	for (size_t i = 0; list && i < n; i++) {
		list[i] = kcf_keep(l, og_svz(l->fl->as_groups[i]));
		if (!list[i])
			return kcf_oom(l);
	}
	a->as_groups = list;
	a->nas_groups = n;
	return list ? 0 : kcf_oom(l);
}

/* The values of --as-user-extra key=…, in order. */
static int flag_values(struct kcf_load *l, struct og_sv key, const char *const **ret, size_t *ret_n)
{
	const char **list = og_arena_new_n(&l->a->arena_, l->fl->nas_user_extra + 1, const char *);
	size_t n = 0;
	for (size_t i = 0; list && i < l->fl->nas_user_extra; i++) {
		struct og_sv s = og_svz(l->fl->as_user_extra[i]);
		size_t eq = og_sv_chr(s, '=');
		if (!og_sv_eq(og_sv(s.p, eq), key))
			continue;
		list[n] = kcf_keep(l, og_sv(s.p + eq + 1, s.n - eq - 1));
		if (!list[n++])
			return kcf_oom(l);
	}
	*ret = list;
	*ret_n = n;
	return list ? 0 : kcf_oom(l);
}

static bool has_extra(const struct og_kube_access *a, struct og_sv key)
{
	for (size_t i = 0; i < a->nas_extra; i++)
		if (og_sv_eq(og_svz(a->as_extra[i].key), key))
			return true;
	return false;
}

/* Flags replace a key's values; keys of the kubeconfig stay otherwise. */
static int set_extra(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_kube_access *a = l->a;
	size_t max = og_jcount(u->as_extra) + l->fl->nas_user_extra;
	struct og_kube_extra *x = og_arena_new_n(&a->arena_, max + 1, struct og_kube_extra);
	if (!x)
		return kcf_oom(l);
	a->as_extra = x;
	for (size_t i = 0; i < l->fl->nas_user_extra; i++) {
		struct og_sv s = og_svz(l->fl->as_user_extra[i]),
			     key = og_sv(s.p, og_sv_chr(s, '='));
		if (key.n == s.n || !key.n)
			return og_err_set(
				l->err, OG_E_USAGE, "--as-user-extra: expected KEY=VALUE");
		if (has_extra(a, key))
			continue;
		struct og_kube_extra *e = &x[a->nas_extra];
		int rc = flag_values(l, key, &e->values, &e->nvalues);
		e->key = kcf_keep(l, key);
		if (rc || !e->key)
			return kcf_oom(l);
		a->nas_extra++;
	}
	og_jfor (it, u->as_extra) {
		struct og_sv key = og_jstr_or_empty(it.key, &l->tmp);
		if (has_extra(a, key))
			continue;
		struct og_kube_extra *e = &x[a->nas_extra];
		int rc = keep_list(l, it.val, &e->values, &e->nvalues);
		e->key = kcf_keep(l, key);
		if (rc || !e->key)
			return kcf_oom(l);
		a->nas_extra++;
	}
	return 0;
}

/* What goes into a header may not end it. */
static bool header_safe(const char *s)
{
	for (; s && *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static int check_headers(struct kcf_load *l, const struct kcf_user *u)
{
	const struct og_kube_access *a = l->a;
	bool ok = header_safe(a->as) && header_safe(a->as_uid);
	for (size_t i = 0; i < a->nas_groups; i++)
		ok = ok && header_safe(a->as_groups[i]);
	for (size_t i = 0; i < a->nas_extra; i++) {
		ok = ok && header_safe(a->as_extra[i].key);
		for (size_t k = 0; k < a->as_extra[i].nvalues; k++)
			ok = ok && header_safe(a->as_extra[i].values[k]);
	}
	return ok ? 0
		  : kcf_fail_entry(l, &u->e, OG_E_CONFIG,
			    "a name, group or value to impersonate holds a control character");
}

static int set_impersonation(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_kube_access *a = l->a;
	struct og_sv as = l->fl->as ? og_svz(l->fl->as) : u->as;
	struct og_sv uid = l->fl->as_uid ? og_svz(l->fl->as_uid) : u->as_uid;
	int rc = set_groups(l, u);
	if (!rc)
		rc = set_extra(l, u);
	if (rc)
		return rc;
	if (!as.n && (uid.n || a->nas_groups || a->nas_extra))
		return kcf_fail_entry(l, &u->e, OG_E_CONFIG,
			"a UID, group or extra value is to be impersonated without a user: add as "
			"(flag --as)");
	if (as.n && !(a->as = kcf_keep(l, as)))
		return kcf_oom(l);
	if (uid.n && !(a->as_uid = kcf_keep(l, uid)))
		return kcf_oom(l);
	return check_headers(l, u);
}

/* client-go keeps credentials away from plain HTTP (IsConfigTransportTLS). */
static int drop_credentials(struct kcf_load *l)
{
	struct og_kube_access *a = l->a;
	bool any = a->bearer != OG_KUBE_BEARER_NONE || a->cert != OG_KUBE_CERT_NONE;
	og_secret_fini(&a->token);
	og_secret_fini(&a->client_key);
	a->bearer = OG_KUBE_BEARER_NONE;
	a->cert = OG_KUBE_CERT_NONE;
	a->client_cert = og_sv(NULL, 0);
	a->token_file = a->client_cert_file = a->client_key_file = NULL;
	a->exec = (struct og_kube_exec){.command = NULL};
	if (any && !kcf_warn(l, "credentials are not sent to %s, which is plain HTTP", a->server))
		return kcf_oom(l);
	return 0;
}

int kcf_set_user(struct kcf_load *l, const struct kcf_choice *c)
{
	const struct kcf_user *u = c->user;
	int rc = refuse(l, u);
	if (!rc)
		rc = set_bearer(l, u);
	if (!rc)
		rc = set_cert(l, u);
	if (!rc)
		rc = kcf_set_exec(l, c);
	if (!rc)
		rc = set_impersonation(l, u);
	return !rc && !l->a->https ? drop_credentials(l) : rc;
}
