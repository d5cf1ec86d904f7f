/* SPDX-License-Identifier: Apache-2.0 */
/* Random pod specs: containers, environment, volumes, security contexts. */
#include "support/gen_pod.h"

#include <stdio.h>

static void open_member(struct gen *g, struct og_buf *out, const char *name)
{
	char last = out->len ? out->p[out->len - 1] : '{';
	if (last != '{' && last != '[')
		og_buf_str(out, gen_chance(g, 3) ? " ,\t" : ",");
	gen_string(g, out, name);
	og_buf_ch(out, ':');
}

static void text(struct gen *g, struct og_buf *out, const char *name, const char *value)
{
	open_member(g, out, name);
	gen_string(g, out, value);
}

static void unknown(struct gen *g, const struct gen_opts *o, struct og_buf *out)
{
	static const char *const names[] = {"x-unknown", "futureField", "zeta~/"};
	char name[48];
	if (!gen_chance(g, o->odd ? o->odd : 8))
		return;
	snprintf(name, sizeof(name), "%s%zu", gen_pick(g, names), out->len); /* never twice */
	open_member(g, out, name);
	gen_any(g, out, 1);
}

/* --- environment ---------------------------------------------------------------------------- */

static const char *const attribute_lists[] = {"team=a", "service.name=mine",
	"service.name=", "k8s.pod.name=x,team=a%20b", "bad", "a=b,", ",a=b", "a==b", "a=%zz",
	"$(REST)", "k=$(V)", "", " ", "a=b, c=d ", "a=1,a=2", "service.name=$(NAME),x=y",
	"otelgate.revision=old", "deployment.environment.name=dev,service.namespace=ns",
	"caf\xc3\xa9=1", "a=b,$(REST)"};

static const char *const env_names[] = {"PATH", "FOO", "BAR", "HOME", "LOG_LEVEL", "NAME", "REST",
	"V", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_RESOURCE_ATTRIBUTES",
	"JAVA_TOOL_OPTIONS", "JAVA_TOOL_OPTIONS", "NODE_OPTIONS", "PYTHONPATH",
	"DOTNET_STARTUP_HOOKS", "DOTNET_SHARED_STORE", "CORECLR_PROFILER",
	"CORECLR_ENABLE_PROFILING", "OTEL_DOTNET_AUTO_HOME", "OTEL_EXPORTER_OTLP_ENDPOINT",
	"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS",
	"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_TRACES_SAMPLER",
	"OTEL_TRACES_SAMPLER_ARG", "OTEL_PROPAGATORS", "OTEL_TRACES_EXPORTER", "OTEL_CONFIG_FILE",
	"OTEL_RESOURCE_ATTRIBUTES_POD_NAME", "OTEL_RESOURCE_ATTRIBUTES_NODE_NAME",
	"OTELGATE_POD_NAME", "OTEL_NODE_IP", "OTEL_POD_IP", "PYROSCOPE_SERVER_ADDRESS",
	"OTEL_EXPORTER_OTLP_CERTIFICATE", "EXTRA_ONE", "EXTRA_TWO", "caf\xc3\xa9", "with.dot"};

static void value_from(struct gen *g, struct og_buf *out)
{
	static const char *const sources[] = {"{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}",
		"{\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPath\":\"status.hostIP\"}}",
		"{\"secretKeyRef\":{\"name\":\"user-secret\",\"key\":\"k\"}}",
		"{\"configMapKeyRef\":{\"name\":\"user-map\",\"key\":\"k\",\"optional\":true}}",
		"{\"resourceFieldRef\":{\"resource\":\"limits.cpu\"},\"future\":1.10}"};
	open_member(g, out, "valueFrom");
	og_buf_str(out, gen_pick(g, sources));
}

static void env_value(struct gen *g, const char *name, struct og_buf *out)
{
	if (gen_chance(g, 8))
		return;
	open_member(g, out, "value");
	if (gen_chance(g, 3)) {
		og_buf_lit(out, "null");
		return;
	}
	if (strcmp(name, "OTEL_RESOURCE_ATTRIBUTES") == 0) {
		gen_string(g, out, gen_pick(g, attribute_lists));
		return;
	}
	og_buf_ch(out, '"');
	og_buf_str(out, gen_odd_text(g));
	og_buf_ch(out, '"');
}

static void env_entry(struct gen *g, const struct gen_opts *o, const char *name, struct og_buf *out)
{
	og_buf_ch(out, '{');
	unknown(g, o, out);
	bool name_last = gen_chance(g, 10);
	if (!name_last)
		text(g, out, "name", name);
	if (gen_chance(g, 15))
		value_from(g, out);
	else
		env_value(g, name, out);
	if (gen_chance(g, 2))
		unknown(g, o, out);
	if (name_last)
		text(g, out, "name", name);
	og_buf_ch(out, '}');
}

