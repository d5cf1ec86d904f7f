/* SPDX-License-Identifier: Apache-2.0 */
/* Series, limits and retries of events: client-go's scenarios, time given by hand. */
#include <stdio.h>
#include "../../../src/kube/events_core-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/kobj/names.h"
#include "support/suite.h"

#define MS(n)  ((int64_t)(n)*OG_NS_PER_MS)
#define MIN(n) MS((n)*60000LL)
#define WALL   1714979289123456789LL

static struct ev_core c;

static void setup(void)
{
	ev_init(&c,
		&(struct og_events_opts){
			.controller = "otelgate.dev/controller", .instance = "pod-1", .seed = 9});
}

static void teardown(void)
{
	ev_fini(&c);
}

static struct og_event event(const char *name)
{
	return (struct og_event){
		.api_version = OG_SV("apps/v1"),
		.kind = OG_SV("Deployment"),
		.ns = OG_SV("shop"),
		.name = og_svz(name),
		.uid = OG_SV("u-1"),
		.reason = "InjectionSkipped",
		.action = "Inject",
		.note = OG_SV("because"),
	};
}

static enum ev_fate emit_at(const char *name, int64_t now)
{
	const struct og_event ev = event(name);
	return ev_emit(&c, &ev, now, WALL + now);
}

static struct ev_series *take_one(enum ev_act act)
{
	struct ev_series *s = ev_take(&c);
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(s->act, act);
	return s;
}

/* Emitted, created, and answered. */
static struct ev_series *created(const char *name, int64_t now)
{
	ck_assert_int_eq(emit_at(name, now), EV_QUEUED_NOW);
	struct ev_series *s = take_one(EV_CREATE);
	ev_reply(&c, s, EV_OK, now);
	ck_assert_uint_eq(ev_busy(&c), 0);
	return s;
}

static const char *body(const struct ev_series *s)
{
	static char text[8192];
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert(ev_body(&c, s, &b));
	(void)snprintf(text, sizeof(text), "%s", b.p);
	return text;
}

START_TEST(the_first_is_created)
{
	ck_assert_int_eq(emit_at("web", 0), EV_QUEUED_NOW);
	const struct ev_series *s = take_one(EV_CREATE);
	ck_assert_str_eq(body(s),
		"{\"apiVersion\":\"events.k8s.io/v1\",\"kind\":\"Event\",\"metadata\":{\"name\":"
		"\"web.17ccd493bd5b0715\",\"namespace\":\"shop\"},\"eventTime\":"
		"\"2024-05-06T07:08:09.123456Z\",\"type\":\"Normal\",\"reason\":"
		"\"InjectionSkipped\",\"action\":\"Inject\",\"reportingController\":"
		"\"otelgate.dev/controller\",\"reportingInstance\":\"pod-1\",\"regarding\":"
		"{\"kind\":\"Deployment\",\"name\":\"web\",\"apiVersion\":\"apps/v1\",\"namespace\":"
		"\"shop\",\"uid\":\"u-1\"},\"note\":\"because\"}");
	ck_assert_ptr_null(ev_take(&c));
}
END_TEST

START_TEST(a_cluster_scoped_object_reports_to_default)
{
	struct og_event ev = event("prod");
	ev.ns = ev.uid = ev.api_version = og_sv(NULL, 0);
	ev.warning = true;
	ck_assert_int_eq(ev_emit(&c, &ev, 0, WALL), EV_QUEUED_NOW);
	const struct ev_series *s = take_one(EV_CREATE);
	ck_assert(og_sv_is(s->ns, "default"));
	ck_assert_ptr_nonnull(strstr(body(s), "\"namespace\":\"default\"},"));
	ck_assert_ptr_nonnull(strstr(body(s), "\"type\":\"Warning\""));
	ck_assert_ptr_nonnull(strstr(body(s), "{\"kind\":\"Deployment\",\"name\":\"prod\"}"));
}
END_TEST

