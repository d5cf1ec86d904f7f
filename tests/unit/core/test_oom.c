/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every single allocation of one admission fails once, alone and with all that follow: the answer
 * is the whole patch, no patch with a named reason, or HTTP 500 with a text. Never something in
 * between.
 */
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/review.h"
#include "otelgate/core/uninject.h"
#include "support/suite.h"

#include <stdio.h>

static const char stack[] =
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata:\n  name: alloy\nspec:\n"
	"  clusterName: prod\n  receiver:\n    endpoint: https://otlp.example.org:4318\n"
	"    compression: gzip\n    timeout: 10s\n"
	"    tls: {secretName: tls, caFile: ca.crt, certFile: tls.crt, keyFile: tls.key}\n"
	"    endpoints: {profiles: https://profiles.example.org}\n"
	"  credentials:\n    secretRef: {name: cloud, namespace: monitoring}\n";
static const char profile[] =
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata:\n  name: standard\n"
	"spec:\n  stack: alloy\n  default: true\n  signals: {profiles: optional}\n"
	"  sdk:\n    propagators: [tracecontext, baggage]\n    useLabels: true\n    addUids: true\n"
	"    resourceAttributes: {team: 'a,b', deployment.environment.name: prod}\n"
	"    env: [{name: EXTRA, value: x}]\n"
	"    sampler: {type: parentbased_traceidratio, argument: '0.25'}\n"
	"  languages:\n    java: {image: r.example.org/java:1, profilerImage: r.example.org/pyro:1}\n"
	"    python: {image: r.example.org/py:1, libc: glibc}\n";

static const char *const facts_texts[] = {
	"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"prod\",\"labels\":{\"a\":"
	"\"\\u0062\"},\"annotations\":{\"otelgate.dev/signals\":\"metr\\u0069cs,trac\"}}}",
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"web-5d4f\","
	"\"namespace\":\"prod\",\"uid\":\"u\\u0031\",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\","
	"\"kind\":\"Deployment\",\"name\":\"w\\u0065b\",\"uid\":\"u9\",\"controller\":true}]}}",
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
	"\"namespace\":\"prod\",\"uid\":\"u9\",\"annotations\":{\"otelgate.dev/inj\\u0065ct\":"
	"\"tr\\u0075e\"}}}",
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"cm\",\"namespace\":"
	"\"prod\"},\"data\":{\"OTEL_PROPAGATOR\\u0053\":\"b3\"}}",
};
enum { NFACTS = sizeof(facts_texts) / sizeof(facts_texts[0]) };

#define POD_HEAD                                                                                   \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"generateName\":\"web-5d4f-\","    \
	"\"labels\":{\"pod-template-hash\":\"5d4f\",\"app.kubernetes.io/version\":\"\\u0031.2\"}," \
	"\"annotations\":{\"otelgate.dev/language\":\"app=j\\u0061va,worker=python\","             \
	"\"otelgate.dev/exclude-containers\":\"nobody\",\"otelgate.dev/injct\":\"x\","             \
	"\"resource.opentelemetry.io/team\":\"caf\\u00e9 \\\"x\\\"\"},"                            \
	"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\","                \
	"\"name\":\"web\\u002d5d4f\",\"uid\":\"u1\",\"controller\":true}]},"
#define POD_SPEC                                                                                \
	"\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"app:1\\u002e2\",\"env\":["     \
	"{\"name\":\"JAVA_TOOL_OPTIONS\",\"value\":\"-Da=\\\"b\\\"\"},"                         \
	"{\"name\":\"OTEL_RESOURCE_ATTRIBUTES\",\"value\":\"a=\\u0062\"}],"                     \
	"\"envFrom\":[{\"configMapRef\":{\"name\":\"cm\"}},{\"secretRef\":{\"name\":\"s\"}}]}," \
	"{\"name\":\"worker\",\"image\":\"worker:1\",\"env\":[{\"name\":\"PYTHONP\\u0041TH\","  \
	"\"value\":\"/a\\u002fb\"}]},{\"name\":\"istio-proxy\",\"image\":\"i\"}]}}"
static const char pod[] = POD_HEAD POD_SPEC;

struct fixture {
	struct og_arena arena;
	struct og_config *config;
	struct og_jval facts[NFACTS];
	struct og_facts_objects set;
	struct og_facts_source source;
};

static struct og_jval parse(struct og_arena *a, struct og_sv text)
{
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
	ck_assert_ptr_nonnull(d);
	ck_assert_msg(og_jdoc_parse(d, a, text, NULL, &err) == 0, "%s", err.msg);
	return og_jroot(d);
}

