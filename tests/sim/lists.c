/* SPDX-License-Identifier: Apache-2.0 */
/* How the parts of objects merge: by the CRD's schema, or by a table of the built-in kinds. */
#include "sim/sim-priv.h"

/* patchMergeKey and listMapKey of the built-in types (k8s.io/api/core/v1 and others, types.go). */
static const struct {
	const char *field, *keys[SIM_MAX_KEYS];
} keyed[] = {
	{"containers", {"name"}},
	{"initContainers", {"name"}},
	{"ephemeralContainers", {"name"}},
	{"env", {"name"}},
	{"volumes", {"name"}},
	{"volumeMounts", {"mountPath"}},
	{"volumeDevices", {"devicePath"}},
	{"conditions", {"type"}},
	{"ownerReferences", {"uid"}},
	{"imagePullSecrets", {"name"}},
	{"hostAliases", {"ip"}},
	{"topologySpreadConstraints", {"topologyKey", "whenUnsatisfiable"}},
	{"webhooks", {"name"}},
	{"matchConditions", {"name"}},
	{"secrets", {"name"}},
	{"podIPs", {"ip"}},
};
static const char *const sets[] = {"finalizers"};
/* Maps that are one value: LabelSelector and its like. */
static const char *const whole[] = {"selector", "nodeSelector", "namespaceSelector",
	"objectSelector", "podSelector", "labelSelector", "resourceFieldRef", "fieldRef",
	"secretKeyRef", "configMapKeyRef", "claimRef"};

static enum sim_merge by_schema(
	const struct sim_place *at, const json_t *v, const char *keys[SIM_MAX_KEYS + 1])
{
	const char *type = json_string_value(json_object_get(
		at->schema, json_is_array(v) ? "x-kubernetes-list-type" : "x-kubernetes-map-type"));
	size_t i;
	json_t *k;

	if (json_is_object(v))
		return type && !strcmp(type, "atomic") ? SIM_ATOMIC : SIM_GRANULAR;
	if (!type || !strcmp(type, "atomic"))
		return SIM_ATOMIC;
	if (!strcmp(type, "set"))
		return SIM_SET;
	json_array_foreach(json_object_get(at->schema, "x-kubernetes-list-map-keys"), i, k)
	{
		if (i < SIM_MAX_KEYS)
			keys[i] = json_string_value(k);
	}
	return keys[0] ? SIM_KEYED : SIM_ATOMIC;
}

enum sim_merge sim_merge_of(
	const struct sim_place *at, const json_t *v, const char *keys[SIM_MAX_KEYS + 1])
{
	const char *name = at->name ? at->name : "";

	memset(keys, 0, (SIM_MAX_KEYS + 1) * sizeof(*keys));
	if (!json_is_object(v) && !json_is_array(v))
		return SIM_ATOMIC;
	if (at->crd && at->schema)
		return by_schema(at, v, keys);
	if (json_is_object(v)) {
		for (size_t i = 0; i < OG_COUNT(whole); i++)
			if (!strcmp(name, whole[i]))
				return SIM_ATOMIC;
		return SIM_GRANULAR;
	}
	for (size_t i = 0; i < OG_COUNT(sets); i++)
		if (!strcmp(name, sets[i]))
			return SIM_SET;
	if (!strcmp(name, "ports")) {
		bool container = json_object_get(json_array_get(v, 0), "containerPort") != NULL;

		keys[0] = container ? "containerPort" : "port";
		keys[1] = "protocol";
		return SIM_KEYED;
	}
	for (size_t i = 0; i < OG_COUNT(keyed) && (!at->crd || !strcmp(name, "ownerReferences"));
		i++)
		if (!strcmp(name, keyed[i].field)) {
			memcpy(keys, keyed[i].keys, sizeof(keyed[i].keys));
			return SIM_KEYED;
		}
	return SIM_ATOMIC;
}

struct sim_place sim_place_root(const json_t *schema, bool crd)
{
	return (struct sim_place){schema, crd, NULL};
}

struct sim_place sim_place_member(const struct sim_place *at, const char *name)
{
	const json_t *s = json_object_get(json_object_get(at->schema, "properties"), name);

	if (!s && json_is_object(json_object_get(at->schema, "additionalProperties")))
		s = json_object_get(at->schema, "additionalProperties");
	/* metadata is that of every kind, and has no schema */
	if (!at->name && !strcmp(name, "metadata"))
		return (struct sim_place){NULL, at->crd, name};
	return (struct sim_place){s, at->crd, name};
}

struct sim_place sim_place_item(const struct sim_place *at)
{
	return (struct sim_place){json_object_get(at->schema, "items"), at->crd, ""};
}

char *sim_item_key(const json_t *item, const char *const *keys)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	json_t *k;
	char *text;

	if (!keys[0]) {
		text = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);
		if (text)
			og_buf_fmt(&b, "v:%s", text);
		free(text);
		return text ? og_buf_take(&b) : NULL;
	}
	k = json_object();
	for (size_t i = 0; keys[i]; i++) {
		json_t *v = json_object_get(item, keys[i]);

		if (v)
			json_object_set(k, keys[i], v);
		else if (!strcmp(keys[i], "protocol"))
			json_object_set_new(k, keys[i], json_string("TCP"));
	}
	text = json_dumps(k, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(k);
	if (text)
		og_buf_fmt(&b, "k:%s", text);
	free(text);
	return text ? og_buf_take(&b) : NULL;
}

long sim_item_find(const json_t *list, const char *key, const char *const *keys)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		og_auto_free char *k = sim_item_key(v, keys);

		if (k && key && !strcmp(k, key))
			return (long)i;
	}
	return -1;
}
