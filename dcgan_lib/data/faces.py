"""Drawn faces: an endless data set of cartoon portraits whose every factor is known.

A face is a pure function of `(seed, index)`: attributes are hashed from the two (`face_attributes.py`), then drawn as
signed-distance shapes (`shapes.py`, `face_parts.py`). Nothing is downloaded, any face can be drawn alone, and p_data is
known exactly: the attributes are independent, with the distributions in `ATTRIBUTES`.

```python
faces = DrawnFaces(n=20_000, image_size=64)
image, attributes = faces[7]                          # (3, 64, 64) in [-1, 1], {"skin": ..., "smile": ...}
pixels = draw(face(hair_style="bob", smile=[-1, 1]))  # (2, 3, 64, 64) uint8: the same person in two moods
```
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

from dcgan_lib.data.face_attributes import ATTRIBUTES, attributes, face
from dcgan_lib.data.face_parts import paint_faces
from dcgan_lib.data.images import Images, to_unit
from dcgan_lib.data.shapes import Canvas

__all__ = ["ATTRIBUTES", "DrawnFaces", "attributes", "draw", "face"]

_CHUNK = 2**18  # pixels painted at once: 256 faces of 32 x 32, small enough to stay in a processor's cache


def _check(image_size: int, nc: int) -> None:
    if not isinstance(image_size, int) or not 16 <= image_size <= 1024:
        raise ValueError(f"image_size={image_size!r} cannot hold a face; use a whole number from 16 to 1024")
    if nc not in (1, 3):
        raise ValueError(f"nc={nc!r} channels cannot be drawn; use 3 for RGB or 1 for grey")


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Drawing takes hundreds of short steps. Two threads would meet after each; on a busy machine they wait."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@_one_thread()
def draw(attributes: Mapping[str, Tensor], image_size: int = 64, nc: int = 3) -> Tensor:
    """Draw faces with these attributes, `(n, nc, image_size, image_size)` uint8, on the attributes' device.

    `attributes` come from `face(...)` or `attributes(seed, indices)`: a tensor `(n,)` for every name in `ATTRIBUTES`. A
    grey picture (`nc=1`) is the luma of the coloured one (Rec. 601), up to rounding.

    Raises:
        ValueError: for a size or a number of channels that cannot be drawn, or a missing attribute.
    """
    _check(image_size, nc)
    if missing := [name for name in ATTRIBUTES if name not in attributes]:
        raise ValueError(f"attributes lack {', '.join(missing)}; face(...) fills in what you leave out")
    n, device = len(attributes["skin"]), attributes["skin"].device
    pixels = torch.empty(n, nc, image_size, image_size, dtype=torch.uint8, device=device)
    chunk = max(1, _CHUNK // image_size**2)
    for start in range(0, n, chunk):
        rows = slice(start, min(n, start + chunk))
        canvas = Canvas.blank(rows.stop - start, image_size, nc, device)
        paint_faces(canvas, {name: attributes[name][rows] for name in ATTRIBUTES})
        rounded = canvas.pixels.mul_(255.0).add_(0.5).clamp_(0.0, 255.0).to(torch.uint8)  # (nc, s, s, k)
        pixels[rows] = rounded.permute(3, 0, 1, 2)
    return pixels


class DrawnFaces(Dataset):
    """The first `n` faces of the data set `seed`.

    Args:
        n: how many faces.
        image_size: height and width in pixels, 16 to 1024; the same faces at every size.
        nc: 3 for RGB, 1 for grey.
        seed: which data set; different seeds share no face.

    Raises:
        ValueError: for a value that cannot be used.
    """

    def __init__(self, n: int = 20_000, image_size: int = 64, nc: int = 3, seed: int = 0) -> None:
        _check(image_size, nc)
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"n={n!r} faces cannot be drawn; use a whole number from 1 up")
        if not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise ValueError(f"seed={seed!r} cannot be used; use a whole number from 0 to 2**63 - 1")
        self.n, self.image_size, self.nc, self.seed = n, image_size, nc, seed

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"DrawnFaces(n={self.n}, image_size={self.image_size}, nc={self.nc}, seed={self.seed})"

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        """One face, `(nc, s, s)` in [-1, 1], and its attributes, each a scalar tensor."""
        row = self.attributes([index])
        return to_unit(draw(row, self.image_size, self.nc))[0], {name: value[0] for name, value in row.items()}

    def attributes(self, indices: Sequence[int] | Tensor | None = None) -> dict[str, Tensor]:
        """The attributes of these faces (of all when None), each `(k,)`, without drawing them.

        Raises:
            IndexError: for an index outside the data set; negative ones count from the end.
        """
        indices = torch.arange(self.n) if indices is None else torch.as_tensor(indices, dtype=torch.int64).reshape(-1)
        wrong = indices[(indices < -self.n) | (indices >= self.n)]
        if len(wrong):
            raise IndexError(f"face {wrong[0].item()} is outside this data set; it has 0 to {self.n - 1}")
        return attributes(self.seed, indices % self.n)

    def images(self, indices: Sequence[int] | Tensor | None = None, progress: bool = False) -> Images:
        """These faces (all when None) drawn into memory as uint8, with their attributes."""
        known = self.attributes(indices)
        chunks = torch.arange(len(known["skin"])).split(max(1, 8 * _CHUNK // self.image_size**2))
        if progress:
            from tqdm.auto import tqdm

            chunks = tqdm(chunks, desc="drawing faces", unit="chunk", leave=False)
        drawn = [draw({name: v[rows] for name, v in known.items()}, self.image_size, self.nc) for rows in chunks]
        return Images("faces", torch.cat(drawn), attributes=known)
