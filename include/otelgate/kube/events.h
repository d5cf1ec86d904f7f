/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Events (events.k8s.io/v1) with series: the same thing happening again is one Event that counts
 * (kubernetes/client-go tools/events; E-1 … E-4). Nothing waits for them, none may be vital.
 */
#include "otelgate/kube/client.h"

struct og_events;
struct og_events_opts {
	struct og_kube *kube;
	const char *controller; /* reportingController: "otelgate.dev/controller" */
	const char *instance;	/* reportingInstance: the pod's name */
	size_t max_queued;	/* 0 = 1,000; dropped beyond */
	struct og_metrics *metrics;
	uint64_t seed;
};
struct og_event {
	bool warning;
	/* The object it is about. All are copied; ns "" = the Event goes to "default". */
	struct og_sv api_version, kind, ns, name, uid;
	const char *reason; /* UpperCamelCase, <= 128 */
	const char *action; /* UpperCamelCase, <= 128 */
	struct og_sv note;  /* cut at 1,024 bytes */
};
int og_events_new(const struct og_events_opts *o, struct og_events **ret, struct og_err *err);
/* Never fails for the caller: what cannot be sent is counted. */
void og_events_emit(struct og_events *e, const struct og_event *ev);
/* Tries to send what is queued, at most within_ms, then on_done. */
void og_events_flush(struct og_events *e, int64_t within_ms, void (*on_done)(void *ctx), void *ctx);
void og_events_free(struct og_events *e);
