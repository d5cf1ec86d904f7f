/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the injection is to blame: pods that carry it misbehave in a container that it touched,
 * pods of the same template without it (or with the former revision) do not, and nothing else has
 * changed. In doubt it is not.
 */
#include "rollout-priv.h"

#include "otelgate/base/mem.h"

/* The kinds of trouble that an injection can make, and what they are called then. */
static const struct {
	enum rollout_why why, blamed;
} kinds[] = {
	{WHY_CRASH, WHY_BLAME_CRASH}, {WHY_CANNOT_START, WHY_BLAME_CRASH},
	{WHY_OOM, WHY_BLAME_MEMORY}, {WHY_NOT_READY, WHY_BLAME_READY},
	{WHY_INIT_FAILING, WHY_BLAME_CRASH}, /* an init container that was named */
};

struct evidence {
	uint32_t bad, of, fine_before, bad_before;
	const struct og_rollout_pod *worst, *before;
	struct rollout_trouble trouble; /* of the worst */
	enum rollout_why blamed;
	int64_t since_s;
	int32_t codes[4]; /* exit codes, each once */
	uint32_t ncodes;
	bool libc;
};

static enum rollout_why can_be_ours(const struct rollout_trouble *t)
{
	if (!t->c || !t->c->touched)
		return WHY_COUNT_;
	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		if (kinds[i].why == t->why)
			return t->c->other_libc ? WHY_BLAME_LIBC : kinds[i].blamed;
	return WHY_COUNT_;
}

/*
 * Trouble that began long after the pod is not laid at the injection's door. When it began is not
 * written anywhere; but the kubelet starts a container again within ten minutes, so one that has
 * failed ever since has been restarted that often.
 */
static bool from_the_start(const struct og_rollout_input *in, const struct rollout_trouble *t)
{
	const struct og_pod_state *s = t->pod->state;
	int64_t age = in->now_s - s->created_s;
	if (age <= OG_BLAME_WINDOW_S || s->ready_s == 0)
		return true;
	if (s->ready_s - s->created_s <= OG_ROLLOUT_START_GRACE_S && !s->ready)
		return true; /* not ready for as long as it lives */
	return t->c->restarts >= age / 600;
}

static void note_code(struct evidence *e, const struct og_container_state *c)
{
	if (!c->exited || c->exit_code == 0)
		return;
	for (uint32_t i = 0; i < e->ncodes; i++)
		if (e->codes[i] == c->exit_code)
			return;
	if (e->ncodes < OG_COUNT(e->codes))
		e->codes[e->ncodes++] = c->exit_code;
}

static void note_bad(struct evidence *e, const struct rollout_trouble *t, enum rollout_why blamed)
{
	e->bad++;
	e->libc |= t->c->other_libc;
	note_code(e, t->c);
	if (!e->since_s || t->pod->state->created_s < e->since_s)
		e->since_s = t->pod->state->created_s;
	/* The youngest is compared: it has the template of today. */
	if (e->worst && e->worst->state->created_s >= t->pod->state->created_s)
		return;
	e->worst = t->pod;
	e->trouble = *t;
	e->blamed = blamed;
}

static bool is_new(const struct og_rollout_input *in, const struct og_rollout_pod *p)
{
	return p->state->injected && (!in->revision.n || og_sv_eq(p->revision, in->revision));
}

static void look(
	const struct og_rollout_input *in, const struct og_rollout_pod *p, struct evidence *e)
{
	if (!p->state || p->class_ == OG_CLASS_TERMINATING || p->class_ == OG_CLASS_FINISHED)
		return;
	struct rollout_trouble t = rollout_trouble_of(in, p);
	if (is_new(in, p)) {
		enum rollout_why blamed = can_be_ours(&t);
		e->of++;
		if (blamed != WHY_COUNT_ && from_the_start(in, &t))
			note_bad(e, &t, blamed);
		return;
	}
	if (t.why != WHY_COUNT_) {
		e->bad_before += t.c != NULL;
	} else if (p->state->ready) {
		e->fine_before++;
		if (!e->before || p->state->created_s > e->before->state->created_s)
			e->before = p;
	}
}

