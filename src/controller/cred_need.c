/* SPDX-License-Identifier: Apache-2.0 */
/* Who needs credentials: workloads that are injected, and namespaces that have opted in, so that
 * the Secret is there before their first pod. */
#include "cred-priv.h"
#include "otelgate/core/optin.h"

enum { NEED_BYTES = 600 };

static bool need_key(struct og_sv ns, struct og_sv stack, char buf[NEED_BYTES], struct og_sv *ret)
{
	const struct og_sv parts[] = {ns, stack};
	return og_sv_key(buf, NEED_BYTES, parts, OG_COUNT(parts), '\n', ret);
}

static void rebuild(struct cred *k)
{
	const struct workload *w;
	char buf[NEED_BYTES];
	struct og_sv key;
	uint32_t at = 0;

	k->needs_stale = false;
	og_map_clear(&k->needs);
	while ((w = controller_workload_next(k->c, &at)))
		if (w->injects && w->uses_secret && need_key(w->ns, w->stack, buf, &key))
			k->needs_stale |= !og_map_set(&k->needs, key, k);
}

/* Whether a pod there that says nothing itself would be injected with that stack. */
static bool opted_in(struct cred *k, const struct og_record *ns, const struct og_stack *s)
{
	og_auto_arena struct og_arena arena;
	struct og_findings findings = {0};
	struct og_facts facts = {0};
	struct og_meta meta, pod = {0};
	struct og_optin o = {0};

	og_arena_init(&arena, 0, 1 << 20);
	if (og_record_meta(ns, &arena, &meta, NULL) < 0)
		return false;
	facts.namespace_name = ns->name;
	facts.ns = (struct og_object_facts){.known = true,
		.kind = OG_SV("Namespace"),
		.name = ns->name,
		.labels = meta.labels,
		.annotations = meta.annotations};
	og_optin_decide(k->cfg->config, &pod, &facts, OG_SV(""), &arena, &findings, &o);
	return o.in && o.profile && o.profile->stack && o.level == OG_LEVEL_NAMESPACE &&
	       og_sv_eq(o.profile->stack->name, s->name);
}

enum cred_need cred_need_of(struct cred *k, struct og_sv ns, const struct og_stack *s)
{
	struct og_store *store = og_cluster_store(k->c->cluster, OG_SV(""), OG_SV("Namespace"));
	char buf[NEED_BYTES];
	struct og_record r;
	struct og_meta meta;
	struct og_sv key;

	if (!s->credentials.present || !store || !og_store_get(store, OG_SV(""), ns, &r) ||
		r.deleting || !need_key(ns, s->name, buf, &key))
		return CRED_NEED_NONE;
	if (k->needs_stale)
		rebuild(k);
	if (!og_map_get(&k->needs, key) && !opted_in(k, &r, s))
		return CRED_NEED_NONE;
	if (!s->distribute.namespace_selector.present)
		return CRED_NEED_YES;
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 1 << 20);
	if (og_record_meta(&r, &arena, &meta, NULL) < 0)
		return CRED_NEED_YES;
	return og_selector_match(&s->distribute.namespace_selector, &meta.labels)
		       ? CRED_NEED_YES
		       : CRED_NEED_EXCLUDED;
}
