#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The simulated cloud against a real Prometheus and a real Loki: the same OTLP goes to both, the
same questions are put to both, and what they answer is compared.

  compare.py SIM-CLOUD PROMETHEUS LOKI      (PROMETHEUS or LOKI may be "-")

Prints each question that differs; ends with "N passed, N failed"."""
import json, os, subprocess, sys, tempfile, time, urllib.error, urllib.parse, urllib.request, base64, socket

sim_bin, prom_bin, loki_bin = sys.argv[1:4]
tmp = tempfile.TemporaryDirectory(prefix="otelgate-compare-")
procs = []


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def call(url, data=None, headers=None, user=None):
    r = urllib.request.Request(url, data=data, headers=dict(headers or {}))
    if user:
        r.add_header("Authorization", "Basic " + base64.b64encode(user.encode()).decode())
    try:
        with urllib.request.urlopen(r, timeout=20) as a:
            return a.status, a.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()


def start(args):
    p = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    procs.append(p)
    return p


def wait(url, user=None):
    for _ in range(300):
        try:
            if call(url, user=user)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit(f"{url} does not answer")


def attrs(d):
    return [{"key": k, "value": {"stringValue": v}} for k, v in d.items()]


def resource(pod, rev, **more):
    return {"attributes": attrs({"service.name": "web", "service.namespace": "shop",
        "service.instance.id": f"shop.{pod}.app", "service.version": "1.2", "k8s.cluster.name": "C",
        "k8s.namespace.name": "shop", "k8s.pod.name": pod, "telemetry.sdk.language": "python",
        "otelgate.revision": rev, **more})}


def ns(t):
    return str(int(t * 1e9))


now = int(time.time())
TRACE, SPAN = "000102030405060708090a0b0c0d0e0f", "0102030405060708"


def metrics(t, pod, rev, n):
    """One export of every kind of metric."""
    ex = [{"timeUnixNano": ns(t), "traceId": TRACE, "spanId": SPAN, "asDouble": 0.25}]
    return {"resourceMetrics": [{"resource": resource(pod, rev), "scopeMetrics": [{"metrics": [
        {"name": "http.server.request.duration", "unit": "s", "histogram": {
            "aggregationTemporality": 2, "dataPoints": [{"startTimeUnixNano": ns(now - 900),
                "timeUnixNano": ns(t), "count": str(3 * n), "sum": 0.5 * n,
                "bucketCounts": [str(n), str(2 * n)], "explicitBounds": [0.5], "exemplars": ex,
                "attributes": attrs({"http.route": "/a"})}]}},
        {"name": "jobs.done", "sum": {"aggregationTemporality": 2, "isMonotonic": True,
            "dataPoints": [{"startTimeUnixNano": ns(now - 900), "timeUnixNano": ns(t),
                "asInt": str(10 * n)}]}},
        {"name": "queue.length", "unit": "By", "gauge": {
            "dataPoints": [{"timeUnixNano": ns(t), "asDouble": 1.5 * n}]}},
        {"name": "cpu.share", "unit": "1", "gauge": {
            "dataPoints": [{"timeUnixNano": ns(t), "asDouble": 0.1}]}}]}]}]}


def lines(t, pod, rev, text, trace):
    rec = {"timeUnixNano": ns(t), "severityNumber": 9, "severityText": "INFO",
        "body": {"stringValue": text}, "attributes": attrs({"http.route": "/a"})}
    if trace:
        rec.update(traceId=TRACE, spanId=SPAN)
    return {"resourceLogs": [{"resource": resource(pod, rev), "scopeLogs": [
        {"scope": {"name": "lib", "version": "1"}, "logRecords": [rec]}]}]}


PROM = [
    "target_info", "timestamp(target_info)", "last_over_time(target_info[15m])",
    "max_over_time(timestamp(target_info)[15m:1m])", "count_over_time(target_info[15m])",
    'max by (job, instance, k8s_namespace_name, k8s_pod_name, otelgate_revision) '
    '(max_over_time(timestamp(target_info{k8s_cluster_name="C"})[15m:1m]))',
    "jobs_done_total", "queue_length_bytes", "cpu_share_ratio",
    "http_server_request_duration_seconds_bucket", "http_server_request_duration_seconds_count",
    "sum by (job) (rate(jobs_done_total[5m]))", "increase(jobs_done_total[10m])",
    "rate(jobs_done_total[2m])", "sum by (job) (rate(jobs_done_total[5m])) > 0",
    "sum by (job) (rate(jobs_done_total[5m])) > 1000", "count(target_info)", "group by (job) (target_info)",
    "avg(queue_length_bytes)", "min_over_time(queue_length_bytes[10m])",
    "avg_over_time(queue_length_bytes[10m])", "sum_over_time(queue_length_bytes[10m])",
    "present_over_time(queue_length_bytes[10m])", "queue_length_bytes > bool 3",
    "queue_length_bytes / queue_length_bytes", "queue_length_bytes * 2 - 1",
    "count(target_info) or count(nothing)", "target_info and on (job, instance) jobs_done_total",
    'target_info unless on (instance) jobs_done_total{k8s_pod_name="web-1"}',
    "sum(jobs_done_total) / sum(queue_length_bytes)", "1 + 2 * 3", "time() > bool 1",
    "sum without (instance, k8s_pod_name, service_instance_id) (jobs_done_total)",
    '{__name__=~"jobs.+", k8s_pod_name!="web-2"}', "queue_length_bytes offset 2m", "foo",
    "max_over_time(rate(jobs_done_total[2m])[10m:1m])", "vector(1)",
    'label_replace(target_info, "metric", "x", "", "")', 'label_replace(foo, "a", "b", "c", "(")',
    'label_replace(target_info, "n", "$1", "k8s_pod_name", "web-(.*)")', "vector(foo)",
    "histogram_count(rate(jobs_done_total[5m]))", "-", "rate(foo)", "{}", "sum by (x",
    'foo{a=~"("}', "1 > 2", "foo and 1", "timestamp(foo[5m])", "foo bar",
    "queue_length_bytes + ignoring (instance) queue_length_bytes"]
LOKI = [
    'sum by (service_namespace, service_name, k8s_pod_name, otelgate_revision) '
    '(count_over_time({k8s_cluster_name="C"}[15m]))',
    'sum(count_over_time({service_name="web"} | trace_id!="" [15m]))',
    'sum(count_over_time({service_name="web"} | trace_id="" [15m]))',
    'sum by (telemetry_sdk_language, scope_name) (count_over_time({service_name="web"}[15m]))',
    'sum(count_over_time({service_name="web"} |= "two" [15m]))',
    'sum(count_over_time({service_name="web"} != "two" [15m]))',
    'sum(count_over_time({service_name="web"} |~ "o.e" [15m]))',
    'count_over_time({service_name="web"}[15m])', 'sum(bytes_over_time({service_name="web"}[15m]))',
    'sum(rate({service_name="web"}[15m]))', 'max(count_over_time({service_name="web"}[15m]))',
    'sum(count_over_time({service_name="web"} | trace_id!="" [15m])) / '
    'sum(count_over_time({service_name="web"}[15m]))',
    'count(count_over_time({service_name="web"}[15m])) > 1', "vector(1)",
    '(sum by (service_name) (count_over_time({service_name="web"} | trace_id = "x" [15m])) or '
    'sum by (service_name) (count_over_time({service_name="web"}[15m])) * 0) / '
    'sum by (service_name) (count_over_time({service_name="web"}[15m]))', 'sum(count_over_time({service_name="x"}[15m]))',
    'sum by (level) (count_over_time({service_name="web"} | k8s_pod_name=~"web-.*" [15m]))',
    '{service_name="web"}', '', 'sum(rate({a="b"}))', 'count_over_time({}[5m])', 'foo',
    'count_over_time({a=~".*"}[5m])', 'sum by (a (count_over_time({a="b"}[5m]))']


def vector(answer, drop=()):
    """What matters of an answer: status, type, rows without order."""
    status, body = answer
    if status != 200:
        return status, None
    data = json.loads(body)["data"]
    if data["resultType"] == "scalar":
        return status, data["result"][1]
    rows = []
    for r in data["result"]:
        labels = {k: v for k, v in r["metric"].items() if k not in drop}
        v = float(r["value"][1])
        rows.append((json.dumps(labels, sort_keys=True), round(v, 6) if v == v else "NaN"))
    return status, sorted(rows, key=str)


def listing(answer):
    """Names or label sets without order; whether there is any data at all."""
    try:
        o = json.loads(answer[1])
    except ValueError:
        return answer[0], None, False
    return answer[0], sorted(json.dumps(x, sort_keys=True) for x in o.get("data") or []), "data" in o


passed = failed = 0


def compare(name, a, b):
    global passed, failed
    if a == b:
        passed += 1
        return
    failed += 1
    print(f"differs: {name}\n  sim:  {a}\n  real: {b}")


def main():
    state = os.path.join(tmp.name, "state.json")
    start([sim_bin, "--state-file", state, "--config", '{"limits":{"promOldMs":7200000}}'])
    for _ in range(100):
        if os.path.exists(state):
            break
        time.sleep(0.1)
    hosts = json.load(open(state))["hosts"]
    gate, js = hosts["gateway"], {"Content-Type": "application/json"}
    real = {}
    if prom_bin != "-":
        conf = os.path.join(tmp.name, "prometheus.yaml")
        with open(conf, "w") as f:
            f.write("storage:\n  tsdb:\n    out_of_order_time_window: 2h\notlp:\n"
                "  translation_strategy: UnderscoreEscapingWithSuffixes\n"
                "  promote_resource_attributes: [service.instance.id, service.name, "
                "service.namespace, service.version, k8s.cluster.name, k8s.namespace.name, "
                "k8s.pod.name]\n")
        port = free_port()
        start([prom_bin, "--config.file=" + conf, "--storage.tsdb.path=" + tmp.name + "/tsdb",
            f"--web.listen-address=127.0.0.1:{port}", "--web.enable-otlp-receiver",
            "--enable-feature=exemplar-storage", "--log.level=error"])
        real["prom"] = f"http://127.0.0.1:{port}"
        wait(real["prom"] + "/-/ready")
    if loki_bin != "-":
        conf, port = os.path.join(tmp.name, "loki.yaml"), free_port()
        with open(conf, "w") as f:
            f.write(f"""auth_enabled: false
