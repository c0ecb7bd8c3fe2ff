"""Figures of what is not to be lost: how a file is written, what a kill leaves, when an alarm rings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REAL_COLOUR, label_end, reference

OLD, NEW, TEMPORARY = "run.ckpt", "run.ckpt", ".run.ckpt.part"
PHASES = {
    "over the old one": (
        ("before", {OLD: ("old", 1.0)}, "the old state"),
        ("opened: the old bytes are gone", {OLD: ("new", 0.0)}, "an empty file"),
        ("a third is written", {OLD: ("new", 0.33)}, "a third of the new state"),
        ("two thirds are written", {OLD: ("new", 0.67)}, "two thirds of the new state"),
        ("all is written", {OLD: ("new", 1.0)}, "the new state, if the power stays on"),
        ("flushed to the disk", {OLD: ("new", 1.0)}, "the new state"),
    ),
    "beside it, then renamed": (
        ("before", {OLD: ("old", 1.0)}, "the old state"),
        ("another file is begun", {OLD: ("old", 1.0), TEMPORARY: ("new", 0.0)}, "the old state"),
        ("half of it is written", {OLD: ("old", 1.0), TEMPORARY: ("new", 0.5)}, "the old state"),
        ("flushed and read back", {OLD: ("old", 1.0), TEMPORARY: ("new", 1.0)}, "the old state"),
        ("renamed over the old one", {NEW: ("new", 1.0)}, "the new state; after a power cut, the old or the new"),
        ("the folder is flushed", {NEW: ("new", 1.0)}, "the new state"),
    ),
}
"""How to write a file, phase by phase: what happened, the folder's files with kind and share, what a kill leaves."""


def plot_phase(way: str, phase: int) -> Figure:
    """The folder in one phase (1 is the first) of writing a file, and what a kill in it leaves."""
    happened, files, found = PHASES[way][phase - 1]
    fig = plt.figure(figsize=(6.4, 2.3), layout="none")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 64), ylim=(0, 23))
    ax.set_axis_off()
    ax.text(2, 20.2, f"{phase}. {happened}", fontsize=11, color="#222222")
    ax.add_patch(Rectangle((2, 5.4), 60, 12.6, facecolor="#f5f5f5", edgecolor="#bbbbbb"))
    for x, (name, (kind, share)) in zip((12, 40), files.items()):
        _file(ax, x, kind, share, name)
    lost = "empty" in found or "third" in found
    ax.text(2, 2.2, "killed now, you find:", fontsize=10, color="#555555")
    ax.text(17, 2.2, found, fontsize=10, color=D_COLOUR if lost else REAL_COLOUR, weight="bold")
    plt.close(fig)
    return fig


def _file(ax: Axes, x: float, kind: str, share: float, name: str) -> None:
    colour = {"old": "#999999", "new": G_COLOUR}[kind]
    ax.add_patch(Rectangle((x, 8.8), 8, 8 * share, facecolor=colour, edgecolor="none"))
    ax.add_patch(Rectangle((x, 8.8), 8, 8, facecolor="none", edgecolor=colour, lw=1.5))
    text = kind if share == 1 else f"{share:.0%}"
    ax.text(x + 4, 12.8 if share == 1 else 15.4, text, ha="center", va="center", fontsize=9,
            color="white" if share == 1 else colour)  # fmt: skip
    ax.text(x + 4, 6.3, name, ha="center", fontsize=9, color="#333333")


def plot_alarm(looks: Mapping[str, Sequence[tuple[int, float | None]]], alike: float, begins: int) -> Figure:
    """Variety of the samples over some runs, with the bound below which an alarm rings.

    Args:
        looks: by name of the run, (step, variety) of each look.
        alike: the bound.
        begins: the step from which looks are judged.
    """
    fig, ax = plt.subplots(figsize=(7.2, 3.0))
    colours = (REAL_COLOUR, D_COLOUR, G_COLOUR, "#CC79A7", "#444444")
    for (name, points), colour in zip(looks.items(), colours):
        steps, values = zip(*((s, v) for s, v in points if v is not None))
        ax.plot(steps, values, color=colour, marker="o", ms=3)
        label_end(ax, steps, values, name, colour)
    ax.axvspan(0, begins, color="#f2f2f2", zorder=-1)
    ax.set(ylim=(0, None), xlim=(0, None), xlabel="step", ylabel="variety, real images = 1")
    reference(ax, alike, "alarm below this")
    return fig
