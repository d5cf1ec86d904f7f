/* SPDX-License-Identifier: Apache-2.0 */
/* The changeable document: walking and changing. Copying, comparing, writing: jpatch_walk.c. */
#include "jpatch_tree-priv.h"
#include "otelgate/codec/jptr.h"

/* Bounds the time a hostile patch can take: some tenths of a second of moving slots. */
#define WORK_MAX ((uint64_t)1 << 26)

static int out_of_memory(struct og_err *err)
{
	return og_err_set(err, OG_E_OOM, "out of memory");
}

static int charge(struct og_jtree *t, uint64_t slots, struct og_err *err)
{
	t->work += slots;
	return t->work <= WORK_MAX ? 0
				   : og_err_set(err, OG_E_LIMIT,
					     "the patch takes too much work on this document");
}

static int no_members(struct og_jval v, struct og_err *err)
{
	return og_err_set(err, OG_E_INVALID, "the path leads through a %s, which has no members",
		og_jtype_name(og_jtype(v)));
}

static int no_such_member(struct og_err *err)
{
	return og_err_set(err, OG_E_INVALID, "there is no such member");
}

/* An index below `limit` elements; `adding` also takes the place behind the last, and "-". */
static int read_index(
	struct og_sv token, uint32_t n, bool adding, uint32_t *ret, struct og_err *err)
{
	if (og_sv_is(token, "-")) {
		*ret = n;
		return adding ? 0
			      : og_err_set(err, OG_E_INVALID,
					"\"-\" names no existing element; it is only for adding");
	}
	uint32_t i = 0;
	if (!og_jptr_index(token, &i))
		return og_err_set(
			err, OG_E_INVALID, "an array index must be digits without leading zeros");
	if (i >= n + adding)
		return og_err_set(err, OG_E_INVALID, "index %u in an array of %u elements", i, n);
	*ret = i;
	return 0;
}

/* Turns a received container into slots; a value that is no container is an error. */
static int expand(struct og_jtree *t, struct og_jmut *m, struct og_err *err)
{
	if (m->sub)
		return 0;
	enum og_jtype type = og_jtype(m->v);
	if (type != OG_J_OBJECT && type != OG_J_ARRAY)
		return no_members(m->v, err);
	uint32_t n = og_jcount(m->v), cap = n + 4;
	int rc = charge(t, n, err);
	if (rc)
		return rc;
	struct og_jcont *c = og_arena_new(t->arena, struct og_jcont);
	struct og_jslot *slot = c ? og_arena_alloc(t->arena, cap * sizeof(*slot)) : NULL;
	if (!slot)
		return out_of_memory(err);
	*c = (struct og_jcont){slot, n, cap, type == OG_J_OBJECT};
	og_jfor (it, m->v) {
		*slot = (struct og_jslot){.val = {.v = it.val}};
		if (c->object) {
			if (!og_jstr(it.key, t->arena, &slot->key))
				return out_of_memory(err);
			slot->key_raw = og_jraw(it.key);
		}
		slot++;
	}
	m->sub = c;
	return 0;
}

/* Position of an existing element or member. */
static int find(struct og_jtree *t, const struct og_jcont *c, struct og_sv token, uint32_t *ret,
	struct og_err *err)
{
	if (!c->object)
		return read_index(token, c->n, false, ret, err);
	int rc = charge(t, c->n, err);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < c->n; i++)
		if (og_sv_eq(c->slot[i].key, token)) {
			*ret = i;
			return 0;
		}
	return no_such_member(err);
}

/* One step down in a received value. */
static int received_step(
	struct og_jtree *t, struct og_jval *v, struct og_sv token, struct og_err *err)
{
	struct og_jval next;
	int rc = charge(t, og_jcount(*v), err);
	if (rc)
		return rc;
	if (og_jis(*v, OG_J_OBJECT)) {
		next = og_jget(*v, token);
		if (!next.d)
			return no_such_member(err);
	} else if (og_jis(*v, OG_J_ARRAY)) {
		uint32_t i = 0;
		rc = read_index(token, og_jcount(*v), false, &i, err);
		if (rc)
			return rc;
		next = og_jat(*v, i);
	} else {
		return no_members(*v, err);
	}
	*v = next;
	return 0;
}

int og_jtree_get(struct og_jtree *t, struct og_sv ptr, struct og_jmut *ret, struct og_err *err)
{
	struct og_jmut at = t->root;
	struct og_sv token;
	while (og_jptr_next(&ptr, t->arena, &token, err)) {
		int rc;
		uint32_t i = 0;
		if (!at.sub) {
			rc = received_step(t, &at.v, token, err);
		} else {
			rc = find(t, at.sub, token, &i, err);
			if (!rc)
				at = at.sub->slot[i].val;
		}
		if (rc)
			return rc;
	}
	if (err->code)
		return -(int)err->code;
	*ret = at;
	return 0;
}

