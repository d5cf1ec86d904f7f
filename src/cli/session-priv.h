/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What commands with a session show of it beside their answer. */
#include "otelgate/audit/session.h"
#include "otelgate/cli/command.h"

/* A line that the next one replaces; only on a terminal. */
struct session_progress {
	struct og_cli *cli;
	bool shown;
	int64_t begun_ns, told_ns; /* monotonic, of session_progress_bytes; 0 = not begun */
};
void session_on_progress(void *progress, const char *what);
void session_progress_say(struct session_progress *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void session_progress_clear(struct session_progress *p);
/* How far the reading of a file is: from the first second on, once a second. */
void session_progress_bytes(void *progress, const char *what, uint64_t done, uint64_t of);
/* "reading dump.yaml: 41 of 103 MB, about 2 s left", after so much time; of 0 = not known. */
void session_bytes_text(
	struct og_buf *b, const char *what, uint64_t done, uint64_t of, int64_t elapsed_ns);

/* What could not be seen, one line each, with the right that is missing; *ret_partial when there
 * is any. Errors: OOM. */
int session_notes(struct og_audit_session *s, const char *ns, struct og_buf *notes,
	bool *ret_partial, struct og_err *err);
/* To standard error; the server's words cannot steer the terminal. */
void session_write_notes(struct og_cli *cli, struct og_sv notes);

/* "Restart 3 workloads? [y/N]" on standard error. False: no, or nobody answered. */
bool session_confirm(struct og_cli *cli, const char *verb, uint32_t n);
