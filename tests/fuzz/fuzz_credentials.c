/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a source Secret. The first byte chooses the stack and how the rest is read: as one
 * Secret object, or as the values of its keys, a line each (a line may end in more line ends).
 */
#include <stdio.h>
#include <stdlib.h>
#include "fuzz-support.h"
#include "otelgate/codec/base64.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/credentials.h"
#include "otelgate/core/headers.h"

#define STACK(name, receiver, more)                                                          \
	"---\napiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: " name \
	"}\nspec:\n  receiver: " receiver                                                    \
	"\n  credentials: {secretRef: {name: cloud, namespace: mon}" more "}\n"
#define GATEWAY                                                                            \
	"{type: gateway, endpoint: https://otlp-gateway-prod-eu-west-2.grafana.net/otlp, " \
	"endpoints: {profiles: \"https://p.grafana.net\"}}"

static const struct og_config *config(void)
{
	static struct og_arena arena;
	static struct og_config *c;
	static const char text[] = STACK("a", GATEWAY, "") STACK("b", GATEWAY, ", headerKey: token")
		STACK("c", "{endpoint: \"http://alloy.mon:4318\"}", "")
			STACK("d", "{endpoint: \"http://alloy.mon:4318\"}", ", headerKey: token");
	struct og_config_report rep;
	struct og_config_input in = {"x.yaml", og_svz(text)};

	if (!c) {
		og_arena_init(&arena, 0, 0);
		FUZZ_CHECK(og_config_read(&arena, &in, 1, &c, &rep) == 0);
	}
	return c;
}

static void entry(struct og_buf *b, const char *key, struct og_sv value)
{
	og_buf_fmt(b, "\"%s\":\"", key);
	og_base64_encode(b, value);
	og_buf_ch(b, '"');
}

/* What was made is what every SDK reads, and says nothing of what it was made from. */
static void check(const struct og_stack *s, const struct og_credentials *c)
{
	enum og_headers_fault fault;
	bool valid = c->state == OG_CREDENTIAL_VALID, replace;

	FUZZ_CHECK(valid == og_secret_is_set(&c->header) && valid == (c->hash[0] != 0));
	FUZZ_CHECK(valid || (c->finding && c->message.n));
	if (!valid)
		return;
	FUZZ_CHECK(og_otlp_headers_check(
			   og_sv(og_secret_expose(&c->header), og_secret_len(&c->header)), &fault,
			   NULL, NULL) == 0);
	struct og_secret doc = OG_SECRET_INIT;
	struct og_arena arena;
	struct og_jdoc d;
	og_arena_init(&arena, 0, 0);
	FUZZ_CHECK(og_credentials_document(c, s, OG_SV("shop"), 1700000000, &doc, NULL) == 0);
	FUZZ_CHECK(og_jdoc_parse(&d, &arena, og_sv(og_secret_expose(&doc), og_secret_len(&doc)),
			   NULL, NULL) == 0);
	FUZZ_CHECK(og_credentials_compare(c, s, og_jroot(&d), &replace) == OG_CREDENTIAL_SAME);
	FUZZ_CHECK(!replace);
	og_arena_fini(&arena);
	og_secret_fini(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct og_config *cfg = config();
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_auto_arena struct og_arena arena;
	struct og_jdoc d;

	if (!size)
		return 0;
	const struct og_stack *s = &cfg->stacks[data[0] % cfg->nstacks];
	struct og_sv text = og_sv((const char *)data + 1, size - 1);
	if (data[0] & 0x40) {
		size_t cut = og_sv_chr(text, '|');
		og_buf_lit(&b, "{\"data\":{");
		entry(&b, "instance-id", og_sv(text.p, cut));
		og_buf_ch(&b, ',');
		entry(&b, "token",
			cut < text.n ? og_sv(text.p + cut + 1, text.n - cut - 1) : og_sv("", 0));
		og_buf_lit(&b, "}}");
		text = og_buf_view(&b);
	}
	og_arena_init(&arena, 0, 0);
	if (og_jdoc_parse(&d, &arena, text, NULL, NULL) == 0) {
		struct og_credentials c;
		struct og_err err = OG_ERR_INIT;
		bool replace;
		int r = og_credentials_make(
			s, OG_SV("uid"), OG_CREDENTIAL_FOUND, og_jroot(&d), &arena, &c, &err);
		FUZZ_CHECK(r == 0);
		check(s, &c);
		(void)og_credentials_compare(&c, s, og_jroot(&d), &replace);
		og_credentials_fini(&c);
	}
	return 0;
}
