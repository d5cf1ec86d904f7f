/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the doctor: each is made true, and is false of what is whole. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/audit/doctor.h"
#include "otelgate/base/mem.h"
#include "otelgate/grafana/send.h"
#include "doctor-world.h"
#include "support/suite.h"

/* ---- the tests ---- */

static const struct og_doctor_step *step_of(const struct og_doctor_report *r, enum og_rung rung)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->step[i].rung->rung == rung)
			return &r->step[i];
	return NULL;
}

START_TEST(what_is_whole_breaks_no_rule)
{
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	for (size_t i = 0; i < og_doctor_nrules; i++) {
		struct og_doctor_said said = {0};
		ck_assert_msg(!og_doctor_rules[i].holds(&w.f, &og_doctor_rules[i], &w.arena, &said),
			"%s", og_doctor_rules[i].finding);
	}
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	ck_assert(!r.unknown);
	ck_assert_uint_eq(r.n, OG_RUNG_COUNT_ - 1); /* all but the one of a cluster */
	for (uint32_t i = 0; i < r.n; i++) {
		ck_assert_msg(r.step[i].end == OG_DE_PASS, "%s: %s", r.step[i].rung->id,
			og_doctor_end_name(r.step[i].end));
		ck_assert_uint_gt(r.step[i].evidence.n, 0);
	}
	og_arena_fini(&w.arena);
}
END_TEST

START_TEST(each_rule_is_made_true)
{
	static const enum og_doctor_end ends[] = {
		OG_DE_PASS, OG_DE_WARN, OG_DE_UNKNOWN, OG_DE_BROKEN};
	const struct og_doctor_rule *rule = &og_doctor_rules[_i];
	const struct og_doctor_step *s;
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;
	size_t i = 0, before = 0;

	/* Some are twice on one rung: of the controller's probe, and of what the Secret looks like.
	 */
	for (const struct og_doctor_rule *k = og_doctor_rules; k < rule; k++)
		before += k->rung == rule->rung && !strcmp(k->finding, rule->finding);
	while (i < OG_COUNT(rows) && (strcmp(rows[i].finding, rule->finding) != 0 ||
					     rows[i].rung != rule->rung || before--))
		i++;
	ck_assert_msg(i < OG_COUNT(rows), "no test makes %s true on rung %s", rule->finding,
		og_doctor_rungs[rule->rung].id);
	whole(&w);
	rows[i].make(&w, rule->finding);
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	s = step_of(&r, rule->rung);
	ck_assert_ptr_nonnull(s);
	ck_assert_msg(s->nsaid && !strcmp(s->said[0].def->id, rule->finding),
		"%s is not said first on rung %s, but %s", rule->finding, s->rung->id,
		s->nsaid ? s->said[0].def->id : "nothing");
	ck_assert_uint_gt(s->said[0].message.n, 0);
	ck_assert_msg(
		s->end >= ends[rule->weight], "%s: %s", rule->finding, og_doctor_end_name(s->end));
	if (rule->weight == OG_DW_BREAKS) {
		ck_assert_ptr_eq(r.broken, s);
		for (uint32_t k = 0; k < r.n; k++)
			ck_assert_int_eq(&r.step[k] > s, r.step[k].end == OG_DE_NOT_REACHED);
	} else {
		ck_assert_msg(!r.broken, "%s", rule->finding);
	}
	og_arena_fini(&w.arena);
}
END_TEST

START_TEST(the_table_is_sound)
{
	/* Those of the field's most frequent troubles that have to be told at least. */
	enum { LEAST = 50 };
	size_t different = 0;

	for (size_t i = 0; i < og_doctor_nrules; i++) {
		const struct og_doctor_rule *r = &og_doctor_rules[i];
		const struct og_finding_def *d = og_finding_def(og_svz(r->finding));
		bool before = false;
		ck_assert_msg(d != NULL, "%s is no finding", r->finding);
		ck_assert_uint_gt(strlen(d->fix), 0);
		ck_assert_uint_gt(strlen(d->why), 0);
		ck_assert_ptr_nonnull(strchr("OPBH", r->tier));
		/* A guess alone breaks nothing. */
		ck_assert(r->tier != 'H' || r->weight != OG_DW_BREAKS);
		ck_assert(r->rung < OG_RUNG_COUNT_ && r->holds);
		for (size_t k = 0; k < i; k++) {
			bool same = !strcmp(r->finding, og_doctor_rules[k].finding);
			ck_assert_msg(!same || r->rung != og_doctor_rules[k].rung ||
					      r->holds != og_doctor_rules[k].holds,
				"%s twice", r->finding);
			before |= same;
		}
		different += !before;
	}
	ck_assert_uint_ge(different, LEAST);
	for (size_t i = 0; i < OG_RUNG_COUNT_; i++) {
		ck_assert_int_eq((int)og_doctor_rungs[i].rung, (int)i);
		ck_assert(og_doctor_rungs[i].check != NULL);
	}
}
END_TEST

