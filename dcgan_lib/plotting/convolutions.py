"""Drawings of convolution arithmetic: windows on a line, stamps on a map, matrices, overlap."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from dcgan_lib.convolution import conv_size, overlap
from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REFERENCE, label_end
from dcgan_lib.summary import Pair

INK, PALE = "#222222", "#e9e9e9"
BLUES, DIVERGING = "Blues", "RdBu_r"


def windows(n: int, kernel: int, stride: int, padding: int) -> Figure:
    """Which inputs each output of a one-dimensional convolution sees: outputs above, inputs below, padding dashed.

    Inputs that no window reaches, because the size was rounded down, are hatched. Read upward it is a convolution, read
    downward the transposed one.
    """
    fig, ax = plt.subplots(figsize=(6.6, 2.5))
    m = conv_size(n, kernel, stride, padding)
    seen = set()
    for i in range(m):
        start = i * stride - padding
        middle = start + (kernel - 1) / 2
        for j in range(start, start + kernel):
            seen.add(j)
            ax.plot([middle, j], [1.56, 0.44], color=D_COLOUR, lw=1, alpha=0.45, zorder=0)
        _square(ax, middle, 2, D_COLOUR, 0.9)
        ax.text(middle, 2, str(i), ha="center", va="center", color="white", fontsize=9)
    for j in range(-padding, n + padding):
        outside = not 0 <= j < n
        _square(ax, j, 0, "white" if outside else PALE, 0.9, dashed=outside, hatched=not outside and j not in seen)
        ax.text(
            j, 0, "0" if outside else str(j), ha="center", va="center", color=REFERENCE if outside else INK, fontsize=9
        )
    ax.set_xlim(-3.7, n + 2.7)
    ax.set_ylim(-0.7, 2.7)
    formula = f"⌊({n} + 2·{padding} − {kernel}) / {stride}⌋ + 1 = {m}"
    ax.set_title(f"{n} inputs, kernel {kernel}, stride {stride}, padding {padding}:  {formula} outputs", fontsize=10)
    ax.set_axis_off()
    return fig


def stamps(n: int, kernel: int, stride: int, padding: int, done: int, output_padding: int = 0) -> Figure:
    """A transposed convolution after its first `done` of `n * n` stamps: the input (left) and the canvas (right).

    The canvas counts the stamps on each pixel; the last stamp is outlined; what padding cuts off is outside the frame.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.9), width_ratios=(1, 2.1))
    side = (n - 1) * stride + kernel + output_padding
    counts = torch.zeros(side, side)
    for i in range(done):
        y, x = divmod(i, n)
        counts[y * stride : y * stride + kernel, x * stride : x * stride + kernel] += 1
    used = (torch.arange(n * n) < done).float().reshape(n, n)
    left.imshow(used.numpy(), cmap=BLUES, vmin=0, vmax=2)
    right.imshow(counts.numpy(), cmap=BLUES, vmin=0, vmax=(-(-kernel // stride)) ** 2 + 1)
    _grid(left, n)
    _grid(right, side)
    for (y, x), count in _items(counts):
        if count:
            dark = count > 0.6 * (-(-kernel // stride)) ** 2
            right.text(x, y, f"{count:.0f}", ha="center", va="center", fontsize=8, color="white" if dark else INK)
    if done:
        y, x = divmod(done - 1, n)
        _outline(left, x, y, 1, G_COLOUR, 2.5)
        _outline(right, x * stride, y * stride, kernel, G_COLOUR, 2.5)
    out = side - 2 * padding
    _outline(right, padding, padding, out, INK, 1.6)
    left.set_title(f"input {n} × {n}")
    right.set_title(f"output {out} × {out}:  kernel {kernel}, stride {stride}, padding {padding}")
    return fig


def matrices(named: Mapping[str, Tensor]) -> Figure:
    """Matrices side by side, zeros white, positive red, negative blue; the share of entries that are not zero below."""
    shapes = [matrix.shape for matrix in named.values()]
    fig, axes = plt.subplots(1, len(named), figsize=(7.2, 3.4), width_ratios=[s[1] for s in shapes], squeeze=False)
    for ax, (name, matrix) in zip(axes[0], named.items()):
        bound = float(matrix.abs().max())
        ax.imshow(matrix.numpy(), cmap=DIVERGING, vmin=-bound, vmax=bound)
        rows, columns = matrix.shape
        ax.set_title(name)
        ax.set_xlabel(f"{rows} × {columns}, {float((matrix != 0).float().mean()):.0%} not zero")
        ax.set_xticks([])
        ax.set_yticks([])
        for side in ax.spines.values():
            side.set_visible(True)
    return fig


def overlap_maps(n: int, kernel: int, stride: int) -> Figure:
    """How many taps land on each output pixel: on a line (bars) and on a map, the same colours for all kernels."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.9), width_ratios=(1.7, 1))
    line, square = overlap(n, kernel, stride), overlap(n, kernel, stride, dims=2)
    left.bar(range(len(line)), line.tolist(), color=G_COLOUR, width=0.85)
    left.set_ylim(0, 8.5)
    left.set_xticks(range(0, len(line), 5))
    left.set_xlabel("output pixel")
    left.set_title(f"kernel {kernel}, stride {stride}")
    left.set_ylabel("taps")
    inner = square[kernel : len(line) - kernel, kernel : len(line) - kernel]
    inner = inner if inner.numel() else square
    right.imshow(square.numpy(), cmap=BLUES, vmin=0, vmax=float(square.max()) * 1.1)
    right.set_axis_off()
    low, high = float(inner.min()), float(inner.max())
    right.set_title("even" if low == high else f"uneven: {low:.0f} to {high:.0f}")
    return fig


def lines(
    named: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    log: bool = False,
    x: Sequence[float] | None = None,
) -> Figure:
    """Lines labelled at their ends, the labels moved apart where they would overlap.

    Args:
        named: at most seven; colours from the house cycle, in the order given.
        log: a logarithmic scale upward.
        x: where the values stand; 1, 2, 3, … otherwise.
    """
    fig, ax = plt.subplots(figsize=(6.6, 3.2))
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    places = list(x) if x is not None else list(range(1, max(map(len, named.values())) + 1))
    for colour, values in zip(colours, named.values()):
        ax.plot(places[: len(values)], values, color=colour, marker="o", ms=4)
    if x is None:
        ax.set_xticks(places)
    ax.set_yscale("log" if log else "linear")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)

    fig.draw_without_rendering()  # the layout decides where the ends are
    ends = [ax.transData.transform((places[0], values[-1]))[1] * 72 / fig.dpi for values in named.values()]
    for (name, values), colour, end, dodged in zip(named.items(), colours, ends, _apart(ends, 11)):
        label_end(ax, places[: len(values)], values, name, colour, dy=dodged - end)
    return fig


def _apart(heights: Sequence[float], least: float) -> list[float]:
    """The same heights, but those closer than `least` pushed from each other, both ways, until none is."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    moved = list(heights)
    for _ in range(100):
        for below, above in itertools.pairwise(order):
            push = max(0.0, least - (moved[above] - moved[below])) / 2
            moved[below], moved[above] = moved[below] - push, moved[above] + push
    return moved


def maps(named: Mapping[str, Tensor], kinds: Sequence[str] | str = "amount", width: float = 7.2) -> Figure:
    """Single maps `(h, w)` side by side, each on its own scale.

    Args:
        kinds: of all maps or of each: "amount" (blues, from 0), "signed" (red and blue around 0) or "image" (grey).
    """
    fig, axes = plt.subplots(1, len(named), figsize=(width, width / len(named) + 0.35), squeeze=False)
    kinds = [kinds] * len(named) if isinstance(kinds, str) else kinds
    for ax, (name, tensor), kind in zip(axes[0], named.items(), kinds):
        values = tensor.detach().float()
        high = float(values.abs().max())
        colours, low = {"amount": (BLUES, 0.0), "signed": (DIVERGING, -high), "image": ("gray", -1.0)}[kind]
        ax.imshow(values.numpy(), cmap=colours, vmin=low, vmax=1.0 if kind == "image" else high)
        ax.set_title(name)
        ax.set_axis_off()
    return fig


def cost_bars(pair: Pair) -> Figure:
    """Parameters (left) and multiply-adds (right) of each layer, G above, D below, in millions."""
    fig, axes = plt.subplots(2, 2, figsize=(7.2, 3.8), sharex="col")
    for line, (table, colour) in zip(axes, ((pair.G, G_COLOUR), (pair.D, D_COLOUR))):
        names = [" × ".join(map(str, row.shape)) for row in table.rows]
        for ax, what in zip(line, ("params", "macs")):
            values = [getattr(row, what) / 1e6 for row in table.rows]
            bars = ax.barh(names, values, color=colour, height=0.7)
            ax.bar_label(bars, [f"{v:.2f}" for v in values], padding=3, fontsize=8)
            ax.set_xlim(0, max(values) * 1.2)
            ax.invert_yaxis()
        line[1].set_yticks([])
        line[0].set_title(table.title)
    axes[0][1].set_title("")
    axes[1][0].set_xlabel("parameters, millions")
    axes[1][1].set_xlabel("multiply-adds, millions")
    return fig


def _square(
    ax: Axes, x: float, y: float, colour: str, side: float, dashed: bool = False, hatched: bool = False
) -> None:
    ax.add_patch(
        Rectangle((x - side / 2, y - side / 2), side, side, fc=colour, ec=REFERENCE, lw=0.8,
                  ls=(0, (3, 2)) if dashed else "-", hatch="////" if hatched else None)
    )  # fmt: skip


def _outline(ax: Axes, x: int, y: int, side: int, colour: str, lw: float) -> None:
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), side, side, fill=False, ec=colour, lw=lw, zorder=5))


def _grid(ax: Axes, n: int) -> None:
    ax.set_xticks([i - 0.5 for i in range(n + 1)], labels=[])
    ax.set_yticks([i - 0.5 for i in range(n + 1)], labels=[])
    ax.tick_params(length=0)
    ax.grid(True, color="white", lw=1)
    for side in ax.spines.values():
        side.set_visible(False)


def _items(matrix: Tensor):
    return ((divmod(i, matrix.shape[1]), float(value)) for i, value in enumerate(matrix.flatten()))
