/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * May a pod reach its receiver? The effect of all NetworkPolicies on one way, and what has to be
 * made so that it is open. Pure.
 *
 * Meanings are those of the NetworkPolicy API
 * (https://kubernetes.io/docs/concepts/services-networking/network-policies/): policies add up, a
 * pod that no policy selects for a direction is open in it, ports are those behind a Service
 * (policy is judged after the address of the Service has been replaced).
 */
#include "otelgate/kobj/netpol.h"

/* A port that a container declares: what a named port of a policy means. */
struct og_egress_cport {
	struct og_sv name;
	enum og_l4 protocol;
	uint16_t port;
};

/*
 * One end of a way. A pod has a namespace and labels, and an address when it is known. What is no
 * pod to policies (a node, a pod in its node's network, the world outside) has addresses alone:
 * `addr`, or `anywhere` for a host whose addresses nobody knows.
 */
struct og_egress_end {
	bool pod;
	bool has_addr, anywhere;
	struct og_cidr addr;
	struct og_sv ns, name; /* name: for messages */
	struct og_kvs ns_labels, labels;
	const struct og_egress_cport *ports; /* of the end that is connected to */
	uint32_t nports;
};

enum og_egress_way {
	OG_WAY_OPEN,	/* no policy isolates */
	OG_WAY_ALLOWED, /* isolated, and a policy allows it */
	OG_WAY_CLOSED,	/* isolated, and none does */
	OG_WAY_UNKNOWN, /* a policy that cannot be read might isolate */
};
const char *og_egress_way_name(enum og_egress_way w); /* "open", "allowed", "closed", "unknown" */

struct og_egress_verdict {
	enum og_egress_way way;
	/* ALLOWED: one that allows. CLOSED: the isolating one with the fewest requirements.
	 * UNKNOWN: the one that cannot be read. Else NULL. */
	const struct og_netpol *by;
	const struct og_netpol *almost; /* CLOSED: allows the peer, on another port */
	bool partly;			/* CLOSED: some of the addresses are allowed */
	bool by_address;		/* ALLOWED: only by an ipBlock, to a pod */
};

struct og_egress_policies {
	const struct og_netpol *v; /* all of the namespace(s) in question; others do no harm */
	uint32_t n;
	/* ipBlock does not select pods: so does Cilium
	 * (https://docs.cilium.io/en/stable/network/kubernetes/policy/). */
	bool blocks_skip_pods;
};

/* One direction of one way: EGRESS asks the policies of `src`, INGRESS those of `dst`. The end that
 * is asked has to be a pod (else: open). */
void og_egress_judge(const struct og_egress_policies *p, enum og_netpol_dir dir,
	const struct og_egress_end *src, const struct og_egress_end *dst, enum og_l4 protocol,
	uint16_t port, struct og_egress_verdict *ret);

/* ---- what stands behind a name ---- */

/*
 * What a host name may mean to a pod of `own_ns`: a Service ("alloy", "alloy.monitoring",
 * "alloy.monitoring.svc", "….svc.cluster.local"; a dot at the end is fine), surely or perhaps.
 * False: it is surely none.
 */
struct og_egress_host {
	struct og_sv service, ns;
	bool surely; /* else it is a host outside when there is no such Service */
};
bool og_egress_host_read(struct og_sv host, struct og_sv own_ns, struct og_egress_host *ret);

struct og_egress_service {
	struct og_kvs selector;
	struct og_sv external; /* the name that it is an alias of; "" = none */
	bool has_port;	       /* it has the port that was asked for */
	struct og_sv port_name;
	enum og_l4 protocol;
	uint16_t target; /* port of the pods; 0 = by name, their endpoints tell */
};
/* `spec` of a Service and the port that is connected to. Errors: OOM. */
int og_egress_service_read(struct og_jval spec, uint16_t port, struct og_arena *arena,
	struct og_egress_service *ret, struct og_err *err);

/* An address of an EndpointSlice. */
struct og_egress_backend {
	struct og_sv pod; /* name, in the namespace of the slice; "" = no pod */
	struct og_ip ip;
	uint16_t port;
};
/* `list` is an EndpointSliceList; at most `max` are kept, pods that end left out. Errors: OOM. */
int og_egress_slices_read(struct og_jval list, struct og_sv port_name, uint32_t max,
	struct og_arena *arena, struct og_egress_backend **ret, uint32_t *ret_n,
	struct og_err *err);

/* Ports that the containers of a whole Pod declare, native sidecars' too. Errors: OOM. */
int og_egress_pod_ports(
	struct og_jval pod, struct og_arena *arena, struct og_egress_end *ret, struct og_err *err);

/* ---- the decision for a workload ---- */

enum og_egress_kind {
	OG_TARGET_PODS, /* behind a Service, or chosen by labels */
	OG_TARGET_ADDRESS,
	OG_TARGET_HOST, /* outside, by name */
};

struct og_egress_endpoint {
	struct og_egress_end end;
	uint16_t port; /* behind the Service */
};

struct og_egress_target {
	enum og_egress_kind kind;
	struct og_sv name; /* for messages: "Service monitoring/alloy", "otlp.example.com" */
	enum og_l4 protocol;
	bool by_name;  /* has to be resolved */
	bool optional; /* only optional signals go there: it is opened with others, and stops none
			*/
	/* PODS: namespace and labels that select them (a Service's selector); without labels only
	 * the endpoints that are no pods can be opened. */
	struct og_sv ns;
	struct og_kvs ns_labels, selector;
	const uint16_t *ports; /* PODS: behind the Service; others: what is connected to */
	uint32_t nports;
	const struct og_egress_endpoint *ends; /* known ones; may be none */
	uint32_t nends;
	const struct og_cidr *cidrs; /* ADDRESS: at least one; HOST: where the user says it is */
	uint32_t ncidrs;
};

struct og_egress_in {
	struct og_egress_policies policies; /* without those that otelgate made itself */
	struct og_egress_end pod;	    /* a pod of the workload, by its template */
	bool host_network;		    /* it runs in its node's network */
	bool in_pod; /* a receiver is in the pod itself: localhost; without targets, the only one */
	struct og_selector selector; /* of the workload's pods */
	const struct og_egress_target *targets;
	uint32_t ntargets;
	const struct og_egress_target *dns; /* PODS; ports 53 as a rule. NULL = not judged */
	bool node_local_dns;		    /* its address is opened, too: 169.254.20.10 */
	bool fqdn;			    /* a policy by host name can be made (Cilium) */
};

enum og_egress_need {
	OG_NEED_UNKNOWN,   /* what isolates cannot be read: nothing is made */
	OG_NEED_OPEN,	   /* nothing isolates: nothing is made, it would close */
	OG_NEED_ALLOWED,   /* policies of others allow it */
	OG_NEED_POLICY,	   /* ours opens it */
	OG_NEED_FQDN,	   /* ours by host name does */
	OG_NEED_EXTERNAL,  /* a host outside that standard policies cannot name */
	OG_NEED_NO_LABELS, /* the pods have no labels to select them by */
	OG_NEED_TOO_MANY,  /* more addresses than a policy should list */
	OG_NEED_NOTHING,   /* no receiver is configured */
	OG_NEED_OFF,	   /* not wanted */
	OG_NEED_COUNT_
};
const char *og_egress_need_name(enum og_egress_need n); /* "NotIsolated": a condition's reason */

enum { OG_EGRESS_MAX_ADDRESSES = 64, OG_EGRESS_MAX_TARGETS = 8 };

struct og_egress_result {
	enum og_egress_need need;
	struct og_sv message; /* one or two sentences that a person can act on */
	const char *finding;  /* "OG512"; NULL = none */
	struct og_sv aside;   /* what closes the way of optional signals alone; "" = nothing does */
	bool make;	      /* the standard policy is wanted */
	bool make_fqdn;	      /* the one by host name is */
	bool dns_needed;
	const struct og_netpol *guard; /* what isolates; see og_egress_policy */
	struct og_egress_verdict to[OG_EGRESS_MAX_TARGETS]; /* worst of each target's endpoints */
	struct og_egress_verdict dns;			    /* OPEN when not judged */
	/* The receivers' side: each, and the worst of them. */
	struct og_egress_verdict from[OG_EGRESS_MAX_TARGETS];
	struct og_egress_verdict ingress;
	uint32_t ingress_target;
	const char *ingress_finding; /* "OG517"; NULL = none */
	struct og_sv ingress_message;
};
/* Errors: OOM, LIMIT (more than OG_EGRESS_MAX_TARGETS). */
int og_egress_decide(const struct og_egress_in *in, struct og_arena *arena,
	struct og_egress_result *ret, struct og_err *err);

/* ---- documents ---- */

struct og_egress_owner {
	struct og_sv api_version, kind, name, uid; /* uid "" = no ownerReference */
};

/*
 * "otelgate-egress-deployment-web": prefix, kind in lower case and name, cut with a hash when it is
 * longer than 253 bytes. Errors: OOM.
 */
int og_egress_name(const char *prefix, struct og_sv kind, struct og_sv name, struct og_arena *arena,
	struct og_sv *ret, struct og_err *err);
#define OG_EGRESS_PREFIX  "otelgate-egress-"
#define OG_INGRESS_PREFIX "otelgate-ingress-"
#define OG_MANAGED_LABEL  "app.kubernetes.io/managed-by"
#define OG_MANAGED_VALUE  "otelgate"

/*
 * The NetworkPolicy (or, by_host, CiliumNetworkPolicy) as JSON. Its pod selector is the workload's
 * together with the guard's, the policy that isolates already: so it can never isolate a pod that
 * was open. Without an owner it is nobody's, as somebody would write it by hand. Errors: OOM.
 */
int og_egress_policy(const struct og_egress_in *in, const struct og_egress_result *r, bool by_host,
	struct og_sv name, const struct og_egress_owner *owner, struct og_buf *out,
	struct og_err *err);

/*
 * The receiver's side: lets injected pods (label otelgate.dev/revision) of these namespaces reach
 * the target's pods. `guard` as above, a policy that isolates them for ingress.
 */
int og_egress_ingress_policy(const struct og_egress_target *t, const struct og_netpol *guard,
	const struct og_sv *namespaces, uint32_t n, struct og_sv name,
	const struct og_egress_owner *owner, struct og_buf *out, struct og_err *err);
