/* SPDX-License-Identifier: Apache-2.0 */
/* Proof of arrival: which stacks are asked, and with what. Keys of the queue: "s/STACK" reads the
 * Secret of its token. */
#include <stdlib.h>
#include "verify-priv.h"
#include "workloads-priv.h"

enum { ARENA_BYTES = 512 << 20, KEY_BYTES = 600, SOON_MS = 500, SHARE = 20 };

/* ---- stacks ---- */

const struct og_stack *verify_stack_spec(const struct verify_part *p, struct og_sv name)
{
	const struct og_config *c = p->cfg ? p->cfg->config : NULL;

	for (uint32_t i = 0; c && i < c->nstacks; i++)
		if (og_sv_eq(c->stacks[i].name, name))
			return &c->stacks[i];
	return NULL;
}

struct verify_part_stack *verify_stack_find(const struct verify_part *p, struct og_sv name)
{
	return og_map_get(&p->stacks, name);
}

bool controller_verifies(struct controller *c, struct og_sv stack)
{
	return c->verify && verify_stack_find(c->verify, stack);
}

static void stack_free(struct verify_part *p, struct verify_part_stack *s)
{
	og_timer_cancel(p->c->loop, &s->judge);
	verify_probe_fini(s);
	og_verify_token_fini(&s->token);
	og_free(s->strangers);
	og_free(s->name);
	og_free(s);
}

static struct verify_part_stack *stack_add(struct verify_part *p, struct og_sv name)
{
	struct verify_part_stack *s = og_calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->p = p;
	struct og_buf text = OG_BUF_INIT(KEY_BYTES);
	og_buf_sv(&text, name);
	s->name = og_buf_take(&text);
	if (!s->name || !og_map_set(&p->stacks, name, s)) {
		og_free(s->name);
		og_free(s);
		return NULL;
	}
	return s;
}

static void enqueue(struct verify_part *p, struct og_sv stack)
{
	char buf[KEY_BYTES];

	if (stack.n + 2 > sizeof(buf))
		return;
	buf[0] = 's';
	buf[1] = '/';
	memcpy(buf + 2, stack.p, stack.n);
	(void)controller_enqueue(p->c, PART_VERIFY, og_sv(buf, stack.n + 2), OG_QUEUE_USER);
}

/* ---- what the engine is told ---- */

static void spec_of(
	const struct verify_part_stack *s, const struct og_stack *stack, struct og_verify_spec *ret)
{
	const struct og_controller_opts *o = s->p->c->o;

	og_verify_spec_of(stack, ret);
	ret->token = og_secret_is_set(&s->token.secret) ? &s->token.secret : NULL;
	ret->ca_pem = og_svz(s->token.ca);
	ret->request_ms = o->verify_request_ms;
	if (o->verify_ms)
		ret->interval_ms = o->verify_ms;
}

void verify_hand_over(struct verify_part *p)
{
	const struct og_config *c = p->cfg ? p->cfg->config : NULL;
	struct og_err err = OG_ERR_INIT;
	struct og_verify_spec *specs = og_calloc(c && c->nstacks ? c->nstacks : 1, sizeof(*specs));
	uint32_t n = 0;

	for (uint32_t i = 0; specs && c && i < c->nstacks; i++) {
		struct verify_part_stack *s = verify_stack_find(p, c->stacks[i].name);
		if (s && s->token_known && !s->token.why)
			spec_of(s, &c->stacks[i], &specs[n++]);
	}
	if (!specs || og_verify_set(p->engine, specs, n, &err) < 0)
		og_log(OG_LOG_ERROR, "verify", "not asked", og_lf_err(&err));
	og_free(specs);
}

static void forget_gone(struct verify_part *p)
{
	og_map_for (&p->stacks, e) {
		const struct og_stack *spec = verify_stack_spec(p, e->key);
		if (spec && og_verify_wanted(spec))
			continue;
		verify_uncount(e->value);
		stack_free(p, og_map_remove(&p->stacks, e->key));
	}
}

/* Workloads of a stack that is verified now, or no more, are looked at. */
static void look_again(struct verify_part *p, struct og_sv stack)
{
	const struct workload *w;
	uint32_t at = 0;

	while ((w = controller_workload_next(p->c, &at)))
		if (og_sv_eq(w->stack, stack))
			(void)controller_enqueue(p->c, PART_WORKLOADS, w->key, OG_QUEUE_LOW);
}

void verify_resync(struct controller *c)
{
	struct verify_part *p = c->verify;
	struct og_cluster_config *now = og_cluster_config(c->cluster);

	og_cluster_config_unref(p->cfg);
	p->cfg = now;
	forget_gone(p);
	for (uint32_t i = 0; now && i < now->config->nstacks; i++) {
		const struct og_stack *s = &now->config->stacks[i];
		if (!og_verify_wanted(s))
			continue;
		if (!verify_stack_find(p, s->name)) {
			if (!stack_add(p, s->name))
				continue;
			look_again(p, s->name);
		}
		enqueue(p, s->name);
	}
	verify_hand_over(p);
}

