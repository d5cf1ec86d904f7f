/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authority's decisions: one by one, then several replicas with clocks of their own against a
 * modelled cluster for many lives of a CA, where no served certificate may ever be distrusted.
 */
#include <stdio.h>
#include <string.h>
#include "../../../src/kube/authority-priv.h"
#include "otelgate/base/mem.h"
#include "support/suite.h"

enum { NOW = 1700000000, DAY = 86400, SETTLE_MS = 60000 };
static struct authority_view v;
static struct authority_plan p;

static struct ca_view ca(const char *id, int64_t age_days, int64_t left_days)
{
	return (struct ca_view){.cert_ok = true,
		.key_ok = true,
		.not_before = NOW - age_days * DAY,
		.not_after = NOW + left_days * DAY,
		.id = id};
}
static struct ca_view no_ca(void)
{
	return (struct ca_view){.id = ""};
}

/* A young CA, a young leaf, the configurations as they should be. */
static void setup(void)
{
	v = (struct authority_view){.now = NOW,
		.settle_ms = SETTLE_MS,
		.secret_known = true,
		.secret_exists = true,
		.current = ca("A", 10, 355),
		.next = no_ca(),
		.previous = no_ca(),
		.bundle_in_secret = true,
		.configs_known = true,
		.configs_carry = true,
		.carried_ms = 10 * SETTLE_MS,
		.remembered = ca("A", 10, 355),
		.have_leaf = true,
		.leaf_issuer = "A",
		.leaf_not_before = NOW - DAY,
		.leaf_not_after = NOW + 6 * DAY,
		.signed_ago_s = DAY,
		.made_ca_ago_s = INT64_MAX};
}

static void decide(void)
{
	authority_decide(&v, &p);
}
#define WRITES(w)                                                                         \
	do {                                                                              \
		decide();                                                                 \
		ck_assert_str_eq(authority_write_name(p.write), authority_write_name(w)); \
	} while (0)
#define SIGNS(s)                                    \
	do {                                        \
		decide();                           \
		ck_assert_int_eq((int)p.sign, (s)); \
	} while (0)

START_TEST(steady_does_nothing)
{
	WRITES(WRITE_NOTHING);
	SIGNS(SIGN_NOT);
	ck_assert(p.publish);
	ck_assert_ptr_null(p.problem);
	ck_assert_ptr_null(p.waiting);
	ck_assert_int_eq(p.look_again_s, 10);
}
END_TEST

START_TEST(unseen_secret_means_no_write)
{
	v.secret_known = v.secret_exists = false;
	WRITES(WRITE_NOTHING);
	SIGNS(SIGN_NOT);
	ck_assert(!p.publish);
	ck_assert_ptr_nonnull(p.problem);
}
END_TEST

START_TEST(missing_secret_is_created)
{
	v.secret_exists = v.have_leaf = false;
	v.remembered = v.current = no_ca();
	WRITES(WRITE_CREATE);
	SIGNS(SIGN_NOT);
	ck_assert(!p.publish);
}
END_TEST

START_TEST(deleted_secret_is_made_anew_beside_the_old_ca)
{
	v.secret_exists = false;
	v.current = no_ca();
	WRITES(WRITE_RECREATE);
	SIGNS(SIGN_NOT); /* what is served is still trusted */
	v.remembered.not_after = NOW;
	WRITES(WRITE_CREATE);
}
END_TEST

START_TEST(the_secret_of_another_is_left_alone)
{
	v.secret_refused = true;
	v.current = no_ca();
	v.have_leaf = false;
	WRITES(WRITE_NOTHING);
	SIGNS(SIGN_NOT);
	ck_assert(!p.publish);
	ck_assert_ptr_nonnull(strstr(p.problem, "not otelgate's"));
}
END_TEST

