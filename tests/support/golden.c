/* SPDX-License-Identifier: Apache-2.0 */
/* Golden cases: loading, and writing the decision down in words. */
#include "support/golden.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "otelgate/base/fs.h"
#include "otelgate/codec/source.h"
#include "otelgate/core/config_read.h"
#include "support/kubelet.h"

static struct og_sv slurp(struct og_arena *a, const char *path)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	int rc = og_fs_read(path, 8 << 20, &b, &err);
	ck_assert_msg(rc == 0, "%s: %s", path, err.msg);
	return og_arena_sv(a, og_buf_view(&b));
}

static bool exists(const char *path)
{
	FILE *f = fopen(path, "r");
	if (f)
		fclose(f);
	return f != NULL;
}

struct og_jval golden_parse(struct og_arena *a, struct og_sv json)
{
	struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
	struct og_err err = OG_ERR_INIT;
	int rc = og_jdoc_parse(d, a, json, NULL, &err);
	ck_assert_msg(rc == 0, "%s\n%.*s", err.msg, OG_SV_ARG(json));
	return og_jroot(d);
}

/* "#: config=std namespace=shop" */
static void read_options(struct golden *g, struct og_sv text, struct og_sv *ret_config)
{
	struct og_sv line, word;
	while (og_sv_split(&text, '\n', &line) && og_sv_starts(line, OG_SV("#"))) {
		if (!og_sv_starts(line, OG_SV("#: ")))
			continue;
		line = og_sv(line.p + 3, line.n - 3);
		while (og_sv_split(&line, ' ', &word)) {
			size_t eq = og_sv_chr(word, '=');
			struct og_sv value = og_sv(word.p + eq + 1, word.n - eq - (eq < word.n));
			word.n = eq;
			if (og_sv_is(word, "config"))
				*ret_config = value;
			else if (og_sv_is(word, "namespace"))
				g->ns = value;
			else if (og_sv_is(word, "profile"))
				g->profile = value;
			else
				ck_abort_msg("%s: option %.*s", g->dir, OG_SV_ARG(word));
		}
	}
}

static void read_config(struct golden *g, const char *root, struct og_sv name)
{
	char *path = og_arena_fmt(g->a, "%s/inject/%s/config.yaml", root, g->dir);
	if (og_sv_is(name, "none"))
		return;
	if (!exists(path))
		path = og_arena_fmt(g->a, "%s/config-%.*s.yaml", root, OG_SV_ARG(name));
	struct og_config_input in = {path, slurp(g->a, path)};
	struct og_config_report report;
	struct og_config *config = NULL;
	int rc = og_config_read(g->a, &in, 1, &config, &report);
	for (uint32_t i = 0; rc && i < report.n; i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		og_config_problem_text(&report.v[i], &b);
		fprintf(stderr, "%s\n", b.p);
	}
	ck_assert_msg(rc == 0, "%s: the configuration has errors", path);
	g->config = config;
}

void golden_load(struct golden *g, struct og_arena *a, const char *root, const char *dir)
{
	*g = (struct golden){.dir = dir, .a = a, .ns = OG_SV(""), .profile = OG_SV("")};
	char *path = og_arena_fmt(a, "%s/inject/%s/in.yaml", root, dir);
	struct og_sv config = OG_SV("std"), text = slurp(a, path);
	struct og_err err = OG_ERR_INIT;
	struct og_source *s = og_arena_new(a, struct og_source);
	read_options(g, text, &config);
	read_config(g, root, config);
	int rc = og_source_parse(s, a, text, path, NULL, &err);
	ck_assert_msg(rc == 0, "%s", err.msg);
	ck_assert_msg(s->ndocs > 0 && s->ndocs < 32, "%s: %u documents", path, s->ndocs);
	g->object = og_jroot(&s->docs[0].doc);
	g->object_text = og_jraw(g->object);
	for (uint32_t i = 1; i < s->ndocs; i++)
		g->facts[g->set.n++] = og_jroot(&s->docs[i].doc);
	g->set.objects = g->facts;
	g->set.default_ns = g->ns;
	g->source = og_facts_from_objects(&g->set);
}

int golden_plan(
	const struct golden *g, struct og_jval object, struct og_plan **ret, struct og_err *err)
{
	struct og_plan_input in = {
		.config = g->config, .object = object, .profile_override = g->profile};
	int rc = og_facts_of_workload(&g->source, object, g->ns, g->a, &in.facts, err);
	if (!rc)
		rc = og_plan_make(&in, g->a, ret, err);
	return rc ? rc : og_plan_patch(*ret, g->a, err);
}

json_t *golden_template(const struct og_plan *p, const json_t *object)
{
	struct og_sv rest = og_svz(p->kind->template_path), part;
	json_t *v = (json_t *)(uintptr_t)object;
	while (og_sv_split(&rest, '/', &part))
		if (part.n)
			v = json_object_getn(v, part.p, part.n);
	return v;
}

/* --- in words ------------------------------------------------------------------------------- */

static const char *const marks[] = {
	[OG_ENV_ADD_FIRST] = "+^",
	[OG_ENV_ADD_LAST] = "+",
	[OG_ENV_MERGE] = "~",
	[OG_ENV_KEEP] = "=",
	[OG_ENV_OFF] = "-",
};

