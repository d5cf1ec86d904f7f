/* SPDX-License-Identifier: Apache-2.0 */
/* A watch's life, its state, and what others see of it. */
#include "otelgate/base/mem.h"
#include "rng-priv.h"
#include "watch-priv.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

const char *og_watch_state_name(enum og_watch_state s)
{
	static const char *const names[OG_WATCH_STATES_] = {[OG_WATCH_STARTING] = "starting",
		[OG_WATCH_SYNCED] = "synced",
		[OG_WATCH_ABSENT] = "absent",
		[OG_WATCH_FORBIDDEN] = "forbidden",
		[OG_WATCH_FAILING] = "failing"};
	return (unsigned)s < OG_WATCH_STATES_ ? names[s] : "unknown";
}

const struct og_metric_def og_watch_metrics[WM_COUNT_] = {
	[WM_RESTARTS] = {.name = "otelgate_watch_ends_total",
		.help = "List and watch requests that ended, by what ended them; end is the "
			"ordinary one.",
		.type = OG_METRIC_COUNTER,
		.labels = {"resource", "cause"},
		.max_series = 400},
	[WM_LISTS] = {.name = "otelgate_watch_lists_total",
		.help = "Times the whole was asked for anew, by cause.",
		.type = OG_METRIC_COUNTER,
		.labels = {"resource", "cause"},
		.max_series = 200},
	[WM_EVENTS] = {.name = "otelgate_watch_events_total",
		.help = "Watch events received.",
		.type = OG_METRIC_COUNTER,
		.labels = {"resource", "type"},
		.max_series = 200},
	[WM_BYTES] = {.name = "otelgate_watch_received_bytes_total",
		.help = "Bytes of lists and watches received, after decompression.",
		.type = OG_METRIC_COUNTER,
		.unit = "bytes",
		.labels = {"resource"}},
	[WM_SKIPPED] = {.name = "otelgate_watch_skipped_total",
		.help = "Objects and events that could not be understood and were left out.",
		.type = OG_METRIC_COUNTER,
		.labels = {"resource"}},
	[WM_STATE] = {.name = "otelgate_watch_state",
		.help = "1 for the state the watch is in.",
		.type = OG_METRIC_GAUGE,
		.labels = {"resource", "state"},
		.max_series = 200},
	[WM_SYNCED_AT] = {.name = "otelgate_watch_last_list_timestamp_seconds",
		.help = "When the whole was last taken.",
		.type = OG_METRIC_GAUGE,
		.unit = "seconds",
		.labels = {"resource"}},
};
const size_t og_watch_metrics_n = OG_COUNT(og_watch_metrics);

/* ---- state ---- */

/* Texts of servers may be shown on terminals. */
static void show(char *out, size_t size, struct og_sv text)
{
	size_t n = text.n < size - 1 ? text.n : size - 1;
	while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		out[i] = (c < ' ' && c != '\n') || c == 0x7F ? '?' : (char)c;
	}
	out[n] = '\0';
}

void watch_note(struct og_watch *w, const struct og_err *why)
{
	pthread_mutex_lock(&w->mu);
	show(w->info.error, sizeof(w->info.error), og_svz(why ? why->msg : ""));
	pthread_mutex_unlock(&w->mu);
}

static void state_metric(struct og_watch *w)
{
	for (int i = 0; i < OG_WATCH_STATES_; i++)
		og_metric_set(w->table, WM_STATE, w->info.state == (enum og_watch_state)i,
			OG_LABELS(w->info.resource, og_watch_state_name((enum og_watch_state)i)));
}

void watch_state(struct og_watch *w, enum og_watch_state s, const struct og_err *why, int http,
	struct og_sv rule)
{
	bool turned = w->info.state != s;
	pthread_mutex_lock(&w->mu);
	w->info.state = s;
	w->info.http = http;
	show(w->info.error, sizeof(w->info.error), og_svz(why ? why->msg : ""));
	show(w->info.rule, sizeof(w->info.rule), rule);
	w->info.objects = og_store_count(w->o.store);
	if (turned)
		w->info.since_ns = og_loop_now_ns(w->loop);
	pthread_mutex_unlock(&w->mu);
	if (!turned)
		return;
	state_metric(w);
	struct og_err none = OG_ERR_INIT;
	if (w->o.on_state)
		w->o.on_state(w->o.ctx, s, why ? why : &none);
}

void watch_synced(struct og_watch *w)
{
	watch_state(w, OG_WATCH_SYNCED, w->skipped ? &w->skip : NULL, 0, og_sv("", 0));
}

void watch_disconnected(struct og_watch *w, bool is)
{
	pthread_mutex_lock(&w->mu);
	if (!is)
		w->info.disconnected_ns = 0;
	else if (!w->info.disconnected_ns)
		w->info.disconnected_ns = og_loop_now_ns(w->loop);
	pthread_mutex_unlock(&w->mu);
}

