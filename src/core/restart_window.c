/* SPDX-License-Identifier: Apache-2.0 */
/* When restarts may begin: "Mon-Fri 09:00-17:00", UTC. */
#include "restart-priv.h"

enum { DAY_MIN = 24 * 60, DAY_S = 24 * 3600 };

static bool take_day(struct og_sv *s, uint8_t *ret)
{
	static const char days[] = "MonTueWedThuFriSatSun";

	for (uint8_t i = 0; i < 7; i++) {
		if (og_sv_starts(*s, og_sv(days + 3 * (size_t)i, 3))) {
			*s = og_sv(s->p + 3, s->n - 3);
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool take(struct og_sv *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = og_sv(s->p + 1, s->n - 1);
	return true;
}

static bool take_two(struct og_sv *s, unsigned max, unsigned *ret)
{
	if (s->n < 2 || s->p[0] < '0' || s->p[0] > '9' || s->p[1] < '0' || s->p[1] > '9')
		return false;
	*ret = (unsigned)(s->p[0] - '0') * 10 + (unsigned)(s->p[1] - '0');
	*s = og_sv(s->p + 2, s->n - 2);
	return *ret <= max;
}

static bool take_time(struct og_sv *s, uint16_t *ret)
{
	unsigned h, m;

	if (!take_two(s, 24, &h) || !take(s, ':') || !take_two(s, 59, &m) || h * 60 + m > DAY_MIN)
		return false;
	*ret = (uint16_t)(h * 60 + m);
	return true;
}

int og_restart_window_parse(struct og_sv s, struct og_restart_window *ret, struct og_err *err)
{
	struct og_restart_window w = {0};
	bool ok = take_day(&s, &w.first_day);

	w.last_day = w.first_day;
	if (ok && take(&s, '-'))
		ok = take_day(&s, &w.last_day);
	ok = ok && take(&s, ' ') && take_time(&s, &w.from_min) && w.from_min < DAY_MIN &&
	     take(&s, '-') && take_time(&s, &w.to_min) && !s.n && w.from_min != w.to_min;
	if (!ok)
		return og_err_set(err, OG_E_PARSE, "no window such as \"Mon-Fri 09:00-17:00\"");
	*ret = w;
	return 0;
}

static bool on_day(const struct og_restart_window *w, unsigned day)
{
	return w->first_day <= w->last_day ? day >= w->first_day && day <= w->last_day
					   : day >= w->first_day || day <= w->last_day;
}

/* One that goes over midnight belongs to the day on which it begins. */
static bool is_open(const struct og_restart_window *w, unsigned day, unsigned minute)
{
	if (w->to_min > w->from_min)
		return on_day(w, day) && minute >= w->from_min && minute < w->to_min;
	return (on_day(w, day) && minute >= w->from_min) ||
	       (on_day(w, (day + 6) % 7) && minute < w->to_min);
}

bool og_restart_window_open(
	const struct og_sv *windows, uint32_t n, int64_t now_s, int64_t *ret_next)
{
	int64_t days = now_s / DAY_S - (now_s % DAY_S < 0), next = 0;
	/* 1970-01-01 was a Thursday. */
	unsigned day = (unsigned)(((days + 3) % 7 + 7) % 7);
	unsigned minute = (unsigned)((now_s - days * DAY_S) / 60);
	bool open = n == 0;

	for (uint32_t i = 0; i < n && !open; i++) {
		struct og_restart_window w;
		if (og_restart_window_parse(windows[i], &w, NULL) < 0)
			continue;
		open = is_open(&w, day, minute);
		for (unsigned d = 0; d < 8; d++) {
			int64_t at = (days + d) * DAY_S + w.from_min * 60LL;
			if (!on_day(&w, (day + d) % 7) || at <= now_s)
				continue;
			if (!next || at < next)
				next = at;
			break;
		}
	}
	if (ret_next)
		*ret_next = open ? 0 : next;
	return open;
}
