#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tests/security/figures measures itself: reviews as an API server sends them, while something goes on.

usage: load.py beside OTELGATE FOLDER NAME -- COMMAND...   while the command runs ({port} and {ops} are replaced)
       load.py idle OTELGATE FOLDER                        with thousands of idle connections
       load.py kills OTELGATE FOLDER SECONDS SEED          while replicas are killed at random

FOLDER has ca.crt, tls.crt, tls.key (for 127.0.0.1) and config.yaml. Each line of the output is a row: figure, value,
what is wanted. Exit code: 0 all is as wanted, 1 not.
"""
import json
import os
import random
import re
import resource
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

TIMEOUT = 3.0  # timeoutSeconds of the registration
IDLE = 10000
REVIEW = json.dumps({
    "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
    "request": {"uid": "u-1", "resource": {"group": "", "version": "v1", "resource": "pods"}, "operation": "CREATE", "namespace": "shop",
                "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": {"otelgate.dev/inject": "true"}},
                           "spec": {"containers": [{"name": "app", "image": "registry.test/app:1"}]}}}}).encode()
REQUEST = (b"POST /mutate?timeout=3s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(REVIEW)) + REVIEW
wrong = []


def row(figure, value, wanted, ok):
    print("| %s | %s | %s |%s" % (figure, value, wanted, "" if ok else "  <- not as wanted"), flush=True)
    if not ok:
        wrong.append(figure)


def context(folder):
    return ssl.create_default_context(cafile=folder + "/ca.crt")


class Service:
    """A webhook; --ports-file says where it listens."""

    def __init__(self, binary, folder, name, *flags, port=0):
        self.ports_file = "%s/%s.ports" % (folder, name)
        self.command = [binary, "webhook", "--no-cluster", "--config", folder + "/config.yaml", "--tls-cert", folder + "/tls.crt", "--tls-key",
                        folder + "/tls.key", "--address", "127.0.0.1", "--ops-address", "127.0.0.1", "--port", str(port), "--ops-port", "0",
                        "--ports-file", self.ports_file, "--shutdown-delay", "0s", "--log-level", "warn", *flags]
        self.log = open("%s/%s.log" % (folder, name), "a")
        self.start()
        end = time.monotonic() + 30
        while not self.serves() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        if not self.serves():
            sys.exit("the webhook does not start: see %s" % self.log.name)
        self.port, self.ops = (int(line.split("=")[1]) for line in open(self.ports_file))

    def start(self):
        if os.path.exists(self.ports_file):
            os.unlink(self.ports_file)
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def serves(self):
        try:
            return os.path.getsize(self.ports_file) > 0
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def resident(self):
        for line in open("/proc/%d/status" % self.process.pid):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024


class Link:
    """A connection that is kept, as Go's transport keeps one."""

    def __init__(self, tls, port):
        raw = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.sock = tls.wrap_socket(raw, server_hostname="127.0.0.1")
        except BaseException:
            raw.close()
            raise

    def fit(self):
        """False when the other side has ended it: Go's transport notices while it is idle."""
        p = select.poll()
        p.register(self.sock.fileno(), select.POLLIN)
        return not p.poll(0)

    def review(self):
        """Whether it was injected, whether the server ends the connection; OSError when there is no answer."""
        self.sock.sendall(REQUEST)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.more()
        head, body = got.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        while len(body) < length:
            body += self.more()
        return head.startswith(b"HTTP/1.1 200") and b"JSONPatch" in body, b"connection: close" in head.lower()

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionResetError("closed")
        return data

    def close(self):
        self.sock.close()


def percentile(times, p):
    return "%.1f ms" % (sorted(times)[min(len(times) - 1, int(len(times) * p))] * 1000) if times else "-"


