/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/kube/client.h"
#include "otelgate/kube/execplugin.h"
#include "otelgate/kube/filecreds.h"
#include "otelgate/kube/kubeconfig.h"

enum {
	KC_INFLIGHT = 8, /* */
	KC_TIMEOUT_MS = 30000,
	KC_TRIES = 10, /* client-go's maxRetries, rest/request.go */
	KC_MAX_BYTES = 16 << 20,
	KC_ERROR_BYTES = 256 << 10,   /* of the body of a failure; the rest is not looked at */
	KC_MESSAGE_BYTES = 1024,      /* of a Status message */
	KC_BACKOFF_MS = 100,	      /* first wait after a refused or lost connection */
	KC_BACKOFF_MAX_MS = 5000,     /* longest */
	KC_THROTTLED_MS = 1000,	      /* first wait after a 429 that says nothing */
	KC_RETRY_AFTER_MAX_S = 86400, /* what is more is not waited for, nor is it a number */
	KC_PATIENCE_MS = 1000,	      /* of BULK behind younger NORMAL */
};

/* What a request asks for and where, ready to be sent any number of times. Lives in the call's
 * arena. */
struct kc_wire {
	const char *method;
	const char *url;       /* with the query */
	const char *shown_url; /* without it, cut */
	const char *const *headers;
	struct og_sv body;
};

enum kc_state { KC_QUEUED, KC_CREDENTIALS, KC_FLYING, KC_PAUSED };

struct og_kube_call {
	struct og_kube *k;
	struct og_kube_call *prev, *next;   /* all calls */
	struct og_kube_call *qprev, *qnext; /* of its lane, while KC_QUEUED */
	enum kc_state state;
	bool counted;	   /* in flying[] */
	bool has_slot;	   /* counts against max_inflight */
	bool in_callback;  /* its owner's function is running */
	bool dead;	   /* cancelled from there */
	bool reauthorised; /* a 401 has been answered with other credentials already */
	bool retrusted;	   /* a certificate that was not accepted, with the CA read again */
	bool handed_out;   /* bytes were given to on_data */

	struct og_arena arena; /* the request; wiped */
	enum og_kube_verb verb;
	struct og_kube_resource res;
	struct kc_wire wire;
	enum og_kube_lane lane;
	bool json_wanted;
	int64_t begin_ns, queued_ns, deadline_ns, deadline_ms, idle_ms;
	size_t max_bytes;
	unsigned max_tries;
	void *ctx;
	void (*on_open)(void *ctx);
	int (*on_data)(void *ctx, struct og_sv chunk);
	void (*on_done)(void *ctx, const struct og_kube_answer *a);
	void (*on_drop)(void *ctx); /* the client was freed: no answer comes */

	struct og_timer deadline, wake; /* both are always set, so that moving cannot fail */
	struct og_httpc_call *http;
	unsigned tries;
	int stop_code; /* what on_data returned */
	int64_t sent_ns;
	unsigned creds_generation;
	struct og_err failed; /* to be told at the next wake-up */
	struct og_err last;   /* what the try before ended with */

	/* of the current try */
	int http_status;
	bool json_type, html_type, too_large;
	int retry_after_s;
	struct og_buf body; /* wiped */
};

struct kc_queue {
	struct og_kube_call *first, *last;
};

/* Credentials and trust that change over time. */
struct kc_auth {
	struct og_token_source token;
	struct og_cert_source cert;
	struct og_ca_source ca;
	bool has_token, has_cert, has_ca;
	unsigned cert_generation, ca_generation, exec_cert_generation;
	struct og_exec_plugin_options plugin_options;
	struct og_exec_plugin *plugin;
	struct og_loop_fd *plugin_watch;
	struct og_timer plugin_timer;
};

/* What one try is sent with; views are good until the loop's next turn. */
struct kc_creds {
	struct og_httpc_tls tls;
	const struct og_secret *bearer;
	unsigned generation; /* of a plugin's credentials */
};

struct kc_metrics {
	struct og_metric_table *table;
	char host[256];
};

