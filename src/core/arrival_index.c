/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may have sent what: workloads claim their pods, names and revisions, and every row is asked
 * once (arrival_join.c).
 */
#include "arrival-priv.h"

#include "otelgate/base/mem.h"

enum { INDEX_MAX = 1 << 26 };

/* The parts with their lengths: no two lists of parts have one key, whatever they hold. */
bool ar_key(
	char buf[AR_KEY_BYTES], char kind, const struct og_sv *parts, size_t n, struct og_sv *ret)
{
	size_t at = 0;
	buf[at++] = kind;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].n > AR_KEY_BYTES - 4 || at + 2 + parts[i].n > AR_KEY_BYTES)
			return false;
		buf[at++] = (char)(unsigned char)(parts[i].n & 0xff);
		buf[at++] = (char)(unsigned char)(parts[i].n >> 8);
		if (parts[i].n)
			memcpy(buf + at, parts[i].p, parts[i].n);
		at += parts[i].n;
	}
	*ret = og_sv(buf, at);
	return true;
}

static bool name_key(char buf[AR_KEY_BYTES], enum ar_name_kind kind, struct og_sv ns,
	struct og_sv sns, struct og_sv name, struct og_sv *ret)
{
	const struct og_sv none = og_sv("", 0);
	const struct og_sv parts[] = {kind == AR_NAME_FULL || kind == AR_NAME_PLACE ? ns : none,
		kind == AR_NAME_FULL || kind == AR_NAME_PAIR ? sns : none, name};
	return ar_key(buf, (char)('a' + (int)kind), parts, 3, ret);
}

struct ar_name *ar_name_find(const struct og_arrival_index *ix, enum ar_name_kind kind,
	struct og_sv ns, struct og_sv sns, struct og_sv name)
{
	char buf[AR_KEY_BYTES];
	struct og_sv key;
	return name.n && name_key(buf, kind, ns, sns, name, &key) ? og_map_get(&ix->names, key)
								  : NULL;
}

/* ---- claims ---- */

/* False: out of memory. */
static bool claim(
	struct og_arrival_index *ix, struct og_map *m, struct og_sv key, uint32_t workload)
{
	bool fresh;
	struct og_map_entry *e = og_map_put(m, key, &fresh);
	if (!e)
		return false;
	struct ar_name *n = e->value;
	if (fresh) {
		n = og_arena_new(ix->arena, struct ar_name);
		if (!n)
			return false;
		for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
			n->shared[s] = n->ambiguous[s] = AR_NONE;
		n->first.workload = workload;
		n->last = &n->first;
		n->owners = 1;
		e->value = n;
		return true;
	}
	if (n->last->workload == workload)
		return true; /* of several containers; workloads come one after the other */
	struct ar_claim *c = og_arena_new(ix->arena, struct ar_claim);
	if (!c)
		return false;
	c->workload = workload;
	n->last->next = c;
	n->last = c;
	n->owners++;
	ix->any_twins = true;
	return true;
}

static bool claim_name(struct og_arrival_index *ix, enum ar_name_kind kind, uint32_t i)
{
	const struct og_arrival_workload *w = &ix->w[i];
	char buf[AR_KEY_BYTES];
	struct og_sv key;
	for (uint32_t k = 0; k < w->nidentities; k++) {
		const struct og_arrival_identity *id = &w->identities[k];
		if (id->service_name.n &&
			name_key(buf, kind, w->ns, id->service_namespace, id->service_name, &key) &&
			!claim(ix, &ix->names, key, i))
			return false;
	}
	return true;
}

static bool claim_object(struct og_arrival_index *ix, uint32_t i)
{
	const struct og_arrival_workload *w = &ix->w[i];
	char buf[AR_KEY_BYTES];
	struct og_sv key;
	const struct og_sv object[] = {w->ns, w->kind, w->name};
	return !ar_key(buf, 'o', object, 3, &key) || claim(ix, &ix->objects, key, i);
}

static bool claim_revision(struct og_arrival_index *ix, uint32_t i)
{
	const struct og_sv *r = &ix->w[i].revision;
	char buf[AR_KEY_BYTES];
	struct og_sv key;
	return !r->n || !ar_key(buf, 'r', r, 1, &key) || claim(ix, &ix->revisions, key, i);
}

/* Most rows name their pod: the other ways are built when the first row asks for them. */
void ar_ensure(struct og_arrival_index *ix, unsigned what)
{
	if (ix->built & 1u << what || ix->oom)
		return;
	ix->built |= 1u << what;
	for (uint32_t i = 0; i < ix->nw && !ix->oom; i++)
		ix->oom = what == AR_OBJECTS	 ? !claim_object(ix, i)
			  : what == AR_REVISIONS ? !claim_revision(ix, i)
						 : !claim_name(ix, (enum ar_name_kind)what, i);
}

