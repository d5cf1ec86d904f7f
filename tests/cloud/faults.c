/* SPDX-License-Identifier: Apache-2.0 */
/* Faults: which request is hit, and by what. */
#include <jansson.h>
#include <stdio.h>
#include "cloud/cloud-priv.h"

static const struct {
	const char *name;
	enum cl_fault_kind kind;
} kinds[] = {{"status", CL_F_STATUS}, {"hang", CL_F_HANG}, {"delay", CL_F_DELAY},
	{"slow", CL_F_SLOW}, {"cut", CL_F_CUT}, {"reset", CL_F_RESET}, {"endless", CL_F_ENDLESS},
	{"huge", CL_F_HUGE}, {"contentType", CL_F_CONTENT_TYPE}, {"body", CL_F_BODY},
	{"warnings", CL_F_WARNINGS}, {"partial", CL_F_PARTIAL}, {"reject", CL_F_REJECT},
	{"redirect", CL_F_REDIRECT}};

static int host_of(const char *name)
{
	for (int h = 0; name && h < OG_CLOUD_HOSTS_; h++)
		if (!strcmp(name, og_cloud_host_name((enum og_cloud_host)h)))
			return h;
	return -1;
}

void cl_fault_free(struct cl_fault *f)
{
	og_free(f->path);
	og_free(f->text);
	og_free(f->content_type);
	f->path = f->text = f->content_type = NULL;
}

static char *dup_or_null(const char *s)
{
	return s ? og_strdup(s) : NULL;
}

static int64_t number(const json_t *o, const char *k, int64_t def)
{
	const json_t *v = json_object_get(o, k);

	return json_is_integer(v) ? json_integer_value(v) : def;
}

static int add(struct og_cloud *c, const json_t *o, struct og_err *err)
{
	static const char *const known[] = {"host", "path", "after", "count", "type", "code",
		"retryAfter", "html", "text", "contentType", "ms", "bytes", "n"};
	const char *type = json_string_value(json_object_get(o, "type"));
	const char *host = json_string_value(json_object_get(o, "host"));
	struct cl_fault *f, **at;
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)o, key, v)
	{
		bool found = false;

		for (size_t i = 0; i < OG_COUNT(known); i++)
			found = found || !strcmp(known[i], key);
		if (!found)
			return og_err_set(err, OG_E_USAGE, "fault: %s is not known", key);
	}
	if (!type || (host && host_of(host) < 0))
		return og_err_set(err, OG_E_USAGE, "fault: no type, or an unknown host");
	f = og_calloc(1, sizeof(*f));
	if (!f)
		return og_err_set(err, OG_E_OOM, "fault");
	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		if (!strcmp(kinds[i].name, type))
			f->kind = (int)kinds[i].kind;
	f->host = host_of(host);
	f->path = dup_or_null(json_string_value(json_object_get(o, "path")));
	f->text = dup_or_null(json_string_value(json_object_get(o, "text")));
	f->content_type = dup_or_null(json_string_value(json_object_get(o, "contentType")));
	f->after = number(o, "after", 0);
	f->count = number(o, "count", 1);
	f->ms = number(o, "ms", f->kind == CL_F_SLOW ? 10 : 0);
	f->bytes = number(o, "bytes", f->kind == CL_F_HUGE ? 100 << 20 : 0);
	f->n = number(o, "n", 1);
	f->code = (int)number(o, "code", 0);
	f->retry_after = (int)number(o, "retryAfter", -1);
	f->html = json_is_true(json_object_get(o, "html"));
	if (!f->kind || (f->kind == CL_F_STATUS && (f->code < 300 || f->code > 599)) ||
		(f->kind == CL_F_CONTENT_TYPE && !f->content_type) ||
		((f->kind == CL_F_BODY || f->kind == CL_F_REDIRECT || f->kind == CL_F_WARNINGS) &&
			!f->text)) {
		cl_fault_free(f);
		og_free(f);
		return og_err_set(err, OG_E_USAGE,
			"fault: type %s is not one, or lacks its code, text or contentType", type);
	}
	pthread_mutex_lock(&c->mu);
	for (at = &c->faults; *at; at = &(*at)->next)
		;
	*at = f;
	pthread_mutex_unlock(&c->mu);
	return 0;
}

int og_cloud_fault(struct og_cloud *c, const char *json, struct og_err *err)
{
	json_error_t je;
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, &je), *rule;
	int rc = 0;
	size_t i;

	if (!o)
		return og_err_set(err, OG_E_USAGE, "fault: line %d: %s", je.line, je.text);
	if (json_is_array(o)) {
		json_array_foreach(o, i, rule) rc = rc ? rc : add(c, rule, err);
	} else {
		rc = add(c, o, err);
	}
	json_decref(o);
	return rc;
}

