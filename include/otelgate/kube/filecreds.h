/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Credentials in files that others rotate: tokens of service accounts, client certificates, CAs.
 * Passive: nothing happens but in the calls below, which take the time as an argument (monotonic
 * nanoseconds). Reading is a local file of a few kilobytes, done in the caller's thread. One thread
 * per object.
 */
#include <stdint.h>
#include "otelgate/kube/kubeconfig.h"

/*
 * Periods as client-go's: a token is read again when older than 60 s less 10 s (half the time
 * between the kubelet's refresh and the expiry of a ten-minute token: transport/token_source.go);
 * certificates are looked at every 5 minutes (cert_rotation.go, ca_rotation.go). After a failure
 * the next look is a second later at the earliest.
 */
#define OG_TOKEN_REREAD_NS (50 * INT64_C(1000000000))
#define OG_CERTS_REREAD_NS (300 * INT64_C(1000000000))
#define OG_CREDS_RETRY_NS  INT64_C(1000000000)

struct og_token_source {
	char *path_;
	struct og_secret token_, fallback_;
	int64_t read_at_;  /* when token_ was read */
	int64_t tried_at_; /* when reading failed last */
	bool failed_;
	struct og_err why_;
};

/*
 * `fallback` (unset or NULL = none) is used while the file has never been read. Copies what it is
 * given. Reads nothing yet. -OG_E_OOM.
 */
int og_token_source_init(struct og_token_source *s, const char *path,
	const struct og_secret *fallback, struct og_err *err);
void og_token_source_fini(struct og_token_source *s);
/*
 * The token, trimmed; borrowed until the next call. 0, or 1 when the file can't be read or is empty
 * and the token read before (or the fallback) is given: *err then says why, to be logged once in a
 * while. Negative when there is none at all.
 */
int og_token_source_get(
	struct og_token_source *s, int64_t now, const struct og_secret **ret, struct og_err *err);
/*
 * After a 401 on a request that was sent at `sent`: forgets a token that was read before that, so
 * that the next get reads the file. A token read since then stays. True when it was forgotten.
 */
bool og_token_source_drop(struct og_token_source *s, int64_t sent);

/* A client certificate with its key. */
struct og_cert_source {
	char *cert_path_, *key_path_;
	struct og_buf cert_;
	struct og_secret key_;
	int64_t looked_at_;
	bool have_, failed_;
	unsigned generation_;
	struct og_err why_;
};
int og_cert_source_init(
	struct og_cert_source *s, const char *cert_path, const char *key_path, struct og_err *err);
void og_cert_source_fini(struct og_cert_source *s);
/*
 * The pair, borrowed until the next call. *ret_generation changes with the content: connections
 * made with another one are to be closed. A pair that does not fit together (seen in the middle of
 * a rotation) counts as unreadable. 0, 1 and negative as og_token_source_get.
 */
int og_cert_source_get(struct og_cert_source *s, int64_t now, struct og_sv *ret_cert,
	const struct og_secret **ret_key, unsigned *ret_generation, struct og_err *err);

/* A CA bundle. */
struct og_ca_source {
	char *path_;
	struct og_buf pem_;
	int64_t looked_at_;
	bool have_, failed_;
	unsigned generation_;
	struct og_err why_;
};
int og_ca_source_init(struct og_ca_source *s, const char *path, struct og_err *err);
void og_ca_source_fini(struct og_ca_source *s);
int og_ca_source_get(struct og_ca_source *s, int64_t now, struct og_sv *ret_pem,
	unsigned *ret_generation, struct og_err *err);
/* The next get reads the file, whatever its age: after a certificate was not accepted. */
void og_ca_source_touch(struct og_ca_source *s);
