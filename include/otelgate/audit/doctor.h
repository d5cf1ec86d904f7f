/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Where is the first broken rung? Facts are gathered once; rungs and rules are tables over them,
 * and judging is pure.
 *
 *   og_doctor_collect_cluster, og_doctor_collect_files   facts
 *   og_doctor_judge                                      facts → a report
 *
 * What could not be looked at is UNKNOWN with the reason, and never a pass. Facts hold no secret:
 * of Secrets only what is wrong with them.
 */
#include "otelgate/audit/collect.h"
#include "otelgate/audit/session.h"
#include "otelgate/core/config.h"
#include "otelgate/core/credentials.h"
#include "otelgate/core/telemetry_row.h"

struct og_kube_access;

/* ---- facts ---- */

/* What facts are about. Each is seen whole or not at all. */
enum og_doctor_part {
	OG_DP_ACCESS,	    /* the API server answers, and knows who asks */
	OG_DP_RIGHTS,	    /* its own word about what may be read */
	OG_DP_KINDS,	    /* CustomResourceDefinitions, as discovery shows them */
	OG_DP_REGISTRATION, /* MutatingWebhookConfiguration */
	OG_DP_SERVICE,	    /* that of the webhook, with its endpoints */
	OG_DP_CALL,	    /* a dry run of a pod */
	OG_DP_COMPONENTS,   /* Deployments of otelgate */
	OG_DP_LEASE,	    /* of the controller */
	OG_DP_CONFIG,	    /* stacks and profiles, read as the webhook reads them */
	OG_DP_SECRETS,	    /* the stacks' own credentials */
	OG_DP_RECEIVERS,    /* Services that stacks send to */
	OG_DP_WORKLOADS,
	OG_DP_COUNT_
};

enum og_doctor_sight {
	OG_DS_UNSEEN, /* something before it was missing */
	OG_DS_SEEN,
	OG_DS_REFUSED, /* a right is missing: `rule` has it */
	OG_DS_FAILED,
	OG_DS_NA, /* there is no such thing here: files, a stack without credentials */
};
struct og_doctor_known {
	enum og_doctor_sight sight;
	struct og_sv why;  /* one sentence, unless SEEN */
	struct og_sv rule; /* YAML of the RBAC rule that is missing */
};

struct og_doctor_right {
	const char *verb, *group, *resource, *name; /* name NULL = all */
	bool allowed;
};
struct og_doctor_kind {
	const char *resource, *version; /* "grafanastacks", "v1alpha1" */
	bool present, served;		/* any version; this one */
	struct og_sv versions;		/* that are served; may be empty */
};

/* A Service and what stands behind it. */
struct og_doctor_service {
	struct og_doctor_known known;
	struct og_sv ns, name, nearest; /* nearest: another's name, where this one is not there */
	uint16_t port;
	bool found, has_port;
	bool external; /* an alias of a host outside */
	bool slices;   /* its endpoints were seen */
	uint32_t ready, not_ready;
};

struct og_doctor_hook {
	bool present;
	struct og_sv name; /* of the registration */
	uint32_t webhooks;
	bool fails_closed, reinvokes;
	bool covers_system, covers_own; /* kube-system; the namespace of its own Service */
	bool skips; /* its selectors leave the namespace in question out, which is no system one */
	int64_t timeout_s;
	bool by_url;
	struct og_doctor_service service;
	struct og_sv path;
	bool ca_given, ca_good;
	uint32_t ca_count;
	int64_t ca_not_before, ca_not_after; /* of the one that lasts longest */
};

enum og_doctor_refusal {
	OG_DR_NONE,
	OG_DR_POD_SECURITY,
	OG_DR_QUOTA,
	OG_DR_OUR_WEBHOOK, /* failurePolicy Fail, and the call failed */
	OG_DR_OTHER_WEBHOOK,
	OG_DR_DRY_RUN, /* another webhook does not take dry runs */
	OG_DR_OTHER,
};
struct og_doctor_call {
	struct og_sv ns, what;	     /* "a pod of deployment/web" */
	bool created;		     /* it would have been */
	bool marked;		     /* and carries our marks */
	bool expected;		     /* it should: a profile is there, it is no system namespace */
	struct og_sv revision, said; /* said: the server's words when it refused */
	enum og_doctor_refusal refusal;
	bool says_tls, says_timeout; /* what of its words tells the cause */
	bool says_ended;	     /* a certificate has: its own, when the CA has not */
	/* A plain request to the webhook through the API server; only after a call failed. */
	bool proxied, reached;
	struct og_sv proxy_said;
};

