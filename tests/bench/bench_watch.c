/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and watches of a large cluster, against the simulated API server, which runs as a process
 * of its own, as does each reader: time, CPU time, memory, bytes, calls. The baseline is bare
 * libcurl with the splitter: nothing is parsed, nothing kept. BENCH_PODS changes the 50,000.
 */
#include <curl/curl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench/bench.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jsplit.h"
#include "otelgate/kube/kubeconfig.h"
#include "otelgate/kube/watch.h"
#include "sim/sim.h"

enum { CHURN = 3000, SECONDS = 300 };

/* What a reader measured of itself. */
struct figures {
	double seconds, cpu_s;
	double rss_kib;	 /* at the end, less that of the beginning */
	double peak_kib; /* highest, less that of the beginning */
	double bytes, kept_bytes, objects, calls;
	double churn_cpu_us; /* for each event after the list */
	bool ok;
};

struct server {
	pid_t pid;
	int ctl, out;
	char url[64], token[64], ca[4096], config_path[64];
};

static void die(const char *what)
{
	fprintf(stderr, "bench_watch: %s\n", what);
	exit(1);
}

/* ---- the server's process ---- */

static void serve(uint32_t pods, uint32_t pod_bytes, int ctl, int out)
{
	struct og_sim *sim;
	struct og_err err = OG_ERR_INIT;
	struct og_sim_gen gen = {.pods = pods, .pod_bytes = pod_bytes};
	struct server s = {.pid = 0};
	if (og_sim_start(NULL, &sim, &err) || og_sim_generate(sim, &gen, &err))
		die(err.msg);
	snprintf(s.url, sizeof(s.url), "%s", og_sim_url(sim));
	snprintf(s.token, sizeof(s.token), "%s", og_sim_admin_token(sim));
	snprintf(s.ca, sizeof(s.ca), "%s", og_sim_ca_pem(sim));
	snprintf(s.config_path, sizeof(s.config_path), "/tmp/bench_watch.%d", (int)getpid());
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_sim_kubeconfig(sim, NULL, &b);
	FILE *f = fopen(s.config_path, "w");
	if (!f || fwrite(b.p, 1, b.len, f) != b.len || fclose(f) ||
		write(out, &s, sizeof(s)) != sizeof(s))
		die("cannot hand out the kubeconfig");
	char what;
	while (read(ctl, &what, 1) == 1) {
		for (int i = 0; i < CHURN; i++) {
			char json[512];
			snprintf(json, sizeof(json),
				"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":"
				"\"churn-%d\",\"namespace\":\"churn\",\"labels\":{\"app\":\"web\"}},"
				"\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"b\"}]}}",
				i);
			og_sim_put(sim, json, NULL);
			if (i % 10 == 0)
				usleep(1000);
		}
	}
	unlink(s.config_path);
	og_sim_stop(sim);
	_exit(0);
}

static struct server start(uint32_t pods, uint32_t pod_bytes)
{
	int ctl[2], out[2];
	struct server s;
	if (pipe(ctl) || pipe(out))
		die("no pipes");
	pid_t pid = fork();
	if (pid == 0) {
		close(ctl[1]);
		close(out[0]);
		serve(pods, pod_bytes, ctl[0], out[1]);
	}
	close(ctl[0]);
	close(out[1]);
	if (pid < 0 || read(out[0], &s, sizeof(s)) != sizeof(s))
		die("the simulated API server did not start");
	s.pid = pid;
	s.ctl = ctl[1];
	s.out = out[0];
	return s;
}

static void stop(const struct server *s)
{
	close(s->ctl);
	close(s->out);
	waitpid(s->pid, NULL, 0);
}

/* ---- a reader's process ---- */

static double cpu_s(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double status_kib(const char *key)
{
	char line[256];
	double kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtod(line + strlen(key) + 1, NULL);
	if (f)
		fclose(f);
	return kib;
}

typedef void reader(const struct server *s, struct figures *ret);

static struct figures read_by(reader *fn, const struct server *s)
{
	int out[2];
	struct figures f = {.ok = false};
	if (pipe(out))
		die("no pipes");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		struct figures mine = {.ok = false};
		double rss = status_kib("VmRSS"), cpu = cpu_s();
		uint64_t from = bench_ns();
		fn(s, &mine);
		if (mine.seconds == 0) {
			mine.seconds = (double)(bench_ns() - from) / 1e9;
			mine.cpu_s = cpu_s() - cpu;
		}
		mine.rss_kib -= rss;
		mine.peak_kib -= rss;
		_exit(write(out[1], &mine, sizeof(mine)) != sizeof(mine));
	}
	close(out[1]);
	if (pid < 0 || read(out[0], &f, sizeof(f)) != sizeof(f) || !f.ok)
		die("a reader failed");
	close(out[0]);
	waitpid(pid, NULL, 0);
	return f;
}

/* -- bare -- */

static int count_part(void *ctx, struct og_sv part)
{
	(void)part;
	++*(double *)ctx;
	return 0;
}

static size_t bare_data(char *p, size_t size, size_t n, void *ctx)
{
	return og_jsplit_feed(ctx, og_sv(p, size * n), NULL) ? 0 : size * n;
}

