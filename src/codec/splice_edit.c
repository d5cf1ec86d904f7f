/* SPDX-License-Identifier: Apache-2.0 */
/* Edits of block collections: new entries, removed lines, replaced values. */
#include "splice-priv.h"

static bool is_container(const struct og_xnode *x)
{
	return x->kind == OG_Y_MAP || x->kind == OG_Y_SEQ;
}

static int delete (struct og_splice *s, uint32_t pos, uint32_t end)
{
	struct og_buf none = OG_BUF_INIT(0);
	return pos < end ? og_sp_add_edit(s, pos, end, &none, false) : 0;
}

/* ---- Replacing a whole value ----------------------------------------------------------------- */

/* What stands there now, and where. */
struct slot {
	struct og_xnode *x;
	uint32_t owner;	    /* behind the colon or dash */
	uint32_t owner_col; /* column of the key or dash */
	uint32_t value_end;
	uint32_t first_lead; /* of an old block collection */
	bool own_lines;	     /* the old value is a block collection that starts on its own line */
	struct og_sv anchor;
};

static int look_up_slot(struct og_splice *s, struct slot *t)
{
	const struct og_ynode *n = og_sp_node(s, t->x->y);
	int rc = t->x->up ? og_sp_owner_point(s, t->x, &t->owner) : 0;
	if (rc)
		return rc;
	t->owner_col = t->x->up ? og_sp_column(s, t->x->lead) : 0;
	t->value_end = og_sp_value_end(s, t->x->y);
	t->anchor = og_sp_anchor(s, t->x->y);
	if (n->first && !n->flow) {
		struct og_xnode first = {.y = n->first};
		if (n->kind == OG_Y_MAP) {
			first.ykey = n->first;
			first.y = og_sp_node(s, n->first)->next;
		}
		rc = og_sp_find_lead(s, &first);
		t->first_lead = first.lead;
		t->own_lines = og_sp_first_on_line(s, first.lead);
	}
	if (!t->x->up)
		t->owner = n->start;
	if (t->value_end < t->owner)
		t->value_end = t->owner;
	return rc;
}

/* Behind the anchor and tag of an old collection that starts on its own line. */
static uint32_t properties_end(const struct og_splice *s, const struct slot *t)
{
	uint32_t start = og_sp_node(s, t->x->y)->start, end = og_sp_content(s, t->x->y);
	if (end <= start)
		return t->owner;
	/* They end on the owner's line, or are the last thing on some other one. */
	uint32_t p = start;
	while (p < end && (s->text.p[p] == '&' || s->text.p[p] == '!')) {
		while (p < end && !strchr(" \t\r\n", s->text.p[p]))
			p++;
		end = p < end && s->text.p[p] == ' ' &&
				      (s->text.p[p + 1] == '&' || s->text.p[p + 1] == '!')
			      ? end
			      : p;
		p++;
	}
	return end;
}

static void put_anchor(struct og_buf *b, const struct slot *t)
{
	if (t->anchor.n) {
		og_buf_ch(b, ' ');
		og_buf_sv(b, t->anchor);
	}
}

/* The old lines of a collection go; what replaces them, if anything, is `lines`. */
static int replace_lines(struct og_splice *s, const struct slot *t, struct og_buf *lines)
{
	uint32_t after, from = og_sp_line_start(s, t->first_lead);
	int rc = og_sp_after(s, t->x->y, &after);
	if (!rc && lines)
		rc = og_sp_add_edit(s, from, from, lines, true);
	return rc ? rc : delete (s, from, after);
}

static int slot_inline(struct og_splice *s, const struct slot *t)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	put_anchor(&b, t);
	/* a null where a block was is mostly written as nothing, as before inject filled it */
	bool nothing = t->own_lines && t->x->up && t->x->ykey && !b.len &&
		       og_jis(t->x->val, OG_J_NULL) && t->x->kind != OG_Y_MAP &&
		       t->x->kind != OG_Y_SEQ;
	if (t->x->up && !nothing)
		og_buf_ch(&b, ' ');
	if (!nothing && !og_sp_inline(s, &b, t->x, false))
		return -(int)s->err->code;
	if (!t->own_lines)
		return og_sp_add_edit(s, t->owner, t->value_end, &b, false);
	if (!t->x->up) {
		og_buf_sv(&b, s->nl);
		return replace_lines(s, t, &b);
	}
	int rc = og_sp_add_edit(s, t->owner, properties_end(s, t), &b, false);
	return rc ? rc : replace_lines(s, t, NULL);
}

static void drop_final_break(struct og_splice *s, struct og_buf *b)
{
	if (!b->failed && b->len >= s->nl.n) {
		b->len -= s->nl.n;
		b->p[b->len] = '\0';
	}
}

