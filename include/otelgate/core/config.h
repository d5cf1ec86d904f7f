/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The resolved configuration: GrafanaStack and TelemetryProfile documents (otelgate.dev/v1alpha1)
 * after reading, defaulting and checking. One immutable snapshot; all memory is its arena's.
 * Reading is core/config_read.h; the fields, their defaults and their words are core/fields.h.
 */
#include "otelgate/kobj/selector.h"

enum og_signal {
	OG_SIGNAL_METRICS,
	OG_SIGNAL_TRACES,
	OG_SIGNAL_LOGS,
	OG_SIGNAL_PROFILES,
	OG_SIGNAL_COUNT_
};

/* What a profile says of a signal. STDOUT is for logs only: collected from the container's output.
 */
enum og_signal_mode { OG_MODE_EXPECTED, OG_MODE_OPTIONAL, OG_MODE_OFF, OG_MODE_STDOUT };

enum og_receiver_type { OG_RECEIVER_COLLECTOR, OG_RECEIVER_GATEWAY };
enum og_protocol { OG_PROTOCOL_HTTP_PROTOBUF, OG_PROTOCOL_HTTP_JSON, OG_PROTOCOL_GRPC };
enum og_compression { OG_COMPRESSION_UNSET, OG_COMPRESSION_NONE, OG_COMPRESSION_GZIP };
enum og_on_error { OG_ON_ERROR_ADMIT, OG_ON_ERROR_REJECT };
enum og_profiles_via { OG_PROFILES_VIA_AGENT, OG_PROFILES_VIA_EBPF };
enum og_compat { OG_COMPAT_NONE, OG_COMPAT_OTEL_OPERATOR };
/* Whether the controller probes a stack by itself. */
enum og_probe_mode { OG_PROBE_SCHEDULED, OG_PROBE_OFF };
enum og_restart_mode { OG_RESTART_NEVER, OG_RESTART_SUGGEST, OG_RESTART_MANAGED };
enum og_network_policy { OG_NETPOL_AUTO, OG_NETPOL_OFF };
enum og_network_policy_receiver { OG_NETPOL_RECEIVER_REPORT, OG_NETPOL_RECEIVER_MANAGE };

/* JAVA to DOTNET have agents; NONE (not said), GO and OTHER are environment only. */
enum og_language {
	OG_LANG_NONE,
	OG_LANG_JAVA,
	OG_LANG_NODEJS,
	OG_LANG_PYTHON,
	OG_LANG_DOTNET,
	OG_LANG_GO,
	OG_LANG_OTHER,
	OG_LANG_COUNT_
};
enum og_libc { OG_LIBC_UNKNOWN, OG_LIBC_GLIBC, OG_LIBC_MUSL };

/* A corev1.EnvVar: `json` is the whole object as JSON text; value is set unless valueFrom is. */
struct og_cfg_env {
	struct og_sv name;
	struct og_sv value;
	bool has_value_from;
	struct og_sv json;
};

/* Where TLS material comes from: objects of the workload's namespace, or files of its image. */
struct og_cfg_tls {
	bool present;
	struct og_sv secret_name;		   /* Secret mounted for ca/cert/key */
	struct og_sv config_map_name;		   /* ConfigMap that holds the CA instead */
	struct og_sv ca_file, cert_file, key_file; /* key in the object, or an absolute path */
};

struct og_cfg_query {
	struct og_sv url, user;
};

struct og_stack {
	struct og_sv name;
	/* status.authHash: which credentials are distributed, as the controller has written it;
	 * part of the revision of pods that refer to them. Empty = not known. */
	struct og_sv auth_hash;
	struct og_sv slug;	   /* empty = no discovery */
	struct og_sv cluster_name; /* k8s.cluster.name; empty = not set */
	struct {
		enum og_receiver_type type;
		struct og_sv endpoint; /* base URL; empty only with a slug */
		/* empty = derived from endpoint; profiles = a Pyroscope server or Alloy */
		struct og_sv signal_endpoint[OG_SIGNAL_COUNT_];
		enum og_protocol protocol;
		enum og_compression compression;
		uint32_t timeout_ms; /* 0 = not set */
		struct og_cfg_tls tls;
	} receiver;
	struct {
		bool present;
		struct og_sv secret_name, secret_namespace;
		struct og_sv id_key, token_key, header_key;
	} credentials;
	struct {
		struct og_sv secret_name; /* of the Secret written into workload namespaces */
		struct og_sv header_key;  /* encoded OTEL_EXPORTER_OTLP_HEADERS value */
		struct og_sv profiles_user_key, profiles_password_key;
		bool immutable;
		/* not present = wherever a workload needs it */
		struct og_selector namespace_selector;
	} distribute;
	struct {
		struct og_cfg_query prometheus, loki, tempo, pyroscope;
		/* Secret of the token that reads; empty name = that of credentials. An empty
		 * token_key with it is "token", without it that of credentials. */
		struct og_sv secret_name, secret_namespace, token_key;
		struct og_sv
			ca_key; /* of CA certificates in the Secret of the token; empty = none */
		struct og_sv discovery_url; /* empty = https://grafana.com */
		struct og_sv grafana_url;   /* of the Grafana that links lead to; empty = none */
		uint32_t interval_ms, window_ms, freshness_ms, grace_ms;
	} query;
	struct {
		enum og_probe_mode mode;
		uint32_t interval_ms;
	} probe;
};

