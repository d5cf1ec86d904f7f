/* SPDX-License-Identifier: Apache-2.0 */
/* What a probe says of each signal: a condition of the stack, what a verdict may rely on, and the
 * reason for what is missing. */
#include <math.h>
#include "cred-priv.h"
#include "verify-priv.h"
#include "otelgate/codec/url.h"
#include "otelgate/grafana/probe.h"
#include "otelgate/kube/kubeconfig.h"

enum {
	MESSAGE_BYTES = 4096,
	BRIEF_BYTES = 1024,
	PASSING_TIMES = 3, /* what passes by itself counts when it was so in as many probes */
};

static const char *const types[OG_SIGNAL_COUNT_] = {[OG_SIGNAL_METRICS] = "MetricsWritable",
	[OG_SIGNAL_TRACES] = "TracesWritable",
	[OG_SIGNAL_LOGS] = "LogsWritable",
	[OG_SIGNAL_PROFILES] = "ProfilesWritable"};

void verify_written_fini(struct verify_part_stack *s)
{
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		og_free(og_take(s->written[i].message));
		og_free(og_take(s->written[i].brief));
	}
}

/* ---- from one signal's result ---- */

/* Names that only a cluster's own name server knows. */
static bool is_cluster_name(struct og_sv url)
{
	struct og_url u;

	if (og_url_parse(url, &u, NULL) < 0 || u.host_kind != OG_URL_NAME)
		return false;
	size_t dot = og_sv_chr(u.host, '.');
	bool two = dot < u.host.n && og_sv_chr(og_sv(u.host.p + dot + 1, u.host.n - dot - 1),
					     '.') == u.host.n - dot - 1;
	return dot == u.host.n || two || og_sv_ends(u.host, OG_SV(".svc")) ||
	       og_sv_has(u.host, OG_SV(".svc.")) || og_sv_ends(u.host, OG_SV(".cluster.local"));
}

static bool passes(const struct og_send_verdict *v)
{
	return v->link == OG_LINK_LIMIT || v->link == OG_LINK_RECEIVER ||
	       v->class == OG_SEND_CONNECT_TIMEOUT || v->class == OG_SEND_NO_DNS;
}

/* Taken, and not to be seen where it should be, by an answer that says so. */
static bool vanished(const struct og_probe_row *r)
{
	return r->write.ok && r->read_over && r->read.class == OG_READ_NOT_VISIBLE &&
	       og_gf_state_is_answer(r->read_state);
}

/*
 * What the backend's own gateway has taken and nobody sees is hidden, as far as anybody can tell; a
 * collector may as well have lost it, and that makes no absence less believable.
 */
static enum og_arrival_sight sight_of(const struct og_probe_row *r, bool gateway)
{
	const struct og_send_verdict *w = &r->write;

	if (r->written && !w->ok)
		return w->link == OG_LINK_CREDENTIAL || w->link == OG_LINK_PERMISSION
			       ? OG_SIGHT_REFUSED
			       : OG_SIGHT_UNKNOWN;
	if (!r->written || !r->read_wanted || !r->read_over)
		return OG_SIGHT_UNKNOWN;
	if (r->read.ok)
		return OG_SIGHT_SEES;
	return vanished(r) && gateway ? OG_SIGHT_BLIND : OG_SIGHT_UNKNOWN;
}

static void say(struct verify_written *w, const char *status, const char *reason)
{
	w->status = status;
	w->reason = reason;
	w->arrives = false;
	og_free(og_take(w->message));
	og_free(og_take(w->brief));
}

static void set_text(char **at, struct og_buf *b)
{
	og_free(*at);
	*at = og_buf_take(b);
}

static void say_text(
	struct verify_written *w, const char *status, const char *reason, const char *text)
{
	struct og_buf b = OG_BUF_INIT(MESSAGE_BYTES);

	say(w, status, reason);
	og_buf_fmt(&b, "%s", text);
	set_text(&w->message, &b);
}

static void say_broken(struct verify_written *w, const struct og_send_verdict *v)
{
	struct og_buf b = OG_BUF_INIT(MESSAGE_BYTES), brief = OG_BUF_INIT(BRIEF_BYTES);
	const char *link = og_send_link_name(v->link);

	say(w, "False", og_send_class_name(v->class));
	og_buf_fmt(&b, "a probe is not taken; first broken link: %s%s%s%s: %.*s", link,
		v->finding ? " (" : "", v->finding ? v->finding : "", v->finding ? ")" : "",
		OG_SV_ARG(v->message));
	if (v->fix.n)
		og_buf_fmt(&b, ". Fix: %.*s", OG_SV_ARG(v->fix));
	set_text(&w->message, &b);
	if (v->http)
		og_buf_fmt(&brief, "%d ", v->http);
	og_buf_fmt(&brief, "%s at link %s", w->reason, link);
	if (v->finding)
		og_buf_fmt(&brief, " (%s)", v->finding);
	set_text(&w->brief, &brief);
}