START_TEST(what_was_not_seen_is_unknown)
{
	for (int p = 0; p < OG_DP_COUNT_; p++) {
		struct world w;
		struct og_doctor_report r;
		struct og_err err = OG_ERR_INIT;
		bool asked = false;

		whole(&w);
		w.f.part[p] = (struct og_doctor_known){.sight = OG_DS_REFUSED,
			.why = OG_SV("forbidden"),
			.rule = OG_SV("- verbs: [get]")};
		ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
		ck_assert_ptr_null(r.broken);
		for (uint32_t i = 0; i < r.n; i++) {
			if (!(r.step[i].rung->needs & 1U << p))
				continue;
			asked = true;
			ck_assert_int_eq(r.step[i].end, OG_DE_UNKNOWN);
			ck_assert(og_sv_is(r.step[i].evidence, "forbidden"));
			ck_assert(og_sv_is(r.step[i].right, "- verbs: [get]"));
		}
		ck_assert_int_eq(asked, r.unknown);
		og_arena_fini(&w.arena);
	}
}
END_TEST

START_TEST(what_cannot_be_here_is_neither)
{
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	w.f.part[OG_DP_LEASE] =
		(struct og_doctor_known){.sight = OG_DS_NA, .why = OG_SV("none is installed")};
	w.row.row.link[OG_LINK_EGRESS].result = OG_RESULT_NA;
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	ck_assert(!r.unknown);
	ck_assert_int_eq(step_of(&r, OG_RUNG_CONTROLLER)->end, OG_DE_NA);
	ck_assert_int_eq(step_of(&r, OG_RUNG_NETWORK)->end, OG_DE_NA);
	og_arena_fini(&w.arena);
}
END_TEST

/* An end that is the CA's, or no end at all, is no old certificate. */
START_TEST(whose_certificate_has_ended)
{
	static const char *const want[] = {"OG107", "OG104", "OG105"};

	for (int i = 0; i < 3; i++) {
		struct world w;
		struct og_doctor_report r;
		struct og_err err = OG_ERR_INIT;

		whole(&w);
		old_certificate(&w, "");
		w.f.call.says_ended = i != 1;
		w.f.hook.ca_not_after = i == 2 ? NOW - 1 : w.f.hook.ca_not_after;
		ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
		ck_assert_ptr_eq(r.broken, step_of(&r, OG_RUNG_CERTIFICATES));
		ck_assert_str_eq(r.broken->said[0].def->id, want[i]);
		og_arena_fini(&w.arena);
	}
}
END_TEST

/* A link breaks its rung also when no rule knows why. */
START_TEST(links_break_their_rungs)
{
	static const struct {
		enum og_link link;
		enum og_rung rung;
	} of[] = {{OG_LINK_OPTED_IN, OG_RUNG_OPT_IN}, {OG_LINK_INJECTED, OG_RUNG_INJECTION},
		{OG_LINK_CREDENTIALS, OG_RUNG_CREDENTIALS}, {OG_LINK_EGRESS, OG_RUNG_NETWORK},
		{OG_LINK_ROLLED_OUT, OG_RUNG_ROLLOUT}, {OG_LINK_RECEIVED, OG_RUNG_ARRIVAL}};

	for (size_t i = 0; i < OG_COUNT(of); i++)
		for (int result = 0; result < 3; result++) {
			struct world w;
			struct og_doctor_report r;
			struct og_err err = OG_ERR_INIT;

			whole(&w);
			w.row.row.link[of[i].link] = (struct og_cell){
				.result = result ? OG_RESULT_FAIL : OG_RESULT_UNKNOWN,
				.message = OG_SV("because"),
				.fix = OG_SV("do it"),
				.ignored = result == 2};
			ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
			const struct og_doctor_step *s = step_of(&r, of[i].rung);
			ck_assert_int_eq(r.broken != NULL, result == 1);
			if (result == 1) {
				ck_assert_ptr_eq(r.broken, s);
				ck_assert(og_sv_is(s->fix, "do it"));
				/* who has nothing to say is helped */
				w.row.row.link[of[i].link].fix = OG_SV("");
				ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
				ck_assert_uint_gt(step_of(&r, of[i].rung)->fix.n, 0);
			}
			og_arena_fini(&w.arena);
		}
}
END_TEST

