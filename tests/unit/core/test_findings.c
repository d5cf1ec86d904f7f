/* SPDX-License-Identifier: Apache-2.0 */
/* Findings: the table's quality, and collecting them. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "otelgate/base/mem.h"
#include "otelgate/core/findings.h"
#include "support/suite.h"

static void sentence(const char *id, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	ck_assert_msg(n > 10, "%s: an empty field", id);
	ck_assert_msg(text[n - 1] == '.', "%s: no full stop: %s", id, text);
	ck_assert_msg(!strstr(text, "  ") && !strstr(text, ".."), "%s: %s", id, text);
	ck_assert_msg(text[0] == '`' || text[0] == '"' || (text[0] >= 'A' && text[0] <= 'Z') ||
			      (text[0] >= 'a' && text[0] <= 'z') ||
			      (text[0] >= '0' && text[0] <= '9'),
		"%s: %s", id, text);
}

START_TEST(every_row_is_whole)
{
	uint32_t n;
	const struct og_finding_def *d = og_finding_defs(&n);
	ck_assert_uint_ge(n, 90);
	for (uint32_t i = 0; i < n; i++) {
		ck_assert_msg(strlen(d[i].id) == 5 && !strncmp(d[i].id, "OG", 2) &&
				      strspn(d[i].id + 2, "0123456789") == 3,
			"%s", d[i].id);
		ck_assert_msg(strspn(d[i].slug, "abcdefghijklmnopqrstuvwxyz0123456789-.") ==
					      strlen(d[i].slug) &&
				      strchr(d[i].slug, '.'),
			"%s: %s", d[i].id, d[i].slug);
		size_t t = strlen(d[i].title);
		ck_assert_msg(t > 10 && t <= 80 && d[i].title[t - 1] != '.', "%s: %s", d[i].id,
			d[i].title);
		sentence(d[i].id, d[i].why);
		sentence(d[i].id, d[i].fix);
		ck_assert_msg(!d[i].example || d[i].example[0], "%s", d[i].id);
		ck_assert_str_ne(og_severity_name(d[i].severity), "?");
	}
}
END_TEST

START_TEST(ids_ascend_and_slugs_are_unique)
{
	uint32_t n;
	const struct og_finding_def *d = og_finding_defs(&n);
	for (uint32_t i = 1; i < n; i++) {
		ck_assert_msg(
			strcmp(d[i - 1].id, d[i].id) < 0, "%s after %s", d[i].id, d[i - 1].id);
		for (uint32_t k = 0; k < i; k++)
			ck_assert_str_ne(d[i].slug, d[k].slug);
	}
}
END_TEST

START_TEST(found_by_id_and_slug)
{
	uint32_t n;
	const struct og_finding_def *d = og_finding_defs(&n);
	for (uint32_t i = 0; i < n; i++) {
		ck_assert_ptr_eq(og_finding_def(og_svz(d[i].id)), &d[i]);
		ck_assert_ptr_eq(og_finding_def(og_svz(d[i].slug)), &d[i]);
	}
	ck_assert_str_eq(og_finding_def(OG_SV("og203"))->id, "OG203");
	static const char *const none[] = {"", "OG", "OG2", "OG999", "OG2033", "203", "optin",
		"optin.", "OPTIN.BAD-VALUE", "OG203 "};
	for (size_t i = 0; i < OG_COUNT(none); i++)
		ck_assert_msg(!og_finding_def(og_svz(none[i])), "%s", none[i]);
}
END_TEST

/* Every "OGnnn" that the sources name is a row; a missing one would be lost silently. */
static void check_file(const char *path)
{
	FILE *f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	char line[4096];
	while (fgets(line, sizeof(line), f))
		for (char *p = strstr(line, "OG"); p; p = strstr(p + 2, "OG")) {
			size_t digits = strspn(p + 2, "0123456789");
			bool word = p > line && (p[-1] == '_' || (p[-1] >= 'A' && p[-1] <= 'Z'));
			if (digits == 3 && !word && p[5] != 'x')
				ck_assert_msg(og_finding_def(og_sv(p, 5)) != NULL,
					"%s names %.5s, which is no finding", path, p);
		}
	fclose(f);
}

START_TEST(every_id_of_the_sources_is_a_row)
{
	unsigned files = 0;
	struct dirent **floors, **names;
	int nfloors = scandir("src", &floors, NULL, alphasort);
	ck_assert_msg(nfloors > 0, "run from the top of the source tree");
	for (int i = 0; i < nfloors; i++) {
		char dir[512], path[1024];
		snprintf(dir, sizeof(dir), "src/%s", floors[i]->d_name);
		int n = floors[i]->d_name[0] == '.' ? 0 : scandir(dir, &names, NULL, alphasort);
		for (int k = 0; k < n; k++) {
			size_t len = strlen(names[k]->d_name);
			snprintf(path, sizeof(path), "%s/%s", dir, names[k]->d_name);
			if (len > 2 && !strcmp(names[k]->d_name + len - 2, ".c")) {
				check_file(path);
				files++;
			}
			free(names[k]);
		}
		if (n > 0)
			free(names);
		free(floors[i]);
	}
	free(floors);
	ck_assert_uint_gt(files, 50);
}
END_TEST

/* --- collecting ----------------------------------------------------------------------------- */

START_TEST(the_same_is_kept_once)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_findings f = {0};
	og_findings_add(&f, &a, "OG203", OG_SV("here"), OG_SV("x"));
	og_findings_add(&f, &a, "OG203", OG_SV("here"), OG_SV("x"));
	og_findings_add(&f, &a, "OG203", OG_SV("there"), OG_SV("x"));
	og_findings_add(&f, &a, "OG204", OG_SV("here"), OG_SV("x"));
	og_findings_addf(&f, &a, "OG204", OG_SV("here"), "%s", "y");
	ck_assert_uint_eq(f.n, 4);
	ck_assert(!f.lost);
}
END_TEST

START_TEST(unknown_id_is_not_silent)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_findings f = {0};
	og_findings_add(&f, &a, "OG999", OG_SV(""), OG_SV("x"));
	ck_assert_uint_eq(f.n, 0);
	ck_assert(f.lost);
}
END_TEST

START_TEST(too_many_are_not_silent)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_findings f = {0};
	for (int i = 0; i < 200; i++)
		og_findings_addf(&f, &a, "OG203", OG_SV("p"), "%d", i);
	ck_assert_uint_eq(f.n, 200);
	ck_assert(!f.lost);
	og_findings_addf(&f, &a, "OG203", OG_SV("p"), "one more");
	ck_assert(f.lost);
	ck_assert_uint_le(f.n, 256);
}
END_TEST

START_TEST(no_memory_is_not_silent)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 64);
	struct og_findings f = {0};
	og_findings_addf(&f, &a, "OG203", OG_SV("p"), "%0200d", 1);
	ck_assert(f.lost);
	ck_assert_uint_eq(f.n, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("findings");
	TCase *t = tcase_create("table");
	tcase_add_test(t, every_row_is_whole);
	tcase_add_test(t, ids_ascend_and_slugs_are_unique);
	tcase_add_test(t, found_by_id_and_slug);
	tcase_add_test(t, every_id_of_the_sources_is_a_row);
	suite_add_tcase(s, t);
	t = tcase_create("collecting");
	tcase_add_test(t, the_same_is_kept_once);
	tcase_add_test(t, unknown_id_is_not_silent);
	tcase_add_test(t, too_many_are_not_silent);
	tcase_add_test(t, no_memory_is_not_silent);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
