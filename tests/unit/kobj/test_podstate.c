/* SPDX-License-Identifier: Apache-2.0 */
/* States of pods: what is read, what is kept, and that packing loses and adds nothing. */
#include <check.h>

#include "otelgate/base/mem.h"
#include "otelgate/kobj/podstate.h"
#include "support/suite.h"

static struct og_arena a;

static void setup(void)
{
	og_arena_init(&a, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&a);
}

static struct og_jval parse(const char *json)
{
	struct og_jdoc *d = og_arena_new(&a, struct og_jdoc);
	struct og_err err = OG_ERR_INIT;
	ck_assert_ptr_nonnull(d);
	ck_assert_msg(og_jdoc_parse(d, &a, og_svz(json), NULL, &err) == 0, "%s: %s", json, err.msg);
	return og_jroot(d);
}

/* "Running bound ready 1/1 | app running not-ready restarts=2" */
static void render_container(struct og_buf *b, const struct og_container_state *c, int64_t base)
{
	static const char *const runs[] = {"unknown", "waiting", "running", "terminated"};
	og_buf_fmt(b, " | %.*s %s", OG_SV_ARG(c->name), runs[c->run]);
	og_buf_str(b, c->sidecar ? " sidecar" : c->init ? " init" : "");
	og_buf_str(b, c->touched ? " touched" : "");
	og_buf_str(b, c->own ? " own" : "");
	og_buf_str(b, c->ready ? " ready" : "");
	og_buf_str(b, c->other_libc ? " libc" : "");
	if (c->reason.n)
		og_buf_fmt(b, " %.*s", OG_SV_ARG(c->reason));
	if (c->message.n)
		og_buf_fmt(b, " \"%.*s\"", OG_SV_ARG(c->message));
	if (c->exited)
		og_buf_fmt(b, " exit=%d,%.*s", c->exit_code, OG_SV_ARG(c->exit_reason));
	if (c->restarts)
		og_buf_fmt(b, " restarts=%u", c->restarts);
	if (c->since_s)
		og_buf_fmt(b, " since=%lld", (long long)(c->since_s - base));
}

static const char *render(const struct og_pod_state *s)
{
	static char text[8192];
	struct og_buf b = OG_BUF_INIT(sizeof(text) - 1);
	int64_t base = s->created_s;
	og_buf_str(&b, og_pod_phase_name(s->phase));
	og_buf_str(&b, s->bound ? " bound" : "");
	og_buf_str(&b, s->ready ? " ready" : "");
	og_buf_str(&b, s->gates ? " gates" : "");
	og_buf_str(&b, s->uses_secret ? " secret" : "");
	og_buf_str(&b, s->injected ? " injected" : "");
	og_buf_fmt(&b, " %u/%u", s->nready, s->containers);
	if (s->ready_s)
		og_buf_fmt(&b, " at=%lld", (long long)(s->ready_s - base));
	if (s->started_s)
		og_buf_fmt(&b, " started=%lld", (long long)(s->started_s - base));
	if (s->reason.n)
		og_buf_fmt(&b, " %.*s", OG_SV_ARG(s->reason));
	if (s->message.n)
		og_buf_fmt(&b, " \"%.*s\"", OG_SV_ARG(s->message));
	for (uint32_t i = 0; i < s->ncontainers; i++)
		render_container(&b, &s->c[i], base);
	ck_assert(!b.failed);
	memcpy(text, b.p, b.len + 1);
	og_buf_fini(&b);
	return text;
}

static struct og_pod_state unpack(struct og_sv bytes)
{
	struct og_pod_state s;
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_pod_state_unpack(bytes, &a, &s, &err) == 0, "%s", err.msg);
	return s;
}

#define META(more) \
	"\"metadata\":{\"name\":\"web-1\",\"creationTimestamp\":\"2026-11-22T20:00:00Z\"" more "}"
#define NODE "\"nodeName\":\"n1\","
#define READY_COND(v, t)                                                                        \
	"{\"type\":\"Ready\",\"status\":\"" v "\",\"lastTransitionTime\":\"2026-11-22T20:00:" t \
	"Z\"}"
#define C(name) "{\"name\":\"" name "\",\"image\":\"i:1\"}"
#define STATUS(name, ready, restarts, state, last)                              \
	"{\"name\":\"" name "\",\"ready\":" ready ",\"restartCount\":" restarts \
	",\"state\":" state ",\"lastState\":" last "}"