/* A receiver that is not whole for the way is said with its finding, and breaks it only where the
 * link is broken: a controller may only not know. */
START_TEST(the_way_is_told_by_its_finding)
{
	static const char *const ids[] = {"OG508", "OG509", "OG510"};

	for (size_t i = 0; i < OG_COUNT(ids); i++)
		for (int fails = 0; fails < 2; fails++) {
			struct world w;
			struct og_doctor_report r;
			struct og_err err = OG_ERR_INIT;

			whole(&w);
			egress(&w, ids[i]);
			if (!fails)
				w.row.row.link[OG_LINK_EGRESS].result = OG_RESULT_UNKNOWN;
			ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
			const struct og_doctor_step *s = step_of(&r, OG_RUNG_NETWORK);
			ck_assert_int_eq(s->end, fails ? OG_DE_BROKEN : OG_DE_UNKNOWN);
			ck_assert_int_eq(r.broken != NULL, fails);
			ck_assert_uint_eq(s->nsaid, (uint32_t)fails);
			ck_assert(!fails || !strcmp(s->said[0].def->id, ids[i]));
			og_arena_fini(&w.arena);
		}
}
END_TEST

/* What the controller sent was not taken: no rung is passed by it, also where no rule knows the
 * reason. */
START_TEST(refused_for_a_reason_of_tomorrow)
{
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	w.conditions[2].status = OG_SV("False");
	w.conditions[2].message = OG_SV("a probe is not taken: a reason of tomorrow");
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_nonnull(r.broken);
	ck_assert_int_eq((int)r.broken->rung->rung, OG_RUNG_RECEIVER);
	ck_assert(og_sv_is(r.broken->evidence, "a probe is not taken: a reason of tomorrow"));
	ck_assert(og_sv_starts(r.broken->fix, OG_SV("otelgate probe ")));
	og_arena_fini(&w.arena);
}
END_TEST

/* Whether a webhook that is registered by URL answers, the dry run shows: it is not unknown. */
START_TEST(by_url)
{
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	w.f.hook.by_url = true;
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	ck_assert(!r.unknown);
	w.f.call.marked = false;
	w.f.call.created = true;
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_nonnull(r.broken);
	ck_assert_int_eq((int)r.broken->rung->rung, OG_RUNG_ADMISSION);
	og_arena_fini(&w.arena);
}
END_TEST

/* What only an optional signal lacks breaks nothing; what its owner accepted neither. */
START_TEST(what_does_not_count)
{
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	w.row.row.signal[OG_SIGNAL_PROFILES].cell = (struct og_cell){
		.result = OG_RESULT_FAIL, .finding = "OG701", .message = OG_SV("none")};
	finding(&w, "OG701");
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	w.conditions[2].type = OG_SV("ProfilesWritable");
	of_probe(&w, "OG409");
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	w.conditions[2].message = OG_SV("a reason of tomorrow");
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	og_arena_fini(&w.arena);

	whole(&w);
	finding(&w, "OG512");
	w.findings[0].ignored = true;
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_ptr_null(r.broken);
	og_arena_fini(&w.arena);
}
END_TEST

/* Whatever comes of the controller's own sending is told, at the rung of its link. */
START_TEST(what_comes_of_sending_is_told)
{
	int told = 0;

	for (int i = 0; i <= OG_SEND_CLASS_COUNT_; i++) {
		enum og_send_class c = (enum og_send_class)i;
		enum og_send_link l = og_send_class_link(c);
		const char *id = og_send_class_finding(c);
		bool changed = c == OG_READ_CHANGED,
		     ours = l == OG_LINK_CREDENTIAL || l == OG_LINK_PERMISSION;
		struct world w;
		struct og_doctor_report r;
		struct og_err err = OG_ERR_INIT;

		if (i < OG_SEND_CLASS_COUNT_ && l == OG_LINK_NONE && !changed)
			continue; /* all is well then */
		whole(&w);
		w.conditions[2] = (struct og_doctor_condition){OG_SV("LogsWritable"),
			changed ? OG_SV("True") : OG_SV("False"),
			i == OG_SEND_CLASS_COUNT_ ? OG_SV("NewerThanThis")
						  : og_svz(og_send_class_name(c)),
			OG_SV("a probe is not taken. Fix: do it")};
		ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
		const struct og_doctor_step *s = step_of(&r, changed ? OG_RUNG_CORRELATION
							     : ours  ? OG_RUNG_CREDENTIALS
								     : OG_RUNG_RECEIVER);
		ck_assert_msg(s->end == (changed ? OG_DE_WARN : OG_DE_BROKEN), "%s: %s at %s",
			og_send_class_name(c), og_doctor_end_name(s->end), s->rung->id);
		ck_assert(changed || r.broken == s);
		bool named = id && l != OG_LINK_QUERY;
		ck_assert_msg(!named || (s->nsaid && !strcmp(s->said[0].def->id, id)), "%s: %s",
			og_send_class_name(c), id ? id : "-");
		ck_assert(og_sv_is(named ? s->said[0].fix : s->fix, "do it"));
		told++;
		/* nobody expects it, and all is well again */
		w.row.row.signal[OG_SIGNAL_LOGS].mode = OG_MODE_OPTIONAL;
		ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
		ck_assert_ptr_null(r.broken);
		ck_assert_int_eq(step_of(&r, OG_RUNG_CORRELATION)->end, OG_DE_PASS);
		og_arena_fini(&w.arena);
	}
	ck_assert_int_gt(told, 50);
}
END_TEST

