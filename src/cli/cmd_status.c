/* SPDX-License-Identifier: Apache-2.0 */
/* status: how workloads stand now. */
#include <signal.h>
#include <unistd.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "ask-priv.h"
#include "otelgate/cli/config_load.h"
#include "otelgate/cli/kubeflags.h"
#include "otelgate/cli/term.h"
#include "commands-priv.h"
#include "otelgate/codec/emit.h"
#include "otelgate/audit/strangers.h"
#include "session-priv.h"
#include "status-priv.h"

enum { OUT_TABLE, OUT_WIDE, OUT_STARS, OUT_JSON, OUT_YAML, OUT_NAME };
enum {
	SETTLE_MS = 200,     /* changes come in flocks */
	AGES_MS = 5000,	     /* a screen without news shows how time passes */
	DOC_BYTES = 1 << 30, /* of json, in memory */
};

struct status_args {
	struct og_kubeflags kube;
	struct ask_args ask;
	struct og_strs config;
	bool all, no_headers, watch, summary, check, ascii;
	unsigned output;
	const char *selector;
	int64_t timeout_ms;
};
#define AT(field) offsetof(struct status_args, field)

static const struct og_opt opts[] = {
	OG_KUBE_OPT_NAMESPACE(struct status_args, kube),
	OG_KUBE_OPT_ALL(struct status_args, all, "look at all namespaces"),
	{
		.name = "selector",
		.letter = 'l',
		.type = OG_OPT_STR,
		.at = AT(selector),
		.arg = "SELECTOR",
		.help = "only workloads with these labels, as kubectl takes them: app=web,tier!=test",
	},
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		.at = AT(output),
		.arg = "FORM",
		.words = "table|wide|stars|json|yaml|name",
		.def = "table",
		.help = "form of the output; wide adds the broken link, profile, revision and why; stars "
			"is the table of stars",
	},
	{
		.name = "watch",
		.letter = 'w',
		.type = OG_OPT_FLAG,
		.at = AT(watch),
		.help = "go on: a terminal is drawn anew, elsewhere lines that changed are written",
	},
	{
		.name = "summary",
		.type = OG_OPT_FLAG,
		.at = AT(summary),
		.help = "one line for each namespace",
	},
	{
		.name = "check",
		.type = OG_OPT_FLAG,
		.at = AT(check),
		.help = "exit with 1 when a workload is not ready, with 3 when that is not known",
	},
	{
		.name = "no-headers",
		.type = OG_OPT_FLAG,
		.at = AT(no_headers),
		.help = "table without its first line",
	},
	{
		.name = "ascii",
		.type = OG_OPT_FLAG,
		.at = AT(ascii),
		.help = "marks of plain ASCII",
	},
	{
		.name = "config",
		.letter = 'c',
		.type = OG_OPT_STRS,
		.at = AT(config),
		.arg = "FILE|DIR",
		.help = "judge by the GrafanaStacks and TelemetryProfiles of files instead of the "
			"cluster's",
	},
	ASK_OPTS(struct status_args, ask),
	{
		.name = "timeout",
		.type = OG_OPT_DURATION,
		.at = AT(timeout_ms),
		.arg = "TIME",
		.def = "60s",
		.min = 1000,
		.max = 3600000,
		.help = "longest time until the first answer",
	},
	OG_KUBE_OPTS(struct status_args, kube),
};

struct show {
	struct og_cli *cli;
	const struct status_args *a;
	struct og_audit_session s;
	struct og_audit_target *targets;
	size_t ntargets;
	struct og_selector selector;
	const struct og_config *config;	     /* NULL = the cluster's */
	const struct og_audit_ask *backends; /* NULL = they are not asked */
	const char *ns;			     /* NULL = all */
	struct og_buf notes;		     /* what could not be seen, a line each */
	struct og_buf said;		     /* who arrives and is nobody's, a line each */
	bool partial;
	/* -w */
	bool dirty;
	struct og_map rows; /* "ns\0object" → hash of what is shown */
};

