/* SPDX-License-Identifier: Apache-2.0 */
/* From what is seen to what is done, and how it stands. */
#include <stdarg.h>
#include <stdio.h>
#include "authority_run-priv.h"
#include "otelgate/base/mem.h"

enum { LOOK_S = 10 };

/* ---- looking ---- */

static struct ca_view view_of(const struct ca *c)
{
	return (struct ca_view){.cert_ok = c->cert_ok,
		.key_ok = c->key_ok,
		.not_before = c->info.not_before,
		.not_after = c->info.not_after,
		.id = c->cert_ok ? c->info.id : ""};
}

static int64_t ago_s(int64_t now, int64_t then)
{
	return then ? (now - then) / OG_NS_PER_S : INT64_MAX;
}

static bool configs_known(const struct og_authority *a)
{
	for (size_t i = 0; i < a->nconfig; i++) {
		const struct watched *w = &a->config[i].w;
		if (!w->known && w->state != OG_WATCH_ABSENT)
			return false;
	}
	return true;
}

static bool configs_carry(const struct og_authority *a)
{
	for (size_t i = 0; i < a->nconfig; i++) {
		const struct config_seen *s = a->config[i].seen;
		if (s && !config_is_current(s, a->bundle_id))
			return false;
	}
	return true;
}

/* For how long, as this process sees it: a wall clock would make it a matter of two machines. */
static int64_t carried_ms(struct og_authority *a, int64_t now)
{
	if (!configs_known(a) || !configs_carry(a)) {
		a->carried_since_ns = 0;
		return 0;
	}
	if (!a->carried_since_ns || strcmp(a->carried_id, a->bundle_id) != 0) {
		a->carried_since_ns = now;
		(void)snprintf(a->carried_id, sizeof(a->carried_id), "%s", a->bundle_id);
	}
	return (now - a->carried_since_ns) / OG_NS_PER_MS;
}

static void derive_bundle(struct og_authority *a)
{
	og_buf_reset(&a->bundle);
	if (a->secret)
		(void)secret_bundle(a->secret, &a->bundle, NULL);
	else if (a->user)
		og_buf_sv(&a->bundle, og_buf_view(&a->user->ca));
	/* Without a Secret the configurations are left as they are. */
	if (!a->bundle.len || bundle_id(og_buf_view(&a->bundle), a->bundle_id, NULL) < 0)
		a->bundle_id[0] = '\0';
}

static void look(struct og_authority *a, int64_t now, struct authority_view *v)
{
	static const struct ca none = {.given = false};
	const struct secret_seen *s = a->secret;

	*v = (struct authority_view){
		.now = og_clock_wall_ns(og_loop_clock(a->loop)) / OG_NS_PER_S,
		.settle_ms = a->o.settle_ms,
		.secret_known = a->secret_watch.known,
		.secret_exists = s != NULL,
		.secret_refused = s && s->refused[0],
		.current = view_of(s ? &s->current : &none),
		.next = view_of(s ? &s->next : &none),
		.previous = view_of(s ? &s->previous : &none),
		.next_given = s && s->next.given,
		.previous_given = s && s->previous.given,
		.previous_until = s ? s->previous_until : 0,
		.bundle_in_secret = s && strcmp(s->bundle_id, a->bundle_id) == 0,
		.configs_known = configs_known(a),
		.configs_carry = configs_carry(a),
		.carried_ms = carried_ms(a, now),
		.remembered = view_of(&a->remembered),
		.have_leaf = a->have_leaf,
		.leaf_issuer = a->leaf_issuer,
		.leaf_not_before = a->leaf_not_before,
		.leaf_not_after = a->leaf_not_after,
		.signed_ago_s = ago_s(now, a->signed_ns),
		.made_ca_ago_s = ago_s(now, a->made_ca_ns[AUTHORITY_MADE - 1]),
	};
}

/* ---- how it stands ---- */

__attribute__((format(printf, 2, 3))) static void problem(struct og_buf *b, const char *fmt, ...)
{
	va_list ap;

	if (b->len)
		og_buf_lit(b, "; ");
	va_start(ap, fmt);
	og_buf_vfmt(b, fmt, ap);
	va_end(ap);
}

/* The watch has not answered yet, or not yet brought what was just written: no news. */
static bool in_transit(const struct og_authority *a)
{
	const struct watched *w = &a->secret_watch;

	return (!w->known && (w->error[0] || w->state == OG_WATCH_STARTING)) ||
	       (a->failures == 0 && og_loop_now_ns(a->loop) < a->pause_ns);
}

