/* SPDX-License-Identifier: Apache-2.0 */
/* Series of events: counting, limiting, deciding what is sent (client-go tools/events). */
#include "events_core-priv.h"

#include "otelgate/base/mem.h"
#include "rng-priv.h"

#define MS(n) ((int64_t)(n)*OG_NS_PER_MS)
enum { EV_TEXT_BYTES = 16384 };

/* New series about one object: a token bucket as the time at which it will be full again. */
struct ev_object {
	struct og_sv key;
	int64_t full_ns;
	struct ev_object *prev, *next; /* by last use */
};

static const char *const fate_names[EV_FATES_] = {
	[EV_CREATED] = "created",
	[EV_PATCHED] = "patched",
	[EV_COUNTED] = "counted",
	[EV_SPAM] = "limited",
	[EV_FULL] = "queue_full",
	[EV_INVALID] = "invalid",
	[EV_REJECTED] = "rejected",
	[EV_TERMINATING] = "namespace_terminating",
	[EV_UNANSWERED] = "unanswered",
	[EV_FORGOTTEN] = "forgotten",
};

const char *ev_fate_name(enum ev_fate f)
{
	return fate_names[f];
}

static struct ev_list *list_of(struct ev_core *c, enum ev_state s)
{
	struct ev_list *const lists[] = {&c->idle, &c->queued, &c->sending, &c->waiting};
	return lists[s];
}

static void leave(struct ev_core *c, struct ev_series *s)
{
	struct ev_list *l = list_of(c, s->state);
	if (s->prev)
		s->prev->next = s->next;
	else
		l->head = s->next;
	if (s->next)
		s->next->prev = s->prev;
	else
		l->tail = s->prev;
	s->prev = s->next = NULL;
	l->n--;
}

/* The list of IDLE is ordered by last_ns: what comes back from sending may not be the latest. */
static void enter(struct ev_core *c, struct ev_series *s, enum ev_state state)
{
	struct ev_list *l = list_of(c, state);
	struct ev_series *before = l->tail;
	while (state == EV_IDLE && before && before->last_ns > s->last_ns)
		before = before->prev;
	s->state = state;
	s->prev = before;
	s->next = before ? before->next : l->head;
	if (s->next)
		s->next->prev = s;
	else
		l->tail = s;
	if (before)
		before->next = s;
	else
		l->head = s;
	l->n++;
}

static void move(struct ev_core *c, struct ev_series *s, enum ev_state state)
{
	leave(c, s);
	enter(c, s, state);
}

static void series_free(struct ev_series *s)
{
	og_free(s->name);
	og_free(s->head);
	og_free(s);
}

static void forget(struct ev_core *c, struct ev_series *s)
{
	if (s->sent && s->count > s->sent)
		c->fates[EV_FORGOTTEN]++;
	leave(c, s);
	(void)og_map_remove(&c->series, s->key);
	series_free(s);
}

void ev_init(struct ev_core *c, const struct og_events_opts *o)
{
	*c = (struct ev_core){.controller = o->controller,
		.instance = o->instance,
		.max_queued = o->max_queued ? o->max_queued : 1000,
		.rng = o->seed};
	og_map_init(&c->series, o->seed, NULL);
	og_map_init(&c->objects, o->seed, NULL);
}

void ev_fini(struct ev_core *c)
{
	og_map_for (&c->series, e) {
		series_free(e->value);
	}
	og_map_for (&c->objects, e) {
		og_free(e->value);
	}
	og_map_fini(&c->series);
	og_map_fini(&c->objects);
}

/* ---- limits ---- */

static void object_unlink(struct ev_core *c, struct ev_object *o)
{
	if (o->prev)
		o->prev->next = o->next;
	else
		c->oldest = o->next;
	if (o->next)
		o->next->prev = o->prev;
	else
		c->newest = o->prev;
	o->prev = o->next = NULL;
}

static void object_use(struct ev_core *c, struct ev_object *o)
{
	o->prev = c->newest;
	o->next = NULL;
	if (o->prev)
		o->prev->next = o;
	else
		c->oldest = o;
	c->newest = o;
}

static struct ev_object *object_of(struct ev_core *c, struct og_sv key)
{
	struct ev_object *o = og_map_get(&c->objects, key);
	if (o) {
		object_unlink(c, o);
		object_use(c, o);
		return o;
	}
	if (og_map_count(&c->objects) >= EV_OBJECTS_MAX) {
		struct ev_object *old = c->oldest;
		object_unlink(c, old);
		(void)og_map_remove(&c->objects, old->key);
		og_free(old);
	}
	o = og_calloc(1, sizeof(*o));
	struct og_map_entry *e = o ? og_map_put(&c->objects, key, NULL) : NULL;
	if (!e) {
		og_free(o);
		return NULL;
	}
	e->value = o;
	o->key = e->key;
	o->full_ns = INT64_MIN;
	object_use(c, o);
	return o;
}

