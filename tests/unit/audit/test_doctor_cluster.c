/* SPDX-License-Identifier: Apache-2.0 */
/* otelgate doctor against a simulated API server: the healthy ladder, and each way to break it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/net/certs.h"
#include "support/clusterrun.h"
#include "support/suite.h"

#define TOKEN "glc_eyJvIjoiMSIsIm4iOiJ0IiwiayI6ImRldGFpbHMtdGhhdC1hcmUtc2VjcmV0IiwibSI6e319"
#define STACK                                                                                \
	"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\",\"metadata\":{" \
	"\"name\":\"s\"},\"spec\":{\"receiver\":{\"endpoint\":\"%s\"},\"credentials\":{"     \
	"\"secretRef\":{\"name\":\"cloud\",\"namespace\":\"monitoring\"}}}}"
#define PROFILE                                                                                  \
	"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"TelemetryProfile\",\"metadata\":{" \
	"\"name\":\"p\"},\"spec\":{\"stack\":\"s\",\"default\":true}}"
#define MARKED                                                                                \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\",\"namespace\":" \
	"\"default\",\"uid\":\"u\",\"resourceVersion\":\"1\",\"creationTimestamp\":\"%s\","   \
	"\"labels\":{\"otelgate.dev/revision\":\"1a2b3c4d5e6f7a8b\"},\"annotations\":{"       \
	"\"otelgate.dev/injection\":\"{}\"}},\"spec\":{\"containers\":[]}}"

static char ca_base64[4096];

static void make_ca(int64_t from, int64_t to)
{
	const struct og_ca_opts o = {.common_name = "ca", .not_before = from, .not_after = to};
	og_auto_buf struct og_buf pem = OG_BUF_INIT(1 << 16), key = OG_BUF_INIT(1 << 16),
				  b = OG_BUF_INIT(1 << 16);
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(og_certs_make_ca(&o, &pem, &key, &err) == 0, "%s", err.msg);
	og_base64_encode(&b, og_buf_view(&pem));
	ck_assert_uint_lt(b.len, sizeof(ca_base64));
	memcpy(ca_base64, b.p, b.len);
	ca_base64[b.len] = '\0';
}

/* more: members of the webhook that come last, so that they win. */
static void registration(const char *ca, const char *policy, const char *selector)
{
	clr_putf("{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":"
		 "\"MutatingWebhookConfiguration\",\"metadata\":{\"name\":\"otelgate\"},"
		 "\"webhooks\":[{\"name\":\"pods.otelgate.dev\",\"admissionReviewVersions\":["
		 "\"v1\"],\"clientConfig\":{\"service\":{\"namespace\":\"otelgate\",\"name\":"
		 "\"otelgate-webhook\",\"path\":\"/mutate\",\"port\":443},\"caBundle\":\"%s\"},"
		 "\"rules\":[{\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],\"operations\":["
		 "\"CREATE\"],\"resources\":[\"pods\"],\"scope\":\"Namespaced\"}],"
		 "\"failurePolicy\":\"%s\",\"sideEffects\":\"None\",\"timeoutSeconds\":3,"
		 "\"reinvocationPolicy\":\"IfNeeded\",\"namespaceSelector\":%s}]}",
		ca, policy, selector);
}
#define NOT_SYSTEM                                                                                \
	"{\"matchExpressions\":[{\"key\":\"kubernetes.io/metadata.name\",\"operator\":\"NotIn\"," \
	"\"values\":[\"otelgate\",\"kube-system\"]}]}"

static void service(const char *ns, const char *name, int port)
{
	clr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"%s\","
		 "\"namespace\":\"%s\"},\"spec\":{\"selector\":{\"a\":\"b\"},\"ports\":[{"
		 "\"port\":%d,\"targetPort\":%d}]}}",
		name, ns, port, port);
}

static void endpoints(const char *ns, const char *name, int ready, int unready)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(1 << 16);

	for (int i = 0; i < ready + unready; i++)
		og_buf_fmt(&b, "%s{\"addresses\":[\"10.0.0.%d\"],\"conditions\":{\"ready\":%s}}",
			i ? "," : "", i + 1, i < ready ? "true" : "false");
	og_buf_ch(&b, '\0');
	clr_putf("{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\","
		 "\"metadata\":{\"name\":\"%s-1\",\"namespace\":\"%s\",\"labels\":{"
		 "\"kubernetes.io/service-name\":\"%s\"}},\"addressType\":\"IPv4\","
		 "\"endpoints\":[%s],\"ports\":[]}",
		name, ns, name, b.p);
}

