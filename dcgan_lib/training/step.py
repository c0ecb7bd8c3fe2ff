"""One training step: move D once, then G once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.losses import LOSSES
from dcgan_lib.models import Discriminator, Generator, draw_z


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
    """

    def __init__(self, model: DCGANConfig, cfg: TrainConfig, device: str | torch.device | None = None) -> None:
        self.model, self.cfg = model, cfg
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not disturbed
            torch.manual_seed(cfg.seed)
            # channels_last is a layout, not another network: convolutions are faster with it
            self.G = Generator(model).to(self.device, memory_format=torch.channels_last)
            self.D = Discriminator(model).to(self.device, memory_format=torch.channels_last)
        self.opt_g = torch.optim.Adam(self.G.parameters(), cfg.lr_g, (cfg.beta1, cfg.beta2))
        self.opt_d = torch.optim.Adam(self.D.parameters(), cfg.lr_d, (cfg.beta1, cfg.beta2))
        self.average = AveragedModel(self.G, multi_avg_fn=get_ema_multi_avg_fn(cfg.ema)) if cfg.ema else None
        self.rng = torch.Generator(self.device).manual_seed(cfg.seed)
        self.fixed_z = draw_z(64, model, torch.Generator().manual_seed(cfg.seed)).to(self.device)
        self.steps_done = 0

    def step(self, real: Tensor) -> StepStats:
        """Move D once, then G once. `real`: `(n, nc, s, s)` in [-1, 1]."""
        loss = LOSSES[self.cfg.loss]
        z = draw_z(len(real), self.model, self.rng)
        fake = self._generate(z)  # used twice: by D, then by G

        # D: raise the score of real images, lower the score of fakes
        score_real, score_fake = self._score(real), self._score(fake.detach())
        loss_d = loss.d(score_real, score_fake, **self._smoothing())
        update(self.opt_d, loss_d)
        clip_weights(self.D, self.cfg.weight_clip)

        # G: raise the score of its fakes, as the D that has just moved sees them
        score_after = self._score(fake)
        loss_g = loss.g(score_after)
        update(self.opt_g, loss_g)

        if self.average is not None:
            self.average.update_parameters(self.G)
        self.steps_done += 1
        return self._stats(loss_d, loss_g, score_real, score_fake, score_after)

    @property
    def best_G(self) -> Generator:
        """The averaged generator where the run keeps one, else G itself."""
        return self.average.module if self.average is not None else self.G

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


def update(opt: torch.optim.Optimizer, loss: Tensor) -> None:
    """Move the optimiser's own parameters down the loss, and nobody else's.

    `autograd.grad` computes only these gradients. `loss.backward()` in G's turn would fill D's as well, at the cost
    of another D pass, only to have them thrown away.
    """
    params = [p for group in opt.param_groups for p in group["params"]]
    for p, grad in zip(params, torch.autograd.grad(loss, params), strict=True):
        p.grad = grad
    opt.step()


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
