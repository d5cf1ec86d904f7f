/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables: every form a value can be given in, and every way to get it wrong. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/cli/options.h"

struct args {
	struct og_strs files;
	const char *config;
	bool diff, check;
	unsigned output;
	uint32_t context;
	int64_t timeout_ms;
};

static const struct og_opt rows[] = {
	{.name = "file",
		.letter = 'f',
		.type = OG_OPT_STRS,
		.at = offsetof(struct args, files),
		.arg = "FILE",
		.env = "T_FILE",
		.help = "h"},
	{.name = "config",
		.letter = 'c',
		.type = OG_OPT_STR,
		.at = offsetof(struct args, config),
		.arg = "FILE",
		.env = "T_CONFIG",
		.help = "h"},
	{.name = "diff",
		.letter = 'd',
		.type = OG_OPT_FLAG,
		.at = offsetof(struct args, diff),
		.help = "h"},
	{.name = "check",
		.letter = 'k',
		.type = OG_OPT_FLAG,
		.at = offsetof(struct args, check),
		.help = "h"},
	{.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		.at = offsetof(struct args, output),
		.arg = "FORM",
		.words = "|yaml|json",
		.help = "h"},
	{.name = "context",
		.letter = 'U',
		.type = OG_OPT_U32,
		.at = offsetof(struct args, context),
		.arg = "N",
		.def = "3",
		.max = 100,
		.help = "h"},
	{.name = "timeout",
		.type = OG_OPT_DURATION,
		.at = offsetof(struct args, timeout_ms),
		.arg = "TIME",
		.def = "10s",
		.env = "T_TIMEOUT",
		.min = 1,
		.max = 60000,
		.help = "h"},
};

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static const char *some_env(const char *name)
{
	return strcmp(name, "T_FILE") == 0     ? "env.yaml"
	       : strcmp(name, "T_CONFIG") == 0 ? "conf"
					       : "";
}

static const char *bad_env(const char *name)
{
	return strcmp(name, "T_TIMEOUT") == 0 ? "soon" : NULL;
}

static int parse(const char *line, og_getenv_fn *env, struct args *a, struct og_parsed *p,
	struct og_arena *arena, struct og_err *err)
{
	char *argv[16];
	int argc = 0;
	struct og_sv rest = og_svz(line), w;
	while (og_sv_split(&rest, ' ', &w))
		argv[argc++] = og_arena_strndup(arena, w.p, w.n);
	*a = (struct args){.context = 0};
	struct og_opt_set set = {rows, OG_COUNT(rows), a};
	return og_opts_parse(&set, 1, argc, argv, env, arena, p, err);
}

#define WITH(line, env)                            \
	struct og_arena arena og_auto_arena = {0}; \
	og_arena_init(&arena, 0, 0);               \
	struct args a;                             \
	struct og_parsed p = {0};                  \
	struct og_err err = OG_ERR_INIT;           \
	int rc = parse(line, env, &a, &p, &arena, &err)

START_TEST(defaults)
{
	WITH("", no_env);
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(a.context, 3);
	ck_assert_int_eq(a.timeout_ms, 10000);
	ck_assert_uint_eq(a.files.n, 0);
	ck_assert_ptr_null(a.config);
	ck_assert_uint_eq(p.noperands, 0);
}
END_TEST

START_TEST(every_form)
{
	WITH("--file=a -fb -f c -f=d x -dk --check=false --output yaml -- -o -", no_env);
	ck_assert_msg(rc == 0, "%s", err.msg);
	ck_assert_uint_eq(a.files.n, 4);
	ck_assert_str_eq(a.files.v[0], "a");
	ck_assert_str_eq(a.files.v[1], "b");
	ck_assert_str_eq(a.files.v[2], "c");
	ck_assert_str_eq(a.files.v[3], "d");
	ck_assert(a.diff && !a.check);
	ck_assert_uint_eq(a.output, 1);
	ck_assert_uint_eq(p.noperands, 3);
	ck_assert_str_eq(p.operands[0], "x");
	ck_assert_str_eq(p.operands[1], "-o");
	ck_assert_str_eq(p.operands[2], "-");
}
END_TEST

START_TEST(cluster_ends_in_a_value)
{
	WITH("-dkfx -dU7", no_env);
	ck_assert_int_eq(rc, 0);
	ck_assert(a.diff && a.check);
	ck_assert_str_eq(a.files.v[0], "x");
	ck_assert_uint_eq(a.context, 7);
}
END_TEST

START_TEST(dash_is_a_value_and_an_operand)
{
	WITH("-f - -", no_env);
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(a.files.v[0], "-");
	ck_assert_str_eq(p.operands[0], "-");
}
END_TEST

