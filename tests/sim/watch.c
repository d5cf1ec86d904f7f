/* SPDX-License-Identifier: Apache-2.0 */
/* WATCH: the history of a collection followed as it grows, as lines of JSON. */
#include <stdio.h>
#include "otelgate/base/parse.h"
#include "sim/sim-priv.h"

enum { BATCH = 64 };

struct watch {
	struct sim_select sel;
	struct sim_coll *coll;
	uint64_t seq; /* number of the next change to look at */
	uint64_t rv;  /* everything up to here was delivered */
	int64_t until, next_bookmark;
	int64_t sent;  /* events */
	unsigned gone; /* of the resource, at the begin */
	bool bookmarks, initial, deaf;
	struct sim_snap *snap; /* of initial events */
};

static const char *const names[] = {"ADDED", "MODIFIED", "DELETED"};

static void line(struct sim_req *q, const char *type, const struct sim_obj *o)
{
	char head[48];
	int n = snprintf(head, sizeof(head), "{\"type\":\"%s\",\"object\":", type);

	sim_body(q, head, (size_t)n);
	sim_write_obj(q, o, false);
	sim_body(q, "}\n", 2);
}

static void event(struct sim_req *q, struct watch *w, const char *type, const struct sim_obj *o)
{
	struct sim_shape *sh = &q->c->shape;

	if (sh->kind == SIM_F_LATE && !w->snap) {
		sim_flush(q);
		for (int64_t end = sim_mono_ms() + sh->ms; !q->c->broken;) {
			int64_t left = end - sim_mono_ms();

			if (left <= 0 || atomic_load(&q->c->kill))
				break;
			if (sim_conn_wait(q->c, left) < 0)
				q->c->broken = true;
		}
	}
	line(q, type, o);
	if (sh->kind == SIM_F_DUPLICATE)
		line(q, type, o);
	w->sent++;
}

static void bookmark(struct sim_req *q, struct watch *w, bool end_of_initial)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);

	if (q->c->shape.kind == SIM_F_NO_BOOKMARKS)
		return;
	og_buf_fmt(&b,
		"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"%s\",\"apiVersion\":\"%s\","
		"\"metadata\":{\"resourceVersion\":\"%llu\"%s}%s}}\n",
		q->partial ? "PartialObjectMetadata" : q->res->kind,
		q->partial ? "meta.k8s.io/v1" : q->res->api_version, (unsigned long long)w->rv,
		end_of_initial ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "",
		!q->partial && !strcmp(q->res->kind, "Pod")
			? ",\"spec\":{\"containers\":null},\"status\":{}"
			: "");
	sim_body(q, b.p, b.len);
	w->next_bookmark = sim_mono_ms() + q->s->o.bookmark_ms;
}

static void error_event(struct sim_req *q, const struct sim_status *st, const char *message)
{
	char *text = NULL;
	json_t *o = json_pack("{s:s,s:o}", "type", "ERROR", "object", sim_status_json(st, message));

	if (o)
		text = json_dumps(o, JSON_COMPACT);
	if (text) {
		sim_body(q, text, strlen(text));
		sim_body(q, "\n", 1);
	}
	json_decref(o);
	free(text);
}

static void expired(struct sim_req *q, uint64_t rv, uint64_t oldest)
{
	struct sim_status st = {.code = 410, .reason = "Expired"};
	char m[96];

	snprintf(m, sizeof(m), "too old resource version: %llu (%llu)", (unsigned long long)rv,
		(unsigned long long)oldest);
	error_event(q, &st, m);
}

/* The object as it was when it last belonged to the selection, with the version of the change. */
static void left(struct sim_req *q, struct watch *w, const struct sim_change *ch)
{
	struct sim_res *r = q->res->view_of ? q->res->view_of : q->res;
	json_t *o = sim_obj_json(ch->prev);
	struct sim_obj *was = o ? sim_obj_new(r, o, ch->rv) : NULL;

	if (was)
		event(q, w, names[SIM_DELETED], was);
	sim_obj_unref(was);
	json_decref(o);
}

