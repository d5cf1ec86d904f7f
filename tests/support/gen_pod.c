/* SPDX-License-Identifier: Apache-2.0 */
/* Random pods and workloads: the generator itself, texts, metadata, the frames of all kinds. */
#include "support/gen_pod.h"

#include <stdio.h>

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t gen_next(struct gen *g)
{
	uint64_t z = g->state += 0x9E3779B97F4A7C15ULL;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
	return z ^ z >> 31;
}

struct gen gen_case(uint64_t seed, uint64_t n)
{
	struct gen g = {.state = seed};
	g.state = gen_next(&g) + n * 0xD1342543DE82EF95ULL;
	return g;
}

uint32_t gen_below(struct gen *g, uint32_t n)
{
	return (uint32_t)((gen_next(g) >> 33) % n);
}

bool gen_chance(struct gen *g, unsigned percent)
{
	return gen_below(g, 100) < percent;
}

void gen_string(struct gen *g, struct og_buf *out, const char *s)
{
	bool escape = gen_chance(g, 3);
	og_buf_ch(out, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			og_buf_fmt(out, "\\%c", c);
		else if (c < 0x20 || (escape && c < 0x80 && gen_chance(g, 30)))
			og_buf_fmt(out, "\\u%04x", c);
		else if (c == '/' && escape)
			og_buf_lit(out, "\\/");
		else
			og_buf_ch(out, (char)c);
	}
	og_buf_ch(out, '"');
}

const char *gen_odd_text(struct gen *g)
{
	static const char *const texts[] = {"", " ", "plain", "two words", "a,b=c", "100%", "%41",
		"$(HOME)", "$(OTEL_NODE_IP)", "$$(HOME)", "$", "$$", "a$(", "x=$(A),y=$(B)",
		"caf\xc3\xa9", "\xe2\x82\xac 5", "\xf0\x9f\x98\x80", "\\u0000", "a\\u0000b",
		"\\\"quoted\\\"", "back\\\\slash", "line\\nbreak", "tab\\there",
		"\\u00e9\\ud83d\\ude00", "a;b;c", "=", ",", "key=value", "<script>",
		"{\\\"a\\\":1}", "true", "null", "~0~1/", "-Xmx1g", "-javaagent:/own/agent.jar",
		"--require /own.js", "/usr/lib:/opt/lib", "\xef\xbf\xbd", "\x7f", "+plus+",
		"semi;colon=1",
		"0123456789012345678901234567890123456789012345678901234567890123456789"};
	return gen_pick(g, texts);
}

static void odd_string(struct gen *g, struct og_buf *out)
{
	og_buf_ch(out, '"');
	og_buf_str(out, gen_odd_text(g));
	og_buf_ch(out, '"');
}

void gen_any(struct gen *g, struct og_buf *out, unsigned depth)
{
	static const char *const scalars[] = {"0", "-0", "1.10", "1e3", "1E+2",
		"1152921504606846976", "9007199254740993", "-1.50", "0.0", "true", "false", "null",
		"42"};
	unsigned kind = gen_below(g, depth < 3 ? 10 : 6);
	if (kind < 4) {
		og_buf_str(out, gen_pick(g, scalars));
		return;
	}
	if (kind < 6) {
		odd_string(g, out);
		return;
	}
	bool object = kind < 8;
	og_buf_ch(out, object ? '{' : '[');
	for (uint32_t i = 0, n = gen_below(g, 4); i < n; i++) {
		if (i)
			og_buf_str(out, gen_chance(g, 10) ? " , " : ",");
		if (object)
			og_buf_fmt(out, "\"m%u%s\":%s", i, gen_chance(g, 20) ? "~/x" : "",
				gen_chance(g, 10) ? " " : "");
		gen_any(g, out, depth + 1);
	}
	og_buf_ch(out, object ? '}' : ']');
}

/* --- metadata ------------------------------------------------------------------------------- */

const char *const gen_profile_names[] = {"standard", "lean", "gateway", "ebpf", NULL};

static const char *inject_value(struct gen *g)
{
	static const char *const bad[] = {
		"", "True", "yes", "no-such-profile", " ", "standart", "caf\xc3\xa9", "true,false"};
	if (gen_chance(g, 6))
		return gen_pick(g, bad);
	if (gen_chance(g, 8))
		return "false";
	if (gen_chance(g, 30))
		return gen_profile_names[gen_below(g, 4)];
	return gen_chance(g, 10) ? " true " : "true";
}

static const char *const signal_values[] = {"metrics", "metrics,traces", "logs=stdout",
	"profiles=expected", "profiles=optional,traces=off", "metrics=off, traces=off ,logs=off",
	"metric", "traces=stdout", "", ",", "logs=", "=off", "profiles"};
static const char *const container_values[] = {"app", "app,web", "web , c3", "nobody", "", ",,",
	"app,app", "istio-proxy", "setup,app", "native", "c1,c2,c3,c4,c5,c6,c7,c8,c9"};
