/* SPDX-License-Identifier: Apache-2.0 */
/* A command's look at a cluster. */
#include "otelgate/audit/session.h"

#include <stdio.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/coverage.h"
#include "otelgate/kube/kubeconfig.h"

enum { TIMEOUT_MS = 60000, TURN_MS = 200, KNOCK_MS = 10000 };

/* A server that is not there, or does not know us, is an error at once and not after a minute. */
static int knock(struct og_audit_session *s, int64_t timeout_ms, struct og_err *err)
{
	og_auto_arena struct og_arena a = {0};
	struct og_kube_answer answer = {0};
	struct og_kube_request r = {.verb = OG_KUBE_RAW,
		.raw_path = "/version",
		.deadline_ms = timeout_ms < KNOCK_MS ? timeout_ms : KNOCK_MS,
		.max_tries = 1};

	og_arena_init(&a, 0, 0);
	int rc = og_kube_wait(s->kube, &r, &a, &answer, err);
	s->http = answer.http;
	if (answer.http != 403)
		return rc;
	og_err_clear(err);
	return 0; /* it knows us */
}

int og_audit_session_open(
	const struct og_audit_session_opts *o, struct og_audit_session *ret, struct og_err *err)
{
	struct og_kube_opts ko = {
		.access = o->access, .component = o->component ? o->component : "otelgate"};
	int64_t timeout = o->timeout_ms ? o->timeout_ms : TIMEOUT_MS;

	*ret = (struct og_audit_session){.o = *o};
	ret->o.access = NULL; /* the client's from here on */
	int r = og_loop_new(NULL, &ret->loop, err);
	if (r < 0) {
		og_kube_access_free(o->access);
		return r;
	}
	ko.loop = ret->loop;
	ret->until_ns = og_loop_now_ns(ret->loop) + timeout * OG_NS_PER_MS;
	if ((r = og_kube_new(&ko, &ret->kube, err)) < 0)
		return r;
	return knock(ret, timeout, err);
}

void og_audit_session_close(struct og_audit_session *s)
{
	og_cluster_stop(s->cluster);
	og_kube_free(s->kube);
	og_loop_free(s->loop);
	*s = (struct og_audit_session){0};
}

/* The list that has most before it, of those without an end; NULL when there is none. */
static const struct og_watch_info *longest(const struct og_watch_info *w, size_t n)
{
	const struct og_watch_info *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (w[i].state != OG_WATCH_STARTING && w[i].state != OG_WATCH_FAILING)
			continue;
		if (!best || w[i].list_total > best->list_total ||
			(!best->list_total && w[i].listed > best->listed))
			best = &w[i];
	}
	return best;
}

/* What is still without an answer, how much of it has come since `from`, and how long the rest
 * takes at that pace: "pods (3500 of 50000, about 4 s left)". */
static void say_progress(struct og_audit_session *s, int64_t from)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	const struct og_watch_info *at;
	char text[256];
	size_t n;

	if (!s->o.progress)
		return;
	og_cluster_watches(s->cluster, w, &n);
	at = longest(w, n);
	if (!at)
		return;
	if (at->listed && at->list_total > at->listed) {
		double took = (double)(og_loop_now_ns(s->loop) - from) / OG_NS_PER_S;
		double left = took * (double)(at->list_total - at->listed) / (double)at->listed;
		(void)snprintf(text, sizeof(text), "%s (%llu of %llu, about %.0f s left)",
			at->resource, (unsigned long long)at->listed,
			(unsigned long long)at->list_total, left < 1 ? 1 : left);
	} else if (at->listed) {
		(void)snprintf(text, sizeof(text), "%s (%llu so far)", at->resource,
			(unsigned long long)at->listed);
	} else {
		(void)snprintf(text, sizeof(text), "%s", at->resource);
	}
	s->o.progress(s->o.ctx, text);
}

