/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking which resources the server has. One fetch at a time: look-ups that come meanwhile wait for
 * the next one, unless what is known already answers them, so that a "no" is never older than the
 * question.
 */
#include "discovery-priv.h"

#include "otelgate/base/mem.h"

static const char accept[] =
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
	"application/json";

typedef void found_fn(void *ctx, const struct og_kube_api *api, const struct og_err *err);

struct lookup {
	struct lookup *next;
	char *text; /* holds the three below */
	struct og_sv group, version, name;
	int64_t oldest_ns; /* what was read before is too old */
	uint64_t want;	   /* number of the first fetch that began after the question */
	found_fn *on_done;
	void *ctx;
};

/* A version of the classic form that is being asked for. */
struct part {
	struct fetch *f;
	size_t version; /* index into the table */
};

struct fetch {
	struct og_kube *k;
	struct disc_table table;
	unsigned waiting; /* requests under way */
	bool classic;
	struct part *parts;
	struct og_err failed; /* of /api or /apis */
	struct og_err unsure; /* of the first part that could not be had */
};

struct kc_discovery {
	struct og_kube *k;
	struct disc_table table;
	int64_t read_ns;
	bool have;
	struct lookup *lookups;
	struct fetch *fetch;
	uint64_t begun, ended; /* fetches */
	struct og_err failed;  /* of the latest fetch */
	struct og_err unsure;  /* why parts of the table are not known */
	struct og_timer timer; /* always set, so that moving cannot fail */
};

static void on_timer(void *ctx);

static void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	disc_table_fini(&f->table);
	og_free(f->parts);
	og_free(f);
}

static void lookup_free(struct lookup *l)
{
	og_free(l->text);
	og_free(l);
}

static void look_soon(struct kc_discovery *d)
{
	(void)og_timer_at(d->k->loop, &d->timer, 0, on_timer, d);
}

static void fetch_end(struct fetch *f)
{
	struct kc_discovery *d = f->k->discovery;
	d->fetch = NULL;
	d->ended = d->begun;
	d->failed = f->failed;
	if (!f->failed.code) {
		disc_table_fini(&d->table);
		d->table = f->table;
		disc_table_init(&f->table);
		d->have = true;
		d->read_ns = og_loop_now_ns(d->k->loop);
		d->unsure = f->unsure;
	}
	fetch_free(f);
	look_soon(d);
}

static void part_done(struct fetch *f)
{
	if (--f->waiting == 0)
		fetch_end(f);
}

static void on_resources(void *ctx, const struct og_kube_answer *a)
{
	struct part *p = ctx;
	struct fetch *f = p->f;
	struct disc_version *v = &f->table.versions[p->version];
	struct og_err err = a->err;
	int rc = a->code;
	/* a version that is gone since has no resources; others may be away with their server */
	if (rc == 0 && a->doc)
		rc = disc_read_resources(&f->table, a->doc, v, &err);
	else if (a->http == 404)
		rc = 0;
	v = &f->table.versions[p->version];
	v->known = rc == 0;
	if (rc < 0 && !f->unsure.code)
		f->unsure = err;
	part_done(f);
}

static int ask(struct og_kube *k, const char *path, const char *wanted,
	void (*on_done)(void *, const struct og_kube_answer *), void *ctx, struct og_err *err)
{
	const struct og_kube_request q = {.verb = OG_KUBE_RAW,
		.raw_path = path,
		.accept = wanted,
		.ctx = ctx,
		.on_done = on_done};
	return og_kube_start(k, &q, NULL, err);
}

/* The classic form names versions only: each is asked for its resources. */
static int ask_versions(struct fetch *f, struct og_err *err)
{
	if (!f->table.nversions)
		return 0;
	f->parts = og_calloc(f->table.nversions, sizeof(*f->parts));
	if (!f->parts)
		return og_err_set(err, OG_E_OOM, "no memory to ask which resources exist");
	for (size_t i = 0; i < f->table.nversions; i++) {
		const struct disc_version *v = &f->table.versions[i];
		og_auto_buf struct og_buf path = OG_BUF_INIT(0);
		if (v->known)
			continue;
		f->parts[i] = (struct part){f, i};
		og_buf_str(&path, v->group.n ? "/apis/" : "/api");
		og_buf_fmt(&path, "%.*s/%.*s", OG_SV_ARG(v->group), OG_SV_ARG(v->version));
		int rc = path.failed ? og_err_set(err, OG_E_OOM,
					       "no memory to ask which resources exist")
				     : ask(f->k, path.p, NULL, on_resources, &f->parts[i], err);
		if (rc < 0)
			return rc;
		f->waiting++;
	}
	return 0;
}

static void on_groups(void *ctx, const struct og_kube_answer *a)
{
	struct fetch *f = ctx;
	struct og_err err = a->err;
	enum disc_form form = DISC_AGGREGATED;
	int rc = a->code;
	if (rc == 0 && !a->doc)
		rc = og_err_set(&err, OG_E_PARSE,
			"the answer to the question which resources exist is no JSON");
	if (rc == 0)
		rc = disc_read_groups(&f->table, a->doc, &form, &err);
	f->classic = f->classic || form == DISC_CLASSIC;
	if (rc < 0 && !f->failed.code)
		f->failed = err;
	/* the second of /api and /apis */
	if (f->waiting == 1 && f->classic && !f->failed.code) {
		rc = ask_versions(f, &err);
		if (rc < 0 && !f->failed.code)
			f->failed = err;
	}
	part_done(f);
}

