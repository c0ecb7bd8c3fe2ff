"""GAN objectives as pure functions of D's logits.

A logit `l` is D's raw score; the probability is D = sigmoid(l). Everything is written with
softplus(l) = log(1 + e^l), because  -log D = softplus(-l)  and  -log(1 - D) = softplus(l)  stay exact where
the sigmoid has rounded to 0 or 1. Arguments are `(n,)` logits, results are scalars to be *minimised*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


def d_cross_entropy(real: Tensor, fake: Tensor, real_target: float = 1.0) -> Tensor:
    """-E[log D(x)] - E[log(1 - D(G(z)))]: minus the value V(D, G) of Goodfellow et al. 2014, equation 1.

    `real_target` below 1 is one-sided label smoothing (Salimans et al. 2016, section 3.4): the target of real
    images only. 2 log 2 when D says 1/2 everywhere.
    """
    loss_real = real_target * F.softplus(-real) + (1 - real_target) * F.softplus(real)
    return loss_real.mean() + F.softplus(fake).mean()


def g_saturating(fake: Tensor) -> Tensor:
    """E[log(1 - D(G(z)))]: G's side of the minimax game. Its slope vanishes where D is sure that the image is fake."""
    return -F.softplus(fake).mean()


def g_non_saturating(fake: Tensor) -> Tensor:
    """-E[log D(G(z))] (Goodfellow et al. 2014, section 3): the same fixed point, a strong slope where G is bad."""
    return F.softplus(-fake).mean()


def d_least_squares(real: Tensor, fake: Tensor) -> Tensor:
    """Half the squared distance of the scores to 1 (real) and 0 (fake) (Mao et al. 2017)."""
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def g_least_squares(fake: Tensor) -> Tensor:
    """Half the squared distance of the fakes' scores to 1 (Mao et al. 2017)."""
    return (fake - 1).square().mean() / 2


def d_wasserstein(real: Tensor, fake: Tensor) -> Tensor:
    """Minus the gap between the mean scores (Arjovsky et al. 2017). D must be Lipschitz: clip its weights."""
    return fake.mean() - real.mean()


def g_wasserstein(fake: Tensor) -> Tensor:
    """Minus the mean score of the fakes (Arjovsky et al. 2017)."""
    return -fake.mean()


def d_hinge(real: Tensor, fake: Tensor) -> Tensor:
    """Push real scores above 1 and fake scores below -1, then leave them alone (Lim and Ye 2017)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


class Loss(NamedTuple):
    """One game: what D minimises and what G minimises."""

    d: Callable[..., Tensor]
    g: Callable[[Tensor], Tensor]


LOSSES = {
    "non_saturating": Loss(d_cross_entropy, g_non_saturating),
    "saturating": Loss(d_cross_entropy, g_saturating),
    "least_squares": Loss(d_least_squares, g_least_squares),
    "wasserstein": Loss(d_wasserstein, g_wasserstein),
    "hinge": Loss(d_hinge, g_wasserstein),
}


def slope(loss: Callable[[Tensor], Tensor], logits: Tensor) -> Tensor:
    """d loss / d logit at each logit `(n,)`: what one fake with that score would feel."""
    logits = logits.detach().clone().requires_grad_()
    return torch.autograd.grad(loss(logits) * logits.numel(), logits)[0]
