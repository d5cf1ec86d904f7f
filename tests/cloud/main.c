/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator as a program: for shells, demos and tests of whole processes. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include "cloud/cloud.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"

static const char usage[] =
	"usage: sim-cloud [OPTIONS]\n"
	"A simulated Grafana Cloud on 127.0.0.1; ends on SIGTERM. Settings at run time: POST\n"
	"/cloud/config, /cloud/faults, /cloud/tokens, /cloud/age, /cloud/seed, /cloud/push at the\n"
	"admin's port; GET /cloud/state, /cloud/held, /cloud/requests; DELETE /cloud/data …\n"
	"  --port HOST=N            of gateway, prometheus, loki, tempo, pyroscope, discovery,\n"
	"                           collector or admin (0 = any free port, the default)\n"
	"  --tls                    all but the collector and the admin\n"
	"  --state-file FILE        write URLs, users, tokens and the CA into FILE when ready\n"
	"  --ca-file FILE           write the CA's certificate\n"
	"  --token TOKEN=SCOPES     a further token; scopes separated by commas\n"
	"  --config JSON            as POST /cloud/config\n"
	"  --faults JSON            as POST /cloud/faults\n"
	"  --max-bytes N            of what is held (1073741824)\n"
	"  --seed-workloads N --pods P   workloads with all four signals\n";

enum {
	O_PORT = 256,
	O_TLS,
	O_STATE,
	O_CA,
	O_TOKEN,
	O_CONFIG,
	O_FAULTS,
	O_MAX,
	O_SEED,
	O_PODS,
	O_HELP
};
static const struct option options[] = {
	{"port", required_argument, NULL, O_PORT},
	{"tls", no_argument, NULL, O_TLS},
	{"state-file", required_argument, NULL, O_STATE},
	{"ca-file", required_argument, NULL, O_CA},
	{"token", required_argument, NULL, O_TOKEN},
	{"config", required_argument, NULL, O_CONFIG},
	{"faults", required_argument, NULL, O_FAULTS},
	{"max-bytes", required_argument, NULL, O_MAX},
	{"seed-workloads", required_argument, NULL, O_SEED},
	{"pods", required_argument, NULL, O_PODS},
	{"help", no_argument, NULL, O_HELP},
	{NULL, 0, NULL, 0},
};

struct run {
	struct og_cloud_opts o;
	struct og_cloud_seed seed;
	struct og_cloud *c;
	const char *state, *ca;
};

static int port(struct run *r, const char *arg, struct og_err *err)
{
	struct og_sv s = og_svz(arg), name;
	uint32_t n;

	if (og_sv_split(&s, '=', &name) && !og_parse_u32(s, 0, 65535, &n, NULL))
		for (int h = 0; h < OG_CLOUD_HOSTS_; h++)
			if (og_sv_eq(name, og_svz(og_cloud_host_name((enum og_cloud_host)h)))) {
				r->o.port[h] = (uint16_t)n;
				return 0;
			}
	return og_err_set(err, OG_E_USAGE, "--port HOST=N");
}

/* What has to be known before the start. */
static int before(struct run *r, int opt, const char *arg, struct og_err *err)
{
	switch (opt) {
	case O_PORT:
		return port(r, arg, err);
	case O_TLS:
		r->o.tls = true;
		return 0;
	case O_STATE:
		r->state = arg;
		return 0;
	case O_CA:
		r->ca = arg;
		return 0;
	case O_MAX:
		return og_parse_u64(og_svz(arg), 1 << 20, 1ULL << 40, &r->o.max_bytes, err);
	case O_SEED:
		return og_parse_u32(og_svz(arg), 1, 100000, &r->seed.workloads, err);
	case O_PODS:
		return og_parse_u32(og_svz(arg), 1, 1000, &r->seed.pods, err);
	case '?':
		return og_err_set(err, OG_E_USAGE, "see --help");
	default:
		return 0;
	}
}

/* What is told to the running one. */
static int behind(struct run *r, int opt, char *arg, struct og_err *err)
{
	char *eq;

	switch (opt) {
	case O_TOKEN:
		eq = strchr(arg, '=');
		if (!eq)
			return og_err_set(err, OG_E_USAGE, "--token TOKEN=SCOPES");
		*eq = '\0';
		return og_cloud_token(r->c, arg, eq + 1, err);
	case O_CONFIG:
		return og_cloud_config(r->c, arg, err);
	case O_FAULTS:
		return og_cloud_fault(r->c, arg, err);
	default:
		return 0;
	}
}

static int write_files(struct run *r, struct og_err *err)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	const char *ca = og_cloud_ca_pem(r->c);
	int rc = 0;

	if (r->ca)
		rc = og_fs_write_atomic(r->ca, ca, strlen(ca), 0644, err);
	if (!rc && r->state) {
		og_cloud_state(r->c, &b);
		rc = b.failed ? og_err_set(err, OG_E_OOM, "state")
			      : og_fs_write_atomic(r->state, b.p, b.len, 0644, err);
	}
	return rc;
}

static int run(struct run *r, int argc, char **argv, const sigset_t *ends, struct og_err *err)
{
	int rc = 0, opt, sig;

	while (!rc && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == O_HELP) {
			fputs(usage, stdout);
			return 0;
		}
		rc = before(r, opt, optarg, err);
	}
	if (!rc && optind < argc)
		rc = og_err_set(err, OG_E_USAGE, "no arguments are expected, see --help");
	if (!rc)
		rc = og_cloud_start(&r->o, &r->c, err);
	optind = 1;
	while (!rc && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		rc = behind(r, opt, optarg, err);
	if (!rc && r->seed.workloads)
		rc = og_cloud_seed(r->c, &r->seed, err);
	if (!rc)
		rc = write_files(r, err);
	if (rc)
		return rc;
	for (int h = 0; h < OG_CLOUD_HOSTS_; h++)
		fprintf(stderr, "sim-cloud: %-10s %s %s\n",
			og_cloud_host_name((enum og_cloud_host)h),
			og_cloud_url(r->c, (enum og_cloud_host)h),
			og_cloud_user(r->c, (enum og_cloud_host)h));
	while (sigwait(ends, &sig))
		;
	return 0;
}

int main(int argc, char **argv)
{
	struct run r = {.state = NULL};
	struct og_err err = OG_ERR_INIT;
	sigset_t ends;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	rc = run(&r, argc, argv, &ends, &err);
	og_cloud_stop(r.c);
	if (rc)
		fprintf(stderr, "sim-cloud: %s\n", err.msg);
	return rc ? 2 : 0;
}
