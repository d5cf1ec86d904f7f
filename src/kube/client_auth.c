/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are and whom we trust, asked anew for every try: tokens, certificates and CAs rotate. */
#include "client-priv.h"

void kc_notice(struct og_kube *k, const struct og_err *why)
{
	if (k->on_notice)
		k->on_notice(k->notice_ctx, why);
}

int kc_auth_init(struct og_kube *k, struct og_err *err)
{
	const struct og_kube_access *a = k->access;
	struct kc_auth *u = &k->auth;
	int rc = 0;
	if (a->ca_file && !a->insecure) {
		rc = og_ca_source_init(&u->ca, a->ca_file, err);
		u->has_ca = rc == 0;
	}
	if (rc == 0 && a->https && a->cert == OG_KUBE_CERT_FILES) {
		rc = og_cert_source_init(&u->cert, a->client_cert_file, a->client_key_file, err);
		u->has_cert = rc == 0;
	}
	if (rc == 0 && a->https && a->bearer == OG_KUBE_BEARER_FILE) {
		rc = og_token_source_init(&u->token, a->token_file, &a->token, err);
		u->has_token = rc == 0;
	}
	return rc;
}

void kc_auth_fini(struct og_kube *k)
{
	struct kc_auth *u = &k->auth;
	kc_exec_fini(k);
	if (u->has_ca)
		og_ca_source_fini(&u->ca);
	if (u->has_cert)
		og_cert_source_fini(&u->cert);
	if (u->has_token)
		og_token_source_fini(&u->token);
}

/* Connections made with what was there before carry no new requests, and need not stay. */
void kc_auth_changed(struct og_kube *k, unsigned *known, unsigned generation)
{
	if (*known && *known != generation)
		og_httpc_drop_idle(k->http);
	*known = generation;
}

static void get_ca(struct og_kube *k, int64_t now, struct kc_creds *ret)
{
	struct og_err why = OG_ERR_INIT;
	struct og_sv pem;
	unsigned generation = 0;
	ret->tls.ca_pem = k->access->ca;
	if (!k->auth.has_ca)
		return;
	int rc = og_ca_source_get(&k->auth.ca, now, &pem, &generation, &why);
	if (rc != 0)
		kc_notice(k, &why); /* what was read at start, or since, still serves */
	if (rc < 0)
		return;
	ret->tls.ca_pem = pem;
	kc_auth_changed(k, &k->auth.ca_generation, generation);
}

static void get_cert(struct og_kube *k, int64_t now, struct kc_creds *ret)
{
	const struct og_kube_access *a = k->access;
	struct og_err why = OG_ERR_INIT;
	struct og_sv pem;
	const struct og_secret *key;
	unsigned generation = 0;
	if (a->cert == OG_KUBE_CERT_NONE)
		return;
	ret->tls.cert_pem = a->client_cert;
	ret->tls.key_pem = &a->client_key;
	if (!k->auth.has_cert)
		return;
	int rc = og_cert_source_get(&k->auth.cert, now, &pem, &key, &generation, &why);
	if (rc != 0)
		kc_notice(k, &why);
	if (rc < 0)
		return;
	ret->tls.cert_pem = pem;
	ret->tls.key_pem = key;
	kc_auth_changed(k, &k->auth.cert_generation, generation);
}

static int get_bearer(struct og_kube *k, int64_t now, struct kc_creds *ret, struct og_err *err)
{
	const struct og_kube_access *a = k->access;
	struct og_err why = OG_ERR_INIT;
	int rc = 0;
	switch (a->bearer) {
	case OG_KUBE_BEARER_NONE:
		return 0;
	case OG_KUBE_BEARER_TOKEN:
		ret->bearer = &a->token;
		return 0;
	case OG_KUBE_BEARER_EXEC:
		return kc_exec_get(k, ret, err);
	case OG_KUBE_BEARER_FILE:
		rc = og_token_source_get(&k->auth.token, now, &ret->bearer, &why);
		if (rc == 1)
			kc_notice(k, &why);
		if (rc < 0 && err)
			*err = why;
		return rc < 0 ? rc : 0;
	default:
		return og_err_set(err, OG_E_BUG, "an unknown kind of credentials");
	}
}

int kc_auth_get(struct og_kube *k, struct kc_creds *ret, struct og_err *err)
{
	const struct og_kube_access *a = k->access;
	int64_t now = og_loop_now_ns(k->loop);
	*ret = (struct kc_creds){
		.tls = {.server_name = a->tls_server_name, .insecure = a->insecure}};
	if (!a->https)
		return 0; /* nobody is told a secret in the clear */
	get_ca(k, now, ret);
	get_cert(k, now, ret);
	return get_bearer(k, now, ret, err);
}

bool kc_auth_drop(struct og_kube *k, const struct og_kube_call *call)
{
	if (!k->access->https)
		return false;
	if (k->access->bearer == OG_KUBE_BEARER_FILE) {
		/* forgotten now, or read again since: either way not the one that was refused */
		(void)og_token_source_drop(&k->auth.token, call->sent_ns);
		return true;
	}
	return k->access->bearer == OG_KUBE_BEARER_EXEC && kc_exec_drop(k, call->creds_generation);
}

bool kc_auth_doubt_ca(struct og_kube *k)
{
	if (k->auth.has_ca)
		og_ca_source_touch(&k->auth.ca);
	return k->auth.has_ca;
}
