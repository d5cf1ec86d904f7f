/* SPDX-License-Identifier: Apache-2.0 */
/* The parser: one pass over the bytes, no recursion, one token per value. Readers: jdoc_read.c. */
#include "otelgate/codec/jdoc.h"
#include "jdoc-priv.h"
#include "jdoc_scan-priv.h"

enum {
	DEFAULT_BYTES = 7 << 20, /* object and old object; the apiserver takes 3 MiB each */
	DEFAULT_DEPTH = 100,
	DEFAULT_TOKENS = 500000,
	TOKENS_MAX = (1 << 28) - 1, /* og_jtok.count has 28 bits */
	BYTES_PER_TOKEN = 12	    /* estimate; compact pods have 11 to 14 */
};
#define NONE UINT32_MAX

struct parser {
	struct og_jscan scan; /* first error */
	const char *text;
	struct og_arena *arena;
	struct og_jtok *tok;
	uint32_t ntok, cap;
	uint32_t max_depth, max_tokens;
	enum og_code code;
	bool too_deep;
	struct og_jkeys keys;
	bool own_text;
};

static bool fail(struct parser *ps, const unsigned char *at, const char *why)
{
	ps->code = OG_E_PARSE;
	ps->scan.bad = at;
	ps->scan.why = why;
	return false;
}

static bool fail_code(struct parser *ps, enum og_code code, const unsigned char *at)
{
	ps->code = code;
	ps->scan.bad = at;
	return false;
}

/* Room for one more token. */
static bool grow(struct parser *ps, const unsigned char *at)
{
	if (ps->ntok >= ps->max_tokens)
		return fail_code(ps, OG_E_LIMIT, at);
	uint32_t cap = ps->cap > ps->max_tokens / 2 ? ps->max_tokens : ps->cap * 2;
	struct og_jtok *tok =
		og_arena_grow(ps->arena, ps->tok, ps->cap * sizeof(*tok), cap * sizeof(*tok));
	if (!tok)
		return fail_code(ps, OG_E_OOM, at);
	ps->tok = tok;
	ps->cap = cap;
	return true;
}

static bool keys_unique(struct parser *ps, uint32_t obj, uint32_t n, const unsigned char *at)
{
	uint32_t again;
	if (ps->own_text)
		return true;
	if (!og_jkeys_repeated(&ps->keys, ps->text, ps->tok, obj, n, &again))
		return fail_code(ps, OG_E_OOM, at);
	if (!again)
		return true;
	const char *key = ps->text + ps->tok[again].off;
	return fail(ps, (const unsigned char *)key - 1, "a key occurs twice in one object");
}

/* A string at p, into the newest token; returns the position behind it or NULL. */
static inline const unsigned char *string(
	struct parser *ps, const unsigned char *p, const unsigned char *end, struct og_jtok *t)
{
	bool escaped = false;
	const unsigned char *close = og_jscan_string(&ps->scan, p + 1, end, &escaped);
	if (!close)
		return NULL;
	t->off = (uint32_t)(p + 1 - (const unsigned char *)ps->text);
	t->len = (uint32_t)(close - p - 1);
	t->end = ps->ntok;
	t->count = escaped;
	t->type = OG_J_STRING;
	return close + 1;
}

/* Numbers and the three names. */
static const unsigned char *scalar(
	struct parser *ps, const unsigned char *p, const unsigned char *end, struct og_jtok *t)
{
	enum og_jtype type = OG_J_ABSENT;
	const unsigned char *q = og_jscan_scalar(&ps->scan, p, end, &type);
	if (!q)
		return NULL;
	t->off = (uint32_t)(p - (const unsigned char *)ps->text);
	t->len = (uint32_t)(q - p);
	t->end = ps->ntok;
	t->count = 0;
	t->type = (unsigned)type & 15;
	return q;
}

static bool unexpected(struct parser *ps, const unsigned char *p, const unsigned char *end,
	const char *why, const char *why_at_end)
{
	return fail(ps, p, p < end ? why : why_at_end);
}

