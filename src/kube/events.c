/* SPDX-License-Identifier: Apache-2.0 */
/* Events on a loop and a client: one timer, up to eight requests at a time. */
#include "events-priv.h"

#include "events_core-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/kobj/names.h"

enum { IDLE_MS = 3600000 }; /* the timer is always set: so setting it cannot fail */
enum { BODY_BYTES = 65536, ANSWER_BYTES = 65536 };

const struct og_metric_def og_events_metrics[OG_EM_COUNT_] = {
	[OG_EM_EVENTS] = {"otelgate_events_total",
		"Kubernetes Events by what became of them: created, patched (a series was told), "
		"counted (in memory), limited, queue_full, invalid, rejected, "
		"namespace_terminating, unanswered, forgotten (a last count was never told).",
		OG_METRIC_COUNTER, .labels = {"result", NULL}},
	[OG_EM_QUEUED] = {"otelgate_events_queued", "Events that wait to be sent.", OG_METRIC_GAUGE,
		.unit = NULL},
};

struct og_events {
	struct ev_core core;
	struct kube_seam seam;
	struct og_timer timer;
	bool flush_ended; /* on_done is due */
	int64_t flush_until_ns;
	void (*on_done)(void *ctx);
	void *done_ctx;
	struct og_metric_series *fate[EV_FATES_], *queued;
	char *controller, *instance;
};

static void on_timer(void *ctx);

static int64_t now_ns(const struct og_events *e)
{
	return og_loop_now_ns(e->seam.loop);
}

static bool can_send(const struct og_events *e)
{
	return e->core.queued.n && e->core.sending.n + e->core.waiting.n < EV_SLOTS;
}

static void arm(struct og_events *e)
{
	int64_t now = now_ns(e), at = ev_next_ns(&e->core);
	if (e->core.flushing && e->flush_until_ns < at)
		at = e->flush_until_ns;
	if (can_send(e) || e->flush_ended)
		at = now;
	if (at > now + IDLE_MS * OG_NS_PER_MS)
		at = now + IDLE_MS * OG_NS_PER_MS;
	(void)og_timer_at(e->seam.loop, &e->timer, at, on_timer, e);
}

static void publish(const struct og_events *e)
{
	for (size_t i = 0; i < EV_FATES_; i++)
		og_series_set(e->fate[i], (double)e->core.fates[i]);
	og_series_set(e->queued, ev_busy(&e->core));
}

/* E-4: what the server refuses is refused; what may be different the next time is tried again. */
static enum ev_reply reply_of(const struct og_kube_answer *a)
{
	if (a->code == 0)
		return EV_OK;
	if (a->http == 409)
		return EV_EXISTS;
	if (a->http == 404)
		return EV_GONE;
	if (a->http == 403 && og_sv_is(a->status.cause, "NamespaceTerminating"))
		return EV_NO_NAMESPACE;
	bool may_change = a->http == 408 || a->http == 429 || a->http >= 500 || a->http < 400;
	return may_change ? EV_RETRY : EV_NO;
}

static void after_step(struct og_events *e)
{
	if (e->core.flushing && ev_busy(&e->core) == 0) {
		e->core.flushing = false;
		e->flush_ended = true;
	}
	publish(e);
	arm(e);
}

static void on_answer(void *ctx, const struct og_kube_answer *a)
{
	struct ev_series *s = ctx;
	struct og_events *e = s->owner;
	s->call = NULL;
	ev_reply(&e->core, s, reply_of(a), now_ns(e));
	after_step(e);
}

static int send(struct og_events *e, struct ev_series *s)
{
	og_auto_buf struct og_buf body = OG_BUF_INIT(BODY_BYTES);
	if (!ev_body(&e->core, s, &body))
		return -OG_E_OOM;
	s->owner = e;
	const struct og_kube_request r = {
		.verb = s->act == EV_CREATE ? OG_KUBE_CREATE : OG_KUBE_PATCH,
		.res = {.group = OG_SV("events.k8s.io"),
			.version = OG_SV("v1"),
			.resource = OG_SV("events"),
			.ns = s->ns,
			.name = s->act == EV_CREATE ? OG_SV("") : og_svz(s->name)},
		.body = og_buf_view(&body),
		.patch = OG_KUBE_MERGE_PATCH,
		.lane = OG_KUBE_BULK,
		.max_bytes = ANSWER_BYTES,
		.max_tries = 1,
		.ctx = s,
		.on_done = on_answer,
	};
	return e->seam.start(e->seam.ctx, &r, &s->call, NULL);
}

