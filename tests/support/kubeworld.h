/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A folder, an environment and a set of flags for loading kubeconfigs, away from the real ones.
 * HOME is the folder. In the texts of og_kubeworld_write, %DIR% is the folder and %CA%, %CERT%,
 * %KEY% are base64 of a CA, a certificate it signed and that one's key, which also are ca.crt,
 * client.crt and client.key in the folder; %OTHERKEY% is the key of another certificate.
 */
#include "otelgate/kube/kubeconfig.h"
#include "tmpdir.h"

struct og_kubeworld_var {
	char name[64], value[1024];
};

struct og_kubeworld {
	struct og_tmpdir dir;
	struct og_kubeworld_var vars[16];
	size_t nvars;
	struct og_kube_env env;
	struct og_kube_options o;
	struct og_kube_access *a; /* of the last load */
	struct og_err err;
	struct og_buf ca, cert, key, other_key;
};

/* In place: o and env point into it. */
void og_kubeworld_init(struct og_kubeworld *w);
void og_kubeworld_fini(struct og_kubeworld *w);
#define og_auto_kubeworld __attribute__((cleanup(og_kubeworld_fini)))

/* An empty value unsets. */
void og_kubeworld_env(struct og_kubeworld *w, const char *name, const char *value_fmt, ...)
	__attribute__((format(printf, 3, 4)));
void og_kubeworld_write(struct og_kubeworld *w, const char *name, const char *text);
/* The path of a file of the folder; the memory is one of eight, taken in turn. */
const char *og_kubeworld_path(struct og_kubeworld *w, const char *name);
/* Loads with w->o; frees what was loaded before. */
int og_kubeworld_load(struct og_kubeworld *w);
/* Makes the folder "sa" with token, ca.crt and namespace, and sets the variables of a pod. */
void og_kubeworld_pod(struct og_kubeworld *w);
