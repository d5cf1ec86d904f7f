/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over what is known of the cluster, its configuration and its stacks. Pure. */
#include "doctor-priv.h"

#include <stdio.h>

enum { SKEW_S = 60, HTTP_UNAUTHORIZED = 401 };

#define HOLDS(name)                                                                         \
	bool doctor_##name(const struct og_doctor_facts *f, const struct og_doctor_rule *r, \
		struct og_arena *arena, struct og_doctor_said *ret)
#define SAY(...) og_svz(og_arena_fmt(arena, __VA_ARGS__))

/* ---- access ---- */

HOLDS(unauthorized)
{
	(void)r, (void)arena;
	if (f->part[OG_DP_ACCESS].sight != OG_DS_FAILED || f->http != HTTP_UNAUTHORIZED)
		return false;
	ret->message = f->part[OG_DP_ACCESS].why;
	return true;
}

HOLDS(unreachable)
{
	(void)r, (void)arena;
	if (f->part[OG_DP_ACCESS].sight != OG_DS_FAILED || f->http == HTTP_UNAUTHORIZED)
		return false;
	ret->message = f->part[OG_DP_ACCESS].why;
	return true;
}

HOLDS(skew)
{
	int64_t by = f->skew_s < 0 ? -f->skew_s : f->skew_s;

	(void)r;
	if (!f->skew_known || by < SKEW_S)
		return false;
	struct og_sv span = doctor_span(by, arena);
	ret->message = SAY("The clock here is %.*s %s of the API server's.", OG_SV_ARG(span),
		f->skew_s < 0 ? "behind" : "ahead");
	return true;
}

/* ---- rights ---- */

static void put_right(struct og_buf *b, const struct og_doctor_right *x)
{
	og_buf_fmt(b, "%s%s %s%s%s%s%s", b->len ? ", " : "", x->verb, x->resource,
		*x->group ? "." : "", x->group, x->name ? "/" : "", x->name ? x->name : "");
}

/* One word of a shell, whatever is in it: names of users are free text. */
static void put_word(struct og_buf *b, struct og_sv word)
{
	og_buf_ch(b, '\'');
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] == '\'')
			og_buf_lit(b, "'\\''");
		else
			og_buf_ch(b, word.p[i]);
	og_buf_ch(b, '\'');
}

HOLDS(rights_missing)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(16 << 10), user = OG_BUF_INIT(16 << 10);
	uint32_t missing = 0;

	(void)r;
	for (uint32_t i = 0; i < f->nrights; i++)
		if (!f->rights[i].allowed && missing++ < 8)
			put_right(&b, &f->rights[i]);
	if (!doctor_seen(f, OG_DP_RIGHTS) || !missing)
		return false;
	if (missing > 8)
		og_buf_fmt(&b, " and %u more", missing - 8);
	ret->message = SAY("%u of %u rights are missing: %.*s.", missing, f->nrights, (int)b.len,
		b.len ? b.p : "");
	put_word(&user, f->user);
	if (f->user.n && !user.failed)
		ret->fix = SAY("kubectl create clusterrolebinding otelgate-reader "
			       "--clusterrole=otelgate-reader --user=%.*s",
			OG_SV_ARG(og_buf_view(&user)));
	return true;
}

/* ---- kinds ---- */

HOLDS(kinds_missing)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(1024);

	(void)r;
	/* A webhook with a configuration of its own files injects without them. */
	if (!doctor_seen(f, OG_DP_KINDS) || f->call.marked)
		return false;
	for (size_t i = 0; i < OG_COUNT(f->kinds); i++)
		if (!f->kinds[i].present)
			og_buf_fmt(&b, "%s%s", b.len ? ", " : "", f->kinds[i].resource);
	if (!b.len)
		return false;
	ret->message =
		SAY("The cluster does not know %.*s of group otelgate.dev.", (int)b.len, b.p);
	ret->fix = OG_SV("kubectl apply -k manifests/crds");
	return true;
}

HOLDS(kinds_version)
{
	(void)r;
	if (!doctor_seen(f, OG_DP_KINDS))
		return false;
	for (size_t i = 0; i < OG_COUNT(f->kinds); i++) {
		const struct og_doctor_kind *k = &f->kinds[i];
		if (!k->present || k->served)
			continue;
		ret->message = SAY("%s is served as %.*s, and %s is asked for.", k->resource,
			OG_SV_ARG(k->versions), k->version);
		return true;
	}
	return false;
}

/* ---- configuration ---- */

