"""Files that are written whole or not at all, and what is left of writers that were killed."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from pathlib import Path

ABANDONED = 3600.0  # seconds without a write after which the temporary file of another machine is taken for dead


def write(path: Path, *parts: bytes | memoryview) -> None:
    """Put the parts, one after another, into a file that appears under its name only when it is complete.

    A temporary file in the same folder is written, flushed to the disk, read back, and renamed over the old file;
    then the folder is flushed too, for a rename is an entry in it. A reader, or a machine whose power fails, finds
    the old file or the new one.

    Raises:
        OSError: it could not be written. What stood there before is untouched, and no temporary file is left.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        _compare(temporary, parts)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):  # of a folder that is gone; the error that matters is on its way
            temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync(path: Path) -> None:
    """Flush a file that others have appended to."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names. Windows has no such call, and needs none."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def sweep(folder: Path) -> None:
    """Remove the temporary files of writers that were killed: they fill the disk, one checkpoint each."""
    for path in folder.glob(".*.part"):
        with contextlib.suppress(OSError):  # another process may sweep too
            if not _alive(path):
                path.unlink()


def _compare(path: Path, parts: tuple[bytes | memoryview, ...]) -> None:
    """Read back what was written: some network drives report success and keep less."""
    with path.open("rb") as file:
        same = all(file.read(len(part)) == part for part in parts) and not file.read(1)
    if not same:
        raise OSError(errno.EIO, "what was written is not what is read back")


def _alive(path: Path) -> bool:
    """Whether the writer of a temporary file may still be at work."""
    number = path.name.split(".")[-2]
    if time.time() - path.stat().st_mtime > ABANDONED or not number.isdigit() or int(number) == os.getpid():
        return False  # this process writes one file at a time, and not now
    if os.name != "posix":
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
