/* SPDX-License-Identifier: Apache-2.0 */
/* Language agents and the profiler: init container, volume, activation variables. */
#include "plan-priv.h"

static void add_agent_objects(struct og_mut *m, const char *name, const char *home,
	struct og_sv image, const char *const *cmd, const char *note)
{
	const struct og_profile_language *l = &m->profile->languages[m->pc->language];
	og_plan_volume(m, name,
		og_mut_fmt(m, "{\"name\":\"%s\",\"emptyDir\":{\"sizeLimit\":\"500Mi\"}}", name),
		note);
	uint32_t stable = 0;
	struct og_sv init = og_mut_init_json(
		m, name, home, image, l->image_pull_policy, l->resources_json, cmd, &stable);
	og_plan_init(m, name, init, stable, note);
	og_mut_mount(m, name, home);
	m->plan->init_first |= m->pc->c.init;
}

static bool image_says_musl(struct og_sv image)
{
	return og_sv_has(image, OG_SV("alpine")) || og_sv_has(image, OG_SV("musl"));
}

static void no_agent(struct og_mut *m, const char *id, const char *why)
{
	m->pc->agent_note = og_svz(why);
	og_mut_finding(m, id, og_mut_place(m), "%s; environment only", why);
}

/* Every variable must be ours to set before anything is added: a half-activated agent is worse
 * than none (the peer adds its init container all the same). */
static bool all_mergeable(struct og_mut *m, const struct og_lang_def *d)
{
	for (const struct og_lang_var *v = d->vars; v->name; v++) {
		const char *why;
		if (og_mut_can_merge(m, og_svz(v->name), &why))
			continue;
		m->pc->agent_note = og_mut_fmt(m, "%s: %s", v->name, why);
		og_mut_finding(m, "OG305", og_mut_place_env(m, og_svz(v->name)),
			"the %s agent is not put in: %s; environment only", d->title, why);
		return false;
	}
	return true;
}

/* Another agent in the user's own text: two in one process overwrite each other. */
static bool has_other_agent(struct og_mut *m, const struct og_lang_def *d)
{
	if (d->marker && og_mut_user(m, og_svz(d->marker))) {
		no_agent(m, "OG314", "the container already activates an OpenTelemetry agent");
		return true;
	}
	for (const struct og_lang_var *v = d->vars; v->name; v++) {
		const struct og_user_env *u = og_mut_user(m, og_svz(v->name));
		if (!u || !u->value.n)
			continue;
		for (const char *const *o = d->other_agents; *o; o++)
			if (og_sv_has(u->value, og_svz(*o))) {
				no_agent(m, "OG314",
					og_mut_fmt(m,
						"%s of the container loads another agent (%s)",
						v->name, *o)
						.p);
				return true;
			}
		if (v->join == OG_JOIN_KEEP && !og_sv_caseeq(u->value, og_svz(v->value)) &&
			!(v->value_musl && og_sv_eq(u->value, og_svz(v->value_musl)))) {
			no_agent(m, "OG314",
				og_mut_fmt(m, "the container sets %s, which takes one value only",
					v->name)
					.p);
			return true;
		}
	}
	return false;
}

static void activate(struct og_mut *m, const struct og_lang_def *d)
{
	for (const struct og_lang_var *v = d->vars; v->name; v++) {
		struct og_sv name = og_svz(v->name);
		struct og_sv ours = og_svz(
			m->pc->libc == OG_LIBC_MUSL && v->value_musl ? v->value_musl : v->value);
		struct og_sv home = og_svz(d->home);
		switch (v->join) {
		case OG_JOIN_SPACE_AFTER:
			(void)og_mut_merge(m, OG_FROM_AGENT, name, OG_SV(""),
				og_mut_fmt(m, " %.*s", OG_SV_ARG(ours)), ours);
			break;
		case OG_JOIN_COLON_AFTER:
			(void)og_mut_merge(m, OG_FROM_AGENT, name, OG_SV(""),
				og_mut_fmt(m, ":%.*s", OG_SV_ARG(ours)), ours);
			break;
		case OG_JOIN_PYTHONPATH:
			(void)og_mut_merge(m, OG_FROM_AGENT, name,
				og_mut_fmt(m, "%.*s:", OG_SV_ARG(ours)),
				og_mut_fmt(m, ":%.*s", OG_SV_ARG(home)),
				og_mut_fmt(m, "%.*s:%.*s", OG_SV_ARG(ours), OG_SV_ARG(home)));
			break;
		case OG_JOIN_KEEP:
			(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_AGENT, name, ours);
			break;
		}
	}
	m->pc->agent = true;
}