struct kc_discovery;

struct og_kube {
	struct og_loop *loop;
	struct og_kube_access *access;
	struct og_httpc *http;
	char *component, *user_agent;
	unsigned max_inflight, inflight, inflight_bulk;
	int64_t timeout_ms;
	uint64_t rng;
	struct kc_auth auth;
	struct kc_metrics metrics;
	void (*on_notice)(void *ctx, const struct og_err *why);
	void *notice_ctx;
	struct og_kube_call *calls;
	struct kc_queue queues[OG_KUBE_LANES_];
	unsigned flying[OG_KUBE_LANES_];
	struct kc_discovery *discovery;
	unsigned holding; /* a function of ours goes on using this structure */
	bool closed;
};

/* client_wire.c */
/* Copies and checks the request; everything ends up in call->arena. */
int kc_wire_make(struct og_kube_call *call, const struct og_kube_request *r, struct og_err *err);

/* client_call.c */
void kc_call_go(struct og_kube_call *call);				/* a try, now */
void kc_call_fail(struct og_kube_call *call, const struct og_err *why); /* told in the next turn */
void kc_call_wake(struct og_kube_call *call, int64_t in_ms);
void kc_on_wake(void *call);
void kc_on_deadline(void *call);

/* client.c */
/* Tells the owner and frees the call. */
void kc_finish(struct og_kube_call *call, struct og_kube_answer *a);
void kc_slot_free(struct og_kube_call *call);
void kc_enqueue(struct og_kube_call *call);
void kc_hold(struct og_kube *k);
void kc_release(struct og_kube *k);

/* client_auth.c */
int kc_auth_init(struct og_kube *k, struct og_err *err);
void kc_auth_fini(struct og_kube *k);
/* 0; 1 = not yet, the call is in KC_CREDENTIALS and goes on by itself; negative. */
int kc_auth_get(struct og_kube *k, struct kc_creds *ret, struct og_err *err);
/* After a 401: true when other credentials may be had. */
bool kc_auth_drop(struct og_kube *k, const struct og_kube_call *call);
/* After a certificate that was not accepted: true when the CA may be another one by now. */
bool kc_auth_doubt_ca(struct og_kube *k);
/* Closes idle connections when *known is another generation, and notes this one. */
void kc_auth_changed(struct og_kube *k, unsigned *known, unsigned generation);
void kc_notice(struct og_kube *k, const struct og_err *why);

/* client_exec.c */
/* As kc_auth_get. */
int kc_exec_get(struct og_kube *k, struct kc_creds *ret, struct og_err *err);
bool kc_exec_drop(struct og_kube *k, unsigned generation);
void kc_exec_fini(struct og_kube *k);

/* client_answer.c: fills a from the try that ended with r. `arena` holds what it points to. */
void kc_answer_make(const struct og_kube_call *call, const struct og_httpc_result *r,
	struct og_arena *arena, struct og_kube_answer *a);
/* An answer that is an error of ours. */
void kc_answer_error(const struct og_kube_call *call, const struct og_err *why,
	struct og_arena *arena, struct og_kube_answer *a);
enum og_code kc_code_of_http(int status);

/* client_status.c */
/* Reads a body as metav1.Status, or makes a message of what it is instead. Never fails. */
void kc_status_read(
	struct og_sv body, bool html, struct og_arena *arena, struct og_kube_status *ret);
/* Seconds of a Retry-After header; -1 = none that makes sense. */
int kc_retry_after(struct og_sv value);
const char *kc_http_reason(int status);

/* client_metrics.c */
int kc_metrics_init(struct og_kube *k, struct og_metrics *m, struct og_err *err);
void kc_metrics_try(const struct og_kube_call *call, const struct og_httpc_result *r);
void kc_metrics_retry(const struct og_kube_call *call, int status);
void kc_metrics_lanes(const struct og_kube *k);

/* discovery.c */
void kc_discovery_free(struct kc_discovery *d); /* after all calls have gone; NULL is fine */
