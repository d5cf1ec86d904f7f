# SPDX-License-Identifier: Apache-2.0
"""What the built program says of itself."""
import json
import re
import subprocess


class Program:
    def __init__(self, binary):
        self.binary = binary
        self.commands = {}
        self.ask_help([])
        self.findings = {f['id']: f for f in json.loads(self.ask('explain', 'list', '-o', 'json'))}
        self.slugs = {f['slug']: i for i, f in self.findings.items()}
        topics = self.ask('explain', 'list')
        self.fields = set(re.findall(r'^  (?:GrafanaStack|TelemetryProfile) +(spec\S*)$', topics, re.M))
        self.keys = set(re.findall(r'otelgate\.dev/([a-z-]+)', self.ask('explain', 'annotations')))
        self.metrics = set(re.findall(r'\botelgate_[a-z0-9_]+', self.ask('gen-docs', 'metrics')))
        values = self.ask('gen-config', 'values-reference')
        self.values = set(re.findall(r'^\| `([A-Za-z.]+)` \|', values, re.M))
        # those that hold names of the user's own
        self.open = set(re.findall(r'^\| `([A-Za-z.]+)` \| (?:object|strings by name|resources) \|', values, re.M))
        self.open |= {'spec.sdk.resourceAttributes', 'spec.namespaceSelector', 'spec.workloadSelector'}
        self.status = set(re.findall(r'`((?:status|spec)\.[A-Za-z.]+)`', self.ask('gen-config', 'status')))
        stack = self.ask('gen-config', 'grafanastacks').split('\n          status:\n')[1]
        self.status |= {'status.' + f for f in re.findall(r'^ {14}([A-Za-z]+):$', stack, re.M)}
        for n in (self.findings, self.fields, self.keys, self.metrics, self.values):
            if len(n) < 8:
                raise SystemExit('docs-check: the program does not say what it has: its help has changed')

    def ask(self, *args):
        r = subprocess.run([self.binary, *args], capture_output=True, text=True, timeout=60, check=False)
        if r.returncode:
            raise SystemExit(f'docs-check: otelgate {" ".join(args)}: exit code {r.returncode}\n{r.stderr}')
        return r.stdout

    def ask_help(self, words):
        text = self.ask('help', *words)
        options = set(re.findall(r'(?<![\w-])--?[a-z][a-z0-9-]*|(?<![\w-])-[A-Za-z]\b', text))
        below = re.search(r'^Commands:\n((?:  .*\n)+)', text, re.M)
        names = re.findall(r'^  ([a-z][a-z ]*?)(?:  +\S.*)?$', below.group(1), re.M) if below else []
        if words and not below:
            self.commands[' '.join(words)] = options
        for name in names:
            if name.split()[:len(words)] == words and name != ' '.join(words):
                self.ask_help(name.split())
        if not words:
            self.common = options

    def all_options(self):
        return set().union(self.common, *self.commands.values())
