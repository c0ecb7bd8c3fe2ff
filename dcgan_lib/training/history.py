"""A run's history: one JSON object a line, in the order of the steps.

The first line says what the run is (`header`). Each line after it is the numbers of one step, or one look at the
samples (`{"look": {...}}`, see `watch`). Nothing in it depends on the hour or on how fast the machine was, so the
history of a run that was stopped and resumed is, byte for byte, that of one that was not; times are in
`sessions.jsonl` beside it.
"""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from dcgan_lib import __version__
from dcgan_lib.config import DCGANConfig, TrainConfig


class WriteError(RuntimeError):
    """A line could not be written: the disk is full, or the folder is gone. The message says which and what stands."""


def header(model: DCGANConfig, cfg: TrainConfig, data: str, n_images: int, device: torch.device) -> dict:
    """What a reader of the numbers must know: both configs, the data, hardware and versions."""
    return {
        "model": dataclasses.asdict(model),
        "train": dataclasses.asdict(cfg),
        "data": {"name": data, "images": n_images},
        "hardware": hardware(device),
        "versions": versions(),
    }


def hardware(device: torch.device) -> dict:
    """What computes: the GPU's name or the processor's kind, and the threads of this process."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.machine()} CPU"
    return {"device": name, "threads": torch.get_num_threads()}


def versions() -> dict[str, str]:
    """Of the library, torch and Python."""
    return {"dcgan_lib": __version__, "torch": torch.__version__, "python": platform.python_version()}


def append(path: Path, entry: dict) -> None:
    """Add one line. A killed run can leave half a line at the end, and only there: see `mend`.

    Raises:
        WriteError: it cannot be written; what stood there still does, without half a line after it.
    """
    before = path.stat().st_size if path.exists() else 0
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    except OSError as error:
        if path.exists():
            with path.open("rb+") as file:
                file.truncate(before)
        raise WriteError(
            f"{path}: a line could not be written ({error.strerror}); make room or restore the folder, then run the "
            "same again: it goes on from the last checkpoint"
        ) from error


def mend(path: Path) -> None:
    """Cut off the half line that a killed run may have left at the end, before more is appended to it."""
    with path.open("rb+") as file:
        file.truncate(file.read().rfind(b"\n") + 1)


def cut(path: Path, step: int, lines: int | None = None) -> None:
    """Drop what was written after `step`: a run that goes on from there writes it again.

    Args:
        lines: keep no more than these, where a checkpoint knows how many there were.
    """
    kept = 0
    with path.open("rb+") as file:
        for number, line in enumerate(file):
            if number == lines or not line.endswith(b"\n") or (_step(json.loads(line)) or 0) > step:
                break
            kept += len(line)
        file.truncate(kept)


def length(path: Path) -> int:
    """How many whole lines a file holds."""
    return path.read_bytes().count(b"\n")


def read(path: str | Path) -> tuple[dict, list[dict]]:
    """The header and the entries of a history file, in the order of their steps.

    A line that a killed run left half written is dropped if it is the last; anywhere else it is an error.
    Where a run was resumed, the later entry of a step stands.
    """
    lines = read_lines(path)
    return lines[0], [entry for _, entry in sorted({e["step"]: e for e in lines[1:] if "step" in e}.items())]


def looks(path: str | Path) -> list[dict]:
    """The looks at the samples, as `watch.Look` wrote them, in the order of their steps."""
    return [line["look"] for line in read_lines(path) if "look" in line]


def columns(entries: Iterable[dict]) -> dict[str, list]:
    """Entries turned on their side: `{"step": [...], "loss_d": [...], ...}`, ready to plot."""
    entries = list(entries)
    return {name: [entry.get(name) for entry in entries] for name in (entries[0] if entries else {})}


def read_lines(path: str | Path) -> list[dict]:
    """Every line of a file of JSON lines, but for a last one that is half written.

    Raises:
        ValueError: it is empty, or a line is no JSON object; the message names the line.
    """
    path = Path(path)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if not lines:
        raise ValueError(f"{path}: the history is empty; its first line should hold the run's config")
    return list(_parse(path, lines))


def _step(line: dict) -> int | None:
    return line.get("step", line.get("look", {}).get("step"))


def _parse(path: Path, lines: list[str]) -> Iterator[dict]:
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines) > 1:
                return
            raise ValueError(
                f"{path}, line {number}: not JSON ({error}); the file was edited or is no history"
            ) from error
        if not isinstance(entry, dict):
            raise ValueError(f"{path}, line {number}: {line[:40]} is no JSON object; the file was edited")
        yield entry
