/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a WorkloadTelemetry. */
#include "otelgate/core/telemetry.h"

#include <stdio.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/core/arrival.h"
#include "otelgate/core/fields.h"

enum {
	NAME_MAX_ = 253,   /* DNS subdomain */
	REASON_MAX = 1024, /* metav1.Condition */
	MESSAGE_MAX = 32768,
	QUERY_MAX = 4096,
};
static const uint64_t NAME_SEED = 0x7774206e616d65ULL; /* part of names: never to be changed */

const char *og_telemetry_cond_name(enum og_telemetry_cond c)
{
	static const char *const names[OG_TC_COUNT_] = {
		[OG_TC_INJECTED] = "Injected",
		[OG_TC_ROLLOUT_COMPLETE] = "RolloutComplete",
		[OG_TC_CREDENTIALS_READY] = "CredentialsReady",
		[OG_TC_EGRESS_ALLOWED] = "EgressAllowed",
		[OG_TC_METRICS_RECEIVED] = "MetricsReceived",
		[OG_TC_TRACES_RECEIVED] = "TracesReceived",
		[OG_TC_LOGS_RECEIVED] = "LogsReceived",
		[OG_TC_PROFILES_RECEIVED] = "ProfilesReceived",
		[OG_TC_READY] = "Ready",
	};
	return (unsigned)c < OG_TC_COUNT_ ? names[c] : "?";
}