static int64_t now_s(void)
{
	return og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S;
}

/* Whether every operand names one workload: those are shown as pictures. */
static bool pictures(const struct show *x)
{
	for (size_t i = 0; i < x->ntargets; i++)
		if (!x->targets[i].name.n)
			return false;
	return x->ntargets && !x->a->summary;
}

/* ---- the forms ---- */

static struct status_look look_of(struct show *x, struct og_arena *arena)
{
	struct og_cli *cli = x->cli;

	return (struct status_look){.now_s = now_s(),
		.wide = x->a->output == OUT_WIDE,
		.headers = !x->a->no_headers,
		.colour = cli->colour_out,
		.ascii = x->a->ascii || og_term_ascii(cli->env),
		.width = cli->width,
		.arena = arena};
}

static int as_yaml(
	struct og_sv json, struct og_arena *arena, struct og_buf *out, struct og_err *err)
{
	const struct og_jlimits limits = {
		.max_bytes = DOC_BYTES, .max_tokens = (1U << 28) - 1, .own_text = true};
	struct og_jdoc doc;
	int r = og_jdoc_parse(&doc, arena, json, &limits, err);

	if (r == 0)
		og_emit_yaml(out, og_jroot(&doc), arena);
	return r;
}

static int write_document(
	struct show *x, const struct og_audit_status *s, struct og_arena *arena, struct og_err *err)
{
	og_auto_buf struct og_buf json = OG_BUF_INIT(DOC_BYTES);
	struct og_coverage c = {.n = 0};
	struct og_buf *out = &x->cli->out;
	int r = og_audit_session_coverage_blind(&x->s, x->ns, arena, &c.blind, &c.nblind, err);

	if (r == 0)
		r = og_audit_asked_blind(&s->asked, arena, &c, err);
	if (r < 0)
		return r;
	const struct status_beside beside = {.now_s = now_s(),
		.blind = c.blind,
		.nblind = c.nblind,
		.notes = og_buf_view(&x->said)};
	status_json(s, &beside, &json);
	if (json.failed)
		return og_err_set(err, OG_E_OOM, "writing the status");
	if (x->a->output == OUT_YAML)
		return as_yaml(og_buf_view(&json), arena, out, err);
	og_buf_sv(out, og_buf_view(&json));
	return 0;
}

static int write_all(
	struct show *x, const struct og_audit_status *s, struct og_arena *arena, struct og_err *err)
{
	struct status_look v = look_of(x, arena);
	struct og_buf *out = &x->cli->out;

	if (x->a->output == OUT_JSON || x->a->output == OUT_YAML)
		return write_document(x, s, arena, err);
	if (x->a->output == OUT_STARS)
		return s->n ? status_stars(&v, s, out, err) : 0;
	if (x->a->output == OUT_NAME)
		status_names(s, out);
	else if (x->a->summary && s->n)
		status_summary(&v, s, out);
	else if (pictures(x))
		for (uint32_t i = 0; i < s->n; i++) {
			og_buf_str(out, i ? "\n" : "");
			status_picture(&v, &s->rows[i], out);
		}
	else if (s->n)
		status_table(&v, s, out);
	return 0;
}

/* ---- once ---- */

static int rows(
	struct show *x, struct og_arena *arena, struct og_audit_status *ret, struct og_err *err)
{
	struct og_audit_status_ask ask = {.targets = x->targets,
		.ntargets = x->ntargets,
		.selector = x->selector,
		.now_s = now_s(),
		.config = x->config,
		.backends = x->backends};

	return og_audit_status_rows(&x->s, &ask, arena, ret, err);
}

