/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which workload a row came from, by what says most: pod, revision, object, name, job. Rows that
 * several could have sent are kept as the best one per name, so that no input makes this more than
 * linear.
 */
#include "arrival-priv.h"

#include "otelgate/base/mem.h"

enum { READINGS = 8 };

static const struct ar_pod *pod_find(
	const struct og_arrival_index *ix, struct og_sv ns, struct og_sv pod)
{
	char buf[AR_KEY_BYTES];
	struct og_sv key;
	const struct og_sv parts[] = {ns, pod};
	return pod.n && ar_key(buf, 'p', parts, 2, &key) ? og_map_get(&ix->pods, key) : NULL;
}

static bool dns_label(struct og_sv s, bool *letters)
{
	if (!s.n || s.n > 63)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = c >= 'a' && c <= 'z';
		*letters |= letter;
		if (!letter && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return true;
}

/* <namespace>.<pod>.<container>: the first and the last are labels, pods may have dots
 * (core/mut_attributes.c). Not an address. */
static bool split_instance(struct og_sv s, struct og_sv *ns, struct og_sv *pod)
{
	size_t a = og_sv_chr(s, '.'), b = s.n;
	while (b > 0 && s.p[b - 1] != '.')
		b--;
	if (a >= s.n || b < a + 3)
		return false;
	*ns = og_sv(s.p, a);
	*pod = og_sv(s.p + a + 1, b - 1 - (a + 1));
	bool letters = false;
	return dns_label(*ns, &letters) && dns_label(og_sv(s.p + b, s.n - b), &letters) && letters;
}

struct og_sv ar_job_name(struct og_sv job)
{
	size_t at = job.n;
	while (at > 0 && job.p[at - 1] != '/')
		at--;
	return og_sv(job.p + at, job.n - at);
}

bool ar_unknown_service(const struct og_arrival_row *row)
{
	struct og_sv prefix = OG_SV("unknown_service");
	return row->service_name.n ? og_sv_starts(row->service_name, prefix)
				   : og_sv_starts(ar_job_name(row->job), prefix);
}

/* Whether a job is how Prometheus spells these names (otel-spec prometheus_and_openmetrics.md). */
static bool job_is(struct og_sv job, struct og_sv ns, struct og_sv name)
{
	if (!ns.n)
		return og_sv_eq(job, name);
	return job.n == ns.n + 1 + name.n && og_sv_starts(job, ns) && job.p[ns.n] == '/' &&
	       og_sv_ends(job, name);
}

bool ar_identity_has(const struct og_arrival_workload *w, const struct og_arrival_row *row)
{
	for (uint32_t i = 0; i < w->nidentities; i++) {
		const struct og_arrival_identity *id = &w->identities[i];
		if (!id->service_name.n)
			continue;
		if (row->service_name.n ? og_sv_eq(row->service_name, id->service_name) &&
						  (!row->service_namespace.n ||
							  og_sv_eq(row->service_namespace,
								  id->service_namespace))
					: job_is(row->job, id->service_namespace, id->service_name))
			return true;
	}
	return false;
}

static bool give(struct ar_hit *h, uint32_t workload, enum og_arrival_tie tie)
{
	h->workload = workload;
	h->tie = (uint8_t)tie;
	h->astray = AR_ASTRAY_NO;
	return true;
}

static bool by_pod(
	const struct og_arrival_index *ix, const struct og_arrival_row *row, struct ar_hit *h)
{
	struct og_sv ns, pod;
	bool dotted = split_instance(row->instance, &ns, &pod);
	const struct ar_pod *own = dotted ? pod_find(ix, ns, pod) : NULL;
	bool same = dotted && og_sv_eq(pod, row->pod);
	const struct ar_pod *p = own;
	if (!p && row->pod.n)
		p = pod_find(ix, row->k8s_namespace.n ? row->k8s_namespace : row->service_namespace,
			row->pod);
	/* The instance is written in the pod; a collector may stamp its own names over the rest
	 * (k8s-monitoring: resourcedetection with override, association by address). */
	if (!own && p && dotted && !same && !ar_identity_has(&ix->w[p->workload], row))
		return false;
	if (!p)
		return false;
	h->pod = p->pod;
	h->stamped = own && row->pod.n && !same;
	return give(h, p->workload, OG_TIE_POD);
}

static bool by_revision(
	struct og_arrival_index *ix, const struct og_arrival_row *row, struct ar_hit *h)
{
	char buf[AR_KEY_BYTES];
	struct og_sv key;
	if (!row->revision.n || !ar_key(buf, 'r', &row->revision, 1, &key))
		return false;
	ar_ensure(ix, AR_REVISIONS);
	const struct ar_name *n = og_map_get(&ix->revisions, key);
	if (!n || n->owners != 1)
		return false;
	const struct og_arrival_workload *w = &ix->w[n->first.workload];
	bool here = !row->k8s_namespace.n || og_sv_eq(row->k8s_namespace, w->ns);
	if (!here && !ar_identity_has(w, row))
		return false;
	h->stamped = !here;
	return give(h, n->first.workload, OG_TIE_REVISION);
}

static void keep_best(const struct og_arrival_index *ix, uint32_t *at, uint32_t row)
{
	const struct og_arrival_row *rows = ix->ev->rows;
	if (*at == AR_NONE) {
		*at = row;
		return;
	}
	const struct og_arrival_row *a = &rows[*at], *b = &rows[row];
	int c = a->fresh != b->fresh	 ? (a->fresh ? 1 : -1)
		: a->last_s != b->last_s ? (a->last_s > b->last_s ? 1 : -1)
					 : ar_row_cmp(b, a);
	if (c < 0)
		*at = row;
}

/* The name with these parts, by as much as the row tells of its place. */
static struct ar_name *name_of(struct og_arrival_index *ix, const struct og_arrival_row *row,
	struct og_sv sns, struct og_sv name, bool sns_told, bool *weak, bool *elsewhere)
{
	struct og_sv ns = row->k8s_namespace, none = og_sv("", 0);
	enum ar_name_kind kind = sns_told ? (ns.n ? AR_NAME_FULL : AR_NAME_PAIR)
					  : (ns.n ? AR_NAME_PLACE : AR_NAME_ALONE);
	ar_ensure(ix, kind);
	*weak |= kind == AR_NAME_ALONE;
	struct ar_name *n = ar_name_find(ix, kind, ns, sns, name);
	*elsewhere |= kind == AR_NAME_FULL && !n && ar_name_find(ix, AR_NAME_PAIR, none, sns, name);
	return n;
}

static bool settle(struct og_arrival_index *ix, uint32_t i, struct ar_name *n, bool weak)
{
	const struct og_arrival_row *row = &ix->ev->rows[i];
	struct ar_hit *h = &ix->hits[i];
	if (n->owners == 1)
		return give(h, n->first.workload, weak ? OG_TIE_JOB : OG_TIE_SERVICE);
	ix->any_shared = true;
	keep_best(ix, &n->shared[row->signal], i);
	h->astray = AR_ASTRAY_NO; /* it is of one of them */
	return true;
}

/* All ways to read a job: "a/b/c" is a + b/c, a/b + c, or a name without namespace. */
static bool by_job(struct og_arrival_index *ix, uint32_t i)
{
	const struct og_arrival_row *row = &ix->ev->rows[i];
	struct ar_hit *h = &ix->hits[i];
	struct ar_name *found[READINGS + 1];
	uint32_t n = 0, slashes = 0;
	bool elsewhere = false, weak = false;
	for (size_t at = 0; at < row->job.n; at++) {
		if (row->job.p[at] != '/' || ++slashes > READINGS)
			continue;
		struct og_sv sns = og_sv(row->job.p, at);
		struct og_sv name = og_sv(row->job.p + at + 1, row->job.n - at - 1);
		struct ar_name *f = name_of(ix, row, sns, name, true, &weak, &elsewhere);
		if (f)
			found[n++] = f;
	}
	if (slashes > READINGS)
		return false;
	struct ar_name *whole = name_of(ix, row, og_sv("", 0), row->job,
		slashes > 0 || !row->k8s_namespace.n, &weak, &elsewhere);
	if (whole)
		found[n++] = whole;
	if (elsewhere && !n)
		h->astray = AR_ASTRAY_NAMESPACE;
	if (!n)
		return false;
	bool one = true;
	for (uint32_t k = 1; k < n; k++)
		one &= found[k]->owners == 1 && found[0]->owners == 1 &&
		       found[k]->first.workload == found[0]->first.workload;
	if (one)
		return settle(ix, i, found[0], weak || slashes > 1);
	ix->any_shared = true;
	for (uint32_t k = 0; k < n; k++)
		keep_best(ix, &found[k]->ambiguous[row->signal], i);
	h->astray = AR_ASTRAY_AMBIGUOUS;
	return true;
}

static bool by_name(struct og_arrival_index *ix, uint32_t i)
{
	const struct og_arrival_row *row = &ix->ev->rows[i];
	bool weak = false, elsewhere = false;
	if (!row->service_name.n)
		return row->job.n && by_job(ix, i);
	struct ar_name *n = name_of(ix, row, row->service_namespace, row->service_name,
		row->service_namespace.n > 0, &weak, &elsewhere);
	if (elsewhere)
		ix->hits[i].astray = AR_ASTRAY_NAMESPACE;
	return n && settle(ix, i, n, weak);
}

static bool by_object(
	struct og_arrival_index *ix, const struct og_arrival_row *row, struct ar_hit *h)
{
	char buf[AR_KEY_BYTES];
	struct og_sv key;
	size_t slash = og_sv_chr(row->workload, '/');
	if (slash >= row->workload.n || !row->k8s_namespace.n)
		return false;
	const struct og_sv parts[] = {row->k8s_namespace, og_sv(row->workload.p, slash),
		og_sv(row->workload.p + slash + 1, row->workload.n - slash - 1)};
	if (!ar_key(buf, 'o', parts, 3, &key))
		return false;
	ar_ensure(ix, AR_OBJECTS);
	const struct ar_name *n = og_map_get(&ix->objects, key);
	return n && n->owners == 1 && give(h, n->first.workload, OG_TIE_SERVICE);
}

static bool literal(const struct og_arrival_row *r)
{
	const struct og_sv all[] = {r->service_namespace, r->service_name, r->job, r->instance,
		r->k8s_namespace, r->pod, r->container, r->workload};
	for (size_t i = 0; i < OG_COUNT(all); i++) {
		size_t at = og_sv_chr(all[i], '$');
		if (at < all[i].n && og_sv_has(all[i], OG_SV("$(")))
			return true;
	}
	return false;
}

bool ar_has_expectation(const struct og_arrival_workload *w)
{
	for (uint32_t i = 0; i < w->nidentities; i++)
		if (!w->identities[i].service_name.n)
			return false;
	return w->nidentities > 0;
}

static uint8_t odd(const struct og_arrival_workload *w, const struct og_arrival_row *row,
	const struct ar_hit *h)
{
	bool is[AR_ODD_COUNT_] = {0};
	/* Names of lines collected from stdout are Loki's guesses. */
	bool collected = row->signal == OG_SIGNAL_LOGS &&
			 (row->route == OG_ROUTE_STDOUT ||
				 (row->route == OG_ROUTE_UNKNOWN && !row->revision.n));
	is[AR_ODD_LITERAL] = literal(row);
	is[AR_ODD_STAMPED] = h->stamped;
	if (!collected) {
		is[AR_ODD_UNKNOWN_SERVICE] = ar_unknown_service(row);
		is[AR_ODD_OTHER_NAME] = !is[AR_ODD_UNKNOWN_SERVICE] &&
					(row->service_name.n || row->job.n) &&
					ar_has_expectation(w) && !ar_identity_has(w, row);
		is[AR_ODD_NO_PLACE] = !row->pod.n && !row->k8s_namespace.n;
		is[AR_ODD_NO_INSTANCE] = row->signal == OG_SIGNAL_METRICS && !row->instance.n &&
					 row->job.n;
	}
	uint8_t bits = 0;
	for (unsigned i = 0; i < AR_ODD_COUNT_; i++)
		bits |= (uint8_t)(is[i] ? 1u << i : 0);
	return bits;
}

/* What judging will ask of the row. */
static void note_row(struct ar_hit *h, const struct og_arrival_row *row)
{
	enum og_arrival_route r = (unsigned)row->route < OG_ROUTE_COUNT_ ? row->route
									 : OG_ROUTE_UNKNOWN;
	if (r == OG_ROUTE_UNKNOWN && row->revision.n)
		r = OG_ROUTE_OTLP; /* it travels as an attribute of OTLP alone */
	h->signal = (uint8_t)row->signal;
	h->route = (uint8_t)r;
	h->last_s = ar_time(row->last_s);
	h->fresh = row->fresh;
	h->names_pod = row->pod.n > 0;
}

void ar_resolve(struct og_arrival_index *ix, uint32_t i)
{
	const struct og_arrival_row *row = &ix->ev->rows[i];
	struct ar_hit *h = &ix->hits[i];
	*h = (struct ar_hit){
		.next = AR_NONE, .workload = AR_NONE, .pod = AR_NONE, .astray = AR_ASTRAY_NONE};
	if ((unsigned)row->signal >= OG_SIGNAL_COUNT_)
		return;
	note_row(h, row);
	ix->rows_of[row->signal]++;
	if (!by_pod(ix, row, h) && !by_revision(ix, row, h) && !by_object(ix, row, h))
		(void)by_name(ix, i);
	if (h->workload == AR_NONE)
		return;
	const struct og_arrival_workload *w = &ix->w[h->workload];
	h->told = row->revision.n && w->revision.n;
	h->wanted = h->told && og_sv_eq(row->revision, w->revision);
	if (h->wanted && h->tie >= OG_TIE_SERVICE)
		h->tie = OG_TIE_REVISION;
	h->odd = odd(w, row, h);
	h->next = ix->head[h->workload];
	ix->head[h->workload] = i;
	ix->mask[h->workload] |= (uint8_t)(1u << row->signal);
}

/* Counters of requests: by the same ways, but only what is surely one workload's. */
void ar_add_load(struct og_arrival_index *ix, const struct og_arrival_row *row)
{
	struct ar_hit h = {.workload = AR_NONE, .pod = AR_NONE};
	bool weak = false, elsewhere = false;
	struct ar_name *n = NULL;
	if (!by_pod(ix, row, &h) && !by_revision(ix, row, &h) && !by_object(ix, row, &h)) {
		size_t slash = og_sv_chr(row->job, '/');
		struct og_sv sns = row->service_namespace, name = row->service_name;
		if (!name.n && slash < row->job.n) {
			sns = og_sv(row->job.p, slash);
			name = og_sv(row->job.p + slash + 1, row->job.n - slash - 1);
		} else if (!name.n) {
			name = row->job;
		}
		n = name_of(ix, row, sns, name, sns.n > 0, &weak, &elsewhere);
		if (!n || n->owners != 1 || og_sv_chr(name, '/') < name.n)
			return;
		h.workload = n->first.workload;
	}
	struct ar_load *l = &ix->load[h.workload];
	double v = row->value > 0 ? row->value : 0; /* NaN too */
	int64_t micro = v >= 1e9 ? (int64_t)1e15 : (int64_t)(v * 1e6 + (v > 0 ? 0.999999 : 0));
	l->told = true;
	l->micro = l->micro > (int64_t)1e18 ? l->micro : l->micro + micro;
}

int ar_row_cmp(const struct og_arrival_row *a, const struct og_arrival_row *b)
{
	const struct og_sv x[] = {a->service_namespace, a->service_name, a->job, a->instance,
		a->k8s_namespace, a->pod, a->container, a->workload, a->revision, a->language};
	const struct og_sv y[] = {b->service_namespace, b->service_name, b->job, b->instance,
		b->k8s_namespace, b->pod, b->container, b->workload, b->revision, b->language};
	for (size_t i = 0; i < OG_COUNT(x); i++) {
		int c = og_sv_cmp(x[i], y[i]);
		if (c)
			return c;
	}
	if (a->route != b->route)
		return a->route < b->route ? -1 : 1;
	return a->value < b->value ? -1 : a->value > b->value;
}
