"""What a run writes down after its steps, and when; and what it says when it cannot.

All that is due after one step is written in this order: numbers, samples, the best checkpoint, the checkpoint. A
process that is killed on the way goes on from an older checkpoint and writes all of it again.
"""

from __future__ import annotations

import math
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from dcgan_lib.training import atomic, checkpoint, history, progress, together
from dcgan_lib.training.folder import RunFolder
from dcgan_lib.training.step import StepStats, Trainer

Measure = Callable[[Trainer], float]


class NonFiniteLoss(RuntimeError):
    """A loss or a weight became infinite or not a number. The message names the step, which, and what to try."""


class Every(NamedTuple):
    """Steps between two lines, checkpoints and sample sheets."""

    log: int
    save: int
    sample: int


class Record:
    """Writes one run's files after its steps.

    Args:
        run: where; nothing is written without one, and the losses are looked at all the same.
        best: what the run is judged by, lower being better; it is asked whenever samples are drawn.
    """

    def __init__(self, trainer: Trainer, run: RunFolder | None, every: Every, best: Measure | None = None) -> None:
        self.trainer, self.run, self.every, self.best = trainer, run, every, best

    def begin(self) -> None:
        """The first checkpoint, before anything can be lost: a full or read-only disk is found now."""
        if self.run is None:
            return
        self._warn_of_space()
        if not (self.run.checkpoints / "best.ckpt").exists():  # it stayed in another folder
            progress.of(self.trainer).best = None
        with self.still_in_memory():
            if self._path().exists():
                checkpoint.prune(self._path())  # a run that was killed had no time to
            else:
                self._save()

    def after(self, stats: StepStats) -> None:
        """Write what is due after a step.

        Raises:
            NonFiniteLoss: it must not be written.
            CannotWrite: it cannot be.
        """
        step, run, ends = stats.step, self.run, stats.step in (1, self.trainer.cfg.steps)
        log, sample = (ends or step % every == 0 for every in (self.every.log, self.every.sample))
        save = step == self.trainer.cfg.steps or step % self.every.save == 0
        if not (log or ((run or self.trainer.team.size > 1) and (sample or save))):
            return
        together.average(self.trainer, stats)
        numbers = stats.numbers()
        self._stop_if_not_finite(numbers)
        if run is None:
            return
        with self.still_in_memory():
            measured = self._measure(numbers) if sample and self.best else False
            if log or save or (sample and self.best):
                run.log(numbers)
            if sample:
                run.sample(stats)
            if measured:
                checkpoint.save_best(self.trainer, run.checkpoints, self._lines())
            if save:
                self._save()

    def leave(self) -> str:
        """Keep this moment, where it is not kept yet. Returns what to tell the person who asked to stop."""
        stopped = f"stopped after step {self.trainer.steps_done:,}"
        if self.run is None:
            return f"{stopped}, which is whole: the trainer is in memory. Run the same again to go on"
        if not self._path().exists():
            with self.still_in_memory():
                self._save()
        return f"{stopped}; saved {self._path()}. Run the same again to go on"

    @contextmanager
    def still_in_memory(self) -> Iterator[None]:
        """Errors of writing say that nothing is lost yet, and how to keep it."""
        try:
            yield
        except checkpoint.NotFinite as error:
            raise NonFiniteLoss(f"{error}. {self._remedies()}") from error
        except (OSError, history.WriteError, checkpoint.CannotWrite) as error:
            raise self._cannot(error) from error

    def _warn_of_space(self) -> None:
        """Say at the start that a disk will be full in an hour."""
        trainer = self.trainer
        weights = sum(p.numel() for module in (trainer.G, trainer.D) for p in module.parameters())
        averaged = sum(p.numel() for p in trainer.average.parameters()) if trainer.average is not None else 0
        files = checkpoint.KEEP + 1 + (self.best is not None)  # one more while it is written
        needed = files * 4 * (3 * weights + averaged)  # Adam remembers two numbers for each weight
        free = shutil.disk_usage(self.run.checkpoints.parent).free
        held = sum(path.stat().st_size for path in self.run.checkpoints.glob("*.ckpt"))
        if free + held < needed:
            warnings.warn(
                f"{self.run.out}: the checkpoints of this run need {needed / 1e6:,.1f} MB, and "
                f"{free / 1e6:,.1f} MB are free; make room, or choose a folder on another disk",
                stacklevel=2,
            )

    def _measure(self, numbers: dict) -> bool:
        """Note what the run is judged by. True where it has never been so good."""
        value, mine = float(self.best(self.trainer)), progress.of(self.trainer)
        numbers["measure"] = value if math.isfinite(value) else None
        if not math.isfinite(value) or (mine.best is not None and value >= mine.best.value):
            return False
        mine.best = progress.Best(value, self.trainer.steps_done)
        return True

    def _save(self) -> None:
        checkpoint.save(self.trainer, self.run.checkpoints, self._lines())

    def _lines(self) -> int:
        """The history's length, once it is on the disk: a checkpoint must not tell of lines that a power cut takes."""
        atomic.sync(self.run.history)
        return history.length(self.run.history)

    def _path(self) -> Path:
        return checkpoint.path_of(self.trainer, self.run.checkpoints)

    def _stop_if_not_finite(self, numbers: dict) -> None:
        bad = [f"{name} = {numbers[name]}" for name in ("loss_d", "loss_g") if not math.isfinite(numbers[name])]
        if bad:
            raise NonFiniteLoss(f"step {numbers['step']}: {' and '.join(bad)}, nothing is saved. {self._remedies()}")

    def _remedies(self) -> str:
        kept = checkpoint.newest(self.run.checkpoints) if self.run else None
        go_on = (
            ". Another run can begin there: checkpoint.restore(trainer, checkpoint.load(path), other_settings=True), "
            "or --start on the command line"
        )
        return (
            "Try a lower learning rate (lr_g, lr_d), precision='fp32', or another loss. "
            f"Last good checkpoint: {kept or 'none'}{go_on if kept else ''}"
        )

    def _cannot(self, error: Exception) -> checkpoint.CannotWrite:
        cause = error if isinstance(error, OSError) else error.__cause__
        # an error of ours begins with the file
        where = error.filename or self.run.out if isinstance(error, OSError) else str(error).partition(": ")[0]
        kept, out = checkpoint.newest(self.run.checkpoints), str(self.run.out)
        return checkpoint.CannotWrite(
            f"{where}: could not be written after step {self.trainer.steps_done:,} "
            f"({getattr(cause, 'strerror', None) or cause}). Nothing is lost: "
            + (f"{kept} is intact, and " if kept else "")
            + "the training is in memory, at the end of that step",
            f"Mend the folder and call train(trainer, images, {out!r}) again; or keep it elsewhere: "
            "checkpoint.save(trainer, 'elsewhere/checkpoints'), and train(trainer, images, 'elsewhere') goes on",
        )