static void lease(const char *holder, long ago)
{
	clr_putf("{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":{"
		 "\"name\":\"otelgate-controller\",\"namespace\":\"otelgate\"},\"spec\":{"
		 "\"holderIdentity\":\"%s\",\"leaseDurationSeconds\":15,\"renewTime\":\"%s\"}}",
		holder, clr_ago(ago));
}

static void secret(const char *id, const char *token)
{
	og_auto_buf struct og_buf a = OG_BUF_INIT(4096), b = OG_BUF_INIT(4096);

	og_base64_encode(&a, og_svz(id));
	og_base64_encode(&b, og_svz(token));
	og_buf_ch(&a, '\0');
	og_buf_ch(&b, '\0');
	clr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"cloud\","
		 "\"namespace\":\"monitoring\"},\"type\":\"Opaque\",\"data\":{\"instance-id\":"
		 "\"%s\",\"token\":\"%s\"}}",
		a.p, b.p);
}

/* What the API server answers to the dry run. */
static void answers(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void answers(int code, const char *fmt, ...)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(1 << 16), b = OG_BUF_INIT(1 << 16);
	struct og_err err = OG_ERR_INIT;
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&text, fmt, ap);
	va_end(ap);
	og_buf_fmt(&b,
		"{\"match\":{\"verb\":\"create\",\"resource\":\"pods\",\"count\":-1},\"action\":{"
		"\"type\":\"body\",\"code\":%d,\"contentType\":\"application/json\",\"text\":\"",
		code);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			og_buf_ch(&b, '\\');
		og_buf_ch(&b, text.p[i]);
	}
	og_buf_lit(&b, "\"}}");
	og_buf_ch(&b, '\0');
	og_sim_clear_faults(clr_sim);
	ck_assert_msg(og_sim_fault(clr_sim, b.p, &err) == 0, "%s: %s", err.msg, b.p);
}

static void refuses(int code, const char *reason, const char *message)
{
	answers(code,
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":"
		"\"%s\",\"message\":\"%s\",\"code\":%d}",
		reason, message, code);
}

static void healthy(void)
{
	time_t now = time(NULL);

	clr_crd("grafanastacks");
	clr_crd("telemetryprofiles");
	clr_crd("workloadtelemetries");
	clr_putf(STACK, "http://alloy.monitoring.svc:4318");
	clr_putf(PROFILE);
	make_ca(now - 86400, now + 365 * 86400);
	registration(ca_base64, "Ignore", NOT_SYSTEM);
	service("otelgate", "otelgate-webhook", 443);
	endpoints("otelgate", "otelgate-webhook", 2, 0);
	service("monitoring", "alloy", 4318);
	endpoints("monitoring", "alloy", 3, 0);
	lease("otelgate-controller-0", 3);
	secret("123456", TOKEN);
	clr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":"
		 "\"default\",\"labels\":{\"kubernetes.io/metadata.name\":\"default\"}}}");
	answers(201, MARKED, clr_ago(0));
}

/* Whether it is said, wherever its lines were broken. */
static bool says(const char *text)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(1 << 20);

	for (const char *c = clr_out.p; *c; c++)
		if (*c != ' ' && *c != '\n')
			og_buf_ch(&b, *c);
		else if (b.len && b.p[b.len - 1] != ' ')
			og_buf_ch(&b, ' ');
	og_buf_ch(&b, '\0');
	return strstr(b.p, text) || clr_says(text);
}

static bool broken(const char *rung, const char *finding)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "First broken rung: %s (%s ", rung, finding);
	return says(text);
}

START_TEST(a_healthy_cluster_is_whole)
{
	healthy();
	ck_assert_msg(CLR_RUN("doctor", "-A") == 0, "%s%s", clr_out.p, clr_err.p);
	ck_assert(clr_says("No rung is broken.\n"));
	ck_assert_ptr_null(strstr(clr_out.p, "?"));
	ck_assert_ptr_null(strstr(clr_out.p, TOKEN));
	ck_assert(says("came back injected, revision 1a2b3c4d5e6f7a8b"));
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "-o", "json"), 0);
	ck_assert(clr_says("{\"schemaVersion\":1,\"result\":\"pass\""));
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "-o", "yaml"), 0);
	ck_assert(clr_says("result: pass\n"));
}
END_TEST

/* ---- each rung of the cluster ---- */

