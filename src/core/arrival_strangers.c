/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of nobody who asked for injection: by name and place, with the workloads they may be of. */
#include "arrival-priv.h"

#include <stdlib.h>

/* What a probe has sent is of nobody, and no news. */
static bool probed(const struct og_arrival_row *row)
{
	struct og_sv name = row->service_name.n ? row->service_name : ar_job_name(row->job);
	return og_sv_is(name, OG_ARRIVAL_PROBE);
}

/* What is read of every pod from outside says nothing of who instrumented it. */
static bool collected(const struct ar_hit *h)
{
	return h->route == OG_ROUTE_STDOUT || h->route == OG_ROUTE_EBPF ||
	       h->route == OG_ROUTE_SCRAPE;
}

static bool strange(const struct og_arrival_index *ix, uint32_t i)
{
	const struct ar_hit *h = &ix->hits[i];
	if (h->workload == AR_NONE && probed(&ix->ev->rows[i]))
		return false;
	if (collected(h))
		return false;
	return h->workload == AR_NONE ? h->astray != AR_ASTRAY_NO : !ix->w[h->workload].opted_in;
}

struct item {
	const struct og_arrival_row *row;
	const struct ar_hit *hit;
	enum og_arrival_stranger_kind kind;
	struct og_sv ns, sns, name; /* ns: of Kubernetes */
};

static enum og_arrival_stranger_kind kind_of(
	const struct og_arrival_row *row, const struct ar_hit *h)
{
	if (ar_unknown_service(row))
		return OG_STRANGER_UNKNOWN_SERVICE;
	if (h->astray == AR_ASTRAY_AMBIGUOUS)
		return OG_STRANGER_AMBIGUOUS;
	if (h->astray == AR_ASTRAY_NAMESPACE)
		return OG_STRANGER_WRONG_NAMESPACE;
	if (h->workload != AR_NONE || (row->k8s_namespace.n && row->pod.n))
		return OG_STRANGER_NOT_OPTED_IN;
	return OG_STRANGER_NO_MATCH;
}

static struct item item_of(const struct og_arrival_index *ix, uint32_t i)
{
	const struct og_arrival_row *row = &ix->ev->rows[i];
	struct item it = {row, &ix->hits[i], kind_of(row, &ix->hits[i]), row->k8s_namespace,
		row->service_namespace, row->service_name};
	if (!it.name.n) {
		it.name = ar_job_name(row->job);
		it.sns = og_sv(row->job.p, row->job.n > it.name.n ? row->job.n - it.name.n - 1 : 0);
	}
	return it;
}

static int by_place(const struct item *x, const struct item *y)
{
	int c = og_sv_cmp(x->ns, y->ns);
	c = c ? c : og_sv_cmp(x->sns, y->sns);
	c = c ? c : og_sv_cmp(x->name, y->name);
	return c ? c : (int)x->kind - (int)y->kind;
}

static int by_place_and_pod(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int c = by_place(x, y);
	/* rows with a pod first: it stands for the group */
	c = c ? c : (x->row->pod.n == 0) - (y->row->pod.n == 0);
	c = c ? c : og_sv_cmp(x->row->pod, y->row->pod);
	c = c ? c : (int)x->row->signal - (int)y->row->signal;
	return c ? c : ar_row_cmp(x->row, y->row);
}

static void candidate(struct og_arrival_stranger *s, uint32_t w)
{
	for (uint32_t i = 0; i < s->ncandidates; i++)
		if (s->candidates[i] == w)
			return;
	if (s->ncandidates < OG_ARRIVAL_CANDIDATES)
		s->candidates[s->ncandidates++] = w;
}

static void candidates(const struct og_arrival_index *ix, const struct item *it, uint32_t n,
	struct og_arrival_stranger *s)
{
	static const enum ar_name_kind kinds[] = {AR_NAME_PAIR, AR_NAME_PLACE, AR_NAME_ALONE};
	for (uint32_t i = 0; i < n && s->ncandidates < OG_ARRIVAL_CANDIDATES; i++)
		if (it[i].hit->workload != AR_NONE)
			candidate(s, it[i].hit->workload);
	for (size_t k = 0; k < 3 && !s->ncandidates; k++) {
		const struct ar_name *name =
			ar_name_find(ix, kinds[k], it->row->k8s_namespace, it->sns, it->name);
		for (const struct ar_claim *c = name ? &name->first : NULL;
			c && s->ncandidates < OG_ARRIVAL_CANDIDATES; c = c->next)
			candidate(s, c->workload);
	}
	struct og_sv ns = it->row->k8s_namespace.n ? it->row->k8s_namespace : it->sns;
	for (uint32_t w = 0; w < ix->nw && !s->ncandidates && ns.n; w++)
		if (og_sv_eq(ix->w[w].ns, ns)) {
			for (; w < ix->nw && s->ncandidates < OG_ARRIVAL_CANDIDATES; w++)
				if (og_sv_eq(ix->w[w].ns, ns))
					candidate(s, w);
			return;
		}
}

