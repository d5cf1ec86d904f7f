/* SPDX-License-Identifier: Apache-2.0 */
/* The table of stars: what earns, what is not known, what does not apply; and that better facts
 * never cost a star. */
#include <check.h>
#include <math.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/stars.h"
#include "support/suite.h"

static struct og_arrival_verdict v[OG_SIGNAL_COUNT_];
static struct og_stars_facts f;
static struct og_stars r;

/* All is well. */
static void best(void)
{
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
		v[s] = (struct og_arrival_verdict){.signal = (enum og_signal)s,
			.state = OG_AR_FLOWING,
			.reason = "Arriving",
			.expected = true,
			.tie = OG_TIE_REVISION,
			.covers_known = true,
			.covered = 3,
			.of = 3};
	f = (struct og_stars_facts){OG_FACT_YES, OG_FACT_YES, OG_FACT_YES, OG_FACT_YES, OG_FACT_YES,
		0.9, OG_FACT_YES, OG_FACT_YES, 0, 0, 0, 0.005, OG_FACT_YES, OG_FACT_YES,
		OG_FACT_YES, OG_FACT_YES, OG_FACT_YES, OG_FACT_YES, OG_FACT_YES};
}

static void drawn(enum og_stars_dimension d, const char *want)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_stars_count(v, &f, &r);
	og_stars_draw(&r.score[d], false, &b);
	ck_assert_msg(!strcmp(b.p, want), "%s: %s, not %s", og_stars_dimension_name(d), b.p, want);
}

START_TEST(rules)
{
	unsigned sum[OG_STARS_DIMENSION_COUNT_] = {0};
	for (size_t i = 0; i < OG_STARS_RULES; i++) {
		const struct og_stars_rule *rule = og_stars_rule(i);
		sum[rule->dimension] += rule->weight;
		ck_assert(strlen(rule->need) > 3);
		ck_assert(rule->rise[strlen(rule->rise) - 1] == '.');
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(rule->id, og_stars_rule(k)->id);
	}
	for (unsigned d = 0; d < OG_STARS_DIMENSION_COUNT_; d++)
		ck_assert_uint_eq(sum[d], 100);
	ck_assert_ptr_null(og_stars_rule(OG_STARS_RULES));
	ck_assert_str_eq(og_stars_dimension_name((enum og_stars_dimension)99), "?");
	ck_assert_uint_eq(og_stars_most((enum og_stars_dimension)99), 0);
}
END_TEST

START_TEST(all_is_well)
{
	best();
	for (unsigned d = 0; d < OG_STARS_DIMENSION_COUNT_; d++)
		drawn((enum og_stars_dimension)d, d == OG_STARS_PROFILING ? "***" : "*****");
	ck_assert_uint_eq(r.nnext, 0);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_stars_draw(&r.score[OG_STARS_PROFILING], true, &b);
	ck_assert_str_eq(b.p, "\u2605\u2605\u2605");
}
END_TEST

START_TEST(nothing_is_known)
{
	memset(v, 0, sizeof(v));
	og_stars_count(v, NULL, &r);
	for (unsigned d = 0; d < OG_STARS_DIMENSION_COUNT_; d++) {
		ck_assert_uint_eq(r.score[d].stars, 0);
		ck_assert_uint_eq(r.score[d].best, 1000);
		ck_assert_uint_eq(r.score[d].best_stars, r.score[d].most);
	}
	ck_assert_uint_eq(r.nnext, 0); /* what is not known is not advised */
	og_stars_facts_init(&f);
	f.logs_with_trace = (double)NAN;
	f.dropped = (double)NAN;
	v[0].state = v[1].state = v[2].state = OG_AR_NEVER;
	v[3] = (struct og_arrival_verdict){.state = OG_AR_OFF, .reason = "NotAsked"};
	drawn(OG_STARS_COVERAGE, "?-"
				 "---");
	drawn(OG_STARS_CORRELATION, "???"
				    "?-");
	drawn(OG_STARS_PERFORMANCE, "???"
				    "??");
	drawn(OG_STARS_PROFILING, "-");
}
END_TEST

/* The team of the story: three signals, one of three pods old, logs by stdout, profiles put off. */
START_TEST(a_story)
{
	best();
	v[OG_SIGNAL_LOGS].state = OG_AR_VIA_STDOUT;
	v[OG_SIGNAL_LOGS].reason = "OnlyByStdout";
	v[OG_SIGNAL_METRICS].covered = 2;
	v[OG_SIGNAL_METRICS].old_sending = true;
	v[OG_SIGNAL_PROFILES] =
		(struct og_arrival_verdict){.state = OG_AR_OFF, .reason = "NotAsked"};
	f.logs_with_trace = 0;
	f.sampler_set = OG_FACT_NO;
	f.exemplars = OG_FACT_UNKNOWN;
	drawn(OG_STARS_COVERAGE, "***--");
	drawn(OG_STARS_QUALITY, "*****");
	drawn(OG_STARS_CORRELATION, "*?-"
				    "--");
	drawn(OG_STARS_PERFORMANCE, "****-");
	drawn(OG_STARS_PROFILING, "-");
	ck_assert(!r.score[OG_STARS_PROFILING].applies);
	ck_assert_uint_eq(r.nnext, 7);
	ck_assert_str_eq(r.rows[r.next[0]].rule->id, "correlation.logs");
}
END_TEST

