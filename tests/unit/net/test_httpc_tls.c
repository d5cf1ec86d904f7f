/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client over TLS: whom it trusts, under which name, with which certificate; proxies. */
#include "otelgate/net/httpc.h"
#include "../../../src/net/httpc-priv.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/net/certs.h"
#include "support/http_fixture.h"
#include "support/httpc_run.h"
#include "support/script_server.h"
#include "support/suite.h"

static struct hrun h;
static struct ss *srv;
static struct pki pki, other;

static const struct ss_step hello[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0, SS_KEEP}, {NULL, 0, SS_KEEP}};

static void serve_steps(
	const struct ss_step *steps, struct og_sv cert, struct og_sv key, struct og_sv client_ca)
{
	void *ctx;
	const struct ss_tls t = {cert, key, client_ca};
	memcpy(&ctx, &steps, sizeof(ctx));
	srv = ss_start(NULL, ctx, &t);
	ck_assert_ptr_nonnull(srv);
}

static void serve(void)
{
	serve_steps(hello, og_buf_view(&pki.cert), og_buf_view(&pki.key), og_sv(NULL, 0));
}

static void setup(void)
{
	ck_assert(pki_make(&pki) && pki_make(&other));
	hrun_init(&h, NULL);
	h.req.tls.ca_pem = og_buf_view(&pki.ca);
}

static void teardown(void)
{
	hrun_fini(&h);
	ss_stop(og_take(srv));
	pki_fini(&pki);
	pki_fini(&other);
}

static const char *url_of(const char *host)
{
	static char url[128];
	(void)snprintf(url, sizeof(url), "https://%s:%u/x", host, ss_port(srv));
	return url;
}

static void refused(const char *says)
{
	ck_assert_msg(h.r.code == -OG_E_TLS, "%d %s", h.r.code, h.r.err.msg);
	ck_assert_msg(strstr(h.r.err.msg, says), "%s", h.r.err.msg);
	ck_assert(!h.r.sent);
	ck_assert_int_eq(h.r.status, 0);
	ck_assert_uint_eq(ss_requests(srv), 0);
}

START_TEST(a_trusted_server)
{
	serve();
	hrun(&h, url_of(_i ? "localhost" : "127.0.0.1"));
	ck_assert_msg(h.r.code == 0, "%s", h.r.err.msg);
	ck_assert_str_eq(h.body.p, "hello");
	hrun(&h, url_of(_i ? "localhost" : "127.0.0.1"));
	ck_assert_uint_eq(h.r.new_connects, 0);
}
END_TEST

START_TEST(another_ca)
{
	serve();
	h.req.tls.ca_pem = og_buf_view(&other.ca);
	hrun(&h, url_of("127.0.0.1"));
	refused("is not signed by a CA that is trusted here");
	ck_assert_msg(strstr(h.r.err.msg, "CN=") && strstr(h.r.err.msg, ", signed by /"), "%s",
		h.r.err.msg); /* and which it was */
	/* a connection that one CA has opened is not used for another one */
	h.req.tls.ca_pem = og_buf_view(&pki.ca);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, 0);
	h.req.tls.ca_pem = og_buf_view(&other.ca);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, -OG_E_TLS);
	ck_assert_uint_eq(ss_requests(srv), 1);
}
END_TEST

START_TEST(the_systems_cas_do_not_know_it)
{
	serve();
	h.req.tls.ca_pem = og_sv(NULL, 0);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, -OG_E_TLS);
	ck_assert(!h.r.sent);
}
END_TEST

/* As OpenSSL's own programs do; a CA of the request's goes before it. */
START_TEST(the_systems_cas_may_be_named)
{
	static const char *const file = "/tmp/otelgate-test-ca.XXXXXX";
	char path[64];
	struct pki *const in[] = {&pki, &other};
	struct hrun named;

	serve();
	(void)snprintf(path, sizeof(path), "%s", file);
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, in[_i]->ca.p, in[_i]->ca.len), (ssize_t)in[_i]->ca.len);
	(void)close(fd);
	ck_assert_int_eq(setenv("SSL_CERT_FILE", path, 1), 0);
	hrun_init(&named, NULL);
	hrun(&named, url_of("127.0.0.1"));
	ck_assert_msg(named.r.code == (_i ? -OG_E_TLS : 0), "%s", named.r.err.msg);
	named.req.tls.ca_pem = og_buf_view(&pki.ca);
	hrun(&named, url_of("127.0.0.1"));
	ck_assert_msg(named.r.code == 0, "%s", named.r.err.msg);
	hrun_fini(&named);
	/* one that is not there trusts nobody */
	(void)unlink(path);
	hrun_init(&named, NULL);
	hrun(&named, url_of("127.0.0.1"));
	ck_assert_int_eq(named.r.code, -OG_E_TLS);
	hrun_fini(&named);
	(void)unsetenv("SSL_CERT_FILE");
}
END_TEST

