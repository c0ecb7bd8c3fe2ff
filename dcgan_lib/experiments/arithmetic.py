"""Does vector arithmetic work, and how often? The equation of the paper's section 6.3.2, counted instead of shown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev

import torch
from torch import Tensor

from dcgan_lib import pretrained
from dcgan_lib.experiments import Experiment, Row
from dcgan_lib.latent import fit_direction, sample_z
from dcgan_lib.metrics.arithmetic import clearly, combine, in_batches, rescale
from dcgan_lib.metrics.attributes import COLUMNS, FaceReader, load_reader
from dcgan_lib.metrics.diversity import mean_pairwise_distance
from dcgan_lib.metrics.exemplars import Picks, add_up, pick, pick_near, pick_shown
from dcgan_lib.metrics.exemplars import trays as sort
from dcgan_lib.models import Generator

TRAYS = {
    "glasses, short hair": {"glasses": True, "long_hair": False},
    "short hair": {"glasses": False, "long_hair": False},
    "long hair": {"glasses": False, "long_hair": True},
}
WANTED = {"glasses": True, "long_hair": True}  # the first, less the second, plus the third
WAYS = ("as the paper does", "brought to the norm of a sample", "on pixels")
PAIR = ("glasses", "long_hair")
PAIRS = (("long_hair", "glasses"), ("dark_hair", "glasses"), ("long_hair", "dark_hair"), ("turn", "glasses"))
"""Others than `PAIR`: a without b, less neither, plus b without a."""
THREE = 3  # exemplars in each term, where the paper found the sum stable
CLEAR = 0.98  # of what the reader is only just sure of, there is none above it
BLOCK = 1  # of G, whose maps of 8 x 8 are added up instead of z: the best of the first three on samples of seed 100
STEP = 2.0  # standard deviations of z, along the direction fitted to the readings of glasses


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
    chance, threes, parts, pairs = [], [], [], []
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
        rng = torch.Generator().manual_seed(1000 + seed)
        threes.append(of_three(draw, reader, z, table, trials // 2, rng))
        parts.append(anatomy(draw, reader, z, table, trials // 2, rng))
        pairs.append({f"{a} and {b}": of_pair(draw, reader, z, table, a, b, trials // 2, rng) for a, b in PAIRS})
    more = {"three": by_name(threes), "anatomy of three": by_name(parts), "other pairs": by_name(pairs)}
    return {"rates": rates, "variety": variety, "chance": chance} | more


def by_name(found: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    """A number by name for each seed, as a list of numbers by name."""
    return {name: [one[name] for one in found] for name in found[0]}


def of_three(draw, reader: FaceReader, z: Tensor, table: Tensor, trials: int, rng: torch.Generator) -> dict[str, float]:
    """Success rates of sums of averages of three, for other ways to choose them and to add them up."""
    norm, k = z.norm(dim=1).mean(), THREE
    sure, clear = sort(table, *PAIR), sort(table, *PAIR, sure=CLEAR)
    any_three = pick(sure, k, trials, rng)
    shown = pick_shown(z, sure, *PAIR, k, trials, rng, draw, reader)
    clear_three = pick(clear, k, trials, rng)
    terms = [rescale(z[picked].mean(1), norm) for picked in any_three]
    third = z[any_three[2]].mean(1)
    towards = fit_direction(z, table[:, COLUMNS.index("glasses")])
    latents = {
        "any": add_up(z, any_three),
        "longer by half": rescale(add_up(z, any_three), 1.5 * norm),
        "every term at the norm of a sample": terms[0] - terms[1] + terms[2],
        "clear exemplars": add_up(z, clear_three),
        "averages that show it": add_up(z, shown),
        "taken from its like": add_up(z, pick_near(z, sure, k, trials, rng)),
        "averages that show it, longer by half": rescale(add_up(z, shown), 1.5 * norm),
        "the third and a direction": rescale(third + STEP * rescale(towards, 1.0), norm),
    }
    rates = {way: success(reader, in_batches(draw, some)) for way, some in latents.items()}
    for way, picks in {"any": any_three, "clear exemplars": clear_three, "averages that show it": shown}.items():
        rates[f"on maps, {way}"] = success(reader, on_maps(draw, z, picks))
    return rates


@torch.no_grad()
def on_maps(G: Generator, z: Tensor, picks: Picks, block: int = BLOCK) -> Tensor:
    """The sum, images `(trials, nc, s, s)`, with what a block of G makes of the exemplars averaged in place of z."""

    def average(picked: Tensor) -> Tensor:
        maps = z[picked.flatten()]
        for stage in G.blocks[: block + 1]:
            maps = stage(maps)
        return maps.unflatten(0, picked.shape).mean(1)

    first, second, third = map(average, picks)
    images = []
    for maps in (first - second + third).relu().split(100):  # no map of G is ever below 0
        for stage in G.blocks[block + 1 :]:
            maps = stage(maps)
        images.append(maps)
    return torch.cat(images)


def anatomy(draw, reader: FaceReader, z: Tensor, table: Tensor, trials: int, rng: torch.Generator) -> dict[str, float]:
    """Where sums of averages of three fall short: each half of what is wanted, each term alone, and how long it is."""
    picks = pick(sort(table, *PAIR), THREE, trials, rng)
    sums, norm = add_up(z, picks), z.norm(dim=1).mean()
    seen = reader.table(in_batches(draw, sums))
    halves = seen[:, [COLUMNS.index(name) for name in PAIR]]
    found = {f"{name} alone": clearly(seen, **{name: True}).float().mean().item() for name in PAIR}
    found["both above one half"] = (halves > 0.5).all(1).float().mean().item()
    for kind, (name, wanted) in zip(picks, TRAYS.items()):
        own = reader.table(in_batches(draw, z[kind].mean(1)))
        found[f"the average of {name}"] = clearly(own, **wanted).float().mean().item()
    return found | _lengths(z, picks, sums, norm)


def _lengths(z: Tensor, picks: Picks, sums: Tensor, norm: Tensor) -> dict[str, float]:
    """In units of a sample's: of the sums, of the difference of the first two terms, and of what all trials share."""
    difference = z[picks[0]].mean(1) - z[picks[1]].mean(1)
    return {
        "length of the sum": (sums.norm(dim=1).mean() / norm).item(),
        "length of the difference": (difference.norm(dim=1).mean() / norm).item(),
        "of it common to all trials": (difference.mean(0).norm() / norm).item(),
    }


def of_pair(
    draw, reader: FaceReader, z: Tensor, table: Tensor, a: str, b: str, trials: int, rng: torch.Generator
) -> float:
    """The success rate of averages of three for another pair of attributes, the norm restored."""
    sums = rescale(add_up(z, pick(sort(table, a, b), THREE, trials, rng)), z.norm(dim=1).mean())
    return clearly(reader.table(in_batches(draw, sums)), **{a: True, b: True}).float().mean().item()


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
    for way in ("averages that show it", "on maps, averages that show it", "the third and a direction"):
        ours = _spread(result["three"][way])
        lines.append(Row(f"arithmetic with 3, {way}", "not tried apart", ours, same=False))
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
        "tiny": {"samples": 500, "trials": 20, "exemplars": (1, 3), "seeds": (0,)},
        "full": {"samples": 4000, "trials": 400, "exemplars": (1, 3, 6, 10, 30), "seeds": (0, 1, 2, 3, 4)},
    },
    run=run,
    rows=rows,
)
