/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state machine over the outermost levels; what is inside a part goes by in blocks of 64 bytes.
 * Each function takes bytes from a position on and returns the position behind what it took, or
 * NULL after an error.
 */
#include "otelgate/codec/jsplit.h"
#include "otelgate/base/arena.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"
#include "jsplit-priv.h"

enum {
	DEFAULT_PART = 16 << 20, /* */
	KEPT_BYTES = 256 << 10,	 /* a larger buffer is given back after its part */
	KEY_BYTES = 64,		 /* "items" in its longest form, six escapes, has 30 */
};

enum state {
	START,	   /* the outer object, or an object of the stream */
	FIRST_KEY, /* behind '{' */
	NEXT_KEY,  /* behind ',' */
	KEY,	   /* in a key */
	COLON,
	VALUE,	    /* of a member */
	AFTER,	    /* behind a member's value */
	FIRST_ITEM, /* behind '[' */
	NEXT_ITEM,  /* behind ',' */
	AFTER_ITEM,
	END, /* behind the outer object */
	FAILED,
	IN_CONTAINER = 16, /* these three: plus IN_ITEM when it is a part */
	IN_STRING = 17,
	IN_SCALAR = 18,
	IN_ITEM = 32,
};

struct run {
	struct og_jsplit *s;
	const unsigned char *begin, *end;
	const unsigned char *kept;     /* begin of the key or part in this chunk */
	const unsigned char *envelope; /* begin of what goes to the envelope; NULL = nothing now */
	struct og_err *err;
	int rc;
};

void og_jsplit_init(struct og_jsplit *s, enum og_jsplit_mode mode, size_t max_part)
{
	*s = (struct og_jsplit){.mode = mode, .max_part = max_part ? max_part : DEFAULT_PART};
	og_buf_init(&s->part_, s->max_part);
	og_buf_init(&s->envelope_, s->max_part);
}

void og_jsplit_fini(struct og_jsplit *s)
{
	og_buf_fini(&s->part_);
	og_buf_fini(&s->envelope_);
}

static const unsigned char *bad(struct run *r, const unsigned char *at, const char *why)
{
	uint64_t off = r->s->off_ + (uint64_t)(at - r->begin);
	enum og_code code = why == og_jsplit_too_deep ? OG_E_LIMIT : OG_E_PARSE;
	r->rc = og_err_set(r->err, code, "byte %llu: %s", (unsigned long long)off, why);
	return NULL;
}

static const unsigned char *too_long(struct run *r, const char *what)
{
	r->rc = og_err_set(r->err, OG_E_LIMIT, "%s is longer than %zu bytes", what, r->s->max_part);
	return NULL;
}

static bool add(struct run *r, struct og_buf *b, const unsigned char *p, size_t n, const char *what)
{
	og_buf_add(b, p, n);
	if (!b->failed)
		return true;
	if (b->full)
		too_long(r, what);
	else
		r->rc = og_err_set(r->err, OG_E_OOM, "out of memory for %s", what);
	return false;
}

/* From inside a container to behind its end, or to the end of the chunk. */
static const unsigned char *container(struct run *r, const unsigned char *p)
{
	const char *why;
	const unsigned char *at;
	p = og_jsplit_skip(r->s, p, r->end, &at, &why);
	return p ? p : bad(r, at, why);
}

/* ---- keys and parts: kept from a position on, over chunks ---- */

static void keep(struct run *r, const unsigned char *p)
{
	r->kept = p;
	r->s->kept_ = true;
	og_buf_reset(&r->s->part_);
}

static bool kept(struct run *r, const unsigned char *p, struct og_sv *ret)
{
	struct og_jsplit *s = r->s;
	size_t n = (size_t)(p - r->kept);
	s->kept_ = false;
	if (s->part_.len == 0) {
		if (n > s->max_part)
			return too_long(r, "a part") != NULL;
		*ret = og_sv((const char *)r->kept, n);
		return true;
	}
	if (!add(r, &s->part_, r->kept, n, "a part"))
		return false;
	*ret = og_buf_view(&s->part_);
	return true;
}

static bool part(struct run *r, const unsigned char *p)
{
	struct og_jsplit *s = r->s;
	struct og_sv v;
	if (!kept(r, p, &v))
		return false;
	s->parts++;
	r->rc = s->on_part ? s->on_part(s->ctx, v) : 0;
	if (s->part_.cap > KEPT_BYTES)
		og_buf_fini(&s->part_);
	return r->rc == 0;
}

/* `quoted` is a key as it was written, between its quotes. */
static bool is_items(struct run *r, struct og_sv quoted)
{
	if (quoted.n > KEY_BYTES)
		return false;
	if (og_sv_chr(quoted, '\\') == quoted.n)
		return og_sv_is(quoted, "\"items\"");
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 1024, 0);
	struct og_jdoc d;
	struct og_err err = OG_ERR_INIT;
	int rc = og_jdoc_parse(&d, &a, quoted, NULL, &err);
	if (rc == -OG_E_OOM)
		r->rc = og_err_set(r->err, OG_E_OOM, "out of memory for a key");
	return rc == 0 && og_jstr_is(og_jroot(&d), "items");
}

