/* SPDX-License-Identifier: Apache-2.0 */
/* Services that arrive under the cluster's name, and that no opted-in workload explains: for the
 * status of the stack. */
#include "otelgate/base/harmless.h"
#include "otelgate/codec/jwrite.h"
#include "verify-priv.h"
#include "workloads-priv.h"

enum { NAMES = 10, PART_BYTES = 100, JSON_BYTES = 8192 };
static const uint64_t SEED = 0x737472616e676572ULL;

/* Workloads of all stacks: what is another one's is no stranger. Their number; NULL without
 * memory. */
static struct og_arrival_workload *everybody(struct verify_part *p, uint32_t *ret_n)
{
	struct og_map *map = &p->c->workloads->map;
	size_t most = og_map_count(map) ? og_map_count(map) : 1;
	struct og_arrival_workload *all =
		og_arena_new_n(&p->arena, most, struct og_arrival_workload);

	*ret_n = 0;
	og_map_for (map, e) {
		const struct workload_entry *w = e->value;
		if (all && w->w && w->arrival.facts)
			all[(*ret_n)++] = w->arrival.facts->w;
	}
	return all;
}

/* "shop/legacy in namespace shop: metrics, traces" */
static void put_name(
	const struct og_arrival_stranger *s, struct og_arena *arena, struct og_buf *out)
{
	/* Whoever may write telemetry has chosen them. */
	struct og_sv ns = og_harmless(s->k8s_namespace, PART_BYTES, arena);
	struct og_sv sns = og_harmless(s->service_namespace, PART_BYTES, arena);
	struct og_sv name = og_harmless(s->service_name, PART_BYTES, arena);
	og_auto_buf struct og_buf b = OG_BUF_INIT(1024);
	const char *comma = ": ";

	if (sns.n)
		og_buf_fmt(&b, "%.*s/", OG_SV_ARG(sns));
	og_buf_sv(&b, name);
	if (ns.n)
		og_buf_fmt(&b, " in namespace %.*s", OG_SV_ARG(ns));
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		if (!s->signals[i])
			continue;
		og_buf_fmt(&b, "%s%s", comma, og_signal_name((enum og_signal)i));
		comma = ", ";
	}
	out->failed |= b.failed;
	og_jw_str(out, og_buf_view(&b));
}

static void keep(struct verify_part_stack *s, const struct og_arrival_stranger *v, uint32_t n,
	uint32_t total)
{
	struct og_buf b = OG_BUF_INIT(JSON_BYTES);

	og_buf_fmt(&b, "{\"count\":%u,\"first\":[", total);
	for (uint32_t i = 0; i < n; i++) {
		og_buf_str(&b, i ? "," : "");
		put_name(&v[i], &s->p->arena, &b);
	}
	og_buf_lit(&b, "]}");
	char *text = total ? og_buf_take(&b) : NULL;
	og_buf_fini(&b);
	if (total && !text)
		return; /* the next cycle tries again */
	og_free(s->strangers);
	s->strangers = text;
	s->strangers_known = true;
	og_metric_set(s->p->c->m, OG_CM_STRANGERS, total, OG_LABELS(s->name));
}

int verify_strangers(struct verify_part *p, struct verify_part_stack *s,
	const struct og_arrival_evidence *evidence, struct og_err *err)
{
	const struct og_stack *spec = verify_stack_spec(p, og_svz(s->name));
	struct og_arrival_stranger *v = NULL;
	struct og_arrival_index *ix = NULL;
	uint32_t nall, n = 0, total = 0;
	bool answered = false;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		answered |= evidence->source[i].answered;
	/* Without the cluster's name, other clusters' services would be strangers here. */
	if (!spec || (spec->cluster_name.n && !answered))
		return 0;
	if (!spec->cluster_name.n) {
		keep(s, NULL, 0, 0);
		return 0;
	}
	struct og_arrival_workload *all = everybody(p, &nall);
	if (!all)
		return og_err_set(err, OG_E_OOM, "looking for strangers");
	int r = og_arrival_index_new(all, nall, evidence, SEED, &p->arena, &ix, err);
	if (r == 0)
		r = og_arrival_strangers(ix, NAMES, &p->arena, &v, &n, &total, NULL, err);
	if (r == 0)
		keep(s, v, n, total);
	return r;
}

struct og_sv verify_strangers_json(struct controller *c, struct og_sv stack, bool *ret_known)
{
	const struct verify_part_stack *s = c->verify ? verify_stack_find(c->verify, stack) : NULL;

	*ret_known = !s || s->strangers_known; /* what is not verified has none */
	return og_svz(s ? s->strangers : NULL);
}
