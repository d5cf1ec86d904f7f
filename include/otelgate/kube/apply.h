/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Writes to the API server, each with its precondition: nothing is written over what we have not
 * seen. Server-side apply for what we own, merge patches and deletions bound to uid and
 * resourceVersion, read-modify-write with another look after a conflict, finalizers, and a
 * guard against acting on a cache that does not know our own last write yet.
 *
 * All on the loop's thread. Bodies are JSON text, made by the caller; what a callback is given
 * lives until it returns.
 */
#include "otelgate/kube/client.h"
#include "otelgate/kube/lease.h"

/* Which object, and in which state. "" = not checked. */
struct og_kube_pre {
	struct og_sv uid, resource_version;
};

/* One write. Views are borrowed until the function returns. */
struct og_kube_write {
	struct og_kube_resource res; /* with a name; CREATE: of the body, or "" */
	struct og_sv body;	     /* JSON object; DELETE: "" or DeleteOptions */
	struct og_kube_pre pre;
	const char *field_manager; /* NULL = the client's */
	bool force;		   /* APPLY: take over fields that others manage */
	bool dry_run;
	/* A leader's write: without the lease it is not sent, but refused with CANCELLED (L-8). */
	const struct og_lease *lease;
	enum og_kube_lane lane;
	int64_t deadline_ms; /* 0 = the client's */
	void *ctx;
	void (*on_done)(void *ctx, const struct og_kube_answer *a); /* required */
};

/*
 * Errors of all five (no callback comes): INVALID (no name, a body that is no object or speaks of
 * another one, a missing precondition), LIMIT (a body above 3 MiB, the server's own limit:
 * k8s.io/apiserver pkg/endpoints/handlers/create.go and patch.go), CANCELLED (without the lease),
 * OOM. *ret may be NULL; og_kube_cancel ends it.
 */
/* The body has apiVersion, kind, metadata.name, and every field that we own: what it no longer has
 * is removed. It creates the object unless pre.uid is given. */
int og_kube_apply(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err);
/* The same for the status subresource. */
int og_kube_apply_status(struct og_kube *k, const struct og_kube_write *w,
	struct og_kube_call **ret, struct og_err *err);
/* RFC 7386. pre is put into the body's metadata, which must not have uid or resourceVersion; one of
 * them is required. Another resourceVersion is answered with 409, another uid alone with 422 (to
 * the server it is a field that cannot be changed). */
int og_kube_merge(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err);
/* The whole object, with metadata.resourceVersion in it (it is the precondition). */
int og_kube_replace(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err);
int og_kube_create(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err);
/* pre: one is required. Dependants go in the background unless the body says otherwise. */
int og_kube_delete(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err);

/* uid and resourceVersion of the object in an answer; false when it has none (a Status). Views in
 * the answer. */
bool og_kube_written(const struct og_kube_answer *a, struct og_kube_pre *ret);

/* ---- read, modify, write ---- */

enum og_kube_edit_kind {
	OG_EDIT_NOTHING,    /* the object is as it should be */
	OG_EDIT_MERGE,	    /* a merge patch was appended */
	OG_EDIT_JSON_PATCH, /* a JSON patch was appended */
};
struct og_kube_edit_opts {
	struct og_kube_resource res; /* copied */
	struct og_sv uid;	     /* of the object meant; another one of the name: NOT_FOUND */
	const char *field_manager;
	const struct og_lease *lease; /* looked at before each write */
	bool dry_run;		      /* the server checks, and keeps nothing */
	uint64_t seed;
	void *ctx;
	/*
	 * Looks at the object as it is now, and appends a patch to `out`. Gives an enum
	 * og_kube_edit_kind, or a negative code to give up with. Called again with the new state
	 * after a conflict, so it must depend on its arguments alone. A merge patch gets the
	 * object's uid and resourceVersion added; a JSON patch gets a test of the uid, and has to
	 * test what it relies on.
	 */
	int (*edit)(void *ctx, struct og_jval object, struct og_arena *arena, struct og_buf *out,
		struct og_err *err);
	/* Once, never before og_kube_edit has returned. `a` is of the last request; after
	 * OG_EDIT_NOTHING it is that of the GET and `changed` is false. */
	void (*on_done)(void *ctx, const struct og_kube_answer *a, bool changed);
};
/* At most five rounds, 10 to 11 ms apart (kubernetes/client-go util/retry DefaultRetry): again
 * after 409, after 422 for a JSON patch (a test failed), and after a write without an answer. */
enum { OG_KUBE_EDIT_ROUNDS = 5 };
struct og_kube_edit;
/* Errors: INVALID, OOM; no callback comes. *ret (may be NULL) is valid until on_done begins. */
int og_kube_edit(struct og_kube *k, const struct og_kube_edit_opts *o, struct og_kube_edit **ret,
	struct og_err *err);
/* No callback comes any more; a write under way may have been done. NULL is fine. */
void og_kube_edit_cancel(struct og_kube_edit *e);

/*
 * Adds or removes one finalizer; a part of the patch tests that the list is still the one seen, so
 * that no one else's entry is touched. Adding to an object that is being deleted is INVALID. To be
 * used as, or called by, an `edit`. Pure.
 */
int og_kube_finalizer_edit(struct og_jval object, struct og_sv finalizer, bool want,
	struct og_arena *arena, struct og_buf *out, struct og_err *err);

/* ---- our own writes ---- */

/*
 * Remembers what the server answered to our last write of a key, so that nobody acts on an older
 * state out of a cache. States are compared as numbers where both are (resourceVersions of one
 * resource grow: KEP-5504), else only equality counts. An entry ends when the cache has caught up,
 * and after max_ms in any case: a deletion by someone else would never show our version.
 */
struct og_ownwrites;
/* max_ms 0 = 30 s, max_keys 0 = 10,000 (the oldest is forgotten). */
int og_ownwrites_new(const struct og_clock *clock, int64_t max_ms, size_t max_keys,
	struct og_ownwrites **ret, struct og_err *err);
void og_ownwrites_free(struct og_ownwrites *o); /* NULL is fine */
/* After a write; resource_version "" = we deleted the object with that uid. Errors: INVALID (key or
 * text longer than 1,024 bytes), OOM: then wait before acting again. */
int og_ownwrites_note(struct og_ownwrites *o, struct og_sv key, const struct og_kube_pre *now,
	struct og_err *err);
/* Whether the cache, which shows `seen` (NULL = no such object), knows our last write. */
bool og_ownwrites_fresh(struct og_ownwrites *o, struct og_sv key, const struct og_kube_pre *seen);
void og_ownwrites_forget(struct og_ownwrites *o, struct og_sv key);
/* The cache has shown the end of the object with that uid: what we wrote to it, it will show no
 * more, also where our write is noted only later, because a watch may be faster than an answer. */
void og_ownwrites_gone(struct og_ownwrites *o, struct og_sv key, struct og_sv uid);
/* Keys that are remembered, without those that are gone. */
size_t og_ownwrites_count(const struct og_ownwrites *o);
