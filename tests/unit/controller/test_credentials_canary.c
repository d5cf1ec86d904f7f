/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a token goes: a controller as a process of its own handles canary tokens (a right one, a
 * rotation, several that are refused), and then everything it has said and written is searched for
 * them, and its memory: outside of the pages that are left out of core dumps nothing may remain.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/percent.h"
#include "support/controller_run.h"
#include "support/http_client.h"
#include "support/program.h"
#include "support/suite.h"
#include "support/tmpdir.h"
#include "sim/client.h"

#define CANARY1 "glc_CanaryOneQx7ZkPwR3vTn8LmYb"
#define CANARY2 "glc_CanaryTwoJd5HsGf9cXeWq2KuA"
#define CANARY3 "glsa_CanaryBadBm4NvLz6tRyUi1OpE"
#define ID	"12345"

static struct og_tmpdir dir;
static pid_t pid;
static char log_path[300], ports_path[300];
static uint16_t port;

/* ---- what is searched for ---- */

enum { NEEDLES_MAX = 32 };
static struct needle {
	char text[128];
	const char *what;
} needles[NEEDLES_MAX];
static size_t nneedles;

static void needle(const char *what, struct og_sv text)
{
	ck_assert(nneedles < NEEDLES_MAX && text.n < sizeof(needles[0].text) && text.n >= 12);
	(void)snprintf(needles[nneedles].text, sizeof(needles[0].text), "%.*s", OG_SV_ARG(text));
	needles[nneedles++].what = what;
}

/* The token as it is, in base64 at each of the three alignments, and the same once more, as the
 * header has it in the distributed Secret's data. The ends depend on what stands beside it. */
static void needles_of(const char *token)
{
	og_auto_buf struct og_buf outer = OG_BUF_INIT(0);

	needle("token", og_svz(token + 5));
	for (size_t shift = 0; shift < 3; shift++) {
		og_auto_buf struct og_buf padded = OG_BUF_INIT(0), b64 = OG_BUF_INIT(0);
		og_buf_add(&padded, "::", shift);
		og_buf_str(&padded, token + 5);
		og_base64_encode(&b64, og_buf_view(&padded));
		needle("base64", og_sv(b64.p + 4, b64.len - 8));
	}
	og_auto_buf struct og_buf pair = OG_BUF_INIT(0), header = OG_BUF_INIT(0);
	og_buf_fmt(&pair, ID ":%s", token);
	og_buf_lit(&header, "Authorization=Basic%20");
	og_base64_encode(&header, og_buf_view(&pair));
	og_base64_encode(&outer, og_buf_view(&header));
	needle("header in data", og_sv(outer.p + outer.len - 40, 32));
}

static const struct needle *found_in(struct og_sv text)
{
	for (size_t i = 0; i < nneedles; i++)
		if (memmem(text.p, text.n, needles[i].text, strlen(needles[i].text)))
			return &needles[i];
	return NULL;
}

static void clean(const char *where, struct og_sv text)
{
	const struct needle *n = found_in(text);
	ck_assert_msg(!n, "%s holds a %s", where, n ? n->what : "");
}

/* ---- the cluster ---- */

static void source(const char *token)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b,
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"Opaque\",\"metadata\":{"
		"\"name\":\"cloud\",\"namespace\":\"mon\"},\"data\":{\"instance-id\":\"");
	og_base64_encode(&b, OG_SV(ID));
	og_buf_lit(&b, "\",\"token\":\"");
	og_base64_encode(&b, og_svz(token));
	og_buf_lit(&b, "\"}}");
	cr_put(b.p);
}

/* Whether the namespace's Secret is made of that token. */
static bool distributed(const char *ns, const char *token)
{
	og_auto_buf struct og_buf pair = OG_BUF_INIT(0), header = OG_BUF_INIT(0),
				  b64 = OG_BUF_INIT(0), data = OG_BUF_INIT(0);
	og_buf_fmt(&pair, ID ":%s", token);
	og_base64_encode(&b64, og_buf_view(&pair));
	og_buf_lit(&header, "Authorization=Basic%20");
	og_percent_encode(&header, og_buf_view(&b64));
	og_base64_encode(&data, og_buf_view(&header));
	return cr_has("secrets", ns, "otelgate-otlp", data.p);
}

static bool says(const char *reason)
{
	return cr_has("grafanastacks.otelgate.dev", NULL, "s", reason);
}

/* ---- the process ---- */

