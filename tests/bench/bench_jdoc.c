/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an AdmissionReview of about 8 KB, compact as the apiserver sends it, and the same one
 * indented: ns per parse and MB/s, beside jansson's json_loadb in the same run. The best of several
 * rounds counts, because other programs disturb and nothing makes a round faster.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"

static void containers(struct og_buf *b)
{
	for (int c = 0; c < 3; c++) {
		og_buf_fmt(b,
			"%s{\"name\":\"service-%d\",\"image\":\"registry.example.com/team/service-%d:1.4.%d"
			"@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\","
			"\"ports\":[{\"name\":\"http\",\"containerPort\":8080,\"protocol\":\"TCP\"}],\"env\":[",
			c ? "," : "", c, c, c);
		for (int e = 0; e < 20; e++)
			og_buf_fmt(b,
				"%s{\"name\":\"SETTING_NUMBER_%d\",\"value\":\"some value %d\"}",
				e ? "," : "", e, e * 37);
		og_buf_lit(b,
			",{\"name\":\"POD_NAME\",\"valueFrom\":{\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPath\":"
			"\"metadata.name\"}}}],\"resources\":{\"limits\":{\"cpu\":\"500m\",\"memory\":\"512Mi\"},"
			"\"requests\":{\"cpu\":\"100m\",\"memory\":\"256Mi\"}},\"volumeMounts\":[{\"name\":"
			"\"kube-api-access-x7k2p\",\"readOnly\":true,\"mountPath\":"
			"\"/var/run/secrets/kubernetes.io/serviceaccount\"}],\"livenessProbe\":{\"httpGet\":"
			"{\"path\":\"/healthz\",\"port\":\"http\",\"scheme\":\"HTTP\"},\"timeoutSeconds\":1,"
			"\"periodSeconds\":10,\"successThreshold\":1,\"failureThreshold\":3},"
			"\"terminationMessagePath\":\"/dev/termination-log\",\"terminationMessagePolicy\":\"File\","
			"\"imagePullPolicy\":\"IfNotPresent\",\"securityContext\":{\"runAsNonRoot\":true,"
			"\"capabilities\":{\"drop\":[\"ALL\"]}}}");
	}
}

static void managed_fields(struct og_buf *b)
{
	og_buf_lit(b,
		"\"managedFields\":[{\"manager\":\"kube-controller-manager\",\"operation\":\"Update\","
		"\"apiVersion\":\"v1\",\"time\":\"2026-01-15T12:00:00Z\",\"fieldsType\":\"FieldsV1\","
		"\"fieldsV1\":{\"f:metadata\":{\"f:generateName\":{},\"f:labels\":{\".\":{},\"f:app\":{},"
		"\"f:pod-template-hash\":{}}},\"f:spec\":{\"f:containers\":{");
	for (int c = 0; c < 3; c++)
		og_buf_fmt(b,
			"%s\"k:{\\\"name\\\":\\\"service-%d\\\"}\":{\".\":{},\"f:env\":{\".\":{},"
			"\"k:{\\\"name\\\":\\\"SETTING_NUMBER_1\\\"}\":{\".\":{},\"f:name\":{},\"f:value\":{}}},"
			"\"f:image\":{},\"f:imagePullPolicy\":{},\"f:name\":{},\"f:resources\":{}}",
			c ? "," : "", c);
	og_buf_lit(b, "}}}}]");
}

static void review(struct og_buf *b)
{
	og_buf_lit(b,
		"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":"
		"\"705ab4f5-6393-11e8-b7cc-42010a800002\",\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":"
		"\"Pod\"},\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},\"namespace\":"
		"\"shop\",\"operation\":\"CREATE\",\"userInfo\":{\"username\":"
		"\"system:serviceaccount:kube-system:replicaset-controller\",\"groups\":["
		"\"system:serviceaccounts\",\"system:authenticated\"]},\"object\":{\"kind\":\"Pod\","
		"\"apiVersion\":\"v1\",\"metadata\":{\"generateName\":\"service-5d9f7c6b8-\",\"creationTimestamp\":"
		"null,\"labels\":{\"app\":\"service\",\"pod-template-hash\":\"5d9f7c6b8\"},\"annotations\":{"
		"\"example.com/note\":\"a text in several\\nlines with \\\"quotes\\\" and \\u00e9\"},"
		"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":"
		"\"service-5d9f7c6b8\",\"uid\":\"0f2b6f0c-3f7b-4a53-9a38-0a1b2c3d4e5f\",\"controller\":true,"
		"\"blockOwnerDeletion\":true}],");
	managed_fields(b);
	og_buf_lit(b,
		"},\"spec\":{\"volumes\":[{\"name\":\"kube-api-access-x7k2p\",\"projected\":{\"sources\":["
		"{\"serviceAccountToken\":{\"expirationSeconds\":3607,\"path\":\"token\"}},{\"configMap\":"
		"{\"name\":\"kube-root-ca.crt\",\"items\":[{\"key\":\"ca.crt\",\"path\":\"ca.crt\"}]}}],"
		"\"defaultMode\":420}}],\"containers\":[");
	containers(b);
	og_buf_lit(b,
		"],\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":30,\"dnsPolicy\":"
		"\"ClusterFirst\",\"serviceAccountName\":\"default\",\"securityContext\":{},"
		"\"schedulerName\":\"default-scheduler\",\"tolerations\":[{\"key\":"
		"\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\",\"effect\":\"NoExecute\","
		"\"tolerationSeconds\":300}],\"priority\":0,\"enableServiceLinks\":true},\"status\":{}},"
		"\"oldObject\":null,\"dryRun\":false,\"options\":{\"kind\":\"CreateOptions\",\"apiVersion\":"
		"\"meta.k8s.io/v1\"}}}");
}

static double now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "bench_jdoc: %s\n", what);
	exit(1);
}

static void parse_jdoc(struct og_sv text, struct og_arena *arena)
{
	struct og_jdoc d;
	og_arena_reset(arena);
	if (og_jdoc_parse(&d, arena, text, NULL, NULL) != 0)
		die("jdoc refuses the document");
}

static void parse_jansson(struct og_sv text, struct og_arena *arena)
{
	(void)arena;
	json_t *j = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (!j)
		die("jansson refuses the document");
	json_decref(j);
}

static double best_ns(void (*parse)(struct og_sv, struct og_arena *), struct og_sv text,
	struct og_arena *arena, int rounds)
{
	double best = 1e18;
	for (int r = 0; r < rounds; r++) {
		const int turns = 200;
		double from = now_ns();
		for (int i = 0; i < turns; i++)
			parse(text, arena);
		double ns = (now_ns() - from) / turns;
		best = ns < best ? ns : best;
	}
	return best;
}

static void measure(const char *name, struct og_sv text, int rounds)
{
	struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	double ours = best_ns(parse_jdoc, text, &arena, rounds);
	double theirs = best_ns(parse_jansson, text, &arena, rounds);
	og_arena_fini(&arena);
	printf("%-20s %6zu bytes  jdoc %8.0f ns %7.0f MB/s   jansson %8.0f ns %7.0f MB/s   %.1fx\n",
		name, text.n, ours, (double)text.n * 1e3 / ours, theirs,
		(double)text.n * 1e3 / theirs, theirs / ours);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 50;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	review(&b);
	if (b.failed)
		die("out of memory");
	measure("review, compact", og_buf_view(&b), rounds);
	json_t *j = json_loadb(b.p, b.len, 0, NULL);
	char *indented = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
	if (!indented)
		die("out of memory");
	measure("review, indented", og_svz(indented), rounds);
	free(indented);
	json_decref(j);
	return 0;
}
