/* SPDX-License-Identifier: Apache-2.0 */
/* What injected values say, and what later rounds make of them. */
#include "otelgate/codec/percent.h"
#include "support/property.h"

#include <stdio.h>

static const char *const helpers[] = {"OTEL_RESOURCE_ATTRIBUTES_POD_NAME",
	"OTEL_RESOURCE_ATTRIBUTES_NODE_NAME", "OTEL_RESOURCE_ATTRIBUTES_POD_UID",
	"OTEL_RESOURCE_ATTRIBUTES_NAMESPACE", "OTELGATE_POD_NAME", "OTELGATE_NODE_NAME",
	"OTELGATE_POD_UID", "OTELGATE_NAMESPACE", "OTEL_NODE_IP", "OTEL_POD_IP"};

static bool is_helper(struct og_sv name)
{
	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		if (og_sv_eq(name, og_svz(helpers[i])))
			return true;
	return false;
}

static struct og_jval result_env(struct outcome *o, const struct og_plan_container *pc)
{
	struct og_jval t = og_workload_template(o->plan->kind, o->object);
	struct og_jval list =
		og_jpath(t, "spec", pc->c.init ? "initContainers" : "containers", NULL);
	og_jfor (it, list)
		if (og_jstr_eq(og_jgetl(it.val, "name"), pc->c.name))
			return og_jgetl(it.val, "env");
	return OG_JABSENT;
}

/* The next $(NAME) of a value by the kubelet's rules: "$$" is one "$" and starts nothing. */
static bool next_reference(struct og_sv v, size_t *at, struct og_sv *ret)
{
	for (; *at + 1 < v.n; (*at)++) {
		if (v.p[*at] != '$')
			continue;
		if (v.p[*at + 1] == '(') {
			struct og_sv rest = og_sv(v.p + *at + 2, v.n - *at - 2);
			size_t n = og_sv_chr(rest, ')');
			*at += 2;
			if (n == rest.n)
				continue;
			*ret = og_sv(rest.p, n);
			return true;
		}
		if (v.p[*at + 1] == '$')
			(*at)++;
	}
	return false;
}

static bool ours(const struct og_plan_container *pc, struct og_sv name)
{
	for (uint32_t i = 0; i < pc->nenv; i++)
		if (og_sv_eq(pc->env[i].name, name))
			return (pc->env[i].action == OG_ENV_ADD_FIRST ||
				       pc->env[i].action == OG_ENV_ADD_LAST) &&
			       pc->env[i].origin != OG_FROM_PROFILE &&
			       pc->env[i].origin != OG_FROM_LANGUAGE;
	return false;
}

static bool from_map(const struct og_plan_container *pc, struct og_sv name)
{
	for (uint32_t i = 0; i < pc->nenv; i++)
		if (og_sv_eq(pc->env[i].name, name) && pc->env[i].origin == OG_FROM_ENV_FROM)
			return true;
	return false;
}

static bool defined_before_use(struct world *w)
{
	struct outcome o;
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	for (uint32_t i = 0; o.patch.n && i < o.plan->ncontainers; i++) {
		const struct og_plan_container *pc = &o.plan->containers[i];
		struct og_jval env = result_env(&o, pc);
		if (pc->skip != OG_SKIP_NONE)
			continue;
		world_hit();
		og_jfor (it, env) {
			struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), &w->arena);
			struct og_sv value = og_jstr_or_empty(og_jgetl(it.val, "value"), &w->arena);
			struct og_sv ref;
			size_t at = 0;
			/* these may carry the profile's own text, or the user's service.name */
			if (!ours(pc, name) || og_sv_is(name, "NODE_OPTIONS") ||
				og_sv_is(name, "PYROSCOPE_APPLICATION_NAME") ||
				og_sv_is(name, "JAVA_TOOL_OPTIONS"))
				continue;
			while (next_reference(value, &at, &ref)) {
				uint32_t index = UINT32_MAX;
				bool before = false;
				og_jfor (e, env)
					if (og_jstr_eq(og_jgetl(e.val, "name"), ref)) {
						index = e.index;
						before |= index < it.index;
					}
				if (!before && !from_map(pc, ref))
					return world_fail(w, "%.*s refers to $(%.*s)",
						OG_SV_ARG(name), OG_SV_ARG(ref));
			}
		}
	}
	return true;
}

/* --- resource attributes --------------------------------------------------------------------- */

struct expected {
	const char *key;
	struct og_sv value;
};

