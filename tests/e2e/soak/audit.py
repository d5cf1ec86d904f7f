# SPDX-License-Identifier: Apache-2.0
"""What the API server itself wrote down: its audit log."""
import collections
import datetime
import json

LABEL = "otelgate.dev/revision"
CALL = "mutation.webhook.admission.k8s.io/"
OPEN = "failed-open.mutation.webhook.admission.k8s.io/"


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Admission:
    """The creation of one pod."""

    __slots__ = ("uid", "ns", "name", "app", "injected", "touched", "called", "mutated", "failed_open",
                 "begin", "end", "reason")

    def __init__(self, event, ours):
        pod = event["responseObject"]
        meta = pod["metadata"]
        labels = meta.get("labels") or {}
        annotations = meta.get("annotations") or {}
        self.uid, self.ns, self.name = meta["uid"], meta["namespace"], meta["name"]
        self.app = labels.get("soak", "")
        self.injected = LABEL in labels
        self.touched = self.injected or "otelgate.dev/injection" in annotations
        self.begin = seconds(event["requestReceivedTimestamp"])
        self.end = seconds(event["stageTimestamp"])
        self.called = self.mutated = self.failed_open = False
        self.reason = ""
        for key, value in (event.get("annotations") or {}).items():
            if key.startswith(OPEN):
                self.failed_open |= value == ours
            elif key.startswith(CALL):
                call = json.loads(value)
                if call["webhook"] == ours:
                    self.called = True
                    self.mutated |= call["mutated"]


class Audit:
    """Follows the log. `mine` are the ServiceAccounts of ours, `ours` is the webhook's name."""

    def __init__(self, path, prefix, ours, mine):
        self.path, self.prefix, self.ours = path, prefix, ours
        self.mine = {"system:serviceaccount:" + m: m.split(":")[1] for m in mine}
        self.offset = 0
        self.rest = b""
        self.admissions = []
        self.refused = collections.Counter()  # creations of pods that were answered with an error
        self.refused_by_us = []
        self.requests = collections.Counter()  # (who, what, code)
        self.forbidden = []  # (time, who and what)
        self.watches = []  # (time, who, resource, with a list)
        self.broken = 0

    def follow(self):
        """New admissions since the last call."""
        begin = len(self.admissions)
        with open(self.path, "rb") as f:
            f.seek(self.offset)
            data = self.rest + f.read()
            self.offset = f.tell()
        lines = data.split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            if line:
                self._line(line)
        return self.admissions[begin:]

    def _line(self, line):
        try:
            event = json.loads(line)
        except ValueError:  # half a line of an API server that was killed, and the next one's first
            self.broken += 1
            at = line.rfind(b'{"kind":"Event"')
            if at <= 0:
                return
            try:
                event = json.loads(line[at:])
            except ValueError:
                return
        ref = event.get("objectRef") or {}
        who = self.mine.get(event["user"]["username"])
        if who:
            self._request(event, ref, who)
        if (event["verb"] == "create" and ref.get("resource") == "pods" and "subresource" not in ref
                and ref.get("namespace", "").startswith(self.prefix) and event["stage"] == "ResponseComplete"
                and "dryRun" not in event["requestURI"]):
            self._pod(event)

    def _pod(self, event):
        status = event.get("responseStatus") or {}
        if status.get("code") != 201:
            self.refused[status.get("code"), status.get("reason", "")] += 1
            if self.ours in status.get("message", "") or "admission webhook" in status.get("message", ""):
                self.refused_by_us.append(status.get("message"))
            return
        self.admissions.append(Admission(event, self.ours))

    def _request(self, event, ref, who):
        verb, uri = event["verb"], event["requestURI"]
        code = (event.get("responseStatus") or {}).get("code", 0)
        if verb == "watch":
            if event["stage"] == "ResponseStarted" or code >= 400:
                listing = "sendInitialEvents=true" in uri
                self.watches.append((seconds(event["requestReceivedTimestamp"]), who, ref.get("resource"), listing))
                self.requests[who, "watch with list" if listing else "watch", code] += 1
        elif event["stage"] == "ResponseComplete":
            self.requests[who, "%s %s" % (verb, ref.get("resource", "discovery")), code] += 1
        if code == 403:
            self.forbidden.append((seconds(event["requestReceivedTimestamp"]), "%s %s %s %s" % (
                who, verb, ref.get("resource"), ref.get("name", ""))))
