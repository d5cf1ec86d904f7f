/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot: values, defaults, origins, order, limits, and allocation failure. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/config_read.h"
#include "support/suite.h"

#define STACK(name, spec)                                                               \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: " name \
	"}\nspec:\n" spec "---\n"
#define PROFILE(name, spec)                                                                 \
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: " name \
	"}\nspec:\n" spec "---\n"

static struct og_arena arena;
static struct og_config_report rep;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static int read_texts(const char *const *texts, size_t n, struct og_config **ret)
{
	struct og_config_input in[8];
	for (size_t i = 0; i < n; i++)
		in[i] = (struct og_config_input){i ? "b.yaml" : "a.yaml", og_svz(texts[i])};
	return og_config_read(&arena, in, n, ret, &rep);
}

static struct og_config *good(const char *text)
{
	struct og_config *c = NULL;
	int rc = read_texts(&text, 1, &c);
	ck_assert_msg(rc == 0, "%s: %s", rep.n ? rep.v[0].path : "", rep.n ? rep.v[0].message : "");
	return c;
}

static bool eq(struct og_sv s, const char *want)
{
	return og_sv_eq(s, og_svz(want));
}

START_TEST(defaults)
{
	struct og_config *c = good(STACK("s", "  slug: a\n") PROFILE("p", "  {}\n"));
	const struct og_stack *s = &c->stacks[0];
	const struct og_profile *p = &c->profiles[0];
	ck_assert(c->nstacks == 1 && c->nprofiles == 1 && !c->default_profile);
	ck_assert(p->stack == s && eq(s->name, "s") && eq(p->name, "p") && eq(s->slug, "a"));
	ck_assert(s->receiver.type == OG_RECEIVER_COLLECTOR && !s->receiver.endpoint.n);
	ck_assert(s->receiver.protocol == OG_PROTOCOL_HTTP_PROTOBUF);
	ck_assert(s->receiver.compression == OG_COMPRESSION_UNSET && !s->receiver.timeout_ms);
	ck_assert(!s->receiver.tls.present && !s->credentials.present);
	ck_assert(
		eq(s->credentials.id_key, "instance-id") && eq(s->credentials.token_key, "token"));
	ck_assert(eq(s->distribute.secret_name, "otelgate-otlp"));
	ck_assert(eq(s->distribute.header_key, "otlp-headers"));
	ck_assert(eq(s->distribute.profiles_user_key, "profiles-user"));
	ck_assert(eq(s->distribute.profiles_password_key, "profiles-password"));
	ck_assert(!s->distribute.namespace_selector.present);
	ck_assert(s->query.interval_ms == 60000 && s->query.window_ms == 900000);
	ck_assert(s->query.freshness_ms == 300000 && s->query.grace_ms == 300000);
	ck_assert(!s->query.secret_name.n && !s->query.token_key.n && !s->query.grafana_url.n);
	ck_assert(p->signals[OG_SIGNAL_METRICS] == OG_MODE_EXPECTED);
	ck_assert(p->signals[OG_SIGNAL_TRACES] == OG_MODE_EXPECTED);
	ck_assert(p->signals[OG_SIGNAL_LOGS] == OG_MODE_EXPECTED);
	ck_assert(p->signals[OG_SIGNAL_PROFILES] == OG_MODE_OFF);
	ck_assert(p->profiles_via == OG_PROFILES_VIA_AGENT && p->compat == OG_COMPAT_NONE);
	ck_assert(p->network_policy == OG_NETPOL_AUTO && p->on_error == OG_ON_ERROR_ADMIT);
	ck_assert(p->restart.mode == OG_RESTART_SUGGEST && p->restart.max_per_namespace == 1);
	ck_assert(p->restart.max_per_cluster == 5 && p->restart.pause_ms == 30000);
	ck_assert(!p->namespace_selector.present && !p->workload_selector.present);
	ck_assert(p->languages[OG_LANG_JAVA].libc == OG_LIBC_UNKNOWN && !p->sdk.npropagators);
}
END_TEST

