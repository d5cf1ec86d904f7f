/* SPDX-License-Identifier: Apache-2.0 */
/* One look at a cluster for missed admissions. */
#include "otelgate/audit/missed.h"

#include <string.h>
#include "otelgate/audit/session.h"
#include "otelgate/base/mem.h"

enum { FETCH_MS = 10000, NOTES_BYTES = 64 << 10 };

struct look {
	const struct og_audit_missed_opts *o;
	struct og_arena *arena;
	struct og_audit_missed *out;
	struct og_audit_session s;
};

/* What may not be seen. Pods are what it is all about; without the others, parts are unknown. */
static int note_watches(struct look *l, struct og_err *err)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	struct og_buf *b = &l->out->notes;
	size_t n;

	og_cluster_watches(l->s.cluster, w, &n);
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
static bool settle(struct look *l, uint32_t i)
{
	struct og_missed_row *row = l->out->report.rows[i];
	og_auto_arena struct og_arena a = {0};
	struct og_cluster_missed m;
	struct og_kube_answer answer = {0};
	struct og_err err = OG_ERR_INIT;
	int64_t left = (l->s.until_ns - og_loop_now_ns(l->s.loop)) / OG_NS_PER_MS;
	struct og_kube_request r = {.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("pods"),
			.ns = row->ns,
			.name = row->examples[0]},
		.deadline_ms = left < FETCH_MS ? left : FETCH_MS};

	og_arena_init(&a, 0, 0);
	if (left <= 0 || og_kube_wait(l->s.kube, &r, &a, &answer, &err) < 0 || !answer.doc ||
		og_cluster_missed_pod(l->s.cluster, og_jroot(answer.doc), &a, &m, &err) < 0)
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

static int judge(struct look *l, struct og_err *err)
{
	struct og_missed_report *rep = &l->out->report;
	uint32_t at = 0;

	og_missed_report_init(rep, l->arena);
	l->out->pods = og_store_count(og_cluster_store(l->s.cluster, OG_SV(""), OG_SV("Pod")));
	int r = og_cluster_missed(l->s.cluster, l->o->ns, &at, 0, on_row, rep, err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < rep->n;)
		if (needs_pod(rep->rows[i]) && !settle(l, i))
			og_missed_report_drop(rep, i);
		else
			i++;
	og_missed_report_sort(rep);
	return 0;
}

int og_audit_missed(const struct og_audit_missed_opts *o, struct og_arena *arena,
	struct og_audit_missed *ret, struct og_err *err)
{
	const struct og_audit_session_opts so = {.access = o->access,
		.timeout_ms = o->timeout_ms,
		.ctx = o->ctx,
		.progress = o->progress};
	const unsigned parts = OG_CLUSTER_CONFIG | OG_CLUSTER_OWNERS | OG_CLUSTER_PODS |
			       OG_CLUSTER_REGISTRATION;
	struct look l = {.o = o, .arena = arena, .out = ret};

	*ret = (struct og_audit_missed){.notes = OG_BUF_INIT(NOTES_BYTES)};
	int r = og_audit_session_open(&so, &l.s, err);
	if (r == 0)
		r = og_audit_session_watch(&l.s, parts, o->ns, o->registration, err);
	if (r == 0)
		r = note_watches(&l, err);
	if (r == 0)
		r = judge(&l, err);
	og_audit_session_close(&l.s);
	return r;
}
