/* SPDX-License-Identifier: Apache-2.0 */
/* When a pager is asked, what it gets, and that nothing is lost where it does not run. */
#include "../../../src/cli/pager-priv.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "support/suite.h"

static const char *own, *pager, *term;
static int screen, terminal; /* the two sides of a pseudo terminal of 5 lines of 20 columns */

static const char *env(const char *name)
{
	return !strcmp(name, "OTELGATE_PAGER") ? own
	       : !strcmp(name, "PAGER")	       ? pager
	       : !strcmp(name, "TERM")	       ? term
					       : NULL;
}

static void setup(void)
{
	struct winsize ws = {.ws_row = 5, .ws_col = 20};

	own = pager = NULL;
	term = "xterm";
	screen = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(screen, 0);
	ck_assert(grantpt(screen) == 0 && unlockpt(screen) == 0);
	terminal = open(ptsname(screen), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(terminal, 0);
	ck_assert_int_eq(ioctl(terminal, TIOCSWINSZ, &ws), 0);
}

static void teardown(void)
{
	(void)close(terminal);
	(void)close(screen);
}

static const char *asked(const char *text)
{
	struct og_cli cli = {.out_fd = terminal, .env = env};

	return og_pager_command(&cli, og_svz(text));
}

#define FIVE "a\nb\nc\nd\ne\n"

START_TEST(what_fits_is_no_work_for_it)
{
	ck_assert_ptr_null(asked(""));
	ck_assert_ptr_null(asked("a\nb\nc\nd\n"));
	ck_assert_ptr_nonnull(asked(FIVE));
	/* lines are longer than the terminal is wide */
	ck_assert_ptr_null(asked("0123456789\nb\nc\n"));
	ck_assert_ptr_nonnull(asked("0123456789012345678901234567890123456789\nb\nc\n"));
}
END_TEST

static const struct {
	const char *own, *pager, *term, *want;
} choices[] = {
	{NULL, NULL, "xterm", "command -v less >/dev/null && exec less; exec cat"},
	{NULL, "more", "xterm", "more"},
	{"bat -p", "more", "xterm", "bat -p"},
	{"", "more", "xterm", NULL}, /* empty: none */
	{NULL, "", "xterm", NULL},
	{" ", "more", "xterm", NULL}, /* a shell would run nothing, and show nothing */
	{" \tcat", NULL, "xterm", NULL},
	{"cat", "more", "xterm", NULL},
	{NULL, "cat", "xterm", NULL},
	{"more", NULL, "dumb", NULL},
	{"more", NULL, "", NULL},
	{"more", NULL, NULL, NULL},
};

START_TEST(who_is_asked)
{
	own = choices[_i].own;
	pager = choices[_i].pager;
	term = choices[_i].term;
	if (choices[_i].want)
		ck_assert_pstr_eq(asked(FIVE), choices[_i].want);
	else
		ck_assert_ptr_null(asked(FIVE));
}
END_TEST

START_TEST(no_terminal_no_pager)
{
	struct og_cli cli = {.out_fd = terminal, .env = env, .no_pager = true};
	struct winsize none = {0};
	int ends[2];

	ck_assert_ptr_null(og_pager_command(&cli, og_svz(FIVE)));
	cli.no_pager = false;
	ck_assert_ptr_nonnull(og_pager_command(&cli, og_svz(FIVE)));
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	cli.out_fd = ends[1];
	ck_assert_ptr_null(og_pager_command(&cli, og_svz(FIVE)));
	(void)close(ends[0]);
	(void)close(ends[1]);
	cli.out_fd = -1;
	ck_assert_ptr_null(og_pager_command(&cli, og_svz(FIVE)));
	/* a terminal that does not know its size */
	cli.out_fd = terminal;
	ck_assert_int_eq(ioctl(terminal, TIOCSWINSZ, &none), 0);
	ck_assert_ptr_null(og_pager_command(&cli, og_svz(FIVE)));
}
END_TEST

/* What is on the screen up to and with `last`; bounded. */
static void seen(struct og_buf *b, const char *last)
{
	char part[512];

	while (!b->p || !strstr(b->p, last)) {
		struct pollfd p = {.fd = screen, .events = POLLIN};
		ck_assert_int_eq(poll(&p, 1, 10000 * og_suite_patience()), 1);
		ssize_t n = read(screen, part, sizeof(part));
		ck_assert_int_gt(n, 0);
		og_buf_add(b, part, (size_t)n);
	}
}

START_TEST(it_gets_all_and_its_defaults)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_cli cli = {.out_fd = terminal, .env = env};

	(void)unsetenv("LESS");
	(void)setenv("LV", "mine", 1);
	ck_assert(og_pager_show(&cli, "sed 's/^/[/'; echo $LESS $LV end", OG_SV("one\ntwo\n")));
	seen(&b, "end");
	ck_assert_str_eq(b.p, "[one\r\n[two\r\nFRX mine end\r\n");
}
END_TEST

START_TEST(one_that_cannot_be_run_loses_nothing)
{
	struct og_cli cli = {.out_fd = terminal, .env = env};

	ck_assert(!og_pager_show(&cli, "exec 2>/dev/null; a-pager-of-nobody", OG_SV(FIVE)));
	ck_assert(!og_pager_show(&cli, "exec 2>/dev/null; /", OG_SV(FIVE)));
}
END_TEST

/* It reads nothing, and the text is more than a pipe holds. */
START_TEST(one_that_is_left_early_is_no_fault)
{
	static char large[1 << 20];
	struct og_cli cli = {.out_fd = terminal, .env = env};
	struct sigaction was, is;

	ck_assert_int_eq(sigaction(SIGINT, NULL, &was), 0);
	memset(large, 'x', sizeof(large));
	ck_assert(og_pager_show(&cli, "exit 0", og_sv(large, sizeof(large))));
	ck_assert(og_pager_show(&cli, "exit 1", og_sv(large, sizeof(large))));
	/* and signals mean again what they meant */
	ck_assert_int_eq(sigaction(SIGINT, NULL, &is), 0);
	ck_assert(is.sa_handler == was.sa_handler && was.sa_handler != SIG_IGN);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/pager");
	TCase *t = tcase_create("pager");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_fits_is_no_work_for_it);
	tcase_add_loop_test(t, who_is_asked, 0, (int)OG_COUNT(choices));
	tcase_add_test(t, no_terminal_no_pager);
	tcase_add_test(t, it_gets_all_and_its_defaults);
	tcase_add_test(t, one_that_cannot_be_run_loses_nothing);
	tcase_add_test(t, one_that_is_left_early_is_no_fault);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
