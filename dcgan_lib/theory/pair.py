"""Two densities that can be moved, widened, split, drawn and blurred, and all that the theory says of them.

Everything is computed from the logarithms of densities. Far from a narrow bell its density is less than a float
holds, and a divergence that divides by it would call itself infinite; its logarithm is an ordinary number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from dcgan_lib import losses
from dcgan_lib.theory.densities import integrate, line, value

STEP = 0.025
LINE = line(-30, 30, 2400)
"""Cells of width STEP: with means in steps of 0.05, widths and gaps of 0.1, a block ends where a cell does."""
KINDS = ("bells", "blocks", "drawn")
BARS = 24  # of a drawn density, which reaches from -6 to 6 before it is moved
BAR = 0.5
GAMES = {"saturating": losses.g_saturating, "non_saturating": losses.g_non_saturating}


@dataclass(frozen=True)
class Shape:
    """One or two equal bells or blocks, or a drawn histogram: x = mean + width * u."""

    kind: str = "bells"  # one of KINDS
    mean: float = 0.0
    width: float = 1.0  # a bell's standard deviation, a block's width, what a drawn one is stretched by
    gap: float = 0.0  # between the middles of two bells or blocks; 0: there is one
    bars: tuple[float, ...] = ()  # heights of a drawn one, in any unit

    def log_density(self, x: Tensor, noise: float = 0.0) -> Tensor:
        """log p at x `(n,)`, p blurred by Gaussian noise of that standard deviation; -inf where there is nothing."""
        return self._parts(x, noise)[0].logsumexp(0)

    def score(self, x: Tensor, noise: float = 0.0) -> Tensor:
        """d log p / dx at x `(n,)`; 0 where there is nothing, and at a jump, which has no slope."""
        logs, scores = self._parts(x, noise)
        return (torch.softmax(logs, 0).nan_to_num(0) * scores).sum(0)

    def _parts(self, x: Tensor, noise: float) -> tuple[Tensor, Tensor]:
        """Of each bell or block log(its share * its density), and its score: `(k, n)` both."""
        shares, centres = self._mixture()
        offset = x - centres[:, None]
        if self.kind == "bells":
            log, score = _bell(offset, math.hypot(self.width, noise))
        else:
            log, score = _block(offset, self.width * (BAR if self.kind == "drawn" else 1), noise)
        return shares.log()[:, None] + log, score

    def _mixture(self) -> tuple[Tensor, Tensor]:
        """Shares and centres of the parts, `(k,)` both."""
        if self.kind == "drawn":
            bars = torch.tensor(self.bars, dtype=torch.float64)
            centres = BAR * (torch.arange(BARS, dtype=torch.float64) - (BARS - 1) / 2)
            return (bars / bars.sum())[bars > 0], (self.mean + self.width * centres)[bars > 0]
        sides = [0.0] if self.gap == 0 else [-self.gap / 2, self.gap / 2]
        centres = self.mean + torch.tensor(sides, dtype=torch.float64)
        return torch.full_like(centres, 1 / len(sides)), centres


def _bell(offset: Tensor, std: float) -> tuple[Tensor, Tensor]:
    """log density and score of a Gaussian."""
    return -((offset / std) ** 2) / 2 - math.log(std * math.sqrt(2 * math.pi)), -offset / std**2


def _block(offset: Tensor, width: float, noise: float) -> tuple[Tensor, Tensor]:
    """log density and score of a uniform variable plus Gaussian noise."""
    if noise == 0:
        inside = offset.abs() < width / 2
        return (inside.to(offset) / width).log(), torch.zeros_like(offset)
    # On the left side of both edges: there a difference of two Phi keeps its digits
    near, far = ((side * width / 2 - offset.abs()) / noise for side in (1, -1))
    log_near, log_far = torch.special.log_ndtr(near), torch.special.log_ndtr(far)
    log = log_near + torch.log1p(-torch.exp(log_far - log_near))
    slope = torch.exp(_bell(near, 1)[0] - log) - torch.exp(_bell(far, 1)[0] - log)
    return log - math.log(width), -offset.sign() * slope / noise


@dataclass(frozen=True)
class Pair:
    """Data and fakes, the best discriminator between them, and what follows from it. Integrals are over `LINE`."""

    data: Shape
    fakes: Shape
    noise: float = 0.0  # standard deviation of the instance noise on both (Sonderby et al. 2017)

    @cached_property
    def logs(self) -> tuple[Tensor, Tensor]:
        """log p_data and log p_g."""
        return self.data.log_density(LINE, self.noise), self.fakes.log_density(LINE, self.noise)

    @cached_property
    def densities(self) -> tuple[Tensor, Tensor]:
        """p_data and p_g."""
        log_data, log_fakes = self.logs
        return log_data.exp(), log_fakes.exp()

    @cached_property
    def logit(self) -> Tensor:
        """D*'s logit log(p_data / p_g): infinite where only one of them is, NaN where neither is."""
        return self.logs[0] - self.logs[1]

    @property
    def value(self) -> float:
        """V(D*, G), from -log 4 to 0."""
        return value(self.logit, *self.densities, LINE).item()

    @property
    def jsd(self) -> float:
        """The Jensen-Shannon divergence, from 0 to log 2."""
        average = torch.logaddexp(*self.logs) - math.log(2)
        return sum(_kl(log, average) for log in self.logs) / 2

    @property
    def kl_data_fakes(self) -> float:
        """KL(p_data || p_g): infinite where there are data and never a fake."""
        return _kl(*self.logs)

    @property
    def kl_fakes_data(self) -> float:
        """KL(p_g || p_data): infinite where there are fakes and never data."""
        return _kl(*reversed(self.logs))

    def slopes(self) -> dict[str, Tensor]:
        """For each loss of G what a fake at x feels, d loss(D*(x)) / dx: `(n,)`.

        NaN where the loss has no slope: the non-saturating one where D* is 0, for there it is infinite.
        """
        by_x = self.data.score(LINE, self.noise) - self.fakes.score(LINE, self.noise)
        by_x = torch.where(self.logit.isfinite(), by_x, 0.0)
        found = {name: losses.slope(loss, self.logit) * by_x for name, loss in GAMES.items()}
        found["non_saturating"] = torch.where(self.logit == -math.inf, math.nan, found["non_saturating"])
        return found

    def gradients(self) -> dict[str, float]:
        """For each loss the slope by a shift of all fakes while D* stands still: the mean of what they feel."""
        fakes = self.densities[1]
        return {
            name: integrate(torch.where(fakes > 0, fakes * s, 0.0), LINE).item() for name, s in self.slopes().items()
        }

    def samples(self, n: int = 9) -> Tensor:
        """Cells of LINE in which the (i + 1/2) / n quantiles of the fakes lie: `(n,)` int64."""
        below = self.densities[1].cumsum(0) * STEP + 1e-9  # which falls on an edge belongs to the cell before
        return torch.searchsorted(below, (torch.arange(n, dtype=torch.float64) + 0.5) / n)

    def moved(self, mean: float) -> Pair:
        """The same with the fakes at another mean."""
        return replace(self, fakes=replace(self.fakes, mean=mean))


def _kl(log_p: Tensor, log_q: Tensor) -> float:
    p = log_p.exp()
    return integrate(torch.where(p > 0, p * (log_p - log_q), 0.0), LINE).item()
