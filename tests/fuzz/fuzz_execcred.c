/* SPDX-License-Identifier: Apache-2.0 */
/* What a credential plugin prints. Checked: credentials that can be used or an error, never both;
 * texts that do not quote it; out of memory. */
#include "fuzz-support.h"
#include "../../src/kube/execplugin-priv.h"

#define WALL INT64_C(1714979289000000000)

static int read_once(struct og_exec_plugin *p, struct og_sv text)
{
	struct og_err err = OG_ERR_INIT;
	int rc = kx_read(p, text, WALL, &err);
	FUZZ_CHECK(rc == -(int)err.code && (rc == 0 || err.msg[0]));
	FUZZ_CHECK(og_utf8_valid(err.msg, strlen(err.msg)));
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char label[] = "plugin";
	struct og_kube_access a = {
		.exec = {.command = "x", .api_version = "client.authentication.k8s.io/v1"}};
	struct og_exec_plugin p = {.a = &a, .label = label};
	struct og_sv text = og_sv((const char *)data, size);
	int rc = read_once(&p, text);
	const struct og_exec_creds *c = og_exec_plugin_creds(&p, WALL);
	FUZZ_CHECK((rc == 0) == (c != NULL));
	if (c) {
		FUZZ_CHECK(og_secret_is_set(&c->token) || c->client_cert);
		FUZZ_CHECK(!c->client_cert == !og_secret_is_set(&c->client_key));
		FUZZ_CHECK(c->generation == 1 && c->cert_generation == 1);
		FUZZ_CHECK(c->expires == 0 || c->expires > WALL);
		FUZZ_CHECK(read_once(&p, text) == 0);
		c = og_exec_plugin_creds(&p, WALL);
		FUZZ_CHECK(c && c->generation == 2 && c->cert_generation == 1);
	}
	kx_forget(&p.creds);
	struct og_exec_plugin q = {.a = &a, .label = label};
	og_mem_fault_arm(1 + (size ? data[size - 1] % 16 : 0), size % 2);
	int rc2 = read_once(&q, text);
	(void)og_mem_fault_disarm();
	FUZZ_CHECK(rc2 == rc || rc2 == -OG_E_OOM);
	kx_forget(&q.creds);
	return 0;
}
