/* SPDX-License-Identifier: Apache-2.0 */
/* Writes: the Secret and the configurations, each when it is due, one at a time. */
#include <stdio.h>
#include "authority_run-priv.h"
#include "otelgate/base/mem.h"

enum {
	CREATE_JITTER_MS = 300, /* the first start should be quick */
	WRITE_JITTER_MS = 2000,
	PUBLISH_JITTER_MS = 500,
	AFTER_WRITE_MS = 5000, /* until then the watch has brought what was written */
	AFTER_CONFLICT_MS = 1000,
	SECRET_BYTES = 1 << 20,
	PATCH_BYTES = 16 << 20,
};

void authority_say(struct og_authority *a, const char *what)
{
	if (a->o.on_state)
		a->o.on_state(a->o.ctx, what, NULL);
}

/* splitmix64, public domain: https://prng.di.unimi.it/splitmix64.c; spread, not secrecy */
static uint64_t draw(struct og_authority *a)
{
	uint64_t z = a->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static int64_t jitter_ns(struct og_authority *a, int64_t max_ms)
{
	return (int64_t)(draw(a) % (uint64_t)(max_ms * OG_NS_PER_MS + 1));
}

static int64_t backoff_ns(struct og_authority *a, unsigned failures)
{
	int64_t ms = 1000LL << (failures < 5 ? failures : 5);

	ms = ms < 30000 ? ms : 30000;
	return ms * OG_NS_PER_MS + jitter_ns(a, ms / 2);
}

/* ---- the Secret ---- */

static void note_made(struct og_authority *a, int64_t now)
{
	memmove(a->made_ca_ns + 1, a->made_ca_ns, (AUTHORITY_MADE - 1) * sizeof(a->made_ca_ns[0]));
	a->made_ca_ns[0] = now;
}

static void on_written(void *ctx, const struct og_kube_answer *answer)
{
	struct og_authority *a = ctx;
	int64_t now = og_loop_now_ns(a->loop);
	enum authority_write w = a->writing;
	static const char *const good[WRITE_COUNT_] = {
		[WRITE_CREATE] = "a CA was made",
		[WRITE_RECREATE] = "the CA's Secret was made anew, with a new CA",
		[WRITE_BEGIN] = "rotation begun: a new CA is published beside the old one",
		[WRITE_PROMOTE] = "rotation: the new CA signs from now on",
		[WRITE_DROP] = "rotation ended: the old CA is no longer trusted",
		[WRITE_BUNDLE] = "ca.crt of the Secret was repaired",
	};

	a->call = NULL;
	a->wanted = WRITE_NOTHING;
	a->write_error[0] = '\0';
	if (answer->code == 0) {
		a->failures = 0;
		a->pause_ns = now + AFTER_WRITE_MS * OG_NS_PER_MS;
		if (w == WRITE_CREATE || w == WRITE_RECREATE || w == WRITE_BEGIN)
			note_made(a, now);
		pthread_mutex_lock(&a->lock);
		a->info.rotations += w == WRITE_PROMOTE;
		pthread_mutex_unlock(&a->lock);
		authority_say(a, good[w]);
	} else if (answer->http == 409 || answer->http == 404) {
		/* Another replica was first: its state comes by the watch. */
		a->pause_ns = now + AFTER_CONFLICT_MS * OG_NS_PER_MS;
		a->seam->watch_poke(a->secret_watch.watch);
	} else {
		a->pause_ns = now + backoff_ns(a, a->failures++);
		(void)snprintf(a->write_error, sizeof(a->write_error), "%.390s", answer->err.msg);
	}
	authority_act(a);
}

static void write_secret(struct og_authority *a, const struct authority_plan *p)
{
	og_auto_wipe struct og_buf body = OG_BUF_INIT(SECRET_BYTES);
	struct og_err err = OG_ERR_INIT;
	bool create = p->write == WRITE_CREATE || p->write == WRITE_RECREATE;
	const struct authority_make m = {.write = p->write,
		.drop_next = p->drop_next,
		.drop_previous = p->drop_previous,
		.seen = create ? NULL : a->secret,
		.remembered = &a->remembered,
		.ns = a->o.ns,
		.name = a->o.secret,
		.now = og_clock_wall_ns(og_loop_clock(a->loop)) / OG_NS_PER_S,
		.ca_s = a->o.ca_ms / 1000,
		.leaf_s = a->o.leaf_ms / 1000};
	struct og_kube_request r = {.verb = create ? OG_KUBE_CREATE : OG_KUBE_PATCH,
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("secrets"),
			.ns = og_svz(a->o.ns),
			.name = create ? OG_SV("") : og_svz(a->o.secret)},
		.patch = OG_KUBE_MERGE_PATCH,
		.ctx = a,
		.on_done = on_written};

	int rc = authority_body(&m, &body, &err);
	r.body = og_buf_view(&body);
	if (rc == 0)
		rc = a->seam->start(a->o.kube, &r, &a->call, &err);
	if (rc == 0) {
		a->writing = p->write;
		return;
	}
	a->pause_ns = og_loop_now_ns(a->loop) + backoff_ns(a, a->failures++);
	(void)snprintf(a->write_error, sizeof(a->write_error), "%.390s", err.msg);
}

