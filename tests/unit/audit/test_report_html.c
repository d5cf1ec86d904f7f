/* SPDX-License-Identifier: Apache-2.0 */
/* The HTML report: whatever names and messages hold, its elements are ours, it asks nobody for
 * anything, and nothing in it runs but what its policy names by hash. */
#include <stdio.h>
#include <time.h>
#include <check.h>
#include "otelgate/audit/report.h"
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "support/suite.h"

static struct og_arena arena;
static struct og_coverage c;
static struct og_err err;

static void setup(void)
{
	og_arena_init(&arena, 0, (size_t)1 << 30);
	err = (struct og_err)OG_ERR_INIT;
}
static void teardown(void)
{
	og_arena_fini(&arena);
}

/* Row i of n; even ones are in order. All texts are `text` when there is one. */
static void fill(struct og_coverage_row *row, uint32_t i, struct og_sv text)
{
	bool good = i % 2 == 0;
	struct og_sv t = text.n ? text : OG_SV("2 of 3 pods run without what was asked for.");

	*row = (struct og_coverage_row){
		.ns = text.n ? text : og_svz(og_arena_fmt(&arena, "team-%02u", i / 50)),
		.group = OG_SV("apps"),
		.kind = text.n ? text : OG_SV("Deployment"),
		.name = text.n ? text : og_svz(og_arena_fmt(&arena, "web-%u", i)),
		.source = text.n ? text : OG_SV("cluster"),
		.opted_in = true,
		.profile = text.n ? text : OG_SV("default"),
		.stack = OG_SV("main"),
		.pods = 3,
		.pods_seen = true};
	row->classes[OG_CLASS_CURRENT] = good ? 3 : 1;
	row->classes[OG_CLASS_BARE] = good ? 0 : 2;
	for (int l = 0; l < OG_LINK_COUNT_; l++)
		row->link[l] = (struct og_cell){.result = OG_RESULT_PASS, .message = t};
	if (!good)
		row->link[OG_LINK_INJECTED] = (struct og_cell){.result = OG_RESULT_FAIL,
			.reason = "PodsMissed",
			.message = t,
			.fix = text.n ? text : OG_SV("kubectl rollout restart deployment/web")};
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		row->signal[s] = (struct og_coverage_signal){
			.cell = {.result = good ? OG_RESULT_PASS : OG_RESULT_FAIL, .message = t},
			.mode = OG_MODE_EXPECTED,
			.verified = true,
			.state = good ? OG_AR_FLOWING : OG_AR_NEVER,
			.last_seen_s = good ? 1782863988 : 0,
			.query = text.n ? text : OG_SV("sum(up{job=\"team/web\"}) < 1"),
			.explore = text.n ? text : OG_SV("https://grafana.example/explore?a=1&b=2"),
			.silent = &row->name,
			.nsilent = good ? 0 : 1};
	if (!good)
		ck_assert(og_coverage_add(row, &arena, "OG301", text, t, text, "metrics"));
}

static void build(uint32_t n, struct og_sv text)
{
	c = (struct og_coverage){.cluster = text.n ? text : OG_SV("production"),
		.tool_version = OG_SV("1.2.3"),
		.made_s = 1782864000,
		.backends = true,
		.n = n};
	c.rows = og_arena_new_n(&arena, (size_t)n + 1, struct og_coverage_row);
	ck_assert_ptr_nonnull(c.rows);
	for (uint32_t i = 0; i < n; i++)
		fill(&c.rows[i], i, text);
	ck_assert_int_eq(og_coverage_finish(&c, &arena, &err), 0);
}

static struct og_sv write_with(struct og_buf *out, const struct og_report_opts *o)
{
	const struct og_report_form *f = og_report_form(OG_SV("html"));

	ck_assert_ptr_nonnull(f);
	ck_assert(f->write(&c, o, &arena, out));
	return og_buf_view(out);
}

static struct og_sv write_html(struct og_buf *out)
{
	struct og_report_opts o = {.width = 80};

	return write_with(out, &o);
}

static size_t count(struct og_sv s, const char *what)
{
	size_t n = 0, len = strlen(what);

	for (const char *p = s.p, *end = s.p + s.n;
		(p = memmem(p, (size_t)(end - p), what, len)) != NULL; p += len)
		n++;
	return n;
}

/* ---- a reader of HTML that takes nothing but what we write ---- */

