/* SPDX-License-Identifier: Apache-2.0 */
/* Diffs for people: colour, and the reason behind every added line. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/textdiff.h"
#include "diff-priv.h"

/* Reasons stand at this column; lines longer than LONG_COLUMNS get theirs on a line above. */
enum { REASON_COLUMN = 58, LONG_COLUMNS = 100 };

struct writer {
	struct og_buf *b;
	const struct og_diff_options *o;
	struct og_sv name; /* of the latest "name:" line: which variable a "value:" belongs to */
};

/* The first `max` characters of a line, and how many are left out. */
static struct og_sv clipped(struct og_sv line, unsigned max, size_t *ret_more)
{
	size_t chars = 0, at = line.n;
	for (size_t i = 0; i < line.n; i++) {
		if (((unsigned char)line.p[i] & 0xc0) == 0x80)
			continue;
		if (chars++ == max)
			at = i;
	}
	*ret_more = max && chars > max ? chars - max : 0;
	return *ret_more ? og_sv(line.p, at) : line;
}

/* One line without its end; on a terminal nothing in it may steer that. */
static void put(struct writer *w, bool style, enum og_style how, struct og_sv line)
{
	struct og_buf safe og_auto_buf = OG_BUF_INIT(0);
	if (w->o->safe) {
		og_text_safe(&safe, line);
		line = og_buf_view(&safe);
	}
	size_t more = 0;
	line = clipped(line, w->o->clip, &more);
	if (style)
		og_style_sv(w->b, w->o->colour, how, line);
	else
		og_buf_sv(w->b, line);
	if (more) {
		char rest[48];
		(void)snprintf(rest, sizeof(rest), " … (%zu more)", more);
		og_style_str(w->b, w->o->colour, OG_STYLE_DIM, rest);
	}
	og_buf_inherit(w->b, &safe);
}

static struct og_sv unquoted(struct og_sv s)
{
	s = og_sv_trim(s);
	if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
		return og_sv(s.p + 1, s.n - 2);
	return s;
}

static bool from_objects(struct og_buf *b, const struct og_plan_object *v, uint32_t n,
	struct og_sv name, const char *what)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!og_sv_eq(v[i].name, name))
			continue;
		if (v[i].note.n)
			og_text_safe(b, v[i].note);
		else
			og_buf_str(b, what);
		return true;
	}
	return false;
}

static bool from_env(struct og_buf *b, const struct og_plan *p, struct og_sv name, bool merged)
{
	for (uint32_t c = 0; c < p->ncontainers; c++) {
		for (uint32_t i = 0; i < p->containers[c].nenv; i++) {
			const struct og_plan_env *e = &p->containers[c].env[i];
			if (!og_sv_eq(e->name, name) || e->action > OG_ENV_MERGE ||
				merged != (e->action == OG_ENV_MERGE))
				continue;
			og_view_origin(b, p, e);
			if (e->note.n) {
				og_buf_lit(b, ": ");
				og_text_safe(b, e->note);
			}
			return true;
		}
	}
	return false;
}

/* The reason for an added line, from the first plan that knows it. */
static bool reason(struct writer *w, struct og_sv line, struct og_buf *b)
{
	struct og_sv s = og_sv_trim(line);
	if (og_sv_starts(s, OG_SV("- ")))
		s = og_sv_trim(og_sv(s.p + 2, s.n - 2));
	size_t colon = 0;
	while (colon < s.n && !(s.p[colon] == ':' && (colon + 1 == s.n || s.p[colon + 1] == ' ')))
		colon++;
	if (colon == s.n)
		return false;
	struct og_sv key = unquoted(og_sv(s.p, colon));
	struct og_sv value = unquoted(og_sv(s.p + colon + 1, s.n - colon - 1));
	bool found = true;
	if (og_sv_is(key, OG_LABEL_REVISION))
		og_buf_lit(b, "hash of all that shaped the pod");
	else if (og_sv_is(key, OG_ANNOTATION_INJECTION))
		og_buf_lit(b, "record of what was put in, for uninject");
	else
		found = false;
	for (size_t i = 0; i < w->o->nplans && !found; i++) {
		const struct og_plan *p = w->o->plans[i];
		if (og_sv_is(key, "name"))
			found = from_env(b, p, value, false) ||
				from_objects(
					b, p->volumes, p->nvolumes, value, "a volume of ours") ||
				from_objects(
					b, p->inits, p->ninits, value, "an init container of ours");
		else if (og_sv_is(key, "value"))
			found = from_env(b, p, w->name, true);
		else
			found = from_objects(b, p->labels, p->nlabels, key, "a label of ours") ||
				from_objects(b, p->annotations, p->nannotations, key,
					"an annotation of ours");
	}
	return found;
}

