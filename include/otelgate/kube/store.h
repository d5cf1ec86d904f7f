/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A store: what a watch has seen of one resource, as small projected records instead of JSON.
 *
 * The loop's thread writes; any thread reads within a read section, which sees one consistent state
 * and must be short (look up, copy, end): a writer waits for it, and new readers wait for the
 * writer, so a thread must not begin a section within one. The loop's thread may read without a
 * section. Strings are pooled: equal ones are kept once, and given back with their last record.
 * Memory is accounted as the C library gives it out, rounding and headers included.
 */
#include <stdbool.h>
#include "otelgate/base/arena.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/metric.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/kobj/meta.h"

struct og_store;

/* One object. Views are valid within the read section, or within the callback that hands it out,
 * and as long as the structure itself: those of UIDs point into it, so it is not to be copied. */
struct og_record {
	struct og_sv ns, name, uid;
	struct og_sv resource_version;
	int64_t created_s;  /* metadata.creationTimestamp, Unix seconds; 0 = none */
	bool deleting;	    /* metadata.deletionTimestamp is set */
	struct og_sv extra; /* what the projection kept beside the metadata */
	const void *impl_;
	const struct og_store *store_;
	char uid_[2][36];
};
/* Metadata as the projection kept it; views as above, arrays in the arena. Errors: OOM. */
int og_record_meta(
	const struct og_record *r, struct og_arena *arena, struct og_meta *ret, struct og_err *err);
/* "" when it was not kept. */
struct og_sv og_record_label(const struct og_record *r, struct og_sv key);
struct og_sv og_record_annotation(const struct og_record *r, struct og_sv key);
bool og_record_owner(const struct og_record *r, struct og_owner *ret);

struct og_store_opts {
	const char *name; /* "replicasets": for metrics and messages */
	struct og_sv group, kind;
	bool labels; /* keep labels */
	/* Keep annotations whose key begins with one of these; NULL = none. NULL-terminated. */
	const char *const *annotation_prefixes;
	/* More to keep, appended to `extra` (any bytes, "" = nothing); NULL = none. Returning 0
	 * leaves the object out as if it did not exist, negative is an error. */
	int (*project)(void *ctx, struct og_jval object, struct og_arena *scratch,
		struct og_buf *extra, struct og_err *err);
	void *ctx;
	size_t max_bytes; /* of all records; 0 = 512 MiB. Beyond it: LIMIT, and the watch says so */
	/* Secondary index: gives up to OG_STORE_INDEX_KEYS keys of a record, which may be views of
	 * it; empty and repeated ones do not count. Called once for each new state. NULL = none. */
	unsigned (*index)(void *ctx, const struct og_record *r, struct og_sv *keys);
	uint64_t seed; /* of the hashes; random, so that nobody can choose names that collide */
};
enum { OG_STORE_INDEX_KEYS = 4 };

/* Everything `o` points to must outlive the store. Errors: OOM. */
int og_store_new(const struct og_store_opts *o, struct og_store **ret, struct og_err *err);
void og_store_free(struct og_store *s); /* NULL is fine */
const struct og_store_opts *og_store_options(const struct og_store *s);
/* Gauges by store name: otelgate_store_objects, _bytes, _last_change_timestamp_seconds. The
 * registry and the clock must outlive the store. */
int og_store_export(
	struct og_store *s, struct og_metrics *m, const struct og_clock *clock, struct og_err *err);

/* ---- reading [any thread] ---- */
void og_store_read_begin(struct og_store *s);
void og_store_read_end(struct og_store *s);
bool og_store_get(struct og_store *s, struct og_sv ns, struct og_sv name, struct og_record *ret);
/* All, in no particular order; `at` 0 starts; false ends. Holds within one section. */
bool og_store_next(struct og_store *s, uint32_t *at, struct og_record *ret);
/* Records under an index key, in no particular order; as above. */
bool og_store_next_indexed(
	struct og_store *s, struct og_sv key, uint32_t *at, struct og_record *ret);
uint32_t og_store_count(struct og_store *s);
bool og_store_synced(struct og_store *s);	  /* a whole list was seen once */
uint64_t og_store_generation(struct og_store *s); /* grows with every change; [no section needed] */
size_t og_store_bytes(struct og_store *s);	  /* [no section needed] */

/* ---- writing: the watch ---- */
enum og_store_change { OG_STORE_ADDED, OG_STORE_UPDATED, OG_STORE_DELETED, OG_STORE_SYNCED };
/*
 * Called on the loop's thread after each change, outside any section. `old` is NULL for ADDED,
 * `now` for DELETED, both for SYNCED, which comes after each whole list. `stale`: the deletion was
 * not seen happening but found, by a new list or because another object (uid) has the name now; the
 * last state was not seen. A listener reads the store if it likes, and never writes to it.
 */
typedef void og_store_listener(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale);
int og_store_listen(struct og_store *s, og_store_listener *fn, void *ctx, struct og_err *err);

/*
 * Adds or replaces. What has the resourceVersion (and uid) that is stored is no change: nobody is
 * told, nothing is projected. An object that the projection leaves out is deleted if it was there;
 * another uid under the same name is a deletion and an addition. After an error the former state
 * stays, also through a commit. Errors: INVALID (no name), LIMIT, OOM, or the projection's.
 */
int og_store_put(struct og_store *s, struct og_jval object, struct og_err *err);
/* Whether the last object that was to be kept found no room within max_bytes. */
bool og_store_full(const struct og_store *s);
void og_store_delete(struct og_store *s, struct og_sv ns, struct og_sv name);
/* The same by an object; nothing happens when another uid has the name by now. INVALID: no name. */
int og_store_delete_object(struct og_store *s, struct og_jval object, struct og_err *err);
/* A new whole list: between begin and commit puts only mark and change; commit removes what was
 * not put since begin, and marks the store synced. Abort leaves everything. A begin within a begun
 * list starts it anew. */
void og_store_replace_begin(struct og_store *s);
void og_store_replace_commit(struct og_store *s);
void og_store_replace_abort(struct og_store *s);

/* Rows of og_store_export, for documentation. */
extern const struct og_metric_def og_store_metrics[];
extern const size_t og_store_metrics_n;
