"""What single units of a discriminator look for: what excites them most, where, and which pixels did it.

A unit is a map of a layer; its response to an image is the map's largest value. Section 6.2 of the paper shows, by
guided backpropagation, what in its images excites the first six units of D's last convolutional layer ("maximal
axis-aligned responses": one axis of the feature space each), beside units of a network with random weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dcgan_lib.data.images import Images
from dcgan_lib.models import Discriminator

RULES = ("guided", "gradient")


@dataclass(frozen=True)
class Field:
    """Which pixels one place of a layer sees: along each axis `size` of them, from `start + stride * place` on."""

    size: int
    stride: int
    start: int  # negative where the window begins in the padding

    def box(self, place: int) -> tuple[int, int]:
        """First pixel, and the first behind the last; both may lie outside the image."""
        first = self.start + self.stride * place
        return first, first + self.size


@dataclass(frozen=True)
class Responses:
    """For each unit the images that excite it most, the strongest first."""

    images: Tensor  # (units, k) int64: their places in the set
    rows: Tensor  # (units, k) where in the map, from the top
    columns: Tensor  # (units, k) from the left
    values: Tensor  # (units, k) how much


def receptive_field(D: Discriminator, layer: int = -1) -> Field:
    """What one place of a convolutional layer sees of the image.

    Args:
        layer: 0 is the first convolutional layer, -1 the last (of 4x4 maps).

    Raises:
        ValueError: no such layer, or a layer of a kind that is not known here.
    """
    size, stride, start = 1, 1, 0
    for block in D.blocks[: _place(D, layer) + 1]:
        for m in block:
            if isinstance(m, nn.Conv2d | nn.MaxPool2d):
                kernel, step, pad = _window(m)
                start -= pad * stride
                size += (kernel - 1) * stride
                stride *= step
            elif not isinstance(m, nn.BatchNorm2d | nn.LeakyReLU | nn.ReLU | nn.Tanh):
                raise ValueError(f"{type(m).__name__} in layer {layer}: what it sees is not known")
    return Field(size, stride, start)


@torch.no_grad()
def responses(D: Discriminator, images: Images, layer: int = -1, batch: int = 256) -> Tensor:
    """The largest value of each map of a layer, `(n, units)`; D in evaluation mode, its mode is kept.

    Raises:
        ValueError: no such layer.
    """
    place = _place(D, layer)
    with _eval(D):
        parts = torch.arange(len(images)).split(batch)
        return torch.cat([D.features(images.batch(part))[place].amax((2, 3)) for part in parts])


@torch.no_grad()
def strongest(D: Discriminator, images: Images, k: int = 9, layer: int = -1, batch: int = 256) -> Responses:
    """The k images that excite each unit of a layer most, and where in them; D in evaluation mode, its mode is kept.

    Raises:
        ValueError: no such layer, or more images asked for than there are.
    """
    if not 1 <= k <= len(images):
        raise ValueError(f"k={k}: there are {len(images)} images to choose from")
    values, places, side = [], [], 0
    with _eval(D):
        for chosen in torch.arange(len(images)).split(batch):
            maps = D.features(images.batch(chosen))[_place(D, layer)]  # (n, units, side, side)
            side = maps.shape[-1]
            value, place = maps.flatten(2).max(2)
            values.append(value)
            places.append(place)
    top, which = torch.cat(values).T.topk(k, dim=1)  # (units, k)
    place = torch.cat(places).T.gather(1, which)
    return Responses(which, place // side, place % side, top)


def patches(D: Discriminator, images: Images, found: Responses, unit: int, layer: int = -1) -> Tensor:
    """The windows of the images that excite a unit most, `(k, nc, size, size)` in [-1, 1]; what lies outside is 0.

    Where the receptive field is larger than the image, as for D's last layers, it holds the whole image and more.
    """
    field, cut = receptive_field(D, layer), []
    for image, row, column in zip(found.images[unit], found.rows[unit], found.columns[unit]):
        (top, _), (left, _) = field.box(int(row)), field.box(int(column))
        whole = F.pad(images.batch([int(image)])[0], [field.size] * 4)  # a field always has pixels of the image in it
        rows = slice(top + field.size, top + 2 * field.size)
        cut.append(whole[:, rows, left + field.size : left + 2 * field.size])
    return torch.stack(cut)


def guided(D: Discriminator, images: Tensor, unit: int, layer: int = -1, rule: str = "guided") -> Tensor:
    """Which pixels excite a unit at its strongest place, as a signed picture of each image's shape.

    Guided backpropagation (Springenberg et al. 2015, "Striving for simplicity"): on the way back through a ReLU the
    signal passes where the unit was positive on the way there (the gradient's rule) *and* where the signal itself is
    positive (that of the "deconvnet"). A leaky ReLU has a slope below zero as well; we apply the same two conditions
    and nothing passes below, as if it were a ReLU on the way back. With slope 0 that is the published rule. The paper
    does not say what it did with its leaky ReLUs.

    Args:
        images: `(n, nc, s, s)` in [-1, 1].
        unit: the number of the map.
        rule: "guided", or "gradient" for the plain derivative.

    Raises:
        ValueError: no such layer, unit or rule.
    """
    if rule not in RULES:
        raise ValueError(f"rule={rule!r}: choose one of {', '.join(RULES)}")
    place, width = _place(D, layer), D.cfg.d_widths[layer]
    if not 0 <= unit < width:
        raise ValueError(f"unit={unit}: layer {layer} has the units 0 to {width - 1}")
    x = images.detach().clone().requires_grad_()
    with _eval(D), _passing(D, rule):
        response = D.features(x)[place][:, unit].flatten(1).max(1).values
        return torch.autograd.grad(response.sum(), x)[0]


def focus(pictures: Tensor) -> Tensor:
    """How much of a signed picture lies in its strongest tenth of the pixels, `(n,)`: 0.1 is even, 1 a few points."""
    energy = pictures.square().sum(1).flatten(1).sort(1, descending=True).values
    tenth = -(-energy.shape[1] // 10)
    return energy[:, :tenth].sum(1) / energy.sum(1).clamp(min=1e-30)


class _Guided(torch.autograd.Function):
    """A (leaky) ReLU that lets back only what is positive, where it was itself positive."""

    @staticmethod
    def forward(ctx, x: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(x)
        return F.leaky_relu(x, slope)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return grad.clamp(min=0) * (x > 0), None


def _guided(x: Tensor, slope: float) -> Tensor:
    return _Guided.apply(x, slope)


@contextmanager
def _passing(D: Discriminator, rule: str) -> Iterator[None]:
    """Within it the activations of D go back by this rule."""
    units = [m for m in D.modules() if isinstance(m, nn.LeakyReLU | nn.ReLU)] if rule == "guided" else []
    try:
        for m in units:  # an attribute of the instance hides the method of its class
            m.forward = partial(_guided, slope=getattr(m, "negative_slope", 0.0))
        yield
    finally:
        for m in units:
            m.__dict__.pop("forward", None)


@contextmanager
def _eval(D: Discriminator) -> Iterator[None]:
    was_training = D.training
    try:
        D.eval()
        yield
    finally:
        D.train(was_training)


def _place(D: Discriminator, layer: int) -> int:
    """A layer's number from 0; the last block of D, its score, is none of them."""
    count = len(D.blocks) - 1
    if not -count <= layer < count:
        raise ValueError(f"layer={layer}: this discriminator has the convolutional layers 0 to {count - 1}")
    return layer % count


def _window(m: nn.Conv2d | nn.MaxPool2d) -> tuple[int, int, int]:
    """Kernel, stride and padding before the first pixel of a square layer."""

    def one(value) -> int:
        return value[0] if isinstance(value, tuple) else value

    kernel = one(m.kernel_size)
    pad = (kernel - 1) // 2 if m.padding == "same" else one(m.padding)
    return kernel, one(m.stride), pad