static void env(struct gen *g, const struct gen_opts *o, struct og_buf *out)
{
	if (gen_chance(g, 25))
		return;
	open_member(g, out, "env");
	if (gen_chance(g, 6)) {
		og_buf_str(out, gen_chance(g, 50) ? "null" : "[]");
		return;
	}
	og_buf_ch(out, '[');
	uint32_t n = gen_chance(g, 5) ? gen_below(g, 30) : gen_below(g, 6);
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			og_buf_str(out, gen_chance(g, 5) ? ",\n" : ",");
		env_entry(g, o, gen_pick(g, env_names), out);
	}
	og_buf_ch(out, ']');
}

static void env_from(struct gen *g, struct og_buf *out)
{
	static const char *const sources[] = {"{\"configMapRef\":{\"name\":\"known\"}}",
		"{\"configMapRef\":{\"name\":\"known\"},\"prefix\":\"OTEL_\"}",
		"{\"configMapRef\":{\"name\":\"stranger\",\"optional\":true}}",
		"{\"secretRef\":{\"name\":\"user-secret\"}}", "{}"};
	if (!gen_chance(g, 15))
		return;
	open_member(g, out, "envFrom");
	og_buf_fmt(out, "[%s", gen_pick(g, sources));
	if (gen_chance(g, 40))
		og_buf_fmt(out, ",%s", gen_pick(g, sources));
	og_buf_ch(out, ']');
}

/* --- containers ----------------------------------------------------------------------------- */

static void mounts(struct gen *g, struct og_buf *out)
{
	static const char *const some[] = {"{\"name\":\"data\",\"mountPath\":\"/data\"}",
		"{\"name\":\"otelgate-java\",\"mountPath\":\"/mine\"}",
		"{\"mountPath\":\"/otelgate\",\"name\":\"data\",\"readOnly\":true}",
		"{\"name\":\"cfg\",\"mountPath\":\"/etc/cfg\",\"subPath\":\"a~/b\",\"x\":1e3}"};
	if (gen_chance(g, 60))
		return;
	open_member(g, out, "volumeMounts");
	if (gen_chance(g, 10)) {
		og_buf_str(out, gen_chance(g, 50) ? "null" : "[]");
		return;
	}
	/* the colliding one rarely: it makes the whole pod a refusal */
	og_buf_fmt(out, "[%s", gen_chance(g, 5) ? some[1] : some[0]);
	if (gen_chance(g, 30))
		og_buf_fmt(out, ",%s", some[2 + gen_below(g, 2)]);
	og_buf_ch(out, ']');
}

static void security(struct gen *g, bool restricted, struct og_buf *out)
{
	static const char *const any[] = {"{}", "{\"privileged\":true}", "{\"runAsUser\":0}",
		"{\"runAsNonRoot\":true,\"runAsUser\":1000}", "null",
		"{\"capabilities\":{\"add\":[\"NET_ADMIN\"]},\"zzz\":0.10}"};
	if (restricted) {
		open_member(g, out, "securityContext");
		og_buf_lit(out, "{\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":"
				"[\"ALL\"]},\"runAsNonRoot\":true,"
				"\"seccompProfile\":{\"type\":\"RuntimeDefault\"}}");
	} else if (gen_chance(g, 30)) {
		open_member(g, out, "securityContext");
		og_buf_str(out, gen_pick(g, any));
	}
}

