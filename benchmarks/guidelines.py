"""What each guideline of the DCGAN paper (section 3) changes on drawn faces, over several seeds.

    python benchmarks/guidelines.py --steps 1200 --seeds 0    # some six minutes of one quiet core

Every variant differs from the first in one field of `DCGANConfig`. At each snapshot, on the same z and in the batch
statistics of 512 images, as in training: `distance` (sliced, to 512 faces that were not trained on), `variety` (mean
pairwise distance, as a share of the real one), `chequer` (median), and `restless`: the mean absolute change of an
image's pixel since 20 steps before.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import time
from pathlib import Path

import torch
from torch import Tensor

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data import DrawnFaces
from dcgan_lib.inspect import chequer
from dcgan_lib.latent import sample_z
from dcgan_lib.metrics.diversity import mean_pairwise_distance
from dcgan_lib.metrics.sliced import sliced_wasserstein
from dcgan_lib.training import Trainer, train

BASE = DCGANConfig(image_size=32, ngf=16, ndf=16)
VARIANTS = {
    "all five": {},
    "max pooling in D": {"downsample": "max_pool"},
    "resize + conv in G": {"upsample": "nearest"},
    "no batch norm": {"batch_norm": "none"},
    "batch norm everywhere": {"batch_norm": "everywhere"},
    "hidden linear layers": {"hidden_units": 128},
    "tanh in G": {"activation_g": "tanh"},
    "leaky ReLU in G": {"activation_g": "leaky_relu"},
    "ReLU in D": {"activation_d": "relu"},
    "kernel 5": {"kernel": 5},
}
SNAPSHOTS = (100, 200, 300, 400, 600, 800, 1000, 1200, 1600, 2000, 3000)
OUT = Path(__file__).resolve().parents[1] / "data" / "runs" / "guidelines.json"


def run(name: str, seed: int, steps: int, lr: float) -> list[dict]:
    """One variant from one seed: a row for each snapshot."""
    cfg = dataclasses.replace(BASE, **VARIANTS[name])
    faces, held_out = (DrawnFaces(n, 32, seed=s).images() for n, s in ((4096, 0), (512, 1)))
    real, z = held_out.batch(slice(None)), sample_z(512, cfg, seed=9)
    trainer = Trainer(cfg, TrainConfig(steps=steps, batch_size=32, lr_g=lr, lr_d=lr, seed=seed), device="cpu")
    rows, before, start = [], None, time.process_time()
    for stats in train(trainer, faces):
        if stats.step + 20 in SNAPSHOTS:
            before = draw(trainer, z)
        if stats.step in SNAPSHOTS:
            fake = draw(trainer, z)
            numbers = {k: round(v, 4) for k, v in stats.numbers().items()}
            row = {"variant": name, "seed": seed, **numbers, "cpu_seconds": round(time.process_time() - start, 1)}
            row["distance"] = round(sliced_wasserstein(fake, real, 128, power=1), 4)
            row["variety"] = round(mean_pairwise_distance(fake[:200]) / mean_pairwise_distance(real[:200]), 4)
            row["chequer"] = round(chequer(fake).median().item(), 5)
            row["restless"] = round((fake - before).abs().mean().item(), 4)
            rows.append(row)
    return rows


@torch.no_grad()
def draw(trainer: Trainer, z: Tensor) -> Tensor:
    """As in training, with the batch's own statistics; the running ones stay as they are."""
    kept = [b.clone() for b in trainer.G.buffers()]
    images = trainer.G.train()(z)
    for buffer, value in zip(trainer.G.buffers(), kept):
        buffer.copy_(value)
    return images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    torch.set_num_threads(1)
    record = {"torch": torch.__version__, "python": platform.python_version(), "machine": platform.processor()}
    record |= {"threads": 1, "lr": args.lr, "batch_size": 32, "model": dataclasses.asdict(BASE), "rows": []}
    for seed in args.seeds:
        for name in args.variants:
            rows = run(name, seed, args.steps, args.lr)
            record["rows"] += rows
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(json.dumps(record, indent=1) + "\n")
            print(rows[-1], flush=True)


if __name__ == "__main__":
    main()
