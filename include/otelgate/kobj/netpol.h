/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * networking.k8s.io/v1 NetworkPolicy: reading a spec, and what one rule of it says.
 * Source of the meanings: kubernetes staging/src/k8s.io/api/networking/v1/types.go, defaults
 * pkg/apis/networking/v1/defaults.go, limits pkg/apis/networking/validation/validation.go.
 */
#include "otelgate/kobj/selector.h"

enum og_l4 { OG_L4_TCP, OG_L4_UDP, OG_L4_SCTP, OG_L4_COUNT_ };
const char *og_l4_name(enum og_l4 p); /* "TCP" */
/* The word as Kubernetes spells it; false for others. */
bool og_l4_parse(struct og_sv word, enum og_l4 *ret);

/* An address. IPv4 uses the first four bytes; an IPv4-mapped IPv6 address is IPv4. */
struct og_ip {
	unsigned char b[16];
	bool v6;
};
/* Leading zeros of IPv4 numbers are decimal, as Kubernetes reads them; no zone, no brackets. */
bool og_ip_parse(struct og_sv s, struct og_ip *ret);
bool og_ip_eq(const struct og_ip *a, const struct og_ip *b);

struct og_cidr {
	struct og_ip ip; /* host bits are zero */
	unsigned char bits;
};
/* "10.0.0.0/8"; a prefix length is required. Host bits that are set are dropped. */
bool og_cidr_parse(struct og_sv s, struct og_cidr *ret);
/* False when they are not of one family. */
bool og_cidr_has(const struct og_cidr *c, const struct og_ip *ip);

struct og_netpol_port {
	enum og_l4 protocol;
	bool any;	   /* every port of the protocol */
	struct og_sv name; /* of a container's port; "" = by number */
	uint16_t from, to; /* both inclusive */
};

struct og_netpol_peer {
	bool block; /* an ipBlock; else selectors */
	struct og_cidr cidr;
	const struct og_cidr *except;
	uint32_t nexcept;
	/* Not present: pods = all pods of the namespaces; ns = the policy's own namespace. */
	struct og_selector ns, pods;
};

struct og_netpol_rule {
	const struct og_netpol_peer *peers; /* none = every peer */
	uint32_t npeers;
	const struct og_netpol_port *ports; /* none = every port */
	uint32_t nports;
};

enum og_netpol_dir { OG_NETPOL_INGRESS, OG_NETPOL_EGRESS, OG_NETPOL_DIRS };

struct og_netpol {
	struct og_sv ns, name;	 /* the caller's */
	bool unreadable;	 /* the caller's: in force, but nobody knows what it says */
	struct og_selector pods; /* always present in what was read; without requirements: all */
	bool isolates[OG_NETPOL_DIRS];
	const struct og_netpol_rule *rules[OG_NETPOL_DIRS]; /* none although it isolates = closed */
	uint32_t nrules[OG_NETPOL_DIRS];
};

/* Rules, peers, ports and exceptions of one policy together. */
enum { OG_NETPOL_MAX_PARTS = 50000 };

/*
 * Reads `spec`. What the API server would refuse is refused here, and so is every field that is not
 * known: a policy that is understood by half could say the opposite. Views are borrowed from the
 * document. Errors: CONFIG with the path below the spec, LIMIT, OOM.
 */
int og_netpol_read(
	struct og_jval spec, struct og_arena *arena, struct og_netpol *ret, struct og_err *err);
