/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, in words that say what to do. Names host and port, never URL, headers, body. */
#include "httpc-priv.h"

#include <errno.h>
#include <openssl/x509.h>
#include "otelgate/base/parse.h"

/* libcurl's text with what a terminal could take for commands made harmless. Only texts of failures
 * that quote neither URLs nor headers are shown. */
static void safe_text(const char *s, char *out, size_t size)
{
	size_t n = 0;
	for (; *s && n + 1 < size; s++)
		out[n++] = (*s < 0x20 || *s > 0x7e) ? '?' : *s;
	while (n && (out[n - 1] == ' ' || out[n - 1] == '.'))
		n--;
	out[n] = '\0';
}

static int tls_verify(const struct og_httpc_call *call, struct og_err *err)
{
	long v = 0;
	(void)curl(easy_getinfo)(call->easy, CURLINFO_SSL_VERIFYRESULT, &v);
	switch (v) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return og_err_set(err, OG_E_TLS,
			"the certificate of %s has expired: renew it, or check this machine's clock",
			call->hostport);
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return og_err_set(err, OG_E_TLS,
			"the certificate of %s is not valid yet: check this machine's clock",
			call->hostport);
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return og_err_set(err, OG_E_TLS,
			"the certificate of %s is not signed by a CA that is trusted here: check "
			"that the configured CA is the server's (%s%s%s)",
			call->hostport, X509_verify_cert_error_string(v), call->cert[0] ? ": " : "",
			call->cert);
	case X509_V_OK:
	case 1: /* libcurl's own value: the chain is good, the name is not */
		return og_err_set(err, OG_E_TLS,
			"the certificate of %s is not for \"%s\": use a name that it carries as "
			"address or as TLS server name",
			call->hostport, call->verify_name);
	default:
		return og_err_set(err, OG_E_TLS, "the certificate of %s is refused: %s",
			call->hostport, X509_verify_cert_error_string(v));
	}
}

static int tls_failed(const struct og_httpc_call *call, struct og_err *err)
{
	char text[200];
	safe_text(call->error, text, sizeof(text));
	if (strstr(text, "wrong version number") || strstr(text, "packet length too long"))
		return og_err_set(err, OG_E_TLS,
			"%s does not speak TLS: is it an http:// address, or another service?",
			call->hostport);
	return og_err_set(err, OG_E_TLS, "the TLS handshake with %s failed: %s", call->hostport,
		*text ? text : "no reason was given");
}

static int no_name(const struct og_httpc_call *call, bool proxy, struct og_err *err)
{
	if (proxy)
		return og_err_set(err, OG_E_IO,
			"the name of the proxy on the way to %s cannot be looked up: check the "
			"proxy setting and DNS",
			call->hostport);
	return og_err_set(err, OG_E_IO,
		"the host name of %s cannot be looked up: check the name and DNS", call->hostport);
}

static int not_connected(
	const struct og_httpc_call *call, struct og_httpc_result *r, const char *through)
{
	long sys = 0;
	(void)curl(easy_getinfo)(call->easy, CURLINFO_OS_ERRNO, &sys);
	r->refused = sys == ECONNREFUSED;
	if (r->refused)
		return og_err_sys(&r->err, (int)sys,
			"%s%s cannot be reached: nothing listens there", call->hostport, through);
	if (sys == EMFILE || sys == ENFILE || sys == ENOMEM || sys == ENOBUFS)
		return og_err_sys(
			&r->err, (int)sys, "no connection to %s can be made", call->hostport);
	if (sys)
		return og_err_sys(
			&r->err, (int)sys, "%s%s cannot be reached", call->hostport, through);
	return og_err_set(&r->err, OG_E_IO, "%s%s cannot be reached", call->hostport, through);
}

static int cut(const struct og_httpc_call *call, struct og_httpc_result *r)
{
	char text[200];
	long code = 0;
	(void)curl(easy_getinfo)(call->easy, CURLINFO_HTTP_CONNECTCODE, &code);
	if (!call->sendings && code)
		return og_err_set(&r->err, OG_E_IO,
			"the proxy on the way to %s refuses the tunnel with status %ld%s",
			call->hostport, code,
			code == 407 ? ": it wants a user name and password in its URL" : "");
	safe_text(call->error, text, sizeof(text));
	r->reset = true;
	return og_err_set(&r->err, OG_E_IO, "%s ended the connection %s%s%s", call->hostport,
		!call->sendings	      ? "before the request was sent"
		: call->head.complete ? "in the middle of its answer"
				      : "without an answer",
		*text ? ": " : "", text);
}

