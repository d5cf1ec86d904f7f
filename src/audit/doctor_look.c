/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering the facts of a cluster: one look, in the order in which things depend on each other. */
#include "doctor_look-priv.h"

#include "otelgate/audit/look_row.h"
#include "otelgate/audit/status.h"
#include "otelgate/kube/kubeconfig.h"

enum { TIMEOUT_MS = 60000, REQUEST_MS = 10000, TRIES = 2, HTTP_OK = 200, HTTP_MULTIPLE = 300 };

void doctor_say(struct doctor_look *l, const char *what)
{
	if (l->ask->progress)
		l->ask->progress(l->ask->ctx, what);
}

struct og_sv doctor_str(struct doctor_look *l, struct og_jval v)
{
	return og_jstr_or_empty(v, l->arena);
}

static struct og_sv keep(struct doctor_look *l, const char *text)
{
	struct og_sv s = og_arena_sv(l->arena, og_svz(text));
	return s.p ? s : OG_SV("");
}

void doctor_fetch(struct doctor_look *l, const struct og_kube_request *r, struct og_arena *a,
	struct og_jval *ret, struct og_doctor_known *known)
{
	int64_t left = (l->s.until_ns - og_loop_now_ns(l->s.loop)) / OG_NS_PER_MS;
	struct og_kube_answer answer = {0};
	struct og_kube_request copy = *r;
	struct og_err err = OG_ERR_INIT;

	*ret = OG_JABSENT;
	*known = (struct og_doctor_known){
		.sight = OG_DS_FAILED, .why = OG_SV("The time was over."), .rule = OG_SV("")};
	if (left <= 0)
		return;
	copy.deadline_ms = left < REQUEST_MS ? left : REQUEST_MS;
	copy.max_tries = TRIES;
	(void)og_kube_wait(l->s.kube, &copy, a, &answer, &err);
	if (answer.http >= HTTP_OK && answer.http < HTTP_MULTIPLE && answer.doc)
		*ret = og_jroot(answer.doc);
	if (answer.http == 404 || !og_junset(*ret)) {
		*known = (struct og_doctor_known){
			.sight = OG_DS_SEEN, .why = OG_SV(""), .rule = OG_SV("")};
		return;
	}
	known->why = keep(l, answer.err.msg[0] ? answer.err.msg : err.msg);
	if (answer.http != 403)
		return;
	known->sight = OG_DS_REFUSED;
	known->rule = og_arena_sv(l->arena, answer.rule);
}

void doctor_read(struct doctor_look *l, const char *group, const char *version,
	const char *resource, struct og_sv ns, struct og_sv name, struct og_sv labels,
	struct og_jval *ret, struct og_doctor_known *known)
{
	og_auto_buf struct og_buf query = OG_BUF_INIT(2048);

	if (labels.n) {
		og_buf_lit(&query, "labelSelector=");
		for (size_t i = 0; i < labels.n; i++)
			if (labels.p[i] == '=')
				og_buf_lit(&query, "%3D");
			else if (labels.p[i] == '/')
				og_buf_lit(&query, "%2F");
			else
				og_buf_ch(&query, labels.p[i]);
	}
	const struct og_kube_request r = {.verb = name.n ? OG_KUBE_GET : OG_KUBE_LIST,
		.res = {.group = og_svz(group),
			.version = og_svz(version),
			.resource = og_svz(resource),
			.ns = ns,
			.name = name},
		.query = og_buf_view(&query)};
	doctor_fetch(l, &r, l->arena, ret, known);
}

/* ---- workloads ---- */

/* Why a kind of workload, or all of them, may not be seen; false when nothing is in the way. */
static bool hidden(struct doctor_look *l, struct og_doctor_known *known)
{
	for (uint32_t i = 0; i < l->f->nblind; i++) {
		const struct og_audit_blind *b = &l->f->blind[i];
		if (b->absent || strstr(b->info.resource, "otelgate.dev"))
			continue;
		*known = (struct og_doctor_known){
			.sight = OG_DS_REFUSED, .why = b->why, .rule = keep(l, b->info.rule)};
		return true;
	}
	return false;
}

static bool sees(const struct doctor_look *l, const char *resource)
{
	for (uint32_t i = 0; i < l->f->nblind; i++)
		if (strstr(l->f->blind[i].info.resource, resource))
			return false;
	return true;
}