static void no_crds(void)
{
	static const char *const names[] = {"grafanastacks.otelgate.dev",
		"telemetryprofiles.otelgate.dev", "workloadtelemetries.otelgate.dev"};
	struct og_err err = OG_ERR_INIT;

	og_sim_clear_faults(clr_sim);
	for (size_t i = 0; i < OG_COUNT(names); i++)
		(void)og_sim_delete(clr_sim, "customresourcedefinitions.apiextensions.k8s.io", NULL,
			names[i], &err);
}

static void no_registration(void)
{
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(
		og_sim_delete(clr_sim, "mutatingwebhookconfigurations.admissionregistration.k8s.io",
			NULL, "otelgate", &err),
		0);
}

static void other_service(void)
{
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(
		og_sim_delete(clr_sim, "services", "otelgate", "otelgate-webhook", &err), 0);
	service("otelgate", "otelgate-webhock", 443);
}

static void other_port(void)
{
	service("otelgate", "otelgate-webhook", 8443);
}

static void no_endpoints(void)
{
	endpoints("otelgate", "otelgate-webhook", 0, 2);
}

static void fails_closed(void)
{
	registration(ca_base64, "Fail", "{}");
}

static void no_ca(void)
{
	registration("", "Ignore", NOT_SYSTEM);
}

static void ca_of_words(void)
{
	registration("aGVsbG8K", "Ignore", NOT_SYSTEM);
	answers(201, "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\"}}");
}

static void ca_ended(void)
{
	make_ca(time(NULL) - 20 * 86400, time(NULL) - 86400);
	registration(ca_base64, "Ignore", NOT_SYSTEM);
}

#define DISTRUSTS                                                                                    \
	"Internal error occurred: failed calling webhook \\\"pods.otelgate.dev\\\": failed to call " \
	"webhook: Post \\\"https://w\\\": tls: failed to verify certificate: x509: "

static void ca_of_others(void)
{
	registration(ca_base64, "Fail", NOT_SYSTEM);
	refuses(500, "InternalError", DISTRUSTS "certificate signed by unknown authority");
}

static void old_certificate(void)
{
	registration(ca_base64, "Fail", NOT_SYSTEM);
	refuses(500, "InternalError", DISTRUSTS "certificate has expired: now is after then");
}

static void no_config(void)
{
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(
		og_sim_delete(clr_sim, "telemetryprofiles.otelgate.dev", NULL, "p", &err), 0);
	answers(201, "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\"}}");
}

static void bad_config(void)
{
	clr_putf("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"TelemetryProfile\","
		 "\"metadata\":{\"name\":\"q\"},\"spec\":{\"stack\":\"nowhere\"}}");
}

static void left_out(void)
{
	registration(ca_base64, "Ignore",
		"{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"elsewhere\"}}");
	answers(201, "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\"}}");
}

static void unmarked(void)
{
	answers(201, "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\"}}");
}

static void too_slow(void)
{
	registration(ca_base64, "Fail", NOT_SYSTEM);
	refuses(500, "InternalError",
		"Internal error occurred: failed calling webhook \\\"pods.otelgate.dev\\\": failed to "
		"call webhook: Post \\\"https://w\\\": context deadline exceeded");
}

static void of_another(void)
{
	refuses(403, "Forbidden",
		"admission webhook \\\"police.example.com\\\" denied the request: no");
}

static void of_quota(void)
{
	refuses(403, "Forbidden",
		"pods \\\"otelgate-doctor-x\\\" is forbidden: exceeded quota: q, requested: pods=1");
}

static void of_security(void)
{
	refuses(403, "Forbidden",
		"pods \\\"x\\\" is forbidden: violates PodSecurity \\\"restricted:latest\\\": seccomp");
}

static void old_lease(void)
{
	lease("otelgate-controller-0", 3600);
}

static void lease_given_back(void)
{
	lease("", 60);
}

static void no_secret(void)
{
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(og_sim_delete(clr_sim, "secrets", "monitoring", "cloud", &err), 0);
}

static void swapped(void)
{
	secret(TOKEN, "123456");
}

static void no_key(void)
{
	clr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"cloud\","
		 "\"namespace\":\"monitoring\"},\"data\":{\"other\":\"eA==\"}}");
}

static void service_token(void)
{
	clr_putf("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\",\"metadata\":"
		 "{\"name\":\"s\"},\"spec\":{\"receiver\":{\"type\":\"gateway\",\"protocol\":"
		 "\"http/protobuf\",\"endpoint\":"
		 "\"https://otlp-gateway-prod-eu-west-2.grafana.net/otlp\"},\"credentials\":{"
		 "\"secretRef\":{\"name\":\"cloud\",\"namespace\":\"monitoring\"}}}}");
	secret("123456", "glsa_abcdefghijklmnopqrstuvwxyz012345_01234567");
}

