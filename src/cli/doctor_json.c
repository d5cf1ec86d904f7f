/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder for programs. */
#include "doctor-priv.h"
#include "otelgate/codec/jwrite.h"
#include "status-priv.h"

enum { SCHEMA = 1 };

const char *doctor_result(const struct og_doctor_report *r)
{
	return r->broken ? "broken" : r->unknown ? "unknown" : "pass";
}

static void text(struct og_buf *b, const char *key, struct og_sv v)
{
	og_buf_fmt(b, ",\"%s\":", key);
	og_jw_str(b, v);
}

static void maybe(struct og_buf *b, const char *key, struct og_sv v)
{
	if (v.n)
		text(b, key, v);
}

static void said(struct og_buf *b, const struct og_doctor_said *s)
{
	static const char *const weights[] = {[OG_DW_NOTE] = "notes",
		[OG_DW_WARNS] = "warns",
		[OG_DW_UNKNOWN] = "unknown",
		[OG_DW_BREAKS] = "breaks"};

	og_buf_fmt(b, "{\"id\":\"%s\",\"slug\":\"%s\",\"severity\":\"%s\",\"effect\":\"%s\"",
		s->def->id, s->def->slug, og_severity_name(s->def->severity),
		weights[s->rule->weight]);
	og_buf_fmt(b, ",\"evidence\":\"%s\"",
		s->rule->tier == 'P'   ? "call"
		: s->rule->tier == 'B' ? "backend"
		: s->rule->tier == 'H' ? "guess"
				       : "object");
	text(b, "message", s->message);
	maybe(b, "place", s->place);
	text(b, "fix", s->fix.n ? s->fix : og_svz(s->def->fix));
	og_buf_fmt(b, ",\"explain\":\"otelgate explain %s\"}", s->def->id);
}

static void step(struct og_buf *b, const struct og_doctor_step *s)
{
	og_buf_fmt(b, "{\"id\":\"%s\"", s->rung->id);
	text(b, "title", og_svz(s->rung->title));
	text(b, "result", og_svz(og_doctor_end_name(s->end)));
	maybe(b, "evidence", s->evidence);
	maybe(b, "fix", s->fix);
	maybe(b, "missingRight", s->right);
	og_buf_lit(b, ",\"findings\":[");
	for (uint32_t i = 0; i < s->nsaid; i++) {
		og_buf_str(b, i ? "," : "");
		said(b, &s->said[i]);
	}
	og_buf_lit(b, "]}");
}

static void group(struct og_buf *b, const struct og_doctor_group *g)
{
	og_buf_fmt(b, "{\"link\":\"%s\",\"result\":\"%s\",\"workloads\":%u",
		status_link_name(g->link), og_result_name(g->result), g->n);
	maybe(b, "reason", g->reason);
	maybe(b, "finding", og_svz(g->finding));
	maybe(b, "fix", g->fix);
	og_buf_lit(b, ",\"examples\":[");
	for (uint32_t i = 0; i < g->n && i < OG_DOCTOR_NAMES; i++) {
		og_buf_str(b, i ? "," : "");
		og_jw_str(b, g->names[i]);
	}
	og_buf_lit(b, "]}");
}

void doctor_json(
	const struct og_doctor_facts *f, const struct og_doctor_report *r, struct og_buf *out)
{
	og_buf_fmt(out, "{\"schemaVersion\":%d,\"result\":\"%s\"", SCHEMA, doctor_result(r));
	if (r->broken)
		text(out, "broken", og_svz(r->broken->rung->id));
	maybe(out, "server", f->server);
	maybe(out, "namespace", f->ns);
	maybe(out, "workload", f->target);
	og_buf_lit(out, ",\"rungs\":[");
	for (uint32_t i = 0; i < r->n; i++) {
		og_buf_str(out, i ? "," : "");
		step(out, &r->step[i]);
	}
	og_buf_ch(out, ']');
	if (!f->target.n) {
		og_buf_fmt(out, ",\"workloads\":{\"optedIn\":%u,\"whole\":%u,\"broken\":[",
			r->opted_in, r->fine);
		for (uint32_t i = 0; i < r->ngroups; i++) {
			og_buf_str(out, i ? "," : "");
			group(out, &r->groups[i]);
		}
		og_buf_lit(out, "]}");
	}
	og_buf_lit(out, "}\n");
}