void authority_earlier(int64_t *wake, int64_t at)
{
	if (at < *wake)
		*wake = at;
}

/* Waits a random while first: of several replicas one is then usually alone. */
void authority_write(
	struct og_authority *a, const struct authority_plan *p, int64_t now, int64_t *wake)
{
	int64_t most = a->o.settle_ms < WRITE_JITTER_MS ? a->o.settle_ms : WRITE_JITTER_MS;

	if (p->write == WRITE_CREATE)
		most = CREATE_JITTER_MS;
	if (p->write == WRITE_NOTHING || a->call) {
		a->wanted = a->call ? a->wanted : WRITE_NOTHING;
		return;
	}
	if (now < a->pause_ns) {
		authority_earlier(wake, a->pause_ns);
		return;
	}
	if (a->wanted != p->write) {
		a->wanted = p->write;
		a->due_ns = now + jitter_ns(a, most);
	}
	if (now >= a->due_ns)
		write_secret(a, p);
	else
		authority_earlier(wake, a->due_ns);
}

/* ---- the configurations ---- */

static void on_published(void *ctx, const struct og_kube_answer *answer)
{
	struct watched_config *c = ctx;
	struct og_authority *a = c->w.a;
	int64_t now = og_loop_now_ns(a->loop);

	c->call = NULL;
	c->due_ns = 0;
	c->error[0] = '\0';
	if (answer->code == 0) {
		c->failures = 0;
		c->pause_ns = now + AFTER_WRITE_MS * OG_NS_PER_MS;
		pthread_mutex_lock(&a->lock);
		a->info.bundle_writes++;
		pthread_mutex_unlock(&a->lock);
	} else if (answer->http == 409 || answer->http == 404 || answer->http == 422) {
		/* 422 is what a failed `test` gives */
		c->pause_ns = now + (c->failures++ ? backoff_ns(a, c->failures)
						   : AFTER_CONFLICT_MS * OG_NS_PER_MS);
		if (c->failures > 3)
			(void)snprintf(c->error, sizeof(c->error), "%.390s", answer->err.msg);
		a->seam->watch_poke(c->w.watch);
	} else {
		c->pause_ns = now + backoff_ns(a, c->failures++);
		(void)snprintf(c->error, sizeof(c->error), "%.390s", answer->err.msg);
	}
	authority_act(a);
}

static void write_config(struct og_authority *a, struct watched_config *c)
{
	og_auto_buf struct og_buf body = OG_BUF_INIT(PATCH_BYTES);
	struct og_err err = OG_ERR_INIT;
	struct og_kube_request r = {.verb = OG_KUBE_PATCH,
		.res = {.group = OG_SV("admissionregistration.k8s.io"),
			.version = OG_SV("v1"),
			.resource = OG_SV("mutatingwebhookconfigurations"),
			.name = og_svz(c->name)},
		.patch = OG_KUBE_JSON_PATCH,
		.ctx = c,
		.on_done = on_published};

	config_patch(c->seen, a->bundle_id, og_buf_view(&a->bundle), &body);
	r.body = og_buf_view(&body);
	if (!body.failed && a->seam->start(a->o.kube, &r, &c->call, &err) == 0)
		return;
	c->pause_ns = og_loop_now_ns(a->loop) + backoff_ns(a, c->failures++);
	(void)snprintf(c->error, sizeof(c->error), "%.390s",
		body.failed ? "no memory for a patch" : err.msg);
}

static void note_current(struct og_authority *a, struct watched_config *c, bool current)
{
	if (c->was_current && !current && strcmp(c->current_id, a->bundle_id) == 0) {
		pthread_mutex_lock(&a->lock);
		a->info.bundle_repairs++;
		pthread_mutex_unlock(&a->lock);
		authority_say(a, "someone changed caBundle of a webhook configuration: it is "
				 "written again");
	}
	c->was_current = current;
	if (current)
		(void)snprintf(c->current_id, sizeof(c->current_id), "%s", a->bundle_id);
}

void authority_publish(struct og_authority *a, int64_t now, int64_t *wake)
{
	for (size_t i = 0; i < a->nconfig; i++) {
		struct watched_config *c = &a->config[i];
		bool current = !c->seen || config_is_current(c->seen, a->bundle_id);
		if (c->seen)
			note_current(a, c, current && c->seen->n > 0);
		if (current) {
			c->failures = 0;
			c->error[0] = '\0';
		}
		if (current || c->call || !a->bundle.len || c->seen->injected_by_other) {
			c->due_ns = c->call ? c->due_ns : 0;
			continue;
		}
		if (now < c->pause_ns) {
			authority_earlier(wake, c->pause_ns);
			continue;
		}
		if (!c->due_ns)
			c->due_ns = now + jitter_ns(a, PUBLISH_JITTER_MS);
		if (now >= c->due_ns)
			write_config(a, c);
		else
			authority_earlier(wake, c->due_ns);
	}
}
