/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Has the telemetry of what runs now arrived? For pipelines, after a deployment. Pure. */
#include "otelgate/core/telemetry_row.h"

enum og_wait_end {
	OG_WAIT_NOT_YET,
	OG_WAIT_ARRIVED,
	OG_WAIT_NEVER, /* it will not, whatever the time: a signal is off, nobody opted in */
};

struct og_wait_ask {
	bool signals[OG_SIGNAL_COUNT_];
	struct og_sv revision; /* that pods must carry; "" = the wanted one */
};

/*
 * Arrived: the controller has judged the workload's last change, its pods carry the revision, the
 * rollout is complete, and each signal flows, tied to the revision or to its pods, and was seen
 * after the newest of them was made. Otherwise `why` gets one sentence: what is waited for first.
 */
enum og_wait_end og_wait_judge(
	const struct og_telemetry_row *row, const struct og_wait_ask *ask, struct og_buf *why);
