"""Moving about in z: sampling, walks, planes, arithmetic. Everything here is a function of latents alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from dcgan_lib.config import DCGANConfig
from dcgan_lib.models import draw_z


def sample_z(n: int, cfg: DCGANConfig, seed: int = 0, truncation: float | None = None) -> Tensor:
    """`(n, nz)` latents of the kind that `cfg` trains on.

    Args:
        truncation: keep every coordinate within [-truncation, truncation], by drawing from the normal distribution
            cut off there (Brock et al. 2019, section 3.1). Smaller means safer and less varied. Gaussian z only.
    """
    rng = torch.Generator().manual_seed(seed)
    if truncation is None:
        return draw_z(n, cfg, rng)
    if cfg.latent != "gaussian":
        raise ValueError(f"truncation={truncation} with latent={cfg.latent!r}: only Gaussian z has tails to cut")
    if truncation <= 0:
        raise ValueError(f"truncation={truncation}: give a positive bound, such as 1.0, or None")
    inside = math.erf(truncation / math.sqrt(2))  # the probability of a coordinate within the bound
    u = torch.rand(n, cfg.nz, generator=rng, dtype=torch.float64) * 2 - 1
    return (math.sqrt(2) * torch.erfinv(u * inside)).float()


def lerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """The point a share `t` along the line from `a` to `b`. `a`, `b`: `(..., nz)`; `t`: a number or `(k, 1)`."""
    return a + (b - a) * t


def slerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """The same along the arc: the angle grows evenly and the norm goes evenly from |a| to |b| (White 2016, section 2).

    Between points of a high-dimensional normal distribution the straight line passes where no sample lies: half-way,
    the norm is about 0.71 of what it was. Parallel vectors have no arc between them; there the line is taken.
    """
    norm_a, norm_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    unit_a, unit_b = a / norm_a.clamp(min=1e-12), b / norm_b.clamp(min=1e-12)
    cosine = (unit_a * unit_b).sum(-1, keepdim=True).clamp(-1, 1)
    angle = torch.acos(cosine)
    straight = angle.sin() < 1e-3  # float32 cannot tell smaller angles from none
    safe = torch.where(straight, torch.ones_like(angle), angle)
    arc = (torch.sin((1 - t) * safe) * unit_a + torch.sin(t * safe) * unit_b) / torch.sin(safe)
    return torch.where(straight, lerp(a, b, t), arc * lerp(norm_a, norm_b, t))


PATHS = {"lerp": lerp, "slerp": slerp}


def walk(points: Tensor, frames: int = 8, path: str = "slerp", closed: bool = False) -> Tensor:
    """A path through several latents, `frames` positions from each to the next (paper, figure 4).

    Args:
        points: `(k, nz)`, k of at least 2.
        frames: positions per leg, the leg's first point included.
        path: "lerp" or "slerp".
        closed: go back to the first point, for a loop without a seam.

    Returns:
        `(legs * frames + 1, nz)`, or without the last point where closed.
    """
    if points.ndim != 2 or len(points) < 2:
        raise ValueError(f"points of shape {tuple(points.shape)}: a walk needs (k, nz) with k of at least 2")
    if path not in PATHS:
        raise ValueError(f"path={path!r}: choose one of {tuple(PATHS)}")
    t = torch.arange(frames, dtype=points.dtype)[:, None] / frames
    ends = torch.cat([points, points[:1]]) if closed else points
    legs = [PATHS[path](a[None], b[None], t) for a, b in pairwise(ends)]
    return torch.cat(legs if closed else [*legs, points[-1:]])


def plane(origin: Tensor, u: Tensor, v: Tensor, n: int = 5, extent: float = 1.0) -> Tensor:
    """An `n` by `n` sheet of latents, `(n * n, nz)`, row by row: `origin + x u + y v`, x to the right, y downward.

    x and y run over [-extent, extent]; `origin`, `u`, `v`: `(nz,)`.
    """
    ticks = torch.linspace(-extent, extent, n)
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    return origin + x.reshape(-1, 1) * u + y.reshape(-1, 1) * v


def sheet(a: Tensor, b: Tensor, c: Tensor, x: float | Tensor, y: float | Tensor, path: str = "slerp") -> Tensor:
    """The place (x, y) on a sheet through three latents: `a` at (0, 0), `b` at (1, 0), `c` at (0, 1).

    The fourth corner, (1, 1), is `b + c - a`. So with "lerp" the sheet is the plane through the three. With "slerp" it
    bends over the shell: the fourth corner is brought to the mean length of `b` and `c`, and all ways are arcs.
    `a`, `b`, `c`: `(..., nz)`; `x`, `y`: numbers or `(k, 1)`.
    """
    if path not in PATHS:
        raise ValueError(f"path={path!r}: choose one of {tuple(PATHS)}")
    way, d = PATHS[path], b + c - a
    if path == "slerp":
        length = (b.norm(dim=-1, keepdim=True) + c.norm(dim=-1, keepdim=True)) / 2
        d = d * length / d.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    return way(way(a, b, x), way(c, d, x), y)


def direction(having: Tensor, lacking: Tensor) -> Tensor:
    """From the mean of latents that lack something to the mean of those that have it, `(nz,)`.

    The paper averages 3 for its arithmetic and 4 for its turn vector (section 6.3.2).
    """
    return having.mean(0) - lacking.mean(0)


def fit_direction(z: Tensor, values: Tensor) -> Tensor:
    """The gradient of the plane that fits `values` best by least squares: what grows by |w|^2 in a step of w.

    Where `direction` needs a yes or no, this takes any measurement, and it does not mix in what merely differs between
    two groups by chance. Several measurements at once give one gradient each.

    Args:
        z: `(n, nz)`, n larger than nz.
        values: `(n,)`, or `(n, k)`.

    Returns:
        `(nz,)`, or `(k, nz)`.
    """
    if len(z) <= z.shape[1] + 1:
        raise ValueError(f"{len(z)} latents for {z.shape[1]} unknown slopes: give several times more")
    centred, targets = (z - z.mean(0)).double(), (values - values.mean(0)).double()
    slopes = torch.linalg.lstsq(centred, targets if targets.ndim == 2 else targets[:, None]).solution  # (nz, k)
    return slopes.T.to(z.dtype) if values.ndim == 2 else slopes[:, 0].to(z.dtype)


def arithmetic(plus: Sequence[Tensor], minus: Sequence[Tensor] = ()) -> Tensor:
    """Sum of the means of `plus` less the sum of the means of `minus`: each a tray of latents `(k, nz)`. `(nz,)`."""
    if not plus:
        raise ValueError("plus=[]: give at least one tray of latents (k, nz)")
    return sum(tray.mean(0) for tray in plus) - sum((tray.mean(0) for tray in minus), torch.zeros_like(plus[0][0]))


def neighbourhood(z: Tensor, noise: float = 0.25, seed: int = 0) -> Tensor:
    """The paper's 3x3 panel (figure 7), `(9, nz)`: z in the centre, around it z plus uniform noise."""
    rng = torch.Generator().manual_seed(seed)
    offsets = (torch.rand(9, z.shape[-1], generator=rng) * 2 - 1) * noise
    offsets[4] = 0
    return z + offsets