START_TEST(environment_is_below_explicit)
{
	WITH("-f x --timeout 1m", some_env);
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(a.files.n, 1);
	ck_assert_str_eq(a.files.v[0], "x");
	ck_assert_str_eq(a.config, "conf");
	ck_assert_int_eq(a.timeout_ms, 60000);
}
END_TEST

START_TEST(environment_is_above_default)
{
	WITH("", some_env);
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(a.files.v[0], "env.yaml");
	ck_assert_int_eq(a.timeout_ms, 10000);
}
END_TEST

START_TEST(bad_environment_is_named)
{
	WITH("", bad_env);
	ck_assert_int_eq(rc, -OG_E_USAGE);
	ck_assert_msg(
		strstr(err.msg, "environment variable T_TIMEOUT: ") == err.msg, "%s", err.msg);
	ck_assert_ptr_null(strstr(err.msg, "soon"));
}
END_TEST

START_TEST(help_works_in_a_bad_environment)
{
	WITH("-d --help", bad_env);
	ck_assert_int_eq(rc, 0);
	ck_assert(p.help);
}
END_TEST

static const struct {
	const char *line, *msg;
} wrong[] = {
	{"--fil=x", "unknown option --fil (did you mean --file?)"},
	{"--ouptut json", "unknown option --ouptut (did you mean --output?)"},
	{"--frobnicate", "unknown option --frobnicate"},
	{"---", "unknown option --- (did you mean"},
	{"--=x", "unknown option --"},
	{"-x", "unknown option -x"},
	{"-dx", "unknown option -x"},
	{"-d\x01", "unknown option in \"-...\""},
	{"-f", "-f needs a value: -f FILE"},
	{"-df", "-f needs a value: -f FILE"},
	{"--file", "--file needs a value: --file FILE"},
	{"--file=", "--file: the value is empty"},
	{"-c=", "--config: the value is empty"},
	{"--diff=yes", "--diff: expected true or false"},
	{"--diff=", "--diff: expected true or false"},
	{"-o xml", "--output: expected one of yaml, json"},
	{"--output=", "--output: expected one of yaml, json"},
	{"--output=yaml|json", "--output: expected one of yaml, json"},
	{"-U -1", "--context: "},
	{"-U 101", "--context: "},
	{"-U 1x", "--context: "},
	{"-U 4294967296", "--context: "},
	{"--timeout 10", "--timeout: "},
	{"--timeout 0s", "--timeout: "},
	{"--timeout 61s", "--timeout: "},
	{"--help=x", "unknown option --help"},
};

START_TEST(wrong_table)
{
	WITH(wrong[_i].line, no_env);
	ck_assert_int_eq(rc, -OG_E_USAGE);
	size_t n = strlen(wrong[_i].msg);
	if (strcmp(wrong[_i].line, "---") == 0)
		n = strlen("unknown option ---");
	ck_assert_msg(strncmp(err.msg, wrong[_i].msg, n) == 0, "%s: %s", wrong[_i].line, err.msg);
}
END_TEST

START_TEST(memory_fails_cleanly)
{
	char f[] = "-fx", g[] = "y";
	char *argv[] = {f, f, g};
	for (unsigned long at = 1; at < 40; at++) {
		struct args a = {.context = 0};
		struct og_opt_set set = {rows, OG_COUNT(rows), &a};
		struct og_arena arena og_auto_arena = {0};
		struct og_parsed p;
		struct og_err err = OG_ERR_INIT;
		og_arena_init(&arena, 64, 0);
		og_mem_fault_arm(at, true);
		int rc = og_opts_parse(&set, 1, 3, argv, some_env, &arena, &p, &err);
		unsigned long seen = og_mem_fault_disarm();
		if (seen < at) {
			ck_assert_int_eq(rc, 0);
			return;
		}
		ck_assert_int_eq(rc, -OG_E_OOM);
		ck_assert_str_eq(err.msg, "out of memory");
	}
	ck_abort_msg("never succeeded");
}
END_TEST

START_TEST(words)
{
	ck_assert(og_sv_is(og_opt_word("|yaml|json", 0), ""));
	ck_assert(og_sv_is(og_opt_word("|yaml|json", 2), "json"));
	ck_assert(og_sv_is(og_opt_word("|yaml|json", 3), ""));
	ck_assert(og_sv_is(og_opt_word(NULL, 0), ""));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/options");
	TCase *tc = tcase_create("options");
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, every_form);
	tcase_add_test(tc, cluster_ends_in_a_value);
	tcase_add_test(tc, dash_is_a_value_and_an_operand);
	tcase_add_test(tc, environment_is_below_explicit);
	tcase_add_test(tc, environment_is_above_default);
	tcase_add_test(tc, bad_environment_is_named);
	tcase_add_test(tc, help_works_in_a_bad_environment);
	tcase_add_loop_test(tc, wrong_table, 0, (int)OG_COUNT(wrong));
	tcase_add_test(tc, memory_fails_cleanly);
	tcase_add_test(tc, words);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
