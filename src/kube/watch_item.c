/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of a list and events of a watch: read, and taken into the store. */
#include "watch-priv.h"

static const struct og_jlimits limits = {
	.max_bytes = WATCH_OBJECT_BYTES, .max_tokens = WATCH_OBJECT_TOKENS};

/* Something cannot be taken: counted and named, and the next one is looked at. */
static void skip(struct og_watch *w, const char *what, struct og_sv ns, struct og_sv name,
	struct og_err *err)
{
	og_err_wrap(err, "skipped %s of %s%s%.*s%s%.*s", what, w->info.resource, name.n ? " " : "",
		OG_SV_ARG(ns), ns.n ? "/" : "", OG_SV_ARG(name));
	pthread_mutex_lock(&w->mu);
	w->info.skipped++;
	pthread_mutex_unlock(&w->mu);
	og_metric_add(w->table, WM_SKIPPED, 1, OG_LABELS(w->info.resource));
	w->skipped = true;
	w->skip = *err;
	watch_note(w, err);
}

static bool out_of_memory(struct og_watch *w, int rc, const struct og_err *err)
{
	if (rc != -OG_E_OOM)
		return false;
	w->verdict = WV_MEMORY;
	w->why = *err;
	return true;
}

static bool parse(struct og_watch *w, struct og_sv part, struct og_jdoc *d, const char *what)
{
	struct og_err err = OG_ERR_INIT;
	og_arena_reset(&w->item);
	int rc = og_jdoc_parse(d, &w->item, part, &limits, &err);
	if (rc && !out_of_memory(w, rc, &err))
		skip(w, what, og_sv("", 0), og_sv("", 0), &err);
	return rc == 0;
}

void watch_object(struct og_watch *w, struct og_jval object, bool deleted)
{
	struct og_err err = OG_ERR_INIT;
	w->listed += w->phase != WATCH_STREAM;
	int rc = deleted ? og_store_delete_object(w->o.store, object, &err)
			 : og_store_put(w->o.store, object, &err);
	if (rc == 0 || out_of_memory(w, rc, &err))
		return;
	if (rc == -OG_E_LIMIT && og_store_full(w->o.store)) {
		watch_full(w, &err);
		return;
	}
	struct og_jval meta = og_jgetl(object, "metadata");
	skip(w, "an object", og_jstr_or_empty(og_jgetl(meta, "namespace"), &w->item),
		og_jstr_or_empty(og_jgetl(meta, "name"), &w->item), &err);
}

int watch_list_item(void *watch, struct og_sv part)
{
	struct og_watch *w = watch;
	struct og_jdoc d;
	if (parse(w, part, &d, "an object"))
		watch_object(w, og_jroot(&d), false);
	return w->verdict == WV_FINE ? 0 : -OG_E_CANCELLED;
}

static int garbage(struct og_watch *w, const char *why)
{
	og_err_set(&w->why, OG_E_PARSE, "the list of %s %s", w->info.resource, why);
	w->verdict = WV_GARBAGE;
	return -OG_E_CANCELLED;
}

/* Longer texts are nothing that an API server sends. */
static bool keep(struct og_buf *b, struct og_sv s)
{
	og_buf_reset(b);
	og_buf_sv(b, s);
	return !b->failed;
}

int watch_list_envelope(void *watch, struct og_sv json, bool complete)
{
	struct og_watch *w = watch;
	struct og_jdoc d;
	struct og_err err = OG_ERR_INIT;
	if (!complete)
		return 0;
	og_arena_reset(&w->item);
	int rc = og_jdoc_parse(&d, &w->item, json, &limits, &err);
	if (rc) {
		if (out_of_memory(w, rc, &err))
			return -OG_E_CANCELLED;
		return garbage(w, "is broken");
	}
	struct og_jval root = og_jroot(&d), meta = og_jgetl(root, "metadata");
	if (og_jtype(og_jgetl(root, "items")) == OG_J_ABSENT)
		return garbage(w, "is no list: it has no items");
	struct og_sv rv = og_jstr_or_empty(og_jgetl(meta, "resourceVersion"), &w->item);
	if (!rv.n)
		return garbage(w, "has no resourceVersion");
	/* the first page's version is that of the whole list */
	if ((!w->list_rv.len && !keep(&w->list_rv, rv)) ||
		!keep(&w->cont, og_jstr_or_empty(og_jgetl(meta, "continue"), &w->item)))
		return garbage(w, "has a version or a continue token without end");
	int64_t more = 0;
	if (og_ji64(og_jgetl(meta, "remainingItemCount"), &more) && more > 0)
		w->list_total = w->listed + (uint64_t)more;
	return 0;
}

