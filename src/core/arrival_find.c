/* SPDX-License-Identifier: Apache-2.0 */
/* The findings that go with verdicts: what is missing, and under which names telemetry arrives. */
#include "arrival-priv.h"

#include <stdlib.h>

enum { CLOCKS_DIFFER_S = 60 };

static struct og_sv place(struct ar_judge *j, enum og_signal s)
{
	const char *t = og_arena_fmt(j->arena, "signal %s", og_signal_name(s));
	return og_svz(t);
}

void ar_find(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	struct og_findings *f = j->findings;
	if (!f || og_findings_full(f))
		return;
	/* What is the stack's trouble is not repeated for each workload. */
	bool own = v->finding && strcmp(v->finding, "OG003") != 0 &&
		   j->why[o->s] != AR_UNANSWERED && !v->kept;
	if (own)
		og_findings_add(f, j->arena, v->finding, place(j, o->s), v->message);
	bool count = o->s == OG_SIGNAL_METRICS || o->s == OG_SIGNAL_PROFILES ||
		     (o->s == OG_SIGNAL_TRACES && j->traffic == AR_TRAFFIC_BUSY);
	if (v->silent_total && count && v->expected)
		og_findings_add(f, j->arena, "OG709", place(j, o->s), v->message);
	if (o->s == OG_SIGNAL_LOGS && o->routes[OG_ROUTE_STDOUT] && o->routes[OG_ROUTE_OTLP])
		og_findings_add(f, j->arena, "OG710", place(j, o->s),
			OG_SV("Lines of the same pods come over OTLP and from stdout."));
}

static struct og_sv said_name(struct ar_judge *j, const struct og_arrival_row *row)
{
	struct og_buf b = OG_BUF_INIT(AR_TEXT_MAX);
	if (!row->service_name.n) {
		ar_quote(&b, row->job);
	} else {
		if (row->service_namespace.n) {
			ar_quote(&b, row->service_namespace);
			og_buf_ch(&b, '/');
		}
		ar_quote(&b, row->service_name);
	}
	struct og_sv s = og_arena_sv(j->arena, og_buf_view(&b));
	og_buf_fini(&b);
	return s.p ? s : OG_SV("");
}

/* The first row in the order of texts of those that show one oddity. */
static void note(struct ar_judge *j, uint32_t worst[AR_ODD_COUNT_], unsigned odd, uint32_t i)
{
	const struct og_arrival_row *rows = j->ix->ev->rows;
	if (worst[odd] == AR_NONE || ar_row_cmp(&rows[i], &rows[worst[odd]]) < 0)
		worst[odd] = i;
}

static void look(struct ar_judge *j, uint32_t i, uint32_t worst[AR_ODD_COUNT_])
{
	const struct ar_hit *h = &j->ix->hits[i];
	const struct ar_one *o = &j->one[h->signal];
	bool ahead = h->last_s > o->asked_s + CLOCKS_DIFFER_S;
	if ((!h->odd && !ahead) || !o->usable || ar_row_belongs(j, o, h) != AR_CURRENT)
		return;
	for (unsigned odd = 0; odd < AR_ODD_COUNT_; odd++)
		if (h->odd & 1u << odd && (odd != AR_ODD_NO_PLACE || o->src->grouped_by_pod))
			note(j, worst, odd, i);
	if (ahead)
		note(j, worst, AR_ODD_AHEAD, i);
}

static void find_collision(struct ar_judge *j)
{
	struct og_buf b = OG_BUF_INIT(AR_TEXT_MAX);
	og_buf_lit(&b, "The same service.namespace and service.name have also: ");
	for (uint32_t i = 0; i < j->nothers; i++) {
		const struct og_arrival_workload *o = &j->ix->w[j->others[i]];
		if (i)
			og_buf_lit(&b, ", ");
		ar_quote(&b, o->kind);
		og_buf_ch(&b, ' ');
		ar_quote(&b, o->ns);
		og_buf_ch(&b, '/');
		ar_quote(&b, o->name);
	}
	og_buf_ch(&b, '.');
	struct og_sv s = og_arena_sv(j->arena, og_buf_view(&b));
	og_buf_fini(&b);
	if (s.p)
		og_findings_add(j->findings, j->arena, "OG803", OG_SV(""), s);
}

struct instance {
	struct og_sv id;
	uint32_t pod;
};

static int by_instance(const void *a, const void *b)
{
	const struct instance *x = a, *y = b;
	int c = og_sv_cmp(x->id, y->id);
	return c ? c : (x->pod > y->pod) - (x->pod < y->pod);
}

