/* SPDX-License-Identifier: Apache-2.0 */
/* The table of languages. */
#include "otelgate/core/languages.h"

#define IMAGES "ghcr.io/open-telemetry/opentelemetry-operator/autoinstrumentation-"

static const struct og_lang_def defs[] = {
	{
		.language = OG_LANG_JAVA,
		.title = "Java",
		.default_image = IMAGES "java:2.30.0",
		.home = "/otelgate/java",
		.volume = "otelgate-java",
		.copy = {"cp", "/javaagent.jar", "/otelgate/java/javaagent.jar"},
		.vars = {{"JAVA_TOOL_OPTIONS", OG_JOIN_SPACE_AFTER,
			"-javaagent:/otelgate/java/javaagent.jar", NULL}},
		.other_agents = {"opentelemetry-javaagent", "otel-auto-instrumentation",
			"dd-java-agent", "newrelic.jar", "elastic-apm-agent",
			"applicationinsights-agent", "skywalking-agent", "aws-opentelemetry-agent"},
		.profiler = "agent",
	},
	{
		.language = OG_LANG_NODEJS,
		.title = "Node.js",
		.default_image = IMAGES "nodejs:0.78.0",
		.home = "/otelgate/nodejs",
		.volume = "otelgate-nodejs",
		.copy = {"cp", "-r", "/autoinstrumentation/.", "/otelgate/nodejs"},
		.vars = {{"NODE_OPTIONS", OG_JOIN_SPACE_AFTER,
			"--require /otelgate/nodejs/autoinstrumentation.js", NULL}},
		.other_agents = {"@opentelemetry/", "otel-auto-instrumentation", "dd-trace",
			"newrelic", "elastic-apm-node", "@splunk/otel"},
		.profiler = "env",
	},
	{
		.language = OG_LANG_PYTHON,
		.title = "Python",
		.default_image = IMAGES "python:0.64b0",
		.needs_libc = true,
		.home = "/otelgate/python",
		.volume = "otelgate-python",
		.copy = {"cp", "-r", "/autoinstrumentation/.", "/otelgate/python"},
		.copy_musl = {"cp", "-r", "/autoinstrumentation-musl/.", "/otelgate/python"},
		.vars = {{"PYTHONPATH", OG_JOIN_PYTHONPATH,
			"/otelgate/python/opentelemetry/instrumentation/auto_instrumentation",
			NULL}},
		.other_agents = {"opentelemetry/instrumentation/auto_instrumentation",
			"otel-auto-instrumentation", "ddtrace/bootstrap", "newrelic/bootstrap"},
	},
	{
		.language = OG_LANG_DOTNET,
		.title = ".NET",
		.default_image = IMAGES "dotnet:1.16.0",
		.needs_libc = true,
		.home = "/otelgate/dotnet",
		.volume = "otelgate-dotnet",
		.copy = {"cp", "-r", "/autoinstrumentation/.", "/otelgate/dotnet"},
		.vars =
			{
				{"DOTNET_STARTUP_HOOKS", OG_JOIN_COLON_AFTER,
					"/otelgate/dotnet/net/OpenTelemetry.AutoInstrumentation.StartupHook.dll",
					NULL},
				{"DOTNET_ADDITIONAL_DEPS", OG_JOIN_COLON_AFTER,
					"/otelgate/dotnet/AdditionalDeps", NULL},
				{"DOTNET_SHARED_STORE", OG_JOIN_COLON_AFTER,
					"/otelgate/dotnet/store", NULL},
				{"CORECLR_ENABLE_PROFILING", OG_JOIN_KEEP, "1", NULL},
				/* the CLSID of OpenTelemetry .NET Automatic Instrumentation */
				{"CORECLR_PROFILER", OG_JOIN_KEEP,
					"{918728DD-259F-4A6A-AC2B-B85E1B658318}", NULL},
				{"CORECLR_PROFILER_PATH", OG_JOIN_KEEP,
					"/otelgate/dotnet/linux/OpenTelemetry.AutoInstrumentation.Native.so",
					"/otelgate/dotnet/linux-musl/OpenTelemetry.AutoInstrumentation.Native.so"},
				{"OTEL_DOTNET_AUTO_HOME", OG_JOIN_KEEP, "/otelgate/dotnet", NULL},
			},
		.other_agents = {"OpenTelemetry.AutoInstrumentation", "otel-auto-instrumentation",
			"Datadog.Trace", "NewRelic"},
		.marker = "OTEL_DOTNET_AUTO_HOME",
	},
};

const struct og_lang_def *og_lang_def(enum og_language l)
{
	for (size_t i = 0; i < sizeof(defs) / sizeof(defs[0]); i++)
		if (defs[i].language == l)
			return &defs[i];
	return NULL;
}
