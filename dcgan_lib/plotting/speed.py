"""Figures of speed: what a machine can do at best and what is reached, and ratios between ways to do one thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_lib.config import DCGANConfig
from dcgan_lib.cost import cost
from dcgan_lib.plotting import REFERENCE, ROLE

FP32_COLOUR, BF16_COLOUR = "#56B4E9", "#CC79A7"  # from the style's cycle: neither a player's nor the data's
COLOURS = {"fp32": FP32_COLOUR, "bf16": BF16_COLOUR}
BYTES = {"fp32": 4, "bf16": 2}


class Point(NamedTuple):
    """One measured thing in a roofline picture."""

    label: str
    intensity: float  # floating-point operations for each byte that must be moved
    gflops: float  # 10^9 operations a second, reached
    colour: str = REFERENCE
    hollow: bool = False  # a second form of the same thing


def layer_points(case: Mapping) -> list[Point]:
    """The points of a case of the layers' benchmark: G's layers and D's, products hollow."""
    return [
        Point(
            row["layer"], row["flops_per_byte"], row["gflops"], ROLE[row["layer"][0].upper()], row["form"] == "product"
        )
        for row in case["rows"]
    ]


def step_points(case: Mapping, names: Sequence[str] | None = None) -> list[Point]:
    """The points of a case of the step's benchmark: whole steps, by form (those in `names`; all when None)."""
    model = DCGANConfig(image_size=case["image_size"], ngf=case["width"], ndf=case["width"])
    counted, batch, points = cost(model), case["batch"], []
    for row in case["rows"]:
        if names is None or row["form"] in names:
            moved = counted.step_traffic(batch, BYTES[row["precision"]])
            intensity = counted.flops(batch) / moved
            points.append(Point(row["form"], intensity, row["gflops"], COLOURS[row["precision"]]))
    return points


def plot_roofline(peaks: Mapping[str, float], bandwidth: float, points: Sequence[Point]) -> Figure:
    """Speed against arithmetic intensity, under the ceilings of a machine (Williams, Waterman and Patterson 2009).

    What moves many bytes for each operation is held back by memory, under the slope; the rest by arithmetic, under a
    flat ceiling. The distance of a point to the roof above it is what could still be gained.

    Args:
        peaks: by name ("fp32", "bf16"), 10^9 operations a second of matrix products.
        bandwidth: 10^9 bytes a second between memory and processor.
        points: what was measured.

    Raises:
        ValueError: no peak or no point.
    """
    if not peaks or not points:
        raise ValueError(f"{len(peaks)} peaks and {len(points)} points: a roofline needs at least one of each")
    low, high = min(p.intensity for p in points) / 3, max(p.intensity for p in points) * 6
    low = min(low, min(peaks.values()) / bandwidth / 3)  # the corner of the lowest roof is seen
    top = max(*peaks.values(), *(p.gflops for p in points))
    bottom = min(min(p.gflops for p in points) / 2, low * bandwidth)
    fig, ax = plt.subplots(figsize=(6.4, 3.8))
    ax.set(xscale="log", yscale="log", xlim=(low, high), ylim=(bottom, top * 2))
    ax.set(xlabel="operations for each byte moved", ylabel="GFLOP/s")
    roof = max(peaks.values())
    ax.plot([low, roof / bandwidth], [low * bandwidth, roof], color=REFERENCE, lw=1.4)
    ax.annotate(f"memory, {bandwidth:.0f} GB/s", (low * 1.25, low * bandwidth * 1.25), xytext=(8, -3),
                textcoords="offset points", color=REFERENCE, fontsize=9, va="top")  # fmt: skip
    for name, peak in peaks.items():
        ax.plot([peak / bandwidth, high], [peak, peak], color=REFERENCE, lw=1.4)
        ax.annotate(f"{name} products, {peak:,.0f} GFLOP/s", (high, peak), xytext=(0, 3), textcoords="offset points",
                    color=REFERENCE, fontsize=9, ha="right")  # fmt: skip
    for point in points:
        face = "white" if point.hollow else point.colour
        ax.plot(point.intensity, point.gflops, "o", ms=6, mec=point.colour, mfc=face, mew=1.4, zorder=3)
    if any(point.hollow for point in points):
        ax.text(0.99, 0.03, "hollow: as one matrix product", transform=ax.transAxes, ha="right", color=REFERENCE,
                fontsize=8)  # fmt: skip
    _name(ax, points, list(peaks.values()))
    return fig


