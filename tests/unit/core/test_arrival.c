/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds of arrival whatever the world: over random worlds of a fixed seed; and strangers,
 * memory, hostile input and want of memory.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "support/arrivalworld.h"
#include "support/suite.h"

enum { WORLDS = 4000, WORDS = 700 };

static uint64_t seed;
static uint32_t draw(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % n;
}

static const char *const settings[] = {"pods=C", "pods=CCC", "pods=CS", "pods=SS", "pods=CT",
	"pods=Cy", "pods=cc", "pods=", "pods=KK", "start=-60 rolled=-30", "start=-800 rolled=-700",
	"rolled=0", "start=0 rolled=0 opted=0", "life=set", "life=job run=-600",
	"life=job run=-600 ended=-500 pods=FF", "life=cron run=-600 ended=-500 opted=-9000 pods=",
	"life=cron run=-6000 ended=-5900 opted=-9000 pods=", "suspended", "zero", "src:m=ages",
	"src:m=auth", "src:t=auth", "src:l=throttled", "src:m=partial", "src:t=partial",
	"src:t=nofresh", "src:m=onlyfresh", "src:l=short", "src:m=old", "src:t=ancient",
	"src:m=nopods", "src:l=norev", "src:t=off", "mode:l=stdout", "mode:t=off", "mode:m=off",
	"mode:m=optional", "mode:p=expected", "exp:t=none", "exp:m=elsewhere", "ratio=0",
	"ratio=0.001", "busy=5", "busy=0.01", "flat", "mem:m=Flowing,r2", "mem:m=Flowing,r2,1",
	"mem:m=Flowing,r1", "mem:m=Never,", "mem:m=Stale,r2,2", "mem:t=Flowing,r2", "mem:t=Idle,r2",
	"mem:t=Flowing,r1", "mem:t=Never,", "mem:l=Flowing,r2,3", "mem:l=ViaStdout,r2",
	"mem:l=Flowing,r1,0,2000", "twin", "crowd", "sight:t=blind", "sight:m=sees",
	"sight:l=refused", "noid", "rev=", "id=shop/web/x id2=shop/web|x"};
static const char *const rows[] = {"+%c1", "+%c2", "+%c1,aged", "+%c1,undated", "+%c1,rev=r1",
	"+%c1,rev=", "+%c9", "+%c9,rev=", "+%c-,nons,rev=", "+%c-,rev=", "+%c-,nons",
	"+%c1,name=shop/unknown_service", "+%c1,name=x/y", "+%c2,stdout",
	"+%c-,nons,rev=,job=shop/web", "+%c-,nons,rev=,job=shop/web/x,inst=u",
	"+%c-,rev=,name=,job=,inst=shop.web-1.app", "+%c1,at=-400", "+%c1,at=+900",
	"+%c-,rev=,name=,obj=Deployment/web", "+%c8,rev=,name=/",
	"+%c1,ns=prod,rev=", "+%c2,aged,rev="};

static void random_row(char *buf, size_t size)
{
	char text[64];
	const char *t = rows[draw(OG_COUNT(rows))];
	size_t n = 0;
	for (; *t && n + 1 < sizeof(text); t++) {
		bool at = t[0] == '%' && t[1] == 'c';
		text[n++] = at ? "mtlp"[draw(4)] : *t;
		t += at;
	}
	text[n] = '\0';
	size_t len = strlen(buf);
	snprintf(buf + len, size - len, " %s", text);
}

/* Settings first, so that rows can be added at the end. */
static void random_words(char buf[WORDS])
{
	buf[0] = '\0';
	for (uint32_t i = draw(7); i > 0; i--) {
		const char *s = settings[draw(OG_COUNT(settings))];
		bool both = (strstr(s, "twin") || strstr(s, "crowd")) &&
			    (strstr(buf, "twin") || strstr(buf, "crowd"));
		size_t len = strlen(buf);
		if (!both)
			snprintf(buf + len, WORDS - len, " %s", s);
	}
	for (uint32_t i = draw(7); i > 0; i--)
		random_row(buf, WORDS);
}

