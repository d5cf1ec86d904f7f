/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What becomes of events, without loop, clock or server: every function is told the time.
 * kube/events binds it.
 *
 * A series is everything that has the same type, reason, action and object (E-2). It knows how
 * often it happened (`count`) and what the server was told (`sent`); what is to be sent follows
 * from the two, so nothing is lost by a lost answer. A series is IDLE, or it is BUSY: waiting for
 * its turn, being sent, or waiting to be sent again.
 */
#include "otelgate/base/map.h"
#include "otelgate/kube/events.h"

enum {
	EV_SLOTS = 8,		 /* being sent or waiting to be sent again, at a time */
	EV_TRIES = 12,		 /* client-go tools/events/event_broadcaster.go maxTriesPerEvent */
	EV_RETRY_MS = 10000,	 /* sleepDuration there; ±25 % */
	EV_REFRESH_MS = 1800000, /* refreshTime */
	EV_FINISH_MS = 360000,	 /* finishTime */
	EV_FLUSH_RETRY_MS = 500,
	EV_SERIES_MAX = 4096, /* remembered, those BUSY aside */
	EV_BURST = 25, /* new series per object: tools/record/events_cache.go defaultSpamBurst */
	EV_REFILL_MS = 300000, /* defaultSpamQPS */
	EV_OBJECTS_MAX = 4096, /* maxLruCacheEntries */
	EV_RENAMES = 3,
	EV_NOTE_BYTES = 1024,
	EV_WORD_BYTES = 128,
};

enum ev_state { EV_IDLE, EV_QUEUED, EV_SENDING, EV_WAITING };
enum ev_act { EV_CREATE, EV_PATCH };

/* What became of an event, and of a sending: rows of the metric. */
enum ev_fate {
	EV_CREATED,
	EV_PATCHED,
	EV_COUNTED,	/* in memory */
	EV_SPAM,	/* too many new ones about one object */
	EV_FULL,	/* the queue is */
	EV_INVALID,	/* nothing the server would take */
	EV_REJECTED,	/* by the server */
	EV_TERMINATING, /* its namespace is going away: no error */
	EV_UNANSWERED,	/* given up after EV_TRIES */
	EV_FORGOTTEN,	/* counted, but the last count was never sent */
	EV_FATES_,
	EV_QUEUED_NOW = EV_FATES_, /* will be sent: no fate yet */
};
const char *ev_fate_name(enum ev_fate f);

enum ev_reply {
	EV_OK,
	EV_EXISTS,	 /* 409 AlreadyExists */
	EV_GONE,	 /* 404 */
	EV_NO,		 /* refused for good */
	EV_NO_NAMESPACE, /* refused because the namespace is terminating */
	EV_RETRY,	 /* no answer, or one that may be another the next time */
};

struct ev_list {
	struct ev_series *head, *tail;
	uint32_t n;
};

struct ev_series {
	struct og_sv key;
	struct og_sv ns;     /* of the Event */
	struct og_sv object; /* name to derive the Event's name from */
	char *name;
	char *head; /* the Event's JSON from after its name up to its end, without "}" */
	uint64_t count, sent, sending;
	int64_t last_ns, last_wall_ns, sent_ns;
	enum ev_state state;
	enum ev_act act; /* SENDING */
	bool ours;	 /* the server has acknowledged an Event of that name once */
	bool maybe;	 /* a CREATE was not answered: it may have been done */
	unsigned tries, renames;
	int64_t at_ns; /* WAITING */
	struct ev_series *prev, *next;
	struct og_kube_call *call; /* the binding's */
	void *owner;
};

struct ev_object;
struct ev_core {
	const char *controller, *instance;
	size_t max_queued;
	uint64_t rng;
	struct og_map series, objects;
	struct ev_list idle; /* by last_ns */
	struct ev_list queued, sending, waiting;
	struct ev_object *oldest, *newest;
	uint64_t last_name;
	bool flushing;
	uint64_t fates[EV_FATES_];
};

void ev_init(struct ev_core *c, const struct og_events_opts *o);
void ev_fini(struct ev_core *c);
enum ev_fate ev_emit(struct ev_core *c, const struct og_event *ev, int64_t now_ns, int64_t wall_ns);
/* Ends series that were silent, and lets those come again that have waited. */
void ev_tick(struct ev_core *c, int64_t now_ns);
/* The next one to send, SENDING now; NULL when there is none or all slots are taken. */
struct ev_series *ev_take(struct ev_core *c);
/* Appends the request's body. False without memory. */
bool ev_body(const struct ev_core *c, const struct ev_series *s, struct og_buf *out);
/* The answer; the series may be gone afterwards. */
void ev_reply(struct ev_core *c, struct ev_series *s, enum ev_reply r, int64_t now_ns);
/* From now on everything that is not sent yet is to be sent, without long waits. */
void ev_flush(struct ev_core *c, int64_t now_ns);
static inline uint32_t ev_busy(const struct ev_core *c)
{
	return c->queued.n + c->sending.n + c->waiting.n;
}
/* When ev_tick has something to do; INT64_MAX = never. */
int64_t ev_next_ns(const struct ev_core *c);

/* ---- text (events_text.c, pure) ---- */
bool ev_valid(const struct og_event *ev);
/* Appends at most EV_NOTE_BYTES of valid UTF-8 without control characters but line ends and tabs.
 */
void ev_note(struct og_sv note, struct og_buf *out);
/* A valid name for an Event about `object`, unlike any other of this number. */
void ev_name(struct og_sv object, uint64_t number, struct og_buf *out);
/* What two events of one series share. */
void ev_key(const struct og_event *ev, struct og_buf *out);
void ev_head(
	const struct ev_core *c, const struct og_event *ev, int64_t wall_ns, struct og_buf *out);
