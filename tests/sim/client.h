/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A client of the simulator for tests: access from its own kubeconfig, a loop, a namespace's worth
 * of objects. */
#include "otelgate/kube/client.h"
#include "sim.h"

struct og_sim_client {
	struct og_loop *loop;
	struct og_kube *kube;
};

/* The access of a user with that token; NULL = the admin. NULL on failure. */
struct og_kube_access *og_sim_access(struct og_sim *sim, const char *token, struct og_err *err);
/* With a loop of its own. */
int og_sim_client_init(struct og_sim_client *c, struct og_sim *sim, const char *token,
	struct og_metrics *metrics, struct og_err *err);
void og_sim_client_fini(struct og_sim_client *c);
