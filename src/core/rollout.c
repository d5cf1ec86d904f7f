/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on a rollout: its numbers, its pods, what is refused, and the time. */
#include "otelgate/core/rollout.h"

#include "otelgate/base/mem.h"
#include "rollout-priv.h"

/* What a container or pod does, for "container app of pod web-1 …". */
static const char *const deeds[WHY_COUNT_] = {
	[WHY_AGENT_IMAGE] = "cannot pull its image",
	[WHY_AGENT_INIT] = "fails to copy the agent",
	[WHY_INVALID_IMAGE] = "has an image name that is not one",
	[WHY_IMAGE_PULL] = "cannot pull its image",
	[WHY_CREDENTIALS] = "waits for its credentials",
	[WHY_SECRET_MISSING] = "refers to a Secret that is not there",
	[WHY_SECRET_KEY] = "refers to a key that its Secret lacks",
	[WHY_CONFIG_MAP] = "refers to a ConfigMap that is not there",
	[WHY_CONFIG_MAP_KEY] = "refers to a key that its ConfigMap lacks",
	[WHY_RUN_AS_ROOT] = "would run as root, which the pod forbids",
	[WHY_CONFIG_ERROR] = "cannot be configured",
	[WHY_CANNOT_START] = "cannot be started",
	[WHY_INIT_FAILING] = "fails, and the pod cannot go on",
	[WHY_OOM] = "is killed for want of memory",
	[WHY_CRASH] = "ends again and again",
	[WHY_UNSCHEDULABLE] = "finds no node",
	[WHY_GATED] = "is held by a scheduling gate",
	[WHY_NODE_LOST] = "is on a node that does not answer",
	[WHY_NODE_REFUSED] = "is refused by its node",
	[WHY_NOT_STARTING] = "has a node, and no container has been created",
	[WHY_NOT_READY] = "runs and is not ready",
	[WHY_READINESS_GATE] = "waits for a readiness gate",
	[WHY_EVICTED] = "was evicted",
	[WHY_POD_FAILED] = "has failed",
	[WHY_NOT_LEAVING] = "is to go and does not",
};

struct judge {
	struct og_rollout_input *in;
	struct og_arena *arena;
	struct og_rollout_result *r;
	struct og_rollout_status numbers;
	enum rollout_why why;		/* of the numbers */
	struct rollout_trouble trouble; /* the worst of the pods */
	uint32_t affected, alive;
	struct rollout_refusal refusal;
	struct og_buf b;
};

/* ---- pods in trouble ---- */

/* Pods that have ended say something of a Pod, or of a Job that has failed; of other workloads
 * only as long as they may have been replaced a moment ago. */
static bool counts(const struct judge *j, const struct og_rollout_pod *p)
{
	enum { RECENT_S = 600 };
	enum og_rollout_kind kind = j->in->facts ? j->in->facts->kind : OG_RK_NONE;
	if (p->class_ != OG_CLASS_FINISHED || kind == OG_RK_POD || j->why == WHY_JOB_FAILED)
		return true;
	if (kind == OG_RK_JOB || kind == OG_RK_CRONJOB)
		return false;
	return p->state && j->in->now_s - p->state->ready_s < RECENT_S;
}

static bool worse(const struct rollout_trouble *a, const struct rollout_trouble *b)
{
	if (a->why != b->why || a->why == WHY_COUNT_)
		return a->why < b->why;
	if (a->pod->state->created_s != b->pod->state->created_s)
		return a->pod->state->created_s > b->pod->state->created_s;
	return og_sv_cmp(a->pod->name, b->pod->name) < 0;
}