/* TLS 1.2, and for the second request another certificate, on the same connection. */
static void changes_its_certificate(struct ss_conn *c, void *ctx)
{
	struct pki *const *who = ctx;
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	bool ok = tls && SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION) == 1;

	if (ok) { /* a session that goes on shows no certificate */
		SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
		(void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	}
	for (int i = 0; i < 2 && ok; i++) {
		BIO *cert = BIO_new_mem_buf(who[i]->cert.p, (int)who[i]->cert.len);
		BIO *key = BIO_new_mem_buf(who[i]->key.p, (int)who[i]->key.len);
		X509 *x = PEM_read_bio_X509(cert, NULL, NULL, NULL);
		EVP_PKEY *k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
		if (i == 0) {
			ok = SSL_CTX_use_certificate(tls, x) == 1 &&
			     SSL_CTX_use_PrivateKey(tls, k) == 1 && (c->ssl = SSL_new(tls)) &&
			     SSL_set_fd(c->ssl, c->fd) == 1 && SSL_accept(c->ssl) == 1 &&
			     ss_read(c) && ss_send(c, hello->text);
		} else if (ss_read(c) && SSL_use_certificate(c->ssl, x) == 1 &&
			   SSL_use_PrivateKey(c->ssl, k) == 1) {
			(void)SSL_renegotiate(c->ssl);
			(void)SSL_do_handshake(c->ssl);
			(void)ss_read(c); /* the client's side of it */
		}
		X509_free(x);
		EVP_PKEY_free(k);
		BIO_free(cert);
		BIO_free(key);
	}
	SSL_CTX_free(tls);
}

/* The call that has opened the connection is over when its certificate is refused. */
START_TEST(a_certificate_that_changes_later)
{
	static struct pki *const who[] = {&pki, &other};
	struct pki *const *both = who;
	char url[128];
	void *ctx;

	memcpy(&ctx, &both, sizeof(ctx));
	srv = ss_start(changes_its_certificate, ctx, NULL);
	ck_assert_ptr_nonnull(srv);
	(void)snprintf(url, sizeof(url), "%s", url_of("127.0.0.1"));
	hrun(&h, url);
	ck_assert_msg(h.r.code == 0, "%s", h.r.err.msg);
	hrun(&h, url); /* on another connection, because the first is given up */
	ck_assert_msg(h.r.code == 0, "%s", h.r.err.msg);
	ck_assert_uint_eq(h.r.new_connects, 1);
	ck_assert_uint_eq(ss_connections(srv), 2);
	ck_assert_uint_eq(ss_requests(srv), 3);
}
END_TEST

START_TEST(a_ca_that_is_none)
{
	static const char *const texts[] = {"nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n"
							"-----END CERTIFICATE-----\n"};
	serve();
	h.req.tls.ca_pem = og_svz(texts[_i]);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_msg(h.r.code == -OG_E_TLS, "%d %s", h.r.code, h.r.err.msg);
	ck_assert_uint_eq(ss_requests(srv), 0);
}
END_TEST

START_TEST(insecure_trusts_everyone)
{
	serve();
	h.req.tls.ca_pem = og_buf_view(&other.ca);
	h.req.tls.insecure = true;
	hrun(&h, url_of("127.0.0.2"));
	ck_assert(h.r.code == 0 || h.r.refused);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, 0);
	/* and does not make such a connection good for those who look */
	h.req.tls.insecure = false;
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, -OG_E_TLS);
}
END_TEST

/* Whoever is trusted: what was read does not stay in a connection's buffer. libcurl has its own
 * view of that, which changes; tests of the program search its memory. */
