/* SPDX-License-Identifier: Apache-2.0 */
/* The decision about one object as text. */
#include "otelgate/cli/term.h"
#include "explain-priv.h"

enum { NAME_COLUMN = 38, LEVEL_COLUMN = 17 };

struct page {
	struct og_buf *b;
	bool colour;
	unsigned width;
	struct og_arena *arena;
};

static void pad(struct og_buf *b, size_t used, size_t column)
{
	do
		og_buf_ch(b, ' ');
	while (++used < column);
}

static void heading(const struct page *p, const char *text)
{
	og_buf_ch(p->b, '\n');
	og_style_str(p->b, p->colour, OG_STYLE_BOLD, text);
	og_buf_ch(p->b, '\n');
}

/* Wrapped prose behind `indent` blanks. */
static void para(const struct page *p, unsigned indent, struct og_sv text)
{
	struct og_buf safe og_auto_buf = OG_BUF_INIT(0);
	struct og_sv line;
	while (og_sv_split(&text, '\n', &line)) {
		og_text_safe(&safe, line);
		if (text.n)
			og_buf_ch(&safe, '\n');
	}
	og_buf_inherit(p->b, &safe);
	for (unsigned i = 0; i < indent; i++)
		og_buf_ch(p->b, ' ');
	og_text_wrap(p->b, og_buf_view(&safe), indent, indent, p->width);
	og_buf_ch(p->b, '\n');
}

static void verdict(const struct page *p, const struct og_plan *plan)
{
	bool in = plan->reason == OG_REASON_INJECTED || plan->reason == OG_REASON_UP_TO_DATE;
	og_style_str(p->b, p->colour, in ? OG_STYLE_GREEN : OG_STYLE_YELLOW,
		plan->reason == OG_REASON_INJECTED     ? "Will be injected"
		: plan->reason == OG_REASON_UP_TO_DATE ? "Is injected and up to date"
						       : "Is not injected");
	if (!in) {
		og_buf_fmt(p->b, ": %s (%s).\n", og_reason_text(plan->reason),
			og_reason_name(plan->reason));
	} else {
		og_buf_lit(p->b, " with profile \"");
		og_text_safe(p->b, plan->profile->name);
		og_buf_ch(p->b, '"');
		if (plan->optin.why)
			og_buf_fmt(p->b, " (%s)", plan->optin.why);
		if (plan->profile->stack) {
			og_buf_lit(p->b, ", stack \"");
			og_text_safe(p->b, plan->profile->stack->name);
			og_buf_ch(p->b, '"');
		}
		if (plan->revision[0])
			og_buf_fmt(p->b, ", revision %s", plan->revision);
		og_buf_lit(p->b, ".\n");
	}
	if (plan->required)
		og_buf_lit(p->b, "Its owner asked for injection to be required: without it the pod "
				 "is rejected.\n");
}

static void level(const struct page *p, const struct og_plan *plan, enum og_level l)
{
	const struct og_optin *o = &plan->optin;
	bool decides = o->level == l, any = false;
	const char *name = og_level_name(l);
	og_buf_str(p->b, decides ? "  > " : "    ");
	og_style_str(p->b, p->colour && decides, OG_STYLE_BOLD, name);
	pad(p->b, strlen(name), LEVEL_COLUMN);
	for (unsigned k = 0; k < OG_KEY_COUNT_; k++) {
		if (!o->said[l][k].said)
			continue;
		if (any)
			pad(p->b, 0, LEVEL_COLUMN + 4);
		og_buf_fmt(p->b, "%s: \"", og_key_def((enum og_key)k)->name);
		og_text_safe(p->b, o->said[l][k].value);
		og_buf_str(p->b, o->said[l][k].by_label ? "\" (label)\n" : "\"\n");
		any = true;
	}
	if (any)
		return;
	if (decides && o->compat) {
		og_text_safe(p->b, o->compat_key);
		og_buf_lit(p->b, " (the OpenTelemetry Operator's)\n");
	} else if (l == OG_LEVEL_PROFILE && plan->profile) {
		og_buf_ch(p->b, '"');
		og_text_safe(p->b, plan->profile->name);
		og_buf_fmt(p->b, "\": %s\n", o->why ? o->why : "chosen");
	} else if (l == OG_LEVEL_PROFILE) {
		og_buf_str(p->b, o->level < l ? "not asked\n" : "no profile's selectors match\n");
	} else {
		og_buf_str(p->b, o->level_known[l] ? "says nothing\n"
				 : l == OG_LEVEL_WORKLOAD && plan->facts.nowners == 0
					 ? "there is none: a bare Pod\n"
					 : "unknown: the object is not among the input\n");
	}
}

