"""Which maps of a generator's layer speak for what one wants it to forget (the paper's section 6.3.1), and the proof.

A sample is labelled by the attribute reader; a logistic regression on a layer's maps, at the place where the thing is
drawn, weighs each map; maps with positive weight are dropped, and the reader says what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from dcgan_lib.data.faces import attributes, draw, face
from dcgan_lib.metrics.attributes import COLUMNS, FaceReader
from dcgan_lib.models import Generator


@dataclass(frozen=True)
class Target:
    """Something that a face has or has not."""

    column: str  # of the reader's table
    above: float  # a reading above this counts as having it
    having: tuple[str, object]  # the attribute of a drawn face that has it
    lacking: tuple[str, object]


TARGETS = {
    "glasses": Target("glasses", 0.5, ("glasses", True), ("glasses", False)),
    "open smile": Target("smile", 0.25, ("smile", 1.0), ("smile", -0.5)),
    "long hair": Target("long_hair", 0.5, ("hair_style", "long"), ("hair_style", "short")),
}

LOOKS = ("boxes", "place", "whole")
"""What the regression sees: each spot, inside the boxes against elsewhere in the same images, as the paper does; or
each image with and without, as its maps' means over the box; or over the whole map."""

Box = tuple[int, int, int, int]  # rows from and to, columns from and to: of 64 x 64 pixels, the ends excluded


def has(table: Tensor, target: Target) -> Tensor:
    """Which rows of `FaceReader.table` have it, `(n,)` bool."""
    return table[:, COLUMNS.index(target.column)] > target.above


def box(target: Target, n: int = 100, share: float = 0.25) -> Box:
    """Where it is drawn: `n` faces are drawn with and without it, and the box holds the pixels that change most.

    Args:
        share: pixels count whose mean change is above this share of the largest.
    """
    faces = attributes(5, range(n))
    with_it, without = (draw(faces | _given(*one, n)).float() for one in (target.having, target.lacking))
    change = (with_it - without).abs().mean((0, 1))
    rows, columns = ((change > share * change.max()).any(axis).nonzero() for axis in (1, 0))
    return int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1


def _given(name: str, value: object, n: int) -> dict[str, Tensor]:
    return {name: face(**{name: value})[name].expand(n)}