/* The container that holds the pointer's last token, expanded; ptr is not empty. */
static int parent(struct og_jtree *t, struct og_sv ptr, struct og_jcont **ret,
	struct og_sv *ret_last, struct og_err *err)
{
	struct og_jmut *at = &t->root;
	struct og_sv token;
	while (og_jptr_next(&ptr, t->arena, &token, err)) {
		int rc = expand(t, at, err);
		if (rc)
			return rc;
		if (ptr.n == 0) {
			*ret = at->sub;
			*ret_last = token;
			return 0;
		}
		uint32_t i = 0;
		rc = find(t, at->sub, token, &i, err);
		if (rc)
			return rc;
		at = &at->sub->slot[i].val;
	}
	return -(int)err->code;
}

static int insert(
	struct og_jtree *t, struct og_jcont *c, uint32_t at, struct og_jslot s, struct og_err *err)
{
	int rc = charge(t, (uint64_t)(c->n - at) + 1, err);
	if (rc)
		return rc;
	if (c->n == c->cap) {
		if (c->cap > UINT32_MAX / 2)
			return out_of_memory(err);
		uint32_t cap = c->cap * 2;
		struct og_jslot *slot = og_arena_grow(
			t->arena, c->slot, c->cap * sizeof(*slot), cap * sizeof(*slot));
		if (!slot)
			return out_of_memory(err);
		c->slot = slot;
		c->cap = cap;
	}
	memmove(&c->slot[at + 1], &c->slot[at], (c->n - at) * sizeof(*c->slot));
	c->slot[at] = s;
	c->n++;
	return 0;
}

/* parent() for adding, which starts where the add before it ended when the paths agree. */
static int add_place(struct og_jtree *t, struct og_sv ptr, struct og_jcont **ret,
	struct og_sv *ret_last, struct og_err *err)
{
	const char *slash = memrchr(ptr.p, '/', ptr.n);
	size_t n = slash ? (size_t)(slash - ptr.p) : 0;
	struct og_sv path = og_sv(ptr.p, n), rest = og_sv(ptr.p + n, ptr.n - n);
	if (t->last && slash && og_sv_eq(path, t->last_path)) {
		*ret = t->last;
		return og_jptr_next(&rest, t->arena, ret_last, err) ? 0 : -(int)err->code;
	}
	t->last = NULL;
	int rc = parent(t, ptr, ret, ret_last, err);
	if (!rc) {
		t->last = *ret;
		t->last_path = path;
	}
	return rc;
}

int og_jtree_add(struct og_jtree *t, struct og_sv ptr, struct og_jmut value, struct og_err *err)
{
	if (ptr.n == 0) {
		t->root = value;
		t->last = NULL;
		return 0;
	}
	struct og_jcont *c;
	struct og_sv last;
	uint32_t i = 0;
	int rc = add_place(t, ptr, &c, &last, err);
	if (rc)
		return rc;
	if (!c->object) {
		rc = read_index(last, c->n, true, &i, err);
		return rc ? rc : insert(t, c, i, (struct og_jslot){.val = value}, err);
	}
	rc = charge(t, c->n, err);
	if (rc)
		return rc;
	for (i = 0; i < c->n; i++)
		if (og_sv_eq(c->slot[i].key, last)) {
			c->slot[i].val = value;
			return 0;
		}
	return insert(t, c, c->n, (struct og_jslot){.val = value, .key = last}, err);
}

static int existing(struct og_jtree *t, struct og_sv ptr, struct og_jcont **ret_c, uint32_t *ret_i,
	struct og_err *err)
{
	struct og_sv last;
	t->last = NULL; /* what it pointed to may go away */
	int rc = parent(t, ptr, ret_c, &last, err);
	return rc ? rc : find(t, *ret_c, last, ret_i, err);
}

int og_jtree_remove(struct og_jtree *t, struct og_sv ptr, struct og_err *err)
{
	if (ptr.n == 0)
		return og_err_set(err, OG_E_INVALID, "the whole document cannot be removed");
	struct og_jcont *c;
	uint32_t i = 0;
	int rc = existing(t, ptr, &c, &i, err);
	if (!rc)
		rc = charge(t, c->n - i, err);
	if (rc)
		return rc;
	c->n--;
	memmove(&c->slot[i], &c->slot[i + 1], (c->n - i) * sizeof(*c->slot));
	return 0;
}

int og_jtree_replace(struct og_jtree *t, struct og_sv ptr, struct og_jmut value, struct og_err *err)
{
	if (ptr.n == 0) {
		t->root = value;
		t->last = NULL;
		return 0;
	}
	struct og_jcont *c;
	uint32_t i = 0;
	int rc = existing(t, ptr, &c, &i, err);
	if (!rc)
		c->slot[i].val = value;
	return rc;
}
