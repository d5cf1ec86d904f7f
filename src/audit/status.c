/* SPDX-License-Identifier: Apache-2.0 */
/* How workloads stand, from the stores of a session. */
#include "otelgate/audit/status.h"

#include <stdlib.h>
#include <string.h>
#include "otelgate/audit/look_row.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/kobj/workload.h"

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

enum { KEY_BYTES = 2048 };

struct reading {
	struct og_audit_session *s;
	const struct og_audit_status_ask *ask;
	struct og_arena *arena, scratch;
	struct og_audit_status out;
	struct og_map statuses; /* key → row + 1, of `said` */
	struct og_telemetry_row *said;
	struct og_audit_sight sight;
	struct og_cluster_config *held; /* may be NULL */
	const struct og_config *config; /* in force; may be NULL */
};

static struct og_sv key_of(char buf[KEY_BYTES], struct og_sv ns, struct og_sv group,
	struct og_sv kind, struct og_sv name)
{
	const struct og_sv parts[] = {ns, group, kind, name};
	struct og_sv key = OG_SV("");

	return og_sv_key(buf, KEY_BYTES, parts, OG_COUNT(parts), '\n', &key) ? key : OG_SV("");
}

/* ---- the controller's word ---- */

static bool wanted(const struct reading *r, const struct og_owner *o)
{
	return og_audit_targets_want(r->ask->targets, r->ask->ntargets, o->group, o->kind, o->name);
}

static int read_statuses(struct reading *r, struct og_err *err)
{
	struct og_store *store =
		og_cluster_store(r->s->cluster, OG_SV("otelgate.dev"), OG_SV(OG_TELEMETRY_KIND));
	struct og_record rec;
	uint32_t at = 0, n = 0;
	int rc = 0;

	r->out.nstatuses = og_store_count(store);
	r->said = og_arena_new_n(r->arena, r->out.nstatuses + 1, struct og_telemetry_row);
	if (!r->said)
		return og_err_set(err, OG_E_OOM, "reading statuses");
	while (rc == 0 && og_store_next(store, &at, &rec)) {
		struct og_owner owner;
		char buf[KEY_BYTES];
		/* Without an owner it is nobody's, and made by somebody else. */
		if (rec.deleting || !og_record_owner(&rec, &owner) || !wanted(r, &owner))
			continue;
		rc = add_status(&rec, &owner, &r->scratch, r->arena, &r->said[n], err);
		og_arena_reset(&r->scratch);
		if (rc == 0 && !og_map_set(&r->statuses,
				       key_of(buf, rec.ns, owner.group, owner.kind, owner.name),
				       &r->said[n]))
			rc = og_err_set(err, OG_E_OOM, "reading statuses");
		n += rc == 0;
	}
	r->out.rows = r->said;
	r->out.n = n;
	return rc;
}

/* ---- judged here ---- */

static void take_sight(struct reading *r)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	size_t n;

	r->sight = (struct og_audit_sight){.config = true,
		.pods = true,
		.namespaces = true,
		.config_given = r->ask->config != NULL,
		.sends = r->ask->backends != NULL};
	og_cluster_watches(r->s->cluster, w, &n);
	for (size_t i = 0; i < n; i++) {
		if (w[i].state == OG_WATCH_SYNCED || w[i].state == OG_WATCH_ABSENT)
			continue;
		if (strcmp(w[i].resource, "pods") == 0)
			r->sight.pods = false;
		else if (strcmp(w[i].resource, "namespaces") == 0)
			r->sight.namespaces = false;
		else if (strstr(w[i].resource, "grafanastacks") ||
			 strstr(w[i].resource, "telemetryprofiles"))
			r->sight.config = r->ask->config != NULL;
	}
}

/* The pods as they are now, in what the controller says. */
static bool take_pods(
	struct og_arena *arena, const struct og_telemetry_row *said, struct og_telemetry_row *row)
{
	struct og_coverage_row live = row->row;
	int64_t generation = row->generation;
	struct og_audit_sends *sends = row->row.sends;
	struct og_coverage_pod *pods = og_arena_new_n(arena, live.npod + 1, struct og_coverage_pod);

	*row = *said;
	row->generation = generation;
	row->row.sends = sends;
	if (sends)
		sends->seen = said->seen;
	if (!live.pods_seen || !pods)
		return pods;
	if (live.npod)
		memcpy(pods, live.pod, live.npod * sizeof(*pods));
	row->row.pods_seen = true;
	row->row.pods = live.pods;
	memcpy(row->row.classes, live.classes, sizeof(row->row.classes));
	row->row.pod = pods;
	row->row.npod = live.npod;
	og_coverage_pods_send(&row->row, pods, live.npod);
	return true;
}

static bool selected(struct reading *r, const struct og_record *rec)
{
	struct og_meta m;

	return !r->ask->selector.present ||
	       (og_record_meta(rec, &r->scratch, &m, NULL) == 0 &&
		       og_selector_match(&r->ask->selector, &m.labels));
}

static int add_look(struct reading *r, const struct og_cluster_kind *k, const struct og_record *rec,
	struct og_telemetry_row *to, struct og_err *err)
{
	const struct og_look l = {.cluster = r->s->cluster,
		.config = r->config,
		.arena = &r->scratch,
		.ns = rec->ns,
		.group = og_svz(k->group),
		.kind = og_svz(k->kind),
		.name = rec->name};
	const struct og_telemetry_row *said;
	char buf[KEY_BYTES];
	bool is = false;
	int rc = og_audit_look_row(&l, &r->sight, r->ask->now_s, r->arena, to, &is, err);

