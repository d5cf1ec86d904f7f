/* SPDX-License-Identifier: Apache-2.0 */
/* Documents in the other form. Recursion is bounded by jdoc's own depth limit. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"
#include "emit-priv.h"

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

static void yaml_string(struct og_buf *b, struct og_jval v, struct og_arena *arena)
{
	struct og_sv s;
	if (!og_jstr(v, arena, &s))
		b->failed = true;
	else if (is_plain(s))
		og_buf_sv(b, s);
	else
		og_jw_str(b, s);
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is limited by jdoc and MAX_DEPTH */
static void yaml(
	struct og_buf *b, struct og_jval v, unsigned indent, struct og_arena *arena, unsigned depth)
{
	bool object = og_jis(v, OG_J_OBJECT), array = og_jis(v, OG_J_ARRAY);
	if (og_jis(v, OG_J_STRING)) {
		yaml_string(b, v, arena);
	} else if ((!object && !array) || (depth >= MAX_DEPTH && og_jcount(v))) {
		og_buf_sv(b, og_jraw(v)); /* JSON is YAML's flow style */
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