static void secret_problems(
	const struct og_authority *a, const struct authority_plan *p, struct og_buf *b)
{
	const struct secret_seen *s = a->secret;

	if (a->secret_watch.error[0])
		problem(b, "%s", a->secret_watch.error);
	if (s && s->refused[0])
		problem(b, "Secret %s/%s: %s", a->o.ns, a->o.secret, s->refused);
	else if (p->problem && !in_transit(a))
		problem(b, "%s", p->problem);
	if (s && !s->refused[0] && s->current.error[0])
		problem(b, "Secret %s/%s: %s", a->o.ns, a->o.secret, s->current.error);
	if (a->o.source == OG_AUTHORITY_SECRET && a->secret_watch.known && !a->user)
		problem(b, "Secret %s/%s does not exist", a->o.ns, a->o.secret);
	if (a->write_error[0])
		problem(b, "%s", a->write_error);
	if (a->leaf_error[0])
		problem(b, "%s", a->leaf_error);
}

static void config_problems(const struct og_authority *a, struct og_buf *b)
{
	for (size_t i = 0; i < a->nconfig; i++) {
		const struct watched_config *c = &a->config[i];
		if (c->w.error[0] && c->w.state != OG_WATCH_ABSENT)
			problem(b, "%s", c->w.error);
		if (c->error[0])
			problem(b, "%s", c->error);
		if (c->w.known && !c->seen)
			problem(b, "MutatingWebhookConfiguration %s does not exist", c->name);
		if (c->seen && !c->seen->n)
			problem(b,
				"MutatingWebhookConfiguration %s has no webhook that points to %s",
				c->name, a->o.ndns ? a->o.dns_names[a->o.ndns > 2 ? 2 : 0] : "us");
		if (c->seen && c->seen->injected_by_other && a->o.source == OG_AUTHORITY_SELF)
			problem(b,
				"cert-manager keeps caBundle of MutatingWebhookConfiguration %s: "
				"remove its cert-manager.io annotation, or serve cert-manager's "
				"Secret (--tls-secret)",
				c->name);
	}
}

static unsigned count_cas(const struct og_authority *a)
{
	if (!a->secret)
		return a->bundle.len ? 1 : 0;
	return (unsigned)a->secret->current.cert_ok + a->secret->next.cert_ok +
	       a->secret->previous.cert_ok;
}

static void publish_info(struct og_authority *a, const struct authority_plan *p)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(8192);
	struct og_authority_info *x = &a->info;
	struct og_err err = OG_ERR_INIT;
	unsigned found = 0;
	bool current = configs_carry(a);

	secret_problems(a, p, &b);
	config_problems(a, &b);
	for (size_t i = 0; i < a->nconfig; i++) {
		found += a->config[i].seen != NULL;
		current = current && (!a->config[i].seen || a->config[i].seen->n);
	}
	pthread_mutex_lock(&a->lock);
	x->have_pair = a->have_leaf;
	x->seen = a->secret_watch.known && configs_known(a);
	x->found = found;
	x->bundles_current = x->seen && a->bundle.len && current;
	x->cas = count_cas(a);
	x->ca_not_after =
		a->secret && a->secret->current.cert_ok ? a->secret->current.info.not_after : 0;
	x->leaf_not_after = a->have_leaf ? a->leaf_not_after : 0;
	(void)snprintf(x->waiting, sizeof(x->waiting), "%s", p->waiting ? p->waiting : "");
	(void)snprintf(x->error, sizeof(x->error), "%s", b.len ? b.p : "");
	pthread_mutex_unlock(&a->lock);
	if (strcmp(a->said_error, x->error) == 0)
		return;
	(void)snprintf(a->said_error, sizeof(a->said_error), "%s", x->error);
	if (!a->o.on_state)
		return;
	if (x->error[0])
		(void)og_err_set(&err, OG_E_TLS, "%s", x->error);
	a->o.on_state(a->o.ctx, x->error[0] ? "there is a problem" : "all is well again",
		x->error[0] ? &err : NULL);
}

static void on_timer(void *ctx)
{
	authority_act(ctx);
}

void authority_act(struct og_authority *a)
{
	int64_t now = og_loop_now_ns(a->loop), wake;
	struct authority_view v;
	struct authority_plan p = {.look_again_s = LOOK_S};

	if (a->acting)
		return; /* what is started here calls back later, never from within */
	a->acting = true;
	derive_bundle(a);
	if (a->o.source == OG_AUTHORITY_SELF) {
		look(a, now, &v);
		authority_decide(&v, &p);
	}
	wake = now + p.look_again_s * OG_NS_PER_S;
	if (p.waiting && a->carried_since_ns)
		authority_earlier(&wake, a->carried_since_ns + a->o.settle_ms * OG_NS_PER_MS);
	if (p.sign != SIGN_NOT)
		authority_sign(a, p.sign == SIGN_NEXT ? &a->secret->next : &a->secret->current,
			p.sign_urgent);
	authority_write(a, &p, now, &wake);
	authority_publish(a, now, &wake);
	publish_info(a, &p);
	if (a->leaf_error[0])
		authority_earlier(&wake, now + OG_NS_PER_S);
	(void)og_timer_at(a->loop, &a->timer, wake > now ? wake : now + OG_NS_PER_MS, on_timer, a);
	a->acting = false;
}
