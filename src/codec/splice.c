/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a patch to a new text: the operations change a tree that knows its places, the tree gives
 * edits, the edits give the text, and the text is read again to prove it right.
 */
#include "splice-priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/codec/jpatch.h"

int og_sp_oom(struct og_splice *s)
{
	return og_err_set(s->err, OG_E_OOM, "%s: out of memory", s->d->src->name);
}

int og_sp_refuse(struct og_splice *s, uint32_t off, const char *fmt, ...)
{
	char why[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return og_source_fail(s->d->src, off, OG_E_UNSUPPORTED, s->err, "%s", why);
}

int og_sp_add_edit(struct og_splice *s, uint32_t pos, uint32_t end, struct og_buf *text, bool lines)
{
	if (text->failed)
		return og_sp_oom(s);
	if (s->nedits == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 32;
		void *p = og_arena_grow(
			s->a, s->edits, s->cap * sizeof(*s->edits), cap * sizeof(*s->edits));
		if (!p)
			return og_sp_oom(s);
		s->edits = p;
		s->cap = cap;
	}
	struct og_sv copy = og_arena_sv(s->a, og_buf_view(text));
	if (!copy.p)
		return og_sp_oom(s);
	s->edits[s->nedits] = (struct og_splice_edit){
		.pos = pos, .end = end, .seq = s->nedits, .text = copy, .lines = lines};
	s->nedits++;
	return 0;
}

static int by_position(const void *a, const void *b)
{
	const struct og_splice_edit *x = a, *y = b;
	if (x->pos != y->pos)
		return x->pos < y->pos ? -1 : 1;
	/* Text goes in before what stands there is taken away. */
	if ((x->pos == x->end) != (y->pos == y->end))
		return x->pos == x->end ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool ends_line(const struct og_buf *b)
{
	return !b->len || og_sv_is(og_buf_view(b), "\xEF\xBB\xBF") || b->p[b->len - 1] == '\n' ||
	       b->p[b->len - 1] == '\r';
}

static int apply_edits(struct og_splice *s, struct og_buf *b)
{
	uint32_t at = s->d->start;
	if (s->nedits)
		qsort(s->edits, s->nedits, sizeof(*s->edits), by_position);
	for (uint32_t i = 0; i < s->nedits; i++) {
		const struct og_splice_edit *e = &s->edits[i];
		if (e->pos < at && e->optional)
			continue;
		if (e->pos < at || e->end > s->d->end)
			return og_sp_refuse(s, e->pos,
				"two of these edits touch each other (apply them one by one)");
		og_buf_add(b, s->text.p + at, e->pos - at);
		if (e->lines && !ends_line(b))
			og_buf_sv(b, s->nl);
		og_buf_sv(b, e->text);
		at = e->end;
	}
	og_buf_add(b, s->text.p + at, s->d->end - at);
	return b->failed ? og_sp_oom(s) : 0;
}

/* CRLF when the first line ends so. */
static struct og_sv line_break_of(struct og_sv t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == '\n')
			return OG_SV("\n");
		if (t.p[i] == '\r')
			return i + 1 < t.n && t.p[i + 1] == '\n' ? OG_SV("\r\n") : OG_SV("\r");
	}
	return OG_SV("\n");
}

/* {"a":1} rather than {"a": 1}: what the first member of the document shows. */
static bool is_compact(const struct og_splice *s)
{
	for (uint32_t i = 1; s->d->json && i < s->tree->count; i++) {
		const struct og_ynode *n = og_sp_node(s, i);
		if (n->kind == OG_Y_MAP && n->first) {
			uint32_t end = og_sp_node(s, n->first)->end;
			return og_sp_node(s, og_sp_node(s, n->first)->next)->start == end + 1;
		}
	}
	return false;
}

static const struct og_jlimits any_json = {
	.max_bytes = UINT32_MAX, .max_depth = 2000, .max_tokens = (1u << 28) - 1};
static const struct og_source_limits any_source = {
	.max_bytes = 1u << 28, .max_depth = 1000, .max_nodes = (1u << 28) - 1};

/* True when the text reads as the wanted object. */
static int check(struct og_splice *s, struct og_buf *b, struct og_jval want, bool *ret_same)
{
	struct og_source again;
	struct og_err err = OG_ERR_INIT;
	int rc = og_source_parse(&again, s->a, og_buf_view(b), s->d->src->name, &any_source, &err);
	if (rc == -OG_E_OOM)
		return og_sp_oom(s);
	*ret_same = !rc && again.ndocs == 1 && (again.docs[0].json || !s->d->json) &&
		    og_jequal(og_jroot(&again.docs[0].doc), want);
	return 0;
}

