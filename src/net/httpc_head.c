/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of answers: status and headers, from lines that libcurl has found. */
#include "httpc-priv.h"

void httpc_head_init(struct og_httpc_head *h)
{
	*h = (struct og_httpc_head){.status = 0};
	og_buf_init(&h->lines, HTTPC_HEAD_BYTES);
}

void httpc_head_fini(struct og_httpc_head *h)
{
	og_buf_fini(&h->lines);
}

/* "HTTP/1.1 200 OK", "HTTP/2 200". Three digits are all that is looked for: libcurl has read it. */
static int status_of(struct og_sv line)
{
	size_t at = og_sv_chr(line, ' ');
	int status = 0;
	if (line.n < at + 4)
		return 0;
	for (size_t i = at + 1; i < at + 4; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return 0;
		status = status * 10 + (line.p[i] - '0');
	}
	return status;
}

static bool is_field(struct og_sv line, struct og_sv name, struct og_sv *ret_value)
{
	if (line.n <= name.n || line.p[name.n] != ':' || !og_sv_caseeq(og_sv(line.p, name.n), name))
		return false;
	*ret_value = og_sv_trim(og_sv(line.p + name.n + 1, line.n - name.n - 1));
	return true;
}

static void note_length(struct og_httpc_head *h, struct og_sv line)
{
	struct og_sv v;
	if (is_field(line, OG_SV("content-length"), &v))
		h->length = true;
	else if (is_field(line, OG_SV("transfer-encoding"), &v))
		h->chunked = h->chunked || v.n > 0;
}

int httpc_head_line(struct og_httpc_head *h, struct og_sv line)
{
	if (h->complete)
		return 0;
	struct og_sv text = og_sv_trim(line);
	h->seen += line.n;
	if (h->seen > HTTPC_HEAD_BYTES)
		return -OG_E_LIMIT;
	if (og_sv_starts(line, OG_SV("HTTP/"))) {
		og_buf_reset(&h->lines);
		h->length = h->chunked = false;
		h->status = status_of(text);
		return 0;
	}
	if (text.n == 0) {
		h->complete = h->status >= 200;
		return h->complete ? 1 : 0;
	}
	if (line.p[0] == ' ' || line.p[0] == '\t')
		return 0; /* a folded line (RFC 9112 §5.2): nobody sends what we read in two */
	note_length(h, text);
	og_buf_sv(&h->lines, text);
	og_buf_ch(&h->lines, '\n');
	if (h->lines.failed)
		return -OG_E_OOM;
	return 0;
}

struct og_sv og_httpc_header(const struct og_httpc_head *h, const char *name)
{
	struct og_sv rest = og_buf_view(&h->lines), line, value;
	while (og_sv_split(&rest, '\n', &line)) {
		if (is_field(line, og_svz(name), &value))
			return value;
	}
	return OG_SV("");
}

int og_httpc_status(const struct og_httpc_head *h)
{
	return h->status;
}
