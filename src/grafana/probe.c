/* SPDX-License-Identifier: Apache-2.0 */
/* A probe from its begin to its end; what is in between is in the files beside. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"
#include "probe-priv.h"

const char *og_probe_stage_name(enum og_probe_stage s)
{
	static const char *const names[OG_PROBE_STAGE_COUNT_] = {
		"nothing", "dns", "tcp", "proxy", "tls", "ready", "accepted", "visible"};
	return (unsigned)s < OG_COUNT(names) ? names[s] : "?";
}

static struct og_sv without_slashes(struct og_sv s)
{
	while (s.n && s.p[s.n - 1] == '/')
		s.n--;
	return s;
}

bool og_probe_url(enum og_otlp_signal s, struct og_sv base, struct og_sv own, struct og_buf *out,
	struct og_probe_target *ret)
{
	struct og_sv path = og_svz(og_otlp_path(s)), b = without_slashes(base);
	struct og_sv o = without_slashes(own);

	*ret = (struct og_probe_target){.wanted = true, .own_url = own.n > 0};
	if (s == OG_OTLP_PROFILES) {
		/* pods give it to a Pyroscope SDK, which appends its own path */
		ret->ingest = !og_sv_ends(o, path);
		if (!own.n)
			return false;
		og_buf_sv(out, ret->ingest ? o : own);
		if (ret->ingest && !og_sv_ends(o, OG_SV("/ingest")))
			og_buf_lit(out, "/ingest");
	} else if (own.n) {
		og_buf_sv(out, own);
	} else if (b.n) {
		og_buf_sv(out, b);
		og_buf_sv(out, path);
	} else {
		return false;
	}
	ret->url = og_buf_view(out);
	return !out->failed;
}

const struct og_send_verdict *og_probe_verdict(const struct og_probe_row *r)
{
	if (!r->written)
		return NULL;
	return r->write.ok && r->read_over ? &r->read : &r->write;
}

bool og_probe_all_ok(const struct og_probe_result *r)
{
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		const struct og_send_verdict *v = og_probe_verdict(&r->signal[s]);
		if (r->signal[s].asked && (!v || !v->ok))
			return false;
	}
	return true;
}

const struct og_probe_result *og_probe_result(const struct og_probe *p)
{
	return &p->r;
}

struct og_probe_row *probe_row(struct og_probe *p)
{
	return &p->r.signal[p->at];
}

void probe_stage(struct og_probe *p, enum og_otlp_signal s, enum og_probe_stage stage)
{
	struct og_probe_row *r = &p->r.signal[s];

	if (stage > r->stage)
		r->stage = stage;
	if (p->o.on_progress)
		p->o.on_progress(p->o.ctx, s);
}

/* ---- the end ---- */

static bool all_over(const struct og_probe *p)
{
	bool over = p->at >= OG_OTLP_SIGNAL_COUNT_;
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++)
		over &= !p->r.signal[s].asked || p->r.signal[s].over;
	return over;
}

void probe_check_end(struct og_probe *p)
{
	if (p->r.over || !all_over(p))
		return;
	p->r.over = true;
	og_timer_cancel(p->o.loop, &p->deadline);
	p->o.on_done(p->o.ctx);
}

static void on_late(void *ctx)
{
	struct og_probe *p = ctx;

	og_timer_cancel(p->o.loop, &p->next);
	og_dial_cancel(og_take(p->dial));
	og_httpc_cancel(og_take(p->call));
	for (; p->at < OG_OTLP_SIGNAL_COUNT_; p->at++) {
		struct og_probe_row *r = probe_row(p);
		if (!r->asked || r->written)
			continue;
		r->written = r->over = true;
		og_send_say(&r->write, OG_SEND_NO_ANSWER,
			OG_SV("the time for the probe ran out before this was answered"),
			OG_SV("Give it more time (--timeout), and look at what took so long."));
	}
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++)
		if (p->r.signal[s].read_wanted && !p->r.signal[s].read_over)
			probe_read_late(p, (enum og_otlp_signal)s);
	probe_check_end(p);
}