static bool bad(enum og_arrival_state s)
{
	return s == OG_AR_NEVER || s == OG_AR_STALE;
}

START_TEST(more_evidence_never_makes_it_worse)
{
	seed = 11;
	for (int i = 0; i < WORLDS; i++) {
		char words[WORDS], more[WORDS];
		random_words(words);
		memcpy(more, words, sizeof(more));
		random_row(more, sizeof(more));
		struct arrivalworld a, b;
		arrivalworld_init(&a, words);
		arrivalworld_init(&b, more);
		arrivalworld_judge(&a);
		arrivalworld_judge(&b);
		for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
			const struct og_arrival_verdict *x = &a.r.signal[s], *y = &b.r.signal[s];
			/* What was not known may become known, one way or the other. */
			bool unknown = x->kept || x->state == OG_AR_UNKNOWN;
			bool hidden = !strcmp(x->why ? x->why : x->reason, "HiddenByAccessPolicy");
			if (unknown && (hidden || !b.rows[b.ev.nrows - 1].fresh))
				continue;
			ck_assert_msg(
				og_arrival_state_rank(x->state) <= og_arrival_state_rank(y->state),
				"%u: %s %s of [%s] became %s %s of [%s]", s,
				og_arrival_state_name(x->state), x->reason, words,
				og_arrival_state_name(y->state), y->reason, more);
			ck_assert_msg(x->covered <= y->covered, "[%s]", more);
		}
		arrivalworld_fini(&a);
		arrivalworld_fini(&b);
	}
}
END_TEST

static bool same_text(struct og_sv a, struct og_sv b)
{
	return og_sv_eq(a, b);
}

static void check_same(
	const struct arrivalworld *a, const struct arrivalworld *b, const char *words)
{
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
		const struct og_arrival_verdict *x = &a->r.signal[s], *y = &b->r.signal[s];
		ck_assert_msg(x->state == y->state && x->reason == y->reason && x->tie == y->tie &&
				      same_text(x->message, y->message) &&
				      x->covered == y->covered && x->of == y->of &&
				      x->last_seen_s == y->last_seen_s && x->route == y->route &&
				      x->has_evidence == y->has_evidence,
			"%u of [%s]: %.*s / %.*s", s, words, OG_SV_ARG(x->message),
			OG_SV_ARG(y->message));
		if (x->has_evidence)
			ck_assert_msg(same_text(x->evidence.pod, y->evidence.pod) &&
					      same_text(x->evidence.revision, y->evidence.revision),
				"[%s]", words);
	}
	ck_assert_uint_eq(a->findings.n, b->findings.n);
	for (uint32_t i = 0; i < a->findings.n; i++)
		ck_assert_msg(a->findings.v[i].def == b->findings.v[i].def &&
				      same_text(a->findings.v[i].detail, b->findings.v[i].detail),
			"[%s]", words);
	ck_assert_mem_eq(&a->r.memory, &b->r.memory, sizeof(a->r.memory));
}

START_TEST(order_of_rows_never_matters)
{
	seed = 23;
	for (int i = 0; i < WORLDS; i++) {
		char words[WORDS];
		random_words(words);
		for (int k = 0; k < 8; k++)
			random_row(words, WORDS);
		struct arrivalworld a, b;
		arrivalworld_init(&a, words);
		arrivalworld_init(&b, words);
		for (uint32_t k = b.ev.nrows; k > 1; k--) {
			uint32_t with = draw(k);
			struct og_arrival_row t = b.rows[k - 1];
			b.rows[k - 1] = b.rows[with];
			b.rows[with] = t;
		}
		arrivalworld_judge(&a);
		arrivalworld_judge(&b);
		check_same(&a, &b, words);
		arrivalworld_fini(&a);
		arrivalworld_fini(&b);
	}
}
END_TEST

