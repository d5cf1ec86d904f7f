/* SPDX-License-Identifier: Apache-2.0 */
#include "support/clusterrun.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/cli/command.h"
#include "support/tmpdir.h"

struct og_sim *clr_sim;
struct og_buf clr_out = OG_BUF_INIT(16 << 20), clr_err = OG_BUF_INIT(16 << 20);
static struct og_tmpdir dir;
static char config[300], out[300], errs[300];

void clr_setup(void)
{
	struct og_err err = OG_ERR_INIT;

	dir = og_tmpdir_make();
	(void)og_tmpdir_join(&dir, "kubeconfig", config, sizeof(config));
	(void)og_tmpdir_join(&dir, "out", out, sizeof(out));
	(void)og_tmpdir_join(&dir, "err", errs, sizeof(errs));
	ck_assert_msg(og_sim_start(NULL, &clr_sim, &err) == 0, "%s", err.msg);
	clr_as(NULL);
}

void clr_teardown(void)
{
	og_sim_stop(og_take(clr_sim));
	og_tmpdir_remove(&dir);
	og_buf_fini(&clr_out);
	og_buf_fini(&clr_err);
}

void clr_as(const char *token)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(1 << 20);
	struct og_err err = OG_ERR_INIT;

	og_sim_kubeconfig(clr_sim, token, &text);
	ck_assert_msg(og_fs_write_atomic(config, text.p, text.len, 0600, &err) == 0, "%s", err.msg);
}

void clr_user(const char *user, const char *rules)
{
	struct og_err err = OG_ERR_INIT;
	char token[100];

	(void)snprintf(token, sizeof(token), "t-%s", user);
	ck_assert_int_eq(og_sim_add_user(clr_sim, user, NULL, token, &err), 0);
	ck_assert_msg(og_sim_allow(clr_sim, user, NULL, rules, &err) == 0, "%s", err.msg);
	clr_as(token);
}

const char *clr_kubeconfig(void)
{
	return config;
}

void clr_crd(const char *kind)
{
	struct og_err err = OG_ERR_INIT;
	char path[256];

	(void)snprintf(path, sizeof(path), "manifests/crds/otelgate.dev_%s.yaml", kind);
	ck_assert_msg(og_sim_apply_file(clr_sim, path, &err) == 0, "%s", err.msg);
}

void clr_putf(const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4 << 20);
	struct og_err err = OG_ERR_INIT;
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	og_buf_ch(&b, '\0');
	ck_assert_msg(og_sim_put(clr_sim, b.p, &err) == 0, "%s: %s", err.msg, b.p);
}

const char *clr_ago(long seconds)
{
	static char texts[16][OG_RFC3339_BYTES];
	static unsigned at;
	char *t = texts[at++ % OG_COUNT(texts)];

	og_fmt_rfc3339(t, ((int64_t)time(NULL) - seconds) * OG_NS_PER_S);
	return t;
}

/* A terminal that can show everything, and nothing else. */
static const char *bare_env(const char *name)
{
	return strcmp(name, "LC_ALL") == 0 ? "C.UTF-8" : NULL;
}

static void take(const char *path, struct og_buf *to)
{
	struct og_err err = OG_ERR_INIT;

	og_buf_reset(to);
	ck_assert_int_eq(og_fs_read(path, 16 << 20, to, &err), 0);
	og_buf_ch(to, '\0');
}

static int typed = -1, keyboard = -1;

void clr_type(const char *text)
{
	keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert(keyboard >= 0 && grantpt(keyboard) == 0 && unlockpt(keyboard) == 0);
	typed = open(ptsname(keyboard), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(typed, 0);
	ck_assert_int_eq(write(keyboard, text, strlen(text)), (ssize_t)strlen(text));
}

int clr_run(const char *const *args)
{
	static char copies[32][512];
	char *argv[40] = {(char[]){"otelgate"}};
	int argc = 1, keep[3], code, n = 0;
	int fd[3] = {typed >= 0 ? typed : open("/dev/null", O_RDONLY | O_CLOEXEC),
		open(out, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600),
		open(errs, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600)};

	for (; args[n]; n++) {
		ck_assert_int_lt(n, 30);
		(void)snprintf(copies[n], sizeof(copies[n]), "%s", args[n]);
		argv[argc++] = copies[n];
	}
	argv[argc++] = (char[]){"--kubeconfig"};
	argv[argc++] = config;
	(void)fflush(NULL);
	for (int i = 0; i < 3; i++) {
		keep[i] = dup(i);
		ck_assert(fd[i] >= 0 && keep[i] >= 0 && dup2(fd[i], i) == i);
	}
	code = og_cli_main(argc, argv, bare_env);
	for (int i = 0; i < 3; i++) {
		(void)dup2(keep[i], i);
		(void)close(keep[i]);
		(void)close(fd[i]);
	}
	if (keyboard >= 0)
		(void)close(keyboard);
	typed = keyboard = -1;
	take(out, &clr_out);
	take(errs, &clr_err);
	return code;
}

bool clr_said_so_far(const char *text)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(16 << 20);

	if (og_fs_read(errs, 16 << 20, &b, NULL) < 0)
		return false;
	og_buf_ch(&b, '\0');
	return b.p && strstr(b.p, text);
}

bool clr_says(const char *text)
{
	bool has = strstr(clr_out.p, text) || strstr(clr_err.p, text);

	if (!has)
		fprintf(stderr, "not said: %s\n--- out\n%s\n--- err\n%s\n", text, clr_out.p,
			clr_err.p);
	return has;
}

void clr_golden(const char *name)
{
	og_auto_buf struct og_buf want = OG_BUF_INIT(16 << 20);
	struct og_err err = OG_ERR_INIT;
	char path[300];

	(void)snprintf(path, sizeof(path), "tests/golden/%s", name);
	if (getenv("OG_GOLDEN_WRITE"))
		ck_assert_msg(
			og_fs_write_atomic(path, clr_out.p, strlen(clr_out.p), 0644, &err) == 0,
			"%s", err.msg);
	ck_assert_msg(og_fs_read(path, 16 << 20, &want, &err) == 0, "%s", err.msg);
	og_buf_ch(&want, '\0');
	ck_assert_msg(strcmp(want.p, clr_out.p) == 0, "%s differs:\n%s\n--- wanted\n%s", path,
		clr_out.p, want.p);
}
