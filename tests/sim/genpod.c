/* SPDX-License-Identifier: Apache-2.0 */
/* Generated Pods: text written directly, as large as those of real clusters. */
#include <stdio.h>
#include "sim/gen-priv.h"

static const char env_text[] =
	",{\"name\":\"%s\",\"image\":\"registry.example.org/team/%s:1.2.3\",\"ports\":[{\"containerPort\":"
	"%u,\"protocol\":\"TCP\"}],\"env\":[{\"name\":\"LOG_LEVEL\",\"value\":\"info\"},{\"name\":"
	"\"DATABASE_HOST\",\"value\":\"db.example.svc\"},{\"name\":\"POD_NAME\",\"valueFrom\":{\"fieldRef\":{"
	"\"apiVersion\":\"v1\",\"fieldPath\":\"metadata.name\"}}}],\"resources\":{\"limits\":{\"memory\":"
	"\"512Mi\"},\"requests\":{\"cpu\":\"100m\",\"memory\":\"256Mi\"}},\"livenessProbe\":{\"httpGet\":{"
	"\"path\":\"/healthz\",\"port\":%u,\"scheme\":\"HTTP\"},\"timeoutSeconds\":1,\"periodSeconds\":10,"
	"\"successThreshold\":1,\"failureThreshold\":3},\"terminationMessagePath\":"
	"\"/dev/termination-log\",\"terminationMessagePolicy\":\"File\",\"imagePullPolicy\":"
	"\"IfNotPresent\"}";

static void label(struct og_buf *b, const char *k, const char *v)
{
	og_buf_add(b, k, strlen(k) + 1);
	og_buf_add(b, v, strlen(v) + 1);
}

static void write_meta(struct sim_gen *g, struct og_buf *b, const struct sim_dep *d,
	const char *name, const char *id)
{
	og_buf_fmt(b,
		"{\"name\":\"%s\",\"generateName\":\"%s-\",\"namespace\":\"%s\",\"uid\":\"%s\","
		"\"resourceVersion\":\"%llu\",\"generation\":1,\"creationTimestamp\":\"%s\",\"labels\":{"
		"\"app\":\"%s\",\"pod-template-hash\":\"%s\"},\"annotations\":{"
		"\"checksum/config\":\"8f14e45fceea167a5a36dedd4bea2543\"},\"ownerReferences\":[{"
		"\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"%s\",\"uid\":\"%s\","
		"\"controller\":true,\"blockOwnerDeletion\":true}],\"managedFields\":[{\"manager\":"
		"\"kube-controller-manager\",\"operation\":\"Update\",\"apiVersion\":\"v1\",\"time\":\"%s\","
		"\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{",
		name, d->set, d->ns, id, (unsigned long long)g->s->rv + 1, g->now, d->name, d->hash,
		d->set, d->set_uid, g->now);
	og_buf_sv(b, og_buf_view(&g->filler));
	og_buf_lit(b, "}}]}");
}

static void write_spec(struct og_buf *b, const char *node_)
{
	size_t at;

	og_buf_lit(b, ",\"spec\":{\"containers\":[");
	at = b->len;
	og_buf_fmt(b, env_text, "app", "app", 8080U, 8080U);
	og_buf_fmt(b, env_text, "sidecar", "sidecar", 9090U, 9090U);
	if (!b->failed)
		b->p[at] = ' ';
	og_buf_fmt(b,
		"],\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":30,\"dnsPolicy\":"
		"\"ClusterFirst\",\"serviceAccountName\":\"default\",\"nodeName\":\"%s\","
		"\"securityContext\":{},\"schedulerName\":\"default-scheduler\",\"priority\":0,"
		"\"enableServiceLinks\":true,\"preemptionPolicy\":\"PreemptLowerPriority\"}",
		node_);
}

