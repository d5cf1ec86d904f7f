/* SPDX-License-Identifier: Apache-2.0 */
/* What is generated of the chart: schema, values, templates. Oracle for the JSON: jansson. */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "../../../src/cli/gen_config-priv.h"
#include "../../../src/cli/gen_values-priv.h"

enum { MAX = 1 << 20 };

static json_t *schema;
static struct og_buf text;

static void setup(void)
{
	json_error_t e;
	og_buf_init(&text, MAX);
	og_gen_values_schema(&text);
	schema = json_loadb(og_buf_view(&text).p, og_buf_view(&text).n, JSON_REJECT_DUPLICATES, &e);
	ck_assert_msg(schema != NULL, "line %d: %s", e.line, e.text);
}

static void teardown(void)
{
	json_decref(schema);
	og_buf_fini(&text);
}

/* The schema of a path below an object's schema; NULL when there is none. */
static json_t *below(json_t *at, const char *path)
{
	char *copy = og_strdup(path), *save = NULL;

	ck_assert_ptr_nonnull(copy);
	for (char *p = strtok_r(copy, ".", &save); p && at; p = strtok_r(NULL, ".", &save))
		at = json_object_get(json_object_get(at, "properties"), p);
	og_free(copy);
	return at;
}

/* No object with fixed members takes others: that is what finds a typo. */
static int open_objects(json_t *at)
{
	const char *key;
	json_t *member;
	json_t *members = json_object_get(at, "properties");
	int n = 0;

	if (!members)
		return 0;
	if (!json_is_false(json_object_get(at, "additionalProperties")))
		n++;
	json_object_foreach(members, key, member) n += open_objects(member);
	return n;
}

START_TEST(every_value)
{
	for (size_t i = 0; i < og_nvalues; i++) {
		json_t *at = below(schema, og_values[i].path);
		ck_assert_msg(at != NULL, "%s is not in the schema", og_values[i].path);
		ck_assert_msg(json_is_string(json_object_get(at, "description")), "%s",
			og_values[i].path);
		ck_assert_msg((og_values[i].type == OG_VT_GROUP) == !og_values[i].def, "%s",
			og_values[i].path);
	}
	ck_assert_ptr_null(below(schema, "webhook.replica"));
	ck_assert_int_eq(open_objects(schema), 0);
}
END_TEST

START_TEST(every_field)
{
	static const char *const where[] = {"stacks", "profiles"};

	for (int k = 0; k < OG_DOC_KIND_COUNT_; k++) {
		json_t *spec = json_object_get(below(schema, where[k]), "additionalProperties");
		ck_assert(json_is_object(spec));
		ck_assert_int_eq(open_objects(spec), 0);
		for (size_t i = 1; i < og_nfields((enum og_doc_kind)k); i++) {
			const struct og_field *f = &og_doc_types[k].fields[i];
			json_t *at = below(spec, f->path + sizeof "spec." - 1);
			ck_assert_msg(at != NULL, "%s is not in the schema", f->path);
			if (f->words)
				ck_assert_msg(json_is_array(json_object_get(
						      f->type == OG_FT_STRINGS
							      ? json_object_get(at, "items")
							      : at,
						      "enum")),
					"%s takes any word", f->path);
		}
	}
	/* a token has no place: a Secret is named */
	ck_assert_ptr_null(strstr(og_buf_view(&text).p, "\"token\":"));
}
END_TEST

/* Parents stand before their members, and nothing twice: values.yaml is written in that order. */
START_TEST(order)
{
	for (size_t i = 0; i < og_nvalues; i++) {
		const char *path = og_values[i].path, *dot = strrchr(path, '.');
		bool found = !dot;
		for (size_t k = 0; k < i; k++) {
			ck_assert_str_ne(og_values[k].path, path);
			found |= dot && strlen(og_values[k].path) == (size_t)(dot - path) &&
				 strncmp(og_values[k].path, path, (size_t)(dot - path)) == 0;
		}
		ck_assert_msg(found, "%s stands before its parent", path);
	}
}
END_TEST

