/* SPDX-License-Identifier: Apache-2.0 */
/* The probe's way to a receiver: scripted servers, and the link that is named for what they do. */
#include "otelgate/grafana/probe.h"

#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/net/certs.h"
#include "support/script_server.h"
#include "support/suite.h"

static struct og_loop *loop;
static struct og_httpc *http;
static struct ss *srv;
static struct og_probe *probe;
static struct og_probe_opts o;
static struct og_buf urls[OG_OTLP_SIGNAL_COUNT_], ca, ca_key;
static struct og_secret headers;
static unsigned dones, progress;

static void on_done(void *ctx)
{
	(void)ctx;
	dones++;
}

static void on_progress(void *ctx, enum og_otlp_signal s)
{
	(void)ctx;
	progress |= 1u << s;
}

static void setup(void)
{
	const struct og_httpc_opts h = {.user_agent = "test/1"};
	ck_assert_int_eq(og_loop_new(NULL, &loop, NULL), 0);
	ck_assert_int_eq(og_httpc_new(loop, &h, &http, NULL), 0);
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++)
		urls[s] = (struct og_buf)OG_BUF_INIT(0);
	ca = ca_key = (struct og_buf)OG_BUF_INIT(0);
	o = (struct og_probe_opts){.loop = loop,
		.http = http,
		.headers = &headers,
		.service_namespace = OG_SV("otelgate"),
		.revision = OG_SV("probe"),
		.timeout_ms = 30000,
		.on_progress = on_progress,
		.on_done = on_done};
	dones = progress = 0;
}

static void teardown(void)
{
	og_probe_free(og_take(probe));
	ss_stop(og_take(srv));
	og_httpc_free(http);
	og_loop_free(loop);
	og_secret_fini(&headers);
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++)
		og_buf_fini(&urls[s]);
	og_buf_fini(&ca);
	og_buf_fini(&ca_key);
}

static void serve(const struct ss_step *steps)
{
	void *ctx;
	memcpy(&ctx, &steps, sizeof(ctx));
	srv = ss_start(NULL, ctx, NULL);
	ck_assert_ptr_nonnull(srv);
}

static void serve_tls(ss_fn *fn, int64_t to)
{
	og_auto_buf struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	const char *ips[] = {"127.0.0.1"};
	struct og_ca_opts c = {
		.common_name = "test CA", .not_before = 1700000000, .not_after = 4102444800};
	struct og_leaf_opts l = {.ips = ips,
		.nips = 1,
		.common_name = "leaf",
		.not_before = 1700000000,
		.not_after = to};
	ck_assert_int_eq(og_certs_make_ca(&c, &ca, &ca_key, NULL), 0);
	ck_assert_int_eq(
		og_certs_make_leaf(og_buf_view(&ca), og_buf_view(&ca_key), &l, &cert, &key, NULL),
		0);
	struct ss_tls tls = {.cert = og_buf_view(&cert), .key = og_buf_view(&key)};
	srv = ss_start(fn, NULL, &tls);
	ck_assert_ptr_nonnull(srv);
}

/* Signals as bits. */
static void target(const char *scheme, const char *path, unsigned signals)
{
	og_auto_buf struct og_buf base = OG_BUF_INIT(0);
	og_buf_fmt(&base, "%s://127.0.0.1:%u%s", scheme, srv ? ss_port(srv) : 1, path);
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		if (!(signals & 1u << s))
			continue;
		ck_assert(og_probe_url((enum og_otlp_signal)s, og_buf_view(&base),
			s == OG_OTLP_PROFILES ? og_buf_view(&base) : og_sv("", 0), &urls[s],
			&o.target[s]));
	}
}

static const struct og_probe_row *row(enum og_otlp_signal s)
{
	return &og_probe_result(probe)->signal[s];
}

static void run(void)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_probe_start(&o, &probe, &err) == 0, "%s", err.msg);
	for (int i = 0; i < 2000 && !dones; i++)
		og_loop_turn(loop, 50);
	ck_assert_uint_eq(dones, 1);
	ck_assert(og_probe_result(probe)->over);
}

static void is(enum og_otlp_signal s, enum og_send_class c, const char *says)
{
	const struct og_send_verdict *v = og_probe_verdict(row(s));
	ck_assert_ptr_nonnull(v);
	ck_assert_msg(
		v->class == c, "%s: %.*s", og_send_class_name(v->class), OG_SV_ARG(v->message));
	ck_assert_msg(og_sv_has(v->message, og_svz(says)), "%.*s", OG_SV_ARG(v->message));
}