class Probe(threading.Thread):
    """Reviews by a clock until it is told to stop: on a connection that is kept, each fifth on a new one."""

    def __init__(self, tls, port, rate=50):
        super().__init__(daemon=True)
        self.tls, self.port, self.rate, self.over = tls, port, rate, threading.Event()
        self.kept, self.new, self.failed, self.cut = [], [], [], 0
        self.start()

    def run(self):
        link, n, begin = None, 0, time.monotonic()
        while not self.over.is_set():
            n += 1
            self.over.wait(max(0, begin + n / self.rate - time.monotonic()))
            fresh, at, use = n % 5 == 0, time.monotonic(), None
            try:
                if link and not link.fit():
                    link.close()
                    link = None
                use = Link(self.tls, self.port) if fresh or not link else link
                handshake = use is not link
                ok, ends = use.review()
                if not ok:
                    raise OSError("not injected")
                (self.new if handshake else self.kept).append(time.monotonic() - at)
                if fresh or ends:
                    use.close()
                if not fresh:
                    link = None if ends else use
            except OSError as e:
                self.failed.append("%s after %.1f s" % (e, time.monotonic() - at))
                self.cut += use is not None and use is link
                if not fresh:
                    link = None

    def stop(self):
        self.over.set()
        self.join()

    def rows(self, name, flood=False):
        n = len(self.kept) + len(self.new) + len(self.failed)
        failed = "%d, %d%s" % (n, len(self.failed), " (%s)" % self.failed[0] if self.failed else "")
        if flood:  # thousands come in a second: a new connection may be among those that are closed
            row(name + ": reviews, failed", failed, "0 failed on a kept connection, 1 in 10 at the most", not self.cut and len(self.failed) <= n / 10)
        else:
            row(name + ": reviews, failed", failed, "0 failed", not self.failed)
        slowest = max(self.kept + self.new, default=TIMEOUT)
        row(name + ": answered on a kept connection, half, 99 of 100", "%s, %s" % (percentile(self.kept, .5), percentile(self.kept, .99)), "-", True)
        row(name + ": on a new one, with its handshake", "%s, %s" % (percentile(self.new, .5), percentile(self.new, .99)), "all < 3 s", slowest < TIMEOUT)


def measured(service, tls, name, seconds):
    p = Probe(tls, service.port)
    time.sleep(seconds)
    p.stop()
    p.rows(name)


def beside(binary, folder, name, command):
    service = Service(binary, folder, "beside")
    tls = context(folder)
    measured(service, tls, "before " + name, 5)
    p = Probe(tls, service.port)
    command = [a.replace("{port}", str(service.port)).replace("{ops}", str(service.ops)) for a in command]
    out = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=120)
    p.stop()
    p.rows("during " + name)
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", out.stdout)
    last = {k: v for k, v in re.findall(r"^\s*(initializing|pending|connected|error|closed|service available):\s+(\S+)", text, re.M)}
    row(name + ": connections that it had at its end, that had been closed", "%s, %s" % (last.get("connected"), last.get("closed")), "-", "connected" in last)
    row(name + ": found the service available", last.get("service available"), "YES", last.get("service available") == "YES")
    row(name + ": resident memory afterwards", "%.1f MiB" % service.resident(), "<= 256 MiB, the limit of the chart", service.resident() <= 256)
    row(name + ": ended in an orderly way", service.stop(), "0", service.process.returncode == 0)


