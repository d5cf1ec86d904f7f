/* SPDX-License-Identifier: Apache-2.0 */
/* Reviews like those of a kube-apiserver: user info, managed fields, defaults filled in. */
#include "reviews.h"

#include "otelgate/core/config_read.h"

static void container(struct og_buf *b, unsigned i, unsigned env)
{
	og_buf_fmt(b,
		"%s{\"name\":\"app-%u\",\"image\":\"registry.example.com:5000/shop/web-%u:1.%u.3\",",
		i ? "," : "", i, i, i);
	og_buf_lit(b,
		"\"ports\":[{\"name\":\"http\",\"containerPort\":8080,\"protocol\":\"TCP\"}],\"env\":[");
	for (unsigned k = 0; k < env; k++)
		og_buf_fmt(b,
			"%s{\"name\":\"SETTING_%u\",\"value\":\"value number %u of the container\"}",
			k ? "," : "", k, k);
	og_buf_lit(b,
		"],\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"512Mi\"},"
		"\"requests\":{\"cpu\":\"100m\",\"memory\":\"128Mi\"}},"
		"\"volumeMounts\":[{\"name\":\"kube-api-access-x2x4z\",\"readOnly\":true,"
		"\"mountPath\":\"/var/run/secrets/kubernetes.io/serviceaccount\"}],"
		"\"livenessProbe\":{\"httpGet\":{\"path\":\"/healthz\",\"port\":\"http\","
		"\"scheme\":\"HTTP\"},\"timeoutSeconds\":1,\"periodSeconds\":10,"
		"\"successThreshold\":1,\"failureThreshold\":3},"
		"\"readinessProbe\":{\"httpGet\":{\"path\":\"/readyz\",\"port\":\"http\","
		"\"scheme\":\"HTTP\"},\"timeoutSeconds\":1,\"periodSeconds\":10,"
		"\"successThreshold\":1,\"failureThreshold\":3},"
		"\"terminationMessagePath\":\"/dev/termination-log\","
		"\"terminationMessagePolicy\":\"File\",\"imagePullPolicy\":\"IfNotPresent\","
		"\"securityContext\":{\"capabilities\":{\"drop\":[\"ALL\"]},\"runAsNonRoot\":true,"
		"\"allowPrivilegeEscalation\":false}}");
}

