/* SPDX-License-Identifier: Apache-2.0 */
/* config show: the configuration in effect, each value with its origin. */
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/cli/config_load.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/emit.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/codec/table.h"
#include "commands-priv.h"
#include "view-priv.h"

struct show_args {
	struct og_strs files;
	const char *profile;
	unsigned output;
};
enum { SHOW_YAML, SHOW_JSON, SHOW_TABLE };

static const struct og_opt show_opts[] = {
	{
		.name = "filename",
		.letter = 'f',
		.type = OG_OPT_STRS,
		.at = offsetof(struct show_args, files),
		.arg = "FILE|DIR",
		.env = "OTELGATE_CONFIG",
		.help = "configuration file or folder, - for standard input; may be repeated",
	},
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		.at = offsetof(struct show_args, output),
		.arg = "FORM",
		.words = "yaml|json|table",
		.def = "yaml",
		.help = "form of the output",
	},
	{
		.name = "profile",
		.type = OG_OPT_STR,
		.at = offsetof(struct show_args, profile),
		.arg = "NAME",
		.help = "show this profile and its stack alone",
	},
};

/* One document to show. */
struct shown {
	const struct og_doc_type *type;
	struct og_sv name;
	const void *base;
	const struct og_profile *profile; /* NULL for stacks */
	const struct og_config_origin *origin;
};

struct show {
	struct og_cli *cli;
	const struct og_config_input *inputs;
	size_t done;	       /* documents written */
	struct og_table table; /* of its form */
};

/* A list of EnvVar whose literal values may be credentials: those are not shown. */
static void write_env(const struct og_field *f, const void *base, struct og_buf *out)
{
	const struct og_cfg_env *env;
	uint32_t n;
	memcpy(&env, (const char *)base + f->at, sizeof(env));
	memcpy(&n, (const char *)base + f->at_count, sizeof(n));
	for (uint32_t i = 0; i < n; i++) {
		og_buf_ch(out, i ? ',' : '[');
		if (env[i].has_value_from || !og_view_is_secret(env[i].name, env[i].value)) {
			og_buf_sv(out, env[i].json);
			continue;
		}
		og_buf_lit(out, "{\"name\":");
		og_jw_str(out, env[i].name);
		og_buf_lit(out, ",\"value\":\"[hidden]\"}");
	}
	og_buf_ch(out, ']');
}

/* The value as JSON; false when there is none. */
static bool value_of(const struct shown *d, const struct og_field *f, struct og_buf *out)
{
	og_buf_reset(out);
	if (d->profile && strcmp(f->path, "spec.stack") == 0) {
		og_jw_str(out, d->profile->stack->name);
		return true;
	}
	if (f->type == OG_FT_OBJECT || og_field_is_empty(f, d->base))
		return false;
	if (f->type == OG_FT_ENV)
		write_env(f, d->base, out);
	else
		og_field_write(f, d->base, out);
	return true;
}

static void origin_text(const struct show *s, const struct shown *d, size_t row, struct og_buf *out)
{
	const struct og_config_place *p = &d->origin->field[row];
	if (p->line) {
		og_text_safe(out, og_svz(s->inputs[p->input].name));
		og_buf_fmt(out, ":%u", p->line);
	} else {
		og_buf_str(out, d->type->fields[row].def ? "default" : "the only GrafanaStack");
	}
}

/* --- YAML --- */

static void yaml_value(const struct show *s, struct og_sv json)
{
	struct og_buf *out = &s->cli->out;
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc d;

	if (og_jdoc_parse(&d, s->cli->arena, json, NULL, &err) == 0)
		og_emit_yaml_value(out, og_jroot(&d), s->cli->arena);
	else
		out->failed = true; /* it was written here: memory is out */
}

static int depth_of(const char *path)
{
	int n = 0;
	for (; *path; path++)
		n += *path == '.';
	return n;
}

/* Members of an object that was not given (credentials, tls) have defaults, and no meaning. */
static bool in_absent_object(const struct shown *d, size_t row)
{
	struct og_sv path = og_svz(d->type->fields[row].path);
	for (size_t i = 0; i < row; i++) {
		const struct og_field *f = &d->type->fields[i];
		struct og_sv object = og_svz(f->path);
		if (f->type == OG_FT_OBJECT && f->at >= 0 && og_field_is_empty(f, d->base) &&
			og_sv_starts(path, object) && path.n > object.n && path.p[object.n] == '.')
			return true;
	}
	return false;
}

