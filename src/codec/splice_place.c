/* SPDX-License-Identifier: Apache-2.0 */
/* Where things stand in the text: lines, columns, comments, dashes, indentation habits. */
#include "splice-priv.h"

static bool is_break(char c)
{
	return c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

uint32_t og_sp_line_start(const struct og_splice *s, uint32_t pos)
{
	uint32_t line, col;
	og_source_offset(s->d->src, pos, &line, &col);
	return s->d->src->lines[line - 1];
}

uint32_t og_sp_line_end(const struct og_splice *s, uint32_t pos)
{
	while (pos < s->text.n && !is_break(s->text.p[pos]))
		pos++;
	return pos;
}

uint32_t og_sp_line_next(const struct og_splice *s, uint32_t pos)
{
	pos = og_sp_line_end(s, pos);
	if (pos + 1 < s->text.n && s->text.p[pos] == '\r' && s->text.p[pos + 1] == '\n')
		return pos + 2;
	return pos < s->text.n ? pos + 1 : pos;
}

/* The first byte at or behind pos that is no space (a tab is not indentation). */
static uint32_t skip_spaces(const struct og_splice *s, uint32_t pos)
{
	while (pos < s->text.n && s->text.p[pos] == ' ')
		pos++;
	return pos;
}

bool og_sp_first_on_line(const struct og_splice *s, uint32_t pos)
{
	return skip_spaces(s, og_sp_line_start(s, pos)) >= pos;
}

bool og_sp_rest_blank(const struct og_splice *s, uint32_t pos)
{
	uint32_t p = pos;
	while (p < s->text.n && is_blank(s->text.p[p]))
		p++;
	return p == s->text.n || is_break(s->text.p[p]) || (s->text.p[p] == '#' && p > pos);
}

/* Behind the anchor and the tag, in any order, and the white space and comments after each. */
static uint32_t skip_property(const struct og_splice *s, uint32_t p, uint32_t end)
{
	while (p < end && !is_blank(s->text.p[p]) && !is_break(s->text.p[p]))
		p++;
	for (;;) {
		while (p < end && (is_blank(s->text.p[p]) || is_break(s->text.p[p])))
			p++;
		if (p >= end || s->text.p[p] != '#')
			return p;
		p = og_sp_line_end(s, p);
	}
}

uint32_t og_sp_content(const struct og_splice *s, uint32_t y)
{
	const struct og_ynode *n = og_sp_node(s, y);
	uint32_t p = n->start;
	if (n->kind == OG_Y_ALIAS)
		return p;
	while (p < n->end && (s->text.p[p] == '&' || s->text.p[p] == '!'))
		p = skip_property(s, p, n->end);
	return p;
}

struct og_sv og_sp_anchor(const struct og_splice *s, uint32_t y)
{
	const struct og_ynode *n = og_sp_node(s, y);
	uint32_t p = n->start;
	if (!n->anchored)
		return OG_SV("");
	while (p < n->end && s->text.p[p] != '&' && s->text.p[p] == '!')
		p = skip_property(s, p, n->end);
	uint32_t from = p;
	while (p < n->end && !is_blank(s->text.p[p]) && !is_break(s->text.p[p]))
		p++;
	return og_sv(s->text.p + from, p - from);
}

/* The last value in a block collection. */
static uint32_t last_leaf(const struct og_splice *s, uint32_t y)
{
	while (!og_sp_node(s, y)->flow && og_sp_node(s, y)->last)
		y = og_sp_node(s, y)->last;
	return y;
}

static bool is_block_scalar(const struct og_ynode *n)
{
	return n->kind == OG_Y_SCALAR && (n->style == OG_YS_LITERAL || n->style == OG_YS_FOLDED);
}

/* '-', '+' or 0; *ret_at is the indicator, or where it would stand. */
static char chomping(const struct og_splice *s, uint32_t y, uint32_t *ret_at)
{
	uint32_t p = og_sp_content(s, y) + 1;
	while (p < s->text.n && s->text.p[p] >= '0' && s->text.p[p] <= '9')
		p++;
	*ret_at = p;
	return p < s->text.n && (s->text.p[p] == '-' || s->text.p[p] == '+') ? s->text.p[p] : '\0';
}

/* The blank lines behind a block scalar are not its text, unless it keeps them ("+"). A line of
 * more spaces than its header's line may be text. */
static uint32_t scalar_lines_end(const struct og_splice *s, uint32_t y)
{
	const struct og_ynode *n = og_sp_node(s, y);
	uint32_t at, end = n->end, header = og_sp_line_start(s, n->start);
	uint32_t indent = skip_spaces(s, header) - header;
	if (chomping(s, y, &at) == '+')
		return end;
	while (end > at && og_sp_line_start(s, end) == end) {
		uint32_t line = og_sp_line_start(s, end - 1);
		uint32_t p = skip_spaces(s, line);
		if (line <= at || !is_break(s->text.p[p]) || p - line > indent)
			break;
		end = line;
	}
	return end;
}

uint32_t og_sp_value_end(const struct og_splice *s, uint32_t y)
{
	const struct og_ynode *n = og_sp_node(s, last_leaf(s, y));
	if (!is_block_scalar(n))
		return n->end;
	uint32_t end = scalar_lines_end(s, last_leaf(s, y));
	if (end > n->start && s->text.p[end - 1] == '\n')
		end--;
	if (end > n->start && s->text.p[end - 1] == '\r')
		end--;
	return end;
}

int og_sp_fix_chomping(struct og_splice *s, uint32_t y, uint32_t pos)
{
	uint32_t leaf = last_leaf(s, y), at;
	if (s->chomped || pos < s->text.n || !pos || is_break(s->text.p[pos - 1]) ||
		!is_block_scalar(og_sp_node(s, leaf)))
		return 0;
	char c = chomping(s, leaf, &at);
	s->chomped = true;
	if (c == '-')
		return 0;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_buf_ch(&b, '-');
	int rc = og_sp_add_edit(s, at, at + (c == '+'), &b, false);
	if (!rc)
		s->edits[s->nedits - 1].optional = true;
	return rc;
}

int og_sp_after(struct og_splice *s, uint32_t y, uint32_t *ret)
{
	uint32_t leaf = last_leaf(s, y);
	const struct og_ynode *n = og_sp_node(s, leaf);
	if (is_block_scalar(n)) {
		*ret = scalar_lines_end(s, leaf);
		return 0;
	}
	if (!og_sp_rest_blank(s, n->end))
		return og_sp_refuse(s, n->end,
			"something follows this value on its line (put it on a line of its own)");
	*ret = og_sp_line_next(s, n->end);
	return 0;
}

uint32_t og_sp_skip_comments(const struct og_splice *s, uint32_t pos, uint32_t min_col)
{
	while (pos < s->d->end) {
		uint32_t p = skip_spaces(s, pos);
		if (p >= s->text.n || s->text.p[p] != '#' || p - pos < min_col)
			break;
		pos = og_sp_line_next(s, p);
	}
	return pos;
}

uint32_t og_sp_skip_blank_lines(const struct og_splice *s, uint32_t pos)
{
	while (pos < s->d->end) {
		uint32_t p = skip_spaces(s, pos);
		if (p >= s->text.n || !is_break(s->text.p[p]))
			break;
		pos = og_sp_line_next(s, p);
	}
	return pos;
}

uint32_t og_sp_head_comments(const struct og_splice *s, uint32_t line, uint32_t col)
{
	while (line > s->d->start && line > s->d->src->lines[0]) {
		uint32_t above = og_sp_line_start(s, line - 1);
		uint32_t p = skip_spaces(s, above);
		if (s->text.p[p] != '#' || p - above != col)
			break;
		line = above;
	}
	return line;
}

/* On a line of spaces and dashes (and a comment), the last dash; UINT32_MAX when there is none. */
static uint32_t dash_on_line(const struct og_splice *s, uint32_t line, uint32_t before)
{
	uint32_t found = UINT32_MAX;
	for (uint32_t p = line; p < before && !is_break(s->text.p[p]); p++) {
		if (s->text.p[p] == '#' && (p == line || is_blank(s->text.p[p - 1])))
			break;
		if (s->text.p[p] == '-' && (p + 1 == before || is_blank(s->text.p[p + 1]) ||
						   is_break(s->text.p[p + 1])))
			found = p;
		else if (!is_blank(s->text.p[p]))
			found = UINT32_MAX;
	}
	return found;
}

static int find_dash(struct og_splice *s, uint32_t y, uint32_t *ret)
{
	uint32_t start = og_sp_node(s, y)->start;
	uint32_t line = og_sp_line_start(s, start), before = start;
	for (;;) {
		uint32_t dash = dash_on_line(s, line, before);
		if (dash != UINT32_MAX) {
			*ret = dash;
			return 0;
		}
		uint32_t p = line;
		while (p < before && is_blank(s->text.p[p]))
			p++;
		bool skip = p == before || is_break(s->text.p[p]) || s->text.p[p] == '#';
		if (!skip || line <= s->d->start || line <= s->d->src->lines[0])
			return og_sp_refuse(s, start, "the dash of this list item was not found");
		before = line;
		line = og_sp_line_start(s, line - 1);
	}
}

int og_sp_find_lead(struct og_splice *s, struct og_xnode *c)
{
	if (c->lead)
		return 0;
	if (!c->ykey)
		return find_dash(s, c->y, &c->lead);
	uint32_t p = og_sp_node(s, c->ykey)->start, line = og_sp_line_start(s, p);
	c->lead = p;
	while (p > line && is_blank(s->text.p[p - 1]))
		p--;
	if (p > line && s->text.p[p - 1] == '?')
		return og_sp_refuse(s, p - 1,
			"a key written with \"?\" cannot be edited (write it as \"key: value\")");
	return 0;
}

int og_sp_owner_point(struct og_splice *s, struct og_xnode *x, uint32_t *ret)
{
	int rc = og_sp_find_lead(s, x);
	if (rc)
		return rc;
	if (!x->ykey) {
		*ret = x->lead + 1;
		return 0;
	}
	uint32_t p = og_sp_node(s, x->ykey)->end;
	while (p < s->text.n && is_blank(s->text.p[p]))
		p++;
	if (p >= s->text.n || s->text.p[p] != ':')
		return og_sp_refuse(s, og_sp_node(s, x->ykey)->start,
			"the colon behind this key was not found");
	*ret = p + 1;
	return 0;
}

/* ---- Habits ---------------------------------------------------------------------------------- */

/* How far the block value of kind `kind` stands right of its key; UINT32_MAX when it says nothing.
 */
static uint32_t offset_of(const struct og_splice *s, uint32_t key, uint8_t kind)
{
	const struct og_ynode *v = og_sp_node(s, og_sp_node(s, key)->next);
	uint32_t at = v->first;
	if (v->kind != kind || v->flow || !at)
		return UINT32_MAX;
	uint32_t start = og_sp_node(s, at)->start;
	uint32_t line = og_sp_line_start(s, start), key_at = og_sp_node(s, key)->start;
	if (line == og_sp_line_start(s, key_at))
		return UINT32_MAX;
	if (kind == OG_Y_SEQ) {
		uint32_t dash = skip_spaces(s, line);
		if (dash >= start || s->text.p[dash] != '-')
			return UINT32_MAX;
		start = dash;
	}
	uint32_t a = start - line, b = og_sp_column(s, key_at);
	return a >= b && a - b < 32 ? a - b : UINT32_MAX;
}

static uint32_t habit_of_map(const struct og_splice *s, uint32_t map, uint8_t kind)
{
	for (uint32_t k = og_sp_node(s, map)->first; k;
		k = og_sp_node(s, og_sp_node(s, k)->next)->next) {
		uint32_t off = offset_of(s, k, kind);
		if (off != UINT32_MAX)
			return off;
	}
	return UINT32_MAX;
}

static uint32_t habit(struct og_splice *s, struct og_xnode *x, uint8_t kind, uint32_t *cached)
{
	for (struct og_xnode *p = x; p; p = p->up)
		if (p->y && !p->fresh && p->kind == OG_Y_MAP) {
			uint32_t off = habit_of_map(s, p->y, kind);
			if (off != UINT32_MAX)
				return off;
		}
	if (*cached == UINT32_MAX) {
		*cached = 2; /* the most common one */
		for (uint32_t i = s->root->y; i < s->tree->count; i++) {
			const struct og_ynode *n = og_sp_node(s, i);
			if (n->start >= s->d->end)
				break;
			uint32_t off = n->kind == OG_Y_MAP && !n->flow ? habit_of_map(s, i, kind)
								       : UINT32_MAX;
			if (off != UINT32_MAX) {
				*cached = off;
				break;
			}
		}
	}
	return *cached;
}

uint32_t og_sp_step(struct og_splice *s, struct og_xnode *x)
{
	uint32_t step = habit(s, x, OG_Y_MAP, &s->step);
	return step ? step : 2;
}

uint32_t og_sp_seq_offset(struct og_splice *s, struct og_xnode *x)
{
	return habit(s, x, OG_Y_SEQ, &s->seq_offset);
}

uint32_t og_sp_dash(struct og_splice *s)
{
	for (uint32_t i = s->root->y; !s->dash && i < s->tree->count; i++) {
		const struct og_ynode *n = og_sp_node(s, i);
		uint32_t at = n->first ? og_sp_node(s, n->first)->start : 0;
		if (n->start >= s->d->end)
			break;
		if (n->kind != OG_Y_SEQ || n->flow || !n->first)
			continue;
		uint32_t dash = dash_on_line(s, og_sp_line_start(s, at), at);
		if (dash != UINT32_MAX && at > dash + 1 && at - dash < 16)
			s->dash = at - dash;
	}
	return s->dash ? s->dash : 2;
}
