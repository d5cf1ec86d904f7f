/* SPDX-License-Identifier: Apache-2.0 */
/* Distribution of credentials by the running controller, against the simulated API server, with the
 * rights of its own role and no more. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "otelgate/cluster/kinds.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/controller/controller.h"
#include "sim/client.h"
#include "support/suite.h"
#include "support/tmpdir.h"

#define USER  "system:serviceaccount:otelgate:controller"
#define TOKEN "the-controllers-token"

static struct og_sim *sim;
static struct og_tmpdir dir;
static struct og_arena arena;

static struct running {
	struct og_controller_opts o;
	struct og_err err;
	char ports[300];
	int stop[2], code;
	pthread_t thread;
	bool up;
} run;

#define UNTIL(condition)                                             \
	do {                                                         \
		int turns_ = 0;                                      \
		while (!(condition) && turns_++ < 3000)              \
			(void)usleep(10000);                         \
		ck_assert_msg((condition), "never: %s", #condition); \
	} while (0)
/* Long enough for a controller that is wrong to do it. */
#define A_WHILE() (void)usleep(400000)

/* ---- the cluster ---- */

static void apply(const char *text)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_apply(sim, og_svz(text), "objects", &err) == 0, "%s", err.msg);
}

static void stack(const char *more)
{
	char text[2000];
	(void)snprintf(text, sizeof(text),
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: main}\nspec:\n"
		"  receiver: {endpoint: 'http://alloy.mon:4318'}\n"
		"  credentials: {secretRef: {name: cloud, namespace: mon}}\n%s",
		more);
	apply(text);
}

static void namespace(const char *name, const char *labels)
{
	char text[600];
	(void)snprintf(text, sizeof(text),
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {%s}}\n", name,
		labels);
	apply(text);
}
#define IN "otelgate.dev/inject: 'true'"

static void source(const char *id, const char *token)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b,
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"Opaque\",\"metadata\":{"
		"\"name\":\"cloud\",\"namespace\":\"mon\"},\"data\":{\"instance-id\":\"");
	og_base64_encode(&b, og_svz(id));
	og_buf_lit(&b, "\",\"token\":\"");
	og_base64_encode(&b, og_svz(token));
	og_buf_lit(&b, "\"}}");
	apply(b.p);
}

static void allow(const char *ns, const char *rules)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_allow(sim, USER, ns, rules, &err) == 0, "%s", err.msg);
}

static void words(struct og_buf *b, const char *list)
{
	struct og_sv rest = og_svz(list), w;
	const char *comma = "[";
	while (og_sv_split(&rest, ' ', &w)) {
		og_buf_fmt(b, "%s\"%.*s\"", comma, OG_SV_ARG(w));
		comma = ",";
	}
	og_buf_ch(b, ']');
}

/* What the generated Roles give, rule by rule. */
static void allow_role(void)
{
	size_t n;
	const struct og_rbac_rule *r = og_rbac_rules(&n);
	for (size_t i = 0; i < n; i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		if (!(r[i].components & OG_RBAC_CONTROLLER))
			continue;
		og_buf_fmt(&b, "[{\"apiGroups\":[\"%s\"],\"resources\":", r[i].group);
		words(&b, r[i].resources);
		og_buf_lit(&b, ",\"verbs\":");
		words(&b, r[i].verbs);
		if (r[i].names) {
			og_buf_lit(&b, ",\"resourceNames\":");
			words(&b, r[i].names);
		}
		og_buf_lit(&b, "}]");
		allow(r[i].own_namespace ? "default" : NULL, b.p);
	}
}

static void allow_source(void)
{
	allow("mon",
		"[{\"apiGroups\":[\"\"],\"resources\":[\"secrets\"],\"resourceNames\":[\"cloud\"],"
		"\"verbs\":[\"get\",\"list\",\"watch\"]}]");
}

