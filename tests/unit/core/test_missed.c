/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of owners, and the judgement on pods whose admission was missed. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/missed.h"
#include "support/suite.h"

static const char config_text[] =
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\nspec:\n"
	"  receiver: {endpoint: 'http://alloy.example.com:4318'}\n"
	"---\napiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n"
	"spec: {default: true, workloadSelector: {matchLabels: {tier: web}}}\n";

static struct og_arena arena;
static struct og_config *config;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
	struct og_config_input in = {.name = "config", .text = og_svz(config_text)};
	struct og_config_report report;
	ck_assert_int_eq(og_config_read(&arena, &in, 1, &config, &report), 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static struct og_jval parse(const char *text)
{
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc *d = og_arena_new(&arena, struct og_jdoc);
	ck_assert_msg(og_jdoc_parse(d, &arena, og_arena_sv(&arena, og_svz(text)), NULL, &err) == 0,
		"%s: %s", err.msg, text);
	return og_jroot(d);
}

/* ---- facts ---- */

#define RS(annotations)                                                                            \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"web-5d4f\"," \
	"\"namespace\":\"shop\",\"annotations\":{" annotations "},\"ownerReferences\":["           \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"web\",\"uid\":\"u\","      \
	"\"controller\":true}]}}"
#define DEPLOYMENT(annotations)                                                               \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\"," \
	"\"namespace\":\"shop\",\"annotations\":{" annotations "}}}"
#define POD(labels, annotations, more)                                                       \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-5d4f-x\","     \
	"\"namespace\":\"shop\",\"creationTimestamp\":\"2026-01-02T00:00:00Z\",\"labels\":{" \
	"\"pod-template-hash\":\"5d4f\"" labels "},\"annotations\":{" annotations "}," more  \
	"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\","          \
	"\"name\":\"web-5d4f\",\"uid\":\"r\",\"controller\":true}]},"                        \
	"\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"web:1\"}]}}"
#define INJECT(v) "\"otelgate.dev/inject\":\"" v "\""

static void facts_of(const char *pod, const char *const *objects, uint32_t n, struct og_meta *meta,
	struct og_facts *ret)
{
	struct og_err err = OG_ERR_INIT;
	struct og_jval *v = og_arena_new_n(&arena, n ? n : 1, struct og_jval);
	struct og_facts_objects *set = og_arena_new(&arena, struct og_facts_objects);
	struct og_facts_source *src = og_arena_new(&arena, struct og_facts_source);

	for (uint32_t i = 0; i < n; i++)
		v[i] = parse(objects[i]);
	*set = (struct og_facts_objects){.objects = v, .n = n};
	*src = og_facts_from_objects(set);
	ck_assert_int_eq(og_meta_read(parse(pod), &arena, meta, &err), 0);
	og_facts_collect(src, OG_SV("shop"), meta, &arena, ret);
}

START_TEST(what_was_taken_off_the_deployment_is_not_read_from_its_replicaset)
{
	const char *objects[] = {RS(INJECT("true")), DEPLOYMENT("")};
	struct og_meta meta;
	struct og_facts f;
	struct og_findings findings = {0};
	struct og_optin o;

	facts_of(POD("", "", ""), objects, 2, &meta, &f);
	ck_assert_uint_eq(f.nowners, 2);
	og_optin_decide(config, &meta, &f, og_sv(NULL, 0), &arena, &findings, &o);
	ck_assert(!o.in);
	ck_assert_int_eq(o.reason, OG_REASON_NOT_OPTED_IN);
}
END_TEST

START_TEST(a_replicaset_speaks_when_its_deployment_is_not_known)
{
	const char *objects[] = {RS(INJECT("true"))};
	struct og_meta meta;
	struct og_facts f;
	struct og_findings findings = {0};
	struct og_optin o;

	facts_of(POD("", "", ""), objects, 1, &meta, &f);
	og_optin_decide(config, &meta, &f, og_sv(NULL, 0), &arena, &findings, &o);
	ck_assert(o.in);
	ck_assert_int_eq(o.level, OG_LEVEL_WORKLOAD);
}
END_TEST

START_TEST(a_bare_replicaset_speaks_for_itself)
{
	const char *objects[] = {
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"web-5d4f\","
		"\"namespace\":\"shop\",\"annotations\":{" INJECT("true") "}}}"};
	struct og_meta meta;
	struct og_facts f;
	struct og_findings findings = {0};
	struct og_optin o;

	facts_of(POD("", "", ""), objects, 1, &meta, &f);
	ck_assert_uint_eq(f.nowners, 1);
	og_optin_decide(config, &meta, &f, og_sv(NULL, 0), &arena, &findings, &o);
	ck_assert(o.in);
}
END_TEST

/* ---- when an opt-in was written ---- */

#define FIELDS(time, where, key)                                                                   \
	"{\"manager\":\"m\",\"time\":\"" time "\",\"fieldsV1\":{\"f:metadata\":{\"f:" where "\":{" \
	"\".\":{},\"f:" key "\":{}}}}}"
static const struct {
	const char *fields, *want; /* NULL = 0 */
} written[] = {
	{"", NULL},
	{FIELDS("2026-01-01T00:00:05Z", "annotations", "otelgate.dev/inject"),
		"2026-01-01T00:00:05Z"},
	{FIELDS("2026-01-01T00:00:05Z", "labels", "otelgate.dev/inject"), "2026-01-01T00:00:05Z"},
	{FIELDS("2026-01-01T00:00:05Z", "annotations",
		 "instrumentation.opentelemetry.io/inject-java"),
		"2026-01-01T00:00:05Z"},
	{FIELDS("2026-01-01T00:00:05Z", "annotations", "otelgate.dev/signals"), NULL},
	{FIELDS("2026-01-01T00:00:05Z", "annotations", "example.com/otelgate.dev/inject"), NULL},
	{FIELDS("2026-01-01T00:00:05Z", "finalizers", "otelgate.dev/inject"), NULL},
	{FIELDS("yesterday", "annotations", "otelgate.dev/inject"), NULL},
	{FIELDS("2026-01-03T00:00:00Z", "annotations", "otelgate.dev/inject") "," FIELDS(
		 "2026-01-02T00:00:00Z", "labels", "otelgate.dev/inject"),
		"2026-01-02T00:00:00Z"},
	{"7,null,{},\"x\",{\"fieldsV1\":[]},{\"time\":{},\"fieldsV1\":{\"f:metadata\":{\"f:labels\":"
	 "{\"f:otelgate.dev/inject\":{}}}}}",
		NULL},
};

START_TEST(the_time_of_an_opt_in_is_its_managers)
{
	const char *want = written[_i].want;
	char *text =
		og_arena_fmt(&arena, "{\"metadata\":{\"managedFields\":[%s]}}", written[_i].fields);
	char got[64] = "";
	int64_t s = og_optin_written_s(parse(text));

	if (!want) {
		ck_assert_int_eq(s, 0);
		return;
	}
	og_fmt_rfc3339(got, s * OG_NS_PER_S);
	ck_assert_str_eq(got, want);
}
END_TEST

/* ---- registrations ---- */

START_TEST(selectors_of_our_webhooks_count_alone)
{
	struct og_registration r;
	struct og_err err = OG_ERR_INIT;
	struct og_jval v = parse(
		"{\"metadata\":{\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"webhooks\":["
		"{\"name\":\"other.example.com\"},{\"name\":\"pods.otelgate.dev\","
		"\"namespaceSelector\":{\"matchLabels\":{\"a\":\"b\"}}}]}");

	ck_assert_int_eq(og_registration_read(v, &arena, &r, &err), 0);
	ck_assert_uint_eq(r.nwebhooks, 1);
	ck_assert(og_sv_is(r.webhooks[0].name, "pods.otelgate.dev"));
	ck_assert_uint_eq(r.webhooks[0].namespaces.nreqs, 1);
	ck_assert(r.webhooks[0].objects.present && r.webhooks[0].objects.nreqs == 0);
	ck_assert_int_gt(r.created_s, 0);
}
END_TEST

START_TEST(an_absent_registration_is_not_present)
{
	struct og_registration r;
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(og_registration_read((struct og_jval){0}, &arena, &r, &err), 0);
	ck_assert(!r.present);
	ck_assert_uint_eq(r.nwebhooks, 0);
}
END_TEST

START_TEST(a_selector_that_cannot_be_read_is_named)
{
	struct og_registration r;
	struct og_err err = OG_ERR_INIT;

	ck_assert_int_eq(og_registration_read(parse("{\"webhooks\":[{\"name\":\"x.otelgate.dev\","
						    "\"objectSelector\":{\"matchLabels\":[]}}]}"),
				 &arena, &r, &err),
		-OG_E_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.msg, "webhook x.otelgate.dev: objectSelector"));
}
END_TEST

