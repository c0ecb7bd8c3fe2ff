"""Figures of what is not to be lost: how a file is written, what a kill leaves, when an alarm rings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dcgan_lib.plotting import REFERENCE, label_end
from dcgan_lib.plotting.table import Table

SKY, PINK, AMBER, INK, LOSS = "#56B4E9", "#CC79A7", "#E69F00", "#333333", "#B3261E"  # no player's, nor the data's
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
    ax.text(17, 2.2, found, fontsize=10, color=LOSS if lost else INK, weight="bold")
    plt.close(fig)
    return fig


def _file(ax: Axes, x: float, kind: str, share: float, name: str) -> None:
    colour = {"old": "#999999", "new": SKY}[kind]
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
    for (name, points), colour in zip(looks.items(), (SKY, PINK, AMBER, INK)):
        steps, values = zip(*((s, v) for s, v in points if v is not None))
        ax.plot(steps, values, color=colour, marker="o", ms=3)
        label_end(ax, steps, values, name, colour)
    ax.axvspan(0, begins, color="#f2f2f2", zorder=-1)
    ax.set(ylim=(0, None), xlim=(0, None), xlabel="step", ylabel="variety, real images = 1")
    ax.axhline(alike, color=REFERENCE, lw=1, ls=(0, (4, 3)), zorder=0)
    ax.annotate("alarm below this", (0.66, alike), xycoords=("axes fraction", "data"), xytext=(0, 3),
                textcoords="offset points", color=REFERENCE, fontsize=9, ha="right")  # fmt: skip
    return fig


def kills_table(record: Mapping | None) -> Table:
    """What the kill test found; `record`: `recorded("kills")`."""
    if record is None:
        return _owed("kill_test")
    rows = [[f"killed {how}", count] for how, count in record["by"].items()]
    rows += [
        ["kills in all", record["kills"]],
        ["runs that ended otherwise than the undisturbed one", len(record["failures"])],
        ["most steps made again after a kill", record["most_steps_lost"]],
        ["steps between two checkpoints", record["steps_between_saves"]],
    ]
    return Table(["the kill test", ""], rows)


def alarm_table(record: Mapping | None) -> Table:
    """How often each alarm rang in healthy runs and in failing ones; `record`: `recorded("collapse_alarm")`."""
    if record is None or "results" not in record:
        return _owed("collapse_alarm")
    heads = ["alarm", "healthy runs", "with a false alarm", "rate, at most", "failing runs", "told"]
    rows = []
    for name in ("alike", "won"):
        seen = record["results"]["check"][name]
        false = [seen["healthy_runs"], seen["false_runs"], f"{seen['rate_a_run_at_most']:.0%}"]
        rows.append([name, *false, seen["failing_runs"], seen["found"]])
    return Table(heads, rows)


def _owed(script: str) -> Table:
    return Table(["still owed", "to be had by"], [["not measured yet", f"python benchmarks/{script}.py"]])
