/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second mutating webhook, as a service mesh or a secrets injector has one. By the path it is
 * called at:
 *
 *   /sidecar   appends the container "neighbour" to pods that have none of that name
 *   /env       appends the variable NEIGHBOUR to every container that has none of that name
 *   /first     puts NEIGHBOUR_FIRST before all other variables of every container
 *   /fail      HTTP 500
 *
 * neighbour CERT KEY PORTS-FILE; serves until SIGTERM. Built with jansson, on purpose not with the
 * code that is tested beside it.
 */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/signals.h"
#include "otelgate/codec/base64.h"
#include "otelgate/net/httpd.h"

/* One operation, appended to the patch. Takes over the reference to `value`. */
static void add(json_t *patch, const char *path, json_t *value)
{
	json_array_append_new(
		patch, json_pack("{s:s, s:s, s:o}", "op", "add", "path", path, "value", value));
}

static bool has_name(const json_t *list, const char *name)
{
	size_t i;
	const json_t *v;

	json_array_foreach(list, i, v)
	{
		const char *have = json_string_value(json_object_get(v, "name"));
		if (have && strcmp(have, name) == 0)
			return true;
	}
	return false;
}

static void patch_sidecar(const json_t *spec, json_t *patch)
{
	if (!has_name(json_object_get(spec, "containers"), "neighbour"))
		add(patch, "/spec/containers/-",
			json_pack(
				"{s:s, s:s, s:{s:b, s:b, s:{s:[s]}, s:{s:s}}, s:{s:{s:s, s:s}, s:{s:s, s:s}}}",
				"name", "neighbour", "image", "registry.test/neighbour:1",
				"securityContext", "runAsNonRoot", 1, "allowPrivilegeEscalation", 0,
				"capabilities", "drop", "ALL", "seccompProfile", "type",
				"RuntimeDefault", "resources", "limits", "cpu", "10m", "memory",
				"16Mi", "requests", "cpu", "10m", "memory", "16Mi"));
}

static void patch_env(const json_t *spec, json_t *patch, const char *name, bool first)
{
	const json_t *containers = json_object_get(spec, "containers"), *c;
	char path[64];
	size_t i;

	json_array_foreach(containers, i, c)
	{
		const json_t *env = json_object_get(c, "env");
		json_t *entry;
		if (has_name(env, name))
			continue;
		entry = json_pack("{s:s, s:s}", "name", name, "value", "there");
		if (!env)
			entry = json_pack("[o]", entry);
		(void)snprintf(path, sizeof path, "/spec/containers/%zu/env%s", i,
			!env	? ""
			: first ? "/0"
				: "/-");
		add(patch, path, entry);
	}
}

enum todo { SIDECAR, ENV, FIRST, FAIL };
static const enum todo todos[] = {SIDECAR, ENV, FIRST, FAIL};

static void answer(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	enum todo todo = *(const enum todo *)ctx;
	json_t *review = json_loadb(req->body.p, req->body.n, 0, NULL);
	json_t *request = json_object_get(review, "request");
	json_t *spec = json_object_get(json_object_get(request, "object"), "spec");
	json_t *patch = json_array(), *out = NULL;
	og_auto_buf struct og_buf coded = OG_BUF_INIT(0);
	char *text = NULL;

	if (todo == FAIL || !spec || !patch) {
		resp->status = todo == FAIL ? 500 : 400;
		goto done;
	}
	if (todo == SIDECAR)
		patch_sidecar(spec, patch);
	else
		patch_env(spec, patch, todo == FIRST ? "NEIGHBOUR_FIRST" : "NEIGHBOUR",
			todo == FIRST);
	text = json_dumps(patch, JSON_COMPACT);
	og_base64_encode(&coded, og_sv(text, text ? strlen(text) : 0));
	out = json_pack("{s:s, s:s, s:{s:O, s:b, s:s, s:s%}}", "apiVersion", "admission.k8s.io/v1",
		"kind", "AdmissionReview", "response", "uid", json_object_get(request, "uid"),
		"allowed", 1, "patchType", "JSONPatch", "patch", coded.p ? coded.p : "", coded.len);
	free(text);
	text = out ? json_dumps(out, JSON_COMPACT) : NULL;
	resp->status = text ? 200 : 500;
	resp->content_type = "application/json";
	if (text)
		og_buf_str(resp->body, text);
done:
	free(text);
	json_decref(out);
	json_decref(patch);
	json_decref(review);
}

#define ROUTE(p, i)                                                                            \
	{                                                                                      \
		"POST", p, answer, (void *)(uintptr_t)&todos[i], OG_ROUTE_JSON | OG_ROUTE_BODY \
	}
static const struct og_route routes[] = {
	ROUTE("/sidecar", 0), ROUTE("/env", 1), ROUTE("/first", 2), ROUTE("/fail", 3)};

static int serve(char **argv, struct og_err *err)
{
	og_auto_buf struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	struct og_signals signals = OG_SIGNALS_INIT;
	og_auto_httpd struct og_httpd *server = NULL;
	char text[32];
	int rc = og_signals_open(&signals, err);

	if (!rc)
		rc = og_fs_read(argv[1], 1 << 20, &cert, err);
	if (!rc)
		rc = og_fs_read(argv[2], 1 << 20, &key, err);
	if (rc)
		return rc;
	rc = og_httpd_new(&(struct og_httpd_opts){.address = "127.0.0.1",
				  .routes = routes,
				  .nroutes = OG_COUNT(routes),
				  .cert_pem = og_buf_view(&cert),
				  .key_pem = og_buf_view(&key)},
		&server, err);
	if (rc)
		return rc;
	(void)snprintf(text, sizeof text, "admission=%u\n", og_httpd_port(server));
	rc = og_fs_write_atomic(argv[3], text, strlen(text), 0644, err);
	while (!rc && !og_signals_next(&signals))
		(void)poll(&(struct pollfd){.fd = signals.fd, .events = POLLIN}, 1, -1);
	og_signals_close(&signals);
	return rc;
}

int main(int argc, char **argv)
{
	struct og_err err = {0};

	if (argc != 4) {
		(void)fputs("usage: neighbour CERT KEY PORTS-FILE\n", stderr);
		return 2;
	}
	if (serve(argv, &err)) {
		(void)fprintf(stderr, "neighbour: %s\n", err.msg);
		return 1;
	}
	return 0;
}