void watch_note_waits(struct og_watch *w)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	bool listing = w->phase == WATCH_LIST || w->phase == WATCH_INITIAL;
	if (listing && w->open)
		og_buf_fmt(&b, "the end of the answer; %u objects are held",
			og_store_count(w->o.store));
	else if (listing && w->call && w->seam.waits)
		w->seam.waits(w->seam.ctx, w->call, &b);
	int64_t s = (og_loop_now_ns(w->loop) - w->begin_ns) / OG_NS_PER_S;
	if (b.len && s)
		og_buf_fmt(&b, " (%lld s)", (long long)s);
	pthread_mutex_lock(&w->mu);
	show(w->info.waits, sizeof(w->info.waits), og_buf_view(&b));
	pthread_mutex_unlock(&w->mu);
}

void watch_list_anew(struct og_watch *w, enum watch_list_cause cause)
{
	w->list_due = true;
	w->list_cause = cause;
	w->full_list = false;
}

void watch_whole(struct og_watch *w, bool streamed)
{
	int64_t now = og_loop_now_ns(w->loop);
	og_buf_reset(&w->rv);
	og_buf_sv(&w->rv, og_buf_view(&w->list_rv));
	w->list_due = w->rv_useless = w->full_list = false;
	w->stream_tries = 0;
	w->phase = streamed ? WATCH_STREAM : WATCH_WAIT;
	watch_note_waits(w);
	if (streamed) {
		w->stands = true;
		w->faults_row = 0;
		watch_disconnected(w, false);
		watch_at(w, &w->live, 0);
	}
	if (w->store_full) { /* not the whole: nothing is taken away for it */
		og_store_replace_abort(w->o.store);
		return;
	}
	og_store_replace_commit(w->o.store);
	pthread_mutex_lock(&w->mu);
	w->info.syncs++;
	w->info.last_sync_ns = now;
	w->info.streamed = streamed;
	pthread_mutex_unlock(&w->mu);
	og_metric_set(w->table, WM_SYNCED_AT,
		(double)og_clock_wall_ns(og_loop_clock(w->loop)) / (double)OG_NS_PER_S,
		OG_LABELS(w->info.resource));
	/* after faults in a row a list alone does not prove that watching works again */
	if (w->faults_row < 2)
		watch_synced(w);
}

/* What has room goes on being kept up to date; the whole is listed again after a while. */
void watch_full(struct og_watch *w, const struct og_err *why)
{
	if (!w->store_full)
		watch_at(w, &w->room,
			og_loop_now_ns(w->loop) + watch_jitter(w, WATCH_FULL_MS) * OG_NS_PER_MS);
	w->store_full = true;
	watch_state(w, OG_WATCH_FAILING, why, 0, og_sv("", 0));
}

static void look_for_room(void *watch)
{
	struct og_watch *w = watch;
	watch_never(w, &w->room);
	if (!w->store_full)
		return;
	watch_list_anew(w, WL_FULL);
	if (w->phase != WATCH_STREAM)
		return; /* a list is under way or due */
	w->seam.cancel(w->seam.ctx, w->call);
	w->call = NULL;
	og_jsplit_fini(&w->split);
	w->phase = WATCH_WAIT;
	watch_never(w, &w->live);
	watch_in(w, 0);
}

/* ---- timers ---- */

int64_t watch_jitter(struct og_watch *w, int64_t ms)
{
	return ms + kube_rng_upto(&w->rng, ms);
}

void watch_at(struct og_watch *w, struct og_timer *t, int64_t at_ns)
{
	og_loop_fn *fn = t == &w->next ? watch_begin : t == &w->live ? watch_look : look_for_room;
	(void)og_timer_at(w->loop, t, at_ns, fn, w);
}

void watch_never(struct og_watch *w, struct og_timer *t)
{
	watch_at(w, t, INT64_MAX);
}

void watch_in(struct og_watch *w, int64_t ms)
{
	watch_at(w, &w->next, og_loop_now_ns(w->loop) + ms * OG_NS_PER_MS);
}

/* ---- life ---- */

static int copy(struct og_watch *w, struct og_err *err)
{
	struct og_sv *sv[] = {&w->o.res.group, &w->o.res.version, &w->o.res.resource, &w->o.res.ns};
	const char **z[] = {&w->o.label_selector, &w->o.field_selector};
	w->o.res.subresource = w->o.res.name = og_sv("", 0);
	for (size_t i = 0; i < OG_COUNT(sv); i++)
		*sv[i] = og_arena_sv(&w->own, *sv[i]);
	for (size_t i = 0; i < OG_COUNT(z); i++)
		if (*z[i])
			*z[i] = **z[i] ? og_arena_strndup(&w->own, *z[i], strlen(*z[i])) : NULL;
	(void)snprintf(w->info.resource, sizeof(w->info.resource), "%.*s%s%.*s",
		OG_SV_ARG(w->o.res.resource), w->o.res.group.n ? "." : "",
		OG_SV_ARG(w->o.res.group));
	if (w->own.failed)
		return og_err_set(err, OG_E_OOM, "out of memory for a watch");
	return 0;
}

