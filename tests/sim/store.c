/* SPDX-License-Identifier: Apache-2.0 */
/* Collections of objects in key order, their history, and snapshots for lists. */
#include <unistd.h>
#include "sim/sim-priv.h"

struct sim_coll *sim_coll_new(uint32_t history)
{
	struct sim_coll *c = og_calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ring_cap = history;
	c->ring = og_calloc(history, sizeof(*c->ring));
	if (!c->ring) {
		og_free(c);
		return NULL;
	}
	return c;
}

static void forget_oldest(struct sim_coll *c)
{
	struct sim_change *ch = &c->ring[c->first];

	c->compact_rv = ch->rv;
	sim_obj_unref(ch->obj);
	sim_obj_unref(ch->prev);
	*ch = (struct sim_change){0};
	c->first = (c->first + 1) % c->ring_cap;
	c->first_seq++;
	c->nring--;
}

void sim_coll_free(struct sim_coll *c)
{
	if (!c)
		return;
	while (c->nring)
		forget_oldest(c);
	sim_snap_unref(c->snap);
	for (size_t i = 0; i < c->n; i++)
		sim_obj_unref(c->v[i]);
	og_free(c->v);
	og_free(c->ring);
	og_free(c);
}

static size_t seek(struct sim_obj *const *v, size_t n, struct og_sv key)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct og_sv k = v[mid]->key;
		size_t m = k.n < key.n ? k.n : key.n;
		int d = m ? memcmp(k.p, key.p, m) : 0;

		if (d < 0 || (d == 0 && k.n < key.n))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t sim_coll_seek(const struct sim_coll *c, struct og_sv key)
{
	return seek(c->v, c->n, key);
}

size_t sim_snap_seek(const struct sim_snap *sn, struct og_sv key)
{
	return seek(sn->v, sn->n, key);
}

static bool join_key(char *buf, size_t size, struct og_sv ns, struct og_sv name, struct og_sv *ret)
{
	size_t n = 0;

	if (ns.n + name.n + 2 > size)
		return false;
	if (ns.n) {
		memcpy(buf, ns.p, ns.n);
		n = ns.n;
		buf[n++] = '/';
	}
	if (name.n)
		memcpy(buf + n, name.p, name.n);
	*ret = og_sv(buf, n + name.n);
	return true;
}

struct sim_obj *sim_coll_find(const struct sim_coll *c, struct og_sv ns, struct og_sv name)
{
	char buf[600];
	struct og_sv key;
	size_t i;

	if (!join_key(buf, sizeof(buf), ns, name, &key))
		return NULL;
	i = sim_coll_seek(c, key);
	return i < c->n && og_sv_eq(c->v[i]->key, key) ? c->v[i] : NULL;
}

static struct sim_snap *snap_alloc(size_t n, uint64_t rv)
{
	struct sim_snap *sn = og_malloc(sizeof(*sn) + n * sizeof(struct sim_obj *));

	if (!sn)
		return NULL;
	atomic_init(&sn->refs, 1);
	sn->n = n;
	sn->rv = rv;
	return sn;
}

struct sim_snap *sim_coll_snap(struct og_sim *s, struct sim_coll *c)
{
	if (!c->snap) {
		c->snap = snap_alloc(c->n, s->rv);
		if (!c->snap)
			return NULL;
		for (size_t i = 0; i < c->n; i++)
			c->snap->v[i] = sim_obj_ref(c->v[i]);
	}
	atomic_fetch_add(&c->snap->refs, 1);
	return c->snap;
}

/* Undoes changes from the latest backwards. */
struct sim_snap *sim_coll_snap_at(struct sim_coll *c, uint64_t rv)
{
	struct sim_snap *sn;
	size_t n = c->n, i;

	if (rv < c->compact_rv)
		return NULL;
	sn = snap_alloc(n + c->nring, rv);
	if (!sn)
		return NULL;
	if (n)
		memcpy(sn->v, c->v, n * sizeof(*sn->v));
	for (size_t k = c->nring; k-- > 0;) {
		const struct sim_change *ch = &c->ring[(c->first + k) % c->ring_cap];

		if (ch->rv <= rv)
			break;
		i = seek(sn->v, n, ch->obj->key);
		if (ch->type == SIM_MODIFIED) {
			sn->v[i] = ch->prev;
		} else if (ch->type == SIM_ADDED) {
			memmove(&sn->v[i], &sn->v[i + 1], (n - i - 1) * sizeof(*sn->v));
			n--;
		} else {
			memmove(&sn->v[i + 1], &sn->v[i], (n - i) * sizeof(*sn->v));
			sn->v[i] = ch->prev;
			n++;
		}
	}
	sn->n = n;
	for (i = 0; i < n; i++)
		sim_obj_ref(sn->v[i]);
	return sn;
}

