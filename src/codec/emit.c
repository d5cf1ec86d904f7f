/* SPDX-License-Identifier: Apache-2.0 */
/* Documents in the other form. Recursion is bounded by jdoc's own depth limit. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/codec/emit.h"

enum { MAX_DEPTH = 1000 };

static void blanks(struct og_buf *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		og_buf_ch(b, ' ');
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is limited by jdoc and MAX_DEPTH */
static void json(struct og_buf *b, struct og_jval v, unsigned indent, unsigned depth)
{
	bool object = og_jis(v, OG_J_OBJECT);
	if ((!object && !og_jis(v, OG_J_ARRAY)) || og_jcount(v) == 0 || depth >= MAX_DEPTH) {
		og_buf_sv(b, og_jcount(v)	     ? og_jraw(v)
			     : object		     ? OG_SV("{}")
			     : og_jis(v, OG_J_ARRAY) ? OG_SV("[]")
						     : og_jraw(v));
		return;
	}
	og_buf_ch(b, object ? '{' : '[');
	og_jfor (it, v) {
		og_buf_str(b, it.index ? ",\n" : "\n");
		blanks(b, indent + 2);
		if (object) {
			og_buf_sv(b, og_jraw(it.key));
			og_buf_lit(b, ": ");
		}
		json(b, it.val, indent + 2, depth + 1);
	}
	og_buf_ch(b, '\n');
	blanks(b, indent);
	og_buf_ch(b, object ? '}' : ']');
}

void og_emit_json(struct og_buf *b, struct og_jval v, unsigned indent)
{
	json(b, v, indent, 0);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether a string may stand without quotes: it begins with a letter or a slash, so it is no
 * number or date, holds nothing that YAML gives a meaning to, and is none of YAML 1.1's words. */
static bool is_plain(struct og_sv s)
{
	static const char *const words[] = {
		"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
	if (!s.n || !(is_letter(s.p[0]) || s.p[0] == '/'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool ok = is_letter(c) || (c >= '0' && c <= '9') ||
			  strchr("_./-,=$()+@%;", c) != NULL;
		/* a colon only within a word: image:tag, http://… */
		ok = (ok && c) || (c == ':' && i + 1 < s.n && s.p[i + 1] != ' ');
		if (!ok)
			return false;
	}
	for (size_t i = 0; i < OG_COUNT(words); i++) {
		if (og_sv_caseeq(s, og_svz(words[i])))
			return false;
	}
	return true;
}

/*
 * Length of a character that JSON allows in a string and YAML does not, or reads as a line break or
 * a byte order mark: DEL, U+0080 to U+009F, U+2028, U+2029, U+FEFF. 0 for any other.
 */
static size_t special(struct og_sv s, unsigned *ret_code)
{
	const unsigned char *u = (const unsigned char *)s.p;
	if (u[0] == 0x7f) {
		*ret_code = 0x7f;
		return 1;
	}
	if (s.n >= 2 && u[0] == 0xc2 && u[1] < 0xa0) {
		*ret_code = u[1];
		return 2;
	}
	if (s.n < 3)
		return 0;
	*ret_code = (unsigned)(u[0] & 0x0f) << 12 | (unsigned)(u[1] & 0x3f) << 6 | (u[2] & 0x3fU);
	bool three = (u[0] & 0xf0) == 0xe0;
	return three && (*ret_code == 0x2028 || *ret_code == 0x2029 || *ret_code == 0xfeff) ? 3 : 0;
}

static void yaml_string(struct og_buf *b, struct og_jval v, struct og_arena *arena)
{
	struct og_sv s;
	if (!og_jstr(v, arena, &s)) {
		b->failed = true;
		return;
	}
	if (is_plain(s)) {
		og_buf_sv(b, s);
		return;
	}
	og_buf_ch(b, '"');
	size_t from = 0;
	for (size_t i = 0; i < s.n;) {
		unsigned code = 0;
		size_t n = special(og_sv(s.p + i, s.n - i), &code);
		if (n) {
			og_jw_part(b, og_sv(s.p + from, i - from));
			og_buf_fmt(b, "\\u%04x", code);
			from = i + n;
		}
		i += n ? n : 1;
	}
	og_jw_part(b, og_sv(s.p + from, s.n - from));
	og_buf_ch(b, '"');
}

void og_emit_yaml_value(struct og_buf *b, struct og_jval v, struct og_arena *arena)
{
	if (og_jis(v, OG_J_STRING))
		yaml_string(b, v, arena);
	else
		og_buf_sv(b, og_jraw(v)); /* JSON is YAML's flow style */
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is limited by jdoc and MAX_DEPTH */
static void yaml(
	struct og_buf *b, struct og_jval v, unsigned indent, struct og_arena *arena, unsigned depth)
{
	bool object = og_jis(v, OG_J_OBJECT), array = og_jis(v, OG_J_ARRAY);
	if ((!object && !array) || (depth >= MAX_DEPTH && og_jcount(v))) {
		og_emit_yaml_value(b, v, arena);
	} else if (og_jcount(v) == 0) {
		og_buf_str(b, object ? "{}" : "[]");
	} else {
		og_jfor (it, v) {
			if (it.index) {
				og_buf_ch(b, '\n');
				blanks(b, indent);
			}
			bool nested = og_jcount(it.val) > 0;
			if (array) {
				/* "- " takes two columns, in which the element's own lines align */
				og_buf_lit(b, "- ");
				yaml(b, it.val, indent + 2, arena, depth + 1);
				continue;
			}
			yaml_string(b, it.key, arena);
			og_buf_ch(b, ':');
			bool list = og_jis(it.val, OG_J_ARRAY);
			if (!nested) {
				og_buf_ch(b, ' ');
			} else {
				og_buf_ch(b, '\n');
				blanks(b, list ? indent : indent + 2);
			}
			yaml(b, it.val, list ? indent : indent + 2, arena, depth + 1);
		}
	}
}

void og_emit_yaml(struct og_buf *b, struct og_jval v, struct og_arena *arena)
{
	yaml(b, v, 0, arena, 0);
	og_buf_ch(b, '\n');
}
