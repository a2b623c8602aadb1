"""A headless Chromium that is spoken to through two pipes (Chrome DevTools Protocol)."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
PLACED = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(word), fcntl.F_DUPFD, 10) for word in sys.argv[1:3])
os.dup2(read, 3), os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""It reads from descriptor 3 and writes to 4."""

PATIENCE_S = 120.0


def chromium():
    """Where Chromium is, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page in one Chromium.

    Attributes:
        complaints: what the page wrote to its console, and what failed to load.
    """

    def __init__(self, profile):
        self._read, theirs_write = os.pipe()
        theirs_read, self._write = os.pipe()
        self.complaints = []
        self._count, self._rest = 0, b""

        words = [chromium(), *QUIET, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", PLACED, str(theirs_read), str(theirs_write), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs_read, theirs_write),
        )
        os.close(theirs_read)
        os.close(theirs_write)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = self._session["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    _session = None

    def close(self):
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def open(self, url):
        """Go to a page."""
        self._call("Page.navigate", url=url)

    def size(self, width, height, *, dark=False):
        """Have a window of this size, and a taste."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])

    def do(self, script):
        """What a script gives."""
        done = self._evaluate(script)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def wait(self, script):
        """Wait until a script gives something true, and return it."""
        limit = time.monotonic() + PATIENCE_S
        while True:
            done = self._evaluate(script)  # fails where a page is only coming
            if "exceptionDetails" not in done and (value := done["result"].get("value")):
                return value
            assert time.monotonic() < limit, (script, done, self.complaints[-3:])
            time.sleep(0.05)

    def text(self):
        """What can be read on the page."""
        return self.do("document.body.innerText")

    def screenshot(self, path):
        """Save what it looks like."""
        shot = self._call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

    def _evaluate(self, script):
        return self._call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )

    def _call(self, method, **parameters):
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _note(self, event):
        match event.get("method"):
            case "Log.entryAdded" if event["params"]["entry"]["source"] == "rendering":
                pass  # that tests read a canvas is slow
            case "Runtime.exceptionThrown" | "Log.entryAdded":
                self.complaints.append(event["params"])
            case "Runtime.consoleAPICalled" if event["params"]["type"] in ("error", "warning"):
                self.complaints.append(event["params"])

    def _next(self):
        while b"\0" not in self._rest:
            some = os.read(self._read, 1 << 20)
            assert some, "Chromium has ended"
            self._rest += some
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)
