/* SPDX-License-Identifier: Apache-2.0 */
/* Network policies as the running controller makes, repairs and removes them, seen through the
 * simulated API server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "support/controller_run.h"
#include "support/suite.h"

#define NP   "networkpolicies.networking.k8s.io"
#define CNP  "ciliumnetworkpolicies.cilium.io"
#define NAME "otelgate-egress-deployment-web"
#define UID  "00000000-0000-4000-8000-0000000000d1"
#define STACK(endpoint)                                                                \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n" \
	"spec: {receiver: {endpoint: '" endpoint "'}}\n"
#define PROFILE(more)                                                                      \
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n" \
	"spec: {stack: s, default: true" more "}\n"
#define NS(name, more)                                                                 \
	"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"" name \
	"\",\"labels\":{\"kubernetes.io/metadata.name\":\"" name "\"" more "}}}"
#define POLICY(ns, name, spec)                                                               \
	"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{" \
	"\"name\":\"" name "\",\"namespace\":\"" ns "\"},\"spec\":{" spec "}}"
#define DENY	  "\"podSelector\":{},\"policyTypes\":[\"Egress\"]"
#define ALLOW_ALL "\"podSelector\":{},\"policyTypes\":[\"Egress\"],\"egress\":[{}]"
#define DENY_IN	  "\"podSelector\":{},\"policyTypes\":[\"Ingress\"]"

#define TWO_RECEIVERS                                                                        \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"       \
	"spec: {receiver: {endpoint: 'http://alloy.monitoring:4318', endpoints: {profiles: " \
	"'http://alloy.monitoring:4040'}}}\n"

static struct cr run;
static bool up;

static void deployment(const char *annotations)
{
	cr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
		"\"namespace\":\"shop\",\"generation\":1,\"uid\":\"" UID
		"\"},\"spec\":{\"replicas\":0,"
		"\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"template\":{\"metadata\":{"
		"\"labels\":{\"app\":\"web\",\"tier\":\"front\"},\"annotations\":{%s}},\"spec\":{"
		"\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]}}}}",
		annotations);
}
#define IN "\"otelgate.dev/inject\":\"true\""

static void receiver(const char *target, const char *port, const char *pod_port)
{
	cr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"alloy\","
		"\"namespace\":\"monitoring\",\"uid\":\"svc-uid\"},\"spec\":{\"selector\":{\"app\":"
		"\"alloy\"},\"ports\":[{\"name\":\"otlp\",\"port\":4318,\"protocol\":\"TCP\","
		"\"targetPort\":%s}]}}",
		target);
	cr_putf("{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{"
		"\"name\":\"alloy-1\",\"namespace\":\"monitoring\",\"labels\":{"
		"\"kubernetes.io/service-name\":\"alloy\"}},\"addressType\":\"IPv4\",\"endpoints\":[{"
		"\"addresses\":[\"10.1.1.20\"],\"targetRef\":{\"kind\":\"Pod\",\"name\":\"alloy-0\","
		"\"namespace\":\"monitoring\"}}],\"ports\":[{\"name\":\"otlp\",\"port\":%s,"
		"\"protocol\":\"TCP\"}]}",
		port);
	cr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"alloy-0\","
		"\"namespace\":\"monitoring\",\"labels\":{\"app\":\"alloy\",\"role\":\"collector\"}},"
		"\"spec\":{%s\"containers\":[{\"name\":\"alloy\",\"image\":\"a\",\"ports\":[{"
		"\"name\":\"otlp-http\",\"containerPort\":%s}]}]},\"status\":{\"phase\":\"Running\"}}",
		pod_port, port);
}

static void setup(void)
{
	cr_setup();
	cr_crd("workloadtelemetries");
	cr_apply(STACK("http://alloy.monitoring:4318"));
	cr_apply(PROFILE(""));
	cr_put(NS("shop", ""));
	cr_put(NS("monitoring", ""));
	cr_put(NS("kube-system", ""));
	receiver("\"otlp-http\"", "12345", "");
	deployment(IN);
	cr_init(&run, "a");
	run.o.no_lease = true;
	up = false;
}

static void begin(void)
{
	cr_begin(&run, NULL);
	up = true;
}

static void teardown(void)
{
	if (up)
		ck_assert_int_eq(cr_end(&run), 0);
	cr_teardown();
}

static bool made(void)
{
	return cr_get(NP, "shop", NAME) != NULL;
}

static uint64_t writes(const char *resource)
{
	return og_sim_requests(cr_sim, "create", resource) +
	       og_sim_requests(cr_sim, "patch", resource) +
	       og_sim_requests(cr_sim, "delete", resource);
}

/* Until the controller has looked at everything once, and what it may do wrongly is done. */
static bool settled(void)
{
	return cr_metric(&run,
		       "controller_runtime_reconcile_total{controller=\"egress\",result=\"success\"}") >
		       0 &&
	       cr_metric(&run,
		       "workqueue_depth{name=\"egress\",controller=\"egress\",priority=\"0\"}") <=
		       0;
}
#define SETTLE()                      \
	do {                          \
		CR_UNTIL(settled());  \
		(void)usleep(400000); \
		CR_UNTIL(settled());  \
	} while (0)

