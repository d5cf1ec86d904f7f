/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals and text for people. */
#include <sys/ioctl.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/width.h"
#include "otelgate/cli/term.h"

enum { WIDTH_PLAIN = 80, WIDTH_MIN = 60, WIDTH_MAX = 100 };

bool og_term_colour(int fd, enum og_colour when, og_getenv_fn *env)
{
	if (when != OG_COLOUR_AUTO)
		return when == OG_COLOUR_ALWAYS;
	const char *no = env("NO_COLOR"), *term = env("TERM");
	if (no && no[0])
		return false;
	if (!term || !term[0] || strcmp(term, "dumb") == 0)
		return false;
	return isatty(fd) == 1;
}

unsigned og_term_columns(int fd)
{
	struct winsize ws = {0};
	if (isatty(fd) != 1 || ioctl(fd, TIOCGWINSZ, &ws) != 0 || ws.ws_col == 0)
		return WIDTH_PLAIN;
	return ws.ws_col;
}

unsigned og_term_width(int fd)
{
	unsigned n = og_term_columns(fd);
	return n < WIDTH_MIN ? WIDTH_MIN : n > WIDTH_MAX ? WIDTH_MAX : n;
}

const char og_style_off[] = "\033[0m";

const char *og_style_code(enum og_style style)
{
	static const char *const codes[] = {
		[OG_STYLE_BOLD] = "\033[1m",
		[OG_STYLE_DIM] = "\033[2m",
		[OG_STYLE_RED] = "\033[31m",
		[OG_STYLE_GREEN] = "\033[32m",
		[OG_STYLE_YELLOW] = "\033[33m",
		[OG_STYLE_CYAN] = "\033[36m",
	};
	return codes[style];
}

void og_style_sv(struct og_buf *b, bool on, enum og_style style, struct og_sv s)
{
	if (on)
		og_buf_str(b, og_style_code(style));
	og_buf_sv(b, s);
	if (on)
		og_buf_str(b, og_style_off);
}

void og_style_str(struct og_buf *b, bool on, enum og_style style, const char *s)
{
	og_style_sv(b, on, style, og_svz(s));
}

bool og_term_ascii(og_getenv_fn *env)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	struct og_sv set = OG_SV("");

	for (size_t i = 0; i < OG_COUNT(names); i++) {
		const char *v = env(names[i]);
		if (!v || !*v)
			continue;
		struct og_sv s = og_svz(v);
		size_t dot = og_sv_chr(s, '.');
		set = dot < s.n ? og_sv(s.p + dot + 1, s.n - dot - 1) : set;
		break;
	}
	set.n = og_sv_chr(set, '@');
	return !og_sv_caseeq(set, OG_SV("UTF-8")) && !og_sv_caseeq(set, OG_SV("utf8"));
}

void og_text_safe(struct og_buf *b, struct og_sv s)
{
	for (size_t i = 0; i < s.n;) {
		struct og_glyph g = og_glyph_first(og_sv(s.p + i, s.n - i));
		for (size_t j = 0; g.kind != OG_GLYPH_TEXT && j < g.n; j++)
			og_buf_fmt(b, "\\x%02x", (unsigned)(unsigned char)s.p[i + j]);
		if (g.kind == OG_GLYPH_TEXT)
			og_buf_add(b, s.p + i, g.n);
		i += g.n;
	}
}

static void new_line(struct og_buf *b, unsigned indent)
{
	og_buf_ch(b, '\n');
	for (unsigned i = 0; i < indent; i++)
		og_buf_ch(b, ' ');
}

void og_text_wrap(struct og_buf *b, struct og_sv text, unsigned at, unsigned indent, unsigned width)
{
	struct og_sv line, word;
	bool first_line = true;
	unsigned col = at;
	while (og_sv_split(&text, '\n', &line)) {
		if (!first_line) {
			if (line.n)
				new_line(b, indent);
			else
				og_buf_ch(b, '\n');
			col = indent;
		}
		first_line = false;
		bool first_word = true;
		while (og_sv_split(&line, ' ', &word)) {
			if (!word.n)
				continue;
			unsigned w = og_width(word);
			if (!first_word && col + 1 + w > width) {
				new_line(b, indent);
				col = indent;
			} else if (!first_word) {
				og_buf_ch(b, ' ');
				col++;
			}
			og_buf_sv(b, word);
			col += w;
			first_word = false;
		}
	}
}
