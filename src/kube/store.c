/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to a store, telling those who listen, and what readers call. */
#include "otelgate/base/mem.h"
#include "store-priv.h"

enum {
	DEFAULT_MAX = 512 << 20,
	SCRATCH_BLOCK = 16 << 10,
	EXTRA_MAX = 4 << 20, /* of one record: more than an object may have (etcd: 1.5 MiB) */
};

int og_store_new(const struct og_store_opts *o, struct og_store **ret, struct og_err *err)
{
	struct og_store *s = og_calloc(1, sizeof(*s));
	if (!s)
		return og_err_set(err, OG_E_OOM, "out of memory for a store");
	pthread_rwlockattr_t attr;
	pthread_rwlockattr_init(&attr);
	/* a stream of readers must not keep news out */
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	int rc = pthread_rwlock_init(&s->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	if (rc) {
		og_free(s);
		return og_err_sys(err, rc, "cannot make a lock");
	}
	s->o = *o;
	if (!s->o.max_bytes)
		s->o.max_bytes = DEFAULT_MAX;
	og_pool_init(&s->pool, ~o->seed, &s->bytes);
	og_arena_init(&s->scratch, SCRATCH_BLOCK, 0);
	og_buf_init(&s->extra, EXTRA_MAX);
	*ret = s;
	return 0;
}

void og_store_free(struct og_store *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->used; i++) {
		struct og_rec *r = og_store_rec(s, i);
		if (!og_rec_is_free(r))
			og_rec_free(s, r);
	}
	og_store_release_tables(s);
	og_pool_fini(&s->pool);
	og_arena_fini(&s->scratch);
	og_buf_fini(&s->extra);
	og_free(s->listeners);
	pthread_rwlock_destroy(&s->lock);
	og_free(s);
}

const struct og_store_opts *og_store_options(const struct og_store *s)
{
	return &s->o;
}

/* ---- metrics ---- */

enum { M_OBJECTS, M_BYTES, M_CHANGED };
const struct og_metric_def og_store_metrics[] = {
	[M_OBJECTS] = {.name = "otelgate_store_objects",
		.help = "Objects kept of one kind.",
		.type = OG_METRIC_GAUGE,
		.labels = {"store"}},
	[M_BYTES] = {.name = "otelgate_store_bytes",
		.help = "Memory taken by them, tables and strings included.",
		.type = OG_METRIC_GAUGE,
		.unit = "bytes",
		.labels = {"store"}},
	[M_CHANGED] = {.name = "otelgate_store_last_change_timestamp_seconds",
		.help = "When the store last changed, or a whole list confirmed it.",
		.type = OG_METRIC_GAUGE,
		.unit = "seconds",
		.labels = {"store"}},
};
const size_t og_store_metrics_n = OG_COUNT(og_store_metrics);

static void refresh(struct og_store *s)
{
	atomic_store_explicit(&s->bytes_now, s->bytes, memory_order_relaxed);
	og_series_set(s->objects_m, s->live);
	og_series_set(s->bytes_m, (double)s->bytes);
	if (s->changed_m)
		og_series_set(
			s->changed_m, (double)og_clock_wall_ns(s->clock) / (double)OG_NS_PER_S);
}

int og_store_export(
	struct og_store *s, struct og_metrics *m, const struct og_clock *clock, struct og_err *err)
{
	struct og_metric_table *t = og_metrics_add(m, og_store_metrics, og_store_metrics_n, err);
	if (!t)
		return -OG_E_OOM;
	s->clock = clock;
	s->objects_m = og_metric_series(t, M_OBJECTS, OG_LABELS(s->o.name));
	s->bytes_m = og_metric_series(t, M_BYTES, OG_LABELS(s->o.name));
	s->changed_m = og_metric_series(t, M_CHANGED, OG_LABELS(s->o.name));
	refresh(s);
	return 0;
}

/* ---- listeners ---- */

int og_store_listen(struct og_store *s, og_store_listener *fn, void *ctx, struct og_err *err)
{
	struct og_listen *l = og_realloc(s->listeners, s->nlisteners + 1, sizeof(*s->listeners));
	if (!l)
		return og_err_set(err, OG_E_OOM, "out of memory for a listener");
	l[s->nlisteners++] = (struct og_listen){fn, ctx};
	s->listeners = l;
	return 0;
}