/* What the workload's status says of it. */
static bool says(const char *text)
{
	return cr_has("workloadtelemetries.otelgate.dev", "shop", "deployment-web", text);
}
#define REASON(word) "\"reason\":\"" word "\""

/* ---- what is made and what is not ---- */

START_TEST(nothing_isolates_and_nothing_is_made)
{
	begin();
	SETTLE();
	ck_assert(!made());
	ck_assert_uint_eq(writes("networkpolicies"), 0);
	CR_UNTIL(says(REASON("NotIsolated")));
	/* nor is anybody asked what is behind the Service */
	ck_assert_uint_eq(og_sim_requests(cr_sim, "list", "endpointslices"), 0);
}
END_TEST

START_TEST(a_default_deny_is_opened_for_receiver_and_dns)
{
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	CR_UNTIL(made());
	const char *o = cr_get(NP, "shop", NAME);
	ck_assert_ptr_nonnull(strstr(o, "\"port\":12345")); /* of the pods, not of the Service */
	ck_assert_ptr_null(strstr(o, "4318"));
	ck_assert_ptr_nonnull(strstr(o, "\"k8s-app\":\"kube-dns\""));
	ck_assert_ptr_nonnull(strstr(o, "\"kubernetes.io/metadata.name\":\"monitoring\""));
	ck_assert_ptr_nonnull(strstr(o, "\"app.kubernetes.io/managed-by\":\"otelgate\""));
	ck_assert_ptr_nonnull(strstr(o, "\"uid\":\"" UID "\""));
	ck_assert_ptr_nonnull(strstr(o, "\"kind\":\"Deployment\""));
	SETTLE();
	CR_UNTIL(says(REASON("PolicyApplied")));
	ck_assert(!says("OG512"));
	ck_assert_uint_eq(writes("networkpolicies"), 1); /* and left alone afterwards */
	ck_assert_uint_eq(og_sim_requests(cr_sim, "list", "endpointslices"), 1);
}
END_TEST

START_TEST(it_goes_when_the_other_one_goes)
{
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	CR_UNTIL(made());
	ck_assert_int_eq(og_sim_delete(cr_sim, NP, "shop", "deny", NULL), 0);
	CR_UNTIL(!made());
	cr_put(POLICY("shop", "deny", DENY));
	CR_UNTIL(made());
	cr_put(POLICY("shop", "allow", ALLOW_ALL));
	CR_UNTIL(!made());
	CR_UNTIL(says(REASON("AllowedByPolicy")));
	ck_assert_int_eq(og_sim_delete(cr_sim, NP, "shop", "allow", NULL), 0);
	CR_UNTIL(made());
}
END_TEST

START_TEST(what_does_not_select_the_pods_closes_nothing)
{
	cr_put(POLICY("shop", "a",
		"\"podSelector\":{\"matchLabels\":{\"app\":\"db\"}},"
		"\"policyTypes\":[\"Egress\"]"));
	cr_put(POLICY("shop", "b", DENY_IN));
	cr_put(POLICY("monitoring", "c", DENY));
	begin();
	SETTLE();
	ck_assert(!made());
}
END_TEST

