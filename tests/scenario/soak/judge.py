# SPDX-License-Identifier: Apache-2.0
"""Whether all is as it has to be once it is quiet; says what is not, one line each."""
import base64
import urllib.parse

from acts import LABEL, PLURAL, RESERVED, SPACES

# what moves by itself, or by the controllers of Kubernetes
MOVING = {"pods", "replicasets.apps", "controllerrevisions.apps", "endpoints", "endpointslices.discovery.k8s.io", "nodes",
          "leases.coordination.k8s.io", "csinodes.storage.k8s.io"}
MANAGER = "otelgate-controller"
RESOURCE = {kind: plural + ".apps" for kind, plural in PLURAL.items()}


def is_ours_to_change(key, o):
    """Objects that the soak itself or the product may change: not compared before and after."""
    resource, ns, name = key
    if resource in MOVING or resource.endswith(".otelgate.dev"):
        return True
    if resource in RESOURCE.values() and ns in SPACES and name.startswith("w"):
        return True
    if resource == "secrets" and (name in (RESERVED, "grafana-cloud") or ns == "otelgate"):
        return True
    if resource == "networkpolicies.networking.k8s.io" and (name == "default-deny" or o["metadata"].get("labels", {}).get(LABEL)):
        return True
    # the binding that is taken away and given back; caBundle
    return (resource, name) in (("clusterrolebindings.rbac.authorization.k8s.io", MANAGER),
                                ("mutatingwebhookconfigurations.admissionregistration.k8s.io", "otelgate"))


def essence(o):
    """Without what the server counts and reports."""
    o = {k: v for k, v in o.items() if k not in ("status", "kind", "apiVersion")}
    o["metadata"] = {k: v for k, v in o["metadata"].items() if k not in ("managedFields", "resourceVersion", "generation")}
    return o


def managed_by_us(o):
    return any(f.get("manager") == MANAGER for f in o["metadata"].get("managedFields") or [])


class Judge:
    def __init__(self, world, before):
        self.world, self.before = world, before

    def wrong(self, now):
        return list(self.foreign(now)) + list(self.secrets(now)) + list(self.policies(now)) + list(self.statuses(now))

    def foreign(self, now):
        for key, o in self.before.items():
            if is_ours_to_change(key, o):
                continue
            if key not in now:
                yield "%s %s/%s is gone" % key
            elif essence(now[key]) != essence(o):
                yield "%s %s/%s has changed" % key
        for key, o in now.items():
            if not managed_by_us(o):
                continue
            resource, ns, name = key
            fine = resource.endswith(".otelgate.dev") or resource in MOVING
            fine = fine or (resource, name) == ("secrets", RESERVED) and o["metadata"].get("labels", {}).get(LABEL) == "otelgate"
            fine = fine or resource == "networkpolicies.networking.k8s.io" and o["metadata"].get("labels", {}).get(LABEL) == "otelgate"
            fine = fine or resource in RESOURCE.values() and (ns in SPACES and name.startswith("w"))
            if not fine:
                yield "%s %s/%s: we own fields of a foreign object" % key

    def secrets(self, now):
        want = {ns for (_, ns, _), on in self.world.workloads.items() if on}
        header = "Authorization=Basic%20" + urllib.parse.quote(
            base64.b64encode(("123456:" + self.world.token).encode()).decode(), safe="")
        for (resource, ns, name), o in now.items():
            if (resource, name) != ("secrets", RESERVED):
                continue
            data = {k: base64.b64decode(v or "").decode(errors="replace") for k, v in (o.get("data") or {}).items()}
            if "foreign" in data:
                want.discard(ns)
                if list(data) != ["foreign"] or managed_by_us(o):
                    yield "the foreign Secret in %s was touched" % ns
            elif ns not in want:
                yield "an orphaned Secret in %s" % ns
            else:
                want.discard(ns)
                if data.get("otlp-headers") != header:
                    yield "the Secret in %s does not hold the present token" % ns
        for ns in sorted(want):
            yield "no Secret in %s" % ns

    def policies(self, now):
        """Each of ours belongs to a workload that is opted in; where one is needed all have one."""
        mine, uids = {}, {}
        for (resource, ns, name), o in now.items():
            if resource in RESOURCE.values():
                uids[o["metadata"]["uid"]] = (resource, ns, name)
        opted = {(RESOURCE[k], ns, n) for (k, ns, n), on in self.world.workloads.items() if on}
        for (resource, ns, name), o in now.items():
            if resource != "networkpolicies.networking.k8s.io" or not managed_by_us(o):
                continue
            owners = {uids.get(r["uid"]) for r in o["metadata"].get("ownerReferences") or []}
            if not owners & opted:
                yield "an orphaned policy %s/%s" % (ns, name)
            mine.setdefault(ns, set()).update(owners)
        for ns in SPACES if mine else []:
            denied = ("networkpolicies.networking.k8s.io", ns, "default-deny") in now
            if not denied and ns in mine:
                yield "policies in %s, where nothing is closed" % ns
            for w in sorted(opted) if denied else []:
                replicas = now.get(w, {}).get("spec", {}).get("replicas", 1)
                if w[1] == ns and replicas and w not in mine.get(ns, ()):
                    yield "no policy for %s" % (w,)

    def statuses(self, now):
        alive = {}
        for (resource, ns, name), o in now.items():
            m = o["metadata"]
            if resource == "pods" and not m.get("deletionTimestamp") and o.get("status", {}).get("phase") not in ("Succeeded", "Failed"):
                app = ns, m.get("labels", {}).get("app")
                alive[app] = alive.get(app, 0) + 1
        want = {(RESOURCE[k], ns, n) for (k, ns, n), on in self.world.workloads.items() if on}
        for (resource, ns, name), o in now.items():
            if resource != "workloadtelemetries.otelgate.dev":
                continue
            owner = next((w for w in want for r in o["metadata"].get("ownerReferences") or []
                          if now.get(w, {}).get("metadata", {}).get("uid") == r["uid"]), None)
            if not owner:
                yield "an orphaned WorkloadTelemetry %s/%s" % (ns, name)
                continue
            want.discard(owner)
            total = (o.get("status") or {}).get("pods", {}).get("total", -1)
            if total != alive.get((ns, owner[2]), 0):
                yield "%s/%s counts %d pods of %d" % (ns, name, total, alive.get((ns, owner[2]), 0))
        for w in sorted(want):
            yield "no WorkloadTelemetry for %s %s/%s" % w
