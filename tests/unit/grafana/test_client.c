/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a server that does what servers and proxies do. */
#include "client_rig.h"

static const struct ss_step vector[] = {
	{OK_JSON("Date: Mon, 23 Nov 2026 00:00:00 GMT\r\nContent-Length: 119\r\n\r\n", VECTOR), 0,
		SS_KEEP},
	{NULL, 0, SS_KEEP}};

START_TEST(a_question_is_answered)
{
	ck_assert_uint_eq(strlen(VECTOR), 119);
	serve(vector);
	(void)ask(OG_GF_PROM_ARRIVAL);
	ck_assert_uint_eq(t.n, 0);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_PRESENT);
	ck_assert_uint_eq(t.got[0].rows, 1);
	ck_assert_str_eq(t.got[0].job, "a");
	ck_assert_int_eq(t.got[0].date_s, 1795392000);
	ck_assert_int_ne(t.got[0].skew_ms, 0);
	ck_assert_uint_eq(t.got[0].tries, 1);
	ck_assert_uint_eq(t.got[0].body_bytes, 119);
	const char *q = ss_seen(t.srv, 0);
	ck_assert_ptr_nonnull(strstr(q, "POST /api/v1/query HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(q, "\r\nAuthorization: Basic " BASIC "\r\n"));
	ck_assert_ptr_nonnull(strstr(q, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
	ck_assert_ptr_nonnull(strstr(q, "\r\nAccept-Encoding: gzip"));
	ck_assert_ptr_nonnull(strstr(q, "target_info%7Bk8s_cluster_name%3D%22c%22%7D"));
}
END_TEST

static void never_answers(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	while (ss_read(c))
		ss_hang(c);
}

START_TEST(a_server_that_hangs)
{
	serve_fn(never_answers);
	struct og_gf_ask_opts o = {.deadline_ms = 200};
	(void)ask_with(OG_GF_TEMPO_ARRIVAL, &o);
	(void)ask_with(OG_GF_PYRO_ARRIVAL, &o);
	wait_for(2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(t.got[i].state, OG_GF_BACKEND_ERROR);
		ck_assert_int_eq(t.got[i].why, OG_GF_WHY_TIMEOUT);
		ck_assert_int_ge(t.got[i].took_ms, 190);
		ck_assert_uint_eq(t.got[i].tries, 1);
	}
}
END_TEST

START_TEST(redirects_are_not_followed)
{
	static const struct ss_step steps[] = {
		{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x?token=" TOKEN
		 "\r\nContent-Length: 0\r\n\r\n",
			0, SS_KEEP},
		{NULL, 0, SS_KEEP}};
	serve(steps);
	(void)ask(OG_GF_PROM_PING);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_WRONG_PATH);
	ck_assert_int_eq(t.got[0].why, OG_GF_WHY_REDIRECT);
	ck_assert_ptr_nonnull(strstr(t.got[0].message, "127.0.0.1:1"));
	ck_assert_uint_eq(ss_requests(t.srv), 1);
}
END_TEST

/* 429 and 5xx: who is asked again, and when. */
static const struct {
	enum og_gf_ask ask;
	const char *first;
	unsigned requests; /* with a good answer for the second */
	enum og_gf_state state;
} retries[] = {
	{OG_GF_PROM_PING, "429 Too Many", 2, OG_GF_PRESENT}, /* POST */
	{OG_GF_PROM_PING, "503 Down", 1, OG_GF_BACKEND_ERROR},
	{OG_GF_PROM_PING, "502 Bad", 1, OG_GF_BACKEND_ERROR},
	{OG_GF_LOKI_PING, "429 Too Many", 2, OG_GF_PRESENT}, /* GET */
	{OG_GF_LOKI_PING, "502 Bad", 2, OG_GF_PRESENT},
	{OG_GF_LOKI_PING, "503 Down", 2, OG_GF_PRESENT},
	{OG_GF_LOKI_PING, "504 Late", 2, OG_GF_PRESENT},
	{OG_GF_LOKI_PING, "500 Broken", 1, OG_GF_BACKEND_ERROR},
	{OG_GF_LOKI_PING, "400 Bad", 1, OG_GF_QUERY_ERROR},
	{OG_GF_LOKI_PING, "401 No", 1, OG_GF_AUTH_FAILED},
	{OG_GF_LOKI_PING, "403 No", 1, OG_GF_FORBIDDEN},
	{OG_GF_LOKI_PING, "404 No", 1, OG_GF_WRONG_PATH},
};

static char first_step[300];

START_TEST(who_is_asked_again)
{
	static struct ss_step steps[3];
	(void)snprintf(first_step, sizeof(first_step),
		"HTTP/1.1 %s\r\nContent-Length: 4\r\n\r\nsaid", retries[_i].first);
	steps[0] = (struct ss_step){first_step, 0, SS_KEEP};
	steps[1] = vector[0];
	serve(steps);
	(void)ask(retries[_i].ask);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, retries[_i].state);
	ck_assert_uint_eq(ss_requests(t.srv), retries[_i].requests);
	ck_assert_uint_eq(t.got[0].tries, retries[_i].requests);
	struct og_gf_stats st;
	og_gf_client_stats(t.c, og_gf_ask_backend(retries[_i].ask), &st);
	ck_assert_uint_eq(st.retries, retries[_i].requests - 1);
	ck_assert_uint_eq(st.requests, retries[_i].requests);
	ck_assert_uint_eq(st.answered, 1);
	ck_assert_uint_eq(st.waiting, 0);
}
END_TEST

START_TEST(tries_are_bounded)
{
	static const struct ss_step steps[] = {
		{"HTTP/1.1 503 Down\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", 0, SS_KEEP},
		{NULL, 0, SS_KEEP}};
	serve(steps);
	(void)ask(OG_GF_LOKI_PING);
	struct og_gf_ask_opts once = {.once = true};
	(void)ask_with(OG_GF_TEMPO_ARRIVAL, &once);
	wait_for(2);
	ck_assert_uint_eq(ss_requests(t.srv), 5);
	unsigned tries = t.got[0].tries + t.got[1].tries;
	ck_assert_uint_eq(tries, 5);
	ck_assert_int_eq(t.got[0].state, OG_GF_BACKEND_ERROR);
	ck_assert_int_eq(t.got[1].state, OG_GF_BACKEND_ERROR);
}
END_TEST

START_TEST(a_broken_connection_is_asked_again_by_get_alone)
{
	static const struct ss_step steps[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"status\"", 0, SS_RESET},
		{OK_JSON("Content-Length: 119\r\n\r\n", VECTOR), 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	serve(steps);
	(void)ask(OG_GF_LOKI_PING);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_PRESENT);
	ck_assert_uint_eq(t.got[0].tries, 2);
}
END_TEST

START_TEST(a_broken_post_is_told)
{
	static const struct ss_step steps[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"status\"", 0, SS_RESET},
		{OK_JSON("Content-Length: 119\r\n\r\n", VECTOR), 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	serve(steps);
	(void)ask(OG_GF_PROM_PING);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_BACKEND_ERROR);
	ck_assert_int_eq(t.got[0].why, OG_GF_WHY_CONNECTION);
	ck_assert_uint_eq(t.got[0].tries, 1);
}
END_TEST

/* An end that nothing but the connection marks, in the middle of a document. */
START_TEST(half_a_document_is_no_answer)
{
	static const struct ss_step steps[] = {
		{OK_JSON(CLOSED, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
				 "\"result\":["),
			0, SS_CLOSE},
		{NULL, 0, SS_KEEP}};
	serve(steps);
	(void)ask(OG_GF_PROM_ARRIVAL);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_BACKEND_ERROR);
	ck_assert_int_eq(t.got[0].why, OG_GF_WHY_SHAPE);
}
END_TEST

