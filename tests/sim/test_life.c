/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts, connections, hostile requests. */
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include "contract/cluster.h"
#include "otelgate/base/mem.h"
#include "sim/test.h"

/* Length of what was written. */
static size_t put_text(char *at, size_t room, const char *text)
{
	int n = snprintf(at, room, "%s", text);

	return n > 0 ? (size_t)n : 0;
}

#define CMS "/api/v1/namespaces/@/configmaps"

START_TEST(start_and_stop)
{
	struct og_sim *a = NULL, *b = NULL;
	struct og_sim_opts taken = {.port = og_sim_port(ct_sim())};
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(og_sim_start(NULL, &a, &err), 0);
	ck_assert_uint_ne(og_sim_port(a), og_sim_port(ct_sim()));
	ck_assert_str_ne(og_sim_ca_pem(a), og_sim_ca_pem(ct_sim()));
	ck_assert_int_eq(og_sim_start(&taken, &b, &err), -OG_E_IO);
	ck_assert_ptr_null(b);
	og_sim_stop(a);
	og_sim_stop(NULL);
}
END_TEST

START_TEST(restart_keeps_objects)
{
	char url[64];

	snprintf(url, sizeof(url), "%s", og_sim_url(ct_sim()));
	ct_configmap("a", "1");
	ck_assert_int_eq(og_sim_restart(ct_sim(), NULL, NULL), 0);
	ck_assert_str_eq(url, og_sim_url(ct_sim()));
	ct_try("GET", CMS, NULL); /* the connection of before is gone */
	ct_want(200, "GET", CMS "/a", NULL);
}
END_TEST

START_TEST(restart_with_and_without_history)
{
	struct og_sim_restart_opts jump = {.rv_jump = 5000}, lose = {.lose_history = true};
	struct ct_reply *a = ct_configmap("a", "1");
	struct ct_watch *w;
	char path[256], rv[32];

	snprintf(rv, sizeof(rv), "%s", ct_rv(a));
	ct_configmap("b", "1");
	ck_assert_int_eq(og_sim_restart(ct_sim(), &jump, NULL), 0);
	ck_assert_uint_gt(og_sim_rv(ct_sim()), 6000);
	snprintf(path, sizeof(path), CMS "?watch=true&timeoutSeconds=2&resourceVersion=%s", rv);
	w = ct_watch(path, 1, 10);
	ck_assert_str_eq(ct_event(w, 0), "ADDED b");
	ck_assert_int_eq(og_sim_restart(ct_sim(), &lose, NULL), 0);
	w = ct_watch(path, 1, 10);
	ck_assert_int_eq(ct_int(w->events, "0.object.code"), 410);
}
END_TEST

START_TEST(down_and_up)
{
	og_sim_down(ct_sim());
	ck_assert_int_eq(ct_try("GET", CMS, NULL)->rc, CURLE_COULDNT_CONNECT);
	ck_assert_int_eq(og_sim_up(ct_sim(), NULL), 0);
	ck_assert_int_eq(og_sim_up(ct_sim(), NULL), 0);
	ct_want(200, "GET", CMS, NULL);
}
END_TEST

START_TEST(restart_by_fault)
{
	bool back = false;

	fault("{'match':{'verb':'list'},'action':{'type':'restart','ms':50,'rvJump':100}}");
	ct_opt.token =
		og_sim_admin_token(ct_sim()); /* a new connection: curl repeats on old ones */
	ck_assert_int_ne(ct_try("GET", CMS, NULL)->rc, CURLE_OK);
	/* it goes down a moment later; the version jumps while nobody listens */
	while (!back)
		back = og_sim_rv(ct_sim()) > 1100 && ct_try("GET", CMS, NULL)->rc == CURLE_OK;
	ck_assert(back);
}
END_TEST

struct puller {
	char rv[32];
	int rc;
};

/* A watch on a handle of its own; ends when the server ends it. */
static void *pull(void *arg)
{
	struct puller *p = arg;
	CURL *c = curl_easy_init();
	struct curl_slist *h = NULL;
	char url[512], auth[128];

	snprintf(url, sizeof(url), "%s/api/v1/configmaps?watch=true&resourceVersion=%s",
		og_sim_url(ct_sim()), p->rv);
	snprintf(auth, sizeof(auth), "Authorization: Bearer %s", og_sim_admin_token(ct_sim()));
	h = curl_slist_append(h, auth);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 20L);
	p->rc = (int)curl_easy_perform(c);
	curl_slist_free_all(h);
	curl_easy_cleanup(c);
	return NULL;
}

