/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of the workload pass share. */
#include "otelgate/kobj/workload.h"
#include "workload-priv.h"

enum { WORKLOAD_KEY_BYTES = 1024, WORKLOAD_LISTENERS = 16 };

/* One store that is listened to. */
struct workload_listener {
	struct controller *c;
	struct og_sv group, kind;
};

struct workloads {
	struct og_map map; /* key → struct workload, one block each */
	struct workload_listener listeners[WORKLOAD_LISTENERS];
	unsigned nlisteners;
};

struct workload_ref {
	struct og_sv ns, group, kind, name;
};

bool workload_key(struct og_sv ns, struct og_sv group, struct og_sv kind, struct og_sv name,
	char buf[WORKLOAD_KEY_BYTES], struct og_sv *ret);
/* False when it is no key. */
bool workload_key_split(struct og_sv key, struct workload_ref *ret);

/* ns "" = in all namespaces. */
void workloads_enqueue_all(struct controller *c, struct og_sv ns, int priority);
/* When no store is left that could tell anything. */
void workloads_free(struct controller *c);
