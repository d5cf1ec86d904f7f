/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of rollouts: read from every kind, packed and unpacked. */
#include <check.h>

#include "otelgate/base/mem.h"
#include "otelgate/kobj/rollout.h"
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

static struct og_rollout_facts read(const char *json)
{
	struct og_jdoc *d = og_arena_new(&a, struct og_jdoc);
	struct og_err err = OG_ERR_INIT;
	struct og_rollout_facts f;
	ck_assert_ptr_nonnull(d);
	ck_assert_msg(og_jdoc_parse(d, &a, og_svz(json), NULL, &err) == 0, "%s: %s", json, err.msg);
	ck_assert_int_eq(og_rollout_facts_read(og_jroot(d), &a, &f, NULL), 0);
	return f;
}

static void number(struct og_buf *b, const char *name, int64_t v, int64_t usual)
{
	if (v != usual)
		og_buf_fmt(b, " %s=%lld", name, (long long)v);
}

static void text(struct og_buf *b, const char *name, struct og_sv s)
{
	if (s.n)
		og_buf_fmt(b, " %s=%.*s", name, OG_SV_ARG(s));
}

static void limit(struct og_buf *b, const char *name, const struct og_rollout_limit *l)
{
	if (l->set)
		og_buf_fmt(b, " %s=%d%s", name, l->value, l->percent ? "%" : "");
}

static void conditions(struct og_buf *b, const struct og_rollout_facts *f)
{
	static const char *const names[] = {
		"Progressing", "Available", "ReplicaFailure", "Complete", "Failed", "Suspended"};
	static const char *const status[] = {"-", "Unknown", "False", "True"};
	for (unsigned i = 0; i < OG_COND_COUNT_; i++) {
		const struct og_rollout_cond *c = &f->cond[i];
		if (c->status == OG_COND_ABSENT)
			continue;
		og_buf_fmt(b, " | %s %s %.*s \"%.*s\"", names[i], status[c->status],
			OG_SV_ARG(c->reason), OG_SV_ARG(c->message));
		number(b, "updated", c->updated_s ? c->updated_s - f->created_s : 0, 0);
		number(b, "changed", c->changed_s ? c->changed_s - f->created_s : 0, 0);
	}
}

/* All members that say something. */
static const char *render(const struct og_rollout_facts *f)
{
	static const char *const strategies[] = {
		"", " Recreate", " OnDelete", " Canary", " BlueGreen", " Other"};
	static char out[4096];
	struct og_buf b = OG_BUF_INIT(sizeof(out) - 1);
	og_buf_fmt(&b, "%s%s", og_rollout_kind_name(f->kind), strategies[f->strategy]);
	og_buf_fmt(&b, "%s%s%s%s", f->paused ? " paused" : "", f->suspended ? " suspended" : "",
		f->rolling ? " rolling" : "", f->aborted ? " aborted" : "");
	og_buf_fmt(&b, " %lld/%lld", (long long)f->observed, (long long)f->generation);
	og_buf_fmt(&b, " %d:%d,%d,%d,%d", f->desired, f->total, f->updated, f->ready, f->available);
	number(&b, "current", f->current, 0);
	number(&b, "partition", f->partition, 0);
	limit(&b, "surge", &f->max_surge);
	limit(&b, "unavailable", &f->max_unavailable);
	number(&b, "minready", f->min_ready_s, 0);
	number(&b, "deadline", f->progress_deadline_s, 0);
	text(&b, "rev", f->current_revision);
	text(&b, "update", f->update_revision);
	number(&b, "parallelism", f->parallelism, -1);
	number(&b, "completions", f->completions, -1);
	number(&b, "backoff", f->backoff_limit, -1);
	number(&b, "ttl", f->ttl_s, -1);
	number(&b, "active_deadline", f->active_deadline_s, -1);
	number(&b, "active", f->active, 0);
	number(&b, "succeeded", f->succeeded, 0);
	number(&b, "failed", f->failed, 0);
	text(&b, "schedule", f->schedule);
	text(&b, "zone", f->time_zone);
	number(&b, "last", f->last_run_s ? f->last_run_s - f->created_s : 0, 0);
	text(&b, "phase", f->argo_phase);
	text(&b, "message", f->argo_message);
	text(&b, "restarted", f->restarted_at);
	conditions(&b, f);
	ck_assert(!b.failed);
	memcpy(out, b.p, b.len + 1);
	og_buf_fini(&b);
	return out;
}

