/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator as a program: for shells, demos and tests of whole processes. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/parse.h"
#include "sim/sim-priv.h"

static const char usage[] =
	"usage: sim-apiserver [OPTIONS]\n"
	"A simulated Kubernetes API server on 127.0.0.1; ends on SIGTERM.\n"
	"  --port N                 listen there (0 = any free port, the default)\n"
	"  --port-file FILE         write the port into FILE when ready\n"
	"  --kubeconfig-out FILE    write a kubeconfig of the admin\n"
	"  --token TOKEN            a further token of the admin\n"
	"  --user NAME=TOKEN[:GROUP,GROUP]   a user with a token\n"
	"  --allow NAME=RULES       rules of a Role as a JSON array, for that user\n"
	"  --apply FILE             objects to begin with (YAML or JSON)\n"
	"  --crds DIR               the same for all .yaml files of a folder\n"
	"  --generate pods=N,namespaces=N,deployments=N,nodes=N,pod-bytes=N,prefix=TEXT\n"
	"  --service NS/NAME=PORT   where a webhook's service is found on 127.0.0.1\n"
	"  --tick MS                pace of the controllers (50; 0 = POST /sim/tick alone)\n"
	"  --history N              events kept per resource (8192)\n"
	"  --bookmarks MS           distance of bookmarks (60000)\n"
	"  --first-rv N             first resource version (1000)\n"
	"  --no-watch-list --no-aggregated-discovery   as older servers\n"
	"  --faults FILE            rules as POST /sim/faults takes them\n";

enum {
	O_PORT = 256,
	O_PORT_FILE,
	O_KUBECONFIG,
	O_TOKEN,
	O_USER,
	O_ALLOW,
	O_APPLY,
	O_CRDS,
	O_GEN,
	O_SERVICE,
	O_TICK,
	O_HISTORY,
	O_BOOKMARKS,
	O_RV,
	O_NO_WL,
	O_NO_AGG,
	O_FAULTS,
	O_HELP
};
static const struct option options[] = {
	{"port", required_argument, NULL, O_PORT},
	{"port-file", required_argument, NULL, O_PORT_FILE},
	{"kubeconfig-out", required_argument, NULL, O_KUBECONFIG},
	{"token", required_argument, NULL, O_TOKEN},
	{"user", required_argument, NULL, O_USER},
	{"allow", required_argument, NULL, O_ALLOW},
	{"apply", required_argument, NULL, O_APPLY},
	{"crds", required_argument, NULL, O_CRDS},
	{"generate", required_argument, NULL, O_GEN},
	{"service", required_argument, NULL, O_SERVICE},
	{"tick", required_argument, NULL, O_TICK},
	{"history", required_argument, NULL, O_HISTORY},
	{"bookmarks", required_argument, NULL, O_BOOKMARKS},
	{"first-rv", required_argument, NULL, O_RV},
	{"no-watch-list", no_argument, NULL, O_NO_WL},
	{"no-aggregated-discovery", no_argument, NULL, O_NO_AGG},
	{"faults", required_argument, NULL, O_FAULTS},
	{"help", no_argument, NULL, O_HELP},
	{NULL, 0, NULL, 0},
};

struct run {
	struct og_sim_opts o;
	struct og_sim *s;
	const char *port_file, *kubeconfig;
};

static int number(const char *text, uint64_t max, uint64_t *ret, struct og_err *err)
{
	return og_parse_u64(og_svz(text), 0, max, ret, err);
}

/* What has to be known before the start. */
static int before(struct run *r, int opt, const char *arg, struct og_err *err)
{
	uint64_t n = 0;
	int rc = 0;

	switch (opt) {
	case O_PORT:
		rc = number(arg, 65535, &n, err);
		r->o.port = (uint16_t)n;
		break;
	case O_TICK:
		rc = number(arg, 60000, &n, err);
		r->o.tick_ms = (uint32_t)n;
		break;
	case O_HISTORY:
		rc = number(arg, 10000000, &n, err);
		r->o.history = (uint32_t)n;
		break;
	case O_BOOKMARKS:
		rc = number(arg, 3600000, &n, err);
		r->o.bookmark_ms = (uint32_t)n;
		break;
	case O_RV:
		rc = number(arg, UINT64_MAX / 2, &r->o.first_rv, err);
		break;
	case O_NO_WL:
		r->o.no_watch_list = true;
		break;
	case O_NO_AGG:
		r->o.no_aggregated = true;
		break;
	case O_PORT_FILE:
		r->port_file = arg;
		break;
	case O_KUBECONFIG:
		r->kubeconfig = arg;
		break;
	case '?':
		return og_err_set(err, OG_E_USAGE, "see --help");
	default:
		break;
	}
	return rc;
}

