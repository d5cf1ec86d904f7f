/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and whether the rules let them. */
#include <openssl/x509.h>
#include "sim/sim-priv.h"

int og_sim_add_user(struct og_sim *s, const char *user, const char *groups, const char *token,
	struct og_err *err)
{
	struct sim_token *t = og_calloc(1, sizeof(*t));

	if (t) {
		t->user = og_strdup(user);
		t->groups = og_strdup(groups ? groups : "");
		t->token = og_strdup(token);
	}
	if (!t || !t->user || !t->groups || !t->token) {
		if (t) {
			og_free(t->user);
			og_free(t->groups);
			og_free(t->token);
		}
		og_free(t);
		return og_err_set(err, OG_E_OOM, "user %s", user);
	}
	pthread_mutex_lock(&s->mu);
	t->next = s->tokens;
	s->tokens = t;
	pthread_mutex_unlock(&s->mu);
	return 0;
}

int og_sim_allow(
	struct og_sim *s, const char *user, const char *ns, const char *rules, struct og_err *err)
{
	struct sim_rule *r = og_calloc(1, sizeof(*r));
	json_error_t je;

	if (!r)
		return og_err_set(err, OG_E_OOM, "rule");
	r->rules = json_loads(rules, JSON_REJECT_DUPLICATES, &je);
	r->user = og_strdup(user);
	r->ns = ns ? og_strdup(ns) : NULL;
	if (!json_is_array(r->rules) || !r->user || (ns && !r->ns)) {
		json_decref(r->rules);
		og_free(r->user);
		og_free(r->ns);
		og_free(r);
		return og_err_set(err, OG_E_USAGE, "rules for %s: not a JSON array of rules", user);
	}
	pthread_mutex_lock(&s->mu);
	r->next = s->rules;
	s->rules = r;
	pthread_mutex_unlock(&s->mu);
	return 0;
}

void og_sim_disallow_all(struct og_sim *s, const char *user)
{
	pthread_mutex_lock(&s->mu);
	for (struct sim_rule **at = &s->rules; *at;) {
		struct sim_rule *r = *at;

		if (strcmp(r->user, user)) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		json_decref(r->rules);
		og_free(r->user);
		og_free(r->ns);
		og_free(r);
	}
	pthread_mutex_unlock(&s->mu);
}

void og_sim_revoke_token(struct og_sim *s, const char *token)
{
	pthread_mutex_lock(&s->mu);
	for (struct sim_token *t = s->tokens; t; t = t->next)
		if (!strcmp(t->token, token))
			t->revoked = true;
	pthread_mutex_unlock(&s->mu);
}

void sim_rotate_tokens(struct og_sim *s)
{
	for (struct sim_token *t = s->tokens; t; t = t->next)
		t->revoked = true;
}

static bool array_has(const json_t *a, const char *s, bool star)
{
	size_t i;
	json_t *v;

	json_array_foreach(a, i, v)
	{
		const char *x = json_string_value(v);

		if (x && (!strcmp(x, s) || (star && !strcmp(x, "*"))))
			return true;
	}
	return false;
}

/* nonResourceURLs: exact, or a prefix that ends in a star. */
static bool path_matches(const json_t *a, const char *path)
{
	size_t i;
	json_t *v;

	json_array_foreach(a, i, v)
	{
		struct og_sv x = og_svz(json_string_value(v)), p = og_svz(path);

		if (x.n && x.p[x.n - 1] == '*' && og_sv_starts(p, og_sv(x.p, x.n - 1)))
			return true;
		if (og_sv_eq(x, p))
			return true;
	}
	return false;
}

bool sim_rule_allows(const json_t *rule, const struct sim_ask *ask)
{
	const json_t *names = json_object_get(rule, "resourceNames");
	og_auto_buf struct og_buf full = OG_BUF_INIT(0);

	if (!array_has(json_object_get(rule, "verbs"), ask->verb, true))
		return false;
	if (ask->path)
		return path_matches(json_object_get(rule, "nonResourceURLs"), ask->path);
	og_buf_fmt(&full, "%s%s%s", ask->resource, *ask->sub ? "/" : "", ask->sub);
	return array_has(json_object_get(rule, "apiGroups"), ask->group, true) &&
	       array_has(json_object_get(rule, "resources"), og_buf_view(&full).p, true) &&
	       (!json_array_size(names) || (*ask->name && array_has(names, ask->name, false)));
}

