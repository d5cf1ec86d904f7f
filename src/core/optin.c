/* SPDX-License-Identifier: Apache-2.0 */
/* Who asked for injection, at which level, and with which profile. */
#include "otelgate/core/optin.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/core/plan.h"
#include "optin-priv.h"

static const struct og_key_def keys[OG_KEY_COUNT_] = {
	[OG_KEY_INJECT] = {OG_PREFIX "inject", "true, false, or the name of a TelemetryProfile",
		"Opts in or out. The nearest level that says something wins; false is final."},
	[OG_KEY_SIGNALS] = {OG_PREFIX "signals",
		"list of metrics, traces, logs, profiles, each optionally =expected, =optional, =off, =stdout",
		"Overrides the profile's signals. A signal that is named without a mode is expected; one that is not named keeps the profile's mode."},
	[OG_KEY_CONTAINERS] = {OG_PREFIX "containers", "list of container names",
		"Only these containers are injected; init containers and native sidecars may be named too."},
	[OG_KEY_EXCLUDE] = {OG_PREFIX "exclude-containers", "list of container names",
		"These containers are left alone."},
	[OG_KEY_LANGUAGE] = {OG_PREFIX "language",
		"list of [container=]java|nodejs|python|dotnet|go|other[/glibc|/musl]",
		"Puts the language's agent into the container; go and other are environment only."},
	[OG_KEY_REQUIRED] = {OG_PREFIX "required", "true or false",
		"true: a pod that cannot be injected is rejected instead of admitted without injection."},
	[OG_KEY_RESTART] = {OG_PREFIX "restart", "never, suggest or managed",
		"How pods on an older revision are brought up to date."},
	[OG_KEY_NETWORK_POLICY] = {OG_PREFIX "network-policy", "auto or off",
		"Whether otelgate may open the egress that telemetry needs."},
	[OG_KEY_IGNORE] = {OG_PREFIX "ignore", "list of finding ids, optionally with a reason",
		"Findings that the owner has accepted."},
};

static const char *const level_names[OG_LEVEL_COUNT_] = {
	[OG_LEVEL_TEMPLATE] = "pod template",
	[OG_LEVEL_WORKLOAD] = "workload",
	[OG_LEVEL_NAMESPACE] = "namespace",
	[OG_LEVEL_PROFILE] = "profile",
};

static const struct {
	const char *name, *condition, *text;
} reasons[OG_REASON_COUNT_] = {
	[OG_REASON_INJECTED] = {"injected", "Injected", "the pod is injected"},
	[OG_REASON_UP_TO_DATE] = {"up-to-date", "UpToDate",
		"the pod already carries this injection"},
	[OG_REASON_NOT_OPTED_IN] = {"not-opted-in", "NotOptedIn", "nobody asked for injection"},
	[OG_REASON_OPTED_OUT] = {"opted-out", "OptedOut", "injection is switched off"},
	[OG_REASON_PROFILE_MISSING] = {"profile-missing", "ProfileMissing",
		"injection is asked for, but no such profile exists"},
	[OG_REASON_NO_CONFIG] = {"no-config", "NoConfig",
		"injection is asked for, but no configuration is loaded"},
	[OG_REASON_NO_ENDPOINT] = {"no-endpoint", "NoEndpoint", "the stack has no endpoint yet"},
	[OG_REASON_WINDOWS] = {"windows", "Windows", "Windows pods are not supported"},
	[OG_REASON_MIRROR_POD] = {"mirror-pod", "MirrorPod",
		"a static pod's mirror cannot be changed"},
	[OG_REASON_EXCLUDED_NAMESPACE] = {"excluded-namespace", "ExcludedNamespace",
		"system namespaces are never touched"},
	[OG_REASON_NO_TARGET] = {"no-target", "NoTarget", "no container of the pod is a target"},
	[OG_REASON_NOT_A_POD] = {"not-a-pod", "NotAPod",
		"the review is not about the creation of a pod"},
	[OG_REASON_BAD_OBJECT] = {"bad-object", "BadObject", "the pod is malformed"},
	[OG_REASON_BAD_REQUEST] = {"bad-request", "BadRequest", "the review is malformed"},
	[OG_REASON_TOO_LARGE] = {"too-large", "TooLarge", "the review is above a limit"},
	[OG_REASON_DEADLINE] = {"deadline", "Deadline", "the time allowed was used up"},
	[OG_REASON_SELF_CHECK] = {"self-check", "SelfCheck",
		"the patch did not pass its own check"},
	[OG_REASON_INTERNAL] = {"internal", "Internal", "an internal fault"},
};

const struct og_key_def *og_key_def(enum og_key k)
{
	return &keys[k];
}

