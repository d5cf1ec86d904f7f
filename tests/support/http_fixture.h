/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A server with routes for tests. One per process.
 *
 *   POST /echo   the body (JSON, not empty, limited)   POST /any   the body, whatever it is
 *   GET /healthz "ok\n"                                 GET /big?n= n bytes
 *   POST /gate   like /echo, after gate_open()          GET /worker the worker's index
 *   GET /q?a=    the parameter                          GET /fail   an answer that cannot be made
 */
#include "otelgate/net/httpd.h"

struct pki {
	struct og_buf ca, ca_key, cert, key;
};
/* A CA and a leaf for localhost, 127.0.0.1, ::1. */
bool pki_make(struct pki *p);
/* Another leaf of the same CA. */
bool pki_leaf(const struct pki *p, struct og_buf *cert, struct og_buf *key);
void pki_fini(struct pki *p);

/* Options with the routes and callbacks filled in; pki NULL = plain. */
struct og_httpd_opts fixture_opts(const struct pki *pki);
/* Requests now waiting in /gate; waits until there are n. False after 15 s. */
bool gate_wait(unsigned n);
void gate_open(void);
void gate_shut(void);
unsigned fixture_log_lines(void);
unsigned fixture_done(int status); /* done callbacks with that status */
unsigned fixture_workers_alive(void);
/* Waits until a condition on the stats holds; false after 15 s. */
bool fixture_until(const struct og_httpd *s, bool (*ok)(const struct og_httpd_stats *, uint64_t),
	uint64_t arg);
