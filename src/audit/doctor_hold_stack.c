/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over the stacks: their Secrets, their receivers, and what the controller says of both. */
#include <stdio.h>
#include <string.h>
#include "doctor-priv.h"
#include "otelgate/grafana/send.h"

#define HOLDS(name)                                                                         \
	bool doctor_##name(const struct og_doctor_facts *f, const struct og_doctor_rule *r, \
		struct og_arena *arena, struct og_doctor_said *ret)
#define SAY(...) og_svz(og_arena_fmt(arena, __VA_ARGS__))

/* ---- credentials ---- */

/* What the controller has read in a Secret that may not be read from here. */
static bool read_by_controller(const struct og_doctor_facts *f, const struct og_doctor_rule *r,
	struct og_arena *arena, struct og_doctor_said *ret)
{
	for (uint32_t i = 0; i < f->nlooked; i++) {
		const struct og_doctor_stack *s = &f->stacks[i];
		const struct og_doctor_condition *c =
			doctor_condition(s, OG_SV("CredentialsValid"));
		bool known = c && !og_sv_is(c->status, "Unknown");
		const char *id = known ? og_credential_finding(c->reason) : NULL;
		if (s->secret_known.sight == OG_DS_SEEN || !id || strcmp(id, r->finding) != 0)
			continue;
		ret->place = SAY("GrafanaStack %.*s, Secret %.*s/%.*s", OG_SV_ARG(s->name),
			OG_SV_ARG(s->secret_ns), OG_SV_ARG(s->secret_name));
		ret->message = c->message;
		return true;
	}
	return false;
}

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
	/* By the controller's word: the distributed one, what it has read, what its probe found. */
	return doctor_of_workload(f, r, arena, ret) || read_by_controller(f, r, arena, ret);
}

/* ---- receiver ---- */

HOLDS(no_endpoint)
{
	for (uint32_t i = 0; i < f->nlooked; i++) {
		if (f->stacks[i].has_endpoint || f->stacks[i].discovers)
			continue;
		ret->place = SAY("GrafanaStack %.*s", OG_SV_ARG(f->stacks[i].name));
		ret->message = OG_SV("The stack names no receiver.");
		return true;
	}
	return doctor_of_probe(f, r, arena, ret);
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
		ret->fix = s->service.nearest.n
				   ? SAY("Did you mean %.*s? Correct spec.receiver.endpoint of "
					 "GrafanaStack %.*s.",
					     OG_SV_ARG(s->service.nearest), OG_SV_ARG(s->name))
				   : SAY("kubectl -n %.*s get services   # the right one into "
					 "spec.receiver.endpoint of GrafanaStack %.*s",
					     OG_SV_ARG(s->service.ns), OG_SV_ARG(s->name));
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
static bool counts(const struct og_doctor_facts *f, const struct og_doctor_condition *c)
{
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		struct og_sv name = og_svz(og_signal_name((enum og_signal)i));
		if (!og_sv_caseeq(og_sv(c->type.p, name.n < c->type.n ? name.n : c->type.n), name))
			continue;
		return f->row ? og_coverage_expects(&f->row->row.signal[i])
			      : i != OG_SIGNAL_PROFILES;
	}
	return false;
}

const struct og_doctor_condition *doctor_written(const struct og_doctor_facts *f,
	const char *status, bool (*is)(const struct og_doctor_condition *c, const void *ctx),
	const void *ctx, const struct og_doctor_stack **ret)
{
	for (uint32_t i = 0; i < f->nlooked; i++)
		for (uint32_t k = 0; k < f->stacks[i].nconditions; k++) {
			const struct og_doctor_condition *c = &f->stacks[i].conditions[k];
			if (!og_sv_ends(c->type, OG_SV("Writable")) ||
				!og_sv_eq(c->status, og_svz(status)) || !is(c, ctx) ||
				!counts(f, c))
				continue;
			*ret = &f->stacks[i];
			return c;
		}
	return NULL;
}

/* The controller writes both into one message. */
void doctor_split_fix(struct og_sv text, struct og_sv *ret_message, struct og_sv *ret_fix)
{
	static const char fix[] = ". Fix: ";
	const char *at = memmem(text.p, text.n, fix, sizeof(fix) - 1);
	size_t n = at ? (size_t)(at - text.p) : text.n;

	*ret_message = og_sv(text.p, n);
	if (at)
		*ret_fix = og_sv(at + sizeof(fix) - 1, text.n - n - (sizeof(fix) - 1));
}

/* What came of sending, by the reason; its message names it, too, for reasons of a newer
 * controller. */
static bool is_of(const struct og_doctor_condition *c, const void *ctx)
{
	const struct og_doctor_rule *r = ctx;
	const char *id = og_send_class_finding(og_send_class_named(c->reason));
	char text[16];

	if (id)
		return !strcmp(id, r->finding);
	(void)snprintf(text, sizeof(text), "(%s)", r->finding);
	return og_sv_has(c->message, og_svz(text));
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

/* The first signal that counts of which the controller's own probe says this. */
static bool of_probe(const struct og_doctor_facts *f, const struct og_doctor_rule *r,
	const char *status, struct og_arena *arena, struct og_doctor_said *ret)
{
	const struct og_doctor_stack *s;
	const struct og_doctor_condition *c = doctor_written(f, status, is_of, r, &s);

	if (!c)
		return false;
	ret->place = probed_place(s, c, r, arena);
	doctor_split_fix(c->message, &ret->message, &ret->fix);
	return true;
}

/* The controller sends as the pods of the stack do, and says at which link it broke. */
HOLDS(of_probe)
{
	return of_probe(f, r, "False", arena, ret);
}

/* What it sent has arrived, and not as it was sent. */
HOLDS(probe_changed)
{
	return of_probe(f, r, "True", arena, ret);
}
