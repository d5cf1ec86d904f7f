/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reviews of up to 7 MiB made to cost time: each gets an answer with a named reason, in a time
 * that no quadratic way would keep. The bound here is loose (sanitizers, shared machines); the
 * times are printed.
 */
#include "otelgate/core/config_read.h"
#include "otelgate/core/review.h"
#include "support/suite.h"

#include <stdio.h>
#include <time.h>

enum { MIB = 1 << 20, FULL = 7 * MIB - 4096 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const double max_ms = 20000;
#else
static const double max_ms = 2000;
#endif

static const char stack[] = "apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata:\n"
			    "  name: alloy\nspec:\n  receiver:\n"
			    "    endpoint: http://$(OTEL_NODE_IP):4318\n";
static const char profile[] =
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata:\n  name: p\n"
	"spec:\n  default: true\n  sdk:\n    useLabels: true\n"
	"  languages:\n    java: {image: r.example.org/java:1}\n";

static struct og_buf body;
static const char *middle; /* what stands behind spec's lists */

static void begin(const char *annotations, const char *labels)
{
	og_buf_init(&body, 16 * MIB);
	og_buf_fmt(&body,
		"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
		"\"uid\":\"u\",\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
		"\"namespace\":\"prod\",\"operation\":\"CREATE\",\"object\":{\"apiVersion\":\"v1\","
		"\"kind\":\"Pod\",\"metadata\":{\"annotations\":{\"otelgate.dev/inject\":\"true\"%s",
		annotations);
	middle = labels;
}

static void begin_spec(void)
{
	og_buf_fmt(&body, "},\"labels\":{\"a\":\"b\"%s", middle);
}

static void containers(unsigned n, const char *members)
{
	og_buf_lit(&body, "}},\"spec\":{\"containers\":[");
	for (unsigned i = 0; i < n; i++)
		og_buf_fmt(&body, "%s{\"name\":\"c%u\"%s}", i ? "," : "", i, members);
	og_buf_lit(&body, "]");
}

static void end(const char *name, enum og_reason want)
{
	struct og_config_input in[] = {{"stack", og_svz(stack)}, {"profile", og_svz(profile)}};
	struct og_config *c = NULL;
	struct og_config_report report;
	struct og_arena config_arena, arena;
	struct og_review_result r;
	struct timespec a, b;
	og_buf_lit(&body, "}}}}");
	ck_assert(!body.failed);
	og_arena_init(&config_arena, 0, 0);
	og_arena_init(&arena, 0, 0);
	ck_assert_int_eq(og_config_read(&config_arena, in, 2, &c, &report), 0);
	struct og_review_input input = {.config = c, .body = og_buf_view(&body)};
	struct og_buf out = OG_BUF_INIT(0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	og_review_handle(&input, &arena, &out, &r);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	double ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	printf("%-34s %5.1f MiB %8.1f ms %5.1f MiB memory  %s%s\n", name, (double)body.len / MIB,
		ms, (double)arena.used_bytes / MIB, og_reason_name(r.reason),
		r.patched ? ", patched" : "");
	ck_assert_msg(r.reason == want, "%s: %s: %.*s", name, og_reason_name(r.reason),
		OG_SV_ARG(r.error));
	ck_assert_msg(r.http_status == 200 || r.http_status == 413, "HTTP %d", r.http_status);
	ck_assert_msg(ms < max_ms, "%s took %.0f ms", name, ms);
	og_buf_fini(&out);
	og_buf_fini(&body);
	og_arena_fini(&arena);
	og_arena_fini(&config_arena);
}

/* Repeats a pattern with a running number until the body is full or n are written. */
#define FILL(n, fmt)                                             \
	for (unsigned i_ = 0; i_ < (n) && body.len < FULL; i_++) \
	og_buf_fmt(&body, fmt, i_)

START_TEST(test_annotations_of_ours)
{
	begin("", "");
	FILL(1000000, ",\"otelgate.dev/injectx%u\":\"\"");
	begin_spec();
	containers(1, "");
	end("7 MiB of our annotations", OG_REASON_TOO_LARGE);
}
END_TEST

START_TEST(test_annotations_within_limit)
{
	begin("", "");
	FILL(7500, ",\"otelgate.dev/injec%u\":\"x\"");
	begin_spec();
	containers(1000, "");
	end("7,500 misspelled keys", OG_REASON_INJECTED);
}
END_TEST

START_TEST(test_one_long_annotation)
{
	begin(",\"otelgate.dev/containers\":\"", "");
	FILL(200000, "x%u,");
	og_buf_lit(&body, "\"");
	begin_spec();
	containers(1, "");
	end("a list of 1.3 MiB", OG_REASON_TOO_LARGE);
}
END_TEST

START_TEST(test_long_lists)
{
	begin(",\"otelgate.dev/exclude-containers\":\"", "");
	FILL(18000, "c-%u,");
	og_buf_lit(&body, "\",\"otelgate.dev/language\":\"");
	FILL(7000, "jav,q%u=java,");
	og_buf_lit(&body, "\"");
	begin_spec();
	containers(300, "");
	end("25,000 names, 300 containers", OG_REASON_INJECTED);
}
END_TEST

START_TEST(test_labels)
{
	begin("", "");
	begin_spec();
	FILL(12000, ",\"otelgate.dev/l%u\":\"\"");
	containers(300, "");
	end("12,000 labels, 300 containers", OG_REASON_INJECTED);
}
END_TEST

START_TEST(test_attributes)
{
	begin("", "");
	FILL(8000, ",\"resource.opentelemetry.io/%u\":\"\"");
	begin_spec();
	containers(900, "");
	end("8,000 attributes, 900 containers", OG_REASON_TOO_LARGE);
}
END_TEST

static void list_in_container(const char *member, unsigned n, const char *name, const char *more,
	enum og_reason want, int kind)
{
	begin("", "");
	begin_spec();
	og_buf_fmt(&body, "}},\"spec\":{\"containers\":[{\"name\":\"app\",\"%s\":[", member);
	if (kind == 0)
		FILL(n, "{\"name\":\"V%u\",\"value\":\"x\"},");
	else if (kind == 1)
		FILL(n, "{\"name\":\"JAVA_TOOL_OPTIONS\",\"value\":\"$(V%u)\"},");
	else if (kind == 2)
		FILL(n, "{\"secretRef\":{\"name\":\"s%u\"}},");
	else
		FILL(n, "{\"name\":\"otelgate-%u\",\"mountPath\":\"/otelgate/x\"},");
	og_buf_fmt(&body, "{\"name\":\"LAST\",\"mountPath\":\"/x\"}]}]%s", more);
	end(name, want);
}

START_TEST(test_many_variables)
{
	list_in_container("env", 90000, "90,000 variables", "", OG_REASON_INJECTED, 0);
	list_in_container("env", 90000, "90,000 times one variable", "", OG_REASON_INJECTED, 1);
}
END_TEST

START_TEST(test_many_env_from)
{
	list_in_container("envFrom", 90000, "90,000 envFrom", "", OG_REASON_INJECTED, 2);
}
END_TEST

START_TEST(test_many_mounts)
{
	list_in_container(
		"volumeMounts", 90000, "90,000 mounts of our names", "", OG_REASON_INJECTED, 3);
}
END_TEST

START_TEST(test_many_volumes)
{
	begin(",\"otelgate.dev/language\":\"java\"", "");
	begin_spec();
	containers(1000, ",\"env\":[]");
	og_buf_lit(&body, ",\"volumes\":[{\"name\":\"data\"}");
	FILL(80000, ",{\"name\":\"otelgate-%u\"}");
	og_buf_lit(&body, "]");
	end("80,000 volumes, 1,000 containers", OG_REASON_INJECTED);
}
END_TEST

START_TEST(test_many_containers)
{
	begin("", "");
	begin_spec();
	containers(1000, "");
	end("1,000 containers", OG_REASON_INJECTED);
	begin("", "");
	begin_spec();
	containers(1000, ",\"envFrom\":[{\"secretRef\":{\"name\":\"a\"}},{},{},{},{},{},{},{}]");
	end("1,000 containers with envFrom", OG_REASON_INJECTED);
	begin("", "");
	begin_spec();
	containers(1001, "");
	end("1,001 containers", OG_REASON_TOO_LARGE);
}
END_TEST

static void fill_value(const char *before, const char *after, const char *unit, const char *name,
	enum og_reason want)
{
	begin(",\"otelgate.dev/language\":\"java\"", "");
	begin_spec();
	og_buf_fmt(&body, "}},\"spec\":{\"containers\":[{%s", before);
	while (body.len < FULL)
		og_buf_str(&body, unit);
	og_buf_fmt(&body, "%s}]", after);
	end(name, want);
}

START_TEST(test_large_values)
{
	fill_value("\"name\":\"a\",\"env\":[{\"name\":\"JAVA_TOOL_OPTIONS\",\"value\":\"", "\"}]",
		"-Dx=\\u0001 ", "7 MiB of JAVA_TOOL_OPTIONS", OG_REASON_INJECTED);
	fill_value("\"name\":\"a\",\"env\":[{\"name\":\"OTEL_RESOURCE_ATTRIBUTES\",\"value\":\"",
		"a=b\"}]", "a=b,", "7 MiB of attributes", OG_REASON_INJECTED);
	fill_value("\"name\":\"", "\"", "abc", "7 MiB of a container's name", OG_REASON_BAD_OBJECT);
	fill_value(
		"\"name\":\"a\",\"image\":\"", "\"", "a/", "7 MiB of an image", OG_REASON_INJECTED);
	fill_value("\"name\":\"a\",\"env\":[{\"name\":\"", "\"}]", "abc",
		"7 MiB of a variable's name", OG_REASON_INJECTED);
	fill_value("\"name\":\"a\",\"env\":[{\"name\":\"X\",\"value\":\"", "\"}]", "$(OTEL_NODE_IP",
		"7 MiB of references", OG_REASON_INJECTED);
}
END_TEST

/* Records that somebody else wrote. */
static void record(const char *head, const char *unit, const char *tail, unsigned n,
	const char *name, enum og_reason want)
{
	begin(",\"otelgate.dev/injection\":\"{\\\"v\\\":1,", "");
	og_buf_str(&body, head);
	for (unsigned i = 0; i < n; i++)
		og_buf_fmt(&body, "%s\\\"V%u\\\"%s", i ? "," : "", i, unit);
	og_buf_fmt(&body, "%s}\"", tail);
	begin_spec();
	og_buf_lit(&body, "}},\"spec\":{\"containers\":[{\"name\":\"app\",\"env\":[");
	FILL(90000, "{\"name\":\"V%u\",\"value\":\"x\"},");
	og_buf_lit(&body, "{\"name\":\"LAST\"}]}]");
	end(name, want);
}

START_TEST(test_hostile_records)
{
	record("\\\"containers\\\":{\\\"app\\\":{\\\"set\\\":0}},\\\"sets\\\":[[", "", "]]", 20000,
		"a record that takes 20,000 away", OG_REASON_INJECTED);
	record("\\\"containers\\\":{\\\"app\\\":{\\\"set\\\":0}},\\\"sets\\\":[[", "", "]]", 1900,
		"a record that takes 1,900 away", OG_REASON_TOO_LARGE);
	record("\\\"containers\\\":{\\\"app\\\":{\\\"merged\\\":{", ":[0,0,1]", "}}}", 10000,
		"a record that merges 10,000", OG_REASON_INJECTED);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hostile");
	TCase *t = tcase_create("7 MiB");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_annotations_of_ours);
	tcase_add_test(t, test_annotations_within_limit);
	tcase_add_test(t, test_one_long_annotation);
	tcase_add_test(t, test_long_lists);
	tcase_add_test(t, test_labels);
	tcase_add_test(t, test_attributes);
	tcase_add_test(t, test_many_variables);
	tcase_add_test(t, test_many_env_from);
	tcase_add_test(t, test_many_mounts);
	tcase_add_test(t, test_many_volumes);
	tcase_add_test(t, test_many_containers);
	tcase_add_test(t, test_large_values);
	tcase_add_test(t, test_hostile_records);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
