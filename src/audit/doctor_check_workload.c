/* SPDX-License-Identifier: Apache-2.0 */
/* What each rung of a workload says when no rule has broken it. */
#include "doctor-priv.h"

#define SAY(...) og_svz(og_arena_fmt(arena, __VA_ARGS__))
#define CHECK(name)                                                                       \
	void doctor_check_##name(const struct og_doctor_facts *f, struct og_arena *arena, \
		struct og_doctor_step *step)

static void end(struct og_doctor_step *s, enum og_doctor_end e, struct og_sv evidence)
{
	if (e > s->end || e == OG_DE_NA)
		s->end = e;
	s->evidence = evidence;
}

/* The rung is as its link is; `fix`: what to do when nobody else says it. */
static void by_link(const struct og_doctor_facts *f, enum og_link l, const char *pass,
	const char *na, struct og_sv fix, struct og_doctor_step *step)
{
	static const enum og_doctor_end of[OG_RESULT_COUNT_] = {[OG_RESULT_NA] = OG_DE_NA,
		[OG_RESULT_UNKNOWN] = OG_DE_UNKNOWN,
		[OG_RESULT_PASS] = OG_DE_PASS,
		[OG_RESULT_FAIL] = OG_DE_BROKEN};
	const struct og_cell *c = &f->row->row.link[l];
	enum og_result r = og_coverage_counts(c);

	end(step, of[r],
		c->message.n		  ? c->message
		: r == OG_RESULT_PASS	  ? og_svz(pass)
		: r == OG_RESULT_NA	  ? og_svz(na)
		: c->reason && *c->reason ? og_svz(c->reason)
					  : OG_SV("It is not known."));
	if (r == OG_RESULT_FAIL)
		step->fix = c->fix.n ? c->fix : fix;
}

CHECK(network)
{
	by_link(f, OG_LINK_EGRESS, "Network policies let it.", "It sends nowhere.",
		SAY("kubectl -n %.*s get networkpolicies -o yaml", OG_SV_ARG(f->row->row.ns)),
		step);
}

/* The command that opts it in. */
static struct og_sv asks(const struct og_doctor_facts *f, struct og_arena *arena)
{
	struct og_sv object = doctor_object(&f->row->row, arena), ns = f->row->row.ns;
	struct og_sv file = f->row->row.source;

	while (file.n && file.p[file.n - 1] != ':') /* "web.yaml:12", "<stdin>:1" */
		file.n--;
	if (f->files && (file.n < 2 || file.p[0] == '<'))
		return OG_SV("annotate the pod template, or the namespace: "
			     "otelgate.dev/inject: \"true\"");
	if (f->files)
		return SAY("otelgate optin -f %.*s %.*s --in-place",
			OG_SV_ARG(doctor_word(og_sv(file.p, file.n - 1), arena)),
			OG_SV_ARG(doctor_word(object, arena)));
	return SAY("otelgate optin -n %.*s %.*s", OG_SV_ARG(ns), OG_SV_ARG(object));
}

CHECK(opt_in)
{
	by_link(f, OG_LINK_OPTED_IN, "It is opted in.", "Nobody has opted it in.", OG_SV(""), step);
	/* Files say NA of what nobody asked for. */
	if (!f->row->row.opted_in &&
		(step->end == OG_DE_NA || (step->end == OG_DE_BROKEN && step->fix.n))) {
		step->end = OG_DE_BROKEN;
		step->fix = asks(f, arena);
	} else if (step->end == OG_DE_BROKEN && !step->fix.n) {
		step->fix = OG_SV("take otelgate.dev/inject: \"false\" away where it stands: pod "
				  "template, workload or namespace");
	} else if (step->end == OG_DE_PASS && f->row->row.profile.n) {
		step->evidence = SAY("%.*s%sTelemetryProfile %.*s.", OG_SV_ARG(step->evidence),
			step->evidence.n ? " " : "", OG_SV_ARG(f->row->row.profile));
	}
}

