/* SPDX-License-Identifier: Apache-2.0 */
/* Views of pods and workloads: metadata, containers, the kinds that make pods. */
#include <check.h>

#include "otelgate/base/mem.h"
#include "otelgate/kobj/meta.h"
#include "otelgate/kobj/podspec.h"
#include "otelgate/kobj/workload.h"
#include "support/suite.h"

static struct og_arena a;

static void setup(void)
{
	og_arena_init(&a, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&a);
}

static struct og_jval parse(const char *json)
{
	struct og_jdoc *d = og_arena_new(&a, struct og_jdoc);
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_jdoc_parse(d, &a, og_svz(json), NULL, &err) == 0, "%s: %s", json, err.msg);
	return og_jroot(d);
}

/* --- containers ----------------------------------------------------------------------------- */

static const struct {
	const char *spec, *message;
} bad[] = {
	{"{\"containers\":{}}", "/spec/containers: expected an array, found object"},
	{"{\"containers\":\"a\"}", "/spec/containers: expected an array, found string"},
	{"{\"containers\":1}", "/spec/containers: expected an array, found number"},
	{"{\"containers\":true}", "/spec/containers: expected an array, found boolean"},
	{"{\"initContainers\":{}}", "/spec/initContainers: expected an array, found object"},
	{"{\"containers\":[null]}", "/spec/containers/0: expected an object, found null"},
	{"{\"containers\":[[]]}", "/spec/containers/0: expected an object, found array"},
	{"{\"containers\":[\"a\"]}", "/spec/containers/0: expected an object, found string"},
	{"{\"containers\":[{\"name\":\"a\"},7]}",
		"/spec/containers/1: expected an object, found number"},
	{"{\"containers\":[{}]}", "/spec/containers/0: container without a name"},
	{"{\"containers\":[{\"name\":\"\"}]}", "/spec/containers/0: container without a name"},
	{"{\"containers\":[{\"name\":null}]}", "/spec/containers/0: container without a name"},
	{"{\"containers\":[{\"name\":[\"a\"]}]}", "/spec/containers/0: container without a name"},
	{"{\"initContainers\":[{\"name\":\"a\"},{}]}",
		"/spec/initContainers/1: container without a name"},
	{"{\"containers\":[{\"name\":\"a\",\"env\":{}}]}",
		"/spec/containers/0/env: expected an array, found object"},
	{"{\"containers\":[{\"name\":\"a\",\"env\":\"x\"}]}",
		"/spec/containers/0/env: expected an array, found string"},
	{"{\"containers\":[{\"name\":\"a\",\"volumeMounts\":{}}]}",
		"/spec/containers/0/volumeMounts: expected an array, found object"},
	{"{\"containers\":[{\"name\":\"a\",\"volumeMounts\":false}]}",
		"/spec/containers/0/volumeMounts: expected an array, found boolean"},
	{"{\"containers\":[{\"name\":\"a\"},{\"name\":\"a\"}]}",
		"/spec/containers/1: two containers share one name"},
	{"{\"initContainers\":[{\"name\":\"a\"}],\"containers\":[{\"name\":\"a\"}]}",
		"/spec/containers/0: two containers share one name"},
	{"{\"containers\":[{\"name\":\"a\"},{\"name\":\"\\u0061\"}]}",
		"/spec/containers/1: two containers share one name"},
};

START_TEST(malformed_specs)
{
	struct og_containers cs;
	struct og_err err = OG_ERR_INIT;
	int rc = og_podspec_containers(parse(bad[_i].spec), &a, &cs, &err);
	ck_assert_int_eq(rc, -OG_E_INVALID);
	ck_assert_str_eq(err.msg, bad[_i].message);
}
END_TEST

START_TEST(init_first_then_regular)
{
	struct og_containers cs;
	struct og_err err = OG_ERR_INIT;
	struct og_jval spec = parse(
		"{\"containers\":[{\"name\":\"app\",\"image\":\"web:1\",\"env\":[{\"name\":\"A\"}]},"
		"{\"name\":\"b\",\"env\":null,\"volumeMounts\":[]}],"
		"\"initContainers\":[{\"name\":\"i\"},{\"name\":\"s\",\"restartPolicy\":\"Always\"}]}");
	ck_assert_int_eq(og_podspec_containers(spec, &a, &cs, &err), 0);
	ck_assert_uint_eq(cs.n, 4);
	ck_assert_uint_eq(cs.ninit, 2);
	static const char *const names[] = {"i", "s", "app", "b"};
	for (uint32_t i = 0; i < 4; i++) {
		ck_assert(og_sv_eq(cs.v[i].name, og_svz(names[i])));
		ck_assert_int_eq(cs.v[i].init, i < 2);
		ck_assert_int_eq(cs.v[i].sidecar, i == 1);
		ck_assert_uint_eq(cs.v[i].index, i % 2);
	}
	ck_assert(og_sv_is(cs.v[2].image, "web:1"));
	ck_assert_uint_eq(og_jcount(cs.v[2].env), 1);
	ck_assert(og_junset(cs.v[3].env) && og_jis(cs.v[3].mounts, OG_J_ARRAY));
}
END_TEST

