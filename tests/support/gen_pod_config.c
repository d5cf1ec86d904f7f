/* SPDX-License-Identifier: Apache-2.0 */
/* Random configurations and facts for the generated pods. */
#include "support/gen_pod.h"

#include <stdio.h>

void gen_docs_fini(struct gen_docs *d)
{
	for (uint32_t i = 0; i < GEN_MAX_DOCS; i++)
		og_buf_fini(&d->v[i]);
	d->n = 0;
}

static struct og_buf *next(struct gen_docs *d)
{
	struct og_buf *b = &d->v[d->n < GEN_MAX_DOCS ? d->n++ : GEN_MAX_DOCS - 1];
	og_buf_init(b, 0);
	return b;
}

/* --- stacks --------------------------------------------------------------------------------- */

static void tls(struct gen *g, struct og_buf *b)
{
	static const char *const some[] = {"{\"secretName\":\"tls-secret\",\"caFile\":\"ca.crt\"}",
		"{\"configMapName\":\"ca-map\",\"caFile\":\"ca.pem\"}",
		"{\"caFile\":\"/etc/ssl/own.pem\"}",
		"{\"secretName\":\"tls-secret\",\"certFile\":\"tls.crt\",\"keyFile\":\"tls.key\"}",
		"{\"configMapName\":\"m\",\"caFile\":\"ca\",\"secretName\":\"s\",\"certFile\":\"c\",\"keyFile\":\"k\"}"};
	og_buf_fmt(b, ",\"tls\":%s", gen_pick(g, some));
}

static void credentials(struct og_buf *b)
{
	og_buf_lit(b, ",\"credentials\":{\"secretRef\":{\"name\":\"" GEN_CANARY
		      "\",\"namespace\":\"" GEN_CANARY "\"},\"instanceIdKey\":\"" GEN_CANARY
		      "-id\",\"tokenKey\":\"" GEN_CANARY "-token\"}");
}

static void common_receiver(struct gen *g, struct og_buf *b)
{
	if (gen_chance(g, 50))
		og_buf_fmt(b, ",\"compression\":\"%s\"", gen_chance(g, 80) ? "gzip" : "none");
	if (gen_chance(g, 40))
		og_buf_lit(b, ",\"timeout\":\"15s\"");
}

static void collector(struct gen *g, struct gen_docs *d)
{
	static const char *const endpoints[] = {"http://alloy.monitoring.svc:4318",
		"http://$(OTEL_NODE_IP):4318", "https://otlp.example.org:4318/base"};
	struct og_buf *b = next(d);
	uint32_t which = gen_below(g, 4);
	og_buf_lit(b, "{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\","
		      "\"metadata\":{\"name\":\"alloy\"},\"spec\":{\"receiver\":{");
	if (which == 3)
		og_buf_lit(
			b, "\"protocol\":\"grpc\",\"endpoint\":\"https://otlp.example.org:4317\"");
	else
		og_buf_fmt(b, "\"endpoint\":\"%s\"", endpoints[which]);
	common_receiver(g, b);
	if (which >= 2 && gen_chance(g, 70))
		tls(g, b);
	if (gen_chance(g, 60))
		og_buf_lit(b, ",\"endpoints\":{\"profiles\":\"https://pyroscope.example.org\"}");
	og_buf_ch(b, '}');
	if (gen_chance(g, 50))
		og_buf_lit(b, ",\"clusterName\":\"prod, eu=1\"");
	if (gen_chance(g, 40))
		credentials(b);
	og_buf_lit(b, "}}");
}

static void gateway(struct gen *g, struct gen_docs *d)
{
	struct og_buf *b = next(d);
	og_buf_lit(b,
		"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\","
		"\"metadata\":{\"name\":\"cloud\"},\"spec\":{\"receiver\":{\"type\":\"gateway\","
		"\"endpoint\":\"https://otlp-gateway-prod-eu-west-2.grafana.net/otlp\"");
	common_receiver(g, b);
	if (gen_chance(g, 40))
		og_buf_lit(b,
			",\"endpoints\":{\"traces\":\"https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/traces\","
			"\"profiles\":\"https://profiles.grafana.net\"}");
	og_buf_ch(b, '}');
	credentials(b);
	if (gen_chance(g, 50))
		og_buf_lit(b, ",\"distribute\":{\"secretName\":\"own-name\",\"headerKey\":\"h\"}");
	og_buf_lit(b, "}}");
}

/* --- profiles ------------------------------------------------------------------------------- */

static void signals(struct gen *g, bool profiles, bool expected, struct og_buf *b)
{
	static const char *const modes[] = {"expected", "optional", "off"};
	og_buf_fmt(b, ",\"signals\":{\"metrics\":\"expected\",\"traces\":\"%s\",\"logs\":\"%s\"",
		gen_pick(g, modes), gen_chance(g, 30) ? "stdout" : gen_pick(g, modes));
	if (profiles)
		og_buf_fmt(b, ",\"profiles\":\"%s\"", expected ? "expected" : "optional");
	og_buf_ch(b, '}');
}

