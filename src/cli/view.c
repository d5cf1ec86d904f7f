/* SPDX-License-Identifier: Apache-2.0 */
/* How a plan's parts are shown to people. */
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "view-priv.h"

const char *og_view_decision(const struct og_in_object *o, bool uninject)
{
	if (uninject)
		return o->changed ? "removed" : "unchanged";
	if (!o->plan)
		return "passed-through";
	if (o->plan->reason == OG_REASON_INJECTED)
		return "injected";
	return o->plan->reason == OG_REASON_UP_TO_DATE ? "up-to-date" : "skipped";
}

uint32_t og_view_nset(const struct og_plan_container *c)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < c->nenv; i++)
		n += c->env[i].action <= OG_ENV_MERGE;
	return n;
}

static bool has_any(struct og_sv text, const char *const *words)
{
	for (; *words; words++) {
		struct og_sv w = og_svz(*words);
		for (size_t i = 0; i + w.n <= text.n; i++)
			if (og_sv_caseeq(og_sv(text.p + i, w.n), w))
				return true;
	}
	return false;
}

/* https://user:password@host */
static bool has_userinfo(struct og_sv text)
{
	for (size_t i = 0; i + 3 < text.n; i++) {
		if (memcmp(text.p + i, "://", 3) != 0)
			continue;
		struct og_sv rest = og_sv(text.p + i + 3, text.n - i - 3);
		size_t at = og_sv_chr(rest, '@');
		if (at < rest.n && og_sv_chr(rest, ':') < at && og_sv_chr(rest, '/') > at)
			return true;
	}
	return false;
}

bool og_view_is_secret(struct og_sv name, struct og_sv value)
{
	static const char *const names[] = {"HEADERS", "TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE",
		"SECRET", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL", "AUTH",
		"COOKIE", NULL};
	/* glc_, glsa_: tokens of Grafana Cloud and of a Grafana service account */
	static const char *const values[] = {"bearer ", "basic ", "bearer%20", "basic%20",
		"authorization=", "api-key=", "glc_", "glsa_", "-----begin ", NULL};
	/* one reference and nothing else shows nothing */
	bool reference = og_sv_starts(value, OG_SV("$(")) && og_sv_chr(value, ')') + 1 == value.n;
	return !reference &&
	       (has_any(name, names) || has_any(value, values) || has_userinfo(value));
}

/* "$(NAME)" is a reference and shows nothing of the value. */
static void reference(struct og_buf *b, struct og_jval from, struct og_arena *arena)
{
	static const struct {
		const char *member, *what, *key;
	} forms[] = {
		{"secretKeyRef", "Secret", "key"},
		{"configMapKeyRef", "ConfigMap", "key"},
		{"fieldRef", "field", "fieldPath"},
		{"resourceFieldRef", "resource", "resource"},
	};
	for (size_t i = 0; i < OG_COUNT(forms); i++) {
		struct og_jval ref = og_jget(from, og_svz(forms[i].member));
		if (og_junset(ref))
			continue;
		struct og_sv name = og_jstr_or_empty(og_jgetl(ref, "name"), arena);
		og_buf_fmt(b, "<%s ", forms[i].what);
		og_text_safe(b, name);
		og_buf_str(b, name.n ? ", key " : "");
		og_text_safe(b, og_jstr_or_empty(og_jget(ref, og_svz(forms[i].key)), arena));
		if (og_jis(og_jgetl(ref, "optional"), OG_J_TRUE))
			og_buf_lit(b, ", optional");
		og_buf_ch(b, '>');
		return;
	}
	og_buf_lit(b, "<by reference>");
}