const char *og_level_name(enum og_level l)
{
	return (unsigned)l < OG_LEVEL_COUNT_ ? level_names[l] : "nobody";
}

const char *og_reason_name(enum og_reason r)
{
	return (unsigned)r < OG_REASON_COUNT_ ? reasons[r].name : "unknown";
}

const char *og_reason_condition(enum og_reason r)
{
	return (unsigned)r < OG_REASON_COUNT_ ? reasons[r].condition : "Unknown";
}

const char *og_reason_text(enum og_reason r)
{
	return (unsigned)r < OG_REASON_COUNT_ ? reasons[r].text : "unknown";
}

struct og_said og_optin_setting(const struct og_optin *o, enum og_key key, enum og_level *ret_level)
{
	for (int l = 0; l < OG_LEVEL_COUNT_; l++) {
		if (!o->said[l][key].said)
			continue;
		if (ret_level)
			*ret_level = (enum og_level)l;
		return o->said[l][key];
	}
	return (struct og_said){0};
}

/* What otelgate itself writes under its prefix. */
static bool written_by_us(struct og_sv key)
{
	return og_sv_is(key, OG_LABEL_REVISION) || og_sv_is(key, OG_ANNOTATION_INJECTION);
}

static void unknown_key(struct og_sv key, enum og_level level, const char *what,
	struct og_arena *arena, struct og_findings *findings)
{
	const char *names[OG_KEY_COUNT_];
	if (og_findings_full(findings))
		return;
	for (int i = 0; i < OG_KEY_COUNT_; i++)
		names[i] = keys[i].name;
	const char *near = og_suggest(key, names, OG_KEY_COUNT_);
	struct og_sv place =
		og_svz(og_arena_fmt(arena, "%s %s %.*s", level_names[level], what, OG_SV_ARG(key)));
	if (near)
		og_findings_addf(
			findings, arena, "OG202", place, "unknown key; did you mean %s?", near);
	else
		og_findings_addf(findings, arena, "OG202", place,
			"unknown key; `otelgate explain annotations` lists the known ones");
}

/* Reads our keys out of one list; annotations come first and win over labels. */
static void read_said(const struct og_kvs *kvs, bool labels, enum og_level level,
	struct og_arena *arena, struct og_findings *findings, struct og_optin *o)
{
	for (uint32_t i = 0; i < kvs->n; i++) {
		const struct og_kv *kv = &kvs->v[i];
		if (!og_sv_starts(kv->key, OG_SV(OG_PREFIX)) || written_by_us(kv->key))
			continue;
		int k = 0;
		while (k < OG_KEY_COUNT_ && !og_sv_eq(kv->key, og_svz(keys[k].name)))
			k++;
		if (k == OG_KEY_COUNT_) {
			unknown_key(
				kv->key, level, labels ? "label" : "annotation", arena, findings);
			continue;
		}
		struct og_said *said = &o->said[level][k];
		if (said->said) {
			if (!og_sv_eq(og_sv_trim(said->value), og_sv_trim(kv->value)))
				og_findings_addf(findings, arena, "OG206",
					og_svz(og_arena_fmt(arena, "%s label %s",
						level_names[level], keys[k].name)),
					"the annotation of the same name says something else and wins");
			continue;
		}
		*said = (struct og_said){true, labels, og_sv_trim(kv->value)};
	}
}

static void read_levels(const struct og_meta *pod, const struct og_facts *facts,
	struct og_arena *arena, struct og_findings *findings, struct og_optin *o)
{
	o->level_known[OG_LEVEL_TEMPLATE] = true;
	read_said(&pod->annotations, false, OG_LEVEL_TEMPLATE, arena, findings, o);
	read_said(&pod->labels, true, OG_LEVEL_TEMPLATE, arena, findings, o);
	for (uint32_t i = 0; i < facts->nowners; i++) {
		const struct og_object_facts *w = &facts->owners[i];
		if (!w->known)
			continue;
		o->level_known[OG_LEVEL_WORKLOAD] = true;
		/* The nearest owner first: what a Job says before its CronJob. */
		read_said(&w->annotations, false, OG_LEVEL_WORKLOAD, arena, findings, o);
		read_said(&w->labels, true, OG_LEVEL_WORKLOAD, arena, findings, o);
	}
	if (facts->ns.known) {
		o->level_known[OG_LEVEL_NAMESPACE] = true;
		read_said(&facts->ns.annotations, false, OG_LEVEL_NAMESPACE, arena, findings, o);
		read_said(&facts->ns.labels, true, OG_LEVEL_NAMESPACE, arena, findings, o);
	}
	o->level_known[OG_LEVEL_PROFILE] = true;
}

