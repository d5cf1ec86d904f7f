/* SPDX-License-Identifier: Apache-2.0 */
/* An audit of files. */
#include "collect-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/net/loop.h"

enum { SCRATCH_BYTES = 1 << 30, CONFIG_TEXT = 4096 };
static const uint64_t SEED = 0x66696c6573ULL;

int collect_blind(struct collect *c, const char *what, const char *why, const char *finding)
{
	struct og_coverage *o = c->out;

	if ((o->nblind & (o->nblind - 1)) == 0) {
		struct og_coverage_blind *v = og_arena_new_n(
			c->arena, o->nblind ? (size_t)o->nblind * 2 : 1, struct og_coverage_blind);
		if (!v)
			return -(int)OG_E_OOM;
		if (o->nblind)
			memcpy(v, o->blind, o->nblind * sizeof(*v));
		o->blind = v;
	}
	o->blind[o->nblind++] = (struct og_coverage_blind){
		.what = og_svz(what), .why = og_svz(why), .finding = finding, .rule = OG_SV("")};
	return 0;
}

/* Configuration among the objects; its problems are problems of the files. */
static int load_config(struct collect *c, struct og_err *err)
{
	struct og_config_report report = {.n = 0};
	struct og_config *config = NULL;

	c->loaded = c->want->config;
	if (c->loaded || !c->nconfig)
		return 0;
	int r = og_config_read(c->arena, c->config, c->nconfig, &config, &report);
	for (uint32_t i = 0; i < report.n; i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(CONFIG_TEXT);
		og_config_problem_text(&report.v[i], &b);
		if (report.v[i].severity == OG_SEV_ERROR)
			collect_problem(c, b.p ? b.p : "out of memory");
	}
	if (r < 0)
		return og_err_set(err, r == -OG_E_OOM ? OG_E_OOM : OG_E_CONFIG,
			"the configuration among the files is wrong: %u error%s",
			(unsigned)report.nerrors, report.nerrors == 1 ? "" : "s");
	if (config->nstacks + config->nprofiles)
		c->loaded = config;
	return 0;
}

/* What files can never tell, and what these did not. */
static int say_blind(struct collect *c)
{
	uint32_t no_status = 0, no_pods = 0, opted_in = 0;
	int r = 0;

	for (uint32_t i = 0; i < c->out->n; i++) {
		const struct og_coverage_row *row = &c->out->rows[i];
		opted_in += row->opted_in;
		no_pods += row->opted_in && !row->pods_seen;
		no_status += row->opted_in && row->link[OG_LINK_ROLLED_OUT].reason &&
			     strcmp(row->link[OG_LINK_ROLLED_OUT].reason, "NoStatus") == 0;
	}
	if (c->nproblems)
		r = collect_blind(c, "some of the input",
			og_arena_fmt(c->arena, "%u problem%s while reading it", c->nproblems,
				c->nproblems == 1 ? "" : "s"),
			NULL);
	if (!opted_in)
		return r;
	if (r == 0 && !c->loaded)
		r = collect_blind(c, "injection",
			"no GrafanaStack and TelemetryProfile is among the files; name them with "
			"--config",
			NULL);
	if (r == 0 && !c->saw_status && !c->want->backends)
		r = collect_blind(c, "what arrives",
			"files cannot tell; --ask asks the backends, and a dump of "
			"workloadtelemetries.otelgate.dev holds what the controller saw",
			NULL);
	if (r == 0 && no_pods)
		r = collect_blind(c, "pods",
			og_arena_fmt(c->arena, "those of %u workload%s are not among the objects",
				no_pods, no_pods == 1 ? "" : "s"),
			NULL);
	if (r == 0 && no_status)
		r = collect_blind(c, "rollouts",
			og_arena_fmt(c->arena, "%u workload%s ha%s no status", no_status,
				no_status == 1 ? "" : "s", no_status == 1 ? "s" : "ve"),
			NULL);
	if (r == 0 && !c->saw_policies)
		r = collect_blind(c, "network policies", "none is among the objects", NULL);
	return r;
}

static int take_notes(struct collect *c)
{
	struct og_ignore_notes *n = c->notes;

	if (n->more && n->n == OG_IGNORE_MAX_NOTES)
		n->v[n->n - 1] = og_svz(og_arena_fmt(
			c->arena, "%u more expired annotations otelgate.dev/ignore", n->more + 1));
	c->out->notes = n->v;
	c->out->nnotes = n->n;
	return c->arena->failed ? -(int)OG_E_OOM : 0;
}

static void on_asking(void *ctx, const char *what)
{
	const struct collect *c = ctx;

	if (c->want->progress)
		c->want->progress(c->want->ctx, what, 0, 0);
}

/* Of live backends, by workloads of files. */
static int ask_backends(struct collect *c, struct og_err *err)
{
	struct og_coverage *out = c->out;
	struct og_coverage_row **rows =
		og_arena_new_n(c->arena, (size_t)out->n + 1, struct og_coverage_row *);
	struct og_audit_asking in = {
		.ask = c->want->backends, .config = c->loaded, .ctx = c, .progress = on_asking};
	struct og_audit_asked asked;

	if (!rows)
		return og_err_set(err, OG_E_OOM, "asking backends");
	for (uint32_t i = 0; i < out->n; i++)
		rows[i] = &out->rows[i];
	int r = og_loop_new(NULL, &in.loop, err);
	if (r == 0)
		r = og_audit_ask_rows(&in, rows, out->n, c->arena, &asked, err);
	og_loop_free(in.loop);
	if (r == 0)
		r = og_audit_asked_blind(&asked, c->arena, out, err);
	for (uint32_t i = 0; i < out->n && r == 0; i++)
		for (int k = 0; k < OG_SIGNAL_COUNT_; k++)
			out->backends |= out->rows[i].signal[k].verified;
	return r;
}

int og_audit_collect_files(const void *source, const struct og_audit_want *want,
	struct og_arena *arena, struct og_coverage *ret, struct og_err *err)
{
	struct og_coverage out = {.made_s = want->now_s};
	struct collect c = {.files = source, .want = want, .arena = arena, .out = &out};

	c.notes = og_arena_new(arena, struct og_ignore_notes);
	if (!c.notes)
		return og_err_set(err, OG_E_OOM, "out of memory");
	og_arena_init(&c.scratch, 1 << 20, SCRATCH_BYTES);
	og_intern_init(&c.words, SEED, arena);
	og_map_init(&c.by_name, SEED, arena);
	og_map_init(&c.by_uid, SEED, arena);
	og_map_init(&c.samples, SEED, arena);
	int r = collect_read(&c, err);
	og_arena_fini(&c.scratch);
	if (r == 0)
		r = load_config(&c, err);
	if (r == 0)
		r = kept_join(&c, err);
	if (r == 0)
		r = collect_rows(&c, err);
	if (r == 0 && (say_blind(&c) < 0 || take_notes(&c) < 0))
		r = og_err_set(err, OG_E_OOM, "out of memory");
	if (r == 0 && want->backends)
		r = ask_backends(&c, err);
	if (r < 0)
		return r;
	out.backends |= c.saw_status;
	*ret = out;
	return 0;
}
