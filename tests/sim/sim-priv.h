/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The inside of the simulated API server.
 *
 * One thread per connection. `mu` guards everything in struct og_sim but what is said to be
 * constant; it is never held over a read or a write on a socket, nor over a webhook call. Objects
 * are immutable versions with a count of references, so that lists and watches write them out
 * without the lock. Every change goes through sim_commit(), which numbers it.
 */
#include <jansson.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include "otelgate/base/arena.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "sim/sim.h"

/* One version of an object. */
struct sim_obj {
	atomic_uint refs;
	uint32_t len, head;	     /* of text; head: behind {"kind":…,"apiVersion":…, */
	uint32_t meta_off, meta_len; /* the value of metadata */
	uint64_t rv;
	char *text;
	struct og_sv key; /* "ns/name", the order of lists; "name" when cluster-scoped */
	struct og_sv ns, name, uid;
	struct og_sv owner_uid; /* of the controlling owner */
	struct og_sv owners;	/* uids of all owners, each with its NUL */
	struct og_sv node, phase;
	struct og_sv labels; /* k NUL v NUL … */
	bool deleting, ready;
	char keys_[]; /* what the views point into */
};

enum sim_event { SIM_ADDED, SIM_MODIFIED, SIM_DELETED };

struct sim_change {
	uint64_t rv;
	enum sim_event type;
	struct sim_obj *obj;  /* after; of a deletion the last state with the deletion's version */
	struct sim_obj *prev; /* before; NULL when added */
};

/* What a list is made from; shared by all lists until the next change. */
struct sim_snap {
	atomic_uint refs;
	size_t n;
	uint64_t rv;
	struct sim_obj *v[];
};

struct sim_conn;
struct sim_coll {
	struct sim_obj **v; /* by key */
	size_t n, cap;
	struct sim_snap *snap;
	struct sim_change *ring; /* history: nring from first */
	size_t ring_cap, first, nring;
	uint64_t first_seq;  /* number of ring[first] since the start */
	uint64_t compact_rv; /* changes up to this one are forgotten */
};

enum {
	SIM_R_NAMESPACED = 1,
	SIM_R_STATUS = 2,      /* has a status subresource */
	SIM_R_GENERATION = 4,  /* metadata.generation is kept */
	SIM_R_PUT_CREATES = 8, /* PUT makes what is missing */
	SIM_R_NEED_RV = 16,    /* PUT without resourceVersion is refused */
	SIM_R_CRD = 32,
	SIM_R_SCALE = 64,
	SIM_R_GONE = 128,    /* its CRD was deleted */
	SIM_R_VIRTUAL = 256, /* create only; nothing is stored */
	SIM_R_GRACE = 512,   /* deletion answers with the object */
};

struct sim_res {
	char *group, *version, *plural, *singular, *kind, *short_name, *category;
	char *api_version; /* group/version */
	atomic_uint flags;
	atomic_uint gone;	 /* how often its CRD was deleted: watches from before end */
	json_t *schema;		 /* of a CRD; with mu held, or by sim_schema() */
	struct sim_coll *coll;	 /* two versions of one resource share it */
	struct sim_res *view_of; /* events.k8s.io: the core resource that stores */
};

struct sim_rule {
	char *user, *ns;
	json_t *rules;
	struct sim_rule *next;
};
/* What somebody wants to do; path is of a request that is of no resource. */
struct sim_ask {
	const char *verb, *group, *resource, *sub, *ns, *name, *path;
};
struct sim_grant;
struct sim_token {
	char *token, *user, *groups;
	bool revoked;
	struct sim_token *next;
};
struct sim_fault;
struct sim_route {
	char *service;
	uint16_t port;
	struct sim_route *next;
};
struct sim_paged {
	struct sim_res *res;
	struct sim_snap *snap;
};
enum { SIM_PAGED = 32, SIM_LOG = 4096, SIM_MAX_RES = 512 };
struct sim_logged {
	char *text; /* one JSON object */
};
struct sim_counter {
	char verb[20], resource[64];
	uint64_t n;
};

struct og_sim {
	struct og_sim_opts o;
	char url[64], admin_token[48];
	struct og_buf ca_pem, ca_key, cert_pem, key_pem;
	SSL_CTX *tls;
	int64_t started_ns;

