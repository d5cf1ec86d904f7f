/* SPDX-License-Identifier: Apache-2.0 */
/* A coverage report from a cluster. */
#include "otelgate/audit/collect_cluster.h"

#include <string.h>
#include "otelgate/audit/status.h"
#include "otelgate/audit/strangers.h"
#include "otelgate/base/mem.h"

struct collecting {
	const struct og_audit_want *want;
	const char *ns; /* NULL = all */
	struct og_audit_session s;
	struct og_arena *arena;
	struct og_coverage *out;
};

static int add_blind(struct collecting *x, struct og_err *err)
{
	return og_audit_session_coverage_blind(
		&x->s, x->ns, x->arena, &x->out->blind, &x->out->nblind, err);
}

/* Without any kind of workload there is nothing to show. */
static int any_sight(struct collecting *x, struct og_err *err)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	const char *why = "", *rule = "";
	size_t n;

	og_cluster_watches(x->s.cluster, w, &n);
	for (size_t i = 0; i < n; i++) {
		bool makes = strstr(w[i].resource, ".apps") || strstr(w[i].resource, ".batch") ||
			     strstr(w[i].resource, "workloadtelemetries") ||
			     !strcmp(w[i].resource, "pods");
		if (makes && w[i].state == OG_WATCH_SYNCED)
			return 0;
		if (makes && !*why && *w[i].error) {
			why = w[i].error;
			rule = w[i].rule;
		}
	}
	return og_err_set(err, OG_E_INVALID, "no workload may be read: %.400s%s%.400s", why,
		*rule ? "; ClusterRole otelgate-reader (manifests/base) has the rights that it takes; "
			"the first that is missing:\n"
		      : "",
		rule);
}

static int take_rows(struct collecting *x, struct og_err *err)
{
	const struct og_audit_status_ask ask = {.everybody = true,
		.selector = x->want->selector,
		.now_s = x->want->now_s,
		.config = x->want->config,
		.backends = x->want->backends};
	struct og_audit_status s;
	int r = og_audit_status_rows(&x->s, &ask, x->arena, &s, err);

	if (r < 0)
		return r;
	x->out->rows = og_arena_new_n(x->arena, s.n + 1, struct og_coverage_row);
	if (!x->out->rows)
		return og_err_set(err, OG_E_OOM, "collecting");
	for (uint32_t i = 0; i < s.n; i++) {
		x->out->rows[x->out->n++] = s.rows[i].row;
		for (int k = 0; k < OG_SIGNAL_COUNT_; k++)
			x->out->backends |= s.rows[i].row.signal[k].verified;
	}
	return og_audit_asked_blind(&s.asked, x->arena, x->out, err);
}

/* What may not be read of stacks is among the blind already. */
static int add_strangers(struct collecting *x, struct og_err *err)
{
	struct og_audit_strangers *v;
	uint32_t n;
	int r = x->ns ? 0 : og_audit_strangers_ask(&x->s, x->arena, &v, &n, err);

	return r < 0 || x->ns ? r : og_audit_strangers_findings(v, n, x->arena, x->out, err);
}

static void on_progress(void *ctx, const char *what)
{
	const struct og_audit_want *want = ctx;

	if (want->progress)
		want->progress(want->ctx, what, 0, 0);
}

int og_audit_collect_cluster(const void *source, const struct og_audit_want *want,
	struct og_arena *arena, struct og_coverage *ret, struct og_err *err)
{
	const struct og_audit_cluster *c = source;
	struct og_audit_want copy = *want;
	const struct og_audit_session_opts so = {.access = c->access,
		.component = "otelgate-audit",
		.timeout_ms = c->timeout_ms,
		.own_config = want->config != NULL,
		.own_answers = want->backends != NULL,
		.ctx = &copy,
		.progress = on_progress};
	struct og_coverage out = {.cluster = OG_SV(""),
		.tool_version = OG_SV(""),
		.made_s = want->now_s,
		.total = {.score = -1}};
	struct collecting x = {.want = want, .arena = arena, .out = &out};

	int r = og_audit_session_open(&so, &x.s, err);
	if (want->ns.n && !(x.ns = og_arena_strndup(arena, want->ns.p, want->ns.n)) && r == 0)
		r = og_err_set(err, OG_E_OOM, "collecting");
	if (r == 0)
		r = og_audit_session_watch(&x.s, OG_AUDIT_PARTS_ALL, x.ns, NULL, err);
	if (r == 0)
		r = any_sight(&x, err);
	if (r == 0)
		r = add_blind(&x, err);
	if (r == 0)
		r = take_rows(&x, err);
	if (r == 0)
		r = add_strangers(&x, err);
	og_audit_session_close(&x.s);
	if (r == 0)
		*ret = out;
	return r;
}
