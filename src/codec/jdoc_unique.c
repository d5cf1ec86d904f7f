/* SPDX-License-Identifier: Apache-2.0 */
/* Repeated keys: directly in small objects, by the sorted index in large ones. */
#include "jdoc-priv.h"

enum { SMALL_OBJECT = 64 }; /* members compared directly */
#define NONE UINT32_MAX

static uint32_t load32(const unsigned char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/* Equal keys have equal marks; different keys mostly have not. */
static uint32_t key_mark(const unsigned char *p, uint32_t n)
{
	uint32_t v = n;
	if (n >= 4)
		v += load32(p) * 0x9E3779B1U ^ load32(p + n - 4) * 0x85EBCA77U;
	else if (n)
		v += (uint32_t)(p[0] << 16 | p[n / 2] << 8 | p[n - 1]) * 0x9E3779B1U;
	return v ^ v >> 15;
}

/*
 * Small objects without escapes in keys: a 64-bit set of marks tells most keys apart at once, equal
 * marks are compared. Returns the index of a repeated key, 0 for none, NONE when not applicable.
 */
static uint32_t repeated_small(const char *doc, const struct og_jtok *tok, uint32_t obj, uint32_t n)
{
	uint32_t marks[SMALL_OBJECT], index[SMALL_OBJECT];
	const unsigned char *text = (const unsigned char *)doc;
	uint64_t seen = 0;
	uint32_t i = obj + 1;
	for (uint32_t m = 0; m < n; m++) {
		const struct og_jtok *k = &tok[i];
		if (k->count)
			return NONE;
		uint32_t mark = key_mark(text + k->off, k->len);
		uint64_t bit = 1ULL << (mark & 63);
		if (seen & bit) {
			for (uint32_t j = 0; j < m; j++) {
				const struct og_jtok *o = &tok[index[j]];
				if (marks[j] == mark && o->len == k->len &&
					memcmp(text + o->off, text + k->off, k->len) == 0)
					return i;
			}
		}
		seen |= bit;
		marks[m] = mark;
		index[m] = i;
		i = tok[i + 1].end;
	}
	return 0;
}

bool og_jkeys_repeated(struct og_jkeys *scratch, const char *text, const struct og_jtok *tok,
	uint32_t obj, uint32_t n, uint32_t *ret)
{
	uint32_t again = n <= SMALL_OBJECT ? repeated_small(text, tok, obj, n) : NONE;
	if (again == NONE) {
		if (!og_jkeys_build(scratch, text, tok, obj, n))
			return false;
		again = og_jkeys_duplicate(scratch);
	}
	*ret = again;
	return true;
}
