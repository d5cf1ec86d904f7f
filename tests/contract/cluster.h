/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Contract tests: what otelgate expects of an API server, asserted against the simulator, and
 * against a real one when OG_CONTRACT_KUBECONFIG names the kubeconfig of an administrator. The
 * client is plain libcurl and jansson, so that it shares no fault with the product's.
 */
#include <check.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "sim/sim.h"

struct ct_reply {
	int rc; /* CURLcode */
	long code;
	char *body; /* NUL-terminated */
	size_t len;
	json_t *json;	   /* NULL when the body is none */
	char type[128];	   /* Content-Type */
	char encoding[32]; /* Content-Encoding */
	char warning[512]; /* the first Warning header */
	char retry[16];	   /* Retry-After */
	double seconds;
};

/* What differs from a plain request; reset after each one. */
struct ct_options {
	const char *type;   /* Content-Type of the body; NULL = application/json */
	const char *accept; /* NULL = application/json */
	const char *as;	    /* Impersonate-User */
	const char *agent;  /* User-Agent */
	bool gzip, anonymous;
	const char *token;	   /* instead of the admin's credentials */
	double seconds;		   /* time limit; 0 = 30 */
	struct og_buf *cert, *key; /* of a client, instead of the credentials */
};
extern struct ct_options ct_opt;

/* Checked fixtures of every case: a cluster, and a namespace of its own in ct_ns. */
void ct_setup(void);
void ct_teardown(void);
bool ct_real(void);
struct og_sim *ct_sim(void);	       /* NULL on a real cluster */
extern struct og_sim_opts ct_sim_opts; /* of the simulators that ct_setup starts */
extern char ct_ns[64];

/*
 * One request. `path` and `body` may hold %s for the namespace, the path @ too; in the body '
 * stands for ". The reply is valid until the 16th later one.
 */
struct ct_reply *ct(const char *method, const char *path, const char *body);
/* The same, when the transfer may fail: see rc. */
struct ct_reply *ct_try(const char *method, const char *path, const char *body);
/* The same, and the code has to be `code`. */
struct ct_reply *ct_want(long code, const char *method, const char *path, const char *body);

/* A value below by path: "metadata.name", "items.0.spec"; NULL when absent. */
json_t *ct_at(const json_t *o, const char *path);
/* Text below; "" when absent or not a text. */
const char *ct_text(const json_t *o, const char *path);
long long ct_int(const json_t *o, const char *path); /* -1 when absent */

/* JSON with ' for ", ` for ' and %s for the namespace; valid until the 16th later one. */
const char *ct_json(const char *text);

/* Lines of a watch: reads until `events` came, or the server ends it, or `seconds` passed. */
struct ct_watch {
	json_t *events; /* array of {type, object} */
	long code;
	char *rest; /* bytes behind the last line */
	bool timed_out;
};
struct ct_watch *ct_watch(const char *path, size_t events, int seconds);
/* A request without a body from another thread, in that time; and waits for its end. */
void ct_later(int ms, const char *method, const char *path);
void ct_later_done(void);
/* "ADDED a" … of event i. */
const char *ct_event(const struct ct_watch *w, size_t i);

/* Asserts the parts of a Status. NULL = not looked at. */
void ct_status(const struct ct_reply *r, long code, const char *reason, const char *message);

/* resourceVersion of a reply's object or list. */
const char *ct_rv(const struct ct_reply *r);
/* A ConfigMap in the namespace, with a label "n" and data.x. */
struct ct_reply *ct_configmap(const char *name, const char *label);
/* Waits until GET of the path answers with the code, at most some minutes. */
bool ct_wait(const char *path, long code);

Suite *suite_discovery(void);
Suite *suite_objects(void);
Suite *suite_list(void);
Suite *suite_watch(void);
Suite *suite_patch(void);
Suite *suite_apply(void);
Suite *suite_delete(void);
Suite *suite_validation(void);
Suite *suite_access(void);
Suite *suite_kinds(void);
Suite *suite_admission(void);
Suite *suite_rollout(void);
Suite *suite_network(void);
Suite *suite_grants(void);
Suite *suite_pods(void);

#define CT_CASE(suite, name, ...)                                                \
	do {                                                                     \
		const TTest *const tests_[] = {__VA_ARGS__};                     \
		TCase *tc_ = tcase_create(name);                                 \
		tcase_add_checked_fixture(tc_, ct_setup, ct_teardown);           \
		tcase_set_timeout(tc_, 300);                                     \
		for (size_t i_ = 0; i_ < sizeof(tests_) / sizeof(*tests_); i_++) \
			tcase_add_test(tc_, tests_[i_]);                         \
		suite_add_tcase((suite), tc_);                                   \
	} while (0)
