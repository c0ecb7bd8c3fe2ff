"""Named directions in z: along an attribute, or along what varies most in the generator's first maps.

`directions.json` beside a shipped generator holds them, `{"made": ..., "directions": [...]}`, each as

- `name`, `label` and `kind`: "attribute" or "principal";
- `vector`: `nz` numbers, of length 1;
- `moves`: by how much one step of length 1 changes each attribute of a face, on average;
- `share`: of a principal direction, how much of the first maps' variance its component holds.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from dcgan_lib import pretrained
from dcgan_lib.latent import sample_z
from dcgan_lib.models import Generator

FILE = "directions.json"


def read_directions(folder: str | Path) -> list[dict]:
    """The entries of the directions.json in a folder of trained networks; none if it has no such file."""
    path = Path(folder) / FILE
    return json.loads(path.read_text(encoding="utf-8"))["directions"] if path.is_file() else []


def load_directions(name: str | Path) -> dict[str, Tensor]:
    """The directions of trained networks by their name or folder: `{"smile": (nz,), ...}`, each of length 1.

    A coordinate of z has standard deviation 1, so `z + 2 * d["smile"]` goes two standard deviations along it.

    Raises:
        PretrainedError: no such networks, or they come without directions.
    """
    folder = Path(name) if Path(name).is_dir() else pretrained.shipped() / str(name)
    if not (found := read_directions(folder)):
        raise pretrained.PretrainedError(
            f"{folder / FILE}: there are no directions for {str(name)!r}; fit your own with latent.fit_direction"
        )
    return {entry["name"]: torch.tensor(entry["vector"]) for entry in found}


@torch.no_grad()
def principal_directions(G: Generator, k: int = 4, n: int = 4000, seed: int = 0) -> tuple[Tensor, Tensor]:
    """What varies most in the output of G's first block, traced back to z (GANSpace: Härkönen et al. 2020, section 2).

    The principal components of the maps of `n` samples give every sample k coordinates; the least-squares map from
    those coordinates to z has one column for each component. Nothing is labelled, so nothing says what a direction
    means: one looks. The sign is free; here a vector's largest coordinate is positive.

    Returns:
        `(k, nz)` vectors of length 1, orthogonal only nearly; and `(k,)` shares of the maps' variance.
    """
    z = sample_z(n, G.cfg, seed)
    maps = G.blocks[0](z).flatten(1)
    maps = maps - maps.mean(0)
    variances, components = torch.linalg.eigh((maps.T @ maps / (n - 1)).double())  # rising
    coordinates = maps.double() @ components[:, -k:].flip(1)  # (n, k)
    vectors = torch.linalg.lstsq(coordinates, (z - z.mean(0)).double()).solution  # (k, nz)
    vectors = vectors / vectors.norm(dim=1, keepdim=True)
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return (vectors * largest.sign()).to(z.dtype), (variances[-k:].flip(0) / variances.sum()).to(z.dtype)
