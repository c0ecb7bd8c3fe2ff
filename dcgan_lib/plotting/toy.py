"""Figures of small GANs: densities, D and the map of G on a line; samples and D as colour on a plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor, nn

from dcgan_lib import toy
from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REAL_COLOUR, REFERENCE, label_end, reference, smooth

EDGES = torch.linspace(-4.5, 4.5, 91)
LEVELS = (0, 0.05, 0.15, 0.3, 0.42, 0.48, 0.52, 0.58, 0.7, 0.85, 0.95, 1)
VERDICT = LinearSegmentedColormap.from_list("verdict", ["#8fc3e6", "#ffffff", "#8ed3bb"])
"""D as colour: pale blue where it says fake, white at 1/2, pale green where it says real. Finer near 1/2."""


def centres(edges: Tensor) -> Tensor:
    """The middle of each bin, `(bins, 1)`."""
    return ((edges[1:] + edges[:-1]) / 2)[:, None]


def plot_samples_and_density(data: toy.Mixture, n: int = 60, seed: int = 0) -> Figure:
    """The density of one-dimensional data above, and below it the few points that one is given."""
    x = torch.linspace(-4.5, 4.5, 400)[:, None]
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 2.7), sharex=True, height_ratios=(5, 1))
    density = data.density(x)
    top.fill_between(x[:, 0], density, color=REAL_COLOUR, alpha=0.18, lw=0)
    top.plot(x[:, 0], density, color=REAL_COLOUR)
    top.annotate("p_data: nobody gives us this", (0.01, 0.86), xycoords="axes fraction", color=REAL_COLOUR)
    top.set(yticks=[], ylim=(0, None))
    points = data.sample(n, torch.Generator().manual_seed(seed))
    bottom.plot(points[:, 0], torch.zeros(n), "|", color=REAL_COLOUR, ms=14, mew=1)
    bottom.set(yticks=[], xlabel="x", ylabel="samples", xlim=(-4.5, 4.5))
    return fig


def _rays(ax: Axes, G: nn.Module, n: int = 41) -> None:
    """Lines from evenly probable z (below) to their G(z) (above)."""
    z = torch.special.ndtri((torch.arange(n) + 0.5) / n)
    with torch.no_grad():
        x = G(z[:, None]).flatten()
    ax.plot(torch.stack([z, x]).numpy(), [0, 1], color=G_COLOUR, lw=0.7, alpha=0.6)
    ax.set(ylim=(0, 1), yticks=[0, 1], yticklabels=["z", "G(z)"])
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _bars(ax: Axes, mass: Tensor, edges: Tensor = EDGES, label: str = "p_g") -> None:
    density = mass / edges.diff()
    ax.stairs(density.numpy(), edges.numpy(), color=G_COLOUR, fill=True, alpha=0.35)
    ax.annotate(label, (0.99, 0.86), xycoords="axes fraction", color=G_COLOUR, ha="right")


def plot_push(G: nn.Module, samples: int = 4000, seed: int = 0, top: float = 1.0) -> Figure:
    """What G does to z ~ N(0, 1): a histogram of samples, the exact density, and where each z goes."""
    z = torch.randn(samples, 1, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        drawn = toy.histogram(G(z), EDGES)
    exact = toy.pushforward(G, EDGES, 8000) / EDGES.diff()
    fig, (above, rays, below) = plt.subplots(3, 1, figsize=(6.4, 4.2), sharex=True, height_ratios=(4, 3, 2))
    _bars(above, drawn, label="p_g")
    above.plot(centres(EDGES), exact, color=G_COLOUR, lw=1.2)
    above.set(yticks=[], ylim=(0, top))
    _rays(rays, G)
    x = torch.linspace(-4.5, 4.5, 200)
    below.fill_between(x, (-(x**2) / 2).exp(), color=REFERENCE, alpha=0.25, lw=0)
    below.annotate("p_z", (0.99, 0.6), xycoords="axes fraction", color=REFERENCE, ha="right")
    below.set(yticks=[], xlim=(-4.5, 4.5))
    return fig


def plot_line(shot: toy.Snapshot, data: toy.Mixture) -> Figure:
    """A one-dimensional game at one moment: D over the best D, both densities, and the map of G."""
    x, p_data = centres(EDGES), data.density(centres(EDGES))
    mass = toy.pushforward(shot.G, EDGES, 2000)
    fig, (above, middle, below) = plt.subplots(3, 1, figsize=(6.4, 4.8), sharex=True, height_ratios=(4, 5, 3))
    plot_d(above, shot.D, x, p_data, mass / EDGES.diff())
    middle.plot(x, p_data, color=REAL_COLOUR)
    middle.fill_between(x[:, 0], p_data, color=REAL_COLOUR, alpha=0.15, lw=0)
    middle.annotate("p_data", (0.01, 0.86), xycoords="axes fraction", color=REAL_COLOUR)
    _bars(middle, mass)
    middle.set(yticks=[], ylim=(0, 0.8))
    _rays(below, shot.G)
    below.set(xlim=(-4.5, 4.5))
    return fig


def plot_d(ax: Axes, D: nn.Module, x: Tensor, p_data: Tensor, p_g: Tensor) -> None:
    """D(x) and, dashed, the best D, p_data / (p_data + p_g), where there is data or fake to judge."""
    total = p_data + p_g
    best = torch.where(total > 1e-4, p_data / total, torch.nan)
    with torch.no_grad():
        ax.plot(x, D(x).sigmoid(), color=D_COLOUR)
    ax.plot(x, best, color="#222222", lw=1.1, ls=(0, (3, 2)))
    ax.axhline(0.5, color=REFERENCE, lw=0.8, zorder=0)
    ax.annotate("D(x)", (0.01, 0.84), xycoords="axes fraction", color=D_COLOUR)
    ax.annotate("dashed: the best D", (0.99, 0.84), xycoords="axes fraction", color="#222222", ha="right")
    ax.set(ylim=(-0.03, 1.2), yticks=[0, 0.5, 1], xlim=(-4.5, 4.5))


def plot_ratio(D: nn.Module, p_data: Tensor, p_g: Tensor, x: Tensor) -> Figure:
    """D over the true share of real points (left), its logit over the true log-ratio (right)."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.0))
    plot_d(left, D, x, p_data, p_g)
    left.set(xlabel="x", title="the probability")
    with torch.no_grad():
        right.plot(x, D(x), color=D_COLOUR)
    right.plot(x, (p_data / p_g).log(), color="#222222", lw=1.1, ls=(0, (3, 2)))
    right.axhline(0, color=REFERENCE, lw=0.8, zorder=0)
    right.set(ylim=(-8, 8), xlabel="x", title="the logit, over log p_data − log p_g", xlim=(-4.5, 4.5))
    return fig