static void pump(struct og_events *e)
{
	struct ev_series *s;
	ev_tick(&e->core, now_ns(e));
	while ((s = ev_take(&e->core)))
		if (send(e, s) < 0)
			ev_reply(&e->core, s, EV_RETRY, now_ns(e));
	after_step(e);
}

static void on_timer(void *ctx)
{
	struct og_events *e = ctx;
	if (e->core.flushing && now_ns(e) >= e->flush_until_ns) {
		e->core.flushing = false;
		e->flush_ended = true;
	}
	arm(e); /* first of all, while the timer's place is surely free */
	if (!e->flush_ended) {
		pump(e);
		return;
	}
	void (*on_done)(void *) = e->on_done;
	e->flush_ended = false;
	e->on_done = NULL;
	arm(e);
	if (on_done)
		on_done(e->done_ctx); /* which may free it */
}

static int set_up(struct og_events *e, const struct og_events_opts *o, struct og_err *err)
{
	e->controller = og_strdup(o->controller);
	e->instance = og_strdup(o->instance);
	if (!e->controller || !e->instance)
		return og_err_set(err, OG_E_OOM, "no memory for events");
	e->core.controller = e->controller;
	e->core.instance = e->instance;
	if (o->metrics) {
		struct og_err why = OG_ERR_INIT;
		struct og_metric_table *t =
			og_metrics_add(o->metrics, og_events_metrics, OG_EM_COUNT_, &why);
		if (!t) {
			if (err)
				*err = why;
			return -(int)why.code;
		}
		for (size_t i = 0; i < EV_FATES_; i++)
			e->fate[i] = og_metric_series(
				t, OG_EM_EVENTS, OG_LABELS(ev_fate_name((enum ev_fate)i)));
		e->queued = og_metric_series(t, OG_EM_QUEUED, NULL);
	}
	if (og_timer_in(e->seam.loop, &e->timer, IDLE_MS, on_timer, e) < 0)
		return og_err_set(err, OG_E_OOM, "no memory for the timer of events");
	return 0;
}

int events_new(const struct og_events_opts *o, const struct kube_seam *s, struct og_events **ret,
	struct og_err *err)
{
	size_t n = o->instance ? strlen(o->instance) : 0;
	if (!o->controller || !og_name_is_label_key(og_svz(o->controller)))
		return og_err_set(err, OG_E_INVALID,
			"the reporting controller of events is a name such as example.org/part");
	if (n == 0 || n > EV_WORD_BYTES)
		return og_err_set(err, OG_E_INVALID,
			"the reporting instance of events has 1 to %d bytes", EV_WORD_BYTES);
	struct og_events *e = og_calloc(1, sizeof(*e));
	if (!e)
		return og_err_set(err, OG_E_OOM, "no memory for events");
	e->seam = *s;
	ev_init(&e->core, o);
	int r = set_up(e, o, err);
	if (r < 0) {
		og_events_free(e);
		return r;
	}
	*ret = e;
	return 0;
}

int og_events_new(const struct og_events_opts *o, struct og_events **ret, struct og_err *err)
{
	const struct kube_seam s = kube_seam_of(o->kube);
	return events_new(o, &s, ret, err);
}

void og_events_emit(struct og_events *e, const struct og_event *ev)
{
	(void)ev_emit(&e->core, ev, now_ns(e), og_clock_wall_ns(og_loop_clock(e->seam.loop)));
	publish(e);
	arm(e);
}

void og_events_flush(struct og_events *e, int64_t within_ms, void (*on_done)(void *ctx), void *ctx)
{
	int64_t ns, now = now_ns(e);
	e->on_done = on_done;
	e->done_ctx = ctx;
	if (within_ms < 0 || __builtin_mul_overflow(within_ms, OG_NS_PER_MS, &ns) ||
		__builtin_add_overflow(now, ns, &e->flush_until_ns))
		e->flush_until_ns = within_ms < 0 ? now : INT64_MAX;
	e->flush_ended = false;
	ev_flush(&e->core, now);
	after_step(e);
}

void og_events_free(struct og_events *e)
{
	if (!e)
		return;
	for (struct ev_series *s = e->core.sending.head; s; s = s->next)
		if (s->call)
			e->seam.cancel(e->seam.ctx, s->call);
	og_timer_cancel(e->seam.loop, &e->timer);
	og_series_set(e->queued, 0);
	ev_fini(&e->core);
	og_free(e->controller);
	og_free(e->instance);
	og_free(e);
}
