"""The table of layers of a network: shapes, kernels, parameters, multiply-adds. Counted, not estimated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import torch
from torch import Tensor, nn

from dcgan_lib.config import DCGANConfig
from dcgan_lib.models import Discriminator, Generator

LINEAR = {nn.Conv2d: "conv", nn.ConvTranspose2d: "transposed conv", nn.Linear: "linear"}
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
BEFORE = {nn.Upsample: "resize × 2"}  # belongs to the convolution that follows
AFTER = {
    nn.BatchNorm1d: "batch norm",
    nn.BatchNorm2d: "batch norm",
    nn.MaxPool2d: "max pool",
    nn.ReLU: "ReLU",
    nn.LeakyReLU: "leaky ReLU",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
}
HEADS = ("layer", "then", "output", "kernel", "stride", "padding", "parameters", "multiply-adds")


@dataclass(frozen=True)
class Row:
    """One linear layer with what follows it up to the next: batch norm, pooling, activation."""

    layer: str  # "conv", "transposed conv", "linear"
    then: str  # "batch norm, ReLU"
    shape: tuple[int, ...]  # of one image's output, after all of `then`
    kernel: int | None  # None where there is none: a linear layer
    stride: int | None
    padding: int | None
    params: int  # weights and biases, those of the batch norm included
    macs: int  # multiply-adds of the linear layer for one image, taps on padding counted too
    output_padding: int = 0
    macs_inside: int = 0  # those of the multiply-adds that meet a pixel, not the padding

    def cells(self) -> tuple[str, ...]:
        padding = _text(self.padding) + (f" (+{self.output_padding})" if self.output_padding else "")
        shape = "×".join(map(str, self.shape))
        numbers = (f"{self.params:,}", f"{self.macs:,}")
        return (self.layer, self.then, shape, _text(self.kernel), _text(self.stride), padding, *numbers)


@dataclass(frozen=True)
class Summary:
    """The layers of one network. Shows itself as a table in a notebook, as text with `str()`."""

    title: str
    input: tuple[int, ...]  # of one example
    rows: tuple[Row, ...]

    @property
    def params(self) -> int:
        """All parameters: those of the rows add up to those of the module."""
        return sum(row.params for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-adds of the forward pass of one image. Batch norm and activations, well below 1 %, are left out."""
        return sum(row.macs for row in self.rows)

    def table(self) -> list[tuple[str, ...]]:
        """Heads, the input, the rows and the totals, as text."""
        start = ("input", "", "×".join(map(str, self.input)), "", "", "", "", "")
        total = ("total", "", "", "", "", "", f"{self.params:,}", f"{self.macs:,}")
        return [HEADS, start, *(row.cells() for row in self.rows), total]

    def __str__(self) -> str:
        table = self.table()
        widths = [max(len(cells[i]) for cells in table) for i in range(len(HEADS))]
        lines = ["  ".join(_pad(cell, width, i) for i, (cell, width) in enumerate(zip(row, widths))) for row in table]
        rule = "-" * len(lines[0])
        return "\n".join([self.title, rule, lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        heads, *body, total = self.table()
        rows = "".join(_html_row(cells, "td") for cells in body)
        return (
            f'<table class="dataframe"><caption>{escape(self.title)}</caption><thead>{_html_row(heads, "th")}</thead>'
            f"<tbody>{rows}</tbody><tfoot>{_html_row(total, 'td', bold=True)}</tfoot></table>"
        )


@dataclass(frozen=True)
class Pair:
    """Both players of one config."""

    G: Summary
    D: Summary

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.G.rows + self.D.rows

    @property
    def params(self) -> int:
        return self.G.params + self.D.params

    @property
    def macs(self) -> int:
        """Of one forward pass of each, for one image."""
        return self.G.macs + self.D.macs

    def __str__(self) -> str:
        return f"{self.G}\n\n{self.D}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self.G._repr_html_() + self.D._repr_html_()


def summary(what: DCGANConfig | nn.Module, input_shape: Sequence[int] | None = None) -> Summary | Pair:
    """The table of layers of a config (both players), a Generator, a Discriminator, or any chain of such layers.

        print(summary(DCGANConfig()))        # G and D
        summary(G).params, summary(G).macs   # 3,576,704 and 104,628,224 for the default

    Args:
        what: a config is only measured, not filled with weights: as fast for 128 x 128 as for 16 x 16.
        input_shape: of one example, for modules that are not ours: `(100, 1, 1)`.

    Raises:
        TypeError: no `input_shape` for a module that is not ours.
        ValueError: a module whose layers are of none of the kinds counted here.
    """
    if isinstance(what, DCGANConfig):
        with torch.device("meta"):
            return Pair(summary(Generator(what)), summary(Discriminator(what)))
    if input_shape is None:
        input_shape = _input_shape(what)
    title = type(what).__name__
    if isinstance(what, Generator | Discriminator):
        title += f", {what.cfg.image_size} × {what.cfg.image_size}"
    rows = tuple(_rows(_trace(what, input_shape)))
    uncounted = sum(p.numel() for p in what.parameters()) - sum(row.params for row in rows)
    if uncounted or not rows:
        kinds = sorted({type(m).__name__ for m in what.modules() if not list(m.children())})
        raise ValueError(f"{title}: {uncounted:,} parameters in layers that are not counted here; it has {kinds}")
    return Summary(title, tuple(input_shape), rows)


def _input_shape(module: nn.Module) -> tuple[int, ...]:
    if isinstance(module, Generator):
        return (module.cfg.nz,)
    if isinstance(module, Discriminator):
        return (module.cfg.nc, module.cfg.image_size, module.cfg.image_size)
    raise TypeError(f"{type(module).__name__} is not ours: give input_shape, the shape of one example, as (100, 1, 1)")


def _trace(module: nn.Module, input_shape: Sequence[int]) -> list[tuple[nn.Module, tuple, tuple]]:
    """Every layer that ran on one example of zeros, in order, with its input's and output's shape."""
    seen, was_training = [], module.training

    def note(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen.append((layer, tuple(inputs[0].shape[1:]), tuple(output.shape[1:])))

    leaves = [m for m in module.modules() if not list(m.children())]
    hooks = [leaf.register_forward_hook(note) for leaf in leaves]
    device = next(module.parameters()).device
    try:
        with torch.no_grad():
            module.eval()(torch.zeros(1, *input_shape, device=device))
    finally:
        module.train(was_training)
        for hook in hooks:
            hook.remove()
    return seen


def _rows(seen: list[tuple[nn.Module, tuple, tuple]]) -> Iterator[Row]:
    """One row for each linear layer; what stands between it and the next belongs to it."""
    starts = [i for i, (layer, _, _) in enumerate(seen) if type(layer) in LINEAR]
    for start, end in zip(starts, [*starts[1:], len(seen)]):
        layer, shape_in, shape_out = seen[start]
        after = [m for m, _, _ in seen[start + 1 : end] if type(m) in AFTER]
        kind = LINEAR[type(layer)]
        if start and type(seen[start - 1][0]) in BEFORE:
            kind = f"{BEFORE[type(seen[start - 1][0])]}, {kind}"
        last_shape = next((s for m, _, s in reversed(seen[start + 1 : end]) if type(m) in AFTER), shape_out)
        params = sum(p.numel() for m in (layer, *after) for p in m.parameters())
        macs = _macs(layer, shape_in, shape_out)
        kernel, stride, padding, extra = _geometry(layer)
        then = ", ".join(AFTER[type(m)] for m in after)
        inside = _macs_inside(layer, shape_in, shape_out, stride, padding)
        yield Row(kind, then, last_shape, kernel, stride, padding, params, macs, extra, inside)


def _macs(layer: nn.Module, shape_in: tuple, shape_out: tuple) -> int:
    """Every weight is used once at each position of a transposed layer's input, of a plain one's output."""
    if isinstance(layer, nn.Linear):
        return layer.weight.numel()
    height, width = (shape_in if isinstance(layer, nn.ConvTranspose2d) else shape_out)[1:]
    return layer.weight.numel() * height * width


def _macs_inside(layer: nn.Module, shape_in: tuple, shape_out: tuple, stride: int | None, padding: int | None) -> int:
    """The multiply-adds whose pixel is in the picture: in each direction the pairs of an output pixel and a tap."""
    if isinstance(layer, nn.Linear):
        return layer.weight.numel()
    # a transposed layer is the plain one from its output to its input, with the arrows turned round
    small, large = (shape_in, shape_out) if isinstance(layer, nn.ConvTranspose2d) else (shape_out, shape_in)
    inside = 1
    for taps, n, limit in zip(layer.kernel_size, small[1:], large[1:]):
        places = torch.arange(n, device="cpu")[:, None] * stride - padding + torch.arange(taps, device="cpu")
        inside *= int(((places >= 0) & (places < limit)).sum())
    return layer.in_channels * layer.out_channels * inside


def _geometry(layer: nn.Module) -> tuple[int | None, int | None, int | None, int]:
    if isinstance(layer, nn.Linear):
        return None, None, None, 0
    k, padding = layer.kernel_size[0], layer.padding
    padding = (k - 1) // 2 if padding == "same" else padding[0]
    return k, layer.stride[0], padding, layer.output_padding[0]


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _pad(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 3 else cell.rjust(width)


def _html_row(cells: Sequence[str], tag: str, bold: bool = False) -> str:
    inside = [f"<b>{escape(c)}</b>" if bold and c else escape(c) for c in cells]
    sides = ["left" if i < 3 else "right" for i in range(len(cells))]
    return "<tr>" + "".join(f'<{tag} style="text-align: {s}">{c}</{tag}>' for s, c in zip(sides, inside)) + "</tr>"
