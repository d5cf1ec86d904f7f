/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `otelgate audit` of a large cluster as people run it: the program that was built, against the
 * simulated API server, which is a process of its own on the same machine. Time, CPU time, peak of
 * resident memory; beside it `kubectl get pods -A -o json` of the same cluster in the same run,
 * when there is a kubectl. And how long `--help` takes. BENCH_PODS changes the 50,000; there is one
 * workload for ten pods, and all of them are opted in. BENCH_OTELGATE, BENCH_KUBECTL: the programs.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/bench.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "sim/sim.h"

enum { PER_WORKLOAD = 10, NAMESPACE_PODS = 250, HELPS = 101, ARGS = 16 };

struct run {
	double s, cpu_s, mib;
	int code;
};

static pid_t server;

static void die(const char *what)
{
	fprintf(stderr, "bench_audit: %s\n", what);
	if (server > 0)
		kill(server, SIGTERM);
	exit(1);
}

/* ---- the cluster ---- */

static void serve(uint32_t pods, const char *kubeconfig, int ready, int until)
{
	static const char config[] =
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
		"spec: {receiver: {endpoint: 'http://alloy.example.com:4318'}}\n---\n"
		"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"
		"spec: {stack: s, namespaceSelector: {}}\n";
	static const char *const crds[] = {"manifests/crds/otelgate.dev_grafanastacks.yaml",
		"manifests/crds/otelgate.dev_telemetryprofiles.yaml",
		"manifests/crds/otelgate.dev_workloadtelemetries.yaml"};
	struct og_sim_gen gen = {.pods = pods,
		.namespaces = (pods + NAMESPACE_PODS - 1) / NAMESPACE_PODS,
		.deployments = pods / PER_WORKLOAD};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	struct og_sim *sim;
	char end;

	if (og_sim_start(NULL, &sim, &err) < 0 || og_sim_generate(sim, &gen, &err) < 0)
		die(err.msg);
	for (size_t i = 0; i < OG_COUNT(crds); i++)
		if (og_sim_apply_file(sim, crds[i], &err) < 0)
			die(err.msg);
	if (og_sim_apply(sim, og_svz(config), "config", &err) < 0)
		die(err.msg);
	og_sim_kubeconfig(sim, NULL, &b);
	if (og_fs_write_atomic(kubeconfig, b.p, b.len, 0600, &err) < 0 || write(ready, "x", 1) != 1)
		die(err.msg);
	(void)!read(until, &end, 1);
	og_sim_stop(sim);
}

/* ---- programs ---- */

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

/* What the server has worked so far. */
static double server_s(void)
{
	char path[64];
	unsigned long long user = 0, sys = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)server);
	FILE *f = fopen(path, "r");
	if (!f || fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
			  &sys) != 2)
		die("cannot read the CPU time of the server");
	(void)fclose(f);
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

/* Its output goes nowhere; code 127 = it is not there. */
static struct run run(const char *const *args)
{
	uint64_t from = bench_ns();
	struct rusage u;
	int status;

	pid_t pid = fork();
	if (pid == 0) {
		char *argv[ARGS] = {NULL};
		int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
		for (size_t i = 0; args[i] && i + 1 < ARGS; i++)
			argv[i] = strdup(args[i]);
		(void)dup2(nowhere, STDOUT_FILENO);
		if (!getenv("BENCH_VERBOSE"))
			(void)dup2(nowhere, STDERR_FILENO);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &u) != pid)
		die("cannot start a program");
	return (struct run){.s = (double)(bench_ns() - from) / 1e9,
		.cpu_s = seconds(&u.ru_utime) + seconds(&u.ru_stime),
		.mib = (double)u.ru_maxrss / 1024,
		.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

static int by_value(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* The median: a start is short, and what else runs makes single ones long. */
static double start_ms(const char *program)
{
	const char *const args[] = {program, "--help", NULL};
	static double ms[HELPS];

	for (int i = 0; i < HELPS; i++) {
		struct run r = run(args);
		if (r.code != 0)
			die("--help fails");
		ms[i] = r.s * 1e3;
	}
	qsort(ms, HELPS, sizeof(ms[0]), by_value);
	return ms[HELPS / 2];
}

static const char *env_or(const char *name, const char *otherwise)
{
	const char *v = getenv(name);

	return v && *v ? v : otherwise;
}

static void measure(const char *program, const char *kubeconfig, uint32_t pods)
{
	const char *const table[] = {program, "audit", "-A", "--kubeconfig", kubeconfig, NULL};
	const char *const html[] = {
		program, "audit", "-A", "--kubeconfig", kubeconfig, "-o", "html", NULL};
	const char *const kubectl[] = {env_or("BENCH_KUBECTL", "kubectl"), "--kubeconfig",
		kubeconfig, "get", "pods", "-A", "-o", "json", NULL};
	const char *const true_[] = {"true", NULL};

	double before = server_s();
	struct run t = run(table);
	double served = server_s() - before;
	struct run h = run(html);
	before = server_s();
	struct run k = run(kubectl);
	double served_k = server_s() - before;
	if (t.code != 0 || h.code != 0)
		die("an audit fails");
	if (k.code != 0)
		k = (struct run){
			.s = served_k =
				0}; /* "-": there is none, or it does not know this server */
	const char *note = "kubectl get pods -A -o json";
	const struct bench_row rows[] = {
		{"audit -A: time", "s", t.s, 5, false, k.s, note},
		{"audit -A: CPU", "s", t.cpu_s, 0, false, k.cpu_s, note},
		{"audit -A: CPU of the simulated server", "s", served, 0, false, served_k, note},
		{"audit -A: peak of memory", "MiB", t.mib, 96, false, k.mib, note},
		{"audit -A -o html: time", "s", h.s, 5, false, k.s, note},
		{"audit -A -o html: peak of memory", "MiB", h.mib, 96, false, k.mib, note},
		{"--help", "ms", start_ms(program), 5, false, run(true_).s * 1e3, "true"},
	};

	printf("  %u pods, %u workloads\n", pods, pods / PER_WORKLOAD);
	bench_print(rows, (int)OG_COUNT(rows));
}

int main(void)
{
	const char *text = getenv("BENCH_PODS");
	long n = text ? strtol(text, NULL, 10) : 50000;
	char kubeconfig[64], ready;
	int to[2], back[2];

	if (n < NAMESPACE_PODS || n > 1000000)
		die("BENCH_PODS is a number of pods from 250");
	(void)snprintf(kubeconfig, sizeof(kubeconfig), "/tmp/bench_audit.%d", (int)getpid());
	if (pipe2(to, O_CLOEXEC) || pipe2(back, O_CLOEXEC))
		die("no pipe");
	server = fork();
	if (server == 0) {
		server = -1;
		(void)close(to[1]);
		serve((uint32_t)n, kubeconfig, back[1], to[0]);
		_exit(0);
	}
	(void)close(back[1]);
	if (server < 0 || read(back[0], &ready, 1) != 1)
		die("the simulated API server did not start");
	measure(env_or("BENCH_OTELGATE", "build/release/otelgate"), kubeconfig, (uint32_t)n);
	(void)close(to[1]);
	(void)waitpid(server, NULL, 0);
	(void)unlink(kubeconfig);
	return 0;
}
