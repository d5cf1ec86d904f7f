/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A simulated Kubernetes API server for tests: one process or one object inside a test program,
 * ready in milliseconds, TLS on 127.0.0.1, with faults on demand. It is a test double: only what
 * a client like otelgate uses, and that as a real API server of 1.36 answers it. tests/contract
 * holds the same cases against both.
 *
 * All functions may be called from any thread. Texts handed out belong to the simulator.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

struct og_sim;

struct og_sim_opts {
	uint16_t port;		/* 0 = any free one */
	uint32_t history;	/* events kept per resource for watches; 0 = 8,192 */
	uint32_t bookmark_ms;	/* distance of bookmarks; 0 = 60,000 */
	uint32_t fresh_wait_ms; /* how long a read waits for a future version; 0 = 200 (real: 3,000)
				 */
	uint32_t tick_ms;	/* pace of the controllers; 0 = only og_sim_tick() */
	bool no_watch_list;	/* sendInitialEvents is refused, as by servers before 1.32 */
	bool no_aggregated;	/* discovery in the classic form alone */
	uint64_t first_rv;	/* 0 = 1,000 */
};

/* opts NULL = all zero. Starts threads; the server answers when this returns. */
int og_sim_start(const struct og_sim_opts *opts, struct og_sim **ret, struct og_err *err);
/* Ends all connections and threads and frees everything. NULL is fine. */
void og_sim_stop(struct og_sim *sim);

const char *og_sim_url(const struct og_sim *sim);    /* https://127.0.0.1:PORT */
const char *og_sim_ca_pem(const struct og_sim *sim); /* of the server's certificate */
uint16_t og_sim_port(const struct og_sim *sim);
/* Token of the user "admin" in group system:masters, who may do everything. */
const char *og_sim_admin_token(const struct og_sim *sim);
/* Appends a kubeconfig for the user of that token; NULL = the admin. */
void og_sim_kubeconfig(const struct og_sim *sim, const char *token, struct og_buf *out);

/*
 * Users. `groups` is separated by commas and may be NULL. A user outside system:masters may do
 * what its rules say. `rules` are those of a Role in JSON: [{"apiGroups":[""],"resources":["pods"],
 * "verbs":["get"],"resourceNames":["x"]}], "nonResourceURLs" too; ns NULL = in all namespaces.
 * A user may have several tokens.
 */
int og_sim_add_user(struct og_sim *sim, const char *user, const char *groups, const char *token,
	struct og_err *err);
int og_sim_allow(struct og_sim *sim, const char *user, const char *ns, const char *rules,
	struct og_err *err);
void og_sim_disallow_all(struct og_sim *sim, const char *user);
/* A certificate for that user of the server's own CA; groups are those of the user's tokens. */
int og_sim_client_cert(struct og_sim *sim, const char *user, struct og_buf *cert_pem,
	struct og_buf *key_pem, struct og_err *err);
/* The token is refused with 401 from now on. */
void og_sim_revoke_token(struct og_sim *sim, const char *token);

/*
 * Objects, past authorisation, admission and validation. A resource is written as "pods",
 * "deployments.apps" or "leases.coordination.k8s.io"; ns NULL for cluster-scoped ones.
 */
/* Creates or replaces from one JSON object that names itself; missing namespaces are made. */
int og_sim_put(struct og_sim *sim, const char *json, struct og_err *err);
/* Every document of a YAML or JSON text. */
int og_sim_apply(struct og_sim *sim, struct og_sv text, const char *name, struct og_err *err);
int og_sim_apply_file(struct og_sim *sim, const char *path, struct og_err *err);
/* At once, finalizers or not. -OG_E_NOT_FOUND. */
int og_sim_delete(struct og_sim *sim, const char *resource, const char *ns, const char *name,
	struct og_err *err);
/* Appends the object's JSON text. -OG_E_NOT_FOUND. */
int og_sim_get(struct og_sim *sim, const char *resource, const char *ns, const char *name,
	struct og_buf *out, struct og_err *err);
/* Objects of a resource; ns NULL = in all namespaces. */
size_t og_sim_count(struct og_sim *sim, const char *resource, const char *ns);
uint64_t og_sim_rv(struct og_sim *sim); /* of the latest change */

/* What --generate makes: namespaces with Deployments, ReplicaSets and running Pods. */
struct og_sim_gen {
	uint32_t pods;	      /* default 1,000 */
	uint32_t namespaces;  /* 0 = one for each 250 pods, at least one */
	uint32_t deployments; /* 0 = one third of each namespace's pods in one, the rest in tens */
	uint32_t nodes;	      /* 0 = one for each 100 pods */
	uint32_t pod_bytes;   /* size of a pod's JSON; 0 = 9,500 */
	char prefix[32];      /* of namespaces and nodes; "" = "load" */
};
/* "pods=50000,namespaces=200": -OG_E_USAGE for anything else. */
int og_sim_gen_parse(struct og_sv text, struct og_sim_gen *ret, struct og_err *err);
int og_sim_generate(struct og_sim *sim, const struct og_sim_gen *gen, struct og_err *err);

