/* SPDX-License-Identifier: Apache-2.0 */
/* Forms of an audit to standard output and to files. */
#include "audit-priv.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/cli/term.h"

enum { OUT_MAX_BYTES = 1 << 30, NAMES = 32 };

static int unknown_form(struct og_cli *cli, struct og_sv name)
{
	const char *names[NAMES];
	size_t n = 0;

	for (size_t i = 0; i < og_report_nforms && n < NAMES; i++)
		names[n++] = og_report_forms[i].name;
	const char *near = og_suggest(name, names, n);
	if (near)
		return og_cli_usage(cli, "--output: \"%.*s\" is no form (did you mean \"%s\"?)",
			(int)(name.n > 40 ? 40 : name.n), name.p, near);
	og_auto_buf struct og_buf all = OG_BUF_INIT(1024);
	for (size_t i = 0; i < og_report_nforms; i++)
		og_buf_fmt(&all, "%s%s", i ? ", " : "", og_report_forms[i].name);
	return og_cli_usage(cli, "--output: \"%.*s\" is no form: %s",
		(int)(name.n > 40 ? 40 : name.n), name.p, all.p ? all.p : "");
}

int og_audit_outputs_read(
	struct og_cli *cli, const struct og_audit_args *a, struct og_audit_outputs *ret)
{
	struct og_audit_outputs o = {.n = 0};
	size_t standard = 0;

	for (size_t i = 0; i < a->outputs.n; i++) {
		struct og_sv text = og_svz(a->outputs.v[i]);
		size_t eq = og_sv_chr(text, '=');
		const struct og_report_form *form = og_report_form(og_sv(text.p, eq));
		const char *path = eq < text.n ? text.p + eq + 1 : NULL;
		if (!form)
			return unknown_form(cli, og_sv(text.p, eq));
		if (path && !*path)
			return og_cli_usage(cli, "--output %s= names no file", form->name);
		if (o.n == OG_AUDIT_OUTPUTS)
			return og_cli_usage(cli, "more than %d --output", OG_AUDIT_OUTPUTS);
		if (path && strcmp(path, "-") == 0)
			path = NULL;
		standard += !path;
		o.v[o.n].form = form;
		o.v[o.n++].path = path;
	}
	if (standard > 1)
		return og_cli_usage(cli, "only one form can go to standard output: --output "
					 "FORM=FILE names a file");
	if (!o.n)
		o.v[o.n++].form = og_report_form(OG_SV("table"));
	*ret = o;
	return OG_EXIT_PASS;
}

static bool to_file(struct og_cli *cli, const char *path, const struct og_buf *b)
{
	struct og_err err = OG_ERR_INIT;

	if (og_fs_write_atomic(path, b->p ? b->p : "", b->len, 0666, &err) == 0)
		return true;
	og_cli_error(cli, "%s", err.msg);
	return false;
}

int og_audit_outputs_write(struct og_cli *cli, const struct og_audit_args *a,
	const struct og_audit_outputs *o, const struct og_coverage *c,
	const struct og_gate_result *gates)
{
	struct og_report_opts ro = {.no_headers = a->no_headers,
		.ascii = a->ascii || og_term_ascii(cli->env),
		.only_problems = a->only_problems,
		.width = cli->width,
		.gates = gates};
	int code = OG_EXIT_PASS;

	for (int standard = 0; standard <= 1; standard++)
		for (size_t i = 0; i < o->n; i++) {
			og_auto_buf struct og_buf b = OG_BUF_INIT(OUT_MAX_BYTES);
			if ((o->v[i].path == NULL) != (standard == 1))
				continue;
			ro.colour = standard && cli->colour_out;
			if (!o->v[i].form->write(c, &ro, cli->arena, &b) || b.failed) {
				og_cli_error(cli, "%s: out of memory", o->v[i].form->name);
				code = OG_EXIT_FAULT;
			} else if (standard ? !og_cli_show(cli, og_buf_view(&b))
					    : !to_file(cli, o->v[i].path, &b)) {
				code = OG_EXIT_FAULT;
			}
		}
	return code;
}
