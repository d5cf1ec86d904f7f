/* SPDX-License-Identifier: Apache-2.0 */
/* A Service, its port and what stands behind it. */
#include "doctor_look-priv.h"

#include "otelgate/base/suggest.h"
#include "otelgate/core/egress.h"

enum { FAR = 3 };

/* Another Service of the namespace that was perhaps meant. */
static void look_nearest(struct doctor_look *l, struct og_doctor_service *s)
{
	struct og_doctor_known known;
	struct og_jval list;
	size_t best = FAR + 1;

	doctor_read(l, "", "v1", "services", s->ns, OG_SV(""), OG_SV(""), &list, &known);
	og_jfor (it, og_jgetl(list, "items")) {
		struct og_sv name = doctor_str(l, og_jpath(it.val, "metadata", "name", NULL));
		size_t d = og_edit_distance(name, s->name, FAR);
		if (name.n && d < best) {
			best = d;
			s->nearest = name;
		}
	}
}

static void count(struct og_doctor_service *s, struct og_jval slice)
{
	og_jfor (it, og_jgetl(slice, "endpoints")) {
		struct og_jval c = og_jgetl(it.val, "conditions");
		uint32_t n = og_jcount(og_jgetl(it.val, "addresses"));
		/* Ready unless it says otherwise: discovery.k8s.io/v1, EndpointConditions. */
		if (og_jis(og_jgetl(c, "ready"), OG_J_FALSE))
			s->not_ready += n;
		else
			s->ready += n;
	}
}

void doctor_look_service(struct doctor_look *l, struct og_doctor_service *s)
{
	struct og_egress_service read;
	struct og_doctor_known known;
	struct og_jval v, list;

	s->nearest = OG_SV("");
	doctor_read(l, "", "v1", "services", s->ns, s->name, OG_SV(""), &v, &s->known);
	if (s->known.sight != OG_DS_SEEN)
		return;
	s->found = !og_junset(v);
	if (!s->found) {
		look_nearest(l, s);
		return;
	}
	if (og_egress_service_read(og_jgetl(v, "spec"), s->port, l->arena, &read, NULL) < 0)
		return;
	s->has_port = read.has_port;
	s->external = read.external.n > 0;
	const char *labels =
		og_arena_fmt(l->arena, "kubernetes.io/service-name=%.*s", OG_SV_ARG(s->name));
	doctor_read(l, "discovery.k8s.io", "v1", "endpointslices", s->ns, OG_SV(""), og_svz(labels),
		&list, &known);
	s->slices = known.sight == OG_DS_SEEN;
	og_jfor (it, og_jgetl(list, "items"))
		count(s, it.val);
}
