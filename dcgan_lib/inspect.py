"""Looking into a pair of networks: how strong the signal is in each block, where the gradient goes, what repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor, nn

from dcgan_lib.losses import g_non_saturating
from dcgan_lib.models import START, Discriminator, Generator


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


def layers(G: Generator) -> dict[int, int]:
    """The generator's layers of maps: their side, and how many maps there are. The image is not among them."""
    return {START * 2**k: width for k, width in enumerate(G.cfg.g_widths)}


def check_maps(G: Generator, side: int, maps: Iterable[int]) -> None:
    """Raises ValueError, naming what there is, unless G has this layer and these of its maps."""
    known = layers(G)
    if side not in known:
        raise ValueError(f"layer {side!r}: this generator has maps of side {', '.join(map(str, known))}")
    for number in maps:
        if not 0 <= number < known[side]:
            raise ValueError(f"map {number} of layer {side}: it has the maps 0 to {known[side] - 1}")


@contextmanager
def scaled(G: Generator, factors: Mapping[int, Mapping[int, float]]) -> Iterator[None]:
    """Within it, maps of G are multiplied by a factor before the next layer reads them.

    Args:
        factors: by the layer's side and the map's number, `{16: {3: 0, 57: 1.5}}`. Maps that are not named stay.

    Raises:
        ValueError: G has no such layer or no such map.
    """
    for side, chosen in factors.items():
        check_maps(G, side, chosen)
    hooks = [_block(G, side).register_forward_hook(_times(chosen)) for side, chosen in factors.items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def dropped(G: Generator, maps: Mapping[int, Iterable[int]]) -> AbstractContextManager[None]:
    """Within it, maps of G are zero: `with dropped(G, {16: [3, 57]}): G(z)`.

    This is how the paper forgets windows (section 6.3.1): it drops those maps of one layer that tell windows apart.
    """
    return scaled(G, {side: dict.fromkeys(chosen, 0.0) for side, chosen in maps.items()})


@torch.no_grad()
def effects(G: Generator, z: Tensor, side: int) -> Tensor:
    """How much the images change when one map of a layer is dropped: `(n, maps)` for `z` `(n, nz)`.

    The change is the mean absolute difference of the pixels, on their scale from -1 to 1. G is to be in eval mode, as
    the maps of one image are a batch here.

    Raises:
        ValueError: G has no such layer.
    """
    check_maps(G, side, [])
    k = list(layers(G)).index(side)
    found = []
    for one in z:
        *_, before = stages = G.features(one[None])
        maps = stages[k]
        each = maps.repeat(maps.shape[1], 1, 1, 1)
        each[range(len(each)), range(len(each))] = 0  # the i-th copy lacks map i
        for block in G.blocks[k + 1 :]:
            each = block(each)
        found.append((each - before).abs().mean((1, 2, 3)))
    return torch.stack(found)


def _block(G: Generator, side: int) -> nn.Module:
    return G.blocks[list(layers(G)).index(side)]


def _times(chosen: Mapping[int, float]) -> Callable:
    def hook(_module: nn.Module, _inputs: tuple, maps: Tensor) -> Tensor:
        factor = maps.new_ones(maps.shape[1])
        for number, value in chosen.items():
            factor[number] = value
        return maps * factor[:, None, None]

    return hook


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
