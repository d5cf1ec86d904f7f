/* SPDX-License-Identifier: Apache-2.0 */
/* Request checks that need only the headers. The library's parser is lenient (c-libraries 1.5). */
#include "httpd-priv.h"

#include <string.h>
#include <strings.h>
#include "otelgate/base/mem.h"

struct fields {
	unsigned hosts, lengths, transfers;
	bool bad_length;
	uint64_t length;
	const char *transfer, *type, *encoding, *expect;
};

static void read_length(struct fields *f, const char *value)
{
	uint64_t n = 0;

	f->lengths++;
	if (!*value)
		f->bad_length = true;
	for (; *value; value++) {
		if (*value < '0' || *value > '9' || n > UINT64_MAX / 10 - 1) {
			f->bad_length = true;
			return;
		}
		n = n * 10 + (uint64_t)(*value - '0');
	}
	f->length = n;
}

static enum MHD_Result on_field(
	void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct fields *f = cls;

	(void)kind;
	if (!value)
		value = "";
	if (strcasecmp(key, "host") == 0) {
		f->hosts++;
	} else if (strcasecmp(key, "content-length") == 0) {
		read_length(f, value);
	} else if (strcasecmp(key, "transfer-encoding") == 0) {
		f->transfers++;
		f->transfer = value;
	} else if (strcasecmp(key, "content-type") == 0 && !f->type) {
		f->type = value;
	} else if (strcasecmp(key, "content-encoding") == 0) {
		if (!f->encoding || strcasecmp(f->encoding, "identity") == 0)
			f->encoding = value;
	} else if (strcasecmp(key, "expect") == 0) {
		f->expect = value;
	}
	return MHD_YES;
}

static const char *framing_fault(const struct fields *f, const char *version)
{
	if (f->lengths > 1)
		return "400 more than one Content-Length\n";
	if (f->lengths && f->transfers)
		return "400 both Content-Length and Transfer-Encoding; send one of them\n";
	if (f->bad_length)
		return "400 Content-Length is not a number\n";
	if (f->transfers > 1 || (f->transfer && strcasecmp(f->transfer, "chunked") != 0))
		return "400 Transfer-Encoding is not \"chunked\"\n";
	if (f->transfers && strcmp(version, "HTTP/1.1") != 0)
		return "400 Transfer-Encoding needs HTTP/1.1\n";
	if (f->hosts > 1)
		return "400 more than one Host\n";
	if (f->hosts == 0 && strcmp(version, "HTTP/1.1") == 0)
		return "400 no Host\n";
	return NULL;
}

static bool is_json(const char *type)
{
	static const char want[] = "application/json";
	size_t n = sizeof(want) - 1;

	if (!type || strncasecmp(type, want, n) != 0)
		return false;
	type += n;
	while (*type == ' ' || *type == '\t')
		type++;
	return *type == '\0' || *type == ';';
}

/* A route of the path that takes the method; *ret_known tells whether the path exists at all. */
static const struct og_route *find_route(const struct og_http_xfer *x, bool *ret_known)
{
	const struct og_httpd_opts *o = &x->w->gen->server->o;
	bool head = og_sv_is(x->method, "HEAD");

	*ret_known = false;
	for (size_t i = 0; i < o->nroutes; i++) {
		const struct og_route *r = &o->routes[i];
		if (!og_sv_eq(x->path, og_svz(r->path)))
			continue;
		*ret_known = true;
		if (og_sv_eq(x->method, og_svz(r->method)) || (head && !strcmp(r->method, "GET")))
			return r;
	}
	return NULL;
}

static void refuse(struct og_http_xfer *x, int status, const char *text)
{
	x->refuse = status;
	x->refuse_text = text;
}

/* Limits that depend on what else goes on. */
static void take_place(struct og_http_xfer *x)
{
	struct og_httpd *s = x->w->gen->server;

	if (STAT_ADD(s->n.inflight, 1) < s->o.limits.max_inflight) {
		x->counted = true;
		return;
	}
	STAT_SUB(s->n.inflight, 1);
	refuse(x, 429, "429 too many requests in progress; try again\n");
}

void httpd_head_check(struct og_http_xfer *x, const char *version, struct http_head *ret)
{
	const struct og_httpd_limits *l = &x->w->gen->server->o.limits;
	struct fields f = {0};
	const char *fault;
	bool known;

	(void)MHD_get_connection_values(x->mc, MHD_HEADER_KIND, on_field, &f);
	fault = framing_fault(&f, version);
	*ret = (struct http_head){
		.length = f.length,
		.chunked = f.transfers > 0,
		.expect = f.expect != NULL,
		.bad_framing = fault != NULL,
	};
	x->route = find_route(x, &known);
	if (fault)
		refuse(x, 400, fault);
	else if (!known)
		refuse(x, 404, NULL);
	else if (!x->route)
		refuse(x, 405, "405 method not allowed here; see the Allow header\n");
	else if (f.expect && strcasecmp(f.expect, "100-continue") != 0)
		refuse(x, 417, "417 the only expectation met is 100-continue\n");
	else if (f.length > l->body_bytes)
		refuse(x, 413, "413 the body is larger than is accepted here\n");
	else if ((x->route->flags & OG_ROUTE_JSON) && f.encoding &&
		 strcasecmp(f.encoding, "identity") != 0)
		refuse(x, 415,
			"415 Content-Encoding is not supported; send the JSON uncompressed\n");
	else if ((x->route->flags & OG_ROUTE_JSON) && !is_json(f.type))
		refuse(x, 415, "415 the Content-Type has to be application/json\n");
	else if (x->route->flags & OG_ROUTE_LIMITED)
		take_place(x);
}
