/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KRM functions: findings as the `results` of a ResourceList
 * (kustomize cmd/config/docs/api-conventions/functions-spec.md: message, severity error, warning
 * or info, resourceRef).
 */
#include "otelgate/codec/jwrite.h"
#include "inject-priv.h"

static void reference(struct og_buf *b, const struct og_in_object *o)
{
	og_buf_lit(b, ",\"resourceRef\":{\"apiVersion\":");
	og_buf_sv(b, og_jraw(og_jgetl(o->v, "apiVersion")));
	og_buf_lit(b, ",\"kind\":");
	og_buf_sv(b, og_jraw(og_jgetl(o->v, "kind")));
	og_buf_lit(b, ",\"name\":");
	og_jw_str(b, o->meta.name);
	if (o->meta.ns.n) {
		og_buf_lit(b, ",\"namespace\":");
		og_jw_str(b, o->meta.ns);
	}
	og_buf_ch(b, '}');
}

static void result(struct og_buf *b, const struct og_in_object *o, const struct og_finding *f)
{
	struct og_buf text og_auto_buf = OG_BUF_INIT(0);
	const char *severity = f->def->severity == OG_SEV_ERROR	    ? "error"
			       : f->def->severity == OG_SEV_WARNING ? "warning"
								    : "info";
	og_buf_fmt(&text, "%s %s: ", f->def->id, f->def->slug);
	if (f->place.n) {
		og_buf_sv(&text, f->place);
		og_buf_lit(&text, ": ");
	}
	og_buf_sv(&text, f->detail.n ? f->detail : og_svz(f->def->title));
	og_buf_lit(b, "{\"message\":");
	og_jw_str(b, og_buf_view(&text));
	og_buf_fmt(b, ",\"severity\":\"%s\"", severity);
	reference(b, o);
	og_buf_ch(b, '}');
	b->failed = b->failed || text.failed;
}

bool og_krm_results(const struct og_in_doc *d, struct og_buf *ret_value)
{
	bool any = false;
	struct og_jval old = og_jgetl(og_jroot(&d->src->doc), "results");
	og_buf_ch(ret_value, '[');
	og_jfor (it, old) {
		og_buf_str(ret_value, it.index ? "," : "");
		og_buf_sv(ret_value, og_jraw(it.val));
		any = true;
	}
	bool added = false;
	for (uint32_t i = 0; i < d->nobjects; i++) {
		const struct og_in_object *o = &d->objects[i];
		for (uint32_t k = 0; o->findings && k < o->findings->n; k++) {
			if (any)
				og_buf_ch(ret_value, ',');
			result(ret_value, o, &o->findings->v[k]);
			any = added = true;
		}
	}
	og_buf_ch(ret_value, ']');
	return added;
}
