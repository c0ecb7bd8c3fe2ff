"""A distance between two sets of images that needs no trained network: the sliced Wasserstein distance.

In one dimension the Wasserstein distance between two samples of the same size is the distance between their sorted
values. Many directions in pixel space, each with its own sort, see what one mean or one variance does not
(Rabin, Peyré, Delon and Bernot 2011).
"""

from __future__ import annotations

import torch
from torch import Tensor


def sliced_wasserstein(a: Tensor, b: Tensor, directions: int = 256, seed: int = 0, power: int = 2) -> float:
    """The mean, over random directions, of the Wasserstein distance between two sets of images.

    0 for equal sets; two samples of one distribution are not at 0 either, so measure that floor too. The unit is
    that of the pixels: 0.1 is a shift of every image by 0.1 along a typical direction.

    Args:
        a, b: images `(n, ...)`, as many in each.
        directions: how many random unit vectors.
        seed: decides them; the same seed makes results comparable.
        power: 2 for the root of the mean square, 1 for the mean of the gaps, which single outliers move less.

    Raises:
        ValueError: sets of different sizes or shapes, or with fewer than two images.
    """
    if a.shape != b.shape or len(a) < 2:
        raise ValueError(
            f"sets of shape {tuple(a.shape)} and {tuple(b.shape)}: give two sets alike, of 2 images or more"
        )
    rng = torch.Generator().manual_seed(seed)
    axes = torch.randn(a[0].numel(), directions, generator=rng)
    axes = (axes / axes.norm(dim=0)).to(a)  # (pixels, directions), unit columns
    gaps = (a.flatten(1) @ axes).sort(0).values - (b.flatten(1) @ axes).sort(0).values
    return float(gaps.abs().pow(power).mean().pow(1 / power))