START_TEST(what_was_read_is_wiped)
{
	static const struct ss_step half[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 0, SS_HANG},
		{NULL, 0, SS_KEEP}};
	struct curl_tlssessioninfo *info = NULL;
	struct og_err err = OG_ERR_INIT;

	serve_steps(half, og_buf_view(&pki.cert), og_buf_view(&pki.key), og_sv(NULL, 0));
	h.req.tls.insecure = _i;
	ck_assert_msg(hrun_start(&h, url_of("127.0.0.1"), &err) == 0, "%s", err.msg);
	while (!h.done && h.body.len < 5)
		(void)og_loop_turn(h.loop, 100);
	ck_assert_msg(!h.done, "%s", h.r.err.msg);
	ck_assert_int_eq(curl(easy_getinfo)(h.call->easy, CURLINFO_TLS_SSL_PTR, &info), CURLE_OK);
	ck_assert(info && info->internals && info->backend == CURLSSLBACKEND_OPENSSL);
	SSL *ssl = info->internals;
	ck_assert(SSL_get_options(ssl) & SSL_OP_CLEANSE_PLAINTEXT);
	ck_assert(SSL_get_mode(ssl) & SSL_MODE_RELEASE_BUFFERS);
	ck_assert_int_eq(SSL_get_verify_mode(ssl), _i ? SSL_VERIFY_NONE : SSL_VERIFY_PEER);
}
END_TEST

static void leaf(
	const char *name, int64_t from, int64_t to, struct og_buf *cert, struct og_buf *key)
{
	const char *const names[] = {name};
	int64_t now = time(NULL);
	struct og_leaf_opts o = {
		.dns_names = names, .ndns = 1, .not_before = now + from, .not_after = now + to};
	struct og_err err = OG_ERR_INIT;
	int r = og_certs_make_leaf(
		og_buf_view(&pki.ca), og_buf_view(&pki.ca_key), &o, cert, key, &err);
	ck_assert_msg(r == 0, "%s", err.msg);
}

START_TEST(names_that_do_not_match)
{
	og_auto_wipe struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	leaf("other.example.org", -60, 3600, &cert, &key);
	serve_steps(hello, og_buf_view(&cert), og_buf_view(&key), og_sv(NULL, 0));
	hrun(&h, url_of("127.0.0.1"));
	refused("is not for \"127.0.0.1\"");
	hrun(&h, url_of("localhost"));
	refused("is not for \"localhost\"");
	h.req.tls.server_name = "wrong.example.org";
	hrun(&h, url_of("127.0.0.1"));
	refused("is not for \"wrong.example.org\"");
}
END_TEST

START_TEST(another_name_to_verify)
{
	og_auto_wipe struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	char want[64];
	leaf("other.example.org", -60, 3600, &cert, &key);
	serve_steps(hello, og_buf_view(&cert), og_buf_view(&key), og_sv(NULL, 0));
	h.req.tls.server_name = "other.example.org";
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_msg(h.r.code == 0, "%s", h.r.err.msg);
	(void)snprintf(want, sizeof(want), "\r\nHost: 127.0.0.1:%u\r\n", ss_port(srv));
	ck_assert_msg(strstr(ss_seen(srv, 0), want), "%s", ss_seen(srv, 0));
	ck_assert(strncmp(ss_seen(srv, 0), "GET /x HTTP/1.1\r\n", 17) == 0);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_uint_eq(h.r.new_connects, 0);
	/* errors name the host that was asked for */
	ss_stop(og_take(srv));
	hrun(&h, "https://127.0.0.1:9/x");
	ck_assert_msg(strstr(h.r.err.msg, "127.0.0.1:9"), "%s", h.r.err.msg);
}
END_TEST

START_TEST(a_certificate_that_has_expired)
{
	og_auto_wipe struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	leaf("localhost", -3000, -1000, &cert, &key);
	serve_steps(hello, og_buf_view(&cert), og_buf_view(&key), og_sv(NULL, 0));
	hrun(&h, url_of("localhost"));
	refused("has expired");
}
END_TEST

START_TEST(a_certificate_of_tomorrow)
{
	og_auto_wipe struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	leaf("localhost", 3000, 9000, &cert, &key);
	serve_steps(hello, og_buf_view(&cert), og_buf_view(&key), og_sv(NULL, 0));
	hrun(&h, url_of("localhost"));
	refused("is not valid yet");
}
END_TEST

