/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A store from inside. Records are blocks of exact size that never change but for their links and
 * mark; an update puts a new one in the place of the old. A place has a number, and the tables hold
 * numbers. Everything that can fail is done before the lock is taken.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "otelgate/kube/store.h"
#include "pool-priv.h"

enum {
	OG_REC_DELETING = 1,
	OG_REC_UID = 2,	    /* 16 bytes */
	OG_REC_UID_STR = 4, /* a number of the pool; neither = no uid */
	OG_REC_OWNER = 8,
	OG_REC_OWNER_UID = 16,
	OG_REC_OWNER_UID_STR = 32,
	OG_REC_NAME_MAX = 1024, /* of names and namespaces; Kubernetes has 253 */
	OG_REC_RV_MAX = 1024,
	OG_REC_PAIRS_MAX = 65535,
};

/* One index key of one record, in the list of all records with that key. */
struct og_link {
	uint32_t key, prev, next; /* number of the pool; places + 1 */
};
struct og_pair {
	uint32_t key, value;
};
/* An owner: "group/kind"; its name is most often the beginning of ours: length * 2 + 1, else the
 * number of the pool * 2. */
struct og_rec_owner {
	uint32_t kind, name;
};

/* Followed by links, labels, annotations, owner, uids that are numbers; then bytes: uids, name,
 * resourceVersion, extra. */
struct og_rec {
	uint32_t hash, mark;
	uint32_t ns;
	uint32_t extra_len;
	uint32_t created[2]; /* low half first */
	uint16_t name_len, rv_len, nlabels, nannotations;
	uint8_t nlinks, flags;
	uint16_t pad;
	uint32_t tail[];
};

static inline struct og_link *og_rec_links(const struct og_rec *r)
{
	return (struct og_link *)(uintptr_t)r->tail;
}
static inline struct og_pair *og_rec_pairs(const struct og_rec *r)
{
	return (struct og_pair *)(void *)(og_rec_links(r) + r->nlinks);
}
static inline struct og_rec_owner *og_rec_owner(const struct og_rec *r)
{
	return (struct og_rec_owner *)(void *)(og_rec_pairs(r) + r->nlabels + r->nannotations);
}
static inline uint32_t *og_rec_uid_str(const struct og_rec *r)
{
	return (uint32_t *)(void *)(og_rec_owner(r) + ((r->flags & OG_REC_OWNER) != 0));
}
static inline uint32_t *og_rec_owner_uid_str(const struct og_rec *r)
{
	return og_rec_uid_str(r) + ((r->flags & OG_REC_UID_STR) != 0);
}
static inline unsigned char *og_rec_uid(const struct og_rec *r)
{
	return (unsigned char *)(og_rec_owner_uid_str(r) +
				 ((r->flags & OG_REC_OWNER_UID_STR) != 0));
}
static inline unsigned char *og_rec_owner_uid(const struct og_rec *r)
{
	return og_rec_uid(r) + (r->flags & OG_REC_UID ? 16 : 0);
}
static inline char *og_rec_name(const struct og_rec *r)
{
	return (char *)og_rec_owner_uid(r) + (r->flags & OG_REC_OWNER_UID ? 16 : 0);
}
static inline size_t og_rec_bytes(const struct og_rec *r)
{
	return (size_t)(og_rec_name(r) - (const char *)r) + r->name_len + r->rv_len + r->extra_len;
}

/* All records with one index key, first to last. */
struct og_index_entry {
	uint32_t key, first, last; /* key 0 = empty slot; places + 1 */
};

struct og_store {
	struct og_store_opts o;
	pthread_rwlock_t lock;

	/* changed with the lock, by the loop's thread */
	struct og_ptrs recs;
	uint32_t used, free; /* places ever used; first free one + 1, as in the pool */
	uint32_t *slots;     /* place + 1; 0 = empty */
	uint32_t nslots, live;
	struct og_index_entry *index;
	uint32_t nindex, index_live;

	/* the loop's thread alone; texts in the pool are read by others */
	struct og_pool pool;
	struct og_arena scratch;
	struct og_buf extra;
	uint32_t mark;
	bool replacing, full;
	struct og_listen {
		og_store_listener *fn;
		void *ctx;
	} * listeners;
	size_t nlisteners;
	size_t bytes;
	const struct og_clock *clock;
	struct og_metric_series *objects_m, *bytes_m, *changed_m;

	_Atomic size_t bytes_now; /* bytes, for everybody */
	_Atomic uint64_t generation;
	_Atomic bool synced;
};

/* What is read from an object before a record is made of it. */
struct og_draft {
	struct og_meta meta;
	struct og_sv rv;
	int64_t created_s;
	bool deleting;
};

/* ---- store_record.c ---- */
/* Errors: INVALID, OOM; name and namespace are there whenever they could be read. */
int og_draft_read(
	struct og_store *s, struct og_jval object, struct og_draft *d, struct og_err *err);
/* A record without its place; its bytes and strings are accounted. Errors: LIMIT, OOM. */
int og_rec_new(struct og_store *s, const struct og_draft *d, struct og_sv extra,
	struct og_rec **ret, struct og_err *err);
/* Gives its strings back too. NULL is fine. */
void og_rec_free(struct og_store *s, struct og_rec *r);
/* Whether the record is this very state of this very object. */
bool og_rec_is(const struct og_store *s, const struct og_rec *r, const struct og_draft *d);
/* Whether both say whose name it is, and it is not the same one's. */
bool og_rec_other_uid(const struct og_store *s, const struct og_rec *r, struct og_sv uid);
uint32_t og_rec_hash(const struct og_store *s, struct og_sv ns, struct og_sv name);
void og_record_fill(const struct og_store *s, const struct og_rec *r, struct og_record *ret);

/* ---- store_table.c ---- */
static inline struct og_rec *og_store_rec(const struct og_store *s, uint32_t place)
{
	return *og_ptrs_at(&s->recs, place);
}
static inline bool og_rec_is_free(const struct og_rec *r)
{
	return (uintptr_t)r & 1;
}
/* The slot of that name, or the empty one where it would be; UINT32_MAX when there are none. */
uint32_t og_store_find(const struct og_store *s, struct og_sv ns, struct og_sv name, uint32_t hash);
/* The index slot of a key, or NULL. */
const struct og_index_entry *og_store_find_key(const struct og_store *s, struct og_sv key);
/* Puts r into `place` (UINT32_MAX = a new one); false: no memory, nothing has changed. The record
 * that was there belongs to the caller. */
bool og_store_place(struct og_store *s, struct og_rec *r, uint32_t place);
void og_store_unplace(struct og_store *s, uint32_t slot);
/* Without records, all tables go. */
void og_store_release_tables(struct og_store *s);
