/* SPDX-License-Identifier: Apache-2.0 */
/* Rotation and drain: nothing that a client has sent may be lost. */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <openssl/x509.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/net/certs.h"
#include "support/http_client.h"
#include "support/http_fixture.h"

enum { LOAD_THREADS = 4, SOON_MS = 10000 };

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

static void start(bool tls, unsigned workers, struct og_httpd_limits l)
{
	struct og_err err = OG_ERR_INIT;
	struct og_httpd_opts o = fixture_opts(tls ? &pki : NULL);

	o.workers = workers;
	o.limits = l;
	ck_assert_msg(og_httpd_new(&o, &server, &err) == 0, "%s", err.msg);
}

static struct og_httpd_stats stats(void)
{
	struct og_httpd_stats st;
	og_httpd_stats(server, &st);
	return st;
}

static bool generations_are(const struct og_httpd_stats *st, uint64_t n)
{
	return st->generations == n;
}
static bool inflight_is(const struct og_httpd_stats *st, uint64_t n)
{
	return st->inflight == n;
}
static bool requests_at_least(const struct og_httpd_stats *st, uint64_t n)
{
	return st->requests >= n;
}
static bool conns_are(const struct og_httpd_stats *st, uint64_t n)
{
	return st->connections == n;
}

static bool rotate_to_new_leaf(void)
{
	struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	bool ok = pki_leaf(&pki, &cert, &key) &&
		  og_httpd_rotate(server, og_buf_view(&cert), og_buf_view(&key), NULL) == 0;
	og_buf_fini(&cert);
	og_buf_wipe(&key);
	return ok;
}

static void digest_of(struct hc *h, unsigned char md[32])
{
	X509 *x = SSL_get1_peer_certificate(h->ssl);
	unsigned n = 0;

	ck_assert_ptr_nonnull(x);
	ck_assert_int_eq(X509_digest(x, EVP_sha256(), md, &n), 1);
	X509_free(x);
}