enum { M = 1, T = 2, L = 4, P = 8 };
#define OK_PB "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
static const struct ss_step all_ok[] = {{OK_PB, 0, SS_KEEP}, {NULL, 0, SS_KEEP}};

START_TEST(all_accepted)
{
	serve(all_ok);
	target("http", "/otlp/", M | T | L | P);
	ck_assert_int_eq(og_secret_set(&headers, "X-Scope=a%20b", 13, NULL), 0);
	run();
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		is((enum og_otlp_signal)s, OG_SEND_ACCEPTED, "accepted");
		ck_assert_int_eq(row((enum og_otlp_signal)s)->stage, OG_PROBE_ACCEPTED);
	}
	ck_assert(og_probe_all_ok(og_probe_result(probe)));
	ck_assert_uint_eq(progress, M | T | L | P);
	ck_assert_uint_eq(ss_requests(srv), 7); /* an empty one and a full one, but for profiles */
	const char *q = ss_seen(srv, 0);
	ck_assert(strncmp(q, "POST /otlp/v1/metrics HTTP/1.1\r\n", 32) == 0);
	ck_assert_ptr_nonnull(strstr(q, "\r\nX-Scope: a b\r\n"));
	ck_assert_ptr_nonnull(strstr(q, "\r\nContent-Length: 0\r\n"));
	ck_assert_ptr_nonnull(strstr(q, "\r\nContent-Type: application/x-protobuf\r\n"));
	ck_assert_ptr_nonnull(strstr(ss_seen(srv, 2), "POST /otlp/v1/traces "));
	q = ss_seen(srv, 6);
	ck_assert(strncmp(q, "POST /otlp/ingest?name=otelgate-probe%7B", 40) == 0);
	ck_assert_ptr_null(strstr(q, "X-Scope")); /* is for the other receiver */
	ck_assert_uint_eq(strlen(og_probe_result(probe)->id), 16);
	ck_assert_ptr_nonnull(strstr(q, og_probe_result(probe)->id));
}
END_TEST

START_TEST(json_and_gzip)
{
	static const struct ss_step json[] = {
		{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
			0, SS_KEEP},
		{NULL, 0, SS_KEEP}};
	serve(json);
	target("http", "", T);
	o.protocol = OG_PROBE_JSON;
	o.id = OG_SV("0123456789abcdef");
	run();
	is(OG_OTLP_TRACES, OG_SEND_ACCEPTED, "accepted");
	ck_assert_ptr_nonnull(strstr(ss_seen(srv, 0), "\r\n\r\n{}"));
	ck_assert_ptr_nonnull(strstr(ss_seen(srv, 1), "\"stringValue\":\"0123456789abcdef\""));
	og_probe_free(og_take(probe));
	dones = 0;
	o.gzip = true;
	run();
	ck_assert_ptr_nonnull(strstr(ss_seen(srv, 3), "\r\nContent-Encoding: gzip\r\n"));
}
END_TEST

START_TEST(refused_options)
{
	serve(all_ok);
	target("http", "", M);
	o.id = OG_SV("0123");
	ck_assert_int_eq(og_probe_start(&o, &probe, NULL), -OG_E_INVALID);
	o.id = OG_SV("0123456789ABCDEF");
	ck_assert_int_eq(og_probe_start(&o, &probe, NULL), -OG_E_INVALID);
	o.id = og_sv("", 0);
	o.proxy = "socks5://x:1";
	ck_assert_int_eq(og_probe_start(&o, &probe, NULL), -OG_E_INVALID);
	o.proxy = "http://u:p%zz@x:1";
	ck_assert_int_eq(og_probe_start(&o, &probe, NULL), -OG_E_INVALID);
	o.proxy = "http://";
	ck_assert_int_eq(og_probe_start(&o, &probe, NULL), -OG_E_INVALID);
	probe = NULL;
}
END_TEST