static bool decodes(struct world *w, struct og_sv text, struct og_sv *ret)
{
	struct og_buf b = OG_BUF_INIT(0);
	bool ok = og_percent_decode(text, &b, NULL) == 0;
	*ret = og_arena_sv(&w->arena, og_buf_view(&b));
	og_buf_fini(&b);
	return ok;
}

static bool one_attribute(struct world *w, struct outcome *o, const struct og_plan_container *pc,
	struct og_sv item, struct og_sv *ret_key)
{
	size_t eq = og_sv_chr(item, '='), at = 0;
	struct og_sv value = og_sv(item.p + eq + 1, item.n - eq - 1), text, ref;
	if (eq == 0 || eq >= item.n)
		return world_fail(w, "no key=value: %.*s", OG_SV_ARG(item));
	for (size_t i = 0; i < item.n; i++)
		if ((unsigned char)item.p[i] < 0x21 || (unsigned char)item.p[i] > 0x7E)
			return world_fail(w, "not ASCII: %.*s", OG_SV_ARG(item));
	while (next_reference(item, &at, &ref))
		if (!is_helper(ref))
			return world_fail(w, "a reference of someone else: %.*s", OG_SV_ARG(item));
	if (og_sv_chr(value, '=') < value.n || !decodes(w, value, &text) ||
		!decodes(w, og_sv(item.p, eq), ret_key))
		return world_fail(w, "not decodable: %.*s", OG_SV_ARG(item));
	const struct og_kvs *ann = &o->plan->meta.annotations;
	for (uint32_t i = 0; i < ann->n; i++) {
		struct og_sv k = ann->v[i].key, prefix = OG_SV("resource.opentelemetry.io/");
		if (og_sv_starts(k, prefix) && og_sv_trim(ann->v[i].value).n &&
			og_sv_eq(og_sv(k.p + prefix.n, k.n - prefix.n), *ret_key) &&
			!og_sv_is(*ret_key, "otelgate.revision") && /* ours alone */
			!og_sv_eq(text, og_sv_trim(ann->v[i].value)))
			return world_fail(w, "%.*s is not what the annotation says: %.*s",
				OG_SV_ARG(k), OG_SV_ARG(text));
	}
	if (og_sv_is(*ret_key, "k8s.container.name") && !og_sv_eq(text, pc->c.name) &&
		!og_sv_has(og_jraw(o->object), OG_SV("resource.opentelemetry.io/k8s.container")))
		return world_fail(w, "k8s.container.name is %.*s", OG_SV_ARG(text));
	return true;
}

static bool attributes(struct world *w)
{
	struct outcome o;
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	for (uint32_t i = 0; o.patch.n && i < o.plan->ncontainers; i++) {
		const struct og_plan_container *pc = &o.plan->containers[i];
		for (uint32_t k = 0; pc->skip == OG_SKIP_NONE && k < pc->nenv; k++) {
			const struct og_plan_env *e = &pc->env[k];
			if (!og_sv_is(e->name, "OTEL_RESOURCE_ATTRIBUTES") ||
				(e->action != OG_ENV_ADD_LAST && e->action != OG_ENV_MERGE))
				continue;
			struct og_sv rest =
				og_sv(e->value.p + e->keep_len, e->value.n - e->keep_len);
			struct og_sv mine = og_sv(e->value.p, e->keep_len), item, keys[256];
			uint32_t n = 0;
			if (rest.n && rest.p[0] == ',')
				rest = og_sv(rest.p + 1, rest.n - 1);
			world_hit();
			while (og_sv_split(&rest, ',', &item) && n < 256) {
				if (!one_attribute(w, &o, pc, item, &keys[n]))
					return false;
				for (uint32_t j = 0; j < n; j++)
					if (og_sv_eq(keys[j], keys[n]))
						return world_fail(
							w, "twice: %.*s", OG_SV_ARG(item));
				struct og_sv theirs = mine, one;
				while (og_sv_split(&theirs, ',', &one)) {
					size_t eq = og_sv_chr(one, '=');
					if (og_sv_eq(og_sv_trim(og_sv(one.p, eq)), keys[n]))
						return world_fail(w, "the user has it: %.*s",
							OG_SV_ARG(item));
				}
				n++;
			}
		}
	}
	return true;
}

/* --- PodSecurity ----------------------------------------------------------------------------- */

