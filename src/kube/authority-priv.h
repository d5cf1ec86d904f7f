/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The authority in three parts: documents (what a Secret and a configuration say, what is written
 * into them), decisions (pure), and the binding to watches, requests and timers.
 *
 * Keys of the Secret:
 *   tls.crt, tls.key        the CA that signs
 *   next.crt, next.key      the one that will sign once every configuration carries it
 *   previous.crt            the one that signed before, still trusted
 *   previous.until          until when (RFC 3339)
 *   ca.crt                  all of them: what caBundle holds; derived, for people and other tools
 */
#include "otelgate/base/arena.h"
#include "otelgate/base/secret.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/kube/authority.h"
#include "otelgate/net/certs.h"

#define AUTHORITY_LABEL	      "app.kubernetes.io/managed-by"
#define AUTHORITY_LABEL_VALUE "otelgate"

enum {
	AUTHORITY_SKEW_S = 3600, /* certificates begin that much earlier (T-4) */
	AUTHORITY_BUNDLE_BYTES = 64 << 10,
	AUTHORITY_WEBHOOKS = 64, /* entries of one configuration that are looked at */
	AUTHORITY_CONFIGURATIONS = 8,
	AUTHORITY_MADE = 3, /* new CAs of one process before it pauses */
};

/* ---- documents ---- */

struct ca {
	bool given;		/* the key of the Secret is there and not empty */
	bool cert_ok;		/* a CA certificate */
	bool key_ok;		/* with its key */
	struct og_ca_info info; /* when cert_ok */
	struct og_buf pem;	/* normal form, when cert_ok */
	struct og_secret key;	/* when key_ok */
	char error[160];	/* what is wrong with it; "" = nothing */
};

struct secret_seen {
	char resource_version[64];
	char refused[200]; /* why it cannot be ours to write; "" = it is */
	struct ca current, next, previous;
	int64_t previous_until; /* Unix seconds */
	char bundle_id[65];	/* of what ca.crt holds; "" = nothing */
};
/* An object of kind Secret. NULL when memory is out. */
struct secret_seen *secret_seen_read(struct og_jval object, struct og_arena *scratch);
void secret_seen_free(struct secret_seen *s); /* NULL is fine */

/* All certificates of the Secret, ordered by their ids, so that promoting one changes nothing. */
int secret_bundle(const struct secret_seen *s, struct og_buf *out, struct og_err *err);
/* SHA-256, lower-case hex. */
int bundle_id(struct og_sv text, char ret[65], struct og_err *err);

/* The names of our leaf: an entry of a configuration is ours when it points to one of them. */
struct our_names {
	const char *const *dns;
	size_t ndns;
	const char *const *ips;
	size_t nips;
};
struct config_seen {
	char resource_version[64];
	bool injected_by_other; /* cert-manager's cainjector keeps its caBundle */
	uint32_t n;		/* entries of ours */
	struct {
		uint32_t index;
		char bundle_id[65]; /* of the decoded caBundle; "" = none, or not base64 */
	} v[AUTHORITY_WEBHOOKS];
};
/* A MutatingWebhookConfiguration. NULL when memory is out. */
struct config_seen *config_seen_read(
	struct og_jval object, const struct our_names *names, struct og_arena *scratch);
bool config_is_current(const struct config_seen *c, const char *bundle_id);
/* RFC 6902 with a test of the resourceVersion, for the entries that are not current. */
void config_patch(const struct config_seen *c, const char *bundle_id, struct og_sv bundle,
	struct og_buf *out);

/* ---- decisions ---- */

struct ca_view {
	bool cert_ok, key_ok;
	int64_t not_before, not_after;
	const char *id; /* "" = none */
};

struct authority_view {
	int64_t now; /* wall, Unix seconds */
	int64_t settle_ms;
	/* the Secret */
	bool secret_known; /* a watch has told whether it exists */
	bool secret_exists;
	bool secret_refused; /* not ours to write */
	struct ca_view current, next, previous;
	bool next_given, previous_given; /* their keys are there, whatever they hold */
	int64_t previous_until;
	bool bundle_in_secret; /* ca.crt is what it should be */
	/* the configurations */
	bool configs_known; /* each is known to be there or not */
	bool configs_carry; /* all that are there carry the bundle */
	int64_t carried_ms; /* for how long this process has seen so, by its monotonic clock */
	/* this process */
	struct ca_view remembered; /* the CA that was in the Secret before it went */
	bool have_leaf;
	const char *leaf_issuer; /* id */
	int64_t leaf_not_before, leaf_not_after;
	/* Monotonic, by this process; INT64_MAX = never. The CA is the last but AUTHORITY_MADE - 1.
	 */
	int64_t signed_ago_s, made_ca_ago_s;
};

enum authority_write {
	WRITE_NOTHING,
	WRITE_CREATE,	/* the Secret, with a new CA */
	WRITE_RECREATE, /* the same, with the remembered one beside it: its leaves are in use */
	WRITE_BEGIN,	/* a new CA becomes `next` */
	WRITE_PROMOTE,	/* `next` signs; the one before becomes `previous` */
	WRITE_DROP,	/* what is of no use any more goes: `previous`, a broken `next` */
	WRITE_BUNDLE,	/* ca.crt is repaired */
	WRITE_COUNT_
};
const char *authority_write_name(enum authority_write w);
enum authority_signer { SIGN_NOT, SIGN_CURRENT, SIGN_NEXT };

struct authority_plan {
	enum authority_write write;
	bool drop_next, drop_previous; /* DROP: which */
	enum authority_signer sign;
	bool sign_urgent;    /* nothing is served, or what is served loses its trust */
	bool publish;	     /* bring configurations up to date */
	const char *waiting; /* for what a rotation waits; NULL = it does not */
	const char *problem; /* for people; NULL = none */
	int64_t look_again_s;
};
void authority_decide(const struct authority_view *v, struct authority_plan *ret);

/* ---- writes ---- */

struct authority_make {
	enum authority_write write;
	bool drop_next, drop_previous;
	const struct secret_seen *seen; /* NULL when there is none */
	const struct ca *remembered;	/* for RECREATE */
	const char *ns, *name;
	int64_t now, ca_s, leaf_s;
};
/* The body of the request: an object for CREATE and RECREATE, a merge patch with the
 * resourceVersion otherwise. It holds keys: wipe it. */
int authority_body(const struct authority_make *m, struct og_buf *out, struct og_err *err);
