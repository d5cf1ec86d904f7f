/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTEL_SERVICE_NAME, by the OpenTelemetry rules for Kubernetes (semantic-conventions
 * docs/non-normative/k8s-attributes.md).
 */
#include "plan-priv.h"

#include "otelgate/codec/percent.h"

struct og_sv og_mut_label(const struct og_mut *m, struct og_sv key)
{
	const struct og_sv *v = m->profile->sdk.use_labels ? og_kvs_get(&m->plan->meta.labels, key)
							   : NULL;
	return v ? *v : og_sv("", 0);
}

/* The name of the owner that the rules put first; unknown kinds count after all known ones. */
static struct og_sv owner_name(const struct og_mut *m)
{
	const struct og_facts *f = &m->plan->facts;
	struct og_sv best = og_sv("", 0);
	unsigned rank = 1000;
	for (uint32_t i = 0; i < f->nowners; i++) {
		const struct og_object_facts *o = &f->owners[i];
		const struct og_workload_kind *k = og_workload_kind(o->group, o->kind);
		unsigned r = k ? k->name_rank : 80;
		if (o->name.n && r <= rank) {
			rank = r;
			best = o->name;
		}
	}
	return best;
}

static struct og_sv natural_name(const struct og_mut *m, const char **ret_note)
{
	struct og_sv v = og_mut_said_attr(m, OG_SV("service.name"));
	*ret_note = "annotation " OG_ATTR_PREFIX "service.name";
	if (!v.n) {
		v = og_mut_label(m, OG_SV("app.kubernetes.io/instance"));
		*ret_note = "label app.kubernetes.io/instance";
	}
	if (!v.n) {
		v = og_mut_label(m, OG_SV("app.kubernetes.io/name"));
		*ret_note = "label app.kubernetes.io/name";
	}
	if (!v.n) {
		v = owner_name(m);
		*ret_note = "name of the workload";
	}
	if (!v.n) {
		v = m->plan->meta.name;
		*ret_note = "name of the pod";
	}
	if (!v.n && m->plan->meta.generate_name.n) {
		v = m->plan->meta.generate_name;
		while (v.n && v.p[v.n - 1] == '-')
			v.n--;
		*ret_note = "generateName of the pod";
	}
	if (!v.n) {
		v = m->pc->c.name;
		*ret_note = "name of the container";
	}
	return v;
}

/* The value of one key inside the user's OTEL_RESOURCE_ATTRIBUTES; {NULL, 0} when absent. */
struct og_sv og_mut_user_attr(const struct og_mut *m, struct og_sv key)
{
	const struct og_user_env *u = og_mut_user(m, OG_SV("OTEL_RESOURCE_ATTRIBUTES"));
	struct og_sv rest = u && u->has_value ? u->value : og_sv("", 0), item;
	while (og_sv_split(&rest, ',', &item)) {
		item = og_sv_trim(item);
		size_t eq = og_sv_chr(item, '=');
		if (eq < item.n && og_sv_eq(og_sv_trim(og_sv(item.p, eq)), key))
			return og_sv(item.p + eq + 1, item.n - eq - 1);
	}
	return og_sv(NULL, 0);
}

/* The text as it is when it holds a bad escape, which is reported elsewhere. */
static struct og_sv decoded(struct og_mut *m, struct og_sv text)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(1 << 20);
	if (og_percent_decode(text, &b, NULL) || b.failed)
		return text;
	struct og_sv s = og_arena_sv(m->a, og_buf_view(&b));
	m->oom |= s.p == NULL;
	return s;
}

void og_mut_service_name(struct og_mut *m)
{
	struct og_sv var = OG_SV("OTEL_SERVICE_NAME");
	const char *note;
	struct og_sv name = natural_name(m, &note);
	struct og_sv by_user = og_mut_user_attr(m, OG_SV("service.name"));
	const struct og_user_env *u = og_mut_user(m, var);
	m->pc->service_name_by_user = u || by_user.n;
	if (u) {
		m->pc->service_name = u->has_value ? u->value : og_sv("", 0);
		(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_IDENTITY, var, name);
		return;
	}
	if (by_user.n) {
		/* OTEL_SERVICE_NAME would outrank it by the SDK rules */
		m->pc->service_name = decoded(m, by_user);
		og_mut_env_off(m, OG_FROM_IDENTITY, var,
			"service.name in the container's OTEL_RESOURCE_ATTRIBUTES stands");
		return;
	}
	m->pc->service_name = name;
	if (og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_IDENTITY, var, og_mut_escape_dollar(m, name)))
		og_mut_planned(m, var)->note = og_svz(note);
}
