/* SPDX-License-Identifier: Apache-2.0 */
/* The server of an access: URL, CA, proxy. */
#include "kubeconfig-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/url.h"

/* The part before "://", or empty. */
static struct og_sv scheme_of(struct og_sv url)
{
	for (size_t i = 0; i + 3 <= url.n; i++) {
		char c = url.p[i];
		if (c == ':' && url.p[i + 1] == '/' && url.p[i + 2] == '/')
			return og_sv(url.p, i);
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '+' || c == '-' || c == '.'))
			break;
	}
	return OG_SV("");
}

/* Without query, fragment and slashes at the end: paths are appended to it. */
static struct og_sv base_of(struct og_sv url)
{
	size_t n = 0;
	while (n < url.n && url.p[n] != '?' && url.p[n] != '#')
		n++;
	while (n && url.p[n - 1] == '/')
		n--;
	return og_sv(url.p, n);
}

/* As rest.DefaultServerURL: what is no URL is a host (and port), reached over plain HTTP. */
static int set_url(
	struct kcf_load *l, const struct kcf_entry *e, struct og_sv text, const char *what)
{
	struct og_kube_access *a = l->a;
	struct og_sv scheme = scheme_of(text), rest = text;
	struct og_err why = OG_ERR_INIT;
	struct og_url u;
	bool bare = scheme.n == 0;
	if (!bare) {
		a->https = og_sv_caseeq(scheme, OG_SV("https"));
		if (!a->https && !og_sv_caseeq(scheme, OG_SV("http")))
			return kcf_fail_field(l, e, "server", OG_E_UNSUPPORTED,
				"%s has to be an https:// URL, not %.*s://", what,
				OG_SV_ARG(scheme));
		rest = og_sv(text.p + scheme.n + 3, text.n - scheme.n - 3);
	}
	if (rest.n > OG_KUBE_URL_BYTES)
		return kcf_fail_field(l, e, "server", OG_E_LIMIT, "%s is longer than %d bytes",
			what, OG_KUBE_URL_BYTES);
	const char *full = og_arena_fmt(
		&l->a->arena_, "%s://%.*s", a->https ? "https" : "http", OG_SV_ARG(rest));
	if (!full)
		return kcf_oom(l);
	if (og_url_parse(og_svz(full), &u, &why))
		return kcf_fail_field(
			l, e, "server", OG_E_CONFIG, "%s is no URL: %s", what, why.msg);
	if (bare && u.path.n > 1)
		return kcf_fail_field(l, e, "server", OG_E_CONFIG,
			"%s has a path and no scheme: write https://HOST:PORT/PATH", what);
	if (bare && !kcf_warn(l,
			    "%s has no scheme, which means plain HTTP as with kubectl; "
			    "write https://%.*s",
			    what, OG_SV_ARG(base_of(rest))))
		return kcf_oom(l);
	a->server = kcf_keep(l, base_of(og_svz(full)));
	return a->server ? 0 : kcf_oom(l);
}

int kcf_read_pem(struct kcf_load *l, const char *what, const char *path, struct og_sv *ret)
{
	struct og_buf text = OG_BUF_INIT(0);
	int rc = og_kube_read_file(path, OG_KUBE_PEM_BYTES, &text, l->err);
	if (rc)
		return og_err_wrap(l->err, "%s", what);
	*ret = og_arena_sv(&l->tmp, og_buf_view(&text));
	if (text.p)
		og_wipe(text.p, text.cap);
	og_buf_fini(&text);
	return ret->p ? 0 : kcf_oom(l);
}

static int keep_ca(struct kcf_load *l, struct og_sv pem, const char *what)
{
	int rc = og_kube_ca_check(pem, what, l->err);
	if (rc)
		return rc;
	l->a->ca = og_arena_sv(&l->a->arena_, pem);
	return l->a->ca.p ? 0 : kcf_oom(l);
}

