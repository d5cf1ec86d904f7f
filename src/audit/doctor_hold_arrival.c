/* SPDX-License-Identifier: Apache-2.0 */
/* A signal that does not arrive although every rung below holds: what is to be asked next. */
#include <string.h>
#include "doctor-priv.h"

#define SAY(...) og_svz(og_arena_fmt(arena, __VA_ARGS__))

/* Whether the controller's own record of that signal has got through: "TracesWritable" of traces.
 */
static bool gets_through(const struct og_doctor_stack *s, struct og_sv signal)
{
	for (uint32_t i = 0; i < s->nconditions; i++) {
		const struct og_doctor_condition *c = &s->conditions[i];
		size_t n = c->type.n < signal.n ? c->type.n : signal.n;
		if (og_sv_ends(c->type, OG_SV("Writable")) &&
			og_sv_caseeq(og_sv(c->type.p, n), signal))
			return og_sv_is(c->status, "True");
	}
	return false;
}

/* kubectl logs takes these by name; pods of others are found by what was injected. */
static bool has_logs(const struct og_coverage_row *row)
{
	static const char *const kinds[][2] = {{"apps", "Deployment"}, {"apps", "StatefulSet"},
		{"apps", "DaemonSet"}, {"apps", "ReplicaSet"}, {"batch", "Job"}, {"", "Pod"}};

	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		if (og_sv_eq(row->group, og_svz(kinds[i][0])) &&
			og_sv_eq(row->kind, og_svz(kinds[i][1])))
			return true;
	return false;
}

struct og_sv doctor_logs(const struct og_coverage_row *row, struct og_arena *arena)
{
	struct og_sv object = doctor_object(row, arena);
	bool by_name = has_logs(row) || !row->revision.n;

	return SAY(
		"kubectl -n %.*s logs %s%.*s --all-containers --since=15m | grep -iE "
		"'otel|otlp|export'   # what the SDK says; nothing at all: no SDK runs, or nobody "
		"asks the service anything",
		OG_SV_ARG(row->ns), by_name ? "" : "-l otelgate.dev/revision=",
		OG_SV_ARG(by_name ? object : row->revision));
}

/*
 * With a probe that gets through, what remains is in the pod: its SDK's own words tell. Without
 * one, sending what the pods would send tells the two apart.
 */
bool doctor_silent(const struct og_doctor_facts *f, const struct og_doctor_rule *r,
	struct og_arena *arena, struct og_doctor_said *ret)
{
	const struct og_doctor_stack *s = f->nlooked ? &f->stacks[0] : NULL;
	struct og_sv signal;

	if (!doctor_of_signal(f, r, arena, ret))
		return false;
	signal = og_sv(ret->place.p, og_sv_chr(ret->place, ','));
	if (og_sv_starts(signal, OG_SV("signal "))) /* a finding's place says so */
		signal = og_sv(signal.p + 7, signal.n - 7);
	ret->fix = !s || gets_through(s, signal)
			   ? doctor_logs(&f->row->row, arena)
			   : SAY("otelgate probe %.*s -n %.*s   # sends as its pods do, with their "
				 "Secret and their CA (--ca-file, where that is a file); where it "
				 "gets through, look at the log of a pod",
				     OG_SV_ARG(s->name), OG_SV_ARG(f->row->row.ns));
	return true;
}
