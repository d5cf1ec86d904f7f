/* SPDX-License-Identifier: Apache-2.0 */
/* One request: its tries, and what happens between them. */
#include "client-priv.h"
#include "kubeconfig-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "rng-priv.h"

void kc_call_wake(struct og_kube_call *call, int64_t in_ms)
{
	(void)og_timer_in(call->k->loop, &call->wake, in_ms, kc_on_wake, call);
}

void kc_call_fail(struct og_kube_call *call, const struct og_err *why)
{
	call->failed = *why;
	if (!call->failed.code)
		call->failed.code = OG_E_BUG;
	kc_call_wake(call, 0);
}

static void answer_error(struct og_kube_call *call, const struct og_err *why)
{
	struct og_kube_answer a;
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 4096, 0);
	kc_answer_error(call, why, &arena, &a);
	kc_finish(call, &a);
}

static void pause_for(struct og_kube_call *call, int64_t ms)
{
	call->state = KC_PAUSED;
	kc_slot_free(call);
	kc_call_wake(call, ms);
}

static int on_head(void *ctx, const struct og_httpc_head *h)
{
	struct og_kube_call *call = ctx;
	struct og_sv type = og_httpc_header(h, "Content-Type");
	struct og_sv media = og_sv_trim(og_sv(type.p, og_sv_chr(type, ';')));
	call->http_status = og_httpc_status(h);
	call->json_type = og_sv_caseeq(media, OG_SV("application/json")) ||
			  og_sv_ends(media, OG_SV("+json"));
	call->html_type = og_sv_caseeq(media, OG_SV("text/html"));
	call->retry_after_s = kc_retry_after(og_httpc_header(h, "Retry-After"));
	if (call->on_open && call->http_status >= 200 && call->http_status <= 299)
		call->on_open(call->ctx);
	return 0;
}

static int stream(struct og_kube_call *call, struct og_sv chunk)
{
	struct og_kube *k = call->k;
	kc_hold(k);
	call->in_callback = true;
	call->handed_out = true;
	int rc = call->on_data(call->ctx, chunk);
	call->in_callback = false;
	if (rc != 0)
		call->stop_code = rc < 0 && -rc < OG_E_COUNT_ ? rc : -OG_E_CANCELLED;
	bool gone = call->dead;
	if (gone)
		og_kube_cancel(call);
	kc_release(k);
	return gone ? -1 : rc;
}

/* Answers may be Secrets: what a body has outgrown is wiped. */
static int add_body(struct og_kube_call *call, struct og_sv chunk)
{
	struct og_buf *b = &call->body;

	if (b->p && b->cap - b->len <= chunk.n && !b->failed &&
		!kcf_grow_wiped(b, b->cap * 2 + chunk.n))
		b->failed = true;
	og_buf_sv(b, chunk);
	return b->failed ? -1 : 0;
}

static int on_data(void *ctx, struct og_sv chunk)
{
	struct og_kube_call *call = ctx;
	bool good = call->http_status >= 200 && call->http_status <= 299;
	if (good && call->on_data)
		return stream(call, chunk);
	if (!good) {
		/* enough to see what it says */
		size_t room = KC_ERROR_BYTES - call->body.len;
		return add_body(call, og_sv(chunk.p, chunk.n < room ? chunk.n : room));
	}
	if (chunk.n > call->max_bytes - call->body.len) {
		call->too_large = true;
		return -1;
	}
	return add_body(call, chunk);
}

static bool is_read(const struct og_kube_call *call)
{
	return call->verb == OG_KUBE_GET || call->verb == OG_KUBE_LIST ||
	       call->verb == OG_KUBE_RAW || call->verb == OG_KUBE_WATCH;
}

/* 0.5 to 1.5 of first * 2^tries, no more than KC_BACKOFF_MAX_MS * 1.5. */
static int64_t backoff_ms(struct og_kube_call *call, int64_t first)
{
	int64_t ms = first;
	for (unsigned i = 1; i < call->tries && ms < KC_BACKOFF_MAX_MS; i++)
		ms *= 2;
	if (ms > KC_BACKOFF_MAX_MS)
		ms = KC_BACKOFF_MAX_MS;
	return ms / 2 + kube_rng_upto(&call->k->rng, ms);
}

/* How long to wait before the same request is sent again; -1 = it is not. */
static int64_t retry_in_ms(struct og_kube_call *call, const struct og_httpc_result *r)
{
	if (call->tries >= call->max_tries || call->handed_out || call->stop_code ||
		call->too_large)
		return -1;
	if (r->code == 0) {
		if (r->status != 429 && r->status < 500)
			return -1;
		if (call->retry_after_s > 0)
			return call->retry_after_s * 1000LL + kube_rng_upto(&call->k->rng, 100);
		if (call->retry_after_s == 0)
			return backoff_ms(call, KC_BACKOFF_MS);
		/* not done for sure, whatever it was; 5xx that says nothing may have been */
		return r->status == 429 ? backoff_ms(call, KC_THROTTLED_MS) : -1;
	}
	bool lost = r->code == -OG_E_IO || r->code == -OG_E_TIMEOUT;
	if (lost && !r->sent)
		return backoff_ms(call, KC_BACKOFF_MS);
	if (lost && r->reset && is_read(call))
		return backoff_ms(call, KC_BACKOFF_MS);
	return -1;
}

