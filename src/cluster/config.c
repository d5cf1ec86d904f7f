/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration from objects. One bad object must not take the others with it: it is left out,
 * or its last good version stays, and it is named.
 */
#include <stdlib.h>
#include <string.h>
#include "cluster-priv.h"
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/core/config_read.h"

enum {
	TEXT_BYTES = 4 << 20, /* of one object; etcd takes 1.5 MiB */
	ARENA_BYTES = 256 << 20,
	ROUNDS = 8, /* of leaving out what is wrong */
};

struct og_cluster_config *og_cluster_config_ref(struct og_cluster_config *c)
{
	atomic_fetch_add_explicit(&c->refs_, 1, memory_order_relaxed);
	return c;
}

void og_cluster_config_unref(struct og_cluster_config *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs_, 1, memory_order_acq_rel) != 1)
		return;
	og_arena_fini(&c->arena);
	og_free(c);
}

struct og_cluster_config *og_cluster_config(struct og_cluster *c)
{
	pthread_mutex_lock(&c->config_lock);
	struct og_cluster_config *r = c->config ? og_cluster_config_ref(c->config) : NULL;
	pthread_mutex_unlock(&c->config_lock);
	return r;
}

/* apiVersion, kind, name, spec and the hash of the credentials: the rest of status, and
 * managedFields, change all the time and say nothing. */
int cluster_config_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err)
{
	static const char *const members[] = {"apiVersion", "kind"};
	struct og_jval name = og_jpath(object, "metadata", "name", NULL);
	struct og_jval spec = og_jgetl(object, "spec");
	struct og_jval auth = og_jpath(object, "status", "authHash", NULL);

	(void)ctx, (void)scratch;
	og_buf_ch(extra, '{');
	for (size_t i = 0; i < OG_COUNT(members); i++) {
		struct og_jval v = og_jget(object, og_svz(members[i]));
		if (og_junset(v))
			return og_err_set(err, OG_E_INVALID, "the object has no %s", members[i]);
		og_buf_fmt(extra, "\"%s\":", members[i]);
		og_buf_sv(extra, og_jraw(v));
		og_buf_ch(extra, ',');
	}
	og_buf_lit(extra, "\"metadata\":{\"name\":");
	og_buf_sv(extra, og_jraw(name));
	og_buf_lit(extra, "}");
	if (!og_junset(spec)) {
		og_buf_lit(extra, ",\"spec\":");
		og_buf_sv(extra, og_jraw(spec));
	}
	if (og_jis(auth, OG_J_STRING)) {
		og_buf_lit(extra, ",\"status\":{\"authHash\":");
		og_buf_sv(extra, og_jraw(auth));
		og_buf_ch(extra, '}');
	}
	og_buf_ch(extra, '}');
	return extra->failed ? og_err_set(err, OG_E_LIMIT, "the object is too large") : 1;
}

/* One object on its way into the configuration. */
struct piece {
	struct og_sv name, text;
	bool earlier; /* text is an earlier version */
	bool out;     /* left out */
	struct og_sv problem;
};
struct pieces {
	struct piece *v;
	uint32_t n, cap;
};

static bool add_piece(
	struct og_arena *a, struct pieces *p, const char *kind, const struct og_record *r)
{
	if (p->n == p->cap) {
		uint32_t cap = p->cap ? p->cap * 2 : 16;
		struct piece *v = og_arena_grow(a, p->v, p->cap * sizeof(*v), cap * sizeof(*v));
		if (!v)
			return false;
		p->v = v;
		p->cap = cap;
	}
	struct piece *one = &p->v[p->n];
	*one = (struct piece){.text = og_arena_sv(a, r->extra)};
	one->name = og_svz(og_arena_fmt(a, "%s/%.*s", kind, OG_SV_ARG(r->name)));
	p->n++;
	return !a->failed;
}

