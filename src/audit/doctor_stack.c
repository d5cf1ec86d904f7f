/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration, the Secrets of stacks and their receivers. */
#include "doctor_look-priv.h"

#include "otelgate/codec/url.h"
#include "otelgate/core/egress.h"

enum { MAX_STACKS = 32, SECRET_BYTES = 16 << 20, GRPC_PORT = 4317 };

static struct og_sv keep(struct doctor_look *l, struct og_sv s)
{
	return s.n ? og_arena_sv(l->arena, s) : OG_SV("");
}

/* ---- configuration ---- */

/* Why objects of the configuration may not be read. */
static bool hidden(struct doctor_look *l, struct og_doctor_known *known)
{
	for (uint32_t i = 0; i < l->f->nblind; i++) {
		const struct og_audit_blind *b = &l->f->blind[i];
		if (b->absent || (!strstr(b->info.resource, "grafanastacks") &&
					 !strstr(b->info.resource, "telemetryprofiles")))
			continue;
		*known = (struct og_doctor_known){.sight = OG_DS_REFUSED,
			.why = b->why,
			.rule = keep(l, og_svz(b->info.rule))};
		return true;
	}
	return false;
}

static void look_config(struct doctor_look *l)
{
	const struct og_cluster_config *c = l->config;
	struct og_doctor_known *known = &l->f->part[OG_DP_CONFIG];
	struct og_doctor_refused *v;

	*known = (struct og_doctor_known){OG_DS_SEEN, OG_SV(""), OG_SV("")};
	if (hidden(l, known))
		return;
	if (!c && l->f->part[OG_DP_WORKLOADS].sight == OG_DS_FAILED) {
		*known = l->f->part[OG_DP_WORKLOADS];
		return;
	}
	v = og_arena_new_n(l->arena, (c ? c->nrefused : 0) + 1, struct og_doctor_refused);
	if (!c || !v)
		return;
	for (uint32_t i = 0; i < c->nrefused; i++)
		v[i] = (struct og_doctor_refused){
			keep(l, c->refused[i].name), keep(l, c->refused[i].problem)};
	l->f->refused = v;
	l->f->nrefused = c->nrefused;
	l->f->nstacks = c->config ? c->config->nstacks : 0;
	l->f->nprofiles = c->config ? c->config->nprofiles : 0;
	l->f->has_default = c->config && c->config->default_profile;
}

/* ---- the controller's word ---- */

static void take_conditions(
	struct doctor_look *l, struct og_jval object, struct og_doctor_stack *to)
{
	struct og_jval all = og_jpath(object, "status", "conditions", NULL);
	struct og_doctor_condition *v =
		og_arena_new_n(l->arena, (size_t)og_jcount(all) + 1, struct og_doctor_condition);

	if (!v)
		return;
	og_jfor (it, all)
		v[to->nconditions++] =
			(struct og_doctor_condition){doctor_str(l, og_jgetl(it.val, "type")),
				doctor_str(l, og_jgetl(it.val, "status")),
				doctor_str(l, og_jgetl(it.val, "reason")),
				doctor_str(l, og_jgetl(it.val, "message"))};
	to->conditions = v;
}

static void look_conditions(struct doctor_look *l)
{
	struct og_doctor_known known;
	struct og_jval list;

	doctor_read(l, "otelgate.dev", "v1alpha1", "grafanastacks", OG_SV(""), OG_SV(""), OG_SV(""),
		&list, &known);
	og_jfor (it, og_jgetl(list, "items")) {
		struct og_sv name = doctor_str(l, og_jpath(it.val, "metadata", "name", NULL));
		for (uint32_t i = 0; i < l->f->nlooked; i++)
			if (og_sv_eq(l->f->stacks[i].name, name))
				take_conditions(l, it.val, &l->f->stacks[i]);
	}
}

/* ---- credentials ---- */

