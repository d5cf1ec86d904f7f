/* SPDX-License-Identifier: Apache-2.0 */
/* What people read of a verdict, and the findings that go with it. */
#include "arrival-priv.h"

#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"

enum { TEXT_MAX = 2000, NAME_MAX_SAID = 128 };

static const char *const things[] = {"metrics", "traces", "log lines", "profiles"};
static const char *const backends[] = {"Prometheus", "Tempo", "Loki", "Pyroscope"};

/* Names come from whoever sends: control characters and what is no text are not passed on. */
static void quote(struct og_buf *b, struct og_sv s)
{
	bool cut = s.n > NAME_MAX_SAID;
	s.n = cut ? NAME_MAX_SAID : s.n;
	while (cut && s.n && ((unsigned char)s.p[s.n] & 0xc0) == 0x80)
		s.n--;
	bool text = og_utf8_valid(s.p, s.n);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		og_buf_ch(b, c < ' ' || c == 0x7f || (c >= 0x80 && !text) ? '?' : s.p[i]);
	}
	if (cut)
		og_buf_lit(b, "...");
}

static void when(struct og_buf *b, int64_t s)
{
	char text[OG_RFC3339_BYTES];
	og_fmt_rfc3339(text, (s < INT64_MAX / OG_NS_PER_S ? s : 0) * OG_NS_PER_S);
	og_buf_str(b, text);
}

static void say_silent(struct og_buf *b, const struct og_arrival_verdict *v)
{
	og_buf_lit(b, "; not: ");
	for (uint32_t i = 0; i < v->nsilent; i++) {
		if (i)
			og_buf_lit(b, ", ");
		quote(b, v->silent[i]);
	}
	if (v->silent_total > v->nsilent)
		og_buf_fmt(b, " and %u more", v->silent_total - v->nsilent);
}

static void say_arrival(struct og_buf *b, const struct og_arrival_verdict *v)
{
	const char *thing = things[v->signal];
	if (!v->covers_known) {
		og_buf_ch(b, (char)(thing[0] - 'a' + 'A'));
		og_buf_str(b, thing + 1);
		og_buf_str(b, v->has_evidence && v->tie <= OG_TIE_SERVICE
				      ? " arrive under the name of the service"
				      : " arrive");
	} else {
		og_buf_u64(b, v->covered);
		og_buf_ch(b, '/');
		og_buf_u64(b, v->of);
		og_buf_str(b, v->of == 1 ? " pod sends " : " pods send ");
		og_buf_str(b, thing);
		if (v->nsilent)
			say_silent(b, v);
	}
	og_buf_ch(b, '.');
}

static void say_kept(struct og_buf *b, const struct ar_one *o, const struct og_arrival_verdict *v)
{
	og_buf_fmt(b, "%s has no new answer (%s); ", backends[o->s], v->why);
	if (o->src->message.n && !o->usable) {
		quote(b, o->src->message);
		og_buf_lit(b, "; ");
	}
	og_buf_fmt(b, "the last one, of ");
	when(b, v->answered_s);
	og_buf_fmt(b, ", said %s.", og_arrival_state_name(v->state));
}

static void say_reason(struct ar_judge *j, struct og_buf *b, const struct ar_one *o,
	const struct og_arrival_verdict *v)
{
	enum ar_why why = j->why[o->s];
	if (why == AR_UNANSWERED && o->src->message.n) {
		quote(b, o->src->message);
		if (b->len && b->p[b->len - 1] != '.')
			og_buf_ch(b, '.');
	} else {
		og_buf_str(b, ar_reasons[why].text);
	}
	bool missing = v->state == OG_AR_NEVER || v->state == OG_AR_STALE ||
		       (v->state == OG_AR_IDLE && why != AR_NO_REQUESTS);
	if (missing && v->last_seen_s) {
		og_buf_lit(b, " Last seen ");
		when(b, v->last_seen_s);
		og_buf_ch(b, '.');
	}
	if (why == AR_SHARED_NAME && j->nothers) {
		og_buf_lit(b, " The same name has ");
		quote(b, j->ix->w[j->others[0]].ns);
		og_buf_ch(b, '/');
		quote(b, j->ix->w[j->others[0]].name);
		og_buf_ch(b, '.');
	}
}

