/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One API server as one identity: requests, their errors, their order of precedence.
 *
 * Requests are started on the loop's thread and answered by callback. Errors carry verb, resource,
 * name, HTTP code and the server's reason; a 403 also carries the RBAC rule that is missing. The
 * client obeys 429 and 5xx with Retry-After, repeats reads after a lost connection, and never
 * repeats a write that may have been done. Tokens are read again from their file, certificates and
 * CA too; a 401 drops the cached token and repeats once.
 *
 * Rules: A-16 … A-23 are client-go's, see kubernetes/client-go rest/{request,with_retry,config}.go.
 */
#include "otelgate/base/arena.h"
#include "otelgate/base/metric.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/net/httpc.h"

struct og_kube;
struct og_kube_access; /* kube/kubeconfig.h */
struct og_exec_plugin_options;
struct og_kube_call;

/* A resource, or one object of it. Views are borrowed until og_kube_start returns. */
struct og_kube_resource {
	struct og_sv group, version; /* group "" = core */
	struct og_sv resource;	     /* plural, lower case: "replicasets" */
	struct og_sv subresource;    /* "status", "" */
	struct og_sv ns;	     /* "" = cluster-scoped, or all namespaces */
	struct og_sv name;	     /* "" = the collection */
};

enum og_kube_verb {
	OG_KUBE_GET,
	OG_KUBE_LIST,
	OG_KUBE_WATCH,
	OG_KUBE_CREATE,
	OG_KUBE_UPDATE,
	OG_KUBE_PATCH,
	OG_KUBE_DELETE,
	OG_KUBE_RAW, /* a path that is no resource: /version, /apis */
	OG_KUBE_VERB_COUNT_
};
const char *og_kube_verb_name(enum og_kube_verb v); /* as RBAC spells it: "get" */

/*
 * What goes first when too much is in flight. Watches and URGENT are never held back. BULK has at
 * most half of the slots; what has waited there for a second goes before younger requests, so that
 * a flood of NORMAL does not hold a list back for ever.
 */
enum og_kube_lane {
	OG_KUBE_URGENT, /* leases, a fetch that an admission waits for */
	OG_KUBE_NORMAL,
	OG_KUBE_BULK, /* lists, events */
	OG_KUBE_LANES_
};

enum og_kube_patch_type {
	OG_KUBE_JSON_PATCH,  /* RFC 6902 */
	OG_KUBE_MERGE_PATCH, /* RFC 7386 */
	OG_KUBE_STRATEGIC,
	OG_KUBE_APPLY, /* server-side apply; field_manager is required */
};

/* metav1.Status of a failed request; empty when the server sent none. Views as the answer's. */
struct og_kube_status {
	struct og_sv reason;  /* "NotFound", "AlreadyExists", "Expired" … */
	struct og_sv message; /* cut at 1,024 bytes; control characters replaced */
	struct og_sv cause;   /* reason of the first of details.causes */
	int code;
	int retry_after_s; /* header or details; -1 = none */
};

/*
 * Lives until the callback returns. `code` of an HTTP status: NOT_FOUND 404, CONFLICT 409 and 412,
 * TIMEOUT 408 and 504, IO 429 and 5xx, LIMIT 413, UNSUPPORTED 3xx, 405, 406, 415, INVALID other 4xx
 * (401, 403, 410, 422 …): look at `http`. Without an answer: TIMEOUT (the deadline), IO, TLS, PARSE
 * (no HTTP, or no whole JSON), LIMIT, OOM, what on_data returned.
 */
struct og_kube_answer {
	int code;	   /* 0, or negative enum og_code */
	int http;	   /* 0 = no answer */
	struct og_err err; /* "cannot list pods in namespace "x": 403 Forbidden: …" */
	struct og_kube_status status;
	struct og_sv body;   /* whole, for requests without on_data */
	struct og_jdoc *doc; /* the body parsed; NULL when it was streamed or is no JSON */
	struct og_arena *arena;
	struct og_sv rule; /* after a 403: the missing RBAC rule as YAML, ready to paste */
	unsigned tries;
	int64_t took_ns;
	uint64_t bytes;
};

/*
 * A request is tried again, inside its deadline and max_tries: when it was not sent (nobody
 * listens, no name, the handshake failed half-way) with back-off from 0.1 s to 5 s; after 429 and
 * 5xx with Retry-After when that has passed, after 429 without it from 1 s; reads also when the
 * answer was cut. A write that may have been done is never repeated. A 401 is answered once with
 * credentials that were read again, whatever max_tries. A WATCH has a connection of its own and
 * gets "watch=true"; CREATE, UPDATE and PATCH get "fieldManager". Answers of resources have to be
 * JSON objects, whole, whatever the status says, unless `accept` asks for something else.
 */
struct og_kube_request {
	enum og_kube_verb verb;
	struct og_kube_resource res;
	const char *raw_path; /* RAW only: "/apis", a GET */
	struct og_sv query;   /* "a=b&c=d", encoded; without leading '?' */
	const char *accept;   /* NULL = application/json */
	struct og_sv body;    /* JSON; copied */
	enum og_kube_patch_type patch;
	const char *field_manager; /* for CREATE, UPDATE, PATCH; NULL = the client's */
	bool force;		   /* APPLY: take over fields of others */
	enum og_kube_lane lane;
	int64_t deadline_ms; /* all tries together; 0 = the client's; -1 = none (watches) */
	int64_t idle_ms;     /* longest silence; 0 = none */
	size_t max_bytes;    /* of an answer that is not streamed; 0 = 16 MiB */
	int max_tries;	     /* 0 = 10, 1 for what is streamed; see below */

