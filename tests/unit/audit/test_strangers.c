/* SPDX-License-Identifier: Apache-2.0 */
/* Services that nobody opted in, as stacks' statuses tell them: said, bounded, and not believed
 * when nobody could have written it. */
#include "otelgate/audit/strangers.h"

#include <check.h>
#include "otelgate/base/mem.h"
#include "support/suite.h"

static struct og_arena arena;
static struct og_audit_strangers *v;
static uint32_t n;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static void read_list(const char *text)
{
	struct og_jdoc *d = og_arena_new(&arena, struct og_jdoc);

	ck_assert_int_eq(og_jdoc_parse(d, &arena, og_svz(text), NULL, NULL), 0);
	ck_assert_int_eq(og_audit_strangers_read(og_jroot(d), &arena, &v, &n, NULL), 0);
}

#define STACK(name, strangers) \
	"{\"metadata\":{\"name\":\"" name "\"},\"status\":{\"strangers\":" strangers "}}"

START_TEST(they_are_said)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);

	read_list("{\"items\":[" STACK("a", "{\"count\":3,\"first\":[\"x in namespace y: metrics\","
					    "\"z\"]}") ",{\"metadata\":{\"name\":\"b\"}}]}");
	ck_assert_uint_eq(n, 1);
	og_audit_strangers_say(&v[0], &b);
	ck_assert_str_eq(b.p, "3 services arrive in the backends of stack a that no opted-in "
			      "workload explains: x in namespace y: metrics; z; and 1 more");
	og_buf_reset(&b);
	read_list("{\"items\":[" STACK("a", "{\"count\":1}") "]}");
	og_audit_strangers_say(&v[0], &b);
	ck_assert_str_eq(b.p, "1 service arrives in the backends of stack a that no opted-in "
			      "workload explains");
}
END_TEST

START_TEST(they_are_findings_of_the_cluster)
{
	struct og_coverage_finding old = {.def = og_finding_def(OG_SV("OG002"))};
	struct og_coverage c = {.findings = &old, .nfindings = 1};

	read_list("{\"items\":[" STACK("a", "{\"count\":1,\"first\":[\"x\"]}") "," STACK(
		"b", "{\"count\":2,\"first\":[\"y\",\"z\"]}") "]}");
	ck_assert_int_eq(og_audit_strangers_findings(v, n, &arena, &c, NULL), 0);
	ck_assert_uint_eq(c.nfindings, 3);
	ck_assert_str_eq(c.findings[0].def->id, "OG002");
	ck_assert_str_eq(c.findings[2].def->id, "OG806");
	ck_assert(og_sv_is(c.findings[2].place, "b"));
	ck_assert_int_eq(og_audit_strangers_findings(NULL, 0, &arena, &c, NULL), 0);
	ck_assert_uint_eq(c.nfindings, 3);
}
END_TEST

START_TEST(what_nobody_wrote_is_nothing)
{
	static const char *const none[] = {"{}", "[]", "null", "{\"items\":{\"a\":1}}",
		"{\"items\":[7,null,[]]}", "{\"items\":[" STACK("a", "7") "]}",
		"{\"items\":[" STACK("a", "{\"count\":0,\"first\":[\"x\"]}") "]}",
		"{\"items\":[" STACK("a", "{\"count\":-3,\"first\":[\"x\"]}") "]}",
		"{\"items\":[" STACK("a", "{\"count\":\"9\"}") "]}",
		"{\"items\":[" STACK("a", "{\"count\":99999999999}") "]}"};

	for (size_t i = 0; i < OG_COUNT(none); i++) {
		read_list(none[i]);
		ck_assert_msg(n == 0, "%s", none[i]);
	}
}
END_TEST

START_TEST(no_more_names_than_are_told)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(64 << 10);

	og_buf_lit(&b, "{\"items\":[{\"metadata\":{\"name\":\"a\"},\"status\":{\"strangers\":"
		       "{\"count\":100,\"first\":[7,\"\",\"");
	for (int i = 0; i < 600; i++)
		og_buf_ch(&b, 'x');
	for (int i = 0; i < 100; i++)
		og_buf_fmt(&b, "\",\"n%d", i);
	og_buf_lit(&b, "\"]}}}]}");
	read_list(b.p);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(v[0].nfirst, OG_AUDIT_STRANGERS);
	ck_assert(
		og_sv_is(v[0].first[0], "n0")); /* what is no name, or too long for one, is left */
	read_list("{\"items\":[" STACK("a", "{\"count\":1,\"first\":[\"x\",\"y\"]}") "]}");
	ck_assert_uint_eq(v[0].nfirst, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("audit/strangers");
	TCase *tc = tcase_create("strangers");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, they_are_said);
	tcase_add_test(tc, they_are_findings_of_the_cluster);
	tcase_add_test(tc, what_nobody_wrote_is_nothing);
	tcase_add_test(tc, no_more_names_than_are_told);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
