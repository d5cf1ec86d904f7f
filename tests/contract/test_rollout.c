/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers as a client sees them: Deployments roll, owners chain, status tells. */
#include <stdio.h>
#include <unistd.h>
#include "contract/cluster.h"

#define DEPS "/apis/apps/v1/namespaces/@/deployments"
#define SETS "/apis/apps/v1/namespaces/@/replicasets"
#define PODS "/api/v1/namespaces/@/pods"

static const char web[] =
	"{'metadata':{'name':'web'},'spec':{'replicas':2,'selector':{'matchLabels':{'a':'b'}},"
	"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'terminationGracePeriodSeconds':0,"
	"'containers':[{'name':'c','image':'i'}]}}}}";

static bool done(const json_t *d, long long want)
{
	return ct_int(d, "status.observedGeneration") == ct_int(d, "metadata.generation") &&
	       ct_int(d, "status.updatedReplicas") == want &&
	       ct_int(d, "status.availableReplicas") == want &&
	       ct_int(d, "status.replicas") == want;
}

/* Waits until the rollout is complete, by kubectl's own rules. */
static struct ct_reply *complete(long long want)
{
	struct ct_reply *r = NULL;

	for (int i = 0; i < 8000; i++) {
		r = ct_want(200, "GET", DEPS "/web", NULL);
		if (done(r->json, want))
			return r;
		usleep(25000); /* a cluster's controllers take their time */
	}
	ck_abort_msg("not complete: %.2000s", r->body);
	return r;
}

static const char *note(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(ct_at(o, "metadata.annotations"), key));

	return s ? s : "";
}

START_TEST(chain)
{
	struct ct_reply *d, *s, *p;
	const char *hash;
	json_t *pod;

	ct_want(201, "POST", DEPS, web);
	d = complete(2);
	ck_assert_str_eq(note(d->json, "deployment.kubernetes.io/revision"), "1");
	s = ct_want(200, "GET", SETS "?labelSelector=a%3Db", NULL);
	ck_assert_int_eq((int)json_array_size(ct_at(s->json, "items")), 1);
	ck_assert_str_eq(ct_text(s->json, "items.0.metadata.ownerReferences.0.kind"), "Deployment");
	ck_assert_str_eq(ct_text(s->json, "items.0.metadata.ownerReferences.0.uid"),
		ct_text(d->json, "metadata.uid"));
	ck_assert(json_is_true(ct_at(s->json, "items.0.metadata.ownerReferences.0.controller")));
	hash = ct_text(s->json, "items.0.metadata.labels.pod-template-hash");
	ck_assert_str_ne(hash, "");
	ck_assert_str_eq(
		ct_text(s->json, "items.0.spec.selector.matchLabels.pod-template-hash"), hash);
	p = ct_want(200, "GET", PODS, NULL);
	ck_assert_int_eq((int)json_array_size(ct_at(p->json, "items")), 2);
	pod = ct_at(p->json, "items.0");
	ck_assert_str_eq(ct_text(pod, "metadata.ownerReferences.0.kind"), "ReplicaSet");
	ck_assert_str_eq(ct_text(pod, "metadata.ownerReferences.0.uid"),
		ct_text(s->json, "items.0.metadata.uid"));
	ck_assert_str_eq(ct_text(pod, "metadata.labels.pod-template-hash"), hash);
	ck_assert_msg(!strncmp(ct_text(pod, "metadata.generateName"),
			      ct_text(s->json, "items.0.metadata.name"),
			      strlen(ct_text(s->json, "items.0.metadata.name"))),
		"%s", p->body);
	ck_assert_str_eq(ct_text(pod, "status.phase"), "Running");
	ck_assert_str_ne(ct_text(pod, "spec.nodeName"), "");
}
END_TEST

