/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that are slow, broken, too many or malicious. Limits are small so that nothing waits. */
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "support/http_client.h"
#include "support/http_fixture.h"

enum { LONG_MS = 60000, SOON_MS = 20000 };

static struct pki pki;
static struct og_httpd *server;
static struct hc c;
static struct hc_resp r;

static void setup(void)
{
	ck_assert(pki_make(&pki));
	c.fd = -1;
}

static void teardown(void)
{
	gate_open();
	hc_resp_fini(&r);
	hc_close(&c);
	og_httpd_free(server);
	server = NULL;
	pki_fini(&pki);
	ck_assert_uint_eq(fixture_workers_alive(), 0);
}

/* Under valgrind, where a handshake takes seconds, the suite's own times are multiplied too. */
static bool slow_machine(void)
{
	return getenv("CK_TIMEOUT_MULTIPLIER") != NULL;
}

static unsigned short_ms(void)
{
	return slow_machine() ? 4000 : 400;
}

/* All long, for tests that shorten one. */
static struct og_httpd_limits patient(void)
{
	return (struct og_httpd_limits){.header_ms = LONG_MS,
		.body_ms = LONG_MS,
		.send_ms = LONG_MS,
		.idle_ms = LONG_MS,
		.age_ms = LONG_MS};
}

static void start(bool tls, struct og_httpd_limits l, unsigned workers)
{
	struct og_err err = OG_ERR_INIT;
	struct og_httpd_opts o = fixture_opts(tls ? &pki : NULL);

	o.limits = l;
	o.workers = workers;
	ck_assert_msg(og_httpd_new(&o, &server, &err) == 0, "%s", err.msg);
}

static bool open_client(struct hc *h, bool tls)
{
	return hc_open(h, og_httpd_port(server), tls ? pki.ca.p : NULL);
}

static struct og_httpd_stats stats(void)
{
	struct og_httpd_stats st;
	og_httpd_stats(server, &st);
	return st;
}

static bool conns_are(const struct og_httpd_stats *st, uint64_t n)
{
	return st->connections == n;
}
static bool inflight_is(const struct og_httpd_stats *st, uint64_t n)
{
	return st->inflight == n;
}
static bool aborted_is(const struct og_httpd_stats *st, uint64_t n)
{
	return st->aborted == n;
}

static void still_serves(bool tls)
{
	struct hc h;
	ck_assert(open_client(&h, tls));
	ck_assert(hc_post(&h, "/echo", NULL, "{}", 2) && hc_recv(&h, &r));
	ck_assert_int_eq(r.status, 200);
	hc_close(&h);
}

/* Sends one byte every 20 ms until the server hangs up; false if it never does. */
static bool drip(struct hc *h, const char *bytes, char filler)
{
	char one;

	for (int i = 0; i < SOON_MS / 20; i++) {
		struct pollfd p = {.fd = h->fd, .events = POLLIN};
		one = *bytes ? *bytes++ : filler;
		if (!hc_send(h, &one, 1))
			return true;
		if (poll(&p, 1, 20) > 0)
			return hc_ended(h, SOON_MS);
	}
	return false;
}

START_TEST(silent_connection_is_closed)
{
	struct og_httpd_limits l = patient();
	l.header_ms = short_ms();
	start(_i, l, 1);
	c.fd = hc_tcp(AF_INET, og_httpd_port(server), SOON_MS);
	ck_assert_int_ge(c.fd, 0);
	ck_assert(hc_ended(&c, SOON_MS));
	ck_assert_uint_eq(stats().timeouts[OG_HTTPD_TIMEOUT_HEADER], 1);
	still_serves(_i);
}
END_TEST

