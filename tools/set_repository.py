"""The repository's address: it stands in pyproject.toml; this changes it everywhere it is repeated.

python -m tools.set_repository https://github.com/you/your-book
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPEATED_IN = ("_config.yml", "README.md", "CITATION.cff", "CONTRIBUTING.md", "book/*.md", "book/*.ipynb")
"""Glob patterns of the files that repeat the address; pyproject.toml is its home."""

SHAPE = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")


def repository(root: Path = ROOT) -> str:
    """The address in `[project.urls]` of pyproject.toml, such as `https://github.com/you/your-book`."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"]


def slug(address: str) -> str:
    """`owner/name`, the part that Colab's links repeat."""
    return address.removeprefix("https://github.com/")


def files(root: Path = ROOT) -> list[Path]:
    """Every file that may repeat the address."""
    repeated = [path for pattern in REPEATED_IN for path in sorted(root.glob(pattern))]
    return [root / "pyproject.toml"] + repeated


def set_repository(new: str, root: Path = ROOT) -> list[Path]:
    """Replace the address, and Colab's form of it, in every file that repeats it. Returns the changed files.

    Raises:
        ValueError: `new` is not `https://github.com/owner/name`.
    """
    new = new.rstrip("/").removesuffix(".git")
    if not SHAPE.fullmatch(new):
        raise ValueError(f"{new!r} is no repository address; give one like https://github.com/owner/name")
    old = repository(root)
    pairs = [(old, new), (f"github/{slug(old)}", f"github/{slug(new)}")]
    changed = []
    for path in files(root):
        before = after = path.read_text(encoding="utf-8")
        for was, becomes in pairs:
            after = re.sub(re.escape(was) + r"(?![\w-])", becomes, after)  # .../book, but not .../book-two
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: make repository URL=https://github.com/you/name   (now {repository()})")
    try:
        changed = set_repository(sys.argv[1])
    except ValueError as error:
        raise SystemExit(f"error: {error}") from None
    for path in changed:
        print(f"changed {path.relative_to(ROOT)}")
    print(f"The repository's address is {repository()} ({len(changed)} files changed).")


if __name__ == "__main__":
    main()