static void setup(void)
{
	static const char *const crds[] = {"manifests/crds/otelgate.dev_grafanastacks.yaml",
		"manifests/crds/otelgate.dev_telemetryprofiles.yaml",
		"manifests/crds/otelgate.dev_workloadtelemetries.yaml"};
	struct og_err err = OG_ERR_INIT;
	const struct og_log_options quiet = {.fd = 2, .level = OG_LOG_OFF};

	ck_assert_int_eq(og_log_setup(&quiet, &err), 0);
	dir = og_tmpdir_make();
	og_arena_init(&arena, 0, 0);
	ck_assert_msg(og_sim_start(NULL, &sim, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < OG_COUNT(crds); i++)
		ck_assert_int_eq(og_sim_apply_file(sim, crds[i], &err), 0);
	apply("apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"
	      "spec: {default: true, stack: main}\n");
	ck_assert_int_eq(og_sim_add_user(sim, USER, NULL, TOKEN, &err), 0);
	allow_role();
	allow_source();
	namespace("mon", "");
	stack("");
}

static void *thread(void *arg)
{
	struct running *r = arg;
	r->code = og_controller_run(&r->o, &r->err);
	return NULL;
}

static void begin(void)
{
	struct og_err err = OG_ERR_INIT;

	run = (struct running){.o = OG_CONTROLLER_OPTS_INIT, .up = true};
	ck_assert_int_eq(pipe(run.stop), 0);
	(void)og_tmpdir_join(&dir, "ports", run.ports, sizeof(run.ports));
	run.o.access = og_sim_access(sim, TOKEN, &err);
	ck_assert_msg(run.o.access != NULL, "%s", err.msg);
	run.o.ops_address = "127.0.0.1";
	run.o.ports_file = run.ports;
	run.o.scan_ms = 50;
	run.o.writes_per_s = 1000;
	run.o.prune_ms = 100;
	run.o.stop_fd = run.stop[0];
	ck_assert_int_eq(pthread_create(&run.thread, NULL, thread, &run), 0);
}

static int end(void)
{
	if (!run.up)
		return 0;
	run.up = false;
	ck_assert_int_eq(write(run.stop[1], "x", 1), 1);
	pthread_join(run.thread, NULL);
	(void)close(run.stop[0]);
	(void)close(run.stop[1]);
	return run.code;
}

static void teardown(void)
{
	(void)end();
	og_sim_stop(og_take(sim));
	og_tmpdir_remove(&dir);
	og_arena_fini(&arena);
}

/* ---- looking ---- */

/* Absent when there is no such object. */
static struct og_jval object(const char *resource, const char *ns, const char *name)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_jdoc *d = og_arena_new(&arena, struct og_jdoc);
	if (og_sim_get(sim, resource, ns, name, &b, NULL) < 0)
		return OG_JABSENT;
	ck_assert_int_eq(
		og_jdoc_parse(d, &arena, og_arena_sv(&arena, og_buf_view(&b)), NULL, NULL), 0);
	return og_jroot(d);
}

static struct og_jval secret(const char *ns)
{
	return object("secrets", ns, "otelgate-otlp");
}

static bool there(const char *ns)
{
	return og_jtype(secret(ns)) == OG_J_OBJECT;
}

static struct og_sv text_at(struct og_jval v, const char *a, const char *b)
{
	return og_jstr_or_empty(b ? og_jpath(v, a, b, NULL) : og_jget(v, og_svz(a)), &arena);
}

/* Whether the namespace's Secret is what is made of that id and token. */
static bool holds(const char *ns, const char *id, const char *token)
{
	og_auto_buf struct og_buf pair = OG_BUF_INIT(0), b64 = OG_BUF_INIT(0), got = OG_BUF_INIT(0);
	og_buf_fmt(&pair, "%s:%s", id, token);
	og_buf_lit(&b64, "Authorization=Basic%20");
	og_base64_encode(&b64, og_buf_view(&pair)); /* tokens here leave no padding, + or / */
	struct og_jval s = secret(ns);
	struct og_sv data = text_at(s, "data", "otlp-headers");
	return og_base64_decode(&got, data, NULL) == 0 &&
	       og_sv_eq(og_buf_view(&got), og_buf_view(&b64));
}

