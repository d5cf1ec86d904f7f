/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Pointer (RFC 6901). */
#include "otelgate/codec/jptr.h"

void og_jptr_add(struct og_buf *b, struct og_sv token)
{
	og_buf_ch(b, '/');
	size_t run = 0;
	for (size_t i = 0; i < token.n; i++) {
		char c = token.p[i];
		if (c != '~' && c != '/')
			continue;
		og_buf_add(b, token.p + run, i - run);
		og_buf_add(b, c == '~' ? "~0" : "~1", 2);
		run = i + 1;
	}
	if (token.n > run)
		og_buf_add(b, token.p + run, token.n - run);
}

void og_jptr_add_index(struct og_buf *b, uint32_t index)
{
	og_buf_ch(b, '/');
	og_buf_u64(b, index);
}

/* ~1 is read before ~0 by taking each pair once (RFC 6901 §4): "~01" is "~1". */
static bool unescape(
	struct og_sv part, struct og_arena *arena, struct og_sv *ret, struct og_err *err)
{
	char *out = arena ? og_arena_alloc(arena, part.n) : NULL;
	if (!out) {
		og_err_set(err, OG_E_OOM, "out of memory while reading a JSON Pointer");
		return false;
	}
	size_t n = 0;
	for (size_t i = 0; i < part.n; i++) {
		char c = part.p[i];
		if (c == '~') {
			char d = i + 1 < part.n ? part.p[i + 1] : '\0';
			if (d != '0' && d != '1') {
				og_err_set(err, OG_E_PARSE,
					"\"~\" must be followed by 0 or 1 in a JSON Pointer");
				return false;
			}
			c = d == '0' ? '~' : '/';
			i++;
		}
		out[n++] = c;
	}
	*ret = og_sv(out, n);
	return true;
}

bool og_jptr_next(struct og_sv *rest, struct og_arena *arena, struct og_sv *ret, struct og_err *err)
{
	if (rest->n == 0)
		return false;
	if (rest->p[0] != '/') {
		og_err_set(err, OG_E_PARSE, "a JSON Pointer must be empty or start with \"/\"");
		return false;
	}
	struct og_sv tail = og_sv(rest->p + 1, rest->n - 1);
	size_t n = og_sv_chr(tail, '/');
	struct og_sv part = og_sv(tail.p, n);
	if (og_sv_chr(part, '~') < n && !unescape(part, arena, &part, err))
		return false;
	*ret = part;
	*rest = og_sv(tail.p + n, tail.n - n);
	return true;
}

bool og_jptr_index(struct og_sv token, uint32_t *ret)
{
	if (token.n == 0 || token.n > 10 || (token.n > 1 && token.p[0] == '0'))
		return false;
	uint64_t v = 0;
	for (size_t i = 0; i < token.n; i++) {
		if (token.p[i] < '0' || token.p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(token.p[i] - '0');
	}
	if (v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* One step down; absent with err filled when there is none. */
static struct og_jval step(struct og_jval v, struct og_sv token, struct og_err *err)
{
	enum og_jtype t = og_jtype(v);
	if (t == OG_J_OBJECT) {
		struct og_jval next = og_jget(v, token);
		if (!next.d)
			og_err_set(err, OG_E_NOT_FOUND, "the object has no such member");
		return next;
	}
	if (t != OG_J_ARRAY) {
		og_err_set(err, OG_E_NOT_FOUND, "%s has no members",
			t == OG_J_ABSENT ? "nothing" : og_jtype_name(t));
		return OG_JABSENT;
	}
	uint32_t index;
	if (og_sv_is(token, "-"))
		og_err_set(err, OG_E_NOT_FOUND,
			"\"-\" is the place behind the last element, where nothing is");
	else if (!og_jptr_index(token, &index))
		og_err_set(err, OG_E_PARSE, "an array index must be digits without leading zeros");
	else if (index >= og_jcount(v))
		og_err_set(err, OG_E_NOT_FOUND, "index %u in an array of %u elements", index,
			og_jcount(v));
	else
		return og_jat(v, index);
	return OG_JABSENT;
}

struct og_jval og_jptr_resolve(
	struct og_jval v, struct og_sv ptr, struct og_arena *arena, struct og_err *err)
{
	struct og_err local = OG_ERR_INIT;
	struct og_sv rest = ptr, token;
	unsigned depth = 0;
	while (og_jptr_next(&rest, arena, &token, &local)) {
		v = step(v, token, &local);
		if (!v.d)
			break;
		depth++;
	}
	if (local.code == OG_OK && v.d)
		return v;
	if (local.code == OG_OK)
		og_err_set(&local, OG_E_NOT_FOUND, "there is no document");
	og_err_set(err, local.code, "JSON Pointer, reference %u: %s", depth + 1, local.msg);
	return OG_JABSENT;
}