/* Two pods that say they are one: their series overwrite each other. */
static void find_one_instance(struct ar_judge *j)
{
	const struct ar_one *o = &j->one[OG_SIGNAL_METRICS];
	uint32_t n = 0, most = o->n[AR_CURRENT][AR_FRESH];
	if (most < 2)
		return;
	struct instance *all = og_arena_new_n(j->arena, most, struct instance);
	for (uint32_t i = j->ix->head[j->me]; all && i != AR_NONE; i = j->ix->hits[i].next) {
		const struct og_arrival_row *row = &j->ix->ev->rows[i];
		const struct ar_hit *h = &j->ix->hits[i];
		if (h->signal == OG_SIGNAL_METRICS && row->instance.n && h->pod != AR_NONE &&
			n < most && ar_row_age(o, h) == AR_FRESH &&
			ar_row_belongs(j, o, h) == AR_CURRENT)
			all[n++] = (struct instance){row->instance, h->pod};
	}
	if (n > 1)
		qsort(all, n, sizeof(*all), by_instance);
	for (uint32_t i = 1; i < n; i++) {
		if (all[i].pod == all[i - 1].pod || !og_sv_eq(all[i].id, all[i - 1].id))
			continue;
		og_findings_addf(j->findings, j->arena, "OG805", place(j, OG_SIGNAL_METRICS),
			"Pods %.*s and %.*s have the same service.instance.id.",
			OG_SV_ARG(j->w->pods[all[i - 1].pod].name),
			OG_SV_ARG(j->w->pods[all[i].pod].name));
		return;
	}
}

/* Of several containers with names of their own one may be silent: the pods seem to send all the
 * same. */
static void find_silent_container(struct ar_judge *j)
{
	const struct ar_one *o = &j->one[OG_SIGNAL_METRICS];
	const struct og_arrival_workload *w = j->w;
	if (w->nidentities < 2 || !o->n[AR_CURRENT][AR_FRESH] || o->src->partial ||
		o->ask->exporter != OG_EXPORTER_OURS || !ar_has_expectation(w))
		return;
	for (uint32_t k = 0; k < w->nidentities && !og_findings_full(j->findings); k++) {
		bool heard = false, named = true;
		const struct og_arrival_workload only = {
			.identities = &w->identities[k], .nidentities = 1};
		for (uint32_t i = j->ix->head[j->me]; i != AR_NONE; i = j->ix->hits[i].next) {
			const struct og_arrival_row *row = &j->ix->ev->rows[i];
			if (row->signal != OG_SIGNAL_METRICS)
				continue;
			heard |= ar_identity_has(&only, row);
			/* a name that is none of ours may be this one's */
			named &= ar_identity_has(w, row);
		}
		if (heard || !named)
			continue;
		struct og_buf b = OG_BUF_INIT(AR_TEXT_MAX);
		og_buf_lit(&b, "Container ");
		ar_quote(&b, w->identities[k].container);
		og_buf_lit(&b, " sends no metrics; others of its pods do.");
		struct og_sv text = og_arena_sv(j->arena, og_buf_view(&b));
		og_buf_fini(&b);
		if (text.p)
			og_findings_add(
				j->findings, j->arena, "OG709", place(j, OG_SIGNAL_METRICS), text);
	}
}

void ar_find_identity(struct ar_judge *j)
{
	static const struct {
		const char *id, *text;
	} rows[AR_ODD_COUNT_] = {
		[AR_ODD_UNKNOWN_SERVICE] = {"OG801", "arrives from its pods as"},
		[AR_ODD_OTHER_NAME] = {"OG802", "arrives from its pods as"},
		[AR_ODD_LITERAL] = {"OG307", "arrives with an attribute that holds \"$(\", as"},
		[AR_ODD_STAMPED] = {"OG804",
			"arrives with the Kubernetes attributes of another pod, as"},
		[AR_ODD_NO_PLACE] = {"OG804",
			"arrives without k8s.namespace.name and k8s.pod.name, as"},
		[AR_ODD_AHEAD] = {"OG004", "arrives with times to come, as"},
		[AR_ODD_NO_INSTANCE] = {"OG805", "arrives without service.instance.id, as"},
	};
	uint32_t worst[AR_ODD_COUNT_];
	for (unsigned t = 0; t < AR_ODD_COUNT_; t++)
		worst[t] = AR_NONE;
	if (!j->findings || og_findings_full(j->findings))
		return;
	if (j->nothers)
		find_collision(j);
	for (uint32_t i = j->ix->head[j->me]; i != AR_NONE; i = j->ix->hits[i].next)
		look(j, i, worst);
	find_one_instance(j);
	find_silent_container(j);
	for (unsigned t = 0; t < AR_ODD_COUNT_; t++) {
		if (worst[t] == AR_NONE)
			continue;
		const struct og_arrival_row *row = &j->ix->ev->rows[worst[t]];
		struct og_sv name = said_name(j, row);
		og_findings_addf(j->findings, j->arena, rows[t].id, place(j, row->signal),
			"It %s %.*s.", rows[t].text, OG_SV_ARG(name));
	}
}
