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

static void rights(
	struct og_buf *out, enum og_rbac_component c, const char *account, const char *when)
{
	head(out, "rights (src/cluster/kinds.c)", when);
	og_rbac_manifest(c, "otelgate", account, "{{ .Release.Namespace }}", out);
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