static const char *const elements =
	" html head meta title style script body header main footer h1 "
	"h2 h3 p time section div svg rect circle text ul ol li b bdi "
	"em s span details summary code button form input select option "
	"label output dl dt dd a br ";
static const char *const attributes =
	" lang charset http-equiv content name id class datetime aria-hidden aria-label aria-live "
	"role hidden width height x y cx cy r viewBox stroke-dasharray transform type data-q data-n "
	"data-t open autocomplete spellcheck placeholder value href target rel ";

/* For each byte: Check's own write a note to its parent each time. */
#define must(is, ...)                              \
	do {                                       \
		if (!(is))                         \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

static bool listed(const char *list, struct og_sv word)
{
	char key[64];

	must(word.n < 40, "a long word");
	(void)snprintf(key, sizeof(key), " %.*s ", OG_SV_ARG(word));
	return strstr(list, key) != NULL;
}

static size_t word_at(struct og_sv s, size_t i)
{
	size_t n = 0;

	while (i + n < s.n && !strchr(" \n=>\"/<", s.p[i + n]))
		n++;
	return n;
}

/* Reads attributes from i on; gives the place behind '>'. */
static size_t read_attributes(struct og_sv s, size_t i)
{
	while (i < s.n && s.p[i] != '>') {
		must(s.p[i] == ' ', "at %.40s", s.p + i);
		struct og_sv name = og_sv(s.p + i + 1, word_at(s, i + 1));
		must(listed(attributes, name), "attribute %.*s", OG_SV_ARG(name));
		i += 1 + name.n;
		if (s.p[i] != '=')
			continue;
		must(s.p[i + 1] == '"', "no quote");
		size_t from = i + 2, len = og_sv_chr(og_sv(s.p + from, s.n - from), '"');
		struct og_sv value = og_sv(s.p + from, len);
		must(og_sv_chr(value, '<') == value.n, "< in a value");
		if (og_sv_is(name, "href"))
			must(og_sv_starts(value, OG_SV("https://")), "a link");
		i = from + len + 1;
	}
	must(i < s.n, "no end");
	return i + 1;
}

static void check_characters(struct og_sv s)
{
	ck_assert(og_utf8_valid(s.p, s.n));
	for (size_t i = 0; i < s.n; i++) {
		unsigned char u = (unsigned char)s.p[i];
		must((u >= 0x20 && u != 0x7f) || u == '\n' || u == '\t', "byte %u", u);
	}
	static const char *const turns[] = {"\u202e", "\u202a", "\u2066", "\u2067", "\u2069",
		"\u200f", "\u200b", "\ufeff", "\u2028", "\u061c", "\xc2\x85"};
	for (size_t i = 0; i < OG_COUNT(turns); i++)
		ck_assert_uint_eq(count(s, turns[i]), 0);
}

static void check_structure(struct og_sv s)
{
	struct og_sv stack[64];
	size_t depth = 0, scripts = 0, styles = 0, i;

	check_characters(s);
	ck_assert(og_sv_starts(s, OG_SV("<!DOCTYPE html>\n")));
	for (i = 16; i < s.n;) {
		if (s.p[i] != '<') {
			must(s.p[i] != '>', "a bare >");
			i++;
			continue;
		}
		bool close = s.p[i + 1] == '/';
		struct og_sv name = og_sv(s.p + i + 1 + close, word_at(s, i + 1 + close));
		must(listed(elements, name), "element %.*s", OG_SV_ARG(name));
		i = close ? i + 2 + name.n + 1 : read_attributes(s, i + 1 + name.n);
		if (close) {
			must(depth > 0, "an end alone");
			depth--;
			must(og_sv_eq(stack[depth], name), "</%.*s> ends <%.*s>", OG_SV_ARG(name),
				OG_SV_ARG(stack[depth]));
			continue;
		}
		if (og_sv_is(name, "meta") || og_sv_is(name, "input") || og_sv_is(name, "br"))
			continue;
		must(depth < OG_COUNT(stack), "too deep");
		stack[depth++] = name;
		scripts += og_sv_is(name, "script");
		styles += og_sv_is(name, "style");
		if (og_sv_is(name, "script") || og_sv_is(name, "style"))
			while (s.p[i] != '<' || s.p[i + 1] != '/')
				i++;
	}
	ck_assert_uint_eq(depth, 0);
	ck_assert_uint_eq(scripts, 1);
	ck_assert_uint_eq(styles, 1);
}

/* ---- hostile text ---- */

static const struct {
	struct og_sv text;
	const char *seen; /* as a name */
} hostile[] = {
	{OG_SV("<script>alert(1)</script>"), "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>"},
	{OG_SV("\" onload=\"x"), "<bdi>&quot; onload=&quot;x</bdi>"},
	{OG_SV("' onload='x"), "<bdi>&#39; onload=&#39;x</bdi>"},
	{OG_SV("&lt;b&gt;"), "<bdi>&amp;lt;b&amp;gt;</bdi>"},
	{OG_SV("</title></style></script><img src=x>"),
		"<bdi>&lt;/title&gt;&lt;/style&gt;&lt;/script&gt;&lt;img src=x&gt;</bdi>"},
	{OG_SV("<!--"), "<bdi>&lt;!--</bdi>"},
	{OG_SV("a\xe2\x80\xae"
	       "b"),
		"<bdi>a<b class=\"u\">U+202E</b>b</bdi>"},
	{OG_SV("a\xe2\x81\xa7"
	       "b"),
		"<bdi>a<b class=\"u\">U+2067</b>b</bdi>"},
	{OG_SV("a\xe2\x80\x8b"
	       "b"),
		"<bdi>a<b class=\"u\">U+200B</b>b</bdi>"},
	{OG_SV("\xef\xbb\xbf"
	       "a"),
		"<bdi><b class=\"u\">U+FEFF</b>a</bdi>"},
	{OG_SV("\xf3\xa0\x81\x81"
	       "a"),
		"<bdi><b class=\"u\">U+E0041</b>a</bdi>"},
	{OG_SV("a\n\tb"), "<bdi>a<b class=\"u\">U+000A</b><b class=\"u\">U+0009</b>b</bdi>"},
	{OG_SV("a\0b"), "<bdi>a<b class=\"u\">U+0000</b>b</bdi>"},
	{OG_SV("\x1b[31m\x7f"),
		"<bdi><b class=\"u\">U+001B</b>[31m<b class=\"u\">U+007F</b></bdi>"},
	{OG_SV("a\xff\xc3"), "<bdi>a<b class=\"u\">0xFF</b><b class=\"u\">0xC3</b></bdi>"},
	{OG_SV("\xed\xa0\x80"),
		"<b class=\"u\">0xED</b><b class=\"u\">0xA0</b><b class=\"u\">0x80"},
	{OG_SV("grün 東京 🚀"), "<bdi>grün 東京 🚀</bdi>"},
	{OG_SV("javascript:alert(1)"), "<bdi>javascript:alert(1)</bdi>"},
};

START_TEST(hostile_text_stays_text)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);

	build(3, hostile[_i].text);
	struct og_coverage_blind blind = {
		.what = hostile[_i].text, .why = hostile[_i].text, .finding = "OG002"};
	c.blind = &blind;
	c.nblind = 1;
	c.notes = &hostile[_i].text;
	c.nnotes = 1;
	struct og_sv s = write_html(&b);
	check_structure(s);
	ck_assert_msg(count(s, hostile[_i].seen) > 3, "%s is not there", hostile[_i].seen);
	ck_assert_uint_eq(count(s, "<a "), 0);
}
END_TEST

