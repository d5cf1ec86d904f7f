/* SPDX-License-Identifier: Apache-2.0 */
/* Settings from annotations: signals, which containers, which language in which of them. */
#include "plan-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/core/fields.h"
#include "otelgate/core/optin_edit.h"

#include <stdlib.h>

bool og_glob(struct og_sv pattern, struct og_sv s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, mark = 0;
	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = i;
		} else if (p < pattern.n && (pattern.p[p] == s.p[i] || pattern.p[p] == '?')) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* Mistakes of one list that are reported; the rest of a hostile list is only skipped. */
enum { MAX_MISTAKES = 20 };

static struct og_sv key_place(struct og_arena *a, enum og_level level, enum og_key key)
{
	return og_svz(og_arena_fmt(a, "%s %s", og_level_name(level), og_key_def(key)->name));
}

/* --- signals ------------------------------------------------------------------------------- */

static int signal_item(
	struct og_sv item, enum og_signal *ret, enum og_signal_mode *ret_mode, struct og_err *err)
{
	size_t eq = og_sv_chr(item, '=');
	struct og_sv word = og_sv_trim(og_sv(item.p, eq));
	enum og_signal s = OG_SIGNAL_METRICS;
	enum og_signal_mode mode = OG_MODE_EXPECTED;
	if (!og_signal_parse(word, &s)) {
		const char *near = og_suggest(word, og_words_signal, OG_SIGNAL_COUNT_);
		return og_err_set(err, OG_E_INVALID, "\"%.*s\" is no signal; %s%s%s",
			OG_SV_ARG(word),
			near ? "did you mean " : "the signals are metrics, traces, logs, profiles",
			near ? near : "", near ? "?" : "");
	}
	if (eq < item.n) {
		struct og_sv m = og_sv_trim(og_sv(item.p + eq + 1, item.n - eq - 1));
		if (!og_signal_mode_parse(m, &mode)) {
			const char *near = og_suggest(m, og_words_signal_mode, OG_MODE_STDOUT + 1);
			return og_err_set(err, OG_E_INVALID, "\"%.*s\" is no mode of %s%s%s%s",
				OG_SV_ARG(m), og_signal_name(s), near ? "; did you mean " : "",
				near ? near : "",
				near		      ? "?"
				: s == OG_SIGNAL_LOGS ? "; write expected, optional, off or stdout"
						      : "; write expected, optional or off");
		}
		if (mode == OG_MODE_STDOUT && s != OG_SIGNAL_LOGS)
			return og_err_set(err, OG_E_INVALID,
				"stdout is a mode of logs only; write expected, optional or off for %s",
				og_signal_name(s));
	}
	*ret = s;
	*ret_mode = mode;
	return 0;
}

/* False when the item is a mistake. */
static bool one_signal(struct og_plan *p, struct og_arena *a, struct og_sv item, struct og_sv place)
{
	struct og_err err = OG_ERR_INIT;
	enum og_signal_mode mode = OG_MODE_OFF;
	enum og_signal s = OG_SIGNAL_METRICS;
	if (signal_item(item, &s, &mode, &err) < 0) {
		og_findings_addf(&p->findings, a, "OG203", place, "%s", err.msg);
		return false;
	}
	p->signals[s] = mode;
	return true;
}

int og_optin_signals_check(struct og_sv list, struct og_err *err)
{
	struct og_sv item;
	enum og_signal_mode mode = OG_MODE_OFF;
	enum og_signal s = OG_SIGNAL_METRICS;
	int r = og_sv_trim(list).n ? 0 : og_err_set(err, OG_E_INVALID, "the list is empty");
	while (r == 0 && og_sv_split(&list, ',', &item))
		r = signal_item(og_sv_trim(item), &s, &mode, err);
	return r;
}

void og_settings_signals(struct og_plan *p, struct og_arena *a)
{
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		p->signals[s] = p->profile->signals[s];
	enum og_level level;
	struct og_said said = og_optin_setting(&p->optin, OG_KEY_SIGNALS, &level);
	if (!said.said)
		return;
	struct og_sv place = key_place(a, level, OG_KEY_SIGNALS);
	struct og_sv rest = said.value, item;
	if (!rest.n)
		og_findings_addf(
			&p->findings, a, "OG203", place, "the list is empty; it is ignored");
	for (uint32_t wrong = 0; wrong < MAX_MISTAKES && og_sv_split(&rest, ',', &item);)
		wrong += !one_signal(p, a, og_sv_trim(item), place);
}

