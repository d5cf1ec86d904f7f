/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The running authority: everything on the loop's thread, but `info` under its lock. */
#include <pthread.h>
#include "authority-priv.h"
#include "otelgate/kube/watch.h"

struct og_authority;

/* What it calls; tests put an API server of their own behind it. */
struct authority_seam {
	struct og_loop *(*loop)(const struct og_kube *k);
	int (*start)(struct og_kube *k, const struct og_kube_request *r, struct og_kube_call **ret,
		struct og_err *err);
	void (*cancel)(struct og_kube_call *c);
	int (*watch_start)(
		const struct og_watch_opts *o, struct og_watch **ret, struct og_err *err);
	void (*watch_stop)(struct og_watch *w);
	void (*watch_poke)(struct og_watch *w);
};
int authority_start(const struct og_authority_opts *o, const struct authority_seam *seam,
	struct og_authority **ret, struct og_err *err);

/* One watched object; the store keeps its identity alone, the rest is read when it arrives. */
struct watched {
	struct og_authority *a;
	struct og_store *store;
	struct og_watch *watch;
	enum og_watch_state state;
	bool known; /* whether it is there has been told */
	char error[400];
};

struct user_pair {
	char resource_version[64];
	struct og_buf cert, key, ca; /* key is wiped */
};

struct watched_config {
	struct watched w;
	char *name;
	struct config_seen *seen, *incoming;
	bool was_current;
	char current_id[65]; /* the bundle it was current with */
	struct og_kube_call *call;
	int64_t due_ns; /* 0 = no write is wanted */
	int64_t pause_ns;
	unsigned failures;
	char error[400];
};

struct og_authority {
	struct og_authority_opts o;
	const struct authority_seam *seam;
	struct og_arena strings; /* of the options */
	struct og_loop *loop;
	struct og_timer timer;
	uint64_t random;
	bool acting;

	struct watched secret_watch;
	struct secret_seen *secret, *incoming;	/* SELF */
	struct user_pair *user, *user_incoming; /* SECRET */
	struct ca remembered;			/* owns pem; no key */
	struct og_buf bundle;
	char bundle_id[65];

	struct watched_config config[AUTHORITY_CONFIGURATIONS];
	size_t nconfig;
	int64_t carried_since_ns; /* 0 = not carried */
	char carried_id[65];

	bool have_leaf;
	char leaf_issuer[65], leaf_hash[65];
	int64_t leaf_not_before, leaf_not_after;
	int64_t signed_ns, made_ca_ns[AUTHORITY_MADE]; /* monotonic; 0 = never; latest first */

	struct og_kube_call *call; /* a write of the Secret */
	enum authority_write wanted, writing;
	int64_t due_ns, pause_ns;
	unsigned failures;
	char write_error[400], leaf_error[200], said_error[512];

	pthread_mutex_t lock;
	struct og_authority_info info;
};

/* authority_act.c */
void authority_act(struct og_authority *a); /* looks, decides, acts, sets the timer */

/* authority_push.c */
void authority_say(struct og_authority *a, const char *what);
/* Each starts what is due, and brings *wake_ns forward to the next thing that is. */
void authority_write(
	struct og_authority *a, const struct authority_plan *p, int64_t now_ns, int64_t *wake_ns);
void authority_publish(struct og_authority *a, int64_t now_ns, int64_t *wake_ns);
void authority_earlier(int64_t *wake_ns, int64_t at_ns);

/* authority_leaf.c */
void authority_sign(struct og_authority *a, const struct ca *ca, bool urgent);
void authority_take_user(struct og_authority *a);
struct user_pair *user_pair_read(struct og_jval object, struct og_arena *scratch);
void user_pair_free(struct user_pair *u);
