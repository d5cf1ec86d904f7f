/* SPDX-License-Identifier: Apache-2.0 */
/* Questions come in here. */
#include "client-priv.h"
#include "otelgate/base/mem.h"

static void on_unasked(void *ctx)
{
	gfc_fail(ctx, OG_GF_UNASKED, OG_GF_WHY_NONE, "no URL is configured");
}

static bool begin(struct og_gf_call *call)
{
	struct og_gf_client *c = call->c;
	if (!c->b[call->backend].url)
		return og_timer_in(c->loop, &call->wake, 0, on_unasked, call) == 0;
	return gfc_enqueue(call);
}

static struct og_gf_call *make(struct og_gf_client *c, const struct og_gf_ask_opts *o, void *ctx,
	og_gf_answer_fn *on_answer)
{
	static const struct og_gf_ask_opts none = {.once = false};
	struct og_gf_call *call = og_calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	o = o ? o : &none;
	call->c = c;
	call->ctx = ctx;
	call->on_answer = on_answer;
	og_arena_init(&call->arena, 4096, 0);
	og_buf_init(&call->body, GFC_BYTES_MAX + 1);
	int64_t ms = c->deadline_ms;
	if (o->deadline_ms > 0 && o->deadline_ms < ms)
		ms = o->deadline_ms;
	call->max_bytes = o->max_bytes && o->max_bytes < c->max_bytes ? o->max_bytes : c->max_bytes;
	call->max_tries = o->once ? 1 : GFC_TRIES;
	call->asked_ns = og_loop_now_ns(c->loop);
	call->deadline_ns = call->asked_ns + ms * OG_NS_PER_MS;
	return call;
}

static int add(struct og_gf_call *call, struct og_gf_call **ret, struct og_err *err)
{
	struct og_gf_client *c = call->c;
	call->backend = call->q.backend;
	call->next = c->calls;
	if (call->next)
		call->next->prev = call;
	c->calls = call;
	c->b[call->backend].stats.asked++;
	c->b[call->backend].stats.waiting++;
	gfc_count_waiting(call);
	if (!begin(call)) {
		gfc_free_call(call);
		return og_err_set(err, OG_E_OOM, "no memory for a question");
	}
	if (ret)
		*ret = call;
	return 0;
}

int og_gf_client_ask(struct og_gf_client *c, const struct og_gf_query *q,
	const struct og_gf_ask_opts *o, void *ctx, og_gf_answer_fn *on_answer,
	struct og_gf_call **ret, struct og_err *err)
{
	struct og_gf_call *call = make(c, o, ctx, on_answer);
	if (!call)
		return og_err_set(err, OG_E_OOM, "no memory for a question");
	int rc = og_gf_query_http(q, &call->arena, &call->q, err);
	if (rc < 0) {
		gfc_drop(call);
		return rc;
	}
	return add(call, ret, err);
}

static bool copy_request(struct og_gf_call *call, const struct og_gf_http *h)
{
	struct og_arena *a = &call->arena;
	struct og_gf_http *q = &call->q;
	*q = *h;
	q->method = og_arena_strndup(a, h->method, strlen(h->method));
	q->target = og_arena_strndup(a, h->target, strlen(h->target));
	for (size_t i = 0; i < OG_COUNT(q->headers) && h->headers[i]; i++)
		q->headers[i] = og_arena_strndup(a, h->headers[i], strlen(h->headers[i]));
	if (h->body.p)
		q->body = og_arena_sv(a, h->body);
	q->text = og_arena_sv(a, h->text);
	if (h->name)
		q->name = og_arena_strndup(a, h->name, strlen(h->name));
	if (h->who)
		q->who = og_arena_strndup(a, h->who, strlen(h->who));
	return !a->failed;
}

static bool is_sound(const struct og_gf_http *h)
{
	if ((unsigned)h->backend > OG_GF_COUNT_ || (unsigned)h->shape >= OG_GF_SHAPE_COUNT_ ||
		!h->method || !h->target || h->target[0] != '/' ||
		h->headers[OG_COUNT(h->headers) - 1])
		return false;
	for (const char *p = h->target; *p; p++) {
		if (*p <= 0x20 || *p >= 0x7f || *p == '#')
			return false;
	}
	return true;
}

int og_gf_client_send(struct og_gf_client *c, const struct og_gf_http *h,
	const struct og_gf_ask_opts *o, void *ctx, og_gf_answer_fn *on_answer,
	struct og_gf_call **ret, struct og_err *err)
{
	if (!is_sound(h))
		return og_err_set(
			err, OG_E_INVALID, "a request that is none: its target is a path");
	struct og_gf_call *call = make(c, o, ctx, on_answer);
	if (call && copy_request(call, h))
		return add(call, ret, err);
	if (call)
		gfc_drop(call);
	return og_err_set(err, OG_E_OOM, "no memory for a question");
}

void og_gf_call_cancel(struct og_gf_call *call)
{
	if (call)
		gfc_free_call(call);
}
