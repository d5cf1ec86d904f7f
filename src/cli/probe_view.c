/* SPDX-License-Identifier: Apache-2.0 */
/* What came of a probe: lines that fill in, a table with what is broken and why, JSON. */
#include <unistd.h>
#include "otelgate/codec/emit.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/codec/table.h"
#include "otelgate/codec/url.h"
#include "otelgate/core/findings.h"
#include "probe-priv.h"

static const char *state_of(const struct og_probe_row *r)
{
	const struct og_send_verdict *v = og_probe_verdict(r);

	if (!v)
		return "unknown";
	if (v->class == OG_SEND_GRPC_UNTRIED)
		return "not sent";
	if (!v->ok)
		return "broken";
	return r->stage == OG_PROBE_VISIBLE ? "visible" : "accepted";
}

/* ---- while it runs ---- */

static void put_mark(struct og_buf *b, bool colour, const char *name, bool done, bool failed)
{
	if (!done && !failed)
		return;
	og_buf_fmt(b, "  %s ", name);
	og_style_str(b, colour, done ? OG_STYLE_GREEN : OG_STYLE_RED, done ? "✓" : "✗");
}

static void put_line(struct og_buf *b, const struct probe_view *v, enum og_otlp_signal s)
{
	static const struct {
		enum og_probe_stage stage;
		enum og_send_link link;
		const char *name;
	} marks[] = {{OG_PROBE_DNS, OG_LINK_DNS, "DNS"}, {OG_PROBE_TCP, OG_LINK_TCP, "TCP"},
		{OG_PROBE_PROXY, OG_LINK_PROXY, "proxy"}, {OG_PROBE_TLS, OG_LINK_TLS, "TLS"}};
	const struct og_probe_row *r = &og_probe_result(v->probe)->signal[s];
	const struct og_send_verdict *w = og_probe_verdict(r);
	bool colour = v->plan->cli->colour_err, broken = w && !w->ok;
	bool tls = og_sv_starts(r->url, OG_SV("https:"));

	og_buf_fmt(b, "\r\033[K%-9s", og_otlp_signal_name(s));
	for (size_t i = 0; i < OG_COUNT(marks); i++) {
		bool shown = marks[i].stage == OG_PROBE_PROXY ? v->plan->o.proxy != NULL && tls
			     : marks[i].stage == OG_PROBE_TLS ? tls
							      : true;
		if (shown)
			put_mark(b, colour, marks[i].name, r->stage >= marks[i].stage,
				broken && w->link == marks[i].link);
	}
	if (r->stage >= OG_PROBE_ACCEPTED)
		put_mark(b, colour, "accepted", true, false);
	if (r->visible_ms >= 0)
		og_buf_fmt(b, "  visible after %.1f s", (double)r->visible_ms / 1000);
	else if (broken)
		og_buf_fmt(b, "  %s", og_send_class_name(w->class));
	else if (r->read_wanted && !r->read_over)
		og_buf_lit(b, "  looking for it ...");
	og_buf_ch(b, '\n');
}

void probe_view_clear(struct probe_view *v)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(256);

	if (!v->drawn)
		return;
	og_buf_fmt(&b, "\033[%uA\r\033[J", v->drawn);
	v->live &= write(v->plan->cli->err_fd, b.p ? b.p : "", b.len) >= 0;
	v->drawn = 0;
}

void probe_view_progress(struct probe_view *v)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(8192);
	unsigned n = 0;

	if (!v->live || !v->probe)
		return;
	if (v->drawn)
		og_buf_fmt(&b, "\033[%uA", v->drawn);
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++)
		if (og_probe_result(v->probe)->signal[s].asked) {
			put_line(&b, v, (enum og_otlp_signal)s);
			n++;
		}
	v->drawn = n;
	v->live = !b.failed && write(v->plan->cli->err_fd, b.p ? b.p : "", b.len) >= 0;
}

/* ---- the table ---- */

static struct og_sv seconds(struct og_arena *a, int64_t ms)
{
	return ms < 0 ? OG_SV("-") : og_svz(og_arena_fmt(a, "%.1fs", (double)ms / 1000));
}

static void put_text(struct og_cli *cli, const char *label, struct og_sv text)
{
	og_auto_buf struct og_buf safe = OG_BUF_INIT(0);

	if (!text.n)
		return;
	og_text_safe(&safe, text);
	og_buf_fmt(&cli->out, "  %-5s", label);
	og_text_wrap(&cli->out, og_buf_view(&safe), 7, 7, cli->width);
	og_buf_ch(&cli->out, '\n');
	og_buf_inherit(&cli->out, &safe);
}