START_TEST(a_third_left_begins_a_rotation)
{
	v.current = ca("A", 200, 101);
	WRITES(WRITE_NOTHING);
	v.current = ca("A", 200, 99);
	WRITES(WRITE_BEGIN);
	SIGNS(SIGN_NOT);
	/* a short one just made: the hour it is dated back does not count */
	v.current.not_before = NOW - AUTHORITY_SKEW_S;
	v.current.not_after = NOW + 600;
	WRITES(WRITE_NOTHING);
	v.now += 401;
	v.leaf_not_after = v.now + DAY;
	WRITES(WRITE_BEGIN);
}
END_TEST

START_TEST(a_ca_without_its_key_is_replaced_with_overlap)
{
	v.current.key_ok = false;
	WRITES(WRITE_BEGIN);
	SIGNS(SIGN_NOT); /* the leaf it signed is fine */
	ck_assert_ptr_nonnull(p.problem);
	v.have_leaf = false;
	SIGNS(SIGN_NOT);
	v.next = ca("B", 0, 365);
	v.next_given = true;
	SIGNS(SIGN_NEXT);
	ck_assert(p.sign_urgent);
}
END_TEST

START_TEST(rubbish_in_the_secret_is_replaced)
{
	v.current = no_ca();
	WRITES(WRITE_BEGIN);
	v.next = ca("B", 0, 365);
	v.next_given = true;
	v.configs_carry = false;
	WRITES(WRITE_NOTHING);
	ck_assert_ptr_nonnull(p.waiting);
	SIGNS(SIGN_NEXT); /* the issuer of what is served is nowhere any more */
}
END_TEST

START_TEST(an_ended_ca_is_replaced_with_overlap)
{
	v.current = ca("A", 365, 0);
	v.leaf_not_after = NOW;
	WRITES(WRITE_BEGIN);
	SIGNS(SIGN_NOT);
	v.next = ca("B", 0, 365);
	v.next_given = true;
	SIGNS(SIGN_NEXT);
	ck_assert(p.sign_urgent);
}
END_TEST

static void rotating(void)
{
	v.current = ca("A", 300, 65);
	v.next = ca("B", 0, 365);
	v.next_given = true;
}

START_TEST(the_next_ca_waits_for_every_configuration)
{
	rotating();
	v.configs_carry = false;
	v.carried_ms = 0;
	WRITES(WRITE_NOTHING);
	ck_assert_ptr_nonnull(strstr(p.waiting, "carries both"));
	SIGNS(SIGN_NOT);
	v.configs_carry = true;
	v.carried_ms = SETTLE_MS - 1;
	WRITES(WRITE_NOTHING);
	ck_assert_ptr_nonnull(strstr(p.waiting, "time"));
	v.carried_ms = SETTLE_MS;
	WRITES(WRITE_PROMOTE);
}
END_TEST

START_TEST(the_next_ca_never_signs_unseen)
{
	rotating();
	v.configs_known = false;
	v.carried_ms = INT64_MAX;
	WRITES(WRITE_NOTHING);
	ck_assert_ptr_nonnull(strstr(p.waiting, "cannot be seen"));
	v.current.key_ok = false; /* then `next` signs already */
	WRITES(WRITE_PROMOTE);
}
END_TEST

START_TEST(a_next_ca_from_the_future_is_not_promoted)
{
	rotating();
	v.next.not_before = NOW + AUTHORITY_SKEW_S;
	WRITES(WRITE_PROMOTE);
	v.next.not_before++;
	WRITES(WRITE_NOTHING);
	ck_assert_ptr_nonnull(strstr(p.waiting, "clock"));
}
END_TEST

START_TEST(a_broken_next_is_made_again_or_dropped)
{
	rotating();
	v.next.key_ok = false;
	WRITES(WRITE_BEGIN);
	v.current = ca("A", 10, 355); /* not due */
	WRITES(WRITE_DROP);
	ck_assert(p.drop_next && !p.drop_previous);
}
END_TEST

