/* SPDX-License-Identifier: Apache-2.0 */
/* NetworkPolicies, Services and their EndpointSlices. */
#include <stdio.h>
#include <unistd.h>
#include "contract/cluster.h"

#define POLS   "/apis/networking.k8s.io/v1/namespaces/@/networkpolicies"
#define SVCS   "/api/v1/namespaces/@/services"
#define SLICES "/apis/discovery.k8s.io/v1/namespaces/@/endpointslices"

static struct ct_reply *policy(const char *spec)
{
	char body[1024];

	snprintf(body, sizeof(body), "{'metadata':{'name':'p'},'spec':%s}", spec);
	return ct("POST", POLS, body);
}

START_TEST(policy_types)
{
	struct ct_reply *r = policy("{'podSelector':{}}");

	ck_assert_int_eq((int)r->code, 201);
	ck_assert_int_eq((int)json_array_size(ct_at(r->json, "spec.policyTypes")), 1);
	ck_assert_str_eq(ct_text(r->json, "spec.policyTypes.0"), "Ingress");
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 1);
	ct_want(200, "DELETE", POLS "/p", NULL);
	r = policy("{'egress':[{'to':[{'ipBlock':{'cidr':'10.0.0.0/8'}}],'ports':[{'port':53}]}]}");
	ck_assert_msg(r->code == 201, "%s", r->body);
	ck_assert_str_eq(ct_text(r->json, "spec.policyTypes.1"), "Egress");
	ck_assert_str_eq(ct_text(r->json, "spec.egress.0.ports.0.protocol"), "TCP");
	ck_assert(json_is_object(ct_at(r->json, "spec.podSelector")));
}
END_TEST

/* By server-side apply with forms that the server would write itself nothing changes again. */
START_TEST(policy_applied_twice)
{
	static const char body[] =
		"{'apiVersion':'networking.k8s.io/v1','kind':'NetworkPolicy','metadata':{'name':'p'},"
		"'spec':{'podSelector':{'matchLabels':{'a':'b'}},'policyTypes':['Egress'],'egress':[{"
		"'ports':[{'port':4318}],'to':[{'namespaceSelector':{},'podSelector':{'matchLabels':{"
		"'app':'alloy'}}}]}]}}";
	struct ct_reply *r;
	char first[32];

	ct_opt.type = "application/apply-patch+yaml";
	r = ct_want(201, "PATCH", POLS "/p?fieldManager=one&force=true", body);
	ck_assert_str_eq(ct_text(r->json, "spec.egress.0.ports.0.protocol"), "TCP");
	snprintf(first, sizeof(first), "%s", ct_rv(r));
	ct_opt.type = "application/apply-patch+yaml";
	r = ct_want(200, "PATCH", POLS "/p?fieldManager=one&force=true", body);
	ck_assert_str_eq(ct_rv(r), first);
	ck_assert_int_eq(ct_int(r->json, "metadata.generation"), 1);
}
END_TEST

