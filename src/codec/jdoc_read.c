/* SPDX-License-Identifier: Apache-2.0 */
/* Reading values off the tape. Not the parser (jdoc.c), not deep equality (jdoc_equal.c). */
#include "jdoc-priv.h"

#include <stdarg.h>

const char *og_jtype_name(enum og_jtype t)
{
	static const char *const names[] = {
		[OG_J_ABSENT] = "absent",
		[OG_J_NULL] = "null",
		[OG_J_FALSE] = "boolean",
		[OG_J_TRUE] = "boolean",
		[OG_J_NUMBER] = "number",
		[OG_J_STRING] = "string",
		[OG_J_ARRAY] = "array",
		[OG_J_OBJECT] = "object",
	};
	return (unsigned)t <= OG_J_OBJECT ? names[t] : "absent";
}

struct og_sv og_jraw(struct og_jval v)
{
	if (!v.d)
		return og_sv("", 0);
	const struct og_jtok *t = og_jtok(v);
	if (t->type == OG_J_STRING)
		return og_sv(v.d->text + t->off - 1, (size_t)t->len + 2);
	return og_sv(v.d->text + t->off, t->len);
}

struct og_jval og_jget(struct og_jval v, struct og_sv key)
{
	if (!og_jis(v, OG_J_OBJECT))
		return OG_JABSENT;
	const struct og_jtok *tok = v.d->tok;
	const char *text = v.d->text;
	uint32_t end = tok[v.i].end;
	for (uint32_t i = v.i + 1; i < end; i = tok[i + 1].end) {
		const struct og_jtok *k = &tok[i];
		bool hit;
		if (__builtin_expect(!k->count, 1))
			hit = k->len == key.n &&
			      (key.n == 0 || memcmp(text + k->off, key.p, key.n) == 0);
		else /* unescaping only shortens */
			hit = k->len > key.n && og_jraw_eq(og_jraw_tok(text, k), og_jraw_sv(key));
		if (hit)
			return (struct og_jval){v.d, i + 1};
	}
	return OG_JABSENT;
}

struct og_jval og_jat(struct og_jval v, uint32_t index)
{
	if (!og_jis(v, OG_J_ARRAY) || index >= og_jtok(v)->count)
		return OG_JABSENT;
	const struct og_jtok *tok = v.d->tok;
	uint32_t i = v.i + 1;
	/* elements that are one token each, as in a list of strings, need no walk */
	if (tok[v.i].end - i == tok[v.i].count)
		return (struct og_jval){v.d, i + index};
	while (index--)
		i = tok[i].end;
	return (struct og_jval){v.d, i};
}

struct og_jval og_jpath(struct og_jval v, ...)
{
	va_list ap;
	va_start(ap, v);
	for (const char *key; v.d && (key = va_arg(ap, const char *));)
		v = og_jget(v, og_svz(key));
	va_end(ap);
	return v;
}

bool og_jstr(struct og_jval v, struct og_arena *arena, struct og_sv *ret)
{
	*ret = og_sv("", 0);
	if (!og_jis(v, OG_J_STRING))
		return false;
	struct og_jraw s = og_jraw_tok(v.d->text, og_jtok(v));
	if (!s.escaped) {
		*ret = og_sv((const char *)s.p, s.n);
		return true;
	}
	unsigned char *out = arena ? og_arena_alloc(arena, s.n) : NULL;
	if (!out)
		return false;
	size_t n = 0;
	for (const unsigned char *p = s.p, *end = s.p + s.n; p < end;) {
		const unsigned char *slash = memchr(p, '\\', (size_t)(end - p));
		size_t plain = (size_t)((slash ? slash : end) - p);
		memcpy(out + n, p, plain);
		n += plain;
		p += plain;
		if (slash) {
			unsigned char part[4];
			unsigned k = og_junescape(&p, part);
			memcpy(out + n, part, k);
			n += k;
		}
	}
	*ret = og_sv((const char *)out, n);
	return true;
}

struct og_sv og_jstr_or_empty(struct og_jval v, struct og_arena *arena)
{
	struct og_sv s;
	(void)og_jstr(v, arena, &s);
	return s;
}

bool og_jstr_eq(struct og_jval v, struct og_sv s)
{
	if (!og_jis(v, OG_J_STRING))
		return false;
	const struct og_jtok *t = og_jtok(v);
	if (!t->count)
		return t->len == s.n && (s.n == 0 || memcmp(v.d->text + t->off, s.p, s.n) == 0);
	return t->len > s.n && og_jraw_eq(og_jraw_tok(v.d->text, t), og_jraw_sv(s));
}

bool og_ji64(struct og_jval v, int64_t *ret)
{
	if (!og_jis(v, OG_J_NUMBER))
		return false;
	struct og_sv s = og_jraw(v);
	bool negative = s.p[0] == '-';
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	uint64_t n = 0;
	for (size_t i = negative; i < s.n; i++) {
		unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
		if (digit > 9 || n > (limit - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*ret = negative ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

struct og_jiter og_jiter(struct og_jval v)
{
	struct og_jiter it = {.key = OG_JABSENT, .val = OG_JABSENT, .index = UINT32_MAX};
	enum og_jtype t = og_jtype(v);
	if (t == OG_J_ARRAY || t == OG_J_OBJECT) {
		it.d = v.d;
		it.next = v.i + 1;
		it.end = og_jtok(v)->end;
		it.object = t == OG_J_OBJECT;
	}
	return it;
}

bool og_jnext(struct og_jiter *it)
{
	if (it->next >= it->end)
		return false;
	uint32_t i = it->next;
	if (it->object)
		it->key = (struct og_jval){it->d, i++};
	it->val = (struct og_jval){it->d, i};
	it->next = it->d->tok[i].end;
	it->index++; /* from UINT32_MAX to 0 on the first turn */
	return true;
}
