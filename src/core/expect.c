/* SPDX-License-Identifier: Apache-2.0 */
/* Names and exporters as the containers' variables will say them. */
#include "otelgate/core/expect.h"

#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"

enum { VALUE_BYTES = 64 << 10 };

/* A variable of a container as it will be. */
struct var {
	bool set;     /* somebody sets it */
	bool by_user; /* and not we */
	bool known;   /* value holds */
	struct og_sv value;
};

static struct var by_user(const struct og_plan_container *pc, struct og_sv name, struct og_arena *a)
{
	struct og_jval v = og_env_find(pc->c.env, name, NULL);
	struct var r = {.set = !og_junset(v), .by_user = true};

	r.known = r.set && og_junset(og_jgetl(v, "valueFrom"));
	r.value = r.known ? og_jstr_or_empty(og_jgetl(v, "value"), a) : OG_SV("");
	return r;
}

static struct var var_of(const struct og_plan_container *pc, struct og_sv name, struct og_arena *a)
{
	for (uint32_t i = 0; i < pc->nenv; i++) {
		const struct og_plan_env *e = &pc->env[i];
		if (!og_sv_eq(e->name, name) || e->action == OG_ENV_OFF || e->action == OG_ENV_KEEP)
			continue;
		return (struct var){.set = true,
			.by_user = e->action == OG_ENV_MERGE,
			.known = !e->json.n,
			.value = e->value};
	}
	return by_user(pc, name, a);
}

/* ---- names ---- */

static struct og_sv decoded(struct og_sv text, struct og_arena *a)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(VALUE_BYTES);

	if (og_percent_decode(text, &b, NULL) < 0 || b.failed)
		return text;
	struct og_sv s = og_arena_sv(a, og_buf_view(&b));
	return s.p ? s : OG_SV("");
}

/* What is decided when the pod starts is not known here. */
static struct og_sv plain(struct og_sv s)
{
	return og_sv_has(s, OG_SV("$(")) ? OG_SV("") : s;
}

static struct og_sv attribute(struct og_sv list, struct og_sv key, struct og_arena *a)
{
	struct og_sv item;

	while (og_sv_split(&list, ',', &item)) {
		item = og_sv_trim(item);
		size_t eq = og_sv_chr(item, '=');
		if (eq < item.n && og_sv_eq(og_sv_trim(og_sv(item.p, eq)), key))
			return decoded(og_sv(item.p + eq + 1, item.n - eq - 1), a);
	}
	return OG_SV("");
}

static void identify(
	const struct og_plan_container *pc, struct og_arena *a, struct og_arrival_identity *ret)
{
	struct var attrs = var_of(pc, OG_SV("OTEL_RESOURCE_ATTRIBUTES"), a);

	*ret = (struct og_arrival_identity){.container = pc->c.name,
		.service_name = plain(pc->service_name),
		.service_namespace = plain(attribute(attrs.value, OG_SV("service.namespace"), a))};
}

/* ---- exporters ---- */

