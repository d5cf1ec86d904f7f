/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that do not do well, and what their workloads say about it. */
#include <stdio.h>
#include <unistd.h>
#include "contract/cluster.h"

#define PODS "/api/v1/namespaces/@/pods"
#define DEPS "/apis/apps/v1/namespaces/@/deployments"
#define SETS "/apis/apps/v1/namespaces/@/replicasets"
#define STS  "/apis/apps/v1/namespaces/@/statefulsets"

/* Polls until `path` of what is at `url` is `want`. */
static struct ct_reply *until(const char *url, const char *path, const char *want)
{
	struct ct_reply *r = NULL;
	char got[32];

	for (int i = 0; i < 1200; i++) {
		const json_t *v;

		r = ct("GET", url, NULL);
		v = r->code == 200 ? ct_at(r->json, path) : NULL;
		snprintf(got, sizeof(got), "%lld", (long long)json_integer_value(v));
		if (v && !strcmp(json_is_string(v) ? json_string_value(v) : got, want))
			return r;
		usleep(25000); /* a cluster's controllers take their time */
	}
	ck_abort_msg("%s is never %s: %.3000s", path, want, r->body);
	return r;
}

static const json_t *condition(const json_t *o, const char *type)
{
	size_t i;
	json_t *c;

	json_array_foreach(ct_at(o, "status.conditions"), i, c)
	{
		if (!strcmp(ct_text(c, "type"), type))
			return c;
	}
	return NULL;
}

/* Until a condition has that reason. */
static struct ct_reply *until_reason(const char *url, const char *type, const char *reason)
{
	struct ct_reply *r = NULL;

	for (int i = 0; i < 1200; i++) {
		r = ct_want(200, "GET", url, NULL);
		if (!strcmp(ct_text(condition(r->json, type), "reason"), reason))
			return r;
		usleep(25000);
	}
	ck_abort_msg("%s is never %s: %.3000s", type, reason, r->body);
	return r;
}

static void pod(const char *behaviour, const char *annotations, const char *spec)
{
	char body[1024];

	snprintf(body, sizeof(body),
		"{'metadata':{'name':'p','labels':{'e2e.otelgate.dev/behaviour':'%s'},'annotations':{%s}},"
		"'spec':{%s'terminationGracePeriodSeconds':0,'containers':[{'name':'a','image':'i'},{"
		"'name':'b','image':'i'}]}}",
		behaviour, annotations, spec);
	ct_want(201, "POST", PODS, body);
}

#define C0 "status.containerStatuses.0."
#define C1 "status.containerStatuses.1."

START_TEST(crashes)
{
	struct ct_reply *r;

	pod("crash",
		"'e2e.otelgate.dev/container':'b','e2e.otelgate.dev/exit-code':'137',"
		"'e2e.otelgate.dev/reason':'OOMKilled'",
		"");
	until(PODS "/p", C1 "restartCount", "2");
	r = until(PODS "/p", C1 "state.waiting.reason", "CrashLoopBackOff");
	ck_assert_str_eq(ct_text(r->json, "status.phase"), "Running");
	ck_assert_int_eq(ct_int(r->json, C1 "lastState.terminated.exitCode"), 137);
	ck_assert_str_eq(ct_text(r->json, C1 "lastState.terminated.reason"), "OOMKilled");
	ck_assert_str_ne(ct_text(r->json, C0 "state.running.startedAt"), "");
	ck_assert(json_is_true(ct_at(r->json, C0 "ready")));
	ck_assert_str_eq(ct_text(condition(r->json, "Ready"), "status"), "False");
}
END_TEST

START_TEST(waits)
{
	static const struct {
		const char *behaviour, *reason, *phase;
	} t[] = {{"image-pull", "ImagePullBackOff", "Pending"},
		{"config-error", "CreateContainerConfigError", "Pending"}};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct ct_reply *r;

		pod(t[i].behaviour, "", "");
		r = until(PODS "/p", C0 "state.waiting.reason", t[i].reason);
		ck_assert_str_eq(ct_text(r->json, "status.phase"), t[i].phase);
		ck_assert_str_ne(ct_text(r->json, C0 "state.waiting.message"), "");
		ck_assert_str_eq(ct_text(condition(r->json, "PodScheduled"), "status"), "True");
		ck_assert_str_eq(ct_text(condition(r->json, "Ready"), "status"), "False");
		/* it recovers when what was missing is there */
		ct_opt.type = "application/merge-patch+json";
		ct_want(200, "PATCH", PODS "/p",
			"{'metadata':{'labels':{'e2e.otelgate.dev/behaviour':'healthy'}}}");
		r = until(PODS "/p", "status.phase", "Running");
		ck_assert_str_eq(ct_text(condition(r->json, "Ready"), "status"), "True");
		ct_want(200, "DELETE", PODS "/p", NULL);
		ck_assert(ct_wait(PODS "/p", 404));
	}
}
END_TEST

