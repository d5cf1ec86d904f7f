# SPDX-License-Identifier: Apache-2.0
"""Twenty workloads that are opted in in every way or not at all, and what people do to them."""
import random
import threading

A, BY_NS, SELECTED = "soak-a", "soak-ns", "soak-sel"
INJECT = "otelgate.dev/inject"
GROUP = "/apis/otelgate.dev/v1alpha1"

# name: (namespace, annotations of the template, of the workload, labels of the template, opted in)
WORKLOADS = {}
for _i in range(4):
    WORKLOADS["template-%d" % _i] = (A, {INJECT: "true"}, {}, {}, True)
    WORKLOADS["workload-%d" % _i] = (A, {}, {INJECT: "true"}, {}, True)
    WORKLOADS["namespace-%d" % _i] = (BY_NS, {}, {}, {}, True)
for _i in range(2):
    WORKLOADS["shaky-%d" % _i] = (A, {INJECT: "shaky"}, {}, {}, True)
WORKLOADS["selected-by-namespace"] = (SELECTED, {}, {}, {}, True)
WORKLOADS["selected-by-label"] = (A, {}, {}, {"tier": "observed"}, True)
WORKLOADS["out-by-template"] = (BY_NS, {INJECT: "false"}, {}, {}, False)
WORKLOADS["out-by-workload"] = (BY_NS, {}, {INJECT: "false"}, {}, False)
WORKLOADS["out-of-selection"] = (SELECTED, {INJECT: "false"}, {}, {}, False)
WORKLOADS["silent"] = (A, {}, {}, {}, False)


def opted_in(app):
    return app in WORKLOADS and WORKLOADS[app][4]


def path(app):
    return "/apis/apps/v1/namespaces/%s/deployments/%s" % (WORKLOADS[app][0], app)


def namespaces():
    for name, annotations, labels in ((A, {}, {}), (BY_NS, {INJECT: "true"}, {}), (SELECTED, {}, {"team": "observed"})):
        yield {"apiVersion": "v1", "kind": "Namespace",
               "metadata": {"name": name, "annotations": annotations,
                            "labels": {"pod-security.kubernetes.io/enforce": "baseline", **labels}}}


def deployments():
    for app, (ns, template, own, labels, _) in WORKLOADS.items():
        yield {"apiVersion": "apps/v1", "kind": "Deployment",
               "metadata": {"name": app, "namespace": ns, "annotations": own},
               "spec": {"replicas": 2, "selector": {"matchLabels": {"soak": app}}, "revisionHistoryLimit": 1,
                        "template": {"metadata": {"labels": {"soak": app, **labels}, "annotations": template},
                                     "spec": {"terminationGracePeriodSeconds": 0, "containers": [
                                         {"name": "main", "image": "registry.test/%s:1" % app,
                                          "env": [{"name": "OWN", "value": "kept"}]},
                                         {"name": "second", "image": "registry.test/second:1"}]}}}}


def profile(name, **spec):
    return {"apiVersion": "otelgate.dev/v1alpha1", "kind": "TelemetryProfile", "metadata": {"name": name},
            "spec": {"stack": "gateway", "signals": {"profiles": "off"}, **spec}}


def configuration():
    yield {"apiVersion": "otelgate.dev/v1alpha1", "kind": "GrafanaStack", "metadata": {"name": "gateway"},
           "spec": {"clusterName": "soak",
                    "receiver": {"type": "gateway", "endpoint": "https://otlp-gateway.example.net/otlp"},
                    "credentials": {"secretRef": {"name": "grafana-cloud", "namespace": "monitoring"}}}}
    yield profile("standard", default=True)
    yield profile("shaky")
    yield profile("by-namespace", namespaceSelector={"matchLabels": {"team": "observed"}})
    yield profile("by-label", workloadSelector={"matchLabels": {"tier": "observed"}})


class Churn(threading.Thread):
    """Scales, restarts and deletes at random until it is told to pause or to end."""

    MOST = 5

    def __init__(self, cluster, seed, pause_seconds):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.random = random.Random(seed)
        self.pause_seconds = pause_seconds
        self.going = threading.Event()
        self.idle = threading.Event()
        self.ended = threading.Event()
        self.done = {"scale": 0, "restart": 0, "delete pods": 0}
        self.refused = 0

    def run(self):
        while not self.ended.is_set():
            if not self.going.is_set():
                self.idle.set()
                self.going.wait(0.2)
                continue
            self.idle.clear()
            self.act()
            self.ended.wait(self.random.uniform(0.2, 1.8) * self.pause_seconds)
        self.idle.set()

    def act(self):
        app = self.random.choice(sorted(WORKLOADS))
        what = self.random.choices(("scale", "restart", "delete pods"), (6, 3, 1))[0]
        number = self.random.randint(0, self.MOST)
        if what == "scale":
            done = self.scale(app, number)
        elif what == "restart":
            done = self.restart(app)
        else:
            ns = WORKLOADS[app][0]
            done = self.cluster.ask("DELETE", "/api/v1/namespaces/%s/pods?labelSelector=soak%%3D%s" % (ns, app))
        if done is None:
            self.refused += 1
        else:
            self.done[what] += 1

    def scale(self, app, replicas):
        return self.cluster.merge(path(app), {"spec": {"replicas": replicas}})

    def restart(self, app):
        stamp = "%016x" % self.random.getrandbits(64)
        return self.cluster.merge(path(app), {"spec": {"template": {"metadata": {"annotations": {
            "kubectl.kubernetes.io/restartedAt": stamp}}}}})

    def pause(self):
        """Returns when no action is under way any more."""
        self.going.clear()
        self.idle.wait(60)

    def end(self):
        self.ended.set()
        self.join(60)
