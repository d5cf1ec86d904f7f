/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An API server in memory for tests that turn the clock themselves: a few objects, watches that
 * bring them late, writes that take a while and fail on demand: fake_seam.
 */
#include <jansson.h>
#include "otelgate/kube/client.h"
#include "otelgate/kube/watch.h"
#include "support/fakeclock.h"

enum { FAKE_OBJECTS = 16, FAKE_WATCHES = 64 };

struct fake_object {
	char path[200]; /* "/api/v1/namespaces/x/secrets/name" */
	json_t *json;	/* NULL = deleted, or never there */
	uint64_t rv;
};

struct fake_api {
	struct fake_object objects[FAKE_OBJECTS];
	struct og_watch *watches[FAKE_WATCHES];
	uint64_t rv;
	int64_t latency_ms; /* of requests and of events: each draws up to this */
	bool away;	    /* nothing is answered, no event comes */
	uint64_t random;
	unsigned creates, patches, conflicts, refused;
	/* Returns 0, or the HTTP code of a refusal. NULL = all is allowed. */
	int (*refuse)(enum og_kube_verb v, const char *resource);
	/* When set, watches of this resource are forbidden. */
	const char *forbidden;
};
extern struct fake_api fake;

void fake_init(uint64_t seed); /* also anew */
void fake_fini(void);
/* A client on a loop of its own clock. */
struct og_kube *fake_client(struct og_loop *l);
void fake_client_free(struct og_kube *k);

/* By hand, as kubectl would; `json` is the whole object. NULL deletes. */
void fake_put(const char *path, const char *json);
json_t *fake_get(const char *path); /* borrowed; NULL = not there */
/* After a change of `forbidden` or `away`. */
void fake_tell_watches(void);
/* The server is back: lost requests have failed, watches resume. */
void fake_back(void);
