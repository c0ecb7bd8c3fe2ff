"""The built site on a local server under a prefix, as on GitHub Pages, and a browser that reaches nothing else."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

from tools import chromium
from tools.book import SITE, Handler

PREFIX = "/dcgan-book/"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


class Prefixed(Handler):
    """Serves the site below PREFIX, and answers 404 to everything beside it."""

    def translate_path(self, path: str) -> str:
        if not path.startswith(PREFIX):
            return str(SITE / "nothing-here")
        return super().translate_path(path.removeprefix(PREFIX.rstrip("/")))


def pages() -> list[str]:
    """Every page of the book, relative to the site's root."""
    if not (SITE / "index.html").exists():
        raise FileNotFoundError(f"there is no {SITE}/index.html: run  make book  first")
    return sorted(f"book/{path.name}" for path in (SITE / "book").glob("*.html"))


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The site's address, such as `http://127.0.0.1:40123/dcgan-book/`."""
    handler = type("Site", (Prefixed,), {"__init__": lambda self, *a: Handler.__init__(self, *a, directory=str(SITE))})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium.ensure(), headless=True, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Said:
    """What a page complained of."""

    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def everything(self) -> list[str]:
        return (
            [f"error: {text}" for text in self.errors]
            + [f"failed request: {text}" for text in self.failed]
            + [f"asked an outside host: {text}" for text in self.outside]
        )


def overtaken(request: Request) -> bool:
    """Whether a picture's load was given up because the slider had already moved on."""
    return request.url.startswith("blob:") and request.failure == "net::ERR_ABORTED"


def attend(page: Page, address: str) -> Said:
    """Let the page reach only the host of `address`, and note its errors and what else it asked for."""
    said, host = Said(), urlsplit(address).netloc

    def only_this_host(route: Route) -> None:
        if urlsplit(route.request.url).netloc in (host, ""):  # data: and blob: have no host
            route.continue_()
        else:
            said.outside.append(route.request.url)
            route.abort()

    page.route("**/*", only_this_host)
    page.on("console", lambda message: message.type == "error" and said.errors.append(message.text))
    page.on("pageerror", lambda error: said.errors.append(str(error)))
    return said


@contextlib.contextmanager
def opened(
    browser: Browser,
    address: str,
    width: int = 1280,
    height: int = 900,
    scheme: str = "light",
    init: str = "",
    **context: object,
) -> Iterator[tuple[Page, Said]]:
    """The page at `address` when it has settled: widgets rendered, mathematics typeset. `init` runs before all else."""
    made = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **context)
    made.set_default_timeout(120_000)  # the machine may be busy
    made.add_init_script(init)
    page = made.new_page()
    said = attend(page, address)
    page.on(
        "requestfailed", lambda request: overtaken(request) or said.failed.append(f"{request.url} {request.failure}")
    )
    page.on("response", lambda answer: answer.status >= 400 and said.failed.append(f"{answer.status} {answer.url}"))
    page.goto(address, wait_until="load")
    settle(page)
    try:
        yield page, said
    finally:
        made.close()


def settle(page: Page) -> None:
    """Wait until every widget has rendered and MathJax is done."""
    page.evaluate("() => document.fonts.ready.then(() => true)")
    views = 'script[type="application/vnd.jupyter.widget-view+json"]'
    page.wait_for_function(
        "views => [...document.querySelectorAll(views)].every(s => s.nextElementSibling?.childNodes.length)",
        arg=views,
    )
    page.evaluate("() => window.MathJax?.startup?.promise?.then(() => true) ?? true")
