"""Which state of the project the stored notebook outputs belong to.

The execution cache knows a notebook by its cells only, so a change of the library would leave old outputs in the
book. What the cells can import or load is therefore hashed, and a new hash clears the cache.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "_build" / ".jupyter_cache"
STAMP = CACHE / "fingerprint"

EXECUTED_FROM = (
    "requirements.txt",
    "dcgan_lib/**/*",
    "data/checkpoints/**/*",
    "data/runs/**/*",
    "data/results/*.json",
    "benchmarks/results/*.json",
)
"""What a notebook's outputs depend on besides its cells."""
SHOWN_WITH = ("_config.yml", "_toc.yml", "tools/*.py", "web/*", "book/*.bib")
"""What every page depends on besides its own text."""


def fingerprint(patterns: tuple[str, ...], root: Path = ROOT) -> str:
    """A hash over names and contents of the files that match, and over this Python."""
    digest = hashlib.sha256(f"{sys.version} {os.environ.get('DCGAN_DATA', '')}".encode())
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(root)).encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def forget_stale_outputs() -> bool:
    """Clear the execution cache if it belongs to another library, data or requirements; say whether it did."""
    now = fingerprint(EXECUTED_FROM)
    if STAMP.exists() and STAMP.read_text() == now:
        return False
    shutil.rmtree(CACHE, ignore_errors=True)
    CACHE.mkdir(parents=True)
    STAMP.write_text(now)
    return True
