/* SPDX-License-Identifier: Apache-2.0 */
#include "support/http_fixture.h"

#include <pthread.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include "otelgate/base/mem.h"
#include "otelgate/net/certs.h"

enum { WAIT_S = 15 };

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_cond = PTHREAD_COND_INITIALIZER;
static bool gate_is_open;
static unsigned gate_waiting;
static _Atomic unsigned log_lines, workers_alive, done_count[600];

bool pki_leaf(const struct pki *p, struct og_buf *cert, struct og_buf *key)
{
	static const char *const dns[] = {"localhost", "otelgate.otelgate.svc"};
	static const char *const ips[] = {"127.0.0.1", "::1"};
	struct og_leaf_opts o = {.dns_names = dns,
		.ndns = 2,
		.ips = ips,
		.nips = 2,
		.not_before = time(NULL) - 300,
		.not_after = time(NULL) + 7 * 86400};
	return og_certs_make_leaf(
		       og_buf_view(&p->ca), og_buf_view(&p->ca_key), &o, cert, key, NULL) == 0;
}

bool pki_make(struct pki *p)
{
	struct og_ca_opts o = {.common_name = "otelgate test CA",
		.not_before = time(NULL) - 3600,
		.not_after = time(NULL) + 30 * 86400};

	*p = (struct pki){0};
	return og_certs_make_ca(&o, &p->ca, &p->ca_key, NULL) == 0 &&
	       pki_leaf(p, &p->cert, &p->key);
}

void pki_fini(struct pki *p)
{
	og_buf_fini(&p->ca);
	og_buf_wipe(&p->ca_key);
	og_buf_fini(&p->cert);
	og_buf_wipe(&p->key);
}

static void echo(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	(void)ctx;
	resp->content_type = "application/json";
	og_buf_sv(resp->body, req->body);
}

static void healthz(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	(void)ctx;
	(void)req;
	resp->fixed = OG_SV("ok\n");
}

static void big(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	struct og_sv n = {0};
	char text[16] = "";

	(void)ctx;
	if (og_http_query(req, "n", &n) && n.n < sizeof(text))
		memcpy(text, n.p, n.n);
	size_t bytes = strtoul(text, NULL, 10);
	if (og_buf_reserve(resp->body, bytes))
		for (size_t i = 0; i < bytes; i++)
			og_buf_ch(resp->body, 'x');
}

static void query(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	struct og_sv v;
	(void)ctx;
	if (og_http_query(req, "a", &v))
		og_buf_sv(resp->body, v);
	else
		resp->status = 404;
}

static void fail(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	(void)ctx;
	(void)req;
	resp->body->failed = true;
}

static void which_worker(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	(void)ctx;
	og_buf_u64(resp->body, *(unsigned *)req->worker);
}

static void gate(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	pthread_mutex_lock(&gate_lock);
	gate_waiting++;
	pthread_cond_broadcast(&gate_cond);
	while (!gate_is_open)
		pthread_cond_wait(&gate_cond, &gate_lock);
	gate_waiting--;
	pthread_mutex_unlock(&gate_lock);
	echo(ctx, req, resp);
}

bool gate_wait(unsigned n)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&gate_lock);
	while (gate_waiting < n && r == 0)
		r = pthread_cond_timedwait(&gate_cond, &gate_lock, &until);
	pthread_mutex_unlock(&gate_lock);
	return r == 0;
}

static void gate_set(bool open)
{
	pthread_mutex_lock(&gate_lock);
	gate_is_open = open;
	pthread_cond_broadcast(&gate_cond);
	pthread_mutex_unlock(&gate_lock);
}

void gate_open(void)
{
	gate_set(true);
}

void gate_shut(void)
{
	gate_set(false);
}

static void on_log(void *ctx, const char *line, unsigned suppressed)
{
	(void)ctx;
	(void)line;
	(void)suppressed;
	atomic_fetch_add(&log_lines, 1);
}

static void on_done(void *ctx, const struct og_http_done *d)
{
	(void)ctx;
	if (d->status >= 0 && d->status < 600)
		atomic_fetch_add(&done_count[d->status], 1);
}

static void *worker_new(void *ctx, unsigned index)
{
	unsigned *p = og_malloc(sizeof(*p));
	(void)ctx;
	if (!p)
		return NULL;
	*p = index;
	atomic_fetch_add(&workers_alive, 1);
	return p;
}

static void worker_free(void *ctx, void *worker)
{
	(void)ctx;
	og_free(worker);
	atomic_fetch_sub(&workers_alive, 1);
}

struct og_httpd_opts fixture_opts(const struct pki *pki)
{
	static const struct og_route routes[] = {
		{"POST", "/echo", echo, NULL, OG_ROUTE_JSON | OG_ROUTE_BODY | OG_ROUTE_LIMITED},
		{"POST", "/gate", gate, NULL, OG_ROUTE_JSON | OG_ROUTE_BODY | OG_ROUTE_LIMITED},
		{"POST", "/any", echo, NULL, 0},
		{"GET", "/healthz", healthz, NULL, 0},
		{"GET", "/big", big, NULL, 0},
		{"GET", "/q", query, NULL, 0},
		{"GET", "/fail", fail, NULL, 0},
		{"GET", "/worker", which_worker, NULL, 0},
	};
	struct og_httpd_opts o = {.address = "127.0.0.1",
		.routes = routes,
		.nroutes = OG_COUNT(routes),
		.log = on_log,
		.done = on_done,
		.worker_new = worker_new,
		.worker_free = worker_free};

	if (pki) {
		o.cert_pem = og_buf_view(&pki->cert);
		o.key_pem = og_buf_view(&pki->key);
	}
	return o;
}

unsigned fixture_log_lines(void)
{
	return atomic_load(&log_lines);
}

unsigned fixture_done(int status)
{
	return atomic_load(&done_count[status]);
}

unsigned fixture_workers_alive(void)
{
	return atomic_load(&workers_alive);
}

bool fixture_until(
	const struct og_httpd *s, bool (*ok)(const struct og_httpd_stats *, uint64_t), uint64_t arg)
{
	struct og_httpd_stats st;

	for (int i = 0; i < WAIT_S * 200; i++) {
		og_httpd_stats(s, &st);
		if (ok(&st, arg))
			return true;
		(void)poll(NULL, 0, 5);
	}
	return false;
}
