/* SPDX-License-Identifier: Apache-2.0 */
/* Text and looks of the HTML report. */
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "report_html-priv.h"

/* Code points that leave no mark, or change how others are read: Unicode 15.1, general categories
 * Cc, Cf, Zl, Zp, the Hangul fillers and variation selectors. Sorted. */
static const struct span {
	uint32_t from, to;
} unseen[] = {
	{0x00, 0x1f},
	{0x7f, 0x9f},
	{0xad, 0xad},
	{0x34f, 0x34f},
	{0x600, 0x605},
	{0x61c, 0x61c},
	{0x6dd, 0x6dd},
	{0x70f, 0x70f},
	{0x890, 0x891},
	{0x8e2, 0x8e2},
	{0x115f, 0x1160},
	{0x17b4, 0x17b5},
	{0x180b, 0x180f},
	{0x200b, 0x200f},
	{0x2028, 0x202e},
	{0x2060, 0x206f},
	{0x3164, 0x3164},
	{0xfe00, 0xfe0f},
	{0xfeff, 0xfeff},
	{0xffa0, 0xffa0},
	{0xfff0, 0xfffb},
	{0xfffe, 0xffff},
	{0x110bd, 0x110bd},
	{0x110cd, 0x110cd},
	{0x13430, 0x1343f},
	{0x1bca0, 0x1bca3},
	{0x1d173, 0x1d17a},
	{0xe0000, 0xe0fff},
};

static bool is_unseen(uint32_t cp)
{
	for (size_t i = 0; i < OG_COUNT(unseen) && unseen[i].from <= cp; i++)
		if (cp <= unseen[i].to)
			return true;
	return cp > 0xffff && (cp & 0xfffe) == 0xfffe;
}

/* Bytes of the character at p and its code point; 0 = it is none. */
static size_t decode(const char *p, size_t n, uint32_t *ret)
{
	unsigned char u = (unsigned char)*p;
	size_t len = u < 0x80 ? 1 : u < 0xe0 ? 2 : u < 0xf0 ? 3 : 4;

	if (len > n || !og_utf8_valid(p, len))
		return 0;
	uint32_t cp = len == 1 ? u : u & (0x7fU >> len);
	for (size_t i = 1; i < len; i++)
		cp = cp << 6 | ((unsigned char)p[i] & 0x3f);
	*ret = cp;
	return len;
}

enum kind { TEXT, NAME, ATTRIBUTE };

static void mark(struct og_buf *b, enum kind kind, bool byte, uint32_t v)
{
	og_buf_str(b, kind == ATTRIBUTE ? "[" : "<b class=\"u\">");
	og_buf_fmt(b, byte ? "0x%02X" : "U+%04X", v);
	og_buf_str(b, kind == ATTRIBUTE ? "]" : "</b>");
}

static const char *entity_of(unsigned char u)
{
	switch (u) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void escaped(struct og_buf *b, enum kind kind, struct og_sv s)
{
	size_t done = 0;

	for (size_t i = 0, step; i < s.n; i += step) {
		unsigned char u = (unsigned char)s.p[i];
		uint32_t cp = u;
		size_t len = decode(s.p + i, s.n - i, &cp);
		bool blank = kind == TEXT && (u == '\n' || u == '\t');
		bool odd = !len || (!blank && is_unseen(cp));
		const char *entity = odd ? NULL : entity_of(u);
		step = len ? len : 1;
		if (!odd && !entity)
			continue;
		og_buf_add(b, s.p + done, i - done);
		if (odd)
			mark(b, kind, !len, len ? cp : u);
		else
			og_buf_str(b, entity);
		done = i + step;
	}
	if (s.n > done)
		og_buf_add(b, s.p + done, s.n - done);
}

void html_text(struct og_buf *b, struct og_sv s)
{
	escaped(b, TEXT, s);
}

void html_name(struct og_buf *b, struct og_sv s)
{
	og_buf_lit(b, "<bdi>");
	escaped(b, NAME, s);
	og_buf_lit(b, "</bdi>");
}

void html_attr(struct og_buf *b, struct og_sv s)
{
	escaped(b, ATTRIBUTE, s);
}

/* What is to be typed, or to be written to a file. All else is advice, and ends as a sentence does.
 */
static bool is_typed(struct og_sv fix)
{
	static const char *const commands[] = {"kubectl ", "otelgate ", "helm "};

	for (size_t i = 0; i < OG_COUNT(commands); i++)
		if (og_sv_starts(fix, og_svz(commands[i])))
			return fix.p[fix.n - 1] != '.';
	return og_sv_chr(fix, '\n') < fix.n;
}

void html_fix(struct og_buf *b, struct og_sv fix)
{
	bool typed = fix.n && is_typed(fix);

	if (!fix.n)
		return;
	og_buf_str(b, typed ? "<div class=\"fix\"><code>" : "<p class=\"do\">");
	html_text(b, fix);
	og_buf_str(b, typed ? "</code></div>" : "</p>");
}

void html_time(struct og_buf *b, int64_t at_s)
{
	char t[OG_RFC3339_BYTES];

	og_fmt_rfc3339(t, at_s > INT64_MAX / 1000000000 ? INT64_MAX : at_s * 1000000000);
	og_buf_fmt(b, "<time datetime=\"%s\">%.10s %.8s UTC</time>", t, t,
		strlen(t) > 19 ? t + 11 : "");
}

bool html_link_ok(struct og_sv url)
{
	if (!og_sv_starts(url, OG_SV("https://")) || url.n > 16384)
		return false;
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] >= 0x7f || strchr("\"'<>\\`", url.p[i]) != NULL)
			return false;
	return true;
}