struct og_doctor_component {
	struct og_sv name, image, version; /* version "" = the image does not say */
	bool webhook, controller;
	int64_t replicas, ready;
};

struct og_doctor_lease {
	bool found;
	struct og_sv holder; /* "" = given back */
	int64_t age_s, duration_s;
};

struct og_doctor_condition {
	struct og_sv type, status, reason, message;
};
struct og_doctor_stack {
	struct og_sv name, endpoint;
	bool has_endpoint, discovers; /* discovers: by slug */
	bool wants_credentials;
	const struct og_doctor_condition *conditions;
	uint32_t nconditions;
	/* The Secret that people made. */
	struct og_doctor_known secret_known;
	struct og_sv secret_ns, secret_name;
	enum og_credential_state secret_state;
	struct og_sv secret_message;
	struct og_findings secret_findings;
	/* Where it sends: in the cluster, or outside. */
	struct og_sv host;
	bool outside;
	bool in_pod; /* localhost: a container beside it, which no Service tells of */
	struct og_doctor_service service;
};

struct og_doctor_refused {
	struct og_sv name, problem; /* "TelemetryProfile/shop" */
};

struct og_doctor_facts {
	int64_t now_s;
	bool files;			 /* from files alone */
	struct og_sv server, ns, target; /* target "deployment/web"; "" = the cluster */
	struct og_doctor_known part[OG_DP_COUNT_];

	struct og_sv version; /* of Kubernetes */
	struct og_sv user;    /* as the API server calls who asks; "" = unknown */
	int http;	      /* of the first question; 0 = no answer */
	bool skew_known;
	int64_t skew_s; /* local clock minus the server's */

	const struct og_doctor_right *rights;
	uint32_t nrights;
	struct og_doctor_kind kinds[3];
	struct og_doctor_hook hook;
	struct og_doctor_call call;
	const struct og_doctor_component *components;
	uint32_t ncomponents;
	const char *tool_version;
	struct og_doctor_lease lease;

	uint32_t nstacks, nprofiles; /* in force */
	bool has_default;
	const struct og_doctor_refused *refused;
	uint32_t nrefused;
	struct og_doctor_stack *stacks; /* of a workload its own alone */
	uint32_t nlooked;

	const struct og_telemetry_row *row;  /* the workload in question; NULL = none */
	const struct og_telemetry_row *rows; /* all, without one in question */
	uint32_t nrows;
	const struct og_audit_blind *blind; /* audit/session.h */
	uint32_t nblind;
};

/* ---- rungs ---- */

enum og_rung {
	OG_RUNG_ACCESS,
	OG_RUNG_RIGHTS,
	OG_RUNG_KINDS,
	OG_RUNG_WEBHOOK,
	OG_RUNG_CERTIFICATES,
	OG_RUNG_CONFIG,
	OG_RUNG_ADMISSION,
	OG_RUNG_CONTROLLER,
	OG_RUNG_CREDENTIALS,
	OG_RUNG_RECEIVER,
	OG_RUNG_WORKLOADS, /* without a workload in question: all of them, in short */
	OG_RUNG_NETWORK,
	OG_RUNG_OPT_IN,
	OG_RUNG_INJECTION,
	OG_RUNG_ROLLOUT,
	OG_RUNG_EXPORT,
	OG_RUNG_ARRIVAL,
	OG_RUNG_CORRELATION,
	OG_RUNG_COUNT_
};

enum og_doctor_end {
	OG_DE_NOT_REACHED, /* a rung before it is broken */
	OG_DE_NA,
	OG_DE_PASS,
	OG_DE_WARN, /* a pass that somebody should read */
	OG_DE_UNKNOWN,
	OG_DE_BROKEN,
	OG_DE_COUNT_
};
const char *og_doctor_end_name(enum og_doctor_end e); /* "pass", "broken", … */

struct og_doctor_step;
struct og_doctor_rule;
struct og_doctor_rung {
	enum og_rung rung;
	const char *id;		/* "webhook" */
	const char *title;	/* "the webhook is registered and called" */
	unsigned needs;		/* 1 << enum og_doctor_part; what is not SEEN makes it UNKNOWN */
	bool workload, cluster; /* part of the ladder of one workload; of a cluster alone */
	/* After the rules, none of which broke it: whether it applies, what is wrong that no rule
	 * tells, and what was seen. May turn a pass into anything else. */
	void (*check)(const struct og_doctor_facts *f, struct og_arena *arena,
		struct og_doctor_step *step);
};
extern const struct og_doctor_rung og_doctor_rungs[OG_RUNG_COUNT_];

