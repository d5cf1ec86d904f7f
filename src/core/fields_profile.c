/* SPDX-License-Identifier: Apache-2.0 */
/* The field table: TelemetryProfile. Words of SDK variables are those of the OpenTelemetry
 * specification, configuration/sdk-environment-variables.md. */
#include <stddef.h>
#include "otelgate/base/mem.h"
#include "fields-priv.h"

#define AT(member)    .at = (long)offsetof(struct og_profile, member)
#define COUNT(member) .at_count = (long)offsetof(struct og_profile, member)
#define OBJECT	      .type = OG_FT_OBJECT, .at = OG_NOWHERE
#define MAX_ITEMS     64

static const char *const words_propagators[] = {
	"tracecontext", "baggage", "b3", "b3multi", "jaeger", "xray", "ottrace", "none", NULL};
static const char *const words_samplers[] = {"always_on", "always_off", "traceidratio",
	"parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
	"jaeger_remote", "parentbased_jaeger_remote", "xray", NULL};
static const char *const words_pull[] = {"Always", "IfNotPresent", "Never", NULL};

static const struct og_cel cel_signals[] = {
	{"[self.metrics, self.traces, self.logs, self.profiles].exists(s, s != 'off')",
		"all signals are off: leave the profile out instead"},
	{NULL, NULL},
};

static const struct og_cel cel_sdk[] = {
	{"!has(self.propagators) || size(self.propagators) < 2 || !('none' in self.propagators)",
		"the propagator none can't stand beside others"},
	{NULL, NULL},
};

static const struct og_cel cel_sampler[] = {
	{"has(self.type) || !has(self.argument)", "an argument needs a type"},
	{"!has(self.type) || !self.type.endsWith('traceidratio') || has(self.argument)",
		"a ratio sampler needs an argument from 0 to 1"},
	{"!has(self.type) || !self.type.endsWith('traceidratio') || !has(self.argument) || "
	 "self.argument.matches('^(0([.][0-9]+)?|1([.]0+)?)$')",
		"the argument of a ratio sampler is a number from 0 to 1"},
	{"!has(self.type) || !(self.type.endsWith('always_on') || "
	 "self.type.endsWith('always_off')) || !has(self.argument)",
		"this sampler takes no argument"},
	{"!has(self.type) || !self.type.endsWith('jaeger_remote') || "
	 "(has(self.argument) && self.argument.contains('endpoint='))",
		"the argument is endpoint=…,pollingIntervalMs=…,initialSamplingRate=…"},
	{NULL, NULL},
};

static const struct og_cel cel_restart[] = {
	{"self.maxPerNamespace <= self.maxPerCluster",
		"maxPerNamespace can't be above maxPerCluster"},
	{NULL, NULL},
};

#define MODE(word, index, def_, n, text)                                                         \
	{                                                                                        \
		.path = "spec.signals." word, .type = OG_FT_ENUM, .words = og_words_signal_mode, \
		.max_words = (n), .def = (def_), AT(signals[index]), .help = text                \
	}

/* clang-format off */
#define LANGUAGE(word, index, name, img)                                                           \
	{.path = "spec.languages." word, OBJECT, .help = "Agent for " name},                       \
	{.path = "spec.languages." word ".image", .type = OG_FT_STRING,                            \
		.format = &og_format_image, AT(languages[index].image),                            \
		.help = "Agent image, copied into the pod; a pinned one when not set, none for environment only",         \
		.example = img},                                                                   \
	{.path = "spec.languages." word ".libc", .type = OG_FT_ENUM, .words = og_words_libc,       \
		.first_word = OG_LIBC_GLIBC, AT(languages[index].libc),                            \
		.help = "C library of images that don't say; environment only when unknown"},      \
	{.path = "spec.languages." word ".env", .type = OG_FT_ENV, AT(languages[index].env),       \
		.max = MAX_ITEMS, COUNT(languages[index].nenv),                                    \
		.help = "Variables for containers of this language"},                              \
	{.path = "spec.languages." word ".resources", .type = OG_FT_RESOURCES,                     \
		AT(languages[index].resources_json),                                               \
		.help = "Of the container that copies the agent; as the application's when not set"},    \
	{.path = "spec.languages." word ".imagePullPolicy", .type = OG_FT_WORD,                    \
		.words = words_pull, AT(languages[index].image_pull_policy),                       \
		.help = "When the agent image is pulled; the cluster decides when not set"},       \
	{.path = "spec.languages." word ".profilerImage", .type = OG_FT_STRING,                    \
		.format = &og_format_image, AT(languages[index].profiler_image),                   \
		.help = "Pyroscope agent image; no profiler when not set"}
