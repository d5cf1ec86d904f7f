/* SPDX-License-Identifier: Apache-2.0 */
/* Admissions: what a bad review is answered, who rejects, deadlines, warnings. */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>

#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/review.h"
#include "support/jspatch.h"
#include "support/suite.h"

static const char config_text[] =
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
	"spec: {receiver: {endpoint: 'http://alloy:4318'}}\n---\n"
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"
	"spec: {default: true}\n---\n"
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: strict}\n"
	"spec: {onError: reject}\n";

/* Expires when it has been asked `left` times. */
struct deadline {
	int left;
};

static bool expired(void *ctx)
{
	struct deadline *d = ctx;
	return d->left-- <= 0;
}

struct run {
	struct og_arena a;
	struct og_buf out;
	struct og_review_result r;
	json_t *answer; /* .response, or NULL */
	json_t *whole;
};

static void run_input(struct run *x, struct og_review_input *in)
{
	struct og_config_input text = {"config", og_svz(config_text)};
	struct og_config_report report;
	struct og_config *config;
	*x = (struct run){0};
	og_arena_init(&x->a, 0, 0);
	ck_assert_int_eq(og_config_read(&x->a, &text, 1, &config, &report), 0);
	in->config = config;
	og_review_handle(in, &x->a, &x->out, &x->r);
	if (x->r.valid_envelope) {
		json_error_t e;
		x->whole = json_loadb(x->out.p, x->out.len, 0, &e);
		ck_assert_msg(x->whole != NULL, "%s: %s", e.text, x->out.p);
		ck_assert_str_eq(
			json_string_value(json_object_get(x->whole, "kind")), "AdmissionReview");
		x->answer = json_object_get(x->whole, "response");
		bool patch = json_object_get(x->answer, "patch") != NULL;
		ck_assert_int_eq(patch, json_object_get(x->answer, "patchType") != NULL);
		ck_assert_int_eq(patch, x->r.patched && x->r.allowed);
		ck_assert_int_eq(x->r.allowed, json_is_true(json_object_get(x->answer, "allowed")));
		size_t i;
		json_t *w, *all = json_object_get(x->answer, "warnings");
		ck_assert_uint_le(json_array_size(all), 2);
		json_array_foreach(all, i, w)
		{
			ck_assert_uint_le(json_string_length(w), 120);
			ck_assert_uint_gt(json_string_length(w), 10);
		}
	}
}

static void run(struct run *x, const char *body)
{
	struct og_review_input in = {.body = og_svz(body)};
	run_input(x, &in);
}

static void done(struct run *x)
{
	json_decref(x->whole);
	og_buf_fini(&x->out);
	og_arena_fini(&x->a);
}

#define HEAD "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":"
#define PODS "\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"}"
#define REQ(more) \
	HEAD "{\"uid\":\"u-1\"," PODS ",\"operation\":\"CREATE\",\"namespace\":\"shop\"" more "}}"
#define OBJECT(meta, spec)                                                        \
	",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{" meta \
	"},\"spec\":" spec "}"
#define ON	     "\"annotations\":{\"otelgate.dev/inject\":\"true\"}"
#define ON_AND(more) "\"annotations\":{\"otelgate.dev/inject\":\"true\"," more "}"
#define APP	     "{\"containers\":[{\"name\":\"app\",\"image\":\"web:1\"}]}"

/* --- envelopes that are none: HTTP status and text ------------------------------------------- */

