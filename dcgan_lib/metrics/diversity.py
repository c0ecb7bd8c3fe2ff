"""Variety of a set, and the length of a path: both are distances between images or between their features."""

from __future__ import annotations

import torch
from torch import Tensor


def mean_pairwise_distance(rows: Tensor) -> float:
    """The mean Euclidean distance between two different rows of `(n, ...)`; 0 when all are the same.

    Raises:
        ValueError: fewer than two rows.
    """
    if len(rows) < 2:
        raise ValueError(f"{len(rows)} row(s) have no pair: give at least 2")
    return float(torch.pdist(rows.flatten(1).float()).mean())


def step_sizes(path: Tensor) -> Tensor:
    """The distance from each row of a path `(n, ...)` to the next, `(n - 1,)`."""
    flat = path.flatten(1).float()
    return (flat[1:] - flat[:-1]).norm(dim=1)


def even_pace(sizes: Tensor, n: int) -> Tensor:
    """`n` places along a path, as shares in [0, 1], between which the same distance is covered.

    Args:
        sizes: what `step_sizes` measured between evenly spaced places, `(m,)`.
        n: number of places, both ends included.
    """
    walked = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    wanted = torch.linspace(0, 1, n) * walked[-1]
    right = torch.searchsorted(walked, wanted).clamp(1, len(sizes))
    left = right - 1
    part = (wanted - walked[left]) / (walked[right] - walked[left]).clamp(min=1e-12)
    return (left + part.clamp(0, 1)) / len(sizes)
