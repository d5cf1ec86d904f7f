/* SPDX-License-Identifier: Apache-2.0 */
/* The change of one object by opt-in and opt-out, as both kinds of patch. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/core/optin_edit.h"
#include "support/suite.h"

static struct og_arena arena;
static struct og_jdoc doc, patch_doc;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

#define DEPLOY(meta)                                                                        \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{\"template\":{" meta \
	"\"spec\":{}}}}"
#define TMPL "/spec/template/metadata"

static const struct {
	const char *object, *inject, *signals;
	bool clear;
	const char *json, *merge;
} edits[] = {
	{DEPLOY(""), "true", "", false,
		"[{\"op\":\"add\",\"path\":\"" TMPL
		"\",\"value\":{\"annotations\":{\"otelgate.dev/inject\":\"true\"}}}]",
		"{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"otelgate.dev/inject\":"
		"\"true\"}}}}}"},
	{DEPLOY("\"metadata\":{\"labels\":{}},"), "true", "logs", false,
		"[{\"op\":\"add\",\"path\":\"" TMPL
		"/annotations\",\"value\":{\"otelgate.dev/inject\":\"true\","
		"\"otelgate.dev/signals\":\"logs\"}}]",
		"{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"otelgate.dev/inject\":"
		"\"true\",\"otelgate.dev/signals\":\"logs\"}}}}}"},
	{DEPLOY("\"metadata\":{\"annotations\":null},"), "false", "", false,
		"[{\"op\":\"add\",\"path\":\"" TMPL
		"/annotations\",\"value\":{\"otelgate.dev/inject\":\"false\"}}]",
		NULL},
	{DEPLOY("\"metadata\":{\"annotations\":{\"a\":\"b\",\"otelgate.dev/inject\":\"x\"}},"),
		"true", "", false,
		"[{\"op\":\"replace\",\"path\":\"" TMPL
		"/annotations/otelgate.dev~1inject\",\"value\":\"true\"}]",
		NULL},
	{DEPLOY("\"metadata\":{\"annotations\":{\"a\":\"b\"}},"), "p\"1", "", false,
		"[{\"op\":\"add\",\"path\":\"" TMPL
		"/annotations/otelgate.dev~1inject\",\"value\":\"p\\\"1\"}]",
		NULL},
	{DEPLOY("\"metadata\":{\"annotations\":{\"a\":\"b\",\"otelgate.dev/inject\":\"x\"}},"), "",
		"", true,
		"[{\"op\":\"remove\",\"path\":\"" TMPL "/annotations/otelgate.dev~1inject\"}]",
		"{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"otelgate.dev/inject\":"
		"null}}}}}"},
	{DEPLOY("\"metadata\":{\"labels\":{},\"annotations\":{\"otelgate.dev/inject\":\"x\"}},"),
		"", "", true, "[{\"op\":\"remove\",\"path\":\"" TMPL "/annotations\"}]", NULL},
	{DEPLOY("\"metadata\":{\"annotations\":{\"otelgate.dev/inject\":\"x\","
		"\"otelgate.dev/signals\":\"logs\"}},"),
		"", "", true, "[{\"op\":\"remove\",\"path\":\"" TMPL "\"}]", NULL},
	/* not a string: it is what it should not be, and is replaced */
	{DEPLOY("\"metadata\":{\"annotations\":{\"otelgate.dev/inject\":true}},"), "true", "",
		false,
		"[{\"op\":\"replace\",\"path\":\"" TMPL
		"/annotations/otelgate.dev~1inject\",\"value\":\"true\"}]",
		NULL},
	{"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{}}",
		"true", "", false,
		"[{\"op\":\"add\",\"path\":\"/metadata/annotations\",\"value\":{"
		"\"otelgate.dev/inject\":\"true\"}}]",
		"{\"metadata\":{\"annotations\":{\"otelgate.dev/inject\":\"true\"}}}"},
	{"{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"spec\":{\"jobTemplate\":{\"spec\":{"
	 "\"template\":{}}}}}",
		"true", "", false,
		"[{\"op\":\"add\",\"path\":\"/spec/jobTemplate/spec/template/metadata\",\"value\":{"
		"\"annotations\":{\"otelgate.dev/inject\":\"true\"}}}]",
		NULL},
	/* nothing to do */
	{DEPLOY("\"metadata\":{\"annotations\":{\"otelgate.dev/inject\":\"true\"}},"), "true", "",
		false, "[]", NULL},
	{DEPLOY(""), "", "", true, "[]", NULL},
};

