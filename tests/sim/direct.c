/* SPDX-License-Identifier: Apache-2.0 */
/* Objects put and taken by tests, past everything a client has to pass. */
#include "otelgate/base/fs.h"
#include "otelgate/codec/source.h"
#include "sim/sim-priv.h"

static void missing(json_t *o, const char *k, const char *v)
{
	if (!json_object_get(o, k))
		json_object_set_new(o, k, json_string(v));
}

static void complete(const struct sim_res *r, json_t *o)
{
	json_t *meta = json_object_get(o, "metadata");
	char uid[40], now[32];

	sim_uuid(uid);
	sim_now(now);
	missing(meta, "uid", uid);
	missing(meta, "creationTimestamp", now);
	if (r->flags & SIM_R_NAMESPACED)
		missing(meta, "namespace", "default");
	if ((r->flags & SIM_R_GENERATION) && !json_object_get(meta, "generation"))
		json_object_set_new(meta, "generation", json_integer(1));
	sim_defaults(r, o);
}

/* With mu held. */
static int need_namespace(struct og_sim *s, const char *ns)
{
	struct sim_res *r = sim_res_by_name(s, "namespaces");
	struct sim_obj *n;
	json_t *o;

	if (sim_coll_find(r->coll, og_svz(""), og_svz(ns)))
		return 0;
	o = json_pack("{s:{s:s}}", "metadata", "name", ns);
	if (!o)
		return -OG_E_OOM;
	complete(r, o);
	n = sim_store_put(s, r, o);
	json_decref(o);
	sim_obj_unref(n);
	return n ? 0 : -OG_E_OOM;
}

static int put(struct og_sim *s, json_t *o, struct og_err *err)
{
	const char *kind = sim_str(o, "kind"), *version = sim_str(o, "apiVersion");
	json_t *meta = json_object_get(o, "metadata");
	struct sim_obj *n = NULL, *old;
	struct sim_res *r;
	int rc = 0;

	pthread_mutex_lock(&s->mu);
	r = sim_res_by_kind(s, version, kind);
	if (!r || !*sim_str(meta, "name") || (r->flags & SIM_R_VIRTUAL))
		rc = og_err_set(err, OG_E_INVALID,
			"object of kind %s (%s) without name, or of no "
			"known resource",
			kind, version);
	if (!rc && r->view_of) {
		sim_event_to_core(o);
		r = r->view_of;
	}
	if (!rc) {
		complete(r, o);
		old = sim_coll_find(r->coll,
			og_svz(r->flags & SIM_R_NAMESPACED ? sim_str(meta, "namespace") : ""),
			og_svz(sim_str(meta, "name")));
		if (old)
			json_object_set_new(meta, "uid", json_stringn(old->uid.p, old->uid.n));
		if (r->flags & SIM_R_NAMESPACED)
			rc = need_namespace(s, sim_str(meta, "namespace"));
		else
			json_object_del(meta, "namespace");
	}
	if (!rc) {
		n = sim_store_put(s, r, o);
		if (!n)
			rc = og_err_set(err, OG_E_OOM, "object");
	}
	sim_obj_unref(n);
	pthread_mutex_unlock(&s->mu);
	return rc;
}

static int put_text(struct og_sim *s, const char *p, size_t n, struct og_err *err)
{
	json_error_t je;
	json_t *o = json_loadb(p, n, JSON_REJECT_DUPLICATES, &je);
	int rc;

	if (!json_is_object(o) || !json_is_object(json_object_get(o, "metadata"))) {
		json_decref(o);
		return og_err_set(err, OG_E_PARSE, "not an object with metadata (line %d: %s)",
			je.line, o ? "" : je.text);
	}
	rc = put(s, o, err);
	json_decref(o);
	return rc;
}

int og_sim_put(struct og_sim *s, const char *json, struct og_err *err)
{
	return put_text(s, json, strlen(json), err);
}

int og_sim_apply(struct og_sim *s, struct og_sv text, const char *name, struct og_err *err)
{
	og_auto_arena struct og_arena a;
	struct og_source src;
	int rc;

	og_arena_init(&a, 0, 0);
	rc = og_source_parse(&src, &a, text, name, NULL, err);
	for (uint32_t i = 0; !rc && i < src.ndocs; i++) {
		const struct og_source_doc *d = &src.docs[i];
		struct og_jval root = og_jroot(&d->doc);

		if (og_junset(root) || og_jstr_is(og_jgetl(root, "kind"), "Kustomization"))
			continue; /* nothing, or for kustomize */
		if (og_jstr_is(og_jgetl(root, "kind"), "List")) {
			og_jfor (it, og_jgetl(root, "items")) {
				struct og_sv raw = og_jraw(it.val);

				rc = rc ? rc : put_text(s, raw.p, raw.n, err);
			}
		} else {
			struct og_sv raw = og_jraw(root);

			rc = put_text(s, raw.p, raw.n, err);
		}
		if (rc)
			og_err_wrap(err, "%s, document %u", name, i + 1);
	}
	return rc;
}

int og_sim_apply_file(struct og_sim *s, const char *path, struct og_err *err)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	int rc = og_fs_read(path, 64 << 20, &b, err);

	return rc ? rc : og_sim_apply(s, og_buf_view(&b), path, err);
}

/* With mu held. */
static struct sim_res *by_name(struct og_sim *s, const char *resource, struct og_err *err)
{
	struct sim_res *r = sim_res_by_name(s, resource);

	if (!r)
		og_err_set(err, OG_E_NOT_FOUND, "no resource %s", resource);
	return r && r->view_of ? r->view_of : r;
}

int og_sim_delete(struct og_sim *s, const char *resource, const char *ns, const char *name,
	struct og_err *err)
{
	struct sim_res *r;
	int rc = -OG_E_NOT_FOUND;

	pthread_mutex_lock(&s->mu);
	r = by_name(s, resource, err);
	if (r) {
		rc = sim_store_remove(s, r, og_svz(ns), og_svz(name));
		if (rc)
			og_err_set(err, (enum og_code) - rc, "%s %s", resource, name);
	}
	pthread_mutex_unlock(&s->mu);
	return rc;
}

int og_sim_get(struct og_sim *s, const char *resource, const char *ns, const char *name,
	struct og_buf *out, struct og_err *err)
{
	struct sim_obj *o = NULL;
	struct sim_res *r;

	pthread_mutex_lock(&s->mu);
	r = by_name(s, resource, err);
	if (r)
		o = sim_coll_find(r->coll, og_svz(ns), og_svz(name));
	if (o)
		og_buf_add(out, o->text, o->len);
	pthread_mutex_unlock(&s->mu);
	if (r && !o)
		og_err_set(err, OG_E_NOT_FOUND, "%s %s", resource, name);
	return o ? 0 : -OG_E_NOT_FOUND;
}

size_t og_sim_count(struct og_sim *s, const char *resource, const char *ns)
{
	struct sim_res *r;
	size_t n = 0;

	pthread_mutex_lock(&s->mu);
	r = by_name(s, resource, NULL);
	if (r && !ns)
		n = r->coll->n;
	for (size_t i = 0; r && ns && i < r->coll->n; i++)
		n += og_sv_eq(r->coll->v[i]->ns, og_svz(ns));
	pthread_mutex_unlock(&s->mu);
	return n;
}
