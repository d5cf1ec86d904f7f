/* SPDX-License-Identifier: Apache-2.0 */
/* man/otelgate.1 (mdoc) from the tables. */
#include "otelgate/cli/command.h"

/* Day of the last change to this page's fixed text; mdoc wants one. */
#define PAGE_DATE "November 22, 2026"

/* One run of text: backslashes and hyphens that must stay ASCII are escaped. */
static void escaped(struct og_buf *b, struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			og_buf_lit(b, "\\e");
		else if (s.p[i] == '-')
			og_buf_lit(b, "\\-");
		else
			og_buf_ch(b, s.p[i]);
	}
}

enum { SOURCE_COLUMNS = 78 };

/* Length as mandoc counts it, which reads a character beyond ASCII as \[uXXXX]. */
static size_t source_columns(const char *p, size_t n)
{
	size_t columns = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		columns += c < 0x80 ? 1 : (c & 0xc0) == 0xc0 ? 8 : 0;
	}
	return columns;
}

/* One sentence, broken so that no source line is long nor begins with a control character. */
static void text_line(struct og_buf *b, struct og_sv s)
{
	struct og_sv rest = og_sv_trim(s), word;
	size_t line = b->len;
	while (og_sv_split(&rest, ' ', &word)) {
		if (!word.n)
			continue;
		size_t at = b->len;
		if (at > line)
			og_buf_ch(b, ' ');
		if (at == line && (word.p[0] == '.' || word.p[0] == '\''))
			og_buf_lit(b, "\\&");
		escaped(b, word);
		if (at > line && !b->failed &&
			source_columns(b->p + line, b->len - line) > SOURCE_COLUMNS) {
			b->p[at] = '\n';
			line = at + 1;
			if (word.p[0] == '.' || word.p[0] == '\'') {
				b->len = line;
				og_buf_lit(b, "\\&");
				escaped(b, word);
			}
		}
	}
	if (b->len > line)
		og_buf_ch(b, '\n');
}

/* Prose: each sentence on a line of its own (mdoc's rule), an empty line starts a paragraph. */
static void prose(struct og_buf *b, struct og_sv text)
{
	struct og_sv line;
	while (og_sv_split(&text, '\n', &line)) {
		if (!line.n) {
			og_buf_lit(b, ".Pp\n");
			continue;
		}
		size_t start = 0;
		for (size_t i = 0; i + 2 < line.n; i++) {
			bool end = line.p[i] == '.' || line.p[i] == '?' || line.p[i] == '!';
			if (!end || line.p[i + 1] != ' ')
				continue;
			text_line(b, og_sv(line.p + start, i + 1 - start));
			start = i + 2;
		}
		text_line(b, og_sv(line.p + start, line.n - start));
	}
}

static void option(struct og_buf *b, const struct og_opt *o)
{
	og_buf_lit(b, ".It ");
	if (o->letter)
		og_buf_fmt(b, "Fl %c , ", o->letter);
	og_buf_lit(b, "Fl \\-");
	escaped(b, og_svz(o->name));
	if (o->type != OG_OPT_FLAG)
		og_buf_fmt(b, " Ns = Ns Ar %s", o->arg);
	og_buf_ch(b, '\n');
	prose(b, og_svz(o->help));
	if (o->type == OG_OPT_WORD) {
		struct og_sv rest = og_svz(o->words), word;
		const char *sep = "One of ";
		while (og_sv_split(&rest, '|', &word)) {
			if (!word.n)
				continue;
			og_buf_str(b, sep);
			escaped(b, word);
			sep = ", ";
		}
		og_buf_lit(b, ".\n");
	}
	if (o->type == OG_OPT_STRS)
		og_buf_lit(b, "May be repeated.\n");
	if (o->def)
		og_buf_fmt(b, "The default is %s.\n", o->def);
	if (o->env)
		og_buf_fmt(b, "The environment variable\n.Ev %s\ngives it too.\n", o->env);
}

static void options(struct og_buf *b, const struct og_opt *rows, size_t n)
{
	if (!n)
		return;
	og_buf_lit(b, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < n; i++)
		option(b, &rows[i]);
	og_buf_lit(b, ".El\n");
}

static void literal(struct og_buf *b, struct og_sv s, const char *prog)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && i + 1 < s.n && s.p[i + 1] == 'P') {
			og_buf_str(b, prog);
			i++;
		} else {
			escaped(b, og_sv(s.p + i, 1));
		}
	}
	og_buf_ch(b, '\n');
}

