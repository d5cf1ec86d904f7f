/* SPDX-License-Identifier: Apache-2.0 */
/* What an opt-in would change, shown before it does. */
#include <ctype.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/width.h"
#include "otelgate/cli/term.h"
#include "optin-priv.h"
#include "view-priv.h"

enum { SHOWN = 400 }; /* columns of a value */

const char *optin_done(const struct optin_run *u)
{
	return u->a->clear ? "cleared" : u->out ? "opted out" : "opted in";
}

void optin_object(const struct og_audit_optin_item *it, struct og_buf *out)
{
	for (const char *p = it->kind->kind; *p; p++)
		og_buf_ch(out, (char)tolower(*p));
	og_buf_ch(out, '/');
	og_text_safe(out, it->name);
}

/* "  - otelgate.dev/inject: "false""; of what is there it may be 256 KiB. */
static void change_line(struct og_cli *cli, bool plus, const char *key, struct og_sv value)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(64 << 10);
	size_t shown = og_width_fit(value, SHOWN);

	og_buf_fmt(&b, "%c %s: \"", plus ? '+' : '-', key);
	og_text_safe(&b, og_sv(value.p, shown));
	if (shown < value.n)
		og_buf_fmt(&b, "... (%zu bytes)", value.n);
	og_buf_ch(&b, '"');
	og_buf_lit(&cli->out, "  ");
	og_style_sv(
		&cli->out, cli->colour_out, plus ? OG_STYLE_GREEN : OG_STYLE_RED, og_buf_view(&b));
	og_buf_ch(&cli->out, '\n');
	og_buf_inherit(&cli->out, &b);
}

static void say_changes(struct og_cli *cli, const struct og_optin_edit *e)
{
	for (uint32_t i = 0; i < e->n; i++) {
		const struct og_optin_change *c = &e->changes[i];
		if (c->was)
			change_line(cli, false, c->key, c->from);
		if (c->is)
			change_line(cli, true, c->key, c->to);
	}
}

/* ---- what the injection does with its pods ---- */

static void say_container(struct og_cli *cli, const struct og_plan_container *c, uint32_t width)
{
	struct og_buf *b = &cli->out;
	size_t at = b->len + 4 + width + 2;
	uint32_t n = og_view_nset(c);

	og_buf_lit(b, "    ");
	og_text_safe(b, c->c.name);
	while (b->len < at && !b->failed)
		og_buf_ch(b, ' ');
	if (c->skip != OG_SKIP_NONE) {
		og_buf_fmt(b, "left alone: %s\n", og_skip_text(c->skip));
		return;
	}
	og_buf_fmt(b, "%u variable%s", n, n == 1 ? "" : "s");
	if (c->agent)
		og_buf_fmt(b, ", %s agent", og_language_name(c->language));
	og_buf_ch(b, '\n');
}

static void say_signals(struct og_buf *b, const struct og_plan *p)
{
	og_buf_lit(b, "  signals: ");
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		og_buf_fmt(b, "%s%s %s", s ? ", " : "", og_signal_name((enum og_signal)s),
			og_signal_mode_name(p->signals[s]));
	og_buf_ch(b, '\n');
}

static void say_findings(struct og_cli *cli, const struct og_plan *p)
{
	for (uint32_t i = 0; i < p->findings.n; i++) {
		const struct og_finding *f = &p->findings.v[i];
		if (f->def->severity != OG_SEV_ERROR && f->def->severity != OG_SEV_WARNING)
			continue;
		og_buf_fmt(&cli->out, "  %s %s: ", og_severity_name(f->def->severity), f->def->id);
		if (f->place.n) {
			og_text_safe(&cli->out, f->place);
			og_buf_lit(&cli->out, ": ");
		}
		og_text_safe(&cli->out, f->detail);
		og_buf_ch(&cli->out, '\n');
	}
}

static void say_injected(struct og_cli *cli, const struct og_plan *p)
{
	struct og_buf *b = &cli->out;
	uint32_t width = 0;

	og_buf_lit(b, "  its pods get profile ");
	og_text_safe(b, p->profile->name);
	if (p->optin.why)
		og_buf_fmt(b, " (%s)", p->optin.why);
	if (p->profile->stack) {
		og_buf_lit(b, ", stack ");
		og_text_safe(b, p->profile->stack->name);
	}
	og_buf_lit(b, ":\n");
	for (uint32_t i = 0; i < p->ncontainers; i++)
		width = p->containers[i].c.name.n > width ? (uint32_t)p->containers[i].c.name.n
							  : width;
	for (uint32_t i = 0; i < p->ncontainers; i++)
		say_container(cli, &p->containers[i], width);
	say_signals(b, p);
}

