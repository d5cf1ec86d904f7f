/* SPDX-License-Identifier: Apache-2.0 */
/* Container image references. */
#include "otelgate/kobj/image.h"

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || is_upper(c);
}

static size_t last(struct og_sv s, char c)
{
	for (size_t i = s.n; i-- > 0;) {
		if (s.p[i] == c)
			return i;
	}
	return s.n;
}

/* [a-z0-9]+ parts joined by ".", "_", "__" or any number of "-". */
static bool component(struct og_sv s)
{
	size_t i = 0;
	while (i < s.n && is_lower_alnum(s.p[i])) {
		while (i < s.n && is_lower_alnum(s.p[i]))
			i++;
		if (i == s.n)
			return true;
		char sep = s.p[i++];
		if (sep == '_' && i < s.n && s.p[i] == '_')
			i++;
		while (sep == '-' && i < s.n && s.p[i] == '-')
			i++;
		if (sep != '.' && sep != '_' && sep != '-')
			return false;
	}
	return false;
}

static bool repository(struct og_sv s)
{
	struct og_sv rest = s, part;
	if (!s.n || s.p[s.n - 1] == '/')
		return false;
	while (og_sv_split(&rest, '/', &part)) {
		if (!component(part))
			return false;
	}
	return true;
}

static bool port(struct og_sv s)
{
	unsigned v = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s.p[i] - '0');
		if (v > 65535)
			return false;
	}
	return s.n > 0 && v > 0;
}

static bool ipv6_literal(struct og_sv s)
{
	size_t colons = 0;
	if (s.n < 4 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < s.n; i++) {
		char c = s.p[i];
		bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
			   (c >= 'A' && c <= 'F');
		colons += c == ':';
		if (!hex && c != ':')
			return false;
	}
	return colons >= 2;
}

static bool host(struct og_sv s)
{
	bool at_start = true;
	if (ipv6_literal(s))
		return true;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool at_end = i + 1 == s.n || s.p[i + 1] == '.';
		if (c == '.' && !at_start && i + 1 < s.n) {
			at_start = true;
			continue;
		}
		if (!is_alnum(c) && (c != '-' || at_start || at_end))
			return false;
		at_start = false;
	}
	return s.n > 0 && !at_start;
}

static bool registry(struct og_sv s)
{
	size_t colon = last(s, ':');
	if (colon == s.n || (s.n && s.p[s.n - 1] == ']'))
		return host(s);
	return host(og_sv(s.p, colon)) && port(og_sv(s.p + colon + 1, s.n - colon - 1));
}

static bool is_registry(struct og_sv first)
{
	for (size_t i = 0; i < first.n; i++) {
		if (first.p[i] == '.' || first.p[i] == ':' || is_upper(first.p[i]))
			return true;
	}
	return og_sv_is(first, "localhost");
}

static bool tag(struct og_sv s)
{
	if (!s.n || s.n > OG_IMAGE_TAG_MAX || s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!is_alnum(c) && c != '_' && c != '.' && c != '-')
			return false;
	}
	return true;
}

/* The three registered algorithms with their exact lengths (OCI image-spec, descriptor.md). */
static const struct {
	const char *name;
	size_t hex;
} algorithms[] = {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}};

static bool digest(struct og_sv s)
{
	size_t colon = og_sv_chr(s, ':');
	struct og_sv name = og_sv(s.p, colon);
	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
		if (!og_sv_eq(name, og_svz(algorithms[i].name)))
			continue;
		if (s.n - colon != algorithms[i].hex + 1)
			return false;
		for (size_t k = colon + 1; k < s.n; k++) {
			char c = s.p[k];
			if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
				return false;
		}
		return true;
	}
	return false;
}

const char *og_image_problem(struct og_sv ref, struct og_image *ret)
{
	struct og_image im = {.repository = ref};
	size_t at = og_sv_chr(ref, '@');
	if (!ref.n)
		return "is empty";
	if (at < ref.n) {
		im.digest = og_sv(ref.p + at + 1, ref.n - at - 1);
		im.repository.n = at;
		if (!digest(im.digest))
			return "has a digest that is not sha256:<64 hex digits> (sha384, sha512)";
	}
	struct og_sv name = im.repository;
	size_t colon = last(name, ':'), slash = last(name, '/');
	if (colon < name.n && (slash == name.n || colon > slash)) {
		im.tag = og_sv(name.p + colon + 1, name.n - colon - 1);
		name.n = colon;
		if (!tag(im.tag))
			return "has a tag that is not 1 to 128 of A-Z a-z 0-9 _ . -";
	}
	if (name.n > OG_IMAGE_NAME_MAX)
		return "has a name longer than 255 characters";
	size_t first = og_sv_chr(name, '/');
	im.repository = name;
	if (first < name.n && is_registry(og_sv(name.p, first))) {
		im.registry = og_sv(name.p, first);
		im.repository = og_sv(name.p + first + 1, name.n - first - 1);
		if (!registry(im.registry))
			return "has a registry that is not host[:port]";
	}
	if (!repository(im.repository))
		return "has a repository that is not lower-case letters, digits and . _ - "
		       "between slashes";
	*ret = im;
	return NULL;
}

int og_image_parse(struct og_sv ref, struct og_image *ret, struct og_err *err)
{
	const char *bad = og_image_problem(ref, ret);
	return bad ? og_err_set(err, OG_E_PARSE, "image reference %s", bad) : 0;
}