static struct og_jval status(void)
{
	return og_jgetl(object("grafanastacks.otelgate.dev", NULL, "main"), "status");
}

static struct og_sv hash(void)
{
	return text_at(status(), "authHash", NULL);
}

/* "True SecretReady" of a condition. */
static bool condition(const char *type, const char *value, const char *reason)
{
	og_jfor (it, og_jgetl(status(), "conditions"))
		if (og_jstr_eq(og_jgetl(it.val, "type"), og_svz(type)))
			return og_jstr_eq(og_jgetl(it.val, "status"), og_svz(value)) &&
			       og_jstr_eq(og_jgetl(it.val, "reason"), og_svz(reason));
	return false;
}

static bool message_has(const char *type, const char *text)
{
	og_jfor (it, og_jgetl(status(), "conditions"))
		if (og_jstr_eq(og_jgetl(it.val, "type"), og_svz(type)))
			return og_sv_has(og_jstr_or_empty(og_jgetl(it.val, "message"), &arena),
				og_svz(text));
	return false;
}

/* 3 n bytes with the id's: no padding in base64 */
#define ID     "12345"
#define TOKEN1 "glc_aaaaaaaaaaaaaaaaaaaa"
#define TOKEN2 "glc_bbbbbbbbbbbbbbbbbbbb"

static void distributed(void)
{
	namespace("shop", IN);
	source(ID, TOKEN1);
	begin();
	UNTIL(holds("shop", ID, TOKEN1));
	UNTIL(hash().n == 16);
}

/* ---- distributing ---- */

START_TEST(who_opted_in_gets_the_secret_and_nobody_else)
{
	namespace("other", "");
	namespace("out", "otelgate.dev/inject: 'false'");
	distributed();
	struct og_jval s = secret("shop");
	struct og_jval labels = og_jpath(s, "metadata", "labels", NULL);
	ck_assert(og_jstr_is(og_jgetl(s, "type"), "Opaque"));
	ck_assert(og_jstr_is(og_jgetl(labels, "app.kubernetes.io/managed-by"), "otelgate"));
	ck_assert(og_jstr_is(og_jgetl(labels, "app.kubernetes.io/part-of"), "otelgate"));
	ck_assert_uint_eq(og_jcount(og_jgetl(s, "data")), 1);
	ck_assert(condition("CredentialsValid", "True", "Valid"));
	ck_assert(condition("CredentialsDistributed", "True", "Distributed"));
	ck_assert(condition("Ready", "True", "Distributed"));
	ck_assert(!there("other") && !there("out") && !there("mon") && !there("default"));
	namespace("later", IN);
	UNTIL(holds("later", ID, TOKEN1));
}
END_TEST

START_TEST(nothing_is_written_when_all_is_well)
{
	distributed();
	UNTIL(condition("CredentialsDistributed", "True", "Distributed"));
	A_WHILE();
	uint64_t writes = og_sim_requests(sim, "patch", "secrets") +
			  og_sim_requests(sim, "patch", "grafanastacks");
	source(ID, TOKEN1 "\n"); /* the same token */
	namespace("shop", IN ", a: b");
	UNTIL(condition("CredentialsValid", "True", "WhiteSpace"));
	A_WHILE();
	/* one: the status says the white space */
	ck_assert_uint_eq(og_sim_requests(sim, "patch", "secrets") +
				  og_sim_requests(sim, "patch", "grafanastacks"),
		writes + 1);
}
END_TEST