START_TEST(an_error_never_makes_anything_missing)
{
	static const char *const errors[] = {
		"auth", "throttled", "partial", "ancient", "off", "unasked"};
	unsigned looked = 0;
	seed = 37;
	for (int i = 0; i < WORLDS; i++) {
		char words[WORDS], broken[WORDS + 32];
		random_words(words);
		snprintf(broken, sizeof(broken), "%s src:%c=%s", words, "mtlp"[draw(4)],
			errors[draw(OG_COUNT(errors))]);
		struct arrivalworld a, b;
		arrivalworld_init(&a, words);
		arrivalworld_init(&b, broken);
		arrivalworld_judge(&a);
		arrivalworld_judge(&b);
		for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
			const struct og_arrival_verdict *x = &a.r.signal[s], *y = &b.r.signal[s];
			bool was = bad(b.before.signal[s].state);
			looked += !bad(x->state);
			ck_assert_msg(bad(x->state) || !bad(y->state) || was,
				"%u: %s %s of [%s] became %s %s of [%s]", s,
				og_arrival_state_name(x->state), x->reason, words,
				og_arrival_state_name(y->state), y->reason, broken);
		}
		arrivalworld_fini(&a);
		arrivalworld_fini(&b);
	}
	ck_assert_uint_gt(looked, WORLDS);
}
END_TEST

/* The same answer looked at twice is one answer. */
START_TEST(judging_twice_changes_nothing)
{
	seed = 41;
	for (int i = 0; i < WORLDS; i++) {
		char words[WORDS];
		random_words(words);
		struct arrivalworld a;
		arrivalworld_init(&a, words);
		arrivalworld_judge(&a);
		struct og_arrival_result first = a.r, second;
		ck_assert_int_eq(og_arrival_judge(a.ix, 0, &first.memory, &a.params, &a.arena,
					 &second, NULL, NULL),
			0);
		for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
			ck_assert_msg(first.signal[s].state == second.signal[s].state,
				"%u of [%s]: %s %s, then %s %s", s, words,
				og_arrival_state_name(first.signal[s].state),
				first.signal[s].reason,
				og_arrival_state_name(second.signal[s].state),
				second.signal[s].reason);
		arrivalworld_fini(&a);
	}
}
END_TEST

/* ---- memory ---- */

START_TEST(memory_reads_what_it_writes)
{
	seed = 53;
	for (int i = 0; i < WORLDS; i++) {
		char words[WORDS];
		random_words(words);
		struct arrivalworld a;
		arrivalworld_init(&a, words);
		arrivalworld_judge(&a);
		og_auto_buf struct og_buf x = OG_BUF_INIT(4096), y = OG_BUF_INIT(4096);
		struct og_arrival_memory m;
		og_arrival_memory_write(&a.r.memory, &x);
		ck_assert(x.len <= OG_ARRIVAL_MEMORY_BYTES);
		ck_assert_msg(
			og_arrival_memory_read(og_buf_view(&x), ARW_NOW, &m, NULL) == 0, "%s", x.p);
		og_arrival_memory_write(&m, &y);
		ck_assert_str_eq(x.p, y.p);
		ck_assert_mem_eq(&m, &a.r.memory, sizeof(m));
		arrivalworld_fini(&a);
	}
}
END_TEST

