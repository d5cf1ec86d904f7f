# SPDX-License-Identifier: Apache-2.0
"""Dumps of clusters, as `kubectl get -A -o json` writes them, for reports to look at; the same bytes each time.

dumps.py shop OTELGATE | many N | hostile"""
import json
import subprocess
import sys

AT = "2026-06-30T12:00:00Z"
SIGNALS = ("metrics", "traces", "logs", "profiles")
CONFIG = """apiVersion: otelgate.dev/v1alpha1
kind: GrafanaStack
metadata: {name: grafana-cloud}
spec: {receiver: {endpoint: "http://alloy.monitoring:4318"}}
---
apiVersion: otelgate.dev/v1alpha1
kind: TelemetryProfile
metadata: {name: default}
spec: {stack: grafana-cloud, default: true, signals: {profiles: optional}, profiles: {via: ebpf}}
"""
API = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "CronJob": "batch/v1"}
# How a signal stands: state, reason, condition, message, seconds since the last sample, finding.
STATES = {
    "ok": ("Flowing", "Arriving", "True", "{Signal} arrive from {of}/{of} pods.", 12, None),
    "some": ("Flowing", "Arriving", "True", "{part}/{of} pods send {signal}; not: {silent}.", 18, None),
    "stdout": ("ViaStdout", "OnlyByStdout", "True", "Log lines are collected from stdout.", 9, None),
    "idle": ("Idle", "Idle", "Unknown", "No requests in the last 15 minutes, so no spans can be expected.", 2700, None),
    "wait": ("Waiting", "WithinGrace", "Unknown", "The pods are 40 s old; the first data is due within 2 minutes.", 0, None),
    "stale": ("Stale", "Stopped", "False", "{Signal} arrived until 3 hours ago, and have stopped.", 10800, "OG702"),
    "none": ("Never", "NeverArrived", "False", "No {signal} of this revision ever arrived.", 0, "OG701"),
}
PROMQL = 'target_info{{k8s_cluster_name="shop-eu",k8s_namespace_name="{ns}",k8s_deployment_name="{name}"}}'
# namespace, kind, name, pods, pods of an old revision, pods without injection, signals (metrics traces logs profiles)
SHOP = (
    ("checkout", "Deployment", "cart", 4, 0, 0, "ok ok ok ok"),
    ("checkout", "Deployment", "web", 6, 0, 0, "ok ok stdout ok"),
    ("checkout", "Deployment", "orders", 3, 0, 1, "some some some ok"),
    ("checkout", "Deployment", "vouchers", 2, 0, 0, "ok stale ok ok"),
    ("checkout", "StatefulSet", "sessions", 3, 0, 0, "ok idle ok ok"),
    ("payments", "Deployment", "ledger", 3, 0, 0, "none none none -"),
    ("payments", "Deployment", "gateway", 4, 0, 0, "ok ok ok ok"),
    ("payments", "Deployment", "fraud-check", 2, 0, 0, "ok ok stdout -"),
    ("payments", "CronJob", "settlement", 0, 0, 0, None),
    ("catalog", "Deployment", "search", 5, 2, 0, "ok ok ok ok"),
    ("catalog", "Deployment", "recommendations", 3, 0, 0, None),
    ("catalog", "Deployment", "images", 2, 0, 0, "wait wait wait wait"),
    ("catalog", "StatefulSet", "indexer", 2, 0, 0, "ok none ok ok"),
    ("fulfilment", "Deployment", "warehouse", 2, 0, 0, "ok ok ok ok"),
    ("fulfilment", "Deployment", "shipping", 2, 0, 0, "ok ok ok ok"),
    ("fulfilment", "DaemonSet", "label-printer", 3, 0, 0, "ok idle stdout -"),
)


def meta(ns, name, **more):
    return {"name": name, "namespace": ns, "creationTimestamp": "2026-06-29T08:00:00Z", **more}


def owner(kind, name, uid):
    return [{"apiVersion": API.get(kind, "apps/v1"), "kind": kind, "name": name, "uid": uid, "controller": True}]