static void ladder(const struct page *p, const struct og_plan *plan)
{
	heading(p, "Who decides: the nearest level that says something; \"false\" is final");
	for (unsigned l = 0; l < OG_LEVEL_COUNT_; l++)
		level(p, plan, (enum og_level)l);
	if (plan->optin.level == OG_LEVEL_COUNT_ && !plan->profile)
		para(p, 4,
			OG_SV("Nobody asked. To opt in, annotate the pod template: "
			      "otelgate.dev/inject: \"true\""));
}

static void signals(const struct page *p, const struct og_plan *plan)
{
	heading(p, "Signals");
	og_buf_lit(p->b, "  ");
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
		og_buf_fmt(p->b, "%s%s %s", s ? ", " : "", og_signal_name((enum og_signal)s),
			og_signal_mode_name(plan->signals[s]));
	og_buf_ch(p->b, '\n');
}

/* A value at the value column. A list that is too long for the line gets a line per element, since
 * it is mostly OTEL_RESOURCE_ATTRIBUTES. */
static void put_value(const struct page *p, struct og_sv value, bool list)
{
	bool split = list && value.n + NAME_COLUMN + 4 > p->width &&
		     og_sv_chr(value, ',') < value.n;
	while (split) {
		size_t comma = og_sv_chr(value, ',');
		if (comma == value.n)
			break;
		og_buf_add(p->b, value.p, comma + 1);
		og_buf_ch(p->b, '\n');
		pad(p->b, 0, NAME_COLUMN + 4);
		value = og_sv(value.p + comma + 1, value.n - comma - 1);
	}
	og_buf_sv(p->b, value);
	og_buf_ch(p->b, '\n');
}

static void variable(const struct page *p, const struct og_plan *plan, const struct og_plan_env *e)
{
	struct og_buf value og_auto_buf = OG_BUF_INIT(0);
	struct og_buf note og_auto_buf = OG_BUF_INIT(0);
	struct og_buf line og_auto_buf = OG_BUF_INIT(0);
	bool off = e->action == OG_ENV_OFF || e->action == OG_ENV_KEEP;
	og_view_value(&value, e, p->arena);
	og_buf_lit(p->b, "    ");
	og_style_sv(p->b, p->colour, off ? OG_STYLE_DIM : OG_STYLE_CYAN, e->name);
	if (e->name.n >= NAME_COLUMN) {
		og_buf_ch(p->b, '\n');
		pad(p->b, 0, NAME_COLUMN + 4);
	} else {
		pad(p->b, e->name.n, NAME_COLUMN);
	}
	put_value(p, og_buf_view(&value), !e->json.n);
	og_buf_fmt(&note, "%s, from ", og_view_action(e->action));
	og_view_origin(&note, plan, e);
	if (e->note.n) {
		og_buf_lit(&note, ": ");
		og_text_safe(&note, e->note);
	}
	og_text_wrap(&line, og_buf_view(&note), 6, 6, p->width);
	og_buf_inherit(p->b, &value);
	og_buf_inherit(p->b, &note);
	og_buf_inherit(p->b, &line);
	og_buf_lit(p->b, "      ");
	og_style_sv(p->b, p->colour, OG_STYLE_DIM, og_buf_view(&line));
	og_buf_ch(p->b, '\n');
}

