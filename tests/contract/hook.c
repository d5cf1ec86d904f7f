/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "contract/cluster.h"
#include "contract/hook.h"
#include "otelgate/codec/base64.h"
#include "otelgate/net/certs.h"
#include "otelgate/net/httpd.h"

#define HOOKS "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"

struct ct_hook_script ct_hook_script[CT_HOOKS];

static struct {
	struct og_httpd *server;
	struct og_buf ca, ca_key, cert, key;
	pthread_mutex_t mu;
	json_t *seen[CT_HOOKS];
	bool registered;
} h = {.mu = PTHREAD_MUTEX_INITIALIZER};

static bool canary(const json_t *review)
{
	return !strcmp(ct_text(review, "request.object.metadata.labels.canary"), "yes");
}

static json_t *answer(const struct ct_hook_script *s, const json_t *review)
{
	json_t *r = json_pack("{s:s,s:b}", "uid",
		s->wrong_uid ? "no" : ct_text(review, "request.uid"), "allowed", s->deny == NULL);
	bool touched = *ct_text(review, "request.object.metadata.labels.touched") != '\0';
	struct og_buf b = OG_BUF_INIT(0), patch = OG_BUF_INIT(0);

	if (s->deny)
		json_object_set_new(
			r, "status", json_pack("{s:s,s:i}", "message", s->deny, "code", 418));
	if (s->patch && !(s->once && touched)) {
		for (const char *p = s->patch; *p; p++)
			og_buf_ch(&patch, *p == '\'' ? '"' : *p);
		og_base64_encode(&b, og_buf_view(&patch));
		json_object_set_new(r, "patch", json_string(b.p));
		if (!s->no_type)
			json_object_set_new(r, "patchType", json_string("JSONPatch"));
	}
	if (s->warning)
		json_object_set_new(r, "warnings", json_pack("[s]", s->warning));
	og_buf_fini(&b);
	og_buf_fini(&patch);
	return json_pack("{s:s,s:s,s:o}", "apiVersion", "admission.k8s.io/v1", "kind",
		"AdmissionReview", "response", r);
}

static void serve(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	int which = (int)(intptr_t)ctx;
	const struct ct_hook_script *s = &ct_hook_script[which];
	json_t *review = json_loadb(req->body.p, req->body.n, 0, NULL), *a;
	struct og_sv timeout = {0}, agent = {0};
	char *text;

	resp->content_type = "application/json";
	og_http_query(req, "timeout", &timeout);
	og_http_header(req, "User-Agent", &agent);
	if (review && !canary(review)) {
		json_object_set_new(review, "timeout", json_stringn(timeout.p, timeout.n));
		json_object_set_new(review, "agent", json_stringn(agent.p, agent.n));
		pthread_mutex_lock(&h.mu);
		json_array_append(h.seen[which], review);
		pthread_mutex_unlock(&h.mu);
	}
	a = answer(canary(review) ? &(struct ct_hook_script){.warning = "canary"} : s, review);
	text = json_dumps(a, JSON_COMPACT);
	if (!canary(review) && s->status)
		resp->status = s->status;
	og_buf_str(resp->body, !canary(review) && s->raw ? s->raw : text);
	free(text);
	json_decref(a);
	json_decref(review);
}