START_TEST(any_bytes_stay_text)
{
	uint32_t x = 12345U + (uint32_t)_i;
	char bytes[48];
	static const char odd[] = "<>\"'&=/! -\xe2\x80\xae\xc2\x85\xff\n";

	for (size_t i = 0; i < sizeof(bytes); i++) {
		x = x * 1664525U + 1013904223U;
		bytes[i] = (char)(x >> 31 ? odd[(x >> 16) % (sizeof(odd) - 1)]
					  : (int)(x >> 20 & 0x7f));
	}
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	build(2, og_sv(bytes, sizeof(bytes)));
	check_structure(write_html(&b));
}
END_TEST

static const char *const no_links[] = {"http://grafana.example/explore", "javascript:alert(1)",
	"data:text/html,x", "//grafana.example/", "/explore", "https:/x", " https://x",
	"https://x y", "https://x\ny", "https://x\"y", "https://x'y", "https://x<y", "https://x\\y",
	"https://\xc3\xa9"};

START_TEST(a_link_is_https_or_none)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0), b2 og_auto_buf = OG_BUF_INIT(0);

	build(1, og_sv("", 0));
	ck_assert_uint_eq(
		count(write_html(&b), "<a href=\"https://grafana.example/explore?a=1&amp;b=2\" "
				      "target=\"_blank\" rel=\"noopener noreferrer\">"),
		OG_SIGNAL_COUNT_);
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		c.rows[0].signal[s].explore = og_svz(no_links[_i]);
	struct og_sv s = write_html(&b2);
	check_structure(s);
	ck_assert_uint_eq(count(s, "href="), 0);
}
END_TEST

