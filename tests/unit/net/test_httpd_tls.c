/* SPDX-License-Identifier: Apache-2.0 */
/* What the server offers and takes of TLS. */
#include <netinet/in.h>
#include "otelgate/base/mem.h"
#include "support/http_client.h"
#include "support/http_fixture.h"
#include "support/suite.h"

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
	hc_resp_fini(&r);
	hc_close(&c);
	og_httpd_free(server);
	server = NULL;
	pki_fini(&pki);
	ck_assert_uint_eq(fixture_workers_alive(), 0);
}

static void start(void)
{
	struct og_err err = OG_ERR_INIT;
	struct og_httpd_opts o = fixture_opts(&pki);

	o.limits = (struct og_httpd_limits){
		.header_ms = LONG_MS, .body_ms = LONG_MS, .send_ms = LONG_MS, .idle_ms = LONG_MS};
	o.workers = 1;
	ck_assert_msg(og_httpd_new(&o, &server, &err) == 0, "%s", err.msg);
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

static const struct {
	int version;
	bool ok;
} versions[] = {
	{TLS1_VERSION, false},
	{TLS1_1_VERSION, false},
	{TLS1_2_VERSION, true},
	{TLS1_3_VERSION, true},
};

START_TEST(tls_versions)
{
	start();
	c = (struct hc){
		.fd = hc_tcp(AF_INET, og_httpd_port(server), SOON_MS), .timeout_ms = SOON_MS};
	ck_assert_int_eq(hc_handshake(&c, pki.ca.p, versions[_i].version, versions[_i].version),
		versions[_i].ok);
	if (versions[_i].ok)
		ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	else
		ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_uint_eq(stats().tls_errors, versions[_i].ok ? 0 : 1);
}
END_TEST

static const struct {
	int version;
	const char *suites, *groups;
	bool ok;
} offers[] = {
	{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, true},
	{TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", "P-256:P-384", true},
	{TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", "X25519:P-256", true},
	{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", NULL, false}, /* CBC */
	{TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA", NULL, false},
	{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM", NULL, false},
	{TLS1_2_VERSION, "AES128-GCM-SHA256", NULL, false}, /* no forward secrecy */
	{TLS1_2_VERSION, "ECDHE-ECDSA-NULL-SHA", NULL, false},
	{TLS1_2_VERSION, "AECDH-AES128-SHA", NULL, false}, /* no certificate */
	{TLS1_3_VERSION, NULL, "X25519", true},
	{TLS1_3_VERSION, NULL, "P-256", true},
	{TLS1_3_VERSION, NULL, "P-384", true},
	{TLS1_3_VERSION, NULL, "ffdhe2048", false},
};

START_TEST(tls_suites)
{
	start();
	c = (struct hc){.fd = hc_tcp(AF_INET, og_httpd_port(server), SOON_MS),
		.timeout_ms = SOON_MS,
		.suites = offers[_i].suites,
		.groups = offers[_i].groups};
	ck_assert_int_eq(
		hc_handshake(&c, pki.ca.p, offers[_i].version, offers[_i].version), offers[_i].ok);
	if (offers[_i].ok)
		ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	else
		ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_uint_eq(stats().tls_errors, offers[_i].ok ? 0 : 1);
}
END_TEST

/* Handshakes cost the server more than the client: one a connection, also in TLS 1.2. */
START_TEST(no_renegotiation)
{
	start();
	c = (struct hc){
		.fd = hc_tcp(AF_INET, og_httpd_port(server), SOON_MS), .timeout_ms = SOON_MS};
	ck_assert(hc_handshake(&c, pki.ca.p, TLS1_2_VERSION, TLS1_2_VERSION));
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert_int_eq(SSL_renegotiate(c.ssl), 1);
	ck_assert_int_ne(SSL_do_handshake(c.ssl), 1);
	ck_assert(fixture_until(server, conns_are, 0));
}
END_TEST

START_TEST(client_that_does_not_trust_us_is_counted)
{
	struct pki other;

	ck_assert(pki_make(&other));
	start();
	ck_assert(!hc_open(&c, og_httpd_port(server), other.ca.p));
	hc_close(&c);
	ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_uint_eq(stats().tls_errors, 1);
	pki_fini(&other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/httpd_tls");
	TCase *tc = tcase_create("tls");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, tls_versions, 0, (int)OG_COUNT(versions));
	tcase_add_loop_test(tc, tls_suites, 0, (int)OG_COUNT(offers));
	tcase_add_test(tc, no_renegotiation);
	tcase_add_test(tc, client_that_does_not_trust_us_is_counted);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
