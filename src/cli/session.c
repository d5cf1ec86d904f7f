/* SPDX-License-Identifier: Apache-2.0 */
/* Progress and notes of commands with a session. */
#include <stdarg.h>
#include <unistd.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/width.h"
#include "otelgate/cli/term.h"
#include "session-priv.h"

enum { LINE_BYTES = 32 << 10 }; /* a reason, or a path: a buffer that is full holds nothing */

void session_progress_say(struct session_progress *p, const char *fmt, ...)
{
	og_auto_buf struct og_buf line = OG_BUF_INIT(LINE_BYTES),
				  safe = OG_BUF_INIT(4 * LINE_BYTES);
	og_auto_buf struct og_buf b = OG_BUF_INIT(5 * LINE_BYTES);
	va_list ap;

	if (isatty(p->cli->err_fd) != 1)
		return;
	va_start(ap, fmt);
	og_buf_vfmt(&line, fmt, ap);
	va_end(ap);
	og_text_safe(&safe, og_buf_view(&line));
	/* What wraps could not be taken back, and a full line wraps on some terminals. */
	struct og_sv text = og_buf_view(&safe);
	text.n = og_width_fit(text, og_term_columns(p->cli->err_fd) - 1);
	og_buf_lit(&b, "\r\033[K");
	og_buf_sv(&b, text);
	p->shown = write(p->cli->err_fd, og_buf_view(&b).p, b.len) >= 0;
}

void session_on_progress(void *progress, const char *what)
{
	session_progress_say(progress, "waiting for %s ...", what);
}

void session_bytes_text(
	struct og_buf *b, const char *what, uint64_t done, uint64_t of, int64_t elapsed_ns)
{
	const double mb = 1e6, took = (double)elapsed_ns / OG_NS_PER_S;

	og_buf_fmt(b, "reading %s: %.0f", what, (double)done / mb);
	if (done < of)
		og_buf_fmt(b, " of %.0f", (double)of / mb);
	og_buf_lit(b, " MB");
	if (done && done < of) {
		double left = took * (double)(of - done) / (double)done;
		og_buf_fmt(b, ", about %.0f s left", left < 1 ? 1 : left);
	}
}

void session_progress_bytes(void *progress, const char *what, uint64_t done, uint64_t of)
{
	struct session_progress *p = progress;
	og_auto_buf struct og_buf b = OG_BUF_INIT(LINE_BYTES);
	int64_t now = og_clock_mono_ns(og_clock_system());

	if (!p->begun_ns)
		p->begun_ns = p->told_ns = now;
	if (now - p->told_ns < OG_NS_PER_S)
		return;
	p->told_ns = now;
	session_bytes_text(&b, what, done, of, now - p->begun_ns);
	session_progress_say(p, "%s", og_buf_view(&b).p);
}

void session_progress_clear(struct session_progress *p)
{
	static const char clear[] = "\r\033[K";

	if (p->shown && write(p->cli->err_fd, clear, sizeof(clear) - 1) < 0)
		p->shown = false;
	p->shown = false;
}

int session_notes(struct og_audit_session *s, const char *ns, struct og_buf *notes,
	bool *ret_partial, struct og_err *err)
{
	struct og_audit_blind blind[OG_CLUSTER_WATCHES];
	og_auto_arena struct og_arena a = {0};
	uint32_t n = 0;

	og_arena_init(&a, 0, 0);
	int r = og_audit_session_blind(s, ns, &a, blind, &n, err);
	for (uint32_t i = 0; i < n && r == 0; i++)
		og_buf_fmt(notes, "%.*s: %.*s%s%s\n", OG_SV_ARG(blind[i].what),
			OG_SV_ARG(blind[i].why),
			*blind[i].info.rule ? "; the rule that is missing:\n" : "",
			blind[i].info.rule);
	*ret_partial = n > 0;
	return r == 0 && notes->failed ? og_err_set(err, OG_E_OOM, "writing notes") : r;
}

void session_write_notes(struct og_cli *cli, struct og_sv notes)
{
	struct og_sv line;

	while (og_sv_split(&notes, '\n', &line)) {
		og_text_safe(&cli->err, line);
		og_buf_ch(&cli->err, '\n');
	}
}

bool session_confirm(struct og_cli *cli, const char *verb, uint32_t n)
{
	char answer[16] = "";
	ssize_t got;

	og_buf_fmt(&cli->err, "%s %u workload%s? [y/N] ", verb, n, n == 1 ? "" : "s");
	if (!og_cli_flush(cli))
		return false;
	got = read(cli->in_fd, answer, sizeof(answer) - 1);
	return got > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}