START_TEST(leaves_follow_a_promotion)
{
	v.current = ca("B", 0, 365);
	v.previous = ca("A", 300, 65);
	v.previous_given = true;
	v.previous_until = NOW + 8 * DAY;
	SIGNS(SIGN_CURRENT);
	ck_assert(!p.sign_urgent);
	v.leaf_issuer = "B";
	SIGNS(SIGN_NOT);
	WRITES(WRITE_NOTHING);
}
END_TEST

START_TEST(the_previous_ca_goes_in_time)
{
	v.previous = ca("Z", 300, 65);
	v.previous_given = true;
	v.previous_until = NOW + 1;
	WRITES(WRITE_NOTHING);
	v.previous_until = NOW;
	WRITES(WRITE_DROP);
	ck_assert(p.drop_previous && !p.drop_next);
	v.previous_until = NOW + DAY;
	v.previous = no_ca(); /* keys that hold nothing useful */
	WRITES(WRITE_DROP);
}
END_TEST

START_TEST(ca_crt_is_repaired)
{
	v.bundle_in_secret = false;
	WRITES(WRITE_BUNDLE);
}
END_TEST

START_TEST(a_leaf_is_renewed_at_two_thirds)
{
	v.leaf_not_before = NOW - 4 * DAY - 2 * DAY / 3 + 10;
	v.leaf_not_after = v.leaf_not_before + 7 * DAY;
	SIGNS(SIGN_NOT);
	ck_assert_int_le(p.look_again_s, 10);
	ck_assert_int_ge(p.look_again_s, 1);
	v.now += 11;
	SIGNS(SIGN_CURRENT);
	ck_assert(!p.sign_urgent);
	ck_assert_int_eq(p.look_again_s, 1);
}
END_TEST

START_TEST(renewals_pause)
{
	v.leaf_not_before = NOW - 1000;
	v.leaf_not_after = NOW + 200; /* a CA at its end gives short leaves */
	v.current.not_after = NOW + 200;
	v.signed_ago_s = 59;
	SIGNS(SIGN_NOT);
	v.signed_ago_s = 60;
	SIGNS(SIGN_CURRENT);
	v.leaf_not_before = NOW - 8; /* and ever shorter ones */
	v.leaf_not_after = v.current.not_after = NOW + 2;
	v.signed_ago_s = 0;
	SIGNS(SIGN_NOT);
	v.signed_ago_s = 1;
	SIGNS(SIGN_CURRENT);
}
END_TEST

START_TEST(an_ended_leaf_does_not_wait)
{
	v.signed_ago_s = 0;
	v.leaf_not_after = NOW;
	SIGNS(SIGN_CURRENT);
	ck_assert(p.sign_urgent);
}
END_TEST

START_TEST(a_suspended_machine_renews)
{
	v.now = NOW + 6 * DAY + 1; /* the wall clock went on, the monotonic one stood still */
	v.signed_ago_s = 61;
	SIGNS(SIGN_CURRENT);
}
END_TEST

START_TEST(a_clock_set_back_renews)
{
	v.now = v.leaf_not_before - 1;
	SIGNS(SIGN_CURRENT);
	ck_assert(!p.sign_urgent);
}
END_TEST

START_TEST(an_unknown_issuer_is_urgent)
{
	v.leaf_issuer = "gone";
	v.signed_ago_s = 0;
	SIGNS(SIGN_CURRENT);
	ck_assert(p.sign_urgent);
}
END_TEST

START_TEST(no_leaf_is_urgent)
{
	v.have_leaf = false;
	v.leaf_issuer = "";
	v.leaf_not_before = v.leaf_not_after = 0;
	SIGNS(SIGN_CURRENT);
	ck_assert(p.sign_urgent);
	ck_assert_int_eq(p.look_again_s, 10);
}
END_TEST

START_TEST(a_slow_clock_only_overlaps)
{
	/* ours is a day behind: the CA begins tomorrow */
	v.current.not_before = NOW + DAY;
	v.current.not_after = NOW + 366 * DAY;
	WRITES(WRITE_BEGIN);
	SIGNS(SIGN_NOT);
	v.made_ca_ago_s = 599;
	WRITES(WRITE_NOTHING);
	ck_assert_ptr_nonnull(strstr(p.problem, "clock"));
	v.made_ca_ago_s = 600;
	WRITES(WRITE_BEGIN);
}
END_TEST

