/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts for reviews, from the stores. A pod can reach us before the event that tells of its
 * ReplicaSet: then the answer is waited for a moment, fetched once, and a "no" is believed for a
 * while, so that a storm of pods with a strange owner costs one request.
 */
#include <string.h>
#include <time.h>
#include "cluster-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"

enum {
	KEY_BYTES = 1024,
	NEGATIVE_MAX = 4096,
	FETCH_RESERVE_MS = 200,	 /* of the deadline, for the review itself */
	FETCH_DOUBTFUL_MS = 500, /* where the watch of the kind does not stand */
};
static const int64_t negative_ns = 10 * OG_NS_PER_S;

void cluster_facts_init(struct og_cluster *c)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&c->change_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->change_cond, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&c->negative_lock, NULL);
	og_map_init(&c->negative, c->o.seed, NULL);
}

void cluster_facts_fini(struct og_cluster *c)
{
	pthread_cond_destroy(&c->change_cond);
	pthread_mutex_destroy(&c->change_lock);
	pthread_mutex_destroy(&c->negative_lock);
	og_map_for (&c->negative, e)
		og_free(e->value);
	og_map_fini(&c->negative);
}

void cluster_facts_changed(struct og_cluster *c)
{
	pthread_mutex_lock(&c->change_lock);
	c->changes++;
	pthread_cond_broadcast(&c->change_cond);
	pthread_mutex_unlock(&c->change_lock);
}

static uint64_t changes_now(struct og_cluster *c)
{
	pthread_mutex_lock(&c->change_lock);
	uint64_t n = c->changes;
	pthread_mutex_unlock(&c->change_lock);
	return n;
}

/* Until the stores have changed since `seen`, or until_ns. False at the end of the time. */
static bool wait_change(struct og_cluster *c, uint64_t *seen, int64_t until_ns)
{
	struct timespec ts = {.tv_sec = (time_t)(until_ns / OG_NS_PER_S),
		.tv_nsec = (long)(until_ns % OG_NS_PER_S)};
	int r = 0;

	pthread_mutex_lock(&c->change_lock);
	while (c->changes == *seen && r == 0)
		r = pthread_cond_timedwait(&c->change_cond, &c->change_lock, &ts);
	bool changed = c->changes != *seen;
	*seen = c->changes;
	pthread_mutex_unlock(&c->change_lock);
	return changed;
}

/* ---- what the server did not have ---- */

static bool make_key(char buf[KEY_BYTES], const struct og_cluster_kind *k, struct og_sv ns,
	struct og_sv name, struct og_sv *ret)
{
	struct og_sv parts[] = {og_svz(k->resource), og_svz(k->group), ns, name};

	return og_sv_key(buf, KEY_BYTES, parts, OG_COUNT(parts), '\n', ret);
}

static bool known_missing(struct og_cluster *c, struct og_sv key, int64_t now)
{
	pthread_mutex_lock(&c->negative_lock);
	const int64_t *until = og_map_get(&c->negative, key);
	bool missing = until && now < *until;
	pthread_mutex_unlock(&c->negative_lock);
	return missing;
}

static void forget_old(struct og_cluster *c, int64_t now)
{
	og_map_for (&c->negative, e) {
		int64_t *until = e->value;
		if (now < *until && og_map_count(&c->negative) < NEGATIVE_MAX)
			continue;
		(void)og_map_remove(&c->negative, e->key);
		og_free(until);
	}
}

static void remember_missing(struct og_cluster *c, struct og_sv key, int64_t now)
{
	int64_t *until = og_malloc(sizeof(*until));

	if (!until)
		return;
	*until = now + negative_ns;
	pthread_mutex_lock(&c->negative_lock);
	if (og_map_count(&c->negative) >= NEGATIVE_MAX)
		forget_old(c, now);
	struct og_map_entry *e = og_map_put(&c->negative, key, NULL);
	if (e) {
		og_free(e->value);
		e->value = until;
	} else {
		og_free(until);
	}
	pthread_mutex_unlock(&c->negative_lock);
}

/* ---- one object ---- */

static void facts_of(const struct og_meta *m, struct og_object_facts *ret)
{
	*ret = (struct og_object_facts){.known = true,
		.name = m->name,
		.uid = m->uid,
		.labels = m->labels,
		.annotations = m->annotations,
		.has_owner = m->has_owner,
		.owner = m->owner};
}

static struct og_kvs copy_kvs(const struct og_kvs *from, struct og_arena *a)
{
	struct og_kv *v = og_arena_new_n(a, from->n ? from->n : 1, struct og_kv);

	for (uint32_t i = 0; v && i < from->n; i++)
		v[i] = (struct og_kv){
			og_arena_sv(a, from->v[i].key), og_arena_sv(a, from->v[i].value)};
	return v ? (struct og_kvs){v, from->n} : (struct og_kvs){0};
}

/* The record's views end with the read section. */
static void copy_facts(const struct og_meta *m, struct og_arena *a, struct og_object_facts *ret)
{
	struct og_meta own = *m;

	own.name = og_arena_sv(a, m->name);
	own.uid = og_arena_sv(a, m->uid);
	own.labels = copy_kvs(&m->labels, a);
	own.annotations = copy_kvs(&m->annotations, a);
	own.owner = (struct og_owner){og_arena_sv(a, m->owner.group), og_arena_sv(a, m->owner.kind),
		og_arena_sv(a, m->owner.name), og_arena_sv(a, m->owner.uid)};
	facts_of(&own, ret);
}

