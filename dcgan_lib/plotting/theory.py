"""Figures of the theory: densities on a line, the best discriminator, the value of the game."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from dcgan_lib import losses, theory
from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REAL_COLOUR, REFERENCE, label_end, reference

LOG2 = math.log(2)
X = theory.line(-8, 16, 3000)
DASHED = (0, (3, 1.5))


def plot_densities(ax: Axes, x: Tensor, p_data: Tensor, p_g: Tensor, labels: bool = True) -> None:
    """p_data and p_g as filled curves in the colours of their roles."""
    for density, colour, name, side in ((p_data, REAL_COLOUR, "data", "right"), (p_g, G_COLOUR, "fakes", "left")):
        ax.fill_between(x, density, color=colour, alpha=0.18, lw=0)
        ax.plot(x, density, color=colour, lw=1.4)
        if labels:
            top = int(density.argmax())
            ax.annotate(name, (float(x[top]), float(density[top])), textcoords="offset points", color=colour,
                        xytext=(-2 if side == "right" else 2, 5), ha=side)  # fmt: skip
    ax.set_yticks([])


def plot_optimal_d(ax: Axes, x: Tensor, p_data: Tensor, p_g: Tensor) -> None:
    """D* over the densities, on an axis of its own from 0 to 1; a gap where there is neither data nor fake."""
    d = theory.optimal_d(p_data, p_g)
    right = ax.twinx()
    right.plot(x, d, color=D_COLOUR)
    right.set_ylim(-0.03, 1.25)
    right.set_yticks([0, 0.5, 1])
    right.spines["right"].set_visible(True)
    right.tick_params(axis="y", colors=D_COLOUR)
    right.set_ylabel("D*(x)", color=D_COLOUR)


def _pulls() -> dict[str, Tensor]:
    """G's two gradients for two unit Gaussians at distances 0 to 8."""
    shift, p = torch.linspace(0, 8, 81, dtype=torch.float64), theory.normal(X)
    rows = []
    for s in shift.tolist():
        q = theory.normal(X, s)
        logit = theory.optimal_logit(p, q)
        pulls = [
            theory.location_gradient(lambda logit, loss=loss: losses.slope(loss, logit), logit, q, X)
            for loss in (losses.g_saturating, losses.g_non_saturating)
        ]
        rows.append(torch.stack(pulls))
    saturating, non_saturating = torch.stack(rows).T
    return {"shift": shift, "saturating": saturating, "non_saturating": non_saturating}


def plot_pointwise(weights: Sequence[tuple[float, float]]) -> Figure:
    """a log y + b log(1 - y) over y for each (a, b), with its maximum at a / (a + b)."""
    fig, ax = plt.subplots(figsize=(6.0, 3.0))
    y = torch.linspace(0.002, 0.998, 500, dtype=torch.float64)
    for (a, b), style in zip(weights, ("-", DASHED, (0, (1, 1)))):
        f = a * y.log() + b * (1 - y).log()
        ax.plot(y, f, color=D_COLOUR, ls=style)
        best = a / (a + b)
        top = a * math.log(best) + b * math.log(1 - best)
        ax.plot(best, top, "o", color=D_COLOUR)
        ax.annotate(f"a = {a:g}, b = {b:g}\nbest y = {best:g}", (best, top), xytext=(0, 8), ha="center",
                    textcoords="offset points", fontsize=9)  # fmt: skip
    ax.set_ylim(-2.6, 0.35)
    ax.set_xlabel("y, what D says at this x")
    ax.set_ylabel("a log y + b log(1 − y)")
    return fig


def plot_pairs(pairs: Mapping[str, tuple[Tensor, Tensor]], x: Tensor) -> Figure:
    """For each named pair of densities: both, and D* between them, with the JSD in the title."""
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(6.8 if columns > 1 else 5, 2.1 * rows), squeeze=False)
    for ax, (name, (p_data, p_g)) in zip(axes.flat, pairs.items()):
        plot_densities(ax, x, p_data, p_g, labels=False)
        top = torch.maximum(p_data, p_g)
        shown = x[top > 1e-4 * top.max()]
        ax.set_xlim(float(shown[0]) - 0.5, float(shown[-1]) + 0.5)
        ax.set_ylim(0, 1.25 * float(top.max()))
        plot_optimal_d(ax, x, p_data, p_g)
        ax.set_title(f"{name}\nJSD {theory.jsd(p_data, p_g, x):.3f}", fontsize=10)
    for ax in fig.axes:
        ax.set_ylabel("")
    return fig


