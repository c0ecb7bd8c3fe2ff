"""Did the arithmetic work? Latents chosen by what the reader sees in their images, combined, drawn, and read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from dcgan_lib.data.faces import ATTRIBUTES
from dcgan_lib.metrics.attributes import COLUMNS, NUMBERS, FaceReader

Draw = Callable[[Tensor], Tensor]  # latents (n, nz) to images (n, nc, s, s): a generator in evaluation mode

SURE = 0.8  # a probability that counts as a clear yes; 1 - SURE is a clear no
THIRD = 1 / 3  # a number counts as clearly high in the upper third of its range, clearly low in the lower third


def clearly(table: Tensor, **wanted: bool) -> Tensor:
    """Which rows of `FaceReader.table` clearly have what is wanted, `(n,)` bool.

    `clearly(table, glasses=True, smile=False)`: surely glasses, and a frown. What lies between is neither yes nor no.

    Raises:
        ValueError: a name that the table does not have.
    """
    if unknown := [name for name in wanted if name not in COLUMNS]:
        raise ValueError(f"the reader has no column {unknown[0]!r}; it has {', '.join(COLUMNS)}")
    hits = torch.ones(len(table), dtype=torch.bool)
    for name, yes in wanted.items():
        low, high = _bounds(name)
        values = table[:, COLUMNS.index(name)]
        hits &= values > high if yes else values < low
    return hits


def _bounds(name: str) -> tuple[float, float]:
    """Below the first is a clear no, above the second a clear yes."""
    if name not in NUMBERS:
        return 1 - SURE, SURE
    low, high = ATTRIBUTES[name].low, ATTRIBUTES[name].high
    return low + THIRD * (high - low), high - THIRD * (high - low)


def exemplars(tray: Tensor, k: int, trials: int, rng: torch.Generator) -> Tensor:
    """For each trial `k` different rows of a tray `(m, ...)`, `(trials, k, ...)`.

    Raises:
        ValueError: the tray has fewer than `k` rows.
    """
    if len(tray) < k:
        raise ValueError(f"a tray of {len(tray)} has not {k} exemplars: sample more latents, or average fewer")
    picks = torch.stack([torch.randperm(len(tray), generator=rng)[:k] for _ in range(trials)])
    return tray[picks]


def combine(plus: Sequence[Tensor], minus: Sequence[Tensor], k: int, trials: int, seed: int = 0) -> Tensor:
    """`trials` results of the paper's arithmetic (section 6.3.2), each from `k` fresh exemplars of every tray.

    Args:
        plus, minus: trays of latents `(m, nz)`, or of images: then it is the paper's control in pixel space.
    """
    rng = torch.Generator().manual_seed(seed)
    terms = [exemplars(tray, k, trials, rng).mean(1) for tray in plus]
    terms += [-exemplars(tray, k, trials, rng).mean(1) for tray in minus]
    return torch.stack(terms).sum(0)


def rescale(z: Tensor, norm: float | Tensor) -> Tensor:
    """The latents `(n, nz)` in the same direction, with this norm."""
    return z / z.norm(dim=-1, keepdim=True).clamp(min=1e-12) * norm


@torch.no_grad()
def in_batches(draw: Draw, z: Tensor, batch: int = 256) -> Tensor:
    """`draw` for many latents, a batch at a time."""
    return torch.cat([draw(some) for some in z.split(batch)])


def along(draw: Draw, reader: FaceReader, z: Tensor, direction: Tensor, strengths: Sequence[float]) -> Tensor:
    """What the reader sees in `z + strength * direction`, `(len(strengths), n, len(COLUMNS))`."""
    return torch.stack([reader.table(in_batches(draw, z + s * direction)) for s in strengths])


def side_effects(
    draw: Draw, reader: FaceReader, z: Tensor, directions: Mapping[str, Tensor], unit: Tensor
) -> dict[str, Tensor]:
    """The mean change of every reading from one step back to one step forward, `(len(COLUMNS),)` for each direction.

    Args:
        directions: `(nz,)` each; the step is as long as the direction.
        unit: what a change is divided by, `(len(COLUMNS),)`: the readings' standard deviations among ordinary samples.
    """
    changes = {}
    for name, direction in directions.items():
        before, after = along(draw, reader, z, direction, (-1.0, 1.0))
        changes[name] = (after - before).mean(0) / unit
    return changes