/* Who may not read the Secret is told the finding by the controller's word. */
START_TEST(a_secret_by_the_controllers_word)
{
	static const struct {
		const char *status, *reason, *finding;
		enum og_doctor_end end;
	} cases[] = {{"False", "Swapped", "OG411", OG_DE_BROKEN},
		{"False", "SecretMissing", "OG401", OG_DE_BROKEN},
		{"False", "SecretForbidden", "OG414", OG_DE_BROKEN},
		{"True", "WrongRegion", "OG413", OG_DE_WARN}, {"True", "Valid", NULL, OG_DE_PASS},
		{"False", "NewerThanThis", NULL, OG_DE_BROKEN},
		{"Unknown", "SecretUnreadable", NULL, OG_DE_UNKNOWN}};

	for (size_t i = 0; i < 2 * OG_COUNT(cases); i++) {
		bool read = i >= OG_COUNT(cases); /* then it speaks for itself */
		size_t k = i % OG_COUNT(cases);
		struct world w;
		struct og_doctor_report r;
		struct og_err err = OG_ERR_INIT;

		whole(&w);
		w.stack.secret_known.sight = read ? OG_DS_SEEN : OG_DS_REFUSED;
		w.conditions[0].status = og_svz(cases[k].status);
		w.conditions[0].reason = og_svz(cases[k].reason);
		ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
		const struct og_doctor_step *s = step_of(&r, OG_RUNG_CREDENTIALS);
		ck_assert_msg(s->end == (read ? OG_DE_PASS : cases[k].end), "%s: %s",
			cases[k].reason, og_doctor_end_name(s->end));
		ck_assert_uint_eq(s->nsaid, !read && cases[k].finding ? 1 : 0);
		ck_assert(!s->nsaid || !strcmp(s->said[0].def->id, cases[k].finding));
		og_arena_fini(&w.arena);
	}
}
END_TEST

/* What is left of a silence that no rung explains: the pod's own words, or a record as it sends. */
START_TEST(a_silence_has_a_next_question)
{
	static const struct {
		const char *kind, *probed, *fix;
	} cases[] = {
		{"Deployment", "True", "kubectl -n shop logs deployment/web --all-containers"},
		{"Rollout", "True", "kubectl -n shop logs -l otelgate.dev/revision=1a2b "},
		{"Deployment", "Unknown", "otelgate probe s -n shop "},
		{"Rollout", "Unknown", "otelgate probe s -n shop "},
	};

	for (size_t i = 0; i < OG_COUNT(cases); i++) {
		struct world w;
		struct og_doctor_report r;
		struct og_err err = OG_ERR_INIT;

		whole(&w);
		w.row.row.kind = og_svz(cases[i].kind);
		w.row.row.group = OG_SV("apps");
		w.row.row.revision = OG_SV("1a2b");
		w.conditions[2].type = OG_SV("TracesWritable");
		w.conditions[2].status = og_svz(cases[i].probed);
		of_signal(&w, "OG701");
		w.row.row.signal[OG_SIGNAL_LOGS].cell = w.row.row.signal[OG_SIGNAL_TRACES].cell;
		ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
		ck_assert_ptr_eq(r.broken, step_of(&r, OG_RUNG_ARRIVAL));
		ck_assert(og_sv_is(r.broken->said[0].place, "traces, logs"));
		ck_assert_msg(og_sv_starts(r.broken->said[0].fix, og_svz(cases[i].fix)), "%.*s",
			OG_SV_ARG(r.broken->said[0].fix));
		og_arena_fini(&w.arena);
	}
}
END_TEST

