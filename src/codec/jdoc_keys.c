/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of objects: escape-aware comparison and the sorted index. Not the parser. */
#include "jdoc-priv.h"
#include "otelgate/base/mem.h"

static unsigned hex4(const unsigned char *p)
{
	unsigned v = 0;
	for (int i = 0; i < 4; i++) {
		unsigned c = p[i];
		v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

static unsigned put_utf8(unsigned cp, unsigned char out[4])
{
	if (cp < 0x80) {
		out[0] = (unsigned char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (unsigned char)(0xC0 | cp >> 6);
		out[1] = (unsigned char)(0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (unsigned char)(0xE0 | cp >> 12);
		out[1] = (unsigned char)(0x80 | (cp >> 6 & 0x3F));
		out[2] = (unsigned char)(0x80 | (cp & 0x3F));
		return 3;
	}
	out[0] = (unsigned char)(0xF0 | cp >> 18);
	out[1] = (unsigned char)(0x80 | (cp >> 12 & 0x3F));
	out[2] = (unsigned char)(0x80 | (cp >> 6 & 0x3F));
	out[3] = (unsigned char)(0x80 | (cp & 0x3F));
	return 4;
}

unsigned og_junescape(const unsigned char **pp, unsigned char out[4])
{
	const unsigned char *p = *pp;
	if (*p != '\\') {
		out[0] = *p;
		*pp = p + 1;
		return 1;
	}
	unsigned cp;
	switch (p[1]) {
	case 'b':
		cp = '\b';
		break;
	case 'f':
		cp = '\f';
		break;
	case 'n':
		cp = '\n';
		break;
	case 'r':
		cp = '\r';
		break;
	case 't':
		cp = '\t';
		break;
	case 'u':
		cp = hex4(p + 2);
		p += 4;
		if (cp >= 0xD800 && cp <= 0xDBFF) { /* the parser made sure of the second half */
			cp = 0x10000 + ((cp - 0xD800) << 10) + (hex4(p + 4) - 0xDC00);
			p += 6;
		}
		break;
	default: /* " \ and / stand for themselves */
		cp = p[1];
		break;
	}
	*pp = p + 2;
	return put_utf8(cp, out);
}

/* Hands out the unescaped bytes of a raw text one by one. */
struct byte_reader {
	const unsigned char *p, *end;
	unsigned char part[4];
	unsigned have, used;
	bool escaped;
};

static int next_byte(struct byte_reader *r)
{
	if (r->used < r->have)
		return r->part[r->used++];
	if (r->p >= r->end)
		return -1;
	if (!r->escaped)
		return *r->p++;
	r->have = og_junescape(&r->p, r->part);
	r->used = 1;
	return r->part[0];
}

static struct byte_reader reader(struct og_jraw s)
{
	return (struct byte_reader){.p = s.p, .end = s.p + s.n, .escaped = s.escaped};
}

int og_jraw_cmp(struct og_jraw a, struct og_jraw b)
{
	if (!a.escaped && !b.escaped) {
		uint32_t n = a.n < b.n ? a.n : b.n;
		int c = n ? memcmp(a.p, b.p, n) : 0;
		return c ? c : (a.n > b.n) - (a.n < b.n);
	}
	struct byte_reader ra = reader(a), rb = reader(b);
	for (;;) {
		int x = next_byte(&ra), y = next_byte(&rb);
		if (x != y)
			return x < y ? -1 : 1;
		if (x < 0)
			return 0;
	}
}

bool og_jraw_eq(struct og_jraw a, struct og_jraw b)
{
	if (!a.escaped && !b.escaped)
		return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
	return og_jraw_cmp(a, b) == 0;
}

/* FNV-1a (draft-eastlake-fnv), by bytes because escaped keys are hashed unescaped. */
uint64_t og_jraw_hash(struct og_jraw s)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	if (!s.escaped) {
		for (uint32_t i = 0; i < s.n; i++)
			h = (h ^ s.p[i]) * 0x100000001b3ULL;
		return h;
	}
	struct byte_reader r = reader(s);
	for (int c; (c = next_byte(&r)) >= 0;)
		h = (h ^ (unsigned)c) * 0x100000001b3ULL;
	return h;
}

static int key_cmp(
	const struct og_jkeys *ks, const struct og_jkey *k, uint64_t hash, struct og_jraw key)
{
	if (k->hash != hash)
		return k->hash < hash ? -1 : 1;
	return og_jraw_cmp(og_jraw_tok(ks->text, &ks->tok[k->i]), key);
}

/* Bottom-up merge sort: stable and n log n for any input. The result is in ks->k. */
static void sort_keys(struct og_jkeys *ks)
{
	for (size_t width = 1; width < ks->n; width *= 2) {
		const struct og_jkey *src = ks->k;
		struct og_jkey *dst = ks->spare;
		for (size_t lo = 0; lo < ks->n; lo += 2 * width) {
			size_t mid = lo + width < ks->n ? lo + width : ks->n;
			size_t hi = lo + 2 * width < ks->n ? lo + 2 * width : ks->n;
			size_t a = lo, b = mid;
			for (size_t o = lo; o < hi; o++) {
				bool left = a < mid;
				if (left && b < hi)
					left = key_cmp(ks, &src[a], src[b].hash,
						       og_jraw_tok(ks->text, &ks->tok[src[b].i])) <=
					       0;
				dst[o] = left ? src[a++] : src[b++];
			}
		}
		ks->spare = ks->k;
		ks->k = dst;
	}
}

bool og_jkeys_build(
	struct og_jkeys *ks, const char *text, const struct og_jtok *tok, uint32_t obj, uint32_t n)
{
	if (n > ks->cap) {
		struct og_jkey *k = og_calloc(n, sizeof(*k));
		struct og_jkey *spare = og_calloc(n, sizeof(*spare));
		if (!k || !spare) {
			og_free(k);
			og_free(spare);
			return false;
		}
		og_jkeys_fini(ks);
		ks->k = k;
		ks->spare = spare;
		ks->cap = n;
	}
	ks->text = text;
	ks->tok = tok;
	ks->n = n;
	uint32_t i = obj + 1;
	for (uint32_t m = 0; m < n; m++) {
		ks->k[m] = (struct og_jkey){og_jraw_hash(og_jraw_tok(text, &tok[i])), i};
		i = tok[i + 1].end;
	}
	sort_keys(ks);
	return true;
}

uint32_t og_jkeys_find(const struct og_jkeys *ks, struct og_jraw key)
{
	uint64_t hash = og_jraw_hash(key);
	uint32_t lo = 0, hi = ks->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = key_cmp(ks, &ks->k[mid], hash, key);
		if (c == 0)
			return ks->k[mid].i;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

uint32_t og_jkeys_duplicate(const struct og_jkeys *ks)
{
	uint32_t first = 0;
	for (uint32_t m = 1; m < ks->n; m++) {
		const struct og_jkey *k = &ks->k[m];
		if ((!first || k->i < first) && key_cmp(ks, &ks->k[m - 1], k->hash,
							og_jraw_tok(ks->text, &ks->tok[k->i])) == 0)
			first = k->i;
	}
	return first;
}

void og_jkeys_fini(struct og_jkeys *ks)
{
	og_free(ks->k);
	og_free(ks->spare);
	ks->k = ks->spare = NULL;
	ks->cap = ks->n = 0;
}

/* Objects with fewer members than this are searched without an index. */
enum { FINDER_INDEX_MIN = 32 };

struct og_jfinder og_jfinder(struct og_jval obj)
{
	return (struct og_jfinder){.obj = obj, .next = obj.i + 1};
}

static uint32_t find_linear(const struct og_jfinder *f, struct og_jraw key)
{
	const struct og_jtok *tok = f->obj.d->tok;
	uint32_t end = tok[f->obj.i].end;
	for (uint32_t i = f->obj.i + 1; i < end; i = tok[i + 1].end)
		if (og_jraw_eq(og_jraw_tok(f->obj.d->text, &tok[i]), key))
			return i;
	return 0;
}

struct og_jval og_jfind(struct og_jfinder *f, struct og_jraw key)
{
	if (!og_jis(f->obj, OG_J_OBJECT))
		return OG_JABSENT;
	const struct og_jdoc *d = f->obj.d;
	const struct og_jtok *tok = d->tok;
	uint32_t at = f->next, n = tok[f->obj.i].count;
	if (at >= tok[f->obj.i].end || !og_jraw_eq(og_jraw_tok(d->text, &tok[at]), key)) {
		if (!f->tried && n >= FINDER_INDEX_MIN)
			f->indexed = og_jkeys_build(&f->keys, d->text, tok, f->obj.i, n);
		f->tried = true;
		at = f->indexed ? og_jkeys_find(&f->keys, key) : find_linear(f, key);
		if (!at)
			return OG_JABSENT;
	}
	f->next = tok[at + 1].end;
	return (struct og_jval){d, at + 1};
}

void og_jfinder_fini(struct og_jfinder *f)
{
	og_jkeys_fini(&f->keys);
}
