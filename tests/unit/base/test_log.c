/* SPDX-License-Identifier: Apache-2.0 */
/* The log's two formats, escapes, cuts, switches and rate limits; secrets. */
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "support/fakeclock.h"
#include "support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static struct og_fakeclock fake;
static int pipe_fd[2];
static char out[1 << 20];

static void setup_with(enum og_log_format format, enum og_log_level level, const char *debug)
{
	struct og_log_options o = OG_LOG_OPTIONS_INIT;
	o.fd = pipe_fd[1];
	o.format = format;
	o.level = level;
	o.debug = debug;
	o.clock = &fake.clock;
	ck_assert_int_eq(og_log_setup(&o, NULL), 0);
}

static void setup(void)
{
	og_fakeclock_init(&fake);
	ck_assert_int_eq(pipe2(pipe_fd, O_NONBLOCK | O_CLOEXEC), 0);
}

static void teardown(void)
{
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

static const char *written(void)
{
	ssize_t n = read(pipe_fd[0], out, sizeof(out) - 1);
	out[n > 0 ? n : 0] = '\0';
	return out;
}

START_TEST(text_line)
{
	struct og_err err = OG_ERR_INIT;
	(void)og_err_set(&err, OG_E_CONFIG, "line 3: not a \"number\"");
	setup_with(OG_LOG_TEXT, OG_LOG_INFO, NULL);
	og_log(OG_LOG_WARN, "webhook", "kept", og_lf_str("file", "a b"), og_lf_int("n", -3),
		og_lf_uint("u", UINT64_MAX), og_lf_bool("ok", false), og_lf_dur_ms("took", 1500),
		og_lf_float("r", 0.25), og_lf_str("none", NULL), og_lf_err(&err));
	ck_assert_str_eq(written(),
		"2024-05-06T07:08:09.000Z warn  webhook    kept file=\"a b\" n=-3 "
		"u=18446744073709551615 ok=false took=1500.000ms r=0.25 none=\"\" "
		"error=\"line 3: not a \\\"number\\\"\" code=config\n");
}
END_TEST

START_TEST(json_line)
{
	struct og_err err = OG_ERR_INIT;
	(void)og_err_set(&err, OG_E_IO, "gone");
	setup_with(OG_LOG_AUTO, OG_LOG_INFO, NULL); /* a pipe is no terminal */
	og_log(OG_LOG_ERROR, "x", "m", og_lf_str("s", "q\"\\"), og_lf_dur_ns("took", 1500),
		og_lf_bool("b", true), og_lf_err(&err),
		og_lf_float("inf", (double)__builtin_inf()));
	ck_assert_str_eq(written(),
		"{\"ts\":\"2024-05-06T07:08:09.000Z\",\"level\":\"error\",\"component\":\"x\","
		"\"msg\":\"m\",\"s\":\"q\\\"\\\\\",\"took_ms\":0.002,\"b\":true,\"error\":\"gone\","
		"\"code\":\"io\",\"inf\":\"inf\"}\n");
}
END_TEST

START_TEST(no_fields)
{
	setup_with(OG_LOG_JSON, OG_LOG_INFO, NULL);
	og_log(OG_LOG_INFO, "x", "m");
	ck_assert_str_eq(written(), "{\"ts\":\"2024-05-06T07:08:09.000Z\",\"level\":\"info\","
				    "\"component\":\"x\",\"msg\":\"m\"}\n");
}
END_TEST

static const struct {
	const char *in, *text, *json;
} escapes[] = {
	{"a\nb", "\"a\\nb\"", "\"a\\nb\""},
	{"\r\t", "\"\\r\\t\"", "\"\\r\\t\""},
	{"\x1b[31m", "\"\\u001b[31m\"", "\"\\u001b[31m\""},
	{"\x7f", "\"\\u007f\"", "\"\\u007f\""},
	{"\xc2\x9b", "\\u009b", "\"\\u009b\""},
	{"\xe2\x80\xa8", "\\u2028", "\"\\u2028\""},
	{"\xff", "\\xff", "\"\\ufffd\""},
	{"\xc3", "\\xc3", "\"\\ufffd\""},
	{"\xed\xa0\x80", "\\xed\\xa0\\x80", "\"\\ufffd\\ufffd\\ufffd\""},
	{"\xc3\xa9", "\xc3\xa9", "\"\xc3\xa9\""},
	{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
	{"a=b", "\"a=b\"", "\"a=b\""},
	{"\\", "\"\\\\\"", "\"\\\\\""},
};

START_TEST(escape_table)
{
	char want[64];
	setup_with(OG_LOG_TEXT, OG_LOG_INFO, NULL);
	og_log(OG_LOG_INFO, "x", "m", og_lf_str("v", escapes[_i].in));
	(void)snprintf(want, sizeof(want), " v=%s\n", escapes[_i].text);
	ck_assert(og_sv_ends(og_svz(written()), og_svz(want)));
	setup_with(OG_LOG_JSON, OG_LOG_INFO, NULL);
	og_log(OG_LOG_INFO, "x", "m", og_lf_str("v", escapes[_i].in));
	(void)snprintf(want, sizeof(want), ",\"v\":%s}\n", escapes[_i].json);
	ck_assert_msg(og_sv_ends(og_svz(written()), og_svz(want)), "%s", out);
}
END_TEST

START_TEST(nul_inside_a_view)
{
	setup_with(OG_LOG_JSON, OG_LOG_INFO, NULL);
	og_log(OG_LOG_INFO, "x", "m", og_lf_sv("v", og_sv("a\0b", 3)));
	ck_assert(og_sv_ends(og_svz(written()), OG_SV(",\"v\":\"a\\u0000b\"}\n")));
}
END_TEST

/* Whatever the length at which a line has to be cut, it stays one line of valid JSON. */
START_TEST(cut_lines_stay_json)
{
	static char big[OG_LOG_LINE_BYTES + 64];
	setup_with(OG_LOG_JSON, OG_LOG_INFO, NULL);
	for (size_t n = OG_LOG_LINE_BYTES - 260; n < OG_LOG_LINE_BYTES + 60; n++) {
		memset(big, n % 3 ? 'x' : '\n', n);
		if (n % 3 == 0)
			memset(big, 'y', n - 8);
		og_log(OG_LOG_INFO, "x", "m", og_lf_sv("v", og_sv(big, n)),
			og_lf_int("after", 12345), og_lf_bool("flag", true),
			og_lf_str("last", "end"));
		json_error_t e;
		json_t *doc = json_loads(written(), 0, &e);
		ck_assert_msg(doc != NULL, "%zu: %s", n, e.text);
		ck_assert_str_eq(json_string_value(json_object_get(doc, "msg")), "m");
		ck_assert(og_sv_ends(og_svz(out), OG_SV("}\n")));
		ck_assert_uint_le(strlen(out), OG_LOG_LINE_BYTES);
		if (n > OG_LOG_LINE_BYTES)
			ck_assert(json_is_true(json_object_get(doc, "cut")));
		json_decref(doc);
	}
}
END_TEST

START_TEST(cut_text_line)
{
	static char big[OG_LOG_LINE_BYTES * 2];
	memset(big, 'x', sizeof(big));
	setup_with(OG_LOG_TEXT, OG_LOG_INFO, NULL);
	og_log(OG_LOG_INFO, "x", "m", og_lf_sv("v", og_sv(big, sizeof(big))), og_lf_int("n", 1));
	ck_assert(og_sv_ends(og_svz(written()), OG_SV("xxx ...\n")));
	ck_assert_uint_le(strlen(out), OG_LOG_LINE_BYTES);
}
END_TEST

START_TEST(levels_and_debug_switch)
{
	setup_with(OG_LOG_TEXT, OG_LOG_WARN, "http,review");
	ck_assert(og_log_on(OG_LOG_DEBUG, "http"));
	ck_assert(og_log_on(OG_LOG_INFO, "review"));
	ck_assert(!og_log_on(OG_LOG_INFO, "htt"));
	ck_assert(!og_log_on(OG_LOG_INFO, "other"));
	ck_assert(og_log_on(OG_LOG_WARN, "other"));
	setup_with(OG_LOG_TEXT, OG_LOG_WARN, "all");
	ck_assert(og_log_on(OG_LOG_DEBUG, "other"));
	setup_with(OG_LOG_TEXT, OG_LOG_OFF, "all");
	ck_assert(!og_log_on(OG_LOG_ERROR, "other"));
	setup_with(OG_LOG_TEXT, OG_LOG_WARN, NULL);
	og_log(OG_LOG_INFO, "x", "hidden");
	ck_assert_str_eq(written(), "");
}
END_TEST

static const char *const bad_debug[] = {
	",", "http,", ",http", "a,,b", "HTTP", "a b", "a;b", "*", "\xc3\xa9"};

START_TEST(bad_debug_lists_change_nothing)
{
	setup_with(OG_LOG_TEXT, OG_LOG_WARN, "http");
	struct og_log_options o = OG_LOG_OPTIONS_INIT;
	o.debug = bad_debug[_i];
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_log_setup(&o, &err), -(int)OG_E_INVALID);
	ck_assert(og_log_on(OG_LOG_DEBUG, "http"));
	ck_assert(!og_log_on(OG_LOG_INFO, "x"));
}
END_TEST

START_TEST(names)
{
	enum og_log_level l = OG_LOG_OFF;
	enum og_log_format f = OG_LOG_AUTO;
	ck_assert_int_eq(og_log_level_parse(OG_SV("debug"), &l, NULL), 0);
	ck_assert_int_eq(l, OG_LOG_DEBUG);
	ck_assert_int_eq(og_log_level_parse(OG_SV("Warn"), &l, NULL), -(int)OG_E_PARSE);
	ck_assert_int_eq(og_log_level_parse(OG_SV(""), &l, NULL), -(int)OG_E_PARSE);
	ck_assert_int_eq(l, OG_LOG_DEBUG);
	ck_assert_int_eq(og_log_format_parse(OG_SV("json"), &f, NULL), 0);
	ck_assert_int_eq(f, OG_LOG_JSON);
	ck_assert_int_eq(og_log_format_parse(OG_SV("xml"), &f, NULL), -(int)OG_E_PARSE);
}
END_TEST

START_TEST(rate_limit_counts_what_it_held_back)
{
	setup_with(OG_LOG_TEXT, OG_LOG_INFO, NULL);
	const char *keys[] = {"a", "b"};
	for (int i = 0; i < 10; i++)
		for (size_t k = 0; k < 2; k++)
			og_log_limited(og_svz(keys[k]), 1000, OG_LOG_INFO, "x", keys[k]);
	ck_assert_str_eq(written(), "2024-05-06T07:08:09.000Z info  x          a\n"
				    "2024-05-06T07:08:09.000Z info  x          b\n");
	for (int i = 0; i < 2; i++) {
		og_fakeclock_advance_ms(&fake, i ? 1 : 999);
		og_log_limited(OG_SV("a"), 1000, OG_LOG_INFO, "x", "elsewhere");
	}
	/* another place in the code has its own limit */
	ck_assert_str_eq(written(), "2024-05-06T07:08:09.999Z info  x          elsewhere\n");
}
END_TEST

START_TEST(rate_limit_ends)
{
	setup_with(OG_LOG_JSON, OG_LOG_INFO, NULL);
	for (int i = 0; i < 6; i++) {
		if (i == 5)
			og_fakeclock_advance_ms(&fake, 1000);
		og_log_limited(OG_SV(""), 1000, OG_LOG_INFO, "x", "m");
	}
	ck_assert_ptr_nonnull(strstr(written(), "\"suppressed\":4}"));
	/* a step of the wall clock changes nothing */
	og_fakeclock_step_wall_ms(&fake, 3600000);
	og_log_limited(OG_SV("k"), 1000, OG_LOG_INFO, "x", "m");
	ck_assert_ptr_null(strstr(written(), "suppressed"));
}
END_TEST

START_TEST(a_refused_line_is_counted_and_errno_kept)
{
	int closed = pipe_fd[1];
	setup_with(OG_LOG_TEXT, OG_LOG_INFO, NULL);
	uint64_t before = og_log_dropped();
	while (write(closed, out, 4096) > 0)
		;
	errno = ERANGE;
	og_log(OG_LOG_ERROR, "x", "m");
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_uint_eq(og_log_dropped(), before + 1);
}
END_TEST

START_TEST(secrets_are_redacted)
{
	og_auto_secret struct og_secret s = OG_SECRET_INIT;
	ck_assert_int_eq(og_secret_set(&s, "glc_token", 9, NULL), 0);
	setup_with(OG_LOG_TEXT, OG_LOG_INFO, NULL);
	og_log(OG_LOG_INFO, "x", "m", og_lf_secret("token", &s));
	ck_assert(og_sv_ends(og_svz(written()), OG_SV(" token=[redacted]\n")));
	setup_with(OG_LOG_JSON, OG_LOG_INFO, NULL);
	og_log(OG_LOG_INFO, "x", "m", og_lf_secret("token", &s));
	ck_assert(og_sv_ends(og_svz(written()), OG_SV(",\"token\":\"[redacted]\"}\n")));
}
END_TEST

START_TEST(secret_life)
{
	og_auto_secret struct og_secret s = OG_SECRET_INIT;
	struct og_err err = OG_ERR_INIT;
	ck_assert(!og_secret_is_set(&s));
	ck_assert_ptr_null(og_secret_expose(&s));
	ck_assert(!og_secret_eq(&s, "", 0));
	ck_assert_int_eq(og_secret_set(&s, NULL, 0, &err), 0);
	ck_assert(og_secret_is_set(&s) && og_secret_eq(&s, "", 0));
	ck_assert_int_eq(og_secret_set(&s, "pass\0word", 9, &err), 0);
	ck_assert(og_secret_eq(&s, "pass\0word", 9));
	ck_assert(!og_secret_eq(&s, "pass\0worD", 9));
	ck_assert(!og_secret_eq(&s, "pass", 4));
	ck_assert_uint_eq(og_secret_len(&s), 9);
	/* setting a secret from its own bytes */
	ck_assert_int_eq(og_secret_set(&s, og_secret_expose(&s), 4, &err), 0);
	ck_assert(og_secret_eq(&s, "pass", 4));
	ck_assert_int_eq(((const char *)og_secret_expose(&s))[4], 0);
	/* a failure keeps what was there */
	ck_assert_int_eq(og_secret_set(&s, "x", OG_SECRET_MAX_BYTES + 1, &err), -(int)OG_E_LIMIT);
	og_mem_fault_arm(1, false);
	ck_assert_int_eq(og_secret_set(&s, "x", 1, &err), -(int)OG_E_OOM);
	og_mem_fault_disarm();
	ck_assert(og_secret_eq(&s, "pass", 4));
	og_secret_fini(&s);
	ck_assert(!og_secret_is_set(&s));
}
END_TEST

START_TEST(constant_time_compare)
{
	ck_assert(og_ct_eq("abc", "abc", 3));
	ck_assert(og_ct_eq("abc", "abd", 2));
	ck_assert(!og_ct_eq("abc", "abd", 3));
	ck_assert(!og_ct_eq("\x80", "\x00", 1));
	ck_assert(og_ct_eq("", "", 0));
	char buf[4] = "abc";
	og_wipe(buf, 3);
	ck_assert_mem_eq(buf, "\0\0\0", 4);
}
END_TEST

enum { THREADS = 4, LINES = 200 };

static void *write_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		og_log(OG_LOG_INFO, "x", "m", og_lf_str("t", arg), og_lf_int("i", i));
	return NULL;
}

