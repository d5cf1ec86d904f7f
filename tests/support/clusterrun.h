/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Commands of the program against a simulated API server, within the test's process. */
#include <check.h>
#include <stdbool.h>
#include "otelgate/base/str.h"
#include "sim/sim.h"

extern struct og_sim *clr_sim;
void clr_setup(void);
void clr_teardown(void);
void clr_crd(const char *kind); /* "workloadtelemetries" */
void clr_putf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Requests are made with this token from now on; NULL = the admin's. */
void clr_as(const char *token);
/* A user with these rules (og_sim_allow), and its token "t-USER". */
void clr_user(const char *user, const char *rules);
const char *clr_kubeconfig(void); /* path */
/* RFC 3339, so many seconds ago; one of 16 buffers in turn. */
const char *clr_ago(long seconds);

/* Runs `otelgate ARGS --kubeconfig …`; what it wrote stands in clr_out and clr_err. */
int clr_run(const char *const *args);
#define CLR_RUN(...) clr_run((const char *const[]){__VA_ARGS__, NULL})
/* The next run reads standard input from a terminal where this is typed ("y\n"). */
void clr_type(const char *text);
extern struct og_buf clr_out, clr_err;
/* [any thread] Whether the command that runs has written it to standard error so far. */
bool clr_said_so_far(const char *text);
/* Whether it was said, on either; shows both when not. */
bool clr_says(const char *text);
/* The output is that of tests/golden/<name>; OG_GOLDEN_WRITE=1 writes it. */
void clr_golden(const char *name);
