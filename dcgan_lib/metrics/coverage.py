"""What a generator covers, where the truth is known: the attributes of drawn faces, one by one and together.

The true distributions stand in `dcgan_lib.data.faces.ATTRIBUTES`, and a reader says what is in a fake. A sample of the
truth itself is not at distance 0 either, and no n faces show every combination: each figure here has its floor, what a
perfect generator would reach with as many samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dcgan_lib.data.faces import ATTRIBUTES

BINS = 10  # for attributes that are numbers
JOINT = ("glasses", "hair_style", "hair_colour", "clothes")
"""Attributes with names instead of numbers, which the reader reads without error, or nearly: 686 combinations."""


def probabilities(name: str, bins: int = BINS) -> Tensor:
    """The truth: of each name of a category, of (no, yes) of a flag, or of even bins of a number, `(k,)` float64.

    Raises:
        ValueError: no such attribute.
    """
    if name not in ATTRIBUTES:
        raise ValueError(f"a face has no attribute {name!r}; it has {', '.join(ATTRIBUTES)}")
    about = ATTRIBUTES[name]
    if about.kind == "category":
        return torch.tensor(about.weights, dtype=torch.float64)
    if about.kind == "flag":
        return torch.tensor([1 - about.p, about.p], dtype=torch.float64)
    return about.cdf(torch.linspace(about.low, about.high, bins + 1, dtype=torch.float64)).diff()


def cells(name: str, values: Tensor, bins: int = BINS) -> Tensor:
    """In which cell of `probabilities` each value lies, `(n,)` int64; what is out of range is in the bin next to it."""
    about = ATTRIBUTES[name]
    if about.kind != "continuous":
        return values.long()
    place = (values.double() - about.low) / (about.high - about.low) * bins
    return place.floor().long().clamp(0, bins - 1)


def total_variation(counts: Tensor, p: Tensor) -> float:
    """Half the sum of |share - probability|, in [0, 1]: the share of samples that would have to change their cell.

    Args:
        counts: `(k,)`, how many samples lie in each cell.
        p: `(k,)`, the truth.
    """
    return float((counts.double() / counts.sum() - p).abs().sum() / 2)


def total_variation_floor(p: Tensor, n: int) -> float:
    """The total variation expected of `n` samples of the truth itself.

    The sum of every cell's mean deviation, which de Moivre knew in closed form (Diaconis and Zabell 1991):
    E|X - np| = 2 m C(n, m) p^m (1 - p)^(n - m + 1) for X binomial and m the whole part of np + 1.
    """
    m = (n * p).floor() + 1
    inside = (p > 0) & (p < 1)
    q = torch.where(inside, p, torch.full_like(p, 0.5))
    m = torch.where(inside, m, torch.ones_like(m))
    ways = math.lgamma(n + 1) - torch.lgamma(m + 1) - torch.lgamma(n - m + 1)
    deviation = 2 * (ways + m.log() + m * q.log() + (n - m + 1) * torch.log1p(-q)).exp()
    return float(deviation[inside].sum() / n / 2)


def marginals(found: Mapping[str, Tensor], bins: int = BINS) -> dict[str, float]:
    """The total variation of each attribute against the truth.

    Args:
        found: attributes `(n,)` by name, as `FaceReader.read` or `DrawnFaces.attributes` gives them.
    """
    return {
        name: total_variation(_counts(name, values, bins), probabilities(name, bins)) for name, values in found.items()
    }


def marginal_floors(names: Sequence[str], n: int, bins: int = BINS) -> dict[str, float]:
    """What `marginals` would give for `n` true faces and a reader without error."""
    return {name: total_variation_floor(probabilities(name, bins), n) for name in names}


@dataclass(frozen=True)
class Joint:
    """Which combinations occur. Compare only figures of the same n, and each with what is expected of the truth."""

    of: int  # combinations that there are
    seen: int
    seen_expected: float
    mass: float  # the true probability of what was seen, in [0, 1]: rare combinations weigh little
    mass_expected: float
    effective: float  # exp of the entropy: how many equally frequent combinations would be as varied
    effective_true: float  # of the truth, without end; a sample's own is smaller
    total_variation: float
    floor: float  # of the total variation
    n: int


def joint(found: Mapping[str, Tensor], names: Sequence[str] = JOINT) -> Joint:
    """How the combinations of flags and categories are covered.

    Raises:
        ValueError: an attribute that is a number, or not among those found.
    """
    for name in names:
        if name not in found or ATTRIBUTES[name].kind == "continuous":
            raise ValueError(f"{name!r} is no flag or category among {', '.join(found)}")
    p, place = torch.ones(1, dtype=torch.float64), torch.zeros_like(found[names[0]], dtype=torch.int64)
    for name in names:  # the attributes are independent: probabilities multiply
        own = probabilities(name)
        p = (p[:, None] * own).reshape(-1)
        place = place * len(own) + cells(name, found[name])
    counts, n = torch.bincount(place, minlength=len(p)), len(place)
    present = 1 - (1 - p) ** n  # the probability that n true faces show it
    return Joint(
        of=len(p),
        seen=int((counts > 0).sum()),
        seen_expected=float(present.sum()),
        mass=float(p[counts > 0].sum()),
        mass_expected=float((p * present).sum()),
        effective=effective_number(counts),
        effective_true=effective_number(p),
        total_variation=total_variation(counts, p),
        floor=total_variation_floor(p, n),
        n=n,
    )


def effective_number(weights: Tensor) -> float:
    """exp of the entropy of weights or counts `(k,)`: k when all are equal, 1 when one has everything."""
    p = weights.double() / weights.sum()
    return float(torch.special.entr(p).sum().exp())


@dataclass(frozen=True)
class Modes:
    """Modes that a generator draws."""

    of: int
    seen: int  # with at least `least` samples
    least: int
    effective: float  # exp of the entropy of their shares


def modes(labels: Tensor, of: int, least: int = 1) -> Modes:
    """Count the modes in labels `(n,)` from 0 to `of` - 1, such as a classifier's (Metz et al. 2017, arXiv:1611.02163).

    Args:
        least: how many samples make a mode present; a classifier's errors alone can make 1.

    Raises:
        ValueError: no labels, or one out of range.
    """
    if labels.numel() == 0 or labels.min() < 0 or labels.max() >= of:
        raise ValueError(f"labels {tuple(labels.shape)} are to be whole numbers from 0 to {of - 1}, one or more")
    counts = torch.bincount(labels.long(), minlength=of)
    return Modes(of, int((counts >= least).sum()), least, effective_number(counts))


def _counts(name: str, values: Tensor, bins: int) -> Tensor:
    return torch.bincount(cells(name, values, bins), minlength=len(probabilities(name, bins)))
