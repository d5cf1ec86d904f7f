/* SPDX-License-Identifier: Apache-2.0 */
/* EndpointSlices: for each Service with a selector one with its pods. */
#include <stdio.h>
#include "sim/sim-priv.h"

/* The number that a targetPort is in this pod; 0 = it has no such port. */
static json_int_t target(const json_t *pod, const json_t *port)
{
	const json_t *want = json_object_get(port, "targetPort");
	const char *name = json_string_value(want);
	json_t *c, *p;
	size_t i, k;

	if (!name)
		return json_integer_value(want);
	json_array_foreach(json_object_get(json_object_get(pod, "spec"), "containers"), i, c)
	{
		json_array_foreach(json_object_get(c, "ports"), k, p)
		{
			if (!strcmp(sim_str(p, "name"), name))
				return json_integer_value(json_object_get(p, "containerPort"));
		}
	}
	return 0;
}

static json_t *endpoint(const json_t *pod)
{
	const json_t *meta = json_object_get(pod, "metadata"),
		     *status = json_object_get(pod, "status");
	bool ready = false, ending = json_object_get(meta, "deletionTimestamp") != NULL;
	json_t *c;
	size_t i;

	json_array_foreach(json_object_get(status, "conditions"), i, c)
	{
		if (!strcmp(sim_str(c, "type"), "Ready"))
			ready = !strcmp(sim_str(c, "status"), "True");
	}
	return json_pack("{s:[s],s:{s:b,s:b,s:b},s:s,s:{s:s,s:s,s:s,s:s}}", "addresses",
		sim_str(status, "podIP"), "conditions", "ready", ready && !ending, "serving", ready,
		"terminating", ending, "nodeName",
		sim_str(json_object_get(pod, "spec"), "nodeName"), "targetRef", "kind", "Pod",
		"namespace", sim_str(meta, "namespace"), "name", sim_str(meta, "name"), "uid",
		sim_str(meta, "uid"));
}

/* Endpoints of the pods that are selected; *ret_first is one of them, for the ports. */
static json_t *endpoints(struct sim_step *st, const json_t *selector, json_t **ret_first)
{
	json_t *list = json_array(), *match = json_pack("{s:O}", "matchLabels", selector);
	og_auto_free char *prefix = sim_fmt("%s/", st->ns);
	struct sim_res *r;

	pthread_mutex_lock(&st->s->mu);
	r = sim_res_by_name(st->s, "pods");
	for (size_t i = r && prefix ? sim_coll_seek(r->coll, og_svz(prefix)) : 0;
		r && prefix && i < r->coll->n && og_sv_eq(r->coll->v[i]->ns, og_svz(st->ns)); i++) {
		json_t *pod = sim_obj_json(r->coll->v[i]);
		const json_t *meta = json_object_get(pod, "metadata");

		if (sim_label_match(match, json_object_get(meta, "labels")) &&
			*sim_ctl_text(pod, "status", "podIP") &&
			!og_sv_is(r->coll->v[i]->phase, "Succeeded") &&
			!og_sv_is(r->coll->v[i]->phase, "Failed")) {
			json_array_append_new(list, endpoint(pod));
			if (!*ret_first)
				*ret_first = json_incref(pod);
		}
		json_decref(pod);
	}
	pthread_mutex_unlock(&st->s->mu);
	json_decref(match);
	return list;
}

static json_t *ports(const json_t *service, const json_t *pod)
{
	json_t *list = json_array(), *p;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(service, "spec"), "ports"), i, p)
	{
		json_int_t n = target(pod, p);

		if (n)
			json_array_append_new(
				list, json_pack("{s:s,s:I,s:s}", "name", sim_str(p, "name"), "port",
					      n, "protocol", sim_str(p, "protocol")));
	}
	return list;
}

static json_t *slice(struct sim_step *st, const char *name, const json_t *selector)
{
	json_t *first = NULL, *list = endpoints(st, selector, &first), *labels, *o;

	labels = json_pack("{s:s,s:s}", "endpointslice.kubernetes.io/managed-by",
		"endpointslice-controller.k8s.io", "kubernetes.io/service-name", st->name);
	if (!strcmp(sim_ctl_text(st->o, "spec", "clusterIP"), "None"))
		json_object_set_new(labels, "service.kubernetes.io/headless", json_string(""));
	o = json_pack("{s:s,s:{s:s,s:s,s:o,s:[o]},s:o,s:o}", "addressType", "IPv4", "metadata",
		"name", name, "generateName", "", "labels", labels, "ownerReferences",
		sim_ctl_owner_ref(st->o, "v1", "Service"), "endpoints", list, "ports",
		ports(st->o, first));
	json_object_set_new(
		json_object_get(o, "metadata"), "generateName", json_sprintf("%s-", st->name));
	json_decref(first);
	return o;
}

void sim_step_service(struct sim_step *st)
{
	const json_t *selector = json_object_get(json_object_get(st->o, "spec"), "selector");
	struct sim_res *res = sim_ctl_res(st, "endpointslices.discovery.k8s.io");
	char hash[12];
	og_auto_free char *name = NULL;
	struct sim_obj *have;
	json_t *o, *old;

	if (st->cur->deleting || !json_object_size(selector) || !res)
		return;
	snprintf(hash, sizeof(hash), "%05x", (unsigned)(og_hash64(5, st->cur->uid) & 0xfffffU));
	name = sim_fmt("%s-%s", st->name, hash);
	have = name ? sim_ctl_find(st, "endpointslices.discovery.k8s.io", st->ns, name) : NULL;
	o = slice(st, name, selector);
	if (!have) {
		sim_ctl_create(
			st, "endpointslices.discovery.k8s.io", o, "endpointslice-controller", NULL);
		return;
	}
	old = sim_obj_json(have);
	json_object_set(old, "endpoints", json_object_get(o, "endpoints"));
	json_object_set(old, "ports", json_object_get(o, "ports"));
	sim_ctl_write(st, res, have, old);
	json_decref(old);
	json_decref(o);
	sim_obj_unref(have);
}