/* Why it has not answered in time. */
static int late(struct og_audit_session *s, struct og_err *err)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	size_t n;

	og_cluster_watches(s->cluster, w, &n);
	for (size_t i = 0; i < n; i++)
		if (*w[i].error && w[i].state == OG_WATCH_FAILING)
			return og_err_set(err, OG_E_TIMEOUT, "%s", w[i].error);
	for (size_t i = 0; i < n; i++)
		if (w[i].state == OG_WATCH_STARTING && *w[i].waits)
			return og_err_set(err, OG_E_TIMEOUT,
				"%s of %s: the list waits for %s; --request-timeout allows more",
				w[i].resource, og_kube_server(s->kube), w[i].waits);
	return og_err_set(err, OG_E_TIMEOUT,
		"%s has not answered in time; --request-timeout allows more",
		og_kube_server(s->kube));
}

/* An answer of every watch. One that fails again and again ends it, with its reason. */
static int wait_synced(struct og_audit_session *s, struct og_err *err)
{
	int64_t from = og_loop_now_ns(s->loop), told = from;

	while (!og_cluster_synced(s->cluster)) {
		int64_t now = og_loop_now_ns(s->loop);
		(void)og_loop_turn(s->loop, TURN_MS);
		if (now - told >= OG_NS_PER_S) {
			say_progress(s, from);
			told = now;
		}
		if (now >= s->until_ns)
			return late(s, err);
	}
	return 0;
}

int og_audit_session_watch(struct og_audit_session *s, unsigned parts, const char *ns,
	const char *registration, struct og_err *err)
{
	struct og_cluster_opts co = {
		.kube = s->kube, .parts = parts, .ns = ns, .registration = registration};

	og_cluster_stop(s->cluster);
	s->cluster = NULL;
	int r = og_cluster_start(&co, &s->cluster, err);
	return r < 0 ? r : wait_synced(s, err);
}

static bool needless(const struct og_audit_session *s, const struct og_watch_info *w)
{
	bool statuses = strstr(w->resource, "workloadtelemetries") != NULL;
	bool config = strstr(w->resource, "grafanastacks") ||
		      strstr(w->resource, "telemetryprofiles");

	return (statuses && s->o.own_answers && w->state == OG_WATCH_ABSENT) ||
	       (config && s->o.own_config);
}

int og_audit_session_blind(struct og_audit_session *s, const char *ns, struct og_arena *arena,
	struct og_audit_blind *ret, uint32_t *ret_n, struct og_err *err)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	uint32_t to = 0;
	size_t n;

	og_cluster_watches(s->cluster, w, &n);
	for (size_t i = 0; i < n; i++) {
		bool absent = w[i].state == OG_WATCH_ABSENT;
		bool ours = strstr(w[i].resource, ".otelgate.dev");
		if ((w[i].state != OG_WATCH_FORBIDDEN && !(absent && ours)) || needless(s, &w[i]))
			continue;
		ret[to] = (struct og_audit_blind){.info = w[i], .absent = absent};
		ret[to].what = og_svz(og_arena_fmt(arena, "%s%s%s", w[i].resource,
			ns && !absent ? " in namespace " : "", ns && !absent ? ns : ""));
		ret[to].why = og_svz(og_arena_fmt(arena, "%s",
			absent ? "the cluster does not know this kind; install the CRDs: kubectl "
				 "apply -k manifests/crds"
			       : w[i].error));
		to++;
	}
	*ret_n = to;
	return arena->failed ? og_err_set(err, OG_E_OOM, "looking at a cluster") : 0;
}

int og_audit_session_coverage_blind(struct og_audit_session *s, const char *ns,
	struct og_arena *arena, struct og_coverage_blind **ret, uint32_t *ret_n, struct og_err *err)
{
	struct og_audit_blind blind[OG_CLUSTER_WATCHES];
	uint32_t n = 0;
	int r = og_audit_session_blind(s, ns, arena, blind, &n, err);
	struct og_coverage_blind *v =
		og_arena_new_n(arena, (size_t)n + 1, struct og_coverage_blind);

	if (r < 0)
		return r;
	for (uint32_t i = 0; v && i < n; i++)
		v[i] = (struct og_coverage_blind){.what = blind[i].what,
			.why = blind[i].why,
			.finding = blind[i].absent ? NULL : "OG002",
			.rule = og_arena_sv(arena, og_svz(blind[i].info.rule))};
	if (!v || arena->failed)
		return og_err_set(err, OG_E_OOM, "looking at a cluster");
	*ret = v;
	*ret_n = n;
	return 0;
}