#define RUNNING "{\"running\":{\"startedAt\":\"2026-11-22T20:00:05Z\"}}"
#define WAITING(reason, message) \
	"{\"waiting\":{\"reason\":\"" reason "\",\"message\":\"" message "\"}}"
#define ENDED(code, reason)                                                               \
	"{\"terminated\":{\"exitCode\":" code ",\"reason\":\"" reason "\",\"startedAt\":" \
	"\"2026-11-22T20:00:05Z\",\"finishedAt\":\"2026-11-22T20:00:09Z\"}}"
#define POD(spec, status) "{" META("") ",\"spec\":{" spec "},\"status\":{" status "}}"
#define ONE(state)                                \
	POD(NODE "\"containers\":[" C("app") "]", \
		"\"phase\":\"Running\",\"containerStatuses\":[" state "]")
#define INIT(state)                                                                   \
	POD(NODE "\"initContainers\":[" C("setup") "],\"containers\":[" C("app") "]", \
		"\"phase\":\"Pending\",\"initContainerStatuses\":[" state "]")

static const struct {
	const char *pod, *text;
} rows[] = {
	/* whole pods */
	{"{}", "Unknown 0/0"},
	{"{\"metadata\":{},\"spec\":{},\"status\":{}}", "Unknown 0/0"},
	{POD("\"containers\":[" C("app") "]", "\"phase\":\"Pending\""), "Pending 0/1"},
	{POD(NODE "\"containers\":[" C("app") "]", "\"phase\":\"Pending\""), "Pending bound 0/1"},
	{POD(NODE "\"containers\":[" C("a") "," C("b") "]",
		 "\"phase\":\"Running\",\"conditions\":[" READY_COND("True",
			 "07") "],"
			       "\"containerStatuses\":[" STATUS("b", "true", "0", RUNNING,
				       "{}") "," STATUS("a", "true", "0", RUNNING, "{}") "]"),
		"Running bound ready 2/2 at=7"},
	{POD(NODE "\"containers\":[" C("a") "]",
		 "\"phase\":\"Succeeded\",\"containerStatuses\":[" STATUS(
			 "a", "false", "0", ENDED("0", "Completed"), "{}") "]"),
		"Succeeded bound 0/1"},
	{POD(NODE "\"containers\":[" C("a") "]",
		 "\"phase\":\"Failed\",\"reason\":\"Evicted\","
		 "\"message\":\"The node was low on resource: memory.\""),
		"Failed bound 0/1 Evicted \"The node was low on resource: memory.\""},
	{POD(NODE "\"containers\":[" C("a") "]",
		 "\"phase\":\"Failed\",\"containerStatuses\":[" STATUS(
			 "a", "false", "0", ENDED("3", "Error"), "{}") "]"),
		"Failed bound 0/1 | a terminated exit=3,Error since=9"},
	{POD("\"containers\":[" C("a") "]",
		 "\"phase\":\"Pending\",\"conditions\":[{\"type\":"
		 "\"PodScheduled\",\"status\":\"False\",\"reason\":\"Unschedulable\",\"message\":"
		 "\"0/3 nodes are available\"}]"),
		"Pending 0/1 Unschedulable \"0/3 nodes are available\""},
	{POD("\"containers\":[" C("a") "]",
		 "\"phase\":\"Pending\",\"conditions\":[{\"type\":"
		 "\"PodScheduled\",\"status\":\"True\",\"reason\":\"Unschedulable\",\"message\":\"x\"}]"),
		"Pending 0/1"},
	{POD(NODE "\"containers\":[" C("a") "]",
		 "\"phase\":\"Running\",\"conditions\":[{\"type\":"
		 "\"DisruptionTarget\",\"status\":\"True\",\"reason\":\"DeletionByTaintManager\","
		 "\"message\":\"Taint manager\"}]"),
		"Running bound 0/1 DeletionByTaintManager \"Taint manager\""},
	{POD(NODE "\"containers\":[" C("a") "]",
		 "\"phase\":\"Running\",\"conditions\":[{\"type\":"
		 "\"DisruptionTarget\",\"status\":\"False\",\"reason\":\"X\"}]"),
		"Running bound 0/1"},
	{POD(NODE "\"readinessGates\":[{\"conditionType\":\"lb\"}],\"containers\":[" C("a") "]",
		 "\"phase\":\"Running\",\"conditions\":[" READY_COND("False",
			 "07") ",{\"type\":\"ContainersReady\",\"status\":\"True\"}],\"containerStatuses\":[" STATUS("a",
			 "true", "0", RUNNING, "{}") "]"),
		"Running bound gates 1/1 at=7"},
	{POD(NODE "\"containers\":[" C("a") "]",
		 "\"phase\":\"Running\",\"conditions\":[" READY_COND("False",
			 "07") ",{\"type\":\"ContainersReady\",\"status\":\"True\"}],\"containerStatuses\":[" STATUS("a",
			 "true", "0", RUNNING, "{}") "]"),
		"Running bound 1/1 at=7"},
	/* containers */
	{ONE(STATUS("app", "true", "0", RUNNING, "{}")), "Running bound 1/1"},
	{ONE(STATUS("app", "false", "0", RUNNING, "{}")),
		"Running bound 0/1 | app running since=5"},
	{ONE(STATUS("app", "true", "3", RUNNING, ENDED("137", "OOMKilled"))),
		"Running bound 1/1 | app running ready exit=137,OOMKilled restarts=3 since=5"},
	{ONE(STATUS("app", "true", "1", RUNNING, "{}")),
		"Running bound 1/1 | app running ready restarts=1 since=5"},
	{ONE(STATUS("app", "false", "5", WAITING("CrashLoopBackOff", "back-off 5m0s"),
		 ENDED("1", "Error"))),
		"Running bound 0/1 | app waiting CrashLoopBackOff exit=1,Error restarts=5 since=9"},
	{ONE(STATUS("app", "false", "0", WAITING("ImagePullBackOff", "Back-off pulling image i:1"),
		 "{}")),
		"Running bound 0/1 | app waiting ImagePullBackOff \"Back-off pulling image i:1\""},
	{ONE(STATUS("app", "false", "0",
		 WAITING("CreateContainerConfigError", "secret \\\"s\\\" not found"), "{}")),
		"Running bound 0/1 | app waiting CreateContainerConfigError \"secret \"s\" not found\""},
	{ONE(STATUS("app", "false", "0", WAITING("ContainerCreating", ""), "{}")),
		"Running bound 0/1"},
	{ONE(STATUS("app", "false", "0", WAITING("PodInitializing", ""), "{}")),
		"Running bound 0/1"},
	{ONE(STATUS("app", "false", "2", WAITING("ContainerCreating", ""), "{}")),
		"Running bound 0/1 | app waiting ContainerCreating restarts=2"},
	{ONE(STATUS("app", "false", "0", WAITING("SomethingNew", "what"), "{}")),
		"Running bound 0/1 | app waiting SomethingNew \"what\""},
	{ONE(STATUS("app", "false", "0", ENDED("0", "Completed"), "{}")), "Running bound 0/1"},
	{ONE(STATUS("app", "false", "0", "{}", "{}")), "Running bound 0/1"},
	{ONE("{\"name\":\"app\",\"state\":{\"terminated\":{\"signal\":9}}}"),
		"Running bound 0/1 | app terminated exit=137,"},
	{ONE("{\"name\":\"app\",\"state\":{\"terminated\":{\"signal\":9,\"exitCode\":2}}}"),
		"Running bound 0/1 | app terminated exit=2,"},
	{ONE("{\"name\":\"app\",\"state\":{\"terminated\":{\"exitCode\":99999999999}}}"),
		"Running bound 0/1 | app terminated exit=-1,"},
	{ONE("{\"name\":\"app\",\"state\":{\"terminated\":{\"exitCode\":127,\"message\":"
	     "\"Error relocating /x: symbol not found password=hunter2\"}}}"),
		"Running bound 0/1 | app terminated libc exit=127,"},
	{ONE("{\"name\":\"app\",\"state\":{\"terminated\":{\"exitCode\":1,\"message\":"
	     "\"password=hunter2\"}}}"),
		"Running bound 0/1 | app terminated exit=1,"},
	/* init containers */
	{INIT(STATUS("setup", "true", "0", ENDED("0", "Completed"), "{}")), "Pending bound 0/1"},
	{INIT(STATUS("setup", "false", "0", RUNNING, "{}")),
		"Pending bound 0/1 | setup running init since=5"},
	{INIT(STATUS("setup", "false", "4", WAITING("CrashLoopBackOff", "x"), ENDED("2", "Error"))),
		"Pending bound 0/1 | setup waiting init CrashLoopBackOff exit=2,Error restarts=4 since=9"},
	{POD(NODE "\"initContainers\":[" C("otelgate-java") "]",
		 "\"initContainerStatuses\":[" STATUS(
			 "otelgate-java", "false", "0", WAITING("ErrImagePull", "x"), "{}") "]"),
		"Unknown bound 0/0 | otelgate-java waiting init own ErrImagePull \"x\""},
	{POD(NODE "\"containers\":[" C("otelgate-java") "]",
		 "\"containerStatuses\":[" STATUS(
			 "otelgate-java", "false", "0", WAITING("ErrImagePull", "x"), "{}") "]"),
		"Unknown bound 0/1 | otelgate-java waiting ErrImagePull \"x\""},
	{POD(NODE "\"initContainers\":[{\"name\":\"proxy\",\"restartPolicy\":\"Always\"}]",
		 "\"initContainerStatuses\":[" STATUS("proxy", "true", "0", RUNNING, "{}") "]"),
		"Unknown bound 0/0"},
	{POD(NODE "\"initContainers\":[{\"name\":\"proxy\",\"restartPolicy\":\"Always\"}]",
		 "\"initContainerStatuses\":[" STATUS(
			 "proxy", "false", "0", ENDED("0", "Completed"), "{}") "]"),
		"Unknown bound 0/0 | proxy terminated sidecar exit=0,Completed since=9"},
	/* wrong shapes are as if they were not there */
	{"{\"metadata\":7,\"spec\":\"x\",\"status\":[]}", "Unknown 0/0"},
	{"{\"spec\":{\"containers\":{},\"initContainers\":7,\"nodeName\":\"\"}}", "Unknown 0/0"},
	{"{\"spec\":{\"containers\":[null,7,{}]}}", "Unknown 0/3"},
	{"{\"spec\":{\"nodeName\":7},\"status\":{\"phase\":7,\"conditions\":{}}}", "Unknown 0/0"},
	{"{\"status\":{\"phase\":\"running\",\"reason\":[],\"message\":\"m\"}}", "Unknown 0/0"},
	{"{\"metadata\":{\"creationTimestamp\":\"yesterday\"},\"status\":{\"phase\":\"Running\"}}",
		"Running 0/0"},
	{ONE("{\"name\":\"other\",\"ready\":true}"), "Running bound 0/1"},
	{ONE("{\"name\":\"app\",\"ready\":\"true\",\"restartCount\":-3,\"state\":[]}"),
		"Running bound 0/1"},
	{ONE("{\"name\":\"app\",\"restartCount\":1e3,\"state\":{\"waiting\":{}}}"),
		"Running bound 0/1"},
	{ONE("{\"name\":\"app\",\"restartCount\":99999999999,\"state\":{\"running\":{}}}"),
		"Running bound 0/1 | app running restarts=4294967295"},
	{ONE("{\"name\":\"app\",\"state\":{\"waiting\":{\"reason\":7,\"message\":[]}}}"),
		"Running bound 0/1"},
	{ONE("null"), "Running bound 0/1"},
};

