/* SPDX-License-Identifier: Apache-2.0 */
/* Problems of configuration documents: collecting, placing, sorting, printing. */
#include <stdarg.h>
#include <stdio.h>
#include "config_read-priv.h"

const char *cfg_fmt(struct cfg_reader *r, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
	while (len && !og_utf8_valid(text, len))
		len--; /* cut within a character */
	const char *s = og_arena_strndup(r->arena, text, len);
	if (!s)
		r->oom = true;
	return s ? s : "";
}

const char *cfg_quote(struct cfg_reader *r, struct og_sv s)
{
	size_t n = s.n < 60 ? s.n : 60;
	while (n && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	char *p = og_arena_strndup(r->arena, s.p, n);
	if (!p) {
		r->oom = true;
		return "";
	}
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			p[i] = '?';
	}
	return s.n > n ? cfg_fmt(r, "%s…", p) : p;
}

/* The place of a path: its value, or the key of the nearest ancestor that is there. */
static void place_of(const struct cfg_doc *d, const char *path, uint32_t *line, uint32_t *col)
{
	struct og_sv p = og_svz(path);
	while (p.n && d->val) {
		int row = og_field_index(d->type->doc, p);
		struct og_jval v = row < 0 ? OG_JABSENT : d->val[row];
		size_t dot = p.n;
		while (dot && p.p[dot - 1] != '.')
			dot--;
		struct og_sv key = og_sv(p.p + dot, p.n - dot);
		struct og_sv parent = og_sv(p.p, dot ? dot - 1 : 0);
		if (og_jtype(v) != OG_J_ABSENT) {
			int up = og_field_index(d->type->doc, parent);
			og_source_position_key(
				d->sdoc, up < 0 ? d->root : d->val[up], key, line, col);
			return;
		}
		p = parent;
	}
	og_source_position(d->sdoc, d->root, line, col);
}

/* A free slot; an error takes the place of the last warning when all are taken. */
static struct og_config_problem *slot(struct cfg_reader *r, enum og_severity sev)
{
	struct og_config_report *rep = r->report;
	if (sev == OG_SEV_ERROR)
		rep->nerrors++;
	else
		rep->nwarnings++;
	if (!rep->v)
		rep->v = og_arena_new_n(r->arena, OG_CONFIG_MAX_PROBLEMS, struct og_config_problem);
	if (!rep->v) {
		r->oom = true;
		return NULL;
	}
	if (rep->n < OG_CONFIG_MAX_PROBLEMS)
		return &rep->v[rep->n++];
	for (uint32_t i = rep->n; sev == OG_SEV_ERROR && i-- > 0;) {
		if (rep->v[i].severity == OG_SEV_WARNING)
			return &rep->v[i];
	}
	return NULL;
}

void cfg_problem(struct cfg_reader *r, enum og_severity sev, const struct cfg_doc *d,
	struct og_jval at, const char *path, const char *hint, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	struct og_config_problem *p = slot(r, sev);
	if (!p)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	*p = (struct og_config_problem){.severity = sev,
		.input = d->input,
		.file = r->inputs[d->input].name,
		.path = cfg_fmt(r, "%s", path),
		.message = cfg_fmt(r, "%s", text),
		.hint = hint ? hint : ""};
	if (og_jtype(at) != OG_J_ABSENT)
		og_source_position(d->sdoc, at, &p->line, &p->col);
	else
		place_of(d, path, &p->line, &p->col);
}

void cfg_file_problem(struct cfg_reader *r, enum og_severity sev, uint32_t input, uint32_t line,
	uint32_t col, const char *hint, const char *message)
{
	struct og_config_problem *p = slot(r, sev);
	if (!p)
		return;
	*p = (struct og_config_problem){.severity = sev,
		.input = input,
		.file = r->inputs[input].name,
		.line = line,
		.col = col,
		.path = "",
		.message = message,
		.hint = hint ? hint : ""};
}

static bool before(const struct og_config_problem *a, const struct og_config_problem *b)
{
	if (a->input != b->input)
		return a->input < b->input;
	if (a->line != b->line)
		return a->line < b->line;
	if (a->col != b->col)
		return a->col < b->col;
	int c = strcmp(a->path, b->path);
	return c ? c < 0 : strcmp(a->message, b->message) < 0;
}

/* At most OG_CONFIG_MAX_PROBLEMS of them: insertion is enough, and stable. */
void cfg_report_finish(struct cfg_reader *r)
{
	struct og_config_problem *v = r->report->v;
	for (uint32_t i = 1; i < r->report->n; i++) {
		struct og_config_problem p = v[i];
		uint32_t k = i;
		for (; k && before(&p, &v[k - 1]); k--)
			v[k] = v[k - 1];
		v[k] = p;
	}
}

void og_config_problem_text(const struct og_config_problem *p, struct og_buf *out)
{
	og_buf_str(out, p->file);
	if (p->line)
		og_buf_fmt(out, ":%u:%u", p->line, p->col);
	og_buf_fmt(out, ": %s: ", p->severity == OG_SEV_ERROR ? "error" : "warning");
	if (*p->path)
		og_buf_fmt(out, "%s: ", p->path);
	og_buf_str(out, p->message);
	if (*p->hint)
		og_buf_fmt(out, " (%s)", p->hint);
}
