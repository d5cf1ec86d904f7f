/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A cluster while it is generated. */
#include "sim/sim-priv.h"

struct sim_gen {
	struct og_sim *s;
	struct og_sim_gen o;
	struct sim_res *pods, *sets, *deps, *nodes, *spaces;
	char now[32];
	uint64_t seed;
	struct og_buf filler;
};

struct sim_dep {
	char name[64], ns[96], set[96], hash[12], uid[40], set_uid[40];
	uint32_t pods;
};

uint64_t sim_gen_next(struct sim_gen *g);
void sim_gen_uid(struct sim_gen *g, char out[40]);
void sim_gen_tail(struct sim_gen *g, char *out, int n);
/* Behind the last object, in whatever order; sorted at the end. Takes o over. */
bool sim_gen_append(struct sim_gen *g, struct sim_res *r, struct sim_obj *o);
bool sim_gen_pod(struct sim_gen *g, const struct sim_dep *d, uint32_t nnodes);
/* Field names until a pod has its size: that is what managedFields look like. */
void sim_gen_fill(struct sim_gen *g);
