/* SPDX-License-Identifier: Apache-2.0 */
/* Escaping text for JSON. */
#include "otelgate/codec/jwrite.h"
#include "jdoc_scan-priv.h"

/* Bytes of the ill-formed sequence at p that one U+FFFD stands for (Unicode 15 §3.9, table 3-8). */
static size_t ill_formed_len(const unsigned char *p, const unsigned char *end)
{
	unsigned char c = p[0];
	unsigned need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
	if (c < 0xC2 || c > 0xF4 || end - p < 2)
		return 1;
	unsigned char lo = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
	unsigned char hi = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
	if (p[1] < lo || p[1] > hi)
		return 1;
	size_t n = 2;
	while (n < need && p + n < end && (p[n] & 0xC0) == 0x80)
		n++;
	return n;
}

static void write_control(struct og_buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char short_form[32] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	if (short_form[c]) {
		char two[2] = {'\\', short_form[c]};
		og_buf_add(b, two, sizeof(two));
	} else {
		char six[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
		og_buf_add(b, six, sizeof(six));
	}
}

void og_jw_part(struct og_buf *b, struct og_sv s)
{
	const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n, *run = p;
	while (p < end) {
		p = og_jscan_plain(p, end);
		if (p == end)
			break;
		unsigned char c = *p;
		if (c >= 0x80) {
			unsigned n = og_jscan_utf8(p, end);
			if (n) {
				p += n;
				continue;
			}
			og_buf_add(b, run, (size_t)(p - run));
			og_buf_lit(b, "\xEF\xBF\xBD");
			p += ill_formed_len(p, end);
		} else if (c == '"' || c == '\\') {
			char two[2] = {'\\', (char)c};
			og_buf_add(b, run, (size_t)(p - run));
			og_buf_add(b, two, sizeof(two));
			p++;
		} else if (c < 0x20) {
			og_buf_add(b, run, (size_t)(p - run));
			write_control(b, c);
			p++;
		} else { /* fewer bytes left than the scanner takes at a time */
			p++;
			continue;
		}
		run = p;
	}
	if (end > run)
		og_buf_add(b, run, (size_t)(end - run));
}

void og_jw_str(struct og_buf *b, struct og_sv s)
{
	og_buf_ch(b, '"');
	og_jw_part(b, s);
	og_buf_ch(b, '"');
}
