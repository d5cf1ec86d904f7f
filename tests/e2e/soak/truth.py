# SPDX-License-Identifier: Apache-2.0
"""What should have happened to each pod, told from what was done to the cluster and when."""
import bisect
import collections
import time

from world import WORKLOADS, opted_in

# A request is on its way to the webhook a little longer than it is at the webhook.
MARGIN_SECONDS = 0.3
# The API server learns of a changed registration by its own watch.
LAG_SECONDS = 1.5


class Span:
    """From a moment to another; open until it is closed."""

    def __init__(self, begin):
        self.begin, self.end = begin, float("inf")

    def meets(self, begin, end, margin=MARGIN_SECONDS):
        return begin <= self.end + margin and end >= self.begin - margin


class Timeline:
    def __init__(self, service_log):
        self.service_log = service_log
        self.kills = []      # of replicas, in order
        self.wipes = []      # Span: caBundle is not ours
        self.bad = []        # Span: the profile "shaky" is refused, as far as anybody restarted meanwhile
        self.api_away = []   # Span: from its end until it says that it is ready

    def away_lately(self, seconds):
        """The API server was away, or came back less than that long ago."""
        return any(s.end + seconds > time.time() for s in self.api_away)

    def nobody_ready(self):
        """Spans in which the Service had no replica to offer, or its connections were cut."""
        spans, now = [], None
        with open(self.service_log, encoding="ascii") as f:
            for line in f:
                at, what, *names = line.split()
                if what == "cut" or not names:
                    now = now or Span(float(at))
                    if now not in spans:
                        spans.append(now)
                elif now:
                    now.end, now = float(at), None
        return spans

    def killed_between(self, begin, end):
        at = bisect.bisect_left(self.kills, begin - MARGIN_SECONDS)
        return at < len(self.kills) and self.kills[at] <= end + MARGIN_SECONDS

    def why(self, admission, away):
        """Why an opted-in pod may rightly be without injection; None when nothing excuses it."""
        begin, end = admission.begin, admission.end
        if any(s.meets(begin, end) for s in away):
            return "no replica reachable"
        if self.killed_between(begin, end):
            return "in flight at a replica that was killed"
        if any(s.meets(begin, end, LAG_SECONDS) for s in self.wipes):
            return "caBundle wiped"
        if admission.app.startswith("shaky") and not admission.failed_open and any(
                s.meets(begin, end, LAG_SECONDS) for s in self.bad):
            return "its profile is refused"
        return None


class Truth:
    def __init__(self, timeline):
        self.timeline = timeline
        self.pods = {}  # uid: Admission of the soak's workloads
        self.judged = collections.Counter()
        self.missed = collections.Counter()
        self.wrong = []

    def judge(self, admissions):
        away = self.timeline.nobody_ready() if admissions else []
        for a in admissions:
            if a.app not in WORKLOADS:
                continue
            self.pods[a.uid] = a
            if not opted_in(a.app):
                self.judged["not to be touched"] += 1
                if a.touched or a.mutated:
                    self.wrong.append("%s/%s of an opted-out workload was changed" % (a.ns, a.name))
                continue
            if a.injected:
                self.judged["injected"] += 1
                continue
            a.reason = self.timeline.why(a, away)
            if a.reason:
                self.missed[a.reason] += 1
                continue
            self.wrong.append("%s/%s was created %.3f..%.3f without injection: %s" % (
                a.ns, a.name, a.begin, a.end, "the API server failed open" if a.failed_open else
                "the webhook answered without a patch" if a.called else "the webhook was not asked"))

    def missed_now(self, pods):
        """Of a list of pods: {(namespace, deployment): names} of those that are opted in and bare."""
        found = collections.defaultdict(set)
        for p in pods:
            labels = p["metadata"].get("labels") or {}
            if opted_in(labels.get("soak", "")) and "otelgate.dev/revision" not in labels and (
                    "deletionTimestamp" not in p["metadata"]):
                found[p["metadata"]["namespace"], labels["soak"]].add(p["metadata"]["name"])
        return dict(found)
