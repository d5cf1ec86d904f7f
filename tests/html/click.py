# SPDX-License-Identifier: Apache-2.0
"""click.py OTELGATE DIRECTORY: the HTML report as people use it, in a real Chromium: at the width of a desk and of a phone, by
pointer and by keyboard, in the dark, on paper, without script, with hostile names, and with 5,000 workloads."""
import json
import os
import subprocess
import sys
import time

import browser
import dumps

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844, "scale": 2, "phone": True}
AT = "1782820800"  # 2026-06-30T12:00:00Z
SHOWN = "[...document.querySelectorAll('.w')].filter(w => w.checkVisibility({contentVisibilityAuto: false}))"
OPEN_S, FILTER_S = 8, 2  # for 5,000 workloads, of the page's thread: a busy machine does not lengthen it

cases = []


def case(f):
    cases.append(f)
    return f


def need(is_so, what):
    if not is_so:
        raise AssertionError(what)


def same(got, want, what):
    need(got == want, f"{what}: {got!r}, not {want!r}")


def names(page):
    return page.run(SHOWN + ".map(w => w.querySelector('b').textContent)")


def goes_quiet(page, count):
    page.until(SHOWN + ".length === %d" % count, f"{count} workloads")


def sides(page):
    same(page.run("document.documentElement.scrollWidth <= innerWidth"), True, "fits the width")
    wide = page.run("[...document.querySelectorAll('body *')].filter(e => { const r = e.getBoundingClientRect();"
                    "return r.width && r.height && r.right > innerWidth + 1 && !e.closest('.vh, .l, .c, .why'); })"
                    ".map(e => e.tagName + '.' + e.className)")
    same(wide, [], "elements beyond the edge")


@case
def filters(b, files):
    """Search, namespace, only problems, clear; what is shown, counted and said when nothing is left."""
    page = b.page(**DESK)
    page.open(files["shop"])
    same(len(names(page)), 16, "all")
    same(page.run("document.querySelector('#n').textContent"), "16 workloads", "count")
    page.key("/", text="/", vk=191)
    same(page.run("document.activeElement.id"), "q", "the slash finds the search")
    same(page.run("document.querySelector('#q').value"), "", "and is not typed into it")
    page.type("LEDGER")
    goes_quiet(page, 1)
    same(names(page), ["deployment/ledger"], "search")
    same(page.run("document.querySelector('#n').textContent"), "1 of 16 workloads", "count")
    page.escape()
    goes_quiet(page, 16)
    page.type("og701 catalog")
    goes_quiet(page, 1)
    same(names(page), ["statefulset/indexer"], "by finding and namespace")
    page.type(" nothing")
    goes_quiet(page, 0)
    same(page.run("document.querySelector('#none').hidden"), False, "says that there is none")
    page.click("button[type=reset]")
    goes_quiet(page, 16)
    page.run("(() => { const s = document.querySelector('#ns'); s.value = '=payments';"
             "s.dispatchEvent(new Event('input', {bubbles: true})); })()")
    goes_quiet(page, 4)
    page.click("#only")
    goes_quiet(page, 1)
    page.click("button[type=reset]")
    goes_quiet(page, 16)
    page.click(".find[data-q=OG601]")
    goes_quiet(page, 2)
    same(page.run("document.activeElement.id"), "q", "the search has the focus")
    return page


@case
def keyboard(b, files):
    """A drawer is reached and opened with keys alone; the focus is always seen."""
    page = b.page(**DESK)
    page.open(files["shop"])
    page.key("/", text="/", vk=191)
    page.type("ledger")
    goes_quiet(page, 1)
    for _ in range(12):
        page.tab()
        at = page.run("document.activeElement.closest('.w') && document.activeElement.tagName")
        need(page.run("getComputedStyle(document.activeElement).outlineStyle") != "none", "the focus is not seen")
        if at == "SUMMARY":
            break
    same(at, "SUMMARY", "Tab reaches the line")
    page.enter()
    same(page.run("document.querySelector('.w[open] b').textContent"), "deployment/ledger", "opened")
    text = page.run("document.querySelector('.w[open] .d').innerText")
    for part in ("First broken link.", "OG512", "NetworkPolicy payments/only-https", "target_info{", "Evidence", "revision"):
        need(part in text, f"the drawer says {part}")
    link = page.run("document.querySelector('.w[open] a').href")
    need(link.startswith("https://shop.grafana.example/explore?"), link)
    same(page.run("document.querySelector('.w[open] a').rel"), "noopener noreferrer", "link")
    page.tab()
    same(page.run("document.activeElement.className"), "copy", "the next stop is a button to copy")
    page.run("document.querySelector('.w[open] summary').focus()")
    page.enter()
    same(page.run("document.querySelectorAll('.w[open]').length"), 0, "closed again")
    return page


