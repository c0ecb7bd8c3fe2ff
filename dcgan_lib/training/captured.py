"""The whole step as one CUDA graph: a single launch in place of some two hundred.

A 64x64 step of batch 128 is about a millisecond of work for a large GPU, and asking for its kernels one at a time takes
the processor twice as long. A graph records them once, with the addresses of their tensors, and replays the record. So
everything must stay where it is: images come in through one buffer, the numbers go out through another, the noise is
drawn inside (the generator's counter is moved on by each replay), and Adam counts its steps on the device.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dcgan_lib.training.step import StepStats, Trainer

WARM_UP = 3  # steps that are run as usual first: cuDNN chooses its kernels, Adam makes its state


class CapturedStep:
    """`trainer.advance`, captured. Its first steps run as usual, the next is recorded; none is made twice.

    Args:
        trainer: on a CUDA device. Its tensors must not be replaced while this object is in use (loading a state
            copies into them, which is allowed).
    """

    def __init__(self, trainer: Trainer) -> None:
        cfg, model = trainer.cfg, trainer.model
        size = (cfg.batch_size // trainer.team.size, model.nc, model.image_size, model.image_size)
        self.trainer, self.warm_up = trainer, WARM_UP
        self.pixels = torch.empty(size, dtype=torch.uint8, device=trainer.device)
        self.numbers: Tensor | None = None  # the seven numbers of StepStats, written by each replay
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, pixels: Tensor) -> StepStats:
        """One step on `(n, nc, s, s)` uint8 pixels of the batch's size."""
        self.pixels.copy_(pixels, non_blocking=True)
        if self.warm_up:
            self.warm_up -= 1
            return self._as_usual()
        if self.graph is None:
            self._record()
        self._replay()
        self.trainer.steps_done += 1
        # a copy: the next replay writes over the buffer, and the caller may read it later
        return StepStats(self.trainer.steps_done, *self.numbers.clone().unbind())

    def _as_usual(self) -> StepStats:
        """On a stream of its own, as capturing asks of the steps before it."""
        current, side = torch.cuda.current_stream(), torch.cuda.Stream()
        side.wait_stream(current)
        with torch.cuda.stream(side):
            stats = self.trainer.advance(self.pixels)
        current.wait_stream(side)
        return stats

    def _record(self) -> None:
        self.graph = torch.cuda.CUDAGraph()
        self.graph.register_generator_state(self.trainer.rng)
        with torch.cuda.graph(self.graph):
            self._into_buffers()

    def _into_buffers(self) -> None:
        """The work that is recorded. Nothing is computed now, so the step that Python has counted is taken back."""
        stats = self.trainer.advance(self.pixels)
        self.numbers = torch.stack([getattr(stats, name).float() for name in StepStats.names()])
        self.trainer.steps_done -= 1

    def _replay(self) -> None:
        self.graph.replay()