START_TEST(lines_of_threads_do_not_mix)
{
	char path[] = "/tmp/og-log-XXXXXX";
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	(void)unlink(path);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_APPEND), 0);
	struct og_log_options o = OG_LOG_OPTIONS_INIT;
	o.fd = fd;
	ck_assert_int_eq(og_log_setup(&o, NULL), 0);
	static char names_[THREADS][2] = {"a", "b", "c", "d"};
	pthread_t t[THREADS];
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, write_lines, names_[i]), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ssize_t n = pread(fd, out, sizeof(out) - 1, 0);
	ck_assert_int_gt(n, 0);
	struct og_sv rest = og_sv(out, (size_t)n), line;
	int lines = 0;
	while (og_sv_split(&rest, '\n', &line)) {
		json_t *doc = json_loadb(line.p, line.n, 0, NULL);
		ck_assert_ptr_nonnull(doc);
		json_decref(doc);
		lines++;
	}
	ck_assert_int_eq(lines, THREADS * LINES);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/log");
	TCase *tc = tcase_create("log");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, text_line);
	tcase_add_test(tc, json_line);
	tcase_add_test(tc, no_fields);
	tcase_add_loop_test(tc, escape_table, 0, (int)OG_COUNT(escapes));
	tcase_add_test(tc, nul_inside_a_view);
	tcase_add_test(tc, cut_lines_stay_json);
	tcase_add_test(tc, cut_text_line);
	tcase_add_test(tc, levels_and_debug_switch);
	tcase_add_loop_test(tc, bad_debug_lists_change_nothing, 0, (int)OG_COUNT(bad_debug));
	tcase_add_test(tc, names);
	tcase_add_test(tc, rate_limit_counts_what_it_held_back);
	tcase_add_test(tc, rate_limit_ends);
	tcase_add_test(tc, a_refused_line_is_counted_and_errno_kept);
	tcase_add_test(tc, secrets_are_redacted);
	tcase_add_test(tc, secret_life);
	tcase_add_test(tc, constant_time_compare);
	tcase_add_test(tc, lines_of_threads_do_not_mix);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