/* ---- the envelope ---- */

static bool envelope_until(struct run *r, const unsigned char *p)
{
	const unsigned char *from = r->envelope;
	r->envelope = NULL;
	if (!from || !r->s->on_envelope)
		return true;
	return add(r, &r->s->envelope_, from, (size_t)(p - from), "what surrounds the items");
}

static bool envelope_give(struct run *r, bool complete)
{
	struct og_jsplit *s = r->s;
	if (!s->on_envelope)
		return true;
	size_t len = s->envelope_.len;
	if (!complete &&
		!add(r, &s->envelope_, (const unsigned char *)"]}", 2, "what surrounds the items"))
		return false;
	r->rc = s->on_envelope(s->ctx, og_buf_view(&s->envelope_), complete);
	s->envelope_.len = len;
	return r->rc == 0;
}

/* ---- values ---- */

static bool is_ws(unsigned char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_scalar(unsigned char c)
{
	unsigned char l = c | 0x20;
	return (c >= '0' && c <= '9') || (l >= 'a' && l <= 'z') || c == '-' || c == '+' || c == '.';
}

/* The state for a value that begins at *p. */
static uint32_t begin_value(struct run *r, const unsigned char *p)
{
	if (*p == '{' || *p == '[') {
		og_jsplit_open(r->s, *p == '{');
		return IN_CONTAINER;
	}
	if (*p == '"')
		return IN_STRING;
	if (is_scalar(*p))
		return IN_SCALAR;
	bad(r, p, "a value was expected");
	return FAILED;
}

/* Behind the closing quote, or the end of the chunk with in_string_ still set. */
static const unsigned char *string(struct run *r, const unsigned char *p)
{
	struct og_jsplit *s = r->s;
	for (s->in_string_ = true; p < r->end; p++) {
		if (s->escape_) {
			s->escape_ = false;
		} else if (*p == '\\') {
			s->escape_ = true;
		} else if (*p == '"') {
			s->in_string_ = false;
			return p + 1;
		}
	}
	return p;
}

/* Goes on within a value; *ret_whole tells whether it is complete at what is returned. */
static const unsigned char *value(struct run *r, const unsigned char *p, bool *ret_whole)
{
	switch (r->s->state_ & ~(uint32_t)IN_ITEM) {
	case IN_CONTAINER:
		p = container(r, p);
		*ret_whole = p && r->s->depth_ == 0;
		return p;
	case IN_STRING:
		p = string(r, p);
		*ret_whole = !r->s->in_string_;
		return p;
	default:
		while (p < r->end && is_scalar(*p))
			p++;
		*ret_whole = p < r->end; /* only the byte behind it shows its end */
		return p;
	}
}

/* ---- states ---- */

static const unsigned char *open_outer(struct run *r, const unsigned char *p)
{
	struct og_jsplit *s = r->s;
	if (*p != '{')
		return bad(r, p, "an object was expected");
	if (s->mode == OG_JSPLIT_STREAM) {
		keep(r, p);
		og_jsplit_open(s, true);
		s->state_ = IN_CONTAINER | IN_ITEM;
	} else {
		r->envelope = p;
		s->state_ = FIRST_KEY;
	}
	return p + 1;
}

static const unsigned char *close_outer(struct run *r, const unsigned char *p)
{
	r->s->state_ = END;
	return envelope_until(r, p + 1) && envelope_give(r, true) ? p + 1 : NULL;
}

static const unsigned char *end_key(struct run *r, const unsigned char *p)
{
	struct og_jsplit *s = r->s;
	struct og_sv k;
	if (!kept(r, p, &k))
		return NULL;
	s->at_items_ = is_items(r, k);
	if (r->rc)
		return NULL;
	if (s->at_items_ && s->seen_items_)
		return bad(r, p - 1, "`items` occurs twice");
	s->seen_items_ |= s->at_items_;
	s->state_ = COLON;
	return p;
}

static const unsigned char *begin_member(struct run *r, const unsigned char *p)
{
	struct og_jsplit *s = r->s;
	if (s->at_items_ && *p == '[') {
		s->state_ = FIRST_ITEM;
		return envelope_until(r, p + 1) && envelope_give(r, false) ? p + 1 : NULL;
	}
	if (s->at_items_ && *p != 'n')
		return bad(r, p, "`items` is not an array");
	s->state_ = begin_value(r, p);
	if (s->state_ == IN_SCALAR) {
		if (s->at_items_)
			keep(r, p);
		return p;
	}
	return s->state_ == FAILED ? NULL : p + 1;
}

static const unsigned char *begin_item(struct run *r, const unsigned char *p)
{
	struct og_jsplit *s = r->s;
	keep(r, p);
	uint32_t st = begin_value(r, p);
	if (st == FAILED)
		return NULL;
	s->state_ = st | IN_ITEM;
	return st == IN_SCALAR ? p : p + 1;
}

static const unsigned char *end_value(struct run *r, const unsigned char *p)
{
	struct og_jsplit *s = r->s;
	if (s->state_ & IN_ITEM) {
		s->state_ = s->mode == OG_JSPLIT_STREAM ? START : AFTER_ITEM;
		return part(r, p) ? p : NULL;
	}
	struct og_sv v;
	if (s->kept_ && (!kept(r, p, &v) || !og_sv_is(v, "null")))
		return r->rc ? NULL : bad(r, p, "`items` is neither null nor an array");
	s->state_ = AFTER;
	return p;
}

static const unsigned char *close_items(struct run *r, const unsigned char *p)
{
	r->envelope = p;
	r->s->state_ = AFTER;
	return p + 1;
}

static const unsigned char *go(struct run *r, enum state st, const unsigned char *p)
{
	r->s->state_ = st;
	return p + 1;
}

/* One byte that is no white space, in a state between values. */
static const unsigned char *step(struct run *r, const unsigned char *p)
{
	switch ((enum state)r->s->state_) {
	case START:
		return open_outer(r, p);
	case FIRST_KEY:
		if (*p == '}')
			return close_outer(r, p);
		__attribute__((fallthrough));
	case NEXT_KEY:
		if (*p != '"')
			return bad(r, p, "a key was expected");
		keep(r, p);
		return go(r, KEY, p);
	case COLON:
		return *p == ':' ? go(r, VALUE, p) : bad(r, p, "a colon was expected");
	case VALUE:
		return begin_member(r, p);
	case AFTER:
		if (*p == '}')
			return close_outer(r, p);
		return *p == ',' ? go(r, NEXT_KEY, p) : bad(r, p, "a comma or '}' was expected");
	case FIRST_ITEM:
		if (*p == ']')
			return close_items(r, p);
		return begin_item(r, p);
	case NEXT_ITEM:
		return begin_item(r, p);
	case AFTER_ITEM:
		if (*p == ']')
			return close_items(r, p);
		return *p == ',' ? go(r, NEXT_ITEM, p) : bad(r, p, "a comma or ']' was expected");
	default:
		return bad(r, p, "nothing was expected behind the object");
	}
}

static const unsigned char *turn(struct run *r, const unsigned char *p)
{
	struct og_jsplit *s = r->s;
	if (s->state_ >= IN_CONTAINER) {
		bool whole = false;
		p = value(r, p, &whole);
		return p && whole ? end_value(r, p) : p;
	}
	if (s->state_ == KEY) {
		p = string(r, p);
		return s->in_string_ ? p : end_key(r, p);
	}
	while (p < r->end && is_ws(*p))
		p++;
	return p < r->end ? step(r, p) : p;
}

/* Outside of an array of items everything belongs to the envelope. */
static bool in_envelope(const struct og_jsplit *s)
{
	if (s->mode != OG_JSPLIT_LIST || s->state_ == START || s->state_ >= END)
		return s->mode == OG_JSPLIT_LIST && s->state_ >= IN_CONTAINER &&
		       !(s->state_ & IN_ITEM);
	return s->state_ < FIRST_ITEM;
}

int og_jsplit_feed(struct og_jsplit *s, struct og_sv chunk, struct og_err *err)
{
	if (s->state_ == FAILED)
		return og_err_set(err, OG_E_BUG, "a splitter was used after an error");
	if (!chunk.n)
		return 0;
	const unsigned char *p = (const unsigned char *)chunk.p;
	struct run r = {.s = s, .begin = p, .end = p + chunk.n, .kept = p, .err = err};
	r.envelope = in_envelope(s) ? p : NULL;
	while (p && p < r.end)
		p = turn(&r, p);
	if (p && s->kept_ && !add(&r, &s->part_, r.kept, (size_t)(r.end - r.kept), "a part"))
		p = NULL;
	if (p && !envelope_until(&r, r.end))
		p = NULL;
	s->off_ += chunk.n;
	if (!p)
		s->state_ = FAILED;
	return r.rc;
}

int og_jsplit_end(struct og_jsplit *s, struct og_err *err)
{
	if (s->state_ == FAILED)
		return og_err_set(err, OG_E_BUG, "a splitter was used after an error");
	if (s->mode == OG_JSPLIT_STREAM ? s->state_ == START : s->state_ == END)
		return 0;
	return og_err_set(err, OG_E_PARSE, "byte %llu: the text ends inside %s",
		(unsigned long long)s->off_,
		s->mode == OG_JSPLIT_STREAM ? "an object" : "the list");
}
