#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Creates a pod again and again as a dry run, over connections that are kept, by a clock.

usage: load.py CLUSTER-DIR NAMESPACE POD-FILE RATE THREADS OUT

Goes on until SIGTERM or SIGINT. OUT gets one JSON object about once a second (replaced by rename) and
at the end: sent, injected, bare, refused, broken (no answer), rate, p50, p99 and most (milliseconds),
and the times and texts of the first answers that were not an injected pod.
"""
import json
import os
import signal
import socket
import ssl
import sys
import threading
import time

MARK = b'"otelgate.dev/revision"'
KEPT = 20  # examples of what went wrong


class Shared:
    def __init__(self):
        self.lock = threading.Lock()
        self.counts = {"injected": 0, "bare": 0, "refused": 0, "broken": 0}
        self.took = []
        self.odd = []
        self.begin = time.monotonic()

    def add(self, what, seconds, text):
        with self.lock:
            self.counts[what] += 1
            self.took.append(seconds)
            if what != "injected" and len(self.odd) < KEPT:
                self.odd.append({"at": round(time.time(), 3), "what": what, "text": text[:300]})

    def write(self, file):
        with self.lock:
            took = sorted(self.took)
            out = dict(self.counts, sent=len(took), odd=list(self.odd))
        seconds = time.monotonic() - self.begin
        out["rate"] = round(len(took) / seconds, 1)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("most", 1.0)):
            out[name] = round(1000 * took[min(len(took) - 1, int(share * len(took)))], 1) if took else 0
        with open(file + ".new", "w", encoding="utf-8") as f:
            json.dump(out, f)
        os.rename(file + ".new", file)


class Client(threading.Thread):
    def __init__(self, shared, tls, port, request, number, step):
        super().__init__(daemon=True)
        self.shared, self.tls, self.port, self.request = shared, tls, port, request
        self.number, self.step = number, step
        self.sock = None
        self.ended = threading.Event()

    def connect(self):
        raw = socket.create_connection(("127.0.0.1", self.port), 10)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.tls.wrap_socket(raw, server_hostname="127.0.0.1")

    def ask(self):
        """(status, body) of one request."""
        if not self.sock:
            self.connect()
        self.sock.sendall(self.request)
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.sock.recv(65536)
            if not more:
                raise OSError("the connection was closed")
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lower = head.lower()
        if b"content-length:" in lower:
            n = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
            while len(body) < n:
                body += self.sock.recv(65536) or self.closed()
        else:  # in chunks
            while not body.endswith(b"0\r\n\r\n"):
                body += self.sock.recv(65536) or self.closed()
        return int(head.split(b" ", 2)[1]), body

    @staticmethod
    def closed():
        raise OSError("the connection was closed in the middle of an answer")

    def one(self):
        begin = time.monotonic()
        try:
            status, body = self.ask()
        except OSError as e:
            if self.sock:
                self.sock.close()
            self.sock = None
            self.shared.add("broken", time.monotonic() - begin, str(e))
            time.sleep(0.2)
            return
        what = "refused" if status != 201 else "injected" if MARK in body else "bare"
        self.shared.add(what, time.monotonic() - begin, body.decode(errors="replace"))

    def run(self):
        due = self.shared.begin + self.number
        while not self.ended.is_set():
            now = time.monotonic()
            if due > now:
                self.ended.wait(due - now)
            self.one()
            due = max(due + self.step, now - 1.0)  # what is a second late is given up


def main():
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    folder, ns, pod_file, rate, threads, out = sys.argv[1:]
    rate, threads = float(rate), int(threads)
    tls = ssl.create_default_context(cafile=folder + "/pki/ca.crt")
    tls.load_cert_chain(folder + "/pki/admin.crt", folder + "/pki/admin.key")
    with open(folder + "/apiserver.port", encoding="ascii") as f:
        port = int(f.read())
    with open(pod_file, "rb") as f:
        body = f.read()
    request = ("POST /api/v1/namespaces/%s/pods?dryRun=All HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
               "Accept: application/json\r\nContent-Length: %d\r\n\r\n" % (ns, len(body))).encode() + body
    shared = Shared()
    clients = [Client(shared, tls, port, request, i / rate, threads / rate) for i in range(threads)]
    ended = threading.Event()
    for s in (signal.SIGTERM, signal.SIGINT):
        signal.signal(s, lambda *_: ended.set())
    for c in clients:
        c.start()
    while not ended.wait(1.0):
        shared.write(out)
    for c in clients:
        c.ended.set()
    for c in clients:
        c.join(15)
    shared.write(out)


main()
