/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "otelgate/kube/kubeconfig.h"

struct og_kube_access *og_sim_access(struct og_sim *sim, const char *token, struct og_err *err)
{
	struct og_kube_access *access = NULL;
	char path[] = "/tmp/otelgate-sim-XXXXXX";
	struct og_buf text = OG_BUF_INIT(1 << 20);
	struct og_kube_options o = {.flags = {.kubeconfig = path}};
	int fd = mkstemp(path);

	og_sim_kubeconfig(sim, token, &text);
	if (fd < 0 || write(fd, text.p, text.len) != (ssize_t)text.len ||
		og_kube_access_load(&o, &access, err) < 0)
		access = NULL;
	if (fd >= 0) {
		(void)close(fd);
		(void)unlink(path);
	}
	og_buf_fini(&text);
	return access;
}

int og_sim_client_init(struct og_sim_client *c, struct og_sim *sim, const char *token,
	struct og_metrics *metrics, struct og_err *err)
{
	struct og_kube_opts o = {.component = "test", .metrics = metrics};

	*c = (struct og_sim_client){0};
	int r = og_loop_new(NULL, &c->loop, err);
	if (r < 0)
		return r;
	o.loop = c->loop;
	o.access = og_sim_access(sim, token, err);
	return o.access ? og_kube_new(&o, &c->kube, err) : -(int)OG_E_CONFIG;
}

void og_sim_client_fini(struct og_sim_client *c)
{
	og_kube_free(c->kube);
	og_loop_free(c->loop);
	*c = (struct og_sim_client){0};
}