START_TEST(conditions)
{
	struct ct_reply *d;
	json_t *c;
	size_t i;
	int seen = 0;

	ct_want(201, "POST", DEPS, web);
	d = complete(2);
	json_array_foreach(ct_at(d->json, "status.conditions"), i, c)
	{
		if (!strcmp(ct_text(c, "type"), "Available")) {
			ck_assert_str_eq(ct_text(c, "status"), "True");
			ck_assert_str_eq(ct_text(c, "reason"), "MinimumReplicasAvailable");
			seen++;
		} else if (!strcmp(ct_text(c, "type"), "Progressing")) {
			ck_assert_str_eq(ct_text(c, "status"), "True");
			ck_assert_str_ne(ct_text(c, "lastUpdateTime"), "");
			seen++;
		}
	}
	ck_assert_int_eq(seen, 2);
}
END_TEST

START_TEST(restart)
{
	struct ct_reply *d, *s, *p;
	size_t i;
	json_t *v;

	ct_want(201, "POST", DEPS, web);
	complete(2);
	ct_opt.type = "application/strategic-merge-patch+json";
	ct_want(200, "PATCH", DEPS "/web",
		"{'spec':{'template':{'metadata':{'annotations':"
		"{'kubectl.kubernetes.io/restartedAt':'2026-01-01T00:00:00Z'}}}}}");
	d = complete(2);
	ck_assert_str_eq(note(d->json, "deployment.kubernetes.io/revision"), "2");
	s = ct_want(200, "GET", SETS, NULL);
	ck_assert_int_eq((int)json_array_size(ct_at(s->json, "items")), 2);
	json_array_foreach(ct_at(s->json, "items"), i, v)
	{
		bool new_one = !strcmp(note(v, "deployment.kubernetes.io/revision"), "2");

		ck_assert_int_eq(ct_int(v, "spec.replicas"), new_one ? 2 : 0);
	}
	for (int k = 0; k < 8000; k++) {
		p = ct_want(200, "GET", PODS, NULL);
		if (json_array_size(ct_at(p->json, "items")) == 2)
			break;
		usleep(25000);
	}
	json_array_foreach(ct_at(p->json, "items"), i, v) ck_assert_str_eq(
		note(v, "kubectl.kubernetes.io/restartedAt"), "2026-01-01T00:00:00Z");
}
END_TEST

START_TEST(scale)
{
	ct_want(201, "POST", DEPS, web);
	complete(2);
	ct_want(200, "PUT", DEPS "/web/scale", "{'metadata':{'name':'web'},'spec':{'replicas':5}}");
	complete(5);
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", DEPS "/web", "{'spec':{'replicas':1}}");
	complete(1);
}
END_TEST

START_TEST(deleted_pods_come_back)
{
	struct ct_reply *p;
	char path[256], uid[64];

	ct_want(201, "POST", DEPS, web);
	complete(2);
	p = ct_want(200, "GET", PODS, NULL);
	snprintf(path, sizeof(path), PODS "/%s", ct_text(p->json, "items.0.metadata.name"));
	snprintf(uid, sizeof(uid), "%s", ct_text(p->json, "items.0.metadata.uid"));
	ct_want(200, "DELETE", path, NULL);
	ck_assert(ct_wait(path, 404));
	complete(2);
}
END_TEST

START_TEST(deleted_deployments_take_all)
{
	struct ct_reply *p = NULL;

	ct_want(201, "POST", DEPS, web);
	complete(2);
	ct_want(200, "DELETE", DEPS "/web", "{'propagationPolicy':'Background'}");
	for (int i = 0; i < 8000; i++) {
		p = ct_want(200, "GET", PODS, NULL);
		if (!json_array_size(ct_at(p->json, "items")))
			break;
		usleep(25000);
	}
	ck_assert_int_eq((int)json_array_size(ct_at(p->json, "items")), 0);
}
END_TEST

