"""ES modules of the library, run in a browser: `Modules.call("latent.mjs", "slerp", a, b, 0.5)`."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from dcgan_lib.widgets import bundle
from tools.book import Handler

WIDGETS = Path(bundle.__file__).parent


class Modules:
    """A blank page from which the modules can be imported, with the files of `extra` beside them."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address

    def call(self, module: str, function: str, *arguments: Any) -> Any:
        """The (awaited) value of an exported function; typed arrays come back as lists."""
        code = f"async args => plain(await (await import('{self.address}{module}')).{function}(...args))"
        return self.page.evaluate(f"({code})", list(arguments))

    def run(self, module: str, code: str, argument: Any = None) -> Any:
        """`code` is a function of `(module, argument)`."""
        return self.page.evaluate(
            f"async argument => plain(await ({code})(await import('{self.address}{module}'), argument))", argument
        )


PLAIN = """
window.plain = value => ArrayBuffer.isView(value) ? [...value]
  : Array.isArray(value) ? value.map(plain)
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]))
  : value;
"""


@contextlib.contextmanager
def modules(browser: Browser, extra: dict[str, bytes] | None = None) -> Iterator[Modules]:
    files = extra or {}

    class Served(Handler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            if name not in files and name != "":
                return super().do_GET()
            body = files.get(name, b"<!doctype html><title>modules</title>")
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(name) if name else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return None

    handler = type("Here", (Served,), {"__init__": lambda self, *a: Served.__init__(self, *a, directory=str(WIDGETS))})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page()
    try:
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.evaluate(PLAIN)
        yield Modules(page, "/")
    finally:
        page.close()
        server.shutdown()
        server.server_close()