void ar_say(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	struct og_buf b = OG_BUF_INIT(TEXT_MAX);
	enum ar_why why = j->why[o->s];
	if (v->kept)
		say_kept(&b, o, v);
	else if (why == AR_ARRIVING)
		say_arrival(&b, v);
	else
		say_reason(j, &b, o, v);
	if (v->regressed) {
		og_buf_lit(&b, " With revision ");
		quote(&b, og_sv(o->before->flowed,
				  strnlen(o->before->flowed, OG_ARRIVAL_REVISION_BYTES)));
		og_buf_lit(&b, " it arrived.");
	} else if (v->old_sending && why != AR_OLD_PODS_ONLY && why != AR_OLD_REVISION_ONLY) {
		og_buf_lit(&b, " Pods of another revision send too.");
	}
	v->message = og_arena_sv(j->arena, og_buf_view(&b));
	if (b.failed && !b.full)
		j->arena->failed = true;
	og_buf_fini(&b);
}

/* ---- findings ---- */

static struct og_sv place(struct ar_judge *j, enum og_signal s)
{
	const char *t = og_arena_fmt(j->arena, "signal %s", og_signal_name(s));
	return og_svz(t);
}

void ar_find(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	struct og_findings *f = j->findings;
	if (!f || og_findings_full(f))
		return;
	/* What is the stack's trouble is not repeated for each workload. */
	bool own = v->finding && strcmp(v->finding, "OG003") != 0 &&
		   j->why[o->s] != AR_UNANSWERED && !v->kept;
	if (own)
		og_findings_add(f, j->arena, v->finding, place(j, o->s), v->message);
	bool count = o->s == OG_SIGNAL_METRICS || o->s == OG_SIGNAL_PROFILES ||
		     (o->s == OG_SIGNAL_TRACES && j->traffic == AR_TRAFFIC_BUSY);
	if (v->silent_total && count && v->expected)
		og_findings_add(f, j->arena, "OG709", place(j, o->s), v->message);
	if (o->s == OG_SIGNAL_LOGS && o->routes[OG_ROUTE_STDOUT] && o->routes[OG_ROUTE_OTLP])
		og_findings_add(f, j->arena, "OG710", place(j, o->s),
			OG_SV("Lines of the same pods come over OTLP and from stdout."));
}

static struct og_sv said_name(struct ar_judge *j, const struct og_arrival_row *row)
{
	struct og_buf b = OG_BUF_INIT(TEXT_MAX);
	if (!row->service_name.n) {
		quote(&b, row->job);
	} else {
		if (row->service_namespace.n) {
			quote(&b, row->service_namespace);
			og_buf_ch(&b, '/');
		}
		quote(&b, row->service_name);
	}
	struct og_sv s = og_arena_sv(j->arena, og_buf_view(&b));
	og_buf_fini(&b);
	return s.p ? s : OG_SV("");
}

static bool literal(const struct og_arrival_row *r)
{
	const struct og_sv all[] = {r->service_namespace, r->service_name, r->job, r->instance,
		r->k8s_namespace, r->pod, r->container, r->workload};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (og_sv_has(all[i], OG_SV("$(")))
			return true;
	return false;
}

/* The first row in the order of texts of those that show one trouble. */
enum trouble { UNKNOWN_SERVICE, OTHER_NAME, LITERAL, STAMPED, NO_PLACE, NO_INSTANCE, TROUBLES };

static void note(struct ar_judge *j, uint32_t worst[TROUBLES], enum trouble t, uint32_t i)
{
	const struct og_arrival_row *rows = j->ix->ev->rows;
	if (worst[t] == AR_NONE || ar_row_cmp(&rows[i], &rows[worst[t]]) < 0)
		worst[t] = i;
}

