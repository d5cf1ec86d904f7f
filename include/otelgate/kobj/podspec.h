/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Views over a corev1.PodSpec. */
#include "otelgate/codec/jdoc.h"

struct og_container {
	struct og_jval v;
	struct og_sv name, image;
	uint32_t index; /* within containers or initContainers */
	bool init;	/* from initContainers */
	bool sidecar;	/* an init container with restartPolicy Always (KEP-753) */
	struct og_jval env, env_from, mounts;
};

struct og_containers {
	struct og_container *v; /* init containers first, then regular ones, in pod order */
	uint32_t n;
	uint32_t ninit;
};

/*
 * Lists the containers of a pod spec. Errors: INVALID when a list is not a list, an entry is not an
 * object, has no name, or two share a name: the message holds the JSON Pointer below the spec.
 * LIMIT above 1,000 containers. OOM.
 */
int og_podspec_containers(
	struct og_jval spec, struct og_arena *arena, struct og_containers *ret, struct og_err *err);

/* spec.os.name or the node selector kubernetes.io/os says windows. */
bool og_podspec_is_windows(struct og_jval spec);

/* The EnvVar of that name, or absent. *ret_index (may be NULL) gets its place. A repeated name
 * gives the last one, which is the one the kubelet uses. */
struct og_jval og_env_find(struct og_jval env, struct og_sv name, uint32_t *ret_index);
