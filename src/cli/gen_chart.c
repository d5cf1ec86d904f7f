/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of the chart that say what manifests/ says: rights and definitions. */
#include "otelgate/base/mem.h"
#include "otelgate/cluster/kinds.h"
#include "gen_config-priv.h"
#include "gen_values-priv.h"

#define LABELS "  labels:\n    app.kubernetes.io/part-of: otelgate\n"
enum { TEMPLATE_BYTES = 1 << 20 };

static void head(struct og_buf *out, const char *table, const char *when)
{
	og_buf_fmt(out,
		"{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}\n"
		"{{- /* Generated from the table of %s by `make generate`. */ -}}\n",
		table);
	if (when)
		og_buf_fmt(out, "{{- if %s }}\n", when);
}

/* The rule that begins at `at`: its comment and all lines up to the next comment or document. */
static size_t rule_length(struct og_sv text, size_t at)
{
	const char *comment = memmem(text.p + at + 1, text.n - at - 1, "\n# ", 3);
	const char *document = memmem(text.p + at + 1, text.n - at - 1, "\n---", 4);
	const char *end = text.p + text.n - 1;

	if (comment && comment < end)
		end = comment;
	if (document && document < end)
		end = document;
	return (size_t)(end + 1 - (text.p + at));
}

/* Roles as they are, and the rule that holds `marked` under a condition of its own. */
static void roles(struct og_buf *out, struct og_sv text, const char *marked, const char *when)
{
	for (size_t i = 0; i < text.n;) {
		const char *nl = memchr(text.p + i, '\n', text.n - i);
		size_t n = nl ? (size_t)(nl + 1 - (text.p + i)) : text.n - i;
		bool conditional = false;
		if (marked && text.p[i] == '#') {
			n = rule_length(text, i);
			conditional = memmem(text.p + i, n, marked, strlen(marked)) != NULL;
		}
		if (conditional)
			og_buf_fmt(out, "{{- if %s }}\n", when);
		og_buf_add(out, text.p + i, n);
		if (conditional)
			og_buf_lit(out, "{{- end }}\n");
		i += n;
	}
}

static void rights(
	struct og_buf *out, enum og_rbac_component c, const char *account, const char *when)
{
	og_auto_buf struct og_buf text;
	const char *marked = c == OG_RBAC_CONTROLLER ? "resources: [\"secrets\"]" : NULL;

	og_buf_init(&text, TEMPLATE_BYTES);
	og_rbac_manifest(c, "otelgate", account, "{{ .Release.Namespace }}", &text);
	head(out, "rights (src/cluster/kinds.c)", when);
	roles(out, og_buf_view(&text), marked, ".Values.rbac.credentials");
	if (when)
		og_buf_lit(out, "{{- end }}\n");
}

void og_gen_chart_rbac_webhook(struct og_buf *out)
{
	rights(out, OG_RBAC_WEBHOOK, "otelgate-webhook", NULL);
}

void og_gen_chart_rbac_controller(struct og_buf *out)
{
	rights(out, OG_RBAC_CONTROLLER, "otelgate-controller", NULL);
}

void og_gen_chart_rbac_reader(struct og_buf *out)
{
	rights(out, OG_RBAC_READER, NULL, ".Values.rbac.reader");
}

void og_gen_chart_rbac_restarts(struct og_buf *out)
{
	rights(out, OG_RBAC_RESTARTS, "otelgate-controller", ".Values.rbac.restarts");
}

/* Text as a template that gives the same text. */
static void escaped(struct og_buf *out, struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (i + 1 < s.n && s.p[i] == '{' && s.p[i + 1] == '{') {
			og_buf_lit(out, "{{ \"{{\" }}");
			i++;
		} else {
			og_buf_ch(out, s.p[i]);
		}
	}
}

static void definition(struct og_buf *out, const struct og_buf *crd)
{
	struct og_sv text = og_buf_view(crd);
	const char *at = memmem(text.p, text.n, LABELS, sizeof LABELS - 1);
	size_t n = at ? (size_t)(at - text.p) : 0;

	head(out, "fields (src/core/fields_*.c)", ".Values.crds.install");
	escaped(out, og_sv(text.p, n));
	og_buf_lit(out,
		"  {{- if .Values.crds.keep }}\n  annotations:\n    helm.sh/resource-policy: keep\n"
		"  {{- end }}\n");
	escaped(out, og_sv(text.p + n, text.n - n));
	og_buf_lit(out, "{{- end }}\n");
}

void og_gen_chart_stacks(struct og_buf *out)
{
	og_auto_buf struct og_buf crd;
	og_buf_init(&crd, TEMPLATE_BYTES);
	og_gen_crd(&crd, OG_DOC_STACK);
	definition(out, &crd);
}

void og_gen_chart_profiles(struct og_buf *out)
{
	og_auto_buf struct og_buf crd;
	og_buf_init(&crd, TEMPLATE_BYTES);
	og_gen_crd(&crd, OG_DOC_PROFILE);
	definition(out, &crd);
}

void og_gen_chart_telemetry(struct og_buf *out)
{
	og_auto_buf struct og_buf crd;
	og_buf_init(&crd, TEMPLATE_BYTES);
	og_gen_crd_telemetry(&crd);
	definition(out, &crd);
}
