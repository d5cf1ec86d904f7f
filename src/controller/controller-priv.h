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
#include "otelgate/kube/apply.h"
#include "otelgate/kube/lease.h"
#include "otelgate/kube/queue.h"
#include "otelgate/net/httpd.h"

enum { CONTROLLER_VERDICTS_MAX = 10000 };

struct controller;
struct workload; /* workload-priv.h */

/* ---- parts: a feature of the leader is a row of the table in parts.c ---- */

enum controller_part_id {
	PART_WORKLOADS,
	PART_CREDENTIALS,
	PART_EGRESS,
	PART_RESTART,
	PART_VERIFY,
	PART_COUNT_
};

/* Any function may be NULL; a part without `work` has no queue. All on the loop's thread. */
struct controller_part {
	const char *name; /* of its queue and in metrics: "credentials" */
	unsigned workers; /* keys in work at a time */
	/* The stores exist and are empty: listen here. */
	int (*init)(struct controller *c, struct og_err *err);
	/* No work of it runs any more, and its queue is gone; the stores may still tell things. */
	void (*fini)(struct controller *c);
	/* Enqueues everything: leadership gained, new configuration, every 10 minutes. Only when
	 * leading, and every watch has given its first answer. */
	void (*resync)(struct controller *c);
	/* Leader only; ends with controller_done, at once or later. `key` is valid until then. */
	void (*work)(struct controller *c, struct og_sv key);
	/* What the workload pass has found differs from what it found before; not told by the pass
	 * itself about statuses it has only written. `gone`: no longer opted in, or deleted; `now`
	 * is what it was. */
	void (*workload_changed)(struct controller *c, const struct workload *now, bool gone);
};
extern const struct controller_part controller_parts[PART_COUNT_];

/* One part as it runs. */
struct controller_queue {
	struct controller *c;
	enum controller_part_id id;
	struct og_queue *queue;
};

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

	/* parts.c */
	struct controller_queue queues[PART_COUNT_];
	struct og_timer resync_timer, drain_timer;
	int64_t drain_until_ns;
	void (*drained)(struct controller *c);
	double tokens; /* of the write budget, as of tokens_ns */
	int64_t tokens_ns;

	/* credentials.c */
	struct cred *credentials;

	/* egress.c */
	struct egress *egress;

	/* workload.c */
	struct workloads *workloads;

	/* restart.c */
	struct restarts *restarts;

	/* verify.c */
	struct verify_part *verify;

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

/* parts.c */
int controller_parts_start(struct controller *c, struct og_err *err);
/* Begins no work any more, waits a moment for what is under way, then `then`: afterwards no part
 * writes. */
void controller_parts_stop(struct controller *c, void (*then)(struct controller *c));
void controller_parts_fini(struct controller *c);
/* Everything is looked at again, when leading and the watches have answered. */
void controller_resync(struct controller *c);
/* Whether parts may act: leading, not stopping, and every watch has given its first answer. */
bool controller_acts(const struct controller *c);

/* Without effect while controller_acts is false: the resync brings everything. Errors are logged;
 * the next resync repairs them. */
int controller_enqueue(
	struct controller *c, enum controller_part_id part, struct og_sv key, int priority);
int controller_enqueue_in(struct controller *c, enum controller_part_id part, struct og_sv key,
	int priority, int64_t in_ms);
void controller_done(struct controller *c, enum controller_part_id part, struct og_sv key,
	enum og_queue_result r, int64_t again_ms);

/*
 * One write of the budget: CONTROLLER_WRITES_PER_S, CONTROLLER_WRITES_BURST at once. False: none is
 * left; wait *ret_ms, as by controller_done(…, OG_QUEUE_OK, *ret_ms). Statuses leave
 * CONTROLLER_WRITES_RESERVED for the other parts, whose writes make telemetry flow.
 */
enum {
	CONTROLLER_WRITES_PER_S = 5,
	CONTROLLER_WRITES_BURST = 10,
	CONTROLLER_WRITES_RESERVED = 2,
};
bool controller_write_token(struct controller *c, enum controller_part_id part, int64_t *ret_ms);
/* Counts what became of a write: `a` NULL = it was not sent. */
void controller_wrote(
	struct controller *c, enum controller_part_id part, const struct og_kube_answer *a);

/* An Event on the workload. Without effect when not leading. Never a secret. */
__attribute__((format(printf, 6, 7))) void controller_event(struct controller *c,
	const struct workload *w, bool warning, const char *reason, const char *action,
	const char *fmt, ...);
