/* SPDX-License-Identifier: Apache-2.0 */
/* Names of things: paths of the API, and the rules of RBAC that open them. */
#include "otelgate/kube/client.h"

#include "otelgate/base/mem.h"

static const char *const verbs[OG_KUBE_VERB_COUNT_] = {
	[OG_KUBE_GET] = "get",
	[OG_KUBE_LIST] = "list",
	[OG_KUBE_WATCH] = "watch",
	[OG_KUBE_CREATE] = "create",
	[OG_KUBE_UPDATE] = "update",
	[OG_KUBE_PATCH] = "patch",
	[OG_KUBE_DELETE] = "delete",
	[OG_KUBE_RAW] = "get",
};

const char *og_kube_verb_name(enum og_kube_verb v)
{
	return (unsigned)v < OG_KUBE_VERB_COUNT_ ? verbs[v] : "unknown";
}

/* One segment: what RFC 3986 lets stand, ':' (names of RBAC objects) included. */
static void put_segment(struct og_buf *out, struct og_sv s)
{
	static const char hex[] = "0123456789ABCDEF";
	og_buf_ch(out, '/');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			(c && strchr("-._~:@", c))) {
			og_buf_ch(out, (char)c);
			continue;
		}
		const char esc[3] = {'%', hex[c >> 4], hex[c & 15]};
		og_buf_add(out, esc, sizeof(esc));
	}
}

void og_kube_path(const struct og_kube_resource *r, struct og_buf *out)
{
	if (r->group.n) {
		og_buf_lit(out, "/apis");
		put_segment(out, r->group);
	} else {
		og_buf_lit(out, "/api");
	}
	put_segment(out, r->version.n ? r->version : OG_SV("v1"));
	if (r->ns.n) {
		og_buf_lit(out, "/namespaces");
		put_segment(out, r->ns);
	}
	put_segment(out, r->resource);
	if (r->name.n)
		put_segment(out, r->name);
	if (r->subresource.n)
		put_segment(out, r->subresource);
}

/* Into a YAML text in double quotes; what these names may not hold is left out. */
static void put_name(struct og_buf *out, struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] > 0x20 && s.p[i] < 0x7f && s.p[i] != '"' && s.p[i] != '\\')
			og_buf_ch(out, s.p[i]);
	}
}

static void put_list(struct og_buf *out, const char *key, struct og_sv a, struct og_sv b)
{
	og_buf_fmt(out, "%s: [\"", key);
	put_name(out, a);
	if (b.n) {
		og_buf_ch(out, '/');
		put_name(out, b);
	}
	og_buf_lit(out, "\"]\n");
}

void og_kube_rbac_rule(enum og_kube_verb v, const struct og_kube_resource *r, struct og_buf *out)
{
	bool raw = v == OG_KUBE_RAW, role = !raw && r->ns.n > 0;
	og_buf_fmt(out,
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata:\n"
		"  name: otelgate-extra\n",
		role ? "Role" : "ClusterRole");
	if (role) {
		og_buf_lit(out, "  namespace: \"");
		put_name(out, r->ns);
		og_buf_lit(out, "\"\n");
	}
	og_buf_lit(out, "rules:\n- ");
	if (raw) {
		put_list(out, "nonResourceURLs", r->resource, OG_SV(""));
	} else {
		put_list(out, "apiGroups", r->group, OG_SV(""));
		put_list(out, "  resources", r->resource, r->subresource);
		/* a collection has no name, and neither has what is still to be created */
		if (r->name.n && v != OG_KUBE_CREATE)
			put_list(out, "  resourceNames", r->name, OG_SV(""));
	}
	og_buf_fmt(out, "  verbs: [\"%s\"]\n", og_kube_verb_name(v));
}
