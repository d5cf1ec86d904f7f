/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * "Did you mean": the nearest of a list of names by Damerau-Levenshtein distance (optimal string
 * alignment: insert, delete, replace, swap neighbours; ASCII case costs nothing). A name counts as
 * near when the distance is at most a third of the longer length, and never above 3; ties go to
 * the earlier name. Words above OG_SUGGEST_MAX_BYTES get no suggestion. No allocation.
 */
#include <stddef.h>
#include "otelgate/base/str.h"

enum { OG_SUGGEST_MAX_BYTES = 64 };

/* NULL when nothing is near; NULL names are skipped. An exact match is returned as such. */
const char *og_suggest(struct og_sv word, const char *const *names, size_t n);
/* The same over a table of n rows, each `stride` bytes long, with a `const char *` at `offset`. */
const char *og_suggest_rows(
	struct og_sv word, const void *rows, size_t n, size_t stride, size_t offset);
/* og_suggest_in(word, table, OG_COUNT(table), name): `name` is a `const char *` member. */
#define og_suggest_in(word, table, n, member)                     \
	og_suggest_rows((word), (table), (n), sizeof((table)[0]), \
		__builtin_offsetof(__typeof__((table)[0]), member))
/* The distance, or `limit` + 1 when it is above `limit` or a word is too long. */
size_t og_edit_distance(struct og_sv a, struct og_sv b, size_t limit);
