/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One kubeconfig: its fields as k8s.io/client-go/tools/clientcmd/api/v1/types.go names them. Fields
 * that are not in the tables are ignored, as there.
 */
#include <stdio.h>
#include "kubeconfig-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"

enum kcf_type {
	KC_STR,
	KC_BOOL,
	KC_B64,	   /* decoded */
	KC_STRS,   /* kept as a value: array of strings */
	KC_EXTRA,  /* object of arrays of strings */
	KC_OBJECT, /* kept as a value */
	KC_NAMED,  /* array of objects with a name */
	KC_VARS,   /* array of {name, value} */
	KC_EXEC	   /* struct kcf_exec; the value itself goes to exec_at */
};

struct kcf_field {
	const char *key;
	enum kcf_type type;
	size_t at;
};

#define F(type_, struct_, key_, member_)                       \
	{                                                      \
		key_, type_, offsetof(struct struct_, member_) \
	}

static const struct kcf_field cluster_fields[] = {
	F(KC_STR, kcf_cluster, "server", server),
	F(KC_STR, kcf_cluster, "tls-server-name", tls_server_name),
	F(KC_BOOL, kcf_cluster, "insecure-skip-tls-verify", insecure),
	F(KC_STR, kcf_cluster, "certificate-authority", ca),
	F(KC_B64, kcf_cluster, "certificate-authority-data", ca_data),
	F(KC_STR, kcf_cluster, "proxy-url", proxy_url),
	F(KC_BOOL, kcf_cluster, "disable-compression", disable_compression),
	F(KC_NAMED, kcf_cluster, "extensions", extensions),
};

static const struct kcf_field user_fields[] = {
	F(KC_STR, kcf_user, "client-certificate", cert),
	F(KC_B64, kcf_user, "client-certificate-data", cert_data),
	F(KC_STR, kcf_user, "client-key", key),
	F(KC_B64, kcf_user, "client-key-data", key_data),
	F(KC_STR, kcf_user, "token", token),
	F(KC_STR, kcf_user, "tokenFile", token_file),
	F(KC_STR, kcf_user, "as", as),
	F(KC_STR, kcf_user, "as-uid", as_uid),
	F(KC_STRS, kcf_user, "as-groups", as_groups),
	F(KC_EXTRA, kcf_user, "as-user-extra", as_extra),
	F(KC_STR, kcf_user, "username", username),
	F(KC_STR, kcf_user, "password", password),
	F(KC_OBJECT, kcf_user, "auth-provider", auth_provider),
	F(KC_EXEC, kcf_user, "exec", exec_at),
};

static const struct kcf_field exec_fields[] = {
	F(KC_STR, kcf_exec, "command", command),
	F(KC_STRS, kcf_exec, "args", args),
	F(KC_VARS, kcf_exec, "env", env),
	F(KC_STR, kcf_exec, "apiVersion", api_version),
	F(KC_STR, kcf_exec, "installHint", install_hint),
	F(KC_BOOL, kcf_exec, "provideClusterInfo", provide_cluster_info),
	F(KC_STR, kcf_exec, "interactiveMode", interactive),
};

static const struct kcf_field context_fields[] = {
	F(KC_STR, kcf_context, "cluster", cluster),
	F(KC_STR, kcf_context, "user", user),
	F(KC_STR, kcf_context, "namespace", ns),
};

/* The three lists. */
static const struct kcf_list {
	const char *list, *member; /* clusters: - name: x, cluster: {…} */
	const struct kcf_field *fields;
	size_t nfields, bytes;
} lists[KC_KINDS] = {
	[KC_CLUSTERS] = {"clusters", "cluster", cluster_fields, OG_COUNT(cluster_fields),
		sizeof(struct kcf_cluster)},
	[KC_USERS] = {"users", "user", user_fields, OG_COUNT(user_fields), sizeof(struct kcf_user)},
	[KC_CONTEXTS] = {"contexts", "context", context_fields, OG_COUNT(context_fields),
		sizeof(struct kcf_context)},
};

struct reader {
	struct kcf_load *l;
	struct kcf_file *f;
	char path[64]; /* of the entry: "users[3].user." */
};

