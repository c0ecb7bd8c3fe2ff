"""The chapters as files: the house rules hold, and the check that runs them is no empty one."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest

from tools import notebooks
from tools.check import NBVAL
from tools.fingerprint import ROOT

CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))


def cell(text: str, kind: str = "code", **metadata: object) -> dict:
    made = {"cell_type": kind, "metadata": metadata, "source": notebooks.lines(text)}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def chapter(*cells: dict, path: Path = Path("01-test.ipynb")) -> dict:
    """A stripped and framed notebook: prose enough for some code, then the cells."""
    prose = cell("word " * 400, "markdown")
    made = {"cells": [prose, *cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return notebooks.strip(notebooks.frame(made, path))


def said(notebook: dict) -> str:
    return "\n".join(notebooks.check(notebook, Path("01-test.ipynb")))


def test_there_are_six_chapters():
    assert [path.stem[:2] for path in CHAPTERS] == ["01", "02", "03", "04", "05", "06"]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_chapter_keeps_the_house_rules(path):
    assert notebooks.check(notebooks.read(path), path) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_chapter_begins_with_the_set_up_of_all_chapters(path):
    first = next(c for c in notebooks.read(path)["cells"] if c["cell_type"] == "code")
    minutes = notebooks.MINUTES.search(notebooks.source(first)).groups()
    assert notebooks.source(first) == notebooks.setup_source(*minutes)


def test_a_good_notebook_passes():
    assert said(chapter(cell("1 + 1"))) == ""


def test_stripping_twice_changes_nothing_more():
    once = chapter(cell("1 + 1"), cell("1 + 1"))
    assert notebooks.strip(once) == once


def test_ids_stay_when_another_cell_changes():
    before, after = chapter(cell("1"), cell("2")), chapter(cell("3"), cell("2"))
    assert before["cells"][-1]["id"] == after["cells"][-1]["id"]


def test_outputs_and_widget_state_are_noticed():
    for where, value in (("outputs", [{"output_type": "stream"}]), ("execution_count", 3)):
        notebook = copy.deepcopy(chapter(cell("1 + 1")))
        notebook["cells"][-1][where] = value
        assert "run tools.notebooks strip" in said(notebook)
    notebook = chapter(cell("1 + 1"))
    notebook["metadata"]["widgets"] = {}
    assert "run tools.notebooks strip" in said(notebook)


def test_a_changed_set_up_cell_is_noticed():
    notebook = chapter(cell("1 + 1"))
    setup = next(c for c in notebook["cells"] if c["id"] == "set-up")
    setup["source"][-1] = "report(cpu_minutes=1, gpu_minutes=1, loud=True)"
    assert "run tools.notebooks setup" in said(notebook)


def test_long_cells_and_long_runs_of_code_are_noticed():
    long = "\n".join(f"a{i} = {i}" for i in range(16))
    assert "16 visible lines" in said(chapter(cell(long)))
    assert "16 visible lines" not in said(chapter(cell(long, tags=["hide-input"])))
    assert "more than 3 code cells" in said(chapter(*[cell(str(i)) for i in range(4)]))


def test_too_little_prose_is_noticed():
    notebook = chapter(cell("1 + 1"))
    notebook["cells"] = [c for c in notebook["cells"] if "word" not in notebooks.source(c)]
    assert "words of prose" in said(notebook)


@pytest.fixture
def run_nbval(tmp_path):
    def run(*cells: dict) -> subprocess.CompletedProcess:
        path = tmp_path / "tried.ipynb"
        notebooks.write(path, notebooks.strip({"cells": list(cells), "metadata": {}}))
        command = [sys.executable, "-m", "pytest", "-q", *NBVAL, "-p", "no:cacheprovider", str(path)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)

    return run


def test_a_wrong_assertion_in_a_chapter_would_be_seen(run_nbval):
    result = run_nbval(cell("x = 2"), cell("assert x == 3"))
    assert result.returncode == 1
    assert "1 failed, 1 passed" in result.stdout


def test_every_code_cell_of_every_chapter_is_run():
    command = [sys.executable, "-m", "pytest", "-q", *NBVAL, "--collect-only", "-p", "no:cacheprovider", "book"]
    listed = subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout
    collected = [line for line in listed.splitlines() if "::Cell" in line]
    code = [c for path in CHAPTERS for c in notebooks.read(path)["cells"] if c["cell_type"] == "code"]
    assert len(collected) == len(code) > 0
