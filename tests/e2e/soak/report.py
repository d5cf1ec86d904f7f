# SPDX-License-Identifier: Apache-2.0
"""Figures and verdict."""
import collections
import glob
import json
import re
import time

from figures import MIB, slope
from rig import samples

SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:")
OURS = ("name", "pods.otelgate.dev")
WARM_UP = 90          # seconds of a process's life that are not measured
LEAK_KIB_HOUR = 20480  # a slope above this, and ...
LEAK_KIB = 2048       # ... a growth above this is a leak
FDS = 8               # descriptors more than at the beginning, of one who lived for ...
FDS_SECONDS = 600     # ... so long: a short life has its connections all at one time or at another
FDS_MOST = 100        # of anybody
IDLE_CPU = 0.05       # of one processor, without anything to do
AWAY_CPU = 0.10       # with the API server away


class Report:
    def __init__(self, args):
        self.args = args
        self.api = {}  # life of the API server: samples
        self.checks = []
        self.reasons = collections.Counter()
        self.unaudited = self.leases_lost = 0
        self.said = time.monotonic()

    def api_metrics(self, life, page):
        self.api[life] = {k: v for k, v in samples(page, "apiserver_admission_webhook_").items() if OURS in k[1]}

    def api_sum(self, name, **labels):
        return int(sum(v for page in self.api.values() for (n, pairs), v in page.items()
                       if n == name and all((k, x) in pairs for k, x in labels.items())))

    def missed_check(self, want, got, seconds):
        self.checks.append((sum(map(len, want.values())), seconds))
        for _, (pods, _, reasons) in got.items():
            self.reasons[", ".join(sorted(reasons))] += pods

    def progress(self, soak):
        if time.monotonic() - self.said < 30:
            return
        self.said = time.monotonic()
        t = soak.truth
        print("         %d pods, %d injected, %d missed, %d wrong; %s MiB" % (
            len(t.pods), t.judged["injected"], sum(t.missed.values()), len(t.wrong),
            " ".join("%s %.1f" % (n, life.points[-1][1] / MIB) for n, life in sorted(soak.sampler.now.items()))), flush=True)

    def print(self, soak):
        wrong = list(soak.truth.wrong)
        self._pods(soak, wrong)
        self._api(soak, wrong)
        self._faults(soak)
        self._processes(soak, wrong)
        self._logs(soak, wrong)
        print()
        for w in wrong[:25]:
            print("WRONG: " + w)
        if len(wrong) > 25:
            print("WRONG: ... and %d more" % (len(wrong) - 25))
        print("soak: %s (%d s, SEED=%d)" % ("FAILED, %d wrong" % len(wrong) if wrong else "passed", self.args.duration,
                                            self.args.seed))
        print("%d passed, %d failed" % (0 if wrong else 1, 1 if wrong else 0))
        return not wrong

    def _pods(self, soak, wrong):
        t = soak.truth
        print("\nPods, by the API server's audit log")
        print("  created %d: injected %d, missed %d, opted out and untouched %d" % (
            len(t.pods), t.judged["injected"], sum(t.missed.values()), t.judged["not to be touched"]))
        for reason, n in t.missed.most_common():
            print("  missed: %-45s %5d" % (reason, n))
        print("  actions: %s; refused while the API server was away %d" % (
            ", ".join("%s %d" % x for x in sorted(soak.churn.done.items())), soak.churn.refused))
        for n, seconds in self.checks:
            print("  named as missed: %d, the controller after %.1f s" % (n, seconds))
        for reason, n in self.reasons.most_common():
            print("  `otelgate missed` says: %-29s %5d" % (reason, n))
        if not t.judged["injected"]:
            wrong.append("no pod was injected")
        if self.unaudited:
            print("  created by an API server that was killed before it wrote it down: %d" % self.unaudited)

    def _api(self, soak, wrong):
        a = soak.audit
        print("\nThe API server's view")
        print("  webhook calls %d, rejections %d, failed open %d" % (
            self.api_sum("apiserver_admission_webhook_request_total"),
            self.api_sum("apiserver_admission_webhook_rejection_count"),
            self.api_sum("apiserver_admission_webhook_fail_open_count")))
        if self.api_sum("apiserver_admission_webhook_rejection_count", error_type="no_error"):
            wrong.append("the webhook rejected something")
        if not a:
            return
        for m in a.refused_by_us:
            wrong.append("a pod was refused by admission: %s" % m)
        for (code, reason), n in sorted(a.refused.items(), key=str):
            print("  creations of pods answered %s %s: %d" % (code, reason, n))
        by = collections.defaultdict(collections.Counter)
        for (who, what, code), n in a.requests.items():
            by[who][what, code] += n
        for who, counts in sorted(by.items()):
            print("  requests of %s:" % who)
            for (what, code), n in sorted(counts.items()):
                print("    %-42s %d  %6d" % (what, code, n))
        starting = 0
        for at, what in a.forbidden:
            # it serves before it knows its roles; from its being ready on there is no excuse
            if any(s.begin <= at <= s.end for s in soak.timeline.api_away):
                starting += 1
            else:
                wrong.append("403: " + what)
        print("  403 while the API server was starting %d, at other times %d" % (starting, len(a.forbidden) - starting))
        self._watches(soak)

    def _watches(self, soak):
        """Why watches began: an API server that came back, a process that started, or neither."""
        causes = collections.Counter()
        starts = [life.begin for life in soak.sampler.lives]
        wall = time.time() - time.monotonic()
        for at, who, _, listing in soak.audit.watches:
            what = "with a whole list" if listing else "resumed"
            if any(0 <= at - s.begin < 60 for s in soak.timeline.api_away):
                cause = "API server back"
            elif any(-5 <= at - (s + wall) < 10 for s in starts):
                cause = "process start"
            else:
                cause = "other"
            causes[who, cause, what] += 1
        for (who, cause, what), n in sorted(causes.items()):
            print("  watches of %-20s %-16s %-18s %5d" % (who, cause, what, n))

    def _faults(self, soak):
        print("\nRecovery (seconds: least, median, most, times)")
        for what, times in sorted(soak.faults.took.items()):
            times = sorted(times)
            print("  %-45s %6.2f %6.2f %6.2f %4d" % (what, times[0], times[len(times) // 2], times[-1], len(times)))
        print("  API server killed %d times; the controller ended for its lease and was started again %d times" % (
            len(soak.timeline.api_away), self.leases_lost))

    def _processes(self, soak, wrong):
        print("\nProcesses (RSS MiB first/last after the warm-up, slope; descriptors; processor time)")
        phases = collections.defaultdict(lambda: collections.defaultdict(lambda: [0.0, 0.0]))
        for life in soak.sampler.lives:
            for phase, (cpu, seconds) in life.cpu.items():
                phases[life.name][phase][0] += cpu
                phases[life.name][phase][1] += seconds
            points = life.after(WARM_UP if self.args.duration >= 300 else self.args.duration / 4)
            if not points:
                continue
            per_hour = slope([(p[0], p[1]) for p in points]) * 3600
            late = slope([(p[0], p[1]) for p in points[len(points) // 2:]]) * 3600
            n = max(1, len(points) // 3)
            growth = sum(p[1] for p in points[-n:]) / n - sum(p[1] for p in points[:n]) / n
            fds = [sorted(p[2] for p in part)[n // 2] for part in (points[:n], points[-n:])]
            print("  %-10s pid %-8d %5d s  RSS %.1f -> %.1f, %+.2f MiB/h (second half %+.2f)  fds %d -> %d" % (
                life.name, life.pid, points[-1][0], points[0][1] / MIB, points[-1][1] / MIB, per_hour / MIB,
                late / MIB, points[0][2], points[-1][2]))
            if self.args.duration >= 300 and per_hour > LEAK_KIB_HOUR and growth > LEAK_KIB:
                wrong.append("%s grows by %.1f MiB/h" % (life.name, per_hour / MIB))
            if max(p[2] for p in points) > FDS_MOST:
                wrong.append("%s has %d descriptors" % (life.name, max(p[2] for p in points)))
            if points[-1][0] >= FDS_SECONDS and fds[1] > fds[0] + FDS:
                wrong.append("%s has %d descriptors more at the end" % (life.name, fds[1] - fds[0]))
        for name, by in sorted(phases.items()):
            for phase, (cpu, seconds) in sorted(by.items()):
                if seconds < 1 or phase in ("start", "end"):
                    continue
                print("  %-10s %-16s %7.2f s in %6.1f s: %6.2f s/min" % (name, phase, cpu, seconds, cpu / seconds * 60))
                most = {"idle": IDLE_CPU, "API server away": AWAY_CPU}.get(phase)
                if most and seconds >= 5 and cpu / seconds > most:
                    wrong.append("%s: %.0f %% of a processor while %s" % (name, 100 * cpu / seconds, phase))

    def _logs(self, soak, wrong):
        said = collections.Counter()
        for file in sorted(glob.glob(soak.cluster.dir + "/log/soak-*.log")):
            with open(file, encoding="utf-8", errors="replace") as f:
                for line in f:
                    if SANITIZER.search(line):
                        wrong.append("%s: %s" % (file.rpartition("/")[2], line.strip()))
                    try:
                        entry = json.loads(line)
                        level = entry.get("level", "")
                    except (ValueError, AttributeError):
                        level = "raw"
                        entry = {"msg": line.strip()[:80]}
                    if level not in ("info", "debug"):
                        said[level, str(entry.get("msg", ""))] += 1
        print("\nWhat our processes said above info")
        for (level, msg), n in said.most_common(20):
            print("  %-6s %6d  %s" % (level, n, msg))
