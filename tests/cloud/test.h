/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <check.h>
#include "cloud/cloud.h"

Suite *suite_write(void);
Suite *suite_prom(void);
Suite *suite_loki(void);
Suite *suite_tempo(void);
Suite *suite_pyroscope(void);
Suite *suite_access(void);
Suite *suite_faults(void);
Suite *suite_pipeline(void);

/* Of the running test: a cloud, and the latest answer. */
extern struct og_cloud *cloud;
extern struct og_buf answer; /* body, NUL-terminated */
extern char answer_head[4096];
void cloud_setup(void);
void cloud_teardown(void);
TCase *cloud_case(Suite *s, const char *name);

struct ask {
	enum og_cloud_host host;
	const char *method, *path, *user, *token; /* NULL: GET, and the host's own */
	const char *type;			  /* Content-Type */
	const char *headers;			  /* "A: b\r\n" */
	const void *body;
	size_t n; /* 0 with a body = its strlen */
};
/* The status; 0 = no answer came. */
int ask(const struct ask *a);
/* GET with a read token; pairs of parameter and value, ended by NULL. */
int get(enum og_cloud_host h, const char *path, ...) __attribute__((sentinel));
/* POST of JSON with ' for "; the write token at the gateway, read elsewhere. */
int post(enum og_cloud_host h, const char *path, const char *json);
bool has(const char *text);	  /* in the latest answer's body; ' stands for " */
unsigned times(const char *text); /* how often */
bool head_has(const char *text);
const char *ago(int64_t s); /* ns since the epoch, of the cloud's clock, as text; 16 live at once */
const char *quoted(const char *text); /* ' becomes "; 16 live at once */

/* OTLP in JSON for a service "shop/web" with k8s names, cluster C and revision r1. */
#define RESOURCE(pod)                                                                     \
	"'resource':{'attributes':[{'key':'service.name','value':{'stringValue':'web'}}," \
	"{'key':'service.namespace','value':{'stringValue':'shop'}},"                     \
	"{'key':'service.instance.id','value':{'stringValue':'shop." pod ".app'}},"       \
	"{'key':'k8s.cluster.name','value':{'stringValue':'C'}},"                         \
	"{'key':'k8s.namespace.name','value':{'stringValue':'shop'}},"                    \
	"{'key':'k8s.pod.name','value':{'stringValue':'" pod "'}},"                       \
	"{'key':'telemetry.sdk.language','value':{'stringValue':'python'}},"              \
	"{'key':'otelgate.revision','value':{'stringValue':'r1'}}]}"
/* Sent past HTTP; must be taken. */
void send_counter(const char *pod_resource, int64_t seconds_ago, long value);
void send_span(const char *pod_resource, int64_t seconds_ago, const char *trace_id);
void send_line(const char *pod_resource, int64_t seconds_ago, const char *more);
