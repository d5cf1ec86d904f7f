# SPDX-License-Identifier: Apache-2.0
"""A Chromium without a window, driven over its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/).

Messages go through two pipes (--remote-debugging-pipe: descriptor 3 to it, 4 from it; JSON, each ended by a NUL), so that
nothing but Python's standard library and the browser is needed, and no port is open."""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
FLAGS = ("--headless", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-gpu",
         "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions",
         "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb",
         "--font-render-hinting=none", "--lang=en-US")


def find():
    """The path of a browser, from $CHROMIUM or $PATH; None when there is none."""
    wanted = os.environ.get("CHROMIUM")
    return shutil.which(wanted) if wanted else next(filter(None, map(shutil.which, NAMES)), None)


class Failed(Exception):
    """The browser refused a command, or did not answer in time."""


class Browser:
    def __init__(self, path):
        self.profile = tempfile.mkdtemp(prefix="otelgate-html-")
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()
        # Descriptors 3 and 4 of the child; the shell puts them there, whatever their numbers are here.
        line = f'exec 3<&{to_read} 4>&{back_write} && exec "$0" "$@"'
        root = ["--no-sandbox"] if os.geteuid() == 0 else []  # its sandbox refuses to run as root
        self.log = open(os.path.join(self.profile, "log"), "wb")
        self.process = subprocess.Popen(
            ["bash", "-c", line, path, *FLAGS, *root, f"--user-data-dir={self.profile}", "about:blank"],
            pass_fds=(to_read, back_write), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        os.close(to_read)
        os.close(back_write)
        self.rest, self.last, self.events = b"", 0, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close", wait_s=10)
            self.process.wait(10)
        except (Failed, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.back)
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def read(self, until):
        """The next message, or None when `until` (monotonic) has passed."""
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.back], [], [], max(0, until - time.monotonic()))
            if not ready:
                return None
            data = os.read(self.back, 1 << 20)
            if not data:
                self.log.flush()
                said = pathlib.Path(self.log.name).read_text(encoding="utf-8", errors="replace")
                raise Failed("the browser has ended: " + said[-500:])
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, wait_s=60, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        until = time.monotonic() + wait_s
        while (answer := self.read(until)) is not None:
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error']['message']}")
                return answer.get("result", {})
            if "method" in answer:
                self.events.append(answer)
        raise Failed(f"{method}: no answer in {wait_s} s")

    def page(self, **how):
        return Page(self, **how)


class Page:
    """A tab of its own, with everything it asks of the network and everything it complains about kept."""

    def __init__(self, browser, width=1280, height=900, scale=1, phone=False, dark=False, script=True):
        self.browser = browser
        context = browser.call("Target.createBrowserContext")["browserContextId"]
        self.target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone)
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        self.call("Performance.enable", timeDomain="threadTicks")
        self.media(dark=dark)
        if not script:
            self.call("Emulation.setScriptExecutionDisabled", value=True)

    def call(self, method, **params):
        return self.browser.call(method, session=self.session, **params)

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def media(self, dark=False, media=""):
        self.call("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def wait_event(self, method, wait_s=60):
        until = time.monotonic() + wait_s
        while True:
            for event in self.browser.events:
                if event.get("sessionId") == self.session and event["method"] == method:
                    return event["params"]
            message = self.browser.read(until)
            if message is None:
                raise Failed(f"no {method} in {wait_s} s")
            if "method" in message:
                self.browser.events.append(message)

    def open(self, path):
        self.url = pathlib.Path(path).resolve().as_uri()
        self.call("Page.navigate", url=self.url)
        self.wait_event("Page.loadEventFired")

    def run(self, expression):
        """What JavaScript makes of an expression; promises are waited for."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
                         userGesture=True)
        if "exceptionDetails" in done:
            raise Failed(expression + ": " + json.dumps(done["exceptionDetails"])[:400])
        return done["result"].get("value")

    def until(self, expression, what, wait_s=20):
        """Waits, by frames of the page itself, until the expression is true."""
        loop = ("new Promise((good, bad) => { const end = performance.now() + %d;"
                "const look = () => (%s) ? good(true) : performance.now() > end ? good(false) : setTimeout(look, 10);"
                "look(); })" % (wait_s * 1000, expression))
        if not self.run(loop):
            raise Failed("never came: " + what)

    def cpu(self):
        """Seconds that the page's thread has worked."""
        return next(m["value"] for m in self.call("Performance.getMetrics")["metrics"] if m["name"] == "TaskDuration")

    def key(self, key, text="", code=None, vk=0):
        base = {"key": key, "code": code or key, "windowsVirtualKeyCode": vk}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **base)
        self.call("Input.dispatchKeyEvent", type="keyUp", **base)

    def tab(self):
        self.key("Tab", vk=9)

    def enter(self):
        self.key("Enter", text="\r", vk=13)

    def escape(self):
        self.key("Escape", vk=27)

    def type(self, text):
        for c in text:
            self.key(c, text=c, code="")

    def click(self, selector):
        """With the pointer, where the element really is: what covers it gets the click."""
        x, y = self.run("(() => { const e = document.querySelector(%s); e.scrollIntoView({block: 'center'});"
                        "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
                        % json.dumps(selector))
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path, height=None, full=False):
        clip = {}
        if full or height:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"captureBeyondViewport": True, "clip": {
                "x": 0, "y": 0, "width": size["width"], "height": min(height or size["height"], size["height"]), "scale": 1}}
        pathlib.Path(path).write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", **clip)["data"]))

    def complaints(self):
        """What the page said on its console, scripts that failed, and what its policy refused."""
        found = []
        for e in self.browser.events:
            if e.get("sessionId") != self.session:
                continue
            if e["method"] == "Runtime.exceptionThrown":
                found.append("exception: " + e["params"]["exceptionDetails"]["text"])
            elif e["method"] == "Log.entryAdded":
                found.append(e["params"]["entry"]["text"])
            elif e["method"] == "Runtime.consoleAPICalled":
                found.append("console: " + json.dumps(e["params"]["args"])[:200])
            elif e["method"] == "Page.javascriptDialogOpening":
                found.append("dialog: " + e["params"]["message"])
        return found

    def requests(self):
        """Addresses that the page asked for, but itself."""
        return [e["params"]["request"]["url"] for e in self.browser.events
                if e.get("sessionId") == self.session and e["method"] == "Network.requestWillBeSent"
                and e["params"]["request"]["url"] != self.url]
