/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's own face below /sim/: faults, the request log, control. */
#include <stdio.h>
#include "sim/sim-priv.h"

static void count(struct og_sim *s, const char *verb, const char *resource)
{
	struct sim_counter *c;

	for (size_t i = 0; i < s->ncounters; i++) {
		c = &s->counters[i];
		if (!strcmp(c->verb, verb) && !strcmp(c->resource, resource)) {
			c->n++;
			return;
		}
	}
	c = og_realloc(s->counters, s->ncounters + 1, sizeof(*c));
	if (!c)
		return;
	s->counters = c;
	c += s->ncounters++;
	memset(c, 0, sizeof(*c));
	snprintf(c->verb, sizeof(c->verb), "%s", verb);
	snprintf(c->resource, sizeof(c->resource), "%s", resource);
	c->n = 1;
}

void sim_log_request(struct sim_req *q)
{
	struct og_sim *s = q->s;
	struct sim_logged *l;
	char now[40];
	json_t *o;
	char *text;

	if (og_sv_starts(q->path, OG_SV("/sim/")))
		return;
	sim_now_micro(now);
	o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:b}", "time", now, "verb", q->verb,
		"resource", sim_z(q, q->plural), "path", sim_z(q, q->target), "user",
		q->user ? q->user : "", "userAgent", sim_z(q, sim_header(q, "user-agent")), "code",
		q->code, "bytes", (int)q->c->sent, "complete", !q->c->broken);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	pthread_mutex_lock(&s->mu);
	count(s, q->verb, sim_z(q, q->plural));
	l = &s->log[s->nlog++ % SIM_LOG];
	free(l->text);
	l->text = text;
	pthread_mutex_unlock(&s->mu);
}

uint64_t og_sim_requests(struct og_sim *s, const char *verb, const char *resource)
{
	uint64_t n = 0;

	pthread_mutex_lock(&s->mu);
	for (size_t i = 0; i < s->ncounters; i++)
		if ((!verb || !*verb || !strcmp(verb, s->counters[i].verb)) &&
			(!resource || !*resource || !strcmp(resource, s->counters[i].resource)))
			n += s->counters[i].n;
	pthread_mutex_unlock(&s->mu);
	return n;
}

void og_sim_clear_requests(struct og_sim *s)
{
	pthread_mutex_lock(&s->mu);
	for (size_t i = 0; i < SIM_LOG; i++) {
		free(s->log[i].text);
		s->log[i].text = NULL;
	}
	s->nlog = 0;
	s->ncounters = 0;
	pthread_mutex_unlock(&s->mu);
}

void og_sim_request_log(struct og_sim *s, struct og_buf *out)
{
	uint64_t from;

	pthread_mutex_lock(&s->mu);
	og_buf_fmt(out,
		"{\"connections\":%llu,\"watches\":%u,\"bytesSent\":%llu,\"faultsHit\":%llu,"
		"\"resourceVersion\":\"%llu\",\"counters\":[",
		(unsigned long long)s->nconns, s->nwatches,
		(unsigned long long)__atomic_load_n(&s->bytes_sent, __ATOMIC_RELAXED),
		(unsigned long long)s->nfaults, (unsigned long long)s->rv);
	for (size_t i = 0; i < s->ncounters; i++)
		og_buf_fmt(out, "%s{\"verb\":\"%s\",\"resource\":\"%s\",\"count\":%llu}",
			i ? "," : "", s->counters[i].verb, s->counters[i].resource,
			(unsigned long long)s->counters[i].n);
	og_buf_lit(out, "],\"requests\":[");
	from = s->nlog > SIM_LOG ? s->nlog - SIM_LOG : 0;
	for (uint64_t i = from; i < s->nlog; i++) {
		const char *t = s->log[i % SIM_LOG].text;

		og_buf_fmt(out, "%s\n%s", i > from ? "," : "", t ? t : "{}");
	}
	og_buf_lit(out, "]}\n");
	pthread_mutex_unlock(&s->mu);
}

