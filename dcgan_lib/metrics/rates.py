"""A success rate and how sure one may be of it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Rate:
    """A share of `n` trials, with its 95 % interval (Wilson 1927): right for small n and near 0 and 1 as well."""

    hits: int
    n: int
    z: float = 1.96  # of the normal distribution: 1.96 for 95 %

    @property
    def share(self) -> float:
        return self.hits / self.n

    @property
    def interval(self) -> tuple[float, float]:
        z2 = self.z**2 / self.n
        middle = (self.share + z2 / 2) / (1 + z2)
        half = self.z * (self.share * (1 - self.share) / self.n + z2 / (4 * self.n)) ** 0.5 / (1 + z2)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.0%} of {self.n} ({low:.0%} to {high:.0%})"


def rate(hits: Tensor) -> Rate:
    """The rate of a tensor of trials `(n,)`, true where one succeeded."""
    if hits.numel() == 0:
        raise ValueError("no trials: a rate needs at least one")
    return Rate(int(hits.bool().sum()), hits.numel())
