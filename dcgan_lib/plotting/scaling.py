"""Figures of training on several processors: how much faster, and what a step waits for."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from dcgan_lib.plotting import REFERENCE, label_end

SKY, PINK, AMBER, INK = "#56B4E9", "#CC79A7", "#E69F00", "#444444"  # no player's, nor the data's
PARTS = {"arithmetic": INK, "launches": SKY, "gradients": AMBER, "statistics": PINK}


def plot_speedups(panels: Mapping[str, Mapping[str, Mapping[int, float]]]) -> Figure:
    """How many times as fast as one, by the number of GPUs: a panel for each title, a line of one colour for each name.

    Args:
        panels: by title and name, the speed-up of each number of GPUs.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(4 * len(panels), 3.2), sharey=True, squeeze=False)
    for ax, (title, lines) in zip(axes[0], panels.items()):
        numbers = sorted({n for line in lines.values() for n in line})
        ax.plot(numbers, numbers, color=REFERENCE, lw=1, ls=(0, (4, 3)))
        label_end(ax, numbers, numbers, "perfect", REFERENCE, dy=8)
        for (name, line), colour in zip(lines.items(), (AMBER, PINK, SKY, INK)):
            ax.plot(list(line), list(line.values()), "o-", ms=3.5, color=colour)
            if ax is axes[0][0]:  # the colours say the rest: further on, lines may end too close to be named
                label_end(ax, list(line), list(line.values()), name, colour)
        ax.set(xscale="log", yscale="log", xlabel="GPUs", title=title)
        ax.set_xticks(numbers, numbers)
        ax.minorticks_off()
    ticks = [0.25, 0.5, *numbers]
    axes[0][0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0][0].set_ylabel("times as fast as one")
    return fig


def plot_parts(steps: Mapping[str, Mapping[str, float]]) -> Figure:
    """What the time of a step goes to, as shares of it: one bar for each name; see `scaling.parts`."""
    height = 0.9 + 0.36 * len(steps)
    fig, ax = plt.subplots(figsize=(7.2, height))
    starts = [0.0] * len(steps)
    for part in next(iter(steps.values())):
        shares = [step[part] / sum(step.values()) for step in steps.values()]
        ax.barh(range(len(steps)), shares, left=starts, height=0.66, color=PARTS[part], label=part)
        starts = [start + share for start, share in zip(starts, shares)]
    for y, step in enumerate(steps.values()):
        ax.annotate(f"{sum(step.values()) * 1e3:.1f} ms", (1, y), xytext=(5, 0), textcoords="offset points",
                    va="center", fontsize=9, color=INK, annotation_clip=False)  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(len(steps) - 0.5, -0.5), xticks=())
    ax.set_yticks(range(len(steps)), list(steps))
    ax.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, fontsize=9)
    return fig