	if (rc < 0 || !is)
		return rc;
	said = og_map_remove(&r->statuses, key_of(buf, l.ns, l.group, l.kind, l.name));
	if (said && said->ready_reason[0] && !take_pods(r->arena, said, to))
		return og_err_set(err, OG_E_OOM, "looking at pods");
	if (to->row.opted_in || r->ask->everybody || r->ask->ntargets)
		r->out.n++;
	return 0;
}

/* What stands for itself: a pod of a ReplicaSet, and a ReplicaSet of a Deployment, do not. */
static bool is_own(const struct og_record *rec)
{
	struct og_owner o;

	return !rec->deleting && !(og_record_owner(rec, &o) && og_workload_kind(o.group, o.kind));
}

/* A row is large, and most objects of a cluster are owned pods: they get none. */
static size_t count_own(struct og_store *s)
{
	struct og_record rec;
	uint32_t at = 0;
	size_t n = 0;

	while (s && og_store_next(s, &at, &rec))
		n += is_own(&rec);
	return n;
}

static int look_at_kind(struct reading *r, const struct og_cluster_kind *k, struct og_err *err)
{
	struct og_store *s = og_cluster_store(r->s->cluster, og_svz(k->group), og_svz(k->kind));
	struct og_record rec;
	uint32_t at = 0;
	int rc = 0;

	while (rc == 0 && s && og_store_next(s, &at, &rec)) {
		const struct og_owner self = {
			.group = og_svz(k->group), .kind = og_svz(k->kind), .name = rec.name};
		if (!is_own(&rec) || !selected(r, &rec) || !wanted(r, &self))
			continue;
		rc = add_look(r, k, &rec, &r->out.rows[r->out.n], err);
		og_arena_reset(&r->scratch);
	}
	return rc;
}

/* Of workloads that may not be read, the controller's word alone. */
static void add_unseen(struct reading *r)
{
	og_map_for (&r->statuses, e)
		r->out.rows[r->out.n++] = *(const struct og_telemetry_row *)e->value;
}

static int look_at_all(struct reading *r, struct og_err *err)
{
	const struct og_cluster_kind *seen[OG_CLUSTER_WATCHES];
	size_t n, nseen = 0, most = og_map_count(&r->statuses);
	const struct og_cluster_kind *k = og_cluster_kinds(&n);
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		if (k[i].part & (OG_CLUSTER_WORKLOADS | OG_CLUSTER_PODSTATES) &&
			og_workload_kind(og_svz(k[i].group), og_svz(k[i].kind)))
			seen[nseen++] = &k[i];
	for (size_t i = 0; i < nseen; i++)
		most += count_own(og_cluster_store(
			r->s->cluster, og_svz(seen[i]->group), og_svz(seen[i]->kind)));
	take_sight(r);
	r->held = og_cluster_config(r->s->cluster);
	r->config = r->ask->config ? r->ask->config : r->held ? r->held->config : NULL;
	r->out.n = 0;
	r->out.rows = og_arena_new_n(r->arena, most + 1, struct og_telemetry_row);
	if (!r->out.rows)
		rc = og_err_set(err, OG_E_OOM, "looking at workloads");
	for (size_t i = 0; i < nseen && rc == 0; i++)
		rc = look_at_kind(r, seen[i], err);
	if (rc == 0 && !r->ask->selector.present)
		add_unseen(r);
	return rc;
}

/* ---- backends ---- */

static int ask_backends(struct reading *r, struct og_err *err)
{
	const struct og_audit_asking in = {.ask = r->ask->backends,
		.config = r->config,
		.loop = r->s->loop,
		.kube = r->s->kube,
		.ctx = r->s->o.ctx,
		.progress = r->s->o.progress};
	struct og_coverage_row **rows =
		og_arena_new_n(r->arena, (size_t)r->out.n + 1, struct og_coverage_row *);

	if (!rows)
		return og_err_set(err, OG_E_OOM, "asking backends");
	for (uint32_t i = 0; i < r->out.n; i++)
		rows[i] = &r->out.rows[i].row;
	int rc = og_audit_ask_rows(&in, rows, r->out.n, r->arena, &r->out.asked, err);
	for (uint32_t i = 0; i < r->out.n && rc == 0; i++)
		og_audit_ask_ready(&r->out.rows[i]);
	return rc;
}

int og_audit_status_rows(struct og_audit_session *s, const struct og_audit_status_ask *ask,
	struct og_arena *arena, struct og_audit_status *ret, struct og_err *err)
{
	struct reading r = {.s = s, .ask = ask, .arena = arena};
	bool all = og_cluster_store(s->cluster, OG_SV("apps"), OG_SV("Deployment"));

	og_arena_init(&r.scratch, 0, 0);
	og_map_init(&r.statuses, 0, NULL);
	int rc = read_statuses(&r, err);
	if (rc == 0 && all)
		rc = look_at_all(&r, err);
	if (rc == 0 && all && ask->backends)
		rc = ask_backends(&r, err);
	og_cluster_config_unref(r.held);
	for (uint32_t i = 0; i < r.out.n && rc == 0; i++)
		og_coverage_row_judge(&r.out.rows[i].row);
	if (rc == 0 && r.out.n)
		qsort(r.out.rows, r.out.n, sizeof(r.out.rows[0]), compare);
	og_map_fini(&r.statuses);
	og_arena_fini(&r.scratch);
	if (rc == 0)
		*ret = r.out;
	return rc;
}
