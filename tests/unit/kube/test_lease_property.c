/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elections under every fault at once, by random schedule: requests and answers late or lost,
 * writes that are done after their sender gave up, a server that is away, processes that stand
 * still, die and come back, wall clocks that jump by an hour. Never do two hold the lease; when the
 * faults end, one does.
 */
#include <stdio.h>
#include "../../../src/kube/lease_core-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "support/suite.h"

enum { N = 3, MSGS = 64, STEP_MS = 20, DEADLINE_MS = 5000 };
#define MS(n) ((int64_t)(n)*OG_NS_PER_MS)

static uint64_t rng;
static uint64_t rnd(uint64_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng % n;
}

/* How bad it is. */
struct weather {
	unsigned slow_ms;	 /* a request takes up to */
	unsigned lost_percent;	 /* of requests, and of answers */
	unsigned away_permille;	 /* per second: the server goes away for up to 20 s */
	unsigned sleep_permille; /* per second: a process stands still for up to 30 s */
	unsigned die_permille;	 /* per second: a process is killed, or leaves orderly */
};
static const struct weather weathers[] = {
	{50, 0, 0, 0, 0},
	{2000, 5, 5, 0, 0},
	{9000, 0, 0, 0, 0},
	{9000, 20, 10, 10, 5},
	{300, 40, 0, 20, 20},
	{100, 2, 30, 0, 10},
	{4900, 5, 0, 30, 30},
	{20, 0, 0, 60, 60},
};

static struct {
	bool exists;
	int rv;
	char spec[1024];
	int64_t away_until;
} server;

struct msg {
	bool used, answered;
	int who;
	uint64_t life; /* of the sender, when it was sent */
	uint64_t number;
	enum lease_act act;
	int64_t at_server, at_sender;
	enum lease_reply reply;
	char text[2048]; /* the request's body, then the answer's */
};

static struct proc {
	struct lease_core core;
	char identity[16];
	uint64_t life, number; /* of the request it waits for */
	int64_t gives_up, asleep_until, wall_off;
} procs[N];

static struct msg msgs[MSGS];
static int64_t now;
static const struct weather *sky;

static struct msg *msg_new(void)
{
	for (size_t i = 0; i < MSGS; i++)
		if (!msgs[i].used)
			return &msgs[i];
	ck_abort_msg("more requests under way than expected");
}

static void send(struct proc *p, int who, enum lease_act act)
{
	struct msg *m = msg_new();
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	if (act != LEASE_GET)
		ck_assert(lease_body(&p->core, MS(1700000000000LL) + p->wall_off + now, &b));
	*m = (struct msg){
		.used = true, .who = who, .life = p->life, .number = ++p->number, .act = act};
	(void)snprintf(m->text, sizeof(m->text), "%s", b.p ? b.p : "");
	m->at_server = now + MS(rnd(sky->slow_ms / 2 + 1));
	p->gives_up = now + MS(DEADLINE_MS);
	if (rnd(100) < sky->lost_percent)
		m->used = false;
}

static void born(struct proc *p)
{
	lease_fini(&p->core);
	p->life++;
	p->gives_up = INT64_MAX;
	(void)snprintf(p->identity, sizeof(p->identity), "p%d-%d", (int)(p - procs), (int)p->life);
	p->core = (struct lease_core){.identity = p->identity,
		.ns = "n",
		.name = "l",
		.duration_ns = MS(15000),
		.renew_ns = MS(10000),
		.retry_ns = MS(2000),
		.candidate_ns = rnd(2) ? MS(600) : 0,
		.rng = rnd(1u << 30)};
	lease_init(&p->core, now);
}

static void obey(struct proc *p, const struct lease_out *out)
{
	if (out->cancel || out->done) {
		p->number++;
		p->gives_up = INT64_MAX;
	}
	if (out->act != LEASE_IDLE)
		send(p, (int)(p - procs), out->act);
}

static void serve_write(struct msg *m)
{
	og_auto_arena struct og_arena arena;
	struct og_jdoc doc;
	char rv[16];
	og_arena_init(&arena, 0, 0);
	ck_assert_int_eq(og_jdoc_parse(&doc, &arena, og_svz(m->text), NULL, NULL), 0);
	(void)snprintf(rv, sizeof(rv), "%d", server.rv);
	struct og_sv had = og_jstr_or_empty(
		og_jpath(og_jroot(&doc), "metadata", "resourceVersion", NULL), &arena);
	m->reply = LEASE_OK;
	if (m->act == LEASE_CREATE ? server.exists : !og_sv_eq(had, og_svz(rv))) {
		m->reply = LEASE_CONFLICT;
		return;
	}
	ck_assert_int_eq(had.n == 0, m->act == LEASE_CREATE);
	struct og_sv spec = og_jraw(og_jgetl(og_jroot(&doc), "spec"));
	(void)snprintf(server.spec, sizeof(server.spec), "%.*s", OG_SV_ARG(spec));
	server.exists = true;
	server.rv++;
}