START_TEST(the_second_begins_a_series_and_later_ones_count)
{
	struct ev_series *s = created("web", 0);
	ck_assert_int_eq(emit_at("web", MS(1000)), EV_QUEUED_NOW);
	ck_assert_ptr_eq(take_one(EV_PATCH), s);
	ck_assert_str_eq(body(s), "{\"series\":{\"count\":2,\"lastObservedTime\":"
				  "\"2024-05-06T07:08:10.123456Z\"}}");
	ev_reply(&c, s, EV_OK, MS(1000));
	for (int i = 3; i < 100; i++)
		ck_assert_int_eq(emit_at("web", MS(1000 * i)), EV_COUNTED);
	ck_assert_ptr_null(ev_take(&c));
	ck_assert_uint_eq(s->count, 99);
	ck_assert_uint_eq(s->sent, 2);
}
END_TEST

/* What happens while the Event is being created is told in one patch. */
START_TEST(a_burst_while_it_is_created)
{
	(void)emit_at("web", 0);
	struct ev_series *s = take_one(EV_CREATE);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(emit_at("web", MS(i)), EV_COUNTED);
	ev_reply(&c, s, EV_OK, MS(60));
	ck_assert_ptr_eq(take_one(EV_PATCH), s);
	ck_assert_ptr_nonnull(strstr(body(s), "\"count\":51,"));
	(void)emit_at("web", MS(70));
	ev_reply(&c, s, EV_OK, MS(80));
	ck_assert_ptr_null(ev_take(&c)); /* the 52nd is told later */
}
END_TEST

START_TEST(a_burst_before_it_is_sent)
{
	for (int i = 0; i < 5; i++)
		(void)emit_at("web", 0);
	const struct ev_series *s = take_one(EV_CREATE);
	ck_assert_ptr_nonnull(strstr(body(s), ",\"series\":{\"count\":5,"));
	ev_reply(&c, ev_busy(&c) ? c.sending.head : NULL, EV_OK, 0);
	ck_assert_uint_eq(ev_busy(&c), 0);
}
END_TEST

/* client-go RefreshExistingEventSeries */
START_TEST(a_series_is_told_each_half_hour)
{
	struct ev_series *s = created("web", 0);
	(void)emit_at("web", 0);
	ev_reply(&c, take_one(EV_PATCH), EV_OK, 0);
	for (int m = 1; m < 30; m++) {
		ev_tick(&c, MIN(m));
		ck_assert_int_eq(emit_at("web", MIN(m)), EV_COUNTED);
	}
	ck_assert_int_eq(emit_at("web", MIN(30)), EV_QUEUED_NOW);
	ck_assert_ptr_eq(take_one(EV_PATCH), s);
	ck_assert_ptr_nonnull(strstr(body(s), "\"count\":32,"));
	ev_reply(&c, s, EV_OK, MIN(30));
	ck_assert_int_eq(emit_at("web", MIN(31)), EV_COUNTED);
}
END_TEST

/* client-go FinishSeries */
START_TEST(silence_ends_a_series_with_its_last_count)
{
	struct ev_series *s = created("web", 0);
	(void)emit_at("web", 0);
	ev_reply(&c, take_one(EV_PATCH), EV_OK, 0);
	(void)emit_at("web", MIN(1));
	(void)emit_at("web", MIN(2));
	ck_assert_int_eq(ev_next_ns(&c), MIN(8));
	ev_tick(&c, MIN(8) - 1);
	ck_assert_ptr_null(ev_take(&c));
	ev_tick(&c, MIN(8));
	ck_assert_ptr_eq(take_one(EV_PATCH), s);
	ck_assert_ptr_nonnull(strstr(body(s), "\"count\":4,\"lastObservedTime\":"
					      "\"2024-05-06T07:10:09.123456Z\""));
	ev_reply(&c, s, EV_OK, MIN(8));
	ev_tick(&c, MIN(8));
	ck_assert_uint_eq(og_map_count(&c.series), 0);
	ck_assert_int_eq(ev_next_ns(&c), INT64_MAX);
	(void)emit_at("web", MIN(9)); /* a new one */
	(void)take_one(EV_CREATE);
}
END_TEST

START_TEST(a_single_event_is_forgotten_silently)
{
	(void)created("web", 0);
	ev_tick(&c, MIN(6));
	ck_assert_uint_eq(og_map_count(&c.series), 0);
	ck_assert_ptr_null(ev_take(&c));
	ck_assert_uint_eq(c.fates[EV_FORGOTTEN], 0);
}
END_TEST