/* ---- rules ---- */

/* What a finding does to its rung. */
enum og_doctor_weight {
	OG_DW_NOTE,
	OG_DW_WARNS,
	OG_DW_UNKNOWN,
	OG_DW_BREAKS,
};

struct og_doctor_said {
	const struct og_doctor_rule *rule;
	const struct og_finding_def *def;
	struct og_sv message, place, fix; /* fix: of this very case, else the table's */
};

struct og_doctor_rule {
	const char *finding; /* id */
	enum og_rung rung;
	enum og_doctor_weight weight;
	char tier; /* what proves it: 'O' an object, 'P' a call, 'B' a backend, 'H' a guess */
	/* Pure. Message, place and fix are the arena's or static. */
	bool (*holds)(const struct og_doctor_facts *f, const struct og_doctor_rule *r,
		struct og_arena *arena, struct og_doctor_said *ret);
};
extern const struct og_doctor_rule og_doctor_rules[];
extern const size_t og_doctor_nrules;

/* ---- the report ---- */

struct og_doctor_step {
	const struct og_doctor_rung *rung;
	enum og_doctor_end end;
	struct og_sv evidence;	     /* one sentence: what was seen, or why it was not */
	struct og_sv fix;	     /* of a broken rung without a finding */
	struct og_sv right;	     /* YAML of the rule that is missing; "" = none */
	struct og_doctor_said *said; /* what breaks it first */
	uint32_t nsaid;
};

/* Workloads of which the same link is the first broken one, for the same reason. */
enum { OG_DOCTOR_NAMES = 3 };
struct og_doctor_group {
	enum og_link link;
	enum og_result result;	  /* FAIL or UNKNOWN */
	struct og_sv reason, fix; /* of the first one */
	const char *finding;	  /* NULL = none */
	uint32_t n;
	struct og_sv names[OG_DOCTOR_NAMES]; /* "shop deployment/web" */
};

struct og_doctor_report {
	struct og_doctor_step step[OG_RUNG_COUNT_]; /* those of this ladder, in order */
	uint32_t n;
	const struct og_doctor_step *broken; /* NULL = none */
	bool unknown;			     /* a rung is */
	uint32_t opted_in, fine;	     /* workloads */
	const struct og_doctor_group *groups;
	uint32_t ngroups;
};

/* Errors: OOM. Facts have to outlive the report. */
int og_doctor_judge(const struct og_doctor_facts *f, struct og_arena *arena,
	struct og_doctor_report *ret, struct og_err *err);

/* ---- gathering ---- */

struct og_doctor_ask {
	struct og_kube_access *access; /* taken over, also on an error */
	const char *ns;		       /* NULL = all namespaces; needed with a target */
	const char *const *target;     /* operands: "deployment/web" or "deployment" "web" */
	size_t ntarget;		       /* 0 = the cluster */
	const char *registration;      /* NULL = "otelgate" */
	bool no_dry_run;
	const struct og_audit_ask *backends; /* are asked what arrives; NULL = they are not */
	int64_t timeout_ms;		     /* for all of it; 0 = 60 s */
	int64_t now_s;
	const char *tool_version;
	void *ctx;
	/* What is being looked at, about once a second. Optional. */
	void (*progress)(void *ctx, const char *what);
};

/*
 * Facts of a cluster; what is missing is in them. Errors: USAGE (no such kind of workload),
 * NOT_FOUND (no workload of that name), LIMIT (several), OOM.
 */
int og_doctor_collect_cluster(const struct og_doctor_ask *ask, struct og_arena *arena,
	struct og_doctor_facts *ret, struct og_err *err);

/*
 * Facts of files: what needs no cluster. `target` as above; with a single workload among the files
 * it need not be named. Errors: as og_audit_collect_files without CONFIG, which is a fact; USAGE,
 * NOT_FOUND and LIMIT as above.
 */
int og_doctor_collect_files(const struct og_audit_files *files, const struct og_audit_want *want,
	const char *const *target, size_t ntarget, struct og_arena *arena,
	struct og_doctor_facts *ret, struct og_err *err);
