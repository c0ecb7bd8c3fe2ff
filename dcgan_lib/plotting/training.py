"""Figures of training: a run at one moment, short runs side by side, losses as functions of the logit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REAL_COLOUR, REFERENCE, grid, label_end, reference, smooth
from dcgan_lib.training.film import Film
from dcgan_lib.training.sweep import Trial


def film_frame(film: Film, step: int | None = None, last: int | None = None, top: float = 6.0) -> Figure:
    """A run at one moment: the samples of `step` above its losses and D's opinion up to there.

    Frames of one film have the same size and axes, so that they can be played one after another. They are closed:
    a loop may make hundreds, and a notebook shows only those that it is handed.

    Args:
        step: one of `film.steps`; the newest when None.
        last: where the step axis ends; the last step of the film when None.
        top: where the axis of the losses ends.
    """
    step = film.steps[-1] if step is None else step
    images, history = film.images[step], film.columns
    last = last or history["step"][-1]
    pixels = grid(images)  # eight samples a row
    scale = max(1, round(530 / pixels.shape[1])) / 96  # inches: a whole number of the page's pixels for each of ours
    width, sheet, below = pixels.shape[1] * scale, pixels.shape[0] * scale, 1.6
    height = sheet + below
    fig = plt.figure(figsize=(width, height), layout="none")
    ax = fig.add_axes((0, below / height, 1, sheet / height))
    ax.imshow(pixels, aspect="auto")
    ax.set_axis_off()
    seen = np.searchsorted(history["step"], step, side="right")
    for left, title, names, upper in (
        (0.06, f"step {step:,}: losses", (("loss_d", "D", D_COLOUR), ("loss_g", "G", G_COLOUR)), top),
        (0.555, "D(x) and D(G(z))", (("d_real", "real", REAL_COLOUR), ("d_fake", "fake", G_COLOUR)), 1.0),
    ):
        ax = fig.add_axes((left, 0.3 / height, 0.385, 1.1 / height))
        ends = []
        for name, _, colour in names:
            values = smooth(np.asarray(history[name][:seen]), 1 + seen // 25)
            ax.plot(history["step"][:seen], values, color=colour, lw=1.4)
            ends.append(min(float(values[-1]), upper))
        for (_, label, colour), y in zip(names, _apart(ends, 0.16 * upper)):
            ax.annotate(label, (history["step"][seen - 1], y), xytext=(3, 0), textcoords="offset points", color=colour,
                        fontsize=8, va="center", annotation_clip=False)  # fmt: skip
        ax.set(xlim=(0, last), ylim=(0, upper), xticks=(0, last))
        ax.set_title(title, fontsize=9, pad=3)
        ax.tick_params(labelsize=8, pad=2)
    plt.close(fig)
    return fig


def _apart(values: Sequence[float], least: float) -> list[float]:
    """Two heights for labels, moved from each other where they would overlap."""
    a, b = values
    if abs(a - b) >= least:
        return [a, b]
    middle, half = (a + b) / 2, least / 2
    return [middle + half, middle - half] if a >= b else [middle - half, middle + half]


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


def plot_no_detach(reach: float = 6.0) -> Figure:
    """The slope that a fake's logit feels in G's turn, with `detach` and with D's loss left in G's gradient."""
    logit = torch.linspace(-reach, reach, 241)
    d = torch.sigmoid(logit)
    fig, ax = plt.subplots(figsize=(5.6, 2.9))
    for slope, text, style in ((d - 1, "detached: D − 1", "-"), (2 * d - 1, "not detached:\n2D − 1", (0, (5, 2)))):
        ax.plot(logit, slope, color=G_COLOUR, ls=style)
        label_end(ax, logit, slope, text, G_COLOUR)
    reference(ax, 0, "no pull")
    ax.set(
        xlabel="D's logit for a fake", title="the slope that the fake feels", xlim=(-reach, reach), ylim=(-1.05, 1.05)
    )
    return fig


def plot_instruments(history: Mapping[str, Sequence[float]], distances: Mapping[int, float], floor: float) -> Figure:
    """Losses, D's opinion, and the distance to the real images, over one run.

    Args:
        history: columns, as `Film.columns` gives them.
        distances: by step.
        floor: the distance of real images to other real images.
    """
    fig, axes = plt.subplots(1, 3, figsize=(8.4, 2.7))
    for ax, names, chance in (
        (axes[0], (("loss_d", "D", D_COLOUR), ("loss_g", "G", G_COLOUR)), (2 * np.log(2), np.log(2))),
        (axes[1], (("d_real", "D(x)", REAL_COLOUR), ("d_fake", "D(G(z))", G_COLOUR)), (0.5,)),
    ):
        for name, label, colour in names:
            line = smooth(history[name], 40)
            ax.plot(history["step"], history[name], color=colour, alpha=0.15, lw=0.6)
            ax.plot(history["step"], line, color=colour)
            label_end(ax, history["step"], line, label, colour)
        for y in chance:
            reference(ax, y, "")
    axes[0].set(title="losses", ylim=(0, 6))
    axes[1].set(title="D's opinion", ylim=(0, 1))
    axes[2].plot(list(distances), list(distances.values()), "o-", color=G_COLOUR, ms=3)
    axes[2].set(title="distance to real images", ylim=(0, None))
    reference(axes[2], floor, "real against real")
    for ax in axes:
        ax.set_xlabel("step")
        ax.locator_params(axis="x", nbins=4)
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
