"""Other forms of the same layers: a convolution as one matrix product, where that is faster.

A 4x4 convolution with stride 2 multiplies each 4x4 window of its input, written as a row, with its kernels, written
as columns; its transpose multiplies first and adds the windows up where they overlap. Libraries have kernels of their
own for both, which are best on large maps. On the smallest maps (8x8 to 4x4 and back) their tiles are half empty,
and copying the windows out (`windows`) for one plain matrix product can be faster. Which it is depends on the
processor, the precision and the sizes: `training.tuning` measures it.

The layers below share their weights with those that they replace, and give the same results up to rounding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

NHWC = torch.channels_last


def windows(x: Tensor) -> Tensor:
    """The 4x4 windows of `(n, c, 2h, 2w)` at stride 2, padded by 1, as rows `(n h w, 16 c)`: row, column, channel."""
    n, c, height, width = x.shape
    padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))  # (n, 2h+2, 2w+2, c), contiguous
    image, row, column, channel = padded.stride()
    shape = (n, height // 2, width // 2, 4, 4, c)
    strided = padded.as_strided(shape, (image, 2 * row, 2 * column, row, column, channel))
    return strided.reshape(-1, 16 * c)


def add_windows(rows: Tensor, n: int, h: int, w: int) -> Tensor:
    """The transpose of `windows`: `(n h w, 16 c)` to `(n, c, 2h, 2w)`, windows added where they overlap."""
    c = rows.shape[1] // 16
    blocks = rows.view(n, h, w, 2, 2, 2, 2, c)  # a window is 2x2 blocks of 2x2 pixels, and blocks do not overlap
    padded = rows.new_zeros(n, h + 1, 2, w + 1, 2, c)
    for i in (0, 1):
        for j in (0, 1):
            padded[:, i : i + h, :, j : j + w] += blocks[:, :, :, i, :, j].permute(0, 1, 3, 2, 4, 5)
    return padded.view(n, 2 * h + 2, 2 * w + 2, c)[:, 1:-1, 1:-1].permute(0, 3, 1, 2).contiguous(memory_format=NHWC)


def _matrix(weight: Tensor) -> Tensor:
    """`(a, b, 4, 4)` to `(a, 16 b)` in the order of `windows`."""
    return weight.permute(0, 2, 3, 1).reshape(len(weight), -1)


def _pixels(x: Tensor) -> Tensor:
    """`(n, c, h, w)` to `(n h w, c)`."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def _weight_like(matrix: Tensor) -> Tensor:
    """The inverse of `_matrix`."""
    return matrix.view(len(matrix), 4, 4, -1).permute(0, 3, 1, 2)


class _Down(torch.autograd.Function):
    """`conv2d(x, weight, stride=2, padding=1)`, its pixels as rows `(n h w, out)`."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor) -> Tensor:
        rows, matrix = windows(x), _matrix(weight)  # (n h w, 16 c), (out, 16 c)
        ctx.save_for_backward(rows if ctx.needs_input_grad[1] else None, matrix)
        ctx.shape = len(x), x.shape[2] // 2, x.shape[3] // 2
        return rows @ matrix.t()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        rows, matrix = ctx.saved_tensors
        n, h, w = ctx.shape
        for_x, for_weight = ctx.needs_input_grad
        return (
            add_windows(grad @ matrix, n, h, w) if for_x else None,
            _weight_like(grad.t().contiguous() @ rows) if for_weight else None,
        )


class _Up(torch.autograd.Function):
    """`conv_transpose2d(x, weight, stride=2, padding=1)`: what `_Down` does to a gradient."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor) -> Tensor:
        n, _, h, w = x.shape
        x, matrix = _pixels(x), _matrix(weight)  # (n h w, c), (c, 16 out)
        ctx.save_for_backward(x, matrix)
        ctx.shape = n, h, w
        return add_windows(x @ matrix, n, h, w)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, matrix = ctx.saved_tensors
        n, h, w = ctx.shape
        rows, for_x, for_weight = windows(grad), *ctx.needs_input_grad
        return (
            (rows @ matrix.t()).view(n, h, w, -1).permute(0, 3, 1, 2) if for_x else None,
            _weight_like(x.t().contiguous() @ rows) if for_weight else None,
        )


class ProductDown(nn.Conv2d):
    """A 4x4 convolution of stride 2 and padding 1, as one matrix product."""

    def forward(self, x: Tensor) -> Tensor:
        rows = _Down.apply(*_cast(x, self.weight))
        # the view is made out here: what follows may work in place, which a function's own view forbids
        return _biased(rows.view(len(x), x.shape[2] // 2, x.shape[3] // 2, -1).permute(0, 3, 1, 2), self.bias)


class ProductUp(nn.ConvTranspose2d):
    """A 4x4 transposed convolution of stride 2 and padding 1, as one matrix product."""

    def forward(self, x: Tensor) -> Tensor:
        return _biased(_Up.apply(*_cast(x, self.weight)), self.bias)


class ProductStem(nn.ConvTranspose2d):
    """z `(n, nz, 1, 1)` to `(n, c, 4, 4)`: a transposed convolution of one pixel is a matrix product."""

    def forward(self, x: Tensor) -> Tensor:
        rows = F.linear(x.flatten(1), _matrix(self.weight).t())  # (n, 16 c)
        return _biased(rows.view(len(x), 4, 4, -1).permute(0, 3, 1, 2), self.bias)


class ProductHead(nn.Conv2d):
    """`(n, c, 4, 4)` to `(n, 1, 1, 1)`: a convolution of one window is a matrix product."""

    def forward(self, x: Tensor) -> Tensor:
        rows = x.permute(0, 2, 3, 1).reshape(len(x), -1)  # (n, 16 c)
        return _biased(F.linear(rows, _matrix(self.weight))[..., None, None], self.bias)


def other_form(layer: nn.Module) -> nn.Module | None:
    """The matrix product in place of this layer, with its weights; None where there is none."""
    if not isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) or layer.kernel_size != (4, 4) or layer.groups != 1:
        return None
    if layer.dilation != (1, 1) or getattr(layer, "output_padding", (0, 0)) != (0, 0):
        return None
    up = isinstance(layer, nn.ConvTranspose2d)
    if (layer.stride, layer.padding) == ((2, 2), (1, 1)):
        form = ProductUp if up else ProductDown
    elif (layer.stride, layer.padding) == ((1, 1), (0, 0)):
        form = ProductStem if up else ProductHead
    else:
        return None
    return as_form(layer, form)


def usual_form(layer: nn.Module) -> nn.Module:
    """The library's convolution in place of a matrix product; any other layer as it is."""
    if isinstance(layer, (ProductUp, ProductStem)):
        return as_form(layer, nn.ConvTranspose2d)
    return as_form(layer, nn.Conv2d) if isinstance(layer, (ProductDown, ProductHead)) else layer


def as_form(layer: nn.Module, form: type[nn.Module]) -> nn.Module:
    """A layer of class `form` with the same settings and the very same weights, which optimisers go on to move."""
    with torch.device("meta"):
        other = form(
            layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding,
            bias=layer.bias is not None,
        )  # fmt: skip
    other.weight, other.bias = layer.weight, layer.bias
    return other.train(layer.training)


def _cast(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the precision of the pass: autocast does not look into an autograd function."""
    device = x.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
    return x.to(dtype), weight.to(dtype)


def _biased(x: Tensor, bias: Tensor | None) -> Tensor:
    return x if bias is None else x + bias.to(x.dtype)[:, None, None]