START_TEST(it_is_repaired)
{
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	CR_UNTIL(made());
	ck_assert_int_eq(og_sim_delete(cr_sim, NP, "shop", NAME, NULL), 0);
	CR_UNTIL(made());
	/* edited: everything allowed */
	cr_put("{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{"
	       "\"name\":\"" NAME "\",\"namespace\":\"shop\",\"labels\":{"
	       "\"app.kubernetes.io/managed-by\":\"otelgate\"}},\"spec\":{" ALLOW_ALL "}}");
	CR_UNTIL(cr_has(NP, "shop", NAME, "12345"));
	ck_assert(cr_has(NP, "shop", NAME, UID));
	ck_assert(!cr_has(NP, "shop", NAME, "\"egress\":[{}]"));
}
END_TEST

static void switch_off(int how)
{
	if (how == 0)
		deployment("\"otelgate.dev/inject\":\"false\"");
	else if (how == 1)
		deployment(IN ",\"otelgate.dev/network-policy\":\"off\"");
	else if (how == 2)
		cr_apply(PROFILE(", networkPolicy: 'off'"));
	else
		ck_assert_int_eq(og_sim_delete(cr_sim, "deployments.apps", "shop", "web", NULL), 0);
}

START_TEST(it_goes_with_what_asked_for_it)
{
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	CR_UNTIL(made());
	switch_off(_i);
	CR_UNTIL(!made());
	SETTLE();
	ck_assert(!made());
}
END_TEST

START_TEST(orphans_go_and_others_stay)
{
	static const char ours[] =
		"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{"
		"\"name\":\"otelgate-egress-deployment-%s\",\"namespace\":\"shop\",\"labels\":{%s},"
		"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
		"\"name\":\"%s\",\"uid\":\"u\",\"controller\":true}]},\"spec\":{" DENY "}}";
	cr_putf(ours, "gone", "\"app.kubernetes.io/managed-by\":\"otelgate\"", "gone");
	cr_putf(ours, "helm", "\"app.kubernetes.io/managed-by\":\"Helm\"", "helm");
	begin();
	CR_UNTIL(!cr_get(NP, "shop", "otelgate-egress-deployment-gone"));
	SETTLE();
	ck_assert_ptr_nonnull(cr_get(NP, "shop", "otelgate-egress-deployment-helm"));
}
END_TEST

/* ---- receivers ---- */

START_TEST(receivers_in_the_network_of_their_node)
{
	receiver("4318", "4318", "\"hostNetwork\":true,");
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	CR_UNTIL(made());
	ck_assert(cr_has(NP, "shop", NAME, "\"cidr\":\"10.1.1.20/32\""));
	ck_assert(!cr_has(NP, "shop", NAME, "\"app\":\"alloy\""));
}
END_TEST

START_TEST(a_change_behind_the_service_is_seen)
{
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	CR_UNTIL(made());
	receiver("\"otlp-http\"", "4444", "");
	cr_put("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"alloy\","
	       "\"namespace\":\"monitoring\",\"uid\":\"svc-uid\",\"labels\":{\"a\":\"b\"}},\"spec\":{"
	       "\"selector\":{\"app\":\"alloy\"},\"ports\":[{\"name\":\"otlp\",\"port\":4318,"
	       "\"protocol\":\"TCP\",\"targetPort\":\"otlp-http\"}]}}");
	CR_UNTIL(cr_has(NP, "shop", NAME, "\"port\":4444"));
	ck_assert(!cr_has(NP, "shop", NAME, "12345"));
}
END_TEST

START_TEST(pods_that_come_and_go_are_not_asked_for_all_the_time)
{
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	CR_UNTIL(made());
	for (int i = 0; i < 50; i++)
		cr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"x-%d\","
			"\"namespace\":\"monitoring\"},\"spec\":{\"containers\":[]}}",
			i);
	SETTLE();
	ck_assert_uint_eq(og_sim_requests(cr_sim, "list", "endpointslices"), 1);
}
END_TEST

