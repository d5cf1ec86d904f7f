/* SPDX-License-Identifier: Apache-2.0 */
/* Records: made from an object's metadata, taken apart again for readers. */
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "store-priv.h"

#include <stdio.h>

/* ---- UIDs: RFC 9562 text in lower case is kept as its sixteen bytes ---- */

enum { UUID_TEXT = 36, UUID_BYTES = 16 };

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_dash(unsigned i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

static bool uuid_read(struct og_sv s, unsigned char ret[UUID_BYTES])
{
	if (s.n != UUID_TEXT)
		return false;
	unsigned n = 0;
	for (unsigned i = 0; i < UUID_TEXT; i++) {
		if (is_dash(i)) {
			if (s.p[i] != '-')
				return false;
			continue;
		}
		int high = hex_digit(s.p[i]), low = hex_digit(s.p[i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret[n++] = (unsigned char)(high << 4 | low);
		i++;
	}
	return true;
}

static struct og_sv uuid_write(const unsigned char *b, char out[UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	for (unsigned i = 0, n = 0; i < UUID_TEXT; i++) {
		if (is_dash(i)) {
			out[i] = '-';
			continue;
		}
		out[i++] = digits[b[n] >> 4];
		out[i] = digits[b[n++] & 15];
	}
	return og_sv(out, UUID_TEXT);
}

/* ---- reading an object ---- */

static int too_long(struct og_err *err, const char *what, struct og_sv name)
{
	size_t n = name.n < 64 ? name.n : 64;
	return og_err_set(
		err, OG_E_INVALID, "%s of object \"%.*s\" is too long", what, (int)n, name.p);
}

int og_draft_read(struct og_store *s, struct og_jval object, struct og_draft *d, struct og_err *err)
{
	struct og_arena *a = &s->scratch;
	struct og_jval meta = og_jgetl(object, "metadata");
	/* whose it is, even if memory is out for the rest */
	*d = (struct og_draft){.meta.name = og_jstr_or_empty(og_jgetl(meta, "name"), a),
		.meta.ns = og_jstr_or_empty(og_jgetl(meta, "namespace"), a)};
	int rc = og_meta_read(object, a, &d->meta, err);
	if (rc)
		return rc;
	d->rv = og_jstr_or_empty(og_jgetl(meta, "resourceVersion"), a);
	d->deleting = !og_junset(og_jgetl(meta, "deletionTimestamp"));
	int64_t created_ns = 0;
	struct og_sv created = og_jstr_or_empty(og_jgetl(meta, "creationTimestamp"), a);
	d->created_s = created.n && og_parse_rfc3339(created, &created_ns, NULL) == 0
			       ? created_ns / OG_NS_PER_S
			       : 0;
	if (a->failed)
		return og_err_set(err, OG_E_OOM, "out of memory reading metadata");
	if (!d->meta.name.n)
		return og_err_set(err, OG_E_INVALID, "an object has no metadata.name");
	if (d->meta.name.n > OG_REC_NAME_MAX || d->meta.ns.n > OG_REC_NAME_MAX)
		return too_long(err, "the name", d->meta.name);
	if (d->rv.n > OG_REC_RV_MAX)
		return too_long(err, "the resourceVersion", d->meta.name);
	return 0;
}

uint32_t og_rec_hash(const struct og_store *s, struct og_sv ns, struct og_sv name)
{
	return (uint32_t)og_hash64(og_hash64(s->o.seed, ns), name);
}

/* ---- making ---- */

static bool kept_annotation(const struct og_store *s, struct og_sv key)
{
	for (const char *const *p = s->o.annotation_prefixes; p && *p; p++)
		if (og_sv_starts(key, og_svz(*p)))
			return true;
	return false;
}

static uint32_t count_annotations(const struct og_store *s, const struct og_kvs *kvs)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < kvs->n; i++)
		n += kept_annotation(s, kvs->v[i].key);
	return n;
}

static bool get_pair(struct og_store *s, const struct og_kv *kv, struct og_pair *ret)
{
	return og_pool_get(&s->pool, kv->key, &ret->key) &&
	       og_pool_get(&s->pool, kv->value, &ret->value);
}

static bool get_owner(struct og_store *s, const struct og_draft *d, struct og_rec_owner *ret)
{
	const struct og_owner *o = &d->meta.owner;
	char kind[512];
	int n = snprintf(kind, sizeof(kind), "%.*s/%.*s", OG_SV_ARG(o->group), OG_SV_ARG(o->kind));
	if (n < 0 || (size_t)n >= sizeof(kind))
		n = 0; /* nothing in Kubernetes is called that */
	if (!og_pool_get(&s->pool, og_sv(kind, (size_t)n), &ret->kind))
		return false;
	if (og_sv_starts(d->meta.name, o->name)) {
		ret->name = (uint32_t)o->name.n * 2 + 1;
		return true;
	}
	uint32_t id;
	if (!og_pool_get(&s->pool, o->name, &id))
		return false;
	ret->name = id * 2;
	return true;
}

/* Everything that is a number of the pool. The block is zeroed, so that what is missing after a
 * failure is the empty string. */
static bool get_strings(struct og_store *s, const struct og_draft *d, struct og_rec *r)
{
	const struct og_meta *m = &d->meta;
	struct og_pair *p = og_rec_pairs(r);
	bool ok = og_pool_get(&s->pool, m->ns, &r->ns);
	for (uint32_t i = 0; ok && i < r->nlabels; i++)
		ok = get_pair(s, &m->labels.v[i], p++);
	for (uint32_t i = 0; ok && r->nannotations && i < m->annotations.n; i++)
		if (kept_annotation(s, m->annotations.v[i].key))
			ok = get_pair(s, &m->annotations.v[i], p++);
	if (ok && r->flags & OG_REC_OWNER)
		ok = get_owner(s, d, og_rec_owner(r));
	if (ok && r->flags & OG_REC_UID_STR)
		ok = og_pool_get(&s->pool, m->uid, og_rec_uid_str(r));
	if (ok && r->flags & OG_REC_OWNER_UID_STR)
		ok = og_pool_get(&s->pool, m->owner.uid, og_rec_owner_uid_str(r));
	return ok;
}

static void put_bytes(
	const struct og_draft *d, struct og_sv extra, struct og_rec *r, unsigned char *uids)
{
	if (r->flags & OG_REC_UID)
		memcpy(og_rec_uid(r), uids, UUID_BYTES);
	if (r->flags & OG_REC_OWNER_UID)
		memcpy(og_rec_owner_uid(r), uids + UUID_BYTES, UUID_BYTES);
	char *p = og_rec_name(r);
	memcpy(p, d->meta.name.p, d->meta.name.n);
	p += d->meta.name.n;
	if (d->rv.n)
		memcpy(p, d->rv.p, d->rv.n);
	if (extra.n)
		memcpy(p + d->rv.n, extra.p, extra.n);
}

static uint8_t flags_of(const struct og_draft *d, unsigned char uids[2 * UUID_BYTES])
{
	unsigned f = d->deleting ? OG_REC_DELETING : 0;
	if (uuid_read(d->meta.uid, uids))
		f |= OG_REC_UID;
	else if (d->meta.uid.n)
		f |= OG_REC_UID_STR;
	if (!d->meta.has_owner)
		return (uint8_t)f;
	f |= OG_REC_OWNER;
	if (uuid_read(d->meta.owner.uid, uids + UUID_BYTES))
		f |= OG_REC_OWNER_UID;
	else if (d->meta.owner.uid.n)
		f |= OG_REC_OWNER_UID_STR;
	return (uint8_t)f;
}

/* The index keys of a record that is complete but for its links. */
static unsigned keys_of(struct og_store *s, const struct og_rec *r, struct og_record *view,
	struct og_sv keys[OG_STORE_INDEX_KEYS])
{
	if (!s->o.index)
		return 0;
	og_record_fill(s, r, view);
	unsigned n = s->o.index(s->o.ctx, view, keys), kept = 0;
	for (unsigned i = 0; i < n && i < OG_STORE_INDEX_KEYS; i++) {
		bool again = keys[i].n == 0;
		for (unsigned j = 0; j < kept; j++)
			again |= og_sv_eq(keys[j], keys[i]);
		if (!again)
			keys[kept++] = keys[i];
	}
	return kept;
}

/* Makes room for the links in front and fills them. The keys may be views of the record, so the
 * old one goes last. On failure *r is still whole. */
static bool add_links(struct og_store *s, struct og_rec **r)
{
	struct og_record view;
	struct og_sv keys[OG_STORE_INDEX_KEYS];
	unsigned n = keys_of(s, *r, &view, keys);
	if (!n)
		return true;
	size_t bytes = og_rec_bytes(*r), more = n * sizeof(struct og_link);
	struct og_rec *with = og_malloc(bytes + more);
	if (!with)
		return false;
	*with = **r;
	memset(with->tail, 0, more);
	memcpy((char *)with->tail + more, (*r)->tail, bytes - sizeof(**r));
	with->nlinks = (uint8_t)n;
	bool ok = true;
	for (unsigned i = 0; ok && i < n; i++)
		ok = og_pool_get(&s->pool, keys[i], &og_rec_links(with)[i].key);
	s->bytes += og_block_cost(bytes + more) - og_block_cost(bytes);
	og_free(*r);
	*r = with;
	return ok;
}

int og_rec_new(struct og_store *s, const struct og_draft *d, struct og_sv extra,
	struct og_rec **ret, struct og_err *err)
{
	const struct og_meta *m = &d->meta;
	unsigned char uids[2 * UUID_BYTES];
	struct og_rec head = {.name_len = (uint16_t)m->name.n, .rv_len = (uint16_t)d->rv.n};
	uint32_t labels = s->o.labels ? m->labels.n : 0;
	uint32_t annotations = count_annotations(s, &m->annotations);
	if (labels > OG_REC_PAIRS_MAX || annotations > OG_REC_PAIRS_MAX || extra.n > UINT32_MAX)
		return og_err_set(
			err, OG_E_LIMIT, "object \"%.*s\" has too many labels", OG_SV_ARG(m->name));
	head.nlabels = (uint16_t)labels;
	head.nannotations = (uint16_t)annotations;
	head.flags = flags_of(d, uids);
	head.extra_len = (uint32_t)extra.n;
	head.created[0] = (uint32_t)(uint64_t)d->created_s;
	head.created[1] = (uint32_t)((uint64_t)d->created_s >> 32);
	head.hash = og_rec_hash(s, m->ns, m->name);
	head.mark = s->mark;
	size_t bytes = og_rec_bytes(&head);
	struct og_rec *r = og_calloc(1, bytes);
	if (!r)
		return og_err_set(err, OG_E_OOM, "out of memory for a record");
	*r = head;
	s->bytes += og_block_cost(bytes);
	bool ok = get_strings(s, d, r);
	if (ok) {
		put_bytes(d, extra, r, uids);
		ok = add_links(s, &r);
	}
	if (!ok) {
		og_rec_free(s, r);
		return og_err_set(err, OG_E_OOM, "out of memory for a record");
	}
	*ret = r;
	return 0;
}

void og_rec_free(struct og_store *s, struct og_rec *r)
{
	if (!r)
		return;
	struct og_pool *p = &s->pool;
	const struct og_pair *pairs = og_rec_pairs(r);
	og_pool_drop(p, r->ns);
	for (unsigned i = 0; i < r->nlinks; i++)
		og_pool_drop(p, og_rec_links(r)[i].key);
	for (unsigned i = 0; i < (unsigned)r->nlabels + r->nannotations; i++) {
		og_pool_drop(p, pairs[i].key);
		og_pool_drop(p, pairs[i].value);
	}
	if (r->flags & OG_REC_OWNER) {
		og_pool_drop(p, og_rec_owner(r)->kind);
		if (!(og_rec_owner(r)->name & 1))
			og_pool_drop(p, og_rec_owner(r)->name / 2);
	}
	if (r->flags & OG_REC_UID_STR)
		og_pool_drop(p, *og_rec_uid_str(r));
	if (r->flags & OG_REC_OWNER_UID_STR)
		og_pool_drop(p, *og_rec_owner_uid_str(r));
	s->bytes -= og_block_cost(og_rec_bytes(r));
	og_free(r);
}

/* ---- reading ---- */

static struct og_sv uid_of(const struct og_store *s, const struct og_rec *r, char out[UUID_TEXT])
{
	if (r->flags & OG_REC_UID)
		return uuid_write(og_rec_uid(r), out);
	return og_pool_sv(&s->pool, r->flags & OG_REC_UID_STR ? *og_rec_uid_str(r) : 0);
}

static struct og_sv owner_uid_of(
	const struct og_store *s, const struct og_rec *r, char out[UUID_TEXT])
{
	if (r->flags & OG_REC_OWNER_UID)
		return uuid_write(og_rec_owner_uid(r), out);
	return og_pool_sv(&s->pool, r->flags & OG_REC_OWNER_UID_STR ? *og_rec_owner_uid_str(r) : 0);
}

bool og_rec_other_uid(const struct og_store *s, const struct og_rec *r, struct og_sv uid)
{
	char text[UUID_TEXT];
	struct og_sv have = uid_of(s, r, text);
	return have.n && uid.n && !og_sv_eq(have, uid);
}

bool og_rec_is(const struct og_store *s, const struct og_rec *r, const struct og_draft *d)
{
	return d->rv.n && og_sv_eq(og_sv(og_rec_name(r) + r->name_len, r->rv_len), d->rv) &&
	       !og_rec_other_uid(s, r, d->meta.uid);
}

void og_record_fill(const struct og_store *s, const struct og_rec *r, struct og_record *ret)
{
	const char *p = og_rec_name(r);
	ret->ns = og_pool_sv(&s->pool, r->ns);
	ret->name = og_sv(p, r->name_len);
	ret->resource_version = og_sv(p + r->name_len, r->rv_len);
	ret->extra = og_sv(p + r->name_len + r->rv_len, r->extra_len);
	ret->created_s = (int64_t)((uint64_t)r->created[1] << 32 | r->created[0]);
	ret->deleting = r->flags & OG_REC_DELETING;
	ret->uid = uid_of(s, r, ret->uid_[0]);
	if (r->flags & OG_REC_OWNER_UID)
		owner_uid_of(s, r, ret->uid_[1]);
	ret->impl_ = r;
	ret->store_ = s;
}

bool og_record_owner(const struct og_record *record, struct og_owner *ret)
{
	const struct og_rec *r = record->impl_;
	const struct og_store *s = record->store_;
	if (!(r->flags & OG_REC_OWNER))
		return false;
	const struct og_rec_owner *o = og_rec_owner(r);
	struct og_sv kind = og_pool_sv(&s->pool, o->kind);
	size_t slash = og_sv_chr(kind, '/');
	ret->group = og_sv(kind.p, slash);
	ret->kind = slash < kind.n ? og_sv(kind.p + slash + 1, kind.n - slash - 1) : og_sv("", 0);
	ret->name = o->name & 1 ? og_sv(record->name.p, o->name / 2)
				: og_pool_sv(&s->pool, o->name / 2);
	ret->uid = r->flags & OG_REC_OWNER_UID ? og_sv(record->uid_[1], UUID_TEXT)
					       : owner_uid_of(s, r, NULL);
	return true;
}

static struct og_sv pair_value(
	const struct og_store *s, const struct og_pair *p, unsigned n, struct og_sv key)
{
	for (unsigned i = 0; i < n; i++)
		if (og_sv_eq(og_pool_sv(&s->pool, p[i].key), key))
			return og_pool_sv(&s->pool, p[i].value);
	return og_sv("", 0);
}

struct og_sv og_record_label(const struct og_record *record, struct og_sv key)
{
	const struct og_rec *r = record->impl_;
	return pair_value(record->store_, og_rec_pairs(r), r->nlabels, key);
}

struct og_sv og_record_annotation(const struct og_record *record, struct og_sv key)
{
	const struct og_rec *r = record->impl_;
	return pair_value(record->store_, og_rec_pairs(r) + r->nlabels, r->nannotations, key);
}

static bool read_pairs(const struct og_store *s, const struct og_pair *p, unsigned n,
	struct og_arena *arena, struct og_kvs *ret)
{
	struct og_kv *kv = n ? og_arena_new_n(arena, n, struct og_kv) : NULL;
	if (n && !kv)
		return false;
	for (unsigned i = 0; i < n; i++)
		kv[i] = (struct og_kv){
			og_pool_sv(&s->pool, p[i].key), og_pool_sv(&s->pool, p[i].value)};
	*ret = (struct og_kvs){kv, n};
	return true;
}

int og_record_meta(const struct og_record *record, struct og_arena *arena, struct og_meta *ret,
	struct og_err *err)
{
	const struct og_rec *r = record->impl_;
	const struct og_store *s = record->store_;
	struct og_meta m = {.name = record->name, .ns = record->ns, .uid = record->uid};
	m.has_owner = og_record_owner(record, &m.owner);
	m.generate_name = og_sv("", 0);
	if (!read_pairs(s, og_rec_pairs(r), r->nlabels, arena, &m.labels) ||
		!read_pairs(
			s, og_rec_pairs(r) + r->nlabels, r->nannotations, arena, &m.annotations))
		return og_err_set(err, OG_E_OOM, "out of memory reading a record");
	*ret = m;
	return 0;
}
