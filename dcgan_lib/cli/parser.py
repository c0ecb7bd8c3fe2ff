"""A parser whose errors are one line, and what it takes as a number, a device, a picture's name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

PICTURES = (".png", ".gif", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
DRAWINGS = (".png", ".svg", ".pdf")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line. Forty lines of usage before it would hide it; `--help` has them."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def count(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a whole number of at least 1")
    return int(text)


def picture(text: str) -> str:
    """A file for pixels, in a folder that is there."""
    return _file(text, PICTURES)


def drawing(text: str) -> str:
    """A file for a figure, in a folder that is there."""
    return _file(text, DRAWINGS)


def device(text: str) -> str:
    """A device that is there."""
    import torch

    try:
        asked = torch.device(text)
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"{text!r}: no such kind of device; give cpu, cuda, cuda:1 or mps") from None
    there = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if (asked.index or 0) >= there.get(asked.type, 0):
        found = ", ".join(f"{n} {kind}" for kind, n in there.items() if n)
        raise argparse.ArgumentTypeError(f"{text}: torch finds none here ({found}); leave it out or give cpu")
    return text


def _file(text: str, endings: tuple[str, ...]) -> str:
    path = Path(text)
    if path.suffix.lower() not in endings:
        raise argparse.ArgumentTypeError(
            f"{text!r}: give a name that ends in {endings[0]} (or {', '.join(endings[1:])})"
        )
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r}: there is no folder {path.parent}")
    return text