/*
 * Where the parser is. While a container is open its token's `end` is the index of the container
 * around it and `len` keeps the number of elements seen so far, so that no stack is needed.
 */
struct place {
	uint32_t cur; /* the innermost open container, or NONE */
	uint32_t n;   /* its elements so far */
	uint32_t depth;
	bool object;
};

static inline bool open_container(
	struct parser *ps, struct place *at, const unsigned char *p, struct og_jtok *t)
{
	if (at->depth++ == ps->max_depth) {
		ps->too_deep = true;
		return fail_code(ps, OG_E_LIMIT, p);
	}
	if (at->cur != NONE)
		ps->tok[at->cur].len = at->n;
	at->object = *p == '{';
	t->off = (uint32_t)(p - (const unsigned char *)ps->text);
	t->type = at->object ? OG_J_OBJECT : OG_J_ARRAY;
	t->end = at->cur;
	at->cur = ps->ntok - 1;
	at->n = 0;
	return true;
}

/* p is at the closing bracket. */
static inline bool close_container(struct parser *ps, struct place *at, const unsigned char *p)
{
	struct og_jtok *t = &ps->tok[at->cur];
	if (at->object && at->n > 1 && !keys_unique(ps, at->cur, at->n, p))
		return false;
	at->cur = t->end;
	at->depth--;
	t->count = at->n & TOKENS_MAX;
	t->len = (uint32_t)(p + 1 - (const unsigned char *)ps->text) - t->off;
	t->end = ps->ntok;
	if (at->cur != NONE) {
		at->n = ps->tok[at->cur].len;
		at->object = ps->tok[at->cur].type == OG_J_OBJECT;
	}
	return true;
}

/* A key and its colon at p; the position behind them or NULL. */
static inline const unsigned char *key(
	struct parser *ps, const unsigned char *p, const unsigned char *end)
{
	if (p == end || *p != '"') {
		unexpected(ps, p, end, "a key in double quotes was expected",
			"the text ends inside an object");
		return NULL;
	}
	if (ps->ntok == ps->cap && !grow(ps, p))
		return NULL;
	struct og_jtok *t = &ps->tok[ps->ntok++];
	p = string(ps, p, end, t);
	if (!p)
		return NULL;
	p = og_jscan_ws(p, end);
	if (p < end && *p == ':')
		return p + 1;
	unexpected(ps, p, end, "':' was expected behind the key", "the text ends behind a key");
	return NULL;
}

static bool no_separator(
	struct parser *ps, const struct place *at, const unsigned char *p, const unsigned char *end)
{
	return at->object ? unexpected(ps, p, end, "',' or '}' was expected",
				    "the text ends inside an object")
			  : unexpected(ps, p, end, "',' or ']' was expected",
				    "the text ends inside an array");
}

static bool parse(struct parser *ps, const unsigned char *p, const unsigned char *end)
{
	struct place at = {.cur = NONE};
	struct og_jtok *t;
value:
	p = og_jscan_ws(p, end);
	if (p == end)
		return fail(ps, p,
			at.cur == NONE ? "the text is empty"
				       : "the text ends where a value was expected");
	if (ps->ntok == ps->cap && !grow(ps, p))
		return false;
	t = &ps->tok[ps->ntok++];
	if (*p == '"') {
		p = string(ps, p, end, t);
	} else if (*p == '{' || *p == '[') {
		if (!open_container(ps, &at, p, t))
			return false;
		p = og_jscan_ws(p + 1, end);
		if (p < end && *p == (at.object ? '}' : ']'))
			goto close;
		if (!at.object)
			goto value;
		goto member;
	} else {
		p = scalar(ps, p, end, t);
	}
	if (!p)
		return false;
behind_value:
	p = og_jscan_ws(p, end);
	if (at.cur == NONE)
		return p == end || fail(ps, p, "there is text behind the end of the document");
	at.n++;
	if (p < end && *p == ',') {
		p++;
		if (!at.object)
			goto value;
		p = og_jscan_ws(p, end);
		goto member;
	}
	if (p == end || *p != (at.object ? '}' : ']'))
		return no_separator(ps, &at, p, end);
close:
	if (!close_container(ps, &at, p))
		return false;
	p++;
	goto behind_value;
member:
	p = key(ps, p, end);
	if (!p)
		return false;
	goto value;
}

