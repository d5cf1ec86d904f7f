/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts by a person's command: what is old, and the change of one template. */
#include "otelgate/audit/restart.h"

#include <stdio.h>
#include <string.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/telemetry.h"
#include "otelgate/kobj/meta.h"
#include "otelgate/kobj/rollout.h"
#include "otelgate/kube/kubeconfig.h"

/* A person waits for it: half of the controller's patience. */
enum { GRACE_S = 30 };

static const struct {
	const char *group, *version, *kind, *resource;
	bool argo;
} kinds[] = {
	{"apps", "v1", "Deployment", "deployments", false},
	{"apps", "v1", "StatefulSet", "statefulsets", false},
	{"apps", "v1", "DaemonSet", "daemonsets", false},
	{"argoproj.io", "v1alpha1", "Rollout", "rollouts", true},
};

static int kind_of(const struct og_restart_workload *w)
{
	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		if (og_sv_eq(w->kind, og_svz(kinds[i].kind)) &&
			og_sv_eq(w->group, og_svz(kinds[i].group)))
			return (int)i;
	return -1;
}

static int ask(struct og_audit_restart *a, const struct og_kube_request *r,
	struct og_arena *scratch, struct og_kube_answer *ret, struct og_err *err)
{
	int code = og_kube_wait(a->kube, r, scratch, ret, err);

	if (code < 0 && ret->http == 403 && ret->rule.n)
		return og_err_set(err, OG_E_INVALID, "%s\nThe right that is missing:\n%.*s",
			ret->err.msg, OG_SV_ARG(ret->rule));
	return code;
}

/* ---- statuses ---- */

static uint32_t count_of(struct og_jval pods, const char *key)
{
	int64_t n = 0;

	return og_ji64(og_jget(pods, og_svz(key)), &n) && n > 0 && n <= UINT32_MAX ? (uint32_t)n
										   : 0;
}

static void take_pods(struct og_jval status, struct og_restart_workload *w)
{
	struct og_jval pods = og_jgetl(status, "pods");

	w->pods = count_of(pods, "total");
	w->current = count_of(pods, "current");
	w->old = count_of(pods, "stale") + count_of(pods, "bare");
}

/* "web", "deployment/web", "deployments/web", any case of the kind. */
static bool is_named(const struct og_restart_workload *w, const char *name)
{
	struct og_sv rest = og_svz(name), kind;
	size_t slash = og_sv_chr(rest, '/');

	if (slash == rest.n)
		return og_sv_eq(rest, w->name);
	kind = og_sv(rest.p, slash);
	if (!og_sv_eq(og_sv(rest.p + slash + 1, rest.n - slash - 1), w->name))
		return false;
	if (kind.n == w->kind.n + 1 && (kind.p[kind.n - 1] == 's' || kind.p[kind.n - 1] == 'S'))
		kind.n--;
	return og_sv_caseeq(kind, w->kind);
}

static bool wanted(
	const struct og_audit_restart_opts *o, const struct og_restart_workload *w, bool *found)
{
	bool any = o->nnames == 0;

	for (size_t i = 0; i < o->nnames; i++)
		if (is_named(w, o->names[i]))
			any = found[i] = true;
	return any;
}

static int take_item(struct og_audit_restart *a, const struct og_audit_restart_opts *o,
	struct og_jval object, bool *found, struct og_err *err)
{
	struct og_audit_restart_item *it = &a->items[a->n];
	struct og_jval status = og_jgetl(object, "status");
	struct og_restart_workload *w = &it->w;
	struct og_meta m;
	int r = og_meta_read(object, a->arena, &m, err);

