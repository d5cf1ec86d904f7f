/* SPDX-License-Identifier: Apache-2.0 */
/* restart: workloads whose pods are older than their configuration, as a person's command. */
#include <poll.h>
#include <unistd.h>
#include "otelgate/audit/restart.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/kubeflags.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/table.h"
#include "commands-priv.h"
#include "session-priv.h"

struct restart_args {
	struct og_kubeflags kube;
	bool all, dry_run, yes;
	unsigned wait;
	int64_t timeout_ms;
};
enum { WAIT_YES, WAIT_NO };
enum { LOOK_MS = 2000, LINE_BYTES = 2048 };
#define AT(field) offsetof(struct restart_args, field)

static const struct og_opt opts[] = {
	OG_KUBE_OPT_NAMESPACE(struct restart_args, kube),
	OG_KUBE_OPT_ALL(struct restart_args, all, "in all namespaces"),
	{
		.name = "dry-run",
		.type = OG_OPT_FLAG,
		.at = AT(dry_run),
		.help = "show the plan, and change nothing",
	},
	{
		.name = "yes",
		.letter = 'y',
		.type = OG_OPT_FLAG,
		.at = AT(yes),
		.help = "do not ask",
	},
	{
		.name = "wait",
		.type = OG_OPT_WORD,
		.at = AT(wait),
		.arg = "WHETHER",
		.words = "true|false",
		.def = "true",
		.help = "until all are ready; false restarts only what may begin now",
	},
	{
		.name = "timeout",
		.type = OG_OPT_DURATION,
		.at = AT(timeout_ms),
		.arg = "TIME",
		.def = "1h",
		.min = 1000,
		.max = 7LL * 24 * 3600 * 1000,
		.help = "longest time for all of it",
	},
	OG_KUBE_OPTS(struct restart_args, kube),
};

struct run {
	struct og_cli *cli;
	struct og_audit_restart a;
	struct og_restart_workload *v;
	struct og_restart_result *r;
	const char **said; /* reason that was told of each last */
	bool refused;	   /* something could not be restarted */
};

static int64_t now_s(void)
{
	return og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S;
}

static int plan(struct run *u, struct og_err *err)
{
	og_auto_arena struct og_arena scratch = {0};

	og_arena_init(&scratch, 0, 0);
	return og_audit_restart_plan(&u->a, now_s(), &scratch, u->v, u->r, err);
}

/* "shop/deployment/web  sentence" */
static void say(struct run *u, uint32_t i)
{
	og_auto_buf struct og_buf line = OG_BUF_INIT(LINE_BYTES);
	struct og_restart_input in = {.v = u->v, .n = u->a.n, .leads = true, .now_s = now_s()};

	og_restart_object(&u->v[i], &line);
	og_buf_lit(&line, "  ");
	og_restart_say(&in, i, &u->r[i], &line);
	og_text_safe(&u->cli->out, og_buf_view(&line));
	og_buf_ch(&u->cli->out, '\n');
}

/* ---- the plan, and the question ---- */

static const char *step_of(const struct og_restart_result *r)
{
	switch (r->what) {
	case OG_RESTART_NOW:
		return r->canary ? "first, alone" : "restart";
	case OG_RESTART_WAIT:
		return r->wait == OG_RWAIT_PAUSED    ? "no: paused"
		       : r->wait == OG_RWAIT_ROLLOUT ? "after its rollout"
		       : r->wait == OG_RWAIT_UNKNOWN ? "no: state unknown"
						     : "then restart";
	case OG_RESTART_TELL:
		return "no: by hand";
	default:
		return "no";
	}
}

/* Now or later, without anybody doing something first. */
static bool has_turn(const struct og_restart_result *r)
{
	return r->what == OG_RESTART_NOW ||
	       (r->what == OG_RESTART_WAIT && r->wait != OG_RWAIT_PAUSED &&
		       r->wait != OG_RWAIT_UNKNOWN);
}

