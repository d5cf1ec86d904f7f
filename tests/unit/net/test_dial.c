/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting step by step: each step that can fail, and what is said of it. */
#include "otelgate/net/dial.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/net/certs.h"
#include "support/script_server.h"
#include "support/suite.h"

static struct og_loop *loop;
static struct ss *srv;
static struct og_buf ca, ca_key, other_ca, other_key;
static struct og_dial_result got;
static unsigned dones, steps;

static void on_done(void *ctx, const struct og_dial_result *r)
{
	(void)ctx;
	got = *r;
	dones++;
}

static void on_step(void *ctx, enum og_dial_step s)
{
	(void)ctx;
	steps |= 1u << s;
}

enum { DAY = 24 * 3600, T0 = 1700000000 };

static void setup(void)
{
	struct og_ca_opts o = {.common_name = "test CA", .not_before = T0, .not_after = 4102444800};
	ck_assert_int_eq(og_loop_new(NULL, &loop, NULL), 0);
	ca = ca_key = other_ca = other_key = (struct og_buf)OG_BUF_INIT(0);
	ck_assert_int_eq(og_certs_make_ca(&o, &ca, &ca_key, NULL), 0);
	ck_assert_int_eq(og_certs_make_ca(&o, &other_ca, &other_key, NULL), 0);
	dones = steps = 0;
}

static void teardown(void)
{
	ss_stop(og_take(srv));
	og_loop_free(loop);
	og_buf_fini(&ca);
	og_buf_fini(&ca_key);
	og_buf_fini(&other_ca);
	og_buf_fini(&other_key);
}

static const struct ss_step http_error[] = {
	{"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 0, SS_CLOSE}, {NULL, 0, SS_KEEP}};

static void serve_steps(const struct ss_step *list)
{
	void *ctx;
	memcpy(&ctx, &list, sizeof(ctx));
	srv = ss_start(NULL, ctx, NULL);
	ck_assert_ptr_nonnull(srv);
}

static void hangs(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	ss_hang(c);
}

/* A TLS server whose leaf is for `name` and valid between the times. */
static void serve_tls(ss_fn *fn, const char *name, int64_t from, int64_t to)
{
	og_auto_buf struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	const char *names[] = {name};
	struct og_leaf_opts o = {.not_before = from, .not_after = to};
	if (name[0] == '1') {
		o.ips = names;
		o.nips = 1;
		o.common_name = "by address";
	} else {
		o.dns_names = names;
		o.ndns = 1;
	}
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_certs_make_leaf(
			      og_buf_view(&ca), og_buf_view(&ca_key), &o, &cert, &key, &err) == 0,
		"%s", err.msg);
	struct ss_tls tls = {.cert = og_buf_view(&cert), .key = og_buf_view(&key)};
	srv = ss_start(fn, NULL, &tls);
	ck_assert_ptr_nonnull(srv);
}

static struct og_dial_request to(uint16_t port)
{
	return (struct og_dial_request){.host = "127.0.0.1",
		.port = port,
		.ca_pem = og_buf_view(&ca),
		.timeout_ms = 20000,
		.on_done = on_done,
		.on_step = on_step};
}

static void dial(const struct og_dial_request *r)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_dial_start(loop, r, NULL, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(dones, 0);
	for (int i = 0; i < 2000 && !dones; i++)
		og_loop_turn(loop, 50);
	ck_assert_uint_eq(dones, 1);
}

static void is(enum og_dial_step step, enum og_dial_why why, const char *says)
{
	ck_assert_msg(got.step == step && got.why == why, "step %s, why %d: %s",
		og_dial_step_name(got.step), (int)got.why, got.err.msg);
	ck_assert_msg(strstr(got.err.msg, says) != NULL, "%s", got.err.msg);
}

static uint16_t port_of(struct ss *s)
{
	return (uint16_t)ss_port(s);
}

/* ---- names ---- */

static int no_such(const char *h, const char *p, const struct addrinfo *a, struct addrinfo **r)
{
	(void)h;
	(void)p;
	(void)a;
	(void)r;
	return EAI_NONAME;
}
static int no_answer(const char *h, const char *p, const struct addrinfo *a, struct addrinfo **r)
{
	(void)h;
	(void)p;
	(void)a;
	(void)r;
	return EAI_AGAIN;
}
static int here(const char *h, const char *p, const struct addrinfo *a, struct addrinfo **r)
{
	(void)h;
	return getaddrinfo("127.0.0.1", p, a, r);
}
static int slow(const char *h, const char *p, const struct addrinfo *a, struct addrinfo **r)
{
	(void)usleep(200000);
	return here(h, p, a, r);
}

START_TEST(names)
{
	static const struct {
		og_dial_resolve_fn *fn;
		enum og_dial_why why;
		const char *says;
	} rows[] = {{no_such, OG_DIAL_NO_NAME, "there is no host nowhere.example"},
		{no_answer, OG_DIAL_NO_DNS, "no name server answers for nowhere.example"}};
	struct og_dial_request r = to(1);
	r.host = "nowhere.example";
	r.resolve = rows[_i].fn;
	dial(&r);
	is(OG_DIAL_DNS, rows[_i].why, rows[_i].says);
	ck_assert_uint_eq(steps, 0);
	ck_assert_str_eq(got.address, "");
}
END_TEST

START_TEST(names_that_take_too_long)
{
	struct og_dial_request r = to(1);
	r.host = "nowhere.example";
	r.resolve = slow;
	r.timeout_ms = 20;
	dial(&r);
	is(OG_DIAL_DNS, OG_DIAL_NO_DNS, "no name server answers for nowhere.example in time");
}
END_TEST

START_TEST(cancelled)
{
	struct og_dial_request r = to(1);
	struct og_dial *d = NULL;
	r.resolve = slow;
	ck_assert_int_eq(og_dial_start(loop, &r, &d, NULL), 0);
	og_loop_turn(loop, 0);
	og_dial_cancel(d);
	og_dial_cancel(NULL);
	for (int i = 0; i < 10; i++)
		og_loop_turn(loop, 1);
	ck_assert_uint_eq(dones, 0);
}
END_TEST

START_TEST(refused_requests)
{
	struct og_dial_request r = to(0);
	ck_assert_int_eq(og_dial_start(loop, &r, NULL, NULL), -OG_E_INVALID);
	r = to(1);
	r.host = "";
	ck_assert_int_eq(og_dial_start(loop, &r, NULL, NULL), -OG_E_INVALID);
	r.host = "a b";
	ck_assert_int_eq(og_dial_start(loop, &r, NULL, NULL), -OG_E_INVALID);
	r.host = "user@host";
	ck_assert_int_eq(og_dial_start(loop, &r, NULL, NULL), -OG_E_INVALID);
	r = to(1);
	r.proxy_host = "proxy";
	ck_assert_int_eq(og_dial_start(loop, &r, NULL, NULL), -OG_E_INVALID);
}
END_TEST

/* ---- TCP ---- */

/* A port that nobody listens at, held so that nobody will. */
static uint16_t dead_port(int *ret_fd)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*ret_fd = fd;
	return ntohs(a.sin_port);
}