START_TEST(a_rotation_reaches_everyone_before_the_hash_says_so)
{
	namespace("two", IN);
	distributed();
	UNTIL(holds("two", ID, TOKEN1));
	UNTIL(condition("CredentialsDistributed", "True", "Distributed"));
	struct og_sv before = hash();
	ck_assert_int_eq(og_sim_fault(sim,
				 "{\"match\":{\"verb\":\"patch\",\"resource\":\"secrets\","
				 "\"namespace\":\"two\",\"count\":-1},\"action\":{\"type\":"
				 "\"status\",\"code\":422,\"reason\":\"Invalid\"}}",
				 NULL),
		0);
	source(ID, TOKEN2);
	UNTIL(holds("shop", ID, TOKEN2));
	UNTIL(condition("CredentialsDistributed", "False", "Distributing"));
	ck_assert(og_sv_eq(hash(), before));
	ck_assert(message_has("CredentialsDistributed", "two (SecretWaiting)"));
	og_sim_clear_faults(sim);
	UNTIL(holds("two", ID, TOKEN2));
	UNTIL(!og_sv_eq(hash(), before));
	ck_assert_uint_eq(hash().n, 16);
	ck_assert(!og_sv_is(text_at(og_jgetl(status(), "credentials"), "rotatedAt", NULL), ""));
}
END_TEST

START_TEST(what_was_edited_by_hand_is_repaired)
{
	distributed();
	struct og_sv uid = text_at(secret("shop"), "metadata", "uid");
	struct og_err err = OG_ERR_INIT;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_sim_get(sim, "secrets", "shop", "otelgate-otlp", &b, &err), 0);
	char *at = strstr(b.p, "\"otlp-headers\":\"QXV0");
	ck_assert_ptr_nonnull(at);
	memcpy(at + strlen("\"otlp-headers\":\""), "WFhY", 4);
	uint64_t writes = og_sim_requests(sim, "patch", "secrets");
	ck_assert_int_eq(og_sim_put(sim, b.p, &err), 0);
	/* It may be repaired before anybody has looked. */
	UNTIL(og_sim_requests(sim, "patch", "secrets") > writes && holds("shop", ID, TOKEN1));
	ck_assert(og_sv_eq(text_at(secret("shop"), "metadata", "uid"), uid));
}
END_TEST

START_TEST(what_was_deleted_by_hand_comes_back_as_old_as_it_was)
{
	distributed();
	struct og_jval notes = og_jpath(secret("shop"), "metadata", "annotations", NULL);
	struct og_sv since = text_at(notes, "otelgate.dev/credential-since", NULL);
	ck_assert(since.n > 0);
	(void)usleep(1100000); /* the clock of annotations is in seconds */
	ck_assert_int_eq(og_sim_delete(sim, "secrets", "shop", "otelgate-otlp", NULL), 0);
	UNTIL(holds("shop", ID, TOKEN1));
	notes = og_jpath(secret("shop"), "metadata", "annotations", NULL);
	ck_assert(og_sv_eq(text_at(notes, "otelgate.dev/credential-since", NULL), since));
}
END_TEST

START_TEST(what_is_deleted_again_and_again_comes_back_at_once)
{
	distributed();
	for (int i = 0; i < 5; i++) {
		int turns = 0;
		ck_assert_int_eq(og_sim_delete(sim, "secrets", "shop", "otelgate-otlp", NULL), 0);
		while (!there("shop") && turns++ < 1000)
			(void)usleep(10000);
		ck_assert_msg(there("shop"), "round %d", i);
	}
	UNTIL(holds("shop", ID, TOKEN1));
}
END_TEST

START_TEST(an_immutable_secret_is_replaced)
{
	stack("  distribute: {immutable: true}\n");
	distributed();
	ck_assert(og_jis(og_jgetl(secret("shop"), "immutable"), OG_J_TRUE));
	struct og_sv uid = text_at(secret("shop"), "metadata", "uid");
	source(ID, TOKEN2);
	UNTIL(holds("shop", ID, TOKEN2));
	ck_assert(!og_sv_eq(text_at(secret("shop"), "metadata", "uid"), uid));
}
END_TEST

/* ---- workloads ---- */

#define DEPLOYMENT                                                                                   \
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: %s}\n"              \
	"spec: {replicas: 0, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}," \
	" annotations: {otelgate.dev/inject: '%s'}}, spec: {containers: [{name: app, image: web}]}}}\n"

