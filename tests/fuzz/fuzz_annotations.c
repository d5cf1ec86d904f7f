/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of annotations and of the variables that are added to: one line each, in the order of
 * the table below.
 */
#include "fuzz-engine.h"
#include "otelgate/codec/jwrite.h"

static const char *const keys[] = {"otelgate.dev/inject", "otelgate.dev/signals",
	"otelgate.dev/containers", "otelgate.dev/exclude-containers", "otelgate.dev/language",
	"otelgate.dev/required", "resource.opentelemetry.io/service.name",
	"resource.opentelemetry.io/team", "instrumentation.opentelemetry.io/inject-java",
	"otelgate.dev/injection"};
static const char *const variables[] = {
	"OTEL_RESOURCE_ATTRIBUTES", "JAVA_TOOL_OPTIONS", "PYTHONPATH", "OTEL_SERVICE_NAME"};

static struct og_sv line(struct og_sv *rest)
{
	struct og_sv s;
	return og_sv_split(rest, '\n', &s) ? s : og_sv(NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct og_sv rest = og_sv((const char *)data, size), value;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\","
		       "\"annotations\":{\"a\":\"b\"");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = line(&rest);
		if (!value.n)
			continue;
		og_buf_fmt(&b, ",\"%s\":", keys[i]);
		og_jw_str(&b, value);
	}
	og_buf_lit(&b, "}},\"spec\":{\"initContainers\":[{\"name\":\"init\"}],\"containers\":["
		       "{\"name\":\"app\",\"image\":\"a:1\",\"env\":[{\"name\":\"A\"}");
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		value = line(&rest);
		if (!value.p)
			continue;
		og_buf_fmt(&b, ",{\"name\":\"%s\",\"value\":", variables[i]);
		og_jw_str(&b, value);
		og_buf_ch(&b, '}');
	}
	og_buf_lit(&b, "]},{\"name\":\"web\"}]}}");
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 64 << 20);
	struct og_jdoc d;
	if (!b.failed && og_jdoc_parse(&d, &arena, og_buf_view(&b), NULL, NULL) == 0)
		fuzz_engine(fuzz_config(), og_jroot(&d));
	return 0;
}