START_TEST(nothing_is_no_fault)
{
	static const char *const specs[] = {"{}", "{\"containers\":null}", "{\"containers\":[]}",
		"{\"containers\":[],\"initContainers\":null}"};
	for (size_t i = 0; i < OG_COUNT(specs); i++) {
		struct og_containers cs;
		struct og_err err = OG_ERR_INIT;
		ck_assert_int_eq(og_podspec_containers(parse(specs[i]), &a, &cs, &err), 0);
		ck_assert_uint_eq(cs.n, 0);
	}
}
END_TEST

static const struct {
	const char *spec;
	bool windows;
} os[] = {
	{"{\"os\":{\"name\":\"windows\"}}", true},
	{"{\"nodeSelector\":{\"kubernetes.io/os\":\"windows\"}}", true},
	{"{\"nodeSelector\":{\"beta.kubernetes.io/os\":\"windows\"}}", true},
	{"{\"os\":{\"name\":\"linux\"}}", false},
	{"{\"os\":{\"name\":\"Windows\"}}", false},
	{"{\"os\":\"windows\"}", false},
	{"{\"os\":null}", false},
	{"{\"nodeSelector\":{\"os\":\"windows\"}}", false},
	{"{\"nodeSelector\":[\"windows\"]}", false},
	{"{}", false},
};

START_TEST(windows_pods)
{
	ck_assert_int_eq(og_podspec_is_windows(parse(os[_i].spec)), os[_i].windows);
}
END_TEST

START_TEST(the_last_variable_of_a_name_counts)
{
	struct og_jval env = parse(
		"[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"B\"},{\"name\":\"A\","
		"\"value\":\"2\"},{\"value\":\"3\"},7,null]");
	uint32_t at = 99;
	ck_assert(og_jstr_is(og_jgetl(og_env_find(env, OG_SV("A"), &at), "value"), "2"));
	ck_assert_uint_eq(at, 2);
	at = 99;
	ck_assert(og_junset(og_env_find(env, OG_SV("C"), &at)));
	ck_assert(og_junset(og_env_find(env, OG_SV(""), &at)));
	ck_assert(og_junset(og_env_find(OG_JABSENT, OG_SV("A"), &at)));
	ck_assert_uint_eq(at, 99);
}
END_TEST

/* --- metadata ------------------------------------------------------------------------------- */

START_TEST(metadata)
{
	struct og_meta m;
	struct og_err err = OG_ERR_INIT;
	struct og_jval o = parse(
		"{\"metadata\":{\"name\":\"n\",\"generateName\":\"g-\",\"namespace\":\"s\",\"uid\":\"u\","
		"\"labels\":{\"a\":\"1\",\"b\":2,\"c\":null},\"annotations\":{\"\\u0064\":\"x\\ny\"},"
		"\"ownerReferences\":[{\"kind\":\"X\",\"name\":\"x\"},{\"apiVersion\":\"apps/v1\","
		"\"kind\":\"ReplicaSet\",\"name\":\"r\",\"uid\":\"ru\",\"controller\":true}]}}");
	ck_assert_int_eq(og_meta_read(o, &a, &m, &err), 0);
	ck_assert(og_sv_is(m.name, "n") && og_sv_is(m.generate_name, "g-") && og_sv_is(m.ns, "s") &&
		  og_sv_is(m.uid, "u"));
	ck_assert_uint_eq(m.labels.n, 1); /* values that are no strings do not count */
	ck_assert(og_sv_is(*og_kvs_getl(&m.annotations, "d"), "x\ny"));
	ck_assert(m.has_owner && og_sv_is(m.owner.group, "apps") &&
		  og_sv_is(m.owner.kind, "ReplicaSet") && og_sv_is(m.owner.name, "r") &&
		  og_sv_is(m.owner.uid, "ru"));
}
END_TEST

