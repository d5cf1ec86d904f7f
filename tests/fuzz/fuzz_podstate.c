/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods and workloads of a hostile API server, and records that were damaged. The first byte says
 * what the rest is: 0 packed bytes of a pod, 1 of a workload, anything else a JSON object. Checked:
 * what unpacks packs to the same bytes; what is read packs and unpacks; a verdict on it has a
 * reason of the table and texts in UTF-8 without control characters.
 */
#include "fuzz-support.h"
#include "otelgate/core/rollout.h"

static void clean(struct og_sv s)
{
	FUZZ_CHECK(og_utf8_valid(s.p, s.n));
	for (size_t i = 0; i < s.n; i++)
		FUZZ_CHECK((unsigned char)s.p[i] >= ' ');
}

static void verdict(const struct og_rollout_verdict *v)
{
	FUZZ_CHECK(v->reason && og_rollout_reason(og_svz(v->reason)));
	FUZZ_CHECK(!v->finding || og_finding_def(og_svz(v->finding)));
	FUZZ_CHECK(v->message.n > 0);
	clean(v->message);
	clean(v->fix);
}

static void judge(
	const struct og_pod_state *s, const struct og_rollout_facts *f, struct og_arena *a)
{
	struct og_rollout_pod pods[2] = {
		{.name = OG_SV("web-1"), .revision = OG_SV("r"), .state = s},
		{.name = OG_SV("web-2"), .state = s, .deleting = true},
	};
	struct og_rollout_child child = {OG_SV("web-5d4f"), OG_SV("5d4f"), 1, f};
	struct og_rollout_input in = {.ns = OG_SV("shop"),
		.group = OG_SV("apps"),
		.kind = OG_SV("Deployment"),
		.name = OG_SV("web"),
		.facts = f,
		.injects = true,
		.revision = OG_SV("r"),
		.secret_name = OG_SV("otelgate-otlp"),
		.secret_created_s = 1795000000,
		.pods = pods,
		.npods = s ? 2 : 0,
		.children = &child,
		.nchildren = 1,
		.was_healthy = true,
		.now_s = 1795000100};
	struct og_rollout_result r;
	struct og_rollout_timer t = {0};
	if (f) {
		og_rollout_timer_turn(&t, f, in.now_s);
		in.timer = &t;
	}
	FUZZ_CHECK(og_rollout_judge(&in, a, &r, NULL) == 0);
	verdict(&r.rollout);
	verdict(&r.revision);
	uint32_t n = 0;
	for (unsigned i = 0; i < OG_POD_CLASS_COUNT_; i++)
		n += r.classes[i];
	FUZZ_CHECK(n == in.npods);
}

static void packed_pod(struct og_sv bytes, struct og_arena *a)
{
	struct og_pod_state s;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	if (og_pod_state_unpack(bytes, a, &s, NULL))
		return;
	og_pod_state_pack(&s, &b);
	FUZZ_CHECK(!b.failed && og_sv_eq(og_buf_view(&b), bytes));
	judge(&s, NULL, a);
}

static void packed_facts(struct og_sv bytes, struct og_arena *a)
{
	struct og_rollout_facts f;
	struct og_sv rest = bytes;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	if (og_rollout_facts_unpack(&rest, &f, NULL))
		return;
	og_rollout_facts_pack(&f, &b);
	FUZZ_CHECK(!b.failed && og_sv_eq(og_buf_view(&b), og_sv(bytes.p, bytes.n - rest.n)));
	judge(NULL, &f, a);
}

static void object(struct og_sv json, struct og_arena *a)
{
	struct og_jdoc d;
	struct og_pod_state s;
	struct og_rollout_facts f;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	if (og_jdoc_parse(&d, a, json, NULL, NULL))
		return;
	FUZZ_CHECK(og_pod_state_read(og_jroot(&d), a, &s, NULL) == 0);
	FUZZ_CHECK(og_rollout_facts_read(og_jroot(&d), a, &f, NULL) == 0);
	og_pod_state_pack(&s, &b);
	FUZZ_CHECK(!b.failed);
	packed_pod(og_buf_view(&b), a);
	og_buf_reset(&b);
	og_rollout_facts_pack(&f, &b);
	FUZZ_CHECK(!b.failed);
	packed_facts(og_buf_view(&b), a);
	judge(&s, &f, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct og_sv, struct og_arena *) = {packed_pod, packed_facts};
	if (size < 1)
		return 0;
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_sv rest = og_sv((const char *)data + 1, size - 1);
	(data[0] < OG_COUNT(kinds) ? kinds[data[0]] : object)(rest, &a);
	return 0;
}