static void deployment(const char *ns, const char *inject)
{
	char text[600];
	(void)snprintf(text, sizeof(text), DEPLOYMENT, ns, inject);
	apply(text);
}

static struct og_jval telemetry(const char *ns)
{
	return og_jgetl(object("workloadtelemetries.otelgate.dev", ns, "deployment-web"), "status");
}

static bool workload_says(const char *ns, const char *value, const char *reason)
{
	og_jfor (it, og_jgetl(telemetry(ns), "conditions"))
		if (og_jstr_is(og_jgetl(it.val, "type"), "CredentialsReady"))
			return og_jstr_eq(og_jgetl(it.val, "status"), og_svz(value)) &&
			       og_jstr_eq(og_jgetl(it.val, "reason"), og_svz(reason));
	return false;
}

START_TEST(a_workload_that_opted_in_alone_is_enough)
{
	namespace("one", "");
	namespace("idle", "");
	source(ID, TOKEN1);
	deployment("one", "true");
	deployment("idle", "false");
	begin();
	UNTIL(holds("one", ID, TOKEN1));
	UNTIL(workload_says("one", "True", "SecretReady"));
	ck_assert(!there("idle"));
	deployment("one", "false");
	UNTIL(!there("one"));
	deployment("idle", "true");
	UNTIL(holds("idle", ID, TOKEN1));
}
END_TEST

START_TEST(a_rotation_changes_what_pods_should_carry)
{
	namespace("one", "");
	source(ID, TOKEN1);
	deployment("one", "true");
	begin();
	UNTIL(hash().n == 16 && workload_says("one", "True", "SecretReady"));
	struct og_sv before = hash(), revision;
	A_WHILE(); /* the hash is in the configuration by now */
	UNTIL((revision = text_at(telemetry("one"), "revision", NULL)).n);
	source(ID, TOKEN2);
	UNTIL(!og_sv_eq(hash(), before));
	UNTIL(!og_sv_eq(text_at(telemetry("one"), "revision", NULL), revision));
	ck_assert(holds("one", ID, TOKEN2));
}
END_TEST

START_TEST(the_workload_says_what_is_wrong_with_its_credentials)
{
	namespace("one", "");
	deployment("one", "true");
	begin();
	UNTIL(workload_says("one", "False", "SecretMissing"));
	source(ID, TOKEN1);
	UNTIL(workload_says("one", "True", "SecretReady"));
	source("", TOKEN1);
	UNTIL(workload_says("one", "False", "ValueEmpty"));
	og_auto_buf struct og_buf all = OG_BUF_INIT(0);
	ck_assert_int_eq(og_sim_get(sim, "workloadtelemetries.otelgate.dev", "one",
				 "deployment-web", &all, NULL),
		0);
	ck_assert_ptr_nonnull(strstr(all.p, "OG416"));
}
END_TEST

/* ---- leaving ---- */

START_TEST(what_nobody_needs_goes)
{
	namespace("two", IN);
	distributed();
	UNTIL(there("two"));
	namespace("two", "");
	UNTIL(!there("two"));
	ck_assert(holds("shop", ID, TOKEN1));
	ck_assert_int_eq(og_sim_delete(sim, "grafanastacks.otelgate.dev", NULL, "main", NULL), 0);
	apply("apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: b}\nspec:\n"
	      "  receiver: {endpoint: 'http://alloy.mon:4318'}\n");
	apply("apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"
	      "spec: {default: true, stack: b}\n");
	UNTIL(!there("shop"));
}
END_TEST

START_TEST(a_restarted_controller_removes_what_was_left)
{
	distributed();
	ck_assert_int_eq(end(), 0);
	namespace("shop", "");
	begin();
	UNTIL(!there("shop"));
}
END_TEST

