/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands without memory: whatever allocation fails, the whole output or none of it is
 * written, and the exit code says which.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/command.h"

enum { ARGS_MAX = 12, RUNS = 250 };

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static const struct {
	const char *line;
	int code;
} commands[] = {
	{"otelgate inject -f tests/cli/shared/two.yaml -c tests/cli/shared/otelgate.yaml", 0},
	{"otelgate inject -f tests/cli/shared/web.yaml -c tests/cli/shared/otelgate.yaml --diff --why",
		0},
	{"otelgate inject -f tests/cli/shared/web.yaml -c tests/cli/shared/otelgate.yaml -o none "
	 "--report json",
		0},
	{"otelgate inject -f tests/cli/shared/web.yaml -c tests/cli/shared/otelgate.yaml --check",
		1},
	{"otelgate explain -f tests/cli/shared/web.yaml -c tests/cli/shared/otelgate.yaml", 0},
	{"otelgate explain env OTEL_SERVICE_NAME", 0},
	{"otelgate help inject", 0},
};

/* Runs the command with standard output in `path`; allocation number `at` and all later ones fail
 * (0: none). */
static int run(const char *line, const char *path, unsigned long at, unsigned long *ret_seen)
{
	char text[256], *argv[ARGS_MAX + 1];
	int argc = 0;
	ck_assert_uint_lt(strlen(line), sizeof(text));
	memcpy(text, line, strlen(line) + 1);
	for (char *p = text; *p && argc < ARGS_MAX;) {
		argv[argc++] = p;
		p += strcspn(p, " ");
		if (*p)
			*p++ = '\0';
	}
	argv[argc] = NULL;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	close(fd);
	og_mem_fault_arm(at, true);
	int code = og_cli_main(argc, argv, no_env);
	*ret_seen = og_mem_fault_disarm();
	return code;
}

START_TEST(all_or_nothing)
{
	char dir[] = "/tmp/otelgate-oom-XXXXXX", path[64];
	struct og_buf want og_auto_buf = OG_BUF_INIT(0);
	unsigned long seen = 0, dummy = 0, failed = 0;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), out = dup(STDOUT_FILENO);
	ck_assert(null >= 0 && out >= 0 && dup2(null, STDERR_FILENO) >= 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/out", dir);
	ck_assert_int_eq(run(commands[_i].line, path, 0, &seen), commands[_i].code);
	ck_assert_int_eq(og_fs_read(path, 1 << 20, &want, NULL), 0);
	ck_assert_uint_gt(want.len, 0);
	unsigned long step = seen / RUNS + 1;
	for (unsigned long at = 1; at <= seen; at += step) {
		struct og_buf got og_auto_buf = OG_BUF_INIT(0);
		int code = run(commands[_i].line, path, at, &dummy);
		ck_assert_int_eq(og_fs_read(path, 1 << 20, &got, NULL), 0);
		if (code == OG_EXIT_FAULT) {
			ck_assert_msg(
				got.len == 0, "allocation %lu of %lu: half an output", at, seen);
			failed++;
			continue;
		}
		/* A message that could not be made costs nothing but itself. */
		ck_assert_msg(code == commands[_i].code, "allocation %lu of %lu: exit code %d", at,
			seen, code);
		ck_assert_msg(got.len == want.len && memcmp(got.p, want.p, want.len) == 0,
			"allocation %lu of %lu: another output", at, seen);
	}
	ck_assert_uint_gt(failed, 0);
	(void)dup2(out, STDOUT_FILENO);
	close(out);
	close(null);
	unlink(path);
	rmdir(dir);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/oom");
	TCase *tc = tcase_create("oom");
	tcase_add_loop_test(tc, all_or_nothing, 0, (int)OG_COUNT(commands));
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
