/* SPDX-License-Identifier: Apache-2.0 */
/* Queries and Explore links: read back as Grafana and the backends read them. */
#include <check.h>
#include <jansson.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"
#include "otelgate/core/explore.h"
#include "support/suite.h"

static const struct og_explore_target shop = {.cluster = {"prod", 4},
	.ns = {"shop", 4},
	.name = {"web", 3},
	.service_namespace = {"shop", 4},
	.service_name = {"web", 3},
	.revision = {"ab12", 4}};

static void is(enum og_signal s, const struct og_explore_target *t, const char *want)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_explore_query(s, t, &b);
	ck_assert_str_eq(b.p, want);
}

START_TEST(queries)
{
	is(OG_SIGNAL_METRICS, &shop,
		"count by (k8s_pod_name, otelgate_revision) (target_info{job=\"shop/web\", "
		"k8s_cluster_name=\"prod\", otelgate_revision=\"ab12\"})");
	is(OG_SIGNAL_TRACES, &shop,
		"{ resource.service.namespace=\"shop\" && resource.service.name=\"web\" && "
		"resource.k8s.cluster.name=\"prod\" && resource.otelgate.revision=\"ab12\" }");
	is(OG_SIGNAL_LOGS, &shop,
		"{service_name=\"web\", service_namespace=\"shop\", k8s_cluster_name=\"prod\"} | "
		"otelgate_revision=\"ab12\"");
	is(OG_SIGNAL_PROFILES, &shop,
		"process_cpu:cpu:nanoseconds:cpu:nanoseconds{service_name=\"web\"}");
	ck_assert_str_eq(og_explore_language(OG_SIGNAL_TRACES), "TraceQL");
	ck_assert_str_eq(og_explore_language((enum og_signal)9), "?");
}
END_TEST

START_TEST(queries_without_a_name)
{
	struct og_explore_target t = {.ns = OG_SV("shop"), .name = OG_SV("we.b")};
	is(OG_SIGNAL_METRICS, &t,
		"count by (k8s_pod_name, otelgate_revision) (target_info{"
		"k8s_namespace_name=\"shop\", k8s_pod_name=~\"we\\\\.b(-.+)?\"})");
	is(OG_SIGNAL_TRACES, &t,
		"{ resource.k8s.namespace.name=\"shop\" && "
		"resource.k8s.pod.name=~\"we\\\\.b(-.+)?\" }");
	is(OG_SIGNAL_LOGS, &t, "{k8s_namespace_name=\"shop\"} | k8s_pod_name=~\"we\\\\.b(-.+)?\"");
	is(OG_SIGNAL_PROFILES, &t,
		"process_cpu:cpu:nanoseconds:cpu:nanoseconds{namespace=\"shop\", "
		"pod=~\"we\\\\.b(-.+)?\"}");
	t.route = OG_ROUTE_STDOUT;
	t.cluster = OG_SV("c");
	is(OG_SIGNAL_LOGS, &t, "{namespace=\"shop\", pod=~\"we\\\\.b(-.+)?\", cluster=\"c\"}");
	t = (struct og_explore_target){.service_name = OG_SV("web")};
	is(OG_SIGNAL_METRICS, &t,
		"count by (k8s_pod_name, otelgate_revision) (target_info{job=\"web\"})");
}
END_TEST

/* The pane of a link, as a browser hands it to Explore. */
static json_t *pane(const char *link, char *before, size_t size)
{
	const char *at = strstr(link, "/explore?schemaVersion=1&panes=");
	ck_assert_ptr_nonnull(at);
	snprintf(before, size, "%.*s", (int)(at - link), link);
	at += strlen("/explore?schemaVersion=1&panes=");
	const char *end = strchr(at, '&');
	ck_assert_ptr_nonnull(end);
	/* nothing but what may stand in a query (RFC 3986 §3.4) */
	for (const char *p = link; *p; p++)
		ck_assert(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				 "-._~/:@%?&=",
				  *p) != NULL);
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	ck_assert_int_eq(og_percent_decode(og_sv(at, (size_t)(end - at)), &text, NULL), 0);
	json_error_t error;
	json_t *v = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(v != NULL, "%s: %s", error.text, text.p);
	ck_assert_uint_eq(json_object_size(v), 1);
	return v;
}