START_TEST(dripped_headers_are_cut)
{
	struct og_httpd_limits l = patient();
	l.header_ms = short_ms();
	start(_i, l, 1);
	ck_assert(open_client(&c, _i));
	ck_assert(drip(&c, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", 'x'));
	ck_assert_uint_eq(stats().timeouts[OG_HTTPD_TIMEOUT_HEADER], 1);
	still_serves(_i);
}
END_TEST

START_TEST(dripped_headers_of_a_second_request_are_cut)
{
	struct og_httpd_limits l = patient();
	l.header_ms = short_ms();
	start(_i, l, 1);
	ck_assert(open_client(&c, _i));
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert(drip(&c, "G", 'E'));
	ck_assert_uint_eq(stats().timeouts[OG_HTTPD_TIMEOUT_HEADER], 1);
	ck_assert_uint_eq(stats().requests, 1);
}
END_TEST

START_TEST(dripped_handshake_is_cut)
{
	struct og_httpd_limits l = patient();
	l.header_ms = short_ms();
	start(true, l, 1);
	c.fd = hc_tcp(AF_INET, og_httpd_port(server), SOON_MS);
	/* a record header that announces 512 bytes of client hello */
	ck_assert(hc_send(&c, "\x16\x03\x01\x02\x00\x01", 6));
	ck_assert(drip(&c, "\x01\xfc\x03\x03", 'h'));
	ck_assert_uint_eq(stats().timeouts[OG_HTTPD_TIMEOUT_HEADER], 1);
	still_serves(true);
}
END_TEST

/* Clients open connections that they use later: no request must be lost to a race with a close. */
START_TEST(connection_without_a_request_is_only_idle)
{
	struct og_httpd_limits l = patient();
	l.header_ms = short_ms();
	start(true, l, 1);
	ck_assert(open_client(&c, true));
	(void)poll(NULL, 0, 3 * (int)short_ms());
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	(void)poll(NULL, 0, 3 * (int)short_ms());
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	ck_assert_uint_eq(stats().timeouts[OG_HTTPD_TIMEOUT_HEADER], 0);
}
END_TEST

START_TEST(idle_connection_is_closed)
{
	struct og_httpd_limits l = patient();
	l.idle_ms = short_ms();
	start(_i, l, 1);
	ck_assert(open_client(&c, _i));
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert(hc_ended(&c, SOON_MS));
	ck_assert_uint_eq(stats().timeouts[OG_HTTPD_TIMEOUT_IDLE], 1);
}
END_TEST

START_TEST(dripped_body_is_cut)
{
	struct og_httpd_limits l = patient();
	l.body_ms = short_ms();
	start(_i, l, 1);
	ck_assert(open_client(&c, _i));
	ck_assert(drip(&c,
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
		"Content-Length: 100000\r\n\r\n",
		'b'));
	ck_assert_uint_eq(stats().timeouts[OG_HTTPD_TIMEOUT_BODY], 1);
	ck_assert(fixture_until(server, inflight_is, 0));
	still_serves(_i);
}
END_TEST

START_TEST(slow_reader_is_cut)
{
	struct og_httpd_limits l = patient();
	l.send_ms = short_ms();
	start(_i, l, 1);
	ck_assert(open_client(&c, _i));
	ck_assert(hc_get(&c, "/big?n=30000000"));
	ck_assert(fixture_until(server, aborted_is, 1));
	ck_assert_uint_eq(stats().timeouts[OG_HTTPD_TIMEOUT_SEND], 1);
	ck_assert(!hc_recv(&c, &r));
	still_serves(_i);
}
END_TEST

START_TEST(abort_in_the_body)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	start(_i, patient(), 1);
	ck_assert(open_client(&c, _i));
	ck_assert(hc_str(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
			     "Content-Length: 100000\r\n\r\n{\"half\":"));
	ck_assert(fixture_until(server, inflight_is, 1));
	setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)); /* close sends a reset */
	hc_close(&c);
	ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_uint_eq(stats().aborted, 1);
	ck_assert_uint_eq(stats().inflight, 0);
	ck_assert_uint_eq(og_httpd_status_count(server, 200), 0);
	still_serves(_i);
}
END_TEST