/* What a change means for this watcher: an object that leaves the selection is DELETED. */
static void deliver(struct sim_req *q, struct watch *w, const struct sim_change *ch)
{
	bool was, is;

	if (ch->rv <= w->rv || (q->ns.n && !og_sv_eq(ch->obj->ns, q->ns)))
		return;
	was = ch->prev && sim_select_match(&w->sel, ch->prev);
	is = ch->type != SIM_DELETED && sim_select_match(&w->sel, ch->obj);
	if (is)
		event(q, w, names[was ? SIM_MODIFIED : SIM_ADDED], ch->obj);
	else if (was && ch->type == SIM_DELETED)
		event(q, w, names[SIM_DELETED], ch->obj);
	else if (was)
		left(q, w, ch);
}

/* Takes up to BATCH changes out under the lock and writes them without it. -1 = too late. */
static int pump(struct sim_req *q, struct watch *w)
{
	struct sim_change got[BATCH];
	struct sim_coll *c = w->coll;
	struct og_sim *s = q->s;
	int n = 0;
	bool late;

	pthread_mutex_lock(&s->mu);
	late = w->seq < c->first_seq;
	while (!late && n < BATCH && w->seq < c->first_seq + c->nring) {
		got[n] = c->ring[(c->first + (size_t)(w->seq - c->first_seq)) % c->ring_cap];
		sim_obj_ref(got[n].obj);
		if (got[n].prev)
			sim_obj_ref(got[n].prev);
		n++;
		w->seq++;
	}
	/* nothing up to here is left out, so a bookmark may say so */
	if (!late && w->seq == c->first_seq + c->nring && n == 0 && s->rv > w->rv)
		w->rv = s->rv;
	pthread_mutex_unlock(&s->mu);
	for (int i = 0; i < n; i++) {
		if (!q->c->broken)
			deliver(q, w, &got[i]);
		if (got[i].rv > w->rv)
			w->rv = got[i].rv;
		sim_obj_unref(got[i].obj);
		sim_obj_unref(got[i].prev);
	}
	return late ? -1 : n;
}

static void send_initial(struct sim_req *q, struct watch *w)
{
	bool back = q->c->shape.kind == SIM_F_LATE;
	size_t n = w->snap->n;

	for (size_t i = 0; i < n && !q->c->broken; i++) {
		const struct sim_obj *o = w->snap->v[back ? n - 1 - i : i];

		if ((!q->ns.n || og_sv_eq(o->ns, q->ns)) && sim_select_match(&w->sel, o))
			event(q, w, names[SIM_ADDED], o);
	}
	sim_snap_unref(w->snap);
	w->snap = NULL;
}

static bool ended(struct sim_req *q, struct watch *w)
{
	const struct sim_shape *sh = &q->c->shape;

	return q->c->broken || (sh->kind == SIM_F_END_WATCH && w->sent >= sh->events) ||
	       atomic_load(&q->c->kill);
}

static void follow(struct sim_req *q, struct watch *w)
{
	while (!ended(q, w)) {
		int n = pump(q, w), r;
		int64_t now = sim_mono_ms(), wait;

		if (n < 0) {
			expired(q, w->rv, w->coll->compact_rv);
			return;
		}
		if (n > 0)
			continue;
		/* with its CRD; after the last deletions */
		if (now >= w->until || q->res->gone != w->gone)
			return;
		if (w->bookmarks && now >= w->next_bookmark)
			bookmark(q, w, false);
		if (!sim_flush(q))
			return;
		wait = w->until - now;
		if (w->bookmarks && w->next_bookmark - now < wait)
			wait = w->next_bookmark - now;
		r = sim_conn_wait(q->c, wait < 0 ? 0 : wait);
		if (r > 0)
			sim_conn_gone(q->c);
		if (r < 0)
			return;
	}
}

