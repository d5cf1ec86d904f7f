/* SPDX-License-Identifier: Apache-2.0 */
/* Where a stack is, by its slug: asked before the first cycle, again while nobody knows, and now
 * and then after that, because stacks move. What the spec says goes before it. */
#include "verify-priv.h"

enum { AGAIN_H = 6 };

static bool wanted(const struct verify_stack *s)
{
	int64_t age = og_loop_now_ns(s->v->o.loop) - s->discovered_ns;
	bool any = false;

	for (int i = 0; i < OG_GF_COUNT_; i++)
		any |= !s->backend[i].given_url[0] || !s->backend[i].given_user[0];
	return s->slug[0] && any && (!s->discovered_ns || age > AGAIN_H * 3600 * OG_NS_PER_S);
}

/* Of those that nobody knows now. */
static void tell(struct verify_stack *s, const struct og_gf_answer *a)
{
	for (int i = 0; i < OG_GF_COUNT_; i++)
		if (!s->backend[i].url[0])
			verify_gather(&s->backend[i], a);
}

/* Discovery tells hosts; behind them Grafana Cloud has these (its documentation of data sources).
 */
static struct og_sv with_path(struct og_sv url, enum og_gf_backend b, struct og_buf *out)
{
	static const char *const paths[OG_GF_COUNT_] = {
		[OG_GF_PROMETHEUS] = "/api/prom", [OG_GF_TEMPO] = "/tempo"};
	size_t host = og_sv_starts(url, OG_SV("https://")) ? 8 : 7;

	while (url.n > host && url.p[url.n - 1] == '/')
		url.n--;
	if (url.n <= host || !paths[b] ||
		og_sv_chr(og_sv(url.p + host, url.n - host), '/') < url.n - host)
		return url;
	og_buf_sv(out, url);
	og_buf_str(out, paths[b]);
	return out->failed ? url : og_buf_view(out);
}

/* Field by field; true when something is another than before. */
static bool take(struct verify_stack *s, const struct og_gf_stack *stack)
{
	bool changed = false;

	for (int i = 0; i < OG_GF_COUNT_; i++) {
		struct verify_backend *b = &s->backend[i];
		og_auto_buf struct og_buf whole = OG_BUF_INIT(4096);
		struct og_sv url = b->given_url[0] ? og_svz(b->given_url)
						   : with_path(stack->backend[i].url,
							     (enum og_gf_backend)i, &whole);
		struct og_sv user = b->given_user[0] ? og_svz(b->given_user)
						     : stack->backend[i].user;
		changed |= !og_sv_eq(og_svz(b->url), url) || !og_sv_eq(og_svz(b->user), user);
		(void)og_sv_set(&b->url, url);
		(void)og_sv_set(&b->user, user);
		b->configured = b->url[0] != '\0';
	}
	(void)og_sv_set(&s->grafana_url, stack->grafana_url);
	return changed;
}

static void on_discovered(void *ctx, const struct og_gf_discovered *d)
{
	struct verify_stack *s = ctx;
	struct og_err err = OG_ERR_INIT;

	s->discovery = NULL;
	s->calls++;
	s->stats.calls++;
	if (d->state == OG_GF_PRESENT && d->stack) {
		s->discovered_ns = og_loop_now_ns(s->v->o.loop);
		if (take(s, d->stack) && verify_make_client(s, &err) < 0)
			og_log(OG_LOG_ERROR, "verify", "not asked", og_lf_str("stack", s->name),
				og_lf_err(&err));
		if (!s->client)
			s->discovered_ns = 0;
	} else {
		const struct og_gf_answer a = {
			.state = d->state == OG_GF_PRESENT ? OG_GF_BACKEND_ERROR : d->state,
			.why = d->why,
			.message = d->message};
		s->stats.failed++;
		tell(s, &a);
	}
	verify_cycle_go_on(s);
}

bool verify_discover(struct verify_stack *s)
{
	struct og_err err = OG_ERR_INIT;

	if (!wanted(s))
		return false;
	const struct og_gf_discovery_opts o = {.loop = s->v->o.loop,
		.http = s->v->o.http,
		.url = og_svz(s->discovery_url),
		.slug = og_svz(s->slug),
		.token = s->has_token ? &s->token : NULL,
		.allow_http = true,
		.metrics = s->v->o.metrics};
	if (og_gf_discover(&o, s, on_discovered, &s->discovery, &err) == 0)
		return true;
	const struct og_gf_answer a = {.state = OG_GF_AUTH_FAILED,
		.why = OG_GF_WHY_CREDENTIALS,
		.message = og_svz(err.msg)};
	tell(s, &a);
	return false;
}