static void find_trouble(struct judge *j)
{
	j->trouble.why = WHY_COUNT_;
	for (uint32_t i = 0; i < j->in->npods; i++) {
		const struct og_rollout_pod *p = &j->in->pods[i];
		j->alive += p->class_ != OG_CLASS_TERMINATING && counts(j, p);
		if (!counts(j, p))
			continue;
		struct rollout_trouble t = rollout_trouble_of(j->in, p);
		if (t.why == WHY_COUNT_)
			continue;
		j->affected = t.why < j->trouble.why	? 1
			      : t.why == j->trouble.why ? j->affected + 1
							: j->affected;
		if (worse(&t, &j->trouble))
			j->trouble = t;
	}
}

/* ---- time ---- */

static bool has_deadline(const struct og_rollout_facts *f)
{
	return (f->kind == OG_RK_DEPLOYMENT || f->kind == OG_RK_ARGO) &&
	       f->progress_deadline_s < INT32_MAX &&
	       (f->kind == OG_RK_ARGO || f->cond[OG_COND_PROGRESSING].status != OG_COND_ABSENT);
}

static const struct og_rollout_pod *leaving(const struct judge *j)
{
	for (uint32_t i = 0; i < j->in->npods; i++)
		if (j->in->pods[i].class_ == OG_CLASS_TERMINATING)
			return &j->in->pods[i];
	return NULL;
}

/* What waiting too long turns a wait into. */
static enum rollout_why after_a_while(const struct judge *j)
{
	enum { CREATE_GRACE_S = 60 };
	const struct og_rollout_facts *f = j->in->facts;
	int64_t since = rollout_idle_since(j->in);
	int64_t idle = since ? j->in->now_s - since : 0;

	switch (j->why) {
	case WHY_UNSEEN:
		return j->in->timer && idle > OG_ROLLOUT_UNSEEN_S ? WHY_UNSEEN_LONG : j->why;
	case WHY_JOB_RUNNING:
		if (!since)
			idle = f->created_s ? j->in->now_s - f->created_s : 0;
		return rollout_makes_nothing(f) && idle > CREATE_GRACE_S ? WHY_NOT_CREATED : j->why;
	case WHY_UPDATING:
	case WHY_OLD_PODS:
	case WHY_BECOMING_AVAILABLE:
		break;
	default:
		return j->why;
	}
	if (idle > OG_ROLLOUT_LEAVE_GRACE_S && j->why != WHY_BECOMING_AVAILABLE && leaving(j))
		return WHY_NOT_LEAVING;
	if (idle > CREATE_GRACE_S && rollout_makes_nothing(f) && !leaving(j))
		return WHY_NOT_CREATED;
	return idle > OG_ROLLOUT_DEADLINE_S && !has_deadline(f) ? WHY_NO_PROGRESS : j->why;
}

/* ---- words ---- */

static void detail(struct og_buf *b, struct og_sv s)
{
	if (s.n) {
		og_buf_lit(b, ": ");
		rollout_quote(b, s);
	}
}

/* Not how often: what is written must not change with every restart. */
static void write_exit(struct og_buf *b, const struct og_container_state *c)
{
	if (!c->exited)
		return;
	og_buf_fmt(b, " (exit code %d", c->exit_code);
	if (c->exit_reason.n && !og_sv_is(c->exit_reason, "Error")) {
		og_buf_lit(b, ", ");
		rollout_quote(b, c->exit_reason);
	}
	og_buf_ch(b, ')');
}

static const char *touch_text(enum og_touch t)
{
	return t == OG_TOUCH_OWN       ? "otelgate's init container "
	       : t == OG_TOUCH_CHANGED ? "injected container "
				       : "container ";
}

