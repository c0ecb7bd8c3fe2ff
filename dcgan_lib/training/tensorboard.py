"""A run for TensorBoard: the numbers of the history and the sample sheets, in event files."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from torch import Tensor


class TensorBoardMissing(RuntimeError):
    """TensorBoard was asked for and is not installed; the message says how to get it."""


def require() -> None:
    """Raise TensorBoardMissing where the package is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        raise TensorBoardMissing("TensorBoard is not installed: pip install tensorboard, or leave --tensorboard out")


class Board:
    """Event files of one run, read by `tensorboard --logdir runs`.

    Args:
        folder: where they are written.
    """

    def __init__(self, folder: Path) -> None:
        require()
        self.folder, self.writer = folder, None

    def open(self, steps_done: int) -> None:
        """Begin a file. What earlier ones hold of later steps is hidden: those steps are made again."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(self.folder), purge_step=steps_done + 1 if steps_done else None)

    def scalars(self, numbers: dict[str, float]) -> None:
        """Every number of a step, which is itself among them: grouped by what it measures."""
        for name, value in numbers.items():
            if name != "step" and value is not None:
                self.writer.add_scalar(f"{_group(name)}/{name}", value, numbers["step"])

    def picture(self, name: str, pixels: Tensor, step: int) -> None:
        """A picture `(3, height, width)` uint8."""
        self.writer.add_image(name, pixels, step)

    def close(self) -> None:
        """Write out what is left."""
        if self.writer:
            self.writer.close()


def _group(name: str) -> str:
    return {"loss": "losses", "score": "logits", "d": "probabilities"}.get(name.partition("_")[0], "samples")
