/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an API server does to its clients, one row each: what is seen meanwhile, and how long it
 * takes until all is well. The rows run beside each other, each with a simulated server, a loop and
 * a client of its own; OG_FAULTS_PAGE=FILE writes them as a page (make docs-faults).
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include "otelgate/kube/apply.h"
#include "otelgate/kube/events.h"
#include "otelgate/kube/watch.h"
#include "sim_fixture.h"
#include "support/suite.h"

struct fault_result {
	char wrong[512]; /* "" = as expected */
	int64_t recovered_ms;
};

#include "faults_rows.inc"
#include "faults_run.inc"

enum { AT_ONCE = 6 };

static struct fault_result *results;
static _Atomic size_t next_row;

static void *work(void *arg)
{
	(void)arg;
	for (size_t i; (i = next_row++) < fault_nrows;)
		fault_run(&fault_rows[i], &results[i]);
	return NULL;
}

START_TEST(it_is_survived)
{
	const struct fault_row *r = &fault_rows[_i];
	ck_assert_msg(!results[_i].wrong[0], "%s: %s", r->title, results[_i].wrong);
	ck_assert_msg(results[_i].recovered_ms <= r->most_ms * og_suite_patience(),
		"%s: well again after %lld ms", r->title, (long long)results[_i].recovered_ms);
}
END_TEST

static const char *const headings[FAULT_KINDS_] = {
	[FAULT_READ] = "Reading one object",
	[FAULT_EDIT] = "Changing one object",
	[FAULT_LIST] = "The first list of a watch",
	[FAULT_WATCH] = "A watch that stands",
	[FAULT_LEASE] = "A leader",
	[FAULT_EVENT] = "Events",
};

static void page(FILE *f)
{
	(void)fprintf(f,
		"<!-- Generated from tests/unit/kube/faults_rows.inc by `make docs-faults`. -->\n"
		"# Faults\n\n"
		"What an API server, or the way to it, may do to its clients; what otelgate makes "
		"of it; how long it then\ntakes until all is well again. Every row is a test "
		"(`make check T=kube/faults`) of the whole client against\nthe simulated API server. "
		"The time is that of one run, from the end of the fault; the limit is what the\n"
		"test asserts.\n");
	for (int k = 0; k < FAULT_KINDS_; k++) {
		(void)fprintf(f,
			"\n## %s\n\n| fault | what is seen | well again after | limit |\n"
			"|---|---|---|---|\n",
			headings[k]);
		for (size_t i = 0; i < fault_nrows; i++)
			if ((int)fault_rows[i].kind == k)
				(void)fprintf(f, "| %s | %s | %.1f s | %lld s |\n",
					fault_rows[i].title, fault_rows[i].seen,
					(double)results[i].recovered_ms / 1000,
					(long long)fault_rows[i].most_ms / 1000);
	}
}

/* The page may be older than a run's times, never than a row. */
START_TEST(the_page_has_every_row)
{
	static char text[65536];
	char line[1024];
	FILE *f = fopen("docs/faults.md", "r");
	ck_assert_msg(f != NULL, "docs/faults.md is missing: make docs-faults");
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	unsigned rows = 0;
	for (const char *p = text; (p = strstr(p, "\n| ")) != NULL; p++)
		rows += strncmp(p, "\n| fault |", 10) != 0;
	ck_assert_uint_eq(rows, fault_nrows);
	for (size_t i = 0; i < fault_nrows; i++) {
		(void)snprintf(line, sizeof(line), "\n| %s | %s |", fault_rows[i].title,
			fault_rows[i].seen);
		ck_assert_msg(strstr(text, line) != NULL,
			"docs/faults.md is old (%s): make docs-faults", fault_rows[i].title);
	}
}
END_TEST

int main(void)
{
	pthread_t t[AT_ONCE];
	results = calloc(fault_nrows, sizeof(*results));
	if (!results)
		return EXIT_FAILURE;
	for (int i = 0; i < AT_ONCE; i++)
		if (pthread_create(&t[i], NULL, work, NULL) != 0)
			return EXIT_FAILURE;
	for (int i = 0; i < AT_ONCE; i++)
		(void)pthread_join(t[i], NULL);
	const char *path = getenv("OG_FAULTS_PAGE");
	if (path) {
		FILE *f = fopen(path, "w");
		if (!f)
			return EXIT_FAILURE;
		page(f);
		if (fclose(f) != 0)
			return EXIT_FAILURE;
	}
	Suite *s = suite_create("kube/faults");
	TCase *tc = tcase_create("faults");
	tcase_add_loop_test(tc, it_is_survived, 0, (int)fault_nrows);
	if (!path)
		tcase_add_test(tc, the_page_has_every_row);
	suite_add_tcase(s, tc);
	int rc = og_suite_run(s);
	free(results);
	return rc;
}