static void put_trouble(
	struct og_cli *cli, struct og_sv who, const struct og_send_verdict *v, const char *what)
{
	og_buf_ch(&cli->out, '\n');
	og_style_sv(&cli->out, cli->colour_out, OG_STYLE_BOLD, who);
	og_buf_fmt(&cli->out, ": %s %s", what, og_send_class_name(v->class));
	if (v->link != OG_LINK_NONE)
		og_buf_fmt(&cli->out, " at link %s", og_send_link_name(v->link));
	if (v->finding)
		og_buf_fmt(&cli->out, " (%s)", v->finding);
	og_buf_ch(&cli->out, '\n');
	put_text(cli, "why", v->message);
	put_text(cli, "fix", v->fix);
}

static bool same(const struct og_send_verdict *a, const struct og_send_verdict *b)
{
	return a->class == b->class && og_sv_eq(a->message, b->message) && og_sv_eq(a->fix, b->fix);
}

/* What holds for several signals is said once. */
static void put_troubles(const struct probe_plan *p, const struct og_probe_result *r)
{
	bool told[OG_OTLP_SIGNAL_COUNT_] = {false};

	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		const struct og_send_verdict *v = og_probe_verdict(&r->signal[s]);
		og_auto_buf struct og_buf who = OG_BUF_INIT(256);
		if (!v || told[s] || v->class == OG_SEND_ACCEPTED || v->class == OG_READ_VISIBLE)
			continue;
		og_buf_str(&who, og_otlp_signal_name((enum og_otlp_signal)s));
		for (int o = s + 1; o < OG_OTLP_SIGNAL_COUNT_; o++) {
			const struct og_send_verdict *w = og_probe_verdict(&r->signal[o]);
			if (!w || !same(v, w))
				continue;
			told[o] = true;
			og_buf_fmt(&who, ", %s", og_otlp_signal_name((enum og_otlp_signal)o));
		}
		put_trouble(p->cli, og_buf_view(&who), v, v->ok ? "note:" : "first broken link:");
	}
}

static void put_skew(const struct probe_plan *p, const struct og_probe_result *r)
{
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		const struct og_probe_row *row = &r->signal[s];
		char text[OG_DURATION_BYTES];
		int64_t ms = row->skew_ms < 0 ? -row->skew_ms : row->skew_ms;
		if (!row->has_skew || ms < OG_PROBE_SKEW_MS)
			continue;
		og_fmt_duration_ms(text, ms / 1000 * 1000);
		og_buf_fmt(&p->cli->out,
			"\nThe clock of this machine is %s %s that of the receiver (OG716).\n",
			text, row->skew_ms > 0 ? "ahead of" : "behind");
		return;
	}
}

void probe_view_table(const struct probe_plan *p, const struct og_probe_result *r)
{
	static const struct og_table_column columns[] = {{"SIGNAL", 0, false}, {"STATE", 0, false},
		{"LINK", 0, false}, {"REASON", 0, false}, {"FINDING", 0, false},
		{"ACCEPTED", 0, true}, {"VISIBLE", 0, true}};
	struct og_arena *a = p->cli->arena;
	struct og_table t;

	og_table_init(&t, a, columns, OG_COUNT(columns));
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		const struct og_probe_row *row = &r->signal[s];
		const struct og_send_verdict *v = og_probe_verdict(row);
		if (!row->asked || !v)
			continue;
		struct og_sv cells[] = {og_svz(og_otlp_signal_name((enum og_otlp_signal)s)),
			og_svz(state_of(row)),
			og_svz(v->link == OG_LINK_NONE ? "-" : og_send_link_name(v->link)),
			og_svz(og_send_class_name(v->class)), og_svz(v->finding ? v->finding : "-"),
			row->stage >= OG_PROBE_ACCEPTED ? seconds(a, row->write_ms) : OG_SV("-"),
			seconds(a, row->visible_ms)};
		og_table_row(&t, cells);
	}
	if (!og_table_write(&t, true, &p->cli->out))
		p->cli->out.failed = true;
	put_troubles(p, r);
	put_skew(p, r);
}

/* The credential cannot work: nothing was sent. */
void probe_view_credential(const struct probe_plan *p)
{
	const struct og_finding_def *def = og_finding_def(og_svz(p->finding));
	struct og_send_verdict v = {.class = OG_SEND_NO_CREDENTIAL,
		.link = OG_LINK_CREDENTIAL,
		.finding = p->finding,
		.message = p->problem,
		.fix = def ? og_svz(def->fix) : og_sv("", 0)};

	if (p->args->output == PROBE_TABLE) {
		og_style_str(&p->cli->out, p->cli->colour_out, OG_STYLE_BOLD, "all signals");
		og_buf_fmt(&p->cli->out, ": first broken link: credential (%s); nothing was sent\n",
			p->finding ? p->finding : "-");
		put_text(p->cli, "why", v.message);
		put_text(p->cli, "fix", v.fix);
		return;
	}
	og_buf_lit(&p->cli->out, "{\"ok\": false, \"link\": \"credential\", \"finding\": ");
	og_jw_str(&p->cli->out, og_svz(p->finding));
	og_buf_lit(&p->cli->out, ", \"message\": ");
	og_jw_str(&p->cli->out, v.message);
	og_buf_lit(&p->cli->out, "}\n"); /* JSON is YAML, too */
}