struct og_profile_language {
	struct og_sv image; /* empty = no agent: environment only */
	enum og_libc libc;  /* default for containers that say nothing */
	const struct og_cfg_env *env;
	uint32_t nenv;
	struct og_sv resources_json; /* corev1.ResourceRequirements; empty = the table's default */
	struct og_sv image_pull_policy; /* empty = cluster default */
	struct og_sv profiler_image;	/* Pyroscope agent image; empty = none */
};

struct og_profile {
	struct og_sv name;
	const struct og_stack *stack;
	bool is_default;
	struct og_selector namespace_selector, workload_selector;
	enum og_signal_mode signals[OG_SIGNAL_COUNT_];
	enum og_profiles_via profiles_via;
	struct {
		const struct og_sv *propagators;
		uint32_t npropagators;
		struct og_sv sampler_type, sampler_argument; /* empty = not set */
		struct og_kvs resource_attributes;
		bool use_labels; /* app.kubernetes.io/{instance,name,version} */
		bool add_uids;	 /* k8s.*.uid attributes */
		const struct og_cfg_env *env;
		uint32_t nenv;
		const struct og_sv *disable; /* variables and attribute keys never generated */
		uint32_t ndisable;
	} sdk;
	struct og_profile_language languages[OG_LANG_COUNT_];
	const struct og_sv *skip_containers; /* names or globs, beside the built-in table */
	uint32_t nskip_containers;
	enum og_network_policy network_policy;
	enum og_network_policy_receiver network_policy_receiver;
	const struct og_sv *network_policy_cidrs; /* of a receiver outside the cluster */
	uint32_t nnetwork_policy_cidrs;
	struct {
		enum og_restart_mode mode;
		uint32_t max_per_namespace, max_per_cluster; /* workloads restarting at once */
		uint32_t pause_ms;
		const struct og_sv *windows; /* "Mon-Fri 09:00-17:00" in UTC */
		uint32_t nwindows;
	} restart;
	enum og_on_error on_error;
	enum og_compat compat;
};

struct og_config_origin; /* core/config_read.h */

struct og_config {
	const struct og_stack *stacks;
	uint32_t nstacks;
	const struct og_profile *profiles;
	uint32_t nprofiles;
	const struct og_profile *default_profile; /* NULL = none */
	/* Where each field was written; parallel to stacks and profiles. NULL when not read by
	 * og_config_read. */
	const struct og_config_origin *stack_origins, *profile_origins;
	uint64_t generation; /* set by whoever loads; 0 = unset */
	char hash[65];	     /* SHA-256 of what was read, lower-case hex */
};

/* NULL when there is none of that name. */
const struct og_profile *og_config_profile(const struct og_config *c, struct og_sv name);

/* Stable words of the enums, as the documents spell them; static storage; "?" out of range. */
const char *og_signal_name(enum og_signal s);
const char *og_signal_mode_name(enum og_signal_mode m);
const char *og_receiver_type_name(enum og_receiver_type t);
const char *og_protocol_name(enum og_protocol p);
const char *og_compression_name(enum og_compression c); /* UNSET gives "unset" */
const char *og_on_error_name(enum og_on_error e);
const char *og_profiles_via_name(enum og_profiles_via v);
const char *og_compat_name(enum og_compat c);
const char *og_probe_mode_name(enum og_probe_mode m);
const char *og_restart_mode_name(enum og_restart_mode m);
const char *og_network_policy_name(enum og_network_policy p);
const char *og_network_policy_receiver_name(enum og_network_policy_receiver p);
const char *og_language_name(enum og_language l); /* "java", "nodejs", …; NONE gives "none" */
const char *og_libc_name(enum og_libc l);	  /* "glibc", "musl", "unknown" */
/* False when the word is not one of them. "none" is no language and "unknown" no libc here. */
bool og_language_parse(struct og_sv word, enum og_language *ret);
bool og_libc_parse(struct og_sv word, enum og_libc *ret);
/* http:// to a host of the internet: a credential could be read on the way. */
bool og_url_in_the_clear(struct og_sv url);
bool og_signal_parse(struct og_sv word, enum og_signal *ret);
bool og_signal_mode_parse(struct og_sv word, enum og_signal_mode *ret);

/* The same words as NULL-terminated lists, indexed by the enum. */
extern const char *const og_words_network_policy_receiver[];
extern const char *const og_words_signal[],
	*const og_words_signal_mode[],
		*const og_words_receiver_type[],
			*const og_words_protocol[],
				*const og_words_compression[],
					*const og_words_on_error[],
						*const og_words_profiles_via[],
							*const og_words_compat[],
								*const og_words_restart_mode[],
									*const og_words_probe_mode[],
										*const og_words_network_policy[],
											*const og_words_language[],
												*const og_words_libc
													[];
