/* SPDX-License-Identifier: Apache-2.0 */
/* LIST: order, pages, versions, selection, metadata only, gzip. */
#include <stdio.h>
#include "contract/cluster.h"

#define CMS "/api/v1/namespaces/@/configmaps"

/* Five, with label n = 1 … 5; kube-root-ca.crt of a real cluster has no such label. */
static void five(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	static const char *const labels[] = {"1", "2", "3", "4", "5"};

	for (int i = 0; i < 5; i++)
		ct_configmap(names[i], labels[i]);
}

static const char *names_of(const struct ct_reply *r)
{
	static char text[512];
	size_t i, n = 0;
	json_t *v;

	text[0] = '\0';
	json_array_foreach(ct_at(r->json, "items"), i, v) n += (size_t)snprintf(
		text + n, sizeof(text) - n, "%s%s", i ? " " : "", ct_text(v, "metadata.name"));
	return text;
}

START_TEST(list_shape)
{
	struct ct_reply *r;

	five();
	r = ct_want(200, "GET", CMS "?labelSelector=n", NULL);
	ck_assert_str_eq(ct_text(r->json, "kind"), "ConfigMapList");
	ck_assert_str_eq(ct_text(r->json, "apiVersion"), "v1");
	ck_assert_str_ne(ct_rv(r), "");
	ck_assert_str_eq(names_of(r), "a b c d e");
	ck_assert_ptr_null(ct_at(r->json, "items.0.kind"));
	ck_assert_ptr_null(ct_at(r->json, "items.0.apiVersion"));
	ck_assert_ptr_null(ct_at(r->json, "metadata.continue"));
}
END_TEST

START_TEST(empty_list)
{
	struct ct_reply *r = ct_want(200, "GET", "/api/v1/namespaces/%s/pods", NULL);

	ck_assert(json_is_array(ct_at(r->json, "items")));
	ck_assert_int_eq((int)json_array_size(ct_at(r->json, "items")), 0);
	ct_want(200, "GET", "/api/v1/namespaces/no-such-ns/pods", NULL);
}
END_TEST

static const struct {
	const char *selector, *want;
} selections[] = {
	{"n=2", "b"},
	{"n%3D%3D2", "b"},
	{"n!=2,n", "a c d e"},
	{"n+in+(1,5)", "a e"},
	{"n+notin+(1,2,3),n", "d e"},
	{"n,!m", "a b c d e"},
	{"n=2,n=3", ""},
	{"n+in+(2),n!=3", "b"},
	{"m", ""},
};

START_TEST(label_selectors)
{
	five();
	for (size_t i = 0; i < sizeof(selections) / sizeof(*selections); i++) {
		char path[256];
		struct ct_reply *r;

		snprintf(path, sizeof(path), "/api/v1/namespaces/%s/configmaps?labelSelector=%s",
			ct_ns, selections[i].selector);
		r = ct_want(200, "GET", path, NULL);
		ck_assert_msg(!strcmp(names_of(r), selections[i].want), "%s: %s",
			selections[i].selector, names_of(r));
	}
}
END_TEST

START_TEST(bad_selectors)
{
	static const char *const bad[] = {"labelSelector=n+in+1", "labelSelector=a=b=c",
		"labelSelector=,", "labelSelector=n+in+(1", "fieldSelector=data.x%3Dy",
		"fieldSelector=metadata.name", "labelSelector=-x%3D1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char path[256];

		snprintf(path, sizeof(path), "/api/v1/namespaces/%s/configmaps?%s", ct_ns, bad[i]);
		ct_status(ct("GET", path, NULL), 400, "BadRequest", NULL);
	}
}
END_TEST

START_TEST(field_selectors)
{
	five();
	ck_assert_str_eq(
		names_of(ct_want(200, "GET", CMS "?fieldSelector=metadata.name%3Dc", NULL)), "c");
	ck_assert_str_eq(names_of(ct_want(200, "GET",
				 CMS "?labelSelector=n&fieldSelector=metadata.name!%3Dc", NULL)),
		"a b d e");
	ck_assert_str_eq(names_of(ct_want(200, "GET",
				 "/api/v1/configmaps?labelSelector=n%3D4&fieldSelector="
				 "metadata.namespace%3D%s",
				 NULL)),
		"d");
}
END_TEST

START_TEST(pages)
{
	struct ct_reply *first, *r;
	char path[1024];

	five();
	first = ct_want(200, "GET", CMS "?limit=2", NULL);
	ck_assert_int_eq((int)json_array_size(ct_at(first->json, "items")), 2);
	ck_assert_str_ne(ct_text(first->json, "metadata.continue"), "");
	ck_assert_int_ge(ct_int(first->json, "metadata.remainingItemCount"), 3);
	ct_configmap("c1", "9");
	ct_want(200, "DELETE", CMS "/e", NULL);
	snprintf(path, sizeof(path), CMS "?limit=50&continue=%s",
		ct_text(first->json, "metadata.continue"));
	r = ct_want(200, "GET", path, NULL);
	ck_assert_msg(!strncmp(names_of(r), "c d e", 5), "%s", names_of(r));
	ck_assert_str_eq(ct_rv(r), ct_rv(first));
	ck_assert_str_eq(ct_text(r->json, "metadata.continue"), "");
}
END_TEST

