"""Planted duplicates: copies of images with a known, small change, so that who looks for duplicates can be measured."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Change = Callable[[Tensor, torch.Generator], Tensor]


def brighter(images: Tensor, rng: torch.Generator, most: float = 0.1) -> Tensor:
    """Every image lighter or darker by up to 5 % of the range, each by its own amount."""
    by = (2 * torch.rand(len(images), 1, 1, 1, generator=rng) - 1) * most
    return (images + by).clamp(-1, 1)


def noisy(images: Tensor, rng: torch.Generator, sd: float = 0.1) -> Tensor:
    """Gaussian noise with a standard deviation of 5 % of the range."""
    return (images + sd * torch.randn(images.shape, generator=rng)).clamp(-1, 1)


def shifted(images: Tensor, rng: torch.Generator, share: float = 1 / 32) -> Tensor:
    """Moved left or right, and up or down, by one pixel of 32; the edge is repeated."""
    size = images.shape[-1]
    by = max(1, round(share * size))
    padded = F.pad(images, (by,) * 4, mode="replicate")
    places = 2 * by * torch.randint(0, 2, (len(images), 2), generator=rng)
    return torch.stack([one[:, y : y + size, x : x + size] for one, (y, x) in zip(padded, places.tolist())])


def cropped(images: Tensor, rng: torch.Generator, share: float = 1 / 16) -> Tensor:
    """A sixteenth of the width and of the height cut away, at a random side, and the rest enlarged again."""
    size = images.shape[-1]
    lost = max(1, round(share * size))
    places = torch.randint(0, lost + 1, (len(images), 2), generator=rng)
    kept = size - lost
    rest = torch.stack([one[:, y : y + kept, x : x + kept] for one, (y, x) in zip(images, places.tolist())])
    return F.interpolate(rest, size=(size, size), mode="bilinear")


def mirrored(images: Tensor, rng: torch.Generator) -> Tensor:
    """Left and right exchanged. No pixel stays in its place: a hash of pixels is not expected to see it."""
    return images.flip(3)


CHANGES: dict[str, Change] = {
    "noise": noisy,
    "brightness": brighter,
    "shift": shifted,
    "crop": cropped,
    "mirror": mirrored,
}
