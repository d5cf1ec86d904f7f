/* SPDX-License-Identifier: Apache-2.0 */
/* wait: until the telemetry of what runs now has arrived. */
#include <signal.h>
#include <unistd.h>
#include "otelgate/audit/wait.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/cli/kubeflags.h"
#include "otelgate/cli/term.h"
#include "commands-priv.h"
#include "session-priv.h"
#include "status-priv.h"

enum { TURN_MS = 1000, WHY_BYTES = 8192 };

struct wait_args {
	struct og_kubeflags kube;
	const char *signals, *revision;
	int64_t timeout_ms;
	bool ascii;
};
#define AT(field) offsetof(struct wait_args, field)

static const struct og_opt opts[] = {
	OG_KUBE_OPT_NAMESPACE(struct wait_args, kube),
	{
		.name = "signals",
		.type = OG_OPT_STR,
		.at = AT(signals),
		.arg = "LIST",
		.def = "metrics,traces,logs",
		.help = "signals that have to arrive, separated by commas",
	},
	{
		.name = "revision",
		.type = OG_OPT_STR,
		.at = AT(revision),
		.arg = "REV",
		.help = "revision that the pods have to carry; the wanted one when not given",
	},
	{
		.name = "timeout",
		.type = OG_OPT_DURATION,
		.at = AT(timeout_ms),
		.arg = "TIME",
		.def = "5m",
		.min = 1000,
		.max = 24LL * 3600 * 1000,
		.help = "longest time to wait",
	},
	{
		.name = "ascii",
		.type = OG_OPT_FLAG,
		.at = AT(ascii),
		.help = "marks of plain ASCII",
	},
	OG_KUBE_OPTS(struct wait_args, kube),
};

/* One workload that is waited for. */
struct waited {
	enum og_wait_end end;
	uint64_t said; /* hash of what was told last */
};

struct waiting {
	struct og_cli *cli;
	const struct wait_args *a;
	struct og_audit_session s;
	struct og_audit_target *targets;
	struct waited *state;
	size_t n;
	struct og_wait_ask ask;
	const char *ns;
	int64_t begun_ns;
	bool dirty;
	struct session_progress progress;
};

static int64_t seconds(const struct waiting *w)
{
	return (og_clock_mono_ns(og_clock_system()) - w->begun_ns) / OG_NS_PER_S;
}

/* "shop deployment/web", for people. */
static void name(const struct waiting *w, const struct og_telemetry_row *row, struct og_buf *out)
{
	og_buf_str(out, w->ns);
	og_buf_ch(out, ' ');
	status_object(&row->row, out);
}

/* A change is a line; on a terminal one that the next one replaces, until it has arrived. */
static void tell(struct waiting *w, size_t i, const struct og_telemetry_row *row, struct og_sv why)
{
	og_auto_buf struct og_buf line = OG_BUF_INIT(2 * WHY_BYTES);
	uint64_t h = og_hash64(1, why) | 1;

	name(w, row, &line);
	og_buf_lit(&line, ": ");
	og_buf_sv(&line, why);
	if (isatty(w->cli->err_fd) == 1 && w->state[i].end != OG_WAIT_ARRIVED) {
		session_progress_say(
			&w->progress, "%llds  %s", (long long)seconds(w), line.p ? line.p : "");
		return;
	}
	if (w->state[i].said == h)
		return;
	w->state[i].said = h;
	session_progress_clear(&w->progress);
	og_buf_fmt(&w->cli->err, "%llds  ", (long long)seconds(w));
	og_text_safe(&w->cli->err, og_buf_view(&line));
	og_buf_ch(&w->cli->err, '\n');
}

/* The row of a target; NULL when there is none. */
static const struct og_telemetry_row *row_of(
	const struct waiting *w, const struct og_audit_status *s, size_t i)
{
	for (uint32_t k = 0; k < s->n; k++) {
		struct og_audit_target one = w->targets[i];
		const struct og_coverage_row *r = &s->rows[k].row;
		if (og_audit_targets_want(&one, 1, r->group, r->kind, r->name))
			return &s->rows[k];
	}
	return NULL;
}

static int look(
	struct waiting *w, struct og_arena *arena, struct og_audit_status *ret, struct og_err *err)
{
	const struct og_audit_status_ask ask = {.targets = w->targets,
		.ntargets = w->n,
		.now_s = og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S};

	w->dirty = false;
	return og_audit_status_rows(&w->s, &ask, arena, ret, err);
}

/* What is said at the end of the time, or of hope: the chain, the first broken link, the fix. */
static void say_picture(
	struct waiting *w, const struct og_telemetry_row *row, struct og_arena *arena)
{
	const struct status_look v = {.now_s = og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S,
		.headers = true,
		.colour = w->cli->colour_out,
		.ascii = w->a->ascii || og_term_ascii(w->cli->env),
		.width = w->cli->width,
		.arena = arena};

