/* SPDX-License-Identifier: Apache-2.0 */
/* config check, config fields. */
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/cli/config_load.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/jwrite.h"
#include "commands-priv.h"

struct check_args {
	unsigned output;
	bool strict;
};
enum { CHECK_TEXT, CHECK_JSON };

static const struct og_opt check_opts[] = {
	{
		.name = "output",
		.letter = 'o',
		.type = OG_OPT_WORD,
		.at = offsetof(struct check_args, output),
		.arg = "FORM",
		.words = "text|json",
		.def = "text",
		.help = "form of the output",
	},
	{
		.name = "strict",
		.type = OG_OPT_FLAG,
		.at = offsetof(struct check_args, strict),
		.help = "warnings count as errors",
	},
};

static void write_string(struct og_buf *b, const char *key, const char *value)
{
	og_buf_fmt(b, "\"%s\": ", key);
	og_jw_str(b, og_svz(value));
}

static void check_json(struct og_buf *b, const struct og_config_report *rep,
	const struct og_config *c, size_t nfiles)
{
	og_buf_fmt(b,
		"{\n  \"valid\": %s,\n  \"errors\": %u,\n  \"warnings\": %u,\n  \"files\": %zu,\n"
		"  \"stacks\": %u,\n  \"profiles\": %u,\n  \"ignored\": %u,\n",
		c ? "true" : "false", rep->nerrors, rep->nwarnings, nfiles, rep->nstacks,
		rep->nprofiles, rep->nignored);
	if (c)
		og_buf_fmt(b, "  \"hash\": \"%s\",\n", c->hash);
	og_buf_lit(b, "  \"problems\": [");
	for (uint32_t i = 0; i < rep->n; i++) {
		const struct og_config_problem *p = &rep->v[i];
		og_buf_str(b, i ? ",\n    {" : "\n    {");
		write_string(b, "severity", og_severity_name(p->severity));
		og_buf_lit(b, ", ");
		write_string(b, "file", p->file);
		og_buf_fmt(b, ", \"line\": %u, \"column\": %u, ", p->line, p->col);
		write_string(b, "path", p->path);
		og_buf_lit(b, ", ");
		write_string(b, "message", p->message);
		og_buf_lit(b, ", ");
		write_string(b, "hint", p->hint);
		og_buf_ch(b, '}');
	}
	og_buf_str(b, rep->n ? "\n  ]\n}\n" : "]\n}\n");
}

static void check_text(struct og_cli *cli, const struct og_config_report *rep,
	const struct og_config_input *inputs, size_t n)
{
	for (uint32_t i = 0; i < rep->n; i++)
		og_cli_config_problem(&cli->out, &rep->v[i],
			n ? inputs[rep->v[i].input].text : OG_SV(""), cli->colour_out);
	if (rep->nerrors + rep->nwarnings > rep->n)
		og_buf_fmt(&cli->out, "%u more are not shown\n",
			rep->nerrors + rep->nwarnings - rep->n);
	og_buf_fmt(&cli->out, "%zu file%s, %u GrafanaStack%s, %u TelemetryProfile%s: ", n,
		n == 1 ? "" : "s", rep->nstacks, rep->nstacks == 1 ? "" : "s", rep->nprofiles,
		rep->nprofiles == 1 ? "" : "s");
	if (rep->nerrors || rep->nwarnings)
		og_cli_config_counts(&cli->out, rep);
	else
		og_style_str(&cli->out, cli->colour_out, OG_STYLE_GREEN, "valid");
	og_buf_ch(&cli->out, '\n');
}

static int run_check(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	const struct check_args *a = args;
	struct og_err err = OG_ERR_INIT;
	struct og_config_report rep;
	const struct og_config_input *inputs = NULL;
	struct og_config *c = NULL;
	size_t n = 0;
	if (og_config_files_read(
		    cli->arena, p->operands, p->noperands, cli->in_fd, &inputs, &n, &err))
		return og_cli_fail(cli, &err);
	if (og_config_read(cli->arena, inputs, n, &c, &rep) == -OG_E_OOM) {
		og_cli_error(cli, "out of memory");
		return OG_EXIT_FAULT;
	}
	if (a->output == CHECK_JSON)
		check_json(&cli->out, &rep, c, n);
	else
		check_text(cli, &rep, inputs, n);
	return !c || (a->strict && rep.nwarnings) ? OG_EXIT_GATE : OG_EXIT_PASS;
}

const struct og_command og_cmd_config_check = {
	.name = "config check",
	.summary = "check configuration files",
	.usage = "[--strict] [-o json] FILE|DIR...",
	.description =
		"Reads GrafanaStack and TelemetryProfile documents from YAML or JSON files, from the "
		"files of folders, or from standard input (-), and reports everything that is wrong "
		"with them: unknown fields, wrong types and words, values out of range, references "
		"to what isn't there, and combinations that can't work.",
	.examples = "# check one file\n%P config check otelgate.yaml\n"
		    "# check a folder in CI; warnings fail, too\n%P config check --strict deploy/",
	.exits = "0 the configuration is valid\n1 it is not\n2 the command line is wrong\n"
		 "3 a file can't be read",
	.opts = check_opts,
	.nopts = OG_COUNT(check_opts),
	.args_bytes = sizeof(struct check_args),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = run_check,
};

/* --- config fields --- */

