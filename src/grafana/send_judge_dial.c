/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection made step by step says. */
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "send_judge-priv.h"

static enum og_send_class class_of(const struct og_dial_result *d, bool proxied)
{
	static const enum og_send_class classes[OG_DIAL_WHY_COUNT_] = {
		[OG_DIAL_NO_NAME] = OG_SEND_NO_NAME,
		[OG_DIAL_NO_DNS] = OG_SEND_NO_DNS,
		[OG_DIAL_REFUSED] = OG_SEND_REFUSED,
		[OG_DIAL_UNREACHABLE] = OG_SEND_UNREACHABLE,
		[OG_DIAL_TIMEOUT] = OG_SEND_CONNECT_TIMEOUT,
		[OG_DIAL_CUT] = OG_SEND_CUT,
		[OG_DIAL_PROXY_AUTH] = OG_SEND_PROXY_AUTH,
		[OG_DIAL_PROXY_DENIED] = OG_SEND_PROXY_DENIED,
		[OG_DIAL_PROXY_NO_HTTP] = OG_SEND_PROXY_NO_HTTP,
		[OG_DIAL_PLAINTEXT] = OG_SEND_PLAIN_SERVER,
		[OG_DIAL_CERT_UNKNOWN_CA] = OG_SEND_UNKNOWN_CA,
		[OG_DIAL_CERT_EXPIRED] = OG_SEND_EXPIRED,
		[OG_DIAL_CERT_NOT_YET] = OG_SEND_NOT_YET,
		[OG_DIAL_CERT_HOST] = OG_SEND_WRONG_HOST,
		[OG_DIAL_CERT_OTHER] = OG_SEND_CERT_OTHER,
		[OG_DIAL_CLIENT_CERT] = OG_SEND_CLIENT_CERT,
		[OG_DIAL_NO_PROTOCOL] = OG_SEND_HTTP2_ONLY,
		[OG_DIAL_TLS_OTHER] = OG_SEND_TLS_OTHER,
		[OG_DIAL_LOCAL] = OG_SEND_LOCAL,
	};
	bool at_proxy = proxied && d->step <= OG_DIAL_PROXY;

	if (at_proxy && d->why <= OG_DIAL_CUT)
		return OG_SEND_PROXY_UNREACHABLE;
	if (d->step == OG_DIAL_TLS && (d->why == OG_DIAL_TIMEOUT || d->why == OG_DIAL_CUT))
		return OG_SEND_TLS_OTHER;
	return classes[d->why];
}

static const char *fix_of(struct judge *j, enum og_send_class c)
{
	switch (c) {
	case OG_SEND_NO_NAME:
		return judge_text(j,
			"Correct the host in %.*s; if it is right, look at DNS: kubectl run -it --rm dns --image=busybox --restart=Never -- nslookup %.*s",
			OG_SV_ARG(j->place), OG_SV_ARG(j->host))
			.p;
	case OG_SEND_NO_DNS:
		return "Look at the cluster's DNS (kubectl -n kube-system get pods -l k8s-app=kube-dns), and whether a policy lets port 53 pass.";
	case OG_SEND_REFUSED:
		return judge_text(j,
			"Check the port in %.*s, and that the receiver runs: kubectl get endpoints",
			OG_SV_ARG(j->place))
			.p;
	case OG_SEND_UNREACHABLE:
	case OG_SEND_CONNECT_TIMEOUT:
		return "Look at firewalls and network policies on the way, and whether a proxy is needed (HTTPS_PROXY).";
	case OG_SEND_PROXY_UNREACHABLE:
	case OG_SEND_PROXY_NO_HTTP:
		return "Correct the proxy (--proxy, HTTPS_PROXY), or name the receiver in NO_PROXY.";
	case OG_SEND_PROXY_AUTH:
		return "Put user name and password into the proxy's URL (http://user:password@proxy:port).";
	case OG_SEND_PROXY_DENIED:
		return judge_text(j, "Have %.*s allowed in the proxy, or name it in NO_PROXY",
			OG_SV_ARG(j->host))
			.p;
	case OG_SEND_PLAIN_SERVER:
		return judge_text(j,
			"Write http:// instead of https:// in %.*s, or use the TLS port",
			OG_SV_ARG(j->place))
			.p;
	case OG_SEND_UNKNOWN_CA:
		return "Give the CA that signed it in spec.receiver.tls (caFile), and compare its fingerprint with the server's; a proxy that opens TLS shows its own.";
	case OG_SEND_EXPIRED:
		return "Have the certificate renewed; if its dates are right, correct the clock of this machine.";
	case OG_SEND_NOT_YET:
		return "Correct the clock of this machine, or wait until the certificate is valid.";
	case OG_SEND_WRONG_HOST:
		return judge_text(
			j, "Use a name that the certificate carries in %.*s", OG_SV_ARG(j->place))
			.p;
	case OG_SEND_CLIENT_CERT:
		return "Give a client certificate and its key in spec.receiver.tls (certFile, keyFile) that the receiver's CA has signed.";
	case OG_SEND_HTTP2_ONLY:
		return judge_text(j,
			"Use the receiver's HTTP port (4318) in %.*s, or set spec.receiver.protocol to grpc",
			OG_SV_ARG(j->place))
			.p;
	default:
		return "Look at the receiver's log, and at proxies and meshes between here and there.";
	}
}

/* "99991231235959Z" stands for no end at all (RFC 5280 §4.1.2.5), and is beyond nanoseconds. */
static void put_time(char out[OG_RFC3339_BYTES], int64_t s)
{
	const int64_t max = INT64_MAX / OG_NS_PER_S;

	og_fmt_rfc3339(out, (s > max ? max : s < -max ? -max : s) * OG_NS_PER_S);
}

static struct og_sv certificate(struct judge *j, const struct og_dial_cert *c)
{
	char from[OG_RFC3339_BYTES], to[OG_RFC3339_BYTES];

	if (!c->present)
		return og_sv("", 0);
	put_time(from, c->not_before);
	put_time(to, c->not_after);
	return judge_text(j,
		"; it shows: subject %s, issuer %s, names %s, valid %s to %s, SHA-256 %.16s…",
		*c->subject ? c->subject : "(none)", c->issuer, *c->names ? c->names : "(none)",
		from, to, c->sha256);
}

void og_send_judge_dial(const struct og_send_facts *f, const struct og_dial_result *d,
	struct og_arena *arena, struct og_send_verdict *ret)
{
	struct judge j;

	judge_init(&j, f, arena, ret);
	if (d->why == OG_DIAL_OK) {
		og_send_say(ret, OG_SEND_ACCEPTED, OG_SV("connected"), og_sv("", 0));
		return;
	}
	enum og_send_class c = class_of(d, f->proxied);
	struct og_sv shown = certificate(&j, &d->cert);
	judge_say(&j, c, fix_of(&j, c), "%s%.*s", d->err.msg, OG_SV_ARG(shown));
}