/* The live cell, when it is a word at all. */
static void take_link(
	struct og_telemetry_row *to, const struct og_telemetry_row *live, enum og_link link)
{
	enum og_result r = live->row.link[link].result;

	if (r == OG_RESULT_PASS || r == OG_RESULT_FAIL)
		to->row.link[link] = live->row.link[link];
}

/* What is said already, unless this one says where. */
static bool has(const struct og_coverage_row *row, const struct og_coverage_finding *x)
{
	for (uint32_t i = 0; i < row->nfindings; i++)
		if (row->findings[i].def == x->def && (row->findings[i].place.n || !x->place.n))
			return true;
	return false;
}

/*
 * A controller writes how the workload stands, and not all that the engine says of its template;
 * and what it wrote may be about the template before. Both are judged here, as it does.
 */
static int add_live(struct doctor_look *l, struct og_err *err)
{
	const struct og_telemetry_row *said = l->f->row;
	const struct og_audit_sight sight = {
		.config = sees(l, "grafanastacks") && sees(l, "telemetryprofiles"),
		.pods = sees(l, "pods"),
		.namespaces = sees(l, "namespaces")};
	og_auto_arena struct og_arena scratch = {0};
	struct og_telemetry_row *to = og_arena_new(l->arena, struct og_telemetry_row);
	struct og_telemetry_row live;
	bool is = false;

	if (!to)
		return og_err_set(err, OG_E_OOM, "looking at a workload");
	og_arena_init(&scratch, 0, 0);
	const struct og_look look = {.cluster = l->s.cluster,
		.config = l->config ? l->config->config : NULL,
		.arena = &scratch,
		.ns = said->row.ns,
		.group = said->row.group,
		.kind = said->row.kind,
		.name = said->row.name};
	int r = og_audit_look_row(&look, &sight, l->ask->now_s, l->arena, &live, &is, err);
	if (r < 0 || !is)
		return r;
	*to = *said;
	take_link(to, &live, OG_LINK_OPTED_IN);
	take_link(to, &live, OG_LINK_INJECTED);
	for (uint32_t i = 0; i < live.row.nfindings; i++) {
		const struct og_coverage_finding *x = &live.row.findings[i];
		if (!has(&said->row, x) && !og_coverage_add(&to->row, l->arena, x->def->id,
						   x->place, x->message, x->fix, NULL))
			return og_err_set(err, OG_E_OOM, "looking at a workload");
	}
	l->f->row = to;
	return 0;
}

static int one_row(struct doctor_look *l, const struct og_audit_status *s, struct og_err *err)
{
	struct og_doctor_known *known = &l->f->part[OG_DP_WORKLOADS];
	const struct og_audit_target *t = &l->targets[0];

	if (s->n == 0 && hidden(l, known))
		return 0;
	if (s->n == 0)
		return og_err_set(err, OG_E_NOT_FOUND,
			"no workload is called \"%s%s%.*s\" in namespace %s",
			t->kind ? t->kind : "", t->kind ? "/" : "", OG_SV_ARG(t->name), l->ask->ns);
	if (s->n > 1)
		return og_err_set(err, OG_E_LIMIT,
			"several workloads are called \"%.*s\" in namespace %s: say which, as "
			"deployment/%.*s",
			OG_SV_ARG(t->name), l->ask->ns, OG_SV_ARG(t->name));
	l->f->row = &s->rows[0];
	l->f->target = doctor_object(&s->rows[0].row, l->arena);
	return s->rows[0].observed_generation ? add_live(l, err) : 0;
}