START_TEST(urls_of_signals)
{
	static const struct {
		enum og_otlp_signal s;
		const char *base, *own, *url;
		bool ingest;
	} rows[] = {
		{OG_OTLP_METRICS, "http://h/otlp", "", "http://h/otlp/v1/metrics", false},
		{OG_OTLP_METRICS, "http://h/otlp///", "", "http://h/otlp/v1/metrics", false},
		{OG_OTLP_LOGS, "http://h", "http://x/y/", "http://x/y/", false},
		{OG_OTLP_LOGS, "", "", NULL, false},
		{OG_OTLP_PROFILES, "http://h", "", NULL, true},
		{OG_OTLP_PROFILES, "", "http://p:4040/", "http://p:4040/ingest", true},
		{OG_OTLP_PROFILES, "", "http://p/ingest", "http://p/ingest", true},
		{OG_OTLP_PROFILES, "", "http://p/v1development/profiles",
			"http://p/v1development/profiles", false},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		struct og_probe_target t;
		bool ok =
			og_probe_url(rows[i].s, og_svz(rows[i].base), og_svz(rows[i].own), &b, &t);
		ck_assert_int_eq(ok, rows[i].url != NULL);
		ck_assert_int_eq(t.ingest, rows[i].ingest);
		if (ok)
			ck_assert_str_eq(b.p, rows[i].url);
	}
}
END_TEST

START_TEST(no_endpoint)
{
	o.target[OG_OTLP_METRICS].wanted = true;
	o.target[OG_OTLP_LOGS] = (struct og_probe_target){.wanted = true, .url = OG_SV("x")};
	run();
	is(OG_OTLP_METRICS, OG_SEND_BAD_TARGET, "no endpoint");
	is(OG_OTLP_LOGS, OG_SEND_BAD_TARGET, "logs");
	ck_assert_ptr_null(og_probe_verdict(row(OG_OTLP_TRACES)));
	ck_assert(!og_probe_all_ok(og_probe_result(probe)));
}
END_TEST

START_TEST(nothing_wanted)
{
	run();
	ck_assert(og_probe_all_ok(og_probe_result(probe)));
}
END_TEST

/* ---- what is no HTTP ---- */

static void h2_server(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	ss_send_n(c, "\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64", 15);
	ss_hang(c);
}
static void noise(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	ss_send(c, "SSH-2.0-OpenSSH_9.2\r\n");
	ss_hang(c);
}
static void cuts(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	if (ss_read(c))
		ss_reset(c);
}
static void hangs(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	ss_hang(c);
}

START_TEST(no_http)
{
	static const struct {
		ss_fn *fn;
		enum og_send_class class;
		const char *says;
	} rows[] = {{h2_server, OG_SEND_HTTP2_ONLY, "HTTP/2 alone"},
		{noise, OG_SEND_NO_HTTP, "no HTTP"}, {cuts, OG_SEND_CUT, "ends the connection"}};
	srv = ss_start(rows[_i].fn, NULL, NULL);
	target("http", "", T);
	o.connect_ms = 3000;
	run();
	is(OG_OTLP_TRACES, rows[_i].class, rows[_i].says);
	ck_assert_int_eq(row(OG_OTLP_TRACES)->stage, OG_PROBE_TCP);
}
END_TEST

START_TEST(silence)
{
	srv = ss_start(hangs, NULL, NULL);
	target("http", "", T | L);
	o.connect_ms = 300;
	run();
	is(OG_OTLP_TRACES, OG_SEND_NO_ANSWER, "does not answer in time");
	is(OG_OTLP_LOGS, OG_SEND_NO_ANSWER, "does not answer in time");
}
END_TEST

START_TEST(the_time_is_over)
{
	srv = ss_start(hangs, NULL, NULL);
	target("http", "", M | T | L);
	o.timeout_ms = 300;
	run();
	is(OG_OTLP_METRICS, OG_SEND_NO_ANSWER, "the time for the probe ran out");
	is(OG_OTLP_LOGS, OG_SEND_NO_ANSWER, "the time for the probe ran out");
}
END_TEST

START_TEST(freed_in_the_middle)
{
	struct og_err err = OG_ERR_INIT;
	srv = ss_start(hangs, NULL, NULL);
	target("http", "", M | T | L);
	ck_assert_int_eq(og_probe_start(&o, &probe, &err), 0);
	for (int i = 0; i < 5; i++)
		og_loop_turn(loop, 20);
	og_probe_free(og_take(probe));
	for (int i = 0; i < 5; i++)
		og_loop_turn(loop, 1);
	ck_assert_uint_eq(dones, 0);
}
END_TEST

static void tls_ok(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	while (ss_read(c))
		ss_send(c, OK_PB);
}

