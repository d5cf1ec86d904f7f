/* SPDX-License-Identifier: Apache-2.0 */
/* The stacks that are asked, and where they stand. */
#include "verify-priv.h"

#include <sys/random.h>

#define BIT(key) (1u << (key))
enum {
	COARSE = BIT(OG_GF_KEY_SERVICE_NAMESPACE) | BIT(OG_GF_KEY_SERVICE_NAME) |
		 BIT(OG_GF_KEY_K8S_NAMESPACE) | BIT(OG_GF_KEY_REVISION),
	COARSE_PYRO = COARSE | BIT(OG_GF_KEY_K8S_CLUSTER),
	COARSE_PROM = BIT(OG_GF_KEY_JOB) | BIT(OG_GF_KEY_K8S_NAMESPACE) | BIT(OG_GF_KEY_REVISION),
};

const struct verify_ask verify_asks[VERIFY_ASKS] = {
	{.name = "metrics",
		.backend = OG_GF_PROMETHEUS,
		.ask = OG_GF_PROM_ARRIVAL,
		.coarse = OG_GF_PROM_ARRIVAL,
		.coarse_by = COARSE_PROM},
	{.name = "requests",
		.backend = OG_GF_PROMETHEUS,
		.ask = OG_GF_PROM_REQUESTS,
		.coarse = OG_GF_PROM_REQUESTS,
		.coarse_by = COARSE_PROM,
		.fresh = true,
		.traffic = true},
	{.name = "logs",
		.backend = OG_GF_LOKI,
		.ask = OG_GF_LOKI_ARRIVAL,
		.coarse = OG_GF_LOKI_STREAMS,
		.coarse_whole = true},
	{.name = "logs-fresh",
		.backend = OG_GF_LOKI,
		.ask = OG_GF_LOKI_ARRIVAL,
		.coarse = OG_GF_LOKI_STREAMS,
		.coarse_whole = true,
		.fresh = true},
	{.name = "traces",
		.backend = OG_GF_TEMPO,
		.ask = OG_GF_TEMPO_ARRIVAL,
		.coarse = OG_GF_TEMPO_ARRIVAL,
		.coarse_by = COARSE},
	{.name = "traces-fresh",
		.backend = OG_GF_TEMPO,
		.ask = OG_GF_TEMPO_ARRIVAL,
		.coarse = OG_GF_TEMPO_ARRIVAL,
		.coarse_by = COARSE,
		.fresh = true},
	{.name = "profiles",
		.backend = OG_GF_PYROSCOPE,
		.any_cluster = true,
		.ask = OG_GF_PYRO_ARRIVAL,
		.coarse = OG_GF_PYRO_ARRIVAL,
		.coarse_by = COARSE_PYRO},
	{.name = "profiles-fresh",
		.backend = OG_GF_PYROSCOPE,
		.any_cluster = true,
		.ask = OG_GF_PYRO_ARRIVAL,
		.coarse = OG_GF_PYRO_ARRIVAL,
		.coarse_by = COARSE_PYRO,
		.fresh = true},
	{.name = "versions",
		.backend = OG_GF_PROMETHEUS,
		.ask = OG_GF_PROM_ARRIVAL,
		.by = BIT(OG_GF_KEY_JOB) | BIT(OG_GF_KEY_K8S_NAMESPACE) |
		      BIT(OG_GF_KEY_SERVICE_VERSION),
		.rare = true,
		.stars = OG_STARS_ASK_VERSIONS},
	{.name = "trace-share",
		.backend = OG_GF_LOKI,
		.ask = OG_GF_LOKI_TRACE_SHARE,
		.rare = true,
		.stars = OG_STARS_ASK_TRACE_SHARE},
	{.name = "exported",
		.backend = OG_GF_PROMETHEUS,
		.ask = OG_GF_PROM_EXPORTED,
		.rare = true,
		.stars = OG_STARS_ASK_EXPORTED},
	{.name = "export-failed",
		.backend = OG_GF_PROMETHEUS,
		.ask = OG_GF_PROM_EXPORT_FAILED,
		.rare = true,
		.stars = OG_STARS_ASK_EXPORT_FAILED},
	{.name = "collector",
		.backend = OG_GF_PROMETHEUS,
		.ask = OG_GF_PROM_COLLECTOR,
		.rare = true,
		.stars = OG_STARS_ASK_COLLECTOR},
	{.name = "exemplars",
		.backend = OG_GF_PROMETHEUS,
		.ask = OG_GF_PROM_EXEMPLARS,
		.rare = true,
		.stars = OG_STARS_ASK_EXEMPLARS},
};

/* ---- small things ---- */

struct verify_stack *verify_stack_of(const struct og_verify *v, struct og_sv name)
{
	struct verify_stack *s = v->stacks;

	while (s && !og_sv_eq(og_svz(s->name), name))
		s = s->next;
	return s;
}

