/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The injection engine under fuzzing: one fixed configuration, and what must hold of any result. */
#include "fuzz-support.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/plan.h"
#include "otelgate/core/uninject.h"

static const struct og_jlimits fuzz_wide = {
	.max_depth = 1024, .max_tokens = 4000000, .max_bytes = 64 << 20};

/* Read once; never released. */
static inline const struct og_config *fuzz_config(void)
{
	static const char text[] =
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"
		"spec:\n  clusterName: prod\n  receiver: {endpoint: 'https://$(OTEL_NODE_IP):4318',\n"
		"    compression: gzip, tls: {secretName: t, caFile: ca.crt}}\n"
		"  credentials: {secretRef: {name: c, namespace: m}}\n"
		"---\napiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\n"
		"metadata: {name: p}\nspec:\n  default: true\n  compat: opentelemetry-operator\n"
		"  sdk: {useLabels: true, addUids: true, propagators: [b3],\n"
		"    resourceAttributes: {team: 'a,b'}, env: [{name: NODE_OPTIONS, value: -x}]}\n"
		"  languages: {java: {image: 'r/j:1'}, python: {image: 'r/p:1', libc: glibc}, nodejs: {image: 'r/n:1'},\n"
		"    dotnet: {image: 'r/d:1'}}\n";
	static struct og_arena arena;
	static struct og_config *config;
	if (!config) {
		struct og_config_input in = {"fixed", og_svz(text)};
		struct og_config_report report;
		og_arena_init(&arena, 0, 0);
		int rc = og_config_read(&arena, &in, 1, &config, &report);
		if (rc)
			fprintf(stderr, "configuration: %d, %u errors\n", rc, report.nerrors);
		for (uint32_t i = 0; rc && i < report.n; i++)
			fprintf(stderr, "%s: %s\n", report.v[i].path, report.v[i].message);
		FUZZ_CHECK(rc == 0);
	}
	return config;
}

static inline struct og_jval fuzz_apply(
	struct og_jval object, struct og_sv patch, struct og_arena *arena)
{
	struct og_jdoc ops, *d = og_arena_new(arena, struct og_jdoc);
	struct og_err err = OG_ERR_INIT;
	struct og_buf out = OG_BUF_INIT(64 << 20);
	FUZZ_CHECK(d && og_jdoc_parse(&ops, arena, patch, &fuzz_wide, &err) == 0);
	int rc = og_jpatch_apply(object, og_jroot(&ops), arena, &out, &err);
	FUZZ_CHECK(rc == 0);
	struct og_sv text = og_arena_sv(arena, og_buf_view(&out));
	og_buf_fini(&out);
	FUZZ_CHECK(og_jdoc_parse(d, arena, text, &fuzz_wide, &err) == 0);
	return og_jroot(d);
}

static inline int fuzz_plan(const struct og_config *config, struct og_jval object,
	struct og_arena *arena, struct og_plan **ret)
{
	struct og_plan_input in = {.config = config, .object = object};
	struct og_err err = OG_ERR_INIT;
	int rc = og_facts_of_workload(NULL, object, OG_SV("prod"), arena, &in.facts, &err);
	if (!rc)
		rc = og_plan_make(&in, arena, ret, &err);
	if (!rc)
		rc = og_plan_patch(*ret, arena, &err);
	FUZZ_CHECK(rc == -(int)err.code && og_utf8_valid(err.msg, strlen(err.msg)));
	FUZZ_CHECK(rc == 0 || err.msg[0]);
	return rc;
}

/* Nothing under our prefix that otelgate writes itself: then undoing gives the object back. */
static inline bool fuzz_is_fresh(struct og_jval object)
{
	struct og_jval tmpl = og_workload_template(og_workload_kind_of(object), object);
	struct og_jval meta = og_jgetl(tmpl, "metadata");
	return !og_jgetl(og_jgetl(meta, "annotations"), OG_ANNOTATION_INJECTION).d &&
	       !og_jgetl(og_jgetl(meta, "labels"), OG_LABEL_REVISION).d;
}

static inline void fuzz_engine(const struct og_config *config, struct og_jval object)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 128 << 20);
	struct og_plan *plan = NULL, *again = NULL;
	if (fuzz_plan(config, object, &arena, &plan) || !plan->patch.n)
		return;
	struct og_jval after = fuzz_apply(object, plan->patch, &arena);
	if (!fuzz_is_fresh(object))
		return;
	FUZZ_CHECK(fuzz_plan(config, after, &arena, &again) == 0);
	FUZZ_CHECK(!again->patch.n && again->reason == OG_REASON_UP_TO_DATE);
	struct og_buf undo = OG_BUF_INIT(0);
	struct og_findings findings = {0};
	struct og_err err = OG_ERR_INIT;
	FUZZ_CHECK(og_uninject_patch(after, &arena, &undo, &findings, &err) == 0);
	FUZZ_CHECK(og_jequal(fuzz_apply(after, og_buf_view(&undo), &arena), object));
	og_buf_fini(&undo);
}