static const char *const language_values[] = {"java", "java/musl", "nodejs", "python",
	"python/glibc", "python/musl", "dotnet/glibc", "dotnet/musl", "dotnet", "go", "other",
	"app=java,web=python/musl", "app=nodejs, java", "jav", "java/bsd", "nobody=java", "=java",
	"app=", "", "none", "java,python/glibc", "setup=python/glibc", "app=java/glibc,setup=java"};
static const char *const attr_values[] = {"checkout", "a,b", "100%", "$(HOME)", "caf\xc3\xa9", "",
	" padded ", "x=y", "1.2.3", "a;b", "\xf0\x9f\x98\x80", "$$", "semi;colon=1",
	"quote\"back\\slash", "%2C"};

static const struct {
	const char *key;
	const char *const *values;
	uint32_t n;
	unsigned percent;
} rows[] = {
#define ROW(key, table, percent)                                        \
	{                                                               \
		key, table, sizeof(table) / sizeof((table)[0]), percent \
	}
	ROW("otelgate.dev/signals", signal_values, 18),
	ROW("otelgate.dev/containers", container_values, 10),
	ROW("otelgate.dev/exclude-containers", container_values, 10),
	ROW("otelgate.dev/language", language_values, 45),
	ROW("resource.opentelemetry.io/service.name", attr_values, 15),
	ROW("resource.opentelemetry.io/service.version", attr_values, 10),
	ROW("resource.opentelemetry.io/service.namespace", attr_values, 5),
	ROW("resource.opentelemetry.io/service.instance.id", attr_values, 3),
	ROW("resource.opentelemetry.io/team", attr_values, 20),
	ROW("resource.opentelemetry.io/k8s.pod.name", attr_values, 3),
	ROW("resource.opentelemetry.io/otelgate.revision", attr_values, 2),
	ROW("resource.opentelemetry.io/", attr_values, 2),
	ROW("resource.opentelemetry.io/caf\xc3\xa9 x", attr_values, 2),
#undef ROW
};

/* "key": of the next member, with the comma before it. */
static void key(struct gen *g, struct og_buf *out, const char *name)
{
	char last = out->len ? out->p[out->len - 1] : '{';
	if (last != '{' && last != '[')
		og_buf_str(out, gen_chance(g, 3) ? ",\n  " : ",");
	gen_string(g, out, name);
	og_buf_str(out, gen_chance(g, 3) ? " : " : ":");
}

static void pair(struct gen *g, struct og_buf *out, const char *name, const char *value)
{
	key(g, out, name);
	gen_string(g, out, value);
}

static void unknown(struct gen *g, const struct gen_opts *o, struct og_buf *out)
{
	static const char *const names[] = {"x-unknown", "futureField", "zeta~/", "\xc3\xbc"};
	char name[48];
	if (!gen_chance(g, o->odd ? o->odd : 8))
		return;
	snprintf(name, sizeof(name), "%s%zu", gen_pick(g, names), out->len); /* never twice */
	key(g, out, name);
	gen_any(g, out, 0);
}

static void our_annotations(struct gen *g, const struct gen_opts *o, struct og_buf *out)
{
	static const char *const stray[] = {"otelgate.dev/injct", "otelgate.dev/container",
		"otelgate.dev/", "otelgate.dev/x/y", "otelgate.dev/Inject"};
	static const char *const operator[] = {"inject-java", "inject-python", "inject-sdk",
		"inject-dotnet", "container-names", "otel-python-platform"};
	char name[96];
	if (o->always_in)
		pair(g, out, "otelgate.dev/inject", "true");
	else if (!o->never_in && gen_chance(g, 60))
		pair(g, out, "otelgate.dev/inject", inject_value(g));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (gen_chance(g, rows[i].percent))
			pair(g, out, rows[i].key, rows[i].values[gen_below(g, rows[i].n)]);
	if (gen_chance(g, 4))
		pair(g, out, "otelgate.dev/required", gen_chance(g, 70) ? "true" : "maybe");
	if (gen_chance(g, 5))
		pair(g, out, gen_pick(g, stray), "x");
	if (!o->never_in && gen_chance(g, 8)) {
		snprintf(name, sizeof(name), "instrumentation.opentelemetry.io/%s",
			gen_pick(g, operator));
		pair(g, out, name, gen_chance(g, 70) ? "true" : "app");
	}
}

void gen_annotations(struct gen *g, const struct gen_opts *o, struct og_buf *out)
{
	static const char *const others[] = {"prometheus.io/scrape", "a~b/c~1d", "x/y/z",
		"kubectl.kubernetes.io/default-container", "profiles.grafana.com/cpu.ebpf.enabled"};
	og_buf_ch(out, '{');
	our_annotations(g, o, out);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (gen_chance(g, 12)) {
			key(g, out, others[i]);
			odd_string(g, out);
		}
	og_buf_ch(out, '}');
}