static void no_receiver(void)
{
	clr_putf(STACK, "http://alloi.monitoring.svc:4318");
}

static void receiver_port(void)
{
	service("monitoring", "alloy", 4317);
}

static void receiver_empty(void)
{
	endpoints("monitoring", "alloy", 0, 1);
}

START_TEST(the_first_broken_rung_is_named)
{
	static const struct {
		void (*make)(void);
		const char *rung, *finding, *says;
	} rows[] = {
		{no_crds, "kinds", "OG008", "kubectl apply -k manifests/crds"},
		{no_registration, "webhook", "OG101", "no MutatingWebhookConfiguration otelgate"},
		{other_service, "webhook", "OG102", "Did you mean otelgate-webhock?"},
		{other_port, "webhook", "OG102", "has no port 443"},
		{no_endpoints, "webhook", "OG103", "2 that are not ready"},
		{fails_closed, "webhook", "OG110", "kube-system and its own namespace"},
		{no_ca, "certificates", "OG104", "is empty"},
		{ca_of_words, "certificates", "OG104", "holds no CA certificate"},
		{ca_ended, "certificates", "OG105", "ended 24 hours ago"},
		{ca_of_others, "certificates", "OG104", "unknown authority"},
		{old_certificate, "certificates", "OG107", "is after then"},
		{no_config, "configuration", "OG210", "no valid TelemetryProfile"},
		{bad_config, "configuration", "OG209", "TelemetryProfile/q"},
		{left_out, "admission", "OG115", "leaves namespace default out"},
		{unmarked, "admission", "OG108", "came back without otelgate's marks"},
		{too_slow, "admission", "OG109", "context deadline exceeded"},
		{of_another, "admission", "OG608", "police.example.com"},
		{of_quota, "admission", "OG309", "exceeded quota"},
		{of_security, "admission", "OG308", "violates PodSecurity"},
		{old_lease, "controller", "OG114", "60 minutes ago"},
		{lease_given_back, "controller", "OG114", "given back"},
		{no_secret, "credentials", "OG401", "monitoring/cloud"},
		{swapped, "credentials", "OG411", "monitoring/cloud"},
		{no_key, "credentials", "OG402", "monitoring/cloud"},
		{service_token, "credentials", "OG412", "monitoring/cloud"},
		{no_receiver, "receiver", "OG508", "Did you mean alloy?"},
		{receiver_port, "receiver", "OG509", "has no port 4318"},
		{receiver_empty, "receiver", "OG510", "no ready pod"},
	};
	char fix[40];

	healthy();
	rows[_i].make();
	ck_assert_msg(
		CLR_RUN("doctor", "-A") == 1, "%s:\n%s%s", rows[_i].finding, clr_out.p, clr_err.p);
	ck_assert(broken(rows[_i].rung, rows[_i].finding));
	ck_assert(says(rows[_i].says));
	(void)snprintf(fix, sizeof(fix), "otelgate explain %s\n", rows[_i].finding);
	ck_assert(clr_says(fix));
	ck_assert_ptr_null(strstr(clr_out.p, TOKEN));
	ck_assert_ptr_null(strstr(clr_out.p, "glsa_abc"));
}
END_TEST
enum { BREAKAGES = 28 };

/* ---- what cannot be seen ---- */

#define NO_SECRETS                                                                                \
	"[{\"apiGroups\":[\"\"],\"resources\":[\"namespaces\",\"pods\",\"services\"],\"verbs\":[" \
	"\"get\",\"list\",\"watch\"]},{\"apiGroups\":[\"otelgate.dev\",\"apps\",\"batch\","       \
	"\"argoproj.io\",\"discovery.k8s.io\",\"coordination.k8s.io\","                           \
	"\"admissionregistration.k8s.io\"],\"resources\":[\"*\"],\"verbs\":[\"get\",\"list\","    \
	"\"watch\"]},{\"apiGroups\":[\"authorization.k8s.io\",\"authentication.k8s.io\"],"        \
	"\"resources\":[\"*\"],\"verbs\":[\"create\"]},{\"nonResourceURLs\":[\"*\"],\"verbs\":["  \
	"\"get\"]}]"