	if (r < 0 || !m.has_owner)
		return r;
	*it = (struct og_audit_restart_item){.uid = m.owner.uid, .wt_name = m.name};
	*w = (struct og_restart_workload){.ns = m.ns,
		.group = m.owner.group,
		.kind = m.owner.kind,
		.name = m.owner.name,
		.mode = OG_RESTART_MANAGED,
		.profile = og_jstr_or_empty(og_jgetl(status, "profile"), a->arena),
		.revision = og_jstr_or_empty(og_jgetl(status, "revision"), a->arena)};
	take_pods(status, w);
	if (!wanted(o, w, found))
		return 0;
	if (!w->old || !w->revision.n || w->revision.n >= OG_RESTART_ID_BYTES) {
		a->current++;
		return 0;
	}
	r = og_restart_wave(w->profile, OG_SV(""),
		og_jstr_or_empty(og_jgetl(status, "stack"), a->arena), OG_SV(""), OG_SV(""),
		it->wave, err);
	a->n++;
	return r;
}

static int list(struct og_audit_restart *a, const struct og_audit_restart_opts *o, bool *found,
	struct og_err *err)
{
	struct og_kube_answer answer = {0};
	struct og_kube_request r = {.verb = OG_KUBE_LIST,
		.res = {.group = OG_SV("otelgate.dev"),
			.version = OG_SV("v1alpha1"),
			.resource = OG_SV(OG_TELEMETRY_RESOURCE),
			.ns = og_svz(o->ns)},
		.max_bytes = 256 << 20};
	int rc = ask(a, &r, a->arena, &answer, err);

	if (rc < 0)
		return answer.http != 404 ? rc
					  : og_err_set(err, OG_E_NOT_FOUND,
						    "the cluster has no WorkloadTelemetry, so "
						    "nothing is known of old pods: apply "
						    "manifests/crds, and run the controller");
	struct og_jval items = og_jgetl(og_jroot(answer.doc), "items");
	a->items = og_arena_new_n(a->arena, og_jcount(items) + 1, struct og_audit_restart_item);
	if (!a->items)
		return og_err_set(err, OG_E_OOM, "listing statuses");
	og_jfor (it, items)
		if (rc == 0)
			rc = take_item(a, o, it.val, found, err);
	return rc;
}

/* ---- profiles ---- */

static void rules_of(struct og_audit_restart *a, struct og_audit_restart_item *it)
{
	og_auto_arena struct og_arena scratch = {0};
	struct og_kube_answer answer = {0};
	struct og_kube_request r = {.verb = OG_KUBE_GET,
		.res = {.group = OG_SV("otelgate.dev"),
			.version = OG_SV("v1alpha1"),
			.resource = OG_SV("telemetryprofiles"),
			.name = it->w.profile}};
	int64_t n = 0, ms = 0;

	/* The defaults of a profile, also where it may not be read. */
	it->rules = (struct og_restart_rules){
		.max_per_namespace = 1, .max_per_cluster = 5, .pause_s = 30, .grace_s = GRACE_S};
	for (struct og_audit_restart_item *before = a->items; before < it; before++)
		if (og_sv_eq(before->w.profile, it->w.profile)) {
			it->rules = before->rules;
			return;
		}
	og_arena_init(&scratch, 0, 0);
	if (!it->w.profile.n || og_kube_wait(a->kube, &r, &scratch, &answer, NULL) < 0)
		return;
	struct og_jval spec = og_jpath(og_jroot(answer.doc), "spec", "restart", NULL);
	if (og_ji64(og_jgetl(spec, "maxPerNamespace"), &n) && n > 0 && n <= 1000)
		it->rules.max_per_namespace = (uint32_t)n;
	if (og_ji64(og_jgetl(spec, "maxPerCluster"), &n) && n > 0 && n <= 10000)
		it->rules.max_per_cluster = (uint32_t)n;
	if (og_parse_duration_ms(og_jstr_or_empty(og_jgetl(spec, "pause"), &scratch), 0,
		    24 * 3600 * 1000, &ms, NULL) == 0)
		it->rules.pause_s = (ms + 999) / 1000;
}

/* ---- one workload ---- */

