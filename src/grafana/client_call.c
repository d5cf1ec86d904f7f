/* SPDX-License-Identifier: Apache-2.0 */
/* One question: its tries, and its answer. */
#include <stdio.h>
#include "client-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"

/* splitmix64 (Steele, Lea, Flood 2014): 0 … n. Spreads waits, protects nothing. */
static int64_t random_upto(struct og_gf_client *c, int64_t n)
{
	uint64_t z = (c->rng += 0x9E3779B97F4A7C15ULL);
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return (int64_t)((z ^ (z >> 31)) % ((uint64_t)n + 1));
}

const char *gfc_who(const struct og_gf_call *call)
{
	return call->q.who ? call->q.who : og_gf_backend_name(call->backend);
}

static int64_t wall_s(const struct og_gf_client *c)
{
	return og_clock_wall_ns(og_loop_clock(c->loop)) / OG_NS_PER_S;
}

static void unlink_call(struct og_gf_call *call)
{
	struct og_gf_client *c = call->c;
	gfc_unqueue(call);
	og_timer_cancel(c->loop, &call->wake);
	og_httpc_cancel(og_take(call->http));
	if (call->prev)
		call->prev->next = call->next;
	else
		c->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	c->b[call->backend].stats.waiting--;
	gfc_count_waiting(call);
}

void gfc_drop(struct og_gf_call *call)
{
	og_buf_fini(&call->body);
	og_arena_fini(&call->arena);
	og_free(call);
}

void gfc_free_call(struct og_gf_call *call)
{
	unlink_call(call);
	gfc_drop(call);
}

void gfc_finish(struct og_gf_call *call, struct og_gf_answer *a)
{
	struct og_gf_client *c = call->c;
	struct gfc_backend *b = &c->b[call->backend];
	gfc_hold(c);
	unlink_call(call);
	a->backend = call->backend;
	a->query = call->q.text;
	a->tries = call->tries;
	a->took_ms = (og_loop_now_ns(c->loop) - call->asked_ns) / OG_NS_PER_MS;
	a->date_s = call->date_s;
	a->skew_ms = call->skew_ms;
	b->stats.answered++;
	gfc_count_answer(call, a);
	if (!c->closed)
		call->on_answer(call->ctx, a);
	gfc_drop(call);
	gfc_release(c);
}

void gfc_fail(struct og_gf_call *call, enum og_gf_state s, enum og_gf_why w, const char *message)
{
	struct og_gf_answer a = {.state = s, .why = w, .retry_after_ms = -1};
	char text[OG_GF_MESSAGE_BYTES];
	(void)snprintf(text, sizeof(text), "%s: %.740s", gfc_who(call), message);
	a.message = og_svz(text);
	a.asked_s = call->sent_wall_s;
	a.http = call->status;
	gfc_finish(call, &a);
}

void gfc_throttled(struct og_gf_call *call)
{
	struct og_gf_answer a = {.state = OG_GF_THROTTLED, .why = OG_GF_WHY_RATE};
	char text[160];
	a.retry_after_ms = og_gf_client_throttled_ms(call->c, call->backend);
	(void)snprintf(text, sizeof(text),
		"%s has had too many requests and is left alone for %lld s", gfc_who(call),
		(long long)((a.retry_after_ms + 999) / 1000));
	a.message = og_svz(text);
	gfc_finish(call, &a);
}

void gfc_late(void *ctx)
{
	struct og_gf_call *call = ctx;
	gfc_fail(call, OG_GF_BACKEND_ERROR, OG_GF_WHY_TIMEOUT,
		call->tries ? "no good answer in time"
			    : "its turn did not come in time: too many questions at once");
}

static void on_wake(void *ctx)
{
	struct og_gf_call *call = ctx;
	if (!gfc_enqueue(call))
		gfc_fail(call, OG_GF_BACKEND_ERROR, OG_GF_WHY_MEMORY, "no memory");
}

static void copy_header(char *to, const struct og_httpc_head *h, const char *name)
{
	struct og_sv v = og_httpc_header(h, name);
	size_t n = v.n < GFC_HEADER_BYTES ? v.n : 0;
	if (n)
		memcpy(to, v.p, n);
	to[n] = '\0';
}

static int on_head(void *ctx, const struct og_httpc_head *h)
{
	struct og_gf_call *call = ctx;
	call->status = og_httpc_status(h);
	copy_header(call->type, h, "Content-Type");
	copy_header(call->after, h, "Retry-After");
	copy_header(call->location, h, "Location");
	if (og_gf_http_date(og_httpc_header(h, "Date"), &call->date_s)) {
		int64_t now_ms = og_clock_wall_ns(og_loop_clock(call->c->loop)) / OG_NS_PER_MS;
		call->skew_ms = now_ms - call->date_s * 1000;
	}
	return 0;
}

