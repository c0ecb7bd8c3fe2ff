"""torchvision's data sets: found below the data root, else downloaded; given as they were published."""

from __future__ import annotations

import contextlib
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dcgan_lib.data import archives
from dcgan_lib.data.catalogue import DataSet
from dcgan_lib.data.downloads import NotHad, get, remotes
from dcgan_lib.data.errors import DataError
from dcgan_lib.data.idx import find_idx, read_idx

SILENCE = 60.0  # seconds; a host that says nothing for so long is given up


@dataclass(frozen=True)
class Published:
    """A split of a data set: its images as arrays, or as files to be decoded."""

    labels: Tensor | None = None  # (n,) int64
    pixels: Tensor | None = None  # (n, nc, s, s) uint8
    folder: Path | None = None  # with `files`: where they lie
    files: tuple[str, ...] = ()
    attributes: dict[str, Tensor] = field(default_factory=dict)  # each (n,)


def data_root(root: str | os.PathLike | None = None) -> Path:
    """Where data sets lie and are downloaded to.

    The argument, else the environment's `DCGAN_DATA`, else `data/downloads` of the checkout that this library
    runs from, else `data/downloads` of the working directory.
    """
    if given := root or os.environ.get("DCGAN_DATA"):
        return Path(given).expanduser()
    checkout = Path(__file__).resolve().parents[2]
    home = checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()
    return home / "data" / "downloads"


def fetch(data_set: DataSet, root: Path, split: str, download: bool = True) -> Published:
    """One split of a data set of torchvision's.

    It is looked for in `root/<its name>` and in `root` itself, and downloaded into the former. What is downloaded is
    compared with its SHA-256 and unpacked here (see `downloads`, `archives`); torchvision then reads it, and compares
    MD5 sums where it has them, also of files that were put there by hand.

    Raises:
        DataError: not there and not to be had, or damaged. The message says where files can be put by hand.
    """
    read = {"CIFAR10": _cifar10, "SVHN": _svhn, "CelebA": _celeba}.get(data_set.torchvision, _mnist)
    places = list(dict.fromkeys([root / data_set.folder, root / data_set.key, root]))
    for place in places:
        found = read(data_set, place, split, download=False)
        if found is not None:
            return found
    if not download:
        raise DataError(_not_here(data_set, root, "downloading is switched off"))
    with _download(data_set, root, places[0]):
        places[0].mkdir(parents=True, exist_ok=True)
        found = read(data_set, places[0], split, download=True)
    if found is None:
        raise DataError(_not_here(data_set, root, "what was downloaded is not what was expected"))
    return found


# Each reader gives None when the files are not in this place.


def _mnist(data_set: DataSet, place: Path, split: str, download: bool) -> Published | None:
    raw = place / data_set.torchvision / "raw"
    if download:
        _get_all(data_set, raw, split)
    prefix = "train" if split == "train" else "t10k"
    images = find_idx(raw, f"{prefix}-images-idx3-ubyte")
    labels = find_idx(raw, f"{prefix}-labels-idx1-ubyte")
    if images is None or labels is None:
        return None
    pixels, targets = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(targets):
        what = f"{images} holds {len(pixels)} images, {labels.name} {len(targets)} labels"
        raise DataError(f"{what}: they do not belong together; delete both, and they can be downloaded again")
    padded = torch.nn.functional.pad(pixels, (2, 2, 2, 2))  # 28 -> 32 with the background, 0; (n, 32, 32)
    return Published(labels=targets.long(), pixels=padded[:, None])


def _cifar10(data_set: DataSet, place: Path, split: str, download: bool) -> Published | None:
    # torchvision unpickles these files, each only after its MD5 sum was found to be the published one
    if download:
        _get_all(data_set, place, split)
    found = _construct(data_set, place, "cifar-10-batches-py", train=split == "train")
    if found is None:
        return None
    pixels = torch.from_numpy(np.ascontiguousarray(found.data.transpose(0, 3, 1, 2)))
    return Published(labels=torch.tensor(found.targets), pixels=pixels)


