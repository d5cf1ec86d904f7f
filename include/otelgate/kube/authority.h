/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The webhook's certificates without any other tool: a CA in a Secret that all replicas share,
 * a leaf in the memory of each, and the `caBundle` of the MutatingWebhookConfiguration.
 *
 * The Secret is the only truth: every replica derives leaf and bundle from it, every write carries
 * the resourceVersion it was decided on, so that any number of replicas may run this at once
 * without an election. Rotation overlaps (T-9): the Secret gets a second CA, the bundle holds both,
 * leaves are signed by the new one only after every configuration has carried both for a while, and
 * the old one is dropped when the last leaf it signed has ended.
 */
#include "otelgate/kube/client.h"

struct og_authority;

enum og_authority_source {
	OG_AUTHORITY_SELF,   /* we make CA and leaf */
	OG_AUTHORITY_SECRET, /* a kubernetes.io/tls Secret of cert-manager's or the user's */
};

struct og_authority_opts {
	struct og_kube *kube;
	enum og_authority_source source;
	const char *ns;			   /* of the Secret */
	const char *secret;		   /* "otelgate-webhook-ca", or the user's */
	const char *const *configurations; /* MutatingWebhookConfigurations to keep; NULL = none */
	size_t nconfigurations;
	const char *const *dns_names; /* of the leaf */
	size_t ndns;
	const char *const *ips;
	size_t nips;
	int64_t ca_days;   /* 0 = 365, renewed with a third left (T-4) */
	int64_t leaf_ms;   /* 0 = 7 days */
	int64_t settle_ms; /* 0 = 60 s: both CAs published before the new one signs (T-9) */
	int64_t ca_ms;	   /* for tests: life of a CA instead of ca_days; 0 = not used */
	struct og_metrics *metrics;
	uint64_t seed;
	void *ctx;
	/* A pair to serve with from now on; copied by the callee. */
	int (*on_pair)(void *ctx, struct og_sv cert_pem, struct og_sv key_pem, struct og_err *err);
	/* Something to say: state has changed, for log and readiness. `what` is a sentence's
	 * beginning; err NULL = it is good news. Optional. */
	void (*on_state)(void *ctx, const char *what, const struct og_err *err);
};
int og_authority_start(
	const struct og_authority_opts *o, struct og_authority **ret, struct og_err *err);
void og_authority_stop(struct og_authority *a); /* NULL is fine */

/* [any thread] How it stands. */
struct og_authority_info {
	bool have_pair;
	bool bundles_current; /* every configuration that is there carries our CAs */
	bool seen;	      /* Secret and configurations are known to be there or not */
	unsigned found;	      /* configurations that are there */
	unsigned cas;	      /* in the bundle: 2 during a rotation */
	int64_t ca_not_after, leaf_not_after; /* Unix seconds */
	uint64_t leafs, bundle_writes, bundle_repairs, rotations;
	char waiting[128]; /* for what a rotation waits; "" = for nothing */
	char error[512];   /* "" = none */
};
/* Looks again at once at what is forbidden, absent or away: rights may have changed. On the loop's
 * thread; NULL is fine. */
void og_authority_poke(struct og_authority *a);
void og_authority_info(struct og_authority *a, struct og_authority_info *ret);
