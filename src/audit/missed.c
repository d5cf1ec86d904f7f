/* SPDX-License-Identifier: Apache-2.0 */
/* One look at a cluster for missed admissions. */
#include "otelgate/audit/missed.h"

#include <string.h>
#include "otelgate/base/mem.h"
#include "otelgate/kube/kubeconfig.h"

enum { TIMEOUT_MS = 60000, TURN_MS = 200, FETCH_MS = 10000, NOTES_BYTES = 64 << 10 };

struct look {
	const struct og_audit_missed_opts *o;
	struct og_arena *arena;
	struct og_audit_missed *out;
	struct og_loop *loop;
	struct og_kube *kube;
	struct og_cluster *cluster;
};

static int open_look(struct look *l, struct og_err *err)
{
	struct og_kube_opts ko = {.access = l->o->access, .component = "otelgate"};
	int r = og_loop_new(NULL, &l->loop, err);

	if (r < 0) {
		og_kube_access_free(l->o->access);
		return r;
	}
	ko.loop = l->loop;
	return og_kube_new(&ko, &l->kube, err);
}

/* A server that is not there, or does not know us, is an error at once and not after a minute. */
static int knock(struct look *l, int64_t timeout_ms, struct og_err *err)
{
	og_auto_arena struct og_arena a = {0};
	struct og_kube_answer answer = {0};
	struct og_kube_request r = {.verb = OG_KUBE_RAW,
		.raw_path = "/version",
		.deadline_ms = timeout_ms < FETCH_MS ? timeout_ms : FETCH_MS,
		.max_tries = 1};

	og_arena_init(&a, 0, 0);
	int rc = og_kube_wait(l->kube, &r, &a, &answer, err);
	return answer.http == 403 ? 0 : rc; /* it knows us */
}

static int watch(struct look *l, struct og_err *err)
{
	struct og_cluster_opts co = {.kube = l->kube,
		.parts = OG_CLUSTER_CONFIG | OG_CLUSTER_OWNERS | OG_CLUSTER_PODS |
			 OG_CLUSTER_REGISTRATION,
		.ns = l->o->ns,
		.registration = l->o->registration};

	return og_cluster_start(&co, &l->cluster, err);
}

static void close_look(struct look *l)
{
	og_cluster_stop(l->cluster);
	og_kube_free(l->kube);
	og_loop_free(l->loop);
}

/* The watch that is still without an answer, for people who wait. */
static void say_progress(struct look *l)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	size_t n;

	if (!l->o->progress)
		return;
	og_cluster_watches(l->cluster, w, &n);
	for (size_t i = 0; i < n; i++)
		if (w[i].state == OG_WATCH_STARTING || w[i].state == OG_WATCH_FAILING) {
			l->o->progress(l->o->ctx, w[i].resource);
			return;
		}
}

/* An answer of every watch. One that fails again and again ends it, with its reason. */
static int wait_synced(struct look *l, int64_t until, struct og_err *err)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	int64_t told = og_loop_now_ns(l->loop);
	size_t n;

	while (!og_cluster_synced(l->cluster)) {
		int64_t now = og_loop_now_ns(l->loop);
		(void)og_loop_turn(l->loop, TURN_MS);
		if (now - told >= OG_NS_PER_S) {
			say_progress(l);
			told = now;
		}
		if (now < until)
			continue;
		og_cluster_watches(l->cluster, w, &n);
		for (size_t i = 0; i < n; i++)
			if (*w[i].error && w[i].state == OG_WATCH_FAILING)
				return og_err_set(err, OG_E_TIMEOUT, "%s", w[i].error);
		for (size_t i = 0; i < n; i++)
			if (w[i].state == OG_WATCH_STARTING && *w[i].waits)
				return og_err_set(err, OG_E_TIMEOUT,
					"%s of %s: the list waits for %s; --request-timeout allows "
					"more",
					w[i].resource, og_kube_server(l->kube), w[i].waits);
		return og_err_set(err, OG_E_TIMEOUT,
			"%s has not answered in time; --request-timeout allows more",
			og_kube_server(l->kube));
	}
	return 0;
}