static bool any_missing(struct show *x)
{
	bool missing = false;

	for (size_t i = 0; i < x->ntargets; i++) {
		const struct og_audit_target *t = &x->targets[i];
		if (t->found || !t->name.n)
			continue;
		missing = true;
		og_cli_error(x->cli, "no workload is called \"%s%s%.*s\"%s%s",
			t->kind ? t->kind : "", t->kind ? "/" : "", OG_SV_ARG(t->name),
			x->ns ? " in namespace " : "", x->ns ? x->ns : "");
	}
	return missing;
}

static int code_of(const struct show *x, const struct og_audit_status *s)
{
	bool unknown = x->partial && !pictures(x), no = false;

	for (uint32_t i = 0; i < s->n; i++) {
		no |= s->rows[i].ready == OG_COND_FALSE;
		unknown |= s->rows[i].ready != OG_COND_FALSE && s->rows[i].ready != OG_COND_TRUE;
	}
	if (!x->a->check)
		return OG_EXIT_PASS;
	return no ? OG_EXIT_GATE : unknown ? OG_EXIT_FAULT : OG_EXIT_PASS;
}

static void write_notes(struct show *x)
{
	session_write_notes(x->cli, og_buf_view(&x->notes));
	session_write_notes(x->cli, og_buf_view(&x->said));
}

static int show_once(struct show *x, struct og_err *err)
{
	struct og_audit_status s;
	struct og_cli *cli = x->cli;
	int r = rows(x, cli->arena, &s, err);

	session_progress_clear(x->s.o.ctx);
	if (r == 0) {
		ask_notes(&s.asked, &x->notes, &x->partial);
		r = write_all(x, &s, cli->arena, err);
	}
	if (r < 0)
		return og_cli_fail(cli, err);
	write_notes(x);
	if (any_missing(x))
		return OG_EXIT_FAULT;
	if (!s.n && x->a->output <= OUT_STARS)
		og_buf_fmt(&cli->err, "No opted-in workload%s%s.\n",
			x->ns ? " in namespace " : " in the cluster", x->ns ? x->ns : "");
	return code_of(x, &s);
}

/* ---- -w ---- */

static void on_change(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct show *x = ctx;

	(void)what, (void)old, (void)now, (void)stale;
	x->dirty = true;
}

/* What a line says, without how long ago. */
static uint64_t hash_of(const struct og_telemetry_row *t)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);

	status_ratio(&t->row, &b);
	og_buf_fmt(&b, " %d %d %s", (int)t->rollout, (int)t->ready, t->ready_reason);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_coverage_signal *s = &t->row.signal[i];
		og_buf_fmt(&b, " %d %u/%u", (int)s->state, s->covered, s->of);
	}
	og_buf_ch(&b, ' ');
	og_buf_sv(&b, t->row.revision);
	return og_hash64(0, og_buf_view(&b)) | 1;
}

static struct og_sv key_of(const struct og_telemetry_row *t, struct og_buf *b)
{
	og_buf_reset(b);
	og_buf_sv(b, t->row.ns);
	og_buf_ch(b, '\0');
	status_object(&t->row, b);
	return og_buf_view(b);
}

/* Lines of rows that are new or say something else. The whole table is laid out, so that columns
 * stay where they are. */
static int write_changed(struct show *x, const struct og_audit_status *s, bool first,
	struct og_arena *arena, struct og_err *err)
{
	og_auto_buf struct og_buf table = OG_BUF_INIT(DOC_BYTES), key = OG_BUF_INIT(2048);
	struct status_look v = look_of(x, arena);
	struct og_sv rest, line;
	uint32_t i = 0;

