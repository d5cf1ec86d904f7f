/* SPDX-License-Identifier: Apache-2.0 */
/* Counting, scoring, gates, baselines and accepted findings of a coverage report. */
#include <check.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/baseline.h"
#include "otelgate/core/ignore.h"
#include "support/suite.h"

enum { ROWS = 6, NOW = 1782864000 };
static struct og_arena arena;
static struct og_coverage c;
static struct og_coverage_row rows[ROWS];
static struct og_err err;

static struct og_coverage_row *row(const char *ns, const char *name)
{
	struct og_coverage_row *r = &rows[c.n++];
	*r = (struct og_coverage_row){.ns = og_svz(ns),
		.kind = OG_SV("Deployment"),
		.name = og_svz(name),
		.opted_in = true,
		.pods_seen = true,
		.pods = 1};
	r->classes[OG_CLASS_CURRENT] = 1;
	for (int l = 0; l < OG_LINK_COUNT_; l++)
		r->link[l].result = OG_RESULT_PASS;
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++) {
		r->signal[s].cell.result = OG_RESULT_PASS;
		r->signal[s].state = OG_AR_FLOWING;
	}
	c.rows = rows;
	return r;
}

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
	c = (struct og_coverage){.made_s = NOW};
	err = (struct og_err)OG_ERR_INIT;
}
static void teardown(void)
{
	og_arena_fini(&arena);
}
static void finish(void)
{
	ck_assert_int_eq(og_coverage_finish(&c, &arena, &err), 0);
}

START_TEST(all_is_well_is_100)
{
	row("a", "web");
	finish();
	ck_assert(c.total.score > 99.99 && c.total.score < 100.01);
	ck_assert_int_eq(rows[0].verdict, OG_RESULT_PASS);
	ck_assert_int_eq(rows[0].broken, OG_LINK_COUNT_);
	ck_assert_uint_eq(c.total.evaluated.of, 5 + 4);
	ck_assert_uint_eq(c.total.evaluated.unknown, 0);
}
END_TEST

START_TEST(the_first_that_fails_is_broken_even_behind_what_is_unknown)
{
	struct og_coverage_row *r = row("a", "web");
	r->link[OG_LINK_CREDENTIALS].result = OG_RESULT_UNKNOWN;
	r->link[OG_LINK_EGRESS].result = OG_RESULT_FAIL;
	r->link[OG_LINK_ROLLED_OUT].result = OG_RESULT_FAIL;
	finish();
	ck_assert_int_eq(rows[0].broken, OG_LINK_EGRESS);
	ck_assert_int_eq(rows[0].verdict, OG_RESULT_FAIL);
	/* 100 less the unknown 10 is possible, of which 10 and 5 are lost */
	ck_assert(rows[0].score > 100.0 * 75 / 90 - 0.01 && rows[0].score < 100.0 * 75 / 90 + 0.01);
}
END_TEST

START_TEST(unknown_is_neither_pass_nor_loss)
{
	struct og_coverage_row *r = row("a", "web");
	for (int l = OG_LINK_INJECTED; l < OG_LINK_COUNT_; l++)
		r->link[l].result = OG_RESULT_UNKNOWN;
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		r->signal[s].cell.result = OG_RESULT_UNKNOWN;
	finish();
	ck_assert_int_eq(rows[0].verdict, OG_RESULT_UNKNOWN);
	ck_assert_int_eq(rows[0].broken, OG_LINK_INJECTED);
	ck_assert(rows[0].score < 0 && c.total.score < 0);
	ck_assert_uint_eq(c.total.signal[0].of, 1);
	ck_assert_uint_eq(c.total.signal[0].unknown, 1);
	ck_assert_uint_eq(c.total.signal[0].good, 0);
}
END_TEST