static void bare(const struct server *s, struct figures *ret, const char *accept)
{
	char url[256], auth[256];
	struct og_jsplit split;
	og_jsplit_init(&split, OG_JSPLIT_LIST, 0);
	split.ctx = &ret->objects;
	split.on_part = count_part;
	snprintf(url, sizeof(url), "%s/api/v1/pods?resourceVersion=0", s->url);
	snprintf(auth, sizeof(auth), "Authorization: Bearer %s", s->token);
	struct curl_slist *h = curl_slist_append(curl_slist_append(NULL, auth), accept);
	struct curl_blob ca = {(void *)(uintptr_t)s->ca, strlen(s->ca), CURL_BLOB_COPY};
	CURL *c = curl_easy_init();
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
	curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &ca);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, bare_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &split);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	ret->ok = curl_easy_perform(c) == CURLE_OK && og_jsplit_end(&split, NULL) == 0;
	ret->bytes = (double)split.off_;
	ret->calls = 1;
	ret->rss_kib = status_kib("VmRSS");
	ret->peak_kib = status_kib("VmHWM");
}

static void bare_full(const struct server *s, struct figures *ret)
{
	bare(s, ret, "Accept: application/json");
}

static void bare_metadata(const struct server *s, struct figures *ret)
{
	bare(s, ret, "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
}

/* -- watches -- */

enum { MAX_WATCHES = 8 };
struct run {
	struct og_loop *loop;
	struct og_kube *kube;
	struct og_store *store[MAX_WATCHES];
	struct og_watch *watch[MAX_WATCHES];
	unsigned n;
};

static unsigned by_owner(void *ctx, const struct og_record *r, struct og_sv *keys)
{
	struct og_owner o;
	(void)ctx;
	keys[0] = og_record_owner(r, &o) ? o.uid : og_sv("", 0);
	return 1;
}

static void open_kube(const struct server *s, struct run *r)
{
	struct og_err err = OG_ERR_INIT;
	struct og_kube_options ko = {.flags.kubeconfig = s->config_path};
	struct og_kube_opts o = {.component = "bench"};
	if (og_loop_new(NULL, &r->loop, &err) || og_kube_access_load(&ko, &o.access, &err))
		die(err.msg);
	o.loop = r->loop;
	if (og_kube_new(&o, &r->kube, &err))
		die(err.msg);
}

static void add_watch(struct run *r, const char *group, const char *resource, bool metadata,
	bool streamed, bool index)
{
	static const char *const prefixes[] = {"otelgate.dev/", "resource.opentelemetry.io/", NULL};
	struct og_err err = OG_ERR_INIT;
	struct og_store_opts so = {.name = resource,
		.labels = true,
		.annotation_prefixes = prefixes,
		.index = index ? by_owner : NULL,
		.seed = 12345};
	struct og_watch_opts wo = {.kube = r->kube,
		.res = {.group = og_svz(group),
			.version = OG_SV("v1"),
			.resource = og_svz(resource)},
		.metadata_only = metadata,
		.no_watch_list = !streamed};
	if (og_store_new(&so, &r->store[r->n], &err))
		die(err.msg);
	wo.store = r->store[r->n];
	if (og_watch_start(&wo, &r->watch[r->n], &err))
		die(err.msg);
	r->n++;
}

static bool all_synced(const struct run *r)
{
	for (unsigned i = 0; i < r->n; i++)
		if (!og_store_synced(r->store[i]))
			return false;
	return true;
}

static void sync_all(struct run *r, struct figures *ret)
{
	uint64_t from = bench_ns();
	double cpu = cpu_s();
	while (!all_synced(r) && bench_ns() - from < SECONDS * 1000000000ULL)
		og_loop_turn(r->loop, 100);
	ret->seconds = (double)(bench_ns() - from) / 1e9;
	ret->cpu_s = cpu_s() - cpu;
	ret->ok = all_synced(r);
	ret->peak_kib = status_kib("VmHWM");
	for (int i = 0; i < 20; i++)
		og_loop_turn(r->loop, 10);
	ret->rss_kib = status_kib("VmRSS");
	for (unsigned i = 0; i < r->n; i++) {
		struct og_watch_info info;
		og_watch_info(r->watch[i], &info);
		ret->bytes += (double)info.bytes;
		ret->calls += (double)(info.lists + info.watches);
		ret->objects += og_store_count(r->store[i]);
		ret->kept_bytes += (double)og_store_bytes(r->store[i]);
	}
}

static void finish(struct run *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		og_watch_stop(r->watch[i]);
		og_store_free(r->store[i]);
	}
	og_kube_free(r->kube);
	og_loop_free(r->loop);
}

static void pods(const struct server *s, struct figures *ret, bool metadata, bool streamed)
{
	struct run r = {.n = 0};
	open_kube(s, &r);
	add_watch(&r, "", "pods", metadata, streamed, true);
	sync_all(&r, ret);
	double cpu = cpu_s();
	uint32_t want = og_store_count(r.store[0]) + CHURN;
	uint64_t from = bench_ns();
	if (write(s->ctl, "c", 1) != 1)
		die("the server has gone");
	while (og_store_count(r.store[0]) < want && bench_ns() - from < 60000000000ULL)
		og_loop_turn(r.loop, 100);
	ret->churn_cpu_us = (cpu_s() - cpu) * 1e6 / CHURN;
	finish(&r);
}