/* ---- verdicts ---- */

#define REG(created, more)                                                               \
	"{\"metadata\":{\"creationTimestamp\":\"" created "\"},\"webhooks\":[{\"name\":" \
	"\"pods.otelgate.dev\"" more "}]}"
#define EARLY REG("2026-01-01T00:00:00Z", "")
#define IN    INJECT("true")
static const struct {
	const char *what, *pod, *deployment, *registration; /* NULL = not there */
	const char *profile_created, *written;
	bool no_config, whole, unseen, config_unseen;
	enum og_missed want;
} verdicts[] = {
	{"an injected pod", POD(",\"otelgate.dev/revision\":\"a\"", IN, ""), NULL, EARLY, NULL,
		NULL, 0, 0, 0, 0, OG_MISSED_NOT},
	{"nobody asked", POD("", "", ""), DEPLOYMENT(""), EARLY, NULL, NULL, 0, 0, 0, 0,
		OG_MISSED_NOT},
	{"opted out", POD("", INJECT("false"), ""), DEPLOYMENT(IN), EARLY, NULL, NULL, 0, 0, 0, 0,
		OG_MISSED_NOT},
	{"asked for, and all was there", POD("", IN, ""), NULL, EARLY, NULL, NULL, 0, 0, 0, 0,
		OG_MISSED_WEBHOOK_AWAY},
	{"the same from the workload", POD("", "", ""), DEPLOYMENT(IN), EARLY, NULL, NULL, 0, 0, 0,
		0, OG_MISSED_WEBHOOK_AWAY},
	{"the same by a profile's selector", POD(",\"tier\":\"web\"", "", ""), NULL, EARLY, NULL,
		NULL, 0, 0, 0, 0, OG_MISSED_WEBHOOK_AWAY},
	{"no registration", POD("", IN, ""), NULL, "", NULL, NULL, 0, 0, 0, 0,
		OG_MISSED_NO_WEBHOOK},
	{"a registration without webhooks", POD("", IN, ""), NULL, "{\"webhooks\":[]}", NULL, NULL,
		0, 0, 0, 0, OG_MISSED_NO_WEBHOOK},
	{"the registration could not be seen", POD("", IN, ""), NULL, NULL, NULL, NULL, 0, 0, 1, 0,
		OG_MISSED_UNKNOWN},
	{"older than the registration", POD("", IN, ""), NULL, REG("2026-01-02T00:00:01Z", ""),
		NULL, NULL, 0, 0, 0, 0, OG_MISSED_BEFORE_WEBHOOK},
	{"made in the second of the registration", POD("", IN, ""), NULL,
		REG("2026-01-02T00:00:00Z", ""), NULL, NULL, 0, 0, 0, 0, OG_MISSED_WEBHOOK_AWAY},
	{"older than the profile", POD("", IN, ""), NULL, EARLY, "2026-01-03T00:00:00Z", NULL, 0, 0,
		0, 0, OG_MISSED_BEFORE_PROFILE},
	{"older than the opt-in of the workload", POD("", "", ""), DEPLOYMENT(IN), EARLY, NULL,
		"2026-01-02T10:00:00Z", 0, 0, 0, 0, OG_MISSED_BEFORE_OPT_IN},
	{"younger than the opt-in of the workload", POD("", "", ""), DEPLOYMENT(IN), EARLY, NULL,
		"2026-01-01T10:00:00Z", 0, 0, 0, 0, OG_MISSED_WEBHOOK_AWAY},
	{"a profile that is not there", POD("", INJECT("gone"), ""), NULL, EARLY, NULL, NULL, 0, 0,
		0, 0, OG_MISSED_CONFIG},
	{"no configuration", POD("", IN, ""), NULL, EARLY, NULL, NULL, 1, 0, 0, 0,
		OG_MISSED_CONFIG},
	{"the configuration could not be seen", POD("", IN, ""), NULL, EARLY, NULL, NULL, 1, 0, 0,
		1, OG_MISSED_UNKNOWN},
	{"left out by the object selector", POD("", IN, ""), NULL,
		REG("2026-01-01T00:00:00Z", ",\"objectSelector\":{\"matchLabels\":{\"a\":\"b\"}}"),
		NULL, NULL, 0, 0, 0, 0, OG_MISSED_EXCLUDED},
	{"the namespace's labels are not known", POD("", IN, ""), NULL,
		REG("2026-01-01T00:00:00Z",
			",\"namespaceSelector\":{\"matchLabels\":{\"a\":\"b\"}}"),
		NULL, NULL, 0, 0, 0, 0, OG_MISSED_WEBHOOK_AWAY},
	{"a mirror pod", POD("", IN ",\"kubernetes.io/config.mirror\":\"x\"", ""), NULL, EARLY,
		NULL, NULL, 0, 0, 0, 0, OG_MISSED_EXCLUDED},
	{"a mirror pod nobody asked for", POD("", "\"kubernetes.io/config.mirror\":\"x\"", ""),
		NULL, EARLY, NULL, NULL, 0, 0, 0, 0, OG_MISSED_NOT},
	{"the whole pod, no container of which is a target",
		POD("", IN ",\"otelgate.dev/exclude-containers\":\"app\"", ""), NULL, EARLY, NULL,
		NULL, 0, 1, 0, 0, OG_MISSED_EXCLUDED},
	{"the whole pod", POD("", IN, ""), NULL, EARLY, NULL, NULL, 0, 1, 0, 0,
		OG_MISSED_WEBHOOK_AWAY},
};

