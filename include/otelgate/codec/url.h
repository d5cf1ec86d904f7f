/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * URLs as otelgate meets them: absolute http and https URLs (RFC 3986 §3, RFC 9110 §4.2), and
 * "host:port" for gRPC. Strict; nothing is repaired. Messages name the byte and the fix and never
 * quote the text, which may hold a credential.
 */
#include <stdbool.h>
#include <stdint.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

enum og_url_host { OG_URL_NAME, OG_URL_IPV4, OG_URL_IPV6 };

/* Views into the parsed text. */
struct og_url {
	bool https;
	enum og_url_host host_kind;
	struct og_sv host; /* as written; IPv6 without the brackets */
	uint16_t port;	   /* 80 or 443 when not written */
	bool port_written;
	struct og_sv path; /* empty or with its "/"; still percent-encoded, as the next two */
	struct og_sv query, fragment; /* without "?" and "#" */
	bool has_query, has_fragment;
};

/* Longest text that is read. */
enum { OG_URL_BYTES = 8192 };

/*
 * Reads an absolute URL. A user name or password in it is refused. Errors: PARSE, LIMIT, and
 * UNSUPPORTED for other schemes.
 */
int og_url_parse(struct og_sv text, struct og_url *ret, struct og_err *err);

/* Reads "host", "host:port" or "[v6]:port". default_port 0 = the port must be written. */
int og_url_parse_hostport(
	struct og_sv text, uint16_t default_port, struct og_url *ret, struct og_err *err);

/* Whether the host is this machine by name or number: "localhost", 127.0.0.0/8, ::1 in any of its
 * spellings. Other names are not resolved. */
bool og_url_is_loopback(const struct og_url *u);

/* Appends "host:port", IPv6 with its brackets: for connecting, comparing, Host headers. */
void og_url_put_hostport(struct og_buf *b, const struct og_url *u);
