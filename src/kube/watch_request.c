/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: what is asked for, how it goes on, whether it still lives. */
#include "otelgate/codec/percent.h"
#include "rng-priv.h"
#include "watch-priv.h"

#include <stdio.h>

/* A-11; servers that do not know it answer with whole objects */
static const char accept_list[] =
	"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
static const char accept_watch[] =
	"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

static void param(struct og_buf *b, const char *key, struct og_sv value)
{
	if (b->len)
		og_buf_ch(b, '&');
	og_buf_str(b, key);
	og_buf_ch(b, '=');
	og_percent_encode(b, value);
}

static void param_number(struct og_buf *b, const char *key, uint64_t n)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	param(b, key, og_sv(text, (size_t)len));
}

static void selectors(struct og_watch *w, struct og_buf *b)
{
	if (w->o.label_selector)
		param(b, "labelSelector", og_svz(w->o.label_selector));
	if (w->o.field_selector)
		param(b, "fieldSelector", og_svz(w->o.field_selector));
}

/* The version that a list is asked for. */
static struct og_sv wanted(const struct og_watch *w)
{
	return w->rv_useless ? og_sv("", 0) : og_buf_view(&w->rv);
}

static void note_ns(struct og_watch *w, uint64_t *counter, uint64_t add)
{
	pthread_mutex_lock(&w->mu);
	*counter += add;
	pthread_mutex_unlock(&w->mu);
}

/* ---- what comes ---- */

static void on_open(void *watch)
{
	struct og_watch *w = watch;
	w->open = true;
	w->heard_ns = og_loop_now_ns(w->loop);
	if (w->phase == WATCH_STREAM) {
		watch_disconnected(w, false);
		watch_at(w, &w->live, w->heard_ns + WATCH_STANDS_MS * OG_NS_PER_MS);
	}
}

/* A watch that goes well: what was wrong before is over. */
static void stands(struct og_watch *w)
{
	w->stands = true;
	w->faults_row = 0;
	if (!w->store_full)
		watch_synced(w);
}

static int on_data(void *watch, struct og_sv chunk)
{
	struct og_watch *w = watch;
	struct og_err err = OG_ERR_INIT;
	uint64_t heard = w->heard;
	w->heard_ns = og_loop_now_ns(w->loop);
	note_ns(w, &w->info.bytes, chunk.n);
	og_series_add(w->m_bytes, (double)chunk.n);
	int rc = og_jsplit_feed(&w->split, chunk, &err);
	if (rc && w->verdict == WV_FINE) {
		w->verdict = rc == -OG_E_OOM ? WV_MEMORY : WV_GARBAGE;
		og_err_wrap(&err, "reading %s", w->info.resource);
		w->why = err;
	}
	pthread_mutex_lock(&w->mu);
	w->info.last_event_ns = w->heard_ns;
	w->info.objects = og_store_count(w->o.store);
	w->info.listed = w->listed;
	w->info.list_total = w->list_total;
	pthread_mutex_unlock(&w->mu);
	if (!rc && w->heard > heard && w->phase == WATCH_STREAM && !w->stands)
		stands(w);
	return rc;
}

/* ---- whether it lives ---- */

static int64_t silent_at(const struct og_watch *w)
{
	if (w->phase == WATCH_INITIAL)
		return w->heard_ns +
		       (w->open ? WATCH_INITIAL_SILENT_MS : WATCH_LIST_IDLE_MS) * OG_NS_PER_MS;
	if (!w->open)
		return w->heard_ns + WATCH_UNANSWERED_MS * OG_NS_PER_MS;
	return w->seen_bookmarks ? w->heard_ns + WATCH_SILENT_MS * OG_NS_PER_MS : INT64_MAX;
}

/* When there is something to look at; not after `now`: it has been silent for too long. A list ends
 * by the client's limits. */
static int64_t next_look(const struct og_watch *w, int64_t now)
{
	int64_t progress = now + WATCH_PROGRESS_MS * OG_NS_PER_MS;
	if (w->phase == WATCH_LIST)
		return progress;
	int64_t over = w->begin_ns + w->timeout_s * OG_NS_PER_S + WATCH_GRACE_MS * OG_NS_PER_MS;
	int64_t silent = silent_at(w), end = silent < over ? silent : over;
	return w->phase == WATCH_INITIAL && progress < end ? progress : end;
}

static void cut_silent(struct og_watch *w, int64_t now)
{
	struct og_err err = OG_ERR_INIT;
	og_auto_buf struct og_buf waits = OG_BUF_INIT(0);
	if (!w->open && w->seam.waits)
		w->seam.waits(w->seam.ctx, w->call, &waits);
	og_err_set(&err, OG_E_TIMEOUT, "the watch of %s has been silent for %lld s%s%.*s",
		w->info.resource, (long long)((now - w->heard_ns) / OG_NS_PER_S),
		waits.len ? "; it waits for " : "", OG_SV_ARG(og_buf_view(&waits)));
	watch_cut(w, WV_SILENT, &err);
}

