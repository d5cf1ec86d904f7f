/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Asks the backends of stacks for what they hold, again and again, and keeps the answers as the
 * evidence that core/arrival.h judges.
 *
 * A cycle asks each stack at most OG_VERIFY_CALLS questions, however many workloads there are, and
 * each backend at most one request a second (grafana/client.h). An answer that a limit of the
 * backend has cut is asked for in parts (namespaces), as many in each cycle as its calls allow, the
 * oldest first; and coarser (without pods) where the parts would be too many. What a backend last
 * said stays until it says something else; each answer knows when it was asked for.
 *
 * Everything belongs to the loop's thread.
 */
#include "otelgate/core/arrival.h"
#include "otelgate/grafana/client.h"

enum {
	OG_VERIFY_CALLS = 10,
	OG_VERIFY_PARTS = 64, /* of one question */
};

struct og_verify;

/* Part of a cluster: what is asked for is split along these. */
struct og_verify_place {
	struct og_sv ns;
	uint32_t pods, workloads;
};

struct og_verify_opts {
	struct og_loop *loop;
	struct og_httpc *http;	    /* lives as long as the engine */
	struct og_metrics *metrics; /* of the clients; NULL = none */
	uint64_t seed;		    /* of jitter and hashes */
	void *ctx;
	/* A cycle has ended, whatever came of it. Optional. */
	void (*on_cycle)(void *ctx, struct og_sv stack);
	/* Where workloads of the stack are; in the arena. Without it nothing is split. */
	uint32_t (*places)(void *ctx, struct og_sv stack, struct og_arena *arena,
		const struct og_verify_place **ret);
};
/* Errors: OOM. */
int og_verify_new(const struct og_verify_opts *o, struct og_verify **ret, struct og_err *err);
/* Ends all questions. NULL is fine. */
void og_verify_free(struct og_verify *v);

/* How a stack is asked. All is copied. */
struct og_verify_spec {
	struct og_sv stack;
	/* url empty = not asked; with a slug, what is empty is discovered (grafana/discovery.h) */
	struct og_sv url[OG_GF_COUNT_], user[OG_GF_COUNT_];
	struct og_sv slug, discovery_url; /* discovery_url empty = https://grafana.com */
	const struct og_secret *token;	  /* NULL = without Authorization */
	struct og_sv ca_pem;		  /* trusted for the URLs given; empty = the system's */
	struct og_sv cluster;		  /* k8s.cluster.name; empty = whatever cluster */
	uint32_t interval_ms, window_ms, freshness_ms;
	int64_t request_ms; /* between requests to one backend; 0 = 1,000 */
};
/*
 * These stacks, and no others. One that is as it was keeps answers and rhythm; one with a new
 * token or other times goes on with its answers; one with another place to ask or another cluster
 * begins anew. The first cycle begins within two seconds. Errors: OOM; what cannot be asked (a URL
 * that is none) is a state of its backend.
 */
int og_verify_set(
	struct og_verify *v, const struct og_verify_spec *specs, uint32_t n, struct og_err *err);
/* The next cycle begins now; false when there is no such stack. */
bool og_verify_now(struct og_verify *v, struct og_sv stack);

/* How it stands with one backend. Views live until the loop's next turn. */
struct og_verify_state {
	bool configured;
	enum og_gf_state state; /* of the latest answers: the worst of a cycle; UNASKED before */
	const char *why;	/* CamelCase, for a condition: "AuthFailed", "Answers" */
	struct og_sv message;	/* one sentence; never a secret */
	const char *finding;	/* NULL = none */
	int64_t since_s;	/* that it is so */
	int64_t asked_s;	/* of the latest answer that is evidence; 0 = none yet */
	int64_t took_ms;	/* of the latest answer */
	int64_t skew_ms;	/* our clock minus the backend's */
	uint32_t rows, parts;	/* in hand; 1 part = asked as a whole */
	bool coarse;		/* asked without telling pods apart */
};
/* False when there is no such stack. */
bool og_verify_state(const struct og_verify *v, struct og_sv stack, enum og_gf_backend b,
	struct og_verify_state *ret);

/* Where a backend is asked, discovered or given; views live until the loop's next turn. False when
 * there is no such stack, or it is not known where. */
bool og_verify_backend(const struct og_verify *v, struct og_sv stack, enum og_gf_backend b,
	struct og_sv *ret_url, struct og_sv *ret_user);

/* The Grafana of a discovered stack; empty = not known. Until the loop's next turn. */
struct og_sv og_verify_grafana(const struct og_verify *v, struct og_sv stack);

struct og_verify_stats {
	uint64_t cycles, calls, failed;
	uint64_t wire_bytes, body_bytes;
	uint32_t cycle_calls; /* of the last whole cycle */
	uint64_t cycle_bytes; /* of its bodies */
	uint64_t held_bytes;  /* of the answers in hand */
	int64_t turn_s;	      /* how long it takes until each part was asked once more */
	bool whole;	      /* each question has been asked since the stack was set */
};
bool og_verify_stats(const struct og_verify *v, struct og_sv stack, struct og_verify_stats *ret);

/*
 * The evidence in hand, for og_arrival_index_new; rows are in the arena, their texts live until the
 * next answer: judge before the loop turns. Without such a stack nothing is asked. Errors: OOM.
 *
 * A backend that fails is bridged: what it said last stands with its time while it is no older than
 * the freshness of the stack; after that the source is unanswered, and says why.
 */
int og_verify_evidence(const struct og_verify *v, struct og_sv stack, struct og_arena *arena,
	struct og_arrival_evidence *ret, struct og_err *err);

/* What a state of an answer is called in conditions, and its finding (NULL = none). */
const char *og_verify_word(enum og_gf_state s, enum og_gf_why why);
const char *og_verify_finding(enum og_gf_state s, enum og_gf_why why);
enum og_signal og_verify_signal(enum og_gf_backend b);