START_TEST(paused)
{
	struct ct_reply *s;

	ct_want(201, "POST", DEPS, web);
	complete(2);
	ct_opt.type = "application/merge-patch+json";
	ct_want(200, "PATCH", DEPS "/web",
		"{'spec':{'paused':true,'template':{'metadata':{'annotations':{'x':'y'}}}}}");
	for (int i = 0; i < 8000; i++) {
		struct ct_reply *r = ct_want(200, "GET", DEPS "/web", NULL);

		if (ct_int(r->json, "status.observedGeneration") ==
			ct_int(r->json, "metadata.generation"))
			break;
		usleep(25000);
	}
	s = ct_want(200, "GET", SETS, NULL);
	ck_assert_int_eq((int)json_array_size(ct_at(s->json, "items")), 1);
}
END_TEST

START_TEST(stateful)
{
	static const char sts[] = "/apis/apps/v1/namespaces/%s/statefulsets";
	struct ct_reply *r = NULL;

	ct_want(201, "POST", sts,
		"{'metadata':{'name':'db'},'spec':{'replicas':2,'serviceName':'db','selector':{"
		"'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},'spec':{"
		"'terminationGracePeriodSeconds':0,'containers':[{'name':'c','image':'i'}]}}}}");
	for (int i = 0; i < 8000; i++) {
		r = ct_want(200, "GET", "/apis/apps/v1/namespaces/%s/statefulsets/db", NULL);
		if (ct_int(r->json, "status.readyReplicas") == 2)
			break;
		usleep(25000);
	}
	ck_assert_int_eq(ct_int(r->json, "status.readyReplicas"), 2);
	ck_assert_str_eq(ct_text(r->json, "status.currentRevision"),
		ct_text(r->json, "status.updateRevision"));
	r = ct_want(200, "GET", PODS "/db-1", NULL);
	ck_assert_str_eq(ct_text(r->json, "metadata.labels.controller-revision-hash"),
		ct_text(ct_want(200, "GET", "/apis/apps/v1/namespaces/%s/statefulsets/db", NULL)
				->json,
			"status.updateRevision"));
}
END_TEST

START_TEST(daemon_set)
{
	struct ct_reply *r = NULL;

	ct_want(201, "POST", "/apis/apps/v1/namespaces/%s/daemonsets",
		"{'metadata':{'name':'d'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{"
		"'metadata':{'labels':{'a':'b'}},'spec':{'terminationGracePeriodSeconds':0,"
		"'containers':[{'name':'c','image':'i'}]}}}}");
	for (int i = 0; i < 8000; i++) {
		r = ct_want(200, "GET", "/apis/apps/v1/namespaces/%s/daemonsets/d", NULL);
		if (ct_int(r->json, "status.desiredNumberScheduled") > 0 &&
			ct_int(r->json, "status.numberAvailable") ==
				ct_int(r->json, "status.desiredNumberScheduled"))
			break;
		usleep(25000);
	}
	ck_assert_int_ge(ct_int(r->json, "status.numberAvailable"), 1);
	ck_assert_int_eq(ct_int(r->json, "status.updatedNumberScheduled"),
		ct_int(r->json, "status.desiredNumberScheduled"));
}
END_TEST

START_TEST(job)
{
	struct ct_reply *r = NULL;

	ct_want(201, "POST", "/apis/batch/v1/namespaces/%s/jobs",
		"{'metadata':{'name':'j'},'spec':{'template':{'spec':{'restartPolicy':'Never',"
		"'terminationGracePeriodSeconds':0,'containers':[{'name':'c','image':'i'}]}}}}");
	for (int i = 0; i < 8000; i++) {
		r = ct_want(200, "GET", PODS, NULL);
		if (json_array_size(ct_at(r->json, "items")))
			break;
		usleep(25000);
	}
	ck_assert_str_eq(ct_text(r->json, "items.0.metadata.ownerReferences.0.kind"), "Job");
}
END_TEST

Suite *suite_rollout(void)
{
	Suite *s = suite_create("contract: rollout");

	CT_CASE(s, "deployments", chain, conditions, restart, scale, deleted_pods_come_back,
		deleted_deployments_take_all, paused);
	CT_CASE(s, "others", stateful, daemon_set, job);
	return s;
}
