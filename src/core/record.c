/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record: what was injected, as a small JSON document in the otelgate.dev/injection annotation.
 * It is enough to undo the injection exactly. Lists of variable names are kept once in `sets`,
 * because most containers of a pod get the same.
 *
 *   {"v":1,"profile":"default","revision":"…","sets":[["OTEL_SERVICE_NAME",…]],
 *    "containers":{"app":{"set":0,"sums":"91f2…","merged":{"JAVA_TOOL_OPTIONS":[0,7,1,"07ac"]},
 *                         "mounts":["otelgate-java"],"made":["volumeMounts"]}},
 *    "skipped":{"istio-proxy":"sidecar"},"inits":[…],"volumes":[…],"annotations":[…],
 *    "made":["volumes"]}
 *
 * sums: four digits over each value of the set, in its order; "----" for valueFrom.
 * merged: offset and length of the user's bytes; 1 when the entry had a `value`, 2 when it was
 * null; the sum of the whole. made: members that were absent; with ":null" behind the name they
 * were null.
 */
#include "plan-priv.h"

#include <endian.h>

#include "otelgate/codec/jwrite.h"

static bool written(const struct og_plan_env *e)
{
	return e->action == OG_ENV_ADD_FIRST || e->action == OG_ENV_ADD_LAST;
}

static bool same_names(const struct og_plan_container *a, const struct og_plan_container *b)
{
	uint32_t i = 0, k = 0;
	for (;;) {
		while (i < a->nenv && !written(&a->env[i]))
			i++;
		while (k < b->nenv && !written(&b->env[k]))
			k++;
		if (i == a->nenv || k == b->nenv)
			return i == a->nenv && k == b->nenv;
		if (!og_sv_eq(a->env[i].name, b->env[k].name))
			return false;
		i++;
		k++;
	}
}

/* Writes `sets` and remembers in set_of[] which of them each container has. */
static void write_sets(const struct og_plan *p, uint32_t *set_of, struct og_buf *b)
{
	enum { LOOK_BACK = 8 }; /* sets compared per container; more only makes the record longer */
	uint32_t nsets = 0, last[LOOK_BACK] = {0};
	og_buf_lit(b, ",\"sets\":[");
	for (uint32_t i = 0; i < p->ncontainers; i++) {
		const struct og_plan_container *pc = &p->containers[i];
		if (pc->skip != OG_SKIP_NONE)
			continue;
		bool found = false;
		for (uint32_t s = nsets > LOOK_BACK ? nsets - LOOK_BACK : 0; s < nsets && !found;
			s++)
			if (same_names(&p->containers[last[s % LOOK_BACK]], pc)) {
				set_of[i] = s;
				found = true;
			}
		if (found)
			continue;
		og_buf_str(b, nsets ? ",[" : "[");
		bool first = true;
		for (uint32_t k = 0; k < pc->nenv; k++) {
			if (!written(&pc->env[k]))
				continue;
			if (!first)
				og_buf_ch(b, ',');
			first = false;
			og_jw_str(b, pc->env[k].name);
		}
		og_buf_ch(b, ']');
		last[nsets % LOOK_BACK] = i;
		set_of[i] = nsets++;
	}
	og_buf_ch(b, ']');
}

/* One name of `made`; *first says whether the list is still closed. */
static void made(
	struct og_buf *b, bool *first, const char *open, struct og_jval v, const char *name)
{
	if (!og_junset(v))
		return;
	og_buf_str(b, *first ? open : ",");
	*first = false;
	og_buf_fmt(b, "\"%s%s\"", name, og_jtype(v) == OG_J_NULL ? ":null" : "");
}

void og_record_sum(struct og_sv value, char out[OG_SUM_DIGITS])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t h = 0x9E3779B97F4A7C15u ^ value.n;
	for (size_t i = 0; i < value.n; i += 8) {
		uint64_t w = 0;
		memcpy(&w, value.p + i, value.n - i < 8 ? value.n - i : 8);
		h = (h ^ le64toh(w)) * 0xD6E8FEB86659FD93u;
		h ^= h >> 32;
	}
	h ^= h >> 16;
	for (int i = 0; i < OG_SUM_DIGITS; i++)
		out[i] = digits[h >> (4 * i) & 15];
}

static void write_sums(const struct og_plan_container *pc, struct og_buf *b)
{
	og_buf_lit(b, ",\"sums\":\"");
	for (uint32_t k = 0; k < pc->nenv; k++) {
		char sum[OG_SUM_DIGITS];
		if (!written(&pc->env[k]))
			continue;
		if (pc->env[k].json.n) {
			og_buf_lit(b, "----");
			continue;
		}
		og_record_sum(pc->env[k].value, sum);
		og_buf_add(b, sum, sizeof(sum));
	}
	og_buf_ch(b, '"');
}