static int64_t seconds(const char *text)
{
	int64_t ns = 0;
	if (text)
		ck_assert_int_eq(og_parse_rfc3339(og_svz(text), &ns, NULL), 0);
	return ns / OG_NS_PER_S;
}

static int64_t profile_created(void *ctx, struct og_sv name)
{
	ck_assert(og_sv_is(name, "p"));
	return seconds(ctx);
}

START_TEST(verdict)
{
	struct og_err err = OG_ERR_INIT;
	struct og_meta meta;
	struct og_registration reg = {0};
	struct og_missed_result r;
	const char *objects[] = {RS(""), verdicts[_i].deployment};
	struct og_missed_input in = {.config = verdicts[_i].no_config ? NULL : config,
		.pod = &meta,
		.created_s = seconds("2026-01-02T00:00:00Z"),
		.profile_created_s = profile_created,
		.config_unknown = verdicts[_i].config_unseen,
		.ctx = (void *)(uintptr_t)verdicts[_i].profile_created};

	facts_of(verdicts[_i].pod, objects, verdicts[_i].deployment ? 2 : 1, &meta, &in.facts);
	if (verdicts[_i].registration) {
		struct og_jval v = {0};
		if (*verdicts[_i].registration)
			v = parse(verdicts[_i].registration);
		ck_assert_int_eq(og_registration_read(v, &arena, &reg, &err), 0);
	}
	in.registration = verdicts[_i].unseen ? NULL : &reg;
	in.written_s[OG_LEVEL_WORKLOAD] = seconds(verdicts[_i].written);
	if (verdicts[_i].whole)
		in.object = parse(verdicts[_i].pod);
	ck_assert_msg(og_missed_judge(&in, &arena, &r, &err) == 0, "%s", err.msg);
	ck_assert_msg(r.what == verdicts[_i].want, "%s: %s, not %s", verdicts[_i].what,
		og_missed_name(r.what), og_missed_name(verdicts[_i].want));
	if (r.what != OG_MISSED_NOT)
		ck_assert_ptr_nonnull(og_missed_finding(r.what));
}
END_TEST

