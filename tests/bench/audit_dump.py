# SPDX-License-Identifier: Apache-2.0
"""audit_dump.py <workloads> yaml|json: a dump as kubectl get -A -o FORM writes it, for `otelgate audit -f`.

Each workload is a Deployment with a ReplicaSet and three pods; every second one is opted in."""
import json
import sys


def container(i):
    return {"env": [{"name": "MODE", "value": "production"},
                    {"name": "POD_IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}}],
            "image": f"registry.example.com/team/web:{i}", "imagePullPolicy": "IfNotPresent",
            "livenessProbe": {"failureThreshold": 3, "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
                              "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1},
            "name": "app", "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m"}},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            "volumeMounts": [{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                              "name": "kube-api-access-abcde", "readOnly": True}]}


def pod_spec(i):
    return {"containers": [container(i)], "dnsPolicy": "ClusterFirst", "enableServiceLinks": True,
            "nodeName": f"node-{i % 50}", "preemptionPolicy": "PreemptLowerPriority", "priority": 0,
            "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {},
            "serviceAccount": "default", "serviceAccountName": "default", "terminationGracePeriodSeconds": 30,
            "tolerations": [{"effect": "NoExecute", "key": f"node.kubernetes.io/{k}", "operator": "Exists",
                             "tolerationSeconds": 300} for k in ("not-ready", "unreachable")],
            "volumes": [{"name": "kube-api-access-abcde", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}}]}}]}


def status(i):
    at = "2026-01-02T03:04:05Z"
    return {"conditions": [{"lastProbeTime": None, "lastTransitionTime": at, "status": "True", "type": t}
                           for t in ("Initialized", "Ready", "ContainersReady", "PodScheduled")],
            "containerStatuses": [{"containerID": "containerd://0123456789abcdef", "image": f"web:{i}",
                                   "imageID": "web@sha256:0123456789abcdef", "lastState": {}, "name": "app",
                                   "ready": True, "restartCount": 0, "started": True,
                                   "state": {"running": {"startedAt": at}}}],
            "hostIP": "10.0.0.1", "phase": "Running", "podIP": "10.1.0.7", "qosClass": "Burstable", "startTime": at}


def workload(i):
    inject = {"otelgate.dev/inject": "true"} if i % 2 == 0 else {}
    labels = {"app": f"web-{i}", "pod-template-hash": "5d4f7c9b8"}
    rs = f"web-{i}-5d4f7c9b8"

    def meta(name, uid, owner=None, **more):
        m = {"creationTimestamp": "2026-01-02T03:04:05Z", "labels": labels, "name": name,
             "namespace": f"ns-{i % 20:02}", "resourceVersion": "12345", "uid": uid, **more}
        if owner:
            m["ownerReferences"] = [{"apiVersion": "apps/v1", "blockOwnerDeletion": True, "controller": True,
                                     "kind": owner[0], "name": owner[1], "uid": owner[2]}]
        return m
    template = {"metadata": {"annotations": inject, "labels": labels}, "spec": pod_spec(i)}
    counts = {"availableReplicas": 3, "observedGeneration": 1, "readyReplicas": 3, "replicas": 3}
    yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(f"web-{i}", f"d{i}", generation=1),
           "spec": {"replicas": 3, "selector": {"matchLabels": {"app": f"web-{i}"}}, "template": template},
           "status": {**counts, "updatedReplicas": 3}}
    yield {"apiVersion": "apps/v1", "kind": "ReplicaSet",
           "metadata": meta(rs, f"r{i}", ("Deployment", f"web-{i}", f"d{i}")),
           "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}, "status": counts}
    for k in range(3):
        yield {"apiVersion": "v1", "kind": "Pod",
               "metadata": meta(f"{rs}-{k}", f"p{i}-{k}", ("ReplicaSet", rs, f"r{i}"), annotations=inject),
               "spec": pod_spec(i), "status": status(i)}


def scalar(x):
    plain = isinstance(x, str) and x and x not in ("true", "false") and x[:2] != "20" and ": " not in x
    return x if plain else json.dumps(x)


def emit(out, v, indent):
    """Block YAML in kubectl's layout: lists at the column of their key."""
    pad = " " * indent
    for item in (v if isinstance(v, list) else [v]):
        head = pad + "- " if isinstance(v, list) else pad
        rest = " " * len(head)
        for key, x in item.items():
            if x and isinstance(x, (dict, list)):
                out.write(f"{head}{key}:\n")
                emit(out, x, len(head) + (0 if isinstance(x, list) else 2))
            else:
                out.write(f"{head}{key}: {scalar(x)}\n")
            head = rest


def main():
    items = [o for i in range(int(sys.argv[1])) for o in workload(i)]
    if sys.argv[2] == "json":
        json.dump({"apiVersion": "v1", "items": items, "kind": "List"}, sys.stdout, indent=4)
    else:
        sys.stdout.write("apiVersion: v1\nitems:\n")
        emit(sys.stdout, items, 0)
        sys.stdout.write("kind: List\nmetadata:\n  resourceVersion: \"\"\n")


main()
