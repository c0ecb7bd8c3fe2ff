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
    clip: float = math.inf  # after each step of D, psi is cut to [-clip, clip], as WGAN's weights (Arjovsky 2017)

    def __post_init__(self) -> None:
        if self.loss not in GAMES:
            raise ValueError(f"loss={self.loss!r}: choose one of {', '.join(map(repr, GAMES))}")
        if min(self.r1, self.noise) < 0 or min(self.lr_ratio, self.clip) <= 0:
            raise ValueError(f"{self}: r1 and noise cannot be negative, lr_ratio and clip must be positive")

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


@dataclass(frozen=True)
class Steps:
    """How both players follow their directions: `Steps(0.3, "alternating", momentum=-0.5)`."""

    h: float  # the step size
    method: str = "simultaneous"  # both see the same position; "alternating": D first, G sees D's new one, as in GANs
    momentum: float = 0.0  # heavy ball: the share of a player's last step that its next step keeps; may be negative

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method={self.method!r}: choose 'simultaneous' or 'alternating'")
        if self.h <= 0 or not -1 < self.momentum < 1:
            raise ValueError(f"{self}: h must be positive, momentum between -1 and 1")

    def take(self, game: DiracGame, state: Tensor) -> Tensor:
        """One step of both. `state`: `(4,)` theta, psi and the last move of each."""
        theta, psi, move_g, move_d = state
        move_d = self.momentum * move_d + self.h * game.push_d(theta, psi)
        moved = (psi + move_d).clamp(-game.clip, game.clip)
        move_g = self.momentum * move_g + self.h * game.push_g(theta, moved if self.method == "alternating" else psi)
        return torch.stack([theta + move_g, moved, move_g, move_d])


def trajectory(
    game: DiracGame,
    start: tuple[float, float],
    h: float,
    steps: int,
    method: str = "simultaneous",
    momentum: float = 0.0,
    until: float = math.inf,
) -> Tensor:
    """Positions (theta, psi) over `steps` gradient steps of size `h`, the start included: `(steps + 1, 2)` float64.

    `Steps` says what `h`, `method` and `momentum` mean. Fewer positions if one is further than `until` from rest: the
    path ends with it.
    """
    way = Steps(h, method, momentum)
    state = torch.tensor([*start, 0, 0], dtype=torch.float64)
    path = [state[:2]]
    while len(path) <= steps and path[-1].norm() <= until:
        state = way.take(game, state)
        path.append(state[:2])
    return torch.stack(path)


def growth(game: DiracGame, h: float, method: str = "simultaneous", momentum: float = 0.0, steps: int = 600) -> float:
    """By which factor one step moves the players away from rest (or, below 1, towards it), measured near rest.

    The players start 1e-5 away and are brought back to that distance after each step, so that what is measured stays
    where the linear picture holds. The factor is the slope of the summed logarithms over the second half of the steps;
    it should be the largest modulus among the eigenvalues of `update_matrix`.
    """
    way, size = Steps(h, method, momentum), 1e-5
    state = torch.tensor([size, 0, 0, 0], dtype=torch.float64)
    logs = []
    for _ in range(steps):
        state = way.take(game, state)
        by = state.norm() / size
        state = state / by
        logs.append(by.log())
    late = torch.stack(logs).cumsum(0)[steps // 2 :]
    t = torch.arange(len(late), dtype=torch.float64)
    t = t - t.mean()
    return ((t * late).sum() / t.square().sum()).exp().item()


def linear_flow(game: DiracGame, start: tuple[float, float], times: Tensor) -> Tensor:
    """Where infinitely small steps would be at `times` `(n,)`, by the field's straight-line picture: `(n, 2)` float64.

    Exact for the Wasserstein game. For the saturating one without damping the curve is exact, a circle, but the game
    slows down on its way. Elsewhere it holds near rest. Clipping is left out.
    """
    times = times.to(torch.float64)
    return torch.linalg.matrix_exp(times[:, None, None] * jacobian(game)) @ torch.tensor(start, dtype=torch.float64)


def jacobian(game: DiracGame) -> Tensor:
    """The field's derivative at the equilibrium (0, 0), by automatic differentiation: `(2, 2)` float64."""
    rest = torch.zeros(2, dtype=torch.float64)
    return torch.autograd.functional.jacobian(lambda p: torch.stack(game.field(p[0], p[1])), rest)


def update_matrix(game: DiracGame, h: float, method: str = "simultaneous", momentum: float = 0.0) -> Tensor:
    """One step of size `h` as a matrix, near the equilibrium: `(2, 2)`; with momentum `(4, 4)`.

    Four, because a step then depends on the last one: the matrix takes theta, psi and the last move of each. If
    alternating, it is the product of D's step, then G's.
    """
    way = Steps(h, method, momentum)
    push, one = h * jacobian(game), torch.eye(4, dtype=torch.float64)

    def moves(*players: int) -> Tensor:
        matrix = one.clone()
        for player in players:
            move = momentum * one[2 + player]
            move[:2] += push[player]
            matrix[2 + player] = move
            matrix[player] += move
        return matrix

    matrix = moves(0, 1) if way.method == "simultaneous" else moves(0) @ moves(1)
    return matrix if momentum else matrix[:2, :2]


def eigenvalues(matrix: Tensor) -> Tensor:
    """The eigenvalues, sorted by imaginary part: `(2,)` or `(4,)` complex128.

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
