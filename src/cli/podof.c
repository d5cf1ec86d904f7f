/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods as the controllers of kube-controller-manager create them:
 * pkg/controller/controller_utils.go (GetPodFromTemplate), deployment/sync.go (pod-template-hash),
 * statefulset/stateful_set_utils.go, job/indexed_job_utils.go, cronjob/utils.go.
 */
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jwrite.h"
#include "podof-priv.h"

/* How the controller of a kind names its pods and what stands between. */
struct maker {
	const char *kind;
	const char *owner_group, *owner_kind; /* NULL = the workload itself */
	const char *owner_suffix;	      /* of the one between: "%h" the hash, "%t" a number */
	const char *pod_suffix;		      /* NULL = generateName "<owner>-" */
	const char *hash_label;
};

static const struct maker makers[] = {
	{"Deployment", "apps/v1", "ReplicaSet", "-%h", NULL, "pod-template-hash"},
	{"Rollout", "apps/v1", "ReplicaSet", "-%h", NULL, "rollouts-pod-template-hash"},
	{"CronJob", "batch/v1", "Job", "-28000000", NULL, NULL},
	{"StatefulSet", NULL, NULL, "", "-0", NULL},
	{"", NULL, NULL, "", NULL, NULL},
};

enum { HASH_CHARS = 10, UID_BYTES = 37 };

static int digest(
	struct og_sv a, struct og_sv b, unsigned char out[OG_SHA256_BYTES], struct og_err *err)
{
	struct og_sha256 h og_auto_sha256;
	og_sha256_init(&h);
	og_sha256_part(&h, a);
	og_sha256_part(&h, b);
	return og_sha256_final(&h, out, err);
}

/* The letters that rand.SafeEncodeString uses: no vowels, no look-alikes. */
static void hash_text(const unsigned char d[OG_SHA256_BYTES], char out[HASH_CHARS + 1])
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	for (int i = 0; i < HASH_CHARS; i++)
		out[i] = letters[d[i] % (sizeof(letters) - 1)];
	out[HASH_CHARS] = '\0';
}

static void uid_text(const unsigned char d[OG_SHA256_BYTES], char out[UID_BYTES])
{
	static const char hex[] = "0123456789abcdef";
	int at = 0;
	for (int i = 0; i < 16; i++) {
		unsigned char c = d[i];
		if (i == 6)
			c = (unsigned char)((c & 0x0f) | 0x40); /* version 4 */
		if (i == 8)
			c = (unsigned char)((c & 0x3f) | 0x80);
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		out[at++] = hex[c >> 4];
		out[at++] = hex[c & 15];
	}
	out[at] = '\0';
}

static void set(struct og_jpatch *p, const char *path, struct og_sv text)
{
	struct og_buf v og_auto_buf = OG_BUF_INIT(0);
	og_jw_str(&v, text);
	if (v.failed)
		p->out->failed = true;
	og_jpatch_add(p, og_svz(path), og_buf_view(&v));
}

static void owner_reference(
	struct og_buf *b, struct og_sv api, struct og_sv kind, struct og_sv name, const char *uid)
{
	og_buf_lit(b, "[{\"apiVersion\":");
	og_jw_str(b, api);
	og_buf_lit(b, ",\"kind\":");
	og_jw_str(b, kind);
	og_buf_lit(b, ",\"name\":");
	og_jw_str(b, name);
	og_buf_fmt(b, ",\"uid\":\"%s\",\"controller\":true,\"blockOwnerDeletion\":true}]", uid);
}

/* metadata of the pod, as operations on the template. */
static int name_pod(const struct og_in_object *o, struct og_jval tmpl, struct og_sv ns,
	struct og_arena *arena, struct og_jpatch *p, struct og_err *err)
{
	const struct maker *m = makers;
	struct og_buf owner og_auto_buf = OG_BUF_INIT(0);
	struct og_buf refs og_auto_buf = OG_BUF_INIT(0);
	unsigned char d[OG_SHA256_BYTES];
	char hash[HASH_CHARS + 1], uid[UID_BYTES];
	while (m->kind[0] && !og_sv_eq(o->kind_name, og_svz(m->kind)))
		m++;
	int rc = digest(o->meta.name, og_jraw(tmpl), d, err);
	if (rc != 0)
		return rc;
	hash_text(d, hash);
	og_buf_sv(&owner, o->meta.name);
	for (const char *s = m->owner_suffix; *s; s++) {
		if (s[0] == '%' && s[1] == 'h') {
			og_buf_str(&owner, hash);
			s++;
		} else {
			og_buf_ch(&owner, *s);
		}
	}
	rc = digest(og_buf_view(&owner), ns, d, err);
	if (rc != 0)
		return rc;
	uid_text(d, uid);
	owner_reference(&refs,
		m->owner_group ? og_svz(m->owner_group)
			       : og_jstr_or_empty(og_jgetl(o->v, "apiVersion"), arena),
		m->owner_kind ? og_svz(m->owner_kind) : o->kind_name, og_buf_view(&owner), uid);
	if (!og_jis(og_jgetl(tmpl, "metadata"), OG_J_OBJECT))
		og_jpatch_add(p, OG_SV("/metadata"), OG_SV("{}"));
	if (m->hash_label) {
		char *path = og_arena_fmt(arena, "/metadata/labels/%s", m->hash_label);
		if (!path)
			return og_err_set(err, OG_E_OOM, "out of memory");
		if (!og_jis(og_jpath(tmpl, "metadata", "labels", NULL), OG_J_OBJECT))
			og_jpatch_add(p, OG_SV("/metadata/labels"), OG_SV("{}"));
		set(p, path, og_svz(hash));
	}
	og_buf_str(&owner, m->pod_suffix ? m->pod_suffix : "-");
	set(p, m->pod_suffix ? "/metadata/name" : "/metadata/generateName", og_buf_view(&owner));
	og_jpatch_add(p, OG_SV("/metadata/ownerReferences"), og_buf_view(&refs));
	return owner.failed || refs.failed ? og_err_set(err, OG_E_OOM, "out of memory") : 0;
}