void og_cloud_clear_faults(struct og_cloud *c)
{
	pthread_mutex_lock(&c->mu);
	while (c->faults) {
		struct cl_fault *f = c->faults;

		c->faults = f->next;
		cl_fault_free(f);
		og_free(f);
	}
	pthread_mutex_unlock(&c->mu);
}

uint64_t og_cloud_faults_hit(struct og_cloud *c)
{
	uint64_t n;

	pthread_mutex_lock(&c->mu);
	n = c->faults_hit;
	pthread_mutex_unlock(&c->mu);
	return n;
}

void cl_fault_find(struct cl_req *q)
{
	struct og_cloud *c = q->c;
	struct cl_fault *hit = NULL;

	if (q->host == OG_CLOUD_ADMIN)
		return;
	pthread_mutex_lock(&c->mu);
	for (struct cl_fault *f = c->faults; f; f = f->next) {
		if ((f->host >= 0 && f->host != (int)q->host) ||
			(f->path && !og_sv_starts(q->path, og_svz(f->path))))
			continue;
		/* what an earlier rule takes is not seen by the later ones: they follow it */
		f->seen++;
		if (f->seen > f->after && (f->count < 0 || f->seen <= f->after + f->count)) {
			hit = f;
			break;
		}
	}
	if (hit) {
		q->fault = *hit;
		q->fault.path = NULL;
		q->fault.text = dup_or_null(hit->text);
		q->fault.content_type = dup_or_null(hit->content_type);
		c->faults_hit++;
	}
	pthread_mutex_unlock(&c->mu);
}

/* Bodies as the edge and the backends have them. */
static void status(struct cl_req *q)
{
	const struct cl_fault *f = &q->fault;
	bool api = q->host == OG_CLOUD_PROM || q->host == OG_CLOUD_PYROSCOPE;

	if (f->retry_after >= 0)
		og_buf_fmt(&q->head, "Retry-After: %d\r\n", f->retry_after);
	if (f->text || f->html) {
		og_buf_reset(&q->out);
		if (f->text)
			og_buf_str(&q->out, f->text);
		else
			og_buf_fmt(&q->out,
				"<html>\r\n<head><title>%d</title></head>\r\n<body>\r\n<center><h1>"
				"%d</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n"
				"</html>\r\n",
				f->code, f->code);
		q->status = f->code;
		q->content_type = f->content_type ? f->content_type
				  : f->html	  ? "text/html"
						  : "text/plain; charset=utf-8";
		return;
	}
	if (f->code == 401)
		cl_text(q, 401, "Unauthorized\n");
	else if (q->host == OG_CLOUD_PROM && f->code == 429)
		cl_bad_data(q, 429, "too_many_requests", "too many requests");
	else if (q->host == OG_CLOUD_PROM && f->code == 503)
		cl_bad_data(q, 503, "timeout", "query timed out in expression evaluation");
	else if (q->host == OG_CLOUD_PROM && f->code == 422)
		cl_bad_data(q, 422, "execution", "expanding series: simulated");
	else if (q->host == OG_CLOUD_PROM && f->code == 500)
		cl_bad_data(q, 500, "internal", "simulated");
	else if (q->host == OG_CLOUD_LOKI && f->code == 429)
		cl_text(q, 429, "too many outstanding requests\n");
	else if (api && q->host == OG_CLOUD_PYROSCOPE) {
		og_buf_fmt(&q->out, "{\"code\":\"%s\",\"message\":\"simulated\"}",
			f->code == 429	 ? "resource_exhausted"
			: f->code == 403 ? "permission_denied"
			: f->code == 503 ? "unavailable"
					 : "internal");
		cl_json(q, f->code);
	} else {
		cl_text(q, f->code, "simulated %d\n", f->code);
	}
}

bool cl_fault_answer(struct cl_req *q)
{
	switch (q->fault.kind) {
	case CL_F_STATUS:
		status(q);
		return true;
	case CL_F_REDIRECT:
		og_buf_fmt(&q->head, "Location: %s\r\n", q->fault.text);
		cl_text(q, 302, "%s", "");
		return true;
	case CL_F_HANG:
	case CL_F_RESET:
	case CL_F_ENDLESS:
	case CL_F_HUGE:
		cl_json(q, 200);
		return true;
	case CL_F_BODY:
		og_buf_str(&q->out, q->fault.text);
		cl_json(q, q->fault.code ? q->fault.code : 200);
		if (q->fault.content_type)
			q->content_type = q->fault.content_type;
		return true;
	default:
		return false;
	}
}
