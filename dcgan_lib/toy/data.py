"""Data that one can both sample and evaluate: mixtures of round Gaussians, in one or two dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Mixture:
    """A weighted sum of Gaussians N(mean, scale^2 I). A curve with noise is one too: many means along the curve."""

    name: str
    means: Tensor  # (k, dim)
    scales: Tensor  # (k,) standard deviation of each component, the same in all directions
    weights: Tensor  # (k,) they sum to one

    def __post_init__(self) -> None:
        if self.means.ndim != 2 or not len(self.means) == len(self.scales) == len(self.weights):
            shapes = [tuple(t.shape) for t in (self.means, self.scales, self.weights)]
            raise ValueError(f"means, scales, weights have shapes {shapes}: give (k, dim), (k,), (k,)")
        if not math.isclose(float(self.weights.sum()), 1, abs_tol=1e-5):
            raise ValueError(f"the weights sum to {float(self.weights.sum()):.4f}: divide them by their sum")
        if (self.scales <= 0).any():
            raise ValueError(f"scale {float(self.scales.min())}: a standard deviation is positive")

    @property
    def dim(self) -> int:
        return self.means.shape[1]

    def double(self) -> Mixture:
        """The same in float64, for games and measures that are to round as little as a page does."""
        return Mixture(self.name, self.means.double(), self.scales.double(), self.weights.double())

    def sample(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """`(n, dim)` independent points: choose a component, then a point of it."""
        which = torch.multinomial(self.weights, n, replacement=True, generator=rng)
        noise = torch.randn(n, self.dim, generator=rng)
        return self.means[which] + self.scales[which, None] * noise

    def density(self, x: Tensor) -> Tensor:
        """p_data at each point. `x`: `(n, dim)`; returns `(n,)`, in units of 1 / length^dim."""
        return self.log_density(x).exp()

    def cell_masses(self, edges: Tensor) -> Tensor:
        """The exact probability of each cell of the square lattice with these `edges` on both axes.

        What lies beyond the edges counts to the outermost cells, as in `toy.cell_shares`.

        Returns:
            `(rows, columns)`, rows along the second axis; it sums to one.
        """
        if self.dim != 2:
            raise ValueError(f"{self.name} has {self.dim} dimension(s): cells are for the plane")
        inner = edges[1:-1, None, None].to(self.means.dtype)
        below = torch.special.ndtr((inner - self.means) / self.scales[:, None])  # (inner edges, k, 2)
        shape = (1, len(self.means), 2)
        share = torch.cat([below.new_zeros(shape), below, below.new_ones(shape)]).diff(dim=0)  # of each bin of an axis
        return torch.einsum("ck,rk,k->rc", share[..., 0], share[..., 1], self.weights)

    def log_density(self, x: Tensor) -> Tensor:
        """log p_data at each point, finite far outside too. `x`: `(n, dim)`; returns `(n,)`."""
        squared = (x[:, None] - self.means).square().sum(-1) / self.scales**2  # (n, k)
        log_norm = self.scales.log() * self.dim + 0.5 * self.dim * math.log(2 * math.pi)
        return torch.logsumexp(self.weights.log() - log_norm - 0.5 * squared, dim=1)


def _equal(name: str, means: Tensor, scale: float) -> Mixture:
    k = len(means)
    return Mixture(name, means, torch.full((k,), scale), torch.full((k,), 1 / k))


def gaussian(mean: float = 0.0, scale: float = 1.0) -> Mixture:
    """One Gaussian on the line."""
    return Mixture("gaussian", torch.tensor([[mean]]), torch.tensor([scale]), torch.ones(1))


def blob(x: float = 0.8, y: float = 0.6, scale: float = 0.5) -> Mixture:
    """One Gaussian on the plane, off centre."""
    return Mixture("blob", torch.tensor([[x, y]]), torch.tensor([scale]), torch.ones(1))


def line(length: float = 4.0, scale: float = 0.1, points: int = 60) -> Mixture:
    """A straight noisy line through the origin of the plane, half as steep as the diagonal."""
    t = torch.linspace(-length / 2, length / 2, points)
    return _equal("line", torch.stack([t, t], 1) * torch.tensor([2, 1]) / 5**0.5, scale)


def strokes(means: Sequence[Sequence[float]], scale: float = 0.1) -> Mixture:
    """What one draws by hand: a round Gaussian at every one of these points `[[x, y], …]`, all of equal weight."""
    return _equal("strokes", torch.tensor(means, dtype=torch.float32).reshape(-1, 2), scale)


def two_bumps(weight: float = 0.6) -> Mixture:
    """Two Gaussians on the line, a broad one at -1.5 with this `weight` and a narrow one at 1.5."""
    return Mixture(
        "two bumps", torch.tensor([[-1.5], [1.5]]), torch.tensor([0.6, 0.35]), torch.tensor([weight, 1 - weight])
    )


def ring(n: int = 8, radius: float = 2.0, scale: float = 0.1) -> Mixture:
    """`n` Gaussians evenly on a circle: the usual test for lost modes (Metz et al. 2017, section 3.1)."""
    angle = torch.arange(n) * (2 * math.pi / n)
    return _equal("ring", radius * torch.stack([angle.cos(), angle.sin()], 1), scale)


def grid(side: int = 5, spacing: float = 1.0, scale: float = 0.08) -> Mixture:
    """`side` by `side` Gaussians on a square lattice around the origin."""
    ticks = (torch.arange(side) - (side - 1) / 2) * spacing
    return _equal("grid", torch.cartesian_prod(ticks, ticks), scale)


def spiral(turns: float = 1.1, radius: float = 2.6, scale: float = 0.1, points: int = 160) -> Mixture:
    """A noisy spiral from near the centre out to `radius`: means at even distances along the curve."""
    t = torch.linspace(0.15, 1, 4000)
    angle = 2 * math.pi * turns * t
    curve = radius * t[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    return _equal("spiral", _evenly(curve, points), scale)


def moons(scale: float = 0.12, points: int = 80) -> Mixture:
    """Two interleaved half circles with noise, `points` means along each."""
    t = torch.linspace(0, math.pi, points)
    upper = torch.stack([t.cos() - 0.5, t.sin() - 0.25], 1)
    lower = torch.stack([0.5 - t.cos(), 0.25 - t.sin()], 1)
    return _equal("moons", 1.5 * torch.cat([upper, lower]), scale)


def _evenly(curve: Tensor, points: int) -> Tensor:
    """`points` positions at even arc length along a finely drawn curve `(n, 2)`."""
    length = torch.cat([torch.zeros(1), curve.diff(dim=0).norm(dim=1).cumsum(0)])
    wanted = torch.linspace(0, float(length[-1]), points)
    return curve[torch.searchsorted(length, wanted).clamp(max=len(curve) - 1)]


DATA: dict[str, Callable[[], Mixture]] = {
    "two bumps": two_bumps,
    "ring": ring,
    "grid": grid,
    "spiral": spiral,
    "moons": moons,
    "line": line,
    "blob": blob,
}