	v.headers = true;
	status_table(&v, s, &table);
	if (table.failed)
		return og_err_set(err, OG_E_OOM, "writing the status");
	rest = og_buf_view(&table);
	(void)og_sv_split(&rest, '\n', &line);
	if (first && !x->a->no_headers && s->n)
		og_buf_fmt(&x->cli->out, "%.*s\n", OG_SV_ARG(line));
	for (; i < s->n && og_sv_split(&rest, '\n', &line); i++) {
		uint64_t h = hash_of(&s->rows[i]);
		struct og_map_entry *m = og_map_put(&x->rows, key_of(&s->rows[i], &key), NULL);
		if (!m)
			return og_err_set(err, OG_E_OOM, "watching");
		if ((uintptr_t)m->value == (uintptr_t)h)
			continue;
		m->value = (void *)(uintptr_t)h;
		og_buf_fmt(&x->cli->out, "%.*s\n", OG_SV_ARG(line));
	}
	return 0;
}

/* From the upper left corner, over what was there. */
static int redraw(
	struct show *x, const struct og_audit_status *s, struct og_arena *arena, struct og_err *err)
{
	og_auto_buf struct og_buf drawn = OG_BUF_INIT(DOC_BYTES);
	struct og_buf *out = &x->cli->out;
	struct og_sv rest, line;
	int r = write_all(x, s, arena, err);

	if (r < 0)
		return r;
	if (!s->n)
		og_buf_lit(out, "No opted-in workload.\n");
	drawn = *out;
	*out = (struct og_buf)OG_BUF_INIT(DOC_BYTES);
	og_buf_lit(out, "\033[H");
	rest = og_buf_view(&drawn);
	while (og_sv_split(&rest, '\n', &line)) {
		og_buf_sv(out, line);
		og_buf_lit(out, "\033[K\n");
	}
	og_buf_lit(out, "\033[J");
	return drawn.failed ? og_err_set(err, OG_E_OOM, "writing the status") : 0;
}

static int turn(struct show *x, bool first, bool terminal, struct og_err *err)
{
	og_auto_arena struct og_arena arena = {0};
	struct og_audit_status s;

	og_arena_init(&arena, 0, 1U << 30);
	x->dirty = false;
	int r = rows(x, &arena, &s, err);
	if (r == 0 && terminal)
		r = redraw(x, &s, &arena, err);
	else if (r == 0 && (pictures(x) || x->a->output > OUT_WIDE || x->a->summary))
		r = write_all(x, &s, &arena, err);
	else if (r == 0)
		r = write_changed(x, &s, first, &arena, err);
	if (r == 0 && first)
		write_notes(x);
	return r;
}

static int listen_to(struct show *x, struct og_err *err)
{
	static const char *const kinds[][2] = {{"otelgate.dev", OG_TELEMETRY_KIND}};
	int r = 0;

	for (size_t i = 0; i < OG_COUNT(kinds) && r == 0; i++) {
		struct og_store *s =
			og_cluster_store(x->s.cluster, og_svz(kinds[i][0]), og_svz(kinds[i][1]));
		if (s)
			r = og_store_listen(s, on_change, x, err);
	}
	return r;
}

/* Until nobody reads it any more, or it is ended. */
static int go_on(struct show *x, struct og_err *err)
{
	bool terminal = isatty(x->cli->out_fd) == 1;
	int r = listen_to(x, err);

	if (terminal)
		og_buf_lit(&x->cli->out, "\033[2J");
	for (bool first = true; r == 0; first = false) {
		if ((r = turn(x, first, terminal, err)) < 0)
			break;
		if (!og_cli_flush(x->cli))
			return OG_EXIT_FAULT;
		int64_t until = og_loop_now_ns(x->s.loop) + AGES_MS * OG_NS_PER_MS;
		while (!x->dirty && (!terminal || og_loop_now_ns(x->s.loop) < until))
			(void)og_loop_turn(x->s.loop, SETTLE_MS * 5);
		until = og_loop_now_ns(x->s.loop) + SETTLE_MS * OG_NS_PER_MS;
		while (x->dirty && og_loop_now_ns(x->s.loop) < until)
			(void)og_loop_turn(x->s.loop, SETTLE_MS);
	}
	return og_cli_fail(x->cli, err);
}

/* ---- the command ---- */

