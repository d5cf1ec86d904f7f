/* SPDX-License-Identifier: Apache-2.0 */
/* Compact bytes: numbers, times, texts. */
#include "pack-priv.h"

#include "otelgate/base/parse.h"

void kobj_pack_u64(struct og_buf *b, uint64_t v)
{
	while (v >= 0x80) {
		og_buf_ch(b, (char)(v | 0x80));
		v >>= 7;
	}
	og_buf_ch(b, (char)v);
}

void kobj_pack_i64(struct og_buf *b, int64_t v)
{
	kobj_pack_u64(b, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

void kobj_pack_u32_fixed(struct og_buf *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		og_buf_ch(b, (char)(v >> (8 * i)));
}

void kobj_pack_sv(struct og_buf *b, struct og_sv s)
{
	kobj_pack_u64(b, s.n);
	og_buf_sv(b, s);
}

void kobj_pack_refuse(struct og_buf *b)
{
	b->failed = true;
	b->full = true;
}

void kobj_pack_time(struct og_buf *b, int64_t t, int64_t base)
{
	if (t > KOBJ_TIME_MAX || t < -KOBJ_TIME_MAX) {
		kobj_pack_refuse(b);
		return;
	}
	int64_t d = t - base;
	kobj_pack_u64(b, t == 0 ? 0 : (((uint64_t)d << 1) ^ (d < 0 ? UINT64_MAX : 0)) + 1);
}

/* 0 is followed by the text. */
void kobj_pack_word(struct og_buf *b, struct og_sv s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (og_sv_eq(s, og_svz(words[i]))) {
			kobj_pack_u64(b, i + 1);
			return;
		}
	}
	kobj_pack_u64(b, 0);
	kobj_pack_sv(b, s);
}

struct kobj_unpack kobj_unpack(struct og_sv bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	return (struct kobj_unpack){.p = p, .end = p ? p + bytes.n : p};
}

uint64_t kobj_unpack_u64(struct kobj_unpack *u, uint64_t max)
{
	uint64_t v = 0;
	for (unsigned shift = 0; !u->bad && u->p < u->end && shift < 64; shift += 7) {
		unsigned char c = *u->p++;
		uint64_t part = (uint64_t)(c & 0x7f) << shift;
		if (part >> shift != (c & 0x7f))
			break;
		v |= part;
		if (c & 0x80)
			continue;
		if ((c == 0 && shift) || v > max)
			break;
		return v;
	}
	u->bad = true;
	return 0;
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

int64_t kobj_unpack_i64(struct kobj_unpack *u, int64_t min, int64_t max)
{
	int64_t v = unzigzag(kobj_unpack_u64(u, UINT64_MAX));
	if (!u->bad && v >= min && v <= max)
		return v;
	u->bad = true;
	return 0;
}

uint32_t kobj_unpack_u32_fixed(struct kobj_unpack *u)
{
	if (u->bad || u->end - u->p < 4) {
		u->bad = true;
		return 0;
	}
	uint32_t v = 0;
	for (int i = 0; i < 4; i++)
		v |= (uint32_t)*u->p++ << (8 * i);
	return v;
}

struct og_sv kobj_unpack_sv(struct kobj_unpack *u, size_t max)
{
	size_t n = (size_t)kobj_unpack_u64(u, max);
	if (!u->bad && n <= (size_t)(u->end - u->p) && og_utf8_valid((const char *)u->p, n)) {
		struct og_sv s = n ? og_sv((const char *)u->p, n) : OG_SV("");
		u->p += n;
		return s;
	}
	u->bad = true;
	return OG_SV("");
}

int64_t kobj_unpack_time(struct kobj_unpack *u, int64_t base)
{
	uint64_t v = kobj_unpack_u64(u, 1ULL << 44);
	if (u->bad || v == 0)
		return 0;
	int64_t t = base + unzigzag(v - 1);
	if (t != 0 && t <= KOBJ_TIME_MAX && t >= -KOBJ_TIME_MAX)
		return t;
	u->bad = true;
	return 0;
}

struct og_sv kobj_unpack_word(struct kobj_unpack *u, const char *const *words, size_t n, size_t max)
{
	size_t i = (size_t)kobj_unpack_u64(u, n);
	if (i || u->bad)
		return u->bad ? OG_SV("") : og_svz(words[i - 1]);
	struct og_sv s = kobj_unpack_sv(u, max);
	for (size_t k = 0; k < n; k++)
		u->bad |= og_sv_eq(s, og_svz(words[k]));
	return u->bad ? OG_SV("") : s;
}

struct og_sv kobj_cut(struct og_sv s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max && ((unsigned char)s.p[max] & 0xC0) == 0x80)
		max--;
	return og_sv(s.p, max);
}

struct og_sv kobj_text(struct og_jval v, size_t max, struct og_arena *arena)
{
	return kobj_cut(og_jstr_or_empty(v, arena), max);
}

int64_t kobj_seconds(struct og_jval v, struct og_arena *arena)
{
	int64_t ns;
	struct og_sv s = og_jstr_or_empty(v, arena);
	return s.n && og_parse_rfc3339(s, &ns, NULL) == 0 ? ns / 1000000000 : 0;
}
