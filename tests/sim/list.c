/* SPDX-License-Identifier: Apache-2.0 */
/* LIST: versions, pages, selection; written out from a snapshot without the lock. */
#include <stdio.h>
#include <time.h>
#include "otelgate/base/parse.h"
#include "otelgate/codec/base64.h"
#include "sim/sim-priv.h"

struct listing {
	struct sim_select sel;
	struct sim_snap *snap;
	uint64_t rv;	     /* of the answer */
	uint64_t limit;	     /* 0 = all */
	struct og_sv after;  /* first key of this page */
	struct og_sv prefix; /* "ns/", or empty */
	bool selective;
};

static void fail_expired(struct sim_req *q, const char *text)
{
	struct sim_status st = {.code = 410, .reason = "Expired"};

	sim_fail(q, st, "%s", text);
}

void sim_fail_too_large(struct sim_req *q, uint64_t rv)
{
	struct sim_status st = {.code = 504, .reason = "Timeout", .retry_after = 1};

	st.causes = json_pack("[{s:s,s:s}]", "reason", "ResourceVersionTooLarge", "message",
		"Too large resource version");
	sim_fail(q, st, "Timeout: Too large resource version: %llu, current: %llu",
		(unsigned long long)rv, (unsigned long long)og_sim_rv(q->s));
}

/* Waits for a future version, not for long. With mu held. */
bool sim_wait_fresh(struct og_sim *s, uint64_t rv)
{
	struct timespec until;
	int64_t ms = s->o.fresh_wait_ms;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	while (s->rv < rv && !s->stopping)
		if (pthread_cond_timedwait(&s->cond, &s->mu, &until))
			break;
	return s->rv >= rv;
}

/* The continue token: {"v":"meta.k8s.io/v1","rv":N,"start":"key"} in base64. */
static bool read_token(struct sim_req *q, struct og_sv token, struct listing *l)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096), t = OG_BUF_INIT(4096);
	json_t *o;
	bool ok;

	og_buf_sv(&t, token);
	while (t.len % 4 && !t.failed)
		og_buf_ch(&t, '=');
	if (og_base64_decode(&b, og_buf_view(&t), NULL))
		return false;
	o = json_loadb(b.p, b.len, 0, NULL);
	ok = json_is_integer(json_object_get(o, "rv")) &&
	     json_is_string(json_object_get(o, "start"));
	if (ok) {
		l->rv = (uint64_t)json_integer_value(json_object_get(o, "rv"));
		l->after =
			og_arena_sv(q->a, og_svz(json_string_value(json_object_get(o, "start"))));
	}
	json_decref(o);
	return ok;
}

static void write_token(struct og_buf *b, uint64_t rv, struct og_sv start)
{
	og_auto_buf struct og_buf t = OG_BUF_INIT(4096);

	og_buf_fmt(&t, "{\"v\":\"meta.k8s.io/v1\",\"rv\":%llu,\"start\":\"%.*s\"}",
		(unsigned long long)rv, OG_SV_ARG(start));
	while (t.len % 3)
		og_buf_ch(&t, ' '); /* so that no padding is needed in a URL */
	og_base64_encode(b, og_buf_view(&t));
}

/* The snapshot a page continues; with mu held. */
static struct sim_snap *find_paged(struct sim_req *q, uint64_t rv)
{
	struct og_sim *s = q->s;

	for (size_t i = 0; i < s->npaged; i++)
		if (s->paged[i].res == q->res && s->paged[i].snap->rv == rv) {
			atomic_fetch_add(&s->paged[i].snap->refs, 1);
			return s->paged[i].snap;
		}
	return sim_coll_snap_at(q->res->coll, rv);
}

static void keep_paged(struct sim_req *q, struct sim_snap *snap)
{
	struct og_sim *s = q->s;

	for (size_t i = 0; i < s->npaged; i++)
		if (s->paged[i].res == q->res && s->paged[i].snap == snap)
			return;
	if (s->npaged == SIM_PAGED) {
		sim_snap_unref(s->paged[0].snap);
		memmove(&s->paged[0], &s->paged[1], (SIM_PAGED - 1) * sizeof(s->paged[0]));
		s->npaged--;
	}
	atomic_fetch_add(&snap->refs, 1);
	s->paged[s->npaged++] = (struct sim_paged){q->res, snap};
}

