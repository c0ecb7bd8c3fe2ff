"""Figures of latent space: images with captions, norms, shares against the truth, side effects as a heat map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from torch import Tensor

from dcgan_lib.metrics.rates import Rate
from dcgan_lib.plotting import G_COLOUR, REAL_COLOUR, REFERENCE, grid, label_end, show


def captioned(images: Tensor, texts: Sequence[str], nrow: int = 8, side: float = 1.05) -> Figure:
    """Images `(n, nc, s, s)` in [-1, 1], each with a line or more of text below it. `side`: of one, in inches."""
    if len(images) != len(texts):
        raise ValueError(f"{len(texts)} captions for {len(images)} images: give one each")
    columns = min(nrow, len(images))
    rows = -(-len(images) // columns)
    lines = max(text.count("\n") + 1 for text in texts)
    fig, axes = plt.subplots(rows, columns, figsize=(columns * side, rows * (side + 0.16 * lines)), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, image, text in zip(axes.flat, images, texts):
        ax.imshow(grid(image[None]), vmin=0, vmax=1)
        ax.text(0.5, -0.04, text, transform=ax.transAxes, ha="center", va="top", fontsize=8, linespacing=1.15)
    return fig


def norms_and_faces(norms: Mapping[str, Tensor], images: Tensor, at: Sequence[float]) -> Figure:
    """Histograms of latents' norms, named at their peaks, above what is drawn at each norm of `at`.

    Args:
        norms: `(n,)` by name.
        images: `(len(at), nc, s, s)`: along one direction, at rising norms.
        at: the norms of the images; the axis runs from the first to the last.
    """
    fig, (above, below) = plt.subplots(2, 1, figsize=(8.2, 3.9), height_ratios=(2, 1))
    colours = (REFERENCE, "#56B4E9", G_COLOUR, "#CC79A7")
    step = (at[-1] - at[0]) / (len(at) - 1)
    low, high = at[0] - step / 2, at[-1] + step / 2
    for (name, values), colour in zip(norms.items(), colours):
        density, edges = np.histogram(values.numpy(), bins=np.linspace(0, high, 260), density=True)
        above.fill_between(edges[:-1], density, color=colour, alpha=0.35, lw=0)
        above.plot(edges[:-1], density, color=colour, lw=1)
        peak = int(density.argmax())
        above.annotate(name, (edges[peak], density[peak]), xytext=(0, 4), textcoords="offset points", color=colour,
                       ha="center", fontsize=9)  # fmt: skip
    above.set(xlim=(low, high), yticks=[], xlabel="norm of z")
    above.spines["left"].set_visible(False)
    above.margins(y=0.2)
    for image, norm in zip(images, at):
        inset = below.inset_axes((norm - 0.46 * step, 0, 0.92 * step, 1), transform=below.get_xaxis_transform())
        inset.imshow(grid(image[None]), vmin=0, vmax=1)
        inset.set_axis_off()
    below.set(xlim=(low, high))
    below.set_axis_off()
    return fig


def shares(names: Sequence[str], truth: Sequence[float], seen: Sequence[Rate]) -> Figure:
    """Shares that were measured, with their intervals, over the true ones."""
    fig, ax = plt.subplots(figsize=(8.2, 2.9))
    x = np.arange(len(names))
    ax.bar(x, truth, width=0.72, color=REAL_COLOUR, alpha=0.3)
    low, high = zip(*(rate.interval for rate in seen))
    middle = [rate.share for rate in seen]
    ax.errorbar(
        x, middle, (np.subtract(middle, low), np.subtract(high, middle)), fmt="o", ms=5, color=G_COLOUR, capsize=3
    )
    ax.set_xticks(x, names, rotation=40, ha="right", fontsize=9)
    ax.set_ylabel("share of faces")
    ax.text(0.99, 0.97, "bars: the drawn faces, known", transform=ax.transAxes, color=REAL_COLOUR, ha="right", va="top")
    ax.text(0.99, 0.87, "dots: the generator's, read", transform=ax.transAxes, color=G_COLOUR, ha="right", va="top")
    return fig


def lines(
    ax: Axes,
    x: Sequence[float],
    curves: Mapping[str, Sequence[float] | Sequence[Rate]],
    colours: Sequence[str],
    named: bool = True,
) -> None:
    """Curves, each named at its end unless a neighbour names them; rates come with their intervals as bands.

    Set the limits of y before: names that would lie over one another are moved apart.
    """
    ends = {}
    for (name, values), colour in zip(curves.items(), colours):
        if isinstance(values[0], Rate):
            ax.fill_between(x, *zip(*(rate.interval for rate in values)), color=colour, alpha=0.15, lw=0)
            values = [rate.share for rate in values]
        ax.plot(x, values, color=colour, marker="o", ms=3.5)
        ends[name] = (float(values[-1]), values, colour)
    if not named:
        return
    low, high = ax.get_ylim()
    points = 72 * ax.figure.get_figheight() * 0.75 / (high - low)  # of one unit of y, about
    gap = 12 / points
    places: dict[str, float] = {}
    free = low
    for name, (end, _, _) in sorted(ends.items(), key=lambda item: item[1][0]):  # from below: move up where it is full
        places[name] = max(end, free)
        free = places[name] + gap
    free = high
    for name in reversed(places):  # and from above: back down below the top
        places[name] = min(places[name], free)
        free = places[name] - gap
    for name, (end, values, colour) in ends.items():
        label_end(ax, x, values, name, colour, dy=(places[name] - end) * points)


def sheet_with_ring(images: Tensor, extent: float, radius: float) -> Figure:
    """A square sheet of a plane's images, and the circle where the latents have norm `radius` (both in units of z)."""
    n = round(len(images) ** 0.5)
    fig, ax = plt.subplots(figsize=(5.2, 5.2))
    half = extent * n / (n - 1)  # the outer images reach half a step beyond the extent
    ax.imshow(grid(images, n), vmin=0, vmax=1, extent=(-half, half, half, -half))
    ax.add_patch(Circle((0, 0), radius, fill=False, color="white", lw=3))
    ax.add_patch(Circle((0, 0), radius, fill=False, color=G_COLOUR, lw=1.5, ls=(0, (4, 3))))
    ax.set(xlabel="along the first direction", ylabel="along the second", xlim=(-half, half), ylim=(half, -half))
    return fig


