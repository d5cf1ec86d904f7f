# SPDX-License-Identifier: Apache-2.0
"""Fenced blocks: commands are run or marked, YAML is read by the program."""
import atexit
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from docscheck.names import Names

OURS = ('GrafanaStack', 'TelemetryProfile')
WORKLOADS = ('Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob', 'Rollout')
LANGUAGES = ('sh', 'console', 'yaml', 'json', 'text', '', 'diff', 'c', 'make')  # none: text


class Checker(Names):
    def blocks(self, page):
        if not page.blocks:
            return
        with tempfile.TemporaryDirectory(prefix='docs-check-') as work:
            self.folder(work, page)
            for b in page.blocks:
                if b.lang not in LANGUAGES:
                    self.fail(page, b.line, f'"{b.lang}" is none of {", ".join(filter(None, LANGUAGES))}')
                elif b.lang in ('sh', 'console'):
                    self.shell(page, b, work)
                elif b.lang == 'yaml':
                    self.yaml(page, b, work)
                elif b.lang in ('text', ''):
                    for i, l in enumerate(b.text.split('\n'), 1):
                        if re.match(r'\s*(\$ |(kubectl|helm|otelgate|make) +[a-z-])', l):
                            self.fail(page, b.line + i, 'a command in a block of text: make it sh or console')

    def folder(self, work, page):
        """The folder that a page's commands are run in; that of an example is a copy of the example."""
        own = os.path.dirname(page.path)
        example = os.path.dirname(own) == os.path.join(self.root, 'examples')
        shutil.copytree(own if example else os.path.join(self.root, 'tests/docs/fixture'), work, dirs_exist_ok=True)
        os.symlink(os.path.join(self.root, 'examples'), os.path.join(work, 'examples'))
        os.mkdir(os.path.join(work, '.bin'))
        for name in ('otelgate', 'kubectl-otelgate'):
            os.symlink(self.program.binary, os.path.join(work, '.bin', name))

    def simulator(self):
        """The kubeconfig of a simulated cluster with tests/docs/cluster.yaml in it, started when first wanted."""
        if not self.simulated:
            program = os.path.join(os.path.dirname(self.program.binary), 'sim-apiserver')
            folder = tempfile.mkdtemp(prefix='docs-check-')
            process = subprocess.Popen([program, '--kubeconfig-out', os.path.join(folder, 'kubeconfig'), '--port-file',
                                        os.path.join(folder, 'port'), '--crds', os.path.join(self.root, 'manifests/crds'),
                                        '--apply', os.path.join(self.root, 'tests/docs/cluster.yaml')],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.simulated = (process, folder)
            atexit.register(self.end_simulator)
            deadline = time.monotonic() + 60
            while not self.has_pods(folder):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit('docs-check: the simulated cluster does not start')
                time.sleep(0.05)
        return os.path.join(self.simulated[1], 'kubeconfig')

    def has_pods(self, folder):
        """It serves, and its controllers have made the pods of the workload."""
        if not os.path.exists(os.path.join(folder, 'port')):
            return False
        r = subprocess.run([self.program.binary, 'missed', '-A', '-o', 'json', '--kubeconfig',
                            os.path.join(folder, 'kubeconfig')], capture_output=True, text=True, timeout=60, check=False)
        return r.returncode == 0 and r.stdout.count('"web-') >= 3

    def end_simulator(self):
        process, folder = self.simulated
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder)

    def tryout(self):
        """The folder and the environment of `scripts/demo --shell`, started when first wanted."""
        if not self.tried:
            built = os.path.dirname(self.program.binary)
            ready, tell = os.pipe()
            env = {k: v for k, v in os.environ.items() if k not in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL')}
            process = subprocess.Popen([os.path.join(self.root, 'scripts/demo'), '--shell', 'sh', '-c',
                                        f'{{ pwd; echo "$KUBECONFIG"; echo "$PATH"; }} >&{tell}; exec {tell}>&-; read -r end || :'],
                                       env={**env, 'OG_BUILT': built}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                       pass_fds=(tell,))
            os.close(tell)
            self.tried = (process, ready)
            atexit.register(self.end_tryout)
            with os.fdopen(ready) as f:
                said = [f.readline().rstrip('\n') for _ in range(3)]
            if not said[2]:
                raise SystemExit('docs-check: scripts/demo --shell does not start')
            self.tried = (process, said[0], {'KUBECONFIG': said[1], 'PATH': said[2]})
        return self.tried[1:]

    def end_tryout(self):
        self.tried[0].stdin.close()
        self.tried[0].wait(timeout=60)

    def run(self, work, script, more):
        env = {'PATH': os.path.join(work, '.bin') + ':' + os.environ.get('PATH', '/usr/bin:/bin'), 'HOME': work,
               'LC_ALL': 'C.UTF-8', 'TERM': 'dumb', 'TZ': 'UTC', **more}
        return subprocess.run(['sh', '-euc', script], cwd=work, env=env, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, check=False)

    def shell(self, page, b, work):
        commands = b.text
        if b.lang == 'console':
            if not b.text.startswith('$ '):
                self.fail(page, b.line, 'a console block begins with "$ " and a command')
                return
            commands = ''.join(l[2:] + '\n' for l in b.text.split('\n') if l.startswith('$ '))
        self.command_line(page, b.line, commands)
        if ('run' in b.marks) == ('not run' in b.marks):
            self.fail(page, b.line, 'commands that are neither run nor marked: <!-- run: offline --> or '
                      '<!-- not run: REASON -->')
        elif 'not run' in b.marks:
            self.count['marked'] += 1
            r = subprocess.run(['sh', '-n'], input=commands, capture_output=True, text=True, check=False)
            if r.returncode:
                self.fail(page, b.line, f'no shell can read it: {r.stderr.strip()}')
        else:
            how = re.fullmatch(r'(offline|simulated|tried out)(?:, exit (\d+))?', b.marks['run'])
            if not how:
                self.fail(page, b.line, f'"run: {b.marks["run"]}" is not known')
            else:
                more = {'KUBECONFIG': self.simulator()} if how.group(1) == 'simulated' else {}
                if how.group(1) == 'tried out':
                    work, more = self.tryout()
                self.execute(page, b, work, commands, int(how.group(2) or 0), more)

    def execute(self, page, b, work, commands, code, more):
        self.count['run'] += 1
        steps = [(commands, None)]
        if b.lang == 'console':
            steps = [('\n'.join(part.split('\n')[:1]), '\n'.join(part.split('\n')[1:]))
                     for part in re.split(r'(?:^|\n)\$ ', b.text.rstrip('\n'))[1:]]
        for i, (script, want) in enumerate(steps):
            r = self.run(work, script, more)
            wanted = code if i == len(steps) - 1 else 0
            if r.returncode != wanted:
                self.fail(page, b.line, f'exit code {r.returncode}, not {wanted}: {script.strip()}\n{r.stderr.rstrip()}')
            elif want is not None:
                got = [l.rstrip() for l in (r.stdout + r.stderr).rstrip('\n').split('\n')]
                if not same(want.rstrip('\n').split('\n'), got):
                    self.fail(page, b.line, f'prints something else: {script}\n' + '\n'.join(got))

    # -- YAML -------------------------------------------------------------------------------------

    def parse(self, page, b):
        with tempfile.TemporaryDirectory(prefix='docs-check-') as t:
            path = os.path.join(t, 'block.yaml')
            with open(path, 'w', encoding='utf-8') as f:
                f.write(b.text)
            r = subprocess.run([self.program.binary, 'inject', '-f', path, '-o', 'json', '-q', '--config',
                                os.path.join(self.root, 'tests/docs/fixture/otelgate')],
                               capture_output=True, text=True, timeout=60, check=False)
        if r.returncode:
            self.fail(page, b.line, 'not read: ' + r.stderr.strip())
            return []
        docs, at, decoder = [], 0, json.JSONDecoder()
        while r.stdout[at:].strip():
            at += len(r.stdout[at:]) - len(r.stdout[at:].lstrip())
            doc, at = decoder.raw_decode(r.stdout, at)
            docs.append(doc)
        return docs

    def yaml(self, page, b, work):
        self.count['yaml'] += 1
        if 'file' in b.marks:
            path = os.path.join(work, b.marks['file'])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as f:
                f.write(b.text)
        docs = self.parse(page, b)
        part = b.marks.get('part of')
        wrong = b.marks.get('wrong')
        if part == 'other':
            return
        if part:
            docs = [d for doc in docs for d in self.whole(page, b, part, doc)]
        ours = [d for d in docs if isinstance(d, dict) and d.get('kind') in OURS]
        said = self.config(ours) if ours else ''
        for d in docs:
            if not isinstance(d, dict) or 'kind' not in d:
                self.fail(page, b.line, 'no Kubernetes object: say what it is, <!-- part of: KIND -->')
            elif d['kind'] in WORKLOADS:
                said += self.workload(d)
        if wrong and wrong not in said:
            self.fail(page, b.line, f'{wrong} was expected: {said or "nothing is wrong with it"}')
        elif said and not wrong:
            self.fail(page, b.line, said)

    def whole(self, page, b, part, doc):
        """The objects that a part of one stands for."""
        head = {'apiVersion': 'otelgate.dev/v1alpha1', 'metadata': {'name': 'part'}}
        if part == 'values':
            for key in doc:
                if key in ('stacks', 'profiles'):
                    kind = OURS[key == 'profiles']
                    for name, spec in doc[key].items():
                        yield {**head, 'kind': kind, 'metadata': {'name': name}, 'spec': spec}
                else:
                    for dotted in leaves(doc[key], key):
                        if not any(dotted == v or dotted.startswith(v + '.') for v in self.program.values):
                            self.fail(page, b.line, f'{dotted} is no value of the chart')
        elif part in OURS:
            yield {**head, 'kind': part, 'spec': doc.get('spec', doc)}
        elif part in WORKLOADS or part in ('annotations', 'Namespace'):
            container = {'name': 'app', 'image': 'registry.example.com/app:1.0.0'}
            spec = {'template': {'metadata': {}, 'spec': {'containers': [container]}}}
            whole = {'apiVersion': 'apps/v1', 'kind': 'Deployment', 'metadata': {'name': 'part'}, 'spec': spec}
            if part == 'annotations':
                doc = {'spec': {'template': {'metadata': {'annotations': doc}}}}
            yield merge(whole, doc)
        else:
            self.fail(page, b.line, f'"part of: {part}" is not known')

    def config(self, docs):
        stacks = {d['metadata']['name'] for d in docs if d['kind'] == 'GrafanaStack'}
        for d in list(docs):
            name = d.get('spec', {}).get('stack')
            if d['kind'] == 'TelemetryProfile' and name not in stacks:
                docs = docs + [{'apiVersion': d['apiVersion'], 'kind': 'GrafanaStack',
                                'metadata': {'name': name or 'main'},
                                'spec': {'receiver': {'endpoint': 'http://alloy.monitoring.svc:4318',
                                                      'endpoints': {'profiles': 'http://alloy.monitoring.svc:4040'}}}}]
                stacks.add(name)
        return self.judge(docs, 'config', 'check')

    def workload(self, doc):
        return self.judge([doc], 'explain', '-o', 'json', '--config', os.path.join(self.root, 'tests/docs/fixture/otelgate'),
                          '-f')

    def judge(self, docs, *command):
        """Empty when the program finds nothing to say, else what it says."""
        with tempfile.TemporaryDirectory(prefix='docs-check-') as t:
            for i, d in enumerate(docs):
                with open(os.path.join(t, f'{i}.json'), 'w', encoding='utf-8') as f:
                    json.dump(d, f)
            r = subprocess.run([self.program.binary, *command, t], capture_output=True, text=True, timeout=60,
                               check=False)
        if r.returncode or command[0] != 'explain':
            return (r.stdout + r.stderr).strip() if r.returncode else ''
        said = [f for w in json.loads(r.stdout) for f in w['findings']]
        return '\n'.join(f'{f["id"]} {f["place"]}: {f["detail"]}' for f in said if f['severity'] != 'info')

    def check(self, page):
        self.links(page)
        self.finding_ids(page)
        self.names(page)
        self.blocks(page)


def leaves(value, at):
    if isinstance(value, dict) and value:
        for k, v in value.items():
            yield from leaves(v, f'{at}.{k}')
    else:
        yield at


def merge(into, doc):
    for k, v in doc.items():
        if isinstance(v, dict) and isinstance(into.get(k), dict):
            merge(into[k], v)
        else:
            into[k] = v
    return into


def revision(text):
    """Revisions are hashes of all that shaped a pod, and change with the program."""
    return re.sub(r'\b[0-9a-f]{11,12}\b', 'REVISION', text)


def same(want, got):
    """Whether the lines are those wanted; … stands for anything."""
    if not want:
        return not got
    if want[0].strip() == '…':
        return any(same(want[1:], got[i:]) for i in range(len(got) + 1))
    if not got:
        return False
    pattern = '.*'.join(re.escape(revision(p)) for p in want[0].rstrip().split('…'))
    return bool(re.fullmatch(pattern, revision(got[0]))) and same(want[1:], got[1:])