START_TEST(plain)
{
	serve_steps(http_error);
	struct og_dial_request r = to(port_of(srv));
	dial(&r);
	is(OG_DIAL_END, OG_DIAL_OK, "");
	ck_assert_uint_eq(steps, 1u << OG_DIAL_DNS | 1u << OG_DIAL_TCP);
	ck_assert_int_ge(got.took_ms[OG_DIAL_TCP], 0);
	ck_assert_int_eq(got.took_ms[OG_DIAL_TLS], -1);
	ck_assert(!got.cert.present);
	ck_assert(strncmp(got.address, "127.0.0.1:", 10) == 0);
}
END_TEST

START_TEST(nobody_listens)
{
	og_auto_fd int fd = -1;
	struct og_dial_request r = to(dead_port(&fd));
	dial(&r);
	is(OG_DIAL_TCP, OG_DIAL_REFUSED, "nothing listens at 127.0.0.1:");
	ck_assert_uint_eq(steps, 1u << OG_DIAL_DNS);
}
END_TEST

/* ---- TLS ---- */

START_TEST(tls_that_is_right)
{
	serve_tls(hangs, "127.0.0.1", T0, 4000000000);
	struct og_dial_request r = to(port_of(srv));
	r.tls = true;
	dial(&r);
	is(OG_DIAL_END, OG_DIAL_OK, "");
	ck_assert(got.cert.present);
	ck_assert_str_eq(got.cert.subject, "CN=by address");
	ck_assert_str_eq(got.cert.issuer, "CN=test CA");
	ck_assert_str_eq(got.cert.names, "127.0.0.1");
	ck_assert_uint_eq(strlen(got.cert.sha256), 64);
	ck_assert_int_eq(got.cert.not_before, T0);
	ck_assert(strncmp(got.tls_version, "TLSv1.", 6) == 0);
}
END_TEST

