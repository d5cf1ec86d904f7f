/* SPDX-License-Identifier: Apache-2.0 */
/* Label selectors: matching as Kubernetes does it, and what is refused. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/kobj/selector.h"
#include "support/suite.h"

static struct og_arena arena;
static struct og_jdoc docs[2];

static struct og_jval json(int i, const char *text)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(
		og_jdoc_parse(&docs[i], &arena, og_svz(text), NULL, &err) == 0, "%s", err.msg);
	return og_jroot(&docs[i]);
}

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static const struct {
	const char *selector, *labels;
	bool match;
} matches[] = {
	{"null", "{}", false},
	{"{}", "{}", true},
	{"{}", "{\"a\":\"b\"}", true},
	{"{\"matchLabels\":{}}", "{\"a\":\"b\"}", true},
	{"{\"matchLabels\":null,\"matchExpressions\":null}", "{\"a\":\"b\"}", true},
	{"{\"matchLabels\":{\"a\":\"b\"}}", "{\"a\":\"b\"}", true},
	{"{\"matchLabels\":{\"a\":\"b\"}}", "{\"a\":\"c\"}", false},
	{"{\"matchLabels\":{\"a\":\"b\"}}", "{}", false},
	{"{\"matchLabels\":{\"a\":\"\"}}", "{\"a\":\"\"}", true},
	{"{\"matchLabels\":{\"a\":\"\"}}", "{}", false},
	{"{\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}", "{\"a\":\"b\"}", false},
	{"{\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}", "{\"c\":\"d\",\"a\":\"b\"}", true},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\",\"b\"]}]}",
		"{\"a\":\"b\"}", true},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\",\"b\"]}]}",
		"{\"a\":\"c\"}", false},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\"]}]}", "{}",
		false},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[\"b\"]}]}",
		"{\"a\":\"b\"}", false},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[\"b\"]}]}",
		"{\"a\":\"c\"}", true},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[\"b\"]}]}", "{}",
		true},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"}]}", "{\"a\":\"\"}", true},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"}]}", "{\"b\":\"a\"}",
		false},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"DoesNotExist\"}]}", "{}", true},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"DoesNotExist\",\"values\":[]}]}",
		"{\"a\":\"b\"}", false},
	{"{\"matchLabels\":{\"e.x/a\":\"b\"},\"matchExpressions\":[{\"key\":\"c\",\"operator\":"
	 "\"Exists\"}]}",
		"{\"e.x/a\":\"b\"}", false},
	{"{\"matchLabels\":{\"e.x/a\":\"b\"},\"matchExpressions\":[{\"key\":\"c\",\"operator\":"
	 "\"Exists\"}]}",
		"{\"e.x/a\":\"b\",\"c\":\"1\"}", true},
};

START_TEST(matching)
{
	struct og_selector s;
	struct og_kvs labels;
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_selector_read(json(0, matches[_i].selector), &arena, &s, &err) == 0, "%s",
		err.msg);
	ck_assert(og_kvs_read(json(1, matches[_i].labels), &arena, &labels));
	ck_assert_msg(og_selector_match(&s, &labels) == matches[_i].match, "%s on %s",
		matches[_i].selector, matches[_i].labels);
}
END_TEST

static const struct {
	const char *selector, *message;
} bad[] = {
	{"[]", "must be an object, not array"},
	{"\"a=b\"", "must be an object, not string"},
	{"7", "must be an object, not number"},
	{"{\"matchLabel\":{}}", "has an unknown field (matchLabels, matchExpressions)"},
	{"{\"matchLabels\":[]}", "matchLabels must be an object, not array"},
	{"{\"matchLabels\":\"a\"}", "matchLabels must be an object, not string"},
	{"{\"matchExpressions\":{}}", "matchExpressions must be an array, not object"},
	{"{\"matchLabels\":{\"a\":1}}", "matchLabels.a must be a string, not number"},
	{"{\"matchLabels\":{\"a\":null}}", "matchLabels.a must be a string, not null"},
	{"{\"matchLabels\":{\"\":\"a\"}}",
		"matchLabels is not a label key (expected [prefix/]name)"},
	{"{\"matchLabels\":{\"a b\":\"a\"}}",
		"matchLabels is not a label key (expected [prefix/]name)"},
	{"{\"matchLabels\":{\"A_/b\":\"a\"}}",
		"matchLabels is not a label key (expected [prefix/]name)"},
	{"{\"matchLabels\":{\"a\":\"-\"}}",
		"matchLabels.a is not a label value (at most 63 of A-Z a-z 0-9 . _ -)"},
	{"{\"matchExpressions\":[7]}", "matchExpressions[0] must be an object, not number"},
	{"{\"matchExpressions\":[{}]}", "matchExpressions[0].key is missing"},
	{"{\"matchExpressions\":[{\"key\":\"a\"}]}",
		"matchExpressions[0].operator is missing (In, NotIn, Exists or DoesNotExist)"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"in\"}]}",
		"matchExpressions[0].operator must be In, NotIn, Exists or DoesNotExist"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":7}]}",
		"matchExpressions[0].operator must be In, NotIn, Exists or DoesNotExist"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}",
		"matchExpressions[0].values must not be empty with operator In"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[]}]}",
		"matchExpressions[0].values must not be empty with operator NotIn"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":\"b\"}]}",
		"matchExpressions[0].values must be an array, not string"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[1]}]}",
		"matchExpressions[0].values[0] must be a string, not number"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"b\"]}]}",
		"matchExpressions[0].values must be empty with operator Exists"},
	{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"vals\":[]}]}",
		"matchExpressions[0] has an unknown field (key, operator, values)"},
};

START_TEST(refused)
{
	struct og_selector s = {.present = true, .nreqs = 77};
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(
		og_selector_read(json(0, bad[_i].selector), &arena, &s, &err), -OG_E_CONFIG);
	ck_assert_str_eq(err.msg, bad[_i].message);
	ck_assert_uint_eq(s.nreqs, 77); /* written on success only */
}
END_TEST