static void tell_trouble(struct judge *j, struct og_rollout_verdict *v)
{
	const struct rollout_trouble *t = &j->trouble;
	struct og_buf *b = &j->b;

	v->pod = t->pod->name;
	v->affected = j->affected;
	v->since_s = t->since_s;
	if (j->alive > 1)
		og_buf_fmt(b, "%u of %u pods: ", j->affected, j->alive);
	if (t->c) {
		v->container = t->c->name;
		v->exited = t->c->exited;
		v->exit_code = t->c->exit_code;
		v->ours = t->c->own	  ? OG_TOUCH_OWN
			  : t->c->touched ? OG_TOUCH_CHANGED
					  : OG_TOUCH_NONE;
		og_buf_str(b, touch_text(v->ours));
		rollout_quote(b, t->c->name);
		og_buf_lit(b, " of ");
	}
	og_buf_lit(b, "pod ");
	rollout_quote(b, t->pod->name);
	og_buf_fmt(b, " %s", deeds[t->why]);
	if (t->c)
		write_exit(b, t->c);
	detail(b, t->c ? t->c->message : t->pod->state->message);
	if (t->c && t->c->other_libc)
		og_buf_lit(b, "; its last words were those of a loader of another C library");
	if (j->why == WHY_DEADLINE)
		og_buf_lit(b, "; the rollout's deadline has passed");
	og_buf_ch(b, '.');
}

static void tell_refusal(struct judge *j, struct og_rollout_verdict *v)
{
	const struct rollout_refusal *r = &j->refusal;
	v->since_s = r->since_s;
	og_buf_lit(&j->b, "The API server refuses new pods");
	if (r->child.n) {
		og_buf_lit(&j->b, " of ");
		rollout_quote(&j->b, r->child);
	}
	detail(&j->b, r->message);
	og_buf_ch(&j->b, '.');
}

/* What the workload itself says about it. */
static struct og_sv own_words(const struct og_rollout_facts *f, enum rollout_why why)
{
	switch (why) {
	case WHY_DEADLINE:
		return f->cond[OG_COND_PROGRESSING].message;
	case WHY_JOB_FAILED:
		return f->cond[OG_COND_FAILED].message;
	case WHY_ARGO_ABORTED:
	case WHY_ARGO_DEGRADED:
	case WHY_PAUSED:
		return f->argo_message;
	case WHY_NEXT_RUN:
		return f->schedule;
	default:
		return OG_SV("");
	}
}

static int64_t own_since(
	const struct judge *j, const struct og_rollout_facts *f, enum rollout_why why)
{
	return why == WHY_DEADLINE     ? f->cond[OG_COND_PROGRESSING].changed_s
	       : why == WHY_JOB_FAILED ? f->cond[OG_COND_FAILED].changed_s
				       : rollout_idle_since(j->in);
}

static void tell_numbers(struct judge *j, enum rollout_why why, struct og_rollout_verdict *v)
{
	const struct og_rollout_facts *f = j->in->facts;
	struct og_buf *b = &j->b;
	if (!f) {
		og_buf_str(b, rollout_reasons[why].text);
		return;
	}
	v->since_s = own_since(j, f, why);
	const struct og_rollout_pod *last = leaving(j);
	if (why == WHY_NOT_LEAVING && last)
		v->pod = last->name;
	if (why == WHY_ON_DELETE)
		v->pod = j->r->revision.pod;
	og_buf_fmt(b, "%s ", og_rollout_kind_name(f->kind));
	rollout_quote(b, j->in->name);
	og_buf_fmt(b, ": %s", j->numbers.text);
	detail(b, own_words(f, why));
	if (why != j->why && v->since_s) {
		og_buf_lit(b, "; nothing has moved since ");
		rollout_when(b, v->since_s);
	}
	if (j->trouble.why != WHY_COUNT_ && j->trouble.c && why == WHY_JOB_FAILED) {
		v->pod = j->trouble.pod->name;
		v->container = j->trouble.c->name;
		v->exited = j->trouble.c->exited;
		v->exit_code = j->trouble.c->exit_code;
		og_buf_lit(b, "; container ");
		rollout_quote(b, v->container);
		og_buf_lit(b, " of pod ");
		rollout_quote(b, v->pod);
		og_buf_lit(b, " ended");
		write_exit(b, j->trouble.c);
	}
	og_buf_ch(b, '.');
}

/* ---- the verdict ---- */

