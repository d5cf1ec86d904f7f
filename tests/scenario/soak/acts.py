# SPDX-License-Identifier: Apache-2.0
"""The world of the soak, and what is done in it at random."""
import base64

APPS = "/apis/apps/v1/namespaces/%s/"
PLURAL = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
RESERVED = "otelgate-otlp"
TOOLS = "soak-tools"
SPACES = ["soak-%d" % i for i in range(4)]
NETPOL = "/apis/networking.k8s.io/v1/namespaces/%s/networkpolicies"
OURS = "/apis/otelgate.dev/v1alpha1/"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
RBAC = "/apis/rbac.authorization.k8s.io/v1/"
ON, LABEL = "otelgate.dev/inject", "app.kubernetes.io/managed-by"


def b64(text):
    return base64.b64encode(text.encode()).decode()


def path_of(kind, ns, name=""):
    return APPS % ns + PLURAL[kind] + ("/" + name if name else "")


def workload(kind, ns, name, annotations, replicas=2):
    o = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": ns, "labels": {"app": name}},
         "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                  "template": {"metadata": {"labels": {"app": name}, "annotations": annotations},
                               "spec": {"terminationGracePeriodSeconds": 0,
                                        "containers": [{"name": "main", "image": "registry.test/a:1"}]}}}}
    if kind == "DaemonSet":
        del o["spec"]["replicas"]
    if kind == "StatefulSet":
        o["spec"]["serviceName"] = name
    return o


