"""The attribute reader: a small network that looks at a face and says how it was drawn.

Because drawn faces come with their attributes, a network can learn to read them back, and then it can read faces that
nobody drew: a generator's. It is the measuring instrument of latent arithmetic. Like any instrument it has errors:
those on held-out drawn faces, sharp and degraded, are kept with its weights. `train_reader` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dcgan_lib.data.faces import ATTRIBUTES
from dcgan_lib.pretrained import shipped

NUMBERS = ("skin", "smile", "turn", "gaze", "brows", "eye_size")  # read as a number
FLAGS = ("glasses",)  # read as a probability
CIRCLES = ("background",)  # a place on a circle, read as its cosine and sine
CATEGORIES = ("hair_style", "hair_colour", "clothes")  # read as a probability for each name
READ = NUMBERS + FLAGS + CIRCLES + CATEGORIES

LONG_STYLES, DARK_COLOURS = ("bob", "long"), ("black", "dark brown")
COLUMNS = (*NUMBERS, "glasses", "long_hair", "dark_hair")
"""What `FaceReader.table` measures; the last three are probabilities."""

SIZE = 64  # images are brought to this size first
FEATURES = 64


class FaceReader(nn.Module):
    """Four stride-2 convolutions, a 64-d feature vector, and a linear head for every attribute."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 24, 40, 56, 64)
        blocks = []
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            kernel = 4 if i == 0 else 3
            blocks += [nn.Conv2d(n_in, n_out, kernel, 2, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)]
        self.trunk = nn.Sequential(*blocks)  # (n, 64, 4, 4)
        self.squeeze = nn.Sequential(nn.Flatten(), nn.Linear(64 * 16, FEATURES), nn.BatchNorm1d(FEATURES), nn.ReLU())
        self.head = nn.Linear(FEATURES, sum(_sizes().values()))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Raw outputs by attribute, `(n, k)`: numbers scaled to [-1, 1], (cosine, sine), or logits."""
        return dict(zip(READ, self.head(self._features(images)).split(list(_sizes().values()), dim=1)))

    def features(self, images: Tensor, batch: int = 256) -> Tensor:
        """`(n, 64)`: what the heads see. Faces that differ in what matters to the reader lie far apart."""
        return self._in_batches(self._features, images, batch)

    def read(self, images: Tensor, batch: int = 256) -> dict[str, Tensor]:
        """The attributes of images `(n, 3, s, s)` in [-1, 1], each `(n,)`, named and typed as `DrawnFaces` has them."""
        raw = self._raw(images, batch)
        found = {name: unscale(name, raw[name][:, 0]) for name in NUMBERS}
        found |= {name: raw[name][:, 0] > 0 for name in FLAGS}
        found |= {name: torch.atan2(raw[name][:, 1], raw[name][:, 0]) / (2 * torch.pi) % 1.0 for name in CIRCLES}
        return found | {name: raw[name].argmax(1) for name in CATEGORIES}

    def table(self, images: Tensor, batch: int = 256) -> Tensor:
        """The same as one table of numbers `(n, len(COLUMNS))`: for means, regressions and differences."""
        raw = self._raw(images, batch)
        style, colour = raw["hair_style"].softmax(1), raw["hair_colour"].softmax(1)
        columns = [unscale(name, raw[name][:, 0]) for name in NUMBERS]
        columns += [raw["glasses"][:, 0].sigmoid()]
        columns += [style[:, _places("hair_style", LONG_STYLES)].sum(1)]
        columns += [colour[:, _places("hair_colour", DARK_COLOURS)].sum(1)]
        return torch.stack(columns, 1)

    def _features(self, images: Tensor) -> Tensor:
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(
                f"images have shape {tuple(images.shape)}: the reader wants (n, 3, s, s), colour in [-1, 1]"
            )
        if images.shape[-1] != SIZE:
            images = F.interpolate(images, size=(SIZE, SIZE), mode="bilinear", antialias=images.shape[-1] > SIZE)
        return self.squeeze(self.trunk(images))

    def _raw(self, images: Tensor, batch: int) -> dict[str, Tensor]:
        features = self.features(images, batch)
        return dict(zip(READ, self.head(features).detach().split(list(_sizes().values()), dim=1)))

    @torch.no_grad()
    def _in_batches(self, function: Callable[[Tensor], Tensor], images: Tensor, batch: int) -> Tensor:
        was_training = self.training
        try:
            self.eval()
            return torch.cat([function(some) for some in images.split(batch)])
        finally:
            self.train(was_training)


def as_table(found: Mapping[str, Tensor]) -> Tensor:
    """Known attributes in the columns of `FaceReader.table`, `(n, len(COLUMNS))`: what a perfect reader would say."""
    columns = [found[name].float() for name in (*NUMBERS, *FLAGS)]
    columns += [_among(found["hair_style"], "hair_style", LONG_STYLES)]
    columns += [_among(found["hair_colour"], "hair_colour", DARK_COLOURS)]
    return torch.stack(columns, 1)


def _sizes() -> dict[str, int]:
    """Outputs per attribute, in the order of the head."""
    counts = dict.fromkeys(NUMBERS + FLAGS, 1) | dict.fromkeys(CIRCLES, 2)
    return counts | {name: len(ATTRIBUTES[name].names) for name in CATEGORIES}


def _places(name: str, wanted: tuple[str, ...]) -> list[int]:
    return [ATTRIBUTES[name].names.index(one) for one in wanted]


def _among(values: Tensor, name: str, wanted: tuple[str, ...]) -> Tensor:
    return torch.isin(values, torch.tensor(_places(name, wanted), device=values.device)).float()


def scale(name: str, values: Tensor) -> Tensor:
    low, high = ATTRIBUTES[name].low, ATTRIBUTES[name].high
    return (values - low) / (high - low) * 2 - 1


def unscale(name: str, values: Tensor) -> Tensor:
    low, high = ATTRIBUTES[name].low, ATTRIBUTES[name].high
    return (values + 1) / 2 * (high - low) + low


# --- files -----------------------------------------------------------------------------------------------------


def save(reader: FaceReader, folder: str | Path, record: dict) -> Path:
    """Write `reader.safetensors` (half precision: 300 kB) and `config.json`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {k: v.half() if v.is_floating_point() else v for k, v in reader.state_dict().items()}
    save_file({k: v.contiguous() for k, v in weights.items()}, folder / "reader.safetensors")
    (folder / "config.json").write_text(json.dumps(record, indent=2) + "\n")
    return folder


def load_reader(folder: str | Path | None = None) -> FaceReader:
    """The shipped reader, or the one in `folder`, in evaluation mode. Its record is `reader.record`.

    Raises:
        FileNotFoundError: no reader there; the message has the command that makes one.
    """
    folder = Path(folder) if folder is not None else shipped() / "face_reader"
    path = folder / "reader.safetensors"
    if not path.is_file():
        command = f"python -m dcgan_lib.metrics.train_reader --out {folder}"
        raise FileNotFoundError(f"{path}: no attribute reader there; `{command}` makes one in some minutes")
    reader = FaceReader()
    reader.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()})
    reader.record = json.loads((folder / "config.json").read_text())
    return reader.eval()
