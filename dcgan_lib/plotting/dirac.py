"""Figures of the Dirac-GAN: what the eigenvalues say."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from dcgan_lib.plotting import REAL_COLOUR, REFERENCE
from dcgan_lib.theory.dirac import DiracGame, eigenvalues, jacobian, update_matrix


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
