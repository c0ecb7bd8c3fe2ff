"""Train the attribute reader and measure it on faces that it has not seen.

    python -m dcgan_lib.metrics.train_reader --out data/checkpoints/face_reader

takes some minutes on one CPU core.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from dcgan_lib.data.faces import attributes, draw
from dcgan_lib.data.images import to_unit
from dcgan_lib.metrics.attributes import CATEGORIES, CIRCLES, FLAGS, NUMBERS, READ, SIZE, FaceReader, save, scale

HELD_OUT = 10**9  # first index of the faces that the figures of merit are measured on: training never comes so far


def loss(raw: Mapping[str, Tensor], known: Mapping[str, Tensor]) -> Tensor:
    """Squared error for numbers, cross-entropy for flags and categories, each attribute counted once."""
    total = raw["glasses"].new_zeros(())
    for name in NUMBERS:
        total = total + 3 * F.mse_loss(raw[name][:, 0], scale(name, known[name]))
    for name in FLAGS:
        total = total + F.binary_cross_entropy_with_logits(raw[name][:, 0], known[name].float())
    for name in CIRCLES:
        angle = known[name] * 2 * torch.pi
        total = total + F.mse_loss(raw[name], torch.stack([angle.cos(), angle.sin()], 1))
    for name in CATEGORIES:
        total = total + F.cross_entropy(raw[name], known[name])
    return total


def degrade(images: Tensor, rng: torch.Generator, strength: float = 1.0) -> Tensor:
    """Soften and disturb images as a generator might: blur, a change of light and tint, a shift by a pixel, noise.

    A generator's faces are softer than drawn ones; a reader that has seen only sharp lines would misread them.
    """
    n = len(images)

    def uniform(*shape: int, low: float, high: float) -> Tensor:
        return torch.rand(*shape, generator=rng) * (high - low) + low

    small = F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, 1)  # the simplest blur, 3x3 ...
    soft = F.avg_pool2d(F.pad(small, (1, 1, 1, 1), mode="replicate"), 3, 1)  # ... and twice
    amount = uniform(n, 1, 1, 1, low=0.0, high=1.6 * strength)
    blurred = torch.lerp(torch.lerp(images, small, amount.clamp(max=1)), soft, (amount - 1).clamp(min=0))
    gain, tint = uniform(n, 1, 1, 1, low=1 - 0.12 * strength, high=1 + 0.12 * strength), 0.06 * strength
    out = blurred * gain + uniform(n, 3, 1, 1, low=-tint, high=tint)
    out = _shift(out, torch.randint(-1, 2, (2, n), generator=rng))
    noise = torch.randn(out.shape, generator=rng) * uniform(n, 1, 1, 1, low=0.0, high=0.08 * strength)
    return (out + noise).clamp(-1, 1)


def _shift(images: Tensor, by: Tensor) -> Tensor:
    """Move each image by its own `(down, right)` of `by`, `(2, n)` whole pixels; the edge is repeated.

    Each its own: a shift common to a batch would be taken out by batch normalisation in training, and not in use.
    """
    (n, nc, size, _), place = images.shape, torch.arange(images.shape[-1])
    rows, columns = ((place - shift[:, None]).clamp(0, size - 1) for shift in by)  # (n, size)
    each, channel = torch.arange(n)[:, None, None, None], torch.arange(nc)[:, None, None]
    return images[each, channel, rows[:, None, :, None], columns[:, None, None, :]]


def held_out(n: int = 2000, seed: int = 0, image_size: int = SIZE) -> tuple[Tensor, dict[str, Tensor]]:
    """Faces that the reader was not trained on: images `(n, 3, s, s)` in [-1, 1], and their attributes."""
    known = attributes(seed, torch.arange(HELD_OUT, HELD_OUT + n))
    return to_unit(draw(known, image_size, 3)), known


def train(
    steps: int = 2200, batch_size: int = 64, lr: float = 4e-3, seed: int = 0
) -> Iterator[tuple[int, float, FaceReader]]:
    """Train a reader on faces drawn as they are needed: it never sees one twice. Yields (step, loss, reader)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reader = FaceReader().to(memory_format=torch.channels_last)
    opt = torch.optim.AdamW(reader.parameters(), lr, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, lr, total_steps=steps, pct_start=0.15)
    rng = torch.Generator().manual_seed(seed)
    for step in range(steps):
        known = attributes(seed, torch.arange(step * batch_size, (step + 1) * batch_size))
        images = degrade(to_unit(draw(known, SIZE, 3)), rng)
        value = loss(reader.train()(images.contiguous(memory_format=torch.channels_last)), known)
        opt.zero_grad()
        value.backward()
        opt.step()
        schedule.step()
        yield step + 1, value.item(), reader


def merit(reader: FaceReader, images: Tensor, known: Mapping[str, Tensor]) -> dict[str, float]:
    """How well it reads: R squared for numbers and places on a circle, accuracy for flags and categories."""
    found, out = reader.read(images), {}
    for name in READ:
        if name in CIRCLES:  # both coordinates have mean 0 and variance 1/2
            apart = 2 * torch.pi * (found[name] - known[name])
            out[name] = 1 - float((2 - 2 * apart.cos()).mean())
        elif name in NUMBERS:
            out[name] = 1 - float(F.mse_loss(found[name], known[name]) / known[name].var(unbiased=False))
        else:
            out[name] = float((found[name] == known[name]).float().mean())
    return {name: round(value, 4) for name, value in out.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the attribute reader of drawn faces and measure it.")
    parser.add_argument("--out", type=Path, required=True, help="folder for reader.safetensors and config.json")
    parser.add_argument("--steps", type=int, default=2200)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    start = time.process_time()
    for step, value, reader in train(args.steps, args.batch_size, seed=args.seed):
        if step % 100 == 0 or step == args.steps:
            print(f"step {step:5d}  loss {value:.3f}  {time.process_time() - start:.0f} s of CPU time", flush=True)
            trained = reader
    seconds = time.process_time() - start

    save(trained, args.out, record(trained, args, seconds))
    print(*(f"{name:12s} {value:.3f}" for name, value in merit(trained, *held_out()).items()), sep="\n")


def record(reader: FaceReader, args: argparse.Namespace, seconds: float, n: int = 4000) -> dict:
    """What stands beside the weights: how well it reads, what it learnt from, what made it and where."""
    images, known = held_out(n, args.seed)
    soft = degrade(images, torch.Generator().manual_seed(1))
    seen = args.steps * args.batch_size
    run = {"steps": args.steps, "batch_size": args.batch_size, "seed": args.seed, "cpu_seconds": round(seconds)}
    return {
        "what": "attribute reader of DrawnFaces; figures are R^2 for numbers and background, accuracy for the others",
        "held_out": {"n": n, "sharp": merit(reader, images, known), "degraded": merit(reader, soft, known)},
        "data": {"name": "faces", "seed": args.seed, "first": 0, "n": seen, "held_out_from": HELD_OUT},
        "run": run,
        "command": "python -m dcgan_lib.metrics.train_reader --out data/checkpoints/face_reader "
        + " ".join(f"--{name.replace('_', '-')} {run[name]}" for name in ("steps", "batch_size", "seed")),
        "hardware": f"{args.threads} thread(s), {platform.machine()}",
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
        "parameters": sum(p.numel() for p in reader.parameters()),
    }


if __name__ == "__main__":
    main()
