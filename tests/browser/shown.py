"""One widget on a page of its own, as the book shows it: state in the page, the book's host, style and theme.

with shown(browser, LossExplorer()) as (page, said): page.locator("input[type=range]").fill("2")
"""

import contextlib
import html
import http.server
import importlib.util
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import anywidget
from axe_playwright_python.sync_playwright import Axe
from ipywidgets.embed import dependency_state, embed_data
from playwright.sync_api import Browser, Page

from tests.browser import harness
from tools.book import Handler
from tools.fingerprint import ROOT
from tools.widget_files import FOLDER, move_out

WEB = ROOT / "web"
THEMES = {
    "pydata.css": ("pydata_sphinx_theme", "theme/pydata_sphinx_theme/static/styles/pydata-sphinx-theme.css"),
    "theme.css": ("sphinx_book_theme", "theme/sphinx_book_theme/static/styles/sphinx-book-theme.css"),
}

PAGE = """<!doctype html><html lang="en" data-content_root="./" data-theme="{scheme}" data-mode="{scheme}"><head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="_static/pydata.css"><link rel="stylesheet" href="_static/theme.css">
<link rel="stylesheet" href="_static/book.css"></head>
<body><main class="bd-content" style="display: block; padding: 0 1rem; max-width: 46rem; margin: auto">
<h1 style="overflow-wrap: anywhere">{title}</h1><div class="cell_output"><div class="output">{views}</div></div></main>
<script type="application/vnd.jupyter.widget-state+json">{state}</script>
<script type="module" src="_static/afm-host.mjs"></script></body></html>
"""


def page_of(widget: anywidget.AnyWidget, scheme: str, folder: Path) -> bytes:
    """The page, its widget's state written into it as a built page has it, what is large in it as files in `folder`."""
    data = embed_data(views=[widget], state=dependency_state([widget], drop_defaults=False))
    data["manager_state"]["state"] = move_out(data["manager_state"]["state"], folder)
    kind = "application/vnd.jupyter.widget-view+json"
    views = "".join(f'<script type="{kind}">{json.dumps(view)}</script>' for view in data["view_specs"])
    state = json.dumps(data["manager_state"]).replace("</", "<\\/")
    title = html.escape(type(widget).__name__)
    return PAGE.format(scheme=scheme, title=title, views=views, state=state).encode()


def style(package: str, path: str) -> Path:
    return Path(importlib.util.find_spec(package).origin).parent / path


@contextlib.contextmanager
def shown(
    browser: Browser,
    widget: anywidget.AnyWidget,
    width: int = 1280,
    height: int = 900,
    scheme: str = "light",
    **context,
) -> Iterator[tuple[Page, harness.Said]]:
    """The page when its widget has rendered, and what it complained of (see `harness.opened`).

    Files are those of `web/`, so the models for a page are at `_static/vendor/models` once a book was built.
    """
    files = {f"/_static/{name}": style(*where) for name, where in THEMES.items()}
    made = Path(tempfile.mkdtemp())

    class Served(Handler):
        def do_GET(self) -> None:
            if self.path != "/":
                return super().do_GET()
            body = page_of(widget, scheme, made)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return None

        def translate_path(self, path: str) -> str:
            if path.startswith(f"/{FOLDER}/"):
                return str(made / Path(path).name)
            return str(files.get(path) or WEB / path.removeprefix("/_static/"))

    handler = type("Shown", (Served,), {"__init__": lambda self, *a: Served.__init__(self, *a, directory=str(WEB))})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/"
        with harness.opened(browser, address, width=width, height=height, scheme=scheme, **context) as opened:
            yield opened
    finally:
        server.shutdown()
        server.server_close()
        shutil.rmtree(made)


def grave(page: Page) -> list[str]:
    """What axe finds critical or serious."""
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{v['id']}: {v['help']}; {len(v['nodes'])} times, first {v['nodes'][0]['html'][:200]}"
        for v in violations
        if v["impact"] in ("critical", "serious")
    ]
