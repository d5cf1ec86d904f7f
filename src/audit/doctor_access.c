/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, what it may read, and which kinds the cluster has. */
#include "doctor_look-priv.h"

#include "otelgate/cluster/kinds.h"
#include "otelgate/codec/jwrite.h"

static const struct og_doctor_known seen = {OG_DS_SEEN, {"", 0}, {"", 0}};

/* ---- rights ---- */

enum { MAX_RIGHTS = 64, WAIT_MS = 10000, TURN_MS = 50 };

/* One access review under way. */
struct review {
	struct asking *of;
	struct og_doctor_right *right;
};
struct asking {
	struct doctor_look *l;
	unsigned under_way, answered;
	struct og_sv why;
	struct review v[MAX_RIGHTS];
};

static void on_review(void *ctx, const struct og_kube_answer *a)
{
	struct review *r = ctx;

	r->of->under_way--;
	if (a->code < 0 || !a->doc) {
		if (!r->of->why.n)
			r->of->why = og_arena_sv(r->of->l->arena, og_svz(a->err.msg));
		return;
	}
	r->of->answered++;
	r->right->allowed =
		og_jis(og_jpath(og_jroot(a->doc), "status", "allowed", NULL), OG_J_TRUE);
}

static void put_member(struct og_buf *b, const char *name, struct og_sv value)
{
	if (!value.n)
		return;
	og_buf_fmt(b, ",\"%s\":", name);
	og_jw_str(b, value);
}

static bool ask_right(struct asking *k, struct review *r)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);
	const struct og_doctor_right *x = r->right;
	const char *ns = k->l->ask->ns;
	bool cluster = !strcmp(x->resource, "namespaces") ||
		       !strcmp(x->resource, "grafanastacks") ||
		       !strcmp(x->resource, "telemetryprofiles") ||
		       !strcmp(x->resource, "mutatingwebhookconfigurations");

	og_buf_fmt(&b,
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\","
		"\"spec\":{\"resourceAttributes\":{\"verb\":\"%s\",\"resource\":\"%s\"",
		x->verb, x->resource);
	put_member(&b, "group", og_svz(x->group));
	put_member(&b, "name", og_svz(x->name));
	put_member(&b, "namespace", og_svz(cluster ? NULL : ns));
	og_buf_lit(&b, "}}}");
	const struct og_kube_request q = {.verb = OG_KUBE_CREATE,
		.res = {.group = OG_SV("authorization.k8s.io"),
			.version = OG_SV("v1"),
			.resource = OG_SV("selfsubjectaccessreviews")},
		.body = og_buf_view(&b),
		.deadline_ms = WAIT_MS,
		.max_tries = 2,
		.ctx = r,
		.on_done = on_review};
	return !b.failed && og_kube_start(k->l->s.kube, &q, NULL, NULL) == 0;
}

/* The verbs of a reader's rule that are asked for: what may be listed need not be got. */
static const char *const verbs[] = {"list", "watch", "get"};

static bool has_word(const char *words, const char *word)
{
	struct og_sv rest = og_svz(words), part;

	while (og_sv_split(&rest, ' ', &part))
		if (og_sv_eq(part, og_svz(word)))
			return true;
	return false;
}

static void add_rule(struct doctor_look *l, const struct og_rbac_rule *rule,
	struct og_doctor_right *v, uint32_t *n)
{
	struct og_sv rest = og_svz(rule->resources), part;

	while (og_sv_split(&rest, ' ', &part)) {
		const char *resource = og_arena_strndup(l->arena, part.p, part.n);
		for (size_t i = 0; resource && i < OG_COUNT(verbs); i++)
			if (has_word(rule->verbs, verbs[i]) && *n < MAX_RIGHTS &&
				(i < 2 || !has_word(rule->verbs, verbs[0])))
				v[(*n)++] = (struct og_doctor_right){.verb = verbs[i],
					.group = rule->group,
					.resource = resource,
					.name = rule->names};
	}
}