/* In steps, so that a status is not written for each second that it takes. */
static const char *within(int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *text;
	} steps[] = {{0, ""}, {2000, " within 2 s"}, {5000, " within 5 s"}, {10000, " within 10 s"},
		{30000, " within 30 s"}, {60000, " within a minute"},
		{120000, " within two minutes"}};

	for (size_t i = 0; i < OG_COUNT(steps); i++)
		if (ms < steps[i].ms)
			return steps[i].text;
	return "";
}

static void say_accepted(struct verify_written *w, const struct og_probe_row *r)
{
	const struct og_send_verdict *v = og_probe_verdict(r);
	struct og_buf b = OG_BUF_INIT(MESSAGE_BYTES);

	say(w, "True", og_send_class_name(v ? v->class : OG_SEND_ACCEPTED));
	w->arrives = v && (v->class == OG_READ_VISIBLE || v->class == OG_READ_CHANGED);
	if (v && v->class == OG_READ_VISIBLE)
		og_buf_fmt(&b, "a probe is accepted and read back%s", within(r->visible_ms));
	else if (v && v->message.n && v->class != OG_SEND_ACCEPTED && v->class != OG_READ_UNASKED)
		og_buf_fmt(&b, "a probe is accepted; %.*s", OG_SV_ARG(v->message));
	else
		og_buf_lit(&b, "a probe is accepted");
	set_text(&w->message, &b);
}

/* Taken, and seen nowhere: for the workloads' messages, and of the stack when it is so each time.
 */
static void say_vanished(struct verify_part_stack *s, const struct og_probe_row *r, bool gateway,
	struct verify_written *w)
{
	struct og_buf brief = OG_BUF_INIT(BRIEF_BYTES);

	say_accepted(w, r);
	if (s->probe_failures + 1 >= PASSING_TIMES)
		w->status = gateway ? "Unknown" : "False";
	og_buf_fmt(&brief, "the receiver has taken a record that the backend does not show (%s)",
		r->read.finding ? r->read.finding : w->reason);
	set_text(&w->brief, &brief);
}

/* Returns whether it is broken. */
static bool take(struct verify_part_stack *s, const struct og_probe_row *r, bool gateway,
	struct verify_written *w)
{
	const struct og_send_verdict *v = &r->write;
	bool outside = !s->p->c->o->access || !s->p->c->o->access->in_cluster;

	w->sight = sight_of(r, gateway);
	if (!r->written || v->class == OG_SEND_LOCAL) {
		say_text(w, "Unknown", "NotProbed", "the probe could not be made, or did not end");
		return true;
	}
	if (v->class == OG_SEND_GRPC_UNTRIED) {
		say_text(w, "Unknown", og_send_class_name(v->class),
			"over gRPC nothing is sent: name, connection, TLS and HTTP/2 are well");
		return false;
	}
	if (vanished(r)) {
		say_vanished(s, r, gateway, w);
		return true;
	}
	if (v->ok) {
		say_accepted(w, r);
		return false;
	}
	if (v->link == OG_LINK_DNS && outside && is_cluster_name(r->url)) {
		say_text(w, "Unknown", og_send_class_name(v->class),
			"the name is one of the cluster's, and the controller runs outside: it is not probed");
		return false;
	}
	if (passes(v) && s->probe_failures + 1 < PASSING_TIMES && w->status &&
		!strcmp(w->status, "True"))
		return true;
	say_broken(w, v);
	return true;
}

/* ---- what is told ---- */

static void find_uid(const struct verify_part *p, struct cred_stack *s)
{
	struct og_store *store =
		og_cluster_store(p->c->cluster, OG_SV("otelgate.dev"), OG_SV("GrafanaStack"));
	struct og_record r;

	if (!store || !og_store_get(store, OG_SV(""), og_svz(s->name), &r) ||
		r.uid.n >= sizeof(s->uid))
		return;
	memcpy(s->uid, r.uid.p, r.uid.n);
	s->uid[r.uid.n] = '\0';
}

