/* SPDX-License-Identifier: Apache-2.0 */
/* Faults: rules that match requests, and what they do to them. */
#include <stdio.h>
#include "sim/sim-priv.h"

struct sim_fault {
	char *verb, *resource, *group, *ns, *name, *path, *user; /* NULL = any */
	int64_t nth, count, seen;
	struct sim_shape shape;
	struct og_sim_restart_opts restart;
	struct sim_fault *next;
};

static const struct {
	const char *name;
	enum sim_fault_kind kind;
} kinds[] = {
	{"status", SIM_F_STATUS},
	{"reset", SIM_F_RESET},
	{"truncate", SIM_F_TRUNCATE},
	{"stall", SIM_F_STALL},
	{"slow", SIM_F_SLOW},
	{"delay", SIM_F_DELAY},
	{"garbage", SIM_F_GARBAGE},
	{"body", SIM_F_BODY},
	{"contentType", SIM_F_CONTENT_TYPE},
	{"duplicate", SIM_F_DUPLICATE},
	{"late", SIM_F_LATE},
	{"noBookmarks", SIM_F_NO_BOOKMARKS},
	{"endWatch", SIM_F_END_WATCH},
	{"restart", SIM_F_RESTART},
	{"rotateTokens", SIM_F_ROTATE},
	{"compact", SIM_F_COMPACT},
};

static const struct {
	int code;
	const char *reason, *message;
} defaults[] = {
	{400, "BadRequest", "the server rejected our request for an unknown reason"},
	{401, "Unauthorized", "Unauthorized"},
	{403, "Forbidden", "forbidden"},
	{404, "NotFound", "the server could not find the requested resource"},
	{409, "Conflict",
		"the object has been modified; please apply your changes to the latest "
		"version and try again"},
	{410, "Expired", "The resourceVersion for the provided watch is too old."},
	{429, "TooManyRequests", "too many requests, please try again later"},
	{500, "InternalError", "Internal error occurred: simulated"},
	{503, "ServiceUnavailable", "the server is currently unable to handle the request"},
	{504, "Timeout", "Timeout: request did not complete within the allotted timeout"},
};

void sim_shape_free(struct sim_shape *sh)
{
	og_free(sh->text);
	og_free(sh->content_type);
	og_free(sh->reason);
	og_free(sh->message);
	*sh = (struct sim_shape){0};
}

static void fault_free(struct sim_fault *f)
{
	char *texts[] = {f->verb, f->resource, f->group, f->ns, f->name, f->path, f->user};

	for (size_t i = 0; i < OG_COUNT(texts); i++)
		og_free(texts[i]);
	sim_shape_free(&f->shape);
	og_free(f);
}

void sim_faults_free(struct og_sim *s)
{
	while (s->faults) {
		struct sim_fault *f = s->faults;

		s->faults = f->next;
		fault_free(f);
	}
}

static char *take_str(const json_t *o, const char *k)
{
	const char *s = json_string_value(json_object_get(o, k));

	return s ? og_strdup(s) : NULL;
}

static int64_t take_int(const json_t *o, const char *k, int64_t def)
{
	const json_t *v = json_object_get(o, k);

	return json_is_integer(v) ? json_integer_value(v) : def;
}

static void read_action(struct sim_fault *f, const json_t *a)
{
	struct sim_shape *sh = &f->shape;
	const char *framing = json_string_value(json_object_get(a, "framing"));

	sh->after = take_int(a, "after", 100);
	sh->ms = take_int(a, "ms", 0);
	sh->bytes = take_int(a, "bytes", 1);
	sh->events = take_int(a, "events", 0);
	sh->code = (int)take_int(a, "code", 0);
	sh->retry_after = (int)take_int(a, "retryAfter", -1);
	sh->stream = json_is_true(json_object_get(a, "stream"));
	sh->length = framing && !strcmp(framing, "length");
	sh->text = take_str(a, "text");
	sh->content_type = take_str(a, "contentType");
	sh->reason = take_str(a, "reason");
	sh->message = take_str(a, "message");
	for (size_t i = 0; i < OG_COUNT(defaults) && sh->kind == SIM_F_STATUS; i++) {
		if (defaults[i].code != sh->code)
			continue;
		if (!sh->reason)
			sh->reason = og_strdup(defaults[i].reason);
		if (!sh->message)
			sh->message = og_strdup(defaults[i].message);
	}
	f->restart.down_ms = (uint32_t)sh->ms;
	f->restart.rv_jump = (uint64_t)take_int(a, "rvJump", 0);
	f->restart.lose_history = json_is_true(json_object_get(a, "loseHistory"));
}

int sim_fault_add(struct og_sim *s, const json_t *rule, struct og_err *err)
{
	const json_t *m = json_object_get(rule, "match"), *a = json_object_get(rule, "action");
	const char *type = json_string_value(json_object_get(a, "type"));
	struct sim_fault *f, **at;

	if (!type)
		return og_err_set(err, OG_E_USAGE, "fault: action.type is missing");
	f = og_calloc(1, sizeof(*f));
	if (!f)
		return og_err_set(err, OG_E_OOM, "fault");
	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		if (!strcmp(kinds[i].name, type))
			f->shape.kind = kinds[i].kind;
	f->verb = take_str(m, "verb");
	f->resource = take_str(m, "resource");
	f->group = take_str(m, "group");
	f->ns = take_str(m, "namespace");
	f->name = take_str(m, "name");
	f->path = take_str(m, "path");
	f->user = take_str(m, "user");
	f->nth = take_int(m, "nth", 1);
	f->count = take_int(m, "count", 1);
	read_action(f, a);
	if (!f->shape.kind || (f->shape.kind == SIM_F_STATUS && f->shape.code < 400) ||
		((f->shape.kind == SIM_F_BODY || f->shape.kind == SIM_F_GARBAGE) &&
			!f->shape.text) ||
		(f->shape.kind == SIM_F_CONTENT_TYPE && !f->shape.content_type)) {
		fault_free(f);
		return og_err_set(err, OG_E_USAGE,
			"fault: type %s is not one, or lacks its code, text or contentType", type);
	}
	pthread_mutex_lock(&s->mu);
	for (at = &s->faults; *at; at = &(*at)->next)
		;
	*at = f;
	pthread_mutex_unlock(&s->mu);
	return 0;
}

