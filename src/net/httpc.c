/* SPDX-License-Identifier: Apache-2.0 */
/* Calls and their life: libcurl's multi handle on the loop's descriptors and timers. */
#include "httpc-priv.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "otelgate/base/mem.h"

static void release(struct og_httpc *c);

/* From here on libcurl runs: its handles may not be added or removed by callbacks. */
static void enter(struct og_httpc *c)
{
	c->depth++;
	c->holding++;
}

static void remove_from_multi(struct og_httpc_call *call)
{
	struct og_httpc *c = call->c;
	if (!call->added)
		return;
	call->added = false;
	httpc_sock_let_go(c, call);
	(void)curl(multi_remove_handle)(c->multi, call->easy);
	httpc_sock_forget(c, call);
}

static void unlink_call(struct og_httpc_call *call)
{
	struct og_httpc *c = call->c;
	og_timer_cancel(c->loop, &call->phase);
	og_timer_cancel(c->loop, &call->total);
	if (call->prev)
		call->prev->next = call->next;
	else
		c->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	remove_from_multi(call);
	c->stats.active--;
}

static void fill_info(const struct og_httpc_call *call, struct og_httpc_result *r)
{
	long n = 0;
	curl_off_t body = 0;
	CURL *e = call->easy;
	r->status = call->head.complete ? call->head.status : 0;
	r->sent = call->sendings > 0;
	r->body_bytes = call->body_bytes;
	r->unmarked_end = call->head.complete && !call->head.length && !call->head.chunked &&
			  call->body_bytes > 0;
	if (curl(easy_getinfo)(e, CURLINFO_SIZE_DOWNLOAD_T, &body) == CURLE_OK && body > 0)
		r->wire_bytes = (uint64_t)body;
	if (curl(easy_getinfo)(e, CURLINFO_HEADER_SIZE, &n) == CURLE_OK && n > 0)
		r->wire_bytes += (uint64_t)n;
	if (curl(easy_getinfo)(e, CURLINFO_NUM_CONNECTS, &n) == CURLE_OK && n > 0)
		r->new_connects = (unsigned)n;
	r->took_ns = og_loop_now_ns(call->c->loop) - call->begin_ns;
	struct og_httpc_stats *s = &call->c->stats;
	s->bytes_in += r->wire_bytes;
	if (curl(easy_getinfo)(e, CURLINFO_REQUEST_SIZE, &n) == CURLE_OK && n > 0)
		s->bytes_out += (uint64_t)n;
	s->failed += r->code != 0;
}

/* Takes the call out, tells its owner, frees it. Not inside libcurl. */
static void finish(struct og_httpc_call *call, struct og_httpc_result *r)
{
	struct og_httpc *c = call->c;
	c->holding++;
	fill_info(call, r);
	unlink_call(call);
	call->on_done(call->ctx, r);
	httpc_call_free(call);
	release(c);
}

static void finish_limit(struct og_httpc_call *call, enum httpc_limit what)
{
	struct og_httpc_result r = {.code = 0};
	httpc_explain_limit(call, what, &r);
	finish(call, &r);
}

static void finish_no_memory(struct og_httpc_call *call)
{
	struct og_httpc_result r = {.code = 0};
	r.code = og_err_set(&r.err, OG_E_OOM, "no memory for a request to %s", call->hostport);
	finish(call, &r);
}

static void fail_later(struct og_httpc_call *call, enum og_code code)
{
	call->failed = code;
	(void)og_timer_at(call->c->loop, &call->c->repair, 0, call->c->repair.fn_, call->c);
}

static CURLM *make_multi(struct og_httpc *c);

static bool add_to_multi(struct og_httpc_call *call)
{
	if (!call->c->multi)
		call->c->multi = make_multi(call->c);
	call->added = call->c->multi &&
		      curl(multi_add_handle)(call->c->multi, call->easy) == CURLM_OK;
	return call->added;
}

/* What had to wait while libcurl ran. */
static void settle(struct og_httpc *c)
{
	for (struct og_httpc_call *call = c->calls, *next; call; call = next) {
		next = call->next;
		if (call->dead) {
			unlink_call(call);
			httpc_call_free(call);
		} else if (!call->added && !call->failed && !add_to_multi(call)) {
			fail_later(call, OG_E_OOM);
		}
	}
}

