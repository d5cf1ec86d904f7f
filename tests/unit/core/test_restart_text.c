/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts: windows, records, waves. */
#include <check.h>
#include <string.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/restart.h"
#include "support/suite.h"

#define NOW 1000000LL
#define REV "aaaaaaaaaaaaaaaa"

static struct og_arena arena;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static struct og_restart_record record(enum og_rstate s, const char *rev, int64_t req, int64_t done)
{
	struct og_restart_record r = {.state = s, .requested_s = req, .completed_s = done};

	memcpy(r.revision, rev, strlen(rev) + 1);
	memcpy(r.wave, "1111111111111111", OG_RESTART_ID_BYTES);
	return r;
}

/* ---- windows ---- */

/* Times of the week that begins on Monday, 2024-05-06. */
static const struct {
	const char *window, *at;
	bool open;
	const char *next; /* NULL = not looked at */
} windows[] = {
	{"Mon-Fri 09:00-17:00", "2024-05-06T09:00:00Z", true, NULL},
	{"Mon-Fri 09:00-17:00", "2024-05-06T08:59:59Z", false, "2024-05-06T09:00:00Z"},
	{"Mon-Fri 09:00-17:00", "2024-05-06T16:59:59Z", true, NULL},
	{"Mon-Fri 09:00-17:00", "2024-05-06T17:00:00Z", false, "2024-05-07T09:00:00Z"},
	{"Mon-Fri 09:00-17:00", "2024-05-10T17:00:00Z", false, "2024-05-13T09:00:00Z"},
	{"Mon-Fri 09:00-17:00", "2024-05-11T12:00:00Z", false, "2024-05-13T09:00:00Z"},
	{"Sat 00:00-24:00", "2024-05-11T00:00:00Z", true, NULL},
	{"Sat 00:00-24:00", "2024-05-11T23:59:59Z", true, NULL},
	{"Sat 00:00-24:00", "2024-05-12T00:00:00Z", false, "2024-05-18T00:00:00Z"},
	{"Sat 00:00-24:00", "2024-05-10T23:59:59Z", false, "2024-05-11T00:00:00Z"},
	/* over midnight: of the day on which it begins */
	{"Fri 22:00-02:00", "2024-05-10T22:00:00Z", true, NULL},
	{"Fri 22:00-02:00", "2024-05-11T01:59:59Z", true, NULL},
	{"Fri 22:00-02:00", "2024-05-11T02:00:00Z", false, "2024-05-17T22:00:00Z"},
	{"Fri 22:00-02:00", "2024-05-10T01:00:00Z", false, "2024-05-10T22:00:00Z"},
	{"Fri 22:00-02:00", "2024-05-11T22:30:00Z", false, NULL},
	{"Sun 22:00-02:00", "2024-05-13T01:00:00Z", true, NULL},
	{"Sun 22:00-02:00", "2024-05-12T01:00:00Z", false, NULL},
	/* days over the end of the week */
	{"Sat-Mon 10:00-11:00", "2024-05-06T10:30:00Z", true, NULL},
	{"Sat-Mon 10:00-11:00", "2024-05-12T10:30:00Z", true, NULL},
	{"Sat-Mon 10:00-11:00", "2024-05-07T10:30:00Z", false, "2024-05-11T10:00:00Z"},
	{"Mon-Sun 00:00-24:00", "2024-05-09T12:34:56Z", true, NULL},
	/* before 1970 the days go on */
	{"Wed 10:00-11:00", "1969-12-31T10:30:00Z", true, NULL},
	{"Wed 10:00-11:00", "1969-12-31T11:30:00Z", false, "1970-01-07T10:00:00Z"},
	/* no window is open for what is none */
	{"Mon-Fri", "2024-05-06T10:00:00Z", false, "none"},
	{"mon-fri 09:00-17:00", "2024-05-06T10:00:00Z", false, "none"},
	{"Mon-Fri 09:00-09:00", "2024-05-06T09:00:00Z", false, "none"},
	{"Mon-Fri 24:00-09:00", "2024-05-06T08:00:00Z", false, "none"},
	{"Mon-Fri 09:60-17:00", "2024-05-06T10:00:00Z", false, "none"},
	{"Mon-Fri 09:00-24:01", "2024-05-06T10:00:00Z", false, "none"},
	{"Mon-Fri 9:00-17:00", "2024-05-06T10:00:00Z", false, "none"},
	{"Mon-Fri 09:00-17:00 ", "2024-05-06T10:00:00Z", false, "none"},
	{"Mon-Fri  09:00-17:00", "2024-05-06T10:00:00Z", false, "none"},
	{"Mon-Fri-Sat 09:00-17:00", "2024-05-06T10:00:00Z", false, "none"},
	{"", "2024-05-06T10:00:00Z", false, "none"},
};

