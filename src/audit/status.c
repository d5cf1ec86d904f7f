/* SPDX-License-Identifier: Apache-2.0 */
/* How workloads stand, from the stores of a session. */
#include "otelgate/audit/status.h"

#include <stdlib.h>
#include "otelgate/base/mem.h"

static int compare(const void *x, const void *y)
{
	const struct og_coverage_row *a = &((const struct og_telemetry_row *)x)->row;
	const struct og_coverage_row *b = &((const struct og_telemetry_row *)y)->row;
	int c = og_sv_cmp(a->ns, b->ns);

	if (!c)
		c = og_sv_cmp(a->kind, b->kind);
	if (!c)
		c = og_sv_cmp(a->group, b->group);
	return c ? c : og_sv_cmp(a->name, b->name);
}

/* One status; what is no JSON any more is one that is not there. */
static int add_status(const struct og_record *rec, const struct og_owner *owner,
	struct og_arena *scratch, struct og_arena *arena, struct og_telemetry_row *ret,
	struct og_err *err)
{
	struct og_jval status = OG_JABSENT;
	struct og_jdoc doc;

	if (rec->extra.n) {
		int r = og_jdoc_parse(&doc, scratch, rec->extra, NULL, err);
		if (r < 0)
			return og_err_wrap(err, "status of %.*s/%.*s", OG_SV_ARG(rec->ns),
				OG_SV_ARG(rec->name));
		status = og_jroot(&doc);
	}
	return og_telemetry_row_read(rec->ns, owner, status, arena, ret, err);
}

int og_audit_status_rows(struct og_audit_session *s, const struct og_audit_status_ask *ask,
	struct og_arena *arena, struct og_audit_status *ret, struct og_err *err)
{
	struct og_store *store =
		og_cluster_store(s->cluster, OG_SV("otelgate.dev"), OG_SV(OG_TELEMETRY_KIND));
	og_auto_arena struct og_arena scratch = {0};
	struct og_audit_status out = {0};
	struct og_record rec;
	uint32_t at = 0;
	int r = 0;

	og_arena_init(&scratch, 0, 0);
	out.rows = og_arena_new_n(arena, og_store_count(store) + 1, struct og_telemetry_row);
	if (!out.rows)
		return og_err_set(err, OG_E_OOM, "reading statuses");
	while (r == 0 && og_store_next(store, &at, &rec)) {
		struct og_owner owner;
		/* Without an owner it is nobody's, and made by somebody else. */
		if (rec.deleting || !og_record_owner(&rec, &owner) ||
			!og_audit_targets_want(
				ask->targets, ask->ntargets, owner.group, owner.kind, owner.name))
			continue;
		r = add_status(&rec, &owner, &scratch, arena, &out.rows[out.n], err);
		out.n += r == 0;
		og_arena_reset(&scratch);
	}
	if (out.n)
		qsort(out.rows, out.n, sizeof(out.rows[0]), compare);
	if (r == 0)
		*ret = out;
	return r;
}
