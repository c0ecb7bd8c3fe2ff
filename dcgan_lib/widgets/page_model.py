"""A trained generator as the page reads it: a manifest in JSON, and its folded weights as half or single floats.

The weights stand in the order in which `generator.mjs` reads them: the stem as a matrix `[nz][4][4][out]` and its bias,
then for each transposed convolution `[quarter][block of 8 outputs][tap][in][8]` and its bias, outputs filled up to a
multiple of 8 with zeros.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from dcgan_lib.fold import folded_blocks
from dcgan_lib.models import Generator

SINGLE_BELOW = 1_500_000  # bytes: a small model can afford single floats, and half ones cost it up to 0.003 of a pixel
ROW_TAPS = ((1, 3), (2, 0))  # which rows (and columns) of the kernel an even and an odd output row see


def page_model(G: Generator) -> tuple[dict, bytes]:
    """The manifest and the weights of a generator.

    Raises:
        ValueError: a variant that the page's generator does not compute.
    """
    cfg = G.cfg
    unlike = {"kernel": 4, "upsample": "transposed", "activation_g": "relu", "hidden_units": 0}
    for name, needed in unlike.items():
        if getattr(cfg, name) != needed:
            raise ValueError(f"{name}={getattr(cfg, name)!r}: a page computes generators with {name}={needed!r} only")
    if wrong := [width for width in cfg.g_widths if width % 8]:
        raise ValueError(f"ngf={cfg.ngf} gives a layer of {wrong[0]} maps: a page computes multiples of 8")
    stem, *ups = (_layer(block) for block in folded_blocks(G))
    values = [_stem_matrix(stem, cfg.nz), _bias(stem, cfg.g_widths[0])]
    for layer in ups:
        values += [_quarters(layer.weight), _bias(layer, -(-layer.out_channels // 8) * 8)]
    single = 4 * sum(v.numel() for v in values) < SINGLE_BELOW
    manifest = {
        "bits": 32 if single else 16,
        "nz": cfg.nz,
        "nc": cfg.nc,
        "size": cfg.image_size,
        "latent": cfg.latent,
        "layers": [{"out": n} for n in (*cfg.g_widths, cfg.nc)],
    }
    kind = np.float32 if single else np.float16
    return manifest, b"".join(v.detach().cpu().numpy().astype(kind).tobytes() for v in values)


def _layer(block: nn.Sequential) -> nn.Module:
    return next(layer for layer in block if hasattr(layer, "weight"))


def _stem_matrix(stem: nn.Module, nz: int) -> Tensor:
    if isinstance(stem, nn.Linear):  # rows are (map, y, x)
        return stem.weight.view(-1, 4, 4, nz).permute(3, 1, 2, 0).contiguous()
    return stem.weight.permute(0, 2, 3, 1).contiguous()


def _bias(layer: nn.Module, width: int) -> Tensor:
    bias = layer.weight.new_zeros(width)
    if layer.bias is not None:
        # the matrix of a projection has a bias for each pixel, and a map's are equal
        per_map = layer.bias.detach().view(-1, 16)[:, 0] if isinstance(layer, nn.Linear) else layer.bias.detach()
        bias[: len(per_map)] = per_map
    return bias


def _quarters(weight: Tensor) -> Tensor:
    """`(in, out, 4, 4)` to `(4, blocks, 4, in, 8)`."""
    n_in, n_out = weight.shape[:2]
    blocks = -(-n_out // 8)
    wide = torch.zeros(n_in, blocks * 8, 4, 4)
    wide[:, :n_out] = weight.detach().float()
    quarters = [
        torch.stack([wide[:, :, ky, kx] for ky in ROW_TAPS[a] for kx in ROW_TAPS[c]])  # (tap, in, out)
        for a in (0, 1)
        for c in (0, 1)
    ]
    return torch.stack(quarters).view(4, 4, n_in, blocks, 8).permute(0, 3, 1, 2, 4).contiguous()
