/* SPDX-License-Identifier: Apache-2.0 */
/* Edits inside { } and [ ], JSON included. */
#include "splice-priv.h"

struct flow {
	struct og_xnode *x;
	struct og_sv indent; /* white space before the entries of a container of many lines */
	struct og_sv unit;   /* of nested JSON; empty = one line */
	bool pretty;	     /* entries on lines of their own */
	bool tight;	     /* no blank behind commas */
};

static uint32_t item_start(const struct og_splice *s, const struct og_xnode *c)
{
	return og_sp_node(s, c->ykey ? c->ykey : c->y)->start;
}

static uint32_t item_end(const struct og_splice *s, const struct og_xnode *c)
{
	uint32_t end = og_sp_node(s, c->y)->end;
	uint32_t key_end = c->ykey ? og_sp_node(s, c->ykey)->end : 0;
	return end > key_end ? end : key_end;
}

static struct og_sv line_indent(const struct og_splice *s, uint32_t pos)
{
	uint32_t from = og_sp_line_start(s, pos), p = from;
	while (p < pos && (s->text.p[p] == ' ' || s->text.p[p] == '\t'))
		p++;
	return og_sv(s->text.p + from, p - from);
}

/* How much deeper the entries of a container stand than the container; "" when on one line. */
static struct og_sv unit_of(const struct og_splice *s, uint32_t y)
{
	const struct og_ynode *n = og_sp_node(s, y);
	if (!n->first)
		return OG_SV("");
	uint32_t at = og_sp_node(s, n->first)->start, open = og_sp_content(s, y);
	if (og_sp_line_start(s, at) == og_sp_line_start(s, open))
		return OG_SV("");
	struct og_sv in = line_indent(s, at), out = line_indent(s, open);
	if (in.n > out.n && og_sv_starts(in, out))
		return og_sv(in.p + out.n, in.n - out.n);
	return OG_SV("  ");
}

static int put(struct og_splice *s, uint32_t pos, uint32_t end, struct og_buf *b, bool lines)
{
	return og_sp_add_edit(s, pos, end, b, lines);
}

static int delete (struct og_splice *s, uint32_t pos, uint32_t end)
{
	struct og_buf none = OG_BUF_INIT(0);
	return put(s, pos, end, &none, false);
}

/* The whole value is written anew. */
static int replace(struct og_splice *s, struct og_xnode *x)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	const struct og_ynode *n = og_sp_node(s, x->y);
	uint32_t from = n->start, end = n->end;
	struct og_sv unit = s->d->json ? unit_of(s, s->root->y) : OG_SV("");
	if (from == end && x->up) {
		if (!from || s->text.p[from - 1] != ':')
			return og_sp_refuse(s, from,
				"a value that is not written cannot be "
				"replaced here (write null)");
		og_buf_ch(&b, ' ');
	}
	struct og_sv anchor = og_sp_anchor(s, x->y);
	if (anchor.n) {
		og_buf_sv(&b, anchor);
		og_buf_ch(&b, ' ');
	}
	if (!og_sp_flow(s, &b, x, line_indent(s, from), unit))
		return -(int)s->err->code;
	return put(s, from, end, &b, false);
}

static void look_up(const struct og_splice *s, struct og_xnode *x, struct flow *f)
{
	struct og_xnode *first = og_sp_next_in_text(x->first);
	struct og_sv unit = unit_of(s, x->y);
	*f = (struct flow){.x = x, .pretty = unit.n > 0, .tight = s->compact};
	if (!first)
		return;
	struct og_xnode *second = og_sp_next_in_text(first->next);
	f->indent = line_indent(s, item_start(s, first));
	f->unit = s->d->json ? unit : OG_SV("");
	if (!second || f->pretty)
		return;
	uint32_t p = item_end(s, first), end = item_start(s, second);
	while (p < end && s->text.p[p] != ',')
		p++;
	f->tight = p + 1 == end;
}

static uint32_t skip_blanks(const struct og_splice *s, uint32_t p)
{
	while (p < s->text.n && (s->text.p[p] == ' ' || s->text.p[p] == '\t'))
		p++;
	return p;
}

static void separate(struct og_splice *s, const struct flow *f, struct og_buf *b)
{
	og_buf_ch(b, ',');
	if (f->pretty) {
		og_buf_sv(b, s->nl);
		og_buf_sv(b, f->indent);
	} else if (!f->tight) {
		og_buf_ch(b, ' ');
	}
}

