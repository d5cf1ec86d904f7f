/* SPDX-License-Identifier: Apache-2.0 */
#include "support/askworld.h"

#include <stdio.h>
#include <string.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"

struct og_cloud *aw_cloud;
static struct og_buf dump = OG_BUF_INIT(1 << 20);

void aw_setup(void)
{
	struct og_err err = OG_ERR_INIT;

	clr_setup();
	clr_crd("grafanastacks");
	clr_crd("telemetryprofiles");
	ck_assert_msg(og_cloud_start(NULL, &aw_cloud, &err) == 0, "%s", err.msg);
	aw_configure("", "read");
	aw_token(OG_CLOUD_TOKEN_READ);
	og_buf_reset(&dump);
}

void aw_teardown(void)
{
	og_cloud_stop(og_take(aw_cloud));
	og_buf_fini(&dump);
	clr_teardown();
}

/* ---- configuration ---- */

const char *aw_config(const char *query, const char *secret)
{
	static char text[4096];
	char ref[128] = "";

	if (secret)
		(void)snprintf(ref, sizeof(ref),
			"    secretRef: {name: %s, namespace: monitoring}\n", secret);
	(void)snprintf(text, sizeof(text),
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
		"spec:\n  receiver: {endpoint: 'http://alloy.example.com:4318'}\n  query:\n%s%s"
		"    prometheus: {url: '%s', user: '%s'}\n    loki: {url: '%s', user: '%s'}\n"
		"    tempo: {url: '%s', user: '%s'}\n    pyroscope: {url: '%s', user: '%s'}\n"
		"---\napiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\n"
		"metadata: {name: p}\nspec: {stack: s}\n",
		ref, query, og_cloud_url(aw_cloud, OG_CLOUD_PROM),
		og_cloud_user(aw_cloud, OG_CLOUD_PROM), og_cloud_url(aw_cloud, OG_CLOUD_LOKI),
		og_cloud_user(aw_cloud, OG_CLOUD_LOKI), og_cloud_url(aw_cloud, OG_CLOUD_TEMPO),
		og_cloud_user(aw_cloud, OG_CLOUD_TEMPO), og_cloud_url(aw_cloud, OG_CLOUD_PYROSCOPE),
		og_cloud_user(aw_cloud, OG_CLOUD_PYROSCOPE));
	return text;
}

void aw_configure(const char *query, const char *secret)
{
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(og_sim_apply(clr_sim, og_svz(aw_config(query, secret)), "config", &err) == 0,
		"%s", err.msg);
}

void aw_token(const char *token)
{
	og_auto_buf struct og_buf b64 = OG_BUF_INIT(1024);

	og_base64_encode(&b64, og_svz(token));
	clr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"read\","
		 "\"namespace\":\"monitoring\"},\"data\":{\"token\":\"%.*s\"}}",
		OG_SV_ARG(og_buf_view(&b64)));
}

/* ---- workloads ---- */

void aw_put(const char *json)
{
	clr_putf("%s", json);
	og_buf_fmt(&dump, "%s%s", dump.len ? "," : "", json);
}

const char *aw_dump(void)
{
	static char text[1 << 20];

	(void)snprintf(text, sizeof(text),
		"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[%.*s]}", (int)dump.len,
		dump.p ? dump.p : "");
	return text;
}

void aw_workload(const char *name, bool asks)
{
	char spec[1024], text[4096];

	(void)snprintf(spec, sizeof(spec),
		"\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"
		"\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}%s},\"spec\":{\"containers\":"
		"[{\"name\":\"app\",\"image\":\"w\"}]}}}",
		asks ? ",\"annotations\":{\"otelgate.dev/inject\":\"true\"}" : "");
	(void)snprintf(text, sizeof(text),
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\",\"generation\":1,\"uid\":\"d-%s\"},%s,\"status\":{"
		"\"observedGeneration\":1,\"replicas\":2,\"updatedReplicas\":2,\"readyReplicas\":2,"
		"\"availableReplicas\":2}}",
		name, name, spec);
	aw_put(text);
	(void)snprintf(text, sizeof(text),
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":"
		"\"%s-1\",\"namespace\":\"shop\",\"uid\":\"r-%s\",\"ownerReferences\":[{"
		"\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"%s\",\"uid\":"
		"\"d-%s\",\"controller\":true}]},%s}",
		name, name, name, name, spec);
	aw_put(text);
}

