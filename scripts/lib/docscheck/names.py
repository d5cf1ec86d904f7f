# SPDX-License-Identifier: Apache-2.0
"""Links, findings, commands and names: what can be looked up without running anything."""
import functools
import glob
import os
import re

from docscheck.page import LINK, Page

FOLDERS = ('src', 'tests', 'scripts', 'mk', 'charts', 'manifests', 'examples', 'include', 'docs', 'man',
           'completions')


@functools.lru_cache
def make_targets(root):
    found = set()
    for mk in [os.path.join(root, 'Makefile'), *glob.glob(os.path.join(root, 'mk/*.mk'))]:
        with open(mk, encoding='utf-8') as f:
            found.update(w for l in f for m in re.findall(r'^([a-z][\w -]*?)\s*:(?!=)', l) for w in m.split())
    return found


@functools.lru_cache
def source_keys(root):
    """Keys under otelgate.dev/ that the program writes itself."""
    found = set()
    for path in glob.glob(os.path.join(root, 'include/otelgate/*/*.h')) + glob.glob(os.path.join(root, 'src/*/*.c')):
        with open(path, encoding='utf-8') as f:
            found.update(re.findall(r'(?:otelgate\.dev/|OG_PREFIX\s*")([a-z0-9-]+)', f.read()))
    return found