static void container(struct gen *g, const struct gen_opts *o, const char *name, bool native,
	bool restricted, struct og_buf *out)
{
	static const char *const images[] = {"app:1.2", "registry.example.org:5000/a/b:v2",
		"python:3.12-alpine",
		"img@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"plain", "", "a b c"};
	og_buf_ch(out, '{');
	unknown(g, o, out);
	text(g, out, "name", name);
	if (!gen_chance(g, 3))
		text(g, out, "image", gen_pick(g, images));
	if (native)
		text(g, out, "restartPolicy", "Always");
	env(g, o, out);
	env_from(g, out);
	mounts(g, out);
	security(g, restricted, out);
	if (gen_chance(g, 20)) {
		open_member(g, out, "resources");
		og_buf_lit(out, "{\"limits\":{\"cpu\":1.50,\"memory\":\"1Gi\"}}");
	}
	unknown(g, o, out);
	og_buf_ch(out, '}');
}

static void init_containers(
	struct gen *g, const struct gen_opts *o, bool restricted, struct og_buf *out)
{
	static const char *const names[] = {"setup", "istio-init", "native", "otelgate-java"};
	if (gen_chance(g, 60))
		return;
	open_member(g, out, "initContainers");
	if (gen_chance(g, 10)) {
		og_buf_str(out, gen_chance(g, 50) ? "null" : "[]");
		return;
	}
	og_buf_ch(out, '[');
	uint32_t n = 0;
	for (uint32_t i = 0; i < 4; i++) {
		if (!gen_chance(g, i == 3 ? 2 : 40))
			continue;
		if (n++)
			og_buf_ch(out, ',');
		container(g, o, names[i], i == 2, restricted, out);
	}
	og_buf_ch(out, ']');
}

static void containers(struct gen *g, const struct gen_opts *o, bool restricted, struct og_buf *out)
{
	open_member(g, out, "containers");
	og_buf_ch(out, '[');
	uint32_t n = gen_chance(g, 5) ? 1 + gen_below(g, 20) : 1 + gen_below(g, 3);
	for (uint32_t i = 0; i < n; i++) {
		static const char *const first[] = {"app", "web", "istio-proxy", "fluent-bit"};
		char name[16];
		if (i < 3)
			snprintf(name, sizeof(name), "%s", first[i]);
		else
			snprintf(name, sizeof(name), "c%u", i);
		if (i == 0 && gen_chance(g, 3))
			snprintf(name, sizeof(name), "%s", first[3]);
		if (i)
			og_buf_ch(out, ',');
		container(g, o, name, false, restricted, out);
	}
	og_buf_ch(out, ']');
}

/* --- the rest of a spec --------------------------------------------------------------------- */

static void volumes(struct gen *g, bool restricted, struct og_buf *out)
{
	static const char *const some[] = {"{\"name\":\"data\",\"emptyDir\":{}}",
		"{\"name\":\"cfg\",\"configMap\":{\"name\":\"cfg\",\"defaultMode\":420}}",
		"{\"name\":\"host\",\"hostPath\":{\"path\":\"/x\"}}",
		"{\"name\":\"otelgate-java\",\"emptyDir\":{}}"};
	if (gen_chance(g, 50))
		return;
	open_member(g, out, "volumes");
	if (gen_chance(g, 10)) {
		og_buf_str(out, gen_chance(g, 50) ? "null" : "[]");
		return;
	}
	og_buf_fmt(out, "[%s", some[0]);
	if (gen_chance(g, 50))
		og_buf_fmt(out, " ,%s", some[1]);
	if (!restricted && gen_chance(g, 10))
		og_buf_fmt(out, ",%s", some[2]);
	if (gen_chance(g, 3))
		og_buf_fmt(out, ",%s", some[3]);
	og_buf_ch(out, ']');
}

static void ephemeral(struct gen *g, struct og_buf *out)
{
	if (!gen_chance(g, 4))
		return;
	open_member(g, out, "ephemeralContainers");
	og_buf_lit(out, "[{\"name\":\"debug\",\"image\":\"busybox\",\"env\":[{\"name\":\"A\","
			"\"value\":\"b\"}],\"targetContainerName\":\"app\"}]");
}

static void pod_security(struct gen *g, bool restricted, struct og_buf *out)
{
	static const char *const any[] = {"{}", "{\"runAsUser\":0}", "{\"runAsUser\":1000}",
		"{\"runAsNonRoot\":true,\"fsGroup\":2000}", "null"};
	if (!gen_chance(g, 40))
		return;
	open_member(g, out, "securityContext");
	og_buf_str(out, any[restricted ? 2 + gen_below(g, 2) : gen_below(g, 5)]);
}

void gen_podspec(struct gen *g, const struct gen_opts *o, struct og_buf *out)
{
	bool restricted = gen_chance(g, 40);
	og_buf_ch(out, '{');
	unknown(g, o, out);
	bool volumes_first = gen_chance(g, 30);
	if (volumes_first)
		volumes(g, restricted, out);
	init_containers(g, o, restricted, out);
	containers(g, o, restricted, out);
	ephemeral(g, out);
	if (!volumes_first)
		volumes(g, restricted, out);
	pod_security(g, restricted, out);
	if (gen_chance(g, 30))
		text(g, out, "serviceAccountName", "default");
	if (gen_chance(g, 3)) {
		open_member(g, out, "os");
		og_buf_fmt(out, "{\"name\":\"%s\"}", gen_chance(g, 50) ? "windows" : "linux");
	}
	if (gen_chance(g, 20)) {
		open_member(g, out, "terminationGracePeriodSeconds");
		og_buf_lit(out, "30");
	}
	unknown(g, o, out);
	og_buf_ch(out, '}');
}
