/* SPDX-License-Identifier: Apache-2.0 */
/* All workloads of a stack judged by the answers in hand, and what has changed taken over. */
#include "verify-priv.h"
#include "workloads-priv.h"
#include "otelgate/core/explore.h"

enum { KEEP_CYCLES = 3, MARK_BYTES = 1 << 20, QUERY_BYTES = 4096, LINK_BYTES = 4096 };
static const uint64_t SEED = 0x7665726469637400ULL;

struct judging {
	struct verify_part *p;
	struct verify_part_stack *s;
	struct workload_entry **entries;
	struct og_arrival_workload *workloads;
	uint32_t n;
	struct og_arrival_evidence evidence;
	struct og_arrival_params params;
	struct og_explore_stack grafana;
	struct og_sv cluster;
	struct og_stars_facts *stars; /* of each */
};

/* What shows a verdict. */
struct shown {
	struct og_sv query, explore;
};

/* ---- what goes in ---- */

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

static bool gather(struct judging *j)
{
	struct og_map *map = &j->p->c->workloads->map;
	struct og_arena *a = &j->p->arena;
	size_t most = og_map_count(map) ? og_map_count(map) : 1;
	struct og_sv stack = og_svz(j->s->name);

	j->entries = og_arena_new_n(a, most, struct workload_entry *);
	j->workloads = og_arena_new_n(a, most, struct og_arrival_workload);
	if (!j->entries || !j->workloads)
		return false;
	og_map_for (map, e) {
		struct workload_entry *w = e->value;
		if (!w->w || !w->arrival.facts || !og_sv_eq(w->arrival.facts->stack, stack))
			continue;
		j->entries[j->n] = w;
		j->workloads[j->n++] = w->arrival.facts->w;
	}
	return true;
}

/* Without a token nobody is asked, and that is why nothing is known. */
static void without_token(struct judging *j, const struct og_stack *spec)
{
	const struct og_cfg_query *const of[OG_GF_COUNT_] = {
		[OG_GF_PROMETHEUS] = &spec->query.prometheus,
		[OG_GF_LOKI] = &spec->query.loki,
		[OG_GF_TEMPO] = &spec->query.tempo,
		[OG_GF_PYROSCOPE] = &spec->query.pyroscope};

	for (int i = 0; i < OG_GF_COUNT_; i++) {
		struct og_arrival_source *src =
			&j->evidence.source[og_verify_signal((enum og_gf_backend)i)];
		if (!of[i]->url.n && !spec->slug.n)
			continue;
		src->asked = true;
		src->why = j->s->token_why ? j->s->token_why : "NotAskedYet";
		src->message = og_svz(j->s->token_message);
		src->finding = j->s->token_finding;
	}
}

static bool prepare(struct judging *j, const struct og_stack *spec)
{
	struct og_verify_stats stats = {0};
	struct og_err err = OG_ERR_INIT;
	int64_t window = spec->query.window_ms / 1000;
	bool there = og_verify_stats(j->p->engine, og_svz(j->s->name), &stats);
	int64_t keep = stats.turn_s * 2, cycles = KEEP_CYCLES * spec->query.interval_ms / 1000;

	keep = keep > cycles ? keep : cycles;
	j->params = (struct og_arrival_params){
		.now_s = og_clock_wall_ns(og_loop_clock(j->p->c->loop)) / OG_NS_PER_S,
		.freshness_s = spec->query.freshness_ms / 1000,
		.grace_s = spec->query.grace_ms / 1000,
		.window_s = window,
		.keep_s = keep > window ? keep : window};
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		j->params.sight[i] = j->s->written[i].sight;
	if (!gather(j) || og_verify_evidence(j->p->engine, og_svz(j->s->name), &j->p->arena,
				  &j->evidence, &err) < 0)
		return false;
	if (!there)
		without_token(j, spec);
	struct og_sv grafana = spec->query.grafana_url;
	if (!grafana.n)
		grafana = og_verify_grafana(j->p->engine, og_svz(j->s->name));
	j->cluster = spec->cluster_name;
	j->grafana = (struct og_explore_stack){.url = grafana, .slug = slug_of(spec)};
	return true;
}