START_TEST(watches_are_cut)
{
	struct puller p = {.rc = -1};
	pthread_t t;

	snprintf(p.rv, sizeof(p.rv), "%s", ct_rv(ct_want(200, "GET", CMS, NULL)));
	ck_assert_int_eq(pthread_create(&t, NULL, pull, &p), 0);
	while (!og_sim_watches(ct_sim()))
		sched_yield();
	og_sim_drop_connections(ct_sim());
	pthread_join(t, NULL);
	ck_assert_int_ne(p.rc, CURLE_OK);
	ck_assert_int_ne(p.rc, CURLE_OPERATION_TIMEDOUT);
	ck_assert_uint_eq(og_sim_watches(ct_sim()), 0);
}
END_TEST

START_TEST(connections_are_kept)
{
	uint64_t before;

	ct_want(200, "GET", CMS, NULL);
	before = og_sim_connections(ct_sim());
	for (int i = 0; i < 5; i++)
		ct_want(200, "GET", CMS, NULL);
	ck_assert_uint_eq(og_sim_connections(ct_sim()), before);
	ck_assert_uint_ge(og_sim_requests(ct_sim(), "list", "configmaps"), 6);
	ck_assert_uint_eq(og_sim_requests(ct_sim(), "list", "pods"), 0);
	og_sim_clear_requests(ct_sim());
	ck_assert_uint_eq(og_sim_requests(ct_sim(), NULL, NULL), 0);
}
END_TEST

START_TEST(large_bodies)
{
	size_t n = 3 * 1024 * 1024 + 64;
	char *big = malloc(n);
	struct ct_reply *r;

	memset(big, ' ', n);
	big[0] = '{';
	big[n - 2] = '}';
	big[n - 1] = '\0';
	r = ct("POST", CMS, big);
	ct_status(r, 413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728");
	free(big);
	ct_want(200, "GET", CMS, NULL);
}
END_TEST

START_TEST(large_heads)
{
	char *path = malloc(70000);

	memset(path, 'x', 69999);
	path[69999] = '\0';
	memcpy(path, "/api?", 5);
	ct_opt.agent = path;
	ck_assert_int_ne(ct_try("GET", "/api", NULL)->rc, CURLE_OK);
	free(path);
	ct_want(200, "GET", CMS, NULL);
}
END_TEST

START_TEST(deep_bodies)
{
	static const int depths[] = {1500, 3000};

	for (size_t k = 0; k < 2; k++) {
		size_t n = (size_t)depths[k];
		char *body = malloc(8 * n + 128), *at = body;

		at += put_text(at, 128, "{\"metadata\":{\"name\":\"a\"},\"data\":");
		for (size_t i = 0; i < n; i++)
			at += put_text(at, 8, "{\"a\":");
		*at++ = '1';
		memset(at, '}', n + 1);
		at[n + 1] = '\0';
		/* within the limits of the reader it is taken, recursion or not; beyond them
		 * refused */
		ck_assert_int_eq(ct("POST", CMS "?dryRun=All", body)->code, k ? 400 : 201);
		free(body);
	}
}
END_TEST

START_TEST(odd_requests)
{
	ct_want(405, "BREW", CMS, NULL);
	ct_want(405, "POST", CMS "/a", "{}");
	ct_want(404, "GET", "//////", NULL);
	ct_want(404, "GET", "/api/v1/namespaces/@/configmaps/a/b/c/d/e", NULL);
	ct_want(400, "GET", CMS "?limit=x", NULL);
	ct_want(400, "POST", CMS, "{'metadata':{'name':'a'},'metadata':");
	ct_want(200, "GET", CMS "?&&&=&a&=b", NULL);
}
END_TEST

Suite *suite_life(void)
{
	Suite *s = suite_create("sim: life");

	CT_CASE(s, "restart", start_and_stop, restart_keeps_objects,
		restart_with_and_without_history, down_and_up, restart_by_fault);
	CT_CASE(s, "connections", watches_are_cut, connections_are_kept);
	CT_CASE(s, "hostile", large_bodies, large_heads, deep_bodies, odd_requests);
	return s;
}
