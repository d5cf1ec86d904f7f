/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and the page about rights, from the table of RBAC rules. */
#include "otelgate/base/mem.h"
#include "otelgate/cli/command.h"
#include "otelgate/cluster/kinds.h"

static const struct {
	enum og_rbac_component component;
	const char *name;
} components[] = {{OG_RBAC_WEBHOOK, "webhook"}, {OG_RBAC_CONTROLLER, "controller"},
	{OG_RBAC_READER, "reader"}, {OG_RBAC_RESTARTS, "controller-restarts"}};

static void manifest(enum og_rbac_component c, const char *account, struct og_buf *out)
{
	og_buf_lit(out,
		"# SPDX-License-Identifier: Apache-2.0\n"
		"# Generated from the table of rights (src/cluster/kinds.c) by `make docs`.\n");
	og_rbac_manifest(c, "otelgate", account, "otelgate", out);
}

void og_gen_rbac_webhook(struct og_buf *out)
{
	manifest(OG_RBAC_WEBHOOK, "otelgate-webhook", out);
}

void og_gen_rbac_controller(struct og_buf *out)
{
	manifest(OG_RBAC_CONTROLLER, "otelgate-controller", out);
}

void og_gen_rbac_reader(struct og_buf *out)
{
	manifest(OG_RBAC_READER, NULL, out);
}

void og_gen_rbac_restarts(struct og_buf *out)
{
	manifest(OG_RBAC_RESTARTS, "otelgate-controller", out);
}

static void write_row(struct og_buf *out, const struct og_rbac_rule *r)
{
	const char *comma = "";

	og_buf_lit(out, "| ");
	for (size_t i = 0; i < OG_COUNT(components); i++)
		if (r->components & components[i].component) {
			og_buf_fmt(out, "%s%s", comma, components[i].name);
			comma = ", ";
		}
	og_buf_fmt(out, " | %s | `%s` | %s%s%s | %s | %s | %s |\n",
		r->own_namespace ? "otelgate's namespace" : "cluster",
		*r->group ? r->group : "core", r->names ? "`" : "", r->names ? r->names : "all",
		r->names ? "`" : "", r->resources, r->verbs, r->why);
}

void og_gen_rbac(struct og_buf *out)
{
	size_t n;
	const struct og_rbac_rule *r = og_rbac_rules(&n);

	og_buf_lit(out,
		"<!-- Generated from the table of rights (src/cluster/kinds.c) by `make docs`. -->\n"
		"# Rights\n\n"
		"What each part may do in a cluster, and why. `manifests/base/rbac-*.yaml` are made "
		"from the same table, and so are the\nrules that an error message names when a right "
		"is missing. `reader` is for people and CI: bind it to whoever runs\n"
		"`otelgate missed`. None of them may read a Secret other than the named one, change "
		"a workload, or use a wildcard.\n\n"
		"`controller-restarts` is not part of the base: without it the controller cannot "
		"change a workload, and tells people what\nto restart. Where a profile says "
		"`restart.mode: managed`, add it: `kubectl apply -k manifests/restarts`. Whoever runs "
		"`otelgate\nrestart` needs it too.\n\n"
		"| who | where | group | names | resources | verbs | why |\n"
		"|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++)
		write_row(out, &r[i]);
}
