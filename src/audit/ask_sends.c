/* SPDX-License-Identifier: Apache-2.0 */
/* What is to arrive of a workload, kept with its row. */
#include "otelgate/audit/ask.h"

struct copying {
	struct og_arena *arena;
	struct og_sv revision; /* most pods carry it: one text for all of them */
};

static struct og_sv text(struct copying *c, struct og_sv s)
{
	if (c->revision.n && og_sv_eq(s, c->revision))
		return c->revision;
	return s.n ? og_arena_sv(c->arena, s) : OG_SV("");
}

static bool copy_identities(struct copying *c, struct og_arrival_workload *w)
{
	struct og_arrival_identity *v =
		og_arena_new_n(c->arena, (size_t)w->nidentities + 1, struct og_arrival_identity);

	for (uint32_t i = 0; v && i < w->nidentities; i++)
		v[i] = (struct og_arrival_identity){
			.service_namespace = text(c, w->identities[i].service_namespace),
			.service_name = text(c, w->identities[i].service_name),
			.container = text(c, w->identities[i].container)};
	w->identities = v;
	return v != NULL;
}

static bool copy_pods(struct copying *c, struct og_arrival_workload *w)
{
	struct og_arrival_pod *v =
		og_arena_new_n(c->arena, (size_t)w->npods + 1, struct og_arrival_pod);

	for (uint32_t i = 0; v && i < w->npods; i++) {
		v[i] = w->pods[i];
		v[i].name = text(c, w->pods[i].name);
		v[i].revision = text(c, w->pods[i].revision);
	}
	w->pods = v;
	return v != NULL;
}

int og_audit_sends_keep(const struct og_audit_sends *from, struct og_coverage_row *row,
	struct og_arena *arena, struct og_err *err)
{
	struct og_audit_sends *s = og_arena_new(arena, struct og_audit_sends);
	struct copying c = {.arena = arena};

	if (!s)
		return og_err_set(err, OG_E_OOM, "keeping what is to arrive");
	*s = *from;
	s->w.ns = row->ns;
	s->w.kind = row->kind;
	s->w.name = row->name;
	c.revision = s->w.revision = text(&c, from->w.revision);
	s->w.opted_in = true;
	s->seen = text(&c, from->seen);
	if (!copy_identities(&c, &s->w) || !copy_pods(&c, &s->w) || arena->failed)
		return og_err_set(err, OG_E_OOM, "keeping what is to arrive");
	row->sends = s;
	return 0;
}