START_TEST(a_host_outside_is_never_opened_unasked)
{
	cr_apply(STACK("https://otlp-gateway.example.com/otlp"));
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	SETTLE();
	ck_assert(!made());
	ck_assert_uint_eq(writes("networkpolicies"), 0);
	CR_UNTIL(says(REASON("ExternalHost")) && says("OG515"));
	cr_apply(PROFILE(", networkPolicyCidrs: [203.0.113.0/24]"));
	CR_UNTIL(made());
	ck_assert(cr_has(NP, "shop", NAME, "\"cidr\":\"203.0.113.0/24\""));
	ck_assert(cr_has(NP, "shop", NAME, "\"port\":443"));
	ck_assert(!cr_has(NP, "shop", NAME, "0.0.0.0/0"));
	cr_apply(PROFILE(""));
	CR_UNTIL(!made());
}
END_TEST

/* What is wrong with the receiver of an optional signal alone is said, and closes no way of the
 * others. */
START_TEST(an_optional_receiver_stops_nobody)
{
	cr_apply(TWO_RECEIVERS);
	cr_apply(PROFILE(", signals: {profiles: optional}"));
	begin();
	CR_UNTIL(says(REASON("NotIsolated")) && says("OG524"));
	ck_assert(says("Service monitoring/alloy has no port 4040."));
	ck_assert(!says("OG509"));
	/* ours opens the way of the others */
	cr_put(POLICY("shop", "deny", DENY));
	CR_UNTIL(made() && says(REASON("PolicyApplied")) && says("OG524"));
	ck_assert(cr_has(NP, "shop", NAME, "\"port\":12345"));
	ck_assert(!says("OG512"));
	/* expected, it does */
	cr_apply(PROFILE(", signals: {profiles: expected}"));
	CR_UNTIL(says(REASON("ServicePort")) && says("OG509"));
	ck_assert(!says("OG524"));
	cr_apply(PROFILE(", signals: {profiles: 'off'}"));
	CR_UNTIL(says(REASON("PolicyApplied")) && !says("OG509"));
	ck_assert(!says("OG524"));
}
END_TEST

START_TEST(a_receiver_that_is_not_there)
{
	const char *const stacks[] = {
		STACK("http://alloy.monitoring.svc:4318"), STACK("http://alloy.monitoring:9999")};
	if (_i == 0)
		ck_assert_int_eq(og_sim_delete(cr_sim, "services", "monitoring", "alloy", NULL), 0);
	cr_apply(stacks[_i]);
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	SETTLE();
	ck_assert(!made());
	CR_UNTIL(says(_i ? REASON("ServicePort") : REASON("ServiceUnknown")));
	/* it comes */
	receiver("4318", "4318", "");
	cr_apply(STACK("http://alloy.monitoring:4318"));
	CR_UNTIL(made());
	/* what has been made stays when it goes again, while others isolate */
	ck_assert_int_eq(og_sim_delete(cr_sim, "services", "monitoring", "alloy", NULL), 0);
	cr_apply(STACK("http://alloy.monitoring.svc:4318"));
	SETTLE();
	ck_assert(made());
	ck_assert_int_eq(og_sim_delete(cr_sim, NP, "shop", "deny", NULL), 0);
	CR_UNTIL(!made());
}
END_TEST

START_TEST(a_receiver_in_the_pod_needs_no_way)
{
	const char *const stacks[] = {STACK("http://localhost:4318"),
		STACK("http://127.0.0.1:4318"), STACK("http://[::1]:4318")};
	cr_apply(stacks[_i]);
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	SETTLE();
	ck_assert(!made());
	CR_UNTIL(says("The receiver runs in the pods themselves"));
	ck_assert(!says(REASON("ServiceUnknown")) && !says("OG508"));
}
END_TEST