static const struct {
	const char *body;
	int status;
	const char *text; /* what the plain answer starts with */
} bad[] = {
	{"", 400, "line 1 column 1 (byte 0):"},
	{"   ", 400, "line 1 column 4 (byte 3):"},
	{"nonsense", 400, "line 1 column 1 (byte 0):"},
	{"{", 400, "line 1 column 2 (byte 1):"},
	{"{}", 400, "kind: expected AdmissionReview"},
	{"[]", 400, "kind: expected AdmissionReview"},
	{"null", 400, "kind: expected AdmissionReview"},
	{"\"AdmissionReview\"", 400, "kind: expected AdmissionReview"},
	{"{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}", 400, "kind: expected AdmissionReview"},
	{"{\"kind\":7}", 400, "kind: expected AdmissionReview"},
	{"{\"kind\":\"AdmissionReview\"}", 400, "apiVersion: expected admission.k8s.io/v1"},
	{"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1beta1\"}", 400,
		"apiVersion: expected admission.k8s.io/v1"},
	{"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"v1\"}", 400,
		"apiVersion: expected admission.k8s.io/v1"},
	{"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\"}", 400,
		"request: expected an object"},
	{HEAD "null}", 400, "request: expected an object"},
	{HEAD "[]}", 400, "request: expected an object"},
	{HEAD "\"\"}", 400, "request: expected an object"},
	{HEAD "{}}", 400, "request.uid: expected a string that is not empty"},
	{HEAD "{\"uid\":null}}", 400, "request.uid: expected a string that is not empty"},
	{HEAD "{\"uid\":5}}", 400, "request.uid: expected a string that is not empty"},
	{HEAD "{\"uid\":\"\"}}", 400, "request.uid: expected a string that is not empty"},
	{HEAD "{\"uid\":\"u\",\"uid\":\"u\"}}", 400, "line 1 column "},
	{HEAD "{\"uid\":\"\xff\"}}", 400, "line 1 column "},
	{HEAD "{\"uid\":\"u\"}} ,", 400, "line 1 column "},
	{HEAD "{\"uid\":\"u\",\"x\":01}}", 400, "line 1 column "},
	{"\xef\xbb\xbf{}", 400, "line 1 column 1 (byte 0):"},
	{"{\"kind\":\"AdmissionReview\" \"apiVersion\":\"\"}", 400, "line 1 column "},
};

START_TEST(bad_envelopes)
{
	struct run x;
	run(&x, bad[_i].body);
	ck_assert(!x.r.valid_envelope);
	ck_assert_int_eq(x.r.http_status, bad[_i].status);
	ck_assert_int_eq(x.r.reason, OG_REASON_BAD_REQUEST);
	ck_assert_msg(!strncmp(x.out.p, bad[_i].text, strlen(bad[_i].text)), "%s", x.out.p);
	ck_assert_int_eq(x.out.p[x.out.len - 1], '\n');
	done(&x);
}
END_TEST

START_TEST(deep_and_long_bodies)
{
	struct run x;
	og_auto_buf struct og_buf b = OG_BUF_INIT(32 << 20);
	for (int i = 0; i < 10000; i++)
		og_buf_ch(&b, '[');
	run(&x, b.p);
	ck_assert_int_eq(x.r.http_status, 413);
	ck_assert_int_eq(x.r.reason, OG_REASON_TOO_LARGE);
	done(&x);
	og_buf_reset(&b);
	og_buf_lit(&b, HEAD "{\"uid\":\"");
	for (int i = 0; i < 8 << 20; i++)
		og_buf_ch(&b, 'u');
	og_buf_lit(&b, "\"}}");
	run(&x, b.p);
	ck_assert_int_eq(x.r.http_status, 413);
	done(&x);
}
END_TEST

/* --- reviews that are answered --------------------------------------------------------------- */