START_TEST(a_good_leaf_is_not_given_up_for_a_future_ca)
{
	v.current = ca("B", -2, 367);
	v.previous = ca("A", 300, 65);
	v.previous_given = true;
	v.previous_until = NOW + DAY;
	SIGNS(SIGN_NOT);
	v.have_leaf = false; /* then it is better than nothing */
	SIGNS(SIGN_CURRENT);
}
END_TEST

START_TEST(a_hand_that_keeps_deleting_does_not_spin_us)
{
	v.secret_exists = false;
	v.made_ca_ago_s = 5;
	WRITES(WRITE_NOTHING);
	ck_assert_ptr_nonnull(p.problem);
}
END_TEST

START_TEST(names_of_writes)
{
	for (int i = 0; i < WRITE_COUNT_; i++)
		ck_assert_str_ne(authority_write_name((enum authority_write)i), "unknown");
	ck_assert_str_eq(authority_write_name(WRITE_COUNT_), "unknown");
}
END_TEST

/* ---- the model ---- */

enum {
	REPLICAS = 3,
	CA_S = 40000,
	LEAF_S = 2000,
	LAG_S = 30, /* an API server takes up a bundle that late; less than the settling */
	IDS = 4096,
};

struct model_ca {
	int id; /* 0 = none */
	bool key;
	int64_t nb, na;
};
struct bundle {
	int ids[3];
};
static struct {
	int64_t now;
	bool exists;
	struct model_ca current, next, previous;
	int64_t previous_until;
	struct bundle config, config_before; /* what it says; what API servers may still use */
	int64_t config_at;
	int last_id, rotations;
	struct {
		int64_t skew;
		bool have_leaf;
		int issuer;
		int64_t nb, na, signed_at, made_at, carried_since;
		struct bundle carried;
		struct model_ca remembered;
		int64_t away_until; /* a replica that cannot reach the API server */
	} r[REPLICAS];
	uint64_t rng;
	int restarted;
} m;
static char names[IDS][8];
static struct model_ca cas[IDS];

static uint64_t draw(uint64_t n)
{
	m.rng = m.rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (m.rng >> 33) % n;
}

static struct bundle bundle_now(void)
{
	struct bundle b = {{m.current.id, m.next.id, m.previous.id}};
	for (int i = 0; i < 3; i++)
		for (int k = i + 1; k < 3; k++)
			if (b.ids[k] > b.ids[i]) {
				int t = b.ids[i];
				b.ids[i] = b.ids[k];
				b.ids[k] = t;
			}
	return b;
}
static bool same(struct bundle a, struct bundle b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}
static bool holds(struct bundle b, int id)
{
	return id && (b.ids[0] == id || b.ids[1] == id || b.ids[2] == id);
}

static struct ca_view model_view(const struct model_ca *c)
{
	return (struct ca_view){.cert_ok = c->id != 0,
		.key_ok = c->id && c->key,
		.not_before = c->nb,
		.not_after = c->na,
		.id = names[c->id]};
}

static struct model_ca model_new(int64_t now)
{
	ck_assert_int_lt(m.last_id + 1, IDS);
	m.last_id++;
	snprintf(names[m.last_id], sizeof(names[0]), "%d", m.last_id);
	return cas[m.last_id] =
		       (struct model_ca){m.last_id, true, now - AUTHORITY_SKEW_S, now + CA_S};
}

static void set_config(struct bundle b)
{
	m.config_before = m.config;
	m.config = b;
	m.config_at = m.now;
}