def workload(ns, kind, name, pods, annotations):
    labels = {"app": name}
    template = {"metadata": {"labels": labels, "annotations": annotations},
                "spec": {"containers": [{"name": "app", "image": f"registry.example/{name}:1"}]}}
    at = meta(ns, name, uid=f"{ns}-{name}", generation=1)
    if kind == "CronJob":
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": at,
                "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}}
    status = {"observedGeneration": 1, "replicas": pods, "readyReplicas": pods, "updatedReplicas": pods,
              "availableReplicas": pods}
    if kind == "DaemonSet":
        status = {"observedGeneration": 1, "currentNumberScheduled": pods, "desiredNumberScheduled": pods,
                  "updatedNumberScheduled": pods, "numberReady": pods, "numberAvailable": pods}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": at, "status": status,
            "spec": {"replicas": pods, "selector": {"matchLabels": labels}, "template": template}}


def pod_name(kind, name, i):
    return f"{name}-{i}" if kind == "StatefulSet" else f"{name}-7d9c6b5f4-{'bcdfghjk'[i]}x{i}qz"


def pods_of(ns, kind, name, count, old, bare, revision):
    """One ReplicaSet, its pods; the last ones are bare, those before them old."""
    by = owner(kind, name, f"{ns}-{name}")
    if kind == "Deployment":
        yield {"apiVersion": "apps/v1", "kind": "ReplicaSet",
               "metadata": meta(ns, f"{name}-7d9c6b5f4", uid=f"rs-{ns}-{name}", ownerReferences=by, labels={"app": name}),
               "spec": {"replicas": count}, "status": {"replicas": count}}
        by = owner("ReplicaSet", f"{name}-7d9c6b5f4", f"rs-{ns}-{name}")
    for i in range(count):
        labels, notes = {"app": name, "pod-template-hash": "7d9c6b5f4"}, {}
        if revision and i < count - bare:
            labels["otelgate.dev/revision"] = revision if i < count - bare - old else "00c0ffee0000"
            notes = {"otelgate.dev/injection": '{"v":1,"containers":{}}'}
        yield {"apiVersion": "v1", "kind": "Pod",
               "metadata": meta(ns, pod_name(kind, name, i), labels=labels, annotations=notes, ownerReferences=by),
               "spec": {"containers": [{"name": "app", "image": f"registry.example/{name}:1"}]},
               "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}


def telemetry(ns, kind, name, count, bare, words, more=None):
    silent = [pod_name(kind, name, count - 1)] if bare else []
    conditions, signals = [{"type": "CredentialsReady", "status": "True", "reason": "Ready",
                            "message": "The namespace has the Secret that the pods read."}], {}
    for signal, word in zip(SIGNALS, words.split()):
        if word == "-":
            continue
        state, reason, is_so, message, ago, finding = STATES[word]
        message = message.format(Signal=signal.capitalize(), signal=signal, of=count, part=count - bare,
                                 silent=", ".join(silent))
        conditions.append({"type": signal.capitalize() + "Received", "status": is_so, "reason": reason, "message": message})
        seen = 43200 - ago
        s = {"state": state, "reason": reason, "via": "stdout" if word == "stdout" else "otlp"}
        if ago:
            s["lastSeen"] = f"2026-06-30T{seen // 3600:02}:{seen // 60 % 60:02}:{seen % 60:02}Z"
        if state == "Flowing":
            s.update(pods=f"{count - bare}/{count}", tie="revision", silent=silent)
        if finding:
            s["finding"] = finding
        if signal == "metrics":
            s["query"] = PROMQL.format(ns=ns, name=name)
            s["explore"] = f"https://shop.grafana.example/explore?schemaVersion=1&panes=metrics.{ns}.{name}"
        signals[signal] = s
    return {"apiVersion": "otelgate.dev/v1alpha1", "kind": "WorkloadTelemetry",
            "metadata": meta(ns, f"{kind.lower()}-{name}", ownerReferences=owner(kind, name, f"{ns}-{name}")),
            "status": {"observedGeneration": 1, "conditions": conditions + (more or []), "signals": signals}}


def receiver(ns, closed_to):
    yield {"apiVersion": "v1", "kind": "Service", "metadata": meta("monitoring", "alloy"),
           "spec": {"selector": {"app": "alloy"}, "ports": [{"name": "otlp", "port": 4318, "targetPort": 4318, "protocol": "TCP"}]}}
    yield {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta(ns, "only-https"),
           "spec": {"podSelector": {"matchLabels": {"app": closed_to}}, "policyTypes": ["Egress"],
                    "egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": 443, "protocol": "TCP"}]}]}}


