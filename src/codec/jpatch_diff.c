/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Patch, computed: objects member by member, arrays by their longest common subsequence, where
 * objects with the same "name" count as the same element, changed. Recursion is bounded by the
 * depth of received documents (OG_JDEPTH_MAX).
 */
#include "jdoc-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jptr.h"

/* Larger middles of arrays are compared element by element. */
enum { LCS_CELLS_MAX = 1 << 16 };

struct differ {
	struct og_arena *arena;
	struct og_jpatch patch;
	struct og_buf path;
	const uint64_t *from_hash, *to_hash; /* of og_jhashes */
	uint32_t from_first, to_first;	     /* tape indexes they start from */
	bool oom;
};

/* NOLINTBEGIN(misc-no-recursion): no deeper than OG_JDEPTH_MAX */
static void diff(struct differ *d, struct og_jval from, struct og_jval to);

static size_t enter_key(struct differ *d, struct og_jval key)
{
	size_t back = d->path.len;
	struct og_sv text;
	if (og_jstr(key, d->arena, &text))
		og_jptr_add(&d->path, text);
	else
		d->oom = true;
	return back;
}

static size_t enter_index(struct differ *d, uint32_t index)
{
	size_t back = d->path.len;
	og_jptr_add_index(&d->path, index);
	return back;
}

static void leave(struct differ *d, size_t back)
{
	d->oom |= d->path.failed;
	d->path.len = back;
}

static void emit_add(struct differ *d, struct og_jval to)
{
	og_jpatch_add(&d->patch, og_buf_view(&d->path), og_jraw(to));
}

static void emit_replace(struct differ *d, struct og_jval to)
{
	og_jpatch_replace(&d->patch, og_buf_view(&d->path), og_jraw(to));
}

static void emit_remove(struct differ *d)
{
	og_jpatch_remove(&d->patch, og_buf_view(&d->path));
}

static bool stop(const struct differ *d)
{
	return d->oom || d->path.failed || d->patch.out->failed;
}

static void diff_objects(struct differ *d, struct og_jval from, struct og_jval to)
{
	og_auto_jfinder struct og_jfinder in_to = og_jfinder(to);
	og_auto_jfinder struct og_jfinder in_from = og_jfinder(from);
	og_jfor (it, from) {
		struct og_jval other = og_jfind(&in_to, og_jraw_val(it.key));
		size_t back = enter_key(d, it.key);
		if (stop(d))
			return;
		if (other.d)
			diff(d, it.val, other);
		else
			emit_remove(d);
		leave(d, back);
	}
	og_jfor (it, to) {
		if (og_jfind(&in_from, og_jraw_val(it.key)).d)
			continue;
		size_t back = enter_key(d, it.key);
		if (stop(d))
			return;
		emit_add(d, it.val);
		leave(d, back);
	}
}

/*
 * One side of an array's differing middle. `id` is the same number for equal values; NO_ID is for
 * values that the other side does not have.
 */
struct side {
	struct og_jval *v;
	uint64_t *hash;
	uint32_t *id;
	uint32_t n;
};
#define NO_ID UINT32_MAX

struct middle {
	struct side a, b;
	uint32_t at; /* index in the array being patched */
};

/* The first of `reps` that equals v, by number, or NO_ID. */
static uint32_t find_id(const struct side *reps, uint32_t n, uint64_t hash, struct og_jval v)
{
	for (uint32_t k = 0; k < n; k++)
		if (reps->id[k] == k && reps->hash[k] == hash && og_jequal(reps->v[k], v))
			return k;
	return NO_ID;
}

/* Each value is compared in full about once, however many pairs there are. */
static bool number_values(struct differ *d, struct middle *m)
{
	struct side *few = m->a.n <= m->b.n ? &m->a : &m->b, *many = few == &m->a ? &m->b : &m->a;
	few->id = og_arena_new_n(d->arena, few->n, uint32_t);
	many->id = og_arena_new_n(d->arena, many->n, uint32_t);
	if (!few->id || !many->id)
		return false;
	for (uint32_t i = 0; i < few->n; i++) {
		uint32_t same = find_id(few, i, few->hash[i], few->v[i]);
		few->id[i] = same == NO_ID ? i : same;
	}
	for (uint32_t i = 0; i < many->n; i++)
		many->id[i] = find_id(few, few->n, many->hash[i], many->v[i]);
	return true;
}

/* 1 = equal, 2 = the same thing, changed (Kubernetes lists are keyed by "name"), 0 = others. */
static int relation(const struct middle *m, uint32_t i, uint32_t j)
{
	if (m->a.id[i] == m->b.id[j] && m->a.id[i] != NO_ID)
		return 1;
	struct og_jval name = og_jgetl(m->a.v[i], "name"), other = og_jgetl(m->b.v[j], "name");
	return og_jis(name, OG_J_STRING) && og_jequal(name, other) ? 2 : 0;
}

static bool named(struct og_jval v)
{
	return og_jis(og_jgetl(v, "name"), OG_J_STRING);
}

/* a[i..i2) became b[j..j2), with nothing in common: in pairs, then what is left over. */
static void patch_gap(
	struct differ *d, struct middle *m, uint32_t i, uint32_t i2, uint32_t j, uint32_t j2)
{
	while (!stop(d) && (i < i2 || j < j2)) {
		size_t back = enter_index(d, m->at);
		if (stop(d))
			return;
		if (i < i2 && j < j2) {
			if (named(m->a.v[i]) && named(m->b.v[j]))
				emit_replace(d, m->b.v[j]); /* another name: another thing */
			else
				diff(d, m->a.v[i], m->b.v[j]);
			i++, j++, m->at++;
		} else if (i < i2) {
			emit_remove(d);
			i++;
		} else {
			emit_add(d, m->b.v[j]);
			j++, m->at++;
		}
		leave(d, back);
	}
}

