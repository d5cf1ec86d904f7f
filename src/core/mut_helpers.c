/* SPDX-License-Identifier: Apache-2.0 */
/* Helper variables: downward API values that other variables refer to. */
#include "plan-priv.h"

#include "otelgate/base/mem.h"

/* A helper variable under its usual name, and under a second one in case the first is taken. */
struct helper {
	struct og_sv name, ref, json;
};
#define HELPER(n, field)                                                                          \
	{                                                                                         \
		{n, sizeof(n) - 1}, {"$(" n ")", sizeof("$(" n ")") - 1},                         \
		{                                                                                 \
			"{\"name\":\"" n "\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"" field \
			"\"}}}",                                                                  \
				sizeof("{\"name\":\"" n                                           \
				       "\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"" field   \
				       "\"}}}") -                                                 \
					1                                                         \
		}                                                                                 \
	}

/*
 * Plans a helper and returns "$(NAME)". The usual name may be taken by the user, defined too late
 * for our references; then the second is used, and with both taken the reference is "".
 */
static struct og_sv reference(struct og_mut *m, struct og_sv *cached, const struct helper both[2])
{
	for (int i = 0; i < 2 && !cached->n; i++)
		if (!og_mut_user(m, both[i].name) && !og_mut_disabled(m, both[i].name) &&
			!og_mut_planned(m, both[i].name) &&
			og_mut_env_json(
				m, OG_ENV_ADD_FIRST, OG_FROM_HELPER, both[i].name, both[i].json))
			*cached = both[i].ref;
	if (!cached->n && og_mut_user(m, both[0].name) && og_mut_user(m, both[1].name))
		og_mut_finding(m, "OG304", og_mut_place_env(m, both[1].name),
			"the container uses both names that otelgate has for this value, so the attributes made of it are left out");
	return *cached;
}

struct og_sv og_mut_ref_pod_name(struct og_mut *m)
{
	static const struct helper both[] = {
		HELPER("OTEL_RESOURCE_ATTRIBUTES_POD_NAME", "metadata.name"),
		HELPER("OTELGATE_POD_NAME", "metadata.name")};
	return reference(m, &m->pod_name_ref, both);
}

struct og_sv og_mut_ref_node_name(struct og_mut *m)
{
	static const struct helper both[] = {
		HELPER("OTEL_RESOURCE_ATTRIBUTES_NODE_NAME", "spec.nodeName"),
		HELPER("OTELGATE_NODE_NAME", "spec.nodeName")};
	return reference(m, &m->node_name_ref, both);
}

struct og_sv og_mut_ref_pod_uid(struct og_mut *m)
{
	static const struct helper both[] = {
		HELPER("OTEL_RESOURCE_ATTRIBUTES_POD_UID", "metadata.uid"),
		HELPER("OTELGATE_POD_UID", "metadata.uid")};
	return reference(m, &m->pod_uid_ref, both);
}

struct og_sv og_mut_ref_pod_namespace(struct og_mut *m)
{
	static const struct helper both[] = {
		HELPER("OTEL_RESOURCE_ATTRIBUTES_NAMESPACE", "metadata.namespace"),
		HELPER("OTELGATE_NAMESPACE", "metadata.namespace")};
	return reference(m, &m->namespace_ref, both);
}

/* Does any value of this container hold "$(NAME)"? Most hold no '$' at all. */
static bool value_refers(struct og_sv value, struct og_sv needle)
{
	return og_sv_chr(value, '$') < value.n && og_sv_has(value, needle);
}

static bool refers(const struct og_mut *m, struct og_sv needle)
{
	for (uint32_t i = 0; i < m->pc->nenv; i++)
		if (m->pc->env[i].origin != OG_FROM_IDENTITY &&
			value_refers(m->pc->env[i].value, needle))
			return true;
	for (uint32_t i = 0; i < m->nuser; i++)
		if (value_refers(m->user[i].value, needle))
			return true;
	return false;
}

/* The operator's names for node-local collectors: only when something refers to them. */
void og_mut_helpers(struct og_mut *m)
{
	static const struct helper ips[] = {
		HELPER("OTEL_NODE_IP", "status.hostIP"), HELPER("OTEL_POD_IP", "status.podIP")};
	for (size_t i = 0; i < OG_COUNT(ips); i++)
		if (refers(m, ips[i].ref))
			(void)og_mut_env_json(
				m, OG_ENV_ADD_FIRST, OG_FROM_HELPER, ips[i].name, ips[i].json);
}