void watch_look(void *watch)
{
	struct og_watch *w = watch;
	watch_never(w, &w->live);
	if (w->phase == WATCH_WAIT)
		return;
	int64_t now = og_loop_now_ns(w->loop), next = next_look(w, now);
	if (next <= now) {
		cut_silent(w, now);
		return;
	}
	if (w->phase == WATCH_STREAM && w->open && !w->stands)
		stands(w);
	if (w->phase != WATCH_STREAM)
		watch_note_waits(w);
	watch_at(w, &w->live, next);
}

void watch_cut(struct og_watch *w, enum watch_verdict v, struct og_err *why)
{
	w->seam.cancel(w->seam.ctx, w->call);
	w->call = NULL;
	og_jsplit_fini(&w->split);
	watch_ended(w, v, why, 0, og_sv("", 0));
}

/* ---- the end ---- */

static enum watch_verdict fine_list(struct og_watch *w)
{
	struct og_err err = OG_ERR_INIT;
	if (og_jsplit_end(&w->split, &err)) {
		og_err_wrap(&err, "the list of %s was cut", w->info.resource);
		w->why = err;
		return WV_GARBAGE;
	}
	if (w->cont.len && og_sv_eq(og_buf_view(&w->cont), og_buf_view(&w->last_cont))) {
		og_err_set(&w->why, OG_E_PARSE,
			"the list of %s does not go on: the same page again", w->info.resource);
		return WV_GARBAGE;
	}
	return WV_FINE;
}

static enum watch_verdict fine_stream(struct og_watch *w)
{
	struct og_err err = OG_ERR_INIT;
	if (w->phase == WATCH_INITIAL) {
		og_err_set(&w->why, OG_E_IO,
			"the watch of %s ended before all initial events were there",
			w->info.resource);
		return WV_NETWORK;
	}
	if (og_jsplit_end(&w->split, &err)) { /* the begun frame is not used */
		og_err_wrap(&err, "the watch of %s was cut", w->info.resource);
		w->why = err;
		return WV_NETWORK;
	}
	if (w->heard == 0 &&
		og_loop_now_ns(w->loop) - w->begin_ns < WATCH_SHORT_MS * OG_NS_PER_MS) {
		og_err_set(&w->why, OG_E_IO, "the watch of %s ended at once, without an event",
			w->info.resource);
		return WV_SHORT;
	}
	return WV_FINE;
}

static enum watch_verdict verdict_of(struct og_watch *w, const struct og_kube_answer *a)
{
	if (w->verdict != WV_FINE)
		return w->verdict;
	if (a->code == 0)
		return w->phase == WATCH_LIST ? fine_list(w) : fine_stream(w);
	w->why = a->err;
	if (a->code == -OG_E_OOM)
		return WV_MEMORY;
	if (a->status.retry_after_s > 0)
		w->retry_after_s = a->status.retry_after_s < WATCH_RETRY_AFTER_S
					   ? a->status.retry_after_s
					   : WATCH_RETRY_AFTER_S;
	if (a->http >= 300)
		return watch_judge(a->http, a->status.reason, a->status.cause, a->status.message);
	return a->code == -OG_E_PARSE ? WV_GARBAGE : WV_NETWORK;
}

static void send_page(struct og_watch *w);

static void on_done(void *watch, const struct og_kube_answer *a)
{
	struct og_watch *w = watch;
	w->call = NULL;
	enum watch_verdict v = verdict_of(w, a);
	og_jsplit_fini(&w->split);
	if (v != WV_FINE || w->phase != WATCH_LIST) {
		struct og_err why = w->why;
		watch_ended(w, v, &why, a->http, a->rule);
	} else if (w->cont.len) {
		w->paged |= !w->rv_useless && !w->rv.len;
		send_page(w);
	} else {
		watch_whole(w, false);
		watch_in(w, 0);
	}
}

/* ---- asking ---- */

