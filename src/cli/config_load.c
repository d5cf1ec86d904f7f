/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration for commands: loading, and problems with their source line. */
#include "otelgate/base/mem.h"
#include "otelgate/cli/config_load.h"
#include "otelgate/cli/term.h"

enum { SHOWN_BYTES = 160, BEFORE_BYTES = 80 };

/* Words that begin a credential; what follows up to a blank or quote is hidden. */
static const char *const secrets[] = {
	"glc_", "glsa_", "Basic%20", "Basic ", "Bearer%20", "Bearer "};

static struct og_sv line_of(struct og_sv text, uint32_t line)
{
	struct og_sv rest = text, s = {"", 0};
	if (og_sv_starts(rest, OG_SV("\xef\xbb\xbf")))
		rest = og_sv(rest.p + 3, rest.n - 3); /* columns don't count it */
	for (uint32_t i = 0; i < line; i++) {
		if (!og_sv_split(&rest, '\n', &s))
			return (struct og_sv){"", 0};
	}
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

/* Length of what has to be hidden at the front of s; 0 = nothing. *ret_keep gets what is shown. */
static size_t secret_at(struct og_sv s, size_t *ret_keep)
{
	size_t end = 0, at;
	for (size_t i = 0; i < OG_COUNT(secrets); i++) {
		struct og_sv word = og_svz(secrets[i]);
		if (!og_sv_starts(s, word))
			continue;
		for (end = word.n; end < s.n && !strchr(" \t\"',", s.p[end]); end++)
			;
		*ret_keep = word.n;
		return end;
	}
	if (!og_sv_starts(s, OG_SV("://")))
		return 0;
	for (at = 3; at < s.n && !strchr("/ \t\"'", s.p[at]); at++) {
		if (s.p[at] == '@')
			end = at;
	}
	*ret_keep = 3;
	return end;
}

/* One character of the line as it is shown; never more than one column. */
static void put(struct og_buf *out, struct og_sv ch)
{
	if (ch.n == 1 && ((unsigned char)ch.p[0] < 0x20 || ch.p[0] == 0x7f))
		og_buf_ch(out, ch.p[0] == '\t' ? ' ' : '?');
	else
		og_buf_sv(out, ch);
}

static size_t char_len(struct og_sv s)
{
	size_t n = 1;
	while (n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* The line and, below it, a caret under byte `col` (from 1). */
static void source_line(
	struct og_buf *out, struct og_sv s, uint32_t line, uint32_t col, bool colour)
{
	og_auto_buf struct og_buf shown = OG_BUF_INIT(4096), pad = OG_BUF_INIT(4096);
	size_t from = col > BEFORE_BYTES ? col - BEFORE_BYTES : 0, keep = 0;
	size_t to = s.n < from + SHOWN_BYTES ? s.n : from + SHOWN_BYTES;
	bool caret = false;
	if (!og_utf8_valid(s.p, s.n))
		return;
	for (size_t i = 0; i < s.n;) {
		struct og_sv rest = og_sv(s.p + i, s.n - i);
		size_t hide = secret_at(rest, &keep);
		size_t step = hide > keep ? hide : char_len(rest);
		caret = caret || i + step >= col;
		if (i >= from && i < to) {
			if (hide > keep) {
				og_buf_add(&shown, rest.p, keep);
				og_buf_lit(&shown, "…");
			} else {
				put(&shown, og_sv(rest.p, step));
			}
			for (size_t k = 0; !caret && k < (hide > keep ? keep + 1 : 1); k++)
				og_buf_ch(&pad, ' ');
		}
		i += step;
	}
	og_buf_fmt(out, "%6u | ", line);
	og_buf_sv(out, og_buf_view(&shown));
	og_buf_lit(out, "\n       | ");
	og_buf_sv(out, og_buf_view(&pad));
	og_style_str(out, colour, OG_STYLE_GREEN, "^");
	og_buf_ch(out, '\n');
}

void og_cli_config_problem(
	struct og_buf *out, const struct og_config_problem *p, struct og_sv text, bool colour)
{
	bool error = p->severity == OG_SEV_ERROR;
	og_auto_buf struct og_buf where = OG_BUF_INIT(4096);
	og_text_safe(&where, og_svz(p->file));
	if (p->line)
		og_buf_fmt(&where, ":%u:%u", p->line, p->col);
	og_buf_lit(&where, ":");
	og_style_sv(out, colour, OG_STYLE_BOLD, og_buf_view(&where));
	og_buf_ch(out, ' ');
	og_style_str(
		out, colour, error ? OG_STYLE_RED : OG_STYLE_YELLOW, error ? "error:" : "warning:");
	og_buf_ch(out, ' ');
	if (*p->path) {
		og_text_safe(out, og_svz(p->path));
		og_buf_lit(out, ": ");
	}
	og_text_safe(out, og_svz(p->message));
	og_buf_ch(out, '\n');
	if (p->line)
		source_line(out, line_of(text, p->line), p->line, p->col, colour);
	if (*p->hint) {
		og_buf_str(out, p->line ? "       = " : "  ");
		og_style_str(out, colour, OG_STYLE_CYAN, "hint:");
		og_buf_ch(out, ' ');
		og_text_safe(out, og_svz(p->hint));
		og_buf_ch(out, '\n');
	}
}

void og_cli_config_counts(struct og_buf *out, const struct og_config_report *rep)
{
	og_buf_fmt(out, "%u error%s, %u warning%s", rep->nerrors, rep->nerrors == 1 ? "" : "s",
		rep->nwarnings, rep->nwarnings == 1 ? "" : "s");
}

int og_cli_config_load_set(struct og_cli *cli, const char *const *paths, size_t npaths,
	int stdin_fd, struct og_config_set *ret)
{
	struct og_err err = OG_ERR_INIT;
	struct og_config_report rep;
	const struct og_config_input *inputs = NULL;
	struct og_config *c = NULL;
	size_t n = 0;
	if (og_config_files_read(cli->arena, paths, npaths, stdin_fd, &inputs, &n, &err))
		return og_cli_fail(cli, &err);
	int rc = og_config_read(cli->arena, inputs, n, &c, &rep);
	for (uint32_t i = 0; i < rep.n; i++)
		og_cli_config_problem(&cli->err, &rep.v[i],
			n ? inputs[rep.v[i].input].text : OG_SV(""), cli->colour_err);
	if (rc == -OG_E_OOM) {
		og_cli_error(cli, "out of memory reading the configuration");
		return OG_EXIT_FAULT;
	}
	if (rc) {
		og_auto_buf struct og_buf counts = OG_BUF_INIT(256);
		og_cli_config_counts(&counts, &rep);
		og_cli_error(cli, "the configuration is not valid: %s", counts.p ? counts.p : "");
		return OG_EXIT_FAULT;
	}
	*ret = (struct og_config_set){c, inputs, n};
	return OG_EXIT_PASS;
}

int og_cli_config_load(struct og_cli *cli, const char *const *paths, size_t npaths, int stdin_fd,
	const struct og_config **ret)
{
	struct og_config_set set;
	int rc = og_cli_config_load_set(cli, paths, npaths, stdin_fd, &set);
	if (rc == OG_EXIT_PASS)
		*ret = set.config;
	return rc;
}