static int64_t seconds(const char *text)
{
	int64_t ns = 0;

	ck_assert_int_eq(og_parse_rfc3339(og_svz(text), &ns, NULL), 0);
	return ns / OG_NS_PER_S;
}

START_TEST(window)
{
	struct og_sv w = og_svz(windows[_i].window);
	int64_t next = -1;
	bool open = og_restart_window_open(&w, 1, seconds(windows[_i].at), &next);

	ck_assert_msg(open == windows[_i].open, "%s at %s", windows[_i].window, windows[_i].at);
	if (open)
		ck_assert_int_eq(next, 0);
	if (windows[_i].next) {
		int64_t want = strcmp(windows[_i].next, "none") == 0 ? 0
								     : seconds(windows[_i].next);
		ck_assert_msg(next == want, "%s at %s: %lld", windows[_i].window, windows[_i].at,
			(long long)next);
	}
}
END_TEST

START_TEST(of_several_windows_one_is_enough)
{
	const struct og_sv v[] = {
		OG_SV("Mon 01:00-02:00"), OG_SV("nonsense"), OG_SV("Tue 01:00-02:00")};
	int64_t next;

	ck_assert(og_restart_window_open(v, 3, seconds("2024-05-07T01:30:00Z"), &next));
	ck_assert(!og_restart_window_open(v, 3, seconds("2024-05-08T01:30:00Z"), &next));
	ck_assert_int_eq(next, seconds("2024-05-13T01:00:00Z"));
	ck_assert(og_restart_window_open(NULL, 0, NOW, &next));
	ck_assert_int_eq(next, 0);
}
END_TEST

/* Whenever a next opening is named it is the first minute that is open. */
START_TEST(the_next_opening_is_the_first)
{
	for (size_t i = 0; i < OG_COUNT(windows); i++) {
		struct og_sv w = og_svz(windows[i].window);
		for (int64_t t = seconds("2024-05-06T00:00:30Z"), end = t + 7 * 86400; t < end;
			t += 3600) {
			int64_t next, at = t;
			if (og_restart_window_open(&w, 1, t, &next) || !next)
				continue;
			while (at < next && !og_restart_window_open(&w, 1, at, NULL))
				at += 60;
			ck_assert_msg(at >= next && og_restart_window_open(&w, 1, next, NULL), "%s",
				windows[i].window);
		}
	}
}
END_TEST

/* ---- records ---- */

static struct og_jval parse(const char *text)
{
	struct og_jdoc *d = og_arena_new(&arena, struct og_jdoc);

	ck_assert_int_eq(
		og_jdoc_parse(d, &arena, og_arena_sv(&arena, og_svz(text)), NULL, NULL), 0);
	return og_jroot(d);
}

START_TEST(a_record_reads_back)
{
	for (int s = OG_RSTATE_SUGGESTED; s < OG_RSTATE_COUNT_; s++) {
		struct og_restart_record in = record((enum og_rstate)s, REV, NOW,
						 s == OG_RSTATE_COMPLETE ? NOW + 60 : 0),
					 out;
		og_auto_buf struct og_buf text = OG_BUF_INIT(4096);
		og_restart_record_json(&in, &text);
		og_restart_record_read(parse(text.p), &out);
		ck_assert_msg(og_restart_record_eq(&in, &out), "%s", text.p);
	}
	og_auto_buf struct og_buf none = OG_BUF_INIT(64);
	og_restart_record_json(&(struct og_restart_record){0}, &none);
	ck_assert_uint_eq(none.len, 0);
}
END_TEST