static void begin(void)
{
	char kubeconfig[300];
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	posix_spawn_file_actions_t fa;

	(void)og_tmpdir_join(&dir, "kubeconfig", kubeconfig, sizeof(kubeconfig));
	(void)og_tmpdir_join(&dir, "log", log_path, sizeof(log_path));
	(void)og_tmpdir_join(&dir, "canary-ports", ports_path, sizeof(ports_path));
	og_sim_kubeconfig(cr_sim, NULL, &text);
	ck_assert_int_eq(og_fs_write_atomic(kubeconfig, text.p, text.len, 0600, &err), 0);
	ck_assert_int_eq(posix_spawn_file_actions_init(&fa), 0);
	ck_assert_int_eq(posix_spawn_file_actions_addopen(
				 &fa, 2, log_path, O_WRONLY | O_CREAT | O_TRUNC, 0600),
		0);
	char line[1200], *argv[24], *env[] = {NULL};
	size_t n = 0;
	(void)snprintf(line, sizeof(line),
		"otelgate controller --kubeconfig %s --ops-address 127.0.0.1 --ops-port 0 "
		"--ports-file %s --log-level debug --log-format json",
		kubeconfig, ports_path);
	for (char *at = line; at && n + 1 < OG_COUNT(argv);) {
		argv[n++] = at;
		at = strchr(at, ' ');
		if (at)
			*at++ = '\0';
	}
	argv[n] = NULL;
	ck_assert_int_eq(posix_spawn(&pid, og_test_program(), &fa, NULL, argv, env), 0);
	posix_spawn_file_actions_destroy(&fa);
	CR_UNTIL(access(ports_path, R_OK) == 0);
	unsigned p = 0;
	og_buf_reset(&text);
	ck_assert_int_eq(og_fs_read(ports_path, 256, &text, &err), 0);
	ck_assert_int_eq(sscanf(text.p, "ops=%u", &p), 1);
	port = (uint16_t)p;
}

static void end(void)
{
	int status;
	if (pid <= 0)
		return;
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	pid = 0;
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
}

static void setup(void)
{
	cr_setup();
	dir = og_tmpdir_make();
	cr_crd("workloadtelemetries");
	cr_apply(
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\nspec:\n"
		"  receiver: {type: gateway, endpoint: 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp',\n"
		"    endpoints: {profiles: 'https://profiles.grafana.net'}}\n"
		"  credentials: {secretRef: {name: cloud, namespace: mon}}\n---\n"
		"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"
		"spec: {default: true}\n---\n"
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {otelgate.dev/inject: 'true'}}\n---\n"
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
		"spec: {replicas: 0, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}},\n"
		"  spec: {containers: [{name: app, image: web}]}}}\n");
	nneedles = 0;
	needles_of(CANARY1);
	needles_of(CANARY2);
	needles_of(CANARY3);
	source(CANARY1);
	begin();
	CR_UNTIL(distributed("shop", CANARY1));
}

static void teardown(void)
{
	end();
	cr_teardown();
	og_tmpdir_remove(&dir);
}

/* A life with all that may happen to a token. */
static void live(void)
{
	source(CANARY2);
	CR_UNTIL(distributed("shop", CANARY2));
	source(CANARY3);
	CR_UNTIL(says("TokenKind"));
	source(CANARY2 " " CANARY1);
	CR_UNTIL(says("ValueNotText"));
	source("Basic " CANARY2);
	CR_UNTIL(says("NotAToken"));
	/* the API server refuses, and quotes what it refuses */
	ck_assert_int_eq(
		og_sim_fault(cr_sim,
			"{\"match\":{\"verb\":\"patch\",\"resource\":\"secrets\",\"count\":2},"
			"\"action\":{\"type\":\"status\",\"code\":422,\"reason\":\"Invalid\","
			"\"message\":\"data: Invalid value: " CANARY1 "\"}}",
			NULL),
		0);
	source(CANARY1);
	CR_UNTIL(distributed("shop", CANARY1));
	source(CANARY2);
	CR_UNTIL(distributed("shop", CANARY2));
	CR_UNTIL(says("\"Distributed\""));
	(void)usleep(500000);
}

/* ---- searching what is said ---- */

static void search_ops(void)
{
	static const char *const paths[] = {"/metrics", "/readyz?verbose", "/livez?verbose",
		"/debug/missed", "/debug/workloads", "/debug/credentials", "/debug"};
	for (size_t i = 0; i < OG_COUNT(paths); i++) {
		struct hc h;
		struct hc_resp resp = {0};
		ck_assert(hc_open(&h, port, NULL) && hc_get(&h, paths[i]) && hc_recv(&h, &resp));
		ck_assert(i || resp.status == 200);
		clean(paths[i], og_buf_view(&resp.body));
		hc_resp_fini(&resp);
		hc_close(&h);
	}
}

static void search_requests(void)
{
	og_auto_buf struct og_buf log = OG_BUF_INIT(0);
	og_sim_request_log(cr_sim, &log);
	clean("requests", og_buf_view(&log));
}

