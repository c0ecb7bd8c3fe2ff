"""Files that came from elsewhere: what they really are, whether they are the right ones, and how they are unpacked.

Nothing is unpacked before its checksum was found to be the known one. The rules for an archive's members hold all the
same: a folder of one's own may be filled from any archive, and a checksum can be forgotten.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import lzma
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from dcgan_lib.data.errors import DataError, printable

MAX_FILES, MAX_BYTES = 300_000, 8 * 2**30  # of one archive: CelebA has 202,599 files and 1.4 GB
CHUNK = 2**20

_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError,
            NotImplementedError)  # fmt: skip
_KINDS = (
    (b"PK\x03\x04", "a zip archive, or what torch.save writes"),
    (b"\x80", "a Python pickle"),
    (b"\x1f\x8b", "gzipped data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"{", "JSON or other text"),
    (b"dcgan-checkpoint ", "a checkpoint of this library"),
)


class Member(NamedTuple):
    """One file of an archive, before it is unpacked."""

    name: str
    size: int  # bytes, as the archive says
    kind: str  # "file", "folder", or what else it is


def describe(head: bytes) -> str:
    """What a file is, by its first bytes, in words for an error: "a web page titled 'Quota exceeded'"."""
    if not head:
        return "an empty file"
    if not head.strip(b"\0"):
        return "nothing but zeros"
    text = head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<?xml")):
        title = re.search(rb"<title[^>]*>\s*(.*?)\s*</title>", head[:65536], re.DOTALL | re.IGNORECASE)
        said = printable(" ".join(title[1].decode("utf-8", "replace").split()))[:80] if title else ""
        return f"a web page titled {said!r}" if said else "a web page"
    if len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 10**8:
        return "safetensors"
    return next((words for magic, words in _KINDS if head.startswith(magic)), "of an unknown kind")


def describe_file(path: Path) -> str:
    """What a file is, by its first bytes."""
    with path.open("rb") as file:
        return describe(file.read(65536))


def sha256_of(path: Path) -> str:
    """A file's checksum, in bounded memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, sha256: str, name: str | None = None) -> None:
    """Whether this is the file that it should be; `name`: what to call it in an error.

    Raises:
        DataError: it is not. The message says what it is instead: hosts answer with a web page when they refuse.
    """
    if sha256_of(path) == sha256:
        return
    raise DataError(
        f"{name or path.name} is not the published file: what came is {describe_file(path)}, "
        f"{path.stat().st_size:,} bytes, with another checksum. The host refused, sent something else, or the "
        "transfer broke off: try again later, or fetch it by hand"
    )


def unpack(archive: Path, to: Path, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> None:
    """Unpack a tar (plain, gz, bz2, xz) or zip into a folder, all of it or nothing.

    Members are regular files and folders with relative names that stay inside; anything else is refused before the
    first is written. What is written is counted as well: an archive may lie about its sizes. Permissions, owners and
    times are not taken over.

    Raises:
        DataError: no archive, a damaged one, or one with such a member; the message names it. `to` is unchanged.
        OSError: the disk is full or `to` cannot be written to.
    """
    inside = to / f".unpacking-{os.getpid()}"
    try:
        with _opened(archive) as files:
            _check(archive, files.members(), max_files, max_bytes)
            to.mkdir(parents=True, exist_ok=True)
            written = 0
            for member, content in files.contents():
                written += _copy(content, inside / member.name, archive, max_bytes - written)
        for path in sorted(inside.iterdir()):
            if (target := to / path.name).exists():
                raise DataError(f"{archive.name} holds {path.name}, and {target} is there already: move it away first")
        for path in sorted(inside.iterdir()):
            os.replace(path, to / path.name)
    except _DAMAGED as error:
        why = str(error).partition("\n")[0].rstrip(":")
        raise DataError(
            f"{archive} cannot be unpacked: it is {describe_file(archive)} ({why}); delete it and fetch it again"
        ) from error
    finally:
        shutil.rmtree(inside, ignore_errors=True)


class _Tar:
    def __init__(self, file: tarfile.TarFile) -> None:
        self.file = file

    def members(self) -> Iterator[Member]:
        for m in self.file:
            yield Member(m.name, m.size, "file" if m.isreg() else "folder" if m.isdir() else _tar_kind(m))

    def contents(self) -> Iterator[tuple[Member, IO[bytes]]]:
        for m in self.file:
            if m.isreg():
                yield Member(m.name, m.size, "file"), self.file.extractfile(m)


class _Zip:
    def __init__(self, file: zipfile.ZipFile) -> None:
        self.file = file

    def members(self) -> Iterator[Member]:
        for m in self.file.infolist():
            mode = m.external_attr >> 16
            kind = "folder" if m.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
            yield Member(m.filename, m.file_size, "encrypted file" if m.flag_bits & 1 else kind)

    def contents(self) -> Iterator[tuple[Member, IO[bytes]]]:
        for m in self.file.infolist():
            if not m.is_dir():
                with self.file.open(m) as content:
                    yield Member(m.filename, m.file_size, "file"), content


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[_Tar | _Zip]:
    with archive.open("rb") as head:
        is_zip = head.read(4) == b"PK\x03\x04"
    if is_zip:
        with zipfile.ZipFile(archive) as file:
            yield _Zip(file)
    else:
        with tarfile.open(archive) as file:
            yield _Tar(file)


def _check(archive: Path, members: Iterable[Member], max_files: int, max_bytes: int) -> None:
    count = size = 0
    for member in members:
        count, size = count + 1, size + member.size
        if why := _wrong(member):
            raise DataError(f"{archive} is not unpacked: its member {printable(member.name)!r} {why}")
        if count > max_files:
            raise DataError(f"{archive} is not unpacked: it has more than {max_files:,} members")
        if size > max_bytes:
            raise DataError(f"{archive} is not unpacked: it would be more than {max_bytes / 1e6:,.0f} MB")


def _wrong(member: Member) -> str:
    """Why a member is refused, in words; empty when it is not."""
    name, parts = member.name, PurePosixPath(member.name).parts
    if member.kind not in ("file", "folder"):
        return f"is a {member.kind}, and only files and folders are unpacked"
    if name.startswith("/") or "\\" in name or ":" in name:
        return "has an absolute name, or that of another system"
    if ".." in parts:
        return "leads out of the folder"
    if "\0" in name or (not parts and member.kind == "file"):
        return "has no name that can be used"
    return ""


def _copy(content: IO[bytes], path: Path, archive: Path, room: int) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with path.open("xb") as file:
        while block := content.read(CHUNK):
            written += len(block)
            if written > room:
                raise DataError(f"{archive} is not unpacked: its members are larger than it says, or too large")
            file.write(block)
    return written


def _tar_kind(member: tarfile.TarInfo) -> str:
    return "link" if member.issym() or member.islnk() else "device or pipe"
