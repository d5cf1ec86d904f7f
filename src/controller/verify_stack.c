/* SPDX-License-Identifier: Apache-2.0 */
/* How it stands with a stack's backends: conditions of the GrafanaStack, and metrics. */
#include <math.h>
#include "cred-priv.h"
#include "verify-priv.h"

static const struct {
	enum og_gf_backend backend;
	const char *type, *who;
} rows[VERIFY_CONDITIONS - VERIFY_WRITABLE] = {
	{OG_GF_PROMETHEUS, "MetricsQueryable", "Prometheus"},
	{OG_GF_TEMPO, "TracesQueryable", "Tempo"},
	{OG_GF_LOKI, "LogsQueryable", "Loki"},
	{OG_GF_PYROSCOPE, "ProfilesQueryable", "Pyroscope"},
};

static void set(
	struct verify_condition *c, const char *status, const char *reason, struct og_sv message)
{
	c->status = status;
	c->reason = reason;
	c->message = message;
}

/* What will pass by itself counts only when it has lasted. */
static bool passing(
	const struct verify_part *p, const struct og_stack *spec, const struct og_verify_state *st)
{
	int64_t now_s = og_clock_wall_ns(og_loop_clock(p->c->loop)) / OG_NS_PER_S;

	return (st->state == OG_GF_THROTTLED || st->state == OG_GF_BACKEND_ERROR) && st->asked_s &&
	       now_s - st->asked_s <= spec->query.freshness_ms / 1000;
}

static void of_backend(struct verify_part *p, const struct og_stack *spec,
	const struct verify_part_stack *s, size_t row, struct og_arena *arena,
	struct verify_condition *ret)
{
	struct og_verify_state st = {0};
	bool there = og_verify_state(p->engine, og_svz(s->name), rows[row].backend, &st);

	ret->type = rows[row].type;
	if (s->token.why)
		set(ret, "False", s->token.why, og_svz(s->token.message));
	else if (there && !st.configured)
		set(ret, "Unknown", "NotConfigured", OG_SV("the stack does not say where it is"));
	else if (!there || st.state == OG_GF_UNASKED)
		set(ret, "Unknown", "NotAskedYet", OG_SV("it has not been asked yet"));
	else if (og_gf_state_is_answer(st.state) || passing(p, spec, &st))
		set(ret, "True", "Answers",
			og_svz(og_arena_fmt(arena, "%s answers%s", rows[row].who,
				st.parts > 1 ? ", in parts: its limits are smaller than the cluster"
				: st.coarse
					? ", by service: its limits are too small to tell pods apart"
					: "")));
	else
		set(ret, "False", st.why,
			og_svz(og_arena_fmt(arena, "%.*s", OG_SV_ARG(st.message))));
}

uint32_t verify_conditions(struct controller *c, struct og_sv stack, struct og_arena *arena,
	struct verify_condition ret[VERIFY_CONDITIONS])
{
	struct verify_part *p = c->verify;
	const struct verify_part_stack *s = p ? verify_stack_find(p, stack) : NULL;
	const struct og_stack *spec = s ? verify_stack_spec(p, stack) : NULL;

	if (!spec)
		return 0;
	memset(ret, 0, VERIFY_CONDITIONS * sizeof(*ret));
	for (size_t i = 0; i < VERIFY_WRITABLE; i++)
		verify_written_condition(s, (enum og_signal)i, arena, &ret[i]);
	for (size_t i = VERIFY_WRITABLE; i < VERIFY_CONDITIONS; i++)
		of_backend(p, spec, s, i - VERIFY_WRITABLE, arena, &ret[i]);
	return VERIFY_CONDITIONS;
}

static void count(struct verify_part *p, struct verify_part_stack *s)
{
	for (int i = 0; i < OG_GF_COUNT_; i++) {
		struct og_verify_state st;
		const char *name = og_gf_backend_name((enum og_gf_backend)i);
		if (!og_verify_state(p->engine, og_svz(s->name), (enum og_gf_backend)i, &st) ||
			!st.configured)
			continue;
		s->counted[i] = true;
		og_metric_set(p->c->m, OG_CM_BACKEND_ANSWERS, og_gf_state_is_answer(st.state),
			OG_LABELS(s->name, name));
		og_metric_set(p->c->m, OG_CM_BACKEND_ANSWERED, (double)st.asked_s,
			OG_LABELS(s->name, name));
	}
}

void verify_uncount(struct verify_part_stack *s)
{
	struct og_metric_table *m = s->p->c->m;

	for (int i = 0; i < OG_GF_COUNT_; i++) {
		const char *name = og_gf_backend_name((enum og_gf_backend)i);
		if (!s->counted[i])
			continue;
		og_metric_set(m, OG_CM_BACKEND_ANSWERS, (double)NAN, OG_LABELS(s->name, name));
		og_metric_set(m, OG_CM_BACKEND_ANSWERED, (double)NAN, OG_LABELS(s->name, name));
	}
	if (s->strangers_known)
		og_metric_set(m, OG_CM_STRANGERS, 0, OG_LABELS(s->name));
	verify_written_uncount(s);
}

/* The part of credentials writes the status: one writer, one object. */
void verify_tell_stack(struct verify_part *p, struct verify_part_stack *s)
{
	struct verify_condition c[VERIFY_CONDITIONS];
	og_auto_arena struct og_arena arena;
	uint64_t told = 1;

	og_arena_init(&arena, 4096, 0);
	uint32_t n = verify_conditions(p->c, og_svz(s->name), &arena, c);
	for (uint32_t i = 0; i < n; i++) {
		told = og_hash64(told, og_svz(c[i].status));
		told = og_hash64(told, og_svz(c[i].reason));
		told = og_hash64(told, c[i].message);
	}
	told = og_hash64(told, og_svz(s->strangers));
	count(p, s);
	if (told == s->told || !p->c->credentials)
		return;
	s->told = told;
	cred_enqueue(p->c->credentials, 't', og_svz(s->name), OG_QUEUE_USER, CRED_STATUS_MS);
}