/* clang-format on */

const struct og_field og_fields_profile[] = {
	{.path = "spec", OBJECT, .help = "What is injected"},
	{.path = "spec.stack",
		.type = OG_FT_STRING,
		.format = &og_format_name,
		.flags = OG_FF_COLUMN,
		.column = "Stack",
		.at = OG_NOWHERE,
		.help = "Name of the GrafanaStack; may be left out when there is exactly one",
		.example = "grafana-cloud"},
	{.path = "spec.default",
		.type = OG_FT_BOOL,
		.def = "false",
		.flags = OG_FF_COLUMN,
		.column = "Default",
		AT(is_default),
		.help = "The profile of workloads that say otelgate.dev/inject: \"true\"",
		.doc = "At most one profile is the default."},
	{.path = "spec.namespaceSelector",
		.type = OG_FT_SELECTOR,
		AT(namespace_selector),
		.help = "Namespaces whose workloads are opted in without an annotation",
		.doc = "Together with workloadSelector both have to match. An empty selector ({}) "
		       "matches everything, one that is not set nothing."},
	{.path = "spec.workloadSelector",
		.type = OG_FT_SELECTOR,
		AT(workload_selector),
		.help = "Pods, by label, that are opted in without an annotation"},
	{.path = "spec.signals",
		OBJECT,
		.help = "What each workload has to send",
		.cel = cel_signals,
		.doc = "expected: injected, and its absence is a finding. optional: injected. off: "
		       "the exporter is switched off. stdout (logs alone): collected from the "
		       "container's output, the exporter is off."},
	MODE("metrics", OG_SIGNAL_METRICS, "expected", 3, "Metrics"),
	MODE("traces", OG_SIGNAL_TRACES, "expected", 3, "Traces"),
	MODE("logs", OG_SIGNAL_LOGS, "expected", 4, "Logs"),
	MODE("profiles", OG_SIGNAL_PROFILES, "off", 3, "Profiles (Pyroscope)"),
	{.path = "spec.profiles", OBJECT, .help = "How profiles are taken"},
	{.path = "spec.profiles.via",
		.type = OG_FT_ENUM,
		.words = og_words_profiles_via,
		.def = "agent",
		AT(profiles_via),
		.help = "An agent inside the process, or Alloy's eBPF profiler on the node",
		.doc = "ebpf puts nothing into the pod but the annotations Alloy looks for."},
	{.path = "spec.sdk", OBJECT, .cel = cel_sdk, .help = "Settings of every SDK"},
	{.path = "spec.sdk.propagators",
		.type = OG_FT_STRINGS,
		.words = words_propagators,
		.flags = OG_FF_UNIQUE,
		.max = 8,
		AT(sdk.propagators),
		COUNT(sdk.npropagators),
		.help = "OTEL_PROPAGATORS; the SDK's own (tracecontext, baggage) when not set",
		.example = "[tracecontext, baggage]"},
	{.path = "spec.sdk.sampler", OBJECT, .help = "Head sampling of traces", .cel = cel_sampler},
	{.path = "spec.sdk.sampler.type",
		.type = OG_FT_WORD,
		.words = words_samplers,
		AT(sdk.sampler_type),
		.help = "OTEL_TRACES_SAMPLER",
		.example = "parentbased_traceidratio"},
	{.path = "spec.sdk.sampler.argument",
		.type = OG_FT_STRING,
		.format = &og_format_sampler_argument,
		AT(sdk.sampler_argument),
		.help = "OTEL_TRACES_SAMPLER_ARG, in quotes",
		.example = "\"0.25\""},
	{.path = "spec.sdk.resourceAttributes",
		.type = OG_FT_MAP,
		.format = &og_format_attribute_key,
		.max = MAX_ITEMS,
		AT(sdk.resource_attributes),
		.help = "Resource attributes of everything injected; what the workload says wins",
		.example = "{deployment.environment.name: production}"},
	{.path = "spec.sdk.useLabels",
		.type = OG_FT_BOOL,
		.def = "false",
		AT(sdk.use_labels),
		.help = "Take names and version from the labels app.kubernetes.io/*"},
	{.path = "spec.sdk.addUids",
		.type = OG_FT_BOOL,
		.def = "false",
		AT(sdk.add_uids),
		.help = "Add the k8s.*.uid attributes"},
	{.path = "spec.sdk.env",
		.type = OG_FT_ENV,
		.max = MAX_ITEMS,
		AT(sdk.env),
		COUNT(sdk.nenv),
		.help = "Variables for every container, as in a pod (value or valueFrom)"},
	{.path = "spec.sdk.disable",
		.type = OG_FT_STRINGS,
		.format = &og_format_disable,
		.flags = OG_FF_UNIQUE,
		.max = MAX_ITEMS,
		AT(sdk.disable),
		COUNT(sdk.ndisable),
		.help = "Variables and resource attributes that are never generated",
		.example = "[OTEL_EXPORTER_OTLP_COMPRESSION, service.version]"},
	{.path = "spec.languages", OBJECT, .help = "Agents per language"},
	LANGUAGE("java", OG_LANG_JAVA, "Java", "ghcr.io/acme/agent-java:2.10.0"),
	LANGUAGE("nodejs", OG_LANG_NODEJS, "Node.js", "ghcr.io/acme/agent-nodejs:0.55.0"),
	LANGUAGE("python", OG_LANG_PYTHON, "Python", "ghcr.io/acme/agent-python:0.50b0"),
	LANGUAGE("dotnet", OG_LANG_DOTNET, ".NET", "ghcr.io/acme/agent-dotnet:1.9.0"),
	{.path = "spec.containers", OBJECT, .help = "Containers that are left alone"},
	{.path = "spec.containers.skip",
		.type = OG_FT_STRINGS,
		.format = &og_format_container,
		.flags = OG_FF_UNIQUE,
		.max = MAX_ITEMS,
		AT(skip_containers),
		COUNT(nskip_containers),
		.help = "Names or globs (* and ?), beside the built-in list of proxies",
		.example = "[\"*-exporter\", log-shipper]"},
	{.path = "spec.networkPolicy",
		.type = OG_FT_ENUM,
		.words = og_words_network_policy,
		.def = "auto",
		AT(network_policy),
		.help = "Open the way to the receiver where policies close it, or leave it"},
	{.path = "spec.networkPolicyReceiver",
		.type = OG_FT_ENUM,
		.words = og_words_network_policy_receiver,
		.def = "report",
		AT(network_policy_receiver),
		.help = "Policies at the receiver that keep workloads out: say so, or open them"},
	{.path = "spec.networkPolicyCidrs",
		.type = OG_FT_STRINGS,
		.format = &og_format_cidr,
		.flags = OG_FF_UNIQUE,
		.max = 16,
		AT(network_policy_cidrs),
		COUNT(nnetwork_policy_cidrs),
		.help = "Where a receiver outside the cluster is, for policies that open the way",
		.doc = "A policy names addresses, not hosts. Without them such a way is reported "
		       "and never opened.",
		.example = "[203.0.113.0/24]"},
	{.path = "spec.restart",
		OBJECT,
		.help = "Pods that run without injection",
		.cel = cel_restart},
	{.path = "spec.restart.mode",
		.type = OG_FT_ENUM,
		.words = og_words_restart_mode,
		.def = "suggest",
		AT(restart.mode),
		.help = "Leave them, name the command that restarts them, or restart them"},
	{.path = "spec.restart.maxPerNamespace",
		.type = OG_FT_INT,
		.min = 1,
		.max = 1000,
		.def = "1",
		AT(restart.max_per_namespace),
		.help = "Workloads that restart at once in a namespace"},
	{.path = "spec.restart.maxPerCluster",
		.type = OG_FT_INT,
		.min = 1,
		.max = 10000,
		.def = "5",
		AT(restart.max_per_cluster),
		.help = "Workloads that restart at once in the cluster"},
	{.path = "spec.restart.pause",
		.type = OG_FT_DURATION,
		.min = 0,
		.max = 24 * 3600 * 1000,
		.def = "30s",
		AT(restart.pause_ms),
		.help = "Wait between two workloads"},
	{.path = "spec.restart.windows",
		.type = OG_FT_STRINGS,
		.format = &og_format_window,
		.max = 32,
		AT(restart.windows),
		COUNT(restart.nwindows),
		.help = "When restarts may begin, in UTC; always when not set",
		.example = "[\"Mon-Fri 09:00-17:00\"]"},
	{.path = "spec.onError",
		.type = OG_FT_ENUM,
		.words = og_words_on_error,
		.def = "admit",
		AT(on_error),
		.help = "What becomes of an opted-in pod that cannot be injected",
		.doc = "reject refuses it; otelgate.dev/required of the workload decides either way. "
		       "Pods that did not opt in are always admitted."},
	{.path = "spec.compat",
		.type = OG_FT_ENUM,
		.words = og_words_compat,
		.def = "none",
		AT(compat),
		.help = "Also honour the OpenTelemetry Operator's inject annotations"},
};
const size_t og_nfields_profile = OG_COUNT(og_fields_profile);
