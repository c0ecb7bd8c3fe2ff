"""Does vector arithmetic work, and how often? The equation of the paper's section 6.3.2, counted instead of shown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev

import torch
from torch import Tensor

from dcgan_lib import pretrained
from dcgan_lib.experiments import Experiment, Row
from dcgan_lib.latent import sample_z
from dcgan_lib.metrics.arithmetic import clearly, combine, in_batches, rescale
from dcgan_lib.metrics.attributes import FaceReader, load_reader
from dcgan_lib.metrics.diversity import mean_pairwise_distance

TRAYS = {
    "glasses, short hair": {"glasses": True, "long_hair": False},
    "short hair": {"glasses": False, "long_hair": False},
    "long hair": {"glasses": False, "long_hair": True},
}
WANTED = {"glasses": True, "long_hair": True}  # the first, less the second, plus the third
WAYS = ("as the paper does", "brought to the norm of a sample", "on pixels")


def run(samples: int, trials: int, exemplars: Sequence[int], seeds: Sequence[int]) -> dict:
    """Success rates for each number of exemplars and each way, one for each seed, and the variety of what is drawn.

    Args:
        samples: drawn for each seed and sorted into the trays by the reader, those that it is sure of.
        trials: sums for each figure, every one from fresh exemplars of its trays.
        exemplars: how many latents are averaged in each term.
        seeds: each is a new set of samples and of trials.
    """
    draw, reader = pretrained.load("faces64").G, load_reader()
    rates = {way: {k: [] for k in exemplars} for way in WAYS}
    variety = {way: {k: [] for k in exemplars} for way in WAYS}
    chance = []
    for seed in seeds:
        z = sample_z(samples, draw.cfg, seed=seed)
        images = in_batches(draw, z)
        table = reader.table(images)
        chance.append(clearly(table, **WANTED).float().mean().item())
        trays = [clearly(table, **kind) for kind in TRAYS.values()]
        for k in exemplars:
            for way, drawn in results(draw, z, images, trays, k, trials, seed).items():
                rates[way][k].append(success(reader, drawn))
                variety[way][k].append(round(mean_pairwise_distance(reader.features(drawn[:150])), 4))
    return {"rates": rates, "variety": variety, "chance": chance}


def results(draw, z: Tensor, images: Tensor, trays: list[Tensor], k: int, trials: int, seed: int) -> dict[str, Tensor]:
    """What the sums of one number of exemplars look like, for each way: images `(trials, nc, s, s)`."""
    first, second, third = (z[hits] for hits in trays)
    sums = combine([first, third], [second], k, trials, seed)
    first, second, third = (images[hits] for hits in trays)
    pixels = combine([first, third], [second], k, trials, seed).clamp(-1, 1)
    norm = z.norm(dim=1).mean()
    return dict(zip(WAYS, (in_batches(draw, sums), in_batches(draw, rescale(sums, norm)), pixels)))


@torch.no_grad()
def success(reader: FaceReader, images: Tensor) -> float:
    """The share in which the reader is sure of all that was wanted."""
    return clearly(reader.table(images), **WANTED).float().mean().item()


def rows(result: dict) -> list[Row]:
    """One line for each number of exemplars."""
    found = {
        "1": "unstable with single vectors (6.3.2, no rate)",
        "3": "the mean of three is stable (6.3.2, no rate)",
    }
    lines = []
    for k, rates in result["rates"][WAYS[0]].items():
        restored = result["rates"][WAYS[1]][k]
        ours = f"{_spread(rates)}; {_spread(restored)} with the norm restored"
        lines.append(Row(f"arithmetic with {k} in each term", found.get(str(k), "not tried"), ours, same=False))
    return lines


def _spread(shares: Sequence[float]) -> str:
    """A mean share with its standard deviation over seeds, in per cent."""
    spread = f" ± {100 * stdev(shares):.0f}" if len(shares) > 1 else ""
    return f"{100 * mean(shares):.0f}{spread} %"


EXPERIMENT = Experiment(
    title="Does vector arithmetic work, and how often?",
    paper="Section 6.3.2, figure 7: smiling women less neutral women plus neutral men draw smiling men. Single vectors "
    "were unstable, means of three were not; the same sum on pixels draws ghosts. Judged by eye.",
    budgets={
        "tiny": {"samples": 300, "trials": 20, "exemplars": (1, 3), "seeds": (0,)},
        "full": {"samples": 4000, "trials": 400, "exemplars": (1, 3, 10, 30), "seeds": (0, 1, 2, 3, 4)},
    },
    run=run,
    rows=rows,
)