static int on_data(void *ctx, struct og_sv chunk)
{
	struct og_gf_call *call = ctx;
	if (call->status != 200) {
		size_t room = GFC_ERROR_BYTES - call->body.len;
		og_buf_add(&call->body, chunk.p, chunk.n < room ? chunk.n : room);
		call->enough = chunk.n >= room;
		return call->enough || call->body.failed;
	}
	og_buf_sv(&call->body, chunk);
	return call->body.failed;
}

static bool is_get(const struct og_gf_call *call)
{
	return strcmp(call->q.method, "GET") == 0;
}

static bool retryable(const struct og_gf_call *call, const struct og_httpc_result *r)
{
	if (r->code == 0 || call->enough) {
		bool gateway = call->status >= 502 && call->status <= 504;
		return call->status == 429 || (gateway && is_get(call));
	}
	bool lost = r->code == -OG_E_IO || r->code == -OG_E_TIMEOUT;
	return lost && (!r->sent || (r->reset && is_get(call)));
}

/* Pauses before the next try; false when there is none. */
static bool again(struct og_gf_call *call, const struct og_httpc_result *r)
{
	struct og_gf_client *c = call->c;
	struct gfc_backend *b = &c->b[call->backend];
	int64_t now = og_loop_now_ns(c->loop), cap = GFC_BACKOFF_MS;
	int64_t after = call->status ? og_gf_retry_after_ms(og_svz(call->after), wall_s(c)) : -1;
	if (call->status == 429 && after > 0 && now + after * OG_NS_PER_MS > b->until_ns)
		b->until_ns = now + after * OG_NS_PER_MS;
	if (call->tries >= call->max_tries || !retryable(call, r) || after > GFC_WAIT_MAX_MS)
		return false;
	for (unsigned i = 1; i < call->tries && cap < GFC_BACKOFF_MAX_MS; i++)
		cap *= 2;
	int64_t wait = random_upto(c, cap < GFC_BACKOFF_MAX_MS ? cap : GFC_BACKOFF_MAX_MS);
	wait += after > 0 ? after : 0;
	if (now + wait * OG_NS_PER_MS >= call->deadline_ns)
		return false;
	b->stats.retries++;
	call->state = GFC_PAUSED;
	og_buf_reset(&call->body);
	return og_timer_in(c->loop, &call->wake, wait, on_wake, call) == 0;
}

static void explain(struct og_gf_call *call, const struct og_httpc_result *r)
{
	enum og_gf_why why = OG_GF_WHY_CONNECTION;
	bool too_large = r->code == -OG_E_LIMIT && call->status == 200;
	if (r->code == -OG_E_TIMEOUT)
		why = OG_GF_WHY_TIMEOUT;
	else if (r->code == -OG_E_TLS)
		why = OG_GF_WHY_TLS;
	else if (r->code == -OG_E_OOM || call->body.failed)
		why = OG_GF_WHY_MEMORY;
	else if (r->code == -OG_E_PARSE || r->code == -OG_E_LIMIT)
		why = too_large ? OG_GF_WHY_TOO_LARGE : OG_GF_WHY_SHAPE;
	else if (og_sv_has(og_svz(r->err.msg), OG_SV("proxy")))
		why = OG_GF_WHY_PROXY;
	struct og_gf_answer a = {.state = OG_GF_BACKEND_ERROR, .why = why, .retry_after_ms = -1};
	char text[OG_GF_MESSAGE_BYTES];
	(void)snprintf(text, sizeof(text), "%s: %.700s%s", gfc_who(call), r->err.msg,
		too_large ? ": ask for a smaller part" : "");
	a.message = og_svz(text);
	a.http = call->status;
	a.asked_s = call->sent_wall_s;
	a.too_large = too_large || why == OG_GF_WHY_MEMORY;
	a.wire_bytes = r->wire_bytes;
	a.body_bytes = r->body_bytes;
	gfc_finish(call, &a);
}

/* The token as it is, without the line's end of the file it came from. */
static struct og_sv token_of(const struct gfc_backend *b)
{
	if (!b->token || !og_secret_is_set(b->token))
		return OG_SV("");
	return og_sv_trim(og_sv(og_secret_expose(b->token), og_secret_len(b->token)));
}

static void put_basic(const struct gfc_backend *b, struct og_buf *out)
{
	og_auto_wipe struct og_buf pair = OG_BUF_INIT(0);
	/* of one size from the start: nothing is left behind by growing */
	if (!og_buf_reserve(&pair, token_of(b).n + GFC_USER_BYTES + 2))
		out->failed = true;
	og_buf_str(&pair, b->user);
	og_buf_ch(&pair, ':');
	og_buf_sv(&pair, token_of(b));
	og_base64_encode(out, og_buf_view(&pair));
	out->failed |= pair.failed;
}

