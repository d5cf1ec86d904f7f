/* SPDX-License-Identifier: Apache-2.0 */
/* The credential plugin of a user: checked as clientcmd/validation.go, kept for execplugin.c. */
#include "kubeconfig-priv.h"
#include "otelgate/base/harmless.h"
#include "otelgate/base/mem.h"

static const struct {
	const char *name;
	enum og_kube_interactive mode;
} modes[] = {
	{"Never", OG_KUBE_INTERACTIVE_NEVER},
	{"IfAvailable", OG_KUBE_INTERACTIVE_IF_AVAILABLE},
	{"Always", OG_KUBE_INTERACTIVE_ALWAYS},
};

static const char v1[] = "client.authentication.k8s.io/v1";
static const char v1beta1[] = "client.authentication.k8s.io/v1beta1";

static int fail(struct kcf_load *l, const struct kcf_user *u, enum og_code code, const char *what)
{
	return kcf_fail_at(l, u->e.file, u->exec_at, code, "the exec plugin of user %s %s",
		kcf_quote(l, u->e.name), what);
}

static int set_version(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_kube_exec *x = &l->a->exec;
	struct og_sv v = u->exec.api_version;
	if (!v.n)
		return fail(l, u, OG_E_CONFIG,
			"has no apiVersion: add apiVersion: client.authentication.k8s.io/v1");
	x->api_version = og_sv_eq(v, og_svz(v1))	? v1
			 : og_sv_eq(v, og_svz(v1beta1)) ? v1beta1
							: NULL;
	if (!x->api_version)
		return fail(l, u, OG_E_UNSUPPORTED,
			"has an apiVersion that is not known; update it, so that it uses "
			"client.authentication.k8s.io/v1 (or v1beta1)");
	return 0;
}

/* v1 has to say it; older ones default to IfAvailable (api/v1/defaults.go). */
static int set_mode(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_sv s = u->exec.interactive;
	if (!s.n && l->a->exec.api_version == v1beta1)
		s = OG_SV("IfAvailable");
	for (size_t i = 0; i < OG_COUNT(modes); i++) {
		if (og_sv_eq(s, og_svz(modes[i].name))) {
			l->a->exec.interactive = modes[i].mode;
			return 0;
		}
	}
	return fail(l, u, OG_E_CONFIG, "needs interactiveMode: Never, IfAvailable or Always");
}

static int set_command(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_sv s = u->exec.command;
	if (!s.n)
		return fail(l, u, OG_E_CONFIG, "has no command");
	bool path = og_sv_chr(s, '/') < s.n;
	const char *p = path ? kcf_path(l, &u->e, s) : NULL;
	if (path && !p)
		return kcf_oom(l);
	l->a->exec.command = kcf_keep(l, path ? og_svz(p) : s);
	return l->a->exec.command ? 0 : kcf_oom(l);
}

static int set_args(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_kube_exec *x = &l->a->exec;
	const char **args =
		og_arena_new_n(&l->a->arena_, og_jcount(u->exec.args) + 1, const char *);
	if (!args)
		return kcf_oom(l);
	og_jfor (it, u->exec.args) {
		args[it.index] = kcf_keep(l, og_jstr_or_empty(it.val, &l->tmp));
		if (!args[it.index])
			return kcf_oom(l);
	}
	x->args = args;
	x->nargs = og_jcount(u->exec.args);
	return 0;
}

static int set_vars(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_kube_exec *x = &l->a->exec;
	struct og_kube_var *vars =
		og_arena_new_n(&l->a->arena_, og_jcount(u->exec.env) + 1, struct og_kube_var);
	if (!vars)
		return kcf_oom(l);
	og_jfor (it, u->exec.env) {
		struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), &l->tmp);
		struct og_sv value = og_jstr_or_empty(og_jgetl(it.val, "value"), &l->tmp);
		if (!name.n || og_sv_chr(name, '=') < name.n)
			return l->tmp.failed ? kcf_oom(l)
					     : fail(l, u, OG_E_CONFIG,
						       "has a variable without a name, or with '=' "
						       "in it");
		vars[it.index] = (struct og_kube_var){kcf_keep(l, name), kcf_keep(l, value)};
		if (!vars[it.index].name || !vars[it.index].value)
			return kcf_oom(l);
	}
	x->env = vars;
	x->nenv = og_jcount(u->exec.env);
	return 0;
}

/* Shown on terminals: what could steer one is taken out, line ends stay. */
static int set_hint(struct kcf_load *l, const struct kcf_user *u)
{
	struct og_sv s = u->exec.install_hint;
	if (!s.n)
		return 0;
	char *hint = og_arena_strndup(&l->a->arena_, s.p, s.n);
	if (!hint)
		return kcf_oom(l);
	for (size_t n, i = 0; hint[i]; i += n) {
		n = og_utf8_len(hint + i, s.n - i);
		bool bad = n == 0 || og_utf8_steers(hint + i, n);
		n += n == 0;
		if (bad && hint[i] != '\n' && hint[i] != '\t')
			memset(hint + i, ' ', n);
	}
	l->a->exec.install_hint = hint;
	return 0;
}

static int set_cluster_config(struct kcf_load *l, const struct kcf_cluster *k)
{
	og_jfor (it, k->extensions) {
		struct og_jval v = og_jgetl(it.val, "extension");
		if (!og_jstr_is(og_jgetl(it.val, "name"), "client.authentication.k8s.io/exec") ||
			og_junset(v))
			continue;
		l->a->exec.cluster_config = og_arena_sv(&l->a->arena_, og_jraw(v));
		return l->a->exec.cluster_config.p ? 0 : kcf_oom(l);
	}
	return 0;
}

int kcf_set_exec(struct kcf_load *l, const struct kcf_choice *c)
{
	const struct kcf_user *u = c->user;
	struct og_kube_access *a = l->a;
	if (og_junset(u->exec_at))
		return 0;
	int rc = set_version(l, u);
	if (!rc)
		rc = set_mode(l, u);
	if (!rc)
		rc = set_command(l, u);
	if (!rc)
		rc = set_args(l, u);
	if (!rc)
		rc = set_vars(l, u);
	if (!rc)
		rc = set_hint(l, u);
	if (!rc)
		rc = set_cluster_config(l, c->cluster);
	if (rc)
		return rc;
	a->exec.provide_cluster_info = u->exec.provide_cluster_info;
	/* Not run when there is a token or certificate already (exec.go, UpdateTransportConfig). */
	if (a->bearer == OG_KUBE_BEARER_NONE && a->cert == OG_KUBE_CERT_NONE)
		a->bearer = OG_KUBE_BEARER_EXEC;
	else
		a->exec = (struct og_kube_exec){.command = NULL};
	return 0;
}
