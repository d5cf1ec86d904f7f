/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing new values as YAML (block or flow) and as JSON. A scalar is written plain only when every
 * YAML reader takes it for the string it is.
 */
#include "splice-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"

/* Longest implicit key (YAML 1.1 §7.4.2), with room for escapes. */
enum { KEY_BYTES = 1000 };

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The code point at p, and its length. The text is valid UTF-8. */
static uint32_t decode(const char *p, size_t *ret_len)
{
	const unsigned char *u = (const unsigned char *)p;
	if (u[0] < 0x80) {
		*ret_len = 1;
		return u[0];
	}
	size_t n = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : 2;
	uint32_t c = u[0] & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (u[i] & 0x3F);
	*ret_len = n;
	return c;
}

/* YAML 1.1 §4.1.1, without what would be a line break or a mark. */
static bool printable(uint32_t c)
{
	return (c >= 0x20 && c < 0x7F) || (c >= 0xA0 && c < 0xD800 && c != 0x2028 && c != 0x2029) ||
	       (c >= 0xE000 && c < 0xFFFE && c != 0xFEFF) || c >= 0x10000;
}

static bool all_printable(struct og_sv t)
{
	size_t len;
	for (size_t i = 0; i < t.n; i += len)
		if (!printable(decode(t.p + i, &len)))
			return false;
	return true;
}

/* Numbers, dates, times, addresses: what some YAML reader, if not kubectl's, takes for a number. */
static bool number_like(struct og_sv t)
{
	if (!strchr("0123456789+-.", t.p[0]))
		return false;
	for (size_t i = 0; i < t.n; i++)
		if (!strchr("0123456789abcdefABCDEFxXoO_.:+-", t.p[i]))
			return false;
	return true;
}

static bool plain_ok(struct og_sv t, bool flow)
{
	static const char *const words[] = {"y", "Y", "n", "N"};
	struct og_yvalue v;
	if (!t.n || !all_printable(t))
		return false;
	unsigned char c = (unsigned char)t.p[0];
	bool dash = c == '-' && t.n > 1 && t.p[1] != ' ' && !og_sv_starts(t, OG_SV("---"));
	bool letter = c >= 0xC3; /* from U+00C0 on */
	if (!is_alnum(c) && !letter && !strchr("/_.$(+", c) && !dash)
		return false;
	if (number_like(t) || og_sv_starts(t, OG_SV("...")) || t.p[t.n - 1] == ' ' ||
		t.p[t.n - 1] == ':')
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (flow && strchr(",[]{}", t.p[i]))
			return false;
		if (i && ((t.p[i] == ' ' && t.p[i - 1] == ':') ||
				 (t.p[i] == '#' && t.p[i - 1] == ' ')))
			return false;
	}
	for (size_t i = 0; i < OG_COUNT(words); i++)
		if (og_sv_eq(t, og_svz(words[i])))
			return false;
	return !og_ytype_resolve(t, OG_YT_NONE, true, &v) && v.type == OG_Y_STR;
}

static void double_quoted(struct og_buf *b, struct og_sv t)
{
	size_t len;
	og_buf_ch(b, '"');
	for (size_t i = 0; i < t.n; i += len) {
		uint32_t c = decode(t.p + i, &len);
		if (c == '"' || c == '\\')
			og_buf_ch(b, '\\');
		if (c == '\n')
			og_buf_lit(b, "\\n");
		else if (c == '\t')
			og_buf_lit(b, "\\t");
		else if (c == '\r')
			og_buf_lit(b, "\\r");
		else if (printable(c))
			og_buf_add(b, t.p + i, len);
		else
			og_buf_fmt(b, "\\u%04X", c);
	}
	og_buf_ch(b, '"');
}

/* `old` is the style of the scalar that stood there before: quotes are kept where they can be. */
static void string(struct og_buf *b, struct og_sv t, bool flow, enum og_ystyle old)
{
	bool escapes = memchr(t.p, '"', t.n) || memchr(t.p, '\\', t.n);
	bool single = !memchr(t.p, '\'', t.n) && all_printable(t);
	if (old != OG_YS_SINGLE && old != OG_YS_DOUBLE && plain_ok(t, flow)) {
		og_buf_sv(b, t);
	} else if (single && (escapes || old == OG_YS_SINGLE)) {
		og_buf_ch(b, '\'');
		og_buf_sv(b, t);
		og_buf_ch(b, '\'');
	} else {
		double_quoted(b, t);
	}
}

static bool key(struct og_splice *s, struct og_buf *b, struct og_sv k, bool flow)
{
	size_t before = b->len;
	if (s->d->json)
		og_jw_str(b, k);
	else
		string(b, k, flow, OG_YS_PLAIN);
	if (!s->d->json && b->len - before > KEY_BYTES) {
		og_sp_refuse(
			s, s->d->start, "a key of more than %d bytes cannot be written", KEY_BYTES);
		return false;
	}
	return true;
}