START_TEST(what_is_read)
{
	struct og_pod_state s;
	struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_pod_state_read(parse(rows[_i].pod), &a, &s, NULL), 0);
	ck_assert_str_eq(render(&s), rows[_i].text);
	og_pod_state_pack(&s, &b);
	ck_assert(!b.failed);
	struct og_pod_state again = unpack(og_buf_view(&b));
	ck_assert_str_eq(render(&again), rows[_i].text);
	ck_assert_uint_eq(again.images, s.images);
	ck_assert_uint_eq(again.rest, s.rest);
	og_buf_fini(&b);
}
END_TEST

/* ---- injection and digests ---- */

#define RECORD                                                                                      \
	",\"annotations\":{\"otelgate.dev/injection\":\"{\\\"v\\\":1,\\\"sets\\\":[[\\\"EXTRA\\\"," \
	"\\\"OTEL_SERVICE_NAME\\\"]],\\\"containers\\\":{\\\"app\\\":{\\\"set\\\":0}}}\"}"
#define SECRET_ENV                                                                                  \
	"{\"name\":\"OTEL_EXPORTER_OTLP_HEADERS\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\"," \
	"\"key\":\"k\",\"optional\":true}}}"
#define STARTED                                                                           \
	"\"status\":{\"phase\":\"Running\",\"containerStatuses\":[" STATUS(               \
		"app", "true", "0", RUNNING, "{}") "," STATUS("istio-proxy", "true", "0", \
		"{\"running\":{\"startedAt\":\"2026-11-22T20:00:01Z\"}}", "{}") "]}"
