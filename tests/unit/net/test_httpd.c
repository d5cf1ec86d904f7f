/* SPDX-License-Identifier: Apache-2.0 */
/* One request at a time: what is served, and what is refused and how. */
#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "otelgate/base/mem.h"
#include "support/http_client.h"
#include "support/http_fixture.h"

static struct pki pki;
static struct og_httpd *server;
static struct hc c;
static struct hc_resp r;

static void setup(void)
{
	ck_assert(pki_make(&pki));
}

static void teardown(void)
{
	hc_resp_fini(&r);
	hc_close(&c);
	og_httpd_free(server);
	server = NULL;
	pki_fini(&pki);
	ck_assert_uint_eq(fixture_workers_alive(), 0);
}

static void start(bool tls, const struct og_httpd_limits *limits)
{
	struct og_err err = OG_ERR_INIT;
	struct og_httpd_opts o = fixture_opts(tls ? &pki : NULL);

	if (limits)
		o.limits = *limits;
	ck_assert_msg(og_httpd_new(&o, &server, &err) == 0, "%s", err.msg);
	ck_assert(hc_open(&c, og_httpd_port(server), tls ? pki.ca.p : NULL));
}

START_TEST(keep_alive_serves_many)
{
	start(_i, NULL);
	for (int i = 0; i < 20; i++) {
		ck_assert(hc_post(&c, "/echo?timeout=5s", NULL, "{\"a\":1}", 7));
		ck_assert(hc_recv(&c, &r));
		ck_assert_int_eq(r.status, 200);
		ck_assert_str_eq(r.body.p, "{\"a\":1}");
		ck_assert(!r.close);
	}
	ck_assert_uint_eq(og_httpd_status_count(server, 200), 20);
	struct og_httpd_stats st;
	og_httpd_stats(server, &st);
	ck_assert_uint_eq(st.accepted, 1);
	ck_assert_uint_eq(st.requests, 20);
	ck_assert_uint_eq(st.bytes_in, 140);
	ck_assert_uint_eq(st.tls_errors, 0);
}
END_TEST

START_TEST(ipv6_and_any_address)
{
	struct og_httpd_opts o = fixture_opts(NULL);
	o.address = "";
	ck_assert_int_eq(og_httpd_new(&o, &server, NULL), 0);
	ck_assert(hc_open(&c, og_httpd_port(server), NULL));
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	int fd = hc_tcp(AF_INET6, og_httpd_port(server), 1000);
	if (fd >= 0) { /* a machine may have no IPv6 loopback */
		hc_close(&c);
		c = (struct hc){.fd = fd, .timeout_ms = HC_TIMEOUT_MS};
		og_buf_init(&c.in, 0);
		ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
		ck_assert_int_eq(r.status, 200);
	}
}
END_TEST

START_TEST(bad_start_options)
{
	struct og_err err = OG_ERR_INIT;
	struct og_httpd_opts o = fixture_opts(NULL);

	o.address = "no.such.host";
	ck_assert_int_eq(og_httpd_new(&o, &server, &err), -OG_E_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.msg, "no.such.host"));
	o = fixture_opts(&pki);
	o.key_pem = og_sv(NULL, 0);
	ck_assert_int_eq(og_httpd_new(&o, &server, &err), -OG_E_CONFIG);
	o.key_pem = OG_SV("rubbish");
	ck_assert_int_eq(og_httpd_new(&o, &server, &err), -OG_E_TLS);
	o = fixture_opts(NULL);
	o.workers = 65;
	ck_assert_int_eq(og_httpd_new(&o, &server, &err), -OG_E_CONFIG);
	start(false, NULL);
	o = fixture_opts(NULL);
	o.port = og_httpd_port(server);
	struct og_httpd *second = NULL;
	ck_assert_int_eq(og_httpd_new(&o, &second, &err), -OG_E_IO);
	ck_assert_ptr_null(second);
}
END_TEST

