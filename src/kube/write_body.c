/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of writes: checked against what they are for, with their preconditions put in. Pure. */
#include "write-priv.h"

#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jwrite.h"

static int parse(struct og_jdoc *d, struct og_arena *arena, struct og_sv body, struct og_err *err)
{
	static const struct og_jlimits limits = {.max_bytes = WRITE_BODY_BYTES};
	if (body.n > WRITE_BODY_BYTES)
		return og_err_set(err, OG_E_LIMIT,
			"a body of %zu bytes; the API server takes no more than %d", body.n,
			WRITE_BODY_BYTES);
	int r = og_jdoc_parse(d, arena, body, &limits, err);
	if (r == -OG_E_PARSE)
		return og_err_set(err, OG_E_INVALID, "the body of a write is no JSON");
	return r < 0 ? og_err_wrap(err, "the body of a write") : 0;
}

/* What the body says must be what the request says; what it does not say is fine if `optional`. */
static int same(
	struct og_jval v, struct og_sv want, bool optional, const char *what, struct og_err *err)
{
	if (optional ? og_junset(v) || want.n == 0 : og_jis(v, OG_J_STRING) && want.n == 0)
		return 0;
	if (og_jstr_eq(v, want))
		return 0;
	return og_err_set(err, OG_E_INVALID,
		"%s in the body of a write is missing, or not that of the request", what);
}

static int check_identity(enum write_kind kind, struct og_jval root, const struct og_kube_write *w,
	struct og_err *err)
{
	struct og_jval meta = og_jgetl(root, "metadata");
	bool merge = kind == WRITE_MERGE;
	if (!merge && (!og_jis(og_jgetl(root, "apiVersion"), OG_J_STRING) ||
			      !og_jis(og_jgetl(root, "kind"), OG_J_STRING)))
		return og_err_set(
			err, OG_E_INVALID, "the body of a write needs apiVersion and kind");
	int r = same(og_jgetl(meta, "name"), w->res.name, merge || kind == WRITE_CREATE,
		"metadata.name", err);
	if (r == 0)
		r = same(og_jgetl(meta, "namespace"), w->res.ns, true, "metadata.namespace", err);
	if (r == 0 && (kind == WRITE_APPLY || kind == WRITE_APPLY_STATUS) &&
		!og_junset(og_jgetl(meta, "managedFields")))
		r = og_err_set(err, OG_E_INVALID,
			"metadata.managedFields does not belong into what is applied");
	return r;
}

static bool has_pre(const struct og_kube_pre *p)
{
	return p->uid.n || p->resource_version.n;
}

static void put_pre(const struct og_kube_pre *p, bool *first, struct og_buf *out)
{
	const struct {
		const char *key;
		struct og_sv value;
	} rows[] = {{"uid", p->uid}, {"resourceVersion", p->resource_version}};
	for (size_t i = 0; i < 2; i++) {
		if (!rows[i].value.n)
			continue;
		og_buf_fmt(out, "%s\"%s\":", *first ? "" : ",", rows[i].key);
		og_jw_str(out, rows[i].value);
		*first = false;
	}
}

static void put_key(struct og_jiter *it, bool *first, struct og_buf *out)
{
	if (!*first)
		og_buf_ch(out, ',');
	*first = false;
	og_buf_ch(out, '"');
	og_buf_sv(out, og_sv(it->d->text + og_jtok(it->key)->off, og_jtok(it->key)->len));
	og_buf_lit(out, "\":");
}

/* The object `v` with the precondition as two of its members. */
static int put_with_pre(
	struct og_jval v, const struct og_kube_pre *p, struct og_buf *out, struct og_err *err)
{
	bool first = true;
	if (!og_junset(v) && !og_jis(v, OG_J_OBJECT))
		return og_err_set(
			err, OG_E_INVALID, "metadata in the body of a write is no object");
	og_buf_ch(out, '{');
	og_jfor (it, v) {
		if (og_jstr_is(it.key, "uid") || og_jstr_is(it.key, "resourceVersion"))
			return og_err_set(err, OG_E_INVALID,
				"uid and resourceVersion are given beside the body of a write, "
				"not in it");
		put_key(&it, &first, out);
		og_buf_sv(out, og_jraw(it.val));
	}
	put_pre(p, &first, out);
	og_buf_ch(out, '}');
	return 0;
}

/* The body with the precondition under `key`: "metadata" of objects, "preconditions" of
 * DeleteOptions. */
static int put_body(struct og_jval root, struct og_sv key, const struct og_kube_pre *p,
	struct og_buf *out, struct og_err *err)
{
	bool first = true, done = false;
	og_buf_ch(out, '{');
	og_jfor (it, root) {
		put_key(&it, &first, out);
		if (og_jstr_eq(it.key, key)) {
			int r = put_with_pre(it.val, p, out, err);
			if (r < 0)
				return r;
			done = true;
		} else {
			og_buf_sv(out, og_jraw(it.val));
		}
	}
	if (!done) {
		og_buf_fmt(out, "%s\"%.*s\":", first ? "" : ",", OG_SV_ARG(key));
		(void)put_with_pre(OG_JABSENT, p, out, NULL);
	}
	og_buf_ch(out, '}');
	return 0;
}

