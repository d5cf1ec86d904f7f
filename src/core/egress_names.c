/* SPDX-License-Identifier: Apache-2.0 */
/* From the name in an endpoint to pods and ports: Services, EndpointSlices, declared ports. */
#include "otelgate/core/egress.h"
#include "otelgate/kobj/names.h"

bool og_egress_host_read(struct og_sv host, struct og_sv own_ns, struct og_egress_host *ret)
{
	struct og_sv part[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	unsigned n = 0;

	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	while (n < 3 && og_sv_split(&host, '.', &part[n]))
		n++;
	if (!n || !og_name_is_dns_label(part[0]) || (n > 1 && !og_name_is_dns_label(part[1])))
		return false;
	if (n == 3 && !og_sv_is(part[2], "svc"))
		return false;
	*ret = (struct og_egress_host){
		.service = part[0], .ns = n > 1 ? part[1] : own_ns, .surely = n != 2};
	return true;
}

static bool port_number(struct og_jval v, uint16_t *ret)
{
	int64_t n;
	if (!og_ji64(v, &n) || n < 1 || n > 65535)
		return false;
	*ret = (uint16_t)n;
	return true;
}

static int oom(struct og_err *err)
{
	return og_err_set(err, OG_E_OOM, "out of memory reading what is behind a Service");
}

int og_egress_service_read(struct og_jval spec, uint16_t port, struct og_arena *arena,
	struct og_egress_service *ret, struct og_err *err)
{
	struct og_egress_service s = {.has_port = false};

	if (!og_kvs_read(og_jgetl(spec, "selector"), arena, &s.selector))
		return oom(err);
	if (og_jstr_is(og_jgetl(spec, "type"), "ExternalName"))
		s.external = og_jstr_or_empty(og_jgetl(spec, "externalName"), arena);
	og_jfor (it, og_jgetl(spec, "ports")) {
		struct og_jval target = og_jgetl(it.val, "targetPort");
		struct og_sv protocol = og_jstr_or_empty(og_jgetl(it.val, "protocol"), arena);
		uint16_t number;
		enum og_l4 l4 = OG_L4_TCP;
		if (!port_number(og_jgetl(it.val, "port"), &number) || number != port ||
			(protocol.n && !og_l4_parse(protocol, &l4)) || l4 != OG_L4_TCP)
			continue;
		s.has_port = true;
		s.protocol = l4;
		s.port_name = og_jstr_or_empty(og_jgetl(it.val, "name"), arena);
		s.target = port;
		if (!og_junset(target) && !port_number(target, &s.target))
			s.target = 0;
		break;
	}
	*ret = s;
	return 0;
}

/* The number behind a port of a slice; a port without number stands for all. */
static uint16_t slice_port(struct og_jval slice, struct og_sv name)
{
	uint16_t n = 0;
	og_jfor (it, og_jgetl(slice, "ports")) {
		struct og_jval own = og_jgetl(it.val, "name");
		if (og_junset(own) ? name.n == 0 : og_jstr_eq(own, name))
			(void)port_number(og_jgetl(it.val, "port"), &n);
	}
	return n;
}

static void read_endpoint(struct og_jval e, uint16_t port, uint32_t max, struct og_arena *arena,
	struct og_egress_backend *all, uint32_t *n)
{
	struct og_jval ref = og_jgetl(e, "targetRef");

	if (og_jis(og_jpath(e, "conditions", "terminating", NULL), OG_J_TRUE))
		return;
	og_jfor (it, og_jgetl(e, "addresses")) {
		struct og_egress_backend b = {.port = port};
		if (*n >= max || !og_ip_parse(og_jstr_or_empty(it.val, arena), &b.ip))
			return;
		if (og_jstr_is(og_jgetl(ref, "kind"), "Pod"))
			b.pod = og_jstr_or_empty(og_jgetl(ref, "name"), arena);
		all[(*n)++] = b;
	}
}

int og_egress_slices_read(struct og_jval list, struct og_sv port_name, uint32_t max,
	struct og_arena *arena, struct og_egress_backend **ret, uint32_t *ret_n, struct og_err *err)
{
	struct og_egress_backend *all = og_arena_new_n(arena, max, struct og_egress_backend);
	uint32_t n = 0;

	if (!all)
		return oom(err);
	og_jfor (it, og_jgetl(list, "items")) {
		uint16_t port = slice_port(it.val, port_name);
		og_jfor (e, og_jgetl(it.val, "endpoints")) {
			if (port)
				read_endpoint(e.val, port, max, arena, all, &n);
		}
	}
	*ret = all;
	*ret_n = n;
	return 0;
}

static uint32_t read_ports(struct og_jval containers, struct og_arena *arena, bool sidecars,
	struct og_egress_cport *out)
{
	uint32_t n = 0;
	og_jfor (it, containers) {
		if (sidecars && !og_jstr_is(og_jgetl(it.val, "restartPolicy"), "Always"))
			continue;
		og_jfor (p, og_jgetl(it.val, "ports")) {
			struct og_egress_cport c = {.protocol = OG_L4_TCP};
			struct og_sv l4 = og_jstr_or_empty(og_jgetl(p.val, "protocol"), arena);
			if (!port_number(og_jgetl(p.val, "containerPort"), &c.port) ||
				(l4.n && !og_l4_parse(l4, &c.protocol)))
				continue;
			c.name = og_jstr_or_empty(og_jgetl(p.val, "name"), arena);
			if (out && c.name.n)
				out[n] = c;
			n += c.name.n != 0;
		}
	}
	return n;
}

int og_egress_pod_ports(
	struct og_jval pod, struct og_arena *arena, struct og_egress_end *ret, struct og_err *err)
{
	struct og_jval spec = og_jgetl(pod, "spec");
	struct og_jval main = og_jgetl(spec, "containers"), init = og_jgetl(spec, "initContainers");
	uint32_t n = read_ports(main, arena, false, NULL) + read_ports(init, arena, true, NULL);
	struct og_egress_cport *all = n ? og_arena_new_n(arena, n, struct og_egress_cport) : NULL;

	if (n && !all)
		return oom(err);
	if (n) {
		uint32_t k = read_ports(main, arena, false, all);
		(void)read_ports(init, arena, true, all + k);
	}
	ret->ports = all;
	ret->nports = n;
	return 0;
}
