/* SPDX-License-Identifier: Apache-2.0 */
/* What the judgement of arrival needs to know of a workload, as its pass has found it. */
#include "otelgate/core/expect.h"
#include "verify-priv.h"
#include "workloads-priv.h"

enum {
	MARK_BYTES = 4 << 20,
	RARE_MS = 2 * 3600000, /* each rare question is asked once an hour */
};
static const uint64_t SEED = 0x6172726976616cULL;

void arrival_fini(struct arrival *a)
{
	og_free(a->facts);
	og_free(a->said);
	*a = (struct arrival){0};
}

int pass_expect(struct pass *p, const struct og_plan *plan, struct og_err *err)
{
	struct og_arrival_workload *w = &p->arrival;
	struct og_expectation x;

	if (!p->found.stack.n || !controller_verifies(p->c, p->found.stack))
		return 0;
	int r = og_expect(plan, p->arena, &x, err);
	if (r < 0)
		return r;
	p->verified = true;
	p->profiles = x.profiles;
	w->identities = x.identities;
	w->nidentities = x.nidentities;
	memcpy(w->ask, x.ask, sizeof(w->ask));
	return 0;
}

/* ---- in one block ---- */

/* Every text of it, in a fixed order. */
struct texts {
	struct og_sv **v;
	size_t n;
};

static bool texts_of(struct og_arrival_workload *w, struct og_arrival_identity *ids,
	struct og_arrival_pod *pods, struct og_arena *arena, struct texts *ret)
{
	size_t max = 8 + (size_t)w->nidentities * 3 + (size_t)w->npods * 2;

	ret->n = 0;
	ret->v = og_arena_new_n(arena, max, struct og_sv *);
	if (!ret->v)
		return false;
	ret->v[ret->n++] = &w->ns;
	ret->v[ret->n++] = &w->kind;
	ret->v[ret->n++] = &w->name;
	ret->v[ret->n++] = &w->revision;
	for (uint32_t i = 0; i < w->nidentities; i++) {
		ret->v[ret->n++] = &ids[i].service_namespace;
		ret->v[ret->n++] = &ids[i].service_name;
		ret->v[ret->n++] = &ids[i].container;
	}
	for (uint32_t i = 0; i < w->npods; i++) {
		ret->v[ret->n++] = &pods[i].name;
		if (!og_sv_eq(pods[i].revision, w->revision)) /* else it is that one */
			ret->v[ret->n++] = &pods[i].revision;
	}
	return true;
}

static size_t aligned(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

static uint64_t mark_of(const struct og_arrival_workload *w, struct og_sv stack,
	enum og_profiles_state profiles, const struct texts *t)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(MARK_BYTES);
	const int64_t numbers[] = {(int64_t)w->life, w->reuses_names, w->scaled_to_zero,
		w->suspended, w->finished, w->run_s, w->finished_s, w->opted_in_s, w->rolled_out_s,
		(int64_t)profiles, w->npods, w->nidentities};

	og_buf_add(&b, numbers, sizeof(numbers));
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++) {
		const struct og_arrival_ask *k = &w->ask[s];
		og_buf_fmt(
			&b, "%d %d %d %g\n", (int)k->mode, (int)k->exporter, (int)k->via, k->ratio);
	}
	og_buf_sv(&b, stack);
	for (size_t i = 0; i < t->n; i++) {
		og_buf_ch(&b, '\0');
		og_buf_sv(&b, *t->v[i]);
	}
	for (uint32_t i = 0; i < w->npods; i++) {
		const int64_t pod[] = {w->pods[i].started_s, (int64_t)w->pods[i].class_,
			w->pods[i].ready, og_sv_eq(w->pods[i].revision, w->revision)};
		og_buf_add(&b, pod, sizeof(pod));
	}
	return og_hash64(SEED, og_buf_view(&b)) ^ b.failed;
}