START_TEST(memory_believes_nothing_else)
{
	static const char good[] = "1;Flowing,10,11,12,1,0,r2,r2;Never,10,0,12,0,1,r2,r1;"
				   "Unknown,0,0,0,0,0,,;ViaStdout,1,2,3,255,0,-,-";
	static const char *const refused[] = {"", "1", "1;;;;", "2;Flowing,10,11,12,1,0,r2,r2",
		"1;Flowing,10,11,12,1,0,r2,r2", "1;a;b;c;d"};
	struct og_arrival_memory m, kept;
	ck_assert_int_eq(og_arrival_memory_read(og_svz(good), ARW_NOW, &m, NULL), 0);
	ck_assert_int_eq(m.signal[1].state, OG_AR_NEVER);
	ck_assert(m.signal[1].regressed);
	kept = m;
	for (size_t i = 0; i < OG_COUNT(refused); i++)
		ck_assert_int_eq(
			og_arrival_memory_read(og_svz(refused[i]), ARW_NOW, &m, NULL), -OG_E_PARSE);
	/* every byte wrong, left out or doubled: refused, or another memory, never a fault */
	char text[sizeof(good) + 1];
	unsigned fine = 0;
	for (size_t i = 0; i + 1 < sizeof(good); i++)
		for (unsigned c = 1; c < 256; c += 7) {
			memcpy(text, good, sizeof(good));
			text[i] = (char)(unsigned char)c;
			m = kept;
			int rc = og_arrival_memory_read(og_svz(text), ARW_NOW, &m, NULL);
			fine += rc == 0;
			if (rc)
				ck_assert_mem_eq(&m, &kept, sizeof(m));
		}
	ck_assert_uint_lt(fine, 2500);
	static char huge[OG_ARRIVAL_MEMORY_BYTES + 2];
	memset(huge, '1', sizeof(huge) - 1);
	ck_assert_int_eq(og_arrival_memory_read(og_svz(huge), ARW_NOW, &m, NULL), -OG_E_LIMIT);
	/* a time to come is not remembered: it would stand for ever */
	ck_assert_int_eq(og_arrival_memory_read(OG_SV("1;Flowing,253402300799,253402300799,"
						      "253402300799,0,0,r2,r2;Off,0,0,0,0,0,,;"
						      "Off,0,0,0,0,0,,;Off,0,0,0,0,0,,"),
				 ARW_NOW, &m, NULL),
		0);
	ck_assert_int_eq(m.signal[0].answered_s, ARW_NOW);
}
END_TEST

/* Cycle after cycle: flows, is missed once, is stale, comes back. */
START_TEST(a_life)
{
	static const struct {
		const char *words;
		enum og_arrival_state state;
		const char *reason;
	} steps[] = {{"", OG_AR_NEVER, "NothingInWindow"}, {"+m1 +m2", OG_AR_FLOWING, "Arriving"},
		{"src:m=auth", OG_AR_FLOWING, "LastKnown"},
		{"+m1,aged", OG_AR_FLOWING, "MissedOnce"},
		{"src:m=throttled", OG_AR_FLOWING, "LastKnown"}, {"+m1", OG_AR_FLOWING, "Arriving"},
		{"", OG_AR_FLOWING, "MissedOnce"}, {"", OG_AR_STALE, "Stopped"},
		{"src:m=auth", OG_AR_STALE, "LastKnown"}, {"", OG_AR_STALE, "Stopped"},
		{"+m1", OG_AR_FLOWING, "Arriving"},
		{"rev=r3 pods=SS +m1,rev=r2", OG_AR_WAITING, "OldPodsOnly"},
		{"rev=r3 +m1,rev=r2", OG_AR_NEVER, "OldRevisionOnly"},
		{"rev=r3 +m1,rev=r3", OG_AR_FLOWING, "Arriving"}};
	struct og_arrival_memory m = {0};
	for (size_t i = 0; i < OG_COUNT(steps); i++) {
		struct arrivalworld a;
		int64_t later = 60 * (int64_t)i;
		arrivalworld_init(&a, steps[i].words);
		a.params.now_s += later;
		a.ev.source[0].asked_s += later;
		for (uint32_t k = 0; k < a.ev.nrows; k++)
			a.rows[k].last_s += later;
		a.before = m;
		a.remembers = true;
		arrivalworld_judge(&a);
		const struct og_arrival_verdict *v = &a.r.signal[0];
		ck_assert_msg(v->state == steps[i].state && !strcmp(v->reason, steps[i].reason),
			"step %zu: %s %s", i, og_arrival_state_name(v->state), v->reason);
		ck_assert(v->regressed == !strcmp(v->reason, "OldRevisionOnly"));
		m = a.r.memory;
		arrivalworld_fini(&a);
	}
}
END_TEST

/* ---- strangers ---- */