/* https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
static bool restricted_container(struct og_jval c, struct og_jval pod)
{
	struct og_jval sc = og_jgetl(c, "securityContext");
	struct og_jval drop = og_jpath(sc, "capabilities", "drop", NULL);
	struct og_jval add = og_jpath(sc, "capabilities", "add", NULL);
	struct og_jval non_root = og_jgetl(sc, "runAsNonRoot");
	struct og_jval seccomp = og_jpath(sc, "seccompProfile", "type", NULL);
	struct og_jval user = og_jgetl(sc, "runAsUser");
	int64_t uid = 1;
	bool all = false;
	og_jfor (it, drop)
		all |= og_jstr_is(it.val, "ALL");
	og_jfor (it, add)
		if (!og_jstr_is(it.val, "NET_BIND_SERVICE"))
			return false;
	if (og_junset(non_root))
		non_root = og_jgetl(pod, "runAsNonRoot");
	if (og_junset(seccomp))
		seccomp = og_jpath(pod, "seccompProfile", "type", NULL);
	if (og_ji64(og_junset(user) ? og_jgetl(pod, "runAsUser") : user, &uid) && uid == 0)
		return false;
	return all && og_jis(non_root, OG_J_TRUE) &&
	       og_jis(og_jgetl(sc, "allowPrivilegeEscalation"), OG_J_FALSE) &&
	       !og_jis(og_jgetl(sc, "privileged"), OG_J_TRUE) &&
	       (og_jstr_is(seccomp, "RuntimeDefault") || og_jstr_is(seccomp, "Localhost"));
}

static bool restricted(struct og_jval object)
{
	static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};
	static const char *const allowed[] = {"name", "configMap", "csi", "downwardAPI", "emptyDir",
		"ephemeral", "persistentVolumeClaim", "projected", "secret"};
	struct og_jval spec =
		og_jgetl(og_workload_template(og_workload_kind_of(object), object), "spec");
	for (int l = 0; l < 3; l++)
		og_jfor (it, og_jget(spec, og_svz(lists[l])))
			if (!restricted_container(it.val, og_jgetl(spec, "securityContext")))
				return false;
	og_jfor (it, og_jgetl(spec, "volumes"))
		og_jfor (m, it.val) {
			bool ok = false;
			for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
				ok |= og_jstr_eq(m.key, og_svz(allowed[i]));
			if (!ok)
				return false;
		}
	return true;
}

static bool stays_restricted(struct world *w)
{
	struct outcome o;
	if (!restricted(w->object))
		return true;
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	if (o.patch.n && o.plan->ninits)
		world_hit();
	return restricted(o.object) || world_fail(w, "not restricted: %.*s", OG_SV_ARG(o.text));
}

/* --- names and revisions --------------------------------------------------------------------- */

static bool unique_in(struct world *w, struct og_jval list, const char *key)
{
	og_jfor (a, list)
		og_jfor (b, list)
			if (a.index < b.index && og_jis(og_jget(a.val, og_svz(key)), OG_J_STRING) &&
				og_jequal(og_jget(a.val, og_svz(key)), og_jget(b.val, og_svz(key))))
				return world_fail(w, "two of one %s", key);
	return true;
}

static bool names_unique(struct world *w)
{
	struct outcome o;
	if (!world_inject(w, w->object, NULL, &o))
		return false;
	if (!o.patch.n)
		return true;
	world_hit();
	struct og_jval spec = og_jgetl(og_workload_template(o.plan->kind, o.object), "spec");
	if (!unique_in(w, og_jgetl(spec, "volumes"), "name") ||
		!unique_in(w, og_jgetl(spec, "initContainers"), "name") ||
		!unique_in(w, og_jgetl(spec, "containers"), "name"))
		return false;
	og_jfor (c, og_jgetl(spec, "containers"))
		if (!unique_in(w, og_jgetl(c.val, "volumeMounts"), "mountPath"))
			return false;
	return true;
}

/* Two pods of one template differ in their names alone. */
static bool same_revision(struct world *w)
{
	struct outcome one, two;
	struct og_jval other;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_sv raw = og_jraw(w->object), mark = OG_SV("\"metadata\":{");
	const char *at = memmem(raw.p, raw.n, mark.p, mark.n);
	if (!at || at[mark.n] == '}')
		return true;
	og_buf_add(&b, raw.p, (size_t)(at - raw.p) + mark.n);
	og_buf_lit(&b, "\"name\":\"web-5d4f-x7k2p\",\"uid\":\"1\",");
	og_buf_add(&b, at + mark.n,
		raw.n - b.len + strlen("\"name\":\"web-5d4f-x7k2p\",\"uid\":\"1\","));
	if (!world_parse(w, og_buf_view(&b), &other) || !world_inject(w, w->object, NULL, &one) ||
		!world_inject(w, other, NULL, &two))
		return false;
	if (!one.patch.n || !one.plan->facts.nowners)
		return true;
	world_hit();
	return strcmp(one.plan->revision, two.plan->revision) == 0 ||
	       world_fail(w, "revisions %s and %s", one.plan->revision, two.plan->revision);
}