static bool fresh_follows(const struct og_xnode *c)
{
	for (c = c->next; c && (c->removed || !c->y); c = c->next)
		if (!c->removed)
			return true;
	return false;
}

/* `first` tells the first new entry behind prev from the later ones. */
static int insert_after(struct og_splice *s, const struct flow *f, struct og_xnode *prev,
	struct og_xnode *c, bool first)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0), comma = OG_BUF_INIT(0);
	uint32_t end = item_end(s, prev), p = skip_blanks(s, end);
	bool has_comma = p < s->text.n && s->text.p[p] == ',';
	struct og_xnode *next = og_sp_next_in_text(prev->next);
	bool own_line = f->pretty && og_sp_rest_blank(s, has_comma ? p + 1 : end) &&
			(!next || !next->removed);
	if (!own_line)
		separate(s, f, &b);
	else
		og_buf_sv(&b, f->indent);
	if (!og_sp_flow_entry(s, &b, c, f->indent, f->unit))
		return -(int)s->err->code;
	if (!own_line)
		return put(s, end, end, &b, false);
	if (has_comma || fresh_follows(c))
		og_buf_ch(&b, ',');
	og_buf_sv(&b, s->nl);
	int rc = 0;
	if (!has_comma && first) {
		og_buf_ch(&comma, ',');
		rc = put(s, end, end, &comma, false);
	}
	uint32_t line = og_sp_line_next(s, end);
	return rc ? rc : put(s, line, line, &b, true);
}

static int insert_before(
	struct og_splice *s, const struct flow *f, struct og_xnode *next, struct og_xnode *c)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	if (!og_sp_flow_entry(s, &b, c, f->indent, f->unit))
		return -(int)s->err->code;
	separate(s, f, &b);
	return put(s, item_start(s, next), item_start(s, next), &b, false);
}

/* Behind the comma that follows pos on its line, or pos. */
static uint32_t behind_comma(const struct og_splice *s, uint32_t pos)
{
	uint32_t p = skip_blanks(s, pos);
	return p < s->text.n && s->text.p[p] == ',' ? p + 1 : pos;
}

/* A run of removed entries, with the comma before or behind it. Entries on lines of their own go
 * with their lines, so that the comments of their neighbours stay. */
static int remove_run(struct og_splice *s, struct og_xnode *before, struct og_xnode *from,
	struct og_xnode **ret_last)
{
	struct og_xnode *last = from, *next = og_sp_next_in_text(from->next);
	while (next && next->removed) {
		last = next;
		next = og_sp_next_in_text(next->next);
	}
	*ret_last = last;
	uint32_t start = item_start(s, from), end = item_end(s, last);
	uint32_t line = og_sp_line_start(s, start), comma = behind_comma(s, end);
	bool own_lines = skip_blanks(s, line) == start && og_sp_rest_blank(s, comma);
	if (next && own_lines && comma > end)
		return delete (s, line, og_sp_line_next(s, comma));
	if (next)
		return delete (s, start, item_start(s, next));
	uint32_t kept = item_end(s, before), kept_comma = behind_comma(s, kept);
	if (!own_lines || comma > end || kept_comma == kept || !og_sp_rest_blank(s, kept_comma))
		return delete (s, kept, end);
	int rc = delete (s, kept_comma - 1, kept_comma);
	return rc ? rc : delete (s, line, og_sp_line_next(s, end));
}

int og_sp_edit_flow(struct og_splice *s, struct og_xnode *x)
{
	if (x->fresh || !og_sp_next_kept(x->first))
		return replace(s, x);
	struct flow f;
	struct og_xnode *prev = NULL, *run = NULL;
	bool first = true;
	int rc = 0;
	look_up(s, x, &f);
	for (struct og_xnode *c = x->first; c && !rc; c = c->next) {
		if (c->y && c->removed) {
			/* The children between the ends of a run are done with it. */
			if (run == NULL)
				rc = remove_run(s, prev, c, &run);
			if (run == c)
				run = NULL;
		} else if (c->y) {
			rc = og_sp_edit(s, c);
			prev = c;
			first = true;
		} else if (!c->removed) {
			rc = prev ? insert_after(s, &f, prev, c, first)
				  : insert_before(s, &f, og_sp_next_kept(c), c);
			first = false;
		}
	}
	return rc;
}
