"""What does each usual mistake look like while it happens? Runs on drawn faces, one mistake each, recorded.

python benchmarks/failures.py               # all of them, into data/runs/failures: some eight minutes of one core
python benchmarks/failures.py healthy gains # only these
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data import load
from dcgan_lib.losses import d_cross_entropy, g_non_saturating
from dcgan_lib.models import draw_z
from dcgan_lib.training import Trainer, history, train
from dcgan_lib.training.film import Film
from dcgan_lib.training.step import update
from dcgan_lib.training.watch import Watch

OUT = Path(__file__).resolve().parents[1] / "data" / "runs" / "failures"
MODEL = DCGANConfig(image_size=32, nz=32, ngf=24, ndf=24)
RUN = TrainConfig(steps=1000, batch_size=32, lr_g=5e-4, lr_d=5e-4)
FACES = 4000
MOMENTS = (1, 10, 25, 50, 75, 100, 150, 200, 250, *range(300, 1001, 50))


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


class BothSided(Trainer):
    """Label smoothing on the wrong side too: the fakes' target is 0.1 instead of 0. The library has no such setting."""

    def step(self, real):
        fake = self.G(draw_z(len(real), self.model, self.rng))
        score_real, score_fake = self.D(real), self.D(fake.detach())
        loss_d = smoothed(score_real, 0.9) + smoothed(score_fake, 0.1)
        update(self.opt_d, loss_d)
        score_after = self.D(fake)
        loss_g = g_non_saturating(score_after)
        update(self.opt_g, loss_g)
        self.steps_done += 1
        return self._stats(loss_d, loss_g, score_real, score_fake, score_after)


def smoothed(score: torch.Tensor, target: float) -> torch.Tensor:
    """The cross-entropy of scores with one soft target."""
    return (F.softplus(score) - target * score).mean()


@dataclass(frozen=True)
class Case:
    """A run, and the one thing that is wrong with it: settings, images, another step, or another beginning."""

    wrong: str
    train: dict = field(default_factory=dict)  # changes to RUN
    model: dict = field(default_factory=dict)  # changes to MODEL
    images: int = FACES
    kind: type[Trainer] = Trainer
    prepare: Callable[[Trainer], None] | None = None  # done to the trainer before the run


RUNS = {
    "healthy": Case("nothing"),
    "strong-d": Case("lr_d is a hundred times lr_g", {"lr_g": 2e-5, "lr_d": 2e-3}),
    "collapse": Case("lr_g is fifty times lr_d", {"lr_g": 5e-3, "lr_d": 1e-4}),
    "fast": Case("both learning rates are ten times as high", {"lr_g": 5e-3, "lr_d": 5e-3}),
    "momentum": Case("Adam's beta1 is 0.9 instead of 0.5", {"beta1": 0.9}),
    "no-batch-norm": Case("neither network has batch normalisation", model={"batch_norm": "none"}),
    "gains": Case("batch-norm gains start at N(0, 0.02) instead of N(1, 0.02)", prepare=small_gains),
    "no-detach": Case("fakes are not detached, and D's loss flows into G's gradient", kind=NoDetach),
    "both-sided": Case("labels are smoothed on both sides: 0.9 for real images, 0.1 for fakes", kind=BothSided),
    "few-images": Case("there are only 64 images to learn from", images=64),
}

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("names", nargs="*", help=f"of {', '.join(RUNS)}; default: all")
parser.add_argument("--out", type=Path, default=OUT)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()
torch.set_num_threads(args.threads)
faces = load("faces", image_size=MODEL.image_size, n=FACES)

for name in args.names or RUNS:
    case = RUNS[name]
    images = faces if case.images == FACES else load("faces", image_size=MODEL.image_size, n=case.images)
    trainer = case.kind(replace(MODEL, **case.model), replace(RUN, **case.train), device="cpu")
    if case.prepare:
        case.prepare(trainer)
    film = Film(trainer, at=MOMENTS, n=16, watch=Watch(faces))  # one yardstick for all: the variety of 4,000 faces
    start = time.process_time()
    for stats in train(trainer, images):
        film.look(stats)
    seconds = round(time.process_time() - start)
    header = history.header(trainer.model, trainer.cfg, images.name, len(images), trainer.device)
    header |= {"wrong": case.wrong, "cpu_seconds": seconds, "command": f"python benchmarks/failures.py {name}"}
    folder = film.save(args.out / name, header, every=20)
    kilobytes = sum(path.stat().st_size for path in folder.iterdir()) / 1000
    print(f"{name}: {seconds} s, {kilobytes:.0f} kB in {folder}", flush=True)
