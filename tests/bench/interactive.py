"""How long it takes until one can work with the page of a process instance: Chromium, and a server as `make run` has it.

Each time a window of its own, which has nothing in its cache. Imported only once Django is set up.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, sync_playwright

from tests.bench.engine import WrongResult

ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
READY = "#instance[data-ready]"
PATIENCE_SECONDS = 60
TIMES = """() => {
  const [page] = performance.getEntriesByType('navigation');
  const bytes = performance.getEntriesByType('resource').reduce((sum, each) => sum + each.encodedBodySize, page.encodedBodySize);
  return [performance.now(), page.responseEnd, page.domContentLoadedEventEnd, bytes];
}"""


@dataclass(frozen=True, slots=True)
class Opening:
    """Milliseconds since somebody asked for the page: until it had come, was read, and could be worked with."""

    ready: float
    arrived: float
    read: float
    kilobytes: float


def openings(user: Any, pages: Mapping[str, str], runs: int) -> dict[str, list[Opening]]:
    """Open each page so many times, in turn; the first round is not counted, for the server has to wake up."""
    found: dict[str, list[Opening]] = {name: [] for name in pages}
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    with _server() as url, _chromium() as browser:
        for number in range(runs + 1):
            for name, address in pages.items():
                opening = _open(browser, url, session, address)
                if number:
                    found[name].append(opening)
    return found


def _open(browser: Browser, url: str, session: str, address: str) -> Opening:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=url)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
    page = context.new_page()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(READY, timeout=PATIENCE_SECONDS * 1000)
    ready, arrived, read, size = page.evaluate(TIMES)
    context.close()
    return Opening(ready, arrived, read, size / 1000)


@contextmanager
def _chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        raise WrongResult("Expected 'chromium' on the PATH; install it with: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", port, "config.wsgi:application"]
    server = subprocess.Popen(
        [sys.executable, "-m", "granian", *command, "--workers", "1", "--no-ws", "--blocking-threads", "8"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/login/", server)
        yield url
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urlopen(url, timeout=PATIENCE_SECONDS):
                return
        except URLError:
            if time.monotonic() > deadline or server.poll() is not None:
                raise WrongResult(f"Expected a server at '{url}', but it does not answer.") from None
            time.sleep(0.1)


__all__ = ["Opening", "openings"]
