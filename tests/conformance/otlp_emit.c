/* SPDX-License-Identifier: Apache-2.0 */
/* otlp_emit SIGNAL pb|json: the message that tests/conformance/otlp.py reads, on standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/grafana/otlp.h"

int main(int argc, char **argv)
{
	static const struct og_otlp_attr resource[] = {
		{OG_SV("service.name"), OG_SV("otelgate-probe")},
		{OG_SV("k8s.cluster.name"), OG_SV("\xc3\xa4 \"1\"\n")}};
	static const struct og_otlp_attr attrs[] = {{OG_SV("otelgate.probe.id"), OG_SV("c0ffee")}};
	struct og_otlp_record r = {.resource = resource,
		.nresource = OG_COUNT(resource),
		.attrs = attrs,
		.nattrs = OG_COUNT(attrs),
		.scope_name = OG_SV("otelgate"),
		.scope_version = OG_SV("0.1.0"),
		.start_ns = 1700000000123456789,
		.time_ns = 1700000001123456789,
		.trace_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255},
		.span_id = {160, 1, 2, 3, 4, 5, 6, 7},
		.name = OG_SV("otelgate.probe"),
		.body = OG_SV("otelgate probe c0ffee"),
		.value = 0.1};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	if (argc != 3)
		return 2;
	unsigned long s = strtoul(argv[1], NULL, 10);
	if (s == OG_OTLP_SIGNAL_COUNT_) {
		r.metric = OG_OTLP_SUM_CUMULATIVE;
		s = OG_OTLP_METRICS;
	}
	if (og_otlp_encode(&r, (enum og_otlp_signal)s,
		    argv[2][0] == 'j' ? OG_OTLP_JSON : OG_OTLP_PROTOBUF, &b, NULL) < 0)
		return 1;
	return fwrite(b.p, 1, b.len, stdout) == b.len && fflush(stdout) == 0 ? 0 : 1;
}
