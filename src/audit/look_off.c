/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that a variable of the owner's keeps from the stack: which one, of which container. */
#include <string.h>
#include "look_off-priv.h"
#include "otelgate/audit/report.h"
#include "otelgate/base/mem.h"

/* What `kubectl set env` changes and pods follow. */
static bool settable(const struct og_coverage_row *row)
{
	static const char *const kinds[][2] = {{"apps", "Deployment"}, {"apps", "StatefulSet"},
		{"apps", "DaemonSet"}, {"batch", "CronJob"}};

	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		if (og_sv_eq(row->group, og_svz(kinds[i][0])) &&
			og_sv_eq(row->kind, og_svz(kinds[i][1])))
			return true;
	return false;
}

static const char *fix_of(
	const struct og_coverage_row *row, const struct og_expect_by *by, struct og_arena *a)
{
	struct og_sv object = og_report_object(row, a);

	if (!settable(row))
		return og_arena_fmt(a,
			"Take %s out of container %.*s of its pod template, unless it is meant.",
			by->variable, OG_SV_ARG(by->container));
	return og_arena_fmt(a, "kubectl -n %.*s set env %.*s -c %.*s %s-   # unless it is meant",
		OG_SV_ARG(row->ns), OG_SV_ARG(object), OG_SV_ARG(by->container), by->variable);
}

static const struct og_arrival_reason *reason_of(const struct og_expectation *x, int s)
{
	static const char *const names[] = {[OG_EXPORTER_OURS] = "SampledOut",
		[OG_EXPORTER_NONE] = "ExporterNone",
		[OG_EXPORTER_ELSEWHERE] = "SentElsewhere"};

	return og_arrival_reason(og_svz(names[x->ask[s].exporter]));
}

static bool same(const struct og_expect_by *x, const struct og_expect_by *y)
{
	return x->variable && y->variable && !strcmp(x->variable, y->variable) &&
	       og_sv_eq(x->container, y->container);
}

static bool counts(const struct og_plan *plan, const struct og_expectation *x, int s)
{
	return x->by[s].variable && plan->signals[s] != OG_MODE_OFF;
}

/* The engine says some of it already, in words of its own: the command is added to them. */
static bool said_already(
	struct og_coverage_row *row, const char *id, struct og_sv place, struct og_sv fix)
{
	for (uint32_t i = 0; i < row->nfindings; i++) {
		struct og_coverage_finding *x = &row->findings[i];
		if (strcmp(x->def->id, id) != 0 || !og_sv_eq(x->place, place))
			continue;
		x->fix = fix;
		return true;
	}
	return false;
}

static int one(const struct og_plan *plan, const struct og_expectation *x, int first,
	struct og_coverage_row *row, struct og_arena *a)
{
	const struct og_expect_by *by = &x->by[first];
	const struct og_arrival_reason *why = reason_of(x, first);
	struct og_sv text = og_sv_trim(og_svz(why ? why->text : ""));
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);

	if (!why || !why->finding)
		return 0;
	og_buf_sv(&b, og_sv(text.p, text.n - (text.n && text.p[text.n - 1] == '.')));
	for (int s = first; s < OG_SIGNAL_COUNT_; s++)
		if (counts(plan, x, s) && same(&x->by[s], by))
			og_buf_fmt(&b, "%s%s", s == first ? ": " : ", ",
				og_signal_name((enum og_signal)s));
	og_buf_ch(&b, '.');
	const char *place = og_arena_fmt(
		a, "container %.*s, variable %s", OG_SV_ARG(by->container), by->variable);
	const char *fix = fix_of(row, by, a);
	struct og_sv message = og_arena_sv(a, og_buf_view(&b));
	if (place && fix && said_already(row, why->finding, og_svz(place), og_svz(fix)))
		return 0;
	return place && fix && message.p &&
			       og_coverage_add(row, a, why->finding, og_svz(place), message,
				       og_svz(fix), NULL)
		       ? 0
		       : -(int)OG_E_OOM;
}

int look_off(const struct og_plan *plan, struct og_arena *scratch, struct og_arena *arena,
	struct og_coverage_row *row, struct og_err *err)
{
	struct og_expectation x;
	int r = og_expect(plan, scratch, &x, err);

	for (int s = 0; s < OG_SIGNAL_COUNT_ && r == 0; s++) {
		bool before = false;
		for (int k = 0; k < s; k++)
			before |= counts(plan, &x, k) && same(&x.by[k], &x.by[s]);
		if (counts(plan, &x, s) && !before)
			r = one(plan, &x, s, row, arena);
	}
	return r == -(int)OG_E_OOM ? og_err_set(err, OG_E_OOM, "judging a workload") : r;
}
