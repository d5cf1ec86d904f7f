/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Patch, applied: reading operations and carrying them out on the changeable document. */
#include "jdoc-priv.h"
#include "jpatch_tree-priv.h"
#include "otelgate/codec/jpatch.h"

enum {
	OPERATIONS_MAX =
		10000,	 /* the apiserver's own limit: apiserver patch.go maxJSONPatchOperations */
	SHOWN_PATH = 160 /* bytes of a path in an error */
};

struct operation {
	const struct kind *kind;
	struct og_jval path_value;
	struct og_sv path, from;
	struct og_jval value;
};

struct kind {
	const char *name;
	bool value, from;
	int (*run)(struct og_jtree *t, const struct operation *op, struct og_err *err);
};

static int run_add(struct og_jtree *t, const struct operation *op, struct og_err *err)
{
	return og_jtree_add(t, op->path, (struct og_jmut){.v = op->value}, err);
}

static int run_replace(struct og_jtree *t, const struct operation *op, struct og_err *err)
{
	return og_jtree_replace(t, op->path, (struct og_jmut){.v = op->value}, err);
}

static int run_remove(struct og_jtree *t, const struct operation *op, struct og_err *err)
{
	return og_jtree_remove(t, op->path, err);
}

static int get_from(
	struct og_jtree *t, const struct operation *op, struct og_jmut *ret, struct og_err *err)
{
	int rc = og_jtree_get(t, op->from, ret, err);
	return rc ? og_err_wrap(err, "from") : 0;
}

static int run_move(struct og_jtree *t, const struct operation *op, struct og_err *err)
{
	struct og_jmut m;
	int rc = get_from(t, op, &m, err);
	if (rc || og_sv_eq(op->from, op->path))
		return rc;
	/* RFC 6902 §4.4: from must not be a proper prefix of path */
	if (og_sv_starts(op->path, op->from) && op->path.p[op->from.n] == '/')
		return og_err_set(err, OG_E_INVALID, "a value cannot be moved into itself");
	rc = og_jtree_remove(t, op->from, err);
	if (rc)
		return og_err_wrap(err, "from");
	return og_jtree_add(t, op->path, m, err);
}

static int run_copy(struct og_jtree *t, const struct operation *op, struct og_err *err)
{
	struct og_jmut m;
	int rc = get_from(t, op, &m, err);
	if (!rc)
		rc = og_jtree_copy(t, m, &m, err);
	return rc ? rc : og_jtree_add(t, op->path, m, err);
}

static int run_test(struct og_jtree *t, const struct operation *op, struct og_err *err)
{
	struct og_jmut m;
	int rc = og_jtree_get(t, op->path, &m, err);
	if (rc)
		return rc;
	return og_jtree_equal(m, op->value)
		       ? 0
		       : og_err_set(err, OG_E_INVALID, "the value there is another one");
}

static const struct kind kinds[] = {
	{"add", .value = true, .run = run_add},
	{"replace", .value = true, .run = run_replace},
	{"remove", .run = run_remove},
	{"test", .value = true, .run = run_test},
	{"move", .from = true, .run = run_move},
	{"copy", .from = true, .run = run_copy},
};

static int member_text(struct og_jval o, const char *name, struct og_arena *arena,
	struct og_jval *ret_value, struct og_sv *ret, struct og_err *err)
{
	struct og_jval v = og_jget(o, og_svz(name));
	if (!v.d)
		return og_err_set(err, OG_E_PARSE, "\"%s\" is missing", name);
	if (!og_jis(v, OG_J_STRING))
		return og_err_set(err, OG_E_PARSE, "\"%s\" must be a string, not %s", name,
			og_jtype_name(og_jtype(v)));
	if (ret_value)
		*ret_value = v;
	return og_jstr(v, arena, ret) ? 0 : og_err_set(err, OG_E_OOM, "out of memory");
}

