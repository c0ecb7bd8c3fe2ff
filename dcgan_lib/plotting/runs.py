"""Several runs in one figure."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_lib.plotting import reference, smooth
from dcgan_lib.training.runs import Run

PANELS = (("loss_d", "loss of D"), ("loss_g", "loss of G"), ("d_real", "D(x)"), ("d_fake", "D(G(z))"))
COLOURS = ("#444444", "#CC79A7", "#56B4E9", "#E69F00")  # none of a role's: a run is neither G nor D
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)))  # a colour comes back after four runs, with other dashes


def plot_runs(runs: Sequence[Run]) -> Figure:
    """Losses and D's opinion of several runs by step, each run in one colour, named at the ends of its lines.

    Lines are trailing means over a 25th of a run; of up to four runs, the single numbers are drawn pale behind them.

    Raises:
        ValueError: none of the runs has written a number yet.
    """
    runs = [run for run in runs if run.entries]
    if not runs:
        raise ValueError("none of these runs has made a step: there is nothing to draw yet")
    fig, axes = plt.subplots(2, 2, figsize=(9.4, 5.6), sharex=True)
    for ax, (name, title) in zip(axes.flat, PANELS):
        ends = []
        for i, run in enumerate(runs):
            known = [(e["step"], e[name]) for e in run.entries if e.get(name) is not None]
            steps, values = np.array(known, dtype=float).reshape(-1, 2).T
            look = {"color": COLOURS[i % len(COLOURS)], "ls": DASHES[i // len(COLOURS) % len(DASHES)]}
            line = smooth(values, 1 + len(values) // 25)
            if len(runs) <= len(COLOURS):
                ax.plot(steps, values, color=look["color"], alpha=0.15, lw=0.6)
            ax.plot(steps, line, **look)
            ends.append((steps[-1], line[-1], run.name, look["color"]))
        ax.set_title(title)
        if name in ("d_real", "d_fake"):
            ax.set_ylim(0, 1)
            reference(ax, 0.5, "chance")
        else:
            ax.set_ylim(min(0.0, ax.get_ylim()[0]), _top(runs, name, ax))
        if ax in axes[:, 1]:
            _label(ax, ends)
    for ax in axes[1]:
        ax.set_xlabel("step")
    return fig


def _top(runs: Sequence[Run], name: str, ax: Axes) -> float:
    """Where an axis of losses ends: a few first or wild steps must not flatten all that matters."""
    values = [entry[name] for run in runs for entry in run.entries if entry.get(name) is not None]
    return min(ax.get_ylim()[1], 1.3 * float(np.quantile(values, 0.98)) + 0.1)


def _label(ax: Axes, ends: Sequence[tuple[float, float, str, str]], points: float = 12) -> None:
    """Names right of the axes, at the heights of their lines or as near as they do not overlap."""
    low, high = ax.get_ylim()
    height = ax.get_position().height * ax.figure.get_figheight() * 72 / points  # lines of text that fit
    order = sorted(ends, key=lambda end: end[1])
    for (_, _, name, colour), y in zip(order, spread([(y - low) / (high - low) for _, y, _, _ in order], 1 / height)):
        ax.annotate(name, (1, y), xycoords="axes fraction", xytext=(6, 0), textcoords="offset points", color=colour,
                    va="center", fontsize=9, annotation_clip=False)  # fmt: skip


def spread(heights: Sequence[float], least: float) -> list[float]:
    """Sorted heights in [0, 1], moved up and down as little as leaves `least` between neighbours, if there is room."""
    least = min(least, 1 / max(len(heights) - 1, 1))
    out = [min(max(y, 0.0), 1.0) for y in heights]
    for i in range(1, len(out)):
        out[i] = max(out[i], out[i - 1] + least)
    if out and out[-1] > 1:
        out[-1] = 1.0
        for i in range(len(out) - 2, -1, -1):
            out[i] = min(out[i], out[i + 1] - least)
    return out
