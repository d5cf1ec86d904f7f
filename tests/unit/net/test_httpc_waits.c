/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client waits: for names, connections, heads and bodies, and not for ever. */
#include "otelgate/net/httpc.h"

#include <stdio.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "support/fakeclock.h"
#include "support/httpc_run.h"
#include "support/script_server.h"
#include "support/suite.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\n"

static struct hrun h;
static struct ss *srv;

static void setup(void)
{
	hrun_init(&h, NULL);
}

static void teardown(void)
{
	hrun_fini(&h);
	ss_stop(og_take(srv));
}

static void serve(const struct ss_step *steps)
{
	void *ctx;
	memcpy(&ctx, &steps, sizeof(ctx));
	srv = ss_start(NULL, ctx, NULL);
	ck_assert_ptr_nonnull(srv);
}

static const struct ss_step silent_head[] = {{"", 0, SS_HANG}, {NULL, 0, SS_KEEP}};
static const struct ss_step silent_body[] = {
	{OK_HEAD "Content-Length: 9\r\n\r\nhello", 0, SS_HANG}, {NULL, 0, SS_KEEP}};

static struct og_fakeclock fake;

/* From here on time passes when the test says so. */
static void with_fake_clock(void)
{
	hrun_fini(&h);
	og_fakeclock_init(&fake);
	hrun_init_clock(&h, NULL, &fake.clock);
}

static void start_call(void)
{
	struct og_err err = OG_ERR_INIT;
	int r = hrun_start(&h, ss_url(srv, "/"), &err);
	ck_assert_msg(r == 0, "%s", err.msg);
}

/* Until all that can be said without time passing is said and heard. */
static void quiet(unsigned requests)
{
	for (int i = 0; i < 20000; i++) {
		if (og_loop_turn(h.loop, 2) == 0 && ss_requests(srv) == requests &&
			ss_at_rest(srv) && og_loop_turn(h.loop, 0) == 0)
			return;
	}
	ck_abort_msg("never quiet");
}

START_TEST(silence_and_slowness_end)
{
	with_fake_clock();
	serve(_i & 1 ? silent_body : silent_head);
	if (_i & 2)
		h.req.idle_ms = 60;
	else
		h.req.total_ms = 60;
	start_call();
	quiet(1);
	ck_assert_uint_eq(h.body.len, _i & 1 ? 5 : 0);
	og_fakeclock_advance_ms(&fake, 59);
	quiet(1);
	ck_assert(!h.done);
	og_fakeclock_advance_ms(&fake, 1);
	(void)og_loop_turn(h.loop, 0);
	ck_assert(h.done);
	ck_assert_int_eq(h.r.code, -OG_E_TIMEOUT);
	ck_assert(h.r.sent && !h.r.reset);
	ck_assert_int_eq(h.r.status, _i & 1 ? 200 : 0);
	ck_assert_msg(strstr(h.r.err.msg, "60ms"), "%s", h.r.err.msg);
	ck_assert(ss_wait_ended(srv, 1));
}
END_TEST

static void drip(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	if (!ss_read(c) || !ss_send(c, OK_HEAD "Content-Length: 1000000\r\n\r\n"))
		return;
	while (ss_send(c, "x"))
		usleep(5000);
}

/* Each byte resets the silence, so that only the whole time ends it. */
START_TEST(a_drip_is_no_silence)
{
	with_fake_clock();
	srv = ss_start(drip, NULL, NULL);
	h.req.idle_ms = 200;
	h.req.total_ms = 1500;
	start_call();
	for (int i = 0; i < 20000 && !h.done; i++) {
		size_t had = h.body.len;
		(void)og_loop_turn(h.loop, 10);
		if (h.body.len > had)
			og_fakeclock_advance_ms(&fake, 150);
	}
	ck_assert_int_eq(h.r.code, -OG_E_TIMEOUT);
	ck_assert_msg(strstr(h.r.err.msg, "no complete answer"), "%s", h.r.err.msg);
	ck_assert_uint_ge(h.body.len, 10);
}
END_TEST

START_TEST(names_that_do_not_exist)
{
	hrun(&h, "http://no-such-host.invalid:1234/secret-path");
	ck_assert_int_eq(h.r.code, -OG_E_IO);
	ck_assert(!h.r.sent && !h.r.refused);
	ck_assert_msg(strstr(h.r.err.msg, "no-such-host.invalid:1234"), "%s", h.r.err.msg);
	ck_assert(strstr(h.r.err.msg, "DNS"));
	ck_assert(!strstr(h.r.err.msg, "secret-path"));
}
END_TEST

/* A listener whose queue is full: nothing answers the SYN. */
START_TEST(connecting_takes_too_long)
{
	h.req.connect_ms = 80;
	/* RFC 5737 TEST-NET-1: no route, or no answer */
	hrun(&h, "http://192.0.2.1:81/");
	ck_assert(h.r.code == -OG_E_TIMEOUT || h.r.code == -OG_E_IO);
	ck_assert(!h.r.sent);
}
END_TEST

static void tls_never_answers(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	ss_hang(c);
}

START_TEST(a_handshake_takes_too_long)
{
	char url[64];
	srv = ss_start(tls_never_answers, NULL, NULL);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", ss_port(srv));
	h.req.connect_ms = 80;
	hrun(&h, url);
	ck_assert_int_eq(h.r.code, -OG_E_TIMEOUT);
	ck_assert(!h.r.sent);
	ck_assert_msg(strstr(h.r.err.msg, "no connection"), "%s", h.r.err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/httpc_waits");
	TCase *tc = tcase_create("waits");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, silence_and_slowness_end, 0, 4);
	tcase_add_test(tc, a_drip_is_no_silence);
	tcase_add_test(tc, names_that_do_not_exist);
	tcase_add_test(tc, connecting_takes_too_long);
	tcase_add_test(tc, a_handshake_takes_too_long);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
