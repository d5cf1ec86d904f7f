/* SPDX-License-Identifier: Apache-2.0 */
/* The pods of a workload, by the uids of their owners, never by labels. */
#include "otelgate/cluster/look.h"

#include "otelgate/base/mem.h"

enum {
	PODS_MAX = 20000,  /* of one workload; Kubernetes allows 150,000 in a cluster */
	DECIDED_MAX = 200, /* pods whose own opt-out is looked for */
	CHILDREN_MAX = 500,
};

struct gather {
	const struct og_look *l;
	const struct og_facts *facts; /* of the pods' owners */
	struct og_rollout_pod *pods;
	uint32_t n, cap;
	struct og_rollout_child *children;
	uint32_t nchildren, cap_children;
	unsigned decided;
	bool oom;
};

static bool room(struct gather *g, void **list, uint32_t n, uint32_t *cap, size_t size)
{
	if (n < *cap)
		return true;
	uint32_t more = *cap ? *cap * 2 : 16;
	void *v = og_arena_grow(g->l->arena, *list, *cap * size, more * size);
	if (!v) {
		g->oom = true;
		return false;
	}
	*list = v;
	*cap = more;
	return true;
}

/*
 * A pod that runs without: its own metadata may say that it should. One of a template from before
 * the opt-in says nothing, and is missed all the same.
 */
static bool left_alone(struct gather *g, const struct og_record *r)
{
	struct og_findings none = {0};
	struct og_optin optin;
	struct og_meta m;

	if (g->decided++ >= DECIDED_MAX || !g->l->config ||
		og_record_meta(r, g->l->arena, &m, NULL) < 0)
		return false;
	og_optin_decide(g->l->config, &m, g->facts, OG_SV(""), g->l->arena, &none, &optin);
	return !optin.in &&
	       (optin.reason == OG_REASON_OPTED_OUT || optin.reason == OG_REASON_MIRROR_POD);
}

static void add_pod(struct gather *g, const struct og_record *r, struct og_sv owner)
{
	static const char *const hashes[] = {
		"pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash"};
	struct og_pod_state *state;
	struct og_cluster_extra extra;

	if (g->n >= PODS_MAX ||
		!room(g, (void **)&g->pods, g->n, &g->cap, sizeof(struct og_rollout_pod)))
		return;
	struct og_rollout_pod *pod = &g->pods[g->n++];
	*pod = (struct og_rollout_pod){.name = r->name,
		.uid = og_arena_sv(g->l->arena, r->uid), /* its view ends with the record */
		.owner = owner,
		.revision = og_record_label(r, OG_SV(OG_LABEL_REVISION)),
		.deleting = r->deleting,
		.created_s = r->created_s};
	for (size_t i = 0; i < OG_COUNT(hashes) && !pod->hash.n; i++)
		pod->hash = og_record_label(r, og_svz(hashes[i]));
	state = og_arena_new(g->l->arena, struct og_pod_state);
	if (state && og_cluster_extra_read(r->extra, &extra) && extra.facts.n &&
		og_pod_state_unpack(extra.facts, g->l->arena, state, NULL) == 0)
		pod->state = state;
	if (!pod->revision.n && !pod->deleting)
		pod->left_alone = left_alone(g, r);
}

static void add_pods_of(struct gather *g, struct og_sv uid, struct og_sv owner)
{
	struct og_store *pods = og_cluster_store(g->l->cluster, OG_SV(""), OG_SV("Pod"));
	struct og_record r;
	uint32_t at = 0;

	while (og_store_next_indexed(pods, uid, &at, &r))
		if (og_sv_eq(r.ns, g->l->ns))
			add_pod(g, &r, owner);
}

/* "web-5d4f" of "web" has the hash "5d4f". */
static struct og_sv hash_of(const struct gather *g, struct og_sv name)
{
	struct og_sv up = g->l->name;

	if (name.n > up.n + 1 && og_sv_starts(name, up) && name.p[up.n] == '-')
		return og_sv(name.p + up.n + 1, name.n - up.n - 1);
	return OG_SV("");
}

static void add_children(struct gather *g, struct og_sv uid, const char *group, const char *kind)
{
	struct og_store *s = og_cluster_store(g->l->cluster, og_svz(group), og_svz(kind));
	struct og_record r;
	uint32_t at = 0;

	while (g->nchildren < CHILDREN_MAX && og_store_next_indexed(s, uid, &at, &r)) {
		struct og_rollout_facts *facts = og_arena_new(g->l->arena, struct og_rollout_facts);
		struct og_cluster_extra extra;
		if (!og_sv_eq(r.ns, g->l->ns) ||
			!room(g, (void **)&g->children, g->nchildren, &g->cap_children,
				sizeof(struct og_rollout_child)))
			continue;
		g->children[g->nchildren++] = (struct og_rollout_child){.name = r.name,
			.hash = hash_of(g, r.name),
			.created_s = r.created_s,
			.facts = facts && og_cluster_extra_read(r.extra, &extra) &&
						 og_rollout_facts_unpack(
							 &extra.facts, facts, NULL) == 0
					 ? facts
					 : NULL};
		add_pods_of(g, og_arena_sv(g->l->arena, r.uid), r.name);
	}
}

int og_look_pods(const struct og_look *l, const struct og_record *record,
	const struct og_facts *facts, struct og_rollout_input *in, struct og_err *err)
{
	struct gather g = {.l = l, .facts = facts};

	if (og_sv_is(l->kind, "Pod")) {
		add_pod(&g, record, OG_SV(""));
	} else {
		add_children(&g, record->uid, "apps", "ReplicaSet");
		add_children(&g, record->uid, "batch", "Job");
		add_pods_of(&g, record->uid, OG_SV(""));
	}
	in->pods = g.pods;
	in->npods = g.n;
	in->children = g.children;
	in->nchildren = g.nchildren;
	return g.oom || l->arena->failed ? og_err_set(err, OG_E_OOM, "looking at pods") : 0;
}