START_TEST(a_missing_right_is_no_pass)
{
	healthy();
	og_sim_clear_faults(clr_sim);
	clr_user("reader", NO_SECRETS);
	ck_assert_msg(CLR_RUN("doctor", "-A") == 3, "%s%s", clr_out.p, clr_err.p);
	ck_assert(says("No rung is broken. Not known: rights, admission, credentials"));
	ck_assert(says("The right that is missing for admission:"));
	ck_assert(
		clr_says("- apiGroups: [\"\"]\n  resources: [\"pods\"]\n  verbs: [\"create\"]\n"));
	ck_assert(says("The right that is missing for credentials:"));
	/* The controller's word is taken where the Secret may not be read. */
	clr_putf("{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\",\"metadata\":"
		 "{\"name\":\"s\"},\"spec\":{\"receiver\":{\"endpoint\":"
		 "\"http://alloy.monitoring.svc:4318\"},\"credentials\":{\"secretRef\":{\"name\":"
		 "\"cloud\",\"namespace\":\"monitoring\"}}},\"status\":{\"conditions\":[{\"type\":"
		 "\"CredentialsValid\",\"status\":\"False\",\"reason\":\"KeyMissing\",\"message\":"
		 "\"no key token\"}]}}");
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "--no-dry-run"), 1);
	ck_assert(says("First broken rung: credentials"));
	ck_assert(says("no key token"));
}
END_TEST

START_TEST(without_rights_hardly_anything_is_known)
{
	healthy();
	clr_user("nobody", "[]");
	ck_assert_int_eq(CLR_RUN("doctor", "-A"), 3);
	ck_assert(says("OG002"));
	ck_assert(says("rights are missing: list grafanastacks.otelgate.dev"));
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "-o", "json"), 3);
	ck_assert(says("\"result\":\"unknown\""));
	ck_assert(says("--clusterrole=otelgate-reader --user=nobody"));
	clr_user("o'brien", "[]");
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "-o", "json"), 3);
	ck_assert(clr_says("--user='o'\\\\''brien'")); /* as a shell reads it */
}
END_TEST

START_TEST(a_token_of_nobody_and_a_server_that_is_away)
{
	healthy();
	og_sim_revoke_token(clr_sim, og_sim_admin_token(clr_sim));
	ck_assert_int_eq(CLR_RUN("doctor", "-A"), 3);
	ck_assert(broken("access", "OG007"));
	ck_assert(says("Next it would look at: rights, kinds, webhook"));
	og_sim_down(clr_sim);
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "--request-timeout", "2"), 3);
	ck_assert(broken("access", "OG006"));
	/* What the answer was tells them apart, not a number in the address. */
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "--server", "https://127.0.0.1:401"), 3);
	ck_assert(broken("access", "OG006"));
}
END_TEST

/* ---- one workload ---- */

static void deployment_env(const char *annotations, const char *env)
{
	clr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
		 "\"web\",\"namespace\":\"shop\",\"uid\":\"uid-web\",\"generation\":1},\"spec\":{"
		 "\"replicas\":1,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{"
		 "\"metadata\":{\"labels\":{\"a\":\"b\"},\"annotations\":{%s}},\"spec\":{"
		 "\"containers\":[{\"name\":\"app\",\"image\":\"w\",\"env\":[%s]}]}}},"
		 "\"status\":{\"observedGeneration\":1,\"replicas\":1,\"updatedReplicas\":1,"
		 "\"readyReplicas\":1,\"availableReplicas\":1}}",
		annotations, env);
}

static void deployment(const char *annotations)
{
	deployment_env(annotations, "");
}

#define COND(type, status, reason, message)                                     \
	"{\"type\":\"" type "\",\"status\":\"" status "\",\"reason\":\"" reason \
	"\",\"message\":\"" message "\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}"
#define SIGNAL(name) \
	"\"" name "\":{\"state\":\"Flowing\",\"reason\":\"Arriving\",\"tie\":\"revision\"}"