/* ---- events ---- */

static void error_event(struct og_watch *w, struct og_jval status)
{
	struct og_arena *a = &w->item;
	int64_t code = 0, after = -1;
	struct og_jval details = og_jgetl(status, "details");
	struct og_sv reason = og_jstr_or_empty(og_jgetl(status, "reason"), a);
	struct og_sv message = og_jstr_or_empty(og_jgetl(status, "message"), a);
	struct og_sv cause =
		og_jstr_or_empty(og_jgetl(og_jat(og_jgetl(details, "causes"), 0), "reason"), a);
	if (!og_ji64(og_jgetl(status, "code"), &code) || code < 100 || code > 999)
		code = 0;
	if (og_ji64(og_jgetl(details, "retryAfterSeconds"), &after) && after > 0)
		w->retry_after_s = after < WATCH_RETRY_AFTER_S ? (int)after : WATCH_RETRY_AFTER_S;
	w->verdict = watch_judge((int)code, reason, cause, message);
	size_t n = message.n < 300 ? message.n : 300;
	og_err_set(&w->why, OG_E_IO, "the watch of %s was ended by the server: %d %.*s: %.*s",
		w->info.resource, (int)code, (int)(reason.n < 64 ? reason.n : 64), reason.p, (int)n,
		message.p);
}

static void bookmark(struct og_watch *w, struct og_jval object)
{
	struct og_jval meta = og_jgetl(object, "metadata");
	if (!w->seen_bookmarks) /* from now on silence says something */
		watch_at(w, &w->live, 0);
	w->seen_bookmarks = true;
	if (w->phase != WATCH_INITIAL ||
		!og_jstr_is(og_jgetl(og_jgetl(meta, "annotations"), "k8s.io/initial-events-end"),
			"true"))
		return;
	if (!keep(&w->list_rv, og_jstr_or_empty(og_jgetl(meta, "resourceVersion"), &w->item)) ||
		!w->list_rv.len) {
		garbage(w, "ends without a resourceVersion");
		return;
	}
	watch_whole(w, true);
}

static int event_type(struct og_jval type)
{
	static const char *const names[] = {[WE_ADDED] = "ADDED",
		[WE_MODIFIED] = "MODIFIED",
		[WE_DELETED] = "DELETED",
		[WE_BOOKMARK] = "BOOKMARK",
		[WE_ERROR] = "ERROR"};
	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (og_jstr_eq(type, og_svz(names[i])))
			return i;
	return -1;
}

/* Within the initial events versions have no order: the one at their end counts. */
static void note_version(struct og_watch *w, struct og_jval object)
{
	struct og_sv rv =
		og_jstr_or_empty(og_jpath(object, "metadata", "resourceVersion", NULL), &w->item);
	if (w->phase == WATCH_STREAM && rv.n && rv.n <= WATCH_RV_BYTES)
		keep(&w->rv, rv);
}

int watch_event(void *watch, struct og_sv part)
{
	struct og_watch *w = watch;
	struct og_jdoc d;
	w->heard++;
	if (!parse(w, part, &d, "an event"))
		return w->verdict == WV_FINE ? 0 : -OG_E_CANCELLED;
	struct og_jval object = og_jgetl(og_jroot(&d), "object");
	int type = event_type(og_jgetl(og_jroot(&d), "type"));
	if (type < 0 || !og_jis(object, OG_J_OBJECT)) {
		struct og_err err = OG_ERR_INIT;
		og_err_set(&err, OG_E_PARSE, "unknown type, or no object");
		skip(w, "an event", og_sv("", 0), og_sv("", 0), &err);
		return 0;
	}
	og_series_add(w->m_events[type], 1);
	if (type == WE_ERROR)
		error_event(w, object);
	else if (type == WE_BOOKMARK)
		bookmark(w, object);
	else
		watch_object(w, object, type == WE_DELETED);
	pthread_mutex_lock(&w->mu);
	w->info.events += type <= WE_DELETED;
	w->info.bookmarks += type == WE_BOOKMARK;
	pthread_mutex_unlock(&w->mu);
	if (w->verdict != WV_FINE)
		return -OG_E_CANCELLED;
	note_version(w, object);
	w->server_row = 0;
	return 0;
}
