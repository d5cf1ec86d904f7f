/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about access, and tokens for service accounts. Nothing is stored. */
#include <stdio.h>
#include <time.h>
#include "sim/sim-priv.h"

static bool ask(struct sim_req *q, const char *user, const char *groups, const json_t *spec)
{
	const json_t *ra = json_object_get(spec, "resourceAttributes");
	const json_t *na = json_object_get(spec, "nonResourceAttributes");
	bool ok;

	pthread_mutex_lock(&q->s->mu);
	ok = sim_allowed(q->s, user, groups, sim_str(ra ? ra : na, "verb"), sim_str(ra, "group"),
		sim_str(ra, "resource"), sim_str(ra, "subresource"), sim_str(ra, "namespace"),
		sim_str(ra, "name"), na ? sim_str(na, "path") : NULL);
	pthread_mutex_unlock(&q->s->mu);
	return ok;
}

static json_t *groups_of(const char *groups)
{
	struct og_sv rest = og_svz(groups), part;
	json_t *a = json_array();

	while (og_sv_split(&rest, ',', &part))
		json_array_append_new(a, json_stringn(part.p, part.n));
	return a;
}

/* POST …/serviceaccounts/NAME/token. */
static void token(struct sim_req *q, json_t *o)
{
	json_t *spec = json_object_get(o, "spec");
	json_int_t seconds = json_integer_value(json_object_get(spec, "expirationSeconds"));
	struct og_err err = OG_ERR_INIT;
	char text[64], user[600], groups[400], when[32];
	time_t end;
	struct tm tm;

	snprintf(text, sizeof(text), "sim-%016llx%016llx", (unsigned long long)sim_random(),
		(unsigned long long)sim_random());
	snprintf(user, sizeof(user), "system:serviceaccount:%.*s:%.*s", OG_SV_ARG(q->ns),
		OG_SV_ARG(q->name));
	snprintf(groups, sizeof(groups), "system:serviceaccounts,system:serviceaccounts:%.*s",
		OG_SV_ARG(q->ns));
	end = time(NULL) + (time_t)(seconds ? seconds : 3600);
	gmtime_r(&end, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (og_sim_add_user(q->s, user, groups, text, &err)) {
		sim_fail_oom(q);
		return;
	}
	json_object_set_new(
		o, "status", json_pack("{s:s,s:s}", "token", text, "expirationTimestamp", when));
	sim_send_json(q, 201, json_incref(o));
}

static json_t *token_review(struct sim_req *q, const char *text)
{
	json_t *st = json_pack("{s:b}", "authenticated", 0);

	pthread_mutex_lock(&q->s->mu);
	for (struct sim_token *t = q->s->tokens; t; t = t->next)
		if (!t->revoked && !strcmp(t->token, text)) {
			json_object_set_new(st, "authenticated", json_true());
			json_object_set_new(st, "user",
				json_pack("{s:s,s:o}", "username", t->user, "groups",
					groups_of(t->groups)));
		}
	pthread_mutex_unlock(&q->s->mu);
	return st;
}

void sim_review(struct sim_req *q)
{
	json_t *o = sim_body_json(q), *spec, *status = NULL;
	const char *k = q->res->kind;

	if (!o)
		return;
	spec = json_object_get(o, "spec");
	if (q->sub.n) {
		token(q, o);
		json_decref(o);
		return;
	}
	if (!strcmp(k, "SelfSubjectAccessReview")) {
		status = json_pack("{s:b}", "allowed", ask(q, q->user, q->groups, spec));
	} else if (!strcmp(k, "SubjectAccessReview")) {
		status = json_pack("{s:b}", "allowed", ask(q, sim_str(spec, "user"), "", spec));
	} else if (!strcmp(k, "SelfSubjectReview")) {
		status = json_pack("{s:{s:s,s:o}}", "userInfo", "username", q->user, "groups",
			groups_of(q->groups));
	} else {
		status = token_review(q, sim_str(spec, "token"));
	}
	json_object_set_new(o, "kind", json_string(k));
	json_object_set_new(o, "apiVersion", json_string(q->res->api_version));
	json_object_set_new(o, "status", status);
	sim_send_json(q, 201, o);
}
