/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/core/restart.h"

/* Where a workload stands on its own, before others are looked at. */
enum restart_stage {
	STAGE_REST,	 /* nothing is to be done, or `what` says it already */
	STAGE_CANDIDATE, /* needs a restart */
	STAGE_CONTINUE,	 /* intended, the template is not changed yet */
	STAGE_UNDERWAY,	 /* restarted, on its way */
	STAGE_STUCK,	 /* restarted by us, does not come up: halts its wave */
	STAGE_CRASH,	 /* restarted by us, its new pods crash: halts its wave */
};

/* Fills *r for this one alone. */
enum restart_stage restart_stage_of(const struct og_restart_workload *w,
	const struct og_restart_rules *rules, int64_t now_s, struct og_restart_result *r);

/* Seconds since, never negative; a time in the future was set by a clock that is wrong. */
int64_t restart_since(int64_t then_s, int64_t now_s);
/* Pods are broken by an older injection, or by our own earlier restart: nothing is lost. */
bool restart_broken(const struct og_restart_workload *w);
/* The template has been changed since the last restart was intended. */
bool restart_made(const struct og_restart_workload *w);
