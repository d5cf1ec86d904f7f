# SPDX-License-Identifier: Apache-2.0
"""otelgate in the cluster: two webhook replicas behind one address, two controllers, and `missed`."""
import json
import os
import subprocess

from rig import E2E, HERE, Failed, Process, fetch, read_ports, samples, until

TOKEN_SECONDS = 30  # of each token's life, far below the API's least


class Replica(Process):
    """A process of ours with an ops port."""

    def __init__(self, ours, name, args, in_cluster):
        super().__init__(name, "%s/log/soak-%s.log" % (ours.cluster.dir, name))
        self.ours = ours
        self.ports_file = "%s/%s.ports" % (ours.work, name)
        self.args = args
        self.in_cluster = in_cluster
        self.page = ""  # the last metrics seen
        self.pages = []  # the last ones of former lives

    def run(self):
        if os.path.exists(self.ports_file):
            os.unlink(self.ports_file)
        account = self.ours.accounts[self.args[0]]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("KUBE", "OTELGATE"))}
        if self.in_cluster:  # as in a pod
            env.update(KUBERNETES_SERVICE_HOST="127.0.0.1", KUBERNETES_SERVICE_PORT=str(self.ours.cluster.port))
            where = ["--service-account-dir", account]
        else:
            where = ["--kubeconfig", account + "/kubeconfig"]
        if self.page:
            self.pages.append(self.page)
            self.page = ""
        self.start([self.ours.binary, *self.args, *where, "--ops-address", "127.0.0.1", "--ops-port", "0",
                    "--ports-file", self.ports_file, "--log-format", "json"], env)

    def ports(self):
        return read_ports(self.ports_file)

    def up(self):
        """Its ports; it has to be running."""
        if not self.pid:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                raise Failed("%s ended: %s" % (self.name, f.read()[-600:]))
        return self.ports()

    def get(self, path):
        port = self.ports().get("ops")
        return fetch(port, path) if self.pid and port else None

    def scrape(self):
        page = self.get("/metrics")
        if page:
            self.page = page

    def metric(self, name):
        return sum(v for (n, _), v in samples(self.page, name).items() if n == name)


class Ours:
    def __init__(self, cluster, binary, work):
        self.cluster, self.binary, self.work = cluster, binary, work
        self.accounts = {}
        self.service = Process("service", work + "/service.log")
        self.service_log = work + "/service.log"
        self.endpoints_file = work + "/endpoints"
        self.cut = False
        webhook = ["webhook", "--address", "127.0.0.1", "--port", "0", "--tls-name", "127.0.0.1",
                   "--shutdown-delay", "2s"]
        self.replicas = [Replica(self, "webhook-a", webhook, True), Replica(self, "webhook-b", webhook, False)]
        # A controller that cannot renew its lease ends, and is started again as the kubelet would do it;
        # the one without a lease lives on.
        self.controller = Replica(self, "controller", ["controller"], True)
        self.observer = Replica(self, "observer", ["controller", "--no-lease"], False)
        self.processes = [*self.replicas, self.controller, self.observer]

    def install(self):
        """Service, objects and rights, short-lived tokens."""
        self.endpoints()
        self.service.start(["python3", HERE + "/service.py", self.work + "/service.port", self.endpoints_file])
        port = until(20, "the service does not listen", lambda: read_ports(self.work + "/service.port"))["service"]
        env = dict(os.environ, KUBECONFIG=self.cluster.dir + "/kubeconfig/admin",
                   PATH=self.cluster.bin + ":" + os.environ["PATH"])
        r = subprocess.run([HERE + "/install", str(port)], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        if r.returncode != 0:
            raise Failed("install: " + r.stdout[-800:])
        for name in ("webhook", "controller"):
            self.accounts[name] = self.cluster.script("sa", "otelgate", "otelgate-" + name, "--ttl", str(TOKEN_SECONDS))
        self.accounts["reader"] = self.cluster.script("sa", "otelgate", "reader", "--ttl", str(TOKEN_SECONDS))

    def start(self):
        for p in self.processes:
            p.run()
        for p in self.processes:
            until(60, p.name + " does not serve", p.up)
        self.endpoints()
        for p in self.processes:
            until(60, p.name + " is not ready: %s" % p.get("/readyz?verbose"), lambda p=p: p.get("/readyz"))

    def endpoints(self):
        """Tells the service who is there."""
        lines = []
        for r in self.replicas:
            ports = r.ports() if r.pid and not self.cut else {}
            if "admission" in ports and "ops" in ports:
                lines.append("%s %d %d\n" % (r.name, ports["admission"], ports["ops"]))
        with open(self.endpoints_file + ".new", "w", encoding="ascii") as f:
            f.writelines(lines)
        os.rename(self.endpoints_file + ".new", self.endpoints_file)

    def pids(self):
        return {p.name: p.pid for p in self.processes}

    def ready_names(self):
        """Who the service says is ready."""
        last = ""
        with open(self.service_log, encoding="ascii") as f:
            for line in f:
                if " ready" in line:
                    last = line
        return last.split()[2:]

    def missed(self):
        """The answer of `otelgate missed`."""
        r = subprocess.run([self.binary, "missed", "-A", "-o", "json", "--kubeconfig",
                            self.accounts["reader"] + "/kubeconfig"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=90, check=False)
        if r.returncode != 0:
            raise Failed("otelgate missed: exit code %d: %s" % (r.returncode, r.stderr[-500:]))
        return json.loads(r.stdout)

    def stop(self):
        """{name: exit code} of an orderly end."""
        for p in self.processes:
            p.terminate()
        return {p.name: p.stop() for p in self.processes}


def by_workload(rows):
    """Of rows of missed workloads: {(namespace, name): [pods, examples, reasons]}."""
    found = {}
    for row in rows:
        entry = found.setdefault((row["namespace"], row["name"]), [0, set(), set()])
        entry[0] += row["pods"]
        entry[1] |= set(row["examples"])
        entry[2].add(row["reason"])
    return found


OG_BIN = os.path.realpath(os.environ.get("OG_BIN", os.path.join(os.path.dirname(os.path.dirname(E2E)), "build/otelgate")))