/* Nothing is expected any more, and still somebody should read why. */
START_TEST(what_its_owner_switched_off_is_said)
{
	struct og_coverage_finding *at;
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		w.row.row.signal[i].state = OG_AR_OFF;
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_int_eq(step_of(&r, OG_RUNG_EXPORT)->end, OG_DE_NA);
	finding(&w, "OG703");
	at = &w.findings[1];
	*at = w.findings[0];
	at->place = OG_SV("container app, variable OTEL_SDK_DISABLED");
	at->fix = OG_SV("kubectl set env");
	w.row.row.nfindings = 2;
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	const struct og_doctor_step *s = step_of(&r, OG_RUNG_EXPORT);
	ck_assert_int_eq(s->end, OG_DE_WARN);
	ck_assert_uint_eq(s->nsaid, 1);
	/* the one that says where; it is no second one */
	ck_assert(og_sv_eq(s->said[0].place, at->place));
	ck_assert(og_sv_is(s->said[0].message, "so it is"));
	ck_assert(og_sv_is(s->said[0].fix, "kubectl set env"));
	ck_assert_ptr_null(r.broken);
	og_arena_fini(&w.arena);
}
END_TEST

START_TEST(workloads_in_short)
{
	enum { N = 7 };
	struct og_telemetry_row v[N];
	struct world w;
	struct og_doctor_report r;
	struct og_err err = OG_ERR_INIT;

	whole(&w);
	for (int i = 0; i < N; i++)
		whole_row(&v[i]);
	for (int i = 0; i < 4; i++)
		v[i].row.link[OG_LINK_ROLLED_OUT] = (struct og_cell){
			.result = OG_RESULT_FAIL, .reason = "ImagePullFailed", .finding = "OG610"};
	v[4].row.link[OG_LINK_RECEIVED] =
		(struct og_cell){.result = OG_RESULT_UNKNOWN, .reason = "NotVerified"};
	v[5].row.opted_in = false;
	v[5].row.link[OG_LINK_OPTED_IN].result = OG_RESULT_FAIL;
	w.f.target = OG_SV("");
	w.f.row = NULL;
	w.f.rows = v;
	w.f.nrows = N;
	ck_assert_int_eq(og_doctor_judge(&w.f, &w.arena, &r, &err), 0);
	ck_assert_uint_eq(r.opted_in, 6);
	ck_assert_uint_eq(r.fine, 1);
	ck_assert_uint_eq(r.ngroups, 2);
	ck_assert_int_eq(r.groups[0].link, OG_LINK_ROLLED_OUT);
	ck_assert_uint_eq(r.groups[0].n, 4);
	ck_assert(og_sv_is(r.groups[0].names[2], "shop deployment/web"));
	ck_assert_int_eq(r.groups[1].result, OG_RESULT_UNKNOWN);
	ck_assert_ptr_nonnull(r.broken);
	ck_assert_int_eq(r.broken->rung->rung, OG_RUNG_WORKLOADS);
	og_arena_fini(&w.arena);
}
END_TEST

START_TEST(without_memory_it_is_an_error)
{
	struct world w;
	struct og_doctor_report r;

	for (size_t most = 0; most < 4096; most += 512) {
		og_auto_arena struct og_arena small = {0};
		struct og_err err = OG_ERR_INIT;
		whole(&w);
		og_arena_init(&small, 64, most);
		ck_assert_int_eq(og_doctor_judge(&w.f, &small, &r, &err), most ? -OG_E_OOM : 0);
		og_arena_fini(&w.arena);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("audit/doctor");
	TCase *tc = tcase_create("rules");

	tcase_add_test(tc, what_is_whole_breaks_no_rule);
	tcase_add_loop_test(tc, each_rule_is_made_true, 0, (int)og_doctor_nrules);
	tcase_add_test(tc, the_table_is_sound);
	tcase_add_test(tc, what_was_not_seen_is_unknown);
	tcase_add_test(tc, what_cannot_be_here_is_neither);
	tcase_add_test(tc, whose_certificate_has_ended);
	tcase_add_test(tc, links_break_their_rungs);
	tcase_add_test(tc, the_way_is_told_by_its_finding);
	tcase_add_test(tc, what_does_not_count);
	tcase_add_test(tc, refused_for_a_reason_of_tomorrow);
	tcase_add_test(tc, by_url);
	tcase_add_test(tc, what_comes_of_sending_is_told);
	tcase_add_test(tc, a_secret_by_the_controllers_word);
	tcase_add_test(tc, a_silence_has_a_next_question);
	tcase_add_test(tc, what_its_owner_switched_off_is_said);
	tcase_add_test(tc, workloads_in_short);
	tcase_add_test(tc, without_memory_it_is_an_error);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