struct og_sv og_telemetry_name(
	struct og_sv kind, struct og_sv name, char buf[OG_TELEMETRY_NAME_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < kind.n && n < 60; i++) {
		char c = kind.p[i];
		buf[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	buf[n++] = '-';
	if (n + name.n <= NAME_MAX_) {
		if (name.n)
			memcpy(buf + n, name.p, name.n);
		n += name.n;
		buf[n] = '\0';
		return og_sv(buf, n);
	}
	/* "-" and 16 digits; a dot or dash may not come before the dash of a label's end */
	size_t keep = NAME_MAX_ - 17 - n;
	memcpy(buf + n, name.p, keep);
	n += keep;
	while (n && (buf[n - 1] == '.' || buf[n - 1] == '-'))
		n--;
	(void)snprintf(buf + n, OG_TELEMETRY_NAME_BYTES - n, "-%016llx",
		(unsigned long long)og_hash64(NAME_SEED, name));
	return og_sv(buf, n + 17);
}

/* ---- pieces ---- */

/* At a character. */
static struct og_sv cut(struct og_sv v, size_t max)
{
	if (!v.n)
		return OG_SV("");
	if (v.n > max) {
		v.n = max;
		while (v.n && ((unsigned char)v.p[v.n] & 0xc0) == 0x80)
			v.n--;
	}
	return v;
}

static void str(struct og_buf *b, const char **comma, const char *key, struct og_sv v, size_t max)
{
	if (!v.n)
		return;
	og_buf_fmt(b, "%s\"%s\":", *comma, key);
	og_jw_str(b, cut(v, max));
	*comma = ",";
}

static void num(struct og_buf *b, const char **comma, const char *key, int64_t v)
{
	og_buf_fmt(b, "%s\"%s\":%lld", *comma, key, (long long)v);
	*comma = ",";
}

static void when(struct og_buf *b, const char **comma, const char *key, int64_t s)
{
	char text[OG_RFC3339_BYTES];

	if (!s)
		return;
	og_fmt_rfc3339(text, s * OG_NS_PER_S);
	str(b, comma, key, og_svz(text), sizeof(text));
}

static void open(struct og_buf *b, const char **comma, const char *key, char c)
{
	og_buf_fmt(b, "%s\"%s\":%c", *comma, key, c);
	*comma = "";
}

static void close_(struct og_buf *b, const char **comma, char c)
{
	og_buf_ch(b, c);
	*comma = ",";
}

static void write_head(const struct og_telemetry_input *in, struct og_buf *b)
{
	char name[OG_TELEMETRY_NAME_BYTES];

	og_buf_lit(b, "{\"apiVersion\":\"" OG_API_VERSION "\",\"kind\":\"" OG_TELEMETRY_KIND
		      "\",\"metadata\":{\"name\":");
	og_jw_str(b, og_telemetry_name(in->kind, in->name, name));
	og_buf_lit(b, ",\"namespace\":");
	og_jw_str(b, in->ns);
}

static int finish(const struct og_buf *b, struct og_err *err)
{
	if (!b->failed)
		return 0;
	return og_err_set(err, b->full ? OG_E_LIMIT : OG_E_OOM, "writing a status");
}

int og_telemetry_object(const struct og_telemetry_input *in, struct og_buf *out, struct og_err *err)
{
	write_head(in, out);
	og_buf_lit(out, ",\"labels\":{\"" OG_LABEL_MANAGED_BY "\":\"" OG_MANAGED_BY
			"\",\"app.kubernetes.io/part-of\":\"otelgate\"},\"ownerReferences\":["
			"{\"apiVersion\":\"");
	if (in->group.n) {
		og_jw_part(out, in->group);
		og_buf_ch(out, '/');
	}
	og_jw_part(out, in->version);
	og_buf_lit(out, "\",\"kind\":");
	og_jw_str(out, in->kind);
	og_buf_lit(out, ",\"name\":");
	og_jw_str(out, in->name);
	og_buf_lit(out, ",\"uid\":");
	og_jw_str(out, in->uid);
	og_buf_lit(out, ",\"controller\":true,\"blockOwnerDeletion\":false}]}}");
	return finish(out, err);
}

/* ---- the status ---- */

static void write_old(const struct og_telemetry_input *in, struct og_buf *b, const char **comma)
{
	uint32_t n = in->pods.nold < OG_TELEMETRY_OLD_PODS ? in->pods.nold : OG_TELEMETRY_OLD_PODS;

	if (!n)
		return;
	open(b, comma, "old", '[');
	for (uint32_t i = 0; i < n; i++) {
		const struct og_telemetry_pod *p = &in->pods.old[i];
		const char *c = "";
		og_buf_fmt(b, "%s{", *comma);
		str(b, &c, "name", p->name, 253);
		when(b, &c, "created", p->created_s);
		str(b, &c, "replicaSet", p->replica_set, 253);
		str(b, &c, "class", og_svz(p->class_), 32);
		str(b, &c, "cause", og_svz(p->cause), 64);
		str(b, &c, "revision", p->revision, 63);
		close_(b, comma, '}');
	}
	close_(b, comma, ']');
	if (in->pods.old_total > n)
		num(b, comma, "more", in->pods.old_total - n);
}

static void write_pods(const struct og_telemetry_input *in, struct og_buf *b, const char **comma)
{
	const struct {
		const char *key;
		uint32_t n;
	} counts[] = {{"total", in->pods.total}, {"current", in->pods.current},
		{"stale", in->pods.stale}, {"bare", in->pods.bare}, {"skipped", in->pods.skipped},
		{"terminating", in->pods.terminating}, {"outdatedCredentials", in->pods.outdated}};

	open(b, comma, "pods", '{');
	str(b, comma, "ratio", in->pods.ratio, 32);
	for (size_t i = 0; i < OG_COUNT(counts); i++)
		num(b, comma, counts[i].key, counts[i].n);
	write_old(in, b, comma);
	close_(b, comma, '}');
}

/* What is timed by the process that looks must not begin anew with the next one. */
static int64_t rollout_since(const struct og_telemetry_input *in)
{
	const struct og_telemetry_seen *seen = in->seen;
	uint64_t mark =
		og_telemetry_rollout_mark(og_svz(in->rollout.state), og_svz(in->rollout.reason));

	if (strcmp(in->rollout.state, "Complete") == 0)
		return 0;
	return seen && seen->rollout_mark == mark && seen->rollout_since_s ? seen->rollout_since_s
									   : in->rollout.since_s;
}

static void write_rollout(const struct og_telemetry_input *in, struct og_buf *b, const char **comma)
{
	if (!in->rollout.state)
		return;
	open(b, comma, "rollout", '{');
	str(b, comma, "state", og_svz(in->rollout.state), 32);
	str(b, comma, "reason", og_svz(in->rollout.reason), 128);
	str(b, comma, "message", in->rollout.message, MESSAGE_MAX);
	str(b, comma, "fix", in->rollout.fix, MESSAGE_MAX);
	str(b, comma, "finding", og_svz(in->rollout.finding), 16);
	str(b, comma, "pod", in->rollout.pod, 253);
	str(b, comma, "container", in->rollout.container, 253);
	if (in->rollout.exited)
		num(b, comma, "exitCode", in->rollout.exit_code);
	when(b, comma, "since", rollout_since(in));
	close_(b, comma, '}');
}

static void write_egress(const struct og_telemetry_input *in, struct og_buf *b, const char **comma)
{
	if (!in->egress_need)
		return;
	open(b, comma, "egress", '{');
	str(b, comma, "need", og_svz(in->egress_need), 64);
	og_buf_fmt(b, "%s\"managedPolicy\":%s", *comma, in->policy_managed ? "true" : "false");
	close_(b, comma, '}');
}

/* ---- what arrives ---- */

static void write_signal(const struct og_telemetry_signal *s, enum og_signal signal,
	struct og_buf *b, const char **comma)
{
	uint32_t n = s->nsilent < OG_TELEMETRY_SILENT ? s->nsilent : OG_TELEMETRY_SILENT;
	char pods[32];

	open(b, comma, og_signal_name(signal), '{');
	str(b, comma, "state", og_svz(s->state), 32);
	str(b, comma, "reason", og_svz(s->reason), 128);
	when(b, comma, "lastSeen", s->last_seen_s);
	when(b, comma, "since", s->since_s);
	if (s->pods_known) {
		(void)snprintf(pods, sizeof(pods), "%u/%u", s->covered, s->of);
		str(b, comma, "pods", og_svz(pods), sizeof(pods));
	}
	if (n)
		open(b, comma, "silent", '[');
	for (uint32_t i = 0; i < n; i++) {
		og_buf_str(b, *comma);
		og_jw_str(b, cut(s->silent[i], 253));
		*comma = ",";
	}
	if (n)
		close_(b, comma, ']');
	str(b, comma, "via", og_svz(s->via), 32);
	str(b, comma, "tie", og_svz(s->tie), 32);
	str(b, comma, "trust", og_svz(s->trust), 32);
	str(b, comma, "finding", og_svz(s->finding), 16);
	str(b, comma, "query", s->query, QUERY_MAX);
	str(b, comma, "explore", s->explore, QUERY_MAX);
	close_(b, comma, '}');
}

static void write_signals(const struct og_telemetry_input *in, struct og_buf *b, const char **comma)
{
	bool any = false;

	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		if (!in->signals[i].state)
			continue;
		if (!any)
			open(b, comma, "signals", '{');
		any = true;
		write_signal(&in->signals[i], (enum og_signal)i, b, comma);
	}
	if (any)
		close_(b, comma, '}');
	if (in->seen_text.n <= OG_TELEMETRY_SEEN_BYTES)
		str(b, comma, "seen", in->seen_text, OG_TELEMETRY_SEEN_BYTES);
}

/* ---- stars ---- */

static void write_score(const struct og_stars_brief_score *s, enum og_stars_dimension d,
	struct og_buf *b, const char **comma)
{
	open(b, comma, og_stars_dimension_id(d), '{');
	num(b, comma, "stars", s->stars);
	num(b, comma, "best", s->best);
	num(b, comma, "percent", s->percent);
	num(b, comma, "bestPercent", s->best_percent);
	str(b, comma, "raise", og_svz(s->raise ? s->raise->id : NULL), 64);
	str(b, comma, "unknown", og_svz(s->unknown ? s->unknown->id : NULL), 64);
	close_(b, comma, '}');
}

static void write_stars(const struct og_telemetry_input *in, struct og_buf *b, const char **comma)
{
	if (!in->stars.told)
		return;
	open(b, comma, "stars", '{');
	for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++)
		if (in->stars.score[d].applies)
			write_score(&in->stars.score[d], (enum og_stars_dimension)d, b, comma);
	close_(b, comma, '}');
}