static json_t *only_query(json_t *v)
{
	json_t *p = json_object_get(v, "otelgate");
	json_t *q = json_object_get(p, "queries");
	ck_assert_uint_eq(json_array_size(q), 1);
	ck_assert(json_equal(json_object_get(p, "datasource"),
		json_object_get(json_object_get(json_array_get(q, 0), "datasource"), "uid")));
	return json_array_get(q, 0);
}

static const struct og_sv hostile[] = {{"a\"} or vector(1) #", 19}, {"\\", 1}, {"a\\\"b", 4},
	{"line\nbreak\r\t", 12}, {"\xff\xfe\x80", 3}, {"caf\xc3\xa9", 5}, {"a&orgId=2#x", 11},
	{"%22%7D", 6}, {"</script>", 9}, {"`back`", 6}, {"nul\0byte", 8}, {"$__all ${x}", 11},
	{"\xe2\x80\xae", 3}, {".*", 2}};

/* What Go's strconv.Unquote makes of a text in double quotes; false when it is none. */
static bool unquote(const char *s, struct og_buf *out, const char **end)
{
	if (*s++ != '"')
		return false;
	for (; *s && *s != '"'; s++) {
		if ((unsigned char)*s < ' ')
			return false;
		if (*s != '\\') {
			og_buf_ch(out, *s);
			continue;
		}
		s++;
		if (*s == '"' || *s == '\\') {
			og_buf_ch(out, *s);
		} else if (*s == 'x') {
			char hex[3] = {s[1], s[1] ? s[2] : '\0', '\0'};
			og_buf_ch(out, (char)(unsigned char)strtoul(hex, NULL, 16));
			s += 2;
		} else {
			return false;
		}
	}
	*end = s;
	return *s == '"';
}

START_TEST(hostile_names_stay_in_their_quotes)
{
	static const char *const key[] = {"expr", "query", "expr", "labelSelector"};
	static const char *const label[] = {
		"job=", "resource.service.name=", "service_name=", "service_name="};
	const struct og_explore_stack stack = {
		.url = OG_SV("https://acme.grafana.net/"), .slug = OG_SV("acme")};
	for (size_t i = 0; i < OG_COUNT(hostile); i++)
		for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
			const struct og_explore_target t = {.service_name = hostile[i],
				.ns = hostile[i],
				.cluster = hostile[i],
				.revision = hostile[i]};
			og_auto_buf struct og_buf query = OG_BUF_INIT(0), link = OG_BUF_INIT(0);
			og_explore_query((enum og_signal)s, &t, &query);
			ck_assert(og_utf8_valid(query.p, query.len));
			ck_assert_int_eq(
				og_explore_link((enum og_signal)s, &t, &stack, &link, NULL), 0);
			char base[64];
			json_t *v = pane(link.p, base, sizeof(base));
			ck_assert_str_eq(base, "https://acme.grafana.net");
			const char *same =
				json_string_value(json_object_get(only_query(v), key[s]));
			ck_assert_ptr_nonnull(same);
			ck_assert_msg(strstr(query.p, same) != NULL, "%s / %s", query.p, same);
			/* every quoted text of the query reads back as the name */
			const char *at = strstr(query.p, label[s]);
			ck_assert_ptr_nonnull(at);
			og_auto_buf struct og_buf name = OG_BUF_INIT(0);
			const char *end;
			ck_assert_msg(unquote(at + strlen(label[s]), &name, &end), "%s", query.p);
			ck_assert(og_sv_eq(og_buf_view(&name), hostile[i]));
			json_decref(v);
		}
}
END_TEST

