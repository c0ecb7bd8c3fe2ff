"""Runs as they lie on the disk, read back from their folders: how far each came, how fast, and with which settings."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcgan_lib.training import history, sessions

LATE = 20  # newest history lines whose mean stands for "how it is now": a single step says little


class RunError(ValueError):
    """A run's folder that cannot be read; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class Run:
    """One run, read from its folder."""

    name: str
    folder: Path
    header: dict  # the history's first line: model, train, data, hardware, versions
    entries: list[dict]  # numbers of steps
    looks: list[dict]  # at its samples, see `watch.Look`
    starts: list[dict]  # one for each session, see `sessions`; none for a run of an older version
    last: dict  # the newest line of the sessions
    silent: float  # seconds since something was written

    @classmethod
    def load(cls, folder: str | Path, name: str | None = None) -> Run:
        """Read one run.

        Raises:
            RunError: there is none, or its files are damaged.
        """
        folder = Path(folder)
        written, started = folder / "history.jsonl", folder / "sessions.jsonl"
        try:
            header, entries = history.read(written)
            # a process that was killed at once leaves half a line, or an empty file
            times = history.read_lines(started) if started.is_file() and history.length(started) else []
            run = cls(
                name or folder.name, folder, header, entries, history.looks(written),
                [line for line in times if "start" in line], times[-1] if times else {},
                datetime.datetime.now().timestamp() - max(p.stat().st_mtime for p in (written, started) if p.exists()),
            )  # fmt: skip
            run.row()  # all that will be asked for is there
        except OSError as error:
            raise RunError(f"{folder}: no run can be read there ({error.strerror}: {error.filename})") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise RunError(
                f"{folder}: what a run writes is missing or changed ({type(error).__name__}: {error})"
            ) from error
        except ValueError as error:
            raise RunError(str(error)) from error
        return run

    @property
    def steps_done(self) -> int:
        """Steps that are written down."""
        return max((e["step"] for e in (*self.entries[-1:], self.last) if "step" in e), default=0)

    @property
    def steps(self) -> int:
        """Steps that it is to make; the newest start decides, for a run may be made longer."""
        return self.starts[-1]["steps"] if self.starts else self.header["train"]["steps"]

    @property
    def state(self) -> str:
        """ "running", "done", "failed", or "stopped", which is also what a killed process leaves."""
        if "outcome" in self.last:
            return self.last["outcome"]
        if self.starts and sessions.alive(self.starts[-1], self.silent):
            return "running"
        return "done" if self.steps_done >= self.steps else "stopped"

    @property
    def alarms(self) -> list[str]:
        """Alarms of the samples (see `watch`) and the steps at which they began: "alike at 500"."""
        return [f"{alarm} at {look['step']}" for look in self.looks for alarm in look["begun"]]

    @property
    def best(self) -> tuple[float, int] | None:
        """The lowest value of what the run is judged by, and its step; None where it is judged by nothing."""
        measured = [(e["measure"], e["step"]) for e in self.entries if e.get("measure") is not None]
        return min(measured, default=None)

    @property
    def settings(self) -> dict[str, object]:
        """All that was chosen, under one name each: "train.lr_g", "model.ngf", "data.name", "versions.torch"."""
        groups = ("model", "train", "data", "hardware", "versions")
        return {f"{group}.{key}": value for group in groups for key, value in self.header.get(group, {}).items()}

    def now(self, name: str) -> float | None:
        """The mean of one number over the newest history lines."""
        values = [entry[name] for entry in self.entries[-LATE:] if entry.get(name) is not None]
        return sum(values) / len(values) if values else None

    def row(self) -> dict[str, object]:
        """What a list of runs shows of it, as plain numbers and words."""
        model, data = self.header["model"], self.header["data"]
        return {
            "name": self.name,
            "data": data["name"],
            "images": data["images"],
            "pixels": f"{model['image_size']}x{model['image_size']}x{model['nc']}",
            "ngf": model["ngf"],
            "ndf": model["ndf"],
            "step": self.steps_done,
            "steps": self.steps,
            **{name: self.now(name) for name in ("loss_d", "loss_g", "d_real", "d_fake")},
            "best": self.best and {"measure": self.best[0], "step": self.best[1]},
            "images_per_s": self.last.get("images_per_s"),
            "begun": self.starts[0]["start"] if self.starts else None,
            "state": self.state,
            "why": self.last.get("why"),
            "alarms": self.alarms,
            "folder": str(self.folder),
        }


def find(folder: str | Path) -> tuple[list[Run], list[RunError]]:
    """Every run in a folder and below, by name, and what is wrong with those that cannot be read.

    Raises:
        RunError: there is no such folder.
    """
    folder, runs, problems = Path(folder), [], []
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder; give the one that holds the runs' folders")
    for at, below, files in os.walk(folder):
        below.sort()
        if "history.jsonl" in files:
            below.clear()  # a run holds no runs
            try:
                runs.append(
                    Run.load(at, Path(at).relative_to(folder).as_posix() if Path(at) != folder else folder.name)
                )
            except RunError as error:
                problems.append(error)
    return runs, problems


def differences(runs: Sequence[Run]) -> dict[str, list]:
    """The settings in which runs differ: a value for each run, None where one does not know the setting."""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    columns = {name: [run.settings.get(name) for run in runs] for name in names}
    return {name: values for name, values in columns.items() if _differ(values)}


def _differ(values: Iterable[object]) -> bool:
    first, *rest = values
    return any(value != first for value in rest)
