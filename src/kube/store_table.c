/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places, the table of names and the table of index keys: open tables of numbers, filled to three
 * quarters at most, gaps closed at once. New tables are made before the lock is taken.
 */
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "store-priv.h"

enum { FIRST_SLOTS = 64 };

uint32_t og_store_find(const struct og_store *s, struct og_sv ns, struct og_sv name, uint32_t hash)
{
	if (!s->nslots)
		return UINT32_MAX;
	uint32_t at = hash & (s->nslots - 1);
	for (; s->slots[at]; at = (at + 1) & (s->nslots - 1)) {
		const struct og_rec *r = og_store_rec(s, s->slots[at] - 1);
		if (r->hash == hash && og_sv_eq(og_sv(og_rec_name(r), r->name_len), name) &&
			og_sv_eq(og_pool_sv(&s->pool, r->ns), ns))
			break;
	}
	return at;
}

static void free_slots(struct og_store *s, uint32_t *slots, uint32_t n)
{
	if (slots)
		s->bytes -= og_block_cost(n * sizeof(*slots));
	og_free(slots);
}

static void free_index(struct og_store *s, struct og_index_entry *index, uint32_t n)
{
	if (index)
		s->bytes -= og_block_cost(n * sizeof(*index));
	og_free(index);
}

/* ---- larger tables ---- */

struct grown {
	uint32_t *slots;
	struct og_index_entry *index;
	uint32_t nslots, nindex; /* 0 = stay as they are */
};

static bool grow_slots(struct og_store *s, struct grown *g)
{
	if (s->live + 1 <= s->nslots / 4 * 3)
		return true;
	uint32_t n = s->nslots ? s->nslots * 2 : FIRST_SLOTS;
	g->slots = n ? og_calloc(n, sizeof(*g->slots)) : NULL;
	if (!g->slots)
		return false;
	for (uint32_t i = 0; i < s->nslots; i++) {
		if (!s->slots[i])
			continue;
		uint32_t at = og_store_rec(s, s->slots[i] - 1)->hash & (n - 1);
		while (g->slots[at])
			at = (at + 1) & (n - 1);
		g->slots[at] = s->slots[i];
	}
	g->nslots = n;
	s->bytes += og_block_cost(n * sizeof(*g->slots));
	return true;
}

static uint32_t key_home(const struct og_store *s, uint32_t key, uint32_t n)
{
	return og_pool_str(&s->pool, key)->hash & (n - 1);
}

static bool grow_index(struct og_store *s, uint32_t more, struct grown *g)
{
	if (s->index_live + more <= s->nindex / 4 * 3)
		return true;
	uint32_t n = s->nindex ? s->nindex * 2 : FIRST_SLOTS;
	g->index = n ? og_calloc(n, sizeof(*g->index)) : NULL;
	if (!g->index)
		return false;
	for (uint32_t i = 0; i < s->nindex; i++) {
		if (!s->index[i].key)
			continue;
		uint32_t at = key_home(s, s->index[i].key, n);
		while (g->index[at].key)
			at = (at + 1) & (n - 1);
		g->index[at] = s->index[i];
	}
	g->nindex = n;
	s->bytes += og_block_cost(n * sizeof(*g->index));
	return true;
}

/* Puts the new tables in; what was there comes back in *g. */
static void swap_tables(struct og_store *s, struct grown *g)
{
	struct grown old = {s->slots, s->index, s->nslots, s->nindex};
	if (g->nslots) {
		s->slots = g->slots;
		s->nslots = g->nslots;
	} else {
		old.slots = NULL;
	}
	if (g->nindex) {
		s->index = g->index;
		s->nindex = g->nindex;
	} else {
		old.index = NULL;
	}
	*g = old;
}

/* ---- the lists under index keys ---- */

static uint32_t find_entry(const struct og_store *s, uint32_t key)
{
	uint32_t at = key_home(s, key, s->nindex);
	while (s->index[at].key && s->index[at].key != key)
		at = (at + 1) & (s->nindex - 1);
	return at;
}

const struct og_index_entry *og_store_find_key(const struct og_store *s, struct og_sv key)
{
	if (!s->nindex || !key.n)
		return NULL;
	uint32_t hash = (uint32_t)og_hash64(s->pool.seed, key), at = hash & (s->nindex - 1);
	for (; s->index[at].key; at = (at + 1) & (s->nindex - 1)) {
		const struct og_pstr *str = og_pool_str(&s->pool, s->index[at].key);
		if (str->hash == hash && og_sv_eq(og_sv(str->p, str->len), key))
			return &s->index[at];
	}
	return NULL;
}