def shop_items(revisions):
    for ns in sorted({row[0] for row in SHOP}):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ns, "labels": {"kubernetes.io/metadata.name": ns}}}
    for ns, kind, name, count, old, bare, words in SHOP:
        notes = {} if words is None else {"otelgate.dev/inject": "true"}
        if name == "vouchers":
            notes["otelgate.dev/ignore"] = "OG702 until=2026-09-30 no traces between two campaigns"
        yield workload(ns, kind, name, count, notes)
        yield from pods_of(ns, kind, name, count, old, bare, revisions.get((ns, name)))
        if words:
            yield telemetry(ns, kind, name, count, bare, words)
    yield from receiver("payments", "ledger")


def dump(items):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}, ensure_ascii=False)


def shop(binary, config):
    """What pods should carry depends on the configuration: otelgate itself is asked first."""
    first = subprocess.run([binary, "audit", "-f", "-", "-c", config, "-o", "json"], input=dump(shop_items({})),
                           capture_output=True, text=True, timeout=60, check=False)
    report = json.loads(first.stdout)
    revisions = {(w["namespace"], w["name"]): w.get("revision") for w in report["workloads"]}
    return dump(shop_items(revisions))


def many(count):
    def items():
        words = ("ok ok ok ok", "ok stale stdout -", "none none none -", "ok idle ok ok")
        for i in range(count):
            ns, name = f"team-{i % 100:02}", f"service-{i:04}"
            yield workload(ns, "Deployment", name, 3, {"otelgate.dev/inject": "true"} if i % 10 else {})
            if i % 10:
                yield telemetry(ns, "Deployment", name, 3, 0, words[i % 4])
    return dump(items())


HOSTILE = ("<script>window.hit=1</script>", "\"><img src=x onerror=window.hit=2>", "'onmouseover='window.hit=3",
           "</style><script>window.hit=4</script>", "</title><script>window.hit=5</script>", "javascript:window.hit=6",
           "{{constructor.constructor('window.hit=7')()}}", "<svg/onload=window.hit=8>", "&lt;script&gt;window.hit=9",
           "-->\u202e<script>window.hit=10</script>", "${window.hit=11}", "]]><script>window.hit=12</script>",
           "<a href=https://evil.example/>x", "<link rel=stylesheet href=https://evil.example/x.css>",
           "<base href=https://evil.example/>", "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
           "\u4e2d\u6587\u540d\u5b57\U0001f469\u200d\U0001f4bb", "a" * 240)


def hostile():
    def items():
        for i, text in enumerate(HOSTILE):
            yield workload(text, "Deployment", text, 1, {"otelgate.dev/inject": "true"})
            wt = telemetry(text, "Deployment", text, 1, 0, "ok none stale -")
            for c in wt["status"]["conditions"]:
                c["message"] = text
            for s in wt["status"]["signals"].values():
                s.update(query=text, silent=[text],
                         explore="javascript:window.hit=20" if i % 2 else f"https://evil.example/\"{text}")
            yield wt
    return dump(items())


def main():
    what, *rest = sys.argv[1:]
    if what == "config":
        sys.stdout.write(CONFIG)
    elif what == "shop":
        sys.stdout.write(shop(*rest))
    elif what == "many":
        sys.stdout.write(many(int(rest[0])))
    else:
        sys.stdout.write(hostile())


if __name__ == "__main__":
    main()
