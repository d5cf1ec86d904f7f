/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One HTTP/1.1 request over TLS, blocking, with a deadline: what `review` needs and nothing more.
 * No redirects, no proxies, no keep-alive.
 */
#include <stdint.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

struct og_https_request {
	const char *url;	 /* https://HOST[:PORT]/PATH[?QUERY] */
	const char *ca_file;	 /* PEM; NULL = the system's store */
	const char *server_name; /* to verify and to send; NULL = the URL's host */
	bool insecure;		 /* no verification at all */
	const char *content_type;
	struct og_sv body;
	unsigned timeout_ms; /* for everything together */
};

struct og_https_answer {
	int status;
	struct og_buf body; /* capped at 64 MiB; fini by the caller */
	int64_t took_ns;    /* from the first byte sent to the last one read */
};

/*
 * Errors: INVALID (URL, CA file), IO (connection), TLS (handshake, certificate), TIMEOUT, PARSE
 * (not HTTP), LIMIT, OOM. An HTTP status other than 200 is no error.
 */
int og_https_post(
	const struct og_https_request *rq, struct og_https_answer *ret, struct og_err *err);
