/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Objects of a small shop for tests of the controller, and a look at their statuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/controller_run.h"

#define WT "workloadtelemetries.otelgate.dev"
#define CONFIG                                                                             \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"     \
	"spec: {receiver: {endpoint: 'http://alloy.example.com:4318'}}\n---\n"             \
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n" \
	"spec: {stack: s}\n"
#define UID(n) "00000000-0000-4000-8000-0000000000" n
#define TEMPLATE(inject)                                                            \
	"\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{" \
	"\"labels\":{\"a\":\"b\"}," inject                                          \
	"\"creationTimestamp\":null},\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]}}"
#define IN  "\"annotations\":{\"otelgate.dev/inject\":\"true\"},"
#define OUT "\"annotations\":{\"otelgate.dev/inject\":\"false\"},"
#define DEPLOYMENT(name, uid, inject, more)                                                  \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"" name \
	"\",\"namespace\":\"shop\",\"generation\":1,\"uid\":\"" uid                          \
	"\"},\"spec\":{\"replicas\":3," TEMPLATE(inject) "}" more "}"
#define DONE                                                                          \
	",\"status\":{\"observedGeneration\":1,\"replicas\":3,\"updatedReplicas\":3," \
	"\"readyReplicas\":3,\"availableReplicas\":3}"
#define OWNED(kind, name, uid)                                                                    \
	"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"" kind "\",\"name\":\"" name \
	"\",\"uid\":\"" uid "\",\"controller\":true}]"
#define REPLICA_SET(name, uid)                                                               \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"" name \
	"\",\"namespace\":\"shop\",\"uid\":\"" uid "\"," OWNED(                              \
		"Deployment", "web", UID("d1")) "},\"spec\":{\"replicas\":3," TEMPLATE("") "}}"

static inline void setup(void)
{
	cr_setup();
	cr_crd("workloadtelemetries");
	cr_apply(CONFIG);
}

/* revision "" = it is not injected. */
static inline void pod(const char *name, const char *created, const char *revision)
{
	char label[128] = "", record[256] = "";

	if (*revision) {
		(void)snprintf(label, sizeof(label), ",\"otelgate.dev/revision\":\"%s\"", revision);
		(void)snprintf(record, sizeof(record),
			",\"otelgate.dev/injection\":\"{\\\"revision\\\":\\\"%s\\\","
			"\\\"containers\\\":{\\\"app\\\":{}}}\"",
			revision);
	}
	cr_putf("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\",\"creationTimestamp\":\"%s\",\"labels\":{\"a\":\"b\"%s},"
		"\"annotations\":{\"otelgate.dev/inject\":\"true\"%s}," OWNED("ReplicaSet", "web-1",
			UID("e1")) "},\"spec\":{\"nodeName\":\"n\","
				   "\"containers\":[{\"name\":\"app\",\"image\":\"w\"}]},\"status\":{\"phase\":"
				   "\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}],"
				   "\"containerStatuses\":[{\"name\":\"app\",\"ready\":true,\"restartCount\":0,"
				   "\"state\":{\"running\":{\"startedAt\":\"%s\"}}}]}}",
		name, created, label, record, created);
}

/* The text of a condition of a status, until the next call. */
static inline const char *condition(const char *name, const char *type)
{
	static char text[2048];
	const char *o = cr_get(WT, "shop", name);
	char mark[64];

	(void)snprintf(mark, sizeof(mark), "\"type\":\"%s\"", type);
	const char *at = o ? strstr(o, mark) : NULL;
	if (!at)
		return "";
	const char *from = at, *to = strchr(at, '}');
	while (from > o && *from != '{')
		from--;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(to - from), from);
	return text;
}

/* For a look at what came instead. */
static inline bool wt_has(const char *name, const char *text)
{
	bool has = cr_has(WT, "shop", name, text);
	if (!has && getenv("CR_SHOW"))
		fprintf(stderr, "%s\n", cr_get(WT, "shop", name));
	return has;
}

static inline bool is(const char *name, const char *type, const char *status)
{
	char mark[64];
	(void)snprintf(mark, sizeof(mark), "\"status\":\"%s\"", status);
	return strstr(condition(name, type), mark);
}

/* The revision that the pods of the workload should carry. */
static inline const char *revision(const char *name)
{
	static char text[32];
	const char *o = cr_get(WT, "shop", name), *at = NULL;

	text[0] = '\0';
	if (o && (at = strstr(o, "\"status\":{")) && (at = strstr(at, "\"revision\":\"")))
		(void)snprintf(
			text, sizeof(text), "%.*s", (int)(strchr(at + 12, '"') - at - 12), at + 12);
	return text;
}
