"""Chromium without a window, asked by its own protocol what it sees of a page."""

import contextlib
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from typing import Any, Literal, Self

import websocket

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
_PATIENCE_SECONDS = 60
_CHARTS = "[...document.querySelectorAll('[data-chart]')].filter(e => e.getClientRects().length)"


def executable() -> str | None:
    """The browser of this machine, if it has one."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def is_missing() -> bool:
    """Whether a test has to do without; in CI none does."""
    return executable() is None and not os.environ.get("CI")


class Browser:
    """One page in a browser."""

    def __init__(self, port: int, target: str) -> None:
        self._port = port
        self._socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}/devtools/page/{target}", timeout=_PATIENCE_SECONDS
        )
        self._ids = itertools.count()
        self.errors: list[str] = []  # exceptions, and what the console calls an error
        self.requests: list[str] = []  # beside the page itself
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def close(self) -> None:
        """Asks nothing more."""
        self._socket.close()

    def ask(self, method: str, **wishes: Any) -> dict[str, Any]:
        """The answer to a command of the protocol."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": wishes}))
        while True:
            told = json.loads(self._socket.recv())
            if told.get("id") == number:
                assert "error" not in told, told
                answer: dict[str, Any] = told["result"]
                return answer
            self._hear(told)

    def _hear(self, told: dict[str, Any]) -> None:
        said = told.get("params", {})
        match told.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(said["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if said["type"] in ("error", "warning"):
                self.errors.append(json.dumps(said["args"]))
            case "Log.entryAdded" if said["entry"]["level"] in ("error", "warning"):
                self.errors.append(said["entry"]["text"])
            case "Network.requestWillBeSent":
                self.requests.append(said["request"]["url"])

    def open(self, page: pathlib.Path) -> Self:
        """Loads a file, until it is whole."""
        self.ask("Page.navigate", url=page.as_uri())
        self.until("document.readyState === 'complete'")
        self.requests = [each for each in self.requests if each != page.as_uri()]
        return self

    @contextlib.contextmanager
    def frame(self) -> Iterator["Browser"]:
        """What is in the frame of the page, once it is whole: it is as good as another page.

        It has an origin of its own, and so a process: Chromium 125 and later.
        """
        end = time.monotonic() + _PATIENCE_SECONDS
        while not (found := _targets(self._port, "iframe")):
            assert time.monotonic() < end, "the page has no frame of another origin"
            time.sleep(0.05)
        with contextlib.closing(Browser(self._port, found[0])) as frame:
            frame.until("document.readyState === 'complete'")
            yield frame

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript gives, or what its promise does."""
        told = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, expression: str) -> None:
        """Waits for an expression to become true."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not self.value(expression):
            assert time.monotonic() < end, f"{expression} did not become true: {self.errors}"
            time.sleep(0.05)

    def draw(self) -> None:
        """Has every chart drawn that is not folded away."""
        self.value("dispatchEvent(new Event('beforeprint'))")
        self.until(f"{_CHARTS}.every(e => ['whole', 'failed'].includes(e.dataset.drawn))")

    def charts(self) -> set[str]:
        """The names of the charts that are not folded away: all are drawn now, and have marks."""
        self.draw()
        marks = "e.querySelectorAll('.mark-group path, text').length"
        drawn = self.value(f"{_CHARTS}.map(e => [e.dataset.chart, e.dataset.drawn, {marks}])")
        for name, state, count in drawn:
            assert state == "whole", name
            assert count > 0, name
        return {name for name, _, _ in drawn}

    def is_quiet(self) -> bool:
        """Whether nothing went wrong, and nothing was asked of any network."""
        assert self.errors == []
        assert self.requests == []
        return True

    def look(self, theme: Literal["light", "dark"], width: int, height: int) -> None:
        """Shows the page in a theme, in a window of some size."""
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.ask("Emulation.setEmulatedMedia", features=features)
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )


@contextlib.contextmanager
def browser(folder: pathlib.Path) -> Iterator[Browser]:
    """A browser whose files are in a folder; it ends with the block."""
    program = executable()
    assert program is not None
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *_QUIET, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        page = Browser(*_target(process, folder / "profile" / "DevToolsActivePort"))
        with contextlib.closing(page):
            yield page
    finally:
        process.kill()
        process.wait()


def _target(process: subprocess.Popen[bytes], port_file: pathlib.Path) -> tuple[int, str]:
    """The port of the browser, and its page."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not (port_file.exists() and "\n" in port_file.read_text()):
        assert process.poll() is None, "the browser has ended"
        assert time.monotonic() < end, "the browser does not answer"
        time.sleep(0.05)
    port = int(port_file.read_text().split()[0])
    return port, _targets(port, "page")[0]


def _targets(port: int, kind: Literal["page", "iframe"]) -> list[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
        return [each["id"] for each in json.load(answer) if each["type"] == kind]
