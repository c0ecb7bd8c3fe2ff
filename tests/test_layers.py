"""The library's floors: a module imports from floors below its own, never from above."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dcgan_lib

HOME = Path(dcgan_lib.__file__).parent
FLOORS = (
    {"widgets"},
    {"plotting"},
    {"experiments"},
    {"latent", "directions", "inspect", "units", "probes", "metrics", "apps"},
    {"training"},
    {
        "models",
        "forms",
        "fold",
        "summary",
        "cost",
        "scaling",
        "peaks",
        "foreign",
        "pretrained",
        "losses",
        "data",
        "convolution",
        "toy",
        "theory",
    },
    {"config"},
)
"""From the top. What stands in none of them may be imported from anywhere or may import anything: see BESIDE."""
BESIDE = {"__init__", "__main__", "cli", "environment", "exercises", "threads"}
"""The library's doors: they import what they need, and no floor imports them."""

FILES = sorted(path for path in HOME.rglob("*.py") if "__pycache__" not in path.parts)


def part(path: Path) -> str:
    """`models` for models.py, `data` for data/folder.py."""
    return path.relative_to(HOME).parts[0].removesuffix(".py")


def floor(name: str) -> int | None:
    """0 is the highest."""
    return next((level for level, names in enumerate(FLOORS) if name in names), None)


def imported_parts(path: Path) -> set[str]:
    """The parts of the library that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module == "dcgan_lib":
            modules = [f"dcgan_lib.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module]
        else:
            continue
        found |= {module.split(".")[1] for module in modules if module.startswith("dcgan_lib.")}
    return found


def known(name: str) -> bool:
    return (HOME / name).is_dir() or (HOME / f"{name}.py").exists()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOME)))
def test_imports_go_downward_only(path):
    own = floor(part(path))
    if own is None:
        return
    upward = [name for name in imported_parts(path) if name != part(path) and known(name)]
    assert [name for name in upward if (floor(name) if floor(name) is not None else -1) < own] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOME)))
def test_imports_are_absolute(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [n.lineno for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level] == []


def test_every_part_has_a_floor():
    parts = {part(path) for path in FILES}
    assert {name for name in parts if floor(name) is None} <= BESIDE


def test_importing_the_library_is_light():
    code = "import sys, dcgan_lib; print(*{'torch', 'matplotlib', 'numpy', 'PIL', 'anywidget'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOME)))
def test_the_library_does_not_know_the_book(path):
    text = path.read_text(encoding="utf-8")
    assert "book/" not in text.replace("notebook/", "") and ".ipynb" not in text