#define APP(env, more)                                                                        \
	"\"spec\":{" NODE "\"containers\":[{\"name\":\"app\",\"image\":\"i:1\",\"env\":[" env \
	"]" more "},{\"name\":\"istio-proxy\",\"env\":[" SECRET_ENV "]}]}"
#define PLAIN "{" META("") "," APP("{\"name\":\"A\",\"value\":\"1\"}", "") "," STARTED "}"
#define INJECTED                                                                                     \
	"{" META(RECORD) "," APP(                                                                    \
		"{\"name\":\"EXTRA\",\"value\":\"x\"},{\"name\":\"A\",\"value\":\"1\"}," SECRET_ENV, \
		",\"volumeMounts\":[{\"name\":\"otelgate-java\"}]") "," STARTED "}"

static struct og_pod_state read(const char *json)
{
	struct og_pod_state s;
	ck_assert_int_eq(og_pod_state_read(parse(json), &a, &s, NULL), 0);
	return s;
}

START_TEST(an_injected_pod)
{
	struct og_pod_state s = read(INJECTED);
	ck_assert_str_eq(render(&s), "Running bound secret injected 2/2 started=5");
	s = read(PLAIN); /* the sidecar's own Secret is none of ours */
	ck_assert_str_eq(render(&s), "Running bound 2/2");
}
END_TEST

