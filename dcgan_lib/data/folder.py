"""A folder of images: which files it holds, and what they are called.

The files themselves are read and verified in one pass, by `cache`.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

from dcgan_lib.data.decode import SUFFIXES
from dcgan_lib.data.errors import BadFile, DataError, printable

OTHER_PHOTOS = frozenset({".heic", ".heif", ".avif", ".jxl", ".jp2", ".dng", ".cr2", ".nef", ".arw", ".psd", ".tga"})
TOP = "."  # the label of images that lie beside the sub-folders


@dataclass(frozen=True)
class FolderIndex:
    """The image files of a folder, sorted by name, with labels.

    An image's label is the first sub-folder on its way, as in torchvision's `ImageFolder`. With no sub-folders
    there are no labels; images that lie beside sub-folders are labelled ".".
    """

    path: Path
    files: tuple[str, ...]  # relative to `path`, with forward slashes
    stamps: tuple[tuple[int, int], ...]  # per file, see `stamp`
    unreadable: tuple[BadFile, ...]  # folders that could not be entered
    ignored: dict[str, int]  # other visible files, counted by suffix
    label_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.files)

    def labels(self) -> list[int] | None:
        """Per file, the index of its name in `label_names`; None without sub-folders."""
        if not self.label_names:
            return None
        number = {name: k for k, name in enumerate(self.label_names)}
        return [number[_label(file)] for file in self.files]


def index_folder(path: str | os.PathLike) -> FolderIndex:
    """List the images in a folder and its sub-folders, by suffix. Opens no file.

    Hidden files and folders are passed over. Links are followed, each folder is read once, so loops end.

    Raises:
        DataError: no such folder, not a folder, or no images in it.
    """
    path = Path(path).expanduser()
    _check_folder(path)
    files, stamps, unreadable, ignored = [], [], [], Counter()
    for name, entry in _walk(path, unreadable):
        if os.path.splitext(name)[1].lower() in SUFFIXES:
            files.append(name)
            stamps.append(stamp(entry))
        else:
            ignored[os.path.splitext(name)[1].lower() or "no suffix"] += 1
    if not files:
        raise DataError(_no_images(path, ignored, unreadable), unreadable)

    order = sorted(range(len(files)), key=files.__getitem__)
    names = sorted({_label(file) for file in files})
    return FolderIndex(
        path=path.absolute(),
        files=tuple(files[i] for i in order),
        stamps=tuple(stamps[i] for i in order),
        unreadable=tuple(sorted(unreadable)),
        ignored=dict(sorted(ignored.items())),
        label_names=() if names == [TOP] else tuple(names),
    )


def passed_over(index: FolderIndex) -> str:
    """A sentence about photographs in formats that are not read, empty when there are none."""
    photos = {suffix: count for suffix, count in index.ignored.items() if suffix in OTHER_PHOTOS}
    if not photos:
        return ""
    listed = ", ".join(f"{count} {suffix}" for suffix, count in photos.items())
    return f"passed over {listed} in {index.path}: formats that are not read; convert them to JPEG or PNG to use them"


def split_folder(path: str | os.PathLike, split: str) -> Path:
    """Where a split lies: in `path/train` if there is a `train` and beside it a `test` or `valid`, else in `path`.

    `split` is "train", "test", "valid", or "all" for everything under `path`.

    Raises:
        DataError: `path` has splits, but not this one.
    """
    path = Path(path).expanduser()
    spelt = {"valid": ("valid", "val", "validation")}
    found = {
        key: path / name
        for key in ("train", "test", "valid")
        for name in spelt.get(key, (key,))
        if (path / name).is_dir()
    }
    if split == "all" or "train" not in found or len(found) == 1:
        return path
    if split not in found:
        raise DataError(f"{path} has no split {split!r}: choose one of {', '.join(found)}, or all")
    return found[split]


def _walk(top: Path, unreadable: list[BadFile]):
    """Every visible file below `top`: its relative name and its directory entry."""
    seen, waiting = set(), deque([(top, "")])
    while waiting:
        folder, prefix = waiting.pop()
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
        except OSError as error:
            unreadable.append(BadFile(prefix or "./", f"the folder cannot be read: {error.strerror or error}"))
            continue
        linked, real = [], []
        for entry in visible:
            if _is_folder(entry):
                inside = (Path(entry.path), f"{prefix}{entry.name}/")
                (linked if entry.is_symlink() else real).append(inside)
            else:
                yield prefix + entry.name, entry
        # taken from the right: links come after every real folder, so that an image keeps the name of its own place
        waiting.extend(reversed(real))
        waiting.extendleft(linked)


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def stamp(path: os.PathLike) -> tuple[int, int]:
    """A file's bytes and its time of change in ns; (-1, 0) when it cannot be told, as of a link to nothing."""
    try:
        status = os.stat(path)
    except OSError:
        return -1, 0
    return status.st_size, status.st_mtime_ns


def _label(file: str) -> str:
    return file.split("/", 1)[0] if "/" in file else TOP


def _check_folder(path: Path) -> None:
    if path.is_dir():
        return
    if path.exists():
        raise DataError(f"{path} is a file, not a folder of images: give the folder that holds it, {path.parent}")
    near = next((parent for parent in path.absolute().parents if parent.is_dir()), None)
    raise DataError(f"no such folder: {path} (the path exists as far as {near}). Check the spelling and the mount")


def _no_images(path: Path, ignored: dict[str, int], unreadable: list[BadFile]) -> str:
    found = ", ".join(f"{count} {printable(suffix)}" for suffix, count in sorted(ignored.items()))
    held = f"it holds {found}" if found else "it is empty"
    blocked = f"; {len(unreadable)} of its folders cannot be read" if unreadable else ""
    return (
        f"no images in {path}: {held}{blocked}. Files with these endings are read: {' '.join(sorted(SUFFIXES))}. "
        "Put some there, or convert what is there"
    )