static void model_write(int i, const struct authority_plan *plan, int64_t now)
{
	switch (plan->write) {
	case WRITE_CREATE:
		m.current = model_new(now);
		m.next = m.previous = (struct model_ca){0};
		m.exists = true;
		break;
	case WRITE_RECREATE:
		m.current = m.r[i].remembered;
		m.current.key = false;
		m.next = model_new(now);
		m.previous = (struct model_ca){0};
		m.exists = true;
		break;
	case WRITE_BEGIN:
		m.next = model_new(now);
		break;
	case WRITE_PROMOTE:
		if (m.current.id) {
			m.previous = m.current;
			m.previous_until = now + LEAF_S + AUTHORITY_SKEW_S;
		}
		m.current = m.next;
		m.next = (struct model_ca){0};
		m.rotations++;
		break;
	case WRITE_DROP:
		if (plan->drop_previous)
			m.previous = (struct model_ca){0};
		if (plan->drop_next)
			m.next = (struct model_ca){0};
		break;
	default:
		break;
	}
	if (plan->write == WRITE_CREATE || plan->write == WRITE_RECREATE ||
		plan->write == WRITE_BEGIN)
		m.r[i].made_at = m.now;
}

static int64_t model_ago(int64_t then)
{
	return then ? m.now - then : INT64_MAX;
}

/* One look of one replica; what it decides is done at once, as its precondition holds. */
static void model_turn(int i)
{
	struct authority_view w = {0};
	struct authority_plan plan;
	struct bundle b = bundle_now();
	int64_t now = m.now + m.r[i].skew;
	bool carry = same(m.config, b);

	if (m.now < m.r[i].away_until) {
		m.r[i].carried_since = 0;
		return;
	}
	if (m.exists && m.current.id)
		m.r[i].remembered = m.current;
	if (!carry)
		m.r[i].carried_since = 0;
	else if (!m.r[i].carried_since || !same(m.r[i].carried, b)) {
		m.r[i].carried_since = m.now;
		m.r[i].carried = b;
	}
	w = (struct authority_view){.now = now,
		.settle_ms = SETTLE_MS,
		.secret_known = true,
		.secret_exists = m.exists,
		.current = model_view(&m.current),
		.next = model_view(&m.next),
		.previous = model_view(&m.previous),
		.next_given = m.next.id != 0,
		.previous_given = m.previous.id != 0,
		.previous_until = m.previous_until,
		.bundle_in_secret = true,
		.configs_known = true,
		.configs_carry = carry,
		.carried_ms = m.r[i].carried_since ? (m.now - m.r[i].carried_since) * 1000 : 0,
		.remembered = model_view(&m.r[i].remembered),
		.have_leaf = m.r[i].have_leaf,
		.leaf_issuer = names[m.r[i].issuer],
		.leaf_not_before = m.r[i].nb,
		.leaf_not_after = m.r[i].na,
		.signed_ago_s = model_ago(m.r[i].signed_at),
		.made_ca_ago_s = model_ago(m.r[i].made_at)};
	authority_decide(&w, &plan);
	if (plan.sign != SIGN_NOT) {
		const struct model_ca *c = plan.sign == SIGN_NEXT ? &m.next : &m.current;
		ck_assert(c->id && c->key);
		m.r[i].have_leaf = true;
		m.r[i].issuer = c->id;
		m.r[i].nb = now;
		m.r[i].na = now + LEAF_S < c->na ? now + LEAF_S : c->na;
		m.r[i].signed_at = m.now;
	}
	if (plan.write != WRITE_NOTHING)
		model_write(i, &plan, now);
	else if (plan.publish && !carry)
		set_config(b);
}

static bool trusted_by(struct bundle b, int i)
{
	const struct model_ca *c = &cas[m.r[i].issuer];
	return holds(b, m.r[i].issuer) && c->nb <= m.now && c->na > m.now && m.r[i].na > m.now &&
	       m.r[i].nb - AUTHORITY_SKEW_S <= m.now;
}