static int check_pre(enum write_kind kind, struct og_jval root, const struct og_kube_write *w,
	struct og_err *err)
{
	struct og_jval rv = og_jpath(root, "metadata", "resourceVersion", NULL);
	if ((kind == WRITE_MERGE || kind == WRITE_DELETE) && !has_pre(&w->pre))
		return og_err_set(err, OG_E_INVALID,
			"a patch or deletion needs the uid or the resourceVersion it is meant for");
	if (kind == WRITE_REPLACE && (!og_jis(rv, OG_J_STRING) || og_jstr_is(rv, "")))
		return og_err_set(err, OG_E_INVALID,
			"an object is only replaced with the metadata.resourceVersion that was read");
	if ((kind == WRITE_REPLACE || kind == WRITE_CREATE) && has_pre(&w->pre))
		return og_err_set(err, OG_E_INVALID,
			"this write carries its precondition in the object itself");
	if (kind == WRITE_CREATE && !og_junset(rv))
		return og_err_set(
			err, OG_E_INVALID, "a new object has no metadata.resourceVersion");
	return 0;
}

static const struct og_sv delete_options = OG_SV(
	"{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"propagationPolicy\":\"Background\"}");

int write_body(
	enum write_kind kind, const struct og_kube_write *w, struct og_buf *out, struct og_err *err)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_jdoc doc;
	bool deletes = kind == WRITE_DELETE;
	int r = parse(&doc, &arena, deletes && !w->body.n ? delete_options : w->body, err);
	if (r < 0)
		return r;
	struct og_jval root = og_jroot(&doc);
	if (!og_jis(root, OG_J_OBJECT))
		return og_err_set(err, OG_E_INVALID, "the body of a write is no object");
	if (!deletes)
		r = check_identity(kind, root, w, err);
	if (r == 0)
		r = check_pre(kind, root, w, err);
	if (r == 0 && has_pre(&w->pre))
		r = put_body(root, deletes ? OG_SV("preconditions") : OG_SV("metadata"), &w->pre,
			out, err);
	else if (r == 0)
		og_buf_sv(out, og_jraw(root));
	if (r == 0 && out->failed)
		r = og_err_set(
			err, out->full ? OG_E_LIMIT : OG_E_OOM, "no room for the body of a write");
	return r;
}

int write_json_patch(struct og_sv patch, struct og_sv uid, struct og_buf *out, struct og_err *err)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_jdoc doc;
	int r = parse(&doc, &arena, patch, err);
	if (r < 0)
		return r;
	if (!og_jis(og_jroot(&doc), OG_J_ARRAY))
		return og_err_set(err, OG_E_INVALID, "a JSON patch is an array");
	struct og_sv raw = og_jraw(og_jroot(&doc));
	og_buf_lit(out, "[{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":");
	og_jw_str(out, uid);
	og_buf_str(out, og_jcount(og_jroot(&doc)) ? "}," : "}");
	og_buf_add(out, raw.p + 1, raw.n - 1);
	return out->failed ? og_err_set(err, OG_E_OOM, "no memory for a JSON patch") : 0;
}

/* The list with `add`, or without `drop`. */
static void put_list(struct og_jval list, struct og_sv add, struct og_sv drop, struct og_buf *out)
{
	bool first = true;
	og_buf_ch(out, '[');
	og_jfor (it, list) {
		if (drop.n && og_jstr_eq(it.val, drop))
			continue;
		if (!first)
			og_buf_ch(out, ',');
		first = false;
		og_buf_sv(out, og_jraw(it.val));
	}
	if (add.n) {
		if (!first)
			og_buf_ch(out, ',');
		og_jw_str(out, add);
	}
	og_buf_ch(out, ']');
}

int og_kube_finalizer_edit(struct og_jval object, struct og_sv finalizer, bool want,
	struct og_arena *arena, struct og_buf *out, struct og_err *err)
{
	struct og_jval meta = og_jgetl(object, "metadata"), list = og_jgetl(meta, "finalizers");
	bool has = false;
	if (!og_junset(list) && !og_jis(list, OG_J_ARRAY))
		return og_err_set(err, OG_E_INVALID, "metadata.finalizers is no list");
	og_jfor (it, list) {
		has = has || og_jstr_eq(it.val, finalizer);
	}
	if (has == want)
		return OG_EDIT_NOTHING;
	if (want && !og_junset(og_jgetl(meta, "deletionTimestamp")))
		return og_err_set(err, OG_E_INVALID,
			"the object is being deleted: it gets no finalizers any more");
	og_auto_buf struct og_buf value = OG_BUF_INIT(0);
	struct og_jpatch p;
	og_jpatch_begin(&p, out);
	if (og_jis(list, OG_J_ARRAY)) { /* also an empty one: it is there */
		og_jpatch_test(&p, OG_SV("/metadata/finalizers"), og_jraw(list));
	} else { /* nothing there to test; the state of the whole object stands in for it */
		og_jw_str(&value, og_jstr_or_empty(og_jgetl(meta, "resourceVersion"), arena));
		og_jpatch_test(&p, OG_SV("/metadata/resourceVersion"), og_buf_view(&value));
		og_buf_reset(&value);
	}
	put_list(list, want ? finalizer : OG_SV(""), want ? OG_SV("") : finalizer, &value);
	og_jpatch_add(&p, OG_SV("/metadata/finalizers"), og_buf_view(&value));
	if (!og_jpatch_end(&p) || value.failed)
		return og_err_set(err, OG_E_OOM, "no memory for the patch of a finalizer");
	return OG_EDIT_JSON_PATCH;
}