START_TEST(nothing_is_removed_while_the_configuration_cannot_be_read)
{
	distributed();
	ck_assert_int_eq(end(), 0);
	og_sim_disallow_all(sim, USER);
	allow_role();
	ck_assert_int_eq(og_sim_fault(sim,
				 "{\"match\":{\"resource\":\"telemetryprofiles\",\"count\":-1},"
				 "\"action\":{\"type\":\"status\",\"code\":403,\"reason\":"
				 "\"Forbidden\"}}",
				 NULL),
		0);
	begin();
	A_WHILE();
	A_WHILE();
	ck_assert(holds("shop", ID, TOKEN1));
}
END_TEST

/* ---- others ---- */

#define FOREIGN                                                                              \
	"apiVersion: v1\nkind: Secret\nmetadata: {name: otelgate-otlp, namespace: shop%s}\n" \
	"data: {otlp-headers: eA==}\n"

static const char *const foreign_marks[] = {"", ", labels: {app.kubernetes.io/managed-by: Helm}",
	", labels: {app.kubernetes.io/managed-by: otelgate, app.kubernetes.io/part-of: otelgate}",
	", annotations: {otelgate.dev/credential-hash: '0000000000000000', otelgate.dev/stack: main}"};

START_TEST(a_foreign_secret_is_never_touched)
{
	og_auto_buf struct og_buf before = OG_BUF_INIT(0), after = OG_BUF_INIT(0);
	char text[600];

	(void)snprintf(text, sizeof(text), FOREIGN, foreign_marks[_i]);
	namespace("two", IN);
	namespace("shop", IN);
	apply(text);
	ck_assert_int_eq(og_sim_get(sim, "secrets", "shop", "otelgate-otlp", &before, NULL), 0);
	source(ID, TOKEN1);
	begin();
	UNTIL(holds("two", ID, TOKEN1));
	UNTIL(condition("CredentialsDistributed", "False", "Blocked"));
	ck_assert(message_has("CredentialsDistributed", "1 of 2 namespaces"));
	ck_assert(message_has("CredentialsDistributed", "shop (SecretForeign)"));
	UNTIL(hash().n == 16); /* one that is in the way holds nobody else up */
	source(ID, TOKEN2);
	UNTIL(holds("two", ID, TOKEN2));
	namespace("shop", ""); /* nor is it removed */
	A_WHILE();
	ck_assert_int_eq(og_sim_get(sim, "secrets", "shop", "otelgate-otlp", &after, NULL), 0);
	ck_assert(og_sv_eq(og_buf_view(&before), og_buf_view(&after)));
	namespace("shop", IN);
	ck_assert_int_eq(og_sim_delete(sim, "secrets", "shop", "otelgate-otlp", NULL), 0);
	UNTIL(holds("shop", ID, TOKEN2));
	UNTIL(condition("CredentialsDistributed", "True", "Distributed"));
}
END_TEST

START_TEST(two_stacks_with_one_name_do_not_fight)
{
	distributed();
	apply("apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: a}\nspec:\n"
	      "  receiver: {endpoint: 'http://alloy.mon:4318'}\n"
	      "  credentials: {secretRef: {name: cloud, namespace: mon}, tokenKey: instance-id, instanceIdKey: token}\n");
	apply("apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: q}\n"
	      "spec: {stack: a, namespaceSelector: {matchLabels: {x: y}}}\n");
	namespace("shop", IN ", x: y");
	uint64_t writes = og_sim_requests(sim, "patch", "secrets");
	A_WHILE();
	ck_assert(holds("shop", ID, TOKEN1));
	ck_assert_uint_eq(og_sim_requests(sim, "patch", "secrets"), writes);
}
END_TEST

/* ---- the source ---- */

