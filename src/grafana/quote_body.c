/* SPDX-License-Identifier: Apache-2.0 */
/* What a server wrote, made fit for messages: one line, no control characters, no credential. */
#include "answer-priv.h"
#include "otelgate/base/harmless.h"
#include "otelgate/base/mem.h"

enum { SCAN_BYTES = 64 << 10, REDACTED_MIN = 4 };

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("_-.~+/=", c);
}

static size_t token_run(struct og_sv s)
{
	size_t n = 0;
	while (n < s.n && s.p[n] && is_token_char(s.p[n]))
		n++;
	return n;
}

/* Bytes at the begin of s that are a credential, or look like one; *keep of them may be shown. */
static size_t secret_at(const struct og_gf_reply *r, struct og_sv s, size_t *keep)
{
	/* access policy, service account and API tokens of Grafana; JWTs; schemes of Authorization
	 */
	static const struct {
		struct og_sv word;
		bool shown;
	} looks[] = {{{"glc_", 4}, false}, {{"glsa_", 5}, false}, {{"eyJ", 3}, false},
		{{"Basic ", 6}, true}, {{"Bearer ", 7}, true}, {{"basic ", 6}, true},
		{{"bearer ", 7}, true}};
	*keep = 0;
	for (size_t i = 0; i < OG_COUNT(r->hide); i++) {
		if (r->hide[i].n >= REDACTED_MIN && og_sv_starts(s, r->hide[i]))
			return r->hide[i].n +
			       token_run(og_sv(s.p + r->hide[i].n, s.n - r->hide[i].n));
	}
	for (size_t i = 0; i < OG_COUNT(looks); i++) {
		struct og_sv word = looks[i].word;
		if (!og_sv_starts(s, word))
			continue;
		size_t run = token_run(og_sv(s.p + word.n, s.n - word.n));
		if (run < 8)
			continue;
		*keep = looks[i].shown ? word.n : 0;
		return word.n + run;
	}
	return 0;
}

struct og_sv gf_quote(struct gf_read *g, struct og_sv s, size_t max)
{
	og_auto_wipe struct og_buf b = OG_BUF_INIT(max + 4096);
	if (s.n > SCAN_BYTES)
		s.n = SCAN_BYTES;
	for (size_t i = 0; i < s.n && b.len < max;) {
		size_t keep, n = secret_at(g->r, og_sv(s.p + i, s.n - i), &keep);
		if (n) {
			og_buf_add(&b, s.p + i, keep);
			og_buf_lit(&b, "[redacted]");
		} else {
			og_buf_ch(&b, s.p[i]);
		}
		i += n ? n : 1;
	}
	return b.failed ? OG_SV("") : og_harmless(og_buf_view(&b), max, g->a);
}
