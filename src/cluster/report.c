/* SPDX-License-Identifier: Apache-2.0 */
/* Missed admissions by workload. */
#include "otelgate/cluster/report.h"

#include <stdlib.h>
#include <string.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"

enum { KEY_BYTES = 2048 };
/* Names are the API server's, which bounds and checks them. */
static const uint64_t map_seed = 0x6d6973736564ULL;

void og_missed_report_init(struct og_missed_report *r, struct og_arena *arena)
{
	*r = (struct og_missed_report){.arena = arena};
	og_map_init(&r->index_, map_seed, arena);
}

static bool make_key(char buf[KEY_BYTES], const struct og_cluster_missed *m, struct og_sv *ret)
{
	struct og_sv parts[] = {m->ns, m->owner_group, m->owner_kind,
		m->owner_kind.n ? m->owner_name : m->pod, og_svz(og_missed_name(m->verdict.what)),
		m->verdict.detail};

	return og_sv_key(buf, KEY_BYTES, parts, OG_COUNT(parts), '\n', ret);
}

static struct og_missed_row *new_row(struct og_missed_report *r, const struct og_cluster_missed *m)
{
	struct og_arena *a = r->arena;
	struct og_missed_row *row = og_arena_new(a, struct og_missed_row);
	bool bare = !m->owner_kind.n;

	if (r->n == r->cap_) {
		uint32_t cap = r->cap_ ? r->cap_ * 2 : 64;
		struct og_missed_row **v =
			og_arena_grow(a, r->rows, r->cap_ * sizeof(*v), cap * sizeof(*v));
		if (!v)
			return NULL;
		r->rows = v;
		r->cap_ = cap;
	}
	if (!row)
		return NULL;
	*row = (struct og_missed_row){.ns = og_arena_sv(a, m->ns),
		.group = og_arena_sv(a, m->owner_group),
		.kind = bare ? OG_SV("Pod") : og_arena_sv(a, m->owner_kind),
		.name = og_arena_sv(a, bare ? m->pod : m->owner_name),
		.uid = og_arena_sv(a, m->owner_uid),
		.what = m->verdict.what,
		.reason = m->verdict.reason,
		.level = m->verdict.level,
		.profile = og_arena_sv(a, m->verdict.profile),
		.detail = og_arena_sv(a, m->verdict.detail),
		.since_s = m->verdict.since_s,
		.oldest_s = m->created_s,
		.newest_s = m->created_s};
	r->rows[r->n++] = row;
	return row;
}

int og_missed_report_add(
	struct og_missed_report *r, const struct og_cluster_missed *m, struct og_err *err)
{
	char buf[KEY_BYTES];
	struct og_sv key;
	struct og_missed_row *row = NULL;
	struct og_map_entry *e = NULL;

	/* What is too long for a key gets a row of its own. */
	if (make_key(buf, m, &key) && (e = og_map_put(&r->index_, key, NULL)))
		row = e->value;
	if (!row)
		row = new_row(r, m);
	if (!row)
		return og_err_set(err, OG_E_OOM, "collecting missed admissions");
	if (e)
		e->value = row;
	row->pods++;
	if (m->created_s < row->oldest_s)
		row->oldest_s = m->created_s;
	if (m->created_s > row->newest_s)
		row->newest_s = m->created_s;
	if (row->nexamples < OG_MISSED_EXAMPLES)
		row->examples[row->nexamples++] = og_arena_sv(r->arena, m->pod);
	r->pods++;
	r->by_reason[row->what]++;
	return r->arena->failed ? og_err_set(err, OG_E_OOM, "collecting missed admissions") : 0;
}

static int by_place(const void *x, const void *y)
{
	const struct og_missed_row *a = *(const struct og_missed_row *const *)x;
	const struct og_missed_row *b = *(const struct og_missed_row *const *)y;
	int c = og_sv_cmp(a->ns, b->ns);

	if (c == 0)
		c = og_sv_cmp(a->kind, b->kind);
	if (c == 0)
		c = og_sv_cmp(a->name, b->name);
	return c ? c : (a->what > b->what) - (a->what < b->what);
}

void og_missed_report_sort(struct og_missed_report *r)
{
	if (r->n)
		qsort(r->rows, r->n, sizeof(struct og_missed_row *), by_place);
}

void og_missed_report_drop(struct og_missed_report *r, uint32_t i)
{
	r->pods -= r->rows[i]->pods;
	r->by_reason[r->rows[i]->what] -= r->rows[i]->pods;
	r->n--;
	memmove(&r->rows[i], &r->rows[i + 1], (r->n - i) * sizeof(struct og_missed_row *));
}

void og_missed_report_set(
	struct og_missed_report *r, uint32_t i, const struct og_missed_result *verdict)
{
	struct og_missed_row *row = r->rows[i];

