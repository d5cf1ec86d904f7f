/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of environment variables. */
#include "otelgate/core/envdoc.h"

#include "otelgate/base/mem.h"

#define ALL_SDKS  "every OpenTelemetry SDK"
#define OTLP_SDKS "every OpenTelemetry SDK with an OTLP exporter"
#define OFF(key)                                                         \
	"Set it in the container's env, which always wins, or list " key \
	" under spec.sdk.disable of the TelemetryProfile."
#define OFF_AGENT(lang) \
	"Take " lang    \
	" out of otelgate.dev/language (or write other), or set the language's image to none in the TelemetryProfile."
#define SIGNAL_ENDPOINT(S, s)                                                                                                                              \
	{                                                                                                                                                  \
		"OTEL_EXPORTER_OTLP_" S "_ENDPOINT", OG_ENVDOC_WRITTEN, OTLP_SDKS,                                                                         \
			"URL for " s                                                                                                                       \
			" alone. Over HTTP it is used as it is: nothing is appended, so it must end in /v1/" s                                             \
			" for most receivers.",                                                                                                            \
			"OTEL_EXPORTER_OTLP_ENDPOINT with /v1/" s " appended.",                                                                            \
			"spec.receiver.endpoints." s                                                                                                       \
			" of the GrafanaStack; not written when that is not set. When the container sets it, the stack's credentials are not sent there.", \
			OFF("OTEL_EXPORTER_OTLP_" S "_ENDPOINT")                                                                                           \
	}
#define SIGNAL_HEADERS(S, s)                                                                                                                                                        \
	{                                                                                                                                                                           \
		"OTEL_EXPORTER_OTLP_" S "_HEADERS", OG_ENVDOC_WRITTEN, OTLP_SDKS,                                                                                                   \
			"Request headers for " s                                                                                                                                    \
			" alone, as key=value pairs with percent-encoded values.",                                                                                                  \
			"OTEL_EXPORTER_OTLP_HEADERS (replaced by this one in Java, merged with it in JavaScript).",                                                                 \
			"The distributed Secret, by secretKeyRef; written in place of the general variable only when the container sends another signal to a receiver of its own.", \
			OFF("OTEL_EXPORTER_OTLP_" S "_HEADERS")                                                                                                                     \
	}
/* Written instead of the general variable when another signal is the container's own. */
#define SIGNAL_OWN(S, s, suffix, what, general)                                                                          \
	{                                                                                                                \
		"OTEL_EXPORTER_OTLP_" S "_" suffix, OG_ENVDOC_WRITTEN, OTLP_SDKS,                                        \
			what " for " s " alone.", general ".",                                                           \
			"As " general                                                                                    \
			"; written in its place only when the container sends another signal to a receiver of its own.", \
			OFF(general)                                                                                     \
	}
#define SIGNAL_TLS(S, s)                                                                       \
	SIGNAL_OWN(S, s, "CERTIFICATE", "PEM file of the receiver's certificate authority",    \
		"OTEL_EXPORTER_OTLP_CERTIFICATE"),                                             \
		SIGNAL_OWN(S, s, "CLIENT_CERTIFICATE", "PEM file of the client's certificate", \
			"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"),                              \
		SIGNAL_OWN(S, s, "CLIENT_KEY", "PEM file of the client's private key",         \
			"OTEL_EXPORTER_OTLP_CLIENT_KEY")
#define SIGNAL_PROTOCOL(S, s)                                                        \
	SIGNAL_OWN(S, s, "PROTOCOL", "Transport (grpc, http/protobuf or http/json)", \
		"OTEL_EXPORTER_OTLP_PROTOCOL")
