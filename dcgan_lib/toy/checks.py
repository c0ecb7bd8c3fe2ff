"""Checkers for two exercises on toy games: they answer at once and never stop a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from dcgan_lib.toy.data import ring
from dcgan_lib.toy.game import ToyConfig
from dcgan_lib.toy.many import ManyGames
from dcgan_lib.toy.measures import coverage, pushforward

UNFILLED = "Not filled in yet: replace the `...`, run the cell, and then this one."


def check_uniform(G: Callable[[Tensor], Tensor], tolerance: float = 0.01) -> bool:
    """Print whether `G` turns z ~ N(0, 1), `(n, 1)`, into the uniform distribution on [0, 1]; True if it does."""
    x = G(torch.linspace(-4, 4, 9)[:, None])
    if x is None or x is ...:
        return _say(UNFILLED)
    if not isinstance(x, Tensor) or x.shape != (9, 1):
        return _say(f"Not yet: for z of shape (9, 1) it returns {getattr(x, 'shape', type(x).__name__)}.")
    if x.min() < 0 or x.max() > 1:
        return _say(f"Not yet: it reaches from {float(x.min()):.2f} to {float(x.max()):.2f}, outside [0, 1].")
    mass = pushforward(G, torch.linspace(0, 1, 11))
    worst = int((mass - 0.1).abs().argmax())
    if (mass - 0.1).abs().max() > tolerance:
        return _say(
            f"Not yet: the interval from {worst / 10:.1f} to {worst / 10 + 0.1:.1f} holds {float(mass[worst]):.3f} of "
            "the probability, it should hold 0.100. Where is G too steep, where too flat?"
        )
    return _say("Right: each tenth of [0, 1] holds a tenth of the probability.", verdict=True)


def check_rescue(cfg: ToyConfig | None, seeds: Sequence[int] = range(4), wanted: float = 6.0) -> bool:
    """Play a game on the ring whose G stays four times as fast as its D; print the modes covered for each seed.

    Args:
        cfg: the rescue. It must keep `lr_g >= 4 * lr_d`, `d_steps == 1` and at most 1500 steps.
        wanted: modes covered, on average over the seeds, that count as rescued.
    """
    if not isinstance(cfg, ToyConfig):
        return _say(UNFILLED)
    if cfg.lr_g < 4 * cfg.lr_d or cfg.d_steps != 1 or cfg.steps > 1500:
        return _say(
            f"That changes the task: keep lr_g >= 4 lr_d (here {cfg.lr_g:g} and {cfg.lr_d:g}), d_steps=1 (here "
            f"{cfg.d_steps}) and at most 1500 steps (here {cfg.steps})."
        )
    data = ring()
    modes = [coverage(x, data).modes for x in ManyGames(data, cfg, seeds).play().sample(2000)]
    mean = sum(modes) / len(modes)
    found = f"Modes covered: {', '.join(map(str, modes))} of 8; {mean:.1f} on average."
    if mean < wanted:
        return _say(f"{found} Not rescued yet: {wanted:g} are wanted.")
    return _say(f"{found} Rescued.", verdict=True)


def _say(text: str, verdict: bool = False) -> bool:
    print(text)
    return verdict