START_TEST(what_happens_during_the_last_count_lives_on)
{
	struct ev_series *s = created("web", 0);
	(void)emit_at("web", 0);
	ev_reply(&c, take_one(EV_PATCH), EV_OK, 0);
	(void)emit_at("web", 1);
	ev_tick(&c, MIN(7));
	ck_assert_ptr_eq(take_one(EV_PATCH), s);
	(void)emit_at("web", MIN(7));
	ev_reply(&c, s, EV_OK, MIN(7));
	ev_tick(&c, MIN(7));
	ck_assert_uint_eq(og_map_count(&c.series), 1);
	ck_assert_int_eq(ev_next_ns(&c), MIN(13));
}
END_TEST

/* What makes a series: everything but the note (E-2). */
START_TEST(series_are_told_apart)
{
	struct og_event other[8];
	for (size_t i = 0; i < OG_COUNT(other); i++)
		other[i] = event("web");
	other[0].warning = true;
	other[1].reason = "Injected";
	other[2].action = "Check";
	other[3].kind = OG_SV("StatefulSet");
	other[4].ns = OG_SV("shop2");
	other[5].name = OG_SV("web2");
	other[6].uid = OG_SV("u-2");
	other[7].api_version = OG_SV("apps/v2");
	(void)created("web", 0);
	struct og_event same = event("web");
	same.note = OG_SV("another note");
	ck_assert_int_eq(ev_emit(&c, &same, 0, WALL), EV_QUEUED_NOW);
	ev_reply(&c, take_one(EV_PATCH), EV_OK, 0);
	for (size_t i = 0; i < OG_COUNT(other); i++) {
		ck_assert_int_eq(ev_emit(&c, &other[i], 0, WALL), EV_QUEUED_NOW);
		ev_reply(&c, take_one(EV_CREATE), EV_OK, 0);
	}
	/* no part of a key runs into the next */
	struct og_event a = event("b"), b = event("a");
	a.kind = OG_SV("ka");
	b.kind = OG_SV("k");
	ck_assert_int_eq(ev_emit(&c, &a, 0, WALL), EV_QUEUED_NOW);
	ck_assert_int_eq(ev_emit(&c, &b, 0, WALL), EV_QUEUED_NOW);
}
END_TEST

static char big[2000];
static const struct {
	const char *what;
	size_t api, kind, ns, name, uid, reason, action;
	bool ok;
} lengths[] = {
	{"largest", 317, 253, 63, 253, 128, 128, 128, true},
	{"smallest", 0, 1, 0, 1, 0, 1, 1, true},
	{"api_version", 318, 1, 1, 1, 1, 1, 1, false},
	{"kind", 1, 254, 1, 1, 1, 1, 1, false},
	{"no kind", 1, 0, 1, 1, 1, 1, 1, false},
	{"ns", 1, 1, 64, 1, 1, 1, 1, false},
	{"name", 1, 1, 1, 254, 1, 1, 1, false},
	{"no name", 1, 1, 1, 0, 1, 1, 1, false},
	{"uid", 1, 1, 1, 1, 129, 1, 1, false},
	{"reason", 1, 1, 1, 1, 1, 129, 1, false},
	{"no reason", 1, 1, 1, 1, 1, 0, 1, false},
	{"action", 1, 1, 1, 1, 1, 1, 129, false},
	{"no action", 1, 1, 1, 1, 1, 1, 0, false},
};

START_TEST(what_the_server_would_refuse_is_not_sent)
{
	char reason[200], action[200];
	memset(big, 'x', sizeof(big));
	(void)snprintf(reason, sizeof(reason), "%.*s", (int)lengths[_i].reason, big);
	(void)snprintf(action, sizeof(action), "%.*s", (int)lengths[_i].action, big);
	const struct og_event ev = {.api_version = og_sv(big, lengths[_i].api),
		.kind = og_sv(big, lengths[_i].kind),
		.ns = og_sv(big, lengths[_i].ns),
		.name = og_sv(big, lengths[_i].name),
		.uid = og_sv(big, lengths[_i].uid),
		.reason = reason,
		.action = action,
		.note = OG_SV("")};
	ck_assert_int_eq(ev_emit(&c, &ev, 0, WALL), lengths[_i].ok ? EV_QUEUED_NOW : EV_INVALID);
	ck_assert_uint_eq(c.fates[EV_INVALID], !lengths[_i].ok);
}
END_TEST

