/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node tree as JSON text, aliases expanded and merges carried out, with the node of every token
 * that jdoc will make of it. Values are counted, so that a small text cannot grow without bound.
 */
#include "yaml-priv.h"

#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"

/* Aliases of long texts multiply bytes, not values. */
enum { GROWTH = 4 };

struct member {
	struct og_sv key;
	uint32_t key_node, value_node;
	uint32_t order; /* of appearance */
};

struct members {
	struct member *v;
	uint32_t n, cap;
	bool merged;
};

struct writer {
	struct og_source_doc *d;
	struct og_arena *a;
	const struct og_ylimits *lim;
	struct og_err *err;
	struct og_buf out;
	uint32_t *node_of;
	uint32_t ntok, cap;
	uint32_t budget; /* members gathered by merges */
};

/* NOLINTBEGIN(misc-no-recursion): no deeper than lim->depth */
static int put_node(struct writer *w, uint32_t i, uint32_t depth);

static int fail(struct writer *w, uint32_t node, enum og_code code, const char *what)
{
	return og_source_fail(w->d->src, w->d->tree->n[node].start, code, w->err, "%s", what);
}

static int fail_oom(struct writer *w)
{
	return og_source_oom(w->d->src, w->err);
}

static int token(struct writer *w, uint32_t node)
{
	if (w->ntok >= w->lim->nodes)
		return og_source_fail(w->d->src, w->d->tree->n[node].start, OG_E_LIMIT, w->err,
			"more than %u keys and values once aliases are expanded", w->lim->nodes);
	if (w->ntok == w->cap) {
		uint32_t cap = w->cap ? w->cap * 2 : 256;
		void *p = og_arena_grow(
			w->a, w->node_of, w->cap * sizeof(*w->node_of), cap * sizeof(*w->node_of));
		if (!p)
			return fail_oom(w);
		w->node_of = p;
		w->cap = cap;
	}
	w->node_of[w->ntok++] = node;
	return 0;
}

static int put_binary(struct writer *w, uint32_t i, struct og_sv text)
{
	og_auto_buf struct og_buf packed = OG_BUF_INIT(0), raw = OG_BUF_INIT(0);
	for (size_t k = 0; k < text.n; k++)
		if (text.p[k] != '\n' && text.p[k] != '\r')
			og_buf_ch(&packed, text.p[k]);
	if (packed.failed)
		return fail_oom(w);
	int rc = og_base64_decode(&raw, og_buf_view(&packed), NULL);
	if (rc == -OG_E_OOM)
		return fail_oom(w);
	if (rc)
		return fail(w, i, OG_E_PARSE, "the tag !!binary wants base64 text");
	if (!og_utf8_valid(raw.p ? raw.p : "", raw.len))
		return fail(w, i, OG_E_PARSE,
			"this !!binary value is no UTF-8 text, which JSON cannot hold");
	og_jw_str(&w->out, og_buf_view(&raw));
	return 0;
}

static int put_scalar(struct writer *w, uint32_t i)
{
	const struct og_ynode *n = &w->d->tree->n[i];
	struct og_yvalue v;
	if (n->tag == OG_YT_BINARY)
		return put_binary(w, i, n->text);
	const char *why = og_ytype_resolve(n->text, n->tag, n->implicit, &v);
	if (why)
		return fail(w, i, OG_E_PARSE, why);
	switch (v.type) {
	case OG_Y_STR:
		og_jw_str(&w->out, n->text);
		break;
	case OG_Y_NULL:
		og_buf_lit(&w->out, "null");
		break;
	case OG_Y_TRUE:
		og_buf_lit(&w->out, "true");
		break;
	case OG_Y_FALSE:
		og_buf_lit(&w->out, "false");
		break;
	case OG_Y_INT:
	case OG_Y_REAL:
		og_ytype_number(&w->out, &v, n->text);
		break;
	case OG_Y_INF:
	case OG_Y_NINF:
	case OG_Y_NAN:
		return fail(w, i, OG_E_PARSE,
			"infinity and not-a-number have no JSON form (quote it if it is text)");
	}
	return 0;
}

/* The key as JSON will have it. */
static int key_text(struct writer *w, uint32_t i, struct og_sv *ret)
{
	const struct og_ynode *n = og_ydeep(w->d->tree, i);
	if (n->kind != OG_Y_SCALAR)
		return fail(w, i, OG_E_PARSE, "a key must be text, not a list or a mapping");
	struct og_yvalue v;
	const char *why = og_ytype_resolve(n->text, n->tag, n->implicit, &v);
	if (why)
		return fail(w, i, OG_E_PARSE, why);
	if (v.type == OG_Y_STR && n->tag != OG_YT_BINARY) {
		*ret = n->text;
		return 0;
	}
	if (v.type == OG_Y_NULL)
		return fail(w, i, OG_E_PARSE, "a key must not be null (quote it)");
	if (n->tag == OG_YT_BINARY)
		return fail(w, i, OG_E_PARSE, "a key must not be !!binary");
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_ytype_key(&b, &v, n->text);
	*ret = og_arena_sv(w->a, og_buf_view(&b));
	return b.failed || !ret->p ? fail_oom(w) : 0;
}

