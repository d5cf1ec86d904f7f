/* SPDX-License-Identifier: Apache-2.0 */
/* Has the telemetry of what runs now arrived? */
#include "otelgate/audit/wait.h"

#include <string.h>

static void say_cell(struct og_buf *why, const char *what, const struct og_cell *c)
{
	og_buf_fmt(
		why, "%s: %s%s", what, c->reason ? c->reason : "Unknown", c->message.n ? ": " : "");
	if (c->message.n)
		og_buf_sv(why, c->message);
}

/* The newest pod that counts; 0 = none is known. */
static int64_t newest_s(const struct og_coverage_row *row)
{
	int64_t newest = 0;

	for (uint32_t i = 0; i < row->npod; i++)
		if (row->pod[i].class_ == OG_CLASS_CURRENT && row->pod[i].created_s > newest)
			newest = row->pod[i].created_s;
	return newest;
}

static bool is(const char *word, const char *what)
{
	return word && strcmp(word, what) == 0;
}

static enum og_wait_end judge_signal(const struct og_coverage_row *row, enum og_signal signal,
	int64_t newest, struct og_buf *why)
{
	const struct og_coverage_signal *s = &row->signal[signal];
	const char *name = og_signal_name(signal);
	int64_t seen = s->last_seen_s > s->since_s ? s->last_seen_s : s->since_s;
	bool comes = s->state == OG_AR_FLOWING ||
		     (s->state == OG_AR_VIA_STDOUT && is(s->cell.reason, "ByStdout"));

	if (s->state == OG_AR_OFF || s->mode == OG_MODE_OFF) {
		say_cell(why, name, &s->cell);
		return OG_WAIT_NEVER;
	}
	if (!comes) {
		say_cell(why, name, &s->cell);
		return OG_WAIT_NOT_YET;
	}
	if (!is(s->tie, "revision") && !(is(s->tie, "pod") && s->pods_known && s->covered)) {
		og_buf_fmt(why,
			"%s: it arrives, and does not say of which revision (tied by %s); keep "
			"k8s.pod.name or otelgate.revision in the collector's pipeline",
			name, s->tie ? s->tie : "nothing");
		return OG_WAIT_NOT_YET;
	}
	if (s->pods_known && !s->covered) {
		og_buf_fmt(why, "%s: none of the %u pods is seen to send yet", name, s->of);
		return OG_WAIT_NOT_YET;
	}
	if (newest && seen < newest) {
		og_buf_fmt(why,
			"%s: what was seen is older than the newest pod; the next look will tell",
			name);
		return OG_WAIT_NOT_YET;
	}
	return OG_WAIT_ARRIVED;
}

static bool rolled_out(
	const struct og_telemetry_row *t, const struct og_wait_ask *ask, struct og_buf *why)
{
	const struct og_coverage_row *row = &t->row;

	if (!t->observed_generation) {
		og_buf_lit(why, "the controller has not written a status yet");
	} else if (t->generation && t->observed_generation < t->generation) {
		og_buf_fmt(why, "the controller has judged generation %lld, and %lld is the newest",
			(long long)t->observed_generation, (long long)t->generation);
	} else if (!row->revision.n && row->link[OG_LINK_INJECTED].result != OG_RESULT_FAIL) {
		og_buf_lit(why, "no revision is wanted yet");
	} else if (ask->revision.n && !og_sv_eq(ask->revision, row->revision)) {
		og_buf_lit(why, "its pods are to carry revision ");
		og_buf_sv(why, row->revision);
		og_buf_lit(why, ", and ");
		og_buf_sv(why, ask->revision);
		og_buf_lit(why, " is waited for");
	} else if (row->link[OG_LINK_INJECTED].result != OG_RESULT_PASS) {
		say_cell(why, "injection", &row->link[OG_LINK_INJECTED]);
	} else if (row->link[OG_LINK_ROLLED_OUT].result != OG_RESULT_PASS) {
		say_cell(why, "rollout", &row->link[OG_LINK_ROLLED_OUT]);
	} else {
		return true;
	}
	return false;
}

enum og_wait_end og_wait_judge(
	const struct og_telemetry_row *t, const struct og_wait_ask *ask, struct og_buf *why)
{
	int64_t newest = newest_s(&t->row);

	if (!t->row.opted_in && t->row.link[OG_LINK_OPTED_IN].result == OG_RESULT_FAIL) {
		say_cell(why, "opt-in", &t->row.link[OG_LINK_OPTED_IN]);
		return OG_WAIT_NEVER;
	}
	if (!rolled_out(t, ask, why))
		return OG_WAIT_NOT_YET;
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		enum og_wait_end end =
			ask->signals[i] ? judge_signal(&t->row, (enum og_signal)i, newest, why)
					: OG_WAIT_ARRIVED;
		if (end != OG_WAIT_ARRIVED)
			return end;
	}
	return OG_WAIT_ARRIVED;
}
