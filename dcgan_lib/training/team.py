"""The processes that train one pair of networks together; most often there is one, and it is `ALONE`."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor


class Alone:
    """A team of one: everything is its share, every mean is its own."""

    rank, size = 0, 1

    def share(self, rows: Tensor) -> Tensor:
        """This process's rows of a tensor `(n, ...)` that every process holds."""
        return rows

    def mean_(self, tensors: Iterable[Tensor]) -> None:
        """Put the mean over all processes into each tensor, in place."""

    def wait(self) -> None:
        """Until all processes have come here."""


ALONE = Alone()
