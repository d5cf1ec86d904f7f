/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Strings: borrowed views (struct og_sv) and growing buffers with a cap (struct og_buf).
 * Views are not NUL-terminated and may hold any bytes.
 */
#include <stddef.h>
#include <stdbool.h>
#include <string.h>
#include <stdarg.h>

struct og_sv {
	const char *p;
	size_t n;
};

#define OG_SV(lit) ((struct og_sv){"" lit, sizeof(lit) - 1})
/* printf helpers: printf("%.*s", OG_SV_ARG(sv)) */
#define OG_SV_ARG(sv) (int)(sv).n, (sv).p

static inline struct og_sv og_sv(const char *p, size_t n)
{
	return (struct og_sv){p, n};
}
/* NULL gives the empty view. */
static inline struct og_sv og_svz(const char *s)
{
	return (struct og_sv){s ? s : "", s ? strlen(s) : 0};
}
static inline bool og_sv_eq(struct og_sv a, struct og_sv b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
#define og_sv_is(sv, lit) og_sv_eq((sv), OG_SV(lit))
static inline bool og_sv_starts(struct og_sv s, struct og_sv prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}
static inline bool og_sv_ends(struct og_sv s, struct og_sv suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}
int og_sv_cmp(struct og_sv a, struct og_sv b);	   /* byte order, shorter first */
bool og_sv_caseeq(struct og_sv a, struct og_sv b); /* ASCII only */
struct og_sv og_sv_trim(struct og_sv s);	   /* ASCII space, tab, CR, LF at both ends */
/* First position of c, or n when absent. */
size_t og_sv_chr(struct og_sv s, char c);
/* The parts one after another in buf, each followed by `end`: a key from names that cannot hold it.
 * False when they do not fit. */
bool og_sv_key(
	char *buf, size_t size, const struct og_sv *parts, size_t n, char end, struct og_sv *ret);
bool og_sv_has(struct og_sv s, struct og_sv needle);
/*
 * Takes the part before the next `sep` out of *rest and moves *rest behind it. Returns false when
 * *rest is used up. "a,,b" gives "a", "", "b"; a trailing separator gives no empty part.
 */
bool og_sv_split(struct og_sv *rest, char sep, struct og_sv *ret_part);

/* A copy of s with a NUL in place of what *at was (freed by og_free). False without memory: *at
 * stays. */
bool og_sv_set(char **at, struct og_sv s);

/* Strict: valid UTF-8 as RFC 3629 (no overlong forms, surrogates or values above U+10FFFF). */
bool og_utf8_valid(const char *p, size_t n);

/*
 * Growing buffer. `max` caps the length; 0 means 64 MiB. After a failed append the buffer is
 * `failed`, its content stays as it was, and all later appends do nothing: append many, check once.
 */
struct og_buf {
	char *p; /* NUL-terminated whenever not NULL */
	size_t len, cap, max;
	bool failed;
	bool full; /* failed because of max, not for want of memory */
};
#define OG_BUF_INIT(max_bytes)     \
	{                          \
		.max = (max_bytes) \
	}
void og_buf_init(struct og_buf *b, size_t max_bytes);
void og_buf_fini(struct og_buf *b);
#define og_auto_buf __attribute__((cleanup(og_buf_fini)))
/* The same for what may hold a secret: the memory is overwritten first. */
void og_buf_wipe(struct og_buf *b);
#define og_auto_wipe __attribute__((cleanup(og_buf_wipe)))
/* Empties and clears `failed` and `full`, keeps the memory. */
void og_buf_reset(struct og_buf *b);
bool og_buf_reserve(struct og_buf *b, size_t more);
bool og_buf_grow_(struct og_buf *b, size_t more);
static inline void og_buf_add(struct og_buf *b, const void *p, size_t n)
{
	if (__builtin_expect(b->cap - b->len > n && !b->failed, 1)) {
		if (n) /* nothing may be at NULL */
			memcpy(b->p + b->len, p, n);
		b->len += n;
		b->p[b->len] = '\0';
		return;
	}
	if (og_buf_grow_(b, n)) {
		if (n)
			memcpy(b->p + b->len, p, n);
		b->len += n;
		b->p[b->len] = '\0';
	}
}
static inline void og_buf_sv(struct og_buf *b, struct og_sv s)
{
	og_buf_add(b, s.p, s.n);
}
static inline void og_buf_str(struct og_buf *b, const char *s)
{
	og_buf_add(b, s, strlen(s));
}
static inline void og_buf_ch(struct og_buf *b, char c)
{
	og_buf_add(b, &c, 1);
}
#define og_buf_lit(b, lit) og_buf_add((b), "" lit, sizeof(lit) - 1)
void og_buf_fmt(struct og_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void og_buf_vfmt(struct og_buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
void og_buf_u64(struct og_buf *b, unsigned long long v); /* decimal, no locale */
/* View of the content; valid until the next append. Never NULL. */
static inline struct og_sv og_buf_view(const struct og_buf *b)
{
	return (struct og_sv){b->p ? b->p : "", b->len};
}
/* Moves the memory out; NULL when failed or out of memory, "" when empty. Free with og_free. */
char *og_buf_take(struct og_buf *b);
