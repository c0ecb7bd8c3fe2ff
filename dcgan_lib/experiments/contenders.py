"""What D's features are measured against, the same in every experiment that asks what D learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean, stdev

from torch import nn

from dcgan_lib.probes import Pool, kmeans_features, of_d, pixels, random_d
from dcgan_lib.probes.features import Features

TRAINED, RANDOM, KMEANS, PIXELS = "D", "random weights", "k-means", "pixels"


def contenders(D: nn.Module, pool: Pool, seeds: Sequence[int], kmeans: dict) -> Iterator[tuple[str, Features]]:
    """D's features, those of the same network with random weights for each seed, k-means features, the pixels.

    Batch norm of D and of its random twins has the statistics of the pool's training part. One at a time: the features
    of all would fill the memory.
    """
    yield TRAINED, of_d(D, pool.train)
    for seed in seeds:
        yield RANDOM, of_d(random_d(D.cfg, seed), pool.train)
    yield KMEANS, kmeans_features(pool.train, **kmeans)
    yield PIXELS, pixels


def per_cent(shares: Sequence[float]) -> str:
    """A mean share with its standard deviation, in per cent: "86.2 ± 0.4 %"."""
    spread = f" ± {100 * stdev(shares):.1f}" if len(shares) > 1 else ""
    return f"{100 * mean(shares):.1f}{spread} %"


def beside(scores: dict[str, Sequence[float]]) -> str:
    """All contenders' scores in one line, D's first."""
    return ", ".join(f"{name} {per_cent(found)}" for name, found in scores.items())