START_TEST(digests_leave_the_injection_out)
{
	struct og_pod_state plain = read(PLAIN), injected = read(INJECTED);
	ck_assert_uint_eq(plain.images, injected.images);
	ck_assert_uint_eq(plain.rest, injected.rest);
	ck_assert_uint_ne(plain.images, 0);
}
END_TEST

static const struct {
	const char *pod;
	bool image, rest; /* differ from PLAIN */
} changed[] = {
	{"{" META("") "," APP("{\"name\":\"A\",\"value\":\"2\"}", "") "}", false, true},
	{"{" META("") "," APP("{\"name\":\"B\",\"value\":\"1\"}", "") "}", false, true},
	{"{" META("") "," APP("", "") "}", false, true},
	{"{" META("") "," APP("{\"name\":\"A\",\"value\":\"1\"}", ",\"args\":[\"x\"]") "}", false,
		true},
	{"{" META("") "," APP(
		 "{\"name\":\"A\",\"value\":\"1\"}", ",\"resources\":{\"limits\":{}}") "}",
		false, true},
	{"{" META("") "," APP(
		 "{\"name\":\"A\",\"value\":\"1\"}", ",\"readinessProbe\":{\"x\":1}") "}",
		false, true},
	{"{" META("") "," APP(
		 "{\"name\":\"A\",\"value\":\"1\"}", ",\"imagePullPolicy\":\"Always\"") "}",
		false, false},
	{"{" META("") "," APP("{\"name\":\"JAVA_TOOL_OPTIONS\",\"value\":\"-Xmx1g\"},"
			      "{\"name\":\"A\",\"value\":\"1\"}",
		 "") "}",
		false, false},
	{"{" META(
		 "") ",\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"i:2\",\"env\":[{"
		     "\"name\":\"A\",\"value\":\"1\"}]},{\"name\":\"istio-proxy\",\"env\":[" SECRET_ENV
		     "]}]}}",
		true, false},
	{"{" META("") ",\"spec\":{\"initContainers\":[" C(
		 "otelgate-java") "],\"containers\":[{"
				  "\"name\":\"app\",\"image\":\"i:1\",\"env\":[{\"name\":\"A\",\"value\":\"1\"}]},"
				  "{\"name\":\"istio-proxy\",\"env\":[" SECRET_ENV "]}]}}",
		false, false},
	{"{" META("") ",\"spec\":{\"initContainers\":[" C(
		 "mine") "],\"containers\":[{"
			 "\"name\":\"app\",\"image\":\"i:1\",\"env\":[{\"name\":\"A\",\"value\":\"1\"}]},"
			 "{\"name\":\"istio-proxy\",\"env\":[" SECRET_ENV "]}]}}",
		true, true},
};