START_TEST(optional_signals_only_earn)
{
	struct og_coverage_row *r = row("a", "web");
	r->signal[OG_SIGNAL_PROFILES].mode = OG_MODE_OPTIONAL;
	r->signal[OG_SIGNAL_PROFILES].cell.result = OG_RESULT_FAIL;
	finish();
	ck_assert(rows[0].score > 99.99);
	ck_assert_int_eq(rows[0].verdict, OG_RESULT_PASS);
	ck_assert_uint_eq(c.total.signal[OG_SIGNAL_PROFILES].of, 0);
	og_coverage_received(&rows[0]);
	ck_assert_int_eq(rows[0].link[OG_LINK_RECEIVED].result, OG_RESULT_PASS);
}
END_TEST

START_TEST(who_is_not_opted_in_scores_0_only_where_it_could_be)
{
	row("a", "web")->opted_in = false;
	rows[0].out_reason = og_reason_name(OG_REASON_NOT_OPTED_IN);
	row("a", "out")->opted_in = false;
	rows[1].out_reason = og_reason_name(OG_REASON_OPTED_OUT);
	row("a", "idle")->opted_in = false;
	rows[2].out_reason = og_reason_name(OG_REASON_NOT_OPTED_IN);
	rows[2].pods = 0;
	finish();
	for (uint32_t i = 0; i < c.n; i++) {
		bool web = og_sv_is(rows[i].name, "web");
		ck_assert_int_eq(rows[i].score < 0, !web);
		ck_assert_int_eq(rows[i].verdict, OG_RESULT_NA);
	}
	ck_assert(c.total.score >= 0 && c.total.score < 0.01);
	ck_assert_uint_eq(c.total.evaluated.of, 0);
}
END_TEST

START_TEST(one_giant_does_not_hide_the_rest)
{
	row("b", "giant")->pods = 10000;
	struct og_coverage_row *small = row("a", "small");
	for (int l = OG_LINK_INJECTED; l < OG_LINK_COUNT_; l++)
		small->link[l].result = OG_RESULT_FAIL;
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		small->signal[s].cell.result = OG_RESULT_FAIL;
	finish();
	/* weights 100 and 1 */
	ck_assert(c.total.score > 99.0 && c.total.score < 99.1);
	ck_assert_uint_eq(c.nnamespaces, 2);
	ck_assert(og_sv_is(c.namespaces[0].ns, "a") && c.namespaces[0].score < 0.01);
	ck_assert(og_sv_is(c.namespaces[1].ns, "b") && c.namespaces[1].score > 99.9);
}
END_TEST

START_TEST(no_workload_at_all)
{
	struct og_gates g;
	struct og_gate_result r;

	finish();
	ck_assert(c.total.score < 0);
	og_gates_init(&g);
	ck_assert_int_eq(og_gates_judge(&c, &g, &arena, &r, &err), 0);
	ck_assert_int_eq(r.end, OG_GATE_PASS);
	ck_assert_uint_eq(r.nlines, 0);
	g.min_score = 1;
	g.min_evaluated = 1;
	g.min_signal[0] = 100;
	ck_assert_int_eq(og_gates_judge(&c, &g, &arena, &r, &err), 0);
	ck_assert_int_eq(r.end, OG_GATE_NOT_EVALUATED);
	ck_assert_int_eq(r.line_end[0], OG_GATE_PASS); /* nobody is expected to send */
}
END_TEST

/* good and unknown of 10 workloads, the bound, the end */
static const struct {
	uint32_t good, unknown;
	double least;
	enum og_gate_end end;
} shares[] = {
	{10, 0, 100, OG_GATE_PASS},
	{9, 0, 90, OG_GATE_PASS},
	{9, 0, 90.1, OG_GATE_TRIPPED},
	{8, 1, 90, OG_GATE_NOT_EVALUATED},
	{8, 1, 95, OG_GATE_TRIPPED},
	{0, 10, 0, OG_GATE_PASS},
	{0, 10, 1, OG_GATE_NOT_EVALUATED},
	{0, 0, 1, OG_GATE_TRIPPED},
};

START_TEST(unknown_is_no_pass_at_a_gate)
{
	struct og_gates g;
	struct og_gate_result r;

	finish();
	c.total.signal[1] = (struct og_share){shares[_i].good, 10, shares[_i].unknown};
	og_gates_init(&g);
	g.min_signal[1] = shares[_i].least;
	ck_assert_int_eq(og_gates_judge(&c, &g, &arena, &r, &err), 0);
	ck_assert_int_eq(r.end, shares[_i].end);
	ck_assert_uint_eq(r.nlines, 1);
}
END_TEST