static void sdk(struct gen *g, struct og_buf *b)
{
	static const char *const disables[] = {"OTEL_EXPORTER_OTLP_COMPRESSION", "service.version",
		"OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "k8s.node.name",
		"OTEL_RESOURCE_ATTRIBUTES_POD_NAME", "JAVA_TOOL_OPTIONS", "otelgate.revision"};
	og_buf_lit(b, ",\"sdk\":{\"propagators\":[\"tracecontext\",\"b3\"]");
	if (gen_chance(g, 40))
		og_buf_lit(b,
			",\"sampler\":{\"type\":\"parentbased_traceidratio\",\"argument\":\"0.25\"}");
	if (gen_chance(g, 50))
		og_buf_lit(b,
			",\"resourceAttributes\":{\"deployment.environment.name\":\"pr\xc3\xb6"
			"d\",\"team\":\"a,b=$(X)%\",\"service.version\":\"9\"}");
	og_buf_fmt(b, ",\"useLabels\":%s", gen_chance(g, 40) ? "true" : "false");
	og_buf_fmt(b, ",\"addUids\":%s", gen_chance(g, 30) ? "true" : "false");
	if (gen_chance(g, 40))
		og_buf_lit(b,
			",\"env\":[{\"name\":\"EXTRA_ONE\",\"value\":\"a $(HOME) b\"},"
			"{\"name\":\"EXTRA_TWO\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":"
			"\"spec.nodeName\"}}},{\"name\":\"NODE_OPTIONS\",\"value\":\"--prof\"}]");
	if (gen_chance(g, 30))
		og_buf_fmt(b, ",\"disable\":[\"%s\"]", gen_pick(g, disables));
	og_buf_ch(b, '}');
}

static void languages(struct gen *g, struct og_buf *b)
{
	og_buf_lit(b, ",\"languages\":{\"java\":{\"image\":\"registry.example.org/java:2\"");
	if (gen_chance(g, 60))
		og_buf_lit(b, ",\"profilerImage\":\"registry.example.org/pyroscope-java:1\"");
	if (gen_chance(g, 40))
		og_buf_lit(b, ",\"env\":[{\"name\":\"JAVA_TOOL_OPTIONS\",\"value\":\"-Dx=1\"}]");
	og_buf_lit(b, "},\"python\":{");
	og_buf_fmt(b, "\"image\":\"%s\"", gen_chance(g, 80) ? "registry.example.org/py:1" : "py");
	if (gen_chance(g, 50))
		og_buf_fmt(b, ",\"libc\":\"%s\"", gen_chance(g, 50) ? "glibc" : "musl");
	if (gen_chance(g, 50))
		og_buf_lit(b, ",\"resources\":{\"limits\":{\"memory\":\"99Mi\"}},"
			      "\"imagePullPolicy\":\"Always\"");
	og_buf_lit(b, "},\"nodejs\":{\"image\":\"registry.example.org/node:1\"}}");
}

static void profile(struct gen *g, struct gen_docs *d, const char *name, const char *stack,
	bool is_default, bool ebpf)
{
	struct og_buf *b = next(d);
	og_buf_fmt(b,
		"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"TelemetryProfile\","
		"\"metadata\":{\"name\":\"%s\"},\"spec\":{\"stack\":\"%s\",\"default\":%s",
		name, stack, is_default ? "true" : "false");
	if (gen_chance(g, 25))
		og_buf_lit(b, ",\"namespaceSelector\":{\"matchLabels\":{\"telemetry\":\"on\"}}");
	if (gen_chance(g, 15))
		og_buf_lit(b, ",\"workloadSelector\":{\"matchExpressions\":[{\"key\":\"telemetry\","
			      "\"operator\":\"Exists\"}]}");
	signals(g, ebpf || gen_chance(g, 50), ebpf && gen_chance(g, 50), b);
	if (ebpf)
		og_buf_lit(b, ",\"profiles\":{\"via\":\"ebpf\"}");
	if (gen_chance(g, 80))
		sdk(g, b);
	if (gen_chance(g, 70))
		languages(g, b);
	if (gen_chance(g, 30))
		og_buf_lit(b, ",\"containers\":{\"skip\":[\"c1*\",\"log-*\"]}");
	if (gen_chance(g, 20))
		og_buf_lit(b, ",\"onError\":\"reject\"");
	if (gen_chance(g, 30))
		og_buf_lit(b, ",\"compat\":\"opentelemetry-operator\"");
	og_buf_lit(b, "}}");
}

void gen_config(struct gen *g, struct gen_docs *out)
{
	out->n = 0;
	collector(g, out);
	gateway(g, out);
	profile(g, out, "standard", "alloy", true, false);
	profile(g, out, "lean", "alloy", false, false);
	profile(g, out, "gateway", "cloud", false, false);
	profile(g, out, "ebpf", "alloy", false, true);
}

/* --- facts ---------------------------------------------------------------------------------- */

void gen_facts(struct gen *g, struct gen_docs *out)
{
	static const struct gen_opts opts = {.odd = 5}, quiet = {.never_in = true};
	out->n = 0;
	struct og_buf *b = next(out);
	og_buf_lit(b,
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"prod\","
		"\"labels\":");
	og_buf_str(b, gen_chance(g, 15) ? "{\"telemetry\":\"on\"}" : "{}");
	og_buf_lit(b, ",\"annotations\":");
	gen_annotations(g, gen_chance(g, 15) ? &opts : &quiet, b);
	og_buf_lit(b, "}}");
	b = next(out);
	og_buf_lit(b, "{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":"
		      "\"web-5d4f\",\"namespace\":\"prod\",\"uid\":\"u1\",\"ownerReferences\":[{"
		      "\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"web\",\"uid\":"
		      "\"u9\",\"controller\":true}]}}");
	b = next(out);
	og_buf_lit(b, "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
		      "\"web\",\"namespace\":\"prod\",\"uid\":\"u9\",\"annotations\":");
	gen_annotations(g, gen_chance(g, 25) ? &opts : &quiet, b);
	og_buf_lit(b, "}}");
	b = next(out);
	og_buf_lit(b,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"known\","
		"\"namespace\":\"prod\"},\"data\":{\"SERVICE_NAME\":\"x\",\"JAVA_TOOL_OPTIONS\":"
		"\"-Xcm\",\"OTEL_NODE_IP\":\"10.0.0.1\",\"OTEL_PROPAGATORS\":\"b3\"}}");
}