static void speaks_plain(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	(void)ss_send(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
	ss_hang(c);
}

START_TEST(a_server_that_speaks_plain_http)
{
	srv = ss_start(speaks_plain, NULL, NULL);
	hrun(&h, url_of("127.0.0.1"));
	refused("does not speak TLS");
}
END_TEST

static void closes(struct ss_conn *c, void *ctx)
{
	if (*(int *)ctx)
		ss_reset(c);
}

START_TEST(a_server_that_hangs_up_in_the_handshake)
{
	int way = _i;
	srv = ss_start(closes, &way, NULL);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert(h.r.code == -OG_E_TLS || h.r.code == -OG_E_IO);
	ck_assert(!h.r.sent);
	ck_assert(h.r.err.msg[0]);
}
END_TEST

/* A body that ends with the connection may be cut by anyone, since libcurl does not ask for TLS'
 * own farewell. The result says that nothing marked the end. */
static void no_farewell(struct ss_conn *c, void *ctx)
{
	(void)ctx;
	if (ss_read(c) && ss_send(c, "HTTP/1.0 200 OK\r\n\r\n{\"items\":[]}"))
		SSL_set_quiet_shutdown(c->ssl, 1);
}

START_TEST(a_truncation_attack)
{
	const struct ss_tls t = {og_buf_view(&pki.cert), og_buf_view(&pki.key), og_sv(NULL, 0)};
	srv = ss_start(no_farewell, NULL, &t);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert(h.r.code == -OG_E_IO ? h.r.reset : h.r.unmarked_end);
}
END_TEST

START_TEST(client_certificates)
{
	og_auto_wipe struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	og_auto_secret struct og_secret secret = OG_SECRET_INIT;
	serve_steps(hello, og_buf_view(&pki.cert), og_buf_view(&pki.key), og_buf_view(&pki.ca));
	/* none */
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_lt(h.r.code, 0);
	ck_assert_uint_eq(ss_requests(srv), 0);
	/* the right one; any purpose will do for this server's library, which checks the CA */
	ck_assert(pki_leaf(&pki, &cert, &key));
	ck_assert_int_eq(og_secret_set(&secret, key.p, key.len, NULL), 0);
	h.req.tls.cert_pem = og_buf_view(&cert);
	h.req.tls.key_pem = &secret;
	hrun(&h, url_of("127.0.0.1"));
	bool purpose = h.r.code != 0; /* serverAuth alone is refused by OpenSSL 3 */
	ck_assert_msg(h.r.code == 0 || strstr(h.r.err.msg, "ended the connection") ||
			      strstr(h.r.err.msg, "handshake"),
		"%s", h.r.err.msg);
	/* a key of another certificate */
	ck_assert_int_eq(og_secret_set(&secret, pki.key.p, pki.key.len, NULL), 0);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, -OG_E_TLS);
	ck_assert_msg(strstr(h.r.err.msg, "client certificate"), "%s", h.r.err.msg);
	ck_assert(!strstr(h.r.err.msg, "BEGIN"));
	/* no certificate at all */
	h.req.tls.cert_pem = OG_SV("nonsense");
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, -OG_E_TLS);
	ck_assert_uint_eq(ss_requests(srv), purpose ? 0 : 1);
}
END_TEST

/* Proxies */

/* Answers CONNECT with ctx, and then speaks for the server behind it. */
static void proxy(struct ss_conn *c, void *ctx)
{
	if (ss_read(c) && ss_send(c, ctx))
		ss_hang(c);
}

static struct ss *start_proxy(const char *answer)
{
	void *ctx;
	memcpy(&ctx, &answer, sizeof(ctx));
	struct ss *p = ss_start(proxy, ctx, NULL);
	ck_assert_ptr_nonnull(p);
	return p;
}