static void field_type(struct og_buf *b, const struct og_field *f)
{
	if (f->words) {
		if (f->type == OG_FT_STRINGS)
			og_buf_lit(b, "list of ");
		og_field_words_text(f, b);
	} else if (f->type == OG_FT_STRING && f->format) {
		og_buf_str(b, f->format->name);
	} else if (f->type == OG_FT_STRINGS && f->format) {
		og_buf_fmt(b, "list of %s", f->format->name);
	} else {
		og_buf_str(b, og_field_type_name(f->type));
	}
}

static void field_list(struct og_cli *cli, const struct og_doc_type *t, struct og_sv below)
{
	size_t widest = 0;
	for (size_t i = 0; i < og_nfields(t->doc); i++) {
		size_t n = strlen(t->fields[i].path);
		if (og_sv_starts(og_svz(t->fields[i].path), below) && n > widest)
			widest = n;
	}
	for (size_t i = 0; i < og_nfields(t->doc); i++) {
		const struct og_field *f = &t->fields[i];
		struct og_sv path = og_svz(f->path);
		if (!og_sv_starts(path, below) || (path.n > below.n && path.p[below.n] != '.'))
			continue;
		og_buf_lit(&cli->out, "  ");
		og_style_sv(&cli->out, cli->colour_out, OG_STYLE_BOLD, path);
		og_buf_fmt(&cli->out, "%*s", (int)(widest - path.n + 2), "");
		og_buf_str(&cli->out, f->help);
		if (f->def)
			og_buf_fmt(&cli->out, " [%s]", f->def);
		og_buf_ch(&cli->out, '\n');
	}
}

static void field_page(struct og_cli *cli, const struct og_doc_type *t, const struct og_field *f)
{
	struct og_buf *b = &cli->out;
	og_style_str(b, cli->colour_out, OG_STYLE_BOLD, t->kind);
	og_buf_ch(b, ' ');
	og_style_str(b, cli->colour_out, OG_STYLE_BOLD, f->path);
	og_buf_fmt(b, "\n  %s.\n", f->help);
	if (f->doc) {
		og_buf_lit(b, "  ");
		og_text_wrap(b, og_svz(f->doc), 2, 2, cli->width);
		og_buf_ch(b, '\n');
	}
	og_buf_lit(b, "  type:     ");
	field_type(b, f);
	og_buf_ch(b, '\n');
	if (f->flags & OG_FF_REQUIRED)
		og_buf_lit(b, "  required\n");
	if (f->def)
		og_buf_fmt(b, "  default:  %s\n", f->def);
	if (f->example)
		og_buf_fmt(b, "  example:  %s\n", f->example);
	if (f->type == OG_FT_OBJECT)
		field_list(cli, t, og_svz(f->path));
}

/* A path, a path without "spec.", or its last parts. */
static bool is_topic(const struct og_field *f, struct og_sv topic)
{
	struct og_sv path = og_svz(f->path);
	return og_sv_eq(path, topic) || (og_sv_ends(path, topic) && path.n > topic.n && topic.n &&
						path.p[path.n - topic.n - 1] == '.');
}

static int unknown_topic(struct og_cli *cli, struct og_sv topic)
{
	const char *names[512];
	size_t n = 0;
	for (size_t k = 0; k < OG_DOC_KIND_COUNT_; k++) {
		names[n++] = og_doc_types[k].kind;
		for (size_t i = 0; i < og_nfields((enum og_doc_kind)k); i++) {
			const struct og_field *f = &og_doc_types[k].fields[i];
			if (n + 2 < OG_COUNT(names)) {
				names[n++] = og_field_key(f).p;
				names[n++] = f->path;
			}
		}
	}
	const char *near = og_suggest(topic, names, n);
	if (near)
		return og_cli_usage(
			cli, "there is no field \"%.64s\" (did you mean \"%s\"?)", topic.p, near);
	return og_cli_usage(cli, "there is no field \"%.64s\"", topic.p);
}

static int run_fields(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	struct og_sv topic = og_svz(p->noperands ? p->operands[0] : NULL);
	bool found = false;
	(void)args;
	for (size_t k = 0; k < OG_DOC_KIND_COUNT_; k++) {
		const struct og_doc_type *t = &og_doc_types[k];
		if (!topic.n || og_sv_caseeq(topic, og_svz(t->kind)) ||
			og_sv_eq(topic, og_svz(t->short_name))) {
			og_buf_str(&cli->out, found ? "\n" : "");
			og_style_str(&cli->out, cli->colour_out, OG_STYLE_BOLD, t->kind);
			og_buf_fmt(&cli->out, " (%s): %s\n", t->short_name, t->help);
			field_list(cli, t, OG_SV("spec"));
			found = true;
			continue;
		}
		for (size_t i = 0; i < og_nfields((enum og_doc_kind)k); i++) {
			if (!is_topic(&t->fields[i], topic))
				continue;
			og_buf_str(&cli->out, found ? "\n" : "");
			field_page(cli, t, &t->fields[i]);
			found = true;
		}
	}
	return found ? OG_EXIT_PASS : unknown_topic(cli, topic);
}

const struct og_command og_cmd_config_fields = {
	.name = "config fields",
	.summary = "explain the fields of configuration documents",
	.usage = "[KIND|FIELD]",
	.description = "Without an argument lists all fields, with their defaults in brackets. A "
		       "field is named by its path (spec.receiver.protocol) or the end of it "
		       "(protocol).",
	.examples = "# everything that can be set\n%P config fields\n"
		    "# one field\n%P config fields receiver.protocol",
	.max_operands = 1,
	.run = run_fields,
};