HOLDS(config_none)
{
	(void)r;
	if (!doctor_seen(f, OG_DP_CONFIG) || f->nrefused || f->call.marked || f->files ||
		(f->nstacks && f->nprofiles))
		return false;
	ret->message =
		SAY("There is no valid %s.", f->nstacks ? "TelemetryProfile" : "GrafanaStack");
	return true;
}

HOLDS(config_refused)
{
	(void)r;
	if (!doctor_seen(f, OG_DP_CONFIG) || !f->nrefused)
		return false;
	ret->place = f->refused[0].name;
	ret->message = f->nrefused == 1
			       ? SAY("%.*s", OG_SV_ARG(f->refused[0].problem))
			       : SAY("%.*s (and %u more objects)", OG_SV_ARG(f->refused[0].problem),
					 f->nrefused - 1);
	return true;
}

/* ---- controller ---- */

/* client-go's clock skew rule: whoever has not renewed within the duration leads no more. */
HOLDS(no_leader)
{
	const struct og_doctor_lease *l = &f->lease;

	(void)r;
	if (!doctor_seen(f, OG_DP_LEASE))
		return false;
	if (!l->found)
		ret->message = OG_SV("No controller has ever taken the lease.");
	else if (!l->holder.n)
		ret->message = OG_SV("The lease was given back, and nobody has taken it since.");
	else if (l->age_s > l->duration_s + SKEW_S)
		ret->message = SAY("%.*s renewed the lease %.*s ago, and holds it for %lld s.",
			OG_SV_ARG(l->holder), OG_SV_ARG(doctor_span(l->age_s, arena)),
			(long long)l->duration_s);
	else
		return false;
	return true;
}

HOLDS(version_skew)
{
	(void)r;
	if (!doctor_seen(f, OG_DP_COMPONENTS) || !f->tool_version)
		return false;
	for (uint32_t i = 0; i < f->ncomponents; i++) {
		const struct og_doctor_component *c = &f->components[i];
		if (!c->version.n || og_sv_eq(c->version, og_svz(f->tool_version)))
			continue;
		ret->message = SAY("This program is %s, and %.*s runs %.*s.", f->tool_version,
			OG_SV_ARG(c->name), OG_SV_ARG(c->version));
		return true;
	}
	return false;
}

/* ---- credentials ---- */

HOLDS(of_secret)
{
	for (uint32_t i = 0; i < f->nlooked; i++) {
		const struct og_doctor_stack *s = &f->stacks[i];
		for (uint32_t k = 0; k < s->secret_findings.n; k++) {
			const struct og_finding *x = &s->secret_findings.v[k];
			if (strcmp(x->def->id, r->finding) != 0)
				continue;
			ret->place = SAY("GrafanaStack %.*s, Secret %.*s/%.*s", OG_SV_ARG(s->name),
				OG_SV_ARG(s->secret_ns), OG_SV_ARG(s->secret_name));
			ret->message = x->detail.n ? x->detail : og_svz(x->def->title);
			return true;
		}
	}
	/* The distributed one, as the controller sees it. */
	return doctor_of_workload(f, r, arena, ret);
}

/* ---- receiver ---- */

HOLDS(no_endpoint)
{
	(void)r;
	for (uint32_t i = 0; i < f->nlooked; i++) {
		if (f->stacks[i].has_endpoint || f->stacks[i].discovers)
			continue;
		ret->place = SAY("GrafanaStack %.*s", OG_SV_ARG(f->stacks[i].name));
		ret->message = OG_SV("The stack names no receiver.");
		return true;
	}
	return false;
}

static const struct og_doctor_stack *receiver(const struct og_doctor_facts *f, uint32_t *at)
{
	for (; *at < f->nlooked; ++*at) {
		const struct og_doctor_stack *s = &f->stacks[*at];
		if (s->has_endpoint && !s->outside && s->service.known.sight == OG_DS_SEEN) {
			++*at;
			return s;
		}
	}
	return NULL;
}

HOLDS(service_unknown)
{
	const struct og_doctor_stack *s;
	uint32_t at = 0;

	(void)r;
	while ((s = receiver(f, &at))) {
		if (s->service.found)
			continue;
		ret->place = SAY("GrafanaStack %.*s", OG_SV_ARG(s->name));
		ret->message = SAY("Namespace %.*s has no Service %.*s.", OG_SV_ARG(s->service.ns),
			OG_SV_ARG(s->service.name));
		if (s->service.nearest.n)
			ret->fix = SAY("Did you mean %.*s? Correct spec.receiver.endpoint of "
				       "GrafanaStack %.*s.",
				OG_SV_ARG(s->service.nearest), OG_SV_ARG(s->name));
		return true;
	}
	return false;
}

