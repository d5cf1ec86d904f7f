/* SPDX-License-Identifier: Apache-2.0 */
/* What the server answered to our last writes, until the caches show it. */
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/kube/apply.h"

/* As many ends are remembered as answers may be under way at once, and some. */
enum { TEXT_BYTES = 1024, GONE_MAX = 1024 };

struct own {
	int64_t until_ns;
	size_t nuid, nrv;
	char text[]; /* uid, resourceVersion */
};

struct og_ownwrites {
	const struct og_clock *clock;
	int64_t max_ns;
	size_t max_keys;
	struct og_map keys; /* in order of noting */
	struct og_map gone; /* uids that ended without a write of ours in hand; in that order */
};

int og_ownwrites_new(const struct og_clock *clock, int64_t max_ms, size_t max_keys,
	struct og_ownwrites **ret, struct og_err *err)
{
	if (max_ms < 0 || max_ms > INT64_MAX / OG_NS_PER_MS / 2)
		return og_err_set(err, OG_E_INVALID, "own writes are remembered for a time");
	struct og_ownwrites *o = og_calloc(1, sizeof(*o));
	if (!o)
		return og_err_set(err, OG_E_OOM, "no memory for our own writes");
	o->clock = clock ? clock : og_clock_system();
	o->max_ns = (max_ms ? max_ms : 30000) * OG_NS_PER_MS;
	o->max_keys = max_keys ? max_keys : 10000;
	og_map_init(&o->keys, (uint64_t)(uintptr_t)o, NULL);
	og_map_init(&o->gone, (uint64_t)(uintptr_t)o, NULL);
	*ret = o;
	return 0;
}

void og_ownwrites_free(struct og_ownwrites *o)
{
	if (!o)
		return;
	og_map_for (&o->keys, e) {
		og_free(e->value);
	}
	og_map_fini(&o->keys);
	og_map_fini(&o->gone);
	og_free(o);
}

void og_ownwrites_forget(struct og_ownwrites *o, struct og_sv key)
{
	og_free(og_map_remove(&o->keys, key));
}

void og_ownwrites_gone(struct og_ownwrites *o, struct og_sv key, struct og_sv uid)
{
	const struct own *w = og_map_get(&o->keys, key);

	if (w && og_sv_eq(og_sv(w->text, w->nuid), uid)) {
		og_ownwrites_forget(o, key);
		return;
	}
	if (!uid.n || uid.n > TEXT_BYTES || og_map_get(&o->gone, uid))
		return;
	if (og_map_count(&o->gone) >= GONE_MAX)
		(void)og_map_remove(&o->gone, og_map_next(&o->gone, NULL)->key);
	(void)og_map_set(&o->gone, uid, o); /* without memory the note ends by its time */
}

size_t og_ownwrites_count(const struct og_ownwrites *o)
{
	return og_map_count(&o->keys);
}

int og_ownwrites_note(
	struct og_ownwrites *o, struct og_sv key, const struct og_kube_pre *now, struct og_err *err)
{
	struct og_sv uid = now->uid, rv = now->resource_version;
	if (!key.n || key.n > TEXT_BYTES || uid.n > TEXT_BYTES || rv.n > TEXT_BYTES ||
		(!uid.n && !rv.n))
		return og_err_set(err, OG_E_INVALID, "no write that could be remembered");
	if (rv.n && uid.n && og_map_get(&o->gone, uid)) {
		(void)og_map_remove(&o->gone, uid);
		og_ownwrites_forget(o, key);
		return 0;
	}
	struct own *w = og_malloc(sizeof(*w) + uid.n + rv.n);
	if (!w)
		return og_err_set(err, OG_E_OOM, "no memory for one of our own writes");
	*w = (struct own){og_clock_mono_ns(o->clock) + o->max_ns, uid.n, rv.n};
	if (uid.n)
		memcpy(w->text, uid.p, uid.n);
	if (rv.n)
		memcpy(w->text + uid.n, rv.p, rv.n);
	og_ownwrites_forget(o, key); /* so that the order is that of noting */
	if (og_map_count(&o->keys) >= o->max_keys)
		og_ownwrites_forget(o, og_map_next(&o->keys, NULL)->key);
	if (!og_map_set(&o->keys, key, w)) {
		og_free(w);
		return og_err_set(err, OG_E_OOM, "no memory for one of our own writes");
	}
	return 0;
}

static bool is_number(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && (s.p[0] != '0' || s.n == 1);
}

/* Numbers of any length, without leading zeros. */
static bool at_least(struct og_sv a, struct og_sv b)
{
	if (!is_number(a) || !is_number(b))
		return og_sv_eq(a, b);
	return a.n != b.n ? a.n > b.n : memcmp(a.p, b.p, a.n) >= 0;
}

bool og_ownwrites_fresh(struct og_ownwrites *o, struct og_sv key, const struct og_kube_pre *seen)
{
	const struct own *w = og_map_get(&o->keys, key);
	if (!w)
		return true;
	struct og_sv uid = og_sv(w->text, w->nuid), rv = og_sv(w->text + w->nuid, w->nrv);
	bool fresh = og_clock_mono_ns(o->clock) >= w->until_ns;
	if (!rv.n) /* we deleted it */
		fresh = fresh || !seen || !og_sv_eq(seen->uid, uid);
	else
		fresh = fresh || (seen && at_least(seen->resource_version, rv));
	if (fresh)
		og_ownwrites_forget(o, key);
	return fresh;
}
