/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* otelgate probe: from its arguments to a plan, and from a result to what people read. */
#include "otelgate/cli/command.h"
#include "otelgate/cli/kubeflags.h"
#include "otelgate/core/config.h"
#include "otelgate/grafana/discovery.h"
#include "otelgate/grafana/probe.h"

struct probe_args {
	struct og_kubeflags kube;
	struct og_strs config;
	const char *signals, *endpoint, *user, *token_file, *headers_file;
	const char *ca_file, *query_ca_file, *cert_file, *key_file, *proxy;
	const char *profiles_url, *profiles_user, *slug, *query_token_file, *cluster_name;
	const char *query_url[OG_GF_COUNT_], *query_user[OG_GF_COUNT_];
	const char *grafana_com;
	unsigned protocol, compression, output;
	int64_t timeout_ms, connect_ms;
	bool insecure, no_read, no_headers, allow_http;
};
enum { PROBE_TABLE, PROBE_JSON, PROBE_YAML };
enum { PROBE_IDS = OG_GF_COUNT_ };

/* What the probe needs, wherever it is from. Secrets are the plan's, texts the command's arena's.
 */
struct probe_plan {
	struct og_cli *cli;
	const struct probe_args *args;
	const struct og_stack *stack; /* NULL with flags alone */
	struct og_sv name;	      /* of the stack, or "" */
	struct og_probe_opts o;
	struct og_secret headers, user, password, key, query_token;
	struct og_gf_endpoint backend[OG_GF_COUNT_];
	struct og_sv query_ca; /* of the backends; empty = as make_client says */
	struct og_send_id ids[PROBE_IDS];
	struct og_sv base, profiles; /* of the receiver */
	struct og_sv own[OG_OTLP_SIGNAL_COUNT_];
	/* A credential that cannot work, found before anything is sent. */
	const char *finding;
	struct og_sv problem;
};

/* Both return enum og_exit. */
int probe_plan_make(
	struct og_cli *cli, const struct probe_args *a, const char *stack, struct probe_plan *ret);
/* Discovery by the slug, when there is one; and what follows from all that is known. */
int probe_plan_complete(struct probe_plan *p, struct og_loop *loop, struct og_httpc *http);
void probe_plan_fini(struct probe_plan *p);

/* probe_cluster.c: the stack, its credentials and TLS material from a cluster. */
int probe_plan_cluster(struct probe_plan *p, const char *stack);
/* "Authorization=Basic%20…" */
bool probe_basic_header(struct og_sv user, struct og_sv token, struct og_secret *ret);

/* probe_view.c */
struct probe_view {
	struct probe_plan *plan;
	const struct og_probe *probe;
	bool live;	/* the lines are redrawn */
	unsigned drawn; /* lines */
};
void probe_view_progress(struct probe_view *v);
void probe_view_clear(struct probe_view *v);
void probe_view_table(const struct probe_plan *p, const struct og_probe_result *r);
int probe_view_json(const struct probe_plan *p, const struct og_probe_result *r, bool yaml);
void probe_view_credential(const struct probe_plan *p);
