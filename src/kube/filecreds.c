/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials in files that others rotate. */
#include <sys/stat.h>
#include "otelgate/kube/filecreds.h"
#include "otelgate/base/mem.h"
#include "otelgate/net/certs.h"

static int init_path(char **to, const char *path, struct og_err *err)
{
	*to = og_strdup(path);
	return *to ? 0 : og_err_set(err, OG_E_OOM, "out of memory");
}

/* What a get gives: 0, 1 with the old content and why, or the error when there is no content. */
static int verdict(bool have, bool failed, const struct og_err *why, struct og_err *err)
{
	if (!failed)
		return 0;
	if (err)
		*err = *why;
	return have ? 1 : -(int)why->code;
}

/* Anything but a regular file could make the caller, an event loop, wait. */
static int read_regular(const char *path, size_t max, struct og_buf *out, struct og_err *err)
{
	struct stat st;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return og_err_set(err, OG_E_CONFIG, "%s is no regular file", path);
	return og_kube_read_file(path, max, out, err);
}

/* --- tokens --- */

int og_token_source_init(struct og_token_source *s, const char *path,
	const struct og_secret *fallback, struct og_err *err)
{
	*s = (struct og_token_source){.path_ = NULL};
	int rc = init_path(&s->path_, path, err);
	if (!rc && fallback && og_secret_is_set(fallback))
		rc = og_secret_set(
			&s->fallback_, og_secret_expose(fallback), og_secret_len(fallback), err);
	if (rc)
		og_token_source_fini(s);
	return rc;
}

void og_token_source_fini(struct og_token_source *s)
{
	og_free(s->path_);
	og_secret_fini(&s->token_);
	og_secret_fini(&s->fallback_);
	*s = (struct og_token_source){.path_ = NULL};
}

static int read_token(struct og_token_source *s, struct og_err *err)
{
	struct og_buf text og_auto_wipe = OG_BUF_INIT(0);
	int rc = read_regular(s->path_, OG_KUBE_TOKEN_BYTES, &text, err);
	struct og_sv token = og_sv_trim(og_buf_view(&text));
	if (!rc)
		rc = og_kube_token_check(token, s->path_, err);
	return rc ? rc : og_secret_set(&s->token_, token.p, token.n, err);
}

int og_token_source_get(
	struct og_token_source *s, int64_t now, const struct og_secret **ret, struct og_err *err)
{
	bool have = og_secret_is_set(&s->token_);
	bool due = !have || now - s->read_at_ >= OG_TOKEN_REREAD_NS;
	if (due && !(s->failed_ && now - s->tried_at_ < OG_CREDS_RETRY_NS)) {
		s->failed_ = read_token(s, &s->why_) != 0;
		s->tried_at_ = now;
		if (!s->failed_) {
			s->read_at_ = now;
			have = true;
		}
	}
	const struct og_secret *give = have ? &s->token_ : &s->fallback_;
	bool any = og_secret_is_set(give);
	if (any)
		*ret = give;
	return verdict(any, due && s->failed_, &s->why_, err);
}

bool og_token_source_drop(struct og_token_source *s, int64_t sent)
{
	if (!og_secret_is_set(&s->token_) || s->read_at_ >= sent)
		return false;
	og_secret_fini(&s->token_);
	s->failed_ = false; /* look at once */
	return true;
}

/* --- certificate and key --- */

int og_cert_source_init(
	struct og_cert_source *s, const char *cert_path, const char *key_path, struct og_err *err)
{
	*s = (struct og_cert_source){.cert_path_ = NULL};
	int rc = init_path(&s->cert_path_, cert_path, err);
	if (!rc)
		rc = init_path(&s->key_path_, key_path, err);
	if (rc)
		og_cert_source_fini(s);
	return rc;
}

void og_cert_source_fini(struct og_cert_source *s)
{
	og_free(s->cert_path_);
	og_free(s->key_path_);
	og_buf_fini(&s->cert_);
	og_secret_fini(&s->key_);
	*s = (struct og_cert_source){.cert_path_ = NULL};
}

