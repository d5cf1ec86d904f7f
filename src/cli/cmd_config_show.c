/* SPDX-License-Identifier: Apache-2.0 */
/* config show: the configuration in effect, each value with its origin. */
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/cli/config_load.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/jwrite.h"
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
	size_t done; /* rows or documents written */
	size_t width[3];
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

/* Plain where no reader of YAML could take it for something else, else as JSON. */
static bool is_plain(struct og_sv s)
{
	static const char *const words[] = {
		"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
	if (!s.n || !((s.p[0] >= 'a' && s.p[0] <= 'z') || (s.p[0] >= 'A' && s.p[0] <= 'Z')))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '/' || c == '-' ||
			  (c == ':' && i + 1 < s.n && s.p[i + 1] != ' ');
		if (!ok)
			return false;
	}
	for (size_t i = 0; i < OG_COUNT(words); i++) {
		if (og_sv_caseeq(s, og_svz(words[i])))
			return false;
	}
	return true;
}

static void yaml_value(struct og_buf *out, struct og_sv json)
{
	struct og_sv inner = json.n > 1 ? og_sv(json.p + 1, json.n - 2) : json;
	og_buf_sv(out, json.n > 1 && json.p[0] == '"' && is_plain(inner) ? inner : json);
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
	yaml_value(out, og_buf_view(&value));
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
		yaml_value(out, og_buf_view(&value));
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

enum { VALUE_SHOWN = 60 };

static void table_cells(const struct show *s, const struct shown *d, size_t row,
	struct og_buf *value, struct og_buf *name)
{
	(void)s;
	og_buf_reset(name);
	og_buf_fmt(name, "%s/", d->type->singular);
	og_text_safe(name, d->name);
	if (value->len > VALUE_SHOWN) {
		value->len = VALUE_SHOWN - 3;
		while (value->len && ((unsigned char)value->p[value->len] & 0xc0) == 0x80)
			value->len--;
		og_buf_lit(value, "...");
	}
	(void)row;
}

static void table_row(struct show *s, const char *const cells[4])
{
	for (size_t i = 0; i < 4; i++) {
		og_buf_str(&s->cli->out, cells[i]);
		if (i < 3)
			og_buf_fmt(&s->cli->out, "%*s",
				(int)(s->width[i] > strlen(cells[i])
						? s->width[i] - strlen(cells[i])
						: 0) +
					3,
				"");
	}
	og_buf_ch(&s->cli->out, '\n');
}

/* Twice: first to measure, then to write. */
static void show_table(struct show *s, const struct shown *d, bool measure)
{
	og_auto_buf struct og_buf value = OG_BUF_INIT(0), name = OG_BUF_INIT(0);
	og_auto_buf struct og_buf where = OG_BUF_INIT(0);
	for (size_t i = 0; i < og_nfields(d->type->doc); i++) {
		const struct og_field *f = &d->type->fields[i];
		if (in_absent_object(d, i) || !value_of(d, f, &value))
			continue;
		table_cells(s, d, i, &value, &name);
		og_buf_reset(&where);
		origin_text(s, d, i, &where);
		const char *cells[4] = {name.p, f->path, value.p, where.p};
		if (value.failed || name.failed || where.failed) {
			s->cli->out.failed = true;
			return;
		}
		for (size_t k = 0; measure && k < 3; k++) {
			if (strlen(cells[k]) > s->width[k])
				s->width[k] = strlen(cells[k]);
		}
		if (!measure)
			table_row(s, cells);
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

static void show_one(struct show *s, unsigned form, const struct shown *d, bool measure)
{
	if (form == SHOW_TABLE)
		show_table(s, d, measure);
	else if (measure)
		return;
	else if (form == SHOW_JSON)
		show_json(s, d);
	else
		show_yaml(s, d);
}

static void show_all(struct show *s, unsigned form, const struct og_config *c,
	const struct og_profile *only, bool measure)
{
	for (uint32_t i = 0; i < c->nstacks; i++) {
		struct shown d = of_stack(c, i);
		if (!only || only->stack == &c->stacks[i])
			show_one(s, form, &d, measure);
	}
	for (uint32_t i = 0; i < c->nprofiles; i++) {
		struct shown d = of_profile(c, i);
		if (!only || only == &c->profiles[i])
			show_one(s, form, &d, measure);
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
	static const char *const header[4] = {"DOCUMENT", "FIELD", "VALUE", "ORIGIN"};
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
	for (size_t i = 0; i < 3; i++)
		s.width[i] = strlen(header[i]);
	if (a->output == SHOW_JSON)
		og_buf_fmt(
			&cli->out, "{\n  \"hash\": \"%s\",\n  \"documents\": [", set.config->hash);
	show_all(&s, a->output, set.config, only, true);
	if (a->output == SHOW_TABLE)
		table_row(&s, header);
	show_all(&s, a->output, set.config, only, false);
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
