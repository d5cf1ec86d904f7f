# SPDX-License-Identifier: Apache-2.0
"""photos.py OTELGATE DIRECTORY: pictures of the HTML report, from the same data each time."""
import os
import subprocess
import sys
import tempfile

import browser
import dumps

MAX_BYTES = 150 << 10
TO = "(() => { const e = %s; scrollTo(0, scrollY + e.getBoundingClientRect().top - %d); })()"
LEDGER = "[...document.querySelectorAll('.w')].find(w => w.textContent.includes('ledger'))"
# file, page, what is opened, what is scrolled to, and how far below the edge it is then
PHOTOS = (
    ("report.png", {"width": 1180, "height": 900}, None, "document.querySelector('main')", -16),
    ("report-drawer.png", {"width": 1180, "height": 780, "dark": True}, LEDGER, LEDGER + ".closest('.ns')", 84),
    ("report-phone.png", {"width": 390, "height": 760, "phone": True}, LEDGER, LEDGER, 8),
)


def main():
    binary, folder = sys.argv[1:]
    with tempfile.TemporaryDirectory() as work, browser.Browser(browser.find()) as b:
        config, dump, html = (os.path.join(work, n) for n in ("otelgate.yaml", "cluster.json", "report.html"))
        with open(config, "w", encoding="utf-8") as f:
            f.write(dumps.CONFIG)
        with open(dump, "w", encoding="utf-8") as f:
            f.write(dumps.shop(binary, config))
        subprocess.run([os.path.abspath(binary), "audit", "-f", "cluster.json", "-c", config, "-o", "html=" + html],
                       env={**os.environ, "SOURCE_DATE_EPOCH": "1782820800"}, cwd=work, timeout=60, check=True)
        for name, how, opened, at, below in PHOTOS:
            page = b.page(**how)
            page.open(html)
            if opened:
                page.run(opened + ".open = true")
            page.run(TO % (at, below))
            page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            path = os.path.join(folder, name)
            page.screenshot(path)
            size = os.path.getsize(path)
            print(f"{path}: {size >> 10} KiB")
            if size > MAX_BYTES:
                sys.exit(f"{path} is larger than {MAX_BYTES >> 10} KiB")


main()
