/* SPDX-License-Identifier: Apache-2.0 */
/* Mutating webhooks: what they are sent, when, and what becomes of their answers. */
#include <stdio.h>
#include "contract/cluster.h"
#include "contract/hook.h"

#define PODS "/api/v1/namespaces/@/pods"

/* nobody schedules it, so that it stays as it was created */
#define POD(meta)                                                                              \
	"{'metadata':{" meta "},'spec':{'automountServiceAccountToken':false,'schedulerName':" \
	"'nobody','containers':[{'name':'c','image':'i'}]}}"
#define TOUCH "[{'op':'add','path':'/metadata/labels','value':{'touched':'yes'}}]"

static struct ct_reply *pod(const char *name)
{
	char body[512];

	snprintf(body, sizeof(body), POD("'name':'%s'"), name);
	return ct("POST", PODS, body);
}

static void hooks_setup(void)
{
	ct_setup();
	/* its controllers make it, and pods need it */
	ck_assert(!ct_real() || ct_wait("/api/v1/namespaces/%s/serviceaccounts/default", 200));
	ct_hook_start();
}

static void hooks_teardown(void)
{
	ct_hook_stop();
	ct_teardown();
}

START_TEST(envelope)
{
	json_t *v;

	ct_hook_register(1, NULL);
	ck_assert_int_eq(pod("p")->code, 201);
	ck_assert_int_eq((int)ct_hook_count(0), 1);
	v = ct_hook_review(0, 0);
	ck_assert_str_eq(ct_text(v, "kind"), "AdmissionReview");
	ck_assert_str_eq(ct_text(v, "apiVersion"), "admission.k8s.io/v1");
	ck_assert_int_eq((int)strlen(ct_text(v, "request.uid")), 36);
	ck_assert_str_eq(ct_text(v, "request.kind.kind"), "Pod");
	ck_assert_str_eq(ct_text(v, "request.kind.version"), "v1");
	ck_assert_str_eq(ct_text(v, "request.resource.resource"), "pods");
	ck_assert_str_eq(ct_text(v, "request.requestKind.kind"), "Pod");
	ck_assert_str_eq(ct_text(v, "request.requestResource.resource"), "pods");
	ck_assert_str_eq(ct_text(v, "request.namespace"), ct_ns);
	ck_assert_str_eq(ct_text(v, "request.name"), "p");
	ck_assert_str_eq(ct_text(v, "request.operation"), "CREATE");
	ck_assert_str_ne(ct_text(v, "request.userInfo.username"), "");
	ck_assert(json_is_null(ct_at(v, "request.oldObject")));
	ck_assert(json_is_false(ct_at(v, "request.dryRun")));
	ck_assert_str_eq(ct_text(v, "request.options.kind"), "CreateOptions");
	ck_assert_str_eq(ct_text(v, "request.options.apiVersion"), "meta.k8s.io/v1");
	ck_assert_str_eq(ct_text(v, "timeout"), "5s");
	ck_assert_str_eq(ct_text(v, "agent"), "kube-apiserver-admission");
}
END_TEST

START_TEST(object_as_sent)
{
	json_t *o;

	ct_hook_register(1, NULL);
	ck_assert_int_eq(ct("POST", PODS, POD("'generateName':'g-'"))->code, 201);
	o = ct_at(ct_hook_review(0, 0), "request.object");
	ck_assert_str_eq(ct_text(o, "kind"), "Pod");
	ck_assert_str_eq(ct_text(o, "apiVersion"), "v1");
	ck_assert_str_eq(ct_text(o, "metadata.generateName"), "g-");
	ck_assert_str_eq(ct_text(o, "metadata.namespace"), ct_ns);
	ck_assert_ptr_null(ct_at(o, "metadata.resourceVersion"));
	ck_assert_str_eq(ct_text(o, "spec.restartPolicy"), "Always");
	ck_assert_str_eq(ct_text(o, "spec.serviceAccountName"), "default");
	ck_assert_int_eq(ct_int(o, "spec.tolerations.0.tolerationSeconds"), 300);
	ck_assert(json_is_true(ct_at(o, "spec.enableServiceLinks")));
	ck_assert_str_eq(ct_text(o, "spec.preemptionPolicy"), "PreemptLowerPriority");
	ck_assert_str_eq(ct_text(o, "metadata.managedFields.0.operation"), "Update");
}
END_TEST

START_TEST(patch_is_applied)
{
	struct ct_reply *r;

	ct_hook_script[0].patch = TOUCH;
	ct_hook_script[0].warning = "careful";
	ct_hook_register(1, NULL);
	r = pod("p");
	ck_assert_int_eq(r->code, 201);
	ck_assert_str_eq(ct_text(r->json, "metadata.labels.touched"), "yes");
	ck_assert_str_eq(r->warning, "299 - \"careful\"");
	r = ct_want(200, "GET", PODS "/p", NULL);
	ck_assert_str_eq(ct_text(r->json, "metadata.labels.touched"), "yes");
}
END_TEST

