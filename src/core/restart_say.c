/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts in words. */
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "restart-priv.h"

static const char *const dos[OG_RESTART_DO_COUNT_] = {
	[OG_RESTART_NOTHING] = "nothing",
	[OG_RESTART_TELL] = "suggested",
	[OG_RESTART_NOW] = "now",
	[OG_RESTART_WAIT] = "waiting",
	[OG_RESTART_HALTED] = "halted",
	[OG_RESTART_DONE] = "done",
	[OG_RESTART_STAND_DOWN] = "stood-down",
};

static const struct {
	const char *name, *reason;
} waits[OG_RWAIT_COUNT_] = {
	[OG_RWAIT_NOTHING] = {"", ""},
	[OG_RWAIT_OWN] = {"restarting", "Restarting"},
	[OG_RWAIT_CANARY] = {"canary", "WaitingForCanary"},
	[OG_RWAIT_NAMESPACE] = {"budget-namespace", "WaitingForBudget"},
	[OG_RWAIT_CLUSTER] = {"budget-cluster", "WaitingForBudget"},
	[OG_RWAIT_PAUSE] = {"pause", "WaitingForBudget"},
	[OG_RWAIT_WINDOW] = {"window", "WaitingForWindow"},
	[OG_RWAIT_PAUSED] = {"paused", "WorkloadPaused"},
	[OG_RWAIT_ROLLOUT] = {"rollout", "WaitingForRollout"},
	[OG_RWAIT_LEADER] = {"leader", "WaitingForLeader"},
	[OG_RWAIT_UNKNOWN] = {"unknown", "StateUnknown"},
};

const char *og_restart_do_name(enum og_restart_do d)
{
	return (unsigned)d < OG_RESTART_DO_COUNT_ ? dos[d] : "unknown";
}

const char *og_restart_wait_name(enum og_restart_wait w)
{
	return (unsigned)w < OG_RWAIT_COUNT_ ? waits[w].name : "unknown";
}

const char *og_restart_reason(const struct og_restart_result *r)
{
	switch (r->what) {
	case OG_RESTART_TELL:
		return r->tell == OG_RTELL_TWICE       ? "RestartedAlready"
		       : r->tell == OG_RTELL_FORBIDDEN ? "RestartForbidden"
						       : "RestartSuggested";
	case OG_RESTART_NOW:
		return "RestartRequested";
	case OG_RESTART_WAIT:
		return (unsigned)r->wait < OG_RWAIT_COUNT_ ? waits[r->wait].reason : "";
	case OG_RESTART_HALTED:
		return "RestartHalted";
	case OG_RESTART_DONE:
		return "Restarted";
	case OG_RESTART_STAND_DOWN:
		return "RestartStoodDown";
	default:
		return "";
	}
}

static bool is_argo(struct og_sv group, struct og_sv kind)
{
	return og_sv_is(group, "argoproj.io") && og_sv_is(kind, "Rollout");
}

bool og_restart_kind(struct og_sv group, struct og_sv kind)
{
	return is_argo(group, kind) ||
	       (og_sv_is(group, "apps") &&
		       (og_sv_is(kind, "Deployment") || og_sv_is(kind, "StatefulSet") ||
			       og_sv_is(kind, "DaemonSet")));
}

