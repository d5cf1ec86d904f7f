/* SPDX-License-Identifier: Apache-2.0 */
/* What services do before they serve: their log, and what they give up. */
#include <string.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/sandbox.h"
#include "otelgate/base/seccomp.h"
#include "serviceopts-priv.h"

int og_service_log(struct og_cli *cli, const struct og_service_args *a)
{
	struct og_err err = OG_ERR_INIT;
	struct og_log_options log = {.fd = cli->err_fd,
		.format = (enum og_log_format)a->log_format,
		.level = (enum og_log_level)a->log_level,
		.colour = cli->colour_err,
		.debug = a->debug};

	if (og_log_setup(&log, &err) < 0)
		return og_cli_usage(cli, "--debug: %s", err.msg);
	return OG_EXIT_PASS;
}

/* The folder of a file; "." of a name alone. NULL when memory is out. */
static char *folder_of(const char *path)
{
	char *s = og_strdup(path), *slash = s ? strrchr(s, '/') : NULL;

	if (!s || !slash) {
		og_free(s);
		return og_strdup(".");
	}
	slash[slash == s] = '\0'; /* "/ports": the root */
	return s;
}

static int restrict_calls(const struct og_service_args *a, bool runs_programs, struct og_err *err)
{
	static const char *const otherwise[] = {
		[OG_SECCOMP_LOG] = "log", [OG_SECCOMP_ERRNO] = "errno", [OG_SECCOMP_KILL] = "kill"};
	struct og_seccomp s = {.mode = (enum og_seccomp_mode)a->seccomp,
		.writes_files = a->ports_file,
		.runs_programs = runs_programs};
	size_t calls;
	int r = og_seccomp_enter(&s, &calls, err);

	if (r == 0 && calls)
		og_log(OG_LOG_INFO, "sandbox", "system calls restricted",
			og_lf_uint("allowed", calls), og_lf_str("otherwise", otherwise[s.mode]));
	return r;
}

int og_service_sandbox(struct og_cli *cli, const struct og_service_args *a,
	const struct og_kube_access *access, const uint16_t *ports, size_t nports)
{
	struct og_err err = OG_ERR_INIT;
	struct og_sandbox_state state;
	og_auto_free char *folder = a->ports_file ? folder_of(a->ports_file) : NULL;
	struct og_sandbox s = {.mode = (enum og_sandbox_mode)a->sandbox,
		.runs_programs = access && access->exec.command,
		.write_dir = folder,
		.ports = ports,
		.nports = nports};

	if (a->ports_file && !folder)
		(void)og_err_set(&err, OG_E_OOM, "out of memory");
	if (err.code || og_sandbox_enter(&s, &state, &err) < 0)
		return og_cli_fail(cli, &err);
	if (state.why)
		og_log(OG_LOG_INFO, "sandbox", "not restricted", og_lf_str("why", state.why));
	else
		og_log(OG_LOG_INFO, "sandbox", "restricted",
			og_lf_uint("landlock", (uint64_t)state.abi),
			og_lf_bool("files", state.files), og_lf_bool("tcp", state.tcp),
			og_lf_bool("devices", state.devices), og_lf_bool("signals", state.scope));
	if (restrict_calls(a, s.runs_programs, &err) < 0)
		return og_cli_fail(cli, &err);
	return OG_EXIT_PASS;
}