START_TEST(links)
{
	static const char *const uids[] = {"grafanacloud-acme-prom", "grafanacloud-acme-traces",
		"grafanacloud-acme-logs", "grafanacloud-acme-profiles"};
	static const char *const types[] = {
		"prometheus", "tempo", "loki", "grafana-pyroscope-datasource"};
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
		struct og_explore_stack stack = {.slug = OG_SV("acme")};
		og_auto_buf struct og_buf link = OG_BUF_INIT(0);
		ck_assert_int_eq(og_explore_link((enum og_signal)s, &shop, &stack, &link, NULL), 0);
		ck_assert(og_sv_ends(og_buf_view(&link), OG_SV("&orgId=1")));
		char base[64];
		json_t *v = pane(link.p, base, sizeof(base));
		ck_assert_str_eq(base, "");
		json_t *ds = json_object_get(only_query(v), "datasource");
		ck_assert_str_eq(json_string_value(json_object_get(ds, "uid")), uids[s]);
		ck_assert_str_eq(json_string_value(json_object_get(ds, "type")), types[s]);
		json_t *range = json_object_get(json_object_get(v, "otelgate"), "range");
		ck_assert_str_eq(json_string_value(json_object_get(range, "from")), "now-1h");
		json_decref(v);
		stack.uid[s] = OG_SV("my_uid-1");
		stack.from_s = 1800000000;
		stack.to_s = 1800003600;
		stack.org_id = 7;
		og_buf_reset(&link);
		ck_assert_int_eq(og_explore_link((enum og_signal)s, &shop, &stack, &link, NULL), 0);
		ck_assert(og_sv_ends(og_buf_view(&link), OG_SV("&orgId=7")));
		v = pane(link.p, base, sizeof(base));
		range = json_object_get(json_object_get(v, "otelgate"), "range");
		ck_assert_str_eq(json_string_value(json_object_get(range, "to")), "1800003600000");
		json_decref(v);
	}
}
END_TEST

START_TEST(links_that_are_none)
{
	static char longest[9000];
	memset(longest, 'x', sizeof(longest));
	struct og_explore_target t = shop;
	og_auto_buf struct og_buf out = OG_BUF_INIT(0);
	og_buf_lit(&out, "kept");
	struct og_explore_stack none = {0}, bad = {.slug = OG_SV("a\"b")};
	struct og_explore_stack js = {.slug = OG_SV("a"), .url = OG_SV("javascript:alert(1)")};
	struct og_explore_stack query = {.slug = OG_SV("a"), .url = OG_SV("https://g/?x=1")};
	struct og_explore_stack user = {.slug = OG_SV("a"), .url = OG_SV("https://u:p@g/")};
	struct og_explore_stack fine = {.slug = OG_SV("a")};
	ck_assert_int_eq(og_explore_link(0, &t, &none, &out, NULL), -OG_E_NOT_FOUND);
	ck_assert_int_eq(og_explore_link(0, &t, &bad, &out, NULL), -OG_E_NOT_FOUND);
	ck_assert_int_eq(og_explore_link(0, &t, &js, &out, NULL), -OG_E_INVALID);
	ck_assert_int_eq(og_explore_link(0, &t, &query, &out, NULL), -OG_E_INVALID);
	ck_assert_int_eq(og_explore_link(0, &t, &user, &out, NULL), -OG_E_INVALID);
	ck_assert_int_eq(og_explore_link((enum og_signal)9, &t, &fine, &out, NULL), -OG_E_BUG);
	t.service_name = og_sv(longest, sizeof(longest));
	ck_assert_int_eq(og_explore_link(0, &t, &fine, &out, NULL), -OG_E_LIMIT);
	ck_assert_str_eq(out.p, "kept");
	for (unsigned long at = 1;; at++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		og_mem_fault_arm(at, true);
		int rc = og_explore_link(0, &shop, &fine, &b, NULL);
		if (og_mem_fault_disarm() < at) {
			ck_assert_int_eq(rc, 0);
			break;
		}
		ck_assert_int_ne(rc, 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/explore");
	TCase *t = tcase_create("explore");
	tcase_add_test(t, queries);
	tcase_add_test(t, queries_without_a_name);
	tcase_add_test(t, hostile_names_stay_in_their_quotes);
	tcase_add_test(t, links);
	tcase_add_test(t, links_that_are_none);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
