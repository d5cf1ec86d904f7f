# SPDX-License-Identifier: Apache-2.0
"""The two clusters a soak runs on, with the same face: the simulator, and a real control plane."""
import base64
import http.client
import json
import os
import re
import ssl

from rig import ROOT, Cluster, Process, until

ACCOUNT = "system:serviceaccount:otelgate:otelgate-"
WRITES = ("create", "update", "patch", "delete", "deletecollection")
QUIETLY = ("leases", "events")  # written by the clock and by what others do


class Sim(Cluster):
    """tests/sim as a process."""

    def up(self, *_):
        os.makedirs(self.dir + "/log")
        base = ROOT + "/manifests/"
        args = [os.environ["OG_SIM"], "--port-file", self.dir + "/apiserver.port", "--kubeconfig-out",
                self.dir + "/kubeconfig", "--token", "soak", "--crds", base + "crds"]
        for file in ("base/namespace.yaml", "base/rbac-webhook.yaml", "base/rbac-controller.yaml", "restarts/rbac.yaml"):
            args += ["--apply", base + file]
        for sa in ("webhook", "controller"):
            args += ["--user", ACCOUNT + sa + "=token-" + sa + ":system:serviceaccounts,system:authenticated"]
        self.server = Process("sim", self.dir + "/log/sim.log")
        self.server.start(args)
        until(30, "the simulator does not start", lambda: os.path.exists(self.dir + "/apiserver.port"))
        with open(self.dir + "/kubeconfig", encoding="utf-8") as f:
            self.ca = base64.b64decode(re.search(r'certificate-authority-data: "?([^"\n]*)', f.read())[1]).decode()
        self.tls = ssl.create_default_context(cadata=self.ca)
        with open(self.dir + "/apiserver.port", encoding="ascii") as f:
            self.port = int(f.read())
        self.seen = ""
        for n in range(3):
            name = "node-%d" % n
            self.need("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}}})

    def request(self, method, path, body=None, kind="application/json"):
        c = self._connection()
        headers = {"Authorization": "Bearer soak"}
        if body is not None:
            headers["Content-Type"] = kind
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        try:
            c.request(method, path, body=body, headers=headers)
            r = c.getresponse()
            return r.status, r.read()
        except (OSError, http.client.HTTPException):
            c.close()
            self.local.connection = None
            raise

    def account(self, sa):
        folder = "%s/sa-%s" % (self.dir, sa)
        os.makedirs(folder)
        for name, text in (("token", "token-" + sa), ("namespace", "otelgate"), ("ca.crt", self.ca)):
            with open(folder + "/" + name, "w", encoding="ascii") as f:
                f.write(text)
        return folder

    def restart(self, rng):
        lose = rng.random() < 0.3
        self.ask("POST", "/sim/restart", {"downMs": rng.randint(200, 4000), "loseHistory": lose, "rvJump": 0})
        return "loses its history" if lose else "restarts"

    def written(self):
        """Writes of the controller since the last call: (time, verb, resource, path, code)."""
        status, data = self.request("GET", "/sim/requests")
        found = []
        for r in json.loads(data)["requests"] if status == 200 else []:
            if r.get("user") != ACCOUNT + "controller" or r["time"] <= self.seen or r["verb"] not in WRITES:
                continue
            found.append((r["time"], r["verb"], r["resource"], r["path"].split("?")[0], r["code"]))
        if found:
            self.seen = max(f[0] for f in found)
        return [f for f in found if f[2] not in QUIETLY]

    def down(self):
        self.server.stop(10)


class Real(Cluster):
    """tests/e2e/cluster."""

    def up(self, *flags):
        super().up(*flags)
        self.kubectl("apply", "-k", ROOT + "/manifests/base")
        self.kubectl("apply", "-k", ROOT + "/manifests/restarts")
        self.kubectl("delete", "mutatingwebhookconfiguration", "otelgate")
        self.kubectl("delete", "deployments", "-n", "otelgate", "--all")
        until(60, "a definition is not served", self.defined)
        self.at = 0

    def defined(self):
        """`kubectl wait` fails when one has no conditions at all yet."""
        found = json.loads(self.kubectl("get", "crd", "-o", "json"))["items"]
        return all(any(c["type"] == "Established" and c["status"] == "True"
                       for c in crd.get("status", {}).get("conditions") or []) for crd in found)

    def account(self, sa):
        return self.script("sa", "otelgate", "otelgate-" + sa)

    def restart(self, rng):
        kill = ["--kill"] if rng.random() < 0.5 else []
        self.script("restart-apiserver", *kill)
        return "is killed" if kill else "restarts"

    def written(self):
        found = []
        with open(self.dir + "/log/audit.log", "rb") as f:
            f.seek(self.at)
            for line in f:
                if not line.endswith(b"\n"):
                    break
                self.at += len(line)
                if b"otelgate-controller" not in line:
                    continue
                e = json.loads(line)
                o = e.get("objectRef", {})
                if e["user"]["username"] != ACCOUNT + "controller" or e["verb"] not in WRITES or e["stage"] != "ResponseComplete":
                    continue
                found.append((e["requestReceivedTimestamp"], e["verb"], o.get("resource", ""), e["requestURI"].split("?")[0],
                              e.get("responseStatus", {}).get("code", 0)))
        return [f for f in found if f[2] not in QUIETLY]

    def down(self):
        self.script("down", check=False)


def everything(cluster):
    """Every object of every listable kind, by (resource, namespace, name)."""
    found = {}
    groups = [("/api/v1", "")]
    for g in cluster.need("GET", "/apis")["groups"]:
        groups.append(("/apis/" + g["preferredVersion"]["groupVersion"], g["name"]))
    for path, group in groups:
        for r in cluster.need("GET", path)["resources"]:
            if "/" in r["name"] or "list" not in r.get("verbs", []):
                continue
            if group == "events.k8s.io" or r["name"] in ("events", "componentstatuses"):
                continue
            # 429: the storage of a new definition is not ready
            _, data = until(30, "%s/%s is not listed" % (path, r["name"]), lambda p=path, n=r["name"]:
                                 (lambda a: a if a[0] == 200 else None)(cluster.request("GET", "%s/%s" % (p, n))), 0.3)
            for o in json.loads(data).get("items") or []:
                m = o["metadata"]
                o.setdefault("kind", r["kind"])
                found[r["name"] + ("." + group if group else ""), m.get("namespace", ""), m["name"]] = o
    return found