START_TEST(not_ready)
{
	struct ct_reply *r;

	pod("not-ready", "", "");
	r = until(PODS "/p", "status.phase", "Running");
	ck_assert_str_eq(ct_text(condition(r->json, "Ready"), "status"), "False");
	ck_assert_str_ne(ct_text(r->json, C0 "state.running.startedAt"), "");
	ck_assert(json_is_false(ct_at(r->json, C0 "ready")));
}
END_TEST

START_TEST(init_fails)
{
	struct ct_reply *r;

	pod("init-fail", "",
		"'initContainers':[{'name':'x','image':'i'},{'name':'y','image':'i'}],");
	r = until(PODS "/p", "status.initContainerStatuses.0.state.waiting.reason",
		"CrashLoopBackOff");
	ck_assert_str_eq(ct_text(r->json, "status.phase"), "Pending");
	ck_assert_int_eq(
		ct_int(r->json, "status.initContainerStatuses.0.lastState.terminated.exitCode"), 1);
	ck_assert_str_eq(ct_text(r->json, "status.initContainerStatuses.1.state.waiting.reason"),
		"PodInitializing");
	ck_assert_str_eq(ct_text(r->json, C0 "state.waiting.reason"), "PodInitializing");
	ck_assert_str_eq(ct_text(condition(r->json, "Initialized"), "status"), "False");
}
END_TEST

START_TEST(unschedulable)
{
	struct ct_reply *r;

	pod("healthy", "", "'nodeSelector':{'no':'where'},");
	r = until_reason(PODS "/p", "PodScheduled", "Unschedulable");
	ck_assert_str_eq(ct_text(condition(r->json, "PodScheduled"), "status"), "False");
	ck_assert_ptr_nonnull(strstr(ct_text(condition(r->json, "PodScheduled"), "message"),
		"node(s) didn't match Pod's node affinity/selector"));
	ck_assert_str_eq(ct_text(r->json, "status.phase"), "Pending");
	ck_assert_ptr_null(ct_at(r->json, "spec.nodeName"));
}
END_TEST

static void deploy(int replicas, const char *more, const char *labels)
{
	char body[1024];

	snprintf(body, sizeof(body),
		"{'metadata':{'name':'web'},'spec':{'replicas':%d,%s'selector':{'matchLabels':{'a':'b'}},"
		"'template':{'metadata':{'labels':{'a':'b'%s}},'spec':{'terminationGracePeriodSeconds':0,"
		"'containers':[{'name':'c','image':'i'}]}}}}",
		replicas, more, labels);
	ct_want(201, "POST", DEPS, body);
}

START_TEST(quota)
{
	struct ct_reply *r;
	const char *m;

	ct_want(201, "POST", "/api/v1/namespaces/@/resourcequotas",
		"{'metadata':{'name':'q'},'spec':{'hard':{'pods':'1'}}}");
	until("/api/v1/namespaces/@/resourcequotas/q", "status.used.pods", "0");
	deploy(2, "", "");
	r = until_reason(DEPS "/web", "ReplicaFailure", "FailedCreate");
	m = ct_text(condition(r->json, "ReplicaFailure"), "message");
	ck_assert_msg(strstr(m, "is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, "
				"limited: pods=1") != NULL,
		"%s", m);
	r = ct_want(200, "GET", SETS, NULL);
	ck_assert_str_eq(ct_text(condition(ct_at(r->json, "items.0"), "ReplicaFailure"), "reason"),
		"FailedCreate");
	until("/api/v1/namespaces/@/resourcequotas/q", "status.used.pods", "1");
	r = ct("POST", PODS,
		"{'metadata':{'name':'x'},'spec':{'containers':[{'name':'c','image':'i'}]}}");
	ct_status(r, 403, "Forbidden",
		"pods 'x' is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: "
		"pods=1");
	/* with more room it goes on by itself */
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", "/api/v1/namespaces/@/resourcequotas/q",
		"{'spec':{'hard':{'pods':'5'}}}");
	r = until(DEPS "/web", "status.availableReplicas", "2");
	ck_assert(!condition(r->json, "ReplicaFailure"));
}
END_TEST

