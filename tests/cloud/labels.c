/* SPDX-License-Identifier: Apache-2.0 */
/* Label sets and matchers. */
#include <regex.h>
#include <stdlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/codec/jwrite.h"

void *cl_grow_(struct og_arena *a, void *v, uint32_t *n, uint32_t *cap, size_t size)
{
	void *cur, *now;

	memcpy(&cur, v, sizeof(cur));
	if (*n == *cap) {
		uint32_t want = *cap ? *cap * 2 : 4;

		if (want < *cap)
			return NULL;
		now = cur ? og_arena_grow(a, cur, *cap * size, want * size)
			  : og_arena_alloc(a, want * size);
		if (!now)
			return NULL;
		*cap = want;
		cur = now;
		memcpy(v, &cur, sizeof(cur));
	}
	now = (char *)cur + *n * size;
	memset(now, 0, size);
	++*n;
	return now;
}

static int by_name(const void *x, const void *y)
{
	const struct cl_label *a = x, *b = y;

	return og_sv_cmp(a->k, b->k);
}

void cl_lset_seal(struct cl_lset *s, struct cl_label *l, uint32_t n)
{
	uint32_t kept = 0;

	if (n)
		qsort(l, n, sizeof(*l), by_name);
	s->hash = 0x9e3779b97f4a7c15ULL;
	for (uint32_t i = 0; i < n; i++) {
		if (!l[i].v.n || (kept && og_sv_eq(l[kept - 1].k, l[i].k)))
			continue;
		l[kept++] = l[i];
		s->hash = og_hash64(og_hash64(s->hash, l[i].k), l[i].v);
	}
	s->l = l;
	s->n = kept;
}

struct og_sv cl_lset_get(const struct cl_lset *s, struct og_sv k)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (og_sv_eq(s->l[i].k, k))
			return s->l[i].v;
	return og_svz("");
}

bool cl_lset_eq(const struct cl_lset *a, const struct cl_lset *b)
{
	if (a->hash != b->hash || a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!og_sv_eq(a->l[i].k, b->l[i].k) || !og_sv_eq(a->l[i].v, b->l[i].v))
			return false;
	return true;
}

int cl_lset_cmp(const struct cl_lset *a, const struct cl_lset *b)
{
	for (uint32_t i = 0; i < a->n && i < b->n; i++) {
		int c = og_sv_cmp(a->l[i].k, b->l[i].k);

		c = c ? c : og_sv_cmp(a->l[i].v, b->l[i].v);
		if (c)
			return c;
	}
	return a->n < b->n ? -1 : a->n > b->n;
}

void cl_lset_json(struct og_buf *b, const struct cl_lset *s)
{
	og_buf_ch(b, '{');
	for (uint32_t i = 0; i < s->n; i++) {
		if (i)
			og_buf_ch(b, ',');
		og_jw_str(b, s->l[i].k);
		og_buf_ch(b, ':');
		og_jw_str(b, s->l[i].v);
	}
	og_buf_ch(b, '}');
}

static bool among(const struct og_sv *names, uint32_t n, struct og_sv k)
{
	for (uint32_t i = 0; i < n; i++)
		if (og_sv_eq(names[i], k))
			return true;
	return false;
}

void cl_lset_project(struct og_arena *a, const struct cl_lset *s, const struct og_sv *names,
	uint32_t n, bool keep, struct cl_lset *ret)
{
	struct cl_label *l = og_arena_alloc(a, (s->n + 1) * sizeof(*l));
	uint32_t have = 0;

	for (uint32_t i = 0; l && i < s->n; i++)
		if (among(names, n, s->l[i].k) == keep)
			l[have++] = s->l[i];
	cl_lset_seal(ret, l, have);
}

struct og_sv cl_lset_key(struct og_arena *a, const struct cl_lset *s)
{
	size_t bytes = 0;
	char *p, *at;

	for (uint32_t i = 0; i < s->n; i++)
		bytes += s->l[i].k.n + s->l[i].v.n + 2;
	p = at = og_arena_alloc(a, bytes + 1);
	if (!p)
		return og_sv(NULL, 0);
	for (uint32_t i = 0; i < s->n; i++) {
		memcpy(at, s->l[i].k.p, s->l[i].k.n);
		at += s->l[i].k.n;
		*at++ = '\0';
		memcpy(at, s->l[i].v.p, s->l[i].v.n);
		at += s->l[i].v.n;
		*at++ = '\0';
	}
	return og_sv(p, bytes);
}

static bool word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

struct og_sv cl_prom_name(struct og_arena *a, struct og_sv s)
{
	bool digit = s.n && s.p[0] >= '0' && s.p[0] <= '9';
	char *p = og_arena_alloc(a, s.n + 5);
	size_t at = 0;

	if (!p)
		return og_sv(NULL, 0);
	if (digit) {
		memcpy(p, "key_", 4);
		at = 4;
	}
	for (size_t i = 0; i < s.n; i++)
		p[at++] = word_byte(s.p[i]) ? s.p[i] : '_';
	p[at] = '\0';
	return og_sv(p, at);
}

bool cl_match_init(struct cl_match *m, struct og_arena *a)
{
	char *text;
	regex_t *re;

	if (!strchr("~xr", m->op))
		return true;
	/* RE2 and POSIX agree on what is used here; both ends are anchored */
	text = og_arena_fmt(a, "^(%.*s)$", OG_SV_ARG(m->v));
	re = og_calloc(1, sizeof(*re));
	if (!text || !re || regcomp(re, text, REG_EXTENDED | (m->op == 'r' ? 0 : REG_NOSUB))) {
		og_free(re);
		return false;
	}
	m->re = re;
	return true;
}

void cl_match_fini(struct cl_match *m)
{
	if (m->re) {
		regfree(m->re);
		og_free(m->re);
		m->re = NULL;
	}
}

/* A copy with its NUL: sanitizers look for one, whatever REG_STARTEND says. */
static bool re_hit(const struct cl_match *m, struct og_sv v)
{
	char small[256], *text = v.n < sizeof(small) ? small : og_malloc(v.n + 1);
	bool hit = false;

	if (text) {
		if (v.n)
			memcpy(text, v.p, v.n);
		text[v.n] = '\0';
		hit = m->re && regexec(m->re, text, 0, NULL, 0) == 0;
	}
	if (text != small)
		og_free(text);
	return hit;
}

bool cl_match(const struct cl_match *m, struct og_sv v)
{
	switch (m->op) {
	case '=':
		return og_sv_eq(m->v, v);
	case '!':
		return !og_sv_eq(m->v, v);
	case '~':
		return re_hit(m, v);
	default:
		return !re_hit(m, v);
	}
}
