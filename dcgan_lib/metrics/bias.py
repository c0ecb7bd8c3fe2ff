"""The bias of the Fréchet distance against sample size, and its extrapolation to samples without end.

A distance between moments is too large when the moments are estimated: their noise is counted as difference. The
excess shrinks as 1/n, and depends on the generator, so distances of different n cannot be compared, and those of one
small n may even be ranked wrongly. A line in 1/n, read at 0, takes the excess away (Chong and Forsyth 2020,
arXiv:1911.07023, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dcgan_lib.metrics.frechet import Moments, frechet_distance, moments

Distance = Callable[[Tensor], float]  # of features (n, d) to a reference that stays the same


@dataclass(frozen=True)
class Extrapolation:
    """A least-squares line, distance = `infinite` + `slope` / n."""

    infinite: float  # what is expected of samples without end; may be below 0 for a perfect generator
    slope: float
    r2: float  # share of the distances' variance that the line explains

    def at(self, n: float) -> float:
        """The line's distance for samples of `n`."""
        return self.infinite + self.slope / n


def against_n(features: Tensor, distance: Distance, sizes: Sequence[int], repeats: int = 1, seed: int = 0) -> Tensor:
    """The distance of random subsets of features `(n, d)`, `(len(sizes), repeats)`.

    Args:
        distance: such as `lambda some: frechet_distance(some, reference)`; the reference stays whole.
        sizes: of the subsets, each drawn without replacement and afresh; at most n.

    Raises:
        ValueError: a size that cannot be drawn.
    """
    if wrong := [size for size in sizes if not 2 <= size <= len(features)]:
        raise ValueError(f"subsets of {wrong[0]} from {len(features)} features: choose from 2 to {len(features)}")
    rng = torch.Generator().manual_seed(seed)

    def once(size: int) -> float:
        return distance(features[torch.randperm(len(features), generator=rng)[:size]])

    return torch.tensor([[once(size) for _ in range(repeats)] for size in sizes], dtype=torch.float64)


def extrapolate(sizes: Sequence[int], distances: Tensor) -> Extrapolation:
    """The line in 1/n through distances `(len(sizes),)`, or `(len(sizes), repeats)`.

    Raises:
        ValueError: fewer than two different sizes: no line.
    """
    if len(set(sizes)) < 2:
        raise ValueError(f"sizes={tuple(sizes)}: a line needs at least two different ones")
    distances = distances.double().reshape(len(sizes), -1)
    x = (1 / torch.tensor(sizes, dtype=torch.float64))[:, None].expand_as(distances).reshape(-1)
    y = distances.reshape(-1)
    centred = x - x.mean()
    slope = (centred * (y - y.mean())).sum() / centred.square().sum()
    infinite = y.mean() - slope * x.mean()
    rest, whole = (y - infinite - slope * x).square().sum(), (y - y.mean()).square().sum()
    return Extrapolation(float(infinite), float(slope), float(1 - rest / whole) if whole > 0 else 1.0)


def frechet_infinity(
    features: Tensor, reference: Moments | Tensor, points: int = 15, smallest: int | None = None, seed: int = 0
) -> Extrapolation:
    """The Fréchet distance to `reference`, freed of the bias that comes from the number of *these* features.

    The reference's own bias remains: give it as many as there are, and the same to whatever is compared.

    Args:
        features: `(n, d)`; n several times d, or the excess is not yet a line in 1/n.
        points: subset sizes, evenly spaced from `smallest` (else a tenth of n) to n.
    """
    reference = reference if isinstance(reference, Moments) else moments(reference)
    first = smallest or max(2, len(features) // 10)
    sizes = torch.linspace(first, len(features), points).round().long().tolist()
    return extrapolate(sizes, against_n(features, lambda some: frechet_distance(some, reference), sizes, seed=seed))
