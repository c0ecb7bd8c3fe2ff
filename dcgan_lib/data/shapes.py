"""Shapes as signed distances, and a canvas that paints them.

A **signed distance** says how far a point is from a shape's edge: negative inside, zero on the edge, positive
outside. Shapes then combine with arithmetic (`minimum` is the union, `maximum` the intersection), and a smooth edge
costs one line: a pixel is covered by `0.5 - distance / pixel width`, clamped to [0, 1].

Coordinates run from -1 to 1, x to the right and y *down*. Many pictures are painted at once, and they lie along the
*last* dimension: x is `(w, 1)`, y is `(h, 1, 1)`, and a number for each picture, `(n,)`, broadcasts against both with
no reshaping. Memory is then read in long runs even in a narrow window, and work in x alone costs `w * n`.

Only `+ - * / sqrt`, `minimum`, `maximum`, `abs` and comparisons are used. Each is correctly rounded on every device,
so a picture comes out the same bits alone or in a batch, on a CPU or on a GPU.
"""

from __future__ import annotations

import dataclasses
import functools

import torch
from torch import Tensor


@dataclasses.dataclass(frozen=True)
class Canvas:
    """`n` pictures being painted, or a window of them that shares their memory."""

    pixels: Tensor  # (nc, h, w, n) in [0, 1]
    x: Tensor  # (w, 1), pixel centres
    y: Tensor  # (h, 1, 1), pixel centres
    pixel: float  # width of one pixel in these coordinates
    corner: tuple[int, int] = (0, 0)  # row and column of the first pixel, in a window

    @classmethod
    def blank(cls, n: int, image_size: int, nc: int, device: torch.device | str = "cpu") -> Canvas:
        """An unpainted canvas of `n` square pictures."""
        pixel = 2.0 / image_size
        centres = _centres(image_size, torch.device(device))
        pixels = torch.empty(nc, image_size, image_size, n, device=device)
        return cls(pixels, centres[:, None], centres[:, None, None], pixel)

    def window(self, left: float, top: float, right: float, bottom: float) -> Canvas:
        """The part of the canvas inside a rectangle, and half a pixel of edge around it."""
        row, column = self.corner

        def span(low: float, high: float, start: int, size: int) -> slice:
            first, last = (
                int((low + 1) / self.pixel - 0.5) - start,
                int((high + 1) / self.pixel + 1.5) - start,
            )
            return slice(max(0, first), min(size, last))

        rows = span(top, bottom, row, len(self.y))
        columns = span(left, right, column, len(self.x))
        corner = (row + rows.start, column + columns.start)
        return Canvas(self.pixels[:, rows, columns], self.x[columns], self.y[rows], self.pixel, corner)

    def fill(self, colour: Tensor) -> None:
        """Cover everything with `colour`, `(nc, n)`."""
        self.pixels.copy_(colour[:, None, None, :])

    def paint(self, distance: Tensor, colour: Tensor, opacity: Tensor | float = 1.0, soft: float = 0.0) -> None:
        """Paint the shape at `distance`, `(h, w, n)`, with `colour`, `(nc, n)` or `(nc, 1)`.

        `opacity` is one number or `(n,)`, in [0, 1]. `soft` widens the edge beyond a pixel, for shadows and blushes.
        """
        cover = distance * (-1.0 / (self.pixel + soft))
        cover.add_(0.5).clamp_(0.0, 1.0)
        if not (isinstance(opacity, float) and opacity == 1.0):
            cover = cover * opacity
        for plane, ink in zip(self.pixels, colour):  # plane: (h, w, n)
            plane.add_((ink - plane).mul_(cover))


@functools.cache
def _centres(image_size: int, device: torch.device) -> Tensor:
    """Of the pixels of a row, `(image_size,)`."""
    places = torch.arange(image_size, dtype=torch.float64, device="cpu") + 0.5
    return (places * (2.0 / image_size) - 1.0).float().to(device)


def ellipse(x: Tensor, y: Tensor, rx: Tensor | float, ry: Tensor | float) -> Tensor:
    """Distance to an ellipse around the origin, exact to first order at the edge: f / |grad f|."""
    ix, iy = 1.0 / rx, 1.0 / ry
    u, v = x * ix, y * iy
    slope = ((u * ix) * (u * ix) + (v * iy) * (v * iy)).add_(1e-6).sqrt_().mul_(2.0)
    return (u * u + v * v).sub_(1.0).div_(slope)


def circle(x: Tensor, y: Tensor, radius: Tensor | float) -> Tensor:
    """Distance to a circle around the origin."""
    return (x * x + y * y).sqrt_().sub_(radius)


def rounded_box(x: Tensor, y: Tensor, width: Tensor | float, height: Tensor | float, corner: Tensor | float) -> Tensor:
    """Distance to a box with round corners; `width` and `height` are halves. Exact (Quilez, 2D distance functions)."""
    qx, qy = x.abs() - width + corner, y.abs() - height + corner
    px, py = qx.clamp(min=0.0), qy.clamp(min=0.0)
    outside = (px * px + py * py).sqrt_()
    return outside.add_(torch.maximum(qx, qy).clamp_(max=0.0)).sub_(corner)


def stroke(x: Tensor, rise: Tensor, half_length: Tensor | float, half_width: Tensor | float) -> Tensor:
    """Distance to a line with round ends: `x` along it, `rise` the height above it."""
    beyond = (x.abs() - half_length).clamp_(min=0.0)
    return (rise * rise + beyond * beyond).sqrt_().sub_(half_width)


def smooth_union(a: Tensor, b: Tensor, blend: float) -> Tensor:
    """The union of two shapes, with the crease between them filled over a width of `blend` (Quilez, polynomial)."""
    fill = (a - b).abs_().mul_(-1.0 / blend).add_(1.0).clamp_(min=0.0)
    return torch.minimum(a, b).sub_(fill.mul_(fill).mul_(blend * 0.25))
