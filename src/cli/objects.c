/* SPDX-License-Identifier: Apache-2.0 */
/* Documents taken apart into objects. */
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/jptr.h"
#include "input-priv.h"

/* kubectl never makes lists in lists; someone's generator may. */
enum { LIST_MAX_DEPTH = 4, OBJECTS_MAX = 100000 };

struct collector {
	struct og_in_doc *doc;
	struct og_arena *arena;
	uint32_t cap;
};

static bool is_list(struct og_jval v, struct og_sv group, struct og_sv kind)
{
	if (!og_jis(og_jgetl(v, "items"), OG_J_ARRAY))
		return false;
	if (og_sv_is(group, "config.kubernetes.io") && og_sv_is(kind, "ResourceList"))
		return true;
	return og_sv_ends(kind, OG_SV("List"));
}

/* An array of containers where a pod template would have it. */
static bool holds_template(struct og_jval v)
{
	return og_jis(og_jpath(v, "spec", "template", "spec", "containers", NULL), OG_J_ARRAY) ||
	       og_jis(og_jpath(v, "spec", "jobTemplate", "spec", "template", "spec", "containers",
			      NULL),
		       OG_J_ARRAY);
}

/* An Argo Rollout may take the pod template of a Deployment, and has none of its own then. */
static bool borrows_template(struct og_jval v)
{
	struct og_jval spec = og_jgetl(v, "spec");
	return og_jis(og_jgetl(spec, "workloadRef"), OG_J_OBJECT) &&
	       og_junset(og_jgetl(spec, "template"));
}

static enum og_object_class classify(struct og_jval v, struct og_sv group, struct og_sv kind,
	const struct og_workload_kind **ret_kind)
{
	*ret_kind = NULL;
	if (og_junset(v))
		return OG_OBJ_EMPTY;
	if (!og_jis(v, OG_J_OBJECT) || !kind.n || !og_jis(og_jgetl(v, "apiVersion"), OG_J_STRING))
		return OG_OBJ_UNSUPPORTED;
	*ret_kind = og_workload_kind(group, kind);
	if (*ret_kind && !borrows_template(v))
		return OG_OBJ_WORKLOAD;
	*ret_kind = NULL;
	if (og_sv_is(group, "otelgate.dev") &&
		(og_sv_is(kind, "GrafanaStack") || og_sv_is(kind, "TelemetryProfile")))
		return OG_OBJ_CONFIG;
	return holds_template(v) ? OG_OBJ_UNSUPPORTED : OG_OBJ_OTHER;
}

static struct og_in_object *push(struct collector *c, struct og_err *err)
{
	struct og_in_doc *d = c->doc;
	if (d->nobjects >= OBJECTS_MAX) {
		(void)og_err_set(err, OG_E_LIMIT, "%s: more than %d objects in one document",
			og_in_place(d, OG_JABSENT, c->arena), OBJECTS_MAX);
		return NULL;
	}
	if (d->nobjects == c->cap) {
		uint32_t cap = c->cap ? c->cap * 2 : 1;
		struct og_in_object *v = og_arena_new_n(c->arena, cap, struct og_in_object);
		if (!v) {
			(void)og_err_set(err, OG_E_OOM, "out of memory");
			return NULL;
		}
		if (d->nobjects)
			memcpy(v, d->objects, d->nobjects * sizeof(*v));
		d->objects = v;
		c->cap = cap;
	}
	return &d->objects[d->nobjects++];
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is limited by LIST_MAX_DEPTH */
static int visit(struct collector *c, struct og_jval v, struct og_sv prefix, unsigned depth,
	struct og_err *err)
{
	struct og_sv kind = og_jstr_or_empty(og_jgetl(v, "kind"), c->arena);
	struct og_sv group = og_api_group(og_jstr_or_empty(og_jgetl(v, "apiVersion"), c->arena));
	if (!is_list(v, group, kind)) {
		struct og_in_object *o = push(c, err);
		if (!o)
			return err && err->code ? -(int)err->code : -OG_E_OOM;
		*o = (struct og_in_object){
			.v = v, .prefix = prefix, .kind_name = kind, .doc = c->doc};
		o->class = classify(v, group, kind, &o->kind);
		return og_jis(v, OG_J_OBJECT) ? og_meta_read(v, c->arena, &o->meta, err) : 0;
	}
	if (depth == 0 && og_sv_is(kind, "ResourceList"))
		c->doc->resource_list = true;
	if (depth >= LIST_MAX_DEPTH)
		return og_err_set(err, OG_E_LIMIT, "%s: lists nested deeper than %d",
			og_in_place(c->doc, v, c->arena), LIST_MAX_DEPTH);
	int rc = 0;
	og_jfor (it, og_jgetl(v, "items")) {
		char *p = og_arena_fmt(
			c->arena, "%.*s/items/%u", OG_SV_ARG(prefix), (unsigned)it.index);
		if (!p)
			return og_err_set(err, OG_E_OOM, "out of memory");
		rc = visit(c, it.val, og_svz(p), depth + 1, err);
		if (rc != 0)
			break;
	}
	return rc;
}

int og_in_doc_objects(struct og_in_doc *doc, struct og_arena *arena, struct og_err *err)
{
	struct collector c = {.doc = doc, .arena = arena};
	struct og_err why = OG_ERR_INIT;
	int rc = visit(&c, og_jroot(&doc->src->doc), OG_SV(""), 0, &why);
	if (rc != 0 && err)
		*err = why;
	return rc;
}

const char *og_in_place(const struct og_in_doc *doc, struct og_jval v, struct og_arena *arena)
{
	uint32_t line = 1, col = 1;
	og_source_position(doc->src, v, &line, &col);
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	og_text_safe(&b, og_svz(doc->input->name));
	og_buf_fmt(&b, ":%u:%u", line, col);
	struct og_sv s = b.failed ? og_sv(NULL, 0) : og_arena_sv(arena, og_buf_view(&b));
	return s.p ? s.p : "?";
}

void og_in_title(struct og_buf *b, const struct og_in_object *o)
{
	og_text_safe(b, o->kind_name.n ? o->kind_name : OG_SV("document"));
	struct og_sv name = o->meta.name.n ? o->meta.name : o->meta.generate_name;
	if (!name.n)
		return;
	og_buf_ch(b, ' ');
	if (o->meta.ns.n) {
		og_text_safe(b, o->meta.ns);
		og_buf_ch(b, '/');
	}
	og_text_safe(b, name);
	if (!o->meta.name.n)
		og_buf_ch(b, '*');
}
