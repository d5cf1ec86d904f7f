/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of watched kinds and of rights agree, and the rights stay narrow. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "otelgate/cluster/kinds.h"
#include "support/suite.h"

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at++)
		if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

static bool may(enum og_rbac_component who, const struct og_cluster_kind *k, const char *verb)
{
	size_t n;
	const struct og_rbac_rule *r = og_rbac_rules(&n);

	for (size_t i = 0; i < n; i++)
		if ((r[i].components & who) && strcmp(r[i].group, k->group) == 0 &&
			has_word(r[i].resources, k->resource) && has_word(r[i].verbs, verb))
			return true;
	return false;
}

START_TEST(what_is_watched_may_be_watched)
{
	static const struct {
		enum og_rbac_component who;
		unsigned parts;
	} who[] = {
		{OG_RBAC_WEBHOOK, OG_CLUSTER_CONFIG | OG_CLUSTER_OWNERS | OG_CLUSTER_REGISTRATION},
		{OG_RBAC_CONTROLLER, OG_CLUSTER_CONFIG | OG_CLUSTER_WORKLOADS |
					     OG_CLUSTER_PODSTATES | OG_CLUSTER_REGISTRATION |
					     OG_CLUSTER_POLICIES | OG_CLUSTER_SERVICES |
					     OG_CLUSTER_TELEMETRY},
		{OG_RBAC_READER, OG_CLUSTER_CONFIG | OG_CLUSTER_OWNERS | OG_CLUSTER_PODS |
					 OG_CLUSTER_REGISTRATION | OG_CLUSTER_STATUSES}};
	static const char *const verbs[] = {"list", "watch"};
	size_t n;
	const struct og_cluster_kind *k = og_cluster_kinds(&n);

	for (size_t i = 0; i < OG_COUNT(who); i++)
		for (size_t j = 0; j < n; j++)
			for (size_t v = 0; v < OG_COUNT(verbs); v++)
				if (who[i].parts & k[j].part)
					ck_assert_msg(may(who[i].who, &k[j], verbs[v]), "%u %s %s",
						who[i].who, verbs[v], k[j].resource);
}
END_TEST

/* The credentials' own watch is no row of the table: it has a name, and there may be several. */
START_TEST(the_distributed_secrets_may_be_watched)
{
	const struct og_cluster_kind secret = {.group = "", .resource = "secrets"};

	ck_assert(may(OG_RBAC_CONTROLLER, &secret, "get"));
	ck_assert(may(OG_RBAC_CONTROLLER, &secret, "list"));
	ck_assert(may(OG_RBAC_CONTROLLER, &secret, "watch"));
}
END_TEST

START_TEST(the_webhook_may_not_read_pods)
{
	ck_assert(!may(OG_RBAC_WEBHOOK, og_cluster_kind(OG_SV(""), OG_SV("Pod")), "list"));
}
END_TEST

START_TEST(rights_are_narrow)
{
	size_t n;
	const struct og_rbac_rule *r = og_rbac_rules(&n);
	static const char *const never[] = {
		"*", "deletecollection", "escalate", "bind", "impersonate"};
	/* What otelgate makes itself may be deleted by it. */
	static const char *const own[] = {
		"secrets", "networkpolicies", "ciliumnetworkpolicies", "workloadtelemetries"};

	for (size_t i = 0; i < n; i++) {
		ck_assert_ptr_nonnull(r[i].why);
		for (size_t j = 0; j < OG_COUNT(never); j++)
			ck_assert_msg(!has_word(r[i].verbs, never[j]), "rule %zu", i);
		ck_assert(!strchr(r[i].resources, '*') && !strchr(r[i].group, '*'));
		bool ours = false;
		for (size_t j = 0; j < OG_COUNT(own); j++)
			ours |= strcmp(r[i].resources, own[j]) == 0;
		ck_assert_msg(ours || !has_word(r[i].verbs, "delete"), "rule %zu", i);
		if (!has_word(r[i].resources, "secrets"))
			continue;
		/* create cannot be limited to a name unless it is an apply, everything else is. */
		ck_assert(r[i].names || strcmp(r[i].verbs, "create") == 0);
		ck_assert(r[i].own_namespace || strcmp(r[i].names, OG_CLUSTER_SECRET_NAME) == 0);
	}
}
END_TEST