#define OBJ(api, kind, spec, status)                                                              \
	"{\"apiVersion\":\"" api "\",\"kind\":\"" kind "\",\"metadata\":{\"generation\":3,"       \
	"\"creationTimestamp\":\"2026-11-22T20:00:00Z\"},\"spec\":{" spec "},\"status\":{" status \
	"}}"
#define DEPLOY(spec, status) OBJ("apps/v1", "Deployment", spec, status)
#define STS(spec, status)    OBJ("apps/v1", "StatefulSet", spec, status)
#define DS(spec, status)     OBJ("apps/v1", "DaemonSet", spec, status)
#define JOB(spec, status)    OBJ("batch/v1", "Job", spec, status)
#define ARGO(spec, status)   OBJ("argoproj.io/v1alpha1", "Rollout", spec, status)
#define NUMBERS                                                                              \
	"\"observedGeneration\":2,\"replicas\":4,\"updatedReplicas\":3,\"readyReplicas\":2," \
	"\"availableReplicas\":1"

static const struct {
	const char *object, *text;
} rows[] = {
	{"{}", " 0/0 0:0,0,0,0"},
	{"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":{\"replicas\":3}}",
		" 0/0 0:0,0,0,0"},
	{"{\"apiVersion\":\"v1\",\"kind\":\"Deployment\",\"spec\":{\"replicas\":3}}",
		" 0/0 0:0,0,0,0"},
	{DEPLOY("", ""), "Deployment 0/3 1:0,0,0,0 deadline=600"},
	{DEPLOY("\"replicas\":4", NUMBERS), "Deployment 2/3 4:4,3,2,1 deadline=600"},
	{DEPLOY("\"replicas\":0,\"paused\":true", ""),
		"Deployment paused 0/3 0:0,0,0,0 deadline=600"},
	{DEPLOY("\"strategy\":{\"type\":\"Recreate\"}", ""),
		"Deployment Recreate 0/3 1:0,0,0,0 deadline=600"},
	{DEPLOY("\"strategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxSurge\":\"25%\","
		"\"maxUnavailable\":0}},\"minReadySeconds\":7,\"progressDeadlineSeconds\":2147483647",
		 ""),
		"Deployment 0/3 1:0,0,0,0 surge=25% unavailable=0 minready=7 deadline=2147483647"},
	{DEPLOY("\"template\":{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/restartedAt\":"
		"\"2026-11-22T21:00:00Z\"}}}",
		 ""),
		"Deployment 0/3 1:0,0,0,0 deadline=600 restarted=2026-11-22T21:00:00Z"},
	{DEPLOY("",
		 "\"conditions\":[{\"type\":\"Progressing\",\"status\":\"False\",\"reason\":"
		 "\"ProgressDeadlineExceeded\",\"message\":\"m\",\"lastUpdateTime\":"
		 "\"2026-11-22T20:00:30Z\",\"lastTransitionTime\":\"2026-11-22T20:00:20Z\"},"
		 "{\"type\":\"ReplicaFailure\",\"status\":\"True\",\"reason\":\"FailedCreate\","
		 "\"message\":\"exceeded quota\"},{\"type\":\"Available\",\"status\":\"Unknown\"},"
		 "{\"type\":\"Other\",\"status\":\"True\"}]"),
		"Deployment 0/3 1:0,0,0,0 deadline=600 | Progressing False ProgressDeadlineExceeded "
		"\"m\" updated=30 changed=20 | Available Unknown  \"\" | ReplicaFailure True "
		"FailedCreate \"exceeded quota\""},
	{OBJ("apps/v1", "ReplicaSet", "\"replicas\":2", NUMBERS), "ReplicaSet 2/3 2:4,3,2,1"},
	{OBJ("v1", "ReplicationController", "", NUMBERS), "ReplicationController 2/3 1:4,3,2,1"},
	{STS("\"replicas\":3,\"updateStrategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":"
	     "{\"partition\":2}}",
		 NUMBERS ",\"currentReplicas\":1,\"currentRevision\":\"w-1\","
			 "\"updateRevision\":\"w-2\""),
		"StatefulSet rolling 2/3 3:4,3,2,1 current=1 partition=2 rev=w-1 update=w-2"},
	{STS("\"updateStrategy\":{\"type\":\"OnDelete\"}", ""),
		"StatefulSet OnDelete 0/3 1:0,0,0,0"},
	{STS("\"updateStrategy\":{\"type\":\"Whatever\"}", ""), "StatefulSet Other 0/3 1:0,0,0,0"},
	{DS("\"updateStrategy\":{\"rollingUpdate\":{\"maxUnavailable\":1}}",
		 "\"observedGeneration\":3,\"desiredNumberScheduled\":5,\"currentNumberScheduled\":4,"
		 "\"updatedNumberScheduled\":3,\"numberReady\":2,\"numberAvailable\":1"),
		"DaemonSet rolling 3/3 5:4,3,2,1 unavailable=1"},
	{DS("\"replicas\":9", ""), "DaemonSet 0/3 0:0,0,0,0"},
	{JOB("\"suspend\":true,\"completions\":3,\"parallelism\":2,\"backoffLimit\":1,"
	     "\"ttlSecondsAfterFinished\":60,\"activeDeadlineSeconds\":90",
		 "\"active\":1,\"succeeded\":2,\"failed\":3,\"conditions\":[{\"type\":\"Failed\","
		 "\"status\":\"True\",\"reason\":\"BackoffLimitExceeded\",\"message\":\"m\"}]"),
		"Job suspended 0/3 0:0,0,0,0 parallelism=2 completions=3 backoff=1 ttl=60 "
		"active_deadline=90 active=1 succeeded=2 failed=3 | Failed True "
		"BackoffLimitExceeded \"m\""},
	{JOB("", ""), "Job 0/3 0:0,0,0,0 parallelism=1 backoff=6"},
	{OBJ("batch/v1", "CronJob", "\"schedule\":\"*/5 * * * *\",\"timeZone\":\"Etc/UTC\"",
		 "\"lastScheduleTime\":\"2026-11-22T20:05:00Z\",\"active\":[{},{}]"),
		"CronJob 0/3 0:0,0,0,0 active=2 schedule=*/5 * * * * zone=Etc/UTC last=300"},
	{ARGO("\"replicas\":2,\"strategy\":{\"canary\":{\"maxSurge\":1}}",
		 "\"observedGeneration\":\"3\",\"phase\":\"Paused\",\"message\":\"CanaryPauseStep\","
		 "\"stableRS\":\"a\",\"currentPodHash\":\"b\",\"abort\":true,\"conditions\":["
		 "{\"type\":\"Paused\",\"status\":\"True\"},{\"type\":\"Completed\",\"status\":"
		 "\"False\"}]"),
		"Rollout Canary aborted 3/3 2:0,0,0,0 surge=1 deadline=600 rev=a update=b "
		"phase=Paused message=CanaryPauseStep | Complete False  \"\" | Suspended True  \"\""},
	{ARGO("\"strategy\":{\"blueGreen\":{}}", "\"observedGeneration\":\"5f4d\""),
		"Rollout BlueGreen 0/3 1:0,0,0,0 deadline=600"},
	{OBJ("v1", "Pod", "", "\"phase\":\"Running\""), "Pod 0/3 1:0,0,0,0"},
	/* what has the wrong shape is not there */
	{DEPLOY("\"replicas\":-1,\"paused\":\"true\",\"strategy\":[]", "\"replicas\":\"4\""),
		"Deployment 0/3 1:0,0,0,0 deadline=600"},
	{DEPLOY("\"replicas\":3.5,\"minReadySeconds\":99999999999",
		 "\"readyReplicas\":1e2,\"conditions\":{}"),
		"Deployment 0/3 1:0,0,0,0 deadline=600"},
	{DEPLOY("\"strategy\":{\"rollingUpdate\":{\"maxSurge\":\"%\",\"maxUnavailable\":\"x%\"}}",
		 "\"observedGeneration\":-1"),
		"Deployment 0/3 1:0,0,0,0 deadline=600"},
	{DEPLOY("\"strategy\":{\"rollingUpdate\":{\"maxSurge\":\"25\",\"maxUnavailable\":-1}}", ""),
		"Deployment 0/3 1:0,0,0,0 deadline=600"},
	{DEPLOY("",
		 "\"conditions\":[null,7,{},{\"type\":7},{\"type\":\"Available\",\"status\":true}]"),
		"Deployment 0/3 1:0,0,0,0 deadline=600 | Available Unknown  \"\""},
	{ARGO("", "\"observedGeneration\":3,\"phase\":7,\"abort\":\"yes\""),
		"Rollout 0/3 1:0,0,0,0 deadline=600"},
	{"{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"metadata\":[],\"spec\":7}",
		"StatefulSet 0/0 1:0,0,0,0"},
	{"{\"apiVersion\":7,\"kind\":\"Job\"}", " 0/0 0:0,0,0,0"},
	{STS("\"updateStrategy\":{\"rollingUpdate\":{\"partition\":\"2\"}}",
		 "\"currentRevision\":7"),
		"StatefulSet rolling 0/3 1:0,0,0,0"},
};

START_TEST(what_is_read)
{
	struct og_rollout_facts f = read(rows[_i].object), u;
	struct og_buf b = OG_BUF_INIT(0);
	ck_assert_str_eq(render(&f), rows[_i].text);
	og_rollout_facts_pack(&f, &b);
	og_buf_lit(&b, "rest");
	ck_assert(!b.failed);
	struct og_sv bytes = og_buf_view(&b);
	ck_assert_int_eq(og_rollout_facts_unpack(&bytes, &u, NULL), 0);
	ck_assert(og_sv_is(bytes, "rest"));
	ck_assert_str_eq(render(&u), rows[_i].text);
	ck_assert_int_eq(u.created_s, f.created_s);
	og_buf_fini(&b);
}
END_TEST

START_TEST(kinds)
{
	static const struct {
		const char *group, *kind;
		enum og_rollout_kind want;
	} k[] = {
		{"apps", "Deployment", OG_RK_DEPLOYMENT},
		{"apps", "ReplicaSet", OG_RK_REPLICASET},
		{"batch", "CronJob", OG_RK_CRONJOB},
		{"", "Pod", OG_RK_POD},
		{"argoproj.io", "Rollout", OG_RK_ARGO},
		{"", "", OG_RK_NONE},
		{"", "Deployment", OG_RK_NONE},
		{"apps", "deployment", OG_RK_NONE},
		{"apps", "Rollout", OG_RK_NONE},
		{"batch", "Pod", OG_RK_NONE},
	};
	for (size_t i = 0; i < OG_COUNT(k); i++)
		ck_assert_int_eq(
			og_rollout_kind_of(og_svz(k[i].group), og_svz(k[i].kind)), k[i].want);
	ck_assert_str_eq(og_rollout_kind_name((enum og_rollout_kind)99), "");
}
END_TEST

START_TEST(texts_are_cut)
{
	struct og_buf b = OG_BUF_INIT(0), packed = OG_BUF_INIT(0);
	og_buf_lit(&b, "{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"status\":{"
		       "\"conditions\":[{\"type\":\"ReplicaFailure\",\"status\":\"True\","
		       "\"reason\":\"");
	for (int i = 0; i < 300; i++)
		og_buf_lit(&b, "\xc3\xa9");
	og_buf_lit(&b, "\",\"message\":\"");
	for (int i = 0; i < 300; i++)
		og_buf_lit(&b, "\xe2\x82\xac");
	og_buf_lit(&b, "\"}]}}");
	struct og_rollout_facts f = read(b.p);
	const struct og_rollout_cond *c = &f.cond[OG_COND_REPLICA_FAILURE];
	ck_assert_uint_eq(c->reason.n, OG_COND_REASON_BYTES - 1);
	ck_assert_uint_eq(c->message.n, OG_COND_MESSAGE_BYTES / 3 * 3);
	ck_assert(og_utf8_valid(c->message.p, c->message.n));
	og_rollout_facts_pack(&f, &packed);
	ck_assert(!packed.failed);
	og_buf_fini(&packed);
	og_buf_fini(&b);
}
END_TEST

static uint64_t seed;
static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % n;
}