void aw_pod(const char *name, const char *of, long ago_s, const char *revision)
{
	char record[256] = "", text[4096];
	const char *at = clr_ago(ago_s);

	if (*revision)
		(void)snprintf(record, sizeof(record),
			",\"otelgate.dev/injection\":\"{\\\"revision\\\":\\\"%s\\\","
			"\\\"containers\\\":{\\\"app\\\":{}}}\"",
			revision);
	(void)snprintf(text, sizeof(text),
		"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\",\"creationTimestamp\":\"%s\",\"labels\":{\"a\":\"b\","
		"\"otelgate.dev/revision\":\"%s\"},\"annotations\":{\"otelgate.dev/inject\":"
		"\"true\"%s},\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":"
		"\"ReplicaSet\",\"name\":\"%s-1\",\"uid\":\"r-%s\",\"controller\":true}]},"
		"\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]},"
		"\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":"
		"\"True\"}],\"containerStatuses\":[{\"name\":\"app\",\"ready\":true,"
		"\"restartCount\":0,\"state\":{\"running\":{\"startedAt\":\"%s\"}}}]}}",
		name, at, revision, record, of, of, at);
	aw_put(text);
}

const char *aw_revision(const char *name)
{
	static char rev[32];
	char operand[64];

	(void)snprintf(operand, sizeof(operand), "deployment/%s", name);
	ck_assert_int_eq(CLR_RUN("status", "-n", "shop", operand, "-o", "json"), 0);
	const char *at = strstr(clr_out.p, "\"revision\":\"");
	ck_assert_msg(at != NULL, "no revision: %s", clr_out.p);
	(void)snprintf(rev, sizeof(rev), "%.*s", (int)strcspn(at + 12, "\""), at + 12);
	return rev;
}

const char *aw_web(void)
{
	aw_workload("web", true);
	const char *rev = aw_revision("web");
	aw_pod("web-1-a", "web", 30 * 3600 + 20, rev);
	aw_pod("web-1-b", "web", 30 * 3600 + 20, rev);
	return rev;
}

/* ---- telemetry ---- */

static const struct {
	const char *signal, *list, *inner, *item;
} shapes[] = {
	{"metrics", "resourceMetrics", "scopeMetrics",
		"\"metrics\":[{\"name\":\"queue.length\",\"gauge\":{\"dataPoints\":[{"
		"\"timeUnixNano\":\"%lld\",\"asDouble\":1}]}}]"},
	{"traces", "resourceSpans", "scopeSpans",
		"\"spans\":[{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":"
		"\"b7ad6b7169203331\",\"name\":\"GET /\",\"kind\":2,\"startTimeUnixNano\":"
		"\"%lld\",\"endTimeUnixNano\":\"%lld\"}]"},
	{"logs", "resourceLogs", "scopeLogs",
		"\"logRecords\":[{\"timeUnixNano\":\"%lld\",\"severityNumber\":9,\"body\":{"
		"\"stringValue\":\"hello\"}}]"},
};

static void attribute(struct og_buf *b, const char *key, const char *value)
{
	og_buf_fmt(b, "%s{\"key\":\"%s\",\"value\":{\"stringValue\":\"%s\"}}",
		b->p[b->len - 1] == '[' ? "" : ",", key, value);
}

void aw_push(const char *signal, const char *service, const char *pod, const char *rev, long ago_s)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(64 << 10);
	long long at = (long long)(og_cloud_now_ns(aw_cloud) - ago_s * OG_NS_PER_S);
	struct og_err err = OG_ERR_INIT;
	char instance[256], time_text[32];
	size_t k = 0;

	while (strcmp(shapes[k].signal, signal) != 0)
		ck_assert_uint_lt(++k, OG_COUNT(shapes));
	(void)snprintf(instance, sizeof(instance), "shop.%s.app", pod);
	(void)snprintf(time_text, sizeof(time_text), "%lld", at);
	og_buf_fmt(&b, "{\"%s\":[{\"resource\":{\"attributes\":[", shapes[k].list);
	attribute(&b, "service.name", service);
	attribute(&b, "service.namespace", "shop");
	attribute(&b, "service.instance.id", instance);
	attribute(&b, "k8s.namespace.name", "shop");
	attribute(&b, "k8s.pod.name", pod);
	attribute(&b, "k8s.cluster.name", "prod");
	attribute(&b, "telemetry.sdk.language", "go");
	attribute(&b, "otelgate.revision", rev);
	og_buf_fmt(&b, "]},\"%s\":[{\"scope\":{\"name\":\"t\"},", shapes[k].inner);
	for (const char *p = shapes[k].item; *p; p++) {
		bool time = strncmp(p, "%lld", 4) == 0;
		og_buf_sv(&b, time ? og_svz(time_text) : og_sv(p, 1));
		p += time ? 3 : 0;
	}
	og_buf_lit(&b, "}]}]}");
	og_buf_ch(&b, '\0');
	ck_assert(!b.failed);
	ck_assert_msg(og_cloud_push(aw_cloud, signal, b.p, &err) == 0, "%s: %s", err.msg, b.p);
}

void aw_push_all(const char *service, const char *pod, const char *rev)
{
	for (size_t i = 0; i < OG_COUNT(shapes); i++)
		aw_push(shapes[i].signal, service, pod, rev, 20);
}

void aw_fault(const char *json)
{
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(og_cloud_fault(aw_cloud, json, &err) == 0, "%s", err.msg);
}