START_TEST(the_receivers_side_is_opened_when_asked)
{
	static const char name[] = "otelgate-ingress-service-alloy";
	cr_put(POLICY("monitoring", "deny", DENY_IN));
	begin();
	SETTLE();
	ck_assert_ptr_null(cr_get(NP, "monitoring", name));
	CR_UNTIL(says(REASON("ReceiverDenies")) && says("OG517"));
	cr_apply(PROFILE(", networkPolicyReceiver: manage"));
	CR_UNTIL(cr_get(NP, "monitoring", name) != NULL);
	ck_assert(cr_has(NP, "monitoring", name, "\"values\":[\"shop\"]"));
	ck_assert(cr_has(NP, "monitoring", name, "\"key\":\"otelgate.dev/revision\""));
	ck_assert(cr_has(NP, "monitoring", name, "12345"));
	ck_assert(cr_has(NP, "monitoring", name, "\"uid\":\"svc-uid\""));
	ck_assert(!made());
	CR_UNTIL(!says(REASON("ReceiverDenies")) && !says("OG517"));
	ck_assert_int_eq(og_sim_delete(cr_sim, NP, "monitoring", name, NULL), 0);
	CR_UNTIL(cr_get(NP, "monitoring", name) != NULL);
	ck_assert_int_eq(og_sim_delete(cr_sim, NP, "monitoring", "deny", NULL), 0);
	CR_UNTIL(!cr_get(NP, "monitoring", name));
	cr_put(POLICY("monitoring", "deny", DENY_IN));
	CR_UNTIL(cr_get(NP, "monitoring", name) != NULL);
	cr_apply(PROFILE(", networkPolicyReceiver: report"));
	CR_UNTIL(!cr_get(NP, "monitoring", name));
}
END_TEST

/* ---- what stands in the way ---- */

START_TEST(a_foreign_policy_is_left_as_it_is)
{
	cr_put(POLICY("shop", "deny", DENY));
	cr_put(POLICY("shop", NAME, DENY_IN));
	char *before = og_strdup(cr_get(NP, "shop", NAME));
	begin();
	SETTLE();
	CR_UNTIL(says(REASON("ForeignPolicy")));
	ck_assert_str_eq(before, cr_get(NP, "shop", NAME));
	ck_assert_uint_eq(writes("networkpolicies"), 0);
	og_free(before);
	/* nor is it removed with the workload */
	deployment("\"otelgate.dev/inject\":\"false\"");
	SETTLE();
	ck_assert(made());
	/* gone, ours takes its place */
	deployment(IN);
	ck_assert_int_eq(og_sim_delete(cr_sim, NP, "shop", NAME, NULL), 0);
	CR_UNTIL(cr_has(NP, "shop", NAME, "12345"));
}
END_TEST

static void fault(const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_fault(cr_sim, json, &err) == 0, "%s", err.msg);
}

START_TEST(refusals_are_tried_again)
{
	static const char *const answers[] = {"\"code\":409,\"reason\":\"AlreadyExists\"",
		"\"code\":403,\"reason\":\"Forbidden\"",
		"\"code\":500,\"reason\":\"InternalError\"", "\"code\":422,\"reason\":\"Invalid\""};
	char rule[400];

	(void)snprintf(rule, sizeof(rule),
		"{\"match\":{\"verb\":\"create\",\"resource\":\"networkpolicies\",\"nth\":1,"
		"\"count\":2},\"action\":{\"type\":\"status\",%s}}",
		answers[_i]);
	fault(rule);
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	CR_UNTIL(made());
	ck_assert_uint_ge(og_sim_faults_hit(cr_sim), 2);
}
END_TEST

