/* SPDX-License-Identifier: Apache-2.0 */
/* Syntax of Kubernetes names. */
#include "otelgate/kobj/names.h"

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

bool og_name_is_dns_label(struct og_sv s)
{
	if (!s.n || s.n > 63 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_lower(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-')
			return false;
	}
	return true;
}

/* A subdomain's labels have no length limit of their own, unlike a lone DNS label. */
bool og_name_is_dns_subdomain(struct og_sv s)
{
	if (!s.n || s.n > 253)
		return false;
	bool at_start = true;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = is_lower(c) || is_digit(c);
		bool at_end = i + 1 == s.n || s.p[i + 1] == '.';
		if (!alnum && (at_start || at_end || c != '-'))
			return false;
		at_start = at_end;
		if (at_end)
			i++; /* the dot */
	}
	return s.p[s.n - 1] != '.';
}

static bool qualified(struct og_sv s)
{
	if (!s.n || s.n > 63 || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!is_alnum(c) && c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

bool og_name_is_label_key(struct og_sv s)
{
	size_t slash = og_sv_chr(s, '/');
	if (slash == s.n)
		return qualified(s);
	return og_name_is_dns_subdomain(og_sv(s.p, slash)) &&
	       qualified(og_sv(s.p + slash + 1, s.n - slash - 1));
}

bool og_name_is_label_value(struct og_sv s)
{
	return !s.n || qualified(s);
}

bool og_name_is_env(struct og_sv s)
{
	if (!s.n || is_digit(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]) && s.p[i] != '_')
			return false;
	}
	return true;
}

bool og_name_is_object_key(struct og_sv s)
{
	if (!s.n || s.n > 253 || og_sv_is(s, ".") || og_sv_starts(s, OG_SV("..")))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!is_alnum(c) && c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}