START_TEST(values_of_a_stack)
{
	struct og_config *c = good(STACK("s",
		"  clusterName: c1\n  receiver:\n    type: gateway\n"
		"    endpoint: https://otlp-gateway-x.grafana.net/otlp\n"
		"    endpoints: {profiles: \"https://profiles-prod-001.grafana.net\"}\n"
		"    protocol: http/json\n    compression: none\n    timeout: 1m30s\n"
		"    tls: {secretName: t, caFile: ca.crt, certFile: /c, keyFile: k}\n"
		"  credentials: {secretRef: {name: a, namespace: b}, headerKey: h}\n"
		"  distribute: {immutable: true, namespaceSelector: {matchLabels: {x: z}}}\n"
		"  query:\n    loki: {url: \"https://l\", user: \"7\"}\n    grace: 0s\n"
		"    secretRef: {name: q, namespace: m}\n    tokenKey: t\n"
		"    grafanaUrl: https://g.example.com\n"));
	const struct og_stack *s = &c->stacks[0];
	ck_assert(s->receiver.type == OG_RECEIVER_GATEWAY && eq(s->cluster_name, "c1"));
	ck_assert(eq(s->receiver.endpoint, "https://otlp-gateway-x.grafana.net/otlp"));
	ck_assert(eq(s->receiver.signal_endpoint[OG_SIGNAL_PROFILES],
		"https://profiles-prod-001.grafana.net"));
	ck_assert(!s->receiver.signal_endpoint[OG_SIGNAL_LOGS].n);
	ck_assert(s->receiver.protocol == OG_PROTOCOL_HTTP_JSON);
	ck_assert(
		s->receiver.compression == OG_COMPRESSION_NONE && s->receiver.timeout_ms == 90000);
	ck_assert(s->receiver.tls.present && eq(s->receiver.tls.cert_file, "/c"));
	ck_assert(s->credentials.present && eq(s->credentials.secret_namespace, "b"));
	ck_assert(eq(s->credentials.header_key, "h") && s->distribute.immutable);
	ck_assert(s->distribute.namespace_selector.nreqs == 1);
	ck_assert(eq(s->query.loki.user, "7") && s->query.grace_ms == 0);
	ck_assert(eq(s->query.secret_name, "q") && eq(s->query.secret_namespace, "m"));
	ck_assert(eq(s->query.token_key, "t"));
	ck_assert(eq(s->query.grafana_url, "https://g.example.com"));
}
END_TEST

START_TEST(values_of_a_profile)
{
	struct og_config *c = good(STACK("s", "  slug: a\n") PROFILE("p",
		"  default: true\n  signals: {logs: stdout, profiles: optional}\n"
		"  profiles: {via: ebpf}\n  namespaceSelector: {}\n"
		"  sdk:\n    propagators: [b3, xray]\n    sampler: {type: always_off}\n"
		"    resourceAttributes: {a.b: \"1\", c: \"\"}\n    useLabels: true\n    addUids: true\n"
		"    env:\n    - {name: A, value: b}\n"
		"    - {name: C, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}\n"
		"    disable: [service.version]\n"
		"  languages:\n    python: {image: \"p:1\", libc: musl, imagePullPolicy: Never, "
		"env: [{name: X, value: z}], resources: {limits: {cpu: 1}}}\n"
		"    dotnet: {image: \"d:1\", profilerImage: \"e:1\"}\n"
		"  containers: {skip: [\"a*\", b]}\n  networkPolicy: \"off\"\n"
		"  restart: {mode: managed, windows: [\"Mon 01:00-02:00\"]}\n"
		"  onError: reject\n  compat: opentelemetry-operator\n"));
	const struct og_profile *p = c->default_profile;
	ck_assert(p == &c->profiles[0] && p == og_config_profile(c, OG_SV("p")));
	ck_assert_ptr_null(og_config_profile(c, OG_SV("q")));
	ck_assert(p->signals[OG_SIGNAL_LOGS] == OG_MODE_STDOUT);
	ck_assert(p->signals[OG_SIGNAL_PROFILES] == OG_MODE_OPTIONAL);
	ck_assert(p->profiles_via == OG_PROFILES_VIA_EBPF);
	ck_assert(p->namespace_selector.present && !p->workload_selector.present);
	ck_assert(p->sdk.npropagators == 2 && eq(p->sdk.propagators[1], "xray"));
	ck_assert(eq(p->sdk.sampler_type, "always_off") && !p->sdk.sampler_argument.n);
	ck_assert(p->sdk.resource_attributes.n == 2 && p->sdk.use_labels && p->sdk.add_uids);
	ck_assert(
		p->sdk.nenv == 2 && eq(p->sdk.env[0].value, "b") && !p->sdk.env[0].has_value_from);
	ck_assert(p->sdk.env[1].has_value_from && eq(p->sdk.env[1].name, "C"));
	struct og_jdoc d;
	ck_assert(og_jdoc_parse(&d, &arena, p->sdk.env[1].json, NULL, NULL) == 0);
	ck_assert(og_jstr_is(og_jpath(og_jroot(&d), "valueFrom", "fieldRef", "fieldPath", NULL),
		"spec.nodeName"));
	const struct og_profile_language *py = &p->languages[OG_LANG_PYTHON];
	ck_assert(eq(py->image, "p:1") && py->libc == OG_LIBC_MUSL && py->nenv == 1);
	ck_assert(eq(py->image_pull_policy, "Never"));
	ck_assert(og_jdoc_parse(&d, &arena, py->resources_json, NULL, NULL) == 0);
	ck_assert(eq(p->languages[OG_LANG_DOTNET].profiler_image, "e:1"));
	ck_assert(p->nskip_containers == 2 && p->network_policy == OG_NETPOL_OFF);
	ck_assert(p->restart.mode == OG_RESTART_MANAGED && p->restart.nwindows == 1);
	ck_assert(p->on_error == OG_ON_ERROR_REJECT && p->compat == OG_COMPAT_OTEL_OPERATOR);
	ck_assert(p->sdk.ndisable == 1 && eq(p->sdk.disable[0], "service.version"));
}
END_TEST

