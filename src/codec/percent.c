/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding. */
#include "otelgate/codec/percent.h"

static bool kept(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~' || c == '/' || c == ':' || c == '@';
}

void og_percent_encode(struct og_buf *b, struct og_sv text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t from = 0;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (kept(c))
			continue;
		char esc[3] = {'%', hex[c >> 4], hex[c & 15]};
		og_buf_add(b, text.p + from, i - from);
		og_buf_add(b, esc, sizeof(esc));
		from = i + 1;
	}
	og_buf_add(b, text.p + from, text.n - from);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int og_percent_decode(struct og_sv text, struct og_buf *out, struct og_err *err)
{
	size_t start = out ? out->len : 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '%') {
			int hi = i + 1 < text.n ? digit(text.p[i + 1]) : -1;
			int lo = i + 2 < text.n ? digit(text.p[i + 2]) : -1;
			if (hi < 0 || lo < 0) {
				if (out && out->p) {
					out->len = start;
					out->p[start] = '\0';
				}
				return og_err_set(err, OG_E_PARSE,
					"byte %zu: \"%%\" is not followed by two hex digits", i);
			}
			c = (char)(hi << 4 | lo);
			i += 2;
		}
		if (out)
			og_buf_ch(out, c);
	}
	return out && out->failed ? og_err_set(err, OG_E_OOM, "out of memory decoding") : 0;
}
