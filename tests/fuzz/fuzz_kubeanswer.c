/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an API server, or whoever stands in between, may send: the first byte chooses Status bodies
 * (s), discovery (d, r) or heads of HTTP (h). Checked: what comes out is short, printable UTF-8,
 * names that can be parts of paths; nothing is lost or made up for want of memory.
 */
#include "../../src/kube/discovery-priv.h"
#include "../../src/net/httpc-priv.h"
#include "fuzz-support.h"

static void check_text(struct og_sv s, size_t max)
{
	FUZZ_CHECK(s.n <= max && og_utf8_valid(s.p, s.n));
	for (size_t i = 0; i < s.n; i++)
		FUZZ_CHECK((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f);
}

static void status(struct og_sv text, unsigned long fail_at)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_kube_status st;
	og_mem_fault_arm(fail_at, true);
	kc_status_read(text, text.n % 2, &arena, &st);
	og_mem_fault_disarm();
	check_text(st.message, KC_MESSAGE_BYTES);
	check_text(st.reason, 128);
	check_text(st.cause, 128);
	FUZZ_CHECK(st.code == 0 || (st.code >= 100 && st.code <= 599));
	FUZZ_CHECK(st.retry_after_s >= -1 && st.retry_after_s <= KC_RETRY_AFTER_MAX_S);
	int after = kc_retry_after(text);
	FUZZ_CHECK(after >= -1 && after <= KC_RETRY_AFTER_MAX_S);
}

static void check_name(struct og_sv s)
{
	FUZZ_CHECK(s.n > 0 && s.n <= 253 && !memchr(s.p, '/', s.n) && !memchr(s.p, '%', s.n));
	FUZZ_CHECK(!og_sv_is(s, ".") && !og_sv_is(s, ".."));
}

static void discovery(struct og_sv text, bool resources, unsigned long fail_at)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_jdoc doc;
	struct disc_table t;
	struct og_err err = OG_ERR_INIT;
	enum disc_form form;
	if (og_jdoc_parse(&doc, &arena, text, NULL, NULL) != 0)
		return;
	disc_table_init(&t);
	og_mem_fault_arm(fail_at, true);
	int rc = -OG_E_OOM;
	const struct disc_version *v = NULL;
	if (resources)
		v = disc_add_version(&t, OG_SV("g"), OG_SV("v1"), false);
	if (v)
		rc = disc_read_resources(&t, &doc, v, &err);
	else if (!resources)
		rc = disc_read_groups(&t, &doc, &form, &err);
	og_mem_fault_disarm();
	FUZZ_CHECK(rc == 0 || !resources || v == NULL || err.msg[0]);
	FUZZ_CHECK(rc != -OG_E_OOM || fail_at);
	for (size_t i = 0; i < t.napis; i++) {
		const struct og_kube_api *a = &t.apis[i];
		bool unsure;
		check_name(a->resource);
		check_name(a->kind);
		check_name(a->version);
		if (i < 50)
			FUZZ_CHECK(disc_find(&t, a->group, a->version, a->kind, &unsure));
	}
	disc_table_fini(&t);
}

static void head(struct og_sv text, unsigned long fail_at)
{
	struct og_httpc_head h;
	struct og_sv rest = text, line;
	bool done = false;
	httpc_head_init(&h);
	og_mem_fault_arm(fail_at, true);
	while (og_sv_split(&rest, '\n', &line)) {
		/* as libcurl hands them over, with their end */
		int rc = httpc_head_line(
			&h, og_sv(line.p, line.n + (line.p + line.n < text.p + text.n)));
		FUZZ_CHECK(rc != -OG_E_OOM || fail_at);
		FUZZ_CHECK(!done || rc == 0);
		if (rc < 0)
			break;
		done = done || rc == 1;
	}
	og_mem_fault_disarm();
	FUZZ_CHECK(done == h.complete);
	FUZZ_CHECK(h.status >= 0 && h.status <= 999 && (!done || h.status >= 200));
	struct og_sv v = og_httpc_header(&h, "Retry-After");
	FUZZ_CHECK(v.n <= text.n);
	FUZZ_CHECK(v.n == 0 || (v.p[0] != ' ' && v.p[v.n - 1] != '\r'));
	httpc_head_fini(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct og_sv text = og_sv((const char *)data + 1, size - 1);
	for (unsigned long fail_at = 0; fail_at < 4; fail_at++) {
		if (data[0] == 's')
			status(text, fail_at);
		else if (data[0] == 'd' || data[0] == 'r')
			discovery(text, data[0] == 'r', fail_at);
		else if (data[0] == 'h')
			head(text, fail_at);
	}
	return 0;
}
