/* SPDX-License-Identifier: Apache-2.0 */
/* Digests over what the owner of a pod wrote: two pods of one template have the same, with and
 * without injection. */
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "podstate-priv.h"

/* Fixed: digests are compared across processes. Nobody gains by a collision but a missing
 * "also changed". */
static const uint64_t seed = 0x706f647374617465ULL;

/* Names of this start are otelgate's. */
bool podstate_is_own(struct og_sv container)
{
	return og_sv_starts(container, OG_SV("otelgate-"));
}

/* Variables that injection writes or adds to (core/mut_*.c, core/languages.c). */
static bool is_injected_name(struct og_sv name)
{
	static const char *const starts[] = {"OTEL_", "OTELGATE_", "PYROSCOPE_", "CORECLR_",
		"DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS", "DOTNET_SHARED_STORE",
		"JAVA_TOOL_OPTIONS", "NODE_OPTIONS", "PYTHONPATH", "LD_PRELOAD"};
	for (size_t i = 0; i < OG_COUNT(starts); i++)
		if (og_sv_starts(name, og_svz(starts[i])))
			return true;
	return false;
}

static uint64_t mix(uint64_t h, struct og_jval v)
{
	return og_hash64(h, og_junset(v) ? OG_SV("") : og_jraw(v));
}

/* The names that the record says were written into this container. */
static struct og_jval written_names(const struct podstate_record *rec, struct og_sv container)
{
	int64_t set = -1;
	struct og_jval c = og_jget(rec->containers, container);
	if (!og_ji64(og_jgetl(c, "set"), &set) || set < 0 || set > UINT32_MAX)
		return OG_JABSENT;
	return og_jat(rec->sets, (uint32_t)set);
}

static bool contains(struct og_jval list, struct og_sv name)
{
	og_jfor (it, list) {
		if (it.index == PODSTATE_CONTAINERS)
			break;
		if (og_jstr_eq(it.val, name))
			return true;
	}
	return false;
}

/* A sum, since injection puts its variables in front and behind. */
static uint64_t variables(struct og_jval env, struct og_jval written, struct og_arena *arena)
{
	uint64_t sum = 0;
	og_jfor (it, env) {
		struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), arena);
		if (!is_injected_name(name) && !contains(written, name))
			sum += mix(seed, it.val);
	}
	return sum;
}

static uint32_t fold(uint64_t h)
{
	return (uint32_t)(h ^ h >> 32);
}

void podstate_digest(struct og_jval spec, const struct podstate_record *rec, struct og_arena *arena,
	struct og_pod_state *s)
{
	static const char *const fields[] = {"command", "args", "workingDir", "livenessProbe",
		"readinessProbe", "startupProbe", "resources", "envFrom", "securityContext"};
	static const char *const lists[] = {"initContainers", "containers"};
	uint64_t images = seed, rest = seed;

	for (size_t l = 0; l < OG_COUNT(lists); l++) {
		og_jfor (it, og_jget(spec, og_svz(lists[l]))) {
			if (it.index == PODSTATE_CONTAINERS)
				break;
			struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), arena);
			if (l == 0 && podstate_is_own(name))
				continue;
			images = og_hash64(images, name);
			images = mix(images, og_jgetl(it.val, "image"));
			for (size_t i = 0; i < OG_COUNT(fields); i++)
				rest = mix(rest, og_jget(it.val, og_svz(fields[i])));
			rest += variables(og_jgetl(it.val, "env"), written_names(rec, name), arena);
		}
	}
	s->images = fold(images);
	s->rest = fold(rest);
}