static void write_findings(
	const struct og_telemetry_input *in, struct og_buf *b, const char **comma)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < in->nfindings && n < OG_TELEMETRY_FINDINGS; i++) {
		const struct og_telemetry_finding *f = &in->findings[i];
		const char *c = "";
		bool again = false;
		for (uint32_t j = 0; j < i; j++) /* it is the key of the list */
			again |= strcmp(in->findings[j].id, f->id) == 0;
		if (again)
			continue;
		if (n++ == 0)
			open(b, comma, "findings", '[');
		og_buf_fmt(b, "%s{", *comma);
		str(b, &c, "id", og_svz(f->id), 16);
		str(b, &c, "message", f->message, MESSAGE_MAX);
		close_(b, comma, '}');
	}
	if (n)
		close_(b, comma, ']');
}

/* ---- conditions ---- */

static enum og_cond_status status_of(const struct og_telemetry_said *s)
{
	return s->status == OG_COND_ABSENT ? OG_COND_UNKNOWN : s->status;
}

/* What was received says nothing until it is verified. What is upstream comes first: a backend is
 * not blamed for what never left the pod. */
void og_telemetry_received(const struct og_arrival_verdict *v, struct og_telemetry_said *ret)
{
	bool rests = og_arrival_at_rest(v->state, v->reason);

	*ret = (struct og_telemetry_said){.status = og_arrival_condition(v->state),
		.reason = v->reason,
		.message = v->message,
		.cause = v->cause,
		.off = v->state == OG_AR_OFF && v->finding,
		.verified = !v->reason || strcmp(v->reason, "NotConfigured") != 0,
		.optional = !v->expected || v->state == OG_AR_OFF || rests};
}