START_TEST(certificates)
{
	static const struct {
		const char *name;
		int64_t from, to;
		bool other;
		enum og_dial_why why;
		const char *says;
	} rows[] = {
		{"127.0.0.1", T0, T0 + DAY, false, OG_DIAL_CERT_EXPIRED, "has expired"},
		{"127.0.0.1", 4000000000, 4000000000 + DAY, false, OG_DIAL_CERT_NOT_YET,
			"is not valid yet"},
		{"wrong.example", T0, 4000000000, false, OG_DIAL_CERT_HOST,
			"is not for \"127.0.0.1\""},
		{"127.0.0.1", T0, 4000000000, true, OG_DIAL_CERT_UNKNOWN_CA,
			"is not signed by a CA that is trusted"},
	};
	serve_tls(hangs, rows[_i].name, rows[_i].from, rows[_i].to);
	struct og_dial_request r = to(port_of(srv));
	r.tls = true;
	if (rows[_i].other)
		r.ca_pem = og_buf_view(&other_ca);
	dial(&r);
	is(OG_DIAL_TLS, rows[_i].why, rows[_i].says);
	ck_assert(got.cert.present);
	ck_assert_str_eq(got.cert.names, rows[_i].name);
	ck_assert_int_eq(got.cert.not_after, rows[_i].to);
}
END_TEST

START_TEST(insecure_looks_away)
{
	serve_tls(hangs, "wrong.example", T0, T0 + DAY);
	struct og_dial_request r = to(port_of(srv));
	r.tls = r.insecure = true;
	dial(&r);
	is(OG_DIAL_END, OG_DIAL_OK, "");
	ck_assert(got.cert.present);
}
END_TEST

START_TEST(another_name)
{
	serve_tls(hangs, "gateway.example", T0, 4000000000);
	struct og_dial_request r = to(port_of(srv));
	r.tls = true;
	r.server_name = "gateway.example";
	dial(&r);
	is(OG_DIAL_END, OG_DIAL_OK, "");
}
END_TEST