/* ---- one signal after the other ---- */

/* What signals tell of each other, as long as they have the receiver and the credential in common.
 */
static void compare(struct og_probe *p)
{
	struct og_send_verdict *v[OG_OTLP_SIGNAL_COUNT_] = {NULL};

	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++)
		if (p->r.signal[s].written && !p->o.target[s].ingest)
			v[s] = &p->r.signal[s].write;
	og_send_compare(v, &p->arena);
}

static void next_signal(void *ctx)
{
	struct og_probe *p = ctx;

	do
		p->at++;
	while (p->at < OG_OTLP_SIGNAL_COUNT_ && !p->r.signal[p->at].asked);
	if (p->at < OG_OTLP_SIGNAL_COUNT_) {
		probe_write_begin(p);
		return;
	}
	compare(p);
	probe_check_end(p);
}

void probe_written(struct og_probe *p)
{
	enum og_otlp_signal s = (enum og_otlp_signal)p->at;
	struct og_probe_row *r = probe_row(p);

	r->written = true;
	r->read_wanted = r->write.ok && r->stage >= OG_PROBE_ACCEPTED && p->o.client;
	r->over = !r->read_wanted;
	/* set anew: the slot is this structure's own, so that it cannot fail after the first time
	 */
	(void)og_timer_at(p->o.loop, &p->next, 0, next_signal, p);
	if (r->read_wanted)
		probe_read_begin(p, s);
	probe_stage(p, s, r->stage);
}

/* ---- begin ---- */

static bool copy_sv(struct og_probe *p, struct og_sv *v)
{
	struct og_sv s = *v;
	*v = og_arena_sv(&p->arena, s);
	return v->p != NULL;
}

static int copy_opts(struct og_probe *p, struct og_err *err)
{
	struct og_probe_opts *o = &p->o;
	struct og_sv *views[] = {&o->ca_pem, &o->cert_pem, &o->where, &o->field, &o->profiles_field,
		&o->stack_id, &o->service_namespace, &o->cluster, &o->k8s_namespace, &o->k8s_pod,
		&o->revision, &o->version, &o->id};
	struct og_send_id *ids = og_arena_new_n(&p->arena, o->nids + 1, struct og_send_id);
	bool ok = ids != NULL;

	for (size_t i = 0; i < OG_COUNT(views); i++)
		ok = ok && copy_sv(p, views[i]);
	for (size_t i = 0; ok && i < o->nids; i++) {
		ids[i] = o->ids[i];
		ok = copy_sv(p, &ids[i].user);
	}
	for (int s = 0; ok && s < OG_OTLP_SIGNAL_COUNT_; s++)
		ok = copy_sv(p, &o->target[s].url);
	o->ids = ids;
	if (ok && o->proxy) {
		o->proxy = og_arena_strndup(&p->arena, o->proxy, strlen(o->proxy));
		ok = o->proxy != NULL;
	}
	return ok ? 0 : og_err_set(err, OG_E_OOM, "beginning a probe");
}

/* http://[user:password@]host:port */
static int read_proxy(struct og_probe *p, struct og_err *err)
{
	struct og_sv s = og_svz(p->o.proxy), auth;
	og_auto_wipe struct og_buf plain = OG_BUF_INIT(4096);
	struct og_url u;

	if (!p->o.proxy)
		return 0;
	if (!og_sv_starts(s, OG_SV("http://")))
		return og_err_set(err, OG_E_INVALID, "the proxy is no http:// URL");
	s = og_sv(s.p + 7, s.n - 7);
	size_t at = og_sv_chr(s, '@');
	auth = og_sv(s.p, at < s.n ? at : 0);
	if (at < s.n)
		s = og_sv(s.p + at + 1, s.n - at - 1);
	s = without_slashes(s);
	if (og_url_parse_hostport(s, 3128, &u, NULL) < 0 || u.host.n >= sizeof(p->proxy_host))
		return og_err_set(
			err, OG_E_INVALID, "the proxy has no host and port: http://host:port");
	memcpy(p->proxy_host, u.host.p, u.host.n);
	p->proxy_port = u.port;
	p->proxied = true;
	if (!auth.n)
		return 0;
	if (!og_buf_reserve(&plain, auth.n) || og_percent_decode(auth, &plain, NULL) < 0)
		return og_err_set(err, OG_E_INVALID, "the proxy's user or password cannot be read");
	return og_secret_set(&p->proxy_auth, plain.p, plain.len, err);
}