START_TEST(strangers_are_named)
{
	struct arrivalworld a;
	arrivalworld_init(&a,
		"+m1 +t-,nons,rev=,name=/unknown_service:java "
		"+m-,rev=,name=shop/unknown_service:java +m9,ns=prod,rev=,name=prod/x "
		"+t9,ns=prod,rev=,name=prod/x +m-,ns=else,rev= +t-,nons,rev=,name=z/y "
		/* nobody's, and no news */
		"+m-,ns=otelgate,rev=probe,name=otelgate/otelgate-probe "
		"+t-,nons,rev=,name=otelgate/otelgate-probe");
	a.w[1].opted_in = false;
	struct og_arrival_row *r = &a.rows[a.ev.nrows++];
	*r = (struct og_arrival_row){.signal = OG_SIGNAL_LOGS,
		.k8s_namespace = OG_SV("shop"),
		.pod = OG_SV("other-1"),
		.service_name = OG_SV("theirs")};
	arrivalworld_judge(&a);
	struct og_arrival_stranger *v;
	uint32_t n, total;
	struct og_findings f = {0};
	ck_assert_int_eq(og_arrival_strangers(a.ix, 50, &a.arena, &v, &n, &total, &f, NULL), 0);
	ck_assert_uint_eq(n, 6);
	ck_assert_uint_eq(total, 6);
	static const enum og_arrival_stranger_kind kinds[] = {OG_STRANGER_UNKNOWN_SERVICE,
		OG_STRANGER_NO_MATCH, OG_STRANGER_WRONG_NAMESPACE, OG_STRANGER_NOT_OPTED_IN,
		OG_STRANGER_NOT_OPTED_IN, OG_STRANGER_UNKNOWN_SERVICE};
	for (uint32_t i = 0; i < n; i++)
		ck_assert_msg(v[i].kind == kinds[i], "%u: %u %.*s/%.*s in %.*s", i, v[i].kind,
			OG_SV_ARG(v[i].service_namespace), OG_SV_ARG(v[i].service_name),
			OG_SV_ARG(v[i].k8s_namespace));
	ck_assert_uint_eq(v[2].ncandidates, 1); /* the workload of that name */
	ck_assert_uint_eq(v[2].candidates[0], 0);
	ck_assert(v[3].signals[0] && v[3].signals[1] && v[3].rows == 2);
	ck_assert_uint_eq(v[4].candidates[0], 1); /* by its pod */
	ck_assert_uint_eq(v[5].ncandidates, 2);	  /* all of the namespace */
	ck_assert_uint_eq(f.n, 6);
	/* fewer are given, and all are counted */
	ck_assert_int_eq(og_arrival_strangers(a.ix, 2, &a.arena, &v, &n, &total, NULL, NULL), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(total, 6);
	arrivalworld_fini(&a);
}
END_TEST

/* What is collected from every pod says nothing of who instrumented it. */
START_TEST(collected_lines_are_no_strangers)
{
	static const struct {
		enum og_signal signal;
		enum og_arrival_route route;
		uint32_t strangers;
	} cases[] = {{OG_SIGNAL_LOGS, OG_ROUTE_STDOUT, 0}, {OG_SIGNAL_PROFILES, OG_ROUTE_EBPF, 0},
		{OG_SIGNAL_PROFILES, OG_ROUTE_SCRAPE, 0}, {OG_SIGNAL_LOGS, OG_ROUTE_OTLP, 1},
		{OG_SIGNAL_LOGS, OG_ROUTE_UNKNOWN, 1}};

	for (size_t i = 0; i < OG_COUNT(cases); i++) {
		struct arrivalworld a;
		struct og_arrival_stranger *v;
		uint32_t n, total;
		arrivalworld_init(&a, "+m1");
		a.rows[a.ev.nrows++] = (struct og_arrival_row){.signal = cases[i].signal,
			.route = cases[i].route,
			.k8s_namespace = OG_SV("shop"),
			.pod = OG_SV("nobodys-1"),
			.service_name = OG_SV("theirs")};
		arrivalworld_judge(&a);
		ck_assert_int_eq(
			og_arrival_strangers(a.ix, 50, &a.arena, &v, &n, &total, NULL, NULL), 0);
		ck_assert_msg(total == cases[i].strangers, "%zu: %u", i, total);
		arrivalworld_fini(&a);
	}
}
END_TEST

/* ---- hostile ---- */

START_TEST(hostile_rows)
{
	static char longest[70000];
	memset(longest, '/', sizeof(longest));
	const struct og_sv nasty[] = {og_sv(longest, sizeof(longest)), og_sv(longest, 9),
		OG_SV("\0\0"), OG_SV("\xff\xfe\n\r\x1b[31m"), OG_SV("$(POD)"), OG_SV(".."),
		OG_SV("a..b"), OG_SV("shop.web-1."), OG_SV(".web-1.app"), OG_SV("/"),
		OG_SV("unknown_service")};
	struct arrivalworld a;
	arrivalworld_init(&a, "+m1 twin");
	for (size_t i = 0; i < OG_COUNT(nasty); i++) {
		a.rows[a.ev.nrows++] = (struct og_arrival_row){
			.job = nasty[i], .instance = nasty[i], .last_s = INT64_MAX};
		a.rows[a.ev.nrows++] = (struct og_arrival_row){.signal = (enum og_signal)(i % 7),
			.route = (enum og_arrival_route)99,
			.service_name = nasty[i],
			.k8s_namespace = OG_SV("shop"),
			.pod = OG_SV("web-1"),
			.workload = nasty[i],
			.value = -1,
			.last_s = INT64_MIN};
		a.rows[a.ev.nrows++] = (struct og_arrival_row){.signal = OG_SIGNAL_TRACES,
			.service_namespace = nasty[i],
			.service_name = nasty[i],
			.revision = nasty[i],
			.pod = nasty[i]};
	}
	a.params.now_s = INT64_MAX;
	a.params.window_s = INT64_MIN;
	arrivalworld_judge(&a);
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
		struct og_sv m = a.r.signal[s].message;
		ck_assert(og_utf8_valid(m.p, m.n));
		for (size_t i = 0; i < m.n; i++)
			ck_assert(m.p[i] >= ' ');
	}
	for (uint32_t i = 0; i < a.findings.n; i++) {
		struct og_sv d = a.findings.v[i].detail;
		ck_assert(og_utf8_valid(d.p, d.n) && d.n < 4096 && og_sv_chr(d, '\n') == d.n);
	}
	struct og_arrival_stranger *v;
	uint32_t n, total;
	ck_assert_int_eq(
		og_arrival_strangers(a.ix, 9, &a.arena, &v, &n, &total, &a.findings, NULL), 0);
	ck_assert_uint_eq(n, 9);
	arrivalworld_fini(&a);
}
END_TEST