START_TEST(absent_matches_nothing)
{
	struct og_selector s = {.present = true};
	struct og_kvs none = {NULL, 0};
	ck_assert(og_selector_read(OG_JABSENT, &arena, &s, NULL) == 0);
	ck_assert(!s.present && !og_selector_match(&s, &none));
}
END_TEST

static void count(void *ctx, struct og_jval at, const char *path, const char *message)
{
	(void)at;
	ck_assert_ptr_nonnull(path);
	ck_assert(*message);
	++*(int *)ctx;
}

START_TEST(every_problem_is_reported)
{
	struct og_selector s;
	int n = 0;
	struct og_jval v = json(0, "{\"x\":1,\"matchLabels\":{\"a\":1,\"b\":\"!\"},"
				   "\"matchExpressions\":[{\"key\":\"-\",\"operator\":\"?\"}]}");
	ck_assert_int_eq(og_selector_read_all(v, &arena, &s, count, &n), -OG_E_CONFIG);
	ck_assert_int_eq(n, 5);
}
END_TEST

START_TEST(memory_runs_out_cleanly)
{
	const char *text = "{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"c\","
			   "\"operator\":\"In\",\"values\":[\"d\"]}]}";
	struct og_jval v = json(0, text);
	for (unsigned long i = 1;; i++) {
		struct og_arena small;
		struct og_selector s;
		og_arena_init(&small, 64, 0);
		og_mem_fault_arm(i, true);
		int rc = og_selector_read(v, &small, &s, NULL);
		unsigned long seen = og_mem_fault_disarm();
		og_arena_fini(&small);
		ck_assert(rc == 0 || rc == -OG_E_OOM);
		if (rc == 0) {
			ck_assert_uint_gt(i, 1);
			ck_assert_uint_lt(seen, i);
			break;
		}
	}
}
END_TEST

START_TEST(pairs)
{
	struct og_kvs kvs;
	struct og_jval v = json(0, "{\"a\":\"1\",\"n\":7,\"\\u0062\":\"x\\ty\",\"z\":null}");
	ck_assert(og_kvs_read(v, &arena, &kvs));
	ck_assert_uint_eq(kvs.n, 2);
	ck_assert(og_sv_is(kvs.v[1].key, "b") && og_sv_is(kvs.v[1].value, "x\ty"));
	ck_assert(og_sv_is(*og_kvs_getl(&kvs, "a"), "1"));
	ck_assert_ptr_null(og_kvs_getl(&kvs, "n"));
	ck_assert_ptr_null(og_kvs_getl(&kvs, ""));
	const char *none[] = {"null", "[]", "[\"a\"]", "\"a\"", "{}", "{\"a\":1}"};
	for (size_t i = 0; i < OG_COUNT(none); i++) {
		ck_assert(og_kvs_read(json(0, none[i]), &arena, &kvs));
		ck_assert_uint_eq(kvs.n, 0);
	}
	ck_assert(og_kvs_read(OG_JABSENT, &arena, &kvs) && kvs.n == 0);
}
END_TEST

START_TEST(pairs_out_of_memory)
{
	struct og_arena a;
	struct og_kvs kvs;
	struct og_jval v = json(0, "{\"a\":\"1\"}");
	og_arena_init(&a, 0, 0);
	og_mem_fault_arm(1, true);
	bool ok = og_kvs_read(v, &a, &kvs);
	og_mem_fault_disarm();
	og_arena_fini(&a);
	ck_assert(!ok && kvs.n == 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kobj/selector");
	TCase *tc = tcase_create("selector");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, matching, 0, (int)OG_COUNT(matches));
	tcase_add_loop_test(tc, refused, 0, (int)OG_COUNT(bad));
	tcase_add_test(tc, absent_matches_nothing);
	tcase_add_test(tc, every_problem_is_reported);
	tcase_add_test(tc, memory_runs_out_cleanly);
	tcase_add_test(tc, pairs);
	tcase_add_test(tc, pairs_out_of_memory);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
