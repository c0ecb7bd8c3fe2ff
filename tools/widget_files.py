"""What a widget's page need not carry in its HTML: its ES module, style sheet and pictures become files beside it.

A notebook's widgets arrive as one JSON text in the page: for every widget its whole module, and its pictures in
base64. Here each of those becomes a file named by its content, so a page states its widgets in a few kilobytes, ten
widgets of a kind fetch one module, and a browser keeps it from page to page. `web/afm-host.mjs` reads what is left:

    {"state": {"<id>": {..., "state": {...}, "files": [{"path": ["frames", 3], "name": "0f3a….webp"}]}}}
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx

FOLDER = "_widgets"
STATE = "application/vnd.jupyter.widget-state+json"
UNREAD = ("LayoutModel", "DescriptionStyleModel", "SliderStyleModel", "CheckboxStyleModel")  # of stock front ends
SUFFIXES = {"_esm": ".mjs", "_css": ".css", "image/webp": ".webp", "image/png": ".png"}


def move_out(state: dict, folder: Path) -> dict:
    """The state of a page's widgets with everything large written into `folder` and named in its place.

    What only the front ends of stock widgets read is left out: a kilobyte of nulls for each widget.

    Args:
        state: `{id: {"model_name", "model_module", "state", "buffers"}}`, as ipywidgets writes it; left as it is.
        folder: is made if it is missing. A file that is there already is the same: its name is its content's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = {key: entry for key, entry in state.items() if entry["model_name"] not in UNREAD}
    return {key: entry | _without(entry, folder) for key, entry in shown.items()}


def _without(entry: dict, folder: Path) -> dict:
    kept = json.loads(json.dumps(entry["state"]))
    files = []
    for path, content, suffix in _large(entry):
        name = f"{hashlib.sha256(content).hexdigest()[:20]}{suffix}"
        if not (folder / name).exists():
            (folder / name).write_bytes(content)
        files.append({"path": path, "name": name})
        parent = kept
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = None
    return {"state": kept, "buffers": [], "files": files}


def _large(entry: dict) -> Iterator[tuple[list, bytes, str]]:
    """Each large value: where it stands in the widget's state, its bytes, and its file's suffix."""
    state = entry["state"]
    for trait in ("_esm", "_css"):
        if state.get(trait):
            yield [trait], state[trait].encode(), SUFFIXES[trait]
    for buffer in entry.get("buffers", []):
        yield buffer["path"], base64.b64decode(buffer["data"]), SUFFIXES.get(state.get("mime"), ".bin")
    if entry["model_name"] == "OutputModel":  # what an interact cell drew when the page was built
        for i, output in enumerate(state.get("outputs", [])):
            if "image/png" in output.get("data", {}):
                picture = base64.b64decode(output["data"]["image/png"])
                yield ["outputs", i, "data", "image/png"], picture, ".png"


def move_page(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """The same for a page that Sphinx is about to write."""
    files = context.get("script_files", [])
    for i, file in enumerate(files):
        attributes = dict(getattr(file, "attributes", {}))
        if attributes.get("type") != STATE:
            continue
        page = json.loads(attributes["body"])
        page["state"] = move_out(page["state"], Path(app.outdir) / FOLDER)
        attributes["body"] = json.dumps(page).replace("</", "<\\/")
        files[i] = type(file)(file.filename, priority=file.priority, **attributes)
