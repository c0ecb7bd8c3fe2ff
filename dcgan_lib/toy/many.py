"""The same game with many seeds at once: the weights of all games are stacked, and move in one call.

A step of a tiny network costs mostly the calls, not the sums, so eight games cost little more than one. Each game
makes the moves that `ToyGame` would make with its seed, up to rounding.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from dcgan_lib.toy.data import Mixture
from dcgan_lib.toy.game import ToyConfig, ToyGame, clip, latent, loss_of, optimisers


class ManyGames:
    """`ToyGame(data, replace(cfg, seed=s))` for every `s` in `seeds`, side by side."""

    def __init__(self, data: Mixture, cfg: ToyConfig | None = None, seeds: Sequence[int] = range(8)) -> None:
        cfg = cfg or ToyConfig()
        self.data, self.cfg = data, cfg
        self.games = [ToyGame(data, dataclasses.replace(cfg, seed=s)) for s in seeds]
        self.G, self.D = (Stack([getattr(game, name) for game in self.games]) for name in "GD")
        self.opt_g, self.opt_d = optimisers(self.G, self.D, cfg)

    def step(self) -> None:
        """One step of every game."""
        loss = loss_of(self.cfg)
        for _ in range(self.cfg.d_steps):
            real = torch.stack([self.data.sample(self.cfg.batch_size, game.rng) for game in self.games])
            fake = self.G(torch.stack([game.draw_z() for game in self.games]))  # (games, n, dim)
            loss_d = vmap(loss.d)(self.score(real), self.score(fake.detach())).sum()  # no game feels another
            _update(self.opt_d, loss_d)
            clip(self.D, self.cfg.weight_clip)
        _update(self.opt_g, vmap(loss.g)(self.score(fake)).sum())

    def play(self) -> ManyGames:
        """All `cfg.steps` steps."""
        for _ in range(self.cfg.steps):
            self.step()
        return self

    def score(self, x: Tensor) -> Tensor:
        """Logits `(games, n / pack)` of `(games, n, dim)`."""
        if self.cfg.noise:
            x = x + self.cfg.noise * torch.stack([torch.randn(x.shape[1:], generator=g.rng) for g in self.games])
        return self.D(x.reshape(len(x), x.shape[1] // self.cfg.pack, -1))

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0) -> Tensor:
        """`(games, n, dim)` fakes: every game is given the same z."""
        z = latent(n, self.cfg, torch.Generator().manual_seed(seed)).to(self.data.means.dtype)
        return self.G(z.expand(len(self.games), -1, -1))


class Stack(nn.Module):
    """Networks of one shape as one: `(games, n, in)` to the stacked outputs."""

    def __init__(self, nets: Sequence[nn.Module]) -> None:
        super().__init__()
        stacked, _ = stack_module_state(list(nets))
        self.names = list(stacked)
        self.weights = nn.ParameterList(nn.Parameter(w.detach().clone()) for w in stacked.values())
        self.shape = [nets[0]]  # in a list, so that its own parameters are not counted as ours

    def forward(self, x: Tensor) -> Tensor:
        weights = dict(zip(self.names, self.weights))
        return vmap(lambda w, points: functional_call(self.shape[0], w, (points,)))(weights, x)


def _update(opt: torch.optim.Optimizer, loss: Tensor) -> None:
    params = [p for group in opt.param_groups for p in group["params"]]
    for p, grad in zip(params, torch.autograd.grad(loss, params)):
        p.grad = grad
    opt.step()
