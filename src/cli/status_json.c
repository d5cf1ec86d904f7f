/* SPDX-License-Identifier: Apache-2.0 */
/* How workloads stand, for programs. */
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "status-priv.h"

enum { SCHEMA = 1 };

static void text(struct og_buf *b, const char *key, struct og_sv v)
{
	og_buf_fmt(b, ",\"%s\":", key);
	og_jw_str(b, v);
}

/* Left out when empty. */
static void maybe(struct og_buf *b, const char *key, struct og_sv v)
{
	if (v.n)
		text(b, key, v);
}

static void when(struct og_buf *b, const char *key, int64_t s)
{
	char at[OG_RFC3339_BYTES];

	if (!s || s > INT64_MAX / OG_NS_PER_S)
		return;
	og_fmt_rfc3339(at, s * OG_NS_PER_S);
	text(b, key, og_svz(at));
}

static void cell(struct og_buf *b, const struct og_cell *c)
{
	static const char *const results[OG_RESULT_COUNT_] = {[OG_RESULT_NA] = "n/a",
		[OG_RESULT_UNKNOWN] = "unknown",
		[OG_RESULT_PASS] = "pass",
		[OG_RESULT_FAIL] = "fail"};

	og_buf_fmt(b, "\"result\":\"%s\"", results[c->result]);
	maybe(b, "reason", og_svz(c->reason));
	maybe(b, "message", c->message);
	maybe(b, "finding", og_svz(c->finding));
	maybe(b, "fix", c->fix);
}

static void links(struct og_buf *b, const struct og_coverage_row *r)
{
	og_buf_lit(b, ",\"links\":{");
	for (int i = 0; i < OG_LINK_COUNT_; i++) {
		og_buf_fmt(b, "%s\"%s\":{", i ? "," : "", status_link_name((enum og_link)i));
		cell(b, &r->link[i]);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, '}');
}

static void signal(struct og_buf *b, const struct og_coverage_signal *s)
{
	cell(b, &s->cell);
	og_buf_fmt(b, ",\"state\":\"%s\",\"mode\":\"%s\",\"verified\":%s",
		og_arrival_state_name(s->state), og_signal_mode_name(s->mode),
		s->verified ? "true" : "false");
	when(b, "lastSeen", s->last_seen_s);
	when(b, "since", s->since_s);
	if (s->pods_known)
		og_buf_fmt(b, ",\"pods\":{\"sending\":%u,\"of\":%u}", s->covered, s->of);
	for (uint32_t i = 0; i < s->nsilent; i++) {
		og_buf_str(b, i ? "," : ",\"silent\":[");
		og_jw_str(b, s->silent[i]);
		og_buf_str(b, i + 1 == s->nsilent ? "]" : "");
	}
	maybe(b, "via", og_svz(s->via));
	maybe(b, "tie", og_svz(s->tie));
	maybe(b, "query", s->query);
	maybe(b, "explore", s->explore);
}

static void pod(struct og_buf *b, const struct og_coverage_pod *p)
{
	og_buf_lit(b, "{\"name\":");
	og_jw_str(b, p->name);
	maybe(b, "owner", p->owner);
	maybe(b, "revision", p->revision);
	text(b, "class", og_svz(og_pod_class_name(p->class_)));
	if (p->cause != OG_STALE_NOT)
		text(b, "cause", og_svz(og_stale_cause_name(p->cause)));
	when(b, "created", p->created_s);
	og_buf_fmt(b, ",\"ready\":%s,\"sends\":{", p->ready ? "true" : "false");
	const char *comma = "";
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		if (!p->sends_known[i])
			continue;
		og_buf_fmt(b, "%s\"%s\":%s", comma, og_signal_name((enum og_signal)i),
			p->sends[i] ? "true" : "false");
		comma = ",";
	}
	og_buf_lit(b, "}}");
}

static void pods(struct og_buf *b, const struct og_coverage_row *r)
{
	if (!r->pods_seen)
		return;
	og_buf_fmt(b, ",\"pods\":{\"total\":%u", r->pods);
	for (int i = 0; i <= OG_CLASS_TERMINATING; i++)
		og_buf_fmt(b, ",\"%s\":%u", og_pod_class_name((enum og_pod_class)i), r->classes[i]);
	og_buf_lit(b, ",\"list\":[");
	for (uint32_t i = 0; i < r->npod; i++) {
		og_buf_str(b, i ? "," : "");
		pod(b, &r->pod[i]);
	}
	og_buf_lit(b, "]}");
}

static void findings(struct og_buf *b, const struct og_coverage_row *r)
{
	og_buf_lit(b, ",\"findings\":[");
	for (uint32_t i = 0; i < r->nfindings; i++) {
		const struct og_coverage_finding *f = &r->findings[i];
		og_buf_fmt(b, "%s{\"id\":\"%s\",\"slug\":\"%s\",\"severity\":\"%s\"", i ? "," : "",
			f->def->id, f->def->slug, og_severity_name(f->def->severity));
		maybe(b, "message", f->message);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, ']');
}

static void workload(struct og_buf *b, const struct og_telemetry_row *t)
{
	static const char *const ready[] = {[OG_COND_ABSENT] = "unknown",
		[OG_COND_UNKNOWN] = "unknown",
		[OG_COND_FALSE] = "false",
		[OG_COND_TRUE] = "true"};
	const struct og_coverage_row *r = &t->row;
	enum og_link broken = status_broken(t);

	og_buf_lit(b, "{\"namespace\":");
	og_jw_str(b, r->ns);
	text(b, "group", r->group);
	text(b, "kind", r->kind);
	text(b, "name", r->name);
	maybe(b, "uid", r->uid);
	maybe(b, "profile", r->profile);
	maybe(b, "stack", r->stack);
	maybe(b, "revision", r->revision);
	if (t->observed_generation)
		og_buf_fmt(b, ",\"observedGeneration\":%lld", (long long)t->observed_generation);
	og_buf_fmt(b, ",\"optedIn\":%s,\"rollout\":\"%s\",\"ready\":\"%s\"",
		r->opted_in ? "true" : "false", og_rollout_state_name(t->rollout), ready[t->ready]);
	maybe(b, "readyReason", og_svz(t->ready_reason));
	maybe(b, "readyMessage", t->ready_message);
	if (broken < OG_LINK_COUNT_)
		text(b, "broken", og_svz(status_link_name(broken)));
	links(b, r);
	pods(b, r);
	og_buf_lit(b, ",\"signals\":{");
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		og_buf_fmt(b, "%s\"%s\":{", i ? "," : "", og_signal_name((enum og_signal)i));
		signal(b, &r->signal[i]);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, '}');
	status_stars_json(&r->stars, b);
	findings(b, r);
	og_buf_ch(b, '}');
}

void status_json(
	const struct og_audit_status *s, bool partial, struct og_sv notes, struct og_buf *out)
{
	og_buf_fmt(out, "{\"schemaVersion\":%d,\"partial\":%s,\"notes\":", SCHEMA,
		partial ? "true" : "false");
	og_jw_str(out, notes);
	og_buf_lit(out, ",\"workloads\":[");
	for (uint32_t i = 0; i < s->n; i++) {
		og_buf_str(out, i ? ",\n" : "\n");
		workload(out, &s->rows[i]);
	}
	og_buf_lit(out, "]}\n");
}
