/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod that comes back in a second round: what the API server and other webhooks do to it between
 * the rounds must not make another patch, and what really changed must.
 */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/plan.h"

static const char config_text[] =
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\nspec:\n"
	"  receiver: {endpoint: 'https://alloy.example.com:4318', tls: {secretName: tls, caFile: ca.crt}}\n"
	"---\napiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"
	"spec: {default: true}\n";

static const char pod_text[] =
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\",\"annotations\":"
	"{\"otelgate.dev/inject\":\"true\",\"otelgate.dev/language\":\"java\"}},\"spec\":{\"containers\":["
	"{\"name\":\"app\",\"image\":\"web:1\",\"env\":[{\"name\":\"JAVA_TOOL_OPTIONS\",\"value\":\"-Xmx1g\"},"
	"{\"name\":\"A\",\"value\":\"b\"}]}]}}";

static struct og_arena arena;
static struct og_config *config;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
	struct og_config_input in = {.name = "config", .text = og_svz(config_text)};
	struct og_config_report report;
	ck_assert_int_eq(og_config_read(&arena, &in, 1, &config, &report), 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static struct og_plan *plan_of(const char *text)
{
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc *d = og_arena_new(&arena, struct og_jdoc);
	ck_assert_int_eq(
		og_jdoc_parse(d, &arena, og_arena_sv(&arena, og_svz(text)), NULL, &err), 0);
	struct og_plan_input in = {.config = config, .object = og_jroot(d)};
	struct og_meta meta;
	struct og_plan *plan = NULL;
	ck_assert_int_eq(og_meta_read(in.object, &arena, &meta, &err), 0);
	og_facts_collect(NULL, OG_SV("shop"), &meta, &arena, &in.facts);
	ck_assert_msg(og_plan_make(&in, &arena, &plan, &err) == 0, "%s", err.msg);
	ck_assert_msg(og_plan_patch(plan, &arena, &err) == 0, "%s", err.msg);
	return plan;
}

static json_t *apply(const char *text, struct og_sv patch)
{
	struct og_buf out = OG_BUF_INIT(0);
	struct og_jdoc doc, ops;
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_jdoc_parse(&doc, &arena, og_svz(text), NULL, &err), 0);
	ck_assert_int_eq(og_jdoc_parse(&ops, &arena, patch, NULL, &err), 0);
	ck_assert_msg(og_jpatch_apply(og_jroot(&doc), og_jroot(&ops), &arena, &out, &err) == 0,
		"%s", err.msg);
	json_t *j = json_loadb(out.p, out.len, 0, NULL);
	ck_assert_ptr_nonnull(j);
	og_buf_fini(&out);
	return j;
}

static json_t *injected(void)
{
	struct og_plan *p = plan_of(pod_text);
	ck_assert_int_eq(p->reason, OG_REASON_INJECTED);
	return apply(pod_text, p->patch);
}

static struct og_plan *again(json_t *pod)
{
	/* sorted keys: members come back in another order than they were sent in */
	char *text = json_dumps(pod, JSON_COMPACT | JSON_SORT_KEYS);
	char *keep = og_arena_strndup(&arena, text, strlen(text));
	free(text);
	json_decref(pod);
	return plan_of(keep);
}

static json_t *spec(json_t *pod)
{
	return json_object_get(pod, "spec");
}

static json_t *app(json_t *pod)
{
	return json_array_get(json_object_get(spec(pod), "containers"), 0);
}

static json_t *named(json_t *list, const char *name)
{
	size_t i;
	json_t *v;
	json_array_foreach(list, i,
		v) if (strcmp(json_string_value(json_object_get(v, "name")), name) == 0) return v;
	return NULL;
}

/* What k8s.io/kubernetes/pkg/apis/core/v1/defaults.go and the ServiceAccount plugin fill in. */
static void fill_defaults(json_t *pod)
{
	size_t i;
	json_t *v;
	json_array_foreach(json_object_get(app(pod), "env"), i, v)
	{
		json_t *ref = json_object_get(json_object_get(v, "valueFrom"), "fieldRef");
		if (ref)
			json_object_set_new(ref, "apiVersion", json_string("v1"));
	}
	json_array_foreach(json_object_get(spec(pod), "initContainers"), i, v)
	{
		json_object_set_new(
			v, "terminationMessagePath", json_string("/dev/termination-log"));
		json_object_set_new(v, "terminationMessagePolicy", json_string("File"));
		json_object_set_new(v, "imagePullPolicy", json_string("IfNotPresent"));
		json_array_append_new(json_object_get(v, "volumeMounts"),
			json_pack("{s:s,s:s,s:b}", "name", "kube-api-access-x", "mountPath",
				"/var/run/secrets/kubernetes.io/serviceaccount", "readOnly", 1));
	}
	json_array_foreach(json_object_get(spec(pod), "volumes"), i, v)
	{
		json_t *secret = json_object_get(v, "secret");
		if (secret)
			json_object_set_new(secret, "defaultMode", json_integer(420));
	}
}

START_TEST(defaults_make_no_second_patch)
{
	json_t *pod = injected();
	fill_defaults(pod);
	struct og_plan *p = again(pod);
	ck_assert_msg(p->reason == OG_REASON_UP_TO_DATE, "%.*s", OG_SV_ARG(p->patch));
	ck_assert_uint_eq(p->patch.n, 0);
}
END_TEST

