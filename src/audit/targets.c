/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads as people name them. */
#include "otelgate/audit/targets.h"

#include "otelgate/base/mem.h"

/* Plural and short names of kubectl api-resources. */
static const struct {
	const char *group, *kind, *names[3];
} kinds[] = {
	{"apps", "Deployment", {"deployment", "deployments", "deploy"}},
	{"apps", "StatefulSet", {"statefulset", "statefulsets", "sts"}},
	{"apps", "DaemonSet", {"daemonset", "daemonsets", "ds"}},
	{"batch", "CronJob", {"cronjob", "cronjobs", "cj"}},
	{"batch", "Job", {"job", "jobs", "job"}},
	{"apps", "ReplicaSet", {"replicaset", "replicasets", "rs"}},
	{"argoproj.io", "Rollout", {"rollout", "rollouts", "ro"}},
	{"", "Pod", {"pod", "pods", "po"}},
};

static int kind_named(struct og_sv word)
{
	size_t dot = og_sv_chr(word, '.');
	struct og_sv group = dot < word.n ? og_sv(word.p + dot + 1, word.n - dot - 1) : OG_SV("");

	for (size_t i = 0; i < OG_COUNT(kinds); i++) {
		if (dot < word.n && !og_sv_eq(group, og_svz(kinds[i].group)))
			continue;
		for (size_t k = 0; k < OG_COUNT(kinds[i].names); k++)
			if (og_sv_caseeq(og_sv(word.p, dot), og_svz(kinds[i].names[k])))
				return (int)i;
	}
	return -1;
}

static int no_such_kind(struct og_sv word, struct og_err *err)
{
	return og_err_set(err, OG_E_USAGE,
		"\"%.*s\" is no kind of workload: deployment, statefulset, daemonset, cronjob, "
		"job, replicaset, rollout or pod",
		(int)(word.n < 100 ? word.n : 100), word.p);
}

static int add_path(struct og_sv word, size_t slash, struct og_audit_target *t, struct og_err *err)
{
	struct og_sv kind = og_sv(word.p, slash);
	struct og_sv name = og_sv(word.p + slash + 1, word.n - slash - 1);
	int k = kind_named(kind);

	if (k < 0)
		return no_such_kind(kind, err);
	if (!name.n || og_sv_chr(name, '/') < name.n)
		return og_err_set(err, OG_E_USAGE, "\"%.100s\" is not KIND/NAME", word.p);
	*t = (struct og_audit_target){.group = kinds[k].group, .kind = kinds[k].kind, .name = name};
	return 0;
}

int og_audit_targets_parse(const char *const *operands, size_t n, struct og_arena *arena,
	struct og_audit_target **ret, size_t *ret_n, struct og_err *err)
{
	struct og_audit_target *list = og_arena_new_n(arena, n + 1, struct og_audit_target);
	struct og_sv first = og_svz(n ? operands[0] : "");
	int of = og_sv_chr(first, '/') == first.n ? kind_named(first) : -1, r = 0;
	size_t to = 0;

	if (!list)
		return og_err_set(err, OG_E_OOM, "reading what to look at");
	for (size_t i = of >= 0; i < n && r == 0; i++) {
		struct og_sv word = og_svz(operands[i]);
		size_t slash = og_sv_chr(word, '/');
		if (!word.n)
			return og_err_set(err, OG_E_USAGE, "an empty name is none");
		if (slash < word.n && of >= 0)
			return og_err_set(err, OG_E_USAGE,
				"KIND/NAME and KIND NAME do not go together: \"%.100s\"", word.p);
		if (slash < word.n)
			r = add_path(word, slash, &list[to++], err);
		else
			list[to++] =
				(struct og_audit_target){.group = of >= 0 ? kinds[of].group : NULL,
					.kind = of >= 0 ? kinds[of].kind : NULL,
					.name = word};
	}
	if (of >= 0 && to == 0)
		list[to++] = (struct og_audit_target){
			.group = kinds[of].group, .kind = kinds[of].kind, .name = OG_SV("")};
	*ret = list;
	*ret_n = to;
	return r;
}

bool og_audit_targets_want(struct og_audit_target *t, size_t n, struct og_sv group,
	struct og_sv kind, struct og_sv name)
{
	bool want = n == 0;

	for (size_t i = 0; i < n; i++) {
		if ((t[i].kind && (!og_sv_eq(kind, og_svz(t[i].kind)) ||
					  !og_sv_eq(group, og_svz(t[i].group)))) ||
			(t[i].name.n && !og_sv_eq(name, t[i].name)))
			continue;
		t[i].found = want = true;
	}
	return want;
}