/* A row's bytes with some of them changed: refused, or facts that pack to these very bytes. */
START_TEST(damaged_bytes)
{
	unsigned refused = 0;
	for (int i = 0; i < 5000; i++) {
		struct og_rollout_facts f = read(rows[rnd(OG_COUNT(rows))].object), u;
		struct og_buf b = OG_BUF_INIT(0), again = OG_BUF_INIT(0);
		og_rollout_facts_pack(&f, &b);
		for (uint32_t k = 1 + rnd(3); k; k--)
			b.p[rnd((uint32_t)b.len)] = (char)rnd(256);
		struct og_sv bytes = og_buf_view(&b);
		if (og_rollout_facts_unpack(&bytes, &u, NULL) == 0) {
			og_rollout_facts_pack(&u, &again);
			ck_assert(!again.failed);
			ck_assert(
				og_sv_eq(og_buf_view(&again), og_sv(b.p, (size_t)(bytes.p - b.p))));
		} else {
			ck_assert_ptr_eq(bytes.p, b.p);
			refused++;
		}
		og_buf_fini(&again);
		og_buf_fini(&b);
		og_arena_reset(&a);
	}
	ck_assert_uint_gt(refused, 1250);
}
END_TEST

START_TEST(cut_bytes_are_refused)
{
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		struct og_rollout_facts f = read(rows[i].object);
		struct og_buf b = OG_BUF_INIT(0);
		og_rollout_facts_pack(&f, &b);
		for (size_t n = 0; n < b.len; n++) {
			struct og_sv bytes = og_sv(b.p, n);
			ck_assert_int_eq(og_rollout_facts_unpack(&bytes, &f, NULL), -OG_E_PARSE);
		}
		og_buf_fini(&b);
	}
	struct og_sv none = og_sv(NULL, 0);
	struct og_rollout_facts f;
	ck_assert_int_eq(og_rollout_facts_unpack(&none, &f, NULL), -OG_E_PARSE);
}
END_TEST