static int watch(struct show *x, unsigned parts, struct og_err *err)
{
	x->partial = false;
	og_buf_reset(&x->notes);
	int r = og_audit_session_watch(&x->s, parts, x->ns, NULL, err);
	return r == 0 ? session_notes(&x->s, x->ns, &x->notes, &x->partial, err) : r;
}

/* Whether anything that makes rows may be read. */
static bool any_sight(struct show *x)
{
	struct og_watch_info w[OG_CLUSTER_WATCHES];
	size_t n;

	og_cluster_watches(x->s.cluster, w, &n);
	for (size_t i = 0; i < n; i++)
		if (w[i].state == OG_WATCH_SYNCED && !strstr(w[i].resource, "namespaces") &&
			!strstr(w[i].resource, "grafanastacks") &&
			!strstr(w[i].resource, "telemetryprofiles"))
			return true;
	return false;
}

/* The first right that is missing stands for all: a role has them. */
static int nothing(const struct show *x, struct og_err *err)
{
	struct og_sv notes = og_buf_view(&x->notes), blank = OG_SV("\n\n");
	size_t n = 0;

	while (n + blank.n <= notes.n && !og_sv_starts(og_sv(notes.p + n, notes.n - n), blank))
		n++;
	return og_err_set(err, OG_E_INVALID,
		"nothing may be read: it takes the rights of ClusterRole otelgate-reader "
		"(manifests/base); the first that is missing:\n%.*s",
		(int)(n < 700 ? n : 700), notes.p);
}

/* The controller's statuses tell all of a table. A workload that is named is shown with its pods;
 * and where there are no statuses, all has to be looked at here. */
static int look(struct show *x, struct og_err *err)
{
	struct og_store *s;
	bool all = pictures(x) || x->selector.present || x->backends || x->config;
	int r = all ? 0 : watch(x, OG_AUDIT_PARTS_STATUS, err);

	if (r < 0)
		return r;
	s = x->s.cluster ? og_cluster_store(
				   x->s.cluster, OG_SV("otelgate.dev"), OG_SV(OG_TELEMETRY_KIND))
			 : NULL;
	if (!s || !og_store_count(s))
		r = watch(x, OG_AUDIT_PARTS_ALL, err);
	return r == 0 && !any_sight(x) ? nothing(x, err) : r;
}

/* Of the whole cluster alone: they are no workload of a namespace. */
static int strangers(struct show *x, struct og_err *err)
{
	struct og_audit_strangers *v = NULL;
	uint32_t n = 0;
	int r = x->ns || x->ntargets || x->selector.present
			? 0
			: og_audit_strangers_ask(&x->s, x->cli->arena, &v, &n, err);

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		og_audit_strangers_say(&v[i], &x->said);
		og_buf_lit(&x->said, "; otelgate explain OG806\n");
	}
	return r;
}

static int run_with(struct show *x, const struct og_audit_session_opts *o)
{
	struct og_err err = OG_ERR_INIT;
	struct session_progress *progress = o->ctx;
	int r = og_audit_session_open(o, &x->s, &err);

	if (r == 0)
		r = look(x, &err);
	if (r == 0)
		r = strangers(x, &err);
	session_progress_clear(progress);
	if (r < 0)
		return og_cli_fail(x->cli, &err);
	return x->a->watch ? go_on(x, &err) : show_once(x, &err);
}

