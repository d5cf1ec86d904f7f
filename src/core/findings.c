/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting findings; the table itself is findings_table.c. */
#include "otelgate/core/findings.h"

#include "otelgate/base/mem.h"

#include <stdio.h>

enum { MAX_FINDINGS = 200 };

static const char *const severities[] = {
	[OG_SEV_INFO] = "info",
	[OG_SEV_NOTICE] = "notice",
	[OG_SEV_WARNING] = "warning",
	[OG_SEV_ERROR] = "error",
	[OG_SEV_UNKNOWN] = "unknown",
};

const char *og_severity_name(enum og_severity s)
{
	return (unsigned)s < OG_COUNT(severities) ? severities[s] : "unknown";
}

const struct og_finding_def *og_finding_def(struct og_sv id_or_slug)
{
	uint32_t n;
	const struct og_finding_def *defs = og_finding_defs(&n);
	for (uint32_t i = 0; i < n; i++)
		if (og_sv_caseeq(id_or_slug, og_svz(defs[i].id)) ||
			og_sv_eq(id_or_slug, og_svz(defs[i].slug)))
			return &defs[i];
	return NULL;
}

bool og_findings_full(struct og_findings *f)
{
	f->lost |= f->n == MAX_FINDINGS;
	return f->n == MAX_FINDINGS;
}

void og_findings_add(struct og_findings *f, struct og_arena *arena, const char *id,
	struct og_sv place, struct og_sv detail)
{
	const struct og_finding_def *def = og_finding_def(og_svz(id));
	if (og_findings_full(f))
		return; /* also spares hostile input the look for an equal one */
	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i].def == def && og_sv_eq(f->v[i].place, place) &&
			og_sv_eq(f->v[i].detail, detail))
			return;
	if (f->n == f->cap && f->cap < MAX_FINDINGS) {
		uint32_t cap = f->cap ? f->cap * 2 : 8;
		if (cap > MAX_FINDINGS)
			cap = MAX_FINDINGS;
		struct og_finding *v =
			og_arena_grow(arena, f->v, f->cap * sizeof(*v), cap * sizeof(*v));
		if (v) {
			f->v = v;
			f->cap = cap;
		}
	}
	if (!def || f->n == f->cap) {
		f->lost = true;
		return;
	}
	f->v[f->n++] = (struct og_finding){def, place, detail};
}

void og_findings_addf(struct og_findings *f, struct og_arena *arena, const char *id,
	struct og_sv place, const char *fmt, ...)
{
	if (og_findings_full(f))
		return;
	struct og_buf b = OG_BUF_INIT(4096);
	va_list ap;
	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	struct og_sv detail = b.failed ? (struct og_sv){NULL, 0}
				       : og_arena_sv(arena, og_buf_view(&b));
	og_buf_fini(&b);
	if (!detail.p) {
		f->lost = true;
		return;
	}
	og_findings_add(f, arena, id, place, detail);
}
