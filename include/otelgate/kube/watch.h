/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * List and watch one resource into a store, for ever: what client-go calls a reflector
 * (kubernetes/client-go tools/cache/reflector.go; rules A-1 … A-14).
 *
 * Starts with a streaming list (sendInitialEvents) where the server has it, else a chunked LIST;
 * then watches with bookmarks, resumes from the last resourceVersion, lists again after 410 and
 * ERROR Expired, waits with jitter after faults, and ends a watch that is silent for too long. A
 * resource the server does not have, or that we may not see, is a state, not an end: it is looked
 * at again.
 *
 * A single object is watched as the collection with field_selector "metadata.name=NAME": that is
 * what RBAC by resourceNames covers.
 *
 * How long things take: waits after faults are 0.8 s, doubling to 30 s, plus up to as much again
 * and start from the beginning after two minutes of peace; ABSENT is looked at again after
 * 30 to 60 s, FORBIDDEN after 5 to 30 s, a full store after 5 to 10 minutes, or when poked. Where
 * it was allowed before, a refusal is asked again after 0.5 to 8 s and believed the fifth time. A
 * watch lives 300 to 600 s. New lists are begun within two seconds of each other's cause, so
 * that many watches do not list at once. A page of a list has ten minutes from its begin to its
 * end, its place in the client's queue included; a streamed list may be silent for a minute before
 * its answer begins and for 30 s then; a watch has three minutes for its answer to begin.
 */
#include "otelgate/kube/client.h"
#include "otelgate/kube/store.h"

enum og_watch_state {
	OG_WATCH_STARTING,
	OG_WATCH_SYNCED,    /* listed once, and watching or about to resume after one fault */
	OG_WATCH_ABSENT,    /* the server does not know the resource; the store is empty */
	OG_WATCH_FORBIDDEN, /* RBAC; the store is as it was */
	OG_WATCH_FAILING,   /* cannot be reached, answers with faults, or the store is full */
	OG_WATCH_STATES_
};
const char *og_watch_state_name(enum og_watch_state s); /* "synced" */

struct og_watch_opts {
	struct og_kube *kube;
	struct og_store *store;			     /* must outlive the watch */
	struct og_kube_resource res;		     /* without name; copied */
	const char *label_selector, *field_selector; /* NULL = none; copied */
	bool metadata_only;			     /* PartialObjectMetadata */
	bool optional;				     /* ABSENT and FORBIDDEN are quiet */
	unsigned page;				     /* of a chunked LIST; 0 = 500 */
	bool no_watch_list;
	struct og_metrics *metrics; /* NULL = none; the store is exported too */
	uint64_t seed;		    /* of the jitter; 0 = random */
	/* Each turn of state; on the loop's thread, not from within og_watch_start. `why` is empty
	 * for SYNCED. The watch must not be stopped from here. Optional. */
	void (*on_state)(void *ctx, enum og_watch_state s, const struct og_err *why);
	void *ctx;
};

struct og_watch;
/* Begins with the loop's next turn. Errors: INVALID (no kube, store or resource), OOM. */
int og_watch_start(const struct og_watch_opts *o, struct og_watch **ret, struct og_err *err);
void og_watch_stop(struct og_watch *w); /* frees it; the store stays. NULL is fine */
/* Looks again at once when ABSENT, FORBIDDEN or FAILING: a CRD has appeared, RBAC has changed. */
void og_watch_poke(struct og_watch *w);

/* [any thread] A copy of how it stands. */
struct og_watch_info {
	enum og_watch_state state;
	char resource[128]; /* "deployments.apps" */
	char error[512];    /* "" = none */
	char rule[512];	    /* RBAC rule that is missing, YAML; "" = none */
	/* What the list under way waits for, renewed every second: "its turn, behind 3 requests,
	 * with 8 in flight (12 s)"; "" = no list is under way. */
	char waits[160];
	int http;
	int64_t since_ns;	 /* monotonic: in this state */
	int64_t last_event_ns;	 /* monotonic: the last byte that meant something; 0 = never */
	int64_t disconnected_ns; /* monotonic: since when no watch stands; 0 = one does */
	/* requests made; `lists` counts those for the whole, pages and streamed lists alike */
	uint64_t lists, watches;
	uint64_t events, bookmarks, expired, faults, bytes;
	uint32_t objects;
	/* objects of the list under way or the last one, as far as it has come; and all that it
	 * will have, which a server tells of paged lists without selectors (ListMeta,
	 * remainingItemCount); 0 = not known */
	uint64_t listed, list_total;
	uint64_t skipped;     /* objects that could not be taken; `error` names the last */
	uint64_t syncs;	      /* whole lists taken */
	int64_t last_sync_ns; /* monotonic: of the last of them; 0 = never */
	bool streamed;	      /* the last of them came as a watch */
};
void og_watch_info(struct og_watch *w, struct og_watch_info *ret);

/* Rows of its metrics, for documentation. */
extern const struct og_metric_def og_watch_metrics[];
extern const size_t og_watch_metrics_n;
