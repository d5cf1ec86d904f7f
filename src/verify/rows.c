/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as they are kept: tens of thousands of rows whose texts are mostly the same. */
#include "verify-priv.h"

struct pool {
	struct og_map map; /* text → number */
	struct verify_text *texts;
	uint32_t n, cap;
	struct og_buf blob;
};

static bool room(struct pool *p)
{
	if (p->n < p->cap)
		return true;
	uint32_t cap = p->cap ? p->cap * 2 : 256;
	struct verify_text *t = og_realloc(p->texts, cap, sizeof(*t));
	if (!t)
		return false;
	p->texts = t;
	p->cap = cap;
	return true;
}

/* The number of a text. False without memory. */
static bool number(struct pool *p, struct og_sv s, uint32_t *ret)
{
	bool new = false;

	if (!s.n) {
		*ret = 0;
		return true;
	}
	struct og_map_entry *e = room(p) ? og_map_put(&p->map, s, &new) : NULL;
	if (!e)
		return false;
	if (new) {
		p->texts[p->n] = (struct verify_text){(uint32_t)p->blob.len, (uint32_t)s.n};
		og_buf_sv(&p->blob, s);
		e->value = (void *)(uintptr_t)p->n++;
	}
	*ret = (uint32_t)(uintptr_t)e->value;
	return !p->blob.failed;
}

static enum og_arrival_route route_of(struct og_sv word)
{
	for (int r = OG_ROUTE_OTLP; r < OG_ROUTE_COUNT_; r++)
		if (og_sv_eq(word, og_svz(og_arrival_route_name((enum og_arrival_route)r))))
			return (enum og_arrival_route)r;
	return OG_ROUTE_UNKNOWN;
}

static bool take(struct pool *p, const struct og_gf_row *from, struct verify_row *to)
{
	static const enum og_gf_key keys[VT_COUNT_] = {
		[VT_SERVICE_NAMESPACE] = OG_GF_KEY_SERVICE_NAMESPACE,
		[VT_SERVICE_NAME] = OG_GF_KEY_SERVICE_NAME,
		[VT_JOB] = OG_GF_KEY_JOB,
		[VT_INSTANCE] = OG_GF_KEY_INSTANCE,
		[VT_K8S_NAMESPACE] = OG_GF_KEY_K8S_NAMESPACE,
		[VT_POD] = OG_GF_KEY_K8S_POD,
		[VT_CONTAINER] = OG_GF_KEY_K8S_CONTAINER,
		[VT_WORKLOAD] = OG_GF_KEY_K8S_WORKLOAD,
		[VT_REVISION] = OG_GF_KEY_REVISION,
		[VT_LANGUAGE] = OG_GF_KEY_SDK_LANGUAGE,
		[VT_METRIC] = OG_GF_KEY_METRIC,
		[VT_VERSION] = OG_GF_KEY_SERVICE_VERSION,
	};

	for (int i = 0; i < VT_COUNT_; i++)
		if (!number(p, from->key[keys[i]], &to->text[i]))
			return false;
	to->route = route_of(from->key[OG_GF_KEY_ROUTE]);
	to->value = from->value;
	to->last_s = from->last_s;
	return true;
}

/* Into blocks of their very size. */
static struct verify_answer *close_pool(struct pool *p, struct verify_row *rows, uint32_t n)
{
	struct verify_answer *a = og_calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->rows = rows;
	a->nrows = n;
	a->ntexts = p->n;
	a->texts = og_realloc(p->texts, p->n, sizeof(*p->texts));
	if (a->texts)
		p->texts = NULL;
	else
		a->texts = og_take(p->texts);
	a->blob = og_malloc(p->blob.len + 1);
	if (!a->blob) {
		p->texts = og_take(a->texts);
		og_free(a);
		return NULL;
	}
	if (p->blob.len)
		memcpy(a->blob, p->blob.p, p->blob.len);
	a->bytes = sizeof(*a) + n * sizeof(*rows) + p->n * sizeof(*a->texts) + p->blob.len;
	return a;
}

/* What says that it is of another cluster is none of ours. */
static bool elsewhere(const struct og_gf_row *r, struct og_sv cluster)
{
	struct og_sv of = r->key[OG_GF_KEY_K8S_CLUSTER];

	return cluster.n && of.n && !og_sv_eq(of, cluster);
}

struct verify_answer *verify_answer_new(
	const struct og_gf_rows *from, struct og_sv cluster, uint64_t seed)
{
	struct verify_row *rows = og_calloc(from->n ? from->n : 1, sizeof(*rows));
	struct pool p = {.blob = OG_BUF_INIT(UINT32_MAX / 2)};
	struct verify_answer *a = NULL;
	bool ok = rows && room(&p);
	uint32_t n = 0;

	og_map_init(&p.map, seed, NULL);
	if (ok)
		p.texts[p.n++] = (struct verify_text){0, 0};
	for (uint32_t i = 0; i < from->n && ok; i++)
		if (!elsewhere(&from->v[i], cluster))
			ok = take(&p, &from->v[i], &rows[n++]);
	if (ok)
		a = close_pool(&p, rows, n);
	if (!a)
		og_free(rows);
	og_free(p.texts);
	og_map_fini(&p.map);
	og_buf_fini(&p.blob);
	return a;
}

void verify_answer_free(struct verify_answer *a)
{
	if (!a)
		return;
	og_free(a->rows);
	og_free(a->texts);
	og_free(a->blob);
	og_free(a);
}

static struct og_sv text(const struct verify_answer *a, uint32_t i)
{
	return og_sv(a->blob + a->texts[i].at, a->texts[i].n);
}

struct og_sv verify_answer_text(const struct verify_answer *a, uint32_t i, int which)
{
	return text(a, a->rows[i].text[which]);
}

struct og_arrival_row verify_answer_row(const struct verify_answer *a, uint32_t i)
{
	const struct verify_row *r = &a->rows[i];

	return (struct og_arrival_row){.route = r->route,
		.service_namespace = text(a, r->text[VT_SERVICE_NAMESPACE]),
		.service_name = text(a, r->text[VT_SERVICE_NAME]),
		.job = text(a, r->text[VT_JOB]),
		.instance = text(a, r->text[VT_INSTANCE]),
		.k8s_namespace = text(a, r->text[VT_K8S_NAMESPACE]),
		.pod = text(a, r->text[VT_POD]),
		.container = text(a, r->text[VT_CONTAINER]),
		.workload = text(a, r->text[VT_WORKLOAD]),
		.revision = text(a, r->text[VT_REVISION]),
		.language = text(a, r->text[VT_LANGUAGE]),
		.value = r->value,
		.last_s = r->last_s};
}