static bool look(const struct cluster_watch *w, struct og_sv ns, struct og_sv name,
	struct og_arena *a, struct og_object_facts *ret)
{
	struct og_record r;
	struct og_meta m;
	bool found;

	og_store_read_begin(w->store);
	found = og_store_get(w->store, w->kind->namespaced ? ns : OG_SV(""), name, &r) &&
		og_record_meta(&r, a, &m, NULL) == 0;
	if (found)
		copy_facts(&m, a, ret);
	og_store_read_end(w->store);
	return found && !a->failed;
}

static bool fetch(struct og_cluster_facts *f, const struct cluster_watch *w, struct og_sv ns,
	struct og_sv name, int64_t until_ns, struct og_sv key, struct og_arena *a,
	struct og_object_facts *ret)
{
	struct og_err err = OG_ERR_INIT;
	struct og_kube_answer answer = {0};
	struct og_meta m;
	struct og_kube_request r = {.verb = OG_KUBE_GET,
		.res = {.group = og_svz(w->kind->group),
			.version = og_svz(w->kind->version),
			.resource = og_svz(w->kind->resource),
			.ns = w->kind->namespaced ? ns : OG_SV(""),
			.name = name},
		.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
			  "application/json",
		.lane = OG_KUBE_URGENT,
		.max_tries = 2};

	f->fetched++;
	int code = og_kube_wait_other(f->c->o.kube, &r, until_ns, a, &answer, &err);
	if (code == 0 && answer.doc && og_meta_read(og_jroot(answer.doc), a, &m, &err) == 0) {
		facts_of(&m, ret);
		return true;
	}
	/* Only a clear "no" is remembered; what could not be asked is asked again. */
	if (answer.http == 404 || answer.http == 403)
		remember_missing(f->c, key, og_clock_mono_ns(og_clock_system()));
	return false;
}

/*
 * Whether more than a look into the store is worth the time. A watch that does not stand brings
 * nothing, but the server that asks us may answer: it is asked at once, and not for long.
 */
static enum come {
	NOTHING,
	FETCHED,
	WAITED
} may_come(struct og_cluster_facts *f, const struct cluster_watch *w)
{
	struct og_watch_info info;

	if (!f->until_ns)
		return NOTHING;
	og_watch_info(w->watch, &info);
	if (info.state == OG_WATCH_SYNCED || info.state == OG_WATCH_STARTING)
		return WAITED;
	return info.state != OG_WATCH_ABSENT && info.syncs ? FETCHED : NOTHING;
}

static bool wait_and_fetch_now(struct og_cluster_facts *f, const struct cluster_watch *w,
	struct og_sv ns, struct og_sv name, struct og_arena *a, struct og_object_facts *ret,
	uint64_t seen)
{
	int64_t now = og_clock_mono_ns(og_clock_system());
	int64_t last = f->until_ns - FETCH_RESERVE_MS * OG_NS_PER_MS;
	int64_t until = now + f->c->o.wait_ms * OG_NS_PER_MS;
	char buf[KEY_BYTES];
	struct og_sv key;
	enum come come;

	if (!make_key(buf, w->kind, ns, name, &key) || known_missing(f->c, key, now) ||
		!(come = may_come(f, w)))
		return false;
	if (come == FETCHED && last > now + FETCH_DOUBTFUL_MS * OG_NS_PER_MS)
		last = now + FETCH_DOUBTFUL_MS * OG_NS_PER_MS;
	f->waited += come == WAITED;
	until = until < last ? until : last;
	while (come == WAITED && wait_change(f->c, &seen, until))
		if (look(w, ns, name, a, ret)) {
			og_metric_add(f->c->m, CM_LOOKUPS, 1, OG_LABELS("waited"));
			return true;
		}
	if (og_clock_mono_ns(og_clock_system()) >= last ||
		!fetch(f, w, ns, name, last, key, a, ret))
		return false;
	og_metric_add(f->c->m, CM_LOOKUPS, 1, OG_LABELS("fetched"));
	return true;
}

/* Who waits holds a worker: a storm of pods with strange owners must leave some for the others. */
static bool wait_and_fetch(struct og_cluster_facts *f, const struct cluster_watch *w,
	struct og_sv ns, struct og_sv name, struct og_arena *a, struct og_object_facts *ret,
	uint64_t seen)
{
	unsigned before = atomic_fetch_add(&f->c->waiting, 1);
	bool found = (!f->c->o.max_waiting || before < f->c->o.max_waiting) &&
		     wait_and_fetch_now(f, w, ns, name, a, ret, seen);

	atomic_fetch_sub(&f->c->waiting, 1);
	return found;
}

static bool get_object(void *ctx, struct og_sv group, struct og_sv kind, struct og_sv ns,
	struct og_sv name, struct og_arena *arena, struct og_object_facts *ret)
{
	struct og_cluster_facts *f = ctx;
	struct cluster_watch *w = cluster_watch_of(f->c, group, kind);

	if (!w || !(w->kind->part & CLUSTER_OWNER_PARTS))
		return false;
	/* A namespace is asked for as cluster-scoped, its name as the name. */
	uint64_t seen = changes_now(f->c);
	if (look(w, ns, name, arena, ret)) {
		og_metric_add(f->c->m, CM_LOOKUPS, 1, OG_LABELS("found"));
		return true;
	}
	if (wait_and_fetch(f, w, ns, name, arena, ret, seen))
		return true;
	f->missing++;
	og_metric_add(f->c->m, CM_LOOKUPS, 1, OG_LABELS("missing"));
	return false;
}

struct og_facts_source og_cluster_facts_source(struct og_cluster_facts *f)
{
	return (struct og_facts_source){.object = get_object, .ctx = f};
}