static const struct {
	enum og_doc_kind kind;
	const char *path, *want;
} written[] = {
	{OG_DOC_STACK, "spec.slug", "\"a\""},
	{OG_DOC_STACK, "spec.clusterName", "\"c\\\"1\""},
	{OG_DOC_STACK, "spec.receiver.type", "\"collector\""},
	{OG_DOC_STACK, "spec.receiver.compression", "null"},
	{OG_DOC_STACK, "spec.receiver.timeout", "\"1m30s\""},
	{OG_DOC_STACK, "spec.receiver.tls", "null"},
	{OG_DOC_STACK, "spec.credentials", "true"},
	{OG_DOC_STACK, "spec.receiver", "null"},
	{OG_DOC_STACK, "spec.distribute.immutable", "false"},
	{OG_DOC_STACK, "spec.distribute.namespaceSelector",
		"{\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"In\",\"values\":[\"z\"]},{\"key\":"
		"\"k\",\"operator\":\"NotIn\",\"values\":[\"1\",\"2\"]},{\"key\":\"e\",\"operator\":"
		"\"DoesNotExist\"}]}"},
	{OG_DOC_STACK, "spec.query.grace", "\"0s\""},
	{OG_DOC_PROFILE, "spec.stack", "null"},
	{OG_DOC_PROFILE, "spec.namespaceSelector", "{}"},
	{OG_DOC_PROFILE, "spec.workloadSelector", "null"},
	{OG_DOC_PROFILE, "spec.sdk.propagators", "[\"b3\",\"xray\"]"},
	{OG_DOC_PROFILE, "spec.sdk.resourceAttributes", "{\"a.b\":\"1\",\"c\":\"\"}"},
	{OG_DOC_PROFILE, "spec.sdk.env", "[{\"name\":\"A\",\"value\":\"b\"},{\"name\":\"C\"}]"},
	{OG_DOC_PROFILE, "spec.sdk.disable", "null"},
	{OG_DOC_PROFILE, "spec.restart.maxPerCluster", "7"},
	{OG_DOC_PROFILE, "spec.languages.python.resources", "{\"limits\":{\"cpu\":1}}"},
	{OG_DOC_PROFILE, "spec.languages.python.libc", "\"musl\""},
	{OG_DOC_PROFILE, "spec.languages.java.libc", "null"},
	{OG_DOC_PROFILE, "spec.languages.python.imagePullPolicy", "\"Never\""},
};