def _svhn(data_set: DataSet, place: Path, split: str, download: bool) -> Published | None:
    if download:
        _get_all(data_set, place, split)
    found = _construct(data_set, place, f"{split}_32x32.mat", split=split)
    if found is None:
        return None
    pixels = torch.from_numpy(np.ascontiguousarray(found.data))
    return Published(labels=torch.from_numpy(found.labels).long(), pixels=pixels)


def _celeba(data_set: DataSet, place: Path, split: str, download: bool) -> Published | None:
    proof = "celeba/img_align_celeba"
    if download:
        _get_all(data_set, place / "celeba", split)
    found = _construct(data_set, place, proof, split=split, target_type="attr")
    if found is None:
        return None
    names = [name for name in found.attr_names if name]
    attributes = {name: found.attr[:, k].long() for k, name in enumerate(names)}
    return Published(folder=place / proof, files=tuple(found.filename), attributes=attributes)


def _get_all(data_set: DataSet, folder: Path, split: str) -> None:
    """Download what a split needs. Archives are unpacked, and stay: torchvision asks for them."""
    for remote in remotes(data_set, _dataset_class(data_set), split):
        path = get(remote, folder)
        if path.suffixes[-1:] == [".zip"] or path.suffixes[-2:] == [".tar", ".gz"]:
            archives.unpack(path, folder)


def _construct(data_set: DataSet, place: Path, proof: str, **arguments):
    """torchvision's data set, or None when `proof`, a part of it, is not in this place."""
    if not (place / proof).exists():
        return None
    try:
        with warnings.catch_warnings():  # NumPy's remark on how CIFAR-10 was pickled in 2009
            warnings.simplefilter("ignore", np.exceptions.VisibleDeprecationWarning)
            return _dataset_class(data_set)(place, download=False, **arguments)
    except RuntimeError as error:
        raise DataError(
            f"{data_set.title} in {place / proof} is incomplete or damaged. It needs {data_set.files}. "
            f"Complete it, or remove {place / proof}, and it can be downloaded again"
        ) from error


def _dataset_class(data_set: DataSet) -> Callable:
    try:
        from torchvision import datasets  # here, so that drawn faces and folders need no torchvision
    except ImportError as error:
        raise DataError(f"{data_set.title} needs torchvision, which is not here: pip install torchvision") from error
    return getattr(datasets, data_set.torchvision)


@contextlib.contextmanager
def _download(data_set: DataSet, root: Path, place: Path) -> Iterator[None]:
    """Whatever goes wrong in a download becomes one message that helps."""
    usual, new = socket.getdefaulttimeout(), not place.exists()
    socket.setdefaulttimeout(SILENCE)
    try:
        yield
    except (NotHad, OSError) as error:  # network, host, quota page; disk, permission
        if new:
            _remove_empty(place)
        raise DataError(_not_here(data_set, root, _said(error))) from error
    finally:
        socket.setdefaulttimeout(usual)


def _not_here(data_set: DataSet, root: Path, reason: str) -> str:
    lines = [
        f"{data_set.title} ({data_set.download_mb:,} MB) is not in {root} and could not be downloaded: {reason}.",
        f"By hand: from {data_set.homepage}, put {data_set.files}, below {root}.",
        "If it lies elsewhere already, name that folder as the root, or in the environment as DCGAN_DATA.",
    ]
    if data_set.key == "celeba":
        lines.append(
            "CelebA's host often refuses (a daily quota); its page names a second one, and Kaggle has a copy "
            "(jessicali9530/celeba-dataset). The unpacked pictures also load on their own, without the "
            "attributes, as a folder: load('.../img_align_celeba')."
        )
    lines.append("Without a download: 'faces', the drawn faces, or a folder of your own images.")
    return "\n".join(lines)


def _said(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return text if len(text) < 400 else f"{text[:400]} ..."


def _remove_empty(folder: Path) -> None:
    """A download that failed leaves no empty folders behind."""
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # it holds something
            os.rmdir(path)
