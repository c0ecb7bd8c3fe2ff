"""One function for every source of images."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import torch

from dcgan_lib.data.cache import log
from dcgan_lib.data.catalogue import CATALOGUE, DataSet
from dcgan_lib.data.faces import DrawnFaces
from dcgan_lib.data.folder import index_folder, passed_over, split_folder, stamp
from dcgan_lib.data.images import Images
from dcgan_lib.data.prepare import keep, square_arrays, square_faces, square_files
from dcgan_lib.data.sources import data_root, fetch


def load(
    name_or_path: str | os.PathLike,
    image_size: int = 64,
    nc: int = 3,
    root: str | os.PathLike | None = None,
    split: str = "train",
    n: int | None = None,
    seed: int = 0,
    on_bad: str = "refuse",
    progress: bool = True,
    download: bool = True,
) -> Images:
    """Images from a named data set, or from a folder of one's own.

    Images of another size are resized, and many faces are drawn, once: into a cache (see `cache_root`), and mapped
    from there. The 28x28 digits and clothes get two pixels of background on each side, which makes them 32x32,
    before any resizing. Grey and RGB are converted to `nc` channels. The files of a folder are read by the rules in
    `decode`.

    Args:
        name_or_path: a key of `CATALOGUE`, or a folder of images. "./mnist" is a folder called like a data set.
        image_size: side of the square images, in pixels.
        nc: 1 for grey, 3 for RGB.
        root: the data root, where data sets lie and are downloaded to; see `data_root`.
        split: "train", or another of the data set's splits. A folder with `train/` and `test/` in it has splits.
        n: how many: so many faces are drawn (default 20,000; `EndlessFaces` has no end); of other images so many are
            chosen at random, and kept in their order (default all).
        seed: decides which.
        on_bad: for files that cannot be used: "refuse" the folder, or "skip" them. They are all named either way,
            and remembered with the cache.
        progress: show a bar on stderr when it takes longer than a second.
        download: whether what is missing may be downloaded.

    Raises:
        ValueError: an argument that cannot be right, such as a name that is neither a data set nor a folder.
        DataError: the data cannot be had, or not as asked.
    """
    _check(image_size, nc, on_bad, n)
    data_set = _named(name_or_path)
    if data_set is None:
        images = _folder(Path(name_or_path), image_size, nc, split, on_bad, progress)
    elif split not in data_set.splits:
        more = "; for other faces, use another seed" if data_set.key == "faces" else ""
        raise ValueError(f"split={split!r}: {data_set.title} has {', '.join(data_set.splits)}{more}")
    elif data_set.key == "faces":
        many = {} if n is None else {"n": n}
        faces = DrawnFaces(**many, image_size=image_size, nc=nc, seed=seed)
        return Images(data_set.key, square_faces(faces, progress), attributes=faces.attributes())
    else:
        images = _published(data_set, data_root(root), split, download, image_size, nc, on_bad, progress)
    return images if n is None else _choose(images, n, seed)


def _folder(path: Path, image_size: int, nc: int, split: str, on_bad: str, progress: bool) -> Images:
    index = index_folder(split_folder(path, split))
    if photos := passed_over(index):
        log.warning(photos)
    name = path.expanduser().resolve().name
    called = name if index.path.name == name else f"{name} {index.path.name}"  # "fruits train" when it has splits
    held = square_files(called, index.path, index.files, index.stamps, image_size, nc, progress)
    kept = keep(index.path, index.files, held, index.unreadable, on_bad)
    labels = index.labels()
    labels = None if labels is None else torch.tensor(labels)[kept]
    return Images(name, held.pixels, labels, index.label_names)


def _published(
    data_set: DataSet,
    root: Path,
    split: str,
    download: bool,
    image_size: int,
    nc: int,
    on_bad: str,
    progress: bool,
) -> Images:
    found, called = fetch(data_set, root, split, download), f"{data_set.key} {split}"
    if found.pixels is not None:
        pixels = square_arrays(called, found.pixels, image_size, nc, progress)
        return Images(data_set.key, pixels, found.labels, data_set.label_names)
    stamps = [stamp(found.folder / file) for file in found.files]
    held = square_files(called, found.folder, found.files, stamps, image_size, nc, progress)
    kept = keep(found.folder, found.files, held, (), on_bad)
    attributes = {name: values[kept] for name, values in found.attributes.items()}
    return Images(data_set.key, held.pixels, attributes=attributes)


def _choose(images: Images, n: int, seed: int) -> Images:
    if n > len(images):
        raise ValueError(f"n={n}: {images.name} has {len(images)} images: ask for at most that many")
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:n]
    return images.subset(chosen.sort().values)


def _check(image_size: int, nc: int, on_bad: str, n: int | None) -> None:
    if not isinstance(image_size, int) or image_size < 1:
        raise ValueError(f"image_size={image_size!r}: give a whole number of pixels, such as 64")
    if nc not in (1, 3):
        raise ValueError(f"nc={nc!r}: give 1 for grey or 3 for RGB")
    if on_bad not in ("refuse", "skip"):
        raise ValueError(f"on_bad={on_bad!r}: give 'refuse' or 'skip'")
    if n is not None and (not isinstance(n, int) or n < 1):
        raise ValueError(f"n={n!r}: give the number of images, at least 1, or None for all")


def _named(name_or_path: str | os.PathLike) -> DataSet | None:
    """The data set that is meant, or None for a folder."""
    if not isinstance(name_or_path, str):
        return None
    if name_or_path in CATALOGUE:
        return CATALOGUE[name_or_path]
    is_path = set(name_or_path) & {"/", os.sep} or name_or_path.startswith((".", "~"))
    if is_path or os.path.exists(name_or_path):
        return None
    spelt = name_or_path.lower().replace("-", "_").replace(" ", "_")
    near = difflib.get_close_matches(spelt, CATALOGUE, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"no data set is called {name_or_path!r}, and no folder here.{hint} "
        f"The names are {', '.join(CATALOGUE)}; the path of a folder of images works too"
    )