/* As the controller says it, with one condition that is another. */
static void status(const char *changed, const char *findings, const char *signals)
{
	static const struct {
		const char *type, *text;
	} all[] = {{"Injected", COND("Injected", "True", "Injected", "All pods are.")},
		{"CredentialsReady", COND("CredentialsReady", "True", "Distributed", "There.")},
		{"EgressAllowed", COND("EgressAllowed", "True", "NotRestricted", "Open.")},
		{"RolloutComplete",
			COND("RolloutComplete", "True", "RolloutComplete", "All is new.")},
		{"MetricsReceived", COND("MetricsReceived", "True", "Arriving", "It arrives.")},
		{"TracesReceived", COND("TracesReceived", "True", "Arriving", "It arrives.")},
		{"LogsReceived", COND("LogsReceived", "True", "Arriving", "It arrives.")},
		{"ProfilesReceived", COND("ProfilesReceived", "Unknown", "Off", "Not asked.")},
		{"Ready", COND("Ready", "True", "Arrives", "All is well.")}};
	og_auto_buf struct og_buf b = OG_BUF_INIT(1 << 20);

	for (size_t i = 0; i < OG_COUNT(all); i++) {
		char quoted[40];
		(void)snprintf(quoted, sizeof(quoted), "\"%s\"", all[i].type);
		og_buf_fmt(&b, "%s%s", b.len ? "," : "",
			strstr(changed, quoted) ? changed
			: *changed && !strcmp(all[i].type, "Ready")
				? COND("Ready", "False", "Broken", "It is not.")
				: all[i].text);
	}
	og_buf_ch(&b, '\0');
	clr_putf(
		"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"WorkloadTelemetry\","
		"\"metadata\":{\"name\":\"deployment-web\",\"namespace\":\"shop\","
		"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":"
		"\"web\",\"uid\":\"uid-web\",\"controller\":true}]},\"status\":{"
		"\"observedGeneration\":1,\"profile\":\"p\",\"stack\":\"s\",\"revision\":"
		"\"1a2b3c4d5e6f7a8b\",\"pods\":{\"ratio\":\"1/1\",\"total\":1,\"current\":1},"
		"\"rollout\":{\"state\":\"Complete\",\"reason\":\"RolloutComplete\"},"
		"\"signals\":{%s},\"findings\":[%s],\"conditions\":[%s]}}",
		signals, findings, b.p);
}
#define FLOWING SIGNAL("metrics") "," SIGNAL("traces") "," SIGNAL("logs")

START_TEST(a_workload_is_climbed_to_the_end)
{
	healthy();
	deployment("\"otelgate.dev/inject\":\"true\"");
	status("", "", FLOWING);
	ck_assert_msg(
		CLR_RUN("doctor", "-n", "shop", "deploy/web") == 0, "%s%s", clr_out.p, clr_err.p);
	ck_assert(says("A dry run of a pod of deployment/web in namespace shop came back"));
	ck_assert(says("All 3 signals that flow are tied to its pods or revision."));
	ck_assert(says("No rung is broken."));
	ck_assert_int_eq(CLR_RUN("doctor", "-A"), 0);
	ck_assert(says("Workloads: 1 opted in, 1 whole"));
	/* What the controller says is about an older generation. */
	clr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
		 "\"web\",\"namespace\":\"shop\",\"uid\":\"uid-web\",\"generation\":2},\"spec\":{"
		 "\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{"
		 "\"labels\":{\"a\":\"b\"},\"annotations\":{\"otelgate.dev/inject\":\"true\"}},"
		 "\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]}}}}");
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deploy/web"), 0);
	ck_assert(says("! controller"));
	ck_assert(says("has not judged the last change"));
	/* The plain form of the marks. */
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment", "web", "--ascii"), 0);
	ck_assert_ptr_null(strstr(clr_out.p, "\xE2"));
	ck_assert(clr_says("+ correlation"));
}
END_TEST

