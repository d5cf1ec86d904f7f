/* SPDX-License-Identifier: Apache-2.0 */
/* One cycle of arrival: 5,000 workloads with 3 pods and 4 signals, joined and judged. */
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/core/arrival.h"
#include "bench.h"

enum { WORKLOADS = 5000, PODS = 3, ROWS = WORKLOADS * PODS * OG_SIGNAL_COUNT_, NOW = 1800000000 };

static struct og_arrival_workload w[WORKLOADS];
static struct og_arrival_pod pods[WORKLOADS * PODS];
static struct og_arrival_identity ids[WORKLOADS];
static struct og_arrival_row rows[ROWS], traffic[WORKLOADS];
static struct og_arrival_memory memory[WORKLOADS];
static char text[WORKLOADS][8][48];
static struct og_arrival_evidence ev;
static struct og_arena work, one, texts;
static unsigned flowing, judged;
static size_t peak;

#define SAY(i, k, ...) \
	og_sv(text[i][k], (size_t)snprintf(text[i][k], sizeof(text[i][k]), __VA_ARGS__))

static void make_workload(unsigned i)
{
	struct og_sv ns = SAY(i, 0, "team-%u", i % 100);
	struct og_sv name = SAY(i, 1, "service-%u", i);
	ids[i] = (struct og_arrival_identity){ns, name, OG_SV("app")};
	w[i] = (struct og_arrival_workload){.ns = ns,
		.kind = OG_SV("Deployment"),
		.name = name,
		.opted_in = true,
		.identities = &ids[i],
		.nidentities = 1,
		.revision = SAY(i, 2, "%012x", i),
		.pods = &pods[i * PODS],
		.npods = PODS,
		.opted_in_s = NOW - 8000,
		.rolled_out_s = NOW - 7000};
	for (unsigned p = 0; p < PODS; p++)
		pods[i * PODS + p] =
			(struct og_arrival_pod){SAY(i, 3 + p, "service-%u-5d4f8c7b9-abcd%u", i, p),
				w[i].revision, NOW - 7200, OG_CLASS_CURRENT, true};
	traffic[i] = (struct og_arrival_row){
		.job = SAY(i, 6, "team-%u/service-%u", i % 100, i), .value = i % 3};
}

static void make(void)
{
	for (unsigned i = 0; i < WORKLOADS; i++) {
		make_workload(i);
		for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
			for (unsigned p = 0; p < PODS; p++)
				rows[ev.nrows++] =
					(struct og_arrival_row){.signal = (enum og_signal)s,
						.service_namespace = w[i].ns,
						.service_name = w[i].name,
						.k8s_namespace = w[i].ns,
						.pod = w[i].pods[p].name,
						.revision = w[i].revision,
						.last_s = i % 10 == s ? NOW - 600 : NOW - 30};
	}
	/* as they come: in no order of ours */
	for (unsigned i = ROWS - 1, r = 1; i > 0; i--) {
		r = r * 1664525u + 1013904223u;
		struct og_arrival_row t = rows[i];
		rows[i] = rows[r % i];
		rows[r % i] = t;
	}
	/* their texts lie as they were read: one row after the other */
	og_arena_init(&texts, 1 << 20, 0);
	for (unsigned i = 0; i < ROWS; i++)
		if (!og_arrival_row_keep(&rows[i], &texts))
			abort();
	ev.rows = rows;
	ev.traffic = traffic;
	ev.ntraffic = WORKLOADS;
	ev.traffic_source = (struct og_arrival_source){.answered = true, .asked_s = NOW};
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
		ev.source[s] = (struct og_arrival_source){.asked = true,
			.answered = true,
			.grouped_by_pod = true,
			.grouped_by_revision = true,
			.tells_age = true,
			.asked_s = NOW,
			.window_s = 900};
}

static struct og_arrival_index *join(void)
{
	struct og_arrival_index *ix;
	og_arena_reset(&work);
	if (og_arrival_index_new(w, WORKLOADS, &ev, 42, &work, &ix, NULL))
		abort();
	return ix;
}

static void join_only(void *ctx)
{
	(void)ctx;
	(void)join();
}

static void cycle(void *ctx)
{
	(void)ctx;
	const struct og_arrival_params p = {
		.now_s = NOW, .freshness_s = 300, .grace_s = 300, .window_s = 900};
	struct og_arrival_index *ix = join();
	struct og_arrival_result r;
	flowing = judged = 0;
	for (unsigned i = 0; i < WORKLOADS; i++) {
		struct og_findings f = {0};
		og_arena_reset(&one);
		if (og_arrival_judge(ix, i, &memory[i], &p, &one, &r, &f, NULL))
			abort();
		for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
			flowing += r.signal[s].state == OG_AR_FLOWING;
		judged += OG_SIGNAL_COUNT_;
	}
	peak = work.used_bytes;
}

int main(void)
{
	og_arena_init(&work, 1 << 20, 0);
	og_arena_init(&one, 0, 0);
	make();
	double join_ms = bench_time(join_only, NULL, 11) / 1e6;
	double all_ms = bench_time(cycle, NULL, 11) / 1e6;
	printf("%u verdicts, %u flow\n", judged, flowing);
	const struct bench_row out[] = {
		{"arrival: join, 5,000 workloads, 60,000 rows", "ms", join_ms, .budget = 50},
		{"arrival: join and judge, 20,000 verdicts", "ms", all_ms, .budget = 50},
		{"arrival: memory of the join", "MiB", (double)peak / 1048576.0, .budget = 32},
	};
	bench_print(out, 3);
	og_arena_fini(&work);
	og_arena_fini(&one);
	og_arena_fini(&texts);
	return flowing > judged / 2 ? 0 : 1;
}
