/* SPDX-License-Identifier: Apache-2.0 */
/* The init container that copies an agent: what it may use, and whose user it is. */
#include "plan-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"

/*
 * Tiny requests, so that the copy never decides where a pod fits; a limit, so that a LimitRange
 * does not choose one (open-telemetry/opentelemetry-operator issues 895 and 2483).
 */
static const char default_resources[] =
	"{\"limits\":{\"cpu\":\"500m\",\"memory\":\"256Mi\"},\"requests\":{\"cpu\":\"10m\",\"memory\":\"32Mi\"}}";

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

/* Limits for both, and no requests that differ: what each container of a Guaranteed pod has
 * (kubernetes pkg/apis/core/v1/helper/qos). */
static bool is_guaranteed(struct og_jval c)
{
	static const char *const names[] = {"cpu", "memory"};
	struct og_jval limits = og_jpath(c, "resources", "limits", NULL);
	struct og_jval requests = og_jpath(c, "resources", "requests", NULL);
	for (size_t i = 0; i < OG_COUNT(names); i++) {
		struct og_jval wanted = og_jget(requests, og_svz(names[i]));
		if (!quantity(limits, names[i]).p ||
			(!og_junset(wanted) &&
				!og_jequal(wanted, og_jget(limits, og_svz(names[i])))))
			return false;
	}
	return true;
}

/*
 * A Guaranteed pod stays one, with its exclusive CPUs and its place in the order of eviction: the
 * copy gets what the application has, which costs nothing, because both never run together. With
 * resources for the whole pod, the copy's own would count against them, and a pod whose containers
 * ask for more than the pod is refused.
 */
static void write_resources(struct og_buf *b, const struct og_mut *m)
{
	struct og_jval c = m->pc->c.v, limits = og_jpath(c, "resources", "limits", NULL);
	if (og_jcount(og_jgetl(m->plan->spec, "resources"))) {
		og_buf_lit(b, "{}");
		return;
	}
	bool all = true;
	for (uint32_t i = 0; i < m->plan->ncontainers && all; i++)
		all = is_guaranteed(m->plan->containers[i].c.v);
	if (!all) {
		og_buf_str(b, default_resources);
		return;
	}
	struct og_sv cpu = quantity(limits, "cpu"), memory = quantity(limits, "memory");
	for (int i = 0; i < 2; i++)
		og_buf_fmt(b, "%s{\"cpu\":%.*s,\"memory\":%.*s}",
			i ? ",\"requests\":" : "{\"limits\":", OG_SV_ARG(cpu), OG_SV_ARG(memory));
	og_buf_ch(b, '}');
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
	const char *const *cmd)
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
	else
		write_resources(&b, m);
	og_buf_lit(&b, ",\"securityContext\":");
	write_security_context(&b, m);
	og_buf_fmt(&b, ",\"volumeMounts\":[{\"name\":\"%s\",\"mountPath\":\"%s\"}]}", name, home);
	struct og_sv s = b.failed ? og_sv(NULL, 0) : og_arena_sv(m->a, og_buf_view(&b));
	og_buf_fini(&b);
	m->oom |= s.p == NULL;
	return s;
}