/*
 * Controllers: Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, Pod start and end, owner
 * collection, namespace deletion. With tick_ms 0 nothing moves by itself; each call does one round
 * and returns true while something changed.
 */
bool og_sim_tick(struct og_sim *sim);
/* Rounds until nothing changes, at most `max`; the number of rounds. */
unsigned og_sim_settle(struct og_sim *sim, unsigned max);

/* Where a webhook's `service: {namespace, name}` is found: "ns/name" at 127.0.0.1:port. */
int og_sim_route_service(
	struct og_sim *sim, const char *service, uint16_t port, struct og_err *err);

/*
 * Faults. `json` is one rule or an array of them, as POST /sim/faults takes:
 *
 *  {"match": {"verb":"list", "resource":"pods", "group":"", "namespace":"", "name":"",
 * "path":"/api", "user":"", "nth":1, "count":1}, "action": {"type":"status", "code":429,
 * "retryAfter":1, "reason":"", "message":""}}
 *
 * match: absent members match everything; verb is get list watch create update patch delete
 * deletecollection; path is a prefix. nth: the first matching request that is hit (from 1), count:
 * how many from there, -1 = for ever. The first rule that hits is used.
 * action.type:
 *  status        code, reason, message, retryAfter (seconds; absent = no header), stream: true =
 *                as ERROR event in a watch that began with 200
 *  reset         TCP reset; after = body bytes sent before (-1 = nothing, not even headers)
 *  truncate      clean end of TLS and TCP after `after` body bytes, chunked or with Content-Length
 *                ("framing":"length")
 *  stall         silence after `after` body bytes (-1 = before headers), for `ms` (0 = for good)
 *  slow          `bytes` at a time, `ms` apart
 *  delay         answer `ms` later
 *  garbage       `text` after `after` body bytes, then the rest
 *  body          `text` instead of the body, with `contentType`, `code` and `retryAfter`
 *  contentType   `contentType` instead of the right one
 *  duplicate     every watch event twice
 *  late          watch events `ms` late, and the initial ones of a watch in reverse order
 *  noBookmarks   no bookmarks in this watch
 *  endWatch      clean end of the watch after `events` events
 *  restart       the connection is reset, and the server restarts: `ms` away, rvJump, loseHistory
 *  rotateTokens  all tokens known now are refused from now on
 *  compact       history and continue tokens are forgotten; then the request is served
 */
int og_sim_fault(struct og_sim *sim, const char *json, struct og_err *err);
void og_sim_clear_faults(struct og_sim *sim);
/* Requests that were hit by a fault so far. */
uint64_t og_sim_faults_hit(struct og_sim *sim);

/* Forgets history: watches from older versions get 410, as do continue tokens. */
void og_sim_compact(struct og_sim *sim);
/* Cuts all connections (watches too) by TCP reset. */
void og_sim_drop_connections(struct og_sim *sim);

struct og_sim_restart_opts {
	uint32_t down_ms;  /* how long nobody listens */
	uint64_t rv_jump;  /* added to the resource version */
	bool lose_history; /* watches from before get 410 */
};
/* Same port, same objects. Returns when it listens again. opts NULL = all zero. */
int og_sim_restart(struct og_sim *sim, const struct og_sim_restart_opts *opts, struct og_err *err);
/* The two halves, for a server that stays away. */
void og_sim_down(struct og_sim *sim);
int og_sim_up(struct og_sim *sim, struct og_err *err);

/* Requests answered so far. NULL or "" = any; resource as above, without its group. */
uint64_t og_sim_requests(struct og_sim *sim, const char *verb, const char *resource);
uint64_t og_sim_connections(struct og_sim *sim); /* TLS connections accepted so far */
unsigned og_sim_watches(struct og_sim *sim);	 /* open right now */
uint64_t og_sim_bytes_sent(struct og_sim *sim);	 /* of bodies, as on the wire */
/* The latest 4,096 requests as JSON: {"counters":{…},"requests":[{verb, path, user, …}]}. */
void og_sim_request_log(struct og_sim *sim, struct og_buf *out);
void og_sim_clear_requests(struct og_sim *sim);
/* What ServiceAccounts were allowed to do since the start, each once, also GET /sim/uses: lines of
 * "user\tverb\tgroup\tresource[/subresource]\tnamespace\tname"; an apply that created is patch and
 * create. */
void og_sim_uses(struct og_sim *sim, struct og_buf *out);
