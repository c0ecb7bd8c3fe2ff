"""The cache: built once, verified each time, never half there."""

import errno
import json
import os
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from dcgan_lib.data import DataError, cache, load, memory, prepare


@pytest.fixture(autouse=True)
def where(tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    for k in range(5):
        Image.new("L", (8, 8), 10 * k).save(tmp_path / "pictures" / f"{k}.png")
    return tmp_path / "pictures"


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that are decoded, as it happens."""
    names, read = [], prepare.read_square
    monkeypatch.setattr(prepare, "read_square", lambda path, *rest: names.append(path.name) or read(path, *rest))
    return names


def values(folder, **options):
    return load(folder, 8, 1, progress=False, **options).pixels[:, 0, 0, 0].tolist()


def test_each_file_is_decoded_once_for_all_runs(folder, decoded):
    assert values(folder) == values(folder) == [0, 10, 20, 30, 40]
    assert sorted(decoded) == ["0.png", "1.png", "2.png", "3.png", "4.png"]


def test_another_size_or_another_number_of_channels_is_another_cache(folder, decoded):
    for size, nc in ((8, 1), (8, 3), (16, 1)):
        assert load(folder, size, nc, progress=False).pixels.shape == (5, nc, size, size)
    assert len(decoded) == 15


def test_the_readers_folder_is_not_written_to(folder):
    before = sorted(os.listdir(folder))
    values(folder)
    assert sorted(os.listdir(folder)) == before


def test_a_changed_file_is_seen_and_the_old_cache_goes(folder, decoded, where):
    values(folder)
    Image.new("L", (8, 8), 99).save(folder / "3.png")
    os.utime(folder / "3.png", ns=(1, 1))  # even with a time in the past
    assert values(folder) == [0, 10, 20, 99, 40]
    assert len(list(where.glob("*.npy"))) == len(list(where.glob("*.json"))) == 1


def test_an_added_and_a_removed_file_are_seen(folder):
    values(folder)
    Image.new("L", (8, 8), 50).save(folder / "5.png")
    (folder / "0.png").unlink()
    assert values(folder) == [10, 20, 30, 40, 50]


def test_a_file_that_only_changes_its_name_is_seen(folder):
    for path in folder.iterdir():
        os.utime(path, ns=(1, 1))
    values(folder)
    (folder / "1.png").rename(folder / "2b.png")  # as large and as old as the one whose place it takes
    assert values(folder) == [0, 20, 10, 30, 40]


def test_a_record_of_another_source_is_not_believed(folder, where, caplog):
    values(folder)
    (record,) = where.glob("*.json")
    about = json.loads(record.read_text())
    about["key"]["source"] = "elsewhere"
    record.write_text(json.dumps(about))
    assert values(folder) == [0, 10, 20, 30, 40] and "its record tells of another source" in caplog.text


def test_many_chunks_give_the_same_as_one(folder, monkeypatch):
    monkeypatch.setattr(prepare, "GROUP", 2)
    assert values(folder) == [0, 10, 20, 30, 40]


def test_the_npy_can_be_read_by_anyone_and_the_record_says_what_it_is(folder, where):
    values(folder)
    (pixels,), (record,) = where.glob("*.npy"), where.glob("*.json")
    assert np.load(pixels).shape == (5, 1, 8, 8) and pixels.name.startswith("pictures-8x1-")
    about = json.loads(record.read_text())
    assert about["shape"] == [5, 1, 8, 8] and about["skipped"] == [] and about["key"]["source"] == str(folder)


def test_files_are_read_no_further_ahead_than_what_waits_to_be_written():
    begun = []
    with ThreadPoolExecutor(2) as pool:
        results = prepare.ahead(pool, lambda piece: begun.append(piece) or -piece, range(100), most=5)
        assert [next(results) for _ in range(3)] == [0, -1, -2]
        results.close()
    assert sorted(begun) == list(range(len(begun))) and len(begun) <= 7


def test_an_array_larger_than_the_memory_can_be_opened(tmp_path):
    rows = 2 * memory.memory() // 2**20
    with open(tmp_path / "large.npy", "wb") as file:  # a hole: it takes no room on the disk
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (rows, 2**20)})
        file.truncate(file.tell() + rows * 2**20)
    pixels = memory.as_tensor(memory.map_npy(tmp_path / "large.npy"))
    assert pixels.shape == (rows, 2**20) and pixels[rows - 1, -1] == 0


def test_a_containers_limit_counts_where_it_is_less(tmp_path, monkeypatch):
    machine = memory.memory()
    for text, expected in (("max\n", machine), ("1000000\n", 1_000_000)):
        (tmp_path / "memory.max").write_text(text)
        monkeypatch.setattr(memory, "LIMITS", (tmp_path / "memory.max", tmp_path / "nowhere"))
        assert memory.memory() == expected


def damage(path, how):
    data = bytearray(path.read_bytes())
    if how == "one byte":
        data[-7] ^= 1
    elif how == "cut":
        del data[-64:]
    elif how == "pickle":
        data = bytearray(b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00.")
    path.write_bytes(data if how != "empty" else b"")


@pytest.mark.parametrize("how", ["one byte", "cut", "empty", "pickle"])
def test_a_damaged_cache_is_named_and_built_again(folder, where, caplog, decoded, how):
    values(folder)
    (path,) = where.glob("*.npy")
    damage(path, how)
    assert values(folder) == [0, 10, 20, 30, 40] and len(decoded) == 10
    assert str(path) in caplog.text and "damaged" in caplog.text and "building it again" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"key": 1}'])
def test_a_damaged_record_is_named_and_built_again(folder, where, caplog, text):
    values(folder)
    next(where.glob("*.json")).write_text(text)
    assert values(folder) == [0, 10, 20, 30, 40] and "building it again" in caplog.text


def test_writing_into_the_pixels_does_not_reach_the_file(folder, where):
    pixels = load(folder, 8, 1, progress=False).pixels
    (path,) = where.glob("*.npy")
    before = path.read_bytes()
    pixels.fill_(7)
    assert path.read_bytes() == before


def test_an_interrupted_build_leaves_nothing_that_could_be_taken_for_a_cache(folder, where, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "read_square", stop)
        with pytest.raises(KeyboardInterrupt):
            values(folder)
    assert list(where.iterdir()) == []
    assert values(folder) == [0, 10, 20, 30, 40]


def test_what_a_killed_build_left_behind_is_swept_but_a_build_at_work_is_not(folder, where):
    where.mkdir()
    (where / "dead.npy.1.tmp").touch()
    (where / "alive.npy.2.tmp").touch()
    os.utime(where / "dead.npy.1.tmp", (time.time() - 2 * cache.ABANDONED,) * 2)
    values(folder)
    assert [path.name for path in where.glob("*.tmp")] == ["alive.npy.2.tmp"]


def test_a_full_disk_is_told_before_the_work_begins(folder, where, monkeypatch, decoded):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: usage(100, 0, 100))
    with pytest.raises(DataError, match=r"needs .* MB in .* are free: make room, set DCGAN_CACHE"):
        values(folder)
    assert decoded == []


def test_a_disk_that_fills_up_meanwhile_leaves_no_rest_and_says_so(folder, where, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache.os, "fsync", full)
    with pytest.raises(DataError, match=r"cannot write the cache .*No space left on device.*Set DCGAN_CACHE"):
        values(folder)
    assert list(where.iterdir()) == []


def test_a_place_that_cannot_be_a_folder_is_named(folder, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DCGAN_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match=r"cannot write the cache .*file/cache.*Not a directory"):
        values(folder)


def test_without_the_variable_caches_lie_in_the_users_own_place(monkeypatch, tmp_path):
    monkeypatch.delenv("DCGAN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cache.sys, "platform", "linux")
    assert cache.cache_root() == tmp_path / "dcgan_lib"


def test_a_disk_that_does_not_keep_what_was_written_is_told(folder, monkeypatch):
    written = cache.write_cache

    def faulty(path, *rest):
        written(path, *rest)
        damage(path, "one byte")

    monkeypatch.setattr(cache, "write_cache", faulty)
    with pytest.raises(DataError, match=r"just written, cannot be read \(its checksum does not fit\)"):
        values(folder)