/* An Event on the stack when writing has turned. */
static void tell(struct verify_part_stack *s, int signal, const char *before)
{
	const struct verify_written *w = &s->written[signal];
	const char *name = og_signal_name((enum og_signal)signal);
	bool broken = !strcmp(w->status, "False");
	bool was_broken = before && !strcmp(before, "False");
	struct cred_stack on = {.name = s->name};
	og_auto_buf struct og_buf note = OG_BUF_INIT(MESSAGE_BYTES);

	if (broken == was_broken || (!broken && strcmp(w->status, "True") != 0))
		return;
	og_buf_fmt(&note, "%s: %s", name, w->message ? w->message : "");
	og_log(broken ? OG_LOG_WARN : OG_LOG_INFO, "verify", "probe", og_lf_str("stack", s->name),
		og_lf_str("signal", name), og_lf_str("status", w->status),
		og_lf_str("reason", w->reason));
	if (!s->p->c->credentials || note.failed)
		return;
	find_uid(s->p, &on);
	cred_event(s->p->c->credentials, &on, broken, broken ? "ProbeFailed" : "ProbeSucceeded",
		"Probing", og_buf_view(&note));
}

/* NULL = it is nothing of them any more. */
static void count(const struct verify_part_stack *s, int signal, const char *status)
{
	static const struct {
		const char *status, *result;
	} rows[] = {{"True", "accepted"}, {"False", "broken"}, {"Unknown", "unknown"}};

	for (size_t i = 0; i < OG_COUNT(rows); i++)
		og_metric_set(s->p->c->m, OG_CM_PROBE_SIGNALS,
			status && !strcmp(status, rows[i].status),
			OG_LABELS(s->name, og_signal_name((enum og_signal)signal), rows[i].result));
}

static void measure(const struct verify_part_stack *s, int signal, const struct og_probe_row *r)
{
	const struct {
		size_t metric;
		int64_t ms;
	} rows[] = {{OG_CM_PROBE_WRITE, r && r->written && r->write.ok ? r->write_ms : -1},
		{OG_CM_PROBE_VISIBLE, r && r->read_over && r->read.ok ? r->visible_ms : -1}};

	for (size_t i = 0; i < OG_COUNT(rows); i++)
		og_metric_set(s->p->c->m, rows[i].metric,
			rows[i].ms < 0 ? (double)NAN : (double)rows[i].ms / 1000,
			OG_LABELS(s->name, og_signal_name((enum og_signal)signal)));
}

void verify_written_uncount(const struct verify_part_stack *s)
{
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		if (!s->written[i].status)
			continue;
		count(s, i, NULL);
		measure(s, i, NULL);
	}
}

bool verify_written_take(struct verify_part_stack *s, const struct og_probe_result *r,
	const struct verify_unprobed why[OG_SIGNAL_COUNT_])
{
	const struct og_stack *spec = verify_stack_spec(s->p, og_svz(s->name));
	bool gateway = spec && spec->receiver.type == OG_RECEIVER_GATEWAY, broken = false;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		struct verify_written *w = &s->written[i];
		const char *before = w->status;
		if (why[i].reason || !r) {
			w->sight = OG_SIGHT_UNKNOWN;
			say_text(w, "Unknown", why[i].reason ? why[i].reason : "NotProbed",
				why[i].reason ? why[i].message : "it has not been probed");
		} else {
			broken |= take(s, &r->signal[i], gateway, w);
		}
		tell(s, i, before);
		count(s, i, w->status);
		measure(s, i, why[i].reason || !r ? NULL : &r->signal[i]);
	}
	return broken;
}

void verify_written_condition(const struct verify_part_stack *s, enum og_signal signal,
	struct og_arena *arena, struct verify_condition *ret)
{
	const struct verify_written *w = &s->written[signal];

	*ret = (struct verify_condition){.type = types[signal],
		.status = w->status ? w->status : "Unknown",
		.reason = w->status ? w->reason : "NotProbedYet",
		.message = og_arena_sv(
			arena, og_svz(w->status ? w->message : "it has not been probed yet")),
		.may_be_unknown = true,
		.not_yet = !w->status};
}

void verify_written_explain(
	const struct verify_part_stack *s, struct og_arrival_verdict *v, struct og_arena *arena)
{
	const struct verify_written *w = &s->written[v->signal];
	struct og_sv message = v->message;
	const char *text;

	if ((v->state != OG_AR_NEVER && v->state != OG_AR_STALE) || (!w->brief && !w->arrives))
		return;
	while (message.n && (message.p[message.n - 1] == '.' || message.p[message.n - 1] == ' '))
		message.n--;
	if (w->brief)
		text = og_arena_fmt(arena, "%.*s; the stack's own probe fails, too: %s.",
			OG_SV_ARG(message), w->brief);
	else
		text = og_arena_fmt(arena,
			"%.*s; the stack's own probe arrives: the pod does not send it, or it is lost on its way to the receiver.",
			OG_SV_ARG(message));
	if (text)
		v->message = og_svz(text);
	if (w->brief)
		v->cause = w->reason;
}