static void add(struct og_coverage_row *r, const char *id)
{
	ck_assert(og_coverage_add(
		r, &arena, id, OG_SV(""), OG_SV("this \"very\" case"), OG_SV(""), NULL));
}

START_TEST(findings_trip_by_severity)
{
	struct og_gates g;
	struct og_gate_result r;

	add(row("a", "web"), "OG202"); /* a warning */
	finish();
	og_gates_init(&g);
	g.fail_on_set = true;
	g.fail_on = OG_SEV_ERROR;
	ck_assert_int_eq(og_gates_judge(&c, &g, &arena, &r, &err), 0);
	ck_assert_int_eq(r.end, OG_GATE_PASS);
	g.fail_on = OG_SEV_WARNING;
	ck_assert_int_eq(og_gates_judge(&c, &g, &arena, &r, &err), 0);
	ck_assert_int_eq(r.end, OG_GATE_TRIPPED);
	rows[0].findings[0].ignored = true;
	ck_assert_int_eq(og_gates_judge(&c, &g, &arena, &r, &err), 0);
	ck_assert_int_eq(r.end, OG_GATE_PASS);
}
END_TEST

START_TEST(with_a_baseline_only_new_loss_counts)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	struct og_baseline base;
	struct og_gates g;
	struct og_gate_result r;

	add(row("a", "web\n\"|"), "OG301");
	rows[0].link[OG_LINK_INJECTED].result = OG_RESULT_FAIL;
	rows[0].signal[0].cell.result = OG_RESULT_FAIL;
	finish();
	og_baseline_write(&c, &b);
	ck_assert(!b.failed);
	ck_assert_int_eq(og_baseline_read(og_buf_view(&b), &arena, &base, &err), 0);
	ck_assert_uint_eq(base.n, 4); /* and that it is opted in */
	og_gates_init(&g);
	g.new_only = g.fail_on_set = true;
	g.min_signal[0] = 100;
	og_baseline_apply(&base, &c);
	finish();
	ck_assert_int_eq(og_gates_judge(&c, &g, &arena, &r, &err), 0);
	ck_assert_int_eq(r.end, OG_GATE_PASS);
	rows[0].signal[1].cell.result = OG_RESULT_FAIL;
	og_baseline_apply(&base, &c);
	finish();
	ck_assert_uint_eq(c.total.new_losses, 1);
	ck_assert_int_eq(og_gates_judge(&c, &g, &arena, &r, &err), 0);
	ck_assert_int_eq(r.end, OG_GATE_TRIPPED);
}
END_TEST

/* Taken out of telemetry is a loss like any other, by whomever; not where it could not be seen. */
START_TEST(no_longer_opted_in)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	struct og_baseline base;
	struct og_gates g;
	struct og_gate_result r;

	row("a", "web");
	row("a", "silent")->opted_in = false;
	finish();
	og_baseline_write(&c, &b);
	ck_assert_int_eq(og_baseline_read(og_buf_view(&b), &arena, &base, &err), 0);
	ck_assert_uint_eq(base.n, 1);
	og_gates_init(&g);
	g.new_only = true;
	og_baseline_apply(&base, &c);
	finish();
	ck_assert_uint_eq(c.total.new_losses, 0);
	for (uint32_t i = 0; i < c.n; i++) {
		rows[i].opted_in = false;
		rows[i].link[OG_LINK_OPTED_IN].result = OG_RESULT_FAIL;
	}
	og_baseline_apply(&base, &c);
	finish();
	ck_assert_uint_eq(c.total.new_losses, 1);
	ck_assert_int_eq(og_gates_judge(&c, &g, &arena, &r, &err), 0);
	ck_assert_int_eq(r.end, OG_GATE_TRIPPED);
	ck_assert(og_sv_has(r.lines[0], OG_SV("1 workload no longer opted in: a ")));
	ck_assert(og_sv_ends(r.lines[0], OG_SV("/web")));
	for (uint32_t i = 0; i < c.n; i++)
		rows[i].link[OG_LINK_OPTED_IN].result = OG_RESULT_UNKNOWN;
	og_baseline_apply(&base, &c);
	finish();
	ck_assert_uint_eq(c.total.new_losses, 0);
}
END_TEST