class World:
    """What should be there; the judge compares with it. Acts that the API server did not answer are looked up."""

    def __init__(self, cluster, rng):
        self.cluster, self.rng = cluster, rng
        self.token = "glc_soak0"
        self.number = 0
        self.workloads = {}  # (kind, ns, name): opted in
        self.foreign_secret = set()  # namespaces

    def apply(self, path, o):
        return self.cluster.ask("PATCH", path + "?fieldManager=soak&force=true", o, APPLY)

    def source(self, token=None):
        o = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "grafana-cloud"},
             "data": {"instance-id": b64("123456"), "token": b64(token or self.token)}}
        return self.apply("/api/v1/namespaces/%s/secrets/grafana-cloud" % TOOLS, o)

    def settings(self, profiles="off"):
        stack = {"apiVersion": "otelgate.dev/v1alpha1", "kind": "GrafanaStack", "metadata": {"name": "soak"},
                 "spec": {"receiver": {"endpoint": "http://alloy.%s.svc.cluster.local:4318" % TOOLS},
                          "credentials": {"secretRef": {"name": "grafana-cloud", "namespace": TOOLS}}}}
        ok = self.apply(OURS + "grafanastacks/soak", stack)
        for name, mode in (("soak", "never"), ("soak-managed", "managed")):
            restart = {"mode": mode, "pause": "0s"} if mode == "managed" else {"mode": mode}
            ok = self.apply(OURS + "telemetryprofiles/" + name, {
                "apiVersion": "otelgate.dev/v1alpha1", "kind": "TelemetryProfile", "metadata": {"name": name},
                "spec": {"stack": "soak", "signals": {"profiles": profiles}, "restart": restart}}) and ok
        return ok

    def build(self):
        need = self.cluster.need
        for ns in SPACES + [TOOLS]:
            need("POST", "/api/v1/namespaces", {"metadata": {"name": ns}})
        self.wait_for_accounts()
        subject = {"kind": "ServiceAccount", "name": "otelgate-controller", "namespace": "otelgate"}
        need("POST", RBAC + "namespaces/%s/roles" % TOOLS, {"metadata": {"name": "source"}, "rules": [
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["grafana-cloud"], "verbs": ["get", "list", "watch"]}]})
        need("POST", RBAC + "namespaces/%s/rolebindings" % TOOLS, {"metadata": {"name": "source"}, "subjects": [subject],
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "source"}})
        need("POST", "/api/v1/namespaces/%s/services" % TOOLS, {"metadata": {"name": "alloy"}, "spec": {
            "selector": {"app": "alloy"}, "ports": [{"name": "otlp", "port": 4318}]}})
        need("POST", path_of("Deployment", TOOLS), workload("Deployment", TOOLS, "alloy", {}, 1))
        self.source()
        self.settings()
        # what is not ours, and looks like it
        for ns in SPACES:
            need("POST", path_of("Deployment", ns), workload("Deployment", ns, "foreign", {}, 1))
            need("POST", "/api/v1/namespaces/%s/secrets" % ns, {"metadata": {"name": "otelgate-mine"}, "data": {"a": "eA=="}})
            need("POST", "/api/v1/namespaces/%s/configmaps" % ns, {"metadata": {"name": RESERVED, "labels": {LABEL: "otelgate"}}, "data": {"a": "b"}})
            need("POST", NETPOL % ns, {"metadata": {"name": "otelgate-mine"}, "spec": {"podSelector": {"matchLabels": {"no": "pod"}}}})
        for ns in SPACES[2:]:
            self.deny(ns, True)
        for _ in range(6):
            self.add()

    def wait_for_accounts(self):
        from rig import until
        if type(self.cluster).__name__ == "Real":
            for ns in SPACES + [TOOLS]:
                until(60, "no ServiceAccount in " + ns,
                      lambda n=ns: self.cluster.ask("GET", "/api/v1/namespaces/%s/serviceaccounts/default" % n))

    def deny(self, ns, on):
        if on:
            self.apply(NETPOL % ns + "/default-deny", {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                       "metadata": {"name": "default-deny"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}})
        else:
            self.cluster.ask("DELETE", NETPOL % ns + "/default-deny")

    # ---- acts; each returns what it did ----
    def pick(self):
        return self.rng.choice(sorted(self.workloads)) if self.workloads else None

    def opt_in(self):
        return {ON: self.rng.choice(["soak", "soak", "soak-managed"])}

    def add(self):
        if len(self.workloads) >= 14:
            return self.delete()
        self.number += 1
        kind = self.rng.choice(["Deployment", "Deployment", "StatefulSet", "DaemonSet"])
        ns, name = self.rng.choice(SPACES), "w%d" % self.number
        if self.cluster.ask("POST", path_of(kind, ns), workload(kind, ns, name, self.opt_in(), self.rng.randint(0, 3))):
            self.workloads[kind, ns, name] = True
        return "add %s %s/%s" % (kind, ns, name)

    def delete(self):
        w = self.pick()
        if w and self.cluster.ask("DELETE", path_of(*w), {"propagationPolicy": "Background"}):
            del self.workloads[w]
        return "delete %s" % (w,)

    def again(self):
        w = self.pick()
        if w and self.cluster.ask("DELETE", path_of(*w), {"propagationPolicy": "Background"}):
            del self.workloads[w]
            if self.cluster.ask("POST", path_of(*w[:2]), workload(*w, self.opt_in(), 2)):
                self.workloads[w] = True
        return "delete and create %s" % (w,)

    def opt(self):
        w = self.pick()
        on = self.rng.random() < 0.6
        value = self.opt_in()[ON] if on else "false"
        if w and self.cluster.ask("PATCH", path_of(*w), {"spec": {"template": {"metadata": {"annotations": {ON: value}}}}}, MERGE):
            self.workloads[w] = on
        return "opt %s %s" % (w, value)

    def scale(self):
        w = self.pick()
        if w and w[0] != "DaemonSet":
            self.cluster.ask("PATCH", path_of(*w), {"spec": {"replicas": self.rng.randint(0, 4)}}, MERGE)
        return "scale %s" % (w,)

    def roll(self):
        w = self.pick()
        self.number += 1
        if w:
            self.cluster.ask("PATCH", path_of(*w), {"spec": {"template": {"metadata": {"annotations": {"rolled": str(self.number)}}}}}, MERGE)
        return "restart %s" % (w,)

    def sicken(self):
        w = self.pick()
        how = self.rng.choice(["crash", "not-ready", "image-pull", "crash-injected", "healthy"])
        if w:
            self.cluster.ask("PATCH", path_of(*w), {"spec": {"template": {"metadata": {"labels": {"e2e.otelgate.dev/behaviour": how}}}}}, MERGE)
        return "%s is %s" % (w, how)

    def kill_pod(self):
        ns = self.rng.choice(SPACES)
        pods = (self.cluster.ask("GET", "/api/v1/namespaces/%s/pods" % ns) or {}).get("items") or []
        if pods:
            self.cluster.ask("DELETE", "/api/v1/namespaces/%s/pods/%s" % (ns, self.rng.choice(pods)["metadata"]["name"]))
        return "delete a pod in %s" % ns

    def rotate(self):
        self.number += 1
        token = "glc_soak%d" % self.number
        if self.source(token):
            self.token = token
        return "rotate"

    def spoil(self):
        self.source(self.token + "\n")
        return "a newline in the source"

    def edit_secret(self):
        ns = self.rng.choice(SPACES)
        path = "/api/v1/namespaces/%s/secrets/%s" % (ns, RESERVED)
        if ns in self.foreign_secret:
            return "nothing"
        if self.rng.random() < 0.5:
            self.cluster.ask("DELETE", path)
        else:
            self.cluster.ask("PATCH", path, {"data": {"otlp-headers": "eA==", "other": "eA=="}, "metadata": {"labels": {"mine": "x"}}}, MERGE)
        return "our Secret in %s" % ns

    def foreign(self):
        """A Secret of the reserved name that is not ours comes into an empty place, or goes."""
        ns = self.rng.choice(SPACES)
        path = "/api/v1/namespaces/%s/secrets" % ns
        if ns in self.foreign_secret:
            if self.cluster.ask("DELETE", path + "/" + RESERVED):
                self.foreign_secret.discard(ns)
        elif self.cluster.ask("POST", path, {"metadata": {"name": RESERVED}, "data": {"foreign": "eA=="}}):
            self.foreign_secret.add(ns)
        return "foreign Secret in %s" % ns

    def edit_policy(self):
        ns = self.rng.choice(SPACES)
        for p in (self.cluster.ask("GET", NETPOL % ns + "?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dotelgate") or {}).get("items") or []:
            path = NETPOL % ns + "/" + p["metadata"]["name"]
            if self.rng.random() < 0.5:
                self.cluster.ask("DELETE", path)
            else:
                self.cluster.ask("PATCH", path, {"spec": {"egress": [{}]}}, MERGE)
        return "our policies in %s" % ns

    def edit_status(self):
        ns = self.rng.choice(SPACES)
        path = OURS + "namespaces/%s/workloadtelemetries" % ns
        for t in ((self.cluster.ask("GET", path) or {}).get("items") or [])[:2]:
            name = "/" + t["metadata"]["name"]
            if self.rng.random() < 0.5:
                self.cluster.ask("DELETE", path + name)
            else:
                self.cluster.ask("PATCH", path + name + "/status", {"status": {"pods": {"total": 99}}}, MERGE)
        return "our statuses in %s" % ns

    def isolate(self):
        ns, on = self.rng.choice(SPACES), self.rng.random() < 0.5
        self.deny(ns, on)
        return "default-deny in %s: %s" % (ns, on)

    def configure(self):
        self.settings(self.rng.choice(["on", "off"]))
        return "configure"

    def calm(self):
        """Everything that is sick gets well, so that rollouts can end."""
        for w in sorted(self.workloads):
            self.cluster.need("PATCH", path_of(*w), {"spec": {"template": {"metadata": {"labels": {"e2e.otelgate.dev/behaviour": "healthy"}}}}}, MERGE)
        self.source()
        self.settings()

    def truth(self):
        """What the API server says is opted in: answers may have been lost."""
        self.workloads = {}
        for kind, plural in PLURAL.items():
            for o in self.cluster.need("GET", "/apis/apps/v1/" + plural)["items"]:
                m = o["metadata"]
                if m.get("namespace") in SPACES and m["name"].startswith("w") and not m.get("deletionTimestamp"):
                    said = o["spec"]["template"]["metadata"].get("annotations", {}).get(ON, "false")
                    self.workloads[kind, m["namespace"], m["name"]] = said != "false"

    ACTS = [("add", 3), ("delete", 2), ("again", 2), ("opt", 4), ("scale", 4), ("roll", 3), ("sicken", 2), ("kill_pod", 3),
            ("rotate", 2), ("spoil", 1), ("edit_secret", 3), ("foreign", 2), ("edit_policy", 2), ("edit_status", 2),
            ("isolate", 2), ("configure", 1)]

    def act(self):
        names = [n for n, weight in self.ACTS for _ in range(weight)]
        return getattr(self, self.rng.choice(names))()
