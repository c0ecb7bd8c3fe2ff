"""Figures: one style, one colour per role, images as the pixels they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

# one colour per role, everywhere: plots, widgets, drawings, prose
ROLE = {"G": "#0072B2", "D": "#D55E00", "real": "#009E73", "reference": "#777777"}
G_COLOUR, D_COLOUR, REAL_COLOUR, REFERENCE = ROLE.values()

STYLE = Path(__file__).with_name("dcgan.mplstyle")


def use_style() -> None:
    """Give every figure from here on the library's style."""
    plt.style.use(STYLE)


def grid(images: Tensor, nrow: int = 8, gap: int = 1) -> np.ndarray:
    """Images `(n, nc, s, s)` in [-1, 1] side by side: `(height, width, 3)` in [0, 1], white between them."""
    n, _, s, _ = images.shape
    nrow = min(nrow, n)
    pixels = ((images.detach().float().cpu().clamp(-1, 1) + 1) / 2).expand(n, 3, s, s)
    rows = -(-n // nrow)
    sheet = torch.ones(3, rows * (s + gap) - gap, nrow * (s + gap) - gap)
    for i, image in enumerate(pixels):
        y, x = (i // nrow) * (s + gap), (i % nrow) * (s + gap)
        sheet[:, y : y + s, x : x + s] = image
    return sheet.permute(1, 2, 0).numpy()


def show(
    images: Tensor,
    nrow: int = 8,
    title: str | None = None,
    scale: float = 1.5,
    ax: Axes | None = None,
    gap: int = 1,
) -> Figure:
    """A sheet of images `(n, nc, s, s)` in [-1, 1], each pixel drawn as a square.

    Args:
        nrow: images in a row.
        scale: size, as screen pixels per image pixel, where the figure is made here.
        ax: draw there instead of in a new figure.
    """
    if images.ndim != 4:
        raise ValueError(f"images have shape {tuple(images.shape)}: give (n, nc, s, s), for one image images[None]")
    sheet = grid(images, nrow, gap)
    if ax is None:
        height, width = (side * scale / 100 for side in sheet.shape[:2])
        _, ax = plt.subplots(figsize=(width, height + (0.3 if title else 0)))
    ax.imshow(sheet, interpolation="nearest", vmin=0, vmax=1)
    ax.set_axis_off()
    if title:
        ax.set_title(title)
    return ax.figure


def label_end(ax: Axes, x: Sequence[float], y: Sequence[float], text: str, colour: str, dy: float = 0.0) -> None:
    """Write a line's name at its last point, instead of in a legend. `dy`: shift in points."""
    point = (float(x[-1]), float(y[-1]))
    ax.annotate(
        text,
        point,
        xytext=(5, dy),
        textcoords="offset points",
        color=colour,
        va="center",
        annotation_clip=False,
    )


def reference(ax: Axes, y: float, text: str) -> None:
    """A thin dashed line at the value that theory or chance would give, with its name at the left."""
    ax.axhline(y, color=REFERENCE, lw=1, ls=(0, (4, 3)), zorder=0)
    ax.annotate(text, (0.01, y), xycoords=("axes fraction", "data"), xytext=(0, 3), textcoords="offset points",
                color=REFERENCE, fontsize=9)  # fmt: skip


def smooth(values: Sequence[float], window: int = 25) -> np.ndarray:
    """A trailing mean over up to `window` values, as long as the input: for noisy losses."""
    values = np.asarray(values, dtype=float)
    total = np.cumsum(np.concatenate([[0.0], values]))
    i = np.arange(1, len(values) + 1)
    first = np.maximum(i - window, 0)
    return (total[i] - total[first]) / (i - first)


def plot_history(history: dict[str, Sequence[float]], window: int = 25) -> Figure:
    """Losses (left) and D's probabilities (right) over a run; `history` as `training.history.columns` gives it."""
    steps = history["step"]
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.0))
    panels = (
        (left, (("loss_d", "D", D_COLOUR), ("loss_g", "G", G_COLOUR))),
        (right, (("d_real", "D(x)", REAL_COLOUR), ("d_fake", "D(G(z))", G_COLOUR))),
    )
    for ax, lines in panels:
        for name, label, colour in lines:
            ax.plot(steps, history[name], color=colour, alpha=0.18, lw=0.8)
            smoothed = smooth(history[name], window)
            ax.plot(steps, smoothed, color=colour)
            label_end(ax, steps, smoothed, label, colour)
        ax.set_xlabel("step")
    left.set_title("losses")
    right.set_title("what D says, before its step")
    right.set_ylim(0, 1)
    reference(right, 0.5, "chance")
    return fig