static const char *const bad_ns[] = {"../x", "a/b", "A", "-a", "a.b", "a b", "a\n", "\xff"};
START_TEST(bad_texts_are_not_sent)
{
	struct og_event ev = event("web");
	ev.ns = og_svz(bad_ns[_i]);
	ck_assert_int_eq(ev_emit(&c, &ev, 0, WALL), EV_INVALID);
	ev = event("we\xff");
	ck_assert_int_eq(ev_emit(&c, &ev, 0, WALL), EV_INVALID);
	ev = event("web");
	ev.reason = NULL;
	ck_assert_int_eq(ev_emit(&c, &ev, 0, WALL), EV_INVALID);
	ev = event("web");
	ev.action = "\xc3";
	ck_assert_int_eq(ev_emit(&c, &ev, 0, WALL), EV_INVALID);
	ck_assert_uint_eq(og_map_count(&c.series), 0);
}
END_TEST

static const struct {
	const char *in;
	size_t n;
	const char *out;
} notes[] = {
	{"", 0, ""},
	{"plain", 5, "plain"},
	{"line\nline\ttab", 13, "line\nline\ttab"},
	{"a\0b\rc\x1b[31m", 10, "a b c [31m"},
	{"del\x7f", 4, "del "},
	{"\xe2\x82\xac", 3, "\xe2\x82\xac"},
	{"\xe2\x82", 2, "??"},
	{"a\xff\xfe"
	 "b",
		4, "a??b"},
	{"\xc0\x80", 2, "??"},
	{"\xf0\x9f\x98\x80!", 5, "\xf0\x9f\x98\x80!"},
	{"\xed\xa0\x80", 3, "???"},
};

START_TEST(notes_are_made_fit)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ev_note(og_sv(notes[_i].in, notes[_i].n), &b);
	ck_assert_str_eq(b.p ? b.p : "", notes[_i].out);
}
END_TEST

START_TEST(notes_are_cut_between_characters)
{
	og_auto_buf struct og_buf in = OG_BUF_INIT(0);
	og_auto_buf struct og_buf out = OG_BUF_INIT(0);
	for (int i = 0; i < 1022; i++)
		og_buf_ch(&in, 'x');
	og_buf_lit(&in, "\xe2\x82\xac tail");
	ev_note(og_buf_view(&in), &out);
	ck_assert_uint_eq(out.len, 1022);
	og_buf_reset(&in);
	og_buf_reset(&out);
	for (int i = 0; i < 2000; i++)
		og_buf_ch(&in, '\xff');
	ev_note(og_buf_view(&in), &out);
	ck_assert_uint_eq(out.len, 1024);
	ck_assert(og_utf8_valid(out.p, out.len));
}
END_TEST

START_TEST(names_are_valid_and_unlike)
{
	static const char *const objects[] = {
		"web", "a.b-c", "system:node", "UPPER", "-x", "", "x/y"};
	memset(big, 'a', sizeof(big));
	for (size_t i = 0; i <= OG_COUNT(objects); i++) {
		og_auto_buf struct og_buf a = OG_BUF_INIT(0);
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		struct og_sv o = i < OG_COUNT(objects) ? og_svz(objects[i]) : og_sv(big, 253);
		big[62] = big[125] = big[188] = '.';
		big[235] = '-'; /* where it is cut */
		ev_name(o, UINT64_MAX, &a);
		ev_name(o, 1, &b);
		ck_assert_msg(og_name_is_dns_subdomain(og_buf_view(&a)), "%s", a.p);
		ck_assert(og_name_is_dns_subdomain(og_buf_view(&b)));
		ck_assert_str_ne(a.p, b.p);
	}
	/* the wall clock stands still: still no name twice */
	struct og_event ev = event("web");
	(void)ev_emit(&c, &ev, 0, WALL);
	ev.reason = "Other";
	(void)ev_emit(&c, &ev, 0, WALL);
	ev.reason = "Third";
	(void)ev_emit(&c, &ev, 0, WALL - 5);
	const struct ev_series *s1 = ev_take(&c), *s2 = ev_take(&c), *s3 = ev_take(&c);
	ck_assert_str_ne(s1->name, s2->name);
	ck_assert_str_ne(s2->name, s3->name);
	ck_assert_str_ne(s1->name, s3->name);
}
END_TEST

/* ---- limits ---- */