static int set_ca_file(struct kcf_load *l, const struct kcf_cluster *c, const char *path)
{
	struct og_kube_access *a = l->a;
	struct og_sv pem;
	int rc = kcf_read_pem(l, "certificate-authority", path, &pem);
	if (!rc)
		rc = keep_ca(l, pem, path);
	/* A pod without a CA: client-go says so and goes on with the system's (rest/config.go). */
	if (rc && rc != -OG_E_OOM && a->in_cluster && !l->fl->certificate_authority) {
		bool ok = kcf_warn(l, "the system's CAs are used: %s", l->err->msg);
		og_err_clear(l->err);
		return ok ? 0 : kcf_oom(l);
	}
	if (rc)
		return c->e.file ? kcf_fail_field(l, &c->e, "certificate-authority", l->err->code,
					   "%s", l->err->msg)
				 : rc;
	if (!kcf_is_regular(path))
		return 0;
	a->ca_file = kcf_keep(l, og_svz(path));
	return a->ca_file ? 0 : kcf_oom(l);
}

/* --insecure-skip-tls-verify and --certificate-authority replace all three fields. */
static int set_ca(struct kcf_load *l, const struct kcf_cluster *c)
{
	struct og_kube_access *a = l->a;
	bool flags = l->fl->insecure_skip_tls_verify || l->fl->certificate_authority;
	struct og_sv data = flags ? OG_SV("") : c->ca_data;
	const char *path = l->fl->certificate_authority;
	if (!flags && c->ca.n && !(path = kcf_path(l, &c->e, c->ca)))
		return kcf_oom(l);
	a->insecure = flags ? l->fl->insecure_skip_tls_verify : c->insecure;
	if (data.n && path) {
		path = NULL;
		if (!kcf_warn(l,
			    "cluster %s has certificate-authority and certificate-authority-data: "
			    "the data is used (kubectl refuses this)",
			    kcf_quote(l, c->e.name)))
			return kcf_oom(l);
	}
	if (a->insecure && a->https && (data.n || path))
		return flags ? og_err_set(l->err, OG_E_USAGE,
				       "--insecure-skip-tls-verify and --certificate-authority "
				       "contradict each other: use one of them")
			     : kcf_fail_entry(l, &c->e, OG_E_CONFIG,
				       "cluster %s has a certificate authority and "
				       "insecure-skip-tls-verify: remove one of them",
				       kcf_quote(l, c->e.name));
	if (data.n) {
		const char *what = og_arena_fmt(&l->tmp, "certificate-authority-data of cluster %s",
			kcf_quote(l, c->e.name));
		int rc = what ? keep_ca(l, data, what) : kcf_oom(l);
		return rc && rc != -OG_E_OOM
			       ? kcf_fail_field(l, &c->e, "certificate-authority-data",
					 l->err->code, "%s", l->err->msg)
			       : rc;
	}
	if (path)
		return set_ca_file(l, c, path);
	if (a->insecure && a->https &&
		!kcf_warn(l,
			"the certificate of %s is not verified (insecure-skip-tls-verify): "
			"credentials can be stolen by whoever answers",
			a->server))
		return kcf_oom(l);
	return 0;
}

/* "socks5://user:password@host" without what is secret. */
static const char *without_password(struct kcf_load *l, struct og_sv url, struct og_sv scheme)
{
	size_t from = scheme.n + 3, end = from, at = from;
	while (end < url.n && !strchr("/?#", url.p[end]))
		end++;
	for (size_t i = from; i < end; i++)
		if (url.p[i] == '@')
			at = i;
	if (at == from)
		return kcf_keep(l, url);
	return og_arena_fmt(&l->a->arena_, "%.*s://REDACTED%.*s", OG_SV_ARG(scheme),
		(int)(url.n - at), url.p + at);
}

/* As it is written in URLs; NULL = not one that kubectl knows. */
static const char *proxy_scheme(struct og_sv scheme)
{
	static const char *const known[] = {"http", "https", "socks5"};
	for (size_t i = 0; i < OG_COUNT(known); i++)
		if (og_sv_caseeq(scheme, og_svz(known[i])))
			return known[i];
	return NULL;
}

