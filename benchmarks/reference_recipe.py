"""The usual published DCGAN example, written afresh: the recipe that every speed here is a ratio to.

It is kept as such examples are found, with what they cost:

- float32 in the default layout (images as channels of rows), and Adam with its default settings;
- D ends in a sigmoid, and the loss is the binary cross-entropy of its output;
- G's turn is `loss.backward()` through D: the gradients of D's weights are computed as well, and thrown away;
- five numbers are read back in every iteration, which on a GPU waits for it each time;
- two worker processes open, shrink, crop and normalise every image again in every epoch.

In exact arithmetic it makes the same update as `dcgan_lib.training.Trainer`; a test holds both together in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.faces import attributes, draw
from dcgan_lib.models import Discriminator, Generator, draw_z

WORKERS, EPOCH = 2, 202_599
PHOTO = (178, 218)  # width and height of the CelebA pictures that the example is usually run on


class Probability(nn.Module):
    """D with a sigmoid at its end: the probability that an image is real, `(n,)`."""

    def __init__(self, model: DCGANConfig) -> None:
        super().__init__()
        self.scores = Discriminator(model)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.scores(x))


class Reference:
    """The networks, their optimisers and the recipe's iteration."""

    def __init__(self, model: DCGANConfig, cfg: TrainConfig, device: torch.device | str = "cpu") -> None:
        self.model, self.device = model, torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(cfg.seed)
            self.G, self.D = Generator(model).to(self.device), Probability(model).to(self.device)
        self.opt_g = torch.optim.Adam(self.G.parameters(), lr=cfg.lr_g, betas=(cfg.beta1, cfg.beta2))
        self.opt_d = torch.optim.Adam(self.D.parameters(), lr=cfg.lr_d, betas=(cfg.beta1, cfg.beta2))
        self.rng = torch.Generator(self.device).manual_seed(cfg.seed)

    def step(self, real: Tensor) -> dict[str, float]:
        """One iteration on images `(n, nc, s, s)` in [-1, 1]; they may still be in the processor's memory."""
        real = real.to(self.device)
        label = torch.full((len(real),), 1.0, dtype=real.dtype, device=self.device)

        # D: first the gradient of the real images, then that of the fakes on top of it
        self.D.zero_grad()
        output = self.D(real)
        loss_real = F.binary_cross_entropy(output, label)
        loss_real.backward()
        d_real = output.mean().item()

        z = draw_z(len(real), self.model, self.rng)
        fake = self.G(z.to(real.dtype))
        label.fill_(0.0)
        output = self.D(fake.detach())
        loss_fake = F.binary_cross_entropy(output, label)
        loss_fake.backward()
        d_fake = output.mean().item()
        self.opt_d.step()

        # G: the gradient flows through D, and into D's weights too
        self.G.zero_grad()
        label.fill_(1.0)
        output = self.D(fake)
        loss_g = F.binary_cross_entropy(output, label)
        loss_g.backward()
        d_fake_after = output.mean().item()
        self.opt_g.step()

        loss_d = (loss_real + loss_fake).item()
        return {
            "loss_d": loss_d,
            "loss_g": loss_g.item(),
            "d_real": d_real,
            "d_fake": d_fake,
            "d_fake_after": d_fake_after,
        }


# --- images decoded each time ----------------------------------------------------------------------------------


class Photos(Dataset):
    """The images of a folder, each opened, shrunk, cropped and normalised whenever it is asked for."""

    def __init__(self, folder: Path, image_size: int) -> None:
        self.files, self.image_size = sorted(Path(folder).glob("*.jpg")), image_size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        """`(3, s, s)` in [-1, 1]."""
        with Image.open(self.files[index]) as file:
            return normalised(cropped(file.convert("RGB"), self.image_size))


def cropped(image: Image.Image, size: int) -> Image.Image:
    """The shorter side brought to `size`, then the middle square."""
    width, height = image.size
    short = min(width, height)
    image = image.resize((size * width // short, size * height // short), Image.Resampling.BILINEAR)
    left, top = round((image.width - size) / 2), round((image.height - size) / 2)
    return image.crop((left, top, left + size, top + size))


def normalised(image: Image.Image) -> Tensor:
    """`(3, s, s)`: bytes to [0, 1], channels first, then to [-1, 1]."""
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
    return pixels.sub_(0.5).div_(0.5)


def endless_photos(folder: Path, image_size: int, batch_size: int, workers: int = WORKERS) -> Iterator[Tensor]:
    """Batches `(n, 3, s, s)` from a folder, decoded by worker processes.

    An epoch is as long as CelebA's however few files there are: the workers are started anew in each.
    """
    photos = Photos(folder, image_size)
    order = RandomSampler(photos, replacement=True, num_samples=EPOCH)
    loader = DataLoader(photos, batch_size=batch_size, sampler=order, num_workers=workers, drop_last=True)
    while True:
        yield from loader


def make_photos(folder: Path, n: int, seed: int = 0) -> Path:
    """`n` JPEG files of CelebA's size and weight (some 7 kB): drawn faces with the grain of a photograph."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    pixels = draw(attributes(seed, range(n)), 64).permute(0, 2, 3, 1).numpy()
    for i, face in enumerate(pixels):
        large = np.asarray(Image.fromarray(face).resize(PHOTO, Image.Resampling.BICUBIC), dtype=np.float32)
        grain = rng.normal(0, 3, (PHOTO[1], PHOTO[0], 1))
        photo = Image.fromarray((large + grain).clip(0, 255).astype(np.uint8))
        photo.save(folder / f"{i:06d}.jpg", quality=85)
    return folder
