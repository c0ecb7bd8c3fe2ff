"""Features by k-means, the baseline of the paper's table 1 (Coates, Lee and Ng 2011; Coates and Ng 2012)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dcgan_lib.data.images import Images

CONTRAST, WHITEN = 10 / 127.5**2, 0.1  # in their code 10, for pixels of 0 to 255, and 0.1


@dataclass(frozen=True)
class KMeansFeatures:
    """Centroids of whitened patches; called with images it gives `(n, 4 k)`, standardised on the images it was fit to.

    Every patch of an image answers with `max(0, mean distance to the centroids - distance to this one)`, the "triangle"
    activation; answers are summed over the four quadrants. Their code standardises, so we do.
    """

    size: int
    mean: Tensor  # (p,) of the patches, p = nc size²
    whiten: Tensor  # (p, p), ZCA
    centroids: Tensor  # (k, p)
    centre: Tensor  # (4 k,) of the features
    scale: Tensor  # (4 k,)
    stride: int = 1

    @torch.no_grad()
    def __call__(self, images: Tensor, batch: int = 64) -> Tensor:
        """`images`: `(n, nc, s, s)` in [-1, 1]. Returns `(n, 4 k)` float32."""
        return torch.cat([(self._raw(some) - self.centre) / self.scale for some in images.split(batch)])

    def _raw(self, images: Tensor) -> Tensor:
        n, side = len(images), (images.shape[-1] - self.size) // self.stride + 1
        patches = F.unfold(images, self.size, stride=self.stride).transpose(1, 2)  # (n, side², p)
        white = (normalised(patches.reshape(-1, patches.shape[-1])) - self.mean) @ self.whiten
        far = torch.cdist(white, self.centroids, compute_mode="use_mm_for_euclid_dist")  # (n side², k)
        near = (far.mean(1, keepdim=True) - far).clamp_(min=0).view(n, side, side, -1)
        half = (side + 1) // 2
        quarters = [
            near[:, a, b].sum((1, 2))
            for a in (slice(half), slice(half, None))
            for b in (slice(half), slice(half, None))
        ]
        return torch.cat(quarters, 1)


def kmeans_features(
    images: Images, k: int = 256, size: int = 6, stride: int = 1, patches: int = 50_000, n: int = 1000, seed: int = 0
) -> KMeansFeatures:
    """Fit the centroids on patches of images without labels, by scikit-learn's `MiniBatchKMeans`.

    Args:
        k: centroids; the paper's baseline has up to 4,800 maps.
        size: side of a patch in pixels.
        stride: from patch to patch when features are read.
        patches: so many, each from a random place of a random image.
        n: images on which the features are standardised.

    Raises:
        ValueError: a patch larger than the images, or fewer patches than centroids.
    """
    from sklearn.cluster import MiniBatchKMeans  # here: it takes a second, and only this needs it

    if not 1 <= size <= images.image_size or patches < k:
        raise ValueError(
            f"size={size}, patches={patches}, k={k}: patches fit {images.image_size} pixels, and k <= patches"
        )
    rng = torch.Generator().manual_seed(seed)
    found = normalised(_patches(images, size, patches, rng))
    mean, values, vectors = found.mean(0), *torch.linalg.eigh(found.T.cov())
    whiten = vectors @ torch.diag((values.clamp(min=0) + WHITEN).rsqrt()) @ vectors.T
    model = MiniBatchKMeans(k, batch_size=2048, n_init=1, max_iter=20, random_state=seed)
    model.fit(((found - mean) @ whiten).numpy())
    centroids = torch.from_numpy(np.asarray(model.cluster_centers_, dtype=np.float32))
    zero, one = torch.zeros(4 * k), torch.ones(4 * k)
    raw = KMeansFeatures(size, mean, whiten, centroids, zero, one, stride)
    some = raw(images.batch(torch.randperm(len(images), generator=rng)[:n]))
    return KMeansFeatures(size, mean, whiten, centroids, some.mean(0), (some.var(0) + 0.01).sqrt(), stride)


def normalised(patches: Tensor) -> Tensor:
    """Patches `(n, p)` less their mean, divided by their standard deviation, the flat ones left small."""
    centred = patches - patches.mean(1, keepdim=True)
    return centred / (centred.square().sum(1, keepdim=True) / (patches.shape[1] - 1) + CONTRAST).sqrt()


def _patches(images: Images, size: int, n: int, rng: torch.Generator) -> Tensor:
    which = torch.randint(len(images), (n,), generator=rng)
    row, column = torch.randint(images.image_size - size + 1, (2, n), generator=rng)
    reach = torch.arange(size)
    picked = images.pixels[
        which[:, None, None], :, (row[:, None] + reach)[:, :, None], (column[:, None] + reach)[:, None]
    ]
    return (picked.float() / 127.5 - 1).permute(0, 3, 1, 2).flatten(1)  # (n, nc size²), ordered as unfold has it
