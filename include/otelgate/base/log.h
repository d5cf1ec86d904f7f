/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Structured log: one line per call, written by one write(2), so that lines of several threads
 * never mix. Aligned text on a terminal, JSON lines otherwise.
 *
 *	og_log(OG_LOG_WARN, "webhook", "configuration kept",
 *		og_lf_str("file", path), og_lf_dur_ms("took", ms), og_lf_err(&err));
 *
 * Floors 0 to 3 log at debug alone; the service that owns the work logs once. The pure floors never
 * log. Logging never fails and never changes errno; a line that cannot be written is dropped and
 * counted. Bytes that are not UTF-8 and control characters are escaped; lines are cut at
 * OG_LOG_LINE_BYTES. All functions are thread-safe except og_log_setup.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/err.h"
#include "otelgate/base/secret.h"
#include "otelgate/base/str.h"

enum og_log_level { OG_LOG_DEBUG, OG_LOG_INFO, OG_LOG_WARN, OG_LOG_ERROR, OG_LOG_OFF };
enum og_log_format { OG_LOG_AUTO, OG_LOG_TEXT, OG_LOG_JSON };
enum { OG_LOG_LINE_BYTES = 16384, OG_LOG_DEBUG_MAX = 256 };

enum og_lf_type {
	OG_LF_NONE_,
	OG_LF_STR_,
	OG_LF_INT_,
	OG_LF_UINT_,
	OG_LF_FLOAT_,
	OG_LF_BOOL_,
	OG_LF_DUR_,
	OG_LF_SECRET_,
	OG_LF_CODE_,
	OG_LF_END_
};

/* One field; made by the og_lf_ functions below. Keys are literals of [a-z0-9_]. */
struct og_lf {
	const char *key;
	enum og_lf_type type;
	union {
		struct og_sv s;
		int64_t i;
		uint64_t u;
		double f;
		const struct og_err *err;
	} v;
};

static inline struct og_lf og_lf_sv(const char *key, struct og_sv v)
{
	return (struct og_lf){key, OG_LF_STR_, {.s = v}};
}
static inline struct og_lf og_lf_str(const char *key, const char *v) /* NULL prints as "" */
{
	return og_lf_sv(key, og_svz(v));
}
static inline struct og_lf og_lf_int(const char *key, int64_t v)
{
	return (struct og_lf){key, OG_LF_INT_, {.i = v}};
}
static inline struct og_lf og_lf_uint(const char *key, uint64_t v)
{
	return (struct og_lf){key, OG_LF_UINT_, {.u = v}};
}
static inline struct og_lf og_lf_float(const char *key, double v)
{
	return (struct og_lf){key, OG_LF_FLOAT_, {.f = v}};
}
static inline struct og_lf og_lf_bool(const char *key, bool v)
{
	return (struct og_lf){key, OG_LF_BOOL_, {.i = v}};
}
/* Printed in milliseconds with three decimals; JSON appends "_ms" to the key. */
static inline struct og_lf og_lf_dur_ns(const char *key, int64_t ns)
{
	return (struct og_lf){key, OG_LF_DUR_, {.i = ns}};
}
static inline struct og_lf og_lf_dur_ms(const char *key, int64_t ms)
{
	return og_lf_dur_ns(key, ms * OG_NS_PER_MS);
}
/* Always "[redacted]", whether set or not. */
static inline struct og_lf og_lf_secret(const char *key, const struct og_secret *v)
{
	(void)v;
	return (struct og_lf){key, OG_LF_SECRET_, {.u = 0}};
}
/* Two fields, `error` (message) and `code` (og_code_name). Borrowed until the call returns. */
static inline struct og_lf og_lf_err(const struct og_err *err)
{
	return (struct og_lf){"error", OG_LF_CODE_, {.err = err}};
}

struct og_log_options {
	int fd;			   /* usually 2 */
	enum og_log_format format; /* AUTO: text when fd is a terminal */
	enum og_log_level level;   /* least level written */
	bool colour;		   /* wanted; used in text on a terminal when NO_COLOR is unset */
	const char *debug;	   /* "http,review" or "all": components at debug; NULL none */
	const struct og_clock *clock; /* NULL: the system's */
};
/* Text or JSON to stderr at info, colour on: what holds before og_log_setup. */
#define OG_LOG_OPTIONS_INIT                                                           \
	{                                                                             \
		.fd = 2, .format = OG_LOG_AUTO, .level = OG_LOG_INFO, .colour = true, \
	}

/* Before threads start. -OG_E_INVALID when `debug` is malformed or longer than OG_LOG_DEBUG_MAX;
 * the former settings hold then. Keeps no pointer but `clock`. */
int og_log_setup(const struct og_log_options *o, struct og_err *err);
/* "debug", "info", "warn", "error", "off"; -OG_E_PARSE otherwise. */
int og_log_level_parse(struct og_sv s, enum og_log_level *ret, struct og_err *err);
/* "auto", "text", "json"; -OG_E_PARSE otherwise. */
int og_log_format_parse(struct og_sv s, enum og_log_format *ret, struct og_err *err);

/* True when such a line would be written: guard for costly fields. */
bool og_log_on(enum og_log_level level, const char *component);
/* Lines dropped because the descriptor refused them. */
uint64_t og_log_dropped(void);

void og_log_emit_(enum og_log_level level, const char *component, const char *msg,
	const struct og_lf *fields, uint64_t suppressed);
bool og_log_allow_(
	const void *site, struct og_sv key, int64_t interval_ms, uint64_t *ret_suppressed);

#define OG_LF_LIST_(...) \
	((const struct og_lf[]){{.type = OG_LF_NONE_}, ##__VA_ARGS__, {.type = OG_LF_END_}})
#define og_log(level, component, msg, ...)                                                      \
	do {                                                                                    \
		if (og_log_on((level), (component)))                                            \
			og_log_emit_((level), (component), (msg), OG_LF_LIST_(__VA_ARGS__), 0); \
	} while (0)

/*
 * At most one line per interval for this call site and key (a struct og_sv; OG_SV("") for the
 * site alone). The next line that gets through carries suppressed=<n>. State is a fixed table:
 * two keys that share a slot can only make more lines, never fewer.
 */
#define og_log_limited(key, interval_ms, level, component, msg, ...)                             \
	do {                                                                                     \
		static char og_site_;                                                            \
		uint64_t og_sup_ = 0;                                                            \
		if (og_log_on((level), (component)) &&                                           \
			og_log_allow_(&og_site_, (key), (interval_ms), &og_sup_))                \
			og_log_emit_(                                                            \
				(level), (component), (msg), OG_LF_LIST_(__VA_ARGS__), og_sup_); \
	} while (0)
