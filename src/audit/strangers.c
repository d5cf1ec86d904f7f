/* SPDX-License-Identifier: Apache-2.0 */
/* Telemetry of nobody who asked for injection, from the statuses of stacks. */
#include "otelgate/audit/strangers.h"

#include "otelgate/base/mem.h"
#include "otelgate/kube/client.h"

enum { TEXT_BYTES = 512, DEADLINE_MS = 10000 };

static struct og_sv text(struct og_jval v, struct og_arena *a)
{
	struct og_sv s = og_jstr_or_empty(v, a);

	return s.n && s.n <= TEXT_BYTES ? og_arena_sv(a, s) : OG_SV("");
}

static bool read_one(struct og_jval object, struct og_arena *a, struct og_audit_strangers *ret)
{
	struct og_jval v = og_jpath(object, "status", "strangers", NULL);
	int64_t count = 0;

	*ret = (struct og_audit_strangers){
		.stack = text(og_jpath(object, "metadata", "name", NULL), a)};
	if (!og_ji64(og_jgetl(v, "count"), &count) || count <= 0 || count > UINT32_MAX)
		return false;
	ret->count = (uint32_t)count;
	og_jfor (it, og_jgetl(v, "first")) {
		if (ret->nfirst == OG_AUDIT_STRANGERS || ret->nfirst == ret->count)
			break;
		ret->first[ret->nfirst] = text(it.val, a);
		ret->nfirst += ret->first[ret->nfirst].n > 0;
	}
	return true;
}

int og_audit_strangers_read(struct og_jval list, struct og_arena *arena,
	struct og_audit_strangers **ret, uint32_t *ret_n, struct og_err *err)
{
	struct og_jval items = og_jgetl(list, "items");
	struct og_audit_strangers *v =
		og_arena_new_n(arena, og_jcount(items) + 1, struct og_audit_strangers);
	uint32_t n = 0;

	if (!v)
		return og_err_set(err, OG_E_OOM, "reading what stacks say");
	if (og_jis(items, OG_J_ARRAY))
		og_jfor (it, items)
			n += read_one(it.val, arena, &v[n]);
	if (arena->failed)
		return og_err_set(err, OG_E_OOM, "reading what stacks say");
	*ret = v;
	*ret_n = n;
	return 0;
}

int og_audit_strangers_ask(struct og_audit_session *s, struct og_arena *arena,
	struct og_audit_strangers **ret, uint32_t *ret_n, struct og_err *err)
{
	const struct og_kube_request q = {.verb = OG_KUBE_RAW,
		.raw_path = "/apis/otelgate.dev/v1alpha1/grafanastacks",
		.deadline_ms = DEADLINE_MS,
		.max_tries = 1};
	struct og_kube_answer a = {0};
	struct og_err why = OG_ERR_INIT;

	*ret = NULL;
	*ret_n = 0;
	if (og_kube_wait(s->kube, &q, arena, &a, &why) < 0 || !a.doc)
		return why.code == OG_E_OOM ? og_err_set(err, OG_E_OOM, "asking for stacks") : 0;
	return og_audit_strangers_read(og_jroot(a.doc), arena, ret, ret_n, err);
}

void og_audit_strangers_say(const struct og_audit_strangers *s, struct og_buf *out)
{
	og_buf_fmt(out,
		"%u service%s in the backends of stack %.*s that no opted-in workload "
		"explains",
		s->count, s->count == 1 ? " arrives" : "s arrive", OG_SV_ARG(s->stack));
	for (uint32_t i = 0; i < s->nfirst; i++)
		og_buf_fmt(out, "%s%.*s", i ? "; " : ": ", OG_SV_ARG(s->first[i]));
	if (s->nfirst && s->count > s->nfirst)
		og_buf_fmt(out, "; and %u more", s->count - s->nfirst);
}

int og_audit_strangers_findings(const struct og_audit_strangers *s, uint32_t n,
	struct og_arena *arena, struct og_coverage *c, struct og_err *err)
{
	struct og_coverage_finding *v =
		og_arena_new_n(arena, c->nfindings + n + 1, struct og_coverage_finding);

	if (!v)
		return og_err_set(err, OG_E_OOM, "telling of strangers");
	if (c->nfindings)
		memcpy(v, c->findings, c->nfindings * sizeof(*v));
	for (uint32_t i = 0; i < n; i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(16 << 10);
		og_audit_strangers_say(&s[i], &b);
		v[c->nfindings + i] =
			(struct og_coverage_finding){.def = og_finding_def(OG_SV("OG806")),
				.message = og_arena_sv(arena, og_buf_view(&b)),
				.place = s[i].stack,
				.fix = OG_SV(""),
				.ignored_by = OG_SV(""),
				.ignored_why = OG_SV("")};
		if (b.failed || arena->failed)
			return og_err_set(err, OG_E_OOM, "telling of strangers");
	}
	c->findings = v;
	c->nfindings += n;
	return 0;
}
