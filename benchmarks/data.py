"""From files to batches: how fast, and in how much memory?

python benchmarks/data.py                  # some five minutes, 3 GB of disk meanwhile
python benchmarks/data.py --device cuda    # and what reaches a GPU, how fast, without waiting for it
python benchmarks/data.py --quick          # half a minute: does it run?

- `folder`: JPEG files of CelebA's size and weight, 2,000 different ones under 200,000 names; a process of its own
  indexes them, decodes them into the cache, opens and verifies the cache, and trains from it as from a file that is
  larger than the memory. The peak of its memory is recorded at each point, for few files and for many.
- `decoding`: one thread and two, handed single files or groups, and two processes.
- `ways`: a batch ready for the networks, on one core: every image decoded each time, and each way of `feed`.
- `disk`: scattered reads from a file that is not in memory: what the system is told about them, and how many read.
- `layout`: whether a step is faster when the pixels are stored channels last.
- `device`: each way gives the processor's batches on the device; with a GPU, no step waits for it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import mmap
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace

import measure
import numpy as np
import torch
from reference_recipe import Photos, make_photos
from torch import Tensor

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data import EndlessFaces, Images, index_folder, load, prepare, to_unit
from dcgan_lib.data.decode import quiet_decoders, read_square
from dcgan_lib.training import Trainer, feed, stream, train
from dcgan_lib.training.team import ALONE

DIFFERENT = 2_000  # photographs that differ; a file system allows some 65,000 names for one file
PARTS = ("folder", "decoding", "ways", "disk", "layout", "device")
BATCH = 128
STEPS = 10


# --- many files, bounded memory


def memory_mb() -> dict[str, float | None]:
    """Of this process, in 10^6 bytes: the most it ever held, pages of mapped files included; what is its own now."""
    status = Path("/proc/self/status")
    if not status.exists():  # macOS, which counts in bytes
        return {"peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1e-6, 1), "own_mb": None}
    said = {name: rest.split() for name, _, rest in (line.partition(":") for line in status.read_text().splitlines())}
    return {key: round(int(said[name][0]) * 1.024e-3, 1) for key, name in (("peak_mb", "VmHWM"), ("own_mb", "RssAnon"))}


def with_many_names(photos: Path, folder: Path, n: int) -> Path:
    """A folder of `n` files that takes the room of a few: every photograph has many names."""
    folder.mkdir()
    files = sorted(photos.iterdir())
    for i in range(n):
        os.link(files[i % len(files)], folder / f"{i:06}.jpg")
    return folder


def visit(folder: Path, image_size: int) -> Iterator[dict]:
    """What a run does with a folder, and the memory it has needed so far."""

    def point(name: str, since: float, n: int = 0) -> dict:
        seconds = time.perf_counter() - since
        rate = round(n / seconds) if n else None
        return {"after": name, "seconds": measure.rounded(seconds), "images_per_s": rate, **memory_mb()}

    yield point("imports", time.perf_counter())
    since = time.perf_counter()
    n = len(index_folder(folder))
    yield point("indexing", since, n)
    since = time.perf_counter()
    images = load(folder, image_size, progress=False)
    yield point("decoding into the cache", since, n)
    since = time.perf_counter()
    images = load(folder, image_size, progress=False)
    yield point("opening and verifying the cache", since, n)

    feed.RESIDENT = 0  # as if it were larger than the memory
    model = DCGANConfig(image_size=image_size, ngf=8, ndf=8)
    trainer = Trainer(model, TrainConfig(batch_size=BATCH, steps=STEPS), "cpu")
    since = time.perf_counter()
    done = sum(1 for _ in train(trainer, images, fast=False))
    yield point(f"{done} steps of small networks", since, done * BATCH)
    since = time.perf_counter()
    read = sum(len(batch) for batch in feed.streamed(asked(steps=max(1, 50_000 // BATCH)), images))
    yield point("streaming", since, read)


def folder(photos: Path, counts: Sequence[int], image_size: int = 64) -> dict:
    """Visit folders of so many files, each in a new process with a cache of its own."""
    visits = []
    for n in counts:
        with tempfile.TemporaryDirectory(prefix="dcgan-", dir=photos.parent) as where:
            many = with_many_names(photos, Path(where) / "files", n)
            command = [sys.executable, __file__, "--visit", str(many), str(image_size)]
            environment = os.environ | {"DCGAN_CACHE": f"{where}/cache"}
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            size = sum(file.stat().st_size for file in Path(where, "cache").iterdir())
            visits.append({"files": n, "cache_mb": round(size / 1e6, 1), "points": json.loads(done.stdout)})
    few, many = visits[0], visits[-1]
    built = [next(p["peak_mb"] for p in v["points"] if p["after"].startswith("opening")) for v in (few, many)]
    more = (many["files"] - few["files"]) or 1
    return {
        "image_size": image_size,
        "different_files": len(list(photos.iterdir())),
        "rows": [{"files": v["files"], "cache_mb": v["cache_mb"], **p} for v in visits for p in v["points"]],
        "growth_of_peak_mb": round(built[1] - built[0], 1),
        "growth_bytes_a_file": round((built[1] - built[0]) * 1e6 / more),
        "bytes_an_image": 3 * image_size**2,
    }


# --- speed


def decoding(photos: Path, seconds: float) -> list[dict]:
    """Images a second, medians of interleaved rounds. Processes are tried where there is time to start them."""
    files, many = sorted(photos.iterdir()), prepare.GROUP
    groups = {size: [files[i : i + size] for i in range(0, len(files), size)] for size in (1, many)}
    with ExitStack() as pools:
        one, two = (pools.enter_context(ThreadPoolExecutor(n)) for n in (1, 2))
        kinds: dict[str, tuple[Executor, int]] = {
            "one thread": (one, many),
            "two threads, single files": (two, 1),
            "two threads": (two, many),
        }
        if seconds:
            spawn = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
            kinds["two processes"] = pools.enter_context(spawn), many
        forms = {name: partial(_all, pool, groups[size]) for name, (pool, size) in kinds.items()}
        with quiet_decoders():
            times = measure.interleaved(forms, seconds, (3, 9))
    rows = []
    for name, time_of in times.items():
        rate = round(len(files) / time_of.median() * 1e3)
        cpu = None if "processes" in name else measure.rounded(statistics.median(time_of.cpu) / len(files) * 1e3)
        x = measure.rounded(time_of.times_faster_than(times["one thread"]))
        rows.append({"form": name, "images_per_s": rate, "cpu_us": cpu, "x": x})
    return rows


def _all(pool: Executor, groups: list[list[Path]]) -> None:
    for _ in pool.map(_decode, groups):
        pass


def _decode(files: Sequence[Path]) -> np.ndarray:
    return np.stack([read_square(file, 64, 3) for file in files])


def ways(photos: Path, image_size: int, seconds: float, rounds: int, n: int) -> list[dict]:
    """Microseconds an image until it is ready for the networks: float32 in [-1, 1]."""
    each_time = Photos(photos, image_size)
    pixels = torch.randint(0, 256, (n, 3, image_size, image_size), dtype=torch.uint8)
    images, cfg = Images("noise", pixels), {"steps": 10**9}
    sources: dict[str, Iterator[Tensor]] = {
        "decoded each time": (torch.stack([each_time[i % len(each_time)] for i in range(k, k + BATCH)])
                              for k in itertools.count(0, BATCH)),
        "resident": map(to_unit, feed.resident(asked(**cfg), images)),
        "streamed": map(to_unit, feed.streamed(asked(**cfg), images)),
        "drawn": map(to_unit, feed.drawn(asked(**cfg), EndlessFaces(image_size))),
    }  # fmt: skip
    found = {name: [] for name in sources}
    for source in sources.values():
        next(source)
    for _ in range(rounds):
        for name, source in sources.items():
            found[name].append(_cost(source, seconds))
    base = [statistics.median(column) for column in zip(*found["decoded each time"])]
    rows = []
    for name, costs in found.items():
        wall, cpu = (statistics.median(column) for column in zip(*costs))
        row = {"way": name, "image_size": image_size, "wall_us": measure.rounded(wall), "cpu_us": measure.rounded(cpu)}
        x = {"x": measure.rounded(base[0] / wall), "x_cpu": measure.rounded(base[1] / cpu)}
        rows.append(row | {"images_per_s": round(1e6 / wall)} | x)
    return rows


def _cost(source: Iterator[Tensor], seconds: float) -> tuple[float, float]:
    """Wall and processor microseconds an image."""
    n, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        n += len(next(source))
    return (time.perf_counter() - wall) / n * 1e6, (time.process_time() - cpu) / n * 1e6


def disk(folder: Path, n: int) -> list[dict]:
    """Images a second out of a cold file, and how many times the bytes that were wanted came from the disk. Linux."""
    path, k, rows = folder / "cold.npy", min(n, 4096), []
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (n, 3, 64, 64)})
        for some in np.array_split(np.arange(n), max(1, n // 1000)):
            file.write(np.random.default_rng(some[0]).integers(0, 256, (len(some), 3, 64, 64), dtype=np.uint8))
        os.fsync(file.fileno())
    wanted = np.sort(np.random.default_rng(0).permutation(n)[:k])
    for told, readers in (("nothing", 1), ("nothing", stream.READERS), ("random", 1), ("random", stream.READERS)):
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        array = np.load(path, mmap_mode="r")
        if told == "random":
            array._mmap.madvise(mmap.MADV_RANDOM)
        before, since = _read_bytes(), time.perf_counter()
        with ThreadPoolExecutor(readers) as pool:
            list(pool.map(lambda some, a=array: np.take(a, some, axis=0), np.array_split(wanted, readers)))
        seconds, read = time.perf_counter() - since, _read_bytes() - before
        rows.append({"told": told, "readers": readers, "images_per_s": round(k / seconds)})
        rows[-1]["read_of_wanted"] = measure.rounded(read / (k * array[0].nbytes))
        del array  # what is mapped cannot be made cold
    path.unlink()
    return rows


def _read_bytes() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


def layout(seconds: float, width: int = 32) -> list[dict]:
    """A step on pixels stored as `(n, nc, s, s)`, and on the same stored channels last."""
    rows = []
    for size in (32, 64):
        model, cfg = DCGANConfig(image_size=size, ngf=width, ndf=width), TrainConfig(batch_size=64)
        pixels = torch.randint(0, 256, (64, 3, size, size), dtype=torch.uint8)
        stored = {"as they are": pixels, "channels last": pixels.contiguous(memory_format=torch.channels_last)}
        forms = {name: partial(Trainer(model, cfg, "cpu").advance, p) for name, p in stored.items()}
        times = measure.interleaved(forms, seconds, (5, 25))
        x = measure.rounded(times["channels last"].times_faster_than(times["as they are"]))
        rows += [{"image_size": size, "stored": name, **times[name].row()} for name in forms]
        rows[-1]["x"] = x
    return rows


# --- on the device


def asked(device: torch.device | str = "cpu", steps: int = 60, steps_done: int = 0) -> SimpleNamespace:
    """What `feed` needs of a trainer."""
    cfg = TrainConfig(batch_size=BATCH, steps=steps, seed=1)
    return SimpleNamespace(cfg=cfg, steps_done=steps_done, device=torch.device(device), team=ALONE)


def on_device(device: torch.device, seconds: float, n: int) -> list[dict]:
    """Every way on a device: the batches of the processor, and how many images a second arrive."""
    pixels = torch.randint(0, 256, (n, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images, rows = Images("noise", pixels), []
    for name, way, source in (
        ("resident", feed.resident, images),
        ("streamed", feed.streamed, images),
        ("drawn", feed.drawn, EndlessFaces(64)),
    ):
        steps = min(60, 2 * (n // BATCH))
        ours, theirs = (list(way(asked(where, steps=steps), source)) for where in (device, "cpu"))
        apart = max(int((a.cpu().int() - b.int()).abs().max()) for a, b in zip(ours, theirs, strict=True))
        rows.append({"way": name, "levels_apart": apart, **_arriving(way, source, device, seconds)})
    return rows


def _arriving(way: Callable, source: object, device: torch.device, seconds: float) -> dict:
    """Images a second. On a GPU, a step that waits for it raises an error here."""
    gpu = device.type == "cuda"
    batches = way(asked(device, steps=10**9), source)
    next(batches)  # moves the images there, or the constants of the drawing
    wait = torch.cuda.synchronize if gpu else lambda: None
    wait()
    n, since = 0, time.perf_counter()
    if gpu:
        torch.cuda.set_sync_debug_mode("error")
    try:
        while time.perf_counter() - since < seconds:
            n += len(next(batches))
    finally:
        if gpu:
            torch.cuda.set_sync_debug_mode("default")
    wait()
    rate = n / (time.perf_counter() - since)
    batches.close()
    return {"images_per_s": round(rate), "waits_for_the_device": False if gpu else None}


# --- the command


def main(argv: Sequence[str] | None = None) -> dict:
    """Measure, print tables, write `data.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="500 files, and moments in place of seconds")
    parser.add_argument("--device", default="cpu", help="where the batches go [cpu]")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts, beside what is recorded")
    parser.add_argument("--out", type=Path, default=measure.RESULTS, metavar="FOLDER", help="of data.json")
    parser.add_argument("--tmp", metavar="FOLDER", help="for the files [the system's temporary folder]")
    parser.add_argument("--visit", nargs=2, metavar=("FOLDER", "SIZE"), help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)  # what is compared here is the work of a core
    if args.visit:
        print(json.dumps(list(visit(Path(args.visit[0]), int(args.visit[1])))))
        return {}
    recorded = args.out / "data.json"
    report = json.loads(recorded.read_text()) if recorded.exists() else {}
    report["question"] = "from files to batches: how fast, and in how much memory?"
    with tempfile.TemporaryDirectory(prefix="dcgan-", dir=args.tmp) as where:
        photos = make_photos(Path(where) / "photos", 150 if args.quick else DIFFERENT)
        for name in args.only:
            found = part(name, photos, torch.device(args.device), args.quick)
            report[name] = {"machine": measure.machine(args.device), **found}
            print(f"\n{name}", measure.table(found["rows"]), sep="\n", flush=True)
            measure.write("data", report, args.out)
    print(f"\n{recorded}")
    return report


def part(name: str, photos: Path, device: torch.device, quick: bool) -> dict:
    """One part's tables."""
    if name == "folder":
        return folder(photos, (500,) if quick else (DIFFERENT, 200_000))
    if name == "decoding":
        return {"rows": decoding(photos, 0 if quick else 40)}
    if name == "ways":
        seconds, rounds, n = (0.05, 1, 2_000) if quick else (2, 5, 20_000)
        return {"rows": [row for size in (32, 64) for row in ways(photos, size, seconds, rounds, n)]}
    if name == "disk":
        return {"rows": disk(photos.parent, 1_000 if quick else 100_000) if hasattr(os, "posix_fadvise") else []}
    if name == "layout":
        return {"rows": layout(0 if quick else 20, 4 if quick else 32)}
    return {"rows": on_device(device, 0.1 if quick else 3, 500 if quick else 20_000)}


if __name__ == "__main__":
    main()
