/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A watch from inside. There is always either one request under way or one timer set:
 *
 *	                       ┌──────────────── wait ◄──────────────┐
 *	                       ▼                                      │ fault
 *	start ──► INITIAL (streamed list) ── end mark ──► WATCH ──────┤
 *	            │ not offered                           ▲  │ end  │
 *	            └────► LIST, page by page ──────────────┘◄─┘      │
 *	                                       expired, short: the list anew
 */
#include <pthread.h>
#include "otelgate/codec/jsplit.h"
#include "otelgate/kube/watch.h"
#include "seam-priv.h"

enum watch_phase { WATCH_WAIT, WATCH_LIST, WATCH_INITIAL, WATCH_STREAM };

/* What an answer or an ERROR event means. */
enum watch_verdict {
	WV_FINE,
	WV_NETWORK,   /* no answer, or one that was cut */
	WV_EXPIRED,   /* 410: history does not reach back so far */
	WV_TOO_LARGE, /* the server does not know that version yet */
	WV_ABSENT,
	WV_FORBIDDEN,
	WV_THROTTLED,
	WV_SERVER,  /* 5xx */
	WV_REFUSED, /* 400, 405, 406, 415, 422, 501: it will not do it that way */
	WV_OTHER,   /* 401 and the rest */
	WV_GARBAGE, /* not what was asked for */
	WV_SILENT,  /* nothing was heard for too long */
	WV_SHORT,   /* over at once, without an event */
	WV_MEMORY,
	WV_COUNT_
};
extern const char *const og_watch_causes[WV_COUNT_];

/* Why the whole is listed. */
enum watch_list_cause {
	WL_START,
	WL_EXPIRED,
	WL_TOO_LARGE,
	WL_SHORT,
	WL_FAULT,
	WL_ABSENT, /* it was, or was forbidden */
	WL_FULL,   /* the store was */
	WL_COUNT_
};

enum {
	WATCH_PAGE = 500,	   /* client-go's pager, tools/pager/pager.go */
	WATCH_TIMEOUT_MIN_S = 300, /* */
	WATCH_TIMEOUT_MAX_S = 600,
	WATCH_GRACE_MS = 10000,		 /* beyond timeoutSeconds */
	WATCH_SILENT_MS = 3 * 60000,	 /* three bookmarks: about one a minute */
	WATCH_INITIAL_SILENT_MS = 30000, /* a streamed list that does not go on */
	WATCH_LIST_IDLE_MS = 60000,	 /* the API server's own limit for a request */
	WATCH_LIST_MS = 600000,		 /* a page, from asking for it to its end */
	WATCH_UNANSWERED_MS = 3 * 60000, /* a watch whose answer does not begin */
	WATCH_PROGRESS_MS = 1000,	 /* how often to say what a list waits for */
	WATCH_STANDS_MS = 2000,		 /* open for so long without a fault: it stands */
	WATCH_SHORT_MS = 1000,		 /* */
	WATCH_BACKOFF_MS = 800,		 /* */
	WATCH_BACKOFF_MAX_MS = 30000,
	WATCH_BACKOFF_RESET_MS = 120000,
	WATCH_SPREAD_MS = 2000,
	WATCH_ABSENT_MS = 30000,	/* up to twice that */
	WATCH_FORBIDDEN_DOUBT = 4,	/* refusals that are doubted where it was allowed before */
	WATCH_FORBIDDEN_DOUBT_MS = 500, /* before the first look again, then twice as long each */
	WATCH_FORBIDDEN_MS = 5000,
	WATCH_FORBIDDEN_MAX_MS = 30000,
	WATCH_FULL_MS = 300000, /* up to twice that */
	WATCH_TRIES = 3,	/* of a streamed list before a plain one */
	WATCH_ROW = 5,		/* watches that ended in faults of the server before a new list */
	WATCH_OBJECT_BYTES = 16 << 20, /* */
	WATCH_OBJECT_TOKENS = 4 << 20,
	WATCH_RETRY_AFTER_S = 300, /* more is not believed */
	WATCH_RV_BYTES = 1024,
	WATCH_CONTINUE_BYTES = 16 << 10,
};

struct og_watch {
	struct og_watch_opts o; /* strings point into `own` */
	struct kube_seam seam;
	struct og_loop *loop; /* the seam's */
	struct og_arena own;
	uint64_t rng;

