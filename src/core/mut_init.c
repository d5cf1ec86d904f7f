/* SPDX-License-Identifier: Apache-2.0 */
/* The init container that copies an agent: what it may use, and whose user it is. */
#include "plan-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"

/*
 * What a copy asks for of a resource that its container says nothing about: tiny, so that the copy
 * never decides where a pod fits; a limit, so that a LimitRange does not choose one
 * (open-telemetry/opentelemetry-operator issues 895 and 2483).
 */
static const struct resource {
	const char *name, *request, *limit; /* JSON; NULL = nothing */
} resources_known[] = {
	{"cpu", "\"10m\"", "\"500m\""},
	{"memory", "\"32Mi\"", "\"256Mi\""},
	{"ephemeral-storage", NULL, NULL},
};

/* A quantity that is not nothing; {NULL, 0} when there is none. */
static struct og_sv quantity(struct og_jval list, const char *name)
{
	struct og_jval v = og_jget(list, og_svz(name));
	bool is = og_jis(v, OG_J_STRING) || og_jis(v, OG_J_NUMBER);
	struct og_sv raw = is ? og_jraw(v) : og_sv(NULL, 0);
	return og_sv_is(raw, "0") || og_sv_is(raw, "\"0\"") || og_sv_is(raw, "\"\"")
		       ? og_sv(NULL, 0)
		       : raw;
}

/* Nothing at all for an empty list: the API server drops it, and a second look would miss it. */
static void write_quantities(struct og_buf *b, const char *before, const struct og_sv *q)
{
	for (size_t i = 0; i < OG_COUNT(resources_known); i++) {
		if (!q[i].n)
			continue;
		og_buf_fmt(b, "%s\"%s\":%.*s", before, resources_known[i].name, OG_SV_ARG(q[i]));
		before = ",";
	}
}

/*
 * The copy asks for what the container has that it is made for. That costs nothing, because both
 * never run together, and whatever admits the container admits the copy: the bounds and ratios of a
 * LimitRange (its defaults are filled in before webhooks are asked), a ResourceQuota (of which the
 * larger of init containers and containers counts), and a Guaranteed pod stays one. A limit without
 * a request is the request, as the API server has it. With resources for the whole pod, the copy's
 * own would count against them, and a pod whose containers ask for more than the pod is refused.
 */
static void write_resources(struct og_buf *b, const struct og_mut *m)
{
	struct og_jval limits = og_jpath(m->pc->c.v, "resources", "limits", NULL);
	struct og_jval requests = og_jpath(m->pc->c.v, "resources", "requests", NULL);
	struct og_sv limit[3], request[3];
	_Static_assert(OG_COUNT(resources_known) == 3, "one of each");
	if (og_jcount(og_jgetl(m->plan->spec, "resources"))) {
		og_buf_lit(b, "{}");
		return;
	}
	for (size_t i = 0; i < OG_COUNT(resources_known); i++) {
		const struct resource *r = &resources_known[i];
		limit[i] = quantity(limits, r->name);
		request[i] = quantity(requests, r->name);
		if (!request[i].n)
			request[i] = limit[i];
		if (request[i].n || !r->request)
			continue;
		request[i] = og_svz(r->request);
		limit[i] = og_svz(r->limit);
	}
	/* whoever has a limit has a request */
	bool limited = limit[0].n || limit[1].n || limit[2].n;
	write_quantities(b, "{\"limits\":{", limit);
	write_quantities(b, limited ? "},\"requests\":{" : "{\"requests\":{", request);
	og_buf_lit(b, "}}");
}

/*
 * What the PodSecurity profile `restricted` asks of a container. A user chosen for the container
 * (OpenShift takes one of the namespace's range, and refuses all others) or for the pod is kept,
 * unless it is root.
 */
static void write_security_context(struct og_buf *b, const struct og_mut *m)
{
	int64_t uid = 0;
	og_buf_lit(b, "{\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"]},"
		      "\"readOnlyRootFilesystem\":true,\"runAsNonRoot\":true");
	if (og_ji64(og_jpath(m->pc->c.v, "securityContext", "runAsUser", NULL), &uid) && uid > 0)
		og_buf_fmt(b, ",\"runAsUser\":%lld", (long long)uid);
	else if (!og_ji64(og_jpath(m->plan->spec, "securityContext", "runAsUser", NULL), &uid) ||
		 uid == 0)
		og_buf_lit(b, ",\"runAsUser\":65532");
	og_buf_lit(b, ",\"seccompProfile\":{\"type\":\"RuntimeDefault\"}}");
}

struct og_sv og_mut_init_json(struct og_mut *m, const char *name, const char *home,
	struct og_sv image, struct og_sv pull_policy, struct og_sv resources,
	const char *const *cmd, uint32_t *ret_stable)
{
	struct og_buf b = OG_BUF_INIT(64 << 10);
	og_buf_fmt(&b, "{\"name\":\"%s\",\"image\":", name);
	og_jw_str(&b, image);
	og_buf_lit(&b, ",\"command\":[");
	for (int i = 0; cmd[i]; i++) {
		if (i)
			og_buf_ch(&b, ',');
		og_jw_str(&b, og_svz(cmd[i]));
	}
	og_buf_lit(&b, "]");
	if (pull_policy.n) {
		og_buf_lit(&b, ",\"imagePullPolicy\":");
		og_jw_str(&b, pull_policy);
	}
	og_buf_lit(&b, ",\"resources\":");
	if (resources.n)
		og_buf_sv(&b, resources);
	*ret_stable = (uint32_t)b.len; /* the mount is one of the containers' too */
	if (!resources.n)
		write_resources(&b, m);
	og_buf_lit(&b, ",\"securityContext\":");
	write_security_context(&b, m);
	og_buf_fmt(&b, ",\"volumeMounts\":[{\"name\":\"%s\",\"mountPath\":\"%s\"}]}", name, home);
	struct og_sv s = b.failed ? og_sv(NULL, 0) : og_arena_sv(m->a, og_buf_view(&b));
	og_buf_fini(&b);
	m->oom |= s.p == NULL;
	return s;
}