static void labels(struct gen *g, const struct gen_opts *o, struct og_buf *out)
{
	og_buf_ch(out, '{');
	if (gen_chance(g, 70))
		pair(g, out, "app", "web");
	if (gen_chance(g, 30))
		pair(g, out, "app.kubernetes.io/name", "named");
	if (gen_chance(g, 20))
		pair(g, out, "app.kubernetes.io/instance", "inst-1");
	if (gen_chance(g, 20))
		pair(g, out, "app.kubernetes.io/version", "2.0");
	if (gen_chance(g, 30))
		pair(g, out, "pod-template-hash", "5d4f");
	if (!o->never_in && gen_chance(g, 8))
		pair(g, out, "otelgate.dev/inject", inject_value(g));
	if (gen_chance(g, 5))
		pair(g, out, "otelgate.dev/language", "java");
	if (!o->never_in && gen_chance(g, 8))
		pair(g, out, "telemetry", "on");
	og_buf_ch(out, '}');
}

static void owner(struct gen *g, struct og_buf *out)
{
	static const char *const owners[] = {
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"web-5d4f\",\"uid\":\"u1\",\"controller\":true}",
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"name\":\"db\",\"uid\":\"u2\",\"controller\":true}",
		"{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"name\":\"nightly-281\",\"uid\":\"u3\",\"controller\":true}",
		"{\"apiVersion\":\"example.org/v1\",\"kind\":\"Widget\",\"name\":\"w,1=$(A)\",\"uid\":\"u4\",\"controller\":true}",
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"DaemonSet\",\"name\":\"agent\",\"uid\":\"u5\"}"};
	key(g, out, "ownerReferences");
	og_buf_fmt(out, "[%s]", gen_pick(g, owners));
}

static void metadata(struct gen *g, const struct gen_opts *o, bool named, struct og_buf *out)
{
	og_buf_ch(out, '{');
	unknown(g, o, out);
	if (named && !o->no_object_names) {
		pair(g, out, gen_chance(g, 70) ? "name" : "generateName", "web-5d4f-");
		if (gen_chance(g, 60))
			pair(g, out, "namespace", "prod");
	}
	if (named && (o->no_object_names || gen_chance(g, 60)))
		owner(g, out);
	if (gen_chance(g, 70)) {
		key(g, out, "labels");
		if (gen_chance(g, 8))
			og_buf_str(out, gen_chance(g, 50) ? "null" : "{}");
		else
			labels(g, o, out);
	}
	if (o->always_in || gen_chance(g, 85)) {
		key(g, out, "annotations");
		if (!o->always_in && gen_chance(g, 4))
			og_buf_str(out, gen_chance(g, 50) ? "null" : "{}");
		else
			gen_annotations(g, o, out);
	}
	unknown(g, o, out);
	og_buf_ch(out, '}');
}

/* --- frames --------------------------------------------------------------------------------- */

static void template_members(
	struct gen *g, const struct gen_opts *o, bool named, struct og_buf *out)
{
	if (o->always_in || !gen_chance(g, 4)) {
		key(g, out, "metadata");
		if (!o->always_in && gen_chance(g, 3))
			og_buf_str(out, gen_chance(g, 50) ? "null" : "{}");
		else
			metadata(g, o, named, out);
	}
	key(g, out, "spec");
	gen_podspec(g, o, out);
	unknown(g, o, out);
}

static void workload(struct gen *g, const struct gen_opts *o, const char *api, const char *kind,
	bool cron, struct og_buf *out)
{
	struct gen_opts outer = *o;
	outer.always_in = false;
	og_buf_fmt(out, "\"apiVersion\":\"%s\",\"kind\":\"%s\"", api, kind);
	key(g, out, "metadata");
	metadata(g, &outer, true, out);
	key(g, out, "spec");
	og_buf_ch(out, '{');
	unknown(g, o, out);
	key(g, out, cron ? "schedule" : "replicas");
	og_buf_str(out, cron ? "\"* * * * *\",\"jobTemplate\":{\"spec\":{" : "2,");
	og_buf_lit(out, "\"template\":{");
	template_members(g, o, false, out);
	og_buf_str(out, cron ? "}}}" : "}");
	og_buf_ch(out, '}');
	unknown(g, o, out);
}

void gen_object(struct gen *g, const struct gen_opts *o, struct og_buf *out)
{
	static const struct {
		const char *api, *kind;
	} kinds[] = {{"apps/v1", "Deployment"}, {"apps/v1", "StatefulSet"},
		{"apps/v1", "DaemonSet"}, {"apps/v1", "ReplicaSet"}, {"batch/v1", "Job"},
		{"batch/v1", "CronJob"}, {"v1", "ReplicationController"},
		{"argoproj.io/v1alpha1", "Rollout"}};
	og_buf_ch(out, '{');
	if (o->pods_only || gen_chance(g, 60)) {
		og_buf_lit(out, "\"apiVersion\":\"v1\",\"kind\":\"Pod\"");
		template_members(g, o, true, out);
	} else {
		uint32_t k = gen_below(g, sizeof(kinds) / sizeof(kinds[0]));
		workload(g, o, kinds[k].api, kinds[k].kind, k == 5, out);
	}
	og_buf_ch(out, '}');
}
