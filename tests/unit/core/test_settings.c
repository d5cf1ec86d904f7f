/* SPDX-License-Identifier: Apache-2.0 */
/* Values that people write into annotations and OTEL_RESOURCE_ATTRIBUTES: what is said of each. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/plan.h"
#include "support/suite.h"

static const char config_text[] =
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
	"spec: {receiver: {endpoint: 'http://alloy:4318'}}\n---\n"
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: base}\n"
	"spec: {default: true}\n---\n"
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: quiet}\n"
	"spec: {}\n";

static struct og_jval parse(struct og_arena *a, struct og_sv text)
{
	struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_jdoc_parse(d, a, text, NULL, &err) == 0, "%s", err.msg);
	return og_jroot(d);
}

/* A pod with containers app and side, one annotation beside the opt-in, one variable. */
static struct og_plan *plan(
	struct og_arena *a, const char *key, const char *value, const char *attributes)
{
	struct og_config_input text = {"config", og_svz(config_text)};
	struct og_config_report report;
	struct og_config *config;
	struct og_err err = OG_ERR_INIT;
	struct og_plan *p = NULL;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_config_read(a, &text, 1, &config, &report), 0);
	og_buf_lit(&b, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\","
		       "\"namespace\":\"shop\",\"annotations\":{");
	if (!key || strcmp(key, "inject") != 0)
		og_buf_lit(&b, "\"otelgate.dev/inject\":\"true\"");
	if (key) {
		og_buf_fmt(&b, "%s\"otelgate.dev/%s\":", strcmp(key, "inject") ? "," : "", key);
		og_jw_str(&b, og_svz(value));
	}
	og_buf_lit(&b, "}},\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"web:1\"");
	if (attributes) {
		og_buf_lit(&b, ",\"env\":[{\"name\":\"OTEL_RESOURCE_ATTRIBUTES\",\"value\":");
		og_jw_str(&b, og_svz(attributes));
		og_buf_lit(&b, "}]");
	}
	og_buf_lit(&b, "},{\"name\":\"side\",\"image\":\"side:1\"}]}}");
	struct og_plan_input in = {
		.config = config, .object = parse(a, og_arena_sv(a, og_buf_view(&b)))};
	ck_assert_int_eq(og_facts_of_workload(NULL, in.object, OG_SV(""), a, &in.facts, &err), 0);
	int rc = og_plan_make(&in, a, &p, &err);
	if (!rc)
		rc = og_plan_patch(p, a, &err);
	ck_assert_msg(rc == 0, "%s", err.msg);
	return p;
}

/* "OG203 detail|OG205 detail" */
static const char *said(struct og_arena *a, const struct og_plan *p)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	for (uint32_t i = 0; i < p->findings.n; i++)
		og_buf_fmt(&b, "%s%s %.*s", i ? "|" : "", p->findings.v[i].def->id,
			OG_SV_ARG(p->findings.v[i].detail));
	struct og_sv s = og_buf_view(&b);
	return og_arena_strndup(a, s.p ? s.p : "", s.n);
}

struct row {
	const char *key, *value, *want;
};

static const struct row rows[] = {
#include "settings_rows.inc"
};

static void check(const struct row *r)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	bool attributes = !strcmp(r->key, "attributes");
	const char *got = said(
		&a, attributes ? plan(&a, NULL, NULL, r->value) : plan(&a, r->key, r->value, NULL));
	if (getenv("PRINT"))
		printf("%s\t%s\t%s\n", r->key, r->value, got);
	else
		ck_assert_str_eq(got, r->want);
}

START_TEST(values)
{
	check(&rows[_i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("settings");
	TCase *t = tcase_create("values");
	tcase_add_loop_test(t, values, 0, (int)OG_COUNT(rows));
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