START_TEST(names_are_words_and_findings_exist)
{
	for (int i = 0; i < OG_MISSED_COUNT_; i++) {
		const char *id = og_missed_finding((enum og_missed)i);
		ck_assert_ptr_nonnull(og_missed_name((enum og_missed)i));
		ck_assert_ptr_nonnull(og_missed_text((enum og_missed)i));
		if (id)
			ck_assert_ptr_nonnull(og_finding_def(og_svz(id)));
	}
	ck_assert_str_eq(og_missed_name(OG_MISSED_COUNT_), "unknown");
}
END_TEST

START_TEST(no_memory_is_an_error_not_a_verdict)
{
	const char *objects[] = {RS(""), DEPLOYMENT(IN)};
	struct og_meta meta;
	struct og_registration reg = {0};
	struct og_missed_input in = {.config = config, .pod = &meta, .registration = &reg};
	struct og_missed_result r;

	facts_of(POD("", "", ""), objects, 2, &meta, &in.facts);
	in.object = parse(POD("", "", ""));
	for (unsigned long at = 1; at < 1000; at++) {
		struct og_err err = OG_ERR_INIT;
		struct og_arena small;
		og_arena_init(&small, 0, 0);
		og_mem_fault_arm(at, true);
		int rc = og_missed_judge(&in, &small, &r, &err);
		unsigned long seen = og_mem_fault_disarm();
		og_arena_fini(&small);
		if (seen < at) {
			ck_assert_int_eq(rc, 0);
			return;
		}
		ck_assert_int_eq(rc, -OG_E_OOM);
	}
	ck_abort_msg("more than 1000 allocations");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/missed");
	TCase *tc = tcase_create("missed");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_was_taken_off_the_deployment_is_not_read_from_its_replicaset);
	tcase_add_test(tc, a_replicaset_speaks_when_its_deployment_is_not_known);
	tcase_add_test(tc, a_bare_replicaset_speaks_for_itself);
	tcase_add_loop_test(tc, the_time_of_an_opt_in_is_its_managers, 0, (int)OG_COUNT(written));
	tcase_add_test(tc, selectors_of_our_webhooks_count_alone);
	tcase_add_test(tc, an_absent_registration_is_not_present);
	tcase_add_test(tc, a_selector_that_cannot_be_read_is_named);
	tcase_add_loop_test(tc, verdict, 0, (int)OG_COUNT(verdicts));
	tcase_add_test(tc, names_are_words_and_findings_exist);
	tcase_add_test(tc, no_memory_is_an_error_not_a_verdict);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
