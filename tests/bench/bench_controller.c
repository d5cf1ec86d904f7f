/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller beside a large cluster: memory, time until everything has been looked at, time
 * from a change to the status that says so, CPU time. It runs as a process of its own; this one is
 * the simulated API server, which shares the machine with it. BENCH_PODS changes the 50,000;
 * there is one workload for ten pods, and all of them are opted in.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/bench.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "otelgate/controller/controller.h"
#include "otelgate/kube/kubeconfig.h"
#include "sim/sim.h"

#define WT     "workloadtelemetries.otelgate.dev"
#define WRITES "otelgate_writes_total{part=\"workloads\",result=\"done\"}"
enum {
	PER_WORKLOAD = 10,
	NAMESPACE_PODS = 250,
	SAMPLES = 200,
	CHURN_S = 15,
	CHURN_PER_S = 20, /* kubernetes/community sig-scalability/slos/slos.md */
	WAIT_S = 600,
	WRITES_PER_S = 1000, /* the budget would make the first writing take half an hour */
};

struct files {
	char config[64], ports[64];
};

static struct og_sim *sim;
static pid_t child;
static unsigned port;

static void die(const char *what)
{
	fprintf(stderr, "bench_controller: %s\n", what);
	if (child > 0)
		kill(child, SIGKILL);
	exit(1);
}

/* ---- the controller's process ---- */

static void control(int from)
{
	struct files f;
	struct og_err err = OG_ERR_INIT;
	const struct og_log_options quiet = {.fd = 2, .level = OG_LOG_ERROR};
	struct og_controller_opts o = OG_CONTROLLER_OPTS_INIT;

	if (read(from, &f, sizeof(f)) != sizeof(f) || og_log_setup(&quiet, &err) < 0)
		_exit(1);
	struct og_kube_options ao = {.flags.kubeconfig = f.config};
	if (og_kube_access_load(&ao, &o.access, &err) < 0)
		_exit(2);
	o.ops_address = "127.0.0.1";
	o.ports_file = f.ports;
	o.no_lease = true;
	o.writes_per_s = WRITES_PER_S;
	_exit(og_controller_run(&o, &err) == 0 ? 0 : 3);
}

static double kib(const char *key)
{
	char path[64], line[256];
	double v = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)child);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtod(line + strlen(key) + 1, NULL);
	if (f)
		(void)fclose(f);
	return v;
}

static double cpu_s(void)
{
	char path[64];
	unsigned long long user = 0, sys = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
	FILE *f = fopen(path, "r");
	if (!f || fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
			  &sys) != 2)
		die("cannot read the CPU time");
	(void)fclose(f);
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

/* The value of a series; -1 = it is not there, or nobody answers. */
static double metric(const char *series)
{
	static char text[1 << 20];
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	static const char request[] = "GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n";
	size_t n = 0;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
		write(fd, request, sizeof(request) - 1) > 0)
		for (ssize_t r;
			n < sizeof(text) - 1 && (r = read(fd, text + n, sizeof(text) - 1 - n)) > 0;)
			n += (size_t)r;
	if (fd >= 0)
		(void)close(fd);
	text[n] = '\0';
	size_t len = strlen(series);
	for (const char *at = text; (at = strstr(at, series)); at++)
		if (at > text && at[-1] == '\n' && at[len] == ' ')
			return strtod(at + len, NULL);
	return -1;
}

/* ---- the cluster ---- */

static void apply(const char *path)
{
	struct og_err err = OG_ERR_INIT;
	if (og_sim_apply_file(sim, path, &err) < 0)
		die(err.msg);
}

static void make_cluster(uint32_t pods, struct files *f)
{
	struct og_err err = OG_ERR_INIT;
	struct og_sim_gen gen = {.pods = pods,
		.namespaces = (pods + NAMESPACE_PODS - 1) / NAMESPACE_PODS,
		.deployments = pods / PER_WORKLOAD};
	static const char config[] =
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
		"spec: {receiver: {endpoint: 'http://alloy.example.com:4318'}}\n---\n"
		"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"
		"spec: {stack: s, namespaceSelector: {}}\n";
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	if (og_sim_start(NULL, &sim, &err) < 0 || og_sim_generate(sim, &gen, &err) < 0)
		die(err.msg);
	apply("manifests/crds/otelgate.dev_grafanastacks.yaml");
	apply("manifests/crds/otelgate.dev_telemetryprofiles.yaml");
	apply("manifests/crds/otelgate.dev_workloadtelemetries.yaml");
	if (og_sim_apply(sim, og_svz(config), "config", &err) < 0)
		die(err.msg);
	(void)snprintf(f->config, sizeof(f->config), "/tmp/bench_controller.%d", (int)getpid());
	(void)snprintf(f->ports, sizeof(f->ports), "/tmp/bench_controller.%d.ports", (int)getpid());
	og_sim_kubeconfig(sim, NULL, &b);
	if (og_fs_write_atomic(f->config, b.p, b.len, 0600, &err) < 0)
		die(err.msg);
}

