"""Do single units of D respond to parts of a face? Each unit of its last convolutional layer, asked alone."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, median, stdev

import torch
from torch import Tensor

from dcgan_lib import pretrained, units
from dcgan_lib.data.faces import ATTRIBUTES
from dcgan_lib.data.images import Images
from dcgan_lib.experiments import Experiment, Row
from dcgan_lib.probes import published, random_d, settled

CLEAR = 0.9  # of the area under the ROC curve: from here on a unit "responds to" something


def run(faces: int, pictures: int, shown: int, faces_seed: int, seeds: Sequence[int]) -> dict:
    """For D and for networks with random weights what their units tell apart, one number or list for each seed.

    A unit's response is the largest value of its map. For each answer of each flag and category (glasses, a bob, a navy
    top, ...) and each unit the area under the ROC curve says how well the response alone tells those faces from the
    others, whichever way round: 1/2 is nothing, 1 is always.

    Args:
        faces: to measure on.
        pictures: faces for each unit that guided backpropagation looks at, those that excite it most.
        shown: units that it looks at: the first, six as in the paper's figure 5.
        faces_seed: of the faces; D was trained on those of seed 0.
        seeds: each is one network with random weights; for D each is another set of faces.
    """
    trained = pretrained.load("faces64").D
    found = {"D": [], "random weights": []}
    for seed in seeds:
        images = published("faces", trained.cfg.image_size, trained.cfg.nc, 2, faces, 2, seed=faces_seed + seed).train
        for name, network in (("D", trained), ("random weights", random_d(trained.cfg, seed))):
            found[name].append(one(settled(network, images), images, pictures, shown))
    return {"found": found, "units": trained.cfg.d_widths[-1], "clear": CLEAR}


def one(D, images: Images, pictures: int, shown: int) -> dict:
    """What the units of one network tell apart, and how sharp the pictures are that guided backpropagation draws."""
    areas = {}
    responses = units.responses(D, images)
    for name, wears in answers(images).items():
        areas[name] = area(responses, wears)
    best = torch.stack([(a - 0.5).abs() + 0.5 for a in areas.values()])  # (answers, units)
    top = units.strongest(D, images, pictures)
    sharp = [units.focus(units.guided(D, images.batch(top.images[u]), u)).mean().item() for u in range(shown)]
    strongest = best.max(1)
    return {
        "clear_share": round(float((best.max(0).values >= CLEAR).float().mean()), 5),
        "best": {
            name: [int(unit), round(float(value), 4)]
            for name, value, unit in zip(areas, strongest.values, strongest.indices)
        },
        "focus": [round(value, 4) for value in sharp],
    }


def answers(images: Images) -> dict[str, Tensor]:
    """Each answer of flags and categories as `(n,)` bool: "glasses", "hair style: bob", ..."""
    found = {}
    for name, attribute in ATTRIBUTES.items():
        if attribute.kind == "flag":
            found[name] = images.attributes[name]
        elif attribute.kind == "category" and name != "frame":  # of glasses, which not all wear
            for k, answer in enumerate(attribute.names):
                found[f"{name.replace('_', ' ')}: {answer}"] = images.attributes[name] == k
    return {name: wears for name, wears in found.items() if 1 < int(wears.sum()) < len(wears) - 1}


def area(responses: Tensor, wears: Tensor) -> Tensor:
    """Area under the ROC curve of each unit `(units,)`, by Mann and Whitney's ranks, for responses `(n, units)`."""
    ranks = responses.argsort(0).argsort(0).double() + 1
    yes = int(wears.sum())
    return ((ranks[wears].sum(0) - yes * (yes + 1) / 2) / (yes * (len(wears) - yes))).float()


def rows(result: dict) -> list[Row]:
    """One line for what units respond to, one for how sharp their pictures are."""
    found = result["found"]
    shares = ", ".join(f"{name} {_spread([100 * r['clear_share'] for r in own])} %" for name, own in found.items())
    focus = ", ".join(f"{name} {100 * median(f for r in own for f in r['focus']):.0f} %" for name, own in found.items())
    return [
        Row(
            f"units of D's last layer that tell an attribute of drawn faces alone (area >= {result['clear']})",
            "a significant minority respond to beds (6.2, no count)",
            shares,
            same=False,
        ),
        Row(
            "energy of guided backpropagation in its strongest tenth of the pixels",
            "the units of D draw bedrooms' parts, random ones do not (figure 5, by eye)",
            focus,
            same=False,
        ),
    ]


def _spread(values: Sequence[float]) -> str:
    return f"{mean(values):.0f}" + (f" ± {stdev(values):.0f}" if len(values) > 1 else "")


EXPERIMENT = Experiment(
    title="Do single units of D respond to parts of a face?",
    paper="Section 6.2, figure 5: guided backpropagation of the first six units of D's last convolutional layer beside "
    "those of random filters; a significant minority of D's respond to beds. Judged by eye.",
    budgets={
        "tiny": {"faces": 120, "pictures": 2, "shown": 2, "faces_seed": 1, "seeds": (0,)},
        "full": {"faces": 2000, "pictures": 4, "shown": 6, "faces_seed": 1, "seeds": (0, 1, 2)},
    },
    run=run,
    rows=rows,
)
