/* SPDX-License-Identifier: Apache-2.0 */
/* Nearest name by optimal string alignment, three rows at a time. */
#include "otelgate/base/suggest.h"

#include <stdint.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static size_t min2(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t og_edit_distance(struct og_sv a, struct og_sv b, size_t limit)
{
	if (a.n > OG_SUGGEST_MAX_BYTES || b.n > OG_SUGGEST_MAX_BYTES)
		return limit + 1;
	size_t rows[3][OG_SUGGEST_MAX_BYTES + 1];
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *now = rows[i % 3], *prev = rows[(i + 2) % 3], *prev2 = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);
			size_t d = prev[j - 1] + (x != y);
			d = min2(d, prev[j] + 1);
			d = min2(d, now[j - 1] + 1);
			if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && lower(a.p[i - 2]) == y)
				d = min2(d, prev2[j - 2] + 1);
			now[j] = d;
		}
	}
	return min2(rows[a.n % 3][b.n], limit + 1);
}

const char *og_suggest_rows(
	struct og_sv word, const void *rows, size_t n, size_t stride, size_t offset)
{
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;
	if (word.n == 0 || word.n > OG_SUGGEST_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *name;
		memcpy(&name, (const char *)rows + i * stride + offset, sizeof(name));
		if (!name)
			continue;
		struct og_sv s = og_svz(name);
		size_t limit = min2((s.n > word.n ? s.n : word.n) / 3, 3);
		size_t d = og_edit_distance(word, s, limit);
		if (d <= limit && d < best_distance) {
			best = name;
			best_distance = d;
		}
	}
	return best;
}

const char *og_suggest(struct og_sv word, const char *const *names, size_t n)
{
	return og_suggest_rows(word, names, n, sizeof(*names), 0);
}