/* --- rounds ---------------------------------------------------------------------------------- */

/* Another profile later gives what it would have given at once. */
static bool profile_change(struct world *w)
{
	struct outcome first, second, direct;
	if (!world_inject(w, w->object, "standard", &first) ||
		!world_inject(w, w->object, "ebpf", &direct))
		return false;
	if (!first.patch.n || !direct.patch.n || !world_inject(w, first.object, "ebpf", &second))
		return w->why[0] == '\0';
	world_hit();
	return og_jequal(second.object, direct.object) ||
	       world_fail(w, "later: %.*s\n  at once: %.*s", OG_SV_ARG(second.text),
		       OG_SV_ARG(direct.text));
}

/* The revision speaks of the whole pod, so it is another one in all of its containers. */
static bool same_but_revision(struct world *w, struct og_jval was, struct og_jval is,
	const char *old_revision, const char *new_revision)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_jval other;
	size_t n = strlen(old_revision);
	og_buf_sv(&b, og_jraw(was));
	for (char *at = b.p; n && (at = strstr(at, old_revision)); at += n)
		memcpy(at, new_revision, n);
	return world_parse(w, og_buf_view(&b), &other) && og_jequal(other, is);
}

/* A container that appears between two rounds is injected, and the others stay as they are. */
static bool late_container(struct world *w)
{
	struct outcome first, second;
	struct og_jval more;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	if (!world_inject(w, w->object, "lean", &first))
		return false;
	if (!first.patch.n)
		return true;
	struct og_jval cs = og_jpath(
		og_workload_template(first.plan->kind, first.object), "spec", "containers", NULL);
	struct og_sv raw = og_jraw(cs), all = first.text;
	size_t end = (size_t)(raw.p - all.p) + raw.n - 1;
	og_buf_add(&b, all.p, end);
	og_buf_lit(&b, ",{\"name\":\"late\",\"image\":\"late:1\"}");
	og_buf_add(&b, all.p + end, all.n - end);
	if (!world_parse(w, og_buf_view(&b), &more) || !world_inject(w, more, "lean", &second))
		return false;
	if (second.rc)
		return world_fail(w, "second round: %s", second.err.msg);
	struct og_jval now = og_jpath(
		og_workload_template(first.plan->kind, second.object), "spec", "containers", NULL);
	og_jfor (it, cs)
		if (!same_but_revision(w, it.val, og_jat(now, it.index), first.plan->revision,
			    second.plan->revision))
			return world_fail(w, "container %u changed", it.index);
	const struct og_plan_container *late =
		&second.plan->containers[second.plan->ncontainers - 1];
	if (late->skip != OG_SKIP_NONE)
		return true;
	world_hit();
	return og_jcount(og_jgetl(og_jat(now, og_jcount(cs)), "env")) > 0 ||
	       world_fail(w, "the late container is not injected");
}

/* A pod's template in a Deployment gives the same as the pod, with the same facts. */
static bool template_is_pod(struct world *w)
{
	struct og_jval parts[2], deployment;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_plan *plans[2];
	struct og_err err = OG_ERR_INIT;
	og_buf_lit(
		&b, "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{\"template\":");
	og_buf_sv(&b, og_jraw(w->object));
	og_buf_lit(&b, "}}");
	if (!world_parse(w, og_buf_view(&b), &deployment))
		return false;
	struct og_facts facts;
	if (og_facts_of_workload(&w->source, w->object, OG_SV("prod"), &w->arena, &facts, NULL))
		return world_fail(w, "facts");
	parts[0] = w->object;
	parts[1] = deployment;
	for (int i = 0; i < 2; i++) {
		struct og_plan_input in = {.config = w->config, .object = parts[i], .facts = facts};
		int rc = og_plan_make(&in, &w->arena, &plans[i], &err);
		if (!rc)
			rc = og_plan_patch(plans[i], &w->arena, &err);
		if (rc)
			return world_fail(w, "%d: %s", i, err.msg);
	}
	if (plans[0]->patch.n)
		world_hit();
	return (strcmp(plans[0]->revision, plans[1]->revision) == 0 &&
		       og_sv_eq(plans[0]->record, plans[1]->record) &&
		       plans[0]->reason == plans[1]->reason) ||
	       world_fail(w, "%.*s\n  and %.*s", OG_SV_ARG(plans[0]->record),
		       OG_SV_ARG(plans[1]->record));
}

