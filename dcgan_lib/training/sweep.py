"""Several short runs that differ in a few settings, each with several seeds: is a difference more than noise?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.models import draw_z
from dcgan_lib.training.film import sample
from dcgan_lib.training.loop import train
from dcgan_lib.training.step import Trainer


class Trial(NamedTuple):
    """One run of a sweep."""

    name: str  # of the variant
    seed: int
    steps: list[int]  # when it was measured
    scores: list[float]  # what the measure said then
    images: Tensor  # (64, nc, s, s) in [-1, 1]: the fixed latents at the end
    last: dict[str, float]  # means of the step's numbers over the last quarter of the run


def sweep(
    model: DCGANConfig,
    base: TrainConfig,
    variants: Mapping[str, Mapping[str, object]],
    images: Images,
    measure: Callable[[Tensor], float],
    *,
    seeds: Iterable[int] = (0, 1, 2),
    at: Iterable[int] = (),
    n: int = 500,
    device: str | torch.device | None = None,
) -> list[Trial]:
    """Train every variant with every seed and measure it on its way.

    Args:
        variants: by name, the fields of `base` that change.
        measure: from samples `(n, nc, s, s)` in [-1, 1] to a number.
        seeds: one run each: initial weights, order of images and every z.
        at: steps at which to measure, besides the last.
        n: how many samples are measured; their z are the same in every run.
    """
    z = draw_z(n, model, torch.Generator().manual_seed(12345))
    trials = []
    for name, changes in variants.items():
        for seed in seeds:
            trainer = Trainer(model, dataclasses.replace(base, **changes, seed=seed), device)
            numbers, steps, scores = [], [], []
            for stats in train(trainer, images):
                numbers.append(stats.numbers())
                if stats.step in at or stats.step == trainer.cfg.steps:
                    steps.append(stats.step)
                    scores.append(measure(sample(trainer.best_G, z.to(trainer.device))))
            late = numbers[-max(1, len(numbers) // 4) :]
            last = {key: sum(entry[key] for entry in late) / len(late) for key in late[0]}
            trials.append(Trial(name, seed, steps, scores, sample(trainer.best_G, trainer.fixed_z), last))
    return trials