static void look_rights(struct doctor_look *l)
{
	struct asking *k = og_arena_new(l->arena, struct asking);
	struct og_doctor_right *v = og_arena_new_n(l->arena, MAX_RIGHTS, struct og_doctor_right);
	struct og_doctor_known *known = &l->f->part[OG_DP_RIGHTS];
	size_t nrules;
	const struct og_rbac_rule *rules = og_rbac_rules(&nrules);
	uint32_t n = 0;

	if (!k || !v)
		return;
	k->l = l;
	for (size_t i = 0; i < nrules; i++)
		if (rules[i].components & OG_RBAC_READER)
			add_rule(l, &rules[i], v, &n);
	for (uint32_t i = 0; i < n; i++) {
		k->v[i] = (struct review){k, &v[i]};
		k->under_way += ask_right(k, &k->v[i]);
	}
	/* Each ends by its own deadline. */
	while (k->under_way)
		(void)og_loop_turn(l->s.loop, TURN_MS);
	l->f->rights = v;
	l->f->nrights = n;
	*known = seen;
	if (k->answered == n)
		return;
	known->sight = OG_DS_FAILED;
	known->why = k->why.n ? k->why : OG_SV("Access reviews are not answered.");
}

/* ---- who ---- */

static void look_user(struct doctor_look *l)
{
	const struct og_kube_request r = {.verb = OG_KUBE_CREATE,
		.res = {.group = OG_SV("authentication.k8s.io"),
			.version = OG_SV("v1"),
			.resource = OG_SV("selfsubjectreviews")},
		.body = OG_SV("{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":"
			      "\"SelfSubjectReview\"}")};
	struct og_doctor_known known;
	struct og_jval v;

	doctor_fetch(l, &r, l->arena, &v, &known);
	l->f->user = doctor_str(l, og_jpath(v, "status", "userInfo", "username", NULL));
}

static void look_version(struct doctor_look *l)
{
	const struct og_kube_request r = {.verb = OG_KUBE_RAW, .raw_path = "/version"};
	struct og_doctor_known known;
	struct og_jval v;

	doctor_fetch(l, &r, l->arena, &v, &known);
	l->f->version = doctor_str(l, og_jgetl(v, "gitVersion"));
	l->f->part[OG_DP_ACCESS] = seen; /* the session has knocked */
}

/* ---- kinds ---- */

static bool served(struct og_jval list, const char *resource)
{
	og_jfor (it, og_jgetl(list, "resources"))
		if (og_jstr_eq(og_jgetl(it.val, "name"), og_svz(resource)))
			return true;
	return false;
}

static struct og_sv versions_of(struct doctor_look *l, struct og_jval group)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(1024);

	og_jfor (it, og_jgetl(group, "versions")) {
		og_buf_str(&b, b.len ? ", " : "");
		og_buf_sv(&b, doctor_str(l, og_jgetl(it.val, "version")));
	}
	return og_arena_sv(l->arena, og_buf_view(&b));
}

static void look_kinds(struct doctor_look *l)
{
	static const char *const names[] = {
		"grafanastacks", "telemetryprofiles", "workloadtelemetries"};
	const struct og_kube_request of_group = {
		.verb = OG_KUBE_RAW, .raw_path = "/apis/otelgate.dev"};
	const struct og_kube_request of_version = {
		.verb = OG_KUBE_RAW, .raw_path = "/apis/otelgate.dev/v1alpha1"};
	struct og_doctor_known *known = &l->f->part[OG_DP_KINDS];
	struct og_jval group, list = OG_JABSENT;

	doctor_fetch(l, &of_group, l->arena, &group, known);
	bool any = og_jcount(og_jgetl(group, "versions")) > 0;
	struct og_sv versions = versions_of(l, group);
	if (known->sight == OG_DS_SEEN && any)
		doctor_fetch(l, &of_version, l->arena, &list, known);
	for (size_t i = 0; i < OG_COUNT(names); i++) {
		bool there = served(list, names[i]);
		/* Without our version, what the others serve is not asked. */
		l->f->kinds[i] = (struct og_doctor_kind){.resource = names[i],
			.version = "v1alpha1",
			.present = there || (any && og_junset(list)),
			.served = there,
			.versions = versions};
	}
}

void doctor_look_access(struct doctor_look *l)
{
	doctor_say(l, "the API server");
	look_version(l);
	look_user(l);
	look_kinds(l);
	doctor_say(l, "rights");
	look_rights(l);
}