static const struct {
	const char *body;
	enum og_reason reason;
	const char *warning; /* the first one, or NULL for none */
} left_alone[] = {
	{HEAD "{\"uid\":\"u\"}}", OG_REASON_NOT_A_POD, NULL},
	{HEAD "{\"uid\":\"u\"," PODS "}}", OG_REASON_NOT_A_POD, NULL},
	{HEAD "{\"uid\":\"u\"," PODS ",\"operation\":\"UPDATE\"" OBJECT(ON, APP) "}}",
		OG_REASON_NOT_A_POD, NULL},
	{HEAD "{\"uid\":\"u\"," PODS ",\"operation\":\"DELETE\",\"object\":null}}",
		OG_REASON_NOT_A_POD, NULL},
	{HEAD "{\"uid\":\"u\"," PODS ",\"operation\":\"create\"" OBJECT(ON, APP) "}}",
		OG_REASON_NOT_A_POD, NULL},
	{REQ(",\"subResource\":\"ephemeralcontainers\"" OBJECT(ON, APP)), OG_REASON_NOT_A_POD,
		NULL},
	{REQ(",\"subResource\":\"status\"" OBJECT(ON, APP)), OG_REASON_NOT_A_POD, NULL},
	{HEAD "{\"uid\":\"u\",\"operation\":\"CREATE\",\"resource\":{\"group\":\"apps\",\"version\":"
	      "\"v1\",\"resource\":\"deployments\"}" OBJECT(ON, APP) "}}",
		OG_REASON_NOT_A_POD, NULL},
	{HEAD "{\"uid\":\"u\",\"operation\":\"CREATE\",\"resource\":{\"group\":\"x\",\"version\":"
	      "\"v1\",\"resource\":\"pods\"}" OBJECT(ON, APP) "}}",
		OG_REASON_NOT_A_POD, NULL},
	{HEAD "{\"uid\":\"u\",\"operation\":\"CREATE\",\"resource\":\"pods\"" OBJECT(ON, APP) "}}",
		OG_REASON_NOT_A_POD, NULL},
	{REQ(""), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): request.object is not a v1 Pod"},
	{REQ(",\"object\":null"), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): request.object is not a v1 Pod"},
	{REQ(",\"object\":[]"), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): request.object is not a v1 Pod"},
	{REQ(",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Service\"}"), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): request.object is not a v1 Pod"},
	{REQ(",\"object\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}"),
		OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): request.object is not a v1 Pod"},
	{REQ(OBJECT(ON, "null")), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): /spec: expected an object, found null"},
	{REQ(OBJECT(ON, "[]")), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): /spec: expected an object, found array"},
	{REQ(OBJECT(ON, "{\"containers\":{}}")), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): /spec/containers: expected an array, found object"},
	{REQ(OBJECT(ON, "{\"containers\":[7]}")), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): /spec/containers/0: expected an object, found number"},
	{REQ(OBJECT(ON, "{\"containers\":[{}]}")), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): /spec/containers/0: container without a name"},
	{REQ(OBJECT(ON, "{\"containers\":[{\"name\":7}]}")), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): /spec/containers/0: container without a name"},
	{REQ(OBJECT(ON, "{\"containers\":[{\"name\":\"a\",\"env\":{}}]}")), OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): /spec/containers/0/env: expected an array, found object"},
	{REQ(OBJECT(ON, "{\"containers\":[{\"name\":\"a\"},{\"name\":\"a\"}]}")),
		OG_REASON_BAD_OBJECT,
		"otelgate: admitted unchanged (bad-object): /spec/containers/1: two containers share one name"},
	{REQ(OBJECT(ON, "{\"containers\":[]}")), OG_REASON_NO_TARGET,
		"otelgate OG302: every container is skipped, so there is nothing to inject"},
	{REQ(OBJECT(ON, "{}")), OG_REASON_NO_TARGET,
		"otelgate OG302: every container is skipped, so there is nothing to inject"},
	{REQ(OBJECT("", APP)), OG_REASON_NOT_OPTED_IN, NULL},
	{REQ(OBJECT("\"annotations\":null", APP)), OG_REASON_NOT_OPTED_IN, NULL},
	{REQ(OBJECT("\"annotations\":[]", APP)), OG_REASON_NOT_OPTED_IN, NULL},
	{REQ(OBJECT("\"annotations\":{\"otelgate.dev/inject\":true}", APP)), OG_REASON_NOT_OPTED_IN,
		"otelgate OG203: pod template otelgate.dev/inject: expected a string, found boolean; put the value in quotes"},
	{REQ(OBJECT("\"annotations\":{\"otelgate.dev/injct\":\"true\"}", APP)),
		OG_REASON_NOT_OPTED_IN,
		"otelgate OG202: pod template annotation otelgate.dev/injct: unknown key; did you mean otelgate.dev/inject?"},
	{REQ(OBJECT("\"annotations\":{\"otelgate.dev/inject\":\"q\"}", APP)),
		OG_REASON_PROFILE_MISSING,
		"otelgate OG204: pod template otelgate.dev/inject: there is no profile \"q\"; write true, false or one of: p, strict"},
	{REQ(OBJECT("\"annotations\":{\"otelgate.dev/inject\":\"false\"}", APP)),
		OG_REASON_OPTED_OUT, NULL},
};

