/* SPDX-License-Identifier: Apache-2.0 */
/* certs: a CA and a server certificate as files, for trying things out without other tools. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/command.h"
#include "otelgate/net/certs.h"
#include "commands-priv.h"

enum { CERTS_PATH_BYTES = 4096, CLOCK_SKEW_S = 300, DAY_S = 86400, NAME_BYTES = 512 };

struct certs_args {
	const char *dir, *service;
	struct og_strs dns, ips;
	uint32_t days;
	bool force;
};

static const struct og_opt certs_opts[] = {
	{
		.name = "out",
		.letter = 'd',
		.type = OG_OPT_STR,
		.at = offsetof(struct certs_args, dir),
		.arg = "DIR",
		.def = ".",
		.help = "folder for ca.crt, ca.key, tls.crt and tls.key; made when missing",
	},
	{
		.name = "service",
		.type = OG_OPT_STR,
		.at = offsetof(struct certs_args, service),
		.arg = "NAMESPACE/NAME",
		.help = "names of this Service: NAME, NAME.NAMESPACE, NAME.NAMESPACE.svc and with "
			"cluster.local",
	},
	{
		.name = "dns",
		.type = OG_OPT_STRS,
		.at = offsetof(struct certs_args, dns),
		.arg = "NAME",
		.help = "a DNS name of the server",
	},
	{
		.name = "ip",
		.type = OG_OPT_STRS,
		.at = offsetof(struct certs_args, ips),
		.arg = "ADDRESS",
		.help = "an address of the server",
	},
	{
		.name = "days",
		.type = OG_OPT_U32,
		.at = offsetof(struct certs_args, days),
		.arg = "N",
		.def = "30",
		.min = 1,
		.max = 3650,
		.help = "days that both certificates are valid",
	},
	{
		.name = "force",
		.type = OG_OPT_FLAG,
		.at = offsetof(struct certs_args, force),
		.help = "overwrite files that exist",
	},
};

static int write_file(struct og_cli *cli, const struct certs_args *a, const char *name,
	const struct og_buf *content, unsigned mode, struct og_err *err)
{
	char path[CERTS_PATH_BYTES];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", a->dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return og_err_set(err, OG_E_INVALID, "--out: the path is too long");
	if (!a->force && lstat(path, &st) == 0)
		return og_err_set(err, OG_E_CONFLICT, "%s exists; --force overwrites it", path);
	int rc = og_fs_write_atomic(path, content->p, content->len, mode, err);
	if (rc == 0)
		og_buf_fmt(&cli->out, "%s written\n", path);
	return rc;
}

/* --dns and the names of --service together. `buf` holds the latter's text. */
static int server_names(struct og_cli *cli, const struct certs_args *a, char buf[NAME_BYTES],
	struct og_strs *ret, struct og_err *err)
{
	const char **v = og_arena_new_n(cli->arena, a->dns.n + OG_CERT_SERVICE_NAMES, const char *);
	if (!v)
		return og_err_set(err, OG_E_OOM, "out of memory");
	size_t n = 0;
	for (; n < a->dns.n; n++)
		v[n] = a->dns.v[n];
	if (a->service) {
		const char *slash = strchr(a->service, '/');
		char *ns = slash ? og_arena_strndup(
					   cli->arena, a->service, (size_t)(slash - a->service))
				 : NULL;
		if (!ns || !ns[0] || !slash[1])
			return og_err_set(err, OG_E_USAGE, "--service: expected NAMESPACE/NAME");
		int rc = og_certs_service_names(
			slash + 1, ns, "cluster.local", buf, NAME_BYTES, v + n, err);
		if (rc != 0)
			return og_err_wrap(err, "--service");
		n += OG_CERT_SERVICE_NAMES;
	}
	*ret = (struct og_strs){v, n};
	return 0;
}

static int make(struct og_cli *cli, const struct certs_args *a, struct og_err *err)
{
	struct og_buf ca og_auto_buf = OG_BUF_INIT(0), leaf og_auto_buf = OG_BUF_INIT(0);
	struct og_buf ca_key og_auto_wipe = OG_BUF_INIT(0), key og_auto_wipe = OG_BUF_INIT(0);
	struct og_strs names = {NULL, 0};
	char buf[NAME_BYTES];
	int rc = server_names(cli, a, buf, &names, err);
	if (rc != 0)
		return rc;
	if (names.n + a->ips.n == 0)
		return og_err_set(
			err, OG_E_USAGE, "a server needs a name: give --service, --dns or --ip");
	int64_t now = og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S;
	struct og_ca_opts co = {
		.common_name = "otelgate test CA",
		.not_before = now - CLOCK_SKEW_S,
		.not_after = now + (int64_t)a->days * DAY_S,
	};
	struct og_leaf_opts lo = {
		.dns_names = names.v,
		.ndns = names.n,
		.ips = a->ips.v,
		.nips = a->ips.n,
		.not_before = co.not_before,
		.not_after = co.not_after,
	};
	rc = og_certs_make_ca(&co, &ca, &ca_key, err);
	if (rc == 0)
		rc = og_certs_make_leaf(
			og_buf_view(&ca), og_buf_view(&ca_key), &lo, &leaf, &key, err);
	if (rc != 0)
		return rc;
	if (mkdir(a->dir, 0777) != 0 && errno != EEXIST)
		return og_err_sys(err, errno, "%s", a->dir);
	rc = write_file(cli, a, "ca.crt", &ca, 0644, err);
	if (rc == 0)
		rc = write_file(cli, a, "ca.key", &ca_key, 0600, err);
	if (rc == 0)
		rc = write_file(cli, a, "tls.crt", &leaf, 0644, err);
	return rc != 0 ? rc : write_file(cli, a, "tls.key", &key, 0600, err);
}

static int run_certs(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	(void)p;
	struct og_err err = OG_ERR_INIT;
	if (make(cli, args, &err) != 0) {
		/* A bad name is the caller's, as any other value of an option. */
		if (err.code == OG_E_INVALID)
			return og_cli_usage(cli, "%s", err.msg);
		return og_cli_fail(cli, &err);
	}
	return OG_EXIT_PASS;
}

const struct og_command og_cmd_certs = {
	.name = "certs",
	.summary = "make a CA and a server certificate for trying the webhook",
	.usage = "[--out DIR] [--service NAMESPACE/NAME] [--dns NAME]... [--ip ADDRESS]...",
	.description =
		"Writes ca.crt, ca.key, tls.crt and tls.key (ECDSA P-256). Keys are readable by "
		"their owner alone. In a cluster the controller or cert-manager does this; here it "
		"is for a webhook on a laptop or in a test.",
	.examples = "# a certificate for a webhook on this machine\n"
		    "%P certs --out /tmp/certs --ip 127.0.0.1 --dns localhost",
	.opts = certs_opts,
	.nopts = OG_COUNT(certs_opts),
	.args_bytes = sizeof(struct certs_args),
	.run = run_certs,
};