START_TEST(what_digests_see)
{
	struct og_pod_state plain = read(PLAIN), s = read(changed[_i].pod);
	ck_assert_int_eq(s.images != plain.images, changed[_i].image);
	ck_assert_int_eq(s.rest != plain.rest, changed[_i].rest);
}
END_TEST

START_TEST(a_broken_record_is_none)
{
	static const char *const records[] = {"", "{", "[]", "null", "{\\\"containers\\\":7}",
		"{\\\"containers\\\":[\\\"app\\\"]}", "\\\"app\\\""};
	for (size_t i = 0; i < OG_COUNT(records); i++) {
		char *pod = og_arena_fmt(&a,
			"{\"metadata\":{\"annotations\":{\"otelgate.dev/injection\":\"%s\"}}}",
			records[i]);
		ck_assert_msg(!read(pod).injected, "%s", records[i]);
	}
	ck_assert(
		!read("{\"metadata\":{\"annotations\":{\"otelgate.dev/injection\":{}}}}").injected);
}
END_TEST

/* ---- bounds ---- */

START_TEST(long_texts_are_cut_at_a_character)
{
	struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "{\"spec\":{\"containers\":[{\"name\":\"app\"}]},\"status\":{\"reason\":\"");
	for (int i = 0; i < 100; i++)
		og_buf_lit(&b, "\xc3\xa9");
	og_buf_lit(&b, "\",\"message\":\"x");
	for (int i = 0; i < 1000; i++)
		og_buf_lit(&b, "\xe2\x82\xac");
	og_buf_lit(&b, "\"}}");
	struct og_pod_state s = read(b.p);
	ck_assert_uint_eq(s.reason.n, OG_POD_REASON_BYTES - 1);
	ck_assert_uint_eq(s.message.n, 1 + (OG_POD_MESSAGE_BYTES - 1) / 3 * 3);
	ck_assert(og_utf8_valid(s.reason.p, s.reason.n) && og_utf8_valid(s.message.p, s.message.n));
	og_buf_fini(&b);
}
END_TEST

START_TEST(many_containers_are_bounded)
{
	struct og_buf b = OG_BUF_INIT(0), packed = OG_BUF_INIT(0);
	og_buf_lit(&b, "{\"spec\":{\"containers\":[");
	for (int i = 0; i < 1000; i++)
		og_buf_fmt(&b, "%s{\"name\":\"c%d\"}", i ? "," : "", i);
	og_buf_lit(&b, "]},\"status\":{\"containerStatuses\":[");
	for (int i = 0; i < 1000; i++)
		og_buf_fmt(&b, "%s{\"name\":\"c%d\",\"restartCount\":%d,\"ready\":true}",
			i ? "," : "", i, i + 1);
	og_buf_lit(&b, "]}}");
	struct og_pod_state s = read(b.p);
	ck_assert_uint_eq(s.ncontainers, OG_POD_TROUBLED_MAX);
	ck_assert_uint_eq(s.containers, 256);
	ck_assert_uint_eq(s.c[OG_POD_TROUBLED_MAX - 1].restarts, OG_POD_TROUBLED_MAX);
	og_pod_state_pack(&s, &packed);
	ck_assert(!packed.failed);
	ck_assert_uint_eq(unpack(og_buf_view(&packed)).ncontainers, OG_POD_TROUBLED_MAX);
	og_buf_fini(&packed);
	og_buf_fini(&b);
}
END_TEST