START_TEST(pod_security)
{
	struct ct_reply *r;

	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", "/api/v1/namespaces/%s",
		"{'metadata':{'labels':{'pod-security.kubernetes.io/enforce':'restricted'}}}");
	usleep(300000); /* the plugin hears of the label a moment later */
	r = ct("POST", PODS,
		"{'metadata':{'name':'p'},'spec':{'hostNetwork':true,'containers':[{'name':'c','image':"
		"'i'},{'name':'d','image':'i'}]}}");
	ct_status(r, 403, "Forbidden",
		"pods 'p' is forbidden: violates PodSecurity 'restricted:latest': host namespaces "
		"(hostNetwork=true), allowPrivilegeEscalation != false (containers 'c', 'd' must set "
		"securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "
		"'c', 'd' must set securityContext.capabilities.drop=['ALL']), runAsNonRoot != true (pod "
		"or containers 'c', 'd' must set securityContext.runAsNonRoot=true), seccompProfile (pod "
		"or containers 'c', 'd' must set securityContext.seccompProfile.type to "
		"'RuntimeDefault' or 'Localhost')");
	deploy(1, "", "");
	r = until_reason(DEPS "/web", "ReplicaFailure", "FailedCreate");
	ck_assert_ptr_nonnull(strstr(ct_text(condition(r->json, "ReplicaFailure"), "message"),
		"is forbidden: violates PodSecurity \"restricted:latest\": "));
	ct_want(201, "POST", PODS,
		"{'metadata':{'name':'good'},'spec':{'securityContext':{'runAsNonRoot':true,"
		"'seccompProfile':{'type':'RuntimeDefault'}},'containers':[{'name':'c','image':'i',"
		"'securityContext':{'allowPrivilegeEscalation':false,'capabilities':{'drop':['ALL']}}}]}"
		"}");
}
END_TEST

START_TEST(deadline)
{
	struct ct_reply *r;

	deploy(1, "'progressDeadlineSeconds':2,", ",'e2e.otelgate.dev/behaviour':'not-ready'");
	r = until_reason(DEPS "/web", "Progressing", "ProgressDeadlineExceeded");
	ck_assert_str_eq(ct_text(condition(r->json, "Progressing"), "status"), "False");
	ck_assert_ptr_nonnull(strstr(ct_text(condition(r->json, "Progressing"), "message"),
		"has timed out progressing."));
	ck_assert_str_eq(ct_text(condition(r->json, "Available"), "status"), "False");
	ck_assert_int_eq(ct_int(r->json, "status.unavailableReplicas"), 1);
}
END_TEST

START_TEST(paused_conditions)
{
	struct ct_reply *r;

	deploy(1, "'paused':true,", "");
	r = until_reason(DEPS "/web", "Progressing", "DeploymentPaused");
	ck_assert_str_eq(ct_text(condition(r->json, "Progressing"), "status"), "Unknown");
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", DEPS "/web", "{'spec':{'paused':false}}");
	until_reason(DEPS "/web", "Progressing", "NewReplicaSetAvailable");
	/* scaled while it is paused, but not rolled */
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", DEPS "/web",
		"{'spec':{'paused':true,'replicas':3,'template':{'metadata':{'annotations':{'x':'y'}}}}}");
	until(DEPS "/web", "status.availableReplicas", "3");
	r = ct_want(200, "GET", SETS, NULL);
	ck_assert_int_eq((int)json_array_size(ct_at(r->json, "items")), 1);
}
END_TEST

/* Of a rollout that cannot go on the old pods stay: maxUnavailable 0, maxSurge 1. */
START_TEST(stuck_rollout)
{
	struct ct_reply *r;

	deploy(2, "'strategy':{'rollingUpdate':{'maxSurge':1,'maxUnavailable':0}},", "");
	until(DEPS "/web", "status.availableReplicas", "2");
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", DEPS "/web",
		"{'spec':{'template':{'metadata':{'labels':{'e2e.otelgate.dev/behaviour':'not-ready'}}}}}");
	until(DEPS "/web", "status.replicas", "3");
	r = until(DEPS "/web", "status.updatedReplicas", "1");
	ck_assert_int_eq(ct_int(r->json, "status.availableReplicas"), 2);
	ck_assert_int_eq(ct_int(r->json, "status.unavailableReplicas"), 1);
	ck_assert_str_eq(ct_text(condition(r->json, "Available"), "status"), "True");
}
END_TEST

/* Ready is not available before its time: one new pod, and the rollout waits with the old ones. */
START_TEST(min_ready_seconds)
{
	struct ct_reply *r;

	deploy(3, "'strategy':{'rollingUpdate':{'maxSurge':0,'maxUnavailable':1}},", "");
	until(DEPS "/web", "status.availableReplicas", "3");
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", DEPS "/web",
		"{'spec':{'minReadySeconds':500,'template':{'metadata':{'annotations':{'x':'y'}}}}}");
	until(DEPS "/web", "status.updatedReplicas", "1");
	r = until(DEPS "/web", "status.readyReplicas", "3");
	ck_assert_int_eq(ct_int(r->json, "status.availableReplicas"), 2);
	ck_assert_int_eq(ct_int(r->json, "status.updatedReplicas"), 1);
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", DEPS "/web", "{'spec':{'minReadySeconds':0}}");
	until(DEPS "/web", "status.updatedReplicas", "3");
	until(DEPS "/web", "status.availableReplicas", "3");
}
END_TEST

