/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A workload and what backends hold of it, from one line of words; for tables of arrival verdicts.
 *
 * Without words: Deployment shop/web of revision r2 with the ready pods web-1 and web-2, started an
 * hour ago; metrics, traces and logs expected; every backend was asked this second, answered all of
 * it, tells pods and revisions apart, and holds nothing.
 *
 *   +m1 +t2 +l1 +p1      a fresh row of a signal and pod of revision r2; pod - is none, 9 a pod
 * that is gone, 8 one of workload shop/other; with options after commas: aged, undated, rev=R (rev=
 * is none), name=NS/N (name= is none), ns=K, nons, job=J, inst=I, stdout, otlp, obj=Kind/name
 *   pods=CCS             classes: Current Stale Bare sKipped Terminating Finished; c not ready, y
 * young start=-60 rolled=-30 opted=-90 run=-600 ended=-500   times, from now life=job|cron|set kind
 * of workload; zero suspended: flags mode:l=stdout|off|optional|expected exp:t=none|elsewhere
 * ratio=0.01 src:t=auth|throttled|off|unasked|partial|nofresh|onlyfresh|old|nopods|norev|ages|short
 *   busy=5 (requests per second), flat
 *   mem:t=Flowing,r2[,misses[,age]]   what is remembered: state, revision it flowed with
 *   sight:t=blind|sees|refused
 *   twin                 another workload has the same name; crowd = three that lack traces
 *   two                  a second container, shop/worker
 *   id=NS/N              another identity; id2=NS|N that of shop/other; noid; rev= the wanted
 * revision is unknown
 */
#include "otelgate/core/arrival.h"

enum { ARW_NOW = 1800000000, ARW_ROWS = 48, ARW_PODS = 24 };

struct arrivalworld {
	struct og_arena arena;
	struct og_arrival_workload w[8];
	uint32_t nw;
	struct og_arrival_identity ids[8];
	struct og_arrival_pod pods[ARW_PODS];
	struct og_arrival_row rows[ARW_ROWS], traffic[2];
	struct og_arrival_evidence ev;
	struct og_arrival_memory before;
	bool remembers;
	struct og_arrival_params params;
	struct og_arrival_index *ix;
	struct og_arrival_result r;
	struct og_findings findings;
};
/* Aborts the test on a word it does not know. */
void arrivalworld_init(struct arrivalworld *aw, const char *words);
void arrivalworld_judge(struct arrivalworld *aw);
void arrivalworld_fini(struct arrivalworld *aw);
/* 't' → OG_SIGNAL_TRACES */
enum og_signal arrivalworld_signal(char c);
/* Of the signal, or of no signal at all. */
bool arrivalworld_found(const struct arrivalworld *aw, const char *id, enum og_signal signal);