	pthread_mutex_t mu;
	pthread_cond_t
		cond; /* a connection ended; the server is up or down; a change (fresh reads) */
	uint16_t port;
	int listen_fd, wake_fd, hold_fd;
	bool stopping, accepting;
	pthread_t acceptor, controller;
	bool has_acceptor, has_controller; /* life_mu */
	pthread_mutex_t life_mu;	   /* start, stop and restart of listening */
	struct sim_conn *conns;
	uint64_t nconns, bytes_sent, nfaults;
	unsigned nwatches;

	uint64_t rv;
	struct sim_res *res[SIM_MAX_RES];
	size_t nres;
	struct sim_paged paged[SIM_PAGED];
	size_t npaged;
	uint64_t name_seed;

	struct sim_token *tokens;
	struct sim_rule *rules;
	struct sim_grant *grants; /* of Roles and their bindings */
	uint64_t grants_seq;	  /* changes of those seen */
	struct sim_route *routes;
	struct sim_fault *faults;

	struct sim_logged log[SIM_LOG];
	uint64_t nlog;
	struct sim_counter *counters;
	size_t ncounters;
	json_t *uses; /* rights of ServiceAccounts that were used: an object of lines; NULL = none
		       */

	pthread_mutex_t ctl_mu; /* one round of the controllers at a time */
	bool restart_due;	/* asked for by a fault; done by the controller's thread */
	struct og_sim_restart_opts restart;
	struct sim_ctl *ctl;
	void *hooks[32]; /* idle CURL handles to webhooks */
	size_t nhooks;
};

/* ---- texts ---- */
char *sim_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void sim_now(char out[32]);
void sim_now_micro(char out[40]);
uint64_t sim_random(void);
void sim_uuid(char out[40]);
int64_t sim_mono_ms(void);
bool sim_list_has(const char *commas, const char *word);
const char *sim_str(const json_t *o, const char *k); /* a member's text; "" when there is none */
void sim_missing(
	json_t *o, const char *k, json_t *v); /* sets it unless it is there; takes v over */
json_t *sim_child(json_t *o, const char *k);  /* the object there, made when missing */

/* ---- objects (object.c) ---- */
/* What is known of an object without its text. */
struct sim_fields {
	struct og_sv ns, name, uid, owner, node, phase;
	struct og_buf labels, owners;
	bool deleting, ready;
};
/* The same from finished text that begins as sim_obj_new writes it; the text is taken over. */
struct sim_obj *sim_obj_made(const struct sim_res *r, const struct sim_fields *f,
	struct og_buf *text, uint32_t meta_len, uint64_t rv);
/* From JSON; metadata.resourceVersion is set to rv. NULL when memory is out. */
struct sim_obj *sim_obj_new(const struct sim_res *r, json_t *o, uint64_t rv);
struct sim_obj *sim_obj_ref(struct sim_obj *o);
void sim_obj_unref(struct sim_obj *o);
json_t *sim_obj_json(const struct sim_obj *o);
struct og_sv sim_obj_label(const struct sim_obj *o, struct og_sv key);

/* ---- store (store.c); all with mu held unless said ---- */
struct sim_coll *sim_coll_new(uint32_t history);
void sim_coll_free(struct sim_coll *c);
/* Index of the first object whose key is not before `key`. */
size_t sim_coll_seek(const struct sim_coll *c, struct og_sv key);
struct sim_obj *sim_coll_find(const struct sim_coll *c, struct og_sv ns, struct og_sv name);
struct sim_snap *sim_coll_snap(struct og_sim *s, struct sim_coll *c);
/* State at an older version; NULL when history does not reach it. */
struct sim_snap *sim_coll_snap_at(struct sim_coll *c, uint64_t rv);
void sim_snap_unref(struct sim_snap *sn);
size_t sim_snap_seek(const struct sim_snap *sn, struct og_sv key);
/* Writes one change; takes over `obj` (NULL for a deletion, then `o` is the last state). */
void sim_commit(struct og_sim *s, struct sim_res *r, enum sim_event type, struct sim_obj *obj);
/* Creates or replaces, whatever is there; makes the version. NULL when memory is out. The caller
 * gets a reference. */
