"""Decoded images on disk: one `.npy` of uint8 pixels and a JSON beside it that says what it is.

A cache is a pure function of its key (source, list of files, size, channels, rules), and its file name carries
the key's hash: a source that changes gets another cache, and a wrong one is never taken. It is written to a
temporary file in the same folder, flushed to the disk and renamed, JSON last; read as a memory map, after its
checksum was verified.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import platform
import re
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
import torch
from torch import Tensor

import dcgan_lib
from dcgan_lib.data.errors import BadFile, DataError
from dcgan_lib.data.memory import as_tensor, map_npy

FORMAT = 1  # raised whenever the same key would no longer give the same pixels
ABANDONED = 3600.0  # seconds without a write after which another process's temporary file is taken for dead

Chunk = tuple[np.ndarray, list[BadFile]]  # pixels (k, nc, s, s) uint8, and what had to be left out among them

log = logging.getLogger("dcgan_lib.data")


class StaleCache(Exception):
    """There is no usable cache here; the message is the reason, empty when there is none at all."""


@dataclass(frozen=True)
class Cached:
    """What a cache holds."""

    pixels: Tensor  # (n, nc, s, s) uint8, mapped from the file, see `map_npy`
    skipped: tuple[BadFile, ...]  # files that were found unusable when it was built
    record: Path  # the JSON with the list of them


def cache_root() -> Path:
    """Where caches live: `DCGAN_CACHE`, else the platform's own place. Never the reader's folder of images."""
    if given := os.environ.get("DCGAN_CACHE"):
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "dcgan_lib"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        return Path(local) / "dcgan_lib" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dcgan_lib"


def cached(
    name: str,
    key: dict,
    shape: tuple[int, int, int],
    count: int,
    build: Callable[[], Iterator[Chunk]],
    anew: bool = False,
) -> Cached:
    """The cache for this key, built if need be.

    Args:
        name: for the file's name, to be recognised by people.
        key: everything that decides the pixels, in JSON's types; `key["source"]` says whose cache it is.
        shape: of one image, `(nc, s, s)`.
        count: images expected; the cache may end up with fewer.
        build: yields the images in order.
        anew: build it even if there is one.

    Raises:
        DataError: the cache cannot be written (no space, no permission), or not one image was usable.
    """
    key = json.loads(json.dumps({"format": FORMAT, **key}))
    family = f"{_slug(name)}-{shape[1]}x{shape[0]}-{_hash(key['source'])[:8]}"
    path = cache_root() / f"{family}-{_hash(key)[:16]}.npy"
    try:
        if not anew:
            return read_cache(path, key)
    except StaleCache as stale:
        if str(stale):
            log.warning("the cache %s is damaged (%s): building it again", path, stale)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_space(path.parent, count * int(np.prod(shape)))
        _sweep(path.parent)
        write_cache(path, key, shape, build())
        _forget_older(path, family)
    except OSError as error:
        raise DataError(
            f"cannot write the cache {path}: {error.strerror or error}. "
            "Set DCGAN_CACHE to a folder on a disk with room that you may write to"
        ) from error
    try:
        return read_cache(path, key)
    except StaleCache as stale:
        why = str(stale) or "it is gone"
        raise DataError(f"the cache {path}, just written, cannot be read ({why}): is the disk sound?") from stale


def read_cache(path: Path, key: dict) -> Cached:
    """Open a cache and verify it.

    Raises:
        StaleCache: it is not there, is damaged, or belongs to another key.
    """
    record = path.with_suffix(".json")
    if not path.exists() or not record.exists():
        raise StaleCache
    try:
        about = json.loads(record.read_text())
        if about["key"] != key:
            raise StaleCache("its record tells of another source")
        array = map_npy(path)
        if array.dtype != np.uint8 or list(array.shape) != about["shape"]:
            raise StaleCache(f"{array.dtype} {array.shape} in place of uint8 {tuple(about['shape'])}")
        with open(path, "rb") as file:  # read, not mapped: the map of a checked file would count as memory in use
            file.seek(array.offset)
            if hashlib.file_digest(file, "sha256").hexdigest() != about["sha256"]:
                raise StaleCache("its checksum does not fit")
        skipped = tuple(BadFile(name, reason) for name, reason in about["skipped"])
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise StaleCache(f"{type(error).__name__}: {error}") from error
    return Cached(as_tensor(array), skipped, record)


def write_cache(path: Path, key: dict, shape: tuple[int, int, int], chunks: Iterator[Chunk]) -> None:
    """Write a cache in bounded memory: chunk by chunk, checksum on the way, the header last."""
    count, skipped, sha256 = 0, [], hashlib.sha256()
    with _replacing(path) as file:
        _header(file, (2**40, *shape))  # room for any number
        start = file.tell()
        for pixels, bad in chunks:
            if pixels.dtype != np.uint8 or pixels.shape[1:] != shape:
                raise TypeError(f"a chunk must be uint8 (k, {shape}), got {pixels.dtype} {pixels.shape}")
            block = np.ascontiguousarray(pixels)
            file.write(block)
            sha256.update(block)
            count += len(block)
            skipped += bad
        if not count:
            raise DataError("not one image can be used", skipped)
        file.seek(0)
        _header(file, (count, *shape))
        if file.tell() != start:
            raise RuntimeError(f"the header of {path} changed its length from {start} to {file.tell()}")
    about = {
        "key": key,
        "shape": [count, *shape],
        "sha256": sha256.hexdigest(),
        "skipped": sorted((file.name, file.reason) for file in skipped),
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "versions": {
            "dcgan_lib": dcgan_lib.__version__,
            "pillow": PIL.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    }
    with _replacing(path.with_suffix(".json")) as file:
        file.write(json.dumps(about, indent=1).encode())


@contextlib.contextmanager
def _replacing(path: Path):
    """A file that takes the place of `path` once it is complete and on the disk; removed on an error."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _header(file, shape: tuple[int, ...]) -> None:
    about = {"descr": np.dtype(np.uint8).str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)  # pads for a first axis of any length


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"the cache needs {needed / 1e6:,.0f} MB in {folder}, and {free / 1e6:,.0f} MB are free: "
            "make room, set DCGAN_CACHE to a folder on another disk, or use a smaller image_size"
        )


def _sweep(folder: Path) -> None:
    """Remove what builds that were killed have left behind."""
    for path in folder.glob("*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()


def _forget_older(path: Path, family: str) -> None:
    """Remove the caches of earlier states of the same source."""
    for other in path.parent.glob(f"{family}-*"):
        if other.stem != path.stem and other.suffix in (".npy", ".json"):
            with contextlib.suppress(OSError):  # another process may have it open, or be faster
                other.unlink()


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "_", name)[:40].strip("_") or "images"


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