static int folder(struct og_sim *s, const char *dir, struct og_err *err)
{
	static const char *const yaml[] = {".yaml", ".yml", NULL};
	struct og_fs_list_options o = {.suffixes = yaml};
	og_auto_fs_list struct og_fs_list l = OG_FS_LIST_INIT;
	int rc = og_fs_list(dir, &o, &l, err);

	for (size_t i = 0; !rc && i < l.n; i++)
		if (!strstr(l.paths[i], "/kustomization.")) /* a list of files, no object */
			rc = og_sim_apply_file(s, l.paths[i], err);
	return rc;
}

/* NAME=VALUE, cut in place. */
static char *cut(char *arg, char at)
{
	char *v = strchr(arg, at);

	if (v)
		*v++ = '\0';
	return v;
}

static int user(struct og_sim *s, char *arg, struct og_err *err)
{
	char *token = cut(arg, '='), *groups = token ? cut(token, ':') : NULL;

	if (!token)
		return og_err_set(err, OG_E_USAGE, "--user NAME=TOKEN");
	return og_sim_add_user(s, arg, groups, token, err);
}

static int service(struct og_sim *s, char *arg, struct og_err *err)
{
	char *port = cut(arg, '=');
	uint64_t n = 0;

	if (!port || number(port, 65535, &n, err))
		return og_err_set(err, OG_E_USAGE, "--service NS/NAME=PORT");
	return og_sim_route_service(s, arg, (uint16_t)n, err);
}

/* What is told to the running one. */
static int behind(struct run *r, int opt, char *arg, struct og_err *err)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_sim_gen gen = {0};
	char *value;
	int rc;

	switch (opt) {
	case O_TOKEN:
		return og_sim_add_user(r->s, "admin", "system:masters", arg, err);
	case O_USER:
		return user(r->s, arg, err);
	case O_ALLOW:
		value = cut(arg, '=');
		return value ? og_sim_allow(r->s, arg, NULL, value, err)
			     : og_err_set(err, OG_E_USAGE, "--allow NAME=RULES");
	case O_APPLY:
		return og_sim_apply_file(r->s, arg, err);
	case O_CRDS:
		return folder(r->s, arg, err);
	case O_GEN:
		rc = og_sim_gen_parse(og_svz(arg), &gen, err);
		return rc ? rc : og_sim_generate(r->s, &gen, err);
	case O_SERVICE:
		return service(r->s, arg, err);
	case O_FAULTS:
		rc = og_fs_read(arg, 1 << 20, &b, err);
		return rc ? rc : og_sim_fault(r->s, b.p ? b.p : "", err);
	default:
		return 0;
	}
}

static int write_files(struct run *r, struct og_err *err)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	int rc = 0;

	if (r->kubeconfig) {
		og_sim_kubeconfig(r->s, NULL, &b);
		rc = og_fs_write_atomic(r->kubeconfig, b.p, b.len, 0600, err);
	}
	if (!rc && r->port_file) {
		og_buf_reset(&b);
		og_buf_fmt(&b, "%u\n", og_sim_port(r->s));
		rc = og_fs_write_atomic(r->port_file, b.p, b.len, 0644, err);
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
		rc = og_sim_start(&r->o, &r->s, err);
	optind = 1;
	while (!rc && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		rc = behind(r, opt, optarg, err);
	if (!rc)
		rc = write_files(r, err);
	if (rc)
		return rc;
	fprintf(stderr, "sim-apiserver: %s\n", og_sim_url(r->s));
	while (sigwait(ends, &sig))
		;
	return 0;
}

int main(int argc, char **argv)
{
	struct run r = {.o = {.tick_ms = 50}};
	struct og_err err = OG_ERR_INIT;
	sigset_t ends;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	rc = run(&r, argc, argv, &ends, &err);
	og_sim_stop(r.s);
	if (rc)
		fprintf(stderr, "sim-apiserver: %s\n", err.msg);
	return rc ? 2 : 0;
}
