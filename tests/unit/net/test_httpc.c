/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client: what is sent, what comes back, how calls end. */
#include "otelgate/net/httpc.h"

#include <stdio.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "support/http_fixture.h"
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

static const struct ss_step hello[] = {
	{OK_HEAD "Content-Length: 5\r\n\r\nhello", 0, SS_KEEP}, {NULL, 0, SS_KEEP}};

static const struct ss_step silent_body[] = {
	{OK_HEAD "Content-Length: 9\r\n\r\nhello", 0, SS_HANG}, {NULL, 0, SS_KEEP}};

static void never_answers(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	ss_hang(c);
}

/* No line of what was sent begins with that. */
static bool sent_line(const char *request, const char *line)
{
	char want[256];
	(void)snprintf(want, sizeof(want), "\r\n%s", line);
	return strcasestr(request, want) != NULL;
}

START_TEST(a_get)
{
	serve(hello);
	hrun(&h, ss_url(srv, "/a/../b?c=d%20e"));
	ck_assert_int_eq(h.r.code, 0);
	ck_assert_int_eq(h.r.status, 200);
	ck_assert_str_eq(h.body.p, "hello");
	ck_assert_str_eq(h.type, "text/x");
	ck_assert_uint_eq(h.r.body_bytes, 5);
	ck_assert_uint_gt(h.r.wire_bytes, 5);
	ck_assert_uint_eq(h.r.new_connects, 1);
	ck_assert(h.r.sent && !h.r.reset && !h.r.refused && !h.r.unmarked_end);
	ck_assert_int_gt(h.r.took_ns, 0);
	const char *q = ss_seen(srv, 0);
	ck_assert(strncmp(q, "GET /a/../b?c=d%20e HTTP/1.1\r\n", 30) == 0);
	ck_assert(sent_line(q, "User-Agent: test/1\r\n"));
	ck_assert(sent_line(q, "Host: 127.0.0.1:"));
	ck_assert(!sent_line(q, "Accept-Encoding:"));
	ck_assert(!sent_line(q, "Authorization:"));
	ck_assert(!sent_line(q, "Expect:"));
	ck_assert(!sent_line(q, "Content-"));
	struct og_httpc_stats s;
	og_httpc_stats(h.c, &s);
	ck_assert_uint_eq(s.calls, 1);
	ck_assert_uint_eq(s.failed, 0);
	ck_assert_uint_eq(s.connects, 1);
	ck_assert_uint_eq(s.active, 0);
	ck_assert_uint_eq(s.bytes_in, h.r.wire_bytes);
	ck_assert_uint_gt(s.bytes_out, 50);
}
END_TEST

START_TEST(connections_are_kept)
{
	serve(hello);
	for (int i = 0; i < 20; i++) {
		hrun(&h, ss_url(srv, "/"));
		ck_assert_int_eq(h.r.code, 0);
		ck_assert_uint_eq(h.r.new_connects, i == 0);
	}
	ck_assert_uint_eq(ss_connections(srv), 1);
	h.req.own_connection = true;
	hrun(&h, ss_url(srv, "/"));
	ck_assert_uint_eq(h.r.new_connects, 1);
	ck_assert_uint_eq(ss_connections(srv), 2);
	h.req.own_connection = false;
	hrun(&h, ss_url(srv, "/"));
	ck_assert_uint_eq(h.r.new_connects, 0);
	ck_assert_uint_eq(ss_connections(srv), 2);
}
END_TEST

START_TEST(idle_connections_are_dropped)
{
	serve(hello);
	hrun(&h, ss_url(srv, "/"));
	og_httpc_drop_idle(h.c);
	ck_assert(ss_wait_ended(srv, 1));
	hrun(&h, ss_url(srv, "/"));
	ck_assert_int_eq(h.r.code, 0);
	ck_assert_uint_eq(h.r.new_connects, 1);
	og_httpc_drop_idle(h.c);
	og_httpc_drop_idle(h.c);
}
END_TEST

