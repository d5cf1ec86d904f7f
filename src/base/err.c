/* SPDX-License-Identifier: Apache-2.0 */
/* Error objects: making, wrapping, naming. */
#include "otelgate/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[OG_E_COUNT_] = {
	[OG_OK] = "ok",
	[OG_E_OOM] = "oom",
	[OG_E_BUG] = "bug",
	[OG_E_CONFIG] = "config",
	[OG_E_PARSE] = "parse",
	[OG_E_LIMIT] = "limit",
	[OG_E_IO] = "io",
	[OG_E_TLS] = "tls",
	[OG_E_TIMEOUT] = "timeout",
	[OG_E_CANCELLED] = "cancelled",
	[OG_E_NOT_FOUND] = "not-found",
	[OG_E_CONFLICT] = "conflict",
	[OG_E_INVALID] = "invalid",
	[OG_E_UNSUPPORTED] = "unsupported",
	[OG_E_USAGE] = "usage",
};

const char *og_code_name(enum og_code code)
{
	return (unsigned)code < OG_E_COUNT_ ? names[code] : "unknown";
}

/* A message cut by the buffer's end must not end inside a UTF-8 sequence. */
static void trim_partial_utf8(char *s)
{
	size_t n = strlen(s);
	size_t back = 0;
	while (back < 3 && back < n && ((unsigned char)s[n - 1 - back] & 0xC0) == 0x80)
		back++;
	if (back >= n)
		return;
	unsigned char lead = (unsigned char)s[n - 1 - back];
	size_t need = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
	if (need > back)
		s[n - 1 - back] = '\0';
}

static void append(struct og_err *err, const char *text)
{
	size_t used = strlen(err->msg);
	size_t room = sizeof(err->msg) - 1 - used;
	size_t n = strlen(text);
	memcpy(err->msg + used, text, n < room ? n : room);
	err->msg[used + (n < room ? n : room)] = '\0';
	if (n > room)
		trim_partial_utf8(err->msg);
}

__attribute__((format(printf, 4, 0))) static void vset(
	struct og_err *err, const char *where, enum og_code code, const char *fmt, va_list ap)
{
	err->code = code;
	err->sys = 0;
	err->where = where;
	int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	if (n < 0)
		err->msg[0] = '\0';
	else if ((size_t)n >= sizeof(err->msg))
		trim_partial_utf8(err->msg);
}

int og_err_set_(struct og_err *err, const char *where, enum og_code code, const char *fmt, ...)
{
	if (err) {
		va_list ap;
		va_start(ap, fmt);
		vset(err, where, code, fmt, ap);
		va_end(ap);
	}
	return -(int)code;
}

int og_err_sys_(struct og_err *err, const char *where, int sys, const char *fmt, ...)
{
	if (err) {
		va_list ap;
		va_start(ap, fmt);
		vset(err, where, OG_E_IO, fmt, ap);
		va_end(ap);
		err->sys = sys;
		char text[128];
		append(err, ": ");
		append(err, strerror_r(sys, text, sizeof(text)));
	}
	return -(int)OG_E_IO;
}

int og_err_wrap(struct og_err *err, const char *fmt, ...)
{
	if (!err)
		return -(int)OG_E_BUG;
	char old[sizeof(err->msg)];
	memcpy(old, err->msg, sizeof(old));
	va_list ap;
	va_start(ap, fmt);
	if (vsnprintf(err->msg, sizeof(err->msg), fmt, ap) < 0)
		err->msg[0] = '\0';
	va_end(ap);
	append(err, ": ");
	append(err, old);
	return -(int)err->code;
}

void og_err_clear(struct og_err *err)
{
	if (!err)
		return;
	err->code = OG_OK;
	err->sys = 0;
	err->where = NULL;
	err->msg[0] = '\0';
}