static enum ev_fate emit_reason(int n, int64_t now)
{
	char reason[32];
	struct og_event ev = event("web");
	(void)snprintf(reason, sizeof(reason), "Reason%d", n);
	ev.reason = reason;
	return ev_emit(&c, &ev, now, WALL + now);
}

/* client-go EventSpamFilter: 25 at once, one each 5 minutes, per object */
START_TEST(spam_is_limited_per_object)
{
	int n = 0;
	for (; n < 25; n++)
		ck_assert_int_eq(emit_reason(n, 0), EV_QUEUED_NOW);
	ck_assert_int_eq(emit_reason(n++, 0), EV_SPAM);
	ck_assert_int_eq(emit_at("another", 0), EV_QUEUED_NOW);
	ck_assert_int_eq(emit_reason(n++, MIN(5) - 1), EV_SPAM);
	ck_assert_int_eq(emit_reason(n++, MIN(5)), EV_QUEUED_NOW);
	ck_assert_int_eq(emit_reason(n++, MIN(5)), EV_SPAM);
	ck_assert_int_eq(emit_reason(0, MIN(5)), EV_COUNTED); /* what goes on is no spam */
	for (int i = 0; i < 25; i++)
		ck_assert_int_eq(emit_reason(n++, MIN(1000)), EV_QUEUED_NOW);
	ck_assert_int_eq(emit_reason(n++, MIN(1000)), EV_SPAM);
	ck_assert_uint_eq(c.fates[EV_SPAM], 4);
}
END_TEST

START_TEST(objects_remembered_are_bounded)
{
	char name[32];
	c.max_queued = 100000;
	for (int i = 0; i < 25; i++)
		(void)emit_reason(i, 0);
	ck_assert_int_eq(emit_reason(99, 0), EV_SPAM);
	for (int i = 0; i < EV_OBJECTS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "o%d", i);
		ck_assert_int_eq(emit_at(name, 0), EV_QUEUED_NOW);
	}
	ck_assert_uint_eq(og_map_count(&c.objects), EV_OBJECTS_MAX);
	ck_assert_int_eq(emit_reason(100, 0), EV_QUEUED_NOW); /* the oldest was forgotten */
}
END_TEST

START_TEST(a_full_queue_drops)
{
	char name[32];
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "o%d", i);
		ck_assert_int_eq(emit_at(name, 0), EV_QUEUED_NOW);
	}
	ck_assert_int_eq(emit_at("one-more", 0), EV_FULL);
	ck_assert_int_eq(emit_at("o7", 0), EV_COUNTED); /* what is in it counts on */
	ck_assert_uint_eq(c.fates[EV_FULL], 1);
	ev_reply(&c, take_one(EV_CREATE), EV_OK, 0);
	ck_assert_int_eq(emit_at("o0", 0), EV_QUEUED_NOW); /* the second: room for it now */
	ck_assert_int_eq(emit_at("one-more", 0), EV_FULL);
}
END_TEST

START_TEST(a_full_queue_does_not_lose_counts)
{
	char name[32];
	(void)created("web", 0);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "o%d", i);
		(void)emit_at(name, 0);
	}
	ck_assert_int_eq(emit_at("web", 1), EV_COUNTED); /* the series would begin now */
	for (int i = 0; i < 1000; i++)
		ev_reply(&c, take_one(EV_CREATE), EV_OK, 2);
	ck_assert_int_eq(emit_at("web", 3), EV_QUEUED_NOW);
	ck_assert_ptr_nonnull(strstr(body(take_one(EV_PATCH)), "\"count\":3"));
}
END_TEST

START_TEST(series_remembered_are_bounded)
{
	char name[32];
	for (int i = 0; i < EV_SERIES_MAX + 100; i++) {
		(void)snprintf(name, sizeof(name), "o%d", i);
		(void)created(name, i);
		if (i < 10) { /* with a count that was not told */
			(void)emit_at(name, i);
			ev_reply(&c, take_one(EV_PATCH), EV_OK, i);
			(void)emit_at(name, i);
		}
	}
	ck_assert_uint_le(c.idle.n, EV_SERIES_MAX);
	ck_assert_uint_eq(c.fates[EV_FORGOTTEN], 10);
}
END_TEST