static enum og_rollout_state state_of(const struct og_rollout_facts *f, char why[512])
{
	static const enum og_rollout_state states[] = {[OG_STEP_DONE] = OG_ROLLOUT_COMPLETE,
		[OG_STEP_WAIT] = OG_ROLLOUT_PROGRESSING,
		[OG_STEP_FAILED] = OG_ROLLOUT_STUCK,
		[OG_STEP_NOT_KNOWN] = OG_ROLLOUT_UNKNOWN};
	struct og_rollout_status s;

	og_rollout_status_of(f, &s);
	(void)snprintf(why, 512, "%s", s.text);
	return states[s.step];
}

static void take_facts(struct og_audit_restart_item *it, const struct og_rollout_facts *f)
{
	struct og_restart_workload *w = &it->w;
	int64_t ns = 0;

	w->paused = f->paused;
	w->on_delete = f->strategy == OG_STRATEGY_ON_DELETE;
	w->partition = f->partition > 0;
	w->template_restarted_s = 0;
	if (og_parse_rfc3339(f->restarted_at, &ns, NULL) == 0 && ns > 0)
		w->template_restarted_s = ns / OG_NS_PER_S;
	w->rollout = state_of(f, it->why);
	w->why = og_svz(it->why);
}

static int look_at_object(struct og_audit_restart *a, struct og_audit_restart_item *it,
	struct og_arena *scratch, struct og_err *err)
{
	struct og_kube_answer answer = {0};
	struct og_rollout_facts f;
	int k = kind_of(&it->w);

	if (k < 0) {
		it->w.rollout = OG_ROLLOUT_COMPLETE; /* nothing restarts it; that is what is said */
		return 0;
	}
	struct og_kube_request r = {.verb = OG_KUBE_GET,
		.res = {.group = it->w.group,
			.version = og_svz(kinds[k].version),
			.resource = og_svz(kinds[k].resource),
			.ns = it->w.ns,
			.name = it->w.name}};
	int rc = ask(a, &r, scratch, &answer, err);
	if (rc < 0 && answer.http != 404)
		return rc;
	struct og_jval object = rc == 0 ? og_jroot(answer.doc) : OG_JABSENT;
	struct og_jval meta = og_jgetl(object, "metadata");
	it->gone = !og_jstr_eq(og_jgetl(meta, "uid"), it->uid);
	if (it->gone) {
		it->w.revision = OG_SV("");
		return 0;
	}
	(void)snprintf(it->version, sizeof(it->version), "%.*s",
		OG_SV_ARG(og_jstr_or_empty(og_jgetl(meta, "resourceVersion"), scratch)));
	if ((rc = og_rollout_facts_read(object, scratch, &f, err)) == 0)
		take_facts(it, &f);
	return rc;
}

int og_audit_restart_look(struct og_audit_restart *a, uint32_t i, struct og_err *err)
{
	struct og_audit_restart_item *it = &a->items[i];
	og_auto_arena struct og_arena scratch = {0};
	struct og_kube_answer answer = {0};
	struct og_kube_request r = {.verb = OG_KUBE_GET,
		.res = {.group = OG_SV("otelgate.dev"),
			.version = OG_SV("v1alpha1"),
			.resource = OG_SV(OG_TELEMETRY_RESOURCE),
			.ns = it->w.ns,
			.name = it->wt_name}};

	og_arena_init(&scratch, 0, 0);
	int rc = look_at_object(a, it, &scratch, err);
	if (rc < 0 || it->gone)
		return rc;
	rc = ask(a, &r, &scratch, &answer, err);
	if (rc == 0)
		take_pods(og_jgetl(og_jroot(answer.doc), "status"), &it->w);
	return answer.http == 404 ? 0 : rc;
}

/* ---- all of them ---- */

int og_audit_restart_open(const struct og_audit_restart_opts *o, struct og_arena *arena,
	struct og_audit_restart *ret, struct og_err *err)
{
	struct og_audit_restart *a = ret;
	struct og_kube_opts ko = {.access = o->access, .component = "otelgate-restart"};