static void pods_full(const struct server *s, struct figures *ret)
{
	struct run r = {.n = 0};
	open_kube(s, &r);
	add_watch(&r, "", "pods", false, false, true);
	sync_all(&r, ret);
	finish(&r);
}

static void pods_metadata(const struct server *s, struct figures *ret)
{
	struct run r = {.n = 0};
	open_kube(s, &r);
	add_watch(&r, "", "pods", true, false, true);
	sync_all(&r, ret);
	finish(&r);
}

static void pods_streamed(const struct server *s, struct figures *ret)
{
	pods(s, ret, true, true);
}

static void owners(const struct server *s, struct figures *ret)
{
	struct run r = {.n = 0};
	open_kube(s, &r);
	add_watch(&r, "", "namespaces", true, true, false);
	add_watch(&r, "apps", "replicasets", true, true, false);
	add_watch(&r, "apps", "deployments", true, true, false);
	sync_all(&r, ret);
	finish(&r);
}

static void controller(const struct server *s, struct figures *ret)
{
	struct run r = {.n = 0};
	open_kube(s, &r);
	add_watch(&r, "", "pods", true, true, true);
	add_watch(&r, "", "namespaces", true, true, false);
	add_watch(&r, "apps", "replicasets", true, true, false);
	add_watch(&r, "apps", "deployments", true, true, false);
	sync_all(&r, ret);
	finish(&r);
}

/* ---- rows ---- */

static void note(const char *what, const struct figures *f)
{
	printf("  %-34s %8.0f objects  %6.2f s  %6.2f s CPU  %7.1f MiB read  %4.0f calls  %6.1f MiB kept"
	       "  %6.1f MiB grown  %6.1f MiB peak\n",
		what, f->objects, f->seconds, f->cpu_s, f->bytes / 1048576, f->calls,
		f->kept_bytes / 1048576, f->rss_kib / 1024, f->peak_kib / 1024);
}

static double above(const struct figures *f)
{
	return f->peak_kib / 1024 - f->kept_bytes / 1048576;
}

static void lists(uint32_t n)
{
	struct server s = start(n, 0);
	struct figures bf = read_by(bare_full, &s), bm = read_by(bare_metadata, &s);
	struct figures full = read_by(pods_full, &s), meta = read_by(pods_metadata, &s);
	struct figures streamed = read_by(pods_streamed, &s);
	stop(&s);
	note("bare curl and splitter, whole pods", &bf);
	note("bare curl and splitter, metadata", &bm);
	note("list of whole pods", &full);
	note("list of metadata", &meta);
	note("streamed list of metadata", &streamed);
	const struct bench_row rows[] = {
		{"whole pods: CPU", "s", full.cpu_s, 0, false, bf.cpu_s, "bare curl and splitter"},
		{"whole pods: memory above what is kept", "MiB", above(&full), 16, false,
			bf.peak_kib / 1024, "bare: its peak"},
		{"metadata: CPU", "s", meta.cpu_s, 0, false, bm.cpu_s, "bare curl and splitter"},
		{"metadata: memory above what is kept", "MiB", above(&meta), 16, false,
			bm.peak_kib / 1024, "bare: its peak"},
		{"metadata, streamed: CPU", "s", streamed.cpu_s, 0, false, bm.cpu_s,
			"bare curl and splitter"},
		{"metadata, streamed: memory above what is kept", "MiB", above(&streamed), 16,
			false, bm.peak_kib / 1024, "bare: its peak"},
		{"kept per pod", "B", streamed.kept_bytes / streamed.objects, 250, false, 0, NULL},
		{"CPU per event", "us", streamed.churn_cpu_us, 0, false, 0, NULL},
	};
	bench_print(rows, (int)(sizeof(rows) / sizeof(rows[0])));
}

static void large(void)
{
	struct server s = start(150000, 3000);
	struct figures o = read_by(owners, &s), c = read_by(controller, &s);
	stop(&s);
	note("150,000 pods: owners", &o);
	note("150,000 pods: pods and owners", &c);
	const struct bench_row rows[] = {
		{"150,000 pods: owners, grown by", "MiB", o.peak_kib / 1024, 48, false, 0, NULL},
		{"150,000 pods: all, grown by", "MiB", c.peak_kib / 1024, 128, false, 0, NULL},
		{"150,000 pods: cold sync", "s", c.seconds, 60, false, 0, NULL},
	};
	bench_print(rows, (int)(sizeof(rows) / sizeof(rows[0])));
}

int main(void)
{
	const char *pods_text = getenv("BENCH_PODS");
	long n = pods_text ? strtol(pods_text, NULL, 10) : 50000;
	if (n < 1 || n > 1000000)
		die("BENCH_PODS is a number of pods");
	lists((uint32_t)n);
	if (!pods_text)
		large();
	return 0;
}
