/* SPDX-License-Identifier: Apache-2.0 */
/* Documents in the other form: whatever is written as YAML or JSON reads back as the same value. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/source.h"
#include "otelgate/codec/emit.h"

/* Strings YAML 1.1 or 1.2 would take for something else, and strings that break careless writers.
 */
static const char *const documents[] = {
	"{}",
	"[]",
	"{\"a\":{},\"b\":[],\"c\":null,\"d\":true,\"e\":false}",
	"{\"a\":[[1,2],[],[{\"b\":[3]}]]}",
	"{\"a\":[{\"b\":1,\"c\":{\"d\":[{\"e\":2}]}},{\"f\":[]}]}",
	"[\"yes\",\"No\",\"on\",\"OFF\",\"y\",\"N\",\"true\",\"null\",\"~\",\"\"]",
	"[\"1\",\"0755\",\"0x1f\",\"1e3\",\".5\",\"-1\",\"+1\",\"1_000\",\".inf\",\".nan\",\"0o7\"]",
	"[\"2001-01-01\",\"2001-12-14t21:59:43.10-05:00\",\"190:20:30\",\"12:30\"]",
	"[\"- a\",\"a: b\",\"a:\",\"a #b\",\"#a\",\"? a\",\"!a\",\"&a\",\"*a\",\"|\",\">\",\"%a\",\"@a\"]",
	"[\"'a'\",\"\\\"a\\\"\",\"a'b\",\"a\\\\b\",\"{a}\",\"[a]\",\"a,b\",\"`a`\",\"---\",\"...\",\"<<\"]",
	"[\" a\",\"a \",\"a\\nb\",\"a\\n\",\"\\n\",\"\\ta\",\"a\\tb\",\"a\\r\\nb\"]",
	"[\"\\u0000\",\"\\u0001\",\"\\u007f\",\"\\u0085\",\"\\u00a0\",\"\\u2028\",\"\\ufeff\",\"\\ud83d\\ude00\"]",
	"[\"é\",\"日本\",\"http://a.b:4318/x?y=z\",\"$(A).b\",\"a=b,c=d\",\"k8s.io/a\",\"image:tag@sha256:0\"]",
	"[0,-0,1.50,1e3,12345678901234567890,-9007199254740993]",
	"{\"yes\":1,\"1\":2,\"a b\":3,\"\":4,\"a:\":5,\"null\":6,\"~\":7,\"<<\":8,\"- \":9}",
};

static void parse(struct og_arena *a, struct og_sv text, struct og_jdoc *d)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(
		og_jdoc_parse(d, a, text, NULL, &err) == 0, "%s\n%.*s", err.msg, OG_SV_ARG(text));
}

START_TEST(yaml_reads_back)
{
	struct og_arena a og_auto_arena = {0};
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	struct og_source s;
	struct og_jdoc d;
	og_arena_init(&a, 0, 0);
	parse(&a, og_svz(documents[_i]), &d);
	og_emit_yaml(&b, og_jroot(&d), &a);
	ck_assert(!b.failed);
	ck_assert_msg(og_source_parse(&s, &a, og_buf_view(&b), "out", NULL, &err) == 0, "%s\n%s",
		err.msg, b.p);
	ck_assert_uint_eq(s.ndocs, 1);
	ck_assert_msg(og_jequal(og_jroot(&d), og_jroot(&s.docs[0].doc)), "%s\nbecame\n%s",
		documents[_i], b.p);
}
END_TEST

START_TEST(json_reads_back)
{
	struct og_arena a og_auto_arena = {0};
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	struct og_jdoc d, again;
	og_arena_init(&a, 0, 0);
	parse(&a, og_svz(documents[_i]), &d);
	og_emit_json(&b, og_jroot(&d), 0);
	parse(&a, og_buf_view(&b), &again);
	ck_assert(og_jequal(og_jroot(&d), og_jroot(&again)));
}
END_TEST

START_TEST(strings_of_kubernetes_need_no_quotes)
{
	static const char want[] = "image: registry.example.com/web:1.0.0\n"
				   "env:\n"
				   "- name: OTEL_PROPAGATORS\n"
				   "  value: tracecontext,baggage\n"
				   "- name: \"N\"\n" /* a boolean of YAML 1.1 */
				   "  value: \"1\"\n";
	struct og_arena a og_auto_arena = {0};
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	struct og_jdoc d;
	og_arena_init(&a, 0, 0);
	parse(&a,
		OG_SV("{\"image\":\"registry.example.com/web:1.0.0\",\"env\":[{\"name\":"
		      "\"OTEL_PROPAGATORS\",\"value\":\"tracecontext,baggage\"},"
		      "{\"name\":\"N\",\"value\":\"1\"}]}"),
		&d);
	og_emit_yaml(&b, og_jroot(&d), &a);
	ck_assert_str_eq(b.p, want);
}
END_TEST

START_TEST(no_memory_is_a_failed_buffer)
{
	struct og_arena a og_auto_arena = {0};
	struct og_jdoc d;
	og_arena_init(&a, 0, 0);
	parse(&a, OG_SV("{\"a\\u0041\":[\"b\\n\",{\"c\":1}]}"), &d);
	for (unsigned long at = 1; at < 20; at++) {
		struct og_buf b og_auto_buf = OG_BUF_INIT(0);
		og_mem_fault_arm(at, true);
		og_emit_yaml(&b, og_jroot(&d), &a);
		if (og_mem_fault_disarm() < at)
			return;
		ck_assert(b.failed);
	}
	ck_abort_msg("never succeeded");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/emit");
	TCase *tc = tcase_create("emit");
	tcase_add_loop_test(tc, yaml_reads_back, 0, (int)OG_COUNT(documents));
	tcase_add_loop_test(tc, json_reads_back, 0, (int)OG_COUNT(documents));
	tcase_add_test(tc, strings_of_kubernetes_need_no_quotes);
	tcase_add_test(tc, no_memory_is_a_failed_buffer);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
