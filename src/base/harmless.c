/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of others, made fit to be shown. */
#include "otelgate/base/harmless.h"

#include "otelgate/base/mem.h"

size_t og_utf8_len(const char *p, size_t n)
{
	unsigned char c = (unsigned char)*p;
	size_t len = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

	return len <= n && og_utf8_valid(p, len) ? len : 0;
}

/* As they are encoded: first and last of each row differ in the last byte alone. */
static const struct {
	unsigned char len, lead[2], from, to;
} steering[] = {
	{1, {0}, 0x00, 0x1f}, {1, {0}, 0x7f, 0x7f},
	{2, {0xc2}, 0x80, 0x9f},       /* C1: terminals obey them too */
	{2, {0xd8}, 0x9c, 0x9c},       /* U+061C */
	{3, {0xe2, 0x80}, 0x8e, 0x8f}, /* U+200E, U+200F */
	{3, {0xe2, 0x80}, 0xa8, 0xae}, /* U+2028 … U+202E */
	{3, {0xe2, 0x81}, 0xa6, 0xaf}, /* U+2066 … U+206F */
};

bool og_utf8_steers(const char *p, size_t len)
{
	for (size_t i = 0; i < OG_COUNT(steering); i++) {
		unsigned char last = (unsigned char)p[len - 1];
		if (steering[i].len == len && memcmp(p, steering[i].lead, len - 1) == 0 &&
			last >= steering[i].from && last <= steering[i].to)
			return true;
	}
	return false;
}

struct og_sv og_harmless(struct og_sv s, size_t max, struct og_arena *arena)
{
	size_t room = s.n < max ? s.n : max, out = 0;
	char *text = og_arena_alloc(arena, room + 1);

	if (!text)
		return OG_SV("");
	for (size_t i = 0; i < s.n && out < room;) {
		char c = s.p[i];
		size_t len = og_utf8_len(s.p + i, s.n - i);
		if (len == 0 || og_utf8_steers(s.p + i, len)) {
			text[out++] = c == '\n' || c == '\t' || c == '\r' ? ' ' : '?';
			i += len ? len : 1;
			continue;
		}
		if (out + len > room)
			break;
		memcpy(text + out, s.p + i, len);
		out += len;
		i += len;
	}
	while (out && text[out - 1] == ' ')
		out--;
	text[out] = '\0';
	return og_sv(text, out);
}