void bench_review(struct og_buf *b, unsigned containers, unsigned env, bool opted_in)
{
	og_buf_lit(b,
		"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
		"\"uid\":\"705ab4f5-6393-11e8-b7cc-42010a800002\","
		"\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
		"\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
		"\"requestKind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
		"\"requestResource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
		"\"namespace\":\"shop\",\"operation\":\"CREATE\",\"userInfo\":{"
		"\"username\":\"system:serviceaccount:kube-system:replicaset-controller\","
		"\"uid\":\"5bd6d4d4-9a0c-4e0a-8b4e-1f6c4f5a2b3c\",\"groups\":["
		"\"system:serviceaccounts\",\"system:serviceaccounts:kube-system\","
		"\"system:authenticated\"]},\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\","
		"\"metadata\":{\"generateName\":\"web-6d5f7c9b8-\",\"creationTimestamp\":null,"
		"\"labels\":{\"app.kubernetes.io/name\":\"web\",\"pod-template-hash\":\"6d5f7c9b8\"},"
		"\"annotations\":{\"example.com/team\":\"checkout\"");
	if (opted_in)
		og_buf_lit(b, ",\"otelgate.dev/inject\":\"true\"");
	og_buf_lit(b,
		"},\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\","
		"\"name\":\"web-6d5f7c9b8\",\"uid\":\"0b9c3f62-1d1f-4c58-9b5e-7a5d0f1f2e3d\","
		"\"controller\":true,\"blockOwnerDeletion\":true}],\"managedFields\":[{"
		"\"manager\":\"kube-controller-manager\",\"operation\":\"Update\","
		"\"apiVersion\":\"v1\",\"time\":\"2026-01-05T10:00:00Z\",\"fieldsType\":\"FieldsV1\","
		"\"fieldsV1\":{\"f:metadata\":{\"f:annotations\":{\".\":{},\"f:example.com/team\":{}},"
		"\"f:generateName\":{},\"f:labels\":{\".\":{},\"f:app.kubernetes.io/name\":{},"
		"\"f:pod-template-hash\":{}},\"f:ownerReferences\":{\".\":{},"
		"\"k:{\\\"uid\\\":\\\"0b9c3f62-1d1f-4c58-9b5e-7a5d0f1f2e3d\\\"}\":{}}},\"f:spec\":{"
		"\"f:containers\":{\"k:{\\\"name\\\":\\\"app-0\\\"}\":{\".\":{},\"f:env\":{\".\":{}},"
		"\"f:image\":{},\"f:imagePullPolicy\":{},\"f:livenessProbe\":{\".\":{},"
		"\"f:failureThreshold\":{},\"f:httpGet\":{\".\":{},\"f:path\":{},\"f:port\":{},"
		"\"f:scheme\":{}},\"f:periodSeconds\":{},\"f:successThreshold\":{},"
		"\"f:timeoutSeconds\":{}},\"f:name\":{},\"f:resources\":{\".\":{}},"
		"\"f:terminationMessagePath\":{},\"f:terminationMessagePolicy\":{}}},"
		"\"f:dnsPolicy\":{},\"f:enableServiceLinks\":{},\"f:restartPolicy\":{},"
		"\"f:schedulerName\":{},\"f:securityContext\":{},"
		"\"f:terminationGracePeriodSeconds\":{}}}}]},\"spec\":{\"volumes\":[{"
		"\"name\":\"kube-api-access-x2x4z\",\"projected\":{\"sources\":[{"
		"\"serviceAccountToken\":{\"expirationSeconds\":3607,\"path\":\"token\"}},{"
		"\"configMap\":{\"name\":\"kube-root-ca.crt\",\"items\":[{\"key\":\"ca.crt\","
		"\"path\":\"ca.crt\"}]}},{\"downwardAPI\":{\"items\":[{\"path\":\"namespace\","
		"\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPath\":\"metadata.namespace\"}}]}}],"
		"\"defaultMode\":420}}],\"containers\":[");
	for (unsigned i = 0; i < containers; i++)
		container(b, i, env);
	og_buf_lit(b, "],\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":30,"
		      "\"dnsPolicy\":\"ClusterFirst\",\"serviceAccountName\":\"default\","
		      "\"serviceAccount\":\"default\",\"securityContext\":{},"
		      "\"schedulerName\":\"default-scheduler\",\"tolerations\":[{"
		      "\"key\":\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\","
		      "\"effect\":\"NoExecute\",\"tolerationSeconds\":300},{"
		      "\"key\":\"node.kubernetes.io/unreachable\",\"operator\":\"Exists\","
		      "\"effect\":\"NoExecute\",\"tolerationSeconds\":300}],\"priority\":0,"
		      "\"enableServiceLinks\":true,\"preemptionPolicy\":\"PreemptLowerPriority\"},"
		      "\"status\":{}},\"oldObject\":null,\"dryRun\":false,\"options\":{"
		      "\"kind\":\"CreateOptions\",\"apiVersion\":\"meta.k8s.io/v1\"}}}");
}

static const char config_text[] =
	"apiVersion: otelgate.dev/v1alpha1\n"
	"kind: GrafanaStack\n"
	"metadata: {name: main}\n"
	"spec:\n"
	"  clusterName: bench\n"
	"  receiver:\n"
	"    type: gateway\n"
	"    endpoint: https://otlp-gateway-prod-eu-west-0.grafana.net/otlp\n"
	"    compression: gzip\n"
	"    timeout: 10s\n"
	"  credentials:\n"
	"    secretRef: {name: grafana-cloud, namespace: otelgate}\n"
	"---\n"
	"apiVersion: otelgate.dev/v1alpha1\n"
	"kind: TelemetryProfile\n"
	"metadata: {name: default}\n"
	"spec:\n"
	"  default: true\n"
	"  sdk:\n"
	"    propagators: [tracecontext, baggage]\n"
	"    sampler: {type: parentbased_traceidratio, argument: \"0.25\"}\n"
	"    resourceAttributes: {deployment.environment.name: bench}\n";

const struct og_config *bench_config(struct og_arena *arena)
{
	struct og_config_input in = {.name = "bench.yaml", .text = og_svz(config_text)};
	struct og_config *c = NULL;
	struct og_config_report report;
	return og_config_read(arena, &in, 1, &c, &report) ? NULL : c;
}
