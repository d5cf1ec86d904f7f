/* SPDX-License-Identifier: Apache-2.0 */
/* One object's decision as JSON: the rows of --report json and of explain -o json. */
#include "otelgate/cli/term.h"
#include "otelgate/codec/jwrite.h"
#include "view-priv.h"

/* Members of objects, with the comma where one is needed. */
static void key(struct og_buf *b, const char *name)
{
	char last = b->len ? b->p[b->len - 1] : '\0';
	if (last != '{' && last != '[')
		og_buf_ch(b, ',');
	og_jw_str(b, og_svz(name));
	og_buf_ch(b, ':');
}

static void comma(struct og_buf *b)
{
	if (b->len && b->p[b->len - 1] != '[')
		og_buf_ch(b, ',');
}

static void str(struct og_buf *b, const char *name, struct og_sv v)
{
	if (!v.n)
		return;
	key(b, name);
	og_jw_str(b, v);
}

static void strz(struct og_buf *b, const char *name, const char *v)
{
	str(b, name, og_svz(v));
}

static void boolean(struct og_buf *b, const char *name, bool v)
{
	key(b, name);
	og_buf_str(b, v ? "true" : "false");
}

static void open_list(struct og_buf *b, const char *name)
{
	key(b, name);
	og_buf_ch(b, '[');
}

static void env(struct og_buf *b, const struct og_plan *p, const struct og_plan_env *e,
	struct og_arena *arena)
{
	struct og_buf from og_auto_buf = OG_BUF_INIT(0);
	struct og_jdoc d;
	og_view_origin(&from, p, e);
	og_buf_inherit(b, &from);
	comma(b);
	og_buf_ch(b, '{');
	str(b, "name", e->name);
	strz(b, "action", og_view_action(e->action));
	strz(b, "origin", og_origin_name(e->origin));
	str(b, "from", og_buf_view(&from));
	if (e->action <= OG_ENV_MERGE) {
		bool shown = !e->json.n && !og_view_is_secret(e->name, e->value) &&
			     e->action != OG_ENV_MERGE;
		if (e->json.n && og_jdoc_parse(&d, arena, e->json, NULL, NULL) == 0) {
			key(b, "valueFrom");
			og_buf_sv(b, og_jraw(og_jgetl(og_jroot(&d), "valueFrom")));
		} else if (shown) {
			key(b, "value");
			og_jw_str(b, e->value);
		} else {
			struct og_buf text og_auto_buf = OG_BUF_INIT(0);
			og_view_value(&text, e, arena);
			og_buf_inherit(b, &text);
			str(b, "shown", og_buf_view(&text));
		}
	}
	str(b, "note", e->note);
	og_buf_ch(b, '}');
}

static void container(struct og_buf *b, const struct og_plan *p, const struct og_plan_container *c,
	struct og_arena *arena)
{
	comma(b);
	og_buf_ch(b, '{');
	str(b, "name", c->c.name);
	boolean(b, "init", c->c.init);
	strz(b, "decision", c->skip == OG_SKIP_NONE ? "injected" : "skipped");
	if (c->skip != OG_SKIP_NONE) {
		strz(b, "reason", og_skip_name(c->skip));
		str(b, "message", c->skip_note.n ? c->skip_note : og_svz(og_skip_text(c->skip)));
		og_buf_ch(b, '}');
		return;
	}
	str(b, "serviceName", c->service_name);
	strz(b, "language", og_language_name(c->language));
	strz(b, "libc", og_libc_name(c->libc));
	boolean(b, "agent", c->agent);
	str(b, "agentNote", c->agent_note);
	strz(b, "profiles", og_profiles_state_name(c->profiles));
	open_list(b, "env");
	for (uint32_t i = 0; i < c->nenv; i++)
		env(b, p, &c->env[i], arena);
	og_buf_lit(b, "]}");
}

static void said(struct og_buf *b, const struct og_optin *o)
{
	open_list(b, "levels");
	for (unsigned l = 0; l < OG_LEVEL_COUNT_; l++) {
		comma(b);
		og_buf_ch(b, '{');
		strz(b, "level", og_level_name((enum og_level)l));
		boolean(b, "known", o->level_known[l]);
		boolean(b, "decides", o->level == (enum og_level)l);
		key(b, "says");
		og_buf_ch(b, '{');
		for (unsigned k = 0; k < OG_KEY_COUNT_; k++) {
			if (!o->said[l][k].said)
				continue;
			key(b, og_key_def((enum og_key)k)->name);
			og_jw_str(b, o->said[l][k].value);
		}
		og_buf_lit(b, "}}");
	}
	og_buf_ch(b, ']');
}

static void plan(struct og_buf *b, const struct og_plan *p, struct og_arena *arena)
{
	strz(b, "reason", og_reason_name(p->reason));
	strz(b, "message", og_reason_text(p->reason));
	if (p->profile) {
		str(b, "profile", p->profile->name);
		if (p->profile->stack)
			str(b, "stack", p->profile->stack->name);
	}
	strz(b, "revision", p->revision);
	boolean(b, "required", p->required);
	said(b, &p->optin);
	if (p->reason != OG_REASON_INJECTED && p->reason != OG_REASON_UP_TO_DATE)
		return;
	key(b, "signals");
	og_buf_ch(b, '{');
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
		strz(b, og_signal_name((enum og_signal)s), og_signal_mode_name(p->signals[s]));
	og_buf_ch(b, '}');
	open_list(b, "containers");
	for (uint32_t i = 0; i < p->ncontainers; i++)
		container(b, p, &p->containers[i], arena);
	og_buf_ch(b, ']');
}

static void findings(struct og_buf *b, const struct og_findings *f)
{
	open_list(b, "findings");
	for (uint32_t i = 0; f && i < f->n; i++) {
		const struct og_finding *v = &f->v[i];
		comma(b);
		og_buf_ch(b, '{');
		strz(b, "id", v->def->id);
		strz(b, "slug", v->def->slug);
		strz(b, "severity", og_severity_name(v->def->severity));
		strz(b, "title", v->def->title);
		str(b, "place", v->place);
		str(b, "detail", v->detail);
		strz(b, "fix", v->def->fix);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, ']');
}

void og_view_json(
	struct og_buf *b, const struct og_in_object *o, bool uninject, struct og_arena *arena)
{
	uint32_t line = 1, col = 1;
	og_source_position(o->doc->src, o->v, &line, &col);
	og_buf_ch(b, '{');
	strz(b, "file", o->doc->input->name);
	key(b, "line");
	og_buf_u64(b, line);
	key(b, "column");
	og_buf_u64(b, col);
	str(b, "apiVersion", og_jstr_or_empty(og_jgetl(o->v, "apiVersion"), arena));
	str(b, "kind", o->kind_name);
	str(b, "namespace", og_view_ns(o));
	str(b, "name", o->meta.name.n ? o->meta.name : o->meta.generate_name);
	strz(b, "decision", og_view_decision(o, uninject));
	boolean(b, "changed", o->changed);
	if (o->plan)
		plan(b, o->plan, arena);
	findings(b, o->findings);
	og_buf_ch(b, '}');
}