static void tell(struct og_store *s, enum og_store_change what, const struct og_rec *old,
	const struct og_rec *now, bool stale)
{
	struct og_record a = {0}, b = {0};
	if (s->nlisteners && old)
		og_record_fill(s, old, &a);
	if (s->nlisteners && now)
		og_record_fill(s, now, &b);
	for (size_t i = 0; i < s->nlisteners; i++)
		s->listeners[i].fn(
			s->listeners[i].ctx, what, old ? &a : NULL, now ? &b : NULL, stale);
}

static void changed(struct og_store *s)
{
	atomic_fetch_add_explicit(&s->generation, 1, memory_order_release);
	refresh(s);
}

/* ---- writing ---- */

static void remove_at(struct og_store *s, uint32_t slot, bool stale)
{
	struct og_rec *r = og_store_rec(s, s->slots[slot] - 1);
	og_store_unplace(s, slot);
	changed(s);
	tell(s, OG_STORE_DELETED, r, NULL, stale);
	og_rec_free(s, r);
	refresh(s);
}

static int project(struct og_store *s, struct og_jval object, struct og_err *err)
{
	og_buf_reset(&s->extra);
	if (!s->o.project)
		return 1;
	int rc = s->o.project(s->o.ctx, object, &s->scratch, &s->extra, err);
	if (rc <= 0 || !s->extra.failed)
		return rc;
	return og_err_set(err, s->extra.full ? OG_E_LIMIT : OG_E_OOM,
		"what is to be kept of an object is too large");
}

/* A record of it, within the store's limit. */
static int make(struct og_store *s, const struct og_draft *d, const struct og_rec *old,
	struct og_rec **ret, struct og_err *err)
{
	struct og_rec *r = NULL;
	int rc = og_rec_new(s, d, og_buf_view(&s->extra), &r, err);
	if (rc)
		return rc;
	size_t bytes = s->bytes - (old ? og_block_cost(og_rec_bytes(old)) : 0);
	s->full = bytes > s->o.max_bytes;
	if (s->full) {
		og_rec_free(s, r);
		return og_err_set(err, OG_E_LIMIT,
			"the store of %s is full: %u objects take its %zu MiB", s->o.name, s->live,
			s->o.max_bytes >> 20);
	}
	*ret = r;
	return 0;
}

static int put(struct og_store *s, struct og_jval object, const struct og_draft *d,
	struct og_rec *old, uint32_t slot, struct og_err *err)
{
	int rc = project(s, object, err);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		if (old)
			remove_at(s, slot, false);
		return 0;
	}
	struct og_rec *r = NULL;
	rc = make(s, d, old, &r, err);
	if (rc)
		return rc;
	if (!og_store_place(s, r, old ? s->slots[slot] - 1 : UINT32_MAX)) {
		og_rec_free(s, r);
		return og_err_set(err, OG_E_OOM, "out of memory for the store of %s", s->o.name);
	}
	changed(s);
	if (old && og_rec_other_uid(s, old, d->meta.uid)) {
		tell(s, OG_STORE_DELETED, old, NULL, true);
		tell(s, OG_STORE_ADDED, NULL, r, false);
	} else {
		tell(s, old ? OG_STORE_UPDATED : OG_STORE_ADDED, old, r, false);
	}
	og_rec_free(s, old);
	refresh(s);
	return 0;
}

static struct og_rec *rec_at(const struct og_store *s, uint32_t slot)
{
	return slot == UINT32_MAX || !s->slots[slot] ? NULL : og_store_rec(s, s->slots[slot] - 1);
}

static uint32_t find(const struct og_store *s, struct og_sv ns, struct og_sv name)
{
	return og_store_find(s, ns, name, og_rec_hash(s, ns, name));
}

