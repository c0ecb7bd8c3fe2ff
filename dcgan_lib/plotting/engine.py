"""Figures of the engine: what each trick gives, what a step does, what a number keeps, who waits for whom."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dcgan_lib.cost import Cost
from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REFERENCE
from dcgan_lib.plotting.speed import COLOURS
from dcgan_lib.plotting.table import Table

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
INK, FAINT = "#444444", "#d8d8d8"


def recorded(name: str) -> dict | None:
    """What a benchmark wrote, `benchmarks/results/<name>.json`; None where it has not been run yet."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def case_name(case: Mapping) -> str:
    """Of one case of `step.json`, as a reader would say it."""
    threads = f"{case['threads']} thread" + ("s" if case["threads"] > 1 else "")
    return f"{case['image_size']} × {case['image_size']}, {threads}"


def plot_tricks(case: Mapping, upto: int | None = None) -> Figure:
    """Milliseconds of a step in every form, against the least that its multiply-adds need.

    Args:
        case: one of `recorded("step")["cases"]`.
        upto: how many forms are shown as taken; the others stay grey. All of them when None.
    """
    rows, texts = case["rows"], []
    upto = len(rows) if upto is None else upto
    fig = plt.figure(figsize=(7.2, 0.6 + 0.33 * len(rows)), layout="none")
    ax = fig.add_axes((0.37, 0.5 / (0.6 + 0.33 * len(rows)), 0.5, 1 - 0.85 / (0.6 + 0.33 * len(rows))))
    for y, row in enumerate(rows):
        taken = y < upto
        ax.barh(y, row["wall_ms"], color=COLOURS[row["precision"]] if taken else FAINT, height=0.68)
        ax.plot([row["floor_ms"]] * 2, (y - 0.34, y + 0.34), color=INK if taken else REFERENCE, lw=1.8)
        texts.append(f"{row['wall_ms']:,.0f} ms   × {row['x']:.2f}" if taken else "")
    for y, (row, text) in enumerate(zip(rows, texts)):
        ax.annotate(text, (row["wall_ms"], y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    ax.set(xlim=(0, 1.28 * max(row["wall_ms"] for row in rows)), ylim=(len(rows) - 0.5, -0.5), xlabel="ms a step")
    ax.set_yticks(range(len(rows)), [row["form"] for row in rows], fontsize=9)
    for y, label in enumerate(ax.get_yticklabels()):
        label.set_color(INK if y < upto else "#999999")
    ax.set_title(f"batch {case['batch']}; the mark in each bar: the floor", fontsize=10)
    plt.close(fig)
    return fig


def plot_passes(passes: Mapping[str, tuple[str, Sequence[tuple[str, float]]]]) -> Figure:
    """The passes of one step as bars, in the order of the step.

    Args:
        passes: by name, whose network it is ("G" or "D") and its parts, as (what, multiply-adds in millions). A
            part called "thrown away" is hatched.
    """
    fig, ax = plt.subplots(figsize=(7.2, 0.5 + 0.42 * len(passes)))
    for y, (network, parts) in enumerate(passes.values()):
        start, colour = 0.0, {"G": G_COLOUR, "D": D_COLOUR}[network]
        for i, (what, size) in enumerate(parts):
            lost = what == "thrown away"
            ax.barh(y, size, left=start, height=0.66, color="white" if lost else colour, edgecolor=colour if lost else
                    "white", hatch="////" if lost else None, alpha=1 if lost else 1 - 0.22 * i)  # fmt: skip
            ax.text(start + size / 2, y, what, ha="center", va="center", fontsize=8, color=INK if lost else "white",
                    bbox={"color": "white", "pad": 1} if lost else None)  # fmt: skip
            start += size
    ax.set_yticks(range(len(passes)), list(passes))
    ax.invert_yaxis()
    ax.set_xlabel("multiply-adds an image, millions")
    return fig


def plot_bits(formats: Mapping[str, tuple[int, int]]) -> Figure:
    """Each format's bits in a row: sign, exponent, fraction.

    Args:
        formats: by name, the bits of the exponent and of the fraction.
    """
    fig, ax = plt.subplots(figsize=(7.2, 0.3 + 0.5 * len(formats)))
    colours = {"sign": INK, "exponent": "#E69F00", "fraction": "#56B4E9"}  # nobody's role
    for y, (name, (exponent, fraction)) in enumerate(formats.items()):
        kinds = ["sign"] + ["exponent"] * exponent + ["fraction"] * fraction
        for x, kind in enumerate(kinds):
            ax.add_patch(Rectangle((x, y), 0.88, 0.62, color=colours[kind]))
        ax.text(-0.6, y + 0.31, name, ha="right", va="center")
        ax.text(len(kinds) + 0.3, y + 0.31, f"{exponent} + {fraction}", va="center", color=INK)
    for x, kind in ((0, "sign"), (2.0, "exponent"), (11, "fraction")):
        ax.text(x, -0.35, kind, color=colours[kind], fontsize=9)
    ax.set(xlim=(-6, 37), ylim=(len(formats), -0.8))
    ax.set_axis_off()
    return fig


ASSUMED_PEAK = 7e14  # operations a second of a large GPU in bfloat16, for an estimate
WAYS = ("one by one", "reading back", "one graph")
LAUNCH, REPLAY, KERNELS = 7.0, 1.0, 12  # µs to ask for one kernel; between two of a graph; kernels that are drawn


def launches(work: float, way: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """When a processor asks and when a GPU works, as intervals of microseconds, in a model of twelve equal kernels.

    Args:
        work: µs that each kernel computes.
        way: "one by one"; "reading back", where a number is read after every fourth kernel, and the processor waits
            for it; "one graph", asked for once.
    """
    asked, worked, now, free = [], [], 0.0, 0.0
    for i in range(KERNELS):
        if way != "one graph" or i == 0:
            asked.append((now, now + LAUNCH))
            now += LAUNCH
        start = max(now, free + (REPLAY if way == "one graph" and i else 0.0))
        free = start + work
        worked.append((start, free))
        if way == "reading back" and i % 4 == 3:
            now = max(now, free)
    return asked, worked


def plot_launches(work: float, way: str) -> Figure:
    """The two lanes of `launches`, on the time axis of the slowest way."""
    asked, worked = launches(work, way)
    end = launches(work, "reading back")[1][-1][1]
    fig = plt.figure(figsize=(7.2, 1.8), layout="none")
    ax = fig.add_axes((0.13, 0.28, 0.84, 0.52))
    for y, spans, colour in ((0, asked, INK), (1, worked, "#E69F00")):
        ax.barh([y] * len(spans), [b - a for a, b in spans], left=[a for a, _ in spans], height=0.55, color=colour,
                edgecolor="white", lw=1)  # fmt: skip
    busy = sum(b - a for a, b in worked) / worked[-1][1]
    ax.plot([worked[-1][1]] * 2, (-0.45, 1.45), color=REFERENCE, lw=1, ls=(0, (4, 3)))
    ax.set(xlim=(0, end * 1.02), ylim=(1.5, -0.5), xlabel="µs")
    ax.set_yticks((0, 1), ("processor", "GPU"))
    ax.set_title(f"done after {worked[-1][1]:.0f} µs; the GPU works {busy:.0%} of the time", fontsize=10)
    plt.close(fig)
    return fig


def plot_growth(growth: Mapping[int, float], flips: Mapping[int, int], unit: str = "learning rates") -> Figure:
    """How far two runs are apart after each step, on a logarithmic axis, and where their first unit differs.

    Args:
        growth: the distance by step; steps at which the runs are equal are left out.
        flips: units that are on in one run and off in the other, by step.
        unit: of the distance.
    """
    fig, ax = plt.subplots(figsize=(6.4, 2.8))
    seen = {step: value for step, value in growth.items() if value > 0}
    ax.plot(list(seen), list(seen.values()), color=INK)
    first = next((step for step, count in flips.items() if count), None)
    if first is not None:
        units = "a unit is" if flips[first] == 1 else f"{flips[first]} units are"
        ax.axvline(first, color=REFERENCE, lw=1, ls=(0, (4, 3)), zorder=0)
        ax.annotate(f"{units} on here and off there", (first, 0.04), xycoords=("data", "axes fraction"), xytext=(5, 0),
                    textcoords="offset points", color=REFERENCE, fontsize=9)  # fmt: skip
    ax.set(yscale="log", xlabel="step", ylabel=unit)
    return fig


def plot_pairs(record: Mapping) -> Figure:
    """bf16 against fp32: each seed's pair of distances at every moment (left), mean differences with intervals (right).

    Args:
        record: `recorded("precision")`.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.0), width_ratios=(1.6, 1))
    scores = {(r["precision"], r["seed"]): r["distance"] for r in record["runs"]}
    seeds = sorted({s for _, s in scores if ("fp32", s) in scores and ("bf16", s) in scores})
    steps = [row["step"] for row in record["comparison"]]
    for i, step in enumerate(steps):
        for s in seeds:
            pair = [scores[p, s][str(step)] for p in ("fp32", "bf16")]
            left.plot((i - 0.16, i + 0.16), pair, color=FAINT, lw=1, zorder=0)
            left.scatter((i - 0.16, i + 0.16), pair, color=list(COLOURS.values()), s=18)
    left.set_xticks(range(len(steps)), [f"step {s:,}" for s in steps])
    left.set(ylim=(0, None), title="Fréchet distance: fp32 and bf16, by seed")
    for i, row in enumerate(record["comparison"]):
        if gap := row.get("difference"):
            right.plot((i, i), (gap["low"], gap["high"]), color=COLOURS["bf16"], lw=2.4)
            right.scatter([i], [gap["mean"]], color=COLOURS["bf16"], s=36, zorder=3)
    right.axhline(0, color=REFERENCE, lw=1, ls=(0, (4, 3)))
    right.set_xticks(range(len(steps)), [f"{s:,}" for s in steps])
    right.set(xlim=(-0.5, len(steps) - 0.5), title="bf16 minus fp32, 95 %")
    return fig


def verdict(row: Mapping) -> str:
    """What an interval allows to say, in one or two sentences.

    Args:
        row: of `recorded("precision")["comparison"]`.
    """
    if "difference" not in row:
        return f"Step {row['step']:,}: {row['seeds']} seed, no interval. Nothing can be said yet."
    gap, seeds = row["difference"], row["seeds"]
    seen = (
        f"Step {row['step']:,}, {seeds} seeds: bf16 minus fp32 is {_signed(gap['mean'])}, "
        f"with 95 % confidence between {_signed(gap['low'])} and {_signed(gap['high'])}."
    )
    if gap["low"] > 0:
        return f"{seen} The interval lies above 0: bf16 was worse."
    if gap["high"] < 0:
        return f"{seen} The interval lies below 0: bf16 was better."
    share = gap["high"] / row["fp32"]["mean"]
    return (
        f"{seen} It contains 0: no difference was found, and one of {share:.0%} to its disadvantage is not ruled out."
    )


def gpu_or_estimate(record: Mapping | None, counted: Cost, batch: int, operations: int) -> tuple[str, Table]:
    """What a GPU was measured to do, or a rough estimate that says that it is one: a sentence and a table.

    Args:
        record: `recorded("gpu")`.
        counted: of the networks whose step is estimated.
        batch: images in that step.
        operations: that a step asks for.
    """
    if record and "gpu" in record["machine"]:
        case = record["steps"][0]
        text = (
            f"Measured on {record['machine']['gpu']}, {record['machine']['date']}: {case['image_size']} × "
            f"{case['image_size']}, width {case['width']}, batch {case['batch']} (`python benchmarks/gpu.py`)."
        )
        rows = [[row["form"], row["wall_ms"], row["x"], row["of_the_floor"]] for row in case["rows"]]
        return text, Table(["form", "ms", "×", "share of the floor"], rows, 2)
    text = (
        "**No GPU has measured this yet.** What follows is an *estimate*, and no more, from two assumptions: "
        f"{LAUNCH:g} µs to ask for an operation, and products at {ASSUMED_PEAK / 1e12:.0f} TFLOP/s in bfloat16. "
        "`python benchmarks/gpu.py` measures it in some minutes, and its file takes the place of this table."
    )
    rows = [
        ["to ask for all operations, one by one", operations * LAUNCH / 1e3],
        ["the multiply-adds at that peak", counted.floor(batch, ASSUMED_PEAK) * 1e3],
    ]
    return text, Table([f"estimate, a step of {batch} images", "ms"], rows, 2)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