static const struct {
	const char *method, *body, *begins, *has;
} methods[] = {
	{"POST", "{\"a\":1}", "POST / HTTP/1.1\r\n", "Content-Length: 7\r\n"},
	{"POST", "", "POST / HTTP/1.1\r\n", "Content-Length: 0\r\n"},
	{"POST", NULL, "POST / HTTP/1.1\r\n", "Content-Length: 0\r\n"},
	{"PUT", "x", "PUT / HTTP/1.1\r\n", "Content-Length: 1\r\n"},
	{"PUT", NULL, "PUT / HTTP/1.1\r\n", "Content-Length: 0\r\n"},
	{"PATCH", "[]", "PATCH / HTTP/1.1\r\n", "Content-Length: 2\r\n"},
	{"DELETE", "{}", "DELETE / HTTP/1.1\r\n", "Content-Length: 2\r\n"},
	{"DELETE", NULL, "DELETE / HTTP/1.1\r\n", "Host: "},
	{"GET", NULL, "GET / HTTP/1.1\r\n", "Host: "},
};

START_TEST(methods_and_bodies)
{
	serve(hello);
	static const char *const headers[] = {"Content-Type: application/json", "X-Empty:", NULL};
	h.req.method = methods[_i].method;
	if (methods[_i].body)
		h.req.body = og_svz(methods[_i].body);
	if (methods[_i].body && *methods[_i].body)
		h.req.headers = headers;
	hrun(&h, ss_url(srv, "/"));
	ck_assert_int_eq(h.r.code, 0);
	const char *q = ss_seen(srv, 0);
	ck_assert(strncmp(q, methods[_i].begins, strlen(methods[_i].begins)) == 0);
	ck_assert_msg(sent_line(q, methods[_i].has), "%s", q);
	ck_assert(!sent_line(q, "Expect:"));
	ck_assert(!sent_line(q, "X-Empty"));
	ck_assert(sent_line(q, "Content-Type: application/json\r\n") == (h.req.headers != NULL));
	ck_assert(!strstr(q, "urlencoded"));
	const char *body = strstr(q, "\r\n\r\n") + 4;
	ck_assert_str_eq(body, methods[_i].body ? methods[_i].body : "");
}
END_TEST

START_TEST(a_large_body_goes_without_waiting)
{
	serve(hello);
	size_t n = 3 << 20;
	char *big = og_malloc(n);
	memset(big, 'b', n);
	h.req.method = "POST";
	h.req.body = og_sv(big, n);
	hrun(&h, ss_url(srv, "/"));
	ck_assert_int_eq(h.r.code, 0);
	ck_assert(!sent_line(ss_seen(srv, 0), "Expect:"));
	ck_assert_uint_gt(strlen(ss_seen(srv, 0)), n);
	og_free(big);
}
END_TEST

