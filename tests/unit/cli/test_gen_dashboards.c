/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboards, as Grafana reads them: what they ask for exists, and nothing lies on top of
 * anything. Oracle for the JSON: jansson. */
#include <ctype.h>
#include <jansson.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/arrival.h"
#include "support/suite.h"
#include "../../../src/cli/dashboard-priv.h"
#include "../../../src/cli/gen_metrics-priv.h"

enum { MAX = 1 << 20, COLUMNS = 24, ROWS = 400 };

static const struct dashboard *const all[] = {&og_dashboard_cluster, &og_dashboard_workload};

static json_t *made(const struct dashboard *d)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(MAX);
	json_error_t e;

	og_gen_dashboard(&text, d);
	ck_assert(!text.failed);
	json_t *j =
		json_loadb(og_buf_view(&text).p, og_buf_view(&text).n, JSON_REJECT_DUPLICATES, &e);
	ck_assert_msg(j != NULL, "%s at %d", e.text, e.line);
	return j;
}

static const char *str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

START_TEST(panels_have_a_place_each)
{
	static unsigned char taken[ROWS][COLUMNS];
	json_t *j = made(all[_i]), *p;
	size_t i, n = 0;

	memset(taken, 0, sizeof(taken));
	json_array_foreach(json_object_get(j, "panels"), i, p)
	{
		const json_t *g = json_object_get(p, "gridPos");
		json_int_t x = json_integer_value(json_object_get(g, "x")),
			   y = json_integer_value(json_object_get(g, "y")),
			   w = json_integer_value(json_object_get(g, "w")),
			   h = json_integer_value(json_object_get(g, "h"));
		ck_assert_msg(
			w > 0 && h > 0 && x >= 0 && x + w <= COLUMNS && y >= 0 && y + h < ROWS,
			"%s", str(p, "title"));
		for (json_int_t r = y; r < y + h; r++)
			for (json_int_t c = x; c < x + w; c++)
				ck_assert_msg(
					!taken[r][c]++, "%s lies on another", str(p, "title"));
		ck_assert_int_eq(json_integer_value(json_object_get(p, "id")), (json_int_t)i + 1);
		n++;
	}
	ck_assert_uint_ge(n, 12);
	json_decref(j);
}
END_TEST

/* Names in `query` that start with `$`, but for Grafana's own. */
static void variables_known(const struct dashboard *d, const char *query)
{
	for (const char *at = query; (at = strchr(at, '$')); at++) {
		size_t n = 0, known = 0;
		while (isalnum((unsigned char)at[1 + n]) || at[1 + n] == '_')
			n++;
		if (n == 0) /* the end of a pattern */
			continue;
		known = strncmp(at, "$__rate_interval", 1 + n) == 0 ||
			strncmp(at, "$__auto", 1 + n) == 0;
		for (size_t i = 0; i < DASH_VARIABLES_MAX && d->variables[i].name; i++)
			known += strlen(d->variables[i].name) == n &&
				 strncmp(d->variables[i].name, at + 1, n) == 0;
		ck_assert_msg(known, "%s: $%.*s is not a variable", query, (int)n, at + 1);
	}
}

START_TEST(variables_are_there)
{
	const struct dashboard *d = all[_i];

	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < DASH_TARGETS_MAX && d->panels[i].targets[k].query; k++)
			variables_known(d, d->panels[i].targets[k].query);
	for (size_t i = 0; i < DASH_VARIABLES_MAX && d->variables[i].query; i++)
		variables_known(d, d->variables[i].query);
}
END_TEST

START_TEST(panels_explain_themselves)
{
	const struct dashboard *d = all[_i];

	for (size_t i = 0; i < d->n; i++) {
		const struct dash_panel *p = &d->panels[i];
		ck_assert_msg(p->title && *p->title, "panel %zu has no title", i);
		if (p->kind == DASH_ROW) {
			ck_assert_msg(
				!p->targets[0].query, "%s: a heading asks for nothing", p->title);
			continue;
		}
		ck_assert_msg(p->help && strlen(p->help) > 5, "%s: no description", p->title);
		ck_assert_msg(p->targets[0].query, "%s: nothing is asked for", p->title);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(
				strcmp(d->panels[k].title, p->title) != 0, "%s: twice", p->title);
	}
}
END_TEST

/* ---- metrics ---- */

enum { NAMES_MAX = 256 };
static const struct og_metric_def *defs[NAMES_MAX];
static bool used[NAMES_MAX];
static size_t ndefs;

static void take(
	void *ctx, const char *title, const char *note, const struct og_metric_def *d, size_t n)
{
	(void)ctx;
	(void)title;
	(void)note;
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_lt(ndefs, NAMES_MAX);
		defs[ndefs++] = &d[i];
	}
}

static bool is_ours(struct og_sv name)
{
	for (size_t i = 0; i < ndefs; i++) {
		struct og_sv def = og_svz(defs[i]->name);
		static const char *const ends[] = {"_bucket", "_count", "_sum"};
		bool same = og_sv_eq(name, def);
		for (size_t k = 0; k < OG_COUNT(ends) && defs[i]->type == OG_METRIC_HISTOGRAM; k++)
			same = same ||
			       (name.n == def.n + strlen(ends[k]) && og_sv_starts(name, def) &&
				       og_sv_ends(name, og_svz(ends[k])));
		if (same) {
			used[i] = true;
			return true;
		}
	}
	return false;
}

