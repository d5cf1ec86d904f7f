/* SPDX-License-Identifier: Apache-2.0 */
/* The truth table of arrival, arrival_rows.inc: each row is a world and what is to be said of it.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "support/arrivalworld.h"
#include "support/suite.h"

static const struct row {
	const char *words, *signal, *want;
} rows[] = {
#include "arrival_rows.inc"
};

static bool prefixed(struct og_sv w, const char *prefix, struct og_sv *rest)
{
	size_t n = strlen(prefix);
	if (!og_sv_starts(w, og_svz(prefix)))
		return false;
	*rest = og_sv(w.p + n, w.n - n);
	return true;
}

/* Whether the verdict is as the word says. */
static bool is(const struct arrivalworld *aw, const struct og_arrival_verdict *v, struct og_sv w)
{
	struct og_sv rest;
	bool no = prefixed(w, "!", &rest);
	if (no)
		w = rest;
	if (og_sv_starts(w, OG_SV("OG"))) {
		char id[8] = "";
		memcpy(id, w.p, w.n < 7 ? w.n : 7);
		ck_assert_ptr_nonnull(og_finding_def(og_svz(id)));
		return arrivalworld_found(aw, id, v->signal) != no;
	}
	if (prefixed(w, "tie:", &rest))
		return og_sv_eq(rest, og_svz(og_arrival_tie_name(v->tie)));
	if (prefixed(w, "trust:", &rest))
		return og_sv_eq(rest, og_svz(og_arrival_trust_name(v->trust)));
	if (prefixed(w, "silent=", &rest))
		return strtoul(rest.p, NULL, 10) == v->nsilent;
	if (og_sv_is(w, "kept"))
		return v->kept != no;
	if (og_sv_is(w, "regressed"))
		return v->regressed != no;
	if (og_sv_is(w, "old"))
		return v->old_sending != no;
	if (og_sv_is(w, "shared"))
		return v->shared != no;
	ck_assert_msg(og_sv_chr(w, '/') < w.n, "no word '%.*s'", OG_SV_ARG(w));
	char both[32];
	snprintf(both, sizeof(both), "%u/%u", v->covered, v->of);
	return og_sv_eq(w, og_svz(both));
}

static bool holds(const struct row *r, char *said, size_t size)
{
	struct arrivalworld aw;
	arrivalworld_init(&aw, r->words);
	arrivalworld_judge(&aw);
	const struct og_arrival_verdict *v = &aw.r.signal[arrivalworld_signal(r->signal[0])];
	struct og_sv rest = og_svz(r->want), w, state, reason;
	bool fine = og_sv_split(&rest, ' ', &state) && og_sv_split(&rest, ' ', &reason) &&
		    og_sv_eq(state, og_svz(og_arrival_state_name(v->state))) &&
		    og_sv_eq(reason, og_svz(v->reason));
	while (fine && og_sv_split(&rest, ' ', &w))
		fine = !w.n || is(&aw, v, w);
	/* whatever it is, it is said in whole sentences */
	fine &= v->message.n > 1 && v->message.p[v->message.n - 1] == '.';
	int n = snprintf(said, size,
		"%s %s %u/%u tie:%s trust:%s silent=%u%s%s%s%s:", og_arrival_state_name(v->state),
		v->reason, v->covered, v->of, og_arrival_tie_name(v->tie),
		og_arrival_trust_name(v->trust), v->nsilent, v->kept ? " kept" : "",
		v->regressed ? " regressed" : "", v->old_sending ? " old" : "",
		v->shared ? " shared" : "");
	for (uint32_t i = 0; i < aw.findings.n && n > 0 && (size_t)n < size; i++)
		n += snprintf(said + n, size - (size_t)n, " %s", aw.findings.v[i].def->id);
	if (n > 0 && (size_t)n < size)
		snprintf(said + n, size - (size_t)n, " \"%.*s\"", OG_SV_ARG(v->message));
	arrivalworld_fini(&aw);
	return fine;
}

START_TEST(every_row)
{
	unsigned bad = 0, negative = 0;
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		char said[2048];
		negative += strncmp(rows[i].want, "Flowing", 7) != 0;
		if (holds(&rows[i], said, sizeof(said)))
			continue;
		bad++;
		printf("[%s] %s\n  want %s\n  said %s\n", rows[i].words, rows[i].signal,
			rows[i].want, said);
	}
	printf("%zu rows, %u of them of what does not flow\n", OG_COUNT(rows), negative);
	ck_assert_uint_eq(bad, 0);
	ck_assert_uint_ge(OG_COUNT(rows), 150);
	ck_assert_uint_ge(negative * 2, OG_COUNT(rows));
}
END_TEST

/* A reason that no row ends in is one that nobody has thought through. */
START_TEST(every_reason_has_a_row)
{
	size_t n;
	const struct og_arrival_reason *reasons = og_arrival_reasons(&n);
	for (size_t i = 0; i < n; i++) {
		bool found = false;
		for (size_t k = 0; k < OG_COUNT(rows) && !found; k++)
			found = og_sv_has(og_svz(rows[k].want), og_svz(reasons[i].name));
		ck_assert_msg(found, "no row for %s", reasons[i].name);
		ck_assert_ptr_eq(og_arrival_reason(og_svz(reasons[i].name)), &reasons[i]);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/arrival_table");
	TCase *t = tcase_create("table");
	tcase_add_test(t, every_row);
	tcase_add_test(t, every_reason_has_a_row);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
