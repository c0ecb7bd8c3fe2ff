"""A trained generator made ready for drawing: batch norm folded into the layers before it.

In evaluation mode batch norm multiplies each map by a number and adds another, both fixed: the layer before it can do
that with its own weights. What is left has half the layers and no running statistics, and is what a page computes with.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from dcgan_lib.forms import ProductStem, as_form
from dcgan_lib.models import Generator

FEW = 4  # channels of an image, against which a whole transposed convolution is mostly overhead


class Folded(Generator):
    """What `fold` returns: draws what the generator draws in evaluation mode, and cannot be trained."""

    def __init__(self, G: Generator, dtype: torch.dtype) -> None:
        nn.Module.__init__(self)
        self.cfg, self.dtype = G.cfg, dtype
        last = len(G.blocks) - 1
        blocks = folded_blocks(G)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(_fast(layer, image_next=i == last) for layer in block)) for i, block in enumerate(blocks)
        )
        self.to(dtype, memory_format=torch.channels_last).eval().requires_grad_(False)

    def forward(self, z: Tensor) -> Tensor:
        """`z`: `(n, nz)`. Returns images `(n, nc, s, s)` float32 in [-1, 1]."""
        return super().forward(z.to(self.dtype)).float()

    def features(self, z: Tensor) -> list[Tensor]:
        """The output of every block, in the precision of the weights."""
        return super().features(z.to(self.dtype))

    def train(self, mode: bool = True) -> Folded:
        """Stays in evaluation mode: there are no statistics left that training could use."""
        return super().train(False)


def fold(G: Generator, dtype: torch.dtype = torch.float32) -> Folded:
    """A copy of a generator for drawing alone; the images are those of `G.eval()` up to rounding.

    Args:
        G: any variant; it is not changed.
        dtype: of the weights and the arithmetic. bfloat16 is faster where the processor multiplies it natively, and
            moves a pixel by less than one of its 256 levels, with few exceptions.

    Raises:
        TypeError: G is folded already.
    """
    if isinstance(G, Folded):
        raise TypeError("this generator is folded already; fold the one that was trained")
    return Folded(G, dtype)


def folded_blocks(G: Generator) -> list[nn.Sequential]:
    """The blocks of a copy of G with every batch norm folded into the layer before it; the layers keep their kind."""
    return [_folded(block) for block in copy.deepcopy(G).eval().blocks]


class ShuffleUp(nn.Module):
    """A 4x4 transposed convolution of stride 2 for few output channels: a 2x2 convolution, its maps interleaved.

    Each output pixel sees 2x2 input pixels through four of the sixteen taps; which four depends on whether its row and
    its column are even. So four kernels of 2x2 make the four kinds of pixels, and `pixel_shuffle` puts them in place.
    """

    def __init__(self, layer: nn.ConvTranspose2d) -> None:
        super().__init__()
        n_in, n_out = layer.weight.shape[:2]
        taps = layer.weight.view(n_in, n_out, 2, 2, 2, 2).flip(2, 4)  # (in, out, row pair, row, column pair, column)
        self.weight = nn.Parameter(taps.permute(1, 3, 5, 0, 2, 4).reshape(4 * n_out, n_in, 2, 2))
        bias = layer.bias if layer.bias is not None else layer.weight.new_zeros(n_out)
        self.bias = nn.Parameter(bias.detach().repeat_interleave(4))

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(F.conv2d(x, self.weight, self.bias, padding=1), 2)[:, :, 1:-1, 1:-1]


def _folded(block: nn.Sequential) -> nn.Sequential:
    layers: list[nn.Module] = []
    for layer in block:
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            _fold_into(layers, layer)
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


def _fold_into(layers: list[nn.Module], norm: nn.Module) -> None:
    """Fold a batch norm into the last layer that has weights, past an `Unflatten` that only reshapes."""
    at = len(layers) - 1 - isinstance(layers[-1], nn.Unflatten)
    layer = layers[at]
    if not isinstance(layer, nn.Linear):
        layers[at] = fuse_conv_bn_eval(layer, norm, transpose=isinstance(layer, nn.ConvTranspose2d))
        return
    if len(norm.weight) != layer.out_features:  # one gain a map, 4x4 rows of the matrix a map
        norm = _repeated(norm, layer.out_features // len(norm.weight))
    layers[at] = fuse_linear_bn_eval(layer, norm)


def _repeated(norm: nn.BatchNorm2d, times: int) -> nn.BatchNorm1d:
    wide = nn.BatchNorm1d(len(norm.weight) * times, eps=norm.eps).eval()
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(wide, name).data = getattr(norm, name).detach().repeat_interleave(times)
    return wide


def _fast(layer: nn.Module, image_next: bool) -> nn.Module:
    if not isinstance(layer, nn.ConvTranspose2d) or layer.kernel_size != (4, 4):
        return layer
    if layer.stride == (1, 1):
        return as_form(layer, ProductStem)
    return ShuffleUp(layer) if image_next and layer.out_channels <= FEW else layer
