/* SPDX-License-Identifier: Apache-2.0 */
/* --report: what was decided for every workload, as a table or JSON. */
#include "otelgate/cli/term.h"
#include "otelgate/codec/table.h"
#include "otelgate/codec/emit.h"
#include "inject-priv.h"

enum { COLUMNS = 6, DECISION = 3 };

static const struct og_table_column columns[COLUMNS] = {
	{.header = "NAMESPACE"},
	{.header = "WORKLOAD"},
	{.header = "CONTAINER"},
	{.header = "DECISION"},
	{.header = "PROFILE-OR-REASON"},
	{.header = "FINDINGS"},
};

static struct og_sv or_none(struct og_sv s)
{
	return s.n ? s : OG_SV("<none>");
}

/* "OG201,OG305": ids, each once. */
static struct og_sv finding_ids(const struct og_findings *f, struct og_arena *arena)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	for (uint32_t i = 0; f && i < f->n; i++) {
		bool seen = false;
		for (uint32_t k = 0; k < i && !seen; k++)
			seen = f->v[k].def == f->v[i].def;
		if (!seen)
			og_buf_fmt(&b, "%s%s", b.len ? "," : "", f->v[i].def->id);
	}
	return or_none(og_arena_sv(arena, og_buf_view(&b)));
}

static void add_object(struct og_table *t, const struct og_in_object *o, const struct og_job *job)
{
	struct og_arena *arena = job->cli->arena;
	const struct og_plan *p = o->plan;
	bool in = p && p->reason <= OG_REASON_UP_TO_DATE;
	struct og_sv name = o->meta.name.n ? o->meta.name : o->meta.generate_name;
	struct og_sv title =
		og_svz(og_arena_fmt(arena, "%.*s/%.*s", OG_SV_ARG(o->kind_name), OG_SV_ARG(name)));
	uint32_t n = in && p->ncontainers ? p->ncontainers : 1;
	for (uint32_t i = 0; i < n; i++) {
		const struct og_plan_container *c = in && p->ncontainers ? &p->containers[i] : NULL;
		bool skipped = c && c->skip != OG_SKIP_NONE;
		struct og_sv why = skipped	? og_svz(og_skip_name(c->skip))
				   : !p		? OG_SV("")
				   : !in	? og_svz(og_reason_name(p->reason))
				   : p->profile ? p->profile->name
						: OG_SV("");
		const struct og_sv cells[COLUMNS] = {
			or_none(og_view_ns(o)),
			title,
			c ? c->c.name : OG_SV("<all>"),
			skipped ? OG_SV("skipped") : og_svz(og_view_decision(o, job->uninject)),
			or_none(why),
			i == 0 ? finding_ids(o->findings, arena) : OG_SV("<same>"),
		};
		og_table_row(t, cells);
	}
}

/* Colours the word at that many characters into the line. */
static void colour_word(struct og_buf *b, struct og_sv line, uint32_t at)
{
	size_t i = 0;
	for (uint32_t n = 0; i < line.n && n < at; i++) {
		n += i + 1 == line.n || ((unsigned char)line.p[i + 1] & 0xc0) != 0x80;
	}
	struct og_sv word = og_sv(line.p + i, og_sv_chr(og_sv(line.p + i, line.n - i), ' '));
	og_buf_add(b, line.p, i);
	og_style_sv(b, true,
		og_sv_is(word, "skipped") || og_sv_is(word, "unchanged") ? OG_STYLE_DIM
									 : OG_STYLE_GREEN,
		word);
	og_buf_add(b, word.p + word.n, line.n - i - word.n);
}

void og_report_table(struct og_buf *b, const struct og_job *job, bool colour)
{
	struct og_buf text og_auto_buf = OG_BUF_INIT(0);
	struct og_table t;
	struct og_job_iter it = {0};
	og_table_init(&t, job->cli->arena, columns, COLUMNS);
	t.ascii = og_term_ascii(job->cli->env);
	for (const struct og_in_object *o; (o = og_job_next(&job->in, &it));) {
		if (o->class == OG_OBJ_WORKLOAD)
			add_object(&t, o, job);
	}
	if (!og_table_write(&t, true, &text) || text.failed)
		b->failed = true;
	struct og_sv rest = og_buf_view(&text), line;
	uint32_t at = 0;
	for (uint32_t n = 0; og_sv_split(&rest, '\n', &line); n++) {
		if (n == 0) {
			const char *word = memmem(line.p, line.n, "DECISION", 8);
			at = word ? (uint32_t)(word - line.p) : 0;
		}
		if (n == 0 || !colour)
			og_buf_sv(b, line);
		else
			colour_word(b, line, at);
		og_buf_ch(b, '\n');
	}
}

struct totals {
	uint32_t objects, workloads, injected, up_to_date, skipped, changed, unsupported;
	uint32_t errors, warnings;
};

static void count(struct totals *t, const struct og_in_object *o)
{
	t->objects += o->class != OG_OBJ_EMPTY;
	t->unsupported += o->class == OG_OBJ_UNSUPPORTED;
	t->changed += o->changed;
	for (uint32_t i = 0; o->findings && i < o->findings->n; i++) {
		t->errors += o->findings->v[i].def->severity == OG_SEV_ERROR;
		t->warnings += o->findings->v[i].def->severity == OG_SEV_WARNING;
	}
	if (o->class != OG_OBJ_WORKLOAD)
		return;
	t->workloads++;
	if (!o->plan)
		return;
	t->injected += o->plan->reason == OG_REASON_INJECTED;
	t->up_to_date += o->plan->reason == OG_REASON_UP_TO_DATE;
	t->skipped += o->plan->reason > OG_REASON_UP_TO_DATE;
}

void og_report_json(struct og_buf *b, const struct og_job *job)
{
	struct og_buf j og_auto_buf = OG_BUF_INIT(0);
	struct og_job_iter it = {0};
	struct totals t = {0};
	struct og_jdoc d;
	og_buf_lit(&j, "{\"schemaVersion\":1,\"workloads\":[");
	for (const struct og_in_object *o; (o = og_job_next(&job->in, &it));) {
		count(&t, o);
		if (o->class != OG_OBJ_WORKLOAD)
			continue;
		if (t.workloads > 1)
			og_buf_ch(&j, ',');
		og_view_json(&j, o, job->uninject, job->cli->arena);
	}
	og_buf_fmt(&j,
		"],\"summary\":{\"objects\":%u,\"workloads\":%u,\"changed\":%u,\"injected\":%u,"
		"\"upToDate\":%u,\"skipped\":%u,\"unsupported\":%u,\"errors\":%u,"
		"\"warnings\":%u,\"complete\":%s}}",
		(unsigned)t.objects, (unsigned)t.workloads, (unsigned)t.changed,
		(unsigned)t.injected, (unsigned)t.up_to_date, (unsigned)t.skipped,
		(unsigned)t.unsupported, (unsigned)t.errors, (unsigned)t.warnings,
		job->fault ? "false" : "true");
	/* A report may be larger than anything we accept from others. */
	const struct og_jlimits limits = {
		.max_bytes = UINT32_MAX / 2, .max_tokens = UINT32_MAX / 32};
	if (j.failed || og_jdoc_parse(&d, job->cli->arena, og_buf_view(&j), &limits, NULL) != 0) {
		b->failed = true;
		return;
	}
	og_emit_json(b, og_jroot(&d), 0);
	og_buf_ch(b, '\n');
}