static bool claim_pods(struct og_arrival_index *ix, uint32_t i, struct ar_pod **next)
{
	const struct og_arrival_workload *w = &ix->w[i];
	char buf[AR_KEY_BYTES];
	struct og_sv key;
	for (uint32_t k = 0; k < w->npods; k++) {
		const struct og_sv parts[] = {w->ns, w->pods[k].name};
		struct ar_pod *p = (*next)++;
		*p = (struct ar_pod){i, k};
		if (!ar_key(buf, 'p', parts, 2, &key))
			continue;
		bool fresh;
		struct og_map_entry *e = og_map_put(&ix->pods, key, &fresh);
		if (!e)
			return false;
		if (fresh)
			e->value = p;
	}
	return true;
}

/* For each signal: who should send it, and sends another one. */
static void count_others(struct og_arrival_index *ix)
{
	for (uint32_t i = 0; i < ix->nw; i++)
		for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
			const struct og_arrival_ask *a = &ix->w[i].ask[s];
			ix->others[s] += ix->w[i].opted_in && a->mode == OG_MODE_EXPECTED &&
					 a->exporter == OG_EXPORTER_OURS &&
					 (ix->mask[i] & ~(1u << s)) != 0;
		}
}

static int build(struct og_arrival_index *ix, uint64_t npods)
{
	struct og_arena *a = ix->arena;
	uint32_t nrows = ix->ev->nrows;
	struct ar_pod *pods = og_arena_new_n(a, npods ? npods : 1, struct ar_pod);
	ix->hits = og_arena_new_n(a, nrows ? nrows : 1, struct ar_hit);
	ix->head = og_arena_new_n(a, ix->nw ? ix->nw : 1, uint32_t);
	ix->load = og_arena_new_n(a, ix->nw ? ix->nw : 1, struct ar_load);
	ix->mask = og_arena_new_n(a, ix->nw ? ix->nw : 1, uint8_t);
	if (!pods || !ix->hits || !ix->head || !ix->load || !ix->mask)
		return -1;
	for (uint32_t i = 0; i < ix->nw; i++) {
		ix->head[i] = AR_NONE;
		if (!claim_pods(ix, i, &pods))
			return -1;
	}
	ar_ensure(ix, AR_NAME_PAIR);
	for (uint32_t i = 0; i < nrows; i++)
		ar_resolve(ix, i);
	for (uint32_t i = 0; i < ix->ev->ntraffic; i++)
		ar_add_load(ix, &ix->ev->traffic[i]);
	count_others(ix);
	return ix->oom ? -1 : 0;
}

int og_arrival_index_new(const struct og_arrival_workload *workloads, uint32_t nworkloads,
	const struct og_arrival_evidence *evidence, uint64_t seed, struct og_arena *arena,
	struct og_arrival_index **ret, struct og_err *err)
{
	uint64_t npods = 0;
	for (uint32_t i = 0; i < nworkloads; i++)
		npods += workloads[i].npods;
	if (nworkloads > INDEX_MAX || evidence->nrows > INDEX_MAX || npods > INDEX_MAX)
		return og_err_set(err, OG_E_LIMIT,
			"more than %d workloads, pods or rows in one check of arrival", INDEX_MAX);
	struct og_arrival_index *ix = og_arena_new(arena, struct og_arrival_index);
	if (ix) {
		ix->w = workloads;
		ix->nw = nworkloads;
		ix->ev = evidence;
		ix->arena = arena;
		og_map_init(&ix->pods, seed, arena);
		og_map_init(&ix->names, seed, arena);
		og_map_init(&ix->revisions, seed, arena);
		og_map_init(&ix->objects, seed, arena);
	}
	if (!ix || build(ix, npods))
		return og_err_set(err, OG_E_OOM, "out of memory joining telemetry to workloads");
	*ret = ix;
	return 0;
}

uint32_t ar_others(const struct og_arrival_index *ix, uint32_t self, uint32_t ret[3])
{
	const struct og_arrival_workload *w = &ix->w[self];
	uint32_t n = 0;
	for (uint32_t k = 0; ix->any_twins && k < w->nidentities && n < 3; k++) {
		const struct og_arrival_identity *id = &w->identities[k];
		const struct ar_name *name = ar_name_find(
			ix, AR_NAME_PAIR, og_sv("", 0), id->service_namespace, id->service_name);
		for (const struct ar_claim *c = name && name->owners > 1 ? &name->first : NULL;
			c && n < 3; c = c->next) {
			bool known = c->workload == self;
			for (uint32_t i = 0; i < n; i++)
				known |= ret[i] == c->workload;
			if (!known)
				ret[n++] = c->workload;
		}
	}
	return n;
}
