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
 */
#include "otelgate/kube/client.h"
#include "otelgate/kube/store.h"

enum og_watch_state {
	OG_WATCH_STARTING,
	OG_WATCH_SYNCED,    /* listed once, and watching or about to resume */
	OG_WATCH_ABSENT,    /* the server does not know the resource */
	OG_WATCH_FORBIDDEN, /* RBAC */
	OG_WATCH_FAILING,   /* cannot be reached or answers with faults */
	OG_WATCH_STATES_
};
const char *og_watch_state_name(enum og_watch_state s); /* "synced" */

struct og_watch_opts {
	struct og_kube *kube;
	struct og_store *store;			     /* NULL: on_event gets everything */
	struct og_kube_resource res;		     /* name "": the collection; copied */
	const char *label_selector, *field_selector; /* NULL = none; copied */
	bool metadata_only;			     /* PartialObjectMetadata */
	bool optional;				     /* ABSENT and FORBIDDEN are quiet */
	unsigned page;				     /* of a chunked LIST; 0 = 500 */
	bool no_watch_list;
	struct og_metrics *metrics; /* NULL = none */
	/* Each turn of state; on the loop's thread. Optional. */
	void (*on_state)(void *ctx, enum og_watch_state s, const struct og_err *why);
	void *ctx;
};

struct og_watch;
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
	int http;
	int64_t since_ns;	 /* monotonic: in this state */
	int64_t last_event_ns;	 /* monotonic: the last byte that meant something; 0 = never */
	int64_t disconnected_ns; /* monotonic: since when no watch stands; 0 = one does */
	uint64_t lists, watches, events, bookmarks, expired, faults, bytes;
	uint32_t objects;
};
void og_watch_info(struct og_watch *w, struct og_watch_info *ret);