def inside(where: Box, side: int) -> Tensor:
    """The box on a layer of maps, `(side, side)` bool: every spot that it touches."""
    top, bottom, left, right = where
    mask = torch.zeros(side, side, dtype=torch.bool)
    mask[top * side // 64 : -(-bottom * side // 64), left * side // 64 : -(-right * side // 64)] = True
    return mask


def evidence(maps: Tensor, labels: Tensor, where: Box, look: str, boxes: int = 52, seed: int = 0) -> tuple:
    """What the regression is fitted to: inputs `(m, c)` and answers `(m,)` bool.

    Args:
        maps: of one layer, `(n, c, s, s)`.
        labels: which images have it, `(n,)` bool.
        look: one of `LOOKS`.
        boxes: how many images are given a box, with look "boxes"; the paper drew 52 among 150 samples.

    Raises:
        ValueError: no such look.
    """
    mask = inside(where, maps.shape[-1])
    if look == "whole":
        return maps.mean((2, 3)), labels
    if look == "place":
        return maps[:, :, mask].mean(2), labels
    if look != "boxes":
        raise ValueError(f"look={look!r}: choose one of {', '.join(LOOKS)}")
    boxed = maps[labels][:boxes]
    yes, no = (boxed[:, :, spots].transpose(1, 2).flatten(0, 1) for spots in (mask, ~mask))
    rng = torch.Generator().manual_seed(seed)
    no = no[torch.randperm(len(no), generator=rng)[: len(yes)]]
    return torch.cat([yes, no]), torch.cat([torch.ones(len(yes)), torch.zeros(len(no))]).bool()


def logistic(x: Tensor, y: Tensor, l2: float = 0.01) -> Tensor:
    """Weights `(c,)` of a logistic regression with an intercept, per standard deviation of each input.

    Minimises the mean cross-entropy plus `l2 / 2` times the squared length of the weights, by L-BFGS. An input that
    never varies gets the weight 0.

    Raises:
        ValueError: all answers are the same.
    """
    if y.all() or not y.any():
        raise ValueError(f"{int(y.sum())} of {len(y)} have it: a regression needs both kinds; label more samples")
    x = (x - x.mean(0)) / x.std(0).clamp(min=1e-6)
    weights = torch.zeros(x.shape[1] + 1, requires_grad=True)
    steps = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        steps.zero_grad()
        fit = F.binary_cross_entropy_with_logits(x @ weights[1:] + weights[0], y.float())
        cost = fit + l2 / 2 * weights[1:].square().sum()
        cost.backward()
        return cost

    steps.step(loss)
    return weights.detach()[1:]


@dataclass(frozen=True)
class Layer:
    """Samples of a generator, stopped at one layer: maps can be dropped and the rest drawn without starting anew."""

    G: Generator
    number: int  # of the block
    maps: Tensor  # (n, c, s, s)
    images: Tensor  # as they are when nothing is dropped
    table: Tensor  # what the reader sees in them

    @torch.no_grad()
    def without(self, dropped: Tensor, n: int | None = None, fill: str = "zero") -> Tensor:
        """The first `n` images without these maps, as `inspect.dropped` draws them.

        Args:
            dropped: numbers of maps, `(k,)`.
            fill: "zero", or "mean": each map is its mean over all images and spots.
        """
        maps = self.maps[:n].clone()
        maps[:, dropped] = 0.0 if fill == "zero" else self.maps[:, dropped].mean((0, 2, 3))[:, None, None]
        images = []
        for some in maps.split(100):
            for block in self.G.blocks[self.number + 1 :]:
                some = block(some)
            images.append(some)
        return torch.cat(images)


@torch.no_grad()
def layers_of(G: Generator, z: Tensor, reader: FaceReader) -> dict[int, Layer]:
    """Every layer of maps of samples `z`, by its side."""
    *stages, images = (torch.cat(parts) for parts in zip(*(G.features(some) for some in z.split(100))))
    table = reader.table(images)
    return {maps.shape[-1]: Layer(G, number, maps, images, table) for number, maps in enumerate(stages)}


def outcome(layer: Layer, images: Tensor, target: Target, where: Box, reader: FaceReader) -> dict:
    """What dropping did to the first `len(images)` samples.

    Returns:
        "before", "after": shares that have it; "removed": 1 - after / before, negative where there is more of it;
        "shift": of each other reading's mean, in its standard deviations before; "moved": the mean absolute change
        of it from image to image, in the same unit (two faces that have nothing to do with each other differ by some
        1.1); "inside", "outside": mean absolute
        change of the pixels in the box and elsewhere, on their scale from -1 to 1; "between": the mean absolute
        difference of two samples, on the same scale, to compare with.
    """
    n = len(images)
    old, new = layer.table[:n], reader.table(images)
    before, after = (has(table, target).float().mean().item() for table in (old, new))
    change_of = (new - old) / layer.table.std(0)
    shift, moved = change_of.mean(0), change_of.abs().mean(0)
    others = {name: i for i, name in enumerate(COLUMNS) if name != target.column}
    change, spot = (images - layer.images[:n]).abs().mean(1), inside(where, images.shape[-1])
    return {
        "before": before,
        "after": after,
        "removed": 1 - after / max(before, 1 / n),
        "shift": {name: shift[i].item() for name, i in others.items()},
        "moved": {name: moved[i].item() for name, i in others.items()},
        "inside": change[:, spot].mean().item(),
        "outside": change[:, ~spot].mean().item(),
        "between": (layer.images[:n] - layer.images[:n].roll(1, 0)).abs().mean().item(),
    }


def worst(found: dict) -> float:
    """The largest shift of another reading's mean, in standard deviations."""
    return max(abs(shift) for shift in found["shift"].values())


def upheaval(found: dict) -> float:
    """By how much another reading changes from image to image, in standard deviations, on average over readings."""
    return sum(found["moved"].values()) / len(found["moved"])
