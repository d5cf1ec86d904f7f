/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Between reading, merging and resolving kubeconfigs. Everything lives in the arena of the load. */
#include "otelgate/base/map.h"
#include "otelgate/codec/source.h"
#include "otelgate/kube/kubeconfig.h"

struct kcf_file {
	const char *path;		  /* as it was given */
	const char *dir;		  /* absolute; what its relative paths are relative to */
	const struct og_source_doc *root; /* NULL for an empty file */
};

/* Where an entry stands; the first member of each kind of entry. */
struct kcf_entry {
	const struct kcf_file *file; /* NULL for what comes from flags or the pod */
	struct og_jval at;
	struct og_sv name;
};

struct kcf_cluster {
	struct kcf_entry e;
	struct og_sv server, tls_server_name, ca, ca_data, proxy_url;
	bool insecure, disable_compression;
	struct og_jval extensions;
};

struct kcf_exec {
	struct og_sv command, api_version, install_hint, interactive;
	bool provide_cluster_info;
	struct og_jval args, env;
};

struct kcf_user {
	struct kcf_entry e;
	struct og_sv cert, cert_data, key, key_data, token, token_file, username, password;
	struct og_sv as, as_uid;
	struct og_jval as_groups, as_extra, auth_provider, exec_at;
	struct kcf_exec exec; /* read when exec_at is an object */
};

struct kcf_context {
	struct kcf_entry e;
	struct og_sv cluster, user, ns;
};

enum kcf_kind { KC_CLUSTERS, KC_USERS, KC_CONTEXTS, KC_KINDS };

/* One load. */
struct kcf_load {
	const struct og_kube_flags *fl;
	const struct og_kube_env *env;
	const char *sa_dir;
	bool pod_only;	     /* the service account and nothing else */
	struct og_arena tmp; /* wiped at the end */
	struct og_kube_access *a;
	struct og_err *err; /* never NULL */
	struct og_map by_name[KC_KINDS];
	struct og_sv current; /* current-context */
	const struct kcf_file *current_file;
	struct og_jval current_at;
	const char *missing; /* the first file that was looked for and is not there */
	const char **warnings;
	size_t nwarnings, warnings_cap;
	const char **files;
	size_t nfiles;
};

/* What was chosen. */
struct kcf_choice {
	const struct kcf_context *context; /* NULL = none */
	const struct kcf_cluster *cluster; /* never NULL; its name is empty when there is none */
	const struct kcf_user *user;	   /* the same */
};

/* Like og_buf_reserve, but what is left behind is zeroed. */
bool kcf_grow_wiped(struct og_buf *b, size_t cap);
/* Appends a name in quotes, control characters written as \xNN, cut when long. */
void kcf_put_quoted(struct og_buf *b, struct og_sv s);
/* The same as a text; never NULL. */
const char *kcf_quote(struct kcf_load *l, struct og_sv s);
int kcf_oom(struct kcf_load *l);
/* Adds a sentence. False when out of memory. */
bool kcf_warn(struct kcf_load *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A value of the environment; empty when not set. */
struct og_sv kcf_env(struct kcf_load *l, const char *name);
/* An error about a place: "file:line:column: text"; without a file, "text". */
int kcf_fail_at(struct kcf_load *l, const struct kcf_file *f, struct og_jval at, enum og_code code,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));
#define kcf_fail_entry(l, e, code, ...) kcf_fail_at((l), (e)->file, (e)->at, (code), __VA_ARGS__)
/* The value of a field of an entry, or the entry. */
struct og_jval kcf_field_at(const struct kcf_entry *e, const char *key);
#define kcf_fail_field(l, e, key, code, ...) \
	kcf_fail_at((l), (e)->file, kcf_field_at((e), (key)), (code), __VA_ARGS__)
/* Copies into the access. NULL when out of memory. */
const char *kcf_keep(struct kcf_load *l, struct og_sv s);

/* kubeconfig_read.c: adds the entries of a file to l->by_name. */
int kcf_read_text(struct kcf_load *l, struct kcf_file *f, struct og_sv text);
/* kubeconfig_files.c: finds and reads all files. */
int kcf_read_files(struct kcf_load *l);
/* A path of an entry, made absolute. NULL when out of memory. */
const char *kcf_path(struct kcf_load *l, const struct kcf_entry *e, struct og_sv path);
/* Only what stays where it is can be read again later: no pipes. */
bool kcf_is_regular(const char *path);
/* Reads the PEM file `path` into the arena of the load. */
int kcf_read_pem(struct kcf_load *l, const char *what, const char *path, struct og_sv *ret);

/* kubeconfig_server.c */
int kcf_set_server(struct kcf_load *l, const struct kcf_choice *c);
/* kubeconfig_user.c, kubeconfig_exec.c */
int kcf_set_user(struct kcf_load *l, const struct kcf_choice *c);
int kcf_set_exec(struct kcf_load *l, const struct kcf_choice *c);

/* kubeconfig_pod.c */
bool kcf_pod_possible(struct kcf_load *l);
/* The entries that stand for the pod's service account. */
int kcf_pod_entries(struct kcf_load *l, struct kcf_cluster *c, struct kcf_user *u);
/* The pod's namespace; empty when unknown. */
int kcf_pod_namespace(struct kcf_load *l, struct og_sv *ret);