/* E-3: a burst of 25, then one each 5 minutes. `key` is a series', whose tail is the object. */
static bool allowed(struct ev_core *c, const struct og_event *ev, struct og_sv key, int64_t now_ns)
{
	size_t skip = 1 + 1 + strlen(ev->reason) + 1 + strlen(ev->action) + 1;
	struct ev_object *o = object_of(c, og_sv(key.p + skip, key.n - skip));
	if (!o)
		return false;
	int64_t from = o->full_ns > now_ns ? o->full_ns : now_ns;
	if (from - now_ns > MS(EV_REFILL_MS) * (EV_BURST - 1))
		return false;
	o->full_ns = from + MS(EV_REFILL_MS);
	return true;
}

/* ---- what happens ---- */

static char *make_name(struct ev_core *c, struct og_sv object, uint64_t number)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	if (number <= c->last_name)
		number = c->last_name + 1;
	c->last_name = number;
	ev_name(object, number, &b);
	return og_buf_take(&b);
}

static struct ev_series *series_new(
	struct ev_core *c, const struct og_event *ev, struct og_sv key, int64_t wall_ns)
{
	og_auto_buf struct og_buf head = OG_BUF_INIT(EV_TEXT_BYTES);
	struct ev_series *s = og_calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	ev_head(c, ev, wall_ns, &head);
	s->name = make_name(c, ev->name, (uint64_t)wall_ns);
	s->head = og_buf_take(&head);
	struct og_map_entry *e = s->name && s->head ? og_map_put(&c->series, key, NULL) : NULL;
	if (!e) {
		series_free(s);
		return NULL;
	}
	e->value = s;
	s->key = e->key;
	/* The object's parts lie in the key, each with a NUL behind it. */
	const char *at = s->key.p + key.n - ev->uid.n - 1 - ev->name.n - 1;
	s->object = og_sv(at, ev->name.n);
	s->ns = ev->ns.n ? og_sv(at - 1 - ev->ns.n, ev->ns.n) : OG_SV("default");
	return s;
}

static enum ev_fate happen_anew(struct ev_core *c, const struct og_event *ev, struct og_sv key,
	int64_t now_ns, int64_t wall_ns)
{
	if (ev_busy(c) >= c->max_queued)
		return EV_FULL;
	if (!allowed(c, ev, key, now_ns))
		return EV_SPAM;
	if (c->idle.n >= EV_SERIES_MAX)
		forget(c, c->idle.head);
	struct ev_series *s = series_new(c, ev, key, wall_ns);
	if (!s)
		return EV_FULL;
	s->count = 1;
	s->last_ns = now_ns;
	s->last_wall_ns = wall_ns;
	enter(c, s, EV_QUEUED);
	return EV_QUEUED_NOW;
}

static enum ev_fate happen_again(
	struct ev_core *c, struct ev_series *s, int64_t now_ns, int64_t wall_ns)
{
	s->count++;
	s->last_ns = now_ns;
	s->last_wall_ns = wall_ns;
	if (s->state != EV_IDLE)
		return EV_COUNTED;
	/* The second time begins the series; later ones are told each half hour. */
	bool tell = s->sent < 2 || c->flushing || now_ns - s->sent_ns >= MS(EV_REFRESH_MS);
	tell = tell && ev_busy(c) < c->max_queued;
	move(c, s, tell ? EV_QUEUED : EV_IDLE);
	return tell ? EV_QUEUED_NOW : EV_COUNTED;
}

enum ev_fate ev_emit(struct ev_core *c, const struct og_event *ev, int64_t now_ns, int64_t wall_ns)
{
	enum ev_fate f = EV_INVALID;
	og_auto_buf struct og_buf key = OG_BUF_INIT(EV_TEXT_BYTES);
	if (ev_valid(ev)) {
		ev_key(ev, &key);
		struct ev_series *s = key.failed ? NULL : og_map_get(&c->series, og_buf_view(&key));
		if (key.failed)
			f = EV_FULL;
		else if (s)
			f = happen_again(c, s, now_ns, wall_ns);
		else
			f = happen_anew(c, ev, og_buf_view(&key), now_ns, wall_ns);
	}
	if (f < EV_FATES_)
		c->fates[f]++;
	return f;
}

/* ---- what is sent ---- */

static bool is_over(const struct ev_series *s, int64_t now_ns)
{
	return now_ns - s->last_ns >= MS(EV_FINISH_MS);
}

void ev_tick(struct ev_core *c, int64_t now_ns)
{
	while (c->idle.head && is_over(c->idle.head, now_ns)) {
		struct ev_series *s = c->idle.head;
		if (s->count > s->sent) /* the final count; then it is forgotten */
			move(c, s, EV_QUEUED);
		else
			forget(c, s);
	}
	for (struct ev_series *s = c->waiting.head, *next; s; s = next) {
		next = s->next;
		if (s->at_ns <= now_ns)
			move(c, s, EV_QUEUED);
	}
}

