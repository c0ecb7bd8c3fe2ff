"""Ways to choose the exemplars of the paper's arithmetic (section 6.3.2), beside taking any of a tray."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from dcgan_lib.metrics.arithmetic import clearly, in_batches
from dcgan_lib.metrics.attributes import COLUMNS, FaceReader

Trays = tuple[Tensor, Tensor, Tensor]  # numbers of samples, each `(m,)`: of the first, second and third term
Picks = tuple[Tensor, Tensor, Tensor]  # of samples, each `(trials, k)`


def kinds(a: str, b: str) -> tuple[Mapping[str, bool], ...]:
    """What the three terms have: a without b, less neither, plus b without a. The sum ought to have both."""
    return {a: True, b: False}, {a: False, b: False}, {a: False, b: True}


def trays(table: Tensor, a: str, b: str, sure: float | None = None) -> Trays:
    """The samples of each term, of which the reader is sure.

    Args:
        table: `FaceReader.table` of the samples.
        sure: how sure, where `clearly` is not sure enough: probabilities above it, or below 1 - it.
    """
    found = []
    for kind in kinds(a, b):
        hits = clearly(table, **kind)
        for name, yes in kind.items() if sure is not None else ():
            values = table[:, COLUMNS.index(name)]
            hits &= values > sure if yes else values < 1 - sure
        found.append(hits.nonzero()[:, 0])
    return tuple(found)


def pick(trays: Trays, k: int, trials: int, rng: torch.Generator) -> Picks:
    """Any `k` different ones of each tray, for every trial.

    Raises:
        ValueError: a tray has fewer than `k`.
    """
    if min(map(len, trays)) < k:
        raise ValueError(f"trays of {', '.join(str(len(t)) for t in trays)}: each must hold {k}; sample more latents")
    return tuple(torch.stack([t[torch.randperm(len(t), generator=rng)[:k]] for _ in range(trials)]) for t in trays)


def pick_shown(
    z: Tensor, trays: Trays, a: str, b: str, k: int, trials: int, rng: torch.Generator, draw: Callable, read: FaceReader
) -> Picks:
    """As `pick`, but only such as a careful hand would take: the picture of their mean latent shows the tray's kind.

    The paper prints those pictures beneath its exemplars (figure 7). There may be fewer than `trials`.
    """
    kept = []
    for picked, kind in zip(pick(trays, k, trials + trials // 2, rng), kinds(a, b)):
        kept.append(picked[clearly(read.table(in_batches(draw, z[picked].mean(1))), **kind)][:trials])
    n = min(map(len, kept))
    return tuple(picked[:n] for picked in kept)


def pick_near(z: Tensor, trays: Trays, k: int, trials: int, rng: torch.Generator) -> Picks:
    """As `pick`, but what is taken away resembles what it is taken from: the second tray's latents nearest in z."""
    first, _, third = pick(trays, k, trials, rng)
    nearest = torch.cdist(z[first.flatten()], z[trays[1]]).argmin(1)
    return first, trays[1][nearest].view(first.shape), third


def add_up(z: Tensor, picks: Picks) -> Tensor:
    """Mean of the first less mean of the second plus mean of the third, `(trials, nz)`."""
    first, second, third = (z[picked].mean(1) for picked in picks)
    return first - second + third
