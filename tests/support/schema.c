/* SPDX-License-Identifier: Apache-2.0 */
#include "support/schema.h"

#include <check.h>
#include <stdio.h>

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema */
static bool is_type(struct og_jval v, struct og_jval type, struct og_arena *a)
{
	if (og_jis(type, OG_J_ARRAY)) {
		og_jfor (it, type)
			if (is_type(v, it.val, a))
				return true;
		return false;
	}
	int64_t n;
	if (og_jstr_is(type, "integer"))
		return og_ji64(v, &n);
	struct og_sv want = og_jstr_or_empty(type, a);
	return og_sv_eq(want, og_svz(og_jtype_name(og_jtype(v))));
}

static bool is_one_of(struct og_jval v, struct og_jval list)
{
	og_jfor (it, list)
		if (og_jequal(it.val, v))
			return true;
	return false;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema */
static void look(struct og_jval v, struct og_jval schema, const char *at, struct og_arena *a)
{
	struct og_jval words = og_jgetl(schema, "enum"), type = og_jgetl(schema, "type");

	ck_assert_msg(og_junset(words) || is_one_of(v, words), "%s: none of its words", at);
	ck_assert_msg(og_junset(type) || is_type(v, type, a), "%s: of another type", at);
	og_jfor (it, og_jgetl(schema, "required"))
		ck_assert_msg(!og_jis(og_jget(v, og_jstr_or_empty(it.val, a)), OG_J_ABSENT),
			"%s: lacks %.*s", at, OG_SV_ARG(og_jraw(it.val)));
	if (og_jis(v, OG_J_ARRAY))
		og_jfor (it, v)
			look(it.val, og_jgetl(schema, "items"), at, a);
	if (!og_jis(v, OG_J_OBJECT))
		return;
	og_jfor (it, v) {
		struct og_jval of =
			og_jget(og_jgetl(schema, "properties"), og_jstr_or_empty(it.key, a));
		char below[400];
		(void)snprintf(below, sizeof(below), "%s.%.*s", at, OG_SV_ARG(og_jraw(it.key)));
		ck_assert_msg(!og_junset(of), "%s: not in the schema", below);
		look(it.val, of, below, a);
	}
}

void schema_validate(struct og_jval v, struct og_jval schema, const char *at)
{
	og_auto_arena struct og_arena a = {0};

	og_arena_init(&a, 0, 0);
	look(v, schema, at, &a);
}