START_TEST(head_has_no_body)
{
	static const struct ss_step steps[] = {
		{OK_HEAD "Content-Length: 500\r\n\r\n", 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	serve(steps);
	h.req.method = "HEAD";
	hrun(&h, ss_url(srv, "/"));
	ck_assert_int_eq(h.r.code, 0);
	ck_assert_int_eq(h.r.status, 200);
	ck_assert_uint_eq(h.body.len, 0);
}
END_TEST

START_TEST(the_token_is_sent_and_changes_per_request)
{
	serve(hello);
	og_auto_secret struct og_secret t = OG_SECRET_INIT;
	ck_assert_int_eq(og_secret_set(&t, "tok.en-1", 8, NULL), 0);
	h.req.bearer = &t;
	hrun(&h, ss_url(srv, "/"));
	ck_assert(sent_line(ss_seen(srv, 0), "Authorization: Bearer tok.en-1\r\n"));
	ck_assert_int_eq(og_secret_set(&t, "two", 3, NULL), 0);
	hrun(&h, ss_url(srv, "/"));
	ck_assert(sent_line(ss_seen(srv, 1), "Authorization: Bearer two\r\n"));
	ck_assert_uint_eq(h.r.new_connects, 0);
}
END_TEST

/* Answers of any status are answers; redirects are not followed. */
static const int statuses[] = {200, 201, 301, 302, 307, 308, 400, 401, 403, 404, 407, 409, 410, 422,
	429, 500, 502, 503, 504, 599};

START_TEST(every_status_is_an_answer)
{
	char text[200];
	(void)snprintf(text, sizeof(text),
		"HTTP/1.1 %d X\r\nLocation: /elsewhere\r\nWWW-Authenticate: Basic realm=x\r\n"
		"Proxy-Authenticate: Basic realm=x\r\nContent-Length: 2\r\n\r\n{}",
		statuses[_i]);
	const struct ss_step steps[] = {{text, 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	serve(steps);
	hrun(&h, ss_url(srv, "/"));
	ck_assert_int_eq(h.r.code, 0);
	ck_assert_int_eq(h.r.status, statuses[_i]);
	ck_assert_str_eq(h.body.p, "{}");
	ck_assert_uint_eq(ss_requests(srv), 1);
}
END_TEST

/* Heads that are not plain, and whole bodies. */
static const struct {
	const char *what, *text, *body;
	enum ss_after after;
	bool unmarked;
} whole[] = {
	{"chunked", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
		"abcde", SS_KEEP, false},
	{"trailers",
		OK_HEAD
		"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nContent-Type: evil\r\n\r\n",
		"a", SS_KEEP, false},
	{"interim answers",
		"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103 Early\r\nContent-Type: no\r\n\r\n" OK_HEAD
		"Content-Length: 1\r\n\r\nz",
		"z", SS_KEEP, false},
	{"no content", "HTTP/1.1 204 No\r\nContent-Type: text/x\r\n\r\n", "", SS_KEEP, false},
	{"close-delimited", "HTTP/1.0 200 OK\r\nContent-Type: text/x\r\n\r\nuntil the end",
		"until the end", SS_CLOSE, true},
	{"lower case, odd blanks",
		"HTTP/1.1 200\r\ncontent-type:   text/x  \r\ncontent-length:2\r\n\r\nhi", "hi",
		SS_KEEP, false},
	{"bare line feeds", "HTTP/1.1 200 OK\nContent-Type: text/x\nContent-Length: 2\n\nhi", "hi",
		SS_KEEP, false},
	{"closed after it", OK_HEAD "Connection: close\r\nContent-Length: 2\r\n\r\nhi", "hi",
		SS_CLOSE, false},
	{"reset after it", OK_HEAD "Connection: close\r\nContent-Length: 2\r\n\r\nhi", "hi",
		SS_RESET, false},
};

START_TEST(whole_answers)
{
	const struct ss_step steps[] = {{whole[_i].text, 0, whole[_i].after}, {NULL, 0, SS_KEEP}};
	serve(steps);
	hrun(&h, ss_url(srv, "/"));
	ck_assert_msg(h.r.code == 0, "%s: %s", whole[_i].what, h.r.err.msg);
	ck_assert_str_eq(h.body.p ? h.body.p : "", whole[_i].body);
	ck_assert_str_eq(h.type, "text/x");
	ck_assert(h.r.unmarked_end == whole[_i].unmarked);
	ck_assert_uint_eq(h.heads, 1);
}
END_TEST

/* What is no whole answer. `status` is what the result says, `text` a part of the message. */
static const struct {
	const char *what, *text;
	enum ss_after after;
	int code, status;
	bool reset;
	const char *says;
} broken[] = {
	{"ends at once", "", SS_CLOSE, -OG_E_IO, 0, true, "without an answer"},
	{"reset at once", "", SS_RESET, -OG_E_IO, 0, true, "without an answer"},
	{"ends in the head", "HTTP/1.1 200 OK\r\nConte", SS_CLOSE, -OG_E_IO, 0, true, NULL},
	{"ends in the body", OK_HEAD "Content-Length: 50\r\n\r\nhello", SS_CLOSE, -OG_E_IO, 200,
		true, "in the middle of its answer"},
	{"reset in the body", OK_HEAD "Content-Length: 50\r\n\r\nhello", SS_RESET, -OG_E_IO, 200,
		true, "in the middle of its answer"},
	{"chunks without end", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", SS_CLOSE,
		-OG_E_IO, 200, true, NULL},
	{"a chunk cut", OK_HEAD "Transfer-Encoding: chunked\r\n\r\nff\r\nabc", SS_CLOSE, -OG_E_IO,
		200, true, NULL},
	{"chunk size is no number", OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
		SS_CLOSE, -OG_E_IO, 200, true, NULL},
	{"HTTP/0.9", "hello, who are you?\r\n", SS_CLOSE, -OG_E_PARSE, 0, false, "no sound HTTP"},
	{"TLS alert", "\x15\x03\x01\x00\x02\x02\x16", SS_CLOSE, -OG_E_PARSE, 0, false,
		"no sound HTTP"},
	{"ssh", "SSH-2.0-OpenSSH_9.2\r\n", SS_CLOSE, -OG_E_PARSE, 0, false, "no sound HTTP"},
	{"bad status", "HTTP/1.1 abc OK\r\n\r\n", SS_CLOSE, -OG_E_PARSE, 0, false, NULL},
	{"negative length", OK_HEAD "Content-Length: -5\r\n\r\nhello", SS_CLOSE, -OG_E_PARSE, -1,
		false, NULL},
	{"length is no number", OK_HEAD "Content-Length: five\r\n\r\nhello", SS_CLOSE, -OG_E_PARSE,
		-1, false, NULL},
};

START_TEST(broken_answers)
{
	const struct ss_step steps[] = {{broken[_i].text, 0, broken[_i].after}, {NULL, 0, SS_KEEP}};
	serve(steps);
	hrun(&h, ss_url(srv, "/"));
	ck_assert_msg(
		h.r.code == broken[_i].code, "%s: %d %s", broken[_i].what, h.r.code, h.r.err.msg);
	ck_assert(h.r.reset == broken[_i].reset);
	ck_assert(h.r.sent);
	if (broken[_i].status >= 0)
		ck_assert_int_eq(h.r.status, broken[_i].status);
	if (broken[_i].says)
		ck_assert_msg(strstr(h.r.err.msg, broken[_i].says), "%s", h.r.err.msg);
	ck_assert_uint_eq(ss_requests(srv), 1);
	/* nothing of the answer is quoted, and the connection is not used again */
	ck_assert(!strstr(h.r.err.msg, "hello") && !strstr(h.r.err.msg, "OpenSSH"));
	struct og_httpc_stats s;
	og_httpc_stats(h.c, &s);
	ck_assert_uint_eq(s.failed, 1);
	ck_assert_uint_eq(s.active, 0);
}
END_TEST

/* Requests that are refused before anything is sent. */
static const char *const injected[] = {"X: a\r\nY: b", "X: a\nY: b", "X: a\rb", "X: \x01",
	"X: a\x7f", "no colon", ": no name", "X y: z", "X\r\n: z", "", "\r\n\r\nGET / HTTP/1.1",
	"(x): y"};

START_TEST(headers_that_are_refused)
{
	struct og_err err = OG_ERR_INIT;
	const char *const headers[] = {"Fine: yes", injected[_i], NULL};
	h.req.headers = headers;
	ck_assert_int_eq(hrun_start(&h, "http://127.0.0.1:9/", &err), -OG_E_INVALID);
	ck_assert(strstr(err.msg, "header 2"));
	ck_assert_uint_eq(h.dones, 0);
}
END_TEST

static const char *const bad_urls[] = {"", "x", "ftp://127.0.0.1/", "file:///etc/passwd",
	"http://user:pass@127.0.0.1/", "http://127.0.0.1:99999/", "http://127.0.0.1/a b",
	"http://127.0.0.1/\r\nX: y", "http:///", "http://[::1", "unix:///run/x", "http://a..b/",
	"javascript:1"};

START_TEST(urls_that_are_refused)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(hrun_start(&h, bad_urls[_i], &err), -OG_E_INVALID);
	ck_assert(!strstr(err.msg, "pass@") && !strstr(err.msg, "etc"));
	ck_assert_uint_eq(h.dones, 0);
}
END_TEST

START_TEST(other_requests_that_are_refused)
{
	struct og_err err = OG_ERR_INIT;
	static const char *const methods_[] = {"", "GET /", "G\r\nET", "AVERYLONGMETHODNAME"};
	for (size_t i = 0; i < OG_COUNT(methods_); i++) {
		h.req.method = methods_[i];
		ck_assert_int_eq(hrun_start(&h, "http://127.0.0.1:9/", &err), -OG_E_INVALID);
	}
	h.req.method = "GET";
	static const char *const names[] = {"a b", "a/b", "a\r\nb", "x:y@z", "*.example.org"};
	for (size_t i = 0; i < OG_COUNT(names); i++) {
		h.req.tls.server_name = names[i];
		ck_assert_int_eq(hrun_start(&h, "https://127.0.0.1:9/", &err), -OG_E_INVALID);
	}
	h.req.tls.server_name = NULL;
	static const char *const proxies[] = {
		"", "127.0.0.1:8080", "ftp://127.0.0.1", "http://a\r\nb", "socks4://127.0.0.1"};
	for (size_t i = 0; i < OG_COUNT(proxies); i++) {
		h.req.proxy = proxies[i];
		ck_assert_int_eq(hrun_start(&h, "https://127.0.0.1:9/", &err), -OG_E_INVALID);
	}
	h.req.proxy = NULL;
	og_auto_secret struct og_secret t = OG_SECRET_INIT;
	static const char *const tokens[] = {"", "a b", "a\r\nb", "a\n"};
	for (size_t i = 0; i < OG_COUNT(tokens); i++) {
		ck_assert_int_eq(og_secret_set(&t, tokens[i], strlen(tokens[i]), NULL), 0);
		h.req.bearer = &t;
		ck_assert_int_eq(hrun_start(&h, "http://127.0.0.1:9/", &err), -OG_E_INVALID);
		ck_assert(!*tokens[i] || !strstr(err.msg, tokens[i]));
	}
	ck_assert_uint_eq(h.dones, 0);
}
END_TEST

/* Limits */
START_TEST(too_many_bytes)
{
	static const struct ss_step steps[] = {
		{OK_HEAD "Content-Length: 11\r\n\r\nhello world", 0, SS_KEEP},
		{OK_HEAD "Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
			0, SS_KEEP},
		{NULL, 0, SS_KEEP}};
	serve(steps);
	for (int i = 0; i < 2; i++) {
		h.req.max_bytes = 10;
		hrun(&h, ss_url(srv, "/"));
		ck_assert_int_eq(h.r.code, -OG_E_LIMIT);
		ck_assert_uint_le(h.body.len, 10);
		h.req.max_bytes = 11;
	}
	hrun(&h, ss_url(srv, "/"));
	ck_assert_int_eq(h.r.code, 0);
	ck_assert_uint_eq(h.body.len, 11);
}
END_TEST

static void endless_headers(struct ss_conn *c, void *ctx)
{
	char line[2048];
	int kind = *(const int *)ctx;
	memset(line, 'a', sizeof(line));
	line[0] = 'X';
	line[1] = ':';
	if (!ss_read(c) ||
		!ss_send(c, kind == 2 ? "HTTP/1.1 100 Continue\r\n" : "HTTP/1.1 200 OK\r\n"))
		return;
	if (kind == 1)
		memcpy(line + sizeof(line) - 2, "\r\n", 2);
	while (kind < 2 && ss_send_n(c, line, sizeof(line)))
		;
	while (kind == 2 && ss_send(c, "\r\nHTTP/1.1 100 Continue\r\nX: y\r\n"))
		;
}

/* One endless line, endless lines, endless heads. */
START_TEST(endless_heads)
{
	int kind = _i;
	srv = ss_start(endless_headers, &kind, NULL);
	hrun(&h, ss_url(srv, "/"));
	ck_assert_msg(h.r.code == -OG_E_LIMIT, "%d %s", h.r.code, h.r.err.msg);
	ck_assert_int_eq(h.r.status, 0);
}
END_TEST

START_TEST(nobody_listens)
{
	serve(hello);
	const char *url = ss_url(srv, "/");
	ss_stop(og_take(srv));
	hrun(&h, url);
	ck_assert_int_eq(h.r.code, -OG_E_IO);
	ck_assert(h.r.refused && !h.r.sent && !h.r.reset);
	ck_assert_int_eq(h.r.status, 0);
	ck_assert(strstr(h.r.err.msg, "nothing listens there"));
	ck_assert(strstr(h.r.err.msg, "127.0.0.1:"));
}
END_TEST

/* Callbacks that want no more. */
START_TEST(callbacks_end_the_call)
{
	serve(hello);
	if (_i == 0)
		h.refuse_head = 1;
	else
		h.refuse_data = 1;
	hrun(&h, ss_url(srv, "/"));
	ck_assert_int_eq(h.r.code, -OG_E_CANCELLED);
	ck_assert_int_eq(h.r.status, 200);
	ck_assert_uint_eq(h.dones, 1);
}
END_TEST

START_TEST(cancelled_calls_say_nothing)
{
	serve(silent_body);
	ck_assert_int_eq(hrun_start(&h, ss_url(srv, "/"), NULL), 0);
	if (_i == 1) {
		while (h.body.len < 5)
			(void)og_loop_turn(h.loop, 100);
	}
	og_httpc_cancel(og_take(h.call));
	og_httpc_cancel(NULL);
	for (int i = 0; i < 5; i++)
		(void)og_loop_turn(h.loop, 1);
	ck_assert_uint_eq(h.dones, 0);
	if (_i == 1)
		ck_assert(ss_wait_ended(srv, 1));
	struct og_httpc_stats s;
	og_httpc_stats(h.c, &s);
	ck_assert_uint_eq(s.active, 0);
}
END_TEST

/* From inside on_data: cancel the call itself, another one, start one, free the client. */
enum { IN_CANCEL_SELF, IN_CANCEL_OTHER, IN_START, IN_FREE, IN_WAYS };
static struct {
	int way;
	bool late; /* from on_done */
	struct og_httpc_call *self, *other;
	unsigned self_done, other_done, started_done;
	struct og_httpc_request more;
} in;

static void on_started(void *ctx, const struct og_httpc_result *r)
{
	(void)ctx;
	ck_assert_int_eq(r->code, 0);
	in.started_done++;
}

static void act(void)
{
	if (in.way == IN_CANCEL_SELF && !in.late)
		og_httpc_cancel(in.self);
	else if (in.way == IN_CANCEL_OTHER)
		og_httpc_cancel(og_take(in.other));
	else if (in.way == IN_START)
		ck_assert_int_eq(og_httpc_start(h.c, &in.more, NULL, NULL), 0);
	else if (in.way == IN_FREE)
		og_httpc_free(og_take(h.c));
}

static int in_data(void *ctx, struct og_sv chunk)
{
	(void)ctx;
	(void)chunk;
	if (!in.late)
		act();
	return 0;
}

static void in_done(void *ctx, const struct og_httpc_result *r)
{
	(void)ctx;
	(void)r;
	in.self_done++;
	if (in.late)
		act();
}

static void other_done(void *ctx, const struct og_httpc_result *r)
{
	(void)ctx;
	(void)r;
	in.other_done++;
}

START_TEST(callbacks_may_do_anything)
{
	static const struct ss_step steps[] = {
		{OK_HEAD "Content-Length: 2\r\n\r\nhi", 0, SS_KEEP}, {NULL, 0, SS_KEEP}};
	serve(steps);
	struct ss *quiet = ss_start(never_answers, NULL, NULL);
	memset(&in, 0, sizeof(in));
	in.way = _i % IN_WAYS;
	in.late = _i >= IN_WAYS;
	struct og_httpc_request r = {.method = "GET",
		.url = ss_url(srv, "/"),
		.on_data = in_data,
		.on_done = in_done,
		.total_ms = 10000};
	in.more = r;
	in.more.on_data = NULL;
	in.more.on_done = on_started;
	struct og_httpc_request other = in.more;
	other.url = ss_url(quiet, "/");
	other.on_done = other_done;
	ck_assert_int_eq(og_httpc_start(h.c, &other, &in.other, NULL), 0);
	ck_assert_int_eq(og_httpc_start(h.c, &r, &in.self, NULL), 0);
	for (int i = 0; i < 2000 && h.c; i++) {
		(void)og_loop_turn(h.loop, 10);
		if (in.way == IN_START ? in.started_done : in.self_done)
			break;
		if (in.way == IN_CANCEL_SELF && !in.late && ss_requests(srv) && i > 20)
			break;
	}
	bool gone = !in.late && (in.way == IN_CANCEL_SELF || in.way == IN_FREE);
	ck_assert_uint_eq(in.self_done, gone ? 0 : 1);
	ck_assert_uint_eq(in.started_done, in.way == IN_START);
	ck_assert_uint_eq(in.other_done, 0);
	ck_assert((h.c == NULL) == (in.way == IN_FREE));
	if (in.way == IN_CANCEL_SELF || in.way == IN_START)
		og_httpc_cancel(in.other);
	ss_stop(quiet);
}
END_TEST

/* A kept connection that the server closes while the next request is on its way: reads are repeated
 * by libcurl, writes never, since they may have been done. */
static void close_on_second(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	if (!ss_read(c) || !ss_send(c, OK_HEAD "Content-Length: 2\r\n\r\nhi"))
		return;
	if (c->index == 0) {
		(void)ss_read(c);
		return;
	}
	while (ss_read(c) && ss_send(c, OK_HEAD "Content-Length: 2\r\n\r\nhi"))
		;
}

START_TEST(only_reads_are_repeated)
{
	srv = ss_start(close_on_second, NULL, NULL);
	hrun(&h, ss_url(srv, "/"));
	ck_assert_int_eq(h.r.code, 0);
	h.req.method = _i ? "POST" : "GET";
	h.req.body = _i ? OG_SV("x") : og_sv(NULL, 0);
	hrun(&h, ss_url(srv, "/"));
	if (_i) {
		ck_assert_msg(h.r.code == -OG_E_IO, "%s", h.r.err.msg);
		ck_assert(h.r.reset && h.r.sent);
		ck_assert_uint_eq(ss_requests(srv), 2);
	} else {
		ck_assert_int_eq(h.r.code, 0);
		ck_assert_uint_eq(ss_requests(srv), 3);
	}
}
END_TEST

START_TEST(parallel_calls)
{
	serve(hello);
	enum { N = 50 };
	memset(&in, 0, sizeof(in));
	struct og_httpc_request r = {
		.method = "GET", .url = ss_url(srv, "/"), .on_done = on_started};
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(og_httpc_start(h.c, &r, NULL, NULL), 0);
	for (int i = 0; i < 2000 && in.started_done < N; i++)
		(void)og_loop_turn(h.loop, 100);
	ck_assert_uint_eq(in.started_done, N);
	ck_assert_uint_le(ss_connections(srv), N);
}
END_TEST

START_TEST(connections_per_host_are_limited)
{
	hrun_fini(&h);
	const struct og_httpc_opts o = {.max_connections_per_host = 2};
	hrun_init(&h, &o);
	serve(hello);
	memset(&in, 0, sizeof(in));
	struct og_httpc_request r = {
		.method = "GET", .url = ss_url(srv, "/"), .on_done = on_started};
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(og_httpc_start(h.c, &r, NULL, NULL), 0);
	for (int i = 0; i < 2000 && in.started_done < 20; i++)
		(void)og_loop_turn(h.loop, 100);
	ck_assert_uint_eq(in.started_done, 20);
	ck_assert_uint_le(ss_connections(srv), 2);
	ck_assert(strstr(ss_seen(srv, 0), "User-Agent: otelgate/"));
}
END_TEST

START_TEST(freed_with_calls_under_way)
{
	serve(silent_body);
	struct og_httpc_request r = {
		.method = "GET", .url = ss_url(srv, "/"), .on_done = on_started};
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(og_httpc_start(h.c, &r, NULL, NULL), 0);
	for (int i = 0; i < 1000 && ss_requests(srv) < 3; i++)
		(void)og_loop_turn(h.loop, 10);
	og_httpc_free(og_take(h.c));
	og_httpc_free(NULL);
	for (int i = 0; i < 3; i++)
		(void)og_loop_turn(h.loop, 1);
	ck_assert_uint_eq(in.started_done, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/httpc");
	TCase *tc = tcase_create("httpc");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_get);
	tcase_add_test(tc, connections_are_kept);
	tcase_add_test(tc, idle_connections_are_dropped);
	tcase_add_loop_test(tc, methods_and_bodies, 0, (int)OG_COUNT(methods));
	tcase_add_test(tc, a_large_body_goes_without_waiting);
	tcase_add_test(tc, head_has_no_body);
	tcase_add_test(tc, the_token_is_sent_and_changes_per_request);
	tcase_add_loop_test(tc, every_status_is_an_answer, 0, (int)OG_COUNT(statuses));
	tcase_add_loop_test(tc, whole_answers, 0, (int)OG_COUNT(whole));
	tcase_add_loop_test(tc, broken_answers, 0, (int)OG_COUNT(broken));
	tcase_add_loop_test(tc, headers_that_are_refused, 0, (int)OG_COUNT(injected));
	tcase_add_loop_test(tc, urls_that_are_refused, 0, (int)OG_COUNT(bad_urls));
	tcase_add_test(tc, other_requests_that_are_refused);
	tcase_add_test(tc, too_many_bytes);
	tcase_add_loop_test(tc, endless_heads, 0, 3);
	tcase_add_test(tc, nobody_listens);
	tcase_add_loop_test(tc, callbacks_end_the_call, 0, 2);
	tcase_add_loop_test(tc, cancelled_calls_say_nothing, 0, 2);
	tcase_add_loop_test(tc, callbacks_may_do_anything, 0, 2 * IN_WAYS);
	tcase_add_loop_test(tc, only_reads_are_repeated, 0, 2);
	tcase_add_test(tc, parallel_calls);
	tcase_add_test(tc, connections_per_host_are_limited);
	tcase_add_test(tc, freed_with_calls_under_way);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