static int look_workloads(struct doctor_look *l, struct og_err *err)
{
	const struct og_audit_status_ask ask = {.targets = l->targets,
		.ntargets = l->ntargets,
		.now_s = l->ask->now_s,
		.backends = l->ask->backends};
	struct og_doctor_known *known = &l->f->part[OG_DP_WORKLOADS];
	struct og_audit_blind *blind =
		og_arena_new_n(l->arena, OG_CLUSTER_WATCHES, struct og_audit_blind);
	struct og_err why = OG_ERR_INIT;
	struct og_audit_status s = {0};

	if (!blind)
		return og_err_set(err, OG_E_OOM, "looking at workloads");
	*known = (struct og_doctor_known){.sight = OG_DS_SEEN, .why = OG_SV(""), .rule = OG_SV("")};
	int r = og_audit_session_watch(
		&l->s, OG_AUDIT_PARTS_ALL, l->ask->ns, l->ask->registration, &why);
	if (r < 0) {
		known->sight = OG_DS_FAILED;
		known->why = keep(l, why.msg);
		return r == -(int)OG_E_OOM ? og_err_set(err, OG_E_OOM, "%s", why.msg) : 0;
	}
	l->config = og_cluster_config(l->s.cluster);
	l->f->blind = blind;
	r = og_audit_session_blind(&l->s, l->ask->ns, l->arena, blind, &l->f->nblind, err);
	if (r == 0)
		r = og_audit_status_rows(&l->s, &ask, l->arena, &s, err);
	if (r < 0)
		return r;
	l->f->rows = s.rows;
	l->f->nrows = s.n;
	if (l->ntargets)
		return one_row(l, &s, err);
	if (s.n == 0)
		(void)hidden(l, known);
	return 0;
}

/* ---- all of it ---- */

/* The first question went wrong: whether we are known there tells another one. */
static void no_access(struct doctor_look *l, const struct og_err *why)
{
	struct og_doctor_known *known = &l->f->part[OG_DP_ACCESS];

	*known = (struct og_doctor_known){
		.sight = OG_DS_FAILED, .why = keep(l, why->msg), .rule = OG_SV("")};
	l->f->http = l->s.http;
}

static void unseen(struct og_doctor_facts *f)
{
	for (int i = 0; i < OG_DP_COUNT_; i++)
		f->part[i] = (struct og_doctor_known){.sight = OG_DS_UNSEEN,
			.why = OG_SV("It was not looked at."),
			.rule = OG_SV("")};
}

static int look(struct doctor_look *l, struct og_err *err)
{
	doctor_look_access(l);
	doctor_say(l, "workloads");
	int r = look_workloads(l, err);
	if (r < 0)
		return r;
	doctor_say(l, "the webhook");
	doctor_look_webhook(l);
	doctor_say(l, "stacks and receivers");
	doctor_look_stacks(l);
	doctor_look_network(l);
	doctor_say(l, "a dry run of a pod");
	doctor_look_call(l);
	return l->arena->failed ? og_err_set(err, OG_E_OOM, "looking at a cluster") : 0;
}

static int targets(struct doctor_look *l, struct og_err *err)
{
	int r = og_audit_targets_parse(
		l->ask->target, l->ask->ntarget, l->arena, &l->targets, &l->ntargets, err);

	if (r == 0 && (l->ntargets > 1 || (l->ntargets == 1 && !l->targets[0].name.n)))
		return og_err_set(err, OG_E_USAGE, "one workload at a time: KIND/NAME");
	return r;
}

int og_doctor_collect_cluster(const struct og_doctor_ask *ask, struct og_arena *arena,
	struct og_doctor_facts *ret, struct og_err *err)
{
	const struct og_audit_session_opts so = {.access = ask->access,
		.component = "otelgate-doctor",
		.timeout_ms = ask->timeout_ms,
		.ctx = ask->ctx,
		.progress = ask->progress};
	struct og_doctor_facts *f = og_arena_new(arena, struct og_doctor_facts);
	struct doctor_look l = {.ask = ask, .arena = arena, .f = f};
	struct og_err why = OG_ERR_INIT;
	int r = f ? targets(&l, err) : og_err_set(err, OG_E_OOM, "looking at a cluster");

	if (r < 0) {
		og_kube_access_free(ask->access);
		return r;
	}
	f->now_s = ask->now_s;
	f->tool_version = ask->tool_version;
	f->ns = ask->ns ? keep(&l, ask->ns) : OG_SV("");
	f->target = l.ntargets ? l.targets[0].name : OG_SV("");
	f->server = keep(&l, ask->access->server);
	unseen(f);
	if (og_audit_session_open(&so, &l.s, &why) == 0)
		r = look(&l, err);
	else
		no_access(&l, &why);
	og_cluster_config_unref(l.config);
	og_audit_session_close(&l.s);
	if (r == 0)
		*ret = *f;
	return r;
}