	r->by_reason[row->what] -= row->pods;
	row->what = verdict->what;
	row->reason = verdict->reason;
	row->detail = og_arena_sv(r->arena, verdict->detail);
	row->since_s = verdict->since_s;
	r->by_reason[row->what] += row->pods;
}

static void lower(struct og_buf *out, struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++)
		og_buf_ch(
			out, s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] - 'A' + 'a') : s.p[i]);
}

void og_missed_row_object(const struct og_missed_row *r, struct og_buf *out)
{
	lower(out, r->kind);
	/* kubectl takes the short form for what it knows itself. */
	if (r->group.n && !og_sv_is(r->group, "apps") && !og_sv_is(r->group, "batch"))
		og_buf_fmt(out, ".%.*s", OG_SV_ARG(r->group));
	og_buf_fmt(out, "/%.*s", OG_SV_ARG(r->name));
}

static bool restartable(struct og_sv kind)
{
	return og_sv_is(kind, "Deployment") || og_sv_is(kind, "StatefulSet") ||
	       og_sv_is(kind, "DaemonSet");
}

/* What to do where a restart does not help. */
static const char *const others[OG_MISSED_COUNT_] = {
	[OG_MISSED_EXCLUDED] =
		"take the opt-in away, or let the registration's selectors include it",
	[OG_MISSED_CONFIG] = "correct the name of the profile: kubectl get telemetryprofiles",
	[OG_MISSED_NO_WEBHOOK] = "install the webhook: kubectl apply -k manifests/base",
	[OG_MISSED_UNKNOWN] = "give the reader the rights of ClusterRole otelgate-reader",
};

void og_missed_row_fix(const struct og_missed_row *r, struct og_buf *out)
{
	if (others[r->what]) {
		og_buf_str(out, others[r->what]);
	} else if (restartable(r->kind)) {
		og_buf_fmt(out, "kubectl -n %.*s rollout restart ", OG_SV_ARG(r->ns));
		og_missed_row_object(r, out);
	} else if (og_sv_is(r->kind, "Rollout")) {
		og_buf_fmt(out, "kubectl argo rollouts -n %.*s restart %.*s", OG_SV_ARG(r->ns),
			OG_SV_ARG(r->name));
	} else if (og_sv_is(r->kind, "CronJob")) {
		og_buf_lit(out, "nothing: its next run is injected");
	} else if (og_sv_is(r->kind, "Job")) {
		og_buf_lit(out, "run it again: the pods of a Job cannot be replaced one by one");
	} else if (og_sv_is(r->kind, "Pod")) {
		og_buf_fmt(out,
			"delete and create it again: kubectl -n %.*s replace --force -f FILE",
			OG_SV_ARG(r->ns));
	} else {
		og_buf_fmt(out, "delete its pods, one by one: kubectl -n %.*s delete pod %.*s",
			OG_SV_ARG(r->ns), r->nexamples ? (int)r->examples[0].n : 0,
			r->nexamples ? r->examples[0].p : "");
	}
}

static void member(struct og_buf *out, const char *key, struct og_sv v)
{
	if (!v.n)
		return;
	og_buf_fmt(out, ",\"%s\":", key);
	og_jw_str(out, v);
}

static void time_member(struct og_buf *out, const char *key, int64_t s)
{
	char text[OG_RFC3339_BYTES];

	if (!s)
		return;
	og_fmt_rfc3339(text, s * OG_NS_PER_S);
	member(out, key, og_svz(text));
}

void og_missed_row_json(const struct og_missed_row *r, struct og_buf *out)
{
	struct og_buf text = OG_BUF_INIT(4096);
	const char *finding = og_missed_finding(r->what);

	og_buf_lit(out, "{\"namespace\":");
	og_jw_str(out, r->ns);
	member(out, "group", r->group);
	member(out, "kind", r->kind);
	member(out, "name", r->name);
	member(out, "uid", r->uid);
	member(out, "reason", og_svz(og_missed_name(r->what)));
	member(out, "finding", og_svz(finding ? finding : ""));
	member(out, "message", og_svz(og_missed_text(r->what)));
	member(out, "detail", r->detail);
	member(out, "optedInBy", og_svz(r->level < OG_LEVEL_COUNT_ ? og_level_name(r->level) : ""));
	member(out, "profile", r->profile);
	og_buf_fmt(out, ",\"pods\":%u,\"examples\":[", r->pods);
	for (uint32_t i = 0; i < r->nexamples; i++) {
		og_buf_str(out, i ? "," : "");
		og_jw_str(out, r->examples[i]);
	}
	og_buf_lit(out, "]");
	time_member(out, "oldest", r->oldest_s);
	time_member(out, "newest", r->newest_s);
	time_member(out, "since", r->since_s);
	og_missed_row_fix(r, &text);
	member(out, "fix", og_buf_view(&text));
	og_buf_ch(out, '}');
	og_buf_fini(&text);
}