/* --- containers ---------------------------------------------------------------------------- */

/*
 * Proxies and agents that other systems put beside an application. A name here is skipped unless
 * otelgate.dev/containers names it.
 */
static const struct {
	const char *pattern, *what;
} sidecars[] = {
	{"istio-proxy", "Istio's proxy"},
	{"istio-validation", "Istio's init check"},
	{"istio-init", "Istio's init container"},
	{"linkerd-proxy", "Linkerd's proxy"},
	{"linkerd-init", "Linkerd's init container"},
	{"linkerd-debug", "Linkerd's debug container"},
	{"linkerd-network-validator", "Linkerd's init check"},
	{"consul-dataplane", "Consul's proxy"},
	{"consul-connect-*", "Consul's proxy"},
	{"envoy-sidecar", "an Envoy proxy"},
	{"kuma-sidecar", "Kuma's proxy"},
	{"kuma-init", "Kuma's init container"},
	{"osm-init", "Open Service Mesh's init container"},
	{"aws-appmesh-*", "App Mesh's proxy"},
	{"vault-agent", "Vault's agent"},
	{"vault-agent-init", "Vault's agent"},
	{"cloudsql-proxy", "the Cloud SQL proxy"},
	{"cloud-sql-proxy", "the Cloud SQL proxy"},
	{"daprd", "Dapr's sidecar"},
	{"otc-container", "an OpenTelemetry collector"},
	{"opentelemetry-auto-instrumentation*", "the OpenTelemetry Operator's agent"},
	{"fluent-bit", "a log shipper"},
	{"fluentd", "a log shipper"},
	{"filebeat", "a log shipper"},
	{"datadog-agent*", "Datadog's agent"},
	{"gke-gcsfuse-*", "a GKE storage sidecar"},
	{"secrets-store-*", "a secrets driver"},
};

static const char *known_sidecar(struct og_sv name)
{
	for (size_t i = 0; i < OG_COUNT(sidecars); i++)
		if (og_glob(og_svz(sidecars[i].pattern), name))
			return sidecars[i].what;
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct og_plan_container *const *x = a, *const *y = b;
	return og_sv_cmp((*x)->c.name, (*y)->c.name);
}

/* The containers in order of their names: lists in annotations can be long. */
struct names {
	struct og_plan_container **v;
	uint32_t n;
};

static struct names sort_names(const struct og_plan *p, struct og_arena *a)
{
	struct names ns = {.n = p->ncontainers};
	ns.v = og_arena_new_n(a, ns.n ? ns.n : 1, struct og_plan_container *);
	if (!ns.v)
		return (struct names){NULL, 0}; /* the arena remembers: the plan is not used */
	for (uint32_t i = 0; i < ns.n; i++)
		ns.v[i] = &p->containers[i];
	qsort(ns.v, ns.n, sizeof(*ns.v), by_name);
	return ns;
}

static struct og_plan_container *find(const struct names *ns, struct og_sv name)
{
	struct og_plan_container key = {.c.name = name}, *at = &key;
	struct og_plan_container **hit = NULL;
	if (ns->n)
		hit = bsearch(&at, ns->v, ns->n, sizeof(*ns->v), by_name);
	return hit ? *hit : NULL;
}

static void unknown_container(
	struct og_plan *p, struct og_arena *a, struct og_sv name, struct og_sv place)
{
	struct og_buf list = OG_BUF_INIT(2048);
	const char **names = og_arena_new_n(a, p->ncontainers ? p->ncontainers : 1, const char *);
	for (uint32_t i = 0; names && i < p->ncontainers; i++) {
		struct og_sv n = p->containers[i].c.name;
		names[i] = og_arena_strndup(a, n.p, n.n);
		og_buf_fmt(&list, "%s%.*s", i ? ", " : "", OG_SV_ARG(n));
	}
	const char *near = names ? og_suggest(name, names, p->ncontainers) : NULL;
	og_findings_addf(&p->findings, a, "OG205", place,
		"the pod has no container \"%.*s\"; %s%s%sits containers are: %.*s",
		OG_SV_ARG(name), near ? "did you mean " : "", near ? near : "", near ? "? " : "",
		OG_SV_ARG(og_buf_view(&list)));
	og_buf_fini(&list);
}

