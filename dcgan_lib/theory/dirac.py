"""The Dirac-GAN (Mescheder, Geiger and Nowozin 2018): the smallest GAN, and why gradient steps circle in it.

All real data are at x = 0, all fakes at x = theta; D's logit is psi x. G owns theta, D owns psi, and both are at rest
only at (0, 0). The paper lets D score fakes high; here D scores real data high, which mirrors psi, nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

METHODS = ("simultaneous", "alternating")
GAMES = ("saturating", "non_saturating", "wasserstein")
NODES, WEIGHTS = (torch.from_numpy(a) for a in np.polynomial.hermite_e.hermegauss(41))
WEIGHTS = WEIGHTS / WEIGHTS.sum()  # E[f(e)] of a standard normal e is the sum of WEIGHTS * f(NODES)


@dataclass(frozen=True)
class DiracGame:
    """Which losses the two play with, and what calms them."""

    loss: str = "saturating"  # one of GAMES
    r1: float = 0.0  # weight g of D's penalty g/2 |slope of the logit at the data|^2 = g/2 psi^2
    noise: float = 0.0  # standard deviation of the instance noise added to data and fakes (Sonderby 2017)
    lr_ratio: float = 1.0  # D's learning rate over G's: two time scales (Heusel 2017)

    def __post_init__(self) -> None:
        if self.loss not in GAMES:
            raise ValueError(f"loss={self.loss!r}: choose one of {', '.join(map(repr, GAMES))}")
        if min(self.r1, self.noise) < 0 or self.lr_ratio <= 0:
            raise ValueError(f"{self}: r1 and noise cannot be negative, lr_ratio must be positive")

    def push_g(self, theta: Tensor, psi: Tensor) -> Tensor:
        """-d loss_g / d theta: where G's gradient step goes. Any shape."""
        if self.loss == "wasserstein":
            return psi
        sign = 1 if self.loss == "saturating" else -1
        return psi * self._mean(lambda e: torch.sigmoid(sign * psi * (theta + e)), psi * theta)

    def push_d(self, theta: Tensor, psi: Tensor) -> Tensor:
        """-d loss_d / d psi: where D's gradient step goes. Any shape."""
        if self.loss == "wasserstein":
            return self.lr_ratio * (-theta - self.r1 * psi)
        on_fakes = self._mean(lambda e: (theta + e) * torch.sigmoid(psi * (theta + e)), psi * theta)
        on_data = self._mean(lambda e: e * torch.sigmoid(-psi * e), psi * theta)
        return self.lr_ratio * (on_data - on_fakes - self.r1 * psi)

    def field(self, theta: Tensor, psi: Tensor) -> tuple[Tensor, Tensor]:
        """Both players' directions at (theta, psi)."""
        return self.push_g(theta, psi), self.push_d(theta, psi)

    def _mean(self, f: Callable[[Tensor], Tensor], like: Tensor) -> Tensor:
        """The mean of f over the noise, in the shape of `like`."""
        if self.noise == 0:
            return f(torch.zeros_like(like))
        return torch.tensordot(WEIGHTS, f(self.noise * NODES.reshape(-1, *[1] * like.ndim)), dims=1)


def trajectory(
    game: DiracGame, start: tuple[float, float], h: float, steps: int, method: str = "simultaneous"
) -> Tensor:
    """Positions (theta, psi) over `steps` gradient steps of size `h`, the start included: `(steps + 1, 2)` float64.

    `"simultaneous"`: both move from the same position. `"alternating"`: D moves first, G then sees D's new position,
    as GANs are usually trained.
    """
    _check_method(method)
    theta, psi = (torch.tensor(v, dtype=torch.float64) for v in start)
    path = [(theta, psi)]
    for _ in range(steps):
        moved = psi + h * game.push_d(theta, psi)
        theta = theta + h * game.push_g(theta, moved if method == "alternating" else psi)
        psi = moved
        path.append((theta, psi))
    return torch.tensor(path, dtype=torch.float64)


def jacobian(game: DiracGame) -> Tensor:
    """The field's derivative at the equilibrium (0, 0), by automatic differentiation: `(2, 2)` float64."""
    rest = torch.zeros(2, dtype=torch.float64)
    return torch.autograd.functional.jacobian(lambda p: torch.stack(game.field(p[0], p[1])), rest)


def update_matrix(game: DiracGame, h: float, method: str = "simultaneous") -> Tensor:
    """One step of size `h` as a matrix, near the equilibrium: `(2, 2)`. If alternating, D's step, then G's."""
    _check_method(method)
    step, one = h * jacobian(game), torch.eye(2, dtype=torch.float64)
    if method == "simultaneous":
        return one + step
    rows = torch.eye(2, dtype=torch.float64)
    g_moves, d_moves = one + rows[:, :1] * step, one + rows[:, 1:] * step
    return g_moves @ d_moves


def eigenvalues(matrix: Tensor) -> Tensor:
    """The eigenvalues, sorted by imaginary part: `(2,)` complex128.

    Of a `jacobian`: a negative real part means that the flow comes to rest. Of an `update_matrix`: a modulus below 1
    means that the steps do.
    """
    values = torch.linalg.eigvals(matrix)
    return values[values.imag.argsort()]


def limit_radius(h: float) -> float:
    """Where simultaneous steps of the non-saturating game settle: a circle of radius about sqrt(2 h).

    One step adds h^2 r^2 / 4 to r^2 (the outward error of a straight step on a curve) and takes h r^4 / 8 away (the
    loss's own pull, averaged over the circle); they balance at r^2 = 2 h. Valid for small `h`.
    """
    return math.sqrt(2 * h)


def _check_method(method: str) -> None:
    if method not in METHODS:
        raise ValueError(f"method={method!r}: choose 'simultaneous' or 'alternating'")