/* Every object of a resource, in every namespace. */
static void search_list(
	const char *group, const char *version, const char *resource, const char *has)
{
	struct og_sim_client c;
	struct og_err err = OG_ERR_INIT;
	struct og_kube_answer a;
	og_auto_arena struct og_arena arena;

	og_arena_init(&arena, 0, 0);
	ck_assert_msg(og_sim_client_init(&c, cr_sim, NULL, NULL, &err) == 0, "%s", err.msg);
	const struct og_kube_request q = {.verb = OG_KUBE_LIST,
		.res = {.group = og_svz(group),
			.version = og_svz(version),
			.resource = og_svz(resource)}};
	ck_assert_msg(og_kube_wait(c.kube, &q, &arena, &a, &err) == 0, "%s", a.err.msg);
	ck_assert_msg(og_sv_has(a.body, og_svz(has)), "%s: no %s", resource, has);
	clean(resource, a.body);
	og_sim_client_fini(&c);
}

static void search_log(void)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_fs_read(log_path, 64 << 20, &text, &err), 0);
	ck_assert_ptr_nonnull(strstr(text.p, "TokenKind"));
	clean("the log", og_buf_view(&text));
}

START_TEST(nothing_that_is_said_holds_a_token)
{
	live();
	search_ops();
	search_requests();
	search_list("events.k8s.io", "v1", "events", "ReadCredentials");
	search_list("otelgate.dev", "v1alpha1", "grafanastacks", "authHash");
	search_list("otelgate.dev", "v1alpha1", "workloadtelemetries", "CredentialsReady");
	search_list("apps", "v1", "deployments", "web");
	search_list("coordination.k8s.io", "v1", "leases", "otelgate-controller");
	search_log();
	end();
	search_log();
}
END_TEST

/* ---- searching memory ---- */

struct mapping {
	unsigned long from, to;
	char name[128];
	bool readable, dumped;
};

/* Every mapping with whether a core dump would hold it (VmFlags "dd": do not dump). */
static size_t read_maps(struct mapping *v, size_t max)
{
	char path[64], line[512];
	size_t n = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	FILE *f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		struct mapping m = {.dumped = true};
		char perms[8];
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %127[^\n]", &m.from, &m.to, perms,
			    m.name) >= 3) {
			m.readable = perms[0] == 'r';
			ck_assert_uint_lt(n, max);
			v[n++] = m;
		} else if (n && !strncmp(line, "VmFlags:", 8)) {
			v[n - 1].dumped = !strstr(line, " dd");
		}
	}
	(void)fclose(f);
	return n;
}

struct hits {
	unsigned dumped, kept;
	bool control; /* something harmless that has to be found there */
	char first[300];
};

static void scan(const struct mapping *m, int fd, struct hits *h)
{
	size_t n = m->to - m->from;
	char *p = n > (256UL << 20) ? NULL : og_malloc(n);
	if (!p)
		return;
	ssize_t got = pread(fd, p, n, (off_t)m->from);
	h->control |= got > 0 && m->dumped && memmem(p, (size_t)got, "otelgate-otlp", 13);
	for (size_t i = 0; got > 0 && i < nneedles; i++) {
		const char *at = memmem(p, (size_t)got, needles[i].text, strlen(needles[i].text));
		if (!at)
			continue;
		if (!m->dumped) {
			h->kept++;
			continue;
		}
		if (!h->dumped++)
			(void)snprintf(h->first, sizeof(h->first), "%s of canary %zu at %lx in %s",
				needles[i].what, i / 5 + 1, m->from + (unsigned long)(at - p),
				m->name[0] ? m->name : "anonymous memory");
		if (getenv("CANARY_SHOW"))
			fprintf(stderr, "%s %zu at %lx in %s: %.60s\n", needles[i].what, i,
				m->from + (unsigned long)(at - p), m->name,
				at - 20 > p ? at - 20 : at);
	}
	og_free(p);
}

static void scan_all(struct hits *h)
{
	static struct mapping maps[4096];
	char path[64];
	*h = (struct hits){0};
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	size_t n = read_maps(maps, OG_COUNT(maps));
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	for (size_t i = 0; i < n; i++)
		if (maps[i].readable)
			scan(&maps[i], fd, h);
	(void)close(fd);
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
}

START_TEST(no_token_remains_in_memory_that_is_dumped)
{
	struct hits h;
	live();
	scan_all(&h);
	ck_assert_msg(h.dumped == 0, "%u copies are left: %s", h.dumped, h.first);
	ck_assert(h.control && h.kept > 0); /* the search finds what is there */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("controller/canary");
	TCase *tc = tcase_create("canary");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, nothing_that_is_said_holds_a_token);
	tcase_add_test(tc, no_token_remains_in_memory_that_is_dumped);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