START_TEST(eight_at_a_time)
{
	char name[32];
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "o%d", i);
		(void)emit_at(name, 0);
	}
	struct ev_series *s[EV_SLOTS];
	for (int i = 0; i < EV_SLOTS; i++)
		s[i] = take_one(EV_CREATE);
	ck_assert_ptr_null(ev_take(&c));
	ev_reply(&c, s[0], EV_RETRY, 0); /* what waits for another try keeps its place */
	ck_assert_ptr_null(ev_take(&c));
	ev_reply(&c, s[1], EV_OK, 0);
	ck_assert_ptr_nonnull(ev_take(&c));
	ck_assert_ptr_null(ev_take(&c));
}
END_TEST

/* ---- answers ---- */

START_TEST(twelve_tries)
{
	int64_t now = 0, waited;
	(void)emit_at("web", 0);
	for (int i = 1; i <= 12; i++) {
		struct ev_series *s = take_one(EV_CREATE);
		ev_reply(&c, s, EV_RETRY, now);
		if (i == 12)
			break;
		waited = ev_next_ns(&c) - now;
		ck_assert_int_ge(waited, i == 1 ? 0 : MS(7500));
		ck_assert_int_le(waited, i == 1 ? MS(10000) : MS(12500));
		if (waited > 0) {
			ev_tick(&c, now + waited - 1);
			ck_assert_ptr_null(ev_take(&c));
		}
		now += waited;
		ev_tick(&c, now);
	}
	ck_assert_uint_eq(og_map_count(&c.series), 0);
	ck_assert_uint_eq(c.fates[EV_UNANSWERED], 1);
	ck_assert_uint_eq(c.fates[EV_FORGOTTEN], 0);
}
END_TEST

static const struct {
	enum ev_reply r;
	enum ev_fate f;
} finals[] = {
	{EV_NO, EV_REJECTED}, {EV_NO_NAMESPACE, EV_TERMINATING},
	{EV_GONE, EV_TERMINATING}, /* POST: the namespace is gone */
};

START_TEST(refusals_are_final)
{
	(void)emit_at("web", 0);
	(void)emit_at("web", 0);
	ev_reply(&c, take_one(EV_CREATE), finals[_i].r, 0);
	ck_assert_uint_eq(og_map_count(&c.series), 0);
	ck_assert_uint_eq(c.fates[finals[_i].f], 1);
	ck_assert_ptr_null(ev_take(&c));
	ck_assert_int_eq(emit_at("web", 1), EV_QUEUED_NOW); /* the next one is tried anew */
	(void)take_one(EV_CREATE);
}
END_TEST

START_TEST(refused_patches_are_final)
{
	(void)created("web", 0);
	(void)emit_at("web", 0);
	ev_reply(&c, take_one(EV_PATCH), _i ? EV_NO : EV_EXISTS, 0);
	ck_assert_uint_eq(og_map_count(&c.series), 0);
	ck_assert_uint_eq(c.fates[EV_REJECTED], 1);
}
END_TEST

/* The answer to a create was lost; the Event is there. */
START_TEST(an_event_that_was_made_after_all)
{
	(void)emit_at("web", 0);
	struct ev_series *s = take_one(EV_CREATE);
	ev_reply(&c, s, EV_RETRY, 0);
	(void)emit_at("web", 1);
	(void)emit_at("web", 2);
	ev_tick(&c, MS(20000));
	ck_assert_ptr_eq(take_one(EV_CREATE), s);
	ev_reply(&c, s, EV_EXISTS, MS(20000));
	ck_assert_uint_eq(c.fates[EV_CREATED], 1);
	ck_assert_ptr_eq(take_one(EV_PATCH), s); /* what happened since */
	ck_assert_ptr_nonnull(strstr(body(s), "\"count\":3,"));
}
END_TEST

START_TEST(a_name_taken_by_another_is_changed)
{
	char first[300];
	(void)emit_at("web", 0);
	struct ev_series *s = take_one(EV_CREATE);
	(void)snprintf(first, sizeof(first), "%s", s->name);
	ev_reply(&c, s, EV_EXISTS, 0);
	ck_assert_ptr_eq(take_one(EV_CREATE), s);
	ck_assert_str_ne(s->name, first);
	ck_assert(og_name_is_dns_subdomain(og_svz(s->name)));
	for (int i = 1; i < EV_RENAMES; i++) {
		ev_reply(&c, s, EV_EXISTS, 0);
		ck_assert_ptr_eq(take_one(EV_CREATE), s);
	}
	ev_reply(&c, s, EV_EXISTS, 0); /* not for ever */
	ck_assert_uint_eq(c.fates[EV_REJECTED], 1);
	ck_assert_uint_eq(og_map_count(&c.series), 0);
}
END_TEST

