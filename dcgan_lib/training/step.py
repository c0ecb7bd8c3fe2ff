"""One training step: move D once, then G once."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import to_unit
from dcgan_lib.losses import LOSSES
from dcgan_lib.models import Discriminator, Generator, draw_z
from dcgan_lib.training.batch_norm import synchronise
from dcgan_lib.training.team import ALONE, Alone


@dataclass(frozen=True)
class StepStats:
    """What one step saw. Tensors of no dimension, left on the device: reading one waits for the device."""

    step: int  # 1 for the first
    loss_d: Tensor
    loss_g: Tensor
    score_real: Tensor  # mean logit of the real images, before D moved
    score_fake: Tensor  # mean logit of the fakes, before D moved
    d_real: Tensor  # mean D(x), a probability
    d_fake: Tensor  # mean D(G(z)) before D moved
    d_fake_after: Tensor  # mean D(G(z)) after D moved: what G was trained against

    def numbers(self) -> dict[str, float]:
        """The same as plain numbers, for a log line."""
        values = torch.stack([getattr(self, name).float() for name in self.names()]).tolist()
        return {"step": self.step, **dict(zip(self.names(), values, strict=True))}

    @staticmethod
    def names() -> tuple[str, ...]:
        return ("loss_d", "loss_g", "score_real", "score_fake", "d_real", "d_fake", "d_fake_after")


class Trainer:
    """The two networks, their optimisers and the step that moves them.

    Args:
        model: the networks' variant.
        cfg: the run; `cfg.seed` decides the initial weights and every z.
        device: where the networks live; "cuda" when there is one, else "cpu".
        team: the processes that train them together.
    """

    def __init__(
        self,
        model: DCGANConfig,
        cfg: TrainConfig,
        device: str | torch.device | None = None,
        team: Alone = ALONE,
    ) -> None:
        self.model, self.cfg, self.team = model, cfg, team
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not disturbed
            torch.manual_seed(cfg.seed)
            # channels_last is a layout, not another network: convolutions are faster with it
            self.G = Generator(model).to(self.device, memory_format=torch.channels_last)
            self.D = Discriminator(model).to(self.device, memory_format=torch.channels_last)
        team.check(cfg)
        if team.size > 1 and cfg.sync_batch_norm:
            for network in (self.G, self.D):
                synchronise(network, team)
        # on a GPU the whole of Adam in one kernel, and its step count there too, so that a graph can hold it
        on_gpu = {"fused": True, "capturable": True} if self.device.type == "cuda" else {}
        self.opt_g = torch.optim.Adam(self.G.parameters(), cfg.lr_g, (cfg.beta1, cfg.beta2), **on_gpu)
        self.opt_d = torch.optim.Adam(self.D.parameters(), cfg.lr_d, (cfg.beta1, cfg.beta2), **on_gpu)
        self.average = copy.deepcopy(self.G) if cfg.ema else None
        self.rng = torch.Generator(self.device).manual_seed(cfg.seed)
        self.fixed_z = draw_z(64, model, torch.Generator().manual_seed(cfg.seed)).to(self.device)
        self.steps_done = 0
        self.plan: dict[str, str] = {}  # layers that take another, equal form: see `tuning`

    def advance(self, pixels: Tensor) -> StepStats:
        """One step on pixels as they are stored: `(n, nc, s, s)` uint8, this process's share of the batch."""
        real = to_unit(pixels)
        return self.step(self._mirror_half(real) if self.cfg.flip else real)

    def step(self, real: Tensor) -> StepStats:
        """Move D once, then G once. `real`: `(n, nc, s, s)` in [-1, 1]."""
        loss = LOSSES[self.cfg.loss]
        z = self.team.share(draw_z(len(real) * self.team.size, self.model, self.rng))
        fake = self._generate(z)  # used twice: by D, then by G

        # D: raise the score of real images, lower the score of fakes
        score_real, score_fake = self._score(real), self._score(fake.detach())
        loss_d = loss.d(score_real, score_fake, **self._smoothing())
        update(self.opt_d, loss_d, self.team)
        clip_weights(self.D, self.cfg.weight_clip)

        # G: raise the score of its fakes, as the D that has just moved sees them
        score_after = self._score(fake)
        loss_g = loss.g(score_after)
        update(self.opt_g, loss_g, self.team)

        if self.average is not None:
            follow(self.average, self.G, self.cfg.ema if self.steps_done else 0.0)
        self.steps_done += 1
        return self._stats(loss_d, loss_g, score_real, score_fake, score_after)

    @property
    def best_G(self) -> Generator:
        """The averaged generator where the run keeps one, else G itself."""
        return self.average if self.average is not None else self.G

    def _mirror_half(self, real: Tensor) -> Tensor:
        chance = torch.rand(len(real) * self.team.size, 1, 1, 1, generator=self.rng, device=real.device)
        return torch.where(self.team.share(chance) < 0.5, real.flip(3), real)

    def _generate(self, z: Tensor) -> Tensor:
        with self._precision():
            return self.G(z)

    def _score(self, images: Tensor) -> Tensor:
        """D's logits `(n,)`, in full precision even where its convolutions are not: the losses need it."""
        with self._precision():
            scores = self.D(images)
        return scores.float() if scores.dtype == torch.bfloat16 else scores

    def _precision(self):
        # one context a pass, never one a step: autocast keeps its bfloat16 copies of the weights until the context
        # ends, and G would be judged by the D of before D's update
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.cfg.precision == "bf16")

    def _smoothing(self) -> dict[str, float]:
        return {} if self.cfg.real_target == 1 else {"real_target": self.cfg.real_target}

    @torch.no_grad()
    def _stats(self, loss_d: Tensor, loss_g: Tensor, real: Tensor, fake: Tensor, after: Tensor) -> StepStats:
        real, fake, after = real.detach(), fake.detach(), after.detach()
        d = [scores.sigmoid().mean() for scores in (real, fake, after)]
        return StepStats(self.steps_done, loss_d.detach(), loss_g.detach(), real.mean(), fake.mean(), *d)


