/* SPDX-License-Identifier: Apache-2.0 */
/* Structured log: settings, the two line formats, rate limits. */
#include "otelgate/base/log.h"
#include "otelgate/base/harmless.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Written by og_log_setup before threads start, read-only afterwards. */
static struct {
	int fd;
	bool ready, json, colour, debug_all;
	enum og_log_level level;
	char debug[OG_LOG_DEBUG_MAX];
	const struct og_clock *clock;
} conf = {.fd = 2, .level = OG_LOG_INFO};

static _Atomic uint64_t dropped;

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};
static const char *const format_names[] = {"auto", "text", "json"};

static bool is_terminal(int fd)
{
	int saved = errno;
	bool yes = isatty(fd) == 1;
	errno = saved;
	return yes;
}

static void apply(const struct og_log_options *o)
{
	const char *no_colour = getenv("NO_COLOR"); /* https://no-color.org: set and not empty */
	bool tty = is_terminal(o->fd);
	conf.fd = o->fd;
	conf.level = o->level;
	conf.json = o->format == OG_LOG_JSON || (o->format == OG_LOG_AUTO && !tty);
	conf.colour = o->colour && tty && !(no_colour && *no_colour);
	conf.clock = o->clock ? o->clock : og_clock_system();
	conf.ready = true;
}

int og_log_setup(const struct og_log_options *o, struct og_err *err)
{
	struct og_sv list = og_svz(o->debug), rest = list, part;
	bool all = false;
	if (list.n >= sizeof(conf.debug))
		return og_err_set(err, OG_E_INVALID, "the list of debug components is too long");
	while (og_sv_split(&rest, ',', &part)) {
		for (size_t i = 0; i < part.n; i++)
			if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-/", part.p[i]) ||
				part.p[i] == '\0')
				return og_err_set(err, OG_E_INVALID,
					"a debug component is made of a-z, 0-9, '_', '-', '/'");
		if (part.n == 0)
			return og_err_set(err, OG_E_INVALID, "an empty debug component");
		all = all || og_sv_is(part, "all");
	}
	if (list.n && list.p[list.n - 1] == ',')
		return og_err_set(err, OG_E_INVALID, "an empty debug component");
	memcpy(conf.debug, list.p, list.n);
	conf.debug[list.n] = '\0';
	conf.debug_all = all;
	apply(o);
	return 0;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set_defaults(void)
{
	static const struct og_log_options defaults = OG_LOG_OPTIONS_INIT;
	if (!conf.ready)
		apply(&defaults);
}

static int name_index(struct og_sv s, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (og_sv_eq(s, og_svz(names[i])))
			return (int)i;
	return -1;
}

int og_log_level_parse(struct og_sv s, enum og_log_level *ret, struct og_err *err)
{
	int i = name_index(s, level_names, OG_COUNT(level_names));
	if (i < 0)
		return og_err_set(err, OG_E_PARSE, "expected debug, info, warn, error or off");
	*ret = (enum og_log_level)i;
	return 0;
}

int og_log_format_parse(struct og_sv s, enum og_log_format *ret, struct og_err *err)
{
	int i = name_index(s, format_names, OG_COUNT(format_names));
	if (i < 0)
		return og_err_set(err, OG_E_PARSE, "expected auto, text or json");
	*ret = (enum og_log_format)i;
	return 0;
}

bool og_log_on(enum og_log_level level, const char *component)
{
	if (level >= OG_LOG_OFF)
		return false;
	if (level >= conf.level)
		return true;
	if (!conf.debug[0] || conf.level == OG_LOG_OFF)
		return false;
	struct og_sv rest = og_svz(conf.debug), part, name = og_svz(component);
	while (!conf.debug_all && og_sv_split(&rest, ',', &part))
		if (og_sv_eq(part, name))
			return true;
	return conf.debug_all;
}

uint64_t og_log_dropped(void)
{
	return atomic_load(&dropped);
}

/*
 * A line in a fixed buffer: room for the closing bytes is kept, so that a cut line is still valid
 * JSON and ends in a newline.
 */
struct line {
	size_t n;
	bool cut, json, colour;
	char p[OG_LOG_LINE_BYTES];
};
enum { TAIL_BYTES = 32 }; /* "…" of a cut value, quote, ,"cut":true}, newline */