static const struct {
	const char *exporter, *endpoint;
} vars[OG_SIGNAL_PROFILES] = {
	[OG_SIGNAL_METRICS] = {"OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"},
	[OG_SIGNAL_TRACES] = {"OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"},
	[OG_SIGNAL_LOGS] = {"OTEL_LOGS_EXPORTER", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"},
};

static bool names_otlp(struct og_sv list)
{
	struct og_sv item;

	while (og_sv_split(&list, ',', &item))
		if (og_sv_eq(og_sv_trim(item), OG_SV("otlp")))
			return true;
	return false;
}

/* The stack's own receiver, by the owner's hand. */
static bool is_ours(const struct og_plan *plan, struct og_sv url)
{
	struct og_sv base = plan->profile && plan->profile->stack
				    ? plan->profile->stack->receiver.endpoint
				    : OG_SV("");

	while (base.n && base.p[base.n - 1] == '/')
		base.n--;
	return base.n && og_sv_starts(url, base) && (url.n == base.n || url.p[base.n] == '/');
}

/* The variable of the signal goes before that of all. An empty one counts as not set
 * (configuration/sdk-environment-variables.md). */
static bool elsewhere(const struct og_plan *plan, const struct og_plan_container *pc,
	enum og_signal s, struct og_arena *a, const char **by)
{
	const char *const names[] = {vars[s].endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT"};

	for (size_t i = 0; i < OG_COUNT(names); i++) {
		struct var v = var_of(pc, og_svz(names[i]), a);
		*by = names[i];
		if (v.set && (!v.known || v.value.n))
			return v.by_user && !is_ours(plan, v.value);
	}
	return false;
}

static enum og_arrival_exporter exporter_of(const struct og_plan *plan,
	const struct og_plan_container *pc, enum og_signal s, struct og_arena *a, const char **by)
{
	static const char disabled[] = "OTEL_SDK_DISABLED";
	struct var off = var_of(pc, og_svz(disabled), a);
	struct var e = var_of(pc, og_svz(vars[s].exporter), a);

	*by = disabled;
	if (off.known && og_sv_caseeq(og_sv_trim(off.value), OG_SV("true")))
		return OG_EXPORTER_NONE;
	*by = vars[s].exporter;
	if (e.by_user && e.known && e.value.n && !names_otlp(e.value))
		return og_sv_caseeq(og_sv_trim(e.value), OG_SV("none")) ? OG_EXPORTER_NONE
									: OG_EXPORTER_ELSEWHERE;
	return elsewhere(plan, pc, s, a, by) ? OG_EXPORTER_ELSEWHERE : OG_EXPORTER_OURS;
}

static bool read_ratio(struct og_sv text, struct og_arena *a, double *ret)
{
	char *s = og_arena_strndup(a, text.p, text.n), *end = NULL;
	double v = s && *s ? strtod(s, &end) : -1;

	if (!end || *end || !(v >= 0 && v <= 1))
		return false;
	*ret = v;
	return true;
}

/* The share of new traces that is kept; what callers decide for theirs comes on top of it. *by: the
 * owner's variable that it comes from; NULL = it is ours. */
static double ratio_of(const struct og_plan_container *pc, struct og_arena *a, const char **by)
{
	static const char sampler[] = "OTEL_TRACES_SAMPLER", share[] = "OTEL_TRACES_SAMPLER_ARG";
	struct var type = var_of(pc, og_svz(sampler), a);
	struct var arg = var_of(pc, og_svz(share), a);
	struct og_sv t = type.value;
	double ratio = 1;

	*by = type.by_user ? sampler : NULL;
	if (!type.set || (type.known && !t.n))
		return 1;
	if (og_sv_starts(t, OG_SV("parentbased_")))
		t = og_sv(t.p + sizeof("parentbased_") - 1, t.n - (sizeof("parentbased_") - 1));
	if (og_sv_is(t, "always_on"))
		return 1;
	if (og_sv_is(t, "always_off"))
		return 0;
	if (!og_sv_is(t, "traceidratio"))
		return -1;
	*by = arg.set && arg.by_user ? share : NULL;
	if (arg.set && (!arg.known || !read_ratio(arg.value, a, &ratio)))
		return -1;
	return ratio;
}

/* ---- profiles ---- */

/* What says most of why there are none comes last. */
static int rank(enum og_profiles_state p)
{
	static const int ranks[OG_PROFILES_COUNT_] = {[OG_PROFILES_AGENT] = 9,
		[OG_PROFILES_EBPF] = 8,
		[OG_PROFILES_ENV_ONLY] = 7,
		[OG_PROFILES_MUSL] = 6,
		[OG_PROFILES_CONFLICT] = 5,
		[OG_PROFILES_BLOCKED] = 4,
		[OG_PROFILES_NO_AGENT] = 3,
		[OG_PROFILES_NO_RUNTIME] = 2,
		[OG_PROFILES_NO_ENDPOINT] = 1};
	return (unsigned)p < OG_PROFILES_COUNT_ ? ranks[p] : 0;
}

static void take_container(const struct og_plan *plan, const struct og_plan_container *pc,
	struct og_arena *a, struct og_expectation *x)
{
	bool first = x->nidentities == 0;
	const char *sampler, *by;
	double ratio = ratio_of(pc, a, &sampler);

	double *best = &x->ask[OG_SIGNAL_TRACES].ratio;
	if (first || (*best >= 0 && (ratio < 0 || ratio > *best)))
		*best = ratio;
	bool dropped = *best >= 0 && *best <= 0;
	for (int s = 0; s < OG_SIGNAL_PROFILES; s++) {
		enum og_arrival_exporter e = exporter_of(plan, pc, (enum og_signal)s, a, &by);
		if (!first && e != OG_EXPORTER_OURS)
			continue;
		x->ask[s].exporter = e;
		if (e == OG_EXPORTER_OURS)
			by = s == OG_SIGNAL_TRACES && dropped ? sampler : NULL;
		x->by[s] = (struct og_expect_by){pc->c.name, by};
	}
	if (!dropped && x->ask[OG_SIGNAL_TRACES].exporter == OG_EXPORTER_OURS)
		x->by[OG_SIGNAL_TRACES].variable = NULL;
	if (first || rank(pc->profiles) > rank(x->profiles))
		x->profiles = pc->profiles;
}

int og_expect(const struct og_plan *plan, struct og_arena *arena, struct og_expectation *ret,
	struct og_err *err)
{
	struct og_expectation x = {0};

	x.identities = og_arena_new_n(
		arena, plan->ncontainers ? plan->ncontainers : 1, struct og_arrival_identity);
	if (!x.identities)
		return og_err_set(err, OG_E_OOM, "naming what is to arrive");
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		x.ask[s] = (struct og_arrival_ask){.mode = plan->signals[s], .ratio = 1};
	for (uint32_t i = 0; i < plan->ncontainers; i++) {
		const struct og_plan_container *pc = &plan->containers[i];
		if (pc->skip != OG_SKIP_NONE)
			continue;
		take_container(plan, pc, arena, &x);
		identify(pc, arena, &x.identities[x.nidentities++]);
	}
	x.ask[OG_SIGNAL_PROFILES].via = x.profiles == OG_PROFILES_EBPF ? OG_ROUTE_EBPF
								       : OG_ROUTE_OTLP;
	if (rank(x.profiles) < rank(OG_PROFILES_ENV_ONLY))
		x.ask[OG_SIGNAL_PROFILES].mode = OG_MODE_OFF; /* nobody would send any */
	if (arena->failed)
		return og_err_set(err, OG_E_OOM, "naming what is to arrive");
	*ret = x;
	return 0;
}