/* Marks the containers that the list names; with `place`, reports names that are none. */
static bool *mark(struct og_plan *p, struct og_arena *a, const struct names *ns, struct og_sv list,
	const struct og_sv *place)
{
	struct og_sv item;
	uint32_t wrong = 0;
	bool *is = og_arena_new_n(a, p->ncontainers ? p->ncontainers : 1, bool);
	while (is && og_sv_split(&list, ',', &item)) {
		item = og_sv_trim(item);
		const struct og_plan_container *pc = item.n ? find(ns, item) : NULL;
		if (pc)
			is[pc - p->containers] = true;
		else if (item.n && place && wrong++ < MAX_MISTAKES)
			unknown_container(p, a, item, *place);
	}
	return is;
}

static bool skipped_by_profile(const struct og_profile *pr, struct og_sv name)
{
	for (uint32_t i = 0; i < pr->nskip_containers; i++)
		if (og_glob(pr->skip_containers[i], name))
			return true;
	return false;
}

static void decide_target(const struct og_plan *p, struct og_plan_container *pc, bool named,
	bool has_named, bool excluded)
{
	struct og_sv name = pc->c.name;
	const char *what;
	if (excluded) {
		pc->skip = OG_SKIP_EXCLUDED;
		pc->skip_note = OG_SV(OG_PREFIX "exclude-containers names it");
	} else if (has_named) {
		if (!named) {
			pc->skip = OG_SKIP_NOT_NAMED;
			pc->skip_note = p->optin.compat
						? OG_SV("container-names names others")
						: OG_SV(OG_PREFIX "containers names others");
		}
	} else if (og_sv_starts(name, OG_SV("otelgate-"))) {
		pc->skip = OG_SKIP_OWN;
		pc->skip_note = OG_SV("it belongs to otelgate");
	} else if ((what = known_sidecar(name))) {
		pc->skip = OG_SKIP_SIDECAR;
		pc->skip_note = og_svz(what);
	} else if (skipped_by_profile(p->profile, name)) {
		pc->skip = OG_SKIP_SIDECAR;
		pc->skip_note = OG_SV("the profile's containers.skip names it");
	} else if (pc->c.init) {
		pc->skip = OG_SKIP_INIT;
		pc->skip_note = pc->c.sidecar
					? OG_SV("a native sidecar is injected only when named")
					: OG_SV("init containers are injected only when named");
	}
}

/* Nothing but commas and white space. */
static bool blank_list(struct og_sv list)
{
	for (size_t i = 0; i < list.n; i++)
		if (!strchr(", \t\r\n", list.p[i]))
			return false;
	return true;
}

/* The container names of all languages that the operator's annotations name. */
static bool compat_names(const struct og_optin *o, struct og_arena *a, struct og_said *ret)
{
	struct og_sv all = og_sv("", 0);
	for (uint32_t i = 0; i < o->ncompat_languages; i++) {
		struct og_sv names = o->compat_languages[i].containers;
		if (!names.n)
			return false; /* every container */
		all = all.n ? og_svz(og_arena_fmt(a, "%.*s,%.*s", OG_SV_ARG(all), OG_SV_ARG(names)))
			    : names;
	}
	if (!all.n)
		return false;
	*ret = (struct og_said){true, false, all};
	return true;
}

