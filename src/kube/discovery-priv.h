/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "client-priv.h"

enum {
	DISC_RESOURCES = 20000, /* a cluster with 500 CRDs has some 700 */
	DISC_VERSIONS = 4000,
};

/* One version of one group, in the server's order of preference. */
struct disc_version {
	struct og_sv group, version;
	bool known; /* its resources are listed; false: they could not be asked for, or are stale */
};

struct disc_table {
	struct og_arena arena;
	struct disc_version *versions;
	size_t nversions, cap_versions;
	struct og_kube_api *apis; /* grouped by version, in the order of `versions` or later */
	size_t napis, cap_apis;
};
void disc_table_init(struct disc_table *t);
void disc_table_fini(struct disc_table *t);
/* NULL when memory is out or there are too many. */
struct disc_version *disc_add_version(
	struct disc_table *t, struct og_sv group, struct og_sv version, bool known);

/* What came from /api or /apis. */
enum disc_form { DISC_AGGREGATED, DISC_CLASSIC };
/* Reads APIGroupDiscoveryList (v2 and v2beta1), APIGroupList or APIVersions; what is in `doc` is
 * copied. Parts that make no sense are left out. PARSE for anything else, LIMIT, OOM. */
int disc_read_groups(
	struct disc_table *t, const struct og_jdoc *doc, enum disc_form *ret, struct og_err *err);
/* Reads an APIResourceList of that version. */
int disc_read_resources(struct disc_table *t, const struct og_jdoc *doc,
	const struct disc_version *v, struct og_err *err);
/* The resource by plural name or kind; version "" = the first that has it. *ret_unsure: it is not
 * there, but versions of the group are not known. */
const struct og_kube_api *disc_find(const struct disc_table *t, struct og_sv group,
	struct og_sv version, struct og_sv name, bool *ret_unsure);