START_TEST(what_is_no_fact_is_not_packed)
{
	char long_text[OG_COND_MESSAGE_BYTES + 1];
	memset(long_text, 'x', sizeof(long_text));
	struct og_rollout_facts f[5] = {0};
	f[0].kind = OG_RK_COUNT_;
	f[1].strategy = OG_STRATEGY_COUNT_;
	f[2].schedule = og_sv(long_text, OG_COND_REASON_BYTES + 1);
	f[3].cond[0].message = og_sv(long_text, sizeof(long_text));
	f[4].created_s = INT64_MAX;
	for (size_t i = 0; i < OG_COUNT(f); i++) {
		struct og_buf b = OG_BUF_INIT(0);
		og_rollout_facts_pack(&f[i], &b);
		ck_assert_msg(b.failed, "row %zu", i);
		og_buf_fini(&b);
	}
}
END_TEST

START_TEST(a_quiet_deployment_is_small)
{
	struct og_rollout_facts f = read(DEPLOY("\"replicas\":3",
		"\"observedGeneration\":3,\"replicas\":3,\"updatedReplicas\":3,\"readyReplicas\":3,"
		"\"availableReplicas\":3"));
	struct og_buf b = OG_BUF_INIT(0);
	og_rollout_facts_pack(&f, &b);
	ck_assert_uint_le(b.len, 24);
	og_buf_fini(&b);
}
END_TEST

