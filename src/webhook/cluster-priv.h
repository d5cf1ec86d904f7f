/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The cluster as the webhook sees it. The loop's thread owns it; `authority` and `cluster` are set
 * before it runs. */
#include <pthread.h>
#include "otelgate/kube/authority.h"
#include "otelgate/kube/kubeconfig.h"
#include "webhook-priv.h"

enum { CLUSTER_NAMES = 64 };

struct webhook_cluster {
	struct webhook *w;
	struct og_loop *loop;
	struct og_kube *kube;
	struct og_cluster *cluster;
	struct og_authority *authority; /* NULL: the certificate comes from files */
	struct og_arena arena;
	const char *ns, *service, *registration, *secret;
	const char *server;
	pthread_t thread;
	bool thread_runs;
	struct og_timer tick;
	int64_t started_ns;
	bool said_away;
	_Atomic bool registered; /* caBundle was current once: readiness does not wait again */
	struct og_metric_table *m;
	struct og_metric_series *deferred;
};