/* A whole request sent raw, the status and a part of the answer. */
static const struct {
	const char *send;
	int status;
	const char *has; /* in head or body */
	bool close;
} cases[] = {
	{"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200, "ok", false},
	{"GET /healthz HTTP/1.0\r\n\r\n", 200, "ok", true},
	{"GET /q?a=b%20c HTTP/1.1\r\nHost: x\r\n\r\n", 200, "b c", false},
	{"GET /q HTTP/1.1\r\nHost: x\r\n\r\n", 404, "", false},
	{"POST /any HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 200, "", false},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=utf-8\r\n"
	 "Content-Length: 2\r\n\r\n{}",
		200, "{}", false},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: APPLICATION/json\r\n"
	 "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
		200, "{}", false},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
		200, "{}", false},
	/* refused, connection kept: the body was small and has been read */
	{"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", 404, "POST /echo", false},
	{"PUT /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 404, "GET /healthz",
		false},
	{"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: POST\r\n", false},
	{"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 405,
		"Allow: GET, HEAD\r\n", false},
	{"BREW /echo HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: POST\r\n", false},
	{"DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: GET, HEAD", false},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Length: 0\r\n\r\n",
		400, "body is empty", false},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
		415, "application/json", false},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/jsonp\r\n"
	 "Content-Length: 2\r\n\r\n{}",
		415, "application/json", false},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 415, "application/json",
		false},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x08",
		415, "uncompressed", false},
	{"GET /fail HTTP/1.1\r\nHost: x\r\n\r\n", 500, "could not be made", false},
	/* refused, connection ended: nobody knows where the next request begins */
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		400, "more than one Content-Length", true},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Length: 2\r\nContent-Length: 44\r\n\r\n{}",
		400, "more than one Content-Length", true},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
		400, "Transfer-Encoding", true}, /* or libmicrohttpd 1.0 itself */
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		400, "", true},
	{"GET /healthz HTTP/1.1\r\n\r\n", 400, "", true},
	{"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "more than one Host", true},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Length: -5\r\n\r\n",
		400, "", true},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Length: 99999999999999999999999\r\n\r\n",
		413, "", true},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Length: 7340033\r\n\r\n",
		413, "larger than is accepted", true},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Length: 7340033\r\nExpect: 100-continue\r\n\r\n",
		413, "larger than is accepted", true},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Content-Length: 2\r\nExpect: coffee\r\n\r\n{}",
		417, "100-continue", true},
};

START_TEST(request_table)
{
	start(false, NULL);
	ck_assert(hc_str(&c, cases[_i].send));
	ck_assert_msg(hc_recv(&c, &r), "no answer to: %s", cases[_i].send);
	ck_assert_msg(r.status == cases[_i].status, "%d for: %s", r.status, cases[_i].send);
	ck_assert_msg(
		strstr(r.head, cases[_i].has) || strstr(r.body.p ? r.body.p : "", cases[_i].has),
		"\"%s\" is not in: %s%s", cases[_i].has, r.head, r.body.p ? r.body.p : "");
	if (cases[_i].close) {
		ck_assert(hc_ended(&c, 5000));
	} else {
		ck_assert(!r.close);
		ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
		ck_assert_int_eq(r.status, 200);
	}
}
END_TEST

