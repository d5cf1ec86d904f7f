/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals and text for people. */
#include <sys/ioctl.h>
#include <unistd.h>
#include "otelgate/base/harmless.h"
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

unsigned og_term_width(int fd)
{
	struct winsize ws = {0};
	if (isatty(fd) != 1 || ioctl(fd, TIOCGWINSZ, &ws) != 0 || ws.ws_col == 0)
		return WIDTH_PLAIN;
	return ws.ws_col < WIDTH_MIN ? WIDTH_MIN : ws.ws_col > WIDTH_MAX ? WIDTH_MAX : ws.ws_col;
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

void og_text_safe(struct og_buf *b, struct og_sv s)
{
	for (size_t i = 0; i < s.n;) {
		size_t k = og_utf8_len(s.p + i, s.n - i);
		if (k == 0 || og_utf8_steers(s.p + i, k)) {
			size_t bad = k ? k : 1;
			for (size_t j = 0; j < bad; j++)
				og_buf_fmt(b, "\\x%02x", (unsigned)(unsigned char)s.p[i + j]);
			i += bad;
			continue;
		}
		og_buf_add(b, s.p + i, k);
		i += k;
	}
}

static unsigned columns(struct og_sv s)
{
	unsigned n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
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
			unsigned w = columns(word);
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