static void one_env(const struct og_plan_env *e, struct og_buf *out)
{
	bool written = e->action != OG_ENV_KEEP && e->action != OG_ENV_OFF;
	og_buf_fmt(out, "  %-2s %.*s", marks[e->action], OG_SV_ARG(e->name));
	if (written)
		og_buf_fmt(out, " = %.*s", OG_SV_ARG(e->json.n ? e->json : e->value));
	og_buf_fmt(out, " [%s%s%.*s]\n", og_origin_name(e->origin), e->note.n ? ": " : "",
		OG_SV_ARG(e->note));
}

static json_t *env_of(const struct og_plan *p, const json_t *after, struct og_sv container)
{
	static const char *const lists[] = {"initContainers", "containers"};
	json_t *spec = json_object_get(golden_template(p, after), "spec");
	for (int l = 0; l < 2; l++) {
		size_t i;
		json_t *c;
		json_array_foreach(json_object_get(spec, lists[l]), i,
			c) if (og_sv_eq(og_svz(json_string_value(json_object_get(c, "name"))),
				       container)) return json_object_get(c, "env");
	}
	return NULL;
}

/* What the SDK will see: the kubelet's expansion, then the decoded attributes. */
static void effective(const struct og_plan *p, const json_t *after,
	const struct og_plan_container *pc, struct og_buf *out)
{
	json_t *env = kubelet_env(env_of(p, after, pc->c.name));
	const char *text = json_string_value(json_object_get(env, "OTEL_RESOURCE_ATTRIBUTES"));
	const char *service = json_string_value(json_object_get(env, "OTEL_SERVICE_NAME"));
	char why[200];
	if (service)
		og_buf_fmt(out, "  service name: %s\n", service);
	json_t *attrs = text ? sdk_attributes(text, why) : NULL;
	if (text && !attrs)
		og_buf_fmt(out, "  attributes not readable: %s\n", why);
	const char *key;
	json_t *v;
	if (attrs)
		json_object_foreach(attrs, key, v)
			og_buf_fmt(out, "  attribute %s: %s\n", key, json_string_value(v));
	json_decref(attrs);
	json_decref(env);
}

static void one_container(const struct og_plan *p, const json_t *after,
	const struct og_plan_container *pc, struct og_buf *out)
{
	og_buf_fmt(out, "%scontainer %.*s: %s", pc->c.init ? "init " : "", OG_SV_ARG(pc->c.name),
		og_skip_name(pc->skip));
	if (pc->skip != OG_SKIP_NONE) {
		og_buf_fmt(out, " (%.*s)\n", OG_SV_ARG(pc->skip_note));
		return;
	}
	og_buf_fmt(out, ", language %s, libc %s, agent %s", og_language_name(pc->language),
		og_libc_name(pc->libc), pc->agent ? "yes" : "no");
	if (pc->agent_note.n)
		og_buf_fmt(out, " (%.*s)", OG_SV_ARG(pc->agent_note));
	og_buf_fmt(out, ", profiles %s\n", og_profiles_state_name(pc->profiles));
	for (uint32_t i = 0; i < pc->nenv; i++)
		one_env(&pc->env[i], out);
	for (uint32_t i = 0; i < pc->nmounts; i++)
		og_buf_fmt(out, "  mount %.*s\n", OG_SV_ARG(pc->mount_names[i]));
	effective(p, after, pc, out);
}

static void objects(const char *what, const struct og_plan_object *v, uint32_t n, bool value,
	struct og_buf *out)
{
	for (uint32_t i = 0; i < n; i++) {
		og_buf_fmt(out, "%s %.*s", what, OG_SV_ARG(v[i].name));
		if (value)
			og_buf_fmt(out, " = %.*s", OG_SV_ARG(v[i].json));
		og_buf_fmt(out, " [%.*s]\n", OG_SV_ARG(v[i].note));
	}
}

void golden_explain(const struct og_plan *p, const json_t *after, struct og_buf *out)
{
	og_buf_fmt(out, "reason: %s\nlevel: %s\n", og_reason_name(p->reason),
		og_level_name(p->optin.level));
	if (p->profile)
		og_buf_fmt(out, "profile: %.*s (%s)\n", OG_SV_ARG(p->profile->name),
			p->optin.why ? p->optin.why : "");
	if (p->required)
		og_buf_lit(out, "required: yes\n");
	if (p->reinjected)
		og_buf_lit(out, "reinjected: yes\n");
	bool in = p->reason == OG_REASON_INJECTED || p->reason == OG_REASON_UP_TO_DATE;
	if (in) {
		og_buf_lit(out, "signals:");
		for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
			og_buf_fmt(out, " %s=%s", og_signal_name((enum og_signal)s),
				og_signal_mode_name(p->signals[s]));
		og_buf_ch(out, '\n');
	}
	for (uint32_t i = 0; i < p->ncontainers; i++)
		if (in)
			one_container(p, after, &p->containers[i], out);
		else
			og_buf_fmt(out, "container %.*s: %s\n", OG_SV_ARG(p->containers[i].c.name),
				og_skip_name(p->containers[i].skip));
	objects("init container", p->inits, p->ninits, false, out);
	objects("volume", p->volumes, p->nvolumes, false, out);
	objects("annotation", p->annotations, p->nannotations, true, out);
	objects("label", p->labels, p->nlabels, true, out);
	for (uint32_t i = 0; i < p->findings.n; i++) {
		const struct og_finding *f = &p->findings.v[i];
		og_buf_fmt(out, "finding %s %s %.*s%s%.*s\n", f->def->id,
			og_severity_name(f->def->severity), OG_SV_ARG(f->place),
			f->place.n ? ": " : "", OG_SV_ARG(f->detail));
	}
}