/* All objects, in an order of their own so that the hash does not follow the order of arrival. */
static int by_name(const void *x, const void *y)
{
	return og_sv_cmp(((const struct piece *)x)->name, ((const struct piece *)y)->name);
}

static bool collect(struct og_cluster *c, struct og_arena *a, struct pieces *ret)
{
	bool ok = true;

	for (size_t i = 0; i < c->nwatches; i++) {
		struct cluster_watch *w = &c->watches[i];
		struct og_record r;
		uint32_t at = 0;
		if (w->kind->part != OG_CLUSTER_CONFIG)
			continue;
		og_store_read_begin(w->store);
		while (ok && og_store_next(w->store, &at, &r))
			ok = add_piece(a, ret, w->kind->kind, &r);
		og_store_read_end(w->store);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(ret->v[0]), by_name);
	for (uint32_t i = OG_CONFIG_MAX_DOCUMENTS; i < ret->n; i++) {
		ret->v[i].out = true;
		ret->v[i].problem = OG_SV("there are more than 1000 objects of configuration");
	}
	return ok;
}

static const struct good_text *good_of(const struct og_cluster *c, struct og_sv name)
{
	for (uint32_t i = 0; i < c->ngood; i++)
		if (og_sv_eq(c->good[i].name, name))
			return &c->good[i];
	return NULL;
}

/* The first problem of a piece as one line, without the place in a text nobody wrote like that. */
static struct og_sv problem_text(struct og_arena *a, const struct og_config_problem *p)
{
	return og_svz(og_arena_fmt(a, "%s%s%s%s%s%s", p->path, *p->path ? ": " : "", p->message,
		*p->hint ? " (" : "", p->hint, *p->hint ? ")" : ""));
}

/* Puts earlier versions in the place of pieces with errors, or leaves them out; false when nothing
 * could be done. `gone` = what has failed already is not tried with an earlier version again. */
static bool step_back(struct og_cluster *c, struct og_arena *a, struct pieces *p,
	const uint32_t *index, uint32_t n, const struct og_config_report *report, bool gone)
{
	bool any = false;

	for (uint32_t i = 0; i < report->n; i++) {
		const struct og_config_problem *q = &report->v[i];
		if (q->severity != OG_SEV_ERROR || q->input >= n)
			continue;
		struct piece *one = &p->v[index[q->input]];
		const struct good_text *good = good_of(c, one->name);
		if (one->out)
			continue;
		if (!one->problem.n)
			one->problem = problem_text(a, q);
		any = true;
		if (good && !one->earlier && !gone && !og_sv_eq(good->text, one->text)) {
			one->text = og_arena_sv(a, good->text);
			one->earlier = true;
		} else {
			one->out = true;
		}
	}
	return any && !a->failed;
}

static int read_pieces(struct og_cluster *c, struct og_cluster_config *s, struct pieces *p)
{
	struct og_config_input *in = og_arena_new_n(&s->arena, p->n + 1, struct og_config_input);
	uint32_t *index = og_arena_new_n(&s->arena, p->n + 1, uint32_t);
	struct og_config_report report = {0};

	for (int round = 0; in && index; round++) {
		size_t n = 0;
		for (uint32_t i = 0; i < p->n; i++) {
			if (p->v[i].out)
				continue;
			index[n] = i;
			in[n++] = (struct og_config_input){
				.name = p->v[i].name.p, .text = p->v[i].text};
		}
		if (n == 0) { /* no file at all would be an error, no object is not */
			s->nobjects = 0;
			s->config = og_arena_new(&s->arena, struct og_config);
			return s->config ? 0 : -OG_E_OOM;
		}
		int r = og_config_read(&s->arena, in, n, &s->config, &report);
		s->nobjects = (uint32_t)n;
		s->nwarnings = report.nwarnings;
		if (r != -OG_E_CONFIG)
			return r;
		if (!step_back(c, &s->arena, p, index, (uint32_t)n, &report, round >= ROUNDS))
			return -OG_E_OOM;
	}
	return -OG_E_OOM;
}