static void setup(struct fixture *f)
{
	struct og_config_input in[] = {{"stack", OG_SV("")}, {"profile", OG_SV("")}};
	struct og_config_report report;
	*f = (struct fixture){0};
	og_arena_init(&f->arena, 0, 0);
	in[0].text = og_svz(stack);
	in[1].text = og_svz(profile);
	int rc = og_config_read(&f->arena, in, 2, &f->config, &report);
	ck_assert_msg(rc == 0, "%s: %s", report.n ? report.v[0].path : "",
		report.n ? report.v[0].message : "");
	for (int i = 0; i < NFACTS; i++)
		f->facts[i] = parse(&f->arena, og_svz(facts_texts[i]));
	f->set = (struct og_facts_objects){f->facts, NFACTS, OG_SV("prod")};
	f->source = og_facts_from_objects(&f->set);
}

static struct og_sv review_of(struct og_arena *a, struct og_sv object)
{
	struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
		       "\"request\":{\"uid\":\"705ab4f5-6393-11e8-b7cc-42010a800002\",\"resource\":"
		       "{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},\"namespace\":"
		       "\"prod\",\"operation\":\"CREATE\",\"object\":");
	og_buf_sv(&b, object);
	og_buf_lit(&b, "}}");
	struct og_sv s = og_arena_sv(a, og_buf_view(&b));
	og_buf_fini(&b);
	return s;
}

/* One admission in an arena of its own; *out gets the answer. Returns the allocations made. */
static unsigned long admit(const struct fixture *f, struct og_sv body, unsigned long fail_at,
	bool sticky, struct og_buf *out, struct og_review_result *r, char *error, size_t nerror)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_review_input in = {.config = f->config, .facts = &f->source, .body = body};
	og_mem_fault_arm(fail_at, sticky);
	og_review_handle(&in, &a, out, r);
	unsigned long n = og_mem_fault_disarm();
	snprintf(error, nerror, "%.*s", OG_SV_ARG(r->error));
	return n;
}

static struct og_sv patch_of(struct og_arena *a, struct og_sv answer)
{
	struct og_jval v = og_jpath(parse(a, answer), "response", "patch", NULL);
	struct og_sv text = og_jstr_or_empty(v, a);
	struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_base64_decode(&b, text, NULL), 0);
	struct og_sv s = og_arena_sv(a, og_buf_view(&b));
	og_buf_fini(&b);
	return s;
}

static void check_answer(const struct og_review_result *r, struct og_sv answer,
	struct og_sv whole_patch, const char *error, unsigned long k)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	if (!r->valid_envelope) {
		ck_assert_msg(r->http_status == 500, "allocation %lu: HTTP %d", k, r->http_status);
		ck_assert_msg(error[0], "allocation %lu: HTTP 500 without a text", k);
		return;
	}
	struct og_jval response = og_jgetl(parse(&a, answer), "response");
	struct og_sv patch = patch_of(&a, answer);
	ck_assert(og_jis(og_jgetl(response, "allowed"), OG_J_TRUE));
	ck_assert(og_jstr_is(og_jgetl(response, "uid"), "705ab4f5-6393-11e8-b7cc-42010a800002"));
	if (r->patched) {
		ck_assert_msg(og_sv_eq(patch, whole_patch), "allocation %lu: another patch", k);
		return;
	}
	ck_assert_msg(patch.n == 0, "allocation %lu: a patch that is not reported", k);
	ck_assert_msg(r->reason == OG_REASON_INTERNAL, "allocation %lu: %s", k,
		og_reason_name(r->reason));
	ck_assert_msg(error[0], "allocation %lu: a fault without a text", k);
}

static void torture(struct og_sv object, enum og_reason want, const char *what)
{
	struct fixture f;
	struct og_review_result r;
	char error[256];
	setup(&f);
	struct og_sv body = review_of(&f.arena, object);
	struct og_buf out = OG_BUF_INIT(0);
	unsigned long n = admit(&f, body, 0, false, &out, &r, error, sizeof(error));
	ck_assert_msg(r.reason == want, "%s: %s", og_reason_name(r.reason), error);
	struct og_sv whole = patch_of(&f.arena, og_buf_view(&out));
	unsigned long clean = 0, faults = 0, refused = 0;
	for (int sticky = 0; sticky < 2; sticky++)
		for (unsigned long k = 1; k <= n; k++) {
			struct og_buf answer = OG_BUF_INIT(0);
			(void)admit(&f, body, k, sticky, &answer, &r, error, sizeof(error));
			check_answer(&r, og_buf_view(&answer), whole, error, k);
			clean += r.patched;
			faults += r.valid_envelope && !r.patched;
			refused += !r.valid_envelope;
			og_buf_fini(&answer);
		}
	printf("%s: %lu allocations, each failed twice: %lu whole patches, %lu faults named, %lu HTTP 500\n",
		what, n, clean, faults, refused);
	og_buf_fini(&out);
	og_arena_fini(&f.arena);
}