static void model_check(uint64_t seed)
{
	for (int i = 0; i < REPLICAS; i++) {
		if (!m.r[i].have_leaf)
			continue;
		ck_assert_msg(trusted_by(m.config, i),
			"seed %llu at %lld: replica %d serves a leaf of CA %d, bundle %d %d %d",
			(unsigned long long)seed, (long long)m.now, i, m.r[i].issuer,
			m.config.ids[0], m.config.ids[1], m.config.ids[2]);
		if (m.now - m.config_at < LAG_S)
			ck_assert_msg(trusted_by(m.config_before, i),
				"seed %llu at %lld: replica %d (CA %d) and a slow API server",
				(unsigned long long)seed, (long long)m.now, i, m.r[i].issuer);
	}
}

static void model_init(uint64_t seed, int64_t skew)
{
	memset(&m, 0, sizeof(m));
	m.rng = seed;
	m.now = NOW;
	for (int i = 0; i < REPLICAS; i++)
		m.r[i].skew = skew ? (int64_t)draw((uint64_t)(2 * skew)) - skew : 0;
	/* the first start has nothing to lose: until all serve what all trust */
	for (int s = 0; s < 600; s++, m.now++)
		model_turn((int)draw(REPLICAS));
	for (int i = 0; i < REPLICAS; i++)
		ck_assert(m.r[i].have_leaf);
	m.config_before = m.config;
}

static void model_step(void)
{
	m.now += 1 + (int64_t)draw(5);
	model_turn((int)draw(REPLICAS));
}

START_TEST(no_leaf_is_ever_distrusted)
{
	uint64_t seed = (uint64_t)_i + 1;
	model_init(seed, 400);
	for (int step = 0; step < 60000; step++) {
		model_step();
		model_check(seed);
	}
	ck_assert_int_ge(m.rotations, 3);
	ck_assert_int_le(m.rotations, 12);
}
END_TEST

START_TEST(a_replica_cut_off_keeps_its_trust_for_a_leafs_life)
{
	uint64_t seed = (uint64_t)_i + 100;
	model_init(seed, 100);
	for (int step = 0; step < 60000; step++) {
		/* away for less than what is left of a leaf when it is renewed */
		if (draw(2000) == 0)
			m.r[draw(REPLICAS)].away_until = m.now + (int64_t)draw(LEAF_S / 4);
		model_step();
		model_check(seed);
	}
	ck_assert_int_ge(m.rotations, 3);
}
END_TEST

START_TEST(a_deleted_secret_costs_nothing)
{
	uint64_t seed = (uint64_t)_i + 200;
	model_init(seed, 100);
	int deleted = 0;
	for (int step = 0; step < 40000; step++) {
		if (draw(6000) == 0) {
			/* not in the middle of a rotation: then a CA is lost that already signs */
			if (!m.next.id && !m.previous.id) {
				m.exists = false;
				m.current = m.next = m.previous = (struct model_ca){0};
				deleted++;
			}
		}
		model_step();
		if (m.exists)
			model_check(seed);
	}
	ck_assert_int_ge(deleted, 1);
	ck_assert(m.exists && m.current.id && m.current.key);
}
END_TEST

START_TEST(a_lost_key_costs_nothing)
{
	uint64_t seed = (uint64_t)_i + 300;
	model_init(seed, 100);
	for (int step = 0; step < 40000; step++) {
		if (draw(4000) == 0)
			m.current.key = false;
		model_step();
		model_check(seed);
	}
	ck_assert_int_ge(m.rotations, 3);
}
END_TEST

START_TEST(wiped_bundles_come_back)
{
	uint64_t seed = (uint64_t)_i + 400;
	model_init(seed, 100);
	int64_t wiped = 0;
	for (int step = 0; step < 30000; step++) {
		if (draw(3000) == 0) {
			set_config((struct bundle){{0, 0, 0}});
			wiped = m.now;
		}
		model_step();
		if (m.now - wiped < 100)
			ck_assert(m.now - wiped < 60 || same(m.config, bundle_now()) || m.next.id ||
				  m.now - m.config_at < 60);
		else if (m.now - wiped > 200)
			model_check(seed);
	}
}
END_TEST