START_TEST(dry_run_is_told)
{
	struct ct_reply *r;

	ct_hook_script[0].patch = TOUCH;
	ct_hook_register(1, NULL);
	r = ct_want(201, "POST", PODS "?dryRun=All", POD("'name':'p'"));
	ck_assert_str_eq(ct_text(r->json, "metadata.labels.touched"), "yes");
	ck_assert(json_is_true(ct_at(ct_hook_review(0, 0), "request.dryRun")));
	ct_want(404, "GET", PODS "/p", NULL);
}
END_TEST

START_TEST(refusal)
{
	ct_hook_script[0].deny = "not today";
	ct_hook_register(1, ",'failurePolicy':'Ignore'");
	ct_status(pod("p"), 418, "",
		"admission webhook 'h0.contract.example.org' denied the request: not today");
}
END_TEST

static const struct {
	struct ct_hook_script s;
} broken[] = {
	{{.status = 500}},
	{{.status = 400}},
	{{.raw = "not JSON"}},
	{{.raw = "{}"}},
	{{.raw = "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}"}},
	{{.wrong_uid = true}},
	{{.patch = TOUCH, .no_type = true}},
};

START_TEST(faults_of_the_webhook_fail_open)
{
	ct_hook_register(1, ",'failurePolicy':'Ignore'");
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		char name[16];
		struct ct_reply *r;

		ct_hook_script[0] = broken[i].s;
		snprintf(name, sizeof(name), "p%zu", i);
		r = pod(name);
		ck_assert_msg(r->code == 201, "%zu: %s", i, r->body);
		ck_assert_ptr_null(ct_at(r->json, "metadata.labels.touched"));
	}
}
END_TEST

START_TEST(faults_of_the_webhook_fail_closed)
{
	ct_hook_register(1, NULL);
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct ct_reply *r;

		ct_hook_script[0] = broken[i].s;
		r = pod("p");
		ct_status(r, 500, "InternalError", NULL);
		ck_assert_msg(strstr(ct_text(r->json, "message"),
				      ct_json("failed calling webhook 'h0.contract.example.org'")),
			"%zu: %s", i, r->body);
	}
}
END_TEST

START_TEST(bad_patch_is_fatal_even_so)
{
	struct ct_reply *r;

	ct_hook_script[0].patch = "[{'op':'add','path':'/metadata/nope/x','value':1}]";
	ct_hook_register(1, ",'failurePolicy':'Ignore'");
	r = pod("p");
	ck_assert_msg(r->code == 500, "%s", r->body);
	ct_hook_script[0].patch = "[{'op':'replace','path':'/spec','value':7}]";
	r = pod("p");
	ck_assert_msg(r->code == 500, "%s", r->body);
}
END_TEST

START_TEST(object_selector)
{
	ct_hook_script[0].patch = TOUCH;
	ct_hook_register(1, ",'objectSelector':{'matchExpressions':[{'key':'skip','operator':"
			    "'DoesNotExist'}]}");
	ct_want(201, "POST", PODS, POD("'name':'p','labels':{'skip':'yes'}"));
	ck_assert_int_eq((int)ct_hook_count(0), 0);
	ct_want(201, "POST", PODS, POD("'name':'q','labels':{'a':'b'}"));
	ck_assert_int_eq((int)ct_hook_count(0), 1);
}
END_TEST

static const struct {
	const char *expression;
	bool called;
} expressions[] = {
	{"true", true}, {"1 == 2", false},
	{"!(has(object.metadata.annotations) && 'x' in object.metadata.annotations)", false},
	{"!(has(object.metadata.labels) && 'x' in object.metadata.labels)", true},
	{"has(object.metadata.annotations) && object.metadata.annotations['x'] == 'y'", true},
	{"has(object.metadata.labels) ? false : object.spec.schedulerName == 'nobody'", true},
	{"object.metadata.namespace.startsWith('contract') || request.namespace == ''", true},
	{"request.operation == 'CREATE' && request.userInfo.username != ''", true},
	{"object.spec.containers.size() > 1", false},
	{"object.metadata.labels['nope'] == 'x' || true", true},
	{"object.metadata.labels['nope'] == 'x'", false}, /* an error: Ignore leaves it out */
};

START_TEST(match_conditions)
{
	char more[512];

	snprintf(more, sizeof(more),
		",'failurePolicy':'Ignore','matchConditions':[{'name':'c','expression':"
		"\"(has(object.metadata.labels) && 'canary' in object.metadata.labels) || (%s)\"}]",
		expressions[_i].expression);
	/* the quotes of CEL stay what they are */
	for (char *p = strstr(more, "\"(has"); p && *p && strncmp(p, ")\"}", 3); p++)
		if (*p == '\'')
			*p = '`';
	ct_hook_register(1, more);
	ct_want(201, "POST", PODS, POD("'name':'p','annotations':{'x':'y'}"));
	ck_assert_msg((ct_hook_count(0) == 1) == expressions[_i].called, "%s",
		expressions[_i].expression);
}
END_TEST

