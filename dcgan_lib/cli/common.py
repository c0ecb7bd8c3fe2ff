"""What the commands share: data to load, networks to find, sheets to write, words to say."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path


def load(args: argparse.Namespace, image_size: int, nc: int):
    from dcgan_lib.data import EndlessFaces, load

    if getattr(args, "endless", False):
        if args.data != "faces":
            raise ValueError(f"--endless with {args.data}: only drawn faces have no end; leave it out, or train faces")
        if args.n_images is not None:
            raise ValueError(f"--endless with --n-images {args.n_images}: leave one of the two out")
        return EndlessFaces(image_size, nc)
    return load(
        args.data, image_size=image_size, nc=nc, root=args.root, split=args.split, n=args.n_images,
        on_bad=args.on_bad, progress=speaks(),
    )  # fmt: skip


def trained(where: str):
    """The networks of a run's folder, also of one that is not finished; or of a folder of weights, or shipped ones."""
    from dcgan_lib import pretrained
    from dcgan_lib.training import checkpoint

    run = Path(where)
    if (run / "networks").is_dir():
        return pretrained.load(run / "networks")
    newest = checkpoint.newest(run / "checkpoints")
    return _unfinished(newest, run) if newest else pretrained.load(where)


def _unfinished(path: Path, run: Path):
    from dcgan_lib.pretrained import Pretrained
    from dcgan_lib.training import Trainer, checkpoint, refresh_batch_norm

    model, cfg = checkpoint.configs(path)
    trainer = Trainer(model, cfg, "cpu")
    checkpoint.restore(trainer, checkpoint.load(path))
    refresh_batch_norm(trainer.best_G)
    say(f"{run}: not finished; these are the networks of step {trainer.steps_done:,} of {cfg.steps:,}")
    return Pretrained(trainer.best_G.eval(), trainer.D.eval(), model, {"steps_done": trainer.steps_done}, run)


def images_of(G, z):
    import torch

    with torch.no_grad():
        return torch.cat([G(part) for part in z.split(256)])


def pil(image, scale: int):
    from PIL import Image

    from dcgan_lib.data.images import to_uint8

    pixels = to_uint8(image).permute(1, 2, 0).squeeze(-1).numpy()
    return Image.fromarray(pixels).resize([side * scale for side in pixels.shape[1::-1]], Image.Resampling.NEAREST)


def save_sheet(G, z, args: argparse.Namespace) -> None:
    save(images_of(G, z), args)


def save(images, args: argparse.Namespace) -> None:
    import torch

    from dcgan_lib.plotting import grid

    sheet = torch.from_numpy(grid(images, args.nrow)).permute(2, 0, 1) * 2 - 1
    pil(sheet, args.scale).save(args.to)
    say(f"{args.to}: {len(images)} images")


def say(text: str) -> None:
    if speaks():
        print(text, file=sys.stderr)


def speaks() -> bool:
    """Of the processes that `torchrun` has started, the first one speaks for all."""
    return os.environ.get("RANK", "0") == "0" or os.environ.get("WORLD_SIZE", "1") == "1"


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """A table for a terminal: columns as wide as their widest cell, those in `right` flush right."""
    lines = [list(heads), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join(
        "  ".join(c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths))).rstrip()
        for line in lines
    )