	void *ctx;
	/* A 2xx answer has begun, before its first chunk. Optional. Must not cancel; og_kube_wait
	 * does not call it. */
	void (*on_open)(void *ctx);
	/* Streamed: chunks of a 2xx body. Non-zero ends the request with that code. */
	int (*on_data)(void *ctx, struct og_sv chunk);
	/* Exactly once, never before og_kube_start has returned. */
	void (*on_done)(void *ctx, const struct og_kube_answer *a);
};

struct og_kube_opts {
	struct og_loop *loop;
	struct og_kube_access *access; /* taken over when og_kube_new succeeds */
	const char *component;	       /* for User-Agent and field manager: "otelgate-webhook" */
	unsigned max_inflight;	       /* NORMAL and BULK together; 0 = 8 */
	int64_t timeout_ms;	       /* of one request; 0 = the access's, or 30 s */
	struct og_metrics *metrics;    /* NULL = none; rest_client_requests_total and others */
	uint64_t seed;		       /* of the jitter; 0 = random */
	/* Something that still works has begun to fail: a token, certificate or CA file that cannot
	 * be read, while what was read before serves. Comes as often as it is tried. Optional. */
	void (*on_notice)(void *ctx, const struct og_err *why);
	void *notice_ctx;
	/* How credential plugins are run, see kube/execplugin.h; copied; NULL = by default. */
	const struct og_exec_plugin_options *plugin;
};

int og_kube_new(const struct og_kube_opts *o, struct og_kube **ret, struct og_err *err);
/* Ends all requests without their callbacks. NULL is fine. */
void og_kube_free(struct og_kube *k);
struct og_loop *og_kube_loop(const struct og_kube *k);
const char *og_kube_server(const struct og_kube *k);	/* URL, for messages */
const char *og_kube_namespace(const struct og_kube *k); /* of the access; "default" when none */

/* Errors (no callback comes): INVALID, OOM. *ret may be NULL. */
int og_kube_start(struct og_kube *k, const struct og_kube_request *r, struct og_kube_call **ret,
	struct og_err *err);
/* No callback comes any more. NULL is fine. */
void og_kube_cancel(struct og_kube_call *c);
/* What it waits for, after "waits for": "its turn, behind 3 requests, with 8 in flight",
 * "credentials", "the server's answer", "the next try: " and why, "a connection". */
void og_kube_waits(const struct og_kube_call *c, struct og_buf *out);

/*
 * For a command: starts the request and turns the loop until it is answered, or stopped
 * (CANCELLED). The answer's views live in `arena`. Returns ret->code. BUG from within a callback of
 * the loop: no answer could come.
 */
int og_kube_wait(struct og_kube *k, const struct og_kube_request *r, struct og_arena *arena,
	struct og_kube_answer *ret, struct og_err *err);

/*
 * [any thread] The same from another thread while the loop runs elsewhere: waits at most until
 * `until_ns` (CLOCK_MONOTONIC), then gives up with TIMEOUT and cancels the request. CANCELLED when
 * the loop is stopped or the client freed meanwhile; the client has to live until it returns.
 * Nothing is streamed.
 */
int og_kube_wait_other(struct og_kube *k, const struct og_kube_request *r, int64_t until_ns,
	struct og_arena *arena, struct og_kube_answer *ret, struct og_err *err);

/* "/apis/apps/v1/namespaces/x/deployments/web/status". */
void og_kube_path(const struct og_kube_resource *r, struct og_buf *out);
/* The rule that allows it, as YAML of a Role or ClusterRole, with the kind and where to put it. */
void og_kube_rbac_rule(enum og_kube_verb v, const struct og_kube_resource *r, struct og_buf *out);

enum og_kube_metric {
	OG_KM_REQUESTS,	 /* code, method, host */
	OG_KM_SECONDS,	 /* verb, host */
	OG_KM_RETRIES,	 /* code, verb, host */
	OG_KM_IN_FLIGHT, /* lane */
	OG_KM_RECEIVED,
	OG_KM_COUNT_
};
extern const struct og_metric_def og_kube_metrics[OG_KM_COUNT_];

/*
 * Discovery: which resources the server has. Asked once, then again when a look-up fails or
 * `max_age_ms` has passed; aggregated form first (KEP-3352), classic otherwise.
 */
struct og_kube_api {
	struct og_sv group, version, resource, kind;
	bool namespaced;
	bool has_status, can_watch;
};
/*
 * on_done(ctx, api, NULL) for what was found (by plural name or kind), (ctx, NULL, NULL) when the
 * server has no such resource, (ctx, NULL, err) when that cannot be told: the server, or the one
 * behind the group, is away. Never before this function has returned. `version` "" = the first in
 * the server's order of preference that has it. max_age_ms 0 = any age. A "no" is always younger
 * than the question; look-ups that come together share the requests. What is found lives until the
 * callback returns. Errors (no callback comes): INVALID, OOM.
 */
int og_kube_discover(struct og_kube *k, struct og_sv group, struct og_sv version,
	struct og_sv kind_or_resource, int64_t max_age_ms,
	void (*on_done)(void *ctx, const struct og_kube_api *api, const struct og_err *err),
	void *ctx, struct og_err *err);
/* Look-ups with that ctx are not answered any more. */
void og_kube_discover_cancel(struct og_kube *k, const void *ctx);
