"""The Fréchet distance between two sets of features (Heusel et al. 2017, arXiv:1706.08500, appendix A1).

Each set is summed up by its mean and covariance, and the distance is that between the two Gaussians with those moments.
With an Inception network's features it is the FID; with a small reader's, which is what is used here, the numbers are
on another scale and cannot be compared with published ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dcgan_lib.metrics.attributes import FaceReader, load_reader


@dataclass(frozen=True, eq=False)
class Moments:
    """What is kept of a set of features."""

    mean: Tensor  # (d,) float64
    covariance: Tensor  # (d, d) float64, divided by n - 1
    n: int  # how many images: the distance of a finite sample is too large by about 1/n, so `n` belongs to every figure


def moments(features: Tensor) -> Moments:
    """Mean and covariance of features `(n, d)`, in double precision.

    Raises:
        ValueError: not a table, fewer than two rows, or values that are not finite.
    """
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"features have shape {tuple(features.shape)}: give (n, d), with n of at least 2")
    if not features.isfinite().all():
        raise ValueError("features are infinite or not numbers: look at the images that they come from")
    return Moments(features.double().mean(0), torch.atleast_2d(features.double().T.cov()), len(features))


def frechet_distance(a: Moments | Tensor, b: Moments | Tensor) -> float:
    """|m_a - m_b|² + tr(C_a + C_b - 2 (C_a C_b)^½): the squared distance, as is usual, and 0 for equal moments.

    tr (C_a C_b)^½ is taken from the symmetric S = C_a^½ C_b C_a^½, which has the same eigenvalues: no complex numbers,
    and covariances of less than full rank are no special case.

    Args:
        a, b: features `(n, d)`, or their moments where one set is compared with many. The distance between samples of
            10,000 or more is usual; for fewer, compare only figures of the same two `n`.

    Raises:
        ValueError: features of different lengths.
    """
    a, b = (x if isinstance(x, Moments) else moments(x) for x in (a, b))
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"features of length {len(a.mean)} and {len(b.mean)}: take both from the same network")
    root = _square_root(a.covariance)
    overlap = torch.linalg.eigvalsh(root @ b.covariance @ root).clamp(min=0).sqrt().sum()
    apart = (a.mean - b.mean).square().sum()
    return float((apart + a.covariance.trace() + b.covariance.trace() - 2 * overlap).clamp(min=0))


def face_moments(images: Tensor, reader: FaceReader | None = None) -> Moments:
    """Of images `(n, 3, s, s)` in [-1, 1], in the features of the attribute reader (the shipped one when None)."""
    return moments((reader or load_reader()).features(images))


def _square_root(covariance: Tensor) -> Tensor:
    """The symmetric root of a covariance; eigenvalues that rounding has put below 0 are 0."""
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T
