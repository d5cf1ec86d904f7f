/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opt-in by the OpenTelemetry Operator's annotations. Precedence between pod and namespace is the
 * operator's (its documentation of inject-* values): a pod value other than "true" wins; pod "true"
 * takes an instance name from the namespace; an empty side leaves the decision to the other.
 */
#include "otelgate/base/mem.h"
#include "otelgate/core/plan.h"
#include "optin-priv.h"

#define OPERATOR "instrumentation.opentelemetry.io/"

static const struct {
	const char *key, *containers_key;
	enum og_language language;
} rows[] = {
	/* the operator's fixed order of look-up */
	{OPERATOR "inject-java", OPERATOR "java-container-names", OG_LANG_JAVA},
	{OPERATOR "inject-nodejs", OPERATOR "nodejs-container-names", OG_LANG_NODEJS},
	{OPERATOR "inject-python", OPERATOR "python-container-names", OG_LANG_PYTHON},
	{OPERATOR "inject-dotnet", OPERATOR "dotnet-container-names", OG_LANG_DOTNET},
	{OPERATOR "inject-go", OPERATOR "go-container-names", OG_LANG_GO},
	{OPERATOR "inject-sdk", OPERATOR "sdk-container-names", OG_LANG_OTHER},
};

static struct og_sv effective(
	const struct og_meta *pod, const struct og_facts *facts, const char *key)
{
	const struct og_sv *p = og_kvs_get(&pod->annotations, og_svz(key));
	const struct og_sv *n = facts->ns.known ? og_kvs_get(&facts->ns.annotations, og_svz(key))
						: NULL;
	struct og_sv pv = p ? og_sv_trim(*p) : og_sv("", 0);
	struct og_sv nv = n ? og_sv_trim(*n) : og_sv("", 0);
	if (!nv.n || (pv.n && !og_sv_caseeq(pv, OG_SV("true"))))
		return pv;
	if (!pv.n)
		return nv;
	return og_sv_caseeq(nv, OG_SV("false")) ? pv : nv;
}

static const struct og_profile *compat_profile(const struct og_config *c)
{
	if (c->default_profile && c->default_profile->compat == OG_COMPAT_OTEL_OPERATOR)
		return c->default_profile;
	for (uint32_t i = 0; i < c->nprofiles; i++)
		if (c->profiles[i].compat == OG_COMPAT_OTEL_OPERATOR)
			return &c->profiles[i];
	return NULL;
}

/* "instance" or "namespace/instance" may be the name of one of our profiles. */
static const struct og_profile *named(const struct og_config *c, struct og_sv value)
{
	size_t slash = og_sv_chr(value, '/');
	if (slash < value.n)
		value = og_sv(value.p + slash + 1, value.n - slash - 1);
	return og_config_profile(c, value);
}

static void read_platform(const struct og_meta *pod, const struct og_facts *facts,
	struct og_arena *arena, struct og_findings *findings, struct og_compat_language *l)
{
	const char *key = l->language == OG_LANG_PYTHON	  ? OPERATOR "otel-python-platform"
			  : l->language == OG_LANG_DOTNET ? OPERATOR "otel-dotnet-auto-runtime"
							  : NULL;
	if (!key)
		return;
	struct og_sv v = effective(pod, facts, key);
	if (!v.n || og_sv_is(v, "glibc") || og_sv_is(v, "linux-x64"))
		l->libc = OG_LIBC_GLIBC; /* the operator's default */
	else if (og_sv_is(v, "musl") || og_sv_is(v, "linux-musl-x64"))
		l->libc = OG_LIBC_MUSL;
	else
		og_findings_addf(findings, arena, "OG203",
			og_svz(og_arena_fmt(arena, "annotation %s", key)),
			"\"%.*s\" is no platform: write %s; the agent is not put in, environment only",
			OG_SV_ARG(v),
			l->language == OG_LANG_PYTHON ? "glibc or musl"
						      : "linux-x64 or linux-musl-x64");
}

/* The operator's values are names of its Instrumentation objects, which otelgate does not read. */
static void choose_profile(const struct og_config *config, const struct og_profile *compat,
	struct og_sv value, const char *key, struct og_arena *arena, struct og_findings *findings,
	struct og_optin *o)
{
	const struct og_profile *p = og_sv_caseeq(value, OG_SV("true")) ? compat
									: named(config, value);
	o->why = "compatible with the OpenTelemetry Operator";
	o->profile = p ? p : compat;
	if (!p)
		og_findings_addf(findings, arena, "OG208",
			og_svz(og_arena_fmt(arena, "annotation %s", key)),
			"there is no profile \"%.*s\"; the profile \"%.*s\" is used",
			OG_SV_ARG(value), OG_SV_ARG(compat->name));
}

void og_optin_compat(const struct og_config *config, const struct og_meta *pod,
	const struct og_facts *facts, struct og_arena *arena, struct og_findings *findings,
	struct og_optin *o)
{
	const struct og_profile *profile = compat_profile(config);
	if (!profile)
		return;
	enum og_level level = OG_LEVEL_COUNT_;
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		struct og_sv v = effective(pod, facts, rows[i].key);
		if (!v.n)
			continue;
		bool on_pod = og_kvs_get(&pod->annotations, og_svz(rows[i].key)) != NULL;
		o->level = on_pod ? OG_LEVEL_TEMPLATE : OG_LEVEL_NAMESPACE;
		if (og_sv_caseeq(v, OG_SV("false"))) {
			o->reason = OG_REASON_OPTED_OUT;
			continue;
		}
		struct og_compat_language l = {.language = rows[i].language};
		l.containers = effective(pod, facts, rows[i].containers_key);
		if (!l.containers.n)
			l.containers = effective(pod, facts, OPERATOR "container-names");
		if (o->compat && (!l.containers.n || !o->compat_languages[0].containers.n)) {
			og_findings_addf(findings, arena, "OG203",
				og_svz(og_arena_fmt(arena, "annotation %s", rows[i].key)),
				"several languages are asked for, and not each of them names its containers; only the first is taken: write %s",
				rows[i].containers_key);
			continue;
		}
		read_platform(pod, facts, arena, findings, &l);
		o->compat_languages[o->ncompat_languages++] = l;
		if (o->compat)
			continue;
		choose_profile(config, profile, v, rows[i].key, arena, findings, o);
		o->compat = o->in = true;
		o->reason = OG_REASON_INJECTED;
		o->compat_key = og_svz(rows[i].key);
		level = o->level;
	}
	if (o->compat)
		o->level = level; /* of the key that opted in, not of a later "false" */
	o->reason = o->compat ? OG_REASON_INJECTED : o->reason;
}