PLACES = (
    (7, 0),
    (7, 9),
    (7, -9),
    (-7, 0),
    (-7, 9),
    (-7, -9),
    (7, 18),
    (7, -18),
    (-7, 18),
    (-7, -18),
    (7, 27),
    (7, -27),
)
"""Where a name may stand, in points from its dot; to the right of it or to the left."""


def _name(ax: Axes, points: Sequence[Point], peaks: Sequence[float]) -> None:
    """Write each point's name where it lies on no dot, no other name and no roof, as far as that can be had."""
    (low, high), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    width, height = 395, 225  # of the axes, in points: near enough

    def place(intensity: float, gflops: float) -> tuple[float, float]:
        return log(intensity / low) / log(high / low) * width, log(gflops / bottom) / log(top / bottom) * height

    dots = [place(p.intensity, p.gflops) for p in points]
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in dots]
    taken += [(0.6 * width, y - 2, width, y + 14) for y in (place(low, peak)[1] for peak in peaks)]
    for point, (x, y) in zip(points, dots):
        wide, boxes = 4.6 * len(point.label), {}
        for dx, dy in PLACES:
            left = x + dx if dx > 0 else x + dx - wide
            box = (left, y + dy - 5, left + wide, y + dy + 5)
            outside = max(0, box[2] - width) + max(0, -box[0])
            boxes[dx, dy] = (sum(_overlap(box, other) for other in taken) + 10 * outside, box)
        dx, dy = min(PLACES, key=lambda place: boxes[place][0])
        taken.append(boxes[dx, dy][1])
        ax.annotate(point.label, (point.intensity, point.gflops), xytext=(dx, dy), textcoords="offset points",
                    color=point.colour, fontsize=8, va="center", ha="left" if dx > 0 else "right")  # fmt: skip


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """The area that two boxes (left, bottom, right, top) share."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def plot_ratios(rows: Sequence[Mapping], title: str = "", floor: float | None = None) -> Figure:
    """A bar for each way to do one thing: how many times as fast as the first of them.

    Args:
        rows: as the benchmarks record them: `form`, `x`, and where known `precision` and `of_the_floor`.
        title: above the bars.
        floor: the ratio that the machine's peak would allow; drawn as a line.
    """
    if not rows:
        raise ValueError("no rows: give those of one case of a benchmark")
    fig, ax = plt.subplots(figsize=(6.4, 0.7 + 0.32 * len(rows)))
    for y, row in enumerate(rows):
        colour = REFERENCE if y == 0 else COLOURS.get(row.get("precision", "fp32"), FP32_COLOUR)
        ax.barh(y, row["x"], height=0.66, color=colour)
        share = f"  ({row['of_the_floor']:.0%} of the peak)" if row.get("of_the_floor") is not None else ""
        ax.annotate(f"{row['x']:.2f}×{share}", (row["x"], y), xytext=(4, 0), textcoords="offset points", va="center",
                    fontsize=9)  # fmt: skip
    ax.axvline(1, color=REFERENCE, lw=1, ls=(0, (4, 3)), zorder=0)
    if floor is not None:
        ax.axvline(floor, color=REFERENCE, lw=1, ls=(0, (4, 3)), zorder=0)
        ax.annotate("at the peak of matrix products", (floor, -0.7), xytext=(-3, 0), textcoords="offset points",
                    color=REFERENCE, fontsize=8, ha="right", va="center")  # fmt: skip
    ax.set(yticks=range(len(rows)), yticklabels=[row["form"] for row in rows], ylim=(len(rows) - 0.5, -1))
    ax.set_xlim(0, max([row["x"] for row in rows] + [floor or 0]) * 1.3)
    ax.set_xlabel("times as fast as the reference")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    if title:
        ax.set_title(title)
    return fig