/* "- name: x": the first entry on the dash's line; or the root. */
static int slot_compact(struct og_splice *s, const struct slot *t, const struct og_sp_style *st)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	uint32_t col = t->x->up ? t->owner_col + st->dash : 0;
	bool bare = true;
	if (t->x->up) {
		og_sp_indent(&b, st->dash - 1);
	} else if (og_sp_column(s, t->owner) > 0) {
		og_buf_sv(&b, s->nl);
		bare = false;
	}
	if (!og_sp_entries(s, &b, t->x, col, bare, st))
		return -(int)s->err->code;
	drop_final_break(s, &b);
	return og_sp_add_edit(s, t->owner, t->value_end, &b, false);
}

static uint32_t slot_column(
	const struct og_splice *s, const struct slot *t, const struct og_sp_style *st)
{
	if (t->own_lines && (!t->x->ykey || og_sp_node(s, t->x->y)->kind == t->x->kind))
		return og_sp_column(s, t->first_lead);
	if (!t->x->ykey)
		return t->owner_col + st->dash;
	return t->owner_col + (t->x->kind == OG_Y_MAP ? st->step : st->seq_offset);
}

static int slot_lines(struct og_splice *s, const struct slot *t, const struct og_sp_style *st)
{
	og_auto_buf struct og_buf head = OG_BUF_INIT(0), lines = OG_BUF_INIT(0);
	put_anchor(&head, t);
	if (!og_sp_entries(s, &lines, t->x, slot_column(s, t, st), false, st))
		return -(int)s->err->code;
	if (t->own_lines) {
		uint32_t end = t->x->up ? properties_end(s, t) : t->owner;
		int rc = end > t->owner ? og_sp_add_edit(s, t->owner, end, &head, false) : 0;
		return rc ? rc : replace_lines(s, t, &lines);
	}
	if (!og_sp_rest_blank(s, t->value_end))
		return og_sp_refuse(s, t->value_end,
			"something follows this value on its line (put it on a line of its own)");
	int rc = 0;
	if (head.len || t->value_end > t->owner)
		rc = og_sp_add_edit(s, t->owner, t->value_end, &head, false);
	uint32_t next = og_sp_line_next(s, t->value_end);
	return rc ? rc : og_sp_add_edit(s, next, next, &lines, true);
}

static struct og_sp_style style_of(struct og_splice *s, struct og_xnode *x)
{
	struct og_sp_style st = {.step = og_sp_step(s, x),
		.seq_offset = og_sp_seq_offset(s, x),
		.dash = og_sp_dash(s)};
	if (!x->y || x->fresh || x->kind != OG_Y_SEQ)
		return st;
	for (struct og_xnode *c = og_sp_next_in_text(x->first); c;
		c = og_sp_next_in_text(c->next)) {
		uint32_t at = og_sp_node(s, c->y)->start;
		if (!og_sp_find_lead(s, c) && at > c->lead + 1 && at - c->lead < 16 &&
			og_sp_line_start(s, at) == og_sp_line_start(s, c->lead)) {
			st.dash = at - c->lead;
			break;
		}
	}
	return st;
}

/* Writes x in full in the place of its old value, in block style. */
static int edit_slot(struct og_splice *s, struct og_xnode *x)
{
	struct slot t = {.x = x};
	if (!og_sp_open(s, x))
		return og_sp_oom(s);
	int rc = look_up_slot(s, &t);
	if (rc)
		return rc;
	if (!is_container(x) || og_sp_empty(x))
		return slot_inline(s, &t);
	struct og_sp_style st = style_of(s, x->up ? x->up : x);
	if (!t.own_lines && !x->ykey && !t.anchor.n)
		return slot_compact(s, &t, &st);
	return slot_lines(s, &t, &st);
}

/* ---- Block collections ----------------------------------------------------------------------- */

struct block {
	struct og_xnode *x, *first, *last; /* children in the text */
	uint32_t col, owner_col, first_lead;
	bool first_compact; /* the first entry stands behind a dash */
	struct og_sp_style st;
};

