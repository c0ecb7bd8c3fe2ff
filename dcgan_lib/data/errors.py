"""What can be wrong with data, said once for all sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class DataError(RuntimeError):
    """The data cannot be used as asked. The message says what is wrong and what to do.

    `bad` lists the files at fault, where single files are.
    """

    def __init__(self, message: str, bad: Sequence[BadFile] = ()) -> None:
        super().__init__(message)
        self.bad = tuple(bad)


@dataclass(frozen=True, order=True)
class BadFile:
    """A file that cannot be used, and why."""

    name: str  # relative to the folder that was asked for, with forward slashes
    reason: str


def printable(name: str) -> str:
    """A file's name as text that any terminal shows: control characters and undecodable bytes are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def table(bad: Sequence[BadFile]) -> str:
    """Every bad file on its own line, with its reason."""
    names = [printable(file.name) for file in bad]
    width = min(max(map(len, names), default=0), 40)
    return "\n".join(f"  {name:<{width}}  {printable(file.reason)}" for name, file in zip(names, bad))