struct ev_series *ev_take(struct ev_core *c)
{
	struct ev_series *s = c->queued.head;
	if (!s || c->sending.n + c->waiting.n >= EV_SLOTS)
		return NULL;
	move(c, s, EV_SENDING);
	s->act = s->sent ? EV_PATCH : EV_CREATE;
	s->sending = s->count;
	return s;
}

static int64_t retry_ns(struct ev_core *c, const struct ev_series *s)
{
	if (c->flushing)
		return MS(EV_FLUSH_RETRY_MS);
	if (s->tries == 1) /* E-3: the first is random, so that many do not come together */
		return kube_rng_upto(&c->rng, MS(EV_RETRY_MS));
	return MS(EV_RETRY_MS) * 3 / 4 + kube_rng_upto(&c->rng, MS(EV_RETRY_MS) / 2);
}

static void sent(struct ev_core *c, struct ev_series *s, int64_t now_ns)
{
	c->fates[s->act == EV_CREATE ? EV_CREATED : EV_PATCHED]++;
	bool begun = s->sending > 1;
	s->sent = s->sending;
	s->sent_ns = now_ns;
	s->tries = s->renames = 0;
	s->maybe = false;
	s->ours = true;
	if (s->count > s->sent && (!begun || c->flushing))
		move(c, s, EV_QUEUED);
	else
		move(c, s, EV_IDLE); /* one that is over goes with the next tick */
}

static void again(struct ev_core *c, struct ev_series *s, int64_t now_ns)
{
	s->maybe = s->maybe || s->act == EV_CREATE;
	if (++s->tries >= EV_TRIES) {
		c->fates[EV_UNANSWERED]++;
		s->sent = 0; /* said already: not "forgotten" as well */
		forget(c, s);
		return;
	}
	s->at_ns = now_ns + retry_ns(c, s);
	move(c, s, EV_WAITING);
}

static void refused(struct ev_core *c, struct ev_series *s, enum ev_fate f)
{
	c->fates[f]++;
	s->sent = 0;
	forget(c, s);
}

/* The name is taken: by ourselves, if an earlier try was not answered; by a series that lives
 * again; or by chance. */
static void exists(struct ev_core *c, struct ev_series *s, int64_t now_ns)
{
	if (s->maybe) {
		s->sending = 1; /* what was sent then; later ones still have to be told */
		sent(c, s, now_ns);
		return;
	}
	if (s->ours && s->renames == 0) {
		s->sent = 1; /* E-2: the patch is tried again */
		s->renames = EV_RENAMES;
		move(c, s, EV_QUEUED);
		return;
	}
	og_auto_buf struct og_buf other = OG_BUF_INIT(0);
	ev_name(s->object, kube_rng(&c->rng), &other);
	char *name = s->renames < EV_RENAMES ? og_buf_take(&other) : NULL;
	if (!name) {
		refused(c, s, EV_REJECTED);
		return;
	}
	s->renames++;
	og_free(s->name);
	s->name = name;
	move(c, s, EV_QUEUED);
}

void ev_reply(struct ev_core *c, struct ev_series *s, enum ev_reply r, int64_t now_ns)
{
	switch (r) {
	case EV_OK:
		sent(c, s, now_ns);
		break;
	case EV_RETRY:
		again(c, s, now_ns);
		break;
	case EV_NO_NAMESPACE:
		refused(c, s, EV_TERMINATING);
		break;
	case EV_EXISTS:
		if (s->act == EV_CREATE)
			exists(c, s, now_ns);
		else
			refused(c, s, EV_REJECTED);
		break;
	case EV_GONE: /* the Event's time to live was over: it is made again, with its count */
		if (s->act == EV_PATCH && s->renames < EV_RENAMES) {
			s->sent = 0;
			move(c, s, EV_QUEUED);
			break;
		}
		/* A CREATE: the namespace is gone altogether. */
		refused(c, s, s->act == EV_CREATE ? EV_TERMINATING : EV_REJECTED);
		break;
	default:
		refused(c, s, EV_REJECTED);
		break;
	}
}

void ev_flush(struct ev_core *c, int64_t now_ns)
{
	c->flushing = true;
	for (struct ev_series *s = c->idle.head, *next; s; s = next) {
		next = s->next;
		if (s->count > s->sent)
			move(c, s, EV_QUEUED);
	}
	for (struct ev_series *s = c->waiting.head; s; s = s->next)
		s->at_ns = now_ns;
}

int64_t ev_next_ns(const struct ev_core *c)
{
	int64_t next = c->idle.head ? c->idle.head->last_ns + MS(EV_FINISH_MS) : INT64_MAX;
	for (const struct ev_series *s = c->waiting.head; s; s = s->next)
		if (s->at_ns < next)
			next = s->at_ns;
	return next;
}
