/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What backends, proxies and grafana.com may send. The first byte chooses the question, "!" a
 * stack; then come a status (three digits; "200" when there are none), and the body. Checked: an
 * answer is always a state with its words, rows only come with evidence, texts are short and
 * printable, what must be hidden is hidden, and memory that is out is never taken for "nothing
 * there".
 */
#include "fuzz-support.h"
#include "otelgate/grafana/discovery.h"

static void check_text(struct og_sv s, size_t max)
{
	FUZZ_CHECK(s.n <= max && og_utf8_valid(s.p, s.n));
	for (size_t i = 0; i < s.n; i++)
		FUZZ_CHECK((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f);
}

static void check_answer(const struct og_gf_answer *a, struct og_sv body)
{
	bool evidence = og_gf_state_is_answer(a->state);
	FUZZ_CHECK(a->state > OG_GF_UNASKED && a->state < OG_GF_STATE_COUNT_);
	FUZZ_CHECK(evidence == (a->message.n == 0) && evidence == (a->why == OG_GF_WHY_NONE));
	FUZZ_CHECK(evidence || (a->rows.n == 0 && !a->rows.partial));
	FUZZ_CHECK(a->state != OG_GF_EMPTY || a->rows.n == 0);
	FUZZ_CHECK(!a->too_large || !evidence);
	check_text(a->message, OG_GF_MESSAGE_BYTES);
	check_text(a->rows.warning, OG_GF_QUOTE_BYTES);
	FUZZ_CHECK(!og_sv_has(a->message, OG_SV("hide-me")));
	FUZZ_CHECK(!og_sv_has(a->rows.warning, OG_SV("hide-me")));
	FUZZ_CHECK(a->retry_after_ms >= -1 && a->retry_after_ms <= 86400000);
	FUZZ_CHECK(a->rows.n <= body.n);
	for (uint32_t i = 0; i < a->rows.n; i++) {
		const struct og_gf_row *r = &a->rows.v[i];
		FUZZ_CHECK(r->last_s >= 0);
		FUZZ_CHECK(r->value == r->value);
		for (unsigned k = 0; k < OG_GF_KEY_COUNT_; k++)
			FUZZ_CHECK(og_utf8_valid(r->key[k].p, r->key[k].n));
		FUZZ_CHECK(!r->key[OG_GF_KEY_TRACE].n || r->key[OG_GF_KEY_TRACE].n <= body.n + 32);
	}
}

static void answer(enum og_gf_ask ask, int http, struct og_sv body, unsigned long fail_at)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_gf_http h;
	struct og_gf_answer a;
	struct og_gf_query q = {.ask = ask, .end_s = 1795356968, .fresh_s = body.n % 2 ? 60 : 0};
	q.name = OG_SV("m");
	q.label = OG_SV("l");
	q.value = OG_SV("a1");
	q.text = OG_SV("up");
	FUZZ_CHECK(og_gf_query_http(&q, &arena, &h, NULL) == 0);
	struct og_gf_reply r = {.http = http, .body = body, .now_s = 1795356968};
	r.content_type = body.n % 3 ? OG_SV("application/json") : body;
	r.retry_after = body;
	r.location = body;
	r.hide[0] = OG_SV("hide-me");
	og_mem_fault_arm(fail_at, true);
	og_gf_answer_read(&h, &r, &arena, &a);
	og_mem_fault_disarm();
	FUZZ_CHECK(fail_at || a.why != OG_GF_WHY_MEMORY);
	check_answer(&a, body);
}

static void stack(struct og_sv body, unsigned long fail_at)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_gf_stack s;
	struct og_err err = OG_ERR_INIT;
	og_mem_fault_arm(fail_at, true);
	int rc = og_gf_stack_read(body, &arena, &s, &err);
	og_mem_fault_disarm();
	FUZZ_CHECK(rc == 0 || err.msg[0]);
	FUZZ_CHECK(rc != -OG_E_OOM || fail_at);
	if (rc != 0)
		return;
	check_text(s.missing, 4096);
	check_text(s.note, 4096);
	check_text(s.slug, 253);
	FUZZ_CHECK(!s.otlp.url.n || og_sv_starts(s.otlp.url, OG_SV("https://otlp-gateway-")));
	for (unsigned b = 0; b < OG_GF_COUNT_; b++) {
		struct og_sv u = s.backend[b].url;
		check_text(u, 8192);
		FUZZ_CHECK(!u.n || og_sv_starts(u, OG_SV("http")) ||
			   og_sv_starts(u, OG_SV("HTTP")) || u.p[0] == 'h' || u.p[0] == 'H');
		FUZZ_CHECK(og_sv_chr(u, '@') == u.n || og_sv_chr(u, '/') < og_sv_chr(u, '@'));
		check_text(s.backend[b].user, 32);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct og_sv text = og_sv((const char *)data + 1, size - 1);
	int http = 200;
	if (text.n >= 3 && text.p[0] >= '1' && text.p[0] <= '9' && text.p[1] >= '0' &&
		text.p[1] <= '9' && text.p[2] >= '0' && text.p[2] <= '9') {
		http = (text.p[0] - '0') * 100 + (text.p[1] - '0') * 10 + (text.p[2] - '0');
		text = og_sv(text.p + 3, text.n - 3);
	}
	for (unsigned long fail_at = 0; fail_at < 6; fail_at++) {
		if (data[0] == '!')
			stack(text, fail_at);
		else
			answer((enum og_gf_ask)((data[0] - 'A' + 256) % OG_GF_ASK_COUNT_), http,
				text, fail_at);
	}
	return 0;
}
