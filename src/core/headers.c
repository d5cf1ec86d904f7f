/* SPDX-License-Identifier: Apache-2.0 */
/* Checking OTEL_EXPORTER_OTLP_HEADERS, without ever quoting it. */
#include "otelgate/core/headers.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/percent.h"

enum { MAX_BYTES = 8192, CREDENTIAL_BYTES = 4096 };

struct scan {
	struct og_sv text;
	unsigned item; /* from 1 */
	enum og_headers_fault *fault;
	struct og_err *err;
};

static int fault(struct scan *s, enum og_headers_fault kind, const char *at, const char *what)
{
	*s->fault = kind;
	return og_err_set(s->err, OG_E_INVALID, "item %u, byte %zu: %s", s->item,
		(size_t)(at - s->text.p), what);
}

/* RFC 9110 §5.6.2 */
static bool token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int check_name(struct scan *s, struct og_sv name)
{
	if (!name.n)
		return fault(s, OG_HEADERS_SYNTAX, name.p, "a header without a name");
	for (size_t i = 0; i < name.n; i++)
		if (!token_char(name.p[i]))
			return fault(s, OG_HEADERS_SYNTAX, name.p + i,
				"a character that header names cannot have");
	return 0;
}

/* What baggage-octet leaves out, with the way to write it (W3C Baggage §3.2.1.3). */
static const struct {
	char c;
	const char *what;
} raw[] = {
	{' ', "a raw space (write %20)"},
	{'\t', "a raw tab (write %09)"},
	{'\n', "a line break; a Secret made with echo ends in one (use printf, or echo -n)"},
	{'\r', "a carriage return; a Secret made on Windows ends in one"},
	{'"', "a raw quotation mark (write %22); quotes are not stripped"},
	{';', "a semicolon, behind which SDKs cut the value (write %3B)"},
	{'\\', "a raw backslash (write %5C)"},
	{'+', "a raw \"+\", which Java reads as a space (write %2B)"},
};

