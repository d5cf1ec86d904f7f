/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of the network policies share. All on the loop's thread. */
#include "egress-priv.h"

enum {
	EGRESS_REFETCH_MS = 30000, /* endpoints of one receiver, at most that often */
	EGRESS_ENDS = 128,	   /* of a receiver that are judged */
	EGRESS_BACKENDS = 4096,	   /* of a receiver that are looked at */
	EGRESS_BUSY_MS = 1000,
	EGRESS_KEY_BYTES = 1024,
};

struct egress;

/* Policies of one namespace that are not ours, read. */
struct egress_set {
	struct og_arena arena;
	struct og_netpol *v;
	uint32_t n;
	bool valid;
};

/* What is behind one port of a Service. */
struct egress_receiver {
	struct og_sv key; /* "!r/ns/service:port", the key of its job */
	struct og_sv ns, service, port_name;
	struct og_arena arena; /* of the following, which one fetch brought */
	struct og_egress_endpoint *ends;
	uint32_t nends;
	uint16_t ports[OG_EGRESS_MAX_TARGETS];
	uint32_t nports;
	char digest[17]; /* to see a change */
	bool known;	 /* an answer has come */
	int64_t asked_ns;
};

/* One workload. */
struct egress_entry {
	struct og_sv key;
	enum egress_allowed allowed;
	enum og_egress_need need;
	const char *reason, *finding, *ingress_finding;
	struct og_buf message, ingress_message;
	bool managed, manages_receiver;
	struct egress_receiver *receivers[OG_EGRESS_MAX_TARGETS];
	bool kept_out[OG_EGRESS_MAX_TARGETS]; /* by policies at that receiver */
	uint32_t nreceivers;
	struct og_sv spaces[OG_EGRESS_MAX_TARGETS]; /* of its receivers; the receivers' memory */
};

/* Where a policy of ours lives: the standard kind, or Cilium's, which knows host names. */
enum egress_kind { EGRESS_STANDARD, EGRESS_BY_HOST, EGRESS_KINDS_ };

/* A key at work. */
struct egress_job {
	struct egress *e;
	struct egress_job *next, **at;
	struct og_sv key; /* in its arena, as all it has */
	struct og_arena arena;
	struct og_kube_call *call;
	void (*then)(struct egress_job *j); /* after a write that was done */

	/* of a workload */
	const struct workload *w; /* until the next turn; NULL = not opted in */
	struct egress_entry *entry;
	struct og_egress_in in;
	struct og_egress_target targets[OG_EGRESS_MAX_TARGETS];
	struct egress_receiver *receivers[OG_EGRESS_MAX_TARGETS];
	struct og_egress_result r;
	struct og_sv name;	/* of our policy */
	struct og_sv owner_uid; /* of the workload; "" = it is gone */
	struct og_sv host_text; /* the policy by host name; "" = none is wanted */
	bool manages_receiver;
	bool optional; /* the receiver that is looked at is of optional signals alone */
	/* what came of it */
	const char *reason, *finding;
	struct og_sv message;
	struct og_sv aside; /* what is wrong with a receiver of optional signals; "" = nothing */
	bool failed, terminal, wrote;
	int64_t again_ms;

	/* of a receiver */
	struct egress_receiver *receiver;
	struct og_egress_backend *backends;
	uint32_t nbackends;
	/* write under way */
	enum egress_kind kind;
	struct og_sv own_key, uid;
	bool deletes;
};

struct egress {
	struct controller *c;
	struct og_map entries, receivers, sets;
	struct og_ownwrites *own[EGRESS_KINDS_];
	struct egress_job *jobs;
	struct og_store *host_store; /* of our policies by host name; NULL = not looked at yet */
	struct og_watch *host_watch;
	bool cilium; /* the cluster has such policies, and ours are known */
	bool stopped;
};

/* egress.c */
struct egress_job *egress_job_new(struct egress *e, struct og_sv key);
void egress_job_done(struct egress_job *j, enum og_queue_result r, int64_t again_ms);
/* Enqueues the workloads that use it. */
void egress_enqueue_users(struct egress *e, const struct egress_receiver *r);

/* An event of a watch, of a policy or what it was: whether it shows our last write; when we act,
 * which is returned, its owners are looked at. */
bool egress_policy_changed(struct egress *e, enum egress_kind kind, const struct og_record *old,
	const struct og_record *now);

/* egress_facts.c */
const struct egress_set *egress_set_of(struct egress *e, struct og_sv ns);
void egress_sets_forget(struct egress *e, struct og_sv ns);
void egress_ns_labels(
	struct controller *c, struct og_sv ns, struct og_arena *arena, struct og_kvs *ret);
bool egress_is_ours(const struct og_record *r);
struct og_jval egress_parse(struct og_arena *arena, struct og_sv json);
/* Fills j->in. 0, 1 = a receiver is not known yet, negative = out of memory; what is wrong with a
 * receiver's name is in j->reason, j->finding, j->message. */
int egress_facts(struct egress_job *j, const struct og_profile *profile, struct og_err *err);

/* egress_receiver.c */
void egress_receiver_work(struct egress *e, struct og_sv key);
struct egress_receiver *egress_receiver_of(
	struct egress *e, struct og_sv ns, struct og_sv service, struct og_sv port);
void egress_receiver_free(struct egress_receiver *r);

/* egress_write.c: j->then is called when nothing is to be done or it has been done; else the job
 * ends. */
void egress_keep(struct egress_job *j, enum egress_kind kind, struct og_sv ns, struct og_sv name,
	struct og_sv body, struct og_sv owner_uid, void (*then)(struct egress_job *j));

/* egress_host.c */
/* Finds out whether there are policies by host name, and watches ours from then on. */
void egress_host_look(struct egress *e);
void egress_host_stop(struct egress *e);

/* egress_ingress.c */
void egress_ingress_work(struct egress *e, struct og_sv key);
void egress_ingress_enqueue(struct egress *e, const struct egress_receiver *r);
bool egress_ingress_opened(struct egress *e, const struct egress_receiver *r);
