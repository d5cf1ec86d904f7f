/* SPDX-License-Identifier: Apache-2.0 */
/* The client and the order of its requests. */
#include "client-priv.h"

#include <sys/random.h>
#include <sys/utsname.h>
#include "otelgate/base/mem.h"

void kc_hold(struct og_kube *k)
{
	k->holding++;
}

struct og_loop *og_kube_loop(const struct og_kube *k)
{
	return k->loop;
}

const char *og_kube_server(const struct og_kube *k)
{
	return k->access->server;
}

const char *og_kube_namespace(const struct og_kube *k)
{
	return k->access->ns && *k->access->ns ? k->access->ns : "default";
}

/* Lanes */

static void dequeue(struct og_kube_call *call)
{
	struct kc_queue *q = &call->k->queues[call->lane];
	if (call->qprev)
		call->qprev->qnext = call->qnext;
	else
		q->first = call->qnext;
	if (call->qnext)
		call->qnext->qprev = call->qprev;
	else
		q->last = call->qprev;
	call->qprev = call->qnext = NULL;
}

static bool free_lane(const struct og_kube_call *call)
{
	return call->lane == OG_KUBE_URGENT || call->verb == OG_KUBE_WATCH;
}

/* BULK leaves half of the slots to NORMAL: lists are long. */
static bool may_fly(const struct og_kube *k, enum og_kube_lane lane)
{
	unsigned bulk = (k->max_inflight + 1) / 2;
	return k->inflight < k->max_inflight && (lane != OG_KUBE_BULK || k->inflight_bulk < bulk);
}

static void take_slot(struct og_kube_call *call)
{
	struct og_kube *k = call->k;
	k->flying[call->lane]++;
	call->counted = true;
	if (!free_lane(call)) {
		call->has_slot = true;
		k->inflight++;
		k->inflight_bulk += call->lane == OG_KUBE_BULK;
	}
	kc_metrics_lanes(k);
}

/* NORMAL before BULK; but BULK that has lost its patience before what came after it. */
static struct og_kube_call *whose_turn(const struct og_kube *k)
{
	struct og_kube_call *n = k->queues[OG_KUBE_NORMAL].first;
	struct og_kube_call *b = k->queues[OG_KUBE_BULK].first;
	if (n && !may_fly(k, OG_KUBE_NORMAL))
		n = NULL;
	if (b && !may_fly(k, OG_KUBE_BULK))
		b = NULL;
	if (!n || !b)
		return n ? n : b;
	int64_t waited = og_loop_now_ns(k->loop) - b->queued_ns;
	return waited >= KC_PATIENCE_MS * OG_NS_PER_MS && b->queued_ns < n->queued_ns ? b : n;
}

static void pump(struct og_kube *k)
{
	struct og_kube_call *call;
	while (!k->closed && (call = whose_turn(k))) {
		dequeue(call);
		take_slot(call);
		kc_call_go(call);
	}
}

void kc_slot_free(struct og_kube_call *call)
{
	struct og_kube *k = call->k;
	if (!call->counted)
		return;
	call->counted = false;
	k->flying[call->lane]--;
	if (call->has_slot) {
		call->has_slot = false;
		k->inflight--;
		k->inflight_bulk -= call->lane == OG_KUBE_BULK;
	}
	kc_metrics_lanes(k);
	pump(k);
}

void kc_enqueue(struct og_kube_call *call)
{
	struct kc_queue *q = &call->k->queues[call->lane];
	if (free_lane(call)) {
		take_slot(call);
		kc_call_go(call);
		return;
	}
	call->state = KC_QUEUED;
	call->queued_ns = og_loop_now_ns(call->k->loop);
	call->qprev = q->last;
	call->qnext = NULL;
	if (q->last)
		q->last->qnext = call;
	else
		q->first = call;
	q->last = call;
	pump(call->k);
	kc_metrics_lanes(call->k);
}

