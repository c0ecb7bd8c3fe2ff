"""The published files of the named data sets: where they are had, what they must be, and how they are fetched.

Where is torchvision's knowledge: its classes list the hosts. What is ours: the SHA-256 of every file, as published
and as others have recorded it too, compared before a file gets its name. torchvision compares MD5 sums, for which
two files of one sum can be made, and unpacks an archive without looking at what is in it.
"""

from __future__ import annotations

import os
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from dcgan_lib.data import archives
from dcgan_lib.data.catalogue import DataSet
from dcgan_lib.data.errors import DataError

DRIVE = "drive:"  # what stands before a file's number at Google Drive, in place of a URL
CHUNK = 2**18


class NotHad(DataError):
    """A file could be fetched from none of its sources."""


class Remote(NamedTuple):
    """One published file."""

    name: str
    sources: tuple[str, ...]  # URLs, to be tried in turn
    sha256: str
    at_most: int  # bytes; a host that sends more is not listened to


class Known(NamedTuple):
    sha256: str
    size: int


# a file's size is its own where it stands in the publication, else rounded up
KNOWN = {
    ("mnist", "train-images-idx3-ubyte.gz"): Known(
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9_912_422
    ),
    ("mnist", "train-labels-idx1-ubyte.gz"): Known(
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28_881
    ),
    ("mnist", "t10k-images-idx3-ubyte.gz"): Known(
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1_648_877
    ),
    ("mnist", "t10k-labels-idx1-ubyte.gz"): Known(
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4_542
    ),
    ("fashion_mnist", "train-images-idx3-ubyte.gz"): Known(
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 26_421_880
    ),
    ("fashion_mnist", "train-labels-idx1-ubyte.gz"): Known(
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", 29_515
    ),
    ("fashion_mnist", "t10k-images-idx3-ubyte.gz"): Known(
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 4_422_102
    ),
    ("fashion_mnist", "t10k-labels-idx1-ubyte.gz"): Known(
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", 5_148
    ),
    ("cifar10", "cifar-10-python.tar.gz"): Known(
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce", 170_498_071
    ),
    ("svhn", "train_32x32.mat"): Known("435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8", 182_040_794),
    ("svhn", "test_32x32.mat"): Known("cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b", 64_275_384),
    ("svhn", "extra_32x32.mat"): Known(
        "a133a4beb38a00fcdda90c9489e0c04f900b660ce8a316a5e854838379a71eb3", 1_400_000_000
    ),
    ("celeba", "img_align_celeba.zip"): Known(
        "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74", 1_443_490_838
    ),
    ("celeba", "list_attr_celeba.txt"): Known(
        "f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0", 40_000_000
    ),
    ("celeba", "identity_CelebA.txt"): Known(
        "c6143857c3e2630ac2da9f782e9c1232e5e59be993a9d44e8a7916c78a6158c0", 40_000_000
    ),
    ("celeba", "list_bbox_celeba.txt"): Known(
        "7487a82e57c4bb956c5445ae2df4a91ffa717e903c5fa22874ede0820c8ec41b", 40_000_000
    ),
    ("celeba", "list_landmarks_align_celeba.txt"): Known(
        "6c02a87569907f6db2ba99019085697596730e8129f67a3d61659f198c48d43b", 40_000_000
    ),
    ("celeba", "list_eval_partition.txt"): Known(
        "fc955bcb3ef8fbdf7d5640d9a8693a8431b5f2ee291a5c1449a1549e7e073fe7", 40_000_000
    ),
}


def remotes(data_set: DataSet, kind: type, split: str) -> list[Remote]:
    """The files of a split, from what torchvision's class `kind` of that data set says.

    Raises:
        DataError: this version of torchvision names a file whose checksum is not known here.
    """
    if hasattr(kind, "mirrors"):
        listed = [(name, tuple(mirror + name for mirror in kind.mirrors)) for name, _ in kind.resources]
    elif hasattr(kind, "split_list"):
        url, name, _ = kind.split_list[split]
        listed = [(name, (url,))]
    elif hasattr(kind, "file_list"):
        listed = [(name, (DRIVE + number,)) for number, _, name in kind.file_list]
    else:
        listed = [(kind.filename, (kind.url,))]
    if unknown := [name for name, _ in listed if (data_set.key, name) not in KNOWN]:
        raise DataError(f"torchvision names {unknown[0]}, whose checksum is not known here: update dcgan_lib")
    return [Remote(name, sources, *KNOWN[data_set.key, name]) for name, sources in listed]


def get(remote: Remote, folder: Path) -> Path:
    """A published file in a folder: the one that is there, if it is the right one, else fetched.

    Raises:
        NotHad: none of the sources gives it; the message says of each why.
    """
    path = folder / remote.name
    if path.is_file() and archives.sha256_of(path) == remote.sha256:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    part, problems = path.with_name(f".{path.name}.{os.getpid()}.part"), []
    try:
        for source in remote.sources:
            try:
                (_from_drive if source.startswith(DRIVE) else _from_url)(source, part, remote.at_most)
                archives.verify(part, remote.sha256, remote.name)
                os.replace(part, path)
                return path
            except Exception as error:  # network, host, quota page: the libraries below let all through
                problems.append(f"{_host(source)}: {_said(error)}")
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    raise NotHad(f"{remote.name} could not be had ({'; '.join(problems)})")


def _from_url(url: str, path: Path, at_most: int) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "dcgan_lib"})
    with urllib.request.urlopen(request) as answer, path.open("wb") as file:
        told = int(answer.headers.get("Content-Length") or 0)
        with tqdm(total=told or None, unit="B", unit_scale=True, desc=url.rpartition("/")[2], delay=1) as bar:
            while block := answer.read(CHUNK):
                file.write(block)
                bar.update(len(block))
                if file.tell() > at_most:
                    raise DataError(f"it sends more than the {at_most:,} bytes that are published")
        if told and file.tell() < told:
            raise DataError(f"the transfer broke off after {file.tell():,} of {told:,} bytes")


def _from_drive(source: str, path: Path, at_most: int) -> None:
    try:
        import gdown
    except ImportError as error:
        raise DataError("it lies at Google Drive, for which gdown is needed: pip install gdown") from error
    gdown.download(id=source.removeprefix(DRIVE), output=str(path), quiet=False)
    if not path.is_file():
        raise DataError("Google Drive gave no file: it refuses after so many downloads a day")
    if path.stat().st_size > at_most:
        raise DataError(f"it is larger than the {at_most:,} bytes that are published")


def _host(source: str) -> str:
    return "Google Drive" if source.startswith(DRIVE) else source.split("/")[2]


def _said(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return text if len(text) < 300 else f"{text[:300]} ..."
