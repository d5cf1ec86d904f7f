/* SPDX-License-Identifier: Apache-2.0 */
/* Registry of metrics: checking tables, finding series, counting. Writing is in metric_write.c. */
#include "metric-priv.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"

#include <math.h>
#include <stdlib.h>

const double og_metric_buckets_seconds[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
const size_t og_metric_buckets_seconds_n = OG_COUNT(og_metric_buckets_seconds);

static const char *const other_values[OG_METRIC_LABELS_MAX] = {
	"other", "other", "other", "other", "other", "other"};

struct og_metrics *og_metrics_new(struct og_err *err)
{
	struct og_metrics *m = og_calloc(1, sizeof(*m));
	if (!m) {
		(void)og_err_set(err, OG_E_OOM, "out of memory for the metrics registry");
		return NULL;
	}
	(void)pthread_mutex_init(&m->lock, NULL);
	return m;
}

static void row_fini(struct og_metric_row *r)
{
	for (unsigned i = 0; i < r->nslots; i++)
		og_free(atomic_load_explicit(&r->slots[i], memory_order_relaxed));
	og_free(r->slots);
	og_free(r->replaced);
	(void)pthread_mutex_destroy(&r->lock);
}

static void table_free(struct og_metric_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		row_fini(&t->rows[i]);
	og_free(t);
}

void og_metrics_free(struct og_metrics *m)
{
	if (!m)
		return;
	for (struct og_metric_table *t = m->first; t;) {
		struct og_metric_table *next = t->next;
		table_free(t);
		t = next;
	}
	for (struct og_metric_hook *h = m->hooks; h;) {
		struct og_metric_hook *next = h->next;
		og_free(h);
		h = next;
	}
	(void)pthread_mutex_destroy(&m->lock);
	og_free(m);
}

/* https://prometheus.io/docs/concepts/data_model/ (colons are for recording rules) */
static bool name_ok(const char *s)
{
	if (!s || !*s || (*s >= '0' && *s <= '9'))
		return false;
	for (; *s; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_'))
			return false;
	return true;
}

size_t og_metric_label_count_(const struct og_metric_def *d)
{
	size_t n = 0;
	while (n < OG_METRIC_LABELS_MAX && d->labels[n])
		n++;
	return n;
}

static const char *label_fault(const struct og_metric_def *d)
{
	size_t n = og_metric_label_count_(d);
	if (d->labels[n])
		return "more labels than OG_METRIC_LABELS_MAX";
	for (size_t i = 0; i < n; i++) {
		if (!name_ok(d->labels[i]) || strncmp(d->labels[i], "__", 2) == 0)
			return "a label name is not [a-z_][a-z0-9_]*";
		if (strcmp(d->labels[i], "le") == 0 || strcmp(d->labels[i], "quantile") == 0)
			return "the label names le and quantile are reserved";
		for (size_t k = 0; k < i; k++)
			if (strcmp(d->labels[i], d->labels[k]) == 0)
				return "a label name stands twice";
	}
	return NULL;
}

static const char *bucket_fault(const struct og_metric_def *d)
{
	bool histogram = d->type == OG_METRIC_HISTOGRAM;
	if (histogram != (d->buckets && d->nbuckets))
		return "a histogram, and nothing else, has buckets";
	if (d->nbuckets > OG_METRIC_BUCKETS_MAX)
		return "more buckets than OG_METRIC_BUCKETS_MAX";
	for (size_t i = 0; i < d->nbuckets; i++)
		if (!isfinite(d->buckets[i]) || (i && d->buckets[i] <= d->buckets[i - 1]))
			return "bucket bounds are finite and ascend";
	return NULL;
}

/* NULL when the row is sound. */
static const char *row_fault(const struct og_metric_def *d)
{
	struct og_sv name = og_svz(d->name);
	bool counter = d->type == OG_METRIC_COUNTER;
	if (!name_ok(d->name))
		return "the name is not [a-z_][a-z0-9_]*";
	if (!d->help || !*d->help)
		return "no help text";
	if (counter != og_sv_ends(name, OG_SV("_total")))
		return "a counter, and nothing else, ends in _total";
	if (counter)
		name.n -= strlen("_total");
	if (!counter && (og_sv_ends(name, OG_SV("_count")) || og_sv_ends(name, OG_SV("_sum")) ||
				og_sv_ends(name, OG_SV("_bucket"))))
		return "_count, _sum and _bucket are reserved for histograms";
	if (d->unit) {
		struct og_sv unit = og_svz(d->unit);
		if (!name_ok(d->unit) || !og_sv_ends(name, unit) || name.n <= unit.n + 1 ||
			name.p[name.n - unit.n - 1] != '_')
			return "the name does not end in its unit";
	}
	const char *fault = label_fault(d);
	return fault ? fault : bucket_fault(d);
}

static bool known(
	const struct og_metrics *m, const struct og_metric_def *defs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(defs[i].name, name) == 0)
			return true;
	for (const struct og_metric_table *t = m->first; t; t = t->next)
		for (size_t i = 0; i < t->n; i++)
			if (strcmp(t->rows[i].def->name, name) == 0)
				return true;
	return false;
}

static bool row_init(struct og_metric_row *r, const struct og_metric_def *d)
{
	r->def = d;
	r->nlabels = og_metric_label_count_(d);
	r->max_series = d->max_series ? d->max_series : OG_METRIC_SERIES_DEFAULT;
	if (r->nlabels == 0)
		r->max_series = 1;
	r->nslots = 2;
	while (r->nslots < 2 * (r->max_series + 1)) /* one for the overflow */
		r->nslots *= 2;
	r->slots = og_calloc(r->nslots, sizeof(*r->slots));
	(void)pthread_mutex_init(&r->lock, NULL);
	if (!r->slots)
		r->nslots = 0;
	return r->slots && (r->nlabels || og_metric_find_(r, NULL));
}

struct og_metric_table *og_metrics_add(
	struct og_metrics *m, const struct og_metric_def *defs, size_t n, struct og_err *err)
{
	for (struct og_metric_table *t = m->first; t; t = t->next)
		if (n && t->n == n && t->rows[0].def == defs)
			return t;
	for (size_t i = 0; i < n; i++) {
		const char *fault = row_fault(&defs[i]);
		if (!fault && known(m, defs, i, defs[i].name))
			fault = "the name stands twice";
		if (!fault)
			continue;
		(void)og_err_set(err, OG_E_BUG, "metric row %zu (%s): %s", i,
			defs[i].name ? defs[i].name : "?", fault);
		return NULL;
	}
	struct og_metric_table *t = og_calloc(1, sizeof(*t) + n * sizeof(t->rows[0]));
	bool ok = t != NULL;
	for (size_t i = 0; ok && i < n; i++) {
		ok = row_init(&t->rows[i], &defs[i]);
		t->n = i + 1;
	}
	if (!ok) {
		if (t)
			table_free(t);
		(void)og_err_set(err, OG_E_OOM, "out of memory for metrics");
		return NULL;
	}
	struct og_metric_table **tail = &m->first;
	while (*tail)
		tail = &(*tail)->next;
	*tail = t;
	return t;
}

int og_metrics_on_collect(
	struct og_metrics *m, void (*fn)(void *ctx), void *ctx, struct og_err *err)
{
	struct og_metric_hook *h = og_calloc(1, sizeof(*h));
	if (!h)
		return og_err_set(err, OG_E_OOM, "out of memory for a metrics collector");
	*h = (struct og_metric_hook){NULL, fn, ctx};
	struct og_metric_hook **tail = &m->hooks;
	while (*tail)
		tail = &(*tail)->next;
	*tail = h;
	return 0;
}

void og_metrics_each(const struct og_metrics *m,
	void (*fn)(void *ctx, const struct og_metric_def *def), void *ctx)
{
	for (const struct og_metric_table *t = m->first; t; t = t->next)
		for (size_t i = 0; i < t->n; i++)
			fn(ctx, t->rows[i].def);
}

static struct og_sv value_sv(const char *v)
{
	struct og_sv s = og_svz(v);
	if (s.n <= OG_METRIC_LABEL_VALUE_BYTES)
		return s;
	s.n = OG_METRIC_LABEL_VALUE_BYTES;
	while (s.n && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
		s.n--; /* not inside a UTF-8 sequence */
	return s;
}

static uint64_t values_hash(const struct og_metric_row *r, const char *const *values)
{
	uint64_t h = 0;
	for (size_t i = 0; i < r->nlabels; i++)
		h = og_hash64(h + i, value_sv(values[i]));
	return h;
}

static bool same_values(
	const struct og_metric_row *r, const struct og_metric_series *s, const char *const *values)
{
	for (size_t i = 0; i < r->nlabels; i++)
		if (!og_sv_eq(og_svz(s->values[i]), value_sv(values[i])))
			return false;
	return true;
}

static struct og_metric_series *series_new(
	const struct og_metric_row *r, uint64_t hash, const char *const *values)
{
	size_t text = 0, nb = r->def->nbuckets ? r->def->nbuckets + 1 : 0;
	for (size_t i = 0; i < r->nlabels; i++)
		text += value_sv(values[i]).n + 1;
	struct og_metric_series *s = og_calloc(1, sizeof(*s) + nb * sizeof(s->buckets[0]) + text);
	if (!s)
		return NULL;
	s->def = r->def;
	s->hash = hash;
	char *at = (char *)s + sizeof(*s) + nb * sizeof(s->buckets[0]);
	for (size_t i = 0; i < r->nlabels; i++) {
		struct og_sv v = value_sv(values[i]);
		memcpy(at, v.p, v.n);
		s->values[i] = at;
		at += v.n + 1;
	}
	return s;
}

/* The series, or NULL with *ret_slot at the free place. Readers need no lock: slots are only ever
 * filled, and filled last. The table is at most half full, so a free slot exists. */
static struct og_metric_series *probe(
	const struct og_metric_row *r, uint64_t hash, const char *const *values, unsigned *ret_slot)
{
	unsigned mask = r->nslots - 1;
	for (unsigned i = (unsigned)hash & mask;; i = (i + 1) & mask) {
		struct og_metric_series *s =
			atomic_load_explicit(&r->slots[i], memory_order_acquire);
		if (!s) {
			*ret_slot = i;
			return NULL;
		}
		if (s->hash == hash && same_values(r, s, values))
			return s;
	}
}

/* Finds or adds, under the lock; with `limited`, only while the row has room. */
static struct og_metric_series *get_locked(
	struct og_metric_row *r, const char *const *values, bool limited)
{
	uint64_t hash = values_hash(r, values);
	unsigned slot;
	struct og_metric_series *s = probe(r, hash, values, &slot);
	if (s || (limited && r->nseries >= r->max_series))
		return s;
	s = series_new(r, hash, values);
	if (!s)
		return NULL;
	r->nseries += limited;
	atomic_store_explicit(&r->slots[slot], s, memory_order_release);
	return s;
}

struct og_metric_series *og_metric_find_(struct og_metric_row *r, const char *const *values)
{
	unsigned slot;
	struct og_metric_series *s = probe(r, values_hash(r, values), values, &slot);
	if (!s)
		s = atomic_load_explicit(&r->overflow, memory_order_acquire);
	if (s)
		return s;
	(void)pthread_mutex_lock(&r->lock);
	s = get_locked(r, values, true);
	if (!s && r->nseries >= r->max_series) {
		s = get_locked(r, other_values, false);
		atomic_store_explicit(&r->overflow, s, memory_order_release);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return s;
}

struct og_metric_series *og_metric_series(
	struct og_metric_table *s, size_t row, const char *const *values)
{
	if (!s || row >= s->n || (!values && s->rows[row].nlabels))
		return NULL;
	return og_metric_find_(&s->rows[row], values);
}

static void add_double(_Atomic uint64_t *bits, double v)
{
	uint64_t old = atomic_load_explicit(bits, memory_order_relaxed), want;
	do {
		double sum;
		memcpy(&sum, &old, sizeof(sum));
		sum += v;
		memcpy(&want, &sum, sizeof(want));
	} while (!atomic_compare_exchange_weak_explicit(
		bits, &old, want, memory_order_relaxed, memory_order_relaxed));
}

double og_metric_double_(const _Atomic uint64_t *bits)
{
	uint64_t raw = atomic_load_explicit(bits, memory_order_relaxed);
	double v;
	memcpy(&v, &raw, sizeof(v));
	return v;
}

void og_series_add(struct og_metric_series *s, double v)
{
	if (s && s->def->type != OG_METRIC_HISTOGRAM && (s->def->type == OG_METRIC_GAUGE || v >= 0))
		add_double(&s->value, v);
}

void og_series_set(struct og_metric_series *s, double v)
{
	if (!s || s->def->type == OG_METRIC_HISTOGRAM)
		return;
	uint64_t bits;
	memcpy(&bits, &v, sizeof(bits));
	atomic_store_explicit(&s->value, bits, memory_order_relaxed);
}

void og_series_observe(struct og_metric_series *s, double v)
{
	if (!s || s->def->type != OG_METRIC_HISTOGRAM || isnan(v))
		return;
	size_t i = 0;
	while (i < s->def->nbuckets && v > s->def->buckets[i])
		i++;
	atomic_fetch_add_explicit(&s->buckets[i], 1, memory_order_relaxed);
	add_double(&s->value, v);
}

double og_series_value(const struct og_metric_series *s)
{
	if (!s)
		return 0;
	if (s->def->type != OG_METRIC_HISTOGRAM)
		return og_metric_double_(&s->value);
	uint64_t n = 0;
	for (size_t i = 0; i <= s->def->nbuckets; i++)
		n += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
	return (double)n;
}

void og_metric_add(struct og_metric_table *s, size_t row, double v, const char *const *values)
{
	og_series_add(og_metric_series(s, row, values), v);
}

void og_metric_set(struct og_metric_table *s, size_t row, double v, const char *const *values)
{
	og_series_set(og_metric_series(s, row, values), v);
}

void og_metric_observe(struct og_metric_table *s, size_t row, double v, const char *const *values)
{
	og_series_observe(og_metric_series(s, row, values), v);
}
