"""Images of any size and kind to one array of squares: through the cache, once."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from dcgan_lib.data.cache import Cached, Chunk, cached, log
from dcgan_lib.data.decode import BadImage, quiet_decoders, read_square
from dcgan_lib.data.errors import BadFile, DataError, table
from dcgan_lib.data.faces import DrawnFaces

CHUNK = 512  # images in memory at a time
GROUP = 32  # files that a thread takes at once: to hand over single ones costs a tenth and more of their decoding
FEW = 1_000  # drawn faces that are not worth a file


def square_files(
    name: str,
    folder: Path,
    names: Sequence[str],
    stamps: Sequence[tuple[int, int]],
    image_size: int,
    nc: int,
    progress: bool = True,
) -> Cached:
    """Image files as squares. Each is decoded once, which is also how it is verified.

    Args:
        name: of the whole, for people: it begins the cache's file name and stands by the bar.
        folder: where the files lie.
        names: of the files, relative to the folder.
        stamps: per file its bytes and its time of change: the cache is built anew when one differs.
        image_size: side of the squares, in pixels.
        nc: channels, 1 or 3.
        progress: show a bar.

    Raises:
        DataError: not one of them can be used, or the cache cannot be written.
    """
    shape = (nc, image_size, image_size)

    def decode(files: Sequence[str]) -> Chunk:
        read = [_read(folder / file, image_size, nc) for file in files]
        good = [one for one in read if not isinstance(one, BadImage)]
        bad = [BadFile(file, str(one)) for file, one in zip(files, read) if isinstance(one, BadImage)]
        return np.stack(good) if good else np.empty((0, *shape), np.uint8), bad

    def build() -> Iterator[Chunk]:
        groups, workers = (names[i : i + GROUP] for i in range(0, len(names), GROUP)), _workers()
        bar = _bar(f"reading {name}", len(names), progress)
        with quiet_decoders(), ThreadPoolExecutor(workers) as pool, bar as advance:
            for pixels, bad in ahead(pool, decode, groups, 2 * workers):
                yield pixels, bad
                advance(len(pixels) + len(bad))

    listing = "\0".join(f"{file}\0{size}\0{changed}" for file, (size, changed) in zip(names, stamps))
    files = hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()
    key = {"source": str(folder), "files": files, "image_size": image_size, "nc": nc}
    try:
        held = cached(name, key, shape, len(names), build)
        if _recovered(folder, held, image_size, nc):
            held = cached(name, key, shape, len(names), build, anew=True)
        return held
    except DataError as error:
        if not error.bad:
            raise
        message = f"none of the {len(names)} image files in {folder} can be used:\n{table(error.bad)}"
        raise DataError(message, error.bad) from None


def square_arrays(name: str, pixels: Tensor, image_size: int, nc: int, progress: bool = True) -> Tensor:
    """Square images `(n, 1 or 3, s, s)` uint8 at another size, or with other channels; from the cache when resized."""
    if pixels.shape[2] == image_size:
        return to_channels(pixels, nc)

    def build() -> Iterator[Chunk]:
        with _bar(f"resizing {name}", len(pixels), progress) as advance:
            for chunk in pixels.split(CHUNK):
                size = (image_size, image_size)
                squares = torch.nn.functional.interpolate(chunk, size=size, mode="bicubic", antialias=True)
                yield to_channels(squares, nc).numpy(), []
                advance(len(chunk))

    content = hashlib.sha256(pixels.numpy()).hexdigest()
    key = {"source": name, "content": content, "image_size": image_size, "nc": nc}
    return cached(name, key, (nc, image_size, image_size), len(pixels), build).pixels


def square_faces(faces: DrawnFaces, progress: bool = True) -> Tensor:
    """The pixels of drawn faces, `(n, nc, s, s)` uint8; from the cache when there are many.

    The cache is known by the code that draws, so that a change of the drawing draws again. One thread draws: the
    steps are so short that two, taking turns in Python, are no faster.
    """
    if len(faces) <= FEW:
        return faces.images().pixels

    def build() -> Iterator[Chunk]:
        with _bar("drawing faces", len(faces), progress) as advance:
            for some in torch.arange(len(faces)).split(CHUNK):
                yield faces.images(some).pixels.numpy(), []
                advance(len(some))

    here = Path(__file__).parent
    code = hashlib.sha256(b"".join(file.read_bytes() for file in sorted([*here.glob("face*.py"), here / "shapes.py"])))
    shape = (faces.nc, faces.image_size, faces.image_size)
    key = {"source": f"faces {len(faces)} {faces.seed}", "code": code.hexdigest(), "shape": shape}
    return cached("faces", key, shape, len(faces), build).pixels


def to_channels(pixels: Tensor, nc: int) -> Tensor:
    """`(n, 1 or 3, s, s)` uint8 with `nc` channels: grey is repeated; RGB becomes luma, as Pillow does it."""
    if pixels.shape[1] == nc:
        return pixels
    if nc == 3:
        return pixels.repeat(1, 3, 1, 1)
    red, green, blue = pixels.int().unbind(1)
    luma = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16  # ITU-R BT.601, in 16 bits
    return luma.to(torch.uint8)[:, None]


def keep(folder: Path, names: Sequence[str], held: Cached, unreadable: Sequence[BadFile], on_bad: str) -> Tensor:
    """Which of these files the cache holds, `(n,)` bool. Names the others; with `on_bad="refuse"`, as an error.

    Raises:
        DataError: there are unusable files, and `on_bad` is not "skip".
    """
    bad = sorted((*unreadable, *held.skipped))
    what = f"{len(bad)} of {len(names) + len(unreadable)} image files in {folder}"
    if bad and on_bad != "skip":
        remedy = "Repair or remove them; or leave them out: on_bad='skip' (--on-bad skip on the command line)"
        raise DataError(f"{what} cannot be used:\n{table(bad)}\n{remedy}", bad)
    if bad:
        log.warning("left out %s, which cannot be used:\n%s\n(recorded in %s)", what, table(bad), held.record)
    skipped = {file.name for file in held.skipped}
    return torch.tensor([name not in skipped for name in names])


def ahead(pool: ThreadPoolExecutor, work: Callable, pieces: Iterable, most: int) -> Iterator:
    """`pool.map(work, pieces)` in bounded memory: no more than `most` pieces are under way or wait to be taken."""
    waiting: deque[Future] = deque()
    try:
        for piece in pieces:
            waiting.append(pool.submit(work, piece))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _read(path: Path, image_size: int, nc: int) -> np.ndarray | BadImage:
    try:
        return read_square(path, image_size, nc)
    except BadImage as bad:
        return bad


def _recovered(folder: Path, held: Cached, image_size: int, nc: int) -> bool:
    """Whether a file that was unusable no longer is: permission was given, or a newer Pillow knows its format."""
    with quiet_decoders():
        return any(isinstance(_read(folder / file.name, image_size, nc), np.ndarray) for file in held.skipped)


def _workers() -> int:
    try:
        return min(8, len(os.sched_getaffinity(0)))
    except AttributeError:  # macOS and Windows do not tell
        return min(8, os.cpu_count() or 1)


@contextlib.contextmanager
def _bar(what: str, total: int, show: bool) -> Iterator[Callable[[int], object]]:
    """A bar on stderr, in text, that appears after a second; gives the function that advances it."""
    with tqdm(total=total, desc=what, unit=" images", delay=1, disable=not show) as bar:
        yield bar.update
