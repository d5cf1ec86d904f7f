/* SPDX-License-Identifier: Apache-2.0 */
/* gen-docs: prints what is generated from the tables; "make docs" writes the files. */
#include "otelgate/audit/report.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/command.h"
#include "commands-priv.h"

static const struct {
	const char *name;
	void (*gen)(struct og_buf *out);
} documents[] = {
	{"man", og_gen_man},
	{"markdown", og_gen_markdown},
	{"bash", og_gen_bash},
	{"zsh", og_gen_zsh},
	{"fish", og_gen_fish},
	{"metrics", og_gen_metrics},
	{"rollouts", og_gen_rollouts},
	{"rbac", og_gen_rbac},
	{"rbac-webhook", og_gen_rbac_webhook},
	{"rbac-controller", og_gen_rbac_controller},
	{"rbac-reader", og_gen_rbac_reader},
	{"rbac-restarts", og_gen_rbac_restarts},
	{"report-schema", og_report_schema},
	{"status-schema", og_status_schema},
};

static int run_gen_docs(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	(void)args;
	for (size_t i = 0; i < OG_COUNT(documents); i++) {
		if (strcmp(p->operands[0], documents[i].name) == 0) {
			documents[i].gen(&cli->out);
			return OG_EXIT_PASS;
		}
	}
	return og_cli_usage(cli,
		"unknown document \"%.64s\": man, markdown, bash, zsh, fish, metrics, rollouts, rbac or "
		"rbac-webhook, rbac-controller, rbac-reader, "
		"rbac-restarts, report-schema or status-schema",
		p->operands[0]);
}

const struct og_command og_cmd_gen_docs = {
	.name = "gen-docs",
	.summary = "print a document generated from the option tables",
	.usage =
		"man|markdown|bash|zsh|fish|metrics|rollouts|rbac|rbac-webhook|rbac-controller|rbac-reader|rbac-restarts|report-schema|status-schema",
	.hidden = true,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_gen_docs,
};
