/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and their bindings, as objects: what they grant is worked out anew after each change. */
#include "sim/sim-priv.h"

struct sim_grant {
	char *user, *group; /* one of them */
	char *ns;	    /* NULL = in all namespaces */
	json_t *rules;
	struct sim_grant *next;
};

static const char *const kinds[] = {"clusterroles", "roles", "clusterrolebindings", "rolebindings"};
#define GROUP "rbac.authorization.k8s.io"

static struct sim_coll *coll(struct og_sim *s, const char *plural)
{
	struct sim_res *r = sim_res_find(s, og_svz(GROUP), og_svz("v1"), og_svz(plural));

	return r ? r->coll : NULL;
}

static void grants_free(struct og_sim *s)
{
	for (struct sim_grant *g = s->grants, *next; g; g = next) {
		next = g->next;
		og_free(g->user);
		og_free(g->group);
		og_free(g->ns);
		json_decref(g->rules);
		og_free(g);
	}
	s->grants = NULL;
}

void sim_rbac_fini(struct og_sim *s)
{
	grants_free(s);
}

/* The rules of the role that a binding names; NULL when there is none. */
static json_t *rules_of(struct og_sim *s, const json_t *ref, struct og_sv ns)
{
	bool cluster = !strcmp(sim_str(ref, "kind"), "ClusterRole");
	struct sim_coll *c = coll(s, cluster ? "clusterroles" : "roles");
	struct sim_obj *o =
		c ? sim_coll_find(c, cluster ? og_svz("") : ns, og_svz(sim_str(ref, "name")))
		  : NULL;
	json_t *j = o ? sim_obj_json(o) : NULL, *rules = json_incref(json_object_get(j, "rules"));

	json_decref(j);
	return rules;
}

static void grant(struct og_sim *s, const json_t *subject, json_t *rules, struct og_sv ns)
{
	const char *kind = sim_str(subject, "kind"), *name = sim_str(subject, "name");
	struct sim_grant *g = og_calloc(1, sizeof(*g));

	if (!g)
		return;
	if (!strcmp(kind, "ServiceAccount"))
		g->user =
			sim_fmt("system:serviceaccount:%s:%s", sim_str(subject, "namespace"), name);
	else if (!strcmp(kind, "User"))
		g->user = og_strdup(name);
	else
		g->group = og_strdup(name);
	if (ns.n)
		g->ns = sim_fmt("%.*s", OG_SV_ARG(ns));
	g->rules = json_incref(rules);
	g->next = s->grants;
	s->grants = g;
}

static void bindings(struct og_sim *s, const char *plural)
{
	struct sim_coll *c = coll(s, plural);

	for (size_t i = 0; c && i < c->n; i++) {
		json_t *o = sim_obj_json(c->v[i]), *subject;
		json_t *rules = rules_of(s, json_object_get(o, "roleRef"), c->v[i]->ns);
		size_t k;

		json_array_foreach(json_object_get(o, "subjects"), k, subject)
		{
			if (rules)
				grant(s, subject, rules, c->v[i]->ns);
		}
		json_decref(rules);
		json_decref(o);
	}
}

static void refresh(struct og_sim *s)
{
	uint64_t seq = 0;

	for (size_t i = 0; i < OG_COUNT(kinds); i++) {
		const struct sim_coll *c = coll(s, kinds[i]);

		seq += c ? c->first_seq + c->nring : 0;
	}
	if (seq == s->grants_seq)
		return;
	grants_free(s);
	bindings(s, "clusterrolebindings");
	bindings(s, "rolebindings");
	s->grants_seq = seq;
}

bool sim_rbac_allows(
	struct og_sim *s, const char *user, const char *groups, const struct sim_ask *ask)
{
	refresh(s);
	for (const struct sim_grant *g = s->grants; g; g = g->next) {
		size_t i;
		json_t *rule;

		if (g->user ? strcmp(g->user, user) : !g->group || !sim_list_has(groups, g->group))
			continue;
		if (g->ns && (ask->path || strcmp(g->ns, ask->ns)))
			continue;
		json_array_foreach(g->rules, i, rule)
		{
			if (sim_rule_allows(rule, ask))
				return true;
		}
	}
	return false;
}