void og_sp_indent(struct og_buf *b, uint32_t col)
{
	while (col--)
		og_buf_ch(b, ' ');
}

bool og_sp_inline(struct og_splice *s, struct og_buf *b, struct og_xnode *x, bool flow)
{
	struct og_sv t;
	if (x->kind == OG_Y_MAP || x->kind == OG_Y_SEQ) {
		og_buf_str(b, x->kind == OG_Y_MAP ? "{}" : "[]");
		return true;
	}
	if (!og_jis(x->val, OG_J_STRING) || s->d->json) {
		og_buf_sv(b, og_jraw(x->val));
		return true;
	}
	if (!og_jstr(x->val, s->a, &t)) {
		og_sp_oom(s);
		return false;
	}
	string(b, t, flow, x->y ? og_sp_node(s, x->y)->style : OG_YS_PLAIN);
	return true;
}

static bool is_container(const struct og_xnode *x)
{
	return x->kind == OG_Y_MAP || x->kind == OG_Y_SEQ;
}

/* Opened, and with something in it. */
static bool has_entries(struct og_splice *s, struct og_xnode *x, bool *ret_ok)
{
	*ret_ok = og_sp_open(s, x);
	if (!*ret_ok)
		og_sp_oom(s);
	return *ret_ok && is_container(x) && !og_sp_empty(x);
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than the tree, whose reader has a limit */
bool og_sp_entry(struct og_splice *s, struct og_buf *b, struct og_xnode *c, uint32_t col, bool bare,
	const struct og_sp_style *st)
{
	bool member = c->up->kind == OG_Y_MAP, ok;
	bool block = has_entries(s, c, &ok);
	if (!ok)
		return false;
	if (!bare)
		og_sp_indent(b, col);
	if (member && !key(s, b, c->key, false))
		return false;
	og_buf_ch(b, member ? ':' : '-');
	if (!block) {
		og_sp_indent(b, member ? 1 : st->dash - 1);
		ok = og_sp_inline(s, b, c, false);
		og_buf_sv(b, s->nl);
		return ok;
	}
	if (!member) {
		og_sp_indent(b, st->dash - 1);
		return og_sp_entries(s, b, c, col + st->dash, true, st);
	}
	og_buf_sv(b, s->nl);
	return og_sp_entries(
		s, b, c, col + (c->kind == OG_Y_MAP ? st->step : st->seq_offset), false, st);
}

bool og_sp_entries(struct og_splice *s, struct og_buf *b, struct og_xnode *x, uint32_t col,
	bool bare, const struct og_sp_style *st)
{
	if (!og_sp_open(s, x)) {
		og_sp_oom(s);
		return false;
	}
	for (struct og_xnode *c = og_sp_live(x->first); c; c = og_sp_live(c->next)) {
		if (!og_sp_entry(s, b, c, col, bare, st))
			return false;
		bare = false;
	}
	return true;
}

static void flow_break(
	struct og_splice *s, struct og_buf *b, struct og_sv indent, struct og_sv unit)
{
	og_buf_sv(b, s->nl);
	og_buf_sv(b, indent);
	og_buf_sv(b, unit);
}

bool og_sp_flow_entry(struct og_splice *s, struct og_buf *b, struct og_xnode *c,
	struct og_sv indent, struct og_sv unit)
{
	if (c->up->kind == OG_Y_MAP) {
		if (!key(s, b, c->key, true))
			return false;
		og_buf_str(b, s->compact ? ":" : ": ");
	}
	return og_sp_flow(s, b, c, indent, unit);
}

bool og_sp_flow(struct og_splice *s, struct og_buf *b, struct og_xnode *x, struct og_sv indent,
	struct og_sv unit)
{
	bool ok, map = x->kind == OG_Y_MAP;
	if (!has_entries(s, x, &ok))
		return ok && og_sp_inline(s, b, x, true);
	og_auto_buf struct og_buf deeper = OG_BUF_INIT(0);
	og_buf_sv(&deeper, indent);
	og_buf_sv(&deeper, unit);
	if (deeper.failed) {
		og_sp_oom(s);
		return false;
	}
	og_buf_ch(b, map ? '{' : '[');
	for (struct og_xnode *c = og_sp_live(x->first); c; c = og_sp_live(c->next)) {
		if (c != og_sp_live(x->first))
			og_buf_str(b, unit.n || s->compact ? "," : ", ");
		if (unit.n)
			flow_break(s, b, indent, unit);
		if (!og_sp_flow_entry(s, b, c, og_buf_view(&deeper), unit))
			return false;
	}
	if (unit.n)
		flow_break(s, b, indent, OG_SV(""));
	og_buf_ch(b, map ? '}' : ']');
	return true;
}
/* NOLINTEND(misc-no-recursion) */
