/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Patch on random documents: what og_jpatch_diff computes turns one into the other, and
 * og_jpatch_apply agrees with a plain implementation on jansson's values, also about which
 * operation fails. OG_SEED=n replays a run, OG_CASES=n makes more of it.
 */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jmut.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jptr.h"
#include "support/jsongen.h"

static uint64_t seed;

static unsigned cases(unsigned dflt)
{
	const char *more = getenv("OG_CASES");
	return more ? (unsigned)strtoul(more, NULL, 10) : dflt;
}

static struct og_jval parse(struct og_jdoc *d, struct og_arena *a, struct og_sv text, unsigned n)
{
	struct og_err err = OG_ERR_INIT;
	int rc = og_jdoc_parse(d, a, text, NULL, &err);
	ck_assert_msg(rc == 0, "OG_SEED=%llu case %u: %s\n%.*s", (unsigned long long)seed, n,
		err.msg, OG_SV_ARG(text));
	return og_jroot(d);
}

static char *dump(const json_t *j)
{
	char *s = json_dumps(j, JSON_ENCODE_ANY | JSON_COMPACT);
	ck_assert_ptr_nonnull(s);
	return s;
}

static void check_diff(const char *from_text, const char *to_text, unsigned n)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_jdoc df, dt, dp, dg;
	struct og_err err = OG_ERR_INIT;
	struct og_jval from = parse(&df, &a, og_svz(from_text), n);
	struct og_jval to = parse(&dt, &a, og_svz(to_text), n);
	og_auto_buf struct og_buf patch = OG_BUF_INIT(0), got = OG_BUF_INIT(0);
	ck_assert_int_eq(og_jpatch_diff(from, to, &a, &patch, &err), 0);
	struct og_jval p = parse(&dp, &a, og_buf_view(&patch), n);
	int rc = og_jpatch_apply(from, p, &a, &got, &err);
	ck_assert_msg(rc == 0, "OG_SEED=%llu case %u: %s\n%s\n%s\n%s", (unsigned long long)seed, n,
		err.msg, from_text, to_text, patch.p);
	ck_assert_msg(og_jequal(parse(&dg, &a, og_buf_view(&got), n), to),
		"OG_SEED=%llu case %u: %s\n%s\n%s\n%s", (unsigned long long)seed, n, from_text,
		to_text, patch.p, got.p);
	ck_assert_int_eq(og_jequal(from, to), og_jcount(p) == 0);
}

START_TEST(diff_turns_one_into_the_other)
{
	for (unsigned n = 0, max = cases(6000); n < max; n++) {
		struct jsongen g = jsongen_case(seed, n);
		json_t *from = jsongen_value(&g);
		json_t *to = jsongen_chance(&g, 70) ? json_deep_copy(from) : jsongen_value(&g);
		jsongen_edit(&g, to);
		char *from_text = dump(from), *to_text = dump(to);
		check_diff(from_text, to_text, n);
		check_diff(to_text, from_text, n);
		free(from_text);
		free(to_text);
		json_decref(from);
		json_decref(to);
	}
}
END_TEST

/* Longer arrays of few different values: many ways to match, and middles above the table's size. */
START_TEST(diff_of_long_arrays)
{
	for (unsigned n = 0, max = cases(300); n < max; n++) {
		struct jsongen g = jsongen_case(seed, n);
		struct og_buf text[2] = {OG_BUF_INIT(0), OG_BUF_INIT(0)};
		for (int side = 0; side < 2; side++) {
			unsigned len = jsongen_below(&g, jsongen_chance(&g, 10) ? 600 : 60);
			og_buf_ch(&text[side], '[');
			for (unsigned i = 0; i < len; i++)
				og_buf_fmt(&text[side],
					jsongen_chance(&g, 20) ? "%s{\"name\":\"%u\",\"x\":%u}"
							       : "%s[%u,%u]",
					i ? "," : "", jsongen_below(&g, 9), jsongen_below(&g, 2));
			og_buf_ch(&text[side], ']');
		}
		check_diff(text[0].p, text[1].p, n);
		og_buf_fini(&text[0]);
		og_buf_fini(&text[1]);
	}
}
END_TEST

/* ---- a plain implementation of RFC 6902 on jansson's values ---- */

struct path {
	char token[24][40];
	unsigned n;
};

static bool ref_index(const char *t, size_t limit, size_t *ret)
{
	uint32_t i;
	if (!og_jptr_index(og_svz(t), &i) || i >= limit)
		return false;
	*ret = i;
	return true;
}