START_TEST(policies_refused)
{
	static const struct {
		const char *spec, *field, *reason, *message;
	} bad[] = {
		{"{'podSelector':{},'policyTypes':['Foo']}", "spec.policyTypes[0]",
			"FieldValueNotSupported",
			"Unsupported value: 'Foo': supported values: 'Ingress', 'Egress'"},
		{"{'egress':[{'to':[{'ipBlock':{'cidr':'nope'}}]}]}",
			"spec.egress[0].to[0].ipBlock.cidr", "FieldValueInvalid",
			"Invalid value: 'nope': must be a valid CIDR value, (e.g. 10.9.8.0/24 or "
			"2001:db8::/64)"},
		{"{'ingress':[{'from':[{'ipBlock':{'cidr':'10.0.0.0/8','except':['11.0.0.0/16']}}]}]}",
			"spec.ingress[0].from[0].ipBlock.except[0]", "FieldValueInvalid",
			"Invalid value: '11.0.0.0/16': must be a strict subset of `cidr`"},
		{"{'egress':[{'to':[{}]}]}", "spec.egress[0].to[0]", "FieldValueRequired",
			"Required value: must specify a peer"},
		{"{'egress':[{'to':[{'ipBlock':{'cidr':'10.0.0.0/8'},'podSelector':{}}]}]}",
			"spec.egress[0].to[0]", "FieldValueForbidden",
			"Forbidden: may not specify both ipBlock and another peer"},
		{"{'egress':[{'ports':[{'port':99999}]}]}", "spec.egress[0].ports[0].port",
			"FieldValueInvalid",
			"Invalid value: 99999: must be between 1 and 65535, inclusive"},
		{"{'egress':[{'ports':[{'port':1,'protocol':'ICMP'}]}]}",
			"spec.egress[0].ports[0].protocol", "FieldValueNotSupported", NULL},
		{"{'egress':[{'ports':[{'port':'http','endPort':3}]}]}",
			"spec.egress[0].ports[0].endPort", "FieldValueInvalid",
			"Invalid value: 3: may not be specified when `port` is non-numeric"},
		{"{'egress':[{'ports':[{'port':10,'endPort':3}]}]}",
			"spec.egress[0].ports[0].endPort", "FieldValueInvalid",
			"Invalid value: 10: must be greater than or equal to `port`"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ct_reply *r = policy(bad[i].spec);

		ct_status(r, 422, "Invalid", NULL);
		ck_assert_str_eq(ct_text(r->json, "details.causes.0.field"), bad[i].field);
		ck_assert_str_eq(ct_text(r->json, "details.causes.0.reason"), bad[i].reason);
		/* ' stands for ", but ` is one */
		if (bad[i].message && !strchr(bad[i].message, '`'))
			ck_assert_str_eq(ct_text(r->json, "details.causes.0.message"),
				ct_json(bad[i].message));
	}
}
END_TEST

START_TEST(service_defaults)
{
	struct ct_reply *r = ct_want(201, "POST", SVCS,
		"{'metadata':{'name':'s'},'spec':{'selector':{'a':'b'},'ports':[{'port':4318}]}}");
	char ip[64];

	ck_assert_str_eq(ct_text(r->json, "spec.type"), "ClusterIP");
	ck_assert_str_ne(ct_text(r->json, "spec.clusterIP"), "");
	ck_assert_str_eq(ct_text(r->json, "spec.clusterIPs.0"), ct_text(r->json, "spec.clusterIP"));
	ck_assert_str_eq(ct_text(r->json, "spec.ipFamilies.0"), "IPv4");
	ck_assert_str_eq(ct_text(r->json, "spec.ports.0.protocol"), "TCP");
	ck_assert_int_eq(ct_int(r->json, "spec.ports.0.targetPort"), 4318);
	ck_assert_str_eq(ct_text(r->json, "spec.sessionAffinity"), "None");
	snprintf(ip, sizeof(ip), "%s", ct_text(r->json, "spec.clusterIP"));
	ct_opt.type = "application/merge-patch+json";
	r = ct_want(200, "PATCH", SVCS "/s", "{'spec':{'selector':{'a':'c'}}}");
	ck_assert_str_eq(ct_text(r->json, "spec.clusterIP"), ip);
}
END_TEST

START_TEST(services_of_other_kinds)
{
	struct ct_reply *r = ct_want(201, "POST", SVCS,
		"{'metadata':{'name':'h'},'spec':{'clusterIP':'None','selector':{'a':'b'},'ports':[{"
		"'name':'x','port':4318,'targetPort':'otlp'}]}}");

	ck_assert_str_eq(ct_text(r->json, "spec.clusterIP"), "None");
	ck_assert_str_eq(ct_text(r->json, "spec.ports.0.targetPort"), "otlp");
	r = ct_want(201, "POST", SVCS,
		"{'metadata':{'name':'e'},'spec':{'type':'ExternalName','externalName':'x.example.org'}}");
	ck_assert_ptr_null(ct_at(r->json, "spec.clusterIP"));
	r = ct("POST", SVCS, "{'metadata':{'name':'n'},'spec':{'selector':{'a':'b'}}}");
	ct_status(r, 422, "Invalid", "Service 'n' is invalid: spec.ports: Required value");
}
END_TEST

static struct ct_reply *slices(const char *service, size_t endpoints)
{
	struct ct_reply *r = NULL;
	char path[256];

	snprintf(path, sizeof(path), SLICES "?labelSelector=kubernetes.io%%2Fservice-name%%3D%s",
		service);
	for (int i = 0; i < 800; i++) {
		r = ct_want(200, "GET", path, NULL);
		if (json_array_size(ct_at(r->json, "items")) == 1 &&
			json_array_size(ct_at(r->json, "items.0.endpoints")) == endpoints &&
			(!endpoints || json_is_true(ct_at(
					       r->json, "items.0.endpoints.0.conditions.ready"))))
			return r;
		usleep(25000);
	}
	ck_abort_msg("no slice with %zu: %.2000s", endpoints, r->body);
	return r;
}

START_TEST(endpoint_slices)
{
	struct ct_reply *r, *p;

	ct_want(201, "POST", SVCS,
		"{'metadata':{'name':'s'},'spec':{'selector':{'a':'b'},'ports':[{'name':'otlp','port':"
		"4318,'targetPort':'http'}]}}");
	ct_want(201, "POST", "/api/v1/namespaces/@/pods",
		"{'metadata':{'name':'p','labels':{'a':'b'}},'spec':{'terminationGracePeriodSeconds':0,"
		"'containers':[{'name':'c','image':'i','ports':[{'name':'http','containerPort':8080}]}]}"
		"}");
	r = slices("s", 1);
	p = ct_want(200, "GET", "/api/v1/namespaces/@/pods/p", NULL);
	ck_assert_str_eq(ct_text(r->json, "items.0.addressType"), "IPv4");
	ck_assert_str_eq(ct_text(r->json, "items.0.metadata.ownerReferences.0.kind"), "Service");
	ck_assert_str_eq(ct_text(r->json, "items.0.endpoints.0.addresses.0"),
		ct_text(p->json, "status.podIP"));
	ck_assert_str_eq(ct_text(r->json, "items.0.endpoints.0.targetRef.name"), "p");
	ck_assert_int_eq(ct_int(r->json, "items.0.ports.0.port"), 8080);
	ck_assert_str_eq(ct_text(r->json, "items.0.ports.0.name"), "otlp");
	ct_want(200, "DELETE", "/api/v1/namespaces/@/pods/p", NULL);
	slices("s", 0);
}
END_TEST

Suite *suite_network(void)
{
	Suite *s = suite_create("contract: network");

	CT_CASE(s, "policies", policy_types, policy_applied_twice, policies_refused);
	CT_CASE(s, "services", service_defaults, services_of_other_kinds, endpoint_slices);
	return s;
}