def plot_judges(judges: Mapping[str, nn.Module], x: Tensor, p_data: Tensor, p_g: Tensor) -> Figure:
    """Several D that were trained on the same two densities, each over the best D."""
    fig, axes = plt.subplots(1, len(judges), figsize=(4.3 * len(judges), 3.0), sharey=True, squeeze=False)
    for ax, (name, D) in zip(axes.flat, judges.items()):
        ax.plot(x, p_data, color=REAL_COLOUR, lw=0.9, alpha=0.7)
        ax.plot(x, p_g, color=G_COLOUR, lw=0.9, alpha=0.7)
        plot_d(ax, D, x, p_data, p_g)
        ax.set(title=name, xlabel="x")
    return fig


def plot_stats(stats: Sequence[toy.ToyStats], at: Sequence[int], wrong: Sequence[float]) -> Figure:
    """Both losses with the values they take at equilibrium (left); the misplaced share of p_g (right)."""
    steps, loss_d, loss_g = (np.array([getattr(s, name) for s in stats]) for name in ("step", "loss_d", "loss_g"))
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 2.9))
    for loss, colour, name in ((loss_d, D_COLOUR, "D"), (loss_g, G_COLOUR, "G")):
        left.plot(steps, loss, color=colour, alpha=0.2, lw=0.7)
        left.plot(steps, smooth(loss), color=colour)
        label_end(left, steps, smooth(loss), name, colour, dy=9)
    reference(left, 2 * np.log(2), "2 log 2")
    reference(left, np.log(2), "log 2")
    left.set(title="losses", xlabel="step", ylim=(0, 2.4))
    right.plot(at, wrong, "o-", color=G_COLOUR, ms=3)
    right.set(title="probability in the wrong place", xlabel="step", ylim=(0, 1))
    return fig


def _plane(ax: Axes, limit: float) -> None:
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), xticks=[], yticks=[], aspect="equal")


