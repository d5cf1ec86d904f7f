/* SPDX-License-Identifier: Apache-2.0 */
/* Validation of Events, Leases, names, labels, workloads, webhook configurations. */
#include <stdio.h>
#include "contract/cluster.h"

#define EVENTS "/apis/events.k8s.io/v1/namespaces/@/events"
#define LEASES "/apis/coordination.k8s.io/v1/namespaces/@/leases"
#define HOOKS  "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
#define NOW    "2026-01-02T03:04:05.678901Z"

/* A good Event; `rest` replaces members, as later keys do. */
static struct ct_reply *event(const char *replace)
{
	json_t *o = json_loads(ct_json("{'metadata':{'name':'e'},'eventTime':'" NOW
				       "','type':'Normal','reason':'Injected','action':'Inject',"
				       "'reportingController':'otelgate.dev/controller',"
				       "'reportingInstance':'pod-1','note':'hello','regarding':{"
				       "'apiVersion':'apps/v1','kind':'Deployment','name':'web',"
				       "'namespace':'%s','uid':'u-1'}}"),
		0, NULL);
	json_t *r = json_loads(ct_json(replace), 0, NULL);
	struct ct_reply *reply;
	char *text;

	ck_assert(o && r);
	json_object_update(o, r);
	text = json_dumps(o, 0);
	reply = ct("POST", EVENTS, text);
	free(text);
	json_decref(o);
	json_decref(r);
	return reply;
}

