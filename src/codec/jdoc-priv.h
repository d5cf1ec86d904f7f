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
void og_jkeys_fini(struct og_jkeys *ks);
#define og_auto_jkeys __attribute__((cleanup(og_jkeys_fini)))

/* Objects with more members than this are worth an index when many keys are looked up. */
enum { OG_JKEYS_MIN = 32 };