static int read_operation(
	struct og_jval o, struct og_arena *arena, struct operation *op, struct og_err *err)
{
	if (!og_jis(o, OG_J_OBJECT))
		return og_err_set(
			err, OG_E_PARSE, "must be an object, not %s", og_jtype_name(og_jtype(o)));
	struct og_sv name;
	int rc = member_text(o, "op", arena, NULL, &name, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (og_sv_eq(name, og_svz(kinds[i].name)))
			op->kind = &kinds[i];
	if (!op->kind)
		return og_err_set(
			err, OG_E_PARSE, "\"op\" must be add, remove, replace, move, copy or test");
	rc = member_text(o, "path", arena, &op->path_value, &op->path, err);
	if (!rc && op->kind->from)
		rc = member_text(o, "from", arena, NULL, &op->from, err);
	op->value = og_jgetl(o, "value");
	if (!rc && op->kind->value && !op->value.d)
		rc = og_err_set(err, OG_E_PARSE, "\"value\" is missing");
	return rc;
}

/* "operation 3 (add /a/b)"; the path as it was written, so that it is one line of clean text. */
static int name_operation(const struct operation *op, uint32_t index, struct og_err *err)
{
	if (!op->kind)
		return og_err_wrap(err, "operation %u", index);
	if (!op->path_value.d)
		return og_err_wrap(err, "operation %u (%s)", index, op->kind->name);
	struct og_sv raw = og_jraw(op->path_value);
	raw = og_sv(raw.p + 1, raw.n - 2);
	bool cut = raw.n > SHOWN_PATH;
	if (cut) {
		raw.n = SHOWN_PATH;
		while (raw.n && ((unsigned char)raw.p[raw.n] & 0xC0) == 0x80)
			raw.n--;
	}
	return og_err_wrap(err, "operation %u (%s %.*s%s)", index, op->kind->name, OG_SV_ARG(raw),
		cut ? "..." : "");
}

static int apply(struct og_jval doc, struct og_jval patch, struct og_arena *arena,
	struct og_jmut *ret, struct og_err *err)
{
	if (!doc.d)
		return og_err_set(err, OG_E_INVALID, "there is no document to patch");
	if (!og_jis(patch, OG_J_ARRAY))
		return og_err_set(err, OG_E_PARSE,
			"a JSON Patch must be an array of operations, not %s",
			og_jtype_name(og_jtype(patch)));
	/* a List of thousands of pods may have some for each */
	uint32_t max = doc.d->ntok > OPERATIONS_MAX ? doc.d->ntok : OPERATIONS_MAX;
	if (og_jcount(patch) > max)
		return og_err_set(err, OG_E_LIMIT, "the patch has %u operations, the limit is %u",
			og_jcount(patch), max);
	struct og_jtree t = {.arena = arena, .root = {.v = doc}};
	og_jfor (it, patch) {
		struct operation op = {.kind = NULL};
		int rc = read_operation(it.val, arena, &op, err);
		if (!rc)
			rc = op.kind->run(&t, &op, err);
		if (rc)
			return name_operation(&op, it.index, err);
	}
	*ret = t.root;
	return 0;
}

int og_jmut_apply(struct og_jval doc, struct og_jval patch, struct og_arena *arena,
	struct og_jmut *ret, struct og_err *err)
{
	struct og_err local = OG_ERR_INIT; /* the pointer reader needs one to tell end from error */
	int rc = apply(doc, patch, arena, ret, &local);
	if (rc && err)
		*err = local;
	return rc;
}

int og_jpatch_apply(struct og_jval doc, struct og_jval patch, struct og_arena *arena,
	struct og_buf *out, struct og_err *err)
{
	if (out->failed)
		return og_err_set(err, OG_E_OOM, "the output had failed before");
	size_t before = out->len;
	struct og_jmut root;
	int rc = og_jmut_apply(doc, patch, arena, &root, err);
	if (!rc)
		rc = og_jmut_write(root, out, err);
	if (rc) {
		out->failed = false;
		out->len = before;
		if (out->p)
			out->p[before] = '\0';
	}
	return rc;
}