int64_t verify_now_s(const struct og_verify *v)
{
	return og_clock_wall_ns(og_loop_clock(v->o.loop)) / OG_NS_PER_S;
}

/* xorshift64 (Marsaglia 2003): jitter, no secret. */
uint64_t verify_random(struct og_verify *v)
{
	v->rng ^= v->rng << 13;
	v->rng ^= v->rng >> 7;
	v->rng ^= v->rng << 17;
	return v->rng;
}

int og_verify_new(const struct og_verify_opts *o, struct og_verify **ret, struct og_err *err)
{
	struct og_verify *v = og_calloc(1, sizeof(*v));

	if (!v)
		return og_err_set(err, OG_E_OOM, "starting the verification");
	v->o = *o;
	if (!v->o.seed && getrandom(&v->o.seed, sizeof(v->o.seed), 0) < 0)
		v->o.seed = (uint64_t)og_clock_mono_ns(og_loop_clock(o->loop));
	v->rng = v->o.seed | 1;
	*ret = v;
	return 0;
}

/* ---- one stack ---- */

static void backend_fini(struct verify_backend *b)
{
	og_free(b->given_url);
	og_free(b->given_user);
	og_free(b->url);
	og_free(b->user);
	og_free(b->bad);
	og_free(b->message);
	og_free(b->worst_message);
}

static void stack_free(struct verify_stack *s)
{
	if (!s)
		return;
	og_timer_cancel(s->v->o.loop, &s->timer);
	og_gf_discovery_cancel(s->discovery);
	og_gf_client_free(s->client);
	verify_cycle_forget(s);
	for (int i = 0; i < VERIFY_ASKS; i++)
		verify_question_fini(&s->questions[i]);
	for (int i = 0; i < OG_GF_COUNT_; i++)
		backend_fini(&s->backend[i]);
	og_secret_fini(&s->token);
	og_free(s->name);
	og_free(s->cluster);
	og_free(s->ca);
	og_free(s->slug);
	og_free(s->discovery_url);
	og_free(s->grafana_url);
	og_free(s);
}

void og_verify_free(struct og_verify *v)
{
	if (!v)
		return;
	while (v->stacks) {
		struct verify_stack *s = v->stacks;
		v->stacks = s->next;
		stack_free(s);
	}
	og_free(v);
}

/* What cannot be asked is left out of the client, and says so. */
static void check_url(struct verify_backend *b, enum og_gf_backend which)
{
	og_auto_buf struct og_buf url = OG_BUF_INIT(4096), note = OG_BUF_INIT(4096);
	struct og_err err = OG_ERR_INIT;

	og_free(og_take(b->bad));
	if (b->url[0] && og_gf_base_url(which, og_svz(b->url), true, &url, &note, &err) < 0)
		(void)og_sv_set(&b->bad, og_svz(err.msg));
}

int verify_make_client(struct verify_stack *s, struct og_err *err)
{
	struct og_gf_client_opts o = {.loop = s->v->o.loop,
		.http = s->v->o.http,
		.ca_pem = og_svz(s->ca),
		.allow_http = true, /* what must not be is refused with the configuration */
		.interval_ms = s->request_ms,
		.metrics = s->v->o.metrics,
		.seed = verify_random(s->v)};

	for (int i = 0; i < OG_GF_COUNT_; i++) {
		struct verify_backend *b = &s->backend[i];
		check_url(b, (enum og_gf_backend)i);
		if (b->url[0] && !b->bad)
			o.backend[i] = (struct og_gf_endpoint){.url = og_svz(b->url),
				.user = og_svz(b->user),
				.token = s->has_token ? &s->token : NULL};
	}
	og_gf_client_free(og_take(s->client));
	return og_gf_client_new(&o, &s->client, err);
}

static bool same_token(const struct verify_stack *s, const struct og_secret *token)
{
	if (!token || !s->has_token)
		return !token == !s->has_token;
	return og_secret_eq(&s->token, og_secret_expose(token), og_secret_len(token));
}

/* Whether it is asked at the same places for the same things. */
static bool same_place(const struct verify_stack *s, const struct og_verify_spec *spec)
{
	bool same = og_sv_eq(og_svz(s->cluster), spec->cluster) &&
		    og_sv_eq(og_svz(s->ca), spec->ca_pem) &&
		    og_sv_eq(og_svz(s->slug), spec->slug) &&
		    og_sv_eq(og_svz(s->discovery_url), spec->discovery_url) &&
		    s->has_token == (spec->token != NULL) && s->request_ms == spec->request_ms;

	for (int i = 0; i < OG_GF_COUNT_ && same; i++)
		same = og_sv_eq(og_svz(s->backend[i].given_url), spec->url[i]) &&
		       og_sv_eq(og_svz(s->backend[i].given_user), spec->user[i]);
	return same;
}

