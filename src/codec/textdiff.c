/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unified differences. Lines become numbers (equal lines, equal numbers), Myers' search marks which
 * of them are removed and added, the marks are written as hunks.
 */
#include "otelgate/codec/textdiff.h"

#include <stdint.h>
#include <stdlib.h>

enum { MAX_EDITS = 512 }; /* of one search */
#define MAX_LINES ((size_t)1 << 28)

struct side {
	struct og_sv *line; /* with its LF */
	uint32_t *id;
	bool *changed; /* removed or added */
	uint32_t n;
};

struct differ {
	struct side a, b;
	struct og_arena *arena;
	int32_t *reach; /* furthest a-line per diagonal and number of edits */
};

static bool split(struct og_arena *arena, struct og_sv text, struct side *s)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n' || i + 1 == text.n;
	if (n > MAX_LINES)
		return false;
	s->line = og_arena_new_n(arena, n + 1, struct og_sv);
	s->id = og_arena_new_n(arena, n + 1, uint32_t);
	s->changed = og_arena_new_n(arena, n + 1, bool);
	if (!s->line || !s->id || !s->changed)
		return false;
	for (size_t from = 0; from < text.n;) {
		const char *lf = memchr(text.p + from, '\n', text.n - from);
		size_t end = lf ? (size_t)(lf - text.p) + 1 : text.n;
		s->line[s->n++] = og_sv(text.p + from, end - from);
		from = end;
	}
	return true;
}

struct ref {
	struct og_sv line;
	uint32_t *id;
};

static int by_line(const void *x, const void *y)
{
	return og_sv_cmp(((const struct ref *)x)->line, ((const struct ref *)y)->line);
}

static bool number(struct differ *d)
{
	uint32_t n = d->a.n + d->b.n, next = 0;
	struct ref *r = og_arena_new_n(d->arena, (size_t)n + 1, struct ref);
	if (!r)
		return false;
	for (uint32_t i = 0; i < d->a.n; i++)
		r[i] = (struct ref){d->a.line[i], &d->a.id[i]};
	for (uint32_t i = 0; i < d->b.n; i++)
		r[d->a.n + i] = (struct ref){d->b.line[i], &d->b.id[i]};
	qsort(r, n, sizeof(*r), by_line);
	for (uint32_t i = 0; i < n; i++) {
		if (i && !og_sv_eq(r[i - 1].line, r[i].line))
			next++;
		*r[i].id = next;
	}
	return true;
}

/* Row d of the table: diagonals -d … d. */
static int32_t *row(struct differ *d, int edits)
{
	return d->reach + (size_t)edits * (size_t)(edits + 1);
}

static int32_t slide(const struct differ *d, uint32_t x0, uint32_t y0, int32_t x, int32_t k)
{
	int32_t y = x - k;
	while (x0 + (uint32_t)x < d->a.n && y0 + (uint32_t)y < d->b.n &&
		d->a.id[x0 + (uint32_t)x] == d->b.id[y0 + (uint32_t)y]) {
		x++;
		y++;
	}
	return x;
}

enum { NOWHERE = INT32_MIN / 2 };

struct box {
	int32_t n, m;
};

/* Where diagonal k gets with one more edit: down (a line of b) or right (a line of a), whichever
 * goes further inside the box. */
static int32_t step(const int32_t *up, int k, int edits, struct box box, bool *ret_down)
{
	int32_t right = k > -edits ? up[k - 1] + 1 : NOWHERE;
	int32_t down = k < edits ? up[k + 1] : NOWHERE;
	if (right < 0 || right > box.n)
		right = NOWHERE;
	if (down < 0 || down - k > box.m)
		down = NOWHERE;
	*ret_down = down >= right;
	return *ret_down ? down : right;
}