/* What may not be seen. Pods are what it is all about; without the others, parts are unknown. */
static int note_watches(struct look *l, struct og_err *err)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	struct og_buf *b = &l->out->notes;
	size_t n;

	og_cluster_watches(l->cluster, w, &n);
	for (size_t i = 0; i < n; i++) {
		l->out->bytes += w[i].bytes;
		l->out->requests += w[i].lists + w[i].watches;
		if (w[i].state == OG_WATCH_ABSENT && strstr(w[i].resource, ".otelgate.dev"))
			og_buf_fmt(b,
				"%s: the cluster does not know this kind; install the CRDs: "
				"kubectl apply -k manifests/crds\n",
				w[i].resource);
		if (w[i].state != OG_WATCH_FORBIDDEN)
			continue;
		if (strcmp(w[i].resource, "pods") == 0)
			return og_err_set(err, OG_E_INVALID, "%s%s%s", w[i].error,
				*w[i].rule ? "; the rule that is missing:\n" : "", w[i].rule);
		og_buf_fmt(b, "%s\n", w[i].error);
		l->out->partial = true;
	}
	return 0;
}

static int on_row(void *ctx, const struct og_cluster_missed *m)
{
	return og_missed_report_add(ctx, m, NULL);
}

/* Row i against one of its whole pods: never injected, finished meanwhile, or as it seemed. True
 * when the row stays. */
static bool settle(struct look *l, uint32_t i, int64_t until)
{
	struct og_missed_row *row = l->out->report.rows[i];
	og_auto_arena struct og_arena a = {0};
	struct og_cluster_missed m;
	struct og_kube_answer answer = {0};
	struct og_err err = OG_ERR_INIT;
	int64_t left = (until - og_loop_now_ns(l->loop)) / OG_NS_PER_MS;
	struct og_kube_request r = {.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("pods"),
			.ns = row->ns,
			.name = row->examples[0]},
		.deadline_ms = left < FETCH_MS ? left : FETCH_MS};

	og_arena_init(&a, 0, 0);
	if (left <= 0 || og_kube_wait(l->kube, &r, &a, &answer, &err) < 0 || !answer.doc ||
		og_cluster_missed_pod(l->cluster, og_jroot(answer.doc), &a, &m, &err) < 0)
		return answer.http != 404;
	if (m.verdict.what == OG_MISSED_NOT)
		return false;
	if (m.verdict.what != row->what)
		og_missed_report_set(&l->out->report, i, &m.verdict);
	return true;
}

static bool needs_pod(const struct og_missed_row *r)
{
	return r->nexamples && r->what != OG_MISSED_CONFIG && r->what != OG_MISSED_UNKNOWN &&
	       r->what != OG_MISSED_EXCLUDED;
}

static int judge(struct look *l, int64_t until, struct og_err *err)
{
	struct og_missed_report *rep = &l->out->report;
	uint32_t at = 0;

	og_missed_report_init(rep, l->arena);
	l->out->pods = og_store_count(og_cluster_store(l->cluster, OG_SV(""), OG_SV("Pod")));
	int r = og_cluster_missed(l->cluster, l->o->ns, &at, 0, on_row, rep, err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < rep->n;)
		if (needs_pod(rep->rows[i]) && !settle(l, i, until))
			og_missed_report_drop(rep, i);
		else
			i++;
	og_missed_report_sort(rep);
	return 0;
}

int og_audit_missed(const struct og_audit_missed_opts *o, struct og_arena *arena,
	struct og_audit_missed *ret, struct og_err *err)
{
	struct look l = {.o = o, .arena = arena, .out = ret};
	int64_t timeout = o->timeout_ms ? o->timeout_ms : TIMEOUT_MS;

	*ret = (struct og_audit_missed){.notes = OG_BUF_INIT(NOTES_BYTES)};
	int r = open_look(&l, err);
	if (r == 0)
		r = knock(&l, timeout, err);
	if (r == 0)
		r = watch(&l, err);
	if (r == 0) {
		int64_t until = og_loop_now_ns(l.loop) + timeout * OG_NS_PER_MS;
		r = wait_synced(&l, until, err);
		if (r == 0)
			r = note_watches(&l, err);
		if (r == 0)
			r = judge(&l, until, err);
	}
	close_look(&l);
	return r;
}
