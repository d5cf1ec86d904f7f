/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what: Basic users per host, tokens with scopes. */
#include "cloud/cloud-priv.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"

static const char *const users[OG_CLOUD_HOSTS_] = {
	[OG_CLOUD_GATEWAY] = "100001",
	[OG_CLOUD_PROM] = "200002",
	[OG_CLOUD_LOKI] = "300003",
	[OG_CLOUD_TEMPO] = "400004",
	[OG_CLOUD_PYROSCOPE] = "500005",
	[OG_CLOUD_DISCOVERY] = "",
	[OG_CLOUD_COLLECTOR] = "",
	[OG_CLOUD_ADMIN] = "",
};

const char *og_cloud_user(const struct og_cloud *c, enum og_cloud_host h)
{
	(void)c;
	return users[h];
}

int og_cloud_token(struct og_cloud *c, const char *token, const char *scopes, struct og_err *err)
{
	struct cl_token *t;
	int rc = 0;

	if (scopes && strlen(scopes) >= CL_SCOPES)
		return og_err_set(err, OG_E_LIMIT, "scopes are too long");
	pthread_mutex_lock(&c->mu);
	for (t = c->tokens; t && strcmp(t->token, token) != 0; t = t->next)
		;
	if (!t && scopes) {
		t = og_calloc(1, sizeof(*t));
		if (t && (t->token = og_strdup(token))) {
			t->next = c->tokens;
			c->tokens = t;
		} else {
			og_free(t);
			t = NULL;
			rc = og_err_set(err, OG_E_OOM, "token");
		}
	}
	if (t && scopes) {
		memcpy(t->scopes, scopes, strlen(scopes) + 1);
	} else if (t) { /* unknown from now on; the name stays in the list */
		t->scopes[0] = '\0';
		og_free(t->token);
		t->token = og_strdup("");
		rc = t->token ? 0 : og_err_set(err, OG_E_OOM, "token");
	}
	pthread_mutex_unlock(&c->mu);
	return rc;
}

static bool refuse(struct cl_req *q, const char *why)
{
	bool text;

	pthread_mutex_lock(&q->c->mu);
	text = q->c->set.auth_text;
	pthread_mutex_unlock(&q->c->mu);
	og_buf_lit(&q->head, "WWW-Authenticate: Basic realm=\"Grafana Cloud\"\r\n");
	if (q->otlp) {
		cl_text(q, 401, "authentication error: %s", why);
	} else if (q->host == OG_CLOUD_DISCOVERY) {
		og_buf_fmt(&q->out, "{\"code\":\"InvalidCredentials\",\"message\":");
		og_jw_str(&q->out, og_svz(why));
		og_buf_ch(&q->out, '}');
		cl_json(q, 401);
	} else if (text) {
		cl_text(q, 401, "Unauthorized\n");
	} else {
		og_buf_lit(&q->out, "{\"status\":\"error\",\"error\":\"authentication error: ");
		og_jw_part(&q->out, og_svz(why));
		og_buf_lit(&q->out, "\"}");
		cl_json(q, 401);
	}
	return false;
}

static bool has_scope(const char *scopes, const char *want)
{
	struct og_sv rest = og_svz(scopes), part;

	while (og_sv_split(&rest, ',', &part))
		if (og_sv_eq(og_sv_trim(part), og_svz(want)))
			return true;
	return false;
}

/* 1 = fine, 0 = unknown token, -1 = lacks the scope. */
static int look(struct cl_req *q, struct og_sv token, const char *scope)
{
	int r = 0;

	pthread_mutex_lock(&q->c->mu);
	for (struct cl_token *t = q->c->tokens; t && !r; t = t->next)
		if (token.n && og_sv_eq(og_svz(t->token), token))
			r = has_scope(t->scopes, scope) ? 1 : -1;
	pthread_mutex_unlock(&q->c->mu);
	return r;
}

bool cl_authorised(struct cl_req *q, const char *scope)
{
	og_auto_wipe struct og_buf b = OG_BUF_INIT(8192);
	struct og_sv h = cl_header(q, "authorization"), user = {NULL, 0}, token;
	bool basic = og_sv_starts(h, OG_SV("Basic ")), bearer = og_sv_starts(h, OG_SV("Bearer "));
	size_t colon;
	int r;

	if (!h.n)
		return refuse(q, "no credentials provided");
	if (q->host == OG_CLOUD_DISCOVERY) {
		if (!bearer)
			return refuse(q, "invalid credentials");
		token = og_sv(h.p + 7, h.n - 7);
	} else {
		/* what the edge says to a token without its user */
		if (bearer)
			return refuse(q, "legacy auth cannot be upgraded because the host is not "
					 "found");
		if (!basic || og_base64_decode(&b, og_sv(h.p + 6, h.n - 6), NULL))
			return refuse(q, "invalid authentication credentials");
		colon = og_sv_chr(og_buf_view(&b), ':');
		if (colon == b.len)
			return refuse(q, "invalid authentication credentials");
		user = og_arena_sv(q->a, og_sv(b.p, colon));
		token = og_sv(b.p + colon + 1, b.len - colon - 1);
		q->user = user;
	}
	r = look(q, token, scope);
	if (r == 0)
		return refuse(q, "invalid token");
	if (user.p && !og_sv_eq(user, og_svz(users[q->host])))
		return refuse(q, "invalid authentication credentials");
	if (r < 0 && q->host == OG_CLOUD_DISCOVERY)
		return refuse(q, "missing required scope [stacks:read]");
	return r > 0 || refuse(q, "invalid scope requested");
}