START_TEST(each_rung_of_a_workload)
{
	static const struct {
		const char *annotations, *changed, *findings, *signals, *rung, *finding;
	} rows[] = {
		{"\"otelgate.dev/inject\":\"true\"",
			COND("EgressAllowed", "False", "EgressDenied", "closed"),
			"{\"id\":\"OG512\",\"message\":\"closed\"}", FLOWING, "network", "OG512"},
		{"\"otelgate.dev/inject\":\"nowhere\"", "", "", NULL, "opt-in", "OG204"},
		/* What the controller has not heard of yet, or does not write. */
		{"\"otelgate.dev/inject\":\"nowhere\"", "", "", FLOWING, "opt-in", "OG204"},
		{"\"otelgate.dev/inject\":\"true\",\"otelgate.dev/signals\":\"noise\"", "", "",
			FLOWING, "opt-in", "OG203"},
		{"\"otelgate.dev/inject\":\"false\"", "", "", FLOWING, "opt-in", NULL},
		{"", "", "", NULL, "opt-in", NULL},
		{"\"otelgate.dev/inject\":\"true\"",
			COND("Injected", "False", "PodsMissed", "1 of 1 pods run without."),
			"{\"id\":\"OG301\",\"message\":\"1 of 1 pods run without.\"}", FLOWING,
			"injection", "OG301"},
		{"\"otelgate.dev/inject\":\"true\"",
			COND("RolloutComplete", "False", "ImagePullFailed", "no image"),
			"{\"id\":\"OG610\",\"message\":\"no image\"}", FLOWING, "rollout", "OG610"},
		{"\"otelgate.dev/inject\":\"true\"", "",
			"{\"id\":\"OG506\",\"message\":\"a path on a gRPC endpoint\"}", FLOWING,
			"export", "OG506"},
		{"\"otelgate.dev/inject\":\"true\"",
			COND("LogsReceived", "False", "NeverArrived", "nothing has come"),
			"{\"id\":\"OG701\",\"message\":\"nothing has come\"}",
			SIGNAL("metrics") "," SIGNAL("traces") ",\"logs\":{\"state\":\"Never\","
							       "\"reason\":\"NeverArrived\","
							       "\"finding\":\"OG701\"}",
			"arrival", "OG701"},
		{"\"otelgate.dev/inject\":\"true\"", "",
			"{\"id\":\"OG801\",\"message\":\"unknown_service\"}", FLOWING,
			"correlation", "OG801"},
	};
	char first[100];

	healthy();
	deployment(rows[_i].annotations);
	if (rows[_i].signals) /* else the controller has not said anything yet */
		status(rows[_i].changed, rows[_i].findings, rows[_i].signals);
	else
		answers(201,
			"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\"}}");
	ck_assert_msg(CLR_RUN("doctor", "-n", "shop", "deployment/web") == 1, "%d:\n%s%s", _i,
		clr_out.p, clr_err.p);
	(void)snprintf(first, sizeof(first), "First broken rung: %s%s%s", rows[_i].rung,
		rows[_i].finding ? " (" : "", rows[_i].finding ? rows[_i].finding : "");
	ck_assert(says(first));
	ck_assert(says("fix "));
	if (*rows[_i].changed)
		ck_assert_int_eq(CLR_RUN("doctor", "-A"), 1);
}
END_TEST
enum { WORKLOAD_BREAKAGES = 11 };

/* Which variable keeps a signal from the stack, whatever the controller's own words are. */
START_TEST(what_a_variable_keeps_away_is_named)
{
	healthy();
	deployment_env("\"otelgate.dev/inject\":\"true\"",
		"{\"name\":\"OTEL_SDK_DISABLED\",\"value\":\"true\"}");
	if (_i) /* else no controller has said anything */
		status("", "{\"id\":\"OG703\",\"message\":\"Switched off.\"}", FLOWING);
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment/web"), _i ? 0 : 3);
	ck_assert(says("! OG703 container app, variable OTEL_SDK_DISABLED: the container"));
	ck_assert(clr_says(" set env deployment/web -c app OTEL_SDK_DISABLED-   # unless"));
}
END_TEST

/* Where no controller says it, policies are judged here. */
START_TEST(the_way_is_judged_without_a_controller)
{
	healthy();
	deployment("\"otelgate.dev/inject\":\"true\"");
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment/web"), 3);
	ck_assert(says("network No NetworkPolicy is where its pods or the receiver's are."));
	clr_putf("{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\","
		 "\"metadata\":{\"name\":\"closed\",\"namespace\":\"shop\"},\"spec\":{"
		 "\"podSelector\":{},\"policyTypes\":[\"Egress\"]}}");
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment/web"), 1);
	ck_assert(broken("network", "OG512"));
	ck_assert(clr_says("\n  fix   kubectl apply -f - <<'END'\napiVersion: networking."));
	ck_assert(clr_says("\nEND\n  more "));
	clr_putf("{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\","
		 "\"metadata\":{\"name\":\"closed\",\"namespace\":\"shop\"},\"spec\":{"
		 "\"podSelector\":{\"matchLabels\":{\"other\":\"one\"}},\"policyTypes\":["
		 "\"Egress\"]}}");
	clr_putf("{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\","
		 "\"metadata\":{\"name\":\"in\",\"namespace\":\"monitoring\"},\"spec\":{"
		 "\"podSelector\":{},\"policyTypes\":[\"Ingress\"]}}");
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment/web"), 1);
	ck_assert(broken("network", "OG517"));
	/* A controller that was told not to look has said nothing. */
	status(COND("EgressAllowed", "True", "Off", "Network policies are not looked at."), "",
		FLOWING);
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment/web"), 1);
	ck_assert(broken("network", "OG517"));
	/* What may not be read is not open. */
	clr_user("reader", NO_SECRETS);
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment/web", "--no-dry-run"), 3);
	ck_assert(says("? network"));
	ck_assert(says("cannot list networkpolicies"));
}
END_TEST

