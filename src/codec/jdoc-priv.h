/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of jdoc share: keys, escapes and the sorted key index. */
#include "otelgate/codec/jdoc.h"

/* Ceiling of og_jlimits.max_depth, so that walkers may recurse: 1,024 small frames. */
enum { OG_JDEPTH_MAX = 1024 };

/* A string token's raw text; `escaped` tells whether it holds escapes. */
struct og_jraw {
	const unsigned char *p;
	uint32_t n;
	bool escaped;
};

static inline struct og_jraw og_jraw_tok(const char *text, const struct og_jtok *t)
{
	return (struct og_jraw){(const unsigned char *)text + t->off, t->len, t->count != 0};
}
static inline struct og_jraw og_jraw_sv(struct og_sv s)
{
	return (struct og_jraw){(const unsigned char *)s.p, (uint32_t)s.n, false};
}

/* Takes one character off validated string text and writes its UTF-8; returns the bytes written. */
unsigned og_junescape(const unsigned char **p, unsigned char out[4]);
/* Byte order of the unescaped texts, shorter first. */
int og_jraw_cmp(struct og_jraw a, struct og_jraw b);
bool og_jraw_eq(struct og_jraw a, struct og_jraw b);
uint64_t og_jraw_hash(struct og_jraw s); /* of the unescaped text */

/*
 * The keys of one object, sorted by (hash, text): never quadratic, whatever the keys are, without
 * needing a secret seed. Memory is the heap's; released by og_jkeys_fini.
 */
struct og_jkey {
	uint64_t hash;
	uint32_t i; /* tape index of the key */
};
struct og_jkeys {
	const char *text;
	const struct og_jtok *tok;
	struct og_jkey *k, *spare;
	uint32_t n, cap;
};
/* Indexes the object at tape index `obj` with `n` members. False when memory is out. */
bool og_jkeys_build(
	struct og_jkeys *ks, const char *text, const struct og_jtok *tok, uint32_t obj, uint32_t n);
/* Tape index of the key, or 0 (never a key's index) when there is none. */
uint32_t og_jkeys_find(const struct og_jkeys *ks, struct og_jraw key);
/* Tape index of the first key that occurred before, or 0. */
uint32_t og_jkeys_duplicate(const struct og_jkeys *ks);
/*
 * Tape index of a key that occurred before in the object with n members, or 0. False when memory is
 * out. `scratch` keeps its memory from call to call.
 */
bool og_jkeys_repeated(struct og_jkeys *scratch, const char *text, const struct og_jtok *tok,
	uint32_t obj, uint32_t n, uint32_t *ret);
void og_jkeys_fini(struct og_jkeys *ks);
#define og_auto_jkeys __attribute__((cleanup(og_jkeys_fini)))

/*
 * Looks up many keys in one object: the member behind the last hit is tried first, because objects
 * that are compared mostly have the same order; large objects get an index on the first miss.
 * Start with {.obj = object, .next = object.i + 1}; without memory for an index it is only slower.
 */
struct og_jfinder {
	struct og_jval obj;
	uint32_t next;
	bool tried, indexed;
	struct og_jkeys keys;
};
struct og_jfinder og_jfinder(struct og_jval obj);
struct og_jval og_jfind(struct og_jfinder *f, struct og_jraw key);
void og_jfinder_fini(struct og_jfinder *f);
#define og_auto_jfinder __attribute__((cleanup(og_jfinder_fini)))

static inline struct og_jraw og_jraw_val(struct og_jval v)
{
	return og_jraw_tok(v.d->text, og_jtok(v));
}

/*
 * Hashes of v and of all it contains, by tape index less v.i. Equal values (og_jequal) have equal
 * hashes; not for tables that strangers may fill. NULL when memory is out.
 */
uint64_t *og_jhashes(struct og_jval v, struct og_arena *arena);
