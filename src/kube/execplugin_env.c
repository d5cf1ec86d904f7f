/* SPDX-License-Identifier: Apache-2.0 */
/* What a credential plugin is given: its file, its environment, KUBERNETES_EXEC_INFO. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "execplugin-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"

static const char info_name[] = "KUBERNETES_EXEC_INFO";

static void put_member(struct og_buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	og_buf_fmt(b, ",\"%s\":", name);
	og_jw_str(b, og_svz(value));
}

/* clientauthentication/v1 Cluster: as the kubeconfig's, files read, with the extension as config */
static void put_cluster(struct og_buf *b, const struct og_kube_access *a)
{
	og_buf_lit(b, "\"cluster\":{\"server\":");
	og_jw_str(b, og_svz(a->server));
	put_member(b, "tls-server-name", a->tls_server_name);
	if (a->insecure)
		og_buf_lit(b, ",\"insecure-skip-tls-verify\":true");
	if (a->ca.n) {
		og_buf_lit(b, ",\"certificate-authority-data\":\"");
		og_base64_encode(b, a->ca);
		og_buf_ch(b, '"');
	}
	put_member(b, "proxy-url", a->proxy_url);
	if (a->disable_compression)
		og_buf_lit(b, ",\"disable-compression\":true");
	og_buf_lit(b, ",\"config\":");
	og_buf_sv(b, a->exec.cluster_config.n ? a->exec.cluster_config : OG_SV("null"));
	og_buf_lit(b, "},");
}

/* "KUBERNETES_EXEC_INFO={…}" */
static char *exec_info(const struct og_exec_plugin *p, struct og_arena *a)
{
	const struct og_kube_exec *x = &p->a->exec;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_buf_fmt(&b, "%s={\"kind\":\"ExecCredential\",\"apiVersion\":", info_name);
	og_jw_str(&b, og_svz(x->api_version));
	og_buf_lit(&b, ",\"spec\":{");
	if (x->provide_cluster_info)
		put_cluster(&b, p->a);
	og_buf_fmt(&b, "\"interactive\":%s}}", p->interactive ? "true" : "false");
	return b.failed ? NULL : og_arena_strndup(a, b.p, b.len);
}

/* Whether the plugin's own variables from number `from` on, or the info, set this name. */
static bool is_replaced(const struct og_kube_exec *x, struct og_sv name, size_t from)
{
	if (og_sv_eq(name, og_svz(info_name)))
		return true;
	for (size_t i = from; i < x->nenv; i++)
		if (og_sv_eq(name, og_svz(x->env[i].name)))
			return true;
	return false;
}

char **kx_environment(const struct og_exec_plugin *p, struct og_arena *a)
{
	static char *const none[] = {NULL};
	const struct og_kube_exec *x = &p->a->exec;
	char *const *vars = p->env->vars ? p->env->vars : none;
	size_t n = 0, at = 0;
	while (vars[n])
		n++;
	char **out = og_arena_new_n(a, n + x->nenv + 2, char *);
	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct og_sv v = og_svz(vars[i]);
		if (!is_replaced(x, og_sv(v.p, og_sv_chr(v, '=')), 0))
			out[at++] = vars[i];
	}
	for (size_t i = 0; i < x->nenv; i++) { /* the last one of a name counts, as in Go */
		if (is_replaced(x, og_svz(x->env[i].name), i + 1))
			continue;
		out[at] = og_arena_fmt(a, "%s=%s", x->env[i].name, x->env[i].value);
		if (!out[at++])
			return NULL;
	}
	out[at] = exec_info(p, a);
	return out[at] ? out : NULL;
}

static bool is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static const char *not_found(const struct og_exec_plugin *p, const char *where, struct og_err *err)
{
	const char *hint = p->a->exec.install_hint;
	og_err_set(err, OG_E_NOT_FOUND, "%s: the program is not there%s: install it%s%s", p->label,
		where, hint ? ": " : ", or choose another user", hint ? hint : "");
	return NULL;
}

/* Go's exec.LookPath, which takes nothing from the current folder either. */
const char *kx_find(const struct og_exec_plugin *p, struct og_arena *a, struct og_err *err)
{
	const char *command = p->a->exec.command;
	if (strchr(command, '/'))
		return is_program(command) ? command : not_found(p, "", err);
	struct og_sv rest = og_svz(p->env->get(p->env->ctx, "PATH")), dir;
	while (og_sv_split(&rest, ':', &dir)) {
		if (!dir.n || dir.p[0] != '/')
			continue;
		const char *path = og_arena_fmt(a, "%.*s/%s", OG_SV_ARG(dir), command);
		if (!path) {
			og_err_set(err, OG_E_OOM, "out of memory");
			return NULL;
		}
		if (is_program(path))
			return path;
	}
	return not_found(p, " in PATH", err);
}