START_TEST(plaintext_to_tls)
{
	serve_tls(tls_ok, 4000000000);
	target("http", "", T);
	o.connect_ms = 3000;
	run();
	is(OG_OTLP_TRACES, OG_SEND_TLS_SERVER, "speaks TLS");
}
END_TEST

START_TEST(tls)
{
	serve_tls(tls_ok, 4000000000);
	target("https", "", T | L);
	run();
	is(OG_OTLP_TRACES, OG_SEND_UNKNOWN_CA, "issuer CN=test CA");
	is(OG_OTLP_LOGS, OG_SEND_UNKNOWN_CA, "names 127.0.0.1");
	ck_assert_uint_eq(ss_connections(srv), 1); /* the second signal knows it from the first */
	ck_assert_uint_eq(ss_requests(srv), 0);
	og_probe_free(og_take(probe));
	dones = 0;
	o.ca_pem = og_buf_view(&ca);
	run();
	is(OG_OTLP_TRACES, OG_SEND_ACCEPTED, "accepted");
	ck_assert_int_eq(og_probe_result(probe)->signal[OG_OTLP_LOGS].stage, OG_PROBE_ACCEPTED);
}
END_TEST

START_TEST(tls_that_is_expired)
{
	serve_tls(tls_ok, 1700003600);
	target("https", "", T);
	o.ca_pem = og_buf_view(&ca);
	run();
	is(OG_OTLP_TRACES, OG_SEND_EXPIRED, "has expired");
	ck_assert_ptr_nonnull(strstr(
		og_probe_verdict(row(OG_OTLP_TRACES))->message.p, "to 2023-11-14T23:13:20Z"));
}
END_TEST

START_TEST(tls_to_plaintext)
{
	srv = ss_start(noise, NULL, NULL);
	target("https", "", T);
	run();
	is(OG_OTLP_TRACES, OG_SEND_PLAIN_SERVER, "does not speak TLS");
}
END_TEST

/* ---- gRPC ---- */

START_TEST(grpc)
{
	srv = ss_start(h2_server, NULL, NULL);
	target("http", "", T);
	o.protocol = OG_PROBE_GRPC;
	run();
	is(OG_OTLP_TRACES, OG_SEND_GRPC_UNTRIED, "not sent");
}
END_TEST

