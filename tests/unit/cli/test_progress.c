/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a file that is being read. */
#include "../../../src/cli/session-priv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
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

static const struct {
	unsigned short columns;
	const char *text, *want;
} lines[] = {
	{20, "waiting for pods ...", "waiting for pods .."}, /* a full line wraps on some */
	{20, "waiting for pods", "waiting for pods"},
	{8, "\u5c71\u5c71\u5c71\u5c71", "\u5c71\u5c71\u5c71"}, /* two columns each */
	{20, "a\033[2Jb", "a\\x1b[2Jb"},
	{1, "waiting", ""},
};

/* On a terminal a line takes no more than a line, so that the next one can replace it. */
START_TEST(never_longer_than_the_terminal)
{
	static const char clear[] = "\r\033[K";
	struct winsize ws = {.ws_row = 5, .ws_col = lines[_i].columns};
	char got[512] = "";
	int screen = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), terminal;

	ck_assert(screen >= 0 && grantpt(screen) == 0 && unlockpt(screen) == 0);
	terminal = open(ptsname(screen), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(terminal, 0);
	ck_assert_int_eq(ioctl(terminal, TIOCSWINSZ, &ws), 0);
	struct og_cli cli = {.err_fd = terminal};
	struct session_progress p = {.cli = &cli};

	session_progress_say(&p, "%s", lines[_i].text);
	ck_assert(p.shown);
	ck_assert_int_gt((int)read(screen, got, sizeof(got) - 1), 0);
	ck_assert_int_eq(strncmp(got, clear, sizeof(clear) - 1), 0);
	ck_assert_str_eq(got + sizeof(clear) - 1, lines[_i].want);
	(void)close(terminal);
	(void)close(screen);
}
END_TEST

/* A reason may be long, and a path is: its beginning is shown, not nothing. */
START_TEST(of_a_long_one_the_beginning)
{
	struct winsize ws = {.ws_row = 5, .ws_col = 20};
	char got[64] = "", text[16384];
	int screen = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), terminal;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert(screen >= 0 && grantpt(screen) == 0 && unlockpt(screen) == 0);
	terminal = open(ptsname(screen), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(terminal, 0);
	ck_assert_int_eq(ioctl(terminal, TIOCSWINSZ, &ws), 0);
	struct og_cli cli = {.err_fd = terminal};
	struct session_progress p = {.cli = &cli};

	session_progress_say(&p, "9s  %s", text);
	ck_assert_int_gt((int)read(screen, got, sizeof(got) - 1), 0);
	ck_assert_str_eq(got, "\r\033[K9s  aaaaaaaaaaaaaaa");
	text[4000] = '\0';
	p.begun_ns = p.told_ns = og_clock_mono_ns(og_clock_system()) - 5 * OG_NS_PER_S;
	session_progress_bytes(&p, text, 1, 10);
	memset(got, 0, sizeof(got));
	ck_assert_int_gt((int)read(screen, got, sizeof(got) - 1), 0);
	ck_assert_str_eq(got, "\r\033[Kreading aaaaaaaaaaa");
	(void)close(terminal);
	(void)close(screen);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/progress");
	TCase *t = tcase_create("progress");

	tcase_add_loop_test(t, how_far_and_how_long, 0, (int)OG_COUNT(texts));
	tcase_add_test(t, nothing_at_once);
	tcase_add_loop_test(t, never_longer_than_the_terminal, 0, (int)OG_COUNT(lines));
	tcase_add_test(t, of_a_long_one_the_beginning);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