static bool has_values(const struct shown *d, struct og_sv object, struct og_buf *tmp)
{
	for (size_t i = 0; i < og_nfields(d->type->doc); i++) {
		struct og_sv path = og_svz(d->type->fields[i].path);
		if (path.n > object.n && og_sv_starts(path, object) && path.p[object.n] == '.' &&
			!in_absent_object(d, i) && value_of(d, &d->type->fields[i], tmp))
			return true;
	}
	return false;
}

static void show_yaml(struct show *s, const struct shown *d)
{
	struct og_buf *out = &s->cli->out;
	og_auto_buf struct og_buf value = OG_BUF_INIT(0), where = OG_BUF_INIT(0);
	og_buf_fmt(out, "%sapiVersion: " OG_API_VERSION "\nkind: %s\nmetadata:\n  name: ",
		s->done++ ? "---\n" : "", d->type->kind);
	og_jw_str(&value, d->name);
	yaml_value(s, og_buf_view(&value));
	og_buf_ch(out, '\n');
	for (size_t i = 0; i < og_nfields(d->type->doc); i++) {
		const struct og_field *f = &d->type->fields[i];
		bool object = f->type == OG_FT_OBJECT;
		if (in_absent_object(d, i) || (object ? !has_values(d, og_svz(f->path), &value)
						      : !value_of(d, f, &value)))
			continue;
		og_buf_fmt(out, "%*s%s:", 2 * depth_of(f->path), "", og_field_key(f).p);
		if (object) {
			og_buf_ch(out, '\n');
			continue;
		}
		og_buf_ch(out, ' ');
		yaml_value(s, og_buf_view(&value));
		og_buf_reset(&where);
		og_buf_lit(&where, "# ");
		origin_text(s, d, i, &where);
		og_buf_lit(out, "  ");
		og_style_sv(out, s->cli->colour_out, OG_STYLE_DIM, og_buf_view(&where));
		og_buf_ch(out, '\n');
	}
	if (value.failed || where.failed)
		out->failed = true;
}

/* --- JSON --- */

static void show_json(struct show *s, const struct shown *d)
{
	struct og_buf *out = &s->cli->out;
	og_auto_buf struct og_buf value = OG_BUF_INIT(0), where = OG_BUF_INIT(0);
	size_t rows = 0;
	og_buf_fmt(
		out, "%s\n    {\"kind\": \"%s\", \"name\": ", s->done++ ? "," : "", d->type->kind);
	og_jw_str(out, d->name);
	og_buf_lit(out, ", \"fields\": [");
	for (size_t i = 0; i < og_nfields(d->type->doc); i++) {
		const struct og_field *f = &d->type->fields[i];
		if (in_absent_object(d, i) || !value_of(d, f, &value))
			continue;
		og_buf_fmt(out, "%s\n      {\"path\": \"%s\", \"value\": ", rows++ ? "," : "",
			f->path);
		og_buf_sv(out, og_buf_view(&value));
		og_buf_lit(out, ", \"origin\": ");
		og_buf_reset(&where);
		origin_text(s, d, i, &where);
		og_jw_str(out, og_buf_view(&where));
		og_buf_ch(out, '}');
	}
	og_buf_lit(out, "\n    ]}");
	if (value.failed || where.failed)
		out->failed = true;
}

/* --- table --- */

static const struct og_table_column columns[] = {
	{"DOCUMENT", 0, false}, {"FIELD", 0, false}, {"VALUE", 60, false}, {"ORIGIN", 0, false}};

static void show_rows(struct show *s, const struct shown *d)
{
	og_auto_buf struct og_buf value = OG_BUF_INIT(0), name = OG_BUF_INIT(0);
	og_auto_buf struct og_buf where = OG_BUF_INIT(0);

	og_buf_fmt(&name, "%s/", d->type->singular);
	og_text_safe(&name, d->name);
	for (size_t i = 0; i < og_nfields(d->type->doc); i++) {
		const struct og_field *f = &d->type->fields[i];
		if (in_absent_object(d, i) || !value_of(d, f, &value))
			continue;
		og_buf_reset(&where);
		origin_text(s, d, i, &where);
		const struct og_sv cells[] = {og_arena_sv(s->cli->arena, og_buf_view(&name)),
			og_svz(f->path), og_arena_sv(s->cli->arena, og_buf_view(&value)),
			og_arena_sv(s->cli->arena, og_buf_view(&where))};
		if (value.failed || name.failed || where.failed || s->cli->arena->failed) {
			s->cli->out.failed = true;
			return;
		}
		og_table_row(&s->table, cells);
	}
}

