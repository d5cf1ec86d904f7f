/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rotation [RATE [ROTATIONS]]: reviews at that rate (600 a second) over TLS against three replicas
 * in a simulated cluster, while the CA is replaced that many times (5) and caBundle is wiped once.
 * Each review has to be answered with a patch.
 *
 * Clients are as an API server is: connections are kept, some are recycled, the server may end
 * them, and each new one trusts what caBundle holds at that moment and nothing else. They send by a
 * clock, so that a slow answer does not slow the next review down. While caBundle is empty nobody
 * can make a connection; those who want one wait, and how many do is told.
 *
 * Exit code: 0 nothing was lost, 1 something was.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"

#include "../unit/webhook/world.inc"
#include "bench/reviews.h"

enum {
	REPLICAS = 3,
	CLIENTS = 32,
	PER_CONNECTION = 25, /* reviews, then it is recycled */
	CA_MS = 30000,	     /* a new one is made with a third of it left: one in 20 s */
	LEAF_MS = 10000,
	SETTLE_MS = 2000, /* what an API server read of caBundle holds for so long */
	STEPS = 2000,	  /* of the table of times, 0.1 ms each */
	SEEN = 64,
};

static struct {
	unsigned rate, rotations;
	struct og_buf review;
	int64_t begin_ns;
	_Atomic bool over;
	_Atomic unsigned next, sent, injected, lost, connections, waited, stale, late;
	_Atomic unsigned times[STEPS];
	_Atomic int64_t wiped_ns, most_ns;
	pthread_mutex_t lock;
	char why[300];
	pthread_t clients[CLIENTS];
} load = {.rate = 600, .rotations = 5, .lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t now_ns(void)
{
	return og_clock_mono_ns(og_clock_system());
}

static void pause_until(int64_t ns)
{
	struct timespec t = {ns / OG_NS_PER_S, ns % OG_NS_PER_S};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;
}

static void lost(const char *what)
{
	pthread_mutex_lock(&load.lock);
	if (!atomic_fetch_add(&load.lost, 1))
		(void)snprintf(load.why, sizeof(load.why), "after %.1f s: %s",
			(double)(now_ns() - load.begin_ns) / 1e9, what);
	pthread_mutex_unlock(&load.lock);
}

/* The bundle as it is published now; waits for one when it was wiped. False = it is over. */
static bool published(struct og_buf *ca)
{
	bool waited = false;

	for (;;) {
		ca_bundle(ca);
		if (ca->len || atomic_load(&load.over))
			return ca->len > 0;
		if (!waited)
			atomic_fetch_add(&load.waited, 1);
		waited = true;
		(void)poll(NULL, 0, 5);
	}
}

/*
 * A new connection to a replica. Who was kept from the processor for so long that a bundle may have
 * changed twice since it was read reads it again: no API server is that far behind.
 */
static bool connected(struct hc *h, unsigned n)
{
	og_auto_buf struct og_buf ca = OG_BUF_INIT(0);

	for (;;) {
		int64_t at = now_ns();
		if (!published(&ca))
			return false;
		atomic_fetch_add(&load.connections, 1);
		if (hc_open(h, w.r[n % REPLICAS].port, og_buf_view(&ca).p))
			return true;
		hc_close(h);
		if (now_ns() - at < SETTLE_MS * OG_NS_PER_MS) {
			lost("no connection, or it is not trusted");
			return false;
		}
		atomic_fetch_add(&load.stale, 1);
	}
}

static bool asked(struct hc *h, struct hc_resp *resp)
{
	int64_t at = now_ns();

	atomic_fetch_add(&load.sent, 1);
	if (!hc_post(h, "/mutate?timeout=3s", NULL, load.review.p, load.review.len) ||
		!hc_recv(h, resp)) {
		lost("no answer");
		return false;
	}
	int64_t took = now_ns() - at, most = atomic_load(&load.most_ns);
	while (took > most && !atomic_compare_exchange_weak(&load.most_ns, &most, took))
		;
	int64_t step = took / (OG_NS_PER_MS / 10);
	atomic_fetch_add(&load.times[step < STEPS ? step : STEPS - 1], 1);
	if (resp->status == 200 && strstr(resp->body.p, "\"patch\":"))
		atomic_fetch_add(&load.injected, 1);
	else
		lost(resp->status == 200 ? "not injected" : "not 200");
	return !resp->close;
}

static void *client_main(void *arg)
{
	unsigned replica = (unsigned)(size_t)arg, left = 0;
	struct hc_resp resp = {0};
	struct hc h = {.fd = -1};

	while (!atomic_load(&load.over)) {
		int64_t due = load.begin_ns +
			      (int64_t)atomic_fetch_add(&load.next, 1) * OG_NS_PER_S / load.rate;
		if (now_ns() > due + OG_NS_PER_S)
			atomic_fetch_add(&load.late, 1);
		pause_until(due);
		if (!left) {
			hc_close(&h);
			if (!connected(&h, replica++))
				continue;
			left = PER_CONNECTION;
		}
		left = asked(&h, &resp) ? left - 1 : 0;
	}
	hc_close(&h);
	hc_resp_fini(&resp);
	return NULL;
}

static double milliseconds(double share)
{
	unsigned all = 0, n = 0;

	for (int i = 0; i < STEPS; i++)
		all += atomic_load(&load.times[i]);
	for (int i = 0; i < STEPS; i++)
		if ((n += atomic_load(&load.times[i])) >= share * all)
			return (i + 1) / 10.0;
	return 0;
}

/* ---- the cluster ---- */

static double sum(const char *name)
{
	double n = 0;

	for (int i = 0; i < REPLICAS; i++)
		n += metric(i, name);
	return n;
}

/* The review's pod has an owner, which the replicas know. */
static void owners(void)
{
	TRY(og_sim_put(w.sim,
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
		"\"web\",\"namespace\":\"shop\",\"uid\":\"u-web\"},\"spec\":{\"replicas\":0}}",
		err));
	TRY(og_sim_put(w.sim,
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":"
		"\"web-6d5f7c9b8\",\"namespace\":\"shop\",\"uid\":"
		"\"0b9c3f62-1d1f-4c58-9b5e-7a5d0f1f2e3d\",\"ownerReferences\":[{\"apiVersion\":"
		"\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"web\",\"uid\":\"u-web\","
		"\"controller\":true}]},\"spec\":{\"replicas\":0}}",
		err));
}

static void replicas(void)
{
	for (int i = 0; i < REPLICAS; i++) {
		struct og_webhook_cluster_opts *o = &replica_opts(i)->cluster;
		o->ca_ms = CA_MS;
		o->leaf_ms = LEAF_MS;
		o->settle_ms = SETTLE_MS;
		replica_run(i);
	}
	for (int i = 0; i < REPLICAS; i++)
		replica_serves(i);
	bundle_until(true);
}

/* As `kubectl apply` of the registration after a deletion: without caBundle. */
static void wipe(void)
{
	og_auto_buf struct og_buf ca = OG_BUF_INIT(0);
	int64_t at = now_ns();

	TRY(og_sim_delete(w.sim, "mutatingwebhookconfigurations.admissionregistration.k8s.io", NULL,
		"otelgate", err));
	cluster_registration();
	for (ca_bundle(&ca); !ca.len; ca_bundle(&ca))
		(void)poll(NULL, 0, 1);
	atomic_store(&load.wiped_ns, now_ns() - at);
}

static void rotate(void)
{
	double first = sum("otelgate_ca_rotations_total"), said = 0, n = 0;
	bool wiped = false;

	while (n < load.rotations && !atomic_load(&load.lost)) {
		n = sum("otelgate_ca_rotations_total") - first;
		if (n > said) {
			printf("%6.1f s: rotation %.0f, %u reviews, %u lost\n",
				(double)(now_ns() - load.begin_ns) / 1e9, n,
				atomic_load(&load.sent), atomic_load(&load.lost));
			(void)fflush(stdout);
		}
		said = n;
		if (!wiped && n > load.rotations / 2) {
			wipe();
			wiped = true;
		}
		(void)poll(NULL, 0, 100);
	}
	/* the latest one takes its whole course: nothing of the CA before is trusted any more */
	int64_t end = now_ns() + (SETTLE_MS + LEAF_MS) * OG_NS_PER_MS;
	while (now_ns() < end && !atomic_load(&load.lost))
		(void)poll(NULL, 0, 100);
}

START_TEST(nothing_is_lost)
{
	cluster_init(0);
	owners();
	replicas();
	bench_review(&load.review, 1, 5, true);
	ck_assert(!load.review.failed);
	load.begin_ns = now_ns();
	for (size_t i = 0; i < CLIENTS; i++)
		ck_assert_int_eq(pthread_create(&load.clients[i], NULL, client_main, (void *)i), 0);
	rotate();
	double rotations = sum("otelgate_ca_rotations_total"),
	       leaves = sum("otelgate_certificates_made_total");
	atomic_store(&load.over, true);
	for (size_t i = 0; i < CLIENTS; i++)
		pthread_join(load.clients[i], NULL);
	double s = (double)(now_ns() - load.begin_ns) / 1e9;
	printf("%u reviews of %zu bytes in %.1f s: %.1f a second (%u wanted), %u injected, %u lost\n",
		load.sent, load.review.len, s, load.sent / s, load.rate, load.injected, load.lost);
	printf("%.0f new CAs, %.0f certificates of %d replicas, %u connections made, each verified by "
	       "caBundle\n",
		rotations, leaves, REPLICAS, load.connections);
	printf("answered within %.1f ms (half), %.1f ms (99 of 100), %.1f ms (all); %u sent more than a "
	       "second late\n",
		milliseconds(0.5), milliseconds(0.99), (double)atomic_load(&load.most_ns) / 1e6,
		load.late);
	printf("caBundle wiped: back after %.0f ms, %u clients waited for it; %u handshakes took longer "
	       "than a bundle settles\n",
		(double)atomic_load(&load.wiped_ns) / 1e6, load.waited, load.stale);
	cluster_fini();
	og_buf_fini(&load.review);
	ck_assert_msg(!load.lost, "%u lost; %s", load.lost, load.why);
	ck_assert_uint_eq(load.injected, load.sent);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("rotation");
	TCase *t = tcase_create("rotation");
	SRunner *r = srunner_create(s);

	if ((argc > 1 && og_parse_u32(og_svz(argv[1]), 1, 100000, &load.rate, NULL) < 0) ||
		(argc > 2 && og_parse_u32(og_svz(argv[2]), 1, 9, &load.rotations, NULL) < 0) ||
		argc > 3) {
		(void)fputs(
			"usage: rotation [RATE [ROTATIONS]], at most 9 of them: a replica makes "
			"three CAs in ten minutes\n",
			stderr);
		srunner_free(r);
		return 2;
	}
	tcase_add_test(t, nothing_is_lost);
	suite_add_tcase(s, t);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
