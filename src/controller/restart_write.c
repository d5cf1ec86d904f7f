/* SPDX-License-Identifier: Apache-2.0 */
/* The two writes of a restart, each by the state that it was decided on. */
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "restarts-priv.h"

enum {
	BODY_BYTES = 16 << 10,
	CONFLICT_MS = 500,     /* until the watch has told what is new */
	FORBIDDEN_MS = 600000, /* rights come back by a person's hand */
};

static const struct {
	const char *kind, *resource, *version;
	bool argo;
} kinds[] = {
	{"Deployment", "deployments", "v1", false},
	{"StatefulSet", "statefulsets", "v1", false},
	{"DaemonSet", "daemonsets", "v1", false},
	{"Rollout", "rollouts", "v1alpha1", true},
};

/* ---- Events ---- */

static void tell(struct controller *c, const struct restart_job *j)
{
	const struct workload *w = controller_workload(c, j->key);
	bool warning = strcmp(j->reason, "RestartHalted") == 0 ||
		       strcmp(j->reason, "RestartStoodDown") == 0 ||
		       strcmp(j->reason, "RestartForbidden") == 0;

	if (w && og_sv_eq(w->uid, j->uid))
		controller_event(
			c, w, warning, j->reason, "Restarting", "%.*s", OG_SV_ARG(j->message));
}

/* ---- the template ---- */

static void change_body(const struct restart_job *j, bool argo, struct og_buf *out)
{
	char at[OG_RFC3339_BYTES];

	og_fmt_rfc3339(at, j->record.requested_s * OG_NS_PER_S);
	if (argo)
		og_buf_fmt(out, "{\"spec\":{\"restartAt\":\"%s\"}}", at);
	else
		og_buf_fmt(out,
			"{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{"
			"\"kubectl.kubernetes.io/restartedAt\":\"%s\"}}}}}",
			at);
}

static bool place_key(struct og_sv ns, struct og_sv kind, char buf[512], struct og_sv *ret)
{
	const struct og_sv parts[] = {ns, kind};

	return og_sv_key(buf, 512, parts, OG_COUNT(parts), '/', ret);
}

static int64_t now_s(struct controller *c)
{
	return og_loop_now_ns(c->loop) / OG_NS_PER_S;
}

bool restart_forbidden(struct controller *c, struct og_sv ns, struct og_sv kind)
{
	char buf[512];
	struct og_sv key;

	if (!place_key(ns, kind, buf, &key))
		return false;
	return (int64_t)(intptr_t)og_map_get(&c->restarts->forbidden, key) > now_s(c);
}

/* Rights are given for a kind, in a namespace or everywhere: others there are not tried. */
static void forbid(struct controller *c, const struct restart_job *j)
{
	char buf[512];
	struct og_sv key;

	if (place_key(j->ns, j->object_kind, buf, &key))
		(void)og_map_set(&c->restarts->forbidden, key,
			(void *)(intptr_t)(now_s(c) + FORBIDDEN_MS / 1000));
	og_log_limited(OG_SV("restart-forbidden"), 60000, OG_LOG_WARN, "controller",
		"restarts are managed, and the right for them is missing",
		og_lf_sv("workload", j->key),
		og_lf_str("fix", "kubectl apply -k manifests/restarts"));
}

static void changed(void *ctx, const struct og_kube_answer *a)
{
	struct controller *c = ctx;
	struct restart_job *j = &c->restarts->jobs[c->restarts->at];
	const char *result = a->code == 0     ? "requested"
			     : a->http == 409 ? "conflict"
			     : a->http == 403 ? "forbidden"
					      : "failed";

	c->restarts->call = NULL;
	controller_wrote(c, PART_RESTART, a);
	og_metric_add(c->restarts->m, OG_RSM_RESTARTS, 1, OG_LABELS(result));
	if (a->code == 0) {
		og_log(OG_LOG_INFO, "controller", "restarted", og_lf_sv("workload", j->key),
			og_lf_str("revision", j->record.revision));
		struct restart_entry *e = restart_entry_of(c, j->key);
		if (e) {
			e->changed_s = j->record.requested_s;
			e->changed_ns = og_loop_now_ns(c->loop);
		}
		tell(c, j);
		restarts_next(c);
		return;
	}
	if (a->http != 409 && a->http != 404)
		og_log_limited(OG_SV("restart"), 60000, OG_LOG_WARN, "controller", "restart",
			og_lf_sv("workload", j->key), og_lf_err(&a->err));
	if (a->http == 403) {
		forbid(c, j);
		restarts_stop(c, OG_QUEUE_OK, 0);
	} else if (a->http == 404 || a->http == 422) {
		restarts_next(c); /* gone, or another of its name: the watch will tell */
	} else if (a->http == 409) {
		restarts_stop(c, OG_QUEUE_OK, CONFLICT_MS);
	} else {
		restarts_stop(c, OG_QUEUE_FAILED, -1);
	}
}