server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_address: 127.0.0.1, grpc_listen_port: {free_port()}, log_level: error}}
common:
  instance_addr: 127.0.0.1
  path_prefix: {tmp.name}/loki
  storage: {{filesystem: {{chunks_directory: {tmp.name}/loki/c, rules_directory: {tmp.name}/loki/r}}}}
  replication_factor: 1
  ring: {{kvstore: {{store: inmemory}}}}
schema_config: {{configs: [{{from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {{prefix: i_, period: 24h}}}}]}}
limits_config: {{allow_structured_metadata: true, max_query_series: 500}}
analytics: {{reporting_enabled: false}}
""")
        start([loki_bin, "-config.file=" + conf])
        real["loki"] = f"http://127.0.0.1:{port}"
        wait(real["loki"] + "/ready")

    def send(sig, body, target):
        data = json.dumps(body).encode()
        a = call(gate["url"] + "/v1/" + sig, data, js, gate["user"] + ":glc_sim-write")
        b = call(target + "/v1/" + sig, data, js) if target else (200, b"")
        if a[0] >= 300 or b[0] >= 300:
            sys.exit(f"not taken: {a} {b}")

    base = now - now % 60
    for i, t in enumerate(range(base - 540, base + 1, 60)):
        for pod, rev in (("web-1", "r1"), ("web-2", "r2")):
            send("metrics", metrics(t, pod, rev, i + 1),
                real.get("prom") and real["prom"] + "/api/v1/otlp")
    for i, text in enumerate(("one", "two", "three", "one two")):
        send("logs", lines(base - 60 * i, f"web-{i % 2 + 1}", "r1", text, i % 2),
            real.get("loki") and real["loki"] + "/otlp")
    # moments between whole minutes too; nothing was sent since
    for t in (base, base + 17, base + 59, base + 61, base + 299, base + 301):
        if "prom" not in real:
            break
        for q in PROM:
            p = "/api/v1/query?" + urllib.parse.urlencode({"query": q, "time": t})
            a = call(hosts["prometheus"]["url"] + p, user="200002:glc_sim-read")
            compare(f"{q} at {t - base}", vector(a), vector(call(real["prom"] + p)))
    for path in ("/api/v1/labels", "/api/v1/label/k8s_pod_name/values",
            "/api/v1/series?match[]=target_info", "/api/v1/series", "/api/v1/label/__name__/values"):
        if "prom" not in real:
            break
        a = call(hosts["prometheus"]["url"] + path, user="200002:glc_sim-read")
        b = call(real["prom"] + path)
        norm = [listing(x) for x in (a, b)]
        compare(path, *norm)
    t = ns(base + 17)
    for q in LOKI:
        if "loki" not in real:
            break
        p = "/loki/api/v1/query?" + urllib.parse.urlencode({"query": q, "time": t})
        a = call(hosts["loki"]["url"] + p, user="300003:glc_sim-read")
        compare("loki: " + q, vector(a), vector(call(real["loki"] + p)))
    for path in ("/loki/api/v1/labels", "/loki/api/v1/label/service_name/values",
            '/loki/api/v1/series?match[]=' + urllib.parse.quote('{service_name="web"}'),
            '/loki/api/v1/label/nothing/values'):
        if "loki" not in real:
            break
        a = call(hosts["loki"]["url"] + path, user="300003:glc_sim-read")
        b = call(real["loki"] + path)
        norm = [listing(x) for x in (a, b)]
        compare(path, *norm)


try:
    main()
finally:
    for p in procs:
        p.kill()
        p.wait()
    tmp.cleanup()
print(f"compare: {passed} passed, {failed} failed")
sys.exit(failed > 0)
