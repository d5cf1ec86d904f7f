/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be done about the CA, the bundle and the leaf: a function of what is seen and of the
 * time. No replica is special; each decides the same from the same Secret.
 *
 * Clocks may be wrong. A new CA is therefore always published beside the old one before it signs,
 * also when the old one seems to have ended: a replica whose clock runs ahead harms only itself.
 */
#include "authority-priv.h"

enum {
	LOOK_S = 10,	    /* T-7 */
	SIGN_PAUSE_S = 60,  /* between renewals of a leaf that is still good; at most */
	MAKE_PAUSE_S = 600, /* AUTHORITY_MADE new CAs of one process: a wrong clock must not spin */
};

static const char *const write_names[WRITE_COUNT_] = {
	[WRITE_NOTHING] = "nothing",
	[WRITE_CREATE] = "create",
	[WRITE_RECREATE] = "recreate",
	[WRITE_BEGIN] = "begin",
	[WRITE_PROMOTE] = "promote",
	[WRITE_DROP] = "drop",
	[WRITE_BUNDLE] = "bundle",
};

const char *authority_write_name(enum authority_write w)
{
	return (unsigned)w < WRITE_COUNT_ ? write_names[w] : "unknown";
}

static bool usable(const struct ca_view *c, int64_t now)
{
	return c->cert_ok && c->key_ok && c->not_after > now;
}

/* It begins in the future, by more than certificates are dated back: a clock is wrong. */
static bool early(const struct ca_view *c, int64_t now)
{
	return c->cert_ok && c->not_before > now + AUTHORITY_SKEW_S;
}

/* T-4: renewed with a third of its life left; the hour it is dated back is not part of that. */
static bool due(const struct ca_view *c, int64_t now)
{
	int64_t life = c->not_after - c->not_before - AUTHORITY_SKEW_S;

	return c->not_after - now < (life > 0 ? life : 0) / 3;
}

static bool is(const char *id, const struct ca_view *c)
{
	return c->cert_ok && strcmp(id, c->id) == 0;
}

static enum authority_write new_ca(
	const struct authority_view *v, struct authority_plan *p, enum authority_write w)
{
	if (v->made_ca_ago_s >= MAKE_PAUSE_S)
		return w;
	p->problem = "the CAs that this process made in the last minutes are of no use any more: a "
		     "clock is wrong, or someone keeps changing the Secret";
	return WRITE_NOTHING;
}

/* A usable `next` is there: may it sign alone? */
static enum authority_write promote(const struct authority_view *v, struct authority_plan *p)
{
	if (early(&v->next, v->now))
		p->waiting = "the new CA begins in the future: a clock is wrong";
	else if (!v->configs_known && !usable(&v->current, v->now))
		return WRITE_PROMOTE; /* `next` signs already */
	else if (!v->configs_known)
		p->waiting = "the webhook configurations cannot be seen";
	else if (!v->configs_carry)
		p->waiting = "not every webhook configuration carries both CAs yet";
	else if (v->carried_ms < v->settle_ms)
		p->waiting = "API servers get time to take up the new bundle";
	return p->waiting ? WRITE_NOTHING : WRITE_PROMOTE;
}

static enum authority_write tidy(const struct authority_view *v, struct authority_plan *p)
{
	p->drop_previous = v->previous_given &&
			   (!v->previous.cert_ok || v->now >= v->previous_until);
	/* One that seems to have ended may be right, and our clock wrong. */
	p->drop_next = v->next_given && !(v->next.cert_ok && v->next.key_ok);
	if (p->drop_previous || p->drop_next)
		return WRITE_DROP;
	return v->bundle_in_secret ? WRITE_NOTHING : WRITE_BUNDLE;
}

static enum authority_write decide_write(const struct authority_view *v, struct authority_plan *p)
{
	const struct ca_view *ca = &v->current, *old = &v->remembered;
	enum authority_write w = WRITE_NOTHING;

	if (!v->secret_exists)
		return new_ca(v, p,
			old->cert_ok && old->not_after > v->now ? WRITE_RECREATE : WRITE_CREATE);
	if (usable(&v->next, v->now))
		w = promote(v, p);
	else if (!usable(ca, v->now) || early(ca, v->now) || due(ca, v->now))
		w = new_ca(v, p, WRITE_BEGIN);
	return w == WRITE_NOTHING && !p->problem ? tidy(v, p) : w;
}

static const struct ca_view *signer(const struct authority_view *v, enum authority_signer *ret)
{
	const struct ca_view *of[] = {[SIGN_CURRENT] = &v->current, [SIGN_NEXT] = &v->next};

	/* One that clients may find to begin in the future comes after all others. */
	for (int pass = 0; pass < 2; pass++) {
		for (int i = SIGN_CURRENT; i <= SIGN_NEXT; i++) {
			if (!usable(of[i], v->now) || (pass == 0 && early(of[i], v->now)))
				continue;
			*ret = (enum authority_signer)i;
			return of[i];
		}
	}
	return NULL;
}

/* A CA near its end gives shorter leaves: renewals must not come ever faster. */
static int64_t pause_s(int64_t life)
{
	int64_t s = life / 10 < SIGN_PAUSE_S ? life / 10 : SIGN_PAUSE_S;
	return s > 1 ? s : 1;
}

static bool settled(const struct authority_view *v)
{
	return v->configs_known && v->configs_carry && v->carried_ms >= v->settle_ms;
}

/* T-8: compared with the wall clock at each look, so that a suspended machine is noticed. */
static void decide_leaf(const struct authority_view *v, struct authority_plan *p)
{
	enum authority_signer by = SIGN_NOT;
	const struct ca_view *ca = signer(v, &by);
	int64_t life = v->leaf_not_after - v->leaf_not_before;

	if (!ca) {
		if (!p->problem)
			p->problem = "there is no CA in the Secret that could sign";
		return;
	}
	bool in_bundle = is(v->leaf_issuer, &v->current) || is(v->leaf_issuer, &v->next) ||
			 is(v->leaf_issuer, &v->previous);
	if (!v->have_leaf || v->now >= v->leaf_not_after || !in_bundle) {
		p->sign = by;
		p->sign_urgent = true;
		return;
	}
	/* What is served is good: it is not given up for what not all API servers may know. */
	if (early(ca, v->now) ||
		(by == SIGN_NEXT && !settled(v) && v->leaf_not_after - v->now > life / 8))
		return;
	bool renew = v->now >= v->leaf_not_before + life / 3 * 2 || v->now < v->leaf_not_before;
	if ((renew && v->signed_ago_s >= pause_s(life)) || !is(v->leaf_issuer, ca))
		p->sign = by;
}

void authority_decide(const struct authority_view *v, struct authority_plan *ret)
{
	struct authority_plan p = {.look_again_s = LOOK_S};

	if (!v->secret_known) {
		p.problem = "the CA's Secret has not been seen yet";
	} else if (v->secret_exists && v->secret_refused) {
		p.problem = "the CA's Secret is not otelgate's to write";
	} else {
		p.write = decide_write(v, &p);
		if (v->secret_exists) {
			decide_leaf(v, &p);
			p.publish = true;
		}
	}
	if (v->have_leaf) {
		int64_t life = v->leaf_not_after - v->leaf_not_before;
		int64_t in = v->leaf_not_before + life / 3 * 2 - v->now;
		if (in < p.look_again_s)
			p.look_again_s = in > 1 ? in : 1;
	}
	*ret = p;
}