START_TEST(a_conflict_while_repairing_and_removing)
{
	fault("[{\"match\":{\"verb\":\"patch\",\"resource\":\"networkpolicies\",\"nth\":1,\"count\":1},"
	      "\"action\":{\"type\":\"status\",\"code\":409,\"reason\":\"Conflict\"}},"
	      "{\"match\":{\"verb\":\"delete\",\"resource\":\"networkpolicies\",\"nth\":1,\"count\":1},"
	      "\"action\":{\"type\":\"status\",\"code\":409,\"reason\":\"Conflict\"}}]");
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	CR_UNTIL(made());
	cr_put("{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{"
	       "\"name\":\"" NAME "\",\"namespace\":\"shop\",\"labels\":{"
	       "\"app.kubernetes.io/managed-by\":\"otelgate\"}},\"spec\":{" ALLOW_ALL "}}");
	CR_UNTIL(cr_has(NP, "shop", NAME, "12345"));
	ck_assert_int_eq(og_sim_delete(cr_sim, NP, "shop", "deny", NULL), 0);
	CR_UNTIL(!made());
}
END_TEST

START_TEST(a_namespace_that_ends_is_let_alone)
{
	fault("{\"match\":{\"verb\":\"create\",\"resource\":\"networkpolicies\",\"nth\":1,\"count\":-1},"
	      "\"action\":{\"type\":\"status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":"
	      "\"unable to create new content in namespace shop because it is being terminated\"}}");
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	CR_UNTIL(og_sim_faults_hit(cr_sim) > 0);
	(void)usleep(1500000); /* the third try would come within that */
	CR_UNTIL(says(REASON("NamespaceTerminating")));
	ck_assert_uint_le(og_sim_faults_hit(cr_sim), 2);
	ck_assert(!made());
}
END_TEST

START_TEST(endpoints_that_may_not_be_read)
{
	fault("{\"match\":{\"verb\":\"list\",\"resource\":\"endpointslices\",\"nth\":1,\"count\":-1},"
	      "\"action\":{\"type\":\"status\",\"code\":403,\"reason\":\"Forbidden\"}}");
	receiver("4318", "4318", "");
	cr_put(POLICY("shop", "deny", DENY));
	begin();
	/* the Service promises enough */
	CR_UNTIL(made());
	ck_assert(cr_has(NP, "shop", NAME, "\"port\":4318"));
	ck_assert(cr_has(NP, "shop", NAME, "\"app\":\"alloy\""));
}
END_TEST

