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
};

struct og_cluster_kind {
	enum og_cluster_part part;
	const char *group, *version, *resource, *kind; /* group "" = core */
	bool namespaced;
	bool metadata_only;	    /* PartialObjectMetadata; else the whole object is read */
	bool labels;		    /* kept */
	bool optional;		    /* may be absent from a cluster */
	const char *field_selector; /* of the list; NULL = none */
};
const struct og_cluster_kind *og_cluster_kinds(size_t *ret_n);
/* NULL when that kind is not watched. */
const struct og_cluster_kind *og_cluster_kind(struct og_sv group, struct og_sv kind);

/* Who a rule is for. */
enum og_rbac_component { OG_RBAC_WEBHOOK = 1, OG_RBAC_CONTROLLER = 2, OG_RBAC_READER = 4 };
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