def plot_supports(noises: Sequence[float], width: float = 1.0) -> Figure:
    """JSD of two uniform densities over the distance between them, for each standard deviation of noise on both."""
    x = theory.line(-14, 14, 5600)
    shift = torch.linspace(-4, 4, 161, dtype=torch.float64)
    fig, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.9), width_ratios=[1, 1.25])
    for noise, style in zip(noises, ((0, (1, 1)), DASHED, "-")):
        p = theory.uniform(x, 0, width, noise)
        left.plot(x, p, color=REAL_COLOUR, ls=style)
        left.plot(x, theory.uniform(x, 2.5, 2.5 + width, noise), color=G_COLOUR, ls=style)
        curve = torch.stack([theory.jsd(p, theory.uniform(x, s, s + width, noise), x) for s in shift.tolist()])
        right.plot(shift, curve, color=D_COLOUR, ls=style)
        if noise == 0:
            right.text(0, 0.6, "noise 0", ha="center", color=D_COLOUR, fontsize=9)
        else:
            height = 0.3 if noise == max(noises) else 0.4
            right.text(float(shift[(curve > height) & (shift > 0)][0]) + 0.15, height, f"noise {noise:g}",
                       color=D_COLOUR, fontsize=9)  # fmt: skip
    left.set_xlim(-3, 6)
    left.set_yticks([])
    left.set_title("data and fakes, 2.5 apart")
    reference(right, LOG2, "log 2")
    right.set_ylim(0, 0.8)
    right.set_title("JSD")
    right.set_xlabel("distance")
    return fig


def plot_gradients() -> Figure:
    """The pulls of both losses on G for two Gaussians, and the line that they add up to."""
    curves = _pulls()
    fig, axes = plt.subplots(1, 2, figsize=(6.6, 2.8))
    shift, total = curves["shift"], curves["saturating"] + curves["non_saturating"]
    lines = (
        (total, REFERENCE, "-", "sum: slope of KL"),
        (curves["non_saturating"], G_COLOUR, DASHED, "non-saturating"),
        (curves["saturating"], G_COLOUR, "-", "minimax"),
    )
    for ax in axes:
        for curve, colour, style, _ in lines:
            ax.plot(shift[1:], curve[1:], color=colour, ls=style)
        ax.set_xlabel("distance")
    axes[0].set_title("slope by G's location")
    axes[1].set_title("the same, logarithmic")
    axes[1].set_yscale("log")
    for (curve, colour, _, name), dy in zip(lines, (6, -6, 0)):
        label_end(axes[1], shift, curve, name, colour, dy=dy)
    return fig


def plot_smoothing(shift: float = 4.0) -> Figure:
    """The best logit between two Gaussians with hard targets, one-sided and two-sided smoothing."""
    x = theory.line(-6, 10, 1600)
    p, q = theory.normal(x), theory.normal(x, shift)
    fig, ax = plt.subplots(figsize=(6.0, 3.2))
    cases = ((1, 0, "targets 1 and 0", "-", (0.0, 9.5)), (0.9, 0, "0.9 and 0, one-sided", DASHED, (-4.6, 3.4)),
             (0.9, 0.1, "0.9 and 0.1, two-sided", (0, (1, 1)), (3.1, -1.0)))  # fmt: skip
    for a, b, name, style, place in cases:
        ax.plot(x, theory.optimal_logit(p, q, a, b), color=D_COLOUR, ls=style)
        ax.text(*place, name, color=D_COLOUR)
    ax.set_xlim(-5, 6.2)
    ax.set_ylim(-22, 12)
    base = ax.inset_axes([0, 0, 1, 0.22])
    base.set_axis_off()
    base.set_xlim(-5, 6.2)
    plot_densities(base, x, p, q)
    ax.set_ylabel("D's best logit")
    ax.set_xlabel("x")
    return fig


def plot_two_paths(far: float = 6.0) -> Figure:
    """C(G) from the same start to the same end: along mixtures of densities, and along a moving Gaussian."""
    t = torch.linspace(0, 1, 61, dtype=torch.float64)
    p, start = theory.normal(X), theory.normal(X, far)
    mix = torch.stack([theory.best_value(p, (1 - s) * start + s * p, X) for s in t.tolist()])
    move = torch.stack([theory.best_value(p, theory.normal(X, far * (1 - s)), X) for s in t.tolist()])
    fig, axes = plt.subplot_mosaic([["mix", "value"], ["move", "value"]], figsize=(6.6, 3.3), width_ratios=[1, 1.3])
    for s, alpha in ((0.0, 0.35), (0.35, 0.6), (0.7, 1.0)):
        axes["mix"].plot(X, (1 - s) * start + s * p, color=G_COLOUR, alpha=alpha)
        axes["move"].plot(X, theory.normal(X, far * (1 - s)), color=G_COLOUR, alpha=alpha)
    for name, title in (("mix", "reweighting the density"), ("move", "moving the samples")):
        axes[name].set_title(title, fontsize=10)
        axes[name].fill_between(X, p, color=REAL_COLOUR, alpha=0.2, lw=0)
        axes[name].set_xlim(-4, 10)
        axes[name].set_yticks([])
    ax = axes["value"]
    ax.plot(t, mix, color=G_COLOUR, ls=DASHED)
    ax.plot(t, move, color=G_COLOUR)
    ax.annotate("reweighting: convex", (0.0, -1.2), xytext=(2, 0), textcoords="offset points",
                color=G_COLOUR)  # fmt: skip
    ax.annotate("moving: flat, then steep", (0.5, float(move[30])), xytext=(6, 8), textcoords="offset points",
                color=G_COLOUR)  # fmt: skip
    reference(ax, -math.log(4), "−log 4")
    ax.set_ylim(-1.5, 0.15)
    ax.set_title("C(G)")
    ax.set_xlabel("way from the start to the data")
    return fig