/* Calls */

static void destroy(struct og_kube_call *call)
{
	struct og_kube *k = call->k;
	if (call->state == KC_QUEUED)
		dequeue(call);
	og_httpc_cancel(og_take(call->http));
	og_timer_cancel(k->loop, &call->deadline);
	og_timer_cancel(k->loop, &call->wake);
	if (call->prev)
		call->prev->next = call->next;
	else
		k->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	og_buf_wipe(&call->body);
	og_arena_wipe(&call->arena);
	/* last, since it may start others */
	call->state = KC_PAUSED;
	kc_slot_free(call);
	og_free(call);
}

void kc_finish(struct og_kube_call *call, struct og_kube_answer *a)
{
	struct og_kube *k = call->k;
	void (*done)(void *, const struct og_kube_answer *) = call->on_done;
	void *ctx = call->ctx;
	kc_hold(k);
	destroy(call);
	done(ctx, a);
	kc_release(k);
}

void og_kube_cancel(struct og_kube_call *call)
{
	if (!call)
		return;
	if (call->in_callback) {
		call->dead = true;
		return;
	}
	struct og_kube *k = call->k;
	kc_hold(k);
	destroy(call);
	kc_release(k);
}

void og_kube_waits(const struct og_kube_call *call, struct og_buf *out)
{
	unsigned before = 0;
	switch (call->state) {
	case KC_QUEUED:
		for (const struct og_kube_call *q = call->qprev; q; q = q->qprev)
			before++;
		og_buf_fmt(out, "its turn, behind %u request%s, with %u in flight", before,
			before == 1 ? "" : "s", call->k->inflight);
		break;
	case KC_CREDENTIALS:
		og_buf_lit(out, "credentials");
		break;
	case KC_PAUSED:
		og_buf_fmt(out, "the next try: %s", call->last.msg);
		break;
	default:
		if (call->http && !og_httpc_sent(call->http))
			og_buf_lit(out, "a connection");
		else
			og_buf_lit(out, "the server's answer");
		break;
	}
}

static void set_limits(struct og_kube_call *call, const struct og_kube_request *r)
{
	struct og_kube *k = call->k;
	call->lane = r->lane;
	call->idle_ms = r->idle_ms;
	call->max_bytes = r->max_bytes ? r->max_bytes : KC_MAX_BYTES;
	call->max_tries = r->max_tries > 0 ? (unsigned)r->max_tries : r->on_data ? 1 : KC_TRIES;
	call->ctx = r->ctx;
	call->on_open = r->on_open;
	call->on_data = r->on_data;
	call->on_done = r->on_done;
	call->begin_ns = og_loop_now_ns(k->loop);
	call->deadline_ms = r->deadline_ms ? r->deadline_ms : k->timeout_ms;
	call->deadline_ns = INT64_MAX;
	int64_t ns;
	if (call->deadline_ms > 0 &&
		!__builtin_mul_overflow(call->deadline_ms, OG_NS_PER_MS, &ns) &&
		!__builtin_add_overflow(call->begin_ns, ns, &call->deadline_ns))
		return;
	call->deadline_ns = INT64_MAX;
}

int og_kube_start(struct og_kube *k, const struct og_kube_request *r, struct og_kube_call **ret,
	struct og_err *err)
{
	if (k->closed)
		return og_err_set(
			err, OG_E_INVALID, "the client of the API server has been closed");
	struct og_kube_call *call = og_calloc(1, sizeof(*call));
	if (!call)
		return og_err_set(err, OG_E_OOM, "no memory for a request to the API server");
	call->k = k;
	og_arena_init(&call->arena, 2048, 0);
	og_buf_init(&call->body, 0);
	int rc = kc_wire_make(call, r, err);
	if (rc == 0) {
		set_limits(call, r);
		rc = og_timer_at(k->loop, &call->wake, INT64_MAX, kc_on_wake, call);
		if (rc == 0)
			rc = og_timer_at(
				k->loop, &call->deadline, call->deadline_ns, kc_on_deadline, call);
		if (rc < 0)
			rc = og_err_set(err, OG_E_OOM, "no memory for a request to the API server");
	}
	if (rc < 0) {
		og_timer_cancel(k->loop, &call->wake);
		og_arena_wipe(&call->arena);
		og_free(call);
		return rc;
	}
	call->next = k->calls;
	if (call->next)
		call->next->prev = call;
	k->calls = call;
	if (ret)
		*ret = call;
	kc_hold(k);
	kc_enqueue(call);
	kc_release(k);
	return 0;
}