START_TEST(half_close_after_the_request_is_answered)
{
	start(false, patient(), 1);
	ck_assert(open_client(&c, false));
	ck_assert(hc_post(&c, "/echo", NULL, "{}", 2));
	ck_assert_int_eq(shutdown(c.fd, SHUT_WR), 0);
	ck_assert(hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	ck_assert(hc_ended(&c, SOON_MS));
	ck_assert(fixture_until(server, conns_are, 0));
}
END_TEST

START_TEST(half_close_in_the_body_ends_it)
{
	start(false, patient(), 1);
	ck_assert(open_client(&c, false));
	ck_assert(hc_str(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
			     "Content-Length: 10\r\n\r\n{"));
	ck_assert_int_eq(shutdown(c.fd, SHUT_WR), 0);
	ck_assert(hc_ended(&c, SOON_MS));
	ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_uint_eq(og_httpd_status_count(server, 200), 0);
}
END_TEST

static const struct {
	const char *bytes;
	size_t n;
} garbage[] = {
	{"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 34},
	{"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 10},
	{"\x16\x03\x01\x00\x05hello", 10},
	{"\x16\x03\x01\xff\xff\x01\x00\x00\x01", 9},
	{"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", 11}, /* SSLv2 hello */
	{"\x15\x03\x03\x00\x02\x02\x28", 7},		      /* a fatal alert */
	{"\x17\x03\x03\x00\x05\x01\x02\x03\x04\x05", 10},     /* application data first */
	{"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", 32},
};

START_TEST(garbage_instead_of_tls)
{
	start(true, patient(), 1);
	c.fd = hc_tcp(AF_INET, og_httpd_port(server), SOON_MS);
	ck_assert(hc_send(&c, garbage[_i].bytes, garbage[_i].n));
	(void)shutdown(c.fd, SHUT_WR);
	ck_assert(hc_ended(&c, SOON_MS));
	ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_uint_eq(stats().tls_errors, 1);
	ck_assert_uint_eq(stats().requests, 0);
	still_serves(true);
}
END_TEST

START_TEST(garbage_inside_tls)
{
	start(true, patient(), 1);
	ck_assert(open_client(&c, true));
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	SSL *ssl = c.ssl;
	c.ssl = NULL; /* below the encryption */
	ck_assert(hc_send(&c, "\x17\x03\x03\x00\x20no record of this connection....", 37));
	ck_assert(hc_ended(&c, SOON_MS));
	SSL_free(ssl);
	ck_assert(fixture_until(server, conns_are, 0));
	still_serves(true);
}
END_TEST

static const struct {
	const char *bytes;
	const char *status; /* what may be answered, if anything */
} nonsense[] = {
	{"\r\n\r\n\r\n\r\n", NULL},
	{"hello\r\n\r\n", "HTTP/1.1 4"},
	{"GET\r\n\r\n", "HTTP/1.1 4"},
	{"GET / HTTP/9.9\r\nHost: x\r\n\r\n", "HTTP/1."},
	{"GET /healthz HTTP/1.1\r\nHost x\r\n\r\n", "HTTP/1.1 4"},
	{"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", "HTTP/1.1 4"},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Transfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n",
		"HTTP/1.1 4"},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n",
		"HTTP/1.1 4"},
	{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	 "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx\r\n",
		"HTTP/1.1 4"},
};

START_TEST(nonsense_instead_of_http)
{
	struct og_httpd_limits l = patient();
	l.header_ms = l.body_ms = short_ms();
	start(false, l, 1);
	ck_assert(open_client(&c, false));
	ck_assert(hc_str(&c, nonsense[_i].bytes));
	ck_assert(hc_ended(&c, SOON_MS));
	if (c.in.len && nonsense[_i].status)
		ck_assert_msg(
			strncmp(c.in.p, nonsense[_i].status, strlen(nonsense[_i].status)) == 0,
			"%s", c.in.p);
	ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_uint_eq(og_httpd_status_count(server, 200), 0);
	still_serves(false);
}
END_TEST

START_TEST(over_the_cap_fails_fast)
{
	struct og_httpd_limits l = patient();
	struct hc many[4];

	l.max_connections = 4;
	l.shed_idle_ms = 1000000;
	start(_i, l, 2);
	for (int i = 0; i < 4; i++) {
		ck_assert(open_client(&many[i], _i));
		ck_assert(hc_get(&many[i], "/healthz") && hc_recv(&many[i], &r));
	}
	if (_i) {
		ck_assert(!open_client(&c, true));
		hc_close(&c);
	} else {
		ck_assert(open_client(&c, false));
		ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
		ck_assert_int_eq(r.status, 503);
		ck_assert_ptr_nonnull(strstr(r.head, "Retry-After: 1\r\n"));
	}
	ck_assert_uint_eq(stats().refused, 1);
	ck_assert_uint_eq(stats().shed, 0);
	/* the others are as before, and there is room again when one has gone */
	ck_assert(hc_get(&many[0], "/healthz") && hc_recv(&many[0], &r));
	for (int i = 0; i < 4; i++)
		hc_close(&many[i]);
	ck_assert(fixture_until(server, conns_are, 0));
	still_serves(_i);
}
END_TEST

START_TEST(useless_connections_give_way_at_the_cap)
{
	struct og_httpd_limits l = patient();
	int idle[4];

	l.max_connections = 4;
	l.shed_ms = 1;
	start(_i, l, 2);
	for (int i = 0; i < 4; i++)
		idle[i] = hc_tcp(AF_INET, og_httpd_port(server), SOON_MS);
	ck_assert(fixture_until(server, conns_are, 4));
	(void)poll(NULL, 0, 20);
	for (int i = 0; i < 3; i++)
		still_serves(_i);
	ck_assert_uint_ge(stats().shed, 1);
	ck_assert_uint_eq(stats().refused, 0);
	for (int i = 0; i < 4; i++)
		close(idle[i]);
}
END_TEST

/* Who has begun to speak stays before who has said nothing, be it older. */
START_TEST(silent_connections_give_way_first)
{
	struct og_httpd_limits l = patient();
	struct pollfd fds[4];

	l.max_connections = 4;
	l.shed_silent_ms = l.shed_ms = 1;
	start(_i, l, 2);
	for (int i = 0; i < 4; i++) {
		fds[i] = (struct pollfd){
			.fd = hc_tcp(AF_INET, og_httpd_port(server), SOON_MS), .events = POLLIN};
		ck_assert(fixture_until(server, conns_are, (uint64_t)i + 1));
	}
	ck_assert_int_eq(send(fds[0].fd, _i ? "\x16" : "G", 1, 0), 1);
	(void)poll(NULL, 0, 20);
	still_serves(_i);
	ck_assert_uint_eq(stats().shed, 1);
	ck_assert_int_eq(poll(fds, 4, SOON_MS), 1);
	ck_assert_int_eq(fds[0].revents, 0);
	for (int i = 0; i < 4; i++)
		close(fds[i].fd);
}
END_TEST

/* Without useless ones, whoever has been idle for longest: the cap cannot be filled for good. */
START_TEST(the_longest_idle_gives_way_at_the_cap)
{
	struct og_httpd_limits l = patient();
	struct hc many[4];

	l.max_connections = 4;
	l.shed_idle_ms = 1;
	start(_i, l, 2);
	for (int i = 0; i < 4; i++) {
		ck_assert(open_client(&many[i], _i));
		ck_assert(hc_get(&many[i], "/healthz") && hc_recv(&many[i], &r));
	}
	(void)poll(NULL, 0, 20); /* they are idle for more than a millisecond, in this order */
	ck_assert(hc_get(&many[0], "/healthz") && hc_recv(&many[0], &r));
	(void)poll(NULL, 0, 20);
	still_serves(_i);
	ck_assert_uint_eq(stats().shed, 1);
	ck_assert_uint_eq(stats().refused, 0);
	ck_assert(hc_ended(&many[1], SOON_MS));
	for (int i = 0; i < 4; i++) {
		if (i != 1)
			ck_assert(hc_get(&many[i], "/healthz") && hc_recv(&many[i], &r));
		hc_close(&many[i]);
	}
}
END_TEST

START_TEST(connections_spread_over_the_workers)
{
	struct hc many[12];
	int seen[3] = {0};

	start(true, patient(), 3);
	for (int i = 0; i < 12; i++) {
		ck_assert(open_client(&many[i], true));
		ck_assert(hc_get(&many[i], "/worker") && hc_recv(&many[i], &r));
		ck_assert_uint_eq(r.body.len, 1);
		seen[r.body.p[0] - '0']++;
	}
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(seen[i], 4);
	for (int i = 0; i < 12; i++)
		hc_close(&many[i]);
}
END_TEST

START_TEST(too_many_in_flight_is_429)
{
	struct og_httpd_limits l = patient();
	struct hc busy[2];

	l.max_inflight = 2;
	start(_i, l, 4);
	for (int i = 0; i < 2; i++) {
		ck_assert(open_client(&busy[i], _i));
		ck_assert(hc_post(&busy[i], "/gate", NULL, "{}", 2));
	}
	ck_assert(gate_wait(2));
	ck_assert(open_client(&c, _i));
	ck_assert(hc_post(&c, "/echo", NULL, "{}", 2) && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 429);
	ck_assert_ptr_nonnull(strstr(r.head, "Retry-After: 1\r\n"));
	ck_assert(!r.close);
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200); /* not limited */
	gate_open();
	for (int i = 0; i < 2; i++) {
		ck_assert(hc_recv(&busy[i], &r));
		ck_assert_int_eq(r.status, 200);
		hc_close(&busy[i]);
	}
	ck_assert(hc_post(&c, "/echo", NULL, "{}", 2) && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	ck_assert_uint_eq(stats().throttled, 1);
	ck_assert(fixture_until(server, inflight_is, 0));
}
END_TEST

START_TEST(only_two_large_bodies_at_a_time)
{
	struct og_httpd_limits l = patient();
	struct hc busy[2];
	size_t n = 5000;
	char *body = og_calloc(1, n);

	l.large_bytes = 4000;
	start(true, l, 4);
	for (int i = 0; i < 2; i++) {
		ck_assert(open_client(&busy[i], true));
		ck_assert(hc_post(&busy[i], "/gate", NULL, body, n));
	}
	ck_assert(gate_wait(2));
	ck_assert(open_client(&c, true));
	ck_assert(hc_post(&c, "/echo", NULL, body, n) && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 429);
	ck_assert(hc_post(&c, "/echo", NULL, body, 100) && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	gate_open();
	for (int i = 0; i < 2; i++) {
		ck_assert(hc_recv(&busy[i], &r));
		ck_assert_int_eq(r.status, 200);
		hc_close(&busy[i]);
	}
	ck_assert(hc_post(&c, "/echo", NULL, body, n) && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	og_free(body);
}
END_TEST

static bool buffered_at_least(const struct og_httpd_stats *st, uint64_t n)
{
	return st->buffered >= n;
}

START_TEST(stalled_large_bodies_do_not_fill_the_memory)
{
	struct og_httpd_limits l = patient();
	struct hc stalled;
	size_t n = 300000;
	char *body = og_calloc(1, n);

	l.buffered_bytes = 400000;
	start(false, l, 2);
	ck_assert(open_client(&stalled, false));
	ck_assert(hc_str(&stalled,
		"POST /echo HTTP/1.1\r\nHost: x\r\n"
		"Content-Type: application/json\r\nContent-Length: 300001\r\n\r\n"));
	ck_assert(hc_send(&stalled, body, n));
	ck_assert(fixture_until(server, buffered_at_least, n));
	ck_assert(open_client(&c, false));
	ck_assert(hc_post(&c, "/echo", NULL, body, n) && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 429);
	ck_assert(hc_post(&c, "/echo", NULL, body, 60000) && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200); /* small ones always get through */
	hc_close(&stalled);
	ck_assert(fixture_until(server, conns_are, 1));
	ck_assert_uint_eq(stats().buffered, 0);
	ck_assert(hc_post(&c, "/echo", NULL, body, n) && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	og_free(body);
}
END_TEST

static bool tls_errors_at_least(const struct og_httpd_stats *st, uint64_t n)
{
	return st->tls_errors >= n;
}

START_TEST(log_is_rate_limited)
{
	char drain[256];
	start(true, patient(), 2);
	for (int i = 0; i < 150; i++) {
		int fd = hc_tcp(AF_INET, og_httpd_port(server), SOON_MS);
		ck_assert_int_ge(fd, 0);
		(void)send(fd, "garbage", 7, MSG_NOSIGNAL);
		/* the others may be reset before a byte is read; the last one waits for its end */
		while (i == 149 && recv(fd, drain, sizeof(drain), 0) > 0)
			;
		close(fd);
	}
	ck_assert(fixture_until(server, tls_errors_at_least, 1));
	ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_uint_le(stats().tls_errors, 150);
	ck_assert_uint_le(fixture_log_lines(), 10 * 15); /* 10 a second, and this takes far less */
	still_serves(true);
}
END_TEST

START_TEST(connection_storm_leaves_nothing_behind)
{
	start(_i, patient(), 2);
	for (int i = 0; i < 300; i++) {
		struct linger now = {.l_onoff = i & 1, .l_linger = 0};
		int fd = hc_tcp(AF_INET, og_httpd_port(server), SOON_MS);
		ck_assert_int_ge(fd, 0);
		if (i % 3 == 0)
			(void)send(fd, "GET /healthz HT", 15, MSG_NOSIGNAL);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
	}
	ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_uint_le(stats().accepted, 300);
	still_serves(_i);
}
END_TEST

static bool refused_some(const struct og_httpd_stats *st, uint64_t n)
{
	return st->refused >= n;
}

START_TEST(out_of_descriptors_recovers)
{
	struct rlimit lim, low;
	int fds[8], top;

	if (slow_machine())
		return; /* valgrind has descriptors and a limit of its own */
	start(false, patient(), 1);
	still_serves(false);
	ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &lim), 0);
	/* Clients and server share the limit: the sockets exist before it is lowered to what is
	 * open. */
	for (size_t i = 0; i < OG_COUNT(fds); i++)
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
	top = dup(0);
	low = (struct rlimit){(rlim_t)top, lim.rlim_max};
	close(top);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(og_httpd_port(server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	for (size_t i = 0; i < OG_COUNT(fds); i++)
		ck_assert_int_eq(connect(fds[i], (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert(fixture_until(server, refused_some, OG_COUNT(fds)));
	for (size_t i = 0; i < OG_COUNT(fds); i++)
		close(fds[i]);
	setrlimit(RLIMIT_NOFILE, &lim);
	still_serves(false);
	ck_assert_uint_ge(fixture_log_lines(), 1);
}
END_TEST

START_TEST(free_in_the_middle_of_everything)
{
	struct hc h[4];

	start(true, patient(), 2);
	for (int i = 0; i < 4; i++)
		ck_assert(open_client(&h[i], true));
	ck_assert(
		hc_str(&h[0], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
			      "Content-Length: 200000\r\n\r\n{"));
	ck_assert(hc_get(&h[1], "/big?n=20000000"));
	ck_assert(hc_get(&h[2], "/healthz") && hc_recv(&h[2], &r));
	ck_assert(hc_str(&h[3], "GET /hea"));
	ck_assert(fixture_until(server, inflight_is, 1));
	og_httpd_free(server);
	server = NULL;
	for (int i = 0; i < 4; i++)
		hc_close(&h[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/httpd_hostile");
	TCase *tc = tcase_create("hostile");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, silent_connection_is_closed, 0, 2);
	tcase_add_loop_test(tc, dripped_headers_are_cut, 0, 2);
	tcase_add_loop_test(tc, dripped_headers_of_a_second_request_are_cut, 0, 2);
	tcase_add_test(tc, dripped_handshake_is_cut);
	tcase_add_test(tc, connection_without_a_request_is_only_idle);
	tcase_add_loop_test(tc, idle_connection_is_closed, 0, 2);
	tcase_add_loop_test(tc, dripped_body_is_cut, 0, 2);
	tcase_add_loop_test(tc, slow_reader_is_cut, 0, 2);
	tcase_add_loop_test(tc, abort_in_the_body, 0, 2);
	tcase_add_test(tc, half_close_after_the_request_is_answered);
	tcase_add_test(tc, half_close_in_the_body_ends_it);
	tcase_add_loop_test(tc, garbage_instead_of_tls, 0, (int)OG_COUNT(garbage));
	tcase_add_test(tc, garbage_inside_tls);
	tcase_add_loop_test(tc, nonsense_instead_of_http, 0, (int)OG_COUNT(nonsense));
	tcase_add_loop_test(tc, over_the_cap_fails_fast, 0, 2);
	tcase_add_loop_test(tc, useless_connections_give_way_at_the_cap, 0, 2);
	tcase_add_loop_test(tc, silent_connections_give_way_first, 0, 2);
	tcase_add_loop_test(tc, the_longest_idle_gives_way_at_the_cap, 0, 2);
	tcase_add_test(tc, connections_spread_over_the_workers);
	tcase_add_loop_test(tc, too_many_in_flight_is_429, 0, 2);
	tcase_add_test(tc, only_two_large_bodies_at_a_time);
	tcase_add_test(tc, stalled_large_bodies_do_not_fill_the_memory);
	tcase_add_test(tc, log_is_rate_limited);
	tcase_add_loop_test(tc, connection_storm_leaves_nothing_behind, 0, 2);
	tcase_add_test(tc, out_of_descriptors_recovers);
	tcase_add_test(tc, free_in_the_middle_of_everything);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