/* What everyone with a name may read (system:discovery, system:public-info-viewer). */
static bool is_public_path(const char *path, bool anonymous)
{
	static const char *const open[] = {"/healthz", "/livez", "/readyz", "/version"};
	static const char *const known[] = {"/api", "/apis", "/openapi"};
	struct og_sv p = og_svz(path);

	for (size_t i = 0; i < OG_COUNT(open); i++)
		if (og_sv_starts(p, og_svz(open[i])))
			return true;
	for (size_t i = 0; i < OG_COUNT(known) && !anonymous; i++)
		if (og_sv_starts(p, og_svz(known[i])))
			return true;
	return false;
}

bool sim_allowed(struct og_sim *s, const char *user, const char *groups, const char *verb,
	const char *group, const char *resource, const char *sub, const char *ns, const char *name,
	const char *path)
{
	const struct sim_ask ask = {verb, group, resource, sub, ns, name, path};

	if (sim_list_has(groups, "system:masters"))
		return true;
	if (path && !strcmp(verb, "get") && is_public_path(path, !strcmp(user, "system:anonymous")))
		return true;
	/* every signed-in user may ask about itself (system:basic-user) */
	if (!path && !strcmp(verb, "create") && !sim_list_has(groups, "system:unauthenticated") &&
		(!strncmp(resource, "selfsubject", 11)))
		return true;
	for (struct sim_rule *r = s->rules; r; r = r->next) {
		size_t i;
		json_t *rule;

		if (strcmp(r->user, user) || (r->ns && (path || strcmp(r->ns, ns))))
			continue;
		json_array_foreach(r->rules, i, rule)
		{
			if (sim_rule_allows(rule, &ask))
				return true;
		}
	}
	return sim_rbac_allows(s, user, groups, &ask);
}

static bool find_token(struct sim_req *q, struct og_sv token)
{
	bool found = false;

	pthread_mutex_lock(&q->s->mu);
	for (struct sim_token *t = q->s->tokens; t && !found; t = t->next) {
		if (t->revoked || !og_sv_eq(og_svz(t->token), token))
			continue;
		q->user = og_arena_strndup(q->a, t->user, strlen(t->user));
		q->groups = og_arena_fmt(
			q->a, "%s%ssystem:authenticated", t->groups, *t->groups ? "," : "");
		found = true;
	}
	pthread_mutex_unlock(&q->s->mu);
	return found && q->user && q->groups;
}

/* The CN of a verified certificate, with the groups that its tokens have. */
static void by_certificate(struct sim_req *q)
{
	X509 *cert = SSL_get1_peer_certificate(q->c->ssl);
	char cn[128] = "";

	if (cert && SSL_get_verify_result(q->c->ssl) == X509_V_OK)
		X509_NAME_get_text_by_NID(
			X509_get_subject_name(cert), NID_commonName, cn, (int)sizeof(cn));
	X509_free(cert);
	if (!*cn)
		return;
	q->user = og_arena_strndup(q->a, cn, strlen(cn));
	q->groups = "system:authenticated";
	pthread_mutex_lock(&q->s->mu);
	for (struct sim_token *t = q->s->tokens; t; t = t->next)
		if (!strcmp(t->user, cn) && *t->groups)
			q->groups = og_arena_fmt(q->a, "%s,system:authenticated", t->groups);
	pthread_mutex_unlock(&q->s->mu);
}

bool sim_authenticate(struct sim_req *q)
{
	struct og_sv a = sim_header(q, "authorization"), as = sim_header(q, "impersonate-user");
	struct sim_status st = {.code = 401, .reason = "Unauthorized"};
	bool may;

	q->user = "system:anonymous";
	q->groups = "system:unauthenticated";
	by_certificate(q);
	if (a.n > 7 && og_sv_caseeq(og_sv(a.p, 7), OG_SV("bearer ")) &&
		!find_token(q, og_sv_trim(og_sv(a.p + 7, a.n - 7)))) {
		q->user = "";
		sim_fail(q, st, "Unauthorized");
		return false;
	}
	if (!as.n)
		return true;
	pthread_mutex_lock(&q->s->mu);
	may = sim_allowed(
		q->s, q->user, q->groups, "impersonate", "", "users", "", "", sim_z(q, as), NULL);
	pthread_mutex_unlock(&q->s->mu);
	if (!may) {
		struct sim_req no = *q;

		no.resource = true;
		no.verb = "impersonate";
		no.plural = OG_SV("users");
		no.group = no.ns = no.sub = og_svz("");
		no.name = as;
		sim_fail_forbidden(&no);
		q->code = no.code;
		return false;
	}
	q->user = sim_z(q, as);
	q->groups = "system:authenticated";
	for (size_t i = 0; i < q->nheaders; i++)
		if (og_sv_caseeq(q->headers[i].name, OG_SV("impersonate-group")))
			q->groups = og_arena_fmt(
				q->a, "%s,%.*s", q->groups, OG_SV_ARG(q->headers[i].val));
	return q->groups != NULL;
}
