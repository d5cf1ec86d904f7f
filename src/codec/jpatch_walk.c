/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changeable document: copying, comparing, writing. Recursion is bounded by OG_JDEPTH_MAX;
 * received values below are not recursed into here.
 */
#include "jdoc-priv.h"
#include "jpatch_tree-priv.h"
#include "otelgate/codec/jwrite.h"

static int too_deep(struct og_err *err)
{
	return og_err_set(
		err, OG_E_LIMIT, "the result is nested deeper than %d levels", (int)OG_JDEPTH_MAX);
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than OG_JDEPTH_MAX */
static int copy(struct og_jtree *t, struct og_jmut *m, unsigned depth, struct og_err *err)
{
	if (!m->sub)
		return 0;
	if (depth >= OG_JDEPTH_MAX)
		return too_deep(err);
	const struct og_jcont *from = m->sub;
	struct og_jcont *c = og_arena_new(t->arena, struct og_jcont);
	uint32_t cap = from->n + 4;
	struct og_jslot *slot = c ? og_arena_alloc(t->arena, cap * sizeof(*slot)) : NULL;
	if (!slot)
		return og_err_set(err, OG_E_OOM, "out of memory");
	*c = (struct og_jcont){slot, from->n, cap, from->object};
	memcpy(slot, from->slot, from->n * sizeof(*slot));
	for (uint32_t i = 0; i < c->n; i++) {
		int rc = copy(t, &slot[i].val, depth + 1, err);
		if (rc)
			return rc;
	}
	m->sub = c;
	return 0;
}

/* NOLINTEND(misc-no-recursion) */

int og_jtree_copy(struct og_jtree *t, struct og_jmut from, struct og_jmut *ret, struct og_err *err)
{
	int rc = copy(t, &from, 0, err);
	if (!rc)
		*ret = from;
	return rc;
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than OG_JDEPTH_MAX */
static bool equal(struct og_jmut a, struct og_jval b, unsigned depth)
{
	if (!a.sub)
		return og_jequal(a.v, b);
	if (!og_jis(b, a.sub->object ? OG_J_OBJECT : OG_J_ARRAY) || og_jcount(b) != a.sub->n ||
		depth > OG_JDEPTH_MAX)
		return false;
	og_auto_jfinder struct og_jfinder members = og_jfinder(b);
	struct og_jiter it = og_jiter(b);
	for (uint32_t i = 0; og_jnext(&it); i++) {
		const struct og_jslot *s = &a.sub->slot[i];
		struct og_jval other = a.sub->object ? og_jfind(&members, og_jraw_sv(s->key))
						     : it.val;
		if (!other.d || !equal(s->val, other, depth + 1))
			return false;
	}
	return true;
}

/* NOLINTEND(misc-no-recursion) */

bool og_jtree_equal(struct og_jmut a, struct og_jval b)
{
	return equal(a, b, 0);
}

/* What og_buf takes `max` 0 for. */
#define BUF_DEFAULT_MAX ((size_t)64 << 20)

static int too_large(size_t max, struct og_err *err)
{
	return og_err_set(err, OG_E_LIMIT, "the result is larger than %zu bytes", max);
}

static int put(struct og_buf *out, const char *p, size_t n, struct og_err *err)
{
	size_t max = out->max ? out->max : BUF_DEFAULT_MAX;
	if (n > max - out->len)
		return too_large(max, err);
	og_buf_add(out, p, n);
	return out->failed ? og_err_set(err, OG_E_OOM, "out of memory") : 0;
}

static int put_key(struct og_buf *out, const struct og_jslot *s, struct og_err *err)
{
	if (s->key_raw.n)
		return put(out, s->key_raw.p, s->key_raw.n, err);
	size_t max = out->max ? out->max : BUF_DEFAULT_MAX, room = max - out->len;
	og_jw_str(out, s->key);
	if (!out->failed)
		return 0;
	/* an escape makes at most six bytes of one */
	return room / 6 <= s->key.n ? too_large(max, err)
				    : og_err_set(err, OG_E_OOM, "out of memory");
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than OG_JDEPTH_MAX */
static int write(struct og_jmut m, unsigned depth, struct og_buf *out, struct og_err *err)
{
	if (!m.sub) {
		struct og_sv raw = og_jraw(m.v);
		return put(out, raw.p, raw.n, err);
	}
	if (depth >= OG_JDEPTH_MAX)
		return too_deep(err);
	const struct og_jcont *c = m.sub;
	int rc = put(out, c->object ? "{" : "[", 1, err);
	for (uint32_t i = 0; !rc && i < c->n; i++) {
		if (i)
			rc = put(out, ",", 1, err);
		if (!rc && c->object) {
			rc = put_key(out, &c->slot[i], err);
			if (!rc)
				rc = put(out, ":", 1, err);
		}
		if (!rc)
			rc = write(c->slot[i].val, depth + 1, out, err);
	}
	return rc ? rc : put(out, c->object ? "}" : "]", 1, err);
}

/* NOLINTEND(misc-no-recursion) */

int og_jmut_write(struct og_jmut m, struct og_buf *out, struct og_err *err)
{
	return write(m, 0, out, err);
}