START_TEST(rotation_serves_the_new_pair)
{
	struct hc fresh;
	unsigned char old[32], new[32];

	start(true, 2, (struct og_httpd_limits){0});
	ck_assert(hc_open(&c, og_httpd_port(server), pki.ca.p));
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert(!r.close);
	ck_assert(rotate_to_new_leaf());
	ck_assert_uint_eq(stats().generations, 2);
	ck_assert(hc_open(&fresh, og_httpd_port(server), pki.ca.p));
	ck_assert(hc_get(&fresh, "/healthz") && hc_recv(&fresh, &r));
	ck_assert(!r.close);
	digest_of(&c, old);
	digest_of(&fresh, new);
	ck_assert_int_ne(memcmp(old, new, sizeof(old)), 0);
	/* the old connection is served once more, and told to go */
	ck_assert(hc_post(&c, "/echo", NULL, "{}", 2) && hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	ck_assert(r.close);
	ck_assert(hc_ended(&c, SOON_MS));
	ck_assert(fixture_until(server, generations_are, 1));
	ck_assert_uint_eq(fixture_workers_alive(), 2);
	ck_assert(hc_get(&fresh, "/healthz") && hc_recv(&fresh, &r));
	hc_close(&fresh);
	ck_assert_uint_eq(stats().rotations, 1);
}
END_TEST

START_TEST(bad_pair_changes_nothing)
{
	struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;

	start(true, 2, (struct og_httpd_limits){0});
	ck_assert(hc_open(&c, og_httpd_port(server), pki.ca.p));
	ck_assert(pki_leaf(&pki, &cert, &key));
	ck_assert_int_eq(og_httpd_rotate(server, og_buf_view(&cert), og_buf_view(&pki.key), &err),
		-OG_E_TLS);
	ck_assert_ptr_nonnull(strstr(err.msg, "certificate"));
	ck_assert_int_eq(og_httpd_rotate(server, OG_SV("x"), OG_SV("y"), &err), -OG_E_TLS);
	ck_assert_int_eq(
		og_httpd_rotate(server, og_buf_view(&cert), OG_SV(""), &err), -OG_E_INVALID);
	ck_assert_uint_eq(stats().generations, 1);
	ck_assert_uint_eq(stats().rotations, 0);
	ck_assert_uint_eq(fixture_workers_alive(), 2);
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert(!r.close);
	og_buf_fini(&cert);
	og_buf_wipe(&key);
}
END_TEST

START_TEST(plain_server_does_not_rotate)
{
	start(false, 1, (struct og_httpd_limits){0});
	ck_assert_int_eq(
		og_httpd_rotate(server, og_buf_view(&pki.cert), og_buf_view(&pki.key), NULL),
		-OG_E_INVALID);
}
END_TEST

START_TEST(rotation_waits_for_a_request_in_progress)
{
	start(true, 2, (struct og_httpd_limits){.retire_ms = 50});
	ck_assert(hc_open(&c, og_httpd_port(server), pki.ca.p));
	ck_assert(hc_post(&c, "/gate", NULL, "{}", 2));
	ck_assert(gate_wait(1));
	ck_assert(rotate_to_new_leaf());
	(void)poll(NULL, 0, 200); /* four times the time to retire */
	ck_assert_uint_eq(stats().generations, 2);
	gate_open();
	ck_assert(hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	ck_assert(r.close);
	ck_assert(fixture_until(server, generations_are, 1));
}
END_TEST

START_TEST(retired_generation_ends_although_a_client_stays_idle)
{
	start(true, 2, (struct og_httpd_limits){.retire_ms = 50});
	ck_assert(hc_open(&c, og_httpd_port(server), pki.ca.p));
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert(rotate_to_new_leaf());
	ck_assert(fixture_until(server, generations_are, 1));
	ck_assert(hc_ended(&c, SOON_MS));
}
END_TEST

/* Clients as an API server's: keep-alive, a new connection only after `Connection: close`. */
static struct {
	pthread_t threads[LOAD_THREADS];
	_Atomic bool stop;
	_Atomic uint64_t ok, failed, handshakes_refused;
	uint16_t port;
	const char *ca;
} load;

static void *load_main(void *arg)
{
	struct hc h = {.fd = -1};
	struct hc_resp resp = {0};
	static const char body[] = "{\"kind\":\"AdmissionReview\"}";

	(void)arg;
	while (!atomic_load(&load.stop)) {
		if (h.fd < 0 && !hc_open(&h, load.port, load.ca)) {
			hc_close(&h);
			atomic_fetch_add(&load.handshakes_refused, 1);
			if (atomic_load(&load.handshakes_refused) > 100)
				break;
			continue;
		}
		bool sent = hc_post(&h, "/echo", NULL, body, sizeof(body) - 1);
		if (sent && hc_recv(&h, &resp) && resp.status == 200 &&
			resp.body.len == sizeof(body) - 1)
			atomic_fetch_add(&load.ok, 1);
		else
			atomic_fetch_add(&load.failed, 1);
		if (!sent || resp.status != 200 || resp.close)
			hc_close(&h);
	}
	hc_resp_fini(&resp);
	hc_close(&h);
	return NULL;
}

static void load_start(const char *ca)
{
	load.port = og_httpd_port(server);
	load.ca = ca;
	for (int i = 0; i < LOAD_THREADS; i++)
		ck_assert_int_eq(pthread_create(&load.threads[i], NULL, load_main, NULL), 0);
}

static void load_join(void)
{
	for (int i = 0; i < LOAD_THREADS; i++)
		pthread_join(load.threads[i], NULL);
}

START_TEST(rotation_under_load_fails_no_request)
{
	start(true, 2, (struct og_httpd_limits){.age_requests = 20, .age_min_ms = 1});
	load_start(pki.ca.p);
	for (int i = 0; i < 12; i++) {
		uint64_t now = stats().requests;
		ck_assert(rotate_to_new_leaf());
		ck_assert(fixture_until(server, requests_at_least, now + 50));
	}
	atomic_store(&load.stop, true);
	load_join();
	ck_assert_uint_eq(load.failed, 0);
	ck_assert_uint_eq(load.handshakes_refused, 0);
	ck_assert_uint_ge(load.ok, 500);
	ck_assert_uint_eq(stats().rotations, 12);
	ck_assert(fixture_until(server, generations_are, 1));
	ck_assert(fixture_until(server, conns_are, 0));
	ck_assert_uint_eq(stats().aborted, 0);
}
END_TEST

START_TEST(drain_under_load_drops_no_request)
{
	struct og_err err = OG_ERR_INIT;

	start(_i, 2, (struct og_httpd_limits){0});
	load_start(_i ? pki.ca.p : NULL);
	ck_assert(fixture_until(server, requests_at_least, 200));
	og_httpd_set_closing(server); /* still accepts: the endpoints have not propagated yet */
	uint64_t now = stats().requests;
	ck_assert(fixture_until(server, requests_at_least, now + 100));
	ck_assert_msg(og_httpd_drain(server, SOON_MS, &err) == 0, "%s", err.msg);
	atomic_store(&load.stop, true);
	load_join();
	ck_assert_uint_eq(load.failed, 0);
	ck_assert_uint_eq(load.ok, og_httpd_status_count(server, 200));
	ck_assert_uint_eq(stats().connections, 0);
	ck_assert_uint_eq(stats().generations, 0);
	ck_assert_int_eq(hc_tcp(AF_INET, og_httpd_port(server), 1000), -1);
}
END_TEST

static void *drain_main(void *arg)
{
	*(int *)arg = og_httpd_drain(server, SOON_MS, NULL);
	return NULL;
}

START_TEST(drain_waits_for_the_request_in_progress)
{
	pthread_t t;
	int result = 1;

	start(true, 2, (struct og_httpd_limits){.drain_idle_ms = 20});
	ck_assert(hc_open(&c, og_httpd_port(server), pki.ca.p));
	ck_assert(hc_post(&c, "/gate", NULL, "{}", 2));
	ck_assert(gate_wait(1));
	ck_assert_int_eq(pthread_create(&t, NULL, drain_main, &result), 0);
	/* the drain has begun when nobody listens any more */
	int fd;
	while ((fd = hc_tcp(AF_INET, og_httpd_port(server), 1000)) >= 0)
		close(fd);
	gate_open();
	ck_assert(hc_recv(&c, &r));
	ck_assert_int_eq(r.status, 200);
	ck_assert(r.close);
	pthread_join(t, NULL);
	ck_assert_int_eq(result, 0);
}
END_TEST

START_TEST(drain_closes_idle_connections)
{
	start(_i, 2, (struct og_httpd_limits){.drain_idle_ms = 20});
	ck_assert(hc_open(&c, og_httpd_port(server), _i ? pki.ca.p : NULL));
	ck_assert(hc_get(&c, "/healthz") && hc_recv(&c, &r));
	ck_assert_int_eq(og_httpd_drain(server, SOON_MS, NULL), 0);
	ck_assert(hc_ended(&c, SOON_MS));
}
END_TEST

START_TEST(drain_gives_up_at_its_deadline)
{
	struct og_err err = OG_ERR_INIT;

	start(true, 2, (struct og_httpd_limits){0});
	ck_assert(hc_open(&c, og_httpd_port(server), pki.ca.p));
	ck_assert(hc_str(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
			     "Content-Length: 10\r\n\r\n{"));
	ck_assert(fixture_until(server, inflight_is, 1));
	ck_assert_int_eq(og_httpd_drain(server, 100, &err), -OG_E_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "1 requests were cut"));
	ck_assert(hc_ended(&c, SOON_MS));
}
END_TEST

START_TEST(drain_of_an_unused_server)
{
	start(true, 2, (struct og_httpd_limits){0});
	ck_assert_int_eq(og_httpd_drain(server, 1000, NULL), 0);
}
END_TEST

START_TEST(many_rotations_without_clients)
{
	start(true, 2, (struct og_httpd_limits){0});
	for (int i = 0; i < 20; i++)
		ck_assert(rotate_to_new_leaf());
	ck_assert(fixture_until(server, generations_are, 1));
	ck_assert_uint_eq(fixture_workers_alive(), 2);
}
END_TEST

static bool generations_at_most(const struct og_httpd_stats *st, uint64_t n)
{
	return st->generations <= n;
}

START_TEST(old_generations_do_not_pile_up)
{
	struct hc idle[8];

	start(true, 1, (struct og_httpd_limits){0});
	for (size_t i = 0; i < OG_COUNT(idle); i++) { /* one that stays in every generation */
		ck_assert(hc_open(&idle[i], og_httpd_port(server), pki.ca.p));
		ck_assert(hc_get(&idle[i], "/healthz") && hc_recv(&idle[i], &r));
		ck_assert(rotate_to_new_leaf());
	}
	ck_assert(fixture_until(server, generations_at_most, 4));
	ck_assert_uint_eq(stats().generations, 4);
	ck_assert(hc_ended(&idle[0], SOON_MS));
	ck_assert(hc_get(&idle[7], "/healthz") && hc_recv(&idle[7], &r));
	ck_assert_int_eq(r.status, 200);
	for (size_t i = 0; i < OG_COUNT(idle); i++)
		hc_close(&idle[i]);
}
END_TEST

START_TEST(start_survives_allocation_failures)
{
	unsigned long n = 1;
	int res = -1;

	for (; res < 0 && n < 100; n++) {
		struct og_httpd_opts o = fixture_opts(&pki);
		og_mem_fault_arm(n, false);
		res = og_httpd_new(&o, &server, NULL);
		og_mem_fault_disarm();
		if (res < 0) {
			ck_assert_int_eq(res, -OG_E_OOM);
			ck_assert_ptr_null(server);
			ck_assert_uint_eq(fixture_workers_alive(), 0);
		}
	}
	ck_assert_int_eq(res, 0);
	ck_assert_uint_gt(n, 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/httpd_life");
	TCase *tc = tcase_create("life");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rotation_serves_the_new_pair);
	tcase_add_test(tc, bad_pair_changes_nothing);
	tcase_add_test(tc, plain_server_does_not_rotate);
	tcase_add_test(tc, rotation_waits_for_a_request_in_progress);
	tcase_add_test(tc, retired_generation_ends_although_a_client_stays_idle);
	tcase_add_test(tc, rotation_under_load_fails_no_request);
	tcase_add_loop_test(tc, drain_under_load_drops_no_request, 0, 2);
	tcase_add_test(tc, drain_waits_for_the_request_in_progress);
	tcase_add_loop_test(tc, drain_closes_idle_connections, 0, 2);
	tcase_add_test(tc, drain_gives_up_at_its_deadline);
	tcase_add_test(tc, drain_of_an_unused_server);
	tcase_add_test(tc, many_rotations_without_clients);
	tcase_add_test(tc, old_generations_do_not_pile_up);
	tcase_add_test(tc, start_survives_allocation_failures);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