START_TEST(answered_and_left_alone)
{
	struct run x;
	run(&x, left_alone[_i].body);
	ck_assert(x.r.valid_envelope && x.r.allowed && !x.r.patched);
	ck_assert_int_eq(x.r.http_status, 200);
	ck_assert_str_eq(og_reason_name(x.r.reason), og_reason_name(left_alone[_i].reason));
	json_t *w = json_array_get(json_object_get(x.answer, "warnings"), 0);
	if (left_alone[_i].warning)
		ck_assert_str_eq(json_string_value(w), left_alone[_i].warning);
	else
		ck_assert_ptr_null(w);
	json_t *audit = json_object_get(x.answer, "auditAnnotations");
	if (x.r.reason == OG_REASON_NOT_A_POD)
		ck_assert_ptr_null(audit);
	else
		ck_assert_str_eq(json_string_value(json_object_get(audit, "decision")),
			og_reason_name(x.r.reason));
	done(&x);
}
END_TEST

/* --- reviews that are injected --------------------------------------------------------------- */

static void patched_object(struct run *x, const char *body, char **ret)
{
	og_auto_buf struct og_buf patch = OG_BUF_INIT(0);
	const char *b64 = json_string_value(json_object_get(x->answer, "patch"));
	struct og_err err = OG_ERR_INIT;
	char why[200];
	ck_assert_ptr_nonnull(b64);
	ck_assert_int_eq(og_base64_decode(&patch, og_svz(b64), &err), 0);
	json_t *ops = json_loadb(patch.p, patch.len, 0, NULL);
	json_t *review = json_loads(body, 0, NULL);
	json_t *pod = json_deep_copy(json_object_get(json_object_get(review, "request"), "object"));
	bool ok = js_patch(&pod, ops, why);
	ck_assert_msg(ok, "%s", why);
	*ret = json_dumps(pod, JSON_COMPACT);
	json_decref(ops);
	json_decref(review);
	json_decref(pod);
}

START_TEST(injects)
{
	static const char body[] =
		REQ(",\"dryRun\":false" OBJECT("\"generateName\":\"web-\"," ON, APP));
	struct run x;
	char *pod;
	run(&x, body);
	ck_assert_int_eq(x.r.reason, OG_REASON_INJECTED);
	ck_assert(x.r.patched && x.r.allowed && !x.r.dry_run);
	ck_assert(og_sv_is(x.r.uid, "u-1") && og_sv_is(x.r.ns, "shop") &&
		  og_sv_is(x.r.name, "web-") && og_sv_is(x.r.profile, "p"));
	ck_assert_uint_eq(strlen(x.r.revision), 12);
	ck_assert_str_eq(json_string_value(json_object_get(x.answer, "uid")), "u-1");
	json_t *audit = json_object_get(x.answer, "auditAnnotations");
	ck_assert_str_eq(json_string_value(json_object_get(audit, "revision")), x.r.revision);
	ck_assert_ptr_null(json_object_get(x.answer, "warnings"));
	patched_object(&x, body, &pod);
	ck_assert_ptr_nonnull(strstr(pod, "\"OTEL_SERVICE_NAME\",\"value\":\"web\""));
	ck_assert_ptr_nonnull(strstr(pod, "k8s.namespace.name=shop"));
	free(pod);
	done(&x);
}
END_TEST