static int fill_stack(struct verify_stack *s, const struct og_verify_spec *spec, struct og_err *err)
{
	bool ok = og_sv_set(&s->name, spec->stack) && og_sv_set(&s->ca, spec->ca_pem) &&
		  og_sv_set(&s->cluster, spec->cluster) && og_sv_set(&s->slug, spec->slug) &&
		  og_sv_set(&s->discovery_url, spec->discovery_url);

	for (int i = 0; i < OG_GF_COUNT_ && ok; i++) {
		struct verify_backend *b = &s->backend[i];
		b->configured = spec->url[i].n || spec->slug.n;
		b->since_s = verify_now_s(s->v);
		ok = og_sv_set(&b->given_url, spec->url[i]) &&
		     og_sv_set(&b->given_user, spec->user[i]) && og_sv_set(&b->url, spec->url[i]) &&
		     og_sv_set(&b->user, spec->user[i]) && og_sv_set(&b->message, OG_SV(""));
	}
	for (int i = 0; i < VERIFY_ASKS && ok; i++)
		ok = verify_question_init(&s->questions[i], &verify_asks[i]) == 0;
	if (!ok)
		return og_err_set(err, OG_E_OOM, "verifying a stack");
	s->request_ms = spec->request_ms;
	s->has_token = spec->token != NULL;
	int r = spec->token ? og_secret_set(&s->token, og_secret_expose(spec->token),
				      og_secret_len(spec->token), err)
			    : 0;
	return r < 0 ? r : verify_make_client(s, err);
}

static void take_times(struct verify_stack *s, const struct og_verify_spec *spec)
{
	s->interval_ms = spec->interval_ms;
	s->window_ms = spec->window_ms;
	s->freshness_ms = spec->freshness_ms;
}

static int add(struct og_verify *v, const struct og_verify_spec *spec, struct og_err *err)
{
	struct verify_stack *s = og_calloc(1, sizeof(*s));

	if (!s)
		return og_err_set(err, OG_E_OOM, "verifying a stack");
	s->v = v;
	int r = fill_stack(s, spec, err);
	if (r < 0) {
		stack_free(s);
		return r;
	}
	take_times(s, spec);
	s->seen = true;
	s->next = v->stacks;
	v->stacks = s;
	verify_cycle_soon(s);
	return 0;
}

static void drop(struct og_verify *v, struct verify_stack *s)
{
	struct verify_stack **at = &v->stacks;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	stack_free(s);
}

static int take(struct og_verify *v, const struct og_verify_spec *spec, struct og_err *err)
{
	struct verify_stack *s = verify_stack_of(v, spec->stack);

	if (s && !same_place(s, spec)) {
		drop(v, s);
		s = NULL;
	}
	if (!s)
		return add(v, spec, err);
	bool sooner = spec->interval_ms < s->interval_ms;
	s->seen = true;
	take_times(s, spec);
	if (!same_token(s, spec->token)) {
		int r = og_secret_set(
			&s->token, og_secret_expose(spec->token), og_secret_len(spec->token), err);
		if (r < 0)
			return r;
		sooner = true;
	}
	if (sooner)
		verify_cycle_soon(s);
	return 0;
}

int og_verify_set(
	struct og_verify *v, const struct og_verify_spec *specs, uint32_t n, struct og_err *err)
{
	int r = 0;

	for (struct verify_stack *s = v->stacks; s; s = s->next)
		s->seen = false;
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = take(v, &specs[i], err);
	for (struct verify_stack *s = v->stacks, *next; r == 0 && s; s = next) {
		next = s->next;
		if (!s->seen)
			drop(v, s);
	}
	return r;
}

bool og_verify_now(struct og_verify *v, struct og_sv stack)
{
	struct verify_stack *s = verify_stack_of(v, stack);

	if (!s)
		return false;
	if (s->cycling)
		s->again = true;
	else
		(void)og_timer_in(v->o.loop, &s->timer, 0, verify_cycle_begin, s);
	return true;
}

/* ---- where it stands ---- */

static uint32_t rows_of(const struct verify_question *q)
{
	uint32_t n = q->base ? q->base->nrows : 0;

	for (uint32_t i = 0; i < q->nparts; i++)
		n += q->parts[i].answer ? q->parts[i].answer->nrows : 0;
	return n;
}

bool og_verify_state(const struct og_verify *v, struct og_sv stack, enum og_gf_backend which,
	struct og_verify_state *ret)
{
	const struct verify_stack *s = verify_stack_of(v, stack);