void sim_snap_unref(struct sim_snap *sn)
{
	if (!sn || atomic_fetch_sub(&sn->refs, 1) != 1)
		return;
	for (size_t i = 0; i < sn->n; i++)
		sim_obj_unref(sn->v[i]);
	og_free(sn);
}

static bool place(struct sim_coll *c, size_t i, struct sim_obj *o)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct sim_obj **v = og_realloc(c->v, cap, sizeof(*v));

		if (!v)
			return false;
		c->v = v;
		c->cap = cap;
	}
	memmove(&c->v[i + 1], &c->v[i], (c->n - i) * sizeof(*c->v));
	c->v[i] = o;
	c->n++;
	return true;
}

void sim_poke(int wake_fd)
{
	uint64_t one = 1;

	/* Fails only when the counter is full, which wakes as well. */
	if (write(wake_fd, &one, sizeof(one)) < 0)
		return;
}

static void wake_watchers(struct og_sim *s, const struct sim_coll *c)
{
	for (struct sim_conn *k = s->conns; k; k = k->next)
		if (k->watched == c)
			sim_poke(k->wake_fd);
}

void sim_wake_all(struct og_sim *s)
{
	for (struct sim_conn *k = s->conns; k; k = k->next)
		sim_poke(k->wake_fd);
	pthread_cond_broadcast(&s->cond);
}

static void record(struct sim_coll *c, const struct sim_change *ch)
{
	if (c->nring == c->ring_cap)
		forget_oldest(c);
	c->ring[(c->first + c->nring) % c->ring_cap] = *ch;
	sim_obj_ref(ch->obj);
	if (ch->prev)
		sim_obj_ref(ch->prev);
	c->nring++;
}

void sim_commit(struct og_sim *s, struct sim_res *r, enum sim_event type, struct sim_obj *obj)
{
	struct sim_coll *c = r->coll;
	size_t i = sim_coll_seek(c, obj->key);
	bool found = i < c->n && og_sv_eq(c->v[i]->key, obj->key);
	struct sim_change ch = {obj->rv, type, obj, found ? c->v[i] : NULL};

	if (type == SIM_DELETED) {
		memmove(&c->v[i], &c->v[i + 1], (c->n - i - 1) * sizeof(*c->v));
		c->n--;
	} else if (found) {
		c->v[i] = sim_obj_ref(obj);
	} else if (!place(c, i, sim_obj_ref(obj))) {
		sim_obj_unref(obj);
		sim_obj_unref(obj);
		return;
	}
	sim_snap_unref(c->snap);
	c->snap = NULL;
	record(c, &ch);
	sim_ctl_dirty(s, r, &ch);
	if (!strcmp(r->plural, "customresourcedefinitions"))
		sim_crd_changed(s, obj, type == SIM_DELETED);
	sim_obj_unref(ch.prev);
	sim_obj_unref(obj);
	wake_watchers(s, c);
	pthread_cond_broadcast(&s->cond);
}

struct sim_obj *sim_store_put(struct og_sim *s, struct sim_res *r, json_t *o)
{
	struct sim_obj *n = sim_obj_new(r, o, s->rv + 1);
	bool there;

	if (!n)
		return NULL;
	s->rv++;
	there = sim_coll_find(r->coll, n->ns, n->name) != NULL;
	sim_obj_ref(n);
	sim_commit(s, r, there ? SIM_MODIFIED : SIM_ADDED, n);
	return n;
}

int sim_store_remove(struct og_sim *s, struct sim_res *r, struct og_sv ns, struct og_sv name)
{
	struct sim_obj *cur = sim_coll_find(r->coll, ns, name), *last;
	json_t *o;

	if (!cur)
		return -OG_E_NOT_FOUND;
	o = sim_obj_json(cur);
	last = o ? sim_obj_new(r, o, s->rv + 1) : NULL;
	json_decref(o);
	if (!last)
		return -OG_E_OOM;
	s->rv++;
	sim_commit(s, r, SIM_DELETED, last);
	return 0;
}

void sim_compact_locked(struct og_sim *s)
{
	for (size_t i = 0; i < s->nres; i++) {
		struct sim_coll *c = s->res[i]->coll;

		if (!c || s->res[i]->view_of)
			continue;
		while (c->nring)
			forget_oldest(c);
		c->compact_rv = s->rv;
	}
	for (size_t i = 0; i < s->npaged; i++)
		sim_snap_unref(s->paged[i].snap);
	s->npaged = 0;
	sim_wake_all(s);
}
