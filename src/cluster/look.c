/* SPDX-License-Identifier: Apache-2.0 */
/* One workload, and its plan, from what is kept of its template. */
#include "otelgate/cluster/look.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/kobj/workload.h"

enum { OBJECT_BYTES = 4 << 20 };

bool og_look_find(const struct og_look *l, const struct og_cluster_kind **ret_kind,
	struct og_record *ret, struct og_cluster_extra *ret_extra)
{
	struct og_store *s = og_cluster_store(l->cluster, l->group, l->kind);
	struct og_owner o;

	*ret_kind = og_cluster_kind(l->group, l->kind);
	if (!s || !*ret_kind || !og_store_get(s, l->ns, l->name, ret) || ret->deleting ||
		!og_cluster_extra_read(ret->extra, ret_extra) || !ret_extra->object.n)
		return false;
	return !og_record_owner(ret, &o) || !og_workload_kind(o.group, o.kind);
}

struct og_sv og_look_api_version(const struct og_look *l, const struct og_cluster_kind *kind)
{
	return og_svz(og_arena_fmt(
		l->arena, "%.*s%s%s", OG_SV_ARG(l->group), l->group.n ? "/" : "", kind->version));
}

bool og_look_facts(
	const struct og_look *l, const struct og_cluster_extra *extra, struct og_rollout_facts *ret)
{
	struct og_sv facts = extra->facts;

	if (og_sv_is(l->kind, "Pod")) { /* its facts are its state's, which is judged apart */
		*ret = (struct og_rollout_facts){.kind = OG_RK_POD, .desired = 1};
		return true;
	}
	return og_rollout_facts_unpack(&facts, ret, NULL) == 0;
}

static void write_kvs(struct og_buf *b, const char *key, const struct og_kvs *kvs)
{
	og_buf_fmt(b, ",\"%s\":{", key);
	for (uint32_t i = 0; i < kvs->n; i++) {
		og_buf_str(b, i ? "," : "");
		og_jw_str(b, kvs->v[i].key);
		og_buf_ch(b, ':');
		og_jw_str(b, kvs->v[i].value);
	}
	og_buf_ch(b, '}');
}

static void write_owner(struct og_buf *b, const struct og_owner *o)
{
	og_buf_lit(b, ",\"ownerReferences\":[{\"apiVersion\":\"");
	if (o->group.n) {
		og_jw_part(b, o->group);
		og_buf_ch(b, '/');
	}
	og_buf_lit(b, "v1\",\"kind\":"); /* only its group is read */
	og_jw_str(b, o->kind);
	og_buf_lit(b, ",\"name\":");
	og_jw_str(b, o->name);
	og_buf_lit(b, ",\"uid\":");
	og_jw_str(b, o->uid);
	og_buf_lit(b, ",\"controller\":true}]");
}

/* The object again, as far as it was kept. */
static int write_object(const struct og_look *l, const struct og_record *record,
	const struct og_cluster_extra *extra, struct og_buf *b, struct og_err *err)
{
	const struct og_cluster_kind *kind = og_cluster_kind(l->group, l->kind);
	struct og_meta m;
	int r = og_record_meta(record, l->arena, &m, err);

	if (r < 0)
		return r;
	og_buf_fmt(
		b, "{\"apiVersion\":\"%.*s\",\"kind\":", OG_SV_ARG(og_look_api_version(l, kind)));
	og_jw_str(b, l->kind);
	if (og_sv_is(l->kind, "Pod")) { /* metadata and spec are kept together */
		og_buf_ch(b, ',');
		og_buf_sv(b, og_sv(extra->object.p + 1, extra->object.n - 1));
	} else {
		og_buf_lit(b, ",\"metadata\":{\"name\":");
		og_jw_str(b, m.name);
		og_buf_lit(b, ",\"namespace\":");
		og_jw_str(b, m.ns);
		og_buf_lit(b, ",\"uid\":");
		og_jw_str(b, m.uid);
		write_kvs(b, "labels", &m.labels);
		write_kvs(b, "annotations", &m.annotations);
		if (m.has_owner)
			write_owner(b, &m.owner);
		og_buf_lit(b, "},\"spec\":");
		og_buf_sv(b, extra->object);
		og_buf_ch(b, '}');
	}
	return b->failed ? og_err_set(err, OG_E_OOM, "putting a workload together") : 0;
}

/* The distributed Secret: a variable of the stack's that comes from it. */
static bool uses_secret(const struct og_plan *plan, const struct og_stack *stack)
{
	for (uint32_t i = 0; i < plan->ncontainers; i++)
		for (uint32_t j = 0; j < plan->containers[i].nenv; j++) {
			const struct og_plan_env *e = &plan->containers[i].env[j];
			if ((e->action == OG_ENV_ADD_FIRST || e->action == OG_ENV_ADD_LAST) &&
				e->json.n && og_sv_has(e->json, OG_SV("secretKeyRef")) &&
				og_sv_has(e->json, stack->distribute.secret_name))
				return true;
		}
	return false;
}

/* Nobody asked, or it is none of ours. */
static bool is_out(enum og_reason r)
{
	return r == OG_REASON_NOT_OPTED_IN || r == OG_REASON_OPTED_OUT ||
	       r == OG_REASON_EXCLUDED_NAMESPACE || r == OG_REASON_MIRROR_POD ||
	       r == OG_REASON_NOT_A_POD;
}

static void take(struct og_look_plan *p)
{
	const struct og_plan *plan = p->plan;
	const struct og_stack *stack = plan->profile ? plan->profile->stack : NULL;

	p->opted_in = !is_out(plan->reason);
	p->injects = plan->reason == OG_REASON_INJECTED || plan->reason == OG_REASON_UP_TO_DATE;
	p->secret_name = p->injects && stack && uses_secret(plan, stack)
				 ? stack->distribute.secret_name
				 : OG_SV("");
}

int og_look_plan(const struct og_look *l, const struct og_record *record,
	const struct og_cluster_extra *extra, struct og_look_plan *ret, struct og_err *err)
{
	struct og_cluster_facts facts = {.c = l->cluster};
	struct og_facts_source source = og_cluster_facts_source(&facts);
	struct og_plan_input in = {.config = l->config};
	og_auto_buf struct og_buf b = OG_BUF_INIT(OBJECT_BYTES);
	struct og_jdoc *doc = og_arena_new(l->arena, struct og_jdoc);
	struct og_look_plan out = {.secret_name = OG_SV("")};
	int r = doc ? write_object(l, record, extra, &b, err)
		    : og_err_set(err, OG_E_OOM, "planning");

	if (r < 0)
		return r;
	struct og_sv text = og_arena_sv(l->arena, og_buf_view(&b));
	if (!text.p)
		return og_err_set(err, OG_E_OOM, "planning");
	if ((r = og_jdoc_parse(doc, l->arena, text, NULL, err)) < 0)
		return r;
	out.object = in.object = og_jroot(doc);
	r = og_facts_of_workload(&source, in.object, l->ns, l->arena, &in.facts, err);
	if (r == 0)
		r = og_plan_make(&in, l->arena, &out.plan, err);
	if (r < 0)
		return r;
	out.facts = in.facts;
	take(&out);
	*ret = out;
	return 0;
}
