# SPDX-License-Identifier: Apache-2.0
"""otlp.py EMITTER: the messages of the encoder, read by the generated classes of opentelemetry-proto.

Each message is compared whole, as text, with one that is built here; the bytes have to be what the
classes themselves write, and the JSON has to be the same message."""
import base64
import json
import subprocess
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2 as profiles
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace

START, END = 1700000000123456789, 1700000001123456789
TRACE = bytes(list(range(1, 16)) + [255])
SPAN = bytes([160, 1, 2, 3, 4, 5, 6, 7])


def head(resource, scope):
    for key, value in (("service.name", "otelgate-probe"), ("k8s.cluster.name", 'ä "1"\n')):
        resource.attributes.add(key=key).value.string_value = value
    scope.name, scope.version = "otelgate", "0.1.0"


def attributes(item):
    item.attributes.add(key="otelgate.probe.id").value.string_value = "c0ffee"


def metric(kind):
    m = metrics.ExportMetricsServiceRequest()
    r = m.resource_metrics.add()
    s = r.scope_metrics.add()
    head(r.resource, s.scope)
    x = s.metrics.add(name="otelgate.probe")
    data = getattr(x, kind)
    p = data.data_points.add(start_time_unix_nano=START, time_unix_nano=END, as_double=0.1)
    attributes(p)
    if kind == "sum":
        data.aggregation_temporality, data.is_monotonic = 2, True
    return m


def span():
    m = trace.ExportTraceServiceRequest()
    r = m.resource_spans.add()
    s = r.scope_spans.add()
    head(r.resource, s.scope)
    x = s.spans.add(trace_id=TRACE, span_id=SPAN, name="otelgate.probe", kind=1,
                    start_time_unix_nano=START, end_time_unix_nano=END)
    attributes(x)
    x.status.code = 1
    return m


def log():
    m = logs.ExportLogsServiceRequest()
    r = m.resource_logs.add()
    s = r.scope_logs.add()
    head(r.resource, s.scope)
    x = s.log_records.add(time_unix_nano=END, observed_time_unix_nano=END, severity_number=9,
                          severity_text="INFO", trace_id=TRACE, span_id=SPAN)
    x.body.string_value = "otelgate probe c0ffee"
    attributes(x)
    return m


def profile():
    m = profiles.ExportProfilesServiceRequest()
    r = m.resource_profiles.add()
    s = r.scope_profiles.add()
    head(r.resource, s.scope)
    x = s.profiles.add(time_unix_nano=START, duration_nano=1000000000, period=10000000)
    for t in (x.sample_type, x.period_type):
        t.type_strindex, t.unit_strindex = 1, 2
    x.samples.add(stack_index=1, values=[10000000], timestamps_unix_nano=[START])
    d = m.dictionary
    d.string_table.extend(["", "cpu", "nanoseconds", "otelgate.probe"])
    for table in (d.mapping_table, d.location_table, d.function_table, d.link_table,
                  d.attribute_table, d.stack_table):
        table.add()
    d.location_table.add().lines.add(function_index=1)
    d.function_table.add(name_strindex=3)
    d.stack_table.add(location_indices=[1])
    return m


def ids_to_base64(v):
    """The one place where OTLP's JSON differs from protobuf's."""
    if isinstance(v, dict):
        return {k: base64.b64encode(bytes.fromhex(x)).decode() if k in ("traceId", "spanId")
                else ids_to_base64(x) for k, x in v.items()}
    return [ids_to_base64(x) for x in v] if isinstance(v, list) else v


def main():
    emitter, passed, failed = sys.argv[1], 0, 0
    for number, want in enumerate((metric("gauge"), span(), log(), profile(), metric("sum"))):
        name = want.DESCRIPTOR.name + str(number)
        raw = subprocess.run([emitter, str(number), "pb"], check=True, capture_output=True).stdout
        text = subprocess.run([emitter, str(number), "json"], check=True, capture_output=True).stdout
        got = type(want).FromString(raw)
        from_json = json_format.ParseDict(ids_to_base64(json.loads(text)), type(want)())
        for what, ok in (("protobuf", got == want),
                         ("size", len(raw) == len(want.SerializeToString())),
                         ("JSON", from_json == want)):
            passed, failed = passed + ok, failed + (not ok)
            if not ok:
                print(f"{name}: {what} differs\n{got}\n{want}", file=sys.stderr)
    print(f"otlp: {passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
