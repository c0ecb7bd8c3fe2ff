"""Near duplicates by the paper's own semantic hash (Radford et al. 2016, section 4.1.1).

A 3072-128-3072 denoising autoencoder with ReLU and dropout learns to restore images of 32x32; which of its 128 units
are on is an image's code. Images whose codes are equal, or differ in few bits, are candidates for duplicates; equal
ones are found by sorting, in nearly linear time. The paper removed about 275,000 of more than 3 million bedrooms so,
and judged by eye that fewer than 1 in 100 collisions were false. It gives no rates of noise and dropout: ours are ours.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dcgan_lib.data.images import to_unit

BITS = 128
SIZE = 32


class SemanticHash(nn.Module):
    """The autoencoder, on images less the training images' mean: so a unit is on for some and off for others."""

    def __init__(self, nc: int = 3, bits: int = BITS, noise: float = 0.6, dropout: float = 0.3) -> None:
        super().__init__()
        pixels = nc * SIZE**2  # 3072 in colour
        self.encode, self.decode = nn.Linear(pixels, bits), nn.Linear(bits, pixels)
        self.noise, self.dropout = noise, dropout
        self.register_buffer("mean", torch.zeros(pixels))

    def forward(self, rows: Tensor) -> Tensor:
        """Rows of pixels `(n, pixels)` in [-1, 1], restored; in training mode from a disturbed copy."""
        rows = rows - self.mean
        if self.training:
            rows = rows + self.noise * torch.randn_like(rows)
        hidden = F.dropout(F.relu(self.encode(rows)), self.dropout, self.training)
        return self.decode(hidden) + self.mean

    @torch.no_grad()
    def codes(self, images: Tensor, batch: int = 2048) -> Tensor:
        """Which units are on, `(n, bits)` bool. Images `(n, nc, s, s)` in [-1, 1] or uint8, s of 32 or more."""
        return torch.cat([self.encode(pixel_rows(some) - self.mean) > 0 for some in images.split(batch)])


def train_hash(
    images: Tensor, steps: int = 2000, batch_size: int = 128, lr: float = 1e-3, seed: int = 0
) -> SemanticHash:
    """Fit the autoencoder to images `(n, nc, s, s)`; 2,000 steps take about a minute of one CPU core.

    With `steps=0` its weights are random and only the mean is fitted: the control.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SemanticHash(images.shape[1])
        data = torch.cat([pixel_rows(some) for some in images.split(2048)])
        model.mean.copy_(data.mean(0))
        opt = torch.optim.Adam(model.parameters(), lr)
        for _ in range(steps):
            batch = data[torch.randint(len(data), (batch_size,))]
            loss = F.mse_loss(model(batch), batch)
            opt.zero_grad()
            loss.backward()
            opt.step()
    return model.eval()


def pixel_rows(images: Tensor) -> Tensor:
    """Images `(n, nc, s, s)` averaged down to 32x32 and flattened, `(n, nc * 1024)` float32 in [-1, 1].

    Raises:
        ValueError: images that are smaller.
    """
    if images.ndim != 4 or images.shape[-1] < SIZE:
        raise ValueError(f"images have shape {tuple(images.shape)}: the hash wants (n, nc, s, s), s of {SIZE} or more")
    images = to_unit(images) if images.dtype == torch.uint8 else images.float()
    return (F.adaptive_avg_pool2d(images, SIZE) if images.shape[-1] > SIZE else images).flatten(1)


def hamming(a: Tensor, b: Tensor) -> Tensor:
    """In how many bits codes `(n, bits)` and `(m, bits)` differ, `(n, m)` int16."""
    alike_less_different = (2 * a.float() - 1) @ (2 * b.float() - 1).T
    return ((a.shape[1] - alike_less_different) / 2).to(torch.int16)


def near_duplicates(codes: Tensor, distance: int = 0, block: int = 4096) -> Tensor:
    """The pairs i < j of codes `(n, bits)` that differ in at most `distance` bits, `(pairs, 2)` int64, in order.

    Every pair is looked at: n²/2 of them, some seconds for 20,000.
    """
    found = [torch.zeros(0, 2, dtype=torch.int64)]
    for i in range(0, len(codes), block):
        for j in range(i, len(codes), block):
            pairs = (hamming(codes[i : i + block], codes[j : j + block]) <= distance).nonzero()
            pairs = pairs + torch.tensor([i, j])
            found.append(pairs[pairs[:, 0] < pairs[:, 1]])
    pairs = torch.cat(found)
    return pairs[(pairs[:, 0] * len(codes) + pairs[:, 1]).argsort()]


def first_of_each(codes: Tensor, distance: int = 0) -> Tensor:
    """Which images stay, `(n,)` bool, when each goes that is a near duplicate of one before it that stays."""
    if distance == 0:  # by sorting
        _, group = torch.unique(codes, dim=0, return_inverse=True)
        first = torch.full((int(group.max()) + 1,), len(codes)).scatter_reduce(
            0, group, torch.arange(len(codes)), reduce="amin"
        )
        return first[group] == torch.arange(len(codes))
    stays = torch.ones(len(codes), dtype=torch.bool)
    for i, j in near_duplicates(codes, distance).tolist():
        if stays[i]:
            stays[j] = False
    return stays