static const struct {
	const char *answer, *says;
	int code;
} proxies[] = {
	{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
		"refuses the tunnel with status 407: it wants a user name", -OG_E_IO},
	{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
		"refuses the tunnel with status 403", -OG_E_IO},
	{"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", "status 502", -OG_E_IO},
	{"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "does not speak TLS", -OG_E_TLS},
};

START_TEST(proxies_that_refuse)
{
	char url[80];
	struct ss *p = start_proxy(proxies[_i].answer);
	(void)snprintf(url, sizeof(url), "http://user:s3cret@127.0.0.1:%u", ss_port(p));
	h.req.proxy = url;
	hrun(&h, "https://api.example.org:6443/x");
	ck_assert_msg(h.r.code == proxies[_i].code, "%d %s", h.r.code, h.r.err.msg);
	ck_assert_msg(strstr(h.r.err.msg, proxies[_i].says), "%s", h.r.err.msg);
	ck_assert(strstr(h.r.err.msg, "api.example.org:6443"));
	ck_assert(!strstr(h.r.err.msg, "s3cret"));
	ck_assert(!h.r.sent);
	ck_assert(strncmp(ss_seen(p, 0), "CONNECT api.example.org:6443 HTTP/1.1\r\n", 39) == 0);
	ss_stop(p);
}
END_TEST

START_TEST(a_proxy_for_plain_http)
{
	char url[80];
	struct ss *p = start_proxy("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", ss_port(p));
	h.req.proxy = url;
	setenv("NO_PROXY", "*", 1); /* an explicit proxy is meant */
	hrun(&h, "http://api.example.org/x");
	ck_assert_msg(h.r.code == 0, "%s", h.r.err.msg);
	ck_assert(strncmp(ss_seen(p, 0), "GET http://api.example.org/x HTTP/1.1\r\n", 39) == 0);
	ss_stop(p);
}
END_TEST

START_TEST(a_proxy_that_is_not_there)
{
	h.req.proxy = "http://127.0.0.1:9";
	hrun(&h, "https://api.example.org/x");
	ck_assert_int_eq(h.r.code, -OG_E_IO);
	ck_assert(strstr(h.r.err.msg, "proxy"));
	h.req.proxy = "http://proxy.invalid:3128";
	hrun(&h, "https://api.example.org/x");
	ck_assert_int_eq(h.r.code, -OG_E_IO);
	ck_assert_msg(strstr(h.r.err.msg, "proxy"), "%s", h.r.err.msg);
}
END_TEST

/* The environment counts only when asked for, and never for loopback. */
START_TEST(proxies_of_the_environment)
{
	char url[80];
	struct ss *p = start_proxy("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
	serve();
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", ss_port(p));
	setenv("https_proxy", url, 1);
	setenv("ALL_PROXY", url, 1);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, 0);
	h.req.env_proxy = true;
	h.req.own_connection = true;
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, 0);
	hrun(&h, url_of("localhost"));
	ck_assert_int_eq(h.r.code, 0);
	ck_assert_uint_eq(ss_requests(p), 0);
	hrun(&h, "https://api.example.org/x");
	ck_assert_int_eq(h.r.code, -OG_E_IO);
	ck_assert_uint_eq(ss_requests(p), 1);
	h.req.env_proxy = false;
	h.req.connect_ms = 200;
	hrun(&h, "https://api.invalid/x");
	ck_assert_uint_eq(ss_requests(p), 1);
	ss_stop(p);
}
END_TEST

/* One direction; false at its end. */
static bool pass(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf));

	return n > 0 && send(to, buf, (size_t)n, MSG_NOSIGNAL) == n;
}

/* A proxy that makes the tunnel, to the server of the test. */
static void tunnel(struct ss_conn *c, void *ctx)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)ss_port(srv)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	og_auto_fd int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p[2] = {{.fd = c->fd, .events = POLLIN}, {.fd = to, .events = POLLIN}};

	if (!ss_read(c) || connect(to, (struct sockaddr *)&a, sizeof(a)) != 0 || !ss_send(c, ctx))
		return;
	for (bool open = true; open && poll(p, 2, -1) > 0;)
		for (int i = 0; i < 2; i++)
			open = open && (!p[i].revents || pass(p[i].fd, p[!i].fd));
}