/* How many of them can be restarted at all. */
static uint32_t show_plan(struct run *u)
{
	static const struct og_table_column columns[] = {{"NAMESPACE", 0, false},
		{"WORKLOAD", 0, false}, {"OLD", 0, true}, {"PODS", 0, true}, {"PROFILE", 0, false},
		{"STEP", 0, false}};
	struct og_arena *arena = u->cli->arena;
	struct og_table t;
	uint32_t can = 0;

	og_table_init(&t, arena, columns, OG_COUNT(columns));
	t.ascii = og_term_ascii(u->cli->env);
	for (uint32_t i = 0; i < u->a.n; i++) {
		const struct og_restart_workload *w = &u->v[i];
		og_auto_buf struct og_buf object = OG_BUF_INIT(LINE_BYTES);
		og_restart_object(w, &object);
		struct og_sv name = og_buf_view(&object);
		size_t skip = w->ns.n + 1 <= name.n ? w->ns.n + 1 : 0;
		struct og_sv cells[] = {w->ns,
			og_arena_sv(arena, og_sv(name.p + skip, name.n - skip)),
			og_svz(og_arena_fmt(arena, "%u", w->old)),
			og_svz(og_arena_fmt(arena, "%u", w->pods)), w->profile,
			og_svz(step_of(&u->r[i]))};
		og_table_row(&t, cells);
		can += has_turn(&u->r[i]);
	}
	if (!og_table_write(&t, true, &u->cli->out))
		u->cli->out.failed = true;
	for (uint32_t i = 0; i < u->a.n; i++)
		if (u->r[i].what == OG_RESTART_TELL)
			say(u, i);
	return can;
}

/* ---- doing it ---- */

static int restart_one(struct run *u, uint32_t i, struct og_err *err)
{
	int r = og_audit_restart_do(&u->a, i, &u->r[i].next, err);

	if (r == -OG_E_CONFLICT || r == -OG_E_NOT_FOUND) {
		og_err_clear(err);
		return og_audit_restart_look(&u->a, i, err); /* the next plan sees it */
	}
	if (r == 0) {
		say(u, i);
		u->said[i] = og_restart_reason(&u->r[i]);
	}
	return r;
}

/* What is new of the others; true while something is under way or waits for its turn. */
static bool report(struct run *u)
{
	bool more = false;

	u->refused = false;
	for (uint32_t i = 0; i < u->a.n; i++) {
		const struct og_restart_result *r = &u->r[i];
		const char *reason = og_restart_reason(r);
		bool turn = has_turn(r);
		more |= turn;
		u->refused |= !turn && r->what != OG_RESTART_DONE &&
			      (r->what != OG_RESTART_NOTHING || u->a.items[i].w.old);
		if (r->what == OG_RESTART_NOW || !*reason || reason == u->said[i])
			continue;
		u->said[i] = reason;
		say(u, i);
	}
	return more;
}

static int look_again(struct run *u, struct og_err *err)
{
	int r = 0;

	for (uint32_t i = 0; i < u->a.n && r == 0; i++)
		if (u->r[i].holds || u->r[i].what == OG_RESTART_HALTED ||
			u->r[i].wait == OG_RWAIT_ROLLOUT || u->r[i].next.completed_s)
			r = og_audit_restart_look(&u->a, i, err);
	return r;
}

static int restart_all(struct run *u, const struct restart_args *args, struct og_err *err)
{
	int64_t until = og_clock_mono_ms(og_clock_system()) + args->timeout_ms;
	int r = 0;

	for (;;) {
		for (uint32_t i = 0; i < u->a.n && r == 0; i++)
			if (u->r[i].what == OG_RESTART_NOW)
				r = restart_one(u, i, err);
		if (r < 0 || args->wait == WAIT_NO)
			return r;
		if (!report(u))
			return 0;
		if (!og_cli_flush(u->cli))
			return og_err_set(err, OG_E_IO, "writing");
		if (og_clock_mono_ms(og_clock_system()) >= until)
			return og_err_set(err, OG_E_TIMEOUT,
				"not all are ready in time; those that have begun go on, and the "
				"command may be given again");
		(void)poll(NULL, 0, LOOK_MS);
		if ((r = look_again(u, err)) < 0 || (r = plan(u, err)) < 0)
			return r;
	}
}

/* ---- the command ---- */