/* ---- alone, and by its policy ---- */

static struct og_sv between(struct og_sv s, const char *from, const char *to)
{
	char *at = memmem(s.p, s.n, from, strlen(from));
	ck_assert_ptr_nonnull(at);
	at += strlen(from);
	char *end = memmem(at, s.n - (size_t)(at - s.p), to, strlen(to));
	ck_assert_ptr_nonnull(end);
	return og_sv(at, (size_t)(end - at));
}

START_TEST(its_policy_names_its_style_and_script_alone)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0), want og_auto_buf = OG_BUF_INIT(0);
	static const char *const parts[][3] = {{"; style-src 'sha256-", "<style>", "</style>"},
		{"; script-src 'sha256-", "<script>", "</script>"}};

	build(4, og_sv("", 0));
	struct og_sv s = write_html(&b);
	og_buf_lit(&want,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"base-uri 'none'; form-action 'none'");
	for (size_t i = 0; i < OG_COUNT(parts); i++) {
		unsigned char sum[OG_SHA256_BYTES];
		struct og_sv text = between(s, parts[i][1], parts[i][2]);
		ck_assert_uint_gt(text.n, 1000);
		ck_assert_int_eq(og_sha256(text.p, text.n, sum, &err), 0);
		og_buf_str(&want, parts[i][0]);
		og_base64_encode(&want, og_sv((const char *)sum, sizeof(sum)));
		og_buf_ch(&want, '\'');
	}
	og_buf_lit(&want, "\">");
	ck_assert_uint_eq(count(s, og_buf_view(&want).p), 1);
	ck_assert_uint_eq(count(s, "Content-Security-Policy"), 1);
	ck_assert_uint_eq(count(s, "unsafe-"), 0);
	/* The policy stands before whatever it is to rule. */
	ck_assert((char *)memmem(s.p, s.n, "Content-Security", 16) <
		  (char *)memmem(s.p, s.n, "<style>", 7));
}
END_TEST

START_TEST(it_asks_nobody)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	static const char *const asks[] = {"src=", "url(", "@import", "<link", "<img", "<iframe",
		"fetch(", "XMLHttp", "import(", "sendBeacon", "WebSocket", "innerHTML", "eval(",
		"style=", "://www.", "http://", "@font-face"};

	build(4, og_sv("", 0));
	struct og_sv s = write_html(&b);
	check_structure(s);
	for (size_t i = 0; i < OG_COUNT(asks); i++)
		ck_assert_msg(count(s, asks[i]) == 0, "%s is in it", asks[i]);
	ck_assert_uint_eq(count(s, "http"), 1 + count(s, "<a href=\"https://"));
}
END_TEST

/* ---- what it says ---- */

START_TEST(worst_comes_first_and_its_broken_link_is_named)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);

	build(4, og_sv("", 0));
	struct og_sv s = write_html(&b);
	const char *bad = memmem(s.p, s.n, "<b><bdi>deployment/web-3<", 25);
	const char *good = memmem(s.p, s.n, "<b><bdi>deployment/web-0<", 25);
	ck_assert_ptr_nonnull(bad);
	ck_assert_ptr_nonnull(good);
	ck_assert(bad < good);
	ck_assert_uint_eq(count(s, "First broken link"), 2);
	ck_assert_uint_eq(count(s, "<details class=\"w p\">"), 2);
	ck_assert_uint_eq(count(s, "<details class=\"w\">"), 2);
	ck_assert_uint_eq(count(s, "<p>2 of 4 expected</p>"), OG_SIGNAL_COUNT_);
	ck_assert_uint_eq(count(s, "2 failing, 0 unknown"), OG_SIGNAL_COUNT_);
	ck_assert_uint_gt(count(s, "✓</s>OK 12s"), 7);
	ck_assert_uint_gt(count(s, "kubectl rollout restart deployment/web"), 1);
	ck_assert_uint_eq(count(s, "(new)"), 0);
}
END_TEST