void og_telemetry_ready(
	const struct og_telemetry_said said[OG_TC_COUNT_], struct og_telemetry_said *ret)
{
	/* In the order in which a person would look. */
	static const enum og_telemetry_cond order[] = {OG_TC_INJECTED, OG_TC_CREDENTIALS_READY,
		OG_TC_EGRESS_ALLOWED, OG_TC_ROLLOUT_COMPLETE, OG_TC_METRICS_RECEIVED,
		OG_TC_TRACES_RECEIVED, OG_TC_LOGS_RECEIVED};
	enum { HAVE_TO_BE_KNOWN = 4 };
	bool verified = false;

	for (size_t i = 0; i < OG_COUNT(order); i++) {
		const struct og_telemetry_said *s = &said[order[i]];
		if (s->status != OG_COND_FALSE || s->optional)
			continue;
		*ret = *s;
		ret->reason = s->cause ? s->cause : s->reason;
		return;
	}
	for (size_t i = 0; i < OG_COUNT(order); i++) {
		const struct og_telemetry_said *s = &said[order[i]];
		bool wanted = i < HAVE_TO_BE_KNOWN || (s->verified && !s->optional);
		verified |= i >= HAVE_TO_BE_KNOWN && wanted;
		if (status_of(s) != OG_COND_UNKNOWN || !wanted)
			continue;
		*ret = *s;
		ret->status = OG_COND_UNKNOWN;
		return;
	}
	for (size_t i = HAVE_TO_BE_KNOWN; i < OG_COUNT(order) && !verified; i++) {
		if (!said[order[i]].off)
			continue;
		*ret = said[order[i]];
		ret->status = OG_COND_TRUE;
		return;
	}
	*ret = (struct og_telemetry_said){.status = OG_COND_TRUE,
		.reason = verified ? "Arrives" : "AsWanted",
		.message = verified ? OG_SV("Its pods carry what they should, and what they send "
					    "arrives.")
				    : OG_SV("Its pods carry what they should, and can send it.")};
}

static void write_condition(const struct og_telemetry_input *in, enum og_telemetry_cond type,
	const struct og_telemetry_said *s, struct og_buf *b, const char **comma)
{
	static const char *const words[] = {[OG_COND_ABSENT] = "Unknown",
		[OG_COND_UNKNOWN] = "Unknown",
		[OG_COND_FALSE] = "False",
		[OG_COND_TRUE] = "True"};
	const struct og_telemetry_seen *seen = in->seen;
	enum og_cond_status status = status_of(s);
	bool same = seen && seen->conds[type].status == status && seen->conds[type].since_s;
	const char *c = "";

	og_buf_fmt(b, "%s{", *comma);
	str(b, &c, "type", og_svz(og_telemetry_cond_name(type)), 316);
	str(b, &c, "status", og_svz(words[status]), 16);
	str(b, &c, "reason", og_svz(s->reason ? s->reason : "NotChecked"), REASON_MAX);
	og_buf_lit(b, ",\"message\":"); /* required, even when it is empty */
	og_jw_str(b, cut(s->message, MESSAGE_MAX));
	when(b, &c, "lastTransitionTime", same ? seen->conds[type].since_s : in->now_s);
	num(b, &c, "observedGeneration", in->generation);
	close_(b, comma, '}');
}

static void write_conditions(
	const struct og_telemetry_input *in, struct og_buf *b, const char **comma)
{
	struct og_telemetry_said ready;

	og_telemetry_ready(in->said, &ready);
	open(b, comma, "conditions", '[');
	for (int i = 0; i < OG_TC_COUNT_; i++)
		write_condition(in, (enum og_telemetry_cond)i,
			i == OG_TC_READY ? &ready : &in->said[i], b, comma);
	close_(b, comma, ']');
}

int og_telemetry_status(const struct og_telemetry_input *in, struct og_buf *out, struct og_err *err)
{
	const char *comma = "";

	write_head(in, out);
	og_buf_lit(out, "},\"status\":{");
	num(out, &comma, "observedGeneration", in->generation);
	str(out, &comma, "profile", in->profile, 253);
	str(out, &comma, "stack", in->stack, 253);
	str(out, &comma, "revision", in->revision, 63);
	write_pods(in, out, &comma);
	write_rollout(in, out, &comma);
	write_egress(in, out, &comma);
	write_signals(in, out, &comma);
	write_stars(in, out, &comma);
	write_findings(in, out, &comma);
	write_conditions(in, out, &comma);
	og_buf_lit(out, "}}");
	return finish(out, err);
}