START_TEST(values_are_written_back)
{
	struct og_config *c = good(STACK("s",
		"  slug: a\n  clusterName: 'c\"1'\n  receiver: {timeout: 90s}\n"
		"  credentials: {secretRef: {name: a, namespace: b}}\n"
		"  distribute:\n    namespaceSelector:\n      matchLabels: {x: z}\n"
		"      matchExpressions:\n      - {key: k, operator: NotIn, values: [\"1\", \"2\"]}\n"
		"      - {key: e, operator: DoesNotExist}\n  query: {grace: 0s}\n") PROFILE("p",
		"  namespaceSelector: {}\n  restart: {maxPerCluster: 7}\n"
		"  sdk:\n    propagators: [b3, xray]\n    resourceAttributes: {a.b: \"1\", c: \"\"}\n"
		"    env: [{name: A, value: b}, {name: C}]\n"
		"  languages:\n    python: {libc: musl, imagePullPolicy: Never, "
		"resources: {limits: {cpu: 1}}}\n"));
	for (size_t i = 0; i < OG_COUNT(written); i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		int row = og_field_index(written[i].kind, og_svz(written[i].path));
		const void *base = written[i].kind == OG_DOC_STACK ? (const void *)c->stacks
								   : (const void *)c->profiles;
		ck_assert_int_ge(row, 0);
		og_field_write(&og_doc_types[written[i].kind].fields[row], base, &b);
		ck_assert_msg(og_sv_eq(og_buf_view(&b), og_svz(written[i].want)), "%s: %s",
			written[i].path, b.p);
	}
}
END_TEST

START_TEST(order_of_files_changes_nothing)
{
	const char *ab[] = {STACK("s", "  slug: a\n") PROFILE("b", "  stack: t\n"),
		STACK("t", "  slug: c\n") PROFILE("a", "  stack: s\n")};
	const char *ba[] = {ab[1], ab[0]};
	struct og_config *x = NULL, *y = NULL;
	ck_assert(read_texts(ab, 2, &x) == 0 && read_texts(ba, 2, &y) == 0);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert(og_sv_eq(x->stacks[i].name, y->stacks[i].name));
		ck_assert(og_sv_eq(x->profiles[i].name, y->profiles[i].name));
		ck_assert(og_sv_eq(x->profiles[i].stack->name, y->profiles[i].stack->name));
	}
	ck_assert(eq(x->profiles[0].name, "a") && eq(x->profiles[0].stack->name, "s"));
	ck_assert(x->profiles[0].stack == &x->stacks[0]);
}
END_TEST

START_TEST(hash_follows_the_texts)
{
	const char *one[] = {STACK("s", "  slug: a\n")}, *two[] = {STACK("s", "  slug: b\n")};
	struct og_config *x = NULL, *y = NULL, *z = NULL;
	ck_assert(read_texts(one, 1, &x) == 0 && read_texts(two, 1, &y) == 0);
	ck_assert(read_texts(one, 1, &z) == 0);
	ck_assert_str_ne(x->hash, y->hash);
	ck_assert_str_eq(x->hash, z->hash);
	ck_assert_uint_eq(strlen(x->hash), 64);
	ck_assert_uint_eq(strspn(x->hash, "0123456789abcdef"), 64);
	ck_assert_uint_eq(x->generation, 0);
}
END_TEST

START_TEST(origins)
{
	struct og_config *c = good(STACK("s", "  slug: a\n") PROFILE("p", "  default: true\n"));
	const struct og_config_origin *o = &c->profile_origins[0];
	int def = og_field_index(OG_DOC_PROFILE, OG_SV("spec.default"));
	int mode = og_field_index(OG_DOC_PROFILE, OG_SV("spec.restart.mode"));
	ck_assert_uint_eq(o->field[def].line, 11);
	ck_assert_uint_eq(o->field[def].col, 3);
	ck_assert_uint_eq(o->field[mode].line, 0);
	ck_assert_uint_eq(o->self.line, 7);
	ck_assert_uint_eq(c->stack_origins[0].self.line, 1);
}
END_TEST

START_TEST(problems_of_all_texts_in_order)
{
	const char *t[] = {STACK("s", "  slug: A\n  x: 1\n"), "]", PROFILE("p", "  stack: t\n")};
	struct og_config *c = NULL;
	ck_assert_int_eq(read_texts(t, 3, &c), -OG_E_CONFIG);
	ck_assert_ptr_null(c);
	ck_assert_uint_eq(rep.nerrors, 4);
	ck_assert_uint_eq(rep.v[0].line, 5);
	ck_assert_uint_eq(rep.v[1].line, 6);
	ck_assert_uint_eq(rep.v[2].input, 1);
	ck_assert_uint_eq(rep.v[3].input, 2);
	ck_assert(rep.nstacks == 1 && rep.nprofiles == 1);
}
END_TEST

