/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The running controller. All of it belongs to the loop's thread, which is the main one, except
 * what the ops handlers read: metrics, the watches' states, and `published` under its lock.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/signals.h"
#include "otelgate/cluster/report.h"
#include "otelgate/controller/controller.h"
#include "otelgate/kube/events.h"
#include "otelgate/kube/lease.h"
#include "otelgate/net/httpd.h"

enum { CONTROLLER_VERDICTS_MAX = 10000 };

struct controller {
	const struct og_controller_opts *o;
	struct og_loop *loop;
	struct og_kube *kube;
	struct og_cluster *cluster;
	struct og_lease *lease;
	struct og_events *events;
	struct og_httpd *ops;
	struct og_route routes[5];
	struct og_metrics *metrics;
	struct og_metric_table *m;
	struct og_signals sig;
	struct og_loop_fd *sig_fd;
	bool leads, stopping, lease_lost;
	_Atomic bool ready_off; /* shutting down */

	/* scan.c */
	struct og_timer scan_timer;
	uint32_t scan_at;
	bool scanning, dirty;
	int64_t scan_begun_ns, scan_ended_ns;
	struct og_arena scan_arena;
	struct og_missed_report report; /* being made */
	uint32_t judging;		/* row whose pod is being fetched */
	struct og_map verdicts;		/* "uid of pod\nconfiguration" → what a whole pod said */
	struct og_map said;		/* workloads that were named before: key → round */
	uint64_t round;

	pthread_mutex_t published_lock;
	struct og_buf published; /* JSON */
};

/* scan.c */
int controller_scan_init(struct controller *c, struct og_err *err);
void controller_scan_fini(struct controller *c);
/* Something has changed: a scan follows, not sooner than scan_ms after the last one. */
void controller_scan_soon(struct controller *c);

/* ops.c */
int controller_ops_start(struct controller *c, struct og_err *err);