void og_sim_uses(struct og_sim *s, struct og_buf *out)
{
	const char *line;
	json_t *v;

	pthread_mutex_lock(&s->mu);
	json_object_foreach(s->uses, line, v)
	{
		og_buf_str(out, line);
		og_buf_ch(out, '\n');
	}
	pthread_mutex_unlock(&s->mu);
}

static void post_faults(struct sim_req *q)
{
	struct og_err err = OG_ERR_INIT;

	if (og_sim_fault(q->s, sim_z(q, q->body), &err))
		sim_fail_bad(q, "%s", err.msg);
	else
		sim_send(q, 201, "application/json", OG_SV("{}\n"));
}

static void post_restart(struct sim_req *q)
{
	json_t *o = json_loadb(q->body.p, q->body.n, 0, NULL);

	q->c->close = true;
	sim_send(q, 202, "application/json", OG_SV("{}\n"));
	sim_end(q);
	pthread_mutex_lock(&q->s->mu);
	q->s->restart = (struct og_sim_restart_opts){
		.down_ms = (uint32_t)json_integer_value(json_object_get(o, "downMs")),
		.rv_jump = (uint64_t)json_integer_value(json_object_get(o, "rvJump")),
		.lose_history = json_is_true(json_object_get(o, "loseHistory")),
	};
	q->s->restart_due = true;
	pthread_cond_broadcast(&q->s->cond);
	pthread_mutex_unlock(&q->s->mu);
	json_decref(o);
}

/* POST /sim/users: {"user":"x","groups":"","token":"t","rules":[…],"namespace":null}. */
static void post_users(struct sim_req *q)
{
	json_t *o = json_loadb(q->body.p, q->body.n, 0, NULL);
	const char *user = json_string_value(json_object_get(o, "user"));
	const char *token = json_string_value(json_object_get(o, "token"));
	const char *ns = json_string_value(json_object_get(o, "namespace"));
	json_t *rules = json_object_get(o, "rules");
	struct og_err err = OG_ERR_INIT;
	int rc = user ? 0 : og_err_set(&err, OG_E_USAGE, "user is missing");

	if (!rc && token)
		rc = og_sim_add_user(
			q->s, user, json_string_value(json_object_get(o, "groups")), token, &err);
	if (!rc && rules) {
		char *text = json_dumps(rules, JSON_COMPACT);

		rc = text ? og_sim_allow(q->s, user, ns, text, &err)
			  : og_err_set(&err, OG_E_OOM, "rules");
		free(text);
	}
	json_decref(o);
	if (rc)
		sim_fail_bad(q, "%s", err.msg);
	else
		sim_send(q, 201, "application/json", OG_SV("{}\n"));
}

void sim_admin(struct sim_req *q)
{
	bool get = og_sv_is(q->method, "GET"), post = og_sv_is(q->method, "POST");
	bool del = og_sv_is(q->method, "DELETE");

	if (og_sv_is(q->path, "/sim/requests") && get) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);

		og_sim_request_log(q->s, &b);
		sim_send(q, 200, "application/json", og_buf_view(&b));
		return;
	}
	if (og_sv_is(q->path, "/sim/uses") && get) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);

		og_sim_uses(q->s, &b);
		sim_send(q, 200, "text/plain; charset=utf-8", og_buf_view(&b));
		return;
	}
	if (og_sv_is(q->path, "/sim/faults") && post) {
		post_faults(q);
		return;
	}
	if (og_sv_is(q->path, "/sim/users") && post) {
		post_users(q);
		return;
	}
	if (og_sv_is(q->path, "/sim/restart") && post) {
		post_restart(q);
		return;
	}
	if (og_sv_is(q->path, "/sim/faults") && del) {
		og_sim_clear_faults(q->s);
	} else if (og_sv_is(q->path, "/sim/requests") && del) {
		og_sim_clear_requests(q->s);
	} else if (og_sv_is(q->path, "/sim/compact") && post) {
		og_sim_compact(q->s);
	} else if (og_sv_is(q->path, "/sim/tick") && post) {
		og_sim_tick(q->s);
	} else {
		sim_send(q, 404, "text/plain; charset=utf-8", OG_SV("404 page not found\n"));
		return;
	}
	sim_send(q, 200, "application/json", OG_SV("{}\n"));
}