static bool wants_agent(struct og_mut *m, const struct og_lang_def *d, struct og_sv image)
{
	if (og_sv_is(image, "none")) {
		m->pc->agent_note = OG_SV("the profile switches this language's agent off");
		return false;
	}
	if (has_other_agent(m, d))
		return false;
	if (d->needs_libc && m->pc->libc == OG_LIBC_UNKNOWN) {
		m->pc->agent_note = OG_SV("the C library of the image is not known");
		og_mut_finding(m, "OG324", og_mut_place(m),
			"say " OG_PREFIX
			"language: %s/glibc or %s/musl%s; the %s agent has native parts, and the C library of the image is not known; environment only",
			og_language_name(d->language), og_language_name(d->language),
			image_says_musl(m->pc->c.image) ? " (the image's name suggests musl)" : "",
			d->title);
		return false;
	}
	if (og_mut_taken(m, d->volume, d->home)) {
		m->pc->agent_note = OG_SV("the agent's volume or place is taken by the pod's own");
		return false;
	}
	return all_mergeable(m, d);
}

void og_mut_language(struct og_mut *m)
{
	const struct og_lang_def *d = og_lang_def(m->pc->language);
	if (!d)
		return;
	struct og_sv image = m->profile->languages[d->language].image;
	if (!image.n)
		image = og_svz(d->default_image);
	if (!wants_agent(m, d, image))
		return;
	bool musl = m->pc->libc == OG_LIBC_MUSL && d->copy_musl[0];
	add_agent_objects(m, d->volume, d->home, image, musl ? d->copy_musl : d->copy,
		og_mut_fmt(m, "copies the %s agent", d->title).p);
	activate(m, d);
}

/* --- profiles ------------------------------------------------------------------------------ */

#define PROFILER_DIR	"/otelgate/java-profiler"
#define PROFILER_VOLUME "otelgate-java-profiler"

static const struct {
	const char *name, *text;
} states[OG_PROFILES_COUNT_] = {
	[OG_PROFILES_OFF] = {"off", "profiles are off"},
	[OG_PROFILES_AGENT] = {"agent", "the Pyroscope agent is put in"},
	[OG_PROFILES_ENV_ONLY] = {"env-only",
		"PYROSCOPE_ variables are set; an SDK inside the image has to use them"},
	[OG_PROFILES_EBPF] = {"ebpf", "Alloy profiles the process from outside"},
	[OG_PROFILES_NO_ENDPOINT] = {"no-endpoint",
		"the stack names no receiver.endpoints.profiles"},
	[OG_PROFILES_NO_AGENT] = {"no-agent",
		"the profile names no profilerImage for this language"},
	[OG_PROFILES_NO_RUNTIME] = {"no-runtime",
		"no Pyroscope agent can be put into this language from outside; use profiles.via: ebpf"},
	[OG_PROFILES_MUSL] = {"musl",
		"the image uses musl (Alpine), where the native profiler cannot be put in; use profiles.via: ebpf or a glibc image"},
	[OG_PROFILES_BLOCKED] = {"blocked",
		"JAVA_TOOL_OPTIONS of the container cannot be added to, or a name is taken"},
	[OG_PROFILES_CONFLICT] = {"conflict",
		"another agent already holds the place of the profiler"},
};

const char *og_profiles_state_name(enum og_profiles_state s)
{
	return (unsigned)s < OG_PROFILES_COUNT_ ? states[s].name : "unknown";
}

const char *og_profiles_state_text(enum og_profiles_state s)
{
	return (unsigned)s < OG_PROFILES_COUNT_ ? states[s].text : "unknown";
}

static enum og_profiles_state agent_state(const struct og_mut *m)
{
	enum og_language lang = m->pc->language;
	bool musl = m->pc->libc == OG_LIBC_MUSL ||
		    (m->pc->libc == OG_LIBC_UNKNOWN && image_says_musl(m->pc->c.image));
	if (!m->stack->receiver.signal_endpoint[OG_SIGNAL_PROFILES].n)
		return OG_PROFILES_NO_ENDPOINT;
	switch (lang) {
	case OG_LANG_JAVA: /* one jar for both libcs */
		if (og_sv_is(m->profile->languages[lang].profiler_image, "none") ||
			!m->profile->languages[lang].profiler_image.n)
			return OG_PROFILES_NO_AGENT;
		return OG_PROFILES_AGENT;
	case OG_LANG_NODEJS:
		return OG_PROFILES_ENV_ONLY;
	case OG_LANG_DOTNET:
		/* CORECLR_PROFILER is single-valued; both agents want it */
		return m->pc->agent ? OG_PROFILES_CONFLICT : OG_PROFILES_ENV_ONLY;
	case OG_LANG_NONE:
	case OG_LANG_PYTHON:
	case OG_LANG_GO:
	case OG_LANG_OTHER:
	case OG_LANG_COUNT_:
		break;
	}
	return musl ? OG_PROFILES_MUSL : OG_PROFILES_NO_RUNTIME;
}