static int edit(const char *text, const struct og_optin_ask *ask, struct og_optin_edit *ret,
	struct og_err *err)
{
	ck_assert_int_eq(og_jdoc_parse(&doc, &arena, og_svz(text), NULL, err), 0);
	return og_optin_edit(og_jroot(&doc), ask, &arena, ret, err);
}

START_TEST(one_object)
{
	const struct og_optin_ask ask = {
		og_svz(edits[_i].inject), og_svz(edits[_i].signals), edits[_i].clear};
	og_auto_buf struct og_buf json = OG_BUF_INIT(0), merge = OG_BUF_INIT(0),
				  after = OG_BUF_INIT(0);
	struct og_optin_edit e, again;
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(edit(edits[_i].object, &ask, &e, &err) == 0, "%s", err.msg);
	og_optin_json_patch(&e, &json);
	og_optin_merge_patch(&e, &merge);
	ck_assert_str_eq(json.p, edits[_i].json);
	if (edits[_i].merge)
		ck_assert_str_eq(merge.p, edits[_i].merge);
	/* It can be applied, and then nothing is left to do. */
	ck_assert_int_eq(og_jdoc_parse(&patch_doc, &arena, og_buf_view(&json), NULL, &err), 0);
	ck_assert_msg(
		og_jpatch_apply(og_jroot(&doc), og_jroot(&patch_doc), &arena, &after, &err) == 0,
		"%s", err.msg);
	ck_assert_int_eq(edit(after.p, &ask, &again, &err), 0);
	ck_assert_uint_eq(again.n, 0);
}
END_TEST

static const struct {
	const char *object;
	int code;
	const char *msg;
} bad[] = {
	{"{}", -OG_E_UNSUPPORTED, "its kind makes no pods"},
	{"[]", -OG_E_UNSUPPORTED, "its kind makes no pods"},
	{"{\"apiVersion\":\"v1\",\"kind\":\"Service\"}", -OG_E_UNSUPPORTED,
		"its kind makes no pods"},
	{"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}", -OG_E_UNSUPPORTED,
		"it has no pod template"},
	{"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{\"template\":7}}",
		-OG_E_UNSUPPORTED, "it has no pod template"},
	{"{\"apiVersion\":\"argoproj.io/v1alpha1\",\"kind\":\"Rollout\",\"spec\":{\"workloadRef\":{"
	 "\"kind\":\"Deployment\",\"name\":\"x\"}}}",
		-OG_E_UNSUPPORTED,
		"its pod template is that of the workload in spec.workloadRef: opt that in"},
	{DEPLOY("\"metadata\":[],"), -OG_E_INVALID,
		"the annotations of its pod template are no map"},
	{DEPLOY("\"metadata\":{\"annotations\":\"x\"},"), -OG_E_INVALID,
		"the annotations of its pod template are no map"},
};

START_TEST(objects_that_cannot_be)
{
	const struct og_optin_ask ask = {.inject = OG_SV("true")};
	struct og_optin_edit e;
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(edit(bad[_i].object, &ask, &e, &err), bad[_i].code);
	ck_assert_str_eq(err.msg, bad[_i].msg);
}
END_TEST

static const struct {
	const char *list, *msg; /* NULL = fine */
} lists[] = {
	{"metrics", NULL},
	{"metrics, traces=optional,logs=stdout,profiles=off", NULL},
	{"", "the list is empty"},
	{"metrics,,logs", "\"\" is no signal; the signals are metrics, traces, logs, profiles"},
	{"trace", "\"trace\" is no signal; did you mean traces?"},
	{"metrics=on", "\"on\" is no mode of metrics; write expected, optional or off"},
	{"traces=stdout",
		"stdout is a mode of logs only; write expected, optional or off for traces"},
};

START_TEST(lists_of_signals)
{
	struct og_err err = OG_ERR_INIT;
	int r = og_optin_signals_check(og_svz(lists[_i].list), &err);

	ck_assert_int_eq(r, lists[_i].msg ? -OG_E_INVALID : 0);
	if (lists[_i].msg)
		ck_assert_str_eq(err.msg, lists[_i].msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/optin_edit");
	TCase *tc = tcase_create("edit");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_object, 0, (int)OG_COUNT(edits));
	tcase_add_loop_test(tc, objects_that_cannot_be, 0, (int)OG_COUNT(bad));
	tcase_add_loop_test(tc, lists_of_signals, 0, (int)OG_COUNT(lists));
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
