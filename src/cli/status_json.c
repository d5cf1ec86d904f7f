/* SPDX-License-Identifier: Apache-2.0 */
/* How workloads stand, for programs: workloads as the coverage report has them, and what only a
 * status tells. Its rows of the schema are in audit/report_fields.c. */
#include "otelgate/audit/report.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "status-priv.h"

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

static void generation(struct og_buf *b, const char *key, int64_t n)
{
	if (n > 0)
		og_buf_fmt(b, ",\"%s\":%lld", key, (long long)n);
}

static void workload(struct og_buf *b, const struct og_telemetry_row *t)
{
	static const char *const ready[] = {[OG_COND_ABSENT] = "unknown",
		[OG_COND_UNKNOWN] = "unknown",
		[OG_COND_FALSE] = "false",
		[OG_COND_TRUE] = "true"};

	og_buf_ch(b, '{');
	og_report_workload_json(&t->row, false, b);
	generation(b, "generation", t->generation);
	generation(b, "observedGeneration", t->observed_generation);
	text(b, "rollout", og_svz(og_rollout_state_name(t->rollout)));
	text(b, "ready", og_svz(ready[t->ready]));
	maybe(b, "readyReason", og_svz(t->ready_reason));
	maybe(b, "readyMessage", t->ready_message);
	og_buf_ch(b, '}');
}

static void notes(struct og_buf *b, struct og_sv lines)
{
	struct og_sv line;
	bool any = false;

	while (og_sv_split(&lines, '\n', &line)) {
		if (!line.n)
			continue;
		og_buf_str(b, any ? "," : "");
		og_jw_str(b, line);
		any = true;
	}
}

void status_json(
	const struct og_audit_status *s, const struct status_beside *beside, struct og_buf *out)
{
	char made[OG_RFC3339_BYTES];

	og_fmt_rfc3339(made, beside->now_s * OG_NS_PER_S);
	og_buf_fmt(out,
		"{\"schemaVersion\":%d,\"kind\":\"StatusReport\",\"toolVersion\":\"%s\","
		"\"generated\":\"%s\",\"partial\":%s,\"workloads\":[",
		OG_STATUS_SCHEMA, OG_VERSION, made, beside->nblind ? "true" : "false");
	for (uint32_t i = 0; i < s->n; i++) {
		og_buf_str(out, i ? ",\n" : "\n");
		workload(out, &s->rows[i]);
	}
	og_buf_lit(out, "],\"blind\":");
	og_report_blind_json(beside->blind, beside->nblind, out);
	og_buf_lit(out, ",\"notes\":[");
	notes(out, beside->notes);
	og_buf_lit(out, "]}\n");
}
