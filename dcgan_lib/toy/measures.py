"""What can be measured because the data's density is known. Every histogram here sums to one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dcgan_lib.losses import LOSSES
from dcgan_lib.toy.data import Mixture


def histogram(x: Tensor, edges: Tensor) -> Tensor:
    """Share of the points `(n,)` or `(n, 1)` in each bin, `(bins,)`, summing to one.

    What lies beyond the edges is counted in the outermost bins: nothing is lost. Divide by the bins' widths for a
    density.
    """
    bin_of = torch.bucketize(x.flatten(), edges[1:-1])
    return torch.bincount(bin_of, minlength=len(edges) - 1) / x.numel()


@torch.no_grad()
def pushforward(G: Callable[[Tensor], Tensor], edges: Tensor, n: int = 4000) -> Tensor:
    """The share of p_g in each bin for a G from one z ~ N(0, 1) to one x: no sampling, hence no noise.

    The z axis is cut into `n` intervals of equal probability; G carries each to an interval of x, over which its
    probability is spread evenly. That is the change of variables p_g(x) = sum of p_z(z) / |G'(z)| over all z with
    G(z) = x, with folds included. Beyond the edges: as in `histogram`.

    Returns:
        `(bins,)`, summing to one.
    """
    mass = torch.linspace(0, 1, n + 1, dtype=torch.float64)
    z = torch.special.ndtri(mass.clamp(1e-6, 1 - 1e-6))
    x = G(z.float()[:, None]).flatten().double()
    low, high = torch.minimum(x[:-1], x[1:]), torch.maximum(x[:-1], x[1:])
    inner = edges[1:-1].double()[:, None]
    below = ((inner - low) / (high - low).clamp(min=1e-9)).clamp(0, 1).mean(1)  # the distribution function
    return torch.cat([torch.zeros(1), below.float(), torch.ones(1)]).diff()


def total_variation(p: Tensor, q: Tensor) -> float:
    """Half the sum of |p - q| over bins: the share of probability in the wrong place, 0 (equal) to 1 (disjoint)."""
    return float((p - q).abs().sum() / 2)


def cell_shares(x: Tensor, edges: Tensor) -> Tensor:
    """`histogram` on the plane: share of the points `(n, 2)` in each cell, `(rows, columns)`, summing to one."""
    column, row = (torch.bucketize(axis.contiguous(), edges[1:-1].to(x.dtype)) for axis in x.T)
    bins = len(edges) - 1
    return torch.bincount(row * bins + column, minlength=bins**2).reshape(bins, bins).to(x.dtype) / len(x)


def divergence(p: Tensor, q: Tensor) -> float:
    """The Jensen-Shannon divergence of two sets of shares that each sum to one: 0 (equal) to log 2 (disjoint)."""
    for name, shares in (("p", p), ("q", q)):
        if abs(float(shares.sum()) - 1) > 1e-4:
            raise ValueError(f"{name} sums to {float(shares.sum()):.4f}: divide it by its sum")
    middle = (p + q) / 2
    return float((torch.xlogy(p, p) + torch.xlogy(q, q)).sum() / 2 - torch.xlogy(middle, middle).sum())


def divergence_floor(data: Mixture, edges: Tensor, n: int, draws: int = 8, seed: int = 0) -> float:
    """What `divergence` reads for a perfect generator, from `n` of its points: not 0, because n is finite.

    The mean over some sets of points drawn from the data themselves.
    """
    p, rng = data.cell_masses(edges), torch.Generator().manual_seed(seed)
    found = [divergence(p, cell_shares(data.sample(n, rng), edges)) for _ in range(draws)]
    return sum(found) / draws


def smoothed(shares: Tensor, cells: float) -> Tensor:
    """Shares `(rows, columns)` blurred by a Gaussian of this standard deviation, in cells; the sum stays.

    What would pass the border is reflected at it.
    """
    bins, reach = len(shares), math.ceil(3 * cells)
    offsets = torch.arange(-reach, reach + 1)
    weight = torch.exp(-((offsets / cells) ** 2) / 2).to(shares.dtype)
    target = (torch.arange(bins)[:, None] + offsets) % (2 * bins)
    target = torch.minimum(target, 2 * bins - 1 - target)
    blur = torch.zeros(bins, bins, dtype=shares.dtype).scatter_add_(1, target, (weight / weight.sum()).expand(bins, -1))
    return blur.T @ shares @ blur


class Coverage(NamedTuple):
    """What `coverage` found."""

    modes: int  # how many are covered
    shares: Tensor  # (k,) of the points, near each mode
    quality: float  # share of points near any mode


def coverage(x: Tensor, data: Mixture, sigmas: float = 3.0, part: float = 0.25) -> Coverage:
    """How many of the data's modes a set of points covers.

    A point belongs to its nearest mean if it lies within `sigmas` of that mean's standard deviations. A mode is
    covered if at least `part` of the points that p_data would send there have come. (Usual counts ask for one
    point only, after Srivastava et al. 2017: a mode with one point in 2,500 is not a mode that G has learnt.)

    Args:
        x: `(n, dim)`, some hundred points per mode.
        data: a mixture whose means are its modes: ring or grid, not a curve.
    """
    distance, nearest = torch.cdist(x, data.means).min(1)
    near = distance < sigmas * data.scales[nearest]
    shares = torch.bincount(nearest[near], minlength=len(data.means)) / len(x)
    return Coverage(int((shares >= part * data.weights).sum()), shares, float(near.float().mean()))


def pull(D: nn.Module, x: Tensor, loss: str = "non_saturating") -> Tensor:
    """Where each fake is pulled: minus the gradient of G's loss at each point alone. `x`: `(n, dim)`, so is the result.

    This is not the gradient of D(x): the loss weighs it, and each loss weighs it differently.
    """
    x = x.detach().clone().requires_grad_()
    total = LOSSES[loss].g(D(x)) * len(x)  # the loss is a mean: times n it is each point's own
    return -torch.autograd.grad(total, x)[0]