START_TEST(depth)
{
	ck_assert_int_eq(og_value_depth(&og_values[0]), 0);
	for (size_t i = 0; i < og_nvalues; i++) {
		ck_assert(og_value_is_member(&og_values[i], NULL) ==
			  (og_value_depth(&og_values[i]) == 0));
		ck_assert(!og_value_is_member(&og_values[i], &og_values[i]));
	}
	ck_assert_str_eq(og_value_key(&(struct og_value){.path = "a.b.c"}), "c");
	ck_assert(!og_value_is_member(
		&(struct og_value){.path = "ab.c"}, &(struct og_value){.path = "a"}));
	ck_assert(!og_value_is_member(
		&(struct og_value){.path = "a.b.c"}, &(struct og_value){.path = "a"}));
}
END_TEST

/* The definition in the chart is that of manifests/crds, with a condition around it. */
START_TEST(definitions)
{
	struct og_buf plain, chart;
	const char *p, *rest;

	og_buf_init(&plain, MAX);
	og_buf_init(&chart, MAX);
	og_gen_crd(&plain, OG_DOC_STACK);
	og_gen_chart_stacks(&chart);
	og_buf_ch(&plain, 0);
	og_buf_ch(&chart, 0);
	p = strstr(og_buf_view(&plain).p, "  labels:");
	ck_assert_ptr_nonnull(p);
	rest = strstr(og_buf_view(&chart).p, "  labels:");
	ck_assert_ptr_nonnull(rest);
	ck_assert_int_eq(strncmp(rest, p, strlen(p)), 0);
	ck_assert_str_eq(rest + strlen(p), "{{- end }}\n");
	ck_assert_ptr_nonnull(strstr(og_buf_view(&chart).p, "{{- if .Values.crds.install }}"));
	ck_assert_ptr_nonnull(strstr(og_buf_view(&chart).p, "helm.sh/resource-policy: keep"));
	og_buf_fini(&plain);
	og_buf_fini(&chart);
}
END_TEST

START_TEST(rights)
{
	struct og_buf b;
	const char *p, *end;
	char *rule;

	og_buf_init(&b, MAX);
	og_gen_chart_rbac_restarts(&b);
	og_buf_ch(&b, 0);
	ck_assert_ptr_nonnull(strstr(og_buf_view(&b).p, "{{- if .Values.rbac.restarts }}"));
	ck_assert_ptr_nonnull(strstr(og_buf_view(&b).p, "namespace: {{ .Release.Namespace }}"));
	og_buf_reset(&b);
	og_gen_chart_rbac_controller(&b);
	og_buf_ch(&b, 0);
	ck_assert_ptr_null(strstr(og_buf_view(&b).p, "namespace: otelgate\n"));
	/* one rule has a condition, and ends before the next */
	p = strstr(og_buf_view(&b).p, "{{- if");
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_null(strstr(p + 1, "{{- if"));
	end = strstr(p, "{{- end }}");
	ck_assert_ptr_nonnull(end);
	rule = strndup(p, (size_t)(end - p));
	ck_assert_ptr_nonnull(rule);
	ck_assert_ptr_nonnull(strstr(rule, "[\"otelgate-otlp\"]"));
	ck_assert_ptr_nonnull(strstr(rule, "\n  verbs: ["));
	ck_assert_ptr_null(strstr(strstr(rule, "apiGroups") + 1, "apiGroups"));
	free(rule);
	ck_assert_ptr_null(strstr(og_buf_view(&b).p, "\"*\""));
	og_buf_fini(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/gen_values");
	TCase *t = tcase_create("chart");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_value);
	tcase_add_test(t, every_field);
	tcase_add_test(t, order);
	tcase_add_test(t, depth);
	tcase_add_test(t, definitions);
	tcase_add_test(t, rights);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
