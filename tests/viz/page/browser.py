"""A headless Chromium that tests drive through two pipes, by its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PATIENCE = 60.0
"""Units: seconds."""


def found_browser() -> str | None:
    """Path of a Chromium, None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One tab. What it logs and asks the network for is kept."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        self.problems: list[str] = []  # errors, and what it logged as such
        self.requests: list[str] = []  # addresses

    def attach(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Runtime", "Page", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._reading], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            part = os.read(self._reading, 1 << 16)
            assert part, "the browser has ended"
            self._rest += part
        first, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        self._note(message)
        return message

    def _note(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.problems.append(str(told["exceptionDetails"]))
            case "Log.entryAdded" if told["entry"]["level"] in {"error", "warning"}:
                self.problems.append(told["entry"]["text"])
            case "Runtime.consoleAPICalled" if told["type"] in {"error", "warning", "assert"}:
                self.problems.append(str(told["args"]))
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])

    def end(self) -> None:
        """Closes the browser."""
        self._session = None
        self.call("Browser.close")

    # -- what a person does ------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        self.call("Page.navigate", url=path.as_uri())
        self.wait("document.body && document.body.dataset.ready")

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=width < 500,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        found = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, (expression, found["exceptionDetails"])
        return found["result"].get("value")

    def wait(self, condition: str) -> None:
        until = time.monotonic() + PATIENCE
        while not self.ask(f"Boolean({condition})"):
            assert time.monotonic() < until, f"never: {condition}"
            time.sleep(0.02)

    def press(self, key: str, text: str | None = None) -> None:
        typed = text if text is not None else key if len(key) == 1 else ""
        code = {"Enter": 13, "Backspace": 8, "Escape": 27, "Tab": 9}.get(key, 0)
        code = code or {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}.get(
            key, 0
        )
        about = {"key": key, "windowsVirtualKeyCode": code, "text": typed}
        self.call("Input.dispatchKeyEvent", type="keyDown" if typed else "rawKeyDown", **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def click(self, selector: str) -> None:
        place = self.ask(
            f"(() => {{ const e = document.querySelector({selector!r}); "
            "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); "
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left",
                clickCount=1,
            )  # fmt: skip

    def picture(self, path: Path) -> None:
        content = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(content))


@contextmanager
def browser_page(folder: Path) -> Iterator[Page]:
    """A tab of a browser of its own, which is gone after.

    Args:
        folder: where its profile goes.
    """
    program = found_browser()
    assert program is not None
    to_child, writing = os.pipe()
    reading, from_child = os.pipe()
    options = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-extensions "
        "--remote-debugging-pipe --disable-background-networking"
    )
    command = f'exec "$0" {options} --user-data-dir="$1" 3<&{to_child} 4>&{from_child}'
    process = subprocess.Popen(
        ["bash", "-c", command, program, str(folder)], pass_fds=(to_child, from_child),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(to_child)
    os.close(from_child)
    try:
        page = Page(reading, writing)
        page.attach()
        yield page
        page.end()
    finally:
        os.close(writing)
        os.close(reading)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