class Names:
    def __init__(self, program, root):
        self.program, self.root = program, root
        self.count = {'links': 0, 'findings': 0, 'commands': 0, 'names': 0, 'run': 0, 'yaml': 0, 'marked': 0}
        self.failures, self.pages, self.simulated, self.tried = [], {}, None, None
        with open(os.path.join(root, 'tests/docs/foreign'), encoding='utf-8') as f:
            self.foreign = {l.split()[0] for l in f if l.strip() and not l.startswith('#')}
        self.targets, self.source_keys = make_targets(root), source_keys(root)

    def fail(self, page, line, text):
        self.failures.append(f'{os.path.relpath(page.path, self.root)}:{line}: {text}')

    def page(self, path):
        path = os.path.realpath(path)
        if path not in self.pages:
            self.pages[path] = Page(path)
        return self.pages[path]

    # -- links ------------------------------------------------------------------------------------

    def links(self, page):
        for n, line in page.prose:
            for target in LINK.findall(re.sub(r'`[^`]*`', '', line)):
                if re.match(r'[a-z]+:', target):
                    continue
                self.count['links'] += 1
                name, _, anchor = target.partition('#')
                path = os.path.join(os.path.dirname(page.path), name) if name else page.path
                if not os.path.exists(path):
                    self.fail(page, n, f'link to {name}, which is not there')
                elif anchor and not (path.endswith('.md') and anchor in self.page(path).anchors):
                    self.fail(page, n, f'link to {target}: no such heading')

    def reached(self, start):
        """Pages that links lead to, from this one on; a link to a folder leads to its README."""
        found, todo = set(), [start]
        while todo:
            path = os.path.realpath(todo.pop())
            if os.path.isdir(path):
                path = os.path.join(path, 'README.md')
            if path in found or not path.endswith('.md') or not os.path.exists(path):
                continue
            found.add(path)
            for _, line in self.page(path).prose:
                names = [t.partition('#')[0] for t in LINK.findall(line) if not re.match(r'[a-z]+:', t)]
                todo += [os.path.join(os.path.dirname(path), n) for n in names if n]
        return found

    # -- findings ---------------------------------------------------------------------------------

    def finding_ids(self, page):
        text = [(n, l) for n, l in page.prose]
        text += [(b.line, b.text) for b in page.blocks]
        for n, line in text:
            for m in re.finditer(r'\bOG(\d{3})\b`?(?: +`?([a-z]+\.[a-z-]+)\b)?', line):
                self.count['findings'] += 1
                finding = self.program.findings.get('OG' + m.group(1))
                if not finding:
                    self.fail(page, n, f'OG{m.group(1)} is no finding: otelgate explain list')
                elif m.group(2) and m.group(2).split('.')[0] in {s.split('.')[0] for s in self.program.slugs} \
                        and m.group(2) != finding['slug']:
                    self.fail(page, n, f'OG{m.group(1)} is {finding["slug"]}, not {m.group(2)}')

    # -- commands ---------------------------------------------------------------------------------

    def command(self, page, line, words):
        """words: what follows `otelgate` on a command line."""
        p = self.program
        operands = [w for w in words if not w.startswith('-')]
        if not operands:
            return
        name = operands[0]
        if name == 'help' or not re.fullmatch(r'[a-z][a-z-]*', name):
            return
        two = ' '.join(operands[:2])
        known = p.commands.get(two) or p.commands.get(name)
        self.count['commands'] += 1
        if known is None and name.startswith('gen-'):
            known = p.common
        if known is None:
            self.fail(page, line, f'otelgate {two}: there is no such command')
            return
        for w in words:
            if w == '--':
                break
            option = re.match(r'(--[a-z][a-z0-9-]*|-[A-Za-z])', w)
            if option and option.group(1) not in known | p.common:
                self.fail(page, line, f'otelgate {name} has no option {option.group(1)}')

    def command_line(self, page, line, text):
        """Every use of the program, of helm's --set and of make in a shell text."""
        text = re.sub(r'\\\n', ' ', text)
        text = re.sub(r"<<-?'?(\w+)'?\n.*?\n\s*\1\b", '', text, flags=re.S)
        for l in text.split('\n'):
            l = re.sub(r'(^|\s)#.*', '', l)
            for part in re.split(r'&&|\|\||[|;&()]', l):
                words = part.split()
                while words and (re.match(r'[A-Z_]+=', words[0]) or words[0] in ('$', 'exec', 'timeout', 'if', '!')):
                    words.pop(0)
                if words[:2] == ['kubectl', 'otelgate']:
                    words.pop(0)
                words = [w.strip('"\'') for w in words]
                cut = next((i for i, w in enumerate(words) if w[:1] in '<>' or w[:2] in ('2>',)), len(words))
                words = words[:cut]
                if words and os.path.basename(words[0]) == 'otelgate':
                    self.command(page, line, words[1:])
                elif words and words[0] == 'make':
                    self.make(page, line, words[1:])
                elif words and words[0] == 'helm':
                    for key in re.findall(r'--set(?:-string)?[ =]([A-Za-z.]+)', ' '.join(words)):
                        self.value(page, line, key)

    def make(self, page, line, words):
        for w in words:
            if re.fullmatch(r'[a-z][a-z0-9-]*', w):
                self.count['names'] += 1
                if w not in self.targets:
                    self.fail(page, line, f'make {w}: there is no such target')

    def value(self, page, line, key):
        self.count['names'] += 1
        if key not in self.program.values and key.split('.')[0] not in ('stacks', 'profiles'):
            self.fail(page, line, f'{key} is no value of the chart')
        elif key.startswith(('stacks.', 'profiles.')) and key.count('.') > 1:
            field = 'spec.' + key.split('.', 2)[2]
            if field not in self.program.fields:
                self.fail(page, line, f'{key}: there is no field {field}')

    # -- names in the text ------------------------------------------------------------------------

    def names(self, page):
        first = {f.split('.')[1] for f in self.program.fields if '.' in f}
        values = {v.split('.')[0] for v in self.program.values}
        for n, code in page.code_spans():
            if re.match(r'(kubectl )?otelgate [a-z]', code):
                self.command_line(page, n, code)
                continue
            if code.startswith('make '):
                self.make(page, n, code.split()[1:])
            word = code.split()[0].rstrip(',:')
            option = re.match(r'--[a-z][a-z0-9-]+', word)
            if option:
                self.count['names'] += 1
                if option.group() not in self.program.all_options() | self.foreign:
                    self.fail(page, n, f'{option.group()} is an option of no command')
            path = re.match(r'(?:%s)/[\w./*-]*' % '|'.join(FOLDERS), re.sub(r'<\w+>|\bx(?=\.|-priv)', '*', word))
            if path:
                self.count['names'] += 1
                at = [os.path.join(self.root, path.group()), os.path.join(os.path.dirname(page.path), path.group())]
                if not any(glob.glob(a) for a in at) and path.group().split('/')[0] + '/' not in self.foreign:
                    self.fail(page, n, f'{path.group()} is not there')
            dotted = re.match(r'([A-Za-z]\w*(?:\.[A-Za-z]\w*)+)(?=$|[=:{ ])', word + code[len(word):])
            if dotted and dotted.group(1) not in self.foreign:
                self.dotted(page, n, dotted.group(1), first, values)
        for n, line in page.prose + [(b.line, b.text) for b in page.blocks if 'wrong' not in b.marks]:
            for key in re.findall(r'(?<![\w.])otelgate\.dev/([a-z0-9-]+)', line):
                self.count['names'] += 1
                if key not in self.program.keys | self.source_keys and not re.fullmatch(r'v\d\w*', key):
                    self.fail(page, n, f'otelgate.dev/{key} is no annotation: otelgate explain annotations')
            for metric in re.findall(r'\botelgate_[a-z0-9_]+[a-z0-9](?!\*)', line):
                self.count['names'] += 1
                if metric not in self.program.metrics and \
                        re.sub(r'_(bucket|sum|count)$', '', metric) not in self.program.metrics:
                    self.fail(page, n, f'{metric} is no metric')

    def dotted(self, page, n, word, first, values):
        head = word.split('.')[0]
        if word.endswith(('.md', '.yaml', '.c', '.h', '.sh', '.mk', '.json', '.py')):
            return
        known = self.program.fields | self.program.values | self.program.status
        if head in ('spec', 'status') or ('spec.' + word) in known or head in first | values:
            self.count['names'] += 1
            places = {word, 'spec.' + word}
            places.add(re.sub(r'^(spec\.)?(stacks|profiles)\.\w+\.', 'spec.', word))
            if not places & known and \
                    not any(k.startswith(p + '.') for p in places for k in known) and \
                    not any(p.startswith(o + '.') for p in places for o in self.program.open) and \
                    word not in self.program.slugs:
                self.fail(page, n, f'{word} is no field and no value of the chart: otelgate config fields')