@case
def copies(b, files):
    """The button copies the fix to the letter, and selects it where there is no clipboard."""
    page = b.page(**DESK)
    page.open(files["shop"])
    page.run("Object.defineProperty(navigator, 'clipboard', {configurable: true, value: {"
             "writeText: async t => { window.copied = t; }}})")
    page.click("#top .copy")
    page.until("window.copied !== undefined", "a copy")
    same(page.run("window.copied"), "kubectl -n checkout rollout restart deployment/orders", "copied")
    same(page.run("document.querySelector('#top .copy').textContent"), "Copied", "says so")
    page.until("document.querySelector('#top .copy').textContent === 'Copy'", "the old word")
    page.run("Object.defineProperty(navigator, 'clipboard', {configurable: true, value: {"
             "writeText: async () => { throw new Error('no'); }}})")
    page.click("#top .copy")
    page.until("document.querySelector('#top .copy').textContent === 'Selected'", "Selected")
    same(page.run("getSelection().toString()"), "kubectl -n checkout rollout restart deployment/orders", "selected")
    return page


CONTRAST = """(() => {
const rgb = c => c.match(/[\\d.]+/g).slice(0, 4).map(Number);
const lum = c => { const [r, g, b] = rgb(c).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
	return .2126 * r + .7152 * g + .0722 * b; };
const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
	if (rgb(c)[3] !== 0) return c; } return 'rgb(255,255,255)'; };
const bad = [];
for (const e of document.querySelectorAll('body *')) {
	if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.closest('svg,option,select,.vh')) continue;
	if (/^(SCRIPT|STYLE)$/.test(e.tagName)) continue;
	const [a, b] = [lum(getComputedStyle(e).color), lum(ground(e))];
	const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
	if (ratio < 4.5) bad.push(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
}
return bad; })()"""


@case
def dark(b, files):
    """Light and dark differ, and every text has a contrast of 4.5:1 (WCAG 2.2, 1.4.3) in both."""
    page = b.page(**DESK)
    page.open(files["shop"])
    page.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    grounds = []
    for is_dark in (False, True):
        page.media(dark=is_dark)
        grounds.append(page.run("getComputedStyle(document.body).backgroundColor"))
        same(page.run(CONTRAST), [], "too little contrast, dark" if is_dark else "too little contrast")
    need(grounds[0] != grounds[1], "dark is dark")
    return page


@case
def phone(b, files):
    """Nothing beyond the edge, cells say what they are of, and a finger finds the drawer."""
    page = b.page(**PHONE)
    page.open(files["shop"])
    sides(page)
    same(page.run("getComputedStyle(document.querySelector('.head')).display"), "none", "no head")
    page.until("document.querySelector('.w .l').getBoundingClientRect().width > 10", "labels in the cells")
    low = page.run("[...document.querySelectorAll('.w > summary')].filter(s => s.getBoundingClientRect().height < 44).length")
    same(low, 0, "lines too low for a finger")
    page.run("document.querySelectorAll('.w').forEach(d => { d.open = true; })")
    sides(page)
    page.run("document.querySelectorAll('.w').forEach(d => { d.open = false; })")
    page.click(".w:has(.bad) > summary")
    same(page.run("document.querySelectorAll('.w[open]').length"), 1, "opened")
    return page


@case
def desk(b, files):
    """Nothing beyond the edge, the head stays above the rows and above the columns that it names."""
    page = b.page(**DESK)
    page.open(files["shop"])
    sides(page)
    off = page.run("(() => { const x = s => [...document.querySelectorAll(s)].map(e => e.getBoundingClientRect().x);"
                   "const head = x('.head > span').slice(1, 7), cells = x('.w:first-child > summary > .c').slice(0, 6);"
                   "return Math.max(...head.map((v, i) => Math.abs(v - cells[i]))); })()")
    need(off < 12, f"head and columns are {off} px apart")
    page.run("scrollTo(0, 1200)")
    same(page.run("document.querySelector('.bar2').getBoundingClientRect().top"), 0, "the head stays")
    return page


@case
def paper(b, files):
    """On paper each workload is there, the controls are not, and what was opened is."""
    page = b.page(**DESK)
    page.open(files["shop"])
    page.run("[...document.querySelectorAll('.w')].find(w => w.textContent.includes('ledger')).open = true")
    pdf = page.call("Page.printToPDF", printBackground=True)["data"]
    need(len(pdf) > 20000, "a document")
    page.media(media="print")
    same(page.run("getComputedStyle(document.querySelector('#f')).display"), "none", "no form")
    same(page.run("getComputedStyle(document.querySelector('.bar2')).position"), "static", "no sticky head")
    low = page.run("[...document.querySelectorAll('.w')].filter(w => getComputedStyle(w).contentVisibility !== 'visible').length")
    same(low, 0, "lines left out")
    return page


@case
def no_script(b, files):
    """Without script it is all there: lines, drawers, no control that does nothing."""
    page = b.page(script=False, **DESK)
    page.open(files["shop"])
    same(page.run("document.querySelectorAll('.w').length"), 16, "all lines")
    same(page.run("[...document.querySelectorAll('button, input, select')].filter(e => e.checkVisibility()).length"), 0,
         "controls that do nothing")
    page.click(".w > summary")
    same(page.run("document.querySelectorAll('.w[open]').length"), 1, "a drawer opens")
    return page