static int describe(struct og_cluster_config *s, const struct pieces *p)
{
	og_auto_sha256 struct og_sha256 hash = {0};
	unsigned char md[OG_SHA256_BYTES];
	struct og_cluster_refused *refused =
		og_arena_new_n(&s->arena, p->n + 1, struct og_cluster_refused);

	if (!refused)
		return -OG_E_OOM;
	og_sha256_init(&hash);
	for (uint32_t i = 0; i < p->n; i++) {
		const struct piece *one = &p->v[i];
		if (!one->out) {
			og_sha256_part(&hash, one->name);
			og_sha256_part(&hash, one->text);
		}
		if (one->out || one->earlier)
			refused[s->nrefused++] =
				(struct og_cluster_refused){one->name, one->problem, !one->out};
	}
	s->refused = refused;
	int r = og_sha256_final(&hash, md, NULL);
	if (r == 0)
		og_hex(s->hash, md, sizeof(md));
	return r;
}

/* What is in force now is what a bad version falls back to. */
static void keep_good(struct og_cluster *c, const struct pieces *p)
{
	struct og_arena a;
	struct good_text *good;
	uint32_t n = 0;

	og_arena_init(&a, 0, 0);
	good = og_arena_new_n(&a, p->n + 1, struct good_text);
	for (uint32_t i = 0; good && i < p->n; i++)
		if (!p->v[i].out)
			good[n++] = (struct good_text){
				og_arena_sv(&a, p->v[i].name), og_arena_sv(&a, p->v[i].text)};
	if (!good || a.failed) { /* the older ones are better than none */
		og_arena_fini(&a);
		return;
	}
	og_arena_fini(&c->good_arena);
	c->good_arena = a;
	c->good = good;
	c->ngood = n;
}

static void count(struct og_cluster *c, const struct og_cluster_config *s)
{
	uint32_t earlier = 0;

	for (uint32_t i = 0; i < s->nrefused; i++)
		earlier += s->refused[i].last_good;
	og_metric_set(c->m, CM_OBJECTS, s->nobjects - earlier, OG_LABELS("good"));
	og_metric_set(c->m, CM_OBJECTS, earlier, OG_LABELS("last-good"));
	og_metric_set(c->m, CM_OBJECTS, s->nrefused - earlier, OG_LABELS("refused"));
}

static bool same(const struct og_cluster_config *x, const struct og_cluster_config *y)
{
	if (!x || strcmp(x->hash, y->hash) != 0 || x->nrefused != y->nrefused)
		return false;
	for (uint32_t i = 0; i < x->nrefused; i++)
		if (!og_sv_eq(x->refused[i].name, y->refused[i].name) ||
			!og_sv_eq(x->refused[i].problem, y->refused[i].problem) ||
			x->refused[i].last_good != y->refused[i].last_good)
			return false;
	return true;
}

void cluster_config_rebuild(struct og_cluster *c)
{
	struct og_cluster_config *s;
	struct pieces p = {0};

	if (!(c->o.parts & OG_CLUSTER_CONFIG) || !(s = og_calloc(1, sizeof(*s))))
		return;
	atomic_init(&s->refs_, 1);
	og_arena_init(&s->arena, 0, ARENA_BYTES);
	/* Out of memory: what is in force stays, and the next change tries again. */
	if (!collect(c, &s->arena, &p) || read_pieces(c, s, &p) < 0 || describe(s, &p) < 0 ||
		same(c->config, s)) {
		og_cluster_config_unref(s);
		return;
	}
	s->generation = ++c->generation;
	keep_good(c, &p);
	count(c, s);
	pthread_mutex_lock(&c->config_lock);
	struct og_cluster_config *old = c->config;
	c->config = s;
	pthread_mutex_unlock(&c->config_lock);
	og_cluster_config_unref(old);
	if (c->o.on_config)
		c->o.on_config(c->o.ctx, og_cluster_config_ref(s));
}