/* "deployment/web", as kubectl takes it. */
static void short_name(const struct og_restart_workload *w, struct og_buf *out)
{
	for (size_t i = 0; i < w->kind.n; i++) {
		char c = w->kind.p[i];
		og_buf_ch(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
	if (w->group.n && !og_sv_is(w->group, "apps") && !og_sv_is(w->group, "batch"))
		og_buf_fmt(out, ".%.*s", OG_SV_ARG(w->group));
	og_buf_fmt(out, "/%.*s", OG_SV_ARG(w->name));
}

void og_restart_object(const struct og_restart_workload *w, struct og_buf *out)
{
	og_buf_fmt(out, "%.*s/", OG_SV_ARG(w->ns));
	short_name(w, out);
}

/* What to do where nothing restarts it. */
static void by_hand(const struct og_restart_workload *w, struct og_buf *out)
{
	if (og_sv_is(w->kind, "CronJob"))
		og_buf_lit(out, "nothing: its next run carries it");
	else if (og_sv_is(w->kind, "Job"))
		og_buf_lit(out, "run it again: pods of a Job cannot be replaced one by one");
	else if (og_sv_is(w->kind, "Pod"))
		og_buf_fmt(out,
			"delete and create it again: kubectl -n %.*s replace --force -f FILE",
			OG_SV_ARG(w->ns));
	else
		og_buf_fmt(out,
			"delete its old pods, each when the one before is ready: "
			"kubectl -n %.*s delete pod NAME",
			OG_SV_ARG(w->ns));
}

void og_restart_command(const struct og_restart_workload *w, struct og_buf *out)
{
	if (w->on_delete || !og_restart_kind(w->group, w->kind)) {
		by_hand(w, out);
		return;
	}
	if (is_argo(w->group, w->kind)) {
		og_buf_fmt(out, "kubectl argo rollouts -n %.*s restart %.*s", OG_SV_ARG(w->ns),
			OG_SV_ARG(w->name));
		return;
	}
	og_buf_fmt(out, "kubectl -n %.*s rollout restart ", OG_SV_ARG(w->ns));
	short_name(w, out);
}

static void time_text(struct og_buf *out, int64_t s)
{
	char text[OG_RFC3339_BYTES];

	og_fmt_rfc3339(text, s * OG_NS_PER_S);
	og_buf_str(out, text);
}

static void old_pods(const struct og_restart_workload *w, struct og_buf *out)
{
	og_buf_fmt(out, "%u of %u pods %s older than the configuration", w->old, w->pods,
		w->old == 1 ? "is" : "are");
}

/* " : the sentence", its full stop kept. */
static void because(struct og_buf *out, struct og_sv why)
{
	if (why.n)
		og_buf_fmt(out, ": %.*s", OG_SV_ARG(why));
	if (!why.n || !og_sv_ends(why, OG_SV(".")))
		og_buf_ch(out, '.');
}

static void say_tell(
	const struct og_restart_workload *w, const struct og_restart_result *r, struct og_buf *out)
{
	static const char *const lead[] = {
		[OG_RTELL_MODE] = ". To restart it: ",
		[OG_RTELL_KIND] = ", and nothing restarts this kind: ",
		[OG_RTELL_ON_DELETE] = ", and its update strategy is OnDelete: ",
		[OG_RTELL_PARTITION] = ", and its partition holds pods back: set it to 0, then ",
		[OG_RTELL_FORBIDDEN] = (". The controller may not restart it: apply the component "
					"otelgate-controller-restarts, or "),
		[OG_RTELL_TWICE] = " again, although it was restarted for it at ",
	};

	old_pods(w, out);
	og_buf_str(out, lead[r->tell]);
	if (r->tell == OG_RTELL_TWICE) {
		time_text(out, w->record.requested_s);
		og_buf_lit(out, "; it is not restarted twice. See why: otelgate missed; then ");
	}
	og_restart_command(w, out);
}

static void say_blocker(
	const struct og_restart_input *in, const struct og_restart_result *r, struct og_buf *out)
{
	if (r->blocker < in->n)
		og_restart_object(&in->v[r->blocker], out);
	else
		og_buf_lit(out, "another workload");
}

static void say_wait(const struct og_restart_input *in, const struct og_restart_workload *w,
	const struct og_restart_result *r, struct og_buf *out)
{
	switch (r->wait) {
	case OG_RWAIT_OWN:
		og_buf_lit(out, "Restarted at ");
		time_text(out, w->record.requested_s);
		og_buf_fmt(out, "; %u of %u pods are new", w->current, w->pods);
		because(out, w->why);
		return;
	case OG_RWAIT_ROLLOUT:
		og_buf_fmt(out, "Not restarted while %s",
			w->rollout == OG_ROLLOUT_STUCK ? "its rollout is stuck"
						       : "a rollout is under way");
		because(out, w->why);
		return;
	case OG_RWAIT_PAUSED:
		og_buf_lit(out, "Not restarted while it is paused: kubectl -n ");
		og_buf_fmt(out, "%.*s rollout resume ", OG_SV_ARG(w->ns));
		short_name(w, out);
		return;
	case OG_RWAIT_LEADER:
		og_buf_lit(out, "The leading replica restarts it.");
		return;
	case OG_RWAIT_UNKNOWN:
		og_buf_lit(out, "Not restarted before its state is known.");
		return;
	default:
		break;
	}
	old_pods(w, out);
	og_buf_lit(out, "; it is restarted ");
	if (r->wait == OG_RWAIT_CANARY) {
		og_buf_lit(out, "after ");
		say_blocker(in, r, out);
		og_buf_lit(out, ", which goes first, has come up and stayed ready.");
	} else if (r->wait == OG_RWAIT_NAMESPACE || r->wait == OG_RWAIT_CLUSTER) {
		og_buf_lit(out, "after ");
		say_blocker(in, r, out);
		og_buf_str(out, r->wait == OG_RWAIT_NAMESPACE
					? ": the budget of the namespace is used up."
					: ": the budget of the cluster is used up.");
	} else if (!r->again_s) {
		og_buf_lit(out, "when a window opens; no window of the profile ever does.");
	} else {
		og_buf_lit(out, "at ");
		time_text(out, r->again_s);
		og_buf_str(out, r->wait == OG_RWAIT_WINDOW ? ", when the next window opens."
							   : ", after the pause.");
	}
}

static void say_halted(const struct og_restart_input *in, uint32_t i,
	const struct og_restart_result *r, struct og_buf *out)
{
	const struct og_restart_workload *w = &in->v[i];
	bool self = r->blocker == i;
	const struct og_restart_workload *b = r->blocker < in->n ? &in->v[r->blocker] : w;

	if (!self) {
		og_buf_lit(out, "Not restarted: ");
		say_blocker(in, r, out);
		og_buf_fmt(out, " was restarted for the same configuration and %s",
			b->crashes ? "crashes" : "is stuck");
		because(out, b->crashes ? b->crash : b->why);
		return;
	}
	og_buf_lit(out, "Restarted at ");
	time_text(out, w->record.requested_s);
	if (r->missed) {
		og_buf_fmt(out,
			", and %u of %u pods came up without what they should carry. See why: "
			"otelgate missed.",
			w->old, w->pods);
	} else {
		og_buf_lit(out, " and stuck");
		because(out, w->why);
	}
	og_buf_fmt(out, " No other workload of profile %.*s is restarted before it is ready.",
		OG_SV_ARG(w->profile));
}

static void say_stand_down(const struct og_restart_workload *w, struct og_buf *out)
{
	og_buf_lit(out, "Pods crash since they are injected; not restarted again");
	because(out, w->crash);
	og_buf_lit(out, " To back out: ");
	if (w->back_out.n)
		og_buf_sv(out, w->back_out);
	else
		og_buf_lit(out, "otelgate.dev/language: other, or otelgate.dev/inject: \"false\" "
				"on the pod template.");
}

void og_restart_say(const struct og_restart_input *in, uint32_t i,
	const struct og_restart_result *r, struct og_buf *out)
{
	const struct og_restart_workload *w = &in->v[i];

	switch (r->what) {
	case OG_RESTART_TELL:
		say_tell(w, r, out);
		break;
	case OG_RESTART_NOW:
		old_pods(w, out);
		og_buf_str(out, r->canary ? "; it is restarted now, as the first one."
					  : "; it is restarted now.");
		break;
	case OG_RESTART_WAIT:
		say_wait(in, w, r, out);
		break;
	case OG_RESTART_HALTED:
		say_halted(in, i, r, out);
		break;
	case OG_RESTART_DONE:
		og_buf_lit(out, "Restarted at ");
		time_text(out, r->next.requested_s);
		og_buf_lit(out, "; every pod carries the configuration.");
		break;
	case OG_RESTART_STAND_DOWN:
		say_stand_down(w, out);
		break;
	default:
		break;
	}
}
