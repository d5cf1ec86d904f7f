/* SPDX-License-Identifier: Apache-2.0 */
/* docs/reference/configuration.md from the field table, and the hidden command that writes it. */
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "commands-priv.h"
#include "dashboard-priv.h"
#include "gen_config-priv.h"
#include "gen_values-priv.h"

static const char intro[] =
	"<!-- Generated from the field table (src/core/fields_*.c) by `make generate`. -->\n"
	"# Configuration\n"
	"\n"
	"Two kinds of document of the group `" OG_API_VERSION "` configure otelgate. The same\n"
	"documents work as custom resources in the cluster and as files (`--config FILE|DIR`): YAML or\n"
	"JSON, any number of documents in a file, folders read recursively (`.yaml`, `.yml`, `.json`).\n"
	"\n"
	"- `otelgate config check FILE|DIR…` reports everything that is wrong, with file, line, column\n"
	"  and the fix. Exit code 0 valid, 1 not valid, 2 wrong command line, 3 unreadable file.\n"
	"- `otelgate config show -f FILE|DIR` prints the values in effect and where each comes from.\n"
	"- `otelgate config fields FIELD` explains a field.\n"
	"\n"
	"Durations are written `30s`, `5m`, `1h30m`. YAML reads an unquoted `off`, `on`, `yes`, `no`,\n"
	"`y` and `n` as booleans: write `\"off\"`. A field that is `null` counts as not given. Documents of\n"
	"other groups in the same files are ignored with a warning.\n"
	"\n"
	"A running webhook reads changed files again, also when Kubernetes swaps a mounted ConfigMap.\n"
	"A new version with errors is refused as a whole: the old one stays in effect, and the log, the\n"
	"metrics and the readiness page say so.\n";

static const char refused[] =
	"\n## What is refused\n"
	"\n"
	"Combinations that can't work are errors when the configuration is read, not failures in pods:\n"
	"\n"
	"| combination | why | instead |\n"
	"|---|---|---|\n"
	"| `protocol: grpc` to the gateway | it takes OTLP over HTTP alone | `http/protobuf` |\n"
	"| port 4318 with `grpc`, port 4317 with HTTP | the other protocol's port | the right port |\n"
	"| a path on a gRPC endpoint | gRPC has none; the Java SDK fails at start | no path |\n"
	"| a query or fragment in an endpoint | SDKs append to the URL | none |\n"
	"| `/v1/traces` in the base endpoint | SDKs append it | `endpoints.traces`, or no path |\n"
	"| an HTTP signal endpoint that doesn't end with `/v1/<signal>` | used as it is | the full URL |\n"
	"| a gateway URL without `/otlp` | answers 404 | `https://…/otlp` |\n"
	"| `tls` with `http://` | would have no effect | `https://` |\n"
	"| `https://` on a private host without `tls.caFile` | no public CA vouches for it | a CA |\n"
	"| `certFile` without `keyFile`, and the reverse | SDKs fail at start | both |\n"
	"| `http://` to the gateway, or with credentials over the internet | readable on the way | "
	"`https://` |\n"
	"| a user or password in a URL | ends up in every pod | `credentials` |\n"
	"| `profiles: expected` without `endpoints.profiles` | nowhere to send | set it, or `via: "
	"ebpf` |\n"
	"| a sampler argument that isn't a number from 0 to 1 | SDKs ignore it | a ratio in quotes |\n"
	"| `OTEL_EXPORTER_OTLP_HEADERS` in `env`, with credentials | would replace them | remove it |\n";

static void cell(struct og_buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '|' || *s == '<')
			og_buf_ch(out, '\\');
		og_buf_ch(out, *s);
	}
}

static void words(struct og_buf *out, const struct og_field *f)
{
	for (uint32_t i = f->first_word;
		f->words[i] && (!f->max_words || i < f->first_word + f->max_words); i++)
		og_buf_fmt(out, "%s`%s`", i > f->first_word ? ", " : "", f->words[i]);
}