def heat_maps(
    matrices: Mapping[str, Tensor], rows: Sequence[str], columns: Sequence[str], limit: float = 2.0
) -> Figure:
    """Matrices side by side, one colour scale from -limit (vermillion) to limit (blue), each cell with its number."""
    fig, axes = plt.subplots(1, len(matrices), figsize=(4.2 * len(matrices), 0.36 * len(rows) + 1.2), squeeze=False)
    for i, (ax, (title, matrix)) in enumerate(zip(axes.flat, matrices.items())):
        ax.imshow(matrix.numpy(), cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
        for (y, x), value in np.ndenumerate(matrix.numpy()):
            dark = abs(value) > 0.6 * limit
            text = f"{value:.1f}".replace("-0.0", "0.0").replace("-", "\N{MINUS SIGN}")
            ax.text(x, y, text, ha="center", va="center", fontsize=7.5, color="white" if dark else "#222222")
        ax.set_xticks(range(len(columns)), [c.replace("_", " ") for c in columns], rotation=45, ha="right", fontsize=9)
        ax.set_yticks(range(len(rows)), [r.replace("_", " ") for r in rows] if i == 0 else [""] * len(rows), fontsize=9)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_title(title)
    return fig


def neighbours_figure(rows: Mapping[str, Tensor], distances: Mapping[str, Tensor], unit: str) -> Figure:
    """Images over their nearest neighbours (left), and how the distances are spread (right)."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 2.7), width_ratios=(1.35, 1))
    n = min(len(images) for images in rows.values())
    show(torch.cat([images[:n] for images in rows.values()]), nrow=n, ax=left)
    height = grid(next(iter(rows.values()))[:n], n).shape[0]
    for i, name in enumerate(rows):
        left.text(-4, (i + 0.5) * height, name, rotation=90, ha="right", va="center", fontsize=8, clip_on=False)
    for (name, values), colour, y in zip(distances.items(), (REAL_COLOUR, G_COLOUR, "#444444"), (0.95, 0.86, 0.77)):
        ordered = values.sort().values.numpy()
        right.plot(ordered, np.linspace(0, 1, len(ordered)), color=colour)
        right.text(0.03, y, name, transform=right.transAxes, color=colour, va="top", fontsize=9)
    right.set(xlabel=unit, ylabel="share nearer than this", xlim=(0, None), ylim=(0, 1.02))
    return fig
