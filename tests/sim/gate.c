/* SPDX-License-Identifier: Apache-2.0 */
/* What refuses pods after the webhooks: PodSecurity of their namespace, and quotas on their number.
 */
#include <stdio.h>
#include "sim/sim-priv.h"

enum { BASELINE = 1, RESTRICTED = 2 };

/* `container "c" must` or `containers "c", "d" must` of those that are not as they should be. */
struct found {
	struct og_buf names;
	unsigned n;
};

typedef bool container_is(const json_t *pod_spec, const json_t *c);

static const json_t *security(const json_t *c)
{
	return json_object_get(c, "securityContext");
}

static bool no_escalation(const json_t *spec, const json_t *c)
{
	(void)spec;
	return json_is_false(json_object_get(security(c), "allowPrivilegeEscalation"));
}

static bool drops_all(const json_t *spec, const json_t *c)
{
	size_t i;
	json_t *v;

	(void)spec;
	json_array_foreach(
		json_object_get(json_object_get(security(c), "capabilities"), "drop"), i, v)
	{
		if (json_string_value(v) && !strcmp(json_string_value(v), "ALL"))
			return true;
	}
	return false;
}

static bool not_root(const json_t *spec, const json_t *c)
{
	const json_t *own = json_object_get(security(c), "runAsNonRoot");

	return json_is_true(own ? own : json_object_get(security(spec), "runAsNonRoot"));
}

static bool seccomp(const json_t *spec, const json_t *c)
{
	const json_t *own = json_object_get(security(c), "seccompProfile");
	const char *type =
		sim_str(own ? own : json_object_get(security(spec), "seccompProfile"), "type");

	return !strcmp(type, "RuntimeDefault") || !strcmp(type, "Localhost");
}

static bool unprivileged(const json_t *spec, const json_t *c)
{
	(void)spec;
	return !json_is_true(json_object_get(security(c), "privileged"));
}

static void look(const json_t *spec, container_is *fine, struct found *f)
{
	static const char *const lists[] = {"initContainers", "containers"};

	f->names = (struct og_buf)OG_BUF_INIT(0);
	f->n = 0;
	for (size_t l = 0; l < OG_COUNT(lists); l++) {
		size_t i;
		json_t *c;

		json_array_foreach(json_object_get(spec, lists[l]), i, c)
		{
			if (fine(spec, c))
				continue;
			og_buf_fmt(&f->names, "%s\"%s\"", f->n ? ", " : "", sim_str(c, "name"));
			f->n++;
		}
	}
}