START_TEST(test_first_admission)
{
	torture(og_svz(pod), OG_REASON_INJECTED, "first admission");
}
END_TEST

/* The pod as the first round leaves it. */
static void injected(struct fixture *f, struct og_buf *ret)
{
	struct og_err err = OG_ERR_INIT;
	struct og_review_result r;
	char error[256];
	struct og_buf out = OG_BUF_INIT(0);
	(void)admit(f, review_of(&f->arena, og_svz(pod)), 0, false, &out, &r, error, sizeof(error));
	struct og_sv patch = patch_of(&f->arena, og_buf_view(&out));
	ck_assert_msg(og_jpatch_apply(parse(&f->arena, og_svz(pod)), parse(&f->arena, patch),
			      &f->arena, ret, &err) == 0,
		"%s", err.msg);
	og_buf_fini(&out);
}

/* A container is there that was not in the first round: taken back, planned again, compared. */
START_TEST(test_second_admission)
{
	struct fixture f;
	setup(&f);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	injected(&f, &b);
	struct og_sv text = og_buf_view(&b), mark = OG_SV("{\"name\":\"istio-proxy\"");
	const char *at = memmem(text.p, text.n, mark.p, mark.n);
	ck_assert_ptr_nonnull(at);
	og_auto_buf struct og_buf more = OG_BUF_INIT(0);
	og_buf_add(&more, text.p, (size_t)(at - text.p));
	og_buf_lit(&more, "{\"name\":\"l\\u0061te\",\"image\":\"x\"},");
	og_buf_add(&more, at, text.n - (size_t)(at - text.p));
	torture(og_buf_view(&more), OG_REASON_INJECTED, "second admission");
	og_arena_fini(&f.arena);
}
END_TEST

START_TEST(test_undo)
{
	struct fixture f;
	setup(&f);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0), whole = OG_BUF_INIT(0);
	injected(&f, &b);
	struct og_jval object = parse(&f.arena, og_buf_view(&b));
	unsigned long n = 0;
	for (unsigned long k = 0; k <= n; k++) {
		og_auto_arena struct og_arena a;
		og_arena_init(&a, 0, 0);
		og_auto_buf struct og_buf out = OG_BUF_INIT(0);
		struct og_findings findings = {0};
		struct og_err err = OG_ERR_INIT;
		og_mem_fault_arm(k, false);
		int rc = og_uninject_patch(object, &a, &out, &findings, &err);
		unsigned long seen = og_mem_fault_disarm();
		if (k == 0) {
			n = seen;
			og_buf_sv(&whole, og_buf_view(&out));
		}
		ck_assert_msg(rc == 0 || rc == -OG_E_OOM, "allocation %lu: %d", k, rc);
		ck_assert_msg(rc || og_sv_eq(og_buf_view(&out), og_buf_view(&whole)),
			"allocation %lu: another patch", k);
	}
	printf("undo: %lu allocations\n", n);
	og_arena_fini(&f.arena);
}
END_TEST

START_TEST(test_configuration)
{
	unsigned long n = 0;
	for (unsigned long k = 0; k <= n; k++) {
		og_auto_arena struct og_arena a;
		og_arena_init(&a, 0, 0);
		struct og_config_input in[] = {
			{"stack", og_svz(stack)}, {"profile", og_svz(profile)}};
		struct og_config *c = NULL;
		struct og_config_report report = {0};
		og_mem_fault_arm(k, k % 2);
		int rc = og_config_read(&a, in, 2, &c, &report);
		unsigned long seen = og_mem_fault_disarm();
		if (k == 0)
			n = seen;
		ck_assert_msg(rc == (k ? -OG_E_OOM : 0) || (rc == 0 && c != NULL),
			"allocation %lu: %d, %u errors", k, rc, report.nerrors);
		ck_assert(rc == 0 || c == NULL);
	}
	printf("configuration: %lu allocations\n", n);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("oom");
	TCase *t = tcase_create("every allocation");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_first_admission);
	tcase_add_test(t, test_second_admission);
	tcase_add_test(t, test_undo);
	tcase_add_test(t, test_configuration);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
