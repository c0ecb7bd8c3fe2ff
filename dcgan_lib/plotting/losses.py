"""Figures of losses: over D's logit, over the steps of a run, in one form and another."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from dcgan_lib import losses
from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REAL_COLOUR, REFERENCE, label_end, reference

DASHED = (0, (3, 1.5))


def plot_descent(runs: Mapping[str, Tensor], target: float, ax: Axes, title: str = "") -> None:
    """A quantity over training, one line a run; `runs` holds `(steps,)` tensors, solid, dashed, ... in order."""
    ends = sorted(float(run[-1]) for run in runs.values())
    for (name, run), style in zip(runs.items(), ("-", DASHED, (0, (1, 1)))):
        ax.plot(run, color=G_COLOUR, ls=style)
        close = len(ends) > 1 and ends[1] - ends[0] < 0.08 * (max(r.max() for r in runs.values()) + 1e-9)
        dy = (8 if float(run[-1]) == ends[-1] else -8) if close else 0
        label_end(ax, range(len(run)), run, name, G_COLOUR, dy=dy)
    reference(ax, target, "data")
    ax.set_xlabel("step")
    ax.set_title(title)


def plot_stable(naive: Callable[[Tensor], Tensor], stable: Callable[[Tensor], Tensor]) -> Figure:
    """Two ways to write one loss, in float32, for logits from -120 to 120: values (left) and slopes (right)."""
    logits = torch.linspace(-120, 120, 481)
    fig, axes = plt.subplots(1, 2, figsize=(6.2, 2.7))
    for function, colour, width, name in ((stable, G_COLOUR, 5, "softplus"), (naive, D_COLOUR, 1.6, "log of sigmoid")):
        value, slope = function(logits), losses.slope(lambda logit, f=function: f(logit).mean(), logits)
        for ax, curve in zip(axes, (value, slope)):
            ax.plot(logits, curve, color=colour, lw=width, alpha=0.45 if width > 3 else 1, label=name)
    axes[0].set_title("loss")
    axes[1].set_title("slope")
    axes[0].legend()
    for ax in axes:
        ax.set_xlabel("logit")
    return fig


def plot_games() -> Figure:
    """D's two terms and G's loss over D's score, for the four usual games."""
    s = torch.linspace(-4, 4, 321)
    games = {  # the loss's name, and scores of a real and of a fake at which D's term is 0
        "cross-entropy": ("non_saturating", 200.0, -200.0),
        "least squares": ("least_squares", 1.0, 0.0),
        "Wasserstein": ("wasserstein", 0.0, 0.0),
        "hinge": ("hinge", 1.0, -1.0),
    }
    fig, axes = plt.subplots(1, 4, figsize=(7.2, 2.5), sharey=True)
    for ax, (title, (name, real, fake)) in zip(axes, games.items()):
        d, g = losses.LOSSES[name]
        real, fake = torch.tensor([real]), torch.tensor([fake])
        ax.plot(s, _at_each(lambda score, d=d, fake=fake: d(score, fake), s), color=REAL_COLOUR, lw=4, alpha=0.5)
        ax.plot(s, _at_each(lambda score, d=d, real=real: d(real, score), s), color=D_COLOUR)
        ax.plot(s, _at_each(g, s), color=G_COLOUR, ls=DASHED)
        ax.set_title(title)
        ax.set_xlabel("score")
        ax.axhline(0, color=REFERENCE, lw=0.6, zorder=0)
    axes[0].set_ylim(-4, 6)
    for y, text, colour in ((0.93, "D on data", REAL_COLOUR), (0.83, "D on fakes", D_COLOUR), (0.73, "G", G_COLOUR)):
        axes[2].text(0.5, y, text, color=colour, transform=axes[2].transAxes, ha="center")
    return fig


def _at_each(loss: Callable[[Tensor], Tensor], scores: Tensor) -> Tensor:
    """The loss of a batch of one, for every score `(n,)`."""
    return torch.stack([loss(score[None]) for score in scores])
