/* SPDX-License-Identifier: Apache-2.0 */
#include "support/controller_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "sim/client.h"
#include "support/http_client.h"
#include "support/tmpdir.h"

struct og_sim *cr_sim;
static struct og_tmpdir dir;
static struct og_buf object = OG_BUF_INIT(4 << 20), body = OG_BUF_INIT(4 << 20);

void cr_crd(const char *kind)
{
	struct og_err err = OG_ERR_INIT;
	char path[256];

	(void)snprintf(path, sizeof(path), "manifests/crds/otelgate.dev_%s.yaml", kind);
	ck_assert_msg(og_sim_apply_file(cr_sim, path, &err) == 0, "%s", err.msg);
}

void cr_setup(void)
{
	struct og_err err = OG_ERR_INIT;
	const struct og_log_options quiet = {
		.fd = 2, .level = getenv("CR_LOG") ? OG_LOG_DEBUG : OG_LOG_OFF};

	ck_assert_int_eq(og_log_setup(&quiet, &err), 0);
	dir = og_tmpdir_make();
	ck_assert_msg(og_sim_start(NULL, &cr_sim, &err) == 0, "%s", err.msg);
	cr_crd("grafanastacks");
	cr_crd("telemetryprofiles");
}

void cr_teardown(void)
{
	og_sim_stop(og_take(cr_sim));
	og_tmpdir_remove(&dir);
	og_buf_fini(&object);
	og_buf_fini(&body);
}

void cr_put(const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_put(cr_sim, json, &err) == 0, "%s: %s", err.msg, json);
}

void cr_putf(const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(1 << 20);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	og_buf_ch(&b, '\0');
	ck_assert(!b.failed);
	cr_put(b.p);
}

void cr_apply(const char *yaml)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_apply(cr_sim, og_svz(yaml), "objects", &err) == 0, "%s", err.msg);
}

const char *cr_get(const char *resource, const char *ns, const char *name)
{
	struct og_err err = OG_ERR_INIT;

	og_buf_reset(&object);
	if (og_sim_get(cr_sim, resource, ns, name, &object, &err) < 0)
		return NULL;
	og_buf_ch(&object, '\0');
	return object.p;
}

bool cr_has(const char *resource, const char *ns, const char *name, const char *text)
{
	const char *o = cr_get(resource, ns, name);
	return o && strstr(o, text);
}

static void *run(void *arg)
{
	struct cr *r = arg;
	r->code = og_controller_run(&r->o, &r->err);
	return NULL;
}

void cr_init(struct cr *r, const char *name)
{
	*r = (struct cr){.o = OG_CONTROLLER_OPTS_INIT};
	ck_assert_int_eq(pipe(r->stop), 0);
	(void)og_tmpdir_join(&dir, name, r->ports, sizeof(r->ports));
	r->o.ops_address = "127.0.0.1";
	r->o.ports_file = r->ports;
	r->o.scan_ms = 50;
	r->o.writes_per_s = 1000;
	r->o.stop_fd = r->stop[0];
}

void cr_begin(struct cr *r, const char *token)
{
	struct og_err err = OG_ERR_INIT;
	og_auto_buf struct og_buf text = OG_BUF_INIT(256);
	unsigned port = 0;

	r->o.access = og_sim_access(cr_sim, token, &err);
	ck_assert_msg(r->o.access != NULL, "%s", err.msg);
	ck_assert_int_eq(pthread_create(&r->thread, NULL, run, r), 0);
	CR_UNTIL(access(r->ports, R_OK) == 0);
	ck_assert_int_eq(og_fs_read(r->ports, 256, &text, &err), 0);
	og_buf_ch(&text, '\0');
	ck_assert_int_eq(sscanf(text.p, "ops=%u", &port), 1);
	r->port = (uint16_t)port;
}

int cr_end(struct cr *r)
{
	ck_assert_int_eq(write(r->stop[1], "x", 1), 1);
	pthread_join(r->thread, NULL);
	(void)close(r->stop[0]);
	(void)close(r->stop[1]);
	(void)unlink(r->ports);
	return r->code;
}

int cr_ops(struct cr *r, const char *path, const char **ret_body)
{
	struct hc h;
	struct hc_resp resp = {0};

	ck_assert(hc_open(&h, r->port, NULL));
	ck_assert(hc_get(&h, path) && hc_recv(&h, &resp));
	int status = resp.status;
	og_buf_reset(&body);
	og_buf_sv(&body, og_buf_view(&resp.body));
	og_buf_ch(&body, '\0');
	hc_resp_fini(&resp);
	hc_close(&h);
	if (ret_body)
		*ret_body = body.p;
	return status;
}

bool cr_says(struct cr *r, const char *path, const char *text)
{
	return cr_ops(r, path, NULL) == 200 && strstr(body.p, text);
}

double cr_metric(struct cr *r, const char *series)
{
	ck_assert_int_eq(cr_ops(r, "/metrics", NULL), 200);
	size_t n = strlen(series);
	for (const char *at = body.p; (at = strstr(at, series)); at++)
		if ((at == body.p || at[-1] == '\n') && at[n] == ' ')
			return strtod(at + n, NULL);
	return -1;
}
