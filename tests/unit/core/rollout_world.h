/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Pods and workloads in few words, for rows of rollouts. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* rows say what matters */
#include <check.h>

#include "otelgate/base/mem.h"
#include "otelgate/core/findings.h"
#include "otelgate/core/rollout.h"
#include "support/suite.h"

#define NOW 1795000000
#define REV "aaaa000000000000"
#define OLD "bbbb000000000000"

enum {		 /* of a pod */
	INJ = 1, /* carries a record */
	READY = 2,
	PEND = 4, /* phase; Running otherwise */
	FAIL = 8,
	DONE = 16,
	DEL = 32,
	SECRET = 64, /* reads credentials */
	UNBOUND = 128,
	GATES = 256,
	LEFT = 512,   /* rightly left alone */
	BLIND = 1024, /* its state is not known */
	IMAGE2 = 2048,
	REST2 = 4096,
};
enum { T = 1, OWN = 2, INI = 4, RUN = 8, ENDED = 16, X = 32, LIBC = 64, RDY = 128 }; /* container */

struct box { /* a container with something to tell; name NULL = none */
	const char *name;
	unsigned flags;
	const char *reason, *message;
	int exit;
	const char *exit_reason;
	unsigned restarts;
	int age; /* of since_s; 0 = unknown */
};

struct pod {
	const char *name;
	unsigned flags;
	int age;
	const char *rev; /* NULL = none */
	int ready_age;	 /* 0 = unknown */
	int started_age; /* 0 = none */
	const char *reason, *message;
	struct box c[2];
};

static struct og_arena a;

static inline void setup(void)
{
	og_arena_init(&a, 0, 0);
}

static inline void teardown(void)
{
	og_arena_fini(&a);
}

static inline int64_t ago(int age)
{
	return age ? NOW - age : 0;
}

static inline struct og_container_state box(const struct box *b)
{
	return (struct og_container_state){
		.name = og_svz(b->name),
		.run = b->flags & RUN	  ? OG_RUN_RUNNING
		       : b->flags & ENDED ? OG_RUN_TERMINATED
					  : OG_RUN_WAITING,
		.init = b->flags & (INI | OWN),
		.touched = b->flags & T,
		.own = b->flags & OWN,
		.ready = b->flags & RDY,
		.exited = b->flags & X,
		.other_libc = b->flags & LIBC,
		.exit_code = b->exit,
		.restarts = b->restarts,
		.since_s = ago(b->age),
		.reason = og_svz(b->reason),
		.message = og_svz(b->message),
		.exit_reason = og_svz(b->exit_reason),
	};
}

static inline struct og_rollout_pod pod(const struct pod *p)
{
	struct og_pod_state *s = og_arena_new(&a, struct og_pod_state);
	struct og_container_state *c = og_arena_new_n(&a, 2, struct og_container_state);
	ck_assert(s && c);
	*s = (struct og_pod_state){
		.created_s = ago(p->age),
		.phase = p->flags & PEND   ? OG_POD_PENDING
			 : p->flags & FAIL ? OG_POD_FAILED
			 : p->flags & DONE ? OG_POD_SUCCEEDED
					   : OG_POD_RUNNING,
		.bound = !(p->flags & UNBOUND),
		.ready = p->flags & READY,
		.gates = p->flags & GATES,
		.uses_secret = p->flags & SECRET,
		.injected = p->flags & INJ,
		.containers = 1,
		.nready = (uint16_t) !!(p->flags & READY),
		.ready_s = ago(p->ready_age),
		.started_s = ago(p->started_age),
		.images = p->flags & IMAGE2 ? 2 : 1,
		.rest = p->flags & REST2 ? 2 : 1,
		.reason = og_svz(p->reason),
		.message = og_svz(p->message),
		.c = c,
	};
	while (s->ncontainers < 2 && p->c[s->ncontainers].name) {
		c[s->ncontainers] = box(&p->c[s->ncontainers]);
		s->ncontainers++;
	}
	return (struct og_rollout_pod){.name = og_svz(p->name),
		.owner = OG_SV("web-5d4f"),
		.revision = og_svz(p->rev),
		.deleting = p->flags & DEL,
		.left_alone = p->flags & LEFT,
		.created_s = ago(p->age),
		.state = p->flags & BLIND ? NULL : s};
}

static inline struct og_rollout_input input(const struct og_rollout_facts *f)
{
	return (struct og_rollout_input){.ns = OG_SV("shop"),
		.group = OG_SV("apps"),
		.kind = OG_SV("Deployment"),
		.name = OG_SV("web"),
		.facts = f,
		.injects = true,
		.revision = OG_SV(REV),
		.secret_name = OG_SV("otelgate-otlp"),
		.now_s = NOW};
}

static inline struct og_rollout_result judge(
	struct og_rollout_input *in, const struct pod *pods, uint32_t max)
{
	struct og_rollout_result r;
	struct og_err err = OG_ERR_INIT;
	in->pods = og_arena_new_n(&a, max + 1, struct og_rollout_pod);
	ck_assert_ptr_nonnull(in->pods);
	for (in->npods = 0; in->npods < max && pods[in->npods].name; in->npods++)
		in->pods[in->npods] = pod(&pods[in->npods]);
	ck_assert_msg(og_rollout_judge(in, &a, &r, &err) == 0, "%s", err.msg);
	return r;
}

static inline const char *text(struct og_sv s)
{
	char *p = og_arena_strndup(&a, s.p, s.n);
	ck_assert_ptr_nonnull(p);
	return p;
}

static const struct og_rollout_facts deploy = {.kind = OG_RK_DEPLOYMENT,
	.generation = 2,
	.observed = 2,
	.desired = 3,
	.total = 3,
	.updated = 3,
	.ready = 3,
	.available = 3,
	.progress_deadline_s = 600,
	.cond[OG_COND_PROGRESSING] = {.status = OG_COND_TRUE}};
static const struct og_rollout_facts half = {.kind = OG_RK_DEPLOYMENT,
	.generation = 2,
	.observed = 2,
	.desired = 2,
	.total = 2,
	.updated = 2,
	.ready = 1,
	.available = 1,
	.progress_deadline_s = 600,
	.cond[OG_COND_PROGRESSING] = {.status = OG_COND_TRUE}};
