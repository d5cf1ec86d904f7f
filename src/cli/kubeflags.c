/* SPDX-License-Identifier: Apache-2.0 */
/* From kubectl's flags to an access. */
#include <unistd.h>
#include "otelgate/cli/kubeflags.h"

static const char *get(void *ctx, const char *name)
{
	const struct og_cli *cli = ctx;
	return cli->env(name);
}

const struct og_kube_env *og_kubeflags_env(struct og_cli *cli)
{
	static struct og_kube_env env;
	env = (struct og_kube_env){.get = get, .ctx = cli, .vars = environ};
	return &env;
}

int og_kubeflags_load(struct og_cli *cli, const struct og_kubeflags *f, struct og_kube_access **ret)
{
	struct og_err err = OG_ERR_INIT;
	const char *dir = f->service_account_dir;
	dir = dir && *dir ? dir : NULL;
	struct og_kube_options o = {
		.env = og_kubeflags_env(cli),
		.service_account_dir = dir,
		.service_account_only = dir != NULL,
		.flags = {.kubeconfig = f->kubeconfig,
			.context = f->context,
			.cluster = f->cluster,
			.user = f->user,
			.ns = f->ns,
			.server = f->server,
			.tls_server_name = f->tls_server_name,
			.certificate_authority = f->ca,
			.insecure_skip_tls_verify = f->insecure,
			.disable_compression = f->disable_compression,
			.token = f->token,
			.client_certificate = f->client_certificate,
			.client_key = f->client_key,
			.as = f->as,
			.as_uid = f->as_uid,
			.as_groups = f->as_groups.v,
			.nas_groups = f->as_groups.n,
			.as_user_extra = f->as_user_extra.v,
			.nas_user_extra = f->as_user_extra.n,
			.request_timeout = f->request_timeout},
	};
	if (og_kube_access_load(&o, ret, &err) != 0)
		return og_cli_fail(cli, &err);
	for (size_t i = 0; i < (*ret)->nwarnings; i++)
		og_cli_error(cli, "warning: %s", (*ret)->warnings[i]);
	return OG_EXIT_PASS;
}