void verify_work(struct controller *c, struct og_sv key)
{
	struct verify_part *p = c->verify;

	if (key.n <= 2 || key.p[0] != 's') {
		controller_done(c, PART_VERIFY, key, OG_QUEUE_TERMINAL, -1);
		return;
	}
	verify_read_token(p, key, og_sv(key.p + 2, key.n - 2));
}

/* ---- when it is judged ---- */

static void on_judge(void *ctx)
{
	struct verify_part_stack *s = ctx;

	if (controller_acts(s->p->c))
		verify_judge(s->p, s);
}

void verify_soon(struct controller *c, struct og_sv stack)
{
	struct verify_part_stack *s = c->verify ? verify_stack_find(c->verify, stack) : NULL;
	int64_t now = og_loop_now_ns(c->loop);

	if (!s || og_timer_is_set(&s->judge))
		return;
	/* Many change at once, and judging all must not take more than its share of the time. */
	int64_t at = s->judged_ns + s->took_ns * SHARE;
	int64_t soon = now + SOON_MS * OG_NS_PER_MS;
	(void)og_timer_at(c->loop, &s->judge, at > soon ? at : soon, on_judge, s);
}

static void on_cycle(void *ctx, struct og_sv stack)
{
	struct verify_part *p = ctx;
	struct verify_part_stack *s = verify_stack_find(p, stack);

	if (!s || !controller_acts(p->c))
		return;
	og_timer_cancel(p->c->loop, &s->judge);
	verify_judge(p, s);
	verify_tell_stack(p, s);
	verify_probe_look(p, s);
}

/* ---- where its workloads are ---- */

static int by_name(const void *a, const void *b)
{
	const struct og_verify_place *x = a, *y = b;
	return og_sv_cmp(x->ns, y->ns);
}

uint32_t verify_places(
	void *ctx, struct og_sv stack, struct og_arena *arena, const struct og_verify_place **ret)
{
	struct verify_part *p = ctx;
	struct og_map seen;
	uint32_t n = 0;

	og_map_init(&seen, 0x706c61636573ULL, arena);
	og_map_for (&p->c->workloads->map, e) {
		const struct workload_entry *w = e->value;
		if (!w->arrival.facts || !og_sv_eq(w->arrival.facts->stack, stack))
			continue;
		struct og_map_entry *m = og_map_put(&seen, w->arrival.facts->w.ns, NULL);
		struct og_verify_place *place = m ? m->value : NULL;
		if (m && !place)
			place = m->value = og_arena_new(arena, struct og_verify_place);
		if (!place)
			return 0;
		place->ns = w->arrival.facts->w.ns;
		place->pods += w->arrival.facts->w.npods;
		place->workloads++;
	}
	struct og_verify_place *all = og_arena_new_n(
		arena, og_map_count(&seen) ? og_map_count(&seen) : 1, struct og_verify_place);
	og_map_for (&seen, e)
		if (all && e->value)
			all[n++] = *(struct og_verify_place *)e->value;
	if (!all)
		return 0;
	qsort(all, n, sizeof(*all), by_name);
	*ret = all;
	return n;
}

/* ---- life ---- */

int verify_init(struct controller *c, struct og_err *err)
{
	struct verify_part *p = og_calloc(1, sizeof(*p));
	const struct og_httpc_opts ho = {.user_agent = "otelgate/" OG_VERSION};

	if (!p)
		return og_err_set(err, OG_E_OOM, "starting the verification");
	p->c = c;
	c->verify = p;
	og_map_init(&p->stacks, 0x766572696679ULL, NULL);
	og_arena_init(&p->arena, 0, ARENA_BYTES);
	int r = og_httpc_new(c->loop, &ho, &p->http, err);
	if (r < 0)
		return r;
	const struct og_verify_opts o = {.loop = c->loop,
		.http = p->http,
		.metrics = c->metrics,
		.ctx = p,
		.on_cycle = on_cycle,
		.places = verify_places};
	return og_verify_new(&o, &p->engine, err);
}

void verify_fini(struct controller *c)
{
	struct verify_part *p = og_take(c->verify);

	if (!p)
		return;
	verify_ops_cancel(p);
	og_verify_free(p->engine);
	og_map_for (&p->stacks, e)
		stack_free(p, e->value);
	og_map_fini(&p->stacks);
	og_httpc_free(p->http); /* after the probes: with it their calls are gone */
	og_arena_fini(&p->arena);
	og_cluster_config_unref(p->cfg);
	og_free(p);
}