START_TEST(chain_in_order)
{
	struct ct_reply *r;

	ct_hook_script[0].patch = TOUCH;
	ct_hook_script[1].patch = "[{'op':'add','path':'/metadata/labels/second','value':'yes'}]";
	ct_hook_register(2, NULL);
	r = pod("p");
	ck_assert_msg(r->code == 201, "%s", r->body);
	ck_assert_str_eq(ct_text(r->json, "metadata.labels.second"), "yes");
	ck_assert_str_eq(
		ct_text(ct_hook_review(1, 0), "request.object.metadata.labels.touched"), "yes");
	ck_assert_int_eq((int)ct_hook_count(0), 1);
	ck_assert_int_eq((int)ct_hook_count(1), 1);
}
END_TEST

START_TEST(reinvocation)
{
	ct_hook_script[0].patch = TOUCH;
	ct_hook_script[0].once = true;
	ct_hook_script[1].patch = "[{'op':'add','path':'/metadata/labels/second','value':'yes'}]";
	ct_hook_register(3, ",'reinvocationPolicy':'IfNeeded'");
	ck_assert_int_eq(pod("p")->code, 201);
	/* the second one changed the pod after the first had seen it; nothing did after that */
	ck_assert_int_eq((int)ct_hook_count(0), 2);
	ck_assert_int_eq((int)ct_hook_count(1), 1);
	ck_assert_int_eq((int)ct_hook_count(2), 1);
	ck_assert_str_eq(
		ct_text(ct_hook_review(0, 1), "request.object.metadata.labels.second"), "yes");
}
END_TEST

START_TEST(no_reinvocation_without_change)
{
	ct_hook_register(2, ",'reinvocationPolicy':'IfNeeded'");
	ck_assert_int_eq(pod("p")->code, 201);
	ck_assert_int_eq((int)ct_hook_count(0), 1);
	ck_assert_int_eq((int)ct_hook_count(1), 1);
}
END_TEST

START_TEST(one_change_is_not_told_to_its_author)
{
	ct_hook_script[0].patch = TOUCH;
	ct_hook_script[0].once = true;
	ct_hook_register(1, ",'reinvocationPolicy':'IfNeeded'");
	ck_assert_int_eq(pod("p")->code, 201);
	ck_assert_int_eq((int)ct_hook_count(0), 1);
}
END_TEST

START_TEST(unreachable)
{
	char body[1024], path[256];
	struct ct_reply *r;

	snprintf(body, sizeof(body),
		"{'metadata':{'name':'%s'},'webhooks':[{'name':'gone.contract.example.org',"
		"'admissionReviewVersions':['v1'],'sideEffects':'None','timeoutSeconds':2,"
		"'failurePolicy':'Fail','namespaceSelector':{'matchLabels':{"
		"'kubernetes.io/metadata.name':'%s'}},'clientConfig':{'url':'https://127.0.0.1:1/x'},"
		"'rules':[{'operations':['CREATE'],'apiGroups':[''],'apiVersions':['v1'],'resources':"
		"['pods']}]}]}",
		ct_ns, ct_ns);
	ct_want(201, "POST", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
		body);
	for (int i = 0; i < 4000; i++) {
		r = ct("POST", PODS "?dryRun=All", POD("'name':'p'"));
		if (r->code != 201)
			break;
	}
	ct_status(r, 500, "InternalError", NULL);
	ck_assert_msg(
		strstr(ct_text(r->json, "message"),
			ct_json("failed calling webhook 'gone.contract.example.org': failed to "
				"call webhook")),
		"%s", r->body);
	snprintf(path, sizeof(path),
		"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/%s", ct_ns);
	ct_want(200, "DELETE", path, NULL);
}
END_TEST

Suite *suite_admission(void)
{
	Suite *s = suite_create("contract: admission");
	TCase *tc = tcase_create("webhooks");
	const TTest *const tests[] = {envelope, object_as_sent, patch_is_applied, dry_run_is_told,
		refusal, faults_of_the_webhook_fail_open, faults_of_the_webhook_fail_closed,
		bad_patch_is_fatal_even_so, object_selector, chain_in_order, reinvocation,
		no_reinvocation_without_change, one_change_is_not_told_to_its_author, unreachable};

	tcase_add_checked_fixture(tc, hooks_setup, hooks_teardown);
	tcase_set_timeout(tc, 300);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
	tcase_add_loop_test(
		tc, match_conditions, 0, (int)(sizeof(expressions) / sizeof(*expressions)));
	suite_add_tcase(s, tc);
	return s;
}
