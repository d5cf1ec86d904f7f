/* SPDX-License-Identifier: Apache-2.0 */
/* Undoing an injection from its record. */
#include "otelgate/core/uninject.h"
#include "plan-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jptr.h"
#include "otelgate/codec/jwrite.h"

#include <stdio.h>
#include <stdlib.h>

struct undo {
	struct og_jval record, tmpl, spec;
	struct og_sv prefix;
	struct og_arena *a;
	struct og_findings *findings;
	struct og_jpatch jp;
	struct og_buf path;
	bool failed;
};

static struct og_sv at(struct undo *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static struct og_sv at(struct undo *u, const char *fmt, ...)
{
	og_buf_reset(&u->path);
	og_buf_sv(&u->path, u->prefix);
	va_list ap;
	va_start(ap, fmt);
	og_buf_vfmt(&u->path, fmt, ap);
	va_end(ap);
	u->failed |= u->path.failed;
	return og_buf_view(&u->path);
}

static int by_text(const void *a, const void *b)
{
	return og_sv_cmp(*(const struct og_sv *)a, *(const struct og_sv *)b);
}

/* An entry that goes. The name comes first, so that by_text works on both. */
struct gone {
	struct og_sv name;
	struct og_sv sum; /* over the value as it was written; empty = not known */
};

/* The texts of a list, sorted; the arena remembers when there was no room. */
static struct gone *sorted(struct undo *u, struct og_jval list, struct og_sv sums, uint32_t *ret_n)
{
	uint32_t n = og_jcount(list);
	struct gone *v = og_arena_new_n(u->a, n ? n : 1, struct gone);
	*ret_n = v ? n : 0;
	if (!v)
		return NULL;
	og_jfor (it, list) {
		size_t at = (size_t)it.index * OG_SUM_DIGITS;
		v[it.index].name = og_jstr_or_empty(it.val, u->a);
		if (sums.n >= at + OG_SUM_DIGITS && sums.p[at] != '-')
			v[it.index].sum = og_sv(sums.p + at, OG_SUM_DIGITS);
	}
	qsort(v, n, sizeof(*v), by_text);
	return v;
}

enum origin { WAS_THERE, WAS_ABSENT, WAS_NULL };

/* What `made` says of a member. */
static enum origin made(struct og_jval made_list, const char *member)
{
	size_t n = strlen(member);
	og_jfor (it, made_list) {
		struct og_sv raw = og_jraw(it.val);
		if (raw.n < n + 2 || memcmp(raw.p + 1, member, n) != 0)
			continue;
		struct og_sv rest = og_sv(raw.p + 1 + n, raw.n - 2 - n);
		if (rest.n == 0)
			return WAS_ABSENT;
		if (og_sv_is(rest, ":null"))
			return WAS_NULL;
	}
	return WAS_THERE;
}

/* Takes a whole member away, or puts its null back. */
static void drop_member(struct undo *u, struct og_sv path, enum origin was)
{
	if (was == WAS_NULL)
		og_jpatch_replace(&u->jp, path, OG_SV("null"));
	else
		og_jpatch_remove(&u->jp, path);
}

/* The place of an entry's name in the list; `ngone` when it is not there. */
static uint32_t place_in(
	struct undo *u, struct og_jval entry, const struct gone *gone, uint32_t ngone)
{
	struct og_sv name = og_jstr_or_empty(og_jgetl(entry, "name"), u->a);
	const struct gone *g = name.n ? bsearch(&name, gone, ngone, sizeof(*gone), by_text) : NULL;
	return g ? (uint32_t)(g - gone) : ngone;
}

enum list { ENV, MOUNTS, INITS, VOLUMES };

static void changed_since(
	struct undo *u, enum list list, const char *path, struct og_sv name, const char *what)
{
	og_findings_addf(u->findings, u->a, "OG322",
		og_svz(og_arena_fmt(
			u->a, "%s, %s%.*s", path, list == ENV ? "variable " : "", OG_SV_ARG(name))),
		"%s", what);
}

/* A value that is not what was written belongs to whoever wrote it. */
static bool edited(struct undo *u, struct og_jval entry, struct og_sv sum)
{
	char now[OG_SUM_DIGITS];
	if (!sum.n)
		return false;
	og_record_sum(og_jstr_or_empty(og_jgetl(entry, "value"), u->a), now);
	return !og_sv_eq(sum, og_sv(now, sizeof(now))) || !og_junset(og_jgetl(entry, "valueFrom"));
}

static bool listed(struct undo *u, struct og_jval names, struct og_sv name)
{
	og_jfor (it, names)
		if (og_sv_eq(og_jstr_or_empty(it.val, u->a), name))
			return true;
	return false;
}

/*
 * Does a container that the record does not know mount the volume? It was renamed or copied since,
 * and without the volume the API server would refuse the pod. An agent has its volume's name.
 */
static bool still_mounted(struct undo *u, struct og_sv volume)
{
	static const char *const lists[] = {"initContainers", "containers"};
	struct og_jval recs = og_jgetl(u->record, "containers");
	for (int i = 0; i < 2; i++)
		og_jfor (it, og_jget(u->spec, og_svz(lists[i]))) {
			struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), u->a);
			if (og_jis(og_jget(recs, name), OG_J_OBJECT) ||
				listed(u, og_jgetl(u->record, "inits"), name))
				continue;
			og_jfor (m, og_jgetl(it.val, "volumeMounts"))
				if (og_jstr_eq(og_jgetl(m.val, "name"), volume))
					return true;
		}
	return false;
}