@case
def hostile(b, files):
    """Names that are markup are text, on the screen and in what is searched; nothing of them runs or is fetched."""
    page = b.page(**DESK)
    page.open(files["hostile"])
    same(page.run("document.querySelectorAll('.w').length"), len(dumps.HOSTILE), "all lines")
    page.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    same(page.run("[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length"),
         0, "handlers in attributes")
    same(page.run("document.querySelectorAll('script, style, link, base, img, iframe, object, embed').length"), 2,
         "one script and one style")
    same(page.run("document.querySelectorAll('meta[http-equiv=refresh]').length"), 0, "no refresh")
    same(page.run("[...document.querySelectorAll('a')].filter(a => !a.href.startsWith('https://')).length"), 0, "links")
    same(page.run("document.body.innerText.includes('\\u202e')"), False, "nothing turns the direction of text")
    need(page.run("document.body.innerText.includes('<script>window.hit=1</script>')"), "names are shown as they are")
    for _ in range(3):
        page.run("new Promise(requestAnimationFrame)")
    page.type("/")
    page.type("<svg/onload")
    goes_quiet(page, 1)
    page.run("document.querySelector('#ns').selectedIndex = 3")
    for e in ("mouseover", "focus", "click"):
        page.run("document.querySelectorAll('main *').forEach(x => x.dispatchEvent(new Event(%s)))" % json.dumps(e))
    same(page.run("window.hit"), None, "a name ran")
    sides(page)
    # The policy holds even where the escaping would not: markup that is put in by force does nothing.
    page.run("(() => { const d = document.createElement('div'); d.innerHTML = '<img src=\"https://evil.example/a.png\" "
             "onerror=\"window.hit=30\"><p style=\"color:red\" onclick=\"window.hit=31\">x</p>'; document.body.append(d);"
             "const s = document.createElement('script'); s.textContent = 'window.hit=32'; document.body.append(s); })()")
    page.until("true", "a turn of the page")
    same(page.run("window.hit"), None, "the policy let a script run")
    refused = page.complaints()
    need(any("Content Security Policy" in r for r in refused), "the policy refuses and says so")
    page.forced = True
    return page


@case
def many(b, files):
    """5,000 workloads open, filter and scroll while one waits."""
    page = b.page(**DESK)
    start = time.monotonic()
    page.open(files["many"])
    elapsed, opened = time.monotonic() - start, page.cpu()
    same(page.run("document.querySelectorAll('.w').length"), 5000, "all lines")
    page.key("/", text="/", vk=191)
    page.type("service-4999")
    page.until("document.querySelector('#n').textContent.startsWith('1 of')", "the one")
    goes_quiet(page, 1)
    searched = page.cpu() - opened
    page.escape()
    page.until("document.querySelector('#n').textContent === '5000 workloads'", "all of them again")
    page.run("scrollTo(0, document.body.scrollHeight)")
    page.until("[...document.querySelectorAll('.w')].at(-1).checkVisibility({contentVisibilityAuto: true})", "the last line")
    size = os.path.getsize(files["many"]) / 1e6
    print(f"    5,000 workloads, {size:.1f} MB: open in {elapsed:.1f} s ({opened:.2f} s of CPU), a search {searched:.2f} s of CPU")
    need(opened < OPEN_S, f"it took {opened:.1f} s of CPU to open")
    need(searched < FILTER_S, f"a search took {searched:.2f} s of CPU")
    return page


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def make(binary, folder):
    config = write(os.path.join(folder, "config.yaml"), dumps.CONFIG)
    inputs = {"shop": dumps.shop(binary, config), "hostile": dumps.hostile(), "many": dumps.many(5000)}
    files = {}
    for name, text in inputs.items():
        files[name] = os.path.join(folder, name + ".html")
        dump = write(os.path.join(folder, name + ".json"), text)
        done = subprocess.run([binary, "audit", "-f", dump, "-c", config, "-o", "html=" + files[name]], timeout=120,
                              env={**os.environ, "SOURCE_DATE_EPOCH": AT}, capture_output=True, text=True, check=False)
        need(done.returncode == 0, f"audit of {name}: {done.returncode} {done.stderr}")
    return files


def run(f, b, files):
    try:
        page = f(b, files)
        outside = [u for u in page.requests() if not u.startswith("data:")]
        if getattr(page, "forced", False):  # the one image that was put in by force never left the page
            outside = [u for u in outside if u != "https://evil.example/a.png"]
        else:
            same(page.complaints(), [], "complaints of the page")
        same(outside, [], "requests")
        page.close()
    except (AssertionError, browser.Failed) as e:
        print(f"  FAIL  {f.__name__}: {e}")
        return False
    print(f"  ok    {f.__name__}: {f.__doc__}")
    return True


def main():
    binary, folder, *only = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    files = make(os.path.abspath(binary), folder)
    with browser.Browser(browser.find()) as b:
        done = [run(f, b, files) for f in cases if not only or f.__name__ in only]
    print(f"{sum(done)} passed, {len(done) - sum(done)} failed")
    sys.exit(not all(done))


if __name__ == "__main__":
    main()
