"""The notebooks' house rules: bring a chapter into form, or say where it departs from it.

python -m tools.notebooks setup book/01-gan-theory.ipynb --cpu-minutes 2 --gpu-minutes 1
    puts in the Colab badge and the set-up cell, or renews them
python -m tools.notebooks strip
    takes outputs, counts and widget state out of every chapter; puts cell ids and Colab's settings in
python -m tools.notebooks check
    prints every departure from the house rules, one a line

A chapter is edited in Jupyter or Colab as any notebook is; `strip` it before it is committed.
"""

import argparse
import hashlib
import json
import re
import statistics
import sys
from pathlib import Path

from tools.set_repository import ROOT, repository, slug

MAX_LINES = 15  # of every visible code cell
MEDIAN_LINES = 8  # of a chapter's code cells
MAX_CODE_RUN = 3  # code cells with no prose between them
MIN_WORDS_PER_LINE = 6.0  # of prose, for each line of code; 8 to 20 is what we aim at
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
KEPT = ("tags", "mystnb", "cellView")  # of a cell's metadata

COLAB = {"accelerator": "GPU", "colab": {"gpuType": "T4", "toc_visible": True}}
KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

SETUP = """\
# @title Set-up: run this cell first
import os
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # a fresh machine: fetch the book, and only what is missing
    if not os.path.exists("/content/dcgan-book/dcgan_lib"):
        !git clone -q --depth 1 {address} /content/dcgan-book
    for name in ("psygnal", "anywidget", "safetensors"):
        if find_spec(name) is None:
            %pip install -q --no-deps {{name}}
    sys.path.insert(0, "/content/dcgan-book")
    os.chdir("/content/dcgan-book/book")

from dcgan_lib.environment import report

report(cpu_minutes={cpu}, gpu_minutes={gpu})"""
MINUTES = re.compile(r"report\(cpu_minutes=([\d.]+), gpu_minutes=([\d.]+)\)")

BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{slug}/blob/main/{path})"


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, notebook: dict) -> None:
    """As Jupyter writes it, so that a later save changes nothing."""
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def source(cell: dict) -> str:
    return "".join(cell["source"])


def lines(text: str) -> list[str]:
    """A cell's text as the list of lines that a notebook file stores."""
    return text.splitlines(keepends=True)


def code_lines(cell: dict) -> int:
    """Lines that hold code: blank ones are not counted."""
    return sum(bool(line.strip()) for line in source(cell).splitlines())


# --- the frame: badge and set-up cell ---


def setup_source(cpu: str = "1", gpu: str = "1") -> str:
    """The set-up cell's text, the same in every chapter up to the two numbers of minutes."""
    return SETUP.format(address=repository(), cpu=cpu, gpu=gpu)


def setup_cell(cpu: str, gpu: str) -> dict:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "set-up",
        "metadata": {"cellView": "form", "tags": ["hide-cell"]},
        "outputs": [],
        "source": lines(setup_source(cpu, gpu)),
    }


def badge_cell(path: Path) -> dict:
    """Shown by Jupyter, Colab and GitHub; left out of the site, which has its own button."""
    text = BADGE.format(slug=slug(repository()), path=f"book/{path.name}")
    return {
        "cell_type": "markdown",
        "id": "colab-badge",
        "metadata": {"tags": ["remove-cell"]},
        "source": lines(text),
    }


def frame(notebook: dict, path: Path, cpu: str | None = None, gpu: str | None = None) -> dict:
    """Put the badge first and the set-up cell before the first code, or renew both where they stand.

    Minutes that are not given stay as the chapter has them.
    """
    old = next((cell for cell in notebook["cells"] if cell.get("id") == "set-up"), None)
    had = MINUTES.search(source(old)).groups() if old and MINUTES.search(source(old)) else ("1", "1")
    setup = setup_cell(cpu or had[0], gpu or had[1])
    cells = [cell for cell in notebook["cells"] if cell.get("id") not in ("set-up", "colab-badge")]
    first_code = next((i for i, cell in enumerate(cells) if cell["cell_type"] == "code"), len(cells))
    cells.insert(first_code, setup)
    cells.insert(0, badge_cell(path))
    return {**notebook, "cells": cells}