static int on_cluster(struct show *x, const struct status_args *a)
{
	struct session_progress progress = {.cli = x->cli};
	struct og_kube_access *access = NULL;
	int code = og_kubeflags_load(x->cli, &a->kube, &access);

	if (code != OG_EXIT_PASS)
		return code;
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that has gone ends it by its exit code */
	/* The access is given away, its namespace is needed until the end. */
	struct og_sv ns = og_arena_sv(x->cli->arena, og_svz(access->ns));
	x->ns = a->all ? NULL : ns.p;
	const struct og_audit_session_opts o = {.access = access,
		.component = "otelgate-status",
		.timeout_ms = a->timeout_ms,
		.own_config = x->config != NULL,
		.own_answers = x->backends != NULL,
		.ctx = &progress,
		.progress = session_on_progress};
	og_map_init(&x->rows, 0, NULL);
	code = run_with(x, &o);
	og_audit_session_close(&x->s);
	og_map_fini(&x->rows);
	og_buf_fini(&x->notes);
	og_buf_fini(&x->said);
	return code;
}

static int run_status(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	struct status_args *a = args;
	struct ask_loaded asked = {.n = 0};
	struct og_err err = OG_ERR_INIT;
	struct show x = {
		.cli = cli, .a = a, .notes = OG_BUF_INIT(64 << 10), .said = OG_BUF_INIT(64 << 10)};

	if (a->all && a->kube.ns)
		return og_cli_usage(cli, "--namespace and --all-namespaces exclude each other");
	if (a->watch && a->check)
		return og_cli_usage(cli, "--watch has no end that --check could judge");
	if (a->watch && a->ask.ask)
		return og_cli_usage(cli, "--ask asks once, and --watch goes on");
	if (og_audit_targets_parse(
		    p->operands, p->noperands, cli->arena, &x.targets, &x.ntargets, &err) < 0)
		return og_cli_fail(cli, &err);
	if (a->selector &&
		og_selector_parse(og_svz(a->selector), cli->arena, &x.selector, &err) < 0) {
		err.code = OG_E_USAGE;
		return og_cli_fail(cli, &err);
	}
	int code = ask_load(cli, &a->ask, a->timeout_ms, &asked, &x.backends);
	if (code == OG_EXIT_PASS && a->config.n)
		code = og_cli_config_load(cli, a->config.v, a->config.n, -1, &x.config);
	if (code == OG_EXIT_PASS)
		code = on_cluster(&x, a);
	ask_fini(&asked);
	return code;
}

const struct og_command og_cmd_status = {
	.name = "status",
	.summary = "how workloads stand now: pods, rollout, and what arrives of each signal",
	.usage = "[KIND/NAME... | KIND NAME...] [-n NAMESPACE | -A] [-l SELECTOR] [-w]\n"
		 "[--summary] [-o table|wide|stars|json|yaml|name]",
	.description =
		"One line for each workload that is opted in: pods that carry what they should, of "
		"those that should; how far its rollout is; and each signal:\n"
		"\n"
		"OK 12s arrives, last seen so long ago; OK 2/3 arrives from two pods of three; "
		"STALE 3h came and comes no more; NONE has never come; WAIT is young, or has no "
		"pods; IDLE had nothing to send; VIA stdout is collected from the log; OFF is not "
		"wanted; ? is not known.\n"
		"\n"
		"Workloads that are named are shown whole: the chain from the opt-in to what "
		"arrives, each pod with its revision and age, the first broken link with its fix, "
		"the stars and what would raise them, and the query that proves it. Nothing is changed. "
		"What arrives is told by otelgate controller; without one, --ask asks the backends. "
		"The rights it takes are those of "
		"ClusterRole otelgate-reader.",
	.examples = "# everything\n"
		    "%P status -A\n"
		    "# one workload, with its pods\n"
		    "%P status -n shop deployment/web\n"
		    "# what arrives, where no controller runs\n"
		    "%P status -A --ask\n"
		    "# after a deployment, as it changes\n"
		    "%P status -n shop -w",
	.exits =
		"0 looked\n"
		"1 with --check: a workload is not ready\n"
		"3 the cluster could not be asked, or a workload that was named is not there; with "
		"--check also when something is not known",
	.opts = opts,
	.nopts = OG_COUNT(opts),
	.args_bytes = sizeof(struct status_args),
	.max_operands = 1000,
	.run = run_status,
};