static void command(struct og_buf *b, const struct og_command *c)
{
	struct og_sv rest = og_svz(c->usage), line;
	og_buf_fmt(b, ".Ss %s\n", c->name);
	og_buf_lit(b, ".Bd -literal -compact\n");
	do {
		if (!og_sv_split(&rest, '\n', &line))
			line = OG_SV("");
		og_buf_fmt(b, "otelgate %s%s", c->name, line.n ? " " : "");
		literal(b, line, "otelgate");
	} while (rest.n);
	og_buf_lit(b, ".Ed\n.Pp\n");
	og_buf_fmt(b, "%c",
		c->summary[0] >= 'a' && c->summary[0] <= 'z' ? c->summary[0] - 32 : c->summary[0]);
	escaped(b, og_svz(c->summary + 1));
	og_buf_lit(b, ".\n");
	if (c->description) {
		og_buf_lit(b, ".Pp\n");
		prose(b, og_svz(c->description));
	}
	options(b, c->opts, c->nopts);
	if (!c->exits)
		return;
	og_buf_lit(b, ".Pp\nExit codes of this command:\n.Bl -tag -width Ds -compact\n");
	rest = og_svz(c->exits);
	while (og_sv_split(&rest, '\n', &line)) {
		size_t sp = og_sv_chr(line, ' ');
		og_buf_fmt(b, ".It %.*s\n", (int)sp, line.p);
		if (sp < line.n)
			prose(b, og_sv(line.p + sp + 1, line.n - sp - 1));
	}
	og_buf_lit(b, ".El\n");
}

/* Every variable that stands in a table, once, in order of name. */
static void environment(struct og_buf *b)
{
	const char *last = "";
	og_buf_lit(b, ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n");
	for (;;) {
		const char *next = NULL;
		const struct og_opt *row = NULL;
		for (size_t i = 0; i < og_ncommands; i++) {
			for (size_t j = 0; j < og_commands[i]->nopts; j++) {
				const struct og_opt *o = &og_commands[i]->opts[j];
				if (!o->env || strcmp(o->env, last) <= 0 ||
					(next && strcmp(o->env, next) >= 0))
					continue;
				next = o->env;
				row = o;
			}
		}
		if (!next)
			break;
		og_buf_fmt(b, ".It Ev %s\n", next);
		og_buf_lit(b, "Value of\n.Fl \\-");
		escaped(b, og_svz(row->name));
		og_buf_lit(b, "\nwhere the option is not given.\n");
		last = next;
	}
	og_buf_lit(b,
		".It Ev NO_COLOR\nWhen set and not empty, output is never coloured.\n"
		".It Ev OTELGATE_PAGER , PAGER\nThe first that is set shows what is longer than "
		"the terminal; less without.\nEmpty or\n.Dq cat :\nno pager.\n"
		".It Ev TERM\nWhen unset or\n.Dq dumb ,\noutput is never coloured nor paged.\n"
		".El\n");
}

static void examples(struct og_buf *b)
{
	og_buf_lit(b, ".Sh EXAMPLES\n");
	bool first = true;
	for (size_t i = 0; i < og_ncommands; i++) {
		if (og_commands[i]->hidden || !og_commands[i]->examples)
			continue;
		struct og_sv rest = og_svz(og_commands[i]->examples), line;
		while (og_sv_split(&rest, '\n', &line)) {
			if (line.n && line.p[0] == '#') {
				if (!first)
					og_buf_lit(b, ".Pp\n");
				prose(b, og_sv_trim(og_sv(line.p + 1, line.n - 1)));
				continue;
			}
			first = false;
			og_buf_lit(b, ".Dl ");
			literal(b, line, "otelgate");
		}
	}
}

void og_gen_man(struct og_buf *out)
{
	og_buf_lit(out, ".\\\" SPDX-License-Identifier: Apache-2.0\n"
			".\\\" Generated by \"make docs\" from the option tables; do not edit.\n"
			".Dd " PAGE_DATE "\n.Dt OTELGATE 1\n.Os\n"
			".Sh NAME\n.Nm otelgate\n"
			".Nd make Kubernetes workloads send OTLP telemetry to Grafana Cloud\n"
			".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n"
			".Sh DESCRIPTION\n.Nm\n"
			"puts the OpenTelemetry environment (endpoints, credentials by reference,\n"
			"resource attributes, language agents) into pods, as a mutating admission\n"
			"webhook or offline in manifests.\n"
			"Called as\n.Nm kubectl-otelgate\nit is a plugin of kubectl.\n"
			".Sh COMMANDS\n");
	for (size_t i = 0; i < og_ncommands; i++) {
		if (!og_commands[i]->hidden)
			command(out, og_commands[i]);
	}
	og_buf_lit(out, ".Ss Common options\nEvery command takes these:\n");
	options(out, og_common_opts, og_ncommon_opts);
	environment(out);
	og_buf_lit(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n"
			".It 0\nDone.\n"
			".It 1\nA gate tripped: a check found something to change or an error.\n"
			".It 2\nThe command line is wrong.\n"
			".It 3\nIt could not be evaluated: unreadable input, malformed documents.\n"
			".El\n");
	examples(out);
}
