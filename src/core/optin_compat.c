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
	struct og_arena *arena, struct og_findings *findings, struct og_optin *o)
{
	const char *key = o->compat_language == OG_LANG_PYTHON	 ? OPERATOR "otel-python-platform"
			  : o->compat_language == OG_LANG_DOTNET ? OPERATOR
				  "otel-dotnet-auto-runtime"
								 : NULL;
	if (!key)
		return;
	struct og_sv v = effective(pod, facts, key);
	if (!v.n || og_sv_is(v, "glibc") || og_sv_is(v, "linux-x64"))
		o->compat_libc = OG_LIBC_GLIBC; /* the operator's default */
	else if (og_sv_is(v, "musl") || og_sv_is(v, "linux-musl-x64"))
		o->compat_libc = OG_LIBC_MUSL;
	else
		og_findings_addf(findings, arena, "OG203",
			og_svz(og_arena_fmt(arena, "annotation %s", key)),
			"\"%.*s\" is no platform: write %s; the agent is not put in, environment only",
			OG_SV_ARG(v),
			o->compat_language == OG_LANG_PYTHON ? "glibc or musl"
							     : "linux-x64 or linux-musl-x64");
}

void og_optin_compat(const struct og_config *config, const struct og_meta *pod,
	const struct og_facts *facts, struct og_arena *arena, struct og_findings *findings,
	struct og_optin *o)
{
	const struct og_profile *profile = compat_profile(config);
	if (!profile)
		return;
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
		if (o->compat) {
			og_findings_addf(findings, arena, "OG203",
				og_svz(og_arena_fmt(arena, "annotation %s", rows[i].key)),
				"several languages are asked for; only the first is taken: use " OG_PREFIX
				"language with container=language pairs");
			continue;
		}
		const struct og_profile *p = og_sv_caseeq(v, OG_SV("true")) ? profile
									    : named(config, v);
		o->profile = p ? p : profile;
		o->why = "compatible with the OpenTelemetry Operator";
		o->compat = o->in = true;
		o->reason = OG_REASON_INJECTED;
		o->compat_key = og_svz(rows[i].key);
		o->compat_language = rows[i].language;
		o->compat_containers = effective(pod, facts, rows[i].containers_key);
		if (!o->compat_containers.n)
			o->compat_containers = effective(pod, facts, OPERATOR "container-names");
		read_platform(pod, facts, arena, findings, o);
	}
}
