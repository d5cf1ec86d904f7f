/* SPDX-License-Identifier: Apache-2.0 */
/* Object metadata and the names Kubernetes accepts. */
#include "otelgate/kobj/meta.h"

struct og_sv og_api_group(struct og_sv api_version)
{
	size_t slash = og_sv_chr(api_version, '/');
	return slash == api_version.n ? og_sv("", 0) : og_sv(api_version.p, slash);
}

static void read_owner(struct og_jval refs, struct og_arena *arena, struct og_meta *m)
{
	og_jfor (it, refs) {
		if (!og_jis(og_jgetl(it.val, "controller"), OG_J_TRUE))
			continue;
		struct og_sv api = og_jstr_or_empty(og_jgetl(it.val, "apiVersion"), arena);
		m->owner.group = og_api_group(api);
		m->owner.kind = og_jstr_or_empty(og_jgetl(it.val, "kind"), arena);
		m->owner.name = og_jstr_or_empty(og_jgetl(it.val, "name"), arena);
		m->owner.uid = og_jstr_or_empty(og_jgetl(it.val, "uid"), arena);
		m->has_owner = m->owner.kind.n && m->owner.name.n;
		return;
	}
}

int og_meta_read(
	struct og_jval object, struct og_arena *arena, struct og_meta *ret, struct og_err *err)
{
	struct og_meta m = {0};
	struct og_jval meta = og_jgetl(object, "metadata");
	m.name = og_jstr_or_empty(og_jgetl(meta, "name"), arena);
	m.generate_name = og_jstr_or_empty(og_jgetl(meta, "generateName"), arena);
	m.ns = og_jstr_or_empty(og_jgetl(meta, "namespace"), arena);
	m.uid = og_jstr_or_empty(og_jgetl(meta, "uid"), arena);
	read_owner(og_jgetl(meta, "ownerReferences"), arena, &m);
	if (!og_kvs_read(og_jgetl(meta, "labels"), arena, &m.labels) ||
		!og_kvs_read(og_jgetl(meta, "annotations"), arena, &m.annotations))
		return og_err_set(err, OG_E_OOM, "out of memory reading metadata");
	*ret = m;
	return 0;
}

static bool lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool alnum(char c)
{
	return lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

bool og_dns1123_label(struct og_sv s)
{
	if (s.n < 1 || s.n > 63 || !lower_alnum(s.p[0]) || !lower_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!lower_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

bool og_dns1123_subdomain(struct og_sv s)
{
	if (s.n < 1 || s.n > 253 || s.p[s.n - 1] == '.')
		return false;
	struct og_sv rest = s, part;
	while (og_sv_split(&rest, '.', &part))
		if (!og_dns1123_label(part))
			return false;
	return true;
}

bool og_env_name(struct og_sv s)
{
	if (s.n == 0 || (s.p[0] >= '0' && s.p[0] <= '9'))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!alnum(s.p[i]) && s.p[i] != '_')
			return false;
	return true;
}

bool og_env_name_relaxed(struct og_sv s)
{
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '=')
			return false;
	return true;
}

bool og_label_value(struct og_sv s)
{
	if (s.n == 0)
		return true;
	if (s.n > 63 || !alnum(s.p[0]) || !alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
			return false;
	return true;
}
