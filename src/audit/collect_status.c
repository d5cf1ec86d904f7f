/* SPDX-License-Identifier: Apache-2.0 */
/* What the controller saw, as WorkloadTelemetry objects among the files say it. */
#include "collect-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/core/telemetry_row.h"

enum { STATUS_BYTES = 1 << 20, DEPTH = 32 };

static bool known(const struct og_cell *c)
{
	return c->result == OG_RESULT_PASS || c->result == OG_RESULT_FAIL;
}

/* Only what is known replaces what files told, and never what does not apply. */
static void take_links(struct og_coverage_row *row, const struct og_coverage_row *said)
{
	for (int l = OG_LINK_INJECTED; l < OG_LINK_RECEIVED; l++) {
		/* Pods among the objects tell more than a status that was written before. */
		if ((l == OG_LINK_INJECTED || l == OG_LINK_ROLLED_OUT) && row->pods_seen)
			continue;
		if (known(&said->link[l]) && row->link[l].result != OG_RESULT_NA)
			row->link[l] = said->link[l];
	}
}

static bool take_signal(struct collect *c, struct og_coverage_row *row, enum og_signal signal,
	const struct og_coverage_signal *said)
{
	struct og_coverage_signal *s = &row->signal[signal];
	enum og_signal_mode mode = s->mode;

	if (mode == OG_MODE_OFF || !said->verified || said->mode == OG_MODE_OFF)
		return true;
	*s = *said;
	s->mode = mode;
	return !said->cell.finding ||
	       og_coverage_add(row, c->arena, said->cell.finding, OG_SV(""), said->cell.message,
		       said->cell.fix, og_signal_name(signal));
}

static bool has_finding(const struct og_coverage_row *row, const struct og_finding_def *def)
{
	for (uint32_t i = 0; i < row->nfindings; i++)
		if (row->findings[i].def == def)
			return true;
	return false;
}

static bool take_findings(
	struct collect *c, struct og_coverage_row *row, const struct og_coverage_row *said)
{
	for (uint32_t i = 0; i < said->nfindings; i++) {
		const struct og_coverage_finding *f = &said->findings[i];
		if (!has_finding(row, f->def) && !og_coverage_add(row, c->arena, f->def->id,
							 f->place, f->message, f->fix, NULL))
			return false;
	}
	return true;
}

int collect_status(
	struct collect *c, const struct kept *k, struct og_coverage_row *row, struct og_err *err)
{
	const struct og_jlimits limits = {.max_bytes = STATUS_BYTES, .max_depth = DEPTH};
	struct og_jdoc *d = k->status ? og_arena_new(c->arena, struct og_jdoc) : NULL;
	struct og_telemetry_row said;
	bool ok = true;

	if (!k->status)
		return 0;
	if (!d)
		return og_err_set(err, OG_E_OOM, "reading a status");
	int r = og_jdoc_parse(d, c->arena, k->status->json, &limits, err);
	if (r == 0)
		r = og_telemetry_row_read(
			k->ns, &k->status->owner, og_jroot(d), c->arena, &said, err);
	if (r < 0)
		return og_err_wrap(err, "%.*s", OG_SV_ARG(k->status->source));
	if (!said.observed_generation && !og_jcount(og_jroot(d)))
		return 0;
	take_links(row, &said.row);
	if (row->sends)
		row->sends->seen = said.seen;
	if (said.row.stars.told)
		row->stars = said.row.stars;
	for (int i = 0; ok && i < OG_SIGNAL_COUNT_; i++)
		ok = take_signal(c, row, (enum og_signal)i, &said.row.signal[i]);
	ok = ok && take_findings(c, row, &said.row);
	return ok && !c->arena->failed ? 0 : og_err_set(err, OG_E_OOM, "reading a status");
}
