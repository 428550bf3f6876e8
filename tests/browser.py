"""Browsers for tests: Debian's Chromium, driven by Playwright, and Debian's Firefox; or a reason to skip.

Playwright can only drive a Firefox that it has patched itself. So Debian's Firefox is controlled with WebDriver BiDi,
a standard that needs no driver in between: commands and events are sent as JSON over one websocket. `Firefox` has what
a smoke test needs of a page, and no more.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
FIREFOX_SETTINGS = {  # settings that stop Firefox from doing things by itself while a test runs
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
TIMEOUT = 60.0  # seconds to wait for an answer of a browser
# Keys without a letter: WebDriver's code for each, by Playwright's name for the key.
KEYS = {
    "Backspace": "\ue003", "Tab": "\ue004", "Enter": "\ue007", "Shift": "\ue008", "Control": "\ue009",
    "Alt": "\ue00a", "Escape": "\ue00c", "Space": " ", "PageUp": "\ue00e", "PageDown": "\ue00f", "End": "\ue010",
    "Home": "\ue011", "ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014", "ArrowDown": "\ue015",
    "Delete": "\ue017",
}  # fmt: skip


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium; skips the test where Playwright or Chromium is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on PATH")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=os.fspath(CHROMIUM), headless=True, args=OPTIONS)
        yield browser
        browser.close()


@contextmanager
def firefox() -> Iterator[Firefox]:
    """A headless Firefox with one page; skips the test where websockets or Firefox is missing."""
    client = pytest.importorskip("websockets.sync.client", reason="the library websockets is not installed")
    if FIREFOX is None:
        pytest.skip("there is no Firefox on PATH")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        preferences = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in FIREFOX_SETTINGS.items()
        ]
        Path(profile, "user.js").write_text("".join(preferences), encoding="utf-8")
        options = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0", "about:blank"]
        # Its standard error goes to a file: a pipe that nobody reads would fill up, and block Firefox.
        stderr_file = Path(profile, "stderr.txt")
        with stderr_file.open("wb") as stderr:
            process = subprocess.Popen([FIREFOX, *options], stdout=subprocess.DEVNULL, stderr=stderr)
        try:
            with client.connect(f"{_address(process, stderr_file)}/session", max_size=None) as websocket:
                browser = Firefox(websocket)
                yield browser
                browser.command("session.end")
        finally:
            process.terminate()
            process.wait()


def _address(process: subprocess.Popen[bytes], stderr_file: Path) -> str:
    """The address at which a Firefox that was just started listens; it prints the address to its standard error."""
    until = time.monotonic() + TIMEOUT
    while time.monotonic() < until:
        found = re.search(r"WebDriver BiDi listening on (ws://\S+)\n", stderr_file.read_text("utf-8", "replace"))
        if found is not None:
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"Firefox does not listen; it said: {stderr_file.read_text('utf-8', 'replace')}")


class Firefox:
    """One page of a Firefox.

    Parameters
    ----------
    websocket
        A connection to Firefox's ``/session``.

    Attributes
    ----------
    trouble : list of str
        The errors and warnings in the console, including exceptions that were not caught.
    requests : list of str
        The addresses that the page has requested since the last `open`.
    """

    def __init__(self, websocket: Any) -> None:
        self.websocket = websocket
        self.trouble: list[str] = []
        self.requests: list[str] = []
        self._count = 0
        self.command("session.new", capabilities={})
        self.command("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.page: str = self.command("browsingContext.getTree")["contexts"][0]["context"]

    def command(self, method: str, **parameters: Any) -> Any:
        """The result of a command of WebDriver BiDi; events that arrive before it are noted."""
        self._count += 1
        self.websocket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.websocket.recv(timeout=TIMEOUT))
            if message["type"] == "event":
                self._record_event(message["method"], message["params"])
            elif message["id"] == self._count:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['message']}")
                return message["result"]

    def _record_event(self, event: str, parameters: Any) -> None:
        if event == "network.beforeRequestSent":
            self.requests.append(parameters["request"]["url"])
        elif event == "log.entryAdded" and parameters["level"] in ("error", "warn"):
            self.trouble.append(parameters["text"])

    def open(self, url: str) -> None:
        """Go to an address, and wait until all of it is loaded."""
        self.requests.clear()
        self.command("browsingContext.navigate", context=self.page, url=url, wait="complete")
        # On a busy machine the previous page may still answer when Firefox reports the new one as complete. Compare
        # addresses without their fragments: the new page may have changed its own already.
        address = json.dumps(url.partition("#")[0])
        here = "decodeURI(document.URL.split('#')[0])"
        self.until(f"document.readyState === 'complete' && {here} === decodeURI({address})")

    def resize(self, width: int, height: int) -> None:
        """Set the size of the page in pixels."""
        size = {"width": width, "height": height}
        self.command("browsingContext.setViewport", context=self.page, viewport=size)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in JavaScript, awaited if it is a promise, as far as JSON can represent it."""
        answer = self.command(
            "script.callFunction",
            functionDeclaration=f"async () => JSON.stringify(await ({expression}))",
            awaitPromise=True,
            target={"context": self.page},
        )
        if answer["type"] == "exception":
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']['text']}")
        return json.loads(answer["result"]["value"]) if answer["result"]["type"] == "string" else None

    def until(self, condition: str) -> None:
        """Wait until a condition in JavaScript is true in the page."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            if self.evaluate(f"Boolean({condition})"):
                return
            time.sleep(0.02)
        raise AssertionError(f"it never came true that {condition}")

    def text(self, selector: str) -> str:
        """The text of the first element found, as the page displays it."""
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))

    def click(self, selector: str) -> None:
        """Click into the middle of the first element found, with the mouse."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'nearest'}})")
        middle = f"((r) => [r.x + r.width / 2, r.y + r.height / 2])({_box(selector)})"
        self.click_at(*self.evaluate(middle))

    def click_at(self, x: float, y: float) -> None:
        """Click at a point of the page."""
        move = {"type": "pointerMove", "x": round(x), "y": round(y)}
        self._act("pointer", move, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0})

    def press(self, *keys: str) -> None:
        """Press keys one after the other, each a letter or a name, such as ``Enter`` or ``Shift+ArrowLeft``."""
        for key in keys:
            pressed = [KEYS.get(part, part) for part in (key.split("+") if len(key) > 1 else [key])]
            down = [{"type": "keyDown", "value": part} for part in pressed]
            up = [{"type": "keyUp", "value": part} for part in reversed(pressed)]
            self._act("key", *down, *up)

    def _act(self, device: str, *actions: dict[str, Any]) -> None:
        source = {"type": device, "id": device, "actions": list(actions)}
        self.command("input.performActions", context=self.page, actions=[source])

    def screenshot(self, path: Path) -> None:
        """Write the visible part of the page to a PNG file."""
        found = self.command("browsingContext.captureScreenshot", context=self.page)
        path.write_bytes(b64decode(found["data"]))


def _box(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
