"""Files from elsewhere: called what they are, compared with what they should be, unpacked inside their folder."""

import contextlib
import io
import os
import pickle
import stat
import tarfile
import zipfile

import pytest
import torchvision

from dcgan_lib.data import CATALOGUE, DataError, archives, downloads, load, sources
from dcgan_lib.data.downloads import Known, NotHad, Remote, get

QUOTA = b"<!DOCTYPE html>\n<html><head><title>Google Drive - Quota exceeded</title></head></html>"


def tar(path, *members, mode="w:gz"):
    """Members: (name, content), or (name, a type of tarfile's, where it links to)."""
    with tarfile.open(path, mode) as file:
        for name, content, *target in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                file.addfile(info, info.__setattr__("size", len(content)) or io.BytesIO(content.encode()))
            else:
                info.type, info.linkname = content, *target
                file.addfile(info)
    return path


def zipped(path, *members, attributes=0):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = attributes
            file.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


def below(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


# --- what a file is


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "an empty file"),
        (bytes(50), "nothing but zeros"),
        (QUOTA, "a web page titled 'Google Drive - Quota exceeded'"),
        (b"\xef\xbb\xbf <html><body>", "a web page"),
        (b"<html><title>a\x1b[31m\n b</title>", r"a web page titled 'a\\x1b[31m b'"),
        (b"PK\x03\x04", "a zip archive, or what torch.save writes"),
        (pickle.dumps(1), "a Python pickle"),
        (b"\x1f\x8b\x08", "gzipped data"),
        (b'\x10\0\0\0\0\0\0\0{"a":', "safetensors"),
        (b"hello", "of an unknown kind"),
    ],
)
def test_a_file_is_described_by_its_first_bytes(head, words):
    assert archives.describe(head) == words


# --- unpacking


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_unpacked_whichever_way_it_is_packed(tmp_path, mode):
    path = tar(tmp_path / "a.tar", ("set", tarfile.DIRTYPE, ""), ("set/b/one.txt", "1"), ("two.txt", "2"), mode=mode)
    archives.unpack(path, tmp_path / "to")
    assert below(tmp_path / "to") == {"set/b/one.txt": "1", "two.txt": "2"}


def test_a_zip_is_unpacked(tmp_path):
    archives.unpack(zipped(tmp_path / "a.zip", ("set/", ""), ("set/b/one.txt", "1")), tmp_path / "to")
    assert below(tmp_path / "to") == {"set/b/one.txt": "1"}


BAD_NAMES = {
    "../out.txt": "leads out of the folder",
    "set/../../out.txt": "leads out of the folder",
    "/out.txt": "has an absolute name",
    "C:/out.txt": "has an absolute name, or that of another system",
    "set\\out.txt": "has an absolute name, or that of another system",
}


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("pack", [tar, zipped])
def test_a_member_that_leads_elsewhere_is_refused_before_anything_is_written(tmp_path, pack, name):
    path = pack(tmp_path / "a", ("good.txt", "1"), (name, "2"))
    with pytest.raises(DataError, match=rf"a is not unpacked: its member .* {BAD_NAMES[name]}"):
        archives.unpack(path, tmp_path / "to")
    assert [p.name for p in tmp_path.rglob("*")] == ["a"]


@pytest.mark.parametrize(
    ("kind", "target", "called"),
    [
        (tarfile.SYMTYPE, "/etc", "link"),
        (tarfile.LNKTYPE, "../secret", "link"),
        (tarfile.FIFOTYPE, "", "device or pipe"),
        (tarfile.CHRTYPE, "", "device or pipe"),
    ],
)
def test_links_and_devices_are_refused(tmp_path, kind, target, called):
    path = tar(tmp_path / "a.tgz", ("set", kind, target), ("set/passwd", "x"))
    with pytest.raises(DataError, match=f"its member 'set' is a {called}, and only files and folders are unpacked"):
        archives.unpack(path, tmp_path / "to")


def test_a_link_in_a_zip_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", ("set", "/etc"), attributes=(stat.S_IFLNK | 0o777) << 16)
    with pytest.raises(DataError, match="its member 'set' is a link"):
        archives.unpack(path, tmp_path / "to")


@pytest.mark.parametrize("pack", [tar, zipped])
def test_an_archive_that_grows_too_large_or_into_too_many_is_refused(tmp_path, pack):
    path = pack(tmp_path / "a", *((f"{k}.txt", "0" * 1000) for k in range(5)))
    with pytest.raises(DataError, match="it would be more than 0 MB"):
        archives.unpack(path, tmp_path / "to", max_bytes=4999)
    with pytest.raises(DataError, match="it has more than 4 members"):
        archives.unpack(path, tmp_path / "to", max_files=4)
    assert not (tmp_path / "to").exists()


def test_sizes_are_counted_and_not_believed(tmp_path, monkeypatch):
    path = tar(tmp_path / "a.tgz", ("bomb.txt", "0" * 10_000))
    monkeypatch.setattr(archives, "_check", lambda *_: None)
    with pytest.raises(DataError, match="its members are larger than it says, or too large"):
        archives.unpack(path, tmp_path / "to", max_bytes=5000)
    assert below(tmp_path / "to") == {}


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"", "an empty file"), (QUOTA, "a web page titled 'Google Drive"), (b"PK\x03\x04 and so on", "a zip archive")],
)
def test_what_is_no_archive_is_called_what_it_is(tmp_path, content, kind):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.zip cannot be unpacked: it is {kind}.*fetch it again"):
        archives.unpack(tmp_path / "a.zip", tmp_path / "to")