/* The variables Pyroscope's agents and SDKs read (pyroscope docs, configure-client). */
static void profiler_env(struct og_mut *m)
{
	struct og_sv name = m->pc->service_name;
	/* the user's own text may refer to variables, and those stand before this one */
	if (name.n)
		(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_SIGNALS,
			OG_SV("PYROSCOPE_APPLICATION_NAME"),
			m->pc->service_name_by_user ? name : og_mut_escape_dollar(m, name));
	(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_STACK, OG_SV("PYROSCOPE_SERVER_ADDRESS"),
		m->stack->receiver.signal_endpoint[OG_SIGNAL_PROFILES]);
	if (!m->stack->credentials.present)
		return;
	struct og_sv user = OG_SV("PYROSCOPE_BASIC_AUTH_USER");
	struct og_sv pass = OG_SV("PYROSCOPE_BASIC_AUTH_PASSWORD");
	(void)og_mut_env_json(m, OG_ENV_ADD_LAST, OG_FROM_STACK, user,
		og_mut_secret_env(m, user, m->stack->distribute.profiles_user_key));
	(void)og_mut_env_json(m, OG_ENV_ADD_LAST, OG_FROM_STACK, pass,
		og_mut_secret_env(m, pass, m->stack->distribute.profiles_password_key));
}

static enum og_profiles_state java_profiler(struct og_mut *m)
{
	static const char *const cmd[] = {
		"cp", "/pyroscope.jar", PROFILER_DIR "/pyroscope.jar", NULL};
	struct og_sv name = OG_SV("JAVA_TOOL_OPTIONS");
	struct og_sv ours = OG_SV("-javaagent:" PROFILER_DIR "/pyroscope.jar");
	const struct og_user_env *u = og_mut_user(m, name);
	if (u && og_sv_has(u->value, OG_SV("pyroscope.jar")))
		return OG_PROFILES_CONFLICT;
	if (og_mut_taken(m, PROFILER_VOLUME, PROFILER_DIR) ||
		!og_mut_merge(m, OG_FROM_AGENT, name, OG_SV(""),
			OG_SV(" -javaagent:" PROFILER_DIR "/pyroscope.jar"), ours))
		return OG_PROFILES_BLOCKED;
	add_agent_objects(m, PROFILER_VOLUME, PROFILER_DIR,
		m->profile->languages[OG_LANG_JAVA].profiler_image, cmd,
		"copies the Pyroscope agent for Java");
	(void)og_mut_env(
		m, OG_ENV_ADD_LAST, OG_FROM_AGENT, OG_SV("PYROSCOPE_FORMAT"), OG_SV("jfr"));
	profiler_env(m);
	return OG_PROFILES_AGENT;
}

void og_mut_profiles(struct og_mut *m)
{
	struct og_plan_container *pc = m->pc;
	enum og_signal_mode mode = m->plan->signals[OG_SIGNAL_PROFILES];
	if (mode == OG_MODE_OFF)
		return;
	if (m->profile->profiles_via == OG_PROFILES_VIA_EBPF) {
		pc->profiles = OG_PROFILES_EBPF;
		/* grafana/k8s-monitoring-helm, feature-profiling */
		og_plan_annotation(m, OG_SV("profiles.grafana.com/cpu.ebpf.enabled"), OG_SV("true"),
			"Alloy's eBPF profiler picks the pod by it");
		/* an annotation cannot refer to a variable */
		bool refers = pc->service_name_by_user && og_sv_has(pc->service_name, OG_SV("$("));
		if (pc->service_name.n && !refers)
			og_plan_annotation(m, OG_SV("resource.opentelemetry.io/service.name"),
				pc->service_name,
				"profiles arrive under the same name as the rest");
		return;
	}
	pc->profiles = agent_state(m);
	if (pc->profiles == OG_PROFILES_AGENT)
		pc->profiles = java_profiler(m);
	else if (pc->profiles == OG_PROFILES_ENV_ONLY)
		profiler_env(m);
	if (pc->profiles != OG_PROFILES_AGENT && pc->profiles != OG_PROFILES_ENV_ONLY)
		og_mut_finding(m, mode == OG_MODE_EXPECTED ? "OG320" : "OG319", og_mut_place(m),
			"%s; metrics, traces and logs are not affected",
			og_profiles_state_text(pc->profiles));
}
