/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of an object beside its metadata. */
#include "otelgate/cluster/projections.h"

#include "cluster-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/missed.h"
#include "otelgate/core/telemetry.h"
#include "otelgate/kobj/podstate.h"
#include "otelgate/kobj/rollout.h"
#include "otelgate/kobj/workload.h"

/* What a plan reads of a pod's spec and of its containers, and what tells where pods may talk to.
 * Commands, affinities and the like are most of a template's bytes. */
static const char *const spec_members[] = {"volumes", "securityContext", "resources", "os",
	"nodeSelector", "hostNetwork", "hostPID", "hostUsers", "dnsPolicy", "serviceAccountName",
	"restartPolicy", "runtimeClassName", "shareProcessNamespace"};
static const char *const container_members[] = {"name", "image", "env", "envFrom", "volumeMounts",
	"volumeDevices", "securityContext", "resources", "restartPolicy"};
static const char *const container_lists[] = {"initContainers", "containers"};

enum { PACKED_BYTES = 64 << 10 };

static int full(const struct og_buf *b, struct og_err *err)
{
	return b->failed ? og_err_set(err, b->full ? OG_E_LIMIT : OG_E_OOM, "keeping an object")
			 : 1;
}

/* Members of an object that are there; returns the comma for what follows. */
static const char *write_members(struct og_buf *b, const char *comma, struct og_jval object,
	const char *const *members, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct og_jval v = og_jget(object, og_svz(members[i]));
		if (og_junset(v))
			continue;
		og_buf_fmt(b, "%s\"%s\":", comma, members[i]);
		og_buf_sv(b, og_jraw(v));
		comma = ",";
	}
	return comma;
}

static void write_containers(struct og_buf *b, struct og_jval list)
{
	const char *comma = "[";

	og_jfor (it, list) {
		og_buf_str(b, comma);
		comma = ",";
		if (!og_jis(it.val, OG_J_OBJECT)) { /* malformed: as it is, for whoever says so */
			og_buf_sv(b, og_jraw(it.val));
			continue;
		}
		og_buf_ch(b, '{');
		const char *more = write_members(
			b, "", it.val, container_members, OG_COUNT(container_members));
		/* Whether there is one, for the stars: what it does is not looked at. */
		if (og_jis(og_jgetl(it.val, "readinessProbe"), OG_J_OBJECT))
			og_buf_fmt(b, "%s\"readinessProbe\":{}", more);
		og_buf_ch(b, '}');
	}
	og_buf_str(b, *comma == '[' ? "[]" : "]");
}

static void write_spec(struct og_buf *b, struct og_jval spec)
{
	const char *comma;

	og_buf_ch(b, '{');
	comma = write_members(b, "", spec, spec_members, OG_COUNT(spec_members));
	for (size_t i = 0; i < OG_COUNT(container_lists); i++) {
		struct og_jval list = og_jget(spec, og_svz(container_lists[i]));
		if (og_junset(list))
			continue;
		og_buf_fmt(b, "%s\"%s\":", comma, container_lists[i]);
		comma = ",";
		if (og_jis(list, OG_J_ARRAY))
			write_containers(b, list);
		else
			og_buf_sv(b, og_jraw(list));
	}
	og_buf_ch(b, '}');
}

/* {"metadata":…,"spec":…} of a pod or a template. */
static void write_template(struct og_buf *b, struct og_jval template)
{
	static const char *const meta[] = {"name", "generateName", "namespace", "uid", "labels",
		"annotations", "ownerReferences"};

	og_buf_lit(b, "{\"metadata\":{");
	(void)write_members(b, "", og_jgetl(template, "metadata"), meta, OG_COUNT(meta));
	og_buf_lit(b, "},\"spec\":");
	write_spec(b, og_jgetl(template, "spec"));
	og_buf_ch(b, '}');
}

static void write_workload_spec(struct og_buf *b, struct og_jval object)
{
	static const char *const members[] = {"selector"};
	struct og_jval spec = og_jgetl(object, "spec");
	struct og_jval job = og_jgetl(spec, "jobTemplate");

	og_buf_ch(b, '{');
	const char *comma = write_members(b, "", spec, members, OG_COUNT(members));
	if (og_jis(job, OG_J_OBJECT)) {
		static const char *const meta[] = {"metadata"};
		og_buf_fmt(b, "%s\"jobTemplate\":{", comma);
		comma = write_members(b, "", job, meta, OG_COUNT(meta));
		og_buf_fmt(b, "%s\"spec\":{\"template\":", comma);
		write_template(b, og_jpath(job, "spec", "template", NULL));
		og_buf_lit(b, "}}");
	} else if (og_jis(og_jgetl(spec, "template"), OG_J_OBJECT)) {
		og_buf_fmt(b, "%s\"template\":", comma);
		write_template(b, og_jgetl(spec, "template"));
	}
	og_buf_ch(b, '}');
}

