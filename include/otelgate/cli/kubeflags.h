/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * kubectl's flags for commands that talk to a cluster. A command puts `struct og_kubeflags kube;`
 * into its arguments and OG_KUBE_OPTS(struct its_args, kube) among its rows, with
 * OG_KUBE_OPT_NAMESPACE unless its -n means something else, and then calls og_kubeflags_load.
 */
#include "otelgate/cli/command.h"
#include "otelgate/kube/kubeconfig.h"

struct og_kubeflags {
	const char *kubeconfig, *context, *cluster, *user, *ns, *server, *tls_server_name, *ca;
	const char *token, *client_certificate, *client_key, *as, *as_uid, *request_timeout;
	const char *service_account_dir;
	struct og_strs as_groups, as_user_extra;
	bool insecure, disable_compression;
};

#define OG_KUBE_OPT_GROUP "Cluster options"
#define OG_KUBE_OPT_(T, member, name_, letter_, type_, arg_, help_)                         \
	{                                                                                   \
		.name = name_, .letter = letter_, .type = type_, .at = offsetof(T, member), \
		.arg = arg_, .help = help_, .group = OG_KUBE_OPT_GROUP,                     \
	}

/* -A, for commands that look at workloads. T: the command's struct, m: its flag. */
#define OG_KUBE_OPT_ALL(T, m, HELP)                                           \
	{                                                                     \
		.name = "all-namespaces", .letter = 'A', .type = OG_OPT_FLAG, \
		.at = offsetof(T, m), .help = HELP                            \
	}
#define OG_KUBE_OPT_NAMESPACE(T, m)                                 \
	OG_KUBE_OPT_(T, m.ns, "namespace", 'n', OG_OPT_STR, "NAME", \
		"namespace to work in; the context's, or in a pod its own, when not given")

#define OG_KUBE_OPTS(T, m)                                                                                   \
	OG_KUBE_OPT_(T, m.kubeconfig, "kubeconfig", 0, OG_OPT_STR, "FILE",                                   \
		"the kubeconfig to use instead of those of $KUBECONFIG or ~/.kube/config"),                  \
		OG_KUBE_OPT_(T, m.context, "context", 0, OG_OPT_STR, "NAME",                                 \
			"context of the kubeconfig to use"),                                                 \
		OG_KUBE_OPT_(T, m.cluster, "cluster", 0, OG_OPT_STR, "NAME",                                 \
			"cluster of the kubeconfig to use"),                                                 \
		OG_KUBE_OPT_(T, m.user, "user", 0, OG_OPT_STR, "NAME",                                       \
			"user of the kubeconfig to use"),                                                    \
		OG_KUBE_OPT_(T, m.server, "server", 's', OG_OPT_STR, "URL",                                  \
			"address of the API server"),                                                        \
		OG_KUBE_OPT_(T, m.tls_server_name, "tls-server-name", 0, OG_OPT_STR, "NAME",                 \
			"name the API server's certificate must hold, when it is not the URL's host"),       \
		OG_KUBE_OPT_(T, m.ca, "certificate-authority", 0, OG_OPT_STR, "FILE",                        \
			"CA certificates the API server's must come from"),                                  \
		OG_KUBE_OPT_(T, m.insecure, "insecure-skip-tls-verify", 0, OG_OPT_FLAG, NULL,                \
			"do not verify the API server's certificate"),                                       \
		OG_KUBE_OPT_(T, m.token, "token", 0, OG_OPT_STR, "TOKEN",                                    \
			"bearer token; others on this machine can see it among the processes"),              \
		OG_KUBE_OPT_(T, m.client_certificate, "client-certificate", 0, OG_OPT_STR, "FILE",           \
			"client certificate"),                                                               \
		OG_KUBE_OPT_(T, m.client_key, "client-key", 0, OG_OPT_STR, "FILE",                           \
			"key of the client certificate"),                                                    \
		OG_KUBE_OPT_(T, m.as, "as", 0, OG_OPT_STR, "USER", "user to impersonate"),                   \
		OG_KUBE_OPT_(T, m.as_uid, "as-uid", 0, OG_OPT_STR, "UID", "UID to impersonate"),             \
		OG_KUBE_OPT_(T, m.as_groups, "as-group", 0, OG_OPT_STRS, "GROUP",                            \
			"group to impersonate"),                                                             \
		OG_KUBE_OPT_(T, m.as_user_extra, "as-user-extra", 0, OG_OPT_STRS, "KEY=VALUE",               \
			"extra value to impersonate"),                                                       \
		OG_KUBE_OPT_(T, m.request_timeout, "request-timeout", 0, OG_OPT_STR, "TIME",                 \
			"longest wait for one request: seconds, or a time such as 1m30s; 0 means no limit"), \
		OG_KUBE_OPT_(T, m.disable_compression, "disable-compression", 0, OG_OPT_FLAG,                \
			NULL, "do not ask the API server for compressed answers")

/* For services. */
#define OG_KUBE_OPT_SERVICE_ACCOUNT_DIR(T, m)                                               \
	OG_KUBE_OPT_(T, m.service_account_dir, "service-account-dir", 0, OG_OPT_STR, "DIR", \
		"use the service account of this folder and no kubeconfig")

/*
 * Resolves flags, environment and files. Warnings and errors go to standard error; returns
 * OG_EXIT_PASS with *ret set (og_kube_access_free), else USAGE or FAULT.
 */
int og_kubeflags_load(
	struct og_cli *cli, const struct og_kubeflags *f, struct og_kube_access **ret);
/* The environment of the command, for plugins. Static storage; one command per process. */
const struct og_kube_env *og_kubeflags_env(struct og_cli *cli);