/* ---- JSON ---- */

static void key(struct og_buf *b, const char *name)
{
	if (b->len && b->p[b->len - 1] != '{')
		og_buf_ch(b, ',');
	og_jw_str(b, og_svz(name));
	og_buf_ch(b, ':');
}

static void text(struct og_buf *b, const char *name, struct og_sv v)
{
	if (!v.n)
		return;
	key(b, name);
	og_jw_str(b, v);
}

static void number(struct og_buf *b, const char *name, int64_t v)
{
	key(b, name);
	og_buf_fmt(b, "%lld", (long long)v);
}

static void put_certificate(struct og_buf *b, const struct og_dial_cert *c)
{
	char from[OG_RFC3339_BYTES], to[OG_RFC3339_BYTES];
	const int64_t max = INT64_MAX / OG_NS_PER_S;

	if (!c->present)
		return;
	og_fmt_rfc3339(from, c->not_before * OG_NS_PER_S);
	og_fmt_rfc3339(to, (c->not_after > max ? max : c->not_after) * OG_NS_PER_S);
	key(b, "certificate");
	og_buf_ch(b, '{');
	text(b, "subject", og_svz(c->subject));
	text(b, "issuer", og_svz(c->issuer));
	text(b, "names", og_svz(c->names));
	text(b, "notBefore", og_svz(from));
	text(b, "notAfter", og_svz(to));
	text(b, "sha256", og_svz(c->sha256));
	og_buf_ch(b, '}');
}

/* Without what stands behind "?", where people put keys; one that cannot be read may hold a
 * password.
 */
static struct og_sv shown_url(struct og_sv u)
{
	struct og_url url;
	return og_url_parse(u, &url, NULL) == 0 ? og_sv(u.p, og_sv_chr(u, '?')) : og_sv("", 0);
}

static void put_signal(struct og_buf *b, enum og_otlp_signal s, const struct og_probe_row *r)
{
	const struct og_send_verdict *v = og_probe_verdict(r);

	og_buf_ch(b, '{');
	text(b, "signal", og_svz(og_otlp_signal_name(s)));
	text(b, "state", og_svz(state_of(r)));
	text(b, "stage", og_svz(og_probe_stage_name(r->stage)));
	text(b, "url", shown_url(r->url));
	text(b, "link", og_svz(og_send_link_name(v->link)));
	text(b, "reason", og_svz(og_send_class_name(v->class)));
	text(b, "finding", og_svz(v->finding));
	text(b, "message", v->message);
	text(b, "fix", v->fix);
	if (r->write.http)
		number(b, "status", r->write.http);
	if (r->write.rejected)
		number(b, "rejected", r->write.rejected);
	if (r->stage >= OG_PROBE_ACCEPTED)
		number(b, "acceptedAfterMs", r->write_ms);
	if (r->visible_ms >= 0)
		number(b, "visibleAfterMs", r->visible_ms);
	text(b, "address", og_svz(r->dial.address));
	text(b, "tls", og_svz(r->dial.tls_version));
	put_certificate(b, &r->dial.cert);
	if (r->read_wanted)
		text(b, "query", og_svz(og_gf_state_name(r->read_state)));
	text(b, "seenAs", r->seen_as);
	text(b, "lost", r->lost);
	if (r->has_skew)
		number(b, "clockSkewMs", r->skew_ms);
	og_buf_ch(b, '}');
}

int probe_view_json(const struct probe_plan *p, const struct og_probe_result *r, bool yaml)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4 << 20);
	char begun[OG_RFC3339_BYTES];
	struct og_jdoc d;
	bool first = true;

	og_fmt_rfc3339(begun, r->begun_s * OG_NS_PER_S);
	og_buf_ch(&b, '{');
	text(&b, "stack", p->name);
	text(&b, "probe", og_svz(r->id));
	text(&b, "time", og_svz(begun));
	key(&b, "ok");
	og_buf_str(&b, og_probe_all_ok(r) ? "true" : "false");
	key(&b, "signals");
	og_buf_ch(&b, '[');
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		if (!r->signal[s].asked || !r->signal[s].written)
			continue;
		og_buf_str(&b, first ? "" : ",");
		first = false;
		put_signal(&b, (enum og_otlp_signal)s, &r->signal[s]);
	}
	og_buf_lit(&b, "]}");
	struct og_sv json = og_arena_sv(p->cli->arena, og_buf_view(&b));
	if (b.failed || !json.p || og_jdoc_parse(&d, p->cli->arena, json, NULL, NULL) < 0) {
		p->cli->out.failed = true;
		return OG_EXIT_FAULT;
	}
	if (yaml) {
		og_emit_yaml(&p->cli->out, og_jroot(&d), p->cli->arena);
	} else {
		og_emit_json(&p->cli->out, og_jroot(&d), 0);
		og_buf_ch(&p->cli->out, '\n');
	}
	return OG_EXIT_PASS;
}