/*
 * Which entries go: those that have a name of the list. Of a variable that stands twice by now the
 * last stays, because its value is the one in force. Returns how many go.
 */
static uint32_t choose(struct undo *u, enum list list, const char *path, struct og_jval array,
	const struct gone *gone, uint32_t ngone, bool *drop)
{
	struct seen {
		uint32_t times, now;
	} *seen = og_arena_new_n(u->a, (size_t)ngone + 1, struct seen);
	uint32_t hits = 0;
	if (!seen) {
		u->failed = true;
		return 0;
	}
	og_jfor (it, array)
		seen[place_in(u, it.val, gone, ngone)].times++;
	og_jfor (it, array) {
		uint32_t k = place_in(u, it.val, gone, ngone);
		const char *why = NULL;
		if (k == ngone)
			continue;
		if (list == ENV && seen[k].times > 1 && ++seen[k].now == seen[k].times)
			why = "it was added once more after injection; the last one is left";
		else if (list == ENV && edited(u, it.val, gone[k].sum))
			why = "its value was changed after injection; it is left as it is";
		else if (list >= INITS && still_mounted(u, gone[k].name))
			why = "a container that otelgate did not inject mounts it by now; it is left";
		drop[it.index] = !why;
		hits += !why;
		if (why)
			changed_since(u, list, path, gone[k].name, why);
	}
	return hits;
}

/*
 * Removes from an array the entries whose name is in `names`; the array itself when it was made for
 * them and nothing else is left.
 */
static void drop_named(struct undo *u, enum list list, const char *path, struct og_jval array,
	struct og_jval names, struct og_sv sums, enum origin was)
{
	uint32_t n = og_jcount(array), ngone;
	if (!og_jis(array, OG_J_ARRAY) || !og_jcount(names))
		return;
	bool *drop = og_arena_new_n(u->a, n ? n : 1, bool);
	const struct gone *gone = sorted(u, names, sums, &ngone);
	if (!drop || !gone) {
		u->failed = true;
		return;
	}
	uint32_t hits = choose(u, list, path, array, gone, ngone, drop);
	if (hits && hits == n && was != WAS_THERE) {
		drop_member(u, at(u, "%s", path), was);
		return;
	}
	for (uint32_t i = n; i-- > 0;) /* from the end, so that places stay true */
		if (drop[i])
			og_jpatch_remove(&u->jp, at(u, "%s/%u", path, i));
}

static void restore_one(struct undo *u, const char *path, struct og_jval env, struct og_sv name,
	struct og_jval merged)
{
	int64_t off, len, had;
	uint32_t index = 0;
	struct og_jval e = og_env_find(env, name, &index), text = og_jgetl(e, "value");
	struct og_sv value = og_jstr_or_empty(text, u->a);
	if (og_jtype(e) == OG_J_ABSENT)
		return; /* removed since; the variable at index 0 is another one */
	if (!og_ji64(og_jat(merged, 0), &off) || !og_ji64(og_jat(merged, 1), &len) ||
		!og_ji64(og_jat(merged, 2), &had))
		return;
	if (edited(u, e, og_jstr_or_empty(og_jat(merged, 3), u->a)) || !og_jis(text, OG_J_STRING) ||
		off < 0 || len < 0 || (uint64_t)off > value.n ||
		(uint64_t)len > value.n - (uint64_t)off) {
		changed_since(u, ENV, path, name,
			"the value was changed after injection; it is left as it is");
		return;
	}
	if (had != 1) {
		drop_member(u, at(u, "%s/%u/value", path, index), had ? WAS_NULL : WAS_ABSENT);
		return;
	}
	struct og_buf b = OG_BUF_INIT(8 << 20);
	og_jw_str(&b, og_sv(value.p + off, (size_t)len));
	u->failed |= b.failed;
	og_jpatch_replace(&u->jp, at(u, "%s/%u/value", path, index), og_buf_view(&b));
	og_buf_fini(&b);
}