def update(opt: torch.optim.Optimizer, loss: Tensor, team: Alone = ALONE) -> None:
    """Move the optimiser's own parameters down the loss, and nobody else's.

    `autograd.grad` computes only these gradients. `loss.backward()` in G's turn would fill D's as well, at the cost
    of another D pass, only to have them thrown away.
    """
    params = [p for group in opt.param_groups for p in group["params"]]
    grads = torch.autograd.grad(loss, params)
    team.mean_(grads)
    for p, grad in zip(params, grads, strict=True):
        # fused Adam reads both as they lie in memory: in different layouts it would move the wrong weights
        p.grad = grad if grad.stride() == p.stride() else torch.empty_like(p).copy_(grad)
    opt.step()


@torch.no_grad()
def follow(average: nn.Module, module: nn.Module, decay: float) -> None:
    """Move the average towards the module: `decay * average + (1 - decay) * module`. Buffers are copied."""
    ours, theirs = list(average.parameters()), list(module.parameters())
    torch._foreach_lerp_(ours, theirs, 1 - decay)
    for a, b in zip(average.buffers(), module.buffers(), strict=True):
        a.copy_(b)


@torch.no_grad()
def clip_weights(module: nn.Module, bound: float) -> None:
    """Clamp every weight to [-bound, bound] (Arjovsky et al. 2017, algorithm 1); 0 leaves them alone."""
    for p in module.parameters() if bound else ():
        p.clamp_(-bound, bound)


@torch.no_grad()
def refresh_batch_norm(G: Generator, batches: int = 32, n: int = 256, seed: int = 0) -> None:
    """Measure G's batch-norm statistics afresh, as plain means over `batches * n` latents.

    Averaged weights have other activations than the weights whose statistics the buffers hold.
    """
    norms = [m for m in G.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    momenta = [m.momentum for m in norms]
    was_training, device = G.training, next(G.parameters()).device
    rng = torch.Generator().manual_seed(seed)
    for m in norms:
        m.reset_running_stats()
        m.momentum = None  # a cumulative mean
    G.train()
    for _ in range(batches):
        G(draw_z(n, G.cfg, rng).to(device))
    for m, momentum in zip(norms, momenta, strict=True):
        m.momentum = momentum
    G.train(was_training)
