/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of the part share. Keys of its queue: "s/STACK" reads the stack's own Secret,
 * "n/NAMESPACE" puts the Secrets of one namespace right, "t/STACK" writes the stack's status.
 * Secrets are watched by name and as metadata alone; values come by GET, for as long as it takes
 * to compare or encode them.
 */
#include "credentials-priv.h"
#include "otelgate/cluster/cluster.h"
#include "workload-priv.h"

enum {
	CRED_KEY_BYTES = 600,
	CRED_STATUS_MS = 300,  /* several namespaces are told of at once */
	CRED_AGAIN_MS = 60000, /* what nobody tells us of: a right that is given */
	CRED_FRESH_MS = 100,   /* until our own write is seen */
	CRED_PRUNE_MS = 10000, /* a Secret nobody needs is left for so long */
	CRED_ANSWER_BYTES = 3 << 20,
};

/* Secrets of one name, in one namespace or in all. */
struct cred_watch {
	struct cred *k;
	struct og_store *store;
	struct og_watch *watch;
	char *ns, *name;  /* ns "" = all */
	char *stack;	  /* of a source; NULL = a distributed one */
	uint64_t seen_rv; /* the highest version of an object that it has shown */
};

/* One stack with credentials. */
struct cred_stack {
	char *name;
	struct cred_watch *source;
	struct og_arena arena; /* of cred */
	struct og_credentials cred;
	bool known; /* a reading has ended */
	char uid[64];
};

/* One Secret of a reserved name in one namespace: needed, there, or both. */
struct cred_secret {
	enum credentials_what what;
	const char *reason, *finding;
	char *message; /* NULL = none */
	char *stack;   /* whose credentials it should hold; NULL = nobody's */
	bool verified; /* looked at in this version */
	char uid[64], rv[64];
	char hash[OG_CREDENTIAL_HASH_BYTES];
	int64_t created_s, since_s;
	uint64_t own_rv; /* of our last write; 0 = none, or it was a deletion */
	int64_t idle_ns; /* since when nobody needs it; 0 = somebody does */
};

/* One request under way for a key of the queue. */
struct cred_op {
	struct cred *k;
	struct cred_op *prev, *next;
	struct og_kube_call *call;
	char *key;	 /* of the queue */
	char *ns, *name; /* of the Secret */
	char *stack;	 /* whose credentials; NULL: nobody's */
	char hash[OG_CREDENTIAL_HASH_BYTES];
	int64_t since_s;
	char uid[64]; /* of what is deleted */
	bool token;   /* of the write budget was taken */
	bool replacing, creating;
};

struct cred {
	struct controller *c;
	struct og_cluster_config *cfg;
	struct og_map stacks;  /* name → struct cred_stack */
	struct og_map names;   /* reserved name → struct cred_watch */
	struct og_map secrets; /* "ns/name" → struct cred_secret */
	struct og_map needs;   /* "ns\nstack" of workloads */
	bool needs_stale;
	struct og_ownwrites *own;
	struct cred_op *ops;
	uint32_t counts[CRED_COUNT_];
	bool stopped;
};

/* cred_ops.c: a request with its key; ends with cred_op_end and controller_done. */
struct cred_op *cred_op_new(
	struct cred *k, struct og_sv key, struct og_sv ns, struct og_sv name, struct og_sv stack);
/* Frees it; gives its key to `then`, as controller_done. */
void cred_op_end(struct cred_op *op, enum og_queue_result r, int64_t again_ms);
void cred_ops_cancel(struct cred *k);
/* GET of one Secret. False: it could not be begun, and op has ended. */
bool cred_get(struct cred_op *op, void (*on_done)(void *ctx, const struct og_kube_answer *a));

/* credentials.c */
const struct og_stack *cred_stack_spec(const struct cred *k, struct og_sv name);
struct cred_stack *cred_stack_of(const struct cred *k, struct og_sv name);
void cred_enqueue(struct cred *k, char kind, struct og_sv name, int priority, int64_t in_ms);
void cred_enqueue_namespaces(struct cred *k, int priority);
/* Everything that says who needs a Secret is known: before, none is deleted and no hash told. */
bool cred_settled(const struct cred *k);
/* The entry, made when `add`; NULL when there is none, or no memory. */
struct cred_secret *cred_secret_of(struct cred *k, struct og_sv ns, struct og_sv name, bool add);
/* Tells workloads and the stack's status when something changes. The message is copied. */
void cred_secret_set(struct cred *k, struct og_sv ns, struct og_sv name, enum credentials_what what,
	const char *reason, const char *finding, struct og_sv message);
/* Has every workload of that namespace, or of that stack, looked at again. */
void cred_tell_namespace(struct cred *k, struct og_sv ns);
void cred_tell_workloads(struct cred *k, struct og_sv stack);
void cred_event(struct cred *k, const struct cred_stack *s, bool warning, const char *reason,
	const char *action, struct og_sv note);
int64_t cred_now_s(const struct cred *k);
void cred_stack_drop(struct cred *k, struct og_sv name);

/* cred_watch.c */
/* Watches, or goes on watching. Errors: OOM, INVALID. */
int cred_watch_source(
	struct cred *k, struct cred_stack *s, const struct og_stack *spec, struct og_err *err);
int cred_watch_name(struct cred *k, struct og_sv name, struct og_err *err);
void cred_watch_free(struct cred_watch *w);
/* Whether its store has been filled once. */
bool cred_watch_synced(const struct cred_watch *w);
bool cred_watch_forbidden(const struct cred_watch *w);
/* The record shows what only we do: our manager, and a label or the hash. */
bool cred_record_ours(const struct og_record *r);

/* cred_source.c, cred_secret.c, cred_status.c: the work of the three kinds of keys. */
void cred_work_source(struct cred *k, struct og_sv key, struct og_sv stack);
void cred_work_namespace(struct cred *k, struct og_sv key, struct og_sv ns);
void cred_work_status(struct cred *k, struct og_sv key, struct og_sv stack);

uint64_t cred_version(struct og_sv rv); /* as a number; 0 = none */

/* cred_need.c */
enum cred_need { CRED_NEED_NONE, CRED_NEED_EXCLUDED, CRED_NEED_YES };
enum cred_need cred_need_of(struct cred *k, struct og_sv ns, const struct og_stack *s);