/* Walks the table back from diagonal k with `edits` edits and marks the lines. */
static void mark(struct differ *d, uint32_t x0, uint32_t y0, struct box box, int edits, int k)
{
	for (; edits > 0; edits--) {
		const int32_t *up = row(d, edits - 1);
		bool down;
		step(up, k, edits, box, &down);
		k += down ? 1 : -1;
		int32_t x = up[k], y = x - k;
		if (down)
			d->b.changed[y0 + (uint32_t)y] = true;
		else
			d->a.changed[x0 + (uint32_t)x] = true;
	}
}

/* One more edit on every diagonal; the furthest point's diagonal, and how far it is. */
static int32_t advance(
	struct differ *d, uint32_t x0, uint32_t y0, struct box box, int edits, int *ret_k)
{
	const int32_t *up = row(d, edits - 1);
	int32_t *now = row(d, edits), best = NOWHERE;
	for (int k = -edits; k <= edits; k += 2) {
		bool down;
		now[k] = step(up, k, edits, box, &down);
		if (now[k] == NOWHERE)
			continue;
		now[k] = slide(d, x0, y0, now[k], k);
		if (2 * now[k] - k > best) {
			best = 2 * now[k] - k;
			*ret_k = k;
		}
	}
	return best;
}

/* One search from (x0, y0); moves them to where it ended. */
static void search(struct differ *d, uint32_t *x0, uint32_t *y0)
{
	struct box box = {(int32_t)(d->a.n - *x0), (int32_t)(d->b.n - *y0)};
	int k = 0, edits = 0;
	int32_t best = slide(d, *x0, *y0, 0, 0);
	row(d, 0)[0] = best;
	best *= 2;
	while (best != box.n + box.m && edits < MAX_EDITS)
		best = advance(d, *x0, *y0, box, ++edits, &k);
	int32_t x = row(d, edits)[k];
	mark(d, *x0, *y0, box, edits, k);
	*x0 += (uint32_t)x;
	*y0 += (uint32_t)(x - k);
}

static bool compare(struct differ *d)
{
	size_t cells = (size_t)(MAX_EDITS + 1) * (MAX_EDITS + 2);
	d->reach = og_arena_alloc(d->arena, cells * sizeof(*d->reach));
	if (!d->reach)
		return false;
	uint32_t x = 0, y = 0;
	while (x < d->a.n || y < d->b.n)
		search(d, &x, &y);
	return true;
}

/* ---- Writing --------------------------------------------------------------------------------- */

struct writer {
	struct differ *d;
	struct og_buf *out;
	bool colour;
};

static const char plain[] = "\033[0m";

static void put_visible(struct og_buf *b, struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool c1 = c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0;
		if (c1)
			og_buf_fmt(b, "<U+%04X>", (unsigned)(unsigned char)s.p[++i]);
		else if ((c < 0x20 && c != '\t') || c == 0x7F)
			og_buf_add(b, (char[2]){'^', (char)(c ^ 0x40)}, 2);
		else
			og_buf_ch(b, s.p[i]);
	}
}

static void put_line(struct writer *w, char sign, struct og_sv line)
{
	bool lf = line.n && line.p[line.n - 1] == '\n';
	struct og_sv text = og_sv(line.p, line.n - lf);
	bool cr = text.n && text.p[text.n - 1] == '\r';
	if (w->colour && sign != ' ')
		og_buf_str(w->out, sign == '+' ? "\033[32m" : "\033[31m");
	og_buf_ch(w->out, sign);
	if (w->colour)
		put_visible(w->out, og_sv(text.p, text.n - cr));
	else
		og_buf_sv(w->out, text);
	if (w->colour && sign != ' ')
		og_buf_str(w->out, plain);
	og_buf_str(w->out, lf ? "\n" : "\n\\ No newline at end of file\n");
}

static void put_range(struct og_buf *b, char sign, uint32_t from, uint32_t n)
{
	/* An empty range is named by the line before it. */
	og_buf_fmt(b, " %c%u", sign, n ? from + 1 : from);
	if (n != 1)
		og_buf_fmt(b, ",%u", n);
}