/* 2,000 workloads of one name, and 20,000 rows that name no pod: linear, or this takes minutes. */
START_TEST(one_name_for_all)
{
	enum { W = 2000, R = 20000 };
	struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_arrival_workload *w = og_arena_new_n(&a, W, struct og_arrival_workload);
	struct og_arrival_row *rows_ = og_arena_new_n(&a, R, struct og_arrival_row);
	static const struct og_arrival_identity id = {
		{"shop", 4}, {"unknown_service", 15}, {"app", 3}};
	ck_assert_ptr_nonnull(w);
	ck_assert_ptr_nonnull(rows_);
	for (int i = 0; i < W; i++)
		w[i] = (struct og_arrival_workload){.ns = OG_SV("shop"),
			.kind = OG_SV("Deployment"),
			.name = og_svz(og_arena_fmt(&a, "w%d", i)),
			.opted_in = true,
			.identities = &id,
			.nidentities = 1};
	for (int i = 0; i < R; i++)
		rows_[i] = (struct og_arrival_row){.signal = (enum og_signal)(i % 4),
			.job = i % 2 ? OG_SV("shop/unknown_service") : OG_SV(""),
			.service_namespace = i % 2 ? OG_SV("") : OG_SV("shop"),
			.service_name = i % 2 ? OG_SV("") : OG_SV("unknown_service"),
			.instance = og_svz(og_arena_fmt(&a, "%d", i))};
	struct og_arrival_evidence ev = {.rows = rows_, .nrows = R};
	struct og_arrival_params p = {.now_s = ARW_NOW};
	struct og_arrival_index *ix;
	struct og_arrival_result r;
	struct og_findings f = {0};
	ck_assert_int_eq(og_arrival_index_new(w, W, &ev, 5, &a, &ix, NULL), 0);
	for (uint32_t i = 0; i < W; i++)
		ck_assert_int_eq(og_arrival_judge(ix, i, NULL, &p, &a, &r, &f, NULL), 0);
	ck_assert_int_eq(og_arrival_judge(ix, W, NULL, &p, &a, &r, &f, NULL), -OG_E_BUG);
	og_arena_fini(&a);
}
END_TEST