START_TEST(a_source_that_is_missing_is_said_and_waited_for)
{
	namespace("shop", IN);
	begin();
	UNTIL(condition("CredentialsValid", "False", "SecretMissing"));
	ck_assert(message_has("CredentialsValid", "Secret mon/cloud: there is no such Secret"));
	ck_assert(condition("Ready", "False", "SecretMissing"));
	ck_assert(!there("shop") && !hash().n);
	source("x", ""); /* id is no number, but the receiver is a collector; the token is empty */
	UNTIL(condition("CredentialsValid", "False", "ValueEmpty"));
	ck_assert(!there("shop"));
	source(ID, TOKEN1);
	UNTIL(holds("shop", ID, TOKEN1));
	UNTIL(condition("CredentialsValid", "True", "Valid"));
}
END_TEST

START_TEST(what_was_distributed_stays_when_the_source_breaks)
{
	distributed();
	struct og_sv before = hash();
	source(ID, TOKEN2 " " TOKEN2);
	UNTIL(condition("CredentialsValid", "False", "ValueNotText"));
	A_WHILE();
	ck_assert(holds("shop", ID, TOKEN1) && og_sv_eq(hash(), before));
	ck_assert_int_eq(og_sim_delete(sim, "secrets", "mon", "cloud", NULL), 0);
	UNTIL(condition("CredentialsValid", "False", "SecretMissing"));
	A_WHILE();
	ck_assert(holds("shop", ID, TOKEN1) && og_sv_eq(hash(), before));
}
END_TEST

/* Whoever may write a status may write a hash that is none; it keeps no status from being told. */
START_TEST(a_hash_that_others_wrote_is_kept_as_text)
{
	namespace("shop", IN);
	apply("apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: main}\n"
	      "spec:\n  receiver: {endpoint: 'http://alloy.mon:4318'}\n"
	      "  credentials: {secretRef: {name: cloud, namespace: mon}}\n"
	      "status: {authHash: \"a\\\",\\n\"}\n");
	begin();
	UNTIL(condition("CredentialsValid", "False", "SecretMissing"));
	ck_assert(og_jstr_eq(og_jgetl(status(), "authHash"), OG_SV("a\",\n")));
}
END_TEST

START_TEST(a_source_that_may_not_be_read_is_said)
{
	og_sim_disallow_all(sim, USER);
	allow_role();
	namespace("shop", IN);
	source(ID, TOKEN1);
	begin();
	UNTIL(condition("CredentialsValid", "False", "SecretForbidden"));
	ck_assert(message_has("CredentialsValid", "resourceNames"));
	ck_assert(!there("shop"));
	allow_source();
	UNTIL(holds("shop", ID, TOKEN1));
}
END_TEST

/* ---- rights ---- */

/* The role covers the default name alone, creation included; another one is the user's to allow. */
START_TEST(the_role_allows_one_name)
{
	stack("  distribute: {secretName: mine}\n");
	namespace("shop", IN);
	source(ID, TOKEN1);
	begin();
	UNTIL(condition("CredentialsDistributed", "False", "Blocked"));
	ck_assert(message_has("CredentialsDistributed", "shop (SecretForbidden)"));
	ck_assert(!there("shop"));
	ck_assert(og_jtype(object("secrets", "shop", "mine")) == OG_J_ABSENT);
	allow(NULL,
		"[{\"apiGroups\":[\"\"],\"resources\":[\"secrets\"],\"resourceNames\":[\"mine\"],"
		"\"verbs\":[\"get\",\"list\",\"watch\",\"create\",\"patch\",\"delete\"]}]");
	ck_assert_int_eq(end(), 0); /* rather than to wait until the watch asks again */
	begin();
	UNTIL(og_jtype(object("secrets", "shop", "mine")) == OG_J_OBJECT);
	UNTIL(condition("CredentialsDistributed", "True", "Distributed"));
}
END_TEST

