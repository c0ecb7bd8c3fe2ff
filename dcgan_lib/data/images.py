"""A set of images in memory: one uint8 tensor, with labels and attributes where they are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


def to_unit(pixels: Tensor) -> Tensor:
    """Pixels as a network sees them: uint8 0…255 becomes float32 in [-1, 1], `x / 127.5 - 1`.

    [-1, 1] is the range of the generator's tanh (Radford et al. 2016, section 4: "scaling to the range of
    the tanh activation function [-1, 1]").

    Raises:
        TypeError: the pixels are not uint8 (they may have been normalised already).
    """
    if pixels.dtype != torch.uint8:
        raise TypeError(f"to_unit expects uint8 pixels in 0…255, got {pixels.dtype}; already normalised?")
    return pixels.to(torch.float32).div_(127.5).sub_(1.0)


def to_uint8(images: Tensor) -> Tensor:
    """The inverse of `to_unit`: float images in [-1, 1] become uint8, rounded; values outside are clamped.

    Raises:
        TypeError: the images are not floating point.
    """
    if not images.is_floating_point():
        raise TypeError(f"to_uint8 expects floating-point images in [-1, 1], got {images.dtype}")
    return images.float().add(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


@dataclass(frozen=True, eq=False)
class Images:
    """Images of one size, with what is known about each.

    Frozen, and compared by identity. The pixels may be a memory map: index them, do not write into them.

    Raises:
        ValueError: shapes that do not fit together. TypeError: pixels that are not uint8.
    """

    name: str  # what was asked for: "faces", "fashion_mnist", a folder's name
    pixels: Tensor  # (n, nc, s, s) uint8
    labels: Tensor | None = None  # (n,) int64, or None when the source has none
    label_names: tuple[str, ...] = ()  # label k is called label_names[k]
    attributes: Mapping[str, Tensor] = field(default_factory=dict)  # each (n,); empty when unknown

    def __post_init__(self) -> None:
        shape = tuple(self.pixels.shape)
        if self.pixels.dtype != torch.uint8:
            raise TypeError(f"pixels must be uint8, got {self.pixels.dtype}; see to_uint8")
        if len(shape) != 4 or shape[2] != shape[3]:
            raise ValueError(f"pixels must have the shape (n, nc, s, s), got {shape}")
        if self.labels is not None and tuple(self.labels.shape) != (len(self),):
            raise ValueError(f"labels must have the shape ({len(self)},), got {tuple(self.labels.shape)}")
        for key, values in self.attributes.items():
            if tuple(values.shape) != (len(self),):
                raise ValueError(f"attribute {key!r} must have the shape ({len(self)},), got {tuple(values.shape)}")

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def nc(self) -> int:
        """Channels: 1 for grey, 3 for RGB."""
        return self.pixels.shape[1]

    @property
    def image_size(self) -> int:
        """Height and width in pixels."""
        return self.pixels.shape[2]

    def batch(self, indices: Tensor | slice | list[int]) -> Tensor:
        """The images at these positions, `(k, nc, s, s)` float32 in [-1, 1]."""
        return to_unit(self.pixels[indices])

    def subset(self, indices: Tensor | slice | list[int]) -> Images:
        """Some of the images, with their labels and attributes."""
        labels = None if self.labels is None else self.labels[indices]
        attributes = {key: values[indices] for key, values in self.attributes.items()}
        return Images(self.name, self.pixels[indices], labels, self.label_names, attributes)


def batches(n: int | Images, batch_size: int, seed: int, epoch: int, start: int = 0) -> Iterator[Tensor]:
    """The batches of one epoch, as indices `(batch_size,)` int64 into `n` images.

    The order is a pure function of `(seed, epoch)`: a run that stopped after `start` batches of an epoch goes on
    with the very batches that it had not seen. The last, short batch is dropped, so that every batch norm sees
    the same number of images.

    Raises:
        ValueError: fewer images than one batch needs; a `start` outside the epoch.
    """
    n = n if isinstance(n, int) else len(n)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    if n < batch_size:
        raise ValueError(
            f"{n} images are too few for one batch of {batch_size}: "
            f"choose a batch size of at most {n}, or use more images"
        )
    count = n // batch_size
    if not 0 <= start <= count:
        raise ValueError(f"start must lie in 0…{count} (batches of {batch_size} in {n} images), got {start}")
    order = epoch_order(n, seed, epoch)
    return (order[i * batch_size : (i + 1) * batch_size] for i in range(start, count))


def epoch_order(n: int, seed: int, epoch: int) -> Tensor:
    """The permutation `(n,)` of one epoch, a pure function of `(n, seed, epoch)`, drawn on the CPU."""
    if seed < 0 or epoch < 0:
        raise ValueError(f"seed and epoch must not be negative, got seed={seed}, epoch={epoch}")
    generator = torch.Generator().manual_seed(_mix(seed, epoch))
    return torch.randperm(n, generator=generator)


def _mix(seed: int, epoch: int) -> int:
    """One 63-bit number from two: neighbouring seeds and epochs share no order (splitmix64's finaliser)."""
    x = (seed * 0x9E3779B97F4A7C15 + epoch * 0xD1B54A32D192ED03 + 0x2545F4914F6CDD1D) & (2**64 - 1)
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
    return (x ^ (x >> 31)) >> 1