/* resourceVersion and its match; false = answered. With mu held on entry and, if true, on exit. */
static bool choose(struct sim_req *q, struct listing *l)
{
	struct og_sv rvs = sim_param(q, "resourceVersion");
	struct og_sv match = sim_param(q, "resourceVersionMatch");
	struct og_sim *s = q->s;
	uint64_t rv = 0;
	bool exact;

	if (rvs.n && og_parse_u64(rvs, 0, UINT64_MAX, &rv, NULL)) {
		pthread_mutex_unlock(&s->mu);
		sim_fail_bad(q,
			"invalid resource version: resourceVersion: Invalid value: \"%.*s\": "
			"strconv.ParseUint: parsing \"%.*s\": invalid syntax",
			OG_SV_ARG(rvs), OG_SV_ARG(rvs));
		return false;
	}
	/* with a limit and no match, a version is exact, as it always was */
	exact = og_sv_is(match, "Exact") || (!match.n && l->limit && rv);
	if (rv > s->rv && !sim_wait_fresh(s, rv)) {
		pthread_mutex_unlock(&s->mu);
		sim_fail_too_large(q, rv);
		return false;
	}
	if (exact && rv != s->rv) {
		l->snap = sim_coll_snap_at(q->res->coll, rv);
		l->rv = rv;
		if (!l->snap) {
			pthread_mutex_unlock(&s->mu);
			fail_expired(q, "The resourceVersion for the provided list is too old.");
			return false;
		}
		return true;
	}
	l->snap = sim_coll_snap(s, q->res->coll);
	l->rv = s->rv;
	if (l->snap && l->limit && !rv && l->snap->rv != s->rv) {
		/* pages refer to this very version */
		sim_snap_unref(l->snap);
		l->snap = sim_coll_snap_at(q->res->coll, s->rv);
	}
	if (!l->snap) {
		pthread_mutex_unlock(&s->mu);
		sim_fail_oom(q);
		return false;
	}
	return true;
}

static bool check_match(struct sim_req *q)
{
	struct og_sv match = sim_param(q, "resourceVersionMatch");
	struct og_sv rv = sim_param(q, "resourceVersion");
	json_t *causes = sim_causes();
	bool fine;

	if (match.n && sim_param(q, "continue").n)
		sim_cause(causes, "FieldValueForbidden", "resourceVersionMatch",
			"Forbidden: resourceVersionMatch is forbidden when continue is provided");
	else if (match.n && !rv.n)
		sim_cause(causes, "FieldValueForbidden", "resourceVersionMatch",
			"Forbidden: resourceVersionMatch is forbidden unless resourceVersion is "
			"provided");
	else if (match.n && !og_sv_is(match, "Exact") && !og_sv_is(match, "NotOlderThan"))
		sim_cause(causes, "FieldValueNotSupported", "resourceVersionMatch",
			"Unsupported value: \"%.*s\": supported values: \"Exact\", \"NotOlderThan\"",
			OG_SV_ARG(match));
	else if (og_sv_is(match, "Exact") && og_sv_is(rv, "0"))
		sim_cause(causes, "FieldValueForbidden", "resourceVersionMatch",
			"Forbidden: resourceVersionMatch \"exact\" is forbidden for "
			"resourceVersion \"0\"");
	if (sim_param(q, "sendInitialEvents").n)
		sim_cause(causes, "FieldValueForbidden", "sendInitialEvents",
			"Forbidden: sendInitialEvents is forbidden for list");
	fine = json_array_size(causes) == 0;
	if (fine)
		json_decref(causes);
	else
		sim_fail_invalid(q, "ListOptions", "", causes);
	return fine;
}