static bool has_expectation(const struct og_arrival_workload *w)
{
	for (uint32_t i = 0; i < w->nidentities; i++)
		if (!w->identities[i].service_name.n)
			return false;
	return w->nidentities > 0;
}

static void look(struct ar_judge *j, uint32_t i, uint32_t worst[TROUBLES])
{
	const struct og_arrival_row *row = &j->ix->ev->rows[i];
	const struct ar_hit *h = &j->ix->hits[i];
	const struct ar_one *o = &j->one[row->signal];
	if (!o->usable || ar_row_belongs(j, o, row, h) != AR_CURRENT)
		return;
	bool collected = row->signal == OG_SIGNAL_LOGS &&
			 (row->route == OG_ROUTE_STDOUT ||
				 (row->route == OG_ROUTE_UNKNOWN && !row->revision.n));
	if (literal(row))
		note(j, worst, LITERAL, i);
	if (h->stamped)
		note(j, worst, STAMPED, i);
	if (collected)
		return; /* its names are Loki's guesses */
	if (ar_unknown_service(row))
		note(j, worst, UNKNOWN_SERVICE, i);
	else if ((row->service_name.n || row->job.n) && has_expectation(j->w) &&
		 !ar_identity_has(j->w, row))
		note(j, worst, OTHER_NAME, i);
	if (o->src->grouped_by_pod && !row->pod.n && !row->k8s_namespace.n)
		note(j, worst, NO_PLACE, i);
	if (row->signal == OG_SIGNAL_METRICS && !row->instance.n && row->job.n)
		note(j, worst, NO_INSTANCE, i);
}

static void find_collision(struct ar_judge *j)
{
	struct og_buf b = OG_BUF_INIT(TEXT_MAX);
	og_buf_lit(&b, "The same service.namespace and service.name have also: ");
	for (uint32_t i = 0; i < j->nothers; i++) {
		const struct og_arrival_workload *o = &j->ix->w[j->others[i]];
		if (i)
			og_buf_lit(&b, ", ");
		quote(&b, o->kind);
		og_buf_ch(&b, ' ');
		quote(&b, o->ns);
		og_buf_ch(&b, '/');
		quote(&b, o->name);
	}
	og_buf_ch(&b, '.');
	struct og_sv s = og_arena_sv(j->arena, og_buf_view(&b));
	og_buf_fini(&b);
	if (s.p)
		og_findings_add(j->findings, j->arena, "OG803", OG_SV(""), s);
}

void ar_find_identity(struct ar_judge *j)
{
	static const struct {
		const char *id, *text;
	} rows[TROUBLES] = {
		[UNKNOWN_SERVICE] = {"OG801", "arrives from its pods as"},
		[OTHER_NAME] = {"OG802", "arrives from its pods as"},
		[LITERAL] = {"OG307", "arrives with an attribute that holds \"$(\", as"},
		[STAMPED] = {"OG804", "arrives with the Kubernetes attributes of another pod, as"},
		[NO_PLACE] = {"OG804", "arrives without k8s.namespace.name and k8s.pod.name, as"},
		[NO_INSTANCE] = {"OG805", "arrives without service.instance.id, as"},
	};
	uint32_t worst[TROUBLES] = {AR_NONE, AR_NONE, AR_NONE, AR_NONE, AR_NONE, AR_NONE};
	if (!j->findings || og_findings_full(j->findings))
		return;
	if (j->nothers)
		find_collision(j);
	for (uint32_t i = j->ix->head[j->me]; i != AR_NONE; i = j->ix->hits[i].next)
		look(j, i, worst);
	for (unsigned t = 0; t < TROUBLES; t++) {
		if (worst[t] == AR_NONE)
			continue;
		const struct og_arrival_row *row = &j->ix->ev->rows[worst[t]];
		struct og_sv name = said_name(j, row);
		og_findings_addf(j->findings, j->arena, rows[t].id, place(j, row->signal),
			"It %s %.*s.", rows[t].text, OG_SV_ARG(name));
	}
}
