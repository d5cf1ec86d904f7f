/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a backend holds, in one shape for all four: who has sent something, by which keys, how much,
 * and when last. Names differ per backend (`k8s_pod_name`, `pod`, `resource.k8s.pod.name`,
 * `k8s.pod.name`); whoever reads an answer turns them into the keys below.
 */
#include <stdbool.h>
#include <stdint.h>
#include "otelgate/base/arena.h"
#include "otelgate/base/str.h"

enum og_gf_backend { OG_GF_PROMETHEUS, OG_GF_LOKI, OG_GF_TEMPO, OG_GF_PYROSCOPE, OG_GF_COUNT_ };
const char *og_gf_backend_name(enum og_gf_backend b); /* "prometheus", … */

/*
 * What an answer means. Only EMPTY and STALE are evidence of absence; everything before them says
 * that nothing is known.
 */
enum og_gf_state {
	OG_GF_UNASKED,	     /* no question was asked yet */
	OG_GF_AUTH_FAILED,   /* 401, with "invalid scope" too */
	OG_GF_FORBIDDEN,     /* 403 */
	OG_GF_WRONG_PATH,    /* 404 that is not the backend's own JSON; redirects */
	OG_GF_THROTTLED,     /* 429 */
	OG_GF_BACKEND_ERROR, /* 5xx, time-out, no connection, an answer that cannot be read, too
				large */
	OG_GF_QUERY_ERROR,   /* 400, 422 */
	OG_GF_EMPTY,	     /* nothing in the window */
	OG_GF_STALE,	     /* nothing newer than the freshness asked for */
	OG_GF_PRESENT,
	OG_GF_STATE_COUNT_
};
const char *og_gf_state_name(enum og_gf_state s); /* "AuthFailed", … */
/* Whether the answer is evidence: EMPTY, STALE, PRESENT. */
bool og_gf_state_is_answer(enum og_gf_state s);

enum og_gf_key {
	OG_GF_KEY_SERVICE_NAMESPACE,
	OG_GF_KEY_SERVICE_NAME,
	OG_GF_KEY_JOB,	    /* Prometheus: service.namespace/service.name */
	OG_GF_KEY_INSTANCE, /* service.instance.id */
	OG_GF_KEY_K8S_CLUSTER,
	OG_GF_KEY_K8S_NAMESPACE,
	OG_GF_KEY_K8S_POD,
	OG_GF_KEY_K8S_CONTAINER,
	OG_GF_KEY_K8S_WORKLOAD, /* "Deployment/web" where an attribute names one */
	OG_GF_KEY_REVISION,	/* otelgate.revision */
	OG_GF_KEY_SDK_LANGUAGE, /* telemetry.sdk.language */
	OG_GF_KEY_ROUTE,  /* how it came, where the answer tells: "otlp", "stdout", "scrape", "ebpf"
			   */
	OG_GF_KEY_METRIC, /* __name__; the type of a profile */
	OG_GF_KEY_REASON, /* why something was refused or failed */
	OG_GF_KEY_TRACE,  /* a trace id, 32 hex digits */
	OG_GF_KEY_SERVICE_VERSION,
	OG_GF_KEY_COUNT_
};
/* Service.namespace as "service.namespace", …: for messages and evidence. */
const char *og_gf_key_name(enum og_gf_key k);

struct og_gf_row {
	struct og_sv key[OG_GF_KEY_COUNT_]; /* empty = absent */
	double value;			    /* how many, in the unit of the query; 0 = not told */
	int64_t last_s; /* newest, seconds since the epoch; 0 = within the window, not told when */
};

/* All in one arena; strings may be views of it. */
struct og_gf_rows {
	struct og_gf_row *v;
	uint32_t n;
	bool partial;	      /* the backend says, or a limit shows, that rows are missing */
	struct og_sv warning; /* first warning of the backend, cut; may be empty */
};
