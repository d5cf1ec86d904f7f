/* SPDX-License-Identifier: Apache-2.0 */
/* The rights that a configuration needs beside those of manifests/base: Secrets by their names. */
#include "access-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/term.h"
#include "otelgate/cluster/kinds.h"
#include "otelgate/codec/jwrite.h"

#define ACCOUNT "otelgate-controller"
#define RBAC	"rbac.authorization.k8s.io"

/* One Secret; ns "" = of that name in all namespaces. */
struct right {
	struct og_sv ns, name;
	const char *verbs, *why;
};

struct rights {
	struct right *v;
	size_t n, cap;
};

static void add(
	struct rights *r, struct og_sv ns, struct og_sv name, const char *verbs, const char *why)
{
	for (size_t i = 0; i < r->n; i++)
		if (og_sv_eq(r->v[i].ns, ns) && og_sv_eq(r->v[i].name, name))
			return;
	if (name.n && r->n < r->cap)
		r->v[r->n++] = (struct right){ns, name, verbs, why};
}

static void gather(const struct og_config *c, struct rights *r)
{
	static const char READ[] = "get, list, watch";

	for (uint32_t i = 0; i < c->nstacks; i++) {
		const struct og_stack *s = &c->stacks[i];
		if (s->credentials.present)
			add(r, s->credentials.secret_namespace, s->credentials.secret_name, READ,
				"what is distributed is made of it");
		if (s->query.secret_name.n)
			add(r, s->query.secret_namespace, s->query.secret_name, READ,
				"the token that reads");
		/* The base has the rights to the Secret of the usual name. */
		if (s->credentials.present &&
			!og_sv_is(s->distribute.secret_name, OG_CLUSTER_SECRET_NAME))
			add(r, OG_SV(""), s->distribute.secret_name,
				"get, list, watch, create, patch, delete",
				"what is distributed: that name and no other, in any namespace");
	}
}

/* "name: otelgate-secret-NAME", a JSON string, which is YAML for whatever is in it. */
static void put_name(struct og_buf *out, const char *key, struct og_sv name)
{
	og_auto_buf struct og_buf full = OG_BUF_INIT(1024);

	og_buf_fmt(&full, "otelgate-secret-%.*s", OG_SV_ARG(name));
	og_buf_str(out, key);
	og_jw_str(out, og_buf_view(&full));
	og_buf_ch(out, '\n');
}

static void put_meta(struct og_buf *out, const struct right *r, const char *kind)
{
	og_buf_fmt(out, "apiVersion: " RBAC "/v1\nkind: %s\nmetadata:\n", kind);
	put_name(out, "  name: ", r->name);
	if (r->ns.n) {
		og_buf_lit(out, "  namespace: ");
		og_jw_str(out, r->ns);
		og_buf_ch(out, '\n');
	}
	og_buf_lit(out, "  labels:\n    app.kubernetes.io/part-of: otelgate\n");
}

static void put(struct og_buf *out, const struct right *r, struct og_sv ns)
{
	og_buf_lit(out, "---\n# Secret ");
	og_text_safe(out, r->ns);
	og_buf_str(out, r->ns.n ? "/" : "");
	og_text_safe(out, r->name);
	og_buf_fmt(out, ": %s.\n", r->why);
	put_meta(out, r, r->ns.n ? "Role" : "ClusterRole");
	og_buf_lit(out, "rules:\n- apiGroups: [\"\"]\n  resources: [secrets]\n  resourceNames: [");
	og_jw_str(out, r->name);
	og_buf_fmt(out, "]\n  verbs: [%s]\n---\n", r->verbs);
	put_meta(out, r, r->ns.n ? "RoleBinding" : "ClusterRoleBinding");
	og_buf_fmt(out, "roleRef:\n  apiGroup: " RBAC "\n  kind: %s\n",
		r->ns.n ? "Role" : "ClusterRole");
	put_name(out, "  name: ", r->name);
	og_buf_lit(out, "subjects:\n- kind: ServiceAccount\n  name: " ACCOUNT "\n  namespace: ");
	og_jw_str(out, ns);
	og_buf_ch(out, '\n');
}

int og_access_rights(
	const struct og_config *config, struct og_sv ns, struct og_arena *arena, struct og_buf *out)
{
	struct rights r = {.cap = 3 * (size_t)config->nstacks};

	r.v = og_arena_new_n(arena, r.cap + 1, struct right);
	if (!r.v)
		return -(int)OG_E_OOM;
	gather(config, &r);
	if (!r.n)
		og_buf_lit(out, "# No rights beside those of manifests/base.\n");
	for (size_t i = 0; i < r.n; i++)
		put(out, &r.v[i], ns);
	return out->failed ? -(int)OG_E_OOM : 0;
}