/* The client */

static char *user_agent(const char *component)
{
	struct utsname u;
	const char *machine = uname(&u) == 0 ? u.machine : "unknown";
	if (strcmp(machine, "x86_64") == 0)
		machine = "amd64";
	else if (strcmp(machine, "aarch64") == 0)
		machine = "arm64";
	og_auto_buf struct og_buf b = OG_BUF_INIT(512);
	og_buf_fmt(&b, "otelgate/%s (linux/%s) %s", OG_VERSION, machine, component);
	return og_buf_take(&b);
}

static int build(struct og_kube *k, const struct og_kube_opts *o, struct og_err *err)
{
	k->component = og_strdup(o->component ? o->component : "otelgate");
	k->user_agent = k->component ? user_agent(k->component) : NULL;
	if (!k->user_agent)
		return og_err_set(err, OG_E_OOM, "no memory for the client of the API server");
	const struct og_httpc_opts h = {.user_agent = k->user_agent, .http2 = true};
	int rc = og_httpc_new(k->loop, &h, &k->http, err);
	if (rc == 0)
		rc = kc_auth_init(k, err);
	if (rc == 0 && o->metrics)
		rc = kc_metrics_init(k, o->metrics, err);
	return rc;
}

int og_kube_new(const struct og_kube_opts *o, struct og_kube **ret, struct og_err *err)
{
	struct og_kube *k = og_calloc(1, sizeof(*k));
	if (!k)
		return og_err_set(err, OG_E_OOM, "no memory for the client of the API server");
	k->loop = o->loop;
	k->access = o->access;
	k->max_inflight = o->max_inflight ? o->max_inflight : KC_INFLIGHT;
	k->timeout_ms = o->timeout_ms			? o->timeout_ms
			: o->access->request_timeout_ms ? o->access->request_timeout_ms
							: KC_TIMEOUT_MS;
	k->on_notice = o->on_notice;
	k->notice_ctx = o->notice_ctx;
	if (o->plugin)
		k->auth.plugin_options = *o->plugin;
	k->rng = o->seed;
	if (!k->rng && getrandom(&k->rng, sizeof(k->rng), GRND_NONBLOCK) < 0)
		k->rng = (uint64_t)og_loop_now_ns(k->loop); /* spreads waits, protects nothing */
	int rc = build(k, o, err);
	if (rc < 0) {
		k->access = NULL; /* stays the caller's */
		og_kube_free(k);
		return rc;
	}
	*ret = k;
	return 0;
}

static void end(struct og_kube *k)
{
	while (k->calls) {
		struct og_kube_call *call = k->calls;
		void (*drop)(void *) = call->on_drop;
		void *ctx = call->ctx;
		destroy(call);
		if (drop)
			drop(ctx);
	}
	kc_discovery_free(k->discovery);
	kc_auth_fini(k);
	og_httpc_free(k->http);
	og_kube_access_free(k->access);
	og_free(k->component);
	og_free(k->user_agent);
	og_free(k);
}

void kc_release(struct og_kube *k)
{
	if (--k->holding == 0 && k->closed)
		end(k);
}

void og_kube_free(struct og_kube *k)
{
	if (!k || k->closed)
		return;
	k->closed = true;
	kc_hold(k);
	kc_release(k);
}