START_TEST(no_secret_but_those_two_names_is_asked_for)
{
	og_auto_buf struct og_buf log = OG_BUF_INIT(0);
	struct og_jdoc d;

	distributed();
	source(ID, TOKEN2);
	UNTIL(holds("shop", ID, TOKEN2));
	og_sim_request_log(sim, &log);
	ck_assert_int_eq(og_jdoc_parse(&d, &arena, og_buf_view(&log), NULL, NULL), 0);
	unsigned seen = 0;
	og_jfor (it, og_jgetl(og_jroot(&d), "requests")) {
		struct og_sv path = og_jstr_or_empty(og_jgetl(it.val, "path"), &arena);
		if (!og_sv_has(path, OG_SV("/secrets")))
			continue;
		seen++;
		ck_assert_msg(og_sv_has(path, OG_SV("otelgate-otlp")) ||
				      og_sv_has(path, OG_SV("/namespaces/mon/secrets/cloud")) ||
				      og_sv_has(path, OG_SV("name%3Dcloud")),
			"%.*s", OG_SV_ARG(path));
	}
	ck_assert_uint_gt(seen, 5);
}
END_TEST

START_TEST(a_namespace_left_out_gets_none)
{
	stack("  distribute: {namespaceSelector: {matchLabels: {team: a}}}\n");
	namespace("shop", IN);
	namespace("two", IN ", team: a");
	source(ID, TOKEN1);
	begin();
	UNTIL(holds("two", ID, TOKEN1));
	UNTIL(hash().n == 16);
	ck_assert(!there("shop"));
	namespace("shop", IN ", team: a");
	UNTIL(holds("shop", ID, TOKEN1));
	namespace("two", IN ", team: b");
	UNTIL(!there("two"));
}
END_TEST

START_TEST(a_namespace_that_ends_is_no_fault)
{
	distributed();
	ck_assert_int_eq(
		og_sim_put(sim,
			"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"two\","
			"\"labels\":{\"otelgate.dev/inject\":\"true\"},\"deletionTimestamp\":"
			"\"2026-01-01T00:00:00Z\"},\"spec\":{\"finalizers\":[\"kubernetes\"]},"
			"\"status\":{\"phase\":\"Terminating\"}}",
			NULL),
		0);
	A_WHILE();
	ck_assert(!there("two"));
	UNTIL(condition("CredentialsDistributed", "True", "Distributed"));
	ck_assert(message_has("CredentialsDistributed", "1 of 1"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("controller/credentials");
	TCase *tc = tcase_create("credentials");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, who_opted_in_gets_the_secret_and_nobody_else);
	tcase_add_test(tc, nothing_is_written_when_all_is_well);
	tcase_add_test(tc, a_rotation_reaches_everyone_before_the_hash_says_so);
	tcase_add_test(tc, what_was_edited_by_hand_is_repaired);
	tcase_add_test(tc, what_was_deleted_by_hand_comes_back_as_old_as_it_was);
	tcase_add_test(tc, what_is_deleted_again_and_again_comes_back_at_once);
	tcase_add_test(tc, an_immutable_secret_is_replaced);
	tcase_add_test(tc, a_workload_that_opted_in_alone_is_enough);
	tcase_add_test(tc, a_rotation_changes_what_pods_should_carry);
	tcase_add_test(tc, the_workload_says_what_is_wrong_with_its_credentials);
	tcase_add_test(tc, what_nobody_needs_goes);
	tcase_add_test(tc, a_restarted_controller_removes_what_was_left);
	tcase_add_test(tc, nothing_is_removed_while_the_configuration_cannot_be_read);
	tcase_add_loop_test(tc, a_foreign_secret_is_never_touched, 0, (int)OG_COUNT(foreign_marks));
	tcase_add_test(tc, two_stacks_with_one_name_do_not_fight);
	tcase_add_test(tc, a_source_that_is_missing_is_said_and_waited_for);
	tcase_add_test(tc, what_was_distributed_stays_when_the_source_breaks);
	tcase_add_test(tc, a_hash_that_others_wrote_is_kept_as_text);
	tcase_add_test(tc, a_source_that_may_not_be_read_is_said);
	tcase_add_test(tc, the_role_allows_one_name);
	tcase_add_test(tc, no_secret_but_those_two_names_is_asked_for);
	tcase_add_test(tc, a_namespace_left_out_gets_none);
	tcase_add_test(tc, a_namespace_that_ends_is_no_fault);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