START_TEST(dry_run_is_decided_alike)
{
	struct run x, y;
	run(&x, REQ(",\"dryRun\":true" OBJECT(ON, APP)));
	run(&y, REQ(",\"dryRun\":false" OBJECT(ON, APP)));
	ck_assert(x.r.dry_run && !y.r.dry_run);
	ck_assert_str_eq(x.out.p, y.out.p);
	done(&x);
	done(&y);
}
END_TEST

/* A LimitRange, VPA or OpenShift changes them on the way from the template to its pods. */
START_TEST(revision_does_not_follow_resources_and_users)
{
#define JAVA(more)                                                                   \
	REQ(OBJECT("\"name\":\"web\"," ON_AND("\"otelgate.dev/language\":\"java\""), \
		"{\"containers\":[{\"name\":\"app\",\"image\":\"web:1\"" more "}]}"))
	static const char *const same[] = {
		JAVA(",\"resources\":{}"),
		JAVA(",\"resources\":{\"limits\":{\"cpu\":1}}"),
		JAVA(",\"resources\":{\"requests\":{\"memory\":\"7Mi\"}}"),
		JAVA(",\"securityContext\":{\"runAsUser\":1000680000}"),
	};
	struct run x, y;
	char *pod;
	run(&x, JAVA(""));
	ck_assert_uint_eq(strlen(x.r.revision), 12);
	for (size_t i = 0; i < OG_COUNT(same); i++) {
		run(&y, same[i]);
		ck_assert_str_eq(y.r.revision, x.r.revision);
		done(&y);
	}
	/* but the copy does */
	run(&y, same[2]);
	patched_object(&y, same[2], &pod);
	ck_assert_ptr_nonnull(strstr(pod, "\"requests\":{\"cpu\":\"10m\",\"memory\":\"7Mi\"}"));
	free(pod);
	done(&y);
	done(&x);
}
END_TEST

/* Numbers and strings that nobody looks at are no reason to refuse, nor to touch them. */
START_TEST(odd_members_survive)
{
	static const char *const odd[] = {"1e999", "-0", "9007199254740993",
		"123456789012345678901234567890", "1.0000000000000000000001", "\"\\u0000\"",
		"\"\\ud83d\\ude00\"", "[[[[[[]]]]]]", "{\"\":{\"\":null}}", "\"~0~1/\""};
	for (size_t i = 0; i < OG_COUNT(odd); i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0), patch = OG_BUF_INIT(0);
		struct run x;
		og_buf_fmt(&b,
			REQ(OBJECT(
				ON, "{\"odd\":%s,\"containers\":[{\"name\":\"app\",\"odd\":%s}]}")),
			odd[i], odd[i]);
		run(&x, b.p);
		ck_assert_msg(x.r.patched, "%s: %s", odd[i], x.out.p);
		struct og_err err = OG_ERR_INIT;
		const char *b64 = json_string_value(json_object_get(x.answer, "patch"));
		ck_assert_int_eq(og_base64_decode(&patch, og_svz(b64), &err), 0);
		ck_assert_ptr_null(strstr(patch.p, "odd"));
		done(&x);
	}
}
END_TEST

START_TEST(unpaired_surrogates_are_refused)
{
	struct run x;
	run(&x, REQ(OBJECT(ON, "{\"odd\":\"\\ud83d\",\"containers\":[]}")));
	ck_assert_int_eq(x.r.http_status, 400);
	done(&x);
}
END_TEST

/* --- who rejects ----------------------------------------------------------------------------- */