START_TEST(only_problems_leaves_out_rows_never_numbers)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	struct og_report_opts o = {.width = 80, .only_problems = true};

	build(4, og_sv("", 0));
	struct og_sv s = write_with(&b, &o);
	check_structure(s);
	ck_assert_uint_eq(count(s, "<details class=\"w"), 2);
	ck_assert_uint_eq(count(s, "4 of 4 opted in, 2 shown"), 1);
	ck_assert_uint_eq(count(s, "<p>2 of 4 expected</p>"), OG_SIGNAL_COUNT_);
}
END_TEST

static const struct {
	const char *fix;
	bool typed;
} fixes[] = {
	{"kubectl -n shop rollout restart deployment/web", true},
	{"otelgate optin deployment/web", true},
	{"spec:\n  replicas: 2", true},
	{"kubectl rollout resume; for a Job set spec.suspend: false.", false},
	{"Correct the name.", false},
	{"kubectlx get pods", false},
	{"", false},
};

START_TEST(what_is_typed_is_a_block_and_advice_is_a_line)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);

	build(2, og_sv("", 0));
	c.rows[1].link[OG_LINK_INJECTED].fix = og_svz(fixes[_i].fix);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		c.rows[0].signal[i].query = c.rows[1].signal[i].query = OG_SV("");
	c.rows[1].nfindings = 0;
	ck_assert_int_eq(og_coverage_finish(&c, &arena, &err), 0);
	struct og_sv s = write_html(&b);
	check_structure(s);
	ck_assert_uint_eq(count(s, "<div class=\"fix\"><code>"), fixes[_i].typed ? 1 : 0);
	ck_assert_uint_eq(count(s, "<p class=\"do\">"), !fixes[_i].typed && *fixes[_i].fix ? 1 : 0);
}
END_TEST

START_TEST(what_nobody_could_look_at_has_no_share)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);

	build(4, og_sv("", 0));
	for (uint32_t i = 0; i < c.n; i++)
		for (int k = 0; k < OG_SIGNAL_COUNT_; k++)
			c.rows[i].signal[k].cell.result = OG_RESULT_UNKNOWN;
	ck_assert_int_eq(og_coverage_finish(&c, &arena, &err), 0);
	struct og_sv s = write_html(&b);
	ck_assert_uint_eq(count(s, "<p>4 of 4 not evaluated</p>"), OG_SIGNAL_COUNT_);
	ck_assert_uint_eq(count(s, "of 4 expected"), 0);
	ck_assert_uint_eq(count(s, "failing"), 0);
}
END_TEST

START_TEST(nothing_at_all)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);

	build(0, og_sv("", 0));
	struct og_sv s = write_html(&b);
	check_structure(s);
	ck_assert_uint_eq(count(s, "<details class=\"w"), 0);
	ck_assert_uint_eq(count(s, "<p id=\"none\" class=\"none\">No workloads.</p>"), 1);
	ck_assert_uint_eq(count(s, "aria-label=\"nothing to score\""), 1);
	ck_assert_uint_eq(count(s, "nan"), count(s, "nano"));
}
END_TEST

START_TEST(five_thousand_workloads)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	struct timespec from, to;

	build(5000, og_sv("", 0));
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	struct og_sv s = write_html(&b);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	printf("5000 workloads: %.1f MB in %.0f ms\n", (double)s.n / 1e6,
		(double)(to.tv_sec - from.tv_sec) * 1e3 +
			(double)(to.tv_nsec - from.tv_nsec) / 1e6);
	check_structure(s);
	ck_assert_uint_eq(count(s, "<details class=\"ns\" open"), 100);
	ck_assert_uint_eq(count(s, "<summary><span class=\"n\">"), 5000);
	ck_assert_uint_lt(s.n, 32U << 20);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("audit/report_html");
	TCase *t = tcase_create("report_html");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, hostile_text_stays_text, 0, (int)OG_COUNT(hostile));
	tcase_add_loop_test(t, any_bytes_stay_text, 0, 200);
	tcase_add_loop_test(t, a_link_is_https_or_none, 0, (int)OG_COUNT(no_links));
	tcase_add_test(t, its_policy_names_its_style_and_script_alone);
	tcase_add_test(t, it_asks_nobody);
	tcase_add_test(t, worst_comes_first_and_its_broken_link_is_named);
	tcase_add_test(t, only_problems_leaves_out_rows_never_numbers);
	tcase_add_loop_test(
		t, what_is_typed_is_a_block_and_advice_is_a_line, 0, (int)OG_COUNT(fixes));
	tcase_add_test(t, what_nobody_could_look_at_has_no_share);
	tcase_add_test(t, nothing_at_all);
	tcase_add_test(t, five_thousand_workloads);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
