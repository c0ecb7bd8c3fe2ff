"""A run's history: one JSON object a line, the first one says what the run is."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from dcgan_lib import __version__
from dcgan_lib.config import DCGANConfig, TrainConfig


def header(model: DCGANConfig, cfg: TrainConfig, data: str, n_images: int, device: torch.device) -> dict:
    """What a reader of the numbers must know: both configs, the data, hardware and versions."""
    hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.machine()} CPU"
    return {
        "model": dataclasses.asdict(model),
        "train": dataclasses.asdict(cfg),
        "data": {"name": data, "images": n_images},
        "hardware": {"device": hardware, "threads": torch.get_num_threads()},
        "versions": {
            "dcgan_lib": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    }


def append(path: Path, entry: dict) -> None:
    """Add one line. A killed run can leave half a line at the end, and only there: see `mend`."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def mend(path: Path) -> None:
    """Cut off the half line that a killed run may have left at the end, before more is appended to it."""
    with path.open("rb+") as file:
        file.truncate(file.read().rfind(b"\n") + 1)


def read(path: str | Path) -> tuple[dict, list[dict]]:
    """The header and the entries of a history file, in the order of their steps.

    A line that a killed run left half written is dropped if it is the last; anywhere else it is an error.
    Where a run was resumed, the later entry of a step stands.
    """
    path = Path(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines:
        raise ValueError(f"{path}: the history is empty; its first line should hold the run's config")
    parsed = list(_parse(path, lines))
    return parsed[0], [entry for _, entry in sorted({e["step"]: e for e in parsed[1:] if "step" in e}.items())]


def columns(entries: Iterable[dict]) -> dict[str, list]:
    """Entries turned on their side: `{"step": [...], "loss_d": [...], ...}`, ready to plot."""
    entries = list(entries)
    return {name: [entry.get(name) for entry in entries] for name in (entries[0] if entries else {})}


def _parse(path: Path, lines: list[str]) -> Iterator[dict]:
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines) > 1:
                return
            raise ValueError(
                f"{path}, line {number}: not JSON ({error}); the file was edited or is no history"
            ) from error