/* A Pod is its own rollout. */
static void pod_numbers(struct judge *j)
{
	const struct og_pod_state *s = j->in->npods ? j->in->pods[0].state : NULL;
	if (!j->in->facts || j->in->facts->kind != OG_RK_POD || !s)
		return;
	j->why = s->phase == OG_POD_SUCCEEDED ? WHY_POD_DONE
		 : s->phase == OG_POD_FAILED  ? WHY_POD_FAILED
		 : s->ready		      ? WHY_POD_READY
					      : WHY_STARTING;
	bool done = j->why == WHY_POD_DONE || j->why == WHY_POD_READY;
	j->numbers.step = done ? OG_STEP_DONE : OG_STEP_WAIT;
	const char *text = rollout_reasons[j->why].text;
	size_t n = strlen(text) - 1; /* without the full stop */
	n = n < sizeof(j->numbers.text) ? n : sizeof(j->numbers.text) - 1;
	memcpy(j->numbers.text, text, n);
	j->numbers.text[n] = '\0';
	j->numbers.reason = rollout_reasons[j->why].name;
}

/* What may be refused without a word in its status. */
static bool is_unmade(const struct judge *j)
{
	const struct og_rollout_facts *f = j->in->facts;

	return f && og_refusal_in_events(f->kind) && j->numbers.step == OG_STEP_WAIT &&
	       j->why != WHY_UNSEEN && rollout_makes_nothing(f) && !leaving(j);
}

static enum rollout_why decide(struct judge *j, struct og_rollout_verdict *v)
{
	bool done = j->numbers.step == OG_STEP_DONE;
	/* Before the numbers are those of the last change they say nothing of its pods. */
	bool look = !done && j->why != WHY_UNSEEN && j->why != WHY_JOB_FAILED;
	if (look && j->refusal.why != WHY_COUNT_) {
		tell_refusal(j, v);
		return j->refusal.why;
	}
	if (look && j->trouble.why != WHY_COUNT_) {
		tell_trouble(j, v);
		return j->trouble.why;
	}
	enum rollout_why why = done || !j->in->facts ? j->why : after_a_while(j);
	tell_numbers(j, why, v);
	return why;
}

/* The injection's own container needs no comparison: nobody else put it there. */
static void take_blame(struct judge *j, struct og_rollout_verdict *v)
{
	const struct og_rollout_blame *bl = &j->r->blame;
	if (!bl->blamed || j->numbers.step == OG_STEP_DONE || v->state != OG_ROLLOUT_STUCK)
		return;
	v->reason = bl->reason;
	v->finding = bl->finding;
	v->message = bl->message;
	v->fix = bl->fix;
	v->pod = bl->pod;
	v->container = bl->container;
	v->exited = bl->exited;
	v->exit_code = bl->exit_code;
	v->ours = OG_TOUCH_CHANGED;
	v->affected = bl->bad;
	v->since_s = bl->since_s;
}

int og_rollout_judge(struct og_rollout_input *in, struct og_arena *arena,
	struct og_rollout_result *ret, struct og_err *err)
{
	struct og_rollout_result r = {0};
	struct judge j = {.in = in,
		.arena = arena,
		.r = &r,
		.trouble.why = WHY_COUNT_,
		.b = OG_BUF_INIT(ROLLOUT_TEXT_MAX)};

	j.why = rollout_numbers(in->facts, &j.numbers);
	rollout_revision_judge(in, arena, &r);
	rollout_blame_judge(in, arena, &r);
	pod_numbers(&j);
	find_trouble(&j);
	r.unmade = is_unmade(&j);
	j.refusal = rollout_refusal_find(in);
	enum rollout_why why = decide(&j, &r.rollout);
	r.rollout.message = rollout_keep(&j.b, arena);
	rollout_verdict_set(in, why, arena, &r.rollout);
	take_blame(&j, &r.rollout);
	if (arena->failed)
		return og_err_set(err, OG_E_OOM, "out of memory judging a rollout");
	*ret = r;
	return 0;
}