def crowd(port, tls, count, served):
    """So many connections that stay, made by eight at a time; with `served`, after a handshake and a review each."""
    held = []

    def make():
        for _ in range(count // 8):
            try:
                if served:
                    link = Link(tls, port)
                    link.review()
                    held.append(link.sock)
                else:
                    held.append(socket.create_connection(("127.0.0.1", port), TIMEOUT))
            except OSError:
                pass

    makers = [threading.Thread(target=make, daemon=True) for _ in range(8)]
    for m in makers:
        m.start()
    for m in makers:
        m.join()
    return held


def still_open(held):
    p = select.poll()
    for s in held:
        p.register(s.fileno(), select.POLLIN | select.POLLHUP)
    return len(held) - len(p.poll(0))


def idle(binary, folder):
    need = IDLE * 2
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, max(need, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    except (ValueError, OSError):
        print("skipped: idle connections need 20,000 descriptors (ulimit -Hn, or root)")
        return
    tls = context(folder)
    ways = (("%d idle, nothing sent, cap 2048" % IDLE, False, ()),
            ("%d idle after a review each, cap 2048" % IDLE, True, ()),
            ("%d idle after a review each, cap 12000" % IDLE, True, ("--max-connections", "12000")))
    for name, served, flags in ways:
        service = Service(binary, folder, "idle", *flags)
        measured(service, tls, "without", 5)
        alone = service.resident()
        p = Probe(tls, service.port)
        at = time.monotonic()
        held = crowd(service.port, tls, IDLE, served)
        took = time.monotonic() - at
        p.stop()
        p.rows(name + ", while they come (%.0f s)" % took, flood=not served)
        p = Probe(tls, service.port)
        time.sleep(3)
        here, memory = still_open(held), service.resident()
        time.sleep(7)
        p.stop()
        p.rows(name + ", while they are there")
        row(name + ": held by the server, resident memory without, with", "%d, %.1f MiB, %.1f MiB" % (here, alone, memory),
            "all of them, as asked" if flags else "<= 256 MiB, the limit of the chart", here >= IDLE * .99 if flags else memory <= 256)
        for s in held:
            s.close()
        time.sleep(3)
        row(name + ": resident memory after they have gone", "%.1f MiB" % service.resident(), "-", True)
        row(name + ": ended in an orderly way", service.stop(), "0", service.process.returncode == 0)


class Admissions(threading.Thread):
    """Pods created one after the other through an API server's eyes. Its client asks one of the endpoints, on a connection
    that it keeps if there is one, and does not send a POST twice (net/http, shouldRetryRequest). With Ignore the pod is
    admitted then, without injection; with Fail it is refused, and its controller tries again. A replica that is dead stays
    an endpoint until it serves again: no Service would be slower to notice."""

    def __init__(self, tls, ports, until, seed):
        super().__init__(daemon=True)
        self.tls, self.ports, self.until, self.random = tls, ports, until, random.Random(seed)
        self.pods = self.asked = self.late = 0
        self.lost, self.waits, self.slowest = [], [], 0.0
        self.links = {}
        self.start()

    def ask(self):
        port = self.random.choice(self.ports)
        link = self.links.pop(port, None)
        if link and not link.fit():
            link.close()
            link = None
        stage = "connect" if not link else "kept"
        try:
            link = link or Link(self.tls, port)
            stage = "answer"
            ok, ends = link.review()
            if ends:
                link.close()
            else:
                self.links[port] = link
            return None if ok else "bare"
        except OSError:
            if link:
                link.close()
            return stage

    def run(self):
        while time.monotonic() < self.until:
            begin = time.monotonic()
            self.pods += 1
            tries = 0
            while True:
                at = time.monotonic()
                why = self.ask()
                took = time.monotonic() - at
                self.asked += 1
                self.slowest = max(self.slowest, took)
                self.late += took > TIMEOUT
                if not why:
                    break
                tries += 1
                if tries == 1:
                    self.lost.append(why)
                time.sleep(min(0.005 * 2 ** tries, 1))  # as the queue of a ReplicaSet's controller waits
            if tries:
                self.waits.append(time.monotonic() - begin)


def kills(binary, folder, seconds, seed):
    rng, tls = random.Random(seed), context(folder)
    replicas = [Service(binary, folder, "replica-%d" % n, port=rng.randrange(20000, 32000)) for n in range(2)]
    end = time.monotonic() + seconds
    clients = [Admissions(tls, [r.port for r in replicas], end, seed + n) for n in range(4)]
    count, back = 0, []
    while time.monotonic() < end - 1:
        time.sleep(rng.uniform(.2, .8))
        r = rng.choice(replicas)
        r.process.send_signal(signal.SIGKILL)
        r.process.wait()
        at = time.monotonic()
        r.start()
        while not r.serves() and time.monotonic() < at + 10:
            time.sleep(.002)
        back.append(time.monotonic() - at)
        count += 1
    for c in clients:
        c.join(seconds + 30)
    hung = sum(c.is_alive() for c in clients)
    pods, lost, waits = sum(c.pods for c in clients), [w for c in clients for w in c.lost], [w for c in clients for w in c.waits]
    row("replicas killed, serving again after half, the longest", "%d, %s, %s" % (count, percentile(back, .5), percentile(back, 1)), "-", count > 0)
    row("pods created, reviews asked for", "%d, %d" % (pods, sum(c.asked for c in clients)), "-", pods > 0)
    row("Ignore: pods admitted without injection", "%d (%.2f %%): %d nobody listened, %d cut in the middle, %d answered otherwise" %
        (len(lost), 100 * len(lost) / max(pods, 1), lost.count("connect"), lost.count("answer") + lost.count("kept"), lost.count("bare")),
        "none answered otherwise", "bare" not in lost)
    row("Fail: pods injected in the end, of those refused at first", "%d of %d, after %s at the most" % (len(waits), len(lost), percentile(waits, 1)),
        "all", len(waits) == len(lost))
    row("slowest call, calls above 3 s, clients that hang", "%.0f ms, %d, %d" % (max(c.slowest for c in clients) * 1000, sum(c.late for c in clients), hung),
        "0, 0", hung == 0 and not any(c.late for c in clients))
    for r in replicas:
        row("the last of a replica ended in an orderly way", r.stop(), "0", r.process.returncode == 0)


def main():
    a = sys.argv[1:]
    if len(a) > 5 and a[0] == "beside" and a[4] == "--":
        beside(a[1], a[2], a[3], a[5:])
    elif len(a) == 3 and a[0] == "idle":
        idle(a[1], a[2])
    elif len(a) == 5 and a[0] == "kills":
        kills(a[1], a[2], float(a[3]), int(a[4]))
    else:
        sys.exit(__doc__)
    sys.exit(1 if wrong else 0)


main()