@pytest.mark.parametrize("pack", [tar, zipped])
def test_a_truncated_archive_leaves_nothing(tmp_path, pack):
    path = pack(tmp_path / "a", *((f"{k}.txt", os.urandom(3000).hex()) for k in range(5)))
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(DataError, match="a cannot be unpacked"):
        archives.unpack(path, tmp_path / "to")
    assert not (tmp_path / "to").exists() or below(tmp_path / "to") == {}


def test_what_is_there_already_is_not_overwritten(tmp_path):
    (tmp_path / "to" / "set").mkdir(parents=True)
    (tmp_path / "to/set/mine.txt").write_text("mine")
    with pytest.raises(DataError, match=r"a\.tgz holds set, and .*set is there already: move it away first"):
        archives.unpack(tar(tmp_path / "a.tgz", ("set/one.txt", "1")), tmp_path / "to")
    assert below(tmp_path / "to") == {"set/mine.txt": "mine"}


# --- downloading; the sources are files of this machine


def remote(tmp_path, content, name="data.gz", expected=None, at_most=10**6):
    there = tmp_path / "there"
    there.mkdir(exist_ok=True)
    (there / "sent").write_bytes(content)
    (there / "right").write_bytes(expected if expected is not None else content)
    return Remote(name, (f"file://{there / 'sent'}",), archives.sha256_of(there / "right"), at_most)


def test_the_right_file_gets_its_name_and_is_not_fetched_twice(tmp_path):
    wanted = remote(tmp_path, b"pixels")
    assert get(wanted, tmp_path / "here").read_bytes() == b"pixels"
    (tmp_path / "there" / "sent").unlink()
    assert get(wanted, tmp_path / "here").read_bytes() == b"pixels"


def test_a_quota_page_in_place_of_the_file_is_told_and_not_kept(tmp_path):
    with pytest.raises(
        NotHad, match=r"data\.gz is not the published file: what came is a web page titled 'Google Drive"
    ):
        get(remote(tmp_path, QUOTA, expected=b"pixels"), tmp_path / "here")
    assert list((tmp_path / "here").iterdir()) == []


def test_more_than_was_published_is_not_listened_to(tmp_path):
    with pytest.raises(NotHad, match="it sends more than the 99 bytes that are published"):
        get(remote(tmp_path, bytes(100), at_most=99), tmp_path / "here")


def test_a_damaged_file_is_fetched_again_and_the_next_source_is_tried(tmp_path):
    wanted = remote(tmp_path, b"pixels")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "data.gz").write_bytes(b"pix")
    wanted = wanted._replace(sources=(f"file://{tmp_path}/nothing", *wanted.sources))
    assert get(wanted, tmp_path / "here").read_bytes() == b"pixels"


@pytest.mark.parametrize("key", ["mnist", "fashion_mnist", "cifar10", "svhn", "celeba"])
def test_the_checksum_of_every_file_that_torchvision_names_is_known(key):
    kind = getattr(torchvision.datasets, CATALOGUE[key].torchvision)
    for split in CATALOGUE[key].splits:
        wanted = downloads.remotes(CATALOGUE[key], kind, split)
        assert wanted and all(len(r.sha256) == 64 and r.sources for r in wanted)


def test_a_file_that_is_not_known_asks_for_an_update(monkeypatch):
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "filename", "cifar-10-v2.tar.gz")
    with pytest.raises(DataError, match=r"names cifar-10-v2\.tar\.gz, whose checksum is not known here: update"):
        downloads.remotes(CATALOGUE["cifar10"], torchvision.datasets.CIFAR10, "train")


class Trap:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was run')",)


def test_a_forged_archive_in_the_place_of_cifar10_is_neither_unpacked_nor_unpickled(tmp_path, monkeypatch):
    forged = tar(tmp_path / "forged.tgz", ("cifar-10-batches-py/data_batch_1", pickle.dumps(Trap(), 0).decode()))
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", f"file://{forged}")
    with pytest.raises(DataError, match=r"what came is gzipped data.*with another checksum"):
        load("cifar10", root=tmp_path / "root")
    assert not (tmp_path / "root" / "cifar10").exists()


def test_a_downloaded_archive_is_unpacked_for_torchvision_to_read(tmp_path, monkeypatch):
    """What is in it is another matter: its MD5 sums are not CIFAR-10's."""
    archive = tar(tmp_path / "sent.tgz", ("cifar-10-batches-py/data_batch_1", "1"))
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", f"file://{archive}")
    known = Known(archives.sha256_of(archive), 10**6)
    monkeypatch.setitem(downloads.KNOWN, ("cifar10", "cifar-10-python.tar.gz"), known)
    with pytest.raises(DataError, match=r"CIFAR-10 in .*cifar-10-batches-py is incomplete or damaged"):
        load("cifar10", root=tmp_path / "root")
    assert (tmp_path / "root/cifar10/cifar-10-batches-py/data_batch_1").read_text() == "1"


def test_a_full_disk_while_unpacking_says_so_and_where_to_put_the_data_by_hand(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sources, "get", full)
    with pytest.raises(DataError, match="No space left on device") as caught, contextlib.suppress(KeyError):
        load("svhn", root=tmp_path)
    assert "By hand: from" in str(caught.value)