static const char *const bad_baselines[] = {"", "{}", "[]", "{\"kind\":\"CoverageBaseline\"}",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":2,\"losses\":[]}",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":1,\"losses\":{}}",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":1,\"losses\":[1]}",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":1,\"losses\":[{}]}",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":1,\"losses\":[{\"loss\":null}]}",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":1,\"losses\":[{\"loss\":\"x\",\"name\":7}]}",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":1,\"losses\":[]} x",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":1,\"losses\":[],\"optedIn\":{}}",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":1,\"losses\":[],\"optedIn\":[7]}",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":1,\"losses\":[],\"optedIn\":[{\"name\":7}]}",
	"{\"kind\":\"CoverageBaseline\",\"schemaVersion\":1,\"losses\":[{\"loss\":\"\\ud800\"}]}"};

START_TEST(a_baseline_is_read_strictly)
{
	struct og_baseline b;
	ck_assert_int_lt(og_baseline_read(og_svz(bad_baselines[_i]), &arena, &b, &err), 0);
	ck_assert_str_ne(err.msg, "");
}
END_TEST

START_TEST(a_baseline_without_memory)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	struct og_baseline base;

	add(row("a", "web"), "OG301");
	finish();
	og_baseline_write(&c, &b);
	for (unsigned long n = 1; n < 20; n++) {
		struct og_arena small;
		og_arena_init(&small, 0, 0);
		og_mem_fault_arm(n, true);
		int r = og_baseline_read(og_buf_view(&b), &small, &base, &err);
		bool hit = og_mem_fault_disarm() >= n;
		ck_assert(hit ? r == -OG_E_OOM : r == 0);
		og_arena_fini(&small);
		if (!hit)
			return;
	}
	ck_abort_msg("never ends");
}
END_TEST

/* ---- accepted findings ---- */

static const struct {
	const char *value;
	bool ignored;
	uint32_t notes;
} annotations[] = {
	{"OG301", true, 0},
	{"pod.not-injected known", true, 0},
	{"OG305,OG301 until=2027-01-01 reason=x", true, 0},
	{"OG301,OG305 until=2020-01-01", false, 2},
	{"OG301 until=2026-06-30", false, 1},
	{"OG301 until=2026-07-02", true, 0},
	{"OG301 until=soon", false, 1},
	{"OG301 until=", false, 1},
	{"OG305", false, 0},
	{"OG999", false, 0},
	{"", false, 0},
	{",,,", false, 0},
	{"*", false, 0},
};

START_TEST(annotations_accept)
{
	struct og_ignore_notes notes = {.n = 0};

	add(row("a", "web"), "OG301");
	rows[0].link[OG_LINK_INJECTED] =
		(struct og_cell){.result = OG_RESULT_FAIL, .finding = "OG301"};
	ck_assert_int_eq(og_ignores_annotation(og_svz(annotations[_i].value), &rows[0], NOW, &arena,
				 &notes, &err),
		0);
	finish();
	ck_assert_int_eq(rows[0].findings[0].ignored, annotations[_i].ignored);
	ck_assert_int_eq(rows[0].link[OG_LINK_INJECTED].ignored, annotations[_i].ignored);
	ck_assert_int_eq(
		rows[0].verdict, annotations[_i].ignored ? OG_RESULT_PASS : OG_RESULT_FAIL);
	ck_assert_uint_eq(notes.n, annotations[_i].notes);
}
END_TEST

