/* SPDX-License-Identifier: Apache-2.0 */
/* Deep equality (RFC 6902 §4.6). Recursion is bounded by OG_JDEPTH_MAX, which the parser keeps. */
#include "jdoc-priv.h"

/* A number as 0.d1d2d3... * 10^exp, d1 and the last digit not 0; zero has no digits. */
struct number {
	const char *p; /* from the first to the last significant digit; holds a point perhaps */
	size_t n;
	int64_t exp;
	bool negative;
	bool huge; /* the exponent has more than 18 digits */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads the exponent at p (behind the e). */
static void read_exponent(struct number *x, const char *p, const char *end)
{
	bool minus = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	while (p < end && *p == '0')
		p++;
	if (end - p > 18) {
		x->huge = true;
		return;
	}
	int64_t e = 0;
	for (; p < end; p++)
		e = e * 10 + (*p - '0');
	x->exp += minus ? -e : e;
}

static struct number read_number(struct og_sv s)
{
	struct number x = {.negative = s.p[0] == '-'};
	const char *end = s.p + s.n, *p = s.p + x.negative, *point = NULL;
	const char *first = NULL, *last = NULL;
	for (; p < end && (is_digit(*p) || *p == '.'); p++) {
		if (*p == '.') {
			point = p;
		} else if (*p != '0') {
			first = first ? first : p;
			last = p;
		}
	}
	if (!first)
		return (struct number){.p = ""}; /* 0, -0, 0.0, 0e5 */
	if (!point)
		point = p;
	x.exp = point > first ? point - first : point + 1 - first;
	x.p = first;
	x.n = (size_t)(last - first) + 1;
	if (p < end)
		read_exponent(&x, p + 1, end);
	return x;
}

static bool same_digits(struct number a, struct number b)
{
	size_t i = 0, j = 0;
	for (;;) {
		if (i < a.n && a.p[i] == '.')
			i++;
		if (j < b.n && b.p[j] == '.')
			j++;
		if (i == a.n || j == b.n)
			return i == a.n && j == b.n;
		if (a.p[i++] != b.p[j++])
			return false;
	}
}

/*
 * By value, without loss. Only numbers whose exponents have more than 18 digits are compared by
 * their text: no double or decimal type reads them either.
 */
static bool number_equal(struct og_sv a, struct og_sv b)
{
	if (og_sv_eq(a, b))
		return true;
	struct number x = read_number(a), y = read_number(b);
	if (x.huge || y.huge)
		return false;
	return x.negative == y.negative && x.exp == y.exp && same_digits(x, y);
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than OG_JDEPTH_MAX */
static bool equal(struct og_jval a, struct og_jval b, unsigned depth);

static bool array_equal(struct og_jval a, struct og_jval b, unsigned depth)
{
	struct og_jiter ia = og_jiter(a), ib = og_jiter(b);
	while (og_jnext(&ia) && og_jnext(&ib))
		if (!equal(ia.val, ib.val, depth))
			return false;
	return true;
}

static bool object_equal(struct og_jval a, struct og_jval b, unsigned depth)
{
	og_auto_jfinder struct og_jfinder other = og_jfinder(b);
	struct og_jiter it = og_jiter(a);
	while (og_jnext(&it))
		if (!equal(it.val, og_jfind(&other, og_jraw_val(it.key)), depth))
			return false;
	return true;
}

static bool equal(struct og_jval a, struct og_jval b, unsigned depth)
{
	enum og_jtype t = og_jtype(a);
	if (t != og_jtype(b) || depth > OG_JDEPTH_MAX)
		return false;
	switch (t) {
	case OG_J_NUMBER:
		return number_equal(og_jraw(a), og_jraw(b));
	case OG_J_STRING:
		return og_jraw_eq(og_jraw_val(a), og_jraw_val(b));
	case OG_J_ARRAY:
		return og_jcount(a) == og_jcount(b) && array_equal(a, b, depth + 1);
	case OG_J_OBJECT:
		return og_jcount(a) == og_jcount(b) && object_equal(a, b, depth + 1);
	case OG_J_ABSENT:
	case OG_J_NULL:
	case OG_J_FALSE:
	case OG_J_TRUE:
		break;
	}
	return true;
}

/* NOLINTEND(misc-no-recursion) */

bool og_jequal(struct og_jval a, struct og_jval b)
{
	/* the same text is the same value; asked once, for every level it would add up */
	return (a.d && b.d && og_sv_eq(og_jraw(a), og_jraw(b))) || equal(a, b, 0);
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 31;
	h *= 0x9E3779B97F4A7C15ULL;
	return h ^ h >> 29;
}

static uint64_t number_hash(struct og_sv s)
{
	struct number x = read_number(s);
	uint64_t h = x.huge ? 0 : (uint64_t)x.exp + x.negative; /* huge ones: by text, or equal */
	for (size_t i = 0; i < x.n; i++)
		if (x.p[i] != '.')
			h = h * 31 + (unsigned char)x.p[i];
	return h;
}

/* The hash of the value at tape index i, whose elements have theirs already. */
static uint64_t hash_one(struct og_jval v, const uint64_t *hashes, uint32_t first)
{
	enum og_jtype t = og_jtype(v);
	uint64_t h = (uint64_t)t + 1;
	if (t == OG_J_NUMBER)
		h += number_hash(og_jraw(v));
	else if (t == OG_J_STRING)
		h += og_jraw_hash(og_jraw_val(v));
	og_jfor (it, v) {
		uint64_t e = hashes[it.val.i - first];
		if (t == OG_J_OBJECT) /* a sum, because members have no order */
			h += mix(hashes[it.key.i - first] ^ mix(e));
		else
			h = mix(h) + e;
	}
	return mix(h);
}

uint64_t *og_jhashes(struct og_jval v, struct og_arena *arena)
{
	uint32_t first = v.i, end = og_jtok(v)->end;
	uint64_t *hashes = og_arena_alloc(arena, (size_t)(end - first) * sizeof(*hashes));
	if (!hashes)
		return NULL;
	for (uint32_t i = end; i-- > first;) /* elements stand behind their container */
		hashes[i - first] = hash_one((struct og_jval){v.d, i}, hashes, first);
	return hashes;
}
