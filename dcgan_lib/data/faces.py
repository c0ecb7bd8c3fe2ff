"""Drawn faces: an endless data set of cartoon portraits whose every factor is known.

A face is a pure function of `(seed, index)`: attributes are hashed from the two (`face_attributes.py`), then drawn as
signed-distance shapes (`shapes.py`, `face_parts.py`). Nothing is downloaded, any face can be drawn alone, and p_data is
known exactly: the attributes are independent, with the distributions in `ATTRIBUTES`.

```python
faces = DrawnFaces(n=20_000, image_size=64)
image, attributes = faces[7]                          # (3, 64, 64) in [-1, 1], {"skin": ..., "smile": ...}
pixels = draw(face(hair_style="bob", smile=[-1, 1]))  # (2, 3, 64, 64) uint8: the same person in two moods
endless = EndlessFaces(image_size=64)                 # to train on: no face ever comes twice
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

__all__ = ["ATTRIBUTES", "DrawnFaces", "EndlessFaces", "attributes", "draw", "face"]

_CHUNK = 2**18  # pixels painted at once: 256 faces of 32 x 32, small enough to stay in a processor's cache
_CHUNK_ELSEWHERE = 2**23  # on a GPU, to which hundreds of short steps are handed one by one: 0.2 GB at work


def _check(image_size: int, nc: int) -> None:
    if not isinstance(image_size, int) or not 16 <= image_size <= 1024:
        raise ValueError(f"image_size={image_size!r} cannot hold a face; use a whole number from 16 to 1024")
    if nc not in (1, 3):
        raise ValueError(f"nc={nc!r} channels cannot be drawn; use 3 for RGB or 1 for grey")


def _check_seed(seed: int) -> None:
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise ValueError(f"seed={seed!r} cannot be used; use a whole number from 0 to 2**63 - 1")


def chunk(device: torch.device, image_size: int) -> int:
    """How many faces are best drawn at once on a device."""
    return max(1, (_CHUNK if device.type == "cpu" else _CHUNK_ELSEWHERE) // image_size**2)


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
@torch.no_grad()
def draw(attributes: Mapping[str, Tensor], image_size: int = 64, nc: int = 3) -> Tensor:
    """Draw faces with these attributes, `(n, nc, image_size, image_size)` uint8, where the attributes are.

    `attributes` come from `face(...)` or `attributes(seed, indices)`: a tensor `(n,)` for every name in `ATTRIBUTES`. A
    grey picture (`nc=1`) is the luma of the coloured one (Rec. 601), up to rounding. On a GPU nothing waits for it.

    Raises:
        ValueError: for a size or a number of channels that cannot be drawn, or a missing attribute.
    """
    _check(image_size, nc)
    if missing := [name for name in ATTRIBUTES if name not in attributes]:
        raise ValueError(f"attributes lack {', '.join(missing)}; face(...) fills in what you leave out")
    n, device = len(attributes["skin"]), attributes["skin"].device
    pixels = torch.empty(n, nc, image_size, image_size, dtype=torch.uint8, device=device)
    many = chunk(device, image_size)
    for start in range(0, n, many):
        rows = slice(start, min(n, start + many))
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
        _check_seed(seed)
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"n={n!r} faces cannot be drawn; use a whole number from 1 up")
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


class EndlessFaces:
    """Faces to train on that never come twice: each is drawn when it is its turn, on the device that trains.

    It stands where `Images` would in `train`, and holds no pixels. Step k of a run sees the faces from
    `k * batch_size` on, so a run that was stopped goes on with the very faces that it had not seen. The first n faces
    are those of `DrawnFaces(n, seed=seed)`: measure on another seed.

    Args:
        image_size: height and width in pixels, 16 to 1024.
        nc: 3 for RGB, 1 for grey.
        seed: which data set; different seeds share no face.

    Raises:
        ValueError: for a value that cannot be used.
    """

    name = "faces"

    def __init__(self, image_size: int = 64, nc: int = 3, seed: int = 0) -> None:
        _check(image_size, nc)
        _check_seed(seed)
        self.image_size, self.nc, self.seed = image_size, nc, seed

    def __len__(self) -> int:
        """2**53, the largest count that a JSON file holds exactly: one epoch, and no run comes to its end."""
        return 2**53

    def __repr__(self) -> str:
        return f"EndlessFaces(image_size={self.image_size}, nc={self.nc}, seed={self.seed})"

    def draw(self, indices: Tensor) -> Tensor:
        """The faces at `indices`, `(k,)` int64: `(k, nc, s, s)` uint8, on the indices' device."""
        return draw(attributes(self.seed, indices), self.image_size, self.nc)

    def batch(self, indices: Tensor | Sequence[int]) -> Tensor:
        """The faces at these positions, `(k, nc, s, s)` float32 in [-1, 1], as `Images.batch` gives them."""
        return to_unit(self.draw(torch.as_tensor(indices, dtype=torch.int64)))
