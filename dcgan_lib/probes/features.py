"""Features of images: what every convolutional layer of a discriminator says, pooled; and plain pixels."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dcgan_lib.config import DCGANConfig
from dcgan_lib.data.images import Images
from dcgan_lib.models import Discriminator

Features: TypeAlias = Callable[[Tensor], Tensor]
"""From images `(n, nc, s, s)` in [-1, 1] to features `(n, d)` float32."""


@torch.no_grad()
def d_features(D: nn.Module, images: Tensor, side: int = 4, batch: int = 256) -> Tensor:
    """The activations of every convolutional layer of D, each max-pooled to `side` x `side`, in one row an image.

    Paper, section 5.1: "the discriminator's convolutional features from all layers, maxpooling each layer's
    representation to produce a 4x4 spatial grid", flattened and concatenated. Activations are those behind batch norm
    and leaky ReLU, as in the released code. Evaluation mode; D's mode is kept.

    Args:
        D: has `features(images)`, the outputs of its blocks, the last of which is the logit and is left out.
        images: `(n, nc, s, s)` in [-1, 1].
        side: of the grid. A layer whose maps are smaller stays as it is.
        batch: images at once.

    Returns:
        `(n, d)` float32 on the processor; `d` is what `feature_count` says.

    Raises:
        ValueError: no images, or a `side` below 1.
    """
    if side < 1 or len(images) == 0:
        raise ValueError(f"side={side}, {len(images)} images: give a grid of at least 1 and one image or more")
    device, was_training = next(D.parameters()).device, D.training
    try:
        D.eval()
        return torch.cat([_pooled(D.features(some.to(device))[:-1], side) for some in images.split(batch)])
    finally:
        D.train(was_training)


def feature_count(widths: Sequence[int], sides: Sequence[int], side: int = 4) -> int:
    """Length of `d_features` for layers of so many maps of these sides; 28,672 for the network of section 5.1."""
    return sum(width * min(own, side) ** 2 for width, own in zip(widths, sides, strict=True))


def of_d(D: nn.Module, images: Images | None = None, side: int = 4) -> Features:
    """`d_features` of this D as a function of images alone.

    Args:
        images: where given, batch norm's statistics are first inferred on them, see `settled`.
    """
    used = D if images is None else settled(D, images)
    return lambda some: d_features(used, some, side)


@torch.no_grad()
def settled(D: nn.Module, images: Images, n: int = 4096, batch: int = 128) -> nn.Module:
    """A copy of D whose batch norm has the statistics of these images, in evaluation mode.

    The running statistics of training are those of real images and of fakes. The released code infers them again, as
    means over batches of 128 real training images, before features are read; so do we. A network with random weights
    has no others.

    Args:
        n: so many of the images are used, evenly spaced.
    """
    D = copy.deepcopy(D)
    norms = [m for m in D.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
    D.train()
    device, chosen = next(D.parameters()).device, torch.linspace(0, len(images) - 1, min(n, len(images))).long()
    for some in chosen.split(batch):
        if norms and len(some) > 1:
            D.features(images.batch(some).to(device))
    return D.eval()


def random_d(cfg: DCGANConfig, seed: int) -> Discriminator:
    """The network before its first step: what its shape alone is worth."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Discriminator(cfg).eval()


def pixels(images: Tensor) -> Tensor:
    """The images themselves, `(n, nc s s)`."""
    return images.flatten(1).float()


def _pooled(layers: Sequence[Tensor], side: int) -> Tensor:
    rows = [F.adaptive_max_pool2d(maps, min(side, maps.shape[-1])).flatten(1) for maps in layers]
    return torch.cat(rows, 1).float().cpu()
