/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A certificate chain and its key, from PEM files or text, checked before anything serves them.
 *
 * Refused: not PEM; no certificate; key missing, of another certificate or with a passphrase;
 * signatures with SHA-1 or MD5 (Kubernetes clients reject them, T-1); RSA below 2048 bits, EC
 * below 256; no SAN (Go ignores the common name); no serverAuth where purposes are listed; a
 * leaf that is a CA; a chain that is not in order, each certificate signed by the next.
 * Warned about, since serving is still the lesser evil: expired, not yet valid, less than a day
 * left, key types with slow handshakes or poor client support.
 */
#include <stdint.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

enum {
	OG_TLS_PAIR_CERT_BYTES = 256 << 10, /* a chain of ten is about 20 KiB */
	OG_TLS_PAIR_KEY_BYTES = 64 << 10,
	OG_TLS_PAIR_CHAIN = 10,
	OG_TLS_PAIR_WARNINGS = 4,
};

struct og_tls_pair {
	struct og_buf cert_pem, key_pem; /* as read; the key is wiped by fini */
	char hash[65];		       /* SHA-256 of both, lower-case hex: has anything changed? */
	char serial[65];	       /* leaf, lower-case hex */
	char subject[128];	       /* leaf, RFC 2253, cut */
	char key_type[32];	       /* "EC P-256", "RSA 2048" */
	int64_t not_before, not_after; /* leaf, Unix seconds */
	unsigned chain_len;
	struct og_buf names; /* SANs, each followed by '\n': DNS names and addresses */
	unsigned nwarnings;
	char warnings[OG_TLS_PAIR_WARNINGS][160];
};

/* `now` in Unix seconds, for the warnings. On an error *ret is as after fini. */
int og_tls_pair_parse(struct og_tls_pair *ret, struct og_sv cert_pem, struct og_sv key_pem,
	int64_t now, struct og_err *err);
/* Regular files only. The paths are named in errors, their content never. */
int og_tls_pair_load(struct og_tls_pair *ret, const char *cert_path, const char *key_path,
	int64_t now, struct og_err *err);
void og_tls_pair_fini(struct og_tls_pair *p);
#define og_auto_tls_pair __attribute__((cleanup(og_tls_pair_fini)))

/* Whether a client that asks for `host` (name or address) accepts the leaf's SANs. */
bool og_tls_pair_names_host(const struct og_tls_pair *p, const char *host);