static void stateful(const char *strategy)
{
	char body[1024];

	snprintf(body, sizeof(body),
		"{'metadata':{'name':'db'},'spec':{'replicas':3,'serviceName':'db','updateStrategy':%s,"
		"'podManagementPolicy':'Parallel','selector':{'matchLabels':{'a':'b'}},'template':{"
		"'metadata':{'labels':{'a':'b'}},'spec':{'terminationGracePeriodSeconds':0,'containers':"
		"[{'name':'c','image':'i'}]}}}}",
		strategy);
	ct_want(201, "POST", STS, body);
	until(STS "/db", "status.readyReplicas", "3");
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", STS "/db",
		"{'spec':{'template':{'metadata':{'annotations':{'x':'y'}}}}}");
	until(STS "/db", "status.observedGeneration", "2");
}

START_TEST(partition)
{
	struct ct_reply *r, *p;
	char uid[64];

	stateful("{'type':'RollingUpdate','rollingUpdate':{'partition':2}}");
	until(STS "/db", "status.updatedReplicas", "1");
	r = until(STS "/db", "status.readyReplicas", "3");
	ck_assert_str_ne(ct_text(r->json, "status.currentRevision"),
		ct_text(r->json, "status.updateRevision"));
	p = ct_want(200, "GET", PODS "/db-2", NULL);
	ck_assert_str_eq(ct_text(p->json, "metadata.labels.controller-revision-hash"),
		ct_text(r->json, "status.updateRevision"));
	p = ct_want(200, "GET", PODS "/db-1", NULL);
	ck_assert_str_eq(ct_text(p->json, "metadata.labels.controller-revision-hash"),
		ct_text(r->json, "status.currentRevision"));
	/* one below the partition comes back as it was */
	p = ct_want(200, "GET", PODS "/db-0", NULL);
	snprintf(uid, sizeof(uid), "%s", ct_text(p->json, "metadata.uid"));
	ct_want(200, "DELETE", PODS "/db-0", NULL);
	for (int i = 0; i < 800; i++) {
		p = ct("GET", PODS "/db-0", NULL);
		if (p->code == 200 && strcmp(ct_text(p->json, "metadata.uid"), uid) != 0)
			break;
		usleep(25000);
	}
	ck_assert_str_ne(ct_text(p->json, "metadata.uid"), uid);
	ck_assert_str_eq(ct_text(p->json, "metadata.labels.controller-revision-hash"),
		ct_text(r->json, "status.currentRevision"));
	ck_assert_ptr_null(ct_at(p->json, "metadata.annotations.x"));
}
END_TEST

START_TEST(on_delete)
{
	struct ct_reply *r, *p;

	stateful("{'type':'OnDelete'}");
	r = ct_want(200, "GET", STS "/db", NULL);
	ck_assert_int_eq(ct_int(r->json, "status.readyReplicas"), 3);
	ct_want(200, "DELETE", PODS "/db-1", NULL);
	r = until(STS "/db", "status.updatedReplicas", "1");
	until(STS "/db", "status.readyReplicas", "3");
	p = ct_want(200, "GET", PODS "/db-1", NULL);
	ck_assert_str_eq(ct_text(p->json, "metadata.labels.controller-revision-hash"),
		ct_text(r->json, "status.updateRevision"));
}
END_TEST

START_TEST(cron_job)
{
	struct ct_reply *r = ct_want(201, "POST", "/apis/batch/v1/namespaces/@/cronjobs",
		"{'metadata':{'name':'c'},'spec':{'schedule':'* * * * *','suspend':true,'jobTemplate':{"
		"'spec':{'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':"
		"'i'}]}}}}}}");

	ck_assert(json_is_true(ct_at(r->json, "spec.suspend")));
	ck_assert_str_eq(ct_text(r->json, "spec.concurrencyPolicy"), "Allow");
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 1);
}
END_TEST

Suite *suite_pods(void)
{
	Suite *s = suite_create("contract: pods");

	CT_CASE(s, "pods", crashes, waits, not_ready, init_fails, unschedulable);
	CT_CASE(s, "deployments", quota, pod_security, deadline, paused_conditions, stuck_rollout,
		min_ready_seconds);
	CT_CASE(s, "others", partition, on_delete, cron_job);
	return s;
}