/* The Secret is read into memory that is wiped; what is wrong with it is all that is kept. */
static void look_secret(
	struct doctor_look *l, const struct og_stack *stack, struct og_doctor_stack *to)
{
	og_auto_arena_wipe struct og_arena secret = {0};
	og_auto_credentials struct og_credentials c = {0};
	struct og_jval object;

	to->wants_credentials = stack->credentials.present;
	if (!to->wants_credentials)
		return;
	to->secret_ns = keep(l, stack->credentials.secret_namespace);
	to->secret_name = keep(l, stack->credentials.secret_name);
	og_arena_init(&secret, 0, SECRET_BYTES);
	const struct og_kube_request r = {.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("secrets"),
			.ns = to->secret_ns,
			.name = to->secret_name}};
	doctor_fetch(l, &r, &secret, &object, &to->secret_known);
	if (to->secret_known.sight != OG_DS_SEEN)
		return;
	if (og_credentials_make(stack, OG_SV(""),
		    og_junset(object) ? OG_CREDENTIAL_ABSENT : OG_CREDENTIAL_FOUND, object,
		    l->arena, &c, NULL) < 0) {
		to->secret_known.sight = OG_DS_FAILED;
		to->secret_known.why = OG_SV("The Secret could not be judged: memory is out.");
		return;
	}
	to->secret_state = c.state;
	to->secret_message = c.message;
	to->secret_findings = c.findings;
}

/* ---- receivers ---- */

static void look_receiver(
	struct doctor_look *l, const struct og_stack *stack, struct og_doctor_stack *to)
{
	struct og_sv own = l->f->row ? l->f->row->row.ns : OG_SV("default");
	struct og_doctor_service *s = &to->service;
	struct og_egress_host host;
	struct og_url u;

	to->endpoint = keep(l, stack->receiver.endpoint);
	to->has_endpoint = to->endpoint.n > 0;
	to->discovers = stack->slug.n > 0;
	if (!to->has_endpoint ||
		(og_url_parse(to->endpoint, &u, NULL) < 0 &&
			og_url_parse_hostport(to->endpoint, GRPC_PORT, &u, NULL) < 0))
		return;
	to->host = u.host;
	to->in_pod = og_url_is_loopback(&u);
	to->outside = !to->in_pod &&
		      (u.host_kind != OG_URL_NAME || !og_egress_host_read(u.host, own, &host));
	if (to->outside || to->in_pod)
		return;
	s->ns = keep(l, host.ns);
	s->name = keep(l, host.service);
	s->port = u.port;
	doctor_look_service(l, s);
	/* Two words may be a host outside as well as a Service. */
	to->outside = !host.surely && s->known.sight == OG_DS_SEEN && !s->found && !s->nearest.n;
}

void doctor_look_stacks(struct doctor_look *l)
{
	const struct og_config *c = l->config ? l->config->config : NULL;
	struct og_sv only = l->f->row ? l->f->row->row.stack : OG_SV("");
	uint32_t n = c ? c->nstacks : 0;

	look_config(l);
	l->f->stacks = og_arena_new_n(l->arena, (size_t)n + 1, struct og_doctor_stack);
	l->f->part[OG_DP_SECRETS] = l->f->part[OG_DP_RECEIVERS] =
		(struct og_doctor_known){OG_DS_SEEN, OG_SV(""), OG_SV("")};
	if (!l->f->stacks)
		return;
	for (uint32_t i = 0; i < n && l->f->nlooked < MAX_STACKS; i++) {
		const struct og_stack *stack = &c->stacks[i];
		if (only.n ? !og_sv_eq(stack->name, only) : l->f->row != NULL)
			continue;
		struct og_doctor_stack *to = &l->f->stacks[l->f->nlooked++];
		*to = (struct og_doctor_stack){
			.name = keep(l, stack->name), .host = OG_SV(""), .endpoint = OG_SV("")};
		look_secret(l, stack, to);
		look_receiver(l, stack, to);
	}
	if (l->f->nlooked)
		look_conditions(l);
}