/* The list is begun anew after each, since owners may do anything. */
static void end_failed(struct og_httpc *c)
{
	for (bool again = true; again && !c->closed;) {
		again = false;
		for (struct og_httpc_call *call = c->calls; call && !again; call = call->next) {
			if (!call->failed || call->dead)
				continue;
			finish_no_memory(call);
			again = true;
		}
	}
}

/* After drive has found libcurl in disorder: all calls end, those that their owners start meanwhile
 * go to another multi handle. */
static void begin_anew(struct og_httpc *c)
{
	c->starved = false;
	c->depth++;
	end_failed(c);
	c->depth--;
	for (struct og_httpc_call *call = c->calls; call; call = call->next) {
		remove_from_multi(call);
	}
	(void)curl(multi_cleanup)(c->multi);
	c->multi = NULL;
}

/* libcurl has returned: ended calls are told, one by one, since their owners may do anything. */
static void leave(struct og_httpc *c)
{
	CURLMsg *m;
	int left;
	if (--c->depth == 0) {
		if (c->starved)
			begin_anew(c);
		settle(c);
		while (!c->closed && c->multi && (m = curl(multi_info_read)(c->multi, &left))) {
			struct og_httpc_call *call = NULL;
			struct og_httpc_result r = {.code = 0};
			if (m->msg != CURLMSG_DONE)
				continue;
			CURLcode cc = m->data.result;
			if (curl(easy_getinfo)(m->easy_handle, CURLINFO_PRIVATE, &call) || !call)
				continue;
			httpc_explain(call, cc, &r);
			finish(call, &r);
		}
	}
	release(c);
}

/*
 * When memory is out, libcurl may have left any of its transfers without a watched socket, does not
 * say which, and divides by zero when a socket of that number comes again (7.88, singlesocket: a
 * failed Curl_hash_add leaves an entry with a destroyed table): all end at once, and the multi
 * handle with them.
 */
static void drive(struct og_httpc *c, curl_socket_t fd, int mask)
{
	int running;
	if (curl(multi_socket_action)(c->multi, fd, mask, &running) == CURLM_OK)
		return;
	c->starved = true;
	for (struct og_httpc_call *call = c->calls; call; call = call->next)
		call->failed = OG_E_OOM;
}

static void on_curl_timer(void *ctx)
{
	struct og_httpc *c = ctx;
	enter(c);
	/* set again at once: the place in the heap is free now */
	(void)og_timer_at(c->loop, &c->timer, INT64_MAX, on_curl_timer, c);
	drive(c, CURL_SOCKET_TIMEOUT, 0);
	leave(c);
}

static void on_repair(void *ctx)
{
	struct og_httpc *c = ctx;
	c->holding++;
	(void)og_timer_at(c->loop, &c->repair, INT64_MAX, on_repair, c);
	end_failed(c);
	release(c);
}

void httpc_on_sock(void *ctx, int fd, uint32_t events)
{
	struct httpc_sock *s = ctx;
	struct og_httpc *c = s->c;
	int mask = 0;
	if (events & EPOLLIN)
		mask |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		mask |= CURL_CSELECT_ERR;
	enter(c);
	drive(c, fd, mask);
	leave(c);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
	struct og_httpc *c = ctx;
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0U) |
			  (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
	(void)unused;
	struct og_httpc_call *call = NULL;
	(void)curl(easy_getinfo)(easy, CURLINFO_PRIVATE, &call);
	if (what == CURL_POLL_REMOVE) {
		httpc_sock_unwatch(c, fd);
		return 0;
	}
	/* an error here would end all transfers of the multi handle, for ever */
	if (httpc_sock_watch(c, call, fd, events) < 0 && call)
		fail_later(call, OG_E_OOM);
	return 0;
}

static int on_curl_timeout(CURLM *multi, long ms, void *ctx)
{
	struct og_httpc *c = ctx;
	(void)multi;
	if (ms < 0)
		(void)og_timer_at(c->loop, &c->timer, INT64_MAX, on_curl_timer, c);
	else
		(void)og_timer_in(c->loop, &c->timer, ms, on_curl_timer, c);
	return 0;
}

