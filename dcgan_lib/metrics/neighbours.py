"""Nearest neighbours: does a generator repeat its training images?

A distance to the nearest training image means nothing alone. The control is the same distance for real images that were
*not* trained on: whoever memorises comes closer than they do, whoever draws new things does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from dcgan_lib.data.images import to_unit


@dataclass(frozen=True)
class Neighbours:
    """The `k` nearest of a pool for each of `n` queries, nearest first."""

    distance: Tensor  # (n, k), Euclidean
    index: Tensor  # (n, k) int64, places in the pool


def nearest(queries: Tensor, pool: Tensor, k: int = 1, chunk: int = 4096) -> Neighbours:
    """The `k` nearest rows of `pool` `(m, ...)` to each of `queries` `(n, ...)`; all but the first axis is flattened.

    Raises:
        ValueError: rows of different lengths, or fewer than `k` in the pool.
    """
    queries, pool = queries.flatten(1).float(), pool.flatten(1)
    if queries.shape[1] != pool.shape[1]:
        raise ValueError(
            f"queries have {queries.shape[1]} numbers each, the pool {pool.shape[1]}: bring them to one form"
        )
    if len(pool) < k:
        raise ValueError(f"k={k} neighbours of a pool of {len(pool)}: ask for fewer")
    distance = queries.new_full((len(queries), k), torch.inf)
    index = torch.zeros(len(queries), k, dtype=torch.int64)
    for start in range(0, len(pool), chunk):  # keep the best k of those so far and this chunk
        some = pool[start : start + chunk].float()
        apart = torch.cdist(queries, some)
        places = torch.arange(start, start + len(some)).expand(len(queries), -1)
        both = torch.cat([distance, apart], 1), torch.cat([index, places], 1)
        distance, order = both[0].topk(k, dim=1, largest=False)
        index = both[1].gather(1, order)
    return Neighbours(distance, index)


def pixel_vectors(images: Tensor, size: int = 32) -> Tensor:
    """Images as rows whose Euclidean distance is the root-mean-square difference of their pixels, `(n, nc * size**2)`.

    Args:
        images: `(n, nc, s, s)` in [-1, 1], or uint8.
        size: images larger than this are averaged down to it: neighbours stay neighbours, at a fraction of the cost.
    """
    images = to_unit(images) if images.dtype == torch.uint8 else images.float()
    if images.shape[-1] > size:
        images = F.adaptive_avg_pool2d(images, size)
    flat = images.flatten(1)
    return flat / flat.shape[1] ** 0.5