/* A text without a final line break keeps being one, where that changes no value. */
static bool drop_final_break(struct og_splice *s, struct og_buf *b, struct og_buf *longer)
{
	if (s->d->end < s->text.n || s->d->end == s->d->start || !ends_line(b) || !b->len)
		return false;
	char last = s->text.p[s->text.n - 1];
	if (last == '\n' || last == '\r')
		return false;
	og_buf_sv(longer, og_buf_view(b));
	b->len -= b->len > 1 && b->p[b->len - 2] == '\r' && b->p[b->len - 1] == '\n' ? 2 : 1;
	b->p[b->len] = '\0';
	return true;
}

/* The text with or without its final line break, whichever is right. */
static int settle(struct og_splice *s, struct og_buf *b, struct og_jval want, bool *ret_same)
{
	og_auto_buf struct og_buf longer = OG_BUF_INIT(0);
	bool dropped = drop_final_break(s, b, &longer);
	int rc = longer.failed ? og_sp_oom(s) : check(s, b, want, ret_same);
	if (rc || *ret_same || !dropped)
		return rc;
	og_buf_reset(b);
	og_buf_sv(b, og_buf_view(&longer));
	return b->failed ? og_sp_oom(s) : check(s, b, want, ret_same);
}

static int attempt(struct og_splice *s, struct og_jval patch, struct og_jval want, struct og_buf *b,
	bool *ret_same)
{
	int rc = 0;
	s->nedits = 0;
	s->chomped = false;
	s->root = og_sp_root(s);
	if (!s->root)
		return og_sp_oom(s);
	og_jfor (it, patch) {
		rc = og_sp_operation(s, it.val);
		if (rc)
			return rc;
	}
	og_buf_reset(b);
	rc = og_sp_edit(s, s->root);
	if (!rc)
		rc = apply_edits(s, b);
	return rc ? rc : settle(s, b, want, ret_same);
}

static int splice(
	struct og_splice *s, struct og_jval patch, struct og_jval want, struct og_buf *out)
{
	struct og_ytree json_tree;
	uint32_t root;
	bool same = false;
	if (s->d->json) {
		if (og_sp_json_tree(s->d, s->a, &json_tree, &root))
			return og_sp_oom(s);
		s->tree = &json_tree;
	}
	s->compact = is_compact(s);
	og_auto_buf struct og_buf b = OG_BUF_INIT(1u << 28);
	int rc = attempt(s, patch, want, &b, &same);
	if (!rc && !same) {
		/* Blank lines left behind may now belong to a block scalar with "+". */
		s->with_blanks = true;
		rc = attempt(s, patch, want, &b, &same);
	}
	if (rc)
		return rc;
	if (!same)
		return og_sp_refuse(s, s->nedits ? s->edits[0].pos : s->d->start,
			"this place is written in a way that cannot be edited as text (write it "
			"as plain block YAML)");
	og_buf_sv(out, og_buf_view(&b));
	return out->failed
		       ? og_err_set(s->err, OG_E_LIMIT, "%s: no room for the text", s->d->src->name)
		       : 0;
}

int og_splice_patch(const struct og_source_doc *d, struct og_jval patch, struct og_arena *a,
	struct og_buf *out, struct og_err *err)
{
	struct og_err local = OG_ERR_INIT;
	struct og_splice s = {
		.d = d,
		.tree = d->tree,
		.text = d->src->text,
		.a = a,
		.err = err ? err : &local,
		.nl = line_break_of(d->src->text),
		.step = UINT32_MAX,
		.seq_offset = UINT32_MAX,
	};
	struct og_jval old = og_jroot(&d->doc);
	struct og_jdoc want;
	og_auto_buf struct og_buf json = OG_BUF_INIT(0);
	int rc = og_jpatch_apply(old, patch, a, &json, s.err);
	if (!rc)
		rc = og_jdoc_parse(&want, a, og_buf_view(&json), &any_json, s.err);
	if (rc)
		return rc;
	if (!og_jequal(old, og_jroot(&want)))
		return splice(&s, patch, og_jroot(&want), out);
	og_buf_add(out, s.text.p + d->start, d->end - d->start);
	return out->failed ? og_err_set(s.err, OG_E_LIMIT, "%s: no room for the text", d->src->name)
			   : 0;
}