/* Connected, and about to send the request: for the first time, or again on another connection
 * because a kept one was closed by the server at the same moment. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
int httpc_on_prereq(void *ctx, char *ip, char *local, int port, int local_port)
{
	struct og_httpc_call *call = ctx;
	struct og_loop *l = call->c->loop;
	(void)ip;
	(void)local;
	(void)port;
	(void)local_port;
	if (call->dead)
		return CURL_PREREQFUNC_ABORT;
	if (call->sendings && !call->repeatable) {
		call->resent = true;
		return CURL_PREREQFUNC_ABORT;
	}
	httpc_sock_established(call->c, call);
	call->sendings++;
	call->last_byte_ns = og_loop_now_ns(l);
	if (call->idle_ms)
		(void)og_timer_in(l, &call->phase, call->idle_ms, call->phase.fn_, call);
	else
		og_timer_cancel(l, &call->phase);
	return CURL_PREREQFUNC_OK;
}

static void on_phase(void *ctx)
{
	struct og_httpc_call *call = ctx;
	struct og_loop *l = call->c->loop;
	if (!call->sendings) {
		finish_limit(call, HTTPC_LIMIT_CONNECT);
		return;
	}
	int64_t end = call->last_byte_ns + call->idle_ms * OG_NS_PER_MS;
	if (end <= og_loop_now_ns(l))
		finish_limit(call, HTTPC_LIMIT_IDLE);
	else if (og_timer_at(l, &call->phase, end, on_phase, call) < 0)
		finish_no_memory(call);
}

static void on_total(void *ctx)
{
	finish_limit(ctx, HTTPC_LIMIT_TOTAL);
}

static void note_version(const struct og_httpc_call *call)
{
	long v = 0;
	if (call->https && curl(easy_getinfo)(call->easy, CURLINFO_HTTP_VERSION, &v) == CURLE_OK &&
		(v == CURL_HTTP_VERSION_1_0 || v == CURL_HTTP_VERSION_1_1))
		call->c->http1 = true;
}

size_t httpc_on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct og_httpc_call *call = ctx;
	size_t bytes = size * n;
	if (call->dead)
		return 0;
	call->last_byte_ns = og_loop_now_ns(call->c->loop);
	int r = httpc_head_line(&call->head, og_sv(p, bytes));
	if (r < 0) {
		call->head_too_large = r == -OG_E_LIMIT;
		return 0;
	}
	if (r == 1)
		note_version(call);
	if (r == 1 && call->on_head && call->on_head(call->ctx, &call->head) != 0) {
		call->refused_by_callback = true;
		return 0;
	}
	return call->dead ? 0 : bytes;
}

size_t httpc_on_write(char *p, size_t size, size_t n, void *ctx)
{
	struct og_httpc_call *call = ctx;
	size_t bytes = size * n;
	if (call->dead)
		return 0;
	call->last_byte_ns = og_loop_now_ns(call->c->loop);
	if (call->max_bytes && bytes > call->max_bytes - call->body_bytes) {
		call->too_large = true;
		return 0;
	}
	call->body_bytes += bytes;
	if (bytes && call->on_data && call->on_data(call->ctx, og_sv(p, bytes)) != 0) {
		call->refused_by_callback = true;
		return 0;
	}
	return call->dead ? 0 : bytes;
}

int og_httpc_start(struct og_httpc *c, const struct og_httpc_request *r, struct og_httpc_call **ret,
	struct og_err *err)
{
	struct og_httpc_call *call;
	if (c->closed)
		return og_err_set(err, OG_E_INVALID, "the HTTP client has been closed");
	int rc = httpc_call_make(c, r, &call, err);
	if (rc < 0)
		return rc;
	call->begin_ns = og_loop_now_ns(c->loop);
	call->next = c->calls;
	if (call->next)
		call->next->prev = call;
	c->calls = call;
	c->stats.active++;
	/* the second timer is only there when asked for; the first one is moved later on */
	rc = og_timer_in(c->loop, &call->phase, call->connect_ms, on_phase, call);
	if (rc == 0 && call->total_ms)
		rc = og_timer_in(c->loop, &call->total, call->total_ms, on_total, call);
	if (rc < 0 || (!c->depth && !add_to_multi(call))) {
		unlink_call(call);
		httpc_call_free(call);
		return og_err_set(err, OG_E_OOM, "no memory for an HTTP request");
	}
	c->stats.calls++;
	if (ret)
		*ret = call;
	return 0;
}

