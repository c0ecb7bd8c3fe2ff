"""The statistics of a human check: real or fake? k right of n, against chance. Exact, by summing probabilities.

For a plain interval of a share see `rates.Rate`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def p_value(k: int, n: int, chance: float = 0.5) -> float:
    """How likely a result as unlikely as `k` right of `n`, or more so, is for who guesses: the two-sided exact test.

    Raises:
        ValueError: numbers that are no such result.
    """
    _check(k, n, chance)
    p = _probabilities(n, chance)
    return min(1.0, float(p[p <= p[k] * (1 + 1e-7)].sum()))


def interval(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The shares that `k` of `n` does not contradict (Clopper and Pearson 1934): never less sure than it says."""
    _check(k, n)
    tail = (1 - confidence) / 2
    low = 0.0 if k == 0 else _solve(lambda share: float(_probabilities(n, share)[k:].sum()), tail)
    high = 1.0 if k == n else _solve(lambda share: -float(_probabilities(n, share)[: k + 1].sum()), -tail)
    return low, high


def power(share: float, n: int, chance: float = 0.5, alpha: float = 0.05) -> float:
    """How likely the two-sided test tells who is right in this `share` of cases from who guesses, with `n` cases."""
    p = _probabilities(n, chance)
    order = p.argsort()
    tail = torch.empty_like(p)
    tail[order] = p[order].cumsum(0)  # the p-value of each k, ties aside ...
    tail = torch.maximum(tail, tail.flip(0)) if chance == 0.5 else tail  # ... which only a fair coin has
    return float(_probabilities(n, share)[tail <= alpha].sum())


def cases_needed(
    share: float, chance: float = 0.5, alpha: float = 0.05, wanted: float = 0.8, most: int = 20_000
) -> int:
    """The smallest n from which on the test has the `wanted` power; with a whole number of cases it rises in jumps.

    Raises:
        ValueError: no n up to `most` suffices.
    """
    enough, step = None, 200
    for n in range(1, most + 1):
        if power(share, n, chance, alpha) < wanted:
            enough = None
        elif enough is None:
            enough = n
        elif n - enough >= step:
            return enough
    raise ValueError(f"{most} cases do not tell {share:.1%} from {chance:.1%}: allow more, or look for a larger effect")


def _probabilities(n: int, share: float) -> Tensor:
    """Of 0 … n right, `(n + 1,)` float64."""
    k, yes = torch.arange(n + 1, dtype=torch.float64), torch.tensor(share, dtype=torch.float64)
    ways = math.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)
    return (ways + torch.xlogy(k, yes) + torch.xlogy(n - k, 1 - yes)).exp()


def _solve(rising, target: float) -> float:
    """Where a function that rises on [0, 1] reaches a value, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


def _check(k: int, n: int, chance: float = 0.5) -> None:
    if not (0 <= k <= n and n > 0 and 0 < chance < 1):
        raise ValueError(f"{k} right of {n} with a chance of {chance}: give 0 <= k <= n, n > 0 and a chance in (0, 1)")