static void undo_container(
	struct undo *u, const char *list, uint32_t index, struct og_jval c, struct og_jval rec)
{
	char path[96];
	int64_t set = 0;
	(void)og_ji64(og_jgetl(rec, "set"), &set);
	struct og_jval names = set >= 0 && set < UINT32_MAX
				       ? og_jat(og_jgetl(u->record, "sets"), (uint32_t)set)
				       : OG_JABSENT;
	struct og_jval made_list = og_jgetl(rec, "made");
	snprintf(path, sizeof(path), "/spec/%s/%u/env", list, index);
	og_jfor (it, og_jgetl(rec, "merged"))
		restore_one(u, path, og_jgetl(c, "env"), og_jstr_or_empty(it.key, u->a), it.val);
	drop_named(u, ENV, path, og_jgetl(c, "env"), names,
		og_jstr_or_empty(og_jgetl(rec, "sums"), u->a), made(made_list, "env"));
	snprintf(path, sizeof(path), "/spec/%s/%u/volumeMounts", list, index);
	drop_named(u, MOUNTS, path, og_jgetl(c, "volumeMounts"), og_jgetl(rec, "mounts"),
		og_sv("", 0), made(made_list, "volumeMounts"));
}

static void undo_containers(struct undo *u)
{
	static const char *const lists[] = {"initContainers", "containers"};
	struct og_jval recs = og_jgetl(u->record, "containers");
	for (int i = 0; i < 2; i++)
		og_jfor (it, og_jget(u->spec, og_svz(lists[i]))) {
			struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), u->a);
			struct og_jval rec = og_jget(recs, name);
			if (name.n && og_jis(rec, OG_J_OBJECT))
				undo_container(u, lists[i], it.index, it.val, rec);
		}
}

/* Removes keys of a string map; the map itself when it was made for them and nothing is left. */
static void drop_keys(struct undo *u, const char *member, struct og_jval map,
	const struct og_sv *keys, uint32_t n, enum origin was)
{
	uint32_t hits = 0;
	for (uint32_t i = 0; i < n; i++)
		hits += og_jtype(og_jget(map, keys[i])) != OG_J_ABSENT;
	if (hits && hits == og_jcount(map) && was != WAS_THERE) {
		drop_member(u, at(u, "/metadata/%s", member), was);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (og_jtype(og_jget(map, keys[i])) == OG_J_ABSENT)
			continue;
		(void)at(u, "/metadata/%s", member);
		og_jptr_add(&u->path, keys[i]);
		og_jpatch_remove(&u->jp, og_buf_view(&u->path));
	}
}

static void undo_metadata(struct undo *u)
{
	struct og_jval meta = og_jgetl(u->tmpl, "metadata");
	struct og_jval labels = og_jgetl(meta, "labels"), ann = og_jgetl(meta, "annotations");
	struct og_jval extra = og_jgetl(u->record, "annotations");
	struct og_jval made_list = og_jgetl(u->record, "made");
	struct og_sv lkeys[] = {OG_SV(OG_LABEL_REVISION)};
	uint32_t n = og_jcount(extra);
	struct og_sv *akeys = og_arena_new_n(u->a, n + 1, struct og_sv);
	if (!akeys) {
		u->failed = true;
		return;
	}
	n = 0;
	og_jfor (it, extra) {
		struct og_sv key = og_jstr_or_empty(it.val, u->a);
		/* our own settings are the user's; a key twice would be removed twice */
		bool skip = og_sv_starts(key, OG_SV(OG_PREFIX));
		for (uint32_t i = 0; i < n; i++)
			skip |= og_sv_eq(akeys[i], key);
		if (!skip)
			akeys[n++] = key;
	}
	akeys[n] = OG_SV(OG_ANNOTATION_INJECTION);
	enum origin was = made(made_list, "metadata");
	bool only_ours = og_jcount(meta) == 2 && og_jcount(labels) == 1 && og_jcount(ann) == n + 1;
	if (was != WAS_THERE && only_ours) {
		drop_member(u, at(u, "/metadata"), was);
		return;
	}
	enum origin inner = was != WAS_THERE ? WAS_ABSENT : WAS_THERE;
	enum origin lwas = made(made_list, "labels"), awas = made(made_list, "annotations");
	drop_keys(u, "labels", labels, lkeys, 1, lwas != WAS_THERE ? lwas : inner);
	drop_keys(u, "annotations", ann, akeys, n + 1, awas != WAS_THERE ? awas : inner);
}

