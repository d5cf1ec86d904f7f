/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Proof of arrival, as the leader's other parts see it: what a workload is to send, made by its
 * pass; what arrives of it, found by the part; and how it stands with the stacks' backends. On the
 * loop's thread.
 */
#include "controller-priv.h"
#include "otelgate/core/arrival.h"
#include "otelgate/core/plan.h"
#include "otelgate/core/stars_facts.h"
#include "otelgate/core/telemetry.h"
#include "otelgate/verify/stars.h"
#include "otelgate/verify/verdict.h"

struct workload_entry;

/* What the judgement needs to know of one workload: one block with its lists and texts. */
struct arrival_facts {
	struct og_arrival_workload w;
	struct og_sv stack;
	enum og_profiles_state profiles;
	uint64_t mark; /* of all of it */
	size_t bytes;
};

/* One signal as it was judged. Strings are the block's. */
struct arrival_signal {
	enum og_arrival_state state;
	const char *reason, *finding, *why, *cause; /* static */
	struct og_sv message;
	enum og_arrival_tie tie;
	enum og_arrival_trust trust;
	enum og_arrival_route route;
	bool expected, kept, covers_known, regressed, old_sending, shared;
	uint32_t covered, of;
	const struct og_sv *silent;
	uint32_t nsilent;
	struct og_sv query, explore;
};

enum { ARRIVAL_FINDINGS = 8 };

/* What was found of one workload: one block, replaced as a whole when it says something else. */
struct arrival_said {
	uint64_t mark; /* of what a status says of it, without times */
	struct arrival_signal signal[OG_SIGNAL_COUNT_];
	struct og_stars_facts stars; /* of what arrives */
	struct og_telemetry_finding findings[ARRIVAL_FINDINGS];
	uint32_t nfindings;
};

/* Part of a workload's entry. */
struct arrival {
	struct arrival_facts *facts; /* NULL = its stack is not verified */
	struct arrival_said *said;   /* NULL = not judged yet */
	struct og_arrival_memory memory;
	struct og_arrival_memory written; /* as its status says it, which is not for each look */
	int64_t written_ns;		  /* monotonic; when `written` was taken; 0 = by another */
	uint64_t written_mark;
	bool restored; /* memory has been looked for in the status */
	/* What the status says of rare questions, until they have been asked anew. */
	struct og_stars_facts rare;
	int64_t rare_until_ns; /* monotonic; 0 = there is nothing */
};
void arrival_fini(struct arrival *a);
/* Whether its status is to be written for what arrives: it says something else, or long ago. */
bool arrival_due(struct controller *c, const struct arrival *a);

/* How a stack is verified. */
bool controller_verifies(struct controller *c, struct og_sv stack);
/* Facts or memory of a workload of it have changed: it is judged within a second or so. */
void verify_soon(struct controller *c, struct og_sv stack);

/* verify_stack.c: conditions of the GrafanaStack. */
struct verify_condition {
	const char *type, *status, *reason;
	struct og_sv message; /* the arena's */
	bool may_be_unknown;  /* then it says nothing of Ready */
	bool not_yet;	      /* nothing is known since the start: what the status says holds */
};
enum { VERIFY_WRITABLE = OG_SIGNAL_COUNT_, VERIFY_CONDITIONS = VERIFY_WRITABLE + 4 };
/* Their number; 0 = the stack is not verified. *ret_ready: the first that is False, or NULL. */
uint32_t verify_conditions(struct controller *c, struct og_sv stack, struct og_arena *arena,
	struct verify_condition ret[VERIFY_CONDITIONS]);

/* The row of the table of parts. */
int verify_init(struct controller *c, struct og_err *err);
void verify_fini(struct controller *c);
void verify_resync(struct controller *c);
void verify_work(struct controller *c, struct og_sv key);

/* ---- between the files of the part ---- */

struct verify_part;

/* What the last probe says of writing one signal. */
struct verify_written {
	const char *status; /* "True", "False", "Unknown"; NULL = not probed yet */
	const char *reason; /* static */
	char *message;	    /* NULL = none */
	char *brief;	    /* broken: the link and why, for the workloads' messages */
	bool arrives;	    /* it was read back */
	enum og_arrival_sight sight;
};

struct verify_run; /* a probe under way */

struct verify_part_stack {
	struct verify_part *p;
	char *name;
	struct og_verify_token token;
	bool token_known; /* a reading has ended */
	struct og_timer judge;
	int64_t judged_ns, took_ns; /* the last judging: its end, and how long it took */
	uint64_t told;		    /* digest of the conditions that the status was told */
	bool strangers_known;	    /* since the start */
	char *strangers;	    /* as the status says them; NULL = there are none */
	bool counted[OG_GF_COUNT_]; /* there are series of it */

