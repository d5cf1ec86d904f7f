/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Does telemetry arrive? Rows of what the backends hold, and workloads as they run, become one
 * verdict per workload and signal. Pure, and independent of the order of rows.
 *
 * The rule of rules: only an answer that says "nothing" is evidence of absence. A backend that
 * cannot be asked leaves the last verdict standing with its age, or makes it Unknown.
 */
#include "otelgate/core/config.h"
#include "otelgate/core/findings.h"

enum og_arrival_state {
	OG_AR_UNKNOWN,	  /* nothing is known; the reason says why */
	OG_AR_OFF,	  /* not asked for, or switched off by its owner */
	OG_AR_WAITING,	  /* within the grace of its pods, its first run, or without pods */
	OG_AR_NEVER,	  /* nothing has come */
	OG_AR_STALE,	  /* it came, and comes no more */
	OG_AR_IDLE,	  /* metrics flow, and there was nothing to trace or log */
	OG_AR_VIA_STDOUT, /* log lines are collected from stdout, none come by OTLP */
	OG_AR_FLOWING,
	OG_AR_STATE_COUNT_
};
const char *og_arrival_state_name(enum og_arrival_state s); /* "Flowing", … */

/* What ties a row to a workload, weakest first. */
enum og_arrival_tie {
	OG_TIE_NONE,
	OG_TIE_SERVICE,	 /* service.namespace/service.name, or an unambiguous `job` */
	OG_TIE_POD,	 /* namespace and pod, or an instance of the dotted form */
	OG_TIE_REVISION, /* and otelgate.revision is the wanted one */
	OG_TIE_COUNT_
};
const char *og_arrival_tie_name(enum og_arrival_tie t); /* "service", "pod", "revision" */

enum og_arrival_route {
	OG_ROUTE_UNKNOWN,
	OG_ROUTE_OTLP,
	OG_ROUTE_STDOUT,
	OG_ROUTE_SCRAPE,
	OG_ROUTE_EBPF
};

/* One row of one backend. Empty = the answer does not say. */
struct og_arrival_row {
	enum og_signal signal;
	enum og_arrival_route route;
	struct og_sv service_namespace, service_name, job, instance;
	struct og_sv k8s_namespace, pod, container, workload, revision, language;
	double value;
	int64_t last_s; /* 0 = within the window, not told when */
};

/* How a signal was asked for. */
struct og_arrival_source {
	bool asked;    /* its backend is configured */
	bool answered; /* the rows are an answer to a question asked at asked_s */
	bool partial;  /* rows may be missing: absence proves nothing */
	bool grouped_by_pod, grouped_by_revision; /* the answer could have told them apart */
	bool tells_age;	 /* last_s is told; else a row is fresh or stale by which question found it
			  */
	int64_t asked_s; /* of the answer in hand; may be old */
	int64_t window_s;
	const char *why;      /* not answered: a CamelCase word: "AuthFailed"; static */
	struct og_sv message; /* one sentence for people; never a secret */
	const char *finding;  /* NULL = none */
};

struct og_arrival_evidence {
	const struct og_arrival_row *rows;
	uint32_t nrows;
	struct og_arrival_source source[OG_SIGNAL_COUNT_];
};