struct sim_obj *sim_store_put(struct og_sim *s, struct sim_res *r, json_t *o);
int sim_store_remove(struct og_sim *s, struct sim_res *r, struct og_sv ns, struct og_sv name);
void sim_wake_all(struct og_sim *s);
void sim_poke(int wake_fd);
void sim_compact_locked(struct og_sim *s);

/* ---- resources (resources.c) ---- */
int sim_resources_init(struct og_sim *s, struct og_err *err);
void sim_resources_fini(struct og_sim *s);
struct sim_res *sim_res_find(
	struct og_sim *s, struct og_sv group, struct og_sv version, struct og_sv plural);
struct sim_res *sim_res_by_kind(struct og_sim *s, const char *api_version, const char *kind);
/* "deployments.apps". */
struct sim_res *sim_res_by_name(struct og_sim *s, const char *name);
bool sim_group_exists(struct og_sim *s, struct og_sv group, struct og_sv version);
/* A CRD was written or removed: its resources come or go. */
void sim_crd_changed(struct og_sim *s, const struct sim_obj *crd, bool removed);

/* ---- one request ---- */
struct sim_param {
	struct og_sv key, val;
};
struct sim_header {
	struct og_sv name, val;
};
enum { SIM_MAX_PARAMS = 64, SIM_MAX_HEADERS = 100 };
struct sim_req {
	struct og_sim *s;
	struct sim_conn *c;
	struct og_arena *a;
	struct og_sv method, target, path, query;
	struct sim_param params[SIM_MAX_PARAMS];
	size_t nparams;
	struct sim_header headers[SIM_MAX_HEADERS];
	size_t nheaders;
	struct og_sv body;
	/* who */
	const char *user, *groups;
	/* what */
	struct sim_res *res;
	struct og_sv group, version, plural, ns, name, sub;
	const char *verb; /* of authorisation and faults; lower-case method for other paths */
	bool resource;	  /* the path names one */
	/* how */
	bool partial; /* PartialObjectMetadata asked for */
	bool gzip;
	int code; /* answered, for the log */
	int nwarnings;
	char *warnings[8]; /* in the arena */
};
struct og_sv sim_header(const struct sim_req *q, const char *name);
/* Absent = empty. */
struct og_sv sim_param(const struct sim_req *q, const char *name);
bool sim_param_true(const struct sim_req *q, const char *name);
const char *sim_z(struct sim_req *q, struct og_sv s); /* NUL-terminated copy, never NULL */
void sim_warn(struct sim_req *q, const char *text);

/* ---- connection and answer (http.c, answer.c) ---- */
struct sim_shape {     /* what a fault does to one answer */
	unsigned kind; /* enum sim_fault_kind; 0 none */
	int64_t after, ms, bytes, events;
	int code, retry_after;
	bool stream, length, late_done;
	char *text, *content_type, *reason, *message;
};
enum { SIM_KILL_CLOSE = 1, SIM_KILL_RST };
struct sim_conn {
	struct og_sim *s;
	int fd, wake_fd;
	SSL *ssl;
	pthread_t thread;
	atomic_int kill;
	bool done;
	bool broken; /* nothing more can be sent */
	bool close;  /* after this answer */
	bool chunked, begun, head_only;
	bool watching;		  /* counted in nwatches */
	struct sim_coll *watched; /* woken by its changes */
	int64_t sent;		  /* body bytes of this answer, before compression and framing */
	struct sim_shape shape;
	void *zip; /* z_stream */
	struct og_buf in, out, body;
	struct sim_conn *next;
};
int sim_tls_init(struct og_sim *s, struct og_err *err);
int sim_listen(struct og_sim *s, struct og_err *err);
void *sim_accept_thread(void *arg);
/* One request and its answer; false = the connection ends. */
bool sim_serve_one(struct sim_conn *c, struct og_arena *a);
/* Waits until bytes came (1), something woke us (0) or the time is over (0); -1 = ended. */
int sim_conn_wait(struct sim_conn *c, int64_t ms);
bool sim_conn_gone(struct sim_conn *c);
bool sim_conn_flush(struct sim_conn *c);
void sim_conn_reset(struct sim_conn *c);
void sim_kill_all(struct og_sim *s, int how);

