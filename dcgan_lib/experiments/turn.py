"""Do faces turn along an average of four? The turn vector of the paper's figure 8, read instead of looked at."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dcgan_lib import pretrained
from dcgan_lib.experiments import Experiment, Row
from dcgan_lib.experiments.arithmetic import _spread
from dcgan_lib.latent import direction, sample_z
from dcgan_lib.metrics.arithmetic import along, clearly, exemplars, in_batches
from dcgan_lib.metrics.attributes import COLUMNS, load_reader

STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # of the vector, which reaches from the mean of those looking left to the right
PLACE = COLUMNS.index("turn")  # -1: the head is turned to the picture's left, 1: to its right
KINDS = ("turn vector", "at random")
MOVED = 0.1  # a change of the read turn, which goes from -1 to 1, that counts as one


def run(samples: int, averaged: Sequence[int], vectors: int, faces: int, seeds: Sequence[int]) -> dict:
    """What the reader sees in random faces, step by step along turn vectors, and along averages of any faces.

    Args:
        samples: drawn for each seed, from which those clearly turned are taken.
        averaged: how many of each side make a vector; the paper took 4.
        vectors: for each figure, every one from fresh exemplars.
        faces: fresh random ones that are turned along each vector.

    Returns:
        By the number averaged and by kind, what `turned` returns, a list over the seeds.
    """
    draw, reader = pretrained.load("faces64").G, load_reader()
    found = {k: {kind: [] for kind in KINDS} for k in averaged}
    for seed in seeds:
        z = sample_z(samples, draw.cfg, seed=20_000 + 2 * seed)
        table = reader.table(in_batches(draw, z))
        left, right = (z[clearly(table, turn=yes)] for yes in (False, True))
        fresh, rng = sample_z(faces, draw.cfg, seed=20_001 + 2 * seed), torch.Generator().manual_seed(seed)
        for k in averaged:
            for kind, (these, those) in dict(zip(KINDS, ((left, right), (z, z)))).items():
                ways = turn_vectors(these, those, k, vectors, rng)
                read = torch.stack([along(draw, reader, fresh, way, STEPS) for way in ways])
                found[k][kind].append(turned(read, table.std(0)) | {"length": ways.norm(dim=1).mean().item()})
    return {"steps": list(STEPS), "along": found}


def turn_vectors(left: Tensor, right: Tensor, k: int, vectors: int, rng: torch.Generator) -> Tensor:
    """Vectors `(vectors, nz)` from the mean of `k` exemplars of one tray to the mean of `k` of the other."""
    trays = (exemplars(right, k, vectors, rng), exemplars(left, k, vectors, rng))
    return torch.stack([direction(having, lacking) for having, lacking in zip(*trays)])


def turned(read: Tensor, unit: Tensor) -> dict:
    """What readings `(vectors, steps, faces, columns)` say about a way; `unit`: the columns' standard deviations.

    Returns:
        "turn": the mean reading at each step, from -1 to 1; "follows": the share of faces, over all vectors, whose
        turn grows by more than `MOVED` from the first step to the last; "evenly": the share of single steps in which it
        grows; "others": the mean absolute change of every other reading from first to last, in its standard
        deviations, and "turn moved" that of turn; "drift": the absolute change of the others' means along one vector.
    """
    turns, change = read[..., PLACE], (read[:, -1] - read[:, 0]) / unit
    others = [i for i in range(len(COLUMNS)) if i != PLACE]
    size, drift = change.abs().mean((0, 1)), change.mean(1).abs().mean(0)
    return {
        "turn": turns.mean((0, 2)).tolist(),
        "follows": (turns[:, -1] - turns[:, 0] > MOVED).float().mean().item(),
        "evenly": (turns.diff(dim=1) > 0).float().mean().item(),
        "turn moved": size[PLACE].item(),
        "others": {COLUMNS[i]: size[i].item() for i in others},
        "drift": {COLUMNS[i]: drift[i].item() for i in others},
    }


def rows(result: dict) -> list[Row]:
    """One line for each number averaged."""
    lines = []
    for k, kinds in result["along"].items():
        shares = [_spread([one["follows"] for one in kinds[kind]]) for kind in KINDS]
        paper = "reliably transforms the pose (6.3.2, figure 8)" if str(k) == "4" else "not tried"
        ours = f"{shares[0]} of random faces turn with it; {shares[1]} with the same from any faces"
        lines.append(Row(f"turn vector from {k} and {k}", paper, ours, same=False))
    return lines


EXPERIMENT = Experiment(
    title="Do faces turn along the difference of two averages of four?",
    paper="Section 6.3.2, figure 8: a vector from four averaged samples of faces looking left to four looking right, "
    "added in steps to random samples, reliably transforms their pose. Judged by eye.",
    budgets={
        "tiny": {"samples": 300, "averaged": (4,), "vectors": 3, "faces": 10, "seeds": (0,)},
        "full": {"samples": 1000, "averaged": (1, 4, 16), "vectors": 8, "faces": 25, "seeds": (0, 1, 2, 3, 4)},
    },
    run=run,
    rows=rows,
)