static void says_http(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	ss_send(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
	ss_hang(c);
}

static void leaves(struct ss_conn *c, void *ctx)
{
	(void)c;
	(void)ctx;
}

START_TEST(no_tls_there)
{
	static const struct {
		ss_fn *fn;
		enum og_dial_why why;
		int64_t ms;
		const char *says;
	} rows[] = {{says_http, OG_DIAL_PLAINTEXT, 20000, "does not speak TLS"},
		{leaves, OG_DIAL_CUT, 20000, "ends the connection within the TLS handshake"},
		{hangs, OG_DIAL_TIMEOUT, 1000, "no TLS handshake with 127.0.0.1 in time"}};
	srv = ss_start(rows[_i].fn, NULL, NULL);
	struct og_dial_request r = to(port_of(srv));
	r.tls = true;
	r.timeout_ms = rows[_i].ms;
	dial(&r);
	is(OG_DIAL_TLS, rows[_i].why, rows[_i].says);
	ck_assert(!got.cert.present);
}
END_TEST

START_TEST(own_material_that_is_none)
{
	struct og_secret key = OG_SECRET_INIT;
	serve_tls(hangs, "127.0.0.1", T0, 4000000000);
	struct og_dial_request r = to(port_of(srv));
	r.tls = true;
	r.ca_pem = OG_SV("no certificate");
	dial(&r);
	is(OG_DIAL_TLS, OG_DIAL_LOCAL, "cannot be read");
	dones = 0;
	r = to(port_of(srv));
	r.tls = true;
	r.cert_pem = og_buf_view(&ca);
	ck_assert_int_eq(og_secret_set(&key, other_key.p, other_key.len, NULL), 0);
	r.key_pem = &key;
	dial(&r);
	is(OG_DIAL_TLS, OG_DIAL_CLIENT_CERT, "cannot be used");
	og_secret_fini(&key);
}
END_TEST

/* ---- what is spoken ---- */

static void says_settings(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	ss_send_n(c, "\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64", 15);
	ss_hang(c);
}
static void says_noise(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	ss_send(c, "SSH-2.0-OpenSSH_9.2 what is it\r\n");
}

START_TEST(what_is_spoken)
{
	static const struct {
		ss_fn *fn;
		enum og_dial_speaks speaks;
	} rows[] = {{says_settings, OG_DIAL_SPEAKS_HTTP2}, {says_http, OG_DIAL_SPEAKS_HTTP1},
		{says_noise, OG_DIAL_SPEAKS_UNKNOWN}, {leaves, OG_DIAL_SPEAKS_UNKNOWN},
		{hangs, OG_DIAL_SPEAKS_UNKNOWN}};
	srv = ss_start(rows[_i].fn, NULL, NULL);
	struct og_dial_request r = to(port_of(srv));
	r.talk = r.h2 = true;
	dial(&r);
	is(OG_DIAL_END, OG_DIAL_OK, "");
	ck_assert_int_eq(got.speaks, rows[_i].speaks);
}
END_TEST

START_TEST(what_is_spoken_within_tls)
{
	serve_tls(says_settings, "127.0.0.1", T0, 4000000000);
	struct og_dial_request r = to(port_of(srv));
	r.tls = r.talk = r.h2 = true;
	dial(&r);
	is(OG_DIAL_END, OG_DIAL_OK, "");
	ck_assert_int_eq(got.speaks, OG_DIAL_SPEAKS_HTTP2);
}
END_TEST

/* ---- proxies ---- */

static void proxy_with(struct ss_conn *c, void *ctx)
{
	const char *answer = ctx;
	char head[64] = "";
	(void)head;
	if (ss_read(c)) {
		ss_send(c, answer);
		ss_hang(c);
	}
}

START_TEST(proxies)
{
	static const struct {
		const char *answer;
		enum og_dial_step step;
		enum og_dial_why why;
		int status;
		const char *says;
	} rows[] = {
		{"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", OG_DIAL_PROXY,
			OG_DIAL_PROXY_AUTH, 407, "wants a user name and a password"},
		{"HTTP/1.1 403 Forbidden\r\n\r\n", OG_DIAL_PROXY, OG_DIAL_PROXY_DENIED, 403,
			"refuses a tunnel to receiver.example:443 (403)"},
		{"220 mail ready\r\n\r\n", OG_DIAL_PROXY, OG_DIAL_PROXY_NO_HTTP, 0,
			"does not answer as a proxy does"},
		{"HTTP/1.1 200 OK\r\n\r\n\0", OG_DIAL_TLS, OG_DIAL_TIMEOUT, 200,
			"no TLS handshake with receiver.example in time"},
	};
	static char answer[100]; /* the server outlives the test */
	struct og_secret auth = OG_SECRET_INIT;
	(void)snprintf(answer, sizeof(answer), "%s", rows[_i].answer);
	ck_assert_int_eq(og_secret_set(&auth, "u:secret", 8, NULL), 0);
	srv = ss_start(proxy_with, answer, NULL);
	struct og_dial_request r = to(443);
	r.tls = true;
	r.host = "receiver.example";
	r.proxy_host = "127.0.0.1";
	r.proxy_port = port_of(srv);
	r.proxy_auth = &auth;
	r.timeout_ms = rows[_i].status == 200 ? 1000 : 20000;
	dial(&r);
	is(rows[_i].step, rows[_i].why, rows[_i].says);
	ck_assert_int_eq(got.proxy_status, rows[_i].status);
	ck_assert_ptr_nonnull(strstr(ss_seen(srv, 0), "CONNECT receiver.example:443 HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(
		strstr(ss_seen(srv, 0), "Proxy-Authorization: Basic dTpzZWNyZXQ=\r\n"));
	ck_assert_ptr_null(strstr(got.err.msg, "secret"));
	og_secret_fini(&auth);
}
END_TEST

START_TEST(no_memory)
{
	serve_tls(hangs, "127.0.0.1", T0, 4000000000);
	struct og_dial_request r = to(port_of(srv));
	r.tls = true;
	for (unsigned long n = 1; n < 12; n++) {
		dones = 0;
		og_mem_fault_arm(n, true);
		int rc = og_dial_start(loop, &r, NULL, NULL);
		for (int i = 0; rc == 0 && i < 400 && !dones; i++)
			og_loop_turn(loop, 50);
		og_mem_fault_disarm();
		ck_assert(rc == -OG_E_OOM || (rc == 0 && dones == 1));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dial");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, names, 0, 2);
	tcase_add_test(t, names_that_take_too_long);
	tcase_add_test(t, cancelled);
	tcase_add_test(t, refused_requests);
	tcase_add_test(t, plain);
	tcase_add_test(t, nobody_listens);
	tcase_add_test(t, tls_that_is_right);
	tcase_add_loop_test(t, certificates, 0, 4);
	tcase_add_test(t, insecure_looks_away);
	tcase_add_test(t, another_name);
	tcase_add_loop_test(t, no_tls_there, 0, 3);
	tcase_add_test(t, own_material_that_is_none);
	tcase_add_loop_test(t, what_is_spoken, 0, 5);
	tcase_add_test(t, what_is_spoken_within_tls);
	tcase_add_loop_test(t, proxies, 0, 4);
	tcase_add_test(t, no_memory);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