static bool prepare(struct sim_req *q, struct listing *l)
{
	struct og_sv token = sim_param(q, "continue");
	bool ok;

	if (!check_match(q) || !sim_select_parse(q, &l->sel))
		return false;
	l->selective = l->sel.nterms > 0;
	if (q->ns.n)
		l->prefix = og_svz(og_arena_fmt(q->a, "%.*s/", OG_SV_ARG(q->ns)));
	l->after = l->prefix;
	if (sim_param(q, "limit").n &&
		og_parse_u64(sim_param(q, "limit"), 0, INT64_MAX, &l->limit, NULL)) {
		sim_fail_bad(q, "limit: not a number");
		return false;
	}
	if (!token.n) {
		pthread_mutex_lock(&q->s->mu);
		ok = choose(q, l);
		if (ok)
			pthread_mutex_unlock(&q->s->mu);
		return ok;
	}
	if (sim_param(q, "resourceVersion").n && !og_sv_is(sim_param(q, "resourceVersion"), "0")) {
		sim_fail_bad(q, "specifying resource version is not allowed when using continue");
		return false;
	}
	if (!read_token(q, token, l)) {
		sim_fail_bad(q, "invalid continue token: continue key is not valid");
		return false;
	}
	pthread_mutex_lock(&q->s->mu);
	l->snap = find_paged(q, l->rv);
	pthread_mutex_unlock(&q->s->mu);
	if (!l->snap)
		fail_expired(q,
			"The provided continue parameter is too old to display a consistent "
			"list result. You can start a new list without the continue parameter.");
	return l->snap != NULL;
}

static bool in_prefix(const struct listing *l, const struct sim_obj *o)
{
	return og_sv_starts(o->key, l->prefix);
}

/* End of this page (index behind its last object looked at) and its size in bytes. */
static size_t measure(
	struct sim_req *q, struct listing *l, size_t from, uint64_t *ret_taken, size_t *ret_bytes)
{
	uint64_t taken = 0;
	size_t i = from, bytes = 0;

	for (; i < l->snap->n && in_prefix(l, l->snap->v[i]); i++) {
		if (!sim_select_match(&l->sel, l->snap->v[i]))
			continue;
		if (l->limit && taken == l->limit)
			break;
		taken++;
		bytes += sim_obj_size(q, l->snap->v[i], true) + 1;
	}
	*ret_taken = taken;
	*ret_bytes = bytes;
	return i;
}

static size_t remaining(const struct listing *l, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < l->snap->n && in_prefix(l, l->snap->v[i]); i++)
		n++;
	return n;
}

static void head(struct sim_req *q, struct listing *l, size_t end, struct og_buf *b)
{
	bool more = end < l->snap->n && in_prefix(l, l->snap->v[end]);

	og_buf_fmt(b, "{\"kind\":\"%s%s\",\"apiVersion\":\"%s\",\"metadata\":{",
		q->partial ? "PartialObjectMetadata" : q->res->kind, "List",
		q->partial ? "meta.k8s.io/v1" : q->res->api_version);
	og_buf_fmt(b, "\"resourceVersion\":\"%llu\"", (unsigned long long)l->rv);
	if (more) {
		og_buf_lit(b, ",\"continue\":\"");
		write_token(b, l->rv, l->snap->v[end]->key);
		og_buf_lit(b, "\"");
		if (!l->selective)
			og_buf_fmt(b, ",\"remainingItemCount\":%zu", remaining(l, end));
		pthread_mutex_lock(&q->s->mu);
		keep_paged(q, l->snap);
		pthread_mutex_unlock(&q->s->mu);
	}
	og_buf_lit(b, "},\"items\":[");
}

void sim_list(struct sim_req *q)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct listing l = {.snap = NULL};
	size_t from, end, bytes = 0;
	uint64_t taken = 0;
	bool first = true;

	if (!prepare(q, &l)) {
		sim_snap_unref(l.snap);
		return;
	}
	from = sim_snap_seek(l.snap, l.after);
	end = measure(q, &l, from, &taken, &bytes);
	head(q, &l, end, &b);
	if (q->c->shape.kind == SIM_F_BODY) {
		sim_send(q, 200, "application/json", og_svz(""));
		sim_snap_unref(l.snap);
		return;
	}
	bytes += b.len + 4 - (taken ? 1 : 0);
	sim_begin(q, 200, "application/json", q->res->view_of ? -1 : (int64_t)(bytes - 1));
	sim_body(q, b.p, b.len);
	for (size_t i = from; i < end && !q->c->broken; i++) {
		if (!sim_select_match(&l.sel, l.snap->v[i]))
			continue;
		if (!first)
			sim_body(q, ",", 1);
		first = false;
		sim_write_obj(q, l.snap->v[i], true);
	}
	sim_body(q, "]}\n", 3);
	sim_snap_unref(l.snap);
}