/* Lines of a removed entry. */
static int remove_lines(struct og_splice *s, const struct block *b, struct og_xnode *c)
{
	uint32_t after;
	int rc = og_sp_after(s, c->y, &after);
	if (rc)
		return rc;
	if (c != b->first || !b->first_compact)
		return delete (s, og_sp_line_start(s, c->lead),
			s->with_blanks ? og_sp_skip_blank_lines(s, after) : after);
	/* Behind a dash: the next entry moves up, unless comments stand between. */
	struct og_xnode *kept = og_sp_next_kept(b->first), *last = b->first, *k;
	bool fresh_before = false;
	for (k = b->x->first; k != kept; k = k->next) {
		fresh_before |= !k->y && !k->removed;
		if (k->y)
			last = k;
	}
	rc = og_sp_after(s, last->y, &after);
	if (rc)
		return rc;
	if (after == og_sp_line_start(s, kept->lead) || fresh_before) {
		rc = delete (s, b->first_lead, kept->lead);
		for (k = b->first; k != kept; k = k->next)
			if (k->y)
				k->lead = UINT32_MAX; /* handled */
		return rc;
	}
	og_auto_buf struct og_buf nl = OG_BUF_INIT(0);
	og_buf_sv(&nl, s->nl);
	uint32_t from = b->first_lead;
	while (from > 0 && s->text.p[from - 1] == ' ')
		from--;
	rc = og_sp_after(s, b->first->y, &after);
	return rc ? rc : og_sp_add_edit(s, from, after, &nl, false);
}

static int insert_after(
	struct og_splice *s, const struct block *b, struct og_xnode *prev, struct og_xnode *c)
{
	uint32_t pos;
	int rc = og_sp_after(s, prev->y, &pos);
	if (!rc)
		rc = og_sp_fix_chomping(s, prev->y, pos);
	if (rc)
		return rc;
	uint32_t min_col = b->col + 1;
	if (!og_sp_next_in_text(c) && prev == b->last && b->col > b->owner_col)
		min_col = b->col;
	pos = og_sp_skip_comments(s, pos, min_col);
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	if (!og_sp_entry(s, &text, c, b->col, false, &b->st))
		return -(int)s->err->code;
	return og_sp_add_edit(s, pos, pos, &text, true);
}

static int insert_before(
	struct og_splice *s, const struct block *b, struct og_xnode *next, struct og_xnode *c)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	if (!og_sp_entry(s, &text, c, b->col, b->first_compact, &b->st))
		return -(int)s->err->code;
	if (b->first_compact) {
		og_sp_indent(&text, b->col);
		return og_sp_add_edit(s, b->first_lead, b->first_lead, &text, false);
	}
	uint32_t pos = og_sp_head_comments(s, og_sp_line_start(s, next->lead), b->col);
	return og_sp_add_edit(s, pos, pos, &text, true);
}

static int look_up_block(struct og_splice *s, struct og_xnode *x, struct block *b)
{
	*b = (struct block){.x = x, .first = og_sp_next_in_text(x->first)};
	for (struct og_xnode *c = b->first; c; c = og_sp_next_in_text(c->next)) {
		int rc = og_sp_find_lead(s, c);
		if (rc)
			return rc;
		b->last = c;
		if (c != b->first && !og_sp_first_on_line(s, c->lead))
			return og_sp_refuse(s, c->lead, "this entry does not start its line");
	}
	b->first_lead = b->first->lead;
	b->col = og_sp_column(s, b->first_lead);
	b->first_compact = !og_sp_first_on_line(s, b->first_lead);
	if (x->up && x->up->kind && !og_sp_node(s, x->up->y)->flow) {
		int rc = og_sp_find_lead(s, x);
		if (rc)
			return rc;
		b->owner_col = og_sp_column(s, x->lead);
	}
	b->st = style_of(s, x);
	return 0;
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than the tree, whose reader has a limit */
static int edit_block(struct og_splice *s, struct og_xnode *x)
{
	struct block b;
	struct og_xnode *prev = NULL;
	int rc = look_up_block(s, x, &b);
	for (struct og_xnode *c = x->first; c && !rc; c = c->next) {
		if (c->y && c->removed) {
			if (c->lead != UINT32_MAX)
				rc = remove_lines(s, &b, c);
		} else if (c->y) {
			rc = og_sp_edit(s, c);
			prev = c;
		} else if (!c->removed) {
			rc = prev ? insert_after(s, &b, prev, c)
				  : insert_before(s, &b, og_sp_next_kept(c), c);
		}
	}
	return rc;
}

int og_sp_edit(struct og_splice *s, struct og_xnode *x)
{
	bool in_flow = s->d->json || (x->up && og_sp_node(s, x->up->y)->flow);
	if (!x->dirty)
		return 0;
	if (!x->fresh && og_sp_node(s, x->y)->flow &&
		(in_flow || og_sp_next_kept(x->first) || og_sp_empty(x)))
		return og_sp_edit_flow(s, x);
	if (in_flow)
		return og_sp_edit_flow(s, x);
	if (!x->fresh && og_sp_next_kept(x->first))
		return edit_block(s, x);
	return edit_slot(s, x);
}
/* NOLINTEND(misc-no-recursion) */