START_TEST(without_memory)
{
	struct arrivalworld a;
	arrivalworld_init(
		&a, "+m1 +m-,nons,rev= +t1,name=x/y +l1,stdout +t-,rev=,name=q/z twin busy=1");
	for (unsigned long at = 1;; at++) {
		struct og_arena arena;
		struct og_arrival_index *ix;
		struct og_arrival_result r;
		struct og_findings f = {0};
		struct og_arrival_stranger *v;
		uint32_t n, total;
		og_arena_init(&arena, 512, 0);
		og_mem_fault_arm(at, true);
		int rc = og_arrival_index_new(a.w, a.nw, &a.ev, 1, &arena, &ix, NULL);
		if (!rc)
			rc = og_arrival_judge(ix, 0, NULL, &a.params, &arena, &r, &f, NULL);
		if (!rc)
			rc = og_arrival_strangers(ix, 9, &arena, &v, &n, &total, &f, NULL);
		unsigned long seen = og_mem_fault_disarm();
		og_arena_fini(&arena);
		if (seen < at) {
			ck_assert_int_eq(rc, 0);
			break;
		}
		ck_assert(rc == 0 || rc == -OG_E_OOM);
		ck_assert_uint_lt(at, 500);
	}
	arrivalworld_fini(&a);
}
END_TEST

START_TEST(words)
{
	ck_assert_str_eq(og_arrival_state_name((enum og_arrival_state)77), "Unknown");
	ck_assert_str_eq(og_arrival_tie_name((enum og_arrival_tie)77), "none");
	ck_assert_str_eq(og_arrival_trust_name((enum og_arrival_trust)77), "none");
	ck_assert_str_eq(og_arrival_route_name((enum og_arrival_route)77), "");
	ck_assert_ptr_null(og_arrival_reason(OG_SV("AuthFailed")));
	struct og_arrival_row row = {.pod = OG_SV("p"), .job = OG_SV("j")};
	struct og_arena a;
	og_arena_init(&a, 0, 0);
	ck_assert(og_arrival_row_keep(&row, &a));
	ck_assert(og_sv_is(row.pod, "p") && og_sv_is(row.job, "j") && row.instance.n == 0);
	og_arena_fini(&a);
}
END_TEST

int main(void)
{
	static const char *const names[] = {"more", "order", "error", "twice", "memory", "belief",
		"life", "strangers", "collected", "hostile", "one name", "oom", "words"};
	const TTest *const all[] = {more_evidence_never_makes_it_worse, order_of_rows_never_matters,
		an_error_never_makes_anything_missing, judging_twice_changes_nothing,
		memory_reads_what_it_writes, memory_believes_nothing_else, a_life,
		strangers_are_named, collected_lines_are_no_strangers, hostile_rows,
		one_name_for_all, without_memory, words};
	Suite *s = suite_create("core/arrival");
	for (size_t i = 0; i < OG_COUNT(all); i++) {
		TCase *t = tcase_create(names[i]);
		tcase_add_test(t, all[i]);
		suite_add_tcase(s, t);
	}
	return og_suite_run(s);
}