void sim_begin(struct sim_req *q, int code, const char *content_type, int64_t length);
void sim_body(struct sim_req *q, const void *p, size_t n);
bool sim_flush(struct sim_req *q); /* false when the other end is gone */
void sim_end(struct sim_req *q);
void sim_send(struct sim_req *q, int code, const char *content_type, struct og_sv body);
void sim_send_json(struct sim_req *q, int code, json_t *o); /* takes over o */
/* As stored, or its metadata when that was asked for. */
void sim_send_obj(struct sim_req *q, int code, const struct sim_obj *o);
void sim_write_obj(struct sim_req *q, const struct sim_obj *o, bool in_list);
size_t sim_obj_size(const struct sim_req *q, const struct sim_obj *o, bool in_list);

/* ---- errors (status.c) ---- */
struct sim_status {
	int code;
	const char *reason;
	const char *group, *kind, *name, *uid; /* details */
	json_t *causes;			       /* taken over */
	int retry_after;
};
json_t *sim_status_json(const struct sim_status *st, const char *message);
void sim_fail(struct sim_req *q, struct sim_status st, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The common ones, for the request's resource and name. */
void sim_fail_notfound(struct sim_req *q);
void sim_fail_conflict(struct sim_req *q, const char *why);
void sim_fail_bad(struct sim_req *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sim_fail_forbidden(struct sim_req *q);
void sim_fail_method(struct sim_req *q);
void sim_fail_media(struct sim_req *q, const char *accepted);
void sim_fail_oom(struct sim_req *q);
/* "deployments.apps" */
const char *sim_qualified(struct sim_req *q, const struct sim_res *r);
/* 422: causes are collected by sim_cause and sent by sim_fail_invalid. */
json_t *sim_causes(void);
void sim_cause(json_t *causes, const char *reason, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void sim_fail_invalid(struct sim_req *q, const char *kind, const char *name, json_t *causes);

/* ---- handlers ---- */
void sim_route(struct sim_req *q);	  /* route.c */
bool sim_authenticate(struct sim_req *q); /* auth.c; false = answered */
bool sim_allowed(struct og_sim *s, const char *user, const char *groups, const char *verb,
	const char *group, const char *resource, const char *sub, const char *ns, const char *name,
	const char *path); /* with mu held */
bool sim_rule_allows(const json_t *rule, const struct sim_ask *ask);
/* By Roles and bindings that are objects (rbac.c); with mu held. */
bool sim_rbac_allows(
	struct og_sim *s, const char *user, const char *groups, const struct sim_ask *ask);
void sim_rbac_fini(struct og_sim *s);
/* A write that turns out to create needs that right too; false = answered. */
bool sim_may_create(struct sim_req *q);
bool sim_openapi(struct sim_req *q);   /* openapi.c; the same */
bool sim_discovery(struct sim_req *q); /* discovery.c; false = not its path */
void sim_list(struct sim_req *q);      /* list.c */
void sim_watch(struct sim_req *q);     /* watch.c */
/* Waits a little for a future version; with mu held. */
bool sim_wait_fresh(struct og_sim *s, uint64_t rv);
void sim_fail_too_large(struct sim_req *q, uint64_t rv);
void sim_admin(struct sim_req *q);   /* admin.c: /sim/… */
void sim_get_one(struct sim_req *q); /* write.c */
void sim_create(struct sim_req *q);
void sim_update(struct sim_req *q);
void sim_patch(struct sim_req *q);	/* patch.c */
void sim_delete_one(struct sim_req *q); /* delete.c */
void sim_delete_many(struct sim_req *q);
struct sim_deletion {
	bool dry_run, orphan, foreground;
	int64_t grace; /* -1 = the kind's own */
	char uid[64], rv[24];
};
/* Marks or removes; with mu held. *ret_gone tells which. The caller gets a reference. */
struct sim_obj *sim_delete_locked(struct og_sim *s, struct sim_res *r, struct sim_obj *cur,
	const struct sim_deletion *d, bool *ret_gone);
void sim_review(struct sim_req *q); /* review.c: access reviews, tokens */

/* ---- selection (select.c) ---- */
struct sim_select {
	struct sim_term *terms;
	size_t nterms;
};
/* False = answered with 400. */
bool sim_select_parse(struct sim_req *q, struct sim_select *ret);
bool sim_select_match(const struct sim_select *sel, const struct sim_obj *o);
/* Label selectors of objects: metav1.LabelSelector; absent matches nothing. */
bool sim_label_match(const json_t *selector, const json_t *labels_);

/* ---- writing (write.c, prepare.c, fields.c, validate.c) ---- */
struct sim_write {
	struct sim_req *q; /* NULL for the controllers */
	struct og_sim *s;  /* for them */
	const char *user, *groups;
	const char *manager;   /* of the fields */
	const char *operation; /* "Update" or "Apply" */
	const char *sub;       /* "", "status", or "*" for the controllers: both halves */
	bool dry_run;
	json_t *schema; /* borrowed while one write is done */
	char *why;	/* q NULL: why it was refused; the caller frees it */
};
/* Options every write has; false = answered. */
bool sim_write_options(struct sim_req *q, struct sim_write *w);
bool sim_dry_run(struct sim_req *q, bool *ret); /* false = answered */
json_t *sim_body_json(struct sim_req *q);	/* NULL = answered */
/* Checks what the body says about itself against the path; false = answered. */
bool sim_body_fits(struct sim_req *q, json_t *o);
/* autoscaling/v1 Scale of a workload, and its spec written back. */
json_t *sim_scale_of(const json_t *o);
/* The object of the path with a reference; NULL when there is none. */
struct sim_obj *sim_current(struct sim_req *q);
/* A patch may name the version and the uid it is meant for; false = answered. */
bool sim_meant_for(struct sim_req *q, const struct sim_obj *cur, const json_t *o);
void sim_server_side_apply(struct sim_write *w, json_t *body);
void sim_scale_put(struct sim_write *w, struct sim_obj *cur, const json_t *body, bool *raced);
/* New object: names, uid, times, defaults. False = answered (w->q) or impossible. */
bool sim_prepare_create(struct sim_write *w, struct sim_res *r, json_t *o, const char *ns);
/* What the server keeps from the old one. */
void sim_prepare_update(struct sim_write *w, struct sim_res *r, json_t *o, const json_t *old);
/* The whole creation, after the body is read: NULL = answered, or refused (w->q NULL). */
struct sim_obj *sim_do_create(struct sim_write *w, struct sim_res *r, const char *ns, json_t *o);
/*
 * The whole update of `cur` to `o`: validation, managed fields, no-change, commit. Returns the
 * stored version; NULL with *ret_raced = true when `cur` is no longer the latest, else answered.
 */
struct sim_obj *sim_do_update(struct sim_write *w, struct sim_res *r, struct sim_obj *cur,
	const json_t *old, json_t *o, bool *ret_raced);
void sim_defaults(const struct sim_res *r, json_t *o);
void sim_admit_pod(json_t *pod);
/* NULL = fine. */
json_t *sim_validate(
	const struct sim_write *w, const struct sim_res *r, const json_t *o, const json_t *old);
/* Unknown fields go, defaults come, by w->schema (schema.c). False = answered. */
bool sim_prune(struct sim_write *w, const struct sim_res *r, json_t *o);
void sim_schema_check(const json_t *schema, const json_t *o, json_t *causes);
bool sim_same_but_managed(const json_t *a, const json_t *b);
/* netpol.c: NetworkPolicies and Services. */
void sim_netpol_defaults(json_t *o);
void sim_service_defaults(json_t *o);
void sim_netpol_validate(const json_t *o, json_t *causes);
void sim_service_validate(const json_t *o, json_t *causes);

/* lists.c: how lists and maps merge; schema is that of a CRD at this place, NULL for built-in. */
enum sim_merge { SIM_ATOMIC, SIM_SET, SIM_KEYED, SIM_GRANULAR };
struct sim_place {
	const json_t *schema;
	bool crd;
	const char *name; /* of the member */
};
enum { SIM_MAX_KEYS = 4 };
enum sim_merge sim_merge_of(
	const struct sim_place *at, const json_t *v, const char *keys[SIM_MAX_KEYS + 1]);
struct sim_place sim_place_root(const json_t *schema, bool crd);
struct sim_place sim_place_member(const struct sim_place *at, const char *name);
struct sim_place sim_place_item(const struct sim_place *at);
/* k:{"name":"x"} or v:"x"; of the item of a list. */
char *sim_item_key(const json_t *item, const char *const *keys);
/* Index of the item with that key; -1 = none. */
long sim_item_find(const json_t *list, const char *key, const char *const *keys);

/* fieldset.c: FieldsV1 as structured-merge-diff writes it. NULL = empty. */
json_t *sim_fields_of(const struct sim_place *at, const json_t *v);
json_t *sim_fields_changed(const struct sim_place *at, const json_t *old, const json_t *now);
json_t *sim_fields_existing(const struct sim_place *at, const json_t *set, const json_t *v);
void sim_fields_union(json_t *into, const json_t *set);
void sim_fields_subtract(json_t *from, const json_t *set);

/* managed.c, apply.c */
void sim_fields_update(struct sim_write *w, const struct sim_res *r, json_t *o, const json_t *old);
json_t *sim_owned_view(const struct sim_res *r, const json_t *o, const char *sub);
json_t *sim_managed_entry(json_t *list, const struct sim_write *w, const struct sim_res *r);
void sim_managed_sweep(json_t *o, const struct sim_write *w, const struct sim_res *r);
/* Server-side apply of `config` to `live` (NULL = create): the merged object, or NULL with
 * *ret_conflicts (causes). */
json_t *sim_fields_apply(struct sim_write *w, const struct sim_res *r, const json_t *live,
	json_t *config, bool force, json_t **ret_conflicts);
json_t *sim_schema(struct og_sim *s, struct sim_res *r); /* new reference, may be NULL */

/* events.k8s.io/v1 and core/v1 are two faces of one object (events.c). */
void sim_event_to_core(json_t *o);
void sim_event_to_new(json_t *o);

/* ---- admission (admission.c) ---- */
/* Calls the webhooks; o may be replaced. False = refused: a status is in *ret_status. */
bool sim_admit(struct sim_write *w, struct og_sim *s, struct sim_res *r, const char *ns, json_t **o,
	json_t **ret_status);
void sim_hooks_free(struct og_sim *s);

/* ---- controllers ---- */
int sim_ctl_start(struct og_sim *s, struct og_err *err);
void sim_ctl_stop(struct og_sim *s);
int sim_ctl_init(struct og_sim *s, struct og_err *err);
void sim_ctl_fini(struct og_sim *s);
bool sim_ctl_has_work(const struct og_sim *s); /* with mu held */

/* One thing to look at again. */
enum sim_work { SIM_W_STEP, SIM_W_OWNERS, SIM_W_ORPHANS };
void sim_ctl_add(struct og_sim *s, enum sim_work what, struct sim_res *r, struct og_sv ns,
	struct og_sv name); /* with mu held; of SIM_W_ORPHANS the name is the uid of the owner */
/* The same in that time; at once when rounds are made by hand. */
void sim_ctl_add_in(struct og_sim *s, enum sim_work what, struct sim_res *r, struct og_sv ns,
	struct og_sv name, int64_t ms);

/* What the steps of the controllers share (ctl_tools.c). Without mu. */
struct sim_step {
	struct og_sim *s;
	struct sim_res *res;
	const char *ns, *name;
	struct sim_obj *cur; /* NULL = gone */
	json_t *o;	     /* of cur */
	bool again;	     /* once more in the next round */
	int64_t again_ms;    /* once more in that time; 0 = no */
	bool changed;
};
typedef void sim_step_fn(struct sim_step *st);
sim_step_fn sim_step_pod, sim_step_replicaset, sim_step_deployment, sim_step_statefulset,
	sim_step_daemonset, sim_step_job, sim_step_namespace, sim_step_service, sim_step_quota;
/* What a pod in ns is refused for after all webhooks: quota, PodSecurity (gate.c); NULL = nothing.
 * The caller frees it. */
char *sim_pod_refused(struct og_sim *s, const char *ns, const json_t *pod);
/* Conditions of a Deployment's status, as its controller's progress.go has them (ctl_progress.c).
 */
struct sim_progress {
	const char *set; /* name of the newest ReplicaSet; "" = none */
	int64_t want, unavailable, deadline;
	bool paused, made;     /* made: in this step */
	const json_t *failure; /* condition ReplicaFailure of a set, NULL = none */
};
void sim_ctl_progress(struct sim_step *st, const struct sim_progress *p, json_t *status);
/* What a pod is to do: "" = run and be ready (ctl_fate.c). */
const char *sim_pod_fate(const json_t *pod);
/* Statuses of the containers of a pod that has that fate; false = it stays Pending. */
bool sim_pod_statuses(struct sim_step *st, json_t *o, const char *how);
/* Why the scheduler finds no node, NULL = it does; the caller frees it. */
char *sim_pod_unschedulable(struct sim_step *st, const json_t *o);
void sim_pod_condition(
	json_t *status, const char *type, bool on, const char *reason, const char *message);

void sim_gc_owners(struct sim_step *st);
bool sim_gc_orphans(struct og_sim *s, const char *uid); /* true = something changed */

struct sim_res *sim_ctl_res(struct sim_step *st, const char *name);
/* Objects of a namespace controlled by that uid; free with sim_ctl_release. */
size_t sim_ctl_owned(
	struct sim_step *st, const char *resource, const char *uid, struct sim_obj ***ret);
void sim_ctl_release(struct sim_obj **v, size_t n);
struct sim_obj *sim_ctl_find(
	struct sim_step *st, const char *resource, const char *ns, const char *name);
/* Writes `o` over `cur`, status and all; false when it was changed meanwhile or refused. */
bool sim_ctl_write(struct sim_step *st, struct sim_res *r, struct sim_obj *cur, json_t *o);
/* Creates; *ret_why (may be NULL) says why not. Takes over o. */
bool sim_ctl_create(struct sim_step *st, const char *resource, json_t *o, const char *controller,
	char **ret_why);
/* An Event FailedCreate on the object of the step: what the controllers of kinds without a
 * condition for it do. */
void sim_ctl_refused(
	struct sim_step *st, const char *controller, const char *what, const char *why);
void sim_ctl_delete(struct sim_step *st, struct sim_res *r, struct sim_obj *o);
/* A Pod after the template of `owner`, with labels added; NULL when memory is out. */
json_t *sim_ctl_pod(struct sim_step *st, const json_t *owner, const char *name, bool generate,
	const char *label, const char *value);
json_t *sim_ctl_owner_ref(const json_t *owner, const char *api_version, const char *kind);
/* Hash of a template as it appears in names. */
void sim_ctl_hash(const json_t *tmpl, char out[12]);
const char *sim_ctl_text(const json_t *o, const char *a, const char *b);
int64_t sim_ctl_int(const json_t *o, const char *a, const char *b, int64_t def);
/* Sets status.conditions[type]; times change only when the status does. */
void sim_ctl_condition(
	json_t *status, const char *type, bool on, const char *reason, const char *message);
/* The same with "Unknown" as a third value. */
void sim_ctl_condition_is(json_t *status, const char *type, const char *value, const char *reason,
	const char *message);
size_t sim_ctl_nodes(struct sim_step *st, char (**ret)[64]);
void sim_ctl_dirty(struct og_sim *s, struct sim_res *r, const struct sim_change *ch);

/* ---- faults (faults.c) ---- */
enum sim_fault_kind {
	SIM_F_NONE,
	SIM_F_STATUS,
	SIM_F_RESET,
	SIM_F_TRUNCATE,
	SIM_F_STALL,
	SIM_F_SLOW,
	SIM_F_DELAY,
	SIM_F_GARBAGE,
	SIM_F_BODY,
	SIM_F_CONTENT_TYPE,
	SIM_F_DUPLICATE,
	SIM_F_LATE,
	SIM_F_NO_BOOKMARKS,
	SIM_F_END_WATCH,
	SIM_F_RESTART,
	SIM_F_ROTATE,
	SIM_F_COMPACT,
	SIM_F_COUNT_
};
/* Finds the rule for this request and shapes the answer; true = already answered. */
bool sim_fault_apply(struct sim_req *q);
int sim_fault_add(struct og_sim *s, const json_t *rule, struct og_err *err);
void sim_shape_free(struct sim_shape *sh);
void sim_faults_free(struct og_sim *s);
void sim_log_request(struct sim_req *q);
/* With mu held. */
void sim_rotate_tokens(struct og_sim *s);