static void position(const char *text, size_t off, uint32_t *line, uint32_t *col)
{
	uint32_t l = 1;
	const char *start = text, *at = text + off;
	for (const char *nl; (nl = memchr(start, '\n', (size_t)(at - start)));) {
		l++;
		start = nl + 1;
	}
	*line = l;
	*col = (uint32_t)(at - start) + 1;
}

void og_jdoc_position(const struct og_jdoc *d, uint32_t off, uint32_t *ret_line, uint32_t *ret_col)
{
	position(d->text, off < d->len ? off : d->len, ret_line, ret_col);
}

static int report(const struct parser *ps, struct og_err *err)
{
	if (ps->code == OG_E_OOM)
		return og_err_set(err, OG_E_OOM, "out of memory while reading JSON");
	size_t off = (size_t)((const char *)ps->scan.bad - ps->text);
	uint32_t line, col;
	position(ps->text, off, &line, &col);
	if (ps->code == OG_E_PARSE)
		return og_err_set(err, OG_E_PARSE, "line %u column %u (byte %zu): %s", line, col,
			off, ps->scan.why);
	if (ps->too_deep)
		return og_err_set(err, OG_E_LIMIT,
			"line %u column %u (byte %zu): nested deeper than %u levels", line, col,
			off, ps->max_depth);
	return og_err_set(err, OG_E_LIMIT,
		"line %u column %u (byte %zu): more than %u values and keys", line, col, off,
		ps->max_tokens);
}

static uint32_t or_default(uint32_t v, uint32_t dflt, uint32_t max)
{
	if (v == 0)
		v = dflt;
	return v < max ? v : max;
}

int og_jdoc_parse(struct og_jdoc *d, struct og_arena *arena, struct og_sv text,
	const struct og_jlimits *limits, struct og_err *err)
{
	static const struct og_jlimits none;
	const struct og_jlimits *l = limits ? limits : &none;
	uint32_t max_bytes = or_default(l->max_bytes, DEFAULT_BYTES, UINT32_MAX - 1);
	if (text.n > max_bytes)
		return og_err_set(err, OG_E_LIMIT, "the text has %zu bytes, the limit is %u",
			text.n, max_bytes);
	struct parser ps = {
		.text = text.n ? text.p : "",
		.arena = arena,
		.code = OG_E_PARSE,
		.own_text = l->own_text,
		.max_depth = or_default(l->max_depth, DEFAULT_DEPTH, OG_JDEPTH_MAX),
		.max_tokens = or_default(l->max_tokens, DEFAULT_TOKENS, TOKENS_MAX),
	};
	ps.cap = (uint32_t)(text.n / BYTES_PER_TOKEN) + 16;
	if (ps.cap > ps.max_tokens)
		ps.cap = ps.max_tokens;
	ps.tok = og_arena_alloc(arena, ps.cap * sizeof(*ps.tok));
	if (!ps.tok)
		return og_err_set(err, OG_E_OOM, "out of memory while reading JSON");
	const unsigned char *p = (const unsigned char *)ps.text;
	bool ok = text.n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0
			  ? fail(&ps, p, "a byte order mark; the text must be UTF-8 without one")
			  : parse(&ps, p, p + text.n);
	og_jkeys_fini(&ps.keys);
	if (!ok)
		return report(&ps, err);
	*d = (struct og_jdoc){.text = ps.text, .len = text.n, .tok = ps.tok, .ntok = ps.ntok};
	return 0;
}