def _surface(ax: Axes, D: nn.Module, limit: float, n: int = 70) -> None:
    ticks = torch.linspace(-limit, limit, n)
    points = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), -1).reshape(-1, 2)
    with torch.no_grad():
        d = D(points).sigmoid().reshape(n, n)
    norm = BoundaryNorm(LEVELS, VERDICT.N)
    ax.contourf(ticks.numpy(), ticks.numpy(), d.numpy(), levels=LEVELS, cmap=VERDICT, norm=norm)


def plot_plane(shot: toy.Snapshot, data: toy.Mixture, nz: int = 2, arrows: int = 40, limit: float = 3.2) -> Figure:
    """A two-dimensional game: D as colour, real points green, fakes blue, and where some fakes are pulled."""
    rng = torch.Generator().manual_seed(0)
    real, z = data.sample(300, rng), torch.randn(300, nz, generator=rng)
    with torch.no_grad():
        fake = shot.G(z)
    fig, ax = plt.subplots(figsize=(4.6, 4.6))
    _surface(ax, shot.D, limit)
    ax.scatter(*real.T, s=6, color=REAL_COLOUR, lw=0)
    ax.scatter(*fake.T, s=6, color=G_COLOUR, lw=0)
    if arrows:
        force = toy.pull(shot.D, fake[:arrows])
        length = force.norm(dim=1, keepdim=True)
        shown = force / length.clamp(min=1e-9) * 0.45 * length.clamp(max=3).div(3).sqrt()
        ax.quiver(*fake[:arrows].T, *shown.T, color="#222222", angles="xy", scale_units="xy", scale=1, width=0.005)
    _plane(ax, limit)
    return fig


def plot_map(G: nn.Module, data: toy.Mixture, limit: float = 3.2) -> Figure:
    """A grid drawn on the z plane (left) and where G carries it (right), over the data."""
    ticks, fine = torch.linspace(-2.4, 2.4, 13), torch.linspace(-2.4, 2.4, 300)
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 4.1))
    right.scatter(*data.sample(400, torch.Generator().manual_seed(0)).T, s=5, color=REAL_COLOUR, lw=0)
    colours = plt.get_cmap("plasma")(((ticks + 2.4) / 5.4).numpy())
    for tick, colour in zip(ticks, colours):
        for line in (torch.stack([fine, tick.expand(300)], 1), torch.stack([tick.expand(300), fine], 1)):
            left.plot(*line.T, color=colour, lw=0.9)
            with torch.no_grad():
                right.plot(*G(line).T, color=colour, lw=0.9)
    left.set_title("z")
    right.set_title("G(z)")
    _plane(left, 2.7)
    _plane(right, limit)
    for ax in (left, right):
        ax.spines[["left", "bottom"]].set_visible(False)
    return fig


def plot_games(samples: Tensor, data: toy.Mixture, limit: float = 3.0) -> Figure:
    """Samples `(games, n, 2)` of several games side by side, each with the number of modes that it covers."""
    columns = min(4, len(samples))
    rows = -(-len(samples) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(2.0 * columns, 2.2 * rows), squeeze=False)
    for ax, x in zip(axes.flat, samples):
        ax.scatter(*data.means.T, s=70, facecolors="none", edgecolors=REAL_COLOUR, lw=1.1)
        ax.scatter(*x[:500].T, s=3, color=G_COLOUR, lw=0)
        ax.set_title(f"{toy.coverage(x, data).modes} of {len(data.means)}", fontsize=10)
        _plane(ax, limit)
    for ax in axes.flat[len(samples) :]:
        ax.set_axis_off()
    return fig


def plot_counts(counts: Mapping[str, Sequence[int]], most: int = 8) -> Figure:
    """Modes covered in every game, one row a setting: a dot a game, stacked where games agree."""
    fig, ax = plt.subplots(figsize=(6.8, 0.55 * len(counts) + 0.9))
    for row, modes in enumerate(counts.values()):
        for value in sorted(set(modes)):
            times = list(modes).count(value)
            offsets = (np.arange(times) - (times - 1) / 2) * 0.09
            ax.plot(value + offsets, [row] * times, "o", color=G_COLOUR, ms=5, mew=0)
        ax.plot([np.mean(modes)] * 2, [row - 0.3, row + 0.3], color=D_COLOUR, lw=1.6)
    ax.axvline(most, color=REFERENCE, lw=1, ls=(0, (4, 3)), zorder=0)
    ax.set(yticks=range(len(counts)), yticklabels=list(counts), xlim=(-0.6, most + 0.6), xlabel="modes covered")
    ax.set_ylim(len(counts) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return fig
