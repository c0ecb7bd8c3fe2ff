"""What does each usual mistake look like while it happens? Short runs on drawn faces, one mistake each, recorded.

python benchmarks/failures.py               # all of them, into data/runs/failures: some five minutes of one core
python benchmarks/failures.py healthy gains # only these
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data import load
from dcgan_lib.losses import d_cross_entropy, g_non_saturating
from dcgan_lib.models import draw_z
from dcgan_lib.training import Trainer, history, train
from dcgan_lib.training.film import Film

OUT = Path(__file__).resolve().parents[1] / "data" / "runs" / "failures"
MODEL = DCGANConfig(image_size=32, nz=32, ngf=24, ndf=24)
RUN = TrainConfig(steps=1000, batch_size=32, lr_g=5e-4, lr_d=5e-4)
FACES = 4000
MOMENTS = (1, 25, 50, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1000)


class NoDetach(Trainer):
    """G's gradient holds the gradient of D's loss as well: one backward too far, and zeroed one line too early."""

    def step(self, real):
        fake = self.G(draw_z(len(real), self.model, self.rng))
        self.opt_d.zero_grad()
        self.opt_g.zero_grad()
        score_real, score_fake = self.D(real), self.D(fake)  # no detach: the graph goes on into G
        loss_d = d_cross_entropy(score_real, score_fake)
        loss_d.backward(retain_graph=True)
        self.opt_d.step()
        score_after = self.D(fake)
        loss_g = g_non_saturating(score_after)
        loss_g.backward()
        self.opt_g.step()
        self.steps_done += 1
        return self._stats(loss_d, loss_g, score_real, score_fake, score_after)


def small_gains(trainer: Trainer) -> None:
    """N(0, 0.02) for *all* parameters, as some published code has it: batch norm then shrinks signals fiftyfold."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for module in [*trainer.G.modules(), *trainer.D.modules()]:
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 0.0, 0.02)


# name: (changes to RUN, the trainer, what is done to it before the run, what is wrong)
RUNS = {
    "healthy": ({}, Trainer, None, "nothing"),
    "strong-d": ({"lr_g": 2e-5, "lr_d": 2e-3}, Trainer, None, "lr_d is a hundred times lr_g"),
    "collapse": ({"lr_g": 5e-3, "lr_d": 1e-4}, Trainer, None, "lr_g is fifty times lr_d"),
    "no-detach": ({}, NoDetach, None, "fakes are not detached, and D's loss flows into G's gradient"),
    "gains": ({}, Trainer, small_gains, "batch-norm gains start at N(0, 0.02) instead of N(1, 0.02)"),
}

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("names", nargs="*", help=f"of {', '.join(RUNS)}; default: all")
parser.add_argument("--out", type=Path, default=OUT)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()
torch.set_num_threads(args.threads)
faces = load("faces", image_size=MODEL.image_size, n=FACES)

for name in args.names or RUNS:
    changes, kind, prepare, wrong = RUNS[name]
    trainer = kind(MODEL, replace(RUN, **changes), device="cpu")
    if prepare:
        prepare(trainer)
    film = Film(trainer, at=MOMENTS, n=16 if name == "healthy" else 8)
    start = time.process_time()
    for stats in train(trainer, faces):
        film.look(stats)
    seconds = round(time.process_time() - start)
    header = history.header(MODEL, trainer.cfg, faces.name, len(faces), trainer.device)
    header |= {"wrong": wrong, "cpu_seconds": seconds, "command": f"python benchmarks/failures.py {name}"}
    folder = film.save(args.out / name, header, every=20)
    print(f"{name}: {seconds} s, {sum(p.stat().st_size for p in folder.iterdir()) / 1000:.0f} kB in {folder}")
