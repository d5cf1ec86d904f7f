/* SPDX-License-Identifier: Apache-2.0 */
/* What backends say of many workloads at once, joined to each as arrival joins its rows. */
#include "otelgate/core/stars_facts.h"

#include <stdio.h>
#include "arrival-priv.h"
#include "otelgate/base/mem.h"

/* Of one workload, while rows are counted. */
struct sum {
	double lines, exemplars, exported, failed, dropped;
	uint32_t nlines, nexported, versions, versionless, instances;
	bool nameless, doubled; /* instances */
};

struct many {
	const struct og_stars_many *in;
	struct og_arena *arena;
	struct sum *sums;
	struct og_map instances; /* workload and instance → row + 1 */
	double sent, send_failed, send_dropped;
	uint32_t exemplar_rows;
};

/* ---- instances, from the rows of arrival ---- */

static int note_instance(struct many *m, uint32_t i)
{
	const struct og_arrival_row *rows = m->in->arrival->rows, *row = &rows[i];
	struct sum *s = &m->sums[m->in->index->hits[i].workload];
	char buf[AR_KEY_BYTES], number[16];
	struct og_sv key;

	s->instances++;
	s->nameless |= !row->instance.n;
	/* One that holds its pod's name is no other pod's. */
	if (!row->instance.n || !row->pod.n || og_sv_has(row->instance, row->pod))
		return 0;
	int n = snprintf(number, sizeof(number), "%u", m->in->index->hits[i].workload);
	const struct og_sv parts[] = {og_sv(number, (size_t)n), row->instance};
	if (!ar_key(buf, 'i', parts, 2, &key))
		return 0;
	struct og_map_entry *e = og_map_put(&m->instances, key, NULL);
	if (!e)
		return -1;
	size_t before = (size_t)(uintptr_t)e->value;
	s->doubled |= before && !og_sv_eq(rows[before - 1].pod, row->pod);
	e->value = (void *)(uintptr_t)((size_t)i + 1);
	return 0;
}

static int note_instances(struct many *m)
{
	const struct og_arrival_index *ix = m->in->index;

	/* Asked for by service alone, rows have no instances. */
	if (!ix || !m->in->arrival || !m->in->arrival->source[OG_SIGNAL_METRICS].grouped_by_pod)
		return 0;
	for (uint32_t i = 0; i < m->in->arrival->nrows; i++)
		if (ix->hits[i].workload < m->in->n &&
			m->in->arrival->rows[i].signal == OG_SIGNAL_METRICS &&
			note_instance(m, i) < 0)
			return -1;
	return 0;
}

/* ---- rows of the evidence ---- */

static double at_least_0(double v)
{
	return v > 0 ? v : 0; /* NaN, too */
}

static void note_collector(struct many *m, const struct og_arrival_row *row, struct og_sv metric)
{
	double v = at_least_0(row->value);

	if (og_sv_starts(metric, OG_SV("sent")))
		m->sent += v;
	else if (og_sv_starts(metric, OG_SV("failed")))
		m->send_failed += v;
	else if (og_sv_starts(metric, OG_SV("dropped")))
		m->send_dropped += v;
}

static void note_row(struct many *m, const struct og_arrival_row *row,
	const struct og_stars_note *note, uint32_t workload)
{
	double v = at_least_0(row->value);

	if (note->ask == OG_STARS_ASK_COLLECTOR) {
		note_collector(m, row, note->metric);
		return;
	}
	m->exemplar_rows += note->ask == OG_STARS_ASK_EXEMPLARS && v > 0;
	if (workload >= m->in->n)
		return;
	struct sum *s = &m->sums[workload];
	switch (note->ask) {
	case OG_STARS_ASK_TRACE_SHARE:
		s->lines += v < 1 ? v : 1;
		s->nlines++;
		break;
	case OG_STARS_ASK_EXEMPLARS:
		s->exemplars += v;
		break;
	case OG_STARS_ASK_EXPORTED:
		s->exported += v;
		s->nexported++;
		break;
	case OG_STARS_ASK_EXPORT_FAILED:
		*(og_sv_has(note->metric, OG_SV("queue")) ? &s->dropped : &s->failed) += v;
		break;
	case OG_STARS_ASK_VERSIONS:
		s->versions++;
		s->versionless += !note->version.n;
		break;
	case OG_STARS_ASK_COLLECTOR:
	case OG_STARS_ASK_COUNT_:
	default:
		break;
	}
}

