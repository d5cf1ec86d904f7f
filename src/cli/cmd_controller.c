/* SPDX-License-Identifier: Apache-2.0 */
/* controller: the service beside the webhook. */
#include "otelgate/base/mem.h"
#include "otelgate/cli/kubeflags.h"
#include "otelgate/controller/controller.h"
#include "commands-priv.h"
#include "serviceopts-priv.h"

struct controller_args {
	struct og_kubeflags kube;
	struct og_service_args service;
	const char *lease_ns, *lease, *registration;
	int64_t scan_ms;
	bool no_lease;
};

#define AT(field) offsetof(struct controller_args, field)

static const struct og_opt opts[] = {
	{
		.name = "lease",
		.type = OG_OPT_STR,
		.at = AT(lease),
		.arg = "NAME",
		.def = "otelgate-controller",
		.help = "Lease that the replicas compete for",
	},
	{
		.name = "lease-namespace",
		.type = OG_OPT_STR,
		.at = AT(lease_ns),
		.arg = "NAME",
		.help = "its namespace; the controller's own when not given",
	},
	{
		.name = "no-lease",
		.type = OG_OPT_FLAG,
		.at = AT(no_lease),
		.help = "lead without a Lease: for a single process, never for replicas",
	},
	{
		.name = "registration",
		.type = OG_OPT_STR,
		.at = AT(registration),
		.arg = "NAME",
		.def = "otelgate",
		.help = "name of the webhook's MutatingWebhookConfiguration",
	},
	{
		.name = "scan-interval",
		.type = OG_OPT_DURATION,
		.at = AT(scan_ms),
		.arg = "TIME",
		.def = "5s",
		.min = 100,
		.max = 3600000,
		.help = "least time between two scans for missed admissions; without a change "
			"there is none",
	},
	OG_KUBE_OPT_NAMESPACE(struct controller_args, kube),
	OG_SERVICE_LISTEN_OPTS(struct controller_args, service,
		"/healthz, /livez, /readyz, /metrics and /debug/missed"),
	OG_SERVICE_LOG_OPTS(struct controller_args, service, "", "controller, http"),
	OG_SERVICE_SANDBOX_OPTS(struct controller_args, service),
	OG_KUBE_OPTS(struct controller_args, kube),
	OG_KUBE_OPT_SERVICE_ACCOUNT_DIR(struct controller_args, kube),
};

static int run_controller(struct og_cli *cli, void *args, const struct og_parsed *p)
{
	const struct controller_args *a = args;
	struct og_err err = OG_ERR_INIT;
	struct og_kube_access *access = NULL;

	(void)p;
	int code = og_service_log(cli, &a->service);
	if (code == OG_EXIT_PASS)
		code = og_kubeflags_load(cli, &a->kube, &access);
	if (code != OG_EXIT_PASS || !og_cli_flush(cli))
		return code != OG_EXIT_PASS ? code : OG_EXIT_FAULT;
	const uint16_t ports[] = {(uint16_t)a->service.ops_port};
	code = og_service_sandbox(cli, &a->service, access, ports, OG_COUNT(ports));
	if (code != OG_EXIT_PASS)
		return code;
	struct og_controller_opts o = {.access = access,
		.ops_address = a->service.ops_address,
		.ops_port = (uint16_t)a->service.ops_port,
		.ports_file = a->service.ports_file,
		.lease_ns = a->lease_ns,
		.lease_name = a->lease,
		.no_lease = a->no_lease,
		.registration = a->registration,
		.scan_ms = a->scan_ms,
		.stop_fd = -1};
	return og_controller_run(&o, &err) == 0 ? OG_EXIT_PASS : og_cli_fail(cli, &err);
}

const struct og_command og_cmd_controller = {
	.name = "controller",
	.summary = "distribute credentials, open network policies, and say how workloads stand",
	.usage = "[--lease NAME] [--scan-interval TIME]",
	.description =
		"Runs beside the webhook, as a process of its own, so that a fault here can never "
		"touch the creation of a pod. For every opted-in workload it keeps a "
		"WorkloadTelemetry (kubectl get wt -A): which pods run as they should and which are "
		"old or bare, how far the rollout is and what it is stuck on, whether credentials "
		"are there and the way to the receiver is open. It distributes credentials, makes "
		"the network policy that a workload needs, and restarts workloads where a profile "
		"asks for it.\n"
		"\n"
		"It also names the pods that should be injected and are not: in its log, as metric "
		"otelgate_missed_pods, at /debug/missed on the ops port, and as Events on the "
		"workloads.\n"
		"\n"
		"Of several replicas one leads, by a Lease, and writes, at most 5 objects a second; "
		"all watch, so that another takes over within seconds. On SIGTERM what is being "
		"written is finished, events are sent, the Lease is given back, and it ends.",
	.examples = "# on this machine, against the cluster of the current context\n"
		    "%P controller --no-lease --ops-port 0",
	.exits = "0 stopped after an orderly end\n"
		 "3 could not start, or the Lease was lost",
	.opts = opts,
	.nopts = OG_COUNT(opts),
	.args_bytes = sizeof(struct controller_args),
	.run = run_controller,
};