#define T "\"2024-05-06T07:08:09Z\""
static const struct {
	const char *text;
	enum og_rstate state;
} records[] = {
	{"{\"state\":\"Requested\",\"revision\":\"abc\",\"requestedAt\":" T "}",
		OG_RSTATE_REQUESTED},
	{"{\"state\":\"Suggested\",\"revision\":\"abc\"}", OG_RSTATE_SUGGESTED},
	{"{\"state\":\"Complete\",\"revision\":\"abc\",\"requestedAt\":" T "}",
		OG_RSTATE_RESTARTED},
	{"{\"state\":\"Requested\",\"revision\":\"abc\"}", OG_RSTATE_NONE},
	{"{\"state\":\"Requested\",\"revision\":\"abc\",\"requestedAt\":\"soon\"}", OG_RSTATE_NONE},
	{"{\"state\":\"Requested\",\"revision\":\"abc\",\"requestedAt\":7}", OG_RSTATE_NONE},
	{"{\"state\":\"Requested\",\"revision\":\"\",\"requestedAt\":" T "}", OG_RSTATE_NONE},
	{"{\"state\":\"Requested\",\"requestedAt\":" T "}", OG_RSTATE_NONE},
	{"{\"state\":\"Requested\",\"revision\":\"abcdefghijklmnopq\",\"requestedAt\":" T "}",
		OG_RSTATE_NONE},
	{"{\"state\":\"Requested\",\"revision\":\"a\\u0062c\",\"requestedAt\":" T "}",
		OG_RSTATE_NONE},
	{"{\"state\":\"Requested\",\"revision\":\"a/c\",\"requestedAt\":" T "}", OG_RSTATE_NONE},
	{"{\"state\":\"requested\",\"revision\":\"abc\",\"requestedAt\":" T "}", OG_RSTATE_NONE},
	{"{\"state\":\"\",\"revision\":\"abc\",\"requestedAt\":" T "}", OG_RSTATE_NONE},
	{"{\"revision\":\"abc\",\"requestedAt\":" T "}", OG_RSTATE_NONE},
	{"{}", OG_RSTATE_NONE},
	{"[]", OG_RSTATE_NONE},
	{"null", OG_RSTATE_NONE},
	{"\"Requested\"", OG_RSTATE_NONE},
};

START_TEST(record_read)
{
	struct og_restart_record r;

	og_restart_record_read(parse(records[_i].text), &r);
	ck_assert_msg(
		r.state == records[_i].state, "%s: %s", records[_i].text, og_rstate_name(r.state));
	if (r.state == OG_RSTATE_NONE)
		ck_assert(og_restart_record_eq(&r, &(struct og_restart_record){0}));
}
END_TEST

START_TEST(a_wave_is_its_whole_content)
{
	static const struct og_sv v[][5] = {
		{{"p", sizeof("p") - 1}, {"1", sizeof("1") - 1}, {"s", sizeof("s") - 1},
			{"2", sizeof("2") - 1}, {"h", sizeof("h") - 1}},
		{{"q", sizeof("q") - 1}, {"1", sizeof("1") - 1}, {"s", sizeof("s") - 1},
			{"2", sizeof("2") - 1}, {"h", sizeof("h") - 1}},
		{{"p", sizeof("p") - 1}, {"2", sizeof("2") - 1}, {"s", sizeof("s") - 1},
			{"2", sizeof("2") - 1}, {"h", sizeof("h") - 1}},
		{{"p", sizeof("p") - 1}, {"1", sizeof("1") - 1}, {"t", sizeof("t") - 1},
			{"2", sizeof("2") - 1}, {"h", sizeof("h") - 1}},
		{{"p", sizeof("p") - 1}, {"1", sizeof("1") - 1}, {"s", sizeof("s") - 1},
			{"3", sizeof("3") - 1}, {"h", sizeof("h") - 1}},
		{{"p", sizeof("p") - 1}, {"1", sizeof("1") - 1}, {"s", sizeof("s") - 1},
			{"2", sizeof("2") - 1}, {"", sizeof("") - 1}},
		{{"p1", sizeof("p1") - 1}, {"", sizeof("") - 1}, {"s", sizeof("s") - 1},
			{"2", sizeof("2") - 1}, {"h", sizeof("h") - 1}},
	};
	char id[OG_COUNT(v)][OG_RESTART_ID_BYTES], again[OG_RESTART_ID_BYTES];

	for (size_t i = 0; i < OG_COUNT(v); i++) {
		ck_assert_int_eq(
			og_restart_wave(v[i][0], v[i][1], v[i][2], v[i][3], v[i][4], id[i], NULL),
			0);
		ck_assert_uint_eq(strlen(id[i]), 16);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(id[i], id[k]);
	}
	og_restart_wave(v[0][0], v[0][1], v[0][2], v[0][3], v[0][4], again, NULL);
	ck_assert_str_eq(again, id[0]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("restart-text");
	TCase *t = tcase_create("text");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, window, 0, (int)OG_COUNT(windows));
	tcase_add_test(t, of_several_windows_one_is_enough);
	tcase_add_test(t, the_next_opening_is_the_first);
	tcase_add_test(t, a_record_reads_back);
	tcase_add_loop_test(t, record_read, 0, (int)OG_COUNT(records));
	tcase_add_test(t, a_wave_is_its_whole_content);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