START_TEST(parts)
{
	best();
	f.export_failed = 0.05;
	drawn(OG_STARS_PERFORMANCE, "***--");
	f.export_failed = 0.025;
	drawn(OG_STARS_PERFORMANCE, "****-");
	f.export_failed = 7;
	drawn(OG_STARS_PERFORMANCE, "***--");
	best();
	f.overhead = 0.1;
	drawn(OG_STARS_PERFORMANCE, "****-");
	best();
	v[OG_SIGNAL_TRACES].state = OG_AR_OFF;
	v[OG_SIGNAL_TRACES].reason = "SampledOut";
	drawn(OG_STARS_COVERAGE, "***--"); /* switched off by its owner: not covered */
	v[OG_SIGNAL_TRACES].reason = "NotAsked";
	drawn(OG_STARS_COVERAGE, "*****"); /* not asked for: the rest is the whole */
	best();
	v[OG_SIGNAL_TRACES].state = OG_AR_IDLE;
	v[OG_SIGNAL_TRACES].reason = "TrafficUnknown";
	drawn(OG_STARS_COVERAGE, "***?"
				 "?");
	drawn(OG_STARS_PRODUCTION, "***?"
				   "?");
	v[OG_SIGNAL_METRICS].state = OG_AR_STALE;
	drawn(OG_STARS_PRODUCTION, "***--");
	best();
	v[OG_SIGNAL_METRICS].shared = true;
	drawn(OG_STARS_QUALITY, "****-");
	best();
	v[OG_SIGNAL_PROFILES].tie = OG_TIE_SERVICE;
	v[OG_SIGNAL_PROFILES].covered = 0;
	drawn(OG_STARS_PROFILING, "*--");
}
END_TEST

static uint32_t state = 7;
static uint32_t draw(uint32_t n)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % n;
}

/* Any fact made better raises nothing's cost: neither number of any dimension falls. */
START_TEST(better_facts_never_cost)
{
	enum og_fact *const facts[] = {&f.k8s_attributes, &f.service_version, &f.instance_id,
		&f.name_right, &f.name_unique, &f.exemplars, &f.one_name, &f.sampler_set,
		&f.replicas, &f.rollout_complete, &f.egress_allowed, &f.restarts, &f.resources,
		&f.probes};
	for (int i = 0; i < 2000; i++) {
		best();
		for (size_t k = 0; k < OG_COUNT(facts); k++)
			*facts[k] = (enum og_fact)draw(3);
		for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
			v[s].state = (enum og_arrival_state)draw(OG_AR_STATE_COUNT_);
			v[s].reason = draw(2) ? "NotAsked" : "OnlyByStdout";
			v[s].covered = draw(4);
			v[s].tie = (enum og_arrival_tie)draw(OG_TIE_COUNT_);
			v[s].expected = draw(2);
		}
		f.dropped = draw(3) / 100.0 - 0.01;
		og_stars_count(v, &f, &r);
		struct og_stars was = r;
		enum og_fact *better = facts[draw(OG_COUNT(facts))];
		bool no = *better == OG_FACT_NO;
		*better = OG_FACT_YES;
		if (draw(4) == 0 && f.dropped > 0) {
			f.dropped = 0;
			no = true;
		}
		og_stars_count(v, &f, &r);
		for (unsigned d = 0; d < OG_STARS_DIMENSION_COUNT_; d++) {
			const struct og_stars_score *a = &was.score[d], *b = &r.score[d];
			ck_assert_uint_le(a->earned, b->earned);
			ck_assert_uint_le(a->stars, b->stars);
			ck_assert(no ? a->best <= b->best : a->best == b->best);
			ck_assert_uint_le(b->stars, b->best_stars);
			ck_assert_uint_le(b->best_stars, b->most);
			ck_assert(b->stars < b->most || b->earned == 1000);
		}
		for (uint32_t k = 0; k < r.nnext; k++)
			ck_assert(r.rows[r.next[k]].known == OG_STARS_KNOWN &&
				  r.rows[r.next[k]].met < 1000);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/stars");
	TCase *t = tcase_create("stars");
	tcase_add_test(t, rules);
	tcase_add_test(t, all_is_well);
	tcase_add_test(t, nothing_is_known);
	tcase_add_test(t, a_story);
	tcase_add_test(t, parts);
	tcase_add_test(t, better_facts_never_cost);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