static int wrong_type(
	struct reader *r, struct og_jval v, const char *key, const char *sub, const char *want)
{
	enum og_jtype t = og_jtype(v);
	bool text = strcmp(want, "a string") == 0 &&
		    (t == OG_J_NUMBER || t == OG_J_TRUE || t == OG_J_FALSE);
	return kcf_fail_at(r->l, r->f, v, OG_E_CONFIG, "%s%s%s is %s %s, and has to be %s%s",
		r->path, key, sub, t == OG_J_ARRAY || t == OG_J_OBJECT ? "an" : "a",
		og_jtype_name(t), want, text ? ": put it in quotes" : "");
}

static int read_str(
	struct reader *r, struct og_jval v, const char *key, const char *sub, struct og_sv *ret)
{
	*ret = OG_SV("");
	if (og_junset(v))
		return 0;
	if (!og_jis(v, OG_J_STRING))
		return wrong_type(r, v, key, sub, "a string");
	if (!og_jstr(v, &r->l->tmp, ret))
		return kcf_oom(r->l);
	if (og_sv_chr(*ret, '\0') < ret->n)
		return kcf_fail_at(r->l, r->f, v, OG_E_CONFIG, "%s%s%s holds a NUL character",
			r->path, key, sub);
	return 0;
}

static int decode(struct reader *r, struct og_jval v, const char *key, struct og_sv packed,
	struct og_buf *out, struct og_sv *ret)
{
	int rc = og_base64_decode(out, packed, NULL);
	if (rc == -OG_E_OOM)
		return kcf_oom(r->l);
	if (rc)
		return kcf_fail_at(r->l, r->f, v, OG_E_CONFIG,
			"%s%s is not base64 (make it with: base64 -w0 FILE)", r->path, key);
	*ret = og_arena_sv(&r->l->tmp, og_buf_view(out));
	return ret->p ? 0 : kcf_oom(r->l);
}

/* Go's reader of []byte skips line ends, so that folded texts work (encoding/base64). */
static int read_b64(struct reader *r, struct og_jval v, const char *key, struct og_sv *ret)
{
	struct og_sv text;
	int rc = read_str(r, v, key, "", &text);
	if (rc || !text.n)
		return rc;
	struct og_buf out = OG_BUF_INIT(0);
	char *packed = og_arena_alloc(&r->l->tmp, text.n);
	size_t n = 0;
	if (!packed || !og_buf_reserve(&out, text.n)) {
		og_buf_fini(&out);
		return kcf_oom(r->l);
	}
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\n' && text.p[i] != '\r')
			packed[n++] = text.p[i];
	rc = decode(r, v, key, og_sv(packed, n), &out, ret);
	og_wipe(out.p, out.cap);
	og_buf_fini(&out);
	return rc;
}