/* What the proxy says of the tunnel is no part of the answer, whoever named the proxy. */
START_TEST(the_answer_through_a_tunnel)
{
	static const struct ss_step missing[] = {
		{"HTTP/1.1 404 Not Found\r\nX-From: server\r\nContent-Length: 5\r\n\r\nhello", 0,
			SS_KEEP},
		{NULL, 0, SS_KEEP}};
	static char made[] = "HTTP/1.1 200 Connection established\r\nX-From: proxy\r\n\r\n";
	char url[80];

	serve_steps(missing, og_buf_view(&pki.cert), og_buf_view(&pki.key), og_sv(NULL, 0));
	struct ss *p = ss_start(tunnel, made, NULL);
	ck_assert_ptr_nonnull(p);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", ss_port(p));
	setenv("https_proxy", url, 1);
	h.req.env_proxy = _i;
	h.req.proxy = _i ? NULL : url;
	h.req.tls.server_name = "localhost";
	hrun(&h, "https://api.example.org:6443/x");
	ck_assert_msg(h.r.code == 0, "%s", h.r.err.msg);
	ck_assert_int_eq(h.r.status, 404);
	ck_assert_str_eq(h.body.p, "hello");
	ck_assert_uint_eq(ss_requests(srv), 1);
	ck_assert(strncmp(ss_seen(p, 0), "CONNECT api.example.org:6443 HTTP/1.1\r\n", 39) == 0);
	ss_stop(p);
}
END_TEST

/* gzip: decoded as it comes, with the limit on what comes out. */
struct bits {
	unsigned char *p;
	size_t n; /* bits */
};

/* `code` with its highest bit first (Huffman codes, RFC 1951 §3.1.1). */
static void put_code(struct bits *b, unsigned code, unsigned nbits)
{
	for (unsigned i = nbits; i-- > 0; b->n++) {
		if (code >> i & 1)
			b->p[b->n / 8] |= (unsigned char)(1U << (b->n % 8));
	}
}

static void put_le32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

/* 1 + 258 * k blanks: a literal, then copies of 258 bytes from one byte back, 13 bits each. */
static size_t gzipped(char *out, size_t size, size_t plain)
{
	static const unsigned char head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
	ck_assert_uint_eq(plain % 258, 1);
	ck_assert_uint_gt(size, plain / 150 + 40);
	memset(out, 0, size);
	memcpy(out, head, sizeof(head));
	struct bits b = {(unsigned char *)out + sizeof(head), 0};
	put_code(&b, 1, 1); /* last block */
	put_code(&b, 2, 2); /* fixed codes: 01, lowest bit first */
	put_code(&b, 0x30 + ' ', 8);
	for (size_t i = 0; i < plain / 258; i++) {
		put_code(&b, 0xc5, 8); /* length 258 */
		put_code(&b, 0, 5);    /* distance 1 */
	}
	put_code(&b, 0, 7); /* end of block */
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < plain; i++) {
		crc ^= ' ';
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	unsigned char *tail = b.p + (b.n + 7) / 8;
	put_le32(tail, ~crc);
	put_le32(tail + 4, (uint32_t)plain);
	return (size_t)(tail + 8 - (unsigned char *)out);
}

enum { BIG = 258 * 20000 + 1 };

static struct ss_step gzip_step(size_t plain, size_t cut, size_t *ret_n)
{
	static char text[1 << 20], packed[1 << 19];
	size_t n = gzipped(packed, sizeof(packed), plain);
	int head = snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		n - cut);
	memcpy(text + head, packed, n - cut);
	*ret_n = n;
	return (struct ss_step){text, (size_t)head + n - cut, SS_KEEP};
}

START_TEST(gzip_is_decoded)
{
	size_t n;
	const struct ss_step steps[] = {gzip_step(BIG, 0, &n), {NULL, 0, SS_KEEP}};
	serve_steps(steps, og_buf_view(&pki.cert), og_buf_view(&pki.key), og_sv(NULL, 0));
	h.req.accept_gzip = true;
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_msg(h.r.code == 0, "%s", h.r.err.msg);
	ck_assert_uint_eq(h.r.body_bytes, BIG);
	ck_assert_uint_lt(h.r.wire_bytes, n + 500);
	ck_assert(strstr(ss_seen(srv, 0), "\r\nAccept-Encoding: gzip\r\n"));
	/* a bomb */
	h.req.max_bytes = 1 << 20;
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, -OG_E_LIMIT);
	/* not asked for, not decoded */
	h.req.accept_gzip = false;
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_int_eq(h.r.code, 0);
	ck_assert_uint_eq(h.r.body_bytes, n);
}
END_TEST