static int by_key(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int c = og_sv_cmp(x->key, y->key);
	return c ? c : x->order < y->order ? -1 : 1;
}

static int by_order(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int fail_twice(struct writer *w, const struct member *first, const struct member *again)
{
	const struct og_ynode *n = w->d->tree->n;
	uint32_t line, col;
	og_source_offset(w->d->src, n[first->key_node].start, &line, &col);
	return og_source_fail(w->d->src, n[again->key_node].start, OG_E_PARSE, w->err,
		"the key \"%s\" is already set at %u:%u (remove one of the two)",
		og_ykey_show(again->key).s, line, col);
}

/* Explicit keys of one mapping must differ. */
static int check_unique(struct writer *w, struct members *m)
{
	struct member *v = m->v;
	uint32_t n = m->n;
	if (n < 2)
		return 0;
	qsort(v, n, sizeof(*v), by_key);
	const struct member *worst = NULL, *first = NULL;
	for (uint32_t i = 1; i < n; i++)
		if (og_sv_eq(v[i - 1].key, v[i].key) && (!worst || v[i].order < worst->order)) {
			first = &v[i - 1];
			worst = &v[i];
		}
	if (worst)
		return fail_twice(w, first, worst);
	qsort(v, n, sizeof(*v), by_order);
	return 0;
}

static int add_member(struct writer *w, struct members *m, struct member x)
{
	if (m->merged && w->budget++ >= w->lim->nodes)
		return og_source_fail(w->d->src, w->d->tree->n[x.key_node].start, OG_E_LIMIT,
			w->err, "more than %u keys once merges are carried out", w->lim->nodes);
	if (m->n == m->cap) {
		uint32_t cap = m->cap ? m->cap * 2 : 16;
		void *p = og_arena_grow(w->a, m->v, m->cap * sizeof(*m->v), cap * sizeof(*m->v));
		if (!p)
			return fail_oom(w);
		m->v = p;
		m->cap = cap;
	}
	x.order = m->n;
	m->v[m->n++] = x;
	return 0;
}

static int gather(struct writer *w, const struct og_ynode *map, struct members *m, uint32_t depth);

static int merge_one(struct writer *w, uint32_t i, struct members *m, uint32_t depth)
{
	const struct og_ynode *n = og_ydeep(w->d->tree, i);
	if (n->kind != OG_Y_MAP)
		return fail(w, i, OG_E_PARSE, "<< wants a mapping or a list of mappings");
	return gather(w, n, m, depth + 1);
}

/* Of a list the earlier mappings win, so that they are carried out last. */
static int merge(struct writer *w, uint32_t i, struct members *m, uint32_t depth)
{
	const struct og_ynode *n = w->d->tree->n;
	if (n[i].kind != OG_Y_SEQ)
		return merge_one(w, i, m, depth);
	if (!n[i].count)
		return 0;
	uint32_t *list = og_arena_new_n(w->a, n[i].count, uint32_t), k = 0;
	if (!list)
		return fail_oom(w);
	for (uint32_t c = n[i].first; c; c = n[c].next)
		list[k++] = c;
	int rc = 0;
	while (k && !rc)
		rc = merge_one(w, list[--k], m, depth);
	return rc;
}

/* All members in order of writing, merged ones included; a key may occur more than once. */
static int gather(struct writer *w, const struct og_ynode *map, struct members *m, uint32_t depth)
{
	const struct og_ynode *n = w->d->tree->n;
	if (depth > w->lim->depth)
		return fail(w, map->first, OG_E_LIMIT, "merges are nested too deeply");
	struct members own = {.merged = m->merged};
	bool has_merge = false;
	for (uint32_t k = map->first; k; k = n[n[k].next].next) {
		struct member x = {.key_node = k, .value_node = n[k].next};
		if (og_ynode_merge(&n[k])) {
			has_merge = true;
			continue;
		}
		int rc = key_text(w, k, &x.key);
		if (!rc)
			rc = add_member(w, &own, x);
		if (rc)
			return rc;
	}
	int rc = check_unique(w, &own);
	if (rc)
		return rc;
	if (!has_merge && !m->n && !m->merged) {
		*m = own;
		return 0;
	}
	m->merged |= has_merge;
	uint32_t next = 0;
	for (uint32_t k = map->first; k; k = n[n[k].next].next) {
		bool is_merge = og_ynode_merge(&n[k]);
		m->merged |= is_merge;
		rc = is_merge ? merge(w, n[k].next, m, depth) : add_member(w, m, own.v[next++]);
		if (rc)
			return rc;
	}
	return 0;
}

/* The last of equal keys wins and takes the place of the first. */
static void settle(struct members *m)
{
	if (m->n < 2)
		return;
	qsort(m->v, m->n, sizeof(*m->v), by_key);
	uint32_t out = 0;
	for (uint32_t i = 0; i < m->n;) {
		uint32_t first = i;
		while (i + 1 < m->n && og_sv_eq(m->v[i + 1].key, m->v[first].key))
			i++;
		struct member x = m->v[i++];
		x.order = m->v[first].order;
		m->v[out++] = x;
	}
	m->n = out;
	qsort(m->v, m->n, sizeof(*m->v), by_order);
}

static int put_map(struct writer *w, const struct og_ynode *map, uint32_t depth)
{
	struct members m = {0};
	int rc = gather(w, map, &m, depth);
	if (rc)
		return rc;
	if (m.merged)
		settle(&m);
	og_buf_ch(&w->out, '{');
	for (uint32_t i = 0; i < m.n; i++) {
		if (i)
			og_buf_ch(&w->out, ',');
		rc = token(w, m.v[i].key_node);
		if (rc)
			return rc;
		og_jw_str(&w->out, m.v[i].key);
		og_buf_ch(&w->out, ':');
		rc = put_node(w, m.v[i].value_node, depth + 1);
		if (rc)
			return rc;
	}
	og_buf_ch(&w->out, '}');
	return 0;
}

static int put_seq(struct writer *w, const struct og_ynode *seq, uint32_t depth)
{
	og_buf_ch(&w->out, '[');
	for (uint32_t c = seq->first; c; c = w->d->tree->n[c].next) {
		if (c != seq->first)
			og_buf_ch(&w->out, ',');
		int rc = put_node(w, c, depth + 1);
		if (rc)
			return rc;
	}
	og_buf_ch(&w->out, ']');
	return 0;
}

static int put_node(struct writer *w, uint32_t i, uint32_t depth)
{
	const struct og_ynode *n = w->d->tree->n;
	uint32_t at = n[i].kind == OG_Y_ALIAS ? n[i].target : i;
	int rc = token(w, at);
	if (rc)
		return rc;
	if (n[at].kind == OG_Y_SCALAR)
		rc = put_scalar(w, at);
	else if (depth >= w->lim->depth)
		return fail(
			w, at, OG_E_LIMIT, "too many levels of nesting once aliases are expanded");
	else if (n[at].kind == OG_Y_MAP)
		rc = put_map(w, &n[at], depth);
	else
		rc = put_seq(w, &n[at], depth);
	if (!rc && w->out.failed)
		return w->out.len + 1 < w->out.max && w->out.cap < w->out.max
			       ? fail_oom(w)
			       : fail(w, at, OG_E_LIMIT,
					 "aliases expand to more text than is accepted");
	return rc;
}

static int parse_json(struct writer *w)
{
	struct og_sv json = og_arena_sv(w->a, og_buf_view(&w->out));
	if (!json.p)
		return fail_oom(w);
	struct og_jlimits lim = {
		.max_bytes = (uint32_t)json.n + 1,
		.max_depth = w->lim->depth + 1,
		.max_tokens = w->ntok + 1,
	};
	int rc = og_jdoc_parse(&w->d->doc, w->a, json, &lim, w->err);
	if (!rc && w->d->doc.ntok != w->ntok)
		rc = og_err_set(
			w->err, OG_E_BUG, "%u tokens instead of %u", w->d->doc.ntok, w->ntok);
	if (rc)
		return rc == -OG_E_OOM ? fail_oom(w) : og_err_wrap(w->err, "%s", w->d->src->name);
	w->d->node_of = w->node_of;
	return 0;
}

int og_yaml_json(struct og_source_doc *d, struct og_arena *a, const struct og_ylimits *lim,
	struct og_err *err)
{
	struct og_err local = OG_ERR_INIT;
	struct writer w = {.d = d, .a = a, .lim = lim, .err = err ? err : &local};
	og_buf_init(&w.out, (size_t)lim->bytes * GROWTH + 64);
	int rc = put_node(&w, d->root, 0);
	if (!rc)
		rc = parse_json(&w);
	og_buf_fini(&w.out);
	return rc;
}
/* NOLINTEND(misc-no-recursion) */