/* Its own template decides only when no other workload's does. A Deployment that an operator's
 * object controls is still the workload. */
static bool is_top(struct og_jval object, struct og_arena *scratch)
{
	og_jfor (it, og_jpath(object, "metadata", "ownerReferences", NULL)) {
		if (!og_jis(og_jgetl(it.val, "controller"), OG_J_TRUE))
			continue;
		struct og_sv api = og_jstr_or_empty(og_jgetl(it.val, "apiVersion"), scratch);
		struct og_sv kind = og_jstr_or_empty(og_jgetl(it.val, "kind"), scratch);
		return !og_workload_kind(og_api_group(api), kind);
	}
	return true;
}

/* "WRITTEN GENERATION BYTES\n", so many bytes of facts, the object. */
static void write_head(
	struct og_buf *extra, struct og_jval object, int64_t generation, struct og_sv facts)
{
	og_buf_fmt(extra, "%lld %lld %zu\n", (long long)og_optin_written_s(object),
		(long long)generation, facts.n);
	og_buf_sv(extra, facts);
}

static int64_t generation_of(struct og_jval object)
{
	int64_t n = 0;
	return og_ji64(og_jpath(object, "metadata", "generation", NULL), &n) && n > 0 ? n : 0;
}

int cluster_workload_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err)
{
	og_auto_buf struct og_buf packed = OG_BUF_INIT(PACKED_BYTES);
	struct og_rollout_facts facts;
	int r = og_rollout_facts_read(object, scratch, &facts, err);

	(void)ctx;
	if (r < 0)
		return r;
	if (facts.kind != OG_RK_NONE)
		og_rollout_facts_pack(&facts, &packed);
	if (packed.failed)
		return full(&packed, err);
	write_head(extra, object, generation_of(object), og_buf_view(&packed));
	/* Namespaces come as metadata. */
	if (!og_junset(og_jgetl(object, "spec")) && is_top(object, scratch))
		write_workload_spec(extra, object);
	return full(extra, err);
}

int cluster_podstate_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err)
{
	og_auto_buf struct og_buf packed = OG_BUF_INIT(PACKED_BYTES);
	struct og_pod_state state;
	int r = og_pod_state_read(object, scratch, &state, err);

	(void)ctx;
	if (r < 0)
		return r;
	og_pod_state_pack(&state, &packed);
	if (packed.failed)
		return full(&packed, err);
	write_head(extra, object, generation_of(object), og_buf_view(&packed));
	if (is_top(object, scratch))
		write_template(extra, object);
	return full(extra, err);
}

bool og_cluster_extra_read(struct og_sv extra, struct og_cluster_extra *ret)
{
	struct og_sv rest = extra, head, part[3];
	int64_t bytes = 0;

	*ret = (struct og_cluster_extra){0};
	if (!og_sv_split(&rest, '\n', &head))
		return false;
	for (size_t i = 0; i < OG_COUNT(part); i++)
		if (!og_sv_split(&head, ' ', &part[i]))
			return false;
	if (og_parse_i64(part[0], 0, INT64_MAX, &ret->written_s, NULL) < 0 ||
		og_parse_i64(part[1], 0, INT64_MAX, &ret->generation, NULL) < 0 ||
		og_parse_i64(part[2], 0, (int64_t)rest.n, &bytes, NULL) < 0)
		return false;
	ret->facts = og_sv(rest.p, (size_t)bytes);
	ret->object = og_sv(rest.p + bytes, rest.n - (size_t)bytes);
	return true;
}

int cluster_spec_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err)
{
	struct og_jval spec = og_jgetl(object, "spec");

	(void)ctx, (void)scratch;
	if (!og_junset(spec))
		og_buf_sv(extra, og_jraw(spec));
	return full(extra, err);
}

int cluster_telemetry_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err)
{
	int r = og_telemetry_seen_pack(object, scratch, extra, err);

	(void)ctx;
	return r < 0 ? r : 1;
}

int cluster_status_project(void *ctx, struct og_jval object, struct og_arena *scratch,
	struct og_buf *extra, struct og_err *err)
{
	struct og_jval status = og_jgetl(object, "status");

	(void)ctx, (void)scratch;
	if (!og_junset(status))
		og_buf_sv(extra, og_jraw(status));
	return full(extra, err);
}
