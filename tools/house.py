"""The book's own Sphinx extension: what the site needs beyond its settings in _config.yml.

- MathJax comes from a Python package into `web/vendor/`, so that a page asks no outside host for it.
- The shipped generators go there too, in the form that a page computes with, and the recorded runs.
- What a widget needs becomes files beside the page (widget_files.py).
- Outputs made with an older library are forgotten, and then every page is made anew.
- Thebe's files, which the theme loads even when Thebe is off, are left out.
- The bibliography's markup says what it is.
- Where scripts are off, a widget's picture or sentence stands in its place (noscript.py).
- A page of text with a live cell in it offers no Colab button: Colab opens notebooks only.
"""

import hashlib
import importlib.util
import json
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

from dcgan_lib import pretrained
from dcgan_lib.widgets.scrubber import recorded, run_files
from dcgan_lib.widgets.serving import model_files
from tools.fingerprint import EXECUTED_FROM, ROOT, SHOWN_WITH, fingerprint, forget_stale_outputs
from tools.noscript import StandIns
from tools.widget_files import move_page

log = logging.getLogger(__name__)

MATHJAX = ROOT / "web" / "vendor" / "mathjax"
MODELS = ROOT / "web" / "vendor" / "models"
RUNS = ROOT / "web" / "vendor" / "runs"
MATHJAX_SCRIPT = "tex-mml-chtml.js"
MATHJAX_SHA256 = "8aacaa13814e2dd77de7b5f10a7c0cda3a0bcd0af3a2129f8aa7a794f607fd55"  # MathJax 3.2.2


def copy_mathjax(target: Path = MATHJAX) -> None:
    """Put MathJax 3.2.2 and its licence into `target`, from the package django-static-mathjax.

    The script is the one that draws with fonts (`tex-mml-chtml`); with it go the fonts and the TeX extensions that it
    loads when a formula asks for them.

    Raises:
        ExtensionError: the package is missing, or its MathJax is not the one that was checked.
    """
    package = importlib.util.find_spec("mathjax")
    source = Path(package.origin).parent / "static" / "mathjax" if package and package.origin else None
    if source is None or not (source / "es5" / MATHJAX_SCRIPT).exists():
        raise ExtensionError("MathJax is missing: run  pip install -r requirements.txt  (django-static-mathjax)")
    found = hashlib.sha256((source / "es5" / MATHJAX_SCRIPT).read_bytes()).hexdigest()
    if found != MATHJAX_SHA256:
        raise ExtensionError(f"MathJax in {source} has sha256 {found}, expected {MATHJAX_SHA256}")
    if (target / MATHJAX_SCRIPT).exists() and (target / "LICENSE").exists():
        return
    target.mkdir(parents=True, exist_ok=True)
    for folder in ("output/chtml/fonts/woff-v2", "input/tex/extensions"):
        shutil.copytree(source / "es5" / folder, target / folder, dirs_exist_ok=True)
    shutil.copy(source / "LICENSE", target)
    shutil.copy(source / "es5" / MATHJAX_SCRIPT, target)  # last: it marks a whole copy


def copy_models(target: Path = MODELS) -> None:
    """Write every shipped generator as the page reads it: `<name>.json` and `<name>.bin`."""
    for name in pretrained.available():
        write_files(target, name, *model_files(name), "bin")


def copy_runs(target: Path = RUNS) -> None:
    """Write every recorded run as the page reads it: `<name>.json` and `<name>.webp`."""
    for name in recorded():
        write_files(target, name, *run_files(name), "webp")


def write_files(target: Path, name: str, manifest: dict, data: bytes, suffix: str) -> None:
    """What `files.mjs` fetches. A file that holds this already is left alone."""
    target.mkdir(parents=True, exist_ok=True)
    text = json.dumps(manifest, separators=(",", ":")).encode()
    for file, content in ((f"{name}.json", text), (f"{name}.{suffix}", data)):
        if not (target / file).exists() or (target / file).read_bytes() != content:
            (target / file).write_bytes(content)


def prepare(app: Sphinx) -> None:
    """Before anything is read."""
    copy_mathjax()
    copy_models()
    copy_runs()
    if forget_stale_outputs():
        log.info("the library, its data or its requirements changed: every chapter is executed anew")


def outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
    """Every page, when something that all of them depend on has changed since the last build."""
    now, before = fingerprint(EXECUTED_FROM + SHOWN_WITH), getattr(env, "house_fingerprint", None)
    env.house_fingerprint = now
    return [] if before in (None, now) else sorted(env.found_docs)


def drop_thebe(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Its inline constants come twice, which is an error on every page; and nothing here uses them."""

    def of_thebe(file: object) -> bool:
        body = getattr(file, "attributes", {}).get("body") or ""
        return "THEBE_JS_URL" in body or "sphinx-thebe" in str(getattr(file, "filename", file))

    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, []) if not of_thebe(file)]


def mend_citations(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Sphinx calls the bibliography an ARIA list whose entries are no list items: screen readers count none."""
    if "body" in context:
        context["body"] = context["body"].replace(
            '<div role="list" class="citation-list">', '<div class="citation-list">'
        )


def drop_launch(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """The theme takes every page that was executed for a notebook file."""
    if not str(app.env.doc2path(pagename, base=False) if pagename in app.env.found_docs else "").endswith(".ipynb"):
        buttons = context.get("header_buttons", [])
        context["header_buttons"] = [b for b in buttons if b.get("label") != "launch-buttons"]


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", prepare)
    app.connect("env-get-outdated", outdated)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", mend_citations)
    app.connect("html-page-context", move_page, priority=900)
    app.connect("html-page-context", drop_launch, priority=900)
    app.add_post_transform(StandIns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