START_TEST(nobody_listens)
{
	serve(vector);
	og_gf_client_free(t.c);
	t.o.backend[OG_GF_LOKI].url = OG_SV("http://127.0.0.1:1/");
	ck_assert_int_eq(og_gf_client_new(&t.o, &t.c, NULL), 0);
	(void)ask(OG_GF_LOKI_PING);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_BACKEND_ERROR);
	ck_assert_int_eq(t.got[0].why, OG_GF_WHY_CONNECTION);
	ck_assert_uint_eq(t.got[0].tries, 4);
	ck_assert_ptr_nonnull(strstr(t.got[0].message, "127.0.0.1:1"));
}
END_TEST

/* A long Retry-After holds for all questions to that backend, and for no other. */
START_TEST(a_throttled_backend_is_left_alone)
{
	static const struct ss_step steps[] = {
		{"HTTP/1.1 429 No\r\nRetry-After: 300\r\nContent-Length: 0\r\n\r\n", 0, SS_KEEP},
		{OK_JSON("Content-Length: 119\r\n\r\n", VECTOR), 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	serve(steps);
	(void)ask(OG_GF_PROM_ARRIVAL);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_THROTTLED);
	ck_assert_int_eq(t.got[0].retry_after_ms, 300000);
	ck_assert_int_gt(og_gf_client_throttled_ms(t.c, OG_GF_PROMETHEUS), 290000);
	(void)ask(OG_GF_PROM_PING);
	ck_assert_uint_eq(t.n, 1);
	wait_for(2);
	ck_assert_int_eq(t.got[1].state, OG_GF_THROTTLED);
	ck_assert_int_gt(t.got[1].retry_after_ms, 290000);
	ck_assert_uint_eq(t.got[1].tries, 0);
	ck_assert_uint_eq(ss_requests(t.srv), 1);
	(void)ask(OG_GF_LOKI_PING);
	wait_for(3);
	ck_assert_int_eq(t.got[2].state, OG_GF_PRESENT);
	ck_assert_int_eq(og_gf_client_throttled_ms(t.c, OG_GF_LOKI), 0);
}
END_TEST

static int64_t stamps[16];
static _Atomic unsigned nstamps;

static void stamping(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	while (ss_read(c)) {
		unsigned i = nstamps++;
		if (i < OG_COUNT(stamps))
			stamps[i] = og_clock_mono_ms(og_clock_system());
		if (!ss_send(c, i == 0 ? "HTTP/1.1 429 No\r\nRetry-After: 1\r\n"
					 "Content-Length: 0\r\n\r\n"
				       : vector[0].text))
			return;
	}
}

/* One by one, and all of them wait for what Retry-After said to the first. */
START_TEST(requests_keep_their_distance)
{
	t.o.interval_ms = 100;
	nstamps = 0;
	serve_fn(stamping);
	for (int i = 0; i < 4; i++)
		(void)ask(OG_GF_PROM_PING);
	wait_for(4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(t.got[i].state, OG_GF_PRESENT);
	ck_assert_uint_eq(nstamps, 5);
	/* the second may have been sent before the first was answered */
	ck_assert_int_ge(stamps[2] - stamps[0], 180);
	for (unsigned i = 2; i < 5; i++)
		ck_assert_int_ge(stamps[i] - stamps[i - 1], 60);
	ck_assert_int_ge(stamps[4] - stamps[0], 1000);
}
END_TEST

/* Two backends do not wait for each other. */
START_TEST(too_many_questions_are_late)
{
	t.o.interval_ms = 60000;
	serve(vector);
	struct og_gf_ask_opts o = {.deadline_ms = 300};
	(void)ask(OG_GF_PROM_PING);
	(void)ask_with(OG_GF_PROM_ARRIVAL, &o);
	(void)ask(OG_GF_LOKI_PING);
	wait_for(3);
	ck_assert_int_eq(t.got[2].state, OG_GF_BACKEND_ERROR);
	ck_assert_int_eq(t.got[2].why, OG_GF_WHY_TIMEOUT);
	ck_assert_uint_eq(t.got[2].tries, 0);
	ck_assert_ptr_nonnull(strstr(t.got[2].message, "turn"));
	ck_assert_int_eq(t.got[0].state, OG_GF_PRESENT);
	ck_assert_int_eq(t.got[1].state, OG_GF_PRESENT);
	ck_assert_uint_eq(ss_requests(t.srv), 2);
}
END_TEST

START_TEST(cancelled_questions_are_not_answered)
{
	serve_fn(never_answers);
	struct og_gf_call *sent = ask(OG_GF_PROM_PING), *queued = ask(OG_GF_PROM_PING);
	for (int i = 0; i < 200 && !ss_requests(t.srv); i++)
		(void)og_loop_turn(t.loop, 20);
	og_gf_call_cancel(queued);
	og_gf_call_cancel(sent);
	og_gf_call_cancel(NULL);
	(void)ask(OG_GF_LOKI_PING);
	og_gf_client_free(og_take(t.c));
	for (int i = 0; i < 5; i++)
		(void)og_loop_turn(t.loop, 5);
	ck_assert_uint_eq(t.n, 0);
}
END_TEST

static void free_all(void *ctx, const struct og_gf_answer *a)
{
	(void)ctx;
	ck_assert_int_eq(a->state, OG_GF_PRESENT);
	og_gf_client_free(og_take(t.c));
	t.n++;
}

START_TEST(the_client_may_be_freed_by_a_callback)
{
	serve(vector);
	struct og_gf_query q = {.ask = OG_GF_PROM_PING};
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(og_gf_client_ask(t.c, &q, NULL, NULL, free_all, NULL, NULL), 0);
	wait_for(1);
	(void)og_loop_turn(t.loop, 10);
	ck_assert_uint_eq(t.n, 1);
}
END_TEST

static void ask_again(void *ctx, const struct og_gf_answer *a)
{
	struct og_gf_query q = {.ask = OG_GF_PROM_PING};
	(void)ctx;
	ck_assert_int_eq(a->state, OG_GF_PRESENT);
	if (++t.n < 3)
		ck_assert_int_eq(og_gf_client_ask(t.c, &q, NULL, NULL, ask_again, NULL, NULL), 0);
}

START_TEST(a_callback_may_ask)
{
	serve(vector);
	struct og_gf_query q = {.ask = OG_GF_PROM_PING};
	ck_assert_int_eq(og_gf_client_ask(t.c, &q, NULL, NULL, ask_again, NULL, NULL), 0);
	wait_for(3);
	ck_assert_uint_eq(ss_connections(t.srv), 1);
}
END_TEST

START_TEST(a_backend_without_url_is_not_asked)
{
	serve(vector);
	og_gf_client_free(t.c);
	t.o.backend[OG_GF_TEMPO].url = OG_SV(" ");
	ck_assert_int_eq(og_gf_client_new(&t.o, &t.c, NULL), 0);
	ck_assert(!og_gf_client_has(t.c, OG_GF_TEMPO) && og_gf_client_has(t.c, OG_GF_LOKI));
	ck_assert_str_eq(og_gf_client_url(t.c, OG_GF_TEMPO), "");
	(void)ask(OG_GF_TEMPO_ARRIVAL);
	ck_assert_uint_eq(t.n, 0);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_UNASKED);
	ck_assert_uint_eq(ss_requests(t.srv), 0);
}
END_TEST

START_TEST(bearer_and_a_token_that_changes)
{
	serve(vector);
	og_gf_client_free(t.c);
	t.o.backend[OG_GF_PROMETHEUS].user = OG_SV("");
	t.o.backend[OG_GF_LOKI].token = NULL;
	ck_assert_int_eq(og_gf_client_new(&t.o, &t.c, NULL), 0);
	(void)ask(OG_GF_PROM_PING);
	wait_for(1);
	ck_assert_ptr_nonnull(strstr(ss_seen(t.srv, 0), "\r\nAuthorization: Bearer " TOKEN "\r\n"));
	ck_assert_int_eq(og_secret_set(&t.token, "other", 5, NULL), 0);
	(void)ask(OG_GF_PROM_PING);
	wait_for(2);
	ck_assert_ptr_nonnull(strstr(ss_seen(t.srv, 1), "\r\nAuthorization: Bearer other\r\n"));
	(void)ask(OG_GF_LOKI_PING);
	wait_for(3);
	ck_assert_ptr_null(strstr(ss_seen(t.srv, 2), "Authorization"));
}
END_TEST

START_TEST(what_makes_no_client)
{
	static const struct {
		const char *url, *user, *says;
	} bad[] = {
		{"http://prometheus.example", "1", "prometheus: "},
		{"https://u:" TOKEN "@x.example", "1", "prometheus: "},
		{"https://x.example", "1:" TOKEN, "instance id alone"},
		{"https://x.example", "1\r\nX", "control"},
	};
	for (size_t i = 0; i < OG_COUNT(bad); i++) {
		struct og_err err = OG_ERR_INIT;
		t.o.backend[0].url = og_svz(bad[i].url);
		t.o.backend[0].user = og_svz(bad[i].user);
		ck_assert_int_eq(og_gf_client_new(&t.o, &t.c, &err) == 0, 0);
		ck_assert_msg(strstr(err.msg, bad[i].says) != NULL, "%s", err.msg);
		ck_assert_ptr_null(strstr(err.msg, "T0p5ecret"));
	}
}
END_TEST

START_TEST(requests_of_others)
{
	serve(vector);
	struct og_gf_http h = {.shape = OG_GF_SHAPE_RAW, .method = "GET", .target = "/x?a=b"};
	h.headers[0] = "X-One: 1";
	h.text = OG_SV("x");
	ck_assert_int_eq(og_gf_client_send(t.c, &h, NULL, NULL, on_answer, NULL, NULL), 0);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_PRESENT);
	ck_assert_ptr_nonnull(strstr(ss_seen(t.srv, 0), "GET /x?a=b HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(ss_seen(t.srv, 0), "\r\nX-One: 1\r\n"));
	static const char *const targets[] = {
		"", "x", "@evil.example/", "/a b", "/a\r\nX: y", "/#"};
	for (size_t i = 0; i < OG_COUNT(targets); i++) {
		h.target = targets[i];
		ck_assert_int_eq(og_gf_client_send(t.c, &h, NULL, NULL, on_answer, NULL, NULL),
			-OG_E_INVALID);
	}
}
END_TEST

START_TEST(metrics_of_the_client)
{
	struct og_buf out = OG_BUF_INIT(0);
	serve(vector);
	(void)ask(OG_GF_PROM_PING);
	wait_for(1);
	ck_assert_int_eq(og_metrics_write(t.metrics, OG_METRIC_TEXT, &out, NULL), 0);
	static const char *const lines[] = {
		"otelgate_grafana_requests_total{backend=\"prometheus\",code=\"200\"} 1\n",
		"otelgate_grafana_answers_total{backend=\"prometheus\",state=\"Present\"} 1\n",
		"otelgate_grafana_request_duration_seconds_count{backend=\"prometheus\"} 1\n",
		"otelgate_grafana_questions_waiting{backend=\"prometheus\"} 0\n"};
	for (size_t i = 0; i < OG_COUNT(lines); i++)
		ck_assert_msg(strstr(out.p, lines[i]) != NULL, "%s", out.p);
	og_buf_fini(&out);
}
END_TEST

/* Each allocation fails once: an error, or an answer, and nothing is lost. */
START_TEST(memory_that_is_out)
{
	serve(vector);
	struct og_gf_query q = {.ask = OG_GF_PROM_PING};
	int rc = -1;
	for (unsigned long fail = 1; rc != 0; fail++) {
		ck_assert_uint_lt(fail, 100);
		og_mem_fault_arm(fail, false);
		rc = og_gf_client_ask(t.c, &q, NULL, NULL, on_answer, NULL, NULL);
		(void)og_mem_fault_disarm();
		ck_assert(rc == 0 || rc == -OG_E_OOM);
	}
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_PRESENT);
	for (unsigned long fail = 1, used = fail; fail <= used && t.n < MAX_ANSWERS; fail++) {
		unsigned n = t.n;
		(void)ask(OG_GF_PROM_PING);
		og_mem_fault_arm(fail, false);
		wait_for(n + 1);
		used = og_mem_fault_disarm();
		ck_assert(t.got[n].state == OG_GF_PRESENT || t.got[n].state == OG_GF_BACKEND_ERROR);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("grafana/client");
	TCase *tc = tcase_create("client");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_question_is_answered);
	tcase_add_test(tc, a_server_that_hangs);
	tcase_add_test(tc, redirects_are_not_followed);
	tcase_add_loop_test(tc, who_is_asked_again, 0, (int)OG_COUNT(retries));
	tcase_add_test(tc, tries_are_bounded);
	tcase_add_test(tc, a_broken_connection_is_asked_again_by_get_alone);
	tcase_add_test(tc, a_broken_post_is_told);
	tcase_add_test(tc, half_a_document_is_no_answer);
	tcase_add_test(tc, nobody_listens);
	tcase_add_test(tc, a_throttled_backend_is_left_alone);
	tcase_add_test(tc, requests_keep_their_distance);
	tcase_add_test(tc, too_many_questions_are_late);
	tcase_add_test(tc, cancelled_questions_are_not_answered);
	tcase_add_test(tc, the_client_may_be_freed_by_a_callback);
	tcase_add_test(tc, a_callback_may_ask);
	tcase_add_test(tc, a_backend_without_url_is_not_asked);
	tcase_add_test(tc, bearer_and_a_token_that_changes);
	tcase_add_test(tc, what_makes_no_client);
	tcase_add_test(tc, requests_of_others);
	tcase_add_test(tc, metrics_of_the_client);
	tcase_add_test(tc, memory_that_is_out);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