static json_t *ref_child(json_t *j, const char *token)
{
	size_t i;
	if (json_is_object(j))
		return json_object_get(j, token);
	return json_is_array(j) && ref_index(token, json_array_size(j), &i) ? json_array_get(j, i)
									    : NULL;
}

static json_t *ref_get(json_t *root, const struct path *p, unsigned depth)
{
	for (unsigned i = 0; root && i < depth; i++)
		root = ref_child(root, p->token[i]);
	return root;
}

/* Takes over `value`. */
static bool ref_add(json_t **root, const struct path *p, json_t *value)
{
	if (p->n == 0) {
		json_decref(*root);
		*root = value;
		return true;
	}
	json_t *parent = ref_get(*root, p, p->n - 1);
	const char *last = p->token[p->n - 1];
	if (json_is_object(parent))
		return json_object_set_new(parent, last, value) == 0;
	size_t i;
	if (json_is_array(parent) && strcmp(last, "-") == 0)
		return json_array_append_new(parent, value) == 0;
	if (json_is_array(parent) && ref_index(last, json_array_size(parent) + 1, &i))
		return json_array_insert_new(parent, i, value) == 0;
	json_decref(value);
	return false;
}

static bool ref_remove(json_t *root, const struct path *p)
{
	json_t *parent = p->n ? ref_get(root, p, p->n - 1) : NULL;
	size_t i;
	if (json_is_object(parent))
		return json_object_del(parent, p->token[p->n - 1]) == 0;
	return json_is_array(parent) &&
	       ref_index(p->token[p->n - 1], json_array_size(parent), &i) &&
	       json_array_remove(parent, i) == 0;
}

static bool same_path(const struct path *a, const struct path *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(a->token[i], b->token[i]) != 0)
			return false;
	return true;
}

enum op { ADD, REPLACE, REMOVE, MOVE, COPY, TEST, OPS };
static const char *const op_names[OPS] = {"add", "replace", "remove", "move", "copy", "test"};

static bool ref_apply(
	json_t **root, enum op op, const struct path *path, const struct path *from, json_t *value)
{
	json_t *there = ref_get(*root, path, path->n), *source = ref_get(*root, from, from->n);
	switch (op) {
	case ADD:
		return ref_add(root, path, json_deep_copy(value));
	case REPLACE:
		if (!there)
			return false;
		if (path->n && json_is_object(ref_get(*root, path, path->n - 1)))
			return ref_add(root, path, json_deep_copy(value));
		return (!path->n || ref_remove(*root, path)) &&
		       ref_add(root, path, json_deep_copy(value));
	case REMOVE:
		return there && ref_remove(*root, path);
	case TEST:
		return there && json_equal(there, value);
	case COPY:
		return source && ref_add(root, path, json_deep_copy(source));
	case MOVE:
		if (!source || (from->n < path->n && same_path(from, path, from->n)))
			return false;
		if (from->n == path->n && same_path(from, path, from->n))
			return true;
		source = json_deep_copy(source);
		if (!ref_remove(*root, from)) {
			json_decref(source);
			return false;
		}
		return ref_add(root, path, source);
	case OPS:
		break;
	}
	return false;
}

static void random_path(struct jsongen *g, json_t *j, struct path *p)
{
	static const char *const odd[] = {"k1", "-", "0", "3", "01", "", "name", "~/", "new"};
	p->n = 0;
	while (p->n < 20 && jsongen_chance(g, 75)) {
		char *t = p->token[p->n];
		size_t n = json_is_array(j) ? json_array_size(j) : json_object_size(j);
		if (!n || jsongen_chance(g, 4)) {
			if (!json_is_array(j) && !json_is_object(j) && jsongen_chance(g, 80))
				return;
			snprintf(
				t, sizeof(p->token[0]), "%s", odd[jsongen_below(g, OG_COUNT(odd))]);
		} else if (json_is_array(j)) {
			snprintf(t, sizeof(p->token[0]), "%u",
				jsongen_below(g, (unsigned)n + jsongen_chance(g, 10)));
		} else {
			void *it = json_object_iter(j);
			for (unsigned k = jsongen_below(g, (unsigned)n); k; k--)
				it = json_object_iter_next(j, it);
			snprintf(t, sizeof(p->token[0]), "%s", json_object_iter_key(it));
		}
		p->n++;
		j = ref_child(j, t);
	}
}

static json_t *pointer(const struct path *p)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	for (unsigned i = 0; i < p->n; i++)
		og_jptr_add(&b, og_svz(p->token[i]));
	return json_stringn(b.p ? b.p : "", b.len);
}

/* A patch of some operations and what the plain implementation makes of it: the failing one or -1.
 */
