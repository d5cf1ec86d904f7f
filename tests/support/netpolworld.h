/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A small world for network policies: tests/golden/egress/world.yaml, and policies at random. */
#include "otelgate/core/egress.h"

enum { NETPOL_WORLD_ENDS = 24 };

struct netpol_world {
	struct og_arena *a;
	struct og_jval root;
	struct og_egress_end ends[NETPOL_WORLD_ENDS];
	uint32_t n;
};

/* A YAML file of one document or a list; ends the program when it cannot be read. */
struct og_jval netpol_load(struct og_arena *a, const char *path);
void netpol_world_load(struct netpol_world *w, struct og_arena *a);
const struct og_egress_end *netpol_end(const struct netpol_world *w, const char *name);

/* The policy of a spec, or one that is marked as unreadable. Views into the spec. */
struct og_netpol netpol_of(
	struct og_arena *a, struct og_sv ns, struct og_sv name, struct og_jval spec);
struct og_jval netpol_parse(struct og_arena *a, struct og_sv json);

/* A valid spec at random, about the pods, labels, ports and addresses of the world. */
/* NotIn with Exists beside it: cyclonus takes a missing key for no match, Kubernetes for one
 * (k8s.io/apimachinery/pkg/labels, Requirement.Matches). */
extern bool netpol_notin_exists;
void netpol_random(uint64_t *seed, struct og_buf *out);
uint64_t netpol_rand(uint64_t *seed);

/* A receiver that is a pod of the world, on one port, which has to live as long. */
struct og_egress_target netpol_target(
	const struct netpol_world *w, const char *end, const uint16_t *port);
/* What is asked of a pod that looks names up in the world's pod "dns". */
struct og_egress_in netpol_input(const struct netpol_world *w, const char *pod,
	const struct og_egress_policies *p, const struct og_egress_target *targets, uint32_t n);
/* The decision, which has to be one, with a message for people. */
struct og_egress_result netpol_decide(const struct netpol_world *w, const struct og_egress_in *in);