START_TEST(no_memory)
{
	/* Escapes have to be decoded, which takes memory. */
	struct og_jdoc d;
	struct og_sv s = OG_SV("{\"apiVersion\":\"apps\\u002fv1\",\"kind\":\"StatefulSet\","
			       "\"status\":{\"updateRevision\":\"w\\u002d1\"}}");
	ck_assert_int_eq(og_jdoc_parse(&d, &a, s, NULL, NULL), 0);
	for (unsigned long at = 1; at < 6; at++) {
		og_auto_arena struct og_arena own;
		struct og_rollout_facts f = {.desired = 77};
		og_arena_init(&own, 16, 0);
		og_mem_fault_arm(at, false);
		int rc = og_rollout_facts_read(og_jroot(&d), &own, &f, NULL);
		bool hit = og_mem_fault_disarm() >= at;
		ck_assert_int_eq(rc, hit ? -OG_E_OOM : 0);
		ck_assert_int_eq(f.desired == 77, hit);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kobj_rollout");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_is_read, 0, (int)OG_COUNT(rows));
	tcase_add_test(t, kinds);
	tcase_add_test(t, texts_are_cut);
	tcase_add_test(t, damaged_bytes);
	tcase_add_test(t, cut_bytes_are_refused);
	tcase_add_test(t, what_is_no_fact_is_not_packed);
	tcase_add_test(t, a_quiet_deployment_is_small);
	tcase_add_test(t, no_memory);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