static bool put(struct line *l, const char *p, size_t n)
{
	if (l->cut || l->n + n > sizeof(l->p) - TAIL_BYTES) { /* n is at most a line's length */
		l->cut = true;
		return false;
	}
	memcpy(l->p + l->n, p, n);
	l->n += n;
	return true;
}

static void puts_(struct line *l, const char *s)
{
	(void)put(l, s, strlen(s));
}

static unsigned code_point(const char *p, size_t len)
{
	const unsigned char *c = (const unsigned char *)p;
	if (len == 1)
		return c[0];
	if (len == 2)
		return (c[0] & 0x1Fu) << 6 | (c[1] & 0x3Fu);
	return (c[0] & 0x0Fu) << 12 | (c[1] & 0x3Fu) << 6 | (c[2] & 0x3Fu);
}

/* The same escapes in both formats, so that a text line can be pasted into a search. */
static void put_escaped(struct line *l, struct og_sv s)
{
	for (size_t i = 0; i < s.n && !l->cut;) {
		char esc[16];
		size_t len = og_utf8_len(s.p + i, s.n - i);
		if (len == 0) {
			/* JSON has no byte escapes; the replacement character marks the place */
			(void)snprintf(esc, sizeof(esc), l->json ? "\\ufffd" : "\\x%02x",
				(unsigned)(unsigned char)s.p[i]);
			puts_(l, esc);
			i++;
			continue;
		}
		char c = s.p[i];
		if (c == '"' || c == '\\') {
			char two[2] = {'\\', c};
			(void)put(l, two, 2);
		} else if (c == '\n' || c == '\t' || c == '\r') {
			puts_(l, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
		} else if (og_utf8_steers(s.p + i, len)) {
			(void)snprintf(esc, sizeof(esc), "\\u%04x", code_point(s.p + i, len));
			puts_(l, esc);
		} else {
			(void)put(l, s.p + i, len);
		}
		i += len;
	}
}

/* A cut value keeps its beginning; the reserved tail has room for its end. */
static void put_quoted(struct line *l, struct og_sv s)
{
	if (!put(l, "\"", 1))
		return;
	put_escaped(l, s);
	const char *end = l->cut ? "...\"" : "\"";
	size_t n = strlen(end);
	memcpy(l->p + l->n, end, n);
	l->n += n;
}

/* In text, words without blanks or quotes stand bare. */
static bool is_bare(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f)
			return false;
	}
	return s.n > 0;
}

static void put_key(struct line *l, const char *key, const char *suffix)
{
	if (l->json) {
		puts_(l, ",\"");
		puts_(l, key);
		puts_(l, suffix);
		puts_(l, "\":");
		return;
	}
	puts_(l, l->colour ? " \033[2m" : " ");
	puts_(l, key);
	puts_(l, l->colour ? "=\033[0m" : "=");
}

static void put_str_value(struct line *l, struct og_sv s)
{
	if (!l->json && is_bare(s))
		put_escaped(l, s);
	else
		put_quoted(l, s);
}

static void put_float(struct line *l, double f)
{
	char num[40];
	(void)snprintf(num, sizeof(num), "%.9g", f);
	bool finite = f - f == 0;
	if (l->json && !finite)
		put_quoted(l, og_svz(num));
	else
		puts_(l, num);
}

static void put_value(struct line *l, const struct og_lf *f)
{
	char num[48] = "";
	switch (f->type) {
	case OG_LF_STR_:
		put_str_value(l, f->v.s);
		return;
	case OG_LF_FLOAT_:
		put_float(l, f->v.f);
		return;
	case OG_LF_SECRET_:
		put_str_value(l, OG_SV("[redacted]"));
		return;
	case OG_LF_INT_:
		(void)snprintf(num, sizeof(num), "%lld", (long long)f->v.i);
		break;
	case OG_LF_UINT_:
		(void)snprintf(num, sizeof(num), "%llu", (unsigned long long)f->v.u);
		break;
	case OG_LF_BOOL_:
		(void)snprintf(num, sizeof(num), "%s", f->v.i ? "true" : "false");
		break;
	case OG_LF_DUR_:
		(void)snprintf(
			num, sizeof(num), "%.3f%s", (double)f->v.i / 1e6, l->json ? "" : "ms");
		break;
	case OG_LF_CODE_:
	case OG_LF_NONE_:
	case OG_LF_END_:
		break;
	}
	puts_(l, num);
}

