/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The controller service: one of its replicas leads and acts, all of them watch.
 *
 *   every replica  watches configuration, workloads, pods and the webhook's registration; names the
 *                  pods that should be injected and are not; metrics; /debug/missed
 *   the leader     says so on the workloads, as Events
 *                  keeps a WorkloadTelemetry for each workload; credentials, network policies,
 *                  restarts: src/controller/parts.c
 *
 *   ops (plain)    GET /healthz /livez   the loop makes progress, and a leader renews its lease
 *                  GET /readyz[?verbose] every watch has given its first answer
 *                  GET /metrics          Prometheus text or OpenMetrics
 *                  GET /debug/missed     JSON: missed admissions by workload
 *
 * SIGTERM or SIGINT: what is being written is finished, events are sent, the lease is given back,
 * and the process ends, within two seconds of a server that answers. When the lease is lost the
 * process ends at once (L-7): another replica leads already.
 */
#include "otelgate/base/metric.h"
#include "otelgate/kube/client.h"

enum og_controller_metric {
	OG_CM_MISSED_PODS,	/* reason */
	OG_CM_MISSED_WORKLOADS, /* reason */
	OG_CM_SCANS,
	OG_CM_SCAN_SECONDS,
	OG_CM_LAST_SCAN,
	OG_CM_RECONCILES,  /* controller, result */
	OG_CM_WRITES,	   /* part, result */
	OG_CM_WRITES_HELD, /* part */
	OG_CM_WORKLOADS,
	OG_CM_PODS,	  /* class */
	OG_CM_CONDITIONS, /* type, status */
	OG_CM_ROLLOUTS,	  /* state, reason */
	OG_CM_OUTDATED,
	OG_CM_BLAMED,
	OG_CM_WRITABLE,
	OG_CM_STATUS_SECONDS,
	OG_CM_CREDENTIAL_SECRETS, /* state */
	OG_CM_CREDENTIAL_ROTATED, /* stack */
	OG_CM_SIGNALS,		  /* signal, state */
	OG_CM_SIGNAL,		  /* workload_namespace, workload_kind, workload, signal, state */
	OG_CM_SIGNAL_LEFT_OUT,
	OG_CM_REGRESSIONS,	/* signal */
	OG_CM_ARRIVAL_SECONDS,	/* signal */
	OG_CM_BACKEND_ANSWERS,	/* stack, backend */
	OG_CM_BACKEND_ANSWERED, /* stack, backend */
	OG_CM_VERIFY_SECONDS,	/* stack */
	OG_CM_STRANGERS,	/* stack */
	OG_CM_PROBE_SIGNALS,	/* stack, signal, result */
	OG_CM_PROBE_WRITE,	/* stack, signal */
	OG_CM_PROBE_VISIBLE,	/* stack, signal */
	OG_CM_COUNT_
};
/* OG_CM_COUNT_ rows, in the order of the enum. */
extern const struct og_metric_def og_controller_metrics[];

enum og_restart_metric {
	OG_RSM_RESTARTS,  /* result */
	OG_RSM_WORKLOADS, /* state */
	OG_RSM_WAITING,	  /* reason */
	OG_RSM_HALTED,
	OG_RSM_COUNT_
};
extern const struct og_metric_def og_restart_metrics[OG_RSM_COUNT_];

struct og_controller_opts {
	struct og_kube_access *access; /* taken over, also on an error */
	const char *ops_address;       /* NULL = all addresses */
	uint16_t ops_port;	       /* 0 = any free one; the usual one is 8080 */
	const char *ports_file;	       /* "ops=PORT\n", once it serves; NULL = not written */
	const char *lease_ns;	       /* NULL = the namespace of the access */
	const char *lease_name;	       /* NULL = "otelgate-controller" */
	bool no_lease;		       /* a single replica that always leads */
	const char *registration;      /* MutatingWebhookConfiguration; NULL = "otelgate" */
	int64_t scan_ms;	       /* least time between two scans; 0 = 5 s */
	int64_t prune_ms;    /* a Secret that nobody needs any more stays for so long; 0 = 10 s */
	double writes_per_s; /* budget of the leader's writes; 0 = 5 */
	uint32_t verify_ms;  /* between two cycles of questions; 0 = spec.query.interval */
	int64_t verify_request_ms; /* between two requests to one backend; 0 = 1 s */
	/* Between two probes of a stack that is well; 0 = spec.probe.interval, -1 = none. */
	int64_t probe_ms;
	int64_t probe_timeout_ms; /* of one probe; 0 = OG_PROBE_TIMEOUT_MS */

	/* For tests: a readable stop_fd (-1 = none) acts as SIGTERM, and no signal is touched. */
	int stop_fd;
};
#define OG_CONTROLLER_OPTS_INIT \
	{                       \
		.stop_fd = -1   \
	}

/*
 * Serves until told to stop. 0 after an orderly end; -OG_E_CANCELLED when the lease was lost. Start
 * errors: IO, CONFIG, OOM … Logs as component "controller". Call it before other threads exist.
 */
int og_controller_run(const struct og_controller_opts *o, struct og_err *err);