/* The uid of a generated Deployment. */
static void uid_of(const char *ns, const char *name, char ret[40])
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	if (og_sim_get(sim, "deployments.apps", ns, name, &b, NULL) < 0)
		die("no such Deployment");
	og_buf_ch(&b, '\0');
	const char *at = strstr(b.p, "\"uid\":\"");
	(void)snprintf(ret, 40, "%.36s", at ? at + 7 : "");
}

static void put_pod(uint32_t i, uint32_t namespaces)
{
	char ns[32], name[32], uid[40], json[1024];
	uint32_t per = NAMESPACE_PODS / PER_WORKLOAD;

	(void)snprintf(ns, sizeof(ns), "load-%05u", i % namespaces);
	(void)snprintf(name, sizeof(name), "app-%05u", i / namespaces % per);
	uid_of(ns, name, uid);
	(void)snprintf(json, sizeof(json),
		"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"new-%u\","
		"\"namespace\":\"%s\",\"labels\":{\"app\":\"%s\"},\"ownerReferences\":[{"
		"\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"%s\",\"uid\":\"%s\","
		"\"controller\":true}]},\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"b\"}]}}",
		i, ns, name, name, uid);
	struct og_err err = OG_ERR_INIT;
	if (og_sim_put(sim, json, &err) < 0)
		die(err.msg);
}

static bool says(uint32_t i, uint32_t namespaces, const char *text)
{
	char ns[32], name[48];
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	uint32_t per = NAMESPACE_PODS / PER_WORKLOAD;

	(void)snprintf(ns, sizeof(ns), "load-%05u", i % namespaces);
	(void)snprintf(name, sizeof(name), "deployment-app-%05u", i / namespaces % per);
	return og_sim_get(sim, WT, ns, name, &b, NULL) == 0 &&
	       og_sv_has(og_buf_view(&b), og_svz(text));
}

/* ---- measuring ---- */

#define UNTIL(condition)                                                             \
	do {                                                                         \
		for (uint64_t from_ = bench_ns(); !(condition); (void)usleep(20000)) \
			if (bench_ns() - from_ > (uint64_t)WAIT_S * 1000000000 ||    \
				waitpid(child, NULL, WNOHANG) == child)              \
				die("never: " #condition);                           \
	} while (0)

static int by_value(const void *x, const void *y)
{
	const double *a = x, *b = y;
	return *a < *b ? -1 : *a > *b;
}

/* From a change to the status that says so, one at a time. */
static void latency(uint32_t namespaces, double *p50, double *p99)
{
	static double ms[SAMPLES];

	for (uint32_t i = 0; i < SAMPLES; i++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "\"total\":%d", PER_WORKLOAD + 1);
		put_pod(i, namespaces);
		uint64_t from = bench_ns();
		while (!says(i, namespaces, text)) {
			if (bench_ns() - from > 60000000000ULL)
				die("a status does not come");
			(void)usleep(200);
		}
		ms[i] = (double)(bench_ns() - from) / 1e6;
	}
	qsort(ms, SAMPLES, sizeof(ms[0]), by_value);
	*p50 = ms[SAMPLES / 2];
	*p99 = ms[SAMPLES * 99 / 100];
}

static double churn(uint32_t namespaces)
{
	double before = cpu_s();
	uint64_t from = bench_ns();

	for (uint32_t i = 0; i < CHURN_S * CHURN_PER_S; i++) {
		put_pod(SAMPLES + i, namespaces);
		(void)usleep(1000000 / CHURN_PER_S);
	}
	return (cpu_s() - before) / ((double)(bench_ns() - from) / 1e9);
}

struct figures {
	double pods, rss_kib, peak_kib, end_kib, synced, judged, written, writes, sync_cpu, all_cpu;
};