START_TEST(grpc_at_an_http_port)
{
	static const struct ss_step bad[] = {
		{"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 0, SS_CLOSE},
		{NULL, 0, SS_KEEP}};
	serve(bad);
	target("http", "", T);
	o.protocol = OG_PROBE_GRPC;
	run();
	is(OG_OTLP_TRACES, OG_SEND_HTTP1_ONLY, "HTTP/1.1");
}
END_TEST

/* ---- signals of their own fate ---- */

static void by_path(struct ss_conn *c, void *ctx)
{
	const char *refused = ctx;
	while (ss_read(c)) {
		bool traces = strstr(ss_last(c), "/v1/traces") != NULL;
		ss_send(c, traces ? refused : OK_PB);
	}
}

START_TEST(one_signal_alone)
{
	static const struct {
		const char *answer;
		enum og_send_class class;
		const char *says;
	} rows[] = {
		{"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", OG_SEND_SCOPE,
			"traces:write"},
		{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", OG_SEND_SCOPE,
			"metrics is accepted"},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", OG_SEND_UNROUTED,
			"does not know traces"},
		{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", OG_SEND_SERVER_ERROR, "500"},
		{"HTTP/1.1 307 Go\r\nLocation: https://other.example/\r\nContent-Length: 0\r\n\r\n",
			OG_SEND_REDIRECT, "https://other.example"},
	};
	char answer[200];
	(void)snprintf(answer, sizeof(answer), "%s", rows[_i].answer);
	/* a credential whose form is right */
	const char *h = "Authorization=Basic%20dXNlcjpwYXNzd29yZA==";
	ck_assert_int_eq(og_secret_set(&headers, h, strlen(h), NULL), 0);
	srv = ss_start(by_path, answer, NULL);
	target("http", "", M | T | L);
	run();
	is(OG_OTLP_METRICS, OG_SEND_ACCEPTED, "accepted");
	is(OG_OTLP_TRACES, rows[_i].class, rows[_i].says);
	is(OG_OTLP_LOGS, OG_SEND_ACCEPTED, "accepted");
	ck_assert(!og_probe_all_ok(og_probe_result(probe)));
}
END_TEST

START_TEST(large_and_cut_answers)
{
	static char huge[70000];
	static const struct ss_step cut[] = {
		{"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: "
		 "9\r\n\r\nabc",
			0, SS_CLOSE},
		{NULL, 0, SS_KEEP}};
	struct ss_step large[] = {{huge, 0, SS_CLOSE}, {NULL, 0, SS_KEEP}};
	(void)snprintf(
		huge, sizeof(huge), "HTTP/1.1 200 OK\r\nContent-Length: 69800\r\n\r\n%069800d", 0);
	serve(_i ? cut : large);
	target("http", "", T);
	run();
	is(OG_OTLP_TRACES, _i ? OG_SEND_CUT : OG_SEND_NOT_OTLP, _i ? "ends" : "larger");
}
END_TEST

START_TEST(clocks)
{
	static const struct ss_step old[] = {
		{"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: "
		 "0\r\n\r\n",
			0, SS_KEEP},
		{NULL, 0, SS_KEEP}};
	serve(old);
	target("http", "", T | L);
	run();
	ck_assert(row(OG_OTLP_TRACES)->has_skew);
	ck_assert_int_gt(row(OG_OTLP_TRACES)->skew_ms, 25LL * 365 * 86400 * 1000);
}
END_TEST

/* ---- proxies ---- */

START_TEST(proxies)
{
	static const struct ss_step denied[] = {
		{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 0, SS_CLOSE},
		{NULL, 0, SS_KEEP}};
	static const struct ss_step wants[] = {
		{"HTTP/1.1 407 Proxy\r\nContent-Length: 0\r\n\r\n", 0, SS_CLOSE},
		{NULL, 0, SS_KEEP}};
	char proxy[100];
	serve(_i ? wants : denied);
	(void)snprintf(proxy, sizeof(proxy), "http://u:hidden@127.0.0.1:%u", ss_port(srv));
	o.proxy = proxy;
	o.target[OG_OTLP_TRACES] = (struct og_probe_target){
		.wanted = true, .url = OG_SV("https://receiver.example/otlp/v1/traces")};
	run();
	is(OG_OTLP_TRACES, _i ? OG_SEND_PROXY_AUTH : OG_SEND_PROXY_DENIED, "");
	ck_assert_ptr_null(strstr(og_probe_verdict(row(OG_OTLP_TRACES))->message.p, "hidden"));
	ck_assert_ptr_nonnull(strstr(ss_seen(srv, 0), "CONNECT receiver.example:443 "));
}
END_TEST

START_TEST(no_memory)
{
	serve(all_ok);
	for (unsigned long n = 1; n < 60; n += 3) {
		og_auto_buf struct og_buf url = OG_BUF_INIT(0);
		dones = 0;
		o.target[OG_OTLP_TRACES].wanted = true;
		og_buf_str(&url, ss_url(srv, "/v1/traces"));
		o.target[OG_OTLP_TRACES].url = og_buf_view(&url);
		og_mem_fault_arm(n, false);
		int rc = og_probe_start(&o, &probe, NULL);
		for (int i = 0; rc == 0 && i < 2000 && !dones; i++)
			og_loop_turn(loop, 50);
		og_mem_fault_disarm();
		ck_assert(rc == -OG_E_OOM || dones == 1);
		if (rc == 0)
			og_probe_free(og_take(probe));
		probe = NULL;
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("probe");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_accepted);
	tcase_add_test(t, json_and_gzip);
	tcase_add_test(t, refused_options);
	tcase_add_test(t, urls_of_signals);
	tcase_add_test(t, no_endpoint);
	tcase_add_test(t, nothing_wanted);
	tcase_add_loop_test(t, no_http, 0, 3);
	tcase_add_test(t, silence);
	tcase_add_test(t, the_time_is_over);
	tcase_add_test(t, freed_in_the_middle);
	tcase_add_test(t, plaintext_to_tls);
	tcase_add_test(t, tls);
	tcase_add_test(t, tls_that_is_expired);
	tcase_add_test(t, tls_to_plaintext);
	tcase_add_test(t, grpc);
	tcase_add_test(t, grpc_at_an_http_port);
	tcase_add_loop_test(t, one_signal_alone, 0, 5);
	tcase_add_loop_test(t, large_and_cut_answers, 0, 2);
	tcase_add_test(t, clocks);
	tcase_add_loop_test(t, proxies, 0, 2);
	tcase_add_test(t, no_memory);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