static void change(struct controller *c, struct restart_job *j)
{
	og_auto_buf struct og_buf body = OG_BUF_INIT(BODY_BYTES);
	struct og_err err = OG_ERR_INIT;
	size_t k = 0;

	while (k < OG_COUNT(kinds) && !og_sv_eq(j->object_kind, og_svz(kinds[k].kind)))
		k++;
	if (k == OG_COUNT(kinds)) { /* no such kind is planned */
		restarts_next(c);
		return;
	}
	j->changing = true;
	change_body(j, kinds[k].argo, &body);
	struct og_kube_write w = {.res = {.group = j->group,
					  .version = og_svz(kinds[k].version),
					  .resource = og_svz(kinds[k].resource),
					  .ns = j->ns,
					  .name = j->name},
		.body = og_buf_view(&body),
		.pre = {.uid = j->uid, .resource_version = j->resource_version},
		.lease = c->lease,
		.ctx = c,
		.on_done = changed};
	if (!body.failed && og_kube_merge(c->kube, &w, &c->restarts->call, &err) == 0)
		return;
	controller_wrote(c, PART_RESTART, NULL);
	og_log_limited(OG_SV("restart-send"), 60000, OG_LOG_WARN, "controller", "restart",
		og_lf_sv("workload", j->key), og_lf_err(&err));
	restarts_stop(c, OG_QUEUE_FAILED, -1);
}

/* ---- the record ---- */

static void note_body(const struct restart_job *j, struct og_buf *out)
{
	og_buf_lit(out, "{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"" OG_TELEMETRY_KIND
			"\",\"metadata\":{\"name\":");
	og_jw_str(out, j->wt_name);
	og_buf_lit(out, ",\"namespace\":");
	og_jw_str(out, j->ns);
	og_buf_lit(out, "},\"status\":{");
	if (!*j->reason && j->record.state == OG_RSTATE_NONE) { /* it is removed */
		og_buf_lit(out, "}}");
		return;
	}
	og_buf_lit(out, "\"restart\":{");
	struct og_buf record = OG_BUF_INIT(BODY_BYTES);
	og_restart_record_json(&j->record, &record);
	struct og_sv members = og_buf_view(&record);
	bool some = members.n > 2;
	if (some)
		og_buf_sv(out, og_sv(members.p + 1, members.n - 2));
	out->failed |= record.failed;
	og_buf_fini(&record);
	if (*j->reason) {
		og_buf_str(out, some ? ",\"reason\":" : "\"reason\":");
		og_jw_str(out, og_svz(j->reason));
		og_buf_lit(out, ",\"message\":");
		og_jw_str(out, j->message);
	}
	og_buf_lit(out, "}}}");
}

static void remember(struct controller *c, struct restart_job *j, const struct og_kube_answer *a)
{
	struct restart_entry *e = restart_entry_of(c, j->key);
	struct og_kube_pre now = {0};

	if (!e)
		return;
	e->record = j->record;
	e->noted_ns = og_loop_now_ns(c->loop);
	size_t n = strlen(j->reason);
	n = n < sizeof(e->reason) ? n : sizeof(e->reason) - 1;
	memcpy(e->reason, j->reason, n);
	e->reason[n] = '\0';
	/* What cannot be remembered shows as a conflict: the next write has its precondition. */
	if (og_kube_written(a, &now))
		(void)og_ownwrites_note(c->restarts->own, j->key, &now, NULL);
}

static void noted(void *ctx, const struct og_kube_answer *a)
{
	struct controller *c = ctx;
	struct restart_job *j = &c->restarts->jobs[c->restarts->at];
	int64_t wait_ms = 0;

	c->restarts->call = NULL;
	controller_wrote(c, PART_RESTART, a);
	if (a->code == 0) {
		remember(c, j, a);
		if (j->counts)
			og_metric_add(c->restarts->m, OG_RSM_RESTARTS, 1, OG_LABELS(j->counts));
		if (j->kind == RESTART_NOTE) {
			if (j->tell)
				tell(c, j);
			restarts_next(c);
		} else if (controller_write_token(c, PART_RESTART, &wait_ms)) {
			change(c, j);
		} else {
			restarts_stop(c, OG_QUEUE_OK, wait_ms); /* it is continued by the intent */
		}
		return;
	}
	if (a->http != 409 && a->http != 404)
		og_log_limited(OG_SV("restart-note"), 60000, OG_LOG_WARN, "controller", "restart",
			og_lf_sv("workload", j->key), og_lf_err(&a->err));
	if (a->http == 404 || a->http == 422)
		restarts_next(c);
	else if (a->http == 409)
		restarts_stop(c, OG_QUEUE_OK, CONFLICT_MS);
	else if (a->http == 403)
		restarts_stop(c, OG_QUEUE_OK, FORBIDDEN_MS);
	else
		restarts_stop(c, OG_QUEUE_FAILED, -1);
}

void restart_do(struct controller *c, struct restart_job *j)
{
	og_auto_buf struct og_buf body = OG_BUF_INIT(BODY_BYTES);
	struct og_err err = OG_ERR_INIT;
	struct og_kube_write w = {.res = {.group = OG_SV("otelgate.dev"),
					  .version = OG_SV("v1alpha1"),
					  .resource = OG_SV(OG_TELEMETRY_RESOURCE),
					  .ns = j->ns,
					  .name = j->wt_name},
		.pre = {.uid = j->wt_uid, .resource_version = j->wt_version},
		.field_manager = RESTART_FIELD_MANAGER,
		.force = true,
		.lease = c->lease,
		.ctx = c,
		.on_done = noted};

	if (j->kind == RESTART_CHANGE) {
		change(c, j);
		return;
	}
	note_body(j, &body);
	w.body = og_buf_view(&body);
	if (!body.failed && og_kube_apply_status(c->kube, &w, &c->restarts->call, &err) == 0)
		return;
	controller_wrote(c, PART_RESTART, NULL);
	og_log_limited(OG_SV("restart-send"), 60000, OG_LOG_WARN, "controller", "restart",
		og_lf_sv("workload", j->key), og_lf_err(&err));
	restarts_stop(c, OG_QUEUE_FAILED, -1);
}