	*a = (struct og_audit_restart){.arena = arena};
	int r = og_loop_new(NULL, &a->loop, err);
	if (r < 0) {
		og_kube_access_free(o->access);
		return r;
	}
	ko.loop = a->loop;
	if ((r = og_kube_new(&ko, &a->kube, err)) < 0)
		return r;
	bool *found = og_arena_new_n(arena, o->nnames + 1, bool);
	r = found ? list(a, o, found, err) : og_err_set(err, OG_E_OOM, "listing statuses");
	for (size_t i = 0; i < o->nnames && r == 0; i++)
		if (!found[i])
			r = og_err_set(err, OG_E_NOT_FOUND,
				"no opted-in workload is called \"%.200s\" there", o->names[i]);
	for (uint32_t i = 0; i < a->n && r == 0; i++) {
		rules_of(a, &a->items[i]);
		r = og_audit_restart_look(a, i, err);
	}
	return r;
}

void og_audit_restart_close(struct og_audit_restart *a)
{
	og_kube_free(a->kube);
	og_loop_free(a->loop);
}

int og_audit_restart_plan(struct og_audit_restart *a, int64_t now_s, struct og_arena *scratch,
	struct og_restart_workload *v, struct og_restart_result *ret, struct og_err *err)
{
	struct og_restart_input in = {.v = v, .n = a->n, .leads = true, .now_s = now_s};

	for (uint32_t i = 0; i < a->n; i++) {
		v[i] = a->items[i].w;
		v[i].rules = &a->items[i].rules;
		v[i].wave = a->items[i].wave;
		v[i].why = og_svz(a->items[i].why);
	}
	int r = og_restart_plan(&in, scratch, ret, err);
	/* What is told NOW becomes a record when it is done. */
	for (uint32_t i = 0; i < a->n && r == 0; i++)
		if (ret[i].what != OG_RESTART_NOW && ret[i].what != OG_RESTART_TELL)
			a->items[i].w.record = ret[i].next;
	return r;
}

int og_audit_restart_do(struct og_audit_restart *a, uint32_t i,
	const struct og_restart_record *record, struct og_err *err)
{
	struct og_audit_restart_item *it = &a->items[i];
	og_auto_arena struct og_arena scratch = {0};
	og_auto_buf struct og_buf body = OG_BUF_INIT(4096);
	struct og_kube_answer answer = {0};
	char at[OG_RFC3339_BYTES];
	int k = kind_of(&it->w);

	if (k < 0)
		return og_err_set(
			err, OG_E_UNSUPPORTED, "nothing restarts a %.*s", OG_SV_ARG(it->w.kind));
	og_arena_init(&scratch, 0, 0);
	og_fmt_rfc3339(at, record->requested_s * OG_NS_PER_S);
	og_buf_fmt(&body, "{\"metadata\":{\"uid\":\"%.*s\",\"resourceVersion\":\"%s\"},\"spec\":",
		OG_SV_ARG(it->uid), it->version);
	og_buf_fmt(&body,
		kinds[k].argo ? "{\"restartAt\":\"%s\"}}"
			      : "{\"template\":{\"metadata\":{\"annotations\":{"
				"\"kubectl.kubernetes.io/restartedAt\":\"%s\"}}}}}",
		at);
	struct og_kube_request r = {.verb = OG_KUBE_PATCH,
		.patch = OG_KUBE_MERGE_PATCH,
		.res = {.group = it->w.group,
			.version = og_svz(kinds[k].version),
			.resource = og_svz(kinds[k].resource),
			.ns = it->w.ns,
			.name = it->w.name},
		.body = og_buf_view(&body)};
	int rc = ask(a, &r, &scratch, &answer, err);
	if (rc == 0)
		it->w.record = *record;
	return rc;
}