/* Why not, or NULL when it is to blame. */
static const char *doubt(const struct og_rollout_input *in, const struct evidence *e)
{
	const struct og_pod_state *now = e->worst->state;
	uint32_t images = e->before ? e->before->state->images : in->was_images;
	uint32_t rest = e->before ? e->before->state->rest : in->was_rest;

	if (e->bad_before)
		return "pods of the revision before fail, too";
	if (!e->fine_before && !in->was_healthy)
		return "no pod without this injection is known to compare with";
	if (e->bad * 2 < e->of)
		return "most pods with this injection are fine";
	if (now->images != images && now->rest != rest)
		return "also changed: image, and command, probes, resources or variables";
	if (now->images != images)
		return "also changed: image";
	if (now->rest != rest)
		return "also changed: command, probes, resources or variables";
	return NULL;
}

static void write_codes(struct og_buf *b, const struct evidence *e)
{
	for (uint32_t i = 0; i < e->ncodes; i++)
		og_buf_fmt(b, "%s%d",
			i		? ", "
			: e->ncodes > 1 ? " with exit codes "
					: " with exit code ",
			e->codes[i]);
}

static const char *verb(enum rollout_why blamed)
{
	return blamed == WHY_BLAME_READY    ? "is not ready"
	       : blamed == WHY_BLAME_MEMORY ? "is killed for want of memory"
	       : blamed == WHY_BLAME_LIBC   ? "cannot load the agent"
					    : "crashes";
}

static struct og_sv tell(
	const struct og_rollout_input *in, const struct evidence *e, struct og_arena *arena)
{
	struct og_buf b = OG_BUF_INIT(ROLLOUT_TEXT_MAX);
	og_buf_lit(&b, "Container ");
	rollout_quote(&b, e->trouble.c->name);
	og_buf_fmt(&b, " %s in %u of %u pods that carry the injection %.*s", verb(e->blamed),
		e->bad, e->of, OG_SV_ARG(in->revision));
	write_codes(&b, e);
	if (e->since_s) {
		og_buf_lit(&b, ", since ");
		rollout_when(&b, e->since_s);
	}
	if (e->fine_before)
		og_buf_fmt(&b, "; %u pods %s it run well", e->fine_before,
			e->before->state->injected ? "from before" : "without");
	else
		og_buf_lit(&b, "; the pods before it ran well");
	og_buf_lit(&b, ". Image, command, probes, resources and variables are the same.");
	return rollout_keep(&b, arena);
}

void rollout_blame_judge(
	const struct og_rollout_input *in, struct og_arena *arena, struct og_rollout_result *r)
{
	struct og_rollout_blame *bl = &r->blame;
	struct og_rollout_verdict v = {0};
	struct evidence e = {.blamed = WHY_COUNT_};

	for (uint32_t i = 0; i < in->npods; i++)
		look(in, &in->pods[i], &e);
	if (!e.bad)
		return;
	const char *why_not = doubt(in, &e);
	bl->bad = e.bad;
	bl->of = e.of;
	bl->fine_before = e.fine_before;
	bl->since_s = e.since_s;
	bl->pod = e.worst->name;
	bl->container = e.trouble.c->name;
	bl->exited = e.trouble.c->exited;
	bl->exit_code = e.trouble.c->exit_code;
	if (why_not) {
		bl->not_because = og_svz(why_not);
		return;
	}
	v.pod = bl->pod;
	v.container = bl->container;
	rollout_verdict_set(in, e.blamed, arena, &v);
	bl->blamed = true;
	bl->finding = v.finding;
	bl->reason = v.reason;
	bl->fix = v.fix;
	bl->message = tell(in, &e, arena);
}