/* Labels that a profile's workloadSelector sees: the top-most known owner's, else the pod's. */
static const struct og_kvs *workload_labels(const struct og_meta *pod, const struct og_facts *facts)
{
	for (uint32_t i = facts->nowners; i-- > 0;)
		if (facts->owners[i].known && facts->owners[i].labels.n)
			return &facts->owners[i].labels;
	return &pod->labels;
}

static const struct og_profile *by_selector(
	const struct og_config *c, const struct og_meta *pod, const struct og_facts *facts)
{
	const struct og_kvs *labels = workload_labels(pod, facts);
	for (uint32_t i = 0; i < c->nprofiles; i++) {
		const struct og_profile *p = &c->profiles[i];
		if (!p->namespace_selector.present && !p->workload_selector.present)
			continue;
		if (p->namespace_selector.present &&
			(!facts->ns.known ||
				!og_selector_match(&p->namespace_selector, &facts->ns.labels)))
			continue;
		if (p->workload_selector.present &&
			!og_selector_match(&p->workload_selector, labels) &&
			!og_selector_match(&p->workload_selector, &pod->labels))
			continue;
		return p;
	}
	return NULL;
}

/* What people write for true and false elsewhere. */
static const char *truth(struct og_sv word)
{
	static const char *const words[][2] = {{"yes", "true"}, {"on", "true"}, {"1", "true"},
		{"y", "true"}, {"enabled", "true"}, {"no", "false"}, {"off", "false"},
		{"0", "false"}, {"n", "false"}, {"disabled", "false"}};
	for (size_t i = 0; i < OG_COUNT(words); i++)
		if (og_sv_caseeq(word, og_svz(words[i][0])))
			return words[i][1];
	return NULL;
}

static void missing_profile(const struct og_config *c, struct og_sv name, enum og_level level,
	struct og_arena *arena, struct og_findings *findings, struct og_optin *o)
{
	o->reason = OG_REASON_PROFILE_MISSING;
	struct og_sv place = level == OG_LEVEL_PROFILE
				     ? OG_SV("option --profile")
				     : og_svz(og_arena_fmt(arena, "%s " OG_PREFIX "inject",
					       og_level_name(level)));
	enum { SHOWN = 20 };
	const char *words[SHOWN + 2] = {"true", "false"};
	size_t nwords = 2;
	struct og_buf list = OG_BUF_INIT(4096);
	for (uint32_t i = 0; i < c->nprofiles && i < SHOWN; i++) {
		struct og_sv n = c->profiles[i].name;
		const char *word = og_arena_strndup(arena, n.p, n.n);
		og_buf_fmt(&list, "%s%.*s", i ? ", " : "", OG_SV_ARG(n));
		if (word)
			words[nwords++] = word;
	}
	const char *near = name.n ? og_suggest(name, words, nwords) : NULL;
	if (name.n && !near)
		near = truth(name);
	if (!name.p)
		og_findings_addf(findings, arena, "OG204", place,
			"\"true\" names no profile, and none of them is the default; name one of: %.*s",
			OG_SV_ARG(og_buf_view(&list)));
	else if (!name.n)
		og_findings_addf(findings, arena, "OG204", place,
			"the value is empty; write true, false or one of: %.*s",
			OG_SV_ARG(og_buf_view(&list)));
	else if (near)
		og_findings_addf(findings, arena, "OG204", place,
			"there is no profile \"%.*s\"; did you mean %s?", OG_SV_ARG(name), near);
	else
		og_findings_addf(findings, arena, "OG204", place,
			"there is no profile \"%.*s\"; write true, false or one of: %.*s",
			OG_SV_ARG(name), OG_SV_ARG(og_buf_view(&list)));
	og_buf_fini(&list);
}

/* "true" without a name: a level further out that names one, a selector, the default, the only. */
static void choose_unnamed(const struct og_config *c, const struct og_meta *pod,
	const struct og_facts *facts, enum og_level from, struct og_arena *arena,
	struct og_findings *findings, struct og_optin *o)
{
	for (int l = (int)from + 1; l < OG_LEVEL_PROFILE; l++) {
		const struct og_said *s = &o->said[l][OG_KEY_INJECT];
		if (!s->said || og_sv_is(s->value, "true") || og_sv_is(s->value, "false"))
			continue;
		o->profile = og_config_profile(c, s->value);
		if (!o->profile) {
			missing_profile(c, s->value, (enum og_level)l, arena, findings, o);
			return;
		}
		o->why = "named further out";
		break;
	}
	if (!o->profile && (o->profile = by_selector(c, pod, facts)))
		o->why = "its selectors match";
	if (!o->profile && (o->profile = c->default_profile)) {
		o->why = "it is the default";
		o->profile_by_default = true;
	}
	if (!o->profile && c->nprofiles == 1) {
		o->profile = &c->profiles[0];
		o->why = "it is the only one";
		o->profile_by_default = true;
	}
	if (!o->profile)
		missing_profile(c, og_sv(NULL, 0), from, arena, findings, o);
}

