"""The trainer with some of its habits taken back, so that a benchmark can show what each of them gives."""

from __future__ import annotations

import torch
from torch import Tensor

from dcgan_lib.losses import LOSSES
from dcgan_lib.models import draw_z
from dcgan_lib.training import Trainer
from dcgan_lib.training.step import StepStats


class WholeBackward(Trainer):
    """G's turn computes the gradients of D's weights as well, and throws them away."""

    def step(self, real: Tensor) -> StepStats:
        loss = LOSSES[self.cfg.loss]
        fake = self._generate(draw_z(len(real), self.model, self.rng))

        self.opt_d.zero_grad()
        score_real, score_fake = self._score(real), self._score(fake.detach())
        loss_d = loss.d(score_real, score_fake)
        loss_d.backward()
        self.opt_d.step()

        self.opt_g.zero_grad()
        score_after = self._score(fake)
        loss_g = loss.g(score_after)
        loss_g.backward()
        self.opt_g.step()
        self.steps_done += 1
        return self._stats(loss_d, loss_g, score_real, score_fake, score_after)


def default_layout(trainer: Trainer) -> Trainer:
    """The same trainer with its weights as channels of rows; activations follow their layout."""
    for network in (trainer.G, trainer.D):
        network.to(memory_format=torch.contiguous_format)
    return trainer