int og_sim_fault(struct og_sim *s, const char *json, struct og_err *err)
{
	json_error_t je;
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, &je), *rule;
	int rc = 0;
	size_t i;

	if (!o)
		return og_err_set(err, OG_E_USAGE, "fault: line %d: %s", je.line, je.text);
	if (json_is_array(o))
		json_array_foreach(o, i, rule) rc = rc ? rc : sim_fault_add(s, rule, err);
	else
		rc = sim_fault_add(s, o, err);
	json_decref(o);
	return rc;
}

void og_sim_clear_faults(struct og_sim *s)
{
	pthread_mutex_lock(&s->mu);
	sim_faults_free(s);
	pthread_mutex_unlock(&s->mu);
}

static bool eq(const char *want, struct og_sv have)
{
	return !want || og_sv_eq(og_svz(want), have);
}

static bool matches(const struct sim_fault *f, const struct sim_req *q)
{
	return eq(f->verb, og_svz(q->verb)) && eq(f->resource, q->plural) &&
	       eq(f->group, q->group) && eq(f->ns, q->ns) && eq(f->name, q->name) &&
	       (!f->path || og_sv_starts(q->path, og_svz(f->path)) ||
		       og_sv_starts(q->target, og_svz(f->path))) &&
	       eq(f->user, og_svz(q->user));
}

static char *dup_or_null(const char *s)
{
	return s ? og_strdup(s) : NULL;
}

/* Copies the shape of the first rule that hits. */
static bool find(struct sim_req *q, struct sim_shape *ret, struct og_sim_restart_opts *restart)
{
	struct sim_fault *hit = NULL;

	pthread_mutex_lock(&q->s->mu);
	for (struct sim_fault *f = q->s->faults; f; f = f->next) {
		if (!matches(f, q))
			continue;
		f->seen++;
		if (hit || f->seen < f->nth || (f->count >= 0 && f->seen >= f->nth + f->count))
			continue;
		hit = f;
	}
	if (hit) {
		*ret = hit->shape;
		ret->text = dup_or_null(hit->shape.text);
		ret->content_type = dup_or_null(hit->shape.content_type);
		ret->reason = dup_or_null(hit->shape.reason);
		ret->message = dup_or_null(hit->shape.message);
		*restart = hit->restart;
		q->s->nfaults++;
	}
	pthread_mutex_unlock(&q->s->mu);
	return hit != NULL;
}

static void pause_for(struct sim_req *q, int64_t ms)
{
	int64_t until = sim_mono_ms() + ms, left;

	while ((left = until - sim_mono_ms()) > 0 && !q->c->broken) {
		int r = sim_conn_wait(q->c, left);

		if (r < 0)
			q->c->broken = true;
		else if (r > 0)
			sim_conn_gone(q->c);
	}
}

bool sim_fault_apply(struct sim_req *q)
{
	struct og_sim_restart_opts restart = {0};
	struct sim_shape *sh = &q->c->shape;
	struct sim_status st = {.reason = NULL};

	if (!find(q, sh, &restart))
		return false;
	switch (sh->kind) {
	case SIM_F_STATUS:
		if (sh->stream && !strcmp(q->verb, "watch"))
			return false;
		st.code = sh->code;
		st.reason = sh->reason;
		st.retry_after = sh->retry_after;
		sim_fail(q, st, "%s", sh->message ? sh->message : "simulated");
		return true;
	case SIM_F_DELAY:
		pause_for(q, sh->ms);
		return q->c->broken;
	case SIM_F_RESTART:
		pthread_mutex_lock(&q->s->mu);
		q->s->restart = restart;
		q->s->restart_due = true;
		pthread_cond_broadcast(&q->s->cond);
		pthread_mutex_unlock(&q->s->mu);
		sim_conn_reset(q->c);
		return true;
	case SIM_F_ROTATE:
	case SIM_F_COMPACT:
		pthread_mutex_lock(&q->s->mu);
		if (sh->kind == SIM_F_COMPACT)
			sim_compact_locked(q->s);
		else
			sim_rotate_tokens(q->s);
		pthread_mutex_unlock(&q->s->mu);
		if (sh->kind == SIM_F_COMPACT)
			return false;
		st = (struct sim_status){.code = 401, .reason = "Unauthorized"};
		sim_fail(q, st, "Unauthorized");
		return true;
	case SIM_F_RESET:
	case SIM_F_STALL:
	case SIM_F_TRUNCATE:
		if (sh->after >= 0)
			return false;
		/* before anything is looked at or done */
		sim_begin(q, 200, "application/json", 0);
		return q->c->broken;
	default:
		return false;
	}
}
