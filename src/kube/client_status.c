/* SPDX-License-Identifier: Apache-2.0 */
/* What a server says when it refuses: metav1.Status if we are lucky, plain text or the page of some
 * proxy otherwise. Nothing here trusts the sender. */
#include "client-priv.h"

#include "otelgate/base/harmless.h"
#include "otelgate/base/mem.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{301, "Moved Permanently"},
	{302, "Found"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{415, "Unsupported Media Type"},
	{422, "Unprocessable Content"},
	{429, "Too Many Requests"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

const char *kc_http_reason(int status)
{
	for (size_t i = 0; i < OG_COUNT(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "";
}

enum og_code kc_code_of_http(int status)
{
	switch (status) {
	case 404:
		return OG_E_NOT_FOUND;
	case 409:
	case 412:
		return OG_E_CONFLICT;
	case 408:
	case 504:
		return OG_E_TIMEOUT;
	case 405:
	case 406:
	case 415:
		return OG_E_UNSUPPORTED;
	case 413:
		return OG_E_LIMIT;
	case 429:
		return OG_E_IO;
	default:
		break;
	}
	if (status >= 200 && status < 300)
		return OG_OK;
	return status >= 500 ? OG_E_IO : status >= 400 ? OG_E_INVALID : OG_E_UNSUPPORTED;
}

static bool read_status(struct og_jval root, struct og_arena *arena, struct og_kube_status *ret)
{
	int64_t n;
	if (!og_jstr_is(og_jgetl(root, "kind"), "Status"))
		return false;
	ret->reason = og_harmless(og_jstr_or_empty(og_jgetl(root, "reason"), arena), 128, arena);
	ret->message = og_harmless(
		og_jstr_or_empty(og_jgetl(root, "message"), arena), KC_MESSAGE_BYTES, arena);
	if (og_ji64(og_jgetl(root, "code"), &n) && n >= 100 && n <= 599)
		ret->code = (int)n;
	struct og_jval details = og_jgetl(root, "details");
	if (og_ji64(og_jgetl(details, "retryAfterSeconds"), &n) && n > 0 &&
		n <= KC_RETRY_AFTER_MAX_S)
		ret->retry_after_s = (int)n;
	struct og_jval cause = og_jat(og_jgetl(details, "causes"), 0);
	ret->cause = og_harmless(og_jstr_or_empty(og_jgetl(cause, "reason"), arena), 128, arena);
	return true;
}

void kc_status_read(
	struct og_sv body, bool html, struct og_arena *arena, struct og_kube_status *ret)
{
	static const struct og_jlimits limits = {
		.max_bytes = KC_ERROR_BYTES, .max_depth = 32, .max_tokens = 20000};
	*ret = (struct og_kube_status){
		.reason = OG_SV(""), .message = OG_SV(""), .cause = OG_SV(""), .retry_after_s = -1};
	struct og_jdoc d;
	struct og_sv text = og_sv_trim(body);
	if (text.n && text.p[0] == '{' && og_jdoc_parse(&d, arena, text, &limits, NULL) == 0) {
		if (!read_status(og_jroot(&d), arena, ret))
			ret->message = OG_SV("the answer is JSON, but no Status");
		return;
	}
	if (html || og_sv_starts(text, OG_SV("<"))) {
		ret->message = OG_SV(
			"the answer is a web page, so a proxy or another server may stand in between");
		return;
	}
	/* "Unauthorized", "404 page not found", "upstream connect error …" */
	ret->message = og_harmless(og_sv(text.p, og_sv_chr(text, '\n')), 200, arena);
}

int kc_retry_after(struct og_sv value)
{
	int s = 0;
	if (value.n == 0 || value.n > 9)
		return -1;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return -1; /* a date, a sign: client-go takes neither */
		s = s * 10 + (value.p[i] - '0');
	}
	return s <= KC_RETRY_AFTER_MAX_S ? s : -1;
}
