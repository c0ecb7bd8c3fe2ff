"""Figures of the Dirac-GAN: where both players are pushed, where steps lead, what the eigenvalues say."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REAL_COLOUR, REFERENCE
from dcgan_lib.theory.dirac import DiracGame, Steps, eigenvalues, jacobian, update_matrix


def plot_field(game: DiracGame, ax: Axes, side: float = 3.0) -> None:
    """The two players' directions as arrows over the plane of theta (G) and psi (D)."""
    ticks = torch.linspace(-side, side, 13, dtype=torch.float64)
    theta, psi = torch.meshgrid(ticks, ticks, indexing="xy")
    ax.quiver(theta, psi, *game.field(theta, psi), color="#bbbbbb", angles="xy", width=0.004, zorder=0)
    ax.plot(0, 0, "+", color="#222222", ms=9)
    ax.set_aspect("equal")
    ax.set_xlim(-side, side)
    ax.set_ylim(-side, side)
    ax.set_xlabel("θ, where G's fakes are", color=G_COLOUR)
    ax.set_ylabel("ψ, the slope of D's logit", color=D_COLOUR)


def plot_play(game: DiracGame, way: Steps, path: Tensor) -> Figure:
    """A `trajectory` over the field (left) and its distance from rest, with what the eigenvalues predict (dashed)."""
    radius = path.norm(dim=1)
    modulus = eigenvalues(update_matrix(game, way.h, way.method, way.momentum)).abs().max()
    fig, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.3), width_ratios=[1.05, 1], layout="constrained")
    plot_field(game, left)
    left.plot(path[:, 0], path[:, 1], "-o", color="#222222", ms=2, lw=0.9, alpha=0.8)
    left.plot(*path[0], "o", color="#222222", mfc="white", ms=7)
    left.plot(*path[-1], "o", color="#222222", ms=7)
    right.semilogy(radius, color="#222222")
    right.semilogy(radius[0] * modulus ** torch.arange(len(path)), color=REFERENCE, lw=1.5, ls=(0, (4, 3)))
    right.set_ylim(0.01, 10)
    right.set_xlabel("step")
    right.set_title(f"distance from rest\nlargest |λ| of a step: {modulus:.3f}")
    return fig


def plot_eigenvalues(games: Mapping[str, DiracGame], h: float, rates: Tensor) -> Figure:
    """Of the flow in the complex plane (left) for several games; of a step (right) over R1's weight."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.1))
    left.axvspan(-0.8, 0, color=REAL_COLOUR, alpha=0.08, lw=0)
    left.axvline(0, color=REFERENCE, lw=1)
    for (name, game), marker in zip(games.items(), "oDsP^"):
        values = eigenvalues(jacobian(game))
        left.plot(values.real, values.imag, marker, color="#222222", ms=7, label=name, ls="")
    left.set_xlim(-0.8, 0.2)
    left.set_ylim(-1.2, 1.2)
    left.set_title("eigenvalues of the flow")
    left.set_xlabel("real part: below 0 comes to rest")
    left.set_ylabel("imaginary part: turning")
    left.legend(fontsize=8, loc="upper left")
    for method, style in (("simultaneous", "-"), ("alternating", (0, (3, 1.5)))):
        size = [eigenvalues(update_matrix(DiracGame(r1=g), h, method)).abs().max() for g in rates.tolist()]
        right.plot(rates, torch.stack(size), color="#222222", ls=style, label=method)
    right.axhline(1, color=REFERENCE, lw=1)
    right.axvline(1, color=REFERENCE, lw=1, ls=(0, (4, 3)))
    right.set_title(f"largest |λ| of a step, h = {h:g}")
    right.set_xlabel("R1 weight g (dashed: critical damping)")
    right.legend(fontsize=9)
    return fig
