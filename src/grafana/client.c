/* SPDX-License-Identifier: Apache-2.0 */
/* One stack's backends: who they are, whose turn it is. */
#include "client-priv.h"

#include <sys/random.h>
#include "otelgate/base/mem.h"

void gfc_hold(struct og_gf_client *c)
{
	c->holding++;
}

static void destroy(struct og_gf_client *c)
{
	while (c->calls)
		gfc_free_call(c->calls);
	for (size_t i = 0; i <= OG_GF_COUNT_; i++) {
		og_timer_cancel(c->loop, &c->b[i].turn);
		og_free(c->b[i].url);
		og_free(c->b[i].user);
		og_free(c->b[i].note);
	}
	og_free(c->ca_pem);
	og_free(c->proxy);
	og_free(c);
}

void gfc_release(struct og_gf_client *c)
{
	if (--c->holding == 0 && c->closed)
		destroy(c);
}

void og_gf_client_free(struct og_gf_client *c)
{
	if (!c || c->closed)
		return;
	c->closed = true;
	if (!c->holding)
		destroy(c);
}

static int configure_backend(struct og_gf_client *c, enum og_gf_backend b,
	const struct og_gf_client_opts *o, struct og_err *err)
{
	const struct og_gf_endpoint *e = b == OG_GF_COUNT_ ? &o->other : &o->backend[b];
	const char *who = b == OG_GF_COUNT_ ? "the other server" : og_gf_backend_name(b);
	struct gfc_backend *d = &c->b[b];
	og_auto_buf struct og_buf url = OG_BUF_INIT(0);
	og_auto_buf struct og_buf note = OG_BUF_INIT(0);
	d->c = c;
	d->last = &d->first;
	if (!og_sv_trim(e->url).n)
		return 0;
	int rc = og_gf_base_url(b, e->url, o->allow_http, &url, &note, err);
	if (rc < 0)
		return og_err_wrap(err, "%s", who);
	struct og_sv user = og_sv_trim(e->user);
	if (user.n > GFC_USER_BYTES || memchr(user.p ? user.p : "", ':', user.n))
		return og_err_set(err, OG_E_INVALID,
			"%s: the user is the instance id alone, without \":\" and token", who);
	for (size_t i = 0; i < user.n; i++) {
		unsigned char u = (unsigned char)user.p[i];
		if (u <= 0x20 || u == 0x7f)
			return og_err_set(err, OG_E_INVALID,
				"%s: the user holds white space or control characters", who);
	}
	d->token = e->token;
	d->url = og_buf_take(&url);
	d->note = og_buf_take(&note);
	d->user = og_malloc(user.n + 1);
	if (!d->url || !d->note || !d->user)
		return og_err_set(err, OG_E_OOM, "no memory for a Grafana client");
	if (user.n)
		memcpy(d->user, user.p, user.n);
	d->user[user.n] = '\0';
	return 0;
}