CHECK(injection)
{
	by_link(f, OG_LINK_INJECTED, "Its pods are injected.", "Nothing is to be injected.",
		SAY("otelgate missed -n %.*s   # why each of its pods is without",
			OG_SV_ARG(f->row->row.ns)),
		step);
}

CHECK(rollout)
{
	/* It goes on: no reason of the table has a fix for that. */
	by_link(f, OG_LINK_ROLLED_OUT, "All its pods run what they should.",
		"Nothing is to be rolled out.",
		SAY("otelgate wait %.*s -n %.*s   # until it has ended; should it stop, that says "
		    "why",
			OG_SV_ARG(doctor_object(&f->row->row, arena)), OG_SV_ARG(f->row->row.ns)),
		step);
}

CHECK(export)
{
	const struct og_coverage_row *row = &f->row->row;
	enum og_result injected = row->link[OG_LINK_INJECTED].result;
	bool any = false;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		any |= row->signal[i].mode != OG_MODE_OFF && row->signal[i].state != OG_AR_OFF;
	if (injected == OG_RESULT_UNKNOWN)
		end(step, OG_DE_UNKNOWN, OG_SV("What is injected is not known."));
	else if (!any && step->end == OG_DE_WARN)
		end(step, OG_DE_WARN, OG_SV("Its owner keeps all signals from the stack."));
	else if (!any)
		end(step, OG_DE_NA,
			OG_SV("No signal is asked for, or its owner switched all off."));
	else if (step->end == OG_DE_WARN)
		end(step, OG_DE_WARN,
			OG_SV("Its containers keep some of what is asked for from the receiver."));
	else
		end(step, OG_DE_PASS,
			f->nlooked && f->stacks[0].has_endpoint
				? SAY("Nothing in its containers keeps it from %.*s.",
					  OG_SV_ARG(f->stacks[0].endpoint))
				: OG_SV("Nothing in its containers keeps it from the receiver."));
}

CHECK(arrival)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);
	const struct og_coverage_row *row = &f->row->row;
	enum og_signal first = OG_SIGNAL_COUNT_;
	enum og_result worst = row->link[OG_LINK_RECEIVED].result;

	by_link(f, OG_LINK_RECEIVED, "All that is expected arrives.", "No signal is expected.",
		doctor_logs(row, arena), step);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &row->signal[i];
		if (s->mode == OG_MODE_OFF)
			continue;
		og_buf_fmt(&b, "%s%s %s", b.len ? ", " : "", og_signal_name((enum og_signal)i),
			og_arrival_state_name(s->state));
		if (first == OG_SIGNAL_COUNT_ && og_coverage_expects(s) &&
			s->cell.result == worst && worst != OG_RESULT_PASS)
			first = (enum og_signal)i;
	}
	if (!b.len || step->end == OG_DE_NA)
		return;
	if (first < OG_SIGNAL_COUNT_ && row->signal[first].cell.message.n)
		step->evidence = SAY(
			"%.*s. %.*s", (int)b.len, b.p, OG_SV_ARG(row->signal[first].cell.message));
	else
		step->evidence = SAY("%.*s.", (int)b.len, b.p);
}

CHECK(correlation)
{
	const struct og_coverage_row *row = &f->row->row;
	uint32_t flowing = 0, tied = 0;
	const char *weak = NULL;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &row->signal[i];
		if (s->state != OG_AR_FLOWING)
			continue;
		flowing++;
		bool strong = s->tie && (!strcmp(s->tie, "revision") || !strcmp(s->tie, "pod"));
		tied += strong;
		if (!strong && !weak)
			weak = og_signal_name((enum og_signal)i);
	}
	if (!flowing)
		end(step,
			row->link[OG_LINK_RECEIVED].result == OG_RESULT_NA ? OG_DE_NA
									   : OG_DE_UNKNOWN,
			OG_SV("Nothing flows that could be told apart."));
	else if (weak)
		end(step, OG_DE_PASS,
			SAY("%u of %u signals are tied to its pods or revision; %s by the name of "
			    "the service alone.",
				tied, flowing, weak));
	else
		end(step, OG_DE_PASS,
			SAY("All %u signals that flow are tied to its pods or revision.", flowing));
}