static int stopped(const struct og_httpc_call *call, struct og_err *err)
{
	if (call->too_large)
		return og_err_set(err, OG_E_LIMIT,
			"the answer of %s is larger than the %llu bytes that are accepted",
			call->hostport, (unsigned long long)call->max_bytes);
	if (call->head_too_large)
		return og_err_set(err, OG_E_LIMIT, "the headers of %s are larger than %d bytes",
			call->hostport, HTTPC_HEAD_BYTES);
	if (call->refused_by_callback)
		return og_err_set(err, OG_E_CANCELLED, "the answer of %s was not wanted any more",
			call->hostport);
	return og_err_set(err, OG_E_OOM, "no memory for the answer of %s", call->hostport);
}

static int no_http(const struct og_httpc_call *call, struct og_err *err)
{
	char text[200];
	safe_text(call->error, text, sizeof(text));
	return og_err_set(err, OG_E_PARSE,
		"what %s answers is no sound HTTP: is it the right port? (%s)", call->hostport,
		*text ? text : "no reason was given");
}

/* CURLE_TOO_LARGE of libcurl 8.6, which the headers of 7.88 do not have */
#define CURLCODE_TOO_LARGE 100

static int explain(const struct og_httpc_call *call, CURLcode cc, struct og_httpc_result *r)
{
	struct og_err *err = &r->err;
	switch ((int)cc) {
	case CURLE_OK:
		/* libcurl takes a head that is cut for an answer without a body */
		return call->head.complete ? 0 : cut(call, r);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return no_name(call, cc == CURLE_COULDNT_RESOLVE_PROXY, err);
	case CURLE_COULDNT_CONNECT:
		return not_connected(call, r, call->proxied ? " or its proxy" : "");
	case CURLE_PROXY:
		return og_err_set(err, OG_E_IO, "the proxy on the way to %s refuses the connection",
			call->hostport);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return tls_verify(call, err);
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CLIENTCERT:
		return tls_failed(call, err);
	case CURLE_SSL_CERTPROBLEM:
		return og_err_set(err, OG_E_TLS,
			"the client certificate or its key for %s cannot be used", call->hostport);
	case CURLE_SSL_CACERT_BADFILE:
		return og_err_set(err, OG_E_TLS,
			"the CA certificates to verify %s with cannot be read", call->hostport);
	case CURLE_WRITE_ERROR:
		return stopped(call, err);
	case CURLE_ABORTED_BY_CALLBACK:
		return call->resent ? cut(call, r) : stopped(call, err);
	case CURLE_OUT_OF_MEMORY:
		/* so libcurl before 8.6 calls a header line above its own limit (100 KiB) */
		if (call->sendings && !call->head.complete)
			return og_err_set(err, OG_E_LIMIT,
				"a header of %s is too long, or memory is out", call->hostport);
		return og_err_set(err, OG_E_OOM, "no memory for a request to %s", call->hostport);
	case CURLCODE_TOO_LARGE:
		return og_err_set(err, OG_E_LIMIT,
			"the headers of %s are too long, or too many for libcurl", call->hostport);
	case CURLE_BAD_CONTENT_ENCODING:
		return og_err_set(err, OG_E_PARSE,
			"the answer of %s is compressed in a way that cannot be read",
			call->hostport);
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return no_http(call, err);
	case CURLE_OPERATION_TIMEDOUT:
		return og_err_set(err, OG_E_TIMEOUT, "%s did not answer in time", call->hostport);
	default:
		return cut(call, r);
	}
}

void httpc_explain(const struct og_httpc_call *call, CURLcode cc, struct og_httpc_result *r)
{
	r->code = explain(call, cc, r);
}

void httpc_explain_limit(
	const struct og_httpc_call *call, enum httpc_limit what, struct og_httpc_result *r)
{
	char d[OG_DURATION_BYTES];
	switch (what) {
	case HTTPC_LIMIT_CONNECT:
		og_fmt_duration_ms(d, call->connect_ms);
		r->code = og_err_set(&r->err, OG_E_TIMEOUT,
			"no connection to %s within %s: check the address, firewalls and %s",
			call->hostport, d,
			call->proxied ? "the proxy" : "whether a proxy is needed");
		break;
	case HTTPC_LIMIT_IDLE:
		og_fmt_duration_ms(d, call->idle_ms);
		r->code = og_err_set(
			&r->err, OG_E_TIMEOUT, "%s has been silent for %s", call->hostport, d);
		break;
	default:
		og_fmt_duration_ms(d, call->total_ms);
		r->code = og_err_set(&r->err, OG_E_TIMEOUT, "no %sanswer from %s within %s",
			call->head.complete ? "complete " : "", call->hostport, d);
		break;
	}
}