START_TEST(a_healthy_pod_is_small)
{
	static const int64_t days[] = {0, 1, 30, 700};
	for (size_t i = 0; i < OG_COUNT(days); i++) {
		struct og_pod_state s = {.created_s = 1795000000,
			.phase = OG_POD_RUNNING,
			.bound = true,
			.ready = true,
			.uses_secret = true,
			.injected = true,
			.containers = 3,
			.nready = 3,
			.images = 0xdeadbeef,
			.rest = 0xffffffff};
		struct og_buf b = OG_BUF_INIT(0);
		s.ready_s = s.created_s + 9 + days[i] * 86400;
		s.started_s = s.created_s + 5;
		og_pod_state_pack(&s, &b);
		ck_assert_uint_le(b.len, 24);
		ck_assert_int_eq(unpack(og_buf_view(&b)).ready_s, s.ready_s);
		og_buf_fini(&b);
	}
}
END_TEST

START_TEST(what_is_no_state_is_not_packed)
{
	char text[OG_POD_MESSAGE_BYTES + 2];
	memset(text, 'x', sizeof(text));
	struct og_container_state c = {.name = og_sv(text, OG_POD_REASON_BYTES + 1)};
	struct og_container_state run = {.run = (enum og_container_run)7};
	struct og_container_state utf = {.name = OG_SV("\xff")};
	struct og_pod_state bad[] = {
		{.message = og_sv(text, OG_POD_MESSAGE_BYTES + 1)},
		{.reason = og_sv(text, OG_POD_REASON_BYTES + 1)},
		{.reason = OG_SV("\xc3")},
		{.phase = OG_POD_PHASE_COUNT_},
		{.created_s = INT64_MAX},
		{.ready_s = INT64_MIN},
		{.ncontainers = 1, .c = &c},
		{.ncontainers = 1, .c = &run},
		{.ncontainers = 1, .c = &utf},
		{.ncontainers = OG_POD_TROUBLED_MAX + 1, .c = &c},
	};
	for (size_t i = 0; i < OG_COUNT(bad); i++) {
		struct og_buf b = OG_BUF_INIT(0);
		og_pod_state_pack(&bad[i], &b);
		ck_assert_msg(b.failed, "row %zu", i);
		og_buf_fini(&b);
	}
}
END_TEST

/* ---- any state, any bytes ---- */

static uint64_t seed;
static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % n;
}

static struct og_sv word(void)
{
	static const char *const words[] = {"", "CrashLoopBackOff", "Error", "OOMKilled", "New",
		"Evicted", "a b", "\xe2\x82\xac", "Unschedulable"};
	return og_svz(words[rnd(OG_COUNT(words))]);
}

static int64_t a_time(void)
{
	return rnd(4) == 0 ? 0 : 1600000000 + (int64_t)rnd(400000000);
}

static void any_state(struct og_pod_state *s, struct og_container_state *c)
{
	*s = (struct og_pod_state){.created_s = a_time(),
		.phase = (enum og_pod_phase)rnd(OG_POD_PHASE_COUNT_),
		.bound = rnd(2),
		.ready = rnd(2),
		.gates = rnd(2),
		.uses_secret = rnd(2),
		.injected = rnd(2),
		.containers = (uint16_t)rnd(300),
		.nready = (uint16_t)rnd(300),
		.ready_s = a_time(),
		.started_s = a_time(),
		.images = rnd(UINT32_MAX),
		.rest = rnd(UINT32_MAX),
		.reason = word(),
		.message = word(),
		.ncontainers = (uint16_t)rnd(OG_POD_TROUBLED_MAX + 1),
		.c = c};
	for (uint32_t i = 0; i < s->ncontainers; i++) {
		c[i] = (struct og_container_state){.name = word(),
			.run = (enum og_container_run)rnd(4),
			.init = rnd(2),
			.sidecar = rnd(2),
			.touched = rnd(2),
			.own = rnd(2),
			.ready = rnd(2),
			.exited = rnd(2),
			.other_libc = rnd(2),
			.restarts = rnd(1000),
			.since_s = a_time(),
			.reason = word(),
			.message = word(),
			.exit_reason = OG_SV("")};
		if (c[i].exited) {
			c[i].exit_code = (int32_t)rnd(400) - 100;
			c[i].exit_reason = word();
		}
	}
}

