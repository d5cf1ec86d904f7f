/* SPDX-License-Identifier: Apache-2.0 */
/* What is written into the Secret and into a MutatingWebhookConfiguration. */
#include <stdio.h>
#include "authority-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"

/* A CA made here, and the Secret as it will be: views of what was seen and of it. */
struct made {
	struct og_buf cert, key;
	struct ca ca; /* info and pem; pem is a view of cert */
};

static void made_fini(struct made *m)
{
	og_buf_fini(&m->cert);
	og_buf_wipe(&m->key);
	og_buf_fini(&m->ca.pem);
}
#define auto_made __attribute__((cleanup(made_fini)))

static int make_ca(const struct authority_make *m, struct made *ret, struct og_err *err)
{
	char when[OG_RFC3339_BYTES], name[64];
	struct og_ca_opts o = {.common_name = name,
		.not_before = m->now - AUTHORITY_SKEW_S,
		.not_after = m->now + m->ca_s};

	/* Names differ, so that a client need not try each key of a bundle. */
	og_fmt_rfc3339(when, m->now * OG_NS_PER_S);
	(void)snprintf(name, sizeof(name), "otelgate webhook CA %s", when);
	ret->cert.max = ret->key.max = ret->ca.pem.max = AUTHORITY_BUNDLE_BYTES;
	int r = og_certs_make_ca(&o, &ret->cert, &ret->key, err);
	if (r == 0)
		r = og_certs_inspect_ca(og_buf_view(&ret->cert), &ret->ca.info, &ret->ca.pem, err);
	ret->ca.given = ret->ca.cert_ok = r == 0;
	return r;
}

static void put(struct og_buf *b, const char *key, struct og_sv value)
{
	if (b->len && b->p[b->len - 1] != '{')
		og_buf_ch(b, ',');
	og_buf_fmt(b, "\"%s\":\"", key);
	og_base64_encode(b, value);
	og_buf_ch(b, '"');
}

static void put_null(struct og_buf *b, const char *key)
{
	if (b->len && b->p[b->len - 1] != '{')
		og_buf_ch(b, ',');
	og_buf_fmt(b, "\"%s\":null", key);
}

static void put_key(struct og_buf *b, const char *key, const struct og_secret *s)
{
	put(b, key,
		og_sv(og_secret_is_set(s) ? og_secret_expose(s) : "",
			og_secret_is_set(s) ? og_secret_len(s) : 0));
}

/* The members of `data`, and the state they lead to. */
static int put_data(const struct authority_make *m, const struct made *new, struct og_buf *b,
	struct secret_seen *after)
{
	char until[OG_RFC3339_BYTES];

	switch (m->write) {
	case WRITE_CREATE:
		after->current = new->ca;
		put(b, "tls.crt", og_buf_view(&new->cert));
		put(b, "tls.key", og_buf_view(&new->key));
		break;
	case WRITE_RECREATE:
		after->current = *m->remembered;
		put(b, "tls.crt", og_buf_view(&m->remembered->pem));
		put(b, "tls.key", OG_SV("")); /* who deletes the Secret wants another key */
		after->next = new->ca;
		put(b, "next.crt", og_buf_view(&new->cert));
		put(b, "next.key", og_buf_view(&new->key));
		break;
	case WRITE_BEGIN:
		after->next = new->ca;
		put(b, "next.crt", og_buf_view(&new->cert));
		put(b, "next.key", og_buf_view(&new->key));
		break;
	case WRITE_PROMOTE:
		if (after->current.cert_ok) {
			after->previous = after->current;
			og_fmt_rfc3339(
				until, (m->now + m->leaf_s + AUTHORITY_SKEW_S) * OG_NS_PER_S);
			put(b, "previous.crt", og_buf_view(&after->previous.pem));
			put(b, "previous.until", og_svz(until));
		}
		after->current = after->next;
		put(b, "tls.crt", og_buf_view(&after->current.pem));
		put_key(b, "tls.key", &after->current.key);
		after->next = (struct ca){0};
		put_null(b, "next.crt");
		put_null(b, "next.key");
		break;
	case WRITE_DROP:
		if (m->drop_previous) {
			after->previous = (struct ca){0};
			put_null(b, "previous.crt");
			put_null(b, "previous.until");
		}
		if (m->drop_next) {
			after->next = (struct ca){0};
			put_null(b, "next.crt");
			put_null(b, "next.key");
		}
		break;
	case WRITE_BUNDLE:
		break;
	default:
		return -OG_E_BUG;
	}
	return 0;
}

static void put_head(const struct authority_make *m, struct og_buf *b)
{
	if (m->write != WRITE_CREATE && m->write != WRITE_RECREATE) {
		og_buf_lit(b, "{\"metadata\":{\"resourceVersion\":");
		og_jw_str(b, og_svz(m->seen->resource_version));
		og_buf_lit(b, "},\"data\":{");
		return;
	}
	og_buf_lit(b, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"kubernetes.io/tls\","
		      "\"metadata\":{\"name\":");
	og_jw_str(b, og_svz(m->name));
	og_buf_lit(b, ",\"namespace\":");
	og_jw_str(b, og_svz(m->ns));
	og_buf_lit(b, ",\"labels\":{\"" AUTHORITY_LABEL "\":\"" AUTHORITY_LABEL_VALUE
		      "\",\"app.kubernetes.io/name\":\"otelgate\","
		      "\"app.kubernetes.io/component\":\"webhook\"}},\"data\":{");
}

int authority_body(const struct authority_make *m, struct og_buf *out, struct og_err *err)
{
	auto_made struct made new = {.cert = {.max = 0}};
	og_auto_buf struct og_buf bundle = OG_BUF_INIT(AUTHORITY_BUNDLE_BYTES);
	struct secret_seen after = {.refused = ""}; /* owns nothing: parts of the others */
	bool makes = m->write == WRITE_CREATE || m->write == WRITE_RECREATE ||
		     m->write == WRITE_BEGIN;
	int r = makes ? make_ca(m, &new, err) : 0;

	if (r < 0)
		return r;
	if (m->seen)
		after = *m->seen;
	put_head(m, out);
	r = put_data(m, &new, out, &after);
	if (r < 0)
		return og_err_set(err, OG_E_BUG, "a write that does not exist: %d", (int)m->write);
	r = secret_bundle(&after, &bundle, err);
	if (r < 0)
		return r;
	put(out, "ca.crt", og_buf_view(&bundle));
	og_buf_lit(out, "}}");
	return out->failed ? og_err_set(err, OG_E_OOM, "no memory for a Secret") : 0;
}

void config_patch(
	const struct config_seen *c, const char *id, struct og_sv bundle, struct og_buf *out)
{
	og_buf_lit(out, "[{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\",\"value\":");
	og_jw_str(out, og_svz(c->resource_version));
	og_buf_ch(out, '}');
	for (uint32_t i = 0; i < c->n; i++) {
		if (strcmp(c->v[i].bundle_id, id) == 0)
			continue;
		og_buf_fmt(out,
			",{\"op\":\"add\",\"path\":\"/webhooks/%u/clientConfig/caBundle\",\"value\":"
			"\"",
			c->v[i].index);
		og_base64_encode(out, bundle);
		og_buf_lit(out, "\"}");
	}
	og_buf_ch(out, ']');
}