static void serve(struct msg *m)
{
	m->answered = true;
	m->at_sender = now + MS(rnd(sky->slow_ms / 2 + 1));
	if (now < server.away_until)
		m->reply = LEASE_FAILED;
	else if (m->act != LEASE_GET)
		serve_write(m);
	else
		m->reply = server.exists ? LEASE_OK : LEASE_NOT_FOUND;
	(void)snprintf(m->text, sizeof(m->text),
		"{\"metadata\":{\"resourceVersion\":\"%d\"},\"spec\":%s}", server.rv, server.spec);
	if (rnd(100) < sky->lost_percent)
		m->used = false;
}

static void answer(struct msg *m)
{
	struct proc *p = &procs[m->who];
	struct lease_out out;
	m->used = false;
	if (m->life != p->life || m->number != p->number)
		return; /* it has given up waiting, or died */
	p->gives_up = INT64_MAX;
	lease_reply(&p->core, m->reply, og_svz(m->text), now, &out);
	obey(p, &out);
}

static void deliver(void)
{
	for (size_t i = 0; i < MSGS; i++) {
		struct msg *m = &msgs[i];
		if (m->used && !m->answered && now >= m->at_server)
			serve(m);
		if (m->used && m->answered && now >= m->at_sender &&
			now >= procs[m->who].asleep_until)
			answer(m);
	}
}

static void turn(struct proc *p)
{
	struct lease_out out;
	if (now < p->asleep_until)
		return;
	if (now >= p->gives_up) {
		p->gives_up = INT64_MAX;
		p->number++;
		lease_reply(&p->core, LEASE_FAILED, OG_SV(""), now, &out);
		obey(p, &out);
	}
	if (now >= lease_next_ns(&p->core)) {
		lease_tick(&p->core, now, &out);
		obey(p, &out);
	}
	if (p->core.done)
		born(p); /* it left orderly; another comes */
}

static void misfortune(void)
{
	struct lease_out out;
	struct proc *p = &procs[rnd(N)];
	if (rnd(1000) < sky->away_permille)
		server.away_until = now + MS(rnd(20000));
	if (rnd(1000) < sky->sleep_permille)
		p->asleep_until = now + MS(rnd(30000));
	if (rnd(1000) < 50)
		p->wall_off += MS((int64_t)rnd(7200000) - 3600000);
	p = &procs[rnd(N)];
	if (now >= p->asleep_until && rnd(1000) < sky->die_permille) {
		if (rnd(2)) {
			born(p);
		} else {
			lease_release(&p->core, now, &out);
			obey(p, &out);
		}
	}
}

static int holders(void)
{
	int n = 0;
	for (int i = 0; i < N; i++)
		n += lease_holds(&procs[i].core, now);
	return n;
}

static void live(int64_t ms, bool calm, int64_t *ret_led_ms)
{
	for (int64_t end = now + MS(ms); now < end; now += MS(STEP_MS)) {
		if (!calm && now % MS(1000) == 0)
			misfortune();
		deliver();
		for (int i = 0; i < N; i++)
			turn(&procs[i]);
		int n = holders();
		ck_assert_msg(n <= 1, "%d hold the lease at %lld ms", n, (long long)(now / MS(1)));
		*ret_led_ms += n * STEP_MS;
	}
}

START_TEST(never_two_and_in_the_end_one)
{
	static const struct weather fair = {50, 0, 0, 0, 0};
	int64_t led = 0;
	rng = 88172645463325252ULL + (uint64_t)_i * 7919;
	sky = &weathers[(size_t)_i % OG_COUNT(weathers)];
	memset(&server, 0, sizeof(server));
	memset(msgs, 0, sizeof(msgs));
	memset(procs, 0, sizeof(procs));
	now = 0;
	for (int i = 0; i < N; i++) {
		lease_init(&procs[i].core, 0);
		born(&procs[i]);
	}
	live(600000, false, &led);
	if (sky->slow_ms <= 300 && sky->lost_percent <= 5)
		ck_assert_int_gt(led, 100000); /* it is of some use as well */
	sky = &fair;
	server.away_until = 0;
	for (int i = 0; i < N; i++)
		procs[i].asleep_until = 0;
	live(30000, true, &led);
	led = 0;
	live(60000, true, &led);
	ck_assert_int_eq(led, 60000);
	for (int i = 0; i < N; i++)
		lease_fini(&procs[i].core);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/lease_property");
	TCase *tc = tcase_create("lease_property");
	tcase_add_loop_test(tc, never_two_and_in_the_end_one, 0, 8 * (int)OG_COUNT(weathers));
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