static void read_answer(struct og_gf_call *call, const struct og_httpc_result *r)
{
	struct gfc_backend *b = &call->c->b[call->backend];
	og_auto_arena struct og_arena arena;
	og_auto_wipe struct og_buf basic = OG_BUF_INIT(0);
	struct og_gf_answer a;
	og_arena_init(&arena, 0, 0);
	struct og_gf_reply reply = {.http = call->status,
		.content_type = og_svz(call->type),
		.retry_after = og_svz(call->after),
		.location = og_svz(call->location),
		.body = og_buf_view(&call->body),
		.now_s = wall_s(call->c),
		.asked_s = call->sent_wall_s};
	reply.hide[0] = token_of(b);
	/* only errors and warnings quote; both are rare enough */
	if (reply.hide[0].n && *b->user) {
		put_basic(b, &basic);
		reply.hide[1] = og_buf_view(&basic);
	}
	og_gf_answer_read(&call->q, &reply, &arena, &a);
	a.wire_bytes = r->wire_bytes;
	a.body_bytes = r->body_bytes;
	gfc_finish(call, &a);
}

static void on_done(void *ctx, const struct og_httpc_result *r)
{
	struct og_gf_call *call = ctx;
	struct gfc_backend *b = &call->c->b[call->backend];
	call->http = NULL;
	b->stats.wire_bytes += r->wire_bytes;
	b->stats.body_bytes += r->body_bytes;
	gfc_count_try(call, r);
	if (again(call, r))
		return;
	if (r->code < 0 && !call->enough)
		explain(call, r);
	else
		read_answer(call, r);
}

static bool make_headers(struct og_gf_call *call, const char **lines, struct og_buf *auth)
{
	const struct gfc_backend *b = &call->c->b[call->backend];
	size_t n = 0;
	while (call->q.headers[n]) {
		lines[n] = call->q.headers[n];
		n++;
	}
	if (token_of(b).n) {
		if (!og_buf_reserve(auth, 64 + og_base64_len(token_of(b).n + GFC_USER_BYTES + 2)))
			return false;
		if (*b->user) {
			og_buf_lit(auth, "Authorization: Basic ");
			put_basic(b, auth);
		} else {
			og_buf_lit(auth, "Authorization: Bearer ");
			og_buf_sv(auth, token_of(b));
		}
		lines[n++] = auth->p;
	}
	lines[n] = NULL;
	return !auth->failed;
}

static int start(struct og_gf_call *call, struct og_err *err)
{
	struct og_gf_client *c = call->c;
	const char *lines[8];
	og_auto_wipe struct og_buf auth = OG_BUF_INIT(0);
	og_auto_buf struct og_buf url = OG_BUF_INIT(0);
	og_buf_str(&url, c->b[call->backend].url);
	og_buf_str(&url, call->q.target);
	if (!make_headers(call, lines, &auth) || url.failed)
		return og_err_set(err, OG_E_OOM, "no memory for a request");
	int64_t left = call->deadline_ns - og_loop_now_ns(c->loop);
	struct og_httpc_request r = {.method = call->q.method,
		.url = url.p,
		.headers = lines,
		.body = call->q.body,
		.tls = {.ca_pem = og_sv(c->ca_pem, c->ca_n), .insecure = c->insecure},
		.proxy = c->proxy,
		.env_proxy = !c->proxy,
		.accept_gzip = true,
		.total_ms = left / OG_NS_PER_MS > 0 ? left / OG_NS_PER_MS : 1,
		.max_bytes = call->max_bytes,
		.ctx = call,
		.on_head = on_head,
		.on_data = on_data,
		.on_done = on_done};
	return og_httpc_start(c->http, &r, &call->http, err);
}

void gfc_send(struct og_gf_call *call)
{
	struct og_err err = OG_ERR_INIT;
	struct gfc_backend *b = &call->c->b[call->backend];
	call->state = GFC_SENT;
	call->status = 0;
	call->enough = false;
	call->date_s = call->skew_ms = 0;
	call->type[0] = call->after[0] = call->location[0] = '\0';
	call->sent_wall_s = wall_s(call->c);
	int rc = start(call, &err);
	if (rc < 0) {
		gfc_fail(call, OG_GF_BACKEND_ERROR,
			rc == -OG_E_OOM ? OG_GF_WHY_MEMORY : OG_GF_WHY_QUERY, err.msg);
		return;
	}
	call->tries++;
	b->stats.requests++;
}
