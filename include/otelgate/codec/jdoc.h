/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * jdoc: what was received, read once. A strict JSON reader (RFC 8259) that leaves a tape of tokens
 * over the received bytes; values are small handles on the tape. Nothing is copied or converted
 * until asked for, so unknown fields and number forms survive untouched.
 *
 * Refused beside what RFC 8259 refuses: invalid UTF-8, a byte order mark, duplicate keys (compared
 * after unescaping), nesting and counts above the limits, unpaired surrogate escapes. \u0000 is
 * accepted by the reader; og_jstr reports it as any other character.
 *
 * The document borrows `text` and its arena: both must outlive every handle. Read-only after
 * parsing, so any number of threads may read it.
 */
#include <stdbool.h>
#include <stdint.h>
#include "otelgate/base/arena.h"
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

enum og_jtype {
	OG_J_ABSENT = 0, /* the handle points to nothing */
	OG_J_NULL,
	OG_J_FALSE,
	OG_J_TRUE,
	OG_J_NUMBER,
	OG_J_STRING,
	OG_J_ARRAY,
	OG_J_OBJECT
};

/* One token, 16 bytes. Object members are a STRING token (the key) followed by the value. */
struct og_jtok {
	uint32_t off;	     /* first byte in text; for strings the byte behind the opening quote */
	uint32_t len;	     /* raw bytes; for strings without the quotes */
	uint32_t end;	     /* tape index behind this value and all it contains */
	uint32_t count : 28; /* elements or members; for a string 1 if it holds an escape */
	uint32_t type : 4;
};

struct og_jdoc {
	const char *text;
	size_t len;
	struct og_jtok *tok;
	uint32_t ntok;
};

struct og_jlimits {
	uint32_t max_bytes;  /* 0 = 7 MiB */
	uint32_t max_depth;  /* containers within containers; 0 = 100, more than 1,024 = 1,024 */
	uint32_t max_tokens; /* 0 = 500,000 */
	bool own_text;	     /* written by this program: repeated keys are not looked for */
};

/* A value; {NULL, 0} is absent. Every reader below accepts an absent value. */
struct og_jval {
	const struct og_jdoc *d;
	uint32_t i;
};
#define OG_JABSENT ((struct og_jval){NULL, 0})

/*
 * Parses exactly one value with optional white space around it. limits NULL = defaults.
 * Errors: PARSE, LIMIT, OOM; the message is "line L column C (byte B): what", B from 0; it never
 * quotes the text, which may be secret. *d is only valid on success.
 */
int og_jdoc_parse(struct og_jdoc *d, struct og_arena *arena, struct og_sv text,
	const struct og_jlimits *limits, struct og_err *err);

/* 1-based line and column (in bytes) of a byte offset. */
void og_jdoc_position(const struct og_jdoc *d, uint32_t off, uint32_t *ret_line, uint32_t *ret_col);

static inline struct og_jval og_jroot(const struct og_jdoc *d)
{
	return (struct og_jval){d, 0};
}
static inline const struct og_jtok *og_jtok(struct og_jval v)
{
	return &v.d->tok[v.i];
}
static inline enum og_jtype og_jtype(struct og_jval v)
{
	return v.d ? (enum og_jtype)og_jtok(v)->type : OG_J_ABSENT;
}
static inline bool og_jis(struct og_jval v, enum og_jtype t)
{
	return og_jtype(v) == t;
}
/* Absent or JSON null: Kubernetes treats both as "not set". */
static inline bool og_junset(struct og_jval v)
{
	enum og_jtype t = og_jtype(v);
	return t == OG_J_ABSENT || t == OG_J_NULL;
}
/* "absent", "null", "boolean", "number", "string", "array" or "object". */
const char *og_jtype_name(enum og_jtype t);

/* Elements or members; 0 for anything but arrays and objects. */
static inline uint32_t og_jcount(struct og_jval v)
{
	enum og_jtype t = og_jtype(v);
	return t == OG_J_ARRAY || t == OG_J_OBJECT ? og_jtok(v)->count : 0;
}
/* The exact bytes of the value as received, quotes and braces included. */
struct og_sv og_jraw(struct og_jval v);

/* Member of an object by (unescaped) key; absent when v is no object or lacks it. */
struct og_jval og_jget(struct og_jval v, struct og_sv key);
#define og_jgetl(v, lit) og_jget((v), OG_SV(lit))
/* Element of an array; absent when out of range. */
struct og_jval og_jat(struct og_jval v, uint32_t index);
/* og_jget in a row: og_jpath(v, "spec", "template", NULL). */
struct og_jval og_jpath(struct og_jval v, ...) __attribute__((sentinel));

/*
 * A string's text. Without escapes it is a view into the received bytes; with escapes it is
 * decoded into the arena. False when v is not a string or memory is out (then *ret is empty).
 */
bool og_jstr(struct og_jval v, struct og_arena *arena, struct og_sv *ret);
/* Like og_jstr, giving the empty view on any failure. */
struct og_sv og_jstr_or_empty(struct og_jval v, struct og_arena *arena);
/* Compares a string value (unescaped) without allocating; false for other types. */
bool og_jstr_eq(struct og_jval v, struct og_sv s);
#define og_jstr_is(v, lit) og_jstr_eq((v), OG_SV(lit))
/* false for other types, fractions, exponents and values outside int64. */
bool og_ji64(struct og_jval v, int64_t *ret);
/* Deep equality as RFC 6902 §4.6: numbers by value, objects without order. */
bool og_jequal(struct og_jval a, struct og_jval b);

/*
 * Iteration: for (struct og_jiter it = og_jiter(v); og_jnext(&it);) use it.val (and it.key, for
 * objects). A value that is neither array nor object gives no turn.
 */
struct og_jiter {
	struct og_jval key, val;
	const struct og_jdoc *d;
	uint32_t next, end;
	uint32_t index; /* of the current turn, from 0 */
	bool object;
};
struct og_jiter og_jiter(struct og_jval v);
bool og_jnext(struct og_jiter *it);
#define og_jfor(it, v) for (struct og_jiter it = og_jiter(v); og_jnext(&it);)