/* ---- looks ---- */

static const struct html_look ok = {"ok", "✓", "ok"}, bad = {"bad", "✗", "fails"},
			      unknown = {"unk", "?", "unknown"}, na = {"na", "–", "n/a"};

const struct html_look *html_look_word(struct og_sv word)
{
	static const struct {
		const char *word;
		struct html_look look;
	} looks[] = {
		{"OK", {"ok", "✓", "ok"}},
		{"VIA", {"ok", "✓", "ok"}},
		{"IDLE", {"unk", "◦", "idle"}},
		{"WAIT", {"unk", "…", "waiting"}},
		{"STALE", {"warn", "▲", "stale"}},
		{"NONE", {"bad", "✗", "fails"}},
		{"OFF", {"na", "–", "off"}},
		{"N/A", {"na", "–", "n/a"}},
	};
	struct og_sv first = og_sv(word.p, og_sv_chr(word, ' '));

	for (size_t i = 0; i < OG_COUNT(looks); i++)
		if (og_sv_eq(first, og_svz(looks[i].word)))
			return &looks[i].look;
	return &unknown;
}

const struct html_look *html_look_result(enum og_result r)
{
	static const struct html_look *const looks[OG_RESULT_COUNT_] = {&na, &unknown, &ok, &bad};

	return (unsigned)r < OG_RESULT_COUNT_ ? looks[r] : &unknown;
}

const struct html_look *html_look_cell(const struct og_cell *cell)
{
	return html_look_result(og_coverage_counts(cell));
}

const struct html_look *html_look_severity(enum og_severity severity)
{
	static const struct html_look looks[] = {
		[OG_SEV_INFO] = {"na", "•", "info"},
		[OG_SEV_NOTICE] = {"na", "•", "notice"},
		[OG_SEV_WARNING] = {"warn", "▲", "warning"},
		[OG_SEV_ERROR] = {"bad", "✗", "error"},
		[OG_SEV_UNKNOWN] = {"unk", "?", "unknown"},
	};

	return &looks[(unsigned)severity < OG_COUNT(looks) ? severity : OG_SEV_UNKNOWN];
}

const struct html_look *html_look_injected(const struct og_coverage_row *row)
{
	static const struct html_look old = {"warn", "▲", "old version"};
	const struct og_cell *k = &row->link[OG_LINK_INJECTED];

	if (!row->opted_in)
		return &na;
	return og_coverage_counts(k) == OG_RESULT_PASS && row->pods_seen &&
			       row->classes[OG_CLASS_STALE]
		       ? &old
		       : html_look_cell(k);
}

/* ---- order ---- */

static uint32_t rank_of(const struct og_coverage_row *row)
{
	if (row->verdict == OG_RESULT_FAIL || og_coverage_uncovered(row))
		return 0;
	if (og_report_is_problem(row))
		return 1;
	return row->verdict == OG_RESULT_PASS ? 2 : 3;
}

static int by_badness(const void *x, const void *y)
{
	const struct html_row *a = x, *b = y;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->score < b->score || a->score > b->score)
		return a->score < b->score ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

bool html_rows_sort(const struct og_coverage *c, const struct og_report_opts *o, uint32_t from,
	uint32_t to, struct og_arena *arena, struct html_row **ret, uint32_t *ret_n)
{
	struct html_row *v = og_arena_new_n(arena, (size_t)(to - from) + 1, struct html_row);
	uint32_t n = 0;

	if (!v)
		return false;
	for (uint32_t i = from; i < to; i++) {
		const struct og_coverage_row *row = &c->rows[i];
		if (report_skips(o, row))
			continue;
		v[n++] = (struct html_row){row, rank_of(row), i, row->score < 0 ? 101 : row->score};
	}
	if (n)
		qsort(v, n, sizeof(*v), by_badness);
	*ret = v;
	*ret_n = n;
	return true;
}