START_TEST(gzip_that_is_broken)
{
	static const struct ss_step nonsense[] = {{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
						   "Content-Length: 9\r\n\r\nnot gzip!",
							  0, SS_KEEP},
		{NULL, 0, SS_KEEP}};
	serve_steps(nonsense, og_buf_view(&pki.cert), og_buf_view(&pki.key), og_sv(NULL, 0));
	h.req.accept_gzip = true;
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_msg(h.r.code == -OG_E_PARSE, "%d %s", h.r.code, h.r.err.msg);
}
END_TEST

/* Cut inside a body that is complete for HTTP: libcurl does not see it, the content has to tell. */
START_TEST(gzip_that_is_cut)
{
	size_t n;
	const struct ss_step steps[] = {gzip_step(258 * 400 + 1, 20, &n), {NULL, 0, SS_KEEP}};
	serve_steps(steps, og_buf_view(&pki.cert), og_buf_view(&pki.key), og_sv(NULL, 0));
	h.req.accept_gzip = true;
	hrun(&h, url_of("127.0.0.1"));
	ck_assert(h.r.code < 0 || h.r.body_bytes < 258 * 400 + 1);
}
END_TEST

/* Each allocation of ours and of libcurl's fails once, alone or with all that follow: the call ends
 * with an answer or an error, in time, and the next one is fine. */
START_TEST(memory_runs_out)
{
	const bool sticky = _i == 1;
	serve();
	h.req.accept_gzip = true;
	h.req.tls.server_name = "localhost";
	h.req.total_ms = 8000;
	unsigned long total = 1;
	for (unsigned long n = 0; n <= total; n++) { /* 0 counts them */
		struct og_err err = OG_ERR_INIT;
		const char *url = url_of("127.0.0.1");
		og_httpc_drop_idle(h.c);
		h.call = NULL;
		og_mem_fault_arm(n, sticky);
		int rc = hrun_start(&h, url, &err);
		bool ended = rc < 0 || hrun_wait(&h);
		unsigned long seen = og_mem_fault_disarm();
		total = seen > total ? seen : total;
		ck_assert_msg(ended, "%lu", n);
		ck_assert_msg(rc == 0 || (rc == -OG_E_OOM && err.msg[0]), "%lu: %s", n, err.msg);
		ck_assert_msg(rc < 0 || h.r.code != -OG_E_TIMEOUT, "%lu: %s", n, h.r.err.msg);
		ck_assert(rc < 0 || h.r.code < 0 || h.r.status == 200);
	}
	ck_assert_uint_gt(total, 50);
	hrun(&h, url_of("127.0.0.1"));
	ck_assert_msg(h.r.code == 0, "%s", h.r.err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/httpc_tls");
	TCase *tc = tcase_create("tls");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_trusted_server, 0, 2);
	tcase_add_test(tc, another_ca);
	tcase_add_test(tc, the_systems_cas_do_not_know_it);
	tcase_add_loop_test(tc, the_systems_cas_may_be_named, 0, 2);
	tcase_add_test(tc, a_certificate_that_changes_later);
	tcase_add_loop_test(tc, a_ca_that_is_none, 0, 2);
	tcase_add_test(tc, insecure_trusts_everyone);
	tcase_add_loop_test(tc, what_was_read_is_wiped, 0, 2);
	tcase_add_test(tc, names_that_do_not_match);
	tcase_add_test(tc, another_name_to_verify);
	tcase_add_test(tc, a_certificate_that_has_expired);
	tcase_add_test(tc, a_certificate_of_tomorrow);
	tcase_add_test(tc, a_server_that_speaks_plain_http);
	tcase_add_loop_test(tc, a_server_that_hangs_up_in_the_handshake, 0, 2);
	tcase_add_test(tc, a_truncation_attack);
	tcase_add_test(tc, client_certificates);
	tcase_add_loop_test(tc, proxies_that_refuse, 0, (int)OG_COUNT(proxies));
	tcase_add_test(tc, a_proxy_for_plain_http);
	tcase_add_test(tc, a_proxy_that_is_not_there);
	tcase_add_test(tc, proxies_of_the_environment);
	tcase_add_loop_test(tc, the_answer_through_a_tunnel, 0, 2);
	tcase_add_test(tc, gzip_is_decoded);
	tcase_add_test(tc, gzip_that_is_broken);
	tcase_add_test(tc, gzip_that_is_cut);
	tcase_add_loop_test(tc, memory_runs_out, 0, 2);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
