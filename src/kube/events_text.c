/* SPDX-License-Identifier: Apache-2.0 */
/* Events as text: what the server would refuse is refused or cut here (E-1). Pure. */
#include <stdio.h>
#include "events_core-priv.h"
#include "otelgate/base/harmless.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/kobj/names.h"

enum { NAME_BYTES = 253, KIND_BYTES = 253, UID_BYTES = 128, API_VERSION_BYTES = 317 };

static bool word_ok(const char *s)
{
	size_t n = s ? strlen(s) : 0;
	return n > 0 && n <= EV_WORD_BYTES && og_utf8_valid(s, n);
}

static bool text_ok(struct og_sv s, size_t most)
{
	return s.n <= most && (s.n == 0 || og_utf8_valid(s.p, s.n));
}

/* k8s.io/kubernetes pkg/apis/core/validation/events.go */
bool ev_valid(const struct og_event *ev)
{
	return word_ok(ev->reason) && word_ok(ev->action) && ev->kind.n && ev->name.n &&
	       text_ok(ev->kind, KIND_BYTES) && text_ok(ev->name, NAME_BYTES) &&
	       text_ok(ev->uid, UID_BYTES) && text_ok(ev->api_version, API_VERSION_BYTES) &&
	       (ev->ns.n == 0 || og_name_is_dns_label(ev->ns));
}

void ev_note(struct og_sv note, struct og_buf *out)
{
	size_t left = EV_NOTE_BYTES;
	for (size_t i = 0; i < note.n;) {
		char c = note.p[i];
		size_t n = og_utf8_len(note.p + i, note.n - i);
		bool whole = n > 0;
		if (!whole)
			n = 1;
		if (n > left)
			return;
		if (!whole)
			og_buf_ch(out, '?');
		else if (og_utf8_steers(note.p + i, n) && c != '\n' && c != '\t')
			og_buf_ch(out, ' ');
		else
			og_buf_add(out, note.p + i, n);
		left -= n;
		i += n;
	}
}

void ev_name(struct og_sv object, uint64_t number, struct og_buf *out)
{
	char tail[24];
	size_t n = (size_t)snprintf(tail, sizeof(tail), ".%llx", (unsigned long long)number);
	if (!og_name_is_dns_subdomain(object)) /* "system:node": fine for a role, not here */
		object = OG_SV("otelgate");
	if (object.n > NAME_BYTES - n)
		object.n = NAME_BYTES - n;
	while (object.p[object.n - 1] == '.' || object.p[object.n - 1] == '-')
		object.n--;
	og_buf_sv(out, object);
	og_buf_add(out, tail, n);
}

void ev_key(const struct og_event *ev, struct og_buf *out)
{
	const struct og_sv parts[] = {og_svz(ev->warning ? "W" : "N"), og_svz(ev->reason),
		og_svz(ev->action), ev->api_version, ev->kind, ev->ns, ev->name, ev->uid};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].n)
			og_buf_sv(out, parts[i]);
		og_buf_ch(out, '\0');
	}
}

static void member(struct og_buf *out, const char *key, struct og_sv value)
{
	og_buf_fmt(out, ",\"%s\":", key);
	og_jw_str(out, value.n ? value : OG_SV(""));
}

void ev_head(
	const struct ev_core *c, const struct og_event *ev, int64_t wall_ns, struct og_buf *out)
{
	char when[OG_RFC3339_BYTES];
	og_auto_buf struct og_buf note = OG_BUF_INIT(0);
	og_fmt_rfc3339_us(when, wall_ns);
	ev_note(ev->note, &note);
	out->failed = out->failed || note.failed;
	member(out, "eventTime", og_svz(when));
	member(out, "type", og_svz(ev->warning ? "Warning" : "Normal"));
	member(out, "reason", og_svz(ev->reason));
	member(out, "action", og_svz(ev->action));
	member(out, "reportingController", og_svz(c->controller));
	member(out, "reportingInstance", og_svz(c->instance));
	og_buf_lit(out, ",\"regarding\":{\"kind\":");
	og_jw_str(out, ev->kind);
	member(out, "name", ev->name);
	if (ev->api_version.n)
		member(out, "apiVersion", ev->api_version);
	if (ev->ns.n)
		member(out, "namespace", ev->ns);
	if (ev->uid.n)
		member(out, "uid", ev->uid);
	og_buf_ch(out, '}');
	member(out, "note", og_buf_view(&note));
}

bool ev_body(const struct ev_core *c, const struct ev_series *s, struct og_buf *out)
{
	char when[OG_RFC3339_BYTES];
	(void)c;
	if (s->act == EV_CREATE) {
		og_buf_lit(out, "{\"apiVersion\":\"events.k8s.io/v1\",\"kind\":\"Event\","
				"\"metadata\":{\"name\":");
		og_jw_str(out, og_svz(s->name));
		og_buf_lit(out, ",\"namespace\":");
		og_jw_str(out, s->ns);
		og_buf_ch(out, '}');
		og_buf_str(out, s->head);
	} else {
		og_buf_ch(out, '{');
	}
	if (s->sending > 1) {
		og_fmt_rfc3339_us(when, s->last_wall_ns);
		og_buf_str(out,
			s->act == EV_CREATE ? ",\"series\":{\"count\":" : "\"series\":{\"count\":");
		og_buf_u64(out, s->sending);
		member(out, "lastObservedTime", og_svz(when));
		og_buf_ch(out, '}');
	}
	og_buf_ch(out, '}');
	return !out->failed;
}