static void write_container(const struct og_plan_container *pc, uint32_t set, struct og_buf *b)
{
	og_jw_str(b, pc->c.name);
	og_buf_fmt(b, ":{\"set\":%u", set);
	write_sums(pc, b);
	bool first = true, adds = false;
	for (uint32_t k = 0; k < pc->nenv; k++) {
		const struct og_plan_env *e = &pc->env[k];
		adds |= written(e);
		if (e->action != OG_ENV_MERGE)
			continue;
		og_buf_str(b, first ? ",\"merged\":{" : ",");
		first = false;
		og_jw_str(b, e->name);
		char sum[OG_SUM_DIGITS];
		og_record_sum(e->value, sum);
		og_buf_fmt(b, ":[%u,%u,%d,\"%.*s\"]", e->keep_off, e->keep_len,
			e->user_value_null ? 2 : e->user_has_value, OG_SUM_DIGITS, sum);
	}
	if (!first)
		og_buf_ch(b, '}');
	for (uint32_t k = 0; k < pc->nmounts; k++) {
		og_buf_str(b, k ? "," : ",\"mounts\":[");
		og_jw_str(b, pc->mount_names[k]);
	}
	if (pc->nmounts)
		og_buf_ch(b, ']');
	first = true;
	if (adds)
		made(b, &first, ",\"made\":[", pc->c.env, "env");
	if (pc->nmounts)
		made(b, &first, ",\"made\":[", pc->c.mounts, "volumeMounts");
	if (!first)
		og_buf_ch(b, ']');
	og_buf_ch(b, '}');
}

static void write_names(
	struct og_buf *b, const char *key, const struct og_plan_object *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0)
			og_buf_fmt(b, ",\"%s\":[", key);
		else
			og_buf_ch(b, ',');
		og_jw_str(b, v[i].name);
	}
	if (n)
		og_buf_ch(b, ']');
}

static void write_record(const struct og_plan *p, uint32_t *set_of, struct og_buf *b)
{
	og_buf_lit(b, "{\"v\":1,\"profile\":");
	og_jw_str(b, p->profile->name);
	og_buf_fmt(b, ",\"revision\":\"%s\"", p->revision);
	write_sets(p, set_of, b);
	bool first = true;
	for (uint32_t i = 0; i < p->ncontainers; i++) {
		if (p->containers[i].skip != OG_SKIP_NONE)
			continue;
		og_buf_str(b, first ? ",\"containers\":{" : ",");
		first = false;
		write_container(&p->containers[i], set_of[i], b);
	}
	og_buf_ch(b, '}');
	first = true;
	for (uint32_t i = 0; i < p->ncontainers; i++) {
		if (p->containers[i].skip == OG_SKIP_NONE)
			continue;
		og_buf_str(b, first ? ",\"skipped\":{" : ",");
		first = false;
		og_jw_str(b, p->containers[i].c.name);
		og_buf_fmt(b, ":\"%s\"", og_skip_name(p->containers[i].skip));
	}
	if (!first)
		og_buf_ch(b, '}');
	write_names(b, "inits", p->inits, p->ninits);
	write_names(b, "volumes", p->volumes, p->nvolumes);
	write_names(b, "annotations", p->annotations, p->nannotations);
	struct og_jval meta = og_jgetl(p->tmpl, "metadata");
	first = true;
	made(b, &first, ",\"made\":[", meta, "metadata");
	if (!og_junset(meta)) {
		made(b, &first, ",\"made\":[", og_jgetl(meta, "labels"), "labels");
		made(b, &first, ",\"made\":[", og_jgetl(meta, "annotations"), "annotations");
	}
	if (p->ninits)
		made(b, &first, ",\"made\":[", og_jgetl(p->spec, "initContainers"),
			"initContainers");
	if (p->nvolumes)
		made(b, &first, ",\"made\":[", og_jgetl(p->spec, "volumes"), "volumes");
	if (!first)
		og_buf_ch(b, ']');
	og_buf_ch(b, '}');
}

int og_record_write(struct og_plan *p, struct og_arena *a, struct og_err *err)
{
	uint32_t *set_of = og_arena_new_n(a, p->ncontainers ? p->ncontainers : 1, uint32_t);
	if (!set_of)
		return og_err_set(err, OG_E_OOM, "out of memory writing the record");
	struct og_buf b = OG_BUF_INIT(200 << 10); /* all annotations together: 256 KiB */
	write_record(p, set_of, &b);
	int rc = 0;
	if (b.full)
		rc = og_err_set(err, OG_E_LIMIT,
			"the record of the injection does not fit into an annotation");
	else if (b.failed || !(p->record = og_arena_sv(a, og_buf_view(&b))).p)
		rc = og_err_set(err, OG_E_OOM, "out of memory writing the record");
	og_buf_fini(&b);
	return rc;
}