static void tell(const struct og_arrival_index *ix, const struct og_arrival_stranger *s,
	struct og_arena *a, struct og_findings *f)
{
	static const char *const what[] = {
		[OG_STRANGER_UNKNOWN_SERVICE] = "arrives without a name",
		[OG_STRANGER_NOT_OPTED_IN] = "arrives, and nobody asked for its injection",
		[OG_STRANGER_WRONG_NAMESPACE] =
			"arrives from another namespace than the workload of that name",
		[OG_STRANGER_AMBIGUOUS] = "arrives under a job that several names fit",
		[OG_STRANGER_NO_MATCH] = "arrives, and no workload has that name",
	};
	if (og_findings_full(f))
		return;
	const struct og_sv parts[] = {s->service_namespace, s->service_name, s->k8s_namespace};
	char text[3][96];
	for (size_t k = 0; k < 3; k++) {
		size_t n = 0;
		for (size_t i = 0; i < parts[k].n && n + 1 < sizeof(text[k]); i++) {
			char c = parts[k].p[i];
			text[k][n++] = c > ' ' && c < 0x7f ? c : '?';
		}
		text[k][n] = '\0';
	}
	const char *like = "";
	if (s->ncandidates) {
		const struct og_arrival_workload *w = &ix->w[s->candidates[0]];
		like = og_arena_fmt(a, "; it may be of %.*s %.*s/%.*s", OG_SV_ARG(w->kind),
			OG_SV_ARG(w->ns), OG_SV_ARG(w->name));
	}
	const char *place =
		og_arena_fmt(a, "service %s%s%s", text[0], text[0][0] ? "/" : "", text[1]);
	og_findings_addf(f, a, s->kind == OG_STRANGER_UNKNOWN_SERVICE ? "OG801" : "OG806",
		og_svz(place), "Telemetry %s%s%s%s.", what[s->kind],
		text[2][0] ? ", namespace " : "", text[2], like ? like : "");
}

/* Traces do not tell their namespace (four attributes is all that Tempo groups by): a service of
 * the same names that does is the same one. False without memory. */
static bool place(struct item *items, uint32_t n, struct og_arena *arena)
{
	char buf[AR_KEY_BYTES];
	struct og_sv key;
	struct og_map told;

	og_map_init(&told, 0, arena);
	for (int turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < n; i++) {
			const struct og_sv parts[] = {items[i].sns, items[i].name};
			const struct item *as;
			if ((items[i].ns.n > 0) != (turn == 0) || !ar_key(buf, 's', parts, 2, &key))
				continue;
			if (turn == 0 && !og_map_set(&told, key, &items[i]))
				return false;
			if (turn == 0 || !(as = og_map_get(&told, key)))
				continue;
			items[i].ns = as->ns;
			if (items[i].kind == OG_STRANGER_NO_MATCH)
				items[i].kind = as->kind;
		}
	return true;
}

int og_arrival_strangers(const struct og_arrival_index *ix, uint32_t max, struct og_arena *arena,
	struct og_arrival_stranger **ret, uint32_t *ret_n, uint32_t *ret_total,
	struct og_findings *findings, struct og_err *err)
{
	uint32_t n = 0, total = 0, kept = 0;
	for (uint32_t i = 0; i < ix->ev->nrows; i++)
		n += strange(ix, i);
	struct item *items = og_arena_new_n(arena, n ? n : 1, struct item);
	uint32_t room = n < max ? n : max;
	struct og_arrival_stranger *out =
		og_arena_new_n(arena, room ? room : 1, struct og_arrival_stranger);
	if (!items || !out)
		return og_err_set(err, OG_E_OOM, "out of memory listing telemetry of strangers");
	n = 0;
	for (uint32_t i = 0; i < ix->ev->nrows; i++)
		if (strange(ix, i))
			items[n++] = item_of(ix, i);
	if (!place(items, n, arena))
		return og_err_set(err, OG_E_OOM, "out of memory listing telemetry of strangers");
	if (n)
		qsort(items, n, sizeof(*items), by_place_and_pod);
	for (uint32_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && !by_place(&items[i], &items[end]); end++)
			;
		total++;
		if (kept == room)
			continue;
		struct og_arrival_stranger *s = &out[kept++];
		*s = (struct og_arrival_stranger){.kind = items[i].kind,
			.service_namespace = items[i].sns,
			.service_name = items[i].name,
			.k8s_namespace = items[i].ns,
			.pod = items[i].row->pod,
			.rows = end - i};
		for (uint32_t k = i; k < end; k++)
			if ((unsigned)items[k].row->signal < OG_SIGNAL_COUNT_)
				s->signals[items[k].row->signal] = true;
		candidates(ix, &items[i], end - i, s);
		if (findings)
			tell(ix, s, arena, findings);
	}
	if (arena->failed)
		return og_err_set(err, OG_E_OOM, "out of memory listing telemetry of strangers");
	*ret = out;
	*ret_n = kept;
	*ret_total = total;
	return 0;
}
