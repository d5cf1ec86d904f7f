/* SPDX-License-Identifier: Apache-2.0 */
/* The answers in hand, made ready for judging; and verdicts, for people. */
#include "otelgate/verify/verdict.h"

#include <string.h>
#include "otelgate/base/clock.h"

enum { KEEP_CYCLES = 3, QUERY_BYTES = 4096, LINK_BYTES = 4096 };

/* "https://acme.grafana.net": data sources are named by the slug. */
static struct og_sv slug_of(const struct og_stack *spec)
{
	static const char end[] = ".grafana.net";
	struct og_sv url = spec->query.grafana_url;

	if (spec->slug.n || !og_sv_starts(url, OG_SV("https://")))
		return spec->slug;
	url = og_sv(url.p + 8, url.n - 8);
	url.n = og_sv_chr(url, '/');
	size_t dot = og_sv_chr(url, '.');
	return og_sv_eq(og_sv(url.p + dot, url.n - dot), og_svz(end)) ? og_sv(url.p, dot)
								      : OG_SV("");
}

/* Who is not asked for want of a token: that is why nothing is known. */
static void without_token(const struct og_stack *spec, const struct og_verify_token *token,
	struct og_arrival_evidence *e)
{
	for (int i = 0; i < OG_GF_COUNT_; i++) {
		struct og_arrival_source *src = &e->source[og_verify_signal((enum og_gf_backend)i)];
		if (!og_verify_query_of(spec, (enum og_gf_backend)i)->url.n && !spec->slug.n)
			continue;
		src->asked = true;
		src->why = token->why ? token->why : "NotAskedYet";
		src->message = og_svz(token->message);
		src->finding = token->finding;
	}
}

int og_verify_prepare(const struct og_verify *v, const struct og_stack *spec,
	const struct og_verify_token *token, int64_t now_s, struct og_arena *arena,
	struct og_verify_judging *ret, struct og_err *err)
{
	struct og_verify_stats stats = {0};
	int64_t window = spec->query.window_ms / 1000;
	bool there = og_verify_stats(v, spec->name, &stats);
	int64_t keep = stats.turn_s * 2, cycles = KEEP_CYCLES * spec->query.interval_ms / 1000;
	struct og_sv grafana = spec->query.grafana_url;

	keep = keep > cycles ? keep : cycles;
	*ret = (struct og_verify_judging){.params = {.now_s = now_s,
						  .freshness_s = spec->query.freshness_ms / 1000,
						  .grace_s = spec->query.grace_ms / 1000,
						  .window_s = window,
						  .keep_s = keep > window ? keep : window}};
	int r = og_verify_evidence(v, spec->name, arena, &ret->evidence, err);
	if (r < 0)
		return r;
	if (!there)
		without_token(spec, token, &ret->evidence);
	if (!grafana.n)
		grafana = og_verify_grafana(v, spec->name);
	ret->cluster = spec->cluster_name;
	ret->grafana = (struct og_explore_stack){.url = grafana, .slug = slug_of(spec)};
	return 0;
}

void og_verify_show(const struct og_verify_judging *j, const struct og_arrival_workload *w,
	const struct og_arrival_verdict *v, struct og_arena *arena, struct og_verify_shown *ret)
{
	og_auto_buf struct og_buf query = OG_BUF_INIT(QUERY_BYTES), link = OG_BUF_INIT(LINK_BYTES);
	const struct og_arrival_row *row = v->has_evidence ? &v->evidence : NULL;
	const struct og_arrival_identity *id = w->nidentities ? &w->identities[0] : NULL;
	struct og_explore_target t = {.cluster = j->cluster,
		.ns = w->ns,
		.name = w->name,
		.service_namespace = OG_SV(""),
		.service_name = OG_SV(""),
		.revision = OG_SV(""),
		.route = v->route};

	*ret = (struct og_verify_shown){OG_SV(""), OG_SV("")};
	if (v->state == OG_AR_OFF || !j->evidence.source[v->signal].asked)
		return;
	if (row && row->service_name.n) {
		t.service_namespace = row->service_namespace;
		t.service_name = row->service_name;
	} else if (id && id->service_name.n) {
		t.service_namespace = id->service_namespace;
		t.service_name = id->service_name;
	}
	og_explore_query(v->signal, &t, &query);
	if (!query.failed)
		ret->query = og_arena_sv(arena, og_buf_view(&query));
	if (og_explore_link(v->signal, &t, &j->grafana, &link, NULL) == 0)
		ret->explore = og_arena_sv(arena, og_buf_view(&link));
}
