/* SPDX-License-Identifier: Apache-2.0 */
/* --ask: tokens, certificates and addresses of backends from the command line. */
#include "ask-priv.h"

#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/core/config.h"

enum { TOKEN_BYTES = 4096, PEM_BYTES = 4 << 20, NAME_BYTES = 253 };

void ask_fini(struct ask_loaded *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		og_secret_fini(&l->secrets[i]);
	l->n = 0;
}

/* ---- tokens ---- */

/* "STACK=FILE": names of objects have no slash, so that ./a=b is a file. */
static struct og_sv split_stack(const char *text, const char **ret_path)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.");

	*ret_path = text;
	if (!n || n > NAME_BYTES || text[n] != '=')
		return OG_SV("");
	*ret_path = text + n + 1;
	return og_sv(text, n);
}

bool ask_reads_input(const char *token_file)
{
	const char *path;

	(void)split_stack(token_file, &path);
	return strcmp(path, "-") == 0;
}

/* What is no text of one line is no token; which bytes it has is nobody's business. */
static bool is_token(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return s.n != 0;
}

static int read_token(struct og_cli *cli, const char *path, struct og_secret *ret)
{
	og_auto_wipe struct og_buf b = OG_BUF_INIT(TOKEN_BYTES);
	struct og_err err = OG_ERR_INIT;
	int r = 0;

	if (!og_buf_reserve(&b, TOKEN_BYTES))
		r = og_err_set(&err, OG_E_OOM, "out of memory");
	else if (strcmp(path, "-") == 0)
		r = og_fs_read_fd(cli->in_fd, "standard input", TOKEN_BYTES, &b, &err);
	else
		r = og_fs_read(path, TOKEN_BYTES, &b, &err);
	struct og_sv text = og_sv_trim(og_buf_view(&b));
	if (r == 0 && !is_token(text))
		r = og_err_set(&err, OG_E_INVALID,
			"%s holds no token: it is empty, or no text of one line", path);
	if (r == 0)
		r = og_secret_set(ret, text.p, text.n, &err);
	if (r == 0)
		return OG_EXIT_PASS;
	(void)og_err_wrap(&err, "--query-token-file");
	return og_cli_fail(cli, &err);
}

static int load_tokens(struct og_cli *cli, const struct ask_args *a, struct ask_loaded *l)
{
	size_t n = a->token_files.n;
	struct og_audit_ask_token *tokens =
		og_arena_new_n(cli->arena, n + 1, struct og_audit_ask_token);
	struct og_err err = OG_ERR_INIT;
	int code = OG_EXIT_PASS;

	l->secrets = og_arena_new_n(cli->arena, n + 1, struct og_secret);
	if (!tokens || !l->secrets)
		return og_cli_fail(cli, (og_err_set(&err, OG_E_OOM, "out of memory"), &err));
	for (size_t i = 0; i < n && code == OG_EXIT_PASS; i++) {
		const char *path;
		tokens[i] = (struct og_audit_ask_token){
			.stack = split_stack(a->token_files.v[i], &path), .token = &l->secrets[i]};
		l->secrets[i] = (struct og_secret)OG_SECRET_INIT;
		l->n++;
		if (n > 1 && !tokens[i].stack.n)
			return og_cli_usage(cli, "--query-token-file: of several, each names its "
						 "stack: STACK=FILE");
		code = read_token(cli, path, &l->secrets[i]);
	}
	l->ask.tokens = tokens;
	l->ask.ntokens = (uint32_t)n;
	return code;
}

/* ---- the rest ---- */

static int load_ca(struct og_cli *cli, const char *path, struct og_sv *ret)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(PEM_BYTES);
	struct og_err err = OG_ERR_INIT;
	int r = og_fs_read(path, PEM_BYTES, &b, &err);

	if (r == 0 && !og_sv_has(og_buf_view(&b), OG_SV("-----BEGIN CERTIFICATE-----")))
		r = og_err_set(&err, OG_E_INVALID, "%s: holds no certificates in PEM", path);
	if (r == 0 && !(*ret = og_arena_sv(cli->arena, og_buf_view(&b))).p)
		r = og_err_set(&err, OG_E_OOM, "out of memory");
	if (r == 0)
		return OG_EXIT_PASS;
	(void)og_err_wrap(&err, "--query-ca-file");
	return og_cli_fail(cli, &err);
}

static const char *const url_options[OG_GF_COUNT_] = {[OG_GF_PROMETHEUS] = "--prometheus-url",
	[OG_GF_LOKI] = "--loki-url",
	[OG_GF_TEMPO] = "--tempo-url",
	[OG_GF_PYROSCOPE] = "--pyroscope-url"};

static int load_urls(struct og_cli *cli, const struct ask_args *a, struct og_audit_ask *to)
{
	for (int i = 0; i < OG_GF_COUNT_; i++) {
		og_auto_buf struct og_buf url = OG_BUF_INIT(4096), note = OG_BUF_INIT(4096);
		struct og_err err = OG_ERR_INIT;
		to->url[i] = og_svz(a->url[i]);
		if (!a->url[i])
			continue;
		if (og_gf_base_url((enum og_gf_backend)i, to->url[i],
			    !og_url_in_the_clear(to->url[i]), &url, &note, &err) < 0)
			return err.code == OG_E_OOM
				       ? og_cli_fail(cli, &err)
				       : og_cli_usage(cli, "%s: %s", url_options[i], err.msg);
	}
	return OG_EXIT_PASS;
}

/* What says how to ask is of no use to who does not. */
static const char *without_ask(const struct ask_args *a)
{
	for (int i = 0; i < OG_GF_COUNT_; i++)
		if (a->url[i])
			return url_options[i];
	return a->token_files.n ? "--query-token-file" : a->ca_file ? "--query-ca-file" : NULL;
}

int ask_load(struct og_cli *cli, const struct ask_args *a, int64_t timeout_ms,
	struct ask_loaded *ret, const struct og_audit_ask **ret_ask)
{
	const char *lonely = a->ask ? NULL : without_ask(a);
	int code = OG_EXIT_PASS;

	*ret_ask = NULL;
	if (lonely)
		return og_cli_usage(cli, "%s goes with --ask", lonely);
	if (!a->ask)
		return OG_EXIT_PASS;
	ret->ask.timeout_ms = timeout_ms;
	code = load_urls(cli, a, &ret->ask);
	if (code == OG_EXIT_PASS)
		code = load_tokens(cli, a, ret);
	if (code == OG_EXIT_PASS && a->ca_file)
		code = load_ca(cli, a->ca_file, &ret->ask.ca_pem);
	if (code == OG_EXIT_PASS)
		*ret_ask = &ret->ask;
	return code;
}

void ask_notes(const struct og_audit_asked *a, struct og_buf *notes, bool *partial)
{
	for (uint32_t i = 0; i < a->nblind; i++) {
		const struct og_coverage_blind *b = &a->blind[i];
		og_buf_sv(notes, b->what);
		og_buf_lit(notes, ": ");
		og_buf_sv(notes, b->why);
		og_buf_fmt(notes, "%s%s\n", b->finding ? "; otelgate explain " : "",
			b->finding ? b->finding : "");
	}
	*partial |= a->nblind > 0;
}