	if (!s || (unsigned)which >= OG_GF_COUNT_)
		return false;
	const struct verify_backend *b = &s->backend[which];
	*ret = (struct og_verify_state){.configured = b->configured,
		.state = b->state,
		.why = b->why ? b->why : og_verify_word(OG_GF_UNASKED, OG_GF_WHY_NONE),
		.message = og_svz(b->message),
		.finding = b->finding,
		.since_s = b->since_s,
		.asked_s = b->asked_s,
		.took_ms = b->took_ms,
		.skew_ms = b->skew_ms};
	for (int i = 0; i < VERIFY_ASKS; i++) {
		const struct verify_question *q = &s->questions[i];
		if (q->ask->backend != which || q->ask->rare)
			continue;
		ret->rows += rows_of(q);
		ret->parts = q->nparts > ret->parts ? q->nparts : ret->parts;
		ret->coarse |= q->coarse;
	}
	return true;
}

bool og_verify_backend(const struct og_verify *v, struct og_sv stack, enum og_gf_backend b,
	struct og_sv *ret_url, struct og_sv *ret_user)
{
	const struct verify_stack *s = verify_stack_of(v, stack);
	const struct verify_backend *k = s ? &s->backend[b] : NULL;

	if (!k || !k->url || !k->url[0] || k->bad)
		return false;
	*ret_url = og_svz(k->url);
	*ret_user = og_svz(k->user);
	return true;
}

struct og_sv og_verify_grafana(const struct og_verify *v, struct og_sv stack)
{
	const struct verify_stack *s = verify_stack_of(v, stack);

	return og_svz(s ? s->grafana_url : NULL);
}

static uint64_t held(const struct verify_stack *s)
{
	uint64_t n = sizeof(*s);

	for (int i = 0; i < VERIFY_ASKS; i++) {
		const struct verify_question *q = &s->questions[i];
		n += q->base ? q->base->bytes : 0;
		for (uint32_t j = 0; j < q->nparts; j++)
			n += q->parts[j].answer ? q->parts[j].answer->bytes : 0;
	}
	return n;
}

bool og_verify_stats(const struct og_verify *v, struct og_sv stack, struct og_verify_stats *ret)
{
	const struct verify_stack *s = verify_stack_of(v, stack);

	if (!s)
		return false;
	*ret = s->stats;
	ret->held_bytes = held(s);
	return true;
}

/* ---- words ---- */

const char *og_verify_word(enum og_gf_state s, enum og_gf_why why)
{
	static const char *const causes[OG_GF_WHY_COUNT_] = {
		[OG_GF_WHY_SCOPE] = "ScopeMissing",
		[OG_GF_WHY_EXPIRED] = "TokenExpired",
		[OG_GF_WHY_REDIRECT] = "Redirected",
		[OG_GF_WHY_WEB_PAGE] = "WebPage",
		[OG_GF_WHY_TOO_LARGE] = "AnswerTooLarge",
		[OG_GF_WHY_TIMEOUT] = "TimedOut",
		[OG_GF_WHY_CONNECTION] = "NoConnection",
		[OG_GF_WHY_TLS] = "TlsFailed",
		[OG_GF_WHY_PROXY] = "ProxyRefuses",
		[OG_GF_WHY_SHAPE] = "NotUnderstood",
	};
	static const char *const states[OG_GF_STATE_COUNT_] = {
		[OG_GF_UNASKED] = "NotAskedYet",
		[OG_GF_AUTH_FAILED] = "AuthFailed",
		[OG_GF_FORBIDDEN] = "Forbidden",
		[OG_GF_WRONG_PATH] = "WrongPath",
		[OG_GF_THROTTLED] = "Throttled",
		[OG_GF_BACKEND_ERROR] = "BackendError",
		[OG_GF_QUERY_ERROR] = "QueryRefused",
		[OG_GF_EMPTY] = "Answers",
		[OG_GF_STALE] = "Answers",
		[OG_GF_PRESENT] = "Answers",
	};

	if (!og_gf_state_is_answer(s) && (unsigned)why < OG_GF_WHY_COUNT_ && causes[why])
		return causes[why];
	return (unsigned)s < OG_GF_STATE_COUNT_ ? states[s] : "NotAskedYet";
}

const char *og_verify_finding(enum og_gf_state s, enum og_gf_why why)
{
	(void)why;
	if (s == OG_GF_UNASKED || og_gf_state_is_answer(s))
		return NULL;
	return s == OG_GF_AUTH_FAILED || s == OG_GF_FORBIDDEN ? "OG419" : "OG003";
}

enum og_signal og_verify_signal(enum og_gf_backend b)
{
	static const enum og_signal of[OG_GF_COUNT_] = {[OG_GF_PROMETHEUS] = OG_SIGNAL_METRICS,
		[OG_GF_LOKI] = OG_SIGNAL_LOGS,
		[OG_GF_TEMPO] = OG_SIGNAL_TRACES,
		[OG_GF_PYROSCOPE] = OG_SIGNAL_PROFILES};
	return (unsigned)b < OG_GF_COUNT_ ? of[b] : OG_SIGNAL_METRICS;
}
