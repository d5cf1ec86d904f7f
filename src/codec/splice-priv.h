/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The splicer's inside: an editable tree that remembers where its parts stand in the text
 * (splice_tree.c), the geometry of that text (splice_place.c), the writing of new values
 * (splice_emit.c), and the edits that turn the old text into the new one (splice_edit.c).
 */
#include "otelgate/codec/splice.h"
#include "yaml-priv.h"

/*
 * A value of the edited document. It has a place in the text (y), or none, when it was added.
 * `fresh` values are written out in full; the others keep their text, unless something in them is
 * dirty. Removed children stay in the list as long as they have a place in the text.
 */
struct og_xnode {
	struct og_xnode *up, *next, *first;
	struct og_sv key;   /* of a member */
	struct og_jval val; /* of a fresh value, until it is opened */
	uint32_t y, ykey;   /* nodes of the text; 0 = none */
	uint32_t lead;	    /* of a block child: its dash or key; 0 = not looked up yet */
	uint8_t kind;	    /* enum og_ykind */
	bool fresh, removed, open, dirty;
	bool merge; /* a "<<" member */
};

struct og_splice_edit {
	uint32_t pos, end; /* replaced range */
	uint32_t seq;	   /* order among equal positions */
	struct og_sv text;
	bool lines;    /* whole lines: starts on a line of its own */
	bool optional; /* left out when its place goes away */
};

struct og_splice {
	const struct og_source_doc *d;
	const struct og_ytree *tree;
	struct og_sv text; /* the whole source */
	struct og_arena *a;
	struct og_err *err;
	struct og_sv nl;
	struct og_xnode *root;
	struct og_splice_edit *edits;
	uint32_t nedits, cap;
	uint32_t step, seq_offset; /* indentation habits of the whole document; ~0 = unknown */
	uint32_t dash;		   /* the same, from a dash to its content; 0 = unknown */
	bool compact;		   /* JSON without blanks */
	bool with_blanks;	   /* the blank lines behind removed lines go too */
	bool chomped;		   /* the block scalar that ends the text has its "-" */
};

static inline const struct og_ynode *og_sp_node(const struct og_splice *s, uint32_t y)
{
	return &s->tree->n[y];
}

/* c or the first behind it that the text has, and that stays. */
static inline struct og_xnode *og_sp_next_in_text(struct og_xnode *c)
{
	while (c && !c->y)
		c = c->next;
	return c;
}
static inline struct og_xnode *og_sp_next_kept(struct og_xnode *c)
{
	while (c && (!c->y || c->removed))
		c = c->next;
	return c;
}
int og_sp_oom(struct og_splice *s);
/* UNSUPPORTED at a place. */
int og_sp_refuse(struct og_splice *s, uint32_t off, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int og_sp_add_edit(
	struct og_splice *s, uint32_t pos, uint32_t end, struct og_buf *text, bool lines);

/* splice_tree.c */
/* The nodes of a JSON document in the form of YAML's. */
int og_sp_json_tree(const struct og_source_doc *d, struct og_arena *a, struct og_ytree *ret_tree,
	uint32_t *ret_root);
struct og_xnode *og_sp_root(struct og_splice *s);
/* Builds the children of a container. */
bool og_sp_open(struct og_splice *s, struct og_xnode *x);
int og_sp_operation(struct og_splice *s, struct og_jval op);
/* The first or next child that is still there. */
struct og_xnode *og_sp_live(struct og_xnode *child);
static inline bool og_sp_empty(const struct og_xnode *x)
{
	return og_sp_live(x->first) == NULL;
}

/* splice_place.c */
uint32_t og_sp_line_start(const struct og_splice *s, uint32_t pos);
uint32_t og_sp_line_next(const struct og_splice *s, uint32_t pos); /* start of the next line */
uint32_t og_sp_line_end(const struct og_splice *s, uint32_t pos);  /* before the line break */
static inline uint32_t og_sp_column(const struct og_splice *s, uint32_t pos)
{
	return pos - og_sp_line_start(s, pos);
}
/* Nothing but blanks before pos on its line. */
bool og_sp_first_on_line(const struct og_splice *s, uint32_t pos);
/* Nothing but blanks or a comment behind pos on its line. */
bool og_sp_rest_blank(const struct og_splice *s, uint32_t pos);
/* The value behind its anchor and tag. */
uint32_t og_sp_content(const struct og_splice *s, uint32_t y);
/* The anchor with its "&", or empty. */
struct og_sv og_sp_anchor(const struct og_splice *s, uint32_t y);
/* Last byte of a value's own text, +1 (without the blank lines of a block scalar). */
uint32_t og_sp_value_end(const struct og_splice *s, uint32_t y);
/* The line behind a block child. */
int og_sp_after(struct og_splice *s, uint32_t y, uint32_t *ret);
/* To be called when lines go behind y: a block scalar that ends the text without a line break would
 * gain one, unless its header says "-". */
int og_sp_fix_chomping(struct og_splice *s, uint32_t y, uint32_t pos);
/* Skips comment lines from the line start pos that stand at least min_col deep. */
uint32_t og_sp_skip_comments(const struct og_splice *s, uint32_t pos, uint32_t min_col);
uint32_t og_sp_skip_blank_lines(const struct og_splice *s, uint32_t pos);
/* The first of the comment lines directly above, at exactly this column. */
uint32_t og_sp_head_comments(const struct og_splice *s, uint32_t line, uint32_t col);
/* Finds the dash or key of a block child (child->lead). */
int og_sp_find_lead(struct og_splice *s, struct og_xnode *child);
/* Behind the colon or dash that introduces a value of a block container. */
int og_sp_owner_point(struct og_splice *s, struct og_xnode *x, uint32_t *ret);
/* Columns that a mapping or list below `x`'s keys is moved to the right by. */
uint32_t og_sp_step(struct og_splice *s, struct og_xnode *x);
uint32_t og_sp_seq_offset(struct og_splice *s, struct og_xnode *x);
/* Columns from a dash to its content in this document. */
uint32_t og_sp_dash(struct og_splice *s);

/* splice_emit.c */
struct og_sp_style {
	uint32_t step, seq_offset, dash; /* dash: columns from "-" to its content */
};
void og_sp_indent(struct og_buf *b, uint32_t col);
/* A scalar or an empty container on one line; `flow` when inside { or [. */
bool og_sp_inline(struct og_splice *s, struct og_buf *b, struct og_xnode *x, bool flow);
/* One entry ("key: value" or "- value") at column col; the first line is not indented when `bare`.
 * Every line ends with a line break. */
bool og_sp_entry(struct og_splice *s, struct og_buf *b, struct og_xnode *child, uint32_t col,
	bool bare, const struct og_sp_style *st);
/* All entries of a container. */
bool og_sp_entries(struct og_splice *s, struct og_buf *b, struct og_xnode *x, uint32_t col,
	bool bare, const struct og_sp_style *st);
/* A value in flow style. `indent` (white space of the current line) and `unit` give the layout of
 * pretty-printed JSON; unit.n == 0 means one line. */
bool og_sp_flow(struct og_splice *s, struct og_buf *b, struct og_xnode *x, struct og_sv indent,
	struct og_sv unit);
bool og_sp_flow_entry(struct og_splice *s, struct og_buf *b, struct og_xnode *child,
	struct og_sv indent, struct og_sv unit);

/* splice_edit.c, splice_flow.c */
int og_sp_edit(struct og_splice *s, struct og_xnode *x);
int og_sp_edit_flow(struct og_splice *s, struct og_xnode *x);