void og_settings_targets(struct og_plan *p, struct og_arena *a)
{
	enum og_level level = OG_LEVEL_TEMPLATE, xlevel = OG_LEVEL_TEMPLATE;
	struct og_said named = og_optin_setting(&p->optin, OG_KEY_CONTAINERS, &level);
	struct og_said excluded = og_optin_setting(&p->optin, OG_KEY_EXCLUDE, &xlevel);
	bool compat = !named.said && compat_names(&p->optin, a, &named);
	struct og_sv named_place =
		compat ? OG_SV("annotation instrumentation.opentelemetry.io/container-names")
		       : key_place(a, level, OG_KEY_CONTAINERS);
	if (named.said && blank_list(named.value)) {
		og_findings_addf(&p->findings, a, "OG203", key_place(a, level, OG_KEY_CONTAINERS),
			"the list is empty; it is ignored");
		named.said = false;
	}
	if (excluded.said && blank_list(excluded.value))
		og_findings_addf(&p->findings, a, "OG203", key_place(a, xlevel, OG_KEY_EXCLUDE),
			"the list is empty; it is ignored");
	/* a list on the namespace is for many pods; not each of them has every name */
	struct og_sv xplace = key_place(a, xlevel, OG_KEY_EXCLUDE);
	struct names ns = sort_names(p, a);
	const bool *in = mark(p, a, &ns, named.said ? named.value : og_sv("", 0),
		level != OG_LEVEL_NAMESPACE ? &named_place : NULL);
	const bool *out = mark(p, a, &ns, excluded.said ? excluded.value : og_sv("", 0),
		xlevel != OG_LEVEL_NAMESPACE ? &xplace : NULL);
	for (uint32_t i = 0; in && out && i < p->ncontainers; i++)
		decide_target(p, &p->containers[i], in[i], named.said, out[i]);
}

/* --- languages ----------------------------------------------------------------------------- */

struct said_language {
	enum og_language language;
	enum og_libc libc;
	struct og_sv container; /* empty = all */
};

/* "[container=]language[/libc]"; false when it is a mistake. */
static bool read_language(struct og_plan *p, struct og_arena *a, struct og_sv item,
	struct og_sv place, struct said_language *ret)
{
	size_t eq = og_sv_chr(item, '=');
	struct og_sv rest = eq < item.n ? og_sv(item.p + eq + 1, item.n - eq - 1) : item;
	size_t slash = og_sv_chr(rest, '/');
	struct og_sv word = og_sv_trim(og_sv(rest.p, slash));
	*ret = (struct said_language){.libc = OG_LIBC_UNKNOWN};
	if (eq < item.n)
		ret->container = og_sv_trim(og_sv(item.p, eq));
	if (eq < item.n && !ret->container.n) {
		og_findings_addf(&p->findings, a, "OG203", place,
			"an item has no container before its \"=\"; it is ignored");
		return false;
	}
	if (!og_language_parse(word, &ret->language) || ret->language == OG_LANG_NONE) {
		const struct og_field all = {.words = og_words_language, .first_word = 1};
		const char *near = og_suggest(word, og_words_language + 1, OG_LANG_COUNT_ - 1);
		og_auto_buf struct og_buf list = OG_BUF_INIT(256);
		og_field_words_text(&all, &list);
		og_findings_addf(&p->findings, a, "OG203", place, "\"%.*s\" is no language; %s%s%s",
			OG_SV_ARG(word), near ? "did you mean " : "write ",
			near	 ? near
			: list.p ? list.p
				 : "another one",
			near ? "?" : "");
		return false;
	}
	if (slash == rest.n)
		return true;
	struct og_sv l = og_sv_trim(og_sv(rest.p + slash + 1, rest.n - slash - 1));
	if (og_libc_parse(l, &ret->libc))
		return true;
	og_findings_addf(&p->findings, a, "OG203", place,
		"\"%.*s\" is no C library; write %.*s/glibc or %.*s/musl", OG_SV_ARG(l),
		OG_SV_ARG(word), OG_SV_ARG(word));
	return false;
}

