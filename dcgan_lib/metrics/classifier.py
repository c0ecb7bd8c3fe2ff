"""A small classifier of grey 32x32 pictures: the features in which fakes of Fashion-MNIST are measured.

Inception's features are of photographs; those of a network trained on the very data set see what matters in it, and
count modes besides. Its figures are on a scale of their own. `train_classifier` makes it.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from dcgan_lib.data.archives import sha256_of
from dcgan_lib.pretrained import load_weights, shipped

SIZE, CLASSES, FEATURES = 32, 10, 64
WEIGHTS = "classifier.safetensors"


class Classifier(nn.Module):
    """Three stride-2 convolutions, a 64-d feature vector, and a linear layer for the ten classes."""

    def __init__(self) -> None:
        super().__init__()
        blocks = []
        for n_in, n_out in pairwise((1, 24, 40, 56)):
            blocks += [nn.Conv2d(n_in, n_out, 4, 2, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)]
        self.trunk = nn.Sequential(*blocks)  # (n, 56, 4, 4)
        self.squeeze = nn.Sequential(nn.Flatten(), nn.Linear(56 * 16, FEATURES), nn.BatchNorm1d(FEATURES), nn.ReLU())
        self.head = nn.Linear(FEATURES, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(n, 10)` of images `(n, 1, 32, 32)` in [-1, 1].

        Raises:
            ValueError: images of another shape.
        """
        if images.ndim != 4 or images.shape[1:] != (1, SIZE, SIZE):
            raise ValueError(f"images have shape {tuple(images.shape)}: the classifier wants (n, 1, {SIZE}, {SIZE})")
        return self.head(self.squeeze(self.trunk(images)))

    @torch.no_grad()
    def features(self, images: Tensor, batch: int = 512) -> Tensor:
        """`(n, 64)`: what the last layer sees. Use it in evaluation mode, as `load_classifier` gives it."""
        return torch.cat([self.squeeze(self.trunk(some)) for some in images.split(batch)])

    @torch.no_grad()
    def labels(self, images: Tensor, batch: int = 512) -> Tensor:
        """The most likely class of each, `(n,)` int64."""
        return torch.cat([self(some).argmax(1) for some in images.split(batch)])


def save(classifier: Classifier, folder: str | Path, record: dict) -> Path:
    """Write the weights in half precision, and `config.json` with their checksum."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {k: v.half() if v.is_floating_point() else v for k, v in classifier.state_dict().items()}
    save_file({k: v.contiguous() for k, v in weights.items()}, folder / WEIGHTS)
    record = record | {"sha256": {WEIGHTS: sha256_of(folder / WEIGHTS)}}
    (folder / "config.json").write_text(json.dumps(record, indent=2) + "\n")
    return folder


def load_classifier(folder: str | Path | None = None) -> Classifier:
    """The shipped classifier of Fashion-MNIST, or the one in `folder`, in evaluation mode. See its `record`.

    Raises:
        FileNotFoundError: none there; the message has the command that makes one.
        PretrainedError: weights that are not those of their config.
    """
    folder = Path(folder) if folder is not None else shipped() / "fashion_classifier"
    if not (folder / WEIGHTS).is_file():
        command = f"python -m dcgan_lib.metrics.train_classifier --out {folder}"
        raise FileNotFoundError(f"{folder / WEIGHTS}: no classifier there; `{command}` makes one in a minute or two")
    record = json.loads((folder / "config.json").read_text())
    classifier = load_weights(Classifier(), folder / WEIGHTS, record["sha256"][WEIGHTS])
    classifier.record = record
    return classifier
