/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "curl-priv.h"
#include "otelgate/codec/url.h"
#include "otelgate/net/httpc.h"

enum {
	HTTPC_HEAD_BYTES = 256 << 10, /* of one head; kube-apiserver's are below 2 KiB */
	HTTPC_CONNECT_MS = 10000,
	HTTPC_CONNECTIONS = 64,
};

/* A head as it comes in, line by line. */
struct og_httpc_head {
	struct og_buf lines; /* "name: value\n" … of the latest head */
	size_t seen;	     /* bytes of all heads, those of 1xx included */
	int status;	     /* of its status line; 0 = none was seen */
	bool complete;	     /* the empty line of a final head (not 1xx) was seen */
	bool length, chunked;
};
void httpc_head_init(struct og_httpc_head *h);
void httpc_head_fini(struct og_httpc_head *h);
/* One line with its end as libcurl hands it over. 0; 1 when it completes the final head; negative:
 * LIMIT, OOM. Trailers (lines after that) are ignored. */
int httpc_head_line(struct og_httpc_head *h, struct og_sv line);

/*
 * A socket of libcurl's. Until it is connected libcurl may close it without telling (7.88,
 * cf_socket_close of a socket that is "not active"), and have the next one under the same number;
 * only established ones are certain to be what they were. Those without a watch carry no call.
 */
struct httpc_sock {
	curl_socket_t fd;
	bool established;
	uint32_t events;
	struct og_loop_fd *watch;
	const struct og_httpc_call *call; /* that connects it; to be compared only */
	struct og_httpc *c;
	struct httpc_sock *next;
};

struct og_httpc {
	struct og_loop *loop;
	CURLM *multi; /* NULL after memory was out; made again when needed */
	long max_connections, max_per_host;
	struct og_timer timer;	/* libcurl's; set for ever, so that moving it cannot fail */
	struct og_timer repair; /* ends calls whose `failed` is set; likewise */
	char *user_agent;
	char *ca_file;	   /* SSL_CERT_FILE; NULL = libcurl's own place */
	long http_version; /* of https; nobody speaks HTTP/2 without TLS here */
	bool http1;	   /* a server has answered https in HTTP/1 */
	struct httpc_sock *socks;
	struct og_httpc_call *calls;
	struct og_httpc_stats stats;
	unsigned depth;	  /* inside libcurl: handles cannot be added or removed */
	unsigned holding; /* inside a function of ours that goes on using this structure */
	bool starved;	  /* all calls are to be ended */
	bool closed;	  /* freed from within: ends when nobody holds it */
};

struct og_httpc_call {
	struct og_httpc *c;
	struct og_httpc_call *prev, *next;
	CURL *easy;
	bool added;	     /* to the multi handle */
	bool dead;	     /* cancelled inside libcurl: to be removed afterwards */
	char cert[400];	     /* subject and issuer of the first that was not trusted; "" = none */
	enum og_code failed; /* to be ended with it by the repair timer */

	void *ctx;
	int (*on_head)(void *ctx, const struct og_httpc_head *h);
	int (*on_data)(void *ctx, struct og_sv chunk);
	void (*on_done)(void *ctx, const struct og_httpc_result *r);

	struct curl_slist *headers, *connect_to;
	char *body; /* wiped */
	size_t nbody;
	char hostport[300]; /* for messages */
	char verify_name[256];
	char error[CURL_ERROR_SIZE];
	bool repeatable; /* GET, HEAD */
	bool proxied;
	bool https;
	bool own;
	int64_t connect_ms, total_ms, idle_ms;
	uint64_t max_bytes;

	struct og_timer phase, total; /* connect, then silence */
	int64_t begin_ns, last_byte_ns;
	unsigned sendings; /* how often libcurl began to send the request */
	bool too_large, head_too_large, refused_by_callback, resent;
	struct og_httpc_head head;
	uint64_t body_bytes;
};

/* httpc_call.c: validates, and makes the easy handle with all its options. */
int httpc_call_make(struct og_httpc *c, const struct og_httpc_request *r,
	struct og_httpc_call **ret, struct og_err *err);
void httpc_call_free(struct og_httpc_call *call);
curl_socket_t httpc_sock_open(void *call, curlsocktype purpose, struct curl_sockaddr *a);
int httpc_sock_close(void *c, curl_socket_t fd);
int httpc_sock_setup(void *c, curl_socket_t fd, curlsocktype purpose);

/* httpc_sock.c */
int httpc_sock_watch(
	struct og_httpc *c, const struct og_httpc_call *call, curl_socket_t fd, uint32_t events);
void httpc_sock_unwatch(struct og_httpc *c, curl_socket_t fd);
/* The call is connected. */
void httpc_sock_established(struct og_httpc *c, const struct og_httpc_call *call);
/* Before and after a call leaves libcurl: sockets that it was connecting are closed by that. */
void httpc_sock_let_go(struct og_httpc *c, const struct og_httpc_call *call);
void httpc_sock_forget(struct og_httpc *c, const struct og_httpc_call *call);
void httpc_sock_free_all(struct og_httpc *c);

/* httpc.c: what libcurl calls during a transfer. */
void httpc_on_sock(void *sock, int fd, uint32_t events);
int httpc_on_prereq(void *call, char *ip, char *local, int port, int local_port);
size_t httpc_on_header(char *p, size_t size, size_t n, void *call);
size_t httpc_on_write(char *p, size_t size, size_t n, void *call);

/* httpc_cert.c */
/* Has each TLS connection of the call wipe what was read, and, where it is looked at, the
 * certificate that is not trusted put into call->cert. */
CURLcode httpc_set_context(struct og_httpc_call *call);

/* httpc_error.c */
enum httpc_limit { HTTPC_NO_LIMIT, HTTPC_LIMIT_CONNECT, HTTPC_LIMIT_IDLE, HTTPC_LIMIT_TOTAL };
/* Fills code, err, refused, reset of *r from what libcurl says. */
void httpc_explain(const struct og_httpc_call *call, CURLcode cc, struct og_httpc_result *r);
void httpc_explain_limit(
	const struct og_httpc_call *call, enum httpc_limit what, struct og_httpc_result *r);

/* httpc_global.c: libcurl's own initialisation, once. */
int httpc_global_init(struct og_err *err);