START_TEST(problems_are_capped_and_errors_win)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_config *c = NULL;
	for (int i = 0; i < 150; i++)
		og_buf_lit(&b, "apiVersion: v1\nkind: Pod\n---\n");
	og_buf_lit(&b, STACK("s", "  slugg: a\n"));
	const char *t[] = {b.p};
	ck_assert_int_eq(read_texts(t, 1, &c), -OG_E_CONFIG);
	ck_assert(rep.n == OG_CONFIG_MAX_PROBLEMS && rep.nwarnings == 150 && rep.nerrors == 1);
	ck_assert(rep.v[rep.n - 1].severity == OG_SEV_ERROR && rep.nignored == 150);
}
END_TEST

START_TEST(too_many_documents)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_config *c = NULL;
	for (int i = 0; i <= OG_CONFIG_MAX_DOCUMENTS; i++)
		og_buf_fmt(&b,
			"{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\","
			"\"metadata\":{\"name\":\"s%d\"},\"spec\":{\"slug\":\"a\"}}\n",
			i);
	const char *t[] = {b.p};
	ck_assert_int_eq(read_texts(t, 1, &c), -OG_E_CONFIG);
	ck_assert_uint_eq(rep.nerrors, 1);
	ck_assert_str_eq(rep.v[0].message, "is document 1001: no more than 1000 are read");
}
END_TEST

START_TEST(nothing_to_read)
{
	struct og_config *c = NULL;
	ck_assert_int_eq(og_config_read(&arena, NULL, 0, &c, &rep), -OG_E_CONFIG);
	ck_assert_str_eq(rep.v[0].message, "no GrafanaStack and no TelemetryProfile found");
	ck_assert_str_eq(rep.v[0].file, "configuration");
}
END_TEST

/* Bytes that are no text at all: refused, never read past. */
static const struct {
	const char *p;
	size_t n;
} garbage[] = {
	{"\0", 1},
	{"\xff\xfe\x00", 3},
	{"{\"a\":\"\xc3\"}", 9},
	{"a: \xed\xa0\x80", 6},
	{"{", 1},
	{"[[[[[[[[", 8},
	{"&a [*a]", 7},
	{"%YAML 9.9\n---\n", 14},
	{"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: \"a\\0b\"}\n",
		79},
	{"apiVersion: \"otelgate.dev/v1alpha1\\0\"\nkind: GrafanaStack\n", 57},
};

START_TEST(garbage_is_refused)
{
	struct og_config *c = NULL;
	struct og_config_input in = {"g", og_sv(garbage[_i].p, garbage[_i].n)};
	ck_assert_int_eq(og_config_read(&arena, &in, 1, &c, &rep), -OG_E_CONFIG);
	ck_assert_uint_gt(rep.nerrors, 0);
}
END_TEST

static const char sweep[] = STACK("s",
	"  receiver: {endpoint: \"http://a:4318\", endpoints: {traces: \"http://a:4318/v1/traces\"}}\n"
	"  credentials: {secretRef: {name: a, namespace: b}}\n"
	"  distribute: {namespaceSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}}\n")
	PROFILE("p",
		"  sdk:\n    propagators: [b3]\n    resourceAttributes: {a: \"b\"}\n"
		"    env: [{name: A, value: \"\\x62\"}]\n"
		"  languages: {java: {image: \"a:1\", resources: {limits: {cpu: 1}}}}\n") "apiVersion: v1\nkind: Pod\n";

START_TEST(every_allocation_may_fail)
{
	unsigned long i = 1;
	for (;; i++) {
		struct og_arena a;
		struct og_config_report r;
		struct og_config *c = NULL;
		struct og_config_input in = {"a", og_svz(sweep)};
		og_arena_init(&a, 256, 0);
		og_mem_fault_arm(i, i % 2 == 0);
		int rc = og_config_read(&a, &in, 1, &c, &r);
		unsigned long seen = og_mem_fault_disarm();
		bool whole = rc == 0 && c && c->nstacks == 1 && c->nprofiles == 1;
		og_arena_fini(&a);
		ck_assert_msg(rc == -OG_E_OOM || whole, "allocation %lu: %d", i, rc);
		if (seen < i)
			break;
		ck_assert_msg(rc == -OG_E_OOM, "allocation %lu failed unnoticed", i);
	}
	ck_assert_uint_gt(i, 50);
}
END_TEST

