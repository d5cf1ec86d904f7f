# SPDX-License-Identifier: Apache-2.0
"""What goes wrong during the soak, in an order that the seed decides."""
import base64
import json
import random
import time

from rig import Failed, samples, until
from truth import Span
from world import GROUP, WORKLOADS, opted_in

REGISTRATION = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/otelgate"
BUNDLE = "/webhooks/0/clientConfig/caBundle"
JSON_PATCH = "application/json-patch+json"


class Faults:
    def __init__(self, cluster, ours, timeline, churn, sampler, seed, scale, say):
        self.cluster, self.ours, self.timeline = cluster, ours, timeline
        self.churn, self.sampler, self.say = churn, sampler, say
        self.random = random.Random(seed)
        self.scale = scale  # of pauses: below 1 in short runs
        self.round = 0
        self.deck = []
        self.took = {}   # what: seconds of each time
        self.before_api_kill = lambda: None

    def next(self):
        """One fault of a shuffled deck, so that a run has them all."""
        if not self.deck:
            self.deck = [self.replica_killed, self.cut_off, self.bundle_gone, self.configuration, self.bad_profile,
                         self.replica_rolled, self.bundle_foreign]
            self.random.shuffle(self.deck)
        fault = self.deck.pop()
        fault()
        return fault.__name__

    def record(self, what, seconds):
        self.took.setdefault(what, []).append(seconds)

    def pause(self, least, most):
        time.sleep(self.random.uniform(least, most) * self.scale)

    def grow(self):
        """New pods for sure, of workloads that are opted in."""
        for app in self.random.sample([a for a in sorted(WORKLOADS) if opted_in(a)], 4):
            self.churn.restart(app)
            self.churn.scale(app, 3)

    def api_server(self):
        """Killed, away for a while, and back on its port."""
        self.before_api_kill()
        span = Span(time.time())
        self.timeline.api_away.append(span)
        self.cluster.script("stop-apiserver", "--kill")
        self.sampler.turn("API server away")
        self.pause(5, 20)
        self.sampler.turn("busy")
        begin = time.monotonic()
        self.cluster.script("start-apiserver")
        span.end = time.time()
        self.record("API server ready after its start", time.monotonic() - begin)
        begin = time.monotonic()
        until(90, "not every watch stands again", self.watching, 0.2)
        self.record("all watches stand after that", time.monotonic() - begin)

    def watching(self):
        """Every process watches everything that is there."""
        for p in self.ours.replicas:
            page = p.get("/debug/config")
            if not page or any(w["state"] not in ("synced", "absent") for w in json.loads(page)["cluster"]["watches"]):
                return False
        return True

    def replica_killed(self):
        self.kill(self.ours.replicas[1])
        self.pause(0.5, 6)
        self.restart(self.ours.replicas[1])

    def kill(self, replica):
        replica.scrape()
        self.timeline.kills.append(time.time())
        replica.kill()
        self.timeline.kills.append(time.time())
        self.ours.endpoints()

    def restart(self, replica):
        begin = time.monotonic()
        replica.run()
        until(60, replica.name + " does not serve", replica.up)
        self.ours.endpoints()
        until(60, replica.name + " is not ready", lambda: replica.name in self.ours.ready_names())
        self.record("webhook replica ready after its start", time.monotonic() - begin)

    def replica_rolled(self):
        """Stopped in order and started again, as in an upgrade: nothing may be missed."""
        replica = self.ours.replicas[1]
        replica.scrape()
        code = replica.stop()
        self.ours.endpoints()
        if code != 0:
            raise Failed("%s: exit code %d after SIGTERM" % (replica.name, code))
        self.restart(replica)

    def cut_off(self):
        """Nobody reaches the webhook, though it is well."""
        self.ours.cut = True
        self.ours.endpoints()
        until(20, "the service is not cut", lambda: not self.ours.ready_names())
        self.grow()
        self.pause(3, 6)
        self.ours.cut = False
        self.ours.endpoints()
        until(60, "the service is not back", lambda: len(self.ours.ready_names()) == 2)

    def both_killed(self):
        for replica in self.ours.replicas:
            self.kill(replica)
        until(20, "the service still has replicas", lambda: not self.ours.ready_names())
        self.grow()
        self.pause(3, 6)
        for replica in self.ours.replicas:
            self.restart(replica)

    def bundle(self):
        answer = self.cluster.ask("GET", REGISTRATION) or {"webhooks": [{"clientConfig": {}}]}
        return answer["webhooks"][0]["clientConfig"].get("caBundle", "")

    def bundle_gone(self):
        self.replace_bundle([{"op": "remove", "path": BUNDLE}], "caBundle back after it was wiped")

    def bundle_foreign(self):
        with open(self.cluster.dir + "/pki/ca.crt", "rb") as f:
            foreign = base64.b64encode(f.read()).decode()
        self.replace_bundle([{"op": "replace", "path": BUNDLE, "value": foreign}], "caBundle back after it was another CA's")

    def replace_bundle(self, patch, what):
        good = self.bundle()
        span = Span(time.time())
        self.timeline.wipes.append(span)
        begin = time.monotonic()
        self.cluster.need("PATCH", REGISTRATION, patch, JSON_PATCH)
        until(60, what, lambda: self.bundle() == good)
        self.record(what, time.monotonic() - begin)
        span.end = time.time()

    def generations(self):
        for r in self.ours.replicas:
            r.scrape()
        return [next((v for (_, labels), v in samples(r.page, "otelgate_generation").items()
                      if ("what", "config") in labels), 0) for r in self.ours.replicas]

    def configuration(self):
        """A change that is good: both replicas take it over."""
        before = self.generations()
        self.round += 1
        begin = time.monotonic()
        self.change("standard", {"sdk": {"resourceAttributes": {"soak.round": str(self.round)}}})
        until(60, "the configuration is not taken over",
              lambda: all(n > b for n, b in zip(self.generations(), before)))
        self.record("configuration in force after a change", time.monotonic() - begin)

    def bad_profile(self):
        """Its stack does not exist: the last good version stays in force, but whoever starts now has
        none."""
        self.change("shaky", {"stack": "nowhere"})
        self.pause(1, 4)
        replica, span = self.ours.replicas[1], None
        if self.random.random() < 0.7:
            span = Span(time.time())
            self.timeline.bad.append(span)
            self.kill(replica)
            self.restart(replica)
            for app in ("shaky-0", "shaky-1"):
                self.churn.scale(app, 0)
                self.churn.scale(app, 4)
            self.pause(2, 4)
        begin = time.monotonic()
        self.change("shaky", {"stack": "gateway"})
        until(60, "the repaired profile is not taken over", lambda: self.refused() == 0)
        self.record("profile in force after its repair", time.monotonic() - begin)
        if span:
            span.end = time.time()

    def refused(self):
        """Objects that are refused, over both replicas; None when one does not say."""
        n = 0
        for r in self.ours.replicas:
            r.scrape()
            series = samples(r.page, "otelgate_config_objects")
            if not series:
                return None
            n += sum(v for (_, labels), v in series.items() if dict(labels).get("state") in ("refused", "last-good"))
        return n

    def change(self, profile, spec):
        self.cluster.need("PATCH", "%s/telemetryprofiles/%s" % (GROUP, profile), {"spec": spec},
                          "application/merge-patch+json")