/* --- the command --- */

static struct shown of_stack(const struct og_config *c, uint32_t i)
{
	return (struct shown){&og_doc_types[OG_DOC_STACK], c->stacks[i].name, &c->stacks[i], NULL,
		&c->stack_origins[i]};
}

static struct shown of_profile(const struct og_config *c, uint32_t i)
{
	return (struct shown){&og_doc_types[OG_DOC_PROFILE], c->profiles[i].name, &c->profiles[i],
		&c->profiles[i], &c->profile_origins[i]};
}

static void show_one(struct show *s, unsigned form, const struct shown *d)
{
	if (form == SHOW_TABLE)
		show_rows(s, d);
	else if (form == SHOW_JSON)
		show_json(s, d);
	else
		show_yaml(s, d);
}

static void show_all(
	struct show *s, unsigned form, const struct og_config *c, const struct og_profile *only)
{
	for (uint32_t i = 0; i < c->nstacks; i++) {
		struct shown d = of_stack(c, i);
		if (!only || only->stack == &c->stacks[i])
			show_one(s, form, &d);
	}
	for (uint32_t i = 0; i < c->nprofiles; i++) {
		struct shown d = of_profile(c, i);
		if (!only || only == &c->profiles[i])
			show_one(s, form, &d);
	}
}

static int unknown_profile(struct og_cli *cli, const struct og_config *c, const char *name)
{
	const char *names[64], *near;
	size_t n = 0;
	for (uint32_t i = 0; i < c->nprofiles && n < OG_COUNT(names); i++)
		names[n++] = og_arena_fmt(cli->arena, "%.*s", OG_SV_ARG(c->profiles[i].name));
	near = og_suggest(og_svz(name), names, n);
	if (near)
		og_cli_error(cli, "there is no TelemetryProfile \"%.64s\" (did you mean \"%s\"?)",
			name, near);
	else
		og_cli_error(cli, "there is no TelemetryProfile \"%.64s\"", name);
	return OG_EXIT_FAULT;
}

static int run_show(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	const struct show_args *a = args;
	const struct og_profile *only = NULL;
	struct og_config_set set;
	(void)p;
	if (!a->files.n)
		return og_cli_usage(cli, "name the configuration: -f FILE, or OTELGATE_CONFIG");
	int rc = og_cli_config_load_set(cli, a->files.v, a->files.n, cli->in_fd, &set);
	if (rc)
		return rc;
	if (a->profile) {
		only = og_config_profile(set.config, og_svz(a->profile));
		if (!only)
			return unknown_profile(cli, set.config, a->profile);
	}
	struct show s = {.cli = cli, .inputs = set.inputs};
	og_table_init(&s.table, cli->arena, columns, OG_COUNT(columns));
	s.table.ascii = og_term_ascii(cli->env);
	if (a->output == SHOW_JSON)
		og_buf_fmt(
			&cli->out, "{\n  \"hash\": \"%s\",\n  \"documents\": [", set.config->hash);
	show_all(&s, a->output, set.config, only);
	if (a->output == SHOW_TABLE && !og_table_write(&s.table, true, &cli->out))
		cli->out.failed = true;
	if (a->output == SHOW_JSON)
		og_buf_lit(&cli->out, "\n  ]\n}\n");
	return OG_EXIT_PASS;
}

const struct og_command og_cmd_config_show = {
	.name = "config show",
	.summary = "show the configuration in effect and where each value comes from",
	.usage = "[-f FILE|DIR]... [-o yaml|json|table] [--profile NAME]",
	.description =
		"Prints every field that has a value, with the file and line that set it, or "
		"\"default\". The YAML form can be read again as configuration. Literal values of "
		"variables that look like credentials are hidden.",
	.examples = "# what is in effect\n%P config show -f otelgate.yaml\n"
		    "# one profile and its stack, as a table\n"
		    "%P config show -f deploy/ --profile standard -o table",
	.exits = "0 shown\n2 the command line is wrong\n3 the configuration can't be read or isn't "
		 "valid",
	.opts = show_opts,
	.nopts = OG_COUNT(show_opts),
	.args_bytes = sizeof(struct show_args),
	.run = run_show,
};