START_TEST(head_has_no_body)
{
	start(true, NULL);
	ck_assert(hc_str(&c, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
			     "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
	/* The second answer follows the first head at once: a body would be in between. */
	char got[2048];
	size_t n = 0;
	while (n < sizeof(got) - 1) {
		int k = SSL_read(c.ssl, got + n, (int)(sizeof(got) - 1 - n));
		ck_assert_int_gt(k, 0);
		n += (size_t)k;
		got[n] = '\0';
		if (strstr(got, "\r\n\r\nok\n"))
			break;
	}
	char *second = strstr(got + 1, "HTTP/1.1 200");
	ck_assert_ptr_nonnull(second);
	ck_assert_int_eq(memcmp(second - 4, "\r\n\r\n", 4), 0);
	ck_assert_ptr_nonnull(strstr(got, "Content-Length: 3\r\n"));
}
END_TEST

START_TEST(expect_continue_is_met)
{
	start(true, NULL);
	ck_assert(hc_str(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
			     "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
	ck_assert(hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 100);
	ck_assert(hc_str(&c, "{}"));
	ck_assert(hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(r.body.p, "{}");
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	struct og_buf all = OG_BUF_INIT(0);
	char want[32];

	start(_i, NULL);
	for (int i = 0; i < 50; i++)
		og_buf_fmt(&all, "GET /q?a=%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
	ck_assert(hc_send(&c, all.p, all.len));
	for (int i = 0; i < 50; i++) {
		ck_assert(hc_recv(&c, &r));
		snprintf(want, sizeof(want), "%d", i);
		ck_assert_str_eq(r.body.p, want);
	}
	og_buf_fini(&all);
}
END_TEST

START_TEST(large_bodies_both_ways)
{
	size_t n = 7 << 20;
	char *body = og_malloc(n);

	ck_assert_ptr_nonnull(body);
	memset(body, 'j', n);
	start(_i, NULL);
	ck_assert(hc_post(&c, "/echo", NULL, body, n));
	ck_assert(hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	ck_assert_uint_eq(r.body.len, n);
	ck_assert_int_eq(memcmp(r.body.p, body, n), 0);
	og_free(body);
	struct og_httpd_stats st;
	og_httpd_stats(server, &st);
	ck_assert_uint_eq(st.bytes_in, n);
}
END_TEST

START_TEST(chunked_body_over_the_limit_is_413)
{
	struct og_httpd_limits l = {.body_bytes = 100000};
	char chunk[8192 + 16];
	int head = snprintf(chunk, sizeof(chunk), "2000\r\n");

	memset(chunk + head, 'c', 0x2000);
	memcpy(chunk + head + 0x2000, "\r\n", 2);
	start(_i, &l);
	ck_assert(hc_str(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
			     "Transfer-Encoding: chunked\r\n\r\n"));
	for (int i = 0; i < 20; i++)
		ck_assert(hc_send(&c, chunk, (size_t)head + 0x2000 + 2));
	ck_assert(hc_str(&c, "0\r\n\r\n"));
	ck_assert(hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 413);
	ck_assert(hc_ended(&c, 5000));
}
END_TEST

START_TEST(endless_chunked_body_is_cut)
{
	struct og_httpd_limits l = {.body_bytes = 100000};
	static char chunk[0x10000 + 16];
	int head = snprintf(chunk, sizeof(chunk), "10000\r\n");
	bool cut = false;

	memset(chunk + head, 'c', 0x10000);
	memcpy(chunk + head + 0x10000, "\r\n", 2);
	start(_i, &l);
	ck_assert(hc_str(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
			     "Transfer-Encoding: chunked\r\n\r\n"));
	for (int i = 0; i < 1600 && !cut; i++) /* 100 MiB */
		cut = !hc_send(&c, chunk, (size_t)head + 0x10000 + 2);
	ck_assert(cut);
	struct og_httpd_stats st;
	og_httpd_stats(server, &st);
	ck_assert_uint_lt(st.bytes_in, 8 << 20);
}
END_TEST

/* The answer must arrive although the client goes on sending. */
START_TEST(early_413_reaches_a_client_that_still_sends)
{
	static char body[1 << 16];

	start(_i, NULL);
	ck_assert(hc_str(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
			     "Content-Length: 9000000\r\n\r\n"));
	for (int i = 0; i < 100; i++)
		if (!hc_send(&c, body, sizeof(body)))
			break;
	ck_assert(hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 413);
	ck_assert(r.close);
}
END_TEST

START_TEST(oversized_headers_are_431)
{
	struct og_buf b = OG_BUF_INIT(0);

	start(_i, NULL);
	og_buf_lit(&b, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ");
	for (int i = 0; i < 40000; i++)
		og_buf_ch(&b, 'h');
	og_buf_lit(&b, "\r\n\r\n");
	(void)hc_send(&c, b.p, b.len);
	og_buf_fini(&b);
	ck_assert(hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 431);
	ck_assert(hc_ended(&c, 5000));
	/* The next client is not affected. */
	hc_close(&c);
	ck_assert(hc_open(&c, og_httpd_port(server), _i ? pki.ca.p : NULL));
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
}
END_TEST

START_TEST(ten_thousand_header_bytes_are_fine)
{
	struct og_buf b = OG_BUF_INIT(0);

	start(true, NULL);
	og_buf_lit(&b, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < 100; i++)
		og_buf_fmt(&b, "X-Header-%d: %0*d\r\n", i, 85, i);
	og_buf_lit(&b, "\r\n");
	ck_assert(hc_send(&c, b.p, b.len));
	og_buf_fini(&b);
	ck_assert(hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
}
END_TEST

START_TEST(connection_ends_after_its_requests)
{
	struct og_httpd_limits l = {.age_requests = 3, .age_min_ms = 1};

	start(true, &l);
	(void)poll(NULL, 0, 20); /* several ticks of the coarse clock */
	for (int i = 1; i <= 3; i++) {
		ck_assert(hc_post(&c, "/echo", NULL, "{}", 2) && hc_recv(&c, &r));
		ck_assert_int_eq(r.status, 200);
		ck_assert_int_eq(r.close, i == 3);
	}
	ck_assert(hc_ended(&c, 5000));
}
END_TEST

START_TEST(busy_connection_is_kept_for_a_while)
{
	struct og_httpd_limits l = {.age_requests = 3};

	start(true, &l);
	for (int i = 1; i <= 10; i++) {
		ck_assert(hc_post(&c, "/echo", NULL, "{}", 2) && hc_recv(&c, &r));
		ck_assert(!r.close);
	}
}
END_TEST

START_TEST(connection_ends_after_its_age)
{
	struct og_httpd_limits l = {.age_ms = 1};

	start(true, &l);
	(void)poll(NULL, 0, 20);
	ck_assert(hc_post(&c, "/echo", NULL, "{}", 2) && hc_recv(&c, &r));
	ck_assert(r.close);
	ck_assert(hc_ended(&c, 5000));
}
END_TEST

START_TEST(done_callback_sees_every_request)
{
	start(true, NULL);
	ck_assert(hc_post(&c, "/echo", NULL, "{}", 2) && hc_recv(&c, &r));
	ck_assert(hc_get(&c, "/nope") && hc_recv(&c, &r));
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	hc_close(&c);
	og_httpd_free(server);
	server = NULL;
	ck_assert_uint_eq(fixture_done(200), 2);
	ck_assert_uint_eq(fixture_done(404), 1);
	c.fd = -1;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/httpd");
	TCase *tc = tcase_create("request");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, keep_alive_serves_many, 0, 2);
	tcase_add_test(tc, ipv6_and_any_address);
	tcase_add_test(tc, bad_start_options);
	tcase_add_loop_test(tc, request_table, 0, (int)OG_COUNT(cases));
	tcase_add_test(tc, head_has_no_body);
	tcase_add_test(tc, expect_continue_is_met);
	tcase_add_loop_test(tc, pipelined_requests_are_answered_in_order, 0, 2);
	tcase_add_loop_test(tc, large_bodies_both_ways, 0, 2);
	tcase_add_loop_test(tc, chunked_body_over_the_limit_is_413, 0, 2);
	tcase_add_loop_test(tc, endless_chunked_body_is_cut, 0, 2);
	tcase_add_loop_test(tc, early_413_reaches_a_client_that_still_sends, 0, 2);
	tcase_add_loop_test(tc, oversized_headers_are_431, 0, 2);
	tcase_add_test(tc, ten_thousand_header_bytes_are_fine);
	tcase_add_test(tc, connection_ends_after_its_requests);
	tcase_add_test(tc, busy_connection_is_kept_for_a_while);
	tcase_add_test(tc, connection_ends_after_its_age);
	tcase_add_test(tc, done_callback_sees_every_request);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