/* An array whose elements are strings (null counts as one, as in Go). */
static int check_strs(struct reader *r, struct og_jval v, const char *key)
{
	struct og_sv s;
	if (!og_junset(v) && !og_jis(v, OG_J_ARRAY))
		return wrong_type(r, v, key, "", "a list of strings");
	og_jfor (it, v) {
		int rc = read_str(r, it.val, key, "[]", &s);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_extra(struct reader *r, struct og_jval v, const char *key)
{
	if (!og_junset(v) && !og_jis(v, OG_J_OBJECT))
		return wrong_type(r, v, key, "", "an object of lists of strings");
	og_jfor (it, v) {
		struct og_sv name;
		int rc = read_str(r, it.key, key, "", &name);
		if (!rc)
			rc = check_strs(r, it.val, key);
		if (rc)
			return rc;
	}
	return 0;
}

/* A list of objects, of which `name` (and `value`) have to be strings. */
static int check_objects(struct reader *r, struct og_jval v, const char *key, bool vars)
{
	struct og_sv s;
	if (!og_junset(v) && !og_jis(v, OG_J_ARRAY))
		return wrong_type(r, v, key, "", "a list");
	og_jfor (it, v) {
		if (!og_junset(it.val) && !og_jis(it.val, OG_J_OBJECT))
			return wrong_type(r, it.val, key, "[]", "an object");
		int rc = read_str(r, og_jgetl(it.val, "name"), key, "[].name", &s);
		if (!rc && vars)
			rc = read_str(r, og_jgetl(it.val, "value"), key, "[].value", &s);
		if (rc)
			return rc;
	}
	return 0;
}

static int read_fields(struct reader *r, struct og_jval v, const struct kcf_field *fields,
	size_t nfields, void *base);

/* NOLINTNEXTLINE(misc-no-recursion): once, exec holds no exec */
static int read_exec(struct reader *r, struct og_jval v, struct kcf_exec *x)
{
	size_t n = strlen(r->path);
	if (!og_junset(v) && !og_jis(v, OG_J_OBJECT))
		return wrong_type(r, v, "exec", "", "an object");
	snprintf(r->path + n, sizeof(r->path) - n, "exec.");
	int rc = read_fields(r, v, exec_fields, OG_COUNT(exec_fields), x);
	r->path[n] = '\0';
	return rc;
}

/* NOLINTNEXTLINE(misc-no-recursion): once, exec holds no exec */
static int read_field(struct reader *r, struct og_jval v, const struct kcf_field *f, void *base)
{
	void *at = (char *)base + f->at;
	switch (f->type) {
	case KC_STR:
		return read_str(r, v, f->key, "", at);
	case KC_B64:
		return read_b64(r, v, f->key, at);
	case KC_BOOL:
		if (!og_junset(v) && !og_jis(v, OG_J_TRUE) && !og_jis(v, OG_J_FALSE))
			return wrong_type(r, v, f->key, "", "true or false");
		*(bool *)at = og_jis(v, OG_J_TRUE);
		return 0;
	case KC_STRS:
	case KC_EXTRA:
	case KC_OBJECT:
	case KC_NAMED:
	case KC_VARS:
	case KC_EXEC:
		break;
	}
	*(struct og_jval *)at = v;
	if (f->type == KC_STRS)
		return check_strs(r, v, f->key);
	if (f->type == KC_EXTRA)
		return check_extra(r, v, f->key);
	if (f->type == KC_NAMED || f->type == KC_VARS)
		return check_objects(r, v, f->key, f->type == KC_VARS);
	if (f->type == KC_EXEC)
		return read_exec(r, v, &((struct kcf_user *)base)->exec);
	return og_junset(v) || og_jis(v, OG_J_OBJECT) ? 0
						      : wrong_type(r, v, f->key, "", "an object");
}

/* NOLINTNEXTLINE(misc-no-recursion): once, exec holds no exec */
static int read_fields(struct reader *r, struct og_jval v, const struct kcf_field *fields,
	size_t nfields, void *base)
{
	for (size_t i = 0; i < nfields; i++) {
		int rc = read_field(r, og_jget(v, og_svz(fields[i].key)), &fields[i], base);
		if (rc)
			return rc;
	}
	return 0;
}

/* The first file that names an entry gives it; twice in one file is an error. */
static int add_entry(
	struct reader *r, struct kcf_entry *e, const struct kcf_list *k, struct og_map *by_name)
{
	bool fresh = false;
	struct og_map_entry *m = og_map_put(by_name, e->name, &fresh);
	if (!m)
		return kcf_oom(r->l);
	if (fresh)
		m->value = e;
	else if (((const struct kcf_entry *)m->value)->file == r->f)
		return kcf_fail_entry(r->l, e, OG_E_CONFIG,
			"there is another %s named %s in this file: rename or remove one",
			k->member, kcf_quote(r->l, e->name));
	return 0;
}

static int read_entry(struct reader *r, struct og_jval v, const struct kcf_list *k,
	struct og_map *by_name, uint32_t index)
{
	struct kcf_entry *e = og_arena_calloc(&r->l->tmp, 1, k->bytes);
	if (!e)
		return kcf_oom(r->l);
	snprintf(r->path, sizeof(r->path), "%s[%u]", k->list, index);
	if (!og_junset(v) && !og_jis(v, OG_J_OBJECT))
		return wrong_type(r, v, "", "", "an object");
	*e = (struct kcf_entry){.file = r->f, .at = v};
	snprintf(r->path, sizeof(r->path), "%s[%u].", k->list, index);
	int rc = read_str(r, og_jgetl(v, "name"), "name", "", &e->name);
	struct og_jval body = og_jget(v, og_svz(k->member));
	if (!rc && !og_junset(body) && !og_jis(body, OG_J_OBJECT))
		rc = wrong_type(r, body, k->member, "", "an object");
	if (rc)
		return rc;
	snprintf(r->path, sizeof(r->path), "%s[%u].%s.", k->list, index, k->member);
	rc = read_fields(r, body, k->fields, k->nfields, e);
	return rc ? rc : add_entry(r, e, k, by_name);
}

static int read_list(struct reader *r, struct og_jval root, enum kcf_kind kind)
{
	const struct kcf_list *k = &lists[kind];
	struct og_jval v = og_jget(root, og_svz(k->list));
	r->path[0] = '\0';
	if (!og_junset(v) && !og_jis(v, OG_J_ARRAY))
		return wrong_type(r, v, k->list, "", "a list");
	if (og_jcount(v) > OG_KUBE_ENTRIES)
		return kcf_fail_at(
			r->l, r->f, v, OG_E_LIMIT, "more than %d %s", OG_KUBE_ENTRIES, k->list);
	og_jfor (it, v) {
		int rc = read_entry(r, it.val, k, &r->l->by_name[kind], it.index);
		if (rc)
			return rc;
	}
	return 0;
}

/* apiVersion and kind may be left out. */
static int check_type(struct reader *r, struct og_jval root)
{
	struct og_sv version, kind;
	r->path[0] = '\0';
	int rc = read_str(r, og_jgetl(root, "apiVersion"), "apiVersion", "", &version);
	if (!rc)
		rc = read_str(r, og_jgetl(root, "kind"), "kind", "", &kind);
	if (rc)
		return rc;
	if (kind.n && !og_sv_is(kind, "Config"))
		return kcf_fail_at(r->l, r->f, og_jgetl(root, "kind"), OG_E_CONFIG,
			"a document of kind %s is no kubeconfig (kind: Config)",
			kcf_quote(r->l, kind));
	if (version.n && !og_sv_is(version, "v1"))
		return kcf_fail_at(r->l, r->f, og_jgetl(root, "apiVersion"), OG_E_UNSUPPORTED,
			"apiVersion %s is not known (apiVersion: v1)", kcf_quote(r->l, version));
	return 0;
}

static int read_current(struct reader *r, struct og_jval root)
{
	struct og_sv current;
	struct kcf_load *l = r->l;
	struct og_jval v = og_jgetl(root, "current-context");
	r->path[0] = '\0';
	int rc = read_str(r, v, "current-context", "", &current);
	if (!rc && !l->current.n && current.n) {
		l->current = current;
		l->current_file = r->f;
		l->current_at = v;
	}
	return rc;
}

int kcf_read_text(struct kcf_load *l, struct kcf_file *f, struct og_sv text)
{
	static const struct og_source_limits limits = {.max_bytes = OG_KUBE_FILE_BYTES};
	struct reader r = {.l = l, .f = f};
	struct og_source *src = og_arena_new(&l->tmp, struct og_source);
	if (!src)
		return kcf_oom(l);
	int rc = og_source_parse(src, &l->tmp, text, f->path, &limits, l->err);
	if (rc || !src->ndocs)
		return rc;
	f->root = &src->docs[0];
	struct og_jval root = og_jroot(&f->root->doc);
	if (src->ndocs > 1 &&
		!kcf_warn(l, "%s holds several documents, and only the first one is read", f->path))
		return kcf_oom(l);
	if (og_junset(root))
		return 0;
	if (!og_jis(root, OG_J_OBJECT))
		return kcf_fail_at(l, f, root, OG_E_CONFIG,
			"this is no kubeconfig: an object with clusters, users and contexts is "
			"expected, not %s %s",
			og_jis(root, OG_J_ARRAY) ? "an" : "a", og_jtype_name(og_jtype(root)));
	rc = check_type(&r, root);
	for (enum kcf_kind k = KC_CLUSTERS; !rc && k < KC_KINDS; k++)
		rc = read_list(&r, root, k);
	return rc ? rc : read_current(&r, root);
}
