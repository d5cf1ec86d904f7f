/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A shop without a controller: a simulated cluster (clusterrun.h), backends (cloud.h), and what
 * pods send to them. */
#include "cloud/cloud.h"
#include "support/clusterrun.h"

extern struct og_cloud *aw_cloud;
void aw_setup(void); /* with CRDs, stack s, profile p, Secret monitoring/read */
void aw_teardown(void);

/* GrafanaStack s and TelemetryProfile p; `query` is put into spec.query, `secret` names the one of
 * the token or is NULL. The text until the next call. */
const char *aw_config(const char *query, const char *secret);
/* Into the cluster. */
void aw_configure(const char *query, const char *secret);
void aw_token(const char *token); /* what the Secret holds */

/* Any object, into the cluster and the dump. */
void aw_put(const char *json);
/* Deployment and ReplicaSet NAME in namespace shop; `asks` = opted in. */
void aw_workload(const char *name, bool asks);
/* A pod of it, that was made so long ago; revision "" = not injected. */
void aw_pod(const char *name, const char *of, long ago_s, const char *revision);
/* The revision its pods are to carry, as otelgate status tells it; until the next call. */
const char *aw_revision(const char *name);
/* Deployment web with two pods that have run for 30 hours, and its revision. */
const char *aw_web(void);
/* The cluster's objects of the shop as a List in JSON, for files; until the next call. */
const char *aw_dump(void);

/* Telemetry of a pod, so many seconds old. */
void aw_push(const char *signal, const char *service, const char *pod, const char *rev, long ago_s);
void aw_push_all(const char *service, const char *pod, const char *rev);
void aw_fault(const char *json);