	status_picture(&v, row, &w->cli->out);
}

/* Judges all of them; *ret_more when any is still waited for. A workload that is not there ends
 * the waiting. */
static int turn(struct waiting *w, bool last, bool *ret_more, struct og_err *err)
{
	og_auto_arena struct og_arena arena = {0};
	struct og_audit_status s;

	og_arena_init(&arena, 0, 0);
	*ret_more = false;
	int r = look(w, &arena, &s, err);
	for (size_t i = 0; i < w->n && r == 0; i++) {
		og_auto_buf struct og_buf why = OG_BUF_INIT(WHY_BYTES);
		const struct og_telemetry_row *row = row_of(w, &s, i);
		if (!row)
			return og_err_set(err, OG_E_NOT_FOUND,
				"no workload is called \"%s%s%.*s\" in namespace %s",
				w->targets[i].kind ? w->targets[i].kind : "",
				w->targets[i].kind ? "/" : "", OG_SV_ARG(w->targets[i].name),
				w->ns);
		w->state[i].end = og_wait_judge(row, &w->ask, &why);
		if (w->state[i].end == OG_WAIT_ARRIVED)
			og_buf_lit(&why, "arrived");
		if (w->state[i].end == OG_WAIT_NOT_YET)
			*ret_more = true;
		tell(w, i, row, og_buf_view(&why));
		if ((last && w->state[i].end != OG_WAIT_ARRIVED) ||
			w->state[i].end == OG_WAIT_NEVER) {
			session_progress_clear(&w->progress);
			name(w, row, &w->cli->err);
			og_buf_fmt(&w->cli->err, ": %s: ",
				w->state[i].end == OG_WAIT_NEVER ? "will not arrive"
								 : "not arrived in time");
			og_text_safe(&w->cli->err, og_buf_view(&why));
			og_buf_ch(&w->cli->err, '\n');
			say_picture(w, row, &arena);
		}
	}
	return r;
}

static bool hopeless(const struct waiting *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->state[i].end == OG_WAIT_NEVER)
			return true;
	return false;
}

/* What is known is as old as the watch of the statuses. */
static int is_lost(struct waiting *w, struct og_err *err)
{
	struct og_watch_info info[OG_CLUSTER_WATCHES];
	size_t n;

	og_cluster_watches(w->s.cluster, info, &n);
	for (size_t i = 0; i < n; i++)
		if (strstr(info[i].resource, OG_TELEMETRY_RESOURCE) &&
			info[i].state != OG_WATCH_SYNCED)
			return og_err_set(err,
				info[i].state == OG_WATCH_ABSENT ? OG_E_NOT_FOUND : OG_E_INVALID,
				"%s%.400s%s%.400s",
				info[i].state == OG_WATCH_ABSENT
					? "the cluster has no WorkloadTelemetry, and nobody else "
					  "knows what arrives: apply manifests/crds, and run the "
					  "controller. "
					: "",
				info[i].error, *info[i].rule ? "; the rule that is missing:\n" : "",
				info[i].rule);
	return 0;
}

static void on_change(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct waiting *w = ctx;

	(void)what, (void)old, (void)now, (void)stale;
	w->dirty = true;
}

static int listen_to(struct waiting *w, struct og_err *err)
{
	size_t n;
	const struct og_cluster_kind *k = og_cluster_kinds(&n);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		struct og_store *s = k[i].part & OG_AUDIT_PARTS_ALL
					     ? og_cluster_store(w->s.cluster, og_svz(k[i].group),
						       og_svz(k[i].kind))
					     : NULL;
		if (s)
			r = og_store_listen(s, on_change, w, err);
	}
	return r;
}

static int until_end(struct waiting *w, struct og_err *err)
{
	int64_t until = w->begun_ns + w->a->timeout_ms * OG_NS_PER_MS, now;
	bool more = true;
	int r = listen_to(w, err);

	while (r == 0 && (r = turn(w, false, &more, err)) == 0 && more && !hopeless(w)) {
		bool terminal = isatty(w->cli->err_fd) == 1;
		if (!og_cli_flush(w->cli))
			return og_err_set(err, OG_E_IO, "nobody reads any more");
		do {
			now = og_loop_now_ns(w->s.loop);
			int64_t left = (until - now) / OG_NS_PER_MS + 1;
			if (now < until)
				(void)og_loop_turn(
					w->s.loop, (int)(left < TURN_MS ? left : TURN_MS));
		} while (now < until && !w->dirty && !terminal);
		if (now < until)
			continue;
		r = is_lost(w, err);
		return r < 0 ? r : turn(w, true, &more, err);
	}
	return r;
}

