/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what can come of sending. */
#include "otelgate/base/mem.h"
#include "otelgate/grafana/send.h"

const char *og_send_link_name(enum og_send_link l)
{
	static const char *const names[OG_SEND_LINK_COUNT_] = {"config", "dns", "tcp", "proxy",
		"tls", "http", "path", "credential", "permission", "request", "limit", "receiver",
		"ingest", "query", "arrival", "none"};
	return (unsigned)l < OG_COUNT(names) ? names[l] : "?";
}

static const struct {
	const char *name;
	enum og_send_link link;
	const char *finding;
} classes[OG_SEND_CLASS_COUNT_] = {
	[OG_SEND_ACCEPTED] = {"Accepted", OG_LINK_NONE, NULL},
	[OG_SEND_WARNED] = {"AcceptedWithWarning", OG_LINK_NONE, NULL},
	[OG_SEND_PARTIAL] = {"PartlyRefused", OG_LINK_INGEST, "OG713"},
	[OG_SEND_BAD_TARGET] = {"NoEndpoint", OG_LINK_CONFIG, "OG501"},
	[OG_SEND_NO_NAME] = {"NoSuchHost", OG_LINK_DNS, "OG518"},
	[OG_SEND_NO_DNS] = {"NoNameServer", OG_LINK_DNS, "OG518"},
	[OG_SEND_REFUSED] = {"NothingListens", OG_LINK_TCP, "OG519"},
	[OG_SEND_UNREACHABLE] = {"Unreachable", OG_LINK_TCP, "OG519"},
	[OG_SEND_CONNECT_TIMEOUT] = {"ConnectTimeout", OG_LINK_TCP, "OG519"},
	[OG_SEND_CUT] = {"ConnectionCut", OG_LINK_RECEIVER, "OG523"},
	[OG_SEND_PROXY_UNREACHABLE] = {"ProxyUnreachable", OG_LINK_PROXY, "OG520"},
	[OG_SEND_PROXY_AUTH] = {"ProxyWantsPassword", OG_LINK_PROXY, "OG520"},
	[OG_SEND_PROXY_DENIED] = {"ProxyRefuses", OG_LINK_PROXY, "OG520"},
	[OG_SEND_PROXY_NO_HTTP] = {"NoProxy", OG_LINK_PROXY, "OG520"},
	[OG_SEND_PLAIN_SERVER] = {"PlaintextPort", OG_LINK_TLS, "OG507"},
	[OG_SEND_TLS_SERVER] = {"TlsPort", OG_LINK_TLS, "OG507"},
	[OG_SEND_UNKNOWN_CA] = {"UnknownCA", OG_LINK_TLS, "OG521"},
	[OG_SEND_EXPIRED] = {"CertificateExpired", OG_LINK_TLS, "OG521"},
	[OG_SEND_NOT_YET] = {"CertificateNotYetValid", OG_LINK_TLS, "OG521"},
	[OG_SEND_WRONG_HOST] = {"CertificateOfOtherHost", OG_LINK_TLS, "OG521"},
	[OG_SEND_CERT_OTHER] = {"CertificateRefused", OG_LINK_TLS, "OG521"},
	[OG_SEND_CLIENT_CERT] = {"ClientCertificate", OG_LINK_TLS, "OG507"},
	[OG_SEND_TLS_OTHER] = {"HandshakeFailed", OG_LINK_TLS, "OG507"},
	[OG_SEND_HTTP2_ONLY] = {"GrpcPort", OG_LINK_HTTP, "OG502"},
	[OG_SEND_HTTP1_ONLY] = {"HttpPort", OG_LINK_HTTP, "OG502"},
	[OG_SEND_NO_HTTP] = {"NoHttp", OG_LINK_HTTP, "OG522"},
	[OG_SEND_REDIRECT] = {"Redirect", OG_LINK_HTTP, "OG522"},
	[OG_SEND_WEB_PAGE] = {"WebPage", OG_LINK_HTTP, "OG522"},
	[OG_SEND_NOT_OTLP] = {"NotOtlp", OG_LINK_HTTP, "OG522"},
	[OG_SEND_PATH_OTLP] = {"PathWithoutOtlp", OG_LINK_PATH, "OG505"},
	[OG_SEND_PATH_DOUBLED] = {"PathDoubled", OG_LINK_PATH, "OG504"},
	[OG_SEND_PATH_SIGNAL] = {"PathOfSignal", OG_LINK_PATH, "OG503"},
	[OG_SEND_NOT_FOUND] = {"NotFound", OG_LINK_PATH, "OG522"},
	[OG_SEND_UNROUTED] = {"SignalUnrouted", OG_LINK_PATH, "OG511"},
	[OG_SEND_METHOD] = {"MethodRefused", OG_LINK_PATH, "OG522"},
	[OG_SEND_NO_CREDENTIAL] = {"NoCredential", OG_LINK_CREDENTIAL, "OG408"},
	[OG_SEND_TOKEN_EMPTY] = {"TokenEmpty", OG_LINK_CREDENTIAL, "OG416"},
	[OG_SEND_TOKEN_SPACE] = {"TokenWhiteSpace", OG_LINK_CREDENTIAL, "OG403"},
	[OG_SEND_DOUBLE_ENCODED] = {"EncodedTwice", OG_LINK_CREDENTIAL, "OG405"},
	[OG_SEND_RAW_TOKEN] = {"HeaderMalformed", OG_LINK_CREDENTIAL, "OG404"},
	[OG_SEND_SWAPPED] = {"Swapped", OG_LINK_CREDENTIAL, "OG411"},
	[OG_SEND_ID_NOT_NUMBER] = {"IdNotNumeric", OG_LINK_CREDENTIAL, "OG404"},
	[OG_SEND_ID_OF_BACKEND] = {"IdOfBackend", OG_LINK_CREDENTIAL, "OG408"},
	[OG_SEND_ID_OTHER] = {"IdOfOtherStack", OG_LINK_CREDENTIAL, "OG408"},
	[OG_SEND_TOKEN_KIND] = {"TokenKind", OG_LINK_CREDENTIAL, "OG412"},
	[OG_SEND_TOKEN_CUT] = {"TokenCut", OG_LINK_CREDENTIAL, "OG417"},
	[OG_SEND_TOKEN_EXPIRED] = {"TokenExpired", OG_LINK_CREDENTIAL, "OG408"},
	[OG_SEND_WRONG_REGION] = {"WrongRegion", OG_LINK_CREDENTIAL, "OG413"},
	[OG_SEND_UNAUTHORIZED] = {"Unauthorized", OG_LINK_CREDENTIAL, "OG408"},
	[OG_SEND_SCOPE] = {"ScopeMissing", OG_LINK_PERMISSION, "OG409"},
	[OG_SEND_FORBIDDEN] = {"Forbidden", OG_LINK_PERMISSION, "OG409"},
	[OG_SEND_MALFORMED] = {"RequestRefused", OG_LINK_REQUEST, "OG713"},
	[OG_SEND_DELTA] = {"DeltaTemporality", OG_LINK_REQUEST, "OG706"},
	[OG_SEND_OUT_OF_ORDER] = {"OutOfOrder", OG_LINK_REQUEST, "OG713"},
	[OG_SEND_CLOCK] = {"TimeRefused", OG_LINK_REQUEST, "OG716"},
	[OG_SEND_TOO_LARGE] = {"TooLarge", OG_LINK_REQUEST, "OG713"},
	[OG_SEND_MEDIA_TYPE] = {"MediaTypeRefused", OG_LINK_REQUEST, "OG522"},
	[OG_SEND_THROTTLED] = {"Throttled", OG_LINK_LIMIT, "OG707"},
	[OG_SEND_UNIMPLEMENTED] = {"Unimplemented", OG_LINK_PATH, "OG511"},
	[OG_SEND_SERVER_ERROR] = {"ServerError", OG_LINK_RECEIVER, "OG523"},
	[OG_SEND_NO_ANSWER] = {"NoAnswer", OG_LINK_RECEIVER, "OG523"},
	[OG_SEND_STATUS] = {"UnexpectedStatus", OG_LINK_HTTP, "OG522"},
	[OG_SEND_LOCAL] = {"Local", OG_LINK_CONFIG, NULL},
	[OG_SEND_GRPC_UNTRIED] = {"GrpcNotSent", OG_LINK_NONE, NULL},
	[OG_READ_VISIBLE] = {"Visible", OG_LINK_NONE, NULL},
	[OG_READ_CHANGED] = {"ChangedOnTheWay", OG_LINK_NONE, "OG715"},
	[OG_READ_NOT_VISIBLE] = {"NotVisible", OG_LINK_ARRIVAL, "OG714"},
	[OG_READ_AUTH] = {"QueryUnauthorized", OG_LINK_QUERY, "OG003"},
	[OG_READ_FORBIDDEN] = {"QueryForbidden", OG_LINK_QUERY, "OG003"},
	[OG_READ_PATH] = {"QueryPath", OG_LINK_QUERY, "OG003"},
	[OG_READ_THROTTLED] = {"QueryThrottled", OG_LINK_QUERY, "OG003"},
	[OG_READ_FAILED] = {"QueryFailed", OG_LINK_QUERY, "OG003"},
	[OG_READ_UNASKED] = {"NotAsked", OG_LINK_NONE, NULL},
};

const char *og_send_class_name(enum og_send_class c)
{
	return (unsigned)c < OG_SEND_CLASS_COUNT_ ? classes[c].name : "?";
}

enum og_send_class og_send_class_named(struct og_sv name)
{
	int c = 0;

	while (c < OG_SEND_CLASS_COUNT_ && !og_sv_eq(name, og_svz(classes[c].name)))
		c++;
	return (enum og_send_class)c;
}

enum og_send_link og_send_class_link(enum og_send_class c)
{
	return (unsigned)c < OG_SEND_CLASS_COUNT_ ? classes[c].link : OG_LINK_NONE;
}

const char *og_send_class_finding(enum og_send_class c)
{
	return (unsigned)c < OG_SEND_CLASS_COUNT_ ? classes[c].finding : NULL;
}

void og_send_say(
	struct og_send_verdict *v, enum og_send_class c, struct og_sv message, struct og_sv fix)
{
	v->class = c;
	v->link = og_send_class_link(c);
	v->finding = og_send_class_finding(c);
	v->ok = v->link == OG_LINK_NONE;
	v->message = message;
	v->fix = fix;
}