static void type_cell(struct og_buf *out, const struct og_field *f)
{
	char from[OG_DURATION_BYTES], to[OG_DURATION_BYTES];
	if (f->type == OG_FT_STRINGS)
		og_buf_lit(out, "list of ");
	if (f->words)
		words(out, f);
	else if (f->format && (f->type == OG_FT_STRING || f->type == OG_FT_STRINGS))
		og_buf_str(out, f->format->name);
	else
		og_buf_str(out, og_field_type_name(f->type));
	if (f->type == OG_FT_DURATION) {
		og_fmt_duration_ms(from, f->min);
		og_fmt_duration_ms(to, f->max);
		og_buf_fmt(out, ", %s to %s", from, to);
	} else if (f->type == OG_FT_INT) {
		og_buf_fmt(out, ", %lld to %lld", (long long)f->min, (long long)f->max);
	}
}

static void row(struct og_buf *out, const struct og_field *f)
{
	og_buf_fmt(out, "| `%s` | ", f->path + sizeof "spec." - 1);
	type_cell(out, f);
	og_buf_lit(out, " | ");
	if (f->def)
		og_buf_fmt(out, "`%s`", f->def);
	else if (f->flags & OG_FF_REQUIRED)
		og_buf_lit(out, "**required**");
	og_buf_lit(out, " | ");
	cell(out, f->help);
	og_buf_ch(out, '.');
	if (f->doc) {
		og_buf_ch(out, ' ');
		cell(out, f->doc);
	}
	if (f->example)
		og_buf_fmt(out, " Example: `%s`", f->example);
	og_buf_lit(out, " |\n");
}

static void kind(struct og_buf *out, const struct og_doc_type *t)
{
	og_buf_fmt(out, "\n## %s\n\n%s. Cluster-scoped; short name `%s`.\n\n%s\n\n```yaml\n%s```\n",
		t->kind, t->help, t->short_name, t->text, t->example);
	og_buf_lit(out,
		"\nFields of `spec`:\n\n| field | type | default | meaning |\n|---|---|---|---|\n");
	for (size_t i = 1; i < og_nfields(t->doc); i++)
		row(out, &t->fields[i]);
}

void og_gen_config_reference(struct og_buf *out)
{
	og_buf_str(out, intro);
	for (size_t k = 0; k < OG_DOC_KIND_COUNT_; k++)
		kind(out, &og_doc_types[k]);
	og_buf_str(out, refused);
}

static void gen_stacks(struct og_buf *out)
{
	og_gen_crd(out, OG_DOC_STACK);
}

static void gen_profiles(struct og_buf *out)
{
	og_gen_crd(out, OG_DOC_PROFILE);
}

static const struct {
	const char *name;
	void (*gen)(struct og_buf *out);
} documents[] = {
	{"reference", og_gen_config_reference},
	{"grafanastacks", gen_stacks},
	{"telemetryprofiles", gen_profiles},
	{"workloadtelemetries", og_gen_crd_telemetry},
	{"status", og_gen_status_reference},
	{"values", og_gen_values},
	{"values-schema", og_gen_values_schema},
	{"values-reference", og_gen_values_reference},
	{"dashboard-cluster", og_gen_dashboard_cluster},
	{"dashboard-workload", og_gen_dashboard_workload},
	{"chart-grafanastacks", og_gen_chart_stacks},
	{"chart-telemetryprofiles", og_gen_chart_profiles},
	{"chart-workloadtelemetries", og_gen_chart_telemetry},
	{"chart-rbac-webhook", og_gen_chart_rbac_webhook},
	{"chart-rbac-controller", og_gen_chart_rbac_controller},
	{"chart-rbac-reader", og_gen_chart_rbac_reader},
	{"chart-rbac-restarts", og_gen_chart_rbac_restarts},
};

static int run(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	(void)args;
	for (size_t i = 0; i < OG_COUNT(documents); i++)
		if (strcmp(p->operands[0], documents[i].name) == 0) {
			documents[i].gen(&cli->out);
			return OG_EXIT_PASS;
		}
	return og_cli_usage(cli,
		"expected reference, grafanastacks, telemetryprofiles, workloadtelemetries, status, "
		"values, values-schema, values-reference, or one of the chart's templates: "
		"chart-grafanastacks, chart-telemetryprofiles, chart-workloadtelemetries, "
		"chart-rbac-webhook, chart-rbac-controller, chart-rbac-reader, chart-rbac-restarts");
}

const struct og_command og_cmd_gen_config = {
	.name = "gen-config",
	.summary = "write what is generated from the field table",
	.usage = "DOCUMENT",
	.min_operands = 1,
	.max_operands = 1,
	.hidden = true,
	.run = run,
};