void ct_hook_start(void)
{
	static const char *const ips[] = {"127.0.0.1"}, *const dns[] = {"localhost"};
	static const struct og_route routes[CT_HOOKS] = {
		{"POST", "/hook0", serve, NULL, OG_ROUTE_JSON | OG_ROUTE_BODY},
		{"POST", "/hook1", serve, (void *)(intptr_t)1, OG_ROUTE_JSON | OG_ROUTE_BODY},
		{"POST", "/hook2", serve, (void *)(intptr_t)2, OG_ROUTE_JSON | OG_ROUTE_BODY},
	};
	int64_t now = (int64_t)time(NULL);
	struct og_ca_opts ca = {"contract", now - 3600, now + 86400};
	struct og_leaf_opts leaf = {"hook", dns, 1, ips, 1, now - 3600, now + 86400};
	struct og_httpd_opts o = {.address = "127.0.0.1", .routes = routes, .nroutes = CT_HOOKS};
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(!og_certs_make_ca(&ca, &h.ca, &h.ca_key, &err), "%s", err.msg);
	ck_assert_msg(!og_certs_make_leaf(og_buf_view(&h.ca), og_buf_view(&h.ca_key), &leaf,
			      &h.cert, &h.key, &err),
		"%s", err.msg);
	o.cert_pem = og_buf_view(&h.cert);
	o.key_pem = og_buf_view(&h.key);
	ck_assert_msg(!og_httpd_new(&o, &h.server, &err), "%s", err.msg);
	for (int i = 0; i < CT_HOOKS; i++)
		h.seen[i] = json_array();
}

void ct_hook_stop(void)
{
	char path[256];

	if (h.registered) {
		snprintf(path, sizeof(path), HOOKS "/%s", ct_ns);
		ct("DELETE", path, NULL);
	}
	og_httpd_free(h.server);
	for (int i = 0; i < CT_HOOKS; i++)
		json_decref(h.seen[i]);
	og_buf_fini(&h.ca);
	og_buf_fini(&h.ca_key);
	og_buf_fini(&h.cert);
	og_buf_fini(&h.key);
	h.server = NULL;
	h.registered = false;
	memset(ct_hook_script, 0, sizeof(ct_hook_script));
}

void ct_hook_register(int n, const char *more)
{
	struct og_buf b = OG_BUF_INIT(0), ca = OG_BUF_INIT(0);

	og_base64_encode(&ca, og_buf_view(&h.ca));
	og_buf_fmt(&b, "{'metadata':{'name':'%s'},'webhooks':[", ct_ns);
	for (int i = 0; i < n; i++)
		og_buf_fmt(&b,
			"%s{'name':'h%d.contract.example.org','admissionReviewVersions':['v1'],"
			"'sideEffects':'None','timeoutSeconds':5,'namespaceSelector':{'matchLabels':{"
			"'kubernetes.io/metadata.name':'%s'}},'clientConfig':{'url':"
			"'https://127.0.0.1:%u/hook%d','caBundle':'%s'},'rules':[{'operations':"
			"['CREATE'],'apiGroups':[''],'apiVersions':['v1'],'resources':['pods'],"
			"'scope':'Namespaced'}]%s}",
			i ? "," : "", i, ct_ns, og_httpd_port(h.server), i, ca.p, more ? more : "");
	og_buf_lit(&b, "]}");
	ct_want(201, "POST", HOOKS, b.p);
	h.registered = true;
	og_buf_fini(&b);
	og_buf_fini(&ca);
	/* a configuration is honoured after a while: asked until it answers */
	for (int i = 0; i < 4000; i++) {
		struct ct_reply *r = ct("POST", "/api/v1/namespaces/%s/pods?dryRun=All",
			"{'metadata':{'generateName':'canary-','labels':{'canary':'yes'}},'spec':{"
			"'automountServiceAccountToken':false,'containers':[{'name':'c','image':'i'}]}}");

		if (strstr(r->warning, "canary"))
			return;
		usleep(25000);
	}
	ck_abort_msg("the webhook was never called");
}

size_t ct_hook_count(int which)
{
	size_t n;

	pthread_mutex_lock(&h.mu);
	n = json_array_size(h.seen[which]);
	pthread_mutex_unlock(&h.mu);
	return n;
}

json_t *ct_hook_review(int which, size_t i)
{
	json_t *v;

	pthread_mutex_lock(&h.mu);
	v = json_array_get(h.seen[which], i);
	pthread_mutex_unlock(&h.mu);
	return v;
}

void ct_hook_forget(void)
{
	pthread_mutex_lock(&h.mu);
	for (int i = 0; i < CT_HOOKS; i++)
		json_array_clear(h.seen[i]);
	pthread_mutex_unlock(&h.mu);
}
