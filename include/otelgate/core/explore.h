/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The query that shows what a verdict says, ready to paste, and the link that opens the same query
 * in Grafana's Explore. Names of services come from whoever sends: whatever they hold stays inside
 * the quotes of the query, and the query inside its place in the link.
 */
#include "otelgate/core/arrival.h"

struct og_explore_target {
	struct og_sv cluster;  /* k8s.cluster.name; "" = of any */
	struct og_sv ns, name; /* of the workload */
	/* service.namespace and service.name; an empty name = by the pods of the workload */
	struct og_sv service_namespace, service_name;
	struct og_sv revision;	     /* otelgate.revision; "" = any */
	enum og_arrival_route route; /* logs: STDOUT asks for the collected lines */
};

/*
 * Appends the query of a signal: PromQL (pods and revisions that send, as lines over time),
 * TraceQL, LogQL (the lines), or a Pyroscope profile with its labels. One line of UTF-8 without
 * control characters. A failed buffer tells about want of memory.
 */
void og_explore_query(enum og_signal signal, const struct og_explore_target *t, struct og_buf *out);
/* "PromQL" … */
const char *og_explore_language(enum og_signal signal);

struct og_explore_stack {
	struct og_sv url; /* of the Grafana: "https://acme.grafana.net"; "" = a link without host */
	struct og_sv slug; /* "acme": data sources are grafanacloud-acme-prom, -logs, -traces and
			    * -profiles (Grafana Cloud's names for those it makes) */
	struct og_sv uid[OG_SIGNAL_COUNT_]; /* of data sources with other names; "" = by the slug */
	int64_t from_s, to_s;		    /* range; 0 = the last hour */
	uint32_t org_id;		    /* 0 = 1 */
};
enum { OG_EXPLORE_LINK_BYTES = 8192 };
/*
 * Appends the link. Errors: INVALID when the url is none of http or https or has a query; NOT_FOUND
 * when neither slug nor uid tells the data source; LIMIT above OG_EXPLORE_LINK_BYTES; OOM. Nothing
 * is appended then.
 */
int og_explore_link(enum og_signal signal, const struct og_explore_target *t,
	const struct og_explore_stack *stack, struct og_buf *out, struct og_err *err);