static int metrics(struct og_watch *w, struct og_err *err)
{
	static const char *const types[] = {[WE_ADDED] = "added",
		[WE_MODIFIED] = "modified",
		[WE_DELETED] = "deleted",
		[WE_BOOKMARK] = "bookmark",
		[WE_ERROR] = "error"};
	if (!w->o.metrics)
		return 0;
	w->table = og_metrics_add(w->o.metrics, og_watch_metrics, og_watch_metrics_n, err);
	if (!w->table)
		return -OG_E_OOM;
	for (size_t i = 0; i < OG_COUNT(types); i++)
		w->m_events[i] = og_metric_series(
			w->table, WM_EVENTS, OG_LABELS(w->info.resource, types[i]));
	w->m_bytes = og_metric_series(w->table, WM_BYTES, OG_LABELS(w->info.resource));
	state_metric(w);
	return og_store_export(w->o.store, w->o.metrics, og_loop_clock(w->loop), err);
}

static int set_up(struct og_watch *w, struct og_err *err)
{
	if (!w->o.page)
		w->o.page = WATCH_PAGE;
	w->rng = w->o.seed;
	if (!w->rng && getrandom(&w->rng, sizeof(w->rng), GRND_NONBLOCK) != sizeof(w->rng))
		w->rng = (uint64_t)og_loop_now_ns(w->loop) ^ (uint64_t)(uintptr_t)w;
	og_arena_init(&w->own, 1024, 0);
	og_arena_init(&w->item, 0, 0);
	og_buf_init(&w->rv, WATCH_RV_BYTES);
	og_buf_init(&w->list_rv, WATCH_RV_BYTES);
	og_buf_init(&w->cont, WATCH_CONTINUE_BYTES);
	og_buf_init(&w->last_cont, WATCH_CONTINUE_BYTES);
	w->retry_after_s = -1;
	w->info.since_ns = w->info.disconnected_ns = og_loop_now_ns(w->loop);
	show(w->info.waits, sizeof(w->info.waits), OG_SV("the loop's next turn"));
	int rc = copy(w, err);
	if (rc == 0)
		rc = metrics(w, err);
	/* room for a version is there from now on: noting one cannot fail */
	if (rc == 0 && (!og_buf_reserve(&w->rv, WATCH_RV_BYTES) ||
			       og_timer_at(w->loop, &w->live, INT64_MAX, watch_look, w) ||
			       og_timer_at(w->loop, &w->room, INT64_MAX, look_for_room, w) ||
			       og_timer_at(w->loop, &w->next, 0, watch_begin, w)))
		rc = og_err_set(err, OG_E_OOM, "out of memory for a watch");
	return rc;
}

int watch_start(const struct og_watch_opts *o, const struct kube_seam *s, struct og_watch **ret,
	struct og_err *err)
{
	if (!o->store || !o->res.resource.n || !o->res.version.n)
		return og_err_set(err, OG_E_INVALID, "a watch needs a store and a resource");
	struct og_watch *w = og_calloc(1, sizeof(*w));
	if (!w)
		return og_err_set(err, OG_E_OOM, "out of memory for a watch");
	w->o = *o;
	w->seam = *s;
	w->loop = s->loop;
	w->list_due = true;
	pthread_mutex_init(&w->mu, NULL);
	int rc = set_up(w, err);
	if (rc) {
		og_watch_stop(w);
		return rc;
	}
	*ret = w;
	return 0;
}

int og_watch_start(const struct og_watch_opts *o, struct og_watch **ret, struct og_err *err)
{
	if (!o->kube)
		return og_err_set(err, OG_E_INVALID, "a watch needs a client");
	const struct kube_seam s = kube_seam_of(o->kube);
	return watch_start(o, &s, ret, err);
}

void og_watch_stop(struct og_watch *w)
{
	if (!w)
		return;
	og_timer_cancel(w->loop, &w->next);
	og_timer_cancel(w->loop, &w->live);
	og_timer_cancel(w->loop, &w->room);
	if (w->call) {
		w->seam.cancel(w->seam.ctx, w->call);
		og_jsplit_fini(&w->split);
		og_store_replace_abort(w->o.store);
	}
	og_buf_fini(&w->rv);
	og_buf_fini(&w->list_rv);
	og_buf_fini(&w->cont);
	og_buf_fini(&w->last_cont);
	og_arena_fini(&w->item);
	og_arena_fini(&w->own);
	pthread_mutex_destroy(&w->mu);
	og_free(w);
}

void og_watch_poke(struct og_watch *w)
{
	if (w->store_full)
		watch_at(w, &w->room, 0);
	if (w->phase == WATCH_WAIT && w->info.state != OG_WATCH_SYNCED &&
		w->info.state != OG_WATCH_STARTING)
		watch_in(w, 0);
}

void og_watch_info(struct og_watch *w, struct og_watch_info *ret)
{
	pthread_mutex_lock(&w->mu);
	*ret = w->info;
	pthread_mutex_unlock(&w->mu);
}
