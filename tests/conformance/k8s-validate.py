#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Injected examples under PyPI kubernetes-validate --strict, for two Kubernetes versions.

usage: k8s-validate.py OTELGATE MINIMUM CONFIG... -- MANIFEST...

Each workload that is valid before injection has to be valid after it. What a terse example leaves
out (a selector) is put in first, so that it can be valid at all.
"""
import json
import os
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml

VERSIONS = ("1.37.0", "1.31.0")
KINDS = {"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob",
         "ReplicationController"}
NEED_SELECTOR = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}


def complete(o):
    if o["kind"] in NEED_SELECTOR:
        o.setdefault("spec", {}).setdefault("selector", {"matchLabels": {"app": "x"}})
    if o["kind"] == "StatefulSet":
        o["spec"].setdefault("serviceName", "x")
    if o["kind"] == "CronJob":
        o.setdefault("spec", {}).setdefault("schedule", "0 0 * * *")
    return o


def problem(o, version):
    try:
        kubernetes_validate.validate(o, version, strict=True)
    except kubernetes_validate.ValidationError as e:
        return "%s: %s" % ("/".join(str(p) for p in e.path), e.message[:200])
    return None


def load(path):
    try:
        with open(path, encoding="utf-8") as f:
            docs = list(yaml.safe_load_all(f))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return []
    flat = []
    for d in docs:
        flat += d.get("items") or [] if isinstance(d, dict) and d.get("kind") == "List" else [d]
    return [complete(d) for d in flat
            if isinstance(d, dict) and d.get("kind") in KINDS and isinstance(d.get("spec"), dict)]


def inject(binary, config, o, folder):
    path = os.path.join(folder, "object.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(o, f)
    p = subprocess.run([binary, "inject", "--config", config, "-f", path, "-o", "json"],
                       capture_output=True, text=True, timeout=20, check=False)
    if p.returncode:
        return None
    return json.loads(p.stdout)


def main():
    cut = sys.argv.index("--")
    binary, minimum, configs = sys.argv[1], int(sys.argv[2]), sys.argv[3:cut]
    valid = injected = refused = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in sys.argv[cut + 1:]:
            for o in load(path):
                if problem(o, VERSIONS[0]) or problem(o, VERSIONS[1]):
                    continue
                valid += 1
                for config in configs:
                    after = inject(binary, config, o, folder)
                    if after is None:
                        refused += 1
                        continue
                    if after == o:
                        continue
                    injected += 1
                    for version in VERSIONS:
                        why = problem(after, version)
                        if why:
                            failed += 1
                            print("%s with %s, Kubernetes %s: %s" % (path, config, version, why))
    print("kubernetes-validate --strict (%s): %d objects, %d injected results, %d refused, "
          "%d invalid" % (", ".join(VERSIONS), valid, injected, refused, failed))
    if injected < minimum:
        print("fewer than %d injected results" % minimum)
    return 1 if failed or injected < minimum else 0


sys.exit(main())