	/* verify_probe.c */
	struct verify_run *run;
	struct og_timer probe;
	uint64_t probed; /* digest of what the last probe was made with; 0 = there was none */
	int64_t sent_ns; /* monotonic; when the last one that sends began; 0 = there was none */
	uint32_t probe_failures; /* in a row */
	struct verify_written written[OG_SIGNAL_COUNT_];
};

struct verify_op; /* a Secret being read */

struct verify_part {
	struct controller *c;
	struct og_cluster_config *cfg;
	struct og_httpc *http;
	struct og_verify *engine;
	struct og_map stacks; /* name → struct verify_part_stack */
	struct verify_op *ops;
	struct og_arena arena; /* of a judging */
};

const struct og_stack *verify_stack_spec(const struct verify_part *p, struct og_sv name);
struct verify_part_stack *verify_stack_find(const struct verify_part *p, struct og_sv name);

/* verify_judge.c */
void verify_judge(struct verify_part *p, struct verify_part_stack *s);
/* verify_say.c: Events for what has turned, and the numbers. */
void verify_say(struct verify_part *p, const struct workload *w,
	const struct og_arrival_workload *f, const struct og_arrival_memory *before,
	const struct og_arrival_result *now);
void verify_count(struct verify_part *p);
/* verify_probe.c */
/* Probes when it has not been probed yet, or something it depends on has changed. */
void verify_probe_look(struct verify_part *p, struct verify_part_stack *s);
/* The same for whom the stack's credentials were read. */
void verify_probe_credentials(struct controller *c, struct og_sv stack);
void verify_probe_fini(struct verify_part_stack *s);
/* verify_written.c: what a probe has found. */
struct og_probe_result;
/* `why` per signal: why it was not to be probed; NULL = it was. Returns whether something is
 * broken. */
struct verify_unprobed {
	const char *reason, *message; /* static */
};
bool verify_written_take(struct verify_part_stack *s, const struct og_probe_result *r,
	const struct verify_unprobed why[OG_SIGNAL_COUNT_]);
void verify_written_fini(struct verify_part_stack *s);
void verify_written_uncount(const struct verify_part_stack *s);
void verify_written_condition(const struct verify_part_stack *s, enum og_signal signal,
	struct og_arena *arena, struct verify_condition *ret);
/* Adds to a message of what is missing that the stack's own probe fails, too, or does not. */
void verify_written_explain(
	const struct verify_part_stack *s, struct og_arrival_verdict *v, struct og_arena *arena);
/* verify_strangers.c */
/* Looks who arrives and is nobody's. Errors: OOM, LIMIT. */
int verify_strangers(struct verify_part *p, struct verify_part_stack *s,
	const struct og_arrival_evidence *evidence, struct og_err *err);
/* status.strangers as JSON; "" = none. Not known: what the status says holds. */
struct og_sv verify_strangers_json(struct controller *c, struct og_sv stack, bool *ret_known);
/* verify_stars.c */
/* What its stars are, for telling whether they are others. */
void verify_stars_mark(
	const struct og_arrival_result *r, const struct og_stars_facts *f, struct og_buf *out);
/* verify_token.c */
void verify_read_token(struct verify_part *p, struct og_sv key, struct og_sv stack);
void verify_ops_cancel(struct verify_part *p);
/* verify.c: hands what the configuration and the Secrets say to the engine. */
void verify_hand_over(struct verify_part *p);
/* verify_stack.c: has the status of the stack written when its conditions are others. */
void verify_tell_stack(struct verify_part *p, struct verify_part_stack *s);
/* Its series say nothing any more: it is gone, or nobody is asked. */
void verify_uncount(struct verify_part_stack *s);
/* Namespaces with workloads of the stack, for the engine. */
uint32_t verify_places(
	void *ctx, struct og_sv stack, struct og_arena *arena, const struct og_verify_place **ret);

/* verify_facts.c: of the pass. */
struct pass;
/* Takes from the plan what is to arrive. Errors: OOM. */
int pass_expect(struct pass *p, const struct og_plan *plan, struct og_err *err);
/* After the rollout is judged: the facts, if they are others, into the entry. Errors: OOM. */
int pass_arrival(struct pass *p, struct og_err *err);
/* What was found goes into the status: conditions, signals, findings. */
void pass_received(struct pass *p);
