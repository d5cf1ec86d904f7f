# SPDX-License-Identifier: Apache-2.0
"""Memory, descriptors and processor time of processes, read from /proc once a second."""
import os
import threading
import time

HZ = os.sysconf("SC_CLK_TCK")
MIB = 1024.0


def read(pid):
    """(RSS in KiB, descriptors, seconds of processor time), None when it is gone."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as f:
            rss = next((int(line.split()[1]) for line in f if line.startswith("VmRSS:")), None)
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
            stat = f.read().rpartition(") ")[2].split()
        if rss is None or stat[0] in "ZX":
            return None
        return rss, len(os.listdir("/proc/%d/fd" % pid)), (int(stat[11]) + int(stat[12])) / HZ
    except (OSError, ValueError, IndexError):
        return None


def slope(points):
    """Least squares: change of the second for one of the first. 0 for less than two points."""
    n = len(points)
    if n < 2:
        return 0.0
    mx = sum(p[0] for p in points) / n
    my = sum(p[1] for p in points) / n
    below = sum((p[0] - mx) ** 2 for p in points)
    return sum((p[0] - mx) * (p[1] - my) for p in points) / below if below else 0.0


class Life:
    """One process from its start to its end."""

    def __init__(self, name, pid, at):
        self.name, self.pid, self.begin = name, pid, at
        self.points = []  # (seconds since its begin, RSS KiB, descriptors)
        self.cpu = {}     # phase: [seconds of processor time, seconds of time]
        self.last = None  # (time, cpu)

    def add(self, at, phase, rss, fds, cpu):
        self.points.append((at - self.begin, rss, fds))
        if self.last:
            c = self.cpu.setdefault(phase, [0.0, 0.0])
            c[0] += cpu - self.last[1]
            c[1] += at - self.last[0]
        self.last = (at, cpu)

    def after(self, warm_up):
        points = [p for p in self.points if p[0] >= warm_up]
        return points if len(points) >= 10 else []


class Sampler(threading.Thread):
    """`look` gives {name: pid}. The phase is set by the driver; the moment of a turn is sampled."""

    def __init__(self, look):
        super().__init__(daemon=True)
        self.look = look
        self.phase = "start"
        self.lives = []
        self.now = {}
        self.lock = threading.Lock()
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(1.0):
            self.sample()

    def turn(self, phase):
        self.sample()
        self.phase = phase

    def sample(self):
        at = time.monotonic()
        with self.lock:
            for name, pid in self.look().items():
                got = read(pid) if pid else None
                if not got:
                    continue
                life = self.now.get(name)
                if not life or life.pid != pid:
                    life = self.now[name] = Life(name, pid, at)
                    self.lives.append(life)
                life.add(at, self.phase, *got)

    def stop(self):
        self.ended.set()
        self.join(10)
        self.sample()
