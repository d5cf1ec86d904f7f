/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The running controller, on a thread of its own, against a simulated API server. */
#include <check.h>
#include <pthread.h>
#include <unistd.h>
#include "otelgate/controller/controller.h"
#include "sim/sim.h"

struct cr {
	struct og_controller_opts o;
	struct og_err err;
	char ports[300];
	uint16_t port;
	int stop[2], code;
	pthread_t thread;
};

/* The server of the test case, with the CRDs of the configuration and a temporary directory. */
extern struct og_sim *cr_sim;
void cr_setup(void);
void cr_teardown(void);
void cr_crd(const char *kind);	 /* "workloadtelemetries" */
void cr_put(const char *json);	 /* an object */
void cr_apply(const char *yaml); /* documents */
void cr_putf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The object's text, until the next call; NULL when there is none. */
const char *cr_get(const char *resource, const char *ns, const char *name);
bool cr_has(const char *resource, const char *ns, const char *name, const char *text);

/* Options as the controller's, with quick scans and plenty of writes; change them before begin. */
void cr_init(struct cr *r, const char *name);
/* Until it serves. `token` NULL = the admin's. */
void cr_begin(struct cr *r, const char *token);
int cr_end(struct cr *r);
/* Status of an ops path; the body until the next call. */
int cr_ops(struct cr *r, const char *path, const char **ret_body);
bool cr_says(struct cr *r, const char *path, const char *text);
/* The value of one series; -1 = it is not there. */
double cr_metric(struct cr *r, const char *series);

/* A bounded wait for something that another thread brings about. */
#define CR_UNTIL(condition)                                          \
	do {                                                         \
		int turns_ = 0;                                      \
		while (!(condition) && turns_++ < 2000)              \
			(void)usleep(10000);                         \
		ck_assert_msg((condition), "never: %s", #condition); \
	} while (0)
