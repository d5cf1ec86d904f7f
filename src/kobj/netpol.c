/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a NetworkPolicy's spec. */
#include <stdarg.h>
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/kobj/netpol.h"

static const char *const l4_words[] = {"TCP", "UDP", "SCTP"};

const char *og_l4_name(enum og_l4 p)
{
	return (unsigned)p < OG_L4_COUNT_ ? l4_words[p] : "?";
}

bool og_l4_parse(struct og_sv word, enum og_l4 *ret)
{
	for (unsigned i = 0; i < OG_L4_COUNT_; i++) {
		if (og_sv_eq(word, og_svz(l4_words[i]))) {
			*ret = (enum og_l4)i;
			return true;
		}
	}
	return false;
}

struct reader {
	struct og_arena *arena;
	struct og_err *err;
	char path[64];
	uint32_t parts;
};

static int bad(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(struct reader *r, const char *fmt, ...)
{
	char msg[160];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return og_err_set(r->err, OG_E_CONFIG, "%s%s%s", r->path, *r->path ? " " : "", msg);
}

static int oom(struct reader *r)
{
	return og_err_set(r->err, OG_E_OOM, "out of memory reading a network policy");
}

static void at(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void at(struct reader *r, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(r->path, sizeof(r->path), fmt, ap);
	va_end(ap);
}

/* An object with known members alone; `known` ends with NULL. */
static int object(struct reader *r, struct og_jval v, const char *const *known)
{
	if (!og_jis(v, OG_J_OBJECT))
		return bad(r, "must be an object, not %s", og_jtype_name(og_jtype(v)));
	og_jfor (it, v) {
		const char *const *k = known;
		while (*k && !og_jstr_eq(it.key, og_svz(*k)))
			k++;
		if (!*k && !og_junset(it.val))
			return bad(r, "has a field that is not known");
	}
	return 0;
}

/* An array, or nothing; counts its elements against the limit. */
static int array(struct reader *r, struct og_jval v)
{
	if (og_junset(v))
		return 0;
	if (!og_jis(v, OG_J_ARRAY))
		return bad(r, "must be an array, not %s", og_jtype_name(og_jtype(v)));
	if (og_jcount(v) > OG_NETPOL_MAX_PARTS - r->parts)
		return og_err_set(r->err, OG_E_LIMIT,
			"a network policy with more than %d rules, peers and ports",
			OG_NETPOL_MAX_PARTS);
	r->parts += og_jcount(v);
	return 0;
}

static int text(struct reader *r, struct og_jval v, struct og_sv *ret)
{
	if (!og_jis(v, OG_J_STRING))
		return bad(r, "must be a string, not %s", og_jtype_name(og_jtype(v)));
	return og_jstr(v, r->arena, ret) ? 0 : oom(r);
}

static int selector(struct reader *r, struct og_jval v, struct og_selector *ret)
{
	struct og_err own = OG_ERR_INIT;
	int rc = og_selector_read(v, r->arena, ret, &own);
	if (rc == -OG_E_OOM)
		return oom(r);
	return rc ? bad(r, "%s", own.msg) : 0;
}

/* At most 15 of [a-z0-9-], a letter among them, no dash at an end, no two dashes (RFC 6335). */
static bool is_port_name(struct og_sv s)
{
	bool letter = false;
	if (!s.n || s.n > 15 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		letter = letter || (c >= 'a' && c <= 'z');
		if (c == '-' ? s.p[i - 1] == '-'
			     : !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
			return false;
	}
	return letter;
}

static int number(struct reader *r, struct og_jval v, uint16_t *ret)
{
	int64_t n;
	if (!og_ji64(v, &n) || n < 1 || n > 65535)
		return bad(r, "must be a number from 1 to 65535");
	*ret = (uint16_t)n;
	return 0;
}

static int read_port(struct reader *r, struct og_jval v, struct og_netpol_port *p)
{
	static const char *const known[] = {"protocol", "port", "endPort", NULL};
	struct og_jval protocol = og_jgetl(v, "protocol"), port = og_jgetl(v, "port"),
		       end = og_jgetl(v, "endPort");
	struct og_sv word;
	int rc = object(r, v, known);

	if (rc == 0 && !og_junset(protocol)) {
		rc = text(r, protocol, &word);
		/* The API server's default for "" is TCP, too. */
		if (rc == 0 && word.n && !og_l4_parse(word, &p->protocol))
			rc = bad(r, "has a protocol that is not TCP, UDP or SCTP");
	}
	if (rc)
		return rc;
	p->any = og_junset(port);
	if (p->any || og_jis(port, OG_J_STRING)) {
		if (!og_junset(end))
			return bad(r, "has endPort without a port number");
		if (p->any)
			return 0;
		if ((rc = text(r, port, &p->name)))
			return rc;
		return is_port_name(p->name) ? 0 : bad(r, "has a port that is no port name");
	}
	if ((rc = number(r, port, &p->from)))
		return rc;
	p->to = p->from;
	if (!og_junset(end) && (rc = number(r, end, &p->to)))
		return rc;
	return p->to >= p->from ? 0 : bad(r, "has an endPort below its port");
}

static int read_block(struct reader *r, struct og_jval v, struct og_netpol_peer *p)
{
	static const char *const known[] = {"cidr", "except", NULL};
	struct og_jval except = og_jgetl(v, "except");
	struct og_sv s;
	int rc = object(r, v, known);
	if (rc == 0)
		rc = text(r, og_jgetl(v, "cidr"), &s);
	if (rc == 0 && !og_cidr_parse(s, &p->cidr))
		rc = bad(r, "has a cidr that is none");
	if (rc == 0)
		rc = array(r, except);
	if (rc)
		return rc;
	p->block = true;
	p->nexcept = og_jcount(except);
	struct og_cidr *all = p->nexcept ? og_arena_new_n(r->arena, p->nexcept, struct og_cidr)
					 : NULL;
	if (p->nexcept && !all)
		return oom(r);
	og_jfor (it, except) {
		if ((rc = text(r, it.val, &s)))
			return rc;
		if (!og_cidr_parse(s, &all[it.index]))
			return bad(r, "has an except that is no cidr");
	}
	p->except = all;
	return 0;
}

static int read_peer(struct reader *r, struct og_jval v, struct og_netpol_peer *p)
{
	static const char *const known[] = {"podSelector", "namespaceSelector", "ipBlock", NULL};
	struct og_jval block = og_jgetl(v, "ipBlock");
	int rc = object(r, v, known);
	if (rc == 0)
		rc = selector(r, og_jgetl(v, "podSelector"), &p->pods);
	if (rc == 0)
		rc = selector(r, og_jgetl(v, "namespaceSelector"), &p->ns);
	if (rc)
		return rc;
	if (og_junset(block))
		return p->pods.present || p->ns.present ? 0 : bad(r, "selects nothing");
	if (p->pods.present || p->ns.present)
		return bad(r, "has selectors beside ipBlock");
	return read_block(r, block, p);
}

static int read_rule(struct reader *r, struct og_jval v, enum og_netpol_dir dir, uint32_t index,
	struct og_netpol_rule *rule)
{
	static const char *const known[][3] = {{"from", "ports", NULL}, {"to", "ports", NULL}};
	const char *words[] = {"ingress", "egress"};
	struct og_jval peers = og_jget(v, og_svz(known[dir][0])), ports = og_jgetl(v, "ports");
	int rc;

	at(r, "%s[%u]", words[dir], index);
	if ((rc = object(r, v, known[dir])) || (rc = array(r, peers)) || (rc = array(r, ports)))
		return rc;
	uint32_t np = og_jcount(peers), nq = og_jcount(ports);
	struct og_netpol_peer *p = np ? og_arena_new_n(r->arena, np, struct og_netpol_peer) : NULL;
	struct og_netpol_port *q = nq ? og_arena_new_n(r->arena, nq, struct og_netpol_port) : NULL;
	if ((np && !p) || (nq && !q))
		return oom(r);
	og_jfor (it, peers) {
		at(r, "%s[%u].%s[%u]", words[dir], index, known[dir][0], it.index);
		if ((rc = read_peer(r, it.val, &p[it.index])))
			return rc;
	}
	og_jfor (it, ports) {
		at(r, "%s[%u].ports[%u]", words[dir], index, it.index);
		if ((rc = read_port(r, it.val, &q[it.index])))
			return rc;
	}
	*rule = (struct og_netpol_rule){.peers = p, .npeers = np, .ports = q, .nports = nq};
	return 0;
}

static int read_types(struct reader *r, struct og_jval v, bool has_egress, struct og_netpol *ret)
{
	int rc;
	at(r, "policyTypes");
	if ((rc = array(r, v)))
		return rc;
	if (!og_jcount(v)) {
		ret->isolates[OG_NETPOL_INGRESS] = true;
		ret->isolates[OG_NETPOL_EGRESS] = has_egress;
	}
	og_jfor (it, v) {
		if (og_jstr_is(it.val, "Ingress"))
			ret->isolates[OG_NETPOL_INGRESS] = true;
		else if (og_jstr_is(it.val, "Egress"))
			ret->isolates[OG_NETPOL_EGRESS] = true;
		else
			return bad(r, "must be of Ingress and Egress");
	}
	return 0;
}

static int read_rules(struct reader *r, struct og_jval v, enum og_netpol_dir dir, const char *word,
	struct og_netpol *ret)
{
	int rc;
	at(r, "%s", word);
	if ((rc = array(r, v)))
		return rc;
	uint32_t n = og_jcount(v);
	struct og_netpol_rule *rules = n ? og_arena_new_n(r->arena, n, struct og_netpol_rule)
					 : NULL;
	if (n && !rules)
		return oom(r);
	og_jfor (it, v) {
		if ((rc = read_rule(r, it.val, dir, it.index, &rules[it.index])))
			return rc;
	}
	ret->rules[dir] = rules;
	ret->nrules[dir] = n;
	return 0;
}

int og_netpol_read(
	struct og_jval spec, struct og_arena *arena, struct og_netpol *ret, struct og_err *err)
{
	static const char *const known[] = {
		"podSelector", "policyTypes", "ingress", "egress", NULL};
	struct reader r = {.arena = arena, .err = err};
	struct og_netpol p = {.unreadable = false};
	int rc = object(&r, spec, known);

	at(&r, "podSelector");
	if (rc == 0)
		rc = selector(&r, og_jgetl(spec, "podSelector"), &p.pods);
	p.pods.present = true; /* absent is the empty one */
	if (rc == 0)
		rc = read_rules(&r, og_jgetl(spec, "ingress"), OG_NETPOL_INGRESS, "ingress", &p);
	if (rc == 0)
		rc = read_rules(&r, og_jgetl(spec, "egress"), OG_NETPOL_EGRESS, "egress", &p);
	if (rc == 0)
		rc = read_types(
			&r, og_jgetl(spec, "policyTypes"), p.nrules[OG_NETPOL_EGRESS] > 0, &p);
	if (rc)
		return rc;
	*ret = p;
	return 0;
}
