/* SPDX-License-Identifier: Apache-2.0 */
/* The service account of a pod, as rest.InClusterConfig. */
#include <sys/stat.h>
#include "kubeconfig-priv.h"
#include "otelgate/base/mem.h"

static const char *sa_path(struct kcf_load *l, const char *name)
{
	return og_arena_fmt(&l->tmp, "%s/%s", l->sa_dir, name);
}

static bool is_file(const char *path)
{
	struct stat st;
	return path && stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

bool kcf_pod_possible(struct kcf_load *l)
{
	return kcf_env(l, "KUBERNETES_SERVICE_HOST").n && kcf_env(l, "KUBERNETES_SERVICE_PORT").n &&
	       is_file(sa_path(l, "token"));
}

int kcf_pod_entries(struct kcf_load *l, struct kcf_cluster *c, struct kcf_user *u)
{
	struct og_sv host = kcf_env(l, "KUBERNETES_SERVICE_HOST");
	struct og_sv port = kcf_env(l, "KUBERNETES_SERVICE_PORT");
	bool v6 = og_sv_chr(host, ':') < host.n && host.p[0] != '[';
	const char *url = og_arena_fmt(&l->tmp, v6 ? "https://[%.*s]:%.*s" : "https://%.*s:%.*s",
		OG_SV_ARG(host), OG_SV_ARG(port));
	const char *token = sa_path(l, "token"), *ca = sa_path(l, "ca.crt");
	if (!url || !token || !ca)
		return kcf_oom(l);
	c->server = og_svz(url);
	c->ca = og_svz(ca);
	u->token_file = og_svz(token);
	l->a->in_cluster = true;
	return 0;
}

/* POD_NAMESPACE first, for those that set it by the downward API; then the file. */
int kcf_pod_namespace(struct kcf_load *l, struct og_sv *ret)
{
	enum { NAMESPACE_BYTES = 1024 };
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	const char *path = sa_path(l, "namespace");
	*ret = kcf_env(l, "POD_NAMESPACE");
	if (!path)
		return kcf_oom(l);
	if (ret->n)
		return 0;
	int rc = og_kube_read_file(path, NAMESPACE_BYTES, &text, NULL);
	if (rc)
		return rc == -OG_E_OOM ? kcf_oom(l) : 0;
	*ret = og_arena_sv(&l->tmp, og_sv_trim(og_buf_view(&text)));
	return ret->p ? 0 : kcf_oom(l);
}