static void container(
	const struct page *p, const struct og_plan *plan, const struct og_plan_container *c)
{
	struct og_buf title og_auto_buf = OG_BUF_INIT(0);
	og_buf_fmt(&title, "%s ", c->c.init ? "Init container" : "Container");
	og_text_safe(&title, c->c.name);

	og_buf_inherit(p->b, &title);
	heading(p, title.p ? title.p : "Container");
	if (c->skip != OG_SKIP_NONE) {
		og_buf_fmt(p->b, "  left alone: %s", og_skip_text(c->skip));
		if (c->skip_note.n) {
			og_buf_lit(p->b, " (");
			og_text_safe(p->b, c->skip_note);
			og_buf_ch(p->b, ')');
		}
		og_buf_ch(p->b, '\n');
		return;
	}
	if (c->service_name.n) {
		og_buf_lit(p->b, "  arrives as service ");
		og_text_safe(p->b, c->service_name);
		og_buf_ch(p->b, '\n');
	}
	if (c->language == OG_LANG_NONE)
		og_buf_lit(p->b, "  language not said: environment only, for an SDK inside the "
				 "image\n");
	else
		og_buf_fmt(p->b, "  language %s, libc %s: %s\n", og_language_name(c->language),
			og_libc_name(c->libc),
			c->agent ? "its agent is put in" : "environment only");
	if (c->agent_note.n)
		para(p, 4, c->agent_note);
	if (c->profiles != OG_PROFILES_OFF) {
		struct og_buf state og_auto_buf = OG_BUF_INIT(0);
		og_buf_fmt(&state, "profiles: %s (%s)", og_profiles_state_text(c->profiles),
			og_profiles_state_name(c->profiles));
		og_buf_inherit(p->b, &state);
		para(p, 2, og_buf_view(&state));
	}
	for (uint32_t i = 0; i < c->nenv; i++)
		variable(p, plan, &c->env[i]);
}

static void object_list(const struct page *p, const char *title, const struct og_plan_object *v,
	uint32_t n, bool values)
{
	if (!n)
		return;
	heading(p, title);
	for (uint32_t i = 0; i < n; i++) {
		og_buf_lit(p->b, "  ");
		og_text_safe(p->b, v[i].name);
		if (values) {
			og_buf_lit(p->b, ": ");
			og_text_safe(p->b, v[i].json);
		}
		og_buf_ch(p->b, '\n');
		if (v[i].note.n)
			para(p, 6, v[i].note);
	}
}

static void findings(const struct page *p, const struct og_findings *f)
{
	if (!f->n)
		return;
	heading(p, "Findings");
	for (uint32_t i = 0; i < f->n; i++) {
		const struct og_finding *v = &f->v[i];
		struct og_buf line og_auto_buf = OG_BUF_INIT(0);
		enum og_severity s = v->def->severity;
		og_buf_lit(p->b, "  ");
		og_style_str(p->b, p->colour,
			s == OG_SEV_ERROR     ? OG_STYLE_RED
			: s == OG_SEV_WARNING ? OG_STYLE_YELLOW
					      : OG_STYLE_CYAN,
			og_severity_name(s));
		og_buf_fmt(p->b, " %s %s: %s\n", v->def->id, v->def->slug, v->def->title);
		if (v->place.n) {
			og_buf_sv(&line, v->place);
			og_buf_lit(&line, ": ");
		}
		og_buf_sv(&line, v->detail);
		og_buf_inherit(p->b, &line);
		if (line.len)
			para(p, 4, og_buf_view(&line));
		og_buf_reset(&line);
		og_buf_fmt(&line, "fix: %s", v->def->fix);
		og_buf_inherit(p->b, &line);
		para(p, 4, og_buf_view(&line));
	}
	if (f->lost)
		og_buf_lit(p->b, "  there are more findings than can be shown\n");
}

void og_explain_object(struct og_buf *b, const struct og_in_object *o, struct og_cli *cli)
{
	const struct page p = {b, cli->colour_out, cli->width, cli->arena};
	const struct og_plan *plan = o->plan;
	struct og_buf title og_auto_buf = OG_BUF_INIT(0);
	og_in_title(&title, o);
	og_buf_inherit(b, &title);
	og_style_sv(b, p.colour, OG_STYLE_BOLD, og_buf_view(&title));
	og_buf_fmt(b, "  %s\n", og_in_place(o->doc, o->v, cli->arena));
	verdict(&p, plan);
	ladder(&p, plan);
	if (plan->reason == OG_REASON_INJECTED || plan->reason == OG_REASON_UP_TO_DATE ||
		plan->reason == OG_REASON_NO_TARGET) {
		if (plan->profile)
			signals(&p, plan);
		for (uint32_t i = 0; i < plan->ncontainers; i++)
			container(&p, plan, &plan->containers[i]);
		object_list(&p, "Init containers added", plan->inits, plan->ninits, false);
		object_list(&p, "Volumes added", plan->volumes, plan->nvolumes, false);
		object_list(&p, "Labels added", plan->labels, plan->nlabels, true);
		object_list(&p, "Annotations added", plan->annotations, plan->nannotations, true);
	}
	findings(&p, o->findings);
}
