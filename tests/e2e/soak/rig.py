# SPDX-License-Identifier: Apache-2.0
"""The cluster, our processes in it, and requests to the API server as its administrator."""
import ctypes
import http.client
import json
import os
import signal
import ssl
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
E2E = os.path.dirname(HERE)
ROOT = os.path.dirname(os.path.dirname(E2E))
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """Something that has to work did not."""


def until(seconds, what, look, pause=0.05):
    """Looks again and again until something true comes, at most that long."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed("after %d s: %s" % (seconds, what))
        time.sleep(pause)


class Cluster:
    def __init__(self, folder):
        self.dir = folder
        self.local = threading.local()
        self.tls = None

    def script(self, *args, check=True, timeout=180):
        r = subprocess.run([E2E + "/cluster", "--dir", self.dir, *args], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           timeout=timeout, check=False)
        if check and r.returncode != 0:
            raise Failed("cluster %s: %s" % (" ".join(args), (r.stderr or r.stdout).strip()[-800:]))
        return r.stdout.strip()

    def up(self, *flags):
        self.script("up", "--owner", str(os.getpid()), "--", *flags)
        self.tls = ssl.create_default_context(cafile=self.dir + "/pki/ca.crt")
        self.tls.load_cert_chain(self.dir + "/pki/admin.crt", self.dir + "/pki/admin.key")
        with open(self.dir + "/apiserver.port", encoding="ascii") as f:
            self.port = int(f.read())
        with open(self.dir + "/tools", encoding="utf-8") as f:
            self.bin = f.read().strip()

    def pid(self, name):
        with open("%s/run/%s.pid" % (self.dir, name), encoding="ascii") as f:
            return int(f.read().split()[0])

    def kubectl(self, *args, given=None, check=True):
        r = subprocess.run([self.bin + "/kubectl", "--kubeconfig", self.dir + "/kubeconfig/admin", *args],
                           input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           timeout=120, check=False)
        if check and r.returncode != 0:
            raise Failed("kubectl %s: %s" % (" ".join(args), r.stderr.strip()[-800:]))
        return r.stdout

    def _connection(self):
        c = getattr(self.local, "connection", None)
        if c is None:
            c = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=20)
            self.local.connection = c
        return c

    def request(self, method, path, body=None, kind="application/json"):
        """(status, bytes). OSError or HTTPException when the API server is away."""
        c = self._connection()
        headers = {"Content-Type": kind} if body is not None else {}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        try:
            c.request(method, path, body=body, headers=headers)
            r = c.getresponse()
            return r.status, r.read()
        except (OSError, http.client.HTTPException):
            c.close()
            self.local.connection = None
            raise

    def ask(self, method, path, body=None, kind="application/json"):
        """The answer, or None when the API server is away or refuses."""
        try:
            status, data = self.request(method, path, body, kind)
        except (OSError, http.client.HTTPException):
            return None
        if status >= 400:
            return None
        return json.loads(data) if data[:1] == b"{" else data

    def merge(self, path, patch):
        return self.ask("PATCH", path, patch, "application/merge-patch+json")

    def need(self, method, path, body=None, kind="application/json"):
        status, data = self.request(method, path, body, kind)
        if status >= 400:
            raise Failed("%s %s: %d %s" % (method, path, status, data[:500].decode(errors="replace")))
        return json.loads(data)


def _die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One of ours. It ends with this process, whatever becomes of it."""

    def __init__(self, name, log):
        self.name = name
        self.log = log
        self.child = None
        self.told = False

    def start(self, args, env=None):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=env, preexec_fn=_die_with_parent)
        self.told = False

    @property
    def pid(self):
        return self.child.pid if self.child and self.child.poll() is None else None

    def kill(self):
        if self.pid:
            self.child.kill()
        if self.child:
            self.child.wait(10)

    def terminate(self):
        """Once: a second signal would not wait for what is in progress."""
        if self.pid and not self.told:
            self.told = True
            self.child.terminate()

    def stop(self, seconds=40):
        """0 when it ended in order."""
        if not self.child:
            return 0
        self.terminate()
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return -1


def read_ports(file):
    try:
        with open(file, encoding="ascii") as f:
            return {k: int(v) for k, v in (line.strip().split("=") for line in f if "=" in line)}
    except (OSError, ValueError):
        return {}


def fetch(port, path, timeout=5):
    """The body of a page of an ops port; None when it does not answer 200."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        c.request("GET", path)
        r = c.getresponse()
        body = r.read().decode()
        return body if r.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        c.close()


def samples(text, prefix):
    """Of a metrics page: {(name, ((label, value), ...)): number} of what begins like that."""
    found = {}
    for line in (text or "").splitlines():
        if not line.startswith(prefix):
            continue
        head, _, value = line.rpartition(" ")
        name, _, labels = head.partition("{")
        pairs = []
        for part in labels.rstrip("}").split('",'):
            k, _, v = part.partition("=")
            if k:
                pairs.append((k.strip(" ,"), v.strip('"')))
        try:
            found[name, tuple(sorted(pairs))] = float(value)
        except ValueError:
            continue
    return found