/* What the base installs never changes a workload; the optional role changes nothing else. */
START_TEST(only_the_optional_role_changes_workloads)
{
	static const char *const kinds[] = {"deployments", "statefulsets", "daemonsets", "rollouts",
		"replicasets", "pods", "jobs", "cronjobs"};
	static const char *const writes[] = {"create", "update", "patch", "delete"};
	size_t n, changes = 0;
	const struct og_rbac_rule *r = og_rbac_rules(&n);

	for (size_t i = 0; i < n; i++) {
		if (r[i].components & OG_RBAC_RESTARTS) {
			ck_assert_int_eq(r[i].components, OG_RBAC_RESTARTS);
			ck_assert_str_eq(r[i].verbs, "patch");
			ck_assert(!has_word(r[i].resources, "pods"));
			ck_assert(!r[i].own_namespace);
			changes++;
			continue;
		}
		for (size_t k = 0; k < OG_COUNT(kinds); k++)
			for (size_t v = 0; v < OG_COUNT(writes); v++)
				ck_assert_msg(!has_word(r[i].resources, kinds[k]) ||
						      !has_word(r[i].verbs, writes[v]),
					"rule %zu may %s %s", i, writes[v], kinds[k]);
	}
	ck_assert_uint_eq(changes, 2);
}
END_TEST

START_TEST(a_kind_is_found_by_group_and_name)
{
	ck_assert_str_eq(
		og_cluster_kind(OG_SV("apps"), OG_SV("ReplicaSet"))->resource, "replicasets");
	ck_assert_ptr_null(og_cluster_kind(OG_SV("extensions"), OG_SV("ReplicaSet")));
	ck_assert_ptr_null(og_cluster_kind(OG_SV(""), OG_SV("Deployment")));
	ck_assert_ptr_null(og_cluster_kind(OG_SV("apps"), OG_SV("replicaset")));
}
END_TEST

START_TEST(people_get_a_role_and_no_binding)
{
	struct og_buf b = OG_BUF_INIT(1 << 20);

	og_rbac_manifest(OG_RBAC_READER, "og", NULL, "x", &b);
	og_buf_ch(&b, '\0');
	ck_assert_ptr_nonnull(strstr(b.p, "kind: ClusterRole\n"));
	ck_assert_ptr_null(strstr(b.p, "Binding"));
	ck_assert_ptr_null(strstr(b.p, "patch"));
	og_buf_fini(&b);
}
END_TEST

START_TEST(a_service_account_is_bound_where_it_is)
{
	struct og_buf b = OG_BUF_INIT(1 << 20);

	og_rbac_manifest(OG_RBAC_WEBHOOK, "og", "acct", "here", &b);
	og_buf_ch(&b, '\0');
	ck_assert_ptr_nonnull(strstr(b.p, "kind: RoleBinding\nmetadata:\n  name: og-webhook\n"
					  "  namespace: here\n"));
	ck_assert_ptr_nonnull(strstr(b.p, "  name: acct\n  namespace: here\n"));
	ck_assert_ptr_nonnull(strstr(b.p, "resourceNames: [\"otelgate-webhook-ca\"]"));
	og_buf_fini(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cluster/kinds");
	TCase *tc = tcase_create("kinds");
	tcase_add_test(tc, what_is_watched_may_be_watched);
	tcase_add_test(tc, the_distributed_secrets_may_be_watched);
	tcase_add_test(tc, the_webhook_may_not_read_pods);
	tcase_add_test(tc, rights_are_narrow);
	tcase_add_test(tc, only_the_optional_role_changes_workloads);
	tcase_add_test(tc, a_kind_is_found_by_group_and_name);
	tcase_add_test(tc, people_get_a_role_and_no_binding);
	tcase_add_test(tc, a_service_account_is_bound_where_it_is);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
