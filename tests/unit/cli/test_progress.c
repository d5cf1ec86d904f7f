/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a file that is being read. */
#include "../../../src/cli/session-priv.h"

#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "support/suite.h"

static const struct {
	uint64_t done, of;
	int64_t s;
	const char *want;
} texts[] = {
	{41000000, 103000000, 2, "reading d.yaml: 41 of 103 MB, about 3 s left"},
	{102999999, 103000000, 9, "reading d.yaml: 103 of 103 MB, about 1 s left"},
	{1000000, 3600000000, 1, "reading d.yaml: 1 of 3600 MB, about 3599 s left"},
	{103000000, 103000000, 3, "reading d.yaml: 103 MB"}, /* all of it: what follows is work */
	{0, 103000000, 5, "reading d.yaml: 0 of 103 MB"},    /* no pace yet */
	{7000000, 0, 5, "reading d.yaml: 7 MB"},	     /* from a pipe */
	{9000000, 8000000, 5, "reading d.yaml: 9 MB"},	     /* it grew meanwhile */
};

START_TEST(how_far_and_how_long)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	session_bytes_text(&b, "d.yaml", texts[_i].done, texts[_i].of, texts[_i].s * OG_NS_PER_S);
	ck_assert_str_eq(b.p, texts[_i].want);
}
END_TEST

/* In less than a second nothing is said, and off a terminal never. */
START_TEST(nothing_at_once)
{
	struct og_cli cli = {.err_fd = -1};
	struct session_progress p = {.cli = &cli};

	for (int i = 0; i < 10; i++)
		session_progress_bytes(&p, "d.yaml", 1, 10);
	ck_assert(!p.shown);
	p.told_ns -= 2 * OG_NS_PER_S;
	session_progress_bytes(&p, "d.yaml", 1, 10);
	ck_assert(!p.shown);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/progress");
	TCase *t = tcase_create("progress");

	tcase_add_loop_test(t, how_far_and_how_long, 0, (int)OG_COUNT(texts));
	tcase_add_test(t, nothing_at_once);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