static void metrics_known(const char *query)
{
	for (const char *at = query; (at = strstr(at, "otelgate_")); at++) {
		size_t n = 0;
		if (at > query && (isalnum((unsigned char)at[-1]) || at[-1] == '_'))
			continue;
		while (isalnum((unsigned char)at[n]) || at[n] == '_')
			n++;
		if (og_sv_is(og_sv(at, n), "otelgate_revision")) /* an attribute */
			continue;
		ck_assert_msg(is_ours(og_sv(at, n)), "no table has %.*s: %s", (int)n, at, query);
	}
	static const char *const others[] = {"controller_runtime_webhook_requests_total",
		"controller_runtime_reconcile_total", "rest_client_requests_total",
		"process_resident_memory_bytes", "process_cpu_seconds_total"};
	for (size_t i = 0; i < OG_COUNT(others); i++)
		if (strstr(query, others[i]))
			ck_assert(is_ours(og_svz(others[i])));
}

START_TEST(metrics_are_ours_and_labels_too)
{
	size_t nused = 0;

	ndefs = 0;
	memset(used, 0, sizeof(used));
	og_metric_tables(take, NULL);
	for (size_t i = 0; i < OG_COUNT(all); i++)
		for (size_t p = 0; p < all[i]->n; p++)
			for (size_t k = 0; k < DASH_TARGETS_MAX; k++)
				if (all[i]->panels[p].targets[k].query)
					metrics_known(all[i]->panels[p].targets[k].query);
	for (size_t i = 0; i < ndefs; i++) {
		nused += used[i];
		/* what the controller finds of workloads is what people look for */
		if (strncmp(defs[i]->name, "otelgate_workload", 17) == 0 &&
			strcmp(defs[i]->name, "otelgate_workload_signal_left_out") != 0)
			ck_assert_msg(used[i], "no panel shows %s", defs[i]->name);
	}
	ck_assert_uint_ge(nused, 30);
}
END_TEST

/* The labels that a query asks by or groups by are the metric's. */
START_TEST(labels_are_those_of_the_table)
{
	static const struct {
		const char *metric, *label;
	} rows[] = {{"otelgate_workload_signal", "workload_namespace"},
		{"otelgate_workload_signal", "state"}, {"otelgate_workload_signals", "signal"},
		{"otelgate_workload_pods", "class"}, {"otelgate_workload_conditions", "type"},
		{"otelgate_workload_rollouts", "reason"}, {"otelgate_backend_answers", "backend"},
		{"otelgate_writes_total", "part"}, {"otelgate_reviews_total", "decision"},
		{"otelgate_watch_state", "resource"},
		{"otelgate_cache_disconnected_seconds", "resource"}};

	ndefs = 0;
	og_metric_tables(take, NULL);
	for (size_t r = 0; r < OG_COUNT(rows); r++) {
		bool found = false;
		for (size_t i = 0; i < ndefs; i++)
			for (size_t k = 0; !strcmp(defs[i]->name, rows[r].metric) &&
					   k < OG_METRIC_LABELS_MAX && defs[i]->labels[k];
				k++)
				found = found || !strcmp(defs[i]->labels[k], rows[r].label);
		ck_assert_msg(found, "%s has no label %s", rows[r].metric, rows[r].label);
	}
}
END_TEST

START_TEST(the_map_knows_every_state)
{
	json_t *j = made(&og_dashboard_cluster), *p;
	size_t i, maps = 0;

	json_array_foreach(json_object_get(j, "panels"), i, p)
	{
		const json_t *m = json_object_get(
			json_object_get(json_object_get(p, "fieldConfig"), "defaults"), "mappings");
		if (!m)
			continue;
		const json_t *o = json_object_get(json_array_get(m, 0), "options");
		for (int s = 0; s < OG_AR_STATE_COUNT_; s++)
			ck_assert_msg(
				json_object_get(o, og_arrival_state_name((enum og_arrival_state)s)),
				"%s is not mapped",
				og_arrival_state_name((enum og_arrival_state)s));
		ck_assert_uint_eq(json_object_size(o), OG_AR_STATE_COUNT_);
		ck_assert_str_eq(
			str(json_array_get(json_object_get(p, "transformations"), 0), "id"),
			"groupingToMatrix");
		maps++;
	}
	ck_assert_uint_eq(maps, 1);
	json_decref(j);
}
END_TEST

/* A text of the table that is hostile to JSON stays a text, and one that does not fit is told. */
START_TEST(texts_are_escaped)
{
	static const struct dash_panel panels[] = {{DASH_STAT, "a \"b\" \\ \n", "</script> help",
		NULL, DASH_PLAIN, 30, 4, {{DASH_METRICS, "up{a=\"\\\\\"}", NULL}}}};
	static const struct dashboard d = {.uid = "x",
		.title = "\"",
		.help = "help",
		.panels = panels,
		.n = 1,
		.link_title = "y",
		.link_uid = "y"};
	json_t *j = made(&d), *p = json_array_get(json_object_get(j, "panels"), 0);
	og_auto_buf struct og_buf small = OG_BUF_INIT(64);

	ck_assert_str_eq(str(p, "title"), "a \"b\" \\ \n");
	ck_assert_str_eq(
		str(json_array_get(json_object_get(p, "targets"), 0), "expr"), "up{a=\"\\\\\"}");
	json_decref(j);
	og_gen_dashboard(&small, &d);
	ck_assert(small.failed);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/gen_dashboards");
	TCase *tc = tcase_create("dashboards");

	tcase_add_loop_test(tc, panels_have_a_place_each, 0, (int)OG_COUNT(all));
	tcase_add_loop_test(tc, variables_are_there, 0, (int)OG_COUNT(all));
	tcase_add_loop_test(tc, panels_explain_themselves, 0, (int)OG_COUNT(all));
	tcase_add_test(tc, metrics_are_ours_and_labels_too);
	tcase_add_test(tc, labels_are_those_of_the_table);
	tcase_add_test(tc, the_map_knows_every_state);
	tcase_add_test(tc, texts_are_escaped);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