START_TEST(who_does_not_lead_writes_nothing)
{
	cr_put("{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":{"
	       "\"name\":\"otelgate-controller\",\"namespace\":\"default\"},\"spec\":{"
	       "\"holderIdentity\":\"other\",\"leaseDurationSeconds\":3600,"
	       "\"renewTime\":\"2099-01-01T00:00:00.000000Z\"}}");
	cr_put(POLICY("shop", "deny", DENY));
	run.o.no_lease = false;
	begin();
	(void)usleep(1000000);
	ck_assert(!made());
	ck_assert_uint_eq(writes("networkpolicies"), 0);
}
END_TEST

/* ---- policies by host name ---- */

static void cilium(void)
{
	cr_apply(
		"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
		"metadata: {name: ciliumnetworkpolicies.cilium.io}\n"
		"spec: {group: cilium.io, scope: Namespaced, names: {plural: ciliumnetworkpolicies,\n"
		"  singular: ciliumnetworkpolicy, kind: CiliumNetworkPolicy},\n"
		"  versions: [{name: v2, served: true, storage: true, schema: {openAPIV3Schema:\n"
		"  {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}\n");
	cr_apply(STACK("https://otlp-gateway.example.com/otlp"));
	cr_put(POLICY("shop", "deny", DENY));
}

static bool host_made(void)
{
	return cr_get(CNP, "shop", NAME) &&
	       cr_has(CNP, "shop", NAME, "\"matchName\":\"otlp-gateway.example.com\"");
}

START_TEST(where_cilium_is_a_policy_by_host_name_is_made)
{
	cilium();
	begin();
	CR_UNTIL(host_made());
	ck_assert(!made());
	SETTLE();
	ck_assert_uint_eq(writes("ciliumnetworkpolicies"), 1);
	ck_assert_int_eq(og_sim_delete(cr_sim, NP, "shop", "deny", NULL), 0);
	CR_UNTIL(!cr_get(CNP, "shop", NAME));
}
END_TEST

/* It is watched as the others are, and not only looked at every ten minutes. */
START_TEST(a_policy_by_host_name_is_repaired)
{
	cilium();
	begin();
	CR_UNTIL(host_made());
	ck_assert_int_eq(og_sim_delete(cr_sim, CNP, "shop", NAME, NULL), 0);
	CR_UNTIL(host_made());
	cr_put("{\"apiVersion\":\"cilium.io/v2\",\"kind\":\"CiliumNetworkPolicy\",\"metadata\":{"
	       "\"name\":\"" NAME "\",\"namespace\":\"shop\",\"labels\":{"
	       "\"app.kubernetes.io/managed-by\":\"otelgate\"}},\"spec\":{\"endpointSelector\":{},"
	       "\"egress\":[{\"toEntities\":[\"all\"]}]}}");
	CR_UNTIL(host_made());
	ck_assert(cr_has(CNP, "shop", NAME, UID));
	ck_assert(!cr_has(CNP, "shop", NAME, "toEntities"));
	SETTLE();
	ck_assert_uint_eq(writes("ciliumnetworkpolicies"), 3);
}
END_TEST

START_TEST(a_policy_by_host_name_of_someone_else_is_not_touched)
{
	cilium();
	cr_put("{\"apiVersion\":\"cilium.io/v2\",\"kind\":\"CiliumNetworkPolicy\",\"metadata\":{"
	       "\"name\":\"" NAME "\",\"namespace\":\"shop\"},\"spec\":{\"mine\":true}}");
	begin();
	CR_UNTIL(says(REASON("ForeignPolicy")));
	SETTLE();
	ck_assert(cr_has(CNP, "shop", NAME, "\"mine\":true"));
	ck_assert(!cr_has(CNP, "shop", NAME, "matchName"));
	ck_assert_uint_le(writes("ciliumnetworkpolicies"), 2); /* it asked, and does not insist */
	/* its owner takes it away */
	ck_assert_int_eq(og_sim_delete(cr_sim, CNP, "shop", NAME, NULL), 0);
	deployment(IN ",\"otelgate.dev/network-policy\":\"off\"");
	CR_UNTIL(says("Network policies are not looked at."));
	deployment(IN);
	CR_UNTIL(host_made());
}
END_TEST

int main(void)
{
	Suite *s = suite_create("egress");
	TCase *t = tcase_create("egress");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_isolates_and_nothing_is_made);
	tcase_add_test(t, a_default_deny_is_opened_for_receiver_and_dns);
	tcase_add_test(t, it_goes_when_the_other_one_goes);
	tcase_add_test(t, what_does_not_select_the_pods_closes_nothing);
	tcase_add_test(t, it_is_repaired);
	tcase_add_loop_test(t, it_goes_with_what_asked_for_it, 0, 4);
	tcase_add_test(t, orphans_go_and_others_stay);
	tcase_add_test(t, receivers_in_the_network_of_their_node);
	tcase_add_test(t, a_change_behind_the_service_is_seen);
	tcase_add_test(t, pods_that_come_and_go_are_not_asked_for_all_the_time);
	tcase_add_test(t, an_optional_receiver_stops_nobody);
	tcase_add_test(t, a_host_outside_is_never_opened_unasked);
	tcase_add_loop_test(t, a_receiver_that_is_not_there, 0, 2);
	tcase_add_loop_test(t, a_receiver_in_the_pod_needs_no_way, 0, 3);
	tcase_add_test(t, the_receivers_side_is_opened_when_asked);
	tcase_add_test(t, a_foreign_policy_is_left_as_it_is);
	tcase_add_loop_test(t, refusals_are_tried_again, 0, 4);
	tcase_add_test(t, a_conflict_while_repairing_and_removing);
	tcase_add_test(t, a_namespace_that_ends_is_let_alone);
	tcase_add_test(t, endpoints_that_may_not_be_read);
	tcase_add_test(t, who_does_not_lead_writes_nothing);
	tcase_add_test(t, where_cilium_is_a_policy_by_host_name_is_made);
	tcase_add_test(t, a_policy_by_host_name_is_repaired);
	tcase_add_test(t, a_policy_by_host_name_of_someone_else_is_not_touched);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