HOLDS(service_port)
{
	const struct og_doctor_stack *s;
	uint32_t at = 0;

	(void)r;
	while ((s = receiver(f, &at))) {
		if (!s->service.found || s->service.external || s->service.has_port)
			continue;
		ret->place = SAY("GrafanaStack %.*s", OG_SV_ARG(s->name));
		ret->message = SAY("Service %.*s/%.*s has no port %u.", OG_SV_ARG(s->service.ns),
			OG_SV_ARG(s->service.name), s->service.port);
		return true;
	}
	return false;
}

HOLDS(no_backends)
{
	const struct og_doctor_stack *s;
	uint32_t at = 0;

	(void)r;
	while ((s = receiver(f, &at))) {
		const struct og_doctor_service *x = &s->service;
		if (!x->found || x->external || !x->slices || x->ready)
			continue;
		ret->place = SAY("GrafanaStack %.*s", OG_SV_ARG(s->name));
		ret->message = SAY("Service %.*s/%.*s has no ready pod (%u that are not ready).",
			OG_SV_ARG(x->ns), OG_SV_ARG(x->name), x->not_ready);
		ret->fix = SAY("kubectl -n %.*s get endpointslices -l "
			       "kubernetes.io/service-name=%.*s",
			OG_SV_ARG(x->ns), OG_SV_ARG(x->name));
		return true;
	}
	return false;
}

/* ---- what the stack's backends answer, by the controller's word ---- */

HOLDS(query_refused)
{
	for (uint32_t i = 0; i < f->nlooked; i++)
		for (uint32_t k = 0; k < f->stacks[i].nconditions; k++) {
			const struct og_doctor_condition *c = &f->stacks[i].conditions[k];
			if (!og_sv_ends(c->type, OG_SV("Queryable")) ||
				!og_sv_is(c->status, "False") ||
				!(og_sv_has(c->reason, OG_SV("Auth")) ||
					og_sv_has(c->reason, OG_SV("Forbidden")) ||
					og_sv_has(c->reason, OG_SV("Scope"))))
				continue;
			ret->place = SAY("GrafanaStack %.*s, condition %.*s",
				OG_SV_ARG(f->stacks[i].name), OG_SV_ARG(c->type));
			ret->message = c->message;
			return true;
		}
	return doctor_of_signal(f, r, arena, ret);
}

/* A signal that nobody expects of the workload in question breaks nothing of it; profiles alone
 * are never expected of a stack. */
bool doctor_signal_counts(const struct og_doctor_facts *f, struct og_sv type)
{
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		struct og_sv name = og_svz(og_signal_name((enum og_signal)i));
		if (!og_sv_caseeq(og_sv(type.p, name.n < type.n ? name.n : type.n), name))
			continue;
		return f->row ? og_coverage_expects(&f->row->row.signal[i])
			      : i != OG_SIGNAL_PROFILES;
	}
	return false;
}

/* Where it was told, and where the credential is that was refused. */
static struct og_sv probed_place(const struct og_doctor_stack *s,
	const struct og_doctor_condition *c, const struct og_doctor_rule *r, struct og_arena *arena)
{
	struct og_sv told =
		SAY("GrafanaStack %.*s, condition %.*s", OG_SV_ARG(s->name), OG_SV_ARG(c->type));

	if (r->rung != OG_RUNG_CREDENTIALS || !s->secret_name.n)
		return told;
	return SAY("%.*s; Secret %.*s/%.*s", OG_SV_ARG(told), OG_SV_ARG(s->secret_ns),
		OG_SV_ARG(s->secret_name));
}

/* The controller sends as the pods of the stack do, and says at which link it broke. */
HOLDS(of_probe)
{
	static const char fix[] = ". Fix: ";
	char id[16];

	(void)snprintf(id, sizeof(id), "(%s)", r->finding);
	for (uint32_t i = 0; i < f->nlooked; i++)
		for (uint32_t k = 0; k < f->stacks[i].nconditions; k++) {
			const struct og_doctor_condition *c = &f->stacks[i].conditions[k];
			struct og_sv m = c->message;
			if (!og_sv_ends(c->type, OG_SV("Writable")) ||
				!og_sv_is(c->status, "False") || !og_sv_has(m, og_svz(id)) ||
				!doctor_signal_counts(f, c->type))
				continue;
			const char *at = memmem(m.p, m.n, fix, sizeof(fix) - 1);
			size_t n = at ? (size_t)(at - m.p) : m.n;
			ret->place = probed_place(&f->stacks[i], c, r, arena);
			ret->message = og_sv(m.p, n);
			if (at)
				ret->fix = og_sv(at + sizeof(fix) - 1, m.n - n - (sizeof(fix) - 1));
			return true;
		}
	return false;
}
