/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of environment variables: complete, and true to the configuration's fields. */
#include <check.h>
#include <ctype.h>

#include "otelgate/base/mem.h"
#include "otelgate/core/envdoc.h"
#include "otelgate/core/fields.h"
#include "otelgate/core/languages.h"
#include "support/suite.h"

static void sentence(const char *name, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	ck_assert_msg(n > 0, "%s: an empty field", name);
	ck_assert_msg(text[n - 1] == '.', "%s: no full stop: %s", name, text);
	ck_assert_msg(strstr(text, "  ") == NULL, "%s: two spaces: %s", name, text);
}

START_TEST(rows_are_complete)
{
	uint32_t n;
	const struct og_envdoc *d = og_envdocs(&n);
	ck_assert_uint_ge(n, 40);
	for (uint32_t i = 0; i < n; i++) {
		ck_assert_msg(d[i].read_by && d[i].read_by[0], "%s", d[i].name);
		sentence(d[i].name, d[i].meaning);
		sentence(d[i].name, d[i].unset);
		sentence(d[i].name, d[i].source);
		sentence(d[i].name, d[i].off);
		ck_assert_str_ne(og_envdoc_kind_name(d[i].kind), "unknown");
		ck_assert_ptr_eq(og_envdoc(og_svz(d[i].name)), &d[i]);
	}
}
END_TEST

START_TEST(unknown_names_have_no_row)
{
	static const char *const names[] = {"", "OTEL", "otel_service_name", "OTEL_SERVICE_NAME ",
		"PATH", "OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT"};
	for (size_t i = 0; i < OG_COUNT(names); i++)
		ck_assert_msg(og_envdoc(og_svz(names[i])) == NULL, "%s", names[i]);
	ck_assert_str_eq(og_envdoc_kind_name((enum og_envdoc_kind)99), "unknown");
}
END_TEST

START_TEST(every_agent_variable_has_a_row)
{
	for (int l = 0; l < OG_LANG_COUNT_; l++) {
		const struct og_lang_def *def = og_lang_def((enum og_language)l);
		for (const struct og_lang_var *v = def ? def->vars : NULL; v && v->name; v++) {
			const struct og_envdoc *d = og_envdoc(og_svz(v->name));
			ck_assert_msg(d != NULL, "%s has no row", v->name);
			ck_assert_msg(d->kind == (v->join == OG_JOIN_KEEP ? OG_ENVDOC_WRITTEN
									  : OG_ENVDOC_EXTENDED),
				"%s", v->name);
		}
	}
}
END_TEST

static bool is_field(const char *path, size_t n)
{
	for (int k = 0; k < OG_DOC_KIND_COUNT_; k++)
		if (og_field_index((enum og_doc_kind)k, og_sv(path, n)) >= 0)
			return true;
	return false;
}

/* Every spec.… that a text names is a field of the configuration. */
static void check_paths(const char *name, const char *text)
{
	for (const char *p = strstr(text, "spec."); p; p = strstr(p + 1, "spec.")) {
		size_t n = strspn(
			p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ."); /* a path */
		while (n && p[n - 1] == '.')
			n--;
		if (n == strlen("spec.nodeName") && !memcmp(p, "spec.nodeName", n))
			continue; /* of the pod */
		ck_assert_msg(is_field(p, n), "%s: no such field: %.*s", name, (int)n, p);
	}
}

START_TEST(named_fields_exist)
{
	uint32_t n;
	const struct og_envdoc *d = og_envdocs(&n);
	for (uint32_t i = 0; i < n; i++) {
		check_paths(d[i].name, d[i].source);
		check_paths(d[i].name, d[i].off);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("envdoc");
	TCase *t = tcase_create("table");
	tcase_add_test(t, rows_are_complete);
	tcase_add_test(t, unknown_names_have_no_row);
	tcase_add_test(t, every_agent_variable_has_a_row);
	tcase_add_test(t, named_fields_exist);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
