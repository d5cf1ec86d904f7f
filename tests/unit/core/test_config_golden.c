/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden cases of the configuration reader: tests/golden/config/{bad,good}/NAME.yaml with every
 * problem, exact, in NAME.want (good ones: warnings, and no errors). Run from the repository's
 * root. With OTELGATE_GOLDEN=update the wanted texts are written anew: read the diff.
 */
#include <stdio.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/core/config_read.h"
#include "support/suite.h"

static const char *const suffixes[] = {".yaml", NULL};
static struct og_fs_list files;

static void list_cases(const char *dir)
{
	struct og_err err = OG_ERR_INIT;
	struct og_fs_list_options o = {.suffixes = suffixes};
	ck_assert_msg(og_fs_list(dir, &o, &files, &err) == 0, "%s", err.msg);
}

/* The report as text, with the file's base name. Returns og_config_read's code. */
static int report_of(const char *path, struct og_buf *text)
{
	og_auto_arena struct og_arena a;
	og_auto_buf struct og_buf in = OG_BUF_INIT(0);
	struct og_config_report rep;
	struct og_config *c = NULL;
	og_arena_init(&a, 0, 0);
	ck_assert(og_fs_read(path, 1 << 20, &in, NULL) == 0);
	struct og_config_input input = {strrchr(path, '/') + 1, og_buf_view(&in)};
	int rc = og_config_read(&a, &input, 1, &c, &rep);
	ck_assert_int_eq(rc == 0, c != NULL);
	ck_assert_int_eq(rc == -OG_E_CONFIG, rep.nerrors > 0);
	for (uint32_t i = 0; i < rep.n; i++) {
		og_config_problem_text(&rep.v[i], text);
		og_buf_ch(text, '\n');
	}
	return rc;
}

static void check_case(const char *path, int want_rc)
{
	og_auto_buf struct og_buf got = OG_BUF_INIT(0), want = OG_BUF_INIT(0);
	char name[512];
	int rc = report_of(path, &got);
	(void)snprintf(name, sizeof name, "%.*s.want", (int)strlen(path) - 5, path);
	const char *mode = getenv("OTELGATE_GOLDEN");
	if (mode && strcmp(mode, "update") == 0) {
		FILE *f = fopen(name, "w");
		ck_assert_ptr_nonnull(f);
		(void)fwrite(got.p ? got.p : "", 1, got.len, f);
		ck_assert(fclose(f) == 0);
		return;
	}
	ck_assert_msg(og_fs_read(name, 1 << 20, &want, NULL) == 0, "%s is missing", name);
	ck_assert_msg(og_sv_eq(og_buf_view(&got), og_buf_view(&want)),
		"%s\n--- got\n%.*s--- want\n%.*s", path, OG_SV_ARG(og_buf_view(&got)),
		OG_SV_ARG(og_buf_view(&want)));
	ck_assert_msg(rc == want_rc, "%s: %d", path, rc);
}

START_TEST(bad)
{
	list_cases("tests/golden/config/bad");
	ck_assert_uint_ge(files.n, 60);
	for (size_t i = 0; i < files.n; i++)
		check_case(files.paths[i], -OG_E_CONFIG);
	og_fs_list_fini(&files);
}
END_TEST

START_TEST(good)
{
	list_cases("tests/golden/config/good");
	ck_assert_uint_ge(files.n, 20);
	for (size_t i = 0; i < files.n; i++)
		check_case(files.paths[i], 0);
	og_fs_list_fini(&files);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/config golden");
	TCase *tc = tcase_create("golden");
	tcase_add_test(tc, bad);
	tcase_add_test(tc, good);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
