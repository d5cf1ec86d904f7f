/* SPDX-License-Identifier: Apache-2.0 */
/* The effect of all network policies on one way. */
#include "otelgate/base/mem.h"
#include "otelgate/core/egress.h"

const char *og_egress_way_name(enum og_egress_way w)
{
	static const char *const words[] = {"open", "allowed", "closed", "unknown"};
	return (unsigned)w < OG_COUNT(words) ? words[w] : "?";
}

/* How much of an end a peer covers. */
enum cover { NONE, PART, BY_ADDRESS, WHOLE };

static bool overlap(const struct og_cidr *a, const struct og_cidr *b)
{
	return og_cidr_has(a, &b->ip) || og_cidr_has(b, &a->ip);
}

static bool within(const struct og_cidr *inner, const struct og_cidr *outer)
{
	return inner->bits >= outer->bits && og_cidr_has(outer, &inner->ip);
}

/* Of no host on the internet: RFC 6890, RFC 1918, RFC 6598, RFC 5771 and the class E block. */
static bool is_private(const struct og_cidr *c)
{
	static const struct og_cidr ranges[] = {
		{{{10}, false}, 8},
		{{{172, 16}, false}, 12},
		{{{192, 168}, false}, 16},
		{{{100, 64}, false}, 10},
		{{{169, 254}, false}, 16},
		{{{127}, false}, 8},
		{{{0}, false}, 8},
		{{{224}, false}, 4},
		{{{240}, false}, 4},
		{{{0xfc}, true}, 7},
		{{{0xfe, 0x80}, true}, 10},
	};
	for (size_t i = 0; i < OG_COUNT(ranges); i++)
		if (within(c, &ranges[i]))
			return true;
	return false;
}

/* A host on the internet with addresses that nobody knows, IPv4 ones among them. */
static enum cover block_anywhere(const struct og_netpol_peer *p)
{
	if (is_private(&p->cidr))
		return NONE;
	if (p->cidr.bits || p->cidr.ip.v6)
		return PART;
	for (uint32_t i = 0; i < p->nexcept; i++)
		if (!is_private(&p->except[i]))
			return PART;
	return WHOLE;
}

static enum cover block_covers(const struct og_egress_policies *set, const struct og_netpol_peer *p,
	const struct og_egress_end *e)
{
	if (e->pod && set->blocks_skip_pods)
		return NONE;
	if (e->anywhere)
		return block_anywhere(p);
	if (!e->has_addr || !overlap(&e->addr, &p->cidr))
		return NONE;
	enum cover c = within(&e->addr, &p->cidr) ? WHOLE : PART;
	for (uint32_t i = 0; i < p->nexcept; i++) {
		if (within(&e->addr, &p->except[i]))
			return NONE;
		if (overlap(&e->addr, &p->except[i]))
			c = PART;
	}
	return c == WHOLE && e->pod ? BY_ADDRESS : c;
}

static enum cover peer_covers(const struct og_egress_policies *set, const struct og_netpol *np,
	const struct og_netpol_peer *p, const struct og_egress_end *e)
{
	if (p->block)
		return block_covers(set, p, e);
	if (!e->pod)
		return NONE;
	if (p->ns.present ? !og_selector_match(&p->ns, &e->ns_labels) : !og_sv_eq(np->ns, e->ns))
		return NONE;
	return !p->pods.present || og_selector_match(&p->pods, &e->labels) ? WHOLE : NONE;
}

static enum cover rule_covers(const struct og_egress_policies *set, const struct og_netpol *np,
	const struct og_netpol_rule *r, const struct og_egress_end *e)
{
	enum cover best = r->npeers ? NONE : WHOLE;
	for (uint32_t i = 0; i < r->npeers && best != WHOLE; i++) {
		enum cover c = peer_covers(set, np, &r->peers[i], e);
		best = c > best ? c : best;
	}
	return best;
}

/* A name stands for the ports of that name and protocol of the pod that is connected to. */
static bool named_port(
	const struct og_netpol_port *p, const struct og_egress_end *dst, uint16_t port)
{
	for (uint32_t i = 0; dst->pod && i < dst->nports; i++)
		if (dst->ports[i].port == port && dst->ports[i].protocol == p->protocol &&
			og_sv_eq(dst->ports[i].name, p->name))
			return true;
	return false;
}

static bool rule_port(const struct og_netpol_rule *r, const struct og_egress_end *dst,
	enum og_l4 protocol, uint16_t port)
{
	for (uint32_t i = 0; i < r->nports; i++) {
		const struct og_netpol_port *p = &r->ports[i];
		if (p->protocol != protocol)
			continue;
		if (p->any ||
			(p->name.n ? named_port(p, dst, port) : port >= p->from && port <= p->to))
			return true;
	}
	return r->nports == 0;
}

/* The one that says least about pods, then by name: independent of the order they come in. */
static bool simpler(const struct og_netpol *a, const struct og_netpol *b)
{
	if (a->pods.nreqs != b->pods.nreqs)
		return a->pods.nreqs < b->pods.nreqs;
	return og_sv_cmp(a->name, b->name) < 0;
}

static void keep(const struct og_netpol **best, const struct og_netpol *np)
{
	if (!*best || simpler(np, *best))
		*best = np;
}

struct judging {
	const struct og_netpol *isolates, *unreadable, *whole, *address, *part, *almost;
};

static void judge_policy(const struct og_egress_policies *set, const struct og_netpol *np,
	enum og_netpol_dir dir, const struct og_egress_end *peer, const struct og_egress_end *dst,
	enum og_l4 protocol, uint16_t port, struct judging *j)
{
	keep(&j->isolates, np);
	for (uint32_t i = 0; i < np->nrules[dir]; i++) {
		const struct og_netpol_rule *r = &np->rules[dir][i];
		enum cover c = rule_covers(set, np, r, peer);
		if (c == NONE)
			continue;
		if (!rule_port(r, dst, protocol, port))
			keep(&j->almost, np);
		else
			keep(c == WHOLE ? &j->whole : c == BY_ADDRESS ? &j->address : &j->part, np);
	}
}

void og_egress_judge(const struct og_egress_policies *p, enum og_netpol_dir dir,
	const struct og_egress_end *src, const struct og_egress_end *dst, enum og_l4 protocol,
	uint16_t port, struct og_egress_verdict *ret)
{
	const struct og_egress_end *self = dir == OG_NETPOL_EGRESS ? src : dst;
	const struct og_egress_end *peer = dir == OG_NETPOL_EGRESS ? dst : src;
	struct judging j = {NULL, NULL, NULL, NULL, NULL, NULL};

	*ret = (struct og_egress_verdict){.way = OG_WAY_OPEN};
	for (uint32_t i = 0; self->pod && i < p->n; i++) {
		const struct og_netpol *np = &p->v[i];
		if (!og_sv_eq(np->ns, self->ns))
			continue;
		if (np->unreadable)
			keep(&j.unreadable, np);
		else if (np->isolates[dir] && og_selector_match(&np->pods, &self->labels))
			judge_policy(p, np, dir, peer, dst, protocol, port, &j);
	}
	if (j.whole || j.address) {
		ret->way = OG_WAY_ALLOWED;
		ret->by = j.whole ? j.whole : j.address;
		ret->by_address = !j.whole;
	} else if (j.isolates) {
		ret->way = OG_WAY_CLOSED;
		ret->by = j.isolates;
		ret->almost = j.almost;
		ret->partly = j.part != NULL;
	} else if (j.unreadable) {
		ret->way = OG_WAY_UNKNOWN;
		ret->by = j.unreadable;
	}
}
