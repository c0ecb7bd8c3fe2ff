"""Images for a probe in three parts: labels are drawn from the first, settings chosen on the second."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from dcgan_lib.data.images import Images
from dcgan_lib.data.loading import load


@dataclass(frozen=True)
class Pool:
    """Three sets of images that share none: to learn from, to choose on, to measure on."""

    train: Images
    valid: Images
    test: Images


def published(
    name: str | os.PathLike,
    image_size: int = 32,
    nc: int = 3,
    valid: int = 10_000,
    train: int | None = None,
    test: int | None = None,
    seed: int = 0,
    root: str | os.PathLike | None = None,
    download: bool = True,
) -> Pool:
    """A data set that `data.load` knows, or a folder with `train` and `test` in it.

    The validation part is taken at random from the training split (section 5.2 holds out 10,000 of SVHN's). Drawn faces
    have no splits: three parts of one draw.

    Args:
        train: so many to draw labels from; None is all.
        test: so many to measure on; None is all that are published.
        seed: decides which.

    Raises:
        ValueError: more images asked for than there are. DataError: they cannot be had; the message has the remedy.
    """
    if str(name) == "faces":
        train, test = train or 4000, test or 2000
        images = load("faces", image_size, nc, n=train + valid + test, seed=seed, progress=False)
        parts = torch.arange(len(images)).split([train, valid, test])
        return Pool(*(images.subset(part) for part in parts))
    options = {"image_size": image_size, "nc": nc, "root": root, "download": download}
    learn, measure = load(name, split="train", **options), load(name, split="test", n=test, seed=seed, **options)
    order = torch.randperm(len(learn), generator=torch.Generator().manual_seed(seed))
    wanted = len(learn) - valid if train is None else train
    if min(wanted, valid) < 1 or wanted + valid > len(learn):
        raise ValueError(f"train={train}, valid={valid}: {name} has {len(learn)} images to learn from")
    return Pool(learn.subset(order[valid : valid + wanted]), learn.subset(order[:valid]), measure)