static const struct {
	const char *annotations;
	const char *spec;
	bool allowed;
	const char *message; /* of the rejection */
} owners[] = {
	{"\"otelgate.dev/inject\":\"true\"", "{}", true, NULL},
	{"\"otelgate.dev/inject\":\"true\",\"otelgate.dev/required\":\"true\"", APP, true, NULL},
	{"\"otelgate.dev/inject\":\"true\",\"otelgate.dev/required\":\"true\"", "{}", false,
		"otelgate: no container of the pod is a target (no-target), and the owner asked that the pod be injected or not run. Remove otelgate.dev/required to run it without."},
	{"\"otelgate.dev/inject\":\"nope\",\"otelgate.dev/required\":\"true\"", APP, false,
		"otelgate: injection is asked for, but no such profile exists (profile-missing), and the owner asked that the pod be injected or not run. Remove otelgate.dev/required to run it without."},
	{"\"otelgate.dev/inject\":\"nope\",\"otelgate.dev/required\":\"false\"", APP, true, NULL},
	{"\"otelgate.dev/inject\":\"nope\",\"otelgate.dev/required\":\"yes\"", APP, true, NULL},
	{"\"otelgate.dev/inject\":\"false\",\"otelgate.dev/required\":\"true\"", APP, true, NULL},
	{"\"otelgate.dev/required\":\"true\"", APP, true, NULL},
	{"\"otelgate.dev/inject\":\"strict\"", "{}", false, NULL},
	{"\"otelgate.dev/inject\":\"strict\",\"otelgate.dev/required\":\"false\"", "{}", true,
		NULL},
	{"\"otelgate.dev/inject\":\"strict\"", APP, true, NULL},
	{"\"otelgate.dev/inject\":\"true\",\"otelgate.dev/required\":\"true\"",
		"{\"containers\":[{\"name\":\"a\"},{\"name\":\"a\"}]}", false, NULL},
	{"\"otelgate.dev/inject\":\"true\",\"otelgate.dev/required\":\"true\",\"kubernetes.io/config.mirror\":\"x\"",
		APP, true, NULL},
	{"\"otelgate.dev/inject\":\"true\",\"otelgate.dev/required\":\"true\"",
		"{\"os\":{\"name\":\"windows\"},\"containers\":[{\"name\":\"a\"}]}", true, NULL},
};

START_TEST(only_the_owner_rejects)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct run x;
	og_buf_fmt(&b, REQ(OBJECT("\"annotations\":{%s}", "%s")), owners[_i].annotations,
		owners[_i].spec);
	run(&x, b.p);
	ck_assert_msg(x.r.allowed == owners[_i].allowed, "%s", x.out.p);
	ck_assert_int_eq(x.r.rejected_by_owner, !owners[_i].allowed);
	json_t *status = json_object_get(x.answer, "status");
	if (owners[_i].allowed) {
		ck_assert_ptr_null(status);
	} else {
		ck_assert_int_eq(json_integer_value(json_object_get(status, "code")), 422);
		if (owners[_i].message)
			ck_assert_str_eq(json_string_value(json_object_get(status, "message")),
				owners[_i].message);
	}
	done(&x);
}
END_TEST

/* --- deadlines and faults of our own --------------------------------------------------------- */

START_TEST(deadlines)
{
	static const char body[] = REQ(OBJECT(ON, APP));
	for (int stage = 0; stage < 3; stage++)
		for (int fail = 0; fail < 2; fail++) {
			struct deadline d = {stage};
			struct run x;
			struct og_review_input in = {.body = og_svz(body),
				.expired = expired,
				.expired_ctx = &d,
				.fail_mode = fail};
			run_input(&x, &in);
			ck_assert_str_eq(
				og_reason_name(x.r.reason), stage < 2 ? "deadline" : "injected");
			ck_assert_int_eq(x.r.patched, stage == 2);
			ck_assert_int_eq(x.r.http_status, fail && stage < 2 ? 500 : 200);
			ck_assert_int_eq(x.r.valid_envelope, !(fail && stage < 2));
			if (stage < 2 && !fail)
				ck_assert_msg(strstr(x.out.p, stage ? "while the pod was planned"
								    : "before the pod was planned"),
					"%s", x.out.p);
			done(&x);
		}
}
END_TEST

START_TEST(deadline_and_required)
{
	struct deadline d = {1};
	struct run x;
	struct og_review_input in = {
		.body = OG_SV(REQ(OBJECT(ON_AND("\"otelgate.dev/required\":\"true\""), APP))),
		.expired = expired,
		.expired_ctx = &d};
	run_input(&x, &in);
	ck_assert(!x.r.allowed && x.r.rejected_by_owner);
	done(&x);
}
END_TEST

