"""Convolution arithmetic in the open: sizes, the sum by hand, the matrix, the transpose, the overlap.

Slow on purpose: every function here says what `torch` does, for one map, in a form that can be read. A kernel is
`(k,)` on a line `(n,)` or `(k, k)` on a square map `(n, n)`. As in torch, "convolution" does not flip the kernel.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

# --- sizes -----------------------------------------------------------------------------------------------------


def conv_size(n: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Side of a convolution's output: `floor((n + 2p - k) / s) + 1`, the number of places where the kernel fits.

    Raises:
        ValueError: the kernel is wider than the padded input.
    """
    _check(kernel=kernel, stride=stride, padding=padding)
    if n + 2 * padding < kernel:
        raise ValueError(
            f"kernel={kernel} does not fit into {n} + 2 x {padding} padded pixels: "
            "use a smaller kernel, more padding or a larger input"
        )
    return (n + 2 * padding - kernel) // stride + 1


def transposed_size(n: int, kernel: int, stride: int = 1, padding: int = 0, output_padding: int = 0) -> int:
    """Side of a transposed convolution's output: `(n - 1) s - 2p + k + output_padding`.

    `conv_size` rounds down, so `stride` input sizes share one output size; `output_padding` says which is meant.

    Raises:
        ValueError: nothing is left of the output, or `output_padding` is not below the stride.
    """
    _check(kernel=kernel, stride=stride, padding=padding)
    if not 0 <= output_padding < stride:
        raise ValueError(f"output_padding={output_padding}: give 0 to {stride - 1}, it must be below the stride")
    size = (n - 1) * stride - 2 * padding + kernel + output_padding
    if size < 1:
        raise ValueError(f"padding={padding} leaves no output ({size} pixels): use less padding")
    return size


def sizes(start: int, layers: Iterable[Sequence[int]], transposed: bool = False) -> list[int]:
    """The side after each layer of a table whose rows are `(kernel, stride, padding)`, transposed rows perhaps with a
    fourth number, the output padding."""
    size_of, seen = transposed_size if transposed else conv_size, [start]
    for layer in layers:
        seen.append(size_of(seen[-1], *layer))
    return seen[1:]


# --- by hand ---------------------------------------------------------------------------------------------------


def convolve(x: Tensor, w: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    """Lay the kernel on every place it fits, `stride` apart; multiply what lies on top of each other; add up.

    Args:
        x: `(n,)` or `(n, n)`. w: `(k,)` or `(k, k)`.

    Returns:
        `(m,)` or `(m, m)` with `m = conv_size(n, k, stride, padding)`.
    """
    _check_dims(x, w)
    k, m = len(w), conv_size(len(x), len(w), stride, padding)
    padded = F.pad(x, [padding] * 2 * x.ndim)
    out = x.new_zeros([m] * x.ndim)
    for place in itertools.product(range(m), repeat=x.ndim):
        window = padded[tuple(slice(i * stride, i * stride + k) for i in place)]
        out[place] = (window * w).sum()
    return out


def spread(x: Tensor, w: Tensor, stride: int = 1, padding: int = 0, output_padding: int = 0) -> Tensor:
    """The transposed convolution as a stamp: each input value prints a scaled kernel, `stride` apart; prints add up.

    `padding` cuts that many pixels off every edge, `output_padding` adds some at the far edge.

    Returns:
        `(m,)` or `(m, m)` with `m = transposed_size(n, k, stride, padding, output_padding)`.
    """
    _check_dims(x, w)
    k, m = len(w), transposed_size(len(x), len(w), stride, padding, output_padding)
    canvas = x.new_zeros([(len(x) - 1) * stride + k + output_padding] * x.ndim)
    for place in itertools.product(range(len(x)), repeat=x.ndim):
        canvas[tuple(slice(i * stride, i * stride + k) for i in place)] += x[place] * w
    return canvas[tuple(slice(padding, padding + m) for _ in range(x.ndim))]


# --- as a matrix -----------------------------------------------------------------------------------------------


def conv_matrix(w: Tensor, n: int, stride: int = 1, padding: int = 0) -> Tensor:
    """The matrix C of a convolution: `C @ x.flatten()` is its output, `C.T @ y.flatten()` the transposed convolution's.

    Args:
        w: `(k,)` for lines of `n` values, `(k, k)` for square maps of side `n`.

    Returns:
        Dense, `(m, n)` or `(m * m, n * n)`: a row for each output value, the kernel's numbers where they apply.
    """
    dims, m = w.ndim, conv_size(n, len(w), stride, padding)
    matrix = w.new_zeros([m] * dims + [n] * dims)
    for out in itertools.product(range(m), repeat=dims):
        for tap in itertools.product(range(len(w)), repeat=dims):
            source = tuple(i * stride + t - padding for i, t in zip(out, tap))
            if all(0 <= i < n for i in source):
                matrix[out + source] = w[tap]
    return matrix.reshape(m**dims, n**dims)


# --- by inserting zeros ----------------------------------------------------------------------------------------


def insert_zeros(x: Tensor, stride: int) -> Tensor:
    """`x` with `stride - 1` zeros between neighbours: `(n,)` becomes `((n - 1) stride + 1,)`, maps likewise."""
    _check(stride=stride)
    out = x.new_zeros([(n - 1) * stride + 1 for n in x.shape])
    out[tuple(slice(None, None, stride) for _ in x.shape)] = x
    return out


def convolve_with_zeros(x: Tensor, w: Tensor, stride: int = 1, padding: int = 0, output_padding: int = 0) -> Tensor:
    """The transposed convolution as an ordinary one: zeros between the inputs, `k - 1 - p` around, the kernel flipped.

    The kernel moves by one pixel of the stretched map, a `1 / stride` of an input pixel: "fractionally strided".
    Same result as `spread`.
    """
    _check_dims(x, w)
    transposed_size(len(x), len(w), stride, padding, output_padding)  # refuses what torch would
    before = len(w) - 1 - padding
    around = [before, before + output_padding] * x.ndim
    stretched = F.pad(insert_zeros(x, stride), around)  # a negative number cuts
    return convolve(stretched, w.flip(tuple(range(w.ndim))))


# --- overlap ---------------------------------------------------------------------------------------------------


def overlap(n: int, kernel: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dims: int = 1) -> Tensor:
    """How many kernel taps land on each output pixel of a transposed convolution of `n` (or `n` x `n`) inputs.

    Even away from the edges where the stride divides the kernel; else it beats with the stride (Odena et al. 2016).
    In two dimensions the counts multiply.
    """
    line = spread(torch.ones(n), torch.ones(kernel), stride, padding, output_padding)
    return line if dims == 1 else line[:, None] * line[None, :]


def is_even(kernel: int, stride: int) -> bool:
    """Whether a transposed convolution puts the same number of taps on every output pixel, edges aside."""
    _check(kernel=kernel, stride=stride)
    return kernel % stride == 0


# --- checks ----------------------------------------------------------------------------------------------------


def _check(**numbers: int) -> None:
    for name, value in numbers.items():
        least = 0 if name == "padding" else 1
        if value < least:
            raise ValueError(f"{name}={value}: give {least} or more")


def _check_dims(x: Tensor, w: Tensor) -> None:
    if x.ndim != w.ndim or x.ndim not in (1, 2) or len(set(x.shape)) > 1 or len(set(w.shape)) > 1:
        raise ValueError(
            f"input {tuple(x.shape)} and kernel {tuple(w.shape)}: give both as lines, (n,) and (k,), "
            "or both as squares, (n, n) and (k, k)"
        )