static int read_pair(struct og_cert_source *s, struct og_err *err)
{
	struct og_buf cert og_auto_wipe = OG_BUF_INIT(0), key og_auto_wipe = OG_BUF_INIT(0);
	int rc = read_regular(s->cert_path_, OG_KUBE_PEM_BYTES, &cert, err);
	if (!rc)
		rc = read_regular(s->key_path_, OG_KUBE_PEM_BYTES, &key, err);
	struct og_sv c = og_buf_view(&cert), k = og_buf_view(&key);
	if (!rc && s->have_ && og_sv_eq(c, og_buf_view(&s->cert_)) &&
		og_secret_eq(&s->key_, k.p, k.n))
		return 0;
	if (!rc)
		rc = og_kube_pair_check(c, k, s->cert_path_, err);
	if (!rc)
		rc = og_secret_set(&s->key_, k.p, k.n, err);
	if (rc)
		return rc;
	og_buf_fini(&s->cert_);
	s->cert_ = cert;
	cert = (struct og_buf)OG_BUF_INIT(0);
	s->generation_++;
	s->have_ = true;
	return 0;
}

static bool look_due(bool have, bool failed, int64_t looked_at, int64_t now)
{
	if (failed)
		return now - looked_at >= OG_CREDS_RETRY_NS;
	return !have || now - looked_at >= OG_CERTS_REREAD_NS;
}

int og_cert_source_get(struct og_cert_source *s, int64_t now, struct og_sv *ret_cert,
	const struct og_secret **ret_key, unsigned *ret_generation, struct og_err *err)
{
	if (look_due(s->have_, s->failed_, s->looked_at_, now)) {
		s->failed_ = read_pair(s, &s->why_) != 0;
		s->looked_at_ = now;
	}
	if (s->have_) {
		*ret_cert = og_buf_view(&s->cert_);
		*ret_key = &s->key_;
		*ret_generation = s->generation_;
	}
	return verdict(s->have_, s->failed_, &s->why_, err);
}

/* --- CA --- */

int og_ca_source_init(struct og_ca_source *s, const char *path, struct og_err *err)
{
	*s = (struct og_ca_source){.path_ = NULL};
	return init_path(&s->path_, path, err);
}

void og_ca_source_fini(struct og_ca_source *s)
{
	og_free(s->path_);
	og_buf_fini(&s->pem_);
	*s = (struct og_ca_source){.path_ = NULL};
}

static int read_ca(struct og_ca_source *s, struct og_err *err)
{
	og_auto_buf struct og_buf pem = OG_BUF_INIT(0);
	int rc = read_regular(s->path_, OG_KUBE_PEM_BYTES, &pem, err);
	if (!rc && s->have_ && og_sv_eq(og_buf_view(&pem), og_buf_view(&s->pem_)))
		return 0;
	if (!rc)
		rc = og_kube_ca_check(og_buf_view(&pem), s->path_, err);
	if (rc)
		return rc;
	og_buf_fini(&s->pem_);
	s->pem_ = pem;
	pem = (struct og_buf)OG_BUF_INIT(0);
	s->generation_++;
	s->have_ = true;
	return 0;
}

int og_ca_source_get(struct og_ca_source *s, int64_t now, struct og_sv *ret_pem,
	unsigned *ret_generation, struct og_err *err)
{
	if (look_due(s->have_, s->failed_, s->looked_at_, now)) {
		s->failed_ = read_ca(s, &s->why_) != 0;
		s->looked_at_ = now;
	}
	if (s->have_) {
		*ret_pem = og_buf_view(&s->pem_);
		*ret_generation = s->generation_;
	}
	return verdict(s->have_, s->failed_, &s->why_, err);
}

void og_ca_source_touch(struct og_ca_source *s)
{
	s->looked_at_ = INT64_MIN / 2;
}