static bool check(struct sim_req *q, struct watch *w)
{
	struct og_sv match = sim_param(q, "resourceVersionMatch");
	json_t *causes = sim_causes();
	bool has = sim_param(q, "sendInitialEvents").n > 0, fine;

	w->initial = sim_param_true(q, "sendInitialEvents");
	w->bookmarks = sim_param_true(q, "allowWatchBookmarks");
	if (match.n && !has)
		sim_cause(causes, "FieldValueForbidden", "resourceVersionMatch",
			"Forbidden: resourceVersionMatch is forbidden for watch unless "
			"sendInitialEvents is provided");
	else if (has && q->s->o.no_watch_list)
		sim_cause(causes, "FieldValueForbidden", "sendInitialEvents",
			"Forbidden: sendInitialEvents is forbidden for watch unless the WatchList "
			"feature gate is enabled");
	else if (has && !match.n)
		sim_cause(causes, "FieldValueForbidden", "resourceVersionMatch",
			"Forbidden: sendInitialEvents requires setting resourceVersionMatch to "
			"NotOlderThan");
	else if (has && !og_sv_is(match, "NotOlderThan"))
		sim_cause(causes, "FieldValueNotSupported", "resourceVersionMatch",
			"Unsupported value: \"%.*s\": supported values: \"NotOlderThan\"",
			OG_SV_ARG(match));
	fine = json_array_size(causes) == 0;
	if (fine)
		json_decref(causes);
	else
		sim_fail_invalid(q, "ListOptions", "", causes);
	return fine && sim_select_parse(q, &w->sel);
}

/* Where to begin; with mu held. False = too old. */
static bool place(struct sim_req *q, struct watch *w, uint64_t rv)
{
	struct sim_coll *c = w->coll;

	w->seq = c->first_seq + c->nring;
	w->rv = q->s->rv;
	if (w->initial || (!rv && !sim_param(q, "sendInitialEvents").n)) {
		w->snap = sim_coll_snap(q->s, c);
		return w->snap != NULL;
	}
	if (!rv)
		return true;
	w->rv = rv;
	if (rv < c->compact_rv)
		return false;
	w->seq = c->first_seq;
	for (size_t i = 0; i < c->nring; i++, w->seq++)
		if (c->ring[(c->first + i) % c->ring_cap].rv > rv)
			break;
	return true;
}

static void run(struct sim_req *q, struct watch *w, bool fresh, uint64_t rv)
{
	struct sim_shape *sh = &q->c->shape;

	sim_begin(q, 200, "application/json", -1);
	sim_flush(q);
	if (sh->kind == SIM_F_STATUS && sh->stream) {
		struct sim_status st = {.code = sh->code, .reason = sh->reason};

		error_event(q, &st, sh->message);
		return;
	}
	if (!fresh) {
		expired(q, rv, w->coll->compact_rv);
		return;
	}
	if (w->snap)
		send_initial(q, w);
	if (w->initial && w->bookmarks)
		bookmark(q, w, true);
	follow(q, w);
}

void sim_watch(struct sim_req *q)
{
	struct watch w = {.coll = q->res->coll, .gone = q->res->gone};
	uint64_t rv = 0, seconds = 0;
	struct og_sim *s = q->s;
	bool fresh;

	if (!check(q, &w))
		return;
	if (og_parse_u64(sim_param(q, "timeoutSeconds"), 0, 86400, &seconds, NULL) || !seconds)
		seconds = 1800 + sim_random() % 1800; /* as --min-request-timeout has it */
	if (sim_param(q, "resourceVersion").n &&
		og_parse_u64(sim_param(q, "resourceVersion"), 0, UINT64_MAX, &rv, NULL)) {
		/* a real server answers with 500 here, unlike in a list */
		sim_fail(q, (struct sim_status){.code = 500},
			"resourceVersion: Invalid value: \"%.*s\": strconv.ParseUint: parsing "
			"\"%.*s\": invalid syntax",
			OG_SV_ARG(sim_param(q, "resourceVersion")),
			OG_SV_ARG(sim_param(q, "resourceVersion")));
		return;
	}
	w.until = sim_mono_ms() + (int64_t)seconds * 1000;
	w.next_bookmark = sim_mono_ms() + s->o.bookmark_ms;
	pthread_mutex_lock(&s->mu);
	if (rv > s->rv && w.initial && !sim_wait_fresh(s, rv)) {
		pthread_mutex_unlock(&s->mu);
		sim_fail_too_large(q, rv);
		return;
	}
	fresh = place(q, &w, rv);
	q->c->watched = w.coll;
	s->nwatches++;
	pthread_mutex_unlock(&s->mu);
	run(q, &w, fresh, rv);
	pthread_mutex_lock(&s->mu);
	q->c->watched = NULL;
	s->nwatches--;
	pthread_mutex_unlock(&s->mu);
	sim_snap_unref(w.snap);
}