	enum watch_phase phase;
	struct og_kube_call *call;
	struct og_timer next; /* the next request */
	struct og_timer live; /* looks whether the stream still lives */
	struct og_timer room; /* whether a full store has room again */

	/* what is to be done next */
	bool list_due;
	enum watch_list_cause list_cause;
	struct og_buf rv;      /* last seen; "" = none */
	bool rv_useless;       /* the next list asks for the most recent state instead */
	bool no_stream_list;   /* not offered: remembered */
	bool paged;	       /* the server pages even from its cache: it has none */
	bool full_list;	       /* pages have expired under way: all at once */
	unsigned stream_tries; /* streamed lists that failed in a row */
	unsigned faults_row, server_row, forbidden_row;
	bool store_full, seen_bookmarks;
	int64_t backoff_ms, backoff_ns; /* the last wait, and when */

	/* the request under way */
	struct og_jsplit split;
	struct og_arena item; /* one object or event */
	int64_t begin_ns, heard_ns;
	int64_t timeout_s;
	bool open, stands;
	uint64_t heard;		    /* events and bookmarks */
	enum watch_verdict verdict; /* WV_FINE: what the answer says */
	struct og_err why;
	int retry_after_s;
	bool skipped; /* since the last list began; the last of them: */
	struct og_err skip;
	struct og_buf list_rv, cont, last_cont;
	uint64_t listed, list_total; /* what og_watch_info tells, of the loop's thread */

	pthread_mutex_t mu;
	struct og_watch_info info; /* with mu held for writing, and by other threads */

	struct og_metric_table *table;
	struct og_metric_series *m_events[5], *m_bytes; /* by enum watch_event_type */
};

enum watch_event_type { WE_ADDED, WE_MODIFIED, WE_DELETED, WE_BOOKMARK, WE_ERROR };

enum watch_metric {
	WM_RESTARTS,
	WM_LISTS,
	WM_EVENTS,
	WM_BYTES,
	WM_SKIPPED,
	WM_STATE,
	WM_SYNCED_AT,
	WM_COUNT_
};

/* ---- watch.c ---- */
/* og_watch_start with the server behind a seam; o->kube is not looked at. */
int watch_start(const struct og_watch_opts *o, const struct kube_seam *s, struct og_watch **ret,
	struct og_err *err);
void watch_state(struct og_watch *w, enum og_watch_state s, const struct og_err *why, int http,
	struct og_sv rule);
void watch_synced(struct og_watch *w);
void watch_disconnected(struct og_watch *w, bool is);
/* Notes what the list under way waits for, or that none is. */
void watch_note_waits(struct og_watch *w);
/* The store has the whole: says so, and goes on to watch. */
void watch_whole(struct og_watch *w, bool streamed);
/* Begins what is due, in so many milliseconds. */
void watch_in(struct og_watch *w, int64_t ms);
void watch_list_anew(struct og_watch *w, enum watch_list_cause cause);
int64_t watch_jitter(struct og_watch *w, int64_t ms); /* ms to twice that */
/* Timers are always set, so that moving them cannot fail. */
void watch_at(struct og_watch *w, struct og_timer *t, int64_t at_ns);
void watch_never(struct og_watch *w, struct og_timer *t);
/* A mark in `error`, without another state. */
void watch_note(struct og_watch *w, const struct og_err *why);
void watch_full(struct og_watch *w, const struct og_err *why);

/* ---- watch_request.c ---- */
void watch_look(void *watch);
/* Begins what is due now. */
void watch_begin(void *watch);
/* Ends the request under way as if it had ended by itself. */
void watch_cut(struct og_watch *w, enum watch_verdict v, struct og_err *why);

/* ---- watch_item.c ---- */
void watch_object(struct og_watch *w, struct og_jval object, bool deleted);
int watch_list_item(void *watch, struct og_sv part);
int watch_list_envelope(void *watch, struct og_sv json, bool complete);
int watch_event(void *watch, struct og_sv part);

/* ---- watch_verdict.c ---- */
enum watch_verdict watch_judge(
	int http, struct og_sv reason, struct og_sv cause, struct og_sv message);
/* A request has ended: decides what comes next. */
void watch_ended(struct og_watch *w, enum watch_verdict v, const struct og_err *why, int http,
	struct og_sv rule);
int64_t watch_backoff(struct og_watch *w);