static void put_hunk(struct writer *w, uint32_t a, uint32_t a_end, uint32_t b, uint32_t b_end)
{
	if (w->colour)
		og_buf_str(w->out, "\033[36m");
	og_buf_lit(w->out, "@@");
	put_range(w->out, '-', a, a_end - a);
	put_range(w->out, '+', b, b_end - b);
	og_buf_lit(w->out, " @@");
	og_buf_str(w->out, w->colour ? plain : "");
	og_buf_ch(w->out, '\n');
	while (a < a_end || b < b_end) {
		for (; a < a_end && w->d->a.changed[a]; a++)
			put_line(w, '-', w->d->a.line[a]);
		for (; b < b_end && w->d->b.changed[b]; b++)
			put_line(w, '+', w->d->b.line[b]);
		for (; a < a_end && b < b_end && !w->d->a.changed[a] && !w->d->b.changed[b]; b++)
			put_line(w, ' ', w->d->a.line[a++]);
	}
}

static void put_hunks(struct writer *w, uint32_t context)
{
	const struct side *a = &w->d->a, *b = &w->d->b;
	uint32_t i = 0, k = 0;
	for (;;) {
		while (i < a->n && k < b->n && !a->changed[i] && !b->changed[k]) {
			i++;
			k++;
		}
		if (i == a->n && k == b->n)
			return;
		uint32_t lead = i < context ? i : context, from_a = i - lead, from_b = k - lead;
		uint32_t quiet = 0;
		while ((i < a->n || k < b->n) && quiet <= 2 * context) {
			bool changed = false;
			for (; i < a->n && a->changed[i]; i++)
				changed = true;
			for (; k < b->n && b->changed[k]; k++)
				changed = true;
			if (changed)
				quiet = 0;
			if (i < a->n && k < b->n && !a->changed[i] && !b->changed[k]) {
				i++;
				k++;
				quiet++;
			}
		}
		uint32_t back = quiet > context ? quiet - context : 0;
		put_hunk(w, from_a, i - back, from_b, k - back);
	}
}

static void put_name(struct writer *w, const char *mark_text, const char *name)
{
	if (w->colour)
		og_buf_lit(w->out, "\033[1m");
	og_buf_str(w->out, mark_text);
	put_visible(w->out, og_svz(name));
	og_buf_str(w->out, w->colour ? plain : "");
	og_buf_ch(w->out, '\n');
}

int og_textdiff_unified(struct og_sv old_text, struct og_sv new_text,
	const struct og_textdiff_options *options, struct og_arena *arena, struct og_buf *out,
	struct og_textdiff_stat *ret_stat, struct og_err *err)
{
	struct og_textdiff_options o = options ? *options : (struct og_textdiff_options){0};
	struct og_textdiff_stat stat = {0, 0};
	struct differ d = {.arena = arena};
	if (!og_sv_eq(old_text, new_text)) {
		if (!split(arena, old_text, &d.a) || !split(arena, new_text, &d.b) || !number(&d) ||
			!compare(&d))
			return og_err_set(err, OG_E_OOM, "no memory for the difference");
		struct writer w = {.d = &d, .out = out, .colour = o.colour};
		size_t before = out->len;
		if (o.old_name && o.new_name) {
			put_name(&w, "--- ", o.old_name);
			put_name(&w, "+++ ", o.new_name);
		}
		put_hunks(&w, o.no_context ? 0 : o.context ? o.context : 3);
		if (out->failed) {
			out->len = before;
			return og_err_set(err, OG_E_LIMIT, "no room for the difference");
		}
		for (uint32_t i = 0; i < d.a.n; i++)
			stat.removed += d.a.changed[i];
		for (uint32_t i = 0; i < d.b.n; i++)
			stat.added += d.b.changed[i];
	}
	if (ret_stat)
		*ret_stat = stat;
	return 0;
}
