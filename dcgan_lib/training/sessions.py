"""When a run ran, where, and how fast: `sessions.jsonl`, apart from the history, which holds no times.

A session is one start of a run. It writes a line when it begins (when, where, with which command, from which step), a
line now and then while it trains (how far, how fast: also its sign of life), and one when it ends (how). A killed
process writes no end; `alive` tells it from one that is still at work.
"""

from __future__ import annotations

import datetime
import os
import platform
import shlex
import sys
import time
from pathlib import Path

from dcgan_lib.training import history
from dcgan_lib.training.step import Trainer

PACE_SECONDS = 10  # between two signs of life, or the time between two history lines where that is longer
SILENT_SECONDS = 3600  # without a sign for so long, a run is over even where a process has its number
FAR_SECONDS = 600  # the same for a process on another host, whose number says nothing here


class Session:
    """This start of a run, written to `path` as it goes."""

    def __init__(self, path: Path, trainer: Trainer, settings: dict) -> None:
        self.path, self.trainer = path, trainer
        self.begun = self.last = time.perf_counter()
        self.from_step = self.last_step = trainer.steps_done
        if path.exists():
            history.mend(path)
        history.append(path, {
            "start": _now(), "from_step": trainer.steps_done, "steps": trainer.cfg.steps, "command": command(),
            "settings": settings, "hardware": history.hardware(trainer.device), "versions": history.versions(),
            "processes": trainer.team.size, "host": platform.node(), "pid": os.getpid(),
        })  # fmt: skip

    def beat(self) -> None:
        """A sign of life, if the last one is some time ago. Call it after the device has been waited for."""
        if (now := time.perf_counter()) - self.last >= PACE_SECONDS:
            history.append(self.path, self._pace(now, self.last, self.last_step))
            self.last, self.last_step = now, self.trainer.steps_done

    def end(self, problem: BaseException | None = None) -> None:
        """Write how it ended. `problem`: the exception that ended it, if one did."""
        line = {"end": _now(), **self._pace(time.perf_counter(), self.begun, self.from_step), **self._outcome(problem)}
        history.append(self.path, line)

    def _outcome(self, problem: BaseException | None) -> dict[str, str]:
        if problem is None or isinstance(problem, (GeneratorExit, KeyboardInterrupt, SystemExit)):
            return {"outcome": "done" if self.trainer.steps_done >= self.trainer.cfg.steps else "stopped"}
        return {"outcome": "failed", "why": f"{type(problem).__name__}: {problem}"}

    def _pace(self, now: float, then: float, then_step: int) -> dict:
        images = (self.trainer.steps_done - then_step) * self.trainer.cfg.batch_size
        speed = images / max(now - then, 1e-9)
        return {"step": self.trainer.steps_done, "seconds": round(now - self.begun, 2),
                "images_per_s": float(f"{speed:.4g}")}  # fmt: skip


def command() -> str:
    """What started this process, as a shell would read it."""
    return shlex.join(["python", *sys.orig_argv[1:]])


def alive(start: dict, last_sign: float) -> bool:
    """Whether the process of a session that has not ended is still at work.

    Args:
        start: the session's first line.
        last_sign: seconds since its newest one.
    """
    if start["host"] != platform.node() or os.name != "posix":  # elsewhere os.kill would not ask, but kill
        return last_sign < FAR_SECONDS
    try:
        os.kill(start["pid"], 0)  # signal 0 asks whether there is such a process
    except ProcessLookupError:
        return False
    except PermissionError:  # there is, of another user
        pass
    return last_sign < SILENT_SECONDS


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