static void write_status(struct sim_gen *g, struct og_buf *b, uint64_t ip)
{
	static const char *const types[] = {"PodReadyToStartContainers", "Initialized", "Ready",
		"ContainersReady", "PodScheduled"};
	static const char *const names[] = {"app", "sidecar"};

	og_buf_lit(b, ",\"status\":{\"phase\":\"Running\",\"conditions\":[");
	for (size_t i = 0; i < OG_COUNT(types); i++)
		og_buf_fmt(b,
			"%s{\"type\":\"%s\",\"status\":\"True\",\"lastProbeTime\":null,"
			"\"lastTransitionTime\":\"%s\"}",
			i ? "," : "", types[i], g->now);
	og_buf_fmt(b,
		"],\"hostIP\":\"10.0.%u.%u\",\"podIP\":\"10.%u.%u.%u\",\"startTime\":\"%s\","
		"\"containerStatuses\":[",
		(unsigned)(ip & 255), (unsigned)(ip >> 8) & 255U, (unsigned)(ip >> 16) & 255U,
		(unsigned)(ip >> 24) & 255U, (unsigned)(ip >> 32) & 255U, g->now);
	for (size_t i = 0; i < OG_COUNT(names); i++)
		og_buf_fmt(b,
			"%s{\"name\":\"%s\",\"state\":{\"running\":{\"startedAt\":\"%s\"}},\"lastState\":{},"
			"\"ready\":true,\"restartCount\":0,\"image\":\"registry.example.org/team/%s:1.2.3\","
			"\"imageID\":\"registry.example.org/team/%s@sha256:"
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
			"\"containerID\":\"containerd://%016llx%016llx\",\"started\":true}",
			i ? "," : "", names[i], g->now, names[i], names[i],
			(unsigned long long)sim_gen_next(g), (unsigned long long)sim_gen_next(g));
	og_buf_lit(b, "],\"qosClass\":\"Burstable\"}}");
}

bool sim_gen_pod(struct sim_gen *g, const struct sim_dep *d, uint32_t nnodes)
{
	struct sim_fields f = {.labels = OG_BUF_INIT(0), .owners = OG_BUF_INIT(0)};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	char name[128], id[40], end[8], node_[96];
	struct sim_obj *o;
	size_t before;
	uint32_t meta;

	sim_gen_uid(g, id);
	sim_gen_tail(g, end, 5);
	snprintf(name, sizeof(name), "%s-%s", d->set, end);
	snprintf(node_, sizeof(node_), "%s-node-%05u", g->o.prefix,
		(unsigned)(sim_gen_next(g) % nnodes));
	og_buf_reserve(&b, g->o.pod_bytes + 512);
	og_buf_lit(&b, "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":");
	before = b.len;
	write_meta(g, &b, d, name, id);
	meta = (uint32_t)(b.len - before);
	write_spec(&b, node_);
	write_status(g, &b, sim_gen_next(g));
	f.ns = og_svz(d->ns);
	f.name = og_svz(name);
	f.uid = og_svz(id);
	f.owner = og_svz(d->set_uid);
	f.node = og_svz(node_);
	f.phase = OG_SV("Running");
	f.ready = true;
	label(&f.labels, "app", d->name);
	label(&f.labels, "pod-template-hash", d->hash);
	og_buf_add(&f.owners, d->set_uid, strlen(d->set_uid) + 1);
	o = b.failed ? NULL : sim_obj_made(g->pods, &f, &b, meta, g->s->rv + 1);
	og_buf_fini(&f.labels);
	og_buf_fini(&f.owners);
	return sim_gen_append(g, g->pods, o);
}

/* Field names until a pod has its size: that is what managedFields look like. */
void sim_gen_fill(struct sim_gen *g)
{
	struct sim_dep d = {.name = "app-00000", .ns = "load-00000", .set = "app-00000-abcdefghij"};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	unsigned i = 0;

	write_meta(g, &b, &d, "app-00000-abcdefghij-abcde", "00000000-0000-4000-8000-000000000000");
	write_spec(&b, "load-node-00000");
	write_status(g, &b, 0);
	og_buf_fmt(
		&g->filler, "\"f:metadata\":{\"f:labels\":{\".\":{},\"f:app\":{}}},\"f:spec\":{");
	for (; b.len + g->filler.len + 24 < g->o.pod_bytes; i++)
		og_buf_fmt(&g->filler, "%s\"f:containerField%u\":{}", i ? "," : "", i);
	og_buf_ch(&g->filler, '}');
}