static int run_with(struct waiting *w, const struct og_audit_session_opts *o)
{
	struct og_err err = OG_ERR_INIT;
	og_auto_buf struct og_buf notes = OG_BUF_INIT(64 << 10);
	bool partial = false;
	int r = og_audit_session_open(o, &w->s, &err);

	if (r == 0)
		r = og_audit_session_watch(&w->s, OG_AUDIT_PARTS_ALL, w->ns, NULL, &err);
	if (r == 0)
		r = is_lost(w, &err);
	if (r == 0)
		r = session_notes(&w->s, w->ns, &notes, &partial, &err);
	session_progress_clear(&w->progress);
	if (r == 0) {
		session_write_notes(w->cli, og_buf_view(&notes));
		r = until_end(w, &err);
	}
	session_progress_clear(&w->progress);
	if (r < 0)
		return og_cli_fail(w->cli, &err);
	for (size_t i = 0; i < w->n; i++)
		if (w->state[i].end != OG_WAIT_ARRIVED)
			return OG_EXIT_GATE;
	return OG_EXIT_PASS;
}

static int read_signals(struct og_cli *cli, const char *list, struct og_wait_ask *ask)
{
	struct og_sv rest = og_svz(list), word;
	enum og_signal s;

	while (og_sv_split(&rest, ',', &word)) {
		if (!og_signal_parse(og_sv_trim(word), &s))
			return og_cli_usage(cli,
				"--signals: \"%.*s\" is none of metrics, traces, logs, profiles",
				(int)(word.n < 100 ? word.n : 100), word.p);
		ask->signals[s] = true;
	}
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		if (ask->signals[i])
			return OG_EXIT_PASS;
	return og_cli_usage(cli, "--signals names none");
}

static int run_wait(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	const struct wait_args *a = args;
	struct og_kube_access *access = NULL;
	struct og_err err = OG_ERR_INIT;
	struct waiting w = {.cli = cli,
		.a = a,
		.ask = {.revision = og_svz(a->revision)},
		.begun_ns = og_clock_mono_ns(og_clock_system()),
		.progress = {.cli = cli}};
	int code = read_signals(cli, a->signals, &w.ask);

	if (code != OG_EXIT_PASS)
		return code;
	if (og_audit_targets_parse(p->operands, p->noperands, cli->arena, &w.targets, &w.n, &err) <
		0)
		return og_cli_fail(cli, &err);
	for (size_t i = 0; i < w.n; i++)
		if (!w.targets[i].name.n || !w.targets[i].kind)
			return og_cli_usage(cli, "KIND/NAME is needed: \"%s\"", p->operands[i]);
	w.state = og_arena_new_n(cli->arena, w.n + 1, struct waited);
	if (!w.state)
		return og_cli_fail(cli, (og_err_set(&err, OG_E_OOM, "waiting"), &err));
	if ((code = og_kubeflags_load(cli, &a->kube, &access)) != OG_EXIT_PASS)
		return code;
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that has gone ends it by its exit code */
	w.ns = og_arena_sv(cli->arena, og_svz(access->ns)).p;
	const struct og_audit_session_opts o = {.access = access,
		.component = "otelgate-wait",
		.timeout_ms = a->timeout_ms,
		.ctx = &w.progress,
		.progress = session_on_progress};
	code = run_with(&w, &o);
	og_audit_session_close(&w.s);
	return code;
}

const struct og_command og_cmd_wait = {
	.name = "wait",
	.summary = "wait until the telemetry of a workload's new pods has arrived",
	.usage = "KIND/NAME... [-n NAMESPACE] [--signals LIST] [--revision REV] [--timeout TIME]",
	.description =
		"For pipelines, after a deployment. It ends well when the controller has judged the "
		"last change of the workload, all pods carry the wanted revision, the rollout is "
		"complete, and each signal arrives and says that it is of these pods: tied to the "
		"revision or to a pod's name, and seen after the newest pod was made. What it waits "
		"for is written to standard error when it changes. At the end of the time the chain "
		"is shown with its first broken link and the fix.\n"
		"\n"
		"What arrives is read from the WorkloadTelemetry objects that otelgate controller "
		"writes; they are watched, not polled. The rights it takes are those of ClusterRole "
		"otelgate-reader; with less it says what it goes without.",
	.examples = "# after kubectl apply\n"
		    "%P wait -n shop deployment/web\n"
		    "# traces alone, and no longer than two minutes\n"
		    "%P wait -n shop deployment/web --signals traces --timeout 2m",
	.exits = "0 it has arrived\n"
		 "1 it has not in time, or will not: a signal is off, or nobody opted in\n"
		 "3 the cluster could not be asked, or has no such workload or no statuses",
	.opts = opts,
	.nopts = OG_COUNT(opts),
	.args_bytes = sizeof(struct wait_args),
	.min_operands = 1,
	.max_operands = 100,
	.run = run_wait,
};
