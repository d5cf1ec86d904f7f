/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Events (events.k8s.io/v1) with series: the same thing happening again is one Event that counts
 * (kubernetes/client-go tools/events; E-1 … E-4). Nothing waits for them, none may be vital.
 *
 * The first occurrence makes an Event, the second begins its series, later ones are counted in
 * memory and told each half hour, and once more when it has been silent for six minutes. About one
 * object at most 25 new series begin at once, then one each five minutes. What the server refuses
 * is dropped; what it does not answer is tried twelve times, about 10 s apart. Every fate is
 * counted.
 *
 * Everything belongs to the loop's thread.
 */
#include "otelgate/kube/client.h"

struct og_events;
struct og_events_opts {
	struct og_kube *kube;
	const char *controller;	    /* reportingController: "otelgate.dev/controller". Copied */
	const char *instance;	    /* reportingInstance: the pod's name, <= 128. Copied */
	size_t max_queued;	    /* 0 = 1,000; dropped beyond */
	struct og_metrics *metrics; /* NULL = none; og_events_metrics below */
	uint64_t seed;
};
struct og_event {
	bool warning;
	/* The object it is about. All are copied; ns "" = the Event goes to "default". */
	struct og_sv api_version, kind, ns, name, uid;
	const char *reason; /* UpperCamelCase, <= 128 */
	const char *action; /* UpperCamelCase, <= 128 */
	/* Cut at 1,024 bytes; bytes that are not UTF-8 become '?', control characters blanks. Of a
	 * series only the first note is shown. Never a secret. */
	struct og_sv note;
};
/* Errors: INVALID (controller is no qualified name, instance is empty or too long), OOM. */
int og_events_new(const struct og_events_opts *o, struct og_events **ret, struct og_err *err);
/* Never fails for the caller: what cannot be sent is counted. */
void og_events_emit(struct og_events *e, const struct og_event *ev);
/* Tries to send what is queued and the last counts of series, at most within_ms, then on_done,
 * never before this has returned. Asked again while it runs: the newer on_done counts. */
void og_events_flush(struct og_events *e, int64_t within_ms, void (*on_done)(void *ctx), void *ctx);
void og_events_free(struct og_events *e); /* what was not sent is lost. NULL is fine */

enum og_events_metric { OG_EM_EVENTS, OG_EM_QUEUED, OG_EM_COUNT_ }; /* result; none */
extern const struct og_metric_def og_events_metrics[OG_EM_COUNT_];
