/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What an election decides, without loop, clock or server: every function is told the time (of a
 * clock that also runs while the machine sleeps), and says what is to be done. kube/lease binds it.
 *
 * Safety: our claim is counted from the moment a renewal was *sent*, that of others from the moment
 * we *saw* it; renew < duration; a record is only overwritten with the resourceVersion it was seen
 * with. So as long as clocks run equally fast, ours ends before anyone may begin.
 */
#include "otelgate/base/arena.h"
#include "otelgate/codec/jdoc.h"

enum lease_act { LEASE_IDLE, LEASE_GET, LEASE_CREATE, LEASE_PUT };
enum lease_reply { LEASE_OK, LEASE_NOT_FOUND, LEASE_CONFLICT, LEASE_FAILED };

enum { LEASE_OBJECT_BYTES = 256 * 1024 }; /* of a Lease with all its metadata */

/* A Lease as received. Views live in the arena. */
struct lease_record {
	struct og_arena arena;
	struct og_jdoc doc;
	struct og_sv meta, spec;     /* raw JSON; spec "" = there is none */
	struct og_sv holder;	     /* with a NUL behind it */
	struct og_sv acquire, renew; /* texts; "" = none */
	int64_t transitions;	     /* 0 … INT32_MAX */
	int64_t valid_ns; /* leaseDurationSeconds; our own when it has none that means anything */
};

struct lease_core {
	/* set by the caller before lease_init */
	const char *identity, *ns, *name;
	int64_t duration_ns, renew_ns, retry_ns;
	int64_t candidate_ns; /* 0 = as client-go waits */
	uint64_t rng;

	struct lease_record seen; /* what the server last showed */
	bool has_seen;
	int64_t observed_ns; /* when it began to look like that */

	bool leading;
	int64_t renewed_ns; /* when the last renewal that succeeded was sent */

	enum lease_act act; /* the request under way */
	int64_t sent_ns;
	int64_t began_ns; /* the first request of this attempt */
	unsigned steps;	  /* requests of this attempt */
	bool fast;	  /* the PUT did not look first (L-3) */
	bool look;	  /* what we have seen may be outdated: GET before PUT */
	int64_t next_ns;  /* of the next attempt */

	bool releasing, done;
	int64_t release_until_ns;
};

/* What is to be done now, in this order. */
struct lease_out {
	bool stopped;	    /* we lead no longer */
	bool started;	    /* we lead */
	bool leader;	    /* seen.holder is new, and someone else */
	bool slow;	    /* renewal by the slow path */
	bool cancel;	    /* the request under way is not wanted any more */
	enum lease_act act; /* send this */
	bool done;	    /* released, or given up releasing */
};

void lease_init(struct lease_core *c, int64_t now_ns);
void lease_fini(struct lease_core *c);
bool lease_holds(const struct lease_core *c, int64_t now_ns);
/* Whether seen.holder is us. */
bool lease_mine(const struct lease_core *c);
/* Time has passed. */
void lease_tick(struct lease_core *c, int64_t now_ns, struct lease_out *out);
/* The request under way was answered; `body` is the object, for OK. */
void lease_reply(struct lease_core *c, enum lease_reply reply, struct og_sv body, int64_t now_ns,
	struct lease_out *out);
void lease_release(struct lease_core *c, int64_t now_ns, struct lease_out *out);
/* When lease_tick has something to do; INT64_MAX = never. */
int64_t lease_next_ns(const struct lease_core *c);
/* The body of the CREATE or PUT under way. False without memory. */
bool lease_body(const struct lease_core *c, int64_t wall_ns, struct og_buf *out);
/* Reads an answer. Errors: PARSE (no Lease, no resourceVersion), LIMIT, OOM. */
int lease_record_read(
	struct lease_record *r, struct og_sv body, int64_t default_valid_ns, struct og_err *err);