static void note_name(struct writer *w, struct og_sv line)
{
	struct og_sv s = og_sv_trim(og_sv(line.p + 1, line.n - 1));
	if (og_sv_starts(s, OG_SV("- ")))
		s = og_sv_trim(og_sv(s.p + 2, s.n - 2));
	if (og_sv_starts(s, OG_SV("name:")))
		w->name = unquoted(og_sv(s.p + 5, s.n - 5));
}

static void added(struct writer *w, struct og_sv line)
{
	struct og_buf why og_auto_buf = OG_BUF_INIT(0);
	bool colour = w->o->colour;
	bool has = w->o->nplans && reason(w, og_sv(line.p + 1, line.n - 1), &why);
	og_buf_inherit(w->b, &why);
	if (has && line.n > LONG_COLUMNS) {
		size_t at = 1;
		og_buf_ch(w->b, '#');
		for (; at < line.n && line.p[at] == ' '; at++)
			og_buf_ch(w->b, ' ');
		og_style_sv(w->b, colour, OG_STYLE_DIM, og_buf_view(&why));
		og_buf_ch(w->b, '\n');
		has = false;
	}
	put(w, true, OG_STYLE_GREEN, line);
	if (has) {
		struct og_buf c og_auto_buf = OG_BUF_INIT(0);
		og_buf_lit(&c, "# ");
		og_buf_sv(&c, og_buf_view(&why));
		og_buf_inherit(w->b, &c);
		for (size_t at = line.n; at < REASON_COLUMN - 2; at++)
			og_buf_ch(w->b, ' ');
		og_buf_lit(w->b, "  ");
		og_style_sv(w->b, colour, OG_STYLE_DIM, og_buf_view(&c));
	}
	og_buf_ch(w->b, '\n');
}

static void plain(struct writer *w, struct og_sv line)
{
	static const struct {
		const char *begin;
		enum og_style style;
	} styles[] = {
		{"@@", OG_STYLE_CYAN},
		{"-", OG_STYLE_RED},
	};
	for (size_t i = 0; i < OG_COUNT(styles); i++) {
		if (!og_sv_starts(line, og_svz(styles[i].begin)))
			continue;
		put(w, true, styles[i].style, line);
		og_buf_ch(w->b, '\n');
		return;
	}
	put(w, false, OG_STYLE_DIM, line);
	og_buf_ch(w->b, '\n');
}

bool og_diff_write(
	struct og_buf *b, const struct og_diff_options *o, struct og_sv from, struct og_sv to)
{
	struct og_buf text og_auto_buf = OG_BUF_INIT(0);
	struct writer w = {.b = b, .o = o};
	const struct og_textdiff_options to_text = {
		.old_name = o->from_name,
		.new_name = o->to_name,
		.context = o->context,
		.no_context = o->context == 0,
	};
	if (og_textdiff_unified(from, to, &to_text, o->arena, &text, NULL, NULL) != 0) {
		b->failed = true;
		return false;
	}
	struct og_sv rest = og_buf_view(&text), line;
	bool any = rest.n > 0;
	for (unsigned n = 0; og_sv_split(&rest, '\n', &line); n++) {
		if (n < 2)
			put(&w, true, OG_STYLE_BOLD, line), og_buf_ch(b, '\n');
		else if (line.n && line.p[0] == '+')
			added(&w, line);
		else
			plain(&w, line);
		if (n >= 2 && line.n)
			note_name(&w, line);
	}
	return any;
}