/* A burst that met a taken name must not patch the other's Event. */
START_TEST(a_series_never_patches_what_it_did_not_make)
{
	(void)emit_at("web", 0);
	(void)emit_at("web", 0);
	struct ev_series *s = take_one(EV_CREATE);
	ev_reply(&c, s, EV_EXISTS, 0);
	(void)take_one(EV_CREATE);
}
END_TEST

/* client-go: an Event lives an hour; a series that is patched later is made again. */
START_TEST(an_expired_event_is_made_again_with_its_count)
{
	struct ev_series *s = created("web", 0);
	(void)emit_at("web", 0);
	ev_reply(&c, take_one(EV_PATCH), EV_GONE, 0);
	ck_assert_ptr_eq(take_one(EV_CREATE), s);
	ck_assert_ptr_nonnull(strstr(body(s), ",\"series\":{\"count\":2,"));
	ev_reply(&c, s, EV_OK, 0);
	ck_assert_uint_eq(ev_busy(&c), 0);
	ck_assert_int_eq(emit_at("web", 1), EV_COUNTED);
}
END_TEST

/* client-go EventSeriesWithEventSinkImplRace */
START_TEST(a_series_made_by_a_race_is_patched_again)
{
	struct ev_series *s = created("web", 0);
	(void)emit_at("web", 0);
	ev_reply(&c, take_one(EV_PATCH), EV_GONE, 0);
	ev_reply(&c, take_one(EV_CREATE), EV_EXISTS, 0);
	ck_assert_ptr_eq(take_one(EV_PATCH), s);
	ev_reply(&c, s, EV_GONE, 0); /* and so on: not for ever */
	ck_assert_uint_eq(c.fates[EV_REJECTED], 1);
	ck_assert_ptr_null(ev_take(&c));
}
END_TEST

/* ---- flush ---- */

START_TEST(flush_sends_what_was_only_counted)
{
	struct ev_series *s = created("web", 0);
	(void)emit_at("web", 0);
	ev_reply(&c, take_one(EV_PATCH), EV_OK, 0);
	(void)emit_at("web", 1);
	(void)created("single", 1);
	ck_assert_uint_eq(ev_busy(&c), 0);
	ev_flush(&c, 2);
	ck_assert_uint_eq(ev_busy(&c), 1);
	ck_assert_ptr_eq(take_one(EV_PATCH), s);
	ck_assert_int_eq(emit_at("web", 3), EV_COUNTED);
	ev_reply(&c, s, EV_OK, 4);
	ck_assert_ptr_eq(take_one(EV_PATCH), s); /* what came meanwhile too */
	ev_reply(&c, s, EV_OK, 4);
	ck_assert_uint_eq(ev_busy(&c), 0);
	ck_assert_int_eq(emit_at("web", 5), EV_QUEUED_NOW);
}
END_TEST

START_TEST(flush_does_not_wait_long)
{
	(void)emit_at("web", 0);
	ev_reply(&c, take_one(EV_CREATE), EV_RETRY, 0);
	ev_flush(&c, 5);
	ck_assert_int_eq(ev_next_ns(&c), 5);
	ev_tick(&c, 5);
	ev_reply(&c, take_one(EV_CREATE), EV_RETRY, 5);
	ck_assert_int_eq(ev_next_ns(&c), 5 + MS(EV_FLUSH_RETRY_MS));
}
END_TEST