/* ---- the evidence, for people ---- */

static void show(const struct judging *j, const struct og_arrival_workload *w,
	const struct og_arrival_verdict *v, struct og_arena *a, struct shown *ret)
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

	*ret = (struct shown){OG_SV(""), OG_SV("")};
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
		ret->query = og_arena_sv(a, og_buf_view(&query));
	if (og_explore_link(v->signal, &t, &j->grafana, &link, NULL) == 0)
		ret->explore = og_arena_sv(a, og_buf_view(&link));
}

/* ---- what comes out ---- */

static uint64_t mark_of(const struct og_arrival_result *r, const struct og_findings *f,
	const struct shown *shown, const struct og_stars_facts *stars)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(MARK_BYTES);

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_arrival_verdict *v = &r->signal[i];
		og_buf_fmt(&b, "%d %s %s %d %d %d %d %d %u/%u %.*s\n", (int)v->state, v->reason,
			v->finding ? v->finding : "", (int)v->tie, (int)v->trust, (int)v->route,
			v->expected, v->covers_known, v->covered, v->of, OG_SV_ARG(v->message));
		og_buf_str(&b, v->cause ? v->cause : "");
		for (uint32_t k = 0; k < v->nsilent; k++)
			og_buf_fmt(&b, " %.*s", OG_SV_ARG(v->silent[k]));
		og_buf_sv(&b, shown[i].query);
		og_buf_sv(&b, shown[i].explore);
	}
	for (uint32_t i = 0; i < f->n; i++)
		og_buf_fmt(&b, "\n%s %.*s", f->v[i].def->id, OG_SV_ARG(f->v[i].detail));
	verify_stars_mark(r, stars, &b);
	return og_hash64(SEED, og_buf_view(&b)) ^ b.failed;
}

static void copy_text(struct og_sv *s, char **at)
{
	if (s->n)
		memcpy(*at, s->p, s->n);
	s->p = *at;
	*at += s->n;
}

static uint32_t nfindings(const struct og_findings *f)
{
	return f->n < ARRIVAL_FINDINGS ? f->n : ARRIVAL_FINDINGS;
}

static struct arrival_said *keep(
	const struct og_arrival_result *r, const struct og_findings *f, const struct shown *shown)
{
	size_t text = 0, nsilent = 0;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_arrival_verdict *v = &r->signal[i];
		text += v->message.n + shown[i].query.n + shown[i].explore.n;
		nsilent += v->nsilent;
		for (uint32_t k = 0; k < v->nsilent; k++)
			text += v->silent[k].n;
	}
	for (uint32_t i = 0; i < nfindings(f); i++)
		text += f->v[i].detail.n;
	struct arrival_said *s = og_malloc(sizeof(*s) + nsilent * sizeof(struct og_sv) + text);
	if (!s)
		return NULL;
	struct og_sv *silent = (struct og_sv *)(s + 1);
	char *at = (char *)(silent + nsilent);
	*s = (struct arrival_said){.nfindings = nfindings(f)};
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_arrival_verdict *v = &r->signal[i];
		struct arrival_signal *to = &s->signal[i];
		*to = (struct arrival_signal){.state = v->state,
			.reason = v->reason,
			.finding = v->finding,
			.why = v->why,
			.cause = v->cause,
			.message = v->message,
			.tie = v->tie,
			.trust = v->trust,
			.route = v->route,
			.expected = v->expected,
			.kept = v->kept,
			.covers_known = v->covers_known,
			.regressed = v->regressed,
			.old_sending = v->old_sending,
			.shared = v->shared,
			.covered = v->covered,
			.of = v->of,
			.silent = silent,
			.nsilent = v->nsilent,
			.query = shown[i].query,
			.explore = shown[i].explore};
		copy_text(&to->message, &at);
		copy_text(&to->query, &at);
		copy_text(&to->explore, &at);
		for (uint32_t k = 0; k < v->nsilent; k++) {
			silent[k] = v->silent[k];
			copy_text(&silent[k], &at);
		}
		silent += v->nsilent;
	}
	for (uint32_t i = 0; i < s->nfindings; i++) {
		s->findings[i] = (struct og_telemetry_finding){f->v[i].def->id, f->v[i].detail};
		copy_text(&s->findings[i].message, &at);
	}
	return s;
}

