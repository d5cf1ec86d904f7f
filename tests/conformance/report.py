# SPDX-License-Identifier: Apache-2.0
"""report.py <otelgate> <schema>: the forms of `otelgate audit` under readers that others wrote."""
import csv
import io
import json
import subprocess
import sys
import xml.etree.ElementTree

import html5lib
import jsonschema
import yaml
from prometheus_client.parser import text_string_to_metric_families
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

CASES = [
    ["-f", "tests/cli/shared/dump.yaml", "-c", "tests/cli/shared/otelgate.yaml", "--fail-on", "error"],
    ["-f", "tests/cli/shared/hostile.yaml", "-c", "tests/cli/shared/otelgate.yaml", "--min-score", "10"],
    ["-f", "tests/cli/shared/dump.yaml"],
    ["-f", "tests/cli/shared/otelgate.yaml"],
]


def run(binary, case, form):
    done = subprocess.run([binary, "audit", *case, "-o", form], capture_output=True, timeout=60, check=False)
    assert done.returncode in (0, 1, 3), (done.returncode, done.stderr)
    return done.stdout.decode("utf-8")


def main():
    binary, schema = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for case in CASES:
        report = json.loads(run(binary, case, "json"))
        jsonschema.Draft202012Validator(schema).validate(report)
        names = {(w["namespace"], w["name"]) for w in report["workloads"]}
        assert yaml.safe_load(run(binary, case, "yaml"))["workloads"] == report["workloads"]

        families = list(text_string_to_metric_families(run(binary, case, "prometheus")))
        assert any(f.name == "otelgate_audit_info" for f in families)
        series = [(s.name, tuple(sorted(s.labels.items()))) for f in families for s in f.samples]
        assert len(series) == len(set(series)), "a series twice"

        rows = list(csv.DictReader(io.StringIO(run(binary, case, "csv"), newline="")))
        assert len(rows) == len(names) and all(None not in r and None not in r.values() for r in rows)

        suites = xml.etree.ElementTree.fromstring(run(binary, case, "junit"))
        for suite in suites:
            cases = suite.findall("testcase")
            assert int(suite.get("tests")) == len(cases)
            assert int(suite.get("failures")) == sum(c.find("failure") is not None for c in cases)
            assert int(suite.get("skipped")) == sum(c.find("skipped") is not None for c in cases)

        text = run(binary, case, "sarif")
        Sarif.model_validate_json(text)
        log = json.loads(text)
        rules = {r["id"] for r in log["runs"][0]["tool"]["driver"]["rules"]}
        assert {r["ruleId"] for r in log["runs"][0]["results"]} == rules

        page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(run(binary, case, "html"))
        drawers = [d for d in page.iter("details") if d.get("class", "").split()[0] == "w"]
        assert len(drawers) == len(names), "a drawer for each workload"
        assert all(a.get("href", "").startswith("https://") for a in page.iter("a"))
        ids = [e.get("id") for e in page.iter() if e.get("id")]
        assert len(ids) == len(set(ids)), "an id twice"
    print(f"conformance: {len(CASES)} reports: JSON Schema, YAML, Prometheus, CSV, JUnit, SARIF, HTML")


main()
