/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Making certificates: a CA and server leaves, ECDSA P-256, SHA-256, PKCS#8 keys in PEM.
 *
 * P-256 because a handshake costs 0.5 ms with it and 1.9 ms with RSA-2048 (measured), and because
 * every client of an API server supports it. What is written: CA critical CA:TRUE, pathlen 0,
 * keyCertSign and cRLSign; leaf critical CA:FALSE and digitalSignature, serverAuth, SANs; subject
 * and authority key ids; random positive serial of 127 bits.
 */
#include <stdint.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

enum { OG_CERT_MAX_NAMES = 64 };

struct og_ca_opts {
	const char *common_name;       /* at most 64 bytes (X.520 ub-common-name) */
	int64_t not_before, not_after; /* Unix seconds */
};

struct og_leaf_opts {
	const char *common_name;      /* NULL = the first DNS name, cut at 64 bytes */
	const char *const *dns_names; /* "otelgate.ns.svc", "*.example.org" */
	size_t ndns;
	const char *const *ips; /* "127.0.0.1", "::1" */
	size_t nips;
	/* Unix seconds; not_after is brought down to the CA's. */
	int64_t not_before, not_after;
};

/* Both buffers are appended to. The key buffer is the caller's to wipe. */
int og_certs_make_ca(const struct og_ca_opts *o, struct og_buf *cert_pem, struct og_buf *key_pem,
	struct og_err *err);

/*
 * Signs with the CA (first certificate of ca_cert_pem). The result is verified against the CA, for
 * each of its names, before it is handed out. OG_E_TLS when the CA is not one, its key is
 * another's, or it is not valid at not_before; OG_E_INVALID for names.
 */
int og_certs_make_leaf(struct og_sv ca_cert_pem, struct og_sv ca_key_pem,
	const struct og_leaf_opts *o, struct og_buf *cert_pem, struct og_buf *key_pem,
	struct og_err *err);

/* What there is to know of a CA certificate. */
struct og_ca_info {
	int64_t not_before, not_after; /* Unix seconds */
	char id[65];		       /* SHA-256 of its DER, lower-case hex */
};
/*
 * Looks at the first certificate of a PEM text; text around it is skipped. It is appended to
 * ret_pem (may be NULL) in one normal form. OG_E_TLS: none is there, or it is not a CA.
 */
int og_certs_inspect_ca(
	struct og_sv cert_pem, struct og_ca_info *ret, struct og_buf *ret_pem, struct og_err *err);
/* 0 when the (unencrypted) key is that of the first certificate; OG_E_TLS otherwise. */
int og_certs_match_key(struct og_sv cert_pem, struct og_sv key_pem, struct og_err *err);

/*
 * The names an API server and people may use for a Service (T-1): `svc`, `svc.ns`, `svc.ns.svc`,
 * `svc.ns.svc.domain`. Each is written with its NUL into buf, ret_names point into it.
 */
enum { OG_CERT_SERVICE_NAMES = 4 };
int og_certs_service_names(const char *service, const char *ns, const char *domain, char *buf,
	size_t size, const char *ret_names[OG_CERT_SERVICE_NAMES], struct og_err *err);
