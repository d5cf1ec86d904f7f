/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of text. */
#include "otelgate/base/width.h"
#include "otelgate/base/harmless.h"
#include "width-priv.h"

enum { JOINER = 0x200d, EMOJI_STYLE = 0xfe0f, KEYCAP = 0x20e3, FLAG_A = 0x1f1e6, FLAG_Z = 0x1f1ff };

static enum width_kind kind_of(uint32_t cp)
{
	size_t lo = 0, hi = width_nspans;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (cp < width_spans[mid].first)
			hi = mid;
		else if (cp - width_spans[mid].first > width_spans[mid].more)
			lo = mid + 1;
		else
			return (enum width_kind)width_spans[mid].kind;
	}
	return WIDTH_PLAIN;
}

/* Bytes of the code point at i; 0 at the end, and where there is no UTF-8. */
static size_t decode(struct og_sv s, size_t i, uint32_t *ret)
{
	if (i >= s.n)
		return 0;
	unsigned char u = (unsigned char)s.p[i];
	size_t n = og_utf8_len(s.p + i, s.n - i);
	if (!n)
		return 0;
	uint32_t cp = n == 1 ? u : u & (0x7fU >> n);
	for (size_t k = 1; k < n; k++)
		cp = cp << 6 | ((unsigned char)s.p[i + k] & 0x3fU);
	*ret = cp;
	return n;
}

static bool is_flag(uint32_t cp)
{
	return cp >= FLAG_A && cp <= FLAG_Z;
}

static bool is_tone(uint32_t cp)
{
	return cp >= 0x1f3fb && cp <= 0x1f3ff;
}

static bool is_picture(enum width_kind k)
{
	return k == WIDTH_PICTURE || k == WIDTH_PICTURE_WIDE;
}

/* What stands on its first code point. */
struct glyph {
	struct og_sv s;
	size_t n;
	uint32_t columns, marks;
	bool picture, joined; /* an emoji may be joined; one is due behind a U+200D */
	bool key;	      /* may stand on a keycap */
};

/* Takes the next code point when it belongs to the character. */
static bool take(struct glyph *g)
{
	uint32_t cp = 0;
	size_t n = decode(g->s, g->n, &cp);
	enum width_kind k = n ? kind_of(cp) : WIDTH_UNSEEN;
	bool joins = g->picture && ((g->joined && is_picture(k)) || is_tone(cp));

	if (!n || (!joins && k != WIDTH_MARK && k != WIDTH_SPACING) || g->marks == OG_GLYPH_MARKS)
		return false;
	g->n += n;
	g->marks++;
	g->joined = cp == JOINER;
	if (k == WIDTH_SPACING)
		g->columns++;
	/* A style, a tone or a partner makes it an emoji, which is wide. */
	if (joins || (cp == EMOJI_STYLE && g->picture) || (cp == KEYCAP && g->key))
		g->columns = 2;
	return true;
}

struct og_glyph og_glyph_first(struct og_sv s)
{
	struct glyph g = {.s = s, .columns = 1};
	uint32_t cp = 0, next = 0;

	g.n = decode(s, 0, &cp);
	if (!g.n)
		return (struct og_glyph){OG_GLYPH_BAD, 1, 1};
	if (og_utf8_steers(s.p, g.n))
		return (struct og_glyph){OG_GLYPH_STEERS, 1, g.n};
	enum width_kind k = kind_of(cp);
	if (k == WIDTH_UNSEEN || k == WIDTH_MARK || k == WIDTH_SPACING)
		return (struct og_glyph){OG_GLYPH_BAD, 1, g.n};
	g.picture = is_picture(k);
	g.key = cp < 0x80 && strchr("0123456789#*", (int)cp) != NULL;
	if (k == WIDTH_WIDE || k == WIDTH_PICTURE_WIDE)
		g.columns = 2;
	if (is_flag(cp)) {
		size_t n = decode(s, g.n, &next);
		if (n && is_flag(next))
			g.n += n;
		g.columns = 2;
	}
	while (take(&g))
		;
	return (struct og_glyph){OG_GLYPH_TEXT, g.columns, g.n};
}

static bool is_ascii(struct og_sv s, size_t i)
{
	unsigned char u = (unsigned char)s.p[i];

	return u < 0x80 && (i + 1 >= s.n || (unsigned char)s.p[i + 1] < 0x80);
}

size_t og_width_fit(struct og_sv s, uint32_t columns)
{
	size_t i = 0;

	for (uint32_t used = 0; i < s.n;) {
		struct og_glyph g = is_ascii(s, i) ? (struct og_glyph){OG_GLYPH_TEXT, 1, 1}
						   : og_glyph_first(og_sv(s.p + i, s.n - i));
		if (g.columns > columns - used)
			break;
		used += g.columns;
		i += g.n;
	}
	return i;
}

uint32_t og_width(struct og_sv s)
{
	uint32_t columns = 0;

	for (size_t i = 0; i < s.n;) {
		struct og_glyph g = is_ascii(s, i) ? (struct og_glyph){OG_GLYPH_TEXT, 1, 1}
						   : og_glyph_first(og_sv(s.p + i, s.n - i));
		columns += g.columns;
		i += g.n;
	}
	return columns;
}