static int random_patch(struct jsongen *g, json_t **doc, json_t *patch)
{
	for (int i = 0, n = 1 + (int)jsongen_below(g, 5); i < n; i++) {
		struct path path, from;
		enum op op = (enum op)jsongen_below(g, OPS);
		random_path(g, *doc, &path);
		random_path(g, *doc, &from);
		if (path.n == 0 && jsongen_chance(g, 80))
			random_path(g, *doc, &path);
		json_t *there = ref_get(*doc, &path, path.n);
		json_t *value = op == TEST && there && jsongen_chance(g, 85) ? json_deep_copy(there)
									     : jsongen_value(g);
		json_array_append_new(
			patch, json_pack("{s:s, s:o, s:o, s:O}", "op", op_names[op], "path",
				       pointer(&path), "from", pointer(&from), "value", value));
		bool ok = ref_apply(doc, op, &path, &from, value);
		json_decref(value);
		if (!ok)
			return i;
	}
	return -1;
}

/* The result read without writing it out. */
static bool mut_same(struct og_jmut m, json_t *j)
{
	enum og_jtype t = og_jmut_type(m);
	if (t != OG_J_ARRAY && t != OG_J_OBJECT)
		return !m.sub && jsongen_same(m.v, j);
	size_t n = json_is_array(j) ? json_array_size(j) : json_object_size(j);
	if ((t == OG_J_ARRAY) != json_is_array(j) || og_jmut_count(m) != n)
		return false;
	void *at = json_is_object(j) ? json_object_iter(j) : NULL;
	uint32_t turns = 0;
	og_jmut_for (it, m) {
		json_t *want = at ? json_object_iter_value(at) : json_array_get(j, it.index);
		if (it.index != turns++ || !mut_same(it.val, want))
			return false;
		if (at) {
			struct og_sv key = og_svz(json_object_iter_key(at));
			if (!mut_same(og_jmut_get(m, key), want))
				return false;
			at = json_object_iter_next(j, at);
		}
	}
	return turns == n && og_jmut_type(og_jmut_getl(m, "no such key")) == OG_J_ABSENT;
}

START_TEST(apply_agrees_with_a_plain_implementation)
{
	unsigned worked = 0, max = cases(6000);
	for (unsigned n = 0; n < max; n++) {
		struct jsongen g = jsongen_case(seed, n);
		json_t *doc = jsongen_value(&g), *patch = json_array();
		char *before = dump(doc);
		int failing = random_patch(&g, &doc, patch);
		char *text = dump(patch);
		og_auto_arena struct og_arena a;
		og_arena_init(&a, 0, 0);
		struct og_jdoc dd, dp, dg;
		struct og_err err = OG_ERR_INIT;
		og_auto_buf struct og_buf got = OG_BUF_INIT(0);
		int rc = og_jpatch_apply(parse(&dd, &a, og_svz(before), n),
			parse(&dp, &a, og_svz(text), n), &a, &got, &err);
		char want[32];
		snprintf(want, sizeof(want), "operation %d ", failing);
		ck_assert_msg(failing < 0 ? rc == 0
					  : rc != 0 && strncmp(err.msg, want, strlen(want)) == 0,
			"OG_SEED=%llu case %u: wanted %s, got %s\n%s\n%s", (unsigned long long)seed,
			n, failing < 0 ? "success" : want, rc ? err.msg : "success", before, text);
		struct og_jmut mut;
		ck_assert_int_eq(og_jmut_apply(og_jroot(&dd), og_jroot(&dp), &a, &mut, NULL), rc);
		if (rc == 0) {
			worked++;
			ck_assert_msg(mut_same(mut, doc),
				"OG_SEED=%llu case %u: read differently\n%s\n%s",
				(unsigned long long)seed, n, before, text);
			ck_assert_msg(jsongen_same(parse(&dg, &a, og_buf_view(&got), n), doc),
				"OG_SEED=%llu case %u: another result\n%s\n%s\n%s",
				(unsigned long long)seed, n, before, text, got.p);
		}
		free(before);
		free(text);
		json_decref(doc);
		json_decref(patch);
	}
	ck_assert_uint_gt(worked, max / 5);
	ck_assert_uint_lt(worked, max - max / 5);
}
END_TEST

int main(void)
{
	seed = jsongen_seed();
	Suite *s = suite_create("codec/jpatch_oracle");
	TCase *tc = tcase_create("oracle");
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, diff_turns_one_into_the_other);
	tcase_add_test(tc, diff_of_long_arrays);
	tcase_add_test(tc, apply_agrees_with_a_plain_implementation);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	if (failed)
		printf("replay with OG_SEED=%llu\n", (unsigned long long)seed);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
