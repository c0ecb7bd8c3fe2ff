"""Two tiny networks and their game. The step is that of `dcgan_lib.training`, with points in the place of images."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dcgan_lib.losses import LOSSES, Loss, d_cross_entropy
from dcgan_lib.toy.data import Mixture


@dataclass(frozen=True)
class ToyConfig:
    """One small game. The names are those of `TrainConfig`; the defaults suit networks this small."""

    steps: int = 1000  # moves of each player
    batch_size: int = 128  # points a step, real and fake each
    optimiser: str = "adam"  # or "sgd": plain steps down the gradient
    lr_g: float = 5e-3  # learning rate of G: far above the 2e-4 that Adam needs for images
    lr_d: float = 5e-3  # and of D; unequal rates are the two time-scale rule (Heusel 2017)
    beta1: float = 0.5  # Adam's; plain steps have none
    loss: str = "non_saturating"  # a name in `losses.LOSSES`
    real_target: float = 1.0  # one-sided label smoothing: 0.9 (Salimans et al. 2016). Cross-entropy losses only
    weight_clip: float = 0.0  # D's weights are kept within plus or minus this after each of its moves; 0: off
    latent: str = "gaussian"  # z from the standard normal distribution, or "uniform" in [-1, 1)
    nz: int = 2  # length of z
    width: int = 32  # units of each hidden layer
    depth: int = 2  # hidden layers; a D of depth 0 is logistic regression
    d_steps: int = 1  # moves of D for each move of G (Goodfellow et al. 2014, algorithm 1: k)
    noise: float = 0.0  # instance noise: standard deviation of what is added to all that D sees (Sønderby et al. 2017)
    pack: int = 1  # points that D judges together (PacGAN, Lin et al. 2018)
    seed: int = 0  # decides initial weights, every real point and every z

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "nz", "width", "d_steps", "pack"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)!r}: give a whole number of at least 1")
        if self.batch_size % self.pack:
            raise ValueError(f"batch_size={self.batch_size} is no multiple of pack={self.pack}: D judges whole packs")
        if self.loss not in LOSSES:
            raise ValueError(f"loss={self.loss!r}: choose one of {', '.join(map(repr, LOSSES))}")
        for name, choices in (("optimiser", ("adam", "sgd")), ("latent", ("gaussian", "uniform"))):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}={getattr(self, name)!r}: choose one of {', '.join(map(repr, choices))}")
        if self.noise < 0:
            raise ValueError(f"noise={self.noise}: give 0 (off) or a standard deviation")
        if self.weight_clip < 0:
            raise ValueError(f"weight_clip={self.weight_clip}: give 0 (off) or a positive bound")
        if not 0.5 < self.real_target <= 1:
            raise ValueError(f"real_target={self.real_target!r}: give a target in (0.5, 1]")
        if self.real_target != 1 and LOSSES[self.loss].d is not d_cross_entropy:
            raise ValueError(f"real_target={self.real_target!r}: smoothing is for the cross-entropy losses")


class ToyStats(NamedTuple):
    """What one step saw, as plain numbers."""

    step: int  # 1 for the first
    loss_d: float
    loss_g: float
    d_real: float  # mean D(x), before D moved
    d_fake: float  # mean D(G(z)), before D moved


def mlp(n_in: int, n_out: int, width: int, depth: int, activation: nn.Module) -> nn.Sequential:
    """`depth` hidden layers of `width` units, and a linear last layer."""
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(n_in if i == 0 else width, width), activation]
    return nn.Sequential(*layers, nn.Linear(width if depth else n_in, n_out))


class ToyG(nn.Sequential):
    """z `(n, nz)` to points `(n, dim)`."""

    def __init__(self, nz: int, dim: int, width: int = 32, depth: int = 2) -> None:
        super().__init__(*mlp(nz, dim, width, depth, nn.ReLU()))


class ToyD(nn.Sequential):
    """Points `(n, dim)` to logits `(n,)`; the sigmoid of a logit is D(x)."""

    def __init__(self, dim: int, width: int = 32, depth: int = 2) -> None:
        super().__init__(*mlp(dim, 1, width, depth, nn.LeakyReLU(0.2)), nn.Flatten(0))


class ToyGame:
    """The two players, their optimisers and the step that moves them. They compute in the precision of the data."""

    def __init__(self, data: Mixture, cfg: ToyConfig | None = None) -> None:
        self.data, self.cfg = data, cfg or ToyConfig()
        cfg = self.cfg
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not disturbed
            torch.manual_seed(cfg.seed)
            self.G = ToyG(cfg.nz, data.dim, cfg.width, cfg.depth).to(data.means.dtype)
            self.D = ToyD(data.dim * cfg.pack, cfg.width, cfg.depth).to(data.means.dtype)
        self.opt_g, self.opt_d = optimisers(self.G, self.D, cfg)
        self.rng = torch.Generator().manual_seed(cfg.seed)
        self.steps_done = 0

    def step(self) -> ToyStats:
        """Move D `d_steps` times, then G once."""
        loss = loss_of(self.cfg)
        for _ in range(self.cfg.d_steps):
            real, fake = self.data.sample(self.cfg.batch_size, self.rng), self.G(self.draw_z())

            # D: raise the score of real points, lower the score of fakes
            score_real, score_fake = self.score(real), self.score(fake.detach())
            loss_d = loss.d(score_real, score_fake)
            update(self.opt_d, loss_d)
            clip(self.D, self.cfg.weight_clip)

        # G: raise the score of its fakes, as the D that has just moved sees them
        loss_g = loss.g(self.score(fake))
        update(self.opt_g, loss_g)

        self.steps_done += 1
        values = (loss_d, loss_g, score_real.sigmoid().mean(), score_fake.sigmoid().mean())
        return ToyStats(self.steps_done, *torch.stack(values).tolist())

    def draw_z(self) -> Tensor:
        """`(batch_size, nz)` from the latent distribution."""
        return latent(self.cfg.batch_size, self.cfg, self.rng).to(self.data.means.dtype)

    def score(self, x: Tensor) -> Tensor:
        """D's logits of `x`, `(n, dim)`, through what stands between the data and D: noise, packs."""
        if self.cfg.noise:
            x = x + self.cfg.noise * torch.randn(x.shape, generator=self.rng)
        return self.D(x.reshape(len(x) // self.cfg.pack, -1))

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0) -> Tensor:
        """`(n, dim)` fakes, always of the same z for the same seed."""
        return self.G(latent(n, self.cfg, torch.Generator().manual_seed(seed)).to(self.data.means.dtype))


def latent(n: int, cfg: ToyConfig, rng: torch.Generator) -> Tensor:
    """`(n, nz)` draws of z."""
    if cfg.latent == "uniform":
        return torch.rand(n, cfg.nz, generator=rng) * 2 - 1
    return torch.randn(n, cfg.nz, generator=rng)


def loss_of(cfg: ToyConfig) -> Loss:
    """The two losses, with the target of real points put into D's."""
    d, g = LOSSES[cfg.loss]
    return Loss(d if cfg.real_target == 1 else functools.partial(d, real_target=cfg.real_target), g)


def optimisers(G: nn.Module, D: nn.Module, cfg: ToyConfig) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """G's and D's."""
    if cfg.optimiser == "sgd":
        return torch.optim.SGD(G.parameters(), cfg.lr_g), torch.optim.SGD(D.parameters(), cfg.lr_d)
    betas = (cfg.beta1, 0.999)
    return torch.optim.Adam(G.parameters(), cfg.lr_g, betas), torch.optim.Adam(D.parameters(), cfg.lr_d, betas)


@torch.no_grad()
def clip(D: nn.Module, bound: float) -> None:
    """Keep every weight within plus or minus `bound` (Arjovsky et al. 2017); 0 leaves them."""
    if bound:
        for weight in D.parameters():
            weight.clamp_(-bound, bound)


def update(opt: torch.optim.Optimizer, loss: Tensor) -> None:
    """Move the optimiser's own parameters down the loss, and nobody else's."""
    params = [p for group in opt.param_groups for p in group["params"]]
    opt.zero_grad()
    loss.backward(inputs=params)
    opt.step()


class Snapshot(NamedTuple):
    """Both players as they were after `step` moves."""

    step: int
    G: nn.Module
    D: nn.Module


def record(game: ToyGame, at: Iterable[int] = ()) -> tuple[list[Snapshot], list[ToyStats]]:
    """Play `cfg.steps` steps; keep a copy of both players at the steps in `at` (0: before the first)."""
    wanted, stats = set(at), []
    snapshots = [Snapshot(0, *copy.deepcopy((game.G, game.D)))] if 0 in wanted else []
    for _ in range(game.cfg.steps):
        stats.append(game.step())
        if game.steps_done in wanted:
            snapshots.append(Snapshot(game.steps_done, *copy.deepcopy((game.G, game.D))))
    return snapshots, stats