START_TEST(event_fields)
{
	static const struct {
		const char *replace, *field;
	} bad[] = {
		{"{'eventTime':null}", "eventTime"},
		{"{'type':'Info'}", "type"},
		{"{'reason':''}", "reason"},
		{"{'action':''}", "action"},
		{"{'reportingController':''}", "reportingController"},
		{"{'reportingController':'no spaces/x'}", "reportingController"},
		{"{'reportingInstance':''}", "reportingInstance"},
		{"{'series':{'count':1,'lastObservedTime':'" NOW "'}}", "series.count"},
		{"{'deprecatedCount':2}", "count"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ct_reply *r = event(bad[i].replace);
		size_t n;
		json_t *c;
		bool named = false;

		ct_status(r, 422, "Invalid", NULL);
		json_array_foreach(ct_at(r->json, "details.causes"), n, c)
		{
			if (!strcmp(ct_text(c, "field"), bad[i].field))
				named = true;
		}
		ck_assert_msg(named, "%s: %s", bad[i].field, r->body);
	}
}
END_TEST

static void long_text(const char *member, size_t n, bool fine)
{
	char *text = malloc(n + 64);
	int at = snprintf(text, 64, "{\"%s\":\"", member);
	struct ct_reply *r;

	memset(text + at, 'x', n);
	memcpy(text + at + (int)n, "\"}", 3);
	r = event(text);
	ck_assert_msg(r->code == (fine ? 201 : 422), "%s %zu: %s", member, n, r->body);
	free(text);
	if (fine)
		ct_want(200, "DELETE", EVENTS "/e", NULL);
}

START_TEST(event_lengths)
{
	long_text("note", 1024, true);
	long_text("note", 1025, false);
	long_text("reason", 128, true);
	long_text("reason", 129, false);
	long_text("action", 129, false);
	long_text("reportingInstance", 129, false);
}
END_TEST

START_TEST(event_of_another_namespace)
{
	/* unlike in the core group, what an event is about may be elsewhere, or nowhere */
	ck_assert_int_eq(
		event("{'regarding':{'kind':'Pod','name':'x','namespace':'other'}}")->code, 201);
}
END_TEST

START_TEST(event_series)
{
	struct ct_reply *r = event("{}");

	ck_assert_msg(r->code == 201, "%s", r->body);
	ck_assert_str_eq(ct_text(r->json, "kind"), "Event");
	ck_assert_str_eq(ct_text(r->json, "apiVersion"), "events.k8s.io/v1");
	ck_assert_str_eq(ct_text(r->json, "note"), "hello");
	ct_opt.type = "application/strategic-merge-patch+json";
	r = ct("PATCH", EVENTS "/e", "{'series':{'count':2,'lastObservedTime':'" NOW "'}}");
	ck_assert_msg(r->code == 200, "%s", r->body);
	ck_assert_int_eq(ct_int(r->json, "series.count"), 2);
	ct_opt.type = "application/strategic-merge-patch+json";
	ct_status(ct("PATCH", EVENTS "/e", "{'note':'other'}"), 422, "Invalid", NULL);
}
END_TEST

START_TEST(event_in_the_core_group)
{
	struct ct_reply *r;

	ck_assert_int_eq(event("{}")->code, 201);
	r = ct_want(200, "GET", "/api/v1/namespaces/%s/events/e", NULL);
	ck_assert_str_eq(ct_text(r->json, "message"), "hello");
	ck_assert_str_eq(ct_text(r->json, "involvedObject.name"), "web");
	ck_assert_str_eq(ct_text(r->json, "reportingComponent"), "otelgate.dev/controller");
	r = ct_want(200, "GET",
		"/api/v1/namespaces/%s/events?fieldSelector=involvedObject.name%3Dweb", NULL);
	ck_assert_int_eq((int)json_array_size(ct_at(r->json, "items")), 1);
	r = ct_want(200, "GET", EVENTS, NULL);
	ck_assert_str_eq(ct_text(r->json, "items.0.regarding.name"), "web");
}
END_TEST

START_TEST(lease_rules)
{
	ct_status(ct("POST", LEASES, "{'metadata':{'name':'l'},'spec':{'leaseDurationSeconds':0}}"),
		422, "Invalid", NULL);
	ct_status(ct("POST", LEASES, "{'metadata':{'name':'l'},'spec':{'leaseTransitions':-1}}"),
		422, "Invalid", NULL);
}
END_TEST

START_TEST(lease_cycle)
{
	struct ct_reply *a = ct_want(201, "POST", LEASES,
		"{'metadata':{'name':'l'},'spec':{'holderIdentity':'me','leaseDurationSeconds':15,"
		"'acquireTime':'" NOW "','renewTime':'" NOW "','leaseTransitions':0}}");
	struct ct_reply *r;
	char body[512];

	ck_assert_str_eq(ct_text(a->json, "spec.renewTime"), NOW);
	snprintf(body, sizeof(body),
		"{'metadata':{'name':'l','resourceVersion':'%s'},'spec':{'holderIdentity':'you',"
		"'leaseDurationSeconds':15,'leaseTransitions':1}}",
		ct_rv(a));
	r = ct_want(200, "PUT", LEASES "/l", body);
	ck_assert_str_eq(ct_text(r->json, "spec.holderIdentity"), "you");
	ct_status(ct("PUT", LEASES "/l", body), 409, "Conflict",
		"Operation cannot be fulfilled on leases.coordination.k8s.io 'l': the object has been "
		"modified; please apply your changes to the latest version and try again");
	ct_status(ct("PUT", LEASES "/l", "{'metadata':{'name':'l'},'spec':{}}"), 422, "Invalid",
		NULL);
}
END_TEST

START_TEST(lease_put_creates)
{
	ct_want(201, "PUT", LEASES "/new",
		"{'metadata':{'name':'new'},'spec':{'holderIdentity':'me'}}");
}
END_TEST

START_TEST(names)
{
	static const char *const bad[] = {"UPPER", "under_score", "-dash", "a..b", "a/b", "ü"};
	char body[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ct_reply *r;

		snprintf(body, sizeof(body), "{'metadata':{'name':'%s'}}", bad[i]);
		r = ct("POST", "/api/v1/namespaces/%s/configmaps", body);
		ct_status(r, 422, "Invalid", NULL);
		ck_assert_str_eq(ct_text(r->json, "details.causes.0.field"), "metadata.name");
	}
}
END_TEST

START_TEST(labels)
{
	ct_status(ct("POST", "/api/v1/namespaces/%s/configmaps",
			  "{'metadata':{'name':'a','labels':{'a b':'c'}}}"),
		422, "Invalid", NULL);
	ct_status(ct("POST", "/api/v1/namespaces/%s/configmaps",
			  "{'metadata':{'name':'a','labels':{'a':'-x'}}}"),
		422, "Invalid", NULL);
	ct_status(ct("POST", "/api/v1/namespaces/%s/configmaps",
			  "{'metadata':{'name':'a','annotations':{'a b':'c'}}}"),
		422, "Invalid", NULL);
}
END_TEST

START_TEST(deployment_selector)
{
	static const char deps[] = "/apis/apps/v1/namespaces/%s/deployments";
	struct ct_reply *r = ct("POST", deps,
		"{'metadata':{'name':'w'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{"
		"'metadata':{'labels':{'a':'other'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}");

	ct_status(r, 422, "Invalid", NULL);
	ck_assert_str_eq(ct_text(r->json, "details.group"), "apps");
	ck_assert_str_eq(ct_text(r->json, "details.kind"), "Deployment");
	ck_assert_str_eq(
		ct_text(r->json, "details.causes.0.field"), "spec.template.metadata.labels");
	ct_status(
		ct("POST", deps,
			"{'metadata':{'name':'w'},'spec':{'selector':{'matchLabels':{'a':'b'}},"
			"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[]}}}}"),
		422, "Invalid", NULL);
}
END_TEST

START_TEST(pods_are_immutable)
{
	struct ct_reply *r;

	/* a node that does not exist keeps schedulers and kubelets away from it */
	ct_want(201, "POST", "/api/v1/namespaces/%s/pods",
		"{'metadata':{'name':'p'},'spec':{'automountServiceAccountToken':false,"
		"'schedulerName':'nobody','containers':[{'name':'c','image':'i'}]}}");
	ct_opt.type = "application/strategic-merge-patch+json";
	r = ct("PATCH", "/api/v1/namespaces/%s/pods/p",
		"{'spec':{'containers':[{'name':'c','env':[{'name':'A','value':'1'}]}]}}");
	ct_status(r, 422, "Invalid", NULL);
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.field"), "spec");
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.reason"), "FieldValueForbidden");
	ct_opt.type = "application/strategic-merge-patch+json";
	r = ct("PATCH", "/api/v1/namespaces/%s/pods/p",
		"{'metadata':{'annotations':{'x':'y'}},"
		"'spec':{'containers':[{'name':'c','image':'other'}]}}");
	ck_assert_msg(r->code == 200, "%s", r->body);
}
END_TEST

static struct ct_reply *hook(const char *rest)
{
	char body[1024];

	snprintf(body, sizeof(body),
		"{'metadata':{'name':'%s'},'webhooks':[{'name':'a.b.example.org','clientConfig':{"
		"'url':'https://127.0.0.1:1/x'},'admissionReviewVersions':['v1'],'rules':[]%s}]}",
		ct_ns, rest);
	return ct("POST", HOOKS, body);
}

START_TEST(webhook_configurations)
{
	struct ct_reply *r;
	char path[256];

	ct_status(hook(",'sideEffects':'Some'"), 422, "Invalid", NULL);
	ct_status(hook(",'sideEffects':'None','timeoutSeconds':31"), 422, "Invalid", NULL);
	ct_status(hook(""), 422, "Invalid", NULL);
	r = hook(",'sideEffects':'None'");
	ck_assert_msg(r->code == 201, "%s", r->body);
	ck_assert_str_eq(ct_text(r->json, "webhooks.0.failurePolicy"), "Fail");
	ck_assert_str_eq(ct_text(r->json, "webhooks.0.matchPolicy"), "Equivalent");
	ck_assert_str_eq(ct_text(r->json, "webhooks.0.reinvocationPolicy"), "Never");
	ck_assert_int_eq(ct_int(r->json, "webhooks.0.timeoutSeconds"), 10);
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 1);
	snprintf(path, sizeof(path), HOOKS "/%s", ct_ns);
	ct_want(200, "DELETE", path, NULL);
}
END_TEST

Suite *suite_validation(void)
{
	Suite *s = suite_create("contract: validation");

	CT_CASE(s, "events", event_fields, event_lengths, event_of_another_namespace, event_series,
		event_in_the_core_group);
	CT_CASE(s, "leases", lease_rules, lease_cycle, lease_put_creates);
	CT_CASE(s, "others", names, labels, deployment_selector, pods_are_immutable,
		webhook_configurations);
	return s;
}