/* cell[i][j]: the best score for a[i..) and b[j..); an equal element counts more than a changed. */
static uint32_t *lcs_table(struct differ *d, const struct middle *m, uint8_t **ret_rel)
{
	uint32_t w = m->b.n + 1;
	uint32_t *cell = og_arena_new_n(d->arena, (size_t)(m->a.n + 1) * w, uint32_t);
	uint8_t *rel = og_arena_alloc(d->arena, (size_t)m->a.n * m->b.n);
	if (!cell || !rel)
		return NULL;
	for (uint32_t i = m->a.n; i-- > 0;)
		for (uint32_t j = m->b.n; j-- > 0;) {
			int r = relation(m, i, j);
			rel[i * m->b.n + j] = (uint8_t)r;
			uint32_t down = cell[(i + 1) * w + j], right = cell[i * w + j + 1];
			uint32_t best = down > right ? down : right;
			uint32_t both = cell[(i + 1) * w + j + 1] + (r == 1 ? 3 : 2);
			cell[i * w + j] = r && both > best ? both : best;
		}
	*ret_rel = rel;
	return cell;
}

static void diff_middle(struct differ *d, struct middle *m)
{
	uint8_t *rel = NULL;
	const uint32_t *cell = number_values(d, m) ? lcs_table(d, m, &rel) : NULL;
	if (!cell) {
		d->oom = true;
		return;
	}
	uint32_t w = m->b.n + 1, i = 0, j = 0, gap_i = 0, gap_j = 0;
	while (i < m->a.n && j < m->b.n && !stop(d)) {
		int r = rel[i * m->b.n + j];
		uint32_t here = cell[i * w + j];
		if (r && here == cell[(i + 1) * w + j + 1] + (r == 1 ? 3 : 2)) {
			patch_gap(d, m, gap_i, i, gap_j, j);
			size_t back = enter_index(d, m->at);
			if (r == 2 && !stop(d))
				diff(d, m->a.v[i], m->b.v[j]);
			leave(d, back);
			m->at++;
			gap_i = ++i;
			gap_j = ++j;
		} else if (here == cell[(i + 1) * w + j]) {
			i++;
		} else {
			j++;
		}
	}
	patch_gap(d, m, gap_i, m->a.n, gap_j, m->b.n);
}

/* All elements with their hashes; false when memory is out. */
static bool take_side(struct differ *d, struct og_jval array, const uint64_t *hashes,
	uint32_t first, struct side *ret)
{
	struct side s = {.n = og_jcount(array)};
	s.v = og_arena_new_n(d->arena, s.n, struct og_jval);
	s.hash = og_arena_new_n(d->arena, s.n, uint64_t);
	if (!s.v || !s.hash)
		return false;
	og_jfor (it, array) {
		s.v[it.index] = it.val;
		s.hash[it.index] = hashes[it.val.i - first];
	}
	*ret = s;
	return true;
}

static void diff_arrays(struct differ *d, struct og_jval from, struct og_jval to)
{
	uint32_t na = og_jcount(from), nb = og_jcount(to), head = 0, tail = 0;
	struct side a, b;
	if (!take_side(d, from, d->from_hash, d->from_first, &a) ||
		!take_side(d, to, d->to_hash, d->to_first, &b)) {
		d->oom = true;
		return;
	}
	while (head < na && head < nb && a.hash[head] == b.hash[head] &&
		og_jequal(a.v[head], b.v[head]))
		head++;
	while (tail < na - head && tail < nb - head &&
		a.hash[na - 1 - tail] == b.hash[nb - 1 - tail] &&
		og_jequal(a.v[na - 1 - tail], b.v[nb - 1 - tail]))
		tail++;
	struct middle m = {
		.a = {a.v + head, a.hash + head, NULL, na - head - tail},
		.b = {b.v + head, b.hash + head, NULL, nb - head - tail},
		.at = head,
	};
	if (m.a.n && m.b.n && (uint64_t)(m.a.n + 1) * (m.b.n + 1) <= LCS_CELLS_MAX)
		diff_middle(d, &m);
	else
		patch_gap(d, &m, 0, m.a.n, 0, m.b.n);
}

static void diff(struct differ *d, struct og_jval from, struct og_jval to)
{
	enum og_jtype t = og_jtype(from);
	if (t == og_jtype(to) && t == OG_J_OBJECT)
		diff_objects(d, from, to);
	else if (t == og_jtype(to) && t == OG_J_ARRAY)
		diff_arrays(d, from, to);
	else if (!og_jequal(from, to))
		emit_replace(d, to);
}

/* NOLINTEND(misc-no-recursion) */

int og_jpatch_diff(struct og_jval from, struct og_jval to, struct og_arena *arena,
	struct og_buf *out, struct og_err *err)
{
	if (!from.d || !to.d)
		return og_err_set(err, OG_E_INVALID, "two documents are needed for a patch");
	if (out->failed)
		return og_err_set(err, OG_E_OOM, "the output had failed before");
	size_t before = out->len;
	struct differ d = {.arena = arena, .from_first = from.i, .to_first = to.i};
	d.from_hash = og_jhashes(from, arena);
	d.to_hash = og_jhashes(to, arena);
	if (!d.from_hash || !d.to_hash)
		return og_err_set(err, OG_E_OOM, "no room for the patch");
	og_jpatch_begin(&d.patch, out);
	diff(&d, from, to);
	bool ok = og_jpatch_end(&d.patch) && !d.oom && !d.path.failed;
	og_buf_fini(&d.path);
	if (ok)
		return 0;
	out->failed = false;
	out->len = before;
	if (out->p)
		out->p[before] = '\0';
	return og_err_set(err, OG_E_OOM, "no room for the patch");
}