START_TEST(random_life)
{
	uint64_t s = (uint64_t)_i * 7919 + 1;
	int64_t now = 0;
	struct ev_series *under_way[EV_SLOTS];
	unsigned n = 0;
	for (int step = 0; step < 3000; step++) {
		s ^= s << 13;
		s ^= s >> 7;
		s ^= s << 17;
		char name[16];
		now += MS((s >> 8) % 3000);
		ev_tick(&c, now);
		(void)snprintf(name, sizeof(name), "o%d", (int)(s % 30));
		if (s % 3) {
			(void)emit_at(name, now);
		} else if (n && s % 2) {
			static const enum ev_reply replies[] = {EV_OK, EV_OK, EV_OK, EV_OK,
				EV_EXISTS, EV_GONE, EV_NO, EV_NO_NAMESPACE, EV_RETRY, EV_RETRY};
			ev_reply(&c, under_way[--n], replies[(s >> 16) % OG_COUNT(replies)], now);
		} else {
			struct ev_series *t = ev_take(&c);
			if (t) {
				ck_assert_uint_gt(t->count, t->sent);
				ck_assert(og_name_is_dns_subdomain(og_svz(t->name)));
				(void)body(t);
				under_way[n++] = t;
			}
		}
		ck_assert_uint_le(c.sending.n + c.waiting.n, EV_SLOTS);
		ck_assert_uint_eq(og_map_count(&c.series), c.idle.n + ev_busy(&c));
		int64_t last = INT64_MIN;
		for (const struct ev_series *t = c.idle.head; t; t = t->next) {
			ck_assert_int_ge(t->last_ns, last);
			last = t->last_ns;
		}
	}
}
END_TEST

START_TEST(without_memory_events_are_dropped_and_counted)
{
	char name[32];
	for (unsigned long at = 1; at < 60; at++) {
		(void)snprintf(name, sizeof(name), "o%lu", at);
		og_mem_fault_arm(1 + at % 12, true);
		enum ev_fate f = emit_at(name, 0);
		(void)og_mem_fault_disarm();
		ck_assert(f == EV_QUEUED_NOW || f == EV_FULL || f == EV_SPAM);
	}
	uint64_t lost = c.fates[EV_FULL] + c.fates[EV_SPAM];
	ck_assert_uint_gt(lost, 10);
	ck_assert_uint_eq(og_map_count(&c.series) + lost, 59);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/events_core");
	TCase *tc = tcase_create("events_core");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_first_is_created);
	tcase_add_test(tc, a_cluster_scoped_object_reports_to_default);
	tcase_add_test(tc, the_second_begins_a_series_and_later_ones_count);
	tcase_add_test(tc, a_burst_while_it_is_created);
	tcase_add_test(tc, a_burst_before_it_is_sent);
	tcase_add_test(tc, a_series_is_told_each_half_hour);
	tcase_add_test(tc, silence_ends_a_series_with_its_last_count);
	tcase_add_test(tc, a_single_event_is_forgotten_silently);
	tcase_add_test(tc, what_happens_during_the_last_count_lives_on);
	tcase_add_test(tc, series_are_told_apart);
	tcase_add_loop_test(
		tc, what_the_server_would_refuse_is_not_sent, 0, (int)OG_COUNT(lengths));
	tcase_add_loop_test(tc, bad_texts_are_not_sent, 0, (int)OG_COUNT(bad_ns));
	tcase_add_loop_test(tc, notes_are_made_fit, 0, (int)OG_COUNT(notes));
	tcase_add_test(tc, notes_are_cut_between_characters);
	tcase_add_test(tc, names_are_valid_and_unlike);
	tcase_add_test(tc, spam_is_limited_per_object);
	tcase_add_test(tc, objects_remembered_are_bounded);
	tcase_add_test(tc, a_full_queue_drops);
	tcase_add_test(tc, a_full_queue_does_not_lose_counts);
	tcase_add_test(tc, series_remembered_are_bounded);
	tcase_add_test(tc, eight_at_a_time);
	tcase_add_test(tc, twelve_tries);
	tcase_add_loop_test(tc, refusals_are_final, 0, (int)OG_COUNT(finals));
	tcase_add_loop_test(tc, refused_patches_are_final, 0, 2);
	tcase_add_test(tc, an_event_that_was_made_after_all);
	tcase_add_test(tc, a_name_taken_by_another_is_changed);
	tcase_add_test(tc, a_series_never_patches_what_it_did_not_make);
	tcase_add_test(tc, an_expired_event_is_made_again_with_its_count);
	tcase_add_test(tc, a_series_made_by_a_race_is_patched_again);
	tcase_add_test(tc, flush_sends_what_was_only_counted);
	tcase_add_test(tc, flush_does_not_wait_long);
	tcase_add_loop_test(tc, random_life, 0, 20);
	tcase_add_test(tc, without_memory_events_are_dropped_and_counted);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