static void put_plain(struct line *l, const struct og_lf *f)
{
	if (l->cut)
		return;
	size_t before = l->n;
	put_key(l, f->key, l->json && f->type == OG_LF_DUR_ ? "_ms" : "");
	size_t value_at = l->n;
	if (!l->cut)
		put_value(l, f);
	if (l->cut && (l->n == value_at || f->type != OG_LF_STR_))
		l->n = before; /* no key without its value, no half of a number */
}

static void put_field(struct line *l, const struct og_lf *f)
{
	if (f->type == OG_LF_CODE_) {
		const struct og_err *err = f->v.err;
		const struct og_lf error = og_lf_str("error", err ? err->msg : "");
		const struct og_lf code = og_lf_str("code", og_code_name(err ? err->code : OG_OK));
		put_plain(l, &error);
		put_plain(l, &code);
	} else if (f->type != OG_LF_NONE_) {
		put_plain(l, f);
	}
}

static const char *const level_colours[] = {"\033[2m", "\033[32m", "\033[33m", "\033[1;31m"};

static void put_head(
	struct line *l, enum og_log_level level, const char *component, const char *msg)
{
	char when[OG_RFC3339_BYTES], head[160];
	og_fmt_rfc3339_ms(when, og_clock_wall_ns(conf.clock));
	if (l->json) {
		(void)snprintf(head, sizeof(head),
			"{\"ts\":\"%s\",\"level\":\"%s\",\"component\":", when, level_names[level]);
		puts_(l, head);
		put_quoted(l, og_svz(component));
		puts_(l, ",\"msg\":");
		put_quoted(l, og_svz(msg));
		return;
	}
	(void)snprintf(head, sizeof(head), "%s %s%-5s%s %-10s ", when,
		l->colour ? level_colours[level] : "", level_names[level],
		l->colour ? "\033[0m" : "", component);
	puts_(l, head);
	put_escaped(l, og_svz(msg));
}

void og_log_emit_(enum og_log_level level, const char *component, const char *msg,
	const struct og_lf *fields, uint64_t suppressed)
{
	int saved = errno;
	(void)pthread_once(&once, set_defaults);
	struct line l;
	l.n = 0;
	l.cut = false;
	l.json = conf.json;
	l.colour = conf.colour;
	put_head(&l, level, component, msg);
	for (const struct og_lf *f = fields; f->type != OG_LF_END_; f++)
		put_field(&l, f);
	if (suppressed) {
		const struct og_lf f = og_lf_uint("suppressed", suppressed);
		put_field(&l, &f);
	}
	/* TAIL_BYTES were kept free for this */
	const char *tail = l.json ? (l.cut ? ",\"cut\":true}\n" : "}\n")
				  : (l.cut ? " ...\n" : "\n");
	memcpy(l.p + l.n, tail, strlen(tail));
	l.n += strlen(tail);
	ssize_t n;
	do
		n = write(conf.fd, l.p, l.n);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)l.n)
		atomic_fetch_add(&dropped, 1);
	errno = saved;
}

enum { LIMIT_SLOTS = 1024 };
static struct {
	uint64_t id;
	int64_t next_ns;
	uint64_t suppressed;
} limits[LIMIT_SLOTS];
static pthread_mutex_t limits_lock = PTHREAD_MUTEX_INITIALIZER;

bool og_log_allow_(
	const void *site, struct og_sv key, int64_t interval_ms, uint64_t *ret_suppressed)
{
	(void)pthread_once(&once, set_defaults);
	uint64_t id = og_hash64((uint64_t)(uintptr_t)site, key);
	int64_t now = og_clock_mono_ns(conf.clock);
	(void)pthread_mutex_lock(&limits_lock);
	__typeof__(limits[0]) *s = &limits[id % LIMIT_SLOTS];
	bool same = s->id == id;
	bool allow = !same || now >= s->next_ns;
	*ret_suppressed = same && allow ? s->suppressed : 0;
	if (allow) {
		s->id = id;
		s->next_ns = now + interval_ms * OG_NS_PER_MS;
		s->suppressed = 0;
	} else {
		s->suppressed++;
	}
	(void)pthread_mutex_unlock(&limits_lock);
	return allow;
}