static void say_plan(struct og_cli *cli, const struct og_audit_optin_item *it)
{
	const struct og_plan *p = it->plan;

	if (!p && !it->unknown.n)
		return; /* of what is opted out nobody asked */
	if (!p) {
		og_buf_lit(&cli->out, "  what its pods get is not known here: ");
		og_text_safe(&cli->out, it->unknown);
		og_buf_ch(&cli->out, '\n');
		return;
	}
	if (p->reason <= OG_REASON_UP_TO_DATE && p->profile)
		say_injected(cli, p);
	else
		og_buf_fmt(
			&cli->out, "  its pods are not injected: %s\n", og_reason_text(p->reason));
	say_findings(cli, p);
}

/* ---- what follows ---- */

static const char *follows(const struct og_audit_optin_item *it)
{
	const struct og_rollout_facts *f = &it->rollout;
	const struct {
		bool is;
		const char *text;
	} rows[] = {
		{f->kind == OG_RK_CRONJOB, "no pod is replaced: its next run begins with it"},
		{f->kind == OG_RK_REPLICASET,
			"no pod is replaced by it: those that are there stay until they are deleted"},
		{f->desired == 0, "it has no pods: the next one begins with it"},
		{f->paused, "it is paused: its pods are replaced when it is resumed"},
		{f->strategy == OG_STRATEGY_ON_DELETE,
			"its strategy is OnDelete: each pod begins with it when you delete it"},
		{f->partition > 0,
			"its partition holds pods back: those below it stay as they are"},
		{f->strategy == OG_STRATEGY_RECREATE,
			"a rollout follows: its strategy is Recreate, so all of its pods are stopped "
			"before new ones begin"},
		{true, "a rollout follows: its pods are replaced as its strategy says"},
	};
	size_t i = 0;

	while (!rows[i].is)
		i++;
	return rows[i].text;
}

static void say_managed(const struct optin_run *u, const struct og_audit_optin_item *it)
{
	struct og_buf *b = &u->cli->out;

	og_buf_fmt(b, "  it is managed by %s", it->by.tool);
	if (it->by.name.n) {
		og_buf_fmt(b, " (%s ", it->by.thing);
		og_text_safe(b, it->by.name);
		og_buf_ch(b, ')');
	}
	if (it->state == OG_OPTIN_CHANGES) {
		og_buf_lit(b, ", which may undo the change; put it into the manifest too\n");
		return;
	}
	og_buf_lit(b, ", which would undo the change: it is not written.\n"
		      "  Put this into its manifest, or add --force:\n");
	og_optin_manifest(&it->edit, 4, b);
}

void optin_view(const struct optin_run *u, const struct og_audit_optin_item *it)
{
	og_auto_buf struct og_buf name = OG_BUF_INIT(4096);
	struct og_buf *b = &u->cli->out;

	optin_object(it, &name);
	og_buf_lit(&name, " -n ");
	og_text_safe(&name, it->ns);
	og_style_sv(b, u->cli->colour_out, OG_STYLE_BOLD, og_buf_view(&name));
	og_buf_ch(b, '\n');
	switch (it->state) {
	case OG_OPTIN_ALREADY:
		og_buf_lit(b, "  says so already\n");
		break;
	case OG_OPTIN_REFUSED:
		og_buf_lit(b, "  not changed: ");
		og_text_safe(b, it->why);
		if (it->fix.n) {
			og_buf_lit(b, "\n  instead: ");
			og_text_safe(b, it->fix);
		}
		og_buf_ch(b, '\n');
		break;
	case OG_OPTIN_MANAGED:
		say_managed(u, it);
		break;
	case OG_OPTIN_CHANGES:
		say_changes(u->cli, &it->edit);
		say_plan(u->cli, it);
		if (it->managed)
			say_managed(u, it);
		og_buf_fmt(b, "  %s\n", follows(it));
		break;
	}
}
