/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over what is known of the cluster and its configuration. Pure. */
#include "doctor-priv.h"

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

HOLDS(rights_missing)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(16 << 10);
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
	if (f->user.n)
		ret->fix = SAY("kubectl create clusterrolebinding otelgate-reader "
			       "--clusterrole=otelgate-reader --user=%.*s",
			OG_SV_ARG(doctor_word(f->user, arena)));
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