static void note_overridden(enum og_level winner, struct og_arena *arena,
	struct og_findings *findings, const struct og_optin *o)
{
	const struct og_sv won = o->said[winner][OG_KEY_INJECT].value;
	for (int l = (int)winner + 1; l < OG_LEVEL_PROFILE; l++) {
		const struct og_said *s = &o->said[l][OG_KEY_INJECT];
		if (!s->said || og_sv_eq(s->value, won))
			continue;
		if (og_sv_is(won, "true") && !og_sv_is(s->value, "false"))
			continue; /* "true" takes the name from further out */
		og_findings_addf(findings, arena, "OG206",
			og_svz(og_arena_fmt(arena, "%s " OG_PREFIX "inject", level_names[l])),
			"says \"%.*s\", but the %s says \"%.*s\" and is nearer",
			OG_SV_ARG(s->value), level_names[winner], OG_SV_ARG(won));
	}
}

static void apply_said(const struct og_config *c, const struct og_meta *pod,
	const struct og_facts *facts, struct og_arena *arena, struct og_findings *findings,
	struct og_optin *o)
{
	struct og_sv value = o->said[o->level][OG_KEY_INJECT].value;
	note_overridden(o->level, arena, findings, o);
	if (og_sv_is(value, "false")) {
		o->reason = OG_REASON_OPTED_OUT;
		return;
	}
	if (!c || c->nprofiles == 0) {
		o->reason = OG_REASON_NO_CONFIG;
		og_findings_addf(findings, arena, "OG204", og_sv("", 0),
			"no TelemetryProfile is loaded, so nothing can be injected");
		return;
	}
	if (og_sv_is(value, "true")) {
		choose_unnamed(c, pod, facts, o->level, arena, findings, o);
	} else {
		o->profile = og_config_profile(c, value);
		o->why = "named here";
		if (!o->profile)
			missing_profile(c, value, o->level, arena, findings, o);
	}
	o->in = o->profile != NULL;
	if (o->in)
		o->reason = OG_REASON_INJECTED;
}

/* Settings of the workload without anybody's asking for injection: they do nothing. */
static void note_idle_settings(
	struct og_arena *arena, struct og_findings *findings, const struct og_optin *o)
{
	for (int l = 0; l < OG_LEVEL_NAMESPACE; l++)
		for (int k = 0; k < OG_KEY_COUNT_; k++)
			if (o->said[l][k].said && k != OG_KEY_INJECT && k != OG_KEY_IGNORE)
				og_findings_addf(findings, arena, "OG201",
					og_svz(og_arena_fmt(
						arena, "%s %s", level_names[l], keys[k].name)),
					"it has no effect without " OG_PREFIX "inject: \"true\"");
}

void og_optin_decide(const struct og_config *config, const struct og_meta *pod,
	const struct og_facts *facts, struct og_sv profile_override, struct og_arena *arena,
	struct og_findings *findings, struct og_optin *ret)
{
	struct og_optin *o = ret;
	*o = (struct og_optin){.reason = OG_REASON_NOT_OPTED_IN, .level = OG_LEVEL_COUNT_};
	read_levels(pod, facts, arena, findings, o);
	if (!og_optin_setting(o, OG_KEY_INJECT, &o->level).said) {
		if (config)
			og_optin_compat(config, pod, facts, arena, findings, o);
		if (!o->in && o->reason == OG_REASON_NOT_OPTED_IN && config &&
			(o->profile = by_selector(config, pod, facts))) {
			o->level = OG_LEVEL_PROFILE;
			o->why = "its selectors match";
			o->in = true;
			o->reason = OG_REASON_INJECTED;
		}
	} else {
		apply_said(config, pod, facts, arena, findings, o);
	}
	if (!profile_override.n || o->reason == OG_REASON_OPTED_OUT) {
		if (o->reason == OG_REASON_NOT_OPTED_IN)
			note_idle_settings(arena, findings, o);
		return;
	}
	o->profile = config ? og_config_profile(config, profile_override) : NULL;
	o->in = o->profile != NULL;
	o->why = "chosen on the command line";
	if (o->in)
		o->reason = OG_REASON_INJECTED;
	else if (config)
		missing_profile(config, profile_override, OG_LEVEL_PROFILE, arena, findings, o);
	else
		o->reason = OG_REASON_NO_CONFIG;
}