static void send(struct og_watch *w, enum og_kube_verb verb, struct og_buf *query)
{
	struct og_err err = OG_ERR_INIT;
	bool list = verb == OG_KUBE_LIST;
	w->begin_ns = w->heard_ns = og_loop_now_ns(w->loop);
	w->open = w->stands = false;
	w->heard = 0;
	w->verdict = WV_FINE;
	w->retry_after_s = -1;
	og_err_clear(&w->why);
	og_jsplit_init(&w->split, list ? OG_JSPLIT_LIST : OG_JSPLIT_STREAM, WATCH_OBJECT_BYTES);
	w->split.ctx = w;
	w->split.on_part = list ? watch_list_item : watch_event;
	w->split.on_envelope = list ? watch_list_envelope : NULL;
	struct og_kube_request r = {.verb = verb,
		.res = w->o.res,
		.query = og_buf_view(query),
		.accept = !w->o.metadata_only ? NULL
			  : list	      ? accept_list
					      : accept_watch,
		.lane = OG_KUBE_BULK,
		.deadline_ms = list ? WATCH_LIST_MS : -1,
		.idle_ms = list ? WATCH_LIST_IDLE_MS : 0,
		.ctx = w,
		.on_open = on_open,
		.on_data = on_data,
		.on_done = on_done};
	int rc = query->failed ? og_err_set(&err, OG_E_OOM, "out of memory for a request")
			       : w->seam.start(w->seam.ctx, &r, &w->call, &err);
	if (rc) {
		w->call = NULL;
		og_jsplit_fini(&w->split);
		watch_ended(w, rc == -OG_E_OOM ? WV_MEMORY : WV_OTHER, &err, 0, og_sv("", 0));
		return;
	}
	watch_note_waits(w);
}

/* pages only where the most recent or any state is asked for, so that a cache can serve the
 * others; a version and a continue token exclude each other. */
static void send_page(struct og_watch *w)
{
	og_auto_buf struct og_buf q = OG_BUF_INIT(64 << 10);
	bool recent = w->rv_useless || (w->paged && w->rv.len);
	if (!w->full_list && (recent || !w->rv.len))
		param_number(&q, "limit", w->o.page);
	if (w->cont.len)
		param(&q, "continue", og_buf_view(&w->cont));
	else if (!recent)
		param(&q, "resourceVersion", w->rv.len ? og_buf_view(&w->rv) : OG_SV("0"));
	selectors(w, &q);
	og_buf_reset(&w->last_cont);
	og_buf_sv(&w->last_cont, og_buf_view(&w->cont));
	note_ns(w, &w->info.lists, 1);
	send(w, OG_KUBE_LIST, &q);
}

static void list(struct og_watch *w)
{
	w->phase = WATCH_LIST;
	w->store_full = w->skipped = false;
	w->listed = w->list_total = 0;
	watch_at(w, &w->live, 0);
	og_buf_reset(&w->list_rv);
	og_buf_reset(&w->cont);
	og_store_replace_begin(w->o.store);
	send_page(w);
}

static void stream(struct og_watch *w, bool initial)
{
	og_auto_buf struct og_buf q = OG_BUF_INIT(64 << 10);
	struct og_sv rv = initial ? wanted(w) : og_buf_view(&w->rv);
	w->timeout_s = WATCH_TIMEOUT_MIN_S +
		       kube_rng_upto(&w->rng, WATCH_TIMEOUT_MAX_S - WATCH_TIMEOUT_MIN_S);
	param(&q, "allowWatchBookmarks", OG_SV("true"));
	param_number(&q, "timeoutSeconds", (uint64_t)w->timeout_s);
	if (rv.n)
		param(&q, "resourceVersion", rv);
	if (initial) {
		param(&q, "sendInitialEvents", OG_SV("true"));
		param(&q, "resourceVersionMatch", OG_SV("NotOlderThan"));
		w->store_full = w->skipped = false;
		w->listed = w->list_total = 0;
		og_store_replace_begin(w->o.store);
		note_ns(w, &w->info.lists, 1);
	} else {
		note_ns(w, &w->info.watches, 1);
	}
	selectors(w, &q);
	w->phase = initial ? WATCH_INITIAL : WATCH_STREAM;
	watch_at(w, &w->live, 0); /* looks at once, and sets itself */
	send(w, OG_KUBE_WATCH, &q);
}

void watch_begin(void *watch)
{
	struct og_watch *w = watch;
	watch_never(w, &w->next);
	if (w->phase != WATCH_WAIT)
		return;
	if (!w->list_due) {
		stream(w, false);
		return;
	}
	og_metric_add(w->table, WM_LISTS, 1,
		OG_LABELS(w->info.resource, (const char *const[]){
						    [WL_START] = "start",
						    [WL_EXPIRED] = "expired",
						    [WL_TOO_LARGE] = "too_large",
						    [WL_SHORT] = "short",
						    [WL_FAULT] = "fault",
						    [WL_ABSENT] = "absent",
						    [WL_FULL] = "full",
					    }[w->list_cause]));
	if (!w->o.no_watch_list && !w->no_stream_list && w->stream_tries < WATCH_TRIES)
		stream(w, true);
	else
		list(w);
}