static void take(struct judging *j, uint32_t i, const struct og_arrival_result *r,
	const struct og_findings *f, struct og_arena *arena)
{
	struct workload_entry *e = j->entries[i];
	struct arrival *a = &e->arrival;
	struct shown shown[OG_SIGNAL_COUNT_];

	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		show(j, &a->facts->w, &r->signal[s], arena, &shown[s]);
	verify_stars_of(&a->facts->w, r, f, &j->stars[i]);
	if (og_loop_now_ns(j->p->c->loop) < a->rare_until_ns)
		og_stars_facts_add(&j->stars[i], &a->rare);
	uint64_t mark = mark_of(r, f, shown, &j->stars[i]);

	verify_say(j->p, e->w, &a->facts->w, &a->memory, r);
	a->memory = r->memory;
	if (!a->said || a->said->mark != mark) {
		struct arrival_said *said = keep(r, f, shown);
		if (!said)
			return; /* the next cycle tries again */
		said->mark = mark;
		said->stars = j->stars[i];
		og_free(a->said);
		a->said = said;
		if (!e->changed_ns)
			e->changed_ns = og_loop_now_ns(j->p->c->loop);
		(void)controller_enqueue(j->p->c, PART_WORKLOADS, e->w->key, OG_QUEUE_USER);
	} else if (arrival_due(j->p->c, a)) {
		(void)controller_enqueue(j->p->c, PART_WORKLOADS, e->w->key, OG_QUEUE_LOW);
	}
}

static int judge_all(struct judging *j, struct og_err *err)
{
	struct og_arena *a = &j->p->arena;
	struct og_arrival_index *ix = NULL;
	og_auto_arena struct og_arena one;
	int r = og_arrival_index_new(j->workloads, j->n, &j->evidence, SEED, a, &ix, err);

	const struct og_stars_many many = {.workloads = j->workloads,
		.n = j->n,
		.index = ix,
		.arrival = &j->evidence,
		.seed = SEED};
	if (r == 0 && !(j->stars = verify_stars(j->p, j->s, &many, err)))
		r = -(int)err->code;
	og_arena_init(&one, 0, 0);
	for (uint32_t i = 0; i < j->n && r == 0; i++) {
		struct og_arrival_result result;
		struct og_findings findings = {0};
		r = og_arrival_judge(ix, i, &j->entries[i]->arrival.memory, &j->params, &one,
			&result, &findings, err);
		for (int k = 0; k < OG_SIGNAL_COUNT_ && r == 0; k++)
			verify_written_explain(j->s, &result.signal[k], &one);
		if (r == 0)
			take(j, i, &result, &findings, &one);
		og_arena_reset(&one);
	}
	return r;
}

void verify_judge(struct verify_part *p, struct verify_part_stack *s)
{
	struct judging j = {.p = p, .s = s};
	const struct og_stack *spec = verify_stack_spec(p, og_svz(s->name));
	struct og_err err = OG_ERR_INIT;
	int64_t begun = og_loop_now_ns(p->c->loop);

	if (!spec)
		return;
	if (!prepare(&j, spec))
		(void)og_err_set(&err, OG_E_OOM, "out of memory");
	if (err.code == 0)
		(void)judge_all(&j, &err);
	if (err.code == 0)
		(void)verify_strangers(p, s, &j.evidence, &err);
	if (err.code != 0)
		og_log_limited(OG_SV("judge"), 60000, OG_LOG_ERROR, "verify", "not judged",
			og_lf_str("stack", s->name), og_lf_err(&err));
	og_arena_reset(&p->arena);
	s->judged_ns = og_loop_now_ns(p->c->loop);
	s->took_ns = s->judged_ns - begun;
	og_metric_set(p->c->m, OG_CM_VERIFY_SECONDS, (double)s->took_ns / (double)OG_NS_PER_S,
		OG_LABELS(s->name));
	verify_count(p);
}
