/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What otelgate reads and writes in a cluster: one table of watched kinds and one of RBAC rules.
 * The Roles in manifests/ are generated from them.
 */
#include <stdbool.h>
#include <stddef.h>
#include "otelgate/base/str.h"

/* Parts of the cluster that a process may want to know. */
enum og_cluster_part {
	OG_CLUSTER_CONFIG = 1,	     /* GrafanaStack, TelemetryProfile */
	OG_CLUSTER_OWNERS = 2,	     /* namespaces and what owns pods; metadata only */
	OG_CLUSTER_PODS = 4,	     /* all pods; metadata only */
	OG_CLUSTER_REGISTRATION = 8, /* our MutatingWebhookConfiguration */
	/* The controller's. WORKLOADS takes the place of OWNERS, PODSTATES that of PODS: the same
	 * kinds as whole objects, of which cluster/projections.h says what is kept. */
	OG_CLUSTER_WORKLOADS = 16,
	OG_CLUSTER_PODSTATES = 32,
	OG_CLUSTER_POLICIES = 64,   /* NetworkPolicy */
	OG_CLUSTER_SERVICES = 128,  /* Service */
	OG_CLUSTER_TELEMETRY = 256, /* WorkloadTelemetry: what was written before */
	OG_CLUSTER_STATUSES = 512,  /* the same, whole, for those who read it; not together */
};

/* The default of GrafanaStack spec.distribute.secretName. */
#define OG_CLUSTER_SECRET_NAME "otelgate-otlp"

struct og_cluster_kind {
	enum og_cluster_part part;
	const char *group, *version, *resource, *kind; /* group "" = core */
	bool namespaced;
	bool metadata_only;	    /* PartialObjectMetadata; else the whole object is read */
	bool labels;		    /* kept */
	bool optional;		    /* may be absent from a cluster */
	const char *field_selector; /* of the list; NULL = none */
	bool by_owner;		    /* indexed by the uid of the controller owner */
};
const struct og_cluster_kind *og_cluster_kinds(size_t *ret_n);
/* NULL when that kind is not watched; of several rows the first. */
const struct og_cluster_kind *og_cluster_kind(struct og_sv group, struct og_sv kind);

/* Who a rule is for. */
enum og_rbac_component {
	OG_RBAC_WEBHOOK = 1,
	OG_RBAC_CONTROLLER = 2,
	OG_RBAC_READER = 4,
	OG_RBAC_RESTARTS = 8, /* given to the controller only where restarts are managed */
};
struct og_rbac_rule {
	unsigned components; /* enum og_rbac_component, ORed */
	bool own_namespace;  /* a Role in otelgate's namespace; else a ClusterRole */
	const char *group;
	const char *resources; /* separated by blanks */
	const char *names;     /* resourceNames, separated by blanks; NULL = all */
	const char *verbs;     /* separated by blanks */
	const char *why;       /* one sentence */
};
const struct og_rbac_rule *og_rbac_rules(size_t *ret_n);
/*
 * Roles, ClusterRoles and their bindings of one component as YAML documents, for the
 * ServiceAccount `account` in namespace `ns` (NULL: no bindings); `prefix` begins the names
 * ("otelgate").
 */
void og_rbac_manifest(enum og_rbac_component component, const char *prefix, const char *account,
	const char *ns, struct og_buf *out);