void og_view_value(struct og_buf *b, const struct og_plan_env *e, struct og_arena *arena)
{
	struct og_jdoc d;
	if (e->action == OG_ENV_OFF) {
		og_buf_lit(b, "<not written>");
	} else if (e->action == OG_ENV_KEEP) {
		og_buf_lit(b, "<your value>");
	} else if (e->json.n) {
		if (og_jdoc_parse(&d, arena, e->json, NULL, NULL) == 0)
			reference(b, og_jgetl(og_jroot(&d), "valueFrom"), arena);
		else
			og_buf_lit(b, "<by reference>");
	} else if (e->action == OG_ENV_MERGE && e->keep_len &&
		   e->keep_off + (size_t)e->keep_len <= e->value.n) {
		size_t end = e->keep_off + (size_t)e->keep_len;
		og_text_safe(b, og_sv(e->value.p, e->keep_off));
		og_buf_lit(b, "<your value>");
		og_text_safe(b, og_sv(e->value.p + end, e->value.n - end));
	} else if (og_view_is_secret(e->name, e->value)) {
		og_buf_lit(b, "<not shown>");
	} else {
		og_text_safe(b, e->value);
	}
}

const char *og_view_action(enum og_env_action a)
{
	switch (a) {
	case OG_ENV_ADD_FIRST:
	case OG_ENV_ADD_LAST:
		return "added";
	case OG_ENV_MERGE:
		return "merged";
	case OG_ENV_KEEP:
		return "kept";
	case OG_ENV_OFF:
		break;
	}
	return "off";
}

static void named(struct og_buf *b, const char *what, struct og_sv name, const char *part)
{
	og_buf_fmt(b, "%s \"", what);
	og_text_safe(b, name);
	og_buf_fmt(b, "\": %s", part);
}

void og_view_origin(struct og_buf *b, const struct og_plan *p, const struct og_plan_env *e)
{
	static const char *const texts[OG_ORIGIN_COUNT_] = {
		[OG_FROM_USER] = "the container's own env",
		[OG_FROM_ENV_FROM] = "a ConfigMap of the container's envFrom",
		[OG_FROM_LANGUAGE] = "env of the language",
		[OG_FROM_PROFILE] = "spec.sdk.env",
		[OG_FROM_AGENT] = "the language agent",
		[OG_FROM_STACK] = "receiver",
		[OG_FROM_SDK] = "spec.sdk",
		[OG_FROM_SIGNALS] = "signals",
		[OG_FROM_IDENTITY] = "the workload's identity",
		[OG_FROM_HELPER] = "the pod's own field, a helper",
	};
	const char *text = (unsigned)e->origin < OG_ORIGIN_COUNT_ ? texts[e->origin] : "unknown";
	const struct og_profile *pr = p->profile;
	switch (e->origin) {
	case OG_FROM_STACK:
		if (pr && pr->stack)
			named(b, "stack", pr->stack->name,
				e->json.n ? "credentials, by reference" : text);
		else
			og_buf_str(b, "the stack");
		return;
	case OG_FROM_LANGUAGE:
	case OG_FROM_PROFILE:
	case OG_FROM_SDK:
	case OG_FROM_SIGNALS:
		if (pr)
			named(b, "profile", pr->name, text);
		else
			og_buf_str(b, text);
		return;
	default:
		og_buf_str(b, text);
	}
}

struct og_sv og_view_ns(const struct og_in_object *o)
{
	if (o->meta.ns.n || !o->plan)
		return o->meta.ns;
	return o->plan->facts.namespace_name;
}

static enum og_style severity_style(enum og_severity s)
{
	return s == OG_SEV_ERROR     ? OG_STYLE_RED
	       : s == OG_SEV_WARNING ? OG_STYLE_YELLOW
				     : OG_STYLE_CYAN;
}

void og_view_finding(struct og_buf *b, const struct og_in_object *o, const struct og_finding *f,
	struct og_arena *arena, bool colour)
{
	og_buf_str(b, og_in_place(o->doc, o->v, arena));
	og_buf_lit(b, ": ");
	og_style_str(
		b, colour, severity_style(f->def->severity), og_severity_name(f->def->severity));
	og_buf_fmt(b, " %s %s: ", f->def->id, f->def->slug);
	og_in_title(b, o);
	if (f->place.n) {
		og_buf_lit(b, ", ");
		og_text_safe(b, f->place);
	}
	og_buf_lit(b, ": ");
	if (f->detail.n)
		og_text_safe(b, f->detail);
	else
		og_buf_str(b, f->def->title);
	og_buf_ch(b, '\n');
}
