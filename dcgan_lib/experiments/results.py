"""Results of experiments as files: what was run, with which seeds, on what, how long, and what came out."""

from __future__ import annotations

import datetime
import json
import os
import time
from pathlib import Path
from typing import Any

import torch

from dcgan_lib.experiments import Experiment, experiment
from dcgan_lib.training import atomic
from dcgan_lib.training.history import hardware, versions

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "results"


class NoResult(RuntimeError):
    """A result that is not there or cannot be read; the message says which command makes it."""


def reproduce(name: str, budget: str = "full", **changes: Any) -> dict:
    """Run an experiment and return its record: `{"experiment", "budget", "settings", ..., "result"}`.

    Args:
        changes: settings that differ from the budget's, such as `seeds=(7,)`.

    Raises:
        ValueError: no such experiment, budget or setting.
    """
    about = experiment(name)
    settings = settings_of(about, budget, changes)
    start, cpu = time.monotonic(), time.process_time()
    result = about.run(**settings)
    record = {
        "experiment": name,
        "command": f"python -m dcgan_lib reproduce {name} --budget {budget}",
        "budget": budget,
        "settings": settings,
        "date": datetime.date.today().isoformat(),
        "hardware": hardware(torch.device("cpu")) | {"cores": os.cpu_count()},
        "versions": versions(),
        "seconds": round(time.monotonic() - start, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "result": result,
    }
    return json.loads(json.dumps(record))  # as it will be read: the keys of a dict are text


def settings_of(about: Experiment, budget: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a run."""
    if budget not in about.budgets:
        raise ValueError(f"budget={budget!r}: choose one of {', '.join(about.budgets)}")
    if unknown := sorted(set(changes) - set(about.budgets[budget])):
        raise ValueError(f"{unknown[0]!r} is no setting of it: there is {', '.join(about.budgets[budget])}")
    return dict(about.budgets[budget]) | changes


def keep(record: dict, folder: Path | None = None) -> Path:
    """Write a record under its experiment's name, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    folder = folder or home()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record['experiment']}.json"
    atomic.write(path, (json.dumps(record, indent=1) + "\n").encode())
    return path


def stored(name: str, folder: Path | None = None) -> dict:
    """The record of an experiment that was run before.

    Raises:
        NoResult: there is none.
    """
    experiment(name)
    path = (folder or home()) / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoResult(f"{path}: {error}; make it with  python -m dcgan_lib reproduce {name}") from error


def home() -> Path:
    """`data/results` of the repository; the environment variable DCGAN_RESULTS names another folder."""
    return Path(os.environ.get("DCGAN_RESULTS", SHIPPED))