int og_store_put(struct og_store *s, struct og_jval object, struct og_err *err)
{
	struct og_draft d;
	og_arena_reset(&s->scratch);
	int rc = og_draft_read(s, object, &d, err);
	if (!d.meta.name.n)
		return rc;
	uint32_t slot = find(s, d.meta.ns, d.meta.name);
	struct og_rec *old = rec_at(s, slot);
	if (old)
		old->mark = s->mark; /* it was seen, whatever becomes of it */
	if (rc || (old && og_rec_is(s, old, &d)))
		return rc;
	rc = put(s, object, &d, old, slot, err);
	atomic_store_explicit(&s->bytes_now, s->bytes, memory_order_relaxed);
	return rc;
}

void og_store_delete(struct og_store *s, struct og_sv ns, struct og_sv name)
{
	uint32_t slot = find(s, ns, name);
	if (rec_at(s, slot))
		remove_at(s, slot, false);
}

int og_store_delete_object(struct og_store *s, struct og_jval object, struct og_err *err)
{
	struct og_draft d;
	og_arena_reset(&s->scratch);
	int rc = og_draft_read(s, object, &d, err);
	if (rc)
		return rc;
	uint32_t slot = find(s, d.meta.ns, d.meta.name);
	const struct og_rec *r = rec_at(s, slot);
	if (r && !og_rec_other_uid(s, r, d.meta.uid))
		remove_at(s, slot, false);
	return 0;
}

void og_store_replace_begin(struct og_store *s)
{
	s->mark++;
	s->replacing = true;
}

/* Removing closes gaps in the table of names, so places are walked and slots looked up. */
static void sweep(struct og_store *s)
{
	for (uint32_t i = 0; i < s->used; i++) {
		const struct og_rec *r = og_store_rec(s, i);
		if (og_rec_is_free(r) || r->mark == s->mark)
			continue;
		struct og_sv ns = og_pool_sv(&s->pool, r->ns);
		struct og_sv name = og_sv(og_rec_name(r), r->name_len);
		remove_at(s, og_store_find(s, ns, name, r->hash), true);
	}
}

void og_store_replace_commit(struct og_store *s)
{
	if (!s->replacing)
		return;
	s->replacing = false;
	sweep(s);
	atomic_store_explicit(&s->synced, true, memory_order_release);
	changed(s);
	tell(s, OG_STORE_SYNCED, NULL, NULL, false);
}

void og_store_replace_abort(struct og_store *s)
{
	s->replacing = false;
}

/* ---- reading ---- */

void og_store_read_begin(struct og_store *s)
{
	pthread_rwlock_rdlock(&s->lock);
}

void og_store_read_end(struct og_store *s)
{
	pthread_rwlock_unlock(&s->lock);
}

bool og_store_get(struct og_store *s, struct og_sv ns, struct og_sv name, struct og_record *ret)
{
	const struct og_rec *r = rec_at(s, find(s, ns, name));
	if (r)
		og_record_fill(s, r, ret);
	return r != NULL;
}

bool og_store_next(struct og_store *s, uint32_t *at, struct og_record *ret)
{
	while (*at < s->used) {
		const struct og_rec *r = og_store_rec(s, (*at)++);
		if (og_rec_is_free(r))
			continue;
		og_record_fill(s, r, ret);
		return true;
	}
	return false;
}

bool og_store_next_indexed(
	struct og_store *s, struct og_sv key, uint32_t *at, struct og_record *ret)
{
	const struct og_index_entry *e = og_store_find_key(s, key);
	if (!e || *at == UINT32_MAX)
		return false;
	uint32_t place1 = *at ? *at : e->first;
	const struct og_rec *r = og_store_rec(s, place1 - 1);
	const struct og_link *l = og_rec_links(r);
	while (l->key != e->key)
		l++;
	*at = l->next ? l->next : UINT32_MAX;
	og_record_fill(s, r, ret);
	return true;
}

bool og_store_full(const struct og_store *s)
{
	return s->full;
}

uint32_t og_store_count(struct og_store *s)
{
	return s->live;
}

bool og_store_synced(struct og_store *s)
{
	return atomic_load_explicit(&s->synced, memory_order_acquire);
}

uint64_t og_store_generation(struct og_store *s)
{
	return atomic_load_explicit(&s->generation, memory_order_acquire);
}

size_t og_store_bytes(struct og_store *s)
{
	return atomic_load_explicit(&s->bytes_now, memory_order_relaxed);
}
