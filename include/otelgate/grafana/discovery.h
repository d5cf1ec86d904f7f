/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Where a stack of Grafana Cloud is: from its slug to URLs and users of all backends and of the
 * OTLP gateway, by `GET https://grafana.com/api/instances/{slug}` with a token that has the scope
 * stacks:read. What a user says explicitly wins over what is discovered.
 *
 * The gateway is not part of the answer; Grafana's own tools derive it (gcx
 * internal/providers/instrumentation/client.go): https://otlp-gateway-<regionSlug>.<domain>/otlp,
 * where the domain is that of the stack's other URLs, and its user is the stack's id.
 */
#include "otelgate/grafana/client.h"

struct og_gf_place {
	struct og_sv url;  /* https, without user name; empty = not known */
	struct og_sv user; /* Basic user; empty = not known */
};

struct og_gf_stack {
	struct og_sv slug, status, region, cluster; /* status "active", "paused" … */
	struct og_sv id;			    /* decimal */
	struct og_sv grafana_url;
	struct og_gf_place backend[OG_GF_COUNT_];
	struct og_gf_place otlp;
	bool otlp_derived; /* not said by anybody, and different where a region has several */
	/* Fields that were not there, or could not be used, each with a reason: "hlInstanceUrl is
	 * missing, hpInstanceUrl is no https URL"; empty = all there. Never the value. */
	struct og_sv missing;
	/* Hosts outside grafana.net, to which credentials would be sent; empty = none. */
	struct og_sv note;
};

/*
 * Reads the body of the answer; strings are in the arena. 0 also when fields are missing: see
 * `missing`. Errors: PARSE (not JSON), INVALID (JSON, but no stack), OOM.
 */
int og_gf_stack_read(
	struct og_sv body, struct og_arena *a, struct og_gf_stack *ret, struct og_err *err);
/* What is given replaces what is there, field by field; views are kept. */
void og_gf_stack_merge(struct og_gf_stack *s, const struct og_gf_stack *given);
/* Whether it can be the slug of a stack: 1 to 63 of [a-z0-9-], not beginning with "-". */
bool og_gf_slug_is_valid(struct og_sv slug);

struct og_gf_discovered {
	enum og_gf_state state; /* PRESENT, or as for any answer */
	enum og_gf_why why;
	int http;
	struct og_sv message;		 /* empty when PRESENT */
	const struct og_gf_stack *stack; /* PRESENT only */
	int64_t retry_after_ms;		 /* -1 = not told */
	int64_t skew_ms;		 /* as og_gf_answer's */
};
/* All views live until the callback returns. */
typedef void og_gf_discovered_fn(void *ctx, const struct og_gf_discovered *d);

struct og_gf_discovery_opts {
	struct og_loop *loop;
	struct og_httpc *http;
	struct og_sv url; /* empty = https://grafana.com */
	struct og_sv slug;
	const struct og_secret *token; /* must live until the callback */
	struct og_sv ca_pem;
	bool insecure, allow_http;
	const char *proxy;
	int64_t deadline_ms; /* 0 = 30 s */
	struct og_metrics *metrics;
};
struct og_gf_discovery;
/*
 * Asks once, with the client's retries. Exactly one callback, never from within. Errors (no
 * callback): INVALID for slug, URL or an unset token; OOM.
 */
int og_gf_discover(const struct og_gf_discovery_opts *o, void *ctx, og_gf_discovered_fn *done,
	struct og_gf_discovery **ret, struct og_err *err);
/* No callback comes any more; not after it has begun. NULL is fine. */
void og_gf_discovery_cancel(struct og_gf_discovery *d);