START_TEST(metadata_that_is_none)
{
	static const char *const objects[] = {"{}", "{\"metadata\":null}", "{\"metadata\":[]}",
		"{\"metadata\":\"x\"}",
		"{\"metadata\":{\"name\":7,\"labels\":[],\"annotations\":\"\"}}",
		"{\"metadata\":{\"ownerReferences\":{}}}",
		"{\"metadata\":{\"ownerReferences\":[7,null]}}",
		"{\"metadata\":{\"ownerReferences\":[{\"controller\":true}]}}",
		"{\"metadata\":{\"ownerReferences\":[{\"controller\":true,\"kind\":\"X\",\"name\":\"\"}]}}",
		"{\"metadata\":{\"ownerReferences\":[{\"controller\":\"true\",\"kind\":\"X\",\"name\":\"x\"}]}}",
		"[]", "null"};
	for (size_t i = 0; i < OG_COUNT(objects); i++) {
		struct og_meta m;
		struct og_err err = OG_ERR_INIT;
		ck_assert_int_eq(og_meta_read(parse(objects[i]), &a, &m, &err), 0);
		ck_assert_msg(!m.has_owner && !m.name.n && !m.labels.n && !m.annotations.n, "%s",
			objects[i]);
	}
}
END_TEST

START_TEST(api_groups)
{
	ck_assert(og_sv_is(og_api_group(OG_SV("apps/v1")), "apps"));
	ck_assert(og_sv_is(og_api_group(OG_SV("v1")), ""));
	ck_assert(og_sv_is(og_api_group(OG_SV("")), ""));
	ck_assert(og_sv_is(og_api_group(OG_SV("/v1")), ""));
	ck_assert(og_sv_is(og_api_group(OG_SV("a.b/c/d")), "a.b"));
}
END_TEST

/* --- kinds ---------------------------------------------------------------------------------- */

static const struct {
	const char *object, *path; /* NULL = no such kind */
} kinds[] = {
	{"{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}", ""},
	{"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}", "/spec/template"},
	{"{\"apiVersion\":\"apps/v1beta2\",\"kind\":\"Deployment\"}", "/spec/template"},
	{"{\"apiVersion\":\"argoproj.io/v1alpha1\",\"kind\":\"Rollout\"}", "/spec/template"},
	{"{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\"}", "/spec/jobTemplate/spec/template"},
	{"{\"apiVersion\":\"v1\",\"kind\":\"ReplicationController\"}", "/spec/template"},
	{"{\"apiVersion\":\"v1\",\"kind\":\"Deployment\"}", NULL},
	{"{\"apiVersion\":\"apps/v1\",\"kind\":\"Pod\"}", NULL},
	{"{\"apiVersion\":\"example.com/v1\",\"kind\":\"Deployment\"}", NULL},
	{"{\"apiVersion\":\"apps/v1\",\"kind\":\"deployment\"}", NULL},
	{"{\"apiVersion\":\"v1\",\"kind\":\"Service\"}", NULL},
	{"{\"apiVersion\":null,\"kind\":\"Pod\"}", NULL},
	{"{\"kind\":\"Pod\"}", NULL},
	{"{\"apiVersion\":\"v1\"}", NULL},
	{"{\"apiVersion\":1,\"kind\":\"Pod\"}", NULL},
	{"{\"apiVersion\":\"v1\",\"kind\":[\"Pod\"]}", NULL},
	{"[]", NULL},
	{"\"Pod\"", NULL},
};

START_TEST(kinds_that_make_pods)
{
	const struct og_workload_kind *k = og_workload_kind_of(parse(kinds[_i].object));
	if (kinds[_i].path)
		ck_assert_str_eq(k->template_path, kinds[_i].path);
	else
		ck_assert_ptr_null(k);
}
END_TEST

START_TEST(templates)
{
	struct og_jval o = parse("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{"
				 "\"template\":{\"spec\":{\"x\":1}}}}");
	ck_assert_uint_eq(og_jcount(og_workload_template(og_workload_kind_of(o), o)), 1);
	static const char *const none[] = {"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}",
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":[]}",
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{\"template\":[]}}",
		"{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"spec\":{\"template\":{}}}"};
	for (size_t i = 0; i < OG_COUNT(none); i++) {
		o = parse(none[i]);
		ck_assert_int_eq(
			og_jtype(og_workload_template(og_workload_kind_of(o), o)), OG_J_ABSENT);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("podspec");
	TCase *t = tcase_create("views");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, malformed_specs, 0, (int)OG_COUNT(bad));
	tcase_add_test(t, init_first_then_regular);
	tcase_add_test(t, nothing_is_no_fault);
	tcase_add_loop_test(t, windows_pods, 0, (int)OG_COUNT(os));
	tcase_add_test(t, the_last_variable_of_a_name_counts);
	tcase_add_test(t, metadata);
	tcase_add_test(t, metadata_that_is_none);
	tcase_add_test(t, api_groups);
	tcase_add_loop_test(t, kinds_that_make_pods, 0, (int)OG_COUNT(kinds));
	tcase_add_test(t, templates);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