START_TEST(packing_loses_nothing)
{
	struct og_container_state c[OG_POD_TROUBLED_MAX];
	for (int i = 0; i < 2000; i++) {
		struct og_pod_state s;
		struct og_buf b = OG_BUF_INIT(0), again = OG_BUF_INIT(0);
		any_state(&s, c);
		og_pod_state_pack(&s, &b);
		ck_assert(!b.failed);
		struct og_pod_state u = unpack(og_buf_view(&b));
		char *want = og_arena_fmt(&a, "%s", render(&s));
		ck_assert_str_eq(render(&u), want);
		ck_assert(u.images == s.images && u.rest == s.rest);
		og_pod_state_pack(&u, &again);
		ck_assert(og_sv_eq(og_buf_view(&b), og_buf_view(&again)));
		og_buf_fini(&again);
		/* shorter or longer, it is refused */
		struct og_pod_state none;
		size_t cut = rnd((uint32_t)b.len);
		ck_assert_int_eq(
			og_pod_state_unpack(og_sv(b.p, cut), &a, &none, NULL), -OG_E_PARSE);
		og_buf_ch(&b, (char)rnd(256));
		ck_assert_int_eq(
			og_pod_state_unpack(og_buf_view(&b), &a, &none, NULL), -OG_E_PARSE);
		og_buf_fini(&b);
		og_arena_reset(&a);
	}
}
END_TEST

START_TEST(damaged_bytes_are_refused_or_are_another_state)
{
	struct og_container_state c[OG_POD_TROUBLED_MAX];
	unsigned refused = 0;
	for (int i = 0; i < 5000; i++) {
		struct og_pod_state s, u;
		struct og_buf b = OG_BUF_INIT(0), again = OG_BUF_INIT(0);
		any_state(&s, c);
		og_pod_state_pack(&s, &b);
		for (uint32_t k = 1 + rnd(3); k; k--)
			b.p[rnd((uint32_t)b.len)] = (char)rnd(256);
		if (og_pod_state_unpack(og_buf_view(&b), &a, &u, NULL) == 0) {
			og_pod_state_pack(&u, &again);
			ck_assert(og_sv_eq(og_buf_view(&b), og_buf_view(&again)));
		} else {
			refused++;
		}
		og_buf_fini(&again);
		og_buf_fini(&b);
		og_arena_reset(&a);
	}
	ck_assert_uint_gt(refused, 750);
}
END_TEST

START_TEST(no_memory)
{
	struct og_jval pod = parse(INJECTED), sick = parse(rows[18].pod);
	for (unsigned long at = 1; at < 30; at++) {
		og_auto_arena struct og_arena own;
		struct og_pod_state s = {.containers = 77};
		og_arena_init(&own, 512, 0);
		og_mem_fault_arm(at, false);
		int rc = og_pod_state_read(at % 2 ? pod : sick, &own, &s, NULL);
		bool hit = og_mem_fault_disarm() >= at;
		ck_assert_int_eq(rc, hit ? -OG_E_OOM : 0);
		ck_assert_int_eq(s.containers == 77, hit);
	}
	struct og_buf b = OG_BUF_INIT(0);
	struct og_pod_state s = read(rows[18].pod), u = {.containers = 77};
	ck_assert_uint_gt(s.ncontainers, 0);
	og_pod_state_pack(&s, &b);
	og_auto_arena struct og_arena own;
	og_arena_init(&own, 0, 0);
	og_mem_fault_arm(1, true);
	int rc = og_pod_state_unpack(og_buf_view(&b), &own, &u, NULL);
	og_mem_fault_disarm();
	ck_assert_int_eq(rc, -OG_E_OOM);
	ck_assert_uint_eq(u.containers, 77);
	og_buf_fini(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("podstate");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_is_read, 0, (int)OG_COUNT(rows));
	tcase_add_test(t, an_injected_pod);
	tcase_add_test(t, digests_leave_the_injection_out);
	tcase_add_loop_test(t, what_digests_see, 0, (int)OG_COUNT(changed));
	tcase_add_test(t, a_broken_record_is_none);
	tcase_add_test(t, long_texts_are_cut_at_a_character);
	tcase_add_test(t, many_containers_are_bounded);
	tcase_add_test(t, a_healthy_pod_is_small);
	tcase_add_test(t, what_is_no_state_is_not_packed);
	tcase_add_test(t, packing_loses_nothing);
	tcase_add_test(t, damaged_bytes_are_refused_or_are_another_state);
	tcase_add_test(t, no_memory);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
