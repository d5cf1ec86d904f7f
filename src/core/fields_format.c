/* SPDX-License-Identifier: Apache-2.0 */
/* Syntax of the strings in configuration documents. */
#include "otelgate/base/parse.h"
#include "otelgate/kobj/image.h"
#include "otelgate/kobj/names.h"
#include "otelgate/kobj/netpol.h"
#include "config_endpoint-priv.h"
#include "fields-priv.h"

#define DNS_LABEL "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

static bool all_of(struct og_sv s, const char *others)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');
		if (!alnum && (!c || !strchr(others, c)))
			return false;
	}
	return true;
}

static bool alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *check_name(struct og_sv s)
{
	return og_name_is_dns_subdomain(s)
		       ? NULL
		       : "is not an object name (lower-case letters, digits, '-' and '.', "
			 "at most 253)";
}

static const char *check_namespace(struct og_sv s)
{
	return og_name_is_dns_label(s) ? NULL
				       : "is not a namespace (lower-case letters, digits and "
					 "'-', at most 63)";
}

static const char *check_object_key(struct og_sv s)
{
	return og_name_is_object_key(s) ? NULL
					: "is not a key of a Secret (letters, digits, - _ .)";
}

static const char *check_url(struct og_sv s)
{
	struct og_endpoint e;
	return og_endpoint_parse(s, &e);
}

static const char *check_image(struct og_sv s)
{
	struct og_image im;
	return og_image_problem(s, &im);
}

static const char *check_attribute_key(struct og_sv s)
{
	return s.n && alpha(s.p[0]) && all_of(s, "._/-")
		       ? NULL
		       : "is not an attribute key (a letter, then letters, digits and . _ / -)";
}

static const char *check_text(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return "holds a control character";
	}
	return s.n ? NULL : "must not be empty";
}

static const char *check_slug(struct og_sv s)
{
	return og_name_is_dns_label(s)
		       ? NULL
		       : "is not a stack's slug (the first label of https://<slug>.grafana.net)";
}

static const char *check_user(struct og_sv s)
{
	return s.n && all_of(s, "._-") ? NULL : "is not a user (letters, digits and . _ -)";
}

static const char *check_tls_file(struct og_sv s)
{
	if (og_name_is_object_key(s))
		return NULL;
	if (!s.n || s.p[0] != '/')
		return "is neither a key (letters, digits, - _ .) nor an absolute path";
	if (og_sv_has(s, OG_SV("/../")) || og_sv_ends(s, OG_SV("/..")) || s.p[s.n - 1] == '/' ||
		!all_of(s, "./_-"))
		return "is not the plain absolute path of a file";
	return NULL;
}

static const char *check_container(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '*' &&
			c != '?')
			return "is not a container name or glob (lower-case letters, digits, - * ?)";
	}
	return s.n ? NULL : "must not be empty";
}

static const char *check_disable(struct og_sv s)
{
	return og_name_is_env(s) || !check_attribute_key(s)
		       ? NULL
		       : "is neither a variable (OTEL_…) nor a resource attribute (service.…)";
}

static bool day(struct og_sv *s)
{
	static const char days[] = "MonTueWedThuFriSatSun";
	for (size_t i = 0; i + 3 < sizeof days; i += 3) {
		if (og_sv_starts(*s, og_sv(days + i, 3))) {
			*s = og_sv(s->p + 3, s->n - 3);
			return true;
		}
	}
	return false;
}

/* HH:MM up to 24:00 from the front of *s, in minutes; -1. */
static int minutes(struct og_sv *s)
{
	if (s->n < 5 || s->p[2] != ':')
		return -1;
	for (size_t i = 0; i < 5; i++) {
		if (i != 2 && (s->p[i] < '0' || s->p[i] > '9'))
			return -1;
	}
	int h = (s->p[0] - '0') * 10 + s->p[1] - '0', m = (s->p[3] - '0') * 10 + s->p[4] - '0';
	*s = og_sv(s->p + 5, s->n - 5);
	return m < 60 && h * 60 + m <= 24 * 60 ? h * 60 + m : -1;
}

static bool literal(struct og_sv *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = og_sv(s->p + 1, s->n - 1);
	return true;
}

static const char *check_window(struct og_sv s)
{
	const char *bad = "is not a window: \"Mon-Fri 09:00-17:00\" or \"Sat 00:00-24:00\", UTC";
	if (!day(&s) || (literal(&s, '-') && !day(&s)) || !literal(&s, ' '))
		return bad;
	int from = minutes(&s);
	if (from < 0 || from == 24 * 60 || !literal(&s, '-'))
		return bad;
	int to = minutes(&s);
	if (to < 0 || s.n)
		return bad;
	return from == to ? "is an empty window: begin and end are the same" : NULL;
}

static const char *check_cidr(struct og_sv s)
{
	struct og_cidr c;
	return og_cidr_parse(s, &c) ? NULL : "is not a range of addresses: \"203.0.113.0/24\"";
}

const struct og_format og_format_name = {
	"object name", "^" DNS_LABEL "([.]" DNS_LABEL ")*$", 253, check_name};
const struct og_format og_format_namespace = {"namespace", "^" DNS_LABEL "$", 63, check_namespace};
const struct og_format og_format_object_key = {
	"key of a Secret", "^[-._a-zA-Z0-9]+$", 253, check_object_key};
const struct og_format og_format_url = {
	"URL", "^https?://[^/?#@\\s]+(/[^?#\\s]*)?$", 1024, check_url};
const struct og_format og_format_image = {"image", "^[^\\s]+$", 512, check_image};
const struct og_format og_format_attribute_key = {
	"attribute key", "^[A-Za-z][A-Za-z0-9._/-]*$", 128, check_attribute_key};
const struct og_format og_format_text = {"text", NULL, 253, check_text};
const struct og_format og_format_slug = {"slug", "^" DNS_LABEL "$", 63, check_slug};
const struct og_format og_format_user = {"user", "^[A-Za-z0-9._-]+$", 128, check_user};
const struct og_format og_format_tls_file = {
	"key or path", "^([-._a-zA-Z0-9]+|(/[-._a-zA-Z0-9]+)+)$", 253, check_tls_file};
const struct og_format og_format_container = {
	"container name or glob", "^[-a-z0-9*?]+$", 63, check_container};
const struct og_format og_format_disable = {
	"variable or attribute", "^[A-Za-z_][A-Za-z0-9._/-]*$", 128, check_disable};
const struct og_format og_format_window = {"window",
	"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(-(Mon|Tue|Wed|Thu|Fri|Sat|Sun))? "
	"([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
	32, check_window};
const struct og_format og_format_sampler_argument = {
	"sampler argument", "^[^\\s]+$", 512, check_text};
const struct og_format og_format_cidr = {"CIDR", "^[0-9a-fA-F.:]+/[0-9]{1,3}$", 49, check_cidr};