static int set_proxy(struct kcf_load *l, const struct kcf_cluster *c)
{
	struct og_sv url = c->proxy_url, scheme = scheme_of(url);
	const char *name = kcf_quote(l, c->e.name), *known = proxy_scheme(scheme);
	if (!url.n)
		return 0;
	if (url.n > OG_KUBE_URL_BYTES)
		return kcf_fail_field(l, &c->e, "proxy-url", OG_E_LIMIT,
			"proxy-url of cluster %s is longer than %d bytes", name, OG_KUBE_URL_BYTES);
	if (!known)
		return kcf_fail_field(l, &c->e, "proxy-url", OG_E_CONFIG,
			"proxy-url of cluster %s has to begin with http://, https:// or socks5://",
			name);
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7f)
			return kcf_fail_field(l, &c->e, "proxy-url", OG_E_CONFIG,
				"proxy-url of cluster %s holds a blank or a control character",
				name);
	if (url.n == scheme.n + 3 || strchr("/?#:", url.p[scheme.n + 3]))
		return kcf_fail_field(l, &c->e, "proxy-url", OG_E_CONFIG,
			"proxy-url of cluster %s has no host", name);
	l->a->proxy_url = og_arena_fmt(
		&l->a->arena_, "%s%.*s", known, (int)(url.n - scheme.n), url.p + scheme.n);
	l->a->proxy_shown = without_password(l, url, scheme);
	return l->a->proxy_url && l->a->proxy_shown ? 0 : kcf_oom(l);
}

/* clientcmd.ParseTimeout: seconds, or a Go duration. */
static int set_timeout(struct kcf_load *l)
{
	struct og_sv s = og_svz(l->fl->request_timeout);
	uint32_t seconds = 0;
	if (!s.n)
		return 0;
	if (og_parse_u32(s, 0, 86400 * 7, &seconds, NULL) == 0) {
		l->a->request_timeout_ms = (int64_t)seconds * 1000;
		return 0;
	}
	if (og_parse_duration_ms(s, 0, INT64_C(86400000) * 7, &l->a->request_timeout_ms, NULL) == 0)
		return 0;
	return og_err_set(l->err, OG_E_USAGE,
		"--request-timeout: expected seconds or a time such as 30s or 1m30s, at most 168h; "
		"0 means no limit");
}

/* --tls-server-name, or none when --server says where to go instead. */
static int set_tls_name(struct kcf_load *l, const struct kcf_cluster *c)
{
	struct og_sv name = c->tls_server_name;
	if (l->fl->tls_server_name || l->fl->server)
		name = og_svz(l->fl->tls_server_name);
	if (!name.n)
		return 0;
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == 0x7f || name.p[i] == '/')
			return kcf_fail_field(l, &c->e, "tls-server-name", OG_E_CONFIG,
				"tls-server-name has to be a host name alone");
	l->a->tls_server_name = kcf_keep(l, name);
	return l->a->tls_server_name ? 0 : kcf_oom(l);
}

int kcf_set_server(struct kcf_load *l, const struct kcf_choice *c)
{
	static const struct kcf_entry nowhere = {.file = NULL};
	const struct kcf_cluster *k = c->cluster;
	bool flag = l->fl->server != NULL;
	int rc = 0;
	if (!flag && !k->server.n)
		return kcf_fail_entry(l, &k->e, OG_E_CONFIG,
			"cluster %s has no server: add server: https://HOST:PORT, or use --server",
			kcf_quote(l, k->e.name));
	if (flag)
		rc = set_url(l, &nowhere, og_svz(l->fl->server), "--server");
	else
		rc = set_url(l, &k->e, k->server, "server");
	if (!rc)
		rc = set_tls_name(l, k);
	if (!rc)
		rc = set_ca(l, k);
	if (!rc)
		rc = set_proxy(l, k);
	if (!rc)
		rc = set_timeout(l);
	l->a->disable_compression = k->disable_compression || l->fl->disable_compression;
	return rc;
}
