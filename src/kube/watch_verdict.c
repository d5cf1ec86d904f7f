/* SPDX-License-Identifier: Apache-2.0 */
/* What an end means, and what is done about it: the table of. */
#include "rng-priv.h"
#include "watch-priv.h"

const char *const og_watch_causes[WV_COUNT_] = {
	[WV_FINE] = "end",
	[WV_NETWORK] = "network",
	[WV_EXPIRED] = "expired",
	[WV_TOO_LARGE] = "too_large",
	[WV_ABSENT] = "absent",
	[WV_FORBIDDEN] = "forbidden",
	[WV_THROTTLED] = "throttled",
	[WV_SERVER] = "server",
	[WV_REFUSED] = "refused",
	[WV_OTHER] = "other",
	[WV_GARBAGE] = "garbage",
	[WV_SILENT] = "silent",
	[WV_SHORT] = "short",
	[WV_MEMORY] = "memory",
};

enum watch_verdict watch_judge(
	int http, struct og_sv reason, struct og_sv cause, struct og_sv message)
{
	/* the cause since Kubernetes 1.18, the message before (apimachinery api/errors) */
	if (og_sv_is(cause, "ResourceVersionTooLarge") ||
		og_sv_has(message, OG_SV("Too large resource version")))
		return WV_TOO_LARGE;
	if (og_sv_is(reason, "Expired") || og_sv_is(reason, "Gone"))
		return WV_EXPIRED;
	static const struct {
		int from, to;
		enum watch_verdict v;
	} rows[] = {
		{410, 410, WV_EXPIRED},
		{404, 404, WV_ABSENT},
		{403, 403, WV_FORBIDDEN},
		{429, 429, WV_THROTTLED},
		{501, 501, WV_REFUSED},
		{500, 599, WV_SERVER},
		{400, 400, WV_REFUSED},
		{405, 406, WV_REFUSED},
		{415, 415, WV_REFUSED},
		{422, 422, WV_REFUSED},
		{100, 999, WV_OTHER},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (http >= rows[i].from && http <= rows[i].to)
			return rows[i].v;
	if (og_sv_is(reason, "TooManyRequests"))
		return WV_THROTTLED;
	return og_sv_is(reason, "InternalError") ? WV_SERVER : WV_OTHER;
}

/* Doubling waits with jitter, from the beginning again after two minutes without one. */
int64_t watch_backoff(struct og_watch *w)
{
	int64_t now = og_loop_now_ns(w->loop);
	bool reset = !w->backoff_ms || now - w->backoff_ns >= WATCH_BACKOFF_RESET_MS * OG_NS_PER_MS;
	int64_t ms = reset ? WATCH_BACKOFF_MS : w->backoff_ms * 2;
	w->backoff_ms = ms > WATCH_BACKOFF_MAX_MS ? WATCH_BACKOFF_MAX_MS : ms;
	w->backoff_ns = now;
	int64_t wait = watch_jitter(w, w->backoff_ms);
	int64_t asked = (int64_t)w->retry_after_s * 1000;
	return asked > wait ? watch_jitter(w, asked) : wait;
}

static void absent(struct og_watch *w, const struct og_err *why, int http)
{
	/* that there is nothing is known as surely as from a list */
	if (w->info.state != OG_WATCH_ABSENT || og_store_count(w->o.store)) {
		og_store_replace_begin(w->o.store);
		og_store_replace_commit(w->o.store);
	}
	og_buf_reset(&w->rv);
	w->rv_useless = false;
	watch_list_anew(w, WL_ABSENT);
	watch_state(w, OG_WATCH_ABSENT, why, http, og_sv("", 0));
	watch_in(w, watch_jitter(w, WATCH_ABSENT_MS));
}

/* For one object RBAC wants resourceNames; the request itself names none. */
static bool rule_of_one(const struct og_watch *w, enum watch_phase phase, struct og_buf *out)
{
	struct og_sv f = og_svz(w->o.field_selector), key = OG_SV("metadata.name=");
	if (!og_sv_starts(f, key) || og_sv_chr(f, ',') < f.n)
		return false;
	struct og_kube_resource r = w->o.res;
	r.name = og_sv(f.p + key.n, f.n - key.n);
	og_kube_rbac_rule(phase == WATCH_LIST ? OG_KUBE_LIST : OG_KUBE_WATCH, &r, out);
	return !out->failed;
}

/* A fault: the first one after a watch that stood is not yet worth a state. */
static void fault(struct og_watch *w, const struct og_err *why, int http)
{
	w->faults_row++;
	pthread_mutex_lock(&w->mu);
	w->info.faults++;
	pthread_mutex_unlock(&w->mu);
	bool first = w->info.state == OG_WATCH_SYNCED && w->faults_row == 1;
	watch_state(w, first ? OG_WATCH_SYNCED : OG_WATCH_FAILING, why, http, og_sv("", 0));
	watch_in(w, watch_backoff(w));
}

/*
 * Just after its start an API server refuses what it allows a moment later: it serves before its
 * RBAC caches are filled (seen with kube-apiserver 1.36: for one to five seconds). What we were
 * allowed to see before is a fault at first, so that nobody is told of a rule that is not missing
 * and what happens meanwhile is not missed for long.
 */
static bool doubted(const struct og_watch *w)
{
	return w->info.syncs && w->forbidden_row <= WATCH_FORBIDDEN_DOUBT;
}

static void forbidden(struct og_watch *w, enum watch_phase phase, const struct og_err *why,
	int http, struct og_sv rule)
{
	og_auto_buf struct og_buf one = OG_BUF_INIT(4096);
	if (rule_of_one(w, phase, &one))
		rule = og_buf_view(&one);
	unsigned row = w->forbidden_row++;
	if (doubted(w)) {
		fault(w, why, http);
		watch_in(w, watch_jitter(w, (int64_t)WATCH_FORBIDDEN_DOUBT_MS << row));
		return;
	}
	row -= w->info.syncs && row >= WATCH_FORBIDDEN_DOUBT ? WATCH_FORBIDDEN_DOUBT : 0;
	int64_t ms = (int64_t)WATCH_FORBIDDEN_MS << (row < 3 ? row : 3);
	watch_state(w, OG_WATCH_FORBIDDEN, why, http, rule);
	ms = ms > WATCH_FORBIDDEN_MAX_MS / 2 ? WATCH_FORBIDDEN_MAX_MS / 2 : ms;
	watch_in(w, watch_jitter(w, ms));
}

static void expired(struct og_watch *w)
{
	pthread_mutex_lock(&w->mu);
	w->info.expired++;
	pthread_mutex_unlock(&w->mu);
}

static void ended_list(struct og_watch *w, enum watch_verdict v, const struct og_err *why, int http)
{
	bool had_rv = !w->rv_useless;
	switch (v) {
	case WV_EXPIRED:
		expired(w);
		if (w->cont.len && !w->full_list) {
			w->full_list = true; /* pages do not live that long here */
			watch_in(w, 0);
			return;
		}
		break;
	case WV_TOO_LARGE:
		break;
	default:
		fault(w, why, http);
		return;
	}
	/* the version that was asked for cannot be had: the most recent state, once at once */
	w->rv_useless = true;
	w->full_list = false;
	if (had_rv)
		watch_in(w, 0);
	else
		fault(w, why, http);
}

static void ended_initial(
	struct og_watch *w, enum watch_verdict v, const struct og_err *why, int http)
{
	bool had_rv = !w->rv_useless && w->rv.len;
	switch (v) {
	case WV_REFUSED:
		w->no_stream_list = true;
		watch_in(w, 0);
		return;
	case WV_EXPIRED:
	case WV_TOO_LARGE:
		if (v == WV_EXPIRED)
			expired(w);
		w->rv_useless = true;
		if (had_rv) {
			watch_in(w, 0);
			return;
		}
		break;
	case WV_SILENT:
		/* a server that does not know the parameter answers with an ordinary watch */
		w->no_stream_list = w->heard > 0 || w->open;
		break;
	case WV_THROTTLED:
		fault(w, why, http);
		return;
	default:
		break;
	}
	w->stream_tries++;
	fault(w, why, http);
}

static void ended_stream(
	struct og_watch *w, enum watch_verdict v, const struct og_err *why, int http)
{
	switch (v) {
	case WV_FINE: /* its time was over */
		w->server_row = 0;
		watch_in(w, og_loop_now_ns(w->loop) - w->begin_ns < WATCH_SHORT_MS * OG_NS_PER_MS
				    ? watch_jitter(w, WATCH_SHORT_MS / 2)
				    : 0);
		return;
	case WV_EXPIRED:
	case WV_TOO_LARGE:
		/* a list not older than what was seen will do, unless the server is behind */
		if (v == WV_EXPIRED)
			expired(w);
		w->rv_useless = v == WV_TOO_LARGE;
		watch_list_anew(w, v == WV_EXPIRED ? WL_EXPIRED : WL_TOO_LARGE);
		watch_in(w, kube_rng_upto(&w->rng, WATCH_SPREAD_MS));
		return;
	case WV_SHORT:
		watch_list_anew(w, WL_SHORT);
		break;
	case WV_SILENT: /* most likely a dead connection: the next one may do */
		w->faults_row++;
		watch_note(w, why);
		watch_in(w, kube_rng_upto(&w->rng, WATCH_SPREAD_MS));
		return;
	case WV_NETWORK:
	case WV_THROTTLED:
		break;
	case WV_SERVER:
	case WV_GARBAGE:
	case WV_OTHER:
		if (++w->server_row >= WATCH_ROW)
			watch_list_anew(w, WL_FAULT);
		break;
	default:
		watch_list_anew(w, WL_FAULT);
		break;
	}
	fault(w, why, http);
}

void watch_ended(struct og_watch *w, enum watch_verdict v, const struct og_err *why, int http,
	struct og_sv rule)
{
	enum watch_phase phase = w->phase;
	w->phase = WATCH_WAIT;
	watch_never(w, &w->live);
	watch_note_waits(w);
	if (phase == WATCH_LIST || phase == WATCH_INITIAL)
		og_store_replace_abort(w->o.store);
	og_metric_add(w->table, WM_RESTARTS, 1, OG_LABELS(w->info.resource, og_watch_causes[v]));
	if (v != WV_FINE)
		watch_disconnected(w, true);
	if (v != WV_FORBIDDEN)
		w->forbidden_row = 0;
	if (v == WV_ABSENT)
		absent(w, why, http);
	else if (v == WV_FORBIDDEN)
		forbidden(w, phase, why, http, rule);
	else if (phase == WATCH_LIST)
		ended_list(w, v, why, http);
	else if (phase == WATCH_INITIAL)
		ended_initial(w, v, why, http);
	else
		ended_stream(w, v, why, http);
	w->retry_after_s = -1;
}
