"""The kernel inception distance (Bińkowski, Sutherland, Arbel and Gretton 2018, arXiv:1801.01401, section 4).

The squared maximum mean discrepancy between two sets of features under the kernel k(x, y) = (x·y / d + 1)³, estimated
without bias: for two samples of one distribution it is 0 on average at every n, and half of the time it is negative.
The Fréchet distance has no such estimate. With another network's features than Inception's the numbers are on another
scale and cannot be compared with published ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class KID:
    """What is usually reported: over random subsets of both sets, the mean and the standard deviation of MMD²."""

    mean: float
    sd: float  # of one subset's value, which is not the error of the mean: subsets overlap
    subsets: int
    size: int  # features in each subset

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.sd:.4f} ({self.subsets} subsets of {self.size})"


def kid(a: Tensor, b: Tensor, subsets: int = 100, size: int = 1000, seed: int = 0) -> KID:
    """The distance between features `(n, d)` and `(m, d)`.

    Args:
        subsets: how many pairs of subsets, each drawn without replacement.
        size: features in a subset, at most the smaller of n and m.
        seed: of the subsets.

    Raises:
        ValueError: features of different lengths, or fewer than `size`.
    """
    _check(a, b)
    if subsets < 1 or not 2 <= size <= min(len(a), len(b)):
        raise ValueError(
            f"{subsets} subsets of {size} from {len(a)} and {len(b)} features: take 2 or more, not so many"
        )
    rng = torch.Generator().manual_seed(seed)
    values = torch.tensor([mmd2(_subset(a, size, rng), _subset(b, size, rng)) for _ in range(subsets)])
    return KID(float(values.mean()), float(values.std(unbiased=False)), subsets, size)


def mmd2(a: Tensor, b: Tensor, block: int = 4096) -> float:
    """The unbiased estimate of MMD² from features `(n, d)` and `(m, d)`; below 0 by chance when the two are alike.

    Of the three means of the kernel, those within a set leave out each feature's similarity to itself. The time grows
    with n · m, the memory only with `block`².

    Raises:
        ValueError: features of different lengths, or fewer than two.
    """
    _check(a, b)
    a, b = a.double(), b.double()
    within = [(_sum(x, x, block) - _kernel_with_itself(x).sum()) / (len(x) * (len(x) - 1)) for x in (a, b)]
    across = _sum(a, b, block) / (len(a) * len(b))
    return float(within[0] + within[1] - 2 * across)


def _sum(a: Tensor, b: Tensor, block: int) -> Tensor:
    """Of the kernel over all pairs, a block at a time."""
    return sum(((x @ y.T / a.shape[1] + 1) ** 3).sum() for x in a.split(block) for y in b.split(block))


def _kernel_with_itself(a: Tensor) -> Tensor:
    return (a.square().sum(1) / a.shape[1] + 1) ** 3


def _subset(a: Tensor, size: int, rng: torch.Generator) -> Tensor:
    return a[torch.randperm(len(a), generator=rng)[:size]]


def _check(a: Tensor, b: Tensor) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        shapes = f"{tuple(a.shape)} and {tuple(b.shape)}"
        raise ValueError(f"features of shape {shapes}: give (n, d) and (m, d), two or more, from the same network")