static const struct rule {
	container_is *fine;
	int level;
	bool or_pod;
	const char *what, *must;
} rules[] = {
	{unprivileged, BASELINE, false, "privileged",
		"must not set securityContext.privileged=true"},
	{no_escalation, RESTRICTED, false, "allowPrivilegeEscalation != false",
		"must set securityContext.allowPrivilegeEscalation=false"},
	{drops_all, RESTRICTED, false, "unrestricted capabilities",
		"must set securityContext.capabilities.drop=[\"ALL\"]"},
	{not_root, RESTRICTED, true, "runAsNonRoot != true",
		"must set securityContext.runAsNonRoot=true"},
	{seccomp, RESTRICTED, true, "seccompProfile",
		"must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""},
};

static void violations(const json_t *spec, int level, struct og_buf *out)
{
	if (json_is_true(json_object_get(spec, "hostNetwork")))
		og_buf_lit(out, "host namespaces (hostNetwork=true)");
	for (size_t i = 0; i < OG_COUNT(rules); i++) {
		struct found f;

		if (rules[i].level > level)
			continue;
		look(spec, rules[i].fine, &f);
		if (f.n)
			og_buf_fmt(out, "%s%s (%scontainer%s %s %s)", out->len ? ", " : "",
				rules[i].what, rules[i].or_pod ? "pod or " : "", f.n > 1 ? "s" : "",
				f.names.p ? f.names.p : "", rules[i].must);
		og_buf_fini(&f.names);
	}
}

/* enforce of the namespace; with mu held. "" = privileged. */
static struct og_sv enforced(struct og_sim *s, const char *ns)
{
	struct sim_res *r = sim_res_by_name(s, "namespaces");
	struct sim_obj *o = r ? sim_coll_find(r->coll, og_svz(""), og_svz(ns)) : NULL;

	return o ? sim_obj_label(o, OG_SV("pod-security.kubernetes.io/enforce")) : og_svz("");
}

static int64_t pods_in(struct og_sim *s, const char *ns)
{
	struct sim_res *r = sim_res_by_name(s, "pods");
	og_auto_free char *prefix = sim_fmt("%s/", ns);
	int64_t n = 0;

	for (size_t i = r && prefix ? sim_coll_seek(r->coll, og_svz(prefix)) : 0;
		r && prefix && i < r->coll->n && og_sv_eq(r->coll->v[i]->ns, og_svz(ns)); i++)
		n += !og_sv_is(r->coll->v[i]->phase, "Succeeded") &&
		     !og_sv_is(r->coll->v[i]->phase, "Failed");
	return n;
}

/* "2", 2: how many pods a quota allows; -1 = says nothing about them. */
static int64_t hard_pods(const json_t *quota)
{
	const json_t *v =
		json_object_get(json_object_get(json_object_get(quota, "spec"), "hard"), "pods");

	if (json_is_integer(v))
		return json_integer_value(v);
	return json_is_string(v) ? strtol(json_string_value(v), NULL, 10) : -1;
}

static char *over_quota(struct og_sim *s, const char *ns, const char *name)
{
	struct sim_res *r = sim_res_by_name(s, "resourcequotas");
	og_auto_free char *prefix = sim_fmt("%s/", ns);
	char *why = NULL;

	for (size_t i = r && prefix ? sim_coll_seek(r->coll, og_svz(prefix)) : 0;
		r && prefix && !why && i < r->coll->n && og_sv_eq(r->coll->v[i]->ns, og_svz(ns));
		i++) {
		json_t *o = sim_obj_json(r->coll->v[i]);
		int64_t hard = hard_pods(o), used = hard < 0 ? 0 : pods_in(s, ns);

		if (hard >= 0 && used + 1 > hard)
			why = sim_fmt("pods \"%s\" is forbidden: exceeded quota: %.*s, requested: "
				      "pods=1, used: pods=%lld, limited: pods=%lld",
				name, OG_SV_ARG(r->coll->v[i]->name), (long long)used,
				(long long)hard);
		json_decref(o);
	}
	return why;
}

char *sim_pod_refused(struct og_sim *s, const char *ns, const json_t *pod)
{
	const char *name = sim_str(json_object_get(pod, "metadata"), "name");
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_sv level;
	char *why = NULL;

	pthread_mutex_lock(&s->mu);
	level = enforced(s, ns);
	if (og_sv_is(level, "restricted") || og_sv_is(level, "baseline"))
		violations(json_object_get(pod, "spec"),
			og_sv_is(level, "restricted") ? RESTRICTED : BASELINE, &b);
	if (b.len)
		why = sim_fmt("pods \"%s\" is forbidden: violates PodSecurity \"%.*s:latest\": %s",
			name, OG_SV_ARG(level), b.p);
	else
		why = over_quota(s, ns, name);
	pthread_mutex_unlock(&s->mu);
	return why;
}

/* What is used, in the quota's status. */
void sim_step_quota(struct sim_step *st)
{
	int64_t hard = hard_pods(st->o), used;
	json_t *status, *o;

	if (st->cur->deleting || hard < 0)
		return;
	pthread_mutex_lock(&st->s->mu);
	used = pods_in(st->s, st->ns);
	pthread_mutex_unlock(&st->s->mu);
	status = json_pack("{s:{s:o},s:{s:o}}", "hard", "pods",
		json_sprintf("%lld", (long long)hard), "used", "pods",
		json_sprintf("%lld", (long long)used));
	if (!json_equal(status, json_object_get(st->o, "status"))) {
		o = json_deep_copy(st->o);
		json_object_set(o, "status", status);
		sim_ctl_write(st, st->res, st->cur, o);
		json_decref(o);
	}
	json_decref(status);
}