/* One pass over the list: with names, the items that name a container, else the others. */
static void set_languages(struct og_plan *p, struct og_arena *a, struct og_sv rest,
	struct og_sv place, const struct names *ns)
{
	struct said_language all = {.language = OG_LANG_NONE}, one;
	struct og_sv item;
	for (uint32_t wrong = 0; wrong < MAX_MISTAKES && og_sv_split(&rest, ',', &item);) {
		item = og_sv_trim(item);
		if ((og_sv_chr(item, '=') < item.n) != (ns != NULL))
			continue;
		if (!read_language(p, a, item, place, &one)) {
			wrong++;
		} else if (!one.container.n) {
			all = one;
		} else {
			struct og_plan_container *pc = find(ns, one.container);
			if (pc) {
				pc->language = one.language;
				pc->libc = one.libc;
			} else {
				unknown_container(p, a, one.container, place);
				wrong++;
			}
		}
	}
	for (uint32_t i = 0; all.language != OG_LANG_NONE && i < p->ncontainers; i++) {
		p->containers[i].language = all.language;
		p->containers[i].libc = all.libc;
	}
}

static bool in_list(struct og_sv list, struct og_sv name)
{
	struct og_sv item;
	while (og_sv_split(&list, ',', &item))
		if (og_sv_eq(og_sv_trim(item), name))
			return true;
	return false;
}

void og_settings_languages(struct og_plan *p, struct og_arena *a)
{
	enum og_level level;
	struct og_said said = og_optin_setting(&p->optin, OG_KEY_LANGUAGE, &level);
	if (said.said) {
		struct og_sv place = key_place(a, level, OG_KEY_LANGUAGE);
		if (!said.value.n)
			og_findings_addf(&p->findings, a, "OG203", place,
				"the list is empty; it is ignored");
		/* first those for every container, then the ones that name a container */
		struct names ns = sort_names(p, a);
		set_languages(p, a, said.value, place, NULL);
		set_languages(p, a, said.value, place, &ns);
	}
	for (uint32_t i = 0; i < p->ncontainers; i++) {
		struct og_plan_container *pc = &p->containers[i];
		for (uint32_t k = 0; k < p->optin.ncompat_languages && !said.said; k++) {
			const struct og_compat_language *l = &p->optin.compat_languages[k];
			if (l->containers.n && !in_list(l->containers, pc->c.name))
				continue;
			if (pc->language != OG_LANG_NONE)
				continue; /* the first one that names it */
			pc->language = l->language;
			pc->libc = l->libc;
		}
		if (pc->libc == OG_LIBC_UNKNOWN)
			pc->libc = p->profile->languages[pc->language].libc;
	}
}

/* --- settings that others act on: here they are only checked ------------------------------- */

static void check_word(
	struct og_plan *p, struct og_arena *a, enum og_key key, const char *const *words, size_t n)
{
	enum og_level level;
	struct og_said said = og_optin_setting(&p->optin, key, &level);
	for (size_t i = 0; i < n && said.said; i++)
		if (og_sv_eq(said.value, og_svz(words[i])))
			return;
	if (!said.said)
		return;
	const char *near = og_suggest(said.value, words, n);
	og_findings_addf(&p->findings, a, "OG203", key_place(a, level, key),
		"\"%.*s\" is no value of it; %s%s%s", OG_SV_ARG(said.value),
		near ? "did you mean " : "write ", near ? near : og_key_def(key)->values,
		near ? "?" : "");
}

void og_settings_others(struct og_plan *p, struct og_arena *a)
{
	static const char *const restart[] = {"never", "suggest", "managed"};
	static const char *const policy[] = {"auto", "off"};
	check_word(p, a, OG_KEY_RESTART, restart, OG_COUNT(restart));
	check_word(p, a, OG_KEY_NETWORK_POLICY, policy, OG_COUNT(policy));
	enum og_level level;
	struct og_said said = og_optin_setting(&p->optin, OG_KEY_IGNORE, &level);
	struct og_sv rest = said.said ? said.value : og_sv("", 0), item;
	for (uint32_t wrong = 0; wrong < MAX_MISTAKES && og_sv_split(&rest, ',', &item);) {
		item = og_sv_trim(item);
		struct og_sv id = og_sv(item.p, og_sv_chr(item, ' ')); /* a reason may follow */
		if (!id.n || og_finding_def(id))
			continue;
		wrong++;
		og_findings_addf(&p->findings, a, "OG203", key_place(a, level, OG_KEY_IGNORE),
			"\"%.*s\" is no finding; `otelgate explain list` names them",
			OG_SV_ARG(id));
	}
}