static int check_byte(struct scan *s, const char *p)
{
	unsigned char c = (unsigned char)*p;
	for (size_t i = 0; i < OG_COUNT(raw); i++)
		if (*p == raw[i].c)
			return fault(s, OG_HEADERS_RAW, p, raw[i].what);
	if (c < 0x20 || c == 0x7f)
		return fault(s, OG_HEADERS_RAW, p, "a control character");
	if (c >= 0x80)
		return fault(
			s, OG_HEADERS_RAW, p, "a byte outside ASCII (percent-encode its UTF-8)");
	return 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int check_escape(struct scan *s, const char *p, size_t left)
{
	if (left < 3 || !is_hex(p[1]) || !is_hex(p[2]))
		return fault(s, OG_HEADERS_SYNTAX, p,
			"\"%\" is not followed by two hex digits (write %25)");
	if (p[1] == '2' && p[2] == '5' && left >= 5 && is_hex(p[3]) && is_hex(p[4]))
		return fault(s, OG_HEADERS_DOUBLE_ENCODED, p,
			"encoded twice: %25 stands where an escape was meant (encode once)");
	if (p[1] == '0' && p[2] == '0')
		return fault(s, OG_HEADERS_SYNTAX, p, "a NUL character");
	if (p[1] == '0' && strchr("aAdD", p[2]))
		return fault(s, OG_HEADERS_SYNTAX, p,
			"a line break, which no header can hold (the token was encoded with it)");
	return 0;
}

static int check_value(struct scan *s, struct og_sv v)
{
	if (!v.n)
		return fault(s, OG_HEADERS_SYNTAX, v.p, "a header without a value");
	for (size_t i = 0; i < v.n; i++) {
		int rc = v.p[i] == '%' ? check_escape(s, v.p + i, v.n - i) : check_byte(s, v.p + i);
		if (rc)
			return rc;
	}
	return 0;
}

/* Basic credentials of the gateway are "<instance id>:<token>" in base64 (RFC 7617). */
static int check_basic(struct scan *s, struct og_sv at, struct og_sv b64)
{
	struct og_buf plain = OG_BUF_INIT(CREDENTIAL_BYTES);
	int rc = 0;
	if (og_sv_starts(b64, OG_SV("Basic ")))
		rc = fault(s, OG_HEADERS_CREDENTIAL, at.p, "\"Basic\" stands twice");
	else if (og_base64_decode(&plain, b64, NULL))
		rc = fault(s, OG_HEADERS_CREDENTIAL, at.p,
			"what follows \"Basic\" is not base64 (encode \"<instance id>:<token>\")");
	else if (og_sv_chr(og_buf_view(&plain), ':') == plain.len)
		rc = fault(s, OG_HEADERS_CREDENTIAL, at.p,
			"the credential has no \":\" between instance id and token");
	else if (plain.p[plain.len - 1] == '\n')
		rc = fault(s, OG_HEADERS_CREDENTIAL, at.p,
			"the token ends in a line break (it was encoded with echo; use printf)");
	else if (og_sv_starts(og_buf_view(&plain), OG_SV("glc_")))
		rc = fault(s, OG_HEADERS_CREDENTIAL, at.p,
			"instance id and token are swapped (write \"<instance id>:<token>\")");
	if (plain.p)
		explicit_bzero(plain.p, plain.cap);
	og_buf_fini(&plain);
	return rc;
}

static int check_authorization(struct scan *s, struct og_sv v)
{
	struct og_buf plain = OG_BUF_INIT(CREDENTIAL_BYTES);
	int rc = 0;
	if (og_percent_decode(v, &plain, NULL))
		rc = fault(s, OG_HEADERS_CREDENTIAL, v.p, "the credential is too long");
	struct og_sv text = og_buf_view(&plain);
	size_t space = og_sv_chr(text, ' ');
	struct og_sv scheme = og_sv(text.p, space);
	if (!rc && (space == text.n || !scheme.n))
		rc = fault(s, OG_HEADERS_CREDENTIAL, v.p,
			"Authorization has no scheme (write Basic%20…)");
	else if (!rc && og_sv_caseeq(scheme, OG_SV("basic")))
		rc = check_basic(s, v, og_sv(text.p + space + 1, text.n - space - 1));
	if (plain.p)
		explicit_bzero(plain.p, plain.cap);
	og_buf_fini(&plain);
	return rc;
}

static bool names_credential(struct og_sv name)
{
	static const char *const names[] = {"authorization", "proxy-authorization", "x-api-key",
		"api-key", "x-auth-token", "dd-api-key", "x-honeycomb-team", "x-scope-token",
		"signoz-access-token"};
	for (size_t i = 0; i < OG_COUNT(names); i++)
		if (og_sv_caseeq(name, og_svz(names[i])))
			return true;
	return false;
}

static int check_item(struct scan *s, struct og_sv item, bool *credential)
{
	struct og_sv t = og_sv_trim(item); /* optional white space around an item is allowed */
	size_t eq = og_sv_chr(t, '=');
	if (!t.n)
		return fault(s, OG_HEADERS_SYNTAX, item.p, "an empty item");
	if (item.p[item.n - 1] == '\n' || item.p[item.n - 1] == '\r')
		return check_byte(s, item.p + item.n - 1);
	if (eq == t.n)
		return fault(s, OG_HEADERS_SYNTAX, t.p, "an item without \"=\" (write name=value)");
	struct og_sv name = og_sv_trim(og_sv(t.p, eq));
	struct og_sv value = og_sv(t.p + eq + 1, t.n - eq - 1);
	*credential |= names_credential(name);
	int rc = check_name(s, name);
	if (!rc)
		rc = check_value(s, value);
	if (!rc && og_sv_caseeq(name, OG_SV("authorization")))
		rc = check_authorization(s, value);
	return rc;
}

int og_otlp_headers_check(struct og_sv text, enum og_headers_fault *ret_fault, bool *ret_credential,
	struct og_err *err)
{
	bool credential = false;
	struct scan s = {.text = text, .fault = ret_fault, .err = err};
	struct og_sv rest = text, item;
	int rc = 0;
	*ret_fault = OG_HEADERS_OK;
	if (text.n > MAX_BYTES) {
		*ret_fault = OG_HEADERS_SYNTAX;
		rc = og_err_set(err, OG_E_INVALID, "longer than %d bytes", MAX_BYTES);
	}
	while (og_sv_split(&rest, ',', &item)) {
		s.item++;
		struct og_err later = OG_ERR_INIT;
		enum og_headers_fault ignored;
		struct scan quiet = s; /* behind the first fault only credentials are looked for */
		quiet.fault = &ignored;
		quiet.err = &later;
		int r = check_item(rc ? &quiet : &s, item, &credential);
		rc = rc ? rc : r;
	}
	if (!rc && text.n && text.p[text.n - 1] == ',') {
		s.item++;
		rc = fault(&s, OG_HEADERS_SYNTAX, text.p + text.n, "an empty item");
	}
	if (ret_credential)
		*ret_credential = credential;
	return rc;
}
