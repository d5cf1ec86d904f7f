/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from outside goes into queries through these. */
#include "query-priv.h"

static const char hex[] = "0123456789abcdef";

/* What needs no quoting but may be a control character. */
static void put_plain(struct og_buf *b, unsigned char c)
{
	const char esc[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

	if (c == '\n')
		og_buf_lit(b, "\\n");
	else if (c < 0x20 || c == 0x7f)
		og_buf_add(b, esc, sizeof(esc));
	else
		og_buf_ch(b, (char)c);
}

void og_gf_put_string(struct og_buf *b, struct og_sv s)
{
	og_buf_ch(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\') {
			og_buf_ch(b, '\\');
			og_buf_ch(b, (char)c);
		} else {
			put_plain(b, c);
		}
	}
	og_buf_ch(b, '"');
}

/* Twice escaped: what RE2 takes for an operator gets a backslash, and that is one in a string. */
void og_gf_put_regexp(struct og_buf *b, struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"') {
			og_buf_lit(b, "\\\"");
		} else if (c == '\\') {
			og_buf_lit(b, "\\\\\\\\");
		} else if (c && strchr(".+*?()|[]{}^$", c)) {
			og_buf_lit(b, "\\\\");
			og_buf_ch(b, (char)c);
		} else {
			put_plain(b, c);
		}
	}
}

bool og_gf_label_is_plain(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		if (!letter && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return s.n > 0;
}

bool gf_attribute_is_plain(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '.' || c == '-')))
			return false;
	}
	return s.n > 0 && s.p[s.n - 1] != '.';
}

void gf_put_label(struct og_buf *b, struct og_sv name)
{
	if (og_gf_label_is_plain(name))
		og_buf_sv(b, name);
	else
		og_gf_put_string(b, name);
}

void gf_put_duration(struct og_buf *b, int64_t s)
{
	bool hours = s % 3600 == 0, minutes = s % 60 == 0;
	og_buf_u64(b, (unsigned long long)(hours ? s / 3600 : minutes ? s / 60 : s));
	og_buf_ch(b, "smh"[hours ? 2 : minutes]);
}