/*
 * What otelgate writes stays far below these; a record above them is somebody else's, and would
 * only cost time.
 */
enum { MAX_SETS = 1000, MAX_NAMES = 2000, MAX_MERGED = 64, MAX_OBJECTS = 64 };

static bool within_limits(struct og_jval r)
{
	static const char *const lists[] = {"inits", "volumes", "annotations", "made"};
	struct og_jval sets = og_jgetl(r, "sets"), containers = og_jgetl(r, "containers");
	if (og_jcount(sets) > MAX_SETS || og_jcount(containers) > MAX_SETS)
		return false;
	og_jfor (it, sets)
		if (og_jcount(it.val) > MAX_NAMES)
			return false;
	og_jfor (it, containers)
		if (og_jcount(og_jgetl(it.val, "merged")) > MAX_MERGED ||
			og_jcount(og_jgetl(it.val, "mounts")) > MAX_OBJECTS ||
			og_jcount(og_jgetl(it.val, "made")) > MAX_OBJECTS)
			return false;
	for (size_t i = 0; i < OG_COUNT(lists); i++)
		if (og_jcount(og_jget(r, og_svz(lists[i]))) > MAX_OBJECTS)
			return false;
	return true;
}

static int read_record(
	struct og_jval meta, struct og_arena *a, struct og_jval *ret, struct og_err *err)
{
	static const struct og_jlimits lim = {.max_bytes = 256 << 10, .max_depth = 8};
	struct og_sv text;
	struct og_jval v = og_jpath(meta, "annotations", OG_ANNOTATION_INJECTION, NULL);
	*ret = OG_JABSENT;
	if (og_junset(v))
		return 0;
	if (!og_jstr(v, a, &text))
		return og_err_set(err, OG_E_INVALID, "the record is not a string");
	struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
	if (!d)
		return og_err_set(err, OG_E_OOM, "out of memory reading the record");
	struct og_err why = OG_ERR_INIT;
	int rc = og_jdoc_parse(d, a, text, &lim, &why);
	if (rc == -OG_E_OOM)
		return og_err_set(err, OG_E_OOM, "out of memory reading the record");
	if (rc)
		return og_err_set(err, OG_E_INVALID, "the record is not readable: %s", why.msg);
	int64_t version;
	if (!og_ji64(og_jgetl(og_jroot(d), "v"), &version))
		return og_err_set(err, OG_E_INVALID, "the record has no version \"v\"");
	if (version != 1)
		return og_err_set(err, OG_E_INVALID,
			"the record has version %lld; this otelgate reads version 1",
			(long long)version);
	if (!within_limits(og_jroot(d)))
		return og_err_set(
			err, OG_E_INVALID, "the record lists more than otelgate ever writes");
	*ret = og_jroot(d);
	return 0;
}

static int uninject(struct og_jval object, struct og_arena *arena, struct og_buf *out,
	struct og_findings *findings, struct og_err *err)
{
	const struct og_workload_kind *k = og_workload_kind_of(object);
	struct undo u = {.a = arena, .findings = findings, .path.max = 64 << 10};
	og_jpatch_begin(&u.jp, out);
	if (k) {
		u.prefix = og_svz(k->template_path);
		u.tmpl = og_workload_template(k, object);
		u.spec = og_jgetl(u.tmpl, "spec");
		int rc = read_record(og_jgetl(u.tmpl, "metadata"), arena, &u.record, err);
		if (rc)
			return rc;
	}
	if (og_jis(u.record, OG_J_OBJECT)) {
		struct og_jval made_list = og_jgetl(u.record, "made");
		undo_containers(&u);
		drop_named(&u, INITS, "/spec/initContainers", og_jgetl(u.spec, "initContainers"),
			og_jgetl(u.record, "inits"), og_sv("", 0),
			made(made_list, "initContainers"));
		drop_named(&u, VOLUMES, "/spec/volumes", og_jgetl(u.spec, "volumes"),
			og_jgetl(u.record, "volumes"), og_sv("", 0), made(made_list, "volumes"));
		undo_metadata(&u);
	}
	bool ok = og_jpatch_end(&u.jp) && !u.failed;
	og_buf_fini(&u.path);
	return ok ? 0 : og_err_set(err, OG_E_OOM, "out of memory writing the patch");
}

int og_uninject_patch(struct og_jval object, struct og_arena *arena, struct og_buf *out,
	struct og_findings *findings, struct og_err *err)
{
	int rc = uninject(object, arena, out, findings, err);
	/* a name that had no room is taken for one that is not there */
	return arena->failed ? og_err_set(err, OG_E_OOM, "out of memory undoing the injection")
			     : rc;
}