START_TEST(little_memory)
{
	static const char body[] = REQ(OBJECT(ON, APP));
	for (size_t bytes = 256; bytes < 200000; bytes += bytes / 3) {
		for (int fail = 0; fail < 2; fail++) {
			struct run x;
			struct og_review_input in = {.body = og_svz(body),
				.fail_mode = fail,
				.limits = {.arena_bytes = bytes}};
			run_input(&x, &in);
			ck_assert(x.r.allowed || !x.r.valid_envelope);
			ck_assert_msg(x.r.reason == OG_REASON_INJECTED ||
					      x.r.reason == OG_REASON_TOO_LARGE ||
					      x.r.reason == OG_REASON_INTERNAL,
				"%zu bytes: %s", bytes, og_reason_name(x.r.reason));
			ck_assert(x.r.http_status == 200 || x.r.http_status == 500 ||
				  x.r.http_status == 413);
			done(&x);
		}
	}
}
END_TEST

/* --- warnings -------------------------------------------------------------------------------- */

static const struct {
	const char *annotations;
	unsigned n;
	const char *first;
} warnings[] = {
	{"\"otelgate.dev/exclude-container\":\"x\"", 1,
		"otelgate OG202: unknown key; did you mean otelgate.dev/exclude-containers? (pod template annotation…"},
	{"\"otelgate.dev/signals\":\"a,b,c\"", 2,
		"otelgate OG203: pod template otelgate.dev/signals: \"a\" is no signal; the signals are metrics, traces, logs, profiles"},
	{"\"otelgate.dev/signals\":\"tracse\"", 1,
		"otelgate OG203: pod template otelgate.dev/signals: \"tracse\" is no signal; did you mean traces?"},
	{"\"otelgate.dev/language\":\"python\"", 1,
		"otelgate OG324: say otelgate.dev/language: python/glibc or python/musl; the Python agent has native parts, and the C…"},
	{"\"otelgate.dev/containers\":\"app,äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöü\"", 1, NULL},
	{"\"otelgate.dev/language\":\"äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöü\"", 1, NULL},
};

START_TEST(warnings_are_short_sentences)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct run x;
	og_buf_fmt(&b, REQ(OBJECT(ON_AND("%s"), APP)), warnings[_i].annotations);
	run(&x, b.p);
	json_t *w = json_object_get(x.answer, "warnings");
	ck_assert_uint_eq(json_array_size(w), warnings[_i].n);
	ck_assert_uint_eq(x.r.nwarnings, warnings[_i].n);
	ck_assert(x.r.patched);
	if (warnings[_i].first)
		ck_assert_str_eq(json_string_value(json_array_get(w, 0)), warnings[_i].first);
	done(&x);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("review");
	TCase *t = tcase_create("envelope");
	tcase_add_loop_test(t, bad_envelopes, 0, (int)OG_COUNT(bad));
	tcase_add_test(t, deep_and_long_bodies);
	suite_add_tcase(s, t);
	t = tcase_create("decision");
	tcase_add_loop_test(t, answered_and_left_alone, 0, (int)OG_COUNT(left_alone));
	tcase_add_test(t, injects);
	tcase_add_test(t, dry_run_is_decided_alike);
	tcase_add_test(t, revision_does_not_follow_resources_and_users);
	tcase_add_test(t, odd_members_survive);
	tcase_add_test(t, unpaired_surrogates_are_refused);
	tcase_add_loop_test(t, only_the_owner_rejects, 0, (int)OG_COUNT(owners));
	suite_add_tcase(s, t);
	t = tcase_create("faults");
	tcase_add_test(t, deadlines);
	tcase_add_test(t, deadline_and_required);
	tcase_add_test(t, little_memory);
	suite_add_tcase(s, t);
	t = tcase_create("warnings");
	tcase_add_loop_test(t, warnings_are_short_sentences, 0, (int)OG_COUNT(warnings));
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
