/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of objects: finished text, and the fields that selection and controllers look at. */
#include <stdio.h>
#include "sim/sim-priv.h"

static struct og_sv text_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) ? og_sv(json_string_value(v), json_string_length(v)) : og_svz("");
}

static bool is_ready(const json_t *status)
{
	size_t i;
	json_t *c;

	json_array_foreach(json_object_get(status, "conditions"), i, c)
	{
		if (og_sv_is(text_of(c, "type"), "Ready"))
			return og_sv_is(text_of(c, "status"), "True");
	}
	return false;
}

static void read_fields(const json_t *o, struct sim_fields *f)
{
	const json_t *meta = json_object_get(o, "metadata");
	const json_t *status = json_object_get(o, "status");
	const char *k;
	json_t *v;
	size_t i;

	f->ns = text_of(meta, "namespace");
	f->name = text_of(meta, "name");
	f->uid = text_of(meta, "uid");
	f->node = text_of(json_object_get(o, "spec"), "nodeName");
	f->phase = text_of(status, "phase");
	f->deleting = json_object_get(meta, "deletionTimestamp") != NULL;
	f->ready = is_ready(status);
	json_array_foreach(json_object_get(meta, "ownerReferences"), i, v)
	{
		struct og_sv uid = text_of(v, "uid");

		if (json_is_true(json_object_get(v, "controller")))
			f->owner = uid;
		og_buf_sv(&f->owners, uid);
		og_buf_ch(&f->owners, '\0');
	}
	json_object_foreach(json_object_get(meta, "labels"), k, v)
	{
		og_buf_add(&f->labels, k, strlen(k) + 1);
		og_buf_str(&f->labels, json_is_string(v) ? json_string_value(v) : "");
		og_buf_ch(&f->labels, '\0');
	}
}

static struct og_sv keep(char **at, struct og_sv s)
{
	struct og_sv r = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	(*at)[s.n] = '\0';
	*at += s.n + 1;
	return r;
}

static struct sim_obj *make(const struct sim_fields *f, uint64_t rv)
{
	size_t need = 2 * (f->ns.n + f->name.n) + f->uid.n + f->owner.n + f->node.n + f->phase.n +
		      f->labels.len + f->owners.len + 16;
	struct sim_obj *o = og_calloc(1, sizeof(*o) + need);
	char *at;

	if (!o)
		return NULL;
	atomic_init(&o->refs, 1);
	o->rv = rv;
	o->deleting = f->deleting;
	o->ready = f->ready;
	at = o->keys_;
	o->key.p = at;
	if (f->ns.n) {
		memcpy(at, f->ns.p, f->ns.n);
		at += f->ns.n;
		*at++ = '/';
	}
	at += f->name.n;
	if (f->name.n)
		memcpy(at - f->name.n, f->name.p, f->name.n);
	*at++ = '\0';
	o->key.n = (size_t)(at - o->key.p) - 1;
	o->ns = keep(&at, f->ns);
	o->name = keep(&at, f->name);
	o->uid = keep(&at, f->uid);
	o->owner_uid = keep(&at, f->owner);
	o->node = keep(&at, f->node);
	o->phase = keep(&at, f->phase);
	o->labels = keep(&at, og_buf_view(&f->labels));
	o->owners = keep(&at, og_buf_view(&f->owners));
	return o;
}

static void dump_into(struct og_buf *b, const json_t *v)
{
	size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15);
	size_t n = json_dumpb(v, NULL, 0, flags);

	if (!n || !og_buf_reserve(b, n + 1)) {
		b->failed = true;
		return;
	}
	b->len += json_dumpb(v, b->p + b->len, n, flags);
	b->p[b->len] = '\0';
}

/* {"kind":…,"apiVersion":…,"metadata":…, and the rest in the order it has. */
static bool write_text(const struct sim_res *r, json_t *o, struct og_buf *b, uint32_t *meta_len)
{
	json_t *meta = json_object_get(o, "metadata");
	const char *k;
	size_t before;
	json_t *v;

	og_buf_fmt(b, "{\"kind\":\"%s\",\"apiVersion\":\"%s\",", r->kind, r->api_version);
	og_buf_lit(b, "\"metadata\":");
	before = b->len;
	dump_into(b, meta);
	*meta_len = (uint32_t)(b->len - before);
	json_object_foreach(o, k, v)
	{
		if (!strcmp(k, "kind") || !strcmp(k, "apiVersion") || !strcmp(k, "metadata"))
			continue;
		og_buf_fmt(b, ",\"%s\":", k);
		dump_into(b, v);
	}
	og_buf_ch(b, '}');
	return !b->failed;
}

struct sim_obj *sim_obj_made(const struct sim_res *r, const struct sim_fields *f,
	struct og_buf *text, uint32_t meta_len, uint64_t rv)
{
	struct sim_obj *n = f->labels.failed || f->owners.failed ? NULL : make(f, rv);
	char *exact;

	if (!n)
		return NULL;
	n->head = (uint32_t)(strlen("{\"kind\":\"\",\"apiVersion\":\"\",") + strlen(r->kind) +
			     strlen(r->api_version));
	n->meta_off = n->head + (uint32_t)strlen("\"metadata\":");
	n->meta_len = meta_len;
	n->len = (uint32_t)text->len;
	n->text = og_buf_take(text);
	if (!n->text) {
		og_free(n);
		return NULL;
	}
	/* to its size: there may be many */
	exact = og_realloc(n->text, n->len + 1, 1);
	if (exact)
		n->text = exact;
	return n;
}

struct sim_obj *sim_obj_new(const struct sim_res *r, json_t *o, uint64_t rv)
{
	struct sim_fields f = {.labels = OG_BUF_INIT(0), .owners = OG_BUF_INIT(0)};
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	json_t *meta = json_object_get(o, "metadata");
	struct sim_obj *n;
	uint32_t meta_len = 0;
	char num[24];

	snprintf(num, sizeof(num), "%llu", (unsigned long long)rv);
	if (!meta || json_object_set_new(meta, "resourceVersion", json_string(num)))
		return NULL;
	if (!rv)
		json_object_del(meta, "resourceVersion"); /* a dry run's */
	if (!write_text(r, o, &text, &meta_len))
		return NULL;
	read_fields(o, &f);
	n = sim_obj_made(r, &f, &text, meta_len, rv);
	og_buf_fini(&f.labels);
	og_buf_fini(&f.owners);
	return n;
}

struct sim_obj *sim_obj_ref(struct sim_obj *o)
{
	atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	return o;
}

void sim_obj_unref(struct sim_obj *o)
{
	if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
		return;
	og_free(o->text);
	og_free(o);
}

json_t *sim_obj_json(const struct sim_obj *o)
{
	return json_loadb(o->text, o->len, 0, NULL);
}

struct og_sv sim_obj_label(const struct sim_obj *o, struct og_sv key)
{
	const char *p = o->labels.p, *end = p + o->labels.n;

	while (p < end) {
		size_t k = strlen(p), v = strlen(p + k + 1);

		if (k == key.n && !memcmp(p, key.p, k))
			return og_sv(p + k + 1, v);
		p += k + v + 2;
	}
	return og_sv(NULL, 0);
}
