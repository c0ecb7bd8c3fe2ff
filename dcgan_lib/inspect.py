"""Looking into a pair of networks: how strong the signal is in each block, where the gradient goes, what repeats."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dcgan_lib.losses import g_non_saturating
from dcgan_lib.models import Discriminator, Generator


@torch.no_grad()
def signal(net: Generator | Discriminator, x: Tensor) -> list[float]:
    """Standard deviation of every block's output for a batch of z or of images, in the mode that `net` is in."""
    with _buffers_kept(net):
        return [float(maps.std()) for maps in net.features(x)]


def gradient(G: Generator, D: Discriminator, z: Tensor) -> list[float]:
    """Norm of the gradient of G's non-saturating loss in the linear weights of each of G's blocks, first to last.

    What the next step of training would feel; nothing is changed.
    """
    weights = [block_weight(block) for block in G.blocks]
    with _buffers_kept(G), _buffers_kept(D):
        grads = torch.autograd.grad(g_non_saturating(D(G(z))), weights)
    return [float(g.norm()) for g in grads]


def image_gradient(D: Discriminator, images: Tensor) -> Tensor:
    """The gradient of each image's score with respect to its pixels: what D would tell G. Shape of `images`."""
    images = images.detach().clone().requires_grad_()
    with _buffers_kept(D):
        return torch.autograd.grad(D(images).sum(), images)[0]


def reached(D: Discriminator, images: Tensor) -> float:
    """Share of the first convolution's outputs that the gradient of the score reaches at all, 0 to 1.

    Max pooling sends it to one output of four, ReLU to the positive ones, leaky ReLU after a strided layer to all.
    """
    conv = next(m for m in D.blocks[0] if isinstance(m, nn.Conv2d))
    caught: list[Tensor] = []
    hook = conv.register_forward_hook(lambda _m, _i, out: caught.append(out.requires_grad_()) or out.clone())
    try:
        with _buffers_kept(D):
            grad = torch.autograd.grad(D(images).sum(), caught[0])[0]
    finally:
        hook.remove()
    return float((grad != 0).float().mean())


def chequer(images: Tensor) -> Tensor:
    """Energy of the finest alternating patterns as a share of all detail, one number an image `(n,)`, 0 to 1.

    Each 2x2 block of pixels is split into its mean and three differences: columns, rows, diagonal. In a chequered
    pattern they have the *same sign from block to block*; so they are averaged over 4x4 neighbouring blocks before they
    are squared. Edges and noise cancel there, a pattern with a period of two pixels does not.
    """
    a, b = images[..., 0::2, 0::2], images[..., 0::2, 1::2]
    c, d = images[..., 1::2, 0::2], images[..., 1::2, 1::2]
    differences = torch.cat([a - b + c - d, a + b - c - d, a - b - c + d], 1) / 4
    steady = nn.functional.avg_pool2d(differences, 4)
    detail = (images - images.mean((2, 3), keepdim=True)).square().mean((1, 2, 3))
    return 3 * steady.square().mean((1, 2, 3)) / detail.clamp(min=1e-12)


def block_weight(block: nn.Sequential) -> Tensor:
    """The weight of the block's last linear layer: its convolution, where there is a hidden layer before it."""
    return [m for m in block if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)][-1].weight


class _buffers_kept:
    """Looking must not change what is looked at: a pass in training mode moves batch norm's running statistics."""

    def __init__(self, net: nn.Module) -> None:
        self.net = net

    def __enter__(self) -> None:
        self.kept = [b.clone() for b in self.net.buffers()]

    def __exit__(self, *_: object) -> None:
        with torch.no_grad():
            for buffer, kept in zip(self.net.buffers(), self.kept):
                buffer.copy_(kept)