/* Many kinds of problem: running out of memory never makes them pass. */
static const char bad_sweep[] = STACK("s",
	"  slug: A\n  x: 1\n  receiver: {protocol: gprc, timeout: 1, endpoint: \"a:1\"}\n"
	"  distribute: {namespaceSelector: {matchLabels: {a: 1}}}\n")
	PROFILE("p", "  stack: t\n  sdk: {env: [{name: 1}], resourceAttributes: {\"a b\": 1}, "
		     "propagators: [x], disable: [a, a]}\n"
		     "  languages: {java: {resources: {limits: {cpu: x, y: 1}}}}\n");

START_TEST(memory_runs_out_while_reporting)
{
	for (unsigned long i = 1;; i++) {
		struct og_arena a;
		struct og_config_report r;
		struct og_config *c = NULL;
		struct og_config_input in = {"a", og_svz(bad_sweep)};
		og_arena_init(&a, 256, 0);
		og_mem_fault_arm(i, false);
		int rc = og_config_read(&a, &in, 1, &c, &r);
		unsigned long seen = og_mem_fault_disarm();
		uint32_t n = r.n;
		og_arena_fini(&a);
		ck_assert_msg(rc == -OG_E_OOM || (rc == -OG_E_CONFIG && n > 10),
			"allocation %lu: %d", i, rc);
		ck_assert_ptr_null(c);
		if (seen < i)
			break;
	}
}
END_TEST

START_TEST(names_of_enums)
{
	enum og_language l;
	enum og_libc libc;
	enum og_signal s;
	enum og_signal_mode m;
	for (int i = OG_LANG_JAVA; i < OG_LANG_COUNT_; i++) {
		ck_assert(og_language_parse(og_svz(og_language_name((enum og_language)i)), &l));
		ck_assert_int_eq((int)l, i);
	}
	ck_assert_str_eq(og_language_name(OG_LANG_NONE), "none");
	ck_assert_str_eq(og_language_name(OG_LANG_COUNT_), "?");
	ck_assert(!og_language_parse(OG_SV("none"), &l) && !og_language_parse(OG_SV("Java"), &l));
	ck_assert(og_libc_parse(OG_SV("musl"), &libc) && libc == OG_LIBC_MUSL);
	ck_assert(!og_libc_parse(OG_SV("unknown"), &libc) && !og_libc_parse(OG_SV(""), &libc));
	ck_assert(og_signal_parse(OG_SV("profiles"), &s) && s == OG_SIGNAL_PROFILES);
	ck_assert(!og_signal_parse(OG_SV("metric"), &s));
	ck_assert(og_signal_mode_parse(OG_SV("stdout"), &m) && m == OG_MODE_STDOUT);
	ck_assert(!og_signal_mode_parse(OG_SV("stdou"), &m));
	ck_assert_str_eq(og_protocol_name(OG_PROTOCOL_GRPC), "grpc");
	ck_assert_str_eq(og_compression_name(OG_COMPRESSION_GZIP), "gzip");
	ck_assert_str_eq(og_receiver_type_name(OG_RECEIVER_GATEWAY), "gateway");
	ck_assert_str_eq(og_on_error_name(OG_ON_ERROR_REJECT), "reject");
	ck_assert_str_eq(og_profiles_via_name(OG_PROFILES_VIA_EBPF), "ebpf");
	ck_assert_str_eq(og_compat_name(OG_COMPAT_OTEL_OPERATOR), "opentelemetry-operator");
	ck_assert_str_eq(og_restart_mode_name(OG_RESTART_MANAGED), "managed");
	ck_assert_str_eq(og_network_policy_name(OG_NETPOL_OFF), "off");
	ck_assert_str_eq(og_libc_name(OG_LIBC_GLIBC), "glibc");
	ck_assert_str_eq(og_signal_mode_name((enum og_signal_mode)77), "?");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/config");
	TCase *tc = tcase_create("config");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, values_of_a_stack);
	tcase_add_test(tc, values_of_a_profile);
	tcase_add_test(tc, values_are_written_back);
	tcase_add_test(tc, order_of_files_changes_nothing);
	tcase_add_test(tc, hash_follows_the_texts);
	tcase_add_test(tc, origins);
	tcase_add_test(tc, problems_of_all_texts_in_order);
	tcase_add_test(tc, problems_are_capped_and_errors_win);
	tcase_add_test(tc, too_many_documents);
	tcase_add_test(tc, nothing_to_read);
	tcase_add_loop_test(tc, garbage_is_refused, 0, (int)OG_COUNT(garbage));
	tcase_add_test(tc, every_allocation_may_fail);
	tcase_add_test(tc, memory_runs_out_while_reporting);
	tcase_add_test(tc, names_of_enums);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