static int note_rows(struct many *m, struct og_err *err)
{
	const struct og_stars_evidence *e = m->in->evidence;
	const struct og_arrival_evidence as = {.rows = e ? e->rows : NULL, .nrows = e ? e->n : 0};
	struct og_arrival_index *ix = NULL;

	if (!as.nrows)
		return 0;
	int r = og_arrival_index_new(
		m->in->workloads, m->in->n, &as, m->in->seed, m->arena, &ix, err);
	for (uint32_t i = 0; i < e->n && r == 0; i++)
		note_row(m, &e->rows[i], &e->notes[i], ix->hits[i].workload);
	return r;
}

/* ---- facts ---- */

static bool answers(const struct many *m, enum og_stars_ask a, bool whole)
{
	const struct og_stars_evidence *e = m->in->evidence;

	return e && e->source[a].answered && !(whole && e->source[a].partial);
}

/* Exemplars hang on the metrics of requests: without requests there is nothing to see. And series
 * need not carry the cluster's name that they are asked for by: as long as nobody's are seen,
 * theirs may only be hidden. */
static bool exemplars_would_show(const struct many *m, uint32_t w)
{
	const struct og_arrival_index *ix = m->in->index;

	return answers(m, OG_STARS_ASK_EXEMPLARS, true) && m->exemplar_rows && ix &&
	       ix->load[w].told && ix->load[w].micro > 0;
}

/* SDKs that count themselves tell of themselves; else what they send goes through the collectors,
 * and those tell of all alike. */
static void of_exports(const struct many *m, const struct sum *s, struct og_stars_facts *f)
{
	double tried = m->sent + m->send_failed, lost = m->send_dropped;

	if (s->nexported && s->exported > 0 && answers(m, OG_STARS_ASK_EXPORT_FAILED, true)) {
		f->export_failed = s->failed < s->exported ? s->failed / s->exported : 1;
		f->dropped = s->dropped / (s->exported + s->dropped);
		return;
	}
	if (!m->in->by_collector || !answers(m, OG_STARS_ASK_COLLECTOR, true) || tried <= 0)
		return;
	f->export_failed = m->send_failed / tried;
	f->dropped = lost / (tried + lost);
}

static void of_workload(const struct many *m, uint32_t w, struct og_stars_facts *f)
{
	const struct sum *s = &m->sums[w];

	if (s->instances)
		f->instance_id = s->nameless || s->doubled ? OG_FACT_NO : OG_FACT_YES;
	if (s->versions)
		f->service_version = s->versionless ? OG_FACT_NO : OG_FACT_YES;
	if (s->nlines)
		f->logs_with_trace = s->lines / s->nlines;
	if (s->exemplars > 0)
		f->exemplars = OG_FACT_YES;
	else if (exemplars_would_show(m, w))
		f->exemplars = OG_FACT_NO;
	of_exports(m, s, f);
}

int og_stars_facts_of_many(const struct og_stars_many *in, struct og_arena *arena,
	struct og_stars_facts *facts, struct og_err *err)
{
	struct many m = {.in = in,
		.arena = arena,
		.sums = og_arena_new_n(arena, in->n ? in->n : 1, struct sum)};

	og_map_init(&m.instances, in->seed, arena);
	if (!m.sums || note_instances(&m) < 0)
		return og_err_set(err, OG_E_OOM, "out of memory counting stars");
	int r = note_rows(&m, err);
	for (uint32_t i = 0; i < in->n && r == 0; i++)
		of_workload(&m, i, &facts[i]);
	return r;
}