/* --- forged records -------------------------------------------------------------------------- */

static void forge(struct gen *g, struct og_buf *b)
{
	static const char *const whole[] = {"", "{}", "[]", "null", "{\\\"v\\\":1}",
		"{\\\"v\\\":2}", "{\\\"v\\\":\\\"1\\\"}", "x",
		"{\\\"v\\\":1,\\\"containers\\\":[]}",
		"{\\\"v\\\":1,\\\"sets\\\":{},\\\"containers\\\":{\\\"app\\\":3}}"};
	static const char *const names[] = {"PATH", "FOO", "OTEL_SERVICE_NAME", "JAVA_TOOL_OPTIONS",
		"OTEL_RESOURCE_ATTRIBUTES", "PYTHONPATH", "data", "setup", "app", "cfg"};
	static const char *const numbers[] = {"0", "1", "3", "-1", "4294967296",
		"9223372036854775807", "1e3", "null", "\\\"1\\\"", "[]"};
	if (gen_chance(g, 20)) {
		og_buf_str(b, gen_pick(g, whole));
		return;
	}
	og_buf_fmt(b, "{\\\"v\\\":1,\\\"sets\\\":[[\\\"%s\\\",\\\"%s\\\",%s]]", gen_pick(g, names),
		gen_pick(g, names), gen_pick(g, numbers));
	og_buf_fmt(b,
		",\\\"containers\\\":{\\\"app\\\":{\\\"set\\\":%s,\\\"merged\\\":{\\\"%s\\\":"
		"[%s,%s,%s]}",
		gen_chance(g, 70) ? "0" : gen_pick(g, numbers), gen_pick(g, names),
		gen_pick(g, numbers), gen_pick(g, numbers), gen_pick(g, numbers));
	og_buf_fmt(b,
		",\\\"mounts\\\":[\\\"%s\\\"],\\\"made\\\":[\\\"env\\\",\\\"volumeMounts:null\\\"]}}",
		gen_pick(g, names));
	og_buf_fmt(b,
		",\\\"inits\\\":[\\\"%s\\\"],\\\"volumes\\\":[\\\"%s\\\",%s],\\\"annotations\\\":"
		"[\\\"a~b/c~1d\\\",\\\"otelgate.dev/inject\\\"],\\\"made\\\":[\\\"%s\\\",\\\"labels\\\"]}",
		gen_pick(g, names), gen_pick(g, names), gen_pick(g, numbers),
		gen_chance(g, 50) ? "metadata" : "volumes:null");
}

static bool forged_record(struct world *w)
{
	struct outcome o;
	struct og_jval other;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_sv raw = og_jraw(w->object), mark = OG_SV("\"otelgate.dev/inject\":");
	const char *at = memmem(raw.p, raw.n, mark.p, mark.n);
	if (!at)
		return true;
	og_buf_add(&b, raw.p, (size_t)(at - raw.p));
	og_buf_lit(&b, "\"otelgate.dev/injection\":\"");
	forge(&w->g, &b);
	og_buf_lit(&b, "\",");
	og_buf_add(&b, at, raw.n - (size_t)(at - raw.p));
	if (!world_parse(w, og_buf_view(&b), &other) || !world_inject(w, other, NULL, &o))
		return false;
	world_hit();
	if (o.rc)
		return (o.err.msg[0] && !o.patch.n) || world_fail(w, "an error without a text");
	struct og_jval spec = og_jgetl(og_workload_template(o.plan->kind, o.object), "spec");
	return (unique_in(w, og_jgetl(spec, "containers"), "name") &&
		       unique_in(w, og_jgetl(spec, "volumes"), "name")) &&
	       (og_jcount(og_jgetl(spec, "containers")) > 0 || world_fail(w, "no container left"));
}

enum { RUNS = 1500 };
static const struct gen_opts in = {.always_in = true},
			     pods = {.always_in = true, .pods_only = true},
			     nameless = {
				     .always_in = true, .pods_only = true, .no_object_names = true};

#define ROW(name) #name, name
static const struct property properties[] = {
	{ROW(defined_before_use), &in, 60},
	{ROW(attributes), &in, 60},
	{ROW(stays_restricted), &in, 4},
	{ROW(names_unique), &in, 60},
	{ROW(same_revision), &nameless, 20},
	{ROW(profile_change), &in, 50},
	{ROW(late_container), &in, 40},
	{ROW(template_is_pod), &pods, 60},
	{ROW(forged_record), &in, 60},
};
#undef ROW

int main(void)
{
	return property_main("values", properties, OG_COUNT(properties), RUNS);
}