static void prepare(struct og_probe *p)
{
	struct og_send_shape shape, basic;

	og_send_shape_headers(p->o.headers, &shape);
	og_send_shape_basic(p->o.profiles_user, p->o.profiles_password, &basic);
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		const struct og_probe_target *t = &p->o.target[s];
		p->r.signal[s] = (struct og_probe_row){
			.asked = t->wanted, .url = t->url, .write_ms = -1, .visible_ms = -1};
		p->reading[s].p = p;
		p->reading[s].s = (enum og_otlp_signal)s;
		p->facts[s] = (struct og_send_facts){.signal = (enum og_otlp_signal)s,
			.url = t->url,
			.own_url = t->own_url,
			.ingest = t->ingest,
			.proxied = p->proxied,
			.proxy = og_svz(p->proxy_host),
			.shape = t->ingest ? basic : shape,
			.stack_id = t->ingest ? og_sv("", 0) : p->o.stack_id,
			.ids = p->o.ids,
			.nids = t->ingest ? 0 : p->o.nids,
			.where = p->o.where,
			.field = s == OG_OTLP_PROFILES && p->o.profiles_field.n
					 ? p->o.profiles_field
					 : p->o.field};
	}
}

static int begin(struct og_probe *p, struct og_err *err)
{
	int64_t ms = p->o.timeout_ms > 0 ? p->o.timeout_ms : OG_PROBE_TIMEOUT_MS;
	int rc = copy_opts(p, err);

	if (rc == 0)
		rc = read_proxy(p, err);
	if (rc == 0)
		rc = probe_record_make(p, err);
	if (rc < 0)
		return rc;
	prepare(p);
	p->r.begun_s = og_clock_wall_ns(og_loop_clock(p->o.loop)) / OG_NS_PER_S;
	p->at = -1;
	if (og_timer_in(p->o.loop, &p->deadline, ms, on_late, p) < 0 ||
		og_timer_at(p->o.loop, &p->next, 0, next_signal, p) < 0)
		return og_err_set(err, OG_E_OOM, "beginning a probe");
	return 0;
}

int og_probe_start(const struct og_probe_opts *o, struct og_probe **ret, struct og_err *err)
{
	struct og_probe *p = og_calloc(1, sizeof(*p));

	if (!p)
		return og_err_set(err, OG_E_OOM, "beginning a probe");
	p->o = *o;
	p->body = (struct og_buf)OG_BUF_INIT(PROBE_ANSWER_BYTES + 1);
	og_arena_init(&p->arena, 0, 8 << 20);
	int rc = begin(p, err);
	if (rc < 0) {
		og_probe_free(p);
		return rc;
	}
	*ret = p;
	return 0;
}

void og_probe_free(struct og_probe *p)
{
	if (!p)
		return;
	og_timer_cancel(p->o.loop, &p->deadline);
	og_timer_cancel(p->o.loop, &p->next);
	og_dial_cancel(p->dial);
	og_httpc_cancel(p->call);
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++)
		probe_read_stop(p, (enum og_otlp_signal)s);
	og_secret_fini(&p->proxy_auth);
	og_buf_fini(&p->body);
	og_arena_wipe(&p->arena); /* the proxy's URL may hold a password */
	og_free(p);
}
