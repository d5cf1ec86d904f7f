/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* URLs of receivers and backends: taken apart and judged. */
#include <stdbool.h>
#include <stdint.h>
#include "otelgate/base/str.h"

struct og_endpoint {
	bool https;
	struct og_sv host; /* without brackets; may be "$(OTEL_NODE_IP)" */
	bool bracketed;	   /* [IPv6] */
	uint32_t port;	   /* 0 = not said */
	struct og_sv path; /* "" or from '/' on */
};

/* NULL, or what is wrong with it ("has no scheme …"). Never quotes the URL. */
const char *og_endpoint_parse(struct og_sv url, struct og_endpoint *ret);

/* Host otlp-gateway-*.grafana.net and the like (any domain below grafana.net or -dev, -ops). */
bool og_endpoint_is_gateway(const struct og_endpoint *e);
/* Host tempo-*.grafana.net: Tempo's own port, gRPC and traces alone. */
bool og_endpoint_is_tempo(const struct og_endpoint *e);
/*
 * PRIVATE: an IP address, a node, a name without a public suffix: no public CA vouches for it.
 * UNSURE: two labels that may be service.namespace or a domain of a newer top-level domain.
 */
enum og_reach { OG_REACH_PUBLIC, OG_REACH_PRIVATE, OG_REACH_UNSURE };
enum og_reach og_endpoint_reach(const struct og_endpoint *e);
/* Loopback or node-local: the data doesn't leave the node. */
bool og_endpoint_is_local(const struct og_endpoint *e);
/* The path without trailing slashes. */
struct og_sv og_endpoint_path(const struct og_endpoint *e);