static void close_index_gap(struct og_store *s, uint32_t at)
{
	uint32_t mask = s->nindex - 1;
	for (uint32_t i = (at + 1) & mask; s->index[i].key; i = (i + 1) & mask) {
		uint32_t home = key_home(s, s->index[i].key, s->nindex);
		if (((i - home) & mask) < ((i - at) & mask))
			continue;
		s->index[at] = s->index[i];
		at = i;
	}
	s->index[at] = (struct og_index_entry){0};
}

static struct og_link *link_of(const struct og_store *s, uint32_t place1, uint32_t key)
{
	const struct og_rec *r = og_store_rec(s, place1 - 1);
	struct og_link *l = og_rec_links(r);
	while (l->key != key)
		l++;
	return l;
}

static void unlink_all(struct og_store *s, const struct og_rec *r)
{
	for (unsigned i = 0; i < r->nlinks; i++) {
		const struct og_link *l = &og_rec_links(r)[i];
		uint32_t at = find_entry(s, l->key);
		struct og_index_entry *e = &s->index[at];
		if (l->prev)
			link_of(s, l->prev, l->key)->next = l->next;
		else
			e->first = l->next;
		if (l->next)
			link_of(s, l->next, l->key)->prev = l->prev;
		else
			e->last = l->prev;
		if (!e->first) {
			close_index_gap(s, at);
			s->index_live--;
		}
	}
}

static void link_all(struct og_store *s, const struct og_rec *r, uint32_t place1)
{
	for (unsigned i = 0; i < r->nlinks; i++) {
		struct og_link *l = &og_rec_links(r)[i];
		struct og_index_entry *e = &s->index[find_entry(s, l->key)];
		if (!e->key) {
			e->key = l->key;
			s->index_live++;
		}
		l->next = 0;
		l->prev = e->last;
		if (l->prev)
			link_of(s, l->prev, l->key)->next = place1;
		else
			e->first = place1;
		e->last = place1;
	}
}

/* ---- places ---- */

/* A place for a new record; what it takes is there already. */
static uint32_t take_place(struct og_store *s, const struct og_rec *r)
{
	uint32_t place = s->used;
	if (s->free) {
		place = s->free - 1;
		s->free = (uint32_t)((uintptr_t)*og_ptrs_at(&s->recs, place) >> 1);
	} else {
		s->used++;
	}
	uint32_t at = r->hash & (s->nslots - 1);
	while (s->slots[at])
		at = (at + 1) & (s->nslots - 1);
	s->slots[at] = place + 1;
	s->live++;
	return place;
}

bool og_store_place(struct og_store *s, struct og_rec *r, uint32_t place)
{
	struct grown g = {NULL, NULL, 0, 0};
	bool fresh = place == UINT32_MAX;
	bool ok = grow_index(s, r->nlinks, &g);
	if (ok && fresh)
		ok = grow_slots(s, &g) &&
		     og_ptrs_reach(&s->recs, s->free ? s->free - 1 : s->used, &s->bytes);
	if (!ok) {
		free_slots(s, g.slots, g.nslots);
		free_index(s, g.index, g.nindex);
		return false;
	}
	pthread_rwlock_wrlock(&s->lock);
	swap_tables(s, &g);
	if (fresh)
		place = take_place(s, r);
	else
		unlink_all(s, og_store_rec(s, place));
	*og_ptrs_at(&s->recs, place) = r;
	link_all(s, r, place + 1);
	pthread_rwlock_unlock(&s->lock);
	free_slots(s, g.slots, g.nslots);
	free_index(s, g.index, g.nindex);
	return true;
}

static void close_slot_gap(struct og_store *s, uint32_t at)
{
	uint32_t mask = s->nslots - 1;
	for (uint32_t i = (at + 1) & mask; s->slots[i]; i = (i + 1) & mask) {
		uint32_t home = og_store_rec(s, s->slots[i] - 1)->hash & mask;
		if (((i - home) & mask) < ((i - at) & mask))
			continue;
		s->slots[at] = s->slots[i];
		at = i;
	}
	s->slots[at] = 0;
}

void og_store_unplace(struct og_store *s, uint32_t slot)
{
	uint32_t place = s->slots[slot] - 1;
	pthread_rwlock_wrlock(&s->lock);
	unlink_all(s, og_store_rec(s, place));
	close_slot_gap(s, slot);
	*og_ptrs_at(&s->recs, place) = (void *)((uintptr_t)s->free * 2 + 1);
	s->free = place + 1;
	if (--s->live == 0)
		og_store_release_tables(s);
	pthread_rwlock_unlock(&s->lock);
}

void og_store_release_tables(struct og_store *s)
{
	free_slots(s, s->slots, s->nslots);
	free_index(s, s->index, s->nindex);
	og_ptrs_fini(&s->recs, &s->bytes);
	s->slots = NULL;
	s->index = NULL;
	s->nslots = s->nindex = s->index_live = 0;
	s->used = s->free = 0;
}
