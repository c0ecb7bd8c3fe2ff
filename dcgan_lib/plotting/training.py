"""Figures of training: a run at one moment, short runs side by side, losses as functions of the logit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REAL_COLOUR, REFERENCE, grid, smooth
from dcgan_lib.training.film import Film
from dcgan_lib.training.sweep import Trial


def film_frame(film: Film, step: int | None = None, last: int | None = None, top: float = 6.0) -> Figure:
    """A run at one moment: the samples of `step` above its losses and D's opinion up to there.

    Frames of one film have the same size and axes, so that they can be played one after another.

    Args:
        step: one of `film.steps`; the newest when None.
        last: where the step axis ends; the last step of the film when None.
        top: where the axis of the losses ends.
    """
    step = film.steps[-1] if step is None else step
    images, history = film.images[step], film.columns
    last = last or history["step"][-1]
    width, sheet = 5.6, 5.6 * (-(-len(images) // 8)) / 8  # inches; eight samples a row
    below = 1.75
    fig = plt.figure(figsize=(width, sheet + below), layout="none")
    height = sheet + below
    ax = fig.add_axes((0, below / height, 1, sheet / height))
    ax.imshow(grid(images), aspect="auto")
    ax.set_axis_off()
    seen = np.searchsorted(history["step"], step, side="right")
    for left, title, names, upper in (
        (0.06, "losses", (("loss_d", "D", D_COLOUR), ("loss_g", "G", G_COLOUR)), top),
        (0.555, "D(x) and D(G(z))", (("d_real", "real", REAL_COLOUR), ("d_fake", "fake", G_COLOUR)), 1.0),
    ):
        ax = fig.add_axes((left, 0.3 / height, 0.385, 1.1 / height))
        for name, label, colour in names:
            values = np.asarray(history[name][:seen])
            _ended_line(ax, history["step"][:seen], smooth(values, 1 + seen // 25), label, colour)
        ax.set(xlim=(0, last), ylim=(0, upper), xticks=(0, last))
        ax.set_title(title, fontsize=9, pad=3)
        ax.tick_params(labelsize=8, pad=2)
    fig.text(0.5, 0.06 / height, f"step {step:,}", ha="center", fontsize=10)
    return fig


def _ended_line(ax: Axes, x: Sequence[float], y: Sequence[float], label: str, colour: str) -> None:
    ax.plot(x, y, color=colour, lw=1.4, clip_on=True)
    low, high = ax.get_ylim() if ax.lines[1:] else (0, 1)
    ax.annotate(label, (x[-1], y[-1]), xytext=(3, 0), textcoords="offset points", color=colour, fontsize=8,
                va="center", annotation_clip=False)  # fmt: skip


def plot_sweep(trials: Sequence[Trial], floor: float, what: str = "distance to the real images") -> Figure:
    """One row per variant: a dot for each seed's last score, and a bar from the best to the worst.

    Args:
        floor: what two samples of real images score against each other.
    """
    names = list(dict.fromkeys(trial.name for trial in trials))
    fig, ax = plt.subplots(figsize=(5.6, 0.5 + 0.34 * len(names)))
    for row, name in enumerate(names):
        scores = [trial.scores[-1] for trial in trials if trial.name == name]
        ax.plot([min(scores), max(scores)], [row, row], color=G_COLOUR, lw=5, alpha=0.25)
        ax.plot(scores, [row] * len(scores), "o", color=G_COLOUR, ms=5)
    ax.axvline(floor, color=REFERENCE, lw=1, ls=(0, (4, 3)))
    ax.annotate("real against real", (floor, -0.75), xytext=(3, 0), textcoords="offset points", color=REFERENCE,
                fontsize=8, va="center")  # fmt: skip
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -1), xlabel=what)
    ax.set_xlim(left=0)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return fig


def sweep_sheet(trials: Sequence[Trial], seed: int = 0, n: int = 12) -> Figure:
    """A row of `n` samples for each variant, all of one seed, with its name."""
    chosen = [trial for trial in trials if trial.seed == seed]
    return named_rows({trial.name: trial.images[:n] for trial in chosen})


def named_rows(rows: Mapping[str, Tensor], width: float = 6.4, label: float = 1.15) -> Figure:
    """Rows of images `(n, nc, s, s)` in [-1, 1], each with its name at the left. `label`: inches for the names."""
    n = max(len(images) for images in rows.values())
    side = (width - label) / n
    fig = plt.figure(figsize=(width, side * len(rows)), layout="none")
    for i, (name, images) in enumerate(rows.items()):
        ax = fig.add_axes((label / width, 1 - (i + 1) / len(rows), len(images) * side / width, 1 / len(rows)))
        ax.imshow(grid(images, len(images)), aspect="auto", vmin=0, vmax=1)
        ax.set_axis_off()
        fig.text((label - 0.08) / width, 1 - (i + 0.5) / len(rows), name, ha="right", va="center", fontsize=9)
    return fig


def plot_targets(targets: Sequence[float], reach: float = 6.0) -> Figure:
    """What one real image costs D, by its logit, for several targets; a dot where the cost is least."""
    logit = torch.linspace(-reach, reach, 241)
    fig, ax = plt.subplots(figsize=(5.6, 2.9))
    for target, shade in zip(targets, np.linspace(1.0, 0.45, len(targets))):
        cost = torch.nn.functional.softplus(logit) - target * logit
        lowest = int(cost.argmin())
        ax.plot(logit, cost, color=D_COLOUR, alpha=shade, lw=1.8)
        if 0 < target < 1:
            ax.plot(logit[lowest], cost[lowest], "o", color=D_COLOUR, alpha=shade, ms=6)
        ax.annotate(f"target {target:g}", (reach, float(cost[-1])), xytext=(5, 0), textcoords="offset points",
                    color=D_COLOUR, alpha=shade, va="center", fontsize=9, annotation_clip=False)  # fmt: skip
    ax.axhline(0, color=REFERENCE, lw=1, ls=(0, (4, 3)), zorder=0)
    ax.set(xlabel="D's logit for a real image", title="the cost of a real image", ylim=(-1, 4), xlim=(-reach, reach))
    return fig
