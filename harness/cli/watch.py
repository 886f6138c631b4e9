"""`harness watch`: sends on and on, and shows who answers. It judges nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from rich.console import Console
from rich.live import Live

from harness.cli.shares import Window, drawing, line
from harness.clusters import state
from harness.errors import EnvironmentCannot, UsageError
from harness.model import Request
from harness.observation import observe
from harness.traffic import send

CATALOG_HOST = "catalog.istioinaction.io"
INTERVAL = 1.0
"""Seconds of a batch, which is also how often the picture changes."""


def target(url: str, headers: Sequence[str], name: str) -> tuple[str, Request]:
    """Where to send, and what: from a curl-like URL and its ``Name: value`` headers.

    Without a URL it is the catalog behind local cluster ``name``. Raises UsageError for a header
    or URL that makes no sense, EnvironmentCannot if that cluster does not run.
    """
    given: dict[str, str] = {}
    for header in headers:
        key, colon, value = header.partition(":")
        if not colon or not key.strip():
            raise UsageError(
                f"header {header!r} has no colon", "write it as curl does: Name: value"
            )
        given[key.strip()] = value.strip()
    host = next((given.pop(key) for key in list(given) if key.lower() == "host"), "")
    if not url:
        running = state.find(state.check_name(name))
        if running is None:
            raise EnvironmentCannot(
                f"local cluster {name!r} is not running", "harness up, or a URL"
            )
        url, host = f"{running.ingress}/items", host or CATALOG_HOST
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.netloc:
        raise UsageError(f"{url!r} is not an http URL", "such as http://127.0.0.1:30080/items")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"http://{parts.netloc}", Request(path=path, host=host or parts.netloc, headers=given)


def watch(
    ingress: str, request: Request, *, rate: int, window: float, seconds: float, console: Console
) -> Mapping[str, int]:
    """Send ``rate`` requests a second until Ctrl-C or for ``seconds`` (0: no end).

    A terminal shows the shares of the last ``window`` seconds as bars, anything else gets a line
    a batch. Returns the counts of all answers by label.
    """
    classifier = "users" if request.path.partition("?")[0].endswith("/users") else "catalog"
    shares = Window(classifier, window)
    began = time.monotonic()
    turn = threading.Event()

    def go_on(show: Callable[[], None]) -> None:
        batch = 0
        while not seconds or batch * INTERVAL < seconds:
            answers = send(ingress, request, max(1, round(rate * INTERVAL)))
            shares.add(time.monotonic() - began, observe(classifier, answers))
            show()
            batch += 1
            turn.wait(max(0.0, began + batch * INTERVAL - time.monotonic()))

    try:
        if console.is_terminal:
            title = f"{request}  ({ingress})"
            with Live(console=console, auto_refresh=False) as live:
                caption = f"last {window:g} s at up to {rate} requests a second; Ctrl-C ends"
                go_on(lambda: live.update(drawing(shares.rows(), title, caption), refresh=True))
        else:
            go_on(lambda: console.print(line(shares.rows()), highlight=False, soft_wrap=True))
    except KeyboardInterrupt:
        # The way to end it.
        pass
    return shares.total.counts
