# SPDX-License-Identifier: Apache-2.0
"""A page of the documentation taken apart: its fenced blocks, and its text without them."""
import re

MARK = re.compile(r'^\s*<!--\s*(run|not run|file|part of|wrong):\s*(.+?)\s*-->\s*$')
FENCE = re.compile(r'^( *)```(\S*)\s*$')
LINK = re.compile(r'\]\(([^)\s]+)(?:\s+"[^"]*")?\)')


class Block:
    def __init__(self, line, indent, lang, marks):
        self.line, self.indent, self.lang, self.marks = line, indent, lang, marks
        self.lines = []

    @property
    def text(self):
        return ''.join(l[self.indent:] if not l[:self.indent].strip() else l for l in self.lines)


class Page:
    """A file taken apart: blocks, and text without them."""

    def __init__(self, path):
        self.path = path
        self.blocks, self.prose, self.anchors = [], [], set()
        marks, block, seen = {}, None, {}
        with open(path, encoding='utf-8') as f:
            for n, line in enumerate(f, 1):
                fence = FENCE.match(line)
                if block:
                    if fence and not fence.group(2):
                        self.blocks.append(block)
                        block, marks = None, {}
                    else:
                        block.lines.append(line)
                    continue
                if line.lstrip().startswith('```') and not fence:
                    raise SystemExit(f'{path}:{n}: a fence that cannot be read')
                if fence:
                    block = Block(n, len(fence.group(1)), fence.group(2), marks)
                    continue
                mark = MARK.match(line)
                if mark:
                    marks[mark.group(1)] = mark.group(2)
                    continue
                if re.match(r'\s*<!--.*-->\s*$', line):
                    continue
                if line.strip():
                    marks = {}
                heading = re.match(r'#{1,6} +(.*?)\s*#*$', line)
                if heading:
                    slug = slugify(heading.group(1))
                    seen[slug] = seen.get(slug, -1) + 1
                    self.anchors.add(f'{slug}-{seen[slug]}' if seen[slug] else slug)
                self.prose.append((n, line))
        if block:
            raise SystemExit(f'{path}:{block.line}: a block that does not end')

    def code_spans(self):
        """Inline code, also over the end of a line."""
        text, starts = '', []
        for n, line in self.prose:
            starts.append((len(text), n))
            text += line if line.strip() else '\n\x00\n'
        for m in re.finditer(r'(?<!`)`([^`\x00]+)`(?!`)', text):
            n = max(s for s in starts if s[0] <= m.start())[1]
            yield n, ' '.join(m.group(1).split())


def slugify(heading):
    """The anchor that GitHub makes of a heading."""
    heading = re.sub(r'!?\[([^\]]*)\]\([^)]*\)', r'\1', heading)
    heading = heading.replace('`', '').strip().lower()
    return re.sub(r'[^\w\- ]', '', heading).replace(' ', '-')