#define SIGNAL_EXPORTER(S, s, more)                                                                                            \
	{                                                                                                                      \
		"OTEL_" S "_EXPORTER", OG_ENVDOC_WRITTEN, ALL_SDKS,                                                            \
			"Which exporter " s " go to: otlp, console, none" more ".",                                            \
			"otlp by the specification; some distributions export nothing without it.",                            \
			"spec.signals." s                                                                                      \
			" of the TelemetryProfile, or otelgate.dev/signals: expected and optional give otlp, off gives none.", \
			"Set it in the container's env, write otelgate.dev/signals: " s                                        \
			"=off, or list OTEL_" S                                                                                \
			"_EXPORTER under spec.sdk.disable of the TelemetryProfile."                                            \
	}

static const struct og_envdoc docs[] = {
	{"OTEL_SERVICE_NAME", OG_ENVDOC_WRITTEN, ALL_SDKS,
		"The resource attribute service.name. It outranks service.name inside OTEL_RESOURCE_ATTRIBUTES, and is plain text: nothing in it is decoded.",
		"service.name of OTEL_RESOURCE_ATTRIBUTES, else unknown_service with the name of the executable.",
		"Annotation resource.opentelemetry.io/service.name, then with spec.sdk.useLabels the labels app.kubernetes.io/instance and app.kubernetes.io/name, then the name of the workload, the pod, the container. Not written when the container's OTEL_RESOURCE_ATTRIBUTES holds service.name.",
		OFF("OTEL_SERVICE_NAME")},
	{"OTEL_RESOURCE_ATTRIBUTES", OG_ENVDOC_EXTENDED, ALL_SDKS,
		"Attributes of all telemetry of the process: key=value pairs joined by commas, values percent-encoded.",
		"No attributes but those the SDK detects.",
		"Annotations resource.opentelemetry.io/*, the pod's namespace, name, node, container, image and owners, spec.clusterName of the GrafanaStack, spec.sdk.resourceAttributes of the TelemetryProfile, and otelgate.revision. Keys that the container has already are not repeated.",
		"Write the keys into the container's own value, list single keys (k8s.node.name) or OTEL_RESOURCE_ATTRIBUTES itself under spec.sdk.disable of the TelemetryProfile."},
	{"OTEL_EXPORTER_OTLP_ENDPOINT", OG_ENVDOC_WRITTEN, OTLP_SDKS,
		"Where telemetry goes. Over HTTP it is a base URL: /v1/metrics, /v1/traces or /v1/logs is appended. Over gRPC it is scheme, host and port without a path.",
		"http://localhost:4318 over HTTP, http://localhost:4317 over gRPC: nobody listens there in most pods.",
		"spec.receiver.endpoint of the GrafanaStack. When the container sets it, the stack's protocol, TLS files and credentials are not written either.",
		OFF("OTEL_EXPORTER_OTLP_ENDPOINT")},
	SIGNAL_ENDPOINT("METRICS", "metrics"),
	SIGNAL_ENDPOINT("TRACES", "traces"),
	SIGNAL_ENDPOINT("LOGS", "logs"),
	{"OTEL_EXPORTER_OTLP_PROTOCOL", OG_ENVDOC_WRITTEN, OTLP_SDKS,
		"Transport: grpc, http/protobuf or http/json.",
		"http/protobuf by the specification; grpc in Python's distribution and in Java before agent 2.0, which is why it is written out.",
		"spec.receiver.protocol of the GrafanaStack. When the container names its own receiver, it is not written; but for the Python agent, which holds the exporter of HTTP alone: http/protobuf, unless the port is that of gRPC (4317).",
		OFF("OTEL_EXPORTER_OTLP_PROTOCOL")},
	SIGNAL_PROTOCOL("METRICS", "metrics"),
	SIGNAL_PROTOCOL("TRACES", "traces"),
	SIGNAL_PROTOCOL("LOGS", "logs"),
	{"OTEL_EXPORTER_OTLP_HEADERS", OG_ENVDOC_WRITTEN, OTLP_SDKS,
		"Request headers as key=value pairs with percent-encoded values; here Authorization=Basic%20… for Grafana Cloud.",
		"No headers: the Grafana Cloud gateway answers 401.",
		"The Secret that spec.distribute of the GrafanaStack puts into the namespace, by secretKeyRef with optional: true. The value itself never enters a pod or a patch. Not written without spec.credentials, nor when the container names its own receiver.",
		OFF("OTEL_EXPORTER_OTLP_HEADERS")},
	SIGNAL_HEADERS("METRICS", "metrics"),
	SIGNAL_HEADERS("TRACES", "traces"),
	SIGNAL_HEADERS("LOGS", "logs"),
	{"OTEL_EXPORTER_OTLP_COMPRESSION", OG_ENVDOC_WRITTEN, OTLP_SDKS,
		"Compression of requests: gzip or none.", "none.",
		"spec.receiver.compression of the GrafanaStack; not written when that is not set.",
		OFF("OTEL_EXPORTER_OTLP_COMPRESSION")},
	{"OTEL_EXPORTER_OTLP_TIMEOUT", OG_ENVDOC_WRITTEN, OTLP_SDKS,
		"Longest time for one request, in milliseconds; 0 is no limit.", "10000.",
		"spec.receiver.timeout of the GrafanaStack; not written when that is not set.",
		OFF("OTEL_EXPORTER_OTLP_TIMEOUT")},
	{"OTEL_EXPORTER_OTLP_CERTIFICATE", OG_ENVDOC_WRITTEN, OTLP_SDKS,
		"PEM file of the certificate authority that the receiver is checked against. The Java SDK ends at start when the file is missing.",
		"The authorities of the image.",
		"spec.receiver.tls.caFile of the GrafanaStack: a key of the mounted Secret or ConfigMap, or an absolute path in the image.",
		OFF("OTEL_EXPORTER_OTLP_CERTIFICATE")},
	{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", OG_ENVDOC_WRITTEN, OTLP_SDKS,
		"PEM file of the client's certificate, for mutual TLS.", "No client certificate.",
		"spec.receiver.tls.certFile of the GrafanaStack.",
		OFF("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")},
	{"OTEL_EXPORTER_OTLP_CLIENT_KEY", OG_ENVDOC_WRITTEN, OTLP_SDKS,
		"PEM file of the client's private key, for mutual TLS.", "No client certificate.",
		"spec.receiver.tls.keyFile of the GrafanaStack.",
		OFF("OTEL_EXPORTER_OTLP_CLIENT_KEY")},
	SIGNAL_TLS("METRICS", "metrics"),
	SIGNAL_TLS("TRACES", "traces"),
	SIGNAL_TLS("LOGS", "logs"),
	SIGNAL_EXPORTER("METRICS", "metrics", ", prometheus"),
	SIGNAL_EXPORTER("TRACES", "traces", ", zipkin"),
	{"OTEL_LOGS_EXPORTER", OG_ENVDOC_WRITTEN, ALL_SDKS,
		"Which exporter logs go to: otlp, console, none.",
		"otlp by the specification; some distributions export nothing without it.",
		"spec.signals.logs of the TelemetryProfile, or otelgate.dev/signals: expected and optional give otlp, off gives none. stdout gives none too, because the same lines would otherwise arrive twice.",
		"Set it in the container's env, write otelgate.dev/signals: logs=off, or list OTEL_LOGS_EXPORTER under spec.sdk.disable of the TelemetryProfile."},
	{"OTEL_PROPAGATORS", OG_ENVDOC_WRITTEN, ALL_SDKS,
		"How trace context travels between services: a list of tracecontext, baggage, b3, b3multi, xray, none.",
		"tracecontext,baggage.",
		"spec.sdk.propagators of the TelemetryProfile; not written when that is not set.",
		OFF("OTEL_PROPAGATORS")},
	{"OTEL_TRACES_SAMPLER", OG_ENVDOC_WRITTEN, ALL_SDKS,
		"Which traces are kept: always_on, always_off, traceidratio, or the parentbased_ form of them.",
		"parentbased_always_on: everything, unless the caller decided otherwise.",
		"spec.sdk.sampler.type of the TelemetryProfile. Neither it nor its argument is written when the container sets one of the two.",
		OFF("OTEL_TRACES_SAMPLER")},
	{"OTEL_TRACES_SAMPLER_ARG", OG_ENVDOC_WRITTEN, ALL_SDKS,
		"Argument of the sampler: for the ratio samplers the share that is kept, from 0 to 1. Read only when OTEL_TRACES_SAMPLER is set.",
		"1 for the ratio samplers.", "spec.sdk.sampler.argument of the TelemetryProfile.",
		OFF("OTEL_TRACES_SAMPLER_ARG")},
	{"OTEL_SDK_DISABLED", OG_ENVDOC_LOOKED_AT, ALL_SDKS " (not Go)",
		"true switches the SDK off: nothing is sent.", "The SDK works.",
		"Never written. A container that sets it to true gets finding OG703.",
		"Remove it from the container."},
	{"OTEL_CONFIG_FILE", OG_ENVDOC_LOOKED_AT,
		"SDKs with declarative configuration: Go, Java, PHP, C++ and others that follow",
		"A file that configures the SDK. With it every other OTEL_ variable is ignored, unless the file refers to it.",
		"The other variables count.",
		"Never written. A container that sets it gets finding OG318, because what is injected beside it may have no effect.",
		"Remove it from the container, or refer to the variables in the file: ${OTEL_EXPORTER_OTLP_ENDPOINT}."},
	{"OTEL_NODE_IP", OG_ENVDOC_HELPER, "nobody; for $(OTEL_NODE_IP) in other values",
		"Address of the pod's node, for a collector that runs on every node.",
		"$(OTEL_NODE_IP) stays in the text as it is written.",
		"The downward API, status.hostIP; only when a value refers to it. It comes before the container's own variables.",
		"Write no $(OTEL_NODE_IP)."},
	{"OTEL_POD_IP", OG_ENVDOC_HELPER, "nobody; for $(OTEL_POD_IP) in other values",
		"Address of the pod.", "$(OTEL_POD_IP) stays in the text as it is written.",
		"The downward API, status.podIP; only when a value refers to it. It comes before the container's own variables.",
		"Write no $(OTEL_POD_IP)."},
	{"OTEL_RESOURCE_ATTRIBUTES_POD_NAME", OG_ENVDOC_HELPER,
		"nobody; OTEL_RESOURCE_ATTRIBUTES refers to it",
		"Name of the pod, which is not known before the pod is created.",
		"k8s.pod.name and service.instance.id are missing.",
		"The downward API, metadata.name. When the container has a variable of this name, OTELGATE_POD_NAME is used instead.",
		"List k8s.pod.name and service.instance.id under spec.sdk.disable of the TelemetryProfile."},
	{"OTEL_RESOURCE_ATTRIBUTES_NODE_NAME", OG_ENVDOC_HELPER,
		"nobody; OTEL_RESOURCE_ATTRIBUTES refers to it",
		"Name of the node, which is not known before the pod is scheduled.",
		"k8s.node.name is missing.",
		"The downward API, spec.nodeName. When the container has a variable of this name, OTELGATE_NODE_NAME is used instead.",
		"List k8s.node.name under spec.sdk.disable of the TelemetryProfile."},
	{"OTEL_RESOURCE_ATTRIBUTES_POD_UID", OG_ENVDOC_HELPER,
		"nobody; OTEL_RESOURCE_ATTRIBUTES refers to it", "UID of the pod.",
		"k8s.pod.uid is missing.",
		"The downward API, metadata.uid; only with spec.sdk.addUids of the TelemetryProfile. When the container has a variable of this name, OTELGATE_POD_UID is used instead.",
		"List k8s.pod.uid under spec.sdk.disable of the TelemetryProfile."},
	{"OTEL_RESOURCE_ATTRIBUTES_NAMESPACE", OG_ENVDOC_HELPER,
		"nobody; OTEL_RESOURCE_ATTRIBUTES refers to it",
		"Namespace of the pod, where it is not known when the pod is injected.",
		"service.namespace and k8s.namespace.name are missing.",
		"The downward API, metadata.namespace; only by `otelgate inject` on manifests that name no namespace. When the container has a variable of this name, OTELGATE_NAMESPACE is used instead.",
		"Name the namespace: in the manifest, or by `otelgate inject -n NAMESPACE`."},
	{"OTELGATE_POD_NAME", OG_ENVDOC_HELPER, "nobody; OTEL_RESOURCE_ATTRIBUTES refers to it",
		"Name of the pod, where OTEL_RESOURCE_ATTRIBUTES_POD_NAME is the container's own.",
		"k8s.pod.name and service.instance.id are missing.",
		"The downward API, metadata.name.",
		"List k8s.pod.name and service.instance.id under spec.sdk.disable of the TelemetryProfile."},
	{"OTELGATE_NODE_NAME", OG_ENVDOC_HELPER, "nobody; OTEL_RESOURCE_ATTRIBUTES refers to it",
		"Name of the node, where OTEL_RESOURCE_ATTRIBUTES_NODE_NAME is the container's own.",
		"k8s.node.name is missing.", "The downward API, spec.nodeName.",
		"List k8s.node.name under spec.sdk.disable of the TelemetryProfile."},
	{"OTELGATE_POD_UID", OG_ENVDOC_HELPER, "nobody; OTEL_RESOURCE_ATTRIBUTES refers to it",
		"UID of the pod, where OTEL_RESOURCE_ATTRIBUTES_POD_UID is the container's own.",
		"k8s.pod.uid is missing.", "The downward API, metadata.uid.",
		"List k8s.pod.uid under spec.sdk.disable of the TelemetryProfile."},
	{"OTELGATE_NAMESPACE", OG_ENVDOC_HELPER, "nobody; OTEL_RESOURCE_ATTRIBUTES refers to it",
		"Namespace of the pod, where OTEL_RESOURCE_ATTRIBUTES_NAMESPACE is the container's own.",
		"service.namespace and k8s.namespace.name are missing.",
		"The downward API, metadata.namespace.",
		"Name the namespace: in the manifest, or by `otelgate inject -n NAMESPACE`."},
	{"JAVA_TOOL_OPTIONS", OG_ENVDOC_EXTENDED, "every Java virtual machine",
		"Options that the virtual machine takes before those of its command line; here -javaagent.",
		"No agent is loaded.",
		"The language agent, and the Pyroscope agent where profiles are on: added behind the container's own text.",
		OFF_AGENT("java")},
	{"NODE_OPTIONS", OG_ENVDOC_EXTENDED, "Node.js",
		"Options that Node.js takes before those of its command line; here --require.",
		"No agent is loaded.", "The language agent: added behind the container's own text.",
		OFF_AGENT("nodejs")},
	{"PYTHONPATH", OG_ENVDOC_EXTENDED, "Python", "Folders that modules are looked for in, before the installed ones.", "No agent is loaded.", "The language agent: its start folder in front of the container's own text, its library folder behind it, so that the application's own packages win.",
		OFF_AGENT("python")},
	{"DOTNET_STARTUP_HOOKS", OG_ENVDOC_EXTENDED, ".NET",
		"Assemblies that run before the application's Main.", "No startup hook runs.",
		"The language agent: added behind the container's own text.", OFF_AGENT("dotnet")},
	{"DOTNET_ADDITIONAL_DEPS", OG_ENVDOC_EXTENDED, ".NET",
		"Folders with further .deps.json files.",
		"The agent's own libraries are not found.",
		"The language agent: added behind the container's own text.", OFF_AGENT("dotnet")},
	{"DOTNET_SHARED_STORE", OG_ENVDOC_EXTENDED, ".NET", "Folders of shared assemblies.",
		"The agent's own libraries are not found.",
		"The language agent: added behind the container's own text.", OFF_AGENT("dotnet")},
	{"CORECLR_ENABLE_PROFILING", OG_ENVDOC_WRITTEN, ".NET",
		"1 lets the runtime load one profiler.", "No profiler is loaded.",
		"The language agent.", OFF_AGENT("dotnet")},
	{"CORECLR_PROFILER", OG_ENVDOC_WRITTEN, ".NET", "CLSID of the one profiler that is loaded.",
		"No profiler is loaded.",
		"The language agent. A container that names another profiler keeps it, and gets environment only.",
		OFF_AGENT("dotnet")},
	{"CORECLR_PROFILER_PATH", OG_ENVDOC_WRITTEN, ".NET",
		"File of the profiler; there is one for glibc and one for musl.",
		"No profiler is loaded.",
		"The language agent, by the C library that annotation or profile name.",
		OFF_AGENT("dotnet")},
	{"OTEL_DOTNET_AUTO_HOME", OG_ENVDOC_WRITTEN, "OpenTelemetry .NET Automatic Instrumentation",
		"Folder that the agent is installed in.", "The agent does not find its parts.",
		"The language agent. A container that sets it has an agent of its own, and gets environment only (finding OG314).",
		OFF_AGENT("dotnet")},
	{"PYROSCOPE_APPLICATION_NAME", OG_ENVDOC_WRITTEN,
		"Pyroscope's agent for Java and its SDKs for Node.js and .NET",
		"Name that profiles arrive under.", "A name made up by the agent.",
		"The service name of the container, so that profiles are found beside its traces.",
		OFF("PYROSCOPE_APPLICATION_NAME")},
	{"PYROSCOPE_SERVER_ADDRESS", OG_ENVDOC_WRITTEN,
		"Pyroscope's agent for Java and its SDKs for Node.js and .NET",
		"Where profiles go: a Pyroscope server or Alloy.", "http://localhost:4040.",
		"spec.receiver.endpoints.profiles of the GrafanaStack.",
		OFF("PYROSCOPE_SERVER_ADDRESS")},
	{"PYROSCOPE_BASIC_AUTH_USER", OG_ENVDOC_WRITTEN,
		"Pyroscope's agent for Java and its SDK for .NET",
		"User for HTTP basic authentication.", "No authentication.",
		"The distributed Secret, by secretKeyRef with optional: true; only with spec.credentials of the GrafanaStack.",
		OFF("PYROSCOPE_BASIC_AUTH_USER")},
	{"PYROSCOPE_BASIC_AUTH_PASSWORD", OG_ENVDOC_WRITTEN,
		"Pyroscope's agent for Java and its SDK for .NET",
		"Password for HTTP basic authentication.", "No authentication.",
		"The distributed Secret, by secretKeyRef with optional: true; only with spec.credentials of the GrafanaStack.",
		OFF("PYROSCOPE_BASIC_AUTH_PASSWORD")},
	{"PYROSCOPE_FORMAT", OG_ENVDOC_WRITTEN, "Pyroscope's agent for Java",
		"Format of profiles; jfr is the one that holds CPU, allocations and locks.",
		"collapsed: CPU only.", "Always jfr.", OFF("PYROSCOPE_FORMAT")},
};

static const char *const kinds[] = {
	[OG_ENVDOC_WRITTEN] = "written",
	[OG_ENVDOC_EXTENDED] = "extended",
	[OG_ENVDOC_HELPER] = "helper",
	[OG_ENVDOC_LOOKED_AT] = "looked at",
};

const struct og_envdoc *og_envdocs(uint32_t *ret_n)
{
	*ret_n = OG_COUNT(docs);
	return docs;
}

const struct og_envdoc *og_envdoc(struct og_sv name)
{
	for (size_t i = 0; i < OG_COUNT(docs); i++)
		if (og_sv_eq(name, og_svz(docs[i].name)))
			return &docs[i];
	return NULL;
}

const char *og_envdoc_kind_name(enum og_envdoc_kind k)
{
	return (unsigned)k < OG_COUNT(kinds) ? kinds[k] : "unknown";
}