static struct arrival_facts *keep(struct pass *p, const struct texts *t, uint64_t mark)
{
	const struct og_arrival_workload *w = &p->arrival;
	size_t ids = aligned(w->nidentities * sizeof(*w->identities));
	size_t pods = aligned(w->npods * sizeof(*w->pods)), text = p->found.stack.n;
	struct texts copies;

	for (size_t i = 0; i < t->n; i++)
		text += t->v[i]->n;
	size_t bytes = aligned(sizeof(struct arrival_facts)) + ids + pods + text;
	struct arrival_facts *f = og_malloc(bytes);
	if (!f)
		return NULL;
	char *at = (char *)f + aligned(sizeof(*f));
	*f = (struct arrival_facts){.w = *w, .profiles = p->profiles, .mark = mark, .bytes = bytes};
	struct og_arrival_identity *new_ids = (struct og_arrival_identity *)(void *)at;
	struct og_arrival_pod *new_pods = (struct og_arrival_pod *)(void *)(at + ids);
	if (w->nidentities)
		memcpy(new_ids, w->identities, w->nidentities * sizeof(*new_ids));
	if (w->npods)
		memcpy(new_pods, w->pods, w->npods * sizeof(*new_pods));
	f->w.identities = new_ids;
	f->w.pods = new_pods;
	if (!texts_of(&f->w, new_ids, new_pods, p->arena, &copies)) {
		og_free(f);
		return NULL;
	}
	at += ids + pods;
	for (size_t i = 0; i < copies.n; i++) {
		if (copies.v[i]->n)
			memcpy(at, copies.v[i]->p, copies.v[i]->n);
		copies.v[i]->p = at;
		at += copies.v[i]->n;
	}
	for (uint32_t i = 0; i < w->npods; i++)
		if (og_sv_eq(w->pods[i].revision, w->revision))
			new_pods[i].revision = f->w.revision;
	memcpy(at, p->found.stack.p, p->found.stack.n);
	f->stack = og_sv(at, p->found.stack.n);
	return f;
}

/* ---- what was known before this process ---- */

/* As workload_received.c writes it. */
static void restore(struct pass *p, struct arrival *a)
{
	struct og_arrival_memory memory;
	bool has_stars = false;
	uint64_t mark = 0;

	if (a->restored)
		return;
	a->restored = true;
	a->written_ns = og_loop_now_ns(p->c->loop);
	bool is = og_verify_seen_read(p->has_seen ? p->seen.seen_text : OG_SV(""), p->in.now_s,
		&mark, &a->rare, &has_stars, &memory);
	if (has_stars)
		a->rare_until_ns = a->written_ns + RARE_MS * OG_NS_PER_MS;
	if (!is)
		return;
	a->memory = memory;
	a->written = memory;
	a->written_mark = mark;
}

int pass_arrival(struct pass *p, struct og_err *err)
{
	struct og_arrival_workload *w = &p->arrival;
	struct arrival *a = &p->entry->arrival;
	struct texts t;

	if (!p->verified) {
		if (a->facts)
			arrival_fini(a);
		return 0;
	}
	w->ns = p->ref.ns;
	w->kind = p->ref.kind;
	w->name = p->ref.name;
	w->opted_in = true;
	w->revision = og_svz(p->found.revision);
	w->opted_in_s = p->status_created_s;
	if (og_expect_pods(&p->in, &p->result, p->record.created_s, p->arena, w, err) < 0 ||
		!texts_of(w, (struct og_arrival_identity *)(uintptr_t)w->identities,
			(struct og_arrival_pod *)(uintptr_t)w->pods, p->arena, &t))
		return og_err_set(err, OG_E_OOM, "looking at what is to arrive");
	restore(p, a);
	uint64_t mark = mark_of(w, p->found.stack, p->profiles, &t);
	if (a->facts && a->facts->mark == mark)
		return 0;
	struct arrival_facts *f = keep(p, &t, mark);
	if (!f)
		return og_err_set(err, OG_E_OOM, "keeping what is to arrive");
	og_free(a->facts);
	a->facts = f;
	verify_soon(p->c, p->found.stack);
	return 0;
}