/* A body that nothing but the end of the connection ended, and that is not whole. */
static bool was_cut(const struct og_httpc_result *r, const struct og_kube_answer *a)
{
	return r->code == 0 && r->unmarked_end && a->code == -OG_E_PARSE;
}

static bool again(struct og_kube_call *call, const struct og_httpc_result *r, bool cut)
{
	int64_t in = cut ? (is_read(call) && call->tries < call->max_tries
					   ? backoff_ms(call, KC_BACKOFF_MS)
					   : -1)
			 : retry_in_ms(call, r);
	int64_t now = og_loop_now_ns(call->k->loop);
	if (in < 0 ||
		(call->deadline_ns != INT64_MAX && now + in * OG_NS_PER_MS >= call->deadline_ns))
		return false;
	if (r->code < 0)
		call->last = r->err;
	else if (cut)
		(void)og_err_set(&call->last, OG_E_IO, "an answer that was not whole");
	else
		(void)og_err_set(
			&call->last, OG_E_IO, "%d %s", r->status, kc_http_reason(r->status));
	kc_metrics_retry(call, r->status);
	pause_for(call, in);
	return true;
}

/* Other credentials, or another CA, once. */
static bool another_way(struct og_kube_call *call, const struct og_httpc_result *r)
{
	if (call->handed_out)
		return false;
	if (r->code == 0 && r->status == 401 && !call->reauthorised &&
		kc_auth_drop(call->k, call)) {
		call->reauthorised = true;
		kc_metrics_retry(call, r->status);
		kc_call_go(call);
		return true;
	}
	if (r->code == -OG_E_TLS && !r->sent && !call->retrusted && kc_auth_doubt_ca(call->k)) {
		call->retrusted = true;
		kc_metrics_retry(call, 0);
		kc_call_go(call);
		return true;
	}
	return false;
}

static void on_done(void *ctx, const struct og_httpc_result *r)
{
	struct og_kube_call *call = ctx;
	struct og_kube_answer a;
	call->http = NULL;
	kc_metrics_try(call, r);
	if (another_way(call, r) || again(call, r, false))
		return;
	og_auto_arena_wipe struct og_arena arena;
	og_arena_init(&arena, 16 << 10, 0);
	kc_answer_make(call, r, &arena, &a);
	if (was_cut(r, &a) && again(call, r, true))
		return;
	kc_finish(call, &a);
}

static int send_it(struct og_kube_call *call, const struct kc_creds *creds, struct og_err *err)
{
	struct og_kube *k = call->k;
	const struct og_kube_access *a = k->access;
	struct og_httpc_request r = {.method = call->wire.method,
		.url = call->wire.url,
		.headers = call->wire.headers,
		.bearer = creds->bearer,
		.body = call->wire.body,
		.tls = creds->tls,
		.proxy = a->proxy_url,
		.env_proxy = !a->proxy_url && !a->in_cluster,
		.accept_gzip = !a->disable_compression,
		.idle_ms = call->idle_ms,
		.own_connection = call->verb == OG_KUBE_WATCH,
		.ctx = call,
		.on_head = on_head,
		.on_data = on_data,
		.on_done = on_done};
	return og_httpc_start(k->http, &r, &call->http, err);
}

void kc_call_go(struct og_kube_call *call)
{
	struct kc_creds creds = {.bearer = NULL};
	struct og_err err = OG_ERR_INIT;
	struct og_kube *k = call->k;
	call->http_status = 0;
	call->retry_after_s = -1;
	call->json_type = call->html_type = call->too_large = false;
	og_buf_wipe(&call->body);
	og_buf_init(&call->body, 0);
	int rc = kc_auth_get(k, &creds, &err);
	if (rc == 1) {
		call->state = KC_CREDENTIALS;
		return;
	}
	call->state = KC_FLYING;
	call->tries++;
	call->sent_ns = og_loop_now_ns(k->loop);
	call->creds_generation = creds.generation;
	if (rc == 0)
		rc = send_it(call, &creds, &err);
	if (rc < 0)
		kc_call_fail(call, &err);
}

void kc_on_wake(void *ctx)
{
	struct og_kube_call *call = ctx;
	(void)og_timer_at(call->k->loop, &call->wake, INT64_MAX, kc_on_wake, call);
	if (call->failed.code) {
		struct og_err why = call->failed;
		answer_error(call, &why);
	} else if (call->state == KC_PAUSED) {
		kc_enqueue(call);
	}
}

void kc_on_deadline(void *ctx)
{
	struct og_kube_call *call = ctx;
	struct og_err why = OG_ERR_INIT;
	char d[OG_DURATION_BYTES];
	static const char *const doing[] = {
		[KC_QUEUED] = "before it was its turn (too many requests are in flight)",
		[KC_CREDENTIALS] = "while waiting for credentials",
		[KC_FLYING] = "while waiting for the answer",
		[KC_PAUSED] = "while waiting to try again",
	};
	og_fmt_duration_ms(d, call->deadline_ms);
	if (call->last.code)
		(void)og_err_set(&why, OG_E_TIMEOUT, "not done within %s, %u tries, at last: %s", d,
			call->tries, call->last.msg);
	else
		(void)og_err_set(
			&why, OG_E_TIMEOUT, "the %s for it ended %s", d, doing[call->state]);
	og_httpc_cancel(og_take(call->http));
	answer_error(call, &why);
}