START_TEST(pages_with_a_selector_do_not_count)
{
	struct ct_reply *r;

	five();
	r = ct_want(200, "GET", CMS "?limit=2&labelSelector=n", NULL);
	ck_assert_str_eq(names_of(r), "a b");
	ck_assert_str_ne(ct_text(r->json, "metadata.continue"), "");
	ck_assert_ptr_null(ct_at(r->json, "metadata.remainingItemCount"));
}
END_TEST

START_TEST(bad_pages)
{
	struct ct_reply *first;
	char path[1024];

	five();
	ct_want(400, "GET", CMS "?limit=2&continue=garbage", NULL);
	first = ct_want(200, "GET", CMS "?limit=2", NULL);
	snprintf(path, sizeof(path), CMS "?limit=2&resourceVersion=5&continue=%s",
		ct_text(first->json, "metadata.continue"));
	ct_want(400, "GET", path, NULL);
}
END_TEST

START_TEST(versions)
{
	struct ct_reply *a, *r;
	char path[256];

	a = ct_configmap("a", "1");
	ct_want(200, "GET", CMS "?resourceVersion=0", NULL);
	snprintf(path, sizeof(path), CMS "?labelSelector=n&resourceVersion=%s", ct_rv(a));
	r = ct_want(200, "GET", path, NULL);
	ck_assert_str_eq(names_of(r), "a");
	snprintf(path, sizeof(path),
		CMS "?labelSelector=n&resourceVersion=%s&resourceVersionMatch=NotOlderThan",
		ct_rv(a));
	ct_want(200, "GET", path, NULL);
}
END_TEST

START_TEST(exact_version)
{
	struct ct_reply *a = ct_configmap("a", "1"), *r;
	char path[256];

	ct_configmap("b", "2");
	snprintf(path, sizeof(path),
		CMS "?labelSelector=n&resourceVersion=%s&resourceVersionMatch=Exact", ct_rv(a));
	r = ct_want(200, "GET", path, NULL);
	ck_assert_str_eq(names_of(r), "a");
	ck_assert_str_eq(ct_rv(r), ct_rv(a));
	snprintf(path, sizeof(path), CMS "?labelSelector=n&resourceVersion=%s&limit=5", ct_rv(a));
	ck_assert_str_eq(names_of(ct_want(200, "GET", path, NULL)), "a");
}
END_TEST

START_TEST(version_of_the_future)
{
	struct ct_reply *r = ct("GET", CMS "?resourceVersion=99999999999", NULL);

	ct_status(r, 504, "Timeout", NULL);
	ck_assert_msg(!strncmp(ct_text(r->json, "message"),
			      "Timeout: Too large resource version: 99999999999, current: ", 59),
		"%s", r->body);
	ck_assert_str_eq(ct_text(r->json, "details.causes.0.reason"), "ResourceVersionTooLarge");
	ck_assert_int_ge(ct_int(r->json, "details.retryAfterSeconds"), 1);
}
END_TEST

START_TEST(bad_versions)
{
	ct_want(400, "GET", CMS "?resourceVersion=x", NULL);
	ct_want(422, "GET", CMS "?resourceVersionMatch=Exact", NULL);
	ct_want(422, "GET", CMS "?resourceVersion=0&resourceVersionMatch=Exact", NULL);
	ct_want(422, "GET", CMS "?resourceVersion=5&resourceVersionMatch=Sometimes", NULL);
}
END_TEST

START_TEST(metadata_only)
{
	struct ct_reply *r;

	five();
	ct_opt.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
	r = ct_want(200, "GET", CMS "?labelSelector=n&limit=2", NULL);
	ck_assert_str_eq(ct_text(r->json, "kind"), "PartialObjectMetadataList");
	ck_assert_str_eq(ct_text(r->json, "apiVersion"), "meta.k8s.io/v1");
	ck_assert_str_eq(ct_text(r->json, "items.0.metadata.name"), "a");
	ck_assert_ptr_null(ct_at(r->json, "items.0.data"));
	ck_assert_str_ne(ct_text(r->json, "metadata.continue"), "");
}
END_TEST

START_TEST(gzip_when_large)
{
	char *big = malloc(200000);
	struct ct_reply *r;

	ct_opt.gzip = true;
	r = ct_want(200, "GET", CMS, NULL);
	ck_assert_str_eq(r->encoding, "");
	memset(big, 'x', 200000);
	memcpy(big, "{\"metadata\":{\"name\":\"big\"},\"data\":{\"x\":\"", 40);
	memcpy(big + 190000, "\"}}", 4);
	ct_want(201, "POST", CMS, big);
	ct_opt.gzip = true;
	r = ct_want(200, "GET", CMS, NULL);
	ck_assert_str_eq(r->encoding, "gzip");
	ck_assert_ptr_nonnull(r->json);
	r = ct_want(200, "GET", CMS, NULL);
	ck_assert_str_eq(r->encoding, "");
	free(big);
}
END_TEST

Suite *suite_list(void)
{
	Suite *s = suite_create("contract: list");

	CT_CASE(s, "shape", list_shape, empty_list, metadata_only, gzip_when_large);
	CT_CASE(s, "selection", label_selectors, bad_selectors, field_selectors);
	CT_CASE(s, "pages", pages, pages_with_a_selector_do_not_count, bad_pages);
	CT_CASE(s, "versions", versions, exact_version, version_of_the_future, bad_versions);
	return s;
}
