"""Precision and recall, density and coverage: fidelity and variety as two numbers instead of one.

The region where a set of features lies is taken to be the union of balls, around each feature one that reaches to its
k-th nearest neighbour in the set. Precision is the share of fakes inside the real region, recall the share of reals
inside the fake region (Kynkäänniemi et al. 2019, arXiv:1904.06991, section 2, with k = 3). Density counts in how many
real balls a fake lies, and coverage which real balls hold a fake (Naeem et al. 2020, arXiv:2002.09797, section 3, with
k = 5): both use real balls alone, which one outlier among the fakes cannot blow up.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

BLOCK = 2048  # distances held at once, squared


@dataclass(frozen=True)
class PrecisionRecall:
    """Four figures, and what they depend on: compare only those of the same k and n."""

    precision: float  # in [0, 1]
    recall: float  # in [0, 1]
    density: float  # from 0 up; 1 is expected for two samples of one distribution
    coverage: float  # in [0, 1]; `expected_coverage` for two samples of one distribution
    k: int
    n_real: int
    n_fake: int


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> PrecisionRecall:
    """Of features `(n, d)` and `(m, d)`, in O(n m) time and blocks of memory. A point on the edge of a ball is inside.

    Raises:
        ValueError: features of different lengths, or not more than `k` of them.
    """
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        shapes = f"{tuple(real.shape)} and {tuple(fake.shape)}"
        raise ValueError(f"features of shape {shapes}: give (n, d) and (m, d) from the same network")
    real, fake = real.double(), fake.double()
    radius_real, radius_fake = radii(real, k), radii(fake, k)
    balls = torch.zeros(len(fake))  # in how many real balls each fake lies
    covered = torch.zeros(len(real), dtype=torch.bool)  # which real balls hold a fake
    recalled = torch.zeros(len(real), dtype=torch.bool)  # which reals lie in a fake ball
    for i in range(0, len(real), BLOCK):
        for j in range(0, len(fake), BLOCK):
            rows, columns = slice(i, i + BLOCK), slice(j, j + BLOCK)
            apart = distances(real[rows], fake[columns])
            inside = apart <= radius_real[rows, None]
            balls[columns] += inside.sum(0)
            covered[rows] |= inside.any(1)
            recalled[rows] |= (apart <= radius_fake[columns]).any(1)
    return PrecisionRecall(
        precision=float((balls > 0).double().mean()),
        recall=float(recalled.double().mean()),
        density=float(balls.double().mean()) / k,
        coverage=float(covered.double().mean()),
        k=k,
        n_real=len(real),
        n_fake=len(fake),
    )


def radii(features: Tensor, k: int) -> Tensor:
    """The distance from each feature `(n, d)` to its `k`-th nearest among the others, `(n,)`.

    Raises:
        ValueError: not more than `k` features.
    """
    if not 1 <= k < len(features):
        raise ValueError(f"k={k} nearest of {len(features) - 1} others: give a k from 1 up, and more features than it")
    found = []
    for start in range(0, len(features), BLOCK):
        apart = distances(features[start : start + BLOCK], features)
        place = torch.arange(len(apart))
        apart[place, start + place] = torch.inf  # a feature is not its own neighbour
        found.append(apart.kthvalue(k, dim=1).values)
    return torch.cat(found)


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean, `(n, m)`: by the matrix product, which is fast, in double precision, which makes it exact enough."""
    return torch.cdist(a.double(), b.double(), compute_mode="use_mm_for_euclid_dist")


def expected_coverage(n_real: int, n_fake: int, k: int) -> float:
    """The coverage of two samples of one distribution (Naeem et al. 2020, lemma 2): what a perfect generator reaches.

    A ball is empty when the k nearest of the other `n_real - 1` reals and the `n_fake` fakes are all real. All orders
    being equally likely, that has the probability (n-1)…(n-k) / (n+m-1)…(n+m-k).
    """
    return 1 - prod((n_real - i) / (n_real + n_fake - i) for i in range(1, k + 1))