static int configure(struct og_gf_client *c, const struct og_gf_client_opts *o, struct og_err *err)
{
	c->interval_ns = (o->interval_ms > 0 ? o->interval_ms : GFC_INTERVAL_MS) * OG_NS_PER_MS;
	c->deadline_ms = o->deadline_ms > 0 ? o->deadline_ms : GFC_DEADLINE_MS;
	c->max_bytes = o->max_bytes ? o->max_bytes : GFC_BYTES;
	c->max_bytes = c->max_bytes > GFC_BYTES_MAX ? GFC_BYTES_MAX : c->max_bytes;
	c->insecure = o->insecure;
	c->rng = o->seed;
	if (!c->rng && getrandom(&c->rng, sizeof(c->rng), GRND_NONBLOCK) != sizeof(c->rng))
		c->rng = (uint64_t)og_loop_now_ns(c->loop);
	if (o->ca_pem.n) {
		c->ca_pem = og_memdup(o->ca_pem.p, o->ca_pem.n);
		c->ca_n = o->ca_pem.n;
	}
	if (o->proxy)
		c->proxy = og_strdup(o->proxy);
	if ((o->ca_pem.n && !c->ca_pem) || (o->proxy && !c->proxy))
		return og_err_set(err, OG_E_OOM, "no memory for a Grafana client");
	if (o->metrics) {
		c->metrics = og_metrics_add(o->metrics, og_gf_metrics, OG_GFM_COUNT_, err);
		if (!c->metrics)
			return err && err->code ? -(int)err->code : -OG_E_OOM;
	}
	for (unsigned b = 0; b <= OG_GF_COUNT_; b++) {
		int rc = configure_backend(c, (enum og_gf_backend)b, o, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int og_gf_client_new(
	const struct og_gf_client_opts *o, struct og_gf_client **ret, struct og_err *err)
{
	struct og_gf_client *c = og_calloc(1, sizeof(*c));
	if (!c)
		return og_err_set(err, OG_E_OOM, "no memory for a Grafana client");
	c->loop = o->loop;
	c->http = o->http;
	int rc = configure(c, o, err);
	if (rc < 0) {
		destroy(c);
		return rc;
	}
	*ret = c;
	return 0;
}

bool og_gf_client_has(const struct og_gf_client *c, enum og_gf_backend b)
{
	return (unsigned)b <= OG_GF_COUNT_ && c->b[b].url;
}

const char *og_gf_client_url(const struct og_gf_client *c, enum og_gf_backend b)
{
	return og_gf_client_has(c, b) ? c->b[b].url : "";
}

const char *og_gf_client_note(const struct og_gf_client *c, enum og_gf_backend b)
{
	return og_gf_client_has(c, b) ? c->b[b].note : "";
}

int64_t og_gf_client_throttled_ms(const struct og_gf_client *c, enum og_gf_backend b)
{
	if (!og_gf_client_has(c, b))
		return 0;
	int64_t left = c->b[b].until_ns - og_loop_now_ns(c->loop);
	return left <= 0 ? 0 : (left + OG_NS_PER_MS - 1) / OG_NS_PER_MS;
}

void og_gf_client_stats(const struct og_gf_client *c, enum og_gf_backend b, struct og_gf_stats *ret)
{
	*ret = (unsigned)b <= OG_GF_COUNT_ ? c->b[b].stats : (struct og_gf_stats){.asked = 0};
}

/* How long a question may be held up by a throttled backend before it is told so. */
static bool hopeless(const struct og_gf_call *call, const struct gfc_backend *b, int64_t now)
{
	return b->until_ns - now > GFC_WAIT_MAX_MS * OG_NS_PER_MS ||
	       (b->until_ns > now && b->until_ns >= call->deadline_ns);
}

static void on_turn(void *ctx);

static bool set_turn(struct gfc_backend *b)
{
	struct og_loop *l = b->c->loop;
	int64_t now = og_loop_now_ns(l), at = now;
	if (!b->first || b->c->closed)
		return true;
	if (!hopeless(b->first, b, now)) {
		at = b->next_ns > at ? b->next_ns : at;
		at = b->until_ns > at ? b->until_ns : at;
	}
	return og_timer_at(l, &b->turn, at, on_turn, b) == 0;
}

static void on_turn(void *ctx)
{
	struct gfc_backend *b = ctx;
	struct og_gf_client *c = b->c;
	struct og_gf_call *call = b->first;
	int64_t now = og_loop_now_ns(c->loop);
	gfc_hold(c);
	if (call && hopeless(call, b, now)) {
		gfc_unqueue(call);
		gfc_throttled(call);
	} else if (call && b->until_ns <= now && b->next_ns <= now) {
		gfc_unqueue(call);
		b->next_ns = now + c->interval_ns;
		gfc_send(call);
	}
	(void)set_turn(b);
	gfc_release(c);
}

bool gfc_enqueue(struct og_gf_call *call)
{
	struct gfc_backend *b = &call->c->b[call->backend];
	call->state = GFC_QUEUED;
	call->later = NULL;
	*b->last = call;
	b->last = &call->later;
	bool ok = og_timer_at(call->c->loop, &call->wake, call->deadline_ns, gfc_late, call) == 0;
	return set_turn(b) && ok;
}

void gfc_unqueue(struct og_gf_call *call)
{
	struct gfc_backend *b = &call->c->b[call->backend];
	struct og_gf_call **at = &b->first;
	while (*at && *at != call)
		at = &(*at)->later;
	if (!*at)
		return;
	*at = call->later;
	if (!*at)
		b->last = at;
	call->later = NULL;
	og_timer_cancel(call->c->loop, &call->wake);
	if (!b->first)
		og_timer_cancel(call->c->loop, &b->turn);
}