/* The template with apiVersion and kind in front, as people expect them. */
static struct og_sv as_pod(struct og_jval tmpl, struct og_arena *arena)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	og_buf_lit(&b, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"");
	og_jfor (it, tmpl) {
		if (og_jstr_is(it.key, "apiVersion") || og_jstr_is(it.key, "kind"))
			continue;
		og_buf_ch(&b, ',');
		og_buf_sv(&b, og_jraw(it.key));
		og_buf_ch(&b, ':');
		og_buf_sv(&b, og_jraw(it.val));
	}
	og_buf_ch(&b, '}');
	return b.failed ? og_sv(NULL, 0) : og_arena_sv(arena, og_buf_view(&b));
}

int og_pod_of(const struct og_in_object *o, struct og_sv ns, struct og_arena *arena,
	struct og_sv *ret_json, struct og_err *err)
{
	struct og_jval tmpl = og_workload_template(o->kind, o->v);
	struct og_buf patch og_auto_buf = OG_BUF_INIT(0), out og_auto_buf = OG_BUF_INIT(0);
	struct og_jpatch p;
	struct og_jdoc base, pd;
	if (!og_jis(tmpl, OG_J_OBJECT))
		return og_err_set(
			err, OG_E_INVALID, "%s: expected an object", o->kind->template_path);
	og_jpatch_begin(&p, &patch);
	int rc = 0;
	if (o->kind->template_path[0]) {
		rc = name_pod(o, tmpl, ns, arena, &p, err);
	} else if (!og_jis(og_jgetl(tmpl, "metadata"), OG_J_OBJECT)) {
		og_jpatch_add(&p, OG_SV("/metadata"), OG_SV("{}"));
	}
	if (ns.n)
		set(&p, "/metadata/namespace", ns);
	if (rc == 0 && !og_jpatch_end(&p))
		rc = og_err_set(err, OG_E_OOM, "out of memory");
	struct og_sv text = o->kind->template_path[0] ? as_pod(tmpl, arena) : og_jraw(tmpl);
	if (!text.p)
		rc = og_err_set(err, OG_E_OOM, "out of memory");
	if (rc == 0)
		rc = og_jdoc_parse(&base, arena, text, NULL, err);
	if (rc == 0)
		rc = og_jdoc_parse(&pd, arena, og_buf_view(&patch), NULL, err);
	if (rc == 0)
		rc = og_jpatch_apply(og_jroot(&base), og_jroot(&pd), arena, &out, err);
	if (rc != 0)
		return rc;
	*ret_json = og_arena_sv(arena, og_buf_view(&out));
	return ret_json->p ? 0 : og_err_set(err, OG_E_OOM, "out of memory");
}

int og_review_of(struct og_sv pod_json, struct og_sv ns, bool dry_run, unsigned seed,
	struct og_arena *arena, struct og_sv *ret_json, struct og_err *err)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	unsigned char d[OG_SHA256_BYTES];
	char uid[UID_BYTES], number[16];
	int n = 0;
	do
		number[n++] = (char)('0' + seed % 10);
	while ((seed /= 10) && n < (int)sizeof(number));
	int rc = digest(pod_json, og_sv(number, (size_t)n), d, err);
	if (rc != 0)
		return rc;
	uid_text(d, uid);
	og_buf_fmt(&b,
		"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
		"\"uid\":\"%s\","
		"\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
		"\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
		"\"requestKind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
		"\"requestResource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
		"\"namespace\":",
		uid);
	og_jw_str(&b, ns);
	og_buf_lit(&b, ",\"operation\":\"CREATE\",\"userInfo\":{\"username\":\"otelgate review\"},"
		       "\"object\":");
	og_buf_sv(&b, pod_json);
	og_buf_fmt(&b,
		",\"oldObject\":null,\"dryRun\":%s,"
		"\"options\":{\"kind\":\"CreateOptions\",\"apiVersion\":\"meta.k8s.io/v1\"}}}",
		dry_run ? "true" : "false");
	struct og_sv s = b.failed ? og_sv(NULL, 0) : og_arena_sv(arena, og_buf_view(&b));
	if (!s.p)
		return og_err_set(err, OG_E_OOM, "out of memory");
	*ret_json = s;
	return 0;
}
