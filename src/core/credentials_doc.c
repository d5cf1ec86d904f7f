/* SPDX-License-Identifier: Apache-2.0 */
/* The Secret that workloads read: writing it, and comparing it with what is there. */
#include "credentials-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/base/clock.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"

#define LABEL_MANAGED "app.kubernetes.io/managed-by"
#define LABEL_PART    "app.kubernetes.io/part-of"

enum { HEAD_BYTES = 8192 };

struct entry {
	struct og_sv key;
	const struct og_secret *value;
};

static unsigned entries(
	const struct og_credentials *c, const struct og_stack *s, struct entry ret[3])
{
	ret[0] = (struct entry){s->distribute.header_key, &c->header};
	ret[1] = (struct entry){s->distribute.profiles_user_key, &c->profiles_user};
	ret[2] = (struct entry){s->distribute.profiles_password_key, &c->profiles_password};
	return og_secret_is_set(&c->profiles_password) ? 3 : 1;
}

int og_credentials_document(const struct og_credentials *c, const struct og_stack *stack,
	struct og_sv ns, int64_t since_s, struct og_secret *ret, struct og_err *err)
{
	struct entry e[3];
	unsigned n = entries(c, stack, e);
	size_t room = HEAD_BYTES;
	char since[OG_RFC3339_BYTES];

	if (c->state != OG_CREDENTIAL_VALID)
		return og_err_set(err, OG_E_BUG, "credentials that are not valid");
	for (unsigned i = 0; i < n; i++)
		room += og_base64_len(og_secret_len(e[i].value)) + 6 * e[i].key.n;
	struct og_buf b = OG_BUF_INIT(room);
	if (!og_buf_reserve(&b, room))
		return og_err_set(err, OG_E_OOM, "writing a Secret");
	og_fmt_rfc3339(since, since_s * OG_NS_PER_S);
	og_buf_lit(&b, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":");
	og_jw_str(&b, stack->distribute.secret_name);
	og_buf_lit(&b, ",\"namespace\":");
	og_jw_str(&b, ns);
	og_buf_lit(&b, ",\"labels\":{\"" LABEL_MANAGED "\":\"otelgate\",\"" LABEL_PART
		       "\":\"otelgate\"},\"annotations\":{\"" OG_CREDENTIAL_STACK "\":");
	og_jw_str(&b, stack->name);
	og_buf_fmt(&b, ",\"" OG_CREDENTIAL_HASH "\":\"%s\",\"" OG_CREDENTIAL_SINCE "\":\"%s\"}}",
		c->hash, since);
	og_buf_lit(&b, ",\"type\":\"Opaque\"");
	if (stack->distribute.immutable)
		og_buf_lit(&b, ",\"immutable\":true");
	og_buf_lit(&b, ",\"data\":{");
	for (unsigned i = 0; i < n; i++) {
		if (i)
			og_buf_ch(&b, ',');
		og_jw_str(&b, e[i].key);
		og_buf_lit(&b, ":\"");
		og_base64_encode(
			&b, og_sv(og_secret_expose(e[i].value), og_secret_len(e[i].value)));
		og_buf_ch(&b, '"');
	}
	og_buf_lit(&b, "}}");
	int r = b.failed ? og_err_set(err, b.full ? OG_E_LIMIT : OG_E_OOM, "writing a Secret")
			 : og_secret_set(ret, b.p, b.len, err);
	og_wipe(b.p, b.p ? b.cap : 0);
	og_buf_fini(&b);
	return r;
}

bool og_credentials_ours(struct og_sv managed_by, struct og_sv part_of)
{
	return og_sv_is(managed_by, "otelgate") && og_sv_is(part_of, "otelgate");
}

/* base64 text of data compared without decoding it: there is one strict form of a value. */
static bool same_value(struct og_jval v, const struct og_secret *want)
{
	size_t n = og_base64_len(og_secret_len(want));
	struct og_buf b = OG_BUF_INIT(n + 1);
	bool same = false;

	if (og_jis(v, OG_J_STRING) && og_buf_reserve(&b, n + 1)) {
		og_base64_encode(&b, og_sv(og_secret_expose(want), og_secret_len(want)));
		struct og_sv raw = og_jraw(v);
		same = !b.failed && raw.n == b.len + 2 && og_ct_eq(raw.p + 1, b.p, b.len);
	}
	og_wipe(b.p, b.p ? b.cap : 0);
	og_buf_fini(&b);
	return same;
}

static bool same_data(
	const struct og_credentials *c, const struct og_stack *stack, struct og_jval secret)
{
	struct og_jval data = og_jgetl(secret, "data");
	struct entry e[3];
	unsigned n = entries(c, stack, e);

	if (og_jcount(data) < n)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!same_value(og_jget(data, e[i].key), e[i].value))
			return false;
	return true;
}

enum og_credential_match og_credentials_compare(const struct og_credentials *c,
	const struct og_stack *stack, struct og_jval secret, bool *ret_replace)
{
	struct og_jval meta = og_jgetl(secret, "metadata");
	struct og_jval labels = og_jgetl(meta, "labels"), notes = og_jgetl(meta, "annotations");
	bool managed = og_jstr_is(og_jgetl(labels, LABEL_MANAGED), "otelgate");
	bool part = og_jstr_is(og_jgetl(labels, LABEL_PART), "otelgate");
	struct og_jval hash = og_jgetl(notes, OG_CREDENTIAL_HASH);
	bool frozen = og_jis(og_jgetl(secret, "immutable"), OG_J_TRUE);
	bool data = same_data(c, stack, secret);
	bool opaque = og_jstr_is(og_jgetl(secret, "type"), "Opaque");

	*ret_replace = !opaque || (frozen && (!data || !stack->distribute.immutable));
	/* One of our marks may have been taken away by hand; both say that somebody owns it now. */
	if (!managed && og_junset(hash))
		return OG_CREDENTIAL_FOREIGN;
	if (!og_jstr_eq(hash, og_svz(c->hash)))
		return OG_CREDENTIAL_OLDER;
	if (managed && part && data && opaque && frozen == stack->distribute.immutable &&
		og_jstr_eq(og_jgetl(notes, OG_CREDENTIAL_STACK), stack->name) &&
		!og_junset(og_jgetl(notes, OG_CREDENTIAL_SINCE)))
		return OG_CREDENTIAL_SAME;
	return data && opaque ? OG_CREDENTIAL_UNMARKED : OG_CREDENTIAL_EDITED;
}