static const struct {
	const char *json;
	int ignored; /* -1 = refused */
} rules[] = {
	{"{\"ignore\":[{\"finding\":\"OG301\",\"reason\":\"r\"}]}", 2},
	{"{\"ignore\":[{\"finding\":\"OG301\",\"reason\":\"r\",\"namespace\":\"a\"}]}", 1},
	{"{\"ignore\":[{\"finding\":\"OG301\",\"reason\":\"r\",\"name\":\"*e*\"}]}", 1},
	{"{\"ignore\":[{\"finding\":\"OG301\",\"reason\":\"r\",\"kind\":\"Job\"}]}", 0},
	{"{\"ignore\":[{\"finding\":\"OG301\",\"reason\":\"r\",\"until\":\"2026-01-01\"}]}", 0},
	{"{\"ignore\":[]}", 0},
	{"{}", -1},
	{"{\"ignore\":[],\"more\":1}", -1},
	{"{\"ignore\":[{\"finding\":\"OG301\"}]}", -1},
	{"{\"ignore\":[{\"finding\":\"OG301\",\"reason\":\"  \"}]}", -1},
	{"{\"ignore\":[{\"reason\":\"r\"}]}", -1},
	{"{\"ignore\":[{\"finding\":\"OG301\",\"reason\":\"r\",\"names\":\"x\"}]}", -1},
	{"{\"ignore\":[{\"finding\":\"OG301\",\"reason\":7}]}", -1},
	{"{\"ignore\":[{\"finding\":\"OG301\",\"reason\":\"r\",\"until\":\"later\"}]}", -1},
	{"{\"ignore\":[7]}", -1},
};

START_TEST(rules_accept)
{
	struct og_jdoc d;
	struct og_ignores all;
	int n = 0;

	add(row("a", "web"), "OG301");
	add(row("b", "db"), "OG301");
	ck_assert_int_eq(og_jdoc_parse(&d, &arena, og_svz(rules[_i].json), NULL, &err), 0);
	int r = og_ignores_read(og_jroot(&d), "i.yaml", &arena, &all, &err);
	ck_assert_int_eq(r < 0, rules[_i].ignored < 0);
	if (r < 0)
		return;
	ck_assert_int_eq(og_ignores_apply(&all, &c, &arena, &err), 0);
	for (uint32_t i = 0; i < c.n; i++)
		n += rows[i].findings[0].ignored;
	ck_assert_int_eq(n, rules[_i].ignored);
	ck_assert_uint_eq(c.nnotes, strstr(rules[_i].json, "2026-01-01") ? 1 : 0);
}
END_TEST

START_TEST(globs)
{
	ck_assert(og_ignore_match(OG_SV("*"), OG_SV("")));
	ck_assert(og_ignore_match(OG_SV("a*b*c"), OG_SV("axxbbc")));
	ck_assert(!og_ignore_match(OG_SV("a*b*c"), OG_SV("axxbbcd")));
	ck_assert(!og_ignore_match(OG_SV(""), OG_SV("a")));
	ck_assert(!og_ignore_match(OG_SV("a?"), OG_SV("ab")));
	/* linear in what matters: no glob takes for ever */
	ck_assert(!og_ignore_match(OG_SV("*a*a*a*a*a*a*a*a*b"),
		OG_SV("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/coverage");
	TCase *t = tcase_create("coverage");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_is_well_is_100);
	tcase_add_test(t, the_first_that_fails_is_broken_even_behind_what_is_unknown);
	tcase_add_test(t, unknown_is_neither_pass_nor_loss);
	tcase_add_test(t, optional_signals_only_earn);
	tcase_add_test(t, who_is_not_opted_in_scores_0_only_where_it_could_be);
	tcase_add_test(t, one_giant_does_not_hide_the_rest);
	tcase_add_test(t, no_workload_at_all);
	tcase_add_loop_test(t, unknown_is_no_pass_at_a_gate, 0, (int)OG_COUNT(shares));
	tcase_add_test(t, findings_trip_by_severity);
	tcase_add_test(t, with_a_baseline_only_new_loss_counts);
	tcase_add_test(t, no_longer_opted_in);
	tcase_add_loop_test(t, a_baseline_is_read_strictly, 0, (int)OG_COUNT(bad_baselines));
	tcase_add_test(t, a_baseline_without_memory);
	tcase_add_loop_test(t, annotations_accept, 0, (int)OG_COUNT(annotations));
	tcase_add_loop_test(t, rules_accept, 0, (int)OG_COUNT(rules));
	tcase_add_test(t, globs);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