static void await(const struct files *f, uint32_t pods, struct figures *r)
{
	uint32_t workloads = pods / PER_WORKLOAD;
	uint32_t namespaces = (pods + NAMESPACE_PODS - 1) / NAMESPACE_PODS;
	uint64_t from = bench_ns();

	UNTIL(access(f->ports, R_OK) == 0);
	FILE *p = fopen(f->ports, "r");
	if (!p || fscanf(p, "ops=%u", &port) != 1)
		die("no port");
	(void)fclose(p);
	UNTIL(metric("otelgate_cluster_synced") == 1);
	r->synced = (double)(bench_ns() - from) / 1e9;
	r->sync_cpu = cpu_s();
	UNTIL(metric("otelgate_workloads") == workloads);
	r->judged = (double)(bench_ns() - from) / 1e9;
	UNTIL(og_sim_count(sim, WT, NULL) == workloads && says(0, namespaces, "conditions") &&
		metric(WRITES) >= 2.0 * workloads);
	r->written = (double)(bench_ns() - from) / 1e9;
	r->all_cpu = cpu_s();
	r->writes = metric(WRITES);
	r->rss_kib = kib("VmRSS:");
	r->pods = pods;
}

static void report(
	const struct figures *small, const struct figures *r, double p50, double p99, double busy)
{
	double factor = (150000 - small->pods) / (r->pods - small->pods);
	const struct bench_row rows[] = {
		{"controller: cold sync", "s", r->synced, 60, false, 0, NULL},
		{"controller: every workload judged", "s", r->judged, 60, false, 0, NULL},
		{"controller: resident memory", "MiB", r->rss_kib / 1024, 128, false, 0, NULL},
		{"controller: peak", "MiB", r->peak_kib / 1024, 128, false, 0, NULL},
		{"controller: 150,000 pods would take", "MiB",
			(small->rss_kib + (r->rss_kib - small->rss_kib) * factor) / 1024, 128,
			false, 0, NULL},
		{"controller: 150,000 pods would be synced in", "s",
			small->synced + (r->synced - small->synced) * factor, 60, false, 0, NULL},
		{"controller: change to status, p50", "ms", p50, 0, false, 0, NULL},
		{"controller: change to status, p99", "ms", p99, 0, false, 0, NULL},
		{"controller: CPU at 20 changes/s", "%", busy * 100, 10, false, 0, NULL},
	};

	printf("  %.0f pods, %.0f workloads: %.2f s CPU until synced; %.0f writes in %.1f s, %.2f s CPU; "
	       "%.1f MiB at the end\n",
		r->pods, r->pods / PER_WORKLOAD, r->sync_cpu, r->writes, r->written, r->all_cpu,
		r->end_kib / 1024);
	bench_print(rows, (int)(sizeof(rows) / sizeof(rows[0])));
}

/* `small` NULL = this is the small cluster: what grows with the pods is told from what does not. */
static void measure(uint32_t pods, const struct figures *small, struct figures *r)
{
	uint32_t namespaces = (pods + NAMESPACE_PODS - 1) / NAMESPACE_PODS;
	struct files f;
	int to[2];
	double p50, p99;

	if (pipe(to))
		die("no pipe");
	/* before this process has threads */
	if ((child = fork()) == 0)
		control(to[0]);
	make_cluster(pods, &f);
	if (child < 0 || write(to[1], &f, sizeof(f)) != sizeof(f))
		die("cannot start the controller");
	await(&f, pods, r);
	if (small) {
		latency(namespaces, &p50, &p99);
		double busy = churn(namespaces);
		r->peak_kib = kib("VmHWM:");
		r->end_kib = kib("VmRSS:");
		report(small, r, p50, p99, busy);
	}
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	(void)unlink(f.config);
	(void)unlink(f.ports);
	og_sim_stop(sim);
}

int main(void)
{
	const char *text = getenv("BENCH_PODS");
	long n = text ? strtol(text, NULL, 10) : 50000;

	if (n < 10 * NAMESPACE_PODS || n > 1000000)
		die("BENCH_PODS is a number of pods from 2,500");
	struct figures small = {0}, large = {0};
	int back[2];
	if (pipe(back))
		die("no pipe");
	/* in a process of its own, so that the other one begins without threads */
	pid_t pid = fork();
	if (pid == 0) {
		measure((uint32_t)n / 10, NULL, &small);
		_exit(write(back[1], &small, sizeof(small)) != sizeof(small));
	}
	(void)close(back[1]);
	if (pid < 0 || read(back[0], &small, sizeof(small)) != sizeof(small))
		die("the small cluster failed");
	waitpid(pid, NULL, 0);
	measure((uint32_t)n, &small, &large);
	return 0;
}