/* A claim wins over a volume of its name (apps/v1, StatefulSetSpec.volumeClaimTemplates); a pod
 * with both would be refused, and that says nothing of the webhook. */
START_TEST(a_claim_takes_the_place_of_a_volume)
{
	healthy();
	og_sim_clear_faults(clr_sim);
	clr_putf("{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"metadata\":{\"name\":"
		 "\"db\",\"namespace\":\"shop\",\"generation\":1},\"spec\":{\"replicas\":1,"
		 "\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"volumeClaimTemplates\":[{"
		 "\"metadata\":{\"name\":\"data\"}}],\"template\":{\"metadata\":{\"labels\":{"
		 "\"a\":\"b\"},\"annotations\":{\"otelgate.dev/inject\":\"true\"}},\"spec\":{"
		 "\"volumes\":[{\"name\":\"data\",\"emptyDir\":{}},{\"name\":\"tmp\","
		 "\"emptyDir\":{}}],\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]}}}}");
	clr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\"}}");
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "sts/db"), 1);
	ck_assert(broken("admission", "OG108"));
}
END_TEST

START_TEST(what_people_mistype)
{
	healthy();
	deployment("\"otelgate.dev/inject\":\"true\"");
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment/wep"), 3);
	ck_assert(says("no workload is called \"Deployment/wep\" in namespace shop"));
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "secret/web"), 2);
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment"), 2);
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment", "web", "cart"), 2);
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "deployment/web"), 2);
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "-n", "shop"), 2);
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "--config", "x.yaml"), 2);
}
END_TEST

START_TEST(hostile_words_are_no_terminal_codes)
{
	healthy();
	refuses(403, "Forbidden",
		"admission webhook \\\"a\\\" denied the request: \\u001b[31mred\\u0007");
	ck_assert_int_eq(CLR_RUN("doctor", "-A"), 1);
	ck_assert_ptr_null(strchr(clr_out.p, '\033'));
	ck_assert_ptr_null(strchr(clr_out.p, '\a'));
	ck_assert_int_eq(CLR_RUN("doctor", "-A", "--color=always"), 1);
	ck_assert(clr_says("\033[31m\xE2\x9C\x97\033[0m admission"));
}
END_TEST

/* The API server keeps conditions with messages of 32 KiB; shown, each byte may take four. */
START_TEST(long_hostile_words_are_shown)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(1 << 20);

	og_buf_lit(&b, "{\"type\":\"EgressAllowed\",\"status\":\"False\",\"reason\":\"R\","
		       "\"lastTransitionTime\":\"2026-01-01T00:00:00Z\",\"message\":\"");
	for (int i = 0; i < 32000; i++)
		og_buf_lit(&b, "\\u0001");
	og_buf_lit(&b, "\"}");
	og_buf_ch(&b, '\0');
	healthy();
	deployment("\"otelgate.dev/inject\":\"true\"");
	status(b.p, "", FLOWING);
	ck_assert_int_eq(CLR_RUN("doctor", "-n", "shop", "deployment/web"), 1);
	ck_assert(clr_says("First broken rung: network"));
	ck_assert(clr_says("\\x01\\x01"));
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", "deployment/web"), 0);
	ck_assert(clr_says("\\x01\\x01"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("audit/doctor_cluster");
	TCase *tc = tcase_create("cluster");

	tcase_add_checked_fixture(tc, clr_setup, clr_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_healthy_cluster_is_whole);
	tcase_add_loop_test(tc, the_first_broken_rung_is_named, 0, BREAKAGES);
	tcase_add_test(tc, a_missing_right_is_no_pass);
	tcase_add_test(tc, without_rights_hardly_anything_is_known);
	tcase_add_test(tc, a_token_of_nobody_and_a_server_that_is_away);
	tcase_add_test(tc, a_workload_is_climbed_to_the_end);
	tcase_add_loop_test(tc, each_rung_of_a_workload, 0, WORKLOAD_BREAKAGES);
	tcase_add_loop_test(tc, what_a_variable_keeps_away_is_named, 0, 2);
	tcase_add_test(tc, the_way_is_judged_without_a_controller);
	tcase_add_test(tc, a_claim_takes_the_place_of_a_volume);
	tcase_add_test(tc, what_people_mistype);
	tcase_add_test(tc, hostile_words_are_no_terminal_codes);
	tcase_add_test(tc, long_hostile_words_are_shown);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
