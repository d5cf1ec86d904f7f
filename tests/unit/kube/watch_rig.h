/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A watch on a scripted client, with what listeners and states tell, for the tests of watches.
 */
#include "../../../src/kube/watch-priv.h"
#include "fake_kube.h"
#include "support/suite.h"

static struct og_store *store;
static struct og_watch *watch;
static struct og_buf told, states;
static struct og_watch_info info;

static inline void listener(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	(void)ctx;
	const struct og_record *r = now ? now : old;
	if (!r)
		og_buf_lit(&told, "! ");
	else
		og_buf_fmt(&told, "%c%.*s@%.*s%s ", "+~-"[what], OG_SV_ARG(r->name),
			OG_SV_ARG(r->resource_version), stale ? "?" : "");
}

static inline void on_state(void *ctx, enum og_watch_state s, const struct og_err *why)
{
	ck_assert_ptr_eq(ctx, &states);
	ck_assert(s != OG_WATCH_SYNCED || og_store_synced(store));
	(void)why;
	og_buf_fmt(&states, "%s ", og_watch_state_name(s));
}

#define ck_text(buf, want)                                      \
	do {                                                    \
		og_buf_lit(&(buf), "");                         \
		ck_assert_str_eq((buf).p ? (buf).p : "", want); \
		og_buf_reset(&(buf));                           \
		if ((buf).p)                                    \
			(buf).p[0] = '\0';                      \
	} while (0)
#define ck_told(want)  ck_text(told, want)
#define ck_turns(want) ck_text(states, want)

static struct og_store_opts store_opts;
static struct og_watch_opts opts;

static inline void begin(void)
{
	ck_assert_int_eq(og_store_new(&store_opts, &store, NULL), 0);
	ck_assert_int_eq(og_store_listen(store, listener, NULL, NULL), 0);
	opts.store = store;
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(watch_start(&opts, &fake.seam, &watch, &err) == 0, "%s", err.msg);
}

static inline void setup(void)
{
	fake_init();
	og_buf_init(&told, 0);
	og_buf_init(&states, 0);
	og_buf_reserve(&told, 1000);
	og_buf_reserve(&states, 1000);
	store_opts = (struct og_store_opts){.name = "things", .seed = 3};
	opts = (struct og_watch_opts){.res = {.group = OG_SV("apps"),
					      .version = OG_SV("v1"),
					      .resource = OG_SV("things")},
		.seed = 11,
		.on_state = on_state,
		.ctx = &states};
	watch = NULL;
	store = NULL;
}

static inline void teardown(void)
{
	og_watch_stop(watch);
	ck_assert(!fake.live);
	og_store_free(store);
	fake_fini();
	og_buf_fini(&told);
	og_buf_fini(&states);
}

static inline void look(void)
{
	og_watch_info(watch, &info);
}

/* What the request under way has to be. "" = without; limit 0 = without. */
static inline void ck_param(const char *key, const char *want)
{
	const char *got = fake_param(key);
	ck_assert_msg(want ? got && strcmp(got, want) == 0 : !got, "%s is %s, not %s (%s)", key,
		got ? got : "absent", want ? want : "absent", fake.query);
}

static inline void ck_list(const char *rv, const char *limit, const char *cont)
{
	ck_assert(fake.live);
	ck_assert_int_eq(fake.r.verb, OG_KUBE_LIST);
	ck_param("resourceVersion", rv);
	ck_param("limit", limit);
	ck_param("continue", cont);
	ck_param("watch", NULL);
	ck_param("resourceVersionMatch", NULL);
	ck_assert_int_eq(fake.r.deadline_ms, 600000);
	ck_assert_int_gt(fake.r.idle_ms, 0);
}

static inline void ck_stream(const char *rv, bool initial)
{
	ck_assert(fake.live);
	ck_assert_int_eq(fake.r.verb, OG_KUBE_WATCH);
	ck_param("resourceVersion", rv);
	ck_param("allowWatchBookmarks", "true");
	ck_param("sendInitialEvents", initial ? "true" : NULL);
	ck_param("resourceVersionMatch", initial ? "NotOlderThan" : NULL);
	ck_param("limit", NULL);
	int seconds = (int)strtol(fake_param("timeoutSeconds"), NULL, 10);
	ck_assert(seconds >= 300 && seconds <= 600);
	ck_assert_int_eq(fake.r.deadline_ms, -1);
	ck_assert_int_eq(fake.r.idle_ms, 0);
}
#define ck_watch(rv)   ck_stream(rv, false)
#define ck_initial(rv) ck_stream(rv, true)

static inline void ck_state(enum og_watch_state want)
{
	look();
	ck_assert_msg(
		info.state == want, "state is %s: %s", og_watch_state_name(info.state), info.error);
}

#define LIST(rv, cont, items)                                                                        \
	"{\"kind\":\"ThingList\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"resourceVersion\":\"" rv \
	"\",\"continue\":\"" cont "\"},\"items\":[" items "]}"
#define OBJ(name, rv)	   "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" rv "\"}}"
#define EV(type, name, rv) "{\"type\":\"" type "\",\"object\":" OBJ(name, rv) "}\n"
#define MARK(rv)                                                                     \
	"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" rv \
	"\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n"
#define BOOKMARK(rv) \
	"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" rv "\"}}}\n"
#define ERR(code, reason)                                                     \
	"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":" #code \
	",\"reason\":\"" reason "\",\"message\":\"m\"}}\n"

/* Synced by a plain list at version 10 with a and b, and the watch is open. */
static inline void synced(void)
{
	opts.no_watch_list = true;
	begin();
	ck_assert_int_ge(fake_wait(0), 0);
	fake_list(LIST("10", "", OBJ("a", "1") "," OBJ("b", "2")));
	ck_assert_int_ge(fake_wait(0), 0);
	ck_watch("10");
	fake_open();
	fake_advance(2100);
	ck_state(OG_WATCH_SYNCED);
	ck_told("+a@1 +b@2 ! ");
	ck_turns("synced ");
}

static inline TCase *watch_tcase(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return tc;
}