START_TEST(what_others_append_makes_no_second_patch)
{
	json_t *pod = injected();
	fill_defaults(pod);
	json_array_append_new(json_object_get(app(pod), "env"),
		json_pack("{s:s,s:s}", "name", "MESH", "value", "on"));
	json_array_append_new(json_object_get(spec(pod), "volumes"),
		json_pack("{s:s,s:{}}", "name", "mesh", "emptyDir"));
	json_array_append_new(json_object_get(app(pod), "volumeMounts"),
		json_pack("{s:s,s:s}", "name", "mesh", "mountPath", "/mesh"));
	json_array_append_new(json_object_get(spec(pod), "initContainers"),
		json_pack("{s:s,s:s}", "name", "mesh-init", "image", "mesh:1"));
	struct og_plan *p = again(pod);
	ck_assert_msg(p->reason == OG_REASON_UP_TO_DATE, "%.*s", OG_SV_ARG(p->patch));
}
END_TEST

START_TEST(a_late_container_is_injected_and_the_rest_stays)
{
	json_t *pod = injected();
	fill_defaults(pod);
	json_array_append_new(json_object_get(spec(pod), "containers"),
		json_pack("{s:s,s:s}", "name", "late", "image", "late:2"));
	struct og_plan *p = again(pod);
	ck_assert_int_eq(p->reason, OG_REASON_INJECTED);
	ck_assert(og_sv_has(p->patch, OG_SV("/spec/containers/1")));
	ck_assert_msg(!og_sv_has(p->patch, OG_SV("apiVersion")) &&
			      !og_sv_has(p->patch, OG_SV("terminationMessage")) &&
			      !og_sv_has(p->patch, OG_SV("kube-api-access")),
		"defaults are taken back: %.*s", OG_SV_ARG(p->patch));
}
END_TEST

START_TEST(a_missing_variable_comes_back)
{
	json_t *pod = injected();
	json_t *env = json_object_get(app(pod), "env");
	size_t i;
	json_t *v;
	json_array_foreach(env, i, v) if (strcmp(json_string_value(json_object_get(v, "name")),
						  "OTEL_SERVICE_NAME") == 0)
	{
		json_array_remove(env, i);
		break;
	}
	struct og_plan *p = again(pod);
	ck_assert_int_eq(p->reason, OG_REASON_INJECTED);
	ck_assert(og_sv_has(p->patch, OG_SV("OTEL_SERVICE_NAME")));
}
END_TEST

START_TEST(a_reference_before_its_variable_is_put_right)
{
	json_t *pod = injected();
	json_t *env = json_object_get(app(pod), "env");
	json_t *first = json_incref(json_array_get(env, 0)); /* a helper */
	json_array_remove(env, 0);
	json_array_append_new(env, first);
	struct og_plan *p = again(pod);
	ck_assert_int_eq(p->reason, OG_REASON_INJECTED);
}
END_TEST

static bool has_finding(const struct og_plan *p, const char *id)
{
	for (uint32_t i = 0; i < p->findings.n; i++)
		if (strcmp(p->findings.v[i].def->id, id) == 0)
			return true;
	return false;
}

START_TEST(an_edited_value_is_the_users)
{
	json_t *pod = injected();
	json_object_set_new(named(json_object_get(app(pod), "env"), "OTEL_SERVICE_NAME"), "value",
		json_string("mine"));
	struct og_plan *p = again(pod);
	ck_assert(has_finding(p, "OG322"));
	ck_assert(!og_sv_has(p->patch, OG_SV("\"value\":\"web\"")));
	ck_assert(og_sv_is(p->containers[0].service_name, "mine"));
}
END_TEST

START_TEST(an_edited_option_string_is_not_extended_twice)
{
	json_t *pod = injected();
	json_object_set_new(named(json_object_get(app(pod), "env"), "JAVA_TOOL_OPTIONS"), "value",
		json_string("-Xmx2g -javaagent:/otelgate/java/javaagent.jar -Dx=y"));
	struct og_plan *p = again(pod);
	ck_assert(has_finding(p, "OG322"));
	ck_assert_msg(!og_sv_has(p->patch, OG_SV("JAVA_TOOL_OPTIONS\",\"value")) &&
			      !og_sv_has(p->patch, OG_SV("-Xmx2g")),
		"%.*s", OG_SV_ARG(p->patch));
}
END_TEST

START_TEST(a_changed_agent_image_is_replaced)
{
	json_t *pod = injected();
	fill_defaults(pod);
	json_object_set_new(named(json_object_get(spec(pod), "initContainers"), "otelgate-java"),
		"image", json_string("evil:1"));
	struct og_plan *p = again(pod);
	ck_assert_int_eq(p->reason, OG_REASON_INJECTED);
	ck_assert(og_sv_has(p->patch, OG_SV("autoinstrumentation-java")));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/settled");
	TCase *tc = tcase_create("settled");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, defaults_make_no_second_patch);
	tcase_add_test(tc, what_others_append_makes_no_second_patch);
	tcase_add_test(tc, a_late_container_is_injected_and_the_rest_stays);
	tcase_add_test(tc, a_missing_variable_comes_back);
	tcase_add_test(tc, a_reference_before_its_variable_is_put_right);
	tcase_add_test(tc, an_edited_value_is_the_users);
	tcase_add_test(tc, an_edited_option_string_is_not_extended_twice);
	tcase_add_test(tc, a_changed_agent_image_is_replaced);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