static void fetch_begin(struct kc_discovery *d)
{
	struct fetch *f = og_calloc(1, sizeof(*f));
	d->begun++;
	if (f) {
		f->k = d->k;
		disc_table_init(&f->table);
		if (ask(d->k, "/api", accept, on_groups, f, &d->failed) == 0) {
			d->fetch = f;
			f->waiting = 1;
			f->waiting += ask(d->k, "/apis", accept, on_groups, f, &f->failed) == 0;
			return;
		}
	} else {
		(void)og_err_set(&d->failed, OG_E_OOM, "no memory to ask which resources exist");
	}
	fetch_free(f);
	d->ended = d->begun;
	look_soon(d);
}

/* Whether the look-up is answered by what is known. */
static bool decide(const struct kc_discovery *d, const struct lookup *l,
	const struct og_kube_api **ret, struct og_err *why)
{
	bool unsure = false;
	og_err_clear(why);
	*ret = d->have ? disc_find(&d->table, l->group, l->version, l->name, &unsure) : NULL;
	if (*ret && d->read_ns >= l->oldest_ns)
		return true;
	if (d->ended < l->want)
		return false;
	/* the latest that can be known; what is old is better than nothing */
	if (*ret)
		return true;
	if (d->failed.code)
		*why = d->failed;
	else if (unsure && d->unsure.code)
		*why = d->unsure;
	else if (unsure)
		(void)og_err_set(why, OG_E_IO,
			"the server of the API group \"%.*s\" is away, so that its resources are "
			"not known",
			OG_SV_ARG(l->group));
	return true;
}

/* Owners may do anything in their callback, so that the list is begun anew after each. */
static bool answer_one(struct kc_discovery *d)
{
	const struct og_kube_api *api;
	struct og_err why;
	for (struct lookup **p = &d->lookups; *p; p = &(*p)->next) {
		struct lookup *l = *p;
		if (!decide(d, l, &api, &why))
			continue;
		*p = l->next;
		found_fn *on_done = l->on_done;
		void *ctx = l->ctx;
		lookup_free(l);
		on_done(ctx, api, why.code ? &why : NULL);
		return true;
	}
	return false;
}

static void on_timer(void *ctx)
{
	struct kc_discovery *d = ctx;
	struct og_kube *k = d->k;
	(void)og_timer_at(k->loop, &d->timer, INT64_MAX, on_timer, d);
	kc_hold(k);
	while (!k->closed && answer_one(d))
		;
	if (!k->closed && d->lookups && !d->fetch)
		fetch_begin(d);
	kc_release(k);
}

static struct kc_discovery *get(struct og_kube *k)
{
	struct kc_discovery *d = k->discovery;
	if (d)
		return d;
	d = og_calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->k = k;
	disc_table_init(&d->table);
	if (og_timer_at(k->loop, &d->timer, INT64_MAX, on_timer, d) < 0) {
		og_free(d);
		return NULL;
	}
	k->discovery = d;
	return d;
}

void kc_discovery_free(struct kc_discovery *d)
{
	if (!d)
		return;
	og_timer_cancel(d->k->loop, &d->timer);
	while (d->lookups) {
		struct lookup *l = d->lookups;
		d->lookups = l->next;
		lookup_free(l);
	}
	fetch_free(d->fetch);
	disc_table_fini(&d->table);
	og_free(d);
}

static struct lookup *lookup_new(struct og_sv group, struct og_sv version, struct og_sv name)
{
	struct lookup *l = og_calloc(1, sizeof(*l));
	char *t = og_malloc(group.n + version.n + name.n + 1);
	if (!l || !t) {
		og_free(l);
		og_free(t);
		return NULL;
	}
	const struct og_sv from[] = {group, version, name};
	struct og_sv *to[] = {&l->group, &l->version, &l->name};
	l->text = t;
	for (size_t i = 0; i < OG_COUNT(from); i++) {
		if (from[i].n)
			memcpy(t, from[i].p, from[i].n);
		*to[i] = og_sv(t, from[i].n);
		t += from[i].n;
	}
	return l;
}

int og_kube_discover(struct og_kube *k, struct og_sv group, struct og_sv version,
	struct og_sv kind_or_resource, int64_t max_age_ms,
	void (*on_done)(void *ctx, const struct og_kube_api *api, const struct og_err *err),
	void *ctx, struct og_err *err)
{
	if (k->closed || !on_done || !kind_or_resource.n)
		return og_err_set(err, OG_E_INVALID, "a look-up that is not filled in");
	struct kc_discovery *d = get(k);
	struct lookup *l = d ? lookup_new(group, version, kind_or_resource) : NULL;
	if (!l)
		return og_err_set(err, OG_E_OOM, "no memory to ask which resources exist");
	int64_t now = og_loop_now_ns(k->loop), ns;
	l->oldest_ns = INT64_MIN;
	if (max_age_ms > 0 && !__builtin_mul_overflow(max_age_ms, OG_NS_PER_MS, &ns))
		l->oldest_ns = now - ns;
	l->want = d->begun + 1;
	l->on_done = on_done;
	l->ctx = ctx;
	struct lookup **tail = &d->lookups;
	while (*tail)
		tail = &(*tail)->next;
	*tail = l;
	look_soon(d);
	return 0;
}

void og_kube_discover_cancel(struct og_kube *k, const void *ctx)
{
	struct kc_discovery *d = k->discovery;
	if (!d)
		return;
	for (struct lookup **p = &d->lookups; *p;) {
		struct lookup *l = *p;
		if (l->ctx != ctx) {
			p = &l->next;
			continue;
		}
		*p = l->next;
		lookup_free(l);
	}
}