void og_httpc_cancel(struct og_httpc_call *call)
{
	if (!call || call->dead)
		return;
	if (call->c->depth) {
		call->dead = true;
		og_timer_cancel(call->c->loop, &call->phase);
		og_timer_cancel(call->c->loop, &call->total);
		return;
	}
	unlink_call(call);
	httpc_call_free(call);
}

bool og_httpc_sent(const struct og_httpc_call *call)
{
	return call->sendings > 0;
}

void og_httpc_stats(const struct og_httpc *c, struct og_httpc_stats *ret)
{
	*ret = c->stats;
}

static long choose_version(bool http2)
{
	const curl_version_info_data *v = curl(version_info)(CURLVERSION_NOW);
	bool safe = v->version_num >= 0x080000 && (v->features & CURL_VERSION_HTTP2);
	return http2 && safe ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1;
}

static CURLM *make_multi(struct og_httpc *c)
{
	CURLM *m = curl(multi_init)();
	if (m && curl(multi_setopt)(m, CURLMOPT_SOCKETFUNCTION, on_curl_socket) == CURLM_OK &&
		curl(multi_setopt)(m, CURLMOPT_SOCKETDATA, c) == CURLM_OK &&
		curl(multi_setopt)(m, CURLMOPT_TIMERFUNCTION, on_curl_timeout) == CURLM_OK &&
		curl(multi_setopt)(m, CURLMOPT_TIMERDATA, c) == CURLM_OK &&
		curl(multi_setopt)(m, CURLMOPT_MAXCONNECTS, c->max_connections) == CURLM_OK &&
		curl(multi_setopt)(m, CURLMOPT_MAX_HOST_CONNECTIONS, c->max_per_host) == CURLM_OK)
		return m;
	if (m)
		(void)curl(multi_cleanup)(m);
	return NULL;
}

static bool configure(struct og_httpc *c, const struct og_httpc_opts *o)
{
	c->max_connections = o->max_connections ? o->max_connections : HTTPC_CONNECTIONS;
	c->max_per_host = o->max_connections_per_host;
	c->http_version = choose_version(o->http2);
	c->user_agent = og_strdup(o->user_agent ? o->user_agent : "otelgate/" OG_VERSION);
	c->multi = make_multi(c);
	/* As OpenSSL, Go and Python do; libcurl itself does not. */
	const char *file = getenv("SSL_CERT_FILE");
	if (file && *file && !(c->ca_file = og_strdup(file)))
		return false;
	return c->user_agent && c->multi &&
	       og_timer_at(c->loop, &c->timer, INT64_MAX, on_curl_timer, c) == 0 &&
	       og_timer_at(c->loop, &c->repair, INT64_MAX, on_repair, c) == 0;
}

int og_httpc_new(
	struct og_loop *l, const struct og_httpc_opts *o, struct og_httpc **ret, struct og_err *err)
{
	int r = httpc_global_init(err);
	if (r < 0)
		return r;
	struct og_httpc *c = og_calloc(1, sizeof(*c));
	if (!c)
		return og_err_set(err, OG_E_OOM, "no memory for an HTTP client");
	c->loop = l;
	if (!configure(c, o)) {
		og_httpc_free(c);
		return og_err_set(err, OG_E_OOM, "no memory for an HTTP client");
	}
	*ret = c;
	return 0;
}

static void release(struct og_httpc *c)
{
	if (--c->holding || !c->closed)
		return;
	while (c->calls) {
		struct og_httpc_call *call = c->calls;
		unlink_call(call);
		httpc_call_free(call);
	}
	if (c->multi)
		(void)curl(multi_cleanup)(c->multi);
	httpc_sock_free_all(c);
	og_timer_cancel(c->loop, &c->timer);
	og_timer_cancel(c->loop, &c->repair);
	og_free(c->user_agent);
	og_free(c->ca_file);
	og_free(c);
}

void og_httpc_free(struct og_httpc *c)
{
	if (!c || c->closed)
		return;
	c->closed = true;
	c->holding++;
	for (struct og_httpc_call *call = c->calls; call; call = call->next)
		call->dead = true;
	release(c);
}