# --- strip ---


def stable_id(cell: dict, taken: set[str]) -> str:
    """An id for a cell that has none: a hash of its text, so that the same text gives the same id."""
    digest = hashlib.sha256(source(cell).encode()).hexdigest()
    return next(digest[:n] for n in range(8, 65) if digest[:n] not in taken)


def strip(notebook: dict) -> dict:
    """Without outputs, counts and widget state; with an id for every cell and Colab's settings."""
    cells, taken = [], set()
    for cell in notebook["cells"]:
        kept = {key: value for key, value in cell["metadata"].items() if key in KEPT}
        cell_id = cell.get("id")
        if not cell_id or cell_id in taken:
            cell_id = stable_id(cell, taken)
        taken.add(cell_id)
        clean = {
            "cell_type": cell["cell_type"],
            "id": cell_id,
            "metadata": kept,
            "source": lines(source(cell)),
        }
        if cell["cell_type"] == "code":
            clean |= {"execution_count": None, "outputs": []}
        cells.append(clean)
    return {"cells": cells, "metadata": {**KERNEL, **COLAB}, "nbformat": 4, "nbformat_minor": 5}


# --- check ---


def words(cell: dict) -> int:
    return len(source(cell).split())


def check(notebook: dict, path: Path) -> list[str]:
    """Every departure from the house rules, each as one sentence that names the cell."""
    cells, said = notebook["cells"], []
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    if not code:
        return [f"{path.name}: it has no code cell"]

    def say(text: str, cell: dict | None = None) -> None:
        where = f", cell {cell.get('id')!r} ({source(cell).strip().splitlines()[0][:60]!r})" if cell else ""
        said.append(f"{path.name}{where}: {text}")

    if notebook != strip(notebook):
        say("outputs, counts, widget state, repeated ids or foreign metadata; run tools.notebooks strip")
    if notebook["cells"] != frame(notebook, path)["cells"]:
        say("badge or set-up cell are not the house's; run tools.notebooks setup")

    visible = [cell for cell in code if not HIDDEN & set(cell["metadata"].get("tags", []))]
    for cell in visible:
        if code_lines(cell) > MAX_LINES:
            say(
                f"{code_lines(cell)} visible lines, the most is {MAX_LINES}; move a helper to the library",
                cell,
            )
    if visible and (median := statistics.median(map(code_lines, visible))) > MEDIAN_LINES:
        say(f"the median code cell has {median:g} lines, the most is {MEDIAN_LINES}")

    run = 0
    for cell in cells:
        run = run + 1 if cell["cell_type"] == "code" else 0
        if run == MAX_CODE_RUN + 1:
            say(f"more than {MAX_CODE_RUN} code cells with no prose between them", cell)

    prose = sum(words(cell) for cell in cells if cell["cell_type"] == "markdown")
    ratio = prose / sum(map(code_lines, code))
    if ratio < MIN_WORDS_PER_LINE:
        say(f"{ratio:.1f} words of prose for each line of code, the least is {MIN_WORDS_PER_LINE:g}")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("setup", "strip", "check"))
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks (default: every chapter)")
    parser.add_argument("--cpu-minutes", help="with setup: what the chapter takes on two CPU cores")
    parser.add_argument("--gpu-minutes", help="with setup: what it takes on a GPU")
    args = parser.parse_args()

    said = []
    for path in args.paths or sorted(ROOT.glob("book/*.ipynb")):
        notebook = read(path)
        if args.command == "check":
            said += check(notebook, path)
            continue
        if args.command == "setup":
            notebook = frame(notebook, path, args.cpu_minutes, args.gpu_minutes)
        write(path, strip(notebook))
    print("\n".join(said), end="\n" if said else "")
    sys.exit(1 if said else 0)


if __name__ == "__main__":
    main()
