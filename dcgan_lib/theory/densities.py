"""Two densities on a line: the best discriminator, the value of the game, divergences, G's gradient.

A density is a float64 tensor of its values on an evenly spaced `line` (x, `(n,)`); an integral is a sum over that line.
Everything is in nats. V(D, G) and D* are those of Goodfellow et al. 2014, equation 1 and propositions 1 and 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def line(low: float, high: float, n: int = 4000) -> Tensor:
    """The midpoints of `n` equal cells between `low` and `high`: `(n,)` float64."""
    if not low < high:
        raise ValueError(f"low={low!r}, high={high!r}: give low < high")
    step = (high - low) / n
    return low + step * (torch.arange(n, dtype=torch.float64) + 0.5)


def integrate(values: Tensor, x: Tensor) -> Tensor:
    """The integral over x of `values` `(..., n)` by the midpoint rule; exact for steps at the edges of cells."""
    return values.sum(-1) * (x[1] - x[0])


def normal(x: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """The Gaussian density at x."""
    return torch.exp(-(((x - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


def uniform(x: Tensor, low: float = 0.0, high: float = 1.0, noise: float = 0.0) -> Tensor:
    """The density of a uniform variable, plus Gaussian noise of standard deviation `noise` (0: none)."""
    if noise == 0:
        return ((x >= low) & (x < high)).to(x.dtype) / (high - low)
    below = torch.special.ndtr((x - low) / noise), torch.special.ndtr((x - high) / noise)
    return (below[0] - below[1]) / (high - low)


def mixture(weights: Sequence[float], parts: Sequence[Tensor]) -> Tensor:
    """A weighted mean of densities; the weights add up to 1."""
    if not math.isclose(sum(weights), 1):
        raise ValueError(f"weights {list(weights)} add up to {sum(weights):g}: a density needs 1")
    return sum(weight * part for weight, part in zip(weights, parts))


def optimal_d(p_data: Tensor, p_g: Tensor, real_target: float = 1.0, fake_target: float = 0.0) -> Tensor:
    """The discriminator that no other beats: p_data / (p_data + p_g). NaN where both are 0: there it is undefined.

    With targets a (real) and b (fake) other than 1 and 0 it is (a p_data + b p_g) / (p_data + p_g); b = 0 and a < 1
    is one-sided label smoothing (Salimans et al. 2016, section 3.4).
    """
    return (real_target * p_data + fake_target * p_g) / (p_data + p_g)


def optimal_logit(p_data: Tensor, p_g: Tensor, real_target: float = 1.0, fake_target: float = 0.0) -> Tensor:
    """The logit of `optimal_d`; log(p_data / p_g) for the targets 1 and 0. Never rounds: D itself is not formed."""
    for_real = real_target * p_data + fake_target * p_g
    for_fake = (1 - real_target) * p_data + (1 - fake_target) * p_g
    return for_real.log() - for_fake.log()


def value(logit: Tensor, p_data: Tensor, p_g: Tensor, x: Tensor) -> Tensor:
    """V(D, G) = E_data[log D] + E_g[log(1 - D)] for D's `logit` at x, `(n,)`. Points without mass count nothing."""
    on_data = torch.where(p_data > 0, -p_data * F.softplus(-logit), 0.0)
    on_fakes = torch.where(p_g > 0, -p_g * F.softplus(logit), 0.0)
    return integrate(on_data + on_fakes, x)


def best_value(p_data: Tensor, p_g: Tensor, x: Tensor) -> Tensor:
    """C(G) = max over D of V(D, G): the value at `optimal_logit`."""
    return value(optimal_logit(p_data, p_g), p_data, p_g, x)


def kl(p: Tensor, q: Tensor, x: Tensor) -> Tensor:
    """The Kullback-Leibler divergence, the integral of p log(p / q): infinite where p has mass and q none."""
    return integrate(torch.xlogy(p, p) - torch.xlogy(p, q), x)


def jsd(p: Tensor, q: Tensor, x: Tensor) -> Tensor:
    """The Jensen-Shannon divergence: the mean KL of p and q to their average. Between 0 and log 2."""
    average = (p + q) / 2
    return (kl(p, average, x) + kl(q, average, x)) / 2


def location_gradient(g_slope: Callable[[Tensor], Tensor], logit: Tensor, p_g: Tensor, x: Tensor) -> Tensor:
    """What G's loss makes its location feel while D stands still: d/dtheta E[loss(l(theta + z))].

    A generator theta + z can only shift its fakes; the chain rule gives the integral of p_g(x) loss'(l(x)) l'(x).

    Args:
        g_slope: the slope of G's loss by the logit, as `lambda l: losses.slope(losses.g_saturating, l)`.
        logit: D's logit at x, `(n,)`.
        p_g: the fakes' density at x, `(n,)`.
    """
    by_x = torch.gradient(logit, spacing=(x,), edge_order=2)[0]
    return integrate(p_g * g_slope(logit) * by_x, x)
