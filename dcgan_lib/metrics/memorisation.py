"""Does a generator repeat its training images? Distances to the nearest one, and two controls that give them a meaning.

A distance alone says nothing, and a soft image is near to everything: a blurred face comes closer to the training
images than a sharp new one does, without having been copied. So there are two questions. Are fakes nearer to the
training images than held-out images are? A yes may mean copies or softness. And is a fake nearer to the training
images than to as many held-out ones? Softness treats the two alike; only memory prefers the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dcgan_lib.metrics.neighbours import nearest
from dcgan_lib.metrics.rates import Rate, rate


@dataclass(frozen=True)
class Memorisation:
    """Each rate beside what chance gives; both are far above it for a generator that copies."""

    closer: Rate  # fakes nearer to a training image than all but `quantile` of the held-out images are
    quantile: float  # what chance gives for `closer`
    prefer: Rate  # fakes nearer to the training images than to the held-out ones; chance gives 1/2
    independent: float  # as many coin flips are as uncertain as `prefer`: fakes share their nearest images
    fake_median: float  # distance to the nearest training image
    held_out_median: float

    @property
    def surplus(self) -> float:
        """How many standard deviations `prefer` lies above 1/2; more than 3 is memory, not chance."""
        return (self.prefer.share - 0.5) * 2 * self.independent**0.5


def memorisation(
    fakes: Tensor, training: Tensor, held_out: Tensor, quantile: float = 0.05, asked: int | None = None
) -> Memorisation:
    """Of rows in one form, such as `neighbours.pixel_vectors` of images or a network's features.

    Args:
        fakes: `(n, ...)`.
        training: `(m, ...)`, what the generator was trained on, or a random part of it.
        held_out: `(m, ...)` of the same distribution, not trained on: as many as `training`.
        asked: how many of the held-out images look for their nearest; all when None.

    Raises:
        ValueError: pools of different sizes: the larger holds nearer neighbours for that alone.
    """
    if len(training) != len(held_out):
        raise ValueError(f"{len(training)} training and {len(held_out)} held-out images: give as many of each")
    in_training, in_held_out = (nearest(fakes, pool) for pool in (training, held_out))
    to_training, to_held_out = in_training.distance[:, 0], in_held_out.distance[:, 0]
    hub = torch.where(to_training < to_held_out, in_training.index[:, 0], len(training) + in_held_out.index[:, 0])
    shared = torch.bincount(hub).double()  # fakes that each image is nearest to: without memory its pool is a coin flip
    apart = nearest(held_out[:asked], training).distance[:, 0]
    return Memorisation(
        closer=rate(to_training < apart.quantile(quantile)),
        quantile=quantile,
        prefer=rate(to_training < to_held_out),
        independent=float(shared.sum() ** 2 / shared.square().sum()),
        fake_median=float(to_training.median()),
        held_out_median=float(apart.median()),
    )


def with_copies(fakes: Tensor, training: Tensor, share: float, noise: float = 0.1, seed: int = 0) -> Tensor:
    """The positive control: fakes `(n, ...)` of which this share is replaced by noisy training images `(m, ...)`.

    Args:
        noise: standard deviation of what is added to a copy, on the images' own scale; it is clamped to [-1, 1].
    """
    rng = torch.Generator().manual_seed(seed)
    n = round(share * len(fakes))
    picked = training[torch.randperm(len(training), generator=rng)[:n]]
    copies = (picked + noise * torch.randn(picked.shape, generator=rng)).clamp(-1, 1)
    return torch.cat([copies, fakes[n:]])
