"""What the loop around a trainer must remember of it from one call to the next, and the step need not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

from dcgan_lib.training.step import StepStats, Trainer


class Best(NamedTuple):
    """The lowest value so far of the measure that a run is judged by."""

    value: float
    step: int


@dataclass(eq=False)
class Progress:
    """Where the loop stands with one trainer."""

    best: Best | None = None  # saved with every checkpoint
    torn: bool = False  # a step was broken off in its middle: D has moved and G has not
    unseen: StepStats | None = None  # of a step that is done, and that the caller was not given yet
    unwritten: bool = False  # whether something that was due after that step is not on the disk
    turn: object = None  # the call of `train` that moves the trainer; an older one keeps its hands off


_KNOWN: WeakKeyDictionary[Trainer, Progress] = WeakKeyDictionary()


def of(trainer: Trainer) -> Progress:
    """The progress of a trainer, as long as the trainer lives."""
    return _KNOWN.setdefault(trainer, Progress())


def reset(trainer: Trainer, best: tuple[float, int] | None) -> None:
    """The trainer has been put into a saved state: nothing is open, and `best` is the best so far."""
    mine = of(trainer)
    mine.best = Best(*best) if best else None
    mine.torn, mine.unseen, mine.unwritten = False, None, False