/* A replica that thinks it is years later keeps making CAs: the others may stumble over each, for
 * seconds, and are steady again when it is gone. */
START_TEST(a_clock_far_ahead_harms_little)
{
	uint64_t seed = (uint64_t)_i + 500;
	int64_t bad = 0, all = 0, last = 0;

	model_init(seed, 0);
	m.r[0].skew = 5 * CA_S;
	for (int step = 0; step < 20000; step++) {
		model_step();
		int64_t took = m.now - (last ? last : m.now);
		last = m.now;
		for (int i = 1; i < REPLICAS; i++) {
			all += took;
			bad += trusted_by(m.config, i) ? 0 : took;
		}
	}
	/* at most one by each every 600 s */
	ck_assert_int_le(m.last_id, (m.now - NOW) / 600 * 2 + 10);
	ck_assert_msg(bad * 20 < all, "seed %d: distrusted %lld of %lld s", (int)seed,
		(long long)bad, (long long)all);
	m.r[0].away_until = INT64_MAX;
	m.r[0].have_leaf = false;
	for (int step = 0; step < 1000; step++)
		model_step();
	int ids = m.last_id;
	for (int step = 0; step < 3000; step++) {
		model_step();
		model_check(seed);
	}
	ck_assert_int_le(m.last_id, ids + 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("authority_decide");
	TCase *t = tcase_create("decisions");
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, steady_does_nothing);
	tcase_add_test(t, unseen_secret_means_no_write);
	tcase_add_test(t, missing_secret_is_created);
	tcase_add_test(t, deleted_secret_is_made_anew_beside_the_old_ca);
	tcase_add_test(t, the_secret_of_another_is_left_alone);
	tcase_add_test(t, a_third_left_begins_a_rotation);
	tcase_add_test(t, a_ca_without_its_key_is_replaced_with_overlap);
	tcase_add_test(t, rubbish_in_the_secret_is_replaced);
	tcase_add_test(t, an_ended_ca_is_replaced_with_overlap);
	tcase_add_test(t, the_next_ca_waits_for_every_configuration);
	tcase_add_test(t, the_next_ca_never_signs_unseen);
	tcase_add_test(t, a_next_ca_from_the_future_is_not_promoted);
	tcase_add_test(t, a_broken_next_is_made_again_or_dropped);
	tcase_add_test(t, leaves_follow_a_promotion);
	tcase_add_test(t, the_previous_ca_goes_in_time);
	tcase_add_test(t, ca_crt_is_repaired);
	tcase_add_test(t, a_leaf_is_renewed_at_two_thirds);
	tcase_add_test(t, renewals_pause);
	tcase_add_test(t, an_ended_leaf_does_not_wait);
	tcase_add_test(t, a_suspended_machine_renews);
	tcase_add_test(t, a_clock_set_back_renews);
	tcase_add_test(t, an_unknown_issuer_is_urgent);
	tcase_add_test(t, no_leaf_is_urgent);
	tcase_add_test(t, a_slow_clock_only_overlaps);
	tcase_add_test(t, a_good_leaf_is_not_given_up_for_a_future_ca);
	tcase_add_test(t, a_hand_that_keeps_deleting_does_not_spin_us);
	tcase_add_test(t, names_of_writes);
	suite_add_tcase(s, t);
	t = tcase_create("model");
	tcase_add_loop_test(t, no_leaf_is_ever_distrusted, 0, 8);
	tcase_add_loop_test(t, a_replica_cut_off_keeps_its_trust_for_a_leafs_life, 0, 4);
	tcase_add_loop_test(t, a_deleted_secret_costs_nothing, 0, 4);
	tcase_add_loop_test(t, a_lost_key_costs_nothing, 0, 4);
	tcase_add_loop_test(t, wiped_bundles_come_back, 0, 4);
	tcase_add_loop_test(t, a_clock_far_ahead_harms_little, 0, 4);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
