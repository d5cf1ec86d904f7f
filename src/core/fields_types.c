/* SPDX-License-Identifier: Apache-2.0 */
/* The two kinds of document, with an example each. */
#include "fields-priv.h"

static const char example_stack[] =
	"apiVersion: otelgate.dev/v1alpha1\n"
	"kind: GrafanaStack\n"
	"metadata:\n"
	"  name: grafana-cloud\n"
	"spec:\n"
	"  clusterName: prod-eu-1\n"
	"  receiver:\n"
	"    type: gateway\n"
	"    endpoint: https://otlp-gateway-prod-eu-west-2.grafana.net/otlp\n"
	"    compression: gzip\n"
	"  credentials:\n"
	"    secretRef:\n"
	"      name: grafana-cloud\n"
	"      namespace: monitoring\n"
	"  query:\n"
	"    prometheus:\n"
	"      url: https://prometheus-prod-24-prod-eu-west-2.grafana.net\n"
	"      user: \"111111\"\n"
	"    loki:\n"
	"      url: https://logs-prod-012.grafana.net\n"
	"      user: \"222222\"\n"
	"    tempo:\n"
	"      url: https://tempo-prod-10-prod-eu-west-2.grafana.net\n"
	"      user: \"333333\"\n"
	"    window: 15m\n";

static const char example_profile[] = "apiVersion: otelgate.dev/v1alpha1\n"
				      "kind: TelemetryProfile\n"
				      "metadata:\n"
				      "  name: standard\n"
				      "spec:\n"
				      "  stack: grafana-cloud\n"
				      "  default: true\n"
				      "  namespaceSelector:\n"
				      "    matchLabels:\n"
				      "      telemetry: \"on\"\n"
				      "  workloadSelector: {}\n"
				      "  signals:\n"
				      "    logs: stdout\n"
				      "    profiles: optional\n"
				      "  profiles:\n"
				      "    via: ebpf\n"
				      "  sdk:\n"
				      "    propagators: [tracecontext, baggage]\n"
				      "    sampler:\n"
				      "      type: parentbased_traceidratio\n"
				      "      argument: \"0.25\"\n"
				      "    resourceAttributes:\n"
				      "      deployment.environment.name: production\n"
				      "    useLabels: true\n"
				      "  languages:\n"
				      "    java:\n"
				      "      image: registry.example.com/agents/java:2.10.0\n"
				      "  containers:\n"
				      "    skip: [\"*-exporter\"]\n";

static const struct og_cel cel_profile[] = {
	{"!(self.metadata.name in ['true', 'false'])",
		"a profile can't be named true or false: they mean something else in "
		"otelgate.dev/inject"},
	{NULL, NULL},
};

const struct og_doc_type og_doc_types[OG_DOC_KIND_COUNT_] = {
	[OG_DOC_STACK] =
		{
			.doc = OG_DOC_STACK,
			.kind = "GrafanaStack",
			.plural = "grafanastacks",
			.singular = "grafanastack",
			.short_name = "gstack",
			.help = "Where telemetry goes and how it is checked",
			.text = "A receiver for OTLP (a collector in the cluster, or the Grafana Cloud "
				"gateway), the credentials for it, and the backends that are asked "
				"whether telemetry arrived.",
			.example = example_stack,
			.fields = og_fields_stack,
			.nfields_ = &og_nfields_stack,
			.bytes = sizeof(struct og_stack),
		},
	[OG_DOC_PROFILE] =
		{
			.doc = OG_DOC_PROFILE,
			.kind = "TelemetryProfile",
			.plural = "telemetryprofiles",
			.singular = "telemetryprofile",
			.short_name = "tprofile",
			.help = "What is injected into workloads",
			.cel = cel_profile,
			.text = "Which signals a workload has to send, with which settings, and which "
				"workloads are opted in by label.",
			.example = example_profile,
			.fields = og_fields_profile,
			.nfields_ = &og_nfields_profile,
			.bytes = sizeof(struct og_profile),
		},
};