static int run_with(struct run *u, const struct restart_args *a, struct og_err *err)
{
	struct og_cli *cli = u->cli;
	uint32_t can;
	int r;

	u->v = og_arena_new_n(cli->arena, u->a.n + 1, struct og_restart_workload);
	u->r = og_arena_new_n(cli->arena, u->a.n + 1, struct og_restart_result);
	u->said = og_arena_new_n(cli->arena, u->a.n + 1, const char *);
	if (!u->v || !u->r || !u->said)
		return og_cli_fail(cli, (og_err_set(err, OG_E_OOM, "planning restarts"), err));
	if (!u->a.n) {
		og_buf_fmt(&cli->err, "Nothing to restart: no pod of %u workload%s is old.\n",
			u->a.current, u->a.current == 1 ? "" : "s");
		return OG_EXIT_PASS;
	}
	if ((r = plan(u, err)) < 0)
		return og_cli_fail(cli, err);
	can = show_plan(u);
	if (a->dry_run)
		return OG_EXIT_PASS;
	if (!can)
		return OG_EXIT_GATE;
	if (!a->yes && isatty(cli->in_fd) != 1)
		return og_cli_usage(cli, "nobody can be asked here: add --yes, or --dry-run");
	if (!a->yes && !session_confirm(u->cli, "Restart", can)) {
		og_buf_lit(&cli->err, "Nothing was changed.\n");
		return OG_EXIT_GATE;
	}
	if ((r = restart_all(u, a, err)) < 0) {
		int code = og_cli_fail(cli, err);
		return r == -OG_E_TIMEOUT ? OG_EXIT_GATE : code;
	}
	return u->refused ? OG_EXIT_GATE : OG_EXIT_PASS;
}

static int run_restart(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	const struct restart_args *a = args;
	struct og_kube_access *access = NULL;
	struct og_err err = OG_ERR_INIT;
	struct run u = {.cli = cli};

	if (a->all && a->kube.ns)
		return og_cli_usage(cli, "--namespace and --all-namespaces exclude each other");
	int code = og_kubeflags_load(cli, &a->kube, &access);
	if (code != OG_EXIT_PASS)
		return code;
	struct og_sv ns = og_arena_sv(cli->arena, og_svz(access->ns));
	struct og_audit_restart_opts o = {.access = access,
		.ns = a->all ? NULL : ns.p,
		.names = p->operands,
		.nnames = p->noperands};
	code = og_audit_restart_open(&o, cli->arena, &u.a, &err) < 0 ? og_cli_fail(cli, &err)
								     : run_with(&u, a, &err);
	og_audit_restart_close(&u.a);
	return code;
}

const struct og_command og_cmd_restart = {
	.name = "restart",
	.summary = "restart the workloads whose pods are older than their configuration",
	.usage = "[-n NAMESPACE | -A] [--dry-run] [--yes] [--wait=false] [KIND/NAME...]",
	.description =
		"Pods are injected when they are created; those made before a change of profile, "
		"credentials or opt-in go on without it until they are replaced. This shows them "
		"by workload, asks, and restarts the workloads as kubectl rollout restart does: "
		"of each profile the one with the fewest pods first, alone, then as many at a time "
		"as the profile's budgets allow. It waits for each to come up, and goes no further "
		"than the first that does not. What is paused or rolling out is left alone.\n"
		"\n"
		"What is old is read from the WorkloadTelemetry objects that the controller "
		"writes; restart.mode and restart.windows of profiles hold for the controller, not "
		"here. It takes the rights of the ClusterRoles otelgate-reader and "
		"otelgate-controller-restarts.",
	.examples = "# what would be done, and in which order\n"
		    "%P restart -A --dry-run\n"
		    "# one namespace, without a question\n"
		    "%P restart -n shop --yes\n"
		    "# one workload\n"
		    "%P restart -n shop deployment/web",
	.exits = "0 all of them are ready, or there was nothing to restart\n"
		 "1 one is stuck, could not be restarted or was not ready in time, or the answer "
		 "was no\n"
		 "3 the cluster could not be asked",
	.opts = opts,
	.nopts = OG_COUNT(opts),
	.args_bytes = sizeof(struct restart_args),
	.max_operands = 1000,
	.run = run_restart,
};
